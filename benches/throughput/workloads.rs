//! The workloads whose speed podloss states, as `limit-study` defines them: Poisson arrivals at
//! utilisation 0.7 of 20 pods with 8 slots each and log-normal service (mean 45 ms, sigma 0.5),
//! and around that everything a real run has.

use podloss::model::deployment::{DeploymentSpec, Strategy};
use podloss::model::hpa::{
    ContainerRequests, HpaSpec, MetricSource, MetricSpec, MetricTarget, Options, PodRequests, SYNC_PERIOD,
    TargetKind,
};
use podloss::model::probe::ProbeSpec;
use podloss::model::retry::{RetryOn, RetryPolicy};
use podloss::random::Dist;
use podloss::sim::spec::*;
use podloss::units::{IntOrPercent, Nanos};
use podloss::workload::{ClosedLoad, Load, OpenLoad, OpenSource, Profile};

/// A workload by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Everything on, one rolling update.
    Steady,
    /// The same without that update, for comparisons with more pods.
    Calm,
    /// As [`Workload::Calm`] with clients and a front end that wait for ever.
    Patient,
    /// Requests are all CPU and pods have a limit: processor sharing.
    Cpu,
    /// 200 closed-loop connections.
    Closed,
    /// Least connections and client retries.
    LeastConnections,
    /// A thousand pods, no update.
    K1000,
    /// Ten thousand pods, no update.
    K10000,
}

