//! Tiers and their processes, where those may be pods that come and go.

use super::endpoints::{Replica, first_key, serves_while_terminating};
use crate::sim::engine::Engine;
use crate::sim::event::{DeploymentId, Event, ReplicaId, Service, TierId};
use crate::sim::path::front::Front;
use crate::sim::path::{PodId, RequestPath};
use crate::sim::spec::Delivery;
use crate::sim::timeline::ViewHolder;
use crate::units::{Nanos, SimTime};

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

    /// The lists of a Service's endpoints at the processes of a tier that have not ended.
    pub(super) fn clusters(&self, tier: TierId, service: Service) -> Vec<ReplicaId> {
        let mut clusters = self.living_replicas(tier);
        clusters.retain(|id| self.service_of(*id) == service);
        clusters
    }

    /// Whose endpoints a list has.
    pub(super) fn service_of(&self, id: ReplicaId) -> Service {
        if self.process(id) == id { Service::Stable } else { Service::Canary }
    }

    /// The process that has this list, under the number of its list of the Service itself.
    pub(super) fn process(&self, id: ReplicaId) -> ReplicaId {
        ReplicaId { number: self.world.spec.tiers[usize::from(id.tier)].process_of(id.number), ..id }
    }

    /// A process' list of a Service's endpoints, if it has one.
    pub(super) fn list_of(&self, process: ReplicaId, service: Service) -> Option<ReplicaId> {
        match service {
            Service::Stable => Some(process),
            Service::Canary => self.canary_of(process),
        }
    }

    /// A process' list of the canary Service, if it has one.
    pub(super) fn canary_of(&self, process: ReplicaId) -> Option<ReplicaId> {
        let number = self.world.spec.tiers[usize::from(process.tier)].canary_of(process.number)?;
        Some(ReplicaId { number, ..process })
    }

    /// What of the request path is this tier.
    pub(super) fn front_of(&mut self, tier: TierId) -> &mut Front {
        if usize::from(tier) + 1 == self.tiers.len() { self.path.front() } else { self.path.outer() }
    }

    /// How the timeline names a process.
    pub(super) fn view_holder(&self, id: ReplicaId) -> ViewHolder {
        if self.service_of(id) == Service::Canary {
            ViewHolder::FrontEndCanary(self.process(id).number)
        } else if usize::from(id.tier) + 1 == self.tiers.len() {
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
        let spec = self.world.spec.service_tier();
        let key = first_key(&self.world.spec, tier) + u64::from(number);
        let mut replica = Replica::new(spec, key, self.world.streams);
        replica.pod = Some(pod);
        self.tiers[usize::from(tier)].replicas.push(replica);
        let id = ReplicaId { tier, number };
        self.read_endpoints(id);
        let list = self.replica(id).usable().to_vec();
        self.publish(id, list);
    }

    /// What a process knows are the endpoints as they are.
    fn read_endpoints(&mut self, id: ReplicaId) {
        let spec = &self.world.spec;
        let deployment =
            (0..spec.deployments.len()).find(|number| spec.tier_before(*number) == usize::from(id.tier));
        let Some(deployment) = deployment else { return };
        let slices = &self.world.deployments[deployment].slices;
        let known = self.pods_of_node(id, &slices[self.service_of(id) as usize]);
        let weight = self.written_weight(deployment);
        let terminating = if self.delivery(id.tier).falls_back_to_terminating {
            let pods = (0..).zip(&self.world.pods);
            let of_tier = pods.filter(|(_, pod)| usize::from(pod.deployment) == deployment);
            let serves_on: Vec<PodId> =
                of_tier.filter(|(_, pod)| serves_while_terminating(pod)).map(|(pod, _)| pod).collect();
            self.pods_of_node(id, &serves_on)
        } else {
            Vec::new()
        };
        let replica = self.replica(id);
        (replica.known, replica.terminating, replica.weight) = (known, terminating, weight);
    }

    // === Processes that hear nothing ===

    /// The first processes of the tier before a deployment hear of no changes from now on.
    pub(super) fn leave_stale(&mut self, deployment: DeploymentId, processes: u32, lasts: Option<Nanos>) {
        let tier = self.tier_before(deployment);
        let processes = self.clusters(tier, Service::Stable).into_iter().take(processes as usize);
        let lists = processes.flat_map(|id| [Some(id), self.canary_of(id)]).flatten().collect::<Vec<_>>();
        for id in lists {
            let until = lasts.map_or(SimTime::NEVER, |lasts| self.now + lasts);
            let stale_until = &mut self.replica(id).stale_until;
            *stale_until = (*stale_until).max(Some(until));
            if until < SimTime::NEVER {
                self.queue.push(until, Event::FrontEndCatchesUp(id));
            }
        }
    }

    /// A process hears of changes again, and first of all that it has missed.
    pub(crate) fn catch_up(&mut self, id: ReplicaId) {
        let now = self.now;
        let replica = self.replica(id);
        if replica.gone || replica.stale_until.is_none_or(|until| until > now) {
            return;
        }
        replica.stale_until = None;
        self.read_endpoints(id);
        self.schedule_sync(id);
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
