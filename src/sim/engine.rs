//! The event loop.

use std::sync::Arc;

use super::event::{Event, Queue};
use super::path::outer::OuterSpec;
use super::path::{Notice, PathSpec, RequestPath};
use super::run::RunResult;
use super::spec::SimSpec;
use super::timeline::Timeline;
use super::world::{Pod, World};
use crate::random::Streams;
use crate::units::SimTime;

/// One run: the cluster, its requests, and the clock between them.
#[derive(Debug)]
pub(crate) struct Engine<P> {
    pub(crate) world: World,
    pub(crate) path: P,
    pub(crate) queue: Queue,
    pub(crate) now: SimTime,
    /// What is known at each tier, the client's side first.
    pub(crate) tiers: Vec<super::handlers::FrontControl>,
    pub(crate) timeline: Timeline,
}

impl<P: RequestPath> Engine<P> {
    /// The cluster in equilibrium at the beginning of run number `run`.
    pub(crate) fn new(spec: Arc<SimSpec>, seed: u64, run: u64) -> Engine<P> {
        let streams = Streams::new(seed, run);
        let path = P::new(PathSpec {
            load: spec.load.clone(),
            client: spec.client.clone(),
            network: spec.network,
            front: spec.service_tier().clone(),
            outer: spec.ingress().map(|ingress| OuterSpec {
                front: spec.tiers[0].clone(),
                first_server: first_server(&spec, ingress),
            }),
            slowdowns: spec.slowdowns(),
            follows_connections: spec.follows_connections(),
            servers: super::world::servers(&spec),
            streams,
        });
        let mut engine = Engine {
            tiers: super::handlers::FrontControl::of_tiers(&spec, streams),
            world: World::new(spec, streams),
            path,
            queue: Queue::default(),
            now: SimTime::START,
            timeline: Timeline::default(),
        };
        engine.begin();
        engine
    }

    /// Runs to the end and counts. `stop` is asked now and then whether to break off.
    pub(crate) fn run(mut self, stop: &dyn Fn() -> bool) -> (RunResult, P::Observer) {
        let load_ends = SimTime::START + self.world.spec.load.duration();
        let latest = load_ends + self.world.spec.settle_limit;
        let mut events = 0_u64;
        let interrupted = loop {
            let at = self.queue.next_at().min(latest);
            if let Some((at, notice)) = self.path.run_to(at.0) {
                let event = match notice {
                    Notice::Drained(pod) => Event::Drained(pod),
                    Notice::ProbeAnswered(pod, number) => Event::ProbeAnswered(pod, number),
                };
                self.queue.push(SimTime(at), event);
                continue;
            }
            self.now = at;
            if at >= latest || (at >= load_ends && self.is_over()) {
                break false;
            }
            events += 1;
            if events.is_multiple_of(1_024) && stop() {
                break true;
            }
            let Some((_, event)) = self.queue.pop() else { break false };
            self.handle(event);
        };
        self.finish(interrupted)
    }

