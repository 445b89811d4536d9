//! Speed limits: how far one step may go under `behavior`.
//!
//! Source: horizontal.go calculateScaleUpLimitWithScalingRules,
//! calculateScaleDownLimitWithBehaviors and convertDesiredReplicasWithBehaviorRate.

use super::history::{History, change_in_period};
use super::normalize::{LimitReason, Limited};
use super::replicas::{ceil_i32, trunc_i32};
use super::spec::{Behavior, Direction, PolicyKind, ScalingPolicy, ScalingRules, SelectPolicy};
use crate::units::SimTime;

/// How far the policies of one direction let the size go. May be negative or on the wrong side of
/// the current size: [`rate_limit`] repairs that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyLimit {
    /// The furthest size.
    pub replicas: i32,
    /// Index of the policy that decides; `None` where the direction is disabled or has none.
    pub policy: Option<usize>,
}

/// The limit of one direction.
///
/// Each policy counts from the size at the start of its period, that is without the steps of both
/// directions since. Max takes the policy with the largest change, Min the one with the smallest;
/// of equals the first is named.
pub fn policy_limit(
    direction: Direction,
    current: i32,
    rules: &ScalingRules,
    history: &History,
    now: SimTime,
) -> PolicyLimit {
    let largest_wins = match (rules.select_policy, direction) {
        (SelectPolicy::Disabled, _) => return PolicyLimit { replicas: current, policy: None },
        (SelectPolicy::Max, Direction::Up) | (SelectPolicy::Min, Direction::Down) => true,
        (SelectPolicy::Min, Direction::Up) | (SelectPolicy::Max, Direction::Down) => false,
    };
    let mut best: Option<PolicyLimit> = None;
    for (index, policy) in rules.policies.iter().enumerate() {
        let replicas = limit_of(policy, direction, current, history, now);
        let wins = best.is_none_or(|best| match largest_wins {
            true => replicas > best.replicas,
            false => replicas < best.replicas,
        });
        if wins {
            best = Some(PolicyLimit { replicas, policy: Some(index) });
        }
    }
    // The API server refuses an empty list of policies. The controller would be left with the
    // number it starts the comparison from.
    let start = if largest_wins { i32::MIN } else { i32::MAX };
    best.unwrap_or(PolicyLimit { replicas: start, policy: None })
}

/// Rounding favours change in both directions: 10 % of one pod takes it away, 1 % of three adds one.
fn limit_of(
    policy: &ScalingPolicy,
    direction: Direction,
    current: i32,
    history: &History,
    now: SimTime,
) -> i32 {
    let added = change_in_period(&history.scale_up_events, policy.period, now);
    let removed = change_in_period(&history.scale_down_events, policy.period, now);
    let start = i64::from(current) - added + removed;
    let share = f64::from(policy.value) / 100.0;
    match (policy.kind, direction) {
        (PolicyKind::Pods, Direction::Up) => clamp_i32(start + i64::from(policy.value)),
        (PolicyKind::Pods, Direction::Down) => clamp_i32(start - i64::from(policy.value)),
        (PolicyKind::Percent, Direction::Up) => ceil_i32(start as f64 * (1.0 + share)),
        (PolicyKind::Percent, Direction::Down) => trunc_i32(start as f64 * (1.0 - share)),
    }
}

fn clamp_i32(value: i64) -> i32 {
    let bound = if value < 0 { i32::MIN } else { i32::MAX };
    i32::try_from(value).unwrap_or(bound)
}

