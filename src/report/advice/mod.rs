//! Advice for people and for machines.
//!
//! Nothing is ever called safe or free of downtime: the words are "no loss predicted while ...",
//! with the ranges that it was tried over.

mod json;
mod words;

use std::io::{self, Write};

use super::text::number::{about, cut, wrap};
use super::text::{Line, Tone, WIDTH, counted};
use crate::advise::{Advice, Conclusion, Cost, Demand, Unknown, Value};
use crate::stats::printed;

pub use json::to_json;

/// Writes advice as a page.
///
/// # Errors
/// What the destination says.
pub fn write(advice: &Advice, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    for line in page(advice) {
        writeln!(out, "{}", line.render(colour))?;
    }
    Ok(())
}

fn page(advice: &Advice) -> Vec<Line> {
    let mut lines = heading(advice);
    lines.extend(answer(advice));
    lines.extend(values(advice));
    lines.extend(ranges(advice));
    lines.extend(scored(advice));
    if !matches!(advice.conclusion, Conclusion::Nothing(_)) {
        lines.extend(costs(advice));
        lines.extend(list("Mind", &words::notes(advice)));
        lines.extend(patch(advice));
    }
    lines
}

fn title(text: &str) -> [Line; 2] {
    [Line::blank(), Line::toned(text, Tone::Strong)]
}

/// A text at an indent, its first line behind `lead`.
fn indented(lead: &str, text: &str) -> Vec<Line> {
    let blank = " ".repeat(lead.chars().count());
    let body = wrap(text, WIDTH.saturating_sub(blank.len()).max(20));
    let put = |(index, line): (usize, String)| {
        Line::plain(format!("{}{line}", if index == 0 { lead } else { &blank }))
    };
    body.into_iter().enumerate().map(put).collect()
}

fn list(name: &str, items: &[String]) -> Vec<Line> {
    if items.is_empty() {
        return Vec::new();
    }
    let mut lines: Vec<Line> = title(name).into();
    lines.extend(items.iter().flat_map(|item| indented("  - ", item)));
    lines
}

fn heading(advice: &Advice) -> Vec<Line> {
    let heading = &advice.heading;
    let front_end = heading.front_end_words();
    let words = [&heading.workload, &heading.load, &heading.size, &front_end, &heading.kubernetes];
    let words: Vec<&str> = words.into_iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    let goals: Vec<&str> = advice.question.goals.iter().map(|goal| goal.text.as_str()).collect();
    let cost = match advice.question.cost {
        Cost::PodHours => "pod-hours",
        Cost::RolloutTime => "rollout-time",
    };
    let mut lines: Vec<Line> = wrap(&words.join("  "), WIDTH).into_iter().map(Line::plain).collect();
    lines.extend(indented("goal: ", &format!("{}; cheapest by {cost}", goals.join(" and "))));
    lines
}

