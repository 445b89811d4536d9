//! The plain path as the event loop sees it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::pods::{Owner, Pod, Stage};
use super::{NEVER, PlainPath, START};
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
use crate::sim::path::{
    App, BackendSpec, Door, Draws, Notice, Observer, PathSpec, PodId, PodLoad, ProbeFate, RequestPath, Sent,
};
use crate::sim::spec::{AfterExit, Kept};
impl<O: Observer> RequestPath for PlainPath<O> {
    type Observer = O;

    fn new(spec: PathSpec) -> Self {
        let draws = Draws::new(spec.streams, &spec.client, &spec.network);
        let retry_budget = spec.client.retry_budget_per_mille.map(RetryBudget::new);
        let (front, outer) = (spec.front(), spec.outer());
        PlainPath {
            draws,
            servers: spec.servers.iter().map(|server| Server::new(server, &spec.slowdowns)).collect(),
            front,
            outer,
            source: RequestSource::new(&spec.load, spec.streams),
            pods: Vec::new(),
            requests: BTreeMap::new(),
            timers: BTreeSet::new(),
            notices: VecDeque::new(),
            tally: Tally::default(),
            observer: O::default(),
            jobs: 0,
            retry_budget,
            spec,
        }
    }

    fn run_to(&mut self, limit: u64) -> Option<(u64, Notice)> {
        loop {
            if let Some(notice) = self.notices.pop_front() {
                return Some(notice);
            }
            let (service, pod) = self.next_service();
            let timer = self.next_timer();
            let arrival = self.source.peek();
            let lines = self.front.lines_due();
            let inner = service.min(lines).min(timer);
            if inner <= limit && inner <= arrival && inner != NEVER {
                if service == inner {
                    self.run_pod(pod, service);
                } else if lines == inner {
                    self.serve_lines(lines);
                } else {
                    self.fire();
                }
            } else if arrival < limit {
                let id = self.source.pop();
                self.arrive(id, arrival);
                self.source.sent();
            } else {
                return None;
            }
        }
    }

    fn is_idle(&mut self, _now: u64) -> bool {
        self.source.peek() == NEVER
            && self.timers.is_empty()
            && self.requests.values().all(|r| r.ended.is_some())
    }

    fn add_pod(&mut self, backend: BackendSpec) {
        let server = &self.servers[backend.server as usize];
        self.pods.push(Pod {
            backend,
            door: Door::Closed(Cause::NotListeningYet),
            app: App::Up,
            opened_at: 0,
            stopped_at: None,
            parting: None,
            draining: false,
            clock: server.cpu_limit_milli.map(|limit| CpuClock::new(limit, START)),
            cpu_finished: 0,
            served: 0,
            jobs: Vec::new(),
            half_open: Vec::new(),
            unaccepted: 0,
            syn_bunch: (NEVER, false),
        });
    }

    fn open(&mut self, pod_id: PodId, now: u64) {
        let pod = &mut self.pods[pod_id as usize];
        pod.door = Door::Open;
        pod.opened_at = now;
        (pod.stopped_at, pod.parting, pod.unaccepted) = (None, None, 0);
        pod.draining = false;
        if pod.backend.is_ingress {
            self.begin_process(pod_id);
        }
    }

    fn set_app(&mut self, pod_id: PodId, app: App) {
        let pod = &mut self.pods[pod_id as usize];
        pod.app = app;
        pod.draining &= app != App::Up;
        if let Some(outer) = self.outer.as_mut().filter(|_| app == App::Up) {
            outer.stop_draining(pod_id);
        }
    }

    fn close(&mut self, pod_id: PodId, now: u64, cause: Cause) -> bool {
        let pod = &mut self.pods[pod_id as usize];
        pod.door = Door::Closed(cause);
        pod.stopped_at = Some(now);
        if pod.backend.is_ingress {
            return self.drain_process(pod_id);
        }
        let server = &self.servers[pod.backend.server as usize];
        if server.lazy && pod.backend.behind_proxy.is_none() {
            let reset = Sent::Failed(Failure::Closed, Cause::AcceptQueueReset);
            self.evict(pod_id, now, reset, |job| job.stage == Stage::Queued);
            self.end_half_open(pod_id, now, reset);
        }
        self.begin_draining(pod_id)
    }

