//! What happens to a pod's jobs when the common way does not apply: evictions, CPU sharing,
//! flights in rings, and the event loop's view of it all.

use std::cmp::Reverse;

use super::backend::{Backend, Job, Stage};
use super::flights::{NO_FLIGHT, TimerKind};
use super::shared::Shared;
use super::{FastPath, NEVER, START, Watched, What, cpu_units};
use crate::account::Tally;
use crate::model::cpu::CpuClock;
use crate::model::outcome::{Cause, Status};
use crate::model::retry::Failure;
use crate::sim::path::front::{Front, HolderId};
use crate::sim::path::server::Server;
use crate::sim::path::source::RequestSource;
use crate::sim::path::{
    App, BackendSpec, Door, Draws, Ended, Notice, Observer, PathSpec, PodId, ProbeFate, RequestPath, Sent,
};
use crate::sim::spec::AfterExit;

impl<O: Observer> FastPath<O> {
    // === Ring entries with a flight ===

    /// Pushes a job that has a flight, or that needs one because somebody will lose patience.
    #[cold]
    pub(super) fn place_unusual(&mut self, pod_id: PodId, mut job: Job, now: u64) {
        if job.flight == NO_FLIGHT {
            job.flight = self.begin_flight(job.id, now, job.holder);
            let flight = self.flights.get(job.flight);
            flight.pod = Some(pod_id);
            flight.attempts = 1;
            flight.reused = job.reused;
        }
        let number = self.pods[pod_id as usize].ring.push(job);
        self.attach(job.flight, number);
        let deadline = now.saturating_add(self.read_timeout);
        let born = self.flights.get(job.flight).born;
        let client_deadline = self.client_deadline(born);
        if job.end > deadline {
            self.timers.set(deadline, TimerKind::ReadTimeout, job.flight, &self.flights);
        }
        if job.end <= deadline.min(client_deadline) {
            self.source.ended(job.id, job.end + self.overhead, None, &self.draws);
            if self.front.wants_ends(job.holder) {
                self.watch(pod_id, number, &job);
            }
        }
    }

    fn client_deadline(&self, born: u64) -> u64 {
        self.spec.client.timeout.map_or(NEVER, |timeout| born + timeout.0)
    }

    /// The current attempt of a flight is the job `number`.
    fn attach(&mut self, place: u32, number: u32) {
        let flight = self.flights.get(place);
        flight.jobs += 1;
        flight.current = Some(number);
        flight.connecting = None;
        if flight.may_have_run && !std::mem::replace(&mut flight.was_sent_twice, true) {
            self.tally.sent_twice += 1;
        }
    }

    fn watch(&mut self, pod: PodId, number: u32, job: &Job) {
        let what = What::Job(number);
        self.watched.push(Reverse(Watched { end: job.end, pod, what, holder: job.holder }));
    }

    /// From now on the answers that `holder` will get from `pod` matter to it.
    pub(super) fn watch_all(&mut self, holder: HolderId, pod: PodId) {
        let patience = self.patience;
        for (number, job) in self.pods[pod as usize].ring.iter() {
            let answers = job.flight == NO_FLIGHT
                || self.flights.waits_for(job.flight, pod, number)
                    && job.end <= job.sent.saturating_add(patience);
            if job.holder == holder && job.stage == Stage::Fated && !job.is_probe && answers {
                let what = What::Job(number);
                self.watched.push(Reverse(Watched { end: job.end, pod, what, holder }));
            }
        }
    }

    /// A ring entry with a flight, or a probe, has come to its end.
    #[cold]
    pub(super) fn count_unusual(&mut self, pod_id: PodId, number: u32, job: &Job) {
        if !job.is_probe {
            self.flight_served(pod_id, number, job, job.end);
        }
    }

