//! Expectations: does a result hold what was asked of it? Yes, no, or too few runs to say.

use serde::{Deserialize, Serialize};

use super::metric::{Context, Metric, Quantity};
use super::summary::RunSummary;
use crate::stats::{CONFIDENCE, Interval, Summary, clopper_pearson, none_below};
use crate::units::{format_duration, parse_duration};

/// What is asked of a metric, in the metric's own unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Comparison {
    /// `== x`
    Equal(f64),
    /// `!= x`
    Unequal(f64),
    /// `<= x`
    AtMost(f64),
    /// `< x`
    Below(f64),
    /// `>= x`
    AtLeast(f64),
    /// `> x`
    Above(f64),
    /// `in a..b`, ends included.
    Within(f64, f64),
}

/// A comparison that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComparisonError {
    /// No operator.
    #[error("`{0}` is no comparison: write `== 0`, `<= 300ms`, `> 5`, or `in 3900..4500`")]
    Operator(String),
    /// No bound, or one of another kind.
    #[error("`{text}` is not {expected}")]
    Bound {
        /// The bound as written.
        text: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// A range turned around.
    #[error("`{0}` is empty: write the smaller end first")]
    Empty(String),
}

/// Three verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Judgement {
    /// It holds, with 95 % confidence.
    Hold,
    /// It does not, with 95 % confidence.
    Fail,
    /// The runs do not say.
    Inconclusive,
}

/// An expectation with its verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// The metric's name.
    pub metric: String,
    /// The comparison as written.
    pub is: String,
    /// What was seen: the number of runs for `rollouts_with_loss`, the smallest value of any run
    /// for margins, the mean per run for everything else. `None` where no run has a value.
    pub observed: Option<f64>,
    /// Whether it holds.
    pub verdict: Judgement,
    /// What was seen and why that is the verdict, for people.
    pub detail: String,
}

/// Reads a comparison for a metric of this quantity. For [`Quantity::Runs`] a plain number counts
/// runs out of `runs`.
///
/// # Errors
/// A [`ComparisonError`] that says what to write.
pub fn parse_comparison(text: &str, quantity: Quantity, runs: u32) -> Result<Comparison, ComparisonError> {
    let text = text.trim();
    let number = |bound: &str| parse_bound(bound.trim(), quantity, runs);
    if let Some(range) = text.strip_prefix("in ") {
        let (lo, hi) = range.split_once("..").ok_or_else(|| ComparisonError::Operator(text.to_owned()))?;
        let (lo, hi) = (number(lo)?, number(hi)?);
        return if lo <= hi {
            Ok(Comparison::Within(lo, hi))
        } else {
            Err(ComparisonError::Empty(range.to_owned()))
        };
    }
    type Make = fn(f64) -> Comparison;
    let make: [(&str, Make); 6] = [
        ("==", Comparison::Equal),
        ("!=", Comparison::Unequal),
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("<", Comparison::Below),
        (">", Comparison::Above),
    ];
    for (operator, make) in make {
        if let Some(bound) = text.strip_prefix(operator) {
            return number(bound).map(make);
        }
    }
    Err(ComparisonError::Operator(text.to_owned()))
}

fn parse_bound(text: &str, quantity: Quantity, runs: u32) -> Result<f64, ComparisonError> {
    let error = |expected| ComparisonError::Bound { text: text.to_owned(), expected };
    let plain = |text: &str| text.replace('_', "").parse::<f64>().ok().filter(|v| v.is_finite());
    let percent = || text.strip_suffix('%').and_then(|body| plain(body.trim())).map(|v| v / 100.0);
    match quantity {
        Quantity::Count | Quantity::Number => plain(text).ok_or_else(|| error("a number")),
        Quantity::Share => percent().or_else(|| plain(text)).ok_or_else(|| error("a share such as 0.1%")),
        Quantity::Runs => percent()
            .or_else(|| plain(text).map(|count| count / f64::from(runs.max(1))))
            .ok_or_else(|| error("a number of runs or a share such as 5%")),
        Quantity::Seconds => {
            let (sign, body) = text.strip_prefix('-').map_or((1.0, text), |body| (-1.0, body));
            let span = parse_duration(body).map_err(|_| error("a duration such as 300ms or 5s"))?;
            Ok(sign * span.as_secs_f64())
        }
    }
}

