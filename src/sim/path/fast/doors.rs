//! Attempts that need more than a ring entry: closed doors, full queues, retries, timeouts.

use super::flights::{Again, Connecting, TimerKind};
use super::{FastPath, Outgoing, START};
use crate::account::LossSample;
use crate::model::outcome::{Cause, Status};
use crate::model::retry::Failure;
use crate::sim::path::front::{self, HolderId, Next, Picked, Reached, Turn};
use crate::sim::path::outer::{NOBODY, lost_at_ingress};
use crate::sim::path::pool::Reuse;
use crate::sim::path::{
    Ended, Met, Observer, PodId, RETRY_SHIFT, SHED, Sent, connection_of, is_first, met_by_connection,
    next_resend, next_syn, sender_of, status_of,
};

/// What has become of a request whose attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    Over,
    Pausing,
    By(Again),
}

impl<O: Observer> FastPath<O> {
    /// Begins to keep more about a request than its ring entry.
    pub(super) fn begin_flight(&mut self, id: u64, born: u64, holder: HolderId) -> u32 {
        let place = self.flights.add(id, born, holder, self.front.tries(holder));
        if let Some(timeout) = self.spec.client.timeout {
            self.timers.set(born + timeout.0, TimerKind::ClientTimeout, place, &self.flights);
        }
        if let Some(timeout) = self.spec.front.request_timeout {
            self.timers.set(born + timeout.0, TimerKind::RequestTimeout, place, &self.flights);
        }
        if let Some(timeout) = self.outer.as_ref().and_then(|outer| outer.patience()) {
            self.timers.set(born + timeout, TimerKind::OuterTimeout, place, &self.flights);
        }
        place
    }

    /// A request arrives where more has to be looked at than whether the pod's door is open.
    #[cold]
    pub(super) fn arrive_by_detours(&mut self, id: u64, holder: HolderId, now: u64) {
        if self.outer.is_none() {
            self.count_for_budget(id, now);
        }
        let (pod, reuse) = match self.decided(id, holder, now) {
            Some(decided) => decided,
            None => match self.front.pick(holder, &[], now) {
                Picked::Peer(pod) => (pod, None),
                picked => return self.arrive_at_empty(id, holder, picked, now),
            },
        };
        self.front.began(holder, pod);
        self.first_attempt(id, holder, pod, reuse, now);
    }

    /// A request that nobody took: no endpoint, or none that may be tried.
    #[cold]
    pub(super) fn arrive_at_empty(&mut self, id: u64, holder: HolderId, picked: Picked, now: u64) {
        let flight = self.begin_flight(id, now, holder);
        self.turn_away(flight, picked, now);
    }

    fn turn_away(&mut self, place: u32, picked: Picked, now: u64) {
        let answers = self.front.spec().answers;
        if picked == Picked::AllDown {
            return self.lose(place, now, answers.all_down, Cause::AllMarkedDown);
        }
        let flight = self.flights.get(place);
        match self.front.silent_because(flight.holder) {
            Some(cause) => {
                (flight.pod, flight.attempts) = (None, flight.attempts + 1);
                let outcome = self.begin_connecting(place, now, cause);
                self.settle_attempt(place, now, outcome);
            }
            None => self.lose(place, now, answers.no_endpoints, Cause::NoEndpoints),
        }
    }

    /// The first attempt of a request that did not go the common way; its pod has been picked.
    #[cold]
    pub(super) fn first_attempt(
        &mut self,
        id: u64,
        holder: HolderId,
        pod: PodId,
        decided: Option<Reuse>,
        now: u64,
    ) {
        let place = self.begin_flight(id, now, holder);
        if self.front.has_memory() {
            self.front.remember(sender_of(id, &self.spec), pod, now);
        }
        let outcome = self.attempt(place, pod, decided, now);
        self.settle_attempt(place, now, outcome);
    }

    /// Makes attempts until one is under way or the request has ended.
    pub(super) fn pursue(&mut self, place: u32, mut again: Again, now: u64) {
        loop {
            let flight = self.flights.get(place);
            let holder = flight.holder;
            let (picked, reuse) = match again {
                Again::Same(pod) => {
                    let first = is_first(flight.id, &self.spec);
                    let (pods, servers) = (&self.pods, &self.servers);
                    let server = |pod: PodId| pods[pod as usize].server_side(servers);
                    let (pod, reuse) = self.front.at_same_server(holder, pod, first, now, server);
                    (Picked::Peer(pod), reuse)
                }
                Again::Pick => (self.front.pick(holder, &flight.tried, now), None),
            };
            let pod = match picked {
                Picked::Peer(pod) => pod,
                picked => return self.turn_away(place, picked, now),
            };
            self.front.began(holder, pod);
            if self.front.has_memory() {
                let id = self.flights.get(place).id;
                self.front.moves_on(sender_of(id, &self.spec), pod);
            }
            match self.attempt(place, pod, reuse, now) {
                Sent::Failed(failure, cause) => match self.attempt_failed(place, now, failure, cause) {
                    Followed::By(next) => again = next,
                    Followed::Over | Followed::Pausing => return,
                },
                outcome => return self.settle_attempt(place, now, outcome),
            }
        }
    }

