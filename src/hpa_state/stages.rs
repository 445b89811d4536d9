//! The stages of the pipeline that can be run on their own.

use serde_json::{Map, Value, json};

use super::context::OptionsIn;
use super::fields::Instant;
use super::kubectl::from_kubectl;
use super::output::{decision_json, evaluation_json, reading_json};
use super::state::State;
use super::{InputError, take};
use crate::model::hpa::{
    Behavior, Direction, History, MetricError, Options, PodGroup, PodRequests, PodSample, PodTarget, PodView,
    ScalingRules, Tally, change_in_period, clamp_legacy, classify, decide, evaluate, policy_limit,
    rate_limit, stabilization_reason, stabilize, stabilize_legacy, usage_ratio,
};
use crate::units::{Nanos, SimTime};

/// One input, read and checked.
#[derive(Clone, Debug)]
pub struct Request {
    now: SimTime,
    options: Options,
    stage: Stage,
}

/// What to compute.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    Decide(Box<State>),
    Calculate(Box<State>),
    GroupPods {
        cpu: bool,
        pods: Vec<PodView>,
        names: Vec<String>,
        samples: Vec<PodSample>,
    },
    PodRequests {
        resource: String,
        container: Option<String>,
        pods: Vec<(String, PodRequests)>,
    },
    UsageRatio {
        target: PodTarget,
        values: Vec<(Option<i64>, Option<i64>)>,
    },
    ClampLegacy {
        current: i32,
        proposal: i32,
        bounds: (i32, i32),
    },
    StabilizeLegacy {
        proposal: i32,
        history: History,
    },
    Stabilize {
        current: i32,
        proposal: i32,
        windows: (Nanos, Nanos),
        history: History,
    },
    RateLimit {
        current: i32,
        proposal: i32,
        bounds: (i32, i32),
        behavior: Behavior,
        history: History,
    },
    PolicyLimit {
        direction: Direction,
        current: i32,
        rules: ScalingRules,
        history: History,
    },
    StoreEvent {
        direction: Direction,
        current: i32,
        new: i32,
        behavior: Option<Behavior>,
        period: Nanos,
        history: History,
    },
}

impl Request {
    /// Reads the text of one input.
    ///
    /// # Errors
    /// An [`InputError`] naming the line for text that is no JSON, else the field.
    pub fn parse(text: &str) -> Result<Request, InputError> {
        let value = serde_json::from_str(text).map_err(|error| InputError::at("", error.to_string()))?;
        Request::from_value(value)
    }

    /// Reads one input.
    ///
    /// # Errors
    /// An [`InputError`] naming the field.
    pub fn from_value(value: Value) -> Result<Request, InputError> {
        let Value::Object(mut object) = value else {
            return Err(InputError::at("", "the input must be one JSON object"));
        };
        for remark in ["name", "note"] {
            object.remove(remark);
        }
        let stage: Option<String> = take(&mut object, "stage")?;
        let now = take(&mut object, "now")?.map_or(SimTime(0), |Instant(now)| now);
        let options = take::<OptionsIn>(&mut object, "options")?.unwrap_or_default().read()?;
        let stage = Stage::read(stage.as_deref().unwrap_or("decide"), object, now, &options)?;
        Ok(Request { now, options, stage })
    }

    /// Reads what the user gave: either one input of this interface, or any number of objects and
    /// lists as `kubectl get -o json` prints them (see [`from_kubectl`]). Which version of Kubernetes
    /// (1.`minor`) they come from, they do not say; an input of this interface does.
    ///
    /// # Errors
    /// An [`InputError`] naming the field.
    pub fn from_values(
        mut values: Vec<Value>,
        hpa_name: Option<&str>,
        now: Option<SimTime>,
        minor: Option<u32>,
    ) -> Result<Request, InputError> {
        if values.iter().any(|value| value.get("kind").is_some()) {
            let mut state = from_kubectl(&values, hpa_name, now)?;
            if let Some(minor) = minor {
                state.options = Options::for_kubernetes(minor);
            }
            return Ok(Request::from(state));
        }
        if minor.is_some() || hpa_name.is_some() {
            let problem = "--hpa and --kubernetes are for what kubectl prints: this input has \
                           `options.kubernetes` and one autoscaler";
            return Err(InputError::at("", problem));
        }
        match (values.pop(), values.is_empty()) {
            (Some(value), true) => Request::from_value(value),
            _ => Err(InputError::at("", "needs exactly one input, or objects that kubectl prints")),
        }
    }

    /// The state to decide on, if this is a whole reconcile.
    pub fn state(&self) -> Option<&State> {
        match &self.stage {
            Stage::Decide(state) => Some(state),
            _ => None,
        }
    }