/// Judges one expectation by the runs.
///
/// Means are judged by their t interval, `rollouts_with_loss` by the Clopper-Pearson interval,
/// margins in every run. Where nothing was seen, `== 0` holds once 95 % confidence leaves less than
/// 5 % for a run in which something happens: 59 runs. A rollout that did not end turns "holds" into
/// "inconclusive", and so does a load without any request where losses are counted.
pub fn judge(
    metric: (&str, Metric),
    is: (&str, Comparison),
    runs: &[RunSummary],
    context: &Context,
) -> Judged {
    let ((name, metric), (text, comparison)) = (metric, is);
    let values: Vec<f64> = runs.iter().filter_map(|run| metric.value(run, context)).collect();
    let (observed, verdict, detail) = match Summary::of(&values) {
        None => (None, Judgement::Inconclusive, "no run has a value".to_owned()),
        Some(summary) => judge_values(metric, comparison, &values, &summary),
    };
    let open = runs.iter().filter(|run| run.is_unfinished()).count();
    let unfinished = verdict == Judgement::Hold && open > 0;
    // Without a request nothing can be lost, and every such check would hold.
    let of_losses = matches!(metric.quantity(), Quantity::Count | Quantity::Share | Quantity::Runs);
    let idle = of_losses && runs.iter().all(|run| run.total == 0);
    let (verdict, detail) = if unfinished {
        (
            Judgement::Inconclusive,
            format!("{detail}; {open} of {} runs ended with an unfinished rollout or drain", runs.len()),
        )
    } else if idle && !runs.is_empty() {
        (Judgement::Inconclusive, "no request was sent".to_owned())
    } else {
        (verdict, detail)
    };
    Judged { metric: name.to_owned(), is: text.to_owned(), observed, verdict, detail }
}

fn judge_values(
    metric: Metric,
    comparison: Comparison,
    values: &[f64],
    summary: &Summary,
) -> (Option<f64>, Judgement, String) {
    let runs = values.len() as u32;
    let hits = values.iter().filter(|v| **v > 0.0).count() as u32;
    match metric.quantity() {
        Quantity::Runs => {
            let verdict = zero_test(comparison, hits, runs)
                .unwrap_or_else(|| by_interval(comparison, Some(clopper_pearson(hits, runs))));
            (Some(hits.into()), verdict, format!("{hits} of {runs} runs{}", none_seen(hits, runs)))
        }
        _ if matches!(metric, Metric::Margin(_)) => {
            let broken = values.iter().filter(|v| !comparison.accepts(**v)).count() as u32;
            let verdict = match broken {
                0 if enough(runs) => Judgement::Hold,
                0 => Judgement::Inconclusive,
                _ => Judgement::Fail,
            };
            let least = shown(metric, summary.min);
            let detail = format!("smallest {least}, holds in {} of {runs} runs", runs - broken);
            (Some(summary.min), verdict, detail + &none_seen(broken, runs))
        }
        quantity => {
            let zeros = quantity == Quantity::Count || quantity == Quantity::Share;
            let verdict = zeros.then(|| zero_test(comparison, hits, runs)).flatten();
            let verdict = verdict.unwrap_or_else(|| by_interval(comparison, summary.ci95));
            let spread = match summary.ci95 {
                Some(ci) if !summary.is_constant() => {
                    format!(" ({}..{})", shown(metric, ci.lo), shown(metric, ci.hi))
                }
                _ => String::new(),
            };
            let seen = if zeros { none_seen(hits, runs) } else { String::new() };
            (
                Some(summary.mean),
                verdict,
                format!("{}{spread} per run, {runs} runs{seen}", shown(metric, summary.mean)),
            )
        }
    }
}

/// Enough runs without an event to say that it happens in fewer than 5 % of them.
fn enough(runs: u32) -> bool {
    none_below(runs) < 1.0 - CONFIDENCE
}

fn none_seen(hits: u32, runs: u32) -> String {
    if hits > 0 {
        return String::new();
    }
    let below = format!(": probability below {:.2} %", 100.0 * none_below(runs));
    if enough(runs) { below } else { format!("{below}; 59 runs decide") }
}

