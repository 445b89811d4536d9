//! A study: many runs of one case, and how far the answer hangs on what had to be assumed.
//!
//! [`run()`] simulates the case with `runs` seeds in parallel, merges what they counted in the
//! order of the runs, and keeps one line of integers per run ([`RunSummary`]). Then it moves every
//! decisive assumption to both ends of its range ([`Effect`]) and says whether the loss is there
//! whatever the unknowns are ([`Answer`]). Everything is the same for any number of threads.

mod answer;
mod compare;
mod curve;
mod drains;
mod effects;
#[cfg(test)]
mod evidence;
mod expect;
mod facts;
mod first;
mod flip;
mod margins;
mod mechanism;
mod metric;
mod pool;
mod removal;
mod rollout;
mod rotation;
mod scaling;
mod summary;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod until;
pub mod why;

use std::sync::Arc;

use crate::account::Tally;
use crate::config::case::{Case, Override};

pub use answer::{Answer, Flip, Point, Verdict};
pub use compare::{Aim, Change, Compared, LEAST_RUNS, Side, compare};
pub use curve::Curve;
pub use drains::{DrainSpan, Drains};
pub use effects::{Effect, MOST_VARIED};
pub(crate) use effects::{set as moved, varied};
pub use expect::{Comparison, ComparisonError, Judged, Judgement, judge, parse_comparison};
pub use facts::{Moment, Pair, RunFacts};
pub use first::{CountsAt, FirstRun, PodLife, PodLoss, RolloutSpan};
pub use flip::MOST_POINTS;
pub(crate) use flip::Scale;
pub use margins::{Margin, NAMES as MARGIN_NAMES, margins};
pub(crate) use mechanism::LONGEST_HOOK_S;
pub use mechanism::Mechanism;
pub use metric::{Context, Metric, MetricError, Quantity};
pub(crate) use pool::Pool;
pub use rollout::RolloutEstimate;
pub use rotation::emptied_mostly_by;
pub use scaling::{HpaCondition, HpaReading, HpaStep, PodWay, ScaleOutSpan, Scaler, ScalerMetric};
pub use summary::{CauseCount, RunSummary};
pub use until::{UNTIL_FORM, Until};

use crate::account::LossSample;
use crate::model::outcome::{Cause, Status};

/// How a study is made.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Options {
    /// Threads; `None` for one per core.
    pub threads: Option<usize>,
    /// Leave the unknowns at their central values.
    pub central_only: bool,
    /// Instead of the case's number of runs: as many as narrow the answer so far.
    pub until: Option<Until>,
    /// Runs at each end of each range; `None` for a sixth of the case's runs, at least 5, never
    /// more than those.
    pub effect_runs: Option<u32>,
}

/// Somebody who wants to know how far a study is. Called from several threads.
pub trait Progress: Sync {
    /// So many more runs are planned, for this purpose.
    fn planned(&self, purpose: &str, runs: u32);
    /// One of them is done.
    fn done(&self);
}

/// Nobody wants to know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn planned(&self, _purpose: &str, _runs: u32) {}
    fn done(&self) {}
}

/// One lost request that was kept with its particulars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The run, counted from 1.
    pub run: u32,
    /// What the client saw.
    pub status: Status,
    /// Why.
    pub cause: Cause,
    /// The particulars.
    pub loss: LossSample,
}

/// What a study found.
#[derive(Clone, Debug)]
pub struct Study {
    /// The case at its central values.
    pub case: Case,
    /// One line per finished run, in order.
    pub runs: Vec<RunSummary>,
    /// The sum over runs; its own samples are in `samples`.
    pub total: Tally,
    /// The first few losses per status and cause.
    pub samples: Vec<Sample>,
    /// Run 1 in detail.
    pub first: FirstRun,
    /// By assumption of the case; `None` for those that were not varied.
    pub effects: Vec<Option<Effect>>,
    /// The loss along the most decisive unknown with a scale.
    pub curve: Option<Curve>,
    /// What all of this says.
    pub answer: Answer,
    /// The study was broken off; what is there is complete in itself.
    pub interrupted: bool,
}

/// Why there is no study.
#[derive(Debug)]
pub enum StudyError<E> {
    /// The case itself cannot be built.
    Case(E),
    /// The operating system gives no threads.
    Threads(String),
}

/// Runs a case and moves its unknowns. `case_of` builds the case with some knobs set over what
/// files and flags say; `stop` is asked now and then whether to break off.
///
/// A study costs `runs` simulations, and for the unknowns, of which at most
/// [`MOST_VARIED`] are moved, at `effect_runs` simulations a point: both ends of each,
/// two corners with all at once, at most [`MOST_POINTS`] points to find where the loss
/// begins, and seven along the most decisive one.
///
/// # Errors
/// The error of `case_of` for the case itself, or threads that cannot be started. A range end that
/// cannot be built is no error: that unknown is reported as not varied.
pub fn run<E>(
    case_of: &dyn Fn(&[Override]) -> Result<Case, E>,
    options: Options,
    progress: &dyn Progress,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Study, StudyError<E>> {
    let case = case_of(&[]).map_err(StudyError::Case)?;
    let pool = pool::Pool::new(options.threads, progress, stop).map_err(StudyError::Threads)?;
    let mut central = pool::Central::default();
    let mut case = case;
    match options.until {
        None => {
            progress.planned("runs", case.runs);
            pool.each(&case.spec, case.seed, 0..case.runs, &mut |run, result| {
                central.take(&case, run, result)
            });
        }
        Some(until) => {
            let mut done = 0;
            while let Some(next) = until.next(done, &central.runs).filter(|_| !pool.stopped()) {
                progress.planned("runs until the answer is narrow enough", next - done);
                let take = &mut |run, result| central.take(&case, run, result);
                pool.each(&case.spec, case.seed, done..next, take);
                done = next;
            }
            // As many as were wanted, in the end.
            case.runs = done;
        }
    }
    central.finish(&case);
    let mut study = Study {
        first: central.first.unwrap_or_default(),
        runs: central.runs,
        total: central.total,
        samples: central.samples,
        effects: vec![None; case.assumptions.len()],
        curve: None,
        answer: Answer::default(),
        interrupted: pool.stopped(),
        case,
    };
    let fewer = options.effect_runs.unwrap_or(study.case.runs.div_ceil(6).max(5)).min(study.case.runs);
    let mut points = effects::Points::new(&pool, study.case.seed, fewer);
    if !options.central_only && !study.interrupted {
        let at = |overrides: &[Override]| case_of(overrides).ok().map(|case| Arc::clone(&case.spec));
        study.effects = effects::vary(&study.case, &mut points, &at);
        study.answer = answer::conclude(&study, &mut points, &at);
        study.curve = curve::follow(&study, &mut points, &at);
    } else {
        study.answer = answer::conclude(&study, &mut points, &|_| None);
    }
    study.interrupted = pool.stopped();
    Ok(study)
}
