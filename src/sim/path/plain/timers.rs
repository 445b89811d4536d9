//! What happens on the plain path when somebody has waited long enough.

use super::{Again, Followed, PlainPath, Timer};
use crate::model::outcome::Cause;
use crate::model::retry::Failure;
use crate::sim::path::front::Turn;
use crate::sim::path::outer::NOBODY;
use crate::sim::path::{Observer, Sent, no_answer_from};

impl<O: Observer> PlainPath<O> {
    pub(super) fn fire(&mut self) {
        let Some((now, id, timer)) = self.timers.pop_first() else { return };
        let outcome = match timer {
            Timer::ClientRetry => return self.arrive(id, now),
            Timer::ClientTimeout => return self.client_leaves(id, now),
            Timer::RequestTimeout => return self.take_too_long(id, now),
            Timer::OuterTimeout => return self.outer_gives_up(id, now),
            Timer::ConnectTimeout if self.requests[&id].holder == NOBODY => return self.not_let_in(id, now),
            Timer::ConnectTimeout if self.requests[&id].pod.is_none() => return self.reach_nobody(id, now),
            Timer::FrontRetry => {
                let again = self.request(id).pausing.take().unwrap_or(Again::Pick);
                return self.pursue(id, again, now);
            }
            Timer::Turn => match self.request(id).turn {
                Some(Turn::Granted(reuse)) => {
                    self.request(id).turn = None;
                    self.depart(id, reuse, now)
                }
                Some(Turn::Failed(failure, cause)) => Sent::Failed(failure, cause),
                Some(Turn::Waiting) | None => Sent::Underway,
            },
            Timer::ResendSyn => {
                let pod = self.request(id).pod.expect("connecting to a pod");
                self.connect(id, pod, now, true)
            }
            Timer::ResendRequest => self.resend_request(id, now),
            Timer::ConnectTimeout => {
                let cause = self.request(id).connecting.map_or(Cause::Blackholed, |c| c.cause);
                Sent::Failed(Failure::ConnectTimeout, cause)
            }
            Timer::ReadTimeout => {
                let pod = self.request(id).pod.expect("an attempt has a pod");
                Sent::Failed(Failure::ReadTimeout, no_answer_from(self.pods[pod as usize].door))
            }
        };
        self.settle_attempt(id, now, outcome);
    }

    pub(super) fn settle_attempt(&mut self, id: u64, now: u64, outcome: Sent) {
        match outcome {
            Sent::Underway => {}
            Sent::Failed(failure, cause) => {
                if let Followed::By(again) = self.attempt_failed(id, now, failure, cause) {
                    self.pursue(id, again, now);
                }
            }
            Sent::Answered(status, cause) => {
                let request = self.request(id);
                let (holder, pod) = (request.holder, request.pod.expect("an answer has a pod"));
                let (sent, reached) = (request.sent, request.reached);
                self.front.answered_error(holder, pod, reached, sent, now);
                self.tell_attempt(id, now, None, cause, false);
                self.lose(id, now, status, cause);
            }
            Sent::Overflow => {
                let request = &self.requests[&id];
                let (holder, reached, reused) = (request.holder, request.reached, request.reused);
                let pod = request.pod;
                pod.into_iter().for_each(|pod| self.front.refused(holder, pod, reached, reused, now));
                self.tell_attempt(id, now, None, Cause::CircuitOpen, false);
                self.lose(id, now, self.front.spec().answers.all_down, Cause::CircuitOpen);
            }
        }
    }

    /// A connection to a node without a pod was waited for long enough.
    fn reach_nobody(&mut self, id: u64, now: u64) {
        let status = self.front.spec().answers.connect_timeout;
        let cause = self.requests[&id].connecting.map_or(Cause::NoLocalEndpoints, |c| c.cause);
        self.lose(id, now, status, cause);
    }

    /// The front end's patience for the whole request is over.
    pub(super) fn take_too_long(&mut self, id: u64, now: u64) {
        let request = &self.requests[&id];
        let (holder, pod, sent, reached) = (request.holder, request.pod, request.sent, request.reached);
        let waits = request.turn.is_some();
        match pod.filter(|_| request.is_trying()) {
            Some(pod) if waits => {
                self.front.abandoned(holder, pod, reached, sent, now);
                self.tell_attempt(id, now, None, Cause::CircuitOpen, false);
            }
            Some(pod) => {
                self.front.failed(holder, pod, reached, now);
                self.front.gave_up(holder, pod, sent, now);
                self.tell_attempt(id, now, Some(Failure::ReadTimeout), Cause::ReadTimeout, false);
            }
            None => {}
        }
        let status = self.front.spec().answers.read_timeout;
        let cause = if waits { Cause::CircuitOpen } else { Cause::ReadTimeout };
        self.lose(id, now, status, cause);
    }

    pub(super) fn client_leaves(&mut self, id: u64, now: u64) {
        let request = &self.requests[&id];
        let (holder, pod, sent, reached) = (request.holder, request.pod, request.sent, request.reached);
        if let Some(pod) = pod.filter(|_| request.is_trying()) {
            if holder != NOBODY {
                self.front.abandoned(holder, pod, reached, sent, now);
            }
            self.tell_attempt(id, now, None, Cause::ClientGaveUp, false);
        }
        let status = self.spec.first_tier().answers.client_left;
        self.lose_at(id, now, now, status, Cause::ClientGaveUp);
    }
}
