//! Random clusters: workloads, front ends, events and loads of every kind.

mod pods;

use proptest::prelude::*;

use self::pods::{container, delay, template};
use super::path::arbitrary::{MS, client, front, load, server};
use super::spec::*;
use crate::model::canary::CanaryStep;
use crate::model::deployment::{DeploymentSpec, Strategy as Rollout};
use crate::model::eviction::{DisruptionBudget, DisruptionLimit};
use crate::model::hpa::{
    ContainerRequests, HpaSpec, MetricSource, MetricSpec, MetricTarget, Options, PodRequests, TargetKind,
};
use crate::model::retry::RetryPolicy;
use crate::model::server_check::Thresholds;
use crate::units::{IntOrPercent, Nanos};

const SECONDS: u64 = 25;

fn mechanism() -> impl Strategy<Value = Mechanism> {
    let ms = |n: u64| Nanos(n * MS);
    prop_oneof![
        (
            0_u64..50,
            0_u64..2_000,
            prop_oneof![Just(0), 1_u64..3_000],
            prop::option::of((100_u64..2_000, 1_u32..4, 1_u32..4, any::<bool>()))
        )
            .prop_map(move |(batch, min, period, checks)| Mechanism::InPlace {
                batch: ms(batch),
                min_interval: ms(min),
                period: ms(period),
                checks: checks.map(|(interval, rise, fall, http)| ServerChecks {
                    interval: ms(interval),
                    thresholds: Thresholds { rise, fall },
                    http,
                }),
            }),
        (0_u64..50, 0_u64..500, 0_u64..50, 0_u64..300, 0_u64..2_000).prop_map(
            move |(batch, min, start, overlap, period)| {
                Mechanism::Reload {
                    period: ms(period),
                    batch: ms(batch),
                    min_interval: ms(min),
                    start: ms(start),
                    overlap: ms(overlap),
                }
            }
        ),
        (prop_oneof![Just(0.0), 0.2..3.0], 100_u64..1_500, 0_u64..2_000, any::<bool>()).prop_map(
            move |(rate_per_s, poll, period, whole_second_stamp)| Mechanism::SyncAndPoll {
                period: ms(period),
                rate_per_s,
                batch: ms(5),
                poll: ms(poll),
                whole_second_stamp,
            }
        ),
        (delay(300), delay(3_000), 200_u64..3_000, 1_u32..3).prop_map(
            move |(reconcile, apply, interval, n)| {
                Mechanism::TargetGroup(TargetGroup {
                    reconcile,
                    apply,
                    health: HealthCheck {
                        interval: ms(interval),
                        healthy_threshold: n,
                        unhealthy_threshold: n,
                        initial_threshold: 1,
                    },
                    // Derived, not drawn: see above.
                    deregistration_delay: (!interval.is_multiple_of(3)).then_some(ms(interval / 2)),
                })
            }
        ),
    ]
}

fn tier() -> impl Strategy<Value = FrontSpec> {
    let overrides = (prop::option::weighted(0.2, delay(4_000)), prop::option::weighted(0.1, delay(2_000)));
    let delays = (delay(1_500), delay(1_500), prop::option::weighted(0.3, delay(1_500)));
    (front(), delays, mechanism(), overrides, any::<bool>()).prop_map(
        |(
            front,
            (add, remove, remove_elsewhere),
            mechanism,
            (removal_override, addition_override),
            falls_back_to_terminating,
        )| {
            let delivery = Delivery {
                add,
                remove,
                remove_elsewhere,
                removal_override,
                addition_override,
                falls_back_to_terminating,
                mechanism,
            };
            // The nodes are targets there, and the pods here.
            let by_pod = matches!(delivery.mechanism, Mechanism::TargetGroup(_));
            FrontSpec { delivery, node_local: front.node_local.filter(|_| !by_pod), ..front }
        },
    )
}

