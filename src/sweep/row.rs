//! What is kept of a point.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::stats::{Interval, Summary, clopper_pearson, printed};
use crate::study::{Context, Metric, Quantity, RunSummary};

/// One point of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its place in the plan, counted from 0.
    pub point: u64,
    /// Hash of its case, seed and number of runs.
    pub id: String,
    /// Values of the axes, in their order.
    pub knobs: Vec<(String, String)>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was simulated.
    Ran(Box<Figures>),
    /// There is no such configuration: the API server or podloss would refuse it, and why.
    Refused(String),
}

/// The figures of a point over its runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Runs.
    pub runs: u32,
    /// Requests that arrived, in all runs together.
    pub total: u64,
    /// Of these, how many were lost.
    pub lost: u64,
    /// Runs that lost anything.
    pub with_loss: u32,
    /// Runs with a rollout that did not end.
    pub unfinished: u32,
    /// The status and cause that most losses had, such as `502 listener_closed`.
    pub main_cause: Option<String>,
    /// Per run, by metric; a metric that no run has a value of is left out.
    pub metrics: BTreeMap<String, Measured>,
}

/// The mean of one number per run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Mean; the share of runs for `rollouts_with_loss`.
    pub mean: f64,
    /// Its 95 % interval; `None` for one run.
    pub ci95: Option<Interval>,
}

impl Figures {
    pub(super) fn of(runs: &[RunSummary], metrics: &[(String, Metric)], context: &Context) -> Figures {
        let sum = |of: fn(&RunSummary) -> u64| runs.iter().map(of).sum();
        let count = |of: fn(&RunSummary) -> bool| runs.iter().filter(|run| of(run)).count() as u32;
        let mut causes: BTreeMap<_, u64> = BTreeMap::new();
        for cause in runs.iter().flat_map(|run| &run.causes) {
            *causes.entry((cause.status, cause.cause)).or_default() += cause.count;
        }
        // Of equals the first in the order of the lists.
        let main = causes.iter().rev().max_by_key(|(_, count)| **count);
        let measure = |(name, metric): &(String, Metric)| {
            let values: Vec<f64> = runs.iter().filter_map(|run| metric.value(run, context)).collect();
            Some((name.clone(), measured(&values, metric.quantity())?))
        };
        Figures {
            runs: runs.len() as u32,
            total: sum(|run| run.total),
            lost: sum(|run| run.lost),
            with_loss: count(|run| run.lost > 0),
            unfinished: count(RunSummary::is_unfinished),
            main_cause: main.map(|((status, cause), _)| format!("{status} {cause}")),
            metrics: metrics.iter().filter_map(measure).collect(),
        }
    }
}

fn measured(values: &[f64], quantity: Quantity) -> Option<Measured> {
    let summary = Summary::of(values)?;
    let ci95 = match quantity {
        Quantity::Runs => {
            let hits = values.iter().filter(|value| **value > 0.0).count() as u32;
            Some(clopper_pearson(hits, values.len() as u32))
        }
        // A mean of counts is not below zero, whatever a wide interval says.
        Quantity::Count | Quantity::Share => {
            summary.ci95.map(|interval| Interval { lo: interval.lo.max(0.0), ..interval })
        }
        Quantity::Number | Quantity::Seconds => summary.ci95,
    };
    let short = |interval: Interval| Some(Interval { lo: printed(interval.lo)?, hi: printed(interval.hi)? });
    Some(Measured { mean: printed(summary.mean)?, ci95: ci95.and_then(short) })
}

impl Row {
    /// The figures, if it was simulated.
    pub fn figures(&self) -> Option<&Figures> {
        match &self.outcome {
            Outcome::Ran(figures) => Some(figures),
            Outcome::Refused(_) => None,
        }
    }

    /// A metric's mean and interval.
    pub fn measured(&self, metric: &str) -> Option<Measured> {
        self.figures()?.metrics.get(metric).copied()
    }

    /// `preStop=20s grace=60`.
    pub fn settings(&self) -> String {
        let pairs: Vec<String> = self.knobs.iter().map(|(knob, value)| format!("{knob}={value}")).collect();
        pairs.join(" ")
    }
}
