//! The plain request path: every request moves by events, every pod is searched at every step.
//!
//! Slow, and meant to be read beside MODEL.md. What it says is right by definition; the fast path
//! is tested against it, request by request.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::front::{Front, HolderId, Picked};
use super::pool::Reuse;
use super::server::Server;
use super::source::RequestSource;
use super::{
    App, Attempted, BackendSpec, Door, Draws, Ended, Notice, Observer, PathSpec, PodId, PodLoad, ProbeFate,
    RETRY_SHIFT, RequestPath, Sent, connection_of, next_syn, status_of,
};
use crate::account::{Histogram, LossSample, Tally};
use crate::model::cpu::CpuClock;
use crate::model::outcome::{Cause, Status};
use crate::model::retry::Failure;
use crate::sim::spec::AfterExit;
use crate::units::SimTime;

const START: u64 = SimTime::START.0;
const NEVER: u64 = u64::MAX;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct PlainPath<O> {
    spec: PathSpec,
    draws: Draws,
    servers: Vec<Server>,
    front: Front,
    source: RequestSource,
    pods: Vec<Pod>,
    /// Requests that have not ended, and ended ones that a pod still works on.
    requests: BTreeMap<u64, Request>,
    timers: BTreeSet<(u64, u64, Timer)>,
    notices: VecDeque<(u64, Notice)>,
    tally: Tally,
    observer: O,
    /// Numbers jobs in the order they were handed to pods.
    jobs: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    ConnectTimeout,
    ResendSyn,
    ReadTimeout,
    ClientTimeout,
    ClientRetry,
}

#[derive(Debug)]
struct Request {
    born: u64,
    holder: HolderId,
    tries_left: u32,
    tried: Vec<PodId>,
    attempts: u32,
    pod: Option<PodId>,
    /// When the current attempt was sent.
    sent: u64,
    /// Whether the current attempt uses a kept-alive connection.
    reused: bool,
    connecting: Option<Connecting>,
    half_open: bool,
    /// Jobs in pods that belong to this request, the current one and abandoned ones.
    jobs: u32,
    current_job: Option<u64>,
    /// Timers set for the current attempt, and for the client's patience.
    timers: Vec<(u64, Timer)>,
    /// An earlier attempt was sent and may have been executed.
    may_have_run: bool,
    was_sent_twice: bool,
    was_executed: bool,
    ended: Option<Status>,
}

#[derive(Clone, Copy, Debug)]
struct Connecting {
    since: u64,
    syns: u32,
    /// What a timeout would be blamed on.
    cause: Cause,
}

#[derive(Debug)]
struct Pod {
    backend: BackendSpec,
    door: Door,
    app: App,
    opened_at: u64,
    stopped_at: Option<u64>,
    draining: bool,
    clock: Option<CpuClock>,
    /// CPU used by finished requests where no clock measures it.
    cpu_finished: u64,
    /// Requests served to the end.
    served: u64,
    jobs: Vec<Job>,
    half_open: Vec<u64>,
    /// The instant of the last resent SYNs and whether there was room at that instant.
    syn_bunch: (u64, bool),
}

#[derive(Clone, Copy, Debug)]
struct Job {
    number: u64,
    owner: Owner,
    service: u64,
    started: u64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Request(u64),
    Probe(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// In a proxy container until then.
    Forwarding(u64),
    Queued,
    /// Until the CPU clock reaches this virtual moment.
    Computing(u64),
    /// Until then.
    Serving(u64),
}

impl Job {
    fn in_service(&self) -> bool {
        matches!(self.stage, Stage::Computing(_) | Stage::Serving(_))
    }
}

impl Pod {
    fn waiting(&self) -> usize {
        self.jobs.iter().filter(|j| j.stage == Stage::Queued).count()
    }

    fn has_room(&self, server: &Server) -> bool {
        let serving = self.jobs.iter().filter(|j| j.in_service()).count();
        let free = server.workers.is_none_or(|w| serving < w as usize);
        !server.lazy || self.backend.behind_proxy || free || self.waiting() < server.accept_queue
    }

