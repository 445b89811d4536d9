//! What happens when somebody has waited long enough.

use super::FastPath;
use super::doors::Followed;
use super::flights::{Again, TimerKind};
use crate::model::outcome::Cause;
use crate::model::retry::Failure;
use crate::sim::path::front::Turn;
use crate::sim::path::outer::NOBODY;
use crate::sim::path::{Observer, Sent, no_answer_from};

impl<O: Observer> FastPath<O> {
    /// The earliest timer is due at `now`.
    pub(super) fn fire(&mut self, now: u64) {
        let Some(timer) = self.timers.pop() else { return };
        if !self.flights.obeys(&timer) {
            return;
        }
        let place = timer.flight;
        let ends_patience = matches!(
            timer.kind,
            TimerKind::ClientTimeout
                | TimerKind::RequestTimeout
                | TimerKind::OuterTimeout
                | TimerKind::ReadTimeout
        );
        if ends_patience
            && let (Some(pod), Some(number)) = (self.flights.get(place).pod, self.flights.get(place).current)
            && self.pods[pod as usize].ring.get(number).is_some_and(|job| job.is_over(now))
        {
            // The answer has come and waits to be counted.
            self.settle_all(pod, now);
            if !self.flights.obeys(&timer) {
                return;
            }
        }
        let outcome = match timer.kind {
            TimerKind::ClientRetry => return self.arrive(timer.request, now),
            TimerKind::ClientTimeout => return self.client_leaves(place, now),
            TimerKind::RequestTimeout => return self.take_too_long(place, now),
            TimerKind::OuterTimeout => return self.outer_gives_up(place, now),
            TimerKind::ConnectTimeout if self.flights.get(place).holder == NOBODY => {
                return self.not_let_in(place, now);
            }
            TimerKind::ConnectTimeout if self.flights.get(place).pod.is_none() => {
                return self.reach_nobody(place, now);
            }
            TimerKind::FrontRetry => {
                let again = self.flights.get(place).pausing.take().unwrap_or(Again::Pick);
                return self.pursue(place, again, now);
            }
            TimerKind::Turn => match self.flights.get(place).turn {
                Some(Turn::Granted(reuse)) => {
                    self.flights.get(place).turn = None;
                    self.depart(place, reuse, now)
                }
                Some(Turn::Failed(failure, cause)) => Sent::Failed(failure, cause),
                Some(Turn::Waiting) | None => Sent::Underway,
            },
            TimerKind::ResendSyn => {
                let pod = self.flights.get(place).pod.expect("connecting to a pod");
                self.connect(place, pod, now, true)
            }
            TimerKind::ResendRequest => self.resend_request(place, now),
            TimerKind::ConnectTimeout => {
                let cause = self.flights.get(place).connecting.map_or(Cause::Blackholed, |c| c.cause);
                Sent::Failed(Failure::ConnectTimeout, cause)
            }
            TimerKind::ReadTimeout => {
                let pod = self.flights.get(place).pod.expect("an attempt has a pod");
                Sent::Failed(Failure::ReadTimeout, no_answer_from(self.pods[pod as usize].door))
            }
        };
        self.settle_attempt(place, now, outcome);
    }

    pub(super) fn settle_attempt(&mut self, place: u32, now: u64, outcome: Sent) {
        match outcome {
            Sent::Underway => {}
            Sent::Failed(failure, cause) => {
                if let Followed::By(again) = self.attempt_failed(place, now, failure, cause) {
                    self.pursue(place, again, now);
                }
            }
            Sent::Answered(status, cause) => {
                let flight = self.flights.get(place);
                let (holder, sent, reached) = (flight.holder, flight.sent, flight.reached);
                let pod = flight.pod.expect("an answer has a pod");
                self.front.answered_error(holder, pod, reached, sent, now);
                self.lose(place, now, status, cause);
            }
            Sent::Overflow => {
                let flight = self.flights.get(place);
                let (holder, reached, reused) = (flight.holder, flight.reached, flight.reused);
                let pod = flight.pod;
                pod.into_iter().for_each(|pod| self.front.refused(holder, pod, reached, reused, now));
                self.lose(place, now, self.front.spec().answers.all_down, Cause::CircuitOpen);
            }
        }
    }

    /// A connection to a node without a pod was waited for long enough.
    fn reach_nobody(&mut self, place: u32, now: u64) {
        let status = self.front.spec().answers.connect_timeout;
        let cause = self.flights.get(place).connecting.map_or(Cause::NoLocalEndpoints, |c| c.cause);
        self.lose(place, now, status, cause);
    }

    /// The front end's patience for the whole request is over.
    fn take_too_long(&mut self, place: u32, now: u64) {
        let flight = self.flights.get(place);
        let (holder, sent, reached) = (flight.holder, flight.sent, flight.reached);
        let waits = flight.turn.is_some();
        match flight.pod.filter(|_| flight.is_trying()) {
            Some(pod) if waits => self.front.abandoned(holder, pod, reached, sent, now),
            Some(pod) => {
                if self.front.failed(holder, pod, reached, now) {
                    self.watch_all(holder, pod, now);
                }
                self.front.gave_up(holder, pod, sent, now);
            }
            None => {}
        }
        let status = self.front.spec().answers.read_timeout;
        let cause = if waits { Cause::CircuitOpen } else { Cause::ReadTimeout };
        self.lose(place, now, status, cause);
    }

    fn client_leaves(&mut self, place: u32, now: u64) {
        let flight = self.flights.get(place);
        let (holder, sent, reached) = (flight.holder, flight.sent, flight.reached);
        if let Some(pod) = flight.pod.filter(|_| flight.is_trying() && holder != NOBODY) {
            self.front.abandoned(holder, pod, reached, sent, now);
        }
        let status = self.spec.first_tier().answers.client_left;
        self.lose_at(place, now, now, status, Cause::ClientGaveUp);
    }
}
