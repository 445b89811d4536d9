//! All points of a sweep as a table with typed columns.

use crate::stats::printed;
use crate::sweep::{Figures, Merged, Outcome, Row};

/// One column: a name, and a cell per point that is empty where there is nothing.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) cells: Cells,
}

/// The cells of a column, which are all of one type.
pub(super) enum Cells {
    /// Whole numbers.
    Counts(Vec<Option<u64>>),
    /// Seconds, shares and means.
    Numbers(Vec<Option<f64>>),
    Texts(Vec<Option<String>>),
}

/// Knobs, counts, then mean and interval of every metric. Times are in seconds. The last column has the
/// reason for which a point was refused.
pub(super) fn columns(merged: &Merged) -> Vec<Column> {
    let header = &merged.header;
    let table = Table(&merged.rows);
    let mut columns =
        vec![table.counts("point", |row| Some(row.point)), table.texts("id", |row| Some(row.id.clone()))];
    for (at, axis) in header.axes.iter().enumerate() {
        columns.push(table.texts(&axis.knob, |row| row.knobs.get(at).map(|(_, value)| value.clone())));
    }
    columns.extend([
        table.figures("runs", |figures| u64::from(figures.runs)),
        table.figures("total", |figures| figures.total),
        table.figures("lost_all_runs", |figures| figures.lost),
        table.figures("runs_with_loss", |figures| u64::from(figures.with_loss)),
        table.figures("unfinished", |figures| u64::from(figures.unfinished)),
        table.texts("main_cause", |row| row.figures()?.main_cause.clone()),
    ]);
    for metric in &header.metrics {
        let interval = |row: &Row| row.measured(metric).and_then(|measured| measured.ci95);
        columns.push(table.numbers(metric, |row| row.measured(metric).map(|measured| measured.mean)));
        columns.push(table.numbers(&format!("{metric}_lo"), |row| interval(row).map(|i| i.lo)));
        columns.push(table.numbers(&format!("{metric}_hi"), |row| interval(row).map(|i| i.hi)));
    }
    columns.push(table.texts("refused", |row| match &row.outcome {
        Outcome::Refused(reason) => Some(reason.clone()),
        Outcome::Ran(_) => None,
    }));
    columns
}

struct Table<'r>(&'r [Row]);

impl Table<'_> {
    fn counts(&self, name: &str, cell: impl Fn(&Row) -> Option<u64>) -> Column {
        Column { name: name.to_owned(), cells: Cells::Counts(self.0.iter().map(cell).collect()) }
    }

    fn figures(&self, name: &str, cell: impl Fn(&Figures) -> u64) -> Column {
        self.counts(name, |row| row.figures().map(&cell))
    }

    fn numbers(&self, name: &str, cell: impl Fn(&Row) -> Option<f64>) -> Column {
        let cells = self.0.iter().map(|row| cell(row).and_then(printed)).collect();
        Column { name: name.to_owned(), cells: Cells::Numbers(cells) }
    }

    fn texts(&self, name: &str, cell: impl Fn(&Row) -> Option<String>) -> Column {
        Column { name: name.to_owned(), cells: Cells::Texts(self.0.iter().map(cell).collect()) }
    }
}
