//! From what was said to what is simulated: everything that files and flags leave open is filled
//! in here, and put on record.
//!
//! In reading order: `values` (what holds for a knob), `fields` (settings of Kubernetes objects),
//! `front` (the front end), `roles` (which container answers), `capacity` (what a request costs,
//! how many pods there are), `pods` and `stopping` (templates), `control` (the rest of the
//! cluster), `rest` (what plays no part).

pub mod code;

mod capacity;
mod control;
mod events;
mod fields;
mod front;
mod ingress;
mod istio;
mod mesh;
mod metrics;
mod of;
mod outer;
mod pods;
mod rest;
mod roles;
mod stopping;
mod tier;
mod values;

pub use mesh::is_mesh_proxy;
pub use stopping::resolve as stop_behaviour;

use std::sync::Arc;

use super::autoscaler::{hpa_spec, pod_requests};
use super::case::{Assumption, Heading, MarginFacts};
use super::described::{Described, EventAction};
use super::knobs::Value;
use super::manifest::{PodSpec, Selection, Strategy, select_workload, select_workload_beside};
use crate::diag::Diagnostic;
use crate::model::deployment::{self, DeploymentSpec};
use crate::model::hpa;
use crate::sim::spec::{DeploymentPlan, FrontSpec, HpaController, HpaPlan, Role, SimSpec};
use crate::units::Nanos;
use capacity::{Cost, Demand, PodSize};
use fields::Objects;
use ingress::Ingress;
use pods::Shared;
use roles::Parts;
use tier::Processes;
use values::Values;

/// What a case is made of, as far as manifests and settings decide it.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// The scenario's name, or the workload's.
    pub name: String,
    /// What the simulator runs.
    pub spec: Arc<SimSpec>,
    /// Everything that the files did not give.
    pub assumptions: Vec<Assumption>,
    /// The words of the first line.
    pub heading: Heading,
    /// What margins compare with.
    pub margins: MarginFacts,
    /// Fields and objects that play no part, with the object's name.
    pub not_modelled: Vec<(String, String)>,
    /// Plain words about the input.
    pub warnings: Vec<Diagnostic>,
}

