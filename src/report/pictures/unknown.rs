//! The loss over the plausible range of the input that matters most.

use super::super::plot::{Event, Heading, RangeChart, RangePoint, YAxis};
use super::super::result::StoredResult;
use super::words;
use crate::report::text::about;
use crate::units::{Nanos, decimals, parse_duration};

/// `None` if no unmeasured input that is a number or a duration makes a difference.
pub(super) fn chart(result: &StoredResult) -> Option<RangeChart> {
    let curve = result.curve.as_ref()?;
    let assumption = result.header.assumptions.iter().find(|assumption| assumption.key == curve.key)?;
    let unit = Unit::of(curve.points.iter().map(|(text, _)| text.as_str()));
    let points = curve.points.iter().filter_map(|(text, point)| {
        let (lo, hi) = (point.least as f64, point.most as f64);
        Some(RangePoint { x: unit.read(text)?, middle: point.mean(), lo, hi })
    });
    let points: Vec<RangePoint> = points.collect();
    let runs = curve.points.first().map_or(0, |(_, point)| point.runs);
    // A distribution is no place on the axis: its mark is left out.
    let used = unit
        .read(&assumption.value)
        .map(|at| Event { at, label: format!("used: {} ({})", assumption.value, assumption.origin) });
    let workload = words::workload(result);
    Some(RangeChart {
        heading: Heading::new(
            title(&assumption.label, &points, unit),
            format!("{workload}; {runs} runs at each value, other inputs at their central values"),
        ),
        x_label: format!("{}{}", assumption.label, unit.after_comma()),
        y_label: "lost requests per run".to_owned(),
        y: YAxis::Count,
        points,
        middle_label: "mean".to_owned(),
        band_label: "fewest and most of the runs".to_owned(),
        markers: used.into_iter().collect(),
        when_empty: "no request was lost at any value".to_owned(),
    })
}

/// What the axis counts.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Unit {
    Plain,
    Milliseconds,
    Seconds,
}

impl Unit {
    /// The unit in which the largest of these values is a handy number.
    fn of<'a>(values: impl Iterator<Item = &'a str> + Clone) -> Unit {
        let durations = values.clone().filter(|text| text.trim().parse::<f64>().is_err());
        match durations.filter_map(|text| parse_duration(text).ok()).max() {
            None => Unit::Plain,
            Some(largest) if largest < Nanos::from_secs(1) => Unit::Milliseconds,
            Some(_) => Unit::Seconds,
        }
    }

    /// A value as a number of this unit.
    fn read(self, text: &str) -> Option<f64> {
        match self {
            Unit::Plain => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            Unit::Milliseconds => Some(parse_duration(text).ok()?.as_millis_f64()),
            Unit::Seconds => Some(parse_duration(text).ok()?.as_secs_f64()),
        }
    }

    fn after_comma(self) -> &'static str {
        match self {
            Unit::Plain => "",
            Unit::Milliseconds => ", milliseconds",
            Unit::Seconds => ", seconds",
        }
    }

    fn behind_number(self) -> &'static str {
        match self {
            Unit::Plain => "",
            Unit::Milliseconds => " ms",
            Unit::Seconds => " s",
        }
    }
}

fn title(label: &str, points: &[RangePoint], unit: Unit) -> String {
    let unit = unit.behind_number();
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return format!("Loss over the plausible range of the {label}");
    };
    let clean = points.iter().take_while(|point| point.hi <= 0.0).last();
    let clean_from = points.iter().rev().take_while(|point| point.hi <= 0.0).last();
    let value = |x: f64| decimals(x, 2);
    match (clean, clean_from) {
        (Some(until), _) if until.x >= last.x => {
            format!("No loss at any plausible {label}, {} to {}{unit}", value(first.x), value(last.x))
        }
        (Some(until), _) => format!("No loss while the {label} is at most {}{unit}", value(until.x)),
        (None, Some(from)) => format!("No loss once the {label} is at least {}{unit}", value(from.x)),
        (None, None) => format!(
            "The loss goes from {} to {} over the plausible {label}",
            about(first.middle),
            about(last.middle),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_say_where_the_loss_begins() {
        let points = |lost: [f64; 3]| -> Vec<RangePoint> {
            let point = |(x, hi): (f64, f64)| RangePoint { x, middle: hi / 2.0, lo: 0.0, hi };
            [5.0, 15.0, 25.0].into_iter().zip(lost).map(point).collect()
        };
        for (lost, words) in [
            ([0.0, 0.0, 0.0], "No loss at any plausible removal delay, 5 to 25 s"),
            ([0.0, 0.0, 9.0], "No loss while the removal delay is at most 15 s"),
            ([9.0, 0.0, 0.0], "No loss once the removal delay is at least 15 s"),
            ([9.0, 0.0, 80.0], "The loss goes from 4.5 to 40 over the plausible removal delay"),
        ] {
            assert_eq!(title("removal delay", &points(lost), Unit::Seconds), words);
        }
    }

    #[test]
    fn the_unit_fits_the_values() {
        for (values, unit, numbers) in [
            (["1ms", "5.5ms"], Unit::Milliseconds, [1.0, 5.5]),
            (["500ms", "1m"], Unit::Seconds, [0.5, 60.0]),
            (["0s", "900ms"], Unit::Milliseconds, [0.0, 900.0]),
            (["8", "64"], Unit::Plain, [8.0, 64.0]),
        ] {
            assert_eq!(Unit::of(values.into_iter()), unit, "{values:?}");
            let read = values.map(|text| unit.read(text).expect("a number"));
            assert!(read.iter().zip(numbers).all(|(a, b)| (a - b).abs() < 1e-9), "{read:?}");
        }
        assert_eq!(Unit::Seconds.read("median=8s,p99=15s"), None);
    }
}
