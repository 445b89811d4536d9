//! What the controller remembers between reconciles. It lives in the controller's memory: a
//! restart or a change of leader forgets it.

use super::spec::{Behavior, Direction, ScalingRules};
use crate::units::{Nanos, SimTime};

/// Everything that one reconcile hands to the next.
///
/// The order of the lists matters: slots of entries that are too old are used again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Earlier proposals, before stabilization. `None` after a start of the controller: the next
    /// reconcile seeds it with the current size, so that nothing shrinks within the window.
    pub recommendations: Option<Vec<Recommendation>>,
    /// Earlier steps up; kept only under `behavior`.
    pub scale_up_events: Vec<ScaleEvent>,
    /// Earlier steps down; kept only under `behavior`.
    pub scale_down_events: Vec<ScaleEvent>,
}

/// One earlier proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recommendation {
    /// The size that the metrics proposed.
    pub replicas: i32,
    /// When.
    pub time: SimTime,
}

/// One earlier step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleEvent {
    /// By how many pods, positive in both directions.
    pub change: i32,
    /// When.
    pub time: SimTime,
    /// Whether the slot may be used again.
    pub outdated: bool,
}

impl History {
    /// The events of one direction.
    pub fn events(&self, direction: Direction) -> &[ScaleEvent] {
        match direction {
            Direction::Up => &self.scale_up_events,
            Direction::Down => &self.scale_down_events,
        }
    }

    fn events_mut(&mut self, direction: Direction) -> &mut Vec<ScaleEvent> {
        match direction {
            Direction::Up => &mut self.scale_up_events,
            Direction::Down => &mut self.scale_down_events,
        }
    }

    /// Remembers a step from `from` to `to`. Without `behavior` nobody asks for it later, so it
    /// is not kept.
    /// Source: horizontal.go storeScaleEvent, markScaleEventsOutdated.
    pub fn store_step(&mut self, behavior: Option<&Behavior>, from: i32, to: i32, now: SimTime) {
        let Some(behavior) = behavior else { return };
        let (direction, rules) = if to > from {
            (Direction::Up, &behavior.scale_up)
        } else {
            (Direction::Down, &behavior.scale_down)
        };
        let longest = longest_period(rules);
        let change = to.saturating_sub(from).saturating_abs();
        let events = self.events_mut(direction);
        for event in events.iter_mut().filter(|event| older(event.time, longest, now)) {
            event.outdated = true;
        }
        let event = ScaleEvent { change, time: now, outdated: false };
        store(events, event, |event| event.outdated);
    }

    /// Remembers a proposal; `outdated` says which entries no window reaches any more.
    /// Source: horizontal.go stabilizeRecommendation, stabilizeRecommendationWithBehaviors.
    pub(super) fn store_recommendation(
        &mut self,
        recommendation: Recommendation,
        outdated: impl Fn(SimTime) -> bool,
    ) {
        let list = self.recommendations.get_or_insert_default();
        store(list, recommendation, |earlier| outdated(earlier.time));
    }
}

/// Overwrites the last entry that is free, else appends.
fn store<T>(list: &mut Vec<T>, entry: T, free: impl Fn(&T) -> bool) {
    match list.iter_mut().rev().find(|earlier| free(earlier)) {
        Some(slot) => *slot = entry,
        None => list.push(entry),
    }
}

/// The longest period of the policies: events older than that are of no use.
fn longest_period(rules: &ScalingRules) -> Nanos {
    rules.policies.iter().map(|policy| policy.period).max().unwrap_or(Nanos::ZERO)
}

/// By how many pods the events of the last `period` changed the size, without sign.
/// Source: horizontal.go getReplicasChangePerPeriod.
pub fn change_in_period(events: &[ScaleEvent], period: Nanos, now: SimTime) -> i64 {
    events.iter().filter(|event| younger(event.time, period, now)).map(|event| i64::from(event.change)).sum()
}

/// Whether `time` lies less than `span` before `now`; exactly `span` is not younger.
pub(super) fn younger(time: SimTime, span: Nanos, now: SimTime) -> bool {
    time + span > now
}

