//! From documents to objects: which kind it is, in which API version, and who reads it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::autoscaler::read_autoscaler;
use super::code;
use super::complaints::Complaints;
use super::config_map::{read_class, read_config_map};
use super::context::{read_endpoint_slice, read_pod, read_replica_set};
use super::deployment::read_deployment;
use super::destination::read_destination_rule;
use super::disruption::read_budget;
use super::front_end::is_controllers_config;
use super::ingress::read_ingress;
use super::meta::{MetaFields, ObjectMeta, Places, title};
use super::middleware::read_middleware;
use super::namespace::read_namespace;
use super::node::{Node, Span, Value};
use super::reader::{Fields, Reader};
use super::rollout::read_rollout;
use super::routes::{
    other_route, read_gateway, read_gateway_route, read_ingress_route, read_virtual_service,
};
use super::service::read_service;
use super::shapes::{self, Shape};
use super::{Manifests, NotModelled, OtherObject};
use crate::config::similar::near_miss;
use crate::diag::{Diagnostic, Place, SourceText};

/// What is gathered while reading documents.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) manifests: Manifests,
    pub(super) complaints: Complaints,
    /// Texts that hold no object. Beside objects they are only mentioned (a folder may hold
    /// `values.yaml`), alone they are the error.
    pub(super) strangers: Complaints,
}

/// A kind that is read.
struct Kind {
    name: &'static str,
    /// The versions that current Kubernetes serves.
    served: &'static [&'static str],
    /// Removed versions, each with the release that no longer has it.
    /// Source: the Kubernetes deprecated API migration guide.
    removed: &'static [(&'static str, &'static str)],
    shape: &'static Shape,
    /// Reads the fields and puts the object away, if it can be read.
    read: fn(&Fields<'_, '_>, ObjectMeta, &mut Manifests) -> Option<()>,
    /// The metadata of the object put away last: its places are known only when it is read.
    last: fn(&mut Manifests) -> Option<&mut ObjectMeta>,
    /// Whether users do not write it by hand.
    context: bool,
}

macro_rules! kinds {
    ($($name:literal $served:expr, $removed:expr, $shape:ident $reader:ident => $list:ident $context:literal;)*) => {
        &[$(Kind {
            name: $name,
            served: &$served,
            removed: &$removed,
            shape: &shapes::$shape,
            read: |fields, meta, manifests| $reader(fields, meta).map(|object| manifests.$list.push(object)),
            last: |manifests| manifests.$list.last_mut().map(|object| &mut object.meta),
            context: $context,
        }),*]
    };
}

const KINDS: &[Kind] = kinds! {
    "Deployment" ["apps/v1"],
        [("extensions/v1beta1", "1.16"), ("apps/v1beta1", "1.16"), ("apps/v1beta2", "1.16")],
        DEPLOYMENT read_deployment => deployments false;
    "Rollout" ["argoproj.io/v1alpha1"], [], ROLLOUT read_rollout => deployments false;
    "ReplicaSet" ["apps/v1"], [("extensions/v1beta1", "1.16"), ("apps/v1beta2", "1.16")],
        REPLICA_SET read_replica_set => replica_sets true;
    "Pod" ["v1"], [], POD read_pod => pods true;
    "Service" ["v1"], [], SERVICE read_service => services false;
    "EndpointSlice" ["discovery.k8s.io/v1"], [("discovery.k8s.io/v1beta1", "1.25")],
        ENDPOINT_SLICE read_endpoint_slice => endpoint_slices true;
    "Ingress" ["networking.k8s.io/v1"],
        [("extensions/v1beta1", "1.22"), ("networking.k8s.io/v1beta1", "1.22")],
        INGRESS read_ingress => ingresses false;
    "HorizontalPodAutoscaler" ["autoscaling/v2", "autoscaling/v1"],
        [("autoscaling/v2beta1", "1.25"), ("autoscaling/v2beta2", "1.26")],
        HPA read_autoscaler => autoscalers false;
    "PodDisruptionBudget" ["policy/v1"], [("policy/v1beta1", "1.25")],
        PDB read_budget => disruption_budgets false;
    "Namespace" ["v1"], [], NAMESPACE read_namespace => namespaces false;
    "ConfigMap" ["v1"], [], CONFIG_MAP read_config_map => config_maps false;
    "IngressClass" ["networking.k8s.io/v1"], [("networking.k8s.io/v1beta1", "1.22")],
        INGRESS_CLASS read_class => classes false;
    "GatewayClass" ["gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1", "gateway.networking.k8s.io/v1alpha2"], [],
        CUSTOM read_class => classes false;
    "Gateway" ["gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1", "gateway.networking.k8s.io/v1alpha2"], [],
        CUSTOM read_gateway => gateways false;
    "HTTPRoute" ["gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1", "gateway.networking.k8s.io/v1alpha2"], [],
        CUSTOM read_gateway_route => routes false;
    "GRPCRoute" ["gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1alpha2"], [],
        CUSTOM read_gateway_route => routes false;
    "IngressRoute" ["traefik.io/v1alpha1", "traefik.containo.us/v1alpha1"], [],
        CUSTOM read_ingress_route => routes false;
    "Middleware" ["traefik.io/v1alpha1", "traefik.containo.us/v1alpha1"], [],
        CUSTOM read_middleware => middlewares false;
    "VirtualService"
        ["networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3"], [],
        CUSTOM read_virtual_service => routes false;
    "DestinationRule"
        ["networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3"], [],
        CUSTOM read_destination_rule => destination_rules false;
};

