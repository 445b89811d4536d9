//! Everything that can happen besides requests.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::path::PodId;
use crate::model::probe::ProbeKind;
use crate::units::SimTime;

/// Index of a container within its pod.
pub(crate) type ContainerIndex = u8;
/// Index of a deployment.
pub(crate) type DeploymentId = u16;
/// Index of a ReplicaSet among all of the run.
pub(crate) type SetId = u32;
/// Index of a node.
pub(crate) type NodeId = u32;
/// Index of a tier in front of the service, the client's side first.
pub(crate) type TierId = u8;

/// Whose endpoints a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// The Service of the workload; with a traffic router the stable one.
    Stable,
    /// The canary Service of a traffic router.
    Canary,
}

/// An independent process of a tier, or a load balancer node. Of a traffic router's process it is the list of
/// one Service's endpoints, see [`FrontSpec::clusters`](super::spec::FrontSpec::clusters).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReplicaId {
    pub(crate) tier: TierId,
    /// Within its tier; never used again where processes come and go.
    pub(crate) number: u32,
}

/// One control event. What it does is in the `match` of [`super::engine`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    // === What the scenario asks for ===
    /// The planned event with this number.
    Planned(u32),

    // === Controllers ===
    /// The Deployment controller looks at a Deployment.
    DeploymentSync(DeploymentId),
    /// The Deployment controller looks whether a rollout still gets on.
    ProgressCheck(DeploymentId),
    /// The ReplicaSet controller looks at a ReplicaSet.
    SetSync(SetId),
    /// A pod of the set is written to the API.
    CreatePod(SetId),
    /// The pod is deleted through the API.
    DeletePod(PodId),
    /// The HPA controller reconciles.
    HpaSync(DeploymentId),

    // === Nodes ===
    /// The pod is to be evicted; its disruption budget decides.
    Evict(PodId),
    /// `kubectl drain` looks whether the node of this drain is empty.
    DrainPoll(u32),
    /// The node lifecycle controller has waited long enough for a node's lease.
    NodeUnreachable(NodeId),
    /// Its pods are deleted.
    NodeGivenUp(NodeId),

    // === A pod begins ===
    /// It is bound to a node.
    PodBound(PodId),
    /// Its kubelet begins to work on it.
    PodAdmitted(PodId),
    /// It has its sandbox, and so its address.
    SandboxUp(PodId),
    /// Its containers are started one after the other, beginning with this one.
    StartContainer(PodId, ContainerIndex),
    /// A container's process begins.
    ProcessStarted(PodId, ContainerIndex),
    /// The postStart hook of this instance has ended.
    PostStartOver(PodId, ContainerIndex, u32),
    /// The process with this instance number listens.
    Listening(PodId, ContainerIndex, u32),
    /// The application of this instance stops answering 503.
    AppReady(PodId, ContainerIndex, u32),

    // === The kubelet watches ===
    /// The kubelet has noticed a container's change and syncs the pod.
    PodSync(PodId),
    /// A probe worker attempts; void if its schedule has changed since.
    ProbeTick(ProbeRef),
    /// An attempt has lasted as long as its timeout.
    ProbeTimeout(ProbeRef),
    /// An attempt that waited for a worker of the application was answered.
    ProbeAnswered(PodId, u64),
    /// The pod's status is written to the API.
    StatusPatched(PodId),

    // === A pod ends ===
    /// The kubelet starts to stop it.
    KillBegins(PodId),
    /// A container's preStop hook has ended or is given up.
    HookOver(PodId, ContainerIndex, u32),
    /// A sidecar has waited for its turn as long as the grace allows.
    TurnTimeout(PodId, ContainerIndex, u32),
    /// A lingering process begins to drain.
    LingerOver(PodId, ContainerIndex, u32),
    /// A draining process has no patience left.
    DrainLimit(PodId, ContainerIndex, u32),
    /// Connections that are kept to a process that has stopped listening are closed, if nobody used them.
    ConnectionsIdle(PodId, ContainerIndex, u32),
    /// The last accepted request of a draining pod has ended.
    Drained(PodId),
    /// The grace is over.
    Sigkill(PodId, ContainerIndex, u32),
    /// A crashed or killed container may start again.
    RestartDue(PodId, ContainerIndex),
    /// The sandbox is gone and with it the address.
    SandboxGone(PodId),

    // === Endpoints travel ===
    /// The EndpointSlices of a deployment's Service are brought up to date.
    SliceSync(DeploymentId),
    /// One front-end process learns that a pod has become usable or unusable.
    EndpointKnown(ReplicaId, PodId, bool),
    /// A front-end process hands its list on.
    FrontSync(ReplicaId),
    /// Its workers look for a new list.
    WorkerPoll(ReplicaId),
    /// A new configuration generation takes connections.
    ReloadBegins(ReplicaId),
    /// The old generation stops taking connections.
    ReloadEnds(ReplicaId),
    /// No holder sends to this pod any more, whatever the stages in between.
    RemovalOverride(PodId),
    /// A cloud load balancer has registered or deregistered a target.
    TargetChanged(PodId, bool),
    /// It checks a target.
    HealthCheck(PodId),
    /// The deregistration delay of a target that was let go is over.
    DeregistrationEnds(PodId),
    /// A process that heard of no changes reads the endpoints as they are.
    FrontEndCatchesUp(ReplicaId),
    /// A traffic router's process learns of another weight of the canary, in percent.
    WeightKnown(ReplicaId, u32),
    /// The load balancer checks whether a node has pods of the service.
    NodeCheck(ReplicaId),
    /// A front-end process starts a health check of its own.
    ServerCheck(ReplicaId, PodId),
    /// Such a check was not answered in time.
    ServerCheckTimeout(ReplicaId, PodId),
    /// The controller tells the pod that its target is healthy.
    GateSet(PodId),

    // === Metrics ===
    /// The kubelet reads the counters of a pod.
    Housekeeping(PodId),
    /// metrics-server reads the kubelets.
    Scrape(DeploymentId),
    /// Prometheus reads the pods.
    AdapterScrape(DeploymentId),
    /// The adapter asks Prometheus which metrics there are.
    AdapterRelist(DeploymentId),
    /// One step of the external queue.
    QueueStep(DeploymentId),
    /// KEDA looks at the queue.
    ActivationPoll(DeploymentId),
}

