//! What does not fit between objects: each on its own is valid, together they do not do what their
//! author meant.

use std::collections::BTreeMap;

use super::code;
use super::resolve::{id, services_of};
use super::scaling::check_scaling;
use super::service::PortRef;
use super::{Container, Deployment, LabelSelector, Manifests, Service};
use crate::config::similar::near_miss;
use crate::diag::Diagnostic;

/// Something that does not fit.
pub(super) struct Finding {
    pub(super) diagnostic: Diagnostic,
    /// Namespace of the object that is to blame.
    namespace: String,
    /// The names of the Deployments that it touches; empty if it leads nowhere.
    deployments: Vec<String>,
}

impl Finding {
    pub(super) fn new(namespace: &str, deployments: &[&str], diagnostic: Diagnostic) -> Finding {
        Finding {
            diagnostic,
            namespace: namespace.to_owned(),
            deployments: deployments.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    /// Whether somebody who looks at one Deployment should hear of it: it touches that Deployment,
    /// or it leads nowhere in the same namespace and may have been meant for it.
    pub(super) fn concerns(&self, (namespace, name): (&str, &str)) -> bool {
        self.namespace == namespace
            && (self.deployments.is_empty() || self.deployments.iter().any(|deployment| deployment == name))
    }
}

/// Warnings about everything in the manifests that does not fit together, whichever workload it
/// touches. [`super::select_workload`] gives those of one workload.
pub fn link_warnings(manifests: &Manifests) -> Vec<Diagnostic> {
    findings(manifests).into_iter().map(|finding| finding.diagnostic).collect()
}

/// Everything that does not fit, with what it touches.
pub(super) fn findings(manifests: &Manifests) -> Vec<Finding> {
    let mut found = Vec::new();
    check_scaling(manifests, &mut found);
    for deployment in &manifests.deployments {
        check_services_of(manifests, deployment, &mut found);
        check_probes(deployment, &mut found);
    }
    for service in &manifests.services {
        check_service(manifests, service, &mut found);
    }
    check_ingresses(manifests, &mut found);
    check_budgets(manifests, &mut found);
    found
}

/// What is wrong between a Deployment and the Services in front of it.
///
/// A target port by name is looked up in each pod; a pod without such a port gets no endpoint.
/// Numbers are not checked: `containerPort` is mere information, and pods may well listen on a
/// port that they do not list.
/// Source: kubernetes pkg/api/v1/pod/util.go `FindPort`.
fn check_services_of(manifests: &Manifests, deployment: &Deployment, found: &mut Vec<Finding>) {
    let services = services_of(manifests, deployment);
    let (namespace, name) = id(deployment);
    if let Some((first, second)) = rivals(&services, deployment) {
        let (first, rival) = (&first.meta.name, &second.meta.name);
        let message =
            format!("{} has several Services on one port: `{first}` and `{rival}`", deployment.meta.title());
        let diagnostic = Diagnostic::warning(code::SEVERAL_SERVICES, message)
            .at(second.meta.place())
            .label("one more way to the same pods")
            .help("the load given to podloss is that of all of them together");
        found.push(Finding::new(namespace, &[name], diagnostic));
    }
    for service in services {
        for (index, port) in service.ports.iter().enumerate() {
            let PortRef::Name(target) = &port.target_port else { continue };
            let named =
                |container: &Container| container.ports.iter().any(|port| port.name.as_ref() == Some(target));
            if deployment.pod_spec.serving_containers().any(named) {
                continue;
            }
            let message = format!(
                "{} sends to a port named `{target}`, which no container of {} has",
                service.meta.title(),
                deployment.meta.title()
            );
            let known: Vec<&str> = deployment
                .pod_spec
                .serving_containers()
                .flat_map(|container| container.ports.iter().filter_map(|port| port.name.as_deref()))
                .collect();
            let help = match near_miss(target, &known) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("name a container's port `{target}`, or give the number"),
            };
            let diagnostic = Diagnostic::warning(code::SERVICE_NO_PORT, message)
                .at(service.meta.places.of(&format!("spec.ports[{index}].targetPort")))
                .label("no traffic reaches the pods on this port")
                .help(help);
            found.push(Finding::new(namespace, &[name], diagnostic));
        }
    }
}

/// Two Services that lead to one port of the pods. Services to different ports (an admission
/// webhook beside the application) are not in each other's way.
fn rivals<'m>(services: &[&'m Service], deployment: &Deployment) -> Option<(&'m Service, &'m Service)> {
    let mut taken: BTreeMap<PortRef, &'m Service> = BTreeMap::new();
    for service in services {
        for port in &service.ports {
            let before = taken.entry(numbered(&port.target_port, deployment)).or_insert(service);
            if before.meta.name != service.meta.name {
                return Some((before, service));
            }
        }
    }
    None
}

