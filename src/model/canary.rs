//! Canary rollouts, as Argo Rollouts does them: by the ratio of pods, or with a traffic router.
//!
//! Without a router every pod of both sets is behind the one Service, so a weight is a number of pods: both
//! sides are rounded up, and surge and unavailability bound the way there as in a rolling update. A router
//! has two Services, one for each set, and is told what share of the requests goes to the second. The stable
//! set keeps its size until the end, and surge and unavailability play no part.
//!
//! Source: argoproj/argo-rollouts utils/replicaset/canary.go (CalculateReplicaCountsForBasicCanary,
//! CalculateReplicaCountsForTrafficRoutedCanary, AtDesiredReplicaCountsForCanary, GetCurrentSetWeight),
//! utils/replicaset/replicaset.go IsReplicaSetAvailable, rollout/canary.go
//! (scaleDownOldReplicaSetsForCanary, completedCurrentCanaryStep), rollout/trafficrouting.go
//! reconcileTrafficRouting, rollout/service.go ensureSVCTargets.

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

/// Sizes of a ReplicaSet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CanarySet {
    /// `spec.replicas`.
    pub replicas: u32,
    /// `status.availableReplicas`.
    pub available: u32,
}

impl CanarySet {
    /// Whether it has pods and all of them are available: a Service is not switched to it before.
    pub fn is_available(self) -> bool {
        self.replicas > 0 && self.replicas <= self.available
    }
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
        let size = u64::from(self.spec.replicas);
        let share = |percent: u32| {
            let pods = (size * u64::from(percent)).div_ceil(100);
            u32::try_from(pods).unwrap_or(u32::MAX)
        };
        match self.stable {
            None => (self.spec.replicas, 0),
            Some(_) if self.is_routed => (share(self.weight), self.spec.replicas),
            Some(_) => (share(self.weight), share(100 - self.weight.min(100))),
        }
    }

    /// Whether both sets have what the weight asks for, and no other pod is left that gets requests.
    pub fn is_reached(&self) -> bool {
        let (new, stable) = self.wanted();
        let has = |set: CanarySet, size: u32| set.replicas == size && set.available == size;
        let alone = self.is_routed || self.others == 0;
        has(self.new, new) && self.stable.is_none_or(|set| has(set, stable)) && alone
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

    /// The sizes of the new set and of the stable one after this sync. The stable set grows first and
    /// shrinks last.
    pub fn sizes(&self) -> (u32, u32) {
        let (wanted_new, wanted_stable) = self.wanted();
        if self.is_routed {
            return (wanted_new, wanted_stable);
        }
        let (mut new, mut stable) = (self.new.replicas, self.stable.map_or(0, |set| set.replicas));
        let uneven =
            self.stable.is_some() && (u64::from(self.spec.replicas) * u64::from(self.weight)) % 100 > 0;
        let most = self.spec.replicas.saturating_add(self.spec.max_surge()).saturating_add(uneven.into());
        let mut room = most.saturating_sub(new.saturating_add(stable).saturating_add(self.others));
        for (size, wanted) in [(&mut stable, wanted_stable), (&mut new, wanted_new)] {
            let grows = wanted.saturating_sub(*size).min(room);
            *size += grows;
            room -= grows;
        }
        if self.others > 0 {
            return (new, stable);
        }
        let increasing = wanted_new >= self.new.replicas;
        let counts = |set: CanarySet, whatever_is_available: bool| match whatever_is_available {
            true => set.replicas,
            false => set.available.min(set.replicas),
        };
        let counted =
            counts(self.new, !increasing) + self.stable.map_or(0, |stable| counts(stable, increasing));
        let mut spare = counted.saturating_sub(self.spec.min_available());
        let before = [self.new.replicas, self.stable.map_or(0, |set| set.replicas)];
        for ((size, wanted), before) in
            [(&mut new, wanted_new), (&mut stable, wanted_stable)].into_iter().zip(before)
        {
            let shrinks = before.saturating_sub(wanted).min(spare);
            *size -= shrinks;
            spare -= shrinks;
        }
        (new, stable)
    }
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
        let set = |replicas| CanarySet { replicas, available: replicas };
        CanaryView {
            spec: DeploymentSpec { replicas, strategy, paused: false },
            is_routed: false,
            weight,
            new: set(new),
            stable: Some(set(stable)),
            others: 0,
        }
    }

    /// Source: the examples in the comment above CalculateReplicaCountsForCanary, except that the code below
    /// it rounds 9.5 pods up to 10.
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
                new: CanarySet { replicas: new, available },
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
                prop_assert!(new + stable <= replicas + now.spec.max_surge() + 1, "{now:?}");
                now.new = CanarySet { replicas: new, available: new };
                now.stable = Some(CanarySet { replicas: stable, available: stable });
            }
            prop_assert!(now.is_reached(), "{now:?}");
        }
    }
}
