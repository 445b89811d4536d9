//! Cells of tables for machines.

use crate::stats::printed;

/// A text as RFC 4180 wants it.
pub(super) fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A number; an empty cell where there is none.
pub(super) fn number(value: Option<f64>) -> String {
    value.and_then(printed).map_or_else(String::new, |value| value.to_string())
}
