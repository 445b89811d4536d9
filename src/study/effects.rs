//! What the unknown inputs do: every decisive one is moved to both ends of its range while the
//! others stay, with the same seeds.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::answer::Point;
use super::pool::Pool;
use crate::config::case::{Assumption, Case, Override};
use crate::config::knobs;
use crate::sim::spec::SimSpec;

/// At most so many unknowns are moved, in the order of the case.
pub const MOST_VARIED: usize = 12;

/// Losses at both ends of an unknown's range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// At the first end of the range, the one that is expected to lose less.
    pub lo: Point,
    /// At the other end.
    pub hi: Point,
}

impl Effect {
    /// How far apart the mean losses are.
    pub fn width(&self) -> f64 {
        (self.hi.mean() - self.lo.mean()).abs()
    }
}

/// Builds the simulator's input with some knobs set; `None` if it cannot be built.
pub(super) type At<'a> = dyn Fn(&[Override]) -> Option<Arc<SimSpec>> + 'a;

/// Points of the range, each simulated once.
pub(super) struct Points<'a> {
    pool: &'a Pool<'a>,
    seed: u64,
    /// Runs per point.
    pub(super) runs: u32,
    known: BTreeMap<Vec<(String, String)>, Point>,
}

impl<'a> Points<'a> {
    pub(super) fn new(pool: &'a Pool<'a>, seed: u64, runs: u32) -> Points<'a> {
        Points { pool, seed, runs, known: BTreeMap::new() }
    }

    /// Announces so many points.
    pub(super) fn planned(&self, purpose: &str, points: usize) {
        self.pool.planned(purpose, self.runs * u32::try_from(points).unwrap_or(u32::MAX / self.runs.max(1)));
    }

    /// Loss with these knobs set. `None` if the case cannot be built there, or somebody broke off.
    pub(super) fn at(&mut self, at: &At<'_>, overrides: &[Override]) -> Option<Point> {
        let key: Vec<_> = overrides.iter().map(|o| (o.knob.clone(), o.value.clone())).collect();
        if let Some(point) = self.known.get(&key) {
            return Some(*point);
        }
        let spec = at(overrides)?;
        let mut point = Point::default();
        self.pool.each(&spec, self.seed, 0..self.runs, &mut |_, result| {
            if !result.interrupted {
                point.add(result.tally.lost());
            }
        });
        if point.runs < self.runs {
            return None;
        }
        self.known.insert(key, point);
        Some(point)
    }
}

/// Moves one assumption to a value: see [`Value::moved`] for what a plain duration does to a
/// distribution.
///
/// [`Value::moved`]: crate::config::knobs::Value::moved
pub(crate) fn set(assumption: &Assumption, value: &str) -> Override {
    let knob = assumption.key.clone();
    let moved = knobs::find(&knob).ok().and_then(|found| {
        let kind = found.knob.kind;
        Some(kind.parse(&assumption.value).ok()?.moved(&kind.parse(value).ok()?).to_string())
    });
    Override { knob, value: moved.unwrap_or_else(|| value.to_owned()) }
}

/// The assumptions that are moved: decisive, with a range, at most [`MOST_VARIED`].
pub(crate) fn varied(case: &Case) -> impl Iterator<Item = (usize, &Assumption, &(String, String))> {
    let ranged = case.assumptions.iter().enumerate().filter(|(_, a)| a.decisive);
    ranged.filter_map(|(index, a)| Some((index, a, a.range.as_ref()?))).take(MOST_VARIED)
}

/// One at a time, both ends.
pub(super) fn vary(case: &Case, points: &mut Points<'_>, at: &At<'_>) -> Vec<Option<Effect>> {
    let mut effects = vec![None; case.assumptions.len()];
    points.planned("unmeasured inputs", 2 * varied(case).count());
    for (index, assumption, (lo, hi)) in varied(case) {
        let mut end = |value: &str| points.at(at, &[set(assumption, value)]);
        effects[index] = end(lo).and_then(|lo| Some(Effect { lo, hi: end(hi)? }));
    }
    effects
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::case::Origin;

    #[test]
    fn the_end_of_a_range_moves_a_distribution_and_keeps_its_spread() {
        let assumption = |key: &str, value: &str| Assumption {
            key: key.to_owned(),
            label: String::new(),
            value: value.to_owned(),
            range: None,
            origin: Origin::Guess,
            source: String::new(),
            set_with: String::new(),
            decisive: true,
        };
        for (key, value, to, expected) in [
            ("startup", "uniform=2s..6s", "8s", "uniform=4s..12s"),
            ("startup@app", "exponential=2s", "3s", "exponential=3s"),
            ("containers.app.startup", "median=5s,p99=15s", "30s", "median=26.8s,p99=1m20.5s"),
            ("latency", "uniform=20ms..60ms,cpu=8ms", "20ms,cpu=2ms", "uniform=10ms..30ms,cpu=2ms"),
            ("startup", "uniform=2s..6s", "uniform=1s..2s", "uniform=1s..2s"),
            ("removal", "9s", "25s", "25s"),
            ("on_stop", "exit", "drain", "drain"),
            ("workers", "0", "200", "200"),
        ] {
            assert_eq!(set(&assumption(key, value), to).value, expected, "{key}={value} to {to}");
        }
    }
}
