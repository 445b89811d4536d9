//! Jobs to which the common way does not apply: those with a flight, and those that are evicted.

use super::backend::{Job, Kind, Stage};
use super::flights::{Flight, TimerKind};
use super::ingress::Answered;
use super::{FastPath, NEVER, START};
use crate::model::outcome::{Cause, Status};
use crate::model::retry::Failure;
use crate::sim::path::front::{HolderId, Reached};
use crate::sim::path::{Ended, Observer, PodId, Sent};
use crate::units::Nanos;

impl<O: Observer> FastPath<O> {
    // === Jobs with a flight ===

    /// Pushes a job that has a flight, or that needs one because somebody will lose patience.
    #[cold]
    pub(super) fn place_unusual(&mut self, pod_id: PodId, mut job: Job, flight: Option<u32>, now: u64) {
        let request = job.id;
        let is_new = flight.is_none_or(|place| self.flights.get(place).reached != Reached::Connected);
        let place = flight.unwrap_or_else(|| self.flight_of_job(pod_id, &job));
        job.attach(place);
        let number = self.pods[pod_id as usize].ring.push(job);
        self.attach(place, number, now);
        if is_new {
            self.front.connected(job.holder, pod_id);
        }
        let deadline = self.read_deadline(place);
        if job.end > deadline {
            self.timers.set(deadline, TimerKind::ReadTimeout, place, &self.flights);
        }
        if self.answered_in_time(place, &job) {
            self.source.ended(request, job.end + self.books.overhead, None, &self.draws);
            let flight = self.flights.get(place);
            let (born, sent, counts_as_retry) = (flight.born, flight.sent, flight.counts_as_retry);
            self.pin(&Answered { request, holder: job.holder, pod: pod_id, born, sent }, job.end);
            self.count_at_end(pod_id, &job);
            if self.front.wants_ends(job.holder) {
                self.watched.job(job.end, pod_id, number, job.holder, sent);
            }
            if counts_as_retry {
                self.watched.retry(job.end, pod_id, number, place);
            }
        }
    }

    /// Whether everybody will still be waiting when a job of a flight ends.
    fn answered_in_time(&mut self, place: u32, job: &Job) -> bool {
        let born = self.flights.get(place).born;
        let since_born = |timeout: Option<Nanos>| timeout.map_or(NEVER, |timeout| born + timeout.0);
        let client = since_born(self.spec.client.timeout);
        let request = since_born(self.spec.front.request_timeout);
        let outer = self.outer.as_ref().and_then(|outer| outer.patience());
        let outer = outer.map_or(NEVER, |timeout| born + timeout);
        job.end <= self.read_deadline(place).min(client).min(request).min(outer)
    }

    /// When the front end loses patience with the current attempt, which has its connection.
    pub(super) fn read_deadline(&mut self, place: u32) -> u64 {
        self.flights.get(place).connected_at.saturating_add(self.read_timeout)
    }

    /// A flight for a job that so far had none.
    pub(super) fn flight_of_job(&mut self, pod_id: PodId, job: &Job) -> u32 {
        let place = self.begin_flight(job.id, job.sent, job.holder);
        let flight = self.flights.get(place);
        flight.pod = Some(pod_id);
        flight.sent = job.sent;
        flight.attempts = 1;
        flight.reused = job.reused;
        flight.connect(job.sent);
        place
    }

    /// The current attempt of a flight is the job `number`, which its pod has since `now`.
    pub(super) fn attach(&mut self, place: u32, number: u32, now: u64) {
        self.stop_connecting(place);
        let flight = self.flights.get(place);
        flight.jobs += 1;
        flight.current = Some(number);
        flight.connect(now);
        if flight.may_have_run && !std::mem::replace(&mut flight.was_sent_twice, true) {
            self.books.tally.sent_twice += 1;
        }
    }

    /// From `now` on the answers that `holder` will get from `pod` matter to it. Those that have
    /// come stay in the ring until the pod is settled; and where every end is watched from the
    /// beginning there is nothing to add.
    pub(super) fn watch_all(&mut self, holder: HolderId, pod: PodId, now: u64) {
        if self.front.watches_all() {
            return;
        }
        let ahead = |job: &Job| job.is_fated() && job.end > now && !job.is_probe();
        let ring = &self.pods[pod as usize].ring;
        let jobs: Vec<(u32, Job)> =
            ring.iter().filter(|(_, j)| j.holder == holder && ahead(j)).map(|(n, j)| (n, *j)).collect();
        for (number, job) in jobs {
            let (sent, will_be_answered) = match job.flight() {
                None => (job.sent, true),
                Some(place) => {
                    let in_time = self.answered_in_time(place, &job);
                    (self.flights.get(place).sent, in_time && self.flights.waits_for(place, pod, number))
                }
            };
            if will_be_answered {
                self.watched.job(job.end, pod, number, holder, sent);
            }
        }
    }

