//! Throwaway: throughput of the steady workload.
use podloss::model::deployment::{DeploymentSpec, Strategy};
use podloss::model::hpa::*;
use podloss::model::probe::ProbeSpec;
use podloss::model::retry::RetryPolicy;
use podloss::random::Dist;
use podloss::sim::spec::*;
use podloss::units::{IntOrPercent, Nanos};
use podloss::workload::*;
use std::sync::Arc;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let secs: u64 = args.get(1).map_or(400, |s| s.parse().unwrap());
    let kind = args.get(2).map_or("steady", |s| s.as_str());
    let pods: u32 = args.get(3).map_or(20, |s| s.parse().unwrap());
    let rate = 2489.0 * pods as f64 / 20.0;
    let ms = Nanos::from_millis;
    let probe = |p| ProbePlan {
        spec: ProbeSpec { period_seconds: p, ..Default::default() },
        grace_seconds: None,
        target: Some(0),
        connects_only: false,
        needs_worker: true,
    };
    let cpu = kind == "cpu";
    let spec = SimSpec {
        kubernetes_minor: 35,
        load: if kind == "closed" {
            Load::Closed(ClosedLoad {
                connections: 200,
                think: Dist::ZERO,
                ramp: ms(50),
                duration: Nanos::from_secs(secs),
            })
        } else {
            Load::Open(OpenLoad {
                source: OpenSource::Rate {
                    profile: Profile::constant(rate, Nanos::from_secs(secs)).unwrap(),
                    dispersion: 1.0,
                },
            })
        },
        client: ClientSpec {
            post_share: 0.2,
            timeout: None,
            retries: if kind == "lc" { 2 } else { 0 },
            backoff: Dist::Fixed(ms(100)),
            keep_alive: false,
        },
        network: NetworkSpec {
            race_window: Nanos(500_000),
            linear_syn_retries: true,
            after_exit: AfterExit::Refused,
        },
        tiers: vec![FrontSpec {
            name: "ingress-nginx".into(),
            replicas: 2,
            workers: 4,
            balancer: if kind == "lc" { Balancer::LeastConnections } else { Balancer::IngressRing },
            retry: RetryPolicy { on_error: true, on_timeout: true, max_attempts: 3, non_idempotent: false },
            connect_timeout: Nanos::from_secs(5),
            read_timeout: Nanos::from_secs(60),
            keepalive: Some(Keepalive {
                idle_timeout: Nanos::from_secs(60),
                max_idle: 320,
                stale_gives_try_back: true,
            }),
            answers: Answers::NGINX,
            delivery: Delivery {
                add: Dist::Fixed(ms(20)),
                remove: Dist::Fixed(ms(20)),
                removal_override: None,
                addition_override: None,
                mechanism: Mechanism::SyncAndPoll {
                    rate_per_s: 0.3,
                    batch: ms(5),
                    poll: Nanos::from_secs(1),
                    whole_second_stamp: true,
                },
            },
            overhead: Nanos(200_000),
        }],
        deployments: vec![DeploymentPlan {
            name: "default/web".into(),
            spec: DeploymentSpec {
                replicas: pods,
                strategy: Strategy::RollingUpdate {
                    max_surge: IntOrPercent::Int(1),
                    max_unavailable: IntOrPercent::Int(0),
                },
                paused: false,
            },
            min_ready_seconds: 0,
            progress_deadline_seconds: Some(600),
            templates: vec![PodTemplate {
                containers: vec![ContainerPlan {
                    name: "app".into(),
                    role: Role::Serves(ServerSpec {
                        workers: Some(if cpu { 64 } else { 8 }),
                        accept: Accept::Eager,
                        backlog: 511,
                        service: Dist::log_normal_mean(ms(45), 0.5),
                        cpu_share: if cpu { 1.0 } else { 0.2 },
                        cpu_limit_milli: if cpu { Some(8000) } else { None },
                        keepalive_idle: Some(Nanos::from_secs(75)),
                        warm_up: None,
                    }),
                    is_sidecar: false,
                    startup: None,
                    readiness: Some(probe(10)),
                    liveness: Some(probe(10)),
                    pre_stop: Some(PreStop { duration: Dist::Fixed(Nanos::from_secs(15)) }),
                    cpu_request_milli: Some(2000),
                    image_pull: Dist::ZERO,
                    start: Dist::Fixed(ms(150)),
                    startup_time: Dist::Fixed(Nanos::from_secs(5)),
                    app_ready_delay: Dist::ZERO,
                    startup_cpu_milli: 0,
                    on_stop: OnStop::Drain(Drain { limit: None }),
                }],
                grace_seconds: 30,
                readiness_gate: false,
            }],
            publish_not_ready_addresses: false,
            hpa: Some(HpaPlan {
                spec: HpaSpec {
                    min_replicas: 3,
                    max_replicas: 10 * pods as i32,
                    metrics: vec![MetricSpec {
                        source: MetricSource::Resource { resource: "cpu".into() },
                        target: MetricTarget {
                            kind: Some(TargetKind::Utilization),
                            average_utilization: Some(if cpu { 280 } else { 56 }),
                            average_value: None,
                            value: None,
                        },
                    }],
                    behavior: None,
                },
                requests: vec![PodRequests {
                    containers: vec![ContainerRequests {
                        name: "app".into(),
                        requests: [("cpu".to_string(), 2000)].into(),
                    }],
                    pod_level: Default::default(),
                }],
                controller: HpaController { sync_period: SYNC_PERIOD, options: Options::for_kubernetes(35) },
                metrics: MetricsPipeline {
                    housekeeping: Nanos::from_secs(10),
                    resolution: Nanos::from_secs(15),
                    ..MetricsPipeline::default()
                },
            }),
        }],
        events: if pods > 500 {
            vec![]
        } else {
            vec![PlannedEvent {
                at: Nanos::from_secs(60),
                deployment: 0,
                action: PlannedAction::Rollout { template: 0 },
            }]
        },
        control: ControlPlane {
            nodes: 10,
            controller_reaction: Dist::Fixed(ms(10)),
            api_write: Dist::Fixed(ms(5)),
            schedule: Dist::Fixed(ms(10)),
            kubelet_notice: Dist::Fixed(ms(200)),
            sandbox: Dist::Fixed(ms(500)),
            container_relist: Dist::Uniform { lo: ms(20), hi: ms(1020) },
            status_patch: Dist::Fixed(ms(10)),
            kubelet_stop: Dist::Fixed(ms(20)),
            sandbox_stop: Dist::Fixed(ms(200)),
            slice_sync: Dist::Fixed(ms(20)),
            probe_phase: ProbePhase::Kubelet,
            victim_order: VictimOrder::Kubernetes,
            direct_endpoints: false,
            slow_start: true,
        },
        settle_limit: Nanos::from_secs(600),
    };
    let spec = Arc::new(spec);
    let mut best = f64::MAX;
    let mut r = None;
    for _ in 0..std::env::var("REPS").map_or(5, |s| s.parse().unwrap()) {
        let t = std::time::Instant::now();
        let res = podloss::sim::run(&spec, 1, 0, &|| false);
        best = best.min(t.elapsed().as_secs_f64());
        r = Some(res);
    }
    let r = r.unwrap();
    println!(
        "{kind}_rps={:.1}M ns={:.1} n={} mean_ms={:.3} lost={} replicas={:?} end={:.1} rollouts={:?}",
        r.tally.arrived as f64 / best / 1e6,
        best * 1e9 / r.tally.arrived as f64,
        r.tally.arrived,
        r.tally.latency_ok.mean().unwrap() / 1e6,
        r.tally.lost(),
        r.replicas,
        r.end.run_secs(),
        r.timeline.rollouts.iter().map(|x| x.end.map(|e| e.run_secs())).collect::<Vec<_>>()
    );
}