    /// A pod has served a job of a flight: the answer, if anybody still waits for it.
    fn flight_served(&mut self, pod_id: PodId, number: u32, job: &Job, end: u64) -> bool {
        let answers = self.flights.waits_for(job.flight, pod_id, number);
        let flight = self.flights.get(job.flight);
        flight.jobs -= 1;
        if answers {
            flight.current = None;
            flight.ended = Some(Status::Ok);
            let (born, attempts, at) = (flight.born, flight.attempts, end + self.overhead);
            self.tally.answer(at - START, at - born);
            let (status, pod) = (Status::Ok, Some(pod_id));
            self.observer.ended(&Ended { request: job.id, born, at, status, cause: None, pod, attempts });
        } else if !std::mem::replace(&mut flight.was_executed, true) {
            self.tally.executed_but_5xx += u64::from(flight.ended.is_some_and(Status::is_server_error));
        }
        self.flights.release_if_done(job.flight);
        answers
    }

    // === CPU sharing ===

    /// Whether a pod has to leave the provisional way for this job, or has left it already.
    pub(super) fn must_share(&mut self, pod_id: PodId, job: &Job, now: u64) -> bool {
        let pod = &self.pods[pod_id as usize];
        if pod.shared.is_some() {
            return true;
        }
        let server = &self.servers[pod.server as usize];
        let Some(limit) = server.cpu_limit_milli else { return false };
        // CPU comes first in every service, and starts are in order: who computes when this job
        // starts are those that started before and have not had their CPU yet.
        let computing = |other: &Job| {
            other.start <= job.start && other.start + server.cpu_of(other.end - other.start) > job.start
        };
        let sharers = 1 + pod.ring.iter().filter(|(_, other)| computing(other)).count() as u64;
        if CpuClock::contends(limit, sharers) {
            self.begin_sharing(pod_id, limit, now);
            return true;
        }
        false
    }

