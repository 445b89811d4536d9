//! One run in one line of integers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::drains::Drains;
use super::facts::RunFacts;
use crate::account::Tally;
use crate::config::case::Case;
use crate::model::outcome::{Cause, Method, Status};
use crate::sim::RunResult;
use crate::units::SimTime;

/// Losses of one status and cause in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CauseCount {
    /// What the client saw.
    pub status: Status,
    /// Why.
    pub cause: Cause,
    /// How many.
    pub count: u64,
    /// Of these, how many were not idempotent.
    pub posts: u64,
}

/// What is kept of every run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSummary {
    /// Counted from 1.
    pub run: u32,
    /// Requests that arrived.
    pub total: u64,
    /// Answered.
    pub ok: u64,
    /// Lost, whatever the status.
    pub lost: u64,
    /// Neither when the run ended.
    pub in_flight_at_end: u64,
    /// Finished requests by status, zeros left out.
    pub statuses: BTreeMap<Status, u64>,
    /// Losses by status and cause.
    pub causes: Vec<CauseCount>,
    /// Requests that more than one pod began to execute.
    pub sent_twice: u64,
    /// Executed to the end and answered with a 5xx all the same.
    pub executed_but_5xx: u64,
    /// Sum of the latencies of ok answers, nanoseconds.
    pub latency_ok_ns: u128,
    /// Sum of the latencies of all finished requests, nanoseconds.
    pub latency_all_ns: u128,
    /// Median, 90th, 99th percentile, 99.9th and largest latency of ok answers, nanoseconds;
    /// `None` without any.
    pub latency_quantiles_ns: Option<[u64; 5]>,
    /// Smallest `spec.replicas`.
    pub replicas_min: u32,
    /// Largest `spec.replicas`.
    pub replicas_max: u32,
    /// `spec.replicas` at the end.
    pub replicas_final: u32,
    /// The most pods at once, terminating ones included.
    pub max_pods: u32,
    /// Lifetimes of all pods added up, nanoseconds.
    pub pod_ns: u128,
    /// Length of the run, nanoseconds.
    pub end_ns: u64,
    /// Rollouts that began.
    pub rollouts: u32,
    /// Rollouts that did not end before the run did.
    pub rollouts_open: u32,
    /// The longest rollout that ended, nanoseconds.
    pub rollout_ns: Option<u64>,
    /// Drains, if there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drains: Option<Drains>,
    /// When a rollout had first not moved for `progressDeadlineSeconds`, nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_exceeded_ns: Option<u64>,
    /// What margins are made of.
    pub facts: RunFacts,
}

/// The quantiles of [`RunSummary::latency_quantiles_ns`].
const QUANTILES: [f64; 5] = [0.5, 0.9, 0.99, 0.999, 1.0];

impl RunSummary {
    /// The line of run number `run`, counted from 1.
    pub fn of(case: &Case, run: u32, result: &RunResult) -> RunSummary {
        let tally = &result.tally;
        let (replicas_min, replicas_max, replicas_final) = result.replicas;
        let rollouts = || result.timeline.rollouts.iter().filter(|r| r.deployment == 0);
        let rollout_ns = rollouts().filter_map(|r| Some(r.end?.since(r.start).0)).max();
        RunSummary {
            run,
            total: tally.arrived,
            ok: tally.ok(),
            lost: tally.lost(),
            in_flight_at_end: tally.in_flight_at_end,
            statuses: statuses(tally),
            causes: causes(tally),
            sent_twice: tally.sent_twice,
            executed_but_5xx: tally.executed_but_5xx,
            latency_ok_ns: tally.latency_ok.sum(),
            latency_all_ns: tally.latency_all_sum(),
            latency_quantiles_ns: (tally.latency_ok.count() > 0)
                .then(|| QUANTILES.map(|share| tally.latency_ok.quantile(share).unwrap_or_default())),
            replicas_min,
            replicas_max,
            replicas_final,
            max_pods: result.max_pods,
            pod_ns: result.pod_ns,
            end_ns: result.end.since(SimTime::START).0,
            rollouts: rollouts().count() as u32,
            rollouts_open: u32::from(result.timeline.rollout_open()),
            rollout_ns,
            drains: Drains::of(&case.spec, result),
            deadline_exceeded_ns: rollouts()
                .filter_map(|r| Some(r.deadline_exceeded?.since(SimTime::START).0))
                .min(),
            facts: RunFacts::of(case, result),
        }
    }

    /// Whether a rollout or a drain did not end before the run did.
    pub fn is_unfinished(&self) -> bool {
        self.rollouts_open > 0 || self.drains.as_ref().is_some_and(|drains| drains.open > 0)
    }

    /// Pods on average, terminating ones included: pod-hours per hour.
    pub fn mean_pods(&self) -> f64 {
        self.pod_ns as f64 / self.end_ns.max(1) as f64
    }

    /// How many requests were lost for this cause, whatever the status.
    pub fn lost_by(&self, cause: Cause) -> u64 {
        self.causes.iter().filter(|c| c.cause == cause).map(|c| c.count).sum()
    }

    /// How many requests of this method class were lost.
    pub fn lost_of(&self, method: Method) -> u64 {
        let posts: u64 = self.causes.iter().map(|c| c.posts).sum();
        match method {
            Method::Post => posts,
            Method::Get => self.lost - posts,
        }
    }
}

fn statuses(tally: &Tally) -> BTreeMap<Status, u64> {
    let counted = Status::ALL.iter().zip(&tally.statuses);
    counted.filter(|(_, n)| **n > 0).map(|(status, n)| (*status, *n)).collect()
}

fn causes(tally: &Tally) -> Vec<CauseCount> {
    let line = |(&(status, cause), tally): (&(Status, Cause), &crate::account::CauseTally)| CauseCount {
        status,
        cause,
        count: tally.count,
        posts: tally.posts,
    };
    tally.causes.iter().map(line).collect()
}
