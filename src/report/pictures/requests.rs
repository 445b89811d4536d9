//! Offered, answered and lost requests per second.

use super::super::plot::{
    Colour, Heading, Panel, STATUS_COLOURS, Series, SeriesKind, TimeChart, YAxis, series_colour,
};
use super::super::result::StoredResult;
use super::{X_LABEL, events, rollout_spans, shown, words};
use crate::account::Row;
use crate::model::outcome::Status;
use crate::study::FirstRun;

pub(super) fn chart(result: &StoredResult) -> TimeChart {
    let first = &result.first;
    let line = |label: &str, colour: Colour, of: fn(&Row) -> u32| Series {
        label: label.to_owned(),
        colour,
        kind: SeriesKind::Line(whole_rows(first, of)),
    };
    TimeChart {
        heading: Heading::new(
            format!("{} {}", words::happening(result), words::losing(result)),
            words::subtitle(result),
        ),
        x_label: X_LABEL.to_owned(),
        shown_s: shown(first),
        panels: vec![
            Panel {
                series: vec![
                    line("offered", series_colour(4), |row| row.offered),
                    line("answered", series_colour(0), Row::ok),
                ],
                when_empty: "no request was sent".to_owned(),
                ..Panel::new("requests per second")
            },
            lost_panel(first),
        ],
        events: events(result),
        spans: rollout_spans(first),
    }
}

/// Losses per second, by status, on top of each other.
pub(super) fn lost_panel(first: &FirstRun) -> Panel {
    let series = STATUS_COLOURS.iter().filter_map(|(key, colour)| {
        let status = Status::parse(key)? as usize;
        let any = first.series.rows().iter().any(|row| row.finished[status] > 0);
        any.then(|| Series {
            label: (*key).to_owned(),
            colour: *colour,
            kind: SeriesKind::Area(steps(first, |row| row.finished[status])),
        })
    });
    Panel {
        y: YAxis::Count,
        series: series.collect(),
        when_empty: "no request was lost".to_owned(),
        ..Panel::new("lost per second")
    }
}

fn row_seconds(first: &FirstRun) -> f64 {
    first.series.row_length().as_secs_f64()
}

/// Per second, in the middle of each row. A last row that the end of the run cuts would look like
/// a drop of the load and is left out.
pub(super) fn whole_rows(first: &FirstRun, of: impl Fn(&Row) -> u32) -> Vec<(f64, f64)> {
    let length = row_seconds(first);
    let end = super::seconds(first.end_ns);
    let rows = first.series.rows().iter().enumerate();
    let whole = rows.filter(|(index, _)| (index + 1) as f64 * length <= end);
    whole.map(|(index, row)| ((index as f64 + 0.5) * length, f64::from(of(row)) / length)).collect()
}

/// Per second, from the beginning of each row on, back to zero at the end.
fn steps(first: &FirstRun, of: impl Fn(&Row) -> u32) -> Vec<(f64, f64)> {
    let length = row_seconds(first);
    let rows = first.series.rows();
    let points = rows.iter().enumerate().map(|(i, row)| (i as f64 * length, f64::from(of(row)) / length));
    points.chain([(rows.len() as f64 * length, 0.0)]).collect()
}
