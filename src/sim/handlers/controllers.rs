//! The Deployment and the ReplicaSet controller.

use crate::model::deployment::{
    self, DeploymentSpec, DeploymentStatus, DeploymentView, Progress, ReplicaSetView, is_complete,
    next_progress, progress_recheck,
};
use crate::model::replica_set::{
    FIRST_BATCH, ReplicaChange, SlowStart, availability_recheck, is_available, manage_replicas,
};
use crate::model::victims::{Candidate, pods_to_delete, ranks_by_node};
use crate::random::{Dist, Stream};
use crate::sim::engine::Engine;
use crate::sim::event::{DeploymentId, Event, SetId};
use crate::sim::path::{PodId, RequestPath};
use crate::sim::spec::VictimOrder;
use crate::sim::world::{ReplicaSet, RolledBy};
use crate::units::Nanos;

impl<P: RequestPath> Engine<P> {
    // === Waking controllers ===

    /// The Deployment controller will look at the Deployment; changes until then go together.
    pub(crate) fn wake_deployment(&mut self, id: DeploymentId) {
        if !std::mem::replace(&mut self.world.deployments[usize::from(id)].sync_due, true) {
            let at = self.now + self.reaction();
            self.queue.push(at, Event::DeploymentSync(id));
        }
    }

    /// The ReplicaSet controller will look at the set.
    pub(crate) fn wake_set(&mut self, id: SetId) {
        if !std::mem::replace(&mut self.world.sets[id as usize].sync_due, true) {
            let at = self.now + self.reaction();
            self.queue.push(at, Event::SetSync(id));
        }
    }

    fn reaction(&mut self) -> Nanos {
        let dist = self.world.spec.control.controller_reaction.clone();
        self.world.draw(Stream::ControlPlane, &dist)
    }

    fn api_write(&mut self) -> Nanos {
        let dist: Dist = self.world.spec.control.api_write.clone();
        self.world.draw(Stream::ControlPlane, &dist)
    }

    // === Deployment ===

    /// `spec` of the Deployment as it stands.
    pub(crate) fn deployment_spec(&self, id: DeploymentId) -> DeploymentSpec {
        let plan = &self.world.spec.deployments[usize::from(id)];
        DeploymentSpec { replicas: self.world.deployments[usize::from(id)].replicas, ..plan.spec }
    }

    pub(crate) fn deployment_sync(&mut self, id: DeploymentId) {
        let deployment = &mut self.world.deployments[usize::from(id)];
        deployment.sync_due = false;
        match deployment.rolled_by.clone() {
            RolledBy::Deployment => self.roll_deployment(id),
            RolledBy::BlueGreen { active, scale_down_delay } => {
                self.blue_green_sync(id, active, scale_down_delay)
            }
            RolledBy::Canary(canary) => self.canary_sync(id, &canary),
        }
    }

    fn roll_deployment(&mut self, id: DeploymentId) {
        let spec = self.deployment_spec(id);
        let deployment = &self.world.deployments[usize::from(id)];
        let revision = deployment.revision;
        let set_ids = deployment.sets.clone();
        let sets: Vec<&ReplicaSet> = set_ids.iter().map(|s| &self.world.sets[*s as usize]).collect();
        let views: Vec<ReplicaSetView> = sets
            .iter()
            .map(|set| ReplicaSetView {
                created: set.created,
                replicas: set.replicas,
                available: set.available,
                annotations: set.annotations,
            })
            .collect();
        let new = sets.iter().position(|set| set.revision == revision);
        let old_pods_exist = self.world.pods.iter().any(|pod| {
            pod.deployment == id && !pod.gone && self.world.sets[pod.set as usize].revision != revision
        });
        let decision = deployment::sync(&DeploymentView { spec, sets: &views, new, old_pods_exist });

        if let Some(replicas) = decision.create_new {
            let set = self.create_set(id, replicas);
            self.world.sets[set as usize].annotations = decision.annotations;
            self.wake_set(set);
        }
        for resize in &decision.resizes {
            let set_id = set_ids[resize.set];
            self.world.sets[set_id as usize].annotations = decision.annotations;
            self.resize_set(set_id, resize.replicas);
        }
        // Every write of the controller comes back to it as a change.
        if decision.create_new.is_some() || !decision.resizes.is_empty() {
            self.wake_deployment(id);
        }
        self.check_complete(id);
    }

