//! Accounting: what a run counts, in integers that merge exactly.
//!
//! Nothing here grows with the number of requests, and nothing is a float: `a + b` is the same
//! whatever the order, so shards and threads cannot change a result.

mod histogram;
mod pod_losses;
mod series;
mod tally;

pub use histogram::Histogram;
pub use pod_losses::PodLosses;
pub use series::{Row, Series};
pub use tally::{CauseTally, LossSample, MAX_SAMPLES_PER_CAUSE, Tally};
