//! Routes of other kinds than Ingress: by which front end requests come to which Services.

use std::sync::Arc;

use super::front_end::{Form, Told};
use super::meta::{ObjectMeta, Places, mapping_at};
use super::node::{Node, Value};
use super::reader::{Field, Fields};
use super::{Service, shapes};
use crate::diag::SourceText;

/// A route: IngressRoute, VirtualService, HTTPRoute, GRPCRoute, or one of a front end that is not modelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Identity, labels, annotations, places.
    pub meta: ObjectMeta,
    /// Who follows it.
    pub by: RoutedBy,
    /// Where requests go.
    pub rules: Vec<RouteRule>,
}

/// Who follows a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoutedBy {
    /// Traefik.
    Traefik,
    /// A gateway of Istio.
    IstioGateway,
    /// The proxies of a mesh, at the clients' side.
    Mesh,
    /// Gateways of the Gateway API.
    Gateways(Vec<ObjectName>),
    /// Somebody who is not modelled, in words.
    Other(&'static str),
}

/// Where a route sends requests, and what it says of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteRule {
    /// Services.
    pub services: Vec<ObjectName>,
    /// Middlewares of Traefik.
    pub middlewares: Vec<ObjectName>,
    /// Values of knobs.
    pub said: Told,
}

/// Namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl ObjectName {
    fn of(namespace: &str, name: &str) -> ObjectName {
        ObjectName { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// A Service by a host as Istio writes it: `web`, `web.shop`, `web.shop.svc.cluster.local`.
    pub(super) fn of_host(host: &str, namespace: &str) -> ObjectName {
        let mut parts = host.split('.');
        let name = parts.next().unwrap_or_default();
        ObjectName::of(parts.next().unwrap_or(namespace), name)
    }

    pub(super) fn is(&self, meta: &ObjectMeta) -> bool {
        self.name == meta.name && self.namespace == meta.namespace
    }
}

impl Route {
    /// The rules that lead to one of these Services.
    pub(super) fn rules_to<'r>(&'r self, services: &'r [&'r Service]) -> impl Iterator<Item = &'r RouteRule> {
        let leads = |rule: &&RouteRule| {
            rule.services.iter().any(|name| services.iter().any(|service| name.is(&service.meta)))
        };
        self.rules.iter().filter(leads)
    }
}

/// `name` and `namespace` of a reference; the namespace of the object around it where none is given.
fn reference(fields: &Fields<'_, '_>, namespace: &str) -> Option<ObjectName> {
    let name = fields.get("name")?.string()?;
    let own = fields.get("namespace").and_then(|field| field.string());
    Some(ObjectName { namespace: own.unwrap_or_else(|| namespace.to_owned()), name })
}

fn items<'r, 't>(fields: &Fields<'r, 't>, name: &str, shape: &'static shapes::Shape) -> Vec<Fields<'r, 't>> {
    let items = fields.get(name).map(|field| field.items()).unwrap_or_default();
    items.iter().filter_map(|item| item.fields(shape)).collect()
}