    pub(crate) fn create_set(&mut self, id: DeploymentId, replicas: u32) -> SetId {
        let deployment = &mut self.world.deployments[usize::from(id)];
        let set = SetId::try_from(self.world.sets.len()).expect("fewer ReplicaSets than events in a year");
        deployment.sets.push(set);
        self.world.sets.push(ReplicaSet {
            deployment: id,
            revision: deployment.revision,
            template: deployment.template,
            created: self.now,
            replicas,
            annotations: Default::default(),
            available: 0,
            ready: 0,
            counted: 0,
            sync_due: false,
            being_created: 0,
            scale_down_at: None,
        });
        set
    }

    /// The counts of all its sets, as their controller wrote them.
    fn status_of(&self, id: DeploymentId) -> DeploymentStatus {
        let deployment = &self.world.deployments[usize::from(id)];
        let mut status = DeploymentStatus::default();
        for set in deployment.sets.iter().map(|s| &self.world.sets[*s as usize]) {
            status.replicas += set.counted;
            status.ready += set.ready;
            status.available += set.available;
            if set.revision == deployment.revision {
                status.updated += set.counted;
            }
        }
        status
    }

    pub(crate) fn check_complete(&mut self, id: DeploymentId) {
        if is_complete(self.world.deployments[usize::from(id)].replicas, &self.status_of(id)) {
            self.timeline.rollout_complete(self.now, id);
        }
    }

    /// Keeps the condition Progressing up to date. A paused Deployment has no deadline, and Argo Rollouts has
    /// rules of its own.
    pub(crate) fn note_progress(&mut self, id: DeploymentId) {
        let after = self.status_of(id);
        let limit = self.world.spec.deployments[usize::from(id)].progress_deadline_seconds;
        let spec = self.deployment_spec(id);
        let deployment = &mut self.world.deployments[usize::from(id)];
        let before = std::mem::replace(&mut deployment.status, after);
        if !spec.paused && deployment.rolled_by == RolledBy::Deployment {
            let now = self.now;
            let progress = next_progress(deployment.progress, spec.replicas, &before, &after, limit, now);
            self.set_progress(id, progress);
        }
    }

    pub(crate) fn set_progress(&mut self, id: DeploymentId, progress: Progress) {
        let limit = self.world.spec.deployments[usize::from(id)].progress_deadline_seconds;
        let deployment = &mut self.world.deployments[usize::from(id)];
        if std::mem::replace(&mut deployment.progress, progress) == progress {
            return;
        }
        if progress == Progress::DeadlineExceeded {
            self.timeline.rollout_exceeds_deadline(self.now, id);
        }
        if let Some(wait) = progress_recheck(progress, limit, self.now) {
            // With less than a second left it asks at once, and again until the deadline is over.
            self.queue.push(self.now + wait.max(Nanos::from_secs(1)), Event::ProgressCheck(id));
        }
    }

    // === ReplicaSet ===

    pub(crate) fn set_sync(&mut self, id: SetId) {
        self.world.sets[id as usize].sync_due = false;
        self.write_set_status(id);
        let set = &self.world.sets[id as usize];
        let active = self.active_pods(id);
        // Pods asked for count before they are seen, pods given up no longer.
        let expected = u32::try_from(active.len()).unwrap_or(u32::MAX) + set.being_created;
        match manage_replicas(expected, set.replicas) {
            ReplicaChange::Keep => {}
            ReplicaChange::Create(count) => self.create_pods(id, count),
            ReplicaChange::Delete(count) => {
                let victims = self.victims(id, &active, count as usize);
                for pod in victims {
                    self.world.pods[pod as usize].doomed = true;
                    let at = self.now + self.api_write();
                    self.queue.push(at, Event::DeletePod(pod));
                }
            }
        }
    }

