//! The loss along the most decisive unknown that has a scale: a picture needs more than two ends.

use serde::{Deserialize, Serialize};

use super::effects::{At, Points, set, varied};
use super::flip::Scale;
use super::{Point, Study};

/// Points of a curve, both ends of the range included.
const POINTS: u32 = 9;

/// Losses at values of one unknown, the others at their central values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curve {
    /// The unknown's name.
    pub key: String,
    /// Values as the user would write them, ascending, and what was lost there.
    pub points: Vec<(String, Point)>,
}

/// Follows the unknown with the largest effect among those whose values are durations or numbers.
/// `None` if there is none, if it makes no difference, or if somebody broke off.
pub(super) fn follow(study: &Study, points: &mut Points<'_>, at: &At<'_>) -> Option<Curve> {
    let candidates = varied(&study.case).filter_map(|(index, assumption, (lo, hi))| {
        Some((study.effects[index]?, assumption, Scale::of(lo, hi)?, lo, hi))
    });
    // Of equals the first of the case, which is the one a table lists first.
    let (_, assumption, scale, lo, hi) = candidates
        .filter(|(effect, ..)| effect.width() > 0.0)
        .reduce(|best, next| if next.0.width() > best.0.width() { next } else { best })?;
    let mut values = scale.spread(lo, hi, POINTS);
    // The ends are known already.
    points.planned("the most decisive input", values.len().saturating_sub(2));
    values.sort_by(|a, b| scale.read(a).total_cmp(&scale.read(b)));
    let known = values.into_iter().map(|value| {
        let point = points.at(at, &[set(assumption, &value)])?;
        Some((value, point))
    });
    Some(Curve { key: assumption.key.clone(), points: known.collect::<Option<_>>()? })
}
