//! What a run remembers of the cluster: milestones of pods, counts over time, rollouts, decisions.
//!
//! It grows with control events, never with requests.

use super::budget::ScaleOut;
use super::event::DeploymentId;
use super::path::PodId;
use super::world::World;
use crate::model::hpa;
use crate::model::probe::ProbeFailure;
use crate::units::SimTime;

/// The process that requests enter by ended while its pod lived, and was to be started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    /// When it ended.
    pub ended: SimTime,
    /// When the next one listened.
    pub listening: Option<SimTime>,
}

/// Milestones of one pod; `None` for what has not happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodRecord {
    /// Index of its deployment.
    pub deployment: u16,
    /// Revision of its template.
    pub revision: u32,
    /// Written to the API.
    pub created: SimTime,
    /// Bound to a node.
    pub bound: Option<SimTime>,
    /// That node.
    pub node: Option<u32>,
    /// First process of the container that requests enter by started.
    pub started: Option<SimTime>,
    /// First listening.
    pub listening: Option<SimTime>,
    /// First Ready in the API.
    pub ready: Option<SimTime>,
    /// First listed by a front-end process.
    pub listed: Option<SimTime>,
    /// No longer listed by any, for good.
    pub unlisted: Option<SimTime>,
    /// Before that: from when to when it was out of every list.
    pub absences: Vec<(SimTime, SimTime)>,
    /// When a readiness probe turned from success to failure, and what its last attempt failed by.
    pub unready: Vec<(SimTime, ProbeFailure)>,
    /// Restarts in place of the container that requests enter by.
    pub restarts: Vec<Restart>,
    /// No Service selected it any more, before its deletion: a slice without it was written.
    pub deselected: Option<SimTime>,
    /// DELETE. The milestones that follow are those of the pod's own end: stops that ended in a
    /// restart leave none.
    pub deleted: Option<SimTime>,
    /// First preStop hook began.
    pub hook_began: Option<SimTime>,
    /// A container through which the application calls others ended.
    pub egress_ended: Option<SimTime>,
    /// Stop signal to the container that requests enter by.
    pub signalled: Option<SimTime>,
    /// Its listener closed gracefully.
    pub closed: Option<SimTime>,
    /// Its process ended.
    pub exited: Option<SimTime>,
    /// SIGKILL was needed.
    pub killed: Option<SimTime>,
    /// Object and address gone.
    pub gone: Option<SimTime>,
    /// Its node died.
    pub lost: Option<SimTime>,
}

impl PodRecord {
    /// A front-end process lists it, the first that does.
    pub(crate) fn enters_rotation(&mut self, at: SimTime) {
        self.listed.get_or_insert(at);
        self.absences.extend(self.unlisted.take().map(|from| (from, at)));
    }

    /// A step of the pod's own end, if it has been deleted.
    pub(crate) fn ends_by(&mut self, step: fn(&mut PodRecord) -> &mut Option<SimTime>, at: SimTime) {
        if self.deleted.is_some() {
            step(self).get_or_insert(at);
        }
    }

    /// The process that requests enter by has ended.
    pub(crate) fn process_ended(&mut self, at: SimTime) {
        match self.deleted {
            Some(_) => self.exited = self.exited.or(Some(at)),
            None => self.restarts.push(Restart { ended: at, listening: None }),
        }
    }

    /// It listens, for the first time or again.
    pub(crate) fn listens(&mut self, at: SimTime) {
        self.listening.get_or_insert(at);
        // Processes may have ended without ever listening.
        self.restarts.iter_mut().for_each(|restart| restart.listening = restart.listening.or(Some(at)));
    }

    /// What took a pod that is to stay out of every list by `at`, if its own readiness probe did.
    pub fn kept_out_by(&self, at: SimTime) -> Option<ProbeFailure> {
        let deleted = self.deleted.is_some_and(|deleted| deleted <= at);
        let back = self.absences.iter().map(|(_, back)| *back).filter(|back| *back <= at).max();
        let since = back.or(self.listed).filter(|listed| *listed <= at && !deleted)?;
        let (_, failure) = self.unready.iter().rfind(|(when, _)| (since..=at).contains(when))?;
        Some(*failure)
    }

    /// When the pod took no connections any more: by its end, or because its process had ended
    /// before and did not listen again.
    pub fn stopped_serving(&self) -> Option<SimTime> {
        let not_back = self.restarts.last().filter(|restart| restart.listening.is_none());
        [not_back.map(|restart| restart.ended), self.closed, self.exited].into_iter().flatten().min()
    }
}

