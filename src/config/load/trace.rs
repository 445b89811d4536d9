//! Load that was recorded: a rate over time, or one instant per request, as comma-separated text.
//!
//! The first line says which: `timestamp_s,requests_per_s` or `arrival_s`. Times are in seconds
//! and count from the first row, so Unix times are as good as times since the beginning.

use std::fmt;
use std::sync::Arc;

use crate::diag::{Diagnostic, Place, SourceText};
use crate::units::Nanos;

use super::code;

/// The most rows of a rate series: two weeks by the second are 1.2 million.
const SERIES_ROWS_MAX: usize = 2_000_000;
/// How many rows that cannot be read are shown.
const SHOWN_MAX: usize = 5;

/// What a file says.
#[derive(Clone, Debug, PartialEq)]
pub enum Trace {
    /// A rate over time.
    Series(Series),
    /// One instant per request, sorted, from the first one.
    Arrivals(Arc<[Nanos]>),
}

/// A rate over time: each holds until the next row.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Instants from the first row, and requests per second; sorted, instants distinct.
    pub rows: Vec<(Nanos, f64)>,
    /// The usual time between rows: the median.
    pub step: Nanos,
    /// Rows after which the next is missing: it comes later than one and a half steps.
    pub gaps: usize,
}

/// The two kinds of files.
#[derive(Clone, Copy, PartialEq)]
enum Columns {
    Series,
    Arrivals,
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trace::Series(series) => write!(f, "{} rows of {}", series.rows.len(), series.step),
            Trace::Arrivals(list) => write!(f, "{} arrivals", list.len()),
        }
    }
}

/// Reads a file, with warnings about what was put in order.
///
/// # Errors
/// A first line that does not say what the columns are, too few or too many rows, and the first
/// rows that cannot be read.
pub fn read_trace(source: &Arc<SourceText>) -> Result<(Trace, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut lines = lines(&source.text).filter(|(_, line)| !line.trim().is_empty());
    let Some((at, header)) = lines.next() else {
        return Err(vec![
            Diagnostic::error(code::TRACE, format!("{} is empty", source.name)).help(HEADER_HELP),
        ]);
    };
    let columns = columns(header).ok_or_else(|| {
        let message = format!("{}: the first line does not name the columns", source.name);
        vec![
            Diagnostic::error(code::TRACE, message)
                .at(Place::new(source, at..at + header.len()))
                .label("expected the names of the columns")
                .help(HEADER_HELP),
        ]
    })?;
    let mut rows = Vec::new();
    let mut errors = Vec::new();
    for (at, line) in lines {
        match read_row(line, columns) {
            Ok(row) => rows.push((row, at)),
            Err(message) => {
                let place = Place::new(source, at..at + line.len());
                errors.push(Diagnostic::error(code::TRACE, message).at(place));
            }
        }
        if errors.len() >= SHOWN_MAX {
            errors.push(Diagnostic::note(code::TRACE, "later rows were not read"));
            break;
        }
        if columns == Columns::Series && rows.len() > SERIES_ROWS_MAX {
            let message = format!("{} has more than {SERIES_ROWS_MAX} rows", source.name);
            return Err(vec![Diagnostic::error(code::TRACE, message).help("join rows into longer steps")]);
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    finish(source, columns, rows)
}

const HEADER_HELP: &str = "begin the file with `timestamp_s,requests_per_s` (a rate that holds until the next row) \
     or `arrival_s` (one line per request); times are in seconds";

/// Lines with the byte at which they begin, without their line breaks.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let begin = at;
        at += line.len();
        (begin, line.trim_end_matches(['\n', '\r']))
    })
}

fn columns(header: &str) -> Option<Columns> {
    let names: Vec<String> =
        header.split(',').map(|name| name.trim().trim_matches('"').to_ascii_lowercase()).collect();
    match names.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["timestamp_s", "requests_per_s"] => Some(Columns::Series),
        ["arrival_s"] => Some(Columns::Arrivals),
        _ => None,
    }
}

/// Seconds, and a rate where there is one.
fn read_row(line: &str, columns: Columns) -> Result<(f64, f64), String> {
    let cells: Vec<&str> = line.split(',').map(|cell| cell.trim().trim_matches('"')).collect();
    let wanted = if columns == Columns::Series { 2 } else { 1 };
    if cells.len() != wanted {
        return Err(format!("expected {wanted} columns, found {}", cells.len()));
    }
    let time = finite(cells[0], "time in seconds")?;
    match columns {
        Columns::Arrivals => Ok((time, 0.0)),
        Columns::Series => match finite(cells[1], "rate in requests per second")? {
            rate if rate < 0.0 => Err(format!("`{}` is negative: a rate is zero or more", cells[1])),
            rate => Ok((time, rate)),
        },
    }
}

fn finite(text: &str, what: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ if text.is_empty() => Err(format!("the {what} is missing")),
        _ => Err(format!("`{text}` is not a {what}")),
    }
}

type Row = ((f64, f64), usize);