/// Bounds at zero, and upper bounds where nothing was seen, are about whether the event can happen
/// at all; an interval of nothing but zeros would be too sure.
fn zero_test(comparison: Comparison, hits: u32, runs: u32) -> Option<Judgement> {
    let none = if enough(runs) { Judgement::Hold } else { Judgement::Inconclusive };
    match comparison {
        Comparison::Equal(x) | Comparison::AtMost(x) if x == 0.0 => {
            Some(if hits > 0 { Judgement::Fail } else { none })
        }
        Comparison::Above(x) | Comparison::Unequal(x) if x == 0.0 => Some(match (hits, none) {
            (0, Judgement::Hold) => Judgement::Fail,
            (0, _) => Judgement::Inconclusive,
            _ => Judgement::Hold,
        }),
        _ if hits == 0 && comparison.accepts(0.0) => Some(none),
        _ => None,
    }
}

impl Comparison {
    /// Whether a value is as it should be.
    pub fn accepts(self, value: f64) -> bool {
        match self {
            // Adding zero takes the sign off a negative zero.
            Comparison::Equal(x) => (value + 0.0).total_cmp(&(x + 0.0)).is_eq(),
            Comparison::Unequal(x) => (value + 0.0).total_cmp(&(x + 0.0)).is_ne(),
            Comparison::AtMost(x) => value <= x,
            Comparison::Below(x) => value < x,
            Comparison::AtLeast(x) => value >= x,
            Comparison::Above(x) => value > x,
            Comparison::Within(lo, hi) => (lo..=hi).contains(&value),
        }
    }
}

/// Holds if every value of the interval satisfies the comparison, fails if none does.
fn by_interval(comparison: Comparison, interval: Option<Interval>) -> Judgement {
    let Some(Interval { lo, hi }) = interval else { return Judgement::Inconclusive };
    let both = comparison.accepts(lo) && comparison.accepts(hi);
    let (inside, outside) = match comparison {
        Comparison::Equal(x) => (both && lo >= hi, x < lo || x > hi),
        Comparison::Unequal(x) => (x < lo || x > hi, lo >= hi && !both),
        Comparison::AtMost(x) => (both, lo > x),
        Comparison::Below(x) => (both, lo >= x),
        Comparison::AtLeast(x) => (both, hi < x),
        Comparison::Above(x) => (both, hi <= x),
        Comparison::Within(a, b) => (both, hi < a || lo > b),
    };
    match (inside, outside) {
        (true, _) => Judgement::Hold,
        (_, true) => Judgement::Fail,
        _ => Judgement::Inconclusive,
    }
}

