//! Health checks that every process of a front end makes on its own, as HAProxy does.

use std::collections::BTreeMap;

use crate::model::server_check::ServerHealth;
use crate::random::Stream;
use crate::sim::engine::Engine;
use crate::sim::event::{Event, ReplicaId, TierId};
use crate::sim::path::{PodId, RequestPath};
use crate::sim::spec::{AfterExit, Mechanism, ServerChecks};
use crate::units::{Nanos, SimTime};

/// The servers of one process.
#[derive(Debug, Default)]
pub(crate) struct Servers {
    /// What the process was told to use, in order, if it checks that itself.
    told: Option<Vec<PodId>>,
    state: BTreeMap<PodId, Server>,
}

#[derive(Clone, Copy, Debug)]
struct Server {
    health: ServerHealth,
    /// When its next check begins, or the one under way is given up.
    next: SimTime,
}

impl Servers {
    /// What the process was told to use, if it checks that itself.
    pub(crate) fn told(&self) -> Option<&[PodId]> {
        self.told.as_deref()
    }
}

impl<P: RequestPath> Engine<P> {
    fn server_checks(&self, tier: TierId) -> Option<ServerChecks> {
        match self.delivery(tier).mechanism {
            Mechanism::InPlace { checks, .. } => checks,
            _ => None,
        }
    }

    /// Of the servers that a process is told to use those that its checks find up. Checks of new
    /// ones begin at a random phase; those of the beginning have long been passing.
    pub(crate) fn up_of(&mut self, id: ReplicaId, list: Vec<PodId>) -> Vec<PodId> {
        let Some(checks) = self.server_checks(id.tier) else { return list };
        let mut servers = std::mem::take(&mut self.replica(id).servers);
        servers.state.retain(|pod, _| list.contains(pod));
        for &pod in &list {
            servers.state.entry(pod).or_insert_with(|| {
                let phases = self.world.keyed(Stream::FrontPhase);
                let fraction = phases.fraction(u64::from(pod), (4 << 32) + u64::from(id.number));
                let next = self.now + Nanos::from_secs_f64(checks.interval.as_secs_f64() * fraction);
                self.queue.push(next, Event::ServerCheck(id, pod));
                let health = match self.now {
                    SimTime::START => ServerHealth::full(checks.thresholds),
                    _ => ServerHealth::enabled(checks.thresholds),
                };
                Server { health, next }
            });
        }
        let is_up = |pod: &PodId| servers.state.get(pod).is_some_and(|s| s.health.is_up(checks.thresholds));
        let up = list.iter().copied().filter(is_up).collect();
        servers.told = Some(list);
        self.replica(id).servers = servers;
        up
    }

    /// A check begins: most are answered, or refused, at once.
    pub(crate) fn server_check(&mut self, id: ReplicaId, pod: PodId) {
        let Some(checks) = self.server_checks(id.tier) else { return };
        if !self.is_next_check(id, pod) {
            return;
        }
        let blackhole = self.world.spec.network.after_exit == AfterExit::Blackhole;
        let address_gone = self.world.pods[pod as usize].address_gone;
        let dead_silent = self.world.is_on_dead_node(pod) || (blackhole && address_gone);
        let next = self.now + checks.interval;
        if let Some(server) = self.replica(id).servers.state.get_mut(&pod) {
            server.next = next;
        }
        if dead_silent {
            self.queue.push(next, Event::ServerCheckTimeout(id, pod));
        } else {
            self.queue.push(next, Event::ServerCheck(id, pod));
            let passed = if checks.http { self.answers_checks(pod) } else { self.accepts_connections(pod) };
            self.server_checked(id, pod, passed);
        }
    }

    /// Nobody has answered; the next check begins an interval later.
    pub(crate) fn server_check_timeout(&mut self, id: ReplicaId, pod: PodId) {
        let Some(checks) = self.server_checks(id.tier) else { return };
        if !self.is_next_check(id, pod) {
            return;
        }
        let next = self.now + checks.interval;
        if let Some(server) = self.replica(id).servers.state.get_mut(&pod) {
            server.next = next;
        }
        self.queue.push(next, Event::ServerCheck(id, pod));
        self.server_checked(id, pod, false);
    }

    /// Whether this is the check that was planned last: a server that left and came back has another.
    fn is_next_check(&self, id: ReplicaId, pod: PodId) -> bool {
        let replica = &self.tiers[usize::from(id.tier)].replicas[id.number as usize];
        let state = &replica.servers.state;
        !replica.gone && state.get(&pod).is_some_and(|server| server.next == self.now)
    }

    fn server_checked(&mut self, id: ReplicaId, pod: PodId, passed: bool) {
        let Some(checks) = self.server_checks(id.tier) else { return };
        let servers = &mut self.replica(id).servers;
        let Some(server) = servers.state.get_mut(&pod) else { return };
        let was_up = server.health.is_up(checks.thresholds);
        server.health = server.health.after(passed, checks.thresholds);
        if server.health.is_up(checks.thresholds) != was_up {
            let told = servers.told.clone().unwrap_or_default();
            self.publish(id, told);
        }
    }
}
