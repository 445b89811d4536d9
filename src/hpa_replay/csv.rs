//! CSV with a header: the time first, then one column per row of numbers.

use std::borrow::Cow;

use super::recording::{Point, RecordingError, Series, push};
use crate::hpa_state::parse_timestamp;

/// Numbers above this cannot be seconds of our time and are milliseconds, as Grafana exports them.
const MILLISECONDS_FROM: f64 = 1e11;

pub(super) fn read(text: &str) -> Result<Vec<Series>, RecordingError> {
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    let Some((number, header)) = lines.next() else {
        return Err(RecordingError::at("", "the file holds no line"));
    };
    let separator = separator_of(header);
    let names = cells(header, separator);
    if names.len() < 2 {
        let problem = "write a header such as `time,cpu`: the time first, then one column per metric";
        return Err(RecordingError::at(format!("line {number}"), problem));
    }
    if names[0].parse::<f64>().is_ok() {
        let problem = "the first line must name the columns, such as `time,cpu`";
        return Err(RecordingError::at(format!("line {number}"), problem));
    }
    let mut columns: Vec<(String, Vec<Point>)> =
        names[1..].iter().map(|name| (name.to_string(), Vec::new())).collect();
    let mut last: Vec<Point> = Vec::new();
    for (number, line) in lines {
        let at = |problem: String| RecordingError::at(format!("line {number}"), problem);
        let cells = cells(line, separator);
        if cells.len() != names.len() {
            return Err(at(format!("{} cells under a header of {}", cells.len(), names.len())));
        }
        let seconds = seconds(&cells[0]).ok_or_else(|| {
            at(format!("`{}` is no time: write seconds, or a date such as 2026-03-01T12:00:00Z", cells[0]))
        })?;
        // Empty cells leave no point, so the order of times is checked on a row of its own.
        push(&mut last, seconds, 0.0).map_err(at)?;
        for ((name, points), cell) in columns.iter_mut().zip(&cells[1..]) {
            if let Some(value) = value(cell).map_err(|problem| at(format!("column `{name}`: {problem}")))? {
                push(points, seconds, value).map_err(at)?;
            }
        }
    }
    let series = |(name, points)| Series { name, labels: Default::default(), points };
    Ok(columns.into_iter().map(series).collect())
}

/// The first character between cells of the header; names in quotes may hold others.
fn separator_of(header: &str) -> char {
    let mut quoted = false;
    let separator = header.chars().find(|c| {
        quoted ^= *c == '"';
        !quoted && matches!(c, ',' | ';' | '\t')
    });
    separator.unwrap_or(',')
}

/// The cells of a line, without blanks and quotes around them. A quoted cell may hold separators.
fn cells(line: &str, separator: char) -> Vec<Cow<'_, str>> {
    if !line.contains('"') {
        return line.split(separator).map(|cell| Cow::Borrowed(cell.trim())).collect();
    }
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c == separator && !quoted => {
                cells.push(Cow::Owned(std::mem::take(&mut cell).trim().to_owned()))
            }
            c => cell.push(c),
        }
    }
    cells.push(Cow::Owned(cell.trim().to_owned()));
    cells
}

fn seconds(cell: &str) -> Option<f64> {
    if let Ok(number) = cell.parse::<f64>() {
        return Some(if number >= MILLISECONDS_FROM { number / 1_000.0 } else { number });
    }
    // Grafana leaves out the letters; its times are then read as UTC.
    let date = parse_timestamp(cell).or_else(|| parse_timestamp(&(cell.replacen(' ', "T", 1) + "Z")))?;
    Some(date.0 as f64 / 1e9)
}

/// The number in a cell; `None` where there is none.
fn value(cell: &str) -> Result<Option<f64>, String> {
    match cell {
        "" | "NaN" | "nan" | "null" | "NULL" | "undefined" => Ok(None),
        "+Inf" | "-Inf" | "Inf" => Ok(None),
        _ => {
            let number = cell.strip_suffix('%').unwrap_or(cell).trim();
            number.parse().map(Some).map_err(|_| format!("`{cell}` is no number"))
        }
    }
}
