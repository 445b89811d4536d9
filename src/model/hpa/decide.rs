//! A whole reconcile.
//!
//! Source: horizontal.go reconcileAutoscaler and computeReplicasForMetrics; zero replicas from
//! 1.36 by kubernetes#135118.

use super::conditions::{ConditionType, Conditions};
use super::history::{History, Recommendation};
use super::metric::{MetricEvaluation, evaluate};
use super::normalize::{Normalized, normalize};
use super::observe::Status;
use super::options::ScaleToZero;
use super::spec::MetricSource;
use super::{Input, MetricError};

/// What one reconcile does, and every step that led there.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The size after this reconcile; the current one where nothing changes.
    pub desired_replicas: i32,
    /// Which way the decision took.
    pub path: Path,
    /// What each metric made of the input, in the order of the spec; empty where the path does
    /// not look at metrics.
    pub metrics: Vec<MetricEvaluation>,
    /// The size the metrics ask for: the largest proposal.
    pub proposal: Option<i32>,
    /// Index of the metric whose proposal that is; of equals the first.
    pub winner: Option<usize>,
    /// What stabilization and limits made of the proposal.
    pub normalized: Option<Normalized>,
    /// Whether the reconcile reports an error; scaling may have gone on all the same.
    pub failed: bool,
    /// The conditions afterwards.
    pub conditions: Conditions,
    /// What to feed into the next reconcile.
    pub history: History,
}

/// Which way a decision takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// The size is zero and that switches the autoscaler off.
    Disabled,
    /// More than `maxReplicas`: cut at once, without metrics, windows or policies.
    AboveMaximum,
    /// Less than `minReplicas`: raised at once, without metrics, windows or policies.
    BelowMinimum,
    /// By the metrics.
    Metrics,
}

/// Runs one reconcile.
///
/// The size stays where it is if the decision equals the current one, and that is
/// `status.replicas` under [`Options::current_is_status`](super::Options::current_is_status).
pub fn decide(input: &Input<'_>) -> Decision {
    let input = &Input { scale: input.scale.seen(input.options.current_is_status), ..*input };
    let path = path(input);
    let metrics = match path {
        Path::Metrics => (0..input.hpa.metrics.len()).map(|index| evaluate(input, index)).collect(),
        Path::Disabled | Path::AboveMaximum | Path::BelowMinimum => Vec::new(),
    };
    let proposals: Vec<_> = metrics.iter().map(MetricEvaluation::replicas).collect();
    Decision { metrics, ..conclude(input, path, &proposals) }
}

fn path(input: &Input<'_>) -> Path {
    let current = input.scale.spec_replicas;
    let min = input.hpa.min_replicas;
    if current == 0 {
        // Only a zero that the controller set may be left by it, and only with a metric that
        // exists without pods, or with a minimum that has been raised since.
        let wakes = match input.options.scale_to_zero {
            ScaleToZero::Legacy => min == 0,
            ScaleToZero::Off => false,
            ScaleToZero::On => {
                input.conditions.is_true(ConditionType::ScaledToZero)
                    && (min > 0 || input.hpa.has_object_or_external())
            }
        };
        return if wakes { Path::Metrics } else { Path::Disabled };
    }
    if current > input.hpa.max_replicas {
        Path::AboveMaximum
    } else if current < min {
        Path::BelowMinimum
    } else {
        Path::Metrics
    }
}

/// Everything after the metrics. `proposals` has one entry per metric.
pub(super) fn conclude(input: &Input<'_>, path: Path, proposals: &[Result<i32, MetricError>]) -> Decision {
    let current = input.scale.spec_replicas;
    let mut decision = Decision {
        desired_replicas: current,
        path,
        metrics: Vec::new(),
        proposal: None,
        winner: None,
        normalized: None,
        failed: false,
        conditions: input.conditions.clone(),
        history: input.history.clone(),
    };
    decision.conditions.set(ConditionType::AbleToScale, Status::True, "SucceededGetScale");
    if input.options.scale_to_zero == ScaleToZero::Off {
        decision.conditions.remove(ConditionType::ScaledToZero);
    }
    // A list that was never there is seeded with the current size, so that a controller that has
    // just started does not shrink anything within the window. An empty list is not seeded.
    let seed = Recommendation { replicas: current, time: input.now };
    decision.history.recommendations.get_or_insert_with(|| vec![seed]);

    let desired = match path {
        Path::Disabled => {
            decision.conditions.set(ConditionType::ScalingActive, Status::False, "ScalingDisabled");
            current
        }
        Path::AboveMaximum => input.hpa.max_replicas,
        Path::BelowMinimum => input.hpa.min_replicas,
        Path::Metrics => by_metrics(input, proposals, &mut decision),
    };
    if desired != current {
        rescale(input, desired, &mut decision);
    }
    decision
}

