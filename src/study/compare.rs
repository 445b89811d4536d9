//! Is one configuration better than another? Yes, no, the same, or too few runs to say.

use super::metric::{Context, Metric, Quantity};
use super::summary::RunSummary;
use crate::stats::{Difference, Interval, paired, paired_events, unpaired, unpaired_events};

/// Fewer runs than this never decide: with five, a difference that is always to one side is still
/// chance in one of sixteen comparisons of equals (the sign test, two sides).
pub const LEAST_RUNS: usize = 6;

/// Which way a metric should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// Losses, latencies, costs.
    Less,
    /// Answers, margins.
    More,
    /// Neither way is better.
    Neither,
}

/// What a comparison of one metric says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// The whole interval lies on the good side, beyond the tolerance.
    Better,
    /// The whole interval lies within the tolerance; without one, no run differs.
    Same,
    /// It differs, and neither way is better.
    Differs,
    /// The runs do not say.
    Inconclusive,
    /// The whole interval lies on the bad side, beyond the tolerance.
    Worse,
}

/// One configuration's runs.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// One line per run.
    pub runs: &'a [RunSummary],
    /// What metrics need besides.
    pub context: Context,
}

/// One metric of two configurations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// Mean over the runs of the first, in the metric's unit.
    pub base: f64,
    /// Mean over the runs of the second.
    pub other: f64,
    /// Second less first.
    pub difference: Difference,
    /// Runs on each side, the smaller number.
    pub runs: usize,
    /// What it says.
    pub change: Change,
    /// About how many runs would settle an inconclusive one; `None` where no number is in sight:
    /// nothing to be found, or an unfinished rollout, which more runs do not finish.
    pub runs_needed: Option<u64>,
}

/// More runs than this are no advice.
const MOST_RUNS: f64 = 99_999.0;

impl Metric {
    /// Which way it should go.
    pub fn aim(self) -> Aim {
        match self {
            Metric::Lost
            | Metric::LostStatus(_)
            | Metric::LostMethod(_)
            | Metric::CauseCount(_)
            | Metric::LostShare
            | Metric::RolloutsWithLoss
            | Metric::SentTwice
            | Metric::ExecutedBut5xx
            | Metric::Truncated
            | Metric::LatencyMean
            | Metric::Latency(_)
            | Metric::PodSeconds
            | Metric::PodHours
            | Metric::PodsMax
            | Metric::RolloutTime => Aim::Less,
            Metric::Ok | Metric::Rps | Metric::Margin(_) => Aim::More,
            Metric::Total | Metric::ReplicasMin | Metric::ReplicasMax | Metric::ReplicasFinal => Aim::Neither,
        }
    }
}

/// Compares one metric, run by run if `pairs` (both sides had the same seeds). `tolerance` is the
/// share of the first side's mean that counts as no difference, 0 for none; of
/// `rollouts_with_loss`, a share of all runs. `None` where one side has no value.
pub fn compare(
    metric: Metric,
    base: Side<'_>,
    other: Side<'_>,
    pairs: bool,
    tolerance: f64,
) -> Option<Compared> {
    let (a, b) = values(metric, base, other, pairs);
    let difference = match (metric.quantity(), pairs) {
        (Quantity::Runs, true) => paired_events(&events(&a), &events(&b)),
        (Quantity::Runs, false) => unpaired_events(&events(&a), &events(&b)),
        (_, true) => paired(&a, &b),
        (_, false) => unpaired(&a, &b),
    }?;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (base_mean, other_mean) = (mean(&a), mean(&b));
    let allowed = tolerance * if metric.quantity() == Quantity::Runs { 1.0 } else { base_mean.abs() };
    let runs = a.len().min(b.len());
    let mut change = judge(metric.aim(), difference.ci95, allowed, runs);
    // A rollout or drain that never ends loses little and costs little; that is no merit.
    let unfinished = [base, other].iter().any(|side| side.runs.iter().any(RunSummary::is_unfinished));
    if unfinished && change != Change::Worse {
        change = Change::Inconclusive;
    }
    let settles = change == Change::Inconclusive && !unfinished;
    Some(Compared {
        base: base_mean,
        other: other_mean,
        difference,
        runs,
        change,
        runs_needed: if settles { runs_needed(&difference, allowed, runs) } else { None },
    })
}

/// The values of both sides; in pairs, only where both have one.
fn values(metric: Metric, base: Side<'_>, other: Side<'_>, pairs: bool) -> (Vec<f64>, Vec<f64>) {
    let all = |side: Side<'_>| -> Vec<(u32, f64)> {
        let value = |run: &RunSummary| Some((run.run, metric.value(run, &side.context)?));
        side.runs.iter().filter_map(value).collect()
    };
    let (mut a, mut b) = (all(base), all(other));
    if pairs {
        let kept =
            |of: &[(u32, f64)]| of.iter().map(|(run, _)| *run).collect::<std::collections::BTreeSet<_>>();
        let (in_a, in_b) = (kept(&a), kept(&b));
        a.retain(|(run, _)| in_b.contains(run));
        b.retain(|(run, _)| in_a.contains(run));
    }
    let plain = |of: Vec<(u32, f64)>| of.into_iter().map(|(_, value)| value).collect();
    (plain(a), plain(b))
}

