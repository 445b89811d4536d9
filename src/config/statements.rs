//! What one text says about a case: a scenario file, or the command line.

use super::case::Expectation;
use super::described::EventLine;
use super::knobs::{self, UnknownKnob};
use super::manifest::code::INVALID_VALUE;
use super::settings::{Layer, Setting};
use crate::diag::{Diagnostic, Place};

/// The code of an unknown name of a knob.
pub const UNKNOWN_KNOB: &str = "unknown-knob";

/// The runs of a case when nobody says: with no loss in 60, the chance of one is below 5 %.
pub const RUNS_DEFAULT: u32 = 60;
/// The most runs of a case.
pub const RUNS_MAX: u32 = 1_000_000;

/// What one text says. A list that is there replaces that of weaker texts.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    /// `name`.
    pub name: Option<String>,
    /// `extends`: texts that say what this one does not.
    pub extends: Vec<Named>,
    /// Where the manifests are.
    pub manifests: Option<Vec<Named>>,
    /// Where the manifests are by which the first pods run.
    pub from: Option<Vec<Named>>,
    /// Values of knobs.
    pub settings: Vec<Setting>,
    /// What happens.
    pub events: Option<Vec<EventLine>>,
    /// What must hold.
    pub expectations: Option<Vec<Expectation>>,
    /// Values to go through, by knob.
    pub sweep: Option<Vec<Swept>>,
    /// Seed of the random numbers.
    pub seed: Option<u64>,
    /// How often the case is run.
    pub runs: Option<u32>,
}

/// A file as one text names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// As written.
    pub name: String,
    /// Where.
    pub place: Place,
}

/// A knob and the values that a sweep gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swept {
    /// The knob as it was named.
    pub knob: String,
    /// Its values as texts.
    pub values: Vec<String>,
    /// Where it was said.
    pub place: Place,
}

/// A setting of the knob of that name, its value checked.
///
/// # Errors
/// No such knob, or a value it does not take; the diagnostic has no place yet.
pub fn setting(name: &str, text: &str, layer: Layer) -> Result<Setting, Diagnostic> {
    let found = knobs::find(name).map_err(|unknown| unknown_knob(&unknown))?;
    let text = text.trim();
    match found.knob.kind.parse_said(text) {
        Ok(_) => Ok(Setting { path: found.path, text: text.to_owned(), layer, place: None }),
        Err(message) => {
            Err(Diagnostic::error(INVALID_VALUE, format!("{name}: {message}")).help(found.knob.doc))
        }
    }
}

/// The error for a name that no knob has.
pub fn unknown_knob(unknown: &UnknownKnob) -> Diagnostic {
    Diagnostic::error(UNKNOWN_KNOB, format!("`{}` is nothing that can be set", unknown.name))
        .help(unknown.help())
}
