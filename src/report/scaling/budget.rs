//! Where the time goes between a load that rises and pods that take it.

use std::io::{self, Write};

use super::clock;
use crate::report::text::number::seconds;
use crate::sim::STAGES;
use crate::study::{PodWay, ScaleOutSpan};

/// What each of [`STAGES`] ends with.
const ENDS: [&str; STAGES.len()] = [
    "a sample was taken that shows enough of the rise",
    "the metrics API served that sample",
    "the autoscaler decided: sync period, windows, speed limits",
    "the pod was written to the API",
    "its first process ran: scheduling, image, sandbox",
    "it was Ready in the API: start-up, probes",
    "a front end sent it requests",
];

/// One stage of a pod's way.
pub(in crate::report) struct Part {
    /// Its name, one of [`STAGES`].
    pub(in crate::report) stage: &'static str,
    /// Its length.
    pub(in crate::report) ns: u64,
    /// Its share of what is known of the way, 0 to 1; zero where nothing took any time.
    pub(in crate::report) share: f64,
}

/// The stages of a pod's way that are known and were reached.
pub(in crate::report) fn parts(way: &PodWay) -> impl Iterator<Item = Part> {
    let total = way.total_ns();
    let share = move |ns: u64| if total == 0 { 0.0 } else { ns as f64 / total as f64 };
    let known = STAGES.into_iter().zip(way.stages_ns);
    known.filter_map(move |(stage, ns)| Some(Part { stage, ns: ns?, share: share(ns?) }))
}

/// What the way is counted from.
pub(in crate::report) fn since(step: &ScaleOutSpan) -> &'static str {
    let sampled = step.last.or(step.first).is_some_and(|way| way.stages_ns[1].is_some());
    match (step.load_rose_ns, sampled) {
        (Some(_), _) => "the load rose",
        (None, true) => "the sample that decided",
        (None, false) => "the decision",
    }
}

pub(super) fn write(steps: &[ScaleOutSpan], out: &mut dyn Write) -> io::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nFrom load to rotation in run 1, in seconds and percent:")?;
    let mut rows = vec![header()];
    for step in steps {
        let size = format!("{} -> {}", step.from, step.to);
        let ways = [("first pod", step.first), ("last pod", step.last.filter(|_| step.pods > 1))];
        for (name, way) in ways.into_iter().filter_map(|(name, way)| Some((name, way?))) {
            rows.push(row(clock(step.at_ns), size.clone(), name, &way));
        }
        if step.pods == 0 {
            let mut cells = vec![clock(step.at_ns), size, "no pod was made".to_owned()];
            cells.resize(rows[0].len(), String::new());
            rows.push(cells);
        }
    }
    let columns = rows[0].len();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column < 3 {
            true => format!("{cell:width$}"),
            false => format!("{cell:>width$}"),
        });
        writeln!(out, "  {}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    writeln!(out, "  each stage ends when:")?;
    for (stage, end) in STAGES.iter().zip(ENDS) {
        writeln!(out, "    {stage:15} {end}")?;
    }
    Ok(())
}

fn header() -> Vec<String> {
    let stages = STAGES.iter().map(ToString::to_string);
    let before = ["sync", "size", "pod"].map(str::to_owned);
    before.into_iter().chain(stages).chain(["total".to_owned()]).collect()
}

fn row(at: String, size: String, name: &str, way: &PodWay) -> Vec<String> {
    let mut known = parts(way).peekable();
    let mut cells = vec![at, size, name.to_owned()];
    for stage in STAGES {
        let part = known.next_if(|part| part.stage == stage);
        cells.push(part.map_or_else(
            || "-".to_owned(),
            |part| format!("{} {:.0} %", seconds(part.ns as f64 / 1e9), 100.0 * part.share),
        ));
    }
    let total = seconds(way.total_ns() as f64 / 1e9);
    cells.push(if way.arrived() { total } else { format!(">{total}") });
    cells
}
