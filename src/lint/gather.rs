//! Facts that Kubernetes objects state by themselves.

use super::allow;
use super::facts::{
    AutoscalerFacts, BudgetFacts, ContainerFacts, Facts, HookFacts, ProbeFacts, PublishingFacts, RolloutFacts,
};
use crate::config::command::command_line;
use crate::config::image::{Shell, is_database_proxy, shell_in, shell_program};
use crate::config::manifest::{
    Container, Hook, HorizontalPodAutoscaler, Metric, MetricTarget, PodDisruptionBudget, PortRef, Probe,
    Selection, Strategy, front_end_hints, read_front_end,
};
use crate::diag::Place;
use crate::model::deployment::resolve_fenceposts;
use crate::model::eviction::{DisruptionBudget, DisruptionLimit};

/// The facts of one workload, without what only settings and presets know.
pub fn facts_of(selection: &Selection<'_>) -> Facts {
    let deployment = selection.deployment;
    let places = &deployment.meta.places;
    let spec = &selection.pod_spec;
    let rollout = rollout_of(selection);
    Facts {
        workload: deployment.meta.title(),
        place: deployment.meta.place(),
        allowed: allow::entries(&deployment.meta),
        allowed_on_pods: allow::on_pods(deployment),
        serves: !selection.services.is_empty(),
        publishing: publishing_of(selection),
        containers: spec.serving_containers().map(|container| container_of(selection, container)).collect(),
        grace_seconds: spec.termination_grace_period_seconds,
        grace_place: places.of(&format!("{}.terminationGracePeriodSeconds", spec.path)),
        autoscaler: match selection.autoscalers.as_slice() {
            [only] => Some(AutoscalerFacts { cpu_target_percent: cpu_target(only) }),
            _ => None,
        },
        budgets: selection
            .disruption_budgets
            .iter()
            .filter_map(|budget| budget_of(budget, rollout.replicas_min))
            .collect(),
        rollout,
        has_readiness_gate: !spec.readiness_gates.is_empty(),
        deregistration: deregistration_of(selection),
        front: None,
        peak_cores: None,
        linked: selection.warnings.clone(),
    }
}

fn rollout_of(selection: &Selection<'_>) -> RolloutFacts {
    let deployment = selection.deployment;
    let fixed = deployment.replicas.unwrap_or(1);
    let (min, max) = match selection.autoscalers.as_slice() {
        [only] => (only.min_replicas.max(1), only.max_replicas),
        _ => (fixed, fixed),
    };
    let (recreate, surge, unavailable, unavailable_at_max) = match deployment.strategy {
        _ if deployment.keeps_old_pods() => (false, min, 0, 0),
        Strategy::Recreate => (true, 0, min, max),
        Strategy::RollingUpdate { max_surge, max_unavailable } => {
            let at = |replicas| resolve_fenceposts(max_surge, max_unavailable, replicas);
            (false, at(min).surge, at(min).unavailable, at(max).unavailable)
        }
    };
    RolloutFacts {
        replicas_min: min,
        replicas_max: max,
        recreate,
        surge,
        unavailable,
        unavailable_at_max,
        min_ready: f64::from(deployment.min_ready_seconds),
        place: deployment.meta.places.of(match recreate {
            true => "spec.strategy.type",
            false if deployment.progressive.is_some() => "spec.strategy.canary.maxUnavailable",
            false => "spec.strategy.rollingUpdate.maxUnavailable",
        }),
    }
}

fn container_of(selection: &Selection<'_>, container: &Container) -> ContainerFacts {
    let places = &selection.deployment.meta.places;
    let cores = |milli: Option<u64>| milli.map(|milli| milli as f64 / 1e3);
    let probe = |probe: &Option<Probe>| {
        probe.as_ref().map(|probe| ProbeFacts {
            place: places.of(&probe.path),
            initial_delay: f64::from(probe.initial_delay_seconds),
            period: f64::from(probe.period_seconds),
            timeout: f64::from(probe.timeout_seconds),
            failures: f64::from(probe.failure_threshold),
        })
    };
    ContainerFacts {
        name: container.name.clone(),
        place: places.of(&format!("{}.name", container.path)),
        image: container.image.clone(),
        command_line: command_line(container),
        is_sidecar: container.is_sidecar(),
        on_route: is_entry(selection, container),
        is_egress: is_database_proxy(&container.name, &container.image),
        hook: hook_of(&container.lifecycle.pre_stop, &container.image),
        hook_place: places.of(&format!("{}.lifecycle.preStop", container.path)),
        post_start: hook_of(&container.lifecycle.post_start, &container.image),
        post_start_place: places.of(&format!("{}.lifecycle.postStart", container.path)),
        startup: probe(&container.startup_probe),
        readiness: probe(&container.readiness_probe),
        liveness: probe(&container.liveness_probe),
        cpu_request: cores(container.resources.cpu_request_milli),
        cpu_limit: cores(container.resources.cpu_limit_milli),
        stop: None,
        start_up: None,
        longest_request: None,
        keepalive_idle: None,
    }
}

