//! Canary rollouts, as Argo Rollouts does them: by the ratio of pods, or with a traffic router.
//!
//! Without a router every pod of both sets is behind the one Service, so a weight is a number of pods: the
//! one that comes closest, with a pod more than asked for where surge allows it. Surge and unavailability
//! bound the way there as in a rolling update. A router has two Services, one for each set, and is told what
//! share of the requests goes to the second. The stable set keeps its size until the end, and surge and
//! unavailability play no part.
//!
//! Source: argoproj/argo-rollouts since 1.2, utils/replicaset/canary.go (CalculateReplicaCountsForBasicCanary,
//! approximateWeightedCanaryStableReplicaCounts, CalculateReplicaCountsForTrafficRoutedCanary,
//! AtDesiredReplicaCountsForCanary, GetCurrentSetWeight), rollout/canary.go
//! (scaleDownOldReplicaSetsForCanary, completedCurrentCanaryStep), rollout/trafficrouting.go
//! reconcileTrafficRouting, rollout/service.go ensureSVCTargets, rollout/sync.go shouldFullPromote.

use super::deployment::DeploymentSpec;
use crate::units::Nanos;

/// A step of `strategy.canary.steps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanaryStep {
    /// `setWeight`, in percent.
    SetWeight(u32),
    /// `pause` with a duration.
    Pause(Nanos),
}

/// How long the pauses of these steps are together.
pub fn pauses(steps: &[CanaryStep]) -> Nanos {
    let pause = |step: &CanaryStep| match step {
        CanaryStep::Pause(pause) => *pause,
        CanaryStep::SetWeight(_) => Nanos::ZERO,
    };
    steps.iter().map(pause).sum()
}

/// How often these steps set a weight.
pub fn weights(steps: &[CanaryStep]) -> u64 {
    steps.iter().filter(|step| matches!(step, CanaryStep::SetWeight(_))).count() as u64
}

/// Sizes of a ReplicaSet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CanarySet {
    /// `spec.replicas`.
    pub replicas: u32,
    /// `status.replicas`.
    pub created: u32,
    /// `status.availableReplicas`.
    pub available: u32,
}

/// What one sync looks at.
#[derive(Clone, Copy, Debug)]
pub struct CanaryView {
    /// The rollout's size and bounds.
    pub spec: DeploymentSpec,
    /// A traffic router shares the requests out.
    pub is_routed: bool,
    /// The weight of the new pods, in percent.
    pub weight: u32,
    /// The set with the current template.
    pub new: CanarySet,
    /// The one that was promoted last; `None` if it is the new one.
    pub stable: Option<CanarySet>,
    /// Pods of all others, which a rollout that was overtaken has left.
    pub others: u32,
    /// How many of them are available.
    pub others_available: u32,
}

/// The weight in force at step number `index`: that of the last `setWeight` so far, everything behind the
/// last step.
pub fn weight_at(steps: &[CanaryStep], index: usize) -> u32 {
    if index >= steps.len() { 100 } else { weight_before(steps, index + 1) }
}

/// The weight that the steps before number `index` have left.
fn weight_before(steps: &[CanaryStep], index: usize) -> u32 {
    let weight = |step: &CanaryStep| match step {
        CanaryStep::SetWeight(weight) => Some(*weight),
        CanaryStep::Pause(_) => None,
    };
    steps[..index.min(steps.len())].iter().rev().find_map(weight).unwrap_or(0)
}

impl CanaryView {
    /// The sizes that the weight asks for: of the new set, of the stable one.
    pub fn wanted(&self) -> (u32, u32) {
        match self.stable {
            None => (self.spec.replicas, 0),
            Some(_) if self.is_routed => {
                let pods = (u64::from(self.spec.replicas) * u64::from(self.weight)).div_ceil(100);
                (u32::try_from(pods).unwrap_or(u32::MAX), self.spec.replicas)
            }
            Some(_) => closest(self.spec.replicas, self.weight, self.spec.max_surge()),
        }
    }

    /// Whether the new pods that the weight asks for are available and the stable ones there, and no other
    /// pod is left that gets requests.
    pub fn is_reached(&self) -> bool {
        let (new, stable) = self.wanted();
        let stable = self.stable.is_none_or(|set| set.replicas == stable && set.created == stable);
        let alone = self.is_routed || self.others_available == 0;
        self.new.replicas == new && self.new.available == new && stable && alone
    }