    /// Where a request goes because of what was before; see [`Front::decided`](front::Front::decided).
    pub(super) fn decided(&mut self, id: u64, holder: HolderId, now: u64) -> Option<(PodId, Option<Reuse>)> {
        let (pods, servers) = (&self.pods, &self.servers);
        let server = |pod: PodId| pods[pod as usize].server_side(servers);
        self.front.decided(holder, sender_of(id, &self.spec), now, server)
    }

    fn attempt(&mut self, place: u32, pod_id: PodId, decided: Option<Reuse>, now: u64) -> Sent {
        let server = self.pods[pod_id as usize].server_side(&self.servers);
        let flight = self.flights.get(place);
        flight.pod = Some(pod_id);
        flight.sent = now;
        flight.attempts += 1;
        flight.reached = Reached::Nothing;
        let first = is_first(flight.id, &self.spec);
        let chosen = || self.front.connection(flight.holder, pod_id, &flight.tried, first, now, server);
        let reuse = decided.unwrap_or_else(chosen);
        let holder = flight.holder;
        if self.front.limits_connections() && !self.takes_connection(holder, pod_id, reuse, now) {
            return self.wait_in_line(place, pod_id, now);
        }
        self.depart(place, reuse, now)
    }

    /// The current attempt goes on this connection.
    pub(super) fn depart(&mut self, place: u32, reuse: Reuse, now: u64) -> Sent {
        let flight = self.flights.get(place);
        flight.reached = Reached::Connecting;
        flight.reused = reuse != Reuse::Fresh;
        let pod_id = flight.pod.expect("an attempt has a pod");
        if reuse == Reuse::Stale {
            return Sent::Failed(Failure::Closed, Cause::KeepaliveRace);
        }
        if self.draws.is_reset(flight.id, flight.attempts) {
            return Sent::Failed(Failure::Closed, Cause::NetworkReset);
        }
        if flight.reused && self.front.is_full(flight.holder) {
            return Sent::Overflow;
        }
        self.connect(place, pod_id, now, false)
    }

    pub(super) fn connect(&mut self, place: u32, pod_id: PodId, now: u64, resent: bool) -> Sent {
        let pod = &mut self.pods[pod_id as usize];
        match met_by_connection(pod.door, pod.app, self.flights.get(place).reused) {
            met if met.connects() && self.front.is_full(self.flights.get(place).holder) => {
                return Sent::Overflow;
            }
            Met::End(sent) => return sent,
            Met::Unaccepted => return self.wait_unaccepted(place, pod_id, now, resent),
            Met::Silence(_) if self.flights.get(place).reused => {
                self.wait_unanswered(place, pod_id, now);
                return Sent::Underway;
            }
            Met::Silence(cause) => return self.begin_connecting(place, now, cause),
            Met::Server if pod.is_overloaded(&self.servers[pod.server as usize], now) => return SHED,
            Met::Server => {}
        }
        let in_same_bunch = resent && pod.syn_bunch == (now, true);
        let outgoing = self.outgoing(place);
        let room = self.place(outgoing, pod_id, now);
        let pod = &mut self.pods[pod_id as usize];
        if resent && pod.syn_bunch.0 != now {
            pod.syn_bunch = (now, room);
        }
        if room {
            self.stop_connecting(place);
        } else if in_same_bunch {
            // The kernel answered the SYN together with others of its bunch, but has no place left.
            self.stop_connecting(place);
            self.flights.get(place).resent = 0;
            self.wait_unanswered(place, pod_id, now);
            self.pods[pod_id as usize].half_open.push(place);
            self.schedule_resend(place);
        } else {
            return self.wait_for_room(place, now, resent);
        }
        Sent::Underway
    }

    /// The SYN was dropped because the accept queue is full; it will be sent again.
    fn wait_for_room(&mut self, place: u32, now: u64, resent: bool) -> Sent {
        if !resent && self.begin_connecting(place, now, Cause::AcceptQueueFull) == Sent::Overflow {
            return Sent::Overflow;
        }
        self.schedule_syn(place);
        Sent::Underway
    }

