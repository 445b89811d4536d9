//! A pod on the fast path: a ring of provisional fates.

use std::ops::Range;
use std::slice::from_ref;

use prefetch_index::prefetch_index;

use super::shared::Shared;
use crate::model::cpu::CpuClock;
use crate::model::outcome::{Cause, Status};
use crate::sim::path::front::HolderId;
use crate::sim::path::pool::{Parting, ServerSide};
use crate::sim::path::server::Server;
use crate::sim::path::slots::Slots;
use crate::sim::path::{App, BackendSpec, Door};

/// One request (or probe) that a pod has: 40 bytes, because a thousand pods' rings have to stay
/// in the cache.
///
/// On an uncontended first-come-first-served server `start` and `end` are known when the request
/// arrives; they are its *provisional* fate, counted only when time has passed them. While the pod
/// shares its CPU, `end` holds the service time until the request starts, and then how long it
/// waits when it has had its CPU.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    /// What this number means depends on `kind`: request, flight or probe.
    pub(super) id: u64,
    /// When this attempt was sent; for a plain request also when the client sent it.
    pub(super) sent: u64,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) holder: HolderId,
    pub(super) kind: Kind,
    pub(super) stage: Stage,
    /// Came over a kept-alive connection.
    pub(super) reused: bool,
    /// So many units of the CPU clock, less than a nanosecond, before `start` a resumed one has its CPU.
    pub(super) fraction: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A request about which there is no more to know than this.
    Plain,
    /// A request with a flight, whose place is the job's number.
    Flight,
    /// A probe of the kubelet.
    Probe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// `start` and `end` hold unless the process dies.
    Fated,
    /// The same after its pod has shared its CPU: from `start` on it needs none any more.
    Resumed,
    /// In a pod that shares its CPU: on its way through a proxy container.
    Forwarding,
    /// In such a pod: waiting for a worker.
    Queued,
    /// In such a pod: being served since `start`.
    Serving,
    /// Counted.
    Done,
}

impl Job {
    pub(super) fn is_plain(&self) -> bool {
        self.kind == Kind::Plain
    }

    pub(super) fn is_probe(&self) -> bool {
        self.kind == Kind::Probe
    }

    /// Whether its end is known.
    pub(super) fn is_fated(&self) -> bool {
        matches!(self.stage, Stage::Fated | Stage::Resumed)
    }

    /// Whether it has come true by `now` and is not counted yet.
    pub(super) fn is_over(&self, now: u64) -> bool {
        self.is_fated() && self.end <= now
    }

    /// Whether a worker is known to begin with it after `now`.
    pub(super) fn begins_after(&self, now: u64) -> bool {
        self.stage == Stage::Fated && self.start > now
    }

    /// The place of its flight.
    pub(super) fn flight(&self) -> Option<u32> {
        (self.kind == Kind::Flight).then_some(self.id as u32)
    }

    /// From now on more is known about this request.
    pub(super) fn attach(&mut self, flight: u32) {
        self.kind = Kind::Flight;
        self.id = u64::from(flight);
    }
}

/// A pod's jobs in the order in which they arrived. A job's number is its place since the pod
/// was created, so numbers stay valid while earlier jobs leave; wrapped at the capacity it is the
/// job's place in memory. Half the instructions of a double-ended queue, which moves 40 bytes out
/// at every pop.
#[derive(Debug)]
pub(super) struct JobRing {
    /// As long as a power of two.
    jobs: Vec<Job>,
    /// The numbers held.
    first: u32,
    next: u32,
}

impl Default for JobRing {
    fn default() -> JobRing {
        JobRing { jobs: vec![VACANT; 8], first: 0, next: 0 }
    }
}

/// What stands at a place of the ring without a job.
const VACANT: Job = Job {
    id: 0,
    sent: 0,
    start: 0,
    end: 0,
    holder: 0,
    kind: Kind::Plain,
    stage: Stage::Done,
    reused: false,
    fraction: 0,
};

impl JobRing {
    #[inline]
    fn place(&self, number: u32) -> usize {
        number as usize & (self.jobs.len() - 1)
    }

