//! What charts share: legends, marked instants, grids and the way from numbers to pixels.

use super::axis::Axis;
use super::colour::{BASELINE, Colour, GRID, INK, MARKER, MUTED, PAPER, SHADE};
use super::decimate::ascending;
use super::font;
use super::picture::{Anchor, Area, Picture, shorten};

/// A marked place on the horizontal axis, such as the start of a rollout.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Where, in the unit of the axis (seconds on a time axis).
    pub at: f64,
    /// What stands beside the line.
    pub label: String,
}

/// A shaded stretch of the horizontal axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its beginning, in the unit of the axis.
    pub from: f64,
    /// Its end.
    pub to: f64,
    /// What stands above it.
    pub label: String,
}

/// What a legend shows in front of a name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Swatch {
    Line,
    Box,
    /// A box whose lower part has another colour.
    Split(Colour),
    Dot,
    Bar,
}

/// One name of a legend.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub swatch: Swatch,
    pub colour: Colour,
    pub label: String,
}

/// A line with `lead` (what the vertical axis counts) and the names of the series, in as many rows
/// as it takes. Legends stand above the data, never on it.
pub(super) struct Legend {
    lead: String,
    /// Each name with its left end and its row.
    entries: Vec<(f64, usize, Entry)>,
    left: f64,
    rows: usize,
}

impl Legend {
    /// Finds a place for every name between the sides of `area`.
    pub(super) fn new(picture: &Picture, area: Area, lead: &str, entries: Vec<Entry>) -> Legend {
        let text = picture.style.text;
        let gap = text * 1.5;
        let lead = shorten(lead, text, false, area.width());
        let mut x = area.left + if lead.is_empty() { 0.0 } else { picture.text_width(&lead) + gap };
        let mut row = 0;
        let mut placed = Vec::new();
        for mut entry in entries {
            entry.label = shorten(&entry.label, text, false, area.width() - text * NAME_OFFSET);
            let width = text * NAME_OFFSET + picture.text_width(&entry.label);
            if x + width > area.right && x > area.left {
                x = area.left;
                row += 1;
            }
            placed.push((x, row, entry));
            x += width + gap;
        }
        Legend { lead, entries: placed, left: area.left, rows: row + 1 }
    }

    /// How high it is, with a little room below.
    pub(super) fn height(&self, picture: &Picture) -> f64 {
        (self.rows - 1) as f64 * picture.style.row() + picture.style.text * 1.8
    }

    /// Draws it from `top` on.
    pub(super) fn draw(&self, picture: &mut Picture, top: f64) {
        let text = picture.style.text;
        let first = top + text;
        picture.text(self.left, first, Anchor::Start, INK, &self.lead);
        for (x, row, entry) in &self.entries {
            let baseline = first + *row as f64 * picture.style.row();
            draw_swatch(picture, *x, baseline - text * 0.36, entry);
            picture.text(x + text * NAME_OFFSET, baseline, Anchor::Start, MUTED, &entry.label);
        }
    }
}

/// From the left end of a swatch to its name, in font sizes.
const NAME_OFFSET: f64 = 1.75;

fn draw_swatch(picture: &mut Picture, x: f64, middle: f64, entry: &Entry) {
    let size = picture.style.text;
    let (width, half) = (size * 1.25, size * 0.42);
    match entry.swatch {
        Swatch::Line => {
            let thick = picture.style.line * 1.4;
            picture.line(vec![(x, middle), (x + width, middle)], thick, entry.colour);
        }
        Swatch::Box => picture.rect(x, middle - half, x + width, middle + half, entry.colour),
        Swatch::Split(lower) => {
            picture.rect(x, middle - half, x + width, middle + half, entry.colour);
            picture.rect(x, middle + half * 0.1, x + width, middle + half, lower);
        }
        Swatch::Dot => picture.disc(x + width / 2.0, middle, half * 0.9, entry.colour),
        Swatch::Bar => {
            let thick = (size / 8.0).round();
            let left = (x + width / 2.0 - thick).round();
            picture.rect(left, middle - half * 1.1, left + 2.0 * thick, middle + half * 1.1, entry.colour);
        }
    }
}

/// Two axes and the area they span.
pub(super) struct Plot {
    pub area: Area,
    pub x: Axis,
    pub y: Axis,
}

impl Plot {
    /// The pixel column of `x`.
    pub(super) fn across(&self, x: f64) -> Option<f64> {
        self.x.share(x).map(|share| self.area.left + share * (self.area.right - self.area.left))
    }

    /// The pixel row of `y`.
    pub(super) fn down(&self, y: f64) -> Option<f64> {
        self.y.share(y).map(|share| self.area.bottom - share * (self.area.bottom - self.area.top))
    }

    /// The pixel row from which areas grow: zero, or the lower end of a logarithmic axis.
    pub(super) fn floor(&self) -> f64 {
        self.down(0.0).unwrap_or(self.area.bottom)
    }