    /// The pod leaves the provisional way.
    #[cold]
    fn begin_sharing(&mut self, pod_id: PodId, limit_milli: u64, now: u64) {
        self.settle_all(pod_id, now);
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.server as usize];
        let (shared, used) = Shared::take_over(&mut pod.ring, server, limit_milli, pod.forward_delay, now);
        pod.cpu_units += cpu_units(used);
        pod.shared = Some(Box::new(shared));
        pod.draining |= self.watched.iter().any(|w| w.0.pod == pod_id && w.0.what == What::Drain);
        self.watched.retain(|w| w.0.pod != pod_id);
        let unfinished: Vec<(u32, Job)> =
            pod.ring.iter().filter(|(_, j)| j.stage != Stage::Done).map(|(n, j)| (n, *j)).collect();
        for (number, job) in unfinished.into_iter().filter(|(_, job)| !job.is_probe) {
            if job.flight == NO_FLIGHT {
                self.source.reopen(job.id);
            } else if self.flights.waits_for(job.flight, pod_id, number) {
                self.source.reopen(job.id);
                let deadline = job.sent.saturating_add(self.read_timeout);
                self.timers.set(deadline, TimerKind::ReadTimeout, job.flight, &self.flights);
            }
        }
    }

    /// Adds a job to a pod that shares its CPU; `false` if the accept queue has no room for it.
    #[cold]
    pub(super) fn place_shared(&mut self, pod_id: PodId, mut job: Job, service: u64, now: u64) -> bool {
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.server as usize];
        let Some(shared) = &mut pod.shared else { return false };
        let free = server.workers.is_none_or(|w| shared.serving < w);
        if server.lazy && !pod.behind_proxy && !free && shared.queued >= server.accept_queue {
            self.reschedule(pod_id);
            return false;
        }
        job.end = service;
        job.stage = Stage::Queued;
        let number = pod.ring.push(job);
        let forwarded_at = (pod.forward_delay > 0).then(|| now + pod.forward_delay);
        let stage = shared.arrived(number, forwarded_at);
        if let Some(job) = pod.ring.get_mut(number) {
            job.stage = stage;
        }
        shared.start_queued(&mut pod.ring, server, now);
        if job.flight != NO_FLIGHT {
            self.attach(job.flight, number);
            let deadline = now.saturating_add(self.read_timeout);
            self.timers.set(deadline, TimerKind::ReadTimeout, job.flight, &self.flights);
        }
        self.reschedule(pod_id);
        true
    }

    /// Everything in a sharing pod that ends, or loses patience, at `now`.
    pub(super) fn run_sharing(&mut self, pod_id: PodId, now: u64) {
        loop {
            let pod = &mut self.pods[pod_id as usize];
            let server = &self.servers[pod.server as usize];
            let Some(shared) = &mut pod.shared else { break };
            let Some(number) = shared.next_done(&mut pod.ring, server, now) else { break };
            shared.start_queued(&mut pod.ring, server, now);
            let Some(&job) = pod.ring.get(number) else { continue };
            self.finish_shared(pod_id, number, &job, now);
        }
        self.settle(pod_id, now);
        self.lose_patience(pod_id, now);
        let pod = &mut self.pods[pod_id as usize];
        if pod.ring.is_empty() {
            if let Some(shared) = pod.shared.take() {
                pod.cpu_units += shared.clock.used_units(now);
                pod.slots.refill(std::iter::empty());
            }
            if std::mem::take(&mut pod.draining) {
                self.notices.push_back((now, Notice::Drained(pod_id)));
            }
        }
        self.reschedule(pod_id);
    }

    fn finish_shared(&mut self, pod_id: PodId, number: u32, job: &Job, now: u64) {
        let answered = if job.is_probe {
            self.notices.push_back((now, Notice::ProbeAnswered(pod_id, job.id)));
            false
        } else if job.flight == NO_FLIGHT {
            self.answer_plain(pod_id, job, now);
            true
        } else {
            self.flight_served(pod_id, number, job, now)
        };
        if answered {
            self.front.ended(job.holder, pod_id, now);
            self.source.ended(job.id, now + self.overhead, None, &self.draws);
        }
    }

    /// Gives a flight and a timer to every job whose patience ends at `now`.
    fn lose_patience(&mut self, pod_id: PodId, now: u64) {
        loop {
            let pod = &mut self.pods[pod_id as usize];
            let Some(shared) = &mut pod.shared else { return };
            let Some((number, &job)) = shared.impatient(&pod.ring) else { return };
            if job.sent.saturating_add(self.patience) > now {
                return;
            }
            let place = self.flight_of_job(pod_id, &job);
            if let Some(job) = self.pods[pod_id as usize].ring.get_mut(number) {
                job.flight = place;
            }
            self.attach(place, number);
            let deadline = job.sent.saturating_add(self.read_timeout);
            self.timers.set(deadline, TimerKind::ReadTimeout, place, &self.flights);
        }
    }

    /// A flight for a job that so far had none.
    fn flight_of_job(&mut self, pod_id: PodId, job: &Job) -> u32 {
        let place = self.begin_flight(job.id, job.sent, job.holder);
        let flight = self.flights.get(place);
        flight.pod = Some(pod_id);
        flight.attempts = 1;
        flight.reused = job.reused;
        place
    }

    /// Moves the pod's leaf in the tree of sharing pods.
    fn reschedule(&mut self, pod_id: PodId) {
        let pod = &mut self.pods[pod_id as usize];
        let moment = match &mut pod.shared {
            None => NEVER,
            Some(shared) => {
                let ends = shared.next_moment();
                let patience =
                    shared.impatient(&pod.ring).map(|(_, job)| job.sent.saturating_add(self.patience));
                ends.min(patience.unwrap_or(NEVER))
            }
        };
        self.sharing.set(pod_id, moment);
    }

    // === Evictions ===

    /// Counts every fate of a pod that has come true by `now`, also those behind others.
    pub(super) fn settle_all(&mut self, pod_id: PodId, now: u64) {
        let over: Vec<(u32, Job)> = self.pods[pod_id as usize]
            .ring
            .iter()
            .filter(|(_, job)| job.stage == Stage::Fated && job.end <= now)
            .map(|(number, job)| (number, *job))
            .collect();
        for (number, job) in over {
            self.count(pod_id, number, &job);
            if let Some(job) = self.pods[pod_id as usize].ring.get_mut(number) {
                job.stage = Stage::Done;
            }
        }
        self.settle(pod_id, now);
    }

    fn settle_everywhere(&mut self, now: u64) {
        for pod in 0..self.pods.len() {
            self.settle_all(pod as PodId, now);
        }
    }

    /// Jobs that will not be served any more: the requests they belong to meet `outcome`.
    fn lose_jobs(&mut self, pod_id: PodId, now: u64, jobs: Vec<(u32, Job)>, outcome: Sent) {
        let mut losers = Vec::new();
        for (number, job) in jobs.into_iter().filter(|(_, job)| job.stage != Stage::Done && !job.is_probe) {
            let place = if job.flight == NO_FLIGHT {
                self.flight_of_job(pod_id, &job)
            } else {
                self.flights.get(job.flight).jobs -= 1;
                if !self.flights.waits_for(job.flight, pod_id, number) {
                    self.flights.release_if_done(job.flight);
                    continue;
                }
                job.flight
            };
            self.source.reopen(job.id);
            losers.push(place);
        }
        for place in losers {
            self.settle_attempt(place, now, outcome);
        }
    }

    /// Resets the connections that wait in the kernel's accept queue.
    fn reset_waiting(&mut self, pod_id: PodId, now: u64, outcome: Sent) {
        self.settle_all(pod_id, now);
        let pod = &mut self.pods[pod_id as usize];
        let first_waiting = |job: &Job| match job.stage {
            Stage::Fated => job.start > now,
            Stage::Queued | Stage::Forwarding => true,
            Stage::Serving | Stage::Done => false,
        };
        let waiting = pod.ring.take_tail(first_waiting);
        let first = waiting.first().map_or(u32::MAX, |(number, _)| *number);
        match &mut pod.shared {
            Some(shared) => shared.forget_waiting(&waiting),
            None => pod.slots.refill(pod.ring.iter().filter(|(_, j)| j.end > now).map(|(_, j)| j.end)),
        }
        let gone = |what: What| match what {
            What::Job(number) => number >= first,
            What::Probe(probe) => waiting.iter().any(|(_, job)| job.is_probe && job.id == probe),
            What::Drain => false,
        };
        self.watched.retain(|w| w.0.pod != pod_id || !gone(w.0.what));
        self.reschedule(pod_id);
        self.lose_jobs(pod_id, now, waiting, outcome);
        let reset = Sent::Failed(Failure::Closed, Cause::AcceptQueueReset);
        for place in std::mem::take(&mut self.pods[pod_id as usize].half_open) {
            self.flights.get(place).half_open = false;
            self.settle_attempt(place, now, reset);
        }
    }

    /// The process is gone: everything it had is lost.
    fn lose_everything(&mut self, pod_id: PodId, now: u64, outcome: Sent) {
        self.settle_all(pod_id, now);
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.server as usize];
        match pod.shared.take() {
            Some(shared) => pod.cpu_units += shared.clock.used_units(now),
            None => pod.cpu_units += cpu_units(cpu_in_progress(pod, server, now)),
        }
        pod.slots.refill(std::iter::empty());
        let jobs = pod.ring.take_all();
        self.watched.retain(|w| w.0.pod != pod_id);
        self.reschedule(pod_id);
        self.lose_jobs(pod_id, now, jobs, outcome);
    }

    /// Subscribes to the moment at which the pod has run empty; `true` if it is empty already.
    fn begin_draining(&mut self, pod_id: PodId, now: u64) -> bool {
        self.settle_all(pod_id, now);
        self.stop_draining(pod_id);
        let pod = &mut self.pods[pod_id as usize];
        if pod.ring.is_empty() {
            return true;
        }
        if pod.shared.is_some() {
            pod.draining = true;
        } else {
            let end = pod.ring.iter().map(|(_, job)| job.end).max().unwrap_or(now);
            self.watched.push(Reverse(Watched { end, pod: pod_id, what: What::Drain, holder: 0 }));
        }
        false
    }

    fn stop_draining(&mut self, pod_id: PodId) {
        self.pods[pod_id as usize].draining = false;
        self.watched.retain(|w| w.0.pod != pod_id || w.0.what != What::Drain);
    }

    /// Whether the waiting connections of this pod are in the kernel's hands.
    fn kernel_holds_queue(&self, pod_id: PodId) -> bool {
        let pod = &self.pods[pod_id as usize];
        self.servers[pod.server as usize].lazy && !pod.behind_proxy
    }
}

