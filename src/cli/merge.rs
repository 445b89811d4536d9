//! `podloss merge`: the parts of a sweep become one file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use super::failure::{Failure, reason};
use super::out_dir::write_whole;
use super::sweep::part_files;
use super::terminal::Terminal;
use crate::diag::Diagnostic;
use crate::exit_code;
use crate::report::sweep::write_csv;
use crate::report::text::counted;
use crate::sweep::{self, MergeError, Merged};

/// Put the parts of a sweep together
///
/// The outcome is the same, byte by byte, for any number of shards. Parts that are missing, there
/// twice, cut, or of another plan are refused, and the message names the file.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss merge parts/ --out sweep.jsonl
  podloss merge from-runner-1/ from-runner-2/ --out sweep.csv")]
pub(super) struct Merge {
    /// Folders with part files, or the files themselves
    #[arg(required = true, value_name = "DIR")]
    paths: Vec<PathBuf>,
    /// Where to: JSON lines, which `sweep top` and `sweep plot` read, or a table if it ends in .csv
    /// (or in .parquet, in a build with that feature)
    #[arg(long, value_name = "FILE", required = true)]
    out: PathBuf,
}

impl Merge {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let mut files = Vec::new();
        for path in &self.paths {
            let found = if path.is_dir() { part_files(path)? } else { vec![path.clone()] };
            files.extend(found.iter().map(|file| file.display().to_string()));
        }
        let mut failed = None;
        let mut header = None;
        let table = table_writer(&self.out)?;
        let written = write_whole(&self.out, |out| {
            let mut lines = Vec::new();
            let merged = match table {
                Some(_) => sweep::merge(&files, &open, &mut lines),
                None => sweep::merge(&files, &open, out),
            };
            match merged {
                Ok(merged) => header = Some(merged),
                Err(MergeError::Write(error)) => return Err(error),
                Err(error) => {
                    failed = Some(error);
                    // The draft is thrown away.
                    return Err(io::Error::other("the parts do not make a sweep"));
                }
            }
            if let Some(write) = table {
                let merged = sweep::read_merged("the parts", &mut &lines[..]).map_err(io::Error::other)?;
                write(&merged, out)?;
            }
            Ok(())
        });
        if let Some(error) = failed {
            return Err(refusal(&error).into());
        }
        written?;
        if let Some(header) = header {
            terminal.say(&format!(
                "wrote {} from {} to {}",
                counted(header.points as usize, "point"),
                counted(header.parts as usize, "part"),
                self.out.display()
            ));
        }
        Ok(exit_code::OK)
    }
}

fn open(file: &str) -> io::Result<Box<dyn BufRead>> {
    File::open(Path::new(file)).map(|file| Box::new(BufReader::new(file)) as Box<dyn BufRead>)
}

/// How a table is written.
type TableWriter = fn(&Merged, &mut dyn Write) -> io::Result<()>;

/// The writer that a file's ending asks for; `None` for JSON lines.
fn table_writer(out: &Path) -> Result<Option<TableWriter>, Diagnostic> {
    let is = |ending: &str| out.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending));
    match () {
        () if is("csv") => Ok(Some(write_csv)),
        () if is("parquet") => parquet_writer(out).map(Some),
        () => Ok(None),
    }
}

#[cfg(feature = "parquet")]
fn parquet_writer(_out: &Path) -> Result<TableWriter, Diagnostic> {
    Ok(crate::report::sweep::write_parquet)
}

#[cfg(not(feature = "parquet"))]
fn parquet_writer(out: &Path) -> Result<TableWriter, Diagnostic> {
    Err(Diagnostic::error("merge", format!("{}: this build cannot write Parquet", out.display()))
        .help("build it with `cargo install --path . --features parquet`, or write a .csv"))
}

fn refusal(error: &MergeError) -> Diagnostic {
    let message = match error {
        MergeError::Open { file, error } => format!("cannot read {file}: {}", reason(error)),
        error => error.to_string(),
    };
    let help = match error {
        MergeError::Missing { .. } | MergeError::Nothing => {
            "run the shards that are missing; complete parts are skipped"
        }
        MergeError::Duplicate { .. } => "remove one of the two",
        MergeError::Foreign { .. } => "each sweep needs a folder of its own",
        MergeError::Read(_) => "remove the file and run its shard again; complete parts are skipped",
        MergeError::Open { .. } | MergeError::Write(_) => "check that the files can be read",
    };
    Diagnostic::error("merge", message).help(help)
}