fn answer(advice: &Advice) -> Vec<Line> {
    let present = match &advice.present {
        None => "At present every goal holds at the bad ends of the unknowns.".to_owned(),
        Some(failure) => format!("At present: {}.", words::failure(advice, failure)),
    };
    let changed = advice.values.iter().filter(|value| value.advised != value.knob.now).count();
    let what = if changed == 0 {
        "the present values".to_owned()
    } else {
        format!("{} changed", counted(changed, "value"))
    };
    let (text, tone) = match &advice.conclusion {
        Conclusion::Holds => {
            (format!("HOLDS over the whole ranges of the unknowns, with {what}"), Tone::Good)
        }
        Conclusion::Narrowed(_) => {
            let all: Vec<String> =
                advice.unknowns.iter().filter(|unknown| unknown.narrowed).map(words::limit).collect();
            let tail = "beyond that no value of these knobs holds";
            (format!("HOLDS ONLY WHILE {}, with {what}; {tail}", all.join(" and ")), Tone::Warning)
        }
        Conclusion::Nothing(failure) => {
            let moved = advice.values.iter().filter(|value| value.advised != value.knob.now);
            let dear: Vec<String> = moved
                .map(|value| format!("{} {}", value.knob.name, value.knob.values[value.advised]))
                .collect();
            let with = match dear.as_slice() {
                [] => "and no knob that may be turned bears on it".to_owned(),
                dear => format!("even with {}", dear.join(" and ")),
            };
            (format!("NOTHING HOLDS, {with}: {}", words::failure(advice, failure)), Tone::Bad)
        }
        Conclusion::Undecided(failure) => (
            format!(
                "NOT DECIDED: fresh runs went on finding failures, the last one: {}",
                words::failure(advice, failure)
            ),
            Tone::Warning,
        ),
    };
    let mut lines = vec![Line::blank()];
    lines.extend(wrap(&present, WIDTH).into_iter().map(Line::plain));
    lines.extend(wrap(&text, WIDTH).into_iter().map(|line| Line::toned(line, tone)));
    if let Conclusion::Nothing(failure) | Conclusion::Narrowed(failure) = &advice.conclusion {
        lines.extend(wrap(&words::beyond(advice, failure), WIDTH).into_iter().map(Line::plain));
    }
    lines
}

fn values(advice: &Advice) -> Vec<Line> {
    let mut lines: Vec<Line> = title(&format!("  {:<27} {:<14} {:<10} why", "knob", "now", "advised")).into();
    let nothing = matches!(advice.conclusion, Conclusion::Nothing(_));
    let moved = |value: &&Value| value.advised != value.knob.now;
    for value in advice.values.iter().filter(moved) {
        let (now, advised) = (&value.knob.values[value.knob.now], &value.knob.values[value.advised]);
        let lead = format!("  {:<27} {:<14} {:<10} ", value.knob.name, cut(now, 14), cut(advised, 10));
        let why = if nothing {
            "the dearest value tried, and not enough".to_owned()
        } else {
            words::why(advice, value)
        };
        lines.extend(indented(&lead, &why));
    }
    let (bound, kept): (Vec<&Value>, Vec<&Value>) =
        advice.values.iter().filter(|value| !moved(value)).partition(|value| value.bound.is_some());
    for value in bound {
        let now = &value.knob.values[value.knob.now];
        let lead = format!("  {:<27} {:<14} {:<10} ", value.knob.name, cut(now, 14), "as it is");
        lines.extend(indented(&lead, &words::why(advice, value)));
    }
    let kept: Vec<String> = kept
        .iter()
        .map(|value| format!("{} {}", value.knob.name, value.knob.values[value.advised]))
        .collect();
    if !kept.is_empty() {
        lines.extend(indented("  as they are: ", &kept.join(", ")));
    }
    lines.extend(
        advice
            .left
            .iter()
            .flat_map(|left| indented("  left alone: ", &format!("{}: {}", left.name, left.reason))),
    );
    lines
}

fn ranges(advice: &Advice) -> Vec<Line> {
    if advice.unknowns.is_empty() {
        return Vec::new();
    }
    let holds = !matches!(advice.conclusion, Conclusion::Nothing(_) | Conclusion::Undecided(_));
    let loss = advice.question.goals.iter().all(|goal| goal.forbids_loss());
    let name = match (holds, loss) {
        (true, true) => "No loss predicted while",
        (true, false) => "The goals are predicted to hold while",
        (false, _) => "Unmeasured inputs and the ranges that were tried",
    };
    let faults = advice.trials.iter().any(|(trial, _)| trial.demand == Demand::NoWorse);
    let apart = if holds && faults { " (faults apart, which lose no more than now)" } else { "" };
    let mut lines: Vec<Line> = title(&format!("{name}{apart}")).into();
    let row = |unknown: &Unknown| {
        let mut source = format!("{} ({})", unknown.assumption.label, words::origin(unknown));
        if let Some((_, whole)) = unknown.assumption.range.as_ref().filter(|_| unknown.narrowed) {
            source.push_str(&format!(", and not up to {whole}"));
        }
        Line::plain(cut(&format!("  {:<27} {:<25} {source}", unknown.assumption.key, unknown.range()), WIDTH))
    };
    lines.extend(advice.unknowns.iter().map(row));
    lines
}

