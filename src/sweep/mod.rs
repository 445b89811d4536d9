//! Sweeps: one case at every combination of some knobs' values, in parts that may run anywhere.
//!
//! A [`Plan`] is a stable, ordered list of points, cut into parts of equal size whatever the number
//! of shards is. Shard `i` of `n` ([`Shard`]) runs every n-th part; each part becomes one file
//! that is there as a whole or not at all ([`write_part`]). Merging puts the parts back into the
//! order of the plan ([`merge()`]), so the outcome is the same, byte by byte, for any number of
//! shards, threads and interruptions. Nothing here reads a clock or keeps more than one part in
//! memory.

mod merge;
mod order;
mod plan;
mod row;
mod run;
mod shard;
mod store;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use merge::{MergeError, Opened, merge};
pub use order::{Order, best};
pub use plan::{Axis, MOST_POINTS, Plan, PlanError};
pub use row::{Figures, Measured, Outcome, Row};
pub use run::{Ended, Sink, run};
pub use shard::{ENVIRONMENT_HELP, Lookup, Shard};
pub use store::{Header, Merged, PartStart, ReadError, read_merged, read_part_start, write_part};
