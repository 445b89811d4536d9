//! Latency by percentile, or quantiles of it over time.

use super::axis::{Axis, range};
use super::colour::{Colour, MUTED};
use super::frame::{Entry, Event, Legend, Plot, Span, Swatch};
use super::frame::{draw_input_axis, draw_notice, input_axis_height};
use super::picture::{Anchor, Area, Picture};
use super::time::{Panel, Series, SeriesKind, TimeChart, YAxis, draw_line};
use super::{Heading, Size, time};

/// How long requests took.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyChart {
    /// Title and subtitle.
    pub heading: Heading,
    /// The kind of vertical axis, in milliseconds.
    pub y: YAxis,
    /// One of two forms.
    pub form: LatencyForm,
    /// What to write if no request was answered.
    pub when_empty: String,
}

/// The two ways to look at latency.
#[derive(Clone, Debug, PartialEq)]
pub enum LatencyForm {
    /// Milliseconds by percentile, on an axis that gives the rare slow requests room.
    ByPercentile(Vec<PercentileCurve>),
    /// Quantiles over time.
    OverTime {
        /// From the lowest quantile to the highest.
        quantiles: Vec<QuantileSeries>,
        /// Vertical lines.
        events: Vec<Event>,
        /// Shaded stretches.
        spans: Vec<Span>,
    },
}

/// The latency distribution of one configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct PercentileCurve {
    /// Its name in the legend.
    pub label: String,
    /// Its colour.
    pub colour: Colour,
    /// (Percentile 0 to 100, milliseconds), ascending. 100 is the maximum, a dot of its own.
    pub points: Vec<(f64, f64)>,
}

/// One quantile over time.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantileSeries {
    /// Its name in the legend, such as `p99`.
    pub label: String,
    /// Its colour.
    pub colour: Colour,
    /// (Seconds, milliseconds), ascending.
    pub points: Vec<(f64, f64)>,
}

const Y_LABEL: &str = "latency in ms";

pub(super) fn draw(chart: &LatencyChart, size: Size) -> Picture {
    match &chart.form {
        LatencyForm::ByPercentile(curves) => draw_percentiles(chart, curves, size),
        LatencyForm::OverTime { quantiles, events, spans } => {
            let series = quantiles.iter().map(|quantile| Series {
                label: quantile.label.clone(),
                colour: quantile.colour,
                kind: SeriesKind::Line(quantile.points.clone()),
            });
            let panel = Panel {
                y: chart.y,
                series: series.collect(),
                when_empty: chart.when_empty.clone(),
                ..Panel::new(Y_LABEL)
            };
            let over_time = TimeChart {
                heading: chart.heading.clone(),
                panels: vec![panel],
                events: events.clone(),
                spans: spans.clone(),
                ..TimeChart::default()
            };
            time::draw(&over_time, size)
        }
    }
}

fn draw_percentiles(chart: &LatencyChart, curves: &[PercentileCurve], size: Size) -> Picture {
    let (mut picture, top) = Picture::titled(size, &chart.heading);
    let room = picture.room_below(top);
    let text = picture.style.text;
    let name = "percentile of requests";

    let entries: Vec<Entry> = curves
        .iter()
        .map(|curve| Entry { swatch: Swatch::Line, colour: curve.colour, label: curve.label.clone() })
        .collect();
    let legend = Legend::new(&picture, room, Y_LABEL, entries);
    legend.draw(&mut picture, top);
    let top = top + legend.height(&picture);
    // The maximum, percentile 100, lies at infinity: it gets a column of its own on the right.
    let is_max = |point: &(f64, f64)| point.0 >= 100.0;
    let (tails, points): (Vec<_>, Vec<_>) =
        curves.iter().flat_map(|curve| &curve.points).copied().partition(is_max);
    let values = range(points.iter().chain(&tails).filter(|point| point.0 >= 0.0).map(|point| point.1));
    let highest = range(points.iter().map(|point| point.0)).map(|(_, highest)| highest);
    let y = chart.y.axis(values, ((room.height() / (text * 2.7)) as usize).clamp(2, 6));
    let gutter = y.label_width(|label| picture.text_width(label)).min(room.width() * 0.3);
    let max_column = if tails.is_empty() { 0.0 } else { text * 4.5 };
    let area = Area {
        left: room.left + gutter + text * 0.6,
        right: room.right - text - max_column,
        top: top + text * 0.5,
        bottom: (room.bottom - input_axis_height(&picture, name)).round(),
    };
    let plot = Plot { area, x: Axis::percentiles(highest), y };
    plot.draw_grid(&mut picture);
    let width = picture.style.line * 1.2;
    for curve in curves {
        let (tails, points): (Vec<_>, Vec<_>) = curve.points.iter().copied().partition(is_max);
        for run in plot.runs(&points) {
            draw_line(&mut picture, &run, width, curve.colour);
        }
        for y in tails.iter().filter_map(|(_, y)| plot.down(*y)) {
            picture.disc(area.right + max_column, y, width * 1.8, curve.colour);
        }
    }
    if max_column > 0.0 {
        picture.text(area.right + max_column, area.bottom + text * 1.45, Anchor::Middle, MUTED, "max");
    }
    plot.draw_baseline(&mut picture);
    if values.is_none() {
        draw_notice(&mut picture, area, &chart.when_empty);
    }
    draw_input_axis(&mut picture, &plot.x, area, name);
    picture
}