    fn active_pods(&self, id: SetId) -> Vec<PodId> {
        let pods = (0..).zip(&self.world.pods);
        pods.filter(|(_, pod)| pod.set == id && pod.is_active() && !pod.doomed).map(|(i, _)| i).collect()
    }

    /// Recomputes what the set's status says; the Deployment controller hears of changes.
    fn write_set_status(&mut self, id: SetId) {
        let set = &self.world.sets[id as usize];
        let min_ready = self.world.spec.deployments[usize::from(set.deployment)].min_ready_seconds;
        let (mut counted, mut ready, mut available) = (0, 0, 0);
        for pod in self.world.pods.iter().filter(|pod| pod.set == id && pod.is_active()) {
            counted += 1;
            ready += u32::from(pod.ready_since.is_some());
            available += u32::from(is_available(pod.ready_since, min_ready, self.now));
        }
        let set = &mut self.world.sets[id as usize];
        let deployment = set.deployment;
        set.ready = ready;
        if (set.counted, set.available) != (counted, available) {
            (set.counted, set.available) = (counted, available);
            self.wake_deployment(deployment);
        }
        self.note_progress(deployment);
    }

    /// A pod of the set has turned ready: it may count later without another event.
    pub(crate) fn recheck_availability(&mut self, id: SetId) {
        let deployment = self.world.sets[id as usize].deployment;
        let min_ready = self.world.spec.deployments[usize::from(deployment)].min_ready_seconds;
        if let Some(wait) = availability_recheck(min_ready) {
            self.queue.push(self.now + wait, Event::SetSync(id));
        }
    }

    /// Creation calls in batches that double; one batch starts when the one before has answered.
    fn create_pods(&mut self, id: SetId, count: u32) {
        self.world.sets[id as usize].being_created += count;
        let slow = self.world.spec.control.slow_start;
        let mut batches = SlowStart::new(count, if slow { FIRST_BATCH } else { count });
        let mut at = self.now;
        while let Some(batch) = batches.batch() {
            at += self.api_write();
            (0..batch).for_each(|_| self.queue.push(at, Event::CreatePod(id)));
            batches.finish(0);
        }
    }

    fn victims(&self, id: SetId, active: &[PodId], count: usize) -> Vec<PodId> {
        let pods = &self.world.pods;
        let chosen: Vec<usize> = match self.world.spec.control.victim_order {
            VictimOrder::OldestFirst => {
                let mut order: Vec<usize> = (0..active.len()).collect();
                order.sort_by_key(|i| (pods[active[*i] as usize].api_ready, active[*i]));
                order.truncate(count);
                order
            }
            VictimOrder::Kubernetes => {
                let deployment = self.world.sets[id as usize].deployment;
                let related: Vec<Option<u32>> = pods
                    .iter()
                    .filter(|pod| pod.deployment == deployment && pod.is_active())
                    .map(|pod| pod.bound.then_some(pod.node))
                    .collect();
                let node = |pod: PodId| pods[pod as usize].bound.then_some(pods[pod as usize].node);
                let nodes: Vec<Option<u32>> = active.iter().map(|pod| node(*pod)).collect();
                let ranks = ranks_by_node(&nodes, &related);
                let candidates: Vec<Candidate> = active
                    .iter()
                    .zip(nodes.iter().zip(&ranks))
                    .map(|(pod, (node, rank))| self.candidate(*pod, *node, *rank))
                    .collect();
                pods_to_delete(&candidates, count, self.now)
            }
        };
        chosen.into_iter().map(|i| active[i]).collect()
    }

    fn candidate(&self, pod: PodId, node: Option<u32>, rank: u32) -> Candidate {
        let pod = &self.world.pods[pod as usize];
        Candidate {
            node,
            phase: pod.phase,
            ready: pod.api_ready,
            deletion_cost: pod.deletion_cost,
            rank,
            ready_since: pod.ready_since.map(|at| at.floor_sec()),
            restarts: pod.containers.iter().map(|c| c.restarts).max().unwrap_or(0),
            created: Some(pod.created.floor_sec()),
            uid: pod.uid,
        }
    }
}
