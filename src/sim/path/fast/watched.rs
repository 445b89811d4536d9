//! Provisional ends that somebody wants to know about when they come.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::sim::path::PodId;
use crate::sim::path::front::HolderId;

/// A queue of ends, each with its subscriber. The first half of an entry is one 128-bit number
/// (moment above, pod and subscriber below), which makes comparing cheap; ties fall by pod, never
/// by chance.
#[derive(Debug, Default)]
pub(super) struct Watched {
    heap: BinaryHeap<Reverse<Entry>>,
}

/// An end, and when the attempt that has it was sent.
type Entry = (u128, u64);

/// Who waits for an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// This holder wants to know that its request was answered.
    Job(HolderId),
    /// The kubelet waits for the answer to the probe with this number.
    Probe(u64),
    /// The event loop waits for the pod to run empty.
    Drain,
}

const KIND_BITS: u32 = 2;
const DETAIL_BITS: u32 = 32;

fn pack(end: u64, pod: PodId, what: What) -> u128 {
    let (kind, detail) = match what {
        What::Job(holder) => (0, u64::from(holder)),
        What::Probe(number) => (1, number & ((1 << DETAIL_BITS) - 1)),
        What::Drain => (2, 0),
    };
    let low = u64::from(pod) << (KIND_BITS + DETAIL_BITS) | kind << DETAIL_BITS | detail;
    u128::from(end) << 64 | u128::from(low)
}

fn unpack(entry: u128) -> (u64, PodId, What) {
    let low = entry as u64;
    let detail = low & ((1 << DETAIL_BITS) - 1);
    let what = match low >> DETAIL_BITS & ((1 << KIND_BITS) - 1) {
        0 => What::Job(detail as HolderId),
        1 => What::Probe(detail),
        _ => What::Drain,
    };
    ((entry >> 64) as u64, (low >> (KIND_BITS + DETAIL_BITS)) as PodId, what)
}

impl Watched {
    /// `holder` wants to know about the answer that `pod` gives at `end`.
    #[inline]
    pub(super) fn job(&mut self, end: u64, pod: PodId, holder: HolderId, sent: u64) {
        self.heap.push(Reverse((pack(end, pod, What::Job(holder)), sent)));
    }

    pub(super) fn push(&mut self, end: u64, pod: PodId, what: What) {
        self.heap.push(Reverse((pack(end, pod, what), 0)));
    }

    /// When the next end comes; `u64::MAX` if there is none.
    #[inline]
    pub(super) fn next_at(&self) -> u64 {
        self.heap.peek().map_or(u64::MAX, |entry| (entry.0.0 >> 64) as u64)
    }

    /// Takes the next end: whose, since when, for whom.
    pub(super) fn pop(&mut self) -> Option<(PodId, u64, What)> {
        let (entry, sent) = self.heap.pop()?.0;
        let (_, pod, what) = unpack(entry);
        Some((pod, sent, what))
    }

    /// Forgets those ends of one pod that `which` names.
    pub(super) fn forget(&mut self, pod: PodId, which: impl Fn(u64, What) -> bool) {
        self.heap.retain(|entry| {
            let (end, whose, what) = unpack(entry.0.0);
            whose != pod || !which(end, what)
        });
    }

    /// Whether the event loop waits for the pod to run empty.
    pub(super) fn waits_for_drain(&self, pod: PodId) -> bool {
        self.heap.iter().any(|entry| matches!(unpack(entry.0.0), (_, whose, What::Drain) if whose == pod))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_survive_packing_and_come_in_order() {
        let mut watched = Watched::default();
        watched.push(u64::MAX - 1, 7, What::Drain);
        watched.push(20, (1 << 28) - 1, What::Probe(4_000_000_000));
        watched.job(20, 3, u32::MAX, 5);
        assert_eq!(watched.next_at(), 20);
        assert!(watched.waits_for_drain(7) && !watched.waits_for_drain(3));
        assert_eq!(watched.pop(), Some((3, 5, What::Job(u32::MAX))));
        assert_eq!(watched.pop(), Some(((1 << 28) - 1, 0, What::Probe(4_000_000_000))));
        watched.job(30, 7, 1, 25);
        watched.forget(7, |_, what| what == What::Drain);
        assert_eq!((watched.pop(), watched.next_at()), (Some((7, 25, What::Job(1))), u64::MAX));
    }
}
