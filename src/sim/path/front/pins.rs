//! Clients' own connections, where a front end balances connections and not requests.
//!
//! Source: kube-proxy's rules choose once per connection, and conntrack keeps the choice until the
//! connection ends (kubernetes/website virtual-ips.md; kubernetes#100698). Ages: gRPC's
//! MAX_CONNECTION_AGE with its jitter of a tenth (grpc/proposal A9), nginx's keepalive_time.

use std::collections::BTreeMap;

use super::Front;
use crate::model::retry::Failure;
use crate::sim::path::pool::{Reuse, ServerSide};
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

impl Pin {
    pub(super) fn leads_to(self, pod: u32) -> bool {
        self.pod == pod
    }
}

impl Front {
    /// From now on clients' connections are followed; `multiplexed` ones have many requests at a time.
    pub(crate) fn follow_clients(&mut self, multiplexed: bool) {
        self.pins = Some(Pins::new());
        self.has_memory = true;
        self.multiplexed = multiplexed;
    }

    /// Whether clients' connections are followed.
    #[inline]
    pub(crate) fn follows_clients(&self) -> bool {
        self.pins.is_some()
    }

    /// On the client's own connection, as long as it believes in it.
    pub(super) fn decided_by_connection(
        &mut self,
        connection: u64,
        now: u64,
        server: impl Fn(u32) -> ServerSide,
    ) -> Option<(u32, Reuse)> {
        let pin = *self.pins.as_ref()?.get(&connection)?;
        let server = server(pin.pod);
        let old = self.is_old(connection, pin, server, now);
        match server.reuse(pin.idle_since, now, self.race_window) {
            reuse @ (Reuse::Reused | Reuse::Stale) if !old => Some((pin.pod, reuse)),
            _ => {
                self.unpin(connection);
                None
            }
        }
    }

    /// A request goes to a pod at `now`. On a multiplexed connection others follow at once, and it counts as
    /// idle from its last request on.
    pub(super) fn pin_at_once(&mut self, connection: u64, pod: u32, now: u64) {
        if self.multiplexed {
            self.set_pin(connection, pod, now, now);
        }
    }

    /// The server announces that a connection is old enough: no request is lost by it. With one request at
    /// a time it can do so only with an answer.
    fn is_old(&self, connection: u64, pin: Pin, server: ServerSide, now: u64) -> bool {
        let told = if self.multiplexed { now } else { pin.idle_since };
        let age = |age| pin.begun.saturating_add(self.jittered(age, connection, pin));
        server.max_age.is_some_and(|max| told >= age(max))
    }

    /// Until when connections that are kept to `pod` stay open if nobody uses them; `None` if there are none.
    pub(crate) fn kept_until(&self, pod: u32, now: u64, server: ServerSide) -> Option<u64> {
        server.idle?;
        let pins = self.pins.iter().flatten().filter(|(_, pin)| pin.pod == pod);
        let pins = pins.filter(|(connection, pin)| !self.is_old(**connection, **pin, server, now));
        let of_clients = pins.map(|(_, pin)| server.closes_at(pin.idle_since));
        // Workers that take no requests any more close what they keep.
        let holders = self.current.iter().chain(self.retiring.iter().flatten());
        let pooled = self.spec.keepalive.into_iter().flat_map(|keepalive| {
            let idle = holders.clone().flat_map(|holder| self.holders[*holder as usize].pool.to(pod));
            idle.map(move |since| server.closes_at(since).min(since + keepalive.idle_timeout.0))
        });
        of_clients.chain(pooled).filter(|closed_at| *closed_at > now).max()
    }

    /// A client's connection to a pod is idle from `at` on, after a request that was sent at `sent`.
    pub(crate) fn pin(&mut self, connection: u64, pod: u32, sent: u64, at: u64) {
        if !self.multiplexed {
            self.set_pin(connection, pod, sent, at);
        }
    }

    fn set_pin(&mut self, connection: u64, pod: u32, sent: u64, at: u64) {
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

    /// An attempt on a client's connection failed, and the connection with it, unless others are on it and
    /// only the answer was late.
    pub(crate) fn failed_on(&mut self, connection: u64, failure: Failure) {
        if !self.multiplexed || failure != Failure::ReadTimeout {
            self.unpin(connection);
        }
    }

    /// A request on a client's connection is lost. That ends the connection, unless others are on it:
    /// then only what [`Self::failed_on`] hears of does.
    pub(crate) fn lost_on(&mut self, connection: u64) {
        if !self.multiplexed {
            self.unpin(connection);
        }
    }

    /// A client's connection has ended.
    fn unpin(&mut self, connection: u64) {
        if let Some(pins) = &mut self.pins {
            pins.remove(&connection);
        }
    }
}
