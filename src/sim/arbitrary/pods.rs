//! Random pods: containers, their probes, hooks and ends.

use proptest::prelude::*;

use crate::model::outcome::Status;
use crate::model::probe::ProbeSpec;
use crate::random::Dist;
use crate::sim::path::arbitrary::{MS, server};
use crate::sim::spec::*;
use crate::units::Nanos;

pub(super) fn delay(up_to_ms: u64) -> impl Strategy<Value = Dist> {
    prop_oneof![
        Just(Dist::ZERO),
        (0..=up_to_ms).prop_map(|ms| Dist::Fixed(Nanos(ms * MS))),
        (0..=up_to_ms).prop_map(|ms| Dist::Uniform { lo: Nanos::ZERO, hi: Nanos(ms * MS) }),
    ]
}

fn probe(containers: usize) -> impl Strategy<Value = ProbePlan> {
    let numbers = (0_u32..3, 1_u32..4, 1_u32..3, 1_u32..3, 1_u32..4);
    let target = prop::option::weighted(0.9, 0..containers);
    let asks = (any::<bool>(), prop::bool::weighted(0.7), prop::bool::weighted(0.3));
    (numbers, target, asks, prop::option::weighted(0.2, 1_u32..4)).prop_map(
        |(
            (delay, period, timeout, successes, failures),
            target,
            (connects_only, needs_worker, asks_dependency),
            grace,
        )| {
            ProbePlan {
                spec: ProbeSpec {
                    initial_delay_seconds: delay,
                    period_seconds: period,
                    timeout_seconds: timeout,
                    success_threshold: successes,
                    failure_threshold: failures,
                },
                grace_seconds: grace,
                target,
                connects_only,
                needs_worker,
                asks_dependency,
            }
        },
    )
}

/// Liveness and startup probes must succeed once, by Kubernetes' own validation.
fn once(plan: ProbePlan) -> ProbePlan {
    ProbePlan { spec: ProbeSpec { success_threshold: 1, ..plan.spec }, ..plan }
}

fn on_stop() -> impl Strategy<Value = OnStop> {
    let drain =
        prop::option::of(0_u64..3_000).prop_map(|limit| Drain::within(limit.map(|ms| Nanos(ms * MS))));
    prop_oneof![
        Just(OnStop::Exit),
        Just(OnStop::Ignore),
        // The limit decides, not a draw of its own, which would change what the stored seeds stand for.
        drain.clone().prop_map(|drain| match drain.limit.map_or(0, |limit| limit.0 / MS % 8) {
            5 => OnStop::Hold(drain),
            6 => OnStop::ServeKept(drain, Kept::Busy),
            7 => OnStop::ServeKept(drain, Kept::All),
            _ => OnStop::Drain(drain),
        }),
        drain.clone().prop_map(OnStop::Decline),
        (delay(2_000), drain).prop_map(|(time, drain)| OnStop::Linger { time, drain }),
    ]
}

pub(super) fn container(role: Role, containers: usize) -> impl Strategy<Value = ContainerPlan> {
    let probes = (
        prop::option::weighted(0.2, probe(containers).prop_map(once)),
        prop::option::weighted(0.7, probe(containers)),
        prop::option::weighted(0.3, probe(containers).prop_map(once)),
    );
    let stop = (prop::option::of(delay(4_000)), on_stop());
    let hook = prop::option::weighted(0.2, delay(2_000));
    let start = (delay(300), delay(300), hook, delay(3_000), delay(500), 0_u64..1_500);
    (probes, stop, start).prop_map(
        move |(
            (startup, readiness, liveness),
            (hook, on_stop),
            (pull, start, post_start, listen, ready, cpu),
        )| {
            ContainerPlan {
                name: "app".to_owned(),
                role: role.clone(),
                is_sidecar: false,
                startup,
                readiness,
                liveness,
                pre_stop: hook.map(|duration| PreStop { duration }),
                cpu_request_milli: Some(500),
                image_pull: pull,
                start,
                // Derived, for a draw of its own would change what the stored seeds stand for.
                post_start: post_start.map(|duration| PostStart { duration, fails: (cpu % 4) as f64 / 4.0 }),
                startup_time: listen,
                app_ready_delay: ready,
                startup_cpu_milli: cpu,
                on_stop,
            }
        },
    )
}

/// The serving container, alone or behind a proxy of the same pod that may be a sidecar.
pub(super) fn template() -> impl Strategy<Value = PodTemplate> {
    let alone = server().prop_flat_map(|s| container(Role::Serves(s), 1)).prop_map(|c| vec![c]);
    let proxied = (server(), 0_u64..3, any::<bool>()).prop_flat_map(|(server, delay, is_sidecar)| {
        let proxy = container(Role::Forwards { delay: Nanos(delay * MS), down: Status::Unavailable }, 2)
            .prop_map(move |plan| ContainerPlan { is_sidecar, ..plan });
        (proxy, container(Role::Serves(server), 2)).prop_map(|(a, b)| vec![a, b])
    });
    let init = prop::collection::vec(delay(2_000), 0..3);
    let containers = prop_oneof![3 => alone.boxed(), 1 => proxied.boxed()];
    (init, containers, 0_u32..6, prop::bool::weighted(0.2)).prop_map(
        |(init, containers, grace_seconds, readiness_gate)| PodTemplate {
            init,
            containers,
            grace_seconds,
            readiness_gate,
        },
    )
}
