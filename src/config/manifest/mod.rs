//! Kubernetes manifests, read into small structs of podloss's own.
//!
//! In reading order: [`Source`] (files, folders, standard input), `yaml` (text to a tree that
//! knows its places), `shapes` (every field name that is known), `reader` (walking the tree),
//! `object` (which kind it is), then one file per kind. [`select_workload`] finds what belongs to
//! one Deployment, [`front_end_hints`] what stands in front of it.
//!
//! A field is read, or listed in [`Manifests::not_modelled`], or is a slip of the pen and an
//! error; none is dropped in silence. Values are judged as the API server judges them, and its
//! defaults are filled in.

pub mod code;
mod front_end;

mod autoscaler;
mod complaints;
mod config_map;
mod container;
mod context;
mod deployment;
mod destination;
mod disruption;
mod ingress;
mod links;
mod meta;
mod metric;
mod middleware;
mod namespace;
mod node;
mod object;
mod pod_spec;
mod probe;
mod raw;
mod reader;
mod resolve;
mod rollout;
mod routes;
mod running;
mod scalar;
mod scaling;
mod service;
mod shapes;
mod source;
mod variables;
mod yaml;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use autoscaler::{
    Behavior, HorizontalPodAutoscaler, ObjectRef, PolicyType, ScalingPolicy, ScalingRules, SelectPolicy,
};
pub use config_map::{ConfigMap, FrontEndClass};
pub use container::{Container, ContainerPort, ProbePort, Protocol, Resources, RestartPolicy};
pub use context::{Endpoint, EndpointSlice, Pod, PodCondition, ReplicaSet};
pub use deployment::{Deployment, REPLICAS_MAX, Strategy};
pub use destination::DestinationRule;
pub use disruption::PodDisruptionBudget;
pub use front_end::{
    FrontEndHint, FrontEndReading, FrontEndSettings, HealthCheck, TargetType, Told, front_end_hints,
    read_front_end,
};
pub use ingress::{Ingress, IngressBackend};
pub use links::link_warnings;
pub use meta::{LabelExpression, LabelOperator, LabelSelector, ObjectMeta, OwnerReference, Places};
pub use metric::{Metric, MetricId, MetricTarget};
pub use middleware::Middleware;
pub use namespace::{Injection, Namespace};
pub use pod_spec::PodSpec;
pub use probe::{Hook, HttpGet, Lifecycle, Probe, ProbeHandler, TcpSocket};
pub use raw::{Raw, apply_patch};
pub use resolve::{Selection, select_each, select_workload, select_workload_beside};
pub use rollout::Progressive;
pub use routes::{Gateway, ObjectName, Route, RouteRule, RoutedBy};
pub use service::{PortRef, Service, ServicePort, ServiceType, TrafficPolicy};
pub use source::Source;
pub use variables::{ISTIO_ANNOTATION, PROXY_CONFIG, Variable};

use crate::diag::{Diagnostic, Place, Severity, SourceText};
use node::Node;
use object::{Gathered, read_document};

/// Everything that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifests {
    /// The texts, in the order they were read.
    pub sources: Vec<Arc<SourceText>>,
    /// Deployments.
    pub deployments: Vec<Deployment>,
    /// ReplicaSets, as context.
    pub replica_sets: Vec<ReplicaSet>,
    /// Pods, as context.
    pub pods: Vec<Pod>,
    /// Services.
    pub services: Vec<Service>,
    /// EndpointSlices, as context.
    pub endpoint_slices: Vec<EndpointSlice>,
    /// Ingresses.
    pub ingresses: Vec<Ingress>,
    /// Routes of other kinds than Ingress.
    pub routes: Vec<Route>,
    /// Gateways of the Gateway API.
    pub gateways: Vec<Gateway>,
    /// IngressClasses and GatewayClasses.
    pub classes: Vec<FrontEndClass>,
    /// Middlewares of Traefik.
    pub middlewares: Vec<Middleware>,
    /// DestinationRules of Istio.
    pub destination_rules: Vec<DestinationRule>,
    /// Namespaces.
    pub namespaces: Vec<Namespace>,
    /// ConfigMaps of front-end controllers.
    pub config_maps: Vec<ConfigMap>,
    /// HorizontalPodAutoscalers.
    pub autoscalers: Vec<HorizontalPodAutoscaler>,
    /// PodDisruptionBudgets.
    pub disruption_budgets: Vec<PodDisruptionBudget>,
    /// Objects of kinds that are not modelled.
    pub other_objects: Vec<OtherObject>,
    /// Fields that are not modelled, once per object and field.
    pub not_modelled: BTreeSet<NotModelled>,
    /// Warnings about single objects, in the order of the texts. What does not fit *between*
    /// objects is told by [`select_workload`].
    pub warnings: Vec<Diagnostic>,
}

