//! A grid over two knobs, one coloured cell per combination.

use super::axis::range;
use super::colour::{Colour, INK, MUTED, PAPER};
use super::frame::{draw_notice, input_axis_height};
use super::numbers::number;
use super::picture::{Anchor, Area, Picture, shorten};
use super::{Heading, Size};

/// A grid of numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatMap {
    /// Title and subtitle.
    pub heading: Heading,
    /// The knob from left to right.
    pub x_label: String,
    /// The knob from bottom to top.
    pub y_label: String,
    /// What the cells count, such as `lost requests per rollout`.
    pub value_label: String,
    /// The tried values of the first knob, as they are written.
    pub columns: Vec<String>,
    /// The tried values of the second knob, from bottom to top.
    pub rows: Vec<String>,
    /// Per row, from bottom to top, one number per column; NaN where nothing was tried.
    pub cells: Vec<Vec<f64>>,
    /// The (column, row) to frame: the current configuration.
    pub framed: Option<(usize, usize)>,
}

/// Nothing lost: a colour that is not on the scale of losses.
const NONE_LOST: Colour = Colour::rgb(0xd5e4ee);
const LEAST: Colour = Colour::rgb(0xfdeecb);
const MIDDLE: Colour = Colour::rgb(0xe8853d);
const MOST: Colour = Colour::rgb(0x7a1029);
const NOT_TRIED: Colour = Colour::rgb(0xf1f3f6);

/// The colour of a value on a scale that ends at `largest`. Losses spread over decades: the square
/// root keeps the small ones apart. In steps, as nobody sees more, and a PNG has few colours.
fn cell_colour(value: f64, largest: f64) -> Colour {
    if range([value]).is_none() {
        return NOT_TRIED;
    }
    if value <= 0.0 {
        return NONE_LOST;
    }
    let share = (value / largest).clamp(0.0, 1.0).sqrt();
    let share = (share * f64::from(STEPS)).ceil() / f64::from(STEPS);
    if share < 0.5 { LEAST.towards(MIDDLE, share * 2.0) } else { MIDDLE.towards(MOST, share * 2.0 - 1.0) }
}

/// The steps of the colour scale.
const STEPS: u32 = 48;

pub(super) fn draw(chart: &HeatMap, size: Size) -> Picture {
    let (mut picture, top) = Picture::titled(size, &chart.heading);
    let room = picture.room_below(top);
    let text = picture.style.text;
    let (columns, rows) = (chart.columns.len(), chart.rows.len());
    let largest = range(chart.cells.iter().flatten().copied()).map_or(0.0, |(_, hi)| hi);

    draw_scale(&mut picture, room, &chart.value_label, largest);
    let knob = shorten(&chart.y_label, text, false, room.width());
    let top = room.top + picture.style.row() + text * 0.4;
    picture.text(room.left, top + text, Anchor::Start, INK, &knob);
    let top = top + text * 1.7;

    let gutter = chart
        .rows
        .iter()
        .map(|label| picture.text_width(label))
        .fold(text, f64::max)
        .min(room.width() * 0.25);
    let area = Area {
        left: (room.left + gutter + text * 0.6).round(),
        right: room.right.round(),
        top: top.round(),
        bottom: (room.bottom - input_axis_height(&picture, &chart.x_label)).round(),
    };
    if columns == 0 || rows == 0 {
        draw_notice(&mut picture, area, "no data");
        return picture;
    }
    let grid = Grid { area, columns, rows };
    let words = chart.cells.iter().flatten().map(|value| number(*value));
    let widest = words.map(|words| picture.text_width(&words)).fold(0.0, f64::max);
    // All numbers or none: a few that happen to fit would look like a statement.
    let numbers =
        widest < area.width() / columns as f64 - text * 0.6 && text * 1.35 < area.height() / rows as f64;
    for (row, cells) in chart.cells.iter().take(rows).enumerate() {
        for (column, value) in cells.iter().take(columns).enumerate() {
            let colour = cell_colour(*value, largest);
            grid.draw_cell(&mut picture, column, row, colour);
            if numbers {
                grid.draw_number(&mut picture, column, row, *value, colour);
            }
        }
    }
    if let Some((column, row)) = chart.framed.filter(|(column, row)| *column < columns && *row < rows) {
        grid.draw_frame(&mut picture, column, row);
    }
    grid.draw_labels(&mut picture, chart, gutter);
    picture
}

