//! The Argo Rollouts controller: blue/green and canary in place of the Deployment controller.

use crate::model::blue_green::{self, BlueGreenSet};
use crate::model::canary::{CanarySet, CanaryStep, CanaryView, weight_at};
use crate::sim::engine::Engine;
use crate::sim::event::{DeploymentId, Event, SetId};
use crate::sim::path::{PodId, RequestPath};
use crate::sim::world::RolledBy;
use crate::units::Nanos;

impl<P: RequestPath> Engine<P> {
    /// From now on a Rollout rolls the pods by blue/green; what serves now stays selected until the switch.
    pub(crate) fn begin_blue_green(&mut self, id: DeploymentId, scale_down_delay: Nanos) {
        let active = self.serving_set(id);
        self.world.deployments[usize::from(id)].rolled_by = RolledBy::BlueGreen { active, scale_down_delay };
    }

    /// From now on a Rollout rolls the pods in these steps.
    pub(crate) fn begin_canary(&mut self, id: DeploymentId, steps: Vec<CanaryStep>) {
        let stable = self.serving_set(id);
        self.world.deployments[usize::from(id)].rolled_by =
            RolledBy::Canary { stable, steps, index: 0, paused_at: None };
    }

    /// The set that was promoted last; after a Deployment's own rollouts the newest one.
    fn serving_set(&self, id: DeploymentId) -> SetId {
        let deployment = &self.world.deployments[usize::from(id)];
        match &deployment.rolled_by {
            RolledBy::BlueGreen { active, .. } => *active,
            RolledBy::Canary { stable, .. } => *stable,
            RolledBy::Deployment => deployment.sets.last().copied().unwrap_or_default(),
        }
    }

    /// Whether the Service selects a pod of its workload, as the Service stands.
    pub(crate) fn is_selected(&self, pod: PodId) -> bool {
        let pod = &self.world.pods[pod as usize];
        match self.world.deployments[usize::from(pod.deployment)].rolled_by {
            RolledBy::BlueGreen { active, .. } => pod.set == active,
            RolledBy::Deployment | RolledBy::Canary { .. } => true,
        }
    }

    pub(crate) fn blue_green_sync(&mut self, id: DeploymentId, active: SetId, scale_down_delay: Nanos) {
        let deployment = &self.world.deployments[usize::from(id)];
        let (desired, revision, set_ids) =
            (deployment.replicas, deployment.revision, deployment.sets.clone());
        let view = |set_id: &SetId| {
            let set = &self.world.sets[*set_id as usize];
            BlueGreenSet {
                replicas: set.replicas,
                available: set.available,
                is_active: *set_id == active,
                is_new: set.revision == revision,
                scale_down_at: set.scale_down_at,
            }
        };
        let views: Vec<BlueGreenSet> = set_ids.iter().map(view).collect();
        let decision = blue_green::sync(desired, &views, self.now);
        if let Some(replicas) = decision.create_new {
            let set = self.create_set(id, replicas);
            self.wake_set(set);
        }
        for resize in &decision.resizes {
            self.resize_set(set_ids[resize.set], resize.replicas);
        }
        let new = set_ids.iter().find(|set| self.world.sets[**set as usize].revision == revision).copied();
        if let Some(new) = new.filter(|_| decision.switch) {
            let at = self.now + scale_down_delay;
            self.world.sets[active as usize].scale_down_at = Some(at);
            self.world.sets[new as usize].scale_down_at = None;
            self.world.deployments[usize::from(id)].rolled_by =
                RolledBy::BlueGreen { active: new, scale_down_delay };
            self.queue.push(at, Event::DeploymentSync(id));
            self.wake_slice(id);
        }
        if decision.create_new.is_some() || !decision.resizes.is_empty() || decision.switch {
            self.wake_deployment(id);
        }
        self.check_complete(id);
    }

    pub(crate) fn canary_sync(
        &mut self,
        id: DeploymentId,
        stable: SetId,
        steps: &[CanaryStep],
        index: usize,
    ) {
        let spec = self.deployment_spec(id);
        let deployment = &self.world.deployments[usize::from(id)];
        let (revision, set_ids) = (deployment.revision, deployment.sets.clone());
        let new = set_ids.iter().find(|set| self.world.sets[**set as usize].revision == revision).copied();
        let Some(new) = new else {
            self.create_set(id, 0);
            return self.wake_deployment(id);
        };
        let set = |set_id: SetId| {
            let set = &self.world.sets[set_id as usize];
            CanarySet { replicas: set.replicas, available: set.available }
        };
        let others: Vec<SetId> =
            set_ids.iter().copied().filter(|other| *other != new && *other != stable).collect();
        let view = CanaryView {
            spec,
            weight: weight_at(steps, index),
            new: set(new),
            stable: (stable != new).then(|| set(stable)),
            others: others.iter().map(|other| set(*other).replicas).sum(),
        };
        let (new_size, stable_size) = view.sizes();
        let mut changed = self.resize_set(new, new_size);
        if stable != new {
            changed |= self.resize_set(stable, stable_size);
        }
        let available: u32 = set_ids.iter().map(|other| set_available(self, *other)).sum();
        let mut spare = available.saturating_sub(spec.min_available());
        for other in others {
            let size = self.world.sets[other as usize].replicas;
            let goes = size.min(spare);
            spare -= goes;
            changed |= self.resize_set(other, size - goes);
        }
        if changed {
            self.wake_deployment(id);
        } else {
            self.canary_step(id, new, &view, steps.get(index).copied());
        }
        self.check_complete(id);
    }

    /// Nothing was resized: the step in force may be over, or all steps are and the new pods are the stable
    /// ones from now on.
    fn canary_step(&mut self, id: DeploymentId, new: SetId, view: &CanaryView, step: Option<CanaryStep>) {
        let now = self.now;
        let RolledBy::Canary { stable, index, paused_at, .. } =
            &mut self.world.deployments[usize::from(id)].rolled_by
        else {
            return;
        };
        let is_over = match (step, *paused_at) {
            (None, _) => {
                if view.is_reached() {
                    *stable = new;
                }
                return;
            }
            (Some(CanaryStep::SetWeight(_)), _) => view.is_reached(),
            (Some(CanaryStep::Pause(pause)), None) => {
                *paused_at = Some(now);
                self.queue.push(now + pause, Event::DeploymentSync(id));
                return;
            }
            (Some(CanaryStep::Pause(pause)), Some(since)) => since + pause <= now,
        };
        if is_over {
            (*index, *paused_at) = (*index + 1, None);
            self.wake_deployment(id);
        }
    }

    /// Gives a set another size; whether it had one.
    pub(crate) fn resize_set(&mut self, id: SetId, replicas: u32) -> bool {
        let set = &mut self.world.sets[id as usize];
        let changes = set.replicas != replicas;
        set.replicas = replicas;
        if changes {
            self.wake_set(id);
        }
        changes
    }
}

fn set_available<P: RequestPath>(engine: &Engine<P>, set: SetId) -> u32 {
    let set = &engine.world.sets[set as usize];
    set.available.min(set.replicas)
}
