//! Parts and merged sweeps as JSON lines: a header, rows, and a last line that says it is the last.

use std::io::{self, BufRead, Write};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::plan::Axis;
use super::row::Row;

/// The name and version of the format.
pub(super) const SCHEMA: &str = "podloss-sweep/1";

/// What every part of a plan says alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// `podloss-sweep/1`.
    pub schema: String,
    /// Version of podloss.
    pub podloss: String,
    /// Version of the model's behaviour.
    pub model: u32,
    /// The scenario's name.
    pub name: String,
    /// Hash of every input and value, seed, number of runs.
    pub plan: String,
    /// Points of the plan.
    pub points: u64,
    /// Parts of the plan.
    pub parts: u64,
    /// Points of a part; the last may have fewer.
    pub part_points: u64,
    /// `--seed`.
    pub seed: u64,
    /// Runs of each point.
    pub runs: u32,
    /// Metrics of each point.
    pub metrics: Vec<String>,
    /// What is gone through.
    pub axes: Vec<Axis>,
}

impl Header {
    /// The points of a part.
    pub fn part(&self, part: u64) -> Range<u64> {
        let first = part.saturating_mul(self.part_points).min(self.points);
        first..first.saturating_add(self.part_points).min(self.points)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Sweep(Box<Header>),
    Part(u64),
    Row(Box<Row>),
    End(u64),
}

/// Why a file is no part or sweep.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct ReadError {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong.
    pub message: String,
}

/// The first lines of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartStart {
    /// The plan's.
    pub header: Header,
    /// Which part.
    pub number: u64,
}

/// A merged sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The plan's.
    pub header: Header,
    /// Every point in order.
    pub rows: Vec<Row>,
}

/// Writes a part.
///
/// # Errors
/// What the destination says.
pub fn write_part(header: &Header, part: u64, rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    write_header(header, out)?;
    write_line(&Line::Part(part), out)?;
    rows.iter().try_for_each(|row| write_row(row, out))?;
    write_end(rows.len() as u64, out)
}

pub(super) fn write_header(header: &Header, out: &mut dyn Write) -> io::Result<()> {
    write_line(&Line::Sweep(Box::new(header.clone())), out)
}

pub(super) fn write_row(row: &Row, out: &mut dyn Write) -> io::Result<()> {
    write_line(&Line::Row(Box::new(row.clone())), out)
}

pub(super) fn write_end(rows: u64, out: &mut dyn Write) -> io::Result<()> {
    write_line(&Line::End(rows), out)
}

fn write_line(line: &Line, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

struct Lines<'a> {
    file: &'a str,
    input: &'a mut dyn BufRead,
    number: u64,
}

impl Lines<'_> {
    fn error(&self, message: impl Into<String>) -> ReadError {
        ReadError { file: self.file.to_owned(), line: self.number, message: message.into() }
    }

    fn next(&mut self) -> Result<Line, ReadError> {
        self.number += 1;
        let mut text = String::new();
        let read = self.input.read_line(&mut text).map_err(|error| self.error(error.to_string()))?;
        if read == 0 || !text.ends_with('\n') {
            return Err(self.error("the file ends before its last line: it was cut"));
        }
        serde_json::from_str(&text).map_err(|error| self.error(format!("not a line of a {SCHEMA}: {error}")))
    }

    fn header(&mut self) -> Result<Header, ReadError> {
        match self.next()? {
            Line::Sweep(header) if header.schema == SCHEMA => Ok(*header),
            Line::Sweep(header) => {
                Err(self.error(format!("this is a `{}`; this podloss reads `{SCHEMA}`", header.schema)))
            }
            _ => Err(self.error("the header line is missing")),
        }
    }

    /// Rows up to the last line, which must name their number; nothing may follow.
    fn rows(
        &mut self,
        header: &Header,
        points: Range<u64>,
        mut take: impl FnMut(Row),
    ) -> Result<(), ReadError> {
        let mut expected = points.clone();
        let fits = |row: &Row| row.knobs.iter().map(|(name, _)| name).eq(header.axes.iter().map(|a| &a.knob));
        loop {
            match self.next()? {
                Line::Row(row) if !fits(&row) => {
                    return Err(self.error("these are not the knobs of the sweep"));
                }
                Line::Row(row) if expected.next() == Some(row.point) => take(*row),
                Line::Row(row) => return Err(self.error(format!("point {} is out of order", row.point))),
                Line::End(rows) if expected.is_empty() && rows == points.end - points.start => break,
                Line::End(_) => return Err(self.error("points are missing")),
                Line::Sweep(_) | Line::Part(_) => return Err(self.error("a second header")),
            }
        }
        let mut rest = String::new();
        self.input.read_line(&mut rest).map_err(|error| self.error(error.to_string()))?;
        if rest.is_empty() { Ok(()) } else { Err(self.error("something follows the last line")) }
    }
}

/// Reads the first lines of a part; `file` is for messages.
///
/// # Errors
/// A [`ReadError`].
pub fn read_part_start(file: &str, input: &mut dyn BufRead) -> Result<PartStart, ReadError> {
    start(&mut Lines { file, input, number: 0 })
}

fn start(lines: &mut Lines<'_>) -> Result<PartStart, ReadError> {
    let header = lines.header()?;
    match lines.next()? {
        Line::Part(number) if number < header.parts => Ok(PartStart { header, number }),
        Line::Part(number) => Err(lines.error(format!("part {number} of {}: there is none", header.parts))),
        _ => Err(lines.error("this is a merged sweep, not a part")),
    }
}

/// Reads a whole part.
///
/// # Errors
/// A [`ReadError`], also for a part that was cut.
pub(super) fn read_part(file: &str, input: &mut dyn BufRead) -> Result<(PartStart, Vec<Row>), ReadError> {
    let mut lines = Lines { file, input, number: 0 };
    let begin = start(&mut lines)?;
    let mut rows = Vec::new();
    lines.rows(&begin.header, begin.header.part(begin.number), |row| rows.push(row))?;
    Ok((begin, rows))
}

/// Reads a merged sweep.
///
/// # Errors
/// A [`ReadError`].
pub fn read_merged(file: &str, input: &mut dyn BufRead) -> Result<Merged, ReadError> {
    let mut lines = Lines { file, input, number: 0 };
    let header = lines.header()?;
    let mut rows = Vec::new();
    match lines.rows(&header, 0..header.points, |row| rows.push(row)) {
        Err(error) if error.line == 2 && error.message == "a second header" => Err(ReadError {
            message: "this is one part of a sweep: merge the parts first".to_owned(),
            ..error
        }),
        Err(error) => Err(error),
        Ok(()) => Ok(Merged { header, rows }),
    }
}
