//! What settling costs by itself, for `benches/path.rs`.

use super::backend::{Job, Kind, Stage};
use super::{FastPath, START};
use crate::random::{Dist, Streams};
use crate::sim::path::{BackendSpec, NoObserver, PathSpec, RequestPath};
use crate::sim::spec::ServerSpec;
use crate::units::Nanos;
use crate::workload::{Load, OpenLoad, OpenSource, Profile};

/// Time between two ends, nanoseconds: that of `scenarios/bench/steady.toml`.
const BETWEEN: u64 = 401_768;

/// One pod, and requests whose ends have come and are not counted yet.
#[derive(Debug)]
pub struct Settling {
    path: FastPath<NoObserver>,
    now: u64,
}

impl Settling {
    /// Every part of it ideal, so that there is nothing but counting.
    pub fn idle() -> Settling {
        let server = ServerSpec::ideal(None, Dist::ZERO);
        let profile = Profile::constant(0.0, Nanos::ZERO).expect("nobody sends anything");
        let load = Load::Open(OpenLoad { source: OpenSource::Rate { profile, dispersion: 1.0 } });
        let mut path = FastPath::new(PathSpec::ideal(load, server, Streams::new(1, 0)));
        path.add_pod(BackendSpec { server: 0, behind_proxy: None, forward_delay: 0, is_ingress: false });
        path.open(0, START);
        Settling { path, now: START }
    }

    /// Gives the pod `requests` requests and counts the answers of all. How many it has served so far.
    pub fn settle(&mut self, requests: u32) -> u64 {
        for n in 0..u64::from(requests) {
            let (sent, end) = (self.now, self.now + n * BETWEEN);
            let (kind, stage) = (Kind::Plain, Stage::Fated);
            self.path.pods[0].ring.push(Job {
                id: n,
                sent,
                start: sent,
                end,
                holder: 0,
                kind,
                stage,
                reused: true,
                fraction: 0,
            });
        }
        self.now += u64::from(requests) * BETWEEN;
        self.path.settle(0, self.now);
        self.path.pods[0].served
    }
}
