//! The stable names of what can be wrong with a scenario file.

/// Text that is no TOML.
pub const TOML_SYNTAX: &str = "toml-syntax";
/// A key that nothing reads.
pub const UNKNOWN_KEY: &str = "unknown-key";
/// A version of the model that this podloss does not have.
pub const MODEL_VERSION: &str = "model-version";
/// An event that cannot be read.
pub const EVENT: &str = "event";
/// An expectation that cannot be read.
pub const EXPECTATION: &str = "expectation";
/// A sweep that cannot be read.
pub const SWEEP: &str = "sweep";
