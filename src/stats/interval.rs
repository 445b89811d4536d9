//! Confidence intervals.

use statrs::distribution::{Beta, ContinuousCDF, StudentsT};

use super::CONFIDENCE;

/// Two ends, the lower first.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

impl Interval {
    /// Whether a value lies in it, ends included.
    pub fn holds(&self, value: f64) -> bool {
        (self.lo..=self.hi).contains(&value)
    }
}

/// The interval for a probability of which `hits` of `runs` runs are evidence (Clopper and
/// Pearson 1934): it covers the truth with at least 95 % whatever the truth is. Without runs
/// nothing is known: 0 to 1.
pub fn clopper_pearson(hits: u32, runs: u32) -> Interval {
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let hits = hits.min(runs);
    let lo = if hits == 0 { 0.0 } else { beta_quantile(hits, runs - hits + 1, tail) };
    let hi = if hits == runs { 1.0 } else { beta_quantile(hits + 1, runs - hits, 1.0 - tail) };
    Interval { lo, hi }
}

/// With nothing seen in `runs` runs: the probability that 95 % confidence leaves possible, the
/// upper end of the one-sided interval. 60 runs leave 4.9 %.
pub fn none_below(runs: u32) -> f64 {
    if runs == 0 {
        return 1.0;
    }
    1.0 - libm::pow(1.0 - CONFIDENCE, 1.0 / f64::from(runs))
}

fn beta_quantile(a: u32, b: u32, share: f64) -> f64 {
    let beta = Beta::new(f64::from(a), f64::from(b)).expect("both shapes are at least 1");
    // statrs' own inverse loses digits far in the tails; 100 halvings settle every bit instead.
    let (mut lo, mut hi) = (0.0_f64, 1.0_f64);
    for _ in 0..100 {
        let middle = 0.5 * (lo + hi);
        if beta.cdf(middle) < share {
            lo = middle;
        } else {
            hi = middle;
        }
    }
    0.5 * (lo + hi)
}

/// Student's t interval for a mean, corrected for skewness; `None` below two values, which say
/// nothing about the spread.
///
/// Losses come in bursts, and the plain interval of a skewed sample covers too rarely: 91 % where
/// it should be 95 % for bursts in three of ten runs. Hall's cubic transformation (On the removal of
/// skewness by transformation, 1992) mends that; without skewness it is Student's interval.
pub fn mean_interval(mean: f64, sd: f64, skewness: f64, count: usize) -> Option<Interval> {
    if count < 2 {
        return None;
    }
    let freedom = (count - 1) as f64;
    let t = StudentsT::new(0.0, 1.0, freedom).expect("at least one degree of freedom");
    let y = t.inverse_cdf(0.5 + CONFIDENCE / 2.0) / (count as f64).sqrt();
    let transformed = |y: f64| {
        if skewness.abs() < 1e-6 {
            return y;
        }
        let shifted = 1.0 + skewness * (y - skewness / (6.0 * count as f64));
        3.0 / skewness * (libm::cbrt(shifted) - 1.0)
    };
    Some(Interval { lo: mean - sd * transformed(y), hi: mean - sd * transformed(-y) })
}
