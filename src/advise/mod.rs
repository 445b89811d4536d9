//! Advice: the cheapest setting of some knobs that holds whatever the unmeasured inputs are.
//!
//! In reading order: `trials` (what a setting is scored on), `goal` (what is asked there), `knobs`
//! (what may be turned, cheapest value first), `unknowns` (ranges and their corners), `search`
//! (pure: over an oracle), `bench` (that oracle: simulations), `refused` (what no simulation is
//! asked), `narrow` (where nothing holds over the whole ranges), `patch` (the setting as Kubernetes
//! objects), `settle` (search, patch and verification, until they agree).

mod answer;
mod bench;
mod goal;
mod knobs;
mod narrow;
mod patch;
mod refused;
mod search;
mod settle;
#[cfg(test)]
mod tests;
mod trials;
mod unknowns;

use crate::config::case::{Case, Override};
use crate::config::described::EventLine;
use crate::config::inputs::Inputs;
use crate::config::manifest::select_workload;
use crate::diag::Diagnostic;
use crate::study::{LEAST_RUNS, Pool, Progress};
use crate::units::format_duration;

use bench::{Bench, Cell, Observed, anything, mean};
use patch::Target;
use search::{Setting, with};
use settle::settle;

pub use answer::{Advice, Background, Conclusion, Cost, Costs, Question, Value, Verified};
pub use goal::{Goal, Reason, Shortfall};
pub use knobs::{Knob, Left, NAMES, Wish};
pub use patch::Patch;
pub use trials::{Demand, Trial};
pub use unknowns::{Corner, Unknown};

/// Why there is no advice.
#[derive(Debug)]
pub enum NoAdvice {
    /// The input, or the question.
    Input(Vec<Diagnostic>),
    /// The system gives no threads, or podloss is at fault.
    Failed(String),
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
    if selection.deployment.progressive.is_some() {
        let message = format!(
            "{} is a Rollout of Argo: its rollback is not simulated, and no strategic merge patch can be applied to it",
            selection.deployment.meta.title()
        );
        let help = "compare settings with `podloss sweep`, or write it as a Deployment";
        return Err(Diagnostic::error(CODE, message).at(selection.deployment.meta.place()).help(help).into());
    }
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
    let pool = Pool::new(question.threads, progress, stop)
        .map_err(|error| NoAdvice::Failed(format!("cannot start threads: {error}")))?;
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
    let found = !matches!(answer.conclusion, Conclusion::Nothing(_));
    let values = knobs.iter().enumerate().map(|(index, knob)| Value {
        knob: knob.clone(),
        advised: setting[index],
        bound: match setting[index].checked_sub(1) {
            Some(cheaper) if found && cheaper >= knob.rungs().floor => {
                bench.failure(&with(&setting, index, cheaper))
            }
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
        conclusion: answer.conclusion,
        values,
        left,
        trials: trials.iter().map(in_words).collect(),
        not_scored,
        costs,
        patch: answer.patch,
        verified: answer.verified,
        simulated: bench.simulated,
        background: Background::of(
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

fn cells(trials: &[Trial], corners: &[Corner], seed: u64, runs: u32) -> Vec<Cell> {
    let runs = |trial: &Trial| match trial.demand {
        Demand::Goals => runs,
        // Fewer pairs decide nothing.
        Demand::NoWorse => runs.max(LEAST_RUNS as u32),
    };
    let of = |(trial, what): (usize, &Trial)| {
        let runs = runs(what);
        corners.iter().map(move |&corner| Cell { trial, corner, seed, runs })
    };
    trials.iter().enumerate().flat_map(of).collect()
}

fn costs(bench: &mut Bench<'_>, setting: &[usize], seed: u64) -> Costs {
    let cells = cells(bench.trials, &[Corner::Central], seed, COST_RUNS);
    let overrides = bench.overrides(setting);
    let all = bench.simulate(bench.inputs, &overrides, &cells, anything);
    let lines: Vec<Vec<Observed>> = all
        .into_iter()
        .map(|tried| tried.ok().flatten().map_or_else(Vec::new, |tried| tried.lines))
        .collect();
    let all = || lines.iter().flatten();
    let seconds = |ns: u64| ns as f64 / 1e9;
    // A rollout that nothing disturbs, and the way back.
    let once = |line: &&Observed| line.summary.rollouts == 1;
    Costs {
        pods: lines.first().and_then(|own| mean(own.iter().map(|line| line.summary.mean_pods()))),
        rollout_s: mean(all().filter(once).filter_map(|line| line.summary.rollout_ns).map(seconds)),
        rollback_s: mean(all().filter_map(|line| line.back_ns).map(seconds)),
        peak_pods: all().map(|line| line.summary.max_pods).max().unwrap_or(0),
        terminating: all().map(|line| line.terminating).max().unwrap_or(0),
        stop_s: all().filter_map(|line| line.stop_ns).max().map(seconds),
    }
}
