//! A pod on the fast path: a ring of provisional fates.

use std::collections::VecDeque;

use super::shared::Shared;
use crate::model::cpu::CpuClock;
use crate::model::outcome::Cause;
use crate::sim::path::front::HolderId;
use crate::sim::path::server::Server;
use crate::sim::path::slots::Slots;
use crate::sim::path::{App, BackendSpec, Door};

/// One request (or probe) that a pod has: 40 bytes, because a thousand pods' rings have to stay
/// in the cache.
///
/// On an uncontended first-come-first-served server `start` and `end` are known when the request
/// arrives; they are its *provisional* fate, counted only when time has passed them. While the pod
/// shares its CPU, `end` holds the service time until the request is done.
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
/// was created, so numbers stay valid while earlier jobs leave.
#[derive(Debug, Default)]
pub(super) struct JobRing {
    jobs: VecDeque<Job>,
    first: u32,
}

impl JobRing {
    #[inline]
    pub(super) fn push(&mut self, job: Job) -> u32 {
        self.jobs.push_back(job);
        self.first + self.jobs.len() as u32 - 1
    }

    #[inline]
    pub(super) fn front(&self) -> Option<&Job> {
        self.jobs.front()
    }

    /// Takes the front job; the answer is its number.
    #[inline]
    pub(super) fn pop(&mut self) -> u32 {
        self.jobs.pop_front();
        self.first += 1;
        self.first - 1
    }

    /// The number that the next job will have.
    pub(super) fn next_number(&self) -> u32 {
        self.first + self.jobs.len() as u32
    }

    pub(super) fn get(&self, number: u32) -> Option<&Job> {
        self.jobs.get(number.checked_sub(self.first)? as usize)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Job> {
        self.jobs.get_mut(number.checked_sub(self.first)? as usize)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, &Job)> + ExactSizeIterator {
        let first = self.first;
        self.jobs.iter().enumerate().map(move |(i, job)| (first + i as u32, job))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut Job)> {
        (self.first..).zip(self.jobs.iter_mut())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Takes every job that `which` names, in order. Those that stay keep their numbers only if
    /// they stood before all that leave.
    pub(super) fn take_tail(&mut self, which: impl Fn(&Job) -> bool) -> Vec<(u32, Job)> {
        let at = self.jobs.partition_point(|job| !which(job));
        let first = self.first + at as u32;
        (first..).zip(self.jobs.split_off(at)).collect()
    }

    /// Takes all jobs; later ones get new numbers.
    pub(super) fn take_all(&mut self) -> Vec<(u32, Job)> {
        let taken: Vec<(u32, Job)> = (self.first..).zip(self.jobs.drain(..)).collect();
        self.first += taken.len() as u32;
        taken
    }
}

/// A pod.
#[derive(Debug)]
pub(super) struct Backend {
    /// Door open, application up, nothing unusual: the one test on the common way.
    pub(super) serves: bool,
    /// Requests come over kept-alive connections as far as anybody knows.
    pub(super) reused: bool,
    pub(super) server: u32,
    pub(super) forward_delay: u64,
    pub(super) opened_at: u64,
    pub(super) slots: Slots,
    pub(super) ring: JobRing,
    /// Present while requests contend for the CPU.
    pub(super) shared: Option<Box<Shared>>,
    pub(super) behind_proxy: bool,
    pub(super) draining: bool,
    pub(super) door: Door,
    pub(super) app: App,
    pub(super) stopped_at: Option<u64>,
    /// CPU used by settled work on the provisional way, nanoseconds.
    pub(super) cpu_ns: u64,
    /// Requests served to the end.
    pub(super) served: u64,
    /// CPU used while sharing, in units of the CPU clock.
    pub(super) cpu_units: u128,
    /// Flights the kernel answered without having room for them.
    pub(super) half_open: Vec<u32>,
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
            draining: false,
            door: Door::Closed(Cause::NotListeningYet),
            app: App::Up,
            stopped_at: None,
            cpu_ns: 0,
            served: 0,
            cpu_units: 0,
            half_open: Vec::new(),
            syn_bunch: (u64::MAX, false),
        }
    }

    /// CPU used by everything that is counted, in units of the CPU clock.
    pub(super) fn settled_units(&self) -> u128 {
        self.cpu_units + u128::from(self.cpu_ns) * u128::from(CpuClock::UNITS)
    }

    /// To be called after the door or the application has changed.
    pub(super) fn refresh(&mut self) {
        self.serves = self.door == Door::Open && self.app == App::Up;
    }

    /// Whether one more connection fits while all workers are busy, on the provisional way.
    pub(super) fn has_room(&self, server: &Server, now: u64) -> bool {
        let waiting = || self.ring.iter().rev().take_while(|(_, job)| job.start > now).count();
        !server.lazy || self.behind_proxy || waiting() < server.accept_queue
    }
}