/// Whether `time` lies more than `span` before `now`; exactly `span` is not older.
pub(super) fn older(time: SimTime, span: Nanos, now: SimTime) -> bool {
    time + span < now
}

#[cfg(test)]
mod tests {
    use super::super::spec::{PolicyKind, ScalingPolicy};
    use super::*;
    use proptest::prelude::*;

    const NOW: SimTime = SimTime(1_000_000_000_000);

    fn ago(seconds: u64) -> SimTime {
        NOW - Nanos::from_secs(seconds)
    }

    fn event(change: i32, age: u64) -> ScaleEvent {
        ScaleEvent { change, time: ago(age), outdated: false }
    }

    fn behavior(period: u64) -> Behavior {
        let policies = [period, period / 2].map(|seconds| ScalingPolicy {
            kind: PolicyKind::Pods,
            value: 10,
            period: Nanos::from_secs(seconds),
        });
        let rules = ScalingRules { policies: policies.to_vec(), ..ScalingRules::default_for(Direction::Up) };
        Behavior { scale_up: rules.clone(), scale_down: rules }
    }

    #[test]
    fn ages_equal_to_the_span_are_neither_younger_nor_older() {
        let minute = Nanos::from_secs(60);
        for (age, is_younger, is_older) in [(59, true, false), (60, false, false), (61, false, true)] {
            assert_eq!(younger(ago(age), minute, NOW), is_younger, "{age} s");
            assert_eq!(older(ago(age), minute, NOW), is_older, "{age} s");
        }
    }

    /// Source: kubernetes horizontal_test.go TestStoreScaleEvents.
    #[test]
    fn steps_use_the_last_outdated_slot() {
        let new = event(5, 0);
        for (name, behavior, before, change, after) in [
            ("nothing without behavior", None, vec![event(7, 61)], 0, vec![event(7, 61)]),
            ("first", Some(behavior(60)), vec![], 0, vec![new]),
            ("outdated is replaced", Some(behavior(60)), vec![event(7, 61)], 0, vec![new]),
            (
                "exactly one period old is kept",
                Some(behavior(60)),
                vec![event(7, 60)],
                0,
                vec![event(7, 60), new],
            ),
            ("young is kept", Some(behavior(60)), vec![event(7, 59)], 7, vec![event(7, 59), new]),
            (
                "of two outdated ones the last goes, the other is marked",
                Some(behavior(60)),
                vec![event(7, 61), event(6, 90), event(3, 10)],
                3,
                vec![ScaleEvent { outdated: true, ..event(7, 61) }, new, event(3, 10)],
            ),
        ] {
            for (from, to, direction) in [(10, 15, Direction::Up), (10, 5, Direction::Down)] {
                let mut history = History::default();
                *history.events_mut(direction) = before.clone();
                let sum = change_in_period(history.events(direction), Nanos::from_secs(60), NOW);
                assert_eq!(sum, change, "{name} {direction:?}");
                history.store_step(behavior.as_ref(), from, to, NOW);
                assert_eq!(history.events(direction), after, "{name} {direction:?}");
                let other = if direction == Direction::Up { Direction::Down } else { Direction::Up };
                assert!(history.events(other).is_empty(), "{name} {direction:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn lists_stay_as_short_as_the_longest_period_allows(gaps in prop::collection::vec(1_u64..40, 1..200)) {
            let rules = behavior(60);
            let (mut history, mut now) = (History::default(), NOW);
            for gap in gaps {
                now += Nanos::from_secs(gap);
                history.store_step(Some(&rules), 1, 2, now);
                history.store_recommendation(Recommendation { replicas: 2, time: now }, |time| {
                    older(time, Nanos::from_secs(60), now)
                });
            }
            // At most one entry per second of the period, and one that just fell out of it.
            prop_assert!(history.scale_up_events.len() <= 62);
            prop_assert!(history.recommendations.unwrap().len() <= 62);
        }
    }
}
