//! Instants and spans of simulated time, both whole nanoseconds.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

/// A span of simulated time in nanoseconds. At most [`Nanos::MAX_SPAN`], one year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub u64);

/// An instant of simulated time: nanoseconds since the clock's zero.
///
/// The clock's zero lies [`SimTime::START`] before the beginning of a run, so that pods that
/// "have long been running" have a start time and every age stays a positive number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(pub u64);

impl Nanos {
    /// No time at all.
    pub const ZERO: Nanos = Nanos(0);
    /// The longest span that any input may name: 366 days.
    pub const MAX_SPAN: Nanos = Nanos::from_secs(366 * 86_400);

    /// A span of whole seconds.
    pub const fn from_secs(seconds: u64) -> Nanos {
        Nanos(seconds * 1_000_000_000)
    }

    /// A span of whole milliseconds.
    pub const fn from_millis(millis: u64) -> Nanos {
        Nanos(millis * 1_000_000)
    }

    /// The nearest whole nanosecond to `seconds`; negative and not-a-number become zero, and
    /// more than [`Nanos::MAX_SPAN`] becomes that.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the valid range first"
    )]
    pub fn from_secs_f64(seconds: f64) -> Nanos {
        let nanos = (seconds * 1e9).round().clamp(0.0, Nanos::MAX_SPAN.0 as f64);
        Nanos(if nanos.is_nan() { 0 } else { nanos as u64 })
    }

    /// The span in seconds, for statistics and display.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The span in milliseconds, for statistics and display.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The first three digits of it, the rest cut off: a figure that people read.
    #[must_use]
    pub fn three_digits(self) -> Nanos {
        let unit = 10_u64.pow(self.0.max(1).ilog10().saturating_sub(2));
        Nanos(self.0 / unit * unit)
    }

    /// Whole seconds, cut off as Kubernetes cuts them.
    pub const fn whole_secs(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// `self - other`, or zero where that would be negative.
    #[must_use]
    pub const fn saturating_sub(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_sub(other.0))
    }
}

impl SimTime {
    /// The instant at which a run begins: two days after the clock's zero.
    pub const START: SimTime = SimTime(2 * 86_400 * 1_000_000_000);
    /// An instant that never comes.
    pub const NEVER: SimTime = SimTime(u64::MAX);

    /// The time from `earlier` to here, or zero if `earlier` is later.
    pub const fn since(self, earlier: SimTime) -> Nanos {
        Nanos(self.0.saturating_sub(earlier.0))
    }

    /// Seconds since the beginning of the run; negative before it.
    pub fn run_secs(self) -> f64 {
        (self.0 as f64 - SimTime::START.0 as f64) / 1e9
    }

    /// The instant cut down to a whole second of the simulated clock, as Kubernetes' timestamps are.
    #[must_use]
    pub const fn floor_sec(self) -> SimTime {
        SimTime(self.0 / 1_000_000_000 * 1_000_000_000)
    }
}

impl Add<Nanos> for SimTime {
    type Output = SimTime;
    fn add(self, span: Nanos) -> SimTime {
        SimTime(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Nanos> for SimTime {
    fn add_assign(&mut self, span: Nanos) {
        *self = *self + span;
    }
}

impl Sub<Nanos> for SimTime {
    type Output = SimTime;
    fn sub(self, span: Nanos) -> SimTime {
        SimTime(self.0.saturating_sub(span.0))
    }
}

impl Add for Nanos {
    type Output = Nanos;
    fn add(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Nanos {
    fn add_assign(&mut self, other: Nanos) {
        *self = *self + other;
    }
}

impl Sum for Nanos {
    fn sum<I: Iterator<Item = Nanos>>(iter: I) -> Nanos {
        iter.fold(Nanos::ZERO, |a, b| a + b)
    }
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&super::format_duration(*self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_saturate_instead_of_wrapping() {
        assert_eq!(Nanos(1).saturating_sub(Nanos(2)), Nanos::ZERO);
        assert_eq!(SimTime::NEVER + Nanos(1), SimTime::NEVER);
        assert_eq!(SimTime(5).since(SimTime(9)), Nanos::ZERO);
    }

    #[test]
    fn float_seconds_are_rounded_and_bounded() {
        assert_eq!(Nanos::from_secs_f64(0.1), Nanos::from_millis(100));
        assert_eq!(Nanos::from_secs_f64(-3.0), Nanos::ZERO);
        assert_eq!(Nanos::from_secs_f64(f64::NAN), Nanos::ZERO);
        assert_eq!(Nanos::from_secs_f64(f64::INFINITY), Nanos::MAX_SPAN);
    }

    #[test]
    fn whole_seconds_are_cut_not_rounded() {
        assert_eq!(Nanos::from_millis(4_900).whole_secs(), 4);
        assert_eq!(SimTime(1_999_999_999).floor_sec(), SimTime(1_000_000_000));
    }
}