    #[inline]
    pub(super) fn push(&mut self, job: Job) -> u32 {
        if (self.next - self.first) as usize == self.jobs.len() {
            self.grow();
        }
        let (number, place) = (self.next, self.place(self.next));
        self.jobs[place] = job;
        self.next += 1;
        number
    }

    #[cold]
    fn grow(&mut self) {
        let mut bigger = vec![VACANT; 2 * self.jobs.len()];
        let mask = bigger.len() - 1;
        self.iter().for_each(|(number, job)| bigger[number as usize & mask] = *job);
        self.jobs = bigger;
    }

    #[inline]
    pub(super) fn front(&self) -> Option<&Job> {
        self.get(self.first)
    }

    /// Takes the front job, which must be there; the answer is its number.
    #[inline]
    pub(super) fn pop(&mut self) -> u32 {
        debug_assert!(!self.is_empty());
        self.first += 1;
        self.first - 1
    }

    /// The number that the next job will have.
    #[inline]
    pub(super) fn next_number(&self) -> u32 {
        self.next
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&Job> {
        (self.first <= number && number < self.next).then(|| &self.jobs[self.place(number)])
    }

    #[inline]
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Job> {
        let place = self.place(number);
        (self.first <= number && number < self.next).then(|| &mut self.jobs[place])
    }

    /// The numbers held.
    pub(super) fn numbers(&self) -> Range<u32> {
        self.first..self.next
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, &Job)> + ExactSizeIterator {
        self.numbers().map(|number| (number, &self.jobs[self.place(number)]))
    }

    /// How many jobs `which` names. Straight over the memory, for where it is asked at every request.
    #[inline]
    pub(super) fn count(&self, which: impl Fn(&Job) -> bool) -> usize {
        let (from, to) = (self.place(self.first), self.place(self.next));
        let parts = if self.is_empty() || from < to {
            [&self.jobs[from..to.max(from)], &[]]
        } else {
            [&self.jobs[from..], &self.jobs[..to]]
        };
        parts.into_iter().map(|part| part.iter().filter(|job| which(job)).count()).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first == self.next
    }

    /// Asks for the memory of the next job to leave and of the next to come.
    #[inline]
    pub(super) fn fetch_ahead(&self) {
        for job in [self.first, self.next] {
            // A job can reach into a second line.
            prefetch_index(&self.jobs, self.place(job));
            prefetch_index(&self.jobs, self.place(job) + 1);
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        (self.next - self.first) as usize
    }

    /// Takes every job from the first that `which` names on, in order. Those that stay keep their
    /// numbers.
    pub(super) fn take_tail(&mut self, which: impl Fn(&Job) -> bool) -> Vec<(u32, Job)> {
        let from = self.iter().find(|(_, job)| which(job)).map_or(self.next, |(number, _)| number);
        let taken = self.iter().skip((from - self.first) as usize).map(|(n, job)| (n, *job)).collect();
        self.next = from;
        taken
    }

    /// Takes all jobs; later ones get new numbers.
    pub(super) fn take_all(&mut self) -> Vec<(u32, Job)> {
        let taken = self.iter().map(|(number, job)| (number, *job)).collect();
        self.first = self.next;
        taken
    }
}

/// A pod. What the common way touches stands first and begins with a cache line, so that it is
/// three lines and not five.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Backend {
    pub(super) ring: JobRing,
    /// CPU used by settled work on the provisional way, nanoseconds.
    pub(super) cpu_ns: u64,
    /// Requests served to the end.
    pub(super) served: u64,
    /// Present while requests contend for the CPU.
    pub(super) shared: Option<Box<Shared>>,
    pub(super) server: u32,
    /// Door open, application up, nothing unusual: the one test on the common way.
    pub(super) serves: bool,
    /// Requests come over kept-alive connections as far as anybody knows.
    pub(super) reused: bool,
    pub(super) slots: Slots,
    pub(super) forward_delay: u64,
    pub(super) opened_at: u64,
    pub(super) behind_proxy: Option<Status>,
    /// It serves nobody: a process of the front end runs in it.
    pub(super) is_ingress: bool,
    pub(super) draining: bool,
    pub(super) door: Door,
    pub(super) app: App,
    pub(super) stopped_at: Option<u64>,
    pub(super) parting: Option<Parting>,
    /// CPU used while sharing, in units of the CPU clock.
    pub(super) cpu_units: u128,
    /// When it last ceased to share its CPU: what its resumed jobs used before is in `cpu_units`.
    pub(super) resumed_at: u64,
    /// Flights the kernel answered without having room for them, or that nobody will accept.
    pub(super) half_open: Vec<u32>,
    /// How many connections the kernel has completed that nobody will accept.
    pub(super) unaccepted: usize,
    /// The instant of the last resent SYNs and whether there was room at that instant.
    pub(super) syn_bunch: (u64, bool),
}

impl Backend {
    pub(super) fn new(spec: BackendSpec, workers: Option<u32>, reused: bool) -> Backend {
        Backend {
            serves: false,
            reused,
            server: spec.server,
            forward_delay: spec.forward_delay,
            opened_at: 0,
            slots: Slots::new(workers),
            ring: JobRing::default(),
            shared: None,
            behind_proxy: spec.behind_proxy,
            is_ingress: spec.is_ingress,
            draining: false,
            door: Door::Closed(Cause::NotListeningYet),
            app: App::Up,
            stopped_at: None,
            parting: None,
            cpu_ns: 0,
            served: 0,
            cpu_units: 0,
            resumed_at: 0,
            half_open: Vec::new(),
            unaccepted: 0,
            syn_bunch: (u64::MAX, false),
        }
    }

