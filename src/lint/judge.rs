//! From inputs to findings: every workload is completed as it would be for a simulation.

use super::rules::speaks_for;
use super::{Facts, Report, complete, facts_of, other_warnings};
use crate::config::case::Override;
use crate::config::inputs::{COMMAND_LINE, Inputs};
use crate::config::load;
use crate::config::lower::code::SETTING;
use crate::config::lower::{Lowered, lower};
use crate::config::manifest::code::{ANNOTATION, INVALID_VALUE};
use crate::config::manifest::{Manifests, Selection, select_each, select_workload};
use crate::config::statements::UNKNOWN_KNOB;
use crate::diag::{Diagnostic, Severity};

/// The code of what was not judged.
const NOT_JUDGED: &str = "not-judged";

/// Judges every Deployment of the inputs, or the one that they name as `workload`.
///
/// # Errors
/// Settings that are wrong, or no Deployment at all. A workload that cannot be completed (for
/// example behind a front end that is not simulated) is judged by its manifests alone, and the
/// report says so; and it names workloads of other kinds.
pub fn judge(inputs: &Inputs) -> Result<Report, Vec<Diagnostic>> {
    let manifests = inputs.manifests();
    let selections = match inputs.wanted_workload() {
        Some(name) => select_workload(manifests, Some(&name)).map(|selection| vec![selection]),
        None => select_each(manifests),
    };
    let selections = selections.map_err(|error| vec![error])?;
    let mut report = Report { others: other_warnings(manifests), ..Report::default() };
    if inputs.wanted_workload().is_none() {
        report.not_judged = of_other_kinds(manifests);
    }
    for selection in &selections {
        let mut facts = facts_of(selection);
        match completed(inputs, selection) {
            Ok((lowered, load_given)) => {
                complete(&mut facts, &lowered, load_given);
                add_warnings(&mut report.others, &lowered);
            }
            Err(errors) if errors.iter().any(|error| error.is_error() && is_setting(error)) => {
                return Err(errors);
            }
            Err(errors) => report.not_judged.push(in_part(&facts, &errors)),
        }
        report.add(&facts);
    }
    report.rank();
    Ok(report)
}

/// Workloads that podloss does not know: their pods may lose requests as those of a Deployment do.
fn of_other_kinds(manifests: &Manifests) -> Vec<Diagnostic> {
    let others = manifests.other_objects.iter().filter(|object| object.may_serve());
    let reasons = others.map(|object| {
        Diagnostic::note(NOT_JUDGED, format!("{} is not judged", object.title()))
            .at(object.place.clone())
            .label("not a Deployment")
            .help("podloss judges Deployments; the rules hold for these pods too, so look at them by hand")
    });
    reasons.collect()
}

/// What a simulation would warn of: settings that are not read, or not simulated.
fn add_warnings(others: &mut Vec<Diagnostic>, lowered: &Lowered) {
    for warning in lowered.warnings.iter().filter(|warning| warning.severity == Severity::Warning) {
        if !speaks_for(warning.code) && !others.contains(warning) {
            others.push(warning.clone());
        }
    }
}

/// A workload that its manifests alone are the base of, and why.
fn in_part(facts: &Facts, errors: &[Diagnostic]) -> Diagnostic {
    let first = errors.iter().find(|error| error.is_error());
    let why = first.map_or("unknown reason", |error| error.message.as_str());
    let message = format!("{}: what its front end and processes do is not judged: {why}", facts.workload);
    let place = first.and_then(|error| error.place.clone()).unwrap_or_else(|| facts.place.clone());
    let reason = Diagnostic::warning(NOT_JUDGED, message).at(place);
    match first.and_then(|error| error.help.clone()) {
        Some(help) => reason.help(help),
        None => reason,
    }
}

/// Whether the user's own words to podloss are to blame: flags, scenarios, annotations.
fn is_setting(error: &Diagnostic) -> bool {
    let file = |place: &crate::diag::Place| place.file() == COMMAND_LINE || place.file().ends_with(".toml");
    [ANNOTATION, UNKNOWN_KNOB, INVALID_VALUE, SETTING].contains(&error.code)
        || error.place.as_ref().is_some_and(file)
}

/// A workload completed, and whether the load is the user's. Without one a single request a second
/// stands in, from which no fact is taken.
fn completed(inputs: &Inputs, selection: &Selection<'_>) -> Result<(Lowered, bool), Vec<Diagnostic>> {
    let set = |knob: &str, value: String| Override { knob: knob.to_owned(), value };
    let mut overrides = vec![set("workload", selection.deployment.full_name())];
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
