//! EndpointSlices: what they say is usable, and how front ends hear of it.

use super::endpoints::serves_while_terminating;
use crate::model::endpoints::conditions;
use crate::random::Stream;
use crate::sim::engine::Engine;
use crate::sim::event::{DeploymentId, Event, ReplicaId, Service, TierId};
use crate::sim::path::{PodId, RequestPath};
use crate::sim::timeline::ViewHolder;
use crate::sim::world::Pod;
use crate::units::Nanos;

/// A Service's slices gained or lost a usable pod.
#[derive(Clone, Copy, Debug)]
pub(super) struct SliceChange {
    pub(super) service: Service,
    pub(super) pod: PodId,
    pub(super) usable: bool,
}

impl<P: RequestPath> Engine<P> {
    /// The EndpointSlice controller will look at the Service; changes until then go together.
    pub(crate) fn wake_slice(&mut self, id: DeploymentId) {
        if !std::mem::replace(&mut self.world.deployments[usize::from(id)].slice_due, true) {
            let dist = self.world.spec.control.slice_sync.clone();
            let at = self.now + self.world.draw(Stream::ControlPlane, &dist);
            self.queue.push(at, Event::SliceSync(id));
        }
    }

    /// Writes the slices and tells every process of the front end what changed.
    pub(crate) fn slice_sync(&mut self, id: DeploymentId) {
        self.world.deployments[usize::from(id)].slice_due = false;
        let tier = self.tier_before(id);
        let has_canary = self.world.spec.tiers[usize::from(tier)].has_canary;
        let services = [Service::Stable, Service::Canary].into_iter().take(1 + usize::from(has_canary));
        let changes: Vec<SliceChange> =
            services.flat_map(|service| self.write_slice(id, tier, service)).collect();
        if !changes.is_empty() {
            self.tell_front(tier, &changes);
        }
    }

    fn write_slice(&mut self, id: DeploymentId, tier: TierId, service: Service) -> Vec<SliceChange> {
        let now_usable = self.usable_pods(id, service);
        let slice = &mut self.world.deployments[usize::from(id)].slices[service as usize];
        let before = std::mem::replace(slice, now_usable.clone());
        // Both lists are sorted by pod number.
        let added = now_usable.iter().filter(|p| before.binary_search(p).is_err()).map(|p| (*p, true));
        let removed = before.iter().filter(|p| now_usable.binary_search(p).is_err()).map(|p| (*p, false));
        let mut changes: Vec<(PodId, bool)> = added.chain(removed).collect();
        let holder = match service {
            Service::Stable => ViewHolder::Slice,
            Service::Canary => ViewHolder::CanarySlice,
        };
        for &(pod, usable) in &changes {
            self.timeline.view_changed(self.now, holder, pod, usable);
            let is_selected = [Service::Stable, Service::Canary].iter().any(|s| self.is_selected(*s, pod));
            if !usable && !is_selected && self.world.pods[pod as usize].deleted.is_none() {
                self.timeline.pod(pod).deselected = Some(self.now);
            }
        }
        if self.delivery(tier).falls_back_to_terminating {
            changes.extend(self.no_longer_serving(id, service).into_iter().map(|pod| (pod, false)));
        }
        changes.into_iter().map(|(pod, usable)| SliceChange { service, pod, usable }).collect()
    }

    /// The pods that a slice written now would call ready.
    pub(super) fn usable_pods(&self, id: DeploymentId, service: Service) -> Vec<PodId> {
        let plan = &self.world.spec.deployments[usize::from(id)];
        let publish_not_ready = plan.publish_not_ready_addresses;
        let usable = |pod: &Pod| {
            // A target must be registered before its readiness gate can be set.
            let ready = if plan.templates[pod.template].readiness_gate {
                pod.api_containers_ready
            } else {
                pod.api_ready
            };
            pod.deployment == id
                && pod.has_ip
                && !pod.gone
                && conditions(ready, pod.deleted.is_some(), publish_not_ready).ready
        };
        let pods = (0..).zip(&self.world.pods).filter(|(_, pod)| usable(pod)).map(|(i, _)| i);
        pods.filter(|pod| self.is_selected(service, *pod)).collect()
    }

    /// Pods that processes might fall back to and that do not serve any more.
    fn no_longer_serving(&self, id: DeploymentId, service: Service) -> Vec<PodId> {
        let tier = self.tier_before(id);
        let replicas = &self.tiers[usize::from(tier)].replicas;
        let clusters = self.clusters(tier, service);
        let known = clusters.iter().flat_map(|id| replicas[id.number as usize].terminating.iter().copied());
        let mut ended: Vec<PodId> =
            known.filter(|pod| !serves_while_terminating(&self.world.pods[*pod as usize])).collect();
        ended.sort_unstable();
        ended.dedup();
        ended
    }

    /// Each process learns of each change after the delivery's delay. A slice is one object and a
    /// watch keeps its versions in order, so its changes travel together and none overtakes another:
    /// nobody ever sees an old pod gone before the new one that replaced it. Pod events that are
    /// heard of directly have no such order.
    fn tell_front(&mut self, tier: TierId, changes: &[SliceChange]) {
        let delivery = self.delivery(tier).clone();
        let (now, direct) = (self.now, self.world.spec.control.direct_endpoints);
        for process in self.clusters(tier, Service::Stable) {
            let changes = self.of_node(process, changes);
            if changes.is_empty() {
                continue;
            }
            let elsewhere = delivery.remove_elsewhere.as_ref().filter(|_| process.number > 0);
            let remove = elsewhere.unwrap_or(&delivery.remove);
            let together = (!direct).then(|| {
                let add = self.world.draw(Stream::Addition, &delivery.add);
                let remove = self.world.draw(Stream::Removal, remove);
                let delay = if changes.iter().any(|change| change.usable) { add } else { remove };
                let heard_at = &mut self.replica(process).heard_at;
                *heard_at = (*heard_at).max(now + delay);
                heard_at.since(now)
            });
            let mut added = Nanos::ZERO;
            for &SliceChange { service, pod, usable } in &*changes {
                let Some(list) = self.list_of(process, service) else { continue };
                let (stream, dist) =
                    if usable { (Stream::Addition, &delivery.add) } else { (Stream::Removal, remove) };
                let overriding =
                    if usable { &delivery.addition_override } else { &delivery.removal_override };
                let key = u64::from(process.number) << 32
                    | u64::from(self.world.pods[pod as usize].endpoint_events);
                let mut delay = match (overriding, together) {
                    // A deleted pod's removal was scheduled with its deletion, but that it serves no more is
                    // news for those that fall back to it.
                    (Some(_), _) if !usable && self.was_removed(list, pod) => continue,
                    (Some(total), _) => self.world.draw_for(stream, total, pod, key),
                    (None, Some(delay)) => delay,
                    (None, None) => self.world.draw_for(stream, dist, pod, key),
                };
                // A Service that was switched has its new pods before it has lost the old ones.
                if !usable && together.is_some() && !self.is_selected(service, pod) {
                    delay = delay.max(added);
                }
                added = if usable { added.max(delay) } else { added };
                self.queue.push(self.now + delay, Event::EndpointKnown(list, pod, usable));
            }
        }
    }

    /// Whether the removal of a deleted pod is all that a process has to hear of it.
    fn was_removed(&self, id: ReplicaId, pod: PodId) -> bool {
        let replica = &self.tiers[usize::from(id.tier)].replicas[id.number as usize];
        self.world.pods[pod as usize].deleted.is_some() && !replica.terminating.contains(&pod)
    }
}
