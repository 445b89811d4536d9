//! What a request path has to know at the beginning, and the tiers that follow from it.

use super::front;
use super::outer::{Outer, OuterSpec};
use crate::random::Streams;
use crate::sim::spec::{ClientSpec, FrontSpec, NetworkSpec, ServerSpec, SimSpec, Slowdown};
use crate::workload::Load;

/// Everything a request path has to know at the beginning.
#[derive(Clone, Debug)]
pub(crate) struct PathSpec {
    pub(crate) load: Load,
    pub(crate) client: ClientSpec,
    pub(crate) network: NetworkSpec,
    /// The front end that chooses among the service's pods.
    pub(crate) front: FrontSpec,
    /// The tier before it, if its processes are pods.
    pub(crate) outer: Option<OuterSpec>,
    /// When and how much services take longer.
    pub(crate) slowdowns: Vec<Slowdown>,
    /// Whether it matters which connections were kept to which pod, whatever the timeouts are.
    pub(crate) follows_connections: bool,
    /// Servers by number; a pod names the one it runs.
    pub(crate) servers: Vec<ServerSpec>,
    /// Named random streams of this run.
    pub(crate) streams: Streams,
}

impl PathSpec {
    /// What is left when nothing gets in the way of requests to pods with this server.
    pub(crate) fn ideal(load: Load, server: ServerSpec, streams: Streams) -> PathSpec {
        let SimSpec { load, client, network, mut tiers, .. } = SimSpec::ideal(load, 1, server.clone());
        PathSpec {
            load,
            client,
            network,
            front: tiers.remove(0),
            outer: None,
            slowdowns: Vec::new(),
            follows_connections: false,
            servers: vec![server],
            streams,
        }
    }

    /// Whether the pools have to be followed connection by connection: a server may close an idle one
    /// before the front end does, a dead node leaves those that there are without an answer, some processes go
    /// on serving them while they end, they decide where requests go, or they count.
    fn tracks_pool(&self) -> bool {
        let decide = self.front.keepalive.is_some_and(|keepalive| keepalive.any_connection);
        if self.follows_connections || decide || self.front.breaker.max_connections.is_some() {
            return true;
        }
        let front_idle = self.front.keepalive.map(|k| k.idle_timeout);
        self.service_servers().any(|s| matches!((s.keepalive_idle, front_idle), (Some(s), Some(f)) if s <= f))
    }

    /// Servers that are not the front end's own.
    fn service_servers(&self) -> impl Iterator<Item = &ServerSpec> {
        let count = self.outer.as_ref().map_or(self.servers.len(), |outer| outer.first_server as usize);
        self.servers.iter().take(count)
    }

    /// The front end at the beginning.
    pub(super) fn front(&self) -> front::Front {
        let race_window = self.network.race_window.0;
        let mut front = front::Front::new(&self.front, 0, race_window, self.tracks_pool(), self.streams);
        if let Some(multiplexed) = self.followed(&self.front).filter(|_| self.outer.is_none()) {
            front.follow_clients(multiplexed);
        }
        front
    }

    /// The tier before it.
    pub(super) fn outer(&self) -> Option<Outer> {
        let spec = &self.outer.as_ref()?.front;
        Some(Outer::new(spec, self.network.race_window.0, self.followed(spec), self.streams))
    }

    /// If the first tier, which is this one, keeps clients' connections at one pod: whether they have many
    /// requests at a time.
    fn followed(&self, tier: &FrontSpec) -> Option<bool> {
        let multiplexed = matches!(self.load, Load::Open(_)) && self.client.connections > 0;
        let kept = matches!(self.load, Load::Closed(_)) && self.client.keep_alive;
        (tier.pins_connections && (kept || multiplexed)).then_some(multiplexed)
    }

    /// Time between the last tier's doing and the client knowing, nanoseconds.
    pub(super) fn overhead(&self) -> u64 {
        self.front.overhead.0 + self.outer.as_ref().map_or(0, |outer| outer.front.overhead.0)
    }

    /// The tier whose log the client's departure is in.
    pub(super) fn first_tier(&self) -> &FrontSpec {
        self.outer.as_ref().map_or(&self.front, |outer| &outer.front)
    }
}
