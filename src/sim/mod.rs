//! The simulator: the only place where time passes.
//!
//! [`spec`] says what to simulate. The engine pops control events (controllers, kubelets, probes,
//! propagation) from one queue and lets the request path run between them. The request path
//! exists twice, behind one trait: a fast one with provisional fates, and a plain one that is
//! easy to believe and serves as its reference.

#[cfg(test)]
mod arbitrary;
mod budget;
mod checker;
mod engine;
mod event;
mod handlers;
#[cfg(test)]
mod hpa_tests;
pub(crate) mod path;
#[doc(hidden)]
pub mod pieces;
pub mod reference;
mod run;
mod sight;
pub mod spec;
mod timeline;
mod trace;
mod world;

pub use budget::{STAGES, ScaleOut, ScaleOutBudget};
pub use checker::{WatchedPath, run_checked};
pub use run::{RunResult, run};
pub use timeline::{
    DrainRecord, HpaRecord, PodCounts, PodRecord, RolloutRecord, Timeline, ViewChange, ViewHolder,
    WeightChange,
};
pub use trace::{Attempt, Lost, Seen, losses, trace};

#[cfg(test)]
mod pairing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod theory;
