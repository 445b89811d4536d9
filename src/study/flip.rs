//! Where along the most decisive unknown the loss begins.

use super::answer::Flip;
use super::effects::{At, Points, set, varied};
use super::{Effect, Study};
use crate::units::{Nanos, format_duration, parse_duration};

/// At most so many points are tried between the ends of a range.
pub const MOST_POINTS: u32 = 7;

/// Of the unknowns that alone turn "no loss" into "loss", the one that changes most; its range is
/// halved until the place is known to 1 % of the range or [`MOST_POINTS`] points are spent.
pub(super) fn find(study: &Study, points: &mut Points<'_>, at: &At<'_>) -> Option<Flip> {
    let flips = |effect: &Effect| (effect.lo.with_loss == 0) != (effect.hi.with_loss == 0);
    let candidates = varied(&study.case).filter_map(|(index, assumption, range)| {
        let effect = study.effects[index].filter(flips)?;
        Some((effect, assumption, range))
    });
    let (effect, assumption, (lo, hi)) = candidates.max_by(|a, b| a.0.width().total_cmp(&b.0.width()))?;
    let (mut without, mut with) =
        if effect.lo.with_loss == 0 { (lo.clone(), hi.clone()) } else { (hi.clone(), lo.clone()) };
    let scale = Scale::of(lo, hi);
    points.planned("where the loss begins", if scale.is_some() { MOST_POINTS as usize } else { 0 });
    let mut searched = false;
    for _ in 0..MOST_POINTS {
        let Some(middle) = scale.as_ref().and_then(|scale| scale.between(&without, &with)) else { break };
        let Some(point) = points.at(at, &[set(assumption, &middle)]) else { break };
        searched = true;
        if point.with_loss == 0 {
            without = middle;
        } else {
            with = middle;
        }
    }
    let rising = scale.is_some_and(|scale| scale.read(&with) > scale.read(&without));
    Some(Flip { key: assumption.key.clone(), without, with, rising, searched })
}

/// How values of a range are written, so that one between them can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    /// Durations, to this step.
    Duration {
        /// Nanoseconds.
        step: u64,
    },
    /// Plain numbers, to this step; whole ones stay whole.
    Number {
        /// The step.
        step: f64,
    },
}

impl Scale {
    pub(crate) fn of(a: &str, b: &str) -> Option<Scale> {
        if let (Ok(a), Ok(b)) = (parse_duration(a), parse_duration(b)) {
            // A power of ten no larger than a hundredth of the range, at least a microsecond.
            let hundredth = (a.0.abs_diff(b.0) / 100).max(1_000);
            return Some(Scale::Duration { step: 10_u64.pow(hundredth.ilog10()) });
        }
        let (a, b): (f64, f64) = (a.trim().parse().ok()?, b.trim().parse().ok()?);
        if !a.is_finite() || !b.is_finite() {
            return None;
        }
        let whole = a.fract() == 0.0 && b.fract() == 0.0;
        Some(Scale::Number { step: if whole { 1.0 } else { (a - b).abs() / 100.0 } })
    }

    pub(super) fn read(&self, text: &str) -> f64 {
        match self {
            Scale::Duration { .. } => parse_duration(text).unwrap_or_default().0 as f64,
            Scale::Number { .. } => text.trim().parse().unwrap_or_default(),
        }
    }

    /// Values on the scale's steps from one end to the other, evenly spread, at most `count`.
    pub(super) fn spread(&self, a: &str, b: &str, count: u32) -> Vec<String> {
        let (from, to) = (self.read(a), self.read(b));
        let share = |index: u32| f64::from(index) / f64::from(count - 1);
        let mut values = vec![a.to_owned()];
        values.extend((1..count - 1).map(|index| self.write(from + (to - from) * share(index))));
        values.push(b.to_owned());
        values.dedup_by(|later, kept| self.read(later).total_cmp(&self.read(kept)).is_eq());
        values
    }

    /// The middle of two values on the scale's steps; `None` when they are neighbours.
    pub(crate) fn between(&self, a: &str, b: &str) -> Option<String> {
        let (a, b) = (self.read(a), self.read(b));
        ((a - b).abs() >= 1.5 * self.step()).then(|| self.write(0.5 * (a + b)))
    }

    fn step(&self) -> f64 {
        match self {
            Scale::Duration { step } => *step as f64,
            Scale::Number { step } => *step,
        }
    }

    /// The nearest step, as the user would write it.
    fn write(&self, value: f64) -> String {
        let value = (value / self.step()).round() * self.step();
        match self {
            Scale::Duration { .. } => format_duration(Nanos(value as u64)),
            Scale::Number { .. } => format!("{value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_spread_evenly_on_readable_steps() {
        for (a, b, values) in [
            ("5s", "25s", vec!["5s", "10s", "15s", "20s", "25s"]),
            ("25s", "5s", vec!["25s", "20s", "15s", "10s", "5s"]),
            ("1", "3", vec!["1", "2", "3"]),
            ("0s", "1s", vec!["0s", "250ms", "500ms", "750ms", "1s"]),
        ] {
            let scale = Scale::of(a, b).expect("a scale");
            assert_eq!(scale.spread(a, b, 5), values, "{a}..{b}");
        }
    }

    #[test]
    fn halving_stays_on_readable_steps() {
        for (a, b, middle) in [
            ("5s", "25s", Some("15s")),
            ("12.1s", "12.3s", Some("12.2s")),
            ("12.1s", "12.2s", None),
            ("8", "64", Some("36")),
            ("1", "2", None),
            ("0.5", "1.5", Some("1")),
            ("drains", "ignores", None),
            ("20%", "40%", None),
        ] {
            // The step comes from the whole range, of which a and b may be a part.
            let scale = if a.starts_with("12") { Scale::of("5s", "25s") } else { Scale::of(a, b) };
            let got = scale.and_then(|scale| scale.between(a, b));
            assert_eq!(got.as_deref(), middle, "{a}..{b}");
        }
    }
}
