//! Something over time: offered and answered requests, losses by status, replicas, CPU.

use super::axis::{Axis, range};
use super::colour::Colour;
use super::decimate::{ascending, outline, thin_band, thin_line};
use super::frame::{Entry, Event, Legend, Plot, Span, Strip, Swatch};
use super::frame::{draw_input_axis, draw_note, draw_notice, input_axis_height, labels_left_out};
use super::picture::{Area, Picture};
use super::stack::Stack;
use super::{Heading, Size};

/// One or more panels above each other with a common time axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimeChart {
    /// Title and subtitle.
    pub heading: Heading,
    /// What the time axis counts from, such as `since the start of the run`; may be empty.
    pub x_label: String,
    /// The shown part of the time axis in seconds; without it, whatever has data.
    pub shown_s: Option<(f64, f64)>,
    /// From top to bottom.
    pub panels: Vec<Panel>,
    /// Vertical lines through all panels.
    pub events: Vec<Event>,
    /// Shaded stretches through all panels.
    pub spans: Vec<Span>,
}

/// One vertical axis and what is drawn against it.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What the vertical axis counts, such as `requests per second`.
    pub label: String,
    /// The kind of vertical axis.
    pub y: YAxis,
    /// From back to front; areas are stacked in this order from the bottom.
    pub series: Vec<Series>,
    /// What to write if there is nothing but zeros or no number at all.
    pub when_empty: String,
    /// The panel's share of the height, relative to the other panels.
    pub weight: f64,
}

impl Panel {
    /// An empty panel of weight 1 with a linear axis.
    pub fn new(label: impl Into<String>) -> Panel {
        Panel {
            label: label.into(),
            y: YAxis::Linear,
            series: Vec::new(),
            when_empty: "no data".to_owned(),
            weight: 1.0,
        }
    }
}

/// How a vertical axis counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum YAxis {
    /// From zero.
    #[default]
    Linear,
    /// From zero, for things that come whole, such as pods.
    Count,
    /// By powers of ten. Values of zero and below are not shown.
    Logarithmic,
}

impl YAxis {
    pub(super) fn axis(self, range: Option<(f64, f64)>, most: usize) -> Axis {
        match self {
            YAxis::Linear => Axis::amounts(range, false, most),
            YAxis::Count => Axis::amounts(range, true, most),
            YAxis::Logarithmic => Axis::logarithmic(range, most),
        }
    }
}

/// One row of numbers. Times are in seconds and ascend.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend; empty if the panel's label says it.
    pub label: String,
    /// Its colour, from [`status_colour`](super::status_colour) or
    /// [`series_colour`](super::series_colour).
    pub colour: Colour,
    /// How it is drawn, and the numbers.
    pub kind: SeriesKind,
}

/// How a row of numbers is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum SeriesKind {
    /// Points (time, value) joined by straight lines.
    Line(Vec<(f64, f64)>),
    /// Values that hold until the next time.
    Step(Vec<(f64, f64)>),
    /// Values that hold until the next time, as an area on top of the areas before it. A time
    /// that only other areas of the panel have counts as zero here.
    Area(Vec<(f64, f64)>),
    /// A filled stretch between two lines: (time, lower value, upper value).
    Band(Vec<(f64, f64, f64)>),
    /// Separate dots.
    Points(Vec<(f64, f64)>),
}

impl SeriesKind {
    fn times(&self) -> Box<dyn Iterator<Item = f64> + '_> {
        match self {
            SeriesKind::Line(points)
            | SeriesKind::Step(points)
            | SeriesKind::Area(points)
            | SeriesKind::Points(points) => Box::new(points.iter().map(|point| point.0)),
            SeriesKind::Band(band) => Box::new(band.iter().map(|point| point.0)),
        }
    }

    fn values(&self) -> Box<dyn Iterator<Item = f64> + '_> {
        match self {
            SeriesKind::Line(points)
            | SeriesKind::Step(points)
            | SeriesKind::Area(points)
            | SeriesKind::Points(points) => Box::new(points.iter().map(|point| point.1)),
            SeriesKind::Band(band) => Box::new(band.iter().flat_map(|point| [point.1, point.2])),
        }
    }

    fn swatch(&self) -> Swatch {
        match self {
            SeriesKind::Line(_) | SeriesKind::Step(_) => Swatch::Line,
            SeriesKind::Area(_) | SeriesKind::Band(_) => Swatch::Box,
            SeriesKind::Points(_) => Swatch::Dot,
        }
    }
}

