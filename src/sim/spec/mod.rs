//! What a run simulates: plain, validated data with units fixed. Everything that files and flags
//! say ends up here; the simulator knows no other input.

mod front;
mod server;

pub use front::{Answers, Balancer, Delivery, FrontSpec, HealthCheck, Keepalive, Mechanism, TargetGroup};
pub use server::{Accept, ServerSpec, WarmUp};

use crate::random::Dist;
use crate::units::Nanos;

/// The clients.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientSpec {
    /// Share of requests that are not idempotent, 0 to 1.
    pub post_share: f64,
    /// How long a client waits for an answer; `None` for ever.
    pub timeout: Option<Nanos>,
    /// Further requests after a lost one.
    pub retries: u32,
    /// Pause before such a request.
    pub backoff: Dist,
    /// Whether a closed-loop connection keeps its TCP connection, and so its holder.
    pub keep_alive: bool,
}

/// What answers at a pod address whose process is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterExit {
    /// The node still routes the address: connections are refused.
    Refused,
    /// The network says so: host unreachable.
    Unreachable,
    /// Nobody answers.
    Blackhole,
}

/// What the request path has to know about the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkSpec {
    /// A request sent on a kept-alive connection within this time after the pod has closed it is
    /// lost: roughly one round trip.
    pub race_window: Nanos,
    /// Linux before 6.5 resends SYNs at 1, 3, 7, ... s; newer kernels at 1, 2, 3, 4, 5, 7, ... s.
    pub linear_syn_retries: bool,
}
