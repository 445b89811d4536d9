//! What does not fit between autoscalers and Deployments.

use super::code;
use super::links::Finding;
use super::resolve::id;
use super::running::{completed_spec, pods_of};
use super::{Container, Deployment, HorizontalPodAutoscaler, Manifests, Metric, MetricTarget, PodSpec};
use crate::config::similar::near_miss;
use crate::diag::{Diagnostic, Place};

/// Whether an autoscaler's target is this Deployment. The version in its reference does not
/// matter, and its group is only warned about.
pub(super) fn scales(scaler: &HorizontalPodAutoscaler, deployment: &Deployment) -> bool {
    scaler.target.kind == deployment.meta.kind
        && scaler.target.name == deployment.meta.name
        && scaler.meta.namespace == deployment.meta.namespace
}

/// Complains about autoscalers that do not do what they seem to.
pub(super) fn check_scaling(manifests: &Manifests, found: &mut Vec<Finding>) {
    for scaler in &manifests.autoscalers {
        check_target(manifests, scaler, found);
    }
    for deployment in &manifests.deployments {
        check_autoscalers(manifests, deployment, found);
    }
}

/// Whether the target is there, and whether it is the one that was meant. The commonest slip is a
/// copied autoscaler whose name was changed and whose target was not.
fn check_target(manifests: &Manifests, scaler: &HorizontalPodAutoscaler, found: &mut Vec<Finding>) {
    let kind = &scaler.target.kind;
    if !["Deployment", "Rollout"].contains(&kind.as_str()) {
        return;
    }
    let namespace = &scaler.meta.namespace;
    let name = &scaler.target.name;
    let here = |workload: &&Deployment| workload.meta.namespace == *namespace && workload.meta.kind == *kind;
    let title = scaler.meta.title();
    let place = || scaler.meta.places.of("spec.scaleTargetRef.name");
    let Some(target) = manifests.deployments.iter().find(|deployment| scales(scaler, deployment)) else {
        let names: Vec<&str> =
            manifests.deployments.iter().filter(here).map(|other| other.meta.name.as_str()).collect();
        let elsewhere = manifests.deployments.iter().find(|deployment| deployment.meta.name == *name);
        let help = match (near_miss(name, &names), elsewhere) {
            (Some(meant), _) => format!("did you mean `{meant}`?"),
            (None, Some(other)) => {
                let Deployment { meta, .. } = other;
                match meta.namespace == *namespace {
                    true => format!("{} is there: write `kind: {}`", meta.title(), meta.kind),
                    false => format!(
                        "a {} of that name is in namespace {}; both must be in one",
                        meta.kind, meta.namespace
                    ),
                }
            }
            (None, None) => format!("name an existing {kind}, or add its file"),
        };
        let diagnostic = Diagnostic::warning(
            code::HPA_NO_TARGET,
            format!("{title} scales {kind} `{name}`, which is not there"),
        )
        .at(place())
        .label(format!("no such {kind}"))
        .help(help);
        return found.push(Finding::new(namespace, &[], diagnostic));
    };
    if let Some(named) =
        manifests.deployments.iter().filter(here).find(|other| other.meta.name == scaler.meta.name)
        && named.meta.name != target.meta.name
    {
        let own = &named.meta.name;
        let diagnostic = Diagnostic::warning(
            code::HPA_NAMED_OTHERWISE,
            format!("{title} is named like {kind} `{own}` but scales `{name}`"),
        )
        .at(place())
        .label(format!("did you mean `{own}`?"))
        .help(format!("if so, {kind} `{own}` has no autoscaler at present"));
        found.push(Finding::new(namespace, &[own, name], diagnostic));
    }
    check_target_version(scaler, target, found);
}

/// The controller looks up the target by group and kind; the version after the slash is not used.
/// Source: kubernetes pkg/controller/podautoscaler/horizontal.go `reconcileAutoscaler`.
fn check_target_version(scaler: &HorizontalPodAutoscaler, target: &Deployment, found: &mut Vec<Finding>) {
    let (version, kind) = (&scaler.target.api_version, &target.meta.kind);
    let (own, current) = match target.progressive {
        Some(_) => ("argoproj.io", "argoproj.io/v1alpha1"),
        None => ("apps", "apps/v1"),
    };
    if version == current {
        return;
    }
    let (message, help) = match scaler.target.group() {
        group if group == own => (
            format!("refers to its target by `{version}`, which is no longer served"),
            format!("this works, because only the group `{own}` counts, but write `{current}`"),
        ),
        group => (
            format!("refers to its target without the group `{own}`: `{version}`"),
            format!(
                "the controller finds no {kind} in group \"{group}\" and does not scale: write `apiVersion: {current}`"
            ),
        ),
    };
    let place = scaler.meta.places.of("spec.scaleTargetRef.apiVersion");
    let diagnostic =
        Diagnostic::warning(code::HPA_STALE_TARGET, format!("{} {message}", scaler.meta.title()))
            .at(place)
            .label("stale")
            .help(help);
    found.push(Finding::new(&scaler.meta.namespace, &[&target.meta.name], diagnostic));
}