    /// Asks for the memory that the common way touches.
    #[inline]
    pub(super) fn fetch_ahead(&self) {
        prefetch_index(from_ref(&self.ring), 0);
        prefetch_index(from_ref(&self.slots), 0);
        prefetch_index(from_ref(&self.forward_delay), 0);
    }

    /// CPU that a job on the provisional way has used by `now` and that is not counted, nanoseconds.
    #[inline]
    pub(super) fn cpu_by(&self, now: u64, job: &Job, server: &Server) -> u64 {
        match job.stage {
            Stage::Resumed => job.start.min(now) - self.resumed_at,
            _ => server.cpu_of(job.end - job.start, job.sent).min(now.saturating_sub(job.start)),
        }
    }

    /// CPU that its unfinished jobs have used on the provisional way, nanoseconds.
    pub(super) fn cpu_in_progress(&self, server: &Server, now: u64) -> u64 {
        let running = self.ring.iter().filter(|(_, job)| job.is_fated() && job.end > now);
        running.map(|(_, job)| self.cpu_by(now, job, server)).sum()
    }

    /// Whether a job on the provisional way has started by `now` and not had all of its CPU then.
    pub(super) fn computes(job: &Job, server: &Server, now: u64) -> bool {
        match job.stage {
            Stage::Resumed => job.start > now,
            _ => job.start <= now && job.start + server.cpu_of(job.end - job.start, job.sent) > now,
        }
    }

    /// CPU used by everything that is counted, in units of the CPU clock.
    pub(super) fn settled_units(&self) -> u128 {
        self.cpu_units + u128::from(self.cpu_ns) * u128::from(CpuClock::UNITS)
    }

    /// What decides about connections that are kept to the pod.
    pub(super) fn server_side(&self, servers: &[Server]) -> ServerSide {
        servers[self.server as usize].side(self.opened_at, self.stopped_at, self.parting)
    }

    /// To be called after the door or the application has changed.
    pub(super) fn refresh(&mut self) {
        self.serves = self.door == Door::Open && self.app == App::Up;
    }

    /// Whether the application has as many requests as it takes. Those in a proxy before it count too.
    #[cold]
    pub(super) fn is_overloaded(&self, server: &Server, now: u64) -> bool {
        let has = |job: &Job| job.stage != Stage::Done && !job.is_over(now);
        // Most take any number, and an overloaded one has far too many to count at every arrival.
        self.ring.len() >= server.capacity
            && self.ring.iter().filter(|(_, job)| has(job)).count() >= server.capacity
    }

    /// Whether one more connection fits while all workers are busy, on the provisional way.
    pub(super) fn has_room(&self, server: &Server, now: u64) -> bool {
        let waiting = || self.ring.iter().rev().take_while(|(_, job)| job.begins_after(now)).count();
        !server.lazy || self.behind_proxy.is_some() || waiting() < server.accept_queue
    }
}
