//! Random servers, front ends and loads for the tests of this folder and of the whole engine.

use std::sync::Arc;

use proptest::prelude::*;

use crate::model::balancer::PassiveChecks;
use crate::model::outcome::Status;
use crate::model::outlier::OutlierSpec;
use crate::model::retry::{RetryOn, RetryPause, RetryPeer, RetryPolicy};
use crate::random::Dist;
use crate::sim::spec::{
    Accept, Answers, Balancer, CircuitBreaker, ClientSpec, Delivery, FrontSpec, HealthCheck, Keepalive,
    Mechanism, ServerSpec, StaleRetry, WarmUp,
};
use crate::units::Nanos;
use crate::workload::{ClosedLoad, Load, OpenLoad, OpenSource, Profile};

pub(crate) const MS: u64 = 1_000_000;

fn dist() -> impl Strategy<Value = Dist> {
    prop_oneof![
        (1_u64..200).prop_map(|ms| Dist::Fixed(Nanos(ms * MS))),
        (1_u64..100).prop_map(|ms| Dist::Exponential { mean: Nanos(ms * MS) }),
        (1_u64..100).prop_map(|ms| Dist::log_normal_mean(Nanos(ms * MS), 0.7)),
    ]
}

pub(crate) fn server() -> impl Strategy<Value = ServerSpec> {
    (
        prop::option::weighted(0.8, 1_u32..12),
        any::<bool>(),
        0_u32..6,
        dist(),
        prop_oneof![Just(0.0), Just(1.0), 0.0..1.0],
        prop::option::weighted(0.6, 100_u64..3_000),
        prop::option::of(20_u64..3_000),
        prop::option::weighted(0.1, 1.0..5.0_f64),
    )
        .prop_map(|(workers, lazy, backlog, service, cpu_share, limit, idle, warm)| ServerSpec {
            workers,
            accept: if lazy && workers.is_some() { Accept::Lazy } else { Accept::Eager },
            backlog,
            // As below: derived, not drawn.
            queue: workers.filter(|_| !lazy && backlog < 3).map(|_| backlog),
            probe_service: if backlog % 2 == 0 { service.clone() } else { Dist::Fixed(Nanos(3 * MS)) },
            service,
            cpu_share,
            cpu_limit_milli: limit,
            keepalive_idle: idle.map(|ms| Nanos(ms * MS)),
            // Not a draw of its own: that would change what the stored seeds stand for.
            max_connection_age: idle.filter(|ms| ms % 3 == 0).map(|ms| Nanos(2 * ms * MS)),
            warm_up: warm.map(|factor| WarmUp { factor, duration: Nanos(2_000 * MS) }),
        })
}

fn retry() -> impl Strategy<Value = RetryPolicy> {
    let on = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(refused, connect_timeout, closed, read_timeout)| RetryOn {
            refused,
            connect_timeout,
            closed,
            read_timeout,
        },
    );
    let peer = prop_oneof![
        3 => Just(RetryPeer::Next),
        1 => (0_u32..4).prop_map(|repicks| RetryPeer::Untried { repicks }),
        2 => any::<bool>().prop_map(|redispatch| RetryPeer::SameServer { redispatch }),
    ];
    let pause = prop_oneof![
        2 => Just(RetryPause::None),
        1 => (1_u64..1_200).prop_map(|ms| RetryPause::Fixed(ms * MS)),
        // Derived: new draws would change what stored seeds stand for.
        1 => (1_u64..50, 50_u64..500).prop_map(|(base, max)| match base % 3 {
            0 => RetryPause::Around { first: max * MS / 2, doubles_in: 1 + base as u32 % 4 },
            _ => RetryPause::Backoff { base: base * MS, max: max * MS },
        }),
    ];
    (on, 0_u32..5, any::<bool>(), peer, pause, prop::option::weighted(0.3, 0_u32..4)).prop_map(
        |(on, max_attempts, non_idempotent, peer, pause, max_concurrent)| RetryPolicy {
            on,
            max_attempts,
            non_idempotent,
            peer,
            pause,
            max_concurrent,
        },
    )
}

fn outlier() -> impl Strategy<Value = OutlierSpec> {
    (1_u32..6, 100_u64..2_000, 100_u64..3_000, 0_u32..101, any::<bool>(), 0_u32..101, 0_u64..1_000).prop_map(
        |(consecutive_failures, interval, base, max_ejection_percent, always_eject_one, panic, window)| {
            OutlierSpec {
                consecutive_failures,
                interval: interval * MS,
                base_ejection: base * MS,
                max_ejection: 3 * base * MS,
                max_ejection_percent,
                always_eject_one,
                panic_percent: panic,
                merge_window: window * MS,
            }
        },
    )
}

fn balancer() -> impl Strategy<Value = Balancer> {
    prop_oneof![
        (0_u32..3, 0_u64..3).prop_map(|(max_fails, fail_timeout_s)| Balancer::Nginx(PassiveChecks {
            max_fails,
            fail_timeout_s
        })),
        Just(Balancer::RoundRobin),
        Just(Balancer::IngressRing),
        Just(Balancer::LeastConnections),
        Just(Balancer::Ewma),
        Just(Balancer::Turns),
        Just(Balancer::LeastRequest),
        Just(Balancer::Random),
    ]
}

