//! Blue/green rollouts, as Argo Rollouts does them.
//!
//! A new ReplicaSet is brought up to full size beside the one whose pods the active Service selects. When all
//! its pods are available the Service's selector is switched; the set before is scaled to zero
//! `scaleDownDelaySeconds` later, so that whoever still sends to its pods finds them serving.
//! Pauses, analyses, a preview of another size and limits on how many old sets are kept are left out.
//!
//! Source: argoproj/argo-rollouts rollout/bluegreen.go (rolloutBlueGreen, scaleBlueGreen,
//! scaleDownOldReplicaSetsForBlueGreen), rollout/service.go reconcileActiveService, utils/annotations
//! IsSaturated.

use super::deployment::Resize;
use crate::units::{Nanos, SimTime};

/// `scaleDownDelaySeconds` where nobody says it. Source: utils/defaults DefaultScaleDownDelaySeconds.
pub const SCALE_DOWN_DELAY: Nanos = Nanos::from_secs(30);

/// A ReplicaSet as the controller sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlueGreenSet {
    /// `spec.replicas`.
    pub replicas: u32,
    /// `status.availableReplicas`.
    pub available: u32,
    /// The active Service selects its pods.
    pub is_active: bool,
    /// It has the current template.
    pub is_new: bool,
    /// If its pods were selected before: when it is to be scaled down.
    pub scale_down_at: Option<SimTime>,
}

/// What a sync does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlueGreenDecision {
    /// The new ReplicaSet is created with this size.
    pub create_new: Option<u32>,
    /// ReplicaSets that get another size.
    pub resizes: Vec<Resize>,
    /// The active Service is switched to the new ReplicaSet.
    pub switch: bool,
}

/// Decides one sync of a rollout of `desired` pods.
pub fn sync(desired: u32, sets: &[BlueGreenSet], now: SimTime) -> BlueGreenDecision {
    let new = sets.iter().find(|set| set.is_new);
    let size = |set: &BlueGreenSet| match set.scale_down_at {
        _ if set.is_new || set.is_active => desired,
        Some(at) if now < at => set.replicas,
        _ => 0,
    };
    let resizes = sets.iter().enumerate().filter(|(_, set)| set.replicas != size(set));
    BlueGreenDecision {
        create_new: new.is_none().then_some(desired),
        resizes: resizes.map(|(index, set)| Resize { set: index, replicas: size(set) }).collect(),
        switch: new.is_some_and(|new| !new.is_active && new.replicas == desired && new.available == desired),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SimTime = SimTime(50_000_000_000);

    fn set(replicas: u32, available: u32) -> BlueGreenSet {
        BlueGreenSet { replicas, available, is_active: false, is_new: false, scale_down_at: None }
    }

    fn active(replicas: u32) -> BlueGreenSet {
        BlueGreenSet { is_active: true, ..set(replicas, replicas) }
    }

    fn new(replicas: u32, available: u32) -> BlueGreenSet {
        BlueGreenSet { is_new: true, ..set(replicas, available) }
    }

    fn retired(replicas: u32, at: u64) -> BlueGreenSet {
        BlueGreenSet { scale_down_at: Some(SimTime(at)), ..set(replicas, replicas) }
    }

    #[test]
    fn the_selector_waits_for_every_new_pod_and_the_old_ones_for_their_delay() {
        let promoted = BlueGreenSet { is_new: true, ..active(4) };
        for (name, desired, sets, create_new, sizes, switch) in [
            ("a new template", 4, vec![active(4)], Some(4), vec![], false),
            ("coming up", 4, vec![active(4), new(4, 3)], None, vec![], false),
            ("all available", 4, vec![active(4), new(4, 4)], None, vec![], true),
            ("scaled meanwhile", 6, vec![active(4), new(4, 4)], None, vec![(0, 6), (1, 6)], false),
            ("switched", 4, vec![retired(4, NOW.0 + 1), promoted], None, vec![], false),
            ("the delay is over", 4, vec![retired(4, NOW.0), promoted], None, vec![(0, 0)], false),
            ("done", 4, vec![retired(0, 0), promoted], None, vec![], false),
            (
                "overtaken before the switch",
                4,
                vec![active(4), set(4, 2), new(4, 0)],
                None,
                vec![(1, 0)],
                false,
            ),
            ("nothing wanted", 0, vec![active(0), new(0, 0)], None, vec![], true),
        ] {
            let got = sync(desired, &sets, NOW);
            let resizes: Vec<(usize, u32)> = got.resizes.iter().map(|r| (r.set, r.replicas)).collect();
            assert_eq!((got.create_new, resizes, got.switch), (create_new, sizes, switch), "{name}");
        }
    }
}