/// What several autoscalers, a fixed number of replicas or missing requests do to a Deployment.
///
/// Source of the conflict: kubernetes pkg/controller/podautoscaler/horizontal.go, condition
/// AmbiguousSelector, set on every autoscaler whose pods another one selects too.
fn check_autoscalers(manifests: &Manifests, deployment: &Deployment, found: &mut Vec<Finding>) {
    let scalers: Vec<_> = manifests.autoscalers.iter().filter(|scaler| scales(scaler, deployment)).collect();
    let (namespace, name) = id(deployment);
    let title = deployment.meta.title();
    let Some(first) = scalers.first() else { return };
    if let [_, second, ..] = scalers.as_slice() {
        let names: Vec<String> = scalers.iter().map(|scaler| format!("`{}`", scaler.meta.name)).collect();
        let message = format!("{title} is scaled by {} autoscalers: {}", scalers.len(), names.join(" and "));
        let diagnostic = Diagnostic::warning(code::HPA_CONFLICT, message)
            .at(second.meta.places.of("spec.scaleTargetRef.name"))
            .label(format!("also the target of `{}`", first.meta.name))
            .help("current Kubernetes lets none of them scale (condition AmbiguousSelector): keep one, with all metrics in it");
        found.push(Finding::new(namespace, &[name], diagnostic));
    }
    // An object that a cluster gave out always has the number, whoever set it.
    if let Some(replicas) = deployment.replicas.filter(|_| deployment.meta.uid.is_none()) {
        let message = format!("{title} sets `replicas: {replicas}` although `{}` scales it", first.meta.name);
        let diagnostic = Diagnostic::warning(code::REPLICAS_BESIDE_HPA, message)
            .at(deployment.meta.places.of("spec.replicas"))
            .label("every apply sets the number back to this")
            .help("remove `replicas` and leave the number to the autoscaler");
        found.push(Finding::new(namespace, &[name], diagnostic));
    }
    let spec = completed_spec(manifests, deployment, &pods_of(manifests, deployment)).spec;
    for scaler in scalers {
        check_requests(scaler, deployment, &spec, found);
    }
}

/// Utilization is usage divided by request: one container without a request stops the metric.
/// Source: kubernetes pkg/controller/podautoscaler/replica_calculator.go `calculateRequests`.
fn check_requests(
    scaler: &HorizontalPodAutoscaler,
    deployment: &Deployment,
    spec: &PodSpec,
    found: &mut Vec<Finding>,
) {
    for (index, metric) in scaler.metrics.iter().enumerate() {
        let (resource, only) = match metric {
            Metric::Resource { name, target: MetricTarget::Utilization(_) } => (name, None),
            Metric::ContainerResource { name, container, target: MetricTarget::Utilization(_) } => {
                (name, Some(container))
            }
            _ => continue,
        };
        let request = |resources: &super::Resources| match resource.as_str() {
            "cpu" => resources.cpu_request_milli,
            "memory" => resources.memory_request_milli,
            _ => Some(0),
        };
        // A request for the whole pod stands for those of its containers.
        if only.is_none() && request(&spec.resources).is_some() {
            continue;
        }
        let counted = |container: &&Container| only.is_none_or(|name| container.name == *name);
        let lacking: Vec<String> = spec
            .serving_containers()
            .filter(counted)
            .filter(|container| request(&container.resources).is_none())
            .map(|container| format!("`{}`", container.name))
            .collect();
        let unknown = only.filter(|name| spec.container(name).is_none());
        let why = match unknown {
            Some(name) => format!("there is no container `{name}`"),
            None if lacking.is_empty() => continue,
            None => format!("container {} requests no {resource}", lacking.join(" and ")),
        };
        let message = format!("{} cannot scale on {resource} utilization: {why}", scaler.meta.title());
        let diagnostic = Diagnostic::warning(code::HPA_NO_REQUEST, message)
            .at(metric_place(scaler, index))
            .label("this metric always fails")
            .help(format!("set resources.requests.{resource} on every container; utilization is usage divided by request"));
        found.push(Finding::new(&deployment.meta.namespace, &[&deployment.meta.name], diagnostic));
    }
}

/// Where a metric is written.
fn metric_place(scaler: &HorizontalPodAutoscaler, index: usize) -> Place {
    let places = &scaler.meta.places;
    match places.has("spec.metrics") {
        true => places.of(&format!("spec.metrics[{index}].type")),
        // autoscaling/v1; or no metric at all, and the caret falls back on `spec`.
        false => places.of("spec.targetCPUUtilizationPercentage"),
    }
}