/// A port by its number where some container gives its name.
fn numbered(port: &PortRef, deployment: &Deployment) -> PortRef {
    let PortRef::Name(name) = port else { return port.clone() };
    let mut ports = deployment.pod_spec.serving_containers().flat_map(|container| &container.ports);
    match ports.find(|port| port.name.as_ref() == Some(name)) {
        Some(port) => PortRef::Number(port.container_port),
        None => port.clone(),
    }
}

/// Probes go to the pod's address, so a probe of one container may ask another's port.
fn check_probes(deployment: &Deployment, found: &mut Vec<Finding>) {
    let has =
        |container: &Container, number: u16| container.ports.iter().any(|port| port.container_port == number);
    let (namespace, name) = id(deployment);
    for container in deployment.pod_spec.serving_containers() {
        for (field, probe) in container.probes() {
            let Some(number) = probe.port().filter(|number| !has(container, *number)) else { continue };
            let Some(other) = deployment.pod_spec.serving_containers().find(|other| has(other, number))
            else {
                continue;
            };
            let message = format!(
                "{}: {field} of container `{}` asks port {number}, which belongs to container `{}`",
                deployment.meta.title(),
                container.name,
                other.name
            );
            let effect = match field {
                "readinessProbe" => "one container's trouble is booked on the other",
                _ => "when the other container fails, this one is restarted",
            };
            let diagnostic = Diagnostic::warning(code::PROBE_CROSS_WIRED, message)
                .at(deployment.meta.places.of(&format!("{}.port", handler_path(probe))))
                .label(effect)
                .help(format!("ask a port of `{}`, or move the probe to `{}`", container.name, other.name));
            found.push(Finding::new(namespace, &[name], diagnostic));
        }
    }
}

/// The path of a probe's handler, for a caret at its port.
fn handler_path(probe: &super::Probe) -> String {
    let handler = match probe.handler {
        super::ProbeHandler::HttpGet(_) => "httpGet",
        super::ProbeHandler::TcpSocket(_) => "tcpSocket",
        super::ProbeHandler::Exec(_) => "exec",
        super::ProbeHandler::Grpc { .. } => "grpc",
    };
    format!("{}.{handler}", probe.path)
}

/// Whether pods that podloss does not read (StatefulSets and the like) may be meant in a namespace.
fn may_be_others(manifests: &Manifests, namespace: &str) -> bool {
    let here = |object: &super::OtherObject| object.namespace.as_deref().unwrap_or("default") == namespace;
    manifests.other_objects.iter().any(|object| here(object) && object.makes_pods())
}

/// Whether a selector finds any pod, by template or running.
fn finds_pods(
    manifests: &Manifests,
    namespace: &str,
    selects: &dyn Fn(&BTreeMap<String, String>) -> bool,
) -> bool {
    let templates =
        manifests.deployments.iter().map(|deployment| (&deployment.meta, &deployment.template_labels));
    let pods = manifests.pods.iter().map(|pod| (&pod.meta, &pod.meta.labels));
    templates.chain(pods).any(|(meta, labels)| meta.namespace == namespace && selects(labels))
}