    /// Computes the stage; a failed metric is data, not an error.
    pub fn run(&self) -> Value {
        let (now, options) = (self.now, &self.options);
        match &self.stage {
            Stage::Decide(state) => decision_json(state, &decide(&state.input())),
            Stage::Calculate(state) => evaluation_json(state, 0, &evaluate(&state.input(), 0)),
            Stage::GroupPods { cpu, pods, names, samples } => {
                group_pods(*cpu, pods, names, samples, now, options)
            }
            Stage::PodRequests { resource, container, pods } => {
                let pod_level = options.pod_level_resources;
                let of = |requests: &PodRequests| requests.of(resource, container.as_deref(), pod_level);
                let all: Result<Map<String, Value>, MetricError> =
                    pods.iter().map(|(name, requests)| Ok((name.clone(), of(requests)?.into()))).collect();
                all.map_or_else(error_json, |all| json!({ "requestsMilli": all }))
            }
            Stage::UsageRatio { target, values } => ratio(*target, values),
            Stage::ClampLegacy { current, proposal, bounds } => {
                let limited = clamp_legacy(*current, *proposal, *bounds, options);
                json!({ "desiredReplicas": limited.replicas, "reason": limited.reason.as_str() })
            }
            Stage::StabilizeLegacy { proposal, history } => {
                let mut history = history.clone();
                let window = options.downscale_stabilization;
                let stabilized = stabilize_legacy(*proposal, &mut history, window, now);
                json!({ "stabilized": stabilized, "recommendationsAfter": sizes(&history) })
            }
            Stage::Stabilize { current, proposal, windows, history } => {
                let mut history = history.clone();
                let stabilized = stabilize(*current, *proposal, *windows, &mut history, now);
                json!({
                    "stabilized": stabilized,
                    "reason": stabilization_reason(*current, *proposal, stabilized),
                    "recommendationsAfter": sizes(&history),
                })
            }
            Stage::RateLimit { current, proposal, bounds, behavior, history } => {
                let limited = rate_limit(*current, *proposal, *bounds, behavior, history, now);
                json!({ "desiredReplicas": limited.replicas, "reason": limited.reason.as_str() })
            }
            Stage::PolicyLimit { direction, current, rules, history } => {
                json!({ "limit": policy_limit(*direction, *current, rules, history, now).replicas })
            }
            Stage::StoreEvent { direction, current, new, behavior, period, history } => {
                let change = change_in_period(history.events(*direction), *period, now);
                let mut history = history.clone();
                history.store_step(behavior.as_ref(), *current, *new, now);
                let after: Vec<Value> = history
                    .events(*direction)
                    .iter()
                    .map(|event| json!({ "change": event.change, "outdated": event.outdated }))
                    .collect();
                json!({ "changeInPeriod": change, "eventsAfter": after })
            }
        }
    }
}

impl From<State> for Request {
    /// A whole reconcile.
    fn from(state: State) -> Request {
        Request { now: state.now, options: state.options.clone(), stage: Stage::Decide(Box::new(state)) }
    }
}

fn sizes(history: &History) -> Vec<i32> {
    history.recommendations.iter().flatten().map(|r| r.replicas).collect()
}

fn error_json(error: MetricError) -> Value {
    json!({ "error": error.as_str() })
}

fn group_pods(
    cpu: bool,
    pods: &[PodView],
    names: &[String],
    samples: &[PodSample],
    now: SimTime,
    options: &Options,
) -> Value {
    let mut by_pod = vec![None; names.len()];
    for sample in samples.iter().filter(|sample| sample.value.is_some()) {
        by_pod[sample.pod as usize] = Some(sample);
    }
    let classes = pods.iter().zip(by_pod).map(|(pod, sample)| classify(pod, sample, cpu, now, options));
    let groups: Vec<PodGroup> = classes.map(|class| class.group()).collect();
    let of = |group: PodGroup| {
        let mut members: Vec<&str> =
            groups.iter().zip(names).filter(|(g, _)| **g == group).map(|(_, name)| name.as_str()).collect();
        members.sort_unstable();
        members
    };
    json!({
        "readyCount": of(PodGroup::Ready).len(),
        "unready": of(PodGroup::Unready),
        "missing": of(PodGroup::Missing),
        "ignored": of(PodGroup::Ignored),
    })
}

/// The first ratio over pairs of a value and a request.
fn ratio(target: PodTarget, values: &[(Option<i64>, Option<i64>)]) -> Value {
    let mut tally = Tally::default();
    for (value, request) in values {
        let Some(value) = value else { continue };
        let request = match (target, request) {
            (PodTarget::Utilization(_), None) => continue,
            (_, request) => request.unwrap_or(0),
        };
        tally.valued += 1;
        tally.value += i128::from(*value);
        tally.requested += i128::from(request);
    }
    let usable = match target {
        PodTarget::Utilization(percent) => percent > 0,
        PodTarget::Average(milli) => milli > 0,
    };
    match usage_ratio(target, &tally) {
        _ if !usable => error_json(MetricError::InvalidTarget),
        _ if values.is_empty() => error_json(MetricError::NoMetrics),
        None => error_json(MetricError::NoMatchingMetrics),
        Some((ratio, reading)) => {
            let mut output = reading_json(reading);
            output.insert("ratio".to_owned(), ratio.into());
            output.into()
        }
    }
}
