//! Tiers and their processes, where those may be pods that come and go.

use super::endpoints::{Replica, first_key, serves_while_terminating};
use crate::sim::engine::Engine;
use crate::sim::event::{DeploymentId, ReplicaId, TierId};
use crate::sim::path::front::Front;
use crate::sim::path::{PodId, RequestPath};
use crate::sim::spec::Delivery;
use crate::sim::timeline::ViewHolder;

impl<P: RequestPath> Engine<P> {
    /// The tier that sends to the pods of a deployment.
    pub(super) fn tier_before(&self, deployment: DeploymentId) -> TierId {
        let tier = self.world.spec.tier_before(usize::from(deployment));
        TierId::try_from(tier).expect("two tiers at most")
    }

    /// The tier that sends to a pod.
    pub(super) fn tier_of(&self, pod: PodId) -> TierId {
        self.tier_before(self.world.pods[pod as usize].deployment)
    }

    /// How endpoint changes reach a tier.
    pub(super) fn delivery(&self, tier: TierId) -> &Delivery {
        &self.world.spec.tiers[usize::from(tier)].delivery
    }

    pub(super) fn replica(&mut self, id: ReplicaId) -> &mut Replica {
        &mut self.tiers[usize::from(id.tier)].replicas[id.number as usize]
    }

    /// The processes of a tier that have not ended.
    pub(super) fn living_replicas(&self, tier: TierId) -> Vec<ReplicaId> {
        let replicas = (0..).zip(&self.tiers[usize::from(tier)].replicas);
        let living = replicas.filter(|(_, replica)| !replica.gone);
        living.map(|(number, _)| ReplicaId { tier, number }).collect()
    }

    /// What of the request path is this tier.
    pub(super) fn front_of(&mut self, tier: TierId) -> &mut Front {
        if usize::from(tier) + 1 == self.tiers.len() { self.path.front() } else { self.path.outer() }
    }

    /// How the timeline names a process.
    pub(super) fn view_holder(&self, id: ReplicaId) -> ViewHolder {
        if usize::from(id.tier) + 1 == self.tiers.len() {
            ViewHolder::FrontEnd(id.number)
        } else {
            ViewHolder::LoadBalancer(id.number)
        }
    }

    /// Whether the processes of the front end are pods of this deployment.
    pub(super) fn is_ingress(&self, deployment: DeploymentId) -> bool {
        self.world.spec.ingress() == Some(usize::from(deployment))
    }

    /// A process of the front end begins in a pod: it reads the endpoints as they are, and changes
    /// reach it on its own way from now on. The request path has begun it already.
    pub(super) fn begin_front_process(&mut self, pod: PodId) {
        let tier = TierId::try_from(self.tiers.len() - 1).expect("two tiers at most");
        let number = u32::try_from(self.tiers[usize::from(tier)].replicas.len()).expect("few processes");
        let service = 0;
        let spec = self.world.spec.service_tier();
        let falls_back = spec.delivery.falls_back_to_terminating;
        let key = first_key(&self.world.spec, tier) + u64::from(number);
        let mut replica = Replica::new(spec, key, self.world.streams);
        replica.pod = Some(pod);
        replica.known = self.world.deployments[service].slice.clone();
        if falls_back {
            let pods = (0..).zip(&self.world.pods);
            let serves_on = pods.filter(|(_, p)| usize::from(p.deployment) == service);
            replica.terminating =
                serves_on.filter(|(_, p)| serves_while_terminating(p)).map(|(id, _)| id).collect();
        }
        let list = replica.usable().to_vec();
        self.tiers[usize::from(tier)].replicas.push(replica);
        self.publish(ReplicaId { tier, number }, list);
    }

    /// The process of the front end in a pod, if there was one, is gone, and its lists with it.
    pub(super) fn end_front_process(&mut self, pod: PodId) {
        let tier = TierId::try_from(self.tiers.len() - 1).expect("two tiers at most");
        let replicas = &self.tiers[usize::from(tier)].replicas;
        let living = replicas.iter().position(|replica| replica.pod == Some(pod) && !replica.gone);
        let Some(number) = living.and_then(|number| u32::try_from(number).ok()) else { return };
        let id = ReplicaId { tier, number };
        self.record_published(id, Vec::new());
        let replica = self.replica(id);
        replica.gone = true;
        replica.pending = None;
    }
}
