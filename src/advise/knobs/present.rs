//! What a knob is set to at present, read from a case.

use crate::model::deployment::{Strategy, resolve_fenceposts};
use crate::model::hpa::{HpaSpec, ScalingRules};
use crate::sim::spec::{ContainerPlan, DeploymentPlan};
use crate::units::IntOrPercent;

/// No hook, in words.
pub(super) const NONE: &str = "none";

/// The present value of a knob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Present {
    /// In words: as `--set` takes it, but for [`NONE`] and where containers differ.
    pub(super) text: String,
    /// The least of it over all containers: seconds, percent, times or pods.
    pub(super) least: u64,
    /// The most of it.
    pub(super) most: u64,
}

/// The present value of a knob; `None` where the workload has no such thing.
pub(super) fn present(name: &str, plan: &DeploymentPlan) -> Option<Present> {
    let one = |value: u64, write: fn(u64) -> String| {
        Some(Present { text: write(value), least: value, most: value })
    };
    match name {
        "preStop" => over_containers(plan, hook, |container| {
            let slept = container.pre_stop.as_ref().map(|hook| hook.duration.upper_end().whole_secs());
            Some(slept.unwrap_or(0))
        }),
        "grace" => one(plan.templates.last()?.grace_seconds.into(), seconds),
        "minReadySeconds" => one(plan.min_ready_seconds.into(), seconds),
        "maxSurge" | "maxUnavailable" => {
            let Strategy::RollingUpdate { max_surge, max_unavailable } = plan.spec.strategy else {
                return None;
            };
            let limit = if name == "maxSurge" { max_surge } else { max_unavailable };
            let pods = pods(name, limit, plan).into();
            Some(Present { text: limit.to_string(), least: pods, most: pods })
        }
        "hpa.min" => one(plan.hpa.as_ref()?.spec.min_replicas.unsigned_abs().into(), plain),
        "hpa.cpu" => one(cpu_target(&plan.hpa.as_ref()?.spec)?.into(), plain),
        "hpa.scaleDown.window" => {
            let hpa = plan.hpa.as_ref()?;
            let own = window(&hpa.spec, |behavior| &behavior.scale_down);
            one(own.unwrap_or(hpa.controller.options.downscale_stabilization).whole_secs(), plain)
        }
        "hpa.scaleUp.window" => {
            let own = window(&plan.hpa.as_ref()?.spec, |behavior| &behavior.scale_up);
            one(own.unwrap_or_default().whole_secs(), plain)
        }
        _ => over_containers(plan, plain, |container| {
            let probe = container.readiness?.spec;
            let value = match name {
                "readiness.periodSeconds" => probe.period_seconds,
                "readiness.failureThreshold" => probe.failure_threshold,
                "readiness.successThreshold" => probe.success_threshold,
                _ => probe.timeout_seconds,
            };
            Some(value.into())
        }),
    }
}

pub(super) fn seconds(value: u64) -> String {
    format!("{value}s")
}

pub(super) fn plain(value: u64) -> String {
    value.to_string()
}

pub(super) fn hook(value: u64) -> String {
    if value == 0 { NONE.to_owned() } else { seconds(value) }
}

/// Pods that a limit of the rolling update comes to.
pub(super) fn pods(name: &str, limit: IntOrPercent, plan: &DeploymentPlan) -> u32 {
    let replicas = plan.spec.replicas.max(1);
    let one = IntOrPercent::Int(1);
    match name {
        "maxSurge" => resolve_fenceposts(limit, one, replicas).surge,
        _ => resolve_fenceposts(one, limit, replicas).unavailable,
    }
}

/// A value of every container that stops side by side: one text where all have the same.
fn over_containers(
    plan: &DeploymentPlan,
    write: fn(u64) -> String,
    of: impl Fn(&ContainerPlan) -> Option<u64>,
) -> Option<Present> {
    let beside = plan.templates.last()?.containers.iter().filter(|container| !container.is_sidecar);
    let each: Vec<(&str, u64)> =
        beside.filter_map(|container| Some((container.name.as_str(), of(container)?))).collect();
    let least = each.iter().map(|(_, value)| *value).min()?;
    let most = each.iter().map(|(_, value)| *value).max()?;
    let text = if least == most {
        write(least)
    } else {
        each.iter().map(|(name, value)| format!("{name} {}", write(*value))).collect::<Vec<_>>().join(", ")
    };
    Some(Present { text, least, most })
}

fn cpu_target(spec: &HpaSpec) -> Option<u32> {
    let of_cpu = spec.metrics.iter().filter(|metric| metric.source.resource_name() == Some("cpu"));
    of_cpu.filter_map(|metric| metric.target.average_utilization).next().map(i32::unsigned_abs)
}

fn window(
    spec: &HpaSpec,
    direction: fn(&crate::model::hpa::Behavior) -> &ScalingRules,
) -> Option<crate::units::Nanos> {
    direction(spec.behavior.as_ref()?).stabilization_window
}
