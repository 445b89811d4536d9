//! When the workers of one container become free.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Workers of a first-come-first-served server, each known by the moment its last assigned
/// request ends. The start of a new request is decided by the earliest of them.
#[derive(Clone, Debug)]
pub(super) enum Slots {
    /// As many as there are requests.
    Unbounded,
    /// Up to eight: one cache line, searched without a branch. Missing workers are never free.
    Line([u64; 8]),
    /// Many: a heap that grows to at most this number of workers.
    Heap(BinaryHeap<Reverse<u64>>, usize),
}

impl Slots {
    pub(super) fn new(workers: Option<u32>) -> Slots {
        match workers {
            None => Slots::Unbounded,
            Some(n @ 0..=8) => {
                let mut line = [u64::MAX; 8];
                line[..n as usize].fill(0);
                Slots::Line(line)
            }
            Some(n) => Slots::Heap(BinaryHeap::new(), n as usize),
        }
    }

    /// When a request that arrives at `now` starts, and the worker that will take it. Nothing is
    /// taken yet.
    #[inline]
    pub(super) fn find(&self, now: u64) -> (u64, usize) {
        match self {
            Slots::Line(line) => {
                let (free, worker) = line_min(line);
                (free.max(now), worker)
            }
            Slots::Unbounded => (now, 0),
            Slots::Heap(heap, workers) => match heap.peek() {
                Some(Reverse(end)) if heap.len() >= *workers => ((*end).max(now), 0),
                _ => (now, 0),
            },
        }
    }

    /// Takes the worker that [`Self::find`] named, until `end`.
    #[inline]
    pub(super) fn take(&mut self, worker: usize, end: u64) {
        match self {
            Slots::Line(line) => line[worker & 7] = end,
            Slots::Unbounded => {}
            Slots::Heap(heap, workers) => {
                if heap.len() < *workers {
                    heap.push(Reverse(end));
                } else if let Some(mut top) = heap.peek_mut() {
                    *top = Reverse(end);
                }
            }
        }
    }

    /// Frees every worker and then takes one for each of `ends`.
    pub(super) fn refill(&mut self, ends: impl Iterator<Item = u64>) {
        match self {
            Slots::Line(line) => line.iter_mut().filter(|end| **end != u64::MAX).for_each(|end| *end = 0),
            Slots::Unbounded => {}
            Slots::Heap(heap, _) => heap.clear(),
        }
        for end in ends {
            let (_, worker) = self.find(0);
            self.take(worker, end);
        }
    }
}

/// The smallest entry and its index, the first of equals.
#[inline]
fn line_min(line: &[u64; 8]) -> (u64, usize) {
    let pick = |a: (u64, usize), b: (u64, usize)| if b.0 < a.0 { b } else { a };
    let (a, b) = (pick((line[0], 0), (line[1], 1)), pick((line[2], 2), (line[3], 3)));
    let (c, d) = (pick((line[4], 4), (line[5], 5)), pick((line[6], 6), (line[7], 7)));
    pick(pick(a, b), pick(c, d))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the representation, a request starts when the k-th earlier one has ended.
        #[test]
        fn first_come_first_served(workers in 1_u32..12, jobs in prop::collection::vec((0_u64..20, 0_u64..100), 1..60)) {
            let mut slots = Slots::new(Some(workers));
            let mut plain = vec![0_u64; workers as usize];
            let mut now = 0;
            for (gap, service) in jobs {
                now += gap;
                let (start, worker) = slots.find(now);
                slots.take(worker, start + service);
                plain.sort_unstable();
                let expected = plain[0].max(now);
                plain[0] = expected + service;
                prop_assert_eq!(start, expected);
            }
        }
    }

    #[test]
    fn refilling_forgets_the_past() {
        for workers in [2, 20] {
            let mut slots = Slots::new(Some(workers));
            for _ in 0..workers {
                let (_, worker) = slots.find(0);
                slots.take(worker, 100);
            }
            assert_eq!(slots.find(5).0, 100);
            slots.refill([50].into_iter());
            assert_eq!(slots.find(5).0, 5);
        }
        assert_eq!(Slots::new(None).find(7).0, 7);
    }
}
