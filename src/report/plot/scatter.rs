//! Configurations as points: what they lose against what they cost.

use super::axis::{Axis, range};
use super::colour::{Colour, GRID, INK, MUTED, PAPER};
use super::frame::{Plot, draw_input_axis, draw_notice, input_axis_height, labels_left_out};
use super::numbers::number;
use super::picture::{Anchor, Area, Picture, shorten};
use super::time::YAxis;
use super::{Heading, Size};

/// Labelled points in two dimensions, with a third as the size of the dots.
#[derive(Clone, Debug, PartialEq)]
pub struct Scatter {
    /// Title and subtitle.
    pub heading: Heading,
    /// What lies from left to right, such as `pod-hours per rollout`.
    pub x_label: String,
    /// What lies from bottom to top, such as `lost requests`.
    pub y_label: String,
    /// The kind of vertical axis.
    pub y: YAxis,
    /// What the area of a dot stands for, such as `rollout time in minutes`; empty if nothing.
    pub size_label: String,
    /// The points.
    pub points: Vec<ScatterPoint>,
}

/// One configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct ScatterPoint {
    /// From left to right.
    pub x: f64,
    /// From bottom to top.
    pub y: f64,
    /// The third number, drawn as area; NaN for the smallest dot.
    pub size: f64,
    /// What stands beside the dot, where there is room.
    pub label: String,
    /// The colour of the dot.
    pub colour: Colour,
    /// Whether the label gets its place before the others', in darker ink.
    pub important: bool,
}

pub(super) fn draw(chart: &Scatter, size: Size) -> Picture {
    let (mut picture, top) = Picture::titled(size, &chart.heading);
    let room = picture.room_below(top);
    let text = picture.style.text;

    let dots = Dots::new(chart, &picture);
    let key_end = dots.draw_key(&mut picture, chart, room);
    let y = range(chart.points.iter().map(|point| point.y));
    let y = chart.y.axis(y, ((room.height() / (text * 2.7)) as usize).clamp(2, 6));
    let gutter = y.label_width(|label| picture.text_width(label)).min(room.width() * 0.3);
    let area = Area {
        left: room.left + gutter + text * 0.6,
        right: room.right - text,
        top: room.top + picture.style.row() + text * 1.2,
        bottom: (room.bottom - input_axis_height(&picture, &chart.x_label) - dots.most).round(),
    };
    let shown = range(chart.points.iter().map(|point| point.x)).map(|(lo, hi)| {
        // Room for the dots at the ends, but not below zero without need.
        let pad = (hi - lo) * 0.06;
        (if lo >= 0.0 { (lo - pad).max(0.0) } else { lo - pad }, hi + pad)
    });
    let x = Axis::input(shown, ((area.width() / (text * 7.0)) as usize).clamp(2, 10));
    let plot = Plot { area, x, y };
    plot.draw_grid(&mut picture);
    plot.draw_baseline(&mut picture);
    // Dots on the base line do not cover the labels below it.
    let below = Area { top: area.bottom, bottom: area.bottom + dots.most, ..area };
    for tick in &plot.x.ticks {
        if let Some(x) = plot.across(tick.value) {
            picture.vertical(x, below.top + 1.0, below.bottom, GRID);
        }
    }

    let mut placed: Vec<Dot<'_>> = chart
        .points
        .iter()
        .filter_map(|point| {
            let (x, y) = (plot.across(point.x)?, plot.down(point.y)?);
            Some(Dot { x, y, radius: dots.radius(point.size), point })
        })
        .collect();
    // Large dots first, so that none hides a smaller one.
    placed.sort_by(|a, b| b.radius.total_cmp(&a.radius));
    for dot in &placed {
        picture.disc(dot.x, dot.y, dot.radius + 1.0, PAPER);
        picture.disc(dot.x, dot.y, dot.radius, dot.point.colour.with_alpha(215));
    }
    if placed.is_empty() {
        draw_notice(&mut picture, area, "no data");
    }
    let left_out = labels_left_out(draw_labels(&mut picture, &placed, area));
    if key_end + picture.text_width(&left_out) < room.right {
        picture.text(room.right, room.top + text, Anchor::End, MUTED, &left_out);
    }
    draw_input_axis(&mut picture, &plot.x, below, &chart.x_label);
    picture
}

