//! Where settings are tried: cells of one trial at one corner of the unknowns, simulated on all
//! cores, each once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Cost;
use super::goal::{self, Goal, Reason, Shortfall};
use super::knobs::Knob;
use super::refused::refused;
use super::search::{Oracle, Reply, Setting};
use super::trials::{Demand, Trial};
use super::unknowns::{Corner, Unknown};
use crate::config::case::{Case, Override};
use crate::config::described::EventLine;
use crate::config::inputs::Inputs;
use crate::sim::RunResult;
use crate::study::{Change, Context, Metric, Pool, RunSummary, Side, compare};
use crate::units::{Nanos, SimTime, format_duration};

/// One trial at one corner, with these runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) trial: usize,
    pub(super) corner: Corner,
    pub(super) seed: u64,
    pub(super) runs: u32,
}

/// A cell with its unknowns as values: trial, seed, runs, and what is set. It has one result, whatever
/// ranges the values are the ends of.
type Key = (usize, u64, u32, Vec<(String, String)>);

/// One run of a cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Observed {
    pub(super) summary: RunSummary,
    /// The most terminating pods at once.
    pub(super) terminating: u32,
    /// The longest time from a pod's deletion until it was gone, nanoseconds.
    pub(super) stop_ns: Option<u64>,
    /// How long the last of several rollouts took, nanoseconds.
    pub(super) back_ns: Option<u64>,
}

/// What a cell gave.
#[derive(Clone, Debug)]
pub(super) struct Tried {
    pub(super) lines: Vec<Observed>,
    case: Arc<Case>,
}

/// Everything that settings are tried with.
pub(super) struct Bench<'a> {
    pub(super) pool: &'a Pool<'a>,
    pub(super) inputs: &'a Inputs,
    pub(super) own: &'a [EventLine],
    pub(super) knobs: &'a [Knob],
    pub(super) trials: &'a [Trial],
    pub(super) goals: &'a [Goal],
    pub(super) cost: Cost,
    pub(super) unknowns: Vec<Unknown>,
    /// What must hold, in the order it was added.
    pub(super) cells: Vec<Cell>,
    /// What fails with a setting.
    known: BTreeMap<(Setting, Key), Option<Shortfall>>,
    /// What the present setting gives, where that is what others are compared with.
    before: BTreeMap<Key, Vec<RunSummary>>,
    /// The cell that failed last: where a setting fails, it mostly fails there.
    hot: Option<Cell>,
    /// Runs so far.
    pub(super) simulated: u32,
}

/// For what only is to be measured.
pub(super) fn anything(_: &Case) -> Option<Reason> {
    None
}

/// Cells that are tried side by side; the others wait for what they give.
const AT_ONCE: usize = 4;
/// A run that ends before its rollout does is made again, twice as long, so often.
const MOST_EXTENSIONS: u32 = 3;

