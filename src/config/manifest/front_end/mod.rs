//! What stands in front of a workload, as far as its manifests tell: the controller behind an
//! Ingress class or a route, and the settings in annotations, ConfigMaps and policies.
//!
//! In reading order: `classes` (whose a class is), `controllers` (who reads which annotation), `texts` and
//! `told` (values as they are written), `reading` (the settings of one front end), and here who it is.

mod classes;
mod controllers;
mod middlewares;
mod reading;
mod settings;
mod texts;
mod told;

pub use reading::{FrontEndReading, read_front_end};
pub use settings::{FrontEndSettings, HealthCheck, TargetType};
pub(super) use told::Form;
pub use told::Told;

use super::node::{Node, Value};
use super::{Ingress, ObjectMeta, Route, RoutedBy, Selection, Service, ServiceType};
use crate::diag::Place;
use classes::{Meaning, meaning_of_class, preset_of_gateway_class};
use controllers::Controller;

/// Which front end something in the manifests points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontEndHint {
    /// The name of a front-end preset, such as `ingress-nginx`; `None` where it is not modelled, or
    /// nobody can tell which it is.
    pub preset: Option<&'static str>,
    /// What points to it, in words.
    pub why: String,
    /// Where that stands.
    pub place: Place,
    /// It is likely, and nothing says it.
    pub is_guess: bool,
}

/// A hint, and the object that settings are read from.
struct Candidate<'m> {
    hint: FrontEndHint,
    from: From<'m>,
}

enum From<'m> {
    Ingress(&'m Ingress),
    Route(&'m Route),
    Service(&'m Service),
    /// Something that says which front end there is, and is read for that front end anyhow.
    Settings,
}

/// What the manifests of a workload say about the front end, the strongest first.
///
/// Ingresses and routes that lead to its Services count; where there are none, a Service of type
/// LoadBalancer that asks for a load balancer of AWS, then what configures a front end, and at last what
/// kube-proxy alone serves.
pub fn front_end_hints(selection: &Selection<'_>) -> Vec<FrontEndHint> {
    candidates(selection).into_iter().map(|candidate| candidate.hint).collect()
}

fn candidates<'m>(selection: &Selection<'m>) -> Vec<Candidate<'m>> {
    let ingresses = selection.ingresses.iter().filter_map(|&ingress| {
        Some(Candidate { hint: hint_of_ingress(selection, ingress)?, from: From::Ingress(ingress) })
    });
    // What the proxies beside clients do matters where nothing else leads to the pods.
    let leads_in = !selection.ingresses.is_empty();
    let routes = selection
        .routes
        .iter()
        .filter(|route| !(leads_in && route.by == RoutedBy::Mesh))
        .map(|&route| Candidate { hint: hint_of_route(selection, route), from: From::Route(route) });
    let mut found: Vec<Candidate<'_>> = ingresses.chain(routes).collect();
    if found.is_empty() {
        found.extend(hint_of_balancer(selection));
    }
    if found.is_empty() {
        found.extend(hint_of_config(selection));
    }
    if found.is_empty() && !leads_in {
        found.extend(hint_of_destination(selection));
    }
    if found.is_empty() && !leads_in {
        found.extend(hint_of_service(selection));
    }
    found
}

fn has_prefix(meta: &ObjectMeta, prefix: &str) -> bool {
    meta.annotations.keys().any(|key| key.starts_with(prefix))
}

