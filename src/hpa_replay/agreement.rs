//! A replay beside what the real controller did.

use super::recording::{Cursor, Series};
use super::run::{Follow, ReplayError, Replayer, Setup, Step, whole};
use crate::model::hpa::Path;
use crate::units::{Nanos, SimTime};

/// How often the replay decides as the real controller did. Every decision starts from the size
/// that really was, so that one difference does not cause the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agreement {
    /// Intervals between two observed sizes.
    pub compared: u64,
    /// Of these, how many end with the size that the replay sets.
    pub equal: u64,
    /// Of these, how many had a change, real or replayed.
    pub changes: u64,
    /// Changes on which both agree.
    pub equal_changes: u64,
    /// The rest, in order of time.
    pub differences: Vec<Difference>,
}

/// One interval that ends otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The replay's last sync in the interval.
    pub step: Step,
    /// The size before.
    pub before: i32,
    /// The size that the replay sets.
    pub replayed: i32,
    /// The size that was observed.
    pub observed: i32,
    /// The likeliest explanation.
    pub reason: DifferenceReason,
}

/// Why a decision may differ from the real one, the first that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceReason {
    /// The recording has no number there.
    NoMetric,
    /// The observed size lies outside this autoscaler's bounds: it had others then, or somebody
    /// set the size by hand.
    OutsideBounds,
    /// The real controller did the same in the next interval.
    OneIntervalLater,
    /// With the number one point earlier or later both agree: the controller saw another sample.
    SampleAge,
    /// The controller remembered proposals or steps from before the recording.
    EarlierMemory,
    /// Nothing in the recording explains it: pods without a sample or not ready, another metric,
    /// another object at that time.
    Unexplained,
}

impl DifferenceReason {
    /// All of them, in the order in which they are tried.
    pub const ALL: [DifferenceReason; 6] = [
        DifferenceReason::NoMetric,
        DifferenceReason::OutsideBounds,
        DifferenceReason::OneIntervalLater,
        DifferenceReason::SampleAge,
        DifferenceReason::EarlierMemory,
        DifferenceReason::Unexplained,
    ];

    /// The name in machine-readable output.
    pub fn as_str(self) -> &'static str {
        match self {
            DifferenceReason::NoMetric => "no-metric",
            DifferenceReason::OutsideBounds => "outside-bounds",
            DifferenceReason::OneIntervalLater => "one-interval-later",
            DifferenceReason::SampleAge => "sample-age",
            DifferenceReason::EarlierMemory => "earlier-memory",
            DifferenceReason::Unexplained => "unexplained",
        }
    }
}

/// One interval between two observed sizes, as the replay saw it.
#[derive(Clone, Copy, Debug)]
struct Interval {
    step: Step,
    before: i32,
    replayed: i32,
    observed: i32,
    agrees_beside: bool,
}

/// Holds the replay against the observed sizes (`status.desiredReplicas` or `spec.replicas`).
///
/// # Errors
/// A [`ReplayError`] if the recordings have no time in common.
pub fn compare_with_observed(setup: &Setup<'_>, observed: &Series) -> Result<Agreement, ReplayError> {
    if setup.sync_period == Nanos::ZERO {
        return Err(ReplayError::NoPeriod);
    }
    let setup = Setup { follow: Follow::Recorded, fleet: Some(observed), ..*setup };
    let intervals = intervals(&setup, observed);
    let Some(first) = intervals.first().map(|interval| interval.step.at) else {
        return Err(ReplayError::NoOverlap);
    };
    let remembered = first + memory_of(&setup);
    let mut agreement = Agreement::default();
    for (index, interval) in intervals.iter().enumerate() {
        let &Interval { step, before, replayed, observed, .. } = interval;
        let changed = observed != before || replayed != before;
        agreement.compared += 1;
        agreement.changes += u64::from(changed);
        if replayed == observed {
            agreement.equal += 1;
            agreement.equal_changes += u64::from(changed);
            continue;
        }
        let next = intervals.get(index + 1);
        let acts_next = replayed != before
            && next.is_some_and(|next| next.before == observed && next.observed == replayed);
        let reason = if step.path == Path::Metrics && step.proposal.is_none() {
            DifferenceReason::NoMetric
        } else if !(setup.hpa.min_replicas..=setup.hpa.max_replicas).contains(&observed) {
            DifferenceReason::OutsideBounds
        } else if acts_next {
            DifferenceReason::OneIntervalLater
        } else if interval.agrees_beside {
            DifferenceReason::SampleAge
        } else if step.at < remembered {
            DifferenceReason::EarlierMemory
        } else {
            DifferenceReason::Unexplained
        };
        agreement.differences.push(Difference { step, before, replayed, observed, reason });
    }
    Ok(agreement)
}

/// How far back a decision can look.
fn memory_of(setup: &Setup<'_>) -> Nanos {
    let cluster = setup.options.downscale_stabilization;
    let Some(behavior) = &setup.hpa.behavior else { return cluster };
    let periods = [&behavior.scale_up, &behavior.scale_down].into_iter().flat_map(|rules| {
        rules.policies.iter().map(|policy| policy.period).chain(rules.stabilization_window)
    });
    periods.fold(cluster, Nanos::max)
}

fn intervals(setup: &Setup<'_>, observed: &Series) -> Vec<Interval> {
    let mut replayer = Replayer::new(setup);
    let mut intervals = Vec::new();
    for pair in observed.points.windows(2) {
        let (before, after) = (whole(pair[0].value), whole(pair[1].value));
        let Some(interval) = interval(&mut replayer, setup, (pair[0].at, pair[1].at), (before, after)) else {
            continue;
        };
        intervals.push(interval);
    }
    intervals
}

/// The syncs from one observed size up to the next. `None` before the recording of the metric.
fn interval(
    replayer: &mut Replayer<'_>,
    setup: &Setup<'_>,
    (from, until): (SimTime, SimTime),
    (before, observed): (i32, i32),
) -> Option<Interval> {
    let covered = |row: &Cursor<'_>| row.clone().at(from).is_some() || row.earlier().is_some();
    if !replayer.rows.iter().all(covered) {
        return None;
    }
    let (mut size, mut now, mut last) = (before, from, None);
    while now < until {
        replayer.set_size(size);
        let answers = replayer.answers(setup.hpa, now);
        let decision = replayer.decide_on(setup.hpa, &answers, now);
        let step = super::run::step_of(now, size, size, &decision);
        let agrees_beside = decision.desired_replicas != observed
            && [false, true].into_iter().any(|later| {
                let beside = replayer.answers_beside(later, now);
                beside.is_some_and(|answers| {
                    replayer.decide_on(setup.hpa, &answers, now).desired_replicas == observed
                })
            });
        size = decision.desired_replicas;
        (replayer.history, replayer.conditions) = (decision.history, decision.conditions);
        last = Some((step, agrees_beside));
        now += setup.sync_period;
    }
    let (step, agrees_beside) = last?;
    Some(Interval { step, before, replayed: size, observed, agrees_beside })
}
