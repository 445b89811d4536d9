//! The scenarios in scenarios/hpa say what they claim.

use std::path::Path;

use podloss::config::inputs::{Inputs, Request};
use podloss::study::{Context, Judgement, Metric, Options, Quiet, judge, parse_comparison, run};

/// Enough to see that an expectation is not missed; the files ask for more.
const RUNS: u32 = 3;

/// Runs a scenario and gives a line per expectation that does not hold.
fn misses(path: &Path) -> Vec<String> {
    let name = path.file_name().expect("a file").to_string_lossy().into_owned();
    let request = Request { paths: vec![path.display().to_string()], runs: Some(RUNS), ..Request::default() };
    let inputs = match Inputs::read(&request, &mut std::io::empty()) {
        Ok(inputs) => inputs,
        Err(errors) => return vec![format!("{name}: {errors:#?}")],
    };
    let options = Options { threads: Some(1), central_only: true, effect_runs: None };
    let study = match run(&|overrides| inputs.case(overrides), options, &Quiet, &|| false) {
        Ok(study) => study,
        Err(error) => return vec![format!("{name}: {error:?}")],
    };
    let mut misses = Vec::new();
    if study.case.expectations.is_empty() {
        misses.push(format!("{name}: expects nothing"));
    }
    for expectation in &study.case.expectations {
        let metric = Metric::parse(&expectation.metric).expect("checked when the file was read");
        let comparison = parse_comparison(&expectation.is, metric.quantity(), RUNS).expect("checked as well");
        let judged = judge(
            (&expectation.metric, metric),
            (&expectation.is, comparison),
            &study.runs,
            &Context::default(),
        );
        // So few runs may leave a mean undecided, but must not contradict it.
        if judged.verdict == Judgement::Fail || judged.observed.is_none() {
            misses.push(format!(
                "{name}: {} {}: {:?} ({})",
                expectation.metric, expectation.is, judged.observed, judged.detail
            ));
        }
    }
    misses
}

#[test]
fn every_scenario_of_the_autoscaler_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/hpa");
    let entries = std::fs::read_dir(folder).expect("the scenarios are part of the project");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    assert!(files.len() >= 11, "{files:?}");
    let misses: Vec<String> = files.iter().flat_map(|path| misses(path)).collect();
    assert!(misses.is_empty(), "{}", misses.join("\n"));
}