impl<'a> Bench<'a> {
    #[expect(clippy::too_many_arguments, reason = "each is a part of the question, and there is one caller")]
    pub(super) fn new(
        pool: &'a Pool<'a>,
        inputs: &'a Inputs,
        own: &'a [EventLine],
        knobs: &'a [Knob],
        trials: &'a [Trial],
        goals: &'a [Goal],
        cost: Cost,
        unknowns: Vec<Unknown>,
    ) -> Bench<'a> {
        Bench {
            pool,
            inputs,
            own,
            knobs,
            trials,
            goals,
            cost,
            unknowns,
            cells: Vec::new(),
            known: BTreeMap::new(),
            before: BTreeMap::new(),
            hot: None,
            simulated: 0,
        }
    }

    /// What has to be set for a setting.
    pub(super) fn overrides(&self, setting: &[usize]) -> Vec<Override> {
        self.knobs.iter().zip(setting).filter_map(|(knob, value)| knob.set(*value)).collect()
    }

    fn key(&self, cell: Cell) -> Key {
        let set = cell.corner.overrides(&self.unknowns).into_iter().map(|set| (set.knob, set.value));
        (cell.trial, cell.seed, cell.runs, set.collect())
    }

    fn present(&self) -> Setting {
        self.knobs.iter().map(|knob| knob.now).collect()
    }

    /// What fails with a setting, if anything does.
    pub(super) fn failure(&mut self, setting: &[usize]) -> Option<Shortfall> {
        let mut open: Vec<Cell> = Vec::new();
        let mut keys: BTreeSet<Key> = BTreeSet::new();
        for &cell in &self.cells {
            let key = self.key(cell);
            match self.known.get(&(setting.to_vec(), key.clone())) {
                Some(Some(failure)) => return Some(failure.clone()),
                Some(None) => {}
                None if keys.insert(key) => open.push(cell),
                None => {}
            }
        }
        // The likeliest to fail goes ahead alone, the rest a few at a time.
        if let Some(hot) = open.iter().position(|cell| Some(*cell) == self.hot) {
            let hot = open.remove(hot);
            if let Some(failure) = self.try_cells(setting, &[hot]) {
                return Some(failure);
            }
        }
        open.chunks(AT_ONCE).find_map(|few| self.try_cells(setting, few))
    }

    fn try_cells(&mut self, setting: &[usize], cells: &[Cell]) -> Option<Shortfall> {
        let overrides = self.overrides(setting);
        let tried = self.simulate(self.inputs, &overrides, cells, refused);
        let mut first = None;
        for (&cell, tried) in cells.iter().zip(tried) {
            let failure = self.judge(cell, tried);
            if self.pool.stopped() {
                return None;
            }
            self.known.insert((setting.to_vec(), self.key(cell)), failure.clone());
            if failure.is_some() && first.is_none() {
                self.hot = Some(cell);
                first = failure;
            }
        }
        first
    }

    /// What fails in a cell. A corner that cannot be built says nothing.
    pub(super) fn judge(&mut self, cell: Cell, tried: Result<Option<Tried>, Reason>) -> Option<Shortfall> {
        let words = cell.corner.words(&self.unknowns);
        let failure = |reason| Shortfall::new(cell.trial, words.clone(), reason);
        let tried = match tried {
            Ok(Some(tried)) => tried,
            Ok(None) => return None,
            Err(reason) => return Some(failure(reason)),
        };
        let runs: Vec<RunSummary> = tried.lines.iter().map(|line| line.summary.clone()).collect();
        let context = context(&tried.case);
        let failed = match self.trials[cell.trial].demand {
            Demand::Goals => goal::failing(self.goals, &runs, &context).map(failure),
            Demand::NoWorse => self.worse(cell, &runs, context).then(|| failure(Reason::Worse)),
        };
        failed.map(|failure| failure.seen(&runs, &tried.case))
    }

    /// Whether more is lost than with the present setting, run by run.
    fn worse(&mut self, cell: Cell, runs: &[RunSummary], context: Context) -> bool {
        let key = self.key(cell);
        if !self.before.contains_key(&key) {
            let present = self.overrides(&self.present());
            let Some(Ok(Some(before))) = self.simulate(self.inputs, &present, &[cell], anything).pop() else {
                return false;
            };
            let lines = before.lines.into_iter().map(|line| line.summary).collect();
            self.before.insert(key.clone(), lines);
        }
        let Some(before) = self.before.get(&key) else { return false };
        let base = Side { runs: before, context };
        let compared = compare(Metric::Lost, base, Side { runs, context }, true, 0.0);
        compared.is_some_and(|compared| compared.change == Change::Worse)
    }

    /// Simulates cells with these knobs set, except where `screen` has a reason not to; the inputs
    /// may be other ones than the bench's own.
    pub(super) fn simulate(
        &mut self,
        inputs: &Inputs,
        overrides: &[Override],
        cells: &[Cell],
        screen: fn(&Case) -> Option<Reason>,
    ) -> Vec<Result<Option<Tried>, Reason>> {
        let mut made: Vec<Result<Option<Tried>, Reason>> = cells.iter().map(|_| Ok(None)).collect();
        let mut open: Vec<usize> = (0..cells.len()).collect();
        for extension in 0..=MOST_EXTENSIONS {
            let mut cases = Vec::new();
            for &index in &open {
                let case = self.case(inputs, overrides, cells[index], 1 << extension);
                let screened = case.and_then(|case| match case.as_ref().and_then(screen) {
                    Some(reason) => Err(reason),
                    None => Ok(case),
                });
                match screened {
                    Ok(Some(case)) => cases.push((index, Arc::new(case))),
                    Ok(None) => made[index] = Ok(None),
                    Err(reason) => made[index] = Err(reason),
                }
            }
            let jobs: Vec<(usize, u32)> = cases
                .iter()
                .enumerate()
                .flat_map(|(at, (index, _))| {
                    let cell = cells[*index];
                    (0..cell.runs).map(move |run| (at, run))
                })
                .collect();
            let count = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
            self.pool.planned("settings tried", count);
            self.simulated = self.simulated.saturating_add(count);
            let spec = |&(at, run): &(usize, u32)| {
                let (index, case) = &cases[at];
                (Arc::clone(&case.spec), cells[*index].seed, run)
            };
            let line =
                |&(at, run): &(usize, u32), result: RunResult| Observed::of(&cases[at].1, run, &result);
            let lines = self.pool.map(&jobs, &spec, &line);
            let mut again = Vec::new();
            for (at, (index, case)) in cases.iter().enumerate() {
                let mine = jobs.iter().zip(&lines).filter(|((of, _), _)| *of == at);
                let lines: Vec<Observed> = mine.map(|(_, line)| line.clone()).collect();
                if lines.iter().any(|line| line.summary.rollouts_open > 0) {
                    again.push(*index);
                }
                made[*index] = Ok(Some(Tried { lines, case: Arc::clone(case) }));
            }
            open = again;
            if open.is_empty() || self.pool.stopped() {
                break;
            }
        }
        made
    }

    /// The case of a cell. `None` where the corner cannot be built although the setting can.
    pub(super) fn case(
        &self,
        inputs: &Inputs,
        overrides: &[Override],
        cell: Cell,
        times: u64,
    ) -> Result<Option<Case>, Reason> {
        let all = |corner: Corner| [overrides, &corner.overrides(&self.unknowns)].concat();
        let first = |errors: Vec<crate::diag::Diagnostic>| {
            let error = errors.into_iter().find(|error| error.is_error());
            Reason::Impossible { why: error.map_or_else(String::new, |error| error.message), helps: &[] }
        };
        let mut set = all(cell.corner);
        let case = match inputs.case(&set) {
            Ok(case) => case,
            Err(_) => return inputs.case(&all(Corner::Central)).map(|_| None).map_err(first),
        };
        let plan = self.trials[cell.trial].plan(&case, self.own);
        let wanted = Nanos(plan.duration.0.saturating_mul(times)).min(Nanos::MAX_SPAN);
        if plan.events.is_none() && wanted == case.spec.load.duration() {
            return Ok(Some(case));
        }
        set.push(Override { knob: "duration".to_owned(), value: format_duration(wanted) });
        inputs.case_with(plan.events.as_deref(), &set).map(Some).map_err(first)
    }
}

