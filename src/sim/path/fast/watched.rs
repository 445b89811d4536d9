//! Provisional ends that somebody wants to know about when they come.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::sim::path::PodId;
use crate::sim::path::front::HolderId;

/// A queue of ends, each with its subscriber. Ends of one instant come pod by pod and within a pod
/// in the order in which its jobs arrived: who is told first can matter.
#[derive(Debug, Default)]
pub(super) struct Watched {
    heap: BinaryHeap<Entry>,
}

/// One end. No two have the same place in the order.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The place in the order (moment, pod, number of the job, answers before what follows from
    /// them) as one number: comparing is cheap.
    place: u128,
    what: What,
}

impl Ord for Entry {
    /// The heap gives the greatest, which is the earliest.
    #[inline]
    fn cmp(&self, other: &Entry) -> Ordering {
        other.place.cmp(&self.place)
    }
}

impl PartialOrd for Entry {
    #[inline]
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.place == other.place
    }
}

impl Eq for Entry {}

/// Who waits for an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// This holder wants to know that its request was answered; and when the attempt was sent.
    Job(HolderId, u64),
    /// The answer to the request of this flight ends a retry that is counted.
    Retry(u32),
    /// The kubelet waits for the answer to the probe with this number.
    Probe(u64),
    /// The event loop waits for the pod to run empty.
    Drain,
    /// A process of the front end that drains waits for one of the pod's answers to be counted.
    Count,
}

/// The end of the last job comes before the pod is empty.
const AFTER_ALL_JOBS: u32 = u32::MAX;

/// 64 bits of the moment, 31 of the pod (memory would end long before), 32 of the job, and one that
/// [`Watched::retry`] sets.
fn place(end: u64, pod: PodId, job: u32) -> u128 {
    debug_assert!(pod < 1 << 31);
    u128::from(end) << 64 | u128::from(pod) << 33 | u128::from(job) << 1
}

fn end_of(place: u128) -> u64 {
    (place >> 64) as u64
}

fn pod_of(place: u128) -> PodId {
    (place >> 33) as PodId & (PodId::MAX >> 1)
}

fn job_of(place: u128) -> u32 {
    (place >> 1) as u32
}

impl Watched {
    /// `holder` wants to know about the answer that `pod` gives at `end` by its job number `job` to
    /// an attempt sent at `sent`.
    #[inline]
    pub(super) fn job(&mut self, end: u64, pod: PodId, job: u32, holder: HolderId, sent: u64) {
        self.heap.push(Entry { place: place(end, pod, job), what: What::Job(holder, sent) });
    }

    /// The retry in flight number `flight` is over when the pod's job number `job` is answered.
    pub(super) fn retry(&mut self, end: u64, pod: PodId, job: u32, flight: u32) {
        self.heap.push(Entry { place: place(end, pod, job) | 1, what: What::Retry(flight) });
    }

    /// The kubelet wants to know when the pod's job number `job`, a probe, is answered.
    pub(super) fn probe(&mut self, end: u64, pod: PodId, job: u32, number: u64) {
        self.heap.push(Entry { place: place(end, pod, job), what: What::Probe(number) });
    }

    /// The event loop wants to know when the pod has run empty.
    pub(super) fn drain(&mut self, end: u64, pod: PodId) {
        self.heap.push(Entry { place: place(end, pod, AFTER_ALL_JOBS), what: What::Drain });
    }

    /// What the pod has answered by `end` is to be counted then, after all who wait for it know.
    pub(super) fn count(&mut self, end: u64, pod: PodId) {
        self.heap.push(Entry { place: place(end, pod, AFTER_ALL_JOBS) | 1, what: What::Count });
    }

    /// When the next end comes; `u64::MAX` if there is none.
    #[inline]
    pub(super) fn next_at(&self) -> u64 {
        self.heap.peek().map_or(u64::MAX, |entry| end_of(entry.place))
    }

    /// Whether the next end is that of a pod behind this one in order.
    pub(super) fn comes_after(&self, pod: PodId) -> bool {
        self.heap.peek().is_some_and(|entry| pod_of(entry.place) > pod)
    }

    /// Takes the next end: whose, for whom.
    pub(super) fn pop(&mut self) -> Option<(PodId, What)> {
        let Entry { place, what } = self.heap.pop()?;
        Some((pod_of(place), what))
    }

    /// Forgets everything about one pod.
    pub(super) fn forget(&mut self, pod: PodId) {
        self.heap.retain(|entry| pod_of(entry.place) != pod);
    }

    /// Forgets the jobs of one pod from number `first` on.
    pub(super) fn forget_jobs_from(&mut self, pod: PodId, first: u32) {
        self.heap.retain(|entry| {
            let Entry { place, what } = *entry;
            pod_of(place) != pod || matches!(what, What::Drain | What::Count) || job_of(place) < first
        });
    }

    /// Nobody waits for answers of this pod any more.
    pub(super) fn forget_answers(&mut self, pod: PodId) {
        self.heap.retain(|entry| {
            pod_of(entry.place) != pod || !matches!(entry.what, What::Job(..) | What::Retry(_))
        });
    }

    /// Forgets what `which` picks.
    pub(super) fn forget_where(&mut self, which: impl Fn(What) -> bool) {
        self.heap.retain(|entry| !which(entry.what));
    }

    /// The event loop does not wait for the pod to run empty any more.
    pub(super) fn forget_drain(&mut self, pod: PodId) {
        self.heap.retain(|entry| pod_of(entry.place) != pod || entry.what != What::Drain);
    }

    /// Whether the event loop waits for the pod to run empty.
    pub(super) fn waits_for_drain(&self, pod: PodId) -> bool {
        self.heap.iter().any(|entry| pod_of(entry.place) == pod && entry.what == What::Drain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_one_instant_come_by_pod_and_then_by_job() {
        let mut watched = Watched::default();
        watched.drain(20, 3);
        watched.job(20, 3, 8, 0, 5);
        watched.retry(20, 3, 7, 1);
        watched.job(20, 3, 7, u32::MAX, 6);
        watched.probe(20, 2, 9, 4_000_000_000);
        watched.drain(u64::MAX - 1, u32::MAX >> 1);
        assert_eq!(watched.next_at(), 20);
        assert!(watched.waits_for_drain(3) && !watched.waits_for_drain(2));
        let order: Vec<_> = std::iter::from_fn(|| watched.pop()).collect();
        let expected = [
            (2, What::Probe(4_000_000_000)),
            (3, What::Job(u32::MAX, 6)),
            (3, What::Retry(1)),
            (3, What::Job(0, 5)),
            (3, What::Drain),
            (u32::MAX >> 1, What::Drain),
        ];
        assert_eq!(order, expected);
        assert_eq!(watched.next_at(), u64::MAX);
    }

    #[test]
    fn what_is_forgotten_does_not_come() {
        let mut watched = Watched::default();
        for job in 1..=3 {
            watched.job(10 * u64::from(job), 7, job, 0, 0);
        }
        watched.drain(40, 7);
        watched.job(50, 8, 2, 1, 0);
        watched.forget_jobs_from(7, 2);
        assert_eq!(watched.pop(), Some((7, What::Job(0, 0))));
        watched.forget_drain(7);
        assert_eq!(watched.next_at(), 50);
        watched.forget(8);
        assert_eq!(watched.pop(), None);
    }
}
