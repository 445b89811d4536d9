//! From the metrics' proposal to the size that is set: stabilization, then limits.
//!
//! With and without `behavior` these are two different rules, down to which comparison is strict.

use super::behavior::rate_limit;
use super::history::{History, Recommendation, older, younger};
use super::options::Options;
use super::replicas::trunc_i32;
use super::spec::Behavior;
use crate::units::{Nanos, SimTime};

/// Why the size is what it is; the reason of condition ScalingLimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitReason {
    /// Nothing was in the way.
    DesiredWithinRange,
    /// Raised to `minReplicas`.
    TooFewReplicas,
    /// Cut to `maxReplicas`.
    TooManyReplicas,
    /// Growing too fast.
    ScaleUpLimit,
    /// Shrinking too fast.
    ScaleDownLimit,
}

impl LimitReason {
    /// Kubernetes' name.
    pub fn as_str(self) -> &'static str {
        match self {
            LimitReason::DesiredWithinRange => "DesiredWithinRange",
            LimitReason::TooFewReplicas => "TooFewReplicas",
            LimitReason::TooManyReplicas => "TooManyReplicas",
            LimitReason::ScaleUpLimit => "ScaleUpLimit",
            LimitReason::ScaleDownLimit => "ScaleDownLimit",
        }
    }
}

/// A size after limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    /// The size.
    pub replicas: i32,
    /// Which limit cut it, if any.
    pub reason: LimitReason,
    /// With [`LimitReason::ScaleUpLimit`] or [`LimitReason::ScaleDownLimit`] under `behavior`: the
    /// index of the policy that decided, `None` if the direction is disabled.
    pub policy: Option<usize>,
}

/// Without `behavior`: the largest proposal of the window, and the window's edge still counts.
/// Source: horizontal.go stabilizeRecommendation.
pub fn stabilize_legacy(proposal: i32, history: &mut History, window: Nanos, now: SimTime) -> i32 {
    let stabilized = within(history, |time| !older(time, window, now)).fold(proposal, i32::max);
    history.store_recommendation(Recommendation { replicas: proposal, time: now }, |time| {
        older(time, window, now)
    });
    stabilized
}

/// Without `behavior`: bounds, and at most `max(2 x current, 4)` in one step.
/// Source: horizontal.go convertDesiredReplicasWithRules, calculateScaleUpLimit.
pub fn clamp_legacy(current: i32, want: i32, (min, max): (i32, i32), options: &Options) -> Limited {
    let limit = trunc_i32(f64::max(
        options.scale_up_limit_factor * f64::from(current),
        options.scale_up_limit_minimum,
    ));
    let (allowed, too_many) =
        if max > limit { (limit, LimitReason::ScaleUpLimit) } else { (max, LimitReason::TooManyReplicas) };
    let (replicas, reason) = if want < min {
        (min, LimitReason::TooFewReplicas)
    } else if want > allowed {
        (allowed, too_many)
    } else {
        (want, LimitReason::DesiredWithinRange)
    };
    Limited { replicas, reason, policy: None }
}

/// With `behavior`: the current size, moved only as far as all recommendations of the up window
/// ask for at least, and all of the down window at most. The windows' edges do not count.
/// Source: horizontal.go stabilizeRecommendationWithBehaviors.
pub fn stabilize(
    current: i32,
    proposal: i32,
    (up_window, down_window): (Nanos, Nanos),
    history: &mut History,
    now: SimTime,
) -> i32 {
    let up = within(history, |time| younger(time, up_window, now)).fold(proposal, i32::min);
    let down = within(history, |time| younger(time, down_window, now)).fold(proposal, i32::max);
    history.store_recommendation(Recommendation { replicas: proposal, time: now }, |time| {
        older(time, up_window, now) && older(time, down_window, now)
    });
    current.max(up).min(down)
}

/// The reason of condition AbleToScale after stabilization under `behavior`.
pub fn stabilization_reason(current: i32, proposal: i32, stabilized: i32) -> &'static str {
    if stabilized == proposal {
        "ReadyForNewScale"
    } else if proposal >= current {
        "ScaleUpStabilized"
    } else {
        "ScaleDownStabilized"
    }
}

fn within(history: &History, inside: impl Fn(SimTime) -> bool) -> impl Iterator<Item = i32> {
    history
        .recommendations
        .iter()
        .flatten()
        .filter(move |recommendation| inside(recommendation.time))
        .map(|recommendation| recommendation.replicas)
}

/// A proposal on its way to a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Normalized {
    /// After stabilization.
    pub stabilized: i32,
    /// The reason of condition AbleToScale.
    pub able_reason: &'static str,
    /// After limits.
    pub limited: Limited,
}

