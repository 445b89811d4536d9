//! Kubernetes objects as the API server writes them, as far as the autoscaler looks at them.
//! Other fields are passed over: a dump holds everything.

use std::collections::BTreeMap;

use serde::de::{Error, IgnoredAny};
use serde::{Deserialize, Deserializer};

use super::fields::Count;
use super::pods::{PhaseIn, StatusIn};
use super::selector::LabelSelector;
use super::spec::BehaviorIn;
use super::timestamp;
use crate::model::hpa::{
    ContainerRequests, InitRequests, MetricSource, MetricSpec, MetricTarget, Phase, PodRequests, PodView,
    Status, TargetKind,
};
use crate::units::{Nanos, SimTime, parse_duration, parse_quantity_milli};

/// A quantity in thousandths.
#[derive(Clone, Copy)]
pub(super) struct Quantity(pub i64);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let milli = parse_quantity_milli(&text).map_err(D::Error::custom)?;
        i64::try_from(milli).map(Quantity).map_err(D::Error::custom)
    }
}

/// A point in time.
pub(super) struct Timestamp(pub SimTime);

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let problem = || D::Error::custom(format!("`{text}` is no time: write it as 2026-03-01T12:00:00Z"));
        timestamp::parse(&text).map(Timestamp).ok_or_else(problem)
    }
}

/// A duration.
pub(super) struct Span(pub Nanos);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_duration(&text).map(Span).map_err(D::Error::custom)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub name: String,
    #[serde(default)]
    pub namespace: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    deletion_timestamp: Option<Timestamp>,
    #[serde(default)]
    owner_references: Vec<ObjectRef>,
}

#[derive(Deserialize)]
pub(super) struct ObjectRef {
    pub kind: String,
    pub name: String,
}

impl Metadata {
    /// Whether a pod belongs to a workload: directly, or through a ReplicaSet, whose name is the
    /// workload's with the template hash of the pod behind it.
    pub(super) fn is_owned_by(&self, workload: &ObjectRef) -> bool {
        let hashes = ["pod-template-hash", "rollouts-pod-template-hash"];
        let replica_sets: Vec<String> = hashes
            .iter()
            .filter_map(|label| self.labels.get(*label))
            .map(|hash| format!("{}-{hash}", workload.name))
            .collect();
        self.owner_references.iter().any(|owner| {
            (owner.kind == workload.kind && owner.name == workload.name)
                || (owner.kind == "ReplicaSet" && replica_sets.contains(&owner.name))
        })
    }
}

#[derive(Deserialize)]
pub(super) struct Hpa {
    pub metadata: Metadata,
    pub spec: HpaSpecIn,
    #[serde(default)]
    pub status: HpaStatus,
}

/// A misspelt field of a spec would be a default in silence, so none may be unknown.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct HpaSpecIn {
    pub scale_target_ref: ObjectRef,
    pub min_replicas: Option<Count>,
    pub max_replicas: Count,
    #[serde(default)]
    pub metrics: Vec<Metric>,
    pub behavior: Option<BehaviorIn>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct HpaStatus {
    pub current_replicas: Count,
    pub desired_replicas: Count,
    pub conditions: Vec<Condition>,
    #[serde(deserialize_with = "null_is_empty")]
    current_metrics: Vec<CurrentMetric>,
}

/// The API server writes a list that nobody has filled as null.
fn null_is_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CurrentMetric>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// What a metric said at the controller's last sync. Fields differ by version, so none is refused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CurrentMetric {
    object: Option<CurrentValue>,
    external: Option<CurrentValue>,
}

