//! Reading a scenario file. Everything wrong in it is told at once, each with its place.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::code;
use super::value::{describe, in_order};
use crate::config::manifest::code::{EMPTY, INVALID_VALUE, TOO_LARGE, WRONG_TYPE};
use crate::config::statements::{Named, RUNS_MAX, Statements};
use crate::diag::{Diagnostic, Place, SourceText};

/// The version of the model that this podloss has.
pub const MODEL: u32 = 1;

/// The largest scenario file, in bytes. They are written by hand; traces and manifests are not in
/// them.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// The keys of the file itself; all others are knobs.
pub(super) const OWN_KEYS: &[&str] =
    &["model", "name", "extends", "manifests", "from", "seed", "runs", "event", "expect", "sweep", "set"];

/// Reads a scenario file.
///
/// # Errors
/// Everything that is wrong.
pub fn read_scenario(source: &Arc<SourceText>) -> Result<Statements, Vec<Diagnostic>> {
    if source.text.len() > BYTES_MAX {
        let message = format!("{} is too large for a scenario file (4 MiB)", source.name);
        let help = "scenario files name manifests and traces; they do not hold them";
        return Err(vec![Diagnostic::error(TOO_LARGE, message).help(help)]);
    }
    let table = match DeTable::parse(&source.text) {
        Ok(table) => table,
        Err(error) => {
            let place = Place::new(source, error.span().unwrap_or(0..0));
            return Err(vec![Diagnostic::error(code::TOML_SYNTAX, error.message().to_owned()).at(place)]);
        }
    };
    if table.get_ref().is_empty() {
        let message = format!("{} says nothing", source.name);
        let help = "`podloss init web.yaml` writes a scenario to begin with";
        return Err(vec![Diagnostic::error(EMPTY, message).help(help)]);
    }
    let mut reader = Reader { source, said: Statements::default(), errors: Vec::new() };
    reader.file(table.get_ref());
    if reader.errors.is_empty() { Ok(reader.said) } else { Err(reader.errors) }
}

/// Reads one file; see the neighbouring files for settings and lists.
pub(super) struct Reader<'s> {
    source: &'s Arc<SourceText>,
    pub(super) said: Statements,
    pub(super) errors: Vec<Diagnostic>,
}

impl Reader<'_> {
    pub(super) fn place(&self, span: Range<usize>) -> Place {
        Place::new(self.source, span)
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        help: &str,
    ) {
        let mut error = Diagnostic::error(code, message).at(self.place(span));
        if !help.is_empty() {
            error = error.help(help);
        }
        self.errors.push(error);
    }

    pub(super) fn wrong_type(&mut self, key: &str, expected: &str, found: &str, span: Range<usize>) {
        let message = format!("{key}: expected {expected}, found {found}");
        self.errors.push(
            Diagnostic::error(WRONG_TYPE, message).at(self.place(span)).label(format!("expected {expected}")),
        );
    }

    fn file(&mut self, table: &DeTable<'_>) {
        for (key, value) in in_order(table) {
            let name = key.get_ref().as_ref();
            match name {
                "model" => self.model(value),
                "name" => self.said.name = self.string("name", value),
                "extends" => self.said.extends = self.files(name, value).unwrap_or_default(),
                "manifests" => self.said.manifests = self.files(name, value),
                "from" => self.said.from = self.files(name, value),
                "seed" => self.said.seed = self.number(name, value, 0, u64::MAX),
                "runs" => {
                    let runs = self.number(name, value, 1, u64::from(RUNS_MAX));
                    self.said.runs = runs.and_then(|runs| u32::try_from(runs).ok());
                }
                "event" => self.events(value),
                "expect" => self.expectations(value),
                "sweep" => self.named(name, value, &mut Vec::new()),
                "set" => self.named(name, value, &mut Vec::new()),
                _ => self.knob(key, value, &mut Vec::new()),
            }
        }
    }

    fn model(&mut self, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Integer(number) if number.as_str() == MODEL.to_string() => {}
            DeValue::Integer(number) => self.error(
                code::MODEL_VERSION,
                value.span(),
                format!("model {number} is not known: this podloss has model {MODEL}"),
                &format!("write `model = {MODEL}`, or use the podloss that the scenario was written for"),
            ),
            other => self.wrong_type("model", "a number", describe(other), value.span()),
        }
    }

    fn string(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            DeValue::String(_) => {
                self.wrong_type(key, "a text", "an empty one", value.span());
                None
            }
            other => {
                self.wrong_type(key, "a text", describe(other), value.span());
                None
            }
        }
    }

    fn number(&mut self, key: &str, value: &Spanned<DeValue<'_>>, least: u64, most: u64) -> Option<u64> {
        let DeValue::Integer(number) = value.get_ref() else {
            self.wrong_type(key, "a whole number", describe(value.get_ref()), value.span());
            return None;
        };
        match u64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                let message = format!("{key}: {number} is not a whole number from {least} to {most}");
                self.error(INVALID_VALUE, value.span(), message, "");
                None
            }
        }
    }

    /// One name of a file, or a list of them.
    fn files(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Vec<Named>> {
        let items: Vec<&Spanned<DeValue<'_>>> = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            DeValue::String(_) => vec![value],
            other => {
                self.wrong_type(key, "a list of files", describe(other), value.span());
                return None;
            }
        };
        let mut files = Vec::new();
        for item in items {
            let name = self.string(key, item)?;
            if name == "-" {
                let help = "name the file, or give `-` on the command line";
                self.error(
                    INVALID_VALUE,
                    item.span(),
                    format!("{key}: a scenario cannot read standard input"),
                    help,
                );
                return None;
            }
            files.push(Named { name, place: self.place(item.span()) });
        }
        Some(files)
    }
}

/// Names for a help text, not more than fit on two lines.
pub(super) fn list(names: &[&str]) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<&str> = names.iter().take(SHOWN).copied().collect();
    let more = if names.len() > SHOWN { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}