/// The size by the metrics, or the current one if they do not suffice.
fn by_metrics(input: &Input<'_>, proposals: &[Result<i32, MetricError>], decision: &mut Decision) -> i32 {
    let current = input.scale.spec_replicas;
    let first_failed = proposals.iter().position(Result::is_err);
    decision.failed = first_failed.is_some();
    let best = proposals
        .iter()
        .enumerate()
        .filter_map(|(index, proposal)| Some((index, proposal.ok()?)))
        .reduce(|best, next| if next.1 > best.1 { next } else { best });
    let shrinks = best.is_some_and(|(_, replicas)| replicas < current);
    let blocked = first_failed.is_some() && shrinks && !input.options.failed_metric_allows_scale_down;
    let Some((winner, proposal)) = best.filter(|_| !blocked) else {
        // A spec without metrics cannot come from the API server; it counts as failed.
        decision.failed = true;
        let reason = first_failed.map_or("InvalidMetricSourceType", |index| failure_reason(input, index));
        decision.conditions.set(ConditionType::ScalingActive, Status::False, reason);
        return current;
    };
    decision.conditions.set(ConditionType::ScalingActive, Status::True, "ValidMetricFound");
    // A metric below zero asks for no pods at all.
    let proposal = proposal.max(0);
    let min = input.hpa.min_replicas;
    let normalized = normalize(
        current,
        proposal,
        (min, input.hpa.max_replicas),
        input.hpa.behavior.as_ref(),
        input.options,
        &mut decision.history,
        input.now,
    );
    let limited = normalized.limited;
    decision.conditions.set(ConditionType::AbleToScale, Status::True, normalized.able_reason);
    let cut = if limited.replicas == normalized.stabilized { Status::False } else { Status::True };
    decision.conditions.set(ConditionType::ScalingLimited, cut, limited.reason.as_str());
    decision.proposal = Some(proposal);
    decision.winner = Some(winner);
    decision.normalized = Some(normalized);
    // Only from zero can a limit leave the size below the minimum; it is raised afterwards.
    if current == 0 { limited.replicas.max(min) } else { limited.replicas }
}

