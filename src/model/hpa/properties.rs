//! What holds for every autoscaler and every history, checked on random ones.

use proptest::prelude::*;

use super::testing::*;
use super::*;
use crate::units::{Nanos, SimTime};

/// One metric of one service over time: CPU of pods that all count, in percent of their requests.
/// Each sync has its demand in thousandths of a core and its distance to the one before, seconds.
#[derive(Clone, Debug)]
struct Run {
    hpa: HpaSpec,
    initial: i32,
    syncs: Vec<(i64, u64)>,
}

/// One sync of it.
#[derive(Clone, Debug)]
struct Seen {
    at: SimTime,
    before: i32,
    after: i32,
    /// None where the size was outside the bounds.
    proposal: Option<i32>,
}

impl Run {
    fn play(&self) -> Vec<Seen> {
        let mut fixture = Fixture::new(self.initial);
        fixture.hpa = self.hpa.clone();
        fixture.samples = vec![Samples::Unavailable];
        let mut seen = Vec::new();
        for (demand, gap) in &self.syncs {
            fixture.now += Nanos::from_secs(*gap);
            let before = fixture.scale.spec_replicas;
            fixture.pods = vec![pod(); usize::try_from(before).expect("a size")];
            let each = demand / i64::from(before.max(1));
            fixture.samples[0] = Samples::Pods(
                (0..u32::try_from(before).expect("a size"))
                    .map(|pod| PodSample {
                        pod,
                        time: fixture.now,
                        window: Nanos::from_secs(15),
                        value: Some(each),
                    })
                    .collect(),
            );
            let decision = fixture.decide();
            let after = decision.desired_replicas;
            seen.push(Seen { at: fixture.now, before, after, proposal: decision.proposal });
            fixture.scale = Scale { spec_replicas: after, status_replicas: after };
            fixture.history = decision.history;
            fixture.conditions = decision.conditions;
        }
        seen
    }
}

fn hpa(behavior: Option<Behavior>) -> HpaSpec {
    HpaSpec { min_replicas: 1, max_replicas: 150, metrics: vec![cpu(50)], behavior }
}

fn policies() -> impl Strategy<Value = Vec<ScalingPolicy>> {
    let kind = prop_oneof![Just(PolicyKind::Pods), Just(PolicyKind::Percent)];
    let policy = (kind, 1_i32..100, 1_u64..200).prop_map(|(kind, value, period)| ScalingPolicy {
        kind,
        value,
        period: Nanos::from_secs(period),
    });
    prop::collection::vec(policy, 1..4)
}

fn scaling_rules() -> impl Strategy<Value = ScalingRules> {
    let select = prop_oneof![Just(SelectPolicy::Max), Just(SelectPolicy::Min), Just(SelectPolicy::Disabled)];
    (0_u64..200, select, policies()).prop_map(|(window, select_policy, policies)| ScalingRules {
        stabilization_window: Some(Nanos::from_secs(window)),
        select_policy,
        policies,
        tolerance: None,
    })
}

fn behaviors() -> impl Strategy<Value = Option<Behavior>> {
    let behavior = (scaling_rules(), scaling_rules())
        .prop_map(|(scale_up, scale_down)| Behavior { scale_up, scale_down });
    prop::option::of(behavior)
}

/// Demands that leave the band of the tolerance often, and gaps around the sync period.
fn syncs() -> impl Strategy<Value = Vec<(i64, u64)>> {
    prop::collection::vec((0_i64..60_000, 1_u64..40), 1..60)
}

fn runs() -> impl Strategy<Value = Run> {
    (behaviors(), 1_i32..100, syncs()).prop_map(|(behavior, initial, syncs)| Run {
        hpa: hpa(behavior),
        initial,
        syncs,
    })
}

/// The size at a time, by what was seen before it.
fn size_at(run: &Run, seen: &[Seen], time: SimTime) -> i32 {
    seen.iter().rev().find(|sync| sync.at <= time).map_or(run.initial, |sync| sync.after)
}

/// The furthest size that one policy allows from `start` on.
fn reach(policy: &ScalingPolicy, direction: Direction, start: i32) -> f64 {
    let (start, value) = (f64::from(start), f64::from(policy.value));
    match (policy.kind, direction) {
        (PolicyKind::Pods, Direction::Up) => start + value,
        (PolicyKind::Pods, Direction::Down) => start - value,
        // Rounding favours change, so up to one pod more.
        (PolicyKind::Percent, Direction::Up) => start * (1.0 + value / 100.0) + 1.0,
        (PolicyKind::Percent, Direction::Down) => start * (1.0 - value / 100.0) - 1.0,
    }
}

