//! Every scenario that ships takes the same course on the fast request path and on the plain one,
//! request by request and to the nanosecond; and the same course twice.

use std::fs;
use std::path::{Path, PathBuf};

use podloss::config::case::Override;
use podloss::config::inputs::{Inputs, Request};
use podloss::sim::{self, reference};

/// The plain path takes microseconds a request, and both paths keep every end in memory. Of a
/// scenario with more requests than this only the beginning is compared; `PODLOSS_LONG` compares
/// whole days.
const REQUESTS: f64 = 5e5;
const REQUESTS_LONG: f64 = 1.2e7;
/// There are thousands of pods, each of which the plain path looks at at every step.
const REQUESTS_OF_MANY_PODS: f64 = 3e4;

fn scenarios() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let list = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("a folder of the project");
        entries.map(|entry| entry.expect("a readable entry").path()).collect()
    };
    let mut files: Vec<PathBuf> = list(&root).iter().flat_map(|folder| list(folder)).collect();
    files.retain(|file| {
        let name = file.file_stem().expect("a file").to_string_lossy().into_owned();
        file.extension().is_some_and(|e| e == "toml") && !name.ends_with("common")
    });
    files.sort();
    files
}

#[test]
fn scenarios_take_the_same_course_on_both_paths() {
    let long = std::env::var_os("PODLOSS_LONG").is_some_and(|value| value == "1");
    let files = scenarios();
    assert!(files.len() >= 35, "only {} scenarios", files.len());
    for file in files {
        let request = Request { paths: vec![file.display().to_string()], ..Request::default() };
        let inputs = Inputs::read(&request, &mut std::io::empty()).unwrap_or_else(|e| panic!("{e:#?}"));
        let case = |with: &[Override]| inputs.case(with).unwrap_or_else(|e| panic!("{e:#?}"));
        let mut compared = case(&[]);
        let name = file.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("below it").display().to_string();
        let seconds = compared.spec.load.duration().as_secs_f64();
        // A closed loop has no rate of its own; the shipped ones stay below 5,000 per second.
        let rate = compared.spec.load.peak_rate().unwrap_or(5_000.0);
        let bound = match name.as_str() {
            name if name.starts_with("scenarios/bench/k1") => REQUESTS_OF_MANY_PODS,
            name if long && !name.starts_with("scenarios/bench") => REQUESTS_LONG,
            _ => REQUESTS,
        };
        if seconds * rate > bound {
            let value = format!("{}ms", (bound / rate * 1e3).ceil());
            compared = case(&[Override { knob: "duration".into(), value }]);
        }
        let first =
            reference::compare(&compared.spec, compared.seed, 0).unwrap_or_else(|e| panic!("{name}: {e}"));
        let second = sim::run(&compared.spec, compared.seed, 0, &|| false);
        let divergence = reference::first_divergence(&first.timeline, &second.timeline);
        assert_eq!(divergence, None, "{name}: the cluster takes another course the second time");
        assert!(first.tally.series == second.tally.series, "{name}: other counts the second time");
    }
}
