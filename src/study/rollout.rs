//! How long a rollout should take: beside what it took, a sign of what holds it up.

use serde::{Deserialize, Serialize};

use crate::config::case::Case;
use crate::model::deployment::{Strategy, resolve_fenceposts};
use crate::sim::spec::{ContainerPlan, ControlPlane, Mechanism, PlannedAction, PodTemplate, SimSpec};
use crate::units::Nanos;

/// A rollout in waves, each as long as a new pod takes from its creation to being available: by the means of
/// its stages, and with no wait for the next tick of a probe or check, or with a whole period of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolloutEstimate {
    /// Pods of the workload when it begins.
    pub replicas: u32,
    /// New pods that may be on their way at once: maxSurge and maxUnavailable together.
    pub at_once: u32,
    /// Seconds of one wave, at least and at most.
    pub wave_s: (f64, f64),
}

impl RolloutEstimate {
    /// Of the workload's Deployment, if nothing but rollouts of it happens.
    pub fn of(case: &Case) -> Option<RolloutEstimate> {
        let spec = &case.spec;
        let only_rollouts = spec
            .events
            .iter()
            .all(|event| event.deployment == 0 && matches!(event.action, PlannedAction::Rollout { .. }));
        let plan = spec.deployments.first().filter(|plan| plan.hpa.is_none() && !plan.spec.paused)?;
        let Strategy::RollingUpdate { max_surge, max_unavailable } = plan.spec.strategy else { return None };
        let replicas = plan.spec.replicas;
        let limits = resolve_fenceposts(max_surge, max_unavailable, replicas);
        let at_once = (limits.surge + limits.unavailable).clamp(1, replicas.max(1));
        let template = plan.templates.last()?;
        let wave = |periods| {
            let way = way_of_a_pod(spec, template, periods);
            (way + Nanos::from_secs(plan.min_ready_seconds.into())).as_secs_f64()
        };
        (only_rollouts && !spec.events.is_empty() && replicas > 0).then(|| RolloutEstimate {
            replicas,
            at_once,
            wave_s: (wave(0), wave(1)),
        })
    }

    /// How many waves there are.
    pub fn waves(&self) -> u32 {
        self.replicas.div_ceil(self.at_once.max(1))
    }

    /// Seconds of all of them, at least and at most.
    pub fn total_s(&self) -> (f64, f64) {
        let waves = f64::from(self.waves());
        (waves * self.wave_s.0, waves * self.wave_s.1)
    }
}

/// From a pod's creation to its readiness in the API, by the means of all stages and with so many periods of
/// a probe or check waited for its tick.
fn way_of_a_pod(spec: &SimSpec, template: &PodTemplate, periods: u64) -> Nanos {
    let ControlPlane {
        api_write, schedule, kubelet_notice, sandbox, status_patch, controller_reaction, ..
    } = &spec.control;
    let stages = [api_write, schedule, kubelet_notice, sandbox, status_patch, controller_reaction];
    let before: Nanos = stages.into_iter().chain(&template.init).map(|dist| dist.mean()).sum();
    let mut begun = Nanos::ZERO;
    let ready = template.containers.iter().map(|container| {
        begun = begun + container.image_pull.mean() + container.start.mean();
        begun + seen_ready(container, periods)
    });
    let ready = ready.max().unwrap_or_default();
    let gate = match &spec.service_tier().delivery.mechanism {
        Mechanism::TargetGroup(group) if template.readiness_gate => {
            let passed = u64::from(group.health.initial_threshold.saturating_sub(1)) + periods;
            // The controller looks at the targets' health every 15 s.
            let polled = Nanos(15_000_000_000 * periods);
            group.reconcile.mean() + group.apply.mean() + Nanos(group.health.interval.0 * passed) + polled
        }
        _ => Nanos::ZERO,
    };
    before + ready + gate
}

/// From a container's start to its probes' having succeeded.
fn seen_ready(container: &ContainerPlan, periods: u64) -> Nanos {
    let mut at = container.startup_time.mean() + container.app_ready_delay.mean();
    let tick = |period: Nanos| Nanos(period.0 * periods);
    let seconds = |seconds: u32| Nanos::from_secs(seconds.into());
    if let Some(startup) = container.startup {
        at = at.max(seconds(startup.spec.initial_delay_seconds)) + tick(startup.spec.period());
    }
    if let Some(readiness) = container.readiness {
        let period = readiness.spec.period();
        // The success of a startup probe has readiness asked at once.
        let first = if container.startup.is_some() { Nanos::ZERO } else { tick(period) };
        let more = Nanos(period.0 * u64::from(readiness.spec.success_threshold.saturating_sub(1)));
        at = at.max(seconds(readiness.spec.initial_delay_seconds)) + first + more;
    }
    at
}