    /// Everything that can happen besides requests.
    fn handle(&mut self, event: Event) {
        if event.on_node_of().is_some_and(|pod| self.world.is_on_dead_node(pod)) {
            return;
        }
        match event {
            Event::Planned(number) => self.planned(number),

            Event::DeploymentSync(deployment) => self.deployment_sync(deployment),
            Event::ProgressCheck(deployment) => self.note_progress(deployment),
            Event::SetSync(set) => self.set_sync(set),
            Event::CreatePod(set) => self.create_pod(set),
            Event::DeletePod(pod) => self.delete_pod(pod, None),
            Event::HpaSync(deployment) => self.hpa_sync(deployment),

            Event::Evict(pod) => self.evict(pod),
            Event::DrainPoll(drain) => self.drain_poll(drain),
            Event::NodeUnreachable(node) => self.node_unreachable(node),
            Event::NodeGivenUp(node) => self.node_given_up(node),

            Event::PodBound(pod) => self.pod_bound(pod),
            Event::PodAdmitted(pod) => self.pod_admitted(pod),
            Event::SandboxUp(pod) => self.sandbox_up(pod),
            Event::StartContainer(pod, container) => self.start_container(pod, container),
            Event::ProcessStarted(pod, container) => self.process_started(pod, container),
            Event::PostStartOver(pod, container, instance) => self.post_start_over(pod, container, instance),
            Event::Listening(pod, container, instance) => self.listening(pod, container, instance),
            Event::AppReady(pod, container, instance) => self.app_ready(pod, container, instance),

            Event::PodSync(pod) => self.pod_sync(pod),
            Event::ProbeTick(probe) => self.probe_tick(probe),
            Event::ProbeTimeout(probe) => self.probe_timeout(probe),
            Event::ProbeAnswered(pod, number) => self.probe_answered(pod, number),
            Event::StatusPatched(pod) => self.status_patched(pod),

            Event::KillBegins(pod) => self.kill_begins(pod),
            Event::HookOver(pod, container, instance) => self.hook_over(pod, container, instance),
            Event::TurnTimeout(pod, container, instance) => self.turn_timeout(pod, container, instance),
            Event::LingerOver(pod, container, instance) => self.linger_over(pod, container, instance),
            Event::DrainLimit(pod, container, instance) => self.drain_limit(pod, container, instance),
            Event::ConnectionsIdle(pod, container, instance) => {
                self.connections_idle(pod, container, instance)
            }
            Event::Drained(pod) => self.drained(pod),
            Event::Sigkill(pod, container, instance) => self.sigkill(pod, container, instance),
            Event::RestartDue(pod, container) => self.restart_due(pod, container),
            Event::SandboxGone(pod) => self.sandbox_gone(pod),

            Event::SliceSync(deployment) => self.slice_sync(deployment),
            Event::EndpointKnown(replica, pod, usable) => self.endpoint_known(replica, pod, usable),
            Event::FrontSync(replica) => self.front_sync(replica),
            Event::WorkerPoll(replica) => self.worker_poll(replica),
            Event::ReloadBegins(replica) => self.reload_begins(replica),
            Event::ReloadEnds(replica) => self.reload_ends(replica),
            Event::RemovalOverride(pod) => self.removal_override(pod),
            Event::TargetChanged(pod, registered) => self.target_changed(pod, registered),
            Event::HealthCheck(pod) => self.health_check(pod),
            Event::DeregistrationEnds(pod) => self.deregistration_ends(pod),
            Event::FrontEndCatchesUp(replica) => self.catch_up(replica),
            Event::WeightKnown(replica, weight) => self.weight_known(replica, weight),
            Event::NodeCheck(node) => self.node_check(node),
            Event::ServerCheck(replica, pod) => self.server_check(replica, pod),
            Event::ServerCheckTimeout(replica, pod) => self.server_check_timeout(replica, pod),
            Event::GateSet(pod) => self.gate_set(pod),

            Event::Housekeeping(pod) => self.housekeeping(pod),
            Event::Scrape(deployment) => self.scrape(deployment),
            Event::AdapterScrape(deployment) => self.adapter_scrape(deployment),
            Event::AdapterRelist(deployment) => self.adapter_relist(deployment),
            Event::QueueStep(deployment) => self.queue_step(deployment),
            Event::ActivationPoll(deployment) => self.activation_poll(deployment),
        }
    }

    /// Whether every rollout and drain has come to its end, every request has, and no pod is on its way out.
    /// After the load has ended every event asks: the cheapest question comes first, the walk over all pods
    /// last.
    fn is_over(&mut self) -> bool {
        let at_rest = |pod: &Pod| pod.deleted.is_none() || !pod.is_there(&self.world.nodes);
        let open = self.timeline.rollout_open() || self.timeline.drain_open();
        !open && self.path.is_idle(self.now.0) && self.world.pods.iter().all(at_rest)
    }

    fn finish(self, interrupted: bool) -> (RunResult, P::Observer) {
        let now = self.now;
        let (tally, observer) = self.path.finish(now.0);
        (RunResult::new(&self.world, self.timeline, tally, now, interrupted), observer)
    }

    /// The server number of a template, for the request path.
    pub(crate) fn server_of(&self, deployment: usize, template: usize) -> u32 {
        let number = u32::try_from(template).expect("templates are counted in dozens");
        first_server(&self.world.spec, deployment) + number
    }
}

/// The server number of a deployment's first template.
fn first_server(spec: &SimSpec, deployment: usize) -> u32 {
    let before: usize = spec.deployments[..deployment].iter().map(|d| d.templates.len()).sum();
    u32::try_from(before).expect("templates are counted in dozens")
}