fn finish(
    source: &Arc<SourceText>,
    columns: Columns,
    mut rows: Vec<Row>,
) -> Result<(Trace, Vec<Diagnostic>), Vec<Diagnostic>> {
    let error = |message: String| Err(vec![Diagnostic::error(code::TRACE, message)]);
    let mut warnings = Vec::new();
    let earlier = |pair: &[Row]| pair[1].0.0 < pair[0].0.0;
    if let Some(pair) = rows.windows(2).find(|pair| earlier(pair)) {
        let message = format!("{}: rows are not in order of time; they were sorted", source.name);
        let place = Place::new(source, pair[1].1..pair[1].1);
        warnings
            .push(Diagnostic::warning(code::TRACE, message).at(place).label("earlier than the row above"));
        rows.sort_by(|a, b| a.0.0.total_cmp(&b.0.0));
    }
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return error(format!("{} has no rows", source.name));
    };
    let (first, last) = (first.0.0, last.0.0);
    if last - first > Nanos::MAX_SPAN.as_secs_f64() {
        return error(format!("{} spans more than a year: are its times in seconds?", source.name));
    }
    let since_first = |seconds: f64| Nanos::from_secs_f64(seconds - first);
    if columns == Columns::Arrivals {
        return Ok((Trace::Arrivals(rows.iter().map(|row| since_first(row.0.0)).collect()), warnings));
    }
    if let Some(pair) = rows.windows(2).find(|pair| since_first(pair[0].0.0) == since_first(pair[1].0.0)) {
        let place = Place::new(source, pair[1].1..line_end(&source.text, pair[1].1));
        return Err(vec![
            Diagnostic::error(code::TRACE, format!("{}: two rows have the same time", source.name))
                .at(place)
                .label("the second one")
                .help("keep one of them, or add them up"),
        ]);
    }
    if rows.len() < 2 {
        return error(format!("{} has one row: nobody can tell how long its rate holds", source.name));
    }
    let rows: Vec<(Nanos, f64)> = rows.iter().map(|row| (since_first(row.0.0), row.0.1)).collect();
    let mut steps: Vec<u64> = rows.windows(2).map(|pair| pair[1].0.0 - pair[0].0.0).collect();
    let middle = steps.len() / 2;
    let step = *steps.select_nth_unstable(middle).1;
    let gaps = steps.iter().filter(|length| **length > step + step / 2).count();
    Ok((Trace::Series(Series { rows, step: Nanos(step), gaps }), warnings))
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find(['\n', '\r']).map_or(text.len(), |length| at + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<(Trace, Vec<Diagnostic>), Vec<Diagnostic>> {
        read_trace(&SourceText::new("t.csv", text))
    }

    fn secs(list: &[f64]) -> Vec<Nanos> {
        list.iter().map(|s| Nanos::from_secs_f64(*s)).collect()
    }

    #[test]
    fn series_and_arrivals_are_told_apart_by_their_first_line() {
        let (trace, warnings) = read("timestamp_s,requests_per_s\r\n0,1.5\r\n60,2\r\n120,0\r\n").unwrap();
        let times = secs(&[0.0, 60.0, 120.0]);
        let rows = times.into_iter().zip([1.5, 2.0, 0.0]).collect();
        assert_eq!(trace, Trace::Series(Series { rows, step: Nanos::from_secs(60), gaps: 0 }));
        assert!(warnings.is_empty());
        let (trace, _) = read("\"arrival_s\"\n1717000000.5\n1717000000.5\n1717000003\n").unwrap();
        assert_eq!(trace, Trace::Arrivals(secs(&[0.0, 0.0, 2.5]).into()));
    }

    #[test]
    fn unsorted_rows_are_sorted_and_gaps_counted() {
        let (trace, warnings) =
            read("timestamp_s,requests_per_s\n0,1\n300,2\n1200,4\n900,3\n1500,5\n").unwrap();
        let Trace::Series(series) = trace else { panic!("a series") };
        assert_eq!(series.rows.iter().map(|row| row.1).collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!((series.step, series.gaps), (Nanos::from_secs(300), 1));
        assert!(warnings[0].to_string().starts_with("t.csv:5:1: warning"), "{}", warnings[0]);
    }

    #[test]
    fn bad_rows_are_named_by_line() {
        for (text, part) in [
            ("", "t.csv is empty"),
            ("\n\n", "t.csv is empty"),
            ("0,1\n", "t.csv:1:1: error[trace]: t.csv: the first line does not name the columns"),
            ("time,value\n0,1\n", "does not name the columns"),
            ("arrival_s\n", "has no rows"),
            ("timestamp_s,requests_per_s\n0,1\n", "has one row"),
            ("timestamp_s,requests_per_s\n0,1\n60,-1\n", "t.csv:3:1: error[trace]: `-1` is negative"),
            ("timestamp_s,requests_per_s\n0,1\n60,NaN\n", "t.csv:3:1: error[trace]: `NaN` is not a rate"),
            ("timestamp_s,requests_per_s\n0,1\n60,inf\n", "t.csv:3:1"),
            ("timestamp_s,requests_per_s\n0,1\n60,\n", "rate in requests per second is missing"),
            ("timestamp_s,requests_per_s\n0,1\n60\n", "expected 2 columns, found 1"),
            ("timestamp_s,requests_per_s\n0,1\n60,2\n0,3\n", "same time"),
            ("timestamp_s,requests_per_s\n0,1\nx,2\n", "`x` is not a time"),
            ("timestamp_s,requests_per_s\n0,1\n1e300,2\n", "more than a year"),
            ("arrival_s\n0\n1717000000000\n", "are its times in seconds?"),
        ] {
            let errors = read(text).expect_err(text);
            assert!(errors[0].to_string().contains(part), "{text}: {}", errors[0]);
        }
        let many = format!("arrival_s\n{}", "x\n".repeat(50));
        assert_eq!(read(&many).expect_err("many").len(), SHOWN_MAX + 1, "the list stays short");
    }

    proptest! {
        #[test]
        fn never_panics(text in "(arrival_s|timestamp_s,requests_per_s)\n[-0-9e.,\n]{0,60}") {
            let _ = read(&text);
        }
    }
}
