//! Numbers of a result by name: one value per run.

use super::margins::{self, slack_of};
use super::summary::RunSummary;
use crate::model::outcome::{Cause, Method, Status};

/// Something that expectations, comparisons and goals can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Requests that arrived.
    Total,
    /// Answered requests.
    Ok,
    /// Lost requests.
    Lost,
    /// Lost requests of one status.
    LostStatus(Status),
    /// Lost requests of one method class.
    LostMethod(Method),
    /// Lost requests of one cause.
    CauseCount(Cause),
    /// Lost requests by requests that arrived.
    LostShare,
    /// Runs that lost anything: 0 or 1 in each.
    RolloutsWithLoss,
    /// Requests that more than one pod began to execute.
    SentTwice,
    /// Executed to the end and answered with a 5xx.
    ExecutedBut5xx,
    /// Requests cut off inside the body.
    Truncated,
    /// Answered requests per second of load.
    Rps,
    /// Mean latency of ok answers.
    LatencyMean,
    /// A quantile of the latency of ok answers, by its place in
    /// [`RunSummary::latency_quantiles_ns`].
    Latency(usize),
    /// Lifetimes of all pods.
    PodSeconds,
    /// The same in hours, as a plain number.
    PodHours,
    /// Smallest `spec.replicas`.
    ReplicasMin,
    /// Largest `spec.replicas`.
    ReplicasMax,
    /// Last `spec.replicas`.
    ReplicasFinal,
    /// The most pods at once, terminating ones included.
    PodsMax,
    /// The longest rollout.
    RolloutTime,
    /// What is left over of a margin, by its place in the list of margins.
    Margin(usize),
}

/// What kind of number a metric is, and so how bounds are written and runs are weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Events, 0 or more; none seen does not mean that none can happen.
    Count,
    /// A plain number.
    Number,
    /// A time, in seconds; bounds need a unit.
    Seconds,
    /// 0 to 1; bounds may be in percent.
    Share,
    /// One yes or no per run; bounds are a number of runs or percent.
    Runs,
}

/// A name that is no metric.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown metric `{name}`{}", hint(suggestion))]
pub struct MetricError {
    /// What was asked for.
    pub name: String,
    /// The nearest name there is.
    pub suggestion: Option<String>,
}

fn hint(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map_or_else(String::new, |near| format!(": did you mean `{near}`?"))
}

/// What metrics need besides the line of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Context {
    /// Length of the load in seconds.
    pub load_s: f64,
    /// Server keep-alive and front-end idle timeout in seconds.
    pub keepalive_s: Option<(f64, f64)>,
}

const PLAIN: [(&str, Metric); 23] = [
    ("total", Metric::Total),
    ("ok", Metric::Ok),
    ("lost", Metric::Lost),
    ("lost.GET", Metric::LostMethod(Method::Get)),
    ("lost.POST", Metric::LostMethod(Method::Post)),
    ("lost_share", Metric::LostShare),
    ("rollouts_with_loss", Metric::RolloutsWithLoss),
    ("sent_twice", Metric::SentTwice),
    ("executed_but_5xx", Metric::ExecutedBut5xx),
    ("truncated", Metric::Truncated),
    ("rps", Metric::Rps),
    ("latency.mean", Metric::LatencyMean),
    ("p50", Metric::Latency(0)),
    ("p90", Metric::Latency(1)),
    ("p99", Metric::Latency(2)),
    ("p999", Metric::Latency(3)),
    ("latency.max", Metric::Latency(4)),
    ("pod_seconds", Metric::PodSeconds),
    ("pod_hours", Metric::PodHours),
    ("replicas.min", Metric::ReplicasMin),
    ("replicas.max", Metric::ReplicasMax),
    ("replicas.final", Metric::ReplicasFinal),
    ("pods.max", Metric::PodsMax),
];

impl Metric {
    /// Every name with what it means, in the order of documents.
    pub fn all() -> Vec<(String, Metric)> {
        let plain = PLAIN.iter().map(|(name, metric)| ((*name).to_owned(), *metric));
        let statuses = Status::ALL.iter().filter(|s| **s != Status::Ok);
        let causes = Cause::ALL.iter();
        let margins = margins::NAMES.iter().enumerate();
        plain
            .chain([("rollout_time".to_owned(), Metric::RolloutTime)])
            .chain(statuses.map(|s| (format!("lost.{s}"), Metric::LostStatus(*s))))
            .chain(causes.map(|c| (format!("cause.{c}"), Metric::CauseCount(*c))))
            .chain(margins.map(|(index, name)| (format!("margin.{name}"), Metric::Margin(index))))
            .collect()
    }