    /// Whether the new set becomes the stable one once all steps are over.
    pub fn may_promote(&self) -> bool {
        self.new.available == self.spec.replicas
    }

    /// What the router is told: the share of requests for the canary Service at step number `index`, in
    /// percent. A weight waits for its pods, and after the promotion the stable Service has them all.
    pub fn router_weight(&self, steps: &[CanaryStep], index: usize) -> u32 {
        match self.stable {
            None => 0,
            Some(_) if self.new.available == 0 => 0,
            Some(_) if self.is_reached() => weight_at(steps, index),
            Some(_) => weight_before(steps, index),
        }
    }

    /// The sizes of the new set and of the stable one after this sync. The stable set grows first; then the
    /// one shrinks that has too many, as far as what is available of the other one allows.
    pub fn sizes(&self) -> (u32, u32) {
        let (wanted_new, wanted_stable) = self.wanted();
        if self.is_routed {
            return (wanted_new, wanted_stable);
        }
        let (mut new, mut stable) = (self.new.replicas, self.stable.map_or(0, |set| set.replicas));
        let most = self.spec.replicas.saturating_add(self.spec.max_surge());
        let mut room = most.saturating_sub(new.saturating_add(stable).saturating_add(self.others));
        for (size, wanted) in [(&mut stable, wanted_stable), (&mut new, wanted_new)] {
            let grows = wanted.saturating_sub(*size).min(room);
            *size += grows;
            room -= grows;
        }
        if self.others > 0 {
            return (new, stable);
        }
        let increases = wanted_new >= self.new.replicas;
        let counts = |set: CanarySet, whatever_is_available: bool| match whatever_is_available {
            true => set.replicas,
            false => set.available.min(set.replicas),
        };
        let counted =
            counts(self.new, !increases) + self.stable.map_or(0, |stable| counts(stable, increases));
        let least = self.spec.min_available();
        let spare = counted.saturating_sub(least);
        let shrunk = |set: CanarySet, wanted: u32, size: u32| match set.replicas > wanted {
            true => wanted.max(set.replicas.saturating_sub(spare)),
            false => size,
        };
        match self.stable {
            _ if spare == 0 => {}
            Some(set) if increases => {
                stable = shrunk(set, wanted_stable, stable);
                (stable, new) = within_limits((set, stable), (self.new, new), most, least);
            }
            None if increases => {}
            other => {
                new = shrunk(self.new, wanted_new, new);
                if let Some(set) = other {
                    (new, stable) = within_limits((self.new, new), (set, stable), most, least);
                }
            }
        }
        (new, stable)
    }
}

/// The numbers of new and stable pods that come closest to a weight: `replicas` in all, or one more if pods
/// may surge. With a weight between none and all, neither is none as long as there are two. Of two that are
/// equally close the first counts, new pods rounded up before new pods rounded down.
fn closest(replicas: u32, weight: u32, surge: u32) -> (u32, u32) {
    if replicas == 0 {
        return (0, 0);
    }
    let is_tied = |total: u32| u64::from(total) * u64::from(weight) % 100 == 50;
    let hundredths = u64::from(replicas) * u64::from(weight);
    let pods = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let (up, down) = (pods(hundredths.div_ceil(100)), pods(hundredths / 100));
    let may_be_none = weight == 0 || weight == 100 || (replicas == 1 && surge == 0);
    let may_round_down = down != 0 || may_be_none;
    let options = [
        (up < replicas || may_be_none, up, replicas),
        (may_round_down && !is_tied(replicas), down, replicas),
        (surge > 0, up, replicas.saturating_add(1)),
        (
            surge > 0 && may_round_down && !is_tied(replicas.saturating_add(1)),
            down,
            replicas.saturating_add(1),
        ),
    ];
    let off =
        |(new, total): (u32, u32)| (f64::from(new) * 100.0 / f64::from(total) - f64::from(weight)).abs();
    let allowed = options.into_iter().filter(|(allowed, ..)| *allowed).map(|(_, new, total)| (new, total));
    let best = allowed.reduce(|best, option| if off(option) < off(best) { option } else { best });
    best.map_or((0, replicas), |(new, total)| (new, total - new))
}

