//! The simplest of everything: what is left when nothing gets in the way of requests.
//!
//! Theory, benches and tests begin here and change what they are about.

use super::{
    Accept, AfterExit, Answers, Balancer, CircuitBreaker, ClientSpec, ContainerPlan, ControlPlane, Delivery,
    DeploymentPlan, Drain, FrontSpec, Mechanism, NetworkSpec, OnStop, PodTemplate, ProbePhase, Role,
    ServerSpec, SimSpec, VictimOrder,
};
use crate::model::deployment::{DeploymentSpec, Strategy};
use crate::model::retry::RetryPolicy;
use crate::random::Dist;
use crate::units::Nanos;
use crate::workload::Load;

impl SimSpec {
    /// `replicas` pods that have long been running, each with `server`, behind one round robin.
    pub fn ideal(load: Load, replicas: u32, server: ServerSpec) -> SimSpec {
        SimSpec {
            kubernetes_minor: 35,
            load,
            client: ClientSpec::ideal(),
            network: NetworkSpec {
                race_window: Nanos::ZERO,
                linear_syn_retries: true,
                reset_share: 0.0,
                after_exit: AfterExit::Refused,
            },
            tiers: vec![FrontSpec::ideal()],
            deployments: vec![DeploymentPlan::ideal(replicas, server)],
            events: Vec::new(),
            control: ControlPlane::ideal(),
            settle_limit: Nanos::from_secs(600),
        }
    }
}

impl ClientSpec {
    /// Patient clients that read and never ask twice.
    pub fn ideal() -> ClientSpec {
        ClientSpec {
            post_share: 0.0,
            timeout: None,
            retries: 0,
            retry_budget_per_mille: None,
            backoff: Dist::ZERO,
            keep_alive: false,
            connections: 0,
        }
    }
}

impl FrontSpec {
    /// One process that takes no time, knows every change at once and waits for any answer.
    pub fn ideal() -> FrontSpec {
        FrontSpec {
            name: "ideal".to_owned(),
            replicas: 1,
            pods: None,
            workers: 1,
            has_canary: false,
            node_local: None,
            balancer: Balancer::RoundRobin,
            retry: RetryPolicy::NEVER,
            connect_timeout: Nanos::MAX_SPAN,
            read_timeout: Nanos::MAX_SPAN,
            request_timeout: None,
            stream_idle_timeout: None,
            breaker: CircuitBreaker::default(),
            outlier: None,
            pins_connections: false,
            client_affinity: false,
            affinity_holds: false,
            slow_start: Nanos::ZERO,
            keepalive: None,
            answers: Answers::NGINX,
            delivery: Delivery {
                add: Dist::ZERO,
                remove: Dist::ZERO,
                remove_elsewhere: None,
                removal_override: None,
                addition_override: None,
                falls_back_to_terminating: false,
                mechanism: Mechanism::in_place(Nanos::ZERO),
            },
            overhead: Nanos::ZERO,
        }
    }
}

impl DeploymentPlan {
    /// One container per pod, without probes or hooks, that starts at once and drains.
    pub fn ideal(replicas: u32, server: ServerSpec) -> DeploymentPlan {
        DeploymentPlan {
            name: "ideal".to_owned(),
            spec: DeploymentSpec { replicas, strategy: Strategy::default(), paused: false },
            min_ready_seconds: 0,
            progress_deadline_seconds: Some(600),
            templates: vec![PodTemplate {
                init: Vec::new(),
                containers: vec![ContainerPlan::ideal(server)],
                grace_seconds: 30,
                readiness_gate: false,
            }],
            publish_not_ready_addresses: false,
            disruption_budget: None,
            hpa: None,
        }
    }
}

impl ContainerPlan {
    /// See [`DeploymentPlan::ideal`].
    pub fn ideal(server: ServerSpec) -> ContainerPlan {
        ContainerPlan {
            name: "app".to_owned(),
            role: Role::Serves(server),
            is_sidecar: false,
            startup: None,
            readiness: None,
            liveness: None,
            pre_stop: None,
            cpu_request_milli: None,
            image_pull: Dist::ZERO,
            start: Dist::ZERO,
            startup_time: Dist::ZERO,
            post_start: None,
            app_ready_delay: Dist::ZERO,
            startup_cpu_milli: 0,
            on_stop: OnStop::Drain(Drain::within(None)),
        }
    }
}

impl ServerSpec {
    /// So many workers and one queue, without CPU limits, warm-up or kept-alive connections.
    pub fn ideal(workers: Option<u32>, service: Dist) -> ServerSpec {
        ServerSpec {
            workers,
            accept: Accept::Eager,
            backlog: 511,
            queue: None,
            probe_service: service.clone(),
            service,
            cpu_share: 0.0,
            cpu_limit_milli: None,
            keepalive_idle: None,
            max_connection_age: None,
            warm_up: None,
        }
    }
}

impl ControlPlane {
    /// Kubernetes' policies without any delay.
    pub fn ideal() -> ControlPlane {
        ControlPlane {
            pods_per_node: None,
            nodes: 1,
            zones: 1,
            node_monitor_grace_period: Nanos::from_secs(50),
            controller_reaction: Dist::ZERO,
            api_write: Dist::ZERO,
            schedule: Dist::ZERO,
            kubelet_notice: Dist::ZERO,
            sandbox: Dist::ZERO,
            container_relist: Dist::ZERO,
            status_patch: Dist::ZERO,
            kubelet_stop: Dist::ZERO,
            sandbox_stop: Dist::ZERO,
            slice_sync: Dist::ZERO,
            probe_phase: ProbePhase::Kubelet,
            victim_order: VictimOrder::Kubernetes,
            direct_endpoints: false,
            exact_grace: false,
            slow_start: true,
        }
    }
}