    /// Finds a metric by name.
    ///
    /// # Errors
    /// A [`MetricError`] with the nearest name.
    pub fn parse(name: &str) -> Result<Metric, MetricError> {
        let name = name.trim();
        let all = Metric::all();
        if let Some((_, metric)) = all.iter().find(|(known, _)| known == name) {
            return Ok(*metric);
        }
        let near = all.iter().map(|(known, _)| (distance(name, known), known)).min_by_key(|(d, _)| *d);
        let suggestion = near.filter(|(d, _)| *d <= name.len() / 2).map(|(_, known)| known.clone());
        Err(MetricError { name: name.to_owned(), suggestion })
    }

    /// What kind of number it is.
    pub fn quantity(self) -> Quantity {
        match self {
            Metric::Lost
            | Metric::LostStatus(_)
            | Metric::LostMethod(_)
            | Metric::CauseCount(_)
            | Metric::SentTwice
            | Metric::ExecutedBut5xx
            | Metric::Truncated => Quantity::Count,
            Metric::LostShare => Quantity::Share,
            Metric::RolloutsWithLoss => Quantity::Runs,
            Metric::LatencyMean | Metric::Latency(_) | Metric::PodSeconds | Metric::RolloutTime => {
                Quantity::Seconds
            }
            Metric::Margin(index) if !matches!(margins::NAMES[index], "cpu" | "capacity") => {
                Quantity::Seconds
            }
            Metric::Margin(_)
            | Metric::Total
            | Metric::Ok
            | Metric::Rps
            | Metric::PodHours
            | Metric::ReplicasMin
            | Metric::ReplicasMax
            | Metric::ReplicasFinal
            | Metric::PodsMax => Quantity::Number,
        }
    }

    /// The value in one run: seconds for times, 0 to 1 for shares; `None` where the run has none
    /// (no rollout, no answer, no such margin).
    pub fn value(self, run: &RunSummary, context: &Context) -> Option<f64> {
        let count = |n: u64| Some(n as f64);
        let status = |status: Status| count(run.statuses.get(&status).copied().unwrap_or(0));
        match self {
            Metric::Total => count(run.total),
            Metric::Ok => count(run.ok),
            Metric::Lost => count(run.lost),
            Metric::LostStatus(wanted) => status(wanted),
            Metric::LostMethod(method) => count(run.lost_of(method)),
            Metric::CauseCount(cause) => count(run.lost_by(cause)),
            Metric::LostShare => (run.total > 0).then(|| run.lost as f64 / run.total as f64),
            Metric::RolloutsWithLoss => count(u64::from(run.lost > 0)),
            Metric::SentTwice => count(run.sent_twice),
            Metric::ExecutedBut5xx => count(run.executed_but_5xx),
            Metric::Truncated => status(Status::Truncated),
            Metric::Rps => (context.load_s > 0.0).then(|| run.ok as f64 / context.load_s),
            Metric::LatencyMean => (run.ok > 0).then(|| run.latency_ok_ns as f64 / run.ok as f64 / 1e9),
            Metric::Latency(index) => run.latency_quantiles_ns.map(|quantiles| quantiles[index] as f64 / 1e9),
            Metric::PodSeconds => Some(run.pod_ns as f64 / 1e9),
            Metric::PodHours => Some(run.pod_ns as f64 / 3.6e12),
            Metric::ReplicasMin => Some(run.replicas_min.into()),
            Metric::ReplicasMax => Some(run.replicas_max.into()),
            Metric::ReplicasFinal => Some(run.replicas_final.into()),
            Metric::PodsMax => Some(run.max_pods.into()),
            Metric::RolloutTime => run.rollout_ns.map(|ns| ns as f64 / 1e9),
            Metric::Margin(index) => slack_of(context.keepalive_s, &run.facts, margins::NAMES[index]),
        }
    }
}

/// Edit distance: insertions, deletions and replacements of one character.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_found_by_its_name_and_typos_are_answered() {
        let all = Metric::all();
        for (name, metric) in &all {
            assert_eq!(Metric::parse(name), Ok(*metric), "{name}");
        }
        for (typo, near) in [
            ("lsot", Some("lost")),
            ("lost.5022", Some("lost.502")),
            ("cause.killed_inflight", Some("cause.killed_in_flight")),
            ("margin.remval", Some("margin.removal")),
            ("rollout_with_loss", Some("rollouts_with_loss")),
            ("xyz", None),
        ] {
            let error = Metric::parse(typo).expect_err(typo);
            assert_eq!(error.suggestion.as_deref(), near, "{typo}");
        }
    }
}
