//! What is asked of a setting, and what it means that it fails.

use crate::config::case::{Case, Expectation};
use crate::model::outcome::Cause;
use crate::study::{Comparison, Context, Mechanism, Metric, Quantity, RunSummary, parse_comparison};

/// Something that must hold in every trial, wherever the unknowns are.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// As written.
    pub text: String,
    metric: Metric,
    comparison: Comparison,
}

/// Why a setting does not hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// A goal, by its place in the list, and what was seen of its metric.
    Goal(usize, f64),
    /// A rollout did not end, however long the load lasted.
    Unfinished,
    /// A fault costs more than with the present setting.
    Worse,
    /// Kubernetes would refuse it, or cut it short.
    Impossible {
        /// Why.
        why: String,
        /// The knobs that may mend it.
        helps: &'static [&'static str],
    },
}

/// Where and how a setting fails.
#[derive(Clone, Debug, PartialEq)]
pub struct Shortfall {
    /// The trial, by its place in the list.
    pub trial: usize,
    /// Where the unknowns stood, in the words of that moment: ranges become narrower. Empty where
    /// there are none.
    pub place: String,
    /// Why.
    pub reason: Reason,
    /// Runs that were made there.
    pub runs: u32,
    /// Requests that they lost together.
    pub lost: u64,
    /// What most of them were lost by.
    pub cause: Option<Cause>,
    /// What is behind that cause.
    pub mechanism: Option<Mechanism>,
}

impl Goal {
    /// Reads what a user wants, already split into metric and comparison.
    ///
    /// # Errors
    /// No such metric, or a comparison that makes no sense for it.
    pub fn parse(wanted: &Expectation, runs: u32) -> Result<Goal, String> {
        let metric = Metric::parse(&wanted.metric).map_err(|error| error.to_string())?;
        let comparison =
            parse_comparison(&wanted.is, metric.quantity(), runs).map_err(|error| error.to_string())?;
        Ok(Goal { text: format!("{} {}", wanted.metric, wanted.is), metric, comparison })
    }

    /// What was seen, if it is not what is wanted. `None` too where no run has a value: the time of a
    /// rollout is asked only where there is one.
    fn broken(&self, runs: &[RunSummary], context: &Context) -> Option<f64> {
        let values: Vec<f64> = runs.iter().filter_map(|run| self.metric.value(run, context)).collect();
        let latency = matches!(self.metric, Metric::Latency(_) | Metric::LatencyMean);
        if values.is_empty() {
            let unanswered = latency && runs.iter().any(|run| run.total > 0);
            return unanswered.then_some(f64::INFINITY);
        }
        let seen = if matches!(self.metric, Metric::Margin(_)) {
            values.iter().copied().fold(f64::INFINITY, f64::min)
        } else {
            values.iter().sum::<f64>() / values.len() as f64
        };
        (!self.comparison.accepts(seen)).then_some(seen)
    }

    /// Whether it says that nothing may be lost.
    pub fn forbids_loss(&self) -> bool {
        let loss = matches!(self.metric, Metric::Lost | Metric::RolloutsWithLoss | Metric::LostShare);
        loss && self.comparison.accepts(0.0) && !self.comparison.accepts(f64::MIN_POSITIVE)
    }

    /// Whether more or faster pods are what it is about.
    fn is_of_capacity(&self) -> bool {
        matches!(self.metric, Metric::Latency(_) | Metric::LatencyMean | Metric::Rps)
    }

    /// A value of its metric for people.
    pub fn shown(&self, value: f64) -> String {
        match self.metric.quantity() {
            _ if !value.is_finite() => "no answer at all".to_owned(),
            Quantity::Seconds if value.abs() < 1.0 => format!("{:.0} ms", value * 1e3),
            Quantity::Seconds => format!("{value:.1} s"),
            Quantity::Share | Quantity::Runs => format!("{:.2} %", 100.0 * value),
            Quantity::Count | Quantity::Number => format!("{value:.1}"),
        }
    }
}

/// The first thing that is not as it should be.
pub(super) fn failing(goals: &[Goal], runs: &[RunSummary], context: &Context) -> Option<Reason> {
    let broken = |(index, goal): (usize, &Goal)| Some(Reason::Goal(index, goal.broken(runs, context)?));
    let unfinished = || runs.iter().any(RunSummary::is_unfinished).then_some(Reason::Unfinished);
    goals.iter().enumerate().find_map(broken).or_else(unfinished)
}

impl Shortfall {
    pub(super) fn new(trial: usize, place: String, reason: Reason) -> Shortfall {
        Shortfall { trial, place, reason, runs: 0, lost: 0, cause: None, mechanism: None }
    }

    /// With what the runs of a case lost.
    pub(super) fn seen(mut self, runs: &[RunSummary], case: &Case) -> Shortfall {
        self.runs = u32::try_from(runs.len()).unwrap_or(u32::MAX);
        self.lost = runs.iter().map(|run| run.lost).sum();
        let by = |cause: Cause| runs.iter().map(|run| run.lost_by(cause)).sum::<u64>();
        let most = Cause::ALL.iter().map(|cause| (by(*cause), *cause)).max_by_key(|(count, _)| *count);
        self.cause = most.filter(|(count, _)| *count > 0).map(|(_, cause)| cause);
        self.mechanism = self.cause.map(|cause| Mechanism::of(cause, case));
        self
    }

    /// The knobs that may mend it, by the mechanism of the loss.
    pub fn helps(&self, goals: &[Goal]) -> &'static [&'static str] {
        // The longer shrinking is held back, the fewer pods stop.
        const STOP: &[&str] = &["preStop", "grace", "hpa.scaleDown.window"];
        const ROOM: &[&str] = &[
            "hpa.min",
            "hpa.cpu",
            "hpa.scaleDown.window",
            "hpa.scaleUp.window",
            "maxUnavailable",
            "maxSurge",
            "minReadySeconds",
            "readiness.failureThreshold",
            "readiness.timeoutSeconds",
        ];
        const POD_LEFT: &[&str] = &[
            "maxUnavailable",
            "minReadySeconds",
            "hpa.min",
            "readiness.failureThreshold",
            "readiness.timeoutSeconds",
            "maxSurge",
        ];
        match (&self.reason, self.mechanism) {
            (Reason::Impossible { helps, .. }, _) => helps,
            (_, Some(mechanism)) if mechanism.is_of_stops() => STOP,
            (_, Some(Mechanism::NotReadyYet)) => &["readiness.successThreshold"],
            (_, Some(Mechanism::NoPod)) => POD_LEFT,
            (_, Some(Mechanism::Overload | Mechanism::CircuitOpen | Mechanism::LivenessRestart)) => ROOM,
            // Late answers, and nothing lost.
            (Reason::Goal(index, _), None) if goals[*index].is_of_capacity() => ROOM,
            // A fault, or a limit that is none of these knobs.
            _ => &[],
        }
    }
}
