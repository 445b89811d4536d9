//! Layering: the command line over a scenario over the files it extends.

use std::sync::Arc;

use super::code;
use super::files::{Files, STDIN_NAME, beside};
use super::request::read_command_line;
use crate::config::load::{Trace, read_trace};
use crate::config::manifest::{Manifests, Source, read_manifests};
use crate::config::scenario::read_scenario;
use crate::config::settings::Layer;
use crate::config::statements::{Named, Statements};
use crate::diag::{Diagnostic, SourceText};

/// Files that extend each other deeper than this are a mistake.
const DEPTH_MAX: usize = 16;
/// The knob whose value names a file.
pub(super) const TRACE_KNOB: &str = "load.trace";

/// What all texts say together, and the files they name.
pub(super) struct Gathered {
    pub(super) said: Statements,
    pub(super) manifests: Manifests,
    pub(super) from: Option<Manifests>,
    pub(super) traces: Vec<(String, Trace)>,
    pub(super) warnings: Vec<Diagnostic>,
}

/// Reads everything that the command line leads to.
///
/// # Errors
/// Everything that is wrong in the first kind of texts that has errors: the command line, then
/// scenario files, then the files they name.
pub(super) fn gather(
    command_line: &Arc<SourceText>,
    files: &mut Files<'_>,
) -> Result<Gathered, Vec<Diagnostic>> {
    let (flags, scenario) = read_command_line(command_line)?;
    let mut said = match &scenario {
        Some(scenario) => layers(scenario, files, &mut Vec::new())?,
        None => Statements::default(),
    };
    // What a scenario checks stays checked.
    let mut expectations = said.expectations.take().unwrap_or_default();
    let mut flags = flags;
    expectations.extend(flags.expectations.take().unwrap_or_default());
    overlay(&mut said, flags);
    said.expectations = Some(expectations);
    named_files(said, files)
}

fn named_files(said: Statements, files: &mut Files<'_>) -> Result<Gathered, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let Some(names) = said.manifests.as_ref().filter(|names| !names.is_empty()) else {
        return Err(vec![
            Diagnostic::error(code::NO_MANIFESTS, "no manifests are named")
                .help("name a YAML file, a folder or `-`, or list them as `manifests` in the scenario"),
        ]);
    };
    let from = said.from.as_ref().filter(|names| !names.is_empty());
    let stdin = |names: &Vec<Named>| names.iter().filter(|named| named.name == "-").count();
    if stdin(names) + from.map_or(0, stdin) > 1 {
        return Err(vec![Diagnostic::error(code::STDIN, "standard input can be read only once")]);
    }
    let manifests = objects(names, files, &mut errors);
    let from = from.and_then(|names| objects(names, files, &mut errors));
    let (traces, warnings) = traces(&said, files, &mut errors);
    match manifests {
        Some(manifests) if errors.is_empty() => Ok(Gathered { said, manifests, from, traces, warnings }),
        _ => Err(errors),
    }
}

fn objects(names: &[Named], files: &mut Files<'_>, errors: &mut Vec<Diagnostic>) -> Option<Manifests> {
    let mut sources = Vec::new();
    let mut complete = true;
    for named in names {
        match files.manifests(&named.name) {
            Ok(texts) => sources.extend(
                texts.iter().map(|text| Source::Text { name: text.name.clone(), text: text.text.clone() }),
            ),
            Err(failed) => {
                complete = false;
                errors.extend(failed.into_iter().map(|error| placed(error, named)));
            }
        }
    }
    if !complete {
        return None;
    }
    read_manifests(&sources).map_err(|failed| errors.extend(failed)).ok()
}

/// A file that cannot be read has no text to point into; the place that names it has.
fn placed(error: Diagnostic, named: &Named) -> Diagnostic {
    if error.place.is_some() { error } else { error.at(named.place.clone()) }
}

