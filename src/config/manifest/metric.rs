//! The metrics of an autoscaler: five types, written differently in `v2beta1`.

use super::autoscaler::{ObjectRef, PERCENT_MAX, read_object_ref};
use super::code;
use super::meta::{LabelSelector, selector_at};
use super::reader::{Field, Fields};
use super::shapes;

/// One entry of `spec.metrics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metric {
    /// `resource`: cpu or memory of whole pods.
    Resource {
        /// `name`: `cpu` or `memory`.
        name: String,
        /// `target`.
        target: MetricTarget,
    },
    /// `containerResource`: cpu or memory of one container of each pod.
    ContainerResource {
        /// `name`: `cpu` or `memory`.
        name: String,
        /// `container`.
        container: String,
        /// `target`.
        target: MetricTarget,
    },
    /// `pods`: a metric that every pod has.
    Pods {
        /// `metric`.
        metric: MetricId,
        /// `target`, an average value.
        target: MetricTarget,
    },
    /// `object`: a metric of one other object.
    Object {
        /// `metric`.
        metric: MetricId,
        /// `describedObject`.
        described_object: ObjectRef,
        /// `target`.
        target: MetricTarget,
    },
    /// `external`: a metric from outside the cluster.
    External {
        /// `metric`.
        metric: MetricId,
        /// `target`.
        target: MetricTarget,
    },
}

/// `metric` of a Pods, Object or External metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricId {
    /// `name`.
    pub name: String,
    /// `selector`.
    pub selector: Option<LabelSelector>,
}

/// What a metric is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricTarget {
    /// `averageUtilization`: percent of the pods' requests.
    Utilization(u32),
    /// `averageValue`: per pod, in thousandths.
    AverageValue(u64),
    /// `value`: in all, in thousandths.
    Value(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MetricType {
    Resource,
    ContainerResource,
    Pods,
    Object,
    External,
}

impl MetricType {
    const WORDS: &[(&str, MetricType)] = &[
        ("Resource", MetricType::Resource),
        ("ContainerResource", MetricType::ContainerResource),
        ("Pods", MetricType::Pods),
        ("Object", MetricType::Object),
        ("External", MetricType::External),
    ];

    /// The field that holds the source of such a metric.
    fn field(self) -> &'static str {
        match self {
            MetricType::Resource => "resource",
            MetricType::ContainerResource => "containerResource",
            MetricType::Pods => "pods",
            MetricType::Object => "object",
            MetricType::External => "external",
        }
    }

    /// What the API server says when no target is set.
    fn wants(self) -> &'static str {
        match self {
            MetricType::Resource | MetricType::ContainerResource => {
                "must set either a target raw value or a target utilization"
            }
            MetricType::Pods => "must specify a positive target averageValue",
            MetricType::Object => "must set either a target value or averageValue",
            MetricType::External => "must set either a target value for metric or a per-pod target",
        }
    }
}

/// Reads `spec.metrics`; `old` means the fields of `autoscaling/v2beta1`.
/// Source of the rules: kubernetes pkg/apis/autoscaling/validation `validateMetricSpec`.
pub(super) fn read_metrics(field: &Field<'_, '_>, old: bool) -> Vec<Metric> {
    field.items().iter().filter_map(|item| read_metric(item, old)).collect()
}

fn read_metric(item: &Field<'_, '_>, old: bool) -> Option<Metric> {
    let fields = item.fields(&shapes::METRIC)?;
    let metric_type = fields
        .require("type", "write the type of the metric, such as Resource")?
        .one_of(MetricType::WORDS)?;
    let others = MetricType::WORDS.iter().filter(|(_, other)| *other != metric_type);
    if let Some(field) = others.filter_map(|(_, other)| fields.get(other.field())).next() {
        let help = format!("keep `{}`, or change the type", metric_type.field());
        field.forbidden("must populate the given metric source only", &help);
        return None;
    }
    let help = format!("a metric of this type is described under `{}`", metric_type.field());
    let source = fields.require(metric_type.field(), &help)?.fields(&shapes::METRIC_SOURCE)?;
    let target = if old { read_old_target(&source, metric_type) } else { read_target(&source, metric_type) };
    let name = || source.require("name", "name the resource, such as cpu").and_then(|field| field.string());
    Some(match metric_type {
        MetricType::Resource => Metric::Resource { name: name()?, target: target? },
        MetricType::ContainerResource => {
            let container = source.require("container", "name the container")?.string()?;
            Metric::ContainerResource { name: name()?, container, target: target? }
        }
        MetricType::Pods => Metric::Pods { metric: read_id(&source, old)?, target: target? },
        MetricType::Object => {
            let reference = if old { "target" } else { "describedObject" };
            let described_object =
                read_object_ref(&source.require(reference, "name the object that is measured")?)?;
            Metric::Object { metric: read_id(&source, old)?, described_object, target: target? }
        }
        MetricType::External => Metric::External { metric: read_id(&source, old)?, target: target? },
    })
}

