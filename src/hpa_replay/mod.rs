//! `podloss hpa replay`: a recorded metric through the autoscaler's decision.
//!
//! [`read_recording`] reads what Prometheus answers to a range query, or CSV. [`assign()`] says
//! which row feeds which metric of the autoscaler and what its numbers count. [`replay`] steps
//! through the recording one sync at a time with [`decide`](crate::model::hpa::decide), the same
//! function that the simulator uses, and [`compare_with_observed`] holds the decisions against the
//! sizes that a real controller set.
//!
//! A replay has no requests and no cluster: it knows pods only by number. [`Limits`] says what
//! follows from that, so that a reader can judge the result.

mod agreement;
mod assign;
mod csv;
mod feed;
mod prometheus;
mod recording;
mod run;
mod summary;

pub use agreement::{Agreement, Difference, DifferenceReason, compare_with_observed};
pub use assign::{Counts, Input, assign, fleet_of};
pub use recording::{Point, Recording, RecordingError, Series, read_recording};
pub use run::{Follow, Limits, ReplayError, Setup, Step, replay};
pub use summary::{FLAP_WINDOW, Summary, summarize};

#[cfg(test)]
mod tests;
