//! What the ReplicaSet controller does: how many pods it creates or deletes at a time, and when it
//! calls a pod available. Which pods it deletes is [`super::victims`]' business.
//!
//! Source: kubernetes pkg/controller/replicaset/replica_set.go (003e862) and
//! pkg/api/v1/pod/util.go IsPodAvailable (v1.31.13).

use crate::units::{Nanos, SimTime};

/// The most pods that one sync creates or deletes (`BurstReplicas`).
pub const BURST_REPLICAS: u32 = 500;
/// The size of the first creation batch (`SlowStartInitialBatchSize`).
pub const FIRST_BATCH: u32 = 1;

/// How a sync changes the number of pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicaChange {
    /// Create so many, in the batches of [`SlowStart`].
    Create(u32),
    /// Delete so many at once.
    Delete(u32),
    /// The number is right.
    Keep,
}

/// Compares `active` pods (neither ended nor terminating) with `desired`.
/// Source: manageReplicas.
pub fn manage_replicas(active: u32, desired: u32) -> ReplicaChange {
    match active.cmp(&desired) {
        std::cmp::Ordering::Less => ReplicaChange::Create((desired - active).min(BURST_REPLICAS)),
        std::cmp::Ordering::Greater => ReplicaChange::Delete((active - desired).min(BURST_REPLICAS)),
        std::cmp::Ordering::Equal => ReplicaChange::Keep,
    }
}

/// Pods are created in batches that double: the next one starts when the whole one before has
/// succeeded, and the first failure ends the sync, so that a quota is not hammered.
/// Source: slowStartBatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowStart {
    remaining: u32,
    batch: u32,
}

impl SlowStart {
    /// To create `count` pods, `first` (see [`FIRST_BATCH`]) of them in the first batch.
    pub fn new(count: u32, first: u32) -> SlowStart {
        SlowStart { remaining: count, batch: first.min(count) }
    }

    /// The size of the batch that is due, whose calls run in parallel; `None` when all is done.
    pub fn batch(&self) -> Option<u32> {
        (self.batch > 0).then_some(self.batch)
    }

    /// The batch that was due has ended with so many failures.
    pub fn finish(&mut self, failures: u32) {
        if failures > 0 {
            self.batch = 0;
            return;
        }
        self.remaining -= self.batch;
        self.batch = self.batch.saturating_mul(2).min(self.remaining);
    }
}

/// Whether a pod that is ready since `ready_since` (`None`: not ready) is available at `now`.
///
/// The transition time has whole seconds and the comparison is strict, so the pod has been ready
/// for more than `min_ready_seconds` less up to one second.
pub fn is_available(ready_since: Option<SimTime>, min_ready_seconds: u32, now: SimTime) -> bool {
    ready_since.is_some_and(|since| {
        min_ready_seconds == 0 || since.floor_sec() + Nanos::from_secs(u64::from(min_ready_seconds)) < now
    })
}

/// How long after it sees a pod turn ready the controller looks again, to find it available.
/// Nothing else wakes it, so this decides when the pod counts. Source: updatePod.
pub fn availability_recheck(min_ready_seconds: u32) -> Option<Nanos> {
    (min_ready_seconds > 0).then(|| Nanos::from_secs(u64::from(min_ready_seconds) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The batches of `count` pods when every call from `first_failing` (counted from 1) on fails.
    fn batches(count: u32, first: u32, first_failing: u32) -> Vec<u32> {
        let mut slow = SlowStart::new(count, first);
        let mut calls = 0;
        let mut sizes = Vec::new();
        while let Some(size) = slow.batch() {
            calls += size;
            slow.finish(calls.saturating_sub(first_failing - 1).min(size));
            sizes.push(size);
        }
        sizes
    }

    // Source: kubernetes pkg/controller/replicaset/replica_set_test.go TestSlowStartBatch.
    #[test]
    fn batches_double_until_a_call_fails() {
        for (name, count, first, first_failing, expected) in [
            ("all succeed", 10, 1, 11, &[1, 2, 4, 3][..]),
            ("all fail", 10, 1, 1, &[1]),
            ("some fail", 10, 1, 5, &[1, 2, 4]),
            ("last one fails", 10, 1, 10, &[1, 2, 4, 3]),
            ("nothing to do", 0, 1, 1, &[]),
            ("larger start", 10, 3, 11, &[3, 6, 1]),
        ] {
            assert_eq!(batches(count, first, first_failing), expected, "{name}");
        }
    }

    #[test]
    fn a_sync_changes_at_most_500_pods() {
        assert_eq!(manage_replicas(3, 10), ReplicaChange::Create(7));
        assert_eq!(manage_replicas(0, 2000), ReplicaChange::Create(500));
        assert_eq!(manage_replicas(2000, 0), ReplicaChange::Delete(500));
        assert_eq!(manage_replicas(4, 4), ReplicaChange::Keep);
    }

    // Source: kubernetes pkg/api/v1/pod/util_test.go TestIsPodAvailable; the truncation is the
    // API's timestamp format.
    #[test]
    fn available_is_ready_for_longer_than_min_ready_seconds() {
        let since = SimTime::START + Nanos::from_millis(700);
        let after = |millis| SimTime::START + Nanos::from_millis(millis);
        for (name, ready_since, min_ready, now, expected) in [
            ("not ready", None, 0, after(99_000), false),
            ("at once without a minimum", Some(since), 0, since, true),
            ("exactly is not enough", Some(since), 10, after(10_000), false),
            ("the part of a second is a gift", Some(since), 10, after(10_001), true),
        ] {
            assert_eq!(is_available(ready_since, min_ready, now), expected, "{name}");
        }
        assert_eq!(availability_recheck(0), None);
        assert_eq!(availability_recheck(10), Some(Nanos::from_secs(11)));
    }

    proptest! {
        #[test]
        fn all_pods_are_created_in_logarithmically_many_batches(count in 0_u32..100_000) {
            let sizes = batches(count, FIRST_BATCH, u32::MAX);
            prop_assert_eq!(sizes.iter().sum::<u32>(), count);
            prop_assert_eq!(sizes.len(), (u32::BITS - count.leading_zeros()) as usize);
        }

        /// The recheck finds the pod available wherever in a second it turned ready.
        #[test]
        fn the_recheck_is_late_enough(ready_at in 0_u64..5_000_000_000, min_ready in 1_u32..1000) {
            let since = SimTime::START + Nanos(ready_at);
            let now = since + availability_recheck(min_ready).unwrap();
            prop_assert!(is_available(Some(since), min_ready, now));
        }
    }
}