/// Every recording that the case or its sweep names.
fn traces(
    said: &Statements,
    files: &mut Files<'_>,
    errors: &mut Vec<Diagnostic>,
) -> (Vec<(String, Trace)>, Vec<Diagnostic>) {
    let mut traces: Vec<(String, Trace)> = Vec::new();
    let mut warnings = Vec::new();
    let set = said.settings.iter().max_by_key(|setting| (setting.path == TRACE_KNOB, setting.layer));
    let set = set.filter(|setting| setting.path == TRACE_KNOB).map(|setting| setting.text.as_str());
    let swept = said.sweep.iter().flatten().filter(|swept| is_trace(&swept.knob));
    for name in set.into_iter().chain(swept.flat_map(|swept| swept.values.iter().map(String::as_str))) {
        if traces.iter().any(|(known, _)| known == name) {
            continue;
        }
        let name_read = if name == "-" { STDIN_NAME } else { name };
        match files.file(name_read).map_err(|error| vec![error]).and_then(|text| read_trace(&text)) {
            Ok((trace, found)) => {
                warnings.extend(found);
                traces.push((name.to_owned(), trace));
            }
            Err(failed) => errors.extend(failed),
        }
    }
    (traces, warnings)
}

fn is_trace(knob: &str) -> bool {
    crate::config::knobs::find(knob).is_ok_and(|found| found.knob.path == TRACE_KNOB)
}

/// What a scenario says, over what the files say that it extends; of those, later ones win.
fn layers(
    scenario: &Named,
    files: &mut Files<'_>,
    above: &mut Vec<String>,
) -> Result<Statements, Vec<Diagnostic>> {
    let name = &scenario.name;
    if let Some(at) = above.iter().position(|other| other == name) {
        let circle = [&above[at..], std::slice::from_ref(name)].concat().join(" extends ");
        let error =
            Diagnostic::error(code::EXTENDS, format!("files extend each other in a circle: {circle}"));
        return Err(vec![error.at(scenario.place.clone()).help("remove one `extends`")]);
    }
    if above.len() >= DEPTH_MAX {
        let error =
            Diagnostic::error(code::EXTENDS, format!("more than {DEPTH_MAX} files extend each other"));
        return Err(vec![error.at(scenario.place.clone())]);
    }
    let text = files.file(name).map_err(|error| vec![placed(error, scenario)])?;
    let mut own = in_folder_of(name, read_scenario(&text)?);
    if !above.is_empty() {
        let layer = Layer::Extended(DEPTH_MAX - above.len());
        own.settings.iter_mut().for_each(|setting| setting.layer = layer);
    }
    above.push(name.clone());
    let mut said = Statements::default();
    for base in &own.extends {
        overlay(&mut said, layers(base, files, above)?);
    }
    above.pop();
    overlay(&mut said, own);
    Ok(said)
}

/// The statements of a file with the names of files as seen from here.
fn in_folder_of(file: &str, mut said: Statements) -> Statements {
    let lists = [Some(&mut said.extends), said.manifests.as_mut(), said.from.as_mut()];
    for named in lists.into_iter().flatten().flatten() {
        named.name = beside(file, &named.name);
    }
    for setting in said.settings.iter_mut().filter(|setting| setting.path == TRACE_KNOB) {
        setting.text = beside(file, &setting.text);
    }
    for swept in said.sweep.iter_mut().flatten().filter(|swept| is_trace(&swept.knob)) {
        swept.values.iter_mut().for_each(|value| *value = beside(file, value));
    }
    said
}

/// Puts stronger statements over weaker ones: a value or list that is there replaces.
fn overlay(weaker: &mut Statements, stronger: Statements) {
    let Statements { name, extends: _, manifests, from, settings, events, expectations, sweep, seed, runs } =
        stronger;
    replace(&mut weaker.name, name);
    replace(&mut weaker.manifests, manifests);
    replace(&mut weaker.from, from);
    replace(&mut weaker.events, events);
    replace(&mut weaker.expectations, expectations);
    replace(&mut weaker.sweep, sweep);
    replace(&mut weaker.seed, seed);
    replace(&mut weaker.runs, runs);
    for setting in settings {
        let replaces = |layer: Layer| layer == setting.layer || layer.is_file() && setting.layer.is_file();
        weaker.settings.retain(|other| other.path != setting.path || !replaces(other.layer));
        weaker.settings.push(setting);
    }
}

fn replace<T>(weaker: &mut Option<T>, stronger: Option<T>) {
    if stronger.is_some() {
        *weaker = stronger;
    }
}