    /// The points in pixels from left to right, cut where one is missing.
    pub(super) fn runs(&self, points: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
        let mut runs = vec![Vec::new()];
        for (x, y) in ascending(points, |point| point.0) {
            match (self.across(x), self.down(y)) {
                (Some(x), Some(y)) => {
                    if let Some(run) = runs.last_mut() {
                        run.push((x, y));
                    }
                }
                _ => runs.push(Vec::new()),
            }
        }
        runs.retain(|run| !run.is_empty());
        runs
    }

    /// Draws both grids and the labels of the vertical axis, left of the area.
    pub(super) fn draw_grid(&self, picture: &mut Picture) {
        let area = self.area;
        for tick in &self.x.ticks {
            if let Some(x) = self.across(tick.value) {
                picture.vertical(x, area.top, area.bottom, GRID);
            }
        }
        let text = picture.style.text;
        let mut free_from = f64::INFINITY;
        for tick in &self.y.ticks {
            let Some(y) = self.down(tick.value) else { continue };
            picture.horizontal(y, area.left, area.right, GRID);
            // In a very flat chart only the labels that do not touch are written.
            if y + text * 0.55 <= free_from {
                picture.text(area.left - text * 0.6, y + text * 0.36, Anchor::End, MUTED, &tick.label);
                free_from = y - text * 0.55;
            }
        }
    }

    /// Draws the line from which the data rises, after the data.
    pub(super) fn draw_baseline(&self, picture: &mut Picture) {
        picture.horizontal(self.floor(), self.area.left, self.area.right, BASELINE);
    }
}

/// Draws the tick labels of a horizontal axis below `area`, and its name at the right end of the
/// line below them. Returns nothing: [`input_axis_height`] says how much room that takes.
pub(super) fn draw_input_axis(picture: &mut Picture, axis: &Axis, area: Area, name: &str) {
    let text = picture.style.text;
    let baseline = area.bottom + text * 1.45;
    let (least, most) = (text * 0.3, f64::from(picture.width) - text * 0.3);
    let mut free_from = f64::NEG_INFINITY;
    for tick in &axis.ticks {
        let Some(share) = axis.share(tick.value) else { continue };
        let x = area.left + share * (area.right - area.left);
        picture.vertical(x, area.bottom, area.bottom + text * 0.35, BASELINE);
        let half = picture.text_width(&tick.label) / 2.0;
        let centre = x.clamp(least + half, (most - half).max(least + half));
        if centre - half >= free_from {
            picture.text(centre, baseline, Anchor::Middle, MUTED, &tick.label);
            free_from = centre + half + text * 0.6;
        }
    }
    let name = shorten(name, text, false, area.width());
    picture.text(area.centre_x(), baseline + picture.style.row(), Anchor::Middle, INK, &name);
}

/// The height that [`draw_input_axis`] needs below the area.
pub(super) fn input_axis_height(picture: &Picture, name: &str) -> f64 {
    picture.style.text * 1.8 + if name.is_empty() { 0.0 } else { picture.style.row() }
}

/// Where the labels of events and spans go: rows above the plot, so that none covers data.
pub(super) struct Strip {
    labels: Vec<Label>,
    rows: usize,
    /// How many labels found no room.
    pub left_out: usize,
}

struct Label {
    /// Of an event, the pixel column of its line.
    line: Option<f64>,
    /// The columns that a span covers.
    cover: Option<(f64, f64)>,
    /// From where to where the text reaches, and in which row from below.
    place: Option<(f64, f64, usize)>,
    words: String,
}

/// More rows than this would eat up the plot.
const MOST_ROWS: usize = 3;
/// More labels than this nobody reads; the lines are still drawn.
const MOST_LABELS: usize = 24;

impl Strip {
    /// Finds a place for every label, given the axis and the columns it lies between.
    pub(super) fn new(
        picture: &Picture,
        axis: &Axis,
        (left, right): (f64, f64),
        events: &[Event],
        spans: &[Span],
    ) -> Strip {
        let across = |x: f64| axis.share(x).map(|share| left + share * (right - left));
        let lines = events.iter().filter_map(|event| {
            let line = across(event.at)?;
            Some(Label { line: Some(line), cover: None, place: None, words: event.label.clone() })
        });
        let covers = spans.iter().filter_map(|span| {
            let from = across(span.from.max(axis.lo))?;
            let to = across(span.to.min(axis.hi))?;
            (from < to).then(|| Label {
                line: None,
                cover: Some((from, to)),
                place: None,
                words: span.label.clone(),
            })
        });
        let mut labels: Vec<Label> = lines.chain(covers).collect();
        labels.sort_by(|a, b| a.start().total_cmp(&b.start()));
        let mut strip = Strip { labels, rows: 0, left_out: 0 };
        strip.place(picture, left, right);
        strip
    }

