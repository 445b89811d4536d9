//! The Argo Rollouts controller's canary strategy, with and without a traffic router.

use crate::model::canary::{CanarySet, CanaryStep, CanaryView, weight_at};
use crate::random::Stream;
use crate::sim::engine::Engine;
use crate::sim::event::{DeploymentId, Event, ReplicaId, Service, SetId};
use crate::sim::path::RequestPath;
use crate::sim::world::{Canary, RolledBy, Router};
use crate::units::Nanos;

impl<P: RequestPath> Engine<P> {
    /// From now on a Rollout rolls the pods in these steps; with a traffic router old pods stay for
    /// `router` after the new ones were promoted. Both of a router's Services have selected the stable pods
    /// since they were promoted themselves.
    pub(crate) fn begin_canary(&mut self, id: DeploymentId, steps: Vec<CanaryStep>, router: Option<Nanos>) {
        let stable = self.serving_set(id);
        let rolled_by = &mut self.world.deployments[usize::from(id)].rolled_by;
        let told = match rolled_by {
            RolledBy::Canary(canary) => canary.router,
            _ => None,
        };
        let router = router.map(|scale_down_delay| Router {
            scale_down_delay,
            ..told.unwrap_or(Router { scale_down_delay, selects: [stable; 2], weight: 0 })
        });
        *rolled_by = RolledBy::Canary(Canary { stable, steps, index: 0, paused_at: None, router });
    }

    fn canary_set(&self, id: SetId) -> CanarySet {
        let set = &self.world.sets[id as usize];
        CanarySet { replicas: set.replicas, created: set.counted, available: set.available }
    }

    pub(crate) fn canary_sync(&mut self, id: DeploymentId, canary: &Canary) {
        let Canary { stable, steps, index, router, .. } = canary;
        let (stable, index) = (*stable, *index);
        let deployment = &self.world.deployments[usize::from(id)];
        let (revision, set_ids) = (deployment.revision, deployment.sets.clone());
        let new = set_ids.iter().find(|set| self.world.sets[**set as usize].revision == revision).copied();
        let Some(new) = new else {
            self.create_set(id, 0);
            return self.wake_deployment(id);
        };
        let others: Vec<SetId> =
            set_ids.iter().copied().filter(|other| *other != new && *other != stable).collect();
        let view = CanaryView {
            spec: self.deployment_spec(id),
            is_routed: router.is_some(),
            weight: weight_at(steps, index),
            new: self.canary_set(new),
            stable: (stable != new).then(|| self.canary_set(stable)),
            others: others.iter().map(|other| self.canary_set(*other).replicas).sum(),
            others_available: others.iter().map(|other| self.canary_set(*other).available).sum(),
        };
        let router =
            router.map(|router| self.route(id, router, [stable, new], view.router_weight(steps, index)));
        let (new_size, stable_size) = view.sizes();
        let mut changed = self.resize_set(new, new_size);
        if stable != new {
            changed |= self.resize_set(stable, stable_size);
        }
        let available = |set: &SetId| self.canary_set(*set).available.min(self.canary_set(*set).replicas);
        let available: u32 = set_ids.iter().map(available).sum();
        let mut spare = available.saturating_sub(view.spec.min_available());
        // Pods that hold a rollout up because they are broken go first.
        for other in &others {
            let CanarySet { replicas, available, .. } = self.canary_set(*other);
            changed |= self.resize_set(*other, replicas.min(available));
        }
        for other in others {
            let size = self.canary_set(other).replicas;
            let goes = match router {
                None => size.min(spare),
                Some(_) if spare == 0 => 0,
                Some(router) => size - self.stays(id, other, router, stable == new),
            };
            spare = spare.saturating_sub(goes);
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
        let RolledBy::Canary(Canary { stable, index, paused_at, .. }) =
            &mut self.world.deployments[usize::from(id)].rolled_by
        else {
            return;
        };
        let is_over = match (step, *paused_at) {
            (None, _) => {
                // The Services follow, and what is left of the stable set goes.
                if view.may_promote() && *stable != new {
                    *stable = new;
                    self.wake_deployment(id);
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

    // === With a traffic router ===

    /// Switches the Services to the sets that they should select, as soon as those have an available pod, and
    /// tells the router its weight. That a Service is switched for the first time ever only when all are
    /// available is left out.
    fn route(&mut self, id: DeploymentId, mut router: Router, sets: [SetId; 2], weight: u32) -> Router {
        let before = router;
        for (selects, set) in router.selects.iter_mut().zip(sets) {
            if self.canary_set(set).available > 0 {
                *selects = set;
            }
        }
        router.weight = weight;
        if let RolledBy::Canary(canary) = &mut self.world.deployments[usize::from(id)].rolled_by {
            canary.router = Some(router);
        }
        if router.selects != before.selects {
            self.wake_slice(id);
        }
        if router.weight != before.weight {
            self.tell_weight(id, router.weight);
        }
        router
    }

    /// How many pods of a set that is neither new nor stable stay: all while a Service selects them, and for
    /// the delay from then on if it was stable.
    fn stays(&mut self, id: DeploymentId, other: SetId, router: Router, is_promoted: bool) -> u32 {
        let now = self.now;
        let set = &mut self.world.sets[other as usize];
        if router.selects.contains(&other) {
            return set.replicas;
        }
        if set.scale_down_at.is_none() && is_promoted && set.replicas > 0 {
            let at = now + router.scale_down_delay;
            set.scale_down_at = Some(at);
            self.queue.push(at, Event::DeploymentSync(id));
        }
        if set.scale_down_at.is_some_and(|at| now < at) { set.replicas } else { 0 }
    }

    /// Every process of the router hears of a weight on the way of new endpoints, and in the order in which
    /// weights are written.
    fn tell_weight(&mut self, id: DeploymentId, weight: u32) {
        let tier = self.tier_before(id);
        let delivery = self.delivery(tier);
        let delay = delivery.addition_override.clone().unwrap_or_else(|| delivery.add.clone());
        for process in self.clusters(tier, Service::Stable) {
            let heard = self.now + self.world.draw(Stream::Addition, &delay);
            let heard_at = &mut self.replica(process).weight_heard_at;
            *heard_at = (*heard_at).max(heard);
            let at = *heard_at;
            self.queue.push(at, Event::WeightKnown(process, weight));
        }
    }

    pub(crate) fn weight_known(&mut self, id: ReplicaId, weight: u32) {
        let at_once = self.delivery(id.tier).addition_override.is_some();
        let replica = self.replica(id);
        if replica.stale_until.is_some() {
            return;
        }
        replica.weight = weight;
        if at_once {
            self.set_weight(id, weight);
        } else {
            self.schedule_sync(id);
        }
    }

    /// A process shares requests out by this weight from now on.
    pub(super) fn set_weight(&mut self, id: ReplicaId, weight: u32) {
        self.front_of(id.tier).set_weight(id.number, weight);
        self.timeline.weight_changed(self.now, id.number, weight);
    }

    /// The weight of the canary as it was written last, for a process of a tier.
    pub(super) fn written_weight(&self, deployment: usize) -> u32 {
        match &self.world.deployments[deployment].rolled_by {
            RolledBy::Canary(Canary { router: Some(router), .. }) => router.weight,
            _ => 0,
        }
    }
}
