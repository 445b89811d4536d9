//! Describing one number per run.

use super::{Interval, mean_interval};

/// Mean, spread and order statistics of one number per run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How many runs.
    pub count: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of a run, with n - 1; `None` for one run.
    pub sd: Option<f64>,
    /// Smallest.
    pub min: f64,
    /// Middle value; the mean of the middle two for an even count.
    pub median: f64,
    /// 95th percentile by nearest rank; `None` below 20 runs, which do not reach it.
    pub p95: Option<f64>,
    /// Largest.
    pub max: f64,
    /// t interval of the mean, corrected for skewness; `None` for one run.
    pub ci95: Option<Interval>,
}

impl Summary {
    /// `None` without any value. The values must be finite.
    pub fn of(values: &[f64]) -> Option<Summary> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        // Equal values have exactly their own mean and no spread, whatever a sum would round to.
        let equal = sorted[0].total_cmp(&sorted[count - 1]).is_eq();
        let mean = if equal { sorted[0] } else { sorted.iter().sum::<f64>() / count as f64 };
        let squares: f64 = sorted.iter().map(|v| (v - mean) * (v - mean)).sum();
        let cubes: f64 = sorted.iter().map(|v| (v - mean) * (v - mean) * (v - mean)).sum();
        let variance = squares / count as f64;
        let skewness = if variance > 0.0 { cubes / count as f64 / (variance * variance.sqrt()) } else { 0.0 };
        let sd = (count > 1).then(|| (squares / (count - 1) as f64).sqrt());
        Some(Summary {
            count,
            mean,
            sd,
            min: sorted[0],
            median: 0.5 * (sorted[(count - 1) / 2] + sorted[count / 2]),
            p95: (count >= 20).then(|| sorted[(count * 95).div_ceil(100) - 1]),
            max: sorted[count - 1],
            ci95: sd.and_then(|sd| mean_interval(mean, sd, skewness, count)),
        })
    }

    /// Whether every run gave the same value.
    pub fn is_constant(&self) -> bool {
        self.min.total_cmp(&self.max).is_eq()
    }
}
