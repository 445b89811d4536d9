//! What happens to all ReplicaSets when the desired size changes, perhaps in mid-rollout.

use super::{DeploymentSpec, ReplicaSetView, Resize, Strategy, total_replicas};
use std::cmp::Reverse;

/// The sizes of all ReplicaSets after `spec.replicas` has changed.
///
/// With one active ReplicaSet that one gets everything; with a complete new one the old go to
/// zero; in mid-rollout every active one grows or shrinks in proportion to its size, the largest
/// takes what rounding leaves. Sets that keep size and annotations are not listed.
/// Source: sync.go scale.
pub fn scale_all(spec: &DeploymentSpec, sets: &[ReplicaSetView], new: Option<usize>) -> Vec<Resize> {
    let active: Vec<usize> = (0..sets.len()).filter(|set| sets[*set].replicas > 0).collect();
    match active.as_slice() {
        [] => {
            let newest = new.or_else(|| (0..sets.len()).max_by_key(|set| sets[*set].created));
            newest.into_iter().filter_map(|set| resize_to(spec.replicas, sets, set)).collect()
        }
        [only] => resize_to(spec.replicas, sets, *only).into_iter().collect(),
        _ if new.is_some_and(|new| is_saturated(spec, &sets[new])) => active
            .into_iter()
            .filter(|set| Some(*set) != new)
            .filter_map(|set| resize_to(0, sets, set))
            .collect(),
        _ if matches!(spec.strategy, Strategy::RollingUpdate { .. }) => in_proportion(spec, sets, active),
        _ => Vec::new(),
    }
}

fn resize_to(replicas: u32, sets: &[ReplicaSetView], set: usize) -> Option<Resize> {
    (sets[set].replicas != replicas).then_some(Resize { set, replicas })
}

/// The rollout is over as far as the new ReplicaSet goes.
/// Source: deployment_util.go IsSaturated.
fn is_saturated(spec: &DeploymentSpec, new: &ReplicaSetView) -> bool {
    [new.replicas, new.annotations.desired, new.available].iter().all(|size| *size == spec.replicas)
}

fn in_proportion(spec: &DeploymentSpec, sets: &[ReplicaSetView], mut active: Vec<usize>) -> Vec<Resize> {
    let total = total_replicas(sets);
    let allowed = if spec.replicas == 0 { 0 } else { i128::from(spec.annotations().max) };
    let to_add = allowed - i128::from(total);
    // Largest first; among equals the newer grows and the older shrinks.
    if to_add > 0 {
        active.sort_by_key(|set| (Reverse(sets[*set].replicas), Reverse(sets[*set].created)));
    } else {
        active.sort_by_key(|set| (Reverse(sets[*set].replicas), sets[*set].created));
    }
    let mut added = 0;
    let mut sizes: Vec<i128> = active
        .iter()
        .map(|set| {
            let share = share_of_change(spec, &sets[*set], total, to_add - added);
            added += share;
            i128::from(sets[*set].replicas) + share
        })
        .collect();
    sizes[0] += to_add - added;
    active
        .into_iter()
        .zip(sizes)
        .map(|(set, size)| Resize { set, replicas: u32::try_from(size.max(0)).unwrap_or(u32::MAX) })
        .filter(|resize| {
            let set = &sets[resize.set];
            set.replicas != resize.replicas || set.annotations != spec.annotations()
        })
        .collect()
}

/// How much of `left` to add (or, negative, to remove) one ReplicaSet takes: what keeps its share
/// of the maximum the same. The share refers to the maximum when it was last resized.
/// Source: deployment_util.go GetReplicaSetProportion, getReplicaSetFraction.
fn share_of_change(spec: &DeploymentSpec, set: &ReplicaSetView, total: u64, left: i128) -> i128 {
    if left == 0 {
        return 0;
    }
    let size = i128::from(set.replicas);
    // Without an annotation the present size is the best guess; it is not zero, `set` being active.
    let before = if set.annotations.max > 0 { i128::from(set.annotations.max) } else { i128::from(total) };
    let now = if spec.replicas == 0 { 0 } else { i128::from(spec.annotations().max) };
    // Rounded to the nearest, half upwards.
    let change = (2 * size * now + before) / (2 * before) - size;
    if left > 0 { change.min(left) } else { change.max(left) }
}
