//! Settings of Kubernetes fields, applied over what the manifests say.

use super::code;
use super::values::Values;
use crate::config::knobs::{self, Value};
use crate::config::manifest::{
    Behavior, Container, Deployment, Hook, HorizontalPodAutoscaler, Metric, MetricTarget, PodSpec, Probe,
    ScalingRules, Service, Strategy,
};
use crate::config::settings::Setting;
use crate::diag::Diagnostic;
use crate::units::IntOrPercent;

/// The objects of a workload, as they are after every setting.
#[derive(Clone, Debug)]
pub(super) struct Objects {
    pub(super) deployment: Deployment,
    /// The pods' spec, completed by what running pods have.
    pub(super) pod_spec: PodSpec,
    pub(super) services: Vec<Service>,
    pub(super) autoscalers: Vec<HorizontalPodAutoscaler>,
    /// `spec.replicas` was set over the manifest.
    pub(super) replicas_set: bool,
    /// The minor version of Kubernetes.
    pub(super) minor: u32,
}

/// One setting of a field, taken apart.
struct Field<'s> {
    setting: &'s Setting,
    kind: &'s str,
    object: Option<&'s str>,
    /// What `[...]` after `containers` holds.
    container: &'s str,
    knob: &'static str,
    value: Value,
}

/// Applies every setting of a field, weakest first, except those that name another Deployment that is
/// simulated.
pub(super) fn apply(objects: &mut Objects, other: Option<&str>, values: &mut Values<'_>) {
    apply_where(objects, |path| path.contains(':') && !(other.is_some() && named(path) == other), values);
}

/// Applies the settings that name this Deployment.
pub(super) fn apply_named(objects: &mut Objects, values: &mut Values<'_>) {
    let name = objects.deployment.meta.name.clone();
    apply_where(objects, |path| named(path) == Some(&name), values);
}

/// The Deployment that a path names.
fn named(path: &str) -> Option<&str> {
    path.split_once(':')?.0.strip_prefix("Deployment/")
}

fn apply_where(objects: &mut Objects, picks: impl Fn(&str) -> bool, values: &mut Values<'_>) {
    let settings = values.said_where(picks);
    let mut fields: Vec<Field<'_>> = Vec::new();
    for setting in settings {
        match take_apart(setting) {
            Ok(field) => fields.push(field),
            Err(error) => values.invalid(setting, &error),
        }
    }
    // One container by name stands over all of them, in one layer.
    fields.sort_by_key(|field| (field.setting.layer, field.container != "*"));
    for field in fields {
        if let Err(error) = set(objects, &field) {
            let mut diagnostic = Diagnostic::error(code::FIELD, format!("{}: {error}", field.setting.path));
            if let Some(place) = &field.setting.place {
                diagnostic = diagnostic.at(place.clone());
            }
            values.problems.push(diagnostic);
        }
    }
    if let Err(error) = check(objects) {
        values.problems.push(Diagnostic::error(code::FIELD, error));
    }
}

fn take_apart(setting: &Setting) -> Result<Field<'_>, String> {
    let found = knobs::find(&setting.path)
        .map_err(|unknown| format!("no field of this name can be set; {}", unknown.help()))?;
    let (object, path) = setting.path.split_once(':').unwrap_or(("", &setting.path));
    let (kind, name) = match object.split_once('/') {
        Some((kind, name)) => (kind, Some(name)),
        None => (object, None),
    };
    let container =
        path.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("*", |(name, _)| name);
    let value = found.knob.kind.parse(&setting.text)?;
    Ok(Field { setting, kind, object: name, container, knob: found.knob.path, value })
}

