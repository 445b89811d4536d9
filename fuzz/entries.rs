//! One function per kind of input that users hand in: it must neither panic nor hang, whatever the
//! bytes. The fuzz targets call these, and `tests/corpus.rs` replays the corpus through them.
//!
//! An entry point goes as deep as the input leads: what can be read is lowered, rendered, written
//! and read again, and small cases are simulated for a while.

use std::cell::Cell;
use std::io::BufReader;
use std::sync::Arc;

use podloss::config::events::parse_event;
use podloss::config::expectations::parse_expectation;
use podloss::config::inputs::{COMMAND_LINE, Inputs, Request};
use podloss::config::knobs::GROUPS;
use podloss::config::load::{Rate, parse_cut, read_trace};
use podloss::config::scenario::sweep_values;
use podloss::conform::{Format, hpa, lifecycle, live};
use podloss::diag::{Diagnostic, SourceText};
use podloss::hpa_state;
use podloss::report::result::{StoredResult, summary};
use podloss::sim::spec::SimSpec;
use podloss::units::{IntOrPercent, Nanos, format_duration, parse_duration, parse_quantity_milli};
use podloss::workload::{Load, OpenLoad, OpenSource};

/// What is done with one input.
pub(crate) type Entry = fn(&[u8]);

/// Every entry point by the name of its target and corpus folder.
pub(crate) const ENTRIES: &[(&str, Entry)] = &[
    ("scenario", scenario),
    ("flags", flags),
    ("manifest", manifest),
    ("load", load),
    ("values", values),
    ("result", result),
    ("vectors", vectors),
    ("autoscaler", autoscaler),
];

/// Gives `data` to the entry point with this name.
pub(crate) fn run(name: &str, data: &[u8]) {
    let (_, entry) = ENTRIES.iter().find(|(known, _)| *known == name).expect("the name of an entry point");
    entry(data);
}

const WEB: &str = include_str!("corpus/manifest/web.yaml");

/// A scenario file beside a manifest that is in order.
fn scenario(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    describe(&[(COMMAND_LINE, "web.yaml\ncase.toml\n"), ("web.yaml", WEB), ("case.toml", text)]);
}

/// A command line, one argument a line.
fn flags(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    describe(&[(COMMAND_LINE, text), ("web.yaml", WEB)]);
}

/// Manifests on standard input, as bytes.
fn manifest(data: &[u8]) {
    let request = Request { paths: vec!["-".to_owned()], ..Request::default() };
    match Inputs::read(&request, &mut &*data) {
        Ok(inputs) => case(&inputs),
        Err(errors) => render(&errors),
    }
}

fn describe(texts: &[(&str, &str)]) {
    let texts: Vec<(String, String)> =
        texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    match Inputs::stored(&texts) {
        Ok(inputs) => case(&inputs),
        Err(errors) => render(&errors),
    }
}

/// What makes a case can be stored and makes the same case again; what makes a small case runs.
fn case(inputs: &Inputs) {
    let Ok(again) = Inputs::stored(&inputs.texts()) else { panic!("stored texts cannot be read") };
    match (inputs.case(&[]), again.case(&[])) {
        (Ok(case), Ok(again)) => {
            assert_eq!(case.hash, again.hash, "stored texts have another hash");
            assert_eq!(case.spec.tiers, again.spec.tiers, "stored texts say something else");
            case.warnings.iter().for_each(|warning| drop(warning.render(false)));
            simulate(&case.spec);
        }
        (Err(errors), Err(_)) => render(&errors),
        _ => panic!("stored texts say something else"),
    }
}

/// The beginning of a run. The simulator asserts by itself that every request ends once.
fn simulate(spec: &Arc<SimSpec>) {
    let pods: u32 = spec.deployments.iter().map(|plan| plan.spec.replicas).sum();
    let small = match &spec.load {
        Load::Open(OpenLoad { source: OpenSource::Rate { profile, .. } }) => {
            profile.expected(Nanos::ZERO, profile.end()) < 20_000.0
        }
        Load::Open(OpenLoad { source: OpenSource::List(_) }) => true,
        Load::Closed(closed) => closed.connections < 50,
    };
    if small && pods < 50 {
        let asked = Cell::new(0);
        let stop = || asked.replace(asked.get() + 1) > 1;
        podloss::sim::run(spec, 1, 0, &stop);
    }
}

/// Every message must point into its text.
fn render(diagnostics: &[Diagnostic]) {
    assert!(!diagnostics.is_empty(), "refused without a word");
    for diagnostic in diagnostics {
        assert!(!diagnostic.render(false).is_empty());
        diagnostic.render(true);
    }
}

/// A recorded load.
fn load(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match read_trace(&SourceText::new("load.csv", text)) {
        Ok((trace, warnings)) => {
            drop(trace.to_string());
            for warning in warnings {
                warning.render(false);
            }
        }
        Err(errors) => render(&errors),
    }
}

/// Everything that is a short text: durations, quantities, loads, events, values of knobs.
fn values(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(span) = parse_duration(text) {
        let again = parse_duration(&format_duration(span));
        assert_eq!(again.ok(), Some(span), "a duration that is written is read as itself");
    }
    let _ = parse_quantity_milli(text);
    if let Some(number) = IntOrPercent::parse(text) {
        assert!(number.of_rounded_down(7) <= number.of_rounded_up(7));
    }
    let _ = Rate::parse(text).map(|rate| rate.last_change());
    let _ = parse_cut(text);
    let _ = parse_event(text);
    let _ = parse_expectation(text);
    let _ = sweep_values(text);
    for knob in GROUPS.iter().flat_map(|(_, knobs)| *knobs) {
        let _ = knob.kind.parse_said(text);
    }
}

/// A stored result.
fn result(data: &[u8]) {
    let Ok(stored) = StoredResult::read("result.jsonl", &mut BufReader::new(data)) else { return };
    summary(&stored).to_json();
    let mut written = Vec::new();
    stored.write(&mut written).expect("memory takes everything");
    let again = StoredResult::read("result.jsonl", &mut BufReader::new(written.as_slice()));
    let mut twice = Vec::new();
    again.expect("what is written can be read").write(&mut twice).expect("memory takes everything");
    assert_eq!(written, twice, "a stored result that is read and written stays as it is");
}

/// A vector file. Rows are compared, not simulated: a row may ask for any amount of work.
fn vectors(data: &[u8]) {
    let Ok(file) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    match Format::of(&file) {
        Some(Format::Hpa) => drop(hpa::run(&file)),
        Some(Format::Lifecycle) => drop(lifecycle::run(&file)),
        Some(Format::Live) => {
            for row in file["rows"].as_array().into_iter().flatten() {
                live::compare_row(row, None);
            }
        }
        None => {}
    }
}

/// The state of an autoscaler, for `podloss hpa decide`.
fn autoscaler(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(request) = hpa_state::Request::parse(text) {
        request.run();
    }
}
