//! A comparison as a table.

use std::io::{self, Write};

use super::{Comparison, Label, Ranges, Row};
use crate::report::text::{Line, Tone, about, cut};
use crate::study::{Change, Compared, Metric, Quantity};
use crate::units::decimals;

/// Writes the configurations, one table per pair, and the verdicts.
///
/// # Errors
/// What the destination says.
pub fn write(comparison: &Comparison, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let fronts_differ = comparison.sides.iter().any(|side| side.front_end != comparison.sides[0].front_end);
    for side in &comparison.sides {
        let name = if side.name == side.source { String::new() } else { format!("  ({})", side.name) };
        let front = if fronts_differ { format!("  {}", side.front_end) } else { String::new() };
        let text =
            format!("{}  {}{name}{front}  {} runs, seed {}", side.letter, side.source, side.runs, side.seed);
        writeln!(out, "{}", cut(&text, 100))?;
    }
    let manner = if comparison.paired {
        "equal seeds: differences are taken run by run"
    } else {
        "different seeds: runs are not paired, so more of them are needed"
    };
    writeln!(out, "{}", Line::toned(manner, Tone::Faint).render(colour))?;
    for (index, side) in comparison.sides.iter().enumerate().skip(1) {
        writeln!(out)?;
        writeln!(out, "{}", Line::toned(header(&comparison.sides[0], side), Tone::Faint).render(colour))?;
        for row in &comparison.rows {
            if let Some(compared) = &row.others[index - 1] {
                writeln!(out, "{}", line(row, compared).render(colour))?;
            }
        }
        if let Some(words) = comparison.ranges.get(index - 1).and_then(|ranges| over_ranges(side, ranges)) {
            writeln!(out, "{}", cut(&words, 100))?;
        }
        let change = comparison.verdicts[index - 1];
        let deciding = comparison.deciding.join(", ");
        let mut line =
            Line::toned(format!("{} is {}", side.letter, word(change).to_uppercase()), tone(change));
        line.push(&cut(&format!("  by {}", if deciding.is_empty() { "no metric" } else { &deciding }), 80));
        writeln!(out, "{}", line.render(colour))?;
    }
    Ok(())
}

fn header(base: &Label, side: &Label) -> String {
    let difference = format!("{} - {}", side.letter, base.letter);
    format!(
        "{:<18} {:>9} {:>9} {difference:>10}  {:<22} verdict",
        "", base.letter, side.letter, "95 % interval"
    )
}

fn line(row: &Row, compared: &Compared) -> Line {
    let value = |value: f64| shown(row.metric, value);
    let signed = |v: f64| if v > 0.0 { format!("+{}", value(v)) } else { value(v) };
    let interval = compared
        .difference
        .ci95
        .map_or_else(|| "-".to_owned(), |ci| format!("{} .. {}", signed(ci.lo), signed(ci.hi)));
    let mut line = Line::plain(format!(
        "{:<18} {:>9} {:>9} {:>10}  {interval:<22} ",
        cut(&row.name, 18),
        value(compared.base),
        value(compared.other),
        signed(compared.difference.mean),
    ));
    line.push_toned(word(compared.change), tone(compared.change));
    if compared.change == Change::Inconclusive {
        line.push(&match compared.runs_needed {
            Some(runs) => format!(" (~{runs} runs)"),
            None => String::new(),
        });
    }
    line
}

/// What the ranges say; `None` where nothing was moved in both.
fn over_ranges(side: &Label, ranges: &Ranges) -> Option<String> {
    let Ranges { points, less, more, against } = ranges;
    if *points == 0 {
        return None;
    }
    let (trend, many) = if less >= more { ("less", less) } else { ("more", more) };
    let except = match &against[..] {
        [] => String::new(),
        names => format!("; the other way at {}", names.join(", ")),
    };
    Some(match (less, more) {
        (0, 0) => format!("over the unmeasured inputs: {} loses as much at all {points} ends", side.letter),
        _ => format!(
            "over the unmeasured inputs: {} loses {trend} on average at {many} of {points} ends{except}",
            side.letter
        ),
    })
}

fn word(change: Change) -> &'static str {
    match change {
        Change::Better => "better",
        Change::Same => "same",
        Change::Differs => "differs",
        Change::Inconclusive => "inconclusive",
        Change::Worse => "worse",
    }
}

fn tone(change: Change) -> Tone {
    match change {
        Change::Better => Tone::Good,
        Change::Same | Change::Differs => Tone::Plain,
        Change::Inconclusive => Tone::Warning,
        Change::Worse => Tone::Bad,
    }
}

/// A value or difference, short enough for a column.
pub(in crate::report) fn shown(metric: Metric, value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    let size = value.abs();
    let text = match metric.quantity() {
        Quantity::Runs | Quantity::Share => format!("{} %", decimals(100.0 * size, 2)),
        Quantity::Seconds if size < 1.0 => format!("{} ms", decimals(1e3 * size, 1)),
        Quantity::Seconds if size < 600.0 => format!("{} s", decimals(size, 1)),
        Quantity::Seconds => format!("{} s", about(size)),
        Quantity::Count | Quantity::Number if size < 100.0 => decimals(size, 2),
        Quantity::Count | Quantity::Number => about(size),
    };
    if text.starts_with(|c: char| c.is_ascii_digit() && c != '0') || text.contains('.') {
        format!("{sign}{text}")
    } else {
        text
    }
}
