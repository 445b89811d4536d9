//! The stable names of what can be wrong with a load.

/// No load, or two at once.
pub const LOAD: &str = "load";
/// A file of recorded load that cannot be used.
pub const TRACE: &str = "trace";
