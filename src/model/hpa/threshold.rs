//! How far a metric is from another answer.

use serde::{Deserialize, Serialize};

use super::decide::{Decision, conclude};
use super::metric::{Measured, MetricEvaluation, propose};
use super::replicas::{PodTarget, Tally};
use super::{Input, MetricError};

/// The value of a metric beside its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// What the metric says, by `unit`.
    pub value: i64,
    /// What it should say. For [`LevelUnit::TotalForEach`] the share of one pod.
    pub target: i64,
    /// What both count.
    pub unit: LevelUnit,
}

/// What a level counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelUnit {
    /// Percent of the requests of the pods that count.
    PercentOfRequests,
    /// Thousandths per pod that counts.
    #[serde(rename = "milli_per_pod")]
    PerPod,
    /// Thousandths of the whole, to be held as a whole.
    #[serde(rename = "milli_total")]
    Total,
    /// Thousandths of the whole, to be shared by the pods.
    #[serde(rename = "milli_total_shared")]
    TotalForEach,
}

/// Where the answer changes, all else being equal. Levels are in the unit of `level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// The level now.
    pub level: Level,
    /// The nearest lower level with another answer.
    pub below: Option<Threshold>,
    /// The nearest higher level with another answer.
    pub above: Option<Threshold>,
}

/// A level and the answer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// The level.
    pub level: i64,
    /// The size that would be set.
    pub replicas: i32,
}

/// So many hundredths of the target are looked at on either side: up to 20 times the target.
const STEPS: i64 = 2_000;

/// Where the answer changes if only metric number `index` moves. `None` if that metric failed or
/// was not looked at.
///
/// The answer is not monotone everywhere (surge pods can turn a step down into one up), so each
/// side is walked in hundredths of the target, and the first step with another answer is refined.
/// A band narrower than a hundredth of the target can be missed.
pub fn thresholds(input: &Input<'_>, decision: &Decision, index: usize) -> Option<Thresholds> {
    let input = &Input { scale: input.scale.seen(input.options.current_is_status), ..*input };
    let measured = decision.metrics.get(index)?.basis?;
    let mut proposals: Vec<Result<i32, MetricError>> =
        decision.metrics.iter().map(|metric| metric.replicas()).collect();
    let mut answer = |level: i64| {
        proposals[index] = propose(input, &measured.at(level)).map(|proposal| proposal.replicas);
        conclude(input, decision.path, &proposals).desired_replicas
    };
    let now = decision.desired_replicas;
    let level = measured.level()?;
    let step = (level.target / 100).max(1);
    let mut walk = |sign: i64| {
        let mut near = level.value;
        for _ in 0..STEPS {
            let far = near.saturating_add(sign * step).max(0);
            if far == near {
                return None;
            }
            if answer(far) != now {
                let level = refine(near, far, |level| answer(level) != now);
                return Some(Threshold { level, replicas: answer(level) });
            }
            near = far;
        }
        None
    };
    Some(Thresholds { level, below: walk(-1), above: walk(1) })
}

/// The level nearest to `same` at which the answer differs, given that it does at `other`.
fn refine(mut same: i64, mut other: i64, mut differs: impl FnMut(i64) -> bool) -> i64 {
    while same.abs_diff(other) > 1 {
        let middle = same.midpoint(other);
        if differs(middle) {
            other = middle;
        } else {
            same = middle;
        }
    }
    other
}

impl MetricEvaluation {
    /// What the metric says and should say; `None` if it failed before that was known.
    pub fn level(&self) -> Option<Level> {
        self.basis?.level()
    }
}

impl Measured {
    fn level(&self) -> Option<Level> {
        let (value, target, unit) = match *self {
            Measured::Pods { target: PodTarget::Utilization(percent), tally } => {
                let value = (tally.value * 100).checked_div(tally.requested)?;
                (i64::try_from(value).ok()?, i64::from(percent), LevelUnit::PercentOfRequests)
            }
            Measured::Pods { target: PodTarget::Average(milli), tally } => {
                let value = tally.value.checked_div(i128::from(tally.valued))?;
                (i64::try_from(value).ok()?, milli, LevelUnit::PerPod)
            }
            Measured::Value { value, target, .. } => (value, target, LevelUnit::Total),
            Measured::Average { value, target, .. } => (value, target, LevelUnit::TotalForEach),
        };
        Some(Level { value, target, unit })
    }

    /// The same pods with another level: the smallest sum that reads so.
    fn at(&self, level: i64) -> Measured {
        match *self {
            Measured::Pods { target, tally } => {
                let value = match target {
                    PodTarget::Utilization(_) => ceil_div(i128::from(level) * tally.requested, 100),
                    PodTarget::Average(_) => i128::from(level) * i128::from(tally.valued),
                };
                Measured::Pods { target, tally: Tally { value, ..tally } }
            }
            Measured::Value { target, ready, .. } => Measured::Value { value: level, target, ready },
            Measured::Average { target, external, .. } => {
                Measured::Average { value: level, target, external }
            }
        }
    }
}

