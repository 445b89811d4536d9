//! Exit codes: an interface that scripts and CI rely on.

/// Everything worked and every expectation held.
pub const OK: u8 = 0;
/// podloss itself or its output failed.
pub const FAILED: u8 = 1;
/// Usage, unreadable or invalid input, unknown metric, or nothing matched.
pub const INVALID_INPUT: u8 = 2;
/// An expectation, a comparison or a lint rule of severity error did not hold.
pub const EXPECTATION_FAILED: u8 = 3;
/// The runs do not decide the question.
pub const INCONCLUSIVE: u8 = 4;
/// Interrupted by Ctrl-C (SIGINT); partial results are kept and marked.
pub const INTERRUPTED: u8 = 130;
/// Ended by SIGTERM; partial results are kept and marked.
pub const TERMINATED: u8 = 143;
