//! Clients' own connections, where a front end balances connections and not requests.
//!
//! Source: kube-proxy's rules choose once per connection, and conntrack keeps the choice until the
//! connection ends (kubernetes/website virtual-ips.md; kubernetes#100698). Ages: gRPC's
//! MAX_CONNECTION_AGE with its jitter of a tenth (grpc/proposal A9), nginx's keepalive_time.

use std::collections::BTreeMap;

use super::{Front, HolderId};
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

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct From {
    pub(crate) client: u64,
    pub(crate) connection: u64,
    /// It is the first one of its connection.
    pub(crate) first: bool,
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

    /// Whether something that was before can decide where a request goes, so that the balancer is asked
    /// only where nothing was.
    #[inline]
    pub(crate) fn has_memory(&self) -> bool {
        self.has_memory
    }

    /// Where a request goes because of what was before: to the end of its client's own connection, to
    /// the pod of its client's last request, or on the connection that its holder used last. The
    /// connection is `None` where only the pod is decided.
    pub(crate) fn decided(
        &mut self,
        holder: HolderId,
        from: From,
        now: u64,
        server: impl Fn(u32) -> ServerSide,
    ) -> Option<(u32, Option<Reuse>)> {
        if !self.has_memory {
            return None;
        }
        if let Some((pod, reuse)) = self.decided_by_connection(from.connection, now, &server) {
            return Some((pod, Some(reuse)));
        }
        if let Some(pod) = self.affinity.as_ref().and_then(|pods| pods.get(&from.client).copied())
            && self.usable(holder, pod).1
        {
            return Some((pod, None));
        }
        if !self.spec.keepalive.is_some_and(|keepalive| keepalive.any_connection) {
            return None;
        }
        self.any_connection(holder, from.first, now, server).map(|(pod, reuse)| (pod, Some(reuse)))
    }

    fn any_connection(
        &mut self,
        holder: HolderId,
        first: bool,
        now: u64,
        server: impl Fn(u32) -> ServerSide,
    ) -> Option<(u32, Reuse)> {
        while let Some(pod) = self.holders[holder as usize].pool.latest() {
            match self.connection(holder, pod, &[], first, now, server(pod)) {
                Reuse::Fresh if first => return None,
                Reuse::Fresh => self.holders[holder as usize].pool.forget(pod),
                reuse => return Some((pod, reuse)),
            }
        }
        None
    }

    fn decided_by_connection(
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

    /// The first attempt of a request goes to a pod at `now`. On a multiplexed connection others follow at
    /// once, and it counts as idle from its last request on.
    pub(crate) fn begin_on(&mut self, from: From, pod: u32, now: u64) {
        if self.multiplexed {
            self.set_pin(from.connection, pod, now, now);
        }
        if let Some(pods) = &mut self.affinity {
            pods.insert(from.client, pod);
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
