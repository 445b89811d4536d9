//! The two steps of a rolling update: more of the new, then fewer of the old.

use super::{DeploymentSpec, ReplicaSetView, Strategy, total_replicas};

/// The size the new ReplicaSet, now `new`, may grow to when all sizes together are `total`.
/// Source: deployment_util.go NewRSNewReplicas.
pub fn new_size(spec: &DeploymentSpec, total: u64, new: u32) -> u32 {
    if spec.strategy == Strategy::Recreate {
        return spec.replicas;
    }
    let ceiling = u64::from(spec.replicas) + u64::from(spec.max_surge());
    if total >= ceiling {
        return new;
    }
    let room = u32::try_from(ceiling - total).unwrap_or(u32::MAX);
    new.saturating_add(room).min(spec.replicas)
}

/// The size of the new ReplicaSet after the scale-up step.
/// Source: rolling.go reconcileNewReplicaSet.
pub fn reconcile_new(spec: &DeploymentSpec, total: u64, new: u32) -> u32 {
    if new > spec.replicas { spec.replicas } else { new_size(spec, total, new) }
}

/// What the scale-down step, or a part of it, did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OldStep {
    /// Replicas taken away in total.
    pub removed: u32,
    /// It broke off at a ReplicaSet with more available pods than replicas.
    pub stale: bool,
}

/// The scale-down step: takes replicas from every set but `new`, in place.
///
/// New pods that are not available yet are counted against what may go, so that a broken new
/// template stops the rollout. Source: rolling.go reconcileOldReplicaSets.
pub fn reconcile_old(spec: &DeploymentSpec, sets: &mut [ReplicaSetView], new: usize) -> OldStep {
    // Without the new set's unavailable pods: all old ones and the new available.
    let old: u64 = total_replicas(sets) - u64::from(sets[new].replicas);
    let counted = old + u64::from(sets[new].available);
    let room = counted.saturating_sub(u64::from(spec.min_available()));
    if room == 0 {
        return OldStep::default();
    }
    let cleanup = cleanup_unhealthy(sets, Some(new), u32::try_from(room).unwrap_or(u32::MAX));
    if cleanup.stale {
        return cleanup;
    }
    OldStep { removed: cleanup.removed + scale_down_old(spec, sets, Some(new)), stale: false }
}

/// First half of the scale-down step: takes at most `limit` unavailable replicas away, the oldest
/// ReplicaSet first. They serve nobody, and would block the rollout.
/// Source: rolling.go cleanupUnhealthyReplicas.
pub fn cleanup_unhealthy(sets: &mut [ReplicaSetView], new: Option<usize>, limit: u32) -> OldStep {
    let mut removed = 0;
    for set in active_old(sets, new) {
        let set = &mut sets[set];
        if removed >= limit {
            break;
        }
        let Some(unhealthy) = set.replicas.checked_sub(set.available) else {
            return OldStep { removed, stale: true };
        };
        let down = unhealthy.min(limit - removed);
        set.replicas -= down;
        removed += down;
    }
    OldStep { removed, stale: false }
}

/// Second half of the scale-down step: takes away what is available above the minimum, the oldest
/// ReplicaSet first. Source: rolling.go scaleDownOldReplicaSetsForRollingUpdate.
pub fn scale_down_old(spec: &DeploymentSpec, sets: &mut [ReplicaSetView], new: Option<usize>) -> u32 {
    let available: u64 = sets.iter().map(|set| u64::from(set.available)).sum();
    let surplus = available.saturating_sub(u64::from(spec.min_available()));
    let surplus = u32::try_from(surplus).unwrap_or(u32::MAX);
    let mut removed = 0;
    for set in active_old(sets, new) {
        let set = &mut sets[set];
        let down = set.replicas.min(surplus - removed);
        set.replicas -= down;
        removed += down;
    }
    removed
}

/// The sets other than `new` that have replicas, the oldest first.
fn active_old(sets: &[ReplicaSetView], new: Option<usize>) -> Vec<usize> {
    let mut old: Vec<usize> =
        (0..sets.len()).filter(|set| Some(*set) != new && sets[*set].replicas > 0).collect();
    old.sort_by_key(|set| sets[*set].created);
    old
}
