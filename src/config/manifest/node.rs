//! A parsed YAML or JSON document: texts, lists and mappings that know where they stand.
//!
//! Scalars keep the text that was written and whether it was plain or quoted, because
//! Kubernetes' own rules decide what a scalar means for a field: `replicas: "3"` is a text and
//! therefore wrong, `cpu: 1` and `cpu: "1"` are the same quantity.

use std::borrow::Cow;
use std::ops::Range;

/// A stretch of the source text in bytes. 32 bits suffice: sources are at most 64 MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// One value with its place.
#[derive(Clone, Debug)]
pub(super) struct Node<'t> {
    pub(super) span: Span,
    pub(super) value: Value<'t>,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Value<'t> {
    /// A scalar: its text after escapes, and whether it was written without quotes.
    Scalar {
        text: Cow<'t, str>,
        plain: bool,
    },
    List(Vec<Node<'t>>),
    Map(Vec<Entry<'t>>),
}

/// One `key: value` of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Entry<'t> {
    pub(super) key: Cow<'t, str>,
    pub(super) key_span: Span,
    pub(super) value: Node<'t>,
}

impl<'t> Node<'t> {
    /// Whether nothing was written; Kubernetes reads that as if the field were absent.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if is_null_word(text))
    }

    /// The value of `key` if this is a mapping that has it and it is not null.
    pub(super) fn get(&self, key: &str) -> Option<&Node<'t>> {
        let Value::Map(entries) = &self.value else { return None };
        entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value).filter(|node| !node.is_null())
    }

    /// The text of a scalar, quoted or not.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// What was found, for messages.
    pub(super) fn describe(&self) -> String {
        match &self.value {
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
            Value::Scalar { text, plain } => match scalar_kind(text, *plain) {
                ScalarKind::Null => "nothing".to_owned(),
                ScalarKind::Bool => format!("the truth value `{}`", shortened(text)),
                ScalarKind::Number => format!("the number `{}`", shortened(text)),
                ScalarKind::Text => format!("the text `{}`", shortened(text)),
            },
        }
    }
}

/// What the API server's decoder takes a scalar for.
///
/// Source: sigs.k8s.io/yaml, which turns YAML 1.1 into JSON before decoding. Its one-letter and
/// on/off truth values are left out: as labels they are common and were surely meant as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScalarKind {
    Null,
    Bool,
    Number,
    Text,
}

/// Decides the kind of a scalar from its text and whether it was written without quotes.
pub(super) fn scalar_kind(text: &str, plain: bool) -> ScalarKind {
    if !plain {
        ScalarKind::Text
    } else if is_null_word(text) {
        ScalarKind::Null
    } else if matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE") {
        ScalarKind::Bool
    } else if is_number(text) {
        ScalarKind::Number
    } else {
        ScalarKind::Text
    }
}

fn is_null_word(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Decimal integers and floats; a first digit keeps `inf`, `nan` and version-like words out.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = digits.strip_prefix('.').unwrap_or(digits);
    digits.starts_with(|c: char| c.is_ascii_digit()) && text.parse::<f64>().is_ok()
}

/// At most 60 characters of a text, for messages.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_mean_what_the_api_server_takes_them_for() {
        for (text, plain, kind) in [
            ("", true, ScalarKind::Null),
            ("~", true, ScalarKind::Null),
            ("null", false, ScalarKind::Text),
            ("true", true, ScalarKind::Bool),
            ("yes", true, ScalarKind::Text),
            ("3", true, ScalarKind::Number),
            ("3", false, ScalarKind::Text),
            ("-0.5", true, ScalarKind::Number),
            (".5", true, ScalarKind::Number),
            ("1e3", true, ScalarKind::Number),
            ("1.2.3", true, ScalarKind::Text),
            ("25%", true, ScalarKind::Text),
            ("nan", true, ScalarKind::Text),
            ("inf", true, ScalarKind::Text),
        ] {
            assert_eq!(scalar_kind(text, plain), kind, "{text:?} plain {plain}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened(&"ä".repeat(61)).chars().count(), 61);
    }
}
