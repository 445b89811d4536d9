//! Processes of a front end that come and go, as pods do.

use super::process::Process;
use super::{Front, HolderId, Peers};
use crate::model::balancer::Ring;
use crate::model::outcome::Cause;
use crate::sim::path::pool::Pool;

impl Front {
    /// The process whose worker holds this place.
    pub(super) fn process_at(&self, place: usize) -> u32 {
        place as u32 / self.spec.workers.max(1)
    }

    /// The process that a holder is a worker of.
    pub(crate) fn process_of(&self, holder: HolderId) -> u32 {
        self.spec.process_of(self.holders[holder as usize].process)
    }

    /// A process begins: its workers know no endpoint, and no connection is kept. The answer is its
    /// number, which is never used again.
    pub(crate) fn begin_process(&mut self) -> u32 {
        let number = u32::try_from(self.processes.len()).expect("fewer processes than events in a year");
        self.processes.push(Process::new(&self.spec, self.first_key + number, self.streams));
        for _ in 0..self.spec.workers.max(1) {
            let holder = self.new_holder(self.current.len(), &[]);
            self.current.push(holder);
            self.retiring.push(None);
        }
        number
    }

    /// A process has ended, and whatever it had under way with it.
    pub(crate) fn end_process(&mut self, number: u32) {
        self.processes[number as usize].gone = true;
        self.forget_lines(number);
        for place in self.places(number) {
            self.overlaps -= u32::from(self.retiring[place].take().is_some());
            let holder = &mut self.holders[self.current[place] as usize];
            holder.peers = Peers::Ring(Ring::default());
            holder.pool = Pool::default();
        }
    }

    /// The holder that takes the connection with the number `connection`.
    #[inline]
    pub(crate) fn holder_of(&self, connection: u64) -> HolderId {
        if self.current.len() == 1 && self.overlaps == 0 {
            return self.current[0];
        }
        if let Some(nodes) = &self.nodes_in_service {
            return self.holder_in(one_of(nodes, self.holder_bits.at(connection, 0)), connection);
        }
        self.holder_among(0..self.current.len(), self.holder_bits.at(connection, 0))
    }

    /// From now on these nodes get new connections, each for its own pods.
    pub(crate) fn send_to_nodes(&mut self, nodes: Vec<u32>) {
        self.nodes_in_service = Some(nodes);
    }

    /// Whether any node has a pod; a Service without any is refused and not dropped.
    pub(crate) fn some_node_has_pods(&mut self, some: bool) {
        self.some_node_has_pods = some;
    }

    /// A node dies, and nobody on it answers or refuses anything any more.
    pub(crate) fn lose_node(&mut self, node: u32) {
        self.dead_nodes.push(node);
    }

    /// Why a holder without endpoints answers nothing at all, if it does not.
    /// Source: under policy Local kube-proxy drops what comes for a Service that has endpoints on other
    /// nodes only, and rejects it if there are none (pkg/proxy/iptables/proxier.go).
    pub(crate) fn silent_because(&self, holder: HolderId) -> Option<Cause> {
        self.spec.node_local?;
        if self.dead_nodes.contains(&self.process_of(holder)) {
            return Some(Cause::NodeLost);
        }
        self.some_node_has_pods.then_some(Cause::NoLocalEndpoints)
    }

    /// The connections to a pod that nobody uses are closed in an orderly way, whoever keeps them.
    pub(crate) fn close_idle_to(&mut self, pod: u32) {
        if let Some(pins) = &mut self.pins {
            pins.retain(|_, pin| !pin.leads_to(pod));
        }
        self.holders.iter_mut().for_each(|holder| holder.pool.forget(pod));
    }

    /// The worker of a process that takes the connection with this number. The draw is not that by
    /// which the tier before has chosen.
    #[inline]
    pub(crate) fn holder_in(&self, process: u32, connection: u64) -> HolderId {
        self.holder_among(self.places(process), self.holder_bits.at(connection, 1))
    }

    /// One of the holders in these places, by a draw.
    #[inline(always)]
    pub(super) fn holder_among(&self, places: std::ops::Range<usize>, bits: u64) -> HolderId {
        let place = places.start + (((bits >> 32) * places.len() as u64) >> 32) as usize;
        match self.retiring[place] {
            Some(old) if bits & 1 == 0 => old,
            _ => self.current[place],
        }
    }
}

/// One of these nodes, by a draw.
fn one_of(nodes: &[u32], bits: u64) -> u32 {
    nodes[(((bits >> 32) * nodes.len() as u64) >> 32) as usize]
}