    /// The current attempt of a flight, on its way.
    fn outgoing(&mut self, place: u32) -> Outgoing {
        let flight = self.flights.get(place);
        Outgoing {
            id: flight.id,
            holder: flight.holder,
            flight: Some(place),
            attempt: flight.attempts - 1,
            reused: flight.reused,
        }
    }

    /// The request is sent again on a half-open connection: the pod's kernel takes it if there is
    /// room by now.
    pub(super) fn resend_request(&mut self, place: u32, now: u64) -> Sent {
        let pod_id = self.flights.get(place).pod.expect("a half-open attempt has a pod");
        let pod = &self.pods[pod_id as usize];
        match met_by_connection(pod.door, pod.app, false) {
            Met::End(sent) => return sent,
            Met::Silence(_) | Met::Unaccepted => return Sent::Underway,
            Met::Server => {}
        }
        let outgoing = self.outgoing(place);
        if self.place(outgoing, pod_id, now) {
            self.flights.get(place).half_open = false;
            self.pods[pod_id as usize].half_open.retain(|other| *other != place);
        } else {
            self.schedule_resend(place);
        }
        Sent::Underway
    }

    fn schedule_resend(&mut self, place: u32) {
        let flight = self.flights.get(place);
        let at = next_resend(flight.connected_at, flight.resent);
        flight.resent += 1;
        self.timers.set(at, TimerKind::ResendRequest, place, &self.flights);
    }

    /// The attempt has a connection on which no answer will come, as things are.
    fn wait_unanswered(&mut self, place: u32, pod_id: PodId, now: u64) {
        let flight = self.flights.get(place);
        flight.half_open = true;
        flight.connect(now);
        self.front.connected(flight.holder, pod_id);
        self.timers.set(now + self.read_timeout, TimerKind::ReadTimeout, place, &self.flights);
    }

    /// The pod's kernel takes the connection if its accept queue has room, and nobody will accept it.
    #[cold]
    fn wait_unaccepted(&mut self, place: u32, pod_id: PodId, now: u64, resent: bool) -> Sent {
        let pod = &mut self.pods[pod_id as usize];
        if pod.unaccepted < self.servers[pod.server as usize].accept_queue {
            pod.unaccepted += 1;
            pod.half_open.push(place);
            self.stop_connecting(place);
            self.wait_unanswered(place, pod_id, now);
            Sent::Underway
        } else {
            self.wait_for_room(place, now, resent)
        }
    }

    fn begin_connecting(&mut self, place: u32, now: u64, cause: Cause) -> Sent {
        let flight = self.flights.get(place);
        if flight.connecting.is_none() && !self.front.begins_to_wait(flight.holder) {
            return Sent::Overflow;
        }
        self.connect_within(place, now, self.front.spec().connect_timeout.0, cause);
        Sent::Underway
    }

    /// The current attempt waits for a connection no more.
    pub(super) fn stop_connecting(&mut self, place: u32) {
        let flight = self.flights.get(place);
        if flight.connecting.take().is_some() && flight.holder != NOBODY {
            self.front.waited(flight.holder);
        }
    }

    /// The current attempt waits so long for a connection, which it does not get for this reason.
    pub(super) fn connect_within(&mut self, place: u32, now: u64, timeout: u64, cause: Cause) {
        self.flights.get(place).connecting = Some(Connecting { since: now, syns: 1, cause });
        let deadline = now + timeout;
        self.timers.set(deadline, TimerKind::ConnectTimeout, place, &self.flights);
    }

    fn schedule_syn(&mut self, place: u32) {
        let linear = self.spec.network.linear_syn_retries;
        let Some(connecting) = &mut self.flights.get(place).connecting else { return };
        let at = next_syn(connecting.since, connecting.syns, linear);
        connecting.syns += 1;
        self.timers.set(at, TimerKind::ResendSyn, place, &self.flights);
    }

