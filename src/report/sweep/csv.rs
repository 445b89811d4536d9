//! All points of a sweep, for a spreadsheet.

use std::io::{self, Write};

use crate::report::csv::{number, quoted};
use crate::sweep::{Merged, Outcome};

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
    writeln!(out, "{}", cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(","))
}