/// A Service without pods. Somebody may feed in one service's files of many, so this is told only
/// where no other kind of workload could be meant.
fn check_service(manifests: &Manifests, service: &Service, found: &mut Vec<Finding>) {
    let namespace = &service.meta.namespace;
    if service.selector.is_empty()
        || finds_pods(manifests, namespace, &|labels| service.selects(labels))
        || may_be_others(manifests, namespace)
    {
        return;
    }
    let diagnostic = Diagnostic::warning(
        code::SERVICE_SELECTS_NOTHING,
        format!("{} selects none of the pods in these files", service.meta.title()),
    )
    .at(service.meta.places.of("spec.selector"))
    .label("matches no pod template")
    .help(nearest_labels(manifests, namespace, &LabelSelector::for_labels(&service.selector)));
    found.push(Finding::new(namespace, &[], diagnostic));
}

/// Which label of which Deployment comes nearest to a selector.
fn nearest_labels(manifests: &Manifests, namespace: &str, selector: &LabelSelector) -> String {
    let missing = |deployment: &Deployment| -> Vec<String> {
        let unlike = selector
            .match_labels
            .iter()
            .filter(|(key, value)| deployment.template_labels.get(*key) != Some(*value));
        unlike.map(|(key, value)| format!("{key}={value}")).collect()
    };
    let here = manifests.deployments.iter().filter(|deployment| deployment.meta.namespace == namespace);
    let nearest =
        here.map(|deployment| (missing(deployment), deployment)).min_by_key(|(missing, _)| missing.len());
    match nearest {
        Some((missing, deployment)) if missing.len() < selector.match_labels.len() => {
            format!("the pods of {} lack only {}", deployment.meta.title(), missing.join(", "))
        }
        _ => "compare the selector with the labels in spec.template.metadata.labels".to_owned(),
    }
}

/// Ingress backends without Service: such a path answers 503 or 404, depending on the controller.
fn check_ingresses(manifests: &Manifests, found: &mut Vec<Finding>) {
    for ingress in &manifests.ingresses {
        let namespace = &ingress.meta.namespace;
        for backend in &ingress.backends {
            // The load balancer controller's actions stand where a Service is due.
            let action = matches!(&backend.port, Some(PortRef::Name(name)) if name == "use-annotation");
            let exists = |service: &Service| {
                service.meta.namespace == *namespace && service.meta.name == backend.service
            };
            if action || manifests.services.iter().any(exists) {
                continue;
            }
            let names: Vec<&str> =
                manifests.services.iter().map(|service| service.meta.name.as_str()).collect();
            let help = match near_miss(&backend.service, &names) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "add the file with the Service, if this path matters".to_owned(),
            };
            let message = format!(
                "{} leads to Service `{}`, which is not there",
                ingress.meta.title(),
                backend.service
            );
            let diagnostic = Diagnostic::warning(code::INGRESS_NO_SERVICE, message)
                .at(ingress.meta.place())
                .label(format!("path {}", backend.path.as_deref().unwrap_or("(default)")))
                .help(help);
            found.push(Finding::new(namespace, &[], diagnostic));
        }
    }
}

/// Budgets without pods: the drain of a node is not held back then.
fn check_budgets(manifests: &Manifests, found: &mut Vec<Finding>) {
    for budget in &manifests.disruption_budgets {
        let namespace = &budget.meta.namespace;
        let selector = budget.selector.as_ref();
        let finds =
            |labels: &BTreeMap<String, String>| selector.is_some_and(|selector| selector.matches(labels));
        if finds_pods(manifests, namespace, &finds) || may_be_others(manifests, namespace) {
            continue;
        }
        let message = format!("{} selects none of the pods in these files", budget.meta.title());
        let help = selector.map(|selector| nearest_labels(manifests, namespace, selector));
        let diagnostic = Diagnostic::warning(code::PDB_SELECTS_NOTHING, message)
            .at(budget.meta.places.of("spec.selector"))
            .label("protects nothing")
            .help(help.unwrap_or_else(|| "add a selector".to_owned()));
        found.push(Finding::new(namespace, &[], diagnostic));
    }
}
