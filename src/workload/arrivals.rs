//! Open-loop arrivals, one after the other.

use std::sync::Arc;

use rand::Rng;
use rand_distr::{Distribution, Gamma};

use super::profile::{Profile, Segment, Shape};
use super::{OpenLoad, OpenSource};
use crate::random::{Sequence, UnitExponential};
use crate::units::Nanos;

/// Yields the instants of open-loop arrivals in order, exactly distributed for varying rates: gaps
/// are drawn with mean one and mapped through the inverse of the integrated rate.
#[derive(Debug)]
pub struct Arrivals {
    source: Source,
    /// The next arrival, nanoseconds from the run's beginning; `u64::MAX` when there is none.
    next: u64,
}

#[derive(Debug)]
enum Source {
    Rate(Box<RateSource>),
    List { list: Arc<[Nanos]>, at: usize },
}

#[derive(Debug)]
struct RateSource {
    profile: Profile,
    gaps: Gaps,
    rng: Sequence,
    /// Index of the segment in force.
    segment: usize,
    /// Nanoseconds per unit of drawn gap in a constant segment, else zero.
    scale: f64,
    segment_end: u64,
}

#[derive(Debug)]
enum Gaps {
    /// Poisson.
    Exponential(UnitExponential),
    /// Renewals with a set coefficient of variation, hence a set variance-to-mean ratio of the
    /// counts in long windows.
    Gamma(Gamma<f64>),
}

impl Arrivals {
    /// The arrivals of `load`, with `rng` as their source of randomness.
    pub fn new(load: &OpenLoad, rng: Sequence) -> Arrivals {
        let source = match &load.source {
            OpenSource::List(list) => Source::List { list: Arc::clone(list), at: 0 },
            OpenSource::Rate { profile, dispersion } => {
                let gaps = match Gamma::new(1.0 / dispersion, *dispersion) {
                    Ok(gamma) if (dispersion - 1.0).abs() > 1e-9 => Gaps::Gamma(gamma),
                    _ => Gaps::Exponential(UnitExponential::new()),
                };
                let mut source = RateSource {
                    profile: profile.clone(),
                    gaps,
                    rng,
                    segment: 0,
                    scale: 0.0,
                    segment_end: 0,
                };
                source.enter(0);
                Source::Rate(Box::new(source))
            }
        };
        let mut arrivals = Arrivals { source, next: 0 };
        let begin = match &arrivals.source {
            Source::Rate(rate) => rate.profile.segments().first().map_or(0, |s| s.from.0),
            Source::List { .. } => 0,
        };
        arrivals.next = arrivals.draw_after(begin);
        arrivals
    }

    /// When the next request arrives, nanoseconds from the run's beginning; `u64::MAX` for never.
    #[inline]
    pub fn peek(&self) -> u64 {
        self.next
    }

    /// Takes the next arrival.
    #[inline]
    pub fn pop(&mut self) -> u64 {
        let at = self.next;
        if at != u64::MAX {
            self.next = self.draw_after(at);
        }
        at
    }

    #[inline(always)]
    fn draw_after(&mut self, at: u64) -> u64 {
        match &mut self.source {
            Source::Rate(rate) => rate.after(at),
            Source::List { list, at } => {
                *at += 1;
                list.get(*at - 1).map_or(u64::MAX, |t| t.0)
            }
        }
    }
}

impl RateSource {
    fn enter(&mut self, segment: usize) {
        self.segment = segment;
        let Some(s) = self.profile.segments().get(segment) else {
            self.segment_end = 0;
            return;
        };
        self.segment_end = s.to.0;
        self.scale = match s.shape {
            Shape::Constant(rate) if rate > 0.0 => 1e9 / rate / UnitExponential::ONE,
            _ => 0.0,
        };
    }

    #[inline(always)]
    fn after(&mut self, at: u64) -> u64 {
        if let Gaps::Exponential(unit) = &self.gaps {
            let gap = unit.draw(self.rng.next_u64());
            // Through signed integers, which the processor converts in one instruction; both fit.
            let next = at + (gap as i64 as f64 * self.scale + 0.5) as i64 as u64;
            if self.scale > 0.0 && next < self.segment_end {
                return next;
            }
            return self.cross(at, gap as f64 / UnitExponential::ONE);
        }
        let Gaps::Gamma(gamma) = &self.gaps else { return u64::MAX };
        let mass = gamma.sample(&mut self.rng);
        self.cross(at, mass)
    }

    /// Walks over segment borders until `mass` expected requests have passed since `at`.
    fn cross(&mut self, at: u64, mut mass: f64) -> u64 {
        let mut from = at;
        while let Some(segment) = self.profile.segments().get(self.segment).copied() {
            from = from.max(segment.from.0);
            let begin = (from - segment.from.0) as f64 / 1e9;
            let held = segment.integral(begin, segment.length());
            if mass < held {
                let next = nanos_in(&segment, segment.advance(begin, mass)).max(from);
                if next < segment.to.0 {
                    return next;
                }
            }
            mass = (mass - held).max(0.0);
            from = segment.to.0;
            self.enter(self.segment + 1);
        }
        u64::MAX
    }
}