/// How large dots are.
struct Dots {
    least: f64,
    most: f64,
    /// The greatest third number.
    largest: f64,
}

impl Dots {
    fn new(chart: &Scatter, picture: &Picture) -> Dots {
        let largest = range(chart.points.iter().map(|point| point.size)).map_or(0.0, |(_, hi)| hi);
        let text = picture.style.text;
        let most = if chart.size_label.is_empty() { text * 0.45 } else { text * 1.2 };
        Dots { least: text * 0.3, most, largest }
    }

    fn radius(&self, size: f64) -> f64 {
        let share =
            if size > 0.0 && self.largest > 0.0 { (size / self.largest).min(1.0).sqrt() } else { 0.0 };
        self.least.max(self.most * share)
    }

    /// The line above the plot: what the vertical axis counts, and what the dots' areas mean.
    /// Returns where it ends.
    fn draw_key(&self, picture: &mut Picture, chart: &Scatter, room: Area) -> f64 {
        let text = picture.style.text;
        let baseline = room.top + text;
        let label = shorten(&chart.y_label, text, false, room.width() * 0.5);
        picture.text(room.left, baseline, Anchor::Start, INK, &label);
        let mut x = room.left + picture.text_width(&label) + text * 2.0;
        if chart.size_label.is_empty() || self.largest <= 0.0 {
            return x;
        }
        let words = format!("area: {}", chart.size_label);
        let words = shorten(&words, text, false, (room.right - x - text * 9.0).max(1.0));
        picture.text(x, baseline, Anchor::Start, MUTED, &words);
        x += picture.text_width(&words) + text;
        for size in [self.largest / 4.0, self.largest] {
            let radius = self.radius(size);
            let words = number(size);
            let end = x + radius * 2.0 + text * 0.4 + picture.text_width(&words);
            if end <= room.right {
                picture.disc(x + radius, baseline - text * 0.36, radius, MUTED.with_alpha(120));
                picture.text(x + radius * 2.0 + text * 0.4, baseline, Anchor::Start, MUTED, &words);
                x = end + text;
            }
        }
        x
    }
}

/// A dot in pixels.
struct Dot<'a> {
    x: f64,
    y: f64,
    radius: f64,
    point: &'a ScatterPoint,
}

impl Dot<'_> {
    fn square(&self) -> Area {
        let Dot { x, y, radius, .. } = *self;
        Area { left: x - radius, right: x + radius, top: y - radius, bottom: y + radius }
    }

    /// Where a label of this width may stand, the best place first: right, left, above, below,
    /// diagonally, and then higher and higher on a thin line.
    fn places(&self, width: f64, text: f64, floor: f64) -> Vec<Area> {
        let (aside, above) = (self.radius + text * 0.35, self.radius + text * 0.75);
        let (right, left, centred) = (aside, -aside - width, -width / 2.0);
        // Beside a dot on the base line, just above the line.
        let beside = (floor - 1.0 - self.y - text * 0.55).min(0.0);
        let near = [
            (right, beside),
            (left, beside),
            (centred, -above),
            (centred, above),
            (right * 0.7, -above),
            (left + aside * 0.3, -above),
            (right * 0.7, above),
            (left + aside * 0.3, above),
        ];
        let high = (1..=6).flat_map(|lift| {
            let middle = -above - f64::from(lift) * text * 0.8;
            [(centred, middle), (-text, middle), (text - width, middle)]
        });
        let area = |(start, middle): (f64, f64)| Area {
            left: self.x + start,
            right: self.x + start + width,
            top: self.y + middle - text * 0.55,
            bottom: self.y + middle + text * 0.55,
        };
        near.into_iter().chain(high).map(area).collect()
    }

    /// How far a label stands from the rim of the dot.
    fn gap(&self, label: &Area) -> f64 {
        let dx = (label.left - self.x).max(self.x - label.right).max(0.0);
        let dy = (label.top - self.y).max(self.y - label.bottom).max(0.0);
        libm::sqrt(dx * dx + dy * dy) - self.radius
    }

    /// The line from the dot up to a label that does not stand next to it.
    fn leader(&self, label: &Area, text: f64) -> Option<Area> {
        let top = self.y - self.radius - 1.0;
        let far = label.bottom < top - text * 0.5 && label.left < self.x && self.x < label.right;
        far.then_some(Area { left: self.x - 0.5, right: self.x + 0.5, top: label.bottom, bottom: top })
    }
}

