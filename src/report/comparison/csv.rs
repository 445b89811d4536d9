//! A comparison as a table for machines.

use std::io::{self, Write};

use super::Comparison;
use crate::report::csv::number;

/// Writes one row per configuration after the first and metric, with a header. Times in seconds.
///
/// # Errors
/// What the destination says.
pub fn write_csv(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "configuration,metric,base,value,difference,ci95_lo,ci95_hi,runs,verdict,runs_needed")?;
    for (index, side) in comparison.sides.iter().enumerate().skip(1) {
        for row in &comparison.rows {
            let Some(compared) = &row.others[index - 1] else { continue };
            let change = serde_json::to_value(compared.change).map_err(io::Error::from)?;
            writeln!(
                out,
                "{},{},{},{},{},{},{},{},{},{}",
                side.letter,
                row.name,
                number(Some(compared.base)),
                number(Some(compared.other)),
                number(Some(compared.difference.mean)),
                number(compared.difference.ci95.map(|interval| interval.lo)),
                number(compared.difference.ci95.map(|interval| interval.hi)),
                compared.runs,
                change.as_str().unwrap_or_default(),
                compared.runs_needed.map_or_else(String::new, |runs| runs.to_string()),
            )?;
        }
    }
    Ok(())
}