fn set(objects: &mut Objects, field: &Field<'_>) -> Result<(), String> {
    match field.kind {
        "Deployment" => {
            let name = &objects.deployment.meta.name;
            if let Some(other) = field.object.filter(|other| other != name) {
                return Err(format!("`{other}` is not simulated; the workload is `{name}`"));
            }
            set_deployment(objects, field)
        }
        "Service" => {
            let named = |service: &&mut Service| field.object.is_none_or(|name| service.meta.name == name);
            let mut found = false;
            for service in objects.services.iter_mut().filter(named) {
                found = true;
                service.publish_not_ready_addresses = matches!(field.value, Value::Switch(true));
            }
            if found { Ok(()) } else { Err("the workload has no such Service".to_owned()) }
        }
        _ => {
            let named =
                |hpa: &&mut HorizontalPodAutoscaler| field.object.is_none_or(|name| hpa.meta.name == name);
            let mut found = false;
            for scaler in objects.autoscalers.iter_mut().filter(named) {
                found = true;
                set_autoscaler(scaler, field)?;
            }
            if found { Ok(()) } else { Err("the workload has no such autoscaler".to_owned()) }
        }
    }
}

fn count(value: &Value) -> u32 {
    match value {
        Value::Count(count) => u32::try_from(*count).unwrap_or(u32::MAX),
        Value::Seconds(seconds) => *seconds,
        _ => 0,
    }
}

fn set_deployment(objects: &mut Objects, field: &Field<'_>) -> Result<(), String> {
    let path = field.knob.trim_start_matches("Deployment:spec.");
    let deployment = &mut objects.deployment;
    match path {
        "replicas" => {
            deployment.replicas = Some(count(&field.value));
            objects.replicas_set = true;
        }
        "minReadySeconds" => deployment.min_ready_seconds = count(&field.value),
        path if path.starts_with("strategy.") && deployment.keeps_old_pods() => {
            return Err(format!(
                "{} keeps every old pod until the new ones serve, which has no such limits",
                deployment.meta.title()
            ));
        }
        "strategy.type" if deployment.progressive.is_some() => {
            return Err(format!("{} is rolled by Argo, by its own strategy", deployment.meta.title()));
        }
        "strategy.type" => {
            deployment.strategy = match (&field.value, deployment.strategy) {
                (Value::Choice("Recreate"), _) => Strategy::Recreate,
                (_, Strategy::Recreate) => Strategy::default(),
                (_, rolling) => rolling,
            };
        }
        "strategy.rollingUpdate.maxSurge" | "strategy.rollingUpdate.maxUnavailable" => {
            let Strategy::RollingUpdate { max_surge, max_unavailable } = &mut deployment.strategy else {
                return Err("the strategy is Recreate, which has no such limit".to_owned());
            };
            let Value::IntOrPercent(limit) = field.value else { return Ok(()) };
            *(if path.ends_with("maxSurge") { max_surge } else { max_unavailable }) = limit;
        }
        "template.spec.terminationGracePeriodSeconds" => {
            objects.pod_spec.termination_grace_period_seconds = count(&field.value);
        }
        _ => {
            let rest = path.trim_start_matches("template.spec.containers[*].");
            return set_containers(&mut objects.pod_spec.containers, field, rest, objects.minor);
        }
    }
    Ok(())
}

fn set_containers(
    containers: &mut [Container],
    field: &Field<'_>,
    path: &str,
    minor: u32,
) -> Result<(), String> {
    let names: Vec<String> = containers.iter().map(|container| container.name.clone()).collect();
    let mut seen = false;
    let mut done = false;
    for (index, container) in containers.iter_mut().enumerate() {
        let wanted = field.container;
        if wanted != "*" && wanted != container.name && wanted.parse() != Ok(index) {
            continue;
        }
        seen = true;
        done |= set_container(container, &field.value, path, minor);
    }
    match (seen, done) {
        (false, _) => {
            Err(format!("there is no container `{}`; there are {}", field.container, names.join(", ")))
        }
        (true, false) => Err(format!("there is no {} to change", path.split('.').next().unwrap_or(path))),
        (true, true) => Ok(()),
    }
}

