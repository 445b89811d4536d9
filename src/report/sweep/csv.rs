//! All points of a sweep, for a spreadsheet.

use std::io::{self, Write};

use super::columns::{Cells, columns};
use crate::report::csv::{number, quoted};
use crate::sweep::Merged;

/// Writes one line per point with a header: knobs, counts, then mean and interval of every metric.
/// Times are in seconds. A refused point has its reason in the last column.
///
/// # Errors
/// What the destination says.
pub fn write_csv(merged: &Merged, out: &mut dyn Write) -> io::Result<()> {
    let columns = columns(merged);
    let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
    writeln!(out, "{}", names.join(","))?;
    for row in 0..merged.rows.len() {
        let cell = |cells: &Cells| match cells {
            Cells::Counts(counts) => counts[row].map_or_else(String::new, |count| count.to_string()),
            Cells::Numbers(numbers) => number(numbers[row]),
            Cells::Texts(texts) => texts[row].as_deref().map_or_else(String::new, quoted),
        };
        let cells: Vec<String> = columns.iter().map(|column| cell(&column.cells)).collect();
        writeln!(out, "{}", cells.join(","))?;
    }
    Ok(())
}
