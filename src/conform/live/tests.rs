//! Losses measured with real front ends against what podloss predicts from the parameters alone.
//!
//! The rows in `measured.json` always run. The shared ones run where they are: beside the project, or
//! where `PODLOSS_CONFORMANCE` says. Fewer seeds than `podloss conform` takes are enough here: the
//! predicted means are still ten times as certain as the measured ones.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Verdict, compare_row, predict_with};

const SEEDS: u64 = 60;

/// The one row that does not hold. Without a sync limit the last removal of a rollout falls into the
/// same whole second as the update before it in a sixth of all runs; ingress-nginx then ignores it
/// for good, and the dead pod stays listed to the end. None of the five measured runs had that,
/// which by chance happens in two of five such samples. The rule is in the source and stays: the
/// stamp is `ngx.time()`, the comparison `<=`, and the resync that older versions forced every 30 s
/// is gone since pull request #7958.
const UNSETTLED: &str = "in_roll_S0_off_nolimit";

/// Measured with a spread of 1.7 around 165 where the same configuration without outlier detection,
/// which ejects nobody here, has 7.4: five runs that happen to agree. The mean holds.
const UNUSUALLY_ALIKE: &str = "en_roll_S0_outlier";

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of a file. Parameters that a row does not state are the file's usual ones.
fn rows(text: &str) -> Vec<Value> {
    let mut file: Value = serde_json::from_str(text).expect("a JSON file");
    let usual = file["usual"].take();
    let mut rows = file["rows"].as_array().expect("a list of rows").clone();
    for (key, value) in usual.as_object().into_iter().flatten() {
        for row in &mut rows {
            let parameters = row["parameters"].as_object_mut().expect("parameters by name");
            parameters.entry(key).or_insert_with(|| value.clone());
        }
    }
    rows
}

/// Every row that can be predicted must hold; the answer is how many could.
fn check(rows: &[Value]) -> usize {
    let (mut predicted, mut misses) = (0, Vec::new());
    for row in rows {
        let name = row["name"].as_str().expect("a name");
        let prediction =
            predict_with(&row["parameters"], SEEDS).unwrap_or_else(|error| panic!("{name}: {error}"));
        let comparison = compare_row(row, prediction.as_ref());
        predicted += usize::from(comparison.verdict != Verdict::NotModelled);
        let remarks = name != UNUSUALLY_ALIKE && !comparison.remarks.is_empty();
        if name != UNSETTLED && (comparison.verdict == Verdict::Misses || remarks) {
            misses.push(format!("{name}\n  {}", comparison.lines.join("\n  ")));
        }
    }
    assert!(misses.is_empty(), "{} of {}:\n{}", misses.len(), rows.len(), misses.join("\n"));
    predicted
}

#[test]
fn own_rows_hold() {
    assert_eq!(check(&rows(include_str!("measured.json"))), 9);
}

#[test]
fn shared_rows_hold() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance");
    let folder = std::env::var_os("PODLOSS_CONFORMANCE").map_or_else(beside, PathBuf::from).join("live");
    if !folder.is_dir() {
        println!("skipped: no measured rows in {}", folder.display());
        return;
    }
    assert_eq!(check(&rows(&read(&folder.join("rows.json")))), 37);
    assert_eq!(check(&rows(&read(&folder.join("rows-fronts.json")))), 28);
}

/// `terminationGracePeriodSeconds: 0` removes the object at once, but the node still ends the process,
/// here with SIGKILL after the least grace of two seconds, while traffic comes for six.
#[test]
fn a_pod_without_grace_ends_all_the_same() {
    let rows = rows(include_str!("measured.json"));
    let named = |row: &&Value| row["name"] == "retries-off-reload-overlap";
    let mut parameters = rows.iter().find(named).expect("one of ours")["parameters"].clone();
    parameters["grace_s"] = 0.into();
    parameters["prestop_s"] = 0.into();
    parameters["term_mode"] = "ignore".into();
    parameters["prop_remove_s"] = serde_json::json!([6, 6]);
    let prediction = predict_with(&parameters, 3).expect("valid").expect("modelled");
    let lost: f64 = prediction.statuses.get("502").expect("refused connections").iter().sum();
    assert!(lost > 3.0, "{lost} lost in three runs");
}

/// One of our own rows with other parameters.
fn changed(name: &str, changes: Value) -> Value {
    let rows = rows(include_str!("measured.json"));
    let row = rows.iter().find(|row| row["name"] == name).expect("one of ours");
    let mut parameters = row["parameters"].clone();
    parameters.as_object_mut().expect("names").extend(changes.as_object().expect("names").clone());
    parameters
}

fn lost(parameters: &Value, status: &str) -> f64 {
    let prediction = predict_with(parameters, 12).expect("valid").expect("modelled");
    prediction.statuses.get(status).map_or(0.0, |series| super::mean(series))
}

/// SIGKILL at the grace, not at the next whole second after it: half a second of a load of 200 per
/// second, a quarter of which goes to the pod.
#[test]
fn a_rig_counts_parts_of_a_second() {
    let row = |prestop: f64| {
        let changes = serde_json::json!({"scenario": "scale_in", "target_replicas": 3, "grace_s": 3,
            "prestop_s": prestop, "term_mode": "ignore", "prop_remove_s": [5, 5], "prop_remove2_s": null});
        lost(&changed("retries-off-reload-overlap", changes), "502")
    };
    // Killed after 3 s whatever the hook takes.
    let (whole, half) = (row(1.0), row(0.5));
    assert!((whole - half).abs() < 0.1 * whole, "{whole} and {half}");
}

#[test]
fn a_controllers_clock_and_limit_hold_for_every_front_end() {
    let (reloaded, polled) = ("retries-off-reload-overlap", "lua-ring-dead-neighbours");
    for (name, knob, value) in [
        (reloaded, "ctl_sync_period_s", 5.0),
        (reloaded, "ctl_sync_rate_per_s", 0.2),
        (polled, "ctl_sync_period_s", 5.0),
    ] {
        let as_is = lost(&changed(name, serde_json::json!({})), "502");
        let later = lost(&changed(name, serde_json::json!({knob: value})), "502");
        assert!(later > as_is + 20.0, "{name}, {knob}: {later} against {as_is}");
    }
}

#[test]
fn fractions_that_are_not_modelled_are_refused() {
    for name in ["grace_s", "probe_period_s", "probe_timeout_s", "probe_initial_delay_s"] {
        let error =
            predict_with(&changed("abrupt-exit-post", serde_json::json!({name: 1.5})), 1).unwrap_err();
        assert!(error.starts_with(&format!("{name} 1.5 is no whole number")), "{error}");
    }
}