/// The stabilization windows under `behavior`, with their defaults: none for up, the cluster's
/// for down. Source: horizontal.go maybeInitScaleDownStabilizationWindow.
pub fn windows(behavior: &Behavior, options: &Options) -> (Nanos, Nanos) {
    (
        behavior.scale_up.stabilization_window.unwrap_or(Nanos::ZERO),
        behavior.scale_down.stabilization_window.unwrap_or(options.downscale_stabilization),
    )
}

/// Both steps, by the rule that `behavior` chooses; the proposal is remembered in `history`.
/// Source: horizontal.go normalizeDesiredReplicas, normalizeDesiredReplicasWithBehaviors.
pub(super) fn normalize(
    current: i32,
    proposal: i32,
    bounds: (i32, i32),
    behavior: Option<&Behavior>,
    options: &Options,
    history: &mut History,
    now: SimTime,
) -> Normalized {
    match behavior {
        None => {
            let stabilized = stabilize_legacy(proposal, history, options.downscale_stabilization, now);
            let able_reason = if stabilized == proposal { "ReadyForNewScale" } else { "ScaleDownStabilized" };
            let limited = clamp_legacy(current, stabilized, bounds, options);
            Normalized { stabilized, able_reason, limited }
        }
        Some(behavior) => {
            let stabilized = stabilize(current, proposal, windows(behavior, options), history, now);
            let able_reason = stabilization_reason(current, proposal, stabilized);
            let limited = rate_limit(current, stabilized, bounds, behavior, history, now);
            Normalized { stabilized, able_reason, limited }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use proptest::prelude::*;

    fn history(recommendations: &[(i32, u64)]) -> History {
        let recommendation = |&(replicas, age): &(i32, u64)| Recommendation { replicas, time: ago(age) };
        History {
            recommendations: Some(recommendations.iter().map(recommendation).collect()),
            ..History::default()
        }
    }

    fn sizes(history: &History) -> Vec<i32> {
        history.recommendations.iter().flatten().map(|r| r.replicas).collect()
    }

    /// Source: kubernetes horizontal_test.go TestNormalizeDesiredReplicas; edges by hand.
    #[test]
    fn without_behavior_the_largest_of_the_window_holds() {
        for (name, proposal, before, want, after) in [
            ("empty", 5, vec![], 5, vec![5]),
            ("an earlier larger one", 3, vec![(4, 120), (5, 60)], 5, vec![4, 5, 3]),
            ("earlier smaller ones", 3, vec![(1, 120), (2, 60)], 3, vec![1, 2, 3]),
            ("too old: the last slot is used again", 3, vec![(10, 600), (9, 540)], 3, vec![10, 3]),
            ("exactly the window counts", 3, vec![(9, 300)], 9, vec![9, 3]),
            ("a second more does not", 3, vec![(9, 301)], 3, vec![3]),
            ("unsorted", 3, vec![(9, 301), (4, 10), (8, 400), (5, 20)], 5, vec![9, 4, 3, 5]),
        ] {
            let mut history = history(&before);
            let window = Nanos::from_secs(300);
            assert_eq!(stabilize_legacy(proposal, &mut history, window, NOW), want, "{name}");
            assert_eq!(sizes(&history), after, "{name}");
        }
        let mut none = History::default();
        assert_eq!(stabilize_legacy(7, &mut none, Nanos::ZERO, NOW), 7);
        assert_eq!(none, History { recommendations: history(&[(7, 0)]).recommendations, ..none.clone() });
    }

    /// Source: kubernetes horizontal_test.go TestConvertDesiredReplicasWithRules.
    #[test]
    fn without_behavior_steps_up_are_limited() {
        use LimitReason::{DesiredWithinRange, ScaleUpLimit, TooFewReplicas, TooManyReplicas};
        for (name, current, want, bounds, replicas, reason) in [
            ("inside", 5, 7, (3, 8), 7, DesiredWithinRange),
            ("too few", 3, 1, (2, 8), 2, TooFewReplicas),
            ("zero is allowed with a minimum of zero", 1, 0, (0, 10), 0, DesiredWithinRange),
            ("too many", 5, 50, (1, 9), 9, TooManyReplicas),
            ("doubling", 3, 1000, (1, 2000), 6, ScaleUpLimit),
            ("at least four", 1, 1000, (1, 2000), 4, ScaleUpLimit),
            ("from zero four", 0, 1000, (0, 2000), 4, ScaleUpLimit),
            ("limit and maximum equal", 3, 1000, (1, 6), 6, TooManyReplicas),
            ("exactly the limit", 3, 6, (1, 2000), 6, DesiredWithinRange),
            ("the minimum before the limit", 1, 2, (10, 20), 10, TooFewReplicas),
            ("no limit downwards", 1000, 1, (1, 2000), 1, DesiredWithinRange),
            ("no overflow", i32::MAX, i32::MAX, (1, i32::MAX), i32::MAX, DesiredWithinRange),
        ] {
            let limited = clamp_legacy(current, want, bounds, &Options::for_kubernetes(35));
            assert_eq!(limited, Limited { replicas, reason, policy: None }, "{name}");
        }
        let half = Options { scale_up_limit_factor: 1.5, ..Options::for_kubernetes(35) };
        assert_eq!(clamp_legacy(5, 100, (1, 200), &half).replicas, 7, "7.5 is cut");
    }

    /// Source: kubernetes horizontal_test.go TestNormalizeDesiredReplicasWithBehavior; edges by hand.
    #[test]
    fn with_behavior_both_directions_wait() {
        for (name, current, proposal, up, down, before, want, after) in [
            ("empty down", 100, 5, 0, 0, vec![], 5, vec![5]),
            ("empty up", 1, 5, 0, 0, vec![], 5, vec![5]),
            ("down waits", 100, 3, 0, 180, vec![(4, 120), (5, 60)], 5, vec![4, 5, 3]),
            ("down never waits above the current size", 4, 3, 0, 180, vec![(9, 120)], 4, vec![9, 3]),
            ("up does not wait for the down window", 1, 3, 0, 300, vec![(4, 120), (5, 60)], 3, vec![4, 5, 3]),
            (
                "up waits",
                1,
                100,
                300,
                0,
                vec![(10, 6000), (6, 60), (5, 120), (9, 180)],
                5,
                vec![100, 6, 5, 9],
            ),
            ("up never waits below the current size", 7, 100, 300, 0, vec![(5, 60)], 7, vec![5, 100]),
            ("exactly the down window is over", 10, 3, 0, 300, vec![(9, 300)], 3, vec![9, 3]),
            ("exactly the up window is over", 1, 9, 300, 0, vec![(3, 300)], 9, vec![3, 9]),
            ("a second less is not", 10, 3, 0, 300, vec![(9, 299)], 9, vec![9, 3]),
            (
                "a slot is free when both windows are past",
                10,
                3,
                60,
                300,
                vec![(9, 301), (8, 61)],
                8,
                vec![3, 8],
            ),
            ("the longer window keeps a slot", 1, 9, 300, 60, vec![(3, 200)], 3, vec![3, 9]),
            (
                "between both recommendations the size stays",
                5,
                5,
                300,
                300,
                vec![(2, 60), (9, 60)],
                5,
                vec![2, 9, 5],
            ),
        ] {
            let mut history = history(&before);
            let windows = (Nanos::from_secs(up), Nanos::from_secs(down));
            assert_eq!(stabilize(current, proposal, windows, &mut history, NOW), want, "{name}");
            assert_eq!(sizes(&history), after, "{name}");
        }
    }

    #[test]
    fn the_reason_names_the_direction_of_the_proposal() {
        for (current, proposal, stabilized, want) in [
            (5, 8, 8, "ReadyForNewScale"),
            (5, 8, 6, "ScaleUpStabilized"),
            (5, 5, 6, "ScaleUpStabilized"),
            (5, 2, 4, "ScaleDownStabilized"),
        ] {
            assert_eq!(stabilization_reason(current, proposal, stabilized), want);
        }
    }

    #[test]
    fn windows_have_defaults() {
        let options =
            Options { downscale_stabilization: Nanos::from_secs(77), ..Options::for_kubernetes(35) };
        let mut behavior = Behavior::default();
        assert_eq!(windows(&behavior, &options), (Nanos::ZERO, Nanos::from_secs(77)));
        behavior.scale_up.stabilization_window = Some(Nanos::from_secs(5));
        behavior.scale_down.stabilization_window = Some(Nanos::ZERO);
        assert_eq!(windows(&behavior, &options), (Nanos::from_secs(5), Nanos::ZERO));
    }

    #[test]
    fn the_presence_of_behavior_changes_the_step() {
        let step = |behavior: Option<&Behavior>| {
            let mut history = history(&[]);
            let options = Options::for_kubernetes(35);
            normalize(3, 50, (1, 100), behavior, &options, &mut history, NOW).limited.replicas
        };
        assert_eq!((step(None), step(Some(&Behavior::default()))), (6, 7));
    }

    proptest! {
        #[test]
        fn stabilizing_never_goes_against_the_proposal(
            current in 0_i32..100,
            proposal in 0_i32..100,
            recommendations in prop::collection::vec((0_i32..100, 0_u64..900), 0..10),
            (up, down) in (0_u64..600, 0_u64..600),
        ) {
            let mut list = history(&recommendations);
            let windows = (Nanos::from_secs(up), Nanos::from_secs(down));
            let stabilized = stabilize(current, proposal, windows, &mut list, NOW);
            prop_assert!(stabilized >= current.min(proposal) && stabilized <= current.max(proposal));
            let mut list = history(&recommendations);
            prop_assert!(stabilize_legacy(proposal, &mut list, windows.1, NOW) >= proposal);
        }
    }
}