/// A field that was read over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotModelled {
    /// The object, such as `Deployment/web`; for objects out of a cluster's dump only the kind.
    pub object: String,
    /// The field's path, with `[]` for every index.
    pub field: String,
    /// Whether the field is known to belong to Kubernetes; `false` means nobody here knows it.
    pub known: bool,
}

/// An object of a kind that is not modelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherObject {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.name`; empty if there is none.
    pub name: String,
    /// `metadata.namespace`, if given.
    pub namespace: Option<String>,
    /// Where its kind stands.
    pub place: Place,
}

/// Kinds whose pods may serve requests, as those of a Deployment do.
const SERVING_KINDS: &[&str] = &["StatefulSet", "DaemonSet", "ReplicationController", "DeploymentConfig"];

/// Kinds whose pods do a piece of work and end.
const JOB_KINDS: &[&str] = &["Job", "CronJob"];

impl OtherObject {
    /// What messages call the object, as [`ObjectMeta::title`].
    pub fn title(&self) -> String {
        meta::title(&self.kind, self.namespace.as_deref().unwrap_or("default"), &self.name)
    }

    /// Whether pods of it may serve requests.
    pub fn may_serve(&self) -> bool {
        SERVING_KINDS.contains(&self.kind.as_str())
    }

    /// Whether it makes pods.
    fn makes_pods(&self) -> bool {
        self.may_serve() || JOB_KINDS.contains(&self.kind.as_str())
    }

    fn of(node: &Node<'_>, kind: &str, api_version: &str, place: Place) -> OtherObject {
        let metadata = |name| {
            node.get("metadata")
                .and_then(|node| node.get(name))
                .and_then(|node| node.text())
                .map(str::to_owned)
        };
        OtherObject {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            name: metadata("name").unwrap_or_default(),
            namespace: metadata("namespace"),
            place,
        }
    }
}

/// Reads all sources.
///
/// # Errors
/// Everything that is wrong, not just the first thing, with the warnings found on the way; at
/// least one of the diagnostics is an error then.
pub fn read_manifests(sources: &[Source]) -> Result<Manifests, Vec<Diagnostic>> {
    let mut gathered = Gathered::default();
    for text in sources.iter().flat_map(Source::texts) {
        match text {
            Ok(text) => read_text(&text, &mut gathered),
            Err(error) => gathered.complaints.push(error),
        }
    }
    let Gathered { mut manifests, mut complaints, strangers } = gathered;
    drop_duplicates(&mut manifests).into_iter().for_each(|warning| complaints.push(warning));
    let empty = manifests.is_empty();
    if empty && strangers.is_empty() && complaints.is_empty() {
        complaints.push(Diagnostic::error(code::EMPTY, "there is no Kubernetes object to read"));
    }
    for mut stranger in strangers.into_vec() {
        if !empty {
            stranger.severity = stranger.severity.min(Severity::Warning);
        }
        complaints.push(stranger);
    }
    if complaints.has_errors() {
        return Err(complaints.into_vec());
    }
    manifests.warnings = complaints.into_vec();
    Ok(manifests)
}

