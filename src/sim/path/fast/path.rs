//! The fast path as the event loop sees it.

use super::backend::{Backend, Job, Kind, Stage};
use super::{Books, FastPath, NEVER};
use crate::account::{Histogram, Tally};
use crate::model::cpu::CpuClock;
use crate::model::outcome::{Cause, Status};
use crate::model::retry::Failure;
use crate::model::retry_budget::RetryBudget;
use crate::sim::path::front::Front;
use crate::sim::path::outer::NOBODY;
use crate::sim::path::pool::Parting;
use crate::sim::path::server::Server;
use crate::sim::path::source::RequestSource;
use crate::sim::path::tree::WinnerTree;
use crate::sim::path::{
    App, BackendSpec, Door, Draws, Notice, Observer, PathSpec, PodId, PodLoad, ProbeFate, RequestPath, Sent,
};
use crate::sim::spec::{AfterExit, Kept};

impl<O: Observer> FastPath<O> {
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
            self.watched.drain(end, pod_id);
        }
        false
    }

    /// The last of what the pod had when it began to drain has ended; more may have come since on kept
    /// connections.
    #[cold]
    pub(super) fn has_run_empty(&mut self, pod_id: PodId, now: u64) {
        if self.begin_draining(pod_id, now) {
            self.notices.push_back((now, Notice::Drained(pod_id)));
        }
    }

    fn stop_draining(&mut self, pod_id: PodId) {
        self.pods[pod_id as usize].draining = false;
        self.watched.forget_drain(pod_id);
    }

    /// Whether the waiting connections of this pod are in the kernel's hands.
    fn kernel_holds_queue(&self, pod_id: PodId) -> bool {
        let pod = &self.pods[pod_id as usize];
        self.servers[pod.server as usize].lazy && pod.behind_proxy.is_none()
    }
}

impl<O: Observer> RequestPath for FastPath<O> {
    type Observer = O;

