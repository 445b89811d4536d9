//! What surrounds the spec, as it stands in JSON: sizes, history, conditions, options.

use serde::Deserialize;

use super::InputError;
use super::fields::{Count, Instant, Seconds, Share};
use super::pods::StatusIn;
use crate::model::hpa::{
    ConditionType, Conditions, History, Options, Recommendation, Scale, ScaleEvent, ScaleToZero,
};
use crate::units::Nanos;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ScaleIn {
    spec_replicas: Count,
    status_replicas: Option<Count>,
}

impl From<ScaleIn> for Scale {
    fn from(scale: ScaleIn) -> Scale {
        let Count(spec_replicas) = scale.spec_replicas;
        Scale { spec_replicas, status_replicas: scale.status_replicas.map_or(spec_replicas, |Count(n)| n) }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct HistoryIn {
    recommendations: Option<Vec<RecommendationIn>>,
    scale_up_events: Option<Vec<EventIn>>,
    scale_down_events: Option<Vec<EventIn>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RecommendationIn {
    replicas: Count,
    time: Instant,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EventIn {
    change: Count,
    time: Instant,
    outdated: Option<bool>,
}

impl From<HistoryIn> for History {
    fn from(history: HistoryIn) -> History {
        let events = |events: Option<Vec<EventIn>>| {
            let event = |event: EventIn| ScaleEvent {
                change: event.change.0,
                time: event.time.0,
                outdated: event.outdated.unwrap_or(false),
            };
            events.into_iter().flatten().map(event).collect()
        };
        let recommendation = |r: RecommendationIn| Recommendation { replicas: r.replicas.0, time: r.time.0 };
        History {
            recommendations: history
                .recommendations
                .map(|list| list.into_iter().map(recommendation).collect()),
            scale_up_events: events(history.scale_up_events),
            scale_down_events: events(history.scale_down_events),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ConditionIn {
    r#type: ConditionTypeIn,
    status: StatusIn,
    reason: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
enum ConditionTypeIn {
    AbleToScale,
    ScalingActive,
    ScalingLimited,
    ScaledToZero,
}

/// Reads conditions; of several of one type the last holds.
pub(super) fn conditions(list: Vec<ConditionIn>) -> Conditions {
    let mut conditions = Conditions::default();
    for condition in list {
        let kind = match condition.r#type {
            ConditionTypeIn::AbleToScale => ConditionType::AbleToScale,
            ConditionTypeIn::ScalingActive => ConditionType::ScalingActive,
            ConditionTypeIn::ScalingLimited => ConditionType::ScalingLimited,
            ConditionTypeIn::ScaledToZero => ConditionType::ScaledToZero,
        };
        conditions.set(kind, condition.status.into(), condition.reason.unwrap_or_default());
    }
    conditions
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OptionsIn {
    kubernetes: Option<String>,
    tolerance_up: Option<Share>,
    tolerance_down: Option<Share>,
    cpu_initialization_period_seconds: Option<Seconds>,
    initial_readiness_delay_seconds: Option<Seconds>,
    downscale_stabilization_seconds: Option<Seconds>,
    scale_up_limit_factor: Option<Share>,
    scale_up_limit_minimum: Option<Share>,
    configurable_tolerance: Option<bool>,
    pod_level_resources: Option<bool>,
    scale_to_zero: Option<ScaleToZeroIn>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ScaleToZeroIn {
    Legacy,
    Off,
    On,
}

/// The release whose rules hold where the input does not name one.
const INTERFACE_MINOR: u32 = 37;

impl OptionsIn {
    pub(super) fn read(self) -> Result<Options, InputError> {
        let minor = match &self.kubernetes {
            None => INTERFACE_MINOR,
            Some(version) => minor_of(version).ok_or_else(|| {
                InputError::at(
                    "options.kubernetes",
                    format!("`{version}` is no version: write it as \"1.35\""),
                )
            })?,
        };
        let mut options = Options::for_kubernetes(minor);
        let set = |field: &mut f64, given: Option<Share>| {
            if let Some(Share(value)) = given {
                *field = value;
            }
        };
        set(&mut options.tolerances.up, self.tolerance_up);
        set(&mut options.tolerances.down, self.tolerance_down);
        set(&mut options.scale_up_limit_factor, self.scale_up_limit_factor);
        set(&mut options.scale_up_limit_minimum, self.scale_up_limit_minimum);
        let set = |field: &mut Nanos, given: Option<Seconds>| {
            if let Some(Seconds(value)) = given {
                *field = value;
            }
        };
        set(&mut options.cpu_initialization_period, self.cpu_initialization_period_seconds);
        set(&mut options.initial_readiness_delay, self.initial_readiness_delay_seconds);
        set(&mut options.downscale_stabilization, self.downscale_stabilization_seconds);
        let set = |field: &mut bool, given: Option<bool>| *field = given.unwrap_or(*field);
        set(&mut options.configurable_tolerance, self.configurable_tolerance);
        set(&mut options.pod_level_resources, self.pod_level_resources);
        if let Some(mode) = self.scale_to_zero {
            options.scale_to_zero = match mode {
                ScaleToZeroIn::Legacy => ScaleToZero::Legacy,
                ScaleToZeroIn::Off => ScaleToZero::Off,
                ScaleToZeroIn::On => ScaleToZero::On,
            };
        }
        Ok(options)
    }
}

/// The minor version in `1.35` or `v1.35.2`.
fn minor_of(version: &str) -> Option<u32> {
    let rest = version.strip_prefix('v').unwrap_or(version).strip_prefix("1.")?;
    rest.split('.').next()?.parse().ok()
}
