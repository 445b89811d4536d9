//! Known values, and coverage by simulation.

use super::*;
use crate::random::{Keyed, Stream, Streams};

fn close(a: f64, b: f64, within: f64) {
    assert!((a - b).abs() <= within, "{a} is not {b}");
}

#[test]
fn clopper_pearson_against_published_tables() {
    // Values of R's binom.test.
    for (hits, runs, lo, hi) in [
        (0, 60, 0.0, 0.059_62),
        (60, 60, 0.940_38, 1.0),
        (1, 10, 0.002_529, 0.445_016),
        (5, 10, 0.187_086, 0.812_914),
        (23, 60, 0.260_651, 0.517_859),
        (0, 0, 0.0, 1.0),
    ] {
        let interval = clopper_pearson(hits, runs);
        close(interval.lo, lo, 1e-4);
        close(interval.hi, hi, 1e-4);
    }
    close(none_below(60), 0.048_7, 1e-4);
    assert!(none_below(59) < 0.05 && none_below(58) > 0.05);
}

#[test]
fn summaries_of_known_samples() {
    assert_eq!(Summary::of(&[]), None);
    let one = Summary::of(&[7.0]).expect("one value");
    assert_eq!((one.mean, one.sd, one.p95, one.ci95), (7.0, None, None, None));
    let s = Summary::of(&[4.0, 1.0, 3.0, 2.0]).expect("values");
    assert_eq!((s.min, s.median, s.max, s.mean, s.p95), (1.0, 2.5, 4.0, 2.5, None));
    close(s.sd.expect("spread"), 1.290_994, 1e-6);
    // t(0.975, 3) = 3.182446.
    let ci = s.ci95.expect("interval");
    close(ci.hi - 2.5, 3.182_446 * 1.290_994 / 2.0, 1e-4);
    let twenty: Vec<f64> = (1..=20).map(f64::from).collect();
    assert_eq!(Summary::of(&twenty).and_then(|s| s.p95), Some(19.0));
    let same = Summary::of(&[0.1; 3]).expect("values");
    assert!(same.is_constant() && same.sd == Some(0.0) && same.mean.total_cmp(&0.1).is_eq());
}

fn uniform(keyed: &Keyed, a: u64, b: u64) -> f64 {
    (keyed.at(a, b) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Losses of one run: with probability 0.7 none, else a burst of geometric size.
fn clustered(u: f64, v: f64) -> f64 {
    if u < 0.7 { 0.0 } else { (1.0 + libm::log(1.0 - v) / libm::log(0.98)).floor() }
}

#[test]
fn intervals_cover_the_truth_for_plain_and_clustered_losses() {
    let keyed = Streams::new(11, 0).keyed(Stream::Startup);
    let (studies, runs) = (2_000_u64, 60_u64);
    let (mut share_covered, mut plain_covered, mut burst_covered) = (0, 0, 0);
    // A geometric size on 1, 2, ... with success 0.02 has mean 50.
    let burst_mean = 0.3 * 50.0;
    for study in 0..studies {
        let draw = |run: u64| {
            (
                uniform(&keyed, study, 3 * run),
                uniform(&keyed, study, 3 * run + 1),
                uniform(&keyed, study, 3 * run + 2),
            )
        };
        let bursts: Vec<f64> = (0..runs).map(|r| clustered(draw(r).0, draw(r).1)).collect();
        let plain: Vec<f64> = (0..runs).map(|r| draw(r).2).collect();
        let hits = bursts.iter().filter(|b| **b > 0.0).count() as u32;
        share_covered += u32::from(clopper_pearson(hits, runs as u32).holds(0.3));
        let covered = |values: &[f64], truth| {
            Summary::of(values).and_then(|s| s.ci95).is_some_and(|ci| ci.holds(truth))
        };
        plain_covered += u32::from(covered(&plain, 0.5));
        burst_covered += u32::from(covered(&bursts, burst_mean));
    }
    let share = |covered: u32| f64::from(covered) / studies as f64;
    assert!(share(share_covered) >= 0.94, "probability of loss: {}", share(share_covered));
    assert!(share(plain_covered) >= 0.94, "plain mean: {}", share(plain_covered));
    assert!(share(burst_covered) >= 0.94, "mean of bursts: {}", share(burst_covered));
}

#[test]
fn pairing_finds_a_difference_that_unpaired_runs_hide() {
    let keyed = Streams::new(12, 0).keyed(Stream::Startup);
    let a: Vec<f64> = (0..30).map(|r| 1_000.0 * uniform(&keyed, r, 0)).collect();
    let b: Vec<f64> = a.iter().zip(0..).map(|(a, r)| a + 5.0 + uniform(&keyed, r, 1)).collect();
    let pair = paired(&a, &b).expect("pairs");
    close(pair.mean, 5.5, 0.3);
    assert!(pair.ci95.is_some_and(|ci| ci.lo > 5.0 && ci.hi < 6.0));
    assert!(pair.gain.is_some_and(|gain| gain > 100.0));
    let same = paired(&a, &a).expect("pairs");
    assert_eq!((same.mean, same.gain), (0.0, None));
}

#[test]
fn printed_numbers_are_short_and_finite() {
    assert_eq!(printed(1.0 / 3.0), Some(0.333_333_333));
    assert_eq!(printed(123_456_789_012.0), Some(123_456_789_000.0));
    assert_eq!(printed(-0.0).map(f64::to_bits), Some(0));
    assert_eq!((printed(f64::NAN), printed(f64::INFINITY)), (None, None));
}
