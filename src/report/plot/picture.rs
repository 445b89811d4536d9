//! A picture as plain data: a list of shapes in logical pixels, from back to front.
//!
//! Charts only add shapes here, so one drawing code serves SVG and PNG, and tests can ask whether
//! two texts overlap instead of comparing pixels.

use super::colour::{Colour, INK, MUTED};
use super::font;
use super::{Heading, Size};

/// Which point of a text its position names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// One line of text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    pub x: f64,
    pub baseline: f64,
    pub anchor: Anchor,
    /// Font size: one em in logical pixels.
    pub size: f64,
    pub bold: bool,
    pub colour: Colour,
    pub words: String,
}

/// What a picture is made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Rect { left: f64, top: f64, right: f64, bottom: f64, fill: Colour },
    Line { points: Vec<(f64, f64)>, width: f64, colour: Colour },
    Polygon { points: Vec<(f64, f64)>, fill: Colour },
    Disc { x: f64, y: f64, radius: f64, fill: Colour },
    Text(Text),
}

impl Shape {
    pub(super) fn colour(&self) -> Colour {
        match self {
            Shape::Rect { fill, .. } | Shape::Polygon { fill, .. } | Shape::Disc { fill, .. } => *fill,
            Shape::Line { colour, .. } | Shape::Text(Text { colour, .. }) => *colour,
        }
    }
}

/// Sizes that depend on the width of the picture only, so that all charts of a report match.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub title: f64,
    pub subtitle: f64,
    /// Font size of axis labels, legends and notes.
    pub text: f64,
    pub margin: f64,
    pub line: f64,
}

impl Style {
    fn of(size: Size) -> Style {
        let factor = (f64::from(size.width) / 1200.0).sqrt().clamp(0.84, 1.4);
        Style {
            title: 21.0 * factor,
            subtitle: 14.5 * factor,
            text: 13.5 * factor,
            margin: 24.0 * factor,
            line: 2.0 * factor,
        }
    }

    /// The distance from one baseline of small text to the next.
    pub(super) fn row(&self) -> f64 {
        self.text * 1.5
    }
}

/// A picture that is being drawn or is finished. Its background is white.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub width: u32,
    pub height: u32,
    /// The name for screen readers: title and subtitle.
    pub name: String,
    pub style: Style,
    pub shapes: Vec<Shape>,
}

impl Picture {
    /// A picture with its title and subtitle; also returns where the free space begins.
    pub(super) fn titled(size: Size, heading: &Heading) -> (Picture, f64) {
        let style = Style::of(size);
        let name = match (heading.title.as_str(), heading.subtitle.as_str()) {
            (title, "") => title.to_owned(),
            ("", subtitle) => subtitle.to_owned(),
            (title, subtitle) => format!("{title}: {subtitle}"),
        };
        let mut picture = Picture { width: size.width, height: size.height, name, style, shapes: Vec::new() };
        let room = f64::from(size.width) - 2.0 * style.margin;
        let mut y = style.margin * 0.6;
        for (words, size, bold, colour) in
            [(&heading.title, style.title, true, INK), (&heading.subtitle, style.subtitle, false, MUTED)]
        {
            for line in wrap(words, size, bold, room, 2) {
                y += size * 1.3;
                picture.shapes.push(Shape::Text(Text {
                    x: style.margin,
                    baseline: y,
                    anchor: Anchor::Start,
                    size,
                    bold,
                    colour,
                    words: line,
                }));
            }
        }
        (picture, y + style.text)
    }

    pub(super) fn rect(&mut self, left: f64, top: f64, right: f64, bottom: f64, fill: Colour) {
        self.shapes.push(Shape::Rect { left, top, right, bottom, fill });
    }

    /// A thin horizontal line, on whole pixels so that it stays sharp.
    pub(super) fn horizontal(&mut self, y: f64, left: f64, right: f64, colour: Colour) {
        let y = y.round();
        self.rect(left.round(), y, right.round(), y + 1.0, colour);
    }

    /// A thin vertical line, on whole pixels so that it stays sharp.
    pub(super) fn vertical(&mut self, x: f64, top: f64, bottom: f64, colour: Colour) {
        let x = x.round();
        self.rect(x, top.round(), x + 1.0, bottom.round(), colour);
    }

    pub(super) fn line(&mut self, points: Vec<(f64, f64)>, width: f64, colour: Colour) {
        if points.len() > 1 {
            self.shapes.push(Shape::Line { points, width, colour });
        }
    }

    pub(super) fn polygon(&mut self, points: Vec<(f64, f64)>, fill: Colour) {
        if points.len() > 2 {
            self.shapes.push(Shape::Polygon { points, fill });
        }
    }

    pub(super) fn disc(&mut self, x: f64, y: f64, radius: f64, fill: Colour) {
        self.shapes.push(Shape::Disc { x, y, radius, fill });
    }

    /// Small text in the usual size.
    pub(super) fn text(&mut self, x: f64, baseline: f64, anchor: Anchor, colour: Colour, words: &str) {
        self.sized_text(x, baseline, anchor, self.style.text, colour, words);
    }

    /// Small text in another size.
    pub(super) fn sized_text(
        &mut self,
        x: f64,
        baseline: f64,
        anchor: Anchor,
        size: f64,
        colour: Colour,
        words: &str,
    ) {
        if !words.is_empty() {
            let words = words.to_owned();
            self.shapes.push(Shape::Text(Text { x, baseline, anchor, size, bold: false, colour, words }));
        }
    }

    /// How wide `words` is as small text.
    pub(super) fn text_width(&self, words: &str) -> f64 {
        font::width(words, self.style.text, false)
    }

    /// The space that a chart may use below `top`, without the margins.
    pub(super) fn room_below(&self, top: f64) -> Area {
        let margin = self.style.margin;
        Area {
            left: margin,
            top,
            right: f64::from(self.width) - margin,
            bottom: f64::from(self.height) - margin * 0.75,
        }
    }
}

/// A part of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Area {
    pub(super) fn width(&self) -> f64 {
        (self.right - self.left).max(1.0)
    }

    pub(super) fn height(&self) -> f64 {
        (self.bottom - self.top).max(1.0)
    }

    pub(super) fn centre_x(&self) -> f64 {
        (self.left + self.right) / 2.0
    }

    pub(super) fn centre_y(&self) -> f64 {
        (self.top + self.bottom) / 2.0
    }
}

/// `text` in at most `most` lines that are no wider than `room`; what does not fit becomes `…`.
pub(super) fn wrap(text: &str, size: f64, bold: bool, room: f64, most: usize) -> Vec<String> {
    let fits = |line: &str| font::width(line, size, bold) <= room;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if fits(&format!("{line} {word}")) => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.len() > most {
        let rest = lines.split_off(most).join(" ");
        if let Some(last) = lines.last_mut() {
            last.push(' ');
            last.push_str(&rest);
        }
    }
    lines.into_iter().map(|line| shorten(&line, size, bold, room)).collect()
}

/// `text`, or as much of its beginning as fits into `room` with `…` behind it.
pub(super) fn shorten(text: &str, size: f64, bold: bool, room: f64) -> String {
    if font::width(text, size, bold) <= room {
        return text.to_owned();
    }
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let cut = |end: usize| format!("{}…", text[..end].trim_end());
    let longest = ends.partition_point(|&end| font::width(&cut(end), size, bold) <= room);
    ends.get(longest.saturating_sub(1)).map_or_else(String::new, |&end| cut(end))
}