fn nanos_in(segment: &Segment, seconds: f64) -> u64 {
    segment.from.0 + (seconds * 1e9 + 0.5) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, Streams};

    fn arrivals(profile: Profile, dispersion: f64, seed: u64) -> Vec<u64> {
        let load = OpenLoad { source: OpenSource::Rate { profile, dispersion } };
        let mut source = Arrivals::new(&load, Streams::new(seed, 0).sequence(Stream::Arrivals));
        std::iter::from_fn(|| Some(source.pop()).filter(|&t| t != u64::MAX)).collect()
    }

    fn secs(s: u64) -> Nanos {
        Nanos::from_secs(s)
    }

    /// Counts per window against their expectation: the chi-square statistic of `windows` cells
    /// has mean `windows` and variance `2 windows`.
    fn chi_square(times: &[u64], profile: &Profile, windows: u64) -> f64 {
        let length = profile.end().0 / windows;
        let mut counts = vec![0_f64; windows as usize];
        times.iter().for_each(|t| counts[((t / length) as usize).min(windows as usize - 1)] += 1.0);
        (0..windows)
            .map(|w| {
                let expected = profile.expected(Nanos(w * length), Nanos((w + 1) * length));
                let seen = counts[w as usize];
                if expected > 0.0 { (seen - expected).powi(2) / expected } else { seen * 1e9 }
            })
            .sum()
    }

    #[test]
    fn varying_rates_are_exact() {
        let shapes: Vec<Vec<Segment>> = vec![
            vec![Segment { from: secs(0), to: secs(600), shape: Shape::Constant(500.0) }],
            vec![Segment { from: secs(0), to: secs(600), shape: Shape::Linear(0.0, 900.0) }],
            vec![Segment {
                from: secs(0),
                to: secs(600),
                shape: Shape::Sine { mean: 500.0, amplitude: 450.0, period_s: 130.0, phase_s: 0.0 },
            }],
            (0..60)
                .map(|i| Segment {
                    from: secs(10 * i),
                    to: secs(10 * i + 10),
                    shape: Shape::Constant(if i % 2 == 0 { 900.0 } else { 30.0 }),
                })
                .collect(),
        ];
        for segments in shapes {
            let profile = Profile::new(segments).unwrap();
            for seed in 1..=5 {
                let times = arrivals(profile.clone(), 1.0, seed);
                assert!(times.windows(2).all(|w| w[0] <= w[1]));
                let statistic = chi_square(&times, &profile, 200);
                // 200 +- 4.5 standard deviations of 20.
                assert!((110.0..290.0).contains(&statistic), "seed {seed}: chi-square {statistic}");
            }
        }
    }

    #[test]
    fn the_variance_to_mean_ratio_is_the_one_asked_for() {
        for dispersion in [0.5, 1.0, 1.33, 4.0] {
            let profile = Profile::constant(200.0, secs(4_000)).unwrap();
            let times = arrivals(profile, dispersion, 9);
            // Windows of two seconds hold 400 requests: long against a gap.
            let mut counts = vec![0_f64; 2_000];
            times.iter().for_each(|t| counts[(t / 2_000_000_000) as usize] += 1.0);
            let mean = counts.iter().sum::<f64>() / 2_000.0;
            let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / 1_999.0;
            let ratio = variance / mean;
            // The ratio of 2,000 windows has a relative standard error of sqrt(2/2000) = 3.2 %.
            assert!((ratio / dispersion - 1.0).abs() < 0.13, "asked {dispersion}, got {ratio}");
            assert!((mean - 400.0).abs() < 4.0 * (400.0 * dispersion / 2_000.0).sqrt(), "mean {mean}");
        }
    }

    #[test]
    fn lists_are_replayed_as_they_are() {
        let list: Arc<[Nanos]> = [5, 5, 9].map(Nanos).into();
        let load = OpenLoad { source: OpenSource::List(list) };
        let mut source = Arrivals::new(&load, Streams::new(1, 0).sequence(Stream::Arrivals));
        assert_eq!(
            [source.pop(), source.pop(), source.peek(), source.pop(), source.pop()],
            [5, 5, 9, 9, u64::MAX]
        );
    }

    #[test]
    fn a_rate_of_zero_ends() {
        let profile = Profile::constant(0.0, secs(10)).unwrap();
        assert!(arrivals(profile, 1.0, 1).is_empty());
        assert!(arrivals(Profile::new(vec![]).unwrap(), 1.0, 1).is_empty());
    }
}
