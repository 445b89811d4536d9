//! What was measured with real front ends by `validation/run`, held against today's
//! model. The measurement is checked in, so nothing is installed or run here.

use std::fs;

use podloss::conform::live::{self, Verdict};
use serde_json::Value;

const MEASURED: [&str; 3] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/validation/measured.json"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/validation/measured-fronts.json"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/validation/measured-more.json"),
];

fn documents() -> Vec<Value> {
    let read = |path: &str| {
        let text = fs::read_to_string(path).expect("a file of the project");
        serde_json::from_str(&text).expect("JSON")
    };
    MEASURED.map(read).to_vec()
}

/// Rows that are known to miss, each explained in reports/validation.md. One that holds again must
/// leave the list.
const KNOWN_MISSES: &[&str] = &[];

#[test]
fn every_modelled_row_holds() {
    let documents = documents();
    let rows: Vec<&Value> = documents.iter().flat_map(|d| d["rows"].as_array().unwrap()).collect();
    let mut held = 0;
    for row in &rows {
        let name = row["name"].as_str().unwrap();
        let prediction = live::predict(&row["parameters"]).unwrap_or_else(|error| panic!("{name}: {error}"));
        let comparison = live::compare_row(row, prediction.as_ref());
        let known = KNOWN_MISSES.contains(&name);
        match comparison.verdict {
            Verdict::Holds => held += 1,
            Verdict::Misses => assert!(known, "{name} misses:\n{}", comparison.lines.join("\n")),
            Verdict::NotModelled => {}
        }
        assert!(!(known && comparison.verdict == Verdict::Holds), "{name} holds: take it off the list");
    }
    // Rows that nothing models prove nothing: there must be enough others.
    assert!(held >= 40, "only {held} of {} rows were predicted and hold", rows.len());
}

/// The predictions of the checked-in runs were sealed before their first measurements.
#[test]
fn the_prediction_came_first() {
    for document in documents() {
        let sealed = document["seal"]["written"].as_f64().unwrap();
        assert!(sealed < document["measured_from"].as_f64().unwrap());
    }
}
