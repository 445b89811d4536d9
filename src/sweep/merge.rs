//! Putting the parts of a plan back together.

use std::io::{self, BufRead, Write};

use super::store::{
    Header, PartStart, ReadError, read_part, read_part_start, write_end, write_header, write_row,
};

/// Why parts do not make a sweep; every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A file that cannot be opened.
    #[error("cannot read {file}: {error}")]
    Open {
        /// The file.
        file: String,
        /// The system's words.
        error: io::Error,
    },
    /// A part that was cut, or no part at all.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No file at all.
    #[error("there are no parts")]
    Nothing,
    /// A part of another plan.
    #[error("{file} belongs to another plan than {other}: {what}")]
    Foreign {
        /// The file.
        file: String,
        /// The file it was compared with.
        other: String,
        /// The first thing that is not the same.
        what: String,
    },
    /// One part in two files.
    #[error("{file} and {other} are both part {number}")]
    Duplicate {
        /// One.
        file: String,
        /// The other.
        other: String,
        /// The part, counted from 1 as in the names of files.
        number: u64,
    },
    /// Parts that no file holds.
    #[error("{} of {parts} parts are missing, the first is part-{:06}.jsonl", missing.len(), missing[0] + 1)]
    Missing {
        /// Their numbers, counted from 0.
        missing: Vec<u64>,
        /// How many there should be.
        parts: u64,
    },
    /// The destination.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// Opens a file.
pub type Opened<'a> = dyn Fn(&str) -> io::Result<Box<dyn BufRead>> + 'a;

/// Checks that `files` are the parts of one plan, each once and whole, and writes the merged sweep.
/// Files are read part by part, so memory does not grow with their number.
///
/// # Errors
/// A [`MergeError`] that names the file.
pub fn merge(files: &[String], open: &Opened<'_>, out: &mut dyn Write) -> Result<Header, MergeError> {
    let opened = |file: &String| open(file).map_err(|error| MergeError::Open { file: file.clone(), error });
    let mut starts: Vec<(PartStart, &String)> = Vec::with_capacity(files.len());
    for file in files {
        let begin = read_part_start(file, &mut *opened(file)?)?;
        if let Some((first, other)) = starts.first()
            && let Some(what) = first_difference(&first.header, &begin.header)
        {
            return Err(MergeError::Foreign { file: file.clone(), other: (*other).clone(), what });
        }
        starts.push((begin, file));
    }
    // Stable: of two files with one part the order of the list decides what is said.
    starts.sort_by_key(|(begin, _)| begin.number);
    if let Some([first, second]) = starts.windows(2).find(|two| two[0].0.number == two[1].0.number) {
        return Err(MergeError::Duplicate {
            file: second.1.clone(),
            other: first.1.clone(),
            number: first.0.number + 1,
        });
    }
    let header = starts.first().ok_or(MergeError::Nothing)?.0.header.clone();
    let there: std::collections::BTreeSet<u64> = starts.iter().map(|(begin, _)| begin.number).collect();
    let missing: Vec<u64> = (0..header.parts).filter(|part| !there.contains(part)).collect();
    if !missing.is_empty() {
        return Err(MergeError::Missing { missing, parts: header.parts });
    }
    write_header(&header, out)?;
    for (_, file) in &starts {
        let (_, rows) = read_part(file, &mut *opened(file)?)?;
        rows.iter().try_for_each(|row| write_row(row, out))?;
    }
    write_end(header.points, out)?;
    Ok(header)
}

/// What tells two plans apart, in words.
pub(super) fn first_difference(a: &Header, b: &Header) -> Option<String> {
    let differs = |what: &str, a: &dyn std::fmt::Display, b: &dyn std::fmt::Display| {
        Some(format!("{what} {b} and not {a}"))
    };
    if a.podloss != b.podloss {
        return differs("podloss", &a.podloss, &b.podloss);
    }
    if a.seed != b.seed {
        return differs("seed", &a.seed, &b.seed);
    }
    if a.runs != b.runs {
        return differs("runs", &a.runs, &b.runs);
    }
    if a.points != b.points {
        return differs("points", &a.points, &b.points);
    }
    (a != b).then(|| "other inputs, values or metrics".to_owned())
}
