//! The state of the cluster: everything hangs off [`World`], no globals, no clock.

use std::collections::VecDeque;
use std::sync::Arc;

use super::event::{ContainerIndex, DeploymentId, NodeId, SetId};
use super::path::PodId;
use super::sight::Sights;
use super::spec::{PodTemplate, ProbePlan, Role, ServerSpec, SimSpec};
use crate::account::Histogram;
use crate::model::canary::CanaryStep;
use crate::model::deployment::{DeploymentStatus, Progress, SizeAnnotations};
use crate::model::hpa;
use crate::model::metrics::{Meter, Scrapes};
use crate::model::outcome::Cause;
use crate::model::pod::PodPhase;
use crate::model::probe::{ContainerId, ContainerState, ProbeKind, WorkerState};
use crate::model::probe_ticker::ProbeTicker;
use crate::model::restart::BackoffEntry;
use crate::model::termination::Grace;
use crate::random::{Dist, Keyed, Stream, Streams};
use crate::units::{Nanos, SimTime};

/// The cluster.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) spec: Arc<SimSpec>,
    pub(crate) streams: Streams,
    /// All pods ever created, by number.
    pub(crate) pods: Vec<Pod>,
    pub(crate) deployments: Vec<Deployment>,
    pub(crate) sets: Vec<ReplicaSet>,
    pub(crate) nodes: Vec<Node>,
    /// Every drain so far: the pods it waits for, and the nodes whose turn comes then.
    pub(crate) drains: Vec<(Vec<PodId>, Vec<NodeId>)>,
    /// Pods that wait for room on some node, the first come first.
    pub(crate) unschedulable: Vec<PodId>,
    /// Until when the probes' dependency is down.
    pub(crate) dependency_down_until: SimTime,
    /// Draws taken so far for delays that belong to no pod, by stream.
    pub(crate) draws: [u64; Stream::COUNT],
}

/// A node.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Node {
    /// Images are pulled one after the other.
    pub(crate) pulling_until: SimTime,
    /// New pods go elsewhere.
    pub(crate) cordoned: bool,
    /// Nothing happens on it any more.
    pub(crate) dead: bool,
}

/// A Deployment.
#[derive(Debug)]
pub(crate) struct Deployment {
    /// `spec.replicas`.
    pub(crate) replicas: u32,
    /// The template in force.
    pub(crate) template: usize,
    /// Counts changes of the template, so that a restart with the same one is a rollout, too.
    pub(crate) revision: u32,
    /// Its ReplicaSets.
    pub(crate) sets: Vec<SetId>,
    /// Whether a sync is already scheduled.
    pub(crate) sync_due: bool,
    pub(crate) slice_due: bool,
    pub(crate) rolled_by: RolledBy,
    pub(crate) progress: Progress,
    /// The counts that `progress` was judged by last.
    pub(crate) status: DeploymentStatus,
    /// What the EndpointSlices of its Services say is usable, by [`Service`](super::event::Service).
    pub(crate) slices: [Vec<PodId>; 2],
    pub(crate) hpa: Option<Autoscaler>,
}

/// Who replaces the pods when the template changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RolledBy {
    /// The Deployment controller.
    Deployment,
    /// Argo Rollouts, whose Service selects the pods of the set `active`.
    BlueGreen { active: SetId, scale_down_delay: Nanos },
    /// Argo Rollouts in steps.
    Canary(Canary),
}

/// A canary rollout of Argo Rollouts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Canary {
    /// The set that was promoted last.
    pub(crate) stable: SetId,
    pub(crate) steps: Vec<CanaryStep>,
    /// The step in force.
    pub(crate) index: usize,
    pub(crate) paused_at: Option<SimTime>,
    pub(crate) router: Option<Router>,
}

/// What a traffic router was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Router {
    /// How long the stable set stays after another one was promoted.
    pub(crate) scale_down_delay: Nanos,
    /// The set that the Service selects and the one that the canary Service does.
    pub(crate) selects: [SetId; 2],
    /// The share of the requests that goes to the canary Service, in percent.
    pub(crate) weight: u32,
}

/// The HPA controller's memory of one autoscaler.
#[derive(Debug)]
pub(crate) struct Autoscaler {
    pub(crate) history: hpa::History,
    pub(crate) conditions: hpa::Conditions,
    /// What metrics-server serves, by metric: one entry per pod it knows.
    pub(crate) served: Vec<Vec<hpa::PodSample>>,
    /// Since when.
    pub(crate) served_at: SimTime,
    /// Latencies as Prometheus scraped them, within the window of the adapter's query.
    pub(crate) latencies: VecDeque<(SimTime, Histogram)>,
    /// Whether the adapter has found the custom metrics at its last look.
    pub(crate) adapter_knows: bool,
    /// Items in the external queue.
    pub(crate) backlog: f64,
    /// The same as exported, in thousandths; old numbers go when nobody can ask for them.
    pub(crate) exported: VecDeque<(SimTime, i64)>,
    /// When KEDA last found work.
    pub(crate) last_active: SimTime,
    /// What it has seen of the load's rises.
    pub(crate) sights: Sights,
}

