//! Running a configuration, and what comes out of one run.

use std::sync::Arc;

use super::engine::Engine;
use super::path::fast::FastPath;
use super::path::{NoObserver, RequestPath};
use super::spec::SimSpec;
use super::timeline::Timeline;
use super::world::World;
use crate::account::Tally;
use crate::units::SimTime;

/// What one run gave.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// Requests.
    pub tally: Tally,
    /// The cluster.
    pub timeline: Timeline,
    /// When the run ended.
    pub end: SimTime,
    /// It was broken off.
    pub interrupted: bool,
    /// Smallest, largest and last `spec.replicas` of the first deployment.
    pub replicas: (u32, u32, u32),
    /// Lifetimes of the first deployment's pods within the run, added up, nanoseconds.
    pub pod_ns: u128,
    /// The most pods of the first deployment that existed at once, terminating ones included.
    pub max_pods: u32,
}

/// Simulates run number `run` (0-based) of a configuration. `stop` is asked every now and then
/// whether to break off; the result then says so.
pub fn run(spec: &Arc<SimSpec>, seed: u64, run: u64, stop: &dyn Fn() -> bool) -> RunResult {
    run_on::<FastPath<NoObserver>>(spec, seed, run, stop).0
}

/// The same on a request path of the caller's choice; also gives what watched the requests.
pub(crate) fn run_on<P: RequestPath>(
    spec: &Arc<SimSpec>,
    seed: u64,
    run: u64,
    stop: &dyn Fn() -> bool,
) -> (RunResult, P::Observer) {
    Engine::<P>::new(Arc::clone(spec), seed, run).run(stop)
}

impl RunResult {
    pub(crate) fn new(
        world: &World,
        timeline: Timeline,
        tally: Tally,
        end: SimTime,
        interrupted: bool,
    ) -> RunResult {
        assert!(tally.conserves(), "arrivals = ok + lost + in flight, in every run");
        assert!(tally.closes(), "the closed-loop identity holds in every run");
        let desired = || timeline.desired.iter().filter(|d| d.1 == 0).map(|d| d.2);
        let replicas = (
            desired().min().unwrap_or(0),
            desired().max().unwrap_or(0),
            world.deployments.first().map_or(0, |d| d.replicas),
        );
        let lifetimes = timeline.pods.iter().filter(|pod| pod.deployment == 0).map(|pod| {
            let from = pod.created.max(SimTime::START);
            u128::from(pod.gone.unwrap_or(end).since(from).0)
        });
        let pod_ns = lifetimes.sum();
        let max_pods =
            timeline.counts.iter().map(|c| c.starting + c.ready + c.terminating).max().unwrap_or(0);
        RunResult { tally, timeline, end, interrupted, replicas, pod_ns, max_pods }
    }
}
