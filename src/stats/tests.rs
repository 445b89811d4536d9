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

/// Losses of one run: with this probability a burst of geometric size, 1, 2, ... with this mean,
/// else none.
#[derive(Clone, Copy)]
struct Bursts {
    share: f64,
    size: f64,
}

impl Bursts {
    fn draw(self, u: f64, v: f64) -> f64 {
        if u >= self.share {
            return 0.0;
        }
        (1.0 + libm::log(1.0 - v) / libm::log(1.0 - 1.0 / self.size)).floor()
    }

    fn mean(self) -> f64 {
        self.share * self.size
    }

    fn sd(self) -> f64 {
        let square = self.size * self.size + self.size * (self.size - 1.0);
        (self.share * square - self.mean() * self.mean()).sqrt()
    }
}

const BURSTS: Bursts = Bursts { share: 0.3, size: 50.0 };

#[test]
fn intervals_cover_the_truth_for_plain_and_clustered_losses_and_are_no_wider_than_they_must() {
    let keyed = Streams::new(11, 0).keyed(Stream::Startup);
    let (studies, runs) = (4_000_u64, 60_u64);
    let clustered = [(0.3, 50.0), (0.6, 200.0), (0.9, 20.0), (0.2, 1_000.0)];
    let clustered = clustered.map(|(share, size)| Bursts { share, size });
    let mut hits_covered = 0;
    // Covered, and the sum of widths: plain losses first.
    let mut tallies = [(0_u32, 0.0_f64); 5];
    for study in 0..studies {
        let draw = |run: u64, at: u64| uniform(&keyed, study, 3 * run + at);
        let plain: Vec<f64> = (0..runs).map(|r| draw(r, 2)).collect();
        let mut samples = vec![(plain, 0.5)];
        samples.extend(
            clustered.iter().map(|bursts| {
                ((0..runs).map(|r| bursts.draw(draw(r, 0), draw(r, 1))).collect(), bursts.mean())
            }),
        );
        let hits = samples[1].0.iter().filter(|lost| **lost > 0.0).count() as u32;
        hits_covered += u32::from(clopper_pearson(hits, runs as u32).holds(0.3));
        for ((values, truth), tally) in samples.iter().zip(&mut tallies) {
            let interval = Summary::of(values).and_then(|s| s.ci95).expect("sixty runs");
            tally.0 += u32::from(interval.holds(*truth));
            tally.1 += interval.hi - interval.lo;
        }
    }
    let share = |covered: u32| f64::from(covered) / studies as f64;
    println!("share of runs that lose: covered {:.3}", share(hits_covered));
    assert!(share(hits_covered) >= 0.94, "probability of loss: {}", share(hits_covered));
    let sds = std::iter::once((1.0_f64 / 12.0).sqrt()).chain(clustered.iter().map(|bursts| bursts.sd()));
    // How much wider than a normal mean of that spread: twelve bursts of very different sizes, the
    // last case, take 1.64 times as much for 97 %.
    let widest = [1.5, 1.5, 1.5, 1.5, 1.75];
    for (((covered, widths), sd), widest) in tallies.into_iter().zip(sds).zip(widest) {
        let wide = widths / studies as f64 / (2.0 * 1.96 * sd / (runs as f64).sqrt());
        println!("mean with spread {sd:.2}: covered {:.3}, {wide:.2} times the normal width", share(covered));
        assert!(share(covered) >= 0.94, "spread {sd}: {}", share(covered));
        assert!((0.95..widest).contains(&wide), "spread {sd}: {wide}");
    }
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
fn equals_are_called_different_in_at_most_5_percent_of_comparisons() {
    let keyed = Streams::new(13, 0).keyed(Stream::Startup);
    let (studies, runs) = (2_000_u64, 30_u64);
    let draws = |study: u64, side: u64| -> Vec<f64> {
        let one = |run: u64| {
            let at = 4 * run + 2 * side;
            BURSTS.draw(uniform(&keyed, study, at), uniform(&keyed, study, at + 1))
        };
        (0..runs).map(one).collect()
    };
    // Alarms on either side, and those that call the second one worse.
    let mut alarms = [(0, 0); 4];
    for study in 0..studies {
        let (a, b) = (draws(study, 0), draws(study, 1));
        let hits = |values: &[f64]| values.iter().map(|lost| *lost > 0.0).collect::<Vec<_>>();
        let all = [paired(&a, &b), unpaired(&a, &b)]
            .into_iter()
            .chain([paired_events(&hits(&a), &hits(&b)), unpaired_events(&hits(&a), &hits(&b))]);
        for (count, difference) in alarms.iter_mut().zip(all) {
            let interval = difference.and_then(|d| d.ci95).expect("an interval");
            count.0 += u32::from(!interval.holds(0.0));
            count.1 += u32::from(interval.lo > 0.0);
        }
    }
    println!("false alarms in {studies}: paired, unpaired, paired events, unpaired events {alarms:?}");
    for (either, worse) in alarms {
        // Three standard errors of 5 % above it, for what may really be 5 %.
        assert!(f64::from(either) <= 0.0646 * studies as f64, "{alarms:?}");
        assert!(f64::from(worse) <= 0.05 * studies as f64, "{alarms:?}");
    }
}

#[test]
fn how_often_is_compared_by_the_runs_that_differ() {
    let (none, all) = ([false; 20], [true; 20]);
    let d = paired_events(&none, &all).expect("pairs");
    // 20 of 20 to one side: the exact interval for their share begins at 0.8316.
    close(d.ci95.expect("an interval").lo, 2.0 * 0.831_57 - 1.0, 1e-3);
    close(d.mean, 1.0, 1e-12);
    let same = paired_events(&all, &all).expect("pairs").ci95.expect("an interval");
    assert!(same.lo.abs() < 1e-12 && same.hi.abs() < 1e-12);
    let apart = unpaired_events(&none, &all).expect("runs").ci95.expect("an interval");
    assert!(apart.lo > 0.7 && apart.hi <= 1.0 + 1e-9, "{apart:?}");
    let welch = unpaired(&[1.0, 2.0, 3.0, 4.0], &[3.0, 4.0, 5.0, 6.0]).expect("runs");
    // R: t.test(c(3,4,5,6), c(1,2,3,4)) gives -0.2337 to 4.2337.
    let interval = welch.ci95.expect("an interval");
    close(interval.lo, -0.233_7, 1e-3);
    close(interval.hi, 4.233_7, 1e-3);
}

#[test]
fn printed_numbers_are_short_and_finite() {
    assert_eq!(printed(1.0 / 3.0), Some(0.333_333_333));
    assert_eq!(printed(123_456_789_012.0), Some(123_456_789_000.0));
    assert_eq!(printed(-0.0).map(f64::to_bits), Some(0));
    assert_eq!((printed(f64::NAN), printed(f64::INFINITY)), (None, None));
}
