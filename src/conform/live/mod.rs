//! Rows measured with real front ends: podloss predicts each from its parameters alone.
//!
//! The rig that measured them is not Kubernetes: its controller acts at once, the oldest pod goes
//! first, probes follow the process, endpoint changes travel one by one. All of that is expressed
//! in the simulator's own parameters.

mod compare;
mod fronts;
mod parameters;

pub use compare::{Comparison, Verdict, compare as compare_row};

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::{Map, Value, json};

use self::parameters::Parameters;
use crate::model::outcome::{Cause, Status};
use crate::sim;

/// The format this module reads.
pub const FORMAT: &str = "podloss-live-rows/1";

/// Seeds per row.
pub const RUNS: u64 = 200;

/// What podloss predicts for one row.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Requests per run.
    pub requests: Vec<f64>,
    /// Lost requests per run by status.
    pub statuses: BTreeMap<String, Vec<f64>>,
    /// Lost requests per run by status and cause.
    pub causes: BTreeMap<(Status, Cause), Vec<f64>>,
}

/// Predicts a row from its `parameters`; `None` if they ask for something that is not modelled.
///
/// # Errors
/// Parameters that are missing or make no sense, in words.
pub fn predict(parameters: &Value) -> Result<Option<Prediction>, String> {
    predict_with(parameters, RUNS)
}

/// As [`predict`], with another number of seeds than [`RUNS`].
///
/// # Errors
/// As [`predict`].
pub fn predict_with(parameters: &Value, seeds: u64) -> Result<Option<Prediction>, String> {
    let parameters: Parameters =
        serde_json::from_value(parameters.clone()).map_err(|error| error.to_string())?;
    let Some(spec) = parameters.to_spec()? else { return Ok(None) };
    let spec = Arc::new(spec);
    let runs: Vec<sim::RunResult> =
        (0..seeds).into_par_iter().map(|run| sim::run(&spec, 1, run, &|| false)).collect();
    let mut prediction =
        Prediction { requests: Vec::new(), statuses: BTreeMap::new(), causes: BTreeMap::new() };
    for (index, run) in runs.iter().enumerate() {
        prediction.requests.push(run.tally.arrived as f64);
        for ((status, cause), tally) in &run.tally.causes {
            let slot = |series: &mut Vec<f64>| {
                series.resize(runs.len(), 0.0);
                series[index] += tally.count as f64;
            };
            slot(prediction.statuses.entry(status_code(*status)).or_default());
            slot(prediction.causes.entry((*status, *cause)).or_default());
        }
    }
    Ok(Some(prediction))
}

/// The HTTP status of a row's records; a client that got no HTTP answer is 0 there.
fn status_code(status: Status) -> String {
    match status {
        Status::Truncated | Status::Closed | Status::Refused | Status::Reset | Status::Timeout => {
            "0".to_owned()
        }
        other => other.as_str().to_owned(),
    }
}

/// The line that `--emit` prints for a row.
pub fn emitted(prediction: &Prediction) -> Value {
    let mut statuses = Map::new();
    for (status, series) in &prediction.statuses {
        statuses.insert(status.clone(), json!({"mean": mean(series), "sd": sd(series)}));
    }
    let lost: Vec<f64> = (0..prediction.requests.len())
        .map(|i| prediction.statuses.values().map(|series| series[i]).sum())
        .collect();
    let ok: Vec<f64> = prediction.requests.iter().zip(&lost).map(|(all, lost)| all - lost).collect();
    statuses.insert("200".to_owned(), json!({"mean": mean(&ok), "sd": sd(&ok)}));
    let mut causes = Map::new();
    for ((status, cause), series) in &prediction.causes {
        causes.insert(format!("{}:{cause}", status_code(*status)), json!({"mean": mean(series)}));
    }
    json!({
        "n_requests": {"mean": mean(&prediction.requests)},
        "counts_per_status": statuses,
        "causes": causes,
    })
}

/// nginx', HAProxy's and Envoy's words for podloss' causes, by front end: the one table that maps them.
pub fn measured_word(cause: Cause, front: &str) -> &'static str {
    // Neither tells a reset from a close, or a server that is down from one that is not there.
    let plain = matches!(front, "haproxy" | "envoy");
    match cause {
        Cause::NotListeningYet | Cause::ListenerClosed | Cause::LivenessRestart | Cause::Unreachable => {
            "connect_refused"
        }
        Cause::KilledInFlight | Cause::ExitedInFlight | Cause::OomKilled | Cause::Crashed => {
            "premature_close"
        }
        Cause::AcceptQueueReset | Cause::KeepaliveRace | Cause::NetworkReset if plain => "premature_close",
        Cause::DeregisteredInFlight if plain => "premature_close",
        Cause::AllMarkedDown if plain => "no_endpoints",
        Cause::AcceptQueueReset
        | Cause::KeepaliveRace
        | Cause::NetworkReset
        | Cause::DeregisteredInFlight => "reset",
        Cause::Blackholed | Cause::NoLocalEndpoints | Cause::AcceptQueueFull | Cause::NodeLost => {
            "connect_timeout"
        }
        Cause::ReadTimeout => "read_timeout",
        Cause::NoEndpoints => "no_endpoints",
        Cause::AllMarkedDown => "no_live_upstreams",
        Cause::AppNotReady | Cause::InPodUpstreamDown | Cause::Overloaded => "backend_503",
        Cause::EgressDown => "backend_500",
        Cause::CircuitOpen => "overflow",
        Cause::ClientGaveUp => "client_gave_up",
    }
}

pub(super) fn mean(series: &[f64]) -> f64 {
    series.iter().sum::<f64>() / series.len().max(1) as f64
}

pub(super) fn sd(series: &[f64]) -> f64 {
    let m = mean(series);
    let squares: f64 = series.iter().map(|x| (x - m) * (x - m)).sum();
    (squares / (series.len().max(2) - 1) as f64).sqrt()
}

#[cfg(test)]
mod tests;
