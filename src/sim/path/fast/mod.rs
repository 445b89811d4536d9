//! The fast request path.
//!
//! # The trick
//! On a first-come-first-served server without CPU contention the start and end of a request are
//! known the moment it arrives: they follow from the ends of the requests before it. So there are
//! no completion events. A dispatch writes a *provisional* fate into the pod's ring, and the fate
//! is counted only when time has passed it; a kill walks the ring of the pod it hits and corrects
//! those that had not come true. Measured against an event loop with the same features this is
//! 4 times faster, and flat in the number of pods.
//!
//! Whoever needs to know an end *when it happens* subscribes to it: closed-loop connections have a
//! leaf in a tree, least-connections and passive checks a heap of watched ends, and requests that
//! will run into a timeout a flight with a timer. Pods whose requests contend for the CPU leave the
//! provisional way for as long as they do (see [`shared`]).

mod backend;
mod doors;
mod flights;
mod ingress;
mod lines;
mod path;
pub(crate) mod pieces;
mod shared;
mod sharing;
mod timers;
mod unusual;
mod watched;

use std::collections::VecDeque;

use self::backend::{Backend, Job, Kind, Stage};
use self::flights::{Flights, Timers};
use self::watched::{Watched, What};
use super::front::{Front, HolderId, Picked};
use super::outer::Outer;
use super::server::Server;
use super::source::RequestSource;
use super::tree::WinnerTree;
use super::{Draws, Ended, Notice, Observer, PathSpec, PodId, connection_of, is_first};
use crate::account::Tally;
use crate::model::outcome::Status;
use crate::model::retry_budget::RetryBudget;
use crate::units::SimTime;

const START: u64 = SimTime::START.0;
const NEVER: u64 = u64::MAX;
/// So many pods leave what requests touch in a core's own cache.
const FIT_IN_CACHE: usize = 2_000;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct FastPath<O> {
    draws: Draws,
    /// No request has to be looked at before it reaches an open door: connections and clients are not
    /// followed, the network resets nothing, and nobody counts for a budget.
    straight: bool,
    retry_budget: Option<RetryBudget>,
    servers: Vec<Server>,
    front: Front,
    /// The tier before it, if its processes are pods.
    outer: Option<Box<Outer>>,
    source: RequestSource,
    pods: Vec<Backend>,
    /// The pod at which a request was found waiting when it was last asked whether any is left.
    waited_at: usize,
    flights: Flights,
    timers: Timers,
    /// Next moment of every pod that shares its CPU.
    sharing: WinnerTree,
    /// Provisional ends that somebody wants to know about.
    watched: Watched,
    notices: VecDeque<(u64, Notice)>,
    books: Books<O>,
    read_timeout: u64,
    /// The shortest of the front end's patience for an answer and for a request, and the client's.
    patience: u64,
    /// First requests of client connections never use a kept-alive one.
    first_is_fresh: bool,
    spec: PathSpec,
}

/// A request on its way to a pod.
#[derive(Clone, Copy, Debug)]
struct Outgoing {
    id: u64,
    holder: HolderId,
    flight: Option<u32>,
    /// 0 for the first.
    attempt: u32,
    /// Goes over a kept-alive connection.
    reused: bool,
}

/// What is counted.
#[derive(Debug)]
struct Books<O> {
    tally: Tally,
    observer: O,
    /// Time between the end of a service and the client having the answer.
    overhead: u64,
}

impl<O: Observer> FastPath<O> {
    // === The common way ===

    /// A request arrives at the front end.
    #[inline]
    fn arrive(&mut self, id: u64, now: u64) {
        self.books.tally.arrive(now - START);
        let holder = match &self.outer {
            None => self.front.holder_for(connection_of(id, &self.spec), id),
            Some(_) => match self.enter(id, now) {
                Some(holder) => holder,
                None => return,
            },
        };
        if !self.straight {
            return self.arrive_by_detours(id, holder, now);
        }
        let pod = match self.front.pick(holder, &[], now) {
            Picked::Peer(pod) => pod,
            picked => return self.arrive_at_empty(id, holder, picked, now),
        };
        if self.pods.len() > FIT_IN_CACHE {
            self.fetch_ahead(holder);
        }
        self.front.began(holder, pod);
        let backend = &self.pods[pod as usize];
        if backend.serves && !self.front.is_full(holder) {
            let reused = backend.reused && !(self.first_is_fresh && is_first(id, &self.spec));
            let request = Outgoing { id, holder, flight: None, attempt: 0, reused };
            if self.place(request, pod, now) {
                return;
            }
        }
        self.first_attempt(id, holder, pod, None, now);
    }

    /// Asks for the memory of the pods whose turns come next, so that it is there when they do: of the
    /// nearer one its jobs, whose place only the pod's own memory tells, of the farther one that memory. A
    /// fifth less time per request with ten thousand pods, each of which has gone cold since its last turn.
    fn fetch_ahead(&self, holder: HolderId) {
        if let Some(near) = self.front.ahead(holder, 2) {
            self.pods[near as usize].ring.fetch_ahead();
        }
        if let Some(far) = self.front.ahead(holder, 5) {
            self.pods[far as usize].fetch_ahead();
        }
    }