    fn close_to_new(&mut self, pod_id: PodId, now: u64, cause: Cause, kept: Kept) -> bool {
        let pod = &mut self.pods[pod_id as usize];
        pod.door = Door::Shut(cause);
        pod.parting = Some(Parting { at: now, keeps_idle: kept == Kept::All, keeps_busy: true });
        let server = &self.servers[pod.backend.server as usize];
        if server.lazy && pod.backend.behind_proxy.is_none() {
            let reset = Sent::Failed(Failure::Closed, Cause::AcceptQueueReset);
            self.evict(pod_id, now, reset, |job| job.stage == Stage::Queued);
            self.end_half_open(pod_id, now, reset);
        }
        self.begin_draining(pod_id)
    }

    fn hold(&mut self, pod_id: PodId, now: u64, inner: bool) -> bool {
        let pod = &mut self.pods[pod_id as usize];
        if inner {
            pod.app = App::Held;
        } else {
            pod.door = Door::Held;
            pod.parting = Some(Parting { at: now, keeps_idle: true, keeps_busy: false });
        }
        let server = &self.servers[pod.backend.server as usize];
        if server.lazy && (inner || pod.backend.behind_proxy.is_none()) {
            let stranded = self.leave_unanswered(pod_id, |job| !job.in_service());
            let pod = &mut self.pods[pod_id as usize];
            pod.half_open.extend(stranded);
            pod.unaccepted = pod.half_open.len();
        }
        self.begin_draining(pod_id)
    }

    fn run_empty(&mut self, pod_id: PodId, _now: u64) -> bool {
        self.begin_draining(pod_id)
    }

    fn kept_until(&mut self, pod_id: PodId, now: u64) -> Option<u64> {
        self.front.kept_until(pod_id, now, self.pods[pod_id as usize].server_side(&self.servers))
    }

    fn decline(&mut self, pod_id: PodId, _now: u64) -> bool {
        self.set_app(pod_id, App::NotReady);
        if self.pods[pod_id as usize].backend.is_ingress {
            return self.drain_process(pod_id);
        }
        self.begin_draining(pod_id)
    }

    fn close_inner(&mut self, pod_id: PodId, now: u64, refusal: Cause) -> bool {
        let pod = &mut self.pods[pod_id as usize];
        pod.app = App::ended_behind(pod.backend.behind_proxy, refusal);
        let answer = pod.app.answer().expect("it is down");
        let server = &self.servers[pod.backend.server as usize];
        if server.lazy {
            self.evict(pod_id, now, answer, |job| !job.in_service());
        }
        self.begin_draining(pod_id)
    }

    fn cancel(&mut self, pod_id: PodId, now: u64, cause: Cause) {
        self.evict(pod_id, now, Sent::Answered(Status::InternalError, cause), |_| true);
    }

    fn exit(&mut self, pod_id: PodId, now: u64, inner: bool, cause: Cause, refusal: Cause) {
        let pod = &mut self.pods[pod_id as usize];
        let was_held = pod.door == Door::Held;
        let ends_held = !inner || pod.app == App::Held && !was_held;
        pod.draining = false;
        let outcome = if inner {
            pod.app = App::ended_behind(pod.backend.behind_proxy, refusal);
            pod.app.answer().expect("it is down")
        } else {
            pod.door = Door::Closed(refusal);
            pod.stopped_at = pod.stopped_at.or(Some(now));
            Sent::Failed(Failure::Closed, cause)
        };
        if pod.backend.is_ingress {
            return self.cut_process(pod_id, now, cause);
        }
        let server = &self.servers[pod.backend.server as usize];
        let reset = Sent::Failed(Failure::Closed, Cause::AcceptQueueReset);
        if server.lazy && !inner && pod.backend.behind_proxy.is_none() {
            self.evict(pod_id, now, reset, |job| job.stage == Stage::Queued);
            self.end_half_open(pod_id, now, reset);
        }
        if ends_held {
            self.end_half_open(pod_id, now, if was_held { reset } else { outcome });
        }
        self.evict(pod_id, now, outcome, |_| true);
    }

