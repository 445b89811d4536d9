//! Which pod lost how many requests when: the dots in a picture of pod lives.

use std::collections::BTreeMap;

/// Counts by pod and stretch of time. When there are too many, the stretches double in length, so
/// memory stays bounded however much is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodLosses {
    /// By pod and stretch: how many, and the sum of their times.
    counts: BTreeMap<(u32, u32), (u64, u128)>,
    /// Stretches are `2^shift` seconds long.
    shift: u32,
}

const SECOND: u64 = 1_000_000_000;

impl PodLosses {
    /// So many counts at most: every second of a rollout of a thousand pods.
    pub const MAX_COUNTS: usize = 1 << 15;

    /// Counts a request lost on a pod `at` nanoseconds after the run's beginning.
    pub fn add(&mut self, pod: u32, at: u64) {
        let stretch = u32::try_from((at / SECOND) >> self.shift).unwrap_or(u32::MAX);
        let (count, sum) = self.counts.entry((pod, stretch)).or_default();
        *count += 1;
        *sum += u128::from(at);
        while self.counts.len() > Self::MAX_COUNTS && self.shift < 32 {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        self.shift += 1;
        for ((pod, stretch), (more, times)) in std::mem::take(&mut self.counts) {
            let (count, sum) = self.counts.entry((pod, stretch >> 1)).or_default();
            *count += more;
            *sum += times;
        }
    }

    /// Every count as (pod, mean time in nanoseconds after the run's beginning, count), ordered by
    /// pod and time.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u64, u64)> + '_ {
        let mean = |count: u64, sum: u128| u64::try_from(sum / u128::from(count)).unwrap_or(u64::MAX);
        self.counts.iter().map(move |(&(pod, _), &(count, sum))| (pod, mean(count, sum), count))
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.counts.clear();
        self.shift = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_double_when_there_are_too_many_and_no_loss_is_forgotten() {
        let mut losses = PodLosses::default();
        losses.add(3, 2 * SECOND + 100);
        losses.add(3, 2 * SECOND + 300);
        assert_eq!(losses.iter().collect::<Vec<_>>(), [(3, 2 * SECOND + 200, 2)]);
        for second in 0..3 * PodLosses::MAX_COUNTS as u64 {
            losses.add(1, second * SECOND);
        }
        assert!(losses.iter().count() <= PodLosses::MAX_COUNTS);
        assert_eq!(losses.iter().map(|loss| loss.2).sum::<u64>(), 2 + 3 * PodLosses::MAX_COUNTS as u64);
        assert_eq!(losses.iter().next(), Some((1, 3 * SECOND / 2, 4)), "four seconds in one stretch");
        // After a year nothing overflows.
        losses.add(9, 366 * 86_400 * SECOND);
    }
}
