//! The summary: the JSON object of `-o json` and `summary.json`, field by field as documented.

use std::collections::BTreeMap;

use serde::Serialize;

use super::scaling::{Hpa, ScaleOut, hpa, scale_out};
use super::tally::seconds;
use super::{NotModelled, StoredResult};
use crate::account::CauseTally;
use crate::model::outcome::{Cause, Status};
use crate::stats::{self, Interval, clopper_pearson, printed};
use crate::study::{Answer, Judgement, RunSummary};

/// One result in short. Numbers of requests are sums over runs unless they say otherwise; a
/// number that is not defined (a spread of one run) is `null`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    schema: String,
    podloss: String,
    model: u32,
    scenario: Scenario,
    seed: u64,
    runs: u64,
    /// Only there when the study was broken off.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    interrupted: bool,
    requests: Requests,
    per_run: PerRun,
    rollouts_with_loss: WithLoss,
    statuses: BTreeMap<Status, u64>,
    causes: Vec<CauseLine>,
    also: Also,
    latency_ms: Latency,
    latency_all_ms: LatencyAll,
    replicas: Replicas,
    pod_seconds: Option<f64>,
    rollouts: Vec<Rollout>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    drains: Vec<Drain>,
    hpa: Vec<Hpa>,
    scale_outs: Vec<ScaleOut>,
    margins: Vec<MarginLine>,
    expectations: Vec<ExpectationLine>,
    assumptions: Vec<AssumptionLine>,
    not_modelled: Vec<NotModelled>,
    answer: AnswerLine,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Scenario {
    name: String,
    hash: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Requests {
    total: u64,
    ok: u64,
    lost: u64,
    in_flight_at_end: u64,
}

/// One number per run, described.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct Spread {
    mean: Option<f64>,
    sd: Option<f64>,
    min: Option<u64>,
    median: Option<f64>,
    p95: Option<f64>,
    max: Option<u64>,
    ci95: Option<[Option<f64>; 2]>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct PerRun {
    total: Spread,
    ok: Spread,
    lost: Spread,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct WithLoss {
    runs: u64,
    of: u64,
    ci95: [Option<f64>; 2],
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct CauseLine {
    cause: Cause,
    status: Status,
    count: u64,
    by_method: ByMethod,
    #[serde(skip_serializing_if = "super::tally::is_zero")]
    at_ingress: u64,
    per_run: CauseSpread,
    first_s: Option<f64>,
    median_s: Option<f64>,
    last_s: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
struct ByMethod {
    get: u64,
    post: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct CauseSpread {
    mean: Option<f64>,
    sd: Option<f64>,
    min: Option<u64>,
    max: Option<u64>,
    ci95: Option<[Option<f64>; 2]>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Also {
    sent_twice: u64,
    executed_but_5xx: u64,
    truncated: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Latency {
    mean: Option<f64>,
    p50: Option<f64>,
    p90: Option<f64>,
    p99: Option<f64>,
    p999: Option<f64>,
    max: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct LatencyAll {
    mean: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Replicas {
    min: Option<u32>,
    max: Option<u32>,
    #[serde(rename = "final")]
    last: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Rollout {
    start_s: Option<f64>,
    end_s: Option<f64>,
    complete: bool,
    /// Only there where `progressDeadlineSeconds` ran out.
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_exceeded_s: Option<f64>,
}

/// Only there where a node is drained.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Drain {
    start_s: Option<f64>,
    end_s: Option<f64>,
    complete: bool,
    evictions_refused: u64,
    refused_by: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct MarginLine {
    name: String,
    have: Option<f64>,
    need: Option<f64>,
    slack: Option<f64>,
    unit: String,
    share_of_loss: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct ExpectationLine {
    metric: String,
    is: String,
    observed: Option<f64>,
    verdict: Judgement,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct AssumptionLine {
    key: String,
    value: String,
    range: Option<[String; 2]>,
    source: String,
    effect: Option<EffectLine>,
    set_with: String,
}

/// Mean losses per run at both ends of the range.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct EffectLine {
    lost_lo: Option<f64>,
    lost_hi: Option<f64>,
}

/// The answer over the ranges of what was assumed.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct AnswerLine {
    verdict: crate::study::Verdict,
    lost_lo: Option<f64>,
    lost_hi: Option<f64>,
    flips_at: Option<FlipLine>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct FlipLine {
    key: String,
    no_loss: String,
    loss: String,
}

/// Sums a result up.
pub fn summary(result: &StoredResult) -> Summary {
    let (header, total, runs) = (&result.header, &result.total, &result.runs);
    let with_loss = runs.iter().filter(|run| run.lost > 0).count();
    let truncated = total.statuses[Status::Truncated as usize];
    let statuses = Status::ALL.iter().copied().zip(total.statuses).filter(|(_, n)| *n > 0);
    let mut causes: Vec<CauseLine> =
        total.causes.iter().map(|(&(status, cause), tally)| cause_line(status, cause, tally, runs)).collect();
    // Stable: equal counts stay in the order of the closed lists.
    causes.sort_by_key(|line| std::cmp::Reverse(line.count));
    Summary {
        schema: header.schema.clone(),
        podloss: header.podloss.clone(),
        model: header.model,
        scenario: Scenario { name: header.name.clone(), hash: header.hash.clone() },
        seed: header.seed,
        runs: runs.len() as u64,
        interrupted: result.interrupted,
        requests: Requests {
            total: total.arrived,
            ok: total.ok(),
            lost: total.lost(),
            in_flight_at_end: total.in_flight_at_end,
        },
        per_run: PerRun {
            total: spread(runs, |run| run.total),
            ok: spread(runs, |run| run.ok),
            lost: spread(runs, |run| run.lost),
        },
        rollouts_with_loss: WithLoss {
            runs: with_loss as u64,
            of: runs.len() as u64,
            ci95: ends(clopper_pearson(with_loss as u32, runs.len() as u32)),
        },
        statuses: statuses.collect(),
        causes,
        also: Also { sent_twice: total.sent_twice, executed_but_5xx: total.executed_but_5xx, truncated },
        latency_ms: latency(result),
        latency_all_ms: LatencyAll { mean: latency_all(result) },
        replicas: Replicas {
            min: runs.iter().map(|run| run.replicas_min).min(),
            max: runs.iter().map(|run| run.replicas_max).max(),
            last: runs.first().map(|run| run.replicas_final),
        },
        pod_seconds: runs.first().and_then(|run| printed(run.pod_ns as f64 / 1e9)),
        rollouts: result.first.rollouts.iter().map(rollout).collect(),
        drains: result.first.drains.iter().map(drain).collect(),
        hpa: result.first.hpa.iter().map(|step| hpa(result.first.scaler.as_ref(), step)).collect(),
        scale_outs: result.first.scale_outs.iter().map(scale_out).collect(),
        margins: result.margins.iter().map(margin).collect(),
        expectations: result.expectations.iter().map(expectation).collect(),
        assumptions: (0..header.assumptions.len()).map(|index| assumption(result, index)).collect(),
        not_modelled: header.not_modelled.clone(),
        answer: answer(&result.answer),
    }
}

impl Summary {
    /// The object as text, two spaces deep, with a final line break.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain structs with text keys");
        text.push('\n');
        text
    }
}

fn ends(interval: Interval) -> [Option<f64>; 2] {
    [printed(interval.lo), printed(interval.hi)]
}

fn spread(runs: &[RunSummary], of: fn(&RunSummary) -> u64) -> Spread {
    let values: Vec<u64> = runs.iter().map(of).collect();
    let floats: Vec<f64> = values.iter().map(|n| *n as f64).collect();
    let Some(s) = stats::Summary::of(&floats) else { return Spread::default() };
    Spread {
        mean: printed(s.mean),
        sd: s.sd.and_then(printed),
        min: values.iter().copied().min(),
        median: printed(s.median),
        p95: s.p95.and_then(printed),
        max: values.iter().copied().max(),
        ci95: s.ci95.map(ends),
    }
}

fn cause_line(status: Status, cause: Cause, tally: &CauseTally, runs: &[RunSummary]) -> CauseLine {
    let in_run = |run: &RunSummary| {
        let line = run.causes.iter().find(|line| (line.status, line.cause) == (status, cause));
        line.map_or(0, |line| line.count)
    };
    let counts: Vec<u64> = runs.iter().map(in_run).collect();
    let floats: Vec<f64> = counts.iter().map(|n| *n as f64).collect();
    let s = stats::Summary::of(&floats);
    CauseLine {
        cause,
        status,
        count: tally.count,
        by_method: ByMethod { get: tally.count - tally.posts, post: tally.posts },
        at_ingress: tally.at_ingress,
        per_run: CauseSpread {
            mean: s.and_then(|s| printed(s.mean)),
            sd: s.and_then(|s| s.sd).and_then(printed),
            min: counts.iter().copied().min(),
            max: counts.iter().copied().max(),
            ci95: s.and_then(|s| s.ci95).map(ends),
        },
        first_s: printed(seconds(tally.first_ns)),
        median_s: tally.when.quantile(0.5).and_then(|ns| printed(seconds(ns))),
        last_s: printed(seconds(tally.last_ns)),
    }
}

fn latency(result: &StoredResult) -> Latency {
    let ok = &result.total.latency_ok;
    let ms = |ns: f64| printed(ns / 1e6);
    let quantile = |share: f64| ok.quantile(share).and_then(|ns| ms(ns as f64));
    Latency {
        mean: ok.mean().and_then(ms),
        p50: quantile(0.5),
        p90: quantile(0.9),
        p99: quantile(0.99),
        p999: quantile(0.999),
        max: if ok.count() > 0 { ms(ok.max() as f64) } else { None },
    }
}

fn latency_all(result: &StoredResult) -> Option<f64> {
    let finished = result.total.ok() + result.total.lost();
    if finished == 0 {
        return None;
    }
    // Fifteen digits: the closed-loop identity is checked with this number.
    Some(result.total.latency_all_sum() as f64 / finished as f64 / 1e6)
}

fn rollout(span: &crate::study::RolloutSpan) -> Rollout {
    Rollout {
        start_s: since_start(span.start_ns),
        end_s: span.end_ns.and_then(since_start),
        complete: span.end_ns.is_some(),
        deadline_exceeded_s: span.deadline_exceeded_ns.and_then(since_start),
    }
}

fn drain(span: &crate::study::DrainSpan) -> Drain {
    Drain {
        start_s: since_start(span.start_ns),
        end_s: span.end_ns.and_then(since_start),
        complete: span.end_ns.is_some(),
        evictions_refused: span.refused,
        refused_by: span.refused_by.clone(),
    }
}

/// Nanoseconds since the run's beginning in seconds.
pub(super) fn since_start(ns: i64) -> Option<f64> {
    printed(ns as f64 / 1e9)
}

fn margin(margin: &crate::study::Margin) -> MarginLine {
    MarginLine {
        name: margin.name.clone(),
        have: printed(margin.have),
        need: printed(margin.need),
        slack: printed(margin.slack),
        unit: margin.unit.clone(),
        share_of_loss: printed(margin.share_of_loss),
    }
}

fn expectation(judged: &crate::study::Judged) -> ExpectationLine {
    ExpectationLine {
        metric: judged.metric.clone(),
        is: judged.is.clone(),
        observed: judged.observed.and_then(printed),
        verdict: judged.verdict,
    }
}

fn assumption(result: &StoredResult, index: usize) -> AssumptionLine {
    let assumed = &result.header.assumptions[index];
    let effect = result.effects[index]
        .map(|effect| EffectLine { lost_lo: printed(effect.lo.mean()), lost_hi: printed(effect.hi.mean()) });
    AssumptionLine {
        key: assumed.key.clone(),
        value: assumed.value.clone(),
        range: assumed.range.clone().map(|(lo, hi)| [lo, hi]),
        source: assumed.origin.clone(),
        effect,
        set_with: assumed.set_with.clone(),
    }
}

fn answer(answer: &Answer) -> AnswerLine {
    AnswerLine {
        verdict: answer.verdict,
        lost_lo: printed(answer.lost_range.0),
        lost_hi: printed(answer.lost_range.1),
        flips_at: answer.flip.as_ref().map(|flip| FlipLine {
            key: flip.key.clone(),
            no_loss: flip.without.clone(),
            loss: flip.with.clone(),
        }),
    }
}