    fn fall_silent(&mut self, pod_id: PodId, _now: u64) {
        let pod = &mut self.pods[pod_id as usize];
        pod.draining = false;
        pod.door = Door::Lost;
        if pod.backend.is_ingress {
            self.strand_process(pod_id);
        }
        self.leave_unanswered(pod_id, |_| true);
    }

    fn cut_connections(&mut self, pod_id: PodId, now: u64, cause: Cause) {
        if self.pods[pod_id as usize].backend.is_ingress {
            return self.cut_off_process(pod_id, now, cause);
        }
        self.cut_off(pod_id, now, Sent::Failed(Failure::Closed, cause));
    }

    fn vanish(&mut self, pod: PodId, how: AfterExit) {
        self.pods[pod as usize].door = Door::Gone(how);
    }

    fn probe(&mut self, pod_id: PodId, now: u64, number: u64) -> ProbeFate {
        let pod = &self.pods[pod_id as usize];
        match pod.door {
            Door::Closed(_) | Door::Shut(_) | Door::Gone(AfterExit::Refused | AfterExit::Unreachable) => {
                return ProbeFate::Refused;
            }
            Door::Gone(AfterExit::Blackhole) | Door::Lost | Door::Held => return ProbeFate::Hangs,
            Door::Open => {}
        }
        let server = &self.servers[pod.backend.server as usize];
        match pod.app {
            App::Held => return ProbeFate::Hangs,
            App::Up | App::Failing(_) if pod.jobs.len() < server.capacity => {}
            App::Up | App::Failing(_) | App::NotReady | App::Down(..) => return ProbeFate::Refused,
        }
        if !pod.has_room(server) {
            return ProbeFate::Hangs;
        }
        let bits = self.draws.probe.at(u64::from(pod_id), number);
        self.add_job(pod_id, Owner::Probe(number), bits, now);
        ProbeFate::Underway
    }

    fn cpu_used(&mut self, pod_id: PodId, now: u64) -> u64 {
        let pod = &self.pods[pod_id as usize];
        let server = &self.servers[pod.backend.server as usize];
        match &pod.clock {
            Some(clock) => (clock.used_units(now) / u128::from(CpuClock::UNITS)) as u64,
            None => {
                let running = pod.jobs.iter().filter(|j| j.in_service());
                pod.cpu_finished
                    + running.map(|j| server.cpu_of(j.service, j.sent).min(now - j.started)).sum::<u64>()
            }
        }
    }

    fn under_way(&mut self, pod: PodId, _now: u64) -> u32 {
        u32::try_from(self.pods[pod as usize].jobs.len()).unwrap_or(u32::MAX)
    }

    fn load_of(&mut self, pod: PodId, now: u64) -> PodLoad {
        let in_flight = self.under_way(pod, now);
        let pod = &self.pods[pod as usize];
        let waiting = u32::try_from(pod.waiting()).unwrap_or(u32::MAX);
        PodLoad { served: pod.served, in_flight, waiting }
    }

    fn latency(&mut self, _now: u64) -> &Histogram {
        &self.tally.latency_ok
    }

    fn end_reload(&mut self, replica: u32) {
        if self.front.end_reload(replica) {
            let in_use = self.requests.values().filter(|r| r.ended.is_none()).map(|r| r.holder).min();
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
        for request in self.requests.values().filter(|r| r.ended.is_none()) {
            self.tally.in_flight_at_end += 1;
            self.tally.in_flight_age_ns += u128::from(now - request.born);
        }
        debug_assert!(self.tally.in_flight_at_end > 0 || self.front.is_at_rest());
        (self.tally.think_ns, self.tally.connections_ns) = self.source.closing(now);
        (self.tally, self.observer)
    }
}