/// Levels are never negative here, so rounding up is enough.
fn ceil_div(value: i128, by: i128) -> i128 {
    (value + by - 1) / by
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::*;
    use super::*;
    use proptest::prelude::*;

    fn at(fixture: &Fixture, index: usize) -> Option<Thresholds> {
        thresholds(&fixture.input(), &fixture.decide(), index)
    }

    fn level(value: i64, target: i64, unit: LevelUnit) -> Level {
        Level { value, target, unit }
    }

    fn some(level: i64, replicas: i32) -> Option<Threshold> {
        Some(Threshold { level, replicas })
    }

    #[test]
    fn where_the_answer_changes() {
        for (name, fixture, want) in [
            // 4 pods at 60 % of 50: 1.2 * 4 = 4.8 -> 5. Up to 55 % is within the tolerance; above
            // 62 % (1.24 * 4 = 4.96) the sixth pod is asked for.
            (
                "utilization",
                Fixture::new(4).with(cpu(50), values(&[600; 4])),
                Thresholds {
                    level: level(60, 50, LevelUnit::PercentOfRequests),
                    below: some(55, 4),
                    above: some(63, 6),
                },
            ),
            (
                "average per pod",
                Fixture::new(4).with(per_pod(10_000), values(&[12_000; 4])),
                Thresholds {
                    level: level(12_000, 10_000, LevelUnit::PerPod),
                    below: some(11_000, 4),
                    above: some(12_501, 6),
                },
            ),
            (
                "value of the whole",
                Fixture::new(2).with(object(MetricTarget::value(1_000)), Samples::Object(1_500)),
                Thresholds {
                    level: level(1_500, 1_000, LevelUnit::Total),
                    below: some(1_100, 2),
                    above: some(1_501, 4),
                },
            ),
            (
                "total per pod",
                Fixture::new(2)
                    .with(external(MetricTarget::average_value(1_000)), Samples::External(vec![2_500])),
                Thresholds {
                    level: level(2_500, 1_000, LevelUnit::TotalForEach),
                    below: some(2_200, 2),
                    above: some(3_001, 4),
                },
            ),
            (
                "nothing lower, and the maximum above",
                Fixture::new(3).bounds(3, 3).with(cpu(50), values(&[600; 3])),
                Thresholds { level: level(60, 50, LevelUnit::PercentOfRequests), below: None, above: None },
            ),
            (
                "another metric holds the lower side",
                Fixture::new(4).with(cpu(50), values(&[600; 4])).proposing(5),
                Thresholds {
                    level: level(60, 50, LevelUnit::PercentOfRequests),
                    below: None,
                    above: some(63, 6),
                },
            ),
        ] {
            assert_eq!(at(&fixture, 0), Some(want), "{name}");
        }
    }

    #[test]
    fn a_level_on_either_side_gives_what_is_promised() {
        let fixture = Fixture::new(4).with(cpu(50), values(&[600; 4]));
        let decide = |percent: i64| {
            let mut moved = fixture.clone();
            moved.samples[0] = values(&[percent * 10; 4]);
            moved.decide().desired_replicas
        };
        assert_eq!([55, 56, 60, 62, 63].map(decide), [4, 5, 5, 5, 6]);
    }

    #[test]
    fn failed_and_unread_metrics_have_no_thresholds() {
        let failed = Fixture::new(2).with(cpu(50), Samples::Unavailable).proposing(3);
        assert_eq!(at(&failed, 0), None);
        assert_eq!(at(&failed, 7), None);
        assert_eq!(at(&Fixture::new(9).bounds(1, 5).proposing(3), 0), None);
        let strangers = Fixture::new(1).with(
            cpu(50),
            Samples::Pods(vec![PodSample {
                pod: 5,
                time: NOW,
                window: crate::units::Nanos::ZERO,
                value: Some(1),
            }]),
        );
        assert_eq!(at(&strangers, 0), None);
    }

    #[test]
    fn an_idle_metric_is_not_walked_below_zero() {
        let idle = Fixture::new(4).with(cpu(50), values(&[0; 4]));
        let found = at(&idle, 0).unwrap();
        assert_eq!((found.level.value, found.below), (0, None));
        assert_eq!(found.above, some(13, 2));
    }

    proptest! {
        /// Whatever the numbers, nothing overflows, and a promised level gives what was promised.
        #[test]
        fn absurd_numbers_are_survived(
            values in prop::collection::vec(prop_oneof![any::<i64>(), 0..2_000_i64], 1..5),
            request in prop_oneof![0..i64::MAX, 1..2_000_i64],
            target in prop_oneof![1..i64::MAX, 1..2_000_i64],
            percent in prop_oneof![1..i32::MAX, 1..200_i32],
            size in prop_oneof![0..i32::MAX, 1..9_i32],
            max in 1..i32::MAX,
        ) {
            let total = values.iter().fold(0_i64, |sum, value| sum.saturating_add(*value));
            for (metric, samples) in [
                (cpu(percent), super::super::testing::values(&values)),
                (per_pod(target), super::super::testing::values(&values)),
                (object(MetricTarget::value(target)), Samples::Object(total)),
                (external(MetricTarget::average_value(target)), Samples::External(values.clone())),
            ] {
                let mut fixture = Fixture::new(4).bounds(0, max).with(metric, samples);
                fixture.requests[0] = requests(request);
                fixture.scale = Scale { spec_replicas: size, status_replicas: size };
                let decision = fixture.decide();
                prop_assert!((0..=max).contains(&decision.desired_replicas));
                let found = thresholds(&fixture.input(), &decision, 0);
                for side in found.into_iter().flat_map(|found| [found.below, found.above]).flatten() {
                    prop_assert!(side.replicas != decision.desired_replicas);
                }
            }
        }
    }
}
