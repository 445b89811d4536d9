//! A server's parameters compiled for the request path.

use crate::random::Sampler;
use crate::sim::spec::{Accept, ServerSpec, WarmUp};

/// A [`ServerSpec`] ready to draw from.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) workers: Option<u32>,
    pub(super) lazy: bool,
    /// Connections that the kernel completes although nobody accepts: the backlog and one more.
    /// Source: measured, listen(0/1/5/128) holds 1/2/6/129.
    pub(super) accept_queue: usize,
    /// CPU limit, where the requests of one pod could exceed it.
    pub(super) cpu_limit_milli: Option<u64>,
    pub(super) keepalive_idle: Option<u64>,
    cpu_share_q32: u64,
    service: Sampler,
    warm_up: Option<WarmUp>,
}

impl Server {
    pub(super) fn new(spec: &ServerSpec) -> Server {
        let share = spec.cpu_share_q32();
        // Workers that all compute at once and still fit the limit never slow each other down.
        let fits = |limit: u64| spec.workers.is_some_and(|w| u64::from(w) * 1_000 <= limit);
        Server {
            workers: spec.workers,
            lazy: spec.accept == Accept::Lazy,
            accept_queue: spec.backlog as usize + 1,
            cpu_limit_milli: spec.cpu_limit_milli.filter(|&limit| share > 0 && !fits(limit)),
            keepalive_idle: spec.keepalive_idle.map(|n| n.0),
            cpu_share_q32: share,
            service: Sampler::new(&spec.service),
            warm_up: spec.warm_up.filter(|w| w.factor > 1.0 && w.duration.0 > 0),
        }
    }

    /// Service time for these random bits, `age` nanoseconds after the process began to listen.
    #[inline]
    pub(super) fn service(&self, bits: u64, age: u64) -> u64 {
        let service = self.service.draw(bits);
        match self.warm_up {
            None => service,
            Some(warm_up) => slowed(service, warm_up, age),
        }
    }

    /// CPU time within a service time.
    #[inline]
    pub(super) fn cpu_of(&self, service: u64) -> u64 {
        ServerSpec::cpu_of(self.cpu_share_q32, service)
    }
}

#[cold]
fn slowed(service: u64, warm_up: WarmUp, age: u64) -> u64 {
    let left = 1.0 - (age as f64 / warm_up.duration.0 as f64).min(1.0);
    (service as f64 * (1.0 + (warm_up.factor - 1.0) * left)).round() as u64
}
