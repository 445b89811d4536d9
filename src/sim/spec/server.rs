//! A container as a server of requests.

use crate::random::Dist;
use crate::units::Nanos;

/// How a container serves requests.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerSpec {
    /// Requests served at the same time (threads, processes, children); `None` for no bound.
    pub workers: Option<u32>,
    /// Who holds a connection that waits for a worker.
    pub accept: Accept,
    /// The `backlog` argument of listen(2), capped by somaxconn. Counts only with [`Accept::Lazy`].
    pub backlog: u32,
    /// Requests that may wait for a worker inside the process; whatever comes then is answered 503 at once.
    /// `None` for no bound. Counts only with [`Accept::Eager`] and a bounded number of workers.
    pub queue: Option<u32>,
    /// Time from the start of service to the answer on an idle machine.
    pub service: Dist,
    /// The same for a probe that takes a worker.
    pub probe_service: Dist,
    /// Share of every service time that is CPU; it comes first. 0 to 1.
    pub cpu_share: f64,
    /// Thousandths of a core that requests may use together: the CPU limit, or the number of
    /// threads that can run at once where that is smaller. `None` for no bound.
    pub cpu_limit_milli: Option<u64>,
    /// How long the server keeps an idle connection open; `None` closes after every answer.
    pub keepalive_idle: Option<Nanos>,
    /// How old a connection may become before the server asks for a new one; `None` for any age. Read where
    /// a front end balances connections: there it decides when a client meets another pod.
    pub max_connection_age: Option<Nanos>,
    /// Slower service at first; `None` for a server that is at full speed from the first request.
    pub warm_up: Option<WarmUp>,
}

/// Who holds the connections that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// The process accepts every connection at once and queues requests itself.
    Eager,
    /// A connection is accepted when a worker is free; the rest wait in the kernel's accept queue.
    Lazy,
}

/// Service right after start: `factor` times as slow, improving in a straight line to normal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmUp {
    /// How much slower the first request is served.
    pub factor: f64,
    /// When full speed is reached, from the moment the process listens.
    pub duration: Nanos,
}

/// A time in which services take longer, because something that they wait for is slow. What a
/// request computes itself stays the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slowdown {
    /// From the run's beginning.
    pub from: Nanos,
    /// From the run's beginning.
    pub until: Nanos,
    /// A request that reaches the pod within this time is served so many times as slowly; at
    /// least 1.
    pub factor: f64,
}

impl ServerSpec {
    /// CPU time of a service of `service_ns`.
    #[inline]
    pub(crate) fn cpu_of(share_q32: u64, service_ns: u64) -> u64 {
        ((u128::from(service_ns) * u128::from(share_q32)) >> 32) as u64
    }

    /// `cpu_share` as a fraction of 2^32.
    pub(crate) fn cpu_share_q32(&self) -> u64 {
        (self.cpu_share.clamp(0.0, 1.0) * 4_294_967_296.0).round() as u64
    }
}
