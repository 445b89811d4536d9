//! What the controller writes beside a condition: the message that `kubectl describe hpa` shows.
//!
//! The words are Kubernetes' own, so that they can be searched for and compared with a cluster.
//! Source: horizontal.go reconcileAutoscaler, normalizeDesiredReplicas, convertDesiredReplicas...;
//! kubernetes#135118 for ScaledToZero. What podloss does not know is left out of them: the selector
//! of an External metric, the object behind an Object metric, and the wording of an API's failure.

use super::decide::{Decision, Path};
use super::normalize::LimitReason;
use super::spec::{HpaSpec, MetricSource, MetricSpec};
use super::{ConditionType, MetricError, Status};

/// The message of a condition that this decision has set; `None` for one that it left as it was.
pub fn condition_message(hpa: &HpaSpec, decision: &Decision, kind: ConditionType) -> Option<String> {
    let condition = decision.conditions.get(kind)?;
    match kind {
        ConditionType::AbleToScale => Some(able(&condition.reason, decision.desired_replicas)),
        ConditionType::ScalingActive => active(hpa, decision, condition.status),
        ConditionType::ScalingLimited => {
            decision.normalized.map(|normalized| limited(normalized.limited.reason).to_owned())
        }
        ConditionType::ScaledToZero => scaled_to_zero(&condition.reason).map(str::to_owned),
    }
}

fn able(reason: &str, desired: i32) -> String {
    let words = match reason {
        "SucceededRescale" => {
            return format!("the HPA controller was able to update the target scale to {desired}");
        }
        "ReadyForNewScale" => "recommended size matches current size",
        "ScaleUpStabilized" => {
            "recent recommendations were lower than current one, applying the lowest recent recommendation"
        }
        "ScaleDownStabilized" => {
            "recent recommendations were higher than current one, applying the highest recent recommendation"
        }
        _ => "the HPA controller was able to get the target's current scale",
    };
    words.to_owned()
}

fn active(hpa: &HpaSpec, decision: &Decision, status: Status) -> Option<String> {
    match decision.path {
        Path::AboveMaximum | Path::BelowMinimum => None,
        Path::Disabled => {
            Some("scaling is disabled since the replica count of the target is zero".to_owned())
        }
        Path::Metrics if status == Status::True => {
            let metric = decision.winner.and_then(|winner| hpa.metrics.get(winner));
            let metric = metric.map(metric_name).unwrap_or_default();
            Some(format!("the HPA was able to successfully calculate a replica count from {metric}"))
        }
        Path::Metrics => {
            let failed = decision.metrics.iter().find_map(|metric| metric.result.err());
            let error = failed.unwrap_or(MetricError::InvalidMetricType);
            Some(format!("the HPA was unable to compute the replica count: {error}"))
        }
    }
}

/// What the controller calls a metric in its messages.
fn metric_name(metric: &MetricSpec) -> String {
    let averages = metric.target.average_value.is_some();
    let of_requests = if averages { "" } else { " utilization (percentage of request)" };
    match &metric.source {
        MetricSource::Resource { resource } => format!("{resource} resource{of_requests}"),
        MetricSource::ContainerResource { resource, .. } => {
            format!("{resource} container resource{of_requests}")
        }
        MetricSource::Pods { metric } => format!("pods metric {metric}"),
        MetricSource::Object { metric } => format!("object metric {metric}"),
        MetricSource::External { metric } => format!("external metric {metric}"),
        MetricSource::Unknown { kind } => kind.clone(),
    }
}

fn limited(reason: LimitReason) -> &'static str {
    match reason {
        LimitReason::DesiredWithinRange => "the desired count is within the acceptable range",
        LimitReason::TooFewReplicas => "the desired replica count is less than the minimum replica count",
        LimitReason::TooManyReplicas => "the desired replica count is more than the maximum replica count",
        LimitReason::ScaleUpLimit => {
            "the desired replica count is increasing faster than the maximum scale rate"
        }
        LimitReason::ScaleDownLimit => {
            "the desired replica count is decreasing faster than the maximum scale rate"
        }
    }
}