    /// The front job of a pod has come true and is a probe or has a flight; then goes on settling.
    #[cold]
    pub(super) fn settle_unusual(&mut self, pod_id: PodId, now: u64) {
        let ring = &mut self.pods[pod_id as usize].ring;
        if let Some(&job) = ring.front() {
            let number = ring.pop();
            self.count_unusual(pod_id, number, &job);
        }
        self.settle(pod_id, now);
    }

    fn count_unusual(&mut self, pod_id: PodId, number: u32, job: &Job) {
        if let Some(place) = job.flight() {
            self.flight_served(pod_id, number, place, job.end);
        }
    }

    /// A pod has served a job of a flight: the answer, if anybody still waits for it.
    pub(super) fn flight_served(&mut self, pod_id: PodId, number: u32, place: u32, end: u64) -> bool {
        let answers = self.flights.waits_for(place, pod_id, number);
        let flight = self.flights.get(place);
        let tally = &mut self.books.tally;
        flight.jobs -= 1;
        if answers {
            flight.current = None;
            flight.ended = Some(Status::Ok);
            let (request, born, attempts) = (flight.id, flight.born, flight.attempts);
            let at = end + self.books.overhead;
            tally.answer(at - START, at - born);
            let (status, pod, holder) = (Status::Ok, Some(pod_id), flight.holder);
            let (cause, process, at_ingress) = (None, None, false);
            let ended = Ended { request, born, at, status, cause, pod, attempts, at_ingress, process };
            self.books.observer.ended(&ended);
            self.left(holder, end);
        } else if !std::mem::replace(&mut flight.was_executed, true) {
            tally.executed_but_5xx += u64::from(flight.ended.is_some_and(Status::is_server_error));
        }
        self.flights.release_if_done(place);
        answers
    }

    // === Settling out of order ===

    /// Counts every fate of a pod that has come true by `now`, also those behind others.
    pub(super) fn settle_all(&mut self, pod_id: PodId, now: u64) {
        self.settle(pod_id, now);
        for number in self.pods[pod_id as usize].ring.numbers() {
            let pod = &mut self.pods[pod_id as usize];
            let Some(job) = pod.ring.get(number).filter(|job| job.is_over(now)).copied() else { continue };
            pod.cpu_ns += pod.cpu_by(job.end, &job, &self.servers[pod.server as usize]);
            pod.served += u64::from(!job.is_probe());
            if let Some(job) = pod.ring.get_mut(number) {
                job.stage = Stage::Done;
            }
            match job.kind {
                Kind::Plain => self.books.answer(pod_id, &job, job.end),
                Kind::Flight | Kind::Probe => self.count_unusual(pod_id, number, &job),
            }
        }
    }

    pub(super) fn settle_everywhere(&mut self, now: u64) {
        for pod in 0..self.pods.len() {
            self.settle_all(pod as PodId, now);
        }
    }

    // === Evictions ===

    /// Jobs that will not be served any more: the requests they belong to meet `outcome`.
    fn lose_jobs(&mut self, pod_id: PodId, now: u64, jobs: Vec<(u32, Job)>, outcome: Sent) {
        for place in self.bereave(pod_id, jobs) {
            self.settle_attempt(place, now, outcome);
        }
    }

    /// The flights whose current attempt these jobs were, which have left the pod's ring.
    fn bereave(&mut self, pod_id: PodId, jobs: Vec<(u32, Job)>) -> Vec<u32> {
        let mut losers = Vec::new();
        for (number, job) in jobs.into_iter().filter(|(_, job)| job.stage != Stage::Done && !job.is_probe()) {
            let place = match job.flight() {
                None => self.flight_of_job(pod_id, &job),
                Some(place) => {
                    self.flights.get(place).jobs -= 1;
                    if !self.flights.waits_for(place, pod_id, number) {
                        self.flights.release_if_done(place);
                        continue;
                    }
                    place
                }
            };
            self.source.reopen(self.flights.get(place).id);
            losers.push(place);
        }
        losers
    }

    /// Resets the connections that wait in the kernel's accept queue.
    pub(super) fn reset_waiting(&mut self, pod_id: PodId, now: u64) {
        let reset = Sent::Failed(Failure::Closed, Cause::AcceptQueueReset);
        self.lose_waiting(pod_id, now, reset);
        self.end_half_open(pod_id, now, reset);
    }