/// Completes a description and checks it.
///
/// # Errors
/// Everything that is wrong, not just the first thing, with the warnings found on the way.
pub fn lower(described: &Described<'_>) -> Result<Lowered, Vec<Diagnostic>> {
    let mut values = Values::new(&described.settings);
    let (minor, kubernetes) = version(&mut values);
    let wanted = values.said("workload");
    let other = ingress::name_said(&mut values);
    let text = wanted.map(|setting| setting.text.as_str());
    let selection = select_workload_beside(described.manifests, text, other).map_err(|error| {
        vec![match wanted.and_then(|setting| setting.place.clone()) {
            Some(place) if error.place.is_none() => error.at(place),
            _ => error,
        }]
    })?;
    let chosen = front::choose(&selection, &mut values).map_err(|error| vec![error])?;
    values.stand_behind(chosen.preset, chosen.annotated());
    let mut old = old_spec(described, &selection).map_err(|error| vec![error])?;
    if let Some(old) = &mut old {
        mesh::inject(old, &mut values);
    }
    let mut objects = Objects {
        deployment: selection.deployment.clone(),
        pod_spec: selection.pod_spec.clone(),
        services: selection.services.iter().map(|service| (*service).clone()).collect(),
        autoscalers: selection.autoscalers.iter().map(|scaler| (*scaler).clone()).collect(),
        replicas_set: false,
        minor,
    };
    let mut ingress = Ingress::find(described, &chosen, selection.deployment, minor, &mut values)
        .map_err(|error| vec![error])?;
    fields::apply(&mut objects, ingress.as_ref().map(Ingress::name), &mut values);
    ingress.iter_mut().for_each(|ingress| ingress.apply_fields(&mut values));
    mesh::warn(&objects, described.manifests, &mut values);
    mesh::inject(&mut objects.pod_spec, &mut values);
    let parts = roles::parts(&objects, &selection.ingresses, &mut values).map_err(|error| vec![error])?;
    rest::record_roles(&parts, &objects, &mut values);
    let old_parts = match &old {
        Some(old) => {
            let before = Objects { pod_spec: old.clone(), ..objects.clone() };
            let parts =
                roles::parts(&before, &selection.ingresses, &mut values).map_err(|error| vec![error])?;
            rest::record_egress(&parts, &before, &mut values);
            parts
        }
        None => parts.clone(),
    };

    let processes = if ingress.is_some() { Processes::Pods } else { Processes::Fixed };
    let tier = FrontSpec {
        has_canary: events::routed(described),
        ..tier::front_spec(chosen.preset, processes, minor, &mut values)
    };
    let outer = ingress.as_ref().map(|ingress| {
        values.describe_outer(ingress.outer.preset, ingress.annotated(), |values| {
            tier::front_spec(ingress.outer.preset, Processes::Fixed, minor, values)
        })
    });
    let front = outer.as_ref().map(|outer| {
        let ingress = ingress.as_ref().expect("the tier before it was found with it");
        // Without a number of its own the chart has as many pods as the front end would have processes.
        let replicas = if ingress.is_chart { values.count("front_end.replicas") } else { 1 };
        let plan = ingress.plan(outer, replicas, &mut values);
        values.problems.extend(ingress.warn_of_connections(outer, &plan));
        plan
    });
    let client = control::client(&described.load, &mut values);
    let kept = tier.keepalive.is_some() || tier.pins_connections;
    let pinned = tier.pins_connections && client.keeps_connections(&described.load);
    rest::warn_of_affinity(&tier, &client, &described.load, &mut values);
    let outer_kept = outer.as_ref().is_some_and(|outer| outer.keepalive.is_some() || outer.pins_connections);
    let network = control::network(&mut values, kept || outer_kept);
    let tiers: Vec<FrontSpec> = outer.into_iter().chain([tier]).collect();
    let tier = tiers.last().expect("the front end is one");
    let demand = Demand::of(&described.load, tiers.iter().map(|tier| tier.overhead).sum());
    let gated = matches!(tier.delivery.mechanism, crate::sim::spec::Mechanism::TargetGroup(_));
    let sized = size_pods(&selection, &objects, &parts, demand, minor, &mut values);
    let shared = Shared {
        minor,
        cost: &sized.cost,
        workers: sized.workers,
        gated,
        // Pods that no Service selects before the switch get none.
        injects_gates: chosen.preset.name.starts_with("aws-")
            && !events::any(described, |action| matches!(action, EventAction::BlueGreen(_)))
            && described.manifests.injects_readiness_gates(selection.deployment),
        kept,
        pinned,
        meshed: parts.meshed,
        dependency_fails: events::any(described, |action| matches!(action, EventAction::DependencyDown(_))),
        leans: parts.has_egress() || old_parts.has_egress(),
    };
    let before = old.as_ref().unwrap_or(&objects.pod_spec);
    let present: Vec<&str> = before.serving_containers().map(|container| container.image.as_str()).collect();
    // The new one first: what is assumed goes on record by it.
    let new_template = pods::template(&objects.pod_spec, &parts, &shared, &present, &mut values);
    let templates = vec![pods::template(before, &old_parts, &shared, &present, &mut values), new_template];
    let title = objects.deployment.meta.title();
    let rest_of_pods = pods::warn_of_the_rest(&objects.pod_spec, &title, &parts, minor, gated, &mut values);
    let hpa = sized.hpa.clone().map(|spec| HpaPlan {
        requests: vec![pod_requests(before), pod_requests(&objects.pod_spec)],
        controller: controller(minor, &mut values),
        metrics: metrics::metrics(&spec, described.load.duration(), &mut values),
        spec,
    });
    let plan = DeploymentPlan {
        name: format!("{}/{}", objects.deployment.meta.namespace, objects.deployment.meta.name),
        spec: DeploymentSpec {
            replicas: sized.replicas,
            strategy: strategy(objects.deployment.strategy),
            paused: objects.deployment.paused,
        },
        min_ready_seconds: objects.deployment.min_ready_seconds,
        progress_deadline_seconds: progress_deadline(objects.deployment.progress_deadline_seconds),
        templates,
        publish_not_ready_addresses: objects
            .services
            .iter()
            .any(|service| service.publish_not_ready_addresses),
        disruption_budget: events::disruption_budget(&selection),
        hpa,
    };
    let spec = SimSpec {
        kubernetes_minor: minor,
        load: described.load.clone(),
        client,
        network,
        tiers,
        events: described.events.iter().map(events::planned).collect(),
        control: control::control_plane(described, minor, &mut values),
        settle_limit: values.span("settle_limit"),
        deployments: std::iter::once(plan).chain(front).collect(),
    };

    values.problems.extend(capacity::no_room(&spec));
    let mut warnings = selection.warnings.clone();
    warnings.extend(chosen.warnings());
    warnings.extend(ingress.iter().flat_map(|ingress| ingress.warnings.iter().cloned()));
    warnings.extend(sized.warnings);
    warnings.extend(events::problems(described, &selection, &objects, &spec));
    let ending = objects.pod_spec.init_containers.iter().filter(|container| !container.is_sidecar());
    let containers = objects.pod_spec.serving_containers().chain(ending);
    let names = containers.map(|container| container.name.as_str());
    let names: Vec<&str> = names.chain(ingress.iter().flat_map(Ingress::containers)).collect();
    warnings.extend(values.unused(&names));
    // The template before and the new one often have the same to say.
    for problem in values.problems.drain(..) {
        if !warnings.contains(&problem) {
            warnings.push(problem);
        }
    }
    if warnings.iter().any(Diagnostic::is_error) {
        return Err(warnings);
    }
    let margins = margins(&spec, &values);
    let mut not_modelled = rest::not_modelled(described, &selection, &objects, &chosen);
    not_modelled.extend(ingress.iter().flat_map(|ingress| ingress.not_modelled(described.manifests)));
    not_modelled.extend(rest_of_pods.into_iter().map(|what| (title.clone(), what)));
    not_modelled
        .extend(chosen.not_modelled().into_iter().map(|what| ("front end".to_owned(), what.to_owned())));
    Ok(Lowered {
        name: described.name.clone().unwrap_or_else(|| objects.deployment.meta.name.clone()),
        heading: Heading {
            workload: spec.deployments[0].name.clone(),
            load: described.load_words.clone(),
            size: sized.words,
            front_end: match &ingress {
                Some(ingress) => format!("{} behind {}", chosen.preset.name, ingress.outer.preset.name),
                None => chosen.preset.name.to_owned(),
            },
            front_end_assumed: chosen.assumed,
            kubernetes,
        },
        spec: Arc::new(spec),
        assumptions: values.assumptions,
        margins,
        not_modelled,
        warnings,
    })
}