    fn next_moment(&self) -> u64 {
        let of = |job: &Job| match job.stage {
            Stage::Forwarding(until) | Stage::Serving(until) => until,
            Stage::Queued => NEVER,
            Stage::Computing(due) => self.clock.as_ref().map_or(NEVER, |clock| clock.when(due)),
        };
        self.jobs.iter().map(of).min().unwrap_or(NEVER)
    }
}

impl<O: Observer> PlainPath<O> {
    fn next_service(&self) -> (u64, PodId) {
        let moments = (0..).zip(&self.pods).map(|(id, pod)| (pod.next_moment(), id));
        moments.min().unwrap_or((NEVER, 0))
    }

    fn next_timer(&self) -> u64 {
        self.timers.first().map_or(NEVER, |t| t.0)
    }

    // === A request's life ===

    fn arrive(&mut self, id: u64, now: u64) {
        self.tally.arrive(now - START);
        let holder = self.front.holder_of(connection_of(id, &self.spec));
        let request = Request {
            born: now,
            holder,
            tries_left: self.front.tries(holder),
            tried: Vec::new(),
            attempts: 0,
            pod: None,
            sent: now,
            reused: false,
            connecting: None,
            half_open: false,
            jobs: 0,
            current_job: None,
            timers: Vec::new(),
            may_have_run: false,
            was_sent_twice: false,
            was_executed: false,
            ended: None,
        };
        self.requests.insert(id, request);
        if let Some(timeout) = self.spec.client.timeout {
            self.set_timer(id, now + timeout.0, Timer::ClientTimeout);
        }
        self.pursue(id, now);
    }

    /// Makes attempts until one is under way or the request has ended.
    fn pursue(&mut self, id: u64, now: u64) {
        loop {
            let request = self.request(id);
            let (holder, tried) = (request.holder, request.tried.clone());
            let pod = match self.front.pick(holder, &tried, now) {
                Picked::Peer(pod) => pod,
                Picked::Empty => {
                    let status = self.front.spec().answers.no_endpoints;
                    return self.lose(id, now, status, Cause::NoEndpoints);
                }
                Picked::AllDown => {
                    let status = self.front.spec().answers.all_down;
                    return self.lose(id, now, status, Cause::AllMarkedDown);
                }
            };
            self.front.began(holder, pod);
            let request = self.request(id);
            request.pod = Some(pod);
            request.sent = now;
            request.attempts += 1;
            match self.send(id, pod, now) {
                Sent::Underway => return,
                Sent::Answered(status, cause) => {
                    self.front.ended(holder, pod, now, now);
                    self.tell_attempt(id, now, None, cause, false);
                    return self.lose(id, now, status, cause);
                }
                Sent::Failed(failure, cause) => {
                    if !self.attempt_failed(id, now, failure, cause) {
                        return;
                    }
                }
            }
        }
    }

    /// Hands the request to the pod as its door allows.
    fn send(&mut self, id: u64, pod_id: PodId, now: u64) -> Sent {
        let pod = &self.pods[pod_id as usize];
        let server = &self.servers[pod.backend.server as usize];
        let request = &self.requests[&id];
        let (holder, idle, stop) = (request.holder, server.keepalive_idle, pod.stopped_at);
        let reuse = self.front.connection(holder, pod_id, &request.tried, now, idle, stop);
        self.request(id).reused = reuse != Reuse::Fresh;
        if reuse == Reuse::Stale {
            return Sent::Failed(Failure::Closed, Cause::KeepaliveRace);
        }
        self.connect(id, pod_id, now, false)
    }

