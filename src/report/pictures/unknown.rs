//! The loss over the plausible range of the input that matters most.

use super::super::plot::{Event, Heading, RangeChart, RangePoint, YAxis};
use super::super::result::StoredResult;
use super::words;
use crate::units::parse_duration;

/// `None` if no unmeasured input that is a number or a duration was moved.
pub(super) fn chart(result: &StoredResult) -> Option<RangeChart> {
    let curve = result.curve.as_ref()?;
    let assumption = result.header.assumptions.iter().find(|assumption| assumption.key == curve.key)?;
    let (used, unit) = quantity(&assumption.value)?;
    let points: Vec<RangePoint> = curve
        .points
        .iter()
        .filter_map(|(text, point)| {
            let (x, _) = quantity(text)?;
            Some(RangePoint { x, middle: point.mean(), lo: point.least as f64, hi: point.most as f64 })
        })
        .collect();
    let label =
        if unit.is_empty() { assumption.label.clone() } else { format!("{}, {unit}", assumption.label) };
    let runs = curve.points.first().map_or(0, |(_, point)| point.runs);
    let origin = &assumption.origin;
    Some(RangeChart {
        heading: Heading::new(
            title(&assumption.label, &points, unit),
            format!(
                "{}; {runs} runs at each value, other inputs at their central values",
                words::workload(result)
            ),
        ),
        x_label: label,
        y_label: "lost requests per run".to_owned(),
        y: YAxis::Count,
        points,
        middle_label: "mean".to_owned(),
        band_label: "fewest and most of the runs".to_owned(),
        markers: vec![Event { at: used, label: format!("used: {} ({origin})", assumption.value) }],
        when_empty: "no request was lost at any value".to_owned(),
    })
}

/// A value as a number, with its unit.
fn quantity(text: &str) -> Option<(f64, &'static str)> {
    match (text.trim().parse::<f64>(), parse_duration(text)) {
        (Ok(number), _) if number.is_finite() => Some((number, "")),
        (_, Ok(duration)) => Some((duration.as_secs_f64(), "seconds")),
        _ => None,
    }
}

fn title(label: &str, points: &[RangePoint], unit: &str) -> String {
    let unit = if unit == "seconds" { " s" } else { unit };
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return format!("Loss over the plausible range of the {label}");
    };
    let clean = points.iter().take_while(|point| point.hi <= 0.0).last();
    let clean_from = points.iter().rev().take_while(|point| point.hi <= 0.0).last();
    let value = |x: f64| words::decimals(x, 2);
    match (clean, clean_from) {
        (Some(until), _) if until.x >= last.x => {
            format!("No loss at any plausible {label}, {} to {}{unit}", value(first.x), value(last.x))
        }
        (Some(until), _) => format!("No loss while the {label} is at most {}{unit}", value(until.x)),
        (None, Some(from)) => format!("No loss once the {label} is at least {}{unit}", value(from.x)),
        (None, None) => format!(
            "The loss goes from {} to {} over the plausible {label}",
            words::about(first.middle),
            words::about(last.middle),
        ),
    }
}