/// The minor version, and the words of the heading.
fn version(values: &mut Values<'_>) -> (u32, String) {
    let given = values.said("kubernetes").is_some();
    let minor = match values.value("kubernetes") {
        Some(Value::Version(minor)) => minor,
        _ => 35,
    };
    (minor, format!("kubernetes 1.{minor}{}", if given { "" } else { " assumed" }))
}

/// The pods' spec before the rollout, from `--from`.
fn old_spec(described: &Described<'_>, selection: &Selection<'_>) -> Result<Option<PodSpec>, Diagnostic> {
    let Some(from) = described.from else { return Ok(None) };
    let meta = &selection.deployment.meta;
    let wanted = selection.deployment.full_name();
    match select_workload(from, Some(&wanted)) {
        Ok(old) => Ok(Some(old.pod_spec)),
        Err(error) => Err(Diagnostic::error(code::FROM, format!("--from does not hold {}", meta.title()))
            .help(
                error
                    .help
                    .unwrap_or_else(|| "give the manifests of the same workload as they were".to_owned()),
            )),
    }
}

/// Costs, sizes and the autoscaler.
struct Sized {
    cost: Cost,
    workers: Option<u32>,
    hpa: Option<hpa::HpaSpec>,
    replicas: u32,
    words: String,
    warnings: Vec<Diagnostic>,
}

