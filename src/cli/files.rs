//! Input files that are read whole: texts and JSON.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::failure::reason;
use crate::diag::{Diagnostic, Place, SourceText};

/// More than any vector file or dump of a cluster holds; stops an endless stream.
const MOST_BYTES: u64 = 256 << 20;

/// Reads a text file, or standard input for `-`.
///
/// # Errors
/// The file cannot be read, is too long or is no text.
pub(super) fn read_text(path: &Path) -> Result<Arc<SourceText>, Diagnostic> {
    let from_stdin = path.as_os_str() == "-";
    let name = if from_stdin { "<stdin>".to_owned() } else { path.display().to_string() };
    let unreadable = |error: io::Error| {
        let help = match error.kind() {
            io::ErrorKind::NotFound => "check the path, or write `-` to read standard input",
            io::ErrorKind::IsADirectory => "name a file in it",
            _ => "check that it is a readable file",
        };
        Diagnostic::error("unreadable", format!("cannot read {name}: {}", reason(&error))).help(help)
    };
    let mut bytes = Vec::new();
    let reader: Box<dyn Read> =
        if from_stdin { Box::new(io::stdin()) } else { Box::new(fs::File::open(path).map_err(unreadable)?) };
    reader.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        let message = format!("{name} is longer than {} MiB", MOST_BYTES >> 20);
        return Err(Diagnostic::error("too-long", message).help("split it, or keep only what is needed"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Diagnostic::error("not-text", format!("{name} is not a text file: byte {at} is not UTF-8"))
            .help("if it is compressed or in another encoding, convert it first")
    })?;
    Ok(SourceText::new(name, text))
}

/// Reads every JSON value of a text; several may follow each other, as commands of kubectl print
/// them.
///
/// # Errors
/// The text is empty or is not JSON, with the place.
pub(super) fn parse_json(source: &Arc<SourceText>) -> Result<Vec<Value>, Diagnostic> {
    if source.text.trim().is_empty() {
        return Err(Diagnostic::error("empty-input", format!("{} is empty", source.name))
            .help("it should hold one JSON object"));
    }
    let mut values = serde_json::Deserializer::from_str(&source.text).into_iter::<Value>();
    values.by_ref().collect::<Result<Vec<Value>, _>>().map_err(|error| {
        let text = error.to_string();
        let words = text.split(" at line ").next().unwrap_or(&text);
        let at = offset(&source.text, error.line(), error.column());
        Diagnostic::error("not-json", format!("{} is not JSON: {words}", source.name))
            .at(Place::new(source, at..at + 1))
            .help("it should hold one JSON object")
    })
}

/// Exactly one JSON value.
///
/// # Errors
/// As [`parse_json`], and for more than one.
pub(super) fn parse_one_json(source: &Arc<SourceText>) -> Result<Value, Diagnostic> {
    let mut values = parse_json(source)?;
    match (values.pop(), values.is_empty()) {
        (Some(value), true) => Ok(value),
        _ => Err(Diagnostic::error("not-json", format!("{} holds more than one JSON value", source.name))),
    }
}

/// The byte at a line and column, both counted from 1, columns in bytes.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    start + column.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_json_is_pointed_at() {
        for (text, message, place) in [
            ("", "a.json is empty", None),
            (" \n", "a.json is empty", None),
            ("{\n  \"a\": x\n}", "a.json is not JSON: expected value", Some((2, 8))),
            ("[1, 2", "a.json is not JSON: EOF while parsing a list", Some((1, 5))),
            ("1 2", "a.json holds more than one JSON value", None),
        ] {
            let error = parse_one_json(&SourceText::new("a.json", text)).unwrap_err();
            assert_eq!(error.message, message);
            assert_eq!(error.place.map(|place| (place.line(), place.column())), place, "{text}");
        }
        let two = parse_json(&SourceText::new("a.json", "{} []")).unwrap();
        assert_eq!(two, [serde_json::json!({}), serde_json::json!([])]);
    }

    #[test]
    fn what_is_not_text_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("binary");
        fs::write(&binary, [b'a', 0xff, 0xfe]).unwrap();
        for (path, code) in [
            (binary.as_path(), "not-text"),
            (folder.path(), "unreadable"),
            (&folder.path().join("missing"), "unreadable"),
        ] {
            assert_eq!(read_text(path).unwrap_err().code, code, "{}", path.display());
        }
    }
}
