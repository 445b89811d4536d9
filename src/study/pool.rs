//! Many runs in parallel, taken in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::{FirstRun, Progress, RunSummary, Sample};
use crate::account::{MAX_SAMPLES_PER_CAUSE, Tally};
use crate::config::case::Case;
use crate::sim::spec::SimSpec;
use crate::sim::{self, RunResult};

/// Threads, somebody who watches, and somebody who may break off.
pub(crate) struct Pool<'a> {
    threads: rayon::ThreadPool,
    progress: &'a dyn Progress,
    stop: &'a (dyn Fn() -> bool + Sync),
    stopped: AtomicBool,
}

/// What one run is made from: the input, the seed, and the run's number counted from 0.
pub(crate) type OneRun = (Arc<SimSpec>, u64, u32);

/// Runs per thread between two merges: enough to even out runs of different length, few enough
/// that results which wait to be merged need little memory.
const RUNS_PER_THREAD: u32 = 4;

impl<'a> Pool<'a> {
    pub(crate) fn new(
        threads: Option<usize>,
        progress: &'a dyn Progress,
        stop: &'a (dyn Fn() -> bool + Sync),
    ) -> Result<Pool<'a>, String> {
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.unwrap_or(0))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Pool { threads, progress, stop, stopped: AtomicBool::new(false) })
    }

    /// Announces work.
    pub(crate) fn planned(&self, purpose: &str, runs: u32) {
        self.progress.planned(purpose, runs);
    }

    /// Whether somebody has broken off.
    pub(crate) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Simulates these runs and hands each result to `take` in that order. Results are merged
    /// and dropped batch by batch, so memory does not grow with the number of runs, and the order
    /// of merging does not depend on the number of threads.
    pub(super) fn each(
        &self,
        spec: &Arc<SimSpec>,
        seed: u64,
        runs: std::ops::Range<u32>,
        take: &mut dyn FnMut(u32, RunResult),
    ) {
        let batch = u32::try_from(self.threads.current_num_threads()).unwrap_or(1).max(1) * RUNS_PER_THREAD;
        let mut first = runs.start;
        while first < runs.end && !self.asked_to_stop() {
            let last = runs.end.min(first.saturating_add(batch));
            let results: Vec<RunResult> = self.threads.install(|| {
                let one = |run: u32| {
                    let result = sim::run(spec, seed, u64::from(run), &|| self.asked_to_stop());
                    self.progress.done();
                    result
                };
                (first..last).into_par_iter().map(one).collect()
            });
            (first..last).zip(results).for_each(|(run, result)| take(run, result));
            first = last;
        }
    }

    /// Simulates one run for each job, all at once, and keeps what `take` makes of each.
    pub(crate) fn map<J: Sync, T: Send>(
        &self,
        jobs: &[J],
        run_of: &(dyn Fn(&J) -> OneRun + Sync),
        take: &(dyn Fn(&J, RunResult) -> T + Sync),
    ) -> Vec<T> {
        self.threads.install(|| {
            let one = |job: &J| {
                let (spec, seed, run) = run_of(job);
                let result = sim::run(&spec, seed, u64::from(run), &|| self.asked_to_stop());
                self.progress.done();
                take(job, result)
            };
            jobs.par_iter().map(one).collect()
        })
    }

    fn asked_to_stop(&self) -> bool {
        let stop = self.stopped() || (self.stop)();
        if stop {
            self.stopped.store(true, Ordering::Relaxed);
        }
        stop
    }
}

/// Gathers the runs at the central values.
#[derive(Default)]
pub(super) struct Central {
    pub(super) runs: Vec<RunSummary>,
    pub(super) total: Tally,
    pub(super) samples: Vec<Sample>,
    pub(super) first: Option<FirstRun>,
    /// The first run that was broken off.
    partial: Option<(u32, RunResult)>,
}

impl Central {
    /// Takes in run number `run`, counted from 0. A run that was broken off is put aside.
    pub(super) fn take(&mut self, case: &Case, run: u32, result: RunResult) {
        if result.interrupted {
            self.partial.get_or_insert((run, result));
        } else {
            self.count(case, run, result);
        }
    }

    /// All runs are in. A run that was broken off counts only where nothing else is there to show.
    pub(super) fn finish(&mut self, case: &Case) {
        if let Some((run, result)) = self.partial.take().filter(|_| self.runs.is_empty()) {
            self.count(case, run, result);
        }
    }

    fn count(&mut self, case: &Case, run: u32, mut result: RunResult) {
        if self.first.is_none() {
            self.first = Some(FirstRun::of(&case.spec, &result));
        }
        self.runs.push(RunSummary::of(case, run + 1, &result));
        for (&(status, cause), tally) in &mut result.tally.causes {
            let kept = self.samples.iter().filter(|s| (s.status, s.cause) == (status, cause)).count();
            let room = MAX_SAMPLES_PER_CAUSE.saturating_sub(kept);
            // Samples know their run here; the sum of tallies would forget it.
            let samples = std::mem::take(&mut tally.samples).into_iter().take(room);
            self.samples.extend(samples.map(|loss| Sample { run: run + 1, status, cause, loss }));
        }
        self.total.merge(&result.tally);
    }
}
