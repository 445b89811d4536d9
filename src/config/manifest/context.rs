//! What a dump of a running cluster adds: pods as they really are, and who owns them.
//!
//! Running pods hold what admission controllers injected (mesh sidecars, readiness gates), which
//! the template of a Deployment does not show.

use super::meta::{ObjectMeta, mapping_at};
use super::pod_spec::{PodSpec, read_pod_spec};
use super::reader::Fields;
use super::shapes;

/// A Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Identity, labels, annotations, owners, places.
    pub meta: ObjectMeta,
    /// `spec`.
    pub spec: PodSpec,
    /// `status.phase`.
    pub phase: Option<String>,
    /// `status.conditions`.
    pub conditions: Vec<PodCondition>,
    /// `status.startTime`, as written (RFC 3339).
    pub start_time: Option<String>,
}

/// One entry of `status.conditions` of a Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodCondition {
    /// `type`, such as `Ready`.
    pub condition_type: String,
    /// `status`: `True`, `False` or `Unknown`.
    pub status: String,
    /// `lastTransitionTime`, as written (RFC 3339).
    pub last_transition_time: Option<String>,
}

/// A ReplicaSet: one revision of a Deployment. Its template is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaSet {
    /// Identity, labels, annotations, owners, places.
    pub meta: ObjectMeta,
    /// `spec.replicas`; default 1.
    pub replicas: u32,
}

/// An EndpointSlice: what proxies are told about the pods of one Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointSlice {
    /// Identity, labels, annotations, places.
    pub meta: ObjectMeta,
    /// The label `kubernetes.io/service-name`.
    pub service: Option<String>,
    /// `endpoints`.
    pub endpoints: Vec<Endpoint>,
}

/// One entry of `endpoints`. Source: the API reference; an absent condition means unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `targetRef.name`, if the target is a Pod.
    pub pod: Option<String>,
    /// `nodeName`.
    pub node_name: Option<String>,
    /// `conditions.ready`.
    pub ready: Option<bool>,
    /// `conditions.serving`.
    pub serving: Option<bool>,
    /// `conditions.terminating`.
    pub terminating: Option<bool>,
}

impl Pod {
    /// Whether the pod's Ready condition is True.
    pub fn is_ready(&self) -> bool {
        self.conditions
            .iter()
            .any(|condition| condition.condition_type == "Ready" && condition.status == "True")
    }
}

/// Reads the fields of a Pod.
pub(super) fn read_pod(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<Pod> {
    let spec = read_pod_spec(&object.require("spec", "describe the pod")?, false)?;
    let status = mapping_at(object, "status", &shapes::POD_STATUS);
    let text =
        |name| status.as_ref().and_then(|status| status.get(name)).and_then(|field| field.free_string());
    let mut conditions = Vec::new();
    for item in status
        .as_ref()
        .and_then(|status| status.get("conditions"))
        .map(|field| field.items())
        .unwrap_or_default()
    {
        let Some(fields) = item.fields(&shapes::POD_CONDITION) else { continue };
        let text = |name| fields.get(name).and_then(|field| field.free_string());
        conditions.push(PodCondition {
            condition_type: text("type").unwrap_or_default(),
            status: text("status").unwrap_or_default(),
            last_transition_time: text("lastTransitionTime"),
        });
    }
    Some(Pod { meta, spec, phase: text("phase"), conditions, start_time: text("startTime") })
}

/// Reads the fields of a ReplicaSet.
pub(super) fn read_replica_set(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<ReplicaSet> {
    let spec = mapping_at(object, "spec", &shapes::REPLICA_SET_SPEC);
    let replicas = spec.and_then(|spec| spec.get("replicas")?.count(0..=u32::MAX)).unwrap_or(1);
    Some(ReplicaSet { meta, replicas })
}

/// Reads the fields of an EndpointSlice.
pub(super) fn read_endpoint_slice(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<EndpointSlice> {
    let mut endpoints = Vec::new();
    for item in object.get("endpoints").map(|field| field.items()).unwrap_or_default() {
        let Some(fields) = item.fields(&shapes::ENDPOINT) else { continue };
        let conditions = mapping_at(&fields, "conditions", &shapes::ENDPOINT_CONDITIONS);
        let condition =
            |name| conditions.as_ref().and_then(|fields| fields.get(name)).and_then(|field| field.flag());
        let target = mapping_at(&fields, "targetRef", &shapes::TARGET_REF);
        let target_text =
            |name| target.as_ref().and_then(|fields| fields.get(name)).and_then(|field| field.string());
        endpoints.push(Endpoint {
            pod: target_text("name").filter(|_| target_text("kind").is_some_and(|kind| kind == "Pod")),
            node_name: fields.get("nodeName").and_then(|field| field.string()),
            ready: condition("ready"),
            serving: condition("serving"),
            terminating: condition("terminating"),
        });
    }
    let service = meta.labels.get("kubernetes.io/service-name").cloned();
    Some(EndpointSlice { meta, service, endpoints })
}
