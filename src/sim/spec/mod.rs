//! What a run simulates: plain, validated data with units fixed. Everything that files and flags
//! say ends up here; the simulator knows no other input.

mod control;
mod front;
mod ideal;
mod metrics;
mod pod;
mod server;

pub use control::{
    ControlPlane, DeploymentPlan, HpaController, HpaPlan, PlannedAction, PlannedEvent, ProbePhase,
    VictimOrder,
};
pub use front::{
    Answers, Balancer, CircuitBreaker, Delivery, FrontSpec, HealthCheck, Keepalive, Mechanism, ServerChecks,
    StaleRetry, TargetGroup,
};
pub use metrics::{Activation, Adapter, MemoryUse, MetricsApi, MetricsPipeline, Outage, QueuePlan, Signal};
pub use pod::{ContainerPlan, Drain, Kept, OnStop, PodTemplate, PostStart, PreStop, ProbePlan, Role};
pub use server::{Accept, ServerSpec, Slowdown, WarmUp};

use crate::random::Dist;
use crate::units::Nanos;
use crate::workload::Load;

/// Everything about one simulated configuration except the seed.
#[derive(Clone, Debug)]
pub struct SimSpec {
    /// Kubernetes 1.x: rules that changed between versions go by it.
    pub kubernetes_minor: u32,
    /// When requests arrive.
    pub load: Load,
    /// Who sends them.
    pub client: ClientSpec,
    /// Properties of the network.
    pub network: NetworkSpec,
    /// The tiers in front of the service, the client's side first: one, or two of which the second
    /// has the pods of a Deployment for processes.
    pub tiers: Vec<FrontSpec>,
    /// Workloads; the service's requests go to the first.
    pub deployments: Vec<DeploymentPlan>,
    /// What happens, in order of time.
    pub events: Vec<PlannedEvent>,
    /// Delays and policies of the control plane.
    pub control: ControlPlane,
    /// The run goes on after the load has ended until every rollout has settled and every request
    /// has ended, but no longer than this.
    pub settle_limit: Nanos,
}

impl SimSpec {
    /// The tier that chooses among the service's pods.
    pub fn service_tier(&self) -> &FrontSpec {
        self.tiers.last().expect("there is a tier in front of every service")
    }

    /// The Deployment whose pods are the processes of that tier, if they are pods.
    pub fn ingress(&self) -> Option<usize> {
        self.service_tier().pods
    }

    /// The tier that sends to the pods of a Deployment.
    pub fn tier_before(&self, deployment: usize) -> usize {
        if self.ingress() == Some(deployment) { 0 } else { self.tiers.len() - 1 }
    }

    /// Time that a request spends outside pods, whatever becomes of it behind the last tier.
    pub fn overhead(&self) -> Nanos {
        self.tiers.iter().map(|tier| tier.overhead).sum()
    }

    /// Whether a node dies at some time.
    pub fn nodes_die(&self) -> bool {
        let kills = |event: &PlannedEvent| {
            matches!(event.action, PlannedAction::LoseNodes { .. } | PlannedAction::LoseZone)
        };
        self.events.iter().any(kills)
    }

    /// Whether it matters which connections are kept to which pod: a node dies, which nobody tells them,
    /// or a process is stopped that does not close them all at once.
    pub fn follows_connections(&self) -> bool {
        let containers = self.deployments.iter().flat_map(|plan| &plan.templates).flat_map(|t| &t.containers);
        self.nodes_die() || containers.into_iter().any(|c| c.on_stop.depends_on_connections())
    }

    /// When and how much services take longer.
    pub fn slowdowns(&self) -> Vec<Slowdown> {
        let slowdown = |event: &PlannedEvent| match event.action {
            PlannedAction::SlowDependency { factor, lasts } => {
                Some(Slowdown { from: event.at, until: event.at + lasts, factor })
            }
            _ => None,
        };
        self.events.iter().filter_map(slowdown).collect()
    }
}

/// The clients.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientSpec {
    /// Share of requests that are not idempotent, 0 to 1.
    pub post_share: f64,
    /// How long a client waits for an answer; `None` for ever.
    pub timeout: Option<Nanos>,
    /// Further requests after a lost one.
    pub retries: u32,
    /// Such requests for every thousand first ones of the last seconds; `None` without a bound.
    pub retry_budget_per_mille: Option<u64>,
    /// Pause before such a request.
    pub backoff: Dist,
    /// Whether a closed-loop connection keeps its TCP connection, and so its holder.
    pub keep_alive: bool,
    /// Over how many connections an open load sends its requests, many at a time on each: HTTP/2, gRPC.
    /// 0 opens one for every request.
    pub connections: u32,
}

impl ClientSpec {
    /// Whether its connections have more than one request each.
    pub fn keeps_connections(&self, load: &Load) -> bool {
        match load {
            Load::Closed(_) => self.keep_alive,
            Load::Open(_) => self.connections > 0,
        }
    }
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

/// Properties of the network between the front end and the pods.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetworkSpec {
    /// A request sent on a kept-alive connection within this time after the pod has closed it is
    /// lost: roughly one round trip.
    pub race_window: Nanos,
    /// Linux before 6.5 resends SYNs at 1, 3, 7, ... s; newer kernels at 1, 2, 3, 4, 5, 7, ... s.
    pub linear_syn_retries: bool,
    /// What answers at the address of a pod that is gone.
    pub after_exit: AfterExit,
    /// Share of attempts whose connection is reset by the network, 0 to 1.
    pub reset_share: f64,
}
