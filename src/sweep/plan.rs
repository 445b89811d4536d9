//! What a sweep goes through: axes, points, parts.

use serde::{Deserialize, Serialize};

use super::store::{Header, SCHEMA};
use crate::config::case::Override;
use crate::config::inputs::Inputs;
use crate::config::knobs::find;
use crate::config::scenario::MODEL;
use crate::study::Metric;

/// The most points of a plan.
pub const MOST_POINTS: u64 = 10_000_000;
/// A plan has about this many parts, so that up to as many shards share the work evenly.
const PARTS: u64 = 64;
/// The most points of a part: what a killed process loses.
const MOST_PER_PART: u64 = 16;

/// One knob and the values it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// The knob as it was named.
    pub knob: String,
    /// Its values as texts, in order.
    pub values: Vec<String>,
}

impl Axis {
    /// Whether it is the axis of this knob, whichever of its names is used.
    pub fn is_of(&self, knob: &str) -> bool {
        let path = |name: &str| find(name).map_or_else(|_| name.to_owned(), |found| found.path);
        path(&self.knob) == path(knob)
    }
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Nothing to go through.
    #[error("there is nothing to go through: no knob has a list of values")]
    Empty,
    /// One knob twice.
    #[error("`{0}` is swept twice")]
    Twice(String),
    /// More than anybody waits for.
    #[error("{0} points are more than {MOST_POINTS}: use fewer values or larger steps")]
    TooMany(u128),
}

/// A stable, ordered list of points: the last axis changes fastest.
pub struct Plan<'a> {
    /// What every point begins from.
    pub inputs: &'a Inputs,
    /// What is known of it in files.
    pub header: Header,
    pub(super) metrics: Vec<(String, Metric)>,
}

impl<'a> Plan<'a> {
    /// Lays out all combinations.
    ///
    /// # Errors
    /// A [`PlanError`].
    pub fn new(
        inputs: &'a Inputs,
        name: &str,
        axes: Vec<Axis>,
        metrics: Vec<(String, Metric)>,
    ) -> Result<Plan<'a>, PlanError> {
        if let Some(twice) =
            axes.iter().enumerate().find(|(i, axis)| axes[..*i].iter().any(|a| a.is_of(&axis.knob)))
        {
            return Err(PlanError::Twice(twice.1.knob.clone()));
        }
        let points: u128 = axes.iter().fold(1, |all, axis| all.saturating_mul(axis.values.len() as u128));
        if axes.is_empty() || points == 0 {
            return Err(PlanError::Empty);
        }
        let points = u64::try_from(points)
            .ok()
            .filter(|points| *points <= MOST_POINTS)
            .ok_or(PlanError::TooMany(points))?;
        let part_points = points.div_ceil(PARTS).clamp(1, MOST_PER_PART);
        let everything: Vec<Override> = axes
            .iter()
            .flat_map(|axis| {
                axis.values.iter().map(|v| Override { knob: axis.knob.clone(), value: v.clone() })
            })
            .collect();
        let header = Header {
            schema: SCHEMA.to_owned(),
            podloss: env!("CARGO_PKG_VERSION").to_owned(),
            model: MODEL,
            name: name.to_owned(),
            plan: identity(inputs, &everything),
            points,
            parts: points.div_ceil(part_points),
            part_points,
            seed: inputs.seed(),
            runs: inputs.runs(),
            metrics: metrics.iter().map(|(name, _)| name.clone()).collect(),
            axes,
        };
        Ok(Plan { inputs, header, metrics })
    }

    /// The settings of a point.
    pub fn overrides(&self, point: u64) -> Vec<Override> {
        let mut rest = point;
        let mut overrides: Vec<Override> = Vec::with_capacity(self.header.axes.len());
        for axis in self.header.axes.iter().rev() {
            let count = axis.values.len() as u64;
            let value = axis.values[(rest % count) as usize].clone();
            overrides.push(Override { knob: axis.knob.clone(), value });
            rest /= count;
        }
        overrides.reverse();
        overrides
    }

    /// What tells a point from every other: the hash of its case, the seed, the number of runs.
    pub fn point_id(&self, point: u64) -> String {
        identity(self.inputs, &self.overrides(point))
    }

    /// The points of a part.
    pub fn part(&self, part: u64) -> std::ops::Range<u64> {
        self.header.part(part)
    }
}

fn identity(inputs: &Inputs, overrides: &[Override]) -> String {
    format!("{}-{}-{}", inputs.hash(overrides), inputs.seed(), inputs.runs())
}
