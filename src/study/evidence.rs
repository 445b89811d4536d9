//! On simulated rollouts: how many runs a difference takes, paired and not, and how often equals
//! seem to differ.

use super::testing::case;
use super::{Change, Context, Metric, RunSummary, Side, compare};
use crate::config::case::Override;
use crate::sim;

fn lines(knobs: &[(&str, &str)], seed: u64, runs: u64) -> Vec<RunSummary> {
    let set =
        |(knob, value): &(&str, &str)| Override { knob: (*knob).to_owned(), value: (*value).to_owned() };
    let case = case(&knobs.iter().map(set).collect::<Vec<_>>()).expect("a case");
    let line = |run: u64| RunSummary::of(&case, run as u32 + 1, &sim::run(&case.spec, seed, run, &|| false));
    (0..runs).map(line).collect()
}

fn change(metric: Metric, a: &[RunSummary], b: &[RunSummary], pairs: bool) -> Change {
    let side = |runs| Side { runs, context: Context::default() };
    compare(metric, side(a), side(b), pairs, 0.0).expect("every run has a loss, if of none").change
}

/// The fewest runs from which on every larger number calls the second one better.
fn runs_until_better(a: &[RunSummary], b: &[RunSummary], pairs: bool) -> usize {
    let undecided = |n: &usize| change(Metric::Lost, &a[..*n], &b[..*n], pairs) != Change::Better;
    (1..=a.len()).rev().find(undecided).map_or(1, |last| last + 1)
}

#[test]
fn a_real_difference_takes_fewer_runs_paired_than_unpaired() {
    const RUNS: u64 = 250;
    // A removal of 4 s against one that is a fortieth shorter.
    let slower = lines(&[("removal", "4s")], 1, RUNS);
    let paired = runs_until_better(&slower, &lines(&[("removal", "3900ms")], 1, RUNS), true);
    let unpaired = runs_until_better(&slower, &lines(&[("removal", "3900ms")], 2, RUNS), false);
    println!(
        "paired {paired} runs, unpaired {unpaired}: {:.1} times as many",
        unpaired as f64 / paired as f64
    );
    assert!(unpaired <= RUNS as usize, "never decided");
    assert!(2 * paired <= unpaired, "{paired} and {unpaired}");
}

#[test]
fn two_identical_scenarios_are_called_worse_in_at_most_5_percent() {
    const COMPARISONS: u64 = 200;
    const RUNS: u64 = 10;
    // One that always loses, and one that does so now and then.
    for knobs in [&[("removal", "4s")][..], &[("removal", "8s"), ("stop", "linger")]] {
        let mut alarms = 0;
        for comparison in 0..COMPARISONS {
            let (a, b) = (lines(knobs, 2 * comparison, RUNS), lines(knobs, 2 * comparison + 1, RUNS));
            let worse = |metric| change(metric, &a, &b, false) == Change::Worse;
            alarms += u64::from(worse(Metric::Lost) || worse(Metric::RolloutsWithLoss));
        }
        println!("{knobs:?}: {alarms} false alarms in {COMPARISONS} comparisons");
        assert!(alarms * 20 <= COMPARISONS, "{knobs:?}: {alarms}");
    }
}
