//! Removals whose whole duration the scenario says, in place of the stages.

use super::endpoints::serves_while_terminating;
use crate::random::Stream;
use crate::sim::engine::Engine;
use crate::sim::event::{Event, ReplicaId};
use crate::sim::path::{PodId, RequestPath};
use crate::sim::spec::Mechanism;

impl<P: RequestPath> Engine<P> {
    /// A list without the pods whose removal was overridden. A process drops its last pod by taking a
    /// newer list, so it has the pods that came meanwhile, whatever the stages say, and no older list
    /// takes them away again. If none came, it falls back to those that terminate and still serve where it
    /// does that at all.
    pub(super) fn without_barred(&mut self, id: ReplicaId, mut list: Vec<PodId>) -> Vec<PodId> {
        let Some(last) = list.last().copied() else { return list };
        let tier = &self.tiers[usize::from(id.tier)];
        let replica = &tier.replicas[id.number as usize];
        if replica.stale_until.is_some() {
            return list;
        }
        let serving = replica.terminating.clone();
        list.retain(|pod| !tier.barred.contains(pod));
        if !list.is_empty() {
            return list;
        }
        let newer = self.usable_pods(self.world.pods[last as usize].deployment, self.service_of(id));
        let newer = self.pods_of_node(id, &newer);
        let replica = self.replica(id);
        for list in [Some(&mut replica.known), replica.pending.as_mut().map(|(_, list)| list)] {
            let Some(list) = list else { continue };
            list.extend(newer.iter().filter(|pod| !list.contains(pod)).copied().collect::<Vec<_>>());
        }
        if newer.is_empty() { serving } else { newer }
    }

    /// If the scenario says how long a removal takes in all, that replaces the stages.
    pub(crate) fn schedule_removal_override(&mut self, id: PodId) {
        if let Some(total) = &self.delivery(self.tier_of(id)).removal_override {
            let delay = self.world.draw_for(Stream::Removal, total, id, 0);
            self.queue.push(self.now + delay, Event::RemovalOverride(id));
        }
    }

    pub(crate) fn removal_override(&mut self, pod: PodId) {
        let tier = self.tier_of(pod);
        if let Mechanism::TargetGroup(_) = self.delivery(tier).mechanism {
            return self.target_changed(pod, false);
        }
        self.tiers[usize::from(tier)].barred.push(pod);
        let serves_on = self.delivery(tier).falls_back_to_terminating
            && serves_while_terminating(&self.world.pods[pod as usize]);
        for id in self.living_replicas(tier) {
            let replica = self.replica(id);
            if replica.stale_until.is_some() {
                continue;
            }
            let was_known = replica.known.contains(&pod);
            replica.known.retain(|known| *known != pod);
            if was_known && serves_on {
                replica.terminating.push(pod);
            }
            let list = replica.servers.told().unwrap_or(&replica.published).to_vec();
            self.publish(id, list);
        }
    }
}
