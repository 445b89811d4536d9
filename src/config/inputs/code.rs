//! The stable names of what can be wrong with the inputs of a case as a whole.

/// A flag with a value that cannot be used.
pub const COMMAND_LINE: &str = "command-line";
/// More than one scenario where one is due.
pub const SCENARIOS: &str = "scenarios";
/// Scenario files that extend each other in a circle.
pub const EXTENDS: &str = "extends";
/// No manifests.
pub const NO_MANIFESTS: &str = "no-manifests";
/// Standard input asked for twice.
pub const STDIN: &str = "stdin";
/// A text that a stored result should hold and does not.
pub const NOT_STORED: &str = "not-stored";
