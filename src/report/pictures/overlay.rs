//! Several results over one time axis: run 1 of each.

use super::super::plot::{Chart, Heading, Panel, Series, SeriesKind, TimeChart, YAxis, series_colour};
use super::super::result::StoredResult;
use super::requests::whole_rows;
use super::{Picture, X_LABEL, eventful, pods, words};

/// Losses, answers and pods in rotation of every result, one line each; `labels` are for the legend.
pub fn overlay(results: &[StoredResult], labels: &[String]) -> Picture {
    let panel = |title: &str, y: YAxis, when_empty: &str, of: &dyn Fn(&StoredResult) -> SeriesKind| Panel {
        y,
        series: results
            .iter()
            .zip(labels)
            .enumerate()
            .map(|(index, (result, label))| Series {
                label: label.clone(),
                colour: series_colour(index),
                kind: of(result),
            })
            .collect(),
        when_empty: when_empty.to_owned(),
        ..Panel::new(title)
    };
    let losing = |(result, label): (&StoredResult, &String)| format!("{label} {}", words::losing(result));
    let titles: Vec<String> = results.iter().zip(labels).map(losing).collect();
    let stretches: Vec<(f64, f64)> = results.iter().filter_map(|result| eventful(&result.first)).collect();
    let subtitle = results.first().map_or_else(String::new, words::subtitle);
    Picture {
        size: super::Size::new(1200, 800),
        ..Picture::new(
            "comparison",
            Chart::Time(TimeChart {
                heading: Heading::new(titles.join("; "), subtitle),
                x_label: X_LABEL.to_owned(),
                panels: vec![
                    panel("lost per second", YAxis::Count, "no request was lost", &|result| {
                        SeriesKind::Line(whole_rows(&result.first, crate::account::Row::lost))
                    }),
                    panel("answered per second", YAxis::Linear, "no request was answered", &|result| {
                        SeriesKind::Line(whole_rows(&result.first, crate::account::Row::ok))
                    }),
                    panel("pods in rotation", YAxis::Count, "no pods", &|result| {
                        SeriesKind::Step(pods::points(&result.first, |counts| counts.in_rotation))
                    }),
                ],
                shown_s: stretches.into_iter().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))),
                ..TimeChart::default()
            }),
        )
    }
}