    fn connect(&mut self, id: u64, pod_id: PodId, now: u64, resent: bool) -> Sent {
        let pod = &self.pods[pod_id as usize];
        match pod.door {
            Door::Closed(cause) => return Sent::Failed(Failure::Connect, cause),
            Door::Gone(AfterExit::Refused) => return Sent::Failed(Failure::Connect, Cause::ListenerClosed),
            Door::Gone(AfterExit::Unreachable) => return Sent::Failed(Failure::Connect, Cause::Unreachable),
            Door::Gone(AfterExit::Blackhole) => {
                self.begin_connecting(id, now, Cause::Blackholed);
                return Sent::Underway;
            }
            Door::Open => {}
        }
        match pod.app {
            App::NotReady => return Sent::Answered(Status::Unavailable, Cause::AppNotReady),
            App::Down => return Sent::Answered(Status::BadGateway, Cause::InPodUpstreamDown),
            App::Up => {}
        }
        let server = &self.servers[pod.backend.server as usize];
        let room = pod.has_room(server);
        let in_same_bunch = resent && pod.syn_bunch == (now, true);
        if resent && pod.syn_bunch.0 != now {
            self.pods[pod_id as usize].syn_bunch = (now, room);
        }
        if !room && !in_same_bunch {
            if !resent {
                self.begin_connecting(id, now, Cause::AcceptQueueFull);
            }
            self.schedule_syn(id);
            return Sent::Underway;
        }
        self.stop_connecting(id);
        let read_timeout = self.front.spec().read_timeout.0;
        self.set_timer(id, now + read_timeout, Timer::ReadTimeout);
        if room {
            let bits = self.draws.service.at(id, u64::from(self.requests[&id].attempts - 1));
            let number = self.add_job(pod_id, Owner::Request(id), bits, now);
            let request = self.request(id);
            request.jobs += 1;
            request.current_job = Some(number);
            let again = request.may_have_run && !std::mem::replace(&mut request.was_sent_twice, true);
            self.tally.sent_twice += u64::from(again);
        } else {
            // The kernel answered the SYN together with others of its bunch, but has no place left.
            self.request(id).half_open = true;
            self.pods[pod_id as usize].half_open.push(id);
        }
        Sent::Underway
    }

    fn begin_connecting(&mut self, id: u64, now: u64, cause: Cause) {
        let deadline = now + self.front.spec().connect_timeout.0;
        self.set_timer(id, deadline, Timer::ConnectTimeout);
        self.request(id).connecting = Some(Connecting { since: now, syns: 1, cause });
    }

    fn schedule_syn(&mut self, id: u64) {
        let linear = self.spec.network.linear_syn_retries;
        let request = self.request(id);
        let Some(connecting) = &mut request.connecting else { return };
        let at = next_syn(connecting.since, connecting.syns, linear);
        connecting.syns += 1;
        self.set_timer(id, at, Timer::ResendSyn);
    }

    fn set_timer(&mut self, id: u64, at: u64, timer: Timer) {
        self.request(id).timers.push((at, timer));
        self.timers.insert((at, id, timer));
    }

    /// Cancels those timers of a request that `which` names.
    fn cancel_timers(&mut self, id: u64, which: impl Fn(Timer) -> bool) {
        let set = std::mem::take(&mut self.request(id).timers);
        let (gone, kept): (Vec<_>, Vec<_>) = set.into_iter().partition(|t| which(t.1));
        for (at, timer) in gone {
            self.timers.remove(&(at, id, timer));
        }
        self.request(id).timers = kept;
    }

    fn stop_connecting(&mut self, id: u64) {
        self.request(id).connecting = None;
        self.cancel_timers(id, |timer| matches!(timer, Timer::ConnectTimeout | Timer::ResendSyn));
    }

    /// The current attempt failed. Returns whether another one follows; if not, the request ended.
    fn attempt_failed(&mut self, id: u64, now: u64, failure: Failure, cause: Cause) -> bool {
        let method = self.draws.method(id);
        let policy = self.front.spec().retry;
        let gives_back = self.front.spec().keepalive.is_some_and(|k| k.stale_gives_try_back);
        let (holder, pod, sent) = {
            let request = self.request(id);
            (request.holder, request.pod.expect("an attempt has a pod"), request.sent)
        };
        self.drop_attempt(id);
        self.front.failed(holder, pod, now);
        let request = self.request(id);
        request.tries_left -= 1;
        if request.reused && gives_back && failure == Failure::Closed {
            request.tries_left += 1;
        }
        let retried = request.tries_left > 0 && policy.covers(failure, method);
        self.tell_attempt(id, now, Some(failure), cause, retried);
        if !retried {
            let status = status_of(self.front.spec(), failure);
            self.front.gave_up(holder, pod, sent, now);
            self.lose(id, now, status, cause);
            return false;
        }
        let request = self.request(id);
        request.tried.push(pod);
        request.may_have_run |= failure.request_was_sent();
        true
    }