/// CPU that the jobs in service have used so far, on the provisional way.
fn cpu_in_progress(pod: &Backend, server: &Server, now: u64) -> u64 {
    let running = pod.ring.iter().filter(|(_, j)| j.stage == Stage::Fated && j.start < now && j.end > now);
    running.map(|(_, j)| server.cpu_of(j.end - j.start).min(now - j.start)).sum()
}

impl<O: Observer> RequestPath for FastPath<O> {
    fn new(spec: PathSpec) -> Self {
        let front = Front::new(&spec.front, spec.network.race_window.0, spec.tracks_pool(), spec.streams);
        let read_timeout = spec.front.read_timeout.0;
        let client_timeout = spec.client.timeout.map_or(NEVER, |t| t.0);
        FastPath {
            draws: Draws::new(spec.streams, &spec.client),
            servers: spec.servers.iter().map(Server::new).collect(),
            front,
            source: RequestSource::new(&spec.load, spec.streams),
            pods: Vec::new(),
            flights: Default::default(),
            timers: Default::default(),
            sharing: super::WinnerTree::new(),
            watched: Default::default(),
            notices: Default::default(),
            tally: Tally::default(),
            observer: O::default(),
            overhead: spec.front.overhead.0,
            read_timeout,
            patience: read_timeout.min(client_timeout),
            spec,
        }
    }

