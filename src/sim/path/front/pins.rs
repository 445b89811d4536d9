//! Clients' own connections, where a front end balances connections and not requests.
//!
//! Source: kube-proxy's rules choose once per connection, and conntrack keeps the choice until the
//! connection ends (kubernetes/website virtual-ips.md; kubernetes#100698). Ages: gRPC's
//! MAX_CONNECTION_AGE with its jitter of a tenth (grpc/proposal A9), nginx's keepalive_time.

use std::collections::BTreeMap;

use super::Front;
use crate::sim::path::pool::Reuse;
use crate::units::Nanos;

/// Kept connections by the client's number.
pub(super) type Pins = BTreeMap<u64, Pin>;

/// Where a kept connection leads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pin {
    pod: u32,
    /// When its first request was sent.
    begun: u64,
    idle_since: u64,
}

/// What decides whether a pod still has its end of an idle connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerSide {
    /// Its own idle timeout; `None` closes after every answer.
    pub(crate) idle: Option<u64>,
    /// How old it lets a connection become.
    pub(crate) max_age: Option<u64>,
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
        self.pins.as_ref()?.get(&connection).map(|pin| pin.pod)
    }

    /// What a request on a client's connection to a pod meets; [`Reuse::Fresh`] if the connection has
    /// ended and the client knows.
    pub(crate) fn on_pin(&self, connection: u64, now: u64, server: ServerSide) -> Reuse {
        let pin = self.pins.as_ref().and_then(|pins| pins.get(&connection));
        let (Some(pin), Some(idle)) = (pin, server.idle) else { return Reuse::Fresh };
        let since = pin.idle_since;
        let closed_at = since.saturating_add(idle).min(server.stopped_at.unwrap_or(u64::MAX));
        let closed = since < server.opened_at || now >= closed_at.saturating_add(self.race_window);
        // The server announces that a connection is old enough: no request is lost by it.
        let old = server
            .max_age
            .is_some_and(|age| since >= pin.begun.saturating_add(self.jittered(age, connection, *pin)));
        if closed || old {
            return Reuse::Fresh;
        }
        if now >= closed_at { Reuse::Stale } else { Reuse::Reused }
    }

    /// A client's connection to a pod is idle from `at` on, after a request that was sent at `sent`.
    pub(crate) fn pin(&mut self, connection: u64, pod: u32, sent: u64, at: u64) {
        if let Some(pins) = &mut self.pins {
            let kept = pins.get(&connection).filter(|pin| pin.pod == pod);
            let begun = kept.map_or(sent, |pin| pin.begun);
            pins.insert(connection, Pin { pod, begun, idle_since: at });
        }
    }

    /// An age within a tenth of `age`, drawn for one connection.
    fn jittered(&self, age: u64, connection: u64, pin: Pin) -> u64 {
        let tenths = 0.9 + 0.2 * self.age_bits.fraction(connection, pin.begun);
        Nanos::from_secs_f64(Nanos(age).as_secs_f64() * tenths).0
    }

    /// A client's connection has ended.
    pub(crate) fn unpin(&mut self, connection: u64) {
        if let Some(pins) = &mut self.pins {
            pins.remove(&connection);
        }
    }
}
