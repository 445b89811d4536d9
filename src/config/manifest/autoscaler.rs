//! HorizontalPodAutoscalers of every version, in the shape of `autoscaling/v2`.

use super::code;
use super::deployment::REPLICAS_MAX;
use super::meta::{ObjectMeta, mapping_at};
use super::metric::{Metric, MetricTarget, read_metrics};
use super::reader::{Field, Fields};
use super::shapes;

/// A HorizontalPodAutoscaler with the API server's defaults filled in, except inside `behavior`,
/// where an absent field and a given one lead the controller different ways.
///
/// Source of defaults: kubernetes pkg/apis/autoscaling/v2/defaults.go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HorizontalPodAutoscaler {
    /// Identity, labels, annotations, places.
    pub meta: ObjectMeta,
    /// `spec.scaleTargetRef`.
    pub target: ObjectRef,
    /// `spec.minReplicas`; default 1.
    pub min_replicas: u32,
    /// `spec.maxReplicas`.
    pub max_replicas: u32,
    /// `spec.metrics`; default CPU utilization of 80 %.
    pub metrics: Vec<Metric>,
    /// `spec.behavior`; `None` if absent, which is not the same as an empty one.
    pub behavior: Option<Behavior>,
}

/// A reference to an object of the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectRef {
    /// `apiVersion`; empty if not given.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `name`.
    pub name: String,
}

impl ObjectRef {
    /// The API group: the part of `apiVersion` before the slash, empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.rsplit_once('/').map_or("", |(group, _)| group)
    }
}

/// `spec.behavior`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behavior {
    /// `scaleUp`.
    pub scale_up: Option<ScalingRules>,
    /// `scaleDown`.
    pub scale_down: Option<ScalingRules>,
}

/// One direction of `spec.behavior`, without defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScalingRules {
    /// `stabilizationWindowSeconds`, in seconds, at most 3600.
    pub stabilization_window_seconds: Option<u32>,
    /// `selectPolicy`.
    pub select_policy: Option<SelectPolicy>,
    /// `policies`.
    pub policies: Option<Vec<ScalingPolicy>>,
    /// `tolerance` in thousandths (0.05 gives 50); finer values are rounded up.
    pub tolerance_milli: Option<u64>,
}

/// `selectPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectPolicy {
    /// The policy that allows the greatest change.
    Max,
    /// The policy that allows the smallest change.
    Min,
    /// No change in this direction.
    Disabled,
}

/// One entry of `policies`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScalingPolicy {
    /// `type`.
    pub policy_type: PolicyType,
    /// `value`: pods or percent.
    pub value: u32,
    /// `periodSeconds`, in seconds, at most 1800.
    pub period_seconds: u32,
}

/// `type` of a scaling policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyType {
    /// So many pods.
    Pods,
    /// So many percent of the pods.
    Percent,
}

/// The metric that an autoscaler without metrics gets.
fn default_metric() -> Metric {
    Metric::Resource { name: "cpu".to_owned(), target: MetricTarget::Utilization(80) }
}