fn events(values: &[f64]) -> Vec<bool> {
    values.iter().map(|value| *value > 0.0).collect()
}

fn judge(aim: Aim, interval: Option<Interval>, allowed: f64, runs: usize) -> Change {
    let Some(Interval { lo, hi }) = interval.filter(|_| runs >= LEAST_RUNS) else {
        return Change::Inconclusive;
    };
    if lo >= -allowed && hi <= allowed {
        return Change::Same;
    }
    match aim {
        _ if lo <= allowed && hi >= -allowed => Change::Inconclusive,
        Aim::Neither => Change::Differs,
        Aim::Less if hi < 0.0 => Change::Better,
        Aim::More if lo > 0.0 => Change::Better,
        Aim::Less | Aim::More => Change::Worse,
    }
}

/// The interval narrows with the root of the number of runs: as many as take the nearer end to the
/// tolerance, if mean and spread stay what they are.
fn runs_needed(difference: &Difference, allowed: f64, runs: usize) -> Option<u64> {
    let least = LEAST_RUNS as f64;
    let Some(Interval { lo, hi }) = difference.ci95 else { return Some(LEAST_RUNS as u64) };
    let half = (hi - lo) / 2.0;
    // Beyond the tolerance the difference itself is to be shown, within it that it stays there.
    let room = (difference.mean.abs() - allowed).abs();
    if room <= 0.0 {
        return (half <= 0.0).then_some(LEAST_RUNS as u64);
    }
    let needed = (runs as f64 * (half / room) * (half / room)).ceil().max(least).max(runs as f64 + 1.0);
    (needed <= MOST_RUNS).then_some(needed as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::testing::run_summary;

    fn lines(lost: &[u64]) -> Vec<RunSummary> {
        lost.iter().zip(1..).map(|(lost, run)| run_summary(run, *lost)).collect()
    }

    fn compared(metric: Metric, a: &[u64], b: &[u64], tolerance: f64) -> Compared {
        let (a, b) = (lines(a), lines(b));
        let side = |runs| Side { runs, context: Context::default() };
        compare(metric, side(&a), side(&b), true, tolerance).expect("values")
    }

    #[test]
    fn four_verdicts_follow_from_the_interval_and_the_tolerance() {
        let base: Vec<u64> = (0..20).map(|run| 100 + 7 * (run % 5)).collect();
        let plus = |more: u64| -> Vec<u64> { base.iter().zip(0..).map(|(b, r)| b + more + r % 3).collect() };
        let less: Vec<u64> = base.iter().map(|b| b - 50).collect();
        let mixed: Vec<u64> = base.iter().zip(0..).map(|(b, run)| b + 60 * (run % 2) - 29).collect();
        for (b, tolerance, change) in [
            (&base, 0.0, Change::Same),
            (&less, 0.0, Change::Better),
            (&plus(20), 0.0, Change::Worse),
            (&plus(20), 0.1, Change::Worse),
            (&plus(20), 0.5, Change::Same),
            (&plus(20), 0.185, Change::Inconclusive),
            (&mixed, 0.0, Change::Inconclusive),
        ] {
            assert_eq!(compared(Metric::Lost, &base, b, tolerance).change, change, "{b:?} {tolerance}");
        }
        let open = compared(Metric::Lost, &base, &mixed, 0.0);
        assert!(open.runs_needed.is_some_and(|runs| runs > 20), "{open:?}");
        assert_eq!(compared(Metric::Lost, &base[..5], &less[..5], 0.0).change, Change::Inconclusive);
        assert_eq!(compared(Metric::Total, &base, &less, 0.0).change, Change::Same);
    }

    #[test]
    fn how_often_is_better_only_where_enough_runs_differ() {
        let rare = |hits: usize| -> Vec<u64> { (0..60).map(|run| u64::from(run < hits) * 9).collect() };
        let change = |a: usize, b: usize| compared(Metric::RolloutsWithLoss, &rare(a), &rare(b), 0.0).change;
        assert_eq!(change(0, 0), Change::Same);
        assert_eq!(change(0, 5), Change::Inconclusive);
        assert_eq!(change(0, 6), Change::Worse);
        assert_eq!(change(60, 10), Change::Better);
    }

    #[test]
    fn an_unfinished_rollout_is_no_merit() {
        let (a, mut b) = (lines(&[9; 10]), lines(&[0; 10]));
        b[3].rollouts_open = 1;
        let side = |runs| Side { runs, context: Context::default() };
        let compared = compare(Metric::Lost, side(&a), side(&b), true, 0.0).expect("values");
        assert_eq!((compared.change, compared.runs_needed), (Change::Inconclusive, None));
    }
}