/// By its class, and where that may be anybody's by annotations that only one controller reads.
fn hint_of_ingress(selection: &Selection<'_>, ingress: &Ingress) -> Option<FrontEndHint> {
    const CLASS: &str = "spec.ingressClassName";
    const ANNOTATION: &str = "metadata.annotations[kubernetes.io/ingress.class]";
    let meta = &ingress.meta;
    let title = meta.title();
    let path = if meta.places.has(CLASS) { CLASS } else { ANNOTATION };
    let mut by_class = None;
    if let Some(class) = &ingress.class {
        let object = selection.class("IngressClass", class);
        let (meaning, why) = match object {
            Some(controller) => (
                meaning_of_class(controller),
                format!("{title} has class `{class}`, which is one of {controller}"),
            ),
            None => (meaning_of_class(class), format!("{title} has class `{class}`")),
        };
        let hint =
            |preset| FrontEndHint { preset, why: why.clone(), place: meta.places.of(path), is_guess: false };
        match meaning {
            Meaning::Preset(preset) => return Some(hint(Some(with_target_type(preset, selection, meta)))),
            Meaning::NotModelled => return Some(hint(None)),
            Meaning::Unknown => by_class = Some(hint(None)),
        }
    }
    let Some(controller) = controllers::all().find(|controller| has_prefix(meta, controller.prefix)) else {
        return by_class;
    };
    Some(FrontEndHint {
        preset: Some(with_target_type(controller.preset, selection, meta)),
        why: format!("{title} has annotations {}...", controller.prefix),
        place: meta.place(),
        is_guess: false,
    })
}

/// The controllers of the Kubernetes project and of F5 share the class name, and targets decide which
/// preset an application load balancer is.
fn with_target_type(preset: &'static str, selection: &Selection<'_>, meta: &ObjectMeta) -> &'static str {
    match preset {
        "ingress-nginx" => {
            let other =
                has_prefix(meta, "nginx.org/") && !has_prefix(meta, controllers::INGRESS_NGINX.prefix);
            if other { "nginx" } else { preset }
        }
        "aws-alb-instance" => match reading::target_type(selection, meta) {
            Some(TargetType::Ip) => "aws-alb-ip",
            _ => preset,
        },
        _ => preset,
    }
}

fn hint_of_route(selection: &Selection<'_>, route: &Route) -> FrontEndHint {
    let title = route.meta.title();
    let (preset, why) = match &route.by {
        RoutedBy::Traefik => (Some("traefik"), format!("{title} is a route of Traefik")),
        RoutedBy::IstioGateway => (Some("istio-gateway"), format!("{title} is a route of an Istio gateway")),
        RoutedBy::Mesh => {
            (None, format!("{title} is a route of a mesh, whose proxies stand beside the clients"))
        }
        RoutedBy::Other(whose) => (None, format!("{title} leads to the pods, and {whose}")),
        RoutedBy::Gateways(names) => {
            let classes = names.iter().filter_map(|name| selection.gateway(name));
            let resolved = classes.map(|gateway| {
                let controller = selection.class("GatewayClass", &gateway.class);
                let preset = preset_of_gateway_class(controller.unwrap_or(&gateway.class));
                (preset, format!("{title} hangs on {} of class `{}`", gateway.meta.title(), gateway.class))
            });
            let resolved: Vec<_> = resolved.collect();
            let known = resolved.iter().find(|(preset, _)| preset.is_some());
            known.or(resolved.first()).cloned().unwrap_or_else(|| {
                let names: Vec<&str> = names.iter().map(|name| name.name.as_str()).collect();
                (None, format!("{title} hangs on Gateway {}, which is not in these files", names.join(", ")))
            })
        }
    };
    FrontEndHint { preset, why, place: route.meta.place(), is_guess: false }
}

fn hint_of_balancer<'m>(selection: &Selection<'m>) -> Option<Candidate<'m>> {
    let service = *selection.services.iter().find(|service| {
        let class = service.load_balancer_class.as_deref().unwrap_or_default();
        service.service_type == ServiceType::LoadBalancer
            && (class.contains("aws") || has_prefix(&service.meta, controllers::NLB.prefix))
    })?;
    // Source: aws-load-balancer-controller, guide/service/annotations.md, nlb-target-type.
    let preset = match reading::network_target_type(service) {
        Some(TargetType::Ip) => "aws-nlb",
        _ => "aws-nlb-instance",
    };
    let why = format!("{} asks for a load balancer of AWS", service.meta.title());
    let hint = FrontEndHint { preset: Some(preset), why, place: service.meta.place(), is_guess: false };
    Some(Candidate { hint, from: From::Service(service) })
}