/// Cuts a step from `current` to `want` to what policies and bounds allow.
pub fn rate_limit(
    current: i32,
    want: i32,
    (min, max): (i32, i32),
    behavior: &Behavior,
    history: &History,
    now: SimTime,
) -> Limited {
    let limit = |direction, rules| policy_limit(direction, current, rules, history, now);
    if want > current {
        let limit = limit(Direction::Up, &behavior.scale_up);
        // A limit below the current size means that the period's changes are used up.
        let furthest = limit.replicas.max(current);
        let (allowed, reason) = if max > furthest {
            (furthest, LimitReason::ScaleUpLimit)
        } else {
            (max, LimitReason::TooManyReplicas)
        };
        if want > allowed {
            return Limited { replicas: allowed, reason, policy: limit.policy };
        }
    } else if want < current {
        let limit = limit(Direction::Down, &behavior.scale_down);
        let furthest = limit.replicas.min(current);
        let (allowed, reason) = if min < furthest {
            (furthest, LimitReason::ScaleDownLimit)
        } else {
            (min, LimitReason::TooFewReplicas)
        };
        if want < allowed {
            return Limited { replicas: allowed, reason, policy: limit.policy };
        }
    }
    Limited { replicas: want, reason: LimitReason::DesiredWithinRange, policy: None }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{Direction, ScaleEvent};
    use super::*;
    use crate::units::Nanos;
    use proptest::prelude::*;

    fn event(change: i32, age: u64) -> ScaleEvent {
        ScaleEvent { change, time: ago(age), outdated: false }
    }

    fn policy(kind: PolicyKind, value: i32, period: u64) -> ScalingPolicy {
        ScalingPolicy { kind, value, period: Nanos::from_secs(period) }
    }

    /// Source: kubernetes horizontal_test.go TestCalculateScaleUpLimitWithScalingRules,
    /// TestCalculateScaleDownLimitWithBehaviors, TestConvertDesiredReplicasWithBehaviorRate; the
    /// doubles are worked out by hand.
    #[test]
    fn how_far_policies_let_go() {
        use Direction::{Down, Up};
        use PolicyKind::{Percent, Pods};
        use SelectPolicy::{Disabled, Max, Min};
        let mixed = vec![policy(Pods, 2, 60), policy(Percent, 50, 60)];
        let none = History::default;
        let up = |events: Vec<ScaleEvent>| History { scale_up_events: events, ..none() };
        let down = |events: Vec<ScaleEvent>| History { scale_down_events: events, ..none() };
        let one = |kind, value| vec![policy(kind, value, 60)];
        for (name, direction, current, select, policies, history, want) in [
            ("up max takes the larger", Up, 10, Max, mixed.clone(), none(), (15, Some(1))),
            ("up min takes the smaller", Up, 10, Min, mixed.clone(), none(), (12, Some(0))),
            ("down max takes the larger change", Down, 10, Max, mixed.clone(), none(), (5, Some(1))),
            ("down min takes the smaller change", Down, 10, Min, mixed.clone(), none(), (8, Some(0))),
            ("of equals the first", Down, 4, Max, mixed.clone(), none(), (2, Some(0))),
            ("of equals the first, up", Up, 4, Max, mixed.clone(), none(), (6, Some(0))),
            ("disabled up", Up, 10, Disabled, mixed.clone(), none(), (10, None)),
            ("disabled down", Down, 10, Disabled, mixed, none(), (10, None)),
            ("no policies", Up, 10, Max, vec![], none(), (i32::MIN, None)),
            ("no policies, down", Down, 10, Max, vec![], none(), (i32::MAX, None)),
            ("no policies, the smallest", Up, 10, Min, vec![], none(), (i32::MAX, None)),
            ("no policies, the smallest down", Down, 10, Min, vec![], none(), (i32::MIN, None)),
            ("1 % of 3 adds one", Up, 3, Max, one(Percent, 1), none(), (4, Some(0))),
            ("10 % of 100 up, in doubles", Up, 100, Max, one(Percent, 10), none(), (111, Some(0))),
            ("80 % of 100 down, in doubles", Down, 100, Max, one(Percent, 80), none(), (19, Some(0))),
            ("10 % of 1 takes it away", Down, 1, Max, one(Percent, 10), none(), (0, Some(0))),
            ("zero percent up", Up, 7, Max, one(Percent, 0), none(), (7, Some(0))),
            ("zero percent down", Down, 7, Max, one(Percent, 0), none(), (7, Some(0))),
            ("from zero by pods", Up, 0, Max, one(Pods, 4), none(), (4, Some(0))),
            ("from zero by percent", Up, 0, Max, one(Percent, 900), none(), (0, Some(0))),
            (
                "used up by earlier steps",
                Up,
                10,
                Max,
                one(Pods, 4),
                up(vec![event(3, 59), event(1, 10)]),
                (10, Some(0)),
            ),
            (
                "exactly one period ago is over",
                Up,
                10,
                Max,
                one(Pods, 4),
                up(vec![event(3, 60)]),
                (14, Some(0)),
            ),
            ("more than used up", Up, 10, Max, one(Pods, 4), up(vec![event(7, 1)]), (7, Some(0))),
            ("steps down give room up", Up, 10, Max, one(Pods, 4), down(vec![event(3, 1)]), (17, Some(0))),
            ("used up downwards", Down, 10, Max, one(Pods, 4), down(vec![event(3, 1)]), (9, Some(0))),
            ("steps up give room down", Down, 10, Max, one(Pods, 4), up(vec![event(3, 1)]), (3, Some(0))),
            (
                "percent of the start, up",
                Up,
                15,
                Max,
                one(Percent, 100),
                up(vec![event(5, 1)]),
                (20, Some(0)),
            ),
            (
                "percent of the start, down",
                Down,
                10,
                Max,
                one(Percent, 50),
                down(vec![event(10, 1)]),
                (10, Some(0)),
            ),
            ("negative", Down, 10, Max, one(Pods, 400), none(), (-390, Some(0))),
            ("cut towards zero below zero", Down, 10, Max, one(Percent, 125), none(), (-2, Some(0))),
            (
                "outdated marks play no role",
                Up,
                10,
                Max,
                one(Pods, 4),
                up(vec![ScaleEvent { outdated: true, ..event(3, 1) }]),
                (11, Some(0)),
            ),
            (
                "each policy has its own period",
                Up,
                10,
                Max,
                vec![policy(Pods, 4, 60), policy(Pods, 3, 15)],
                up(vec![event(4, 20)]),
                (13, Some(1)),
            ),
            ("no overflow up", Up, i32::MAX, Max, one(Pods, 4), none(), (i32::MAX, Some(0))),
            ("no overflow by percent", Up, i32::MAX, Max, one(Percent, 100), none(), (i32::MAX, Some(0))),
            (
                "no overflow down",
                Down,
                0,
                Max,
                one(Pods, i32::MAX),
                up(vec![event(i32::MAX, 1)]),
                (i32::MIN, Some(0)),
            ),
        ] {
            let rules =
                ScalingRules { select_policy: select, policies, ..ScalingRules::default_for(direction) };
            let limit = policy_limit(direction, current, &rules, &history, NOW);
            assert_eq!((limit.replicas, limit.policy), want, "{name}");
        }
    }

    #[test]
    fn defaults_per_direction() {
        let limit = |direction, current| {
            let rules = ScalingRules::default_for(direction);
            policy_limit(direction, current, &rules, &History::default(), NOW).replicas
        };
        assert_eq!([1, 3, 4, 5].map(|n| limit(Direction::Up, n)), [5, 7, 8, 10]);
        assert_eq!([1, 9].map(|n| limit(Direction::Down, n)), [0, 0]);
    }

    #[test]
    fn a_step_is_cut_to_limits_and_bounds() {
        use LimitReason::{
            DesiredWithinRange, ScaleDownLimit, ScaleUpLimit, TooFewReplicas, TooManyReplicas,
        };
        let slow =
            Behavior { scale_up: rules(PolicyKind::Pods, 5, 60), scale_down: rules(PolicyKind::Pods, 2, 60) };
        let used = |change| History {
            scale_up_events: vec![event(change, 1)],
            scale_down_events: vec![],
            ..History::default()
        };
        for (name, current, want, bounds, history, replicas, reason, policy) in [
            ("allowed up", 5, 10, (1, 20), History::default(), 10, DesiredWithinRange, None),
            ("too fast up", 5, 11, (1, 20), History::default(), 10, ScaleUpLimit, Some(0)),
            ("too many", 5, 30, (1, 8), History::default(), 8, TooManyReplicas, Some(0)),
            ("limit and maximum equal", 5, 30, (1, 10), History::default(), 10, TooManyReplicas, Some(0)),
            ("used up keeps the size", 9, 30, (1, 20), used(8), 9, ScaleUpLimit, Some(0)),
            ("allowed down", 5, 3, (1, 20), History::default(), 3, DesiredWithinRange, None),
            ("too fast down", 5, 1, (0, 20), History::default(), 3, ScaleDownLimit, Some(0)),
            ("too few", 5, 1, (4, 20), History::default(), 4, TooFewReplicas, Some(0)),
            ("limit and minimum equal", 5, 1, (3, 20), History::default(), 3, TooFewReplicas, Some(0)),
            ("unchanged", 5, 5, (1, 20), used(8), 5, DesiredWithinRange, None),
            ("unchanged even out of bounds", 5, 5, (6, 7), History::default(), 5, DesiredWithinRange, None),
        ] {
            let limited = rate_limit(current, want, bounds, &slow, &history, NOW);
            assert_eq!(limited, Limited { replicas, reason, policy }, "{name}");
        }
        // Steps down of this period that were undone by hand leave no room further down.
        let undone = History { scale_down_events: vec![event(9, 1)], ..History::default() };
        let kept = rate_limit(5, 1, (0, 20), &slow, &undone, NOW);
        assert_eq!((kept.replicas, kept.reason), (5, ScaleDownLimit));
    }

    fn any_rules() -> impl Strategy<Value = ScalingRules> {
        let kind = prop_oneof![Just(PolicyKind::Pods), Just(PolicyKind::Percent)];
        let select =
            prop_oneof![Just(SelectPolicy::Max), Just(SelectPolicy::Min), Just(SelectPolicy::Disabled)];
        let policies = prop::collection::vec((kind, 0_i32..300, 1_u64..120), 1..4);
        (select, policies).prop_map(|(select_policy, policies)| ScalingRules {
            stabilization_window: Some(Nanos::ZERO),
            select_policy,
            policies: policies.into_iter().map(|(kind, value, period)| policy(kind, value, period)).collect(),
            tolerance: None,
        })
    }

    #[test]
    fn a_size_that_stays_is_not_cut() {
        let stay = rate_limit(10, 10, (1, 5), &Behavior::default(), &History::default(), NOW);
        assert_eq!((stay.replicas, stay.reason), (10, LimitReason::DesiredWithinRange));
    }

    proptest! {
        #[test]
        fn a_cut_step_stays_in_bounds_and_between_current_and_wanted(
            up in any_rules(),
            down in any_rules(),
            current in 0_i32..200,
            want in 0_i32..200,
            (min, spread) in (0_i32..50, 0_i32..150),
            events in prop::collection::vec((any::<bool>(), 1_i32..50, 0_u64..150), 0..6),
        ) {
            let max = (min + spread).max(1);
            let current = current.clamp(min, max);
            let mut history = History::default();
            for (is_up, change, age) in events {
                let list = if is_up { &mut history.scale_up_events } else { &mut history.scale_down_events };
                list.push(event(change, age));
            }
            let behavior = Behavior { scale_up: up, scale_down: down };
            let limited = rate_limit(current, want, (min, max), &behavior, &history, NOW).replicas;
            prop_assert!((min..=max).contains(&limited));
            prop_assert!(limited >= current.min(want) && limited <= current.max(want));
            if want > current && behavior.scale_up.select_policy == SelectPolicy::Disabled {
                prop_assert_eq!(limited, current);
            }
            if want < current && behavior.scale_down.select_policy == SelectPolicy::Disabled {
                prop_assert_eq!(limited, current);
            }
        }
    }
}