/// API groups of Kubernetes itself: a known kind under one of these in a version that does not
/// exist is a mistake, whereas elsewhere it is another project's kind of the same name.
const OWN_GROUPS: &[&str] =
    &["", "apps", "autoscaling", "batch", "discovery.k8s.io", "extensions", "networking.k8s.io", "policy"];

/// Reads one document, which may be a list of objects.
pub(super) fn read_document(node: &Node<'_>, source: &Arc<SourceText>, gathered: &mut Gathered) {
    read_object(node, source, None, gathered);
}

/// `from_list` is the kind and version of the list around the object, which items may leave out.
fn read_object(
    node: &Node<'_>,
    source: &Arc<SourceText>,
    from_list: Option<(&str, &str)>,
    gathered: &mut Gathered,
) {
    let word = |name| node.get(name).and_then(|node| node.text());
    let (inherited_kind, inherited_version) = from_list.unzip();
    let (Some(kind), Some(version)) =
        (word("kind").or(inherited_kind), word("apiVersion").or(inherited_version))
    else {
        return not_an_object(node, source, gathered);
    };
    if let Some(items) = node.get("items").filter(|_| kind.ends_with("List")) {
        let Value::List(items) = &items.value else {
            let diagnostic = Diagnostic::error(code::WRONG_TYPE, format!("{kind}: items: expected a list"));
            gathered.complaints.push(diagnostic.at(place(source, items.span)));
            return;
        };
        let of_items = kind.strip_suffix("List").filter(|kind| !kind.is_empty()).map(|kind| (kind, version));
        for item in items {
            read_object(item, source, of_items, gathered);
        }
        return;
    }
    let at = node.get("kind").map_or(node.span, |node| node.span);
    let version_at = node.get("apiVersion").map_or(at, |node| node.span);
    if let Some(route) = other_route(node, (kind, version), source) {
        gathered.manifests.routes.push(route);
        return;
    }
    // Everybody has ConfigMaps: only those of front-end controllers are read.
    if kind == "ConfigMap" && version == "v1" && !is_controllers_config(node) {
        gathered.manifests.other_objects.push(OtherObject::of(node, kind, version, place(source, at)));
        return;
    }
    let Some(found) = KINDS.iter().find(|candidate| candidate.name == kind) else {
        match misspelt_kind(kind, version) {
            Some(meant) => gathered.complaints.push(
                Diagnostic::error(
                    code::API_VERSION,
                    format!("no matches for kind \"{kind}\" in version \"{version}\""),
                )
                .at(place(source, at))
                .label(format!("did you mean `{meant}`?"))
                .help(format!("write `kind: {meant}`")),
            ),
            None => {
                gathered.manifests.other_objects.push(OtherObject::of(node, kind, version, place(source, at)))
            }
        }
        return;
    };
    let removed = found.removed.iter().find(|(removed, _)| *removed == version);
    if let Some((_, release)) = removed {
        let current = found.served[0];
        gathered.complaints.push(
            Diagnostic::warning(
                code::REMOVED_API,
                format!("{kind} in {version} was removed in Kubernetes {release}"),
            )
            .at(place(source, version_at))
            .label(format!("not served since {release}"))
            .help(format!(
                "write `apiVersion: {current}`; podloss reads the object with the rules of {current}"
            )),
        );
    } else if !found.served.contains(&version) {
        if OWN_GROUPS.contains(&version.rsplit_once('/').map_or("", |(group, _)| group)) {
            gathered.complaints.push(
                Diagnostic::error(
                    code::API_VERSION,
                    format!("no matches for kind \"{kind}\" in version \"{version}\""),
                )
                .at(place(source, version_at))
                .label("no such version of this kind")
                .help(format!("write `apiVersion: {}`", found.served[0])),
            );
        } else {
            gathered.manifests.other_objects.push(OtherObject::of(node, kind, version, place(source, at)));
        }
        return;
    }
    read_known(found, node, (kind, version), source, gathered);
}

