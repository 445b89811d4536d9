//! Policy Local: every node sends connections to its own pods alone, and a load balancer sends none to
//! nodes that have none.
//!
//! Source: pkg/proxy/topology.go CategorizeEndpoints (see [`crate::model::kube_proxy`]); the node's answer
//! to checks from pkg/proxy/healthcheck/service_health.go: 503 without local endpoints that are ready,
//! also while terminating ones still get connections (KEP-1669).

use std::borrow::Cow;

use super::slices::SliceChange;
use crate::random::Stream;
use crate::sim::engine::Engine;
use crate::sim::event::{Event, NodeId, ReplicaId, TierId};
use crate::sim::path::{PodId, RequestPath};
use crate::sim::spec::HealthCheck;
use crate::units::{Nanos, SimTime};

impl<P: RequestPath> Engine<P> {
    fn node_checks(&self, tier: TierId) -> Option<HealthCheck> {
        self.world.spec.tiers[usize::from(tier)].node_local
    }

    /// Of some changes those that concern a process: all, unless it is a node that knows its own pods alone.
    pub(super) fn of_node<'c>(&self, id: ReplicaId, changes: &'c [SliceChange]) -> Cow<'c, [SliceChange]> {
        if self.node_checks(id.tier).is_none() {
            return Cow::Borrowed(changes);
        }
        let own = |change: &&SliceChange| self.world.pods[change.pod as usize].node == id.number;
        Cow::Owned(changes.iter().filter(own).copied().collect())
    }

    /// Of some pods those that a process may know.
    pub(super) fn pods_of_node(&self, id: ReplicaId, pods: &[PodId]) -> Vec<PodId> {
        let local = self.node_checks(id.tier).is_some();
        let own = |pod: &&PodId| !local || self.world.pods[**pod as usize].node == id.number;
        pods.iter().filter(own).copied().collect()
    }

    /// The load balancer has long known which nodes have pods; its checks have random phases.
    pub(super) fn begin_node_checks(&mut self, tier: TierId) {
        let Some(check) = self.node_checks(tier) else { return };
        for node in self.living_replicas(tier) {
            let passes = !self.replica(node).known.is_empty();
            self.tiers[usize::from(tier)].targets.add_checked(node.number, passes);
            let fraction = self.world.keyed(Stream::FrontPhase).fraction(u64::from(node.number), 5 << 32);
            let first = Nanos::from_secs_f64(check.interval.as_secs_f64() * fraction);
            self.queue.push(SimTime::START + first, Event::NodeCheck(node));
        }
        self.send_to_nodes(tier);
    }

    /// One check of a node: it passes if the node knows a ready pod of its own.
    pub(crate) fn node_check(&mut self, node: ReplicaId) {
        let Some(check) = self.node_checks(node.tier) else { return };
        let lives = !self.world.nodes[node.number as usize].dead;
        let passes = lives && !self.replica(node).known.is_empty();
        if self.tiers[usize::from(node.tier)].targets.checked(node.number, passes, &check) {
            self.send_to_nodes(node.tier);
        }
        self.queue.push(self.now + check.interval, Event::NodeCheck(node));
    }

    /// A list was handed on: whether any node has a pod decides what empty ones do.
    pub(super) fn look_for_pods(&mut self, tier: TierId) {
        if self.node_checks(tier).is_some() {
            let some = self.tiers[usize::from(tier)].replicas.iter().any(|node| !node.published.is_empty());
            self.front_of(tier).some_node_has_pods(some);
        }
    }

    /// A node dies: nobody refuses what comes to it.
    pub(super) fn silence_node(&mut self, node: NodeId) {
        for tier in (0..).take(self.tiers.len()) {
            self.front_of(tier).lose_node(node);
        }
    }

    fn send_to_nodes(&mut self, tier: TierId) {
        let nodes = self.tiers[usize::from(tier)].targets.in_service();
        if usize::from(tier) + 1 == self.tiers.len() {
            self.timeline.nodes_in_service.push((self.now, nodes.clone()));
        }
        self.front_of(tier).send_to_nodes(nodes);
    }
}
