//! The Argo Rollouts controller in place of the Deployment controller, and its blue/green strategy.

use crate::model::blue_green::{self, BlueGreenSet};
use crate::sim::engine::Engine;
use crate::sim::event::{DeploymentId, Event, Service, SetId};
use crate::sim::path::{PodId, RequestPath};
use crate::sim::world::{Canary, RolledBy};
use crate::units::Nanos;

impl<P: RequestPath> Engine<P> {
    /// From now on a Rollout rolls the pods by blue/green; what serves now stays selected until the switch.
    pub(crate) fn begin_blue_green(&mut self, id: DeploymentId, scale_down_delay: Nanos) {
        let active = self.serving_set(id);
        self.world.deployments[usize::from(id)].rolled_by = RolledBy::BlueGreen { active, scale_down_delay };
    }

    /// The set that was promoted last; after a Deployment's own rollouts the newest one.
    pub(super) fn serving_set(&self, id: DeploymentId) -> SetId {
        let deployment = &self.world.deployments[usize::from(id)];
        match &deployment.rolled_by {
            RolledBy::BlueGreen { active, .. } => *active,
            RolledBy::Canary(canary) => canary.stable,
            RolledBy::Deployment => deployment.sets.last().copied().unwrap_or_default(),
        }
    }

    /// Whether a Service selects a pod of its workload, as the Service stands.
    pub(crate) fn is_selected(&self, service: Service, pod: PodId) -> bool {
        let pod = &self.world.pods[pod as usize];
        match &self.world.deployments[usize::from(pod.deployment)].rolled_by {
            RolledBy::BlueGreen { active, .. } => pod.set == *active,
            RolledBy::Canary(Canary { router: Some(router), .. }) => {
                pod.set == router.selects[service as usize]
            }
            RolledBy::Deployment | RolledBy::Canary(_) => true,
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
