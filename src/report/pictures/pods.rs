//! Pods by phase, and how many of them the front end sends requests to.

use super::super::plot::{
    Heading, Panel, PodState, Series, SeriesKind, TimeChart, YAxis, series_colour, state_colour,
};
use super::super::result::StoredResult;
use super::requests::lost_panel;
use super::{X_LABEL, events, rollout_spans, seconds, shown, words};
use crate::study::{CountsAt, FirstRun};

pub(super) fn chart(result: &StoredResult) -> TimeChart {
    let first = &result.first;
    let mut series = vec![
        area("ready", PodState::InRotation, first, |counts| counts.ready),
        area("starting", PodState::Starting, first, |counts| counts.starting),
        area("terminating", PodState::Stopping, first, |counts| counts.terminating),
    ];
    if first.desired.len() > 1 {
        let wanted = first.desired.iter().map(|(at, size)| (seconds(*at).max(0.0), f64::from(*size)));
        let kind = SeriesKind::Step(held_to_the_end(wanted.collect(), first));
        series.push(Series { label: "spec.replicas".to_owned(), colour: series_colour(1), kind });
    }
    series.push(Series {
        label: "in rotation".to_owned(),
        colour: series_colour(4),
        kind: SeriesKind::Step(points(first, |counts| counts.in_rotation)),
    });
    let pods = Panel {
        y: YAxis::Count,
        series,
        when_empty: "no pods".to_owned(),
        weight: 2.2,
        ..Panel::new("pods")
    };
    TimeChart {
        heading: Heading::new(title(first), words::subtitle(result)),
        x_label: X_LABEL.to_owned(),
        shown_s: shown(first),
        panels: vec![pods, lost_panel(first)],
        events: events(result),
        spans: rollout_spans(first),
    }
}

fn title(first: &FirstRun) -> String {
    let all = |counts: &CountsAt| counts.starting + counts.ready + counts.terminating;
    let fewest = first.counts.iter().map(|counts| counts.ready).min();
    let most = first.counts.iter().map(all).max();
    match (fewest, most) {
        (Some(fewest), Some(most)) if fewest == most => format!("{most} ready pods all the time"),
        (Some(fewest), Some(most)) => {
            format!(
                "Never fewer than {fewest} ready pods, at most {most} at once with those that come and go"
            )
        }
        _ => "No pods".to_owned(),
    }
}

fn area(label: &str, state: PodState, first: &FirstRun, of: fn(&CountsAt) -> u32) -> Series {
    Series { label: label.to_owned(), colour: state_colour(state), kind: SeriesKind::Area(points(first, of)) }
}

/// A count from each of its changes on; what was before the run is its beginning.
pub(super) fn points(first: &FirstRun, of: fn(&CountsAt) -> u32) -> Vec<(f64, f64)> {
    let changes = first.counts.iter().map(|counts| (seconds(counts.at_ns).max(0.0), f64::from(of(counts))));
    held_to_the_end(changes.collect(), first)
}

/// The last value holds until the end of the run; of several changes at one instant the last holds.
fn held_to_the_end(mut points: Vec<(f64, f64)>, first: &FirstRun) -> Vec<(f64, f64)> {
    points.reverse();
    points.dedup_by(|later, kept| later.0.total_cmp(&kept.0).is_eq());
    points.reverse();
    let end = seconds(first.end_ns);
    if let Some(&(at, value)) = points.last()
        && at < end
    {
        points.push((end, value));
    }
    points
}