fn read_id(source: &Fields<'_, '_>, old: bool) -> Option<MetricId> {
    if old {
        let name = source.require("metricName", "name the metric")?.string()?;
        let selector = selector_at(source, "metricSelector").or_else(|| selector_at(source, "selector"));
        return Some(MetricId { name, selector });
    }
    let metric = source.require("metric", "name the metric")?.fields(&shapes::METRIC_ID)?;
    let name = metric.require("name", "name the metric")?.string()?;
    Some(MetricId { name, selector: selector_at(&metric, "selector") })
}

/// The three ways to give a target, as far as they are written.
#[derive(Default)]
struct Written<'r, 't> {
    utilization: Option<Field<'r, 't>>,
    average: Option<Field<'r, 't>>,
    value: Option<Field<'r, 't>>,
}

/// `target: {type, averageUtilization | averageValue | value}`.
fn read_target(source: &Fields<'_, '_>, metric_type: MetricType) -> Option<MetricTarget> {
    for old in ["targetAverageUtilization", "targetAverageValue", "targetValue", "averageValue", "metricName"]
    {
        if let Some(field) = source.get(old) {
            field.forbidden(
                &format!("`{old}` belongs to autoscaling/v2beta1"),
                "write `target: {type: Utilization, averageUtilization: 60}`, or AverageValue or Value",
            );
            return None;
        }
    }
    let target =
        source.require("target", "say what the metric is held to")?.fields(&shapes::METRIC_TARGET)?;
    let words = &[("Utilization", 0), ("AverageValue", 1), ("Value", 2)];
    let named = target.require("type", "write Utilization, AverageValue or Value")?.one_of(words)?;
    let mut written = Written {
        utilization: target.get("averageUtilization"),
        average: target.get("averageValue"),
        value: target.get("value"),
    };
    if metric_type == MetricType::Object && written.average.is_some() && written.value.is_some() {
        // Only here do both make sense to the API server; the type decides.
        let unused = if named == 2 { &mut written.average } else { &mut written.value };
        *unused = None;
    }
    let read = settle(&target, &written, metric_type)?;
    let kind = match read {
        MetricTarget::Utilization(_) => 0,
        MetricTarget::AverageValue(_) => 1,
        MetricTarget::Value(_) => 2,
    };
    if kind != named {
        target.at.nearest(&["type"]).warn(
            code::TARGET_TYPE,
            format!("the target's type is {} but its value is an {}", words[named].0, words[kind].0),
            "does not fit the value",
            &format!("write `type: {}`", words[kind].0),
        );
    }
    Some(read)
}

/// The targets of `autoscaling/v2beta1`, which stand beside the metric's name.
fn read_old_target(source: &Fields<'_, '_>, metric_type: MetricType) -> Option<MetricTarget> {
    let written = match metric_type {
        MetricType::Object => {
            let average = source.get("averageValue");
            let value = source.get("targetValue").filter(|_| average.is_none());
            Written { utilization: None, average, value }
        }
        _ => Written {
            utilization: source.get("targetAverageUtilization"),
            average: source.get("targetAverageValue"),
            value: source.get("targetValue"),
        },
    };
    settle(source, &written, metric_type)
}

/// Picks the one target that such a metric takes.
fn settle(at: &Fields<'_, '_>, written: &Written<'_, '_>, metric_type: MetricType) -> Option<MetricTarget> {
    let of_pods = matches!(metric_type, MetricType::Resource | MetricType::ContainerResource);
    let utilization = written.utilization.as_ref().filter(|_| of_pods);
    let value =
        written.value.as_ref().filter(|_| matches!(metric_type, MetricType::Object | MetricType::External));
    let average = written.average.as_ref();
    let other = utilization.or(value);
    match (average, other) {
        (Some(average), Some(_)) => {
            let both = if of_pods {
                "may not set both a target raw value and a target utilization"
            } else {
                "may not set both a target value for metric and a per-pod target"
            };
            average.forbidden(both, "keep one of the two");
            None
        }
        (Some(field), None) => positive(field).map(MetricTarget::AverageValue),
        (None, _) => {
            if let Some(field) = utilization {
                return field.count(1..=PERCENT_MAX).map(MetricTarget::Utilization);
            }
            if let Some(field) = value {
                return positive(field).map(MetricTarget::Value);
            }
            at.lacks("", metric_type.wants(), "say what the metric is held to");
            None
        }
    }
}

fn positive(field: &Field<'_, '_>) -> Option<u64> {
    let milli = field.quantity_milli()?;
    if milli == 0 {
        field.rejected("must be positive", "write more than zero");
        return None;
    }
    Some(milli)
}
