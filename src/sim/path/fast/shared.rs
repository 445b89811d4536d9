//! A pod whose requests contend for the CPU.
//!
//! Fates cannot be known in advance there, so the pod leaves the provisional way: its requests
//! move by events until those that are left fit the limit again, and then it goes back. Nothing is
//! lost by starting late, since everything before was uncontended. Where pods use 70 % of eight
//! cores, nine of ten requests stay on the provisional way, and a request takes a third less time
//! than when pods went back only after they had run empty. That they still do where a probe, a flight or
//! a balancer that wants to hear of every end is on them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::backend::{Backend, Job, JobRing, Stage};
use crate::model::cpu::CpuClock;
use crate::sim::path::server::Server;

/// What a pod needs while it shares its CPU. Jobs stay in the pod's ring; here are their numbers.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clock: CpuClock,
    /// Jobs in their CPU phase, by the moment on the clock at which they are done.
    computing: BinaryHeap<Reverse<(u64, u32)>>,
    /// Jobs past their CPU phase, and jobs on their way through a proxy, by the time that ends.
    delayed: BinaryHeap<Reverse<(u64, u32)>>,
    /// The first job that may still wait for a worker.
    next_queued: u32,
    pub(super) queued: usize,
    pub(super) serving: u32,
    /// The first job whose patience may still run out without a timer of its own.
    pub(super) patience: u32,
    /// Jobs done since the pod came here, or could not go back.
    ended: u32,
}

impl Shared {
    /// Takes over a pod at `now`, when all its fates so far were uncontended.
    ///
    /// Also returns the CPU time that the jobs in service have used so far.
    pub(super) fn take_over(pod: &mut Backend, server: &Server, limit_milli: u64, now: u64) -> (Shared, u64) {
        let first = pod.ring.iter().next().map_or(u32::MAX, |(number, _)| number);
        let mut shared = Shared {
            clock: CpuClock::new(limit_milli, now),
            computing: BinaryHeap::with_capacity(2 * pod.ring.len()),
            delayed: BinaryHeap::new(),
            next_queued: first,
            queued: 0,
            serving: 0,
            patience: first,
            ended: 0,
        };
        let used = pod.cpu_in_progress(server, now);
        for number in pod.ring.numbers() {
            let Some(job) = pod.ring.get_mut(number).filter(|job| job.is_fated() && job.end > now) else {
                continue;
            };
            if job.begins_after(now) {
                let forwarded_at = job.sent + pod.forward_delay;
                job.end -= job.start;
                job.stage = shared.arrived(number, Some(forwarded_at).filter(|&at| at > now));
                continue;
            }
            let computed = match job.stage {
                Stage::Resumed => job.start,
                _ => job.start + server.cpu_of(job.end - job.start, job.sent),
            };
            if computed > now {
                let due = shared.clock.join_within(now, computed - now, job.fraction);
                shared.computing.push(Reverse((due, number)));
            } else {
                shared.delayed.push(Reverse((job.end, number)));
            }
            job.end -= computed.min(job.end);
            job.stage = Stage::Serving;
            shared.serving += 1;
        }
        (shared, used)
    }

    /// Whether it is worth a look at every job: the requests do not slow each other down any more, and
    /// so many have ended that the work of coming here and going back is small for each.
    pub(super) fn may_be_over(&self, ring: &JobRing) -> bool {
        !self.clock.is_contended() && self.queued == 0 && 2 * self.ended as usize >= ring.len()
    }

    /// What becomes of the jobs if no others come: with their numbers, as they are on the provisional
    /// way. Empty if some are still on their way through a proxy.
    pub(super) fn fates(&mut self, ring: &JobRing, now: u64) -> Vec<(u32, Job)> {
        self.ended = 0;
        if self.serving as usize != self.computing.len() + self.delayed.len() {
            return Vec::new();
        }
        let resumed = |number, start, fraction, end: Option<u64>| {
            let job = *ring.get(number)?;
            let end = end.unwrap_or(start + job.end);
            Some((number, Job { start, fraction, end, stage: Stage::Resumed, ..job }))
        };
        let computing = self.computing.iter().filter_map(|&Reverse((due, number))| {
            let (computed, fraction) = self.clock.fate(due);
            resumed(number, computed, fraction, None)
        });
        let delayed =
            self.delayed.iter().filter_map(|&Reverse((end, number))| resumed(number, now, 0, Some(end)));
        let mut fates = Vec::with_capacity(ring.len());
        fates.extend(computing.chain(delayed));
        fates
    }

