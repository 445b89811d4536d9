//! The Horizontal Pod Autoscaler: one reconcile as a pure function.
//!
//! [`decide()`] takes what the controller sees ([`Input`]) and gives the size it sets with every
//! step that led there ([`Decision`]): pods are sorted into groups (`group`), each metric becomes
//! a ratio and a proposal (`metric`, `replicas`), the largest proposal is stabilized and limited
//! (`normalize`, `behavior`), and what the controller remembers comes back in the decision
//! (`history`). [`thresholds`] tells how far a metric is from another answer.
//!
//! Rules follow kubernetes `pkg/controller/podautoscaler` as of 1.33 to 1.35; what differs
//! between versions is a field of [`Options`]. Quantities are thousandths, sizes 32-bit integers,
//! ratios doubles in the controller's own order of operations.

mod behavior;
mod conditions;
mod decide;
mod group;
mod history;
mod messages;
mod metric;
mod normalize;
mod observe;
mod options;
#[cfg(test)]
mod properties;
mod replicas;
mod spec;
#[cfg(test)]
mod testing;
mod threshold;

pub use behavior::{PolicyLimit, policy_limit, rate_limit};
pub use conditions::{Condition, ConditionType, Conditions};
pub use decide::{Decision, Path, decide};
pub use group::{GroupCounts, PodClass, PodGroup, classify};
pub use history::{History, Recommendation, ScaleEvent, change_in_period};
pub use messages::condition_message;
pub use metric::{MetricEvaluation, evaluate};
pub use normalize::{
    LimitReason, Limited, Normalized, clamp_legacy, stabilization_reason, stabilize, stabilize_legacy,
    windows,
};
pub use observe::{
    ContainerRequests, InitRequests, Phase, PodRequests, PodSample, PodView, Samples, Scale, Status,
    sum_of_containers,
};
pub use options::{Options, SYNC_PERIOD, ScaleToZero, Tolerances};
pub use replicas::{Basis, PodTarget, Proposal, Reading, Tally, usage_ratio};
pub use spec::{
    Behavior, Direction, HpaSpec, MetricSource, MetricSpec, MetricTarget, PolicyKind, ScalingPolicy,
    ScalingRules, SelectPolicy, TargetKind,
};
pub use threshold::{Level, LevelUnit, Threshold, Thresholds, thresholds};

use crate::units::SimTime;

/// Everything that one reconcile looks at.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The controller's clock.
    pub now: SimTime,
    /// Flags and version.
    pub options: &'a Options,
    /// The autoscaler's spec.
    pub hpa: &'a HpaSpec,
    /// The target's sizes.
    pub scale: Scale,
    /// All pods that match the target's selector: those of old revisions, surge pods and
    /// terminating pods included.
    pub pods: &'a [PodView],
    /// Requests by template; pods refer to them by index.
    pub requests: &'a [PodRequests],
    /// What the metrics APIs answer, in the order of the spec's metrics. A metric without an
    /// entry is unavailable.
    pub samples: &'a [Samples],
    /// What the previous reconcile left.
    pub history: &'a History,
    /// The conditions in the autoscaler's status.
    pub conditions: &'a Conditions,
}

/// Why a metric gives no proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetricError {
    /// The metrics API failed.
    #[error("the metrics API answered with an error")]
    MetricsUnavailable,
    /// The metrics API answered with an empty list.
    #[error("the metrics API returned no metrics")]
    NoMetrics,
    /// The selector matches nothing.
    #[error("no pods match the selector")]
    NoPods,
    /// All samples belong to pods that do not count.
    #[error("no sample is left once those of unready and terminating pods are dropped")]
    NoReadyMetrics,
    /// All samples belong to pods that no longer match or request nothing.
    #[error("no sample belongs to a pod with a request")]
    NoMatchingMetrics,
    /// A container without a request for the resource.
    #[error("a container has no request for the resource")]
    MissingRequest,
    /// A pod without a container of that name.
    #[error("a pod has no container of that name")]
    ContainerNotFound,
    /// The target lacks the field that its kind of metric reads, or the field is not above zero.
    #[error("the metric has no valid target")]
    InvalidTarget,
    /// Not a kind of metric.
    #[error("the kind of metric is unknown")]
    InvalidMetricType,
}

impl MetricError {
    /// The name in machine-readable output.
    pub fn as_str(self) -> &'static str {
        match self {
            MetricError::MetricsUnavailable => "metrics-unavailable",
            MetricError::NoMetrics => "no-metrics",
            MetricError::NoPods => "no-pods",
            MetricError::NoReadyMetrics => "no-ready-metrics",
            MetricError::NoMatchingMetrics => "no-matching-metrics",
            MetricError::MissingRequest => "missing-request",
            MetricError::ContainerNotFound => "container-not-found",
            MetricError::InvalidTarget => "invalid-target",
            MetricError::InvalidMetricType => "invalid-metric-type",
        }
    }
}
