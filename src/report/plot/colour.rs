//! Colours with a fixed meaning, distinguishable with the usual kinds of colour blindness.
//!
//! The hues follow the palettes of Okabe and Ito (2008) and of Paul Tol (technical note
//! SRON/EPS/TN/09-002); neighbours in a stack also differ in lightness. A test simulates
//! protanopia and deuteranopia and measures how far apart the colours stay.

/// A colour with opacity, each part 0 to 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
    /// Opacity: 255 hides what lies behind.
    pub alpha: u8,
}

impl Colour {
    /// An opaque colour from its usual hexadecimal form, such as `0xd55e00`.
    pub const fn rgb(hex: u32) -> Colour {
        let [_, red, green, blue] = hex.to_be_bytes();
        Colour { red, green, blue, alpha: 255 }
    }

    /// The same colour with another opacity, 0 to 255.
    #[must_use]
    pub const fn with_alpha(self, alpha: u8) -> Colour {
        Colour { alpha, ..self }
    }

    /// The colour `share` (0 to 1) of the way from `self` to `other`.
    pub(super) fn towards(self, other: Colour, share: f64) -> Colour {
        let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        Colour {
            red: mix(self.red, other.red),
            green: mix(self.green, other.green),
            blue: mix(self.blue, other.blue),
            alpha: mix(self.alpha, other.alpha),
        }
    }

    /// What one sees of this colour on white paper.
    pub(super) fn on_white(self) -> [u8; 3] {
        let seen = PAPER.towards(self.with_alpha(255), f64::from(self.alpha) / 255.0);
        [seen.red, seen.green, seen.blue]
    }

    /// Relative luminance, 0 for black to 1 for white, as WCAG defines it but with a plain power.
    fn luminance(self) -> f64 {
        let linear = |part: u8| libm::pow(f64::from(part) / 255.0, 2.2);
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }

    /// Whether white text has more contrast on this colour than dark text has.
    pub(super) fn is_dark(self) -> bool {
        let contrast = |a: f64, b: f64| (a.max(b) + 0.05) / (a.min(b) + 0.05);
        let own = self.luminance();
        contrast(own, PAPER.luminance()) > contrast(own, INK.luminance())
    }
}

pub(super) const PAPER: Colour = Colour::rgb(0xffffff);
/// Titles and everything that must be read first.
pub(super) const INK: Colour = Colour::rgb(0x1b2530);
/// Axis labels, legends, notes: dark enough for a contrast of 6:1 on white.
pub(super) const MUTED: Colour = Colour::rgb(0x566270);
pub(super) const GRID: Colour = Colour::rgb(0xe7eaee);
/// The line from which bars and areas grow.
pub(super) const BASELINE: Colour = Colour::rgb(0x9aa5b1);
/// Shaded stretches of time.
pub(super) const SHADE: Colour = Colour::rgb(0xf1f3f6);
/// Event lines and markers.
pub(super) const MARKER: Colour = Colour::rgb(0x3d4a58);
/// Lost requests where no status is told apart.
pub(super) const LOSS: Colour = Colour::rgb(0xb00020);

/// The colour of requests that were answered well.
pub const OK: Colour = Colour::rgb(0x8fa5b8);

/// Every status key of a lost request with its colour, in the order in which stacks pile them up.
pub const STATUS_COLOURS: [(&str, Colour); 12] = [
    ("502", Colour::rgb(0xd55e00)),
    ("503", Colour::rgb(0xf0b020)),
    ("504", Colour::rgb(0x882255)),
    ("500", Colour::rgb(0x5e2306)),
    ("refused", Colour::rgb(0x0072b2)),
    ("reset", Colour::rgb(0x009e73)),
    ("timeout", Colour::rgb(0x332288)),
    ("closed", Colour::rgb(0x7cc4ff)),
    ("truncated", Colour::rgb(0x9cc15e)),
    ("499", Colour::rgb(0x6a6df0)),
    ("408", Colour::rgb(0x15181d)),
    ("460", Colour::rgb(0xede39a)),
];

