//! Static charts as SVG and PNG: plain numbers in, a finished picture out.
//!
//! A chart is a struct of titles and numbers that knows nothing of the simulator. [`render`] lays
//! it out as a list of shapes (`picture`), and plotters' backends write those (`paint`). The same
//! chart gives the same bytes, always: no dates, no random names, no installed fonts.

mod axis;
mod colour;
mod decimate;
mod fill;
mod font;
mod frame;
mod heat_map;
mod latency;
mod numbers;
mod paint;
mod palette;
mod picture;
mod pod_rows;
mod pods;
mod range;
mod raster;
mod scatter;
mod stack;
mod time;

pub use colour::{Colour, OK, STATUS_COLOURS, series_colour, status_colour};
pub use frame::{Event, Span};
pub use heat_map::HeatMap;
pub use latency::{LatencyChart, LatencyForm, PercentileCurve, QuantileSeries};
pub use pods::{Mark, MarkKind, PodRow, PodState, PodTimeline, Segment, state_colour};
pub use range::{RangeChart, RangePoint};
pub use scatter::{Scatter, ScatterPoint};
pub use time::{Panel, Series, SeriesKind, TimeChart, YAxis};

use picture::Picture;

/// What stands above every chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heading {
    /// What the picture says, best as a sentence: "Rolling update loses 8,060 requests".
    pub title: String,
    /// What it was computed from, smaller and grey.
    pub subtitle: String,
}

impl Heading {
    /// A heading of two texts.
    pub fn new(title: impl Into<String>, subtitle: impl Into<String>) -> Heading {
        Heading { title: title.into(), subtitle: subtitle.into() }
    }
}

/// Any of the charts.
#[derive(Clone, Debug, PartialEq)]
pub enum Chart {
    /// Something over time, in one panel or several above each other.
    Time(TimeChart),
    /// The life of each pod as a bar.
    Pods(PodTimeline),
    /// Losses over the plausible range of an unknown input.
    Range(RangeChart),
    /// Latency by percentile or over time.
    Latency(LatencyChart),
    /// A grid over two knobs.
    Heat(HeatMap),
    /// Labelled points, one per configuration.
    Scatter(Scatter),
}

/// The file format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Scalable; texts stay texts.
    Svg,
    /// Pixels.
    Png,
}

/// How large a picture is, in logical pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
    /// PNG only: image pixels per logical pixel, 1 to 4. 2 stays sharp on a dense screen.
    pub density: u32,
}

impl Size {
    /// For a column of text.
    pub const SMALL: Size = Size::new(800, 400);
    /// For a README, a report or a slide.
    pub const DEFAULT: Size = Size::new(1200, 600);

    /// The least and the greatest width and height.
    const LIMITS: std::ops::RangeInclusive<u32> = 160..=8_000;

    /// A size at twice the pixel density for PNG.
    pub const fn new(width: u32, height: u32) -> Size {
        Size { width, height, density: 2 }
    }

    fn check(self) -> Result<(), PlotError> {
        for (side, value) in [("width", self.width), ("height", self.height)] {
            if !Size::LIMITS.contains(&value) {
                return Err(PlotError::Size { side, value });
            }
        }
        if !(1..=4).contains(&self.density) {
            return Err(PlotError::Density(self.density));
        }
        Ok(())
    }
}

impl Default for Size {
    fn default() -> Size {
        Size::DEFAULT
    }
}

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlotError {
    /// A side that no chart fits into, or that no viewer opens.
    #[error("picture {side} of {value} pixels: choose 160 to 8000, such as 1200 x 600")]
    Size {
        /// Which side.
        side: &'static str,
        /// What was asked for.
        value: u32,
    },
    /// A density nobody needs.
    #[error("picture density of {0}: choose 1 to 4 image pixels per logical pixel")]
    Density(u32),
    /// The drawing library refused; a bug in podloss.
    #[error("drawing failed: {0}")]
    Drawing(String),
}

/// Draws a chart.
///
/// Numbers that are not finite count as missing: a line has a gap there. A chart without any
/// number says so in words.
///
/// # Errors
/// A size or density out of bounds; nothing in the data is an error.
pub fn render(chart: &Chart, format: Format, size: Size) -> Result<Vec<u8>, PlotError> {
    size.check()?;
    let picture = draw(chart, size);
    match format {
        Format::Svg => paint::svg(&picture),
        Format::Png => paint::png(&picture, size.density),
    }
}

fn draw(chart: &Chart, size: Size) -> Picture {
    match chart {
        Chart::Time(chart) => time::draw(chart, size),
        Chart::Pods(chart) => pods::draw(chart, size),
        Chart::Range(chart) => range::draw(chart, size),
        Chart::Latency(chart) => latency::draw(chart, size),
        Chart::Heat(chart) => heat_map::draw(chart, size),
        Chart::Scatter(chart) => scatter::draw(chart, size),
    }
}

#[cfg(test)]
mod tests;