    /// From right to left: a label lies right of its line, so whatever lies further right must be
    /// lower, or its line would cross the text.
    fn place(&mut self, picture: &Picture, left: f64, right: f64) {
        let text = picture.style.text;
        let crowded = self.labels.len() > MOST_LABELS;
        for index in (0..self.labels.len()).rev() {
            let label = &self.labels[index];
            if label.words.is_empty() {
                continue;
            }
            let words = shorten(&label.words, text, false, (right - left) * 0.5);
            let width = picture.text_width(&words);
            let offset = text * 0.4;
            let start = label.start();
            let beside = (start + offset, start + offset + width);
            let before = (start - offset - width, start - offset);
            let fitting = [beside, before]
                .into_iter()
                .filter(|(from, to)| *from >= left && *to <= right + picture.style.margin * 0.5)
                .flat_map(|(from, to)| (0..MOST_ROWS).map(move |row| (from, to, row)))
                .find(|place| !crowded && !self.collides(index, *place, text * 0.6));
            if let Some((_, _, row)) = fitting {
                self.rows = self.rows.max(row + 1);
            } else {
                self.left_out += 1;
            }
            self.labels[index].place = fitting;
            self.labels[index].words = words;
        }
    }

    fn collides(&self, index: usize, (from, to, row): (f64, f64, usize), gap: f64) -> bool {
        self.labels.iter().enumerate().filter(|(other, _)| *other != index).any(|(_, other)| {
            let height = other.place.map_or(0, |(_, _, row)| row);
            // A line rises through the strip up to its label's row. Lines further left are not
            // placed yet; they may rise through every row.
            let height = if other.place.is_none() { MOST_ROWS } else { height };
            let crosses = |line: f64| line > from - gap / 2.0 && line < to + gap / 2.0;
            let line_in_the_way = other.line.is_some_and(crosses) && height >= row;
            let text_in_the_way = other.place.is_some_and(|(other_from, other_to, other_row)| {
                let own = self.labels[index].line;
                let cut = own.is_some_and(|own| own > other_from - gap / 2.0 && own < other_to + gap / 2.0);
                (other_row == row && from < other_to + gap && other_from < to + gap)
                    || (other_row < row && cut)
            });
            line_in_the_way || text_in_the_way
        })
    }

    /// The height of the strip; without labels just a little room.
    pub(super) fn height(&self, picture: &Picture) -> f64 {
        let text = picture.style.text;
        if self.rows > 0 { self.rows as f64 * text * 1.3 + text * 0.3 } else { text * 0.5 }
    }

    /// Shades the spans in one plot area; to be called before anything else is drawn there.
    pub(super) fn shade(&self, picture: &mut Picture, area: Area) {
        for (from, to) in self.labels.iter().filter_map(|label| label.cover) {
            picture.rect(from, area.top, to, area.bottom, SHADE);
        }
    }

    /// Draws the event lines through one plot area, after the data.
    pub(super) fn draw_lines(&self, picture: &mut Picture, area: Area) {
        for line in self.labels.iter().filter_map(|label| label.line) {
            picture.vertical(line, area.top, area.bottom, MARKER.with_alpha(170));
        }
    }

    /// Draws the labels above `area`, the first plot area below the strip.
    pub(super) fn draw_labels(&self, picture: &mut Picture, area: Area) {
        let text = picture.style.text;
        for label in &self.labels {
            if let Some((from, to)) = label.cover {
                picture.rect(from, area.top - 2.0, to, area.top, BASELINE);
            }
            let Some((from, _, row)) = label.place else { continue };
            let baseline = area.top - text * 0.5 - row as f64 * text * 1.3;
            if let Some(line) = label.line {
                picture.vertical(line, baseline - text * 0.8, area.top, MARKER.with_alpha(170));
            }
            picture.text(from, baseline, Anchor::Start, INK, &label.words);
        }
    }
}

impl Label {
    fn start(&self) -> f64 {
        self.line.or(self.cover.map(|(from, _)| from)).unwrap_or(0.0)
    }
}

/// Says that labels are missing, if any are.
pub(super) fn labels_left_out(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "1 label found no room".to_owned(),
        more => format!("{more} labels found no room"),
    }
}

/// Writes `words` where there is nothing to draw.
pub(super) fn draw_notice(picture: &mut Picture, area: Area, words: &str) {
    let size = picture.style.subtitle;
    let words = shorten(words, size, false, area.width());
    let half = font::width(&words, size, false) / 2.0 + size * 0.6;
    let (x, y) = (area.centre_x(), area.centre_y());
    if !words.is_empty() && area.height() > size * 2.0 {
        picture.rect(x - half, y - size, x + half, y + size, PAPER);
    }
    picture.sized_text(x, y + size * 0.36, Anchor::Middle, size, MUTED, &words);
}

/// Writes a note at the lower left end of the picture, and returns the height that it takes.
pub(super) fn draw_note(picture: &mut Picture, words: &str) -> f64 {
    if words.is_empty() {
        return 0.0;
    }
    let room = picture.room_below(0.0);
    let words = shorten(words, picture.style.text, false, room.width());
    picture.text(room.left, room.bottom, Anchor::Start, MUTED, &words);
    picture.style.row()
}