/// The part of a drawn band or area that hides what lies behind it.
const BAND_ALPHA: u8 = 70;

pub(super) fn draw(chart: &TimeChart, size: Size) -> Picture {
    let (mut picture, top) = Picture::titled(size, &chart.heading);
    let room = picture.room_below(top);
    let text = picture.style.text;

    let axis_height = input_axis_height(&picture, &chart.x_label);
    let panels: Vec<PanelData<'_>> = chart.panels.iter().map(PanelData::new).collect();
    let rough_height = room.height() / panels.len().max(1) as f64;
    let axes: Vec<Axis> = panels
        .iter()
        .map(|data| data.panel.y.axis(data.range, ((rough_height / (text * 2.7)) as usize).clamp(2, 6)))
        .collect();
    let gutter = axes
        .iter()
        .map(|axis| axis.label_width(|label| picture.text_width(label)))
        .fold(text, f64::max)
        .min(room.width() * 0.3);
    let (left, right) = (room.left + gutter + text * 0.6, room.right);
    let most = ((right - left) / (text * 7.0)) as usize;
    let time = Axis::time(chart.time_range(), most.clamp(2, 12));

    let strip = Strip::new(&picture, &time, (left, right), &chart.events, &chart.spans);
    let note = labels_left_out(strip.left_out);
    let bottom = room.bottom - draw_note(&mut picture, &note) - axis_height;

    let legends: Vec<Legend> =
        panels.iter().map(|data| Legend::new(&picture, room, &data.panel.label, data.entries())).collect();
    let gap = text * 0.9;
    let between = gap * panels.len().saturating_sub(1) as f64;
    let free = bottom
        - room.top
        - legends.iter().map(|legend| legend.height(&picture)).sum::<f64>()
        - between
        - strip.height(&picture);
    let weights: f64 = panels.iter().map(|data| data.weight()).sum();

    let mut top = room.top;
    let mut last = Area { left, right, top, bottom: top };
    for (index, ((data, axis), legend)) in panels.iter().zip(axes).zip(legends).enumerate() {
        legend.draw(&mut picture, top);
        top += legend.height(&picture) + if index == 0 { strip.height(&picture) } else { 0.0 };
        let height = (free.max(text * 2.0) * data.weight() / weights).max(1.0);
        let area = Area { left, right, top, bottom: (top + height).round() };
        let plot = Plot { area, x: time.clone(), y: axis };
        strip.shade(&mut picture, area);
        plot.draw_grid(&mut picture);
        if index == 0 {
            strip.draw_labels(&mut picture, area);
        }
        data.draw(&plot, &mut picture);
        strip.draw_lines(&mut picture, area);
        top = area.bottom + gap;
        last = area;
    }
    draw_input_axis(&mut picture, &time, last, &chart.x_label);
    picture
}

impl TimeChart {
    fn time_range(&self) -> Option<(f64, f64)> {
        self.shown_s.filter(|(from, to)| from <= to && range([*from, *to]).is_some()).or_else(|| {
            let series = self.panels.iter().flat_map(|panel| &panel.series);
            let marked = self.events.iter().map(|event| event.at);
            let spans = self.spans.iter().flat_map(|span| [span.from, span.to]);
            range(series.flat_map(|series| series.kind.times()).chain(marked).chain(spans))
        })
    }
}

/// A panel with its areas stacked.
struct PanelData<'a> {
    panel: &'a Panel,
    stack: Stack,
    /// The least and the greatest value that will be drawn.
    range: Option<(f64, f64)>,
}

