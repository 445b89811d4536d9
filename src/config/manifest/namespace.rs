//! Namespaces: what their labels have put into every pod that is made in them.

use super::meta::ObjectMeta;
use super::reader::Fields;
use super::{Deployment, Manifests};
use crate::diag::Place;

/// A Namespace; only what it asks of webhooks matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Identity, labels, annotations, places.
    pub meta: ObjectMeta,
}

/// Reads the fields of a Namespace.
pub(super) fn read_namespace(_object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<Namespace> {
    Some(Namespace { meta })
}

/// A proxy that an injector puts into pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injection {
    /// `Istio` or `Linkerd`.
    pub mesh: &'static str,
    /// What asks for it.
    pub said: String,
    /// Where that stands.
    pub place: Place,
}

impl Manifests {
    fn namespace_of(&self, deployment: &Deployment) -> Option<&ObjectMeta> {
        let mut all = self.namespaces.iter().map(|namespace| &namespace.meta);
        all.find(|meta| meta.name == deployment.meta.namespace)
    }

    /// Whether the AWS controller puts readiness gates into the pods that it has as targets.
    /// Source: aws-load-balancer-controller docs/deploy/pod_readiness_gate.md.
    pub fn injects_readiness_gates(&self, deployment: &Deployment) -> bool {
        let enabled = |name: &str| {
            let labels = self.namespace_of(deployment).map(|meta| &meta.labels);
            labels.and_then(|labels| labels.get(name)).is_some_and(|value| value == "enabled")
        };
        enabled("elbv2.k8s.aws/pod-readiness-gate-inject")
            || enabled("elbv2.k8s.aws/pod-readiness-gate-inject-v2")
    }

    /// The proxy of a mesh that the labels and annotations of the pods or of their namespace ask for; the
    /// pods' own word wins.
    /// Source: Istio's sidecar injection (labels before annotations); Linkerd's proxy injection.
    pub fn injection(&self, deployment: &Deployment) -> Option<Injection> {
        const INJECT: &str = "sidecar.istio.io/inject";
        const REVISION: &str = "istio.io/rev";
        const LINKERD: &str = "linkerd.io/inject";
        let found = |mesh, said: &str, at: &ObjectMeta, path: String| {
            Some(Injection { mesh, said: said.to_owned(), place: at.places.of(&path) })
        };
        let of_pods = |list: &str, name: &str| format!("spec.template.metadata.{list}[{name}]");
        let own = &deployment.meta;
        let (labels, annotations) = (&deployment.template_labels, &deployment.template_annotations);
        let list = if labels.contains_key(INJECT) { "labels" } else { "annotations" };
        let istio = labels.get(INJECT).or_else(|| annotations.get(INJECT));
        let linkerd = annotations.get(LINKERD);
        if istio.is_some_and(|value| value == "true") {
            return found("Istio", INJECT, own, of_pods(list, INJECT));
        }
        if istio.is_none() && labels.contains_key(REVISION) {
            return found("Istio", REVISION, own, of_pods("labels", REVISION));
        }
        if linkerd.is_some_and(|value| matches!(value.as_str(), "enabled" | "ingress")) {
            return found("Linkerd", LINKERD, own, of_pods("annotations", LINKERD));
        }
        let namespace = self.namespace_of(deployment)?;
        let asks = |name: &str, values: &[&str]| {
            let value = namespace.labels.get(name).or_else(|| namespace.annotations.get(name));
            value.is_some_and(|value| values.is_empty() || values.contains(&value.as_str()))
        };
        let of_namespace = |mesh, name: &str| {
            let list = if namespace.labels.contains_key(name) { "labels" } else { "annotations" };
            found(mesh, name, namespace, format!("metadata.{list}[{name}]"))
        };
        match () {
            () if istio.is_none() && asks("istio-injection", &["enabled"]) => {
                of_namespace("Istio", "istio-injection")
            }
            () if istio.is_none() && asks(REVISION, &[]) => of_namespace("Istio", REVISION),
            () if linkerd.is_none() && asks(LINKERD, &["enabled", "ingress"]) => {
                of_namespace("Linkerd", LINKERD)
            }
            () => None,
        }
    }
}
