//! Requests at the tier before the front end, and front-end processes that end: where they are pods.

use super::FastPath;
use super::backend::{Job, Stage};
use super::flights::TimerKind;
use super::watched::What;
use crate::model::outcome::{Cause, Status};
use crate::model::retry::Failure;
use crate::sim::path::front::HolderId;
use crate::sim::path::outer::{Doorstep, Entry, NOBODY, Refusal};
use crate::sim::path::{Notice, Observer, PodId, RETRY_SHIFT, connection_of, sender_of};

/// A request that a pod has answered, as far as the client's connection is concerned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    pub(super) request: u64,
    pub(super) holder: HolderId,
    pub(super) pod: PodId,
    pub(super) born: u64,
    /// When the attempt was sent that was answered.
    pub(super) sent: u64,
}

impl<O: Observer> FastPath<O> {
    // === At the outer tier ===

    /// Sends a request to an ingress pod. The answer is the worker that has it now; if there is none,
    /// the outer tier has the request, or has answered it.
    #[inline(never)]
    pub(super) fn enter(&mut self, id: u64, now: u64) -> Option<HolderId> {
        self.count_for_budget(id, now);
        let from = sender_of(id, &self.spec);
        let (pods, servers) = (&self.pods, &self.servers);
        let doorstep = |pod: PodId| {
            let pod = &pods[pod as usize];
            Doorstep { door: pod.door, app: pod.app, side: pod.server_side(servers) }
        };
        let outer = self.outer.as_mut()?;
        let connect_timeout = outer.front.spec().connect_timeout.0;
        match outer.enter(from, now, doorstep) {
            Entry::Inside(pod, process) => {
                self.books.observer.entered(id, pod, now);
                return Some(self.front.holder_in(process, from.connection));
            }
            Entry::Lost(Refusal { pod, status, cause, failure, .. }) => {
                let place = self.begin_outside(id, pod, now);
                self.lose_outside(place, now, status, cause, failure);
            }
            Entry::Silent(pod, cause) => {
                let place = self.begin_outside(id, pod, now);
                self.connect_within(place, now, connect_timeout, cause);
            }
            Entry::Unanswered(pod) => {
                self.begin_outside(id, Some(pod), now);
            }
        }
        None
    }

    /// The first request of an operation raises the budget of those after it.
    pub(super) fn count_for_budget(&mut self, id: u64, now: u64) {
        if let Some(budget) = self.retry_budget.as_mut().filter(|_| id >> RETRY_SHIFT == 0) {
            budget.deposit(now);
        }
    }

    /// A flight of a request that no process of the front end has.
    fn begin_outside(&mut self, id: u64, pod: Option<PodId>, now: u64) -> u32 {
        let place = self.flights.add(id, now, NOBODY, 1);
        let flight = self.flights.get(place);
        flight.pod = pod;
        flight.attempts = 1;
        if let Some(timeout) = self.spec.client.timeout {
            self.timers.set(now + timeout.0, TimerKind::ClientTimeout, place, &self.flights);
        }
        if let Some(timeout) = self.outer.as_ref().and_then(|outer| outer.patience()) {
            self.timers.set(now + timeout, TimerKind::OuterTimeout, place, &self.flights);
        }
        place
    }

    /// The outer tier answers a request.
    fn lose_outside(&mut self, place: u32, now: u64, status: Status, cause: Cause, failure: Option<Failure>) {
        let connection = connection_of(self.flights.get(place).id, &self.spec);
        if let Some(outer) = &mut self.outer {
            outer.lost_on(connection, failure);
        }
        let at = now + self.spec.first_tier().overhead.0;
        self.lose_at(place, now, at, status, cause);
    }

    /// A request has waited for a connection to an ingress pod for too long.
    pub(super) fn not_let_in(&mut self, place: u32, now: u64) {
        let cause = self.flights.get(place).connecting.map_or(Cause::Blackholed, |c| c.cause);
        let status = self.spec.first_tier().answers.connect_timeout;
        self.lose_outside(place, now, status, cause, Some(Failure::ConnectTimeout));
    }

    /// The outer tier has waited for an answer for too long.
    pub(super) fn outer_gives_up(&mut self, place: u32, now: u64) {
        let holder = self.flights.get(place).holder;
        self.abandon(place, now);
        let cause = if holder == NOBODY { Cause::NodeLost } else { Cause::ReadTimeout };
        let status = self.spec.first_tier().answers.read_timeout;
        self.leave_process(place);
        self.left(holder, now);
        self.lose_outside(place, now, status, cause, Some(Failure::ReadTimeout));
    }

    // === Clients' connections ===

    /// The client's connection is idle from `at` on, unless the request is lost after all.
    #[inline]
    pub(super) fn pin(&mut self, answered: &Answered, at: u64) {
        if !self.straight {
            self.pin_followed(answered, at);
        }
    }

    fn pin_followed(&mut self, answered: &Answered, at: u64) {
        let connection = connection_of(answered.request, &self.spec);
        if self.front.follows_clients() {
            self.front.pin(connection, answered.pod, answered.sent, at);
        }
        if let Some(outer) = &mut self.outer {
            outer.answered_on(connection, self.front.process_of(answered.holder), answered.born, at);
        }
    }

    /// A request was lost. An error that a process of the front end answers leaves the connection to
    /// its pod as it is; else the connection has ended.
    pub(super) fn after_loss(&mut self, id: u64, holder: HolderId, born: u64, cause: Cause, now: u64) {
        let connection = connection_of(id, &self.spec);
        if self.front.follows_clients() {
            self.front.lost_on(connection);
        }
        match &mut self.outer {
            None => {}
            Some(outer) if holder == NOBODY || cause == Cause::ClientGaveUp => {
                outer.lost_on(connection, None)
            }
            Some(outer) => outer.answered_on(connection, self.front.process_of(holder), born, now),
        }
        self.left(holder, now);
    }

