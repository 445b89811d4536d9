//! Why one request was lost: its life beside the life of the pod that failed it, and the smallest
//! change of one knob that saves it.
//!
//! Nothing is guessed: the run is simulated again on the plain request path, which tells every
//! attempt, and a change counts only if the same run with that change answers the same request.

mod changes;
mod moments;

use std::sync::Arc;

use crate::config::case::{Case, Override};
use crate::model::outcome::{Cause, Method};
use crate::sim::{self, Attempt, Lost, RunResult, Seen, ViewChange, ViewHolder};
use crate::units::SimTime;

pub use moments::{Lane, Moment, pod_number};

/// One run of a case, simulated again with everything that failed in it.
#[derive(Debug)]
pub struct Traced {
    case: Case,
    /// The run, counted from 1.
    pub run: u32,
    result: RunResult,
    seen: Seen,
}

/// One request's story.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// The case's name.
    pub name: String,
    /// The run, counted from 1.
    pub run: u32,
    /// The request's number.
    pub request: u64,
    /// Whether it may be sent twice, if that is known.
    pub method: Option<Method>,
    /// The front end's name.
    pub front_end: String,
    /// When the client sent it.
    pub sent: SimTime,
    /// How it was lost; `None` if it was answered after all.
    pub lost: Option<Lost>,
    /// Failed attempts in order.
    pub attempts: Vec<Attempt>,
    /// What all times count from, and what that is in words.
    pub zero: (SimTime, String),
    /// Everything on one clock, in order of time.
    pub moments: Vec<Moment>,
    /// Requests lost in the whole run.
    pub lost_in_run: u64,
    /// What would have saved it.
    pub counterfactual: Counterfactual,
}

/// The smallest change of one knob that saves a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counterfactual {
    /// The change, if one was found.
    pub saved_by: Option<Saving>,
    /// Everything that was tried, in order.
    pub tried: Vec<Tried>,
    /// Runs simulated for it.
    pub simulated: u32,
}

/// A change that saves the request.
#[derive(Clone, Debug, PartialEq)]
pub struct Saving {
    /// The knobs and their values; more than one only where one is void without the other.
    pub change: Vec<Override>,
    /// Requests that the same run loses with it.
    pub lost_in_run: u64,
}

/// A knob that was moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// Its name.
    pub knob: String,
    /// The first and the last value tried.
    pub from: String,
    /// See `from`.
    pub to: String,
    /// The smallest value that saves the request.
    pub saves_at: Option<String>,
}

/// Why there is no story.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoStory {
    /// The run does not know the request, or had no trouble with it.
    #[error(
        "run {run} had no trouble with request {request}: it was answered at the first attempt, or never sent"
    )]
    NoTrouble {
        /// The request.
        request: u64,
        /// The run, counted from 1.
        run: u32,
    },
}

impl Traced {
    /// Simulates a run (counted from 1) again.
    pub fn new(case: Case, run: u32, stop: &dyn Fn() -> bool) -> Traced {
        let (result, seen) = sim::trace(&case.spec, case.seed, u64::from(run.max(1)) - 1, stop);
        Traced { case, run, result, seen }
    }

    /// The lost requests of the run.
    pub fn lost(&self) -> &[Lost] {
        &self.seen.lost
    }

    /// Tells the story of one request. `case_of` builds the case with some knobs set otherwise.
    ///
    /// # Errors
    /// The request had no trouble.
    pub fn story<E>(
        &self,
        request: u64,
        method: Option<Method>,
        case_of: &dyn Fn(&[Override]) -> Result<Case, E>,
        stop: &dyn Fn() -> bool,
    ) -> Result<Story, NoStory> {
        let lost = self.seen.loss_of(request).copied();
        let attempts: Vec<Attempt> =
            self.seen.attempts.iter().filter(|attempt| attempt.request == request).copied().collect();
        let sent = lost.map(|lost| lost.sent).or_else(|| attempts.first().map(|attempt| attempt.sent));
        let Some(sent) = sent else { return Err(NoStory::NoTrouble { request, run: self.run }) };
        let pod = lost.and_then(|lost| lost.pod).or_else(|| attempts.last().map(|attempt| attempt.pod));
        let pod = pod.or_else(|| self.last_of_its_node(lost.as_ref()?));
        let told = moments::tell(&self.result.timeline, sent, lost.as_ref(), &attempts, pod);
        let counterfactual = match &lost {
            Some(lost) => self.save(lost, case_of, stop),
            None => Counterfactual::default(),
        };
        Ok(Story {
            name: self.case.name.clone(),
            run: self.run,
            request,
            method,
            front_end: self.case.heading.front_end.clone(),
            sent,
            lost,
            attempts,
            zero: told.zero,
            moments: told.moments,
            lost_in_run: self.result.tally.lost(),
            counterfactual,
        })
    }

    /// The last pod of the node that a request came to, if the request is lost because there was none any
    /// more: its story is the one to tell.
    fn last_of_its_node(&self, lost: &Lost) -> Option<u32> {
        let node = lost.process.filter(|_| lost.cause == Cause::NoLocalEndpoints)?;
        let mut views = self.result.timeline.views.iter().rev();
        let left = |view: &&ViewChange| {
            view.holder == ViewHolder::FrontEnd(node) && !view.usable && view.at <= lost.at
        };
        views.find(left).map(|view| view.pod)
    }

    /// Looks for the smallest change that saves a request, knob by knob, until one does.
    fn save<E>(
        &self,
        lost: &Lost,
        case_of: &dyn Fn(&[Override]) -> Result<Case, E>,
        stop: &dyn Fn() -> bool,
    ) -> Counterfactual {
        let mut answer = Counterfactual::default();
        for ladder in changes::ladders(lost.cause, lost.at_ingress, &self.case) {
            if stop() {
                break;
            }
            let mut lost_with: Vec<Option<u64>> = vec![None; ladder.steps.len()];
            let mut saves = |step: usize| -> bool {
                let Ok(case) = case_of(&ladder.steps[step]) else { return false };
                answer.simulated += 1;
                let run = u64::from(self.run.max(1)) - 1;
                let (result, seen) = sim::losses(&Arc::clone(&case.spec), self.case.seed, run, stop);
                lost_with[step] = Some(result.tally.lost());
                seen.loss_of(lost.request).is_none() && seen_at_all(&result, lost)
            };
            let found = changes::first_that(ladder.steps.len(), &mut saves);
            let value = |step: usize| ladder.steps[step][0].value.clone();
            answer.tried.push(Tried {
                knob: ladder.steps[0][0].knob.clone(),
                from: value(0),
                to: value(ladder.steps.len() - 1),
                saves_at: found.map(value),
            });
            if let Some(step) = found {
                let lost_in_run = lost_with[step].unwrap_or_default();
                answer.saved_by = Some(Saving { change: ladder.steps[step].clone(), lost_in_run });
                break;
            }
        }
        answer
    }
}

/// A run that ended before the request was due did not save it.
fn seen_at_all(result: &RunResult, lost: &Lost) -> bool {
    result.end >= lost.sent && !result.interrupted
}

#[cfg(test)]
mod tests;
