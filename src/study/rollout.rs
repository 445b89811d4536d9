//! How long a rollout should take: beside what it took, a sign of what holds it up.

use serde::{Deserialize, Serialize};

use crate::config::case::Case;
use crate::model::deployment::Strategy;
use crate::model::deployment::resolve_fenceposts;
use crate::sim::spec::{ContainerPlan, ControlPlane, Mechanism, PlannedAction, PodTemplate, SimSpec};
use crate::units::Nanos;

/// A rollout in waves, each as long as a new pod takes on average from its creation to being available.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolloutEstimate {
    /// Pods of the workload when it begins.
    pub replicas: u32,
    /// New pods that may be on their way at once: maxSurge and maxUnavailable together.
    pub at_once: u32,
    /// Seconds of one wave.
    pub wave_s: f64,
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
        let way = way_of_a_pod(spec, plan.templates.last()?);
        let wave = way + Nanos::from_secs(plan.min_ready_seconds.into());
        (only_rollouts && !spec.events.is_empty() && replicas > 0).then(|| RolloutEstimate {
            replicas,
            at_once,
            wave_s: wave.as_secs_f64(),
        })
    }

    /// How many waves there are.
    pub fn waves(&self) -> u32 {
        self.replicas.div_ceil(self.at_once.max(1))
    }

    /// Seconds of all of them.
    pub fn total_s(&self) -> f64 {
        f64::from(self.waves()) * self.wave_s
    }
}

/// From a pod's creation to its readiness in the API, by the means of all stages.
fn way_of_a_pod(spec: &SimSpec, template: &PodTemplate) -> Nanos {
    let ControlPlane {
        api_write, schedule, kubelet_notice, sandbox, status_patch, controller_reaction, ..
    } = &spec.control;
    let stages = [api_write, schedule, kubelet_notice, sandbox, status_patch, controller_reaction];
    let before: Nanos = stages.into_iter().chain(&template.init).map(|dist| dist.mean()).sum();
    let mut begun = Nanos::ZERO;
    let ready = template.containers.iter().map(|container| {
        begun = begun + container.image_pull.mean() + container.start.mean();
        begun + seen_ready(container)
    });
    let ready = ready.max().unwrap_or_default();
    let gate = match &spec.service_tier().delivery.mechanism {
        Mechanism::TargetGroup(group) if template.readiness_gate => {
            let checks = u64::from(group.health.initial_threshold) * group.health.interval.0;
            // The controller looks at the targets' health every 15 s.
            let polled = Nanos::from_millis(7_500);
            group.reconcile.mean() + group.apply.mean() + Nanos(checks - group.health.interval.0 / 2) + polled
        }
        _ => Nanos::ZERO,
    };
    before + ready + gate
}

/// From a container's start to its probes' having succeeded; a tick is half a period away on average.
fn seen_ready(container: &ContainerPlan) -> Nanos {
    let mut at = container.startup_time.mean() + container.app_ready_delay.mean();
    let tick = |period: Nanos| Nanos(period.0 / 2);
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