/// How many pods are in which state, from `at` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodCounts {
    /// Since when.
    pub at: SimTime,
    /// Not terminating and not ready.
    pub starting: u32,
    /// Not terminating and ready.
    pub ready: u32,
    /// Terminating.
    pub terminating: u32,
    /// Listed by at least one front-end process.
    pub in_rotation: u32,
}

/// One rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RolloutRecord {
    /// Which deployment.
    pub deployment: u16,
    /// When the template changed.
    pub start: SimTime,
    /// When all pods were new and available and no other was left.
    pub end: Option<SimTime>,
    /// When the controller found that nothing had moved for `progressDeadlineSeconds`, for the first time.
    pub deadline_exceeded: Option<SimTime>,
}

/// One `kubectl drain`, of one node or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrainRecord {
    /// When the nodes were cordoned.
    pub start: SimTime,
    /// When all pods that were on them had gone.
    pub end: Option<SimTime>,
    /// Evictions that a disruption budget refused.
    pub refused: u64,
    /// The deployment whose budget refused the last one.
    pub refused_by: Option<u16>,
}

/// Who holds a list of endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ViewHolder {
    /// The EndpointSlices of the pod's Service.
    Slice,
    /// Those of its canary Service.
    CanarySlice,
    /// A process of the front end (or its target group), by number.
    FrontEnd(u32),
    /// The same process' list of the canary Service.
    FrontEndCanary(u32),
    /// The same of the tier before it, if the front end's processes are pods.
    LoadBalancer(u32),
}

/// A list of endpoints gained or lost a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewChange {
    /// When.
    pub at: SimTime,
    /// Whose list.
    pub holder: ViewHolder,
    /// The pod.
    pub pod: u32,
    /// Whether new requests may go to it from now on.
    pub usable: bool,
}

/// A process of a traffic router has another weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightChange {
    /// When.
    pub at: SimTime,
    /// Which process.
    pub process: u32,
    /// The canary's share of its requests, in percent.
    pub weight: u32,
}

/// One reconcile of an autoscaler.
#[derive(Clone, Debug, PartialEq)]
pub struct HpaRecord {
    /// When.
    pub at: SimTime,
    /// Which deployment.
    pub deployment: u16,
    /// Its size before, as the controller takes it.
    pub current: u32,
    /// The decision in full.
    pub decision: hpa::Decision,
}

/// See the module's documentation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// By pod number.
    pub pods: Vec<PodRecord>,
    /// Changes of the counts.
    pub counts: Vec<PodCounts>,
    /// Changes of `spec.replicas`: when, deployment, size.
    pub desired: Vec<(SimTime, u16, u32)>,
    /// Rollouts in order.
    pub rollouts: Vec<RolloutRecord>,
    /// Drains in order.
    pub drains: Vec<DrainRecord>,
    /// Every reconcile of every autoscaler.
    pub hpa: Vec<HpaRecord>,
    /// Every step up by an autoscaler, see [`Timeline::scale_out_budgets`].
    pub scale_outs: Vec<ScaleOut>,
    /// How endpoint changes travelled.
    pub views: Vec<ViewChange>,
    /// How a traffic router's weights travelled.
    pub weights: Vec<WeightChange>,
    /// Under policy Local: from when on the load balancer before the service's nodes sent to which of them.
    pub nodes_in_service: Vec<(SimTime, Vec<u32>)>,
}

impl Timeline {
    pub(crate) fn pod_created(
        &mut self,
        id: PodId,
        deployment: DeploymentId,
        revision: u32,
        created: SimTime,
    ) {
        debug_assert_eq!(id as usize, self.pods.len(), "pods are numbered in order of creation");
        self.pods.push(PodRecord {
            deployment,
            revision,
            created,
            bound: None,
            node: None,
            started: None,
            listening: None,
            ready: None,
            listed: None,
            unlisted: None,
            absences: Vec::new(),
            unready: Vec::new(),
            restarts: Vec::new(),
            deselected: None,
            egress_ended: None,
            deleted: None,
            hook_began: None,
            signalled: None,
            closed: None,
            exited: None,
            killed: None,
            gone: None,
            lost: None,
        });
    }

    pub(crate) fn pod(&mut self, id: PodId) -> &mut PodRecord {
        &mut self.pods[id as usize]
    }