    /// The jobs that no worker has begun meet `outcome`.
    pub(super) fn lose_waiting(&mut self, pod_id: PodId, now: u64, outcome: Sent) {
        let waiting = self.take_waiting(pod_id, now);
        self.lose_jobs(pod_id, now, waiting, outcome);
    }

    /// Nobody will accept the connections that wait in the kernel's accept queue any more.
    pub(super) fn strand_waiting(&mut self, pod_id: PodId, now: u64) {
        let waiting = self.take_waiting(pod_id, now);
        let stranded = self.bereave(pod_id, waiting);
        stranded.iter().for_each(|place| self.wait_for_an_answer(*place));
        let pod = &mut self.pods[pod_id as usize];
        pod.half_open.extend(stranded);
        pod.unaccepted = pod.half_open.len();
    }

    /// What the kernel holds, and will not be accepted, ends.
    pub(super) fn end_half_open(&mut self, pod_id: PodId, now: u64, outcome: Sent) {
        for place in std::mem::take(&mut self.pods[pod_id as usize].half_open) {
            self.flights.get(place).half_open = false;
            self.settle_attempt(place, now, outcome);
        }
    }

    /// The attempt is with no pod any more, and nobody has been told.
    fn wait_for_an_answer(&mut self, place: u32) {
        let flight = self.flights.get(place);
        flight.current = None;
        flight.half_open = true;
        let deadline = self.read_deadline(place);
        self.timers.set(deadline, TimerKind::ReadTimeout, place, &self.flights);
    }

    /// Takes the jobs that no worker has begun.
    fn take_waiting(&mut self, pod_id: PodId, now: u64) -> Vec<(u32, Job)> {
        self.settle_all(pod_id, now);
        let pod = &mut self.pods[pod_id as usize];
        let waits =
            |job: &Job| matches!(job.stage, Stage::Queued | Stage::Forwarding) || job.begins_after(now);
        let waiting = pod.ring.take_tail(waits);
        match &mut pod.shared {
            Some(shared) => shared.forget_waiting(&waiting),
            None => pod.slots.refill(pod.ring.iter().filter(|(_, j)| j.end > now).map(|(_, j)| j.end)),
        }
        if let Some((first, _)) = waiting.first() {
            self.watched.forget_jobs_from(pod_id, *first);
        }
        self.reschedule(pod_id);
        waiting
    }

    /// The process is gone: everything it had is lost.
    pub(super) fn lose_everything(&mut self, pod_id: PodId, now: u64, outcome: Sent) {
        let jobs = self.empty(pod_id, now);
        self.lose_jobs(pod_id, now, jobs, outcome);
    }

    /// The node is gone: what the pod had waits for an answer as before.
    pub(super) fn leave_unanswered(&mut self, pod_id: PodId, now: u64) {
        let jobs = self.empty(pod_id, now);
        self.bereave(pod_id, jobs).into_iter().for_each(|place| self.wait_for_an_answer(place));
    }

    /// The front end closes its connections to a pod, which goes on with what it has.
    pub(super) fn cut_off(&mut self, pod_id: PodId, now: u64, outcome: Sent) {
        self.settle_all(pod_id, now);
        self.front.close_idle_to(pod_id);
        let open = |job: &Job| job.is_plain() && job.stage != Stage::Done;
        let ring = &self.pods[pod_id as usize].ring;
        let jobs: Vec<(u32, Job)> = ring.iter().filter(|(_, j)| open(j)).map(|(n, j)| (n, *j)).collect();
        for (number, job) in jobs {
            self.give_flight(pod_id, number, &job, now);
        }
        self.watched.forget_answers(pod_id);
        let connected = |flight: &Flight| flight.current.is_some() || flight.half_open;
        for place in self.flights.places_where(|f| f.pod == Some(pod_id) && connected(f)) {
            self.source.reopen(self.flights.get(place).id);
            self.settle_attempt(place, now, outcome);
        }
    }

    /// Takes everything that a pod has not yet served, and what is known of its future.
    fn empty(&mut self, pod_id: PodId, now: u64) -> Vec<(u32, Job)> {
        self.settle_all(pod_id, now);
        let pod = &mut self.pods[pod_id as usize];
        let server = &self.servers[pod.server as usize];
        match pod.shared.take() {
            Some(shared) => pod.cpu_units += shared.clock.used_units(now),
            None => pod.cpu_ns += pod.cpu_in_progress(server, now),
        }
        pod.slots.refill(std::iter::empty());
        let jobs = pod.ring.take_all();
        self.watched.forget(pod_id);
        self.reschedule(pod_id);
        jobs
    }
}