    fn run_to(&mut self, limit: u64) -> Option<(u64, Notice)> {
        self.run(limit)
    }

    fn is_idle(&mut self, now: u64) -> bool {
        if self.source.peek() != NEVER {
            return false;
        }
        self.settle_everywhere(now);
        let waits = |(_, job): (u32, &Job)| job.is_plain() && job.stage != Stage::Done;
        !self.timers.any_left(&self.flights)
            && self.flights.active().next().is_none()
            && !self.pods.iter().any(|pod| pod.ring.iter().any(waits))
    }

    fn add_pod(&mut self, backend: BackendSpec) {
        let server = &self.servers[backend.server as usize];
        let reused = self.spec.front.keepalive.is_some() && server.keepalive_idle.is_some();
        self.pods.push(Backend::new(backend, server.workers, reused));
    }

    fn open(&mut self, pod_id: PodId, now: u64) {
        self.stop_draining(pod_id);
        let pod = &mut self.pods[pod_id as usize];
        pod.door = Door::Open;
        pod.opened_at = now;
        pod.stopped_at = None;
        pod.refresh();
    }

    fn set_app(&mut self, pod_id: PodId, app: App) {
        let pod = &mut self.pods[pod_id as usize];
        pod.app = app;
        pod.refresh();
        if app == App::Up {
            self.stop_draining(pod_id);
        }
    }

    fn close(&mut self, pod_id: PodId, now: u64, cause: Cause) -> bool {
        let pod = &mut self.pods[pod_id as usize];
        pod.door = Door::Closed(cause);
        pod.stopped_at = Some(now);
        pod.refresh();
        if self.kernel_holds_queue(pod_id) {
            let reset = Sent::Failed(Failure::Closed, Cause::AcceptQueueReset);
            self.reset_waiting(pod_id, now, reset);
        }
        self.begin_draining(pod_id, now)
    }

    fn close_inner(&mut self, pod_id: PodId, now: u64) -> bool {
        let pod = &mut self.pods[pod_id as usize];
        pod.app = App::Down;
        pod.refresh();
        if self.servers[pod.server as usize].lazy {
            let answer = Sent::Answered(Status::BadGateway, Cause::InPodUpstreamDown);
            self.reset_waiting(pod_id, now, answer);
        }
        self.begin_draining(pod_id, now)
    }