fn events() -> impl Strategy<Value = Vec<PlannedEvent>> {
    let action = prop_oneof![
        3 => (0_usize..2).prop_map(|template| PlannedAction::Rollout { template }),
        2 => (0_u32..6).prop_map(|replicas| PlannedAction::Scale { replicas }),
        2 => (1_u32..3).prop_map(|count| PlannedAction::KillPods { count }),
        1 => (1_u32..3, any::<bool>())
            .prop_map(|(count, out_of_memory)| PlannedAction::CrashPods { count, out_of_memory }),
        1 => (1_u32..3).prop_map(|nodes| PlannedAction::Drain { nodes }),
        1 => (1_u32..3).prop_map(|count| PlannedAction::LoseNodes { count }),
        1 => Just(PlannedAction::LoseZone),
        1 => (1_u32..9, 1..SECONDS).prop_map(|(times, lasts)| PlannedAction::SlowDependency {
            factor: f64::from(times) / 2.0 + 0.5,
            lasts: Nanos::from_secs(lasts),
        }),
        1 => (1..SECONDS).prop_map(|lasts| PlannedAction::DependencyDown { lasts: Nanos::from_secs(lasts) }),
    ];
    prop::collection::vec((0..SECONDS * 1_000, action), 0..4).prop_map(|mut list| {
        list.sort_by_key(|(ms, _)| *ms);
        // In place of some of them, not drawn beside them: that would change what the stored seeds stand for.
        let varied = |ms: u64, action| match (ms % 8, action) {
            (6, PlannedAction::Rollout { template }) => {
                PlannedAction::BlueGreen { template, scale_down_delay: Nanos(ms / 4 * MS) }
            }
            (7, PlannedAction::Rollout { template }) => PlannedAction::Canary {
                template,
                steps: vec![
                    CanaryStep::SetWeight((ms / 100) as u32 % 101),
                    CanaryStep::Pause(Nanos(ms / 8 * MS)),
                ],
                router: None,
            },
            (4 | 5, PlannedAction::KillPods { count }) => PlannedAction::StaleFrontEnd {
                processes: count,
                lasts: (!ms.is_multiple_of(3)).then_some(Nanos(ms / 4 * MS)),
            },
            (6 | 7, PlannedAction::KillPods { count }) => {
                PlannedAction::DeletionCost { cost: (ms % 100) as i32 - 50, pods: count }
            }
            (_, action) => action,
        };
        let event =
            |(ms, action)| PlannedEvent { at: Nanos(ms * MS), deployment: 0, action: varied(ms, action) };
        list.into_iter().map(event).collect()
    })
}

fn hpa(templates: usize) -> impl Strategy<Value = HpaPlan> {
    (1_i32..4, 10_i32..200).prop_map(move |(min_replicas, target)| HpaPlan {
        spec: HpaSpec {
            min_replicas,
            max_replicas: 6,
            metrics: vec![MetricSpec {
                source: MetricSource::Resource { resource: "cpu".to_owned() },
                target: MetricTarget {
                    kind: Some(TargetKind::Utilization),
                    average_utilization: Some(target),
                    average_value: None,
                    value: None,
                },
            }],
            behavior: None,
        },
        requests: vec![
            PodRequests {
                containers: vec![ContainerRequests {
                    name: "app".to_owned(),
                    requests: [("cpu".to_owned(), 500)].into(),
                }],
                ..PodRequests::default()
            };
            templates
        ],
        controller: HpaController { sync_period: Nanos::from_secs(3), options: Options::for_kubernetes(35) },
        metrics: MetricsPipeline {
            housekeeping: Nanos::from_secs(2),
            resolution: Nanos::from_secs(3),
            ..MetricsPipeline::default()
        },
    })
}

fn control() -> impl Strategy<Value = ControlPlane> {
    let delays = prop::collection::vec(delay(200), 10);
    // Real patience would outlast the run.
    let nodes = (1_u32..4, 1_u32..3, 0..SECONDS);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (nodes, delays, flags).prop_map(
        |((nodes, zones, patience), delays, (kubelet, ranked, direct_endpoints, exact_grace, slow_start))| {
            let nth = |i: usize| delays[i].clone();
            ControlPlane {
                nodes,
                // Derived, not drawn: see above. More pods than have room begin where they are.
                pods_per_node: (patience % 3 == 0).then_some(2 + zones),
                zones,
                node_monitor_grace_period: Nanos::from_secs(patience),
                controller_reaction: nth(0),
                api_write: nth(1),
                schedule: nth(2),
                kubelet_notice: nth(3),
                sandbox: nth(4),
                container_relist: nth(5),
                status_patch: nth(6),
                kubelet_stop: nth(7),
                sandbox_stop: nth(8),
                slice_sync: nth(9),
                probe_phase: if kubelet { ProbePhase::Kubelet } else { ProbePhase::ProcessStart },
                victim_order: if ranked { VictimOrder::Kubernetes } else { VictimOrder::OldestFirst },
                direct_endpoints,
                exact_grace,
                slow_start,
            }
        },
    )
}