    /// Tells whoever watches that the current attempt brought no answer of the application's.
    fn tell_attempt(&mut self, id: u64, now: u64, failure: Option<Failure>, cause: Cause, retried: bool) {
        let request = &self.requests[&id];
        if let Some(pod) = request.pod {
            let (sent, reused) = (request.sent, request.reused);
            let attempt = Attempted { request: id, pod, sent, failed: now, reused, failure, cause, retried };
            self.observer.attempted(&attempt);
        }
    }

    /// Stops everything that belongs to the current attempt, except the pod's work on it.
    fn drop_attempt(&mut self, id: u64) {
        self.cancel_timers(id, |timer| timer != Timer::ClientTimeout);
        let request = self.request(id);
        request.connecting = None;
        request.current_job = None;
        if std::mem::take(&mut request.half_open) {
            let pod = request.pod.expect("a half-open attempt has a pod");
            self.pods[pod as usize].half_open.retain(|other| *other != id);
        }
    }

    fn lose(&mut self, id: u64, now: u64, status: Status, cause: Cause) {
        let at = now + self.front.spec().overhead.0;
        self.lose_at(id, at, status, cause);
    }

    fn lose_at(&mut self, id: u64, at: u64, status: Status, cause: Cause) {
        self.drop_attempt(id);
        self.cancel_timers(id, |_| true);
        let method = self.draws.method(id);
        let request = self.request(id);
        request.ended = Some(status);
        let (born, pod, attempts) = (request.born, request.pod, request.attempts);
        let executed = request.was_executed && status.is_server_error();
        self.tally.executed_but_5xx += u64::from(executed);
        let sample =
            LossSample { request: id, sent_ns: born - START, lost_ns: at - START, method, pod, attempts };
        self.tally.lose(status, cause, sample);
        self.observer.ended(&Ended { request: id, born, at, status, cause: Some(cause), pod, attempts });
        let retry_at = self.client_retry(id, at);
        self.source.ended(id, at, retry_at, &self.draws);
        if let (Some(retry_at), false) = (retry_at, self.source.is_closed()) {
            self.timers.insert((retry_at, id + (1 << RETRY_SHIFT), Timer::ClientRetry));
        }
        self.forget_if_done(id);
    }

    fn client_retry(&self, id: u64, at: u64) -> Option<u64> {
        let used = id >> RETRY_SHIFT;
        (used < u64::from(self.spec.client.retries))
            .then(|| at + self.spec.client.backoff.sample(self.draws.backoff.at(id, 0)).0)
    }

    fn answer(&mut self, id: u64, now: u64) {
        let at = now + self.front.spec().overhead.0;
        self.drop_attempt(id);
        self.cancel_timers(id, |_| true);
        let request = self.request(id);
        request.ended = Some(Status::Ok);
        let (holder, sent, born) = (request.holder, request.sent, request.born);
        let (pod, attempts) = (request.pod, request.attempts);
        self.front.ended(holder, pod.expect("an answer has a pod"), sent, now);
        self.tally.answer(at - START, at - born);
        self.observer.ended(&Ended { request: id, born, at, status: Status::Ok, cause: None, pod, attempts });
        self.source.ended(id, at, None, &self.draws);
        self.forget_if_done(id);
    }

    fn forget_if_done(&mut self, id: u64) {
        if self.requests.get(&id).is_some_and(|r| r.ended.is_some() && r.jobs == 0) {
            self.requests.remove(&id);
        }
    }

