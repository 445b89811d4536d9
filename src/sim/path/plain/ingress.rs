//! Requests at the tier before the front end, and front-end processes that end: where they are pods.

use super::{Connecting, PlainPath, Timer};
use crate::model::outcome::{Cause, Status};
use crate::model::retry::Failure;
use crate::sim::path::outer::{Doorstep, Entry, NOBODY, Refusal};
use crate::sim::path::{Notice, Observer, PodId, connection_of, sender_of};

impl<O: Observer> PlainPath<O> {
    /// Sends a request to an ingress pod. `true` if one of its workers has it now.
    pub(super) fn enter(&mut self, id: u64, now: u64) -> bool {
        let from = sender_of(id, &self.spec);
        let (pods, servers) = (&self.pods, &self.servers);
        let doorstep = |pod: PodId| {
            let pod = &pods[pod as usize];
            Doorstep { door: pod.door, app: pod.app, side: pod.server_side(servers) }
        };
        let outer = self.outer.as_mut().expect("a request enters where there is a tier before");
        let connect_timeout = outer.front.spec().connect_timeout.0;
        let patience = outer.patience();
        let entry = outer.enter(from, now, doorstep);
        if let Some(timeout) = patience {
            self.set_timer(id, now + timeout, Timer::OuterTimeout);
        }
        let request = self.request(id);
        match entry {
            Entry::Inside(pod, process) => {
                self.observer.entered(id, pod, now);
                self.request(id).holder = self.front.holder_in(process, from.connection);
                return true;
            }
            Entry::Lost(Refusal { pod, status, cause, failure, reused }) => {
                (request.pod, request.attempts, request.reused) = (pod, 1, reused);
                self.tell_attempt(id, now, failure, cause, false);
                self.lose_outside(id, now, status, cause, failure);
            }
            Entry::Silent(pod, cause) => {
                (request.pod, request.attempts) = (pod, 1);
                request.connecting = Some(Connecting { since: now, syns: 1, cause });
                self.set_timer(id, now + connect_timeout, Timer::ConnectTimeout);
            }
            Entry::Unanswered(pod) => (request.pod, request.attempts) = (Some(pod), 1),
        }
        false
    }

    /// The outer tier answers a request.
    fn lose_outside(&mut self, id: u64, now: u64, status: Status, cause: Cause, failure: Option<Failure>) {
        if let Some(outer) = &mut self.outer {
            outer.lost_on(connection_of(id, &self.spec), failure);
        }
        let at = now + self.spec.first_tier().overhead.0;
        self.lose_at(id, now, at, status, cause);
    }

    /// A request has waited for a connection to an ingress pod for too long.
    pub(super) fn not_let_in(&mut self, id: u64, now: u64) {
        let cause = self.requests[&id].connecting.map_or(Cause::Blackholed, |c| c.cause);
        self.tell_attempt(id, now, Some(Failure::ConnectTimeout), cause, false);
        let status = self.spec.first_tier().answers.connect_timeout;
        self.lose_outside(id, now, status, cause, Some(Failure::ConnectTimeout));
    }

    /// The outer tier has waited for an answer for too long.
    pub(super) fn outer_gives_up(&mut self, id: u64, now: u64) {
        let holder = self.requests[&id].holder;
        self.abandon(id, now);
        let cause = if holder == NOBODY { Cause::NodeLost } else { Cause::ReadTimeout };
        self.tell_attempt(id, now, Some(Failure::ReadTimeout), cause, false);
        let status = self.spec.first_tier().answers.read_timeout;
        self.left(id, now);
        self.leave_process(id);
        self.lose_outside(id, now, status, cause, Some(Failure::ReadTimeout));
    }

    // === Clients' connections ===

    /// The client's connection to an ingress pod is idle from `now` on.
    pub(super) fn pin_outside(&mut self, id: u64, now: u64) {
        let request = &self.requests[&id];
        if let Some(outer) = &mut self.outer {
            let process = self.front.process_of(request.holder);
            outer.answered_on(connection_of(id, &self.spec), process, request.born, now);
        }
    }