pub(super) fn cluster() -> impl Strategy<Value = SimSpec> {
    let strategy = prop_oneof![
        4 => (0_u32..3, 0_u32..3).prop_map(|(surge, unavailable)| Rollout::RollingUpdate {
            // Both zero is refused by the API server.
            max_surge: IntOrPercent::Int(if unavailable == 0 { surge.max(1) } else { surge }),
            max_unavailable: IntOrPercent::Int(unavailable),
        }),
        1 => Just(Rollout::Recreate),
    ];
    let budget =
        (1_u32..5, any::<bool>(), any::<bool>()).prop_map(|(pods, keeps, always_allow_unhealthy)| {
            let pods = IntOrPercent::Int(pods);
            let limit = if keeps {
                DisruptionLimit::MinAvailable(pods)
            } else {
                DisruptionLimit::MaxUnavailable(pods)
            };
            DisruptionBudget { limit, always_allow_unhealthy }
        });
    let workload = (
        1_u32..6,
        strategy,
        0_u32..3,
        prop::collection::vec(template(), 2),
        prop::option::weighted(0.3, hpa(2)),
        prop::bool::weighted(0.1),
        prop::option::weighted(0.5, budget),
    );
    let gone =
        prop_oneof![Just(AfterExit::Refused), Just(AfterExit::Unreachable), Just(AfterExit::Blackhole)];
    let network = (0_u64..30, any::<bool>(), gone);
    (load(SECONDS), client(), network, tier(), workload, events(), control()).prop_map(
        |(load, client, (race, linear, after_exit), tier, workload, events, control)| {
            let (
                replicas,
                strategy,
                min_ready_seconds,
                templates,
                hpa,
                publish_not_ready_addresses,
                disruption_budget,
            ) = workload;
            let tier = FrontSpec {
                replicas: if tier.node_local.is_some() { control.nodes } else { tier.replicas },
                ..tier
            };
            SimSpec {
                kubernetes_minor: 35,
                load,
                client,
                network: NetworkSpec {
                    race_window: Nanos(race * MS),
                    linear_syn_retries: linear,
                    reset_share: if linear { 0.0 } else { 0.01 },
                    after_exit,
                },
                tiers: vec![tier],
                deployments: vec![DeploymentPlan {
                    name: "random".to_owned(),
                    spec: DeploymentSpec { replicas, strategy, paused: false },
                    min_ready_seconds,
                    progress_deadline_seconds: Some(600),
                    templates,
                    publish_not_ready_addresses,
                    disruption_budget: disruption_budget.map(|budget| (budget, "budget".to_owned())),
                    hpa,
                }],
                events,
                control,
                settle_limit: Nanos::from_secs(15),
            }
        },
    )
}