fn read_text(text: &Arc<SourceText>, gathered: &mut Gathered) {
    gathered.manifests.sources.push(Arc::clone(text));
    match yaml::parse(text) {
        Ok(documents) if documents.is_empty() => {
            let message = format!("{} holds no object", text.name);
            gathered.strangers.push(Diagnostic::error(code::EMPTY, message));
        }
        Ok(documents) => documents.iter().for_each(|document| read_document(document, text, gathered)),
        Err(error) => gathered.complaints.push(error),
    }
}

impl Manifests {
    /// Whether no object at all was read, modelled or not.
    fn is_empty(&self) -> bool {
        self.other_objects.is_empty()
            && self.deployments.is_empty()
            && self.replica_sets.is_empty()
            && self.pods.is_empty()
            && self.services.is_empty()
            && self.endpoint_slices.is_empty()
            && self.ingresses.is_empty()
            && self.routes.is_empty()
            && self.gateways.is_empty()
            && self.classes.is_empty()
            && self.middlewares.is_empty()
            && self.destination_rules.is_empty()
            && self.config_maps.is_empty()
            && self.namespaces.is_empty()
            && self.autoscalers.is_empty()
            && self.disruption_budgets.is_empty()
    }
}

/// Keeps the last of several objects with one identity, as `kubectl apply` would leave it.
fn drop_duplicates(manifests: &mut Manifests) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    drop_earlier(&mut manifests.deployments, |object| &object.meta, &mut warnings);
    drop_earlier(&mut manifests.replica_sets, |object| &object.meta, &mut warnings);
    drop_earlier(&mut manifests.pods, |object| &object.meta, &mut warnings);
    drop_earlier(&mut manifests.services, |object| &object.meta, &mut warnings);
    drop_earlier(&mut manifests.endpoint_slices, |object| &object.meta, &mut warnings);
    drop_earlier(&mut manifests.ingresses, |object| &object.meta, &mut warnings);
    drop_earlier(&mut manifests.routes, |object| &object.meta, &mut warnings);
    drop_earlier(&mut manifests.gateways, |object| &object.meta, &mut warnings);
    drop_earlier(&mut manifests.classes, |object| &object.meta, &mut warnings);
    drop_earlier(&mut manifests.middlewares, |object| &object.meta, &mut warnings);
    drop_earlier(&mut manifests.destination_rules, |object| &object.meta, &mut warnings);
    drop_earlier(&mut manifests.config_maps, |object| &object.meta, &mut warnings);
    drop_earlier(&mut manifests.namespaces, |object| &object.meta, &mut warnings);
    drop_earlier(&mut manifests.autoscalers, |object| &object.meta, &mut warnings);
    drop_earlier(&mut manifests.disruption_budgets, |object| &object.meta, &mut warnings);
    warnings
}

fn drop_earlier<T>(objects: &mut Vec<T>, meta: fn(&T) -> &ObjectMeta, warnings: &mut Vec<Diagnostic>) {
    let mut seen = BTreeSet::new();
    let mut keep = vec![true; objects.len()];
    for (index, object) in objects.iter().enumerate().rev() {
        let meta = meta(object);
        keep[index] = meta.name.is_empty() || seen.insert(meta.title());
        if !keep[index] {
            warnings.push(
                Diagnostic::warning(
                    code::DUPLICATE_OBJECT,
                    format!("{} is given more than once", meta.title()),
                )
                .at(meta.place())
                .label("replaced by a later one")
                .help("the last one counts, as with `kubectl apply`; remove the others"),
            );
        }
    }
    let mut keep = keep.into_iter();
    objects.retain(|_| keep.next().unwrap_or(true));
}

/// The error for a template that was given in place of a manifest.
fn template_error(place: Place) -> Diagnostic {
    Diagnostic::error(code::TEMPLATE, "this is a template, not a manifest")
        .at(place)
        .label("not rendered")
        .help("render it first: `helm template NAME CHART > web.yaml` and read web.yaml, or pipe it to `-`")
}

#[cfg(test)]
mod tests;
