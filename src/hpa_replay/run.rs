//! The replay itself: one sync after the other.

use super::assign::Input;
use super::feed::{Shares, cursors, old_pod, pod, requests, samples};
use super::recording::{Cursor, Series};
use crate::model::hpa::{
    self, Conditions, Decision, History, HpaSpec, LimitReason, Options, Path, PodRequests, PodView, Samples,
    Scale, Status, decide,
};
use crate::units::{Nanos, SimTime};

/// Whose number of pods counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// The replay's own: every decision changes it, and the recorded load is shared by these pods.
    Replay,
    /// The recorded one: every decision starts from what really ran, and the metric is what it was.
    Recorded,
}

/// What to replay.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// The autoscaler.
    pub hpa: &'a HpaSpec,
    /// Flags and version of the controller.
    pub options: &'a Options,
    /// `--horizontal-pod-autoscaler-sync-period`.
    pub sync_period: Nanos,
    /// What feeds each metric, in the order of the spec.
    pub inputs: &'a [Input],
    /// How many pods there were.
    pub fleet: Option<&'a Series>,
    /// Whose number of pods counts.
    pub follow: Follow,
    /// From a pod being asked for to it being ready. Only under [`Follow::Replay`].
    pub startup: Nanos,
    /// The size at the beginning; without it what was recorded, else where the autoscaler comes
    /// to rest under the first numbers.
    pub initial: Option<i32>,
}

/// One sync.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// When.
    pub at: SimTime,
    /// The size before.
    pub current: i32,
    /// Pods that were ready.
    pub ready: i32,
    /// The greatest ratio of a metric to its target, as far as any metric had one.
    pub ratio: Option<f64>,
    /// The metric behind the proposal.
    pub winner: Option<usize>,
    /// The largest proposal of the metrics.
    pub proposal: Option<i32>,
    /// What stabilization left of it.
    pub stabilized: Option<i32>,
    /// The size afterwards.
    pub desired: i32,
    /// What stabilization did; Kubernetes' reason of condition AbleToScale before a rescale.
    pub able: &'static str,
    /// What limited the size.
    pub limit: LimitReason,
    /// Which way the decision took.
    pub path: Path,
    /// Whether a metric failed.
    pub failed: bool,
}

/// What a replay cannot know, and what it put in the place of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The metric is taken as recorded although it would have moved with the replicas.
    pub metric_stays: bool,
    /// The recorded load is divided evenly by the replay's pods.
    pub load_is_shared: bool,
    /// A Value target's metric does not follow the size and stays as recorded.
    pub value_stays: bool,
    /// The recorded number of pods is used as it was, at the time of the metric.
    pub uses_fleet: bool,
}

/// Why there is no replay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// No row fits a metric.
    #[error("no row feeds metric `{metric}`: name a row or column so; the recording has {rows}")]
    NoRow {
        /// The metric.
        metric: String,
        /// The rows there are.
        rows: String,
    },
    /// Several rows fit a metric and they are not its pods.
    #[error("several rows feed metric `{metric}`: add them up in the query (sum or avg); there are {rows}")]
    SeveralRows {
        /// The metric.
        metric: String,
        /// Some of them.
        rows: String,
    },
    /// Percentages under a target that knows no request.
    #[error(
        "metric `{metric}` is held to a value, not to a share of requests: --values {counts} does not fit, write per-pod or total"
    )]
    NoRequest {
        /// The metric.
        metric: String,
        /// What was asked for.
        counts: &'static str,
    },
    /// Amounts under a Utilization target.
    #[error(
        "metric `{metric}` is held to a share of requests and --values is {counts}: give --capacity, what one pod does at 100 % of its request in the unit of the recording"
    )]
    NoCapacity {
        /// The metric.
        metric: String,
        /// What was asked for.
        counts: &'static str,
    },
    /// The number of pods is needed and nobody says it.
    #[error(
        "the recording does not say how many pods there were, and a mean per pod means nothing without: add a row `replicas`, or say --replicas N, or record the load of all pods together and give --values total"
    )]
    NoFleet,
    /// Nothing to step through.
    #[error("the rows have no time in common")]
    NoOverlap,
    /// The sync period is not above zero.
    #[error("the sync period must be above zero")]
    NoPeriod,
}

