//! Reading `result.jsonl` back, strictly: a file that was cut, mixed or edited is refused.

use std::io::BufRead;

use super::lines::Line;
use super::{Header, MODEL, SCHEMA, StoredResult};
use crate::study::RunSummary;

/// Why a file is no stored result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct ReadError {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl StoredResult {
    /// Reads what [`StoredResult::write`] has written; `file` is for messages.
    ///
    /// # Errors
    /// A [`ReadError`] for the first line that is not what it should be.
    pub fn read(file: &str, input: &mut dyn BufRead) -> Result<StoredResult, ReadError> {
        let at = |line: usize, message: String| ReadError { file: file.to_owned(), line, message };
        let mut header: Option<Header> = None;
        let mut runs: Vec<RunSummary> = Vec::new();
        let mut number = 0;
        let mut text = String::new();
        loop {
            text.clear();
            number += 1;
            let read = input.read_line(&mut text).map_err(|error| at(number, error.to_string()))?;
            if read == 0 {
                return Err(at(number, cut(header.is_some()).to_owned()));
            }
            let mut json = serde_json::Deserializer::from_str(&text);
            let parsed: Line = serde_path_to_error::deserialize(&mut json)
                .map_err(|error| at(number, not_a_line(number, &error)))?;
            json.end().map_err(|error| at(number, format!("more than one object in a line: {error}")))?;
            match (parsed, &header) {
                (Line::Header(new), None) => {
                    check_version(&new).map_err(|message| at(number, message))?;
                    header = Some(*new);
                }
                (Line::Header(_), Some(_)) => {
                    return Err(at(
                        number,
                        "a second header: this file holds more than one result".to_owned(),
                    ));
                }
                (_, None) => return Err(at(number, "the header line is missing".to_owned())),
                (Line::Run(run), Some(_)) => {
                    if runs.last().is_some_and(|last| last.run >= run.run) {
                        return Err(at(number, format!("run {} is out of order", run.run)));
                    }
                    runs.push(*run);
                }
                (Line::Sums(sums), Some(_)) => {
                    let header = header.take().expect("matched above");
                    let result = sums.back(header, runs).map_err(|message| at(number, message))?;
                    return end(input, number + 1, at).map(|()| result);
                }
            }
        }
    }
}

/// Nothing may follow the sums.
fn end(
    input: &mut dyn BufRead,
    line: usize,
    at: impl Fn(usize, String) -> ReadError,
) -> Result<(), ReadError> {
    let mut rest = String::new();
    input.read_line(&mut rest).map_err(|error| at(line, error.to_string()))?;
    if rest.trim().is_empty() { Ok(()) } else { Err(at(line, "something follows the last line".to_owned())) }
}

fn cut(header: bool) -> &'static str {
    if header {
        "the file ends before the line with the sums: it was cut"
    } else {
        "the file is empty: a stored result begins with a header line"
    }
}

fn not_a_line(number: usize, error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    if number == 1 && error.path().to_string() == "." {
        return format!("not a stored result ({SCHEMA}): {}", error.inner());
    }
    format!("{}: {}", error.path(), error.inner())
}

fn check_version(header: &Header) -> Result<(), String> {
    if header.schema != SCHEMA {
        return Err(format!("this is a `{}`; this podloss reads `{SCHEMA}`", header.schema));
    }
    if header.model != MODEL {
        return Err(format!("made with model {}; this podloss has model {MODEL}", header.model));
    }
    Ok(())
}
