//! Following single requests through a run that is simulated again.

use std::sync::Arc;

use super::path::fast::FastPath;
use super::path::plain::PlainPath;
use super::path::{Attempted, Ended, Observer};
use super::run::{RunResult, run_on};
use super::spec::SimSpec;
use crate::model::outcome::{Cause, Status};
use crate::model::retry::Failure;
use crate::units::SimTime;

/// One attempt that brought no answer of the application's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The request.
    pub request: u64,
    /// Where it was sent.
    pub pod: u32,
    /// When.
    pub sent: SimTime,
    /// When the front end knew that it had failed.
    pub failed: SimTime,
    /// Whether a kept-alive connection was used.
    pub reused: bool,
    /// What the front end's socket saw; `None` if the pod answered with an error.
    pub failure: Option<Failure>,
    /// Why.
    pub cause: Cause,
    /// Whether another attempt followed.
    pub retried: bool,
}

/// How a lost request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The request.
    pub request: u64,
    /// When its client sent it.
    pub sent: SimTime,
    /// When its client knew.
    pub at: SimTime,
    /// What the client saw.
    pub status: Status,
    /// Why.
    pub cause: Cause,
    /// The pod of the last attempt.
    pub pod: Option<u32>,
    /// Attempts made.
    pub attempts: u32,
    /// On the way to or with a process of the front end, which is a pod.
    pub at_ingress: bool,
    /// The process of the front end that lost it; under policy Local that is a node.
    pub process: Option<u32>,
}

/// What was seen of requests; it grows with losses, not with requests.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Failed attempts in order of time, of requests that were saved too. Only the plain path
    /// tells them.
    pub attempts: Vec<Attempt>,
    /// Lost requests in order of time.
    pub lost: Vec<Lost>,
}

impl Observer for Seen {
    fn ended(&mut self, ended: &Ended) {
        let Some(cause) = ended.cause else { return };
        self.lost.push(Lost {
            request: ended.request,
            sent: SimTime(ended.born),
            at: SimTime(ended.at),
            status: ended.status,
            cause,
            pod: ended.pod,
            attempts: ended.attempts,
            at_ingress: ended.at_ingress,
            process: ended.process,
        });
    }

    fn attempted(&mut self, attempt: &Attempted) {
        self.attempts.push(Attempt {
            request: attempt.request,
            pod: attempt.pod,
            sent: SimTime(attempt.sent),
            failed: SimTime(attempt.failed),
            reused: attempt.reused,
            failure: attempt.failure,
            cause: attempt.cause,
            retried: attempt.retried,
        });
    }
}

impl Seen {
    /// The loss of a request, if it was lost.
    pub fn loss_of(&self, request: u64) -> Option<&Lost> {
        self.lost.iter().find(|lost| lost.request == request)
    }
}

/// Simulates a run (0-based) on the plain request path and tells every failed attempt. The outcome
/// is that of [`super::run()`], request by request, only slower.
pub fn trace(spec: &Arc<SimSpec>, seed: u64, run: u64, stop: &dyn Fn() -> bool) -> (RunResult, Seen) {
    run_on::<PlainPath<Seen>>(spec, seed, run, stop)
}

/// Simulates a run (0-based) on the fast path and tells which requests were lost.
pub fn losses(spec: &Arc<SimSpec>, seed: u64, run: u64, stop: &dyn Fn() -> bool) -> (RunResult, Seen) {
    run_on::<FastPath<Seen>>(spec, seed, run, stop)
}
