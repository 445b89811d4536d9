//! Every knob of the registry changes what is simulated, and what comes out of it.
//!
//! One table (`rows`) holds a row per knob: a base, what is set besides, and two values. Adding a
//! knob without a row fails here.

mod bases;
#[path = "../common/mod.rs"]
mod common;
mod rows;

use std::collections::BTreeSet;

use podloss::config::knobs;
use podloss::config::lower::Lowered;
use podloss::diag::Diagnostic;
use podloss::sim;

/// One knob, and two values between which the result differs.
pub(crate) struct Row {
    /// The knob's path in the registry.
    pub(crate) knob: &'static str,
    /// The manifests.
    pub(crate) base: &'static str,
    /// The command line besides, one argument a line; `{}` in it is where the value goes, for what
    /// no override can say.
    pub(crate) line: &'static str,
    /// What else is set.
    pub(crate) with: &'static [(&'static str, &'static str)],
    /// The name to set it by where the path has a `*` that must be filled in; else the path.
    pub(crate) name: Option<&'static str>,
    /// Two values.
    pub(crate) values: [&'static str; 2],
}

fn lowered(row: &Row, value: &str) -> Result<Lowered, Vec<Diagnostic>> {
    let files = [
        ("web.yaml", row.base),
        ("trace.csv", bases::TRACE),
        ("other.csv", bases::OTHER_TRACE),
        ("gaps.csv", bases::GAPS),
    ];
    let mut set = row.with.to_vec();
    if !row.line.contains("{}") {
        set.push((row.name.unwrap_or(row.knob), value));
    }
    common::lowered(&files, &row.line.replace("{}", value), &set)
}

#[test]
fn every_knob_has_a_row_and_every_row_a_knob() {
    let rows: BTreeSet<&str> = rows::rows().iter().map(|row| row.knob).collect();
    let knobs: BTreeSet<&str> = knobs::all().map(|knob| knob.path).collect();
    let lacking: Vec<&&str> = knobs.difference(&rows).collect();
    assert!(lacking.is_empty(), "no row shows that these knobs change anything: {lacking:?}");
    let strange: Vec<&&str> = rows.difference(&knobs).collect();
    assert!(strange.is_empty(), "these rows belong to no knob: {strange:?}");
}

#[test]
fn every_knob_changes_the_simulated_result() {
    let mut idle = Vec::new();
    for row in rows::rows() {
        println!("{}", row.knob);
        let [a, b] = row.values.map(|value| {
            lowered(&row, value).unwrap_or_else(|errors| panic!("{} = {value}: {errors:#?}", row.knob))
        });
        if format!("{:?}", a.spec) == format!("{:?}", b.spec) {
            idle.push(format!("{}: the simulator's input is the same", row.knob));
            continue;
        }
        let results = [a, b].map(|lowered| sim::run(&lowered.spec, 7, 0, &|| false));
        let [a, b] = results.map(|result| format!("{result:?}"));
        if a == b {
            idle.push(format!("{}: the result is the same", row.knob));
        }
    }
    assert!(idle.is_empty(), "{} knobs change nothing:\n{}", idle.len(), idle.join("\n"));
}
