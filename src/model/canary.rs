//! Canary rollouts by the ratio of pods, as Argo Rollouts does them without a traffic router.
//!
//! Every pod of both sets is behind the one Service, so a weight is a number of pods: both sides are rounded
//! up, and surge and unavailability bound the way there as in a rolling update.
//!
//! Source: argoproj/argo-rollouts utils/replicaset/canary.go (CalculateReplicaCountsForCanary,
//! AtDesiredReplicaCountsForCanary, GetCurrentSetWeight), rollout/canary.go
//! (scaleDownOldReplicaSetsForCanary, completedCurrentCanaryStep).

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

/// Sizes of a ReplicaSet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CanarySet {
    /// `spec.replicas`.
    pub replicas: u32,
    /// `status.availableReplicas`.
    pub available: u32,
}

/// What one sync looks at.
#[derive(Clone, Copy, Debug)]
pub struct CanaryView {
    /// The rollout's size and bounds.
    pub spec: DeploymentSpec,
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
    if index >= steps.len() {
        return 100;
    }
    let weight = |step: &CanaryStep| match step {
        CanaryStep::SetWeight(weight) => Some(*weight),
        CanaryStep::Pause(_) => None,
    };
    steps[..=index].iter().rev().find_map(weight).unwrap_or(0)
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
            Some(_) => (share(self.weight), share(100 - self.weight.min(100))),
        }
    }

    /// Whether both sets have what the weight asks for, and no other pod is left.
    pub fn is_reached(&self) -> bool {
        let (new, stable) = self.wanted();
        let has = |set: CanarySet, size: u32| set.replicas == size && set.available == size;
        has(self.new, new) && self.stable.is_none_or(|set| has(set, stable)) && self.others == 0
    }

    /// The sizes of the new set and of the stable one after this sync. The stable set grows first and
    /// shrinks last.
    pub fn sizes(&self) -> (u32, u32) {
        let (wanted_new, wanted_stable) = self.wanted();
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
