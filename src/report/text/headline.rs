//! The first lines: what was run, how much of it is guessed, and the answer; and the last one.

use super::WIDTH;
use super::number::{about, counted, cut, wrap};
use super::paint::{Line, Tone};
use crate::report::result::{Assumed, StoredResult};
use crate::stats::{Summary, clopper_pearson, none_below};
use crate::study::Verdict;

pub(super) fn lines(result: &StoredResult) -> Vec<Line> {
    let mut lines = heading(result);
    lines.extend(warnings(result));
    lines.push(Line::toned(guesses(result), Tone::Faint));
    let good = result.answer.verdict == Verdict::Never;
    let tone = if good { Tone::Good } else { Tone::Strong };
    lines.extend(wrap(&verdict(result), WIDTH).into_iter().map(|line| Line::toned(line, tone)));
    if result.header.events.is_empty() && result.runs.iter().all(|run| run.replicas_min == run.replicas_max) {
        let text = "No event was given: nothing was rolled out, scaled or drained. Add --event rollout@60s.";
        lines.push(Line::toned(text, Tone::Faint));
    }
    lines.push(Line::blank());
    lines
}

fn heading(result: &StoredResult) -> Vec<Line> {
    let heading = &result.header.heading;
    let runs = result.runs.len();
    let work = if result.interrupted {
        format!("INTERRUPTED after {runs} of {} runs", result.header.runs)
    } else {
        counted(runs, "run")
    };
    let words =
        [&heading.workload, &heading.load, &heading.size, &heading.front_end, &heading.kubernetes, &work];
    let mut lines: Vec<String> = Vec::new();
    for word in words.into_iter().filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 2 + word.chars().count() <= WIDTH => {
                line.push_str("  ");
                line.push_str(word);
            }
            _ => lines.push(cut(word, WIDTH)),
        }
    }
    lines.into_iter().map(Line::plain).collect()
}

/// The warnings themselves are told when the input is read; here they must not be forgotten.
fn warnings(result: &StoredResult) -> Option<Line> {
    let first = result.header.warnings.first()?;
    let more = match result.header.warnings.len() {
        1 => String::new(),
        n => format!("{n} warnings, the first: "),
    };
    Some(Line::toned(cut(&format!("warning: {more}{}", first.message), WIDTH), Tone::Warning))
}

fn guesses(result: &StoredResult) -> String {
    let decisive: Vec<&Assumed> = result.header.assumptions.iter().filter(|a| a.decisive).collect();
    let guessed = decisive.iter().filter(|a| a.origin == "guess").count();
    match (decisive.len(), guessed) {
        (0, _) => "nothing decisive had to be assumed".to_owned(),
        (all, 0) => format!("none of the {} is a guess", counted(all, "decisive input")),
        (all, guessed) => {
            let so = match (result.answer.varied, guessed) {
                (0, 1) => "it was held at its central value",
                (0, _) => "they were held at their central values",
                _ => "the answer below is a range",
            };
            match (all, guessed) {
                (1, _) => format!("the one decisive input is a guess: {so}"),
                (_, 1) => format!("1 of {all} decisive inputs is a guess: {so}"),
                _ => format!("{guessed} of {all} decisive inputs are guesses: {so}"),
            }
        }
    }
}

/// `rollout`, where there is one, else `run`.
pub(super) fn unit(result: &StoredResult) -> &'static str {
    if result.runs.iter().any(|run| run.rollouts > 0) { "rollout" } else { "run" }
}

fn verdict(result: &StoredResult) -> String {
    let (answer, unit) = (&result.answer, unit(result));
    let runs = result.runs.len() as u32;
    let hits = result.runs.iter().filter(|run| run.lost > 0).count() as u32;
    let losses: Vec<f64> = result.runs.iter().map(|run| run.lost as f64).collect();
    let Some(lost) = Summary::of(&losses) else { return "no run has finished: no answer".to_owned() };
    let varied = answer.varied > 0;
    let range = if varied {
        format!("plausible {}..{}; ", about(answer.lost_range.0), about(answer.lost_range.1))
    } else {
        String::new()
    };
    let amount = format!(
        "about {} per {unit} ({range}chance alone {}..{})",
        about(lost.mean),
        about(lost.min),
        about(lost.max)
    );
    let in_runs = format!("{hits} of {runs} {unit}s");
    match answer.verdict {
        Verdict::Unknown => "NO REQUEST was sent: nothing can be said about losses".to_owned(),
        Verdict::Always if varied => {
            format!("LOSES in {in_runs}, whatever the unmeasured inputs are: {amount}")
        }
        Verdict::Always => format!("LOSES in {in_runs}: {amount}"),
        Verdict::Never => {
            let scope = if varied { ", nor at any value tried of the unmeasured inputs" } else { "" };
            format!(
                "NO LOSS in {runs} of {runs} {unit}s{scope}; a {unit} with loss is less than {:.1} % likely (95 % \
                 confidence)",
                100.0 * none_below(runs)
            )
        }
        Verdict::Depends => match depends_on(result) {
            Some(on) => format!("DEPENDS on {on}. As assumed: loss in {in_runs}, {amount}"),
            None => {
                let share = clopper_pearson(hits, runs);
                format!(
                    "LOSES in {in_runs} (95 % interval {:.0}..{:.0} %): {amount}",
                    100.0 * share.lo,
                    100.0 * share.hi
                )
            }
        },
    }
}

/// What the loss hangs on, where it hangs on an unknown and not on chance.
fn depends_on(result: &StoredResult) -> Option<String> {
    let answer = &result.answer;
    if let Some(flip) = &answer.flip {
        let label =
            result.header.assumptions.iter().find(|a| a.key == flip.key).map_or(&flip.key, |a| &a.label);
        let sign = if flip.rising { ">" } else { "<" };
        return Some(match flip.searched {
            true => format!("{label}: flips at {} {sign} {}", flip.key, flip.without),
            false => format!("{label}: none with `{}`, some with `{}`", flip.without, flip.with),
        });
    }
    let differs = |effect: &crate::study::Effect| (effect.lo.with_loss == 0) != (effect.hi.with_loss == 0);
    answer
        .corners
        .as_ref()
        .filter(|corners| differs(corners))
        .map(|_| "several unmeasured inputs together".to_owned())
}

pub(super) fn closing(result: &StoredResult) -> Vec<Line> {
    let mut text = String::new();
    if !result.header.not_seen.is_empty() {
        text = format!("Not seen in these files: {}.", result.header.not_seen.join(", "));
    }
    let next = match result.remedies.first() {
        Some(remedy) => format!("Next: podloss explain {}", remedy.cause),
        None => "Next: --out DIR for plots".to_owned(),
    };
    if text.chars().count() + 3 + next.chars().count() <= WIDTH {
        text = format!("{text}   {next}");
    }
    vec![Line::toned(cut(text.trim(), WIDTH), Tone::Faint)]
}
