//! Advice: the cheapest setting of some knobs that holds whatever the unmeasured inputs are.
//!
//! In reading order: `trials` (what a setting is scored on), `goal` (what is asked there), `knobs`
//! (what may be turned, cheapest value first), `unknowns` (ranges and their corners), `search`
//! (pure: over an oracle), `bench` (that oracle: simulations), `narrow` (where nothing holds over
//! the whole ranges), `patch` (the setting as Kubernetes objects).
//!
//! [`advise`] searches at the worst corner, writes the patch, applies it to the manifests, and runs
//! what comes out at every corner with fresh seeds. Whatever fails there joins the search.

mod answer;
mod bench;
mod goal;
mod knobs;
mod narrow;
mod patch;
mod search;
mod trials;
mod unknowns;

use crate::config::case::{Case, Override};
use crate::config::described::EventLine;
use crate::config::inputs::Inputs;
use crate::config::knobs::find;
use crate::config::manifest::select_workload;
use crate::diag::Diagnostic;
use crate::study::{LEAST_RUNS, Pool, Progress};
use crate::units::format_duration;

use bench::{Bench, Cell, Line, mean};
use patch::Target;
use search::{Found, Setting, search, with};

pub use answer::{Advice, Cost, Costs, Facts, Outcome, Question, Value, Verified};
pub use goal::{Failure, Goal, Reason};
pub use knobs::{Knob, Left, NAMES, Wish};
pub use patch::Patch;
pub use trials::{Demand, Trial};
pub use unknowns::{Corner, Unknown};

/// Why there is no advice.
#[derive(Debug)]
pub enum NoAdvice {
    /// The input, or the question.
    Input(Vec<Diagnostic>),
    /// The operating system gives no threads.
    Threads(String),
    /// Somebody broke off.
    Stopped,
}

impl From<Vec<Diagnostic>> for NoAdvice {
    fn from(errors: Vec<Diagnostic>) -> NoAdvice {
        NoAdvice::Input(errors)
    }
}

impl From<Diagnostic> for NoAdvice {
    fn from(error: Diagnostic) -> NoAdvice {
        NoAdvice::Input(vec![error])
    }
}

/// The code of errors about the question.
const CODE: &str = "advise";
/// Runs of a cell while searching: a loss that comes in every other run is seen with three.
const SEARCH_RUNS: u32 = 3;
/// Runs that show what a setting costs.
const COST_RUNS: u32 = 3;
/// How often fresh failures start the search anew.
const MOST_ROUNDS: u64 = 8;
/// So many fresh failures at once join the search.
const MOST_JOINING: usize = 3;
/// And each with so many times the runs it was found with.
const RUNS_OF_JOINING: u32 = 4;

