//! Nodes: drained, or dead.

use crate::model::eviction::{POLL, RETRY_AFTER, Selected, Victim, may_evict};
use crate::model::node_health::{LEASE_RENEWAL, MONITOR_PERIOD, TOLERATION, unreachable_at};
use crate::random::Stream;
use crate::sim::engine::Engine;
use crate::sim::event::{DeploymentId, Event, NodeId};
use crate::sim::path::{PodId, RequestPath};
use crate::sim::world::Pod;
use crate::units::Nanos;

impl<P: RequestPath> Engine<P> {
    /// Nodes with pods of a deployment that live, in an order drawn for the event.
    fn nodes_in_use(&self, deployment: DeploymentId, event: u32) -> Vec<NodeId> {
        let lives = |node: &NodeId| {
            let mut pods = self.world.pods.iter().filter(|pod| pod.deployment == deployment);
            pods.any(|pod| pod.node == *node && pod.is_active() && pod.is_there(&self.world.nodes))
        };
        let keyed = self.world.keyed(Stream::Victims);
        let mut nodes: Vec<NodeId> = (0..self.world.spec.control.nodes).filter(lives).collect();
        nodes.sort_by_key(|node| keyed.at(u64::from(event) | 1 << 40, u64::from(*node)));
        nodes
    }

    /// The node that a new pod goes to: spread over all, as the default scheduler tries to, past
    /// those that take none.
    pub(crate) fn node_for(&self, pod: PodId) -> NodeId {
        let count = self.world.spec.control.nodes.max(1);
        let nodes = (0..count).map(|step| (pod + step) % count);
        nodes.into_iter().find(|node| !self.world.nodes[*node as usize].cordoned).unwrap_or(pod % count)
    }

    /// The node that a pod is bound to: the one meant for it, or the next that has room. `None` if none has.
    pub(crate) fn node_with_room(&self, id: PodId) -> Option<NodeId> {
        let meant = self.world.pods[id as usize].node;
        let Some(room) = self.world.spec.control.pods_per_node else { return Some(meant) };
        let count = self.world.spec.control.nodes.max(1);
        let nodes = (0..count).map(|step| (meant + step) % count);
        let has_room = |node: &NodeId| {
            let there = |pod: &&Pod| pod.bound && !pod.gone && pod.node == *node;
            let taken = self.world.pods.iter().filter(there).count();
            !self.world.nodes[*node as usize].cordoned && taken < room as usize
        };
        nodes.into_iter().find(has_room)
    }

    /// A pod is gone: those that wait for room are tried again.
    pub(crate) fn try_unschedulable(&mut self) {
        for id in std::mem::take(&mut self.world.unschedulable) {
            let schedule = &self.world.spec.control.schedule;
            let delay = self.world.draw_for(Stream::Scheduling, schedule, id, 1);
            self.queue.push(self.now + delay, Event::PodBound(id));
        }
    }

    // === Drains ===

    /// `kubectl drain` of several nodes: all are cordoned, then drained one after the other.
    pub(crate) fn drain_nodes(&mut self, deployment: DeploymentId, event: u32, count: u32) {
        let nodes: Vec<NodeId> =
            self.nodes_in_use(deployment, event).into_iter().take(count as usize).collect();
        for node in &nodes {
            self.world.nodes[*node as usize].cordoned = true;
        }
        let drain = u32::try_from(self.world.drains.len()).expect("drains are counted in dozens");
        self.world.drains.push((Vec::new(), nodes));
        self.timeline.drain_begins(self.now);
        self.drain_next(drain);
    }

    fn drain_next(&mut self, drain: u32) {
        let (pods, rest) = &mut self.world.drains[drain as usize];
        if rest.is_empty() {
            pods.clear();
            return self.timeline.drain_ends(drain, self.now);
        }
        let node = rest.remove(0);
        let pods = self.pods_on(node);
        self.world.drains[drain as usize].0.clone_from(&pods);
        for pod in pods {
            self.evict(pod);
        }
        self.queue.push(self.now + POLL, Event::DrainPoll(drain));
    }

    /// Whether the pods that were found on the node are gone, so that the next one's turn comes.
    pub(crate) fn drain_poll(&mut self, drain: u32) {
        let (pods, _) = &self.world.drains[drain as usize];
        if pods.iter().all(|pod| self.world.pods[*pod as usize].gone) {
            self.drain_next(drain);
        } else {
            self.queue.push(self.now + POLL, Event::DrainPoll(drain));
        }
    }