impl Setup<'_> {
    /// What follows from the kind of replay.
    pub fn limits(&self) -> Limits {
        let recorded = self.follow == Follow::Recorded;
        let values = |metric: &hpa::MetricSpec| {
            metric.target.average_value.is_none()
                && metric.target.average_utilization.is_none()
                && metric.target.value.is_some()
        };
        Limits {
            metric_stays: recorded,
            load_is_shared: !recorded,
            value_stays: !recorded && self.hpa.metrics.iter().any(values),
            uses_fleet: recorded || self.inputs.iter().any(|input| !input.is_total()),
        }
    }

    /// The first sync and the end of the recording: where every row has begun and not all ended.
    fn span(&self) -> Result<(SimTime, SimTime), ReplayError> {
        if self.sync_period == Nanos::ZERO {
            return Err(ReplayError::NoPeriod);
        }
        let rows = || self.inputs.iter().map(|input| &input.values).chain(self.needed_fleet());
        let first = rows().map(|row| row.points.first().map(|point| point.at)).max().flatten();
        let last = rows().filter_map(|row| row.points.last()).map(|point| point.at).min();
        match (first, last) {
            (Some(first), Some(last)) if first <= last => Ok((first, last)),
            _ => Err(ReplayError::NoOverlap),
        }
    }

    fn needed_fleet(&self) -> Option<&Series> {
        self.fleet.filter(|_| self.limits().uses_fleet)
    }
}

/// Steps through the recording.
///
/// # Errors
/// A [`ReplayError`] if the recording does not hold what this kind of replay needs.
pub fn replay(setup: &Setup<'_>) -> Result<Vec<Step>, ReplayError> {
    if setup.fleet.is_none() && setup.limits().uses_fleet {
        return Err(ReplayError::NoFleet);
    }
    let (first, last) = setup.span()?;
    let mut replayer = Replayer::new(setup);
    replayer.settle_in(first);
    let syncs = last.since(first).0 / setup.sync_period.0 + 1;
    let mut steps = Vec::with_capacity(usize::try_from(syncs).unwrap_or(0));
    let mut now = first;
    while now <= last {
        steps.push(replayer.sync(now));
        now += setup.sync_period;
    }
    Ok(steps)
}

/// The state of a replay between two syncs.
#[derive(Debug)]
pub(super) struct Replayer<'a> {
    setup: Setup<'a>,
    requests: [PodRequests; 1],
    pub(super) rows: Vec<Cursor<'a>>,
    pub(super) fleet: Option<Cursor<'a>>,
    pods: Vec<PodView>,
    pub(super) history: History,
    pub(super) conditions: Conditions,
}