/// A Service that opens a port on nodes is reached through kube-proxy, and so is one inside the cluster where
/// the files show by which other way users come in.
fn hint_of_service<'m>(selection: &Selection<'m>) -> Option<Candidate<'m>> {
    let opens =
        |service: &Service| matches!(service.service_type, ServiceType::LoadBalancer | ServiceType::NodePort);
    let (all, here) = (selection.all, &selection.deployment.meta.namespace);
    let elsewhere = all.ingresses.iter().any(|ingress| ingress.meta.namespace == *here)
        || all.routes.iter().any(|route| route.meta.namespace == *here)
        || all.services.iter().any(|service| service.meta.namespace == *here && opens(service));
    let open = selection.services.iter().find(|service| opens(service));
    let inside = selection.services.iter().find(|service| elsewhere && !service.headless);
    let (service, why, is_guess) = match (open, inside) {
        (Some(service), _) => (service, "opens a port on nodes, and nothing else leads to it", false),
        (None, Some(service)) => (service, "is reached from inside, users come in elsewhere", true),
        (None, None) => return None,
    };
    let why = format!("{} {why}", service.meta.title());
    let hint = FrontEndHint { preset: Some("kube-proxy"), why, place: service.meta.place(), is_guess };
    Some(Candidate { hint, from: From::Settings })
}

fn hint_of_config<'m>(selection: &Selection<'m>) -> Option<Candidate<'m>> {
    let maps = selection.all.config_maps.iter();
    let (map, controller) =
        maps.filter_map(|map| Some((map, config_of(&map.meta.name, &map.meta.labels)?))).next()?;
    let preset = controller.preset;
    let why = format!("{} configures {preset}", map.meta.title());
    let hint = FrontEndHint { preset: Some(preset), why, place: map.meta.place(), is_guess: false };
    Some(Candidate { hint, from: From::Settings })
}

fn hint_of_destination<'m>(selection: &Selection<'m>) -> Option<Candidate<'m>> {
    let rule = selection.destination_rules().next()?;
    let why = format!("{} is for proxies of Istio, and no route tells which", rule.meta.title());
    let hint = FrontEndHint { preset: None, why, place: rule.meta.place(), is_guess: false };
    Some(Candidate { hint, from: From::Settings })
}

// === ConfigMaps ===

/// Whose ConfigMap it is, by its name and the label that charts put on it.
fn config_of(name: &str, labels: &std::collections::BTreeMap<String, String>) -> Option<&'static Controller> {
    let label = labels.get("app.kubernetes.io/name").map(String::as_str);
    controllers::all().find(|controller| {
        controller
            .config
            .iter()
            .any(|known| name.contains(known) || label.is_some_and(|label| label.contains(known)))
    })
}

/// Whether a ConfigMap is the one of a front end's controller: by name or label, and because it holds at
/// least one key of that controller's.
pub(super) fn is_controllers_config(node: &Node<'_>) -> bool {
    let metadata = |name| node.get("metadata").and_then(|node| node.get(name));
    let texts = |node: Option<&Node<'_>>| match node.map(|node| &node.value) {
        Some(Value::Map(entries)) => {
            let text = |node: &Node<'_>| node.text().unwrap_or_default().to_owned();
            entries.iter().map(|entry| (entry.key.to_string(), text(&entry.value))).collect()
        }
        _ => std::collections::BTreeMap::new(),
    };
    let name = metadata("name").and_then(Node::text).unwrap_or_default();
    let Some(controller) = config_of(name, &texts(metadata("labels"))) else { return false };
    let data = texts(node.get("data"));
    data.keys().any(|key| controller.reads(key) || controller.is_harmless(key))
}
