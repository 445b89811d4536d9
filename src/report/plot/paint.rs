//! From a picture to bytes: the same shapes go through plotters to SVG and to pixels.

use std::convert::Infallible;

use plotters::prelude::SVGBackend;
use plotters_backend::text_anchor::{HPos, Pos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle};
use plotters_backend::{DrawingBackend, DrawingErrorKind, FontFamily, FontStyle};

use super::colour::Colour;
use super::picture::{Anchor, Picture, Shape, Text};
use super::raster::Raster;
use super::{PlotError, font};

/// plotters counts in whole units; ten of them per logical pixel keep curves smooth when an SVG
/// fills a slide.
pub(super) const UNITS_PER_PX: f64 = 10.0;
/// What plotters divides a font size by before it writes it as the size of an em.
pub(super) const PLOTTERS_EM: f64 = 1.24;
/// How far below its position plotters' SVG backend puts the baseline of a text that is anchored
/// at the top, in em: the only one of its three anchors that does not depend on the font.
pub(super) const BASELINE_DROP_EM: f64 = 0.76;

/// The picture as an SVG document whose texts are texts.
pub(super) fn svg(picture: &Picture) -> Result<Vec<u8>, PlotError> {
    let (width, height) = (picture.width, picture.height);
    let mut body = String::new();
    {
        let units = UNITS_PER_PX as u32;
        let mut backend = SVGBackend::with_string(&mut body, (width * units, height * units));
        paint(picture, &mut backend).map_err(failure)?;
        backend.present().map_err(failure)?;
    }
    // The opening tag is written anew: size in logical pixels, a name for screen readers, and
    // round joins, without which a zigzag grows spikes.
    let rest = body.split_once('\n').map_or("", |(_, rest)| rest);
    let (view_width, view_height) = (f64::from(width) * UNITS_PER_PX, f64::from(height) * UNITS_PER_PX);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {view_width} {view_height}\" role=\"img\" stroke-linejoin=\"round\">\n\
         <title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n{rest}",
        escape(&picture.name)
    )
    .into_bytes())
}

/// The picture as a PNG with `density` image pixels per logical pixel.
pub(super) fn png(picture: &Picture, density: u32) -> Result<Vec<u8>, PlotError> {
    let mut raster = Raster::new(picture.width, picture.height, density);
    raster.reserve(picture.shapes.iter().map(Shape::colour).map(Colour::on_white));
    paint(picture, &mut raster).map_err(failure)?;
    let (pixels, palette) = raster.finish();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width * density, picture.height * density);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette);
    encoder.set_compression(png::Compression::Fast);
    // Charts repeat their rows: with this filter most bytes are zero.
    encoder.set_filter(png::Filter::Paeth);
    // A slide shows the picture in its logical size: 96 logical pixels are one inch.
    let per_metre = (f64::from(96 * density) / 0.0254).round() as u32;
    let unit = png::Unit::Meter;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit }));
    let mut writer = encoder.write_header().map_err(failure)?;
    writer.write_image_data(&pixels).map_err(failure)?;
    writer.finish().map_err(failure)?;
    Ok(bytes)
}

fn failure(error: impl std::fmt::Display) -> PlotError {
    PlotError::Drawing(error.to_string())
}

fn paint<B: DrawingBackend>(
    picture: &Picture,
    backend: &mut B,
) -> Result<(), DrawingErrorKind<B::ErrorType>> {
    for shape in &picture.shapes {
        match shape {
            Shape::Rect { left, top, right, bottom, fill } => {
                backend.draw_rect(at(*left, *top), at(*right, *bottom), &Ink::fill(*fill), true)?;
            }
            Shape::Line { points, width, colour } => {
                let ink = Ink { colour: *colour, width: units(*width).unsigned_abs() };
                backend.draw_path(points.iter().map(|&(x, y)| at(x, y)), &ink)?;
            }
            Shape::Polygon { points, fill } => {
                backend.fill_polygon(points.iter().map(|&(x, y)| at(x, y)), &Ink::fill(*fill))?;
            }
            Shape::Disc { x, y, radius, fill } => {
                backend.draw_circle(at(*x, *y), units(*radius).unsigned_abs(), &Ink::fill(*fill), true)?;
            }
            Shape::Text(text) => {
                let top = text.baseline - BASELINE_DROP_EM * text.size;
                backend.draw_text(&printable(&text.words), text, at(text.x, top))?;
            }
        }
    }
    Ok(())
}

fn at(x: f64, y: f64) -> BackendCoord {
    (units(x), units(y))
}

/// Logical pixels in backend units. Shapes lie inside the picture; the bound only keeps a mistake
/// from overflowing plotters' arithmetic.
fn units(px: f64) -> i32 {
    (px * UNITS_PER_PX).round().clamp(-1e6, 1e6) as i32
}

/// The text without characters that XML forbids or that would break a line.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c })
        .collect()
}

fn escape(text: &str) -> String {
    printable(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

struct Ink {
    colour: Colour,
    width: u32,
}

impl Ink {
    fn fill(colour: Colour) -> Ink {
        Ink { colour, width: 1 }
    }
}

impl BackendStyle for Ink {
    fn color(&self) -> BackendColor {
        backend_colour(self.colour)
    }

    fn stroke_width(&self) -> u32 {
        self.width
    }
}

fn backend_colour(colour: Colour) -> BackendColor {
    // In hundredths, so that the SVG says 0.35 and not 0.34901960784313724.
    let alpha = (f64::from(colour.alpha) / 2.55).round() / 100.0;
    BackendColor { alpha, rgb: (colour.red, colour.green, colour.blue) }
}

/// Texts carry their own style: plotters' font registry, which would have to be filled before
/// the first text, is not involved.
impl BackendTextStyle for Text {
    type FontError = Infallible;

    fn color(&self) -> BackendColor {
        backend_colour(self.colour)
    }

    fn size(&self) -> f64 {
        // Whole units, and so that plotters' division finds them again: 210, not 209.99999999999997.
        let whole = (self.size * UNITS_PER_PX).round();
        let size = whole * PLOTTERS_EM;
        if size / PLOTTERS_EM < whole { size.next_up() } else { size }
    }

    fn style(&self) -> FontStyle {
        if self.bold { FontStyle::Bold } else { FontStyle::Normal }
    }

    fn anchor(&self) -> Pos {
        let horizontal = match self.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        Pos::new(horizontal, VPos::Top)
    }

    fn family(&self) -> FontFamily<'_> {
        FontFamily::Name(font::FAMILY)
    }

    fn layout_box(&self, text: &str) -> Result<((i32, i32), (i32, i32)), Infallible> {
        Ok(((0, 0), (units(font::width(text, self.size, self.bold)), units(self.size))))
    }

    /// Both backends draw texts from the style alone and never ask for their pixels.
    fn draw<E, F: FnMut(i32, i32, BackendColor) -> Result<(), E>>(
        &self,
        _text: &str,
        _position: BackendCoord,
        _draw: F,
    ) -> Result<Result<(), E>, Infallible> {
        Ok(Ok(()))
    }
}