impl PanelData<'_> {
    fn new(panel: &Panel) -> PanelData<'_> {
        let stack = Stack::new(panel);
        let drawn = panel.series.iter().filter(|series| !matches!(series.kind, SeriesKind::Area(_)));
        let positive = |value: &f64| panel.y != YAxis::Logarithmic || *value > 0.0;
        let values = drawn.flat_map(|series| series.kind.values()).chain(stack.totals()).filter(positive);
        PanelData { panel, range: range(values), stack }
    }

    fn weight(&self) -> f64 {
        if self.panel.weight > 0.0 && self.panel.weight < 1e6 { self.panel.weight } else { 1.0 }
    }

    /// The legend: areas that are zero throughout would only suggest a loss that was not.
    fn entries(&self) -> Vec<Entry> {
        let shown = |series: &&Series| {
            let empty_area = matches!(series.kind, SeriesKind::Area(_))
                && range(series.kind.values()).is_none_or(|(lo, hi)| lo == 0.0 && hi == 0.0);
            !series.label.is_empty() && !empty_area
        };
        let entry = |series: &Series| {
            let colour = match series.kind {
                SeriesKind::Band(_) => series.colour.with_alpha(BAND_ALPHA),
                _ => series.colour,
            };
            Entry { swatch: series.kind.swatch(), colour, label: series.label.clone() }
        };
        self.panel.series.iter().filter(shown).map(entry).collect()
    }

    fn draw(&self, plot: &Plot, picture: &mut Picture) {
        for series in &self.panel.series {
            if let SeriesKind::Band(band) = &series.kind {
                draw_band(plot, picture, band, series.colour);
            }
        }
        self.stack.draw(plot, picture);
        let width = picture.style.line;
        for series in &self.panel.series {
            match &series.kind {
                SeriesKind::Line(points) => {
                    for run in plot.runs(points) {
                        draw_line(picture, &run, width, series.colour);
                    }
                }
                SeriesKind::Step(points) => {
                    for run in plot.runs(points) {
                        picture.line(steps(&thin_line(&run)), width, series.colour);
                    }
                }
                SeriesKind::Points(points) => {
                    for (x, y) in plot.runs(points).iter().flat_map(|run| thin_line(run)) {
                        picture.disc(x, y, width * 1.3, series.colour);
                    }
                }
                SeriesKind::Area(_) | SeriesKind::Band(_) => {}
            }
        }
        plot.draw_baseline(picture);
        if self.range.is_none_or(|(lo, hi)| lo == 0.0 && hi == 0.0) {
            draw_notice(picture, plot.area, &self.panel.when_empty);
        }
    }
}

/// A line through pixels; a single point becomes a dot, or nobody would see it.
pub(super) fn draw_line(picture: &mut Picture, run: &[(f64, f64)], width: f64, colour: Colour) {
    if let [(x, y)] = run {
        picture.disc(*x, *y, width * 1.3, colour);
    } else if let Some(bars) = outline(run) {
        let upper = bars.iter().map(|(x, upper, _)| (*x, upper - width / 2.0));
        let lower = bars.iter().rev().map(|(x, _, lower)| (*x, lower + width / 2.0));
        picture.polygon(upper.chain(lower).collect(), colour);
    } else {
        picture.line(thin_line(run), width, colour);
    }
}

/// A translucent band between two rows of values.
pub(super) fn draw_band(plot: &Plot, picture: &mut Picture, band: &[(f64, f64, f64)], colour: Colour) {
    let mut run = Vec::new();
    let mut flush = |run: &mut Vec<(f64, f64, f64)>| {
        let hull = thin_band(std::mem::take(run));
        let upper = hull.iter().map(|(x, upper, _)| (*x, *upper));
        let lower = hull.iter().rev().map(|(x, _, lower)| (*x, *lower));
        picture.polygon(upper.chain(lower).collect(), colour.with_alpha(BAND_ALPHA));
    };
    for (x, lo, hi) in ascending(band, |point| point.0) {
        match (plot.across(x), plot.down(lo.max(plot.y.lo)), plot.down(hi)) {
            (Some(x), Some(lower), Some(upper)) => run.push((x, upper.min(lower), lower.max(upper))),
            _ => flush(&mut run),
        }
    }
    flush(&mut run);
}

/// The corners of a line whose values hold until the next point.
fn steps(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut corners: Vec<(f64, f64)> = Vec::with_capacity(points.len() * 2);
    for &(x, y) in points {
        if let Some(&(_, before)) = corners.last()
            && (before - y).abs() > 1e-9
        {
            corners.push((x, before));
        }
        corners.push((x, y));
    }
    corners
}
