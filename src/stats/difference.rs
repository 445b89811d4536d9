//! The difference of two configurations, paired by run where both had the same seeds.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{CONFIDENCE, Interval, Summary, clopper_pearson, mean_interval};

/// How far one configuration lies from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Mean of `b - a`.
    pub mean: f64,
    /// Its 95 % interval; `None` where too few runs say anything about the spread.
    pub ci95: Option<Interval>,
    /// How much wider the interval of unpaired runs would be; `None` where pairing leaves no spread
    /// or there was no pairing.
    pub gain: Option<f64>,
}

/// `b - a`, pair by pair, with an interval of the mean; `None` without a pair. Runs beyond the
/// shorter list are left out.
///
/// The interval is the smallest one that holds both Student's and the one that is corrected for
/// skewness. Between equals differences are symmetric, and what skewness a sample shows is chance:
/// corrected for it, 8 of 100 comparisons of equals with losses in bursts would be false alarms, and
/// with Student's 4. Where one side loses rarely and much, and the other often and little, it is
/// Student's interval that errs.
pub fn paired(a: &[f64], b: &[f64]) -> Option<Difference> {
    let pairs = a.len().min(b.len());
    let differences: Vec<f64> = b.iter().zip(a).map(|(b, a)| b - a).collect();
    let summary = Summary::of(&differences)?;
    let sd = |values: &[f64]| Summary::of(&values[..pairs]).and_then(|s| s.sd);
    let gain = match (sd(a), sd(b), summary.sd) {
        (Some(a), Some(b), Some(paired)) if paired > 0.0 => Some((a * a + b * b).sqrt() / paired),
        _ => None,
    };
    let plain = summary.sd.and_then(|sd| mean_interval(summary.mean, sd, 0.0, summary.count));
    let hull = |a: Interval, b: Interval| Interval { lo: a.lo.min(b.lo), hi: a.hi.max(b.hi) };
    let ci95 = summary.ci95.zip(plain).map(|(corrected, plain)| hull(corrected, plain));
    Some(Difference { mean: summary.mean, ci95, gain })
}

/// The difference of two independent lists of runs, with Welch's t interval; `None` if one is empty.
pub fn unpaired(a: &[f64], b: &[f64]) -> Option<Difference> {
    let (first, second) = (Summary::of(a)?, Summary::of(b)?);
    let mean = second.mean - first.mean;
    let ci95 = first.sd.zip(second.sd).map(|(sd_a, sd_b)| {
        let variance = |sd: f64, count: usize| sd * sd / count as f64;
        let (va, vb) = (variance(sd_a, a.len()), variance(sd_b, b.len()));
        if va + vb <= 0.0 {
            return Interval { lo: mean, hi: mean };
        }
        let share = |v: f64, count: usize| v * v / (count - 1) as f64;
        // Welch and Satterthwaite: between the smaller list's and both lists' degrees of freedom.
        let freedom = (va + vb) * (va + vb) / (share(va, a.len()) + share(vb, b.len()));
        let t = StudentsT::new(0.0, 1.0, freedom).expect("at least one degree of freedom");
        let half = t.inverse_cdf(0.5 + CONFIDENCE / 2.0) * (va + vb).sqrt();
        Interval { lo: mean - half, hi: mean + half }
    });
    Some(Difference { mean, ci95, gain: None })
}

/// The difference in how often something happens, run by run. Only pairs where it happened on one
/// side alone say which side is ahead; the interval is the exact one for their share (the sign
/// test, McNemar 1947), so it excludes 0 in at most 5 % of comparisons of equals.
pub fn paired_events(a: &[bool], b: &[bool]) -> Option<Difference> {
    let pairs = a.len().min(b.len());
    let count = |wanted: (bool, bool)| a.iter().zip(b).filter(|(a, b)| (**a, **b) == wanted).count() as u32;
    let (only_a, only_b) = (count((true, false)), count((false, true)));
    let split = only_a + only_b;
    if pairs == 0 {
        return None;
    }
    let scale = f64::from(split) / pairs as f64;
    let share = clopper_pearson(only_b, split);
    let signed = |share: f64| (2.0 * share - 1.0) * scale;
    let mean = (f64::from(only_b) - f64::from(only_a)) / pairs as f64;
    Some(Difference { mean, ci95: Some(Interval { lo: signed(share.lo), hi: signed(share.hi) }), gain: None })
}

/// The difference in how often something happens in independent runs: the two exact intervals,
/// joined by squaring and adding (Newcombe 1998, method 10, with exact limits).
pub fn unpaired_events(a: &[bool], b: &[bool]) -> Option<Difference> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let known = |runs: &[bool]| {
        let hits = runs.iter().filter(|hit| **hit).count() as u32;
        (f64::from(hits) / runs.len() as f64, clopper_pearson(hits, runs.len() as u32))
    };
    let ((share_a, a), (share_b, b)) = (known(a), known(b));
    let mean = share_b - share_a;
    let lo = mean - libm::hypot(share_b - b.lo, a.hi - share_a);
    let hi = mean + libm::hypot(b.hi - share_b, share_a - a.lo);
    Some(Difference { mean, ci95: Some(Interval { lo, hi }), gain: None })
}
