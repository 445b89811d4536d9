//! A scenario to begin with: what was said, and every unknown that decides the answer.

use std::fmt::Write;

use toml::Value;

use super::read::MODEL;
use crate::config::case::{Assumption, Case, Origin};
use crate::config::knobs;
use crate::config::statements::{Named, Statements};
use crate::sim::spec::Role;

/// A commented scenario file for a case that manifests and flags make. What is decisive and was
/// assumed stands in it as a comment, to be replaced by what is true.
///
/// `said` are the statements of the case's command line.
pub(crate) fn starter(case: &Case, said: &Statements) -> String {
    let mut out = String::new();
    let workload = &case.heading.workload;
    let names = |list: &Option<Vec<Named>>| -> Vec<Value> {
        list.iter().flatten().map(|named| Value::String(named.name.clone())).collect()
    };
    line(&mut out, format_args!("# What the manifests of {workload} do not say."));
    line(
        &mut out,
        format_args!("# Lines behind a `#` are assumed: take the `#` away and write what is true."),
    );
    line(&mut out, format_args!("model = {MODEL}"));
    line(&mut out, format_args!("name = {}", text(&case.name)));
    line(&mut out, format_args!("manifests = {}", Value::Array(names(&said.manifests))));
    if said.from.is_some() {
        line(&mut out, format_args!("from = {}", Value::Array(names(&said.from))));
    }
    let mut tables = Tables::default();
    // Of a flag and an override of one knob the override holds.
    let in_force = |path: &str| said.settings.iter().rfind(|setting| setting.path == path);
    for setting in &said.settings {
        if in_force(&setting.path) == Some(setting) {
            tables.add(&home_of(&setting.path, case), None, &setting.text);
        }
    }
    for assumption in case.assumptions.iter().filter(|assumption| assumption.decisive) {
        let found = knobs::find(&assumption.key);
        if let Some(found) = found.ok().filter(|found| in_force(&found.path).is_none()) {
            let value = assumption.range.as_ref().map_or_else(|| assumption.value.clone(), range);
            tables.add(&home_of(&found.path, case), Some(assumption), &value);
        }
    }
    tables.write(&mut out);
    for event in said.events.iter().flatten() {
        let _ = write!(
            out,
            "\n[[event]]\nat = {}\ndo = {}\n",
            text(&event.at.to_string()),
            text(&event.action.to_string())
        );
    }
    let expectations = said.expectations.as_deref().unwrap_or_default();
    for expectation in expectations {
        let _ = write!(
            out,
            "\n[[expect]]\nmetric = {}\nis = {}\n",
            text(&expectation.metric),
            text(&expectation.is)
        );
    }
    if expectations.is_empty() {
        out.push_str("\n[[expect]]\nmetric = \"rollouts_with_loss\"\nis = \"== 0\"\n");
    }
    out
}

fn line(out: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{words}");
}

/// A TOML string.
fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// A range with the smaller end first where both are alike; the registry orders by loss.
fn range((less, more): &(String, String)) -> String {
    match (crate::units::parse_duration(less), crate::units::parse_duration(more)) {
        (Ok(a), Ok(b)) if b < a => format!("{more}..{less}"),
        _ => format!("{less}..{more}"),
    }
}

/// The table and key of a knob's path. Fields of Kubernetes objects go into `[set]`.
fn home_of(path: &str, case: &Case) -> (String, String) {
    if path.contains(':') {
        let alias = knobs::find(path).ok().filter(|found| found.path == found.knob.path);
        let name = alias.and_then(|found| found.knob.alias).unwrap_or(path);
        return (
            "set".to_owned(),
            if name.contains(['.', ':']) { text(name).to_string() } else { name.to_owned() },
        );
    }
    let serving = || {
        let containers = case.spec.deployments.first()?.templates.last()?.containers.iter();
        containers.into_iter().find(|container| matches!(container.role, Role::Serves(_)))
    };
    let path = match serving() {
        Some(container) if path.contains(".*.") => path.replace(".*.", &format!(".{}.", container.name)),
        _ => path.to_owned(),
    };
    match path.rsplit_once('.') {
        Some((table, key)) => (table.to_owned(), key.to_owned()),
        None => (String::new(), path),
    }
}

/// Lines by table, in the order the tables came up.
#[derive(Default)]
struct Tables(Vec<(String, String)>);

impl Tables {
    fn add(&mut self, (table, key): &(String, String), assumed: Option<&Assumption>, value: &str) {
        let mut lines = String::new();
        if let Some(assumed) = assumed {
            let origin = match assumed.origin {
                Origin::Given => "given",
                Origin::Documented => "documented",
                Origin::Measured => "measured elsewhere",
                Origin::Guess => "a guess",
            };
            line(
                &mut lines,
                format_args!("# {}; now {} ({origin}: {})", assumed.label, assumed.value, assumed.source),
            );
            lines.push_str("# ");
        }
        line(&mut lines, format_args!("{key} = {}", text(value)));
        match self.0.iter_mut().find(|(known, _)| known == table) {
            Some((_, all)) => all.push_str(&lines),
            None => self.0.push((table.clone(), lines)),
        }
    }

    /// Keys without a table first: TOML would take them for keys of the table before.
    fn write(mut self, out: &mut String) {
        self.0.sort_by_key(|(table, _)| !table.is_empty());
        for (table, lines) in &self.0 {
            if !table.is_empty() {
                line(out, format_args!("\n[{table}]"));
            }
            out.push_str(lines);
        }
    }
}
