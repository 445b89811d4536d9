//! A comparison as one JSON object.

use serde_json::{Value, json};

use super::{Comparison, Label, Row};
use crate::stats::printed;
use crate::study::{Compared, Quantity};

/// Times are in seconds, shares from 0 to 1; what is not defined is `null`.
pub fn to_json(comparison: &Comparison) -> Value {
    json!({
        "schema": "podloss-comparison/1",
        "podloss": env!("CARGO_PKG_VERSION"),
        "paired": comparison.paired,
        "tolerance": printed(comparison.tolerance),
        "deciding": comparison.deciding,
        "configurations": comparison.sides,
        "metrics": comparison.rows.iter().map(|row| metric(row, &comparison.sides)).collect::<Vec<_>>(),
        "verdicts": verdicts(comparison),
    })
}

fn metric(row: &Row, sides: &[Label]) -> Value {
    let unit = match row.metric.quantity() {
        Quantity::Seconds => "s",
        Quantity::Share => "share",
        Quantity::Runs => "share of runs",
        Quantity::Count | Quantity::Number => "",
    };
    let others = row.others.iter().zip(&sides[1..]).filter_map(|(compared, side)| {
        let Compared { base, other, difference, runs, change, runs_needed } = (*compared)?;
        Some(json!({
            "configuration": side.letter,
            "base": printed(base),
            "value": printed(other),
            "difference": printed(difference.mean),
            "ci95": difference.ci95.map(|interval| [printed(interval.lo), printed(interval.hi)]),
            "runs": runs,
            // Unpaired runs would have to be so many times as many for an interval as narrow.
            "pairing_saves": difference.gain.and_then(|gain| printed(gain * gain)),
            "verdict": change,
            "runs_needed": runs_needed,
        }))
    });
    json!({ "metric": row.name, "unit": unit, "against_first": others.collect::<Vec<_>>() })
}

fn verdicts(comparison: &Comparison) -> Vec<Value> {
    let all = comparison.sides.iter().skip(1).zip(&comparison.verdicts).zip(&comparison.ranges);
    all.map(|((side, change), ranges)| {
        json!({ "configuration": side.letter, "verdict": change, "over_ranges": ranges })
    })
    .collect()
}
