//! Areas on top of each other: losses by status.

use super::axis::range;
use super::colour::{Colour, PAPER};
use super::decimate::same_column;
use super::frame::Plot;
use super::picture::Picture;
use super::time::{Panel, SeriesKind};

/// The areas of a panel, one on top of the other.
pub(super) struct Stack {
    /// Every time that any of the areas names, ascending.
    times: Vec<f64>,
    /// Per area, its colour and its upper edge at each time.
    edges: Vec<(Colour, Vec<f64>)>,
}

impl Stack {
    /// Stacks the areas of a panel, in their order.
    pub(super) fn new(panel: &Panel) -> Stack {
        let areas = || {
            panel.series.iter().filter_map(|series| match &series.kind {
                SeriesKind::Area(points) => Some((series.colour, points)),
                _ => None,
            })
        };
        let valid = |point: &&(f64, f64)| range([point.0]).is_some() && range([point.1]).is_some();
        let mut times: Vec<f64> =
            areas().flat_map(|(_, points)| points.iter().filter(valid).map(|p| p.0)).collect();
        times.sort_by(f64::total_cmp);
        times.dedup_by(|a, b| a.total_cmp(b).is_eq());
        let mut upper = vec![0.0; times.len()];
        let mut edges = Vec::new();
        for (colour, points) in areas() {
            for (time, value) in points.iter().filter(valid) {
                if let Ok(place) = times.binary_search_by(|other| other.total_cmp(time)) {
                    upper[place] += value.max(0.0);
                }
            }
            edges.push((colour, upper.clone()));
        }
        Stack { times, edges }
    }

    /// The upper edge of the whole stack.
    pub(super) fn totals(&self) -> impl Iterator<Item = f64> {
        self.edges.last().into_iter().flat_map(|(_, upper)| upper.iter().copied())
    }

    /// Draws the highest area first, each down to the floor: the next one covers its lower part,
    /// and no background shines through between them.
    pub(super) fn draw(&self, plot: &Plot, picture: &mut Picture) {
        let columns = self.columns(plot);
        let floor = plot.floor();
        for (index, (colour, upper)) in self.edges.iter().enumerate().rev() {
            let below = index.checked_sub(1).map(|below| &self.edges[below].1);
            if upper.iter().enumerate().all(|(at, upper)| *upper <= below.map_or(0.0, |below| below[at])) {
                continue;
            }
            for run in columns.chunk_by(|a, b| a.1 >= b.0) {
                let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
                let mut outline = vec![(first.0, floor)];
                for &(from, to, place) in run {
                    let y = plot.down(upper[place]).unwrap_or(floor);
                    outline.extend([(from, y), (to, y)]);
                }
                outline.push((last.1, floor));
                outline.dedup();
                picture.polygon(outline, *colour);
            }
        }
        if self.edges.len() > 1 && columns.len() < 200 {
            self.separate(plot, picture, &columns);
        }
    }

    /// Thin white lines between the layers, where there is room for them.
    fn separate(&self, plot: &Plot, picture: &mut Picture, columns: &[(f64, f64, usize)]) {
        for pair in self.edges.windows(2) {
            for &(from, to, place) in columns {
                let (lower, upper) = (pair[0].1[place], pair[1].1[place]);
                let (Some(y), Some(above)) = (plot.down(lower), plot.down(upper)) else { continue };
                if lower > 0.0 && y - above > 3.0 && to - from > 1.0 {
                    picture.rect(from, y - 0.5, to, y + 0.5, PAPER.with_alpha(200));
                }
            }
        }
    }

    /// From where to where each time's values hold, in pixels; of several times within one pixel
    /// column the one with the highest total, so that no peak is lost.
    fn columns(&self, plot: &Plot) -> Vec<(f64, f64, usize)> {
        let total = |place: usize| self.edges.last().map_or(0.0, |(_, upper)| upper[place]);
        let widths = self.times.windows(2).map(|pair| pair[1] - pair[0]);
        let usual = widths.fold(f64::INFINITY, f64::min);
        let mut columns: Vec<(f64, f64, usize)> = Vec::new();
        for (place, &time) in self.times.iter().enumerate() {
            let until = match self.times.get(place + 1) {
                Some(&next) => next,
                None if usual.is_finite() => time + usual,
                None => plot.x.hi,
            };
            let (Some(from), Some(to)) = (plot.across(time), plot.across(until.min(plot.x.hi))) else {
                continue;
            };
            match columns.last_mut() {
                Some(last) if same_column(last.0, from) => {
                    last.1 = to;
                    if total(place) > total(last.2) {
                        last.2 = place;
                    }
                }
                _ => columns.push((from, to, place)),
            }
        }
        columns
    }
}
