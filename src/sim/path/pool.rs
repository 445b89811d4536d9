//! Kept-alive connections from one holder to the pods.
//!
//! Two depths. Where every server keeps idle connections longer than the front end does, a
//! connection can only break under a request at the moment a pod stops, and then it is enough to
//! assume that the holder had an idle connection to it. Where a server closes first (a setting
//! that loses requests in steady state), every connection is followed by name.

use crate::sim::spec::Keepalive;

/// Which connection an attempt uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// A new one, or none is kept.
    Fresh,
    /// An idle one that is still open.
    Reused,
    /// An idle one that the server has just closed: the request will be answered by a reset.
    Stale,
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
    /// How it parts from its connections, if it does that one by one.
    pub(crate) parting: Option<Parting>,
}

/// What a process that ends does with connections that are kept to it, until it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parting {
    /// When it began to end.
    pub(crate) at: u64,
    /// Connections that were idle then stay open.
    pub(crate) keeps_idle: bool,
    /// Those that were in use then stay open after the answer; if not, the answer says so.
    pub(crate) keeps_busy: bool,
}

impl ServerSide {
    /// When the server closes a connection that is idle since `since`; zero if the answer before that said
    /// that it is the last.
    pub(super) fn closes_at(&self, since: u64) -> u64 {
        let parted = match self.parting {
            Some(parting) if since > parting.at && !parting.keeps_busy => 0,
            Some(parting) if since <= parting.at && !parting.keeps_idle => parting.at,
            _ => u64::MAX,
        };
        // A process that has started anew knows nothing of earlier connections.
        let forgotten = if since < self.opened_at { 0 } else { u64::MAX };
        let idle = since.saturating_add(self.idle.unwrap_or(0));
        idle.min(self.stopped_at.unwrap_or(u64::MAX)).min(parted).min(forgotten)
    }

    /// What a request meets at `now` on a connection that has been idle since `since`: for `race_window`
    /// after the server has closed it nobody knows. [`Reuse::Fresh`] if its end is known.
    pub(super) fn reuse(self, since: u64, now: u64, race_window: u64) -> Reuse {
        let closed_at = self.closes_at(since);
        if self.idle.is_none() || now >= closed_at.saturating_add(race_window) {
            return Reuse::Fresh;
        }
        if now >= closed_at { Reuse::Stale } else { Reuse::Reused }
    }
}

/// Idle connections of one holder, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    idle: Vec<Idle>,
}

#[derive(Clone, Copy, Debug)]
struct Idle {
    pod: u32,
    since: u64,
}

impl Pool {
    /// A connection to `pod` becomes idle.
    pub(super) fn put(&mut self, pod: u32, now: u64, keepalive: &Keepalive) {
        let expired = self.idle.partition_point(|c| c.since + keepalive.idle_timeout.0 <= now);
        self.idle.drain(..expired);
        if self.idle.len() >= keepalive.max_idle as usize {
            self.idle.drain(..1.min(self.idle.len()));
        }
        if keepalive.max_idle > 0 {
            self.idle.push(Idle { pod, since: now });
        }
    }

    /// Takes the most recently used connection to `pod`.
    /// Source: nginx ngx_http_upstream_keepalive_module, cache queue.
    pub(super) fn take(
        &mut self,
        pod: u32,
        now: u64,
        keepalive: &Keepalive,
        server: ServerSide,
        race_window: u64,
    ) -> Reuse {
        while let Some(at) = self.idle.iter().rposition(|c| c.pod == pod) {
            let since = self.idle.remove(at).since;
            // Closed by the front end, or its end has arrived: not in the pool any more.
            if now < since + keepalive.idle_timeout.0
                && let reuse @ (Reuse::Stale | Reuse::Reused) = server.reuse(since, now, race_window)
            {
                return reuse;
            }
        }
        Reuse::Fresh
    }

    /// How many connections are open at `now`, as far as this end knows; the others are forgotten.
    pub(super) fn still_open(
        &mut self,
        now: u64,
        keepalive: &Keepalive,
        race_window: u64,
        server: impl Fn(u32) -> ServerSide,
    ) -> usize {
        self.idle.retain(|idle| {
            now < idle.since + keepalive.idle_timeout.0
                && server(idle.pod).reuse(idle.since, now, race_window) != Reuse::Fresh
        });
        self.idle.len()
    }

    /// Connections to pods that are not among these are closed.
    pub(super) fn forget_others(&mut self, pods: &[u32]) {
        self.idle.retain(|idle| pods.contains(&idle.pod));
    }