/// The colour of a status key (`502`, `refused`, ...) in every chart; [`OK`] for `200` and `ok`,
/// a neutral grey for a key that is not in podloss's list.
pub fn status_colour(key: &str) -> Colour {
    match STATUS_COLOURS.iter().find(|(status, _)| *status == key) {
        Some((_, colour)) => *colour,
        None if matches!(key, "200" | "ok") => OK,
        None => Colour::rgb(0x777777),
    }
}

/// The colour of the `index`-th of several things without a fixed meaning, such as compared
/// configurations. Starts again after six.
pub fn series_colour(index: usize) -> Colour {
    const COLOURS: [u32; 6] = [0x2a6496, 0xd07a1e, 0x5a9e6f, 0x9b4f96, 0x6b7785, 0x7fb7d9];
    Colour::rgb(COLOURS[index % COLOURS.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Linear light, seen with a kind of colour blindness (matrix rows), as CIE L*a*b*.
    fn lab(colour: Colour, seen: [[f64; 3]; 3]) -> [f64; 3] {
        let linear = [colour.red, colour.green, colour.blue].map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { libm::pow((part + 0.055) / 1.055, 2.4) }
        });
        let times =
            |m: [[f64; 3]; 3], v: [f64; 3]| m.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2]);
        let seen = times(seen, linear).map(|part| part.clamp(0.0, 1.0));
        let xyz = times([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], seen);
        let f = |t: f64| if t > 0.008_856 { libm::cbrt(t) } else { 7.787 * t + 16.0 / 116.0 };
        let [x, y, z] = [f(xyz[0] / 0.9505), f(xyz[1]), f(xyz[2] / 1.089)];
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn nearest(colours: &[(&str, Colour)]) -> (f64, String) {
        // Source: Machado, Oliveira, Fernandes 2009, severity 1.0, for linear light.
        let views = [
            ("normal", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
            (
                "protanopia",
                [
                    [0.152_286, 1.052_583, -0.204_868],
                    [0.114_503, 0.786_281, 0.099_216],
                    [-0.003_882, -0.048_116, 1.051_998],
                ],
            ),
            (
                "deuteranopia",
                [
                    [0.367_322, 0.860_646, -0.227_968],
                    [0.280_085, 0.672_501, 0.047_413],
                    [-0.011_820, 0.042_940, 0.968_881],
                ],
            ),
        ];
        let mut worst = (f64::INFINITY, String::new());
        for (view, seen) in views {
            for (index, (a, first)) in colours.iter().enumerate() {
                for (b, second) in &colours[..index] {
                    let (p, q) = (lab(*first, seen), lab(*second, seen));
                    let distance = (0..3).map(|i| (p[i] - q[i]) * (p[i] - q[i])).sum::<f64>().sqrt();
                    if distance < worst.0 {
                        worst = (distance, format!("{a} and {b} with {view}: {distance:.1}"));
                    }
                }
            }
        }
        worst
    }

    #[test]
    fn statuses_stay_apart_for_the_colour_blind() {
        let mut all = STATUS_COLOURS.to_vec();
        all.push(("ok", OK));
        let often: Vec<_> = all
            .iter()
            .copied()
            .filter(|(key, _)| ["ok", "502", "503", "504", "refused", "timeout", "reset"].contains(key))
            .collect();
        assert_eq!(often.len(), 7);
        let (distance, pair) = nearest(&often);
        assert!(distance > 20.0, "{pair}");
        let (distance, pair) = nearest(&all);
        assert!(distance > 16.0, "{pair}");
    }

    #[test]
    fn every_status_key_has_a_colour_of_its_own() {
        for key in "408 460 499 500 502 503 504 truncated closed refused reset timeout".split(' ') {
            assert_ne!(status_colour(key), status_colour("something else"), "{key}");
        }
        assert_eq!(status_colour("200"), OK);
    }
}
