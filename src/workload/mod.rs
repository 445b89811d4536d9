//! Load: when requests arrive.
//!
//! Open load is a rate over time; closed load is a number of connections that wait for their
//! answers. An open load yields arrivals one at a time, so nothing is ever queued up front.

mod arrivals;
mod profile;

pub use arrivals::Arrivals;
pub use profile::{Profile, ProfileError, Segment, Shape};

use std::sync::Arc;

use crate::random::Dist;
use crate::units::Nanos;

/// The load of a run. All times count from the beginning of the run.
#[derive(Clone, Debug)]
pub enum Load {
    /// Requests arrive whatever happens to earlier ones.
    Open(OpenLoad),
    /// A fixed number of connections, each with one request at a time.
    Closed(ClosedLoad),
}

/// Open-loop load.
#[derive(Clone, Debug)]
pub struct OpenLoad {
    /// Where the arrivals come from.
    pub source: OpenSource,
}

/// Where open-loop arrivals come from.
#[derive(Clone, Debug)]
pub enum OpenSource {
    /// A rate over time; arrivals are random.
    Rate {
        /// Requests per second over time.
        profile: Profile,
        /// Variance-to-mean ratio of the counts in long windows: 1 is Poisson.
        dispersion: f64,
    },
    /// One instant per request, sorted.
    List(Arc<[Nanos]>),
}

/// Closed-loop load.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosedLoad {
    /// Connections (users), each with at most one request under way.
    pub connections: u32,
    /// Pause between an answer and the next request of the same connection.
    pub think: Dist,
    /// Connections begin at random moments within this time.
    pub ramp: Nanos,
    /// No request is sent at or after this time.
    pub duration: Nanos,
}

impl Load {
    /// The largest rate in requests per second of a load that has a rate.
    pub fn peak_rate(&self) -> Option<f64> {
        match self {
            Load::Open(OpenLoad { source: OpenSource::Rate { profile, .. } }) => Some(profile.peak()),
            Load::Open(OpenLoad { source: OpenSource::List(_) }) | Load::Closed(_) => None,
        }
    }

    /// When the last request can be sent.
    pub fn duration(&self) -> Nanos {
        match self {
            Load::Open(OpenLoad { source: OpenSource::Rate { profile, .. } }) => profile.end(),
            Load::Open(OpenLoad { source: OpenSource::List(list) }) => {
                list.last().map_or(Nanos::ZERO, |&t| t + Nanos(1))
            }
            Load::Closed(closed) => closed.duration,
        }
    }
}
