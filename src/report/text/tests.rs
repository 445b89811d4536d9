//! The screen keeps its size and says what the result says.

use super::*;
use crate::report::result::Warning;
use crate::report::result::testing::stored;
use crate::study::{Drains, Flip, Verdict};

fn text(result: &StoredResult) -> String {
    let mut out = Vec::new();
    write(result, false, &mut out).expect("memory takes everything");
    String::from_utf8(out).expect("text")
}

fn fits(name: &str, text: &str) {
    assert!(text.lines().count() <= HEIGHT, "{name}: {} lines\n{text}", text.lines().count());
    for line in text.lines() {
        assert!(line.chars().count() <= WIDTH, "{name}: {} columns\n{line}", line.chars().count());
        assert_eq!(line, line.trim_end(), "{name}");
    }
}

#[test]
fn the_screen_of_a_small_case() {
    let result = stored();
    let text = text(&result);
    fits("small", &text);
    insta::assert_snapshot!(text);
}

#[test]
fn a_crowded_screen_still_fits() {
    let mut result = stored();
    for _ in 0..9 {
        let long = "the value of a field that is longer than anybody would like to read ".repeat(3);
        result.header.warnings.push(Warning {
            message: long,
            place: Some("web.yaml:3:1".into()),
            help: None,
        });
        let mut assumed = result.header.assumptions[0].clone();
        assumed.label = "an input with quite a long name of its own".to_owned();
        result.header.assumptions.push(assumed);
        result.effects.push(result.effects[0]);
        result.margins.push(result.margins[0].clone());
        result.expectations.push(result.expectations[0].clone());
    }
    let tally = result.total.causes.values().next().expect("a loss").clone();
    for cause in crate::model::outcome::Cause::ALL {
        result.total.causes.insert((crate::model::outcome::Status::GatewayTimeout, *cause), tally.clone());
    }
    result.header.heading.size =
        "12 pods (HPA equilibrium, 3..24), of which a rollout may surge 25 %".to_owned();
    let text = text(&result);
    fits("crowded", &text);
    assert!(text.contains("more causes") && text.contains("9 warnings, the first: the value"), "{text}");
    assert!(text.contains("and 8 more expectations"), "{text}");
}

#[test]
fn the_verdict_comes_before_the_figures() {
    let mut result = stored();
    result.answer.flip = Some(Flip {
        key: "removal".to_owned(),
        without: "3.9s".to_owned(),
        with: "4s".to_owned(),
        rising: true,
        searched: true,
    });
    assert!(
        text(&result)
            .contains("DEPENDS on removal of the test: flips at removal > 3.9s. As assumed: loss in 6 of 6")
    );
    result.answer.verdict = Verdict::Always;
    assert!(text(&result).contains("LOSES in 6 of 6 rollouts, whatever the unmeasured inputs are"));
    result.answer.verdict = Verdict::Never;
    let text = text(&result);
    assert!(text.contains("NO LOSS in 6 of 6 rollouts, nor at any value tried"), "{text}");
    assert!(!text.to_lowercase().contains("zero downtime"));
}

#[test]
fn what_is_missing_is_said() {
    let mut result = stored();
    result.interrupted = true;
    result.runs[0].rollouts_open = 1;
    let flowing = |result: &StoredResult| text(result).split_whitespace().collect::<Vec<_>>().join(" ");
    let screen = flowing(&result);
    assert!(screen.contains("INTERRUPTED after 6 of 6 runs"), "{screen}");
    assert!(screen.contains("1 runs ended with a rollout NOT finished"), "{screen}");
    let deadline = |result: &mut StoredResult, seconds: &[u64]| {
        for (run, seconds) in result.runs.iter_mut().zip(seconds) {
            run.deadline_exceeded_ns = Some(seconds * 1_000_000_000);
        }
        flowing(result)
    };
    assert!(!screen.contains("ProgressDeadlineExceeded"), "{screen}");
    assert!(deadline(&mut result, &[81]).contains(", ProgressDeadlineExceeded at 81 s in 1 runs "));
    let all = deadline(&mut result, &[81, 81, 81, 81, 81, 95]);
    assert!(all.contains(", ProgressDeadlineExceeded at 81..95 s "), "{all}");
    let refused_by = Some("PodDisruptionBudget/web".to_owned());
    result.runs[1].drains = Some(Drains { open: 1, refused: 7, refused_by });
    let words = "1 runs ended with a drain NOT finished, refused by PodDisruptionBudget/web ";
    assert!(flowing(&result).contains(words), "{}", flowing(&result));
    result.runs.clear();
    assert!(text(&result).contains("no run has finished"));
}

#[test]
fn colours_change_nothing_but_colours() {
    let result = stored();
    let mut out = Vec::new();
    write(&result, true, &mut out).expect("memory");
    let coloured = String::from_utf8(out).expect("text");
    assert!(coloured.contains('\x1b'));
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\x1b') {
        plain.push_str(before);
        rest = after.split_once('m').expect("a colour ends with m").1;
    }
    plain.push_str(rest);
    assert_eq!(plain, text(&result));
}

#[test]
fn several_results_make_a_table() {
    let result = stored();
    let mut out = Vec::new();
    write_table(&[result.clone(), result], false, &mut out).expect("memory");
    let table = String::from_utf8(out).expect("text");
    assert_eq!(table.lines().count(), 1 + 2 + 2);
    assert!(table.lines().all(|line| line.chars().count() <= WIDTH), "{table}");
    assert!(table.contains("6/6") && table.contains("1 of 2 FAIL"), "{table}");
}

#[test]
fn tables_share_the_room_and_keep_a_row() {
    assert_eq!(share(20, [vec![1; 3], vec![1; 4], vec![1; 5]]), [3, 4, 5]);
    assert_eq!(share(9, [vec![1; 3], vec![1; 4], vec![1; 5]]), [3, 3, 3]);
    assert_eq!(share(6, [vec![2; 9], vec![1; 4], vec![]]), [2, 2, 0]);
    assert_eq!(share(0, [vec![2; 9], vec![1], vec![]]), [1, 1, 0]);
}