/// A ReplicaSet.
#[derive(Debug)]
pub(crate) struct ReplicaSet {
    pub(crate) deployment: DeploymentId,
    pub(crate) revision: u32,
    pub(crate) template: usize,
    pub(crate) created: SimTime,
    /// `spec.replicas`.
    pub(crate) replicas: u32,
    pub(crate) annotations: SizeAnnotations,
    /// `status.availableReplicas`, as of the controller's last sync.
    pub(crate) available: u32,
    /// `status.readyReplicas`.
    pub(crate) ready: u32,
    /// `status.replicas`.
    pub(crate) counted: u32,
    pub(crate) sync_due: bool,
    /// Pods that the controller has asked for and not yet seen.
    pub(crate) being_created: u32,
    /// Its pods were selected by a Service that was switched: when it is scaled down.
    pub(crate) scale_down_at: Option<SimTime>,
}

/// A pod: the API object and what is behind it.
#[derive(Debug)]
pub(crate) struct Pod {
    pub(crate) deployment: DeploymentId,
    pub(crate) set: SetId,
    pub(crate) template: usize,
    pub(crate) node: NodeId,
    pub(crate) uid: u64,
    pub(crate) created: SimTime,
    pub(crate) bound: bool,
    pub(crate) admitted: bool,
    pub(crate) phase: PodPhase,
    pub(crate) has_ip: bool,
    /// deletionTimestamp less the grace: when the DELETE was written.
    pub(crate) deleted: Option<SimTime>,
    /// The controller has decided to delete it.
    pub(crate) doomed: bool,
    /// `controller.kubernetes.io/pod-deletion-cost`.
    pub(crate) deletion_cost: i32,
    /// The kubelet stops it.
    pub(crate) stopping: bool,
    pub(crate) gone: bool,
    /// Its address answers no more.
    pub(crate) address_gone: bool,
    pub(crate) containers: Vec<Container>,
    /// Ready as the kubelet computes it.
    pub(crate) ready: bool,
    /// All containers ready, whatever the gates say.
    pub(crate) containers_ready: bool,
    /// The same two in the API.
    pub(crate) api_ready: bool,
    pub(crate) api_containers_ready: bool,
    /// Since when the API says so; `None` when it does not.
    pub(crate) ready_since: Option<SimTime>,
    /// Last transition of the Ready condition, either way.
    pub(crate) ready_transition: SimTime,
    pub(crate) patch_due: bool,
    pub(crate) gate_set: bool,
    /// Probe attempts made so far.
    pub(crate) attempts: u32,
    /// Endpoint events of this pod so far.
    pub(crate) endpoint_events: u32,
    /// How many front-end processes list it.
    pub(crate) listed_by: u32,
    /// Its counters as kubelet and metrics-server hold them, by metric of the autoscaler.
    pub(crate) meters: Vec<Meter>,
    /// Its counters as Prometheus holds them.
    pub(crate) scrapes: Scrapes,
    pub(crate) route: Route,
}

/// Which containers a request meets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    /// The one whose listener the front end connects to.
    pub(crate) entry: ContainerIndex,
    /// The one that answers, if another one.
    pub(crate) inner: Option<ContainerIndex>,
}

/// A container of a pod.
#[derive(Debug)]
pub(crate) struct Container {
    /// Numbers its processes; the first is 1.
    pub(crate) instance: u32,
    pub(crate) process: Process,
    /// What the kubelet has noticed.
    pub(crate) known: ContainerState,
    pub(crate) known_instance: u32,
    pub(crate) listening: bool,
    pub(crate) app_ready: bool,
    /// The kubelet has begun to start it, for the first time.
    pub(crate) asked_for: bool,
    pub(crate) post_start: PostStartHook,
    pub(crate) listening_since: SimTime,
    /// `started` and `ready` of its status.
    pub(crate) started: bool,
    pub(crate) ready: bool,
    pub(crate) probes: Vec<ProbeWorker>,
    pub(crate) stop: Option<Stop>,
    pub(crate) restarts: u32,
    pub(crate) backoff: Option<BackoffEntry>,
    /// When its last instance ended, and the one before.
    pub(crate) ended: [Option<SimTime>; 2],
}

/// The truth about a container's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Process {
    NotStarted,
    Running {
        since: SimTime,
    },
    /// It no longer accepts connections and finishes what it has.
    Draining,
    /// The same, and its listener is still open.
    Holding,
    Exited,
}

/// The postStart hook of a container's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PostStartHook {
    /// There is none, or it has ended well.
    Over,
    Runs,
    /// It has failed, and the kubelet stops the container before it does anything else with the pod.
    Failed,
}

/// Why a container is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    PodDeleted,
    /// It will be started again in place; requests are lost with this cause until it listens.
    Restart(Cause),
}

/// A container on its way out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    pub(crate) reason: StopReason,
    pub(crate) grace: Grace,
    pub(crate) stage: StopStage,
    pub(crate) stage_began: SimTime,
}