    fn new(spec: PathSpec) -> Self {
        let (front, outer) = (spec.front(), spec.outer());
        let draws = Draws::new(spec.streams, &spec.client, &spec.network);
        let retry_budget = spec.client.retry_budget_per_mille.map(RetryBudget::new);
        let followed = front.follows_connections()
            || front.has_memory()
            || front.limits_connections()
            || outer.as_ref().is_some_and(|outer| outer.front.follows_clients());
        let straight = !followed && draws.reset_below == 0 && retry_budget.is_none();
        let read_timeout = spec.front.read_timeout.0;
        let outer_timeout = outer.as_ref().and_then(|outer| outer.patience()).unwrap_or(NEVER);
        let client_timeout = spec.client.timeout.map_or(NEVER, |t| t.0);
        let request_timeout = spec.front.request_timeout.map_or(NEVER, |t| t.0);
        FastPath {
            draws,
            straight,
            retry_budget,
            servers: spec.servers.iter().map(|server| Server::new(server, &spec.slowdowns)).collect(),
            front,
            outer: outer.map(Box::new),
            source: RequestSource::new(&spec.load, spec.streams),
            pods: Vec::new(),
            waited_at: 0,
            flights: Default::default(),
            timers: Default::default(),
            sharing: WinnerTree::new(),
            watched: Default::default(),
            notices: Default::default(),
            books: Books { tally: Tally::default(), observer: O::default(), overhead: spec.overhead() },
            read_timeout,
            patience: read_timeout.min(client_timeout).min(request_timeout).min(outer_timeout),
            first_is_fresh: spec.front.keepalive.is_some_and(|k| k.first_is_fresh),
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
        // Most often somebody waits, most often at the pod where somebody waited at the last look, which
        // is found without a walk over thousands of pods.
        let ahead = |(_, job): (u32, &Job)| job.is_plain() && job.is_fated() && job.end > now;
        let (before, from) = self.pods.split_at(self.waited_at);
        if let Some(further) = from.iter().chain(before).position(|pod| pod.ring.iter().any(ahead)) {
            self.waited_at = (self.waited_at + further) % self.pods.len();
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
        (pod.stopped_at, pod.parting, pod.unaccepted) = (None, None, 0);
        pod.refresh();
        if pod.is_ingress {
            self.begin_process(pod_id);
        }
    }

    fn set_app(&mut self, pod_id: PodId, app: App) {
        let pod = &mut self.pods[pod_id as usize];
        pod.app = app;
        pod.refresh();
        if app == App::Up {
            self.stop_draining(pod_id);
            if let Some(outer) = &mut self.outer {
                outer.stop_draining(pod_id);
            }
        }
    }

    fn close(&mut self, pod_id: PodId, now: u64, cause: Cause) -> bool {
        let pod = &mut self.pods[pod_id as usize];
        pod.door = Door::Closed(cause);
        pod.stopped_at = Some(now);
        pod.refresh();
        if pod.is_ingress {
            return self.drain_process(pod_id, now);
        }
        if self.kernel_holds_queue(pod_id) {
            self.reset_waiting(pod_id, now);
        }
        self.begin_draining(pod_id, now)
    }

    fn close_to_new(&mut self, pod_id: PodId, now: u64, cause: Cause, kept: Kept) -> bool {
        let pod = &mut self.pods[pod_id as usize];
        pod.door = Door::Shut(cause);
        pod.parting = Some(Parting { at: now, keeps_idle: kept == Kept::All, keeps_busy: true });
        pod.refresh();
        if self.kernel_holds_queue(pod_id) {
            self.reset_waiting(pod_id, now);
        }
        self.begin_draining(pod_id, now)
    }

    fn hold(&mut self, pod_id: PodId, now: u64, inner: bool) -> bool {
        let in_kernel = self.kernel_holds_queue(pod_id);
        let pod = &mut self.pods[pod_id as usize];
        if inner {
            pod.app = App::Held;
        } else {
            pod.door = Door::Held;
            pod.parting = Some(Parting { at: now, keeps_idle: true, keeps_busy: false });
        }
        pod.refresh();
        if in_kernel || inner && self.servers[pod.server as usize].lazy {
            self.strand_waiting(pod_id, now);
        }
        self.begin_draining(pod_id, now)
    }

    fn run_empty(&mut self, pod_id: PodId, now: u64) -> bool {
        self.begin_draining(pod_id, now)
    }

    fn kept_until(&mut self, pod_id: PodId, now: u64) -> Option<u64> {
        self.front.kept_until(pod_id, now, self.pods[pod_id as usize].server_side(&self.servers))
    }

    fn decline(&mut self, pod_id: PodId, now: u64) -> bool {
        self.set_app(pod_id, App::NotReady);
        if self.pods[pod_id as usize].is_ingress {
            return self.drain_process(pod_id, now);
        }
        self.begin_draining(pod_id, now)
    }

    fn close_inner(&mut self, pod_id: PodId, now: u64, refusal: Cause) -> bool {
        let pod = &mut self.pods[pod_id as usize];
        pod.app = App::ended_behind(pod.behind_proxy, refusal);
        pod.refresh();
        let answer = pod.app.answer().expect("it is down");
        if self.servers[pod.server as usize].lazy {
            self.lose_waiting(pod_id, now, answer);
        }
        self.begin_draining(pod_id, now)
    }

    fn cancel(&mut self, pod_id: PodId, now: u64, cause: Cause) {
        self.lose_everything(pod_id, now, Sent::Answered(Status::InternalError, cause));
    }

    fn exit(&mut self, pod_id: PodId, now: u64, inner: bool, cause: Cause, refusal: Cause) {
        let queue_in_kernel = self.kernel_holds_queue(pod_id);
        let pod = &mut self.pods[pod_id as usize];
        let was_held = pod.door == Door::Held;
        let ends_held = !inner || pod.app == App::Held && !was_held;
        pod.draining = false;
        let outcome = if inner {
            pod.app = App::ended_behind(pod.behind_proxy, refusal);
            pod.app.answer().expect("it is down")
        } else {
            pod.door = Door::Closed(refusal);
            pod.stopped_at = pod.stopped_at.or(Some(now));
            Sent::Failed(Failure::Closed, cause)
        };
        pod.refresh();
        if pod.is_ingress {
            return self.cut_process(pod_id, now, cause);
        }
        let reset = Sent::Failed(Failure::Closed, Cause::AcceptQueueReset);
        if queue_in_kernel && !inner {
            self.reset_waiting(pod_id, now);
        }
        if ends_held {
            self.end_half_open(pod_id, now, if was_held { reset } else { outcome });
        }
        self.lose_everything(pod_id, now, outcome);
    }

    fn fall_silent(&mut self, pod_id: PodId, now: u64) {
        let pod = &mut self.pods[pod_id as usize];
        pod.draining = false;
        pod.door = Door::Lost;
        pod.refresh();
        if pod.is_ingress {
            self.strand_process(pod_id, now);
        }
        self.leave_unanswered(pod_id, now);
    }

    fn cut_connections(&mut self, pod_id: PodId, now: u64, cause: Cause) {
        if self.pods[pod_id as usize].is_ingress {
            return self.cut_off_process(pod_id, now, cause);
        }
        self.cut_off(pod_id, now, Sent::Failed(Failure::Closed, cause));
    }

    fn vanish(&mut self, pod: PodId, how: AfterExit) {
        let pod = &mut self.pods[pod as usize];
        pod.door = Door::Gone(how);
        pod.refresh();
    }

    fn probe(&mut self, pod_id: PodId, now: u64, number: u64) -> ProbeFate {
        match self.pods[pod_id as usize].door {
            Door::Closed(_) | Door::Shut(_) | Door::Gone(AfterExit::Refused | AfterExit::Unreachable) => {
                return ProbeFate::Refused;
            }
            Door::Gone(AfterExit::Blackhole) | Door::Lost | Door::Held => return ProbeFate::Hangs,
            Door::Open => {}
        }
        match self.pods[pod_id as usize].app {
            App::Up | App::Failing(_) => {}
            App::Held => return ProbeFate::Hangs,
            App::NotReady | App::Down(..) => return ProbeFate::Refused,
        }
        self.settle(pod_id, now);
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.server as usize];
        if pod.is_overloaded(server, now) {
            return ProbeFate::Refused;
        }
        let bits = self.draws.probe.at(u64::from(pod_id), number);
        let service = server.probe_service(bits, now, pod.opened_at);
        let ready = now + pod.forward_delay;
        let (start, worker) = pod.slots.find(ready);
        let end = start + service;
        let (holder, kind, stage, reused) = (0, Kind::Probe, Stage::Fated, false);
        let job = Job { id: number, sent: now, start, end, holder, kind, stage, reused, fraction: 0 };
        if server.cpu_limit_milli.is_some() && self.must_share(pod_id, &job, now) {
            let placed = self.place_shared(pod_id, job, service, None, now);
            return if placed { ProbeFate::Underway } else { ProbeFate::Hangs };
        }
        let pod = &mut self.pods[pod_id as usize];
        if start > ready && !pod.has_room(&self.servers[pod.server as usize], now) {
            return ProbeFate::Hangs;
        }
        pod.slots.take(worker, end);
        let job = pod.ring.push(job);
        self.watched.probe(end, pod_id, job, number);
        ProbeFate::Underway
    }

    fn cpu_used(&mut self, pod_id: PodId, now: u64) -> u64 {
        self.settle_all(pod_id, now);
        let pod = &self.pods[pod_id as usize];
        let server = &self.servers[pod.server as usize];
        let running = match &pod.shared {
            Some(shared) => shared.clock.used_units(now),
            None => u128::from(pod.cpu_in_progress(server, now)) * u128::from(CpuClock::UNITS),
        };
        ((pod.settled_units() + running) / u128::from(CpuClock::UNITS)) as u64
    }

    fn under_way(&mut self, pod_id: PodId, now: u64) -> u32 {
        self.settle_all(pod_id, now);
        let ring = &self.pods[pod_id as usize].ring;
        u32::try_from(ring.iter().filter(|(_, job)| job.stage != Stage::Done).count()).unwrap_or(u32::MAX)
    }

    fn load_of(&mut self, pod_id: PodId, now: u64) -> PodLoad {
        let in_flight = self.under_way(pod_id, now);
        let pod = &self.pods[pod_id as usize];
        let waits = |job: &Job| match job.stage {
            Stage::Queued => true,
            _ => job.sent + pod.forward_delay <= now && job.begins_after(now),
        };
        let waiting = pod.ring.iter().filter(|(_, job)| waits(job)).count();
        PodLoad { served: pod.served, in_flight, waiting: u32::try_from(waiting).unwrap_or(u32::MAX) }
    }

    fn latency(&mut self, now: u64) -> &Histogram {
        self.settle_everywhere(now);
        &self.books.tally.latency_ok
    }

    fn end_reload(&mut self, replica: u32) {
        if self.front.end_reload(replica) {
            let jobs = self.pods.iter().flat_map(|pod| pod.ring.iter());
            let plain = jobs.filter(|(_, job)| job.is_plain()).map(|(_, job)| job.holder);
            let in_use = plain.chain(self.flights.active().map(|flight| flight.holder)).min();
            self.front.forget_below(in_use.unwrap_or(NOBODY));
        }
    }

    fn front(&mut self) -> &mut Front {
        &mut self.front
    }

    fn outer(&mut self) -> &mut Front {
        &mut self.outer.as_mut().expect("asked for only where there is one").front
    }

    fn finish(mut self, now: u64) -> (Tally, O) {
        self.settle_everywhere(now);
        let jobs = self.pods.iter().flat_map(|pod| pod.ring.iter());
        for (_, job) in jobs.filter(|(_, job)| job.is_plain() && job.stage != Stage::Done) {
            self.source.reopen(job.id);
            self.books.tally.in_flight_at_end += 1;
            self.books.tally.in_flight_age_ns += u128::from(now - job.sent);
        }
        for flight in self.flights.active() {
            self.source.reopen(flight.id);
            self.books.tally.in_flight_at_end += 1;
            self.books.tally.in_flight_age_ns += u128::from(now - flight.born);
        }
        debug_assert!(self.books.tally.in_flight_at_end > 0 || self.front.is_at_rest());
        (self.books.tally.think_ns, self.books.tally.connections_ns) = self.source.closing(now);
        (self.books.tally, self.books.observer)
    }
}
