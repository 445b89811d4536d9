//! From inputs to findings: every workload is completed as it would be for a simulation.

use super::{Report, complete, facts_of};
use crate::config::case::Override;
use crate::config::inputs::{COMMAND_LINE, Inputs};
use crate::config::load;
use crate::config::lower::{Lowered, lower};
use crate::config::manifest::{Selection, select_each, select_workload};
use crate::diag::Diagnostic;

/// Judges every Deployment of the inputs, or the one that they name as `workload`.
///
/// # Errors
/// Settings that are wrong, or no Deployment at all. A workload that cannot be completed (for
/// example behind a front end that is not simulated) is judged by its manifests alone, and the
/// report says so.
pub fn judge(inputs: &Inputs) -> Result<Report, Vec<Diagnostic>> {
    let manifests = inputs.manifests();
    let selections = match inputs.wanted_workload() {
        Some(name) => select_workload(manifests, Some(&name)).map(|selection| vec![selection]),
        None => select_each(manifests),
    };
    let selections = selections.map_err(|error| vec![error])?;
    let mut report = Report::default();
    for selection in &selections {
        let mut facts = facts_of(selection);
        match completed(inputs, selection) {
            Ok((lowered, load_given)) => complete(&mut facts, &lowered, load_given),
            Err(errors) if errors.iter().any(|error| error.is_error() && is_setting(error)) => {
                return Err(errors);
            }
            Err(errors) => {
                let first = errors.iter().find(|error| error.is_error());
                let why = first.map_or_else(|| "unknown reason".to_owned(), |error| error.message.clone());
                report
                    .not_judged
                    .push(format!("{}: what its front end and processes do: {why}", facts.workload));
            }
        }
        report.add(&facts);
    }
    report.rank();
    Ok(report)
}

/// Whether the user's own words outside manifests are to blame.
fn is_setting(error: &Diagnostic) -> bool {
    let file = |place: &crate::diag::Place| place.file() == COMMAND_LINE || place.file().ends_with(".toml");
    error.place.as_ref().is_some_and(file)
}

/// A workload completed, and whether the load is the user's. Without one a single request a second
/// stands in, from which no fact is taken.
fn completed(inputs: &Inputs, selection: &Selection<'_>) -> Result<(Lowered, bool), Vec<Diagnostic>> {
    let meta = &selection.deployment.meta;
    let set = |knob: &str, value: String| Override { knob: knob.to_owned(), value };
    let mut overrides = vec![set("workload", format!("{}/deploy/{}", meta.namespace, meta.name))];
    let described = match inputs.described(&overrides) {
        Ok((described, _)) => (described, true),
        Err(errors) if errors.iter().any(|error| error.code == load::code::LOAD) => {
            overrides.push(set("load.rps", "1".to_owned()));
            (inputs.described(&overrides)?.0, false)
        }
        Err(errors) => return Err(errors),
    };
    Ok((lower(&described.0)?, described.1))
}
