//! A request rate over time, made of segments whose integral is known exactly.

use crate::units::Nanos;

/// Why segments do not make a profile.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ProfileError {
    /// A rate below zero, infinite or not a number.
    #[error("{0} is not a rate: write a finite number of requests per second, zero or more")]
    Rate(f64),
    /// Rates above what the clock resolves.
    #[error("{0} requests per second is more than podloss simulates (at most 100 million)")]
    TooFast(f64),
    /// A swing that takes the rate below zero.
    #[error("a sine of mean {mean} and amplitude {amplitude} would go below zero")]
    NegativeSine {
        /// Mean rate.
        mean: f64,
        /// Amplitude.
        amplitude: f64,
    },
    /// Segments must follow each other.
    #[error("segments must not overlap and must have a length: one goes from {from} to {to}")]
    Order {
        /// Beginning of the offending segment.
        from: Nanos,
        /// Its end.
        to: Nanos,
    },
}

/// How the rate moves within one segment, in requests per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Constant.
    Constant(f64),
    /// A straight line from the first rate to the second.
    Linear(f64, f64),
    /// `mean + amplitude * sin(2 pi (t + phase) / period)`, with t from the segment's beginning.
    Sine {
        /// Mean rate.
        mean: f64,
        /// Largest deviation from the mean, at most the mean.
        amplitude: f64,
        /// Length of one wave, seconds.
        period_s: f64,
        /// Shift of the wave, seconds.
        phase_s: f64,
    },
}

/// A stretch of time with one shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Beginning, from the run's beginning.
    pub from: Nanos,
    /// End (exclusive).
    pub to: Nanos,
    /// How the rate moves.
    pub shape: Shape,
}

/// A rate over time. Between segments and outside them the rate is zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    segments: Vec<Segment>,
}

const MAX_RATE: f64 = 1e8;

impl Profile {
    /// Checks and keeps the segments, which must be sorted.
    ///
    /// # Errors
    /// A rate that is negative, not finite or above 100 million per second; segments that overlap
    /// or have no length.
    pub fn new(segments: Vec<Segment>) -> Result<Profile, ProfileError> {
        let mut end = Nanos::ZERO;
        for segment in &segments {
            if segment.from < end || segment.to <= segment.from {
                return Err(ProfileError::Order { from: segment.from, to: segment.to });
            }
            end = segment.to;
            segment.shape.check()?;
        }
        Ok(Profile { segments })
    }

    /// A constant rate for `duration`.
    ///
    /// # Errors
    /// As [`Profile::new`].
    pub fn constant(rate: f64, duration: Nanos) -> Result<Profile, ProfileError> {
        Profile::new(vec![Segment { from: Nanos::ZERO, to: duration, shape: Shape::Constant(rate) }])
    }

    /// The segments, sorted.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// When the last segment ends.
    pub fn end(&self) -> Nanos {
        self.segments.last().map_or(Nanos::ZERO, |s| s.to)
    }

    /// Requests per second at the instant `at`.
    pub fn rate(&self, at: Nanos) -> f64 {
        let segment = self.segments.iter().find(|s| s.from <= at && at < s.to);
        segment.map_or(0.0, |s| s.rate((at.0 - s.from.0) as f64 / 1e9))
    }

    /// Expected number of requests between two instants.
    pub fn expected(&self, from: Nanos, to: Nanos) -> f64 {
        let part = |s: &Segment| {
            let (a, b) = (from.max(s.from), to.min(s.to));
            if b <= a {
                0.0
            } else {
                s.integral((a.0 - s.from.0) as f64 / 1e9, (b.0 - s.from.0) as f64 / 1e9)
            }
        };
        self.segments.iter().map(part).sum()
    }

    /// The largest rate anywhere.
    pub fn peak(&self) -> f64 {
        self.segments.iter().map(|s| s.shape.peak()).fold(0.0, f64::max)
    }
}

impl Shape {
    fn check(self) -> Result<(), ProfileError> {
        let rates = match self {
            Shape::Constant(rate) => [rate, rate],
            Shape::Linear(a, b) => [a, b],
            Shape::Sine { mean, amplitude, period_s, phase_s } => {
                if amplitude.abs() > mean {
                    return Err(ProfileError::NegativeSine { mean, amplitude });
                }
                if !(period_s > 0.0 && period_s.is_finite() && phase_s.is_finite()) {
                    return Err(ProfileError::Rate(period_s));
                }
                [mean, amplitude.abs()]
            }
        };
        for rate in rates {
            if !(rate >= 0.0 && rate.is_finite()) {
                return Err(ProfileError::Rate(rate));
            }
        }
        if self.peak() > MAX_RATE { Err(ProfileError::TooFast(self.peak())) } else { Ok(()) }
    }

    fn peak(self) -> f64 {
        match self {
            Shape::Constant(rate) => rate,
            Shape::Linear(a, b) => a.max(b),
            Shape::Sine { mean, amplitude, .. } => mean + amplitude.abs(),
        }
    }
}

