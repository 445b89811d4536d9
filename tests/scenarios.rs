//! The scenarios that ship do what their comments say: every expectation of every file, and what
//! holds between files. A failure names the file and the metric.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use podloss::config::inputs::{Inputs, Request};
use podloss::diag::Severity;
use podloss::lint;
use podloss::report::result::{StoredResult, summary};
use podloss::study::{
    Comparison, Judged, Judgement, Metric, Options, Quantity, Quiet, parse_comparison, run,
};
use serde_json::Value;

/// Results by the name of the file.
type Results = BTreeMap<String, StoredResult>;

/// Every scenario below a folder of scenarios; files that others extend are not scenarios.
fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(folder);
    let entries = std::fs::read_dir(folder).expect("the scenarios are part of the project");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.retain(|path| !name(path).ends_with("common"));
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_stem().expect("a file").to_string_lossy().into_owned()
}

/// Runs every scenario of a folder a few times and checks its expectations.
fn hold(folder: &str, runs: u32) -> Results {
    let mut results = Results::new();
    let mut misses = Vec::new();
    for path in files(folder) {
        let file = format!("scenarios/{folder}/{}.toml", name(&path));
        let text = std::fs::read_to_string(&path).expect("a readable scenario");
        if !text.starts_with("#:schema ../../schema/scenario.schema.json\n#") {
            misses.push(format!("{file}: begins with its schema and a comment"));
        }
        let result = match result(&path, runs) {
            Ok(result) => result,
            Err(error) => {
                misses.push(format!("{file}: {error}"));
                continue;
            }
        };
        if result.expectations.is_empty() {
            misses.push(format!("{file}: expects nothing"));
        }
        let missed = result.expectations.iter().filter(|judged| !holds(judged, runs));
        misses.extend(missed.map(|j| format!("{file}: {} {}: {}", j.metric, j.is, j.detail)));
        results.insert(name(&path), result);
    }
    assert!(misses.is_empty(), "{}", misses.join("\n"));
    results
}

fn read(path: &Path, runs: u32, events: &[&str]) -> Result<Inputs, String> {
    let events = events.iter().map(|event| (*event).to_owned()).collect();
    let paths = vec![path.display().to_string()];
    let request = Request { paths, events, runs: Some(runs), ..Request::default() };
    Inputs::read(&request, &mut std::io::empty()).map_err(|problems| format!("{problems:#?}"))
}

fn result(path: &Path, runs: u32) -> Result<StoredResult, String> {
    of_inputs(&read(path, runs, &[])?)
}

fn of_inputs(inputs: &Inputs) -> Result<StoredResult, String> {
    let options = Options { threads: Some(1), central_only: true, effect_runs: None, until: None };
    let study = run(&|overrides| inputs.case(overrides), options, &Quiet, &|| false)
        .map_err(|error| format!("{error:#?}"))?;
    StoredResult::new(study).map_err(|error| error.to_string())
}

/// So few runs leave many a verdict open. What was seen must satisfy the comparison all the same.
fn holds(judged: &Judged, runs: u32) -> bool {
    let Some(seen) = judged.observed else { return false };
    let quantity = Metric::parse(&judged.metric).expect("checked before the run").quantity();
    let seen = if quantity == Quantity::Runs { seen / f64::from(runs) } else { seen };
    let satisfied = match parse_comparison(&judged.is, quantity, runs).expect("checked before the run") {
        Comparison::Equal(x) => (seen - x).abs() < 1e-9,
        Comparison::Unequal(x) => (seen - x).abs() > 1e-9,
        Comparison::AtMost(x) => seen <= x,
        Comparison::Below(x) => seen < x,
        Comparison::AtLeast(x) => seen >= x,
        Comparison::Above(x) => seen > x,
        Comparison::Within(lo, hi) => (lo..=hi).contains(&seen),
    };
    satisfied && judged.verdict != Judgement::Fail
}

fn json(result: &StoredResult) -> Value {
    serde_json::from_str(&summary(result).to_json()).expect("a summary is JSON")
}

fn lost(result: &StoredResult) -> u64 {
    json(result)["requests"]["lost"].as_u64().expect("a number")
}

