//! Advice on the scenarios that ship: that it holds, and that nothing of it can be a step cheaper.

use std::path::Path;

use podloss::advise::{Advice, Conclusion, Cost, Goal, Question, advise};
use podloss::config::case::Override;
use podloss::config::expectations::parse_expectation;
use podloss::config::inputs::{Inputs, Request};
use podloss::study::{Options, Quiet, run};

fn inputs(scenario: &str) -> Inputs {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(scenario);
    let request = Request { paths: vec![path.display().to_string()], ..Request::default() };
    Inputs::read(&request, &mut std::io::empty()).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn lost(inputs: &Inputs, set: &[(&str, &str)], runs: u32) -> u64 {
    let set: Vec<Override> =
        set.iter().map(|(knob, value)| Override { knob: (*knob).into(), value: (*value).into() }).collect();
    let case_of = |_: &[Override]| {
        let mut case = inputs.case(&set)?;
        case.runs = runs;
        Ok::<_, Vec<podloss::diag::Diagnostic>>(case)
    };
    let options = Options { central_only: true, ..Options::default() };
    let study = run(&case_of, options, &Quiet, &|| false).unwrap_or_else(|error| panic!("{error:?}"));
    study.runs.iter().map(|run| run.lost).sum()
}

/// What `podloss advise` says of this scenario, and the step below it, at the worst corner.
#[test]
fn the_hook_that_is_advised_for_step_1_is_the_least() {
    let inputs = inputs("zero-downtime/1-readiness.toml");
    let worst = [("removal", "25s"), ("startup", "20s"), ("after_exit", "blackhole")];
    let with = |hook: &'static str| [&worst[..], &[("preStop", hook)]].concat();
    assert_eq!(lost(&inputs, &with("25s"), 2), 0);
    assert!(lost(&inputs, &with("24s"), 2) > 0, "a second less is not enough");
}

fn advice(inputs: &Inputs, goals: &[&str]) -> Advice {
    let goal = |text: &&str| Goal::parse(&parse_expectation(text).expect("a goal"), 6).expect("a goal");
    let question = Question {
        goals: goals.iter().map(goal).collect(),
        cost: Cost::PodHours,
        wishes: Vec::new(),
        runs: 6,
        threads: None,
    };
    advise(inputs, question, &Quiet, &|| false).unwrap_or_else(|error| panic!("{error:?}"))
}

/// Every value that is changed is the least: one step less fails, and it says where.
fn is_minimal(advice: &Advice) {
    for value in &advice.values {
        if value.advised > value.knob.now {
            assert!(value.bound.is_some(), "{} could be a step cheaper: {value:?}", value.knob.name);
        }
    }
}

#[test]
fn advice_on_whole_scenarios_holds_and_is_minimal() {
    if std::env::var_os("PODLOSS_LONG").is_none_or(|value| value != "1") {
        println!("skipped: takes minutes; PODLOSS_LONG=1 runs it");
        return;
    }
    let calm = advice(&inputs("zero-downtime/1-readiness.toml"), &["rollouts_with_loss == 0"]);
    assert_eq!(calm.conclusion, Conclusion::Holds);
    is_minimal(&calm);
    let hook = calm.values.iter().find(|value| value.knob.name == "preStop").expect("a knob");
    assert_eq!(hook.knob.values[hook.advised], "25s", "as the test above has it");

    let scaled = advice(&inputs("hpa-web/2-probes.toml"), &["rollouts_with_loss == 0", "p99 < 1500ms"]);
    assert!(
        !matches!(scaled.conclusion, Conclusion::Nothing(_) | Conclusion::Undecided(_)),
        "{:?}",
        scaled.conclusion
    );
    is_minimal(&scaled);
    assert!(scaled.costs[1].pods <= scaled.costs[0].pods, "no dearer than it is: {:?}", scaled.costs);
}