    /// Gives a request to a pod whose door is open. `false`, with nothing done, if the connection
    /// does not fit into the accept queue, or the request into the application's own.
    #[inline(always)]
    fn place(&mut self, request: Outgoing, pod_id: PodId, now: u64) -> bool {
        let Outgoing { id, holder, flight, attempt, reused } = request;
        self.settle(pod_id, now);
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.server as usize];
        if pod.ring.len() >= server.capacity && pod.is_overloaded(server, now) {
            return false;
        }
        let bits = self.draws.service.at(id, u64::from(attempt));
        let service = server.service(bits, now, pod.opened_at);
        let ready = now + pod.forward_delay;
        let (start, worker) = pod.slots.find(ready);
        let end = start + service;
        let (kind, stage) = (Kind::Plain, Stage::Fated);
        let job = Job { id, sent: now, start, end, holder, kind, stage, reused, fraction: 0 };
        if server.cpu_limit_milli.is_some() && self.must_share(pod_id, &job, now) {
            return self.place_shared(pod_id, job, service, flight, now);
        }
        let pod = &mut self.pods[pod_id as usize];
        if start > ready && !pod.has_room(&self.servers[pod.server as usize], now) {
            return false;
        }
        pod.slots.take(worker, end);
        if end > now.saturating_add(self.patience) || flight.is_some() {
            self.place_unusual(pod_id, job, flight, now);
            return true;
        }
        let number = pod.ring.push(job);
        self.source.ended(id, end + self.books.overhead, None, &self.draws);
        if self.front.wants_ends(holder) {
            self.front.connected(holder, pod_id);
            self.watched.job(end, pod_id, number, holder, now);
        }
        true
    }

    /// Counts the fates of a pod that have come true by `now`. One that came true behind one that
    /// has not is left for later: its count does not depend on when it is taken.
    #[inline(always)]
    fn settle(&mut self, pod_id: PodId, now: u64) {
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.server as usize];
        while let Some(job) = pod.ring.front() {
            match job.stage {
                Stage::Fated | Stage::Resumed if job.end <= now => {
                    let used = pod.cpu_by(job.end, job, server);
                    pod.cpu_ns += used;
                    pod.served += u64::from(!job.is_probe());
                    if !job.is_plain() {
                        return self.settle_unusual(pod_id, now);
                    }
                    self.books.answer(pod_id, job, job.end);
                }
                Stage::Done => {}
                _ => break,
            }
            pod.ring.pop();
        }
    }

    // === The loop ===

    /// The next moment of anything but an arrival.
    #[inline]
    fn next_inner(&self) -> u64 {
        let ends = self.sharing.earliest().0.min(self.watched.next_at());
        ends.min(self.front.lines_due()).min(self.timers.peek())
    }

    #[inline]
    fn run(&mut self, limit: u64) -> Option<(u64, Notice)> {
        if let Some(notice) = self.notices.pop_front() {
            return Some(notice);
        }
        loop {
            let arrival = self.source.peek();
            let inner = self.next_inner();
            if inner <= limit && inner <= arrival && inner != NEVER {
                self.step(inner);
                if !self.notices.is_empty() {
                    return self.notices.pop_front();
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

    /// Does the first of what is due at `now`: ends, pod by pod, whether a pod shares its CPU or not; then
    /// those who waited for a connection; then timers.
    fn step(&mut self, now: u64) {
        let (at, sharing) = self.sharing.earliest();
        let shares = at == now;
        if self.watched.next_at() == now && !(shares && self.watched.comes_after(sharing)) {
            return match self.watched.pop() {
                Some((pod, What::Job(holder, sent))) => self.front.ended(holder, pod, sent, now),
                Some((pod, What::Probe(number))) => {
                    self.notices.push_back((now, Notice::ProbeAnswered(pod, number)));
                }
                Some((_, What::Retry(flight))) => self.retry_over(flight),
                Some((pod, What::Drain)) => self.has_run_empty(pod, now),
                Some((pod, What::Count)) => self.settle_all(pod, now),
                None => {}
            };
        }
        if shares {
            return self.run_sharing(sharing, now);
        }
        if self.front.lines_due() == now {
            return self.serve_lines(now);
        }
        self.fire(now);
    }
}

impl<O: Observer> Books<O> {
    /// Counts the answer to a plain request, whose service ended at `end`.
    #[inline]
    fn answer(&mut self, pod: PodId, job: &Job, end: u64) {
        let at = end + self.overhead;
        self.tally.answer(at - START, at - job.sent);
        let (request, born, status, pod) = (job.id, job.sent, Status::Ok, Some(pod));
        let (attempts, cause, process, at_ingress) = (1, None, None, false);
        self.observer.ended(&Ended { request, born, at, status, cause, pod, attempts, at_ingress, process });
    }
}
