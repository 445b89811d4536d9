//! Comparing two configurations run by run.

use super::{Interval, Summary};

/// The difference of two configurations over runs of equal seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// Mean of `b - a`.
    pub mean: f64,
    /// Its t interval; `None` for one pair.
    pub ci95: Option<Interval>,
    /// How much wider the interval of unpaired runs would be; `None` where pairing leaves no spread.
    pub gain: Option<f64>,
}

/// `b - a`, pair by pair; `None` without a pair. Runs beyond the shorter list are left out.
pub fn paired(a: &[f64], b: &[f64]) -> Option<Paired> {
    let pairs = a.len().min(b.len());
    let differences: Vec<f64> = b.iter().zip(a).map(|(b, a)| b - a).collect();
    let summary = Summary::of(&differences)?;
    let sd = |values: &[f64]| Summary::of(&values[..pairs]).and_then(|s| s.sd);
    let gain = match (sd(a), sd(b), summary.sd) {
        (Some(a), Some(b), Some(paired)) if paired > 0.0 => Some((a * a + b * b).sqrt() / paired),
        _ => None,
    };
    Some(Paired { mean: summary.mean, ci95: summary.ci95, gain })
}
