//! The inputs of the stages as they stand in JSON.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::context::{ConditionIn, HistoryIn, ScaleIn, conditions};
use super::fields::{Count, Request as Milli, Seconds};
use super::metrics::{MetricIn, SampleIn, samples};
use super::pods::{PodIn, plain, pods};
use super::spec::{BehaviorIn, HpaIn, RulesIn};
use super::stages::Stage;
use super::state::{PodTable, State};
use super::{InputError, typed};
use crate::model::hpa::{Behavior, Conditions, Direction, History, HpaSpec, Options, PodTarget, PodView};
use crate::units::SimTime;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DecideIn {
    scale: ScaleIn,
    hpa: HpaIn,
    pods: Option<Vec<PodIn>>,
    history: Option<HistoryIn>,
    conditions: Option<Vec<ConditionIn>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CalculateIn {
    scale: ScaleIn,
    metric: MetricIn,
    pods: Option<Vec<PodIn>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GroupPodsIn {
    resource: String,
    pods: Vec<PodIn>,
    samples: Vec<SampleIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PodRequestsIn {
    resource: String,
    container: Option<String>,
    pods: Vec<PodIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UsageRatioIn {
    samples: Vec<SampleIn>,
    requests_milli: Option<BTreeMap<String, Milli>>,
    target_utilization_percent: Option<Count>,
    target_milli: Option<Milli>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClampIn {
    current_replicas: Count,
    proposal: Count,
    min_replicas: Count,
    max_replicas: Count,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StabilizeLegacyIn {
    proposal: Count,
    history: Option<HistoryIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StabilizeIn {
    current_replicas: Count,
    proposal: Count,
    scale_up_window_seconds: Seconds,
    scale_down_window_seconds: Seconds,
    history: Option<HistoryIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RateLimitIn {
    current_replicas: Count,
    proposal: Count,
    min_replicas: Count,
    max_replicas: Count,
    behavior: Option<BehaviorIn>,
    history: Option<HistoryIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PolicyLimitIn {
    direction: DirectionIn,
    current_replicas: Count,
    rules: Option<RulesIn>,
    history: Option<HistoryIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoreEventIn {
    direction: DirectionIn,
    current_replicas: Count,
    new_replicas: Count,
    behavior: Option<BehaviorIn>,
    period_seconds: Seconds,
    history: Option<HistoryIn>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DirectionIn {
    Up,
    Down,
}

impl From<DirectionIn> for Direction {
    fn from(direction: DirectionIn) -> Direction {
        match direction {
            DirectionIn::Up => Direction::Up,
            DirectionIn::Down => Direction::Down,
        }
    }
}

impl Stage {
    /// Reads the fields that the stage of this name has beside the common ones.
    pub(super) fn read(
        name: &str,
        object: Map<String, Value>,
        now: SimTime,
        options: &Options,
    ) -> Result<Stage, InputError> {
        let value = Value::Object(object);
        let history = |history: Option<HistoryIn>| History::from(history.unwrap_or_default());
        match name {
            "decide" => {
                let input: DecideIn = typed("", value)?;
                let mut table = pods(input.pods.unwrap_or_default())?;
                let (hpa, samples) = input.hpa.read(&mut table, now)?;
                Ok(Stage::Decide(Box::new(State {
                    now,
                    options: options.clone(),
                    hpa,
                    scale: input.scale.into(),
                    pods: table.pods,
                    requests: table.requests,
                    samples,
                    history: history(input.history),
                    conditions: conditions(input.conditions.unwrap_or_default()),
                    names: table.names,
                    remarks: Vec::new(),
                })))
            }
            "calculate" => {
                let input: CalculateIn = typed("", value)?;
                let mut table = pods(input.pods.unwrap_or_default())?;
                let (metric, samples) = input.metric.read("metric", &mut table, now)?;
                let hpa = HpaSpec {
                    min_replicas: 1,
                    max_replicas: i32::MAX,
                    metrics: vec![metric],
                    behavior: None,
                };
                Ok(Stage::Calculate(Box::new(State {
                    now,
                    options: options.clone(),
                    hpa,
                    scale: input.scale.into(),
                    pods: table.pods,
                    requests: table.requests,
                    samples: vec![samples],
                    history: History::default(),
                    conditions: Conditions::default(),
                    names: table.names,
                    remarks: Vec::new(),
                })))
            }
            "group-pods" => {
                let input: GroupPodsIn = typed("", value)?;
                let mut table = pods(input.pods)?;
                let samples = samples(input.samples, "samples", None, &mut table, now)?;
                let cpu = input.resource == "cpu";
                Ok(Stage::GroupPods { cpu, pods: table.pods, names: table.names, samples })
            }
            "pod-requests" => {
                let input: PodRequestsIn = typed("", value)?;
                let table = pods(input.pods)?;
                let requests = |pod: &PodView| table.requests[pod.requests as usize].clone();
                let all = table.names.iter().cloned().zip(table.pods.iter().map(requests)).collect();
                let container = input.container.filter(|name| !name.is_empty());
                Ok(Stage::PodRequests { resource: input.resource, container, pods: all })
            }
            "usage-ratio" => read_ratio(typed("", value)?, now),
            "clamp-legacy" => {
                let input: ClampIn = typed("", value)?;
                Ok(Stage::ClampLegacy {
                    current: input.current_replicas.0,
                    proposal: input.proposal.0,
                    bounds: (input.min_replicas.0, input.max_replicas.0),
                })
            }
            "stabilize-legacy" => {
                let input: StabilizeLegacyIn = typed("", value)?;
                Ok(Stage::StabilizeLegacy { proposal: input.proposal.0, history: history(input.history) })
            }
            "stabilize" => {
                let input: StabilizeIn = typed("", value)?;
                Ok(Stage::Stabilize {
                    current: input.current_replicas.0,
                    proposal: input.proposal.0,
                    windows: (input.scale_up_window_seconds.0, input.scale_down_window_seconds.0),
                    history: history(input.history),
                })
            }
            "rate-limit" => {
                let input: RateLimitIn = typed("", value)?;
                Ok(Stage::RateLimit {
                    current: input.current_replicas.0,
                    proposal: input.proposal.0,
                    bounds: (input.min_replicas.0, input.max_replicas.0),
                    behavior: input.behavior.unwrap_or_default().into(),
                    history: history(input.history),
                })
            }
            "policy-limit" => {
                let input: PolicyLimitIn = typed("", value)?;
                let direction = input.direction.into();
                Ok(Stage::PolicyLimit {
                    direction,
                    current: input.current_replicas.0,
                    rules: input.rules.unwrap_or_default().read(direction),
                    history: history(input.history),
                })
            }
            "store-event" => {
                let input: StoreEventIn = typed("", value)?;
                Ok(Stage::StoreEvent {
                    direction: input.direction.into(),
                    current: input.current_replicas.0,
                    new: input.new_replicas.0,
                    behavior: input.behavior.map(Behavior::from),
                    period: input.period_seconds.0,
                    history: history(input.history),
                })
            }
            _ => Err(InputError::at(
                "stage",
                format!("`{name}` is no stage: write one of {}", STAGES.join(", ")),
            )),
        }
    }
}

const STAGES: [&str; 11] = [
    "decide",
    "calculate",
    "group-pods",
    "pod-requests",
    "usage-ratio",
    "clamp-legacy",
    "stabilize-legacy",
    "stabilize",
    "rate-limit",
    "policy-limit",
    "store-event",
];

fn read_ratio(input: UsageRatioIn, now: SimTime) -> Result<Stage, InputError> {
    let target = match (input.target_utilization_percent, input.target_milli) {
        (Some(Count(percent)), None) => PodTarget::Utilization(percent),
        (None, Some(Milli(milli))) => PodTarget::Average(milli),
        _ => {
            let problem = "needs either `targetUtilizationPercent` with `requestsMilli`, or `targetMilli`";
            return Err(InputError::at("", problem));
        }
    };
    let requests = plain(input.requests_milli);
    let mut table = PodTable::default();
    let samples = samples(input.samples, "samples", None, &mut table, now)?;
    let values =
        samples.iter().map(|s| (s.value, requests.get(&table.names[s.pod as usize]).copied())).collect();
    Ok(Stage::UsageRatio { target, values })
}
