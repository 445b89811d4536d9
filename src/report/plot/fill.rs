//! Exact anti-aliasing: polygons in, palette pixels out.
//!
//! Every edge notes in each pixel it crosses how much of the pixel lies right of it; summed from
//! left to right this gives the covered area of every pixel (the signed-area method of font
//! renderers).

use super::palette::{FULL, Palette};

/// A place in image pixels.
pub(super) type Point = (f32, f32);

/// An image with one byte per pixel, its place in a palette. It starts white.
pub(super) struct Image {
    pub width: usize,
    pub height: usize,
    pixels: Vec<u8>,
    palette: Palette,
    /// The edges of the shape that is being drawn.
    edges: Vec<Edge>,
    /// For a few rows, by how much the winding-weighted coverage of each pixel changes from its
    /// left neighbour's, in parts of [`COVERED`]. All zero between two shapes. A row has two spare
    /// places for shapes that touch its end.
    change: Vec<i32>,
    /// Per such row, the first and the last touched place in `change`.
    touched: [(usize, usize); BLOCK],
}

/// Coordinates count 1/256 of an image pixel: whole numbers add up without rounding.
const SUB: i32 = 256;
/// The coverage of a pixel that lies inside the shape: its height times twice its width.
const COVERED: i32 = SUB * 2 * SUB;
/// Bits of an edge's position beyond the 1/256, so that a long edge ends where it should.
const SLOPE_BITS: u32 = 24;
/// So many rows at a time stay in the processor's cache, however large the picture is.
const BLOCK: usize = 32;
/// So many pixels are looked at together.
const STRIDE: usize = 16;
const UNTOUCHED: (usize, usize) = (usize::MAX, 0);

/// A straight edge of a polygon, from its upper end down.
struct Edge {
    top: i32,
    bottom: i32,
    /// The upper end from left to right, with [`SLOPE_BITS`] more bits.
    x: i64,
    /// What `x` gains for every 1/256 pixel down.
    slope: i64,
    /// 1 if the polygon goes down here, -1 if it goes up.
    winding: i32,
}

impl Edge {
    fn new(from: (i32, i32), to: (i32, i32)) -> Option<Edge> {
        let (upper, lower, winding) = if from.1 < to.1 { (from, to, 1) } else { (to, from, -1) };
        (upper.1 < lower.1).then(|| {
            let slope = (i64::from(lower.0 - upper.0) << SLOPE_BITS) / i64::from(lower.1 - upper.1);
            Edge { top: upper.1, bottom: lower.1, x: i64::from(upper.0) << SLOPE_BITS, slope, winding }
        })
    }

    fn across(&self, y: i32) -> i32 {
        ((self.x + self.slope * i64::from(y - self.top)) >> SLOPE_BITS) as i32
    }
}

impl Image {
    pub(super) fn new(width: usize, height: usize) -> Image {
        Image {
            width,
            height,
            pixels: vec![0; width * height],
            palette: Palette::new(),
            edges: Vec::new(),
            change: vec![0; (width + 2) * BLOCK],
            touched: [UNTOUCHED; BLOCK],
        }
    }

    /// Makes sure that these colours appear as they are, however many shades edges need.
    pub(super) fn reserve(&mut self, colours: impl Iterator<Item = [u8; 3]>) {
        self.palette.reserve(colours);
    }

    /// The pixels, row by row from the top, and their palette.
    pub(super) fn finish(self) -> (Vec<u8>, Vec<u8>) {
        (self.pixels, self.palette.into_bytes())
    }

    /// Sets the colour of whatever is drawn from here on, and its opacity of 255.
    pub(super) fn dip(&mut self, rgb: [u8; 3], opacity: u8) {
        self.palette.dip(rgb, opacity);
    }