proptest! {
    #[test]
    fn every_size_is_within_the_bounds(run in runs(), (min, spread) in (1_i32..40, 0_i32..60)) {
        let mut run = run;
        (run.hpa.min_replicas, run.hpa.max_replicas) = (min, min + spread);
        for sync in run.play() {
            prop_assert!((min..=min + spread).contains(&sync.after), "{sync:?}");
        }
    }

    #[test]
    fn a_disabled_direction_is_silent(run in runs(), up in any::<bool>()) {
        let mut run = run;
        let mut behavior = run.hpa.behavior.clone().unwrap_or_default();
        let rules = if up { &mut behavior.scale_up } else { &mut behavior.scale_down };
        rules.select_policy = SelectPolicy::Disabled;
        run.hpa.behavior = Some(behavior);
        for sync in run.play() {
            prop_assert!(if up { sync.after <= sync.before } else { sync.after >= sync.before }, "{sync:?}");
        }
    }

    /// Whatever the sequence, no step leads further than the policies allow from the size at the
    /// beginning of each one's period: the furthest of them under Max, each of them under Min.
    #[test]
    fn no_speed_limit_is_exceeded_over_any_period(run in runs()) {
        let seen = run.play();
        for (index, sync) in seen.iter().enumerate().filter(|(_, sync)| sync.after != sync.before) {
            let direction = if sync.after > sync.before { Direction::Up } else { Direction::Down };
            let Some(behavior) = &run.hpa.behavior else {
                let limit = (2 * sync.before).max(4);
                prop_assert!(sync.after <= limit, "{sync:?}");
                continue;
            };
            let rules = if direction == Direction::Up { &behavior.scale_up } else { &behavior.scale_down };
            let allowed = |policy: &ScalingPolicy| {
                let start = size_at(&run, &seen[..index], sync.at - policy.period);
                let reach = reach(policy, direction, start);
                if direction == Direction::Up { f64::from(sync.after) <= reach } else { f64::from(sync.after) >= reach }
            };
            let holds = match rules.select_policy {
                SelectPolicy::Max => rules.policies.iter().any(allowed),
                SelectPolicy::Min => rules.policies.iter().all(allowed),
                SelectPolicy::Disabled => false,
            };
            prop_assert!(holds, "sync {index}: {sync:?} of {seen:?}");
        }
    }

    /// Under `behavior` nothing turns back within its window: after a step down no step up within the
    /// up window, after a step up no step down within the down window.
    #[test]
    fn nothing_flaps_within_its_window(run in runs()) {
        let behavior = run.hpa.behavior.clone().unwrap_or_default();
        let run = Run { hpa: hpa(Some(behavior.clone())), ..run };
        let seen = run.play();
        let (up, down) = windows(&behavior, &Options::for_kubernetes(35));
        let steps: Vec<&Seen> = seen.iter().filter(|sync| sync.after != sync.before).collect();
        for pair in steps.windows(2) {
            let (first, second) = (pair[0], pair[1]);
            let gap = second.at.since(first.at);
            let grew = |sync: &Seen| sync.after > sync.before;
            match (grew(first), grew(second)) {
                (false, true) => prop_assert!(gap >= up, "{first:?} {second:?}"),
                (true, false) => prop_assert!(gap >= down, "{first:?} {second:?}"),
                _ => {}
            }
        }
    }

    /// A step down never goes below what was proposed within the down window, and under `behavior` a
    /// step up never above what was proposed within the up window. Without `behavior` a step up may
    /// follow an old proposal that the speed limit had cut, even if the load is gone by then.
    #[test]
    fn windows_keep_what_was_proposed_in_them(run in runs()) {
        let seen = run.play();
        let (up, down) = match &run.hpa.behavior {
            Some(behavior) => windows(behavior, &Options::for_kubernetes(35)),
            None => (Nanos::ZERO, Nanos::from_secs(300)),
        };
        for (index, sync) in seen.iter().enumerate() {
            let within = |window: Nanos| {
                // Without `behavior` the edge of the window still counts.
                let edge = run.hpa.behavior.is_none();
                let recent = move |s: &&Seen| {
                    s.at == sync.at || s.at + window > sync.at || (edge && s.at + window == sync.at)
                };
                seen[..=index].iter().filter(recent).filter_map(|s| s.proposal)
            };
            if sync.after < sync.before {
                prop_assert!(within(down).all(|proposal| sync.after >= proposal.clamp(1, 150)), "{sync:?}");
            } else if sync.after > sync.before && run.hpa.behavior.is_some() {
                prop_assert!(within(up).all(|proposal| sync.after <= proposal.clamp(1, 150)), "{sync:?}");
            } else if sync.after > sync.before {
                prop_assert!(within(down).any(|proposal| sync.after <= proposal), "{sync:?}");
            }
        }
    }

    /// Where every pod counts, more load never gives fewer pods, whatever the controller remembers.
    #[test]
    fn more_load_never_gives_fewer_pods(run in runs(), more in 0_i64..20_000) {
        let Some(last) = run.syncs.len().checked_sub(1) else { return Ok(()) };
        let mut busier = run.clone();
        busier.syncs[last].0 += more;
        let (usual, busier) = (run.play(), busier.play());
        prop_assert!(busier[last].proposal >= usual[last].proposal);
        prop_assert!(busier[last].after >= usual[last].after, "{:?} {:?}", usual[last], busier[last]);
    }

    /// Within the tolerance nothing is asked for, with all pods counting.
    #[test]
    fn the_tolerance_band_is_quiet(size in 1_i32..100, percent in 46_i64..=54) {
        let run = Run { hpa: hpa(None), initial: size, syncs: vec![(percent * 10 * i64::from(size), 15)] };
        let seen = run.play();
        prop_assert_eq!((seen[0].proposal, seen[0].after), (Some(size), size));
    }
}