    fn pods_on(&self, node: NodeId) -> Vec<PodId> {
        let pods = (0..).zip(&self.world.pods);
        pods.filter(|(_, pod)| pod.node == node && !pod.gone).map(|(id, _)| id).collect()
    }

    /// A POST to the pod's `eviction`: deleted if its budget allows, asked again later if not.
    pub(crate) fn evict(&mut self, id: PodId) {
        let pod = &self.world.pods[id as usize];
        if pod.gone || pod.deleted.is_some() {
            return;
        }
        let deployment = usize::from(pod.deployment);
        let budget = self.world.spec.deployments[deployment].disruption_budget.as_ref();
        let healthy = |other: &&Pod| {
            other.deployment == pod.deployment && other.api_ready && other.deleted.is_none() && !other.gone
        };
        let selected = Selected {
            expected: self.world.deployments[deployment].replicas,
            healthy: u32::try_from(self.world.pods.iter().filter(healthy).count()).unwrap_or(u32::MAX),
        };
        let victim = Victim { phase: pod.phase, ready: pod.api_ready, deleting: false };
        if may_evict(budget.map(|(budget, _)| budget), victim, selected) {
            self.delete_pod(id, None);
        } else {
            let asks = (0..).zip(&self.world.drains).filter(|(_, (pods, _))| pods.contains(&id));
            let drains: Vec<u32> = asks.map(|(drain, _)| drain).collect();
            self.timeline.eviction_refused(&drains, pod.deployment);
            self.queue.push(self.now + RETRY_AFTER, Event::Evict(id));
        }
    }

    // === Dead nodes ===

    /// So many nodes die.
    pub(crate) fn lose_nodes(&mut self, deployment: DeploymentId, event: u32, count: u32) {
        for node in self.nodes_in_use(deployment, event).into_iter().take(count as usize) {
            self.lose_node(node);
        }
    }

    /// All nodes of one zone die; which zone, is drawn among those with pods.
    pub(crate) fn lose_zone(&mut self, deployment: DeploymentId, event: u32) {
        let control = &self.world.spec.control;
        let (zones, nodes) = (control.zones.max(1), control.nodes);
        let Some(first) = self.nodes_in_use(deployment, event).first().copied() else { return };
        for node in (0..nodes).filter(|node| node % zones == first % zones) {
            self.lose_node(node);
        }
    }

    /// A node dies without a word: what happens on it stops, and the cluster finds out by its lease.
    fn lose_node(&mut self, node: NodeId) {
        if std::mem::replace(&mut self.world.nodes[node as usize].dead, true) {
            return;
        }
        self.silence_node(node);
        // Processes whose object is gone already may still be there.
        let there = |(_, pod): &(PodId, &Pod)| pod.node == node && !pod.address_gone;
        let lost: Vec<PodId> = (0..).zip(&self.world.pods).filter(there).map(|(id, _)| id).collect();
        for id in lost {
            self.timeline.pod(id).lost = Some(self.now);
            self.path.fall_silent(id, self.now.0);
            self.end_front_process(id);
        }
        let phases = self.world.keyed(Stream::KubeletPhase);
        let phase = |key: u64, period: Nanos| {
            Nanos::from_secs_f64(period.as_secs_f64() * phases.fraction(u64::MAX - u64::from(node), key))
        };
        let renewed = self.now - phase(0, LEASE_RENEWAL);
        let look = self.now + phase(1, MONITOR_PERIOD);
        let patience = self.world.spec.control.node_monitor_grace_period;
        let noticed = unreachable_at(renewed, look, patience).max(self.now);
        self.queue.push(noticed, Event::NodeUnreachable(node));
        self.queue.push(noticed + TOLERATION, Event::NodeGivenUp(node));
    }

    /// The node lifecycle controller takes a node's pods out of service, and no pod goes there.
    pub(crate) fn node_unreachable(&mut self, node: NodeId) {
        self.world.nodes[node as usize].cordoned = true;
        for id in self.pods_on(node) {
            let pod = &mut self.world.pods[id as usize];
            (pod.ready, pod.containers_ready) = (false, false);
            let transition = u64::from(pod.endpoint_events);
            let dist = &self.world.spec.control.api_write;
            let delay = self.world.draw_for(Stream::StatusPatch, dist, id, transition | 1 << 40);
            self.queue.push(self.now + delay, Event::StatusPatched(id));
        }
    }

    /// Nobody tolerates the node any longer: its pods are deleted. Without a kubelet they never end.
    pub(crate) fn node_given_up(&mut self, node: NodeId) {
        for pod in self.pods_on(node) {
            self.delete_pod(pod, None);
        }
    }
}