/// Reads an object of a known kind and puts it away.
fn read_known(
    found: &Kind,
    node: &Node<'_>,
    (kind, version): (&str, &str),
    source: &Arc<SourceText>,
    gathered: &mut Gathered,
) {
    let metadata = |name| node.get("metadata").and_then(|node| node.get(name)).and_then(|node| node.text());
    let title = title(kind, metadata("namespace").unwrap_or("default"), metadata("name").unwrap_or("?"));
    let trusted = found.context && metadata("uid").is_some();
    let reader = Reader::new(source, title.clone(), trusted);
    let read = reader.root(node).fields(found.shape).and_then(|fields| {
        let read = MetaFields::read(&fields, true);
        let meta = ObjectMeta {
            api_version: version.to_owned(),
            kind: kind.to_owned(),
            name: read.name,
            namespace: if read.namespace.is_empty() { "default".to_owned() } else { read.namespace },
            labels: read.labels,
            annotations: read.annotations,
            owners: read.owners,
            uid: read.uid,
            deleting: read.deleting,
            places: Places::new(source, node.span, BTreeMap::new()),
        };
        (found.read)(&fields, meta, &mut gathered.manifests)
    });
    let (places, findings) = reader.finish(node.span);
    gathered.complaints.append(findings.complaints);
    // A cluster has thousands of pods with the same fields: they are listed per kind.
    let object = if trusted { kind.to_owned() } else { title };
    let listed = findings.not_modelled.into_iter();
    gathered.manifests.not_modelled.extend(listed.map(|(field, known)| NotModelled {
        object: object.clone(),
        field,
        known,
    }));
    if let (Some(()), Some(meta)) = (read, (found.last)(&mut gathered.manifests)) {
        meta.places = places;
    }
}

/// The known kind that `kind` nearly spells, if the version is one of that kind's.
fn misspelt_kind(kind: &str, version: &str) -> Option<&'static str> {
    let names: Vec<&'static str> = KINDS.iter().map(|kind| kind.name).collect();
    let meant = near_miss(kind, &names)?;
    let known = KINDS.iter().find(|kind| kind.name == meant)?;
    let versions = known.served.iter().chain(known.removed.iter().map(|(version, _)| version));
    versions.into_iter().any(|known| *known == version).then_some(meant)
}

/// A document without kind or version: a file that landed in the folder, or an object that lost
/// its first lines.
fn not_an_object(node: &Node<'_>, source: &Arc<SourceText>, gathered: &mut Gathered) {
    let lacks = |name| node.get(name).and_then(|node| node.text()).is_none();
    let missing = match (lacks("apiVersion"), lacks("kind")) {
        (true, true) => "it has neither `apiVersion` nor `kind`",
        (true, false) => "it has no `apiVersion`",
        _ => "it has no `kind`",
    };
    let Value::Map(entries) = &node.value else {
        let found = node.describe();
        let message = format!("{found} is not a Kubernetes object");
        gathered.strangers.push(Diagnostic::error(code::NOT_AN_OBJECT, message).at(place(source, node.span)));
        return;
    };
    let names: Vec<&str> = entries.iter().map(|entry| &*entry.key).collect();
    let first = entries.first().map_or(node.span, |entry| entry.key_span);
    let help = if names.contains(&"apiVersion") && names.contains(&"version") {
        "this looks like a Helm chart: render it with `helm template` and read the output"
    } else if names.contains(&"resources") || names.contains(&"bases") {
        "this looks like a kustomization: render it with `kubectl kustomize` and read the output"
    } else {
        "every Kubernetes object begins with `apiVersion` and `kind`; Helm values and charts must be rendered first"
    };
    let diagnostic =
        Diagnostic::error(code::NOT_AN_OBJECT, format!("this is not a Kubernetes object: {missing}"))
            .at(place(source, first))
            .label(missing)
            .help(help);
    // An object that lost its kind would otherwise be missing from the result unnoticed.
    if names.contains(&"spec") || names.contains(&"metadata") {
        gathered.complaints.push(diagnostic);
    } else {
        gathered.strangers.push(diagnostic);
    }
}

fn place(source: &Arc<SourceText>, span: Span) -> Place {
    Place::new(source, span.range())
}
