//! Environment variables that decide how a known proxy ends. All others are not modelled.

use super::reader::Field;
use super::{Deployment, PodSpec, shapes};
use crate::diag::Place;

/// A variable whose value is written out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// `name`.
    pub name: String,
    /// `value`.
    pub value: String,
    /// Where the value stands.
    pub place: Place,
}

/// The container that Istio's injector adds, or that a gateway's pods have.
const ISTIO_PROXY: &str = "istio-proxy";

/// The annotation of pods that configures it. The injector hands its text on in [`PROXY_CONFIG`].
pub const ISTIO_ANNOTATION: &str = "proxy.istio.io/config";

/// The variable that holds the configuration of Istio's proxy.
/// Source: istio injection template, pilot/cmd/pilot-agent/options `ProxyConfigEnv`.
pub const PROXY_CONFIG: &str = "PROXY_CONFIG";

/// Variables that are read. Source: istio pilot/cmd/pilot-agent/options, pilot/cmd/pilot-agent/app;
/// GoogleCloudPlatform/cloud-sql-proxy cmd/root.go, alloydb-auth-proxy cmd/root.go.
const READ: &[&str] = &[
    PROXY_CONFIG,
    "EXIT_ON_ZERO_ACTIVE_CONNECTIONS",
    "MINIMUM_DRAIN_DURATION",
    "TERMINATION_DRAIN_DURATION_SECONDS",
    "CSQL_PROXY_MAX_SIGTERM_DELAY",
    "CSQL_PROXY_MIN_SIGTERM_DELAY",
    "ALLOYDB_PROXY_MAX_SIGTERM_DELAY",
    "ALLOYDB_PROXY_MIN_SIGTERM_DELAY",
];

/// The variables of a container's `env` that are read.
pub(super) fn read_variables(field: &Field<'_, '_>) -> Vec<Variable> {
    let mut variables = Vec::new();
    let mut others = false;
    for item in field.list_items() {
        let name = item.node.get("name").and_then(|node| node.text());
        let Some(name) = name.filter(|name| READ.contains(name)) else {
            others = true;
            continue;
        };
        let value = item.fields(&shapes::VARIABLE).and_then(|fields| fields.get("value"));
        variables.extend(value.and_then(|field| {
            let place = field.place();
            Some(Variable { name: name.to_owned(), value: field.string()?, place })
        }));
    }
    if others || variables.is_empty() {
        field.reader.not_modelled(&field.path, true);
    }
    variables
}

/// What the template's annotation tells Istio's proxy.
fn istio_config(deployment: &Deployment) -> Option<Variable> {
    let value = deployment.template_annotations.get(ISTIO_ANNOTATION)?.clone();
    let path = format!("spec.template.metadata.annotations[{ISTIO_ANNOTATION}]");
    Some(Variable { name: PROXY_CONFIG.to_owned(), value, place: deployment.meta.places.of(&path) })
}

/// Hands the annotation on to the proxies that are in the pod, unless they were configured when they were
/// injected, and keeps it for one that is still to come.
pub(super) fn configure_istio(deployment: &Deployment, spec: &mut PodSpec) {
    spec.istio_config = istio_config(deployment);
    let Some(config) = &spec.istio_config else { return };
    let all = spec.containers.iter_mut().chain(&mut spec.init_containers);
    for proxy in all.filter(|container| container.name == ISTIO_PROXY) {
        if proxy.env.iter().all(|variable| variable.name != PROXY_CONFIG) {
            proxy.env.push(config.clone());
        }
    }
}