impl Stop {
    /// Whether the kubelet ends the container because it is not healthy, and will start it again.
    pub(crate) fn is_for_health(&self) -> bool {
        self.reason == StopReason::Restart(Cause::LivenessRestart)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopStage {
    Hook,
    /// A sidecar waits for the app containers.
    Turn,
    Signalled,
}

/// One probe worker at work.
#[derive(Debug)]
pub(crate) struct ProbeWorker {
    pub(crate) kind: ProbeKind,
    pub(crate) plan: ProbePlan,
    pub(crate) state: WorkerState,
    pub(crate) ticker: ProbeTicker,
    /// Its schedule's number; ticks of older ones are void.
    pub(crate) schedule: u32,
    /// The attempt under way: its number and when it began.
    pub(crate) attempt: Option<(u32, SimTime)>,
    /// A trigger came during the attempt.
    pub(crate) triggered: bool,
    pub(crate) ended: bool,
}

impl Container {
    pub(crate) fn new() -> Container {
        Container {
            instance: 0,
            process: Process::NotStarted,
            known: ContainerState::Waiting,
            known_instance: 0,
            listening: false,
            app_ready: false,
            asked_for: false,
            post_start: PostStartHook::Over,
            listening_since: SimTime(0),
            started: false,
            ready: false,
            probes: Vec::new(),
            stop: None,
            restarts: 0,
            backoff: None,
            ended: [None; 2],
        }
    }

    pub(crate) fn id(&self) -> Option<ContainerId> {
        (self.known_instance > 0).then_some(ContainerId(self.known_instance))
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.process, Process::Running { .. } | Process::Draining | Process::Holding)
    }

    pub(crate) fn worker(&mut self, kind: ProbeKind) -> Option<&mut ProbeWorker> {
        self.probes.iter_mut().find(|w| w.kind == kind)
    }
}

impl Pod {
    /// Whether it exists on a node that lives.
    pub(crate) fn is_there(&self, nodes: &[Node]) -> bool {
        !self.gone && !nodes[self.node as usize].dead
    }

    /// Whether controllers count it.
    pub(crate) fn is_active(&self) -> bool {
        !self.gone && self.phase.is_active(self.deleted.is_some())
    }
}

impl Route {
    /// The way of a request through a pod.
    pub(crate) fn of(template: &PodTemplate) -> Option<Route> {
        let server = ContainerIndex::try_from(template.server()?).ok()?;
        let entry = ContainerIndex::try_from(template.entry()?).ok()?;
        Some(Route { entry, inner: (entry != server).then_some(server) })
    }

    /// The container that answers.
    pub(crate) fn server(&self) -> ContainerIndex {
        self.inner.unwrap_or(self.entry)
    }

    /// Whether requests meet this container.
    pub(crate) fn has(&self, container: ContainerIndex) -> bool {
        container == self.entry || Some(container) == self.inner
    }
}

/// The servers of all templates of all deployments, in order: what a pod's number of a server means.
pub(crate) fn servers(spec: &SimSpec) -> Vec<ServerSpec> {
    let templates = spec.deployments.iter().flat_map(|d| &d.templates);
    templates
        .map(|template| {
            let server = template.containers.iter().find_map(|c| match &c.role {
                Role::Serves(server) => Some(server.clone()),
                _ => None,
            });
            server.expect("checked when the scenario was read")
        })
        .collect()
}

impl World {
    /// An empty cluster.
    pub(crate) fn new(spec: Arc<SimSpec>, streams: Streams) -> World {
        World {
            nodes: vec![Node::default(); spec.control.nodes.max(1) as usize],
            spec,
            streams,
            pods: Vec::new(),
            deployments: Vec::new(),
            sets: Vec::new(),
            drains: Vec::new(),
            unschedulable: Vec::new(),
            dependency_down_until: SimTime(0),
            draws: [0; Stream::COUNT],
        }
    }

    /// Whether nothing happens any more where the pod is.
    pub(crate) fn is_on_dead_node(&self, pod: PodId) -> bool {
        self.nodes[self.pods[pod as usize].node as usize].dead
    }

    /// The template of a pod.
    pub(crate) fn template(&self, pod: PodId) -> &PodTemplate {
        let pod = &self.pods[pod as usize];
        &self.spec.deployments[usize::from(pod.deployment)].templates[pod.template]
    }

    /// A draw that belongs to a pod: `index` tells draws of one stream apart.
    pub(crate) fn draw_for(&self, stream: Stream, dist: &Dist, pod: PodId, index: u64) -> Nanos {
        match dist {
            Dist::Fixed(value) => *value,
            dist => dist.sample(self.streams.keyed(stream).at(u64::from(pod), index)),
        }
    }

    /// A draw that belongs to no pod.
    pub(crate) fn draw(&mut self, stream: Stream, dist: &Dist) -> Nanos {
        match dist {
            Dist::Fixed(value) => *value,
            dist => {
                let draw = &mut self.draws[stream as usize];
                *draw += 1;
                dist.sample(self.streams.keyed(stream).at(u64::MAX, *draw))
            }
        }
    }

    /// A keyed stream.
    pub(crate) fn keyed(&self, stream: Stream) -> Keyed {
        self.streams.keyed(stream)
    }
}
