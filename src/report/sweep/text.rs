//! The best points of a sweep, for people.

use std::io::{self, Write};

use crate::report::text::{WIDTH, counted, cut};
use crate::sweep::{Merged, Order, Outcome, Row, best};

/// Writes the best `count` points. Points whose interval reaches into that of the best one are as
/// good as far as the runs say, and have a mark.
///
/// # Errors
/// What the destination says.
pub fn write_top(merged: &Merged, order: &Order, count: usize, out: &mut dyn Write) -> io::Result<()> {
    let ranked = best(&merged.rows, order);
    let header = &merged.header;
    let refused = merged.rows.len() - ranked.len();
    writeln!(
        out,
        "{}: {}, {} each, seed {}{}",
        header.name,
        counted(header.points, "point"),
        counted(header.runs, "run"),
        header.seed,
        if refused > 0 { format!(", {refused} refused") } else { String::new() }
    )?;
    let by = if ["lost", "pod_hours", "rollout_time", "rollouts_with_loss"].contains(&order.name.as_str()) {
        ""
    } else {
        order.name.as_str()
    };
    let settings_width = WIDTH - 60 - if by.is_empty() { 0 } else { 12 };
    writeln!(
        out,
        "   {:<settings_width$} {:>9} {:>9} {:>9}{} {:>9} {:>9}",
        "setting",
        "with loss",
        "lost/run",
        "+-",
        if by.is_empty() { String::new() } else { format!(" {:>11}", cut(by, 11)) },
        "rollout s",
        "pod-hours"
    )?;
    let half = |row: &Row, name: &str| {
        row.measured(name).and_then(|m| m.ci95).map(|interval| (interval.hi - interval.lo) / 2.0)
    };
    let reach = |row: &Row| row.measured(&order.name).and_then(|m| m.ci95);
    let first = ranked.first().and_then(|row| reach(row));
    for row in ranked.iter().take(count) {
        let figures = row.figures().expect("only simulated points are ranked");
        let as_good = first.zip(reach(row)).is_some_and(|(a, b)| a.lo <= b.hi && b.lo <= a.hi);
        let number = |value: Option<f64>, decimals: usize| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
        };
        let mean = |name: &str| row.measured(name).map(|m| m.mean);
        writeln!(
            out,
            "{}{} {:<settings_width$} {:>9} {:>9} {:>9}{} {:>9} {:>9}",
            if as_good { '=' } else { ' ' },
            if figures.unfinished > 0 { '!' } else { ' ' },
            cut(&row.settings(), settings_width),
            format!("{}/{}", figures.with_loss, figures.runs),
            number(mean("lost"), 1),
            number(half(row, "lost"), 1),
            if by.is_empty() { String::new() } else { format!(" {:>11}", number(mean(by), 4)) },
            number(mean("rollout_time"), 0),
            number(mean("pod_hours"), 3),
        )?;
    }
    if ranked.len() > count {
        writeln!(out, "   and {} more", ranked.len() - count)?;
    }
    writeln!(
        out,
        "=: as good as the first, as far as {} tell   !: a rollout did not end",
        counted(header.runs, "run")
    )?;
    if let Some(Outcome::Refused(reason)) =
        merged.rows.iter().map(|row| &row.outcome).find(|o| matches!(o, Outcome::Refused(_)))
    {
        writeln!(out, "{}", cut(&format!("refused, for example: {reason}"), WIDTH))?;
    }
    Ok(())
}