/// The same clusters behind an ingress that is a Deployment, with a tier before it.
pub(super) fn two_tiers() -> impl Strategy<Value = SimSpec> {
    let alone = (server(), 0_u32..6, prop::collection::vec(delay(2_000), 0..2)).prop_flat_map(
        |(server, grace_seconds, init)| {
            container(Role::Serves(server), 1).prop_map(move |mut plan| {
                if let Some(drain) = plan.on_stop.drain().filter(|_| !plan.on_stop.suits_ingress()) {
                    plan.on_stop = OnStop::Drain(drain);
                }
                PodTemplate {
                    init: init.clone(),
                    containers: vec![plan],
                    grace_seconds,
                    readiness_gate: grace_seconds == 3,
                }
            })
        },
    );
    let ingress = (0_u32..4, prop::collection::vec(alone, 2), 0_u32..3, 0_u32..3, 0_u32..2);
    let whose = prop::collection::vec(any::<bool>(), 4);
    (cluster(), tier(), ingress, whose, any::<bool>()).prop_map(|(cluster, outer, ingress, whose, random)| {
        let (replicas, templates, surge, unavailable, min_ready_seconds) = ingress;
        let max_surge = IntOrPercent::Int(if unavailable == 0 { surge.max(1) } else { surge });
        let max_unavailable = IntOrPercent::Int(unavailable);
        let strategy = Rollout::RollingUpdate { max_surge, max_unavailable };
        let plan = DeploymentPlan {
            name: "random-ingress".to_owned(),
            spec: DeploymentSpec { replicas, strategy, paused: false },
            min_ready_seconds,
            progress_deadline_seconds: Some(600),
            templates,
            publish_not_ready_addresses: false,
            disruption_budget: None,
            hpa: None,
        };
        let outer = FrontSpec {
            balancer: if random { Balancer::Random } else { Balancer::RoundRobin },
            replicas: if outer.node_local.is_some() { cluster.control.nodes } else { outer.replicas },
            retry: RetryPolicy::NEVER,
            request_timeout: None,
            stream_idle_timeout: None,
            breaker: CircuitBreaker::default(),
            outlier: None,
            keepalive: outer.keepalive.map(|kept| Keepalive { any_connection: false, ..kept }),
            ..outer
        };
        let mut front = FrontSpec {
            pods: Some(1),
            node_local: None,
            pins_connections: false,
            ..cluster.tiers[0].clone()
        };
        if let Mechanism::TargetGroup(_) = front.delivery.mechanism {
            front.delivery.mechanism = Mechanism::in_place(Nanos(5 * MS));
        }
        assert_eq!(outer.may_stand_first(), Ok(()));
        let mut events = cluster.events.clone();
        events
            .iter_mut()
            .zip(whose)
            .for_each(|(event, of_ingress)| event.deployment = usize::from(of_ingress));
        let deployments = cluster.deployments.iter().cloned().chain([plan]).collect();
        SimSpec { tiers: vec![outer, front], deployments, events, ..cluster }
    })
}

/// The same clusters behind a traffic router, with canaries in place of all rollouts and one at least.
pub(super) fn routed() -> impl Strategy<Value = SimSpec> {
    let steps = prop::collection::vec((0_u32..101, 0_u64..6_000), 0..3);
    let canary = (0_u64..SECONDS * 600, 0_usize..2, steps, 0_u64..8_000);
    let balancers =
        [Balancer::RoundRobin, Balancer::LeastRequest, Balancer::Random, Balancer::LeastConnections];
    (cluster(), canary, prop::sample::select(balancers.to_vec())).prop_map(
        |(mut cluster, canary, balancer)| {
            let (ms, template, steps, stay) = canary;
            let step = |(weight, pause): &(u32, u64)| {
                [CanaryStep::SetWeight(*weight), CanaryStep::Pause(Nanos(pause * MS))]
            };
            let steps: Vec<CanaryStep> = steps.iter().flat_map(step).collect();
            let canary = |template| PlannedAction::Canary {
                template,
                steps: steps.clone(),
                router: Some(Nanos(stay * MS)),
            };
            for event in &mut cluster.events {
                if let Some(template) = event.action.template() {
                    event.action = canary(template);
                }
            }
            cluster.events.push(PlannedEvent { at: Nanos(ms * MS), deployment: 0, action: canary(template) });
            cluster.events.sort_by_key(|event| event.at);
            let tier = &mut cluster.tiers[0];
            (tier.has_canary, tier.node_local, tier.pins_connections) = (true, None, false);
            (tier.client_affinity, tier.balancer) = (false, balancer);
            tier.keepalive = tier.keepalive.map(|kept| Keepalive { any_connection: false, ..kept });
            if !matches!(tier.delivery.mechanism, Mechanism::InPlace { checks: None, .. }) {
                tier.delivery.mechanism = Mechanism::in_place(Nanos(stay / 16 * MS));
            }
            if balancer == Balancer::LeastConnections {
                tier.slow_start = Nanos::ZERO;
            }
            if balancer != Balancer::LeastRequest {
                tier.outlier = None;
            }
            assert_eq!(tier.may_route(), Ok(()));
            cluster
        },
    )
}

/// The same clusters where the application needs one more container to serve requests.
pub(super) fn leaning() -> impl Strategy<Value = SimSpec> {
    let egress = (container(Role::Egress, 1), any::<bool>())
        .prop_map(|(plan, is_sidecar)| ContainerPlan { is_sidecar, ..plan });
    (cluster(), egress).prop_map(|(mut cluster, egress)| {
        for template in &mut cluster.deployments[0].templates {
            // Probes name their containers by number.
            template.containers.push(egress.clone());
        }
        cluster
    })
}
