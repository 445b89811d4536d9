//! The best points of a sweep, and all of them for a spreadsheet.

use std::io::{self, Write};

use super::row::{Outcome, Row};
use super::store::Merged;
use crate::report::text::{WIDTH, counted, cut};
use crate::stats::printed;
use crate::study::{Aim, Metric};

/// What is best.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The metric's name.
    pub name: String,
    /// The metric.
    pub metric: Metric,
}

/// The simulated points, the best first: by the metric, then by fewer lost requests, then by fewer
/// pod-hours, then by their place in the plan. Points with an unfinished rollout come last: whoever
/// never ends loses little.
pub fn best<'r>(rows: &'r [Row], order: &Order) -> Vec<&'r Row> {
    let sign = if order.metric.aim() == Aim::More { -1.0 } else { 1.0 };
    let value = |row: &Row, name: &str| row.measured(name).map_or(f64::INFINITY, |m| m.mean);
    let key = |row: &Row| {
        let own = row.measured(&order.name).map_or(f64::INFINITY, |m| sign * m.mean);
        (row.figures().is_some_and(|f| f.unfinished > 0), [own, value(row, "lost"), value(row, "pod_hours")])
    };
    let mut all: Vec<_> =
        rows.iter().filter(|row| row.figures().is_some()).map(|row| (key(row), row)).collect();
    all.sort_by(|(a, left), (b, right)| {
        let by_value = a.1.iter().zip(&b.1).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne());
        a.0.cmp(&b.0).then(by_value.unwrap_or(std::cmp::Ordering::Equal)).then(left.point.cmp(&right.point))
    });
    all.into_iter().map(|(_, row)| row).collect()
}

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
        counted(header.points as usize, "point"),
        counted(header.runs as usize, "run"),
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
        counted(header.runs as usize, "run")
    )?;
    if let Some(Outcome::Refused(reason)) =
        merged.rows.iter().map(|row| &row.outcome).find(|o| matches!(o, Outcome::Refused(_)))
    {
        writeln!(out, "{}", cut(&format!("refused, for example: {reason}"), WIDTH))?;
    }
    Ok(())
}

/// Writes one line per point with a header: knobs, counts, then mean and interval of every metric.
/// Times are in seconds. A refused point has its reason in the last column.
///
/// # Errors
/// What the destination says.
pub fn write_csv(merged: &Merged, out: &mut dyn Write) -> io::Result<()> {
    let header = &merged.header;
    let mut names: Vec<String> = ["point", "id"].map(str::to_owned).into();
    names.extend(header.axes.iter().map(|axis| axis.knob.clone()));
    names.extend(
        ["runs", "total", "lost_all_runs", "runs_with_loss", "unfinished", "main_cause"].map(str::to_owned),
    );
    for metric in &header.metrics {
        names.extend(["", "_lo", "_hi"].map(|end| format!("{metric}{end}")));
    }
    names.push("refused".to_owned());
    write_cells(&names, out)?;
    for row in &merged.rows {
        let mut cells = vec![row.point.to_string(), row.id.clone()];
        cells.extend(row.knobs.iter().map(|(_, value)| value.clone()));
        let number = |value: Option<f64>| value.and_then(printed).map_or_else(String::new, |v| v.to_string());
        match &row.outcome {
            Outcome::Ran(figures) => {
                cells.extend([u64::from(figures.runs), figures.total, figures.lost].map(|n| n.to_string()));
                cells.extend([figures.with_loss, figures.unfinished].map(|n| n.to_string()));
                cells.push(figures.main_cause.clone().unwrap_or_default());
                for metric in &header.metrics {
                    let measured = row.measured(metric);
                    let interval = measured.and_then(|m| m.ci95);
                    let ends = [measured.map(|m| m.mean), interval.map(|i| i.lo), interval.map(|i| i.hi)];
                    cells.extend(ends.map(number));
                }
                cells.push(String::new());
            }
            Outcome::Refused(reason) => {
                cells.extend(std::iter::repeat_n(String::new(), 6 + 3 * header.metrics.len()));
                cells.push(reason.clone());
            }
        }
        write_cells(&cells, out)?;
    }
    Ok(())
}

fn write_cells(cells: &[String], out: &mut dyn Write) -> io::Result<()> {
    let quoted = |cell: &String| {
        if cell.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.clone()
        }
    };
    writeln!(out, "{}", cells.iter().map(quoted).collect::<Vec<_>>().join(","))
}
