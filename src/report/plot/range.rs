//! Losses over the plausible range of an input that the files do not give.

use super::axis::{Axis, range};
use super::colour::{Colour, LOSS};
use super::frame::{Entry, Event, Legend, Plot, Strip, Swatch};
use super::frame::{draw_input_axis, draw_notice, input_axis_height};
use super::picture::{Area, Picture};
use super::time::{YAxis, draw_band, draw_line};
use super::{Heading, Size};

/// One input against the losses, with the spread over the runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RangeChart {
    /// Title and subtitle.
    pub heading: Heading,
    /// The input and its unit, such as `removal delay of the load balancer, seconds`.
    pub x_label: String,
    /// What is counted, such as `lost requests per rollout`.
    pub y_label: String,
    /// The kind of vertical axis.
    pub y: YAxis,
    /// One per tried value, ascending.
    pub points: Vec<RangePoint>,
    /// What the line is, such as `median of 60 runs`.
    pub middle_label: String,
    /// What the band is, such as `5 % to 95 % of the runs`.
    pub band_label: String,
    /// Marked values, such as the one that was used and the one where the verdict flips.
    pub markers: Vec<Event>,
    /// What to write if nothing was lost anywhere.
    pub when_empty: String,
}

/// The losses at one value of the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RangePoint {
    /// The value of the input.
    pub x: f64,
    /// The middle of the runs.
    pub middle: f64,
    /// The lower end of the band.
    pub lo: f64,
    /// The upper end of the band.
    pub hi: f64,
}

pub(super) fn draw(chart: &RangeChart, size: Size) -> Picture {
    let (mut picture, top) = Picture::titled(size, &chart.heading);
    let room = picture.room_below(top);
    let text = picture.style.text;
    let colour: Colour = LOSS;

    let mut entries = Vec::new();
    if !chart.middle_label.is_empty() {
        entries.push(Entry { swatch: Swatch::Line, colour, label: chart.middle_label.clone() });
    }
    if !chart.band_label.is_empty() {
        entries.push(Entry {
            swatch: Swatch::Box,
            colour: colour.with_alpha(70),
            label: chart.band_label.clone(),
        });
    }
    let legend = Legend::new(&picture, room, &chart.y_label, entries);
    legend.draw(&mut picture, top);
    let top = top + legend.height(&picture);

    let values = range(chart.points.iter().flat_map(|point| [point.lo, point.middle, point.hi]));
    let y = chart.y.axis(values, ((room.height() / (text * 2.7)) as usize).clamp(2, 6));
    let gutter = y.label_width(|label| picture.text_width(label)).min(room.width() * 0.3);
    let (left, right) = (room.left + gutter + text * 0.6, room.right - text);
    let inputs = chart.points.iter().map(|point| point.x).chain(chart.markers.iter().map(|event| event.at));
    let x = Axis::input(range(inputs), (((right - left) / (text * 7.0)) as usize).clamp(2, 10));
    let strip = Strip::new(&picture, &x, (left, right), &chart.markers, &[]);
    let bottom = room.bottom - input_axis_height(&picture, &chart.x_label);
    let area = Area { left, right, top: top + strip.height(&picture), bottom: bottom.round() };
    let plot = Plot { area, x, y };

    plot.draw_grid(&mut picture);
    strip.draw_labels(&mut picture, area);
    let band: Vec<_> = chart.points.iter().map(|point| (point.x, point.lo, point.hi)).collect();
    draw_band(&plot, &mut picture, &band, colour);
    let middle: Vec<_> = chart.points.iter().map(|point| (point.x, point.middle)).collect();
    let dots = middle.len() <= 40;
    for run in plot.runs(&middle) {
        if dots {
            for &(x, y) in &run {
                let radius = picture.style.line * 1.7;
                picture.disc(x, y, radius, colour);
            }
        }
        let width = picture.style.line * 1.2;
        draw_line(&mut picture, &run, width, colour);
    }
    strip.draw_lines(&mut picture, area);
    plot.draw_baseline(&mut picture);
    if values.is_none_or(|(lo, hi)| lo == 0.0 && hi == 0.0) {
        draw_notice(&mut picture, area, &chart.when_empty);
    }
    draw_input_axis(&mut picture, &plot.x, area, &chart.x_label);
    picture
}