/// Seconds from the beginning of the run to the first and to the last loss of any run.
fn losses(result: &StoredResult) -> (f64, f64) {
    let json = json(result);
    let causes = json["causes"].as_array().expect("a list").clone();
    let at = |key: &str| causes.iter().filter_map(|cause| cause[key].as_f64()).collect::<Vec<f64>>();
    let first = at("first_s").into_iter().fold(f64::INFINITY, f64::min);
    (first, at("last_s").into_iter().fold(f64::NEG_INFINITY, f64::max))
}

/// The sizes of the deployment in the first run, in order.
fn sizes(result: &StoredResult) -> Vec<u32> {
    let mut sizes: Vec<u32> = result.first.desired.iter().map(|(_, size)| *size).collect();
    sizes.dedup();
    sizes
}

#[test]
fn zero_downtime_is_reached_in_steps_and_little_s_law_holds() {
    let results = hold("zero-downtime", 2);
    let [one, two, three] = ["1-readiness", "2-prestop", "3-grace"].map(|name| &results[name]);
    assert!(lost(one) > 0 && lost(one) >= lost(two) && lost(two) >= lost(three));
    assert_eq!(lost(three), 0);
    // 200 connections for 180 s, less the second within which they begin.
    for (name, result) in &results {
        let json = json(result);
        let latency = json["latency_all_ms"]["mean"].as_f64().expect("a number") / 1e3;
        let total = json["requests"]["total"].as_f64().expect("a number") / result.runs.len() as f64;
        let expected = 200.0 * 179.5;
        assert!((total * latency / expected - 1.0).abs() < 0.005, "{name}: {total} x {latency} s");
    }
}

#[test]
fn an_autoscaled_service_loses_less_with_every_step() {
    let results = hold("hpa-web", 4);
    let of = |name: &str| &results[name];
    // The traffic declines from minute 11 on.
    let decline = 660.0;
    assert!(losses(of("1-no-probes")).0 < decline, "pods that come lose requests without probes");
    assert!(losses(of("1-no-probes")).1 > decline, "and so do pods that go");
    assert!(losses(of("2-probes")).0 > decline, "with probes only pods that go");
    assert!(lost(of("1-no-probes")) > lost(of("2-probes")) && lost(of("2-probes")) > 0);
    assert_eq!((lost(of("3-prestop")), lost(of("4-rollout"))), (0, 0));
}

#[test]
fn published_cases_hold() {
    let results = hold("published", 8);
    let of = |name: &str| &results[name];
    // Half of the requests fail while one of two targets is dead, for 13 to 19 s from its deletion on.
    // The second one begins when the replacement of the first one is there, 20 s later.
    let (first, last) = losses(of("p2-node-drain"));
    assert!((60.0..62.0).contains(&first), "P2 loses from the deletion on, not from {first} s");
    assert!((100.0..116.0).contains(&last), "P2's second pod fails last at about 108 s, not at {last} s");
    assert!(lost(of("p3-prestop-5")) > lost(of("p3-prestop-25")));
    let (first, _) = losses(of("p7-up-and-down"));
    assert!(first > 360.0, "P7 loses on the way down only, but something was lost at {first} s");
    assert_eq!(lost(of("p7-up")), 0);
    assert!(lost(of("p8-keepalive-2s")) > lost(of("p8-keepalive-650s")));
}

