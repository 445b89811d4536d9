//! Running the parts of a shard.

use rayon::prelude::*;

use super::plan::Plan;
use super::row::{Figures, Outcome, Row};
use super::shard::Shard;
use crate::sim;
use crate::study::{Context, Progress, RunSummary};

/// Where finished parts go.
pub trait Sink {
    /// What may go wrong with it.
    type Error;

    /// Whether this part is there already.
    fn has(&self, part: u64) -> bool;

    /// Takes a finished part.
    ///
    /// # Errors
    /// The part cannot be kept.
    fn take(&mut self, part: u64, rows: Vec<Row>) -> Result<(), Self::Error>;
}

/// Why a sweep ended early.
#[derive(Debug)]
pub enum Ended<E> {
    /// A part cannot be kept.
    Sink(E),
    /// The operating system gives no threads.
    Threads(String),
}

/// Runs every part of the shard that the sink does not have, one part after the other, points and
/// runs of a part in parallel. `Ok(false)` if somebody broke off; the part in progress is dropped.
///
/// # Errors
/// See [`Ended`].
pub fn run<S: Sink>(
    plan: &Plan<'_>,
    shard: Shard,
    threads: Option<usize>,
    progress: &dyn Progress,
    stop: &(dyn Fn() -> bool + Sync),
    sink: &mut S,
) -> Result<bool, Ended<S::Error>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build();
    let pool = pool.map_err(|error| Ended::Threads(error.to_string()))?;
    let parts: Vec<u64> = shard.parts(plan.header.parts).filter(|part| !sink.has(*part)).collect();
    let runs: u64 = parts.iter().map(|part| plan.part(*part)).map(|points| points.end - points.start).sum();
    let runs = runs.saturating_mul(u64::from(plan.header.runs));
    progress.planned("runs of the sweep", u32::try_from(runs).unwrap_or(u32::MAX));
    for part in parts {
        let rows: Option<Vec<Row>> = pool.install(|| {
            let points: Vec<u64> = plan.part(part).collect();
            points.into_par_iter().map(|point| row(plan, point, progress, stop)).collect()
        });
        let Some(rows) = rows else { return Ok(false) };
        sink.take(part, rows).map_err(Ended::Sink)?;
    }
    Ok(true)
}

/// Simulates one point; `None` if somebody broke off.
fn row(
    plan: &Plan<'_>,
    point: u64,
    progress: &dyn Progress,
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Row> {
    let overrides = plan.overrides(point);
    let runs = plan.header.runs;
    let outcome = match plan.inputs.case(&overrides) {
        Err(diagnostics) => {
            (0..runs).for_each(|_| progress.done());
            let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
            Outcome::Refused(errors.map(|error| error.message.clone()).collect::<Vec<_>>().join("; "))
        }
        Ok(case) => {
            let one = |run: u32| {
                if stop() {
                    return None;
                }
                let result = sim::run(&case.spec, case.seed, u64::from(run), stop);
                progress.done();
                (!result.interrupted).then(|| RunSummary::of(&case, run + 1, &result))
            };
            let lines: Vec<RunSummary> = (0..runs).into_par_iter().map(one).collect::<Option<_>>()?;
            let context = Context {
                load_s: case.spec.load.duration().as_secs_f64(),
                keepalive_s: case.margins.keepalive_s,
            };
            Outcome::Ran(Box::new(Figures::of(&lines, &plan.metrics, &context)))
        }
    };
    let knobs = overrides.into_iter().map(|set| (set.knob, set.value)).collect();
    Some(Row { point, id: plan.point_id(point), knobs, outcome })
}
