//! A plotters backend that draws into pixels, for PNG.
//!
//! plotters' own bitmap backend works on whole pixels: it ignores the left bearing of glyphs, so
//! words look uneven, and rounds the outline of a wide line, so a zigzag comes out jagged and now
//! thick, now thin. Here every shape becomes polygons with exact coverage ([`super::fill`]), at
//! any density and with fractions of a pixel.

use std::convert::Infallible;

use plotters_backend::text_anchor::HPos;
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle};
use plotters_backend::{DrawingBackend, DrawingErrorKind, FontStyle};

use super::fill::{Image, Point};
use super::font;
use super::paint::{BASELINE_DROP_EM, PLOTTERS_EM, UNITS_PER_PX};

type Done = Result<(), DrawingErrorKind<Infallible>>;

/// An image, and how to get from backend units to its pixels.
pub(super) struct Raster {
    image: Image,
    /// Image pixels per backend unit.
    scale: f32,
}

impl Raster {
    /// A white image of a picture of `width` x `height` logical pixels, with `density` image
    /// pixels per logical pixel.
    pub(super) fn new(width: u32, height: u32, density: u32) -> Raster {
        Raster {
            image: Image::new((width * density) as usize, (height * density) as usize),
            scale: density as f32 / UNITS_PER_PX as f32,
        }
    }

    /// Makes sure that these colours appear as they are, however many shades edges need.
    pub(super) fn reserve(&mut self, colours: impl Iterator<Item = [u8; 3]>) {
        self.image.reserve(colours);
    }

    /// The finished image, row by row from the top, and its palette.
    pub(super) fn finish(self) -> (Vec<u8>, Vec<u8>) {
        self.image.finish()
    }

    fn point(&self, (x, y): BackendCoord) -> Point {
        (x as f32 * self.scale, y as f32 * self.scale)
    }

    fn dip(&mut self, colour: BackendColor) {
        let (red, green, blue) = colour.rgb;
        self.image.dip([red, green, blue], (colour.alpha * 255.0).round() as u8);
    }

    fn fill_shape(&mut self, colour: BackendColor) {
        self.dip(colour);
        self.image.fill_shape();
    }

    /// Adds a line as one quadrangle per segment, all of the same orientation, and its corners.
    fn stroke(&mut self, path: &[Point], width: f32) {
        let half = width / 2.0;
        let mut before: Option<Point> = None;
        for pair in path.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let length = (dx * dx + dy * dy).sqrt();
            if length < 1e-3 {
                continue;
            }
            let along = (dx / length, dy / length);
            let side = (-along.1 * half, along.0 * half);
            if let Some(before) = before {
                self.add_join(from, before, along, half);
            }
            self.image.add_polygon(&[
                (from.0 + side.0, from.1 + side.1),
                (to.0 + side.0, to.1 + side.1),
                (to.0 - side.0, to.1 - side.1),
                (from.0 - side.0, from.1 - side.1),
            ]);
            before = Some(along);
        }
    }

    /// Rounds the outer side of the corner at `at` between the directions `before` and `after`.
    fn add_join(&mut self, at: Point, before: Point, after: Point, half: f32) {
        let turn = before.0 * after.1 - before.1 * after.0;
        let straight = before.0 * after.0 + before.1 * after.1;
        if straight > 0.999 {
            return;
        }
        // The outer side lies right of a left turn and left of a right turn.
        let outer = if turn > 0.0 { -half } else { half };
        let normal = |(x, y): Point| (-y * outer, x * outer);
        let (start, end) = (normal(before), normal(after));
        let middle = if straight > -0.9 {
            stretch((start.0 + end.0, start.1 + end.1), half)
        } else {
            (before.0 * half, before.1 * half)
        };
        let arc = [
            start,
            stretch((start.0 + middle.0, start.1 + middle.1), half),
            middle,
            stretch((middle.0 + end.0, middle.1 + end.1), half),
            end,
        ];
        let mut fan = [at; 6];
        for (corner, offset) in fan[1..].iter_mut().zip(arc) {
            *corner = (at.0 + offset.0, at.1 + offset.1);
        }
        // The same orientation as the segments, or the corner would cancel them.
        if turn > 0.0 {
            fan.reverse();
        }
        self.image.add_polygon(&fan);
    }
}

fn stretch((x, y): Point, length: f32) -> Point {
    let factor = length / (x * x + y * y).sqrt().max(1e-6);
    (x * factor, y * factor)
}