fn scored(advice: &Advice) -> Vec<Line> {
    let mut lines: Vec<Line> = title("Scored on").into();
    for (trial, events) in &advice.trials {
        let demand = match trial.demand {
            Demand::Goals => "",
            Demand::NoWorse => "; not to lose more than now",
        };
        lines.extend(indented(
            &format!("  {:<17} ", trial.name),
            &format!("{events}: {}{demand}", trial.what),
        ));
    }
    let not: Vec<String> =
        advice.not_scored.iter().map(|(name, reason)| format!("{name} ({reason})")).collect();
    if !not.is_empty() {
        lines.extend(indented("  not scored: ", &not.join("; ")));
    }
    lines
}

fn costs(advice: &Advice) -> Vec<Line> {
    let mut lines: Vec<Line> =
        title(&format!("  {:<45} {:>10} {:>10}", "cost, unknowns at their usual values", "now", "advised"))
            .into();
    let [now, advised] = &advice.costs;
    let seconds = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |s| format!("{} s", about(s)));
    let pods = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), two);
    let count = |value: u32| value.to_string();
    for (name, now, advised) in [
        ("pods on average, as written (pod-hours per hour)", pods(now.pods), pods(advised.pods)),
        ("a rollout", seconds(now.rollout_s), seconds(advised.rollout_s)),
        ("a rollback out of a rollout", seconds(now.rollback_s), seconds(advised.rollback_s)),
        ("most pods at once, each with its address", count(now.peak_pods), count(advised.peak_pods)),
        ("of these terminating, connections held", count(now.terminating), count(advised.terminating)),
        ("until a deleted pod is gone; a drain waits", seconds(now.stop_s), seconds(advised.stop_s)),
    ] {
        lines.push(Line::plain(format!("  {name:<48} {now:>7} {advised:>10}")));
    }
    lines
}

/// The patch; where there is none, a comment that says why, so that no older patch is taken for it.
pub fn to_yaml(advice: &Advice) -> String {
    let why = match &advice.conclusion {
        _ if !advice.patch.yaml.is_empty() => return advice.patch.yaml.clone(),
        Conclusion::Holds | Conclusion::Narrowed(_) => "the present values are the advice",
        Conclusion::Nothing(_) => "nothing holds",
        Conclusion::Undecided(_) => "it is not decided what holds",
    };
    format!("# podloss advise: no patch, {why}\n")
}

/// Two digits behind the point.
fn two(value: f64) -> String {
    printed((value * 100.0).round() / 100.0).map_or_else(|| "-".to_owned(), |value| format!("{value}"))
}

fn patch(advice: &Advice) -> Vec<Line> {
    let mut lines = Vec::new();
    if !advice.patch.yaml.is_empty() {
        lines.extend(title("Patch (strategic merge)"));
        lines.extend(advice.patch.yaml.lines().map(|line| Line::plain(format!("  {line}"))));
    }
    lines.push(Line::blank());
    if let Some(verified) = advice.verified {
        let what = if advice.patch.yaml.is_empty() {
            "the manifests as they are"
        } else {
            "the patch applied to the manifests"
        };
        let text = format!(
            "Verified: {what}, {} with a fresh seed ({}) in {} of trial and unknowns, and none fails. {} in all.",
            counted(verified.runs as usize, "run"),
            verified.seed,
            counted(verified.cells as usize, "combination"),
            counted(advice.simulated as usize, "run"),
        );
        lines.extend(wrap(&text, WIDTH).into_iter().map(|line| Line::toned(line, Tone::Faint)));
    }
    lines
}
