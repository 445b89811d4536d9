//! Every knob of the registry changes what is simulated, and what comes out of it.
//!
//! One table (`rows`) holds a row per knob: a base, what is set besides, and two values. Adding a
//! knob without a row fails here.

mod bases;
mod rows;

use std::collections::BTreeSet;

use podloss::config::case::Override;
use podloss::config::inputs::Inputs;
use podloss::config::knobs;
use podloss::config::lower::{Lowered, lower};
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

/// The files of a base, as a stored result would keep them.
fn texts(row: &Row, value: &str) -> Vec<(String, String)> {
    let command_line = format!("web.yaml\n{}", row.line.replace("{}", value));
    [
        ("command line", command_line.as_str()),
        ("web.yaml", row.base),
        ("trace.csv", bases::TRACE),
        ("other.csv", bases::OTHER_TRACE),
        ("gaps.csv", bases::GAPS),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .collect()
}

fn lowered(row: &Row, value: &str) -> Result<Lowered, Vec<Diagnostic>> {
    let inputs = Inputs::stored(&texts(row, value))?;
    let set = |knob: &str, value: &str| Override { knob: knob.to_owned(), value: value.to_owned() };
    let mut overrides: Vec<Override> = row.with.iter().map(|(knob, value)| set(knob, value)).collect();
    if !row.line.contains("{}") {
        overrides.push(set(row.name.unwrap_or(row.knob), value));
    }
    let (described, _) = inputs.described(&overrides)?;
    lower(&described)
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
