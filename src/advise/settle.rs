//! Search at the worst corner, the patch, and the verification of what it makes of the manifests, at
//! every corner with fresh seeds. Whatever fails there joins the search, until nothing does.

use super::answer::{Conclusion, Question, Verified};
use super::bench::{Bench, Cell};
use super::goal::Shortfall;
use super::knobs::Knob;
use super::narrow::{Narrowed, narrow};
use super::patch::{Patch, Target, patch};
use super::refused::refused;
use super::search::{Found, Setting, search};
use super::unknowns::Corner;
use super::{NoAdvice, cells};
use crate::config::inputs::Inputs;
use crate::config::knobs::find;

/// How often fresh failures start the search anew.
const MOST_ROUNDS: u64 = 8;
/// So many fresh failures at once join the search.
const MOST_JOINING: usize = 3;
/// And each with so many times the runs it was found with.
const RUNS_OF_JOINING: u32 = 4;

/// What the rounds of search and verification come to.
pub(super) struct Answer {
    pub(super) setting: Setting,
    pub(super) conclusion: Conclusion,
    pub(super) patch: Patch,
    pub(super) verified: Option<Verified>,
}

pub(super) fn settle(
    bench: &mut Bench<'_>,
    question: &Question,
    target: &Target<'_>,
    seed: u64,
) -> Result<Answer, NoAdvice> {
    let rungs: Vec<_> = bench.knobs.iter().map(Knob::rungs).collect();
    let orders = orders(bench.knobs);
    let mut round = 0;
    let mut beyond = None;
    loop {
        let setting = match search(&rungs, &orders, bench) {
            Found::Stopped => return Err(NoAdvice::Stopped),
            Found::Cheapest(setting) => setting,
            Found::Nothing(dearest) => {
                // Known by now, unless somebody broke off.
                let Some(failure) = bench.failure(&dearest) else { return Err(NoAdvice::Stopped) };
                match narrow(bench, &dearest, failure) {
                    Narrowed::Stopped => return Err(NoAdvice::Stopped),
                    Narrowed::To(failure) => {
                        // What fails over the whole ranges, not over those of an earlier round.
                        beyond.get_or_insert(failure);
                        continue;
                    }
                    Narrowed::Nothing(failure) => {
                        let conclusion = Conclusion::Nothing(failure);
                        return Ok(Answer {
                            setting: dearest,
                            conclusion,
                            patch: Patch::default(),
                            verified: None,
                        });
                    }
                }
            }
        };
        round += 1;
        let made = make_patch(bench, &setting, target);
        let (verified, failures) = verify(bench, &setting, &made, seed.wrapping_add(round), question.runs)?;
        let conclusion = match failures.first() {
            None => beyond.map_or(Conclusion::Holds, Conclusion::Narrowed),
            Some((_, failure)) if round >= MOST_ROUNDS => {
                let conclusion = Conclusion::Undecided(failure.clone());
                return Ok(Answer { setting, conclusion, patch: Patch::default(), verified: None });
            }
            Some(_) => {
                // With more runs, so that a setting cannot pass by luck what fails now and then.
                let joining = failures.into_iter().take(MOST_JOINING);
                let more = |(cell, _): (Cell, _)| Cell { runs: cell.runs * RUNS_OF_JOINING, ..cell };
                bench.cells.extend(joining.map(more));
                continue;
            }
        };
        return Ok(Answer { setting, conclusion, patch: made, verified: Some(verified) });
    }
}

/// The order of the knobs, and where two may stand for each other, the other way round too: the least
/// autoscaler with a high target is not that with a low one, nor is it that with a long window.
fn orders(knobs: &[Knob]) -> Vec<Vec<usize>> {
    let plain: Vec<usize> = (0..knobs.len()).collect();
    let trades = |knob: &usize| knobs[*knob].free || knobs[*knob].name == "hpa.scaleDown.window";
    let (trading, rest): (Vec<usize>, Vec<usize>) = plain.iter().partition(|knob| trades(knob));
    if trading.len() < 2 {
        return vec![plain];
    }
    vec![plain, trading.into_iter().rev().chain(rest).collect()]
}

/// The patch for a setting: what changes, and what the scenario sets over the manifests.
fn make_patch(bench: &Bench<'_>, setting: &[usize], target: &Target<'_>) -> Patch {
    let told = bench
        .knobs
        .iter()
        .zip(setting)
        .filter(|(knob, value)| **value != knob.now || is_set(bench.inputs, knob));
    let values: Vec<(&Knob, &str)> = told.map(|(knob, value)| (knob, knob.values[*value].as_str())).collect();
    patch(&values, target)
}

fn is_set(inputs: &Inputs, knob: &Knob) -> bool {
    find(knob.name).is_ok_and(|found| inputs.sets(found.knob))
}

/// Applies the patch to the manifests and runs what comes out, at every corner, with a fresh seed.
fn verify(
    bench: &mut Bench<'_>,
    setting: &[usize],
    patch: &Patch,
    seed: u64,
    runs: u32,
) -> Result<(Verified, Vec<(Cell, Shortfall)>), NoAdvice> {
    let patched = if patch.yaml.is_empty() { None } else { Some(patched(bench, setting, patch)?) };
    let inputs = patched.as_ref().unwrap_or(bench.inputs);
    let cells = cells(bench.trials, &Corner::all(&bench.unknowns), seed, runs);
    let before = bench.simulated;
    let mut failures = Vec::new();
    let mut made = 0;
    // A trial at a time, so that a failure comes early and results do not pile up.
    for chunk in cells.chunk_by(|a, b| a.trial == b.trial) {
        let all = bench.simulate(inputs, &[], chunk, refused);
        for (&cell, tried) in chunk.iter().zip(all) {
            made += u32::from(matches!(tried, Ok(Some(_))));
            failures.extend(bench.judge(cell, tried).map(|failure| (cell, failure)));
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

/// The inputs with the patch applied, in which every knob must stand where it is advised to.
fn patched(bench: &Bench<'_>, setting: &[usize], patch: &Patch) -> Result<Inputs, NoAdvice> {
    let all: Vec<_> = bench.knobs.iter().filter_map(|knob| Some(find(knob.name).ok()?.knob)).collect();
    let inputs = bench.inputs.patched(&patch.yaml, &all)?;
    let case = inputs.case(&[])?;
    let astray = bench.knobs.iter().zip(setting).find(|(knob, value)| !knob.stands_at(**value, &case));
    match astray {
        None => Ok(inputs),
        Some((knob, value)) => Err(NoAdvice::Failed(format!(
            "the patch does not set {} to {}: please report this, with the manifests",
            knob.name, knob.values[*value]
        ))),
    }
}
