//! The colours of a PNG: at most 256, collected while shapes are drawn.
//!
//! One byte per pixel instead of three makes drawing and packing fast and files small. Charts have
//! few colours; the shades along smooth edges are what fills the palette, so edges get 17 steps.

type Rgb = [u8; 3];

/// How many steps lead from no coverage to full coverage.
pub(super) const FULL: u8 = 16;
const LEVELS: usize = FULL as usize + 1;
/// A mix that has not been asked for yet.
const UNKNOWN: u16 = u16::MAX;
/// Room for mixes remains, whatever a chart brings.
const MOST_RESERVED: usize = 128;

/// The colours in use, and how the present ink mixes with each.
pub(super) struct Palette {
    colours: Vec<Rgb>,
    ink: (Rgb, u8),
    /// Per colour and level of coverage, the place of the mix with the ink.
    mixes: Vec<u16>,
}

impl Palette {
    /// A palette whose first colour, place 0, is white.
    pub(super) fn new() -> Palette {
        let white = [255; 3];
        Palette { colours: vec![white], ink: (white, 255), mixes: vec![UNKNOWN; 256 * LEVELS] }
    }

    /// The colours one after the other, as the PNG's palette.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.colours.concat()
    }

    /// Sets the colour, and its opacity of 255, that [`Palette::mix`] lays over others.
    pub(super) fn dip(&mut self, rgb: Rgb, opacity: u8) {
        if self.ink != (rgb, opacity) {
            self.ink = (rgb, opacity);
            self.mixes.fill(UNKNOWN);
        }
    }

    /// The place of what the ink makes of the colour at `place`, covering `level` of [`FULL`].
    pub(super) fn mix(&mut self, place: u8, level: u8) -> u8 {
        match self.mixes[usize::from(place) * LEVELS + usize::from(level.min(FULL))] {
            UNKNOWN => self.find_mix(place, level.min(FULL)),
            known => known as u8,
        }
    }

    #[cold]
    fn find_mix(&mut self, place: u8, level: u8) -> u8 {
        let weight = u32::from(level) * u32::from(self.ink.1);
        let whole = u32::from(FULL) * 255;
        let below = self.colours[usize::from(place)];
        let blend = |old: u8, new: u8| {
            ((u32::from(old) * (whole - weight) + u32::from(new) * weight + whole / 2) / whole) as u8
        };
        let ink = self.ink.0;
        let mix = self.place([blend(below[0], ink[0]), blend(below[1], ink[1]), blend(below[2], ink[2])]);
        self.mixes[usize::from(place) * LEVELS + usize::from(level)] = u16::from(mix);
        mix
    }

    /// Lays the ink over several pixels at the same level.
    pub(super) fn cover(&mut self, places: &mut [u8], level: u8) {
        if level == FULL && self.ink.1 == 255 {
            places.fill(self.mix(0, FULL));
        } else if level > 0 {
            for place in places {
                *place = self.mix(*place, level);
            }
        }
    }

    /// Takes these colours in first, so that edges and shades can never push them out.
    pub(super) fn reserve(&mut self, colours: impl Iterator<Item = Rgb>) {
        for rgb in colours {
            if self.colours.len() < MOST_RESERVED && !self.colours.contains(&rgb) {
                self.colours.push(rgb);
            }
        }
    }

    /// The place of a colour, or of one that is near enough: the fuller the palette, the further
    /// that may be.
    fn place(&mut self, rgb: Rgb) -> u8 {
        let distance = |other: &Rgb| other.iter().zip(rgb).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0);
        let nearest = (0..=u8::MAX).zip(&self.colours).map(|(place, other)| (distance(other), place)).min();
        let near_enough = match self.colours.len() {
            0..96 => 3,
            96..160 => 6,
            160..256 => 10,
            _ => u8::MAX,
        };
        match nearest {
            Some((distance, place)) if distance <= near_enough => place,
            _ => {
                self.colours.push(rgb);
                (self.colours.len() - 1) as u8
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_covers_by_its_level_and_opacity() {
        let mut palette = Palette::new();
        palette.dip([0, 0, 0], 255);
        assert_eq!(palette.mix(0, 0), 0);
        let black = palette.mix(0, FULL);
        assert_eq!(palette.colours[usize::from(black)], [0, 0, 0]);
        let half = palette.mix(0, FULL / 2);
        assert_eq!(palette.colours[usize::from(half)], [128, 128, 128]);
        assert_eq!(palette.mix(black, FULL), black);
        palette.dip([255, 0, 0], 51);
        let pink = palette.mix(0, FULL);
        assert_eq!(palette.colours[usize::from(pink)], [255, 204, 204]);
        assert_eq!(palette.into_bytes().len(), 4 * 3);
    }

    #[test]
    fn a_full_palette_gives_the_nearest_colour_and_keeps_what_was_reserved() {
        let mut palette = Palette::new();
        let kept = [213, 94, 0];
        palette.reserve([kept].into_iter());
        for red in (0..=255).step_by(15) {
            for green in (0..=255).step_by(15) {
                palette.place([red, green, 200]);
            }
        }
        assert_eq!(palette.colours.len(), 256);
        palette.dip(kept, 255);
        let place = palette.mix(0, FULL);
        assert_eq!(palette.colours[usize::from(place)], kept);
        let near = palette.place([31, 0, 200]);
        assert_eq!(palette.colours[usize::from(near)], [30, 0, 200]);
        assert_eq!(palette.colours.len(), 256);
    }
}