#[derive(Deserialize)]
struct CurrentValue {
    metric: ValueName,
    #[serde(default)]
    current: Current,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Current {
    average_value: Option<SignedQuantity>,
    value: Option<SignedQuantity>,
}

impl HpaStatus {
    /// The whole of an Object or External metric at the last sync, in thousandths. Of a metric that
    /// is shared by the pods the status only has the share, rounded up.
    pub(super) fn total_of(&self, metric: &MetricSpec, status_replicas: i32) -> Option<i64> {
        let current = self.current_metrics.iter().find_map(|current| {
            let (value, name) = match &metric.source {
                MetricSource::Object { metric } => (current.object.as_ref()?, metric),
                MetricSource::External { metric } => (current.external.as_ref()?, metric),
                _ => return None,
            };
            (value.metric.name == *name).then_some(&value.current)
        })?;
        let shared = |average: &SignedQuantity| average.0.saturating_mul(status_replicas.into());
        let average = current.average_value.as_ref().map(shared);
        current.value.as_ref().map(|value| value.0).or(average)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Condition {
    pub r#type: String,
    pub status: StatusIn,
    pub reason: Option<String>,
    last_transition_time: Option<Timestamp>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Metric {
    r#type: String,
    resource: Option<ResourceSource>,
    container_resource: Option<ResourceSource>,
    pods: Option<NamedSource>,
    object: Option<NamedSource>,
    external: Option<NamedSource>,
}

impl Metric {
    /// The object that an Object metric is of.
    pub(super) fn described(&self) -> Option<&Described> {
        self.object.as_ref()?.described_object.as_ref()
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceSource {
    name: String,
    container: Option<String>,
    #[serde(default)]
    target: TargetIn,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NamedSource {
    metric: MetricName,
    #[serde(default)]
    target: TargetIn,
    described_object: Option<Described>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct MetricName {
    name: String,
    #[serde(rename = "selector")]
    _selector: Option<IgnoredAny>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct TargetIn {
    r#type: Option<String>,
    average_utilization: Option<Count>,
    average_value: Option<Quantity>,
    value: Option<Quantity>,
}

impl From<TargetIn> for MetricTarget {
    fn from(target: TargetIn) -> MetricTarget {
        MetricTarget {
            kind: match target.r#type.as_deref() {
                Some("Utilization") => Some(TargetKind::Utilization),
                Some("AverageValue") => Some(TargetKind::AverageValue),
                Some("Value") => Some(TargetKind::Value),
                _ => None,
            },
            average_utilization: target.average_utilization.map(|Count(percent)| percent),
            average_value: target.average_value.map(|Quantity(milli)| milli),
            value: target.value.map(|Quantity(milli)| milli),
        }
    }
}

impl From<Metric> for MetricSpec {
    fn from(metric: Metric) -> MetricSpec {
        let Metric { r#type, resource, container_resource, pods, object, external } = metric;
        let (source, target) = if let Some(of) = resource {
            (MetricSource::Resource { resource: of.name }, of.target)
        } else if let Some(of) = container_resource {
            let container = of.container.unwrap_or_default();
            (MetricSource::ContainerResource { resource: of.name, container }, of.target)
        } else if let Some(of) = pods {
            (MetricSource::Pods { metric: of.metric.name }, of.target)
        } else if let Some(of) = object {
            (MetricSource::Object { metric: of.metric.name }, of.target)
        } else if let Some(of) = external {
            (MetricSource::External { metric: of.metric.name }, of.target)
        } else {
            (MetricSource::Unknown { kind: r#type }, TargetIn::default())
        };
        MetricSpec { source, target: target.into() }
    }
}

/// A scale target.
#[derive(Deserialize)]
pub(super) struct Target {
    pub metadata: Metadata,
    pub spec: TargetSpec,
    #[serde(default)]
    pub status: TargetStatus,
}

#[derive(Deserialize)]
pub(super) struct TargetSpec {
    pub replicas: Option<Count>,
    #[serde(default)]
    pub selector: LabelSelector,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct TargetStatus {
    pub replicas: Count,
}

#[derive(Deserialize)]
pub(super) struct Pod {
    pub metadata: Metadata,
    spec: PodSpec,
    #[serde(default)]
    status: PodStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PodSpec {
    containers: Vec<Container>,
    #[serde(default)]
    init_containers: Vec<Container>,
    #[serde(default)]
    resources: Resources,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    name: String,
    restart_policy: Option<String>,
    #[serde(default)]
    resources: Resources,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resources {
    requests: BTreeMap<String, Quantity>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PodStatus {
    phase: Option<PhaseIn>,
    start_time: Option<Timestamp>,
    conditions: Vec<Condition>,
}

impl Resources {
    fn milli(&self) -> BTreeMap<String, i64> {
        self.requests.iter().map(|(resource, Quantity(milli))| (resource.clone(), *milli)).collect()
    }
}

impl Pod {
    /// What the controller sees of the pod. A pod without a phase has just been created.
    pub(super) fn view(&self) -> PodView {
        let ready = self.status.conditions.iter().find(|condition| condition.r#type == "Ready");
        let transition = ready.and_then(|condition| condition.last_transition_time.as_ref());
        PodView {
            phase: self.status.phase.map_or(Phase::Pending, Phase::from),
            deleted: self.metadata.deletion_timestamp.is_some(),
            ready: ready.map(|condition| Status::from(condition.status)),
            ready_transition: transition.map_or(SimTime(0), |Timestamp(time)| *time),
            start_time: self.status.start_time.as_ref().map(|Timestamp(time)| *time),
            requests: 0,
        }
    }

    /// What the pod requests.
    pub(super) fn requests(&self) -> PodRequests {
        let of = |c: &Container| ContainerRequests { name: c.name.clone(), requests: c.resources.milli() };
        let init = self.spec.init_containers.iter().map(|c| InitRequests {
            is_sidecar: c.restart_policy.as_deref() == Some("Always"),
            container: of(c),
        });
        let containers = self.spec.containers.iter().map(of).collect();
        PodRequests::new(containers, init, self.spec.resources.milli())
    }
}

/// What metrics-server says of one pod.
#[derive(Deserialize)]
pub(super) struct PodMetrics {
    pub metadata: Metadata,
    pub timestamp: Timestamp,
    pub window: Span,
    pub containers: Vec<Usage>,
}

/// What one container uses.
#[derive(Deserialize)]
pub(super) struct Usage {
    pub name: String,
    pub usage: BTreeMap<String, Quantity>,
}

/// One number of the custom or the external metrics API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MetricValue {
    /// What it is of; external metrics have none.
    pub described_object: Option<Described>,
    metric_name: Option<String>,
    metric: Option<ValueName>,
    pub timestamp: Timestamp,
    window_seconds: Option<u32>,
    value: SignedQuantity,
}

/// The object that a number is of.
#[derive(Clone, Deserialize)]
pub(super) struct Described {
    pub kind: String,
    pub name: String,
    #[serde(default)]
    pub namespace: String,
}

#[derive(Deserialize)]
struct ValueName {
    name: String,
}

impl MetricValue {
    /// The metric; v1beta1 and v1beta2 of the custom metrics API write it in different places.
    pub(super) fn name(&self) -> &str {
        self.metric_name.as_deref().or(self.metric.as_ref().map(|m| m.name.as_str())).unwrap_or_default()
    }

    pub(super) fn milli(&self) -> i64 {
        self.value.0
    }

    /// What the value covers: a minute unless the API says otherwise.
    /// Source: metrics/client.go, metricServerDefaultMetricWindow.
    pub(super) fn window(&self) -> Nanos {
        self.window_seconds.map_or(Nanos::from_secs(60), |seconds| Nanos::from_secs(seconds.into()))
    }
}

/// A quantity in thousandths that may be below zero, as custom metrics may.
struct SignedQuantity(i64);

impl<'de> Deserialize<'de> for SignedQuantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (sign, amount) = match text.strip_prefix('-') {
            Some(amount) => (-1, amount),
            None => (1, text.as_str()),
        };
        let milli = parse_quantity_milli(amount).map_err(D::Error::custom)?;
        i64::try_from(milli).map(|milli| SignedQuantity(sign * milli)).map_err(D::Error::custom)
    }
}