/// Reads an IngressRoute of Traefik.
pub(super) fn read_ingress_route(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<Route> {
    let spec = object.require("spec", "describe the routes")?.fields(&shapes::INGRESS_ROUTE_SPEC)?;
    let mut rules = Vec::new();
    for route in items(&spec, "routes", &shapes::TRAEFIK_ROUTE) {
        let refs = items(&route, "middlewares", &shapes::TRAEFIK_REF);
        let middlewares = refs.iter().filter_map(|fields| reference(fields, &meta.namespace)).collect();
        let mut rule = RouteRule { services: Vec::new(), middlewares, said: Told::default() };
        for service in items(&route, "services", &shapes::TRAEFIK_SERVICE) {
            rule.services.extend(reference(&service, &meta.namespace));
            let refs = items(&service, "middlewares", &shapes::TRAEFIK_REF);
            rule.middlewares.extend(refs.iter().filter_map(|fields| reference(fields, &meta.namespace)));
            if let Some(sticky) = mapping_at(&service, "sticky", &shapes::TRAEFIK_STICKY) {
                rule.said.read("front_end.client_affinity", sticky.get("cookie"), Form::Present);
            }
            rule.said.read("front_end.balancer", service.get("strategy"), TRAEFIK_STRATEGIES);
            for name in ["healthCheck", "passiveHealthCheck", "serversTransport", "nativeLB", "nodePortLB"] {
                rule.said.unread(service.get(name), "is not read");
            }
        }
        rules.push(rule);
    }
    Some(Route { meta, by: RoutedBy::Traefik, rules })
}

const TRAEFIK_STRATEGIES: Form =
    Form::Words(&[("wrr", "earliest-deadline"), ("RoundRobin", "earliest-deadline")]);

/// Reads a VirtualService of Istio. Without gateways, or with `mesh` alone, it is for sidecars.
pub(super) fn read_virtual_service(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<Route> {
    let spec = object.require("spec", "describe the routes")?.fields(&shapes::VIRTUAL_SERVICE_SPEC)?;
    let gateways = spec.get("gateways").map(|field| field.strings()).unwrap_or_default();
    let at_gateway = gateways.iter().any(|gateway| gateway != "mesh");
    let services = |route: &Fields<'_, '_>| {
        let destinations = items(route, "route", &shapes::VIRTUAL_ROUTE).into_iter();
        let hosts = destinations.filter_map(|fields| {
            let destination = mapping_at(&fields, "destination", &shapes::DESTINATION)?;
            Some(ObjectName::of_host(&destination.get("host")?.string()?, &meta.namespace))
        });
        hosts.collect()
    };
    let rule = |services| RouteRule { services, middlewares: Vec::new(), said: Told::default() };
    let mut rules = Vec::new();
    for http in items(&spec, "http", &shapes::VIRTUAL_HTTP) {
        let mut rule = rule(services(&http));
        let said = &mut rule.said;
        said.read("front_end.request_timeout", http.get("timeout"), Form::Limit);
        if let Some(retries) = mapping_at(&http, "retries", &shapes::VIRTUAL_RETRIES) {
            said.read("front_end.tries", retries.get("attempts"), Form::Retries);
            if let Some(field) = retries.get("retryOn") {
                retry_on(&field, said);
            }
            said.unread(retries.get("perTryTimeout"), "is not read: an attempt here ends with the request");
            said.unread(retries.get("backoff"), "is not read");
        }
        for name in ["fault", "mirror", "mirrors", "delegate", "redirect", "directResponse"] {
            said.unread(http.get(name), "is not read");
        }
        rules.push(rule);
    }
    let plain = ["tcp", "tls"].map(|name| items(&spec, name, &shapes::VIRTUAL_PLAIN));
    let plain: Vec<RouteRule> = plain.iter().flatten().map(|route| rule(services(route))).collect();
    let by = match (rules.is_empty() && !plain.is_empty(), at_gateway) {
        (true, _) => RoutedBy::Other("Istio passes connections on, not requests"),
        (false, true) => RoutedBy::IstioGateway,
        (false, false) => RoutedBy::Mesh,
    };
    rules.extend(plain);
    Some(Route { meta, by, rules })
}

/// What Envoy retries, in the words of the knob. Statuses are not among them: answers are not tried again here.
///
/// Source: envoy source/common/router/retry_state_impl.cc, wouldRetryFromReset: `reset`, `5xx` and
/// `gateway-error` mean every broken connection.
fn retry_on(field: &Field<'_, '_>, said: &mut Told) {
    let Some(text) = field.string() else { return };
    let words: Vec<&str> = text.split(',').map(str::trim).collect();
    let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
    let value = match () {
        () if has(&["reset", "5xx", "gateway-error"]) => "connect-failure+closed",
        () if has(&["connect-failure", "reset-before-request"]) => "connect-failure",
        () => "off",
    };
    said.values.push(("front_end.retry_on", value.to_owned()));
    let by_status = |word: &&&str| {
        matches!(**word, "5xx" | "gateway-error" | "retriable-4xx" | "retriable-status-codes" | "internal")
            || word.parse::<u16>().is_ok()
    };
    let statuses: Vec<&str> = words.iter().filter(by_status).copied().collect();
    if !statuses.is_empty() {
        let why = format!("has {}: answers of pods are not tried again here", statuses.join(", "));
        said.unread(Some(field.clone()), &why);
    }
}

/// Reads an HTTPRoute or a GRPCRoute of the Gateway API.
pub(super) fn read_gateway_route(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<Route> {
    let spec = object.require("spec", "describe the routes")?.fields(&shapes::GATEWAY_ROUTE_SPEC)?;
    let kind_is = |fields: &Fields<'_, '_>, kind: &str, usual: bool| {
        fields.get("kind").and_then(|field| field.string()).map_or(usual, |written| written == kind)
    };
    let parents = items(&spec, "parentRefs", &shapes::PARENT_REF);
    let gateways = parents.iter().filter(|parent| kind_is(parent, "Gateway", true));
    let gateways: Vec<ObjectName> =
        gateways.filter_map(|fields| reference(fields, &meta.namespace)).collect();
    let for_services = parents.iter().any(|parent| kind_is(parent, "Service", false));
    let rules = items(&spec, "rules", &shapes::GATEWAY_RULE).into_iter().map(|rule| {
        let backends = items(&rule, "backendRefs", &shapes::BACKEND_REF).into_iter();
        let backends: Vec<_> = backends.filter(|fields| kind_is(fields, "Service", true)).collect();
        let mut said = Told::default();
        let mut middlewares = Vec::new();
        for filter in
            [&rule].into_iter().chain(&backends).flat_map(|of| items(of, "filters", &shapes::GATEWAY_FILTER))
        {
            let Some(extension) = mapping_at(&filter, "extensionRef", &shapes::EXTENSION_REF) else {
                continue;
            };
            if kind_is(&extension, "Middleware", false) {
                let name = extension.get("name").and_then(|field| field.string());
                middlewares.extend(name.map(|name| ObjectName { namespace: meta.namespace.clone(), name }));
            } else {
                said.unread(filter.get("extensionRef"), "is not read");
            }
        }
        if let Some(timeouts) = mapping_at(&rule, "timeouts", &shapes::GATEWAY_TIMEOUTS) {
            said.read("front_end.request_timeout", timeouts.get("request"), Form::Limit);
            said.unread(timeouts.get("backendRequest"), "is not read");
        }
        said.unread(rule.get("retry"), "is not read");
        said.unread(rule.get("sessionPersistence"), "is not read");
        let services = backends.iter().filter_map(|fields| reference(fields, &meta.namespace)).collect();
        RouteRule { services, middlewares, said }
    });
    let rules = rules.collect();
    let by = if gateways.is_empty() && for_services { RoutedBy::Mesh } else { RoutedBy::Gateways(gateways) };
    Some(Route { meta, by, rules })
}

/// A Gateway of the Gateway API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Identity, labels, annotations, places.
    pub meta: ObjectMeta,
    /// `spec.gatewayClassName`.
    pub class: String,
}

/// Reads a Gateway of the Gateway API.
pub(super) fn read_gateway(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<Gateway> {
    let spec = object.require("spec", "name the class")?.fields(&shapes::GATEWAY_SPEC)?;
    let class = spec.require("gatewayClassName", "name the class")?.string()?;
    Some(Gateway { meta, class })
}

/// Routes of front ends that are not modelled: group, kind, and whose it is.
const OTHERS: &[(&str, &str, &str)] = &[
    ("gateway.networking.k8s.io", "TCPRoute", "it routes connections, not requests"),
    ("gateway.networking.k8s.io", "TLSRoute", "it routes connections, not requests"),
    ("gateway.networking.k8s.io", "UDPRoute", "it routes packets, not requests"),
    ("traefik.io", "IngressRouteTCP", "it routes connections, not requests"),
    ("traefik.io", "IngressRouteUDP", "it routes packets, not requests"),
    ("projectcontour.io", "HTTPProxy", "it is one of Contour"),
    ("route.openshift.io", "Route", "it is one of the OpenShift router"),
    ("k8s.nginx.org", "VirtualServer", "its settings are not read"),
    ("k8s.nginx.org", "TransportServer", "it routes connections, not requests"),
    ("apisix.apache.org", "ApisixRoute", "it is one of APISIX"),
    ("getambassador.io", "Mapping", "it is one of Ambassador"),
    ("configuration.konghq.com", "TCPIngress", "it is one of Kong"),
];

/// A route of a front end that is not modelled. Its fields are not known here: every name of a Service in
/// its spec counts as one that it leads to.
pub(super) fn other_route(
    node: &Node<'_>,
    (kind, version): (&str, &str),
    source: &Arc<SourceText>,
) -> Option<Route> {
    let group = version.rsplit_once('/').map_or("", |(group, _)| group);
    let (.., whose) = OTHERS.iter().find(|(of, known, _)| *of == group && *known == kind)?;
    let metadata = |name| node.get("metadata").and_then(|node| node.get(name));
    let text = |name| metadata(name).and_then(Node::text);
    let namespace = text("namespace").unwrap_or("default").to_owned();
    let mut services = Vec::new();
    if let Some(spec) = node.get("spec") {
        gather(spec, &namespace, &mut services);
    }
    let span = metadata("name").map_or(node.span, |node| node.span);
    let places = Places::new(source, span, Default::default());
    let name = text("name").unwrap_or_default().to_owned();
    let meta = ObjectMeta::bare(kind, version, name, namespace, places);
    let rule = RouteRule { services, middlewares: Vec::new(), said: Told::default() };
    Some(Route { meta, by: RoutedBy::Other(whose), rules: vec![rule] })
}

/// Names of Services: `name: web`, `service: web`, `service: http://web.shop:80`, `serviceName: web`.
fn gather(node: &Node<'_>, namespace: &str, found: &mut Vec<ObjectName>) {
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                match entry.value.text().filter(|_| ["name", "service", "serviceName"].contains(&&*entry.key))
                {
                    Some(text) => {
                        let host = text.rsplit("//").next().unwrap_or(text);
                        let host = host.split([':', '/']).next().unwrap_or(host);
                        found.push(ObjectName::of_host(host, namespace));
                    }
                    None => gather(&entry.value, namespace, found),
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| gather(item, namespace, found)),
        Value::Scalar { .. } => {}
    }
}