/// The reason of ScalingActive when this metric is the first that failed.
fn failure_reason(input: &Input<'_>, index: usize) -> &'static str {
    match input.hpa.metrics.get(index).map(|metric| &metric.source) {
        Some(MetricSource::Resource { .. }) => "FailedGetResourceMetric",
        Some(MetricSource::ContainerResource { .. }) => "FailedGetContainerResourceMetric",
        Some(MetricSource::Pods { .. }) => "FailedGetPodsMetric",
        Some(MetricSource::Object { .. }) => "FailedGetObjectMetric",
        Some(MetricSource::External { .. }) => "FailedGetExternalMetric",
        Some(MetricSource::Unknown { .. }) | None => "InvalidMetricSourceType",
    }
}

/// What follows from setting another size.
fn rescale(input: &Input<'_>, desired: i32, decision: &mut Decision) {
    let current = input.scale.spec_replicas;
    decision.desired_replicas = desired;
    decision.conditions.set(ConditionType::AbleToScale, Status::True, "SucceededRescale");
    decision.history.store_step(input.hpa.behavior.as_ref(), current, desired, input.now);
    if input.options.scale_to_zero == ScaleToZero::On {
        let to_zero = desired == 0 && input.hpa.min_replicas == 0 && input.hpa.has_object_or_external();
        if to_zero {
            decision.conditions.set(ConditionType::ScaledToZero, Status::True, "ScaledToZero");
        } else {
            decision.conditions.set(ConditionType::ScaledToZero, Status::False, "NotScaledToZero");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::*;
    use super::*;
    use crate::units::Nanos;
    use proptest::prelude::*;

    fn reason(decision: &Decision, kind: ConditionType) -> Option<(Status, String)> {
        let condition = decision.conditions.get(kind)?;
        Some((condition.status, condition.reason.to_string()))
    }

    /// The conditions as `Type=Status/Reason`, in order.
    fn conditions(decision: &Decision) -> Vec<String> {
        decision
            .conditions
            .iter()
            .map(|(kind, c)| format!("{}={:?}/{}", kind.as_str(), c.status, c.reason))
            .collect()
    }

    #[test]
    fn a_plain_step_up() {
        let fixture = Fixture::new(3).with(cpu(30), values(&[300, 500, 700]));
        let decision = fixture.decide();
        assert_eq!((decision.desired_replicas, decision.path, decision.failed), (5, Path::Metrics, false));
        assert_eq!((decision.proposal, decision.winner), (Some(5), Some(0)));
        assert_eq!(
            conditions(&decision),
            [
                "AbleToScale=True/SucceededRescale",
                "ScalingActive=True/ValidMetricFound",
                "ScalingLimited=False/DesiredWithinRange"
            ]
        );
        assert_eq!(decision.history.recommendations, Some(vec![Recommendation { replicas: 5, time: NOW }]));
        assert!(decision.history.scale_up_events.is_empty(), "no behavior, no events");
        assert_eq!(decision, fixture.decide(), "the same input gives the same decision");
    }

    /// Source: kubernetes#79035.
    #[test]
    fn old_controllers_take_surge_pods_for_the_size() {
        let mut fixture = Fixture::new(4).with(cpu(50), values(&[500, 500, 500, 500, 500]));
        fixture.pods.push(fixture.pods[0]);
        fixture.scale.status_replicas = 5;
        assert_eq!(fixture.decide().proposal, Some(4));
        fixture.options.current_is_status = true;
        assert_eq!((fixture.decide().proposal, fixture.decide().desired_replicas), (Some(5), 5));
        // When the surge is over, the window still holds what it added.
        fixture.history = fixture.decide().history;
        fixture.now += Nanos::from_secs(15);
        fixture.pods.pop();
        fixture.samples = vec![values(&[500, 500, 500, 500])];
        fixture.scale.status_replicas = 4;
        assert_eq!(fixture.decide().desired_replicas, 5);
    }

    #[test]
    fn bounds_are_enforced_at_once() {
        let calm = ScalingRules {
            select_policy: SelectPolicy::Disabled,
            ..ScalingRules::default_for(Direction::Up)
        };
        let behavior = Behavior { scale_up: calm.clone(), scale_down: calm };
        for (size, want, path, change) in
            [(10, 5, Path::AboveMaximum, 5), (1, 2, Path::BelowMinimum, 1), (0, 0, Path::Disabled, 0)]
        {
            let fixture = Fixture::new(size).bounds(2, 5).behavior(behavior.clone()).proposing(3);
            let decision = fixture.decide();
            assert_eq!((decision.desired_replicas, decision.path), (want, path), "{size}");
            assert!(decision.metrics.is_empty() && decision.proposal.is_none(), "{size}");
            assert_eq!(reason(&decision, ConditionType::ScalingLimited), None, "{size}");
            // Even these steps are remembered, and no recommendation is.
            let events = [&decision.history.scale_up_events, &decision.history.scale_down_events];
            let changes: Vec<i32> = events.into_iter().flatten().map(|event| event.change).collect();
            assert_eq!(changes, if change == 0 { vec![] } else { vec![change] }, "{size}");
            assert_eq!(decision.history.recommendations, Some(vec![]), "{size}");
        }
        for size in [2, 5] {
            let decision = Fixture::new(size).bounds(2, 5).proposing(size).decide();
            assert_eq!(decision.path, Path::Metrics, "{size} is inside the bounds");
        }
    }

    #[test]
    fn a_fresh_controller_does_not_shrink() {
        let mut fixture = Fixture::new(5).proposing(2);
        fixture.history.recommendations = None;
        let decision = fixture.decide();
        assert_eq!(decision.desired_replicas, 5);
        assert_eq!(
            reason(&decision, ConditionType::AbleToScale),
            Some((Status::True, "ScaleDownStabilized".to_owned()))
        );
        let sizes: Vec<i32> = decision.history.recommendations.iter().flatten().map(|r| r.replicas).collect();
        assert_eq!(sizes, [5, 2]);
        fixture.history.recommendations = Some(vec![]);
        assert_eq!(fixture.decide().desired_replicas, 2, "an empty list is not seeded");
    }

    #[test]
    fn the_largest_proposal_wins_and_failures_block_only_steps_down() {
        let failed = || external(MetricTarget::value(100));
        let fixture =
            |size: i32, other: i32| Fixture::new(size).with(failed(), Samples::Unavailable).proposing(other);
        let two = Fixture::new(4).proposing(6).proposing(8).proposing(8).decide();
        assert_eq!((two.desired_replicas, two.winner), (8, Some(1)));

        let up = fixture(4, 6).decide();
        assert_eq!((up.desired_replicas, up.failed, up.winner), (6, true, Some(1)));
        let level = fixture(4, 4).decide();
        assert_eq!((level.desired_replicas, level.failed, level.proposal), (4, true, Some(4)));
        assert_eq!(
            reason(&level, ConditionType::ScalingActive),
            Some((Status::True, "ValidMetricFound".to_owned()))
        );

        let down = fixture(4, 2).decide();
        assert_eq!((down.desired_replicas, down.failed, down.proposal, down.winner), (4, true, None, None));
        assert_eq!(down.history.recommendations, Some(vec![]), "nothing is recommended");
        assert_eq!(
            conditions(&down),
            ["AbleToScale=True/SucceededGetScale", "ScalingActive=False/FailedGetExternalMetric"]
        );
        let mut old = fixture(4, 2);
        old.options = Options::for_kubernetes(20);
        assert_eq!(old.decide().desired_replicas, 2, "1.16 to 1.20 shrank all the same");
    }

    #[test]
    fn a_failure_is_named_after_the_first_metric_that_failed() {
        let unavailable = |metric: MetricSpec| Fixture::new(3).with(metric, Samples::Unavailable);
        let container =
            MetricSource::ContainerResource { resource: "cpu".to_owned(), container: "app".to_owned() };
        let moon = MetricSource::Unknown { kind: "Moon".to_owned() };
        for (metric, want) in [
            (cpu(50), "FailedGetResourceMetric"),
            (MetricSpec { source: container, ..cpu(50) }, "FailedGetContainerResourceMetric"),
            (per_pod(5), "FailedGetPodsMetric"),
            (object(MetricTarget::value(5)), "FailedGetObjectMetric"),
            (external(MetricTarget::value(5)), "FailedGetExternalMetric"),
            (MetricSpec { source: moon, ..cpu(50) }, "InvalidMetricSourceType"),
        ] {
            let decision = unavailable(metric).with(cpu(9), Samples::Unavailable).decide();
            assert_eq!(
                reason(&decision, ConditionType::ScalingActive),
                Some((Status::False, want.to_owned()))
            );
            assert_eq!((decision.desired_replicas, decision.failed), (3, true));
        }
        let none = Fixture::new(3).decide();
        assert!(none.failed && none.proposal.is_none());
    }

    #[test]
    fn a_limit_shows_in_the_condition() {
        for (name, fixture, want, limited) in [
            ("too fast", Fixture::new(3).proposing(50), 6, "True/ScaleUpLimit"),
            ("too many", Fixture::new(3).bounds(1, 5).proposing(50), 5, "True/TooManyReplicas"),
            ("too few", Fixture::new(9).bounds(4, 50).proposing(2), 4, "True/TooFewReplicas"),
            (
                "stabilization is no limit",
                {
                    let mut fixture = Fixture::new(5).proposing(2);
                    fixture.history.recommendations = None;
                    fixture
                },
                5,
                "False/DesiredWithinRange",
            ),
        ] {
            let decision = fixture.decide();
            let (status, reason) = reason(&decision, ConditionType::ScalingLimited).unwrap();
            assert_eq!(
                (decision.desired_replicas, format!("{status:?}/{reason}")),
                (want, limited.to_owned()),
                "{name}"
            );
        }
    }

    #[test]
    fn earlier_conditions_stay_until_they_are_overwritten() {
        let mut fixture = Fixture::new(9).bounds(1, 5);
        fixture.conditions.set(ConditionType::ScalingLimited, Status::True, "TooManyReplicas");
        assert_eq!(
            conditions(&fixture.decide()),
            ["AbleToScale=True/SucceededRescale", "ScalingLimited=True/TooManyReplicas"]
        );
    }

    #[test]
    fn a_negative_metric_asks_for_nothing() {
        let target = MetricTarget::average_value(1000);
        let decision = Fixture::new(3).with(object(target), Samples::Object(-5_000)).decide();
        assert_eq!((decision.proposal, decision.desired_replicas), (Some(0), 1));
        // The sum of an External metric counts as one that overflowed.
        let decision = Fixture::new(3).with(external(target), Samples::External(vec![-5_000])).decide();
        assert_eq!(decision.proposal, Some(i32::MAX));
    }

    #[test]
    fn steps_are_remembered_under_behavior() {
        let decision = Fixture::new(3).behavior(Behavior::default()).proposing(5).decide();
        let step = ScaleEvent { change: 2, time: NOW, outdated: false };
        assert_eq!(decision.history.scale_up_events, [step]);
        assert_eq!(decision.normalized.unwrap().limited.reason, LimitReason::DesiredWithinRange);
    }

    /// Source: kubernetes horizontal_test.go TestScaleToZeroBehavior, TestScaleUpCMObject,
    /// TestScaleDownCM (1.36+), and facts of kubernetes#135118.
    #[test]
    fn zero_replicas_by_version() {
        use ScaleToZero::{Legacy, Off, On};
        struct Case {
            name: &'static str,
            mode: ScaleToZero,
            size: i32,
            min: i32,
            metric: (MetricSpec, Samples),
            marked: Option<Status>,
            want: i32,
            path: Path,
            after: Option<&'static str>,
        }
        let demand = |milli| (object(MetricTarget::value(1000)), Samples::Object(milli));
        let busy = || (cpu(50), values(&[]));
        let marked = Some(Status::True);
        let case = |name, mode, size, min, metric, marked, want, path, after| Case {
            name,
            mode,
            size,
            min,
            metric,
            marked,
            want,
            path,
            after,
        };
        let (metrics, disabled) = (Path::Metrics, Path::Disabled);
        for case in [
            case("legacy wakes with a minimum of zero", Legacy, 0, 0, demand(1000), None, 1, metrics, None),
            case("legacy pauses with a minimum of one", Legacy, 0, 1, demand(1000), None, 0, disabled, None),
            case(
                "legacy keeps a foreign mark",
                Legacy,
                0,
                1,
                demand(1000),
                marked,
                0,
                disabled,
                Some("True/mark"),
            ),
            case("legacy sleeps without a mark", Legacy, 5, 0, demand(0), None, 0, metrics, None),
            case("off pauses and removes the mark", Off, 0, 0, demand(1000), marked, 0, disabled, None),
            case("off sleeps without a mark", Off, 5, 0, demand(0), None, 0, metrics, None),
            case("off removes a stale mark", Off, 5, 0, demand(5000), marked, 10, metrics, None),
            case(
                "on wakes where it slept",
                On,
                0,
                0,
                demand(1000),
                marked,
                1,
                metrics,
                Some("False/NotScaledToZero"),
            ),
            case("on pauses at a zero by hand", On, 0, 0, demand(1000), None, 0, disabled, None),
            case(
                "on pauses at a mark that is false",
                On,
                0,
                0,
                demand(1000),
                Some(Status::False),
                0,
                disabled,
                Some("False/mark"),
            ),
            case("on pauses with cpu alone", On, 0, 0, busy(), marked, 0, disabled, Some("True/mark")),
            case("on sleeps with a mark", On, 5, 0, demand(0), None, 0, metrics, Some("True/ScaledToZero")),
            case(
                "on stays asleep without demand",
                On,
                0,
                0,
                demand(0),
                marked,
                0,
                metrics,
                Some("True/mark"),
            ),
            case(
                "on wakes to a minimum that was raised",
                On,
                0,
                2,
                demand(500),
                marked,
                2,
                metrics,
                Some("False/NotScaledToZero"),
            ),
            case(
                "on wakes to a minimum even with cpu alone, unless it fails",
                On,
                0,
                2,
                busy(),
                marked,
                0,
                metrics,
                Some("True/mark"),
            ),
            case(
                "an ordinary step clears the mark",
                On,
                5,
                1,
                demand(2000),
                marked,
                10,
                metrics,
                Some("False/NotScaledToZero"),
            ),
            case(
                "cpu alone never marks",
                On,
                1,
                0,
                (cpu(50), values(&[0])),
                None,
                0,
                metrics,
                Some("False/NotScaledToZero"),
            ),
        ] {
            let mut fixture = Fixture::new(case.size).bounds(case.min, 20).with(case.metric.0, case.metric.1);
            fixture.options.scale_to_zero = case.mode;
            if let Some(status) = case.marked {
                fixture.conditions.set(ConditionType::ScaledToZero, status, "mark");
            }
            let decision = fixture.decide();
            assert_eq!((decision.desired_replicas, decision.path), (case.want, case.path), "{}", case.name);
            let after = reason(&decision, ConditionType::ScaledToZero)
                .map(|(status, why)| format!("{status:?}/{why}"));
            assert_eq!(after.as_deref(), case.after, "{}", case.name);
            if case.path == Path::Disabled {
                let why = reason(&decision, ConditionType::ScalingActive);
                assert_eq!(why, Some((Status::False, "ScalingDisabled".to_owned())), "{}", case.name);
            }
        }
    }

    #[test]
    fn leaving_zero_reaches_the_minimum_past_the_speed_limit() {
        let wake = |behavior: Option<Behavior>, min: i32| {
            let mut fixture = Fixture::new(0).bounds(min, 50).proposing(40);
            fixture.options = Options::for_kubernetes(37);
            fixture.conditions.set(ConditionType::ScaledToZero, Status::True, "ScaledToZero");
            fixture.hpa.behavior = behavior;
            fixture.decide().desired_replicas
        };
        assert_eq!((wake(None, 0), wake(Some(Behavior::default()), 0)), (4, 4));
        assert_eq!(wake(Some(Behavior::default()), 10), 10);
    }

    /// The size at any earlier time, by the steps that were made.
    fn size_at(steps: &[(SimTime, i32)], time: SimTime) -> i32 {
        steps.iter().rev().find(|(at, _)| *at <= time).map_or(steps[0].1, |(_, size)| *size)
    }

    use crate::units::SimTime;

    proptest! {
        #[test]
        fn the_size_stays_in_bounds_and_disabled_directions_are_silent(
            size in 1_i32..60,
            proposals in prop::collection::vec(0_i32..200, 1..4),
            (min, spread) in (1_i32..30, 0_i32..60),
            select in prop_oneof![Just(SelectPolicy::Max), Just(SelectPolicy::Min), Just(SelectPolicy::Disabled)],
            with_behavior in any::<bool>(),
        ) {
            let mut fixture = proposals.iter().fold(Fixture::new(size), |f, proposal| f.proposing(*proposal));
            fixture = fixture.bounds(min, min + spread);
            if with_behavior {
                let up = ScalingRules { select_policy: select, ..ScalingRules::default_for(Direction::Up) };
                let down = ScalingRules { select_policy: select, ..ScalingRules::default_for(Direction::Down) };
                fixture = fixture.behavior(Behavior { scale_up: up, scale_down: down });
            }
            let decision = fixture.decide();
            prop_assert!((min..=min + spread).contains(&decision.desired_replicas));
            let inside = (min..=min + spread).contains(&size);
            if with_behavior && inside && select == SelectPolicy::Disabled {
                prop_assert_eq!(decision.desired_replicas, size);
            }
        }

        /// Replays a random sequence of demands: within no period does the size move further than
        /// each policy allows from where it was at the start of that period.
        #[test]
        fn speed_limits_hold_over_every_period(
            demands in prop::collection::vec((0_i32..300, 1_u64..40), 1..60),
            (up_pods, up_percent, up_period) in (0_i32..20, 0_i32..100, 15_u64..120),
            (down_pods, down_period) in (1_i32..20, 15_u64..120),
        ) {
            // Min makes every policy bind.
            let mut up = rules(PolicyKind::Pods, up_pods, up_period);
            up.policies.push(ScalingPolicy { kind: PolicyKind::Percent, value: up_percent, period: Nanos::from_secs(up_period) });
            up.select_policy = SelectPolicy::Min;
            let behavior = Behavior { scale_up: up, scale_down: rules(PolicyKind::Pods, down_pods, down_period) };
            let mut fixture = Fixture::new(10).bounds(1, 200).behavior(behavior);
            let mut steps = vec![(NOW, 10)];
            for (demand, gap) in demands {
                fixture.now += Nanos::from_secs(gap);
                fixture.hpa.metrics.clear();
                fixture.samples.clear();
                fixture = fixture.proposing(demand);
                let before = fixture.scale.spec_replicas;
                let decision = fixture.decide();
                let after = decision.desired_replicas;
                if after > before {
                    let start = size_at(&steps, fixture.now - Nanos::from_secs(up_period));
                    prop_assert!(after <= start + up_pods);
                    prop_assert!(f64::from(after) < f64::from(start) * (1.0 + f64::from(up_percent) / 100.0) + 1.0);
                } else if after < before {
                    let start = size_at(&steps, fixture.now - Nanos::from_secs(down_period));
                    prop_assert!(after >= start - down_pods);
                }
                if after != before {
                    steps.push((fixture.now, after));
                }
                fixture.scale = Scale { spec_replicas: after, status_replicas: after };
                fixture.history = decision.history;
                fixture.conditions = decision.conditions;
            }
        }
    }
}