    pub(crate) fn desired(&mut self, at: SimTime, deployment: DeploymentId, replicas: u32) {
        self.desired.push((at, deployment, replicas));
    }

    pub(crate) fn rollout_begins(&mut self, at: SimTime, deployment: DeploymentId) {
        self.rollouts.push(RolloutRecord { deployment, start: at, end: None, deadline_exceeded: None });
    }

    /// The deployment's latest rollout, unless it is over.
    fn latest_rollout(&mut self, deployment: DeploymentId) -> Option<&mut RolloutRecord> {
        let latest = self.rollouts.iter_mut().rev().find(|r| r.deployment == deployment);
        latest.filter(|r| r.end.is_none())
    }

    /// The deployment's latest rollout is complete; one that another overtook never is.
    pub(crate) fn rollout_complete(&mut self, at: SimTime, deployment: DeploymentId) {
        if let Some(rollout) = self.latest_rollout(deployment) {
            rollout.end = Some(at);
        }
    }

    /// Its latest rollout has not moved for too long. It may go on all the same.
    pub(crate) fn rollout_exceeds_deadline(&mut self, at: SimTime, deployment: DeploymentId) {
        if let Some(rollout) = self.latest_rollout(deployment) {
            rollout.deadline_exceeded.get_or_insert(at);
        }
    }

    /// Whether a deployment's latest rollout is still going on.
    pub(crate) fn rollout_open(&self) -> bool {
        let superseded = |i: usize| {
            self.rollouts[i + 1..].iter().any(|later| later.deployment == self.rollouts[i].deployment)
        };
        (0..self.rollouts.len()).any(|i| self.rollouts[i].end.is_none() && !superseded(i))
    }

    pub(crate) fn drain_begins(&mut self, at: SimTime) {
        self.drains.push(DrainRecord { start: at, end: None, refused: 0, refused_by: None });
    }

    pub(crate) fn drain_ends(&mut self, drain: u32, at: SimTime) {
        self.drains[drain as usize].end = Some(at);
    }

    /// These drains asked for a pod, and its budget refused.
    pub(crate) fn eviction_refused(&mut self, drains: &[u32], of: DeploymentId) {
        for drain in drains {
            let record = &mut self.drains[*drain as usize];
            (record.refused, record.refused_by) = (record.refused + 1, Some(of));
        }
    }

    /// Whether a drain is still going on.
    pub(crate) fn drain_open(&self) -> bool {
        self.drains.iter().any(|drain| drain.end.is_none())
    }

    pub(crate) fn hpa_decided(
        &mut self,
        at: SimTime,
        deployment: DeploymentId,
        current: u32,
        decision: &hpa::Decision,
    ) {
        // Without what grows with the number of pods and what the next reconcile repeats.
        let mut decision = decision.clone();
        decision.history = Default::default();
        decision.metrics.iter_mut().for_each(|metric| metric.classes = Vec::new());
        self.hpa.push(HpaRecord { at, deployment, current, decision });
    }

    /// A process shares requests out by this weight.
    pub(crate) fn weight_changed(&mut self, at: SimTime, process: u32, weight: u32) {
        let before = self.weights.iter().rev().find(|change| change.process == process);
        if before.map_or(0, |change| change.weight) != weight {
            self.weights.push(WeightChange { at, process, weight });
        }
    }

    pub(crate) fn view_changed(&mut self, at: SimTime, holder: ViewHolder, pod: PodId, usable: bool) {
        self.views.push(ViewChange { at, holder, pod, usable });
    }

    /// Counts the pods of the first deployment, which requests go to, and remembers a change.
    pub(crate) fn count_pods(&mut self, at: SimTime, world: &World) {
        let mut now = PodCounts { at, starting: 0, ready: 0, terminating: 0, in_rotation: 0 };
        for pod in world.pods.iter().filter(|pod| pod.deployment == 0) {
            now.in_rotation += u32::from(pod.listed_by > 0);
            match (pod.gone, pod.deleted.is_some(), pod.api_ready) {
                (true, ..) => {}
                (_, true, _) => now.terminating += 1,
                (_, _, true) => now.ready += 1,
                (_, _, false) => now.starting += 1,
            }
        }
        match self.counts.last_mut() {
            Some(last) if PodCounts { at, ..*last } == now => {}
            Some(last) if last.at == at => *last = now,
            _ => self.counts.push(now),
        }
    }
}