/// Looks for the cheapest setting that holds.
///
/// # Errors
/// See [`NoAdvice`].
pub fn advise(
    inputs: &Inputs,
    question: Question,
    progress: &dyn Progress,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Advice, NoAdvice> {
    if inputs.has_from() {
        let message = "advice is about every rollout to come, and `--from` is about one";
        return Err(Diagnostic::error(CODE, message).help("leave `--from` out").into());
    }
    let case = inputs.case(&[])?;
    let own = inputs.described(&[])?.0.events;
    let wanted = inputs.wanted_workload();
    let selection = select_workload(inputs.manifests(), wanted.as_deref())?;
    let (knobs, left) = knobs::knobs(&case, &selection, question.cost, &question.wishes)
        .map_err(|message| Diagnostic::error(CODE, message))?;
    if knobs.is_empty() {
        let reasons: Vec<String> =
            left.iter().map(|left| format!("{}: {}", left.name, left.reason)).collect();
        let error = Diagnostic::error(CODE, "there is no knob to turn");
        return Err(match reasons.is_empty() {
            true => error.into(),
            false => error.help(reasons.join("; ")).into(),
        });
    }
    let (trials, mut not_scored) = trials::trials(&case, &own);
    let trials = that_can_be(trials, &mut not_scored, &case, inputs, &own);
    let pool = Pool::new(question.threads, progress, stop).map_err(NoAdvice::Threads)?;
    let unknowns = unknowns::unknowns(&case);
    let goals = question.goals.clone();
    let mut bench = Bench::new(&pool, inputs, &own, &knobs, &trials, &goals, question.cost, unknowns);
    bench.cells = cells(&trials, &[Corner::worst(&bench.unknowns)], case.seed, SEARCH_RUNS);
    let present: Setting = knobs.iter().map(|knob| knob.now).collect();
    let fails_at_present = bench.failure(&present);

    let target = Target {
        manifests: inputs.manifests(),
        selection: &selection,
        kubernetes_minor: case.spec.kubernetes_minor,
    };
    let answer = settle(&mut bench, &question, &target, case.seed)?;
    let setting = answer.setting;
    let values = knobs.iter().enumerate().map(|(index, knob)| Value {
        knob: knob.clone(),
        advised: setting[index],
        bound: match setting[index].checked_sub(1) {
            Some(cheaper) if cheaper >= knob.ladder().floor => bench.failure(&with(&setting, index, cheaper)),
            _ => None,
        },
    });
    let values: Vec<Value> = values.collect();
    let costs = [&present, &setting].map(|setting| costs(&mut bench, setting, case.seed));
    let advised = inputs.case(&bench.overrides(&setting))?;
    if pool.stopped() {
        return Err(NoAdvice::Stopped);
    }
    let in_words = |trial: &Trial| (trial.clone(), trial.words(&advised, &own));
    Ok(Advice {
        name: case.name.clone(),
        heading: case.heading.clone(),
        present: fails_at_present,
        outcome: answer.outcome,
        values,
        left,
        trials: trials.iter().map(in_words).collect(),
        not_scored,
        costs,
        patch: answer.patch,
        verified: answer.verified,
        simulated: bench.simulated,
        facts: Facts::of(
            &advised,
            selection.disruption_budgets.iter().map(|b| b.meta.name.clone()).collect(),
        ),
        unknowns: bench.unknowns,
        question,
    })
}

/// Trials whose events this workload can meet; the others go to what is not scored.
fn that_can_be(
    mut trials: Vec<Trial>,
    not_scored: &mut Vec<(&'static str, String)>,
    case: &Case,
    inputs: &Inputs,
    own: &[EventLine],
) -> Vec<Trial> {
    trials.retain(|trial| {
        let plan = trial.plan(case, own);
        let duration = Override { knob: "duration".to_owned(), value: format_duration(plan.duration) };
        let made = plan.events.map(|events| inputs.case_with(Some(&events), &[duration]));
        let Some(Err(errors)) = made else { return true };
        let error = errors.into_iter().find(Diagnostic::is_error);
        not_scored.push((trial.name, error.map_or_else(String::new, |error| error.message)));
        false
    });
    trials
}

/// What the rounds of search and verification come to.
struct Answer {
    setting: Setting,
    outcome: Outcome,
    patch: Patch,
    verified: Option<Verified>,
}

fn settle(
    bench: &mut Bench<'_>,
    question: &Question,
    target: &Target<'_>,
    seed: u64,
) -> Result<Answer, NoAdvice> {
    let ladders: Vec<_> = bench.knobs.iter().map(Knob::ladder).collect();
    let orders = orders(bench.knobs);
    let mut round = 0;
    let mut beyond = None;
    loop {
        let setting = match search(&ladders, &orders, bench) {
            Found::Stopped => return Err(NoAdvice::Stopped),
            Found::Cheapest(setting) => setting,
            Found::Nothing(dearest) => match narrow::narrow(bench, &dearest) {
                narrow::Narrowed::Stopped => return Err(NoAdvice::Stopped),
                narrow::Narrowed::To(failure) => {
                    beyond = Some(failure);
                    continue;
                }
                narrow::Narrowed::Nothing(failure) => {
                    let outcome = Outcome::Nothing(failure);
                    return Ok(Answer { setting: dearest, outcome, patch: Patch::default(), verified: None });
                }
            },
        };
        round += 1;
        let made = make_patch(bench, &setting, target);
        let (verified, failures) = verify(bench, &made, seed.wrapping_add(round), question.runs)?;
        let outcome = match failures.first() {
            None => beyond.map_or(Outcome::Holds, Outcome::Narrowed),
            Some((_, failure)) if round >= MOST_ROUNDS => {
                let outcome = Outcome::Undecided(failure.clone());
                return Ok(Answer { setting, outcome, patch: Patch::default(), verified: None });
            }
            Some(_) => {
                // With more runs, so that a setting cannot pass by luck what fails now and then.
                let joining = failures.into_iter().take(MOST_JOINING);
                let more = |(cell, _): (Cell, _)| Cell { runs: cell.runs * RUNS_OF_JOINING, ..cell };
                bench.cells.extend(joining.map(more));
                continue;
            }
        };
        return Ok(Answer { setting, outcome, patch: made, verified: Some(verified) });
    }
}

/// The order of the knobs, and where two may become cheaper than they are, the other way round too:
/// the least autoscaler with a high target is not that with a low one.
fn orders(knobs: &[Knob]) -> Vec<Vec<usize>> {
    let plain: Vec<usize> = (0..knobs.len()).collect();
    let free: Vec<usize> = plain.iter().copied().filter(|knob| knobs[*knob].free).collect();
    if free.len() < 2 {
        return vec![plain];
    }
    let rest = plain.iter().copied().filter(|knob| !knobs[*knob].free);
    let turned = free.iter().rev().copied().chain(rest).collect();
    vec![plain, turned]
}

fn cells(trials: &[Trial], corners: &[Corner], seed: u64, runs: u32) -> Vec<Cell> {
    let runs = |trial: &Trial| match trial.demand {
        Demand::Goals => runs,
        // Fewer pairs decide nothing.
        Demand::NoWorse => runs.max(LEAST_RUNS as u32),
    };
    let of = |(trial, what): (usize, &Trial)| {
        let runs = runs(what);
        corners.iter().map(move |&corner| Cell { trial, corner, seed, first: 0, runs })
    };
    trials.iter().enumerate().flat_map(of).collect()
}

/// The patch for a setting: what changes, and what the scenario sets over the manifests.
fn make_patch(bench: &Bench<'_>, setting: &[usize], target: &Target<'_>) -> Patch {
    let told = bench
        .knobs
        .iter()
        .zip(setting)
        .filter(|(knob, value)| **value != knob.now || is_set(bench.inputs, knob));
    let values: Vec<(&Knob, &str)> = told.map(|(knob, value)| (knob, knob.values[*value].as_str())).collect();
    patch::patch(&values, target)
}

fn is_set(inputs: &Inputs, knob: &Knob) -> bool {
    find(knob.name).is_ok_and(|found| inputs.sets(found.knob))
}

/// Applies the patch to the manifests and runs what comes out, at every corner, with a fresh seed.
fn verify(
    bench: &mut Bench<'_>,
    patch: &Patch,
    seed: u64,
    runs: u32,
) -> Result<(Verified, Vec<(Cell, Failure)>), NoAdvice> {
    let knobs: Vec<_> = bench.knobs.iter().filter_map(|knob| Some(find(knob.name).ok()?.knob)).collect();
    let patched = if patch.yaml.is_empty() { None } else { Some(bench.inputs.patched(&patch.yaml, &knobs)?) };
    let inputs = patched.as_ref().unwrap_or(bench.inputs);
    let cells = cells(bench.trials, &Corner::all(&bench.unknowns), seed, runs);
    let before = bench.simulated;
    let mut failures = Vec::new();
    let mut made = 0;
    // A trial at a time, so that a failure comes early and results do not pile up.
    for chunk in cells.chunk_by(|a, b| a.trial == b.trial) {
        let outcomes = bench.outcomes(inputs, &[], chunk);
        made += u32::try_from(chunk.len()).unwrap_or(u32::MAX);
        for (&cell, outcome) in chunk.iter().zip(outcomes) {
            failures.extend(bench.judge(cell, outcome).map(|failure| (cell, failure)));
        }
        if bench.pool.stopped() {
            return Err(NoAdvice::Stopped);
        }
        if failures.len() >= MOST_JOINING {
            break;
        }
    }
    // What is lost most tells most.
    failures.sort_by_key(|(_, failure)| std::cmp::Reverse(failure.lost));
    Ok((Verified { seed, runs: bench.simulated - before, cells: made }, failures))
}

fn costs(bench: &mut Bench<'_>, setting: &[usize], seed: u64) -> Costs {
    let cells = cells(bench.trials, &[Corner::Central], seed, COST_RUNS);
    let overrides = bench.overrides(setting);
    let outcomes = bench.outcomes(bench.inputs, &overrides, &cells);
    let lines: Vec<Vec<Line>> = outcomes
        .into_iter()
        .map(|outcome| outcome.ok().flatten().map_or_else(Vec::new, |o| o.lines))
        .collect();
    let all = || lines.iter().flatten();
    let seconds = |ns: u64| ns as f64 / 1e9;
    // A rollout that nothing disturbs, and the way back.
    let once = |line: &&Line| line.summary.rollouts == 1;
    Costs {
        pods: lines.first().and_then(|own| mean(own.iter().map(|line| line.summary.mean_pods()))),
        rollout_s: mean(all().filter(once).filter_map(|line| line.summary.rollout_ns).map(seconds)),
        rollback_s: mean(all().filter_map(|line| line.back_ns).map(seconds)),
        peak_pods: all().map(|line| line.summary.max_pods).max().unwrap_or(0),
        terminating: all().map(|line| line.terminating).max().unwrap_or(0),
        stop_s: all().filter_map(|line| line.stop_ns).max().map(seconds),
    }
}
