//! Distributions of durations, as scenarios describe them.

use super::normal::upper_quantile;
use crate::units::Nanos;

/// A distribution of a duration. Every value that a model draws comes from one of these.
#[derive(Clone, Debug, PartialEq)]
pub enum Dist {
    /// Always the same.
    Fixed(Nanos),
    /// Every value in `lo..=hi` equally likely.
    Uniform {
        /// Smallest value.
        lo: Nanos,
        /// Largest value.
        hi: Nanos,
    },
    /// Memoryless with this mean.
    Exponential {
        /// Arithmetic mean.
        mean: Nanos,
    },
    /// Log-normal: the logarithm is normal with this median and standard deviation `sigma`.
    LogNormal {
        /// Median, exp of the logarithm's mean.
        median: Nanos,
        /// Standard deviation of the logarithm, dimensionless.
        sigma: f64,
        /// Draws above this are drawn as this; `Nanos::MAX_SPAN` for no bound.
        max: Nanos,
    },
    /// Values measured elsewhere, sorted, each equally likely, straight lines between them.
    Empirical(Vec<Nanos>),
}

/// Standard normal quantiles used by the constructors: 95th and 99th percentile.
const Z95: f64 = 1.644_853_626_951_472_2;
const Z99: f64 = 2.326_347_874_040_841;

impl Dist {
    /// No delay at all.
    pub const ZERO: Dist = Dist::Fixed(Nanos::ZERO);

    /// Log-normal with this arithmetic mean and shape `sigma`.
    pub fn log_normal_mean(mean: Nanos, sigma: f64) -> Dist {
        let median = mean.as_secs_f64() * libm::exp(-0.5 * sigma * sigma);
        Dist::LogNormal { median: Nanos::from_secs_f64(median), sigma, max: Nanos::MAX_SPAN }
    }

    /// Log-normal through a median and a 99th percentile, which must not be below the median.
    pub fn log_normal_p99(median: Nanos, p99: Nanos) -> Dist {
        Dist::LogNormal { median, sigma: sigma_of(median, p99, Z99), max: Nanos::MAX_SPAN }
    }

    /// Log-normal through a median and a 95th percentile, cut off at its own 99th percentile so
    /// that a preset built on it has a stated upper end.
    pub fn log_normal_p95_bounded(median: Nanos, p95: Nanos) -> Dist {
        let sigma = sigma_of(median, p95, Z95);
        let max = Nanos::from_secs_f64(median.as_secs_f64() * libm::exp(sigma * Z99));
        Dist::LogNormal { median, sigma, max }
    }

    /// The value below which a share `1 - tail` of the draws lies, in seconds.
    pub fn upper_quantile_secs(&self, tail: f64) -> f64 {
        match self {
            Dist::Fixed(value) => value.as_secs_f64(),
            Dist::Uniform { lo, hi } => hi.as_secs_f64() - tail * (hi.as_secs_f64() - lo.as_secs_f64()),
            Dist::Exponential { mean } => -libm::log(tail) * mean.as_secs_f64(),
            Dist::LogNormal { median, sigma, max } => {
                (median.as_secs_f64() * libm::exp(sigma * upper_quantile(tail))).min(max.as_secs_f64())
            }
            Dist::Empirical(values) => {
                let last = values.len().saturating_sub(1);
                let at = (1.0 - tail) * last as f64;
                let below = (at.floor() as usize).min(last);
                let low = values.get(below).copied().unwrap_or_default().as_secs_f64();
                let high = values.get(below + 1).copied().map_or(low, Nanos::as_secs_f64);
                low + (at - below as f64) * (high - low)
            }
        }
    }

    /// The draw that belongs to 64 uniform bits. Exact but not fast: for the request path compile
    /// a [`super::Sampler`].
    pub fn sample(&self, bits: u64) -> Nanos {
        match self {
            Dist::Fixed(value) => *value,
            Dist::Uniform { lo, hi } => *lo + scale(bits, hi.saturating_sub(*lo)),
            _ => {
                // The middle of the bits' cell, so that neither end is ever reached.
                let tail = ((bits >> 12) as f64 + 0.5) / (1_u64 << 52) as f64;
                Nanos::from_secs_f64(self.upper_quantile_secs(tail))
            }
        }
    }