impl<'a> Replayer<'a> {
    pub(super) fn new(setup: &Setup<'a>) -> Replayer<'a> {
        Replayer {
            setup: *setup,
            requests: [requests(setup.hpa, setup.options)],
            rows: cursors(setup.inputs),
            fleet: setup.fleet.map(Cursor::new),
            pods: Vec::new(),
            history: History::default(),
            conditions: Conditions::default(),
        }
    }

    /// The size at the beginning, of pods that have long been ready.
    fn settle_in(&mut self, first: SimTime) {
        let bounds = |size: i32| size.clamp(self.setup.hpa.min_replicas, self.setup.hpa.max_replicas);
        let recorded = self.fleet_at(first).map(whole);
        if let Some(size) = self.setup.initial.or(recorded) {
            self.pods = vec![old_pod(); usize::try_from(size).unwrap_or(0)];
            return;
        }
        // Where it comes to rest: every step taken at once, from the smallest size on.
        let mut calm = self.setup.hpa.clone();
        calm.behavior = None;
        let mut size = bounds(1);
        for _ in 0..64 {
            self.pods = vec![old_pod(); usize::try_from(size).unwrap_or(0)];
            self.history = History { recommendations: Some(Vec::new()), ..History::default() };
            let next = self.decide(&calm, first).desired_replicas;
            if next == size {
                break;
            }
            size = next;
        }
        self.history = History::default();
        self.conditions = Conditions::default();
    }

    fn fleet_at(&mut self, now: SimTime) -> Option<f64> {
        Some(self.fleet.as_mut()?.at(now)?.value)
    }

    /// Sets the size to what really ran, all pods long ready.
    pub(super) fn set_size(&mut self, size: i32) {
        self.pods.resize(usize::try_from(size).unwrap_or(0), old_pod());
    }

    /// One sync.
    fn sync(&mut self, now: SimTime) -> Step {
        let follows_recording = self.setup.follow == Follow::Recorded;
        if follows_recording && let Some(pods) = self.fleet_at(now) {
            self.set_size(whole(pods));
        }
        let ready = self.grow_up(now);
        let current = i32::try_from(self.pods.len()).unwrap_or(i32::MAX);
        let decision = self.decide(self.setup.hpa, now);
        let step = step_of(now, current, ready, &decision);
        if !follows_recording {
            let size = usize::try_from(step.desired).unwrap_or(0);
            // The youngest go first, as the ReplicaSet has it.
            self.pods.resize(size, pod(now));
        }
        (self.history, self.conditions) = (decision.history, decision.conditions);
        step
    }

    /// Marks pods as ready whose time has come; gives how many are.
    fn grow_up(&mut self, now: SimTime) -> i32 {
        let mut waiting = 0;
        // Pods are in the order of their age, so those that wait stand at the end.
        for pod in self.pods.iter_mut().rev().take_while(|pod| pod.ready != Some(Status::True)) {
            let due = pod.start_time.unwrap_or(SimTime(0)) + self.setup.startup;
            if due <= now {
                (pod.ready, pod.ready_transition) = (Some(Status::True), due);
            } else {
                waiting += 1;
            }
        }
        i32::try_from(self.pods.len()).unwrap_or(i32::MAX) - waiting
    }

    /// What the metrics APIs answer now.
    pub(super) fn answers(&mut self, hpa: &HpaSpec, now: SimTime) -> Vec<Samples> {
        let recorded = self.fleet_at(now);
        let waiting = self.pods.iter().rev().take_while(|pod| pod.ready != Some(Status::True)).count();
        let shares = Shares {
            serving: self.pods.len() - waiting,
            recorded,
            reshare: self.setup.follow == Follow::Replay,
        };
        let rows = self.rows.iter_mut().zip(self.setup.inputs).zip(&hpa.metrics);
        rows.map(|((row, input), metric)| samples(metric, input, row.at(now), &self.pods, shares, now))
            .collect()
    }

    fn decide(&mut self, hpa: &HpaSpec, now: SimTime) -> Decision {
        let samples = self.answers(hpa, now);
        self.decide_on(hpa, &samples, now)
    }

    /// The decision on given answers; changes nothing.
    pub(super) fn decide_on(&self, hpa: &HpaSpec, samples: &[Samples], now: SimTime) -> Decision {
        let size = i32::try_from(self.pods.len()).unwrap_or(i32::MAX);
        decide(&hpa::Input {
            now,
            options: self.setup.options,
            hpa,
            scale: Scale { spec_replicas: size, status_replicas: size },
            pods: &self.pods,
            requests: &self.requests,
            samples,
            history: &self.history,
            conditions: &self.conditions,
        })
    }

    /// What the APIs would have answered if every row had said what it said one point earlier
    /// (or later). `None` at the ends of the recording.
    pub(super) fn answers_beside(&mut self, later: bool, now: SimTime) -> Option<Vec<Samples>> {
        let recorded = self.fleet_at(now);
        let shares = Shares { serving: self.pods.len(), recorded, reshare: false };
        let rows = self.rows.iter().zip(self.setup.inputs).zip(&self.setup.hpa.metrics);
        rows.map(|((row, input), metric)| {
            let point = if later { row.later() } else { row.earlier() }?;
            Some(samples(metric, input, Some(point), &self.pods, shares, now))
        })
        .collect()
    }
}

pub(super) fn step_of(at: SimTime, current: i32, ready: i32, decision: &Decision) -> Step {
    let ratios = decision.metrics.iter().filter_map(|metric| metric.result.ok());
    let ratio = ratios.map(|proposal| proposal.first_ratio).reduce(f64::max);
    let normalized = decision.normalized;
    Step {
        at,
        current,
        ready,
        ratio,
        winner: decision.winner,
        proposal: decision.proposal,
        stabilized: normalized.map(|n| n.stabilized),
        desired: decision.desired_replicas,
        able: normalized.map_or("SucceededGetScale", |n| n.able_reason),
        limit: normalized.map_or(LimitReason::DesiredWithinRange, |n| n.limited.reason),
        path: decision.path,
        failed: decision.failed,
    }
}

/// A recorded number of pods; means over a scrape interval are rounded.
pub(super) fn whole(pods: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, and that is meant")]
    let pods = pods.round() as i32;
    pods.max(0)
}