/// Reads the fields of a HorizontalPodAutoscaler.
/// Source of the rules: kubernetes pkg/apis/autoscaling/validation/validation.go.
pub(super) fn read_autoscaler(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<HorizontalPodAutoscaler> {
    let spec = object.require("spec", "describe the autoscaler")?.fields(&shapes::HPA_SPEC)?;
    let target = spec
        .require("scaleTargetRef", "name the Deployment to scale")
        .and_then(|field| read_object_ref(&field));
    let metrics = match meta.api_version.as_str() {
        "autoscaling/v1" => read_first_version(&spec, &meta),
        version => {
            if let Some(field) = spec.get("targetCPUUtilizationPercentage") {
                field.forbidden(
                    "targetCPUUtilizationPercentage belongs to autoscaling/v1",
                    "write a metric of type Resource with a target averageUtilization",
                );
            }
            let old = version == "autoscaling/v2beta1";
            spec.get("metrics").map(|field| read_metrics(&field, old)).unwrap_or_default()
        }
    };
    let metrics = if metrics.is_empty() { vec![default_metric()] } else { metrics };
    let (min_replicas, max_replicas) = read_bounds(&spec, &metrics);
    let behavior = spec.get("behavior").and_then(|field| read_behavior(&field));
    Some(HorizontalPodAutoscaler { target: target?, min_replicas, max_replicas, metrics, behavior, meta })
}

/// `autoscaling/v1` has one CPU target; other metrics and the behavior hide in annotations there.
fn read_first_version(spec: &Fields<'_, '_>, meta: &ObjectMeta) -> Vec<Metric> {
    for name in ["metrics", "behavior"] {
        if let Some(field) = spec.get(name) {
            field.forbidden(&format!("autoscaling/v1 has no `{name}`"), "write `apiVersion: autoscaling/v2`");
        }
        if meta.annotations.contains_key(&format!("autoscaling.alpha.kubernetes.io/{name}")) {
            spec.at.warn(
                code::ANNOTATION,
                format!("the {name} in the annotation of this autoscaling/v1 object are not read"),
                "only the CPU target is used",
                "get the object with `kubectl get hpa.v2.autoscaling -o yaml`",
            );
        }
    }
    let target = spec.get("targetCPUUtilizationPercentage").and_then(|field| field.count(1..=PERCENT_MAX));
    let metric =
        |percent| Metric::Resource { name: "cpu".to_owned(), target: MetricTarget::Utilization(percent) };
    target.map(metric).into_iter().collect()
}

/// Percentages are 32-bit numbers in the API; utilization above 100 % of the request is common.
pub(super) const PERCENT_MAX: u32 = 1_000_000;

fn read_bounds(spec: &Fields<'_, '_>, metrics: &[Metric]) -> (u32, u32) {
    let min = spec.get("minReplicas");
    let min_replicas = min.as_ref().and_then(|field| field.count(0..=REPLICAS_MAX)).unwrap_or(1);
    let outside = |metric: &Metric| matches!(metric, Metric::Object { .. } | Metric::External { .. });
    if let Some(field) = min.filter(|_| min_replicas == 0 && !metrics.iter().any(outside)) {
        field.rejected(
            "must be greater than or equal to 1",
            "write 1 or more; scaling to zero needs a metric of type Object or External",
        );
    }
    let Some(field) = spec.require("maxReplicas", "write the greatest number of pods") else {
        return (min_replicas, min_replicas.max(1));
    };
    let Some(max_replicas) = field.count(1..=i32::MAX as u32) else {
        return (min_replicas, min_replicas.max(1));
    };
    if max_replicas < min_replicas {
        field.rejected(
            "must be greater than or equal to `minReplicas`",
            &format!("write at least {min_replicas}, or lower minReplicas"),
        );
    }
    (min_replicas, max_replicas)
}

/// Reads `kind`, `name` and `apiVersion`.
pub(super) fn read_object_ref(field: &Field<'_, '_>) -> Option<ObjectRef> {
    let fields = field.fields(&shapes::OBJECT_REF)?;
    let kind = fields.require("kind", "name the kind, such as Deployment").and_then(|field| field.string());
    let name = fields.require("name", "name the object").and_then(|field| field.string());
    let api_version = fields.get("apiVersion").and_then(|field| field.string()).unwrap_or_default();
    Some(ObjectRef { api_version, kind: kind?, name: name? })
}

fn read_behavior(field: &Field<'_, '_>) -> Option<Behavior> {
    let fields = field.fields(&shapes::BEHAVIOR)?;
    let rules = |name| mapping_at(&fields, name, &shapes::SCALING_RULES).map(|rules| read_rules(&rules));
    Some(Behavior { scale_up: rules("scaleUp"), scale_down: rules("scaleDown") })
}

fn read_rules(rules: &Fields<'_, '_>) -> ScalingRules {
    /// Source: kubernetes pkg/apis/autoscaling/validation `MaxStabilizationWindowSeconds`.
    const WINDOW_MAX: u32 = 3_600;
    let words =
        &[("Max", SelectPolicy::Max), ("Min", SelectPolicy::Min), ("Disabled", SelectPolicy::Disabled)];
    let window = rules.get("stabilizationWindowSeconds").and_then(|field| at_most(&field, 0, WINDOW_MAX));
    let policies = rules.get("policies").map(|field| {
        let items = field.items();
        if items.is_empty() {
            field.lacks("", "must specify at least one Policy", "list a policy or remove `policies`");
        }
        items.iter().filter_map(read_policy).collect()
    });
    ScalingRules {
        stabilization_window_seconds: window,
        select_policy: rules.get("selectPolicy").and_then(|field| field.one_of(words)),
        policies,
        tolerance_milli: rules.get("tolerance").and_then(|field| field.quantity_milli()),
    }
}

fn read_policy(item: &Field<'_, '_>) -> Option<ScalingPolicy> {
    /// Source: kubernetes pkg/apis/autoscaling/validation `MaxPeriodSeconds`.
    const PERIOD_MAX: u32 = 1_800;
    let fields = item.fields(&shapes::SCALING_POLICY)?;
    let policy_type = fields
        .require("type", "write Pods or Percent")
        .and_then(|field| field.one_of(&[("Pods", PolicyType::Pods), ("Percent", PolicyType::Percent)]));
    let value = fields
        .require("value", "write how many pods or percent may change")
        .and_then(|field| field.count(1..=i32::MAX as u32));
    let period_seconds = fields
        .require("periodSeconds", "write over how many seconds the value counts")
        .and_then(|field| at_most(&field, 1, PERIOD_MAX));
    Some(ScalingPolicy { policy_type: policy_type?, value: value?, period_seconds: period_seconds? })
}

/// A number whose upper bound is the API server's too.
fn at_most(field: &Field<'_, '_>, min: u32, max: u32) -> Option<u32> {
    let number = field.count(min..=i32::MAX as u32)?;
    if number > max {
        field.rejected(&format!("must be less than or equal to {max}"), &format!("write at most {max}"));
        return None;
    }
    Some(number)
}