#[test]
fn stories_come_in_pairs_of_which_one_is_well() {
    let results = hold("stories", 4);
    assert_eq!(results.len(), 24, "twelve pairs");
    for (name, broken) in &results {
        let path = format!("{}/scenarios/stories/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("a scenario of the folder");
        for part in ["# Reported", "# Predicted", "# Assumed"] {
            assert!(text.contains(part), "{name}: `{part}` is missing");
        }
        if let Some(story) = name.strip_suffix("-broken") {
            let fixed = &results[&format!("{story}-fixed")];
            assert!(lost(broken) > 10 * lost(fixed), "{story}: {} and {}", lost(broken), lost(fixed));
        }
    }
}

/// The rule that finds what a broken story loses by. Of the ingress' own pods `check` knows nothing.
const FOUND: &[(&str, Option<&str>)] = &[
    ("alb-gate", Some("PL017")),
    ("alb-grace", Some("PL003")),
    ("alb-rollout", Some("PL001")),
    ("ingress-rollout", None),
    ("ingress-scale-in", Some("PL001")),
    ("istio-rollout", Some("PL001")),
    ("keepalive", Some("PL004")),
    ("nginx-signal", Some("PL002")),
    ("node-local", Some("PL001")),
    ("scale-out", Some("PL008")),
    ("service-pinned", Some("PL002")),
    ("single-pod", Some("PL001")),
];

/// Fixed stories that are errors all the same, and why: none of the service's own pods goes in them.
/// Where one does, requests are lost.
const STILL_ERRORS: &[(&str, &str)] = &[
    ("ingress-rollout", "the ingress' pods are replaced, those of the service stay"),
    ("keepalive", "the story is about idle connections, and nothing happens to the pods"),
    ("scale-out", "pods come, and none goes"),
];

#[test]
fn check_tells_broken_stories_from_fixed_ones() {
    let path =
        |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/stories/{name}.toml"));
    let judged = |name: &str| -> Vec<(&'static str, Severity)> {
        let inputs = read(&path(name), 1, &[]).expect("a story");
        let report = lint::judge(&inputs).unwrap_or_else(|errors| panic!("{name}: {errors:#?}"));
        report.findings.iter().map(|found| (found.rule.code, found.found.severity)).collect()
    };
    let stories: Vec<String> = files("stories")
        .iter()
        .filter_map(|path| name(path).strip_suffix("-broken").map(str::to_owned))
        .collect();
    assert_eq!(stories, FOUND.iter().map(|(story, _)| (*story).to_owned()).collect::<Vec<_>>());
    for (story, rule) in FOUND {
        let (broken, fixed) = (judged(&format!("{story}-broken")), judged(&format!("{story}-fixed")));
        let worst = |found: &[(&str, Severity)], rule: &str| {
            found.iter().filter(|(code, _)| *code == rule).map(|(_, severity)| *severity).max()
        };
        if let Some(rule) = rule {
            assert!(worst(&broken, rule) > worst(&fixed, rule), "{story}: {rule} in {broken:?}, {fixed:?}");
        }
        let is_error = fixed.iter().any(|(_, severity)| *severity == Severity::Error);
        let why = STILL_ERRORS.iter().find(|(still, _)| still == story);
        assert_eq!(is_error, why.is_some(), "{story}: {fixed:?} {why:?}");
        if why.is_some() {
            let rolled = read(&path(&format!("{story}-fixed")), 2, &["rollout@20s"]).expect("a story");
            let rolled = of_inputs(&rolled).expect("a result");
            assert!(lost(&rolled) > 0, "{story}: nothing is lost when pods go");
        }
    }
}

#[test]
fn the_walk_through_of_the_autoscaler_takes_its_steps() {
    let results = hold("php-apache", 3);
    assert_eq!(sizes(&results["1-without-behavior"]), [1, 4, 7]);
    assert_eq!(sizes(&results["2-with-behavior"]), [1, 5, 7]);
    assert_eq!(sizes(&results["3-limit"])[..3], [1, 4, 5]);
    assert_eq!(sizes(&results["4-limit-with-behavior"])[..2], [1, 5]);
    assert!(results.values().all(|result| lost(result) == 0));
}

#[test]
fn a_day_is_carried_and_a_push_message_needs_a_minimum() {
    let results = hold("capacity", 1);
    assert!(lost(&results["2-push"]) > lost(&results["3-minimum"]));
}

#[test]
fn the_readme_shows_what_the_reports_hold() {
    let read = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        std::fs::read_to_string(path).expect("part of the project")
    };
    let readme = read("README.md");
    for (report, indent) in [("reports/demo.txt", "    "), ("reports/speed.md", "")] {
        for line in read(report).lines() {
            let line = format!("\n{}\n", format!("{indent}{line}").trim_end());
            assert!(readme.contains(&line), "README.md lacks a line of {report}:{line}");
        }
    }
}

#[test]
fn scenarios_of_the_autoscaler_hold() {
    assert!(hold("hpa", 3).len() >= 11);
}