/// A probe worker, and which of its schedules or attempts is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProbeRef {
    pub(crate) pod: PodId,
    pub(crate) container: ContainerIndex,
    pub(crate) kind: ProbeKind,
    /// Of a schedule (tick) or of an attempt (timeout).
    pub(crate) number: u32,
}

impl Event {
    /// The pod on whose node this happens: if the node has died, it does not.
    pub(crate) fn on_node_of(self) -> Option<PodId> {
        match self {
            Event::PodAdmitted(pod)
            | Event::SandboxUp(pod)
            | Event::StartContainer(pod, _)
            | Event::ProcessStarted(pod, _)
            | Event::PostStartOver(pod, ..)
            | Event::Listening(pod, ..)
            | Event::AppReady(pod, ..)
            | Event::PodSync(pod)
            | Event::ProbeTick(ProbeRef { pod, .. })
            | Event::ProbeTimeout(ProbeRef { pod, .. })
            | Event::ProbeAnswered(pod, _)
            | Event::KillBegins(pod)
            | Event::HookOver(pod, ..)
            | Event::TurnTimeout(pod, ..)
            | Event::LingerOver(pod, ..)
            | Event::DrainLimit(pod, ..)
            | Event::ConnectionsIdle(pod, ..)
            | Event::Drained(pod)
            | Event::Sigkill(pod, ..)
            | Event::RestartDue(pod, _)
            | Event::SandboxGone(pod)
            | Event::GateSet(pod)
            | Event::Housekeeping(pod) => Some(pod),
            _ => None,
        }
    }

    /// Events that the request path reports come first at their instant: they are part of what
    /// ends there.
    fn class(self) -> u8 {
        match self {
            Event::Drained(_) | Event::ProbeAnswered(..) => 0,
            _ => 1,
        }
    }

    /// Order among reports of one instant, which must not depend on who was asked first.
    fn tie(self) -> u64 {
        match self {
            Event::Drained(pod) => u64::from(pod) << 32,
            Event::ProbeAnswered(pod, number) => u64::from(pod) << 32 | (number + 1),
            _ => 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scheduled {
    at: SimTime,
    class: u8,
    tie: u64,
    sequence: u64,
    event: Event,
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |s: &Scheduled| (s.at, s.class, s.tie, s.sequence);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Control events in order: by time, then in the order in which they were scheduled.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Scheduled>>,
    sequence: u64,
}

impl Queue {
    /// Schedules `event`.
    pub(crate) fn push(&mut self, at: SimTime, event: Event) {
        self.sequence += 1;
        let (class, tie) = (event.class(), event.tie());
        self.heap.push(Reverse(Scheduled { at, class, tie, sequence: self.sequence, event }));
    }

    /// When the next event is due; [`SimTime::NEVER`] if there is none.
    pub(crate) fn next_at(&self) -> SimTime {
        self.heap.peek().map_or(SimTime::NEVER, |s| s.0.at)
    }

    /// Takes the next event.
    pub(crate) fn pop(&mut self) -> Option<(SimTime, Event)> {
        self.heap.pop().map(|s| (s.0.at, s.0.event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_times_keep_their_order_but_reports_come_first() {
        let mut queue = Queue::default();
        let at = SimTime(5);
        queue.push(at, Event::PodBound(2));
        queue.push(at, Event::PodBound(1));
        queue.push(at, Event::Drained(7));
        queue.push(at, Event::Drained(3));
        queue.push(SimTime(4), Event::PodBound(9));
        let order: Vec<Event> = std::iter::from_fn(|| queue.pop().map(|(_, e)| e)).collect();
        let expected = [
            Event::PodBound(9),
            Event::Drained(3),
            Event::Drained(7),
            Event::PodBound(2),
            Event::PodBound(1),
        ];
        assert_eq!(order, expected);
        assert_eq!(queue.next_at(), SimTime::NEVER);
    }
}
