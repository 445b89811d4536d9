//! The embedded font: how wide a text is, and what its glyphs cover.
//!
//! Pictures must look the same on a build machine that has no font at all, so a subset of DejaVu
//! Sans is part of the program (assets/vendor/dejavu/README.md says how it was made).

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};

/// Font families of the SVG texts. Verdana comes next because its letters are as wide as those
/// that were measured; whatever stands behind it is narrower, so that labels never collide.
pub(super) const FAMILY: &str = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif";

static REGULAR: LazyLock<FontRef<'static>> =
    LazyLock::new(|| parse(include_bytes!("../../../assets/vendor/dejavu/DejaVuSans-subset.ttf")));
static BOLD: LazyLock<FontRef<'static>> =
    LazyLock::new(|| parse(include_bytes!("../../../assets/vendor/dejavu/DejaVuSans-Bold-subset.ttf")));

fn parse(bytes: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(bytes).expect("the embedded font is a constant that every test parses")
}

fn face(bold: bool) -> &'static FontRef<'static> {
    if bold { &BOLD } else { &REGULAR }
}

/// ab_glyph scales by the distance from ascender to descender; everybody else by the em.
fn scale(font: &FontRef<'static>, size: f32) -> PxScale {
    let per_em = font.units_per_em().map_or(1.0, |units| font.height_unscaled() / units);
    PxScale::from(size * per_em)
}

/// The width of `text` in the unit of `size`, the font size (one em).
pub(super) fn width(text: &str, size: f64, bold: bool) -> f64 {
    f64::from(pen_positions(text, size as f32, bold).1)
}

/// Calls `cover(x, y, share)` for every pixel that `text` touches when its first letter starts at
/// `x` on the baseline `y`. `share` is the covered share of the pixel, 0 to 1.
pub(super) fn draw(
    text: &str,
    size: f32,
    bold: bool,
    (x, y): (f32, f32),
    mut cover: impl FnMut(i32, i32, f32),
) {
    let font = face(bold);
    let scale = scale(font, size);
    for (letter, pen) in text.chars().zip(pen_positions(text, size, bold).0) {
        let glyph = font.glyph_id(letter).with_scale_and_position(scale, point(x + pen, y));
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let corner = outline.px_bounds().min;
        outline.draw(|column, row, share| {
            cover(corner.x as i32 + column as i32, corner.y as i32 + row as i32, share);
        });
    }
}

/// Where each letter starts, and where the text ends.
fn pen_positions(text: &str, size: f32, bold: bool) -> (Vec<f32>, f32) {
    let font = face(bold);
    let font = font.as_scaled(scale(font, size));
    let mut pen = 0.0;
    let mut previous = None;
    let mut starts = Vec::with_capacity(text.len());
    for letter in text.chars() {
        let id = font.glyph_id(letter);
        if let Some(previous) = previous {
            pen += font.kern(previous, id);
        }
        starts.push(pen);
        pen += font.h_advance(id);
        previous = Some(id);
    }
    (starts, pen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_that_charts_use_has_a_glyph() {
        let signs = "AZaz09 –—…±×µ≤≥→←%·°−≈∞Δ✓✗\u{2009}\u{202f}äéß";
        for bold in [false, true] {
            for sign in signs.chars() {
                assert_ne!(face(bold).glyph_id(sign).0, 0, "{sign:?} bold {bold}");
            }
        }
    }

    #[test]
    fn digits_are_equally_wide_and_width_grows_with_size() {
        let one = width("1", 14.0, false);
        for digit in ["0", "4", "7", "9"] {
            assert!((width(digit, 14.0, false) - one).abs() < 1e-6, "{digit}");
        }
        // Source: DejaVu Sans 2.37, advance of a digit: 1303 of 2048 units.
        assert!((one - 14.0 * 1303.0 / 2048.0).abs() < 1e-3, "{one}");
        assert!((width("11", 28.0, false) - 4.0 * one).abs() < 1e-3);
        assert!(width("m", 14.0, true) > width("m", 14.0, false));
    }

    #[test]
    fn a_letter_keeps_its_left_bearing() {
        // An `i` starts 0.094 em right of the pen; a renderer that drops this draws uneven words.
        let mut left = i32::MAX;
        draw("i", 100.0, false, (0.0, 100.0), |x, _, share| {
            if share > 0.5 {
                left = left.min(x);
            }
        });
        assert!((8..=11).contains(&left), "{left}");
    }
}
