//! Rows of recorded numbers.

use std::collections::BTreeMap;

use super::{csv, prometheus};
use crate::units::{Nanos, SimTime};

/// One recorded number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When: the recording's own clock, with its zero at [`SimTime::START`].
    pub at: SimTime,
    /// The number; finite.
    pub value: f64,
}

/// One row of numbers over time. Where a number is missing, so is the point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Name of the metric or of the column; may be empty.
    pub name: String,
    /// Labels, without the name.
    pub labels: BTreeMap<String, String>,
    /// In strictly rising order of time.
    pub points: Vec<Point>,
}

/// Everything in one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// The rows, in the order of the file.
    pub series: Vec<Series>,
}

/// Why a recording cannot be read: where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{message}", self.place, if self.place.is_empty() { "" } else { ": " })]
pub struct RecordingError {
    /// The line or the path within the file; empty for the file as a whole.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

impl RecordingError {
    pub(super) fn at(place: impl Into<String>, message: impl Into<String>) -> RecordingError {
        RecordingError { place: place.into(), message: message.into() }
    }
}

/// Reads Prometheus' answer to a range query (the whole answer, its `data`, or the list of
/// results) or CSV with a header; a text that begins with a brace or bracket is JSON.
///
/// # Errors
/// A [`RecordingError`] naming the line or field.
pub fn read_recording(text: &str) -> Result<Recording, RecordingError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let series = match text.trim_start().bytes().next() {
        None => return Err(RecordingError::at("", "the file is empty")),
        Some(b'{' | b'[') => prometheus::read(text)?,
        Some(_) => csv::read(text)?,
    };
    if series.iter().all(|series| series.points.is_empty()) {
        return Err(RecordingError::at("", "there is no number in it: widen the range of the query"));
    }
    Ok(Recording { series })
}

impl Series {
    /// What a reader would call it: name and labels as Prometheus writes them.
    pub fn title(&self) -> String {
        if self.labels.is_empty() {
            return self.name.clone();
        }
        let labels: Vec<String> =
            self.labels.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect();
        format!("{}{{{}}}", self.name, labels.join(","))
    }

    /// The usual distance of two points: the median; zero with fewer than two points.
    pub fn step(&self) -> Nanos {
        let mut gaps: Vec<Nanos> = self.points.windows(2).map(|pair| pair[1].at.since(pair[0].at)).collect();
        if gaps.is_empty() {
            return Nanos::ZERO;
        }
        let middle = gaps.len() / 2;
        *gaps.select_nth_unstable(middle).1
    }
}

/// Appends a point.
///
/// # Errors
/// If it does not come after the one before, in words that make sense after its place.
pub(super) fn push(points: &mut Vec<Point>, seconds: f64, value: f64) -> Result<(), String> {
    /// Far beyond any clock of today, and small enough for nanoseconds.
    const LAST_SECOND: f64 = 1e10;
    if !(0.0..=LAST_SECOND).contains(&seconds) {
        return Err(format!("{seconds} is no time in seconds: write seconds since 1970 or since the start"));
    }
    // Whole seconds and milliseconds stay exact; a year of nanoseconds would not fit a double.
    let whole = seconds.trunc();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
    let at = SimTime::START + Nanos(whole as u64 * 1_000_000_000 + ((seconds - whole) * 1e9).round() as u64);
    if points.last().is_some_and(|last| last.at >= at) {
        return Err("the time is not later than the one before: sort the rows and drop doubles".to_owned());
    }
    if value.is_finite() {
        points.push(Point { at, value });
    }
    Ok(())
}

/// Reads a row while time only moves forward: each call starts where the last one ended.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    points: &'a [Point],
    next: usize,
    /// A number holds no longer than this: two steps.
    reach: Nanos,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(series: &'a Series) -> Cursor<'a> {
        let step = series.step();
        // A single point says nothing about its step and holds for ever.
        let reach = if step == Nanos::ZERO { Nanos::MAX_SPAN } else { step + step };
        Cursor { points: &series.points, next: 0, reach }
    }

    /// The last point at or before `at`, if it is not too old.
    pub(super) fn at(&mut self, at: SimTime) -> Option<Point> {
        while self.points.get(self.next).is_some_and(|point| point.at <= at) {
            self.next += 1;
        }
        let point = *self.points.get(self.next.checked_sub(1)?)?;
        (at.since(point.at) < self.reach).then_some(point)
    }

    /// The point after the last one that was given.
    pub(super) fn later(&self) -> Option<Point> {
        self.points.get(self.next).copied()
    }

    /// The point before the last one that was given.
    pub(super) fn earlier(&self) -> Option<Point> {
        self.points.get(self.next.checked_sub(2)?).copied()
    }
}
