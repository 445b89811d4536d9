//! `podloss report`: renders stored results anew.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::failure::{Failure, reason};
use super::out_dir::OutDir;
use super::render::{Output, print, write_folder};
use super::terminal::Terminal;
use crate::diag::Diagnostic;
use crate::exit_code;
use crate::report::result::StoredResult;

/// Render stored results anew, without simulating
///
/// The output is the same, byte by byte, as that of the command which made the result.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss report out/result.jsonl
  podloss report out/result.jsonl -o json
  podloss report monday.jsonl friday.jsonl -o csv > runs.csv
  podloss report out/result.jsonl --out pictures/")]
pub(super) struct Report {
    /// Files or folders that `--out` of another command has written
    #[arg(required = true, value_name = "RESULT")]
    results: Vec<PathBuf>,
    /// Format on standard output
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Output,
    /// Folder for the files and pictures
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Report {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let results: Vec<StoredResult> =
            self.results.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
        if let Some(out) = &self.out {
            write_folder(&results, &OutDir::prepare(out)?)?;
        }
        print(&results, self.output, terminal)?;
        Ok(exit_code::OK)
    }
}

/// Reads a stored result, or the one in a folder.
///
/// # Errors
/// The file cannot be read, or is no stored result.
pub(super) fn read(path: &Path) -> Result<StoredResult, Diagnostic> {
    let path = if path.is_dir() { path.join("result.jsonl") } else { path.to_owned() };
    let file = File::open(&path).map_err(|error| {
        Diagnostic::error("unreadable", format!("cannot read {}: {}", path.display(), reason(&error)))
            .help("name the result.jsonl that `--out` has written")
    })?;
    StoredResult::read(&path.display().to_string(), &mut BufReader::new(file)).map_err(|error| {
        Diagnostic::error("bad-result", error.to_string())
            .help("make it anew with `podloss run ... --out DIR`")
    })
}