    fn request(&mut self, id: u64) -> &mut Request {
        self.requests.get_mut(&id).expect("a request is kept until it has ended and no pod works on it")
    }

    // === Timers ===

    fn fire(&mut self) {
        let Some((now, id, timer)) = self.timers.pop_first() else { return };
        let outcome = match timer {
            Timer::ClientRetry => return self.arrive(id, now),
            Timer::ClientTimeout => return self.client_leaves(id, now),
            Timer::ResendSyn => {
                let pod = self.request(id).pod.expect("connecting to a pod");
                self.connect(id, pod, now, true)
            }
            Timer::ConnectTimeout => {
                let cause = self.request(id).connecting.map_or(Cause::Blackholed, |c| c.cause);
                Sent::Failed(Failure::ConnectTimeout, cause)
            }
            Timer::ReadTimeout => Sent::Failed(Failure::ReadTimeout, Cause::ReadTimeout),
        };
        self.settle_attempt(id, now, outcome);
    }

    fn settle_attempt(&mut self, id: u64, now: u64, outcome: Sent) {
        match outcome {
            Sent::Underway => {}
            Sent::Failed(failure, cause) => {
                if self.attempt_failed(id, now, failure, cause) {
                    self.pursue(id, now);
                }
            }
            Sent::Answered(status, cause) => {
                let request = self.request(id);
                let (holder, pod) = (request.holder, request.pod.expect("an answer has a pod"));
                let sent = request.sent;
                self.front.ended(holder, pod, sent, now);
                self.tell_attempt(id, now, None, cause, false);
                self.lose(id, now, status, cause);
            }
        }
    }

    fn client_leaves(&mut self, id: u64, now: u64) {
        let request = self.request(id);
        let (holder, pod, sent) = (request.holder, request.pod, request.sent);
        if let Some(pod) = pod {
            self.front.abandoned(holder, pod, sent, now);
            self.tell_attempt(id, now, None, Cause::ClientGaveUp, false);
        }
        let status = self.front.spec().answers.client_left;
        self.lose_at(id, now, status, Cause::ClientGaveUp);
    }

    // === Pods at work ===

    fn add_job(&mut self, pod_id: PodId, owner: Owner, bits: u64, now: u64) -> u64 {
        self.jobs += 1;
        let number = self.jobs;
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.backend.server as usize];
        let service = server.service(bits, now - pod.opened_at);
        let stage = match pod.backend.forward_delay {
            0 => Stage::Queued,
            delay => Stage::Forwarding(now + delay),
        };
        pod.jobs.push(Job { number, owner, service, started: 0, stage });
        self.start_queued(pod_id, now);
        number
    }