    /// A request was lost. An error that a process of the front end answers leaves the connection to
    /// its pod as it is; else the connection has ended.
    pub(super) fn after_loss(&mut self, id: u64, cause: Cause, now: u64) {
        let connection = connection_of(id, &self.spec);
        if self.front.follows_clients() {
            self.front.lost_on(connection);
        }
        if self.requests[&id].holder != NOBODY && cause != Cause::ClientGaveUp {
            self.pin_outside(id, now);
        } else if let Some(outer) = &mut self.outer {
            outer.lost_on(connection, None);
        }
    }

    // === Processes ===

    pub(super) fn begin_process(&mut self, pod_id: PodId) {
        if let Some(outer) = &mut self.outer {
            outer.begin(pod_id, self.front.begin_process());
        }
    }

    /// A process takes no more requests; `true` if it has none to finish.
    pub(super) fn drain_process(&mut self, pod_id: PodId) -> bool {
        let Some(process) = self.outer.as_ref().and_then(|outer| outer.process_in(pod_id)) else {
            return true;
        };
        let requests = self.requests_of(process).len();
        self.outer.as_mut().is_some_and(|outer| outer.drain(process, requests))
    }

    /// A request of a worker of the front end has ended.
    pub(super) fn left(&mut self, id: u64, now: u64) {
        let holder = self.requests[&id].holder;
        let Some(outer) = self.outer.as_mut().filter(|_| holder != NOBODY) else { return };
        if let Some(pod) = outer.left(self.front.process_of(holder)) {
            self.notices.push_back((now, Notice::Drained(pod)));
        }
    }

    /// A process ends: the outer tier answers everything that it had.
    pub(super) fn cut_process(&mut self, pod_id: PodId, now: u64, cause: Cause) {
        let Some(status) = self.outer.as_ref().map(|outer| outer.cut()) else { return };
        for id in self.orphans(pod_id) {
            let request = self.request(id);
            request.sent = request.born;
            self.tell_attempt(id, now, Some(Failure::Closed), cause, false);
            self.lose_outside(id, now, status, cause, Some(Failure::Closed));
        }
    }

    /// The outer tier closes its connections to a process, which lives on.
    pub(super) fn cut_off_process(&mut self, pod_id: PodId, now: u64, cause: Cause) {
        let Some(outer) = &mut self.outer else { return };
        outer.front.close_idle_to(pod_id);
        let (status, process) = (outer.cut(), outer.process_in(pod_id));
        let Some(process) = process else { return };
        for id in self.requests_of(process) {
            self.abandon(id, now);
            self.left(id, now);
            self.leave_process(id);
            let request = self.request(id);
            (request.pod, request.sent) = (Some(pod_id), request.born);
            self.tell_attempt(id, now, Some(Failure::Closed), cause, false);
            self.lose_outside(id, now, status, cause, Some(Failure::Closed));
        }
    }

    /// The process of the front end sees that nobody waits for its answer any more.
    fn abandon(&mut self, id: u64, now: u64) {
        let request = &self.requests[&id];
        let (holder, sent, reached) = (request.holder, request.sent, request.reached);
        if let Some(pod) = request.pod.filter(|_| holder != NOBODY && request.is_trying()) {
            self.front.abandoned(holder, pod, reached, sent, now);
        }
    }

    /// The node of a process dies: nothing that it had is answered.
    pub(super) fn strand_process(&mut self, pod_id: PodId) {
        self.orphans(pod_id);
    }

    /// The requests of a process that ends; they are with the outer tier from now on. Pods go on with
    /// what they have of them.
    fn orphans(&mut self, pod_id: PodId) -> Vec<u64> {
        let Some(process) = self.outer.as_mut().and_then(|outer| outer.end(pod_id)) else {
            return Vec::new();
        };
        let requests = self.requests_of(process);
        for &id in &requests {
            self.leave_process(id);
            self.request(id).pod = Some(pod_id);
        }
        self.front.end_process(process);
        requests
    }

    /// From now on the outer tier has the request, and no process of the front end.
    fn leave_process(&mut self, id: u64) {
        self.drop_attempt(id);
        self.retry_over(id);
        self.cancel_timers(id, |timer| timer == Timer::RequestTimeout);
        self.request(id).holder = NOBODY;
    }

    /// Everything that a process has under way.
    fn requests_of(&self, process: u32) -> Vec<u64> {
        let is_its = |holder| holder != NOBODY && self.front.process_of(holder) == process;
        let requests = self.requests.iter().filter(|(_, r)| r.ended.is_none() && is_its(r.holder));
        requests.map(|(id, _)| *id).collect()
    }
}
