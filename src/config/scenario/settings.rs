//! Settings in a scenario file: keys of knobs, `[set]` and `[sweep]`.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::code;
use super::range::values;
use super::read::{OWN_KEYS, Reader, list};
use super::tree::{home, keys_below, knob_at};
use super::value::{describe, in_order, text};
use crate::config::knobs::{self, Kind};
use crate::config::settings::{Layer, Setting};
use crate::config::similar::near_miss;
use crate::config::statements::{Swept, setting, unknown_knob};
use crate::diag::Diagnostic;

impl Reader<'_> {
    /// A key that must lead to a knob.
    pub(super) fn knob(
        &mut self,
        key: &Spanned<Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
        above: &mut Vec<String>,
    ) {
        above.push(key.get_ref().to_string());
        let path: Vec<&str> = above.iter().map(String::as_str).collect();
        let below = keys_below(&path);
        let table = match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => None,
        };
        match (knob_at(&path), table) {
            (Some(knob), None) => self.leaf(&path.join("."), knob.kind, value),
            (Some(knob), Some(_)) if below.is_empty() => self.leaf(&path.join("."), knob.kind, value),
            (_, Some(table)) if !below.is_empty() => {
                for (key, value) in in_order(table) {
                    self.knob(key, value, above);
                }
            }
            (_, _) if !below.is_empty() => {
                self.wrong_type(&path.join("."), "a table", describe(value.get_ref()), value.span());
            }
            _ => self.unknown_key(&path, key.span()),
        }
        above.pop();
    }

    fn unknown_key(&mut self, path: &[&str], span: Range<usize>) {
        let Some((key, above)) = path.split_last() else { return };
        let known: Vec<&str> = match above {
            [] => OWN_KEYS.iter().copied().chain(keys_below(&[])).collect(),
            above => keys_below(above),
        };
        let place = self.place(span);
        let table = if above.is_empty() { "a scenario".to_owned() } else { format!("[{}]", above.join(".")) };
        let mut error =
            Diagnostic::error(code::UNKNOWN_KEY, format!("unknown key `{key}` in {table}")).at(place);
        error = match (near_miss(key, &known), knobs::find(key)) {
            (Some(meant), _) => error.label(format!("did you mean `{meant}`?")),
            (None, Ok(found)) => {
                let end = found.knob.path.rsplit(['.', ':']).next().unwrap_or(found.knob.path);
                let end = if found.knob.path.contains(':') { *key } else { end };
                error.label(format!("write `{end}` in {}", home(found.knob)))
            }
            (None, Err(unknown)) if unknown.did_you_mean.is_some() => error.label(unknown.help()),
            _ => error.label("nothing reads this").help(format!("known here: {}", list(&known))),
        };
        self.errors.push(error);
    }

    fn leaf(&mut self, name: &str, kind: Kind, value: &Spanned<DeValue<'_>>) {
        let place = self.place(value.span());
        match self.setting(name, kind, value, Layer::File) {
            Some(setting) => self.said.settings.push(Setting { place: Some(place), ..setting }),
            None => debug_assert!(!self.errors.is_empty(), "a setting that is refused has an error"),
        }
    }

    fn setting(
        &mut self,
        name: &str,
        kind: Kind,
        value: &Spanned<DeValue<'_>>,
        layer: Layer,
    ) -> Option<Setting> {
        let distribution = matches!(kind, Kind::Dist | Kind::Service);
        let text = match text(value.get_ref(), distribution) {
            Ok(text) => text,
            Err(found) => {
                self.wrong_type(name, "a text or a number", &found, value.span());
                return None;
            }
        };
        match setting(name, &text, layer) {
            Ok(setting) => Some(setting),
            Err(error) => {
                self.errors.push(error.at(self.place(value.span())));
                None
            }
        }
    }

    /// `[set]` and `[sweep]`: names of knobs as `--set` takes them. Dotted names without quotes are
    /// tables to TOML.
    pub(super) fn named(&mut self, section: &str, value: &Spanned<DeValue<'_>>, above: &mut Vec<String>) {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong_type(section, "a table of knobs", describe(value.get_ref()), value.span());
            return;
        };
        for (key, value) in in_order(table) {
            above.push(key.get_ref().to_string());
            let name = above.join(".");
            match (knobs::find(&name), value.get_ref()) {
                // `startup` is a knob, and `startup.periodSeconds` is another.
                (_, DeValue::Table(inner)) if begins_names(&name, inner) => self.named(section, value, above),
                (Ok(found), _) if section == "set" => self.leaf(&name, found.knob.kind, value),
                (Ok(found), _) => self.swept(&name, found.knob.kind, value),
                (Err(_), DeValue::Table(_)) => self.named(section, value, above),
                (Err(unknown), _) => {
                    let error = unknown_knob(&unknown);
                    self.errors.push(error.at(self.place(key.span())));
                }
            }
            above.pop();
        }
    }

    fn swept(&mut self, name: &str, kind: Kind, value: &Spanned<DeValue<'_>>) {
        let mut all = Vec::new();
        let items: Vec<&Spanned<DeValue<'_>>> = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![value],
        };
        for item in items {
            let text = match text(item.get_ref(), false) {
                Ok(text) => text,
                Err(found) => {
                    self.wrong_type(name, "a text or a number", &found, item.span());
                    return;
                }
            };
            // A rate has commas of its own.
            let expanded = if kind == Kind::Text { Ok(vec![text]) } else { values(&text) };
            match expanded {
                Ok(values) => all.extend(values),
                Err(message) => self.error(code::SWEEP, item.span(), format!("{name}: {message}"), ""),
            }
        }
        for text in &all {
            if let Err(error) = setting(name, text, Layer::Override) {
                self.errors.push(error.at(self.place(value.span())));
                return;
            }
        }
        if all.is_empty() {
            self.error(code::SWEEP, value.span(), format!("{name}: there is no value to go through"), "");
        }
        let swept = Swept { knob: name.to_owned(), values: all, place: self.place(value.span()) };
        self.said.sweep.get_or_insert_default().push(swept);
    }
}

/// Whether every key of a table makes the name of a knob together with the name of the table.
fn begins_names(name: &str, table: &DeTable<'_>) -> bool {
    table.keys().all(|key| knobs::find(&format!("{name}.{}", key.get_ref())).is_ok())
}