    fn start_queued(&mut self, pod_id: PodId, now: u64) {
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.backend.server as usize];
        let serving = pod.jobs.iter().filter(|j| j.in_service()).count();
        let free = server.workers.map_or(usize::MAX, |w| (w as usize).saturating_sub(serving));
        for job in pod.jobs.iter_mut().filter(|j| j.stage == Stage::Queued).take(free) {
            job.started = now;
            job.stage = match (&mut pod.clock, server.cpu_of(job.service)) {
                (Some(clock), cpu) if cpu > 0 => Stage::Computing(clock.join(now, cpu)),
                _ => Stage::Serving(now + job.service),
            };
        }
    }

    /// Everything in one pod that ends at `now`.
    fn run_pod(&mut self, pod_id: PodId, now: u64) {
        loop {
            let pod = &mut self.pods[pod_id as usize];
            let server = &self.servers[pod.backend.server as usize];
            let mut finished = None;
            let mut moved = false;
            for job in &mut pod.jobs {
                match job.stage {
                    Stage::Forwarding(until) if until <= now => {
                        job.stage = Stage::Queued;
                        moved = true;
                    }
                    Stage::Computing(due) if pod.clock.as_ref().is_some_and(|c| c.reached(now, due)) => {
                        if let Some(clock) = &mut pod.clock {
                            clock.leave(now);
                        }
                        job.stage = Stage::Serving(now + job.service - server.cpu_of(job.service));
                        moved = true;
                    }
                    Stage::Serving(until) if until <= now => {
                        finished = Some(job.number);
                    }
                    _ => {}
                }
                if moved || finished.is_some() {
                    break;
                }
            }
            if let Some(number) = finished {
                self.finish_job(pod_id, number, now);
            } else if !moved {
                break;
            }
            self.start_queued(pod_id, now);
        }
        let pod = &mut self.pods[pod_id as usize];
        if pod.draining && pod.jobs.is_empty() {
            pod.draining = false;
            self.notices.push_back((now, Notice::Drained(pod_id)));
        }
    }

    fn finish_job(&mut self, pod_id: PodId, number: u64, now: u64) {
        let pod = &mut self.pods[pod_id as usize];
        let at = pod.jobs.iter().position(|j| j.number == number).expect("found a moment ago");
        let job = pod.jobs.remove(at);
        if pod.clock.is_none() {
            pod.cpu_finished += self.servers[pod.backend.server as usize].cpu_of(job.service);
        }
        match job.owner {
            Owner::Probe(probe) => self.notices.push_back((now, Notice::ProbeAnswered(pod_id, probe))),
            Owner::Request(id) => {
                pod.served += 1;
                let request = self.request(id);
                request.jobs -= 1;
                if request.current_job == Some(number) {
                    return self.answer(id, now);
                }
                let newly = !std::mem::replace(&mut request.was_executed, true);
                if newly && request.ended.is_some_and(Status::is_server_error) {
                    self.tally.executed_but_5xx += 1;
                }
                self.forget_if_done(id);
            }
        }
    }

    /// Takes jobs out of a pod that will not be served any more; the requests they belong to
    /// meet `outcome`.
    fn evict(&mut self, pod_id: PodId, now: u64, outcome: Sent, which: impl Fn(&Job) -> bool) {
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.backend.server as usize];
        let (gone, kept): (Vec<Job>, Vec<Job>) = pod.jobs.iter().partition(|j| which(j));
        pod.jobs = kept;
        for job in &gone {
            match (&mut pod.clock, job.stage) {
                (Some(clock), Stage::Computing(_)) => clock.leave(now),
                (None, Stage::Serving(_)) => {
                    pod.cpu_finished += server.cpu_of(job.service).min(now - job.started);
                }
                _ => {}
            }
        }
        let mut losers = Vec::new();
        for job in gone {
            if let Owner::Request(id) = job.owner {
                let request = self.request(id);
                request.jobs -= 1;
                if request.current_job == Some(job.number) {
                    losers.push(id);
                } else {
                    self.forget_if_done(id);
                }
            }
        }
        for id in losers {
            self.settle_attempt(id, now, outcome);
        }
    }

    fn reset_half_open(&mut self, pod_id: PodId, now: u64) {
        for id in std::mem::take(&mut self.pods[pod_id as usize].half_open) {
            self.request(id).half_open = false;
            self.settle_attempt(id, now, Sent::Failed(Failure::Closed, Cause::AcceptQueueReset));
        }
    }

    fn begin_draining(&mut self, pod_id: PodId) -> bool {
        let pod = &mut self.pods[pod_id as usize];
        pod.draining = !pod.jobs.is_empty();
        !pod.draining
    }
}

impl<O: Observer> RequestPath for PlainPath<O> {
    type Observer = O;