    // === Processes ===

    pub(super) fn begin_process(&mut self, pod_id: PodId) {
        if let Some(outer) = &mut self.outer {
            outer.begin(pod_id, self.front.begin_process());
        }
    }

    /// A process takes no more requests; `true` if it has none to finish.
    pub(super) fn drain_process(&mut self, pod_id: PodId, now: u64) -> bool {
        let Some(process) = self.outer.as_ref().and_then(|outer| outer.process_in(pod_id)) else {
            return true;
        };
        let places = self.requests_of(process, now);
        let empty = self.outer.as_mut().is_some_and(|outer| outer.drain(process, places.len()));
        for place in places {
            let flight = self.flights.get(place);
            let Some((pod, number)) = flight.pod.zip(flight.current) else { continue };
            let job = self.pods[pod as usize].ring.get(number).copied();
            job.iter().for_each(|job| self.count_at_end(pod, job));
        }
        empty
    }

    /// If a process that drains waits for this job, it hears of its end when it comes.
    pub(super) fn count_at_end(&mut self, pod: PodId, job: &Job) {
        let Some(outer) = &self.outer else { return };
        if job.is_fated() && outer.drains(self.front.process_of(job.holder)) {
            self.watched.count(job.end, pod);
        }
    }

    /// A request of this worker has ended.
    pub(super) fn left(&mut self, holder: HolderId, now: u64) {
        let Some(outer) = self.outer.as_mut().filter(|_| holder != NOBODY) else { return };
        if let Some(pod) = outer.left(self.front.process_of(holder)) {
            self.notices.push_back((now, Notice::Drained(pod)));
        }
    }

    /// A process ends: the outer tier answers everything that it had.
    pub(super) fn cut_process(&mut self, pod_id: PodId, now: u64, cause: Cause) {
        let Some(status) = self.outer.as_ref().map(|outer| outer.cut()) else { return };
        for place in self.orphans(pod_id, now) {
            self.lose_outside(place, now, status, cause, Some(Failure::Closed));
        }
    }

    /// The outer tier closes its connections to a process, which lives on.
    pub(super) fn cut_off_process(&mut self, pod_id: PodId, now: u64, cause: Cause) {
        let Some(outer) = &mut self.outer else { return };
        outer.front.close_idle_to(pod_id);
        let (status, process) = (outer.cut(), outer.process_in(pod_id));
        let Some(process) = process else { return };
        let places = self.requests_of(process, now);
        self.forget_answers_to(process, &places);
        for place in places {
            self.source.reopen(self.flights.get(place).id);
            let holder = self.flights.get(place).holder;
            self.abandon(place, now);
            self.leave_process(place);
            self.left(holder, now);
            self.flights.get(place).pod = Some(pod_id);
            self.lose_outside(place, now, status, cause, Some(Failure::Closed));
        }
    }

    /// The process of the front end sees that nobody waits for its answer any more.
    fn abandon(&mut self, place: u32, now: u64) {
        let flight = self.flights.get(place);
        let (holder, sent, reached) = (flight.holder, flight.sent, flight.reached);
        if let Some(pod) = flight.pod.filter(|_| holder != NOBODY && flight.is_trying()) {
            self.front.abandoned(holder, pod, reached, sent, now);
        }
    }

    fn forget_answers_to(&mut self, process: u32, places: &[u32]) {
        let front = &self.front;
        self.watched.forget_where(|what| match what {
            What::Job(holder, _) => front.process_of(holder) == process,
            What::Retry(place) => places.contains(&place),
            _ => false,
        });
    }

    /// The node of a process dies: nothing that it had is answered.
    pub(super) fn strand_process(&mut self, pod_id: PodId, now: u64) {
        self.orphans(pod_id, now);
    }

    /// The requests of a process that ends; they are with the outer tier from now on. Pods go on with
    /// what they have of them.
    fn orphans(&mut self, pod_id: PodId, now: u64) -> Vec<u32> {
        let Some(process) = self.outer.as_mut().and_then(|outer| outer.end(pod_id)) else {
            return Vec::new();
        };
        let places = self.requests_of(process, now);
        self.forget_answers_to(process, &places);
        for &place in &places {
            self.source.reopen(self.flights.get(place).id);
            self.leave_process(place);
            self.flights.get(place).pod = Some(pod_id);
        }
        self.front.end_process(process);
        places
    }

    /// From now on the outer tier has the request, and no process of the front end.
    fn leave_process(&mut self, place: u32) {
        self.drop_attempt(place);
        self.retry_over(place);
        self.flights.get(place).holder = NOBODY;
    }

    /// Flights of everything that a process has under way.
    fn requests_of(&mut self, process: u32, now: u64) -> Vec<u32> {
        self.settle_everywhere(now);
        for pod_id in 0..self.pods.len() as PodId {
            let front = &self.front;
            let is_its = |job: &Job| {
                job.is_plain() && job.stage != Stage::Done && front.process_of(job.holder) == process
            };
            let jobs: Vec<(u32, Job)> = self.pods[pod_id as usize]
                .ring
                .iter()
                .filter(|(_, j)| is_its(j))
                .map(|(n, j)| (n, *j))
                .collect();
            for (number, job) in jobs {
                self.give_flight(pod_id, number, &job, now);
            }
        }
        let front = &self.front;
        self.flights.places_where(|f| f.holder != NOBODY && front.process_of(f.holder) == process)
    }
}