impl DrawingBackend for Raster {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        ((self.image.width as f32 / self.scale) as u32, (self.image.height as f32 / self.scale) as u32)
    }

    fn ensure_prepared(&mut self) -> Done {
        Ok(())
    }

    fn present(&mut self) -> Done {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Done {
        self.draw_rect((x, y), (x + 1, y + 1), &colour, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Done {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Done {
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        if fill { self.fill_polygon(corners, style) } else { self.draw_path(corners, style) }
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Done {
        let path: Vec<Point> = path.into_iter().map(|at| self.point(at)).collect();
        self.stroke(&path, style.stroke_width() as f32 * self.scale);
        self.fill_shape(style.color());
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        centre: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Done {
        let (x, y) = self.point(centre);
        let radius = radius as f32 * self.scale;
        // A regular polygon with this many corners stays within 1/20 pixel of circles up to
        // 40 pixels wide.
        const CORNERS: u32 = 48;
        let ring: Vec<Point> = (0..=CORNERS)
            .map(|corner| libm::sincosf(std::f32::consts::TAU * corner as f32 / CORNERS as f32))
            .map(|(sin, cos)| (x + radius * cos, y + radius * sin))
            .collect();
        if fill {
            self.image.add_polygon(&ring);
        } else {
            self.stroke(&ring, style.stroke_width() as f32 * self.scale);
        }
        self.fill_shape(style.color());
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Done {
        let corners: Vec<Point> = corners.into_iter().map(|at| self.point(at)).collect();
        self.image.add_polygon(&corners);
        self.fill_shape(style.color());
        Ok(())
    }

    /// Draws a text whose position is the top of its em box, as `paint` places all texts.
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, position: BackendCoord) -> Done {
        let em = (style.size() / PLOTTERS_EM) as f32 * self.scale;
        let bold = matches!(style.style(), FontStyle::Bold);
        let (x, top) = self.point(position);
        let width = font::width(text, f64::from(em), bold) as f32;
        let left = match style.anchor().h_pos {
            HPos::Left => x,
            HPos::Center => x - width / 2.0,
            HPos::Right => x - width,
        };
        self.dip(style.color());
        let image = &mut self.image;
        font::draw(text, em, bold, (left, top + BASELINE_DROP_EM as f32 * em), |x, y, share| {
            image.cover(x, y, share);
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: BackendColor = BackendColor { alpha: 1.0, rgb: (0, 0, 0) };

    struct Pen(u32);

    impl BackendStyle for Pen {
        fn color(&self) -> BackendColor {
            BLACK
        }

        fn stroke_width(&self) -> u32 {
            self.0
        }
    }

    /// How dark each pixel is, 0 to 1, on an image whose pixels are ten units wide.
    fn darkness(width: u32, height: u32, draw: impl FnOnce(&mut Raster) -> Done) -> Vec<f64> {
        let mut raster = Raster::new(width, height, 1);
        draw(&mut raster).unwrap();
        let (pixels, palette) = raster.finish();
        pixels.iter().map(|place| 1.0 - f64::from(palette[usize::from(*place) * 3]) / 255.0).collect()
    }

    #[test]
    fn coverage_is_the_area_inside_each_pixel() {
        let dark = darkness(4, 3, |raster| raster.draw_rect((5, 10), (30, 25), &BLACK, true));
        let want = [0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 0.0, 0.25, 0.5, 0.5, 0.0];
        for (index, (have, want)) in dark.iter().zip(want).enumerate() {
            assert!((have - want).abs() < 0.02, "pixel {index}: {have}, not {want}");
        }
        // A triangle over half of every pixel on the diagonal.
        let dark = darkness(3, 3, |raster| raster.fill_polygon([(0, 0), (30, 30), (0, 30)], &BLACK));
        for (index, have) in dark.iter().enumerate() {
            let want = match (index % 3).cmp(&(index / 3)) {
                std::cmp::Ordering::Less => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Greater => 0.0,
            };
            assert!((have - want).abs() < 0.02, "pixel {index}: {have}, not {want}");
        }
    }

    #[test]
    fn shapes_cover_as_much_as_geometry_says() {
        let total = |dark: Vec<f64>| dark.iter().sum::<f64>();
        let disc = total(darkness(60, 60, |raster| raster.draw_circle((300, 300), 200, &BLACK, true)));
        assert!((disc / (std::f64::consts::PI * 400.0) - 1.0).abs() < 0.01, "{disc}");
        let slope = total(darkness(60, 60, |raster| raster.draw_path([(100, 100), (500, 400)], &Pen(20))));
        assert!((slope / 100.0 - 1.0).abs() < 0.02, "{slope}");
        let flat = total(darkness(60, 60, |raster| raster.draw_line((100, 105), (500, 105), &Pen(10))));
        assert!((flat - 40.0).abs() < 0.1, "{flat}");
    }

    #[test]
    fn a_zigzag_has_no_holes_and_a_corner_is_whole() {
        // Segments that overlap each other at every turn.
        let zigzag = (0..20).map(|turn| (100 + turn * 10, if turn % 2 == 0 { 100 } else { 500 }));
        let dark = darkness(60, 60, |raster| raster.draw_path(zigzag, &Pen(30)));
        for row in 15..45 {
            for column in 12..28 {
                assert!(dark[row * 60 + column] > 0.99, "hole at {column}, {row}");
            }
        }
        for end in [(500, 300), (100, 300), (300, 500), (300, 100), (110, 110), (500, 500)] {
            let dark = darkness(60, 60, |raster| raster.draw_path([(100, 100), (300, 300), end], &Pen(100)));
            assert!(dark[30 * 60 + 30] > 0.99, "corner towards {end:?}");
        }
    }

    #[test]
    fn shapes_beyond_the_image_are_cut_off() {
        let dark = darkness(4, 40, |raster| {
            raster.draw_rect((-500, -500), (9_000, 9_000), &BLACK, true)?;
            raster.draw_path([(-1_000, 10), (9_000, 9_000)], &Pen(7))?;
            raster.draw_circle((40, 400), 300, &BLACK, true)
        });
        assert!(dark.iter().all(|dark| *dark > 0.99));
    }
}
