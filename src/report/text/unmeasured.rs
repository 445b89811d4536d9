//! The table of what nobody measured, by what it does to the answer.

use super::number::{about, cut};
use super::paint::{Line, Tone};
use crate::report::result::{Assumed, StoredResult};
use crate::study::Effect;

pub(super) fn header(result: &StoredResult) -> Line {
    let points = match result.answer.runs_per_point {
        0 => String::new(),
        runs => format!(" ({runs} runs an end)"),
    };
    let lost = format!("lost{points}");
    Line::toned(
        format!(" {:<32} {:<10} {:<16} {lost:<20} set with", "unmeasured, by effect", "used", "range"),
        Tone::Faint,
    )
}

/// Decisive assumptions: those that were moved by their effect, the others after them.
pub(super) fn rows(result: &StoredResult) -> Vec<Vec<Line>> {
    let assumptions = &result.header.assumptions;
    let moved = result.effects_by_size();
    let still = assumptions.iter().enumerate().filter(|(i, a)| a.decisive && result.effects[*i].is_none());
    let rows = moved.iter().map(|(index, effect)| row(&assumptions[*index], Some(effect)));
    rows.chain(still.map(|(_, assumed)| row(assumed, None))).map(|line| vec![line]).collect()
}

fn row(assumed: &Assumed, effect: Option<&Effect>) -> Line {
    let range = assumed.range.as_ref().map_or_else(|| "-".to_owned(), |(lo, hi)| format!("{lo}..{hi}"));
    let lost = match effect {
        Some(effect) => format!("{}..{}", about(effect.lo.mean()), about(effect.hi.mean())),
        None => "not varied".to_owned(),
    };
    Line::plain(format!(
        " {:<32} {:<10} {:<16} {lost:<20} {}",
        cut(&assumed.label, 32),
        cut(&assumed.value, 10),
        cut(&range, 16),
        cut(&assumed.set_with, 17),
    ))
}