impl Oracle for Bench<'_> {
    fn ask(&mut self, setting: &[usize]) -> Reply {
        match self.failure(setting) {
            None => Reply::Holds,
            Some(failure) => {
                let names = failure.helps(self.goals);
                let of = |name: &&str| self.knobs.iter().position(|knob| knob.name == *name);
                Reply::Fails(names.iter().filter_map(of).collect())
            }
        }
    }

    /// Mean pods (pod-hours per hour), or seconds of a rollout, at the usual values.
    fn cost(&mut self, setting: &[usize]) -> f64 {
        let overrides = self.overrides(setting);
        let (trials, seed) = (0..self.trials.len(), self.cells.first().map_or(1, |cell| cell.seed));
        let cells: Vec<Cell> = trials
            .filter(|trial| self.cost == Cost::RolloutTime || *trial == 0)
            .map(|trial| Cell { trial, corner: Corner::Central, seed, runs: 2 })
            .collect();
        let tried = self.simulate(self.inputs, &overrides, &cells, anything);
        let lines: Vec<Observed> = tried.into_iter().flatten().flatten().flat_map(|o| o.lines).collect();
        match self.cost {
            Cost::PodHours => {
                mean(lines.iter().map(|line| line.summary.mean_pods())).unwrap_or(f64::INFINITY)
            }
            Cost::RolloutTime => {
                let times = lines.iter().filter_map(|line| Some(line.summary.rollout_ns? as f64 / 1e9));
                mean(times).unwrap_or(f64::INFINITY)
            }
        }
    }

    fn stopped(&self) -> bool {
        self.pool.stopped()
    }
}

/// The mean of some values; `None` of none.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / f64::from(count))
}

fn context(case: &Case) -> Context {
    Context { load_s: case.spec.load.duration().as_secs_f64(), keepalive_s: case.margins.keepalive_s }
}

impl Observed {
    fn of(case: &Case, run: u32, result: &RunResult) -> Observed {
        let timeline = &result.timeline;
        let stopped = timeline.pods.iter().filter_map(|pod| {
            let deleted = pod.deleted.filter(|at| *at >= SimTime::START)?;
            Some(pod.gone?.since(deleted).0)
        });
        let mut back = timeline.rollouts.iter().skip(1).filter_map(|r| Some(r.end?.since(r.start).0));
        Observed {
            summary: RunSummary::of(case, run + 1, result),
            terminating: timeline.counts.iter().map(|counts| counts.terminating).max().unwrap_or(0),
            stop_ns: stopped.max(),
            back_ns: back.next_back(),
        }
    }
}
