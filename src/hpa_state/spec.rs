//! The autoscaler's spec as it stands in JSON.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::InputError;
use super::fields::{Count, Seconds, Tolerance};
use super::metrics::MetricIn;
use super::state::PodTable;
use crate::model::hpa::{
    Behavior, Direction, HpaSpec, MetricSource, MetricSpec, MetricTarget, PolicyKind, Samples, ScalingPolicy,
    ScalingRules, SelectPolicy,
};
use crate::units::SimTime;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct HpaIn {
    min_replicas: Option<Count>,
    max_replicas: Count,
    metrics: Option<Vec<MetricIn>>,
    behavior: Option<BehaviorIn>,
    #[serde(rename = "name")]
    _name: Option<IgnoredAny>,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

impl HpaIn {
    /// The spec with the API server's defaults, and the answers of the metrics APIs.
    pub(super) fn read(
        self,
        table: &mut PodTable,
        now: SimTime,
    ) -> Result<(HpaSpec, Vec<Samples>), InputError> {
        let min = self.min_replicas.map_or(1, |Count(min)| min);
        let Count(max) = self.max_replicas;
        check_bounds("hpa", (min, max))?;
        let mut metrics = Vec::new();
        let mut samples = Vec::new();
        for (index, metric) in self.metrics.into_iter().flatten().enumerate() {
            let (spec, answer) = metric.read(&format!("hpa.metrics[{index}]"), table, now)?;
            metrics.push(spec);
            samples.push(answer);
        }
        if metrics.is_empty() {
            metrics.push(default_metric());
            samples.push(Samples::Pods(Vec::new()));
        }
        let behavior = self.behavior.map(Behavior::from);
        check_policies("hpa.behavior", behavior.as_ref())?;
        Ok((HpaSpec { min_replicas: min, max_replicas: max, metrics, behavior }, samples))
    }
}

/// What the API server would refuse.
pub(super) fn check_bounds(path: &str, (min, max): (i32, i32)) -> Result<(), InputError> {
    if max == 0 {
        return Err(InputError::at(format!("{path}.maxReplicas"), "must be 1 or more"));
    }
    if min > max {
        let problem = format!("{min} is more than maxReplicas, {max}: lower it or raise maxReplicas");
        return Err(InputError::at(format!("{path}.minReplicas"), problem));
    }
    Ok(())
}

/// What the API server would refuse, too.
pub(super) fn check_policies(path: &str, behavior: Option<&Behavior>) -> Result<(), InputError> {
    let Some(behavior) = behavior else { return Ok(()) };
    for (name, rules) in [("scaleUp", &behavior.scale_up), ("scaleDown", &behavior.scale_down)] {
        if rules.policies.is_empty() {
            let problem = "is empty: write at least one policy, or leave it out for the defaults";
            return Err(InputError::at(format!("{path}.{name}.policies"), problem));
        }
    }
    Ok(())
}

/// What the API server fills in where a spec has no metrics: 80 % of the CPU requests.
/// Source: kubernetes pkg/apis/autoscaling/v2/defaults.go.
pub(super) fn default_metric() -> MetricSpec {
    MetricSpec {
        source: MetricSource::Resource { resource: "cpu".to_owned() },
        target: MetricTarget::utilization(80),
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BehaviorIn {
    scale_up: Option<RulesIn>,
    scale_down: Option<RulesIn>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RulesIn {
    stabilization_window_seconds: Option<Seconds>,
    select_policy: Option<SelectPolicyIn>,
    policies: Option<Vec<PolicyIn>>,
    tolerance: Option<Tolerance>,
}

#[derive(Clone, Copy, Deserialize)]
enum SelectPolicyIn {
    Max,
    Min,
    Disabled,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PolicyIn {
    r#type: PolicyKindIn,
    value: Count,
    period_seconds: Seconds,
}

#[derive(Clone, Copy, Deserialize)]
enum PolicyKindIn {
    Pods,
    Percent,
}

impl From<BehaviorIn> for Behavior {
    fn from(behavior: BehaviorIn) -> Behavior {
        Behavior {
            scale_up: behavior.scale_up.unwrap_or_default().read(Direction::Up),
            scale_down: behavior.scale_down.unwrap_or_default().read(Direction::Down),
        }
    }
}

impl RulesIn {
    /// With the API server's defaults in the place of absent fields.
    pub(super) fn read(self, direction: Direction) -> ScalingRules {
        let defaults = ScalingRules::default_for(direction);
        let policy = |policy: PolicyIn| ScalingPolicy {
            kind: match policy.r#type {
                PolicyKindIn::Pods => PolicyKind::Pods,
                PolicyKindIn::Percent => PolicyKind::Percent,
            },
            value: policy.value.0,
            period: policy.period_seconds.0,
        };
        ScalingRules {
            stabilization_window: self.stabilization_window_seconds.map(|Seconds(window)| window),
            select_policy: self.select_policy.map_or(defaults.select_policy, |select| match select {
                SelectPolicyIn::Max => SelectPolicy::Max,
                SelectPolicyIn::Min => SelectPolicy::Min,
                SelectPolicyIn::Disabled => SelectPolicy::Disabled,
            }),
            policies: match self.policies {
                Some(policies) => policies.into_iter().map(policy).collect(),
                None => defaults.policies,
            },
            tolerance: self.tolerance.map(|Tolerance(tolerance)| tolerance),
        }
    }
}