/// A value in the unit of its metric.
fn shown(metric: Metric, value: f64) -> String {
    match metric.quantity() {
        Quantity::Seconds => {
            let sign = if value < 0.0 { "-" } else { "" };
            // A tenth of a millisecond is finer than any bound.
            let rounded = (value.abs() * 1e4).round() / 1e4;
            format!("{sign}{}", format_duration(crate::units::Nanos::from_secs_f64(rounded)))
        }
        Quantity::Share => format!("{:.4} %", 100.0 * value),
        Quantity::Count | Quantity::Number | Quantity::Runs if value.fract() == 0.0 => format!("{value}"),
        Quantity::Count | Quantity::Number | Quantity::Runs => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Drains;
    use crate::study::testing::run_summary;
    use Judgement::{Fail, Hold, Inconclusive};

    fn verdict(metric: &str, is: &str, lost: &[u64]) -> Judgement {
        let runs: Vec<RunSummary> = lost.iter().zip(1..).map(|(lost, run)| run_summary(run, *lost)).collect();
        let parsed = Metric::parse(metric).expect("a metric");
        let comparison = parse_comparison(is, parsed.quantity(), lost.len() as u32).expect("a comparison");
        judge((metric, parsed), (is, comparison), &runs, &Context::default()).verdict
    }

    #[test]
    fn nothing_sent_is_no_proof_of_nothing_lost() {
        let idle = |run| RunSummary { total: 0, ok: 0, ..run_summary(run, 0) };
        let runs: Vec<RunSummary> = (1..=60).map(idle).collect();
        for (name, is, expected) in [
            ("lost", "== 0", Inconclusive),
            ("lost_share", "<= 1%", Inconclusive),
            ("rollouts_with_loss", "== 0", Inconclusive),
            ("total", "== 0", Hold),
        ] {
            let metric = Metric::parse(name).expect("a metric");
            let comparison = parse_comparison(is, metric.quantity(), 60).expect("a comparison");
            let judged = judge((name, metric), (is, comparison), &runs, &Context::default());
            assert_eq!(judged.verdict, expected, "{name}: {}", judged.detail);
        }
    }

    #[test]
    fn verdicts_follow_the_intervals() {
        let none = [0; 60];
        let rare: Vec<u64> = (0..60).map(|run| u64::from(run == 7) * 50).collect();
        let many: Vec<u64> = (0..60).map(|run| 100 + run % 3).collect();
        for (metric, is, lost, expected) in [
            ("lost", "== 0", &none[..], Hold),
            ("lost", "== 0", &none[..58], Inconclusive),
            ("lost", "<= 10", &none[..10], Inconclusive),
            ("lost", "> 0", &none[..], Fail),
            ("lost", "> 0", &none[..5], Inconclusive),
            ("lost", "== 0", &rare, Fail),
            ("lost", "> 0", &rare, Hold),
            ("lost", "<= 1", &rare, Inconclusive),
            ("lost", "<= 30", &rare, Hold),
            ("lost", "in 100..102", &many, Hold),
            ("lost", "in 101..200", &many, Inconclusive),
            ("lost", "in 200..300", &many, Fail),
            ("lost", "> 101", &many[..1], Inconclusive),
            ("lost", "== 0", &many[..1], Fail),
            ("lost", "== 101", &many, Inconclusive),
            ("lost", "== 7", &many, Fail),
            ("lost", "!= 7", &many, Hold),
            ("lost", "!= 101", &many, Inconclusive),
            ("lost", "!= 0", &rare, Hold),
            ("lost", "!= 0", &none[..], Fail),
            ("replicas.max", "!= 4", &many, Fail),
            ("replicas.max", "== 4", &many, Hold),
            ("lost.502", "> 0", &many, Hold),
            ("lost.503", "== 0", &many, Hold),
            ("rollouts_with_loss", "== 0", &none, Hold),
            ("rollouts_with_loss", "== 0", &rare, Fail),
            ("rollouts_with_loss", "<= 20%", &rare, Hold),
            ("rollouts_with_loss", "<= 1", &rare, Inconclusive),
            ("rollouts_with_loss", ">= 50%", &rare, Fail),
            ("margin.removal", ">= -5s", &many, Hold),
            ("margin.removal", ">= 5s", &many, Fail),
            ("margin.removal", ">= -5s", &many[..3], Inconclusive),
            ("margin.startup", ">= 0s", &many, Inconclusive),
            ("p99", "< 300ms", &many, Hold),
            ("p99", "< 50ms", &many, Fail),
        ] {
            assert_eq!(verdict(metric, is, lost), expected, "{metric} {is} over {} runs", lost.len());
        }
    }

    #[test]
    fn an_unfinished_rollout_is_never_ok() {
        let mut runs: Vec<RunSummary> = (1..=60).map(|run| run_summary(run, 0)).collect();
        runs[3].rollouts_open = 1;
        let judged = |is: &str, runs: &[RunSummary]| {
            let comparison = parse_comparison(is, Quantity::Count, 60).expect("a comparison");
            judge(("lost", Metric::Lost), (is, comparison), runs, &Context::default())
        };
        assert_eq!(judged("== 0", &runs).verdict, Inconclusive);
        assert!(judged("== 0", &runs).detail.contains("unfinished"));
        assert_eq!(judged("> 0", &runs).verdict, Fail);
        runs[3].rollouts_open = 0;
        assert_eq!(judged("== 0", &runs).verdict, Hold);
        runs[3].drains = Some(Drains { open: 1, ..Drains::default() });
        assert_eq!(judged("== 0", &runs).verdict, Inconclusive, "nor is a drain");
    }

    #[test]
    fn comparisons_that_make_no_sense_say_what_to_write() {
        for (text, quantity) in [
            ("0", Quantity::Count),
            ("=< 3", Quantity::Count),
            ("== none", Quantity::Count),
            ("== nan", Quantity::Number),
            ("< 300", Quantity::Seconds),
            ("in 5..3", Quantity::Number),
            ("in 5", Quantity::Number),
            ("<= x%", Quantity::Share),
            ("", Quantity::Runs),
        ] {
            assert!(parse_comparison(text, quantity, 60).is_err(), "{text}");
        }
        assert_eq!(parse_comparison("<= 1.5 %", Quantity::Share, 1), Ok(Comparison::AtMost(0.015)));
        assert_eq!(parse_comparison("== 3", Quantity::Runs, 60), Ok(Comparison::Equal(0.05)));
        assert_eq!(parse_comparison(">= -5s", Quantity::Seconds, 1), Ok(Comparison::AtLeast(-5.0)));
    }
}
