//! The plain request path: every request moves by events, every pod is searched at every step.
//!
//! Slow, and meant to be read beside MODEL.md. What it says is right by definition; the fast path
//! is tested against it, request by request.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

mod connecting;
mod ingress;
mod lines;
mod path;
mod pods;
mod request;
mod timers;

use self::pods::Pod;
use self::request::{Again, Connecting, Followed, Request, Timer};
use super::front::{self, Front, HolderId, Next, Picked, Reached, Turn};
use super::outer::{NOBODY, Outer, lost_at_ingress};
use super::pool::Reuse;
use super::server::Server;
use super::source::RequestSource;
use super::{
    Attempted, Draws, Ended, Met, Notice, Observer, PathSpec, PodId, RETRY_SHIFT, SHED, Sent, connection_of,
    is_first, met_by_connection, sender_of, status_of,
};
use crate::account::{LossSample, Tally};
use crate::model::outcome::{Cause, Status};
use crate::model::retry::Failure;
use crate::model::retry_budget::RetryBudget;
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
    /// The tier before it, if its processes are pods.
    outer: Option<Outer>,
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
    retry_budget: Option<RetryBudget>,
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
        if let Some(budget) = self.retry_budget.as_mut().filter(|_| id >> RETRY_SHIFT == 0) {
            budget.deposit(now);
        }
        let holder = match &self.outer {
            None => self.front.holder_for(connection_of(id, &self.spec), id),
            Some(_) => NOBODY,
        };
        let request = Request {
            born: now,
            holder,
            tries_left: 1,
            tried: Vec::new(),
            attempts: 0,
            pod: None,
            sent: now,
            reused: false,
            connecting: None,
            half_open: false,
            resent: 0,
            reached: Reached::Nothing,
            turn: None,
            connected_at: now,
            pausing: None,
            counts_as_retry: false,
            repeats: false,
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
        if self.outer.is_none() || self.enter(id, now) {
            self.arrive_inside(id, now);
        }
    }

    /// A worker of the front end has the request.
    fn arrive_inside(&mut self, id: u64, now: u64) {
        let holder = self.requests[&id].holder;
        self.request(id).tries_left = self.front.tries(holder);
        if let Some(timeout) = self.spec.front.request_timeout {
            self.set_timer(id, now + timeout.0, Timer::RequestTimeout);
        }
        self.pursue(id, Again::Pick, now);
    }

    /// Makes attempts until one is under way or the request has ended.
    fn pursue(&mut self, id: u64, mut again: Again, now: u64) {
        loop {
            let request = self.request(id);
            let (holder, tried, first) = (request.holder, request.tried.clone(), request.attempts == 0);
            let decided = match again {
                Again::Same(pod) => Some(self.at_same_server(id, holder, pod, now)),
                Again::Pick if first => self.decided(id, holder, now),
                Again::Pick => None,
            };
            let picked = match decided {
                Some((pod, _)) => Picked::Peer(pod),
                None => self.front.pick(holder, &tried, now),
            };
            let pod = match picked {
                Picked::Peer(pod) => pod,
                Picked::Empty => {
                    if let Some(cause) = self.front.silent_because(holder) {
                        return self.connect_to_nobody(id, now, cause);
                    }
                    let status = self.front.spec().answers.no_endpoints;
                    return self.lose(id, now, status, Cause::NoEndpoints);
                }
                Picked::AllDown => {
                    let status = self.front.spec().answers.all_down;
                    return self.lose(id, now, status, Cause::AllMarkedDown);
                }
            };
            self.front.began(holder, pod);
            if first && self.front.has_memory() {
                self.front.remember(sender_of(id, &self.spec), pod, now);
            } else if self.front.has_memory() {
                self.front.moves_on(sender_of(id, &self.spec), pod);
            }
            let request = self.request(id);
            request.pod = Some(pod);
            request.sent = now;
            request.attempts += 1;
            request.reached = Reached::Nothing;
            match self.send(id, pod, decided.and_then(|(_, reuse)| reuse), now) {
                Sent::Failed(failure, cause) => match self.attempt_failed(id, now, failure, cause) {
                    Followed::By(next) => again = next,
                    Followed::Over | Followed::Pausing => return,
                },
                outcome => return self.settle_attempt(id, now, outcome),
            }
        }
    }

    /// Where a request goes because of what was before; see [`Front::decided`].
    fn decided(&mut self, id: u64, holder: HolderId, now: u64) -> Option<(PodId, Option<Reuse>)> {
        let (pods, servers) = (&self.pods, &self.servers);
        let server = |pod: PodId| pods[pod as usize].server_side(servers);
        self.front.decided(holder, sender_of(id, &self.spec), now, server)
    }

    /// Where a further attempt at the same server goes; see [`Front::at_same_server`].
    fn at_same_server(&mut self, id: u64, holder: HolderId, pod: PodId, now: u64) -> (PodId, Option<Reuse>) {
        let (pods, servers) = (&self.pods, &self.servers);
        let server = |pod: PodId| pods[pod as usize].server_side(servers);
        self.front.at_same_server(holder, pod, is_first(id, &self.spec), now, server)
    }

    /// Hands the request to the pod as its door allows.
    fn send(&mut self, id: u64, pod_id: PodId, decided: Option<Reuse>, now: u64) -> Sent {
        let server = self.pods[pod_id as usize].server_side(&self.servers);
        let request = &self.requests[&id];
        let first = is_first(id, &self.spec);
        let chosen = || self.front.connection(request.holder, pod_id, &request.tried, first, now, server);
        let reuse = decided.unwrap_or_else(chosen);
        if !self.takes_connection(id, pod_id, reuse, now) {
            return self.wait_in_line(id, pod_id, now);
        }
        self.depart(id, reuse, now)
    }

    /// The current attempt goes on this connection.
    fn depart(&mut self, id: u64, reuse: Reuse, now: u64) -> Sent {
        let request = self.request(id);
        request.reached = Reached::Connecting;
        request.reused = reuse != Reuse::Fresh;
        let pod_id = request.pod.expect("an attempt has a pod");
        if reuse == Reuse::Stale {
            return Sent::Failed(Failure::Closed, Cause::KeepaliveRace);
        }
        let attempt = self.requests[&id].attempts;
        if self.draws.is_reset(id, attempt) {
            return Sent::Failed(Failure::Closed, Cause::NetworkReset);
        }
        let request = &self.requests[&id];
        if request.reused && self.front.is_full(request.holder) {
            return Sent::Overflow;
        }
        self.connect(id, pod_id, now, false)
    }

    fn connect(&mut self, id: u64, pod_id: PodId, now: u64, resent: bool) -> Sent {
        let pod = &self.pods[pod_id as usize];
        match met_by_connection(pod.door, pod.app, self.requests[&id].reused) {
            met if met.connects() && self.front.is_full(self.requests[&id].holder) => return Sent::Overflow,
            Met::End(sent) => return sent,
            Met::Unaccepted => return self.wait_unaccepted(id, pod_id, now, resent),
            Met::Silence(_) if self.requests[&id].reused => {
                self.connected_to(id, pod_id, now);
                self.request(id).half_open = true;
                return Sent::Underway;
            }
            Met::Silence(cause) => return self.begin_connecting(id, now, cause),
            Met::Server => {}
        }
        let server = &self.servers[pod.backend.server as usize];
        if pod.jobs.len() >= server.capacity {
            return SHED;
        }
        let room = pod.has_room(server);
        let in_same_bunch = resent && pod.syn_bunch == (now, true);
        if resent && pod.syn_bunch.0 != now {
            self.pods[pod_id as usize].syn_bunch = (now, room);
        }
        if !room && !in_same_bunch {
            return self.wait_for_room(id, now, resent);
        }
        self.stop_connecting(id);
        self.connected_to(id, pod_id, now);
        if room {
            self.hand_over(id, pod_id, now);
        } else {
            // The kernel answered the SYN together with others of its bunch, but has no place left.
            let request = self.request(id);
            request.half_open = true;
            request.resent = 0;
            self.pods[pod_id as usize].half_open.push(id);
            self.schedule_resend(id);
        }
        Sent::Underway
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

    /// The current attempt failed: another one follows, now or later, or the request ends.
    fn attempt_failed(&mut self, id: u64, now: u64, failure: Failure, cause: Cause) -> Followed {
        let method = self.draws.method(id);
        // Those who waited for the same connection have all been told.
        let ends_line = failure.is_of_connecting() && self.requests[&id].turn.is_none();
        self.drop_attempt(id);
        self.retry_over(id);
        let request = &self.requests[&id];
        let (holder, pod, sent) = (request.holder, request.pod.expect("an attempt has a pod"), request.sent);
        let (reused, reached) = (request.reused, request.reached);
        let (tries_left, attempts) = (request.tries_left, request.attempts);
        let repeats = request.repeats;
        let attempt = front::Attempt {
            request: id,
            method,
            holder,
            pod,
            failure,
            reused,
            tries_left,
            attempts,
            repeats,
        };
        if self.front.follows_clients() {
            self.front.failed_on(connection_of(id, &self.spec), failure);
        }
        self.front.failed(holder, pod, reached, now);
        if ends_line {
            self.fail_line(holder, pod, now, Turn::Failed(failure, cause));
        }
        let next = self.front.after_failure(&attempt);
        self.tell_attempt(id, now, Some(failure), cause, matches!(next, Next::Retry { .. }));
        let Next::Retry { tries_left, after, same, repeats } = next else {
            let cause = if next == Next::CircuitOpen { Cause::CircuitOpen } else { cause };
            let status = status_of(self.front.spec(), failure, reused);
            self.front.gave_up(holder, pod, sent, now);
            self.lose(id, now, status, cause);
            return Followed::Over;
        };
        let counts = self.front.counts_retries();
        let request = self.request(id);
        request.tried.push(pod);
        request.may_have_run |= failure.request_was_sent();
        request.tries_left = tries_left;
        request.counts_as_retry = counts && !repeats;
        request.repeats = repeats;
        let again = if same { Again::Same(pod) } else { Again::Pick };
        if after == 0 {
            return Followed::By(again);
        }
        request.pausing = Some(again);
        self.set_timer(id, now + after, Timer::FrontRetry);
        Followed::Pausing
    }

    /// If the current attempt is a retry that is counted, it is over.
    fn retry_over(&mut self, id: u64) {
        let request = self.request(id);
        let holder = request.holder;
        if std::mem::take(&mut request.counts_as_retry) {
            self.front.retry_over(holder);
        }
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
        let of_request = [Timer::ClientTimeout, Timer::RequestTimeout, Timer::OuterTimeout];
        self.stop_connecting(id);
        self.stop_queueing(id);
        self.cancel_timers(id, |timer| !of_request.contains(&timer));
        let request = self.request(id);
        request.pausing = None;
        request.current_job = None;
        if std::mem::take(&mut request.half_open) {
            let pod = request.pod.expect("a half-open attempt has a pod");
            self.pods[pod as usize].half_open.retain(|other| *other != id);
        }
    }

    fn lose(&mut self, id: u64, now: u64, status: Status, cause: Cause) {
        self.lose_at(id, now, now + self.spec.overhead(), status, cause);
    }

    /// A request is lost at `now`, which its client knows at `at`.
    fn lose_at(&mut self, id: u64, now: u64, at: u64, status: Status, cause: Cause) {
        self.drop_attempt(id);
        self.retry_over(id);
        self.after_loss(id, cause, now);
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
        let holder = self.requests[&id].holder;
        let process = (holder != NOBODY).then(|| self.front.process_of(holder));
        let at_ingress = lost_at_ingress(holder, cause);
        if at_ingress {
            self.tally.was_at_ingress(status, cause);
        }
        let (request, cause) = (id, Some(cause));
        let ended = Ended { request, born, at, status, cause, pod, attempts, at_ingress, process };
        self.observer.ended(&ended);
        let retry_at = self.client_retry(id, at);
        self.source.ended(id, at, retry_at, &self.draws);
        if let (Some(retry_at), false) = (retry_at, self.source.is_closed()) {
            self.timers.insert((retry_at, id + (1 << RETRY_SHIFT), Timer::ClientRetry));
        }
        self.left(id, now);
        self.forget_if_done(id);
    }

    fn client_retry(&mut self, id: u64, at: u64) -> Option<u64> {
        let used = id >> RETRY_SHIFT;
        let tries_again = used < u64::from(self.spec.client.retries)
            && self.retry_budget.as_mut().is_none_or(|budget| budget.withdraw(at));
        tries_again.then(|| at + self.spec.client.backoff.sample(self.draws.backoff.at(id, 0)).0)
    }

    fn answer(&mut self, id: u64, now: u64) {
        let at = now + self.spec.overhead();
        self.drop_attempt(id);
        self.retry_over(id);
        self.cancel_timers(id, |_| true);
        let request = self.request(id);
        request.ended = Some(Status::Ok);
        let (holder, sent, born) = (request.holder, request.sent, request.born);
        let (pod, attempts) = (request.pod, request.attempts);
        let answered_by = pod.expect("an answer has a pod");
        self.front.ended(holder, answered_by, sent, now);
        if self.front.follows_clients() {
            self.front.pin(connection_of(id, &self.spec), answered_by, sent, now);
        }
        self.pin_outside(id, now);
        self.tally.answer(at - START, at - born);
        let (request, status, cause, process, at_ingress) = (id, Status::Ok, None, None, false);
        let ended = Ended { request, born, at, status, cause, pod, attempts, at_ingress, process };
        self.observer.ended(&ended);
        self.source.ended(id, at, None, &self.draws);
        self.left(id, now);
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
}