/// The sizes of the set that shrinks and of the other one, so that there are not more than `most` pods, nor
/// fewer than `least` available ones for it.
fn within_limits(
    (shrinks, mut size): (CanarySet, u32),
    (other, mut other_size): (CanarySet, u32),
    most: u32,
    least: u32,
) -> (u32, u32) {
    let above = |size: u32, other: u32| size.saturating_add(other).saturating_sub(most);
    other_size = other_size.saturating_sub(above(size, other_size));
    let available = shrinks.available.min(size) + other.available.min(other_size);
    let taken = other.available.saturating_sub(other_size);
    other_size += taken.min(least.saturating_sub(available));
    size = size.saturating_sub(above(size, other_size));
    (size, other_size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::deployment::Strategy;
    use crate::units::IntOrPercent;
    use proptest::prelude::*;

    fn view(replicas: u32, weight: u32, new: u32, stable: u32, unavailable: u32, surge: u32) -> CanaryView {
        let strategy = Strategy::RollingUpdate {
            max_surge: IntOrPercent::Int(surge),
            max_unavailable: IntOrPercent::Int(unavailable),
        };
        let set = |replicas| CanarySet { replicas, created: replicas, available: replicas };
        CanaryView {
            spec: DeploymentSpec { replicas, strategy, paused: false },
            is_routed: false,
            weight,
            new: set(new),
            stable: Some(set(stable)),
            others: 0,
            others_available: 0,
        }
    }

    /// Source: the examples in the comment above CalculateReplicaCountsForBasicCanary, except that of 10 pods
    /// and 5 %, where the code below it takes the pod that may surge, since 1 of 11 is closer than 1 of 10.
    #[test]
    fn the_documented_examples() {
        for ((replicas, weight, new, stable, unavailable, surge), sizes) in [
            ((10, 10, 0, 10, 1, 1), (1, 9)),
            ((10, 30, 0, 10, 0, 3), (3, 10)),
            ((10, 30, 0, 10, 5, 0), (0, 7)),
            ((10, 5, 0, 10, 1, 1), (1, 10)),
            ((1, 5, 0, 1, 0, 1), (1, 1)),
            ((1, 95, 0, 1, 0, 1), (1, 1)),
        ] {
            let view = view(replicas, weight, new, stable, unavailable, surge);
            assert_eq!(view.sizes(), sizes, "{view:?}");
        }
    }

    #[test]
    fn a_weight_is_the_number_of_pods_that_comes_closest() {
        for ((replicas, weight, surge), pods) in [
            ((10, 21, 0), (2, 8)),
            ((10, 25, 0), (3, 7)),
            ((10, 5, 0), (1, 9)),
            ((10, 99, 0), (9, 1)),
            ((3, 50, 0), (2, 1)),
            ((3, 50, 1), (2, 2)),
            ((2, 1, 0), (1, 1)),
            ((1, 40, 0), (0, 1)),
            ((1, 60, 0), (1, 0)),
            ((1, 5, 1), (1, 1)),
            ((7, 0, 1), (0, 7)),
            ((7, 100, 1), (7, 0)),
            ((0, 50, 1), (0, 0)),
        ] {
            assert_eq!(closest(replicas, weight, surge), pods, "{weight} % of {replicas}, surge {surge}");
        }
    }

    /// Source: the steps in the comment of adjustReplicaWithinLimits.
    #[test]
    fn the_set_that_shrinks_leaves_room_for_what_the_other_one_has() {
        let set = |replicas, available| CanarySet { replicas, created: replicas, available };
        assert_eq!(within_limits((set(8, 8), 5), (set(2, 2), 5), 11, 9), (5, 5));
        assert_eq!(within_limits((set(8, 8), 8), (set(4, 4), 4), 11, 10), (8, 3), "above the most");
        assert_eq!(
            within_limits((set(8, 3), 8), (set(4, 4), 4), 11, 10),
            (7, 4),
            "those that are available stay"
        );
    }

    #[test]
    fn the_weight_is_that_of_the_last_step_that_sets_one() {
        let pause = CanaryStep::Pause(Nanos::from_secs(9));
        let steps = [pause, CanaryStep::SetWeight(20), pause, CanaryStep::SetWeight(60)];
        let weights: Vec<u32> = (0..5).map(|index| weight_at(&steps, index)).collect();
        assert_eq!(weights, [0, 20, 20, 60, 100]);
        assert_eq!(weight_at(&[], 0), 100);
    }

    /// Source: TestCalculateReplicaCountsForCanary's cases with a traffic router, where the stable set keeps
    /// its size whatever the bounds.
    #[test]
    fn behind_a_router_the_stable_set_keeps_its_size_and_bounds_play_no_part() {
        for ((replicas, weight, new, stable, unavailable, surge), sizes) in [
            ((10, 10, 0, 10, 1, 0), (1, 10)),
            ((10, 5, 0, 10, 0, 1), (1, 10)),
            ((4, 50, 1, 4, 0, 1), (2, 4)),
            ((4, 100, 2, 4, 0, 1), (4, 4)),
            ((4, 0, 2, 4, 0, 1), (0, 4)),
        ] {
            let view =
                CanaryView { is_routed: true, ..view(replicas, weight, new, stable, unavailable, surge) };
            assert_eq!(view.sizes(), sizes, "{view:?}");
        }
        let waits = CanaryView {
            is_routed: true,
            stable: Some(CanarySet { replicas: 10, created: 10, available: 3 }),
            ..view(10, 20, 2, 10, 0, 1)
        };
        assert!(waits.is_reached(), "stable pods that are broken hold nothing up");
        let promoted = CanaryView { is_routed: true, stable: None, others: 10, ..view(10, 100, 10, 0, 0, 1) };
        assert_eq!(promoted.sizes(), (10, 0));
        assert!(promoted.is_reached(), "old pods that wait for their end get no requests");
    }

    #[test]
    fn a_routers_weight_waits_for_its_pods_and_falls_back_to_none() {
        let steps =
            [CanaryStep::SetWeight(20), CanaryStep::Pause(Nanos::from_secs(9)), CanaryStep::SetWeight(60)];
        let at = |index: usize, new: u32, available: u32| {
            let view = CanaryView {
                is_routed: true,
                weight: weight_at(&steps, index),
                new: CanarySet { replicas: new, created: new, available },
                ..view(10, 0, new, 10, 0, 1)
            };
            view.router_weight(&steps, index)
        };
        assert_eq!(at(0, 2, 1), 0, "not yet all of the first step");
        assert_eq!(at(0, 2, 2), 20);
        assert_eq!(at(1, 2, 2), 20, "a pause keeps it");
        assert_eq!(at(2, 6, 5), 20, "the weight before, until the pods are there");
        assert_eq!(at(2, 6, 6), 60);
        assert_eq!(at(2, 6, 0), 0, "nobody is left");
        assert_eq!(at(3, 10, 9), 60);
        assert_eq!(at(3, 10, 10), 100, "behind the last step");
        let promoted = CanaryView { is_routed: true, stable: None, ..view(10, 100, 10, 0, 0, 1) };
        assert_eq!(promoted.router_weight(&steps, 3), 0, "the stable Service has the new pods");
    }

    proptest! {
        /// Whatever is available is taken and given within the bounds, until the weight is reached.
        #[test]
        fn every_weight_is_reached_within_the_bounds(
            replicas in 1_u32..30, weight in 0_u32..101, surge in 0_u32..5, unavailable in 0_u32..5,
        ) {
            let unavailable = if surge == 0 { unavailable.max(1) } else { unavailable };
            let mut now = view(replicas, weight, 0, replicas, unavailable, surge);
            for _ in 0..200 {
                if now.is_reached() {
                    break;
                }
                let (new, stable) = now.sizes();
                let available = now.new.available.min(new) + now.stable.unwrap().available.min(stable);
                prop_assert!(available >= now.spec.min_available(), "{now:?}");
                prop_assert!(new + stable <= replicas + now.spec.max_surge(), "{now:?}");
                now.new = CanarySet { replicas: new, created: new, available: new };
                now.stable = Some(CanarySet { replicas: stable, created: stable, available: stable });
            }
            prop_assert!(now.is_reached(), "{now:?}");
        }
    }
}
