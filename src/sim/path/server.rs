//! A server's parameters compiled for the request path.

use super::pool::{Parting, ServerSide};
use crate::random::Sampler;
use crate::sim::spec::{Accept, ServerSpec, Slowdown, WarmUp};
use crate::units::SimTime;

/// A [`ServerSpec`] ready to draw from.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) workers: Option<u32>,
    pub(super) lazy: bool,
    /// Connections that the kernel completes although nobody accepts: the backlog and one more.
    /// Source: measured, listen(0/1/5/128) holds 1/2/6/129.
    pub(super) accept_queue: usize,
    /// How many requests the application has at most, in service and in its own queue.
    pub(super) capacity: usize,
    /// CPU limit, where the requests of one pod could exceed it.
    pub(super) cpu_limit_milli: Option<u64>,
    pub(super) keepalive_idle: Option<u64>,
    pub(super) max_connection_age: Option<u64>,
    cpu_share_q32: u64,
    service: Sampler,
    probe_service: Sampler,
    /// Whether a service time hangs on anything but its own draw.
    varies: bool,
    warm_up: Option<WarmUp>,
    slowdowns: Vec<Slowdown>,
}

impl Server {
    pub(super) fn new(spec: &ServerSpec, slowdowns: &[Slowdown]) -> Server {
        let share = spec.cpu_share_q32();
        // Workers that all compute at once and still fit the limit never slow each other down.
        let fits = |limit: u64| spec.workers.is_some_and(|w| u64::from(w) * 1_000 <= limit);
        let warm_up = spec.warm_up.filter(|w| w.factor > 1.0 && w.duration.0 > 0);
        Server {
            workers: spec.workers,
            lazy: spec.accept == Accept::Lazy,
            accept_queue: spec.backlog as usize + 1,
            capacity: match (spec.accept, spec.workers, spec.queue) {
                (Accept::Eager, Some(workers), Some(queue)) => workers as usize + queue as usize,
                _ => usize::MAX,
            },
            cpu_limit_milli: spec.cpu_limit_milli.filter(|&limit| share > 0 && !fits(limit)),
            keepalive_idle: spec.keepalive_idle.map(|n| n.0),
            max_connection_age: spec.max_connection_age.map(|n| n.0),
            cpu_share_q32: share,
            service: Sampler::new(&spec.service),
            probe_service: Sampler::new(&spec.probe_service),
            varies: warm_up.is_some() || !slowdowns.is_empty(),
            warm_up,
            slowdowns: slowdowns.to_vec(),
        }
    }

    /// Service time for these random bits of a request that reaches the server at `now`; its process
    /// listens since `opened_at`.
    #[inline]
    pub(super) fn service(&self, bits: u64, now: u64, opened_at: u64) -> u64 {
        let service = self.service.draw(bits);
        if self.varies { self.varied(service, now, opened_at) } else { service }
    }

    /// The same of a probe.
    pub(super) fn probe_service(&self, bits: u64, now: u64, opened_at: u64) -> u64 {
        let service = self.probe_service.draw(bits);
        if self.varies { self.varied(service, now, opened_at) } else { service }
    }

    /// What decides whether a pod of this server has its end of an idle connection; see [`ServerSide`].
    pub(super) fn side(
        &self,
        opened_at: u64,
        stopped_at: Option<u64>,
        parting: Option<Parting>,
    ) -> ServerSide {
        let (idle, max_age) = (self.keepalive_idle, self.max_connection_age);
        ServerSide { idle, max_age, opened_at, stopped_at, parting }
    }

    /// CPU time within a service time of a request that reached the server at `sent`.
    #[inline]
    pub(super) fn cpu_of(&self, service: u64, sent: u64) -> u64 {
        let alone = if self.slowdowns.is_empty() { service } else { self.without_waiting(service, sent) };
        ServerSpec::cpu_of(self.cpu_share_q32, alone)
    }

    #[cold]
    fn varied(&self, service: u64, now: u64, opened_at: u64) -> u64 {
        let cold = self.warm_up.map_or(1.0, |warm_up| {
            let left = 1.0 - ((now - opened_at) as f64 / warm_up.duration.0 as f64).min(1.0);
            1.0 + (warm_up.factor - 1.0) * left
        });
        ((service as f64 * cold).round() * self.slowdown(now)).round() as u64
    }

    /// What of a service time would be left if nothing that the server waits for were slow.
    #[cold]
    fn without_waiting(&self, service: u64, sent: u64) -> u64 {
        (service as f64 / self.slowdown(sent)).round() as u64
    }

    fn slowdown(&self, now: u64) -> f64 {
        let since_start = SimTime(now).since(SimTime::START);
        let in_force = self.slowdowns.iter().filter(|s| s.from <= since_start && since_start < s.until);
        in_force.map(|slowdown| slowdown.factor).product()
    }
}