fn scaled_to_zero(reason: &str) -> Option<&'static str> {
    match reason {
        "ScaledToZero" => Some("the HPA controller scaled the workload to zero"),
        "NotScaledToZero" => Some("the HPA controller did not scale the workload to zero"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::*;
    use super::*;

    fn message(fixture: &Fixture, kind: ConditionType) -> Option<String> {
        condition_message(&fixture.hpa, &fixture.decide(), kind)
    }

    fn remembering(mut fixture: Fixture, replicas: i32) -> Fixture {
        fixture.history.recommendations = Some(vec![Recommendation { replicas, time: ago(10) }]);
        fixture
    }

    #[test]
    fn every_condition_says_why() {
        use ConditionType::{AbleToScale, ScaledToZero, ScalingActive, ScalingLimited};
        let windows = || {
            let mut behavior = Behavior::default();
            behavior.scale_up.stabilization_window = Some(crate::units::Nanos::from_secs(60));
            behavior
        };
        let asleep = |minor: u32| {
            let mut fixture = Fixture::new(5).bounds(0, 9).proposing(0);
            fixture.options = Options::for_kubernetes(minor);
            fixture
        };
        for (fixture, kind, want) in [
            (Fixture::new(4).proposing(6), AbleToScale, "able to update the target scale to 6"),
            (Fixture::new(4).proposing(4), AbleToScale, "recommended size matches current size"),
            (remembering(Fixture::new(4), 4).proposing(2), AbleToScale, "applying the highest recent"),
            (
                remembering(Fixture::new(4).behavior(windows()), 4).proposing(6),
                AbleToScale,
                "applying the lowest recent",
            ),
            (Fixture::new(0).proposing(1), AbleToScale, "able to get the target's current scale"),
            (Fixture::new(0).proposing(1), ScalingActive, "scaling is disabled since the replica count"),
            (
                Fixture::new(4).with(cpu(50), values(&[500; 4])),
                ScalingActive,
                "a replica count from cpu resource utilization (percentage of request)",
            ),
            (Fixture::new(4).proposing(4), ScalingActive, "a replica count from external metric queue"),
            (
                Fixture::new(4).with(per_pod(5), values(&[5; 4])),
                ScalingActive,
                "a replica count from pods metric qps",
            ),
            (
                Fixture::new(4).with(object(MetricTarget::value(5)), Samples::Object(5)),
                ScalingActive,
                "a replica count from object metric hits",
            ),
            (
                Fixture::new(4).with(cpu(50), Samples::Unavailable),
                ScalingActive,
                "unable to compute the replica count: the metrics API answered with an error",
            ),
            (Fixture::new(4).proposing(4), ScalingLimited, "within the acceptable range"),
            (Fixture::new(4).bounds(1, 5).proposing(9), ScalingLimited, "more than the maximum"),
            (Fixture::new(4).bounds(3, 5).proposing(1), ScalingLimited, "less than the minimum"),
            (Fixture::new(4).proposing(90), ScalingLimited, "increasing faster than"),
            (
                Fixture::new(9)
                    .behavior(Behavior { scale_down: rules(PolicyKind::Pods, 1, 60), ..Behavior::default() })
                    .proposing(1),
                ScalingLimited,
                "decreasing faster than",
            ),
            (asleep(37), ScaledToZero, "controller scaled the workload to zero"),
            (asleep(37).bounds(1, 9), ScaledToZero, "did not scale the workload to zero"),
        ] {
            let message = message(&fixture, kind);
            assert!(message.as_deref().is_some_and(|m| m.contains(want)), "{want}: {message:?}");
        }
    }

    #[test]
    fn an_average_is_no_utilization() {
        let average = MetricSpec { target: MetricTarget::average_value(500), ..cpu(1) };
        let fixture = Fixture::new(4).with(average.clone(), values(&[500; 4]));
        let words = message(&fixture, ConditionType::ScalingActive);
        assert!(words.is_some_and(|words| words.ends_with(" from cpu resource")));
        let source = MetricSource::ContainerResource { resource: "cpu".into(), container: "app".into() };
        assert_eq!(metric_name(&MetricSpec { source: source.clone(), ..average }), "cpu container resource");
        let of_requests = MetricSpec { source, ..cpu(50) };
        assert_eq!(metric_name(&of_requests), "cpu container resource utilization (percentage of request)");
    }

    #[test]
    fn what_a_decision_leaves_alone_has_no_message() {
        let mut fixture = Fixture::new(9).bounds(1, 5).proposing(3);
        fixture.conditions.set(ConditionType::ScalingActive, Status::True, "ValidMetricFound");
        fixture.conditions.set(ConditionType::ScalingLimited, Status::True, "TooManyReplicas");
        assert_eq!(message(&fixture, ConditionType::ScalingActive), None);
        assert_eq!(message(&fixture, ConditionType::ScalingLimited), None);
        assert_eq!(message(&fixture, ConditionType::ScaledToZero), None);
    }
}
