//! Reading single values by the API server's typing rules.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::node::{ScalarKind, Value, scalar_kind};
use super::reader::Field;
use crate::config::similar::near_miss;
use crate::units::{IntOrPercent, Nanos, parse_quantity_milli};

/// The longest time that any field may name, in seconds.
const SECONDS_MAX: i64 = (Nanos::MAX_SPAN.0 / 1_000_000_000) as i64;

/// The numbers of ports.
pub(super) const PORT: RangeInclusive<u32> = 1..=65_535;

impl<'r> Field<'r, '_> {
    fn scalar(&self, expected: &str) -> Option<(&'r str, ScalarKind)> {
        match &self.node.value {
            Value::Scalar { text, plain } => {
                if text.contains("{{") {
                    self.reader.report(super::template_error(self.place()));
                    return None;
                }
                Some((text, scalar_kind(text, *plain)))
            }
            _ => {
                self.wrong_type(expected, None);
                None
            }
        }
    }

    /// A text. Numbers and truth values must be in quotes, as the API server demands.
    pub(super) fn string(&self) -> Option<String> {
        let (text, kind) = self.scalar("a text")?;
        Some(self.as_text(text, kind))
    }

    /// The text itself even where it is no text to the API server: the complaint is on record, and
    /// further ones about a missing name or label would only distract.
    fn as_text(&self, text: &str, kind: ScalarKind) -> String {
        match kind {
            ScalarKind::Text => text.to_owned(),
            ScalarKind::Null => String::new(),
            ScalarKind::Bool | ScalarKind::Number => {
                self.wrong_type("a text", Some(&format!("put it in quotes: \"{text}\"")));
                text.to_owned()
            }
        }
    }

    /// A text that may hold anything, template braces included, such as an annotation or an
    /// argument of a command.
    pub(super) fn free_string(&self) -> Option<String> {
        match &self.node.value {
            Value::Scalar { text, plain } => Some(self.as_text(text, scalar_kind(text, *plain))),
            _ => {
                self.wrong_type("a text", None);
                None
            }
        }
    }

    /// A text that must not be empty.
    pub(super) fn filled_string(&self, help: &str) -> Option<String> {
        let text = self.string()?;
        if text.is_empty() {
            self.lacks("", "", help);
            return None;
        }
        Some(text)
    }

    /// A list of texts that may hold anything.
    pub(super) fn strings(&self) -> Vec<String> {
        self.items().iter().filter_map(Field::free_string).collect()
    }

    /// Labels and the like.
    pub(super) fn string_map(&self) -> BTreeMap<String, String> {
        let entries = self.entries().into_iter();
        entries.filter_map(|(key, value)| Some((key.to_owned(), value.string()?))).collect()
    }

    /// Annotations: any text.
    pub(super) fn free_string_map(&self) -> BTreeMap<String, String> {
        let entries = self.entries().into_iter();
        entries.filter_map(|(key, value)| Some((key.to_owned(), value.free_string()?))).collect()
    }

    /// `true` or `false`, also in the other spellings of YAML 1.1.
    pub(super) fn flag(&self) -> Option<bool> {
        let (text, kind) = self.scalar("true or false")?;
        let quoted = matches!(&self.node.value, Value::Scalar { plain: false, .. });
        match (text.to_ascii_lowercase().as_str(), kind) {
            (word, ScalarKind::Bool) => Some(word == "true"),
            ("yes" | "on" | "y", _) if !quoted => Some(true),
            ("no" | "off" | "n", _) if !quoted => Some(false),
            _ => {
                self.wrong_type("true or false", quoted.then_some("remove the quotes"));
                None
            }
        }
    }

    /// A whole number within `range`. Below it the API server's words apply, above it podloss's.
    pub(super) fn whole(&self, range: RangeInclusive<i64>) -> Option<i64> {
        let (text, kind) = self.scalar("a whole number")?;
        let number = match kind {
            ScalarKind::Number => whole_number(text),
            _ => None,
        };
        let Some(number) = number else {
            let quoted = matches!(&self.node.value, Value::Scalar { plain: false, .. });
            let help = (quoted && whole_number(text).is_some()).then_some("remove the quotes");
            self.wrong_type("a whole number", help);
            return None;
        };
        let (min, max) = (*range.start(), *range.end());
        if number < min {
            self.rejected(
                &format!("must be greater than or equal to {min}"),
                &format!("write a number from {min} up"),
            );
            return None;
        }
        if number > max {
            self.beyond_podloss(&format!("{number} is above {max}"), &format!("write at most {max}"));
            return None;
        }
        Some(number)
    }

    /// A count from `min` to `max`.
    pub(super) fn count(&self, range: RangeInclusive<u32>) -> Option<u32> {
        let wide = i64::from(*range.start())..=i64::from(*range.end());
        self.whole(wide).and_then(|number| u32::try_from(number).ok())
    }

    /// Whole seconds from `min` to a year.
    pub(super) fn seconds(&self, min: u32) -> Option<u32> {
        self.whole(i64::from(min)..=SECONDS_MAX).and_then(|number| u32::try_from(number).ok())
    }

    /// A resource quantity in thousandths (CPU: milli-cores; memory: milli-bytes).
    pub(super) fn quantity_milli(&self) -> Option<u64> {
        let expected = "a quantity such as 250m or 512Mi";
        let (text, kind) = self.scalar(expected)?;
        if matches!(kind, ScalarKind::Bool | ScalarKind::Null) {
            self.wrong_type(expected, None);
            return None;
        }
        match parse_quantity_milli(text) {
            Ok(milli) => Some(milli),
            Err(crate::units::QuantityError::Negative(_)) => {
                self.rejected("must be greater than or equal to 0", "write zero or more");
                None
            }
            Err(error) => {
                self.rejected(
                    &error.to_string(),
                    "write a number with a suffix such as 250m, 1, 512Mi or 2Gi",
                );
                None
            }
        }
    }

    /// `3` or `25%`.
    pub(super) fn int_or_percent(&self) -> Option<IntOrPercent> {
        let expected = "a whole number or a percentage";
        let (text, kind) = self.scalar(expected)?;
        match (kind, IntOrPercent::parse(text)) {
            (ScalarKind::Number, Some(value)) => Some(value),
            (ScalarKind::Text, Some(value @ IntOrPercent::Percent(_))) => Some(value),
            (ScalarKind::Text, Some(IntOrPercent::Int(_))) => {
                self.rejected(
                    "a valid percent string must be a numeric string followed by an ending '%'",
                    "remove the quotes",
                );
                None
            }
            (ScalarKind::Number, None) if text.starts_with('-') => {
                self.rejected("must be greater than or equal to 0", "write zero or more");
                None
            }
            _ => {
                self.wrong_type(expected, Some("write for example `1` or `25%`"));
                None
            }
        }
    }

    /// One of a few words, each with what it stands for.
    pub(super) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.string()?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let listed = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let help = match near_miss(&text, &names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("write {}", names.join(" or ")),
        };
        self.unsupported(&listed, &help);
        None
    }
}

/// Reads `3`, `+3`, `-3` and, as the API server does, `3.0`.
fn whole_number(text: &str) -> Option<i64> {
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}