    fn exit(&mut self, pod_id: PodId, now: u64, inner: bool, cause: Cause, refusal: Cause) {
        let queue_in_kernel = self.kernel_holds_queue(pod_id);
        let pod = &mut self.pods[pod_id as usize];
        pod.draining = false;
        let outcome = if inner {
            pod.app = App::Down;
            Sent::Answered(Status::BadGateway, Cause::InPodUpstreamDown)
        } else {
            pod.door = Door::Closed(refusal);
            pod.stopped_at = pod.stopped_at.or(Some(now));
            Sent::Failed(Failure::Closed, cause)
        };
        pod.refresh();
        if queue_in_kernel && !inner {
            let reset = Sent::Failed(Failure::Closed, Cause::AcceptQueueReset);
            self.reset_waiting(pod_id, now, reset);
        }
        self.lose_everything(pod_id, now, outcome);
    }

    fn vanish(&mut self, pod: PodId, how: AfterExit) {
        let pod = &mut self.pods[pod as usize];
        pod.door = Door::Gone(how);
        pod.refresh();
    }

    fn probe(&mut self, pod_id: PodId, now: u64, number: u64) -> ProbeFate {
        match self.pods[pod_id as usize].door {
            Door::Closed(_) | Door::Gone(AfterExit::Refused | AfterExit::Unreachable) => {
                return ProbeFate::Refused;
            }
            Door::Gone(AfterExit::Blackhole) => return ProbeFate::Hangs,
            Door::Open => {}
        }
        if self.pods[pod_id as usize].app == App::Down {
            return ProbeFate::Refused;
        }
        self.settle(pod_id, now);
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.server as usize];
        let service = server.service(self.draws.probe.at(u64::from(pod_id), number), now - pod.opened_at);
        let ready = now + pod.forward_delay;
        let start = pod.slots.start(ready);
        let (holder, flight) = (0, NO_FLIGHT);
        let job = Job {
            id: number,
            sent: now,
            start,
            end: start + service,
            holder,
            flight,
            stage: Stage::Fated,
            is_probe: true,
            reused: false,
        };
        if server.cpu_limit_milli.is_some() && self.must_share(pod_id, &job, now) {
            let placed = self.place_shared(pod_id, job, service, now);
            return if placed { ProbeFate::Underway } else { ProbeFate::Hangs };
        }
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.server as usize];
        if start > ready && server.lazy && !pod.behind_proxy && pod.waiting(now) >= server.accept_queue {
            return ProbeFate::Hangs;
        }
        pod.slots.take(job.end);
        pod.ring.push(job);
        self.watched.push(Reverse(Watched { end: job.end, pod: pod_id, what: What::Probe(number), holder }));
        ProbeFate::Underway
    }

    fn cpu_used(&mut self, pod_id: PodId, now: u64) -> u64 {
        self.settle_all(pod_id, now);
        let pod = &self.pods[pod_id as usize];
        let server = &self.servers[pod.server as usize];
        let running = match &pod.shared {
            Some(shared) => shared.clock.used_units(now),
            None => cpu_units(cpu_in_progress(pod, server, now)),
        };
        ((pod.cpu_units + running) / u128::from(CpuClock::UNITS)) as u64
    }

    fn under_way(&mut self, pod_id: PodId, now: u64) -> u32 {
        self.settle_all(pod_id, now);
        let ring = &self.pods[pod_id as usize].ring;
        u32::try_from(ring.iter().filter(|(_, job)| job.stage != Stage::Done).count()).unwrap_or(u32::MAX)
    }

    fn front(&mut self) -> &mut Front {
        &mut self.front
    }

    fn finish(mut self, now: u64) -> Tally {
        self.settle_everywhere(now);
        let jobs = self.pods.iter().flat_map(|pod| pod.ring.iter());
        for (_, job) in jobs.filter(|(_, job)| job.is_plain() && job.stage != Stage::Done) {
            self.source.reopen(job.id);
            self.tally.in_flight_at_end += 1;
            self.tally.in_flight_age_ns += u128::from(now - job.sent);
        }
        for flight in self.flights.active() {
            self.source.reopen(flight.id);
            self.tally.in_flight_at_end += 1;
            self.tally.in_flight_age_ns += u128::from(now - flight.born);
        }
        (self.tally.think_ns, self.tally.connections_ns) = self.source.closing(now);
        self.tally
    }
}