fn hook_of(hook: &Option<Hook>, image: &str) -> HookFacts {
    match hook {
        None => HookFacts::None,
        Some(Hook::Sleep { seconds }) => HookFacts::Sleep(f64::from(*seconds)),
        Some(hook @ Hook::Exec(command)) => HookFacts::Exec {
            command: command.clone(),
            slept: hook.slept().map(|span| span.as_secs_f64()),
            fails: shell_program(command).is_some() && shell_in(image) == Shell::Lacking,
        },
        Some(Hook::HttpGet(_)) => HookFacts::Http { took: None },
        Some(Hook::TcpSocket(_)) => HookFacts::Fails,
    }
}

fn publishing_of(selection: &Selection<'_>) -> Vec<PublishingFacts> {
    let publishing = selection.services.iter().filter(|service| service.publish_not_ready_addresses);
    let facts = publishing.map(|service| PublishingFacts {
        title: service.meta.title(),
        headless: service.headless,
        place: service.meta.places.of("spec.publishNotReadyAddresses"),
    });
    facts.collect()
}

/// Whether a Service leads to a port of this container. A pod with one container has no choice.
fn is_entry(selection: &Selection<'_>, container: &Container) -> bool {
    let alone = selection.pod_spec.serving_containers().count() == 1;
    let owns = |target: &PortRef| {
        container.ports.iter().any(|port| match target {
            PortRef::Number(number) => port.container_port == *number,
            PortRef::Name(name) => port.name.as_ref() == Some(name),
        })
    };
    let mut targets =
        selection.services.iter().flat_map(|service| &service.ports).map(|port| &port.target_port);
    !selection.services.is_empty() && (alone || targets.any(owns))
}

/// What annotations say of the deregistration delay, and where.
fn deregistration_of(selection: &Selection<'_>) -> Option<(f64, Place)> {
    const ATTRIBUTES: &str = "target-group-attributes";
    let preset = front_end_hints(selection).into_iter().find_map(|hint| hint.preset)?;
    let settings = read_front_end(selection, preset).settings;
    // A network load balancer closes nothing unless it is told to.
    if preset.starts_with("aws-nlb") && settings.connection_termination != Some(true) {
        return None;
    }
    let seconds = settings.deregistration_delay_seconds?;
    let metas = selection.services.iter().map(|service| &service.meta);
    let mut metas = metas.chain(selection.ingresses.iter().map(|ingress| &ingress.meta));
    let place = metas.find_map(|meta| {
        let key = meta.annotations.keys().find(|key| key.ends_with(ATTRIBUTES))?;
        Some(meta.places.of(&format!("metadata.annotations[{key}]")))
    })?;
    Some((f64::from(seconds), place))
}

fn cpu_target(scaler: &HorizontalPodAutoscaler) -> Option<f64> {
    scaler.metrics.iter().find_map(|metric| match metric {
        Metric::Resource { name, target: MetricTarget::Utilization(percent) } if name == "cpu" => {
            Some(f64::from(*percent))
        }
        _ => None,
    })
}

fn budget_of(budget: &PodDisruptionBudget, replicas: u32) -> Option<BudgetFacts> {
    let limit = budget.limit?;
    let field = match limit {
        DisruptionLimit::MinAvailable(_) => "minAvailable",
        DisruptionLimit::MaxUnavailable(_) => "maxUnavailable",
    };
    let asked = DisruptionBudget { limit, always_allow_unhealthy: budget.always_allow_unhealthy };
    let place = budget.meta.places.of(&format!("spec.{field}"));
    Some(BudgetFacts { title: budget.meta.title(), place, must_stay: asked.desired_healthy(replicas) })
}