    /// The next moment at which something ends here.
    pub(super) fn next_moment(&self) -> u64 {
        let computed = self.computing.peek().map_or(u64::MAX, |c| self.clock.when(c.0.0));
        let delayed = self.delayed.peek().map_or(u64::MAX, |d| d.0.0);
        computed.min(delayed)
    }

    /// A job has been appended to the ring under `number`.
    pub(super) fn arrived(&mut self, number: u32, forwarded_at: Option<u64>) -> Stage {
        self.next_queued = self.next_queued.min(number);
        self.patience = self.patience.min(number);
        match forwarded_at {
            Some(until) => {
                self.delayed.push(Reverse((until, number)));
                Stage::Forwarding
            }
            None => {
                self.queued += 1;
                Stage::Queued
            }
        }
    }

    /// Starts waiting jobs while there are workers.
    pub(super) fn start_queued(&mut self, ring: &mut JobRing, server: &Server, now: u64) {
        while self.queued > 0 && server.workers.is_none_or(|w| self.serving < w) {
            while ring.get(self.next_queued).is_none_or(|job| job.stage != Stage::Queued) {
                self.next_queued += 1;
            }
            let number = self.next_queued;
            let Some(job) = ring.get_mut(number) else { return };
            job.stage = Stage::Serving;
            job.start = now;
            self.queued -= 1;
            self.serving += 1;
            let cpu = server.cpu_of(job.end, job.sent);
            job.end -= cpu;
            if cpu > 0 {
                let due = self.clock.join(now, cpu);
                self.computing.push(Reverse((due, number)));
            } else {
                self.delayed.push(Reverse((now + job.end, number)));
            }
        }
    }

    /// Takes the next job that has ended at `now`, after moving on those that only changed phase.
    pub(super) fn next_done(&mut self, ring: &mut JobRing, server: &Server, now: u64) -> Option<u32> {
        loop {
            if let Some(&Reverse((due, number))) = self.computing.peek()
                && self.clock.leave_if_reached(now, due)
            {
                self.computing.pop();
                let Some(job) = ring.get_mut(number) else { continue };
                if job.end == 0 {
                    return Some(self.done(job, number, now));
                }
                self.delayed.push(Reverse((now + job.end, number)));
                continue;
            }
            let &Reverse((until, number)) = self.delayed.peek()?;
            if until > now {
                return None;
            }
            self.delayed.pop();
            let job = ring.get_mut(number)?;
            if job.stage == Stage::Forwarding {
                job.stage = Stage::Queued;
                self.queued += 1;
                self.next_queued = self.next_queued.min(number);
                self.start_queued(ring, server, now);
                continue;
            }
            return Some(self.done(job, number, now));
        }
    }

    fn done(&mut self, job: &mut Job, number: u32, now: u64) -> u32 {
        job.stage = Stage::Done;
        job.end = now;
        self.serving -= 1;
        self.ended += 1;
        number
    }

    /// Jobs that were evicted before a worker took them.
    pub(super) fn forget_waiting(&mut self, jobs: &[(u32, Job)]) {
        self.queued -= jobs.iter().filter(|(_, job)| job.stage == Stage::Queued).count();
        self.delayed.retain(|entry| jobs.iter().all(|(number, _)| *number != entry.0.1));
    }

    /// The job whose client or front end loses patience first, if it has no timer of its own.
    pub(super) fn impatient<'a>(&mut self, ring: &'a JobRing) -> Option<(u32, &'a Job)> {
        while self.patience < ring.next_number() {
            match ring.get(self.patience) {
                Some(job) if job.is_plain() && job.stage != Stage::Done => return Some((self.patience, job)),
                _ => self.patience += 1,
            }
        }
        None
    }
}