    /// The pod to which the most recently used connection leads.
    pub(super) fn latest(&self) -> Option<u32> {
        self.idle.last().map(|idle| idle.pod)
    }

    /// All connections to `pod` have ended.
    pub(super) fn forget(&mut self, pod: u32) {
        self.idle.retain(|idle| idle.pod != pod);
    }

    /// Since when the connections to `pod` are idle.
    pub(super) fn to(&self, pod: u32) -> impl Iterator<Item = u64> {
        self.idle.iter().filter(move |idle| idle.pod == pod).map(|idle| idle.since)
    }

    /// The answer where connections are not followed: one is always idle.
    pub(super) fn assume(now: u64, stopped_at: Option<u64>, race_window: u64) -> Reuse {
        match stopped_at {
            None => Reuse::Reused,
            Some(stop) if now < stop.saturating_add(race_window) => Reuse::Stale,
            Some(_) => Reuse::Fresh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::spec::StaleRetry;
    use crate::units::Nanos;

    fn server(idle: u64, stopped_at: Option<u64>) -> ServerSide {
        ServerSide { idle: Some(idle), max_age: None, opened_at: 0, stopped_at, parting: None }
    }

    const KEEPALIVE: Keepalive = Keepalive {
        idle_timeout: Nanos(1_000),
        max_idle: 2,
        stale: StaleRetry::GivesTryBack,
        first_is_fresh: false,
        any_connection: false,
    };

    #[test]
    fn a_connection_is_stale_only_while_its_end_travels() {
        for (idle_for, expected) in [
            (0, Reuse::Reused),
            (199, Reuse::Reused),
            (200, Reuse::Stale),
            (219, Reuse::Stale),
            (220, Reuse::Fresh),
        ] {
            let mut pool = Pool::default();
            pool.put(7, 5_000, &KEEPALIVE);
            assert_eq!(
                pool.take(7, 5_000 + idle_for, &KEEPALIVE, server(200, None), 20),
                expected,
                "idle for {idle_for}"
            );
            assert_eq!(pool.take(7, 5_000 + idle_for, &KEEPALIVE, server(200, None), 20), Reuse::Fresh);
        }
    }

    #[test]
    fn a_stopping_pod_closes_its_idle_connections() {
        let mut pool = Pool::default();
        pool.put(7, 100, &KEEPALIVE);
        assert_eq!(pool.take(7, 155, &KEEPALIVE, server(900, Some(150)), 20), Reuse::Stale);
        assert_eq!(Pool::assume(155, Some(150), 20), Reuse::Stale);
        assert_eq!(Pool::assume(170, Some(150), 20), Reuse::Fresh);
    }

    /// Node before and since 19, gunicorn, and everybody else.
    #[test]
    fn a_process_parts_from_its_connections_in_its_own_way() {
        for (keeps_idle, keeps_busy, idle_then, busy_then) in [
            (false, true, Reuse::Fresh, Reuse::Reused),
            (true, true, Reuse::Reused, Reuse::Reused),
            (true, false, Reuse::Reused, Reuse::Fresh),
            (false, false, Reuse::Fresh, Reuse::Fresh),
        ] {
            let parting = Some(Parting { at: 150, keeps_idle, keeps_busy });
            let server = ServerSide { parting, ..server(900, None) };
            let taken = |since: u64| {
                let mut pool = Pool::default();
                pool.put(7, since, &KEEPALIVE);
                pool.take(7, 300, &KEEPALIVE, server, 20)
            };
            assert_eq!((taken(150), taken(151)), (idle_then, busy_then), "{parting:?}");
        }
        let mut pool = Pool::default();
        pool.put(7, 100, &KEEPALIVE);
        let anew = ServerSide { opened_at: 200, ..server(900, None) };
        assert_eq!(pool.take(7, 300, &KEEPALIVE, anew, 20), Reuse::Fresh, "another process by now");
    }

    #[test]
    fn the_longest_idle_makes_room_and_others_are_not_touched() {
        let mut pool = Pool::default();
        (1..=3).for_each(|pod| pool.put(pod, 10 + u64::from(pod), &KEEPALIVE));
        assert_eq!(pool.take(1, 20, &KEEPALIVE, server(900, None), 0), Reuse::Fresh);
        assert_eq!(pool.take(3, 20, &KEEPALIVE, server(900, None), 0), Reuse::Reused);
        assert_eq!(
            pool.take(2, 1_012, &KEEPALIVE, server(9_000, None), 0),
            Reuse::Fresh,
            "the front end closed it"
        );
    }
}