/// Whether the container has what is to be changed.
fn set_container(container: &mut Container, value: &Value, path: &str, minor: u32) -> bool {
    let probe = match path.split_once('.') {
        Some(("readinessProbe", name)) => Some((&mut container.readiness_probe, name)),
        Some(("livenessProbe", name)) => Some((&mut container.liveness_probe, name)),
        Some(("startupProbe", name)) => Some((&mut container.startup_probe, name)),
        _ => None,
    };
    if let Some((probe, name)) = probe {
        let Some(probe) = probe else { return false };
        set_probe(probe, name, count(value));
        return true;
    }
    match (path, value) {
        ("lifecycle.preStop.sleep.seconds", value) => {
            let seconds = count(value);
            // The action is there from 1.30 on; before that a sleep is a command.
            let hook = match minor {
                30.. => Hook::Sleep { seconds },
                _ => Hook::Exec(vec!["sleep".to_owned(), seconds.to_string()]),
            };
            container.lifecycle.pre_stop = (seconds > 0).then_some(hook);
        }
        ("resources.requests.cpu", Value::Cores(milli)) => {
            container.resources.cpu_request_milli = Some(*milli)
        }
        ("resources.limits.cpu", Value::Cores(milli)) => container.resources.cpu_limit_milli = Some(*milli),
        _ => return false,
    }
    true
}

fn set_probe(probe: &mut Probe, name: &str, number: u32) {
    match name {
        "initialDelaySeconds" => probe.initial_delay_seconds = number,
        "periodSeconds" => probe.period_seconds = number,
        "timeoutSeconds" => probe.timeout_seconds = number,
        "successThreshold" => probe.success_threshold = number,
        "failureThreshold" => probe.failure_threshold = number,
        _ => probe.termination_grace_period_seconds = Some(number),
    }
}

fn set_autoscaler(scaler: &mut HorizontalPodAutoscaler, field: &Field<'_>) -> Result<(), String> {
    let number = count(&field.value);
    match field.knob.trim_start_matches("HorizontalPodAutoscaler:spec.") {
        "minReplicas" => scaler.min_replicas = number,
        "maxReplicas" => scaler.max_replicas = number,
        "behavior.scaleUp.stabilizationWindowSeconds" => {
            let behavior = scaler.behavior.get_or_insert_with(Behavior::default);
            let rules = behavior.scale_up.get_or_insert_with(ScalingRules::default);
            rules.stabilization_window_seconds = Some(number);
        }
        "behavior.scaleDown.stabilizationWindowSeconds" => {
            let behavior = scaler.behavior.get_or_insert_with(Behavior::default);
            let rules = behavior.scale_down.get_or_insert_with(ScalingRules::default);
            rules.stabilization_window_seconds = Some(number);
        }
        _ => {
            let cpu =
                scaler.metrics.iter_mut().find_map(|metric| match metric {
                    Metric::Resource { name, target: MetricTarget::Utilization(percent) }
                    | Metric::ContainerResource {
                        name, target: MetricTarget::Utilization(percent), ..
                    } if name == "cpu" => Some(percent),
                    _ => None,
                });
            *cpu.ok_or("the autoscaler has no target for CPU utilization")? = number;
        }
    }
    Ok(())
}

/// What the API server would refuse after all settings.
fn check(objects: &Objects) -> Result<(), String> {
    let zero = |limit: IntOrPercent| matches!(limit, IntOrPercent::Int(0) | IntOrPercent::Percent(0));
    if let Strategy::RollingUpdate { max_surge, max_unavailable } = objects.deployment.strategy
        && zero(max_surge)
        && zero(max_unavailable)
    {
        return Err("maxSurge and maxUnavailable are both 0: no pod could ever be replaced".to_owned());
    }
    for container in &objects.pod_spec.containers {
        let resources = &container.resources;
        if let (Some(request), Some(limit)) = (resources.cpu_request_milli, resources.cpu_limit_milli)
            && request > limit
        {
            return Err(format!(
                "container `{}` requests {request}m of CPU but is limited to {limit}m: change both",
                container.name
            ));
        }
    }
    for scaler in &objects.autoscalers {
        if scaler.min_replicas > scaler.max_replicas {
            return Err(format!(
                "{}: minReplicas {} is above maxReplicas {}",
                scaler.meta.title(),
                scaler.min_replicas,
                scaler.max_replicas
            ));
        }
    }
    Ok(())
}
