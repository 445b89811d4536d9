//! What the user wrote: the autoscaler's spec with the API server's defaults filled in.

use std::fmt;

use crate::units::Nanos;

/// The part of a `HorizontalPodAutoscaler` spec that decides sizes.
#[derive(Clone, Debug, PartialEq)]
pub struct HpaSpec {
    /// Lowest size; the API server's default is 1. Zero needs scale-to-zero (see
    /// [`ScaleToZero`](super::ScaleToZero)).
    pub min_replicas: i32,
    /// Highest size.
    pub max_replicas: i32,
    /// The metrics; the largest proposal among them wins.
    pub metrics: Vec<MetricSpec>,
    /// `None` and an empty `behavior: {}` are different rules, see [`Behavior`].
    pub behavior: Option<Behavior>,
}

impl HpaSpec {
    /// Whether an Object or External metric is among the metrics: only those can be read while no
    /// pod runs.
    pub fn has_object_or_external(&self) -> bool {
        self.metrics.iter().any(|metric| {
            matches!(metric.source, MetricSource::Object { .. } | MetricSource::External { .. })
        })
    }
}

/// One metric and the value it should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricSpec {
    /// Where the numbers come from.
    pub source: MetricSource,
    /// Where they should be.
    pub target: MetricTarget,
}

/// Where a metric's numbers come from, with the names that Kubernetes gives the kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricSource {
    /// A resource of whole pods, such as `cpu`.
    Resource {
        /// Name of the resource.
        resource: String,
    },
    /// A resource of one container of each pod.
    ContainerResource {
        /// Name of the resource.
        resource: String,
        /// Name of the container.
        container: String,
    },
    /// A custom metric with one value per pod.
    Pods {
        /// Name of the metric.
        metric: String,
    },
    /// A custom metric with one value for some other object.
    Object {
        /// Name of the metric.
        metric: String,
    },
    /// A metric from outside the cluster.
    External {
        /// Name of the metric.
        metric: String,
    },
    /// A kind that this version of Kubernetes does not know: it always fails.
    Unknown {
        /// What the user wrote as `type`.
        kind: String,
    },
}

impl MetricSource {
    /// Kubernetes' name of the kind, as in `spec.metrics[].type`.
    pub fn kind(&self) -> &str {
        match self {
            MetricSource::Resource { .. } => "Resource",
            MetricSource::ContainerResource { .. } => "ContainerResource",
            MetricSource::Pods { .. } => "Pods",
            MetricSource::Object { .. } => "Object",
            MetricSource::External { .. } => "External",
            MetricSource::Unknown { kind } => kind,
        }
    }

    /// The resource, where it is one.
    pub fn resource_name(&self) -> Option<&str> {
        match self {
            MetricSource::Resource { resource } | MetricSource::ContainerResource { resource, .. } => {
                Some(resource)
            }
            _ => None,
        }
    }
}

/// What one would call the metric: `cpu`, `cpu of container app`, or its name.
impl fmt::Display for MetricSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MetricSource::Resource { resource } => f.write_str(resource),
            MetricSource::ContainerResource { resource, container } => {
                write!(f, "{resource} of container {container}")
            }
            MetricSource::Pods { metric }
            | MetricSource::Object { metric }
            | MetricSource::External { metric }
                if !metric.is_empty() =>
            {
                f.write_str(metric)
            }
            source => write!(f, "metric of type {}", source.kind()),
        }
    }
}

/// The target exactly as written: which of the fields counts depends on the metric's kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetricTarget {
    /// `type`; only Object metrics look at it.
    pub kind: Option<TargetKind>,
    /// Percent of the requests.
    pub average_utilization: Option<i32>,
    /// Per pod, in thousandths.
    pub average_value: Option<i64>,
    /// For all pods together, in thousandths.
    pub value: Option<i64>,
}

/// `target.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// Percent of the requests.
    Utilization,
    /// An amount per pod.
    AverageValue,
    /// An amount for all pods together.
    Value,
}

impl MetricTarget {
    /// `averageUtilization: percent`.
    pub fn utilization(percent: i32) -> MetricTarget {
        MetricTarget {
            kind: Some(TargetKind::Utilization),
            average_utilization: Some(percent),
            ..MetricTarget::default()
        }
    }

    /// `averageValue`, in thousandths.
    pub fn average_value(milli: i64) -> MetricTarget {
        MetricTarget {
            kind: Some(TargetKind::AverageValue),
            average_value: Some(milli),
            ..MetricTarget::default()
        }
    }

    /// `value`, in thousandths.
    pub fn value(milli: i64) -> MetricTarget {
        MetricTarget { kind: Some(TargetKind::Value), value: Some(milli), ..MetricTarget::default() }
    }
}

/// `spec.behavior`, both directions completed field by field.
///
/// Its mere presence changes the rules: without it a step up reaches at most `max(2 x current, 4)`
/// and every step down waits for the cluster's window; with an empty one a step up reaches
/// `max(current + 4, 2 x current)` per 15 s.
/// Source: kubernetes pkg/apis/autoscaling/v2/defaults.go.
#[derive(Clone, Debug, PartialEq)]
pub struct Behavior {
    /// Rules for growing.
    pub scale_up: ScalingRules,
    /// Rules for shrinking.
    pub scale_down: ScalingRules,
}

impl Default for Behavior {
    fn default() -> Self {
        Behavior {
            scale_up: ScalingRules::default_for(Direction::Up),
            scale_down: ScalingRules::default_for(Direction::Down),
        }
    }
}

/// A direction of scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// More pods.
    Up,
    /// Fewer pods.
    Down,
}

/// The rules of one direction.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalingRules {
    /// How long earlier recommendations hold a change back. `None` is the default of the
    /// direction: nothing for up, the cluster's downscale window for down.
    pub stabilization_window: Option<Nanos>,
    /// Which of the policies counts.
    pub select_policy: SelectPolicy,
    /// Speed limits.
    pub policies: Vec<ScalingPolicy>,
    /// Overrides the cluster's tolerance for this direction, as a share (0.1 = 10 %).
    pub tolerance: Option<f64>,
}

impl ScalingRules {
    /// What Kubernetes fills in where nothing is written.
    pub fn default_for(direction: Direction) -> ScalingRules {
        const PERIOD: Nanos = Nanos::from_secs(15);
        let double = ScalingPolicy { kind: PolicyKind::Percent, value: 100, period: PERIOD };
        let four = ScalingPolicy { kind: PolicyKind::Pods, value: 4, period: PERIOD };
        ScalingRules {
            stabilization_window: None,
            select_policy: SelectPolicy::Max,
            policies: match direction {
                Direction::Up => vec![four, double],
                Direction::Down => vec![double],
            },
            tolerance: None,
        }
    }
}

/// `selectPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectPolicy {
    /// The policy that allows the largest change.
    Max,
    /// The policy that allows the smallest change.
    Min,
    /// No change in this direction at all.
    Disabled,
}

/// One speed limit: so much within `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScalingPolicy {
    /// What `value` counts.
    pub kind: PolicyKind,
    /// Pods, or percent of the size at the start of the period.
    pub value: i32,
    /// The period.
    pub period: Nanos,
}

/// `policies[].type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// A number of pods.
    Pods,
    /// A percentage of the size at the start of the period.
    Percent,
}
