//! Statistics over runs. The unit is the run, never the request: losses come in bursts, so the
//! requests of one rollout are one observation.

mod difference;
mod interval;
mod summary;
#[cfg(test)]
mod tests;

pub use difference::{Difference, paired, paired_events, unpaired, unpaired_events};
pub use interval::{Interval, clopper_pearson, mean_interval, none_below};
pub use summary::Summary;

/// Confidence of every interval that podloss prints.
pub const CONFIDENCE: f64 = 0.95;

/// A number as results print it: nine significant digits, which hide the last bits where
/// platforms differ, and no negative zero. Not-a-number and infinities become `None`.
pub fn printed(value: f64) -> Option<f64> {
    if !value.is_finite() {
        return None;
    }
    let rounded: f64 = format!("{value:.8e}").parse().unwrap_or(value);
    Some(if rounded == 0.0 { 0.0 } else { rounded })
}