impl Workload {
    /// All of them with their names.
    pub(crate) const ALL: [(&'static str, Workload); 8] = [
        ("steady", Workload::Steady),
        ("calm", Workload::Calm),
        ("patient", Workload::Patient),
        ("steady-cpu", Workload::Cpu),
        ("steady-closed", Workload::Closed),
        ("steady-lc", Workload::LeastConnections),
        ("k1000", Workload::K1000),
        ("k10000", Workload::K10000),
    ];

    fn pods(self) -> u32 {
        match self {
            Workload::K1000 => 1_000,
            Workload::K10000 => 10_000,
            _ => 20,
        }
    }

    /// The workload with about `requests` requests.
    pub(crate) fn spec(self, requests: u64) -> SimSpec {
        let rate = 2_489.0 * f64::from(self.pods()) / 20.0;
        let duration = Nanos::from_secs_f64(requests as f64 / rate);
        let load = match self {
            Workload::Closed => Load::Closed(ClosedLoad {
                connections: 200,
                think: Dist::ZERO,
                ramp: Nanos::from_millis(50),
                // 160 slots are always busy: about 3,540 requests per second.
                duration: Nanos::from_secs_f64(requests as f64 / (160.0 / 0.045)),
            }),
            _ => Load::Open(OpenLoad {
                source: OpenSource::Rate {
                    profile: Profile::constant(rate, duration).expect("a rate within bounds"),
                    dispersion: 1.0,
                },
            }),
        };
        let mut spec = SimSpec::ideal(load, self.pods(), self.server());
        spec.client.post_share = 0.2;
        if self == Workload::LeastConnections {
            spec.client.retries = 2;
            spec.client.backoff = Dist::Fixed(Nanos::from_millis(100));
        }
        spec.tiers = vec![self.front()];
        spec.deployments = vec![self.deployment()];
        spec.control = control_plane();
        if matches!(self, Workload::Steady | Workload::Cpu | Workload::Closed | Workload::LeastConnections) {
            spec.events = vec![PlannedEvent {
                at: Nanos::from_secs(60),
                deployment: 0,
                action: PlannedAction::Rollout { template: 0 },
            }];
        }
        spec
    }

    fn server(self) -> ServerSpec {
        let cpu_bound = self == Workload::Cpu;
        let workers = if cpu_bound { 64 } else { 8 };
        let service = Dist::log_normal_mean(Nanos::from_millis(45), 0.5);
        ServerSpec {
            cpu_share: if cpu_bound { 1.0 } else { 0.2 },
            cpu_limit_milli: cpu_bound.then_some(8_000),
            keepalive_idle: Some(Nanos::from_secs(75)),
            ..ServerSpec::ideal(Some(workers), service)
        }
    }

    /// ingress-nginx: two replicas of four workers, retries and timeouts on.
    fn front(self) -> FrontSpec {
        let ms = Nanos::from_millis;
        let patient = self == Workload::Patient;
        FrontSpec {
            name: "ingress-nginx".to_owned(),
            replicas: 2,
            workers: 4,
            balancer: match self {
                Workload::LeastConnections => Balancer::LeastConnections,
                _ => Balancer::IngressRing,
            },
            retry: RetryPolicy::next_peer(RetryOn::ERROR.and(RetryOn::TIMEOUT), 3),
            connect_timeout: if patient { Nanos::MAX_SPAN } else { Nanos::from_secs(5) },
            read_timeout: if patient { Nanos::MAX_SPAN } else { Nanos::from_secs(60) },
            keepalive: Some(Keepalive {
                idle_timeout: Nanos::from_secs(60),
                max_idle: 320,
                stale_gives_try_back: true,
                first_is_fresh: false,
            }),
            delivery: Delivery {
                add: Dist::Fixed(ms(20)),
                remove: Dist::Fixed(ms(20)),
                mechanism: Mechanism::SyncAndPoll {
                    rate_per_s: 0.3,
                    batch: ms(5),
                    poll: Nanos::from_secs(1),
                    whole_second_stamp: true,
                },
                ..FrontSpec::ideal().delivery
            },
            overhead: Nanos(200_000),
            ..FrontSpec::ideal()
        }
    }

    fn deployment(self) -> DeploymentPlan {
        let probe = ProbePlan {
            spec: ProbeSpec { period_seconds: 10, ..Default::default() },
            grace_seconds: None,
            target: Some(0),
            connects_only: false,
            needs_worker: true,
        };
        let container = ContainerPlan {
            readiness: Some(probe),
            liveness: Some(probe),
            pre_stop: Some(PreStop { duration: Dist::Fixed(Nanos::from_secs(15)) }),
            cpu_request_milli: Some(2_000),
            start: Dist::Fixed(Nanos::from_millis(150)),
            startup_time: Dist::Fixed(Nanos::from_secs(5)),
            ..ContainerPlan::ideal(self.server())
        };
        DeploymentPlan {
            name: "default/web".to_owned(),
            spec: DeploymentSpec {
                replicas: self.pods(),
                strategy: Strategy::RollingUpdate {
                    max_surge: IntOrPercent::Int(1),
                    max_unavailable: IntOrPercent::Int(0),
                },
                paused: false,
            },
            templates: vec![PodTemplate {
                containers: vec![container],
                grace_seconds: 30,
                readiness_gate: false,
            }],
            hpa: Some(self.autoscaler()),
            ..DeploymentPlan::ideal(self.pods(), self.server())
        }
    }

    /// On CPU, with the target where the load already is.
    fn autoscaler(self) -> HpaPlan {
        HpaPlan {
            spec: HpaSpec {
                min_replicas: 3,
                max_replicas: i32::try_from(10 * self.pods()).expect("few pods"),
                metrics: vec![MetricSpec {
                    source: MetricSource::Resource { resource: "cpu".to_owned() },
                    target: MetricTarget {
                        kind: Some(TargetKind::Utilization),
                        average_utilization: Some(if self == Workload::Cpu { 280 } else { 56 }),
                        average_value: None,
                        value: None,
                    },
                }],
                behavior: None,
            },
            requests: vec![PodRequests {
                containers: vec![ContainerRequests {
                    name: "app".to_owned(),
                    requests: [("cpu".to_owned(), 2_000)].into(),
                }],
                pod_level: Default::default(),
            }],
            controller: HpaController { sync_period: SYNC_PERIOD, options: Options::for_kubernetes(35) },
            metrics: MetricsPipeline::default(),
        }
    }
}

fn control_plane() -> ControlPlane {
    let fixed = |ms: u64| Dist::Fixed(Nanos::from_millis(ms));
    ControlPlane {
        nodes: 10,
        controller_reaction: fixed(10),
        api_write: fixed(5),
        schedule: fixed(10),
        kubelet_notice: fixed(200),
        sandbox: fixed(500),
        container_relist: Dist::Uniform { lo: Nanos::from_millis(20), hi: Nanos::from_millis(1_020) },
        status_patch: fixed(10),
        kubelet_stop: fixed(20),
        sandbox_stop: fixed(200),
        slice_sync: fixed(20),
        ..ControlPlane::ideal()
    }
}