    /// Covers `share`, 0 to 1, of one pixel; pixels outside the image are ignored.
    pub(super) fn cover(&mut self, x: i32, y: i32, share: f32) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x < self.width && y < self.height {
            let pixel = &mut self.pixels[y * self.width + x];
            *pixel = self.palette.mix(*pixel, coverage_level((share * COVERED as f32) as i32));
        }
    }

    /// Adds one polygon to the shape. Polygons of the same orientation unite, they do not cancel.
    pub(super) fn add_polygon(&mut self, corners: &[Point]) {
        let inside = |at: f32, end: usize| (at.clamp(0.0, end as f32) * SUB as f32 + 0.5) as i32;
        let fixed = |(x, y): Point| (inside(x, self.width), inside(y, self.height));
        let Some(mut from) = corners.last().copied().map(fixed) else { return };
        for to in corners.iter().copied().map(fixed) {
            self.edges.extend(Edge::new(from, to));
            from = to;
        }
    }

    /// Paints the shape that was added, and forgets it.
    pub(super) fn fill_shape(&mut self) {
        let edges = std::mem::take(&mut self.edges);
        let top = edges.iter().map(|edge| edge.top).min().unwrap_or(0);
        let bottom = edges.iter().map(|edge| edge.bottom).max().unwrap_or(0);
        for first in (top / SUB..(bottom + SUB - 1) / SUB).step_by(BLOCK) {
            for edge in &edges {
                self.add_edge(edge, first);
            }
            for place in 0..BLOCK {
                self.fill_row(first as usize + place, place);
            }
        }
        self.edges = edges;
        self.edges.clear();
    }

    /// Adds the part of an edge that crosses the block of rows from `first` on.
    fn add_edge(&mut self, edge: &Edge, first: i32) {
        let top = edge.top.max(first * SUB);
        let bottom = edge.bottom.min((first + BLOCK as i32) * SUB);
        if top >= bottom {
            return;
        }
        let (mut x, mut y) = (edge.across(top), top);
        let rows = (top / SUB - first) as usize..((bottom + SUB - 1) / SUB - first) as usize;
        let changes = self.change.chunks_exact_mut(self.width + 2).zip(&mut self.touched);
        for (row, (change, touched)) in changes.enumerate().take(rows.end).skip(rows.start) {
            let next = bottom.min((first + row as i32 + 1) * SUB);
            let end = edge.across(next);
            let (from, to) = add_row_piece(change, x, end, (next - y) * edge.winding);
            *touched = (touched.0.min(from), touched.1.max(to));
            (x, y) = (end, next);
        }
    }

    /// Paints image row `row`, whose coverage is in place `place` of the block.
    fn fill_row(&mut self, row: usize, place: usize) {
        let (first, last) = std::mem::replace(&mut self.touched[place], UNTOUCHED);
        if first > last {
            return;
        }
        let start = place * (self.width + 2);
        let change = &mut self.change[start + first..=start + last];
        let from = row * self.width;
        let pixels = &mut self.pixels[from + first..from + (last + 1).min(self.width)];
        let mut sum = 0;
        for (pixels, change) in pixels.chunks_mut(STRIDE).zip(change.chunks(STRIDE)) {
            // Without early exits, these loops become a few vector instructions each.
            if change.iter().fold(0, |any, change| any | change) == 0 {
                self.palette.cover(pixels, coverage_level(sum));
                continue;
            }
            let mut levels = [0; STRIDE];
            for (level, change) in levels.iter_mut().zip(change) {
                sum += change;
                *level = sum;
            }
            let levels = levels.map(coverage_level);
            let levels = &levels[..pixels.len()];
            if levels.iter().fold(true, |all, level| all & (*level == FULL)) {
                self.palette.cover(pixels, FULL);
                continue;
            }
            for (pixel, level) in pixels.iter_mut().zip(levels) {
                if *level > 0 {
                    *pixel = self.palette.mix(*pixel, *level);
                }
            }
        }
        change.fill(0);
    }
}

/// Adds the piece of an edge that crosses a row from `x0` to `x1` and is `rise` high. Pixels right
/// of it gain `rise`, the pixels it crosses gain what lies right of it inside them. Returns the
/// first and the last place that it touched.
fn add_row_piece(change: &mut [i32], x0: i32, x1: i32, rise: i32) -> (usize, usize) {
    let (left, right) = if x0 < x1 { (x0, x1) } else { (x1, x0) };
    let (first, last) = ((left / SUB) as usize, (right / SUB) as usize);
    let mut add = |column: usize, from: i32, to: i32, part: i32| {
        let left_twice = from + to - 2 * SUB * column as i32;
        if let Some([here, next]) = change.get_mut(column..column + 2) {
            *here += part * (2 * SUB - left_twice);
            *next += part * left_twice;
        }
    };
    if first == last {
        add(first, left, right, rise);
    } else {
        // Each column gets its part of the rise; together they get exactly all of it.
        let (mut from, mut risen) = (left, 0);
        for column in first..=last {
            let to = right.min((column as i32 + 1) * SUB);
            let until = (i64::from(rise) * i64::from(to - left) / i64::from(right - left)) as i32;
            add(column, from, to, until - risen);
            (from, risen) = (to, until);
        }
    }
    (first, last + 1)
}

/// The step of coverage that is nearest to a sum of changes.
fn coverage_level(sum: i32) -> u8 {
    ((sum.abs().min(COVERED) * i32::from(FULL) + COVERED / 2) / COVERED) as u8
}