    /// The current attempt failed: another one follows, now or later, or the request ends.
    pub(super) fn attempt_failed(
        &mut self,
        place: u32,
        now: u64,
        failure: Failure,
        cause: Cause,
    ) -> Followed {
        // Those who waited for the same connection have all been told.
        let ends_line = failure.is_of_connecting() && self.flights.get(place).turn.is_none();
        self.drop_attempt(place);
        self.retry_over(place);
        let flight = self.flights.get(place);
        let (request, method) = (flight.id, self.draws.method(flight.id));
        let (holder, pod, sent) = (flight.holder, flight.pod.expect("an attempt has a pod"), flight.sent);
        let (reused, reached) = (flight.reused, flight.reached);
        let (tries_left, attempts) = (flight.tries_left, flight.attempts);
        let repeats = flight.repeats;
        let attempt =
            front::Attempt { request, method, holder, pod, failure, reused, tries_left, attempts, repeats };
        if self.front.follows_clients() {
            self.front.failed_on(connection_of(request, &self.spec), failure);
        }
        if self.front.failed(holder, pod, reached, now) {
            self.watch_all(holder, pod, now);
        }
        if ends_line {
            self.fail_line(holder, pod, now, Turn::Failed(failure, cause));
        }
        let next = self.front.after_failure(&attempt);
        let Next::Retry { tries_left, after, same, repeats } = next else {
            let cause = if next == Next::CircuitOpen { Cause::CircuitOpen } else { cause };
            let status = status_of(self.front.spec(), failure, reused);
            self.front.gave_up(holder, pod, sent, now);
            self.lose(place, now, status, cause);
            return Followed::Over;
        };
        let counts = self.front.counts_retries();
        let flight = self.flights.get(place);
        flight.tried.push(pod);
        flight.may_have_run |= failure.request_was_sent();
        flight.tries_left = tries_left;
        flight.counts_as_retry = counts && !repeats;
        flight.repeats = repeats;
        let again = if same { Again::Same(pod) } else { Again::Pick };
        if after == 0 {
            return Followed::By(again);
        }
        flight.pausing = Some(again);
        self.timers.set(now + after, TimerKind::FrontRetry, place, &self.flights);
        Followed::Pausing
    }

    /// If the current attempt is a retry that is counted, it is over.
    pub(super) fn retry_over(&mut self, place: u32) {
        let flight = self.flights.get(place);
        if std::mem::take(&mut flight.counts_as_retry) {
            self.front.retry_over(flight.holder);
        }
    }

    /// Forgets the current attempt; the pod's work on it goes on.
    pub(super) fn drop_attempt(&mut self, place: u32) {
        self.stop_connecting(place);
        self.stop_queueing(place);
        let flight = self.flights.get(place);
        flight.pausing = None;
        flight.current = None;
        if std::mem::take(&mut flight.half_open) {
            let pod = flight.pod.expect("a half-open attempt has a pod");
            self.pods[pod as usize].half_open.retain(|other| *other != place);
        }
    }

    pub(super) fn lose(&mut self, place: u32, now: u64, status: Status, cause: Cause) {
        let at = now + self.books.overhead;
        self.lose_at(place, now, at, status, cause);
    }

    /// A request is lost at `now`, which its client knows at `at`.
    pub(super) fn lose_at(&mut self, place: u32, now: u64, at: u64, status: Status, cause: Cause) {
        self.drop_attempt(place);
        self.retry_over(place);
        let flight = self.flights.get(place);
        let (id, holder, born) = (flight.id, flight.holder, flight.born);
        flight.ended = Some(status);
        self.after_loss(id, holder, born, cause, now);
        let flight = self.flights.get(place);
        let (id, born, pod, attempts) = (flight.id, flight.born, flight.pod, flight.attempts);
        self.books.tally.executed_but_5xx += u64::from(flight.was_executed && status.is_server_error());
        let method = self.draws.method(id);
        let sample =
            LossSample { request: id, sent_ns: born - START, lost_ns: at - START, method, pod, attempts };
        self.books.tally.lose(status, cause, sample);
        let at_ingress = lost_at_ingress(holder, cause);
        if at_ingress {
            self.books.tally.was_at_ingress(status, cause);
        }
        self.books.observer.ended(&Ended {
            request: id,
            born,
            at,
            status,
            cause: Some(cause),
            pod,
            attempts,
            at_ingress,
            process: (holder != NOBODY).then(|| self.front.process_of(holder)),
        });
        let client = &self.spec.client;
        let tries_again = id >> RETRY_SHIFT < u64::from(client.retries)
            && self.retry_budget.as_mut().is_none_or(|budget| budget.withdraw(at));
        let retry_at = tries_again.then(|| at + client.backoff.sample(self.draws.backoff.at(id, 0)).0);
        self.source.ended(id, at, retry_at, &self.draws);
        if let (Some(retry_at), false) = (retry_at, self.source.is_closed()) {
            self.timers.set_client_retry(retry_at, id + (1 << RETRY_SHIFT));
        }
        self.flights.release_if_done(place);
    }
}
