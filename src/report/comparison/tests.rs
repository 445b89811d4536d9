//! Comparisons of small studies.

use super::*;
use crate::config::case::Override;
use crate::study::testing::case;
use crate::study::{Options, Quiet, run};

fn result(pre_stop: &str, seed: u64, runs: u32) -> StoredResult {
    let with = |overrides: &[Override]| {
        let mut all = vec![Override { knob: "preStop".to_owned(), value: pre_stop.to_owned() }];
        all.extend_from_slice(overrides);
        case(&all).map(|mut case| {
            (case.seed, case.runs) = (seed, runs);
            case
        })
    };
    StoredResult::new(run(&with, Options::default(), &Quiet, &|| false).expect("a study")).expect("a result")
}

fn question() -> Question {
    let metrics = DEFAULT_METRICS.map(|name| (name.to_owned(), Metric::parse(name).expect("a metric")));
    Question {
        metrics: metrics.into(),
        tolerance: 0.0,
        deciding: vec!["lost".into(), "rollouts_with_loss".into()],
    }
}

fn sources(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn text(comparison: &Comparison) -> String {
    let mut out = Vec::new();
    write(comparison, false, &mut out).expect("memory takes everything");
    String::from_utf8(out).expect("text")
}

#[test]
fn a_hook_is_better_and_taking_it_away_is_worse() {
    let (without, with) = (result("0s", 1, 8), result("12s", 1, 8));
    let better = compare(&[without.clone(), with.clone()], &sources(&["old", "new"]), &question());
    assert_eq!(better.verdicts, [Change::Better]);
    assert!(better.paired);
    let words = text(&better);
    for part in ["A  old  (four pods)  8 runs, seed 1", "B is BETTER", "-100 %", "loses less on average at"] {
        assert!(words.contains(part), "{part} is missing in\n{words}");
    }
    assert!(words.lines().all(|line| line.chars().count() <= 100), "{words}");
    let worse = compare(&[with.clone(), without.clone()], &sources(&["old", "new"]), &question());
    assert_eq!(worse.verdicts, [Change::Worse]);
    let same = compare(&[with.clone(), with], &sources(&["old", "new"]), &question());
    assert_eq!(same.verdicts, [Change::Same]);
    assert_eq!(to_json(&worse)["verdicts"][0]["verdict"], "worse");
    assert_eq!(to_json(&better)["metrics"][0]["against_first"][0]["verdict"], "better");
}

#[test]
fn other_seeds_are_not_paired_and_raise_few_alarms() {
    let results: Vec<StoredResult> = (1..=30).map(result_central).collect();
    let mut alarms = 0;
    for two in results.chunks(2) {
        let comparison = compare(two, &sources(&["a", "b"]), &question());
        assert!(!comparison.paired);
        alarms += u32::from(matches!(comparison.verdicts[0], Change::Better | Change::Worse));
    }
    // 5 % of 15 is 0.75; more than 3 would happen once in 180 such tests.
    assert!(alarms <= 3, "{alarms} false alarms in 15 comparisons of equals");
}

fn result_central(seed: u64) -> StoredResult {
    let with = |overrides: &[Override]| {
        case(overrides).map(|mut case| {
            (case.seed, case.runs) = (seed, 10);
            case
        })
    };
    let options = Options { central_only: true, ..Options::default() };
    StoredResult::new(run(&with, options, &Quiet, &|| false).expect("a study")).expect("a result")
}

#[test]
fn pairing_saves_runs() {
    let (a, b) = (result("0s", 1, 12), result("1s", 1, 12));
    let comparison = compare(&[a, b], &sources(&["a", "b"]), &question());
    let lost = comparison.rows.iter().find(|row| row.name == "lost").and_then(|row| row.others[0]);
    let gain = lost.and_then(|compared| compared.difference.gain).expect("a spread");
    println!("unpaired runs would have to be {:.1} times as many", gain * gain);
    assert!(gain > 1.0, "pairing gains nothing: {gain}");
}