impl Segment {
    /// Length in seconds.
    pub(super) fn length(&self) -> f64 {
        (self.to.0 - self.from.0) as f64 / 1e9
    }

    /// The rates at its beginning and just before its end.
    pub fn ends(&self) -> (f64, f64) {
        (self.rate(0.0), self.rate((self.to.0 - self.from.0).saturating_sub(1) as f64 / 1e9))
    }

    fn rate(&self, s: f64) -> f64 {
        match self.shape {
            Shape::Constant(rate) => rate,
            Shape::Linear(a, b) => a + (b - a) * s / self.length(),
            Shape::Sine { mean, amplitude, period_s, phase_s } => {
                mean + amplitude * libm::sin(std::f64::consts::TAU * (s + phase_s) / period_s)
            }
        }
    }

    /// Expected requests between two moments, in seconds from the segment's beginning.
    pub(super) fn integral(&self, from: f64, to: f64) -> f64 {
        match self.shape {
            Shape::Constant(rate) => rate * (to - from),
            Shape::Linear(..) => 0.5 * (self.rate(from) + self.rate(to)) * (to - from),
            Shape::Sine { mean, amplitude, period_s, phase_s } => {
                let angle = |s: f64| std::f64::consts::TAU * (s + phase_s) / period_s;
                let swing = libm::cos(angle(from)) - libm::cos(angle(to));
                mean * (to - from) + amplitude * period_s / std::f64::consts::TAU * swing
            }
        }
    }

    /// The moment, in seconds from the segment's beginning, by which `mass` more requests are
    /// expected than at the moment `from`; the segment must hold that many.
    pub(super) fn advance(&self, from: f64, mass: f64) -> f64 {
        match self.shape {
            Shape::Constant(rate) => from + mass / rate,
            Shape::Linear(a, b) => {
                // r0 x + slope/2 x^2 = mass, in the form without cancellation.
                let (r0, slope) = (self.rate(from), (b - a) / self.length());
                let root = libm::sqrt((r0 * r0 + 2.0 * slope * mass).max(0.0));
                from + 2.0 * mass / (r0 + root)
            }
            Shape::Sine { .. } => self.bisect(from, mass),
        }
    }

    /// Halves the interval until it is shorter than a nanosecond: the integral only rises.
    fn bisect(&self, from: f64, mass: f64) -> f64 {
        let (mut low, mut high) = (from, self.length());
        while high - low > 2e-10 * high.max(1.0) {
            let middle = 0.5 * (low + high);
            if self.integral(from, middle) < mass {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(s: u64) -> Nanos {
        Nanos::from_secs(s)
    }

    #[test]
    fn integral_and_inverse_agree_for_every_shape() {
        for shape in [
            Shape::Constant(40.0),
            Shape::Linear(0.0, 90.0),
            Shape::Linear(90.0, 0.0),
            Shape::Linear(50.0, 50.0),
            Shape::Sine { mean: 40.0, amplitude: 40.0, period_s: 60.0, phase_s: 7.0 },
        ] {
            let segment = Segment { from: seconds(5), to: seconds(105), shape };
            for from in [0.0, 3.0, 60.0] {
                for share in [1e-6, 0.3, 0.999] {
                    let mass = share * segment.integral(from, 100.0);
                    let at = segment.advance(from, mass);
                    let back = segment.integral(from, at);
                    assert!(
                        (back - mass).abs() < 1e-6 * mass.max(1.0),
                        "{shape:?} {from} {share}: {back} {mass}"
                    );
                }
            }
        }
    }

    #[test]
    fn rates_and_expectations_of_a_step_profile() {
        let profile = Profile::new(vec![
            Segment { from: seconds(0), to: seconds(10), shape: Shape::Constant(100.0) },
            Segment { from: seconds(20), to: seconds(30), shape: Shape::Linear(0.0, 200.0) },
        ])
        .unwrap();
        assert_eq!(
            (profile.rate(seconds(5)), profile.rate(seconds(15)), profile.rate(seconds(25))),
            (100.0, 0.0, 100.0)
        );
        assert!((profile.expected(seconds(5), seconds(40)) - 1_500.0).abs() < 1e-6);
        assert_eq!((profile.peak(), profile.end()), (200.0, seconds(30)));
    }

    #[test]
    fn nonsense_is_refused() {
        let one = |shape| Profile::new(vec![Segment { from: seconds(0), to: seconds(1), shape }]);
        for shape in [
            Shape::Constant(-1.0),
            Shape::Constant(f64::NAN),
            Shape::Constant(1e12),
            Shape::Linear(1.0, f64::INFINITY),
            Shape::Sine { mean: 1.0, amplitude: 2.0, period_s: 1.0, phase_s: 0.0 },
            Shape::Sine { mean: 1.0, amplitude: 1.0, period_s: 0.0, phase_s: 0.0 },
        ] {
            assert!(one(shape).is_err(), "{shape:?}");
        }
        let backwards = Segment { from: seconds(2), to: seconds(1), shape: Shape::Constant(1.0) };
        assert!(Profile::new(vec![backwards]).is_err());
    }
}