/// A label with its place and, if it stands apart, the line to its dot.
struct Label {
    words: String,
    spot: Area,
    leader: Option<Area>,
    ink: Colour,
}

/// So often labels are placed anew, if there are not more dots than this.
const ATTEMPTS: usize = 24;
const MOST_RETRIED: usize = 40;

/// Writes the labels that find a place without touching another dot, label or line.
///
/// Labels are placed one after the other, important ones first. If that leaves one without a
/// place, it comes first in the next attempt; the attempt that places most is drawn. Returns how
/// many labels are missing.
fn draw_labels(picture: &mut Picture, dots: &[Dot<'_>], area: Area) -> usize {
    let labelled = dots.iter().filter(|dot| !dot.point.label.is_empty());
    let (mut order, later): (Vec<&Dot<'_>>, Vec<_>) = labelled.partition(|dot| dot.point.important);
    order.extend(later);
    let mut best: Vec<Label> = Vec::new();
    let attempts = if dots.len() <= MOST_RETRIED { ATTEMPTS } else { 1 };
    for _ in 0..attempts {
        let (labels, failed) = place_labels(picture, dots, &order, area);
        if labels.len() > best.len() {
            best = labels;
        }
        let Some(failed) = failed else { break };
        let failed = order.remove(failed);
        order.insert(0, failed);
    }
    let left_out = order.len() - best.len();
    for label in best {
        if let Some(line) = label.leader {
            picture.vertical(line.left, line.top, line.bottom, MUTED.with_alpha(150));
        }
        let baseline = label.spot.centre_y() + picture.style.text * 0.36;
        picture.text(label.spot.left, baseline, Anchor::Start, label.ink, &label.words);
    }
    left_out
}

/// The labels that find a place in this order, and the first in it that finds none.
fn place_labels(
    picture: &Picture,
    dots: &[Dot<'_>],
    order: &[&Dot<'_>],
    area: Area,
) -> (Vec<Label>, Option<usize>) {
    let text = picture.style.text;
    let mut taken: Vec<Area> = dots.iter().map(Dot::square).collect();
    let mut labels = Vec::new();
    let mut failed = None;
    for (index, dot) in order.iter().enumerate() {
        let words = shorten(&dot.point.label, text, false, area.width() * 0.4);
        let inside = |spot: &Area| {
            spot.left >= area.left + 2.0
                && spot.right <= f64::from(picture.width) - text * 0.3
                && spot.top >= area.top - text
                && spot.bottom <= area.bottom - 0.9
        };
        let free = |spot: &Area| taken.iter().all(|other| !touch(spot, other));
        let mut places = dot.places(picture.text_width(&words), text, area.bottom).into_iter();
        let place = places.find(|spot| {
            // Without a line, a label seems to belong to the nearest dot.
            let clear = match dot.leader(spot, text) {
                Some(line) => free(&line),
                None => dots.iter().all(|other| other.gap(spot) >= dot.gap(spot) - 1e-6),
            };
            inside(spot) && free(spot) && clear
        });
        if let Some(spot) = place {
            let leader = dot.leader(&spot, text);
            taken.extend(leader);
            taken.push(spot);
            let ink = if dot.point.important { INK } else { MUTED };
            labels.push(Label { words, spot, leader, ink });
        } else {
            failed = failed.or(Some(index));
        }
    }
    (labels, failed)
}

fn touch(a: &Area, b: &Area) -> bool {
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}