    fn new(spec: PathSpec) -> Self {
        let draws = Draws::new(spec.streams, &spec.client);
        let front = Front::new(&spec.front, spec.network.race_window.0, spec.tracks_pool(), spec.streams);
        PlainPath {
            draws,
            servers: spec.servers.iter().map(Server::new).collect(),
            front,
            source: RequestSource::new(&spec.load, spec.streams),
            pods: Vec::new(),
            requests: BTreeMap::new(),
            timers: BTreeSet::new(),
            notices: VecDeque::new(),
            tally: Tally::default(),
            observer: O::default(),
            jobs: 0,
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
            let inner = service.min(timer);
            if inner <= limit && inner <= arrival && inner != NEVER {
                if service <= timer {
                    self.run_pod(pod, service);
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
            draining: false,
            clock: server.cpu_limit_milli.map(|limit| CpuClock::new(limit, START)),
            cpu_finished: 0,
            served: 0,
            jobs: Vec::new(),
            half_open: Vec::new(),
            syn_bunch: (NEVER, false),
        });
    }

    fn open(&mut self, pod: PodId, now: u64) {
        let pod = &mut self.pods[pod as usize];
        pod.door = Door::Open;
        pod.opened_at = now;
        pod.stopped_at = None;
        pod.draining = false;
    }

    fn set_app(&mut self, pod: PodId, app: App) {
        let pod = &mut self.pods[pod as usize];
        pod.app = app;
        pod.draining &= app != App::Up;
    }

    fn close(&mut self, pod_id: PodId, now: u64, cause: Cause) -> bool {
        let pod = &mut self.pods[pod_id as usize];
        pod.door = Door::Closed(cause);
        pod.stopped_at = Some(now);
        let server = &self.servers[pod.backend.server as usize];
        if server.lazy && !pod.backend.behind_proxy {
            let reset = Sent::Failed(Failure::Closed, Cause::AcceptQueueReset);
            self.evict(pod_id, now, reset, |job| job.stage == Stage::Queued);
            self.reset_half_open(pod_id, now);
        }
        self.begin_draining(pod_id)
    }

    fn close_inner(&mut self, pod_id: PodId, now: u64) -> bool {
        let pod = &mut self.pods[pod_id as usize];
        pod.app = App::Down;
        let server = &self.servers[pod.backend.server as usize];
        if server.lazy {
            let answer = Sent::Answered(Status::BadGateway, Cause::InPodUpstreamDown);
            self.evict(pod_id, now, answer, |job| !job.in_service());
        }
        self.begin_draining(pod_id)
    }

    fn exit(&mut self, pod_id: PodId, now: u64, inner: bool, cause: Cause, refusal: Cause) {
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
        let server = &self.servers[pod.backend.server as usize];
        if server.lazy && !inner && !pod.backend.behind_proxy {
            let reset = Sent::Failed(Failure::Closed, Cause::AcceptQueueReset);
            self.evict(pod_id, now, reset, |job| job.stage == Stage::Queued);
            self.reset_half_open(pod_id, now);
        }
        self.evict(pod_id, now, outcome, |_| true);
    }

    fn vanish(&mut self, pod: PodId, how: AfterExit) {
        self.pods[pod as usize].door = Door::Gone(how);
    }

    fn probe(&mut self, pod_id: PodId, now: u64, number: u64) -> ProbeFate {
        let pod = &self.pods[pod_id as usize];
        match pod.door {
            Door::Closed(_) | Door::Gone(AfterExit::Refused | AfterExit::Unreachable) => {
                return ProbeFate::Refused;
            }
            Door::Gone(AfterExit::Blackhole) => return ProbeFate::Hangs,
            Door::Open => {}
        }
        if pod.app == App::Down {
            return ProbeFate::Refused;
        }
        if !pod.has_room(&self.servers[pod.backend.server as usize]) {
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
                pod.cpu_finished + running.map(|j| server.cpu_of(j.service).min(now - j.started)).sum::<u64>()
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
            self.front.forget_below(in_use.unwrap_or(HolderId::MAX));
        }
    }

    fn front(&mut self) -> &mut Front {
        &mut self.front
    }

    fn finish(mut self, now: u64) -> (Tally, O) {
        for request in self.requests.values().filter(|r| r.ended.is_none()) {
            self.tally.in_flight_at_end += 1;
            self.tally.in_flight_age_ns += u128::from(now - request.born);
        }
        (self.tally.think_ns, self.tally.connections_ns) = self.source.closing(now);
        (self.tally, self.observer)
    }
}