fn size_pods(
    selection: &Selection<'_>,
    objects: &Objects,
    parts: &Parts,
    demand: Demand,
    minor: u32,
    values: &mut Values<'_>,
) -> Sized {
    let mut warnings = Vec::new();
    let hpa = active_autoscaler(objects, values, &mut warnings);
    let server = roles::running(&objects.pod_spec)[parts.server()].0;
    let of = pods::names(server, roles::Part::Serves);
    let workers = pods::workers(&of, values);
    let limit = pods::cpu_limit(server, &objects.pod_spec, minor);
    let cores = |milli: u64| milli as f64 / 1e3;
    let size = capacity::written_size(selection, objects, &server.name, minor);
    let cost = capacity::cost(demand, PodSize { workers, ..size }, &of, values);
    let demanded = demand.first(cost.service.mean().as_secs_f64()) * cost.cpu_seconds;
    let requests = pod_requests(&objects.pod_spec);
    let pod_level = hpa::Options::for_kubernetes(minor).pod_level_resources;
    let resting = hpa
        .as_ref()
        .and_then(|hpa| capacity::resting_size(hpa, &requests, &server.name, pod_level, demanded));
    let (replicas, words) = capacity::starting_size(objects, hpa.as_ref(), resting);
    warnings.extend(capacity::overload(demand, &cost, replicas, limit.map(cores), workers));
    Sized { cost, workers, hpa, replicas, words, warnings }
}

/// The autoscaler that really scales: none of several, and only one whose reference is in the
/// right group. The reasons are among the warnings of the manifests.
fn active_autoscaler(
    objects: &Objects,
    values: &mut Values<'_>,
    warnings: &mut Vec<Diagnostic>,
) -> Option<hpa::HpaSpec> {
    let [only] = objects.autoscalers.as_slice() else { return None };
    if only.target.group() != "apps" {
        return None;
    }
    let spec = hpa_spec(only);
    let signals = values.said("metrics.signals").map(|setting| setting.text.as_str());
    let others = spec.metrics.iter().filter(|metric| !metrics::is_simulated(metric, signals)).count();
    if others > 0 {
        let message = format!(
            "{}: {others} of {} metrics are not simulated and count as unavailable",
            only.meta.title(),
            spec.metrics.len()
        );
        let help = "with an unavailable metric the autoscaler still grows by the others, but does not shrink; say what they measure: --set metrics.signals=NAME=rate";
        warnings.push(Diagnostic::warning(code::INERT_AUTOSCALER, message).at(only.meta.place()).help(help));
    }
    Some(spec)
}

fn controller(minor: u32, values: &mut Values<'_>) -> HpaController {
    let mut options = hpa::Options::for_kubernetes(minor);
    let tolerance = values.number("metrics.tolerance");
    options.tolerances = hpa::Tolerances { up: tolerance, down: tolerance };
    options.downscale_stabilization = values.span("metrics.downscale_stabilization");
    options.cpu_initialization_period = values.span("metrics.cpu_initialization_period");
    options.initial_readiness_delay = values.span("metrics.initial_readiness_delay");
    HpaController { sync_period: values.period("metrics.sync_period"), options }
}

fn strategy(strategy: Strategy) -> deployment::Strategy {
    match strategy {
        Strategy::Recreate => deployment::Strategy::Recreate,
        Strategy::RollingUpdate { max_surge, max_unavailable } => {
            deployment::Strategy::RollingUpdate { max_surge, max_unavailable }
        }
    }
}

/// The largest number means no deadline. Source: kubernetes deployment_util.go HasProgressDeadline.
fn progress_deadline(seconds: u32) -> Option<u32> {
    (seconds != i32::MAX.unsigned_abs()).then_some(seconds)
}

fn margins(spec: &SimSpec, values: &Values<'_>) -> MarginFacts {
    let servers = spec.deployments[0].templates.iter().rev().flat_map(|template| &template.containers);
    let server = servers.into_iter().find_map(|container| match &container.role {
        Role::Serves(server) => Some(server),
        _ => None,
    });
    MarginFacts {
        removal_s: front::removal_seconds(spec.service_tier(), "removal", values),
        longest_removal_s: front::longest_removal_seconds(spec.service_tier()),
        outer_removal_s: match spec.ingress() {
            Some(_) => front::removal_seconds(&spec.tiers[0], "outer.removal", values),
            None => (0.0, 0.0, 0.0),
        },
        longest_outer_removal_s: front::longest_removal_seconds(&spec.tiers[0]),
        cpu_limit_cores: server.and_then(|server| server.cpu_limit_milli).map(|milli| milli as f64 / 1e3),
        keepalive_s: server
            .and_then(|server| server.keepalive_idle)
            .filter(|idle| *idle < Nanos::MAX_SPAN)
            .and_then(|idle| front::keepalive_seconds(spec.service_tier(), Some(idle))),
    }
}

#[cfg(test)]
mod tests;