pub(crate) fn front() -> impl Strategy<Value = FrontSpec> {
    let keepalive = prop::option::of((10_u64..2_000, 1_u32..10, any::<bool>(), any::<bool>()));
    let patience = (50_u64..3_000, 50_u64..2_000, prop::option::weighted(0.3, 50_u64..3_000));
    let size = (1_u32..3, 1_u32..3, any::<bool>());
    (size, balancer(), retry(), patience, keepalive, 0_u64..3, prop::option::weighted(0.3, outlier()))
        .prop_map(
            |(
                (replicas, workers, pins_connections),
                balancer,
                retry,
                (connect, read, request),
                keepalive,
                overhead,
                outlier,
            )| {
                let balancer = match balancer {
                    Balancer::IngressRing if connect % 2 == 0 => Balancer::EarliestDeadline,
                    other => other,
                };
                let limits_connections = connect % 3 == 1 && balancer != Balancer::EarliestDeadline;
                FrontSpec {
                    name: "random".to_owned(),
                    replicas,
                    pods: None,
                    workers,
                    has_canary: false,
                    node_local: (connect % 5 == 1).then_some(NODE_CHECKS),
                    balancer,
                    retry,
                    connect_timeout: Nanos(connect * MS),
                    read_timeout: Nanos(read * MS),
                    request_timeout: request.map(|ms| Nanos(ms * MS)),
                    stream_idle_timeout: None,
                    // Derived, as above.
                    breaker: CircuitBreaker {
                        max_requests: (read % 4 == 1).then_some(connect as u32 % 24),
                        max_pending_requests: (read % 3 == 1).then_some(connect as u32 % 5),
                        max_connections: limits_connections.then_some(read as u32 % 13),
                    },
                    outlier,
                    pins_connections,
                    client_affinity: connect % 4 == 0,
                    affinity_holds: read % 2 == 0,
                    slow_start: Nanos(if read % 3 == 0 { read * MS } else { 0 }),
                    keepalive: keepalive.map(|(idle, max_idle, resends, first_is_fresh)| Keepalive {
                        idle_timeout: Nanos(idle * MS),
                        max_idle,
                        stale: match (resends, idle % 2) {
                            (false, _) => StaleRetry::Counts,
                            (true, 0) => StaleRetry::GivesTryBack,
                            (true, _) => StaleRetry::SamePod,
                        },
                        first_is_fresh,
                        any_connection: max_idle % 4 == 1,
                    }),
                    answers: Answers { stale: Status::Closed, ..Answers::NGINX },
                    delivery: Delivery {
                        add: Dist::ZERO,
                        remove: Dist::ZERO,
                        remove_elsewhere: None,
                        removal_override: None,
                        addition_override: None,
                        falls_back_to_terminating: false,
                        mechanism: Mechanism::in_place(Nanos(0)),
                    },
                    overhead: Nanos(overhead * 500_000 + 100_000),
                }
            },
        )
}

/// Checks of nodes that come often enough to matter.
const NODE_CHECKS: HealthCheck = HealthCheck {
    interval: Nanos(700 * MS),
    healthy_threshold: 1,
    unhealthy_threshold: 2,
    initial_threshold: 1,
};

/// Loads of `secs` seconds.
pub(crate) fn load(secs: u64) -> impl Strategy<Value = Load> {
    prop_oneof![
        (10.0..400.0_f64).prop_map(move |rate| Load::Open(OpenLoad {
            source: OpenSource::Rate {
                profile: Profile::constant(rate, Nanos::from_secs(secs)).unwrap(),
                dispersion: 1.0
            }
        })),
        prop::collection::vec(0_u64..secs * 1_000, 1..300).prop_map(|mut ms| {
            ms.sort_unstable();
            // Whole milliseconds: many arrivals coincide with each other and with control events.
            let list: Arc<[Nanos]> = ms.into_iter().map(|t| Nanos(t * MS)).collect();
            Load::Open(OpenLoad { source: OpenSource::List(list) })
        }),
        (1_u32..30, 0_u64..50).prop_map(move |(connections, think)| Load::Closed(ClosedLoad {
            connections,
            think: Dist::Fixed(Nanos(think * MS)),
            ramp: Nanos(50 * MS),
            duration: Nanos::from_secs(secs),
        })),
    ]
}

pub(crate) fn client() -> impl Strategy<Value = ClientSpec> {
    (0.0..1.0_f64, prop::option::weighted(0.3, 50_u64..2_000), 0_u32..3, any::<bool>()).prop_map(
        |(post_share, timeout, retries, keep_alive)| ClientSpec {
            post_share,
            timeout: timeout.map(|ms| Nanos(ms * MS)),
            retries,
            retry_budget_per_mille: (post_share > 0.7).then_some(300),
            backoff: Dist::Exponential { mean: Nanos(20 * MS) },
            keep_alive,
            // Not a draw of its own, see above.
            connections: if keep_alive { retries * 3 } else { 0 },
        },
    )
}