/// What the colours mean: none, and from least to most.
fn draw_scale(picture: &mut Picture, room: Area, label: &str, largest: f64) {
    let text = picture.style.text;
    let baseline = room.top + text;
    let (top, bottom) = (baseline - text * 0.85, baseline + text * 0.15);
    let label = shorten(label, text, false, room.width() * 0.5);
    picture.text(room.left, baseline, Anchor::Start, INK, &label);
    let mut x = room.left + picture.text_width(&label) + text * 1.5;
    picture.rect(x, top, x + text * 1.25, bottom, NONE_LOST);
    picture.text(x + text * 1.75, baseline, Anchor::Start, MUTED, "0");
    if largest <= 0.0 {
        return;
    }
    x = (x + text * 4.0).round();
    let width = (text * 0.25).round().max(1.0);
    for step in 1..=STEPS {
        let share = f64::from(step) / f64::from(STEPS);
        picture.rect(x, top, x + width, bottom, cell_colour(share * share, 1.0));
        x += width;
    }
    picture.text(x + text * 0.5, baseline, Anchor::Start, MUTED, &number(largest));
}

struct Grid {
    area: Area,
    columns: usize,
    rows: usize,
}

impl Grid {
    fn cell(&self, column: usize, row: usize) -> Area {
        let width = self.area.width() / self.columns as f64;
        let height = self.area.height() / self.rows as f64;
        Area {
            left: (self.area.left + width * column as f64).round(),
            right: (self.area.left + width * (column + 1) as f64).round(),
            top: (self.area.bottom - height * (row + 1) as f64).round(),
            bottom: (self.area.bottom - height * row as f64).round(),
        }
    }

    fn draw_cell(&self, picture: &mut Picture, column: usize, row: usize, colour: Colour) {
        let cell = self.cell(column, row);
        let gap = if cell.width().min(cell.height()) > 6.0 { 1.0 } else { 0.0 };
        picture.rect(cell.left, cell.top, cell.right - gap, cell.bottom - gap, colour);
    }

    fn draw_number(&self, picture: &mut Picture, column: usize, row: usize, value: f64, colour: Colour) {
        let cell = self.cell(column, row);
        let words = if range([value]).is_some() { number(value) } else { "–".to_owned() };
        let ink = if colour.is_dark() { PAPER } else { INK };
        let baseline = cell.centre_y() + picture.style.text * 0.36;
        picture.text(cell.centre_x(), baseline, Anchor::Middle, ink, &words);
    }

    fn draw_frame(&self, picture: &mut Picture, column: usize, row: usize) {
        let Area { left, top, right, bottom } = self.cell(column, row);
        let thick = 2.0;
        picture.rect(left - thick, top - thick, right + thick - 1.0, top, INK);
        picture.rect(left - thick, bottom - 1.0, right + thick - 1.0, bottom + thick - 1.0, INK);
        picture.rect(left - thick, top, left, bottom, INK);
        picture.rect(right - 1.0, top, right + thick - 1.0, bottom, INK);
    }

    fn draw_labels(&self, picture: &mut Picture, chart: &HeatMap, gutter: f64) {
        let text = picture.style.text;
        // Every label, or every second, third, ... one: whatever keeps them apart.
        let height = self.area.height() / self.rows as f64;
        for row in (0..self.rows).step_by((text * 1.2 / height).ceil().max(1.0) as usize) {
            let baseline = self.cell(0, row).centre_y() + text * 0.36;
            let label = shorten(&chart.rows[row], text, false, gutter + 0.01);
            picture.text(self.area.left - text * 0.6, baseline, Anchor::End, MUTED, &label);
        }
        let baseline = self.area.bottom + text * 1.45;
        let width = self.area.width() / self.columns as f64;
        let widest = chart.columns.iter().map(|label| picture.text_width(label)).fold(0.0, f64::max);
        let widest = widest.min(self.area.width() * 0.4);
        for column in (0..self.columns).step_by(((widest + text) / width).ceil().max(1.0) as usize) {
            let centre = self.cell(column, 0).centre_x();
            let room = 2.0 * (f64::from(picture.width) - text * 0.3 - centre).min(centre);
            let label = shorten(&chart.columns[column], text, false, room.min(widest + 0.01));
            picture.text(centre, baseline, Anchor::Middle, MUTED, &label);
        }
        let name = shorten(&chart.x_label, text, false, self.area.width());
        picture.text(self.area.centre_x(), baseline + picture.style.row(), Anchor::Middle, INK, &name);
    }
}
