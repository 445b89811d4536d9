//! Run 1 in detail, in times of the run: what timelines and pictures are drawn from.

use serde::{Deserialize, Serialize};

use super::drains::DrainSpan;
use super::scaling::{self, HpaStep, ScaleOutSpan, Scaler};
use crate::account::Series;
use crate::sim::spec::SimSpec;
use crate::sim::{PodCounts, PodRecord, RolloutRecord, RunResult};
use crate::units::SimTime;

/// Run 1. All times are nanoseconds since the beginning of the run, negative before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstRun {
    /// Length of the run.
    pub end_ns: i64,
    /// Pods by number.
    pub pods: Vec<PodLife>,
    /// Changes of the counts.
    pub counts: Vec<CountsAt>,
    /// Changes of `spec.replicas` of the first deployment: when and how many.
    pub desired: Vec<(i64, u32)>,
    /// Rollouts in order.
    pub rollouts: Vec<RolloutSpan>,
    /// Drains in order.
    pub drains: Vec<DrainSpan>,
    /// The first deployment's autoscaler.
    pub scaler: Option<Scaler>,
    /// Every reconcile of it.
    pub hpa: Vec<HpaStep>,
    /// Every step up of it.
    pub scale_outs: Vec<ScaleOutSpan>,
    /// Requests per second of this run.
    pub series: Series,
    /// Which pod lost how many requests when, ordered by pod and time.
    pub pod_losses: Vec<PodLoss>,
}

/// Requests lost on one pod in a short stretch of time, a second in runs of ordinary size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodLoss {
    /// The pod's number.
    pub pod: u32,
    /// Their mean time.
    pub at_ns: i64,
    /// How many.
    pub count: u64,
}

/// Milestones of one pod; `None` for what did not happen. See [`PodRecord`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodLife {
    /// Index of its deployment.
    pub deployment: u16,
    /// Revision of its template.
    pub revision: u32,
    /// Written to the API.
    pub created_ns: i64,
    /// Bound to a node.
    pub bound_ns: Option<i64>,
    /// First process of the container that requests enter by started.
    pub started_ns: Option<i64>,
    /// First listening.
    pub listening_ns: Option<i64>,
    /// First Ready in the API.
    pub ready_ns: Option<i64>,
    /// First listed by a front-end process.
    pub listed_ns: Option<i64>,
    /// No longer listed by any, for good.
    pub unlisted_ns: Option<i64>,
    /// Before that: from when to when it was out of every list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absences_ns: Vec<(i64, i64)>,
    /// No Service selected it any more, before its deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deselected_ns: Option<i64>,
    /// DELETE. The milestones that follow are those of the pod's own end, not of restarts in place.
    pub deleted_ns: Option<i64>,
    /// First preStop hook began.
    pub hook_began_ns: Option<i64>,
    /// Stop signal to the container that requests enter by.
    pub signalled_ns: Option<i64>,
    /// Its listener closed gracefully.
    pub closed_ns: Option<i64>,
    /// Its process ended.
    pub exited_ns: Option<i64>,
    /// SIGKILL was needed.
    pub killed_ns: Option<i64>,
    /// Object and address gone.
    pub gone_ns: Option<i64>,
    /// Its node died.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_ns: Option<i64>,
}

/// How many pods are in which state, from `at_ns` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountsAt {
    /// Since when.
    pub at_ns: i64,
    /// Not terminating and not ready.
    pub starting: u32,
    /// Not terminating and ready.
    pub ready: u32,
    /// Terminating.
    pub terminating: u32,
    /// Listed by at least one front-end process.
    pub in_rotation: u32,
}

/// One rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolloutSpan {
    /// When the template changed.
    pub start_ns: i64,
    /// When all pods were new and available and no other was left.
    pub end_ns: Option<i64>,
    /// When the controller found that nothing had moved for `progressDeadlineSeconds`, for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_exceeded_ns: Option<i64>,
}

impl From<&RolloutRecord> for RolloutSpan {
    fn from(record: &RolloutRecord) -> RolloutSpan {
        RolloutSpan {
            start_ns: ns(record.start),
            end_ns: record.end.map(ns),
            deadline_exceeded_ns: record.deadline_exceeded.map(ns),
        }
    }
}

/// Since the beginning of the run.
pub(super) fn ns(at: SimTime) -> i64 {
    at.0 as i64 - SimTime::START.0 as i64
}

impl FirstRun {
    /// Takes what a result keeps.
    pub fn of(spec: &SimSpec, result: &RunResult) -> FirstRun {
        let timeline = &result.timeline;
        let hpa = spec.deployments.first().and_then(|deployment| deployment.hpa.as_ref());
        FirstRun {
            end_ns: ns(result.end),
            pods: timeline.pods.iter().map(pod).collect(),
            counts: timeline.counts.iter().map(counts).collect(),
            desired: timeline.desired.iter().filter(|d| d.1 == 0).map(|d| (ns(d.0), d.2)).collect(),
            rollouts: timeline.rollouts.iter().filter(|r| r.deployment == 0).map(RolloutSpan::from).collect(),
            drains: DrainSpan::all(spec, &timeline.drains),
            scaler: hpa.map(|hpa| Scaler::of(&hpa.spec)),
            hpa: hpa.map_or_else(Vec::new, |hpa| scaling::steps(&hpa.spec, timeline)),
            scale_outs: scaling::scale_outs(timeline),
            series: result.tally.series.clone(),
            pod_losses: result.tally.pod_losses.iter().map(PodLoss::from).collect(),
        }
    }

    /// The pods at an instant: none before the first count.
    pub fn counts_at(&self, at_ns: i64) -> CountsAt {
        let after = self.counts.partition_point(|counts| counts.at_ns <= at_ns);
        let none = CountsAt { at_ns, starting: 0, ready: 0, terminating: 0, in_rotation: 0 };
        after.checked_sub(1).map_or(none, |last| self.counts[last])
    }

    /// `spec.replicas` at an instant.
    pub fn desired_at(&self, at_ns: i64) -> Option<u32> {
        let after = self.desired.partition_point(|desired| desired.0 <= at_ns);
        after.checked_sub(1).map(|last| self.desired[last].1)
    }
}

impl From<(u32, u64, u64)> for PodLoss {
    fn from((pod, at, count): (u32, u64, u64)) -> PodLoss {
        PodLoss { pod, at_ns: i64::try_from(at).unwrap_or(i64::MAX), count }
    }
}

fn pod(record: &PodRecord) -> PodLife {
    PodLife {
        deployment: record.deployment,
        revision: record.revision,
        created_ns: ns(record.created),
        bound_ns: record.bound.map(ns),
        started_ns: record.started.map(ns),
        listening_ns: record.listening.map(ns),
        ready_ns: record.ready.map(ns),
        listed_ns: record.listed.map(ns),
        unlisted_ns: record.unlisted.map(ns),
        absences_ns: record.absences.iter().map(|(from, to)| (ns(*from), ns(*to))).collect(),
        deleted_ns: record.deleted.map(ns),
        hook_began_ns: record.hook_began.map(ns),
        signalled_ns: record.signalled.map(ns),
        closed_ns: record.closed.map(ns),
        exited_ns: record.exited.map(ns),
        killed_ns: record.killed.map(ns),
        gone_ns: record.gone.map(ns),
        lost_ns: record.lost.map(ns),
        deselected_ns: record.deselected.map(ns),
    }
}

fn counts(counts: &PodCounts) -> CountsAt {
    CountsAt {
        at_ns: ns(counts.at),
        starting: counts.starting,
        ready: counts.ready,
        terminating: counts.terminating,
        in_rotation: counts.in_rotation,
    }
}
