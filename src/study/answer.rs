//! What a study says in the end: always, never, or it depends, and on what.

use serde::{Deserialize, Serialize};

use super::effects::{At, Points, set, varied};
use super::flip;
use super::{Effect, Study};
use crate::config::case::Override;

/// Losses of some runs of one configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Runs.
    pub runs: u32,
    /// Of these, how many lost anything.
    pub with_loss: u32,
    /// Lost requests of all of them together.
    pub lost: u64,
    /// Lost requests of the run that lost fewest.
    pub least: u64,
    /// Lost requests of the run that lost most.
    pub most: u64,
}

impl Point {
    /// Takes in a run.
    pub(super) fn add(&mut self, lost: u64) {
        self.least = if self.runs == 0 { lost } else { self.least.min(lost) };
        self.most = self.most.max(lost);
        self.runs += 1;
        self.with_loss += u32::from(lost > 0);
        self.lost += lost;
    }

    /// Lost requests per run; 0 without runs.
    pub fn mean(&self) -> f64 {
        if self.runs == 0 { 0.0 } else { self.lost as f64 / f64::from(self.runs) }
    }
}

/// Whether requests are lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// In every run, at every point of the ranges that was tried.
    Always,
    /// In no run at any point that was tried.
    Never,
    /// In some runs or at some points.
    #[default]
    Depends,
    /// No request was sent, so that none could be lost.
    Unknown,
}

/// Where along one unknown the loss begins, the others at their central values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flip {
    /// The unknown's name.
    pub key: String,
    /// No run lost anything at this value.
    pub without: String,
    /// Some run did at this one.
    pub with: String,
    /// Whether `with` is the larger; meaningless for values that are words.
    pub rising: bool,
    /// Whether the range was searched between its ends.
    pub searched: bool,
}

/// The answer before the point estimate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Whether.
    pub verdict: Verdict,
    /// Smallest and largest mean loss per run over all points tried.
    pub lost_range: (f64, f64),
    /// What it hangs on, where one unknown alone decides.
    pub flip: Option<Flip>,
    /// All unknowns at the ends that are expected to lose less, and all at the other ends.
    pub corners: Option<Effect>,
    /// How many unknowns were moved.
    pub varied: u32,
    /// How many could not be moved: the case cannot be built at an end of their range.
    pub unvaried: u32,
    /// Runs at each point.
    pub runs_per_point: u32,
}

/// Tries the corners, finds where the loss begins, and sums up.
pub(super) fn conclude(study: &Study, points: &mut Points<'_>, at: &At<'_>) -> Answer {
    let mut central = Point::default();
    study.runs.iter().for_each(|run| central.add(run.lost));
    let effects: Vec<&Effect> = study.effects.iter().flatten().collect();
    let wanted = varied(&study.case).count();
    let corners = if effects.len() > 1 { corners(study, points, at) } else { None };
    let mut tried = vec![central];
    tried.extend(effects.iter().copied().chain(&corners).flat_map(|effect| [effect.lo, effect.hi]));
    let means = || tried.iter().map(Point::mean);
    let verdict = if study.runs.iter().all(|run| run.total == 0) {
        Verdict::Unknown
    } else if tried.iter().all(|p| p.with_loss == p.runs && p.runs > 0) {
        Verdict::Always
    } else if tried.iter().all(|p| p.with_loss == 0) {
        Verdict::Never
    } else {
        Verdict::Depends
    };
    let flip = if verdict == Verdict::Depends { flip::find(study, points, at) } else { None };
    Answer {
        verdict,
        lost_range: (means().fold(f64::INFINITY, f64::min), means().fold(0.0, f64::max)),
        flip,
        corners,
        varied: effects.len() as u32,
        unvaried: if effects.is_empty() { 0 } else { (wanted - effects.len()) as u32 },
        runs_per_point: if effects.is_empty() { 0 } else { points.runs },
    }
}

fn corners(study: &Study, points: &mut Points<'_>, at: &At<'_>) -> Option<Effect> {
    let moved = || varied(&study.case).filter(|(index, ..)| study.effects[*index].is_some());
    let low: Vec<Override> = moved().map(|(_, a, range)| set(a, &range.0)).collect();
    let high: Vec<Override> = moved().map(|(_, a, range)| set(a, &range.1)).collect();
    points.planned("all unmeasured inputs at once", 2);
    Some(Effect { lo: points.at(at, &low)?, hi: points.at(at, &high)? })
}