    /// The same shape stretched to another mean. Without a spread, or without a mean to stretch,
    /// always that mean.
    pub fn with_mean(&self, mean: Nanos) -> Dist {
        let old = self.mean().as_secs_f64();
        if old <= 0.0 {
            return Dist::Fixed(mean);
        }
        let factor = mean.as_secs_f64() / old;
        let times = |span: Nanos| Nanos::from_secs_f64(span.as_secs_f64() * factor);
        match self {
            Dist::Fixed(_) => Dist::Fixed(mean),
            Dist::Uniform { lo, hi } => Dist::Uniform { lo: times(*lo), hi: times(*hi) },
            Dist::Exponential { .. } => Dist::Exponential { mean },
            Dist::LogNormal { median, sigma, max } => {
                let max = if *max < Nanos::MAX_SPAN { times(*max) } else { *max };
                Dist::LogNormal { median: times(*median), sigma: *sigma, max }
            }
            Dist::Empirical(values) => Dist::Empirical(values.iter().map(|value| times(*value)).collect()),
        }
    }

    /// Arithmetic mean.
    pub fn mean(&self) -> Nanos {
        match self {
            Dist::Fixed(value) => *value,
            Dist::Uniform { lo, hi } => Nanos(lo.0 / 2 + hi.0 / 2),
            Dist::Exponential { mean } => *mean,
            Dist::LogNormal { median, sigma, max } if *max >= Nanos::MAX_SPAN => {
                Nanos::from_secs_f64(median.as_secs_f64() * libm::exp(0.5 * sigma * sigma))
            }
            Dist::LogNormal { .. } | Dist::Empirical(_) => {
                // Bounded or measured: average the quantiles.
                let cells = 4_096;
                let sum: f64 =
                    (0..cells).map(|i| self.upper_quantile_secs((i as f64 + 0.5) / cells as f64)).sum();
                Nanos::from_secs_f64(sum / cells as f64)
            }
        }
    }

    /// The largest value that can come, or for an unbounded distribution its 99.9th percentile.
    pub fn upper_end(&self) -> Nanos {
        match self {
            Dist::LogNormal { max, .. } if *max < Nanos::MAX_SPAN => *max,
            Dist::Exponential { .. } | Dist::LogNormal { .. } => {
                Nanos::from_secs_f64(self.upper_quantile_secs(1e-3))
            }
            Dist::Fixed(value) => *value,
            Dist::Uniform { hi, .. } => *hi,
            Dist::Empirical(values) => values.last().copied().unwrap_or_default(),
        }
    }
}

fn sigma_of(median: Nanos, percentile: Nanos, z: f64) -> f64 {
    if median == Nanos::ZERO || percentile <= median {
        return 0.0;
    }
    libm::log(percentile.0 as f64 / median.0 as f64) / z
}

/// `span * bits / 2^64`.
fn scale(bits: u64, span: Nanos) -> Nanos {
    Nanos(((u128::from(bits) * u128::from(span.0)) >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(s: f64) -> Nanos {
        Nanos::from_secs_f64(s)
    }

    #[test]
    fn constructors_hit_the_points_they_are_given() {
        let d = Dist::log_normal_p99(secs(8.0), secs(15.0));
        assert!((d.upper_quantile_secs(0.5) - 8.0).abs() < 1e-9);
        assert!((d.upper_quantile_secs(0.01) - 15.0).abs() < 1e-6);
        let d = Dist::log_normal_mean(secs(0.045), 0.5);
        assert!((d.mean().as_secs_f64() - 0.045).abs() < 1e-9);
        let d = Dist::log_normal_p95_bounded(secs(8.0), secs(30.0));
        assert!((d.upper_quantile_secs(0.05) - 30.0).abs() < 1e-6);
        assert!(d.sample(0) == d.upper_end() && d.upper_end() > secs(30.0));
        assert_eq!(Dist::log_normal_p99(secs(1.0), secs(1.0)).sample(12345), secs(1.0));
    }

    #[test]
    fn draws_stay_inside_and_average_to_the_mean() {
        let keyed = crate::random::Streams::new(3, 0).keyed(crate::random::Stream::Startup);
        for d in [
            Dist::Uniform { lo: secs(1.0), hi: secs(3.0) },
            Dist::Exponential { mean: secs(2.0) },
            Dist::log_normal_mean(secs(2.0), 0.7),
            Dist::Empirical(vec![secs(1.0), secs(2.0), secs(4.0)]),
        ] {
            let n = 200_000;
            let sum: f64 = (0..n).map(|k| d.sample(keyed.at(k, 0)).as_secs_f64()).sum();
            let mean = d.mean().as_secs_f64();
            assert!((sum / n as f64 / mean - 1.0).abs() < 0.01, "{d:?}: {} against {mean}", sum / n as f64);
        }
    }
}
