//! Clients' own connections, where a front end balances connections and not requests.
//!
//! Source: kube-proxy's rules choose once per connection, and conntrack keeps the choice until the
//! connection ends (kubernetes/website virtual-ips.md; kubernetes#100698).

use std::collections::BTreeMap;

use super::Front;
use crate::sim::path::pool::Reuse;

/// Kept connections by the client's number: the pod, and since when it has been idle.
pub(super) type Pins = BTreeMap<u64, (u32, u64)>;

/// What decides whether a pod still has its end of an idle connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerSide {
    /// Its own idle timeout; `None` closes after every answer.
    pub(crate) idle: Option<u64>,
    /// When its process last began to listen.
    pub(crate) opened_at: u64,
    /// When it closed all idle connections, if it has.
    pub(crate) stopped_at: Option<u64>,
}

impl Front {
    /// From now on clients' connections are followed.
    pub(crate) fn follow_clients(&mut self) {
        self.pins = Some(Pins::new());
    }

    /// Whether clients' connections are followed.
    #[inline]
    pub(crate) fn follows_clients(&self) -> bool {
        self.pins.is_some()
    }

    /// The pod that a client's connection leads to, if it has one.
    pub(crate) fn pinned_to(&self, connection: u64) -> Option<u32> {
        self.pins.as_ref()?.get(&connection).map(|(pod, _)| *pod)
    }

    /// What a request on a client's connection to a pod meets; [`Reuse::Fresh`] if the connection has
    /// ended and the client knows.
    pub(crate) fn on_pin(&self, connection: u64, now: u64, server: ServerSide) -> Reuse {
        let since = self.pins.as_ref().and_then(|pins| pins.get(&connection)).map(|(_, since)| *since);
        let (Some(since), Some(idle)) = (since, server.idle) else { return Reuse::Fresh };
        let closed_at = since.saturating_add(idle).min(server.stopped_at.unwrap_or(u64::MAX));
        if since < server.opened_at || now >= closed_at.saturating_add(self.race_window) {
            return Reuse::Fresh;
        }
        if now >= closed_at { Reuse::Stale } else { Reuse::Reused }
    }

    /// A client's connection to a pod is idle from `at` on.
    pub(crate) fn pin(&mut self, connection: u64, pod: u32, at: u64) {
        if let Some(pins) = &mut self.pins {
            pins.insert(connection, (pod, at));
        }
    }

    /// A client's connection has ended.
    pub(crate) fn unpin(&mut self, connection: u64) {
        if let Some(pins) = &mut self.pins {
            pins.remove(&connection);
        }
    }
}
