//! The story of a lost request: as text, as JSON, as a picture with one lane per place.

mod svg;

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::report::explain::wrapped;
use crate::study::why::{Counterfactual, Saving, Story, pod_number};
use crate::units::SimTime;

pub use svg::picture;

/// Columns of running text.
const WIDTH: usize = 100;

/// The story as text, about a screen. `remedy` is what the result advises against its cause.
pub fn text(story: &Story, remedy: Option<&str>) -> String {
    let mut page = String::new();
    let method = story.method.map_or(String::new(), |method| format!("{method} ", method = method.as_str()));
    let _ = match &story.lost {
        Some(lost) => writeln!(
            page,
            "{}, run {}: {method}request {} lost with {} ({})",
            story.name, story.run, story.request, lost.status, lost.cause
        ),
        None => writeln!(
            page,
            "{}, run {}: request {} was answered after {} failed attempts",
            story.name,
            story.run,
            story.request,
            story.attempts.len()
        ),
    };
    let (zero, what) = &story.zero;
    let _ = writeln!(page, "times count from {what}, {:.3} s into the run\n", zero.run_secs());
    for moment in &story.moments {
        let mark = if moment.of_request { '>' } else { ' ' };
        let _ = writeln!(
            page,
            "{mark} {:>10}  {:13}  {}",
            signed(seconds(moment.at, *zero)),
            moment.lane.word(),
            moment.words
        );
    }
    let _ = write!(page, "\n{}", counterfactual(&story.counterfactual, story));
    if let Some(remedy) = remedy {
        let _ = write!(page, "\nWhat ends such losses, and what it costs\n{}", wrapped(remedy, WIDTH, "  "));
    }
    page
}

fn counterfactual(answer: &Counterfactual, story: &Story) -> String {
    if story.lost.is_none() {
        return String::new();
    }
    let mut words = String::new();
    match &answer.saved_by {
        Some(saving) => {
            let _ = writeln!(
                words,
                "What would have saved it: {} (simulated again: this request is answered; the run loses {} instead of {}{})",
                change_words(saving),
                saving.lost_in_run,
                story.lost_in_run,
                // It may only have moved the loss to others.
                if saving.lost_in_run < story.lost_in_run { "" } else { ", so it is no remedy" }
            );
        }
        None if answer.tried.is_empty() => {
            let _ =
                writeln!(words, "No knob of podloss saves it; `podloss explain` tells what ends its cause.");
        }
        None => {
            let _ = writeln!(words, "No single change that was tried saves it:");
        }
    }
    for tried in &answer.tried {
        if tried.saves_at.is_some() {
            continue;
        }
        let range = match tried.from == tried.to {
            true => tried.from.clone(),
            false => format!("{}..{}", tried.from, tried.to),
        };
        let _ = writeln!(words, "  {} {range} does not", tried.knob);
    }
    words
}

fn change_words(saving: &Saving) -> String {
    let parts: Vec<String> =
        saving.change.iter().map(|change| format!("--set {}={}", change.knob, change.value)).collect();
    parts.join(" ")
}

/// The story as JSON, schema `podloss-why/1`. Pods have the numbers that the text gives them.
pub fn to_json(story: &Story) -> Value {
    let (zero, what) = &story.zero;
    let at = |time: SimTime| rounded(seconds(time, *zero));
    json!({
        "schema": "podloss-why/1",
        "name": story.name,
        "run": story.run,
        "request": story.request,
        "method": story.method.map(|method| method.as_str()),
        "front_end": story.front_end,
        "status": story.lost.map(|lost| lost.status.as_str()),
        "cause": story.lost.map(|lost| lost.cause.as_str()),
        "pod": story.lost.and_then(|lost| lost.pod).map(pod_number),
        "zero": { "is": what, "run_s": rounded(zero.run_secs()) },
        "sent_s": at(story.sent),
        "lost_s": story.lost.map(|lost| at(lost.at)),
        "attempts": story.attempts.iter().map(|attempt| json!({
            "pod": pod_number(attempt.pod),
            "sent_s": at(attempt.sent),
            "failed_s": at(attempt.failed),
            "reused_connection": attempt.reused,
            "cause": attempt.cause.as_str(),
            "retried": attempt.retried,
        })).collect::<Vec<_>>(),
        "moments": story.moments.iter().map(|moment| json!({
            "at_s": at(moment.at),
            "lane": moment.lane.word(),
            "what": moment.words,
            "of_request": moment.of_request,
        })).collect::<Vec<_>>(),
        "lost_in_run": story.lost_in_run,
        "counterfactual": {
            "saved_by": story.counterfactual.saved_by.as_ref().map(|saving| json!({
                "set": saving.change.iter()
                    .map(|change| json!({"knob": change.knob, "value": change.value}))
                    .collect::<Vec<_>>(),
                "lost_in_run": saving.lost_in_run,
            })),
            "tried": story.counterfactual.tried.iter().map(|tried| json!({
                "knob": tried.knob,
                "from": tried.from,
                "to": tried.to,
                "saves_at": tried.saves_at,
            })).collect::<Vec<_>>(),
            "simulated": story.counterfactual.simulated,
        },
    })
}

/// Seconds from `zero`, negative before it.
fn seconds(at: SimTime, zero: SimTime) -> f64 {
    at.run_secs() - zero.run_secs()
}

/// To a tenth of a millisecond.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1e4).round() / 1e4 + 0.0
}

/// `+0.123 s`.
fn signed(seconds: f64) -> String {
    format!("{:+.3} s", (seconds * 1e3).round() / 1e3 + 0.0)
}

#[cfg(test)]
mod tests;
