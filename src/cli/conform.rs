//! `podloss conform`: runs vector files and measured rows against the model.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::{Value, json};

use super::failure::{Failure, reason};
use super::files::{parse_one_json, read_text};
use super::progress::Progress;
use super::terminal::Terminal;
use crate::conform::live::Verdict;
use crate::conform::{Format, VectorOutcome, hpa, lifecycle, live};
use crate::diag::Diagnostic;
use crate::exit_code;

/// Run vector files and measured rows against the model
///
/// Vectors state inputs of one rule of Kubernetes and what it must answer. Rows state the
/// parameters of an experiment with a real front end and how many requests it lost; each is
/// simulated with 200 seeds and compared by the rule that comes with the rows.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss conform vectors/                    every vector file in a folder and below
  podloss conform vectors/hpa/decide.json -v  name the vectors that pass, too
  podloss conform --emit rows.json            one line {\"id\", \"output\"} per vector or row

Exit code 3 if a vector or a row does not hold. Rows that need something podloss does not model
are counted apart.")]
pub(super) struct Conform {
    /// Vector files, or folders that are searched for them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Read the inputs only, and print one line of JSON per vector or row
    #[arg(long)]
    emit: bool,
    /// Format on standard output
    #[arg(short, long, value_name = "FORMAT", default_value = "text", conflicts_with = "emit")]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
}

/// One vector or row beside what podloss says.
struct Finding {
    id: String,
    output: Value,
    state: State,
    /// What differs; of a row, the whole table.
    lines: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Passed,
    Failed,
    NotModelled,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Passed => "passed",
            State::Failed => "failed",
            State::NotModelled => "not modelled",
        }
    }
}

/// How many of each.
#[derive(Clone, Copy, Default)]
struct Counts {
    passed: usize,
    failed: usize,
    not_modelled: usize,
}

impl Counts {
    fn of(findings: &[Finding]) -> Counts {
        let count = |state| findings.iter().filter(|finding| finding.state == state).count();
        Counts {
            passed: count(State::Passed),
            failed: count(State::Failed),
            not_modelled: count(State::NotModelled),
        }
    }

    fn words(self) -> String {
        let apart = match self.not_modelled {
            0 => String::new(),
            n => format!(", {n} not modelled"),
        };
        format!("{} passed, {} failed{apart}", self.passed, self.failed)
    }
}

impl Conform {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let mut total = Counts::default();
        let (mut files, mut listing) = (0, Vec::new());
        for (path, named) in vector_files(&self.paths)? {
            let source = read_text(&path)?;
            let file = parse_one_json(&source)?;
            let Some(format) = Format::of(&file) else {
                if named {
                    return Err(unknown_format(&path).into());
                }
                terminal.say(&format!("{}: no vector file, passed over", path.display()));
                continue;
            };
            let unusable = |error: String| {
                Diagnostic::error("bad-vectors", format!("{}: {error}", path.display()))
                    .help("see the documentation of the format")
            };
            files += 1;
            let findings = self.judge(format, &file, terminal).map_err(unusable)?;
            if self.emit {
                for finding in &findings {
                    writeln!(terminal.out, "{}", json!({"id": finding.id, "output": finding.output}))?;
                }
                continue;
            }
            let counts = Counts::of(&findings);
            total.passed += counts.passed;
            total.failed += counts.failed;
            total.not_modelled += counts.not_modelled;
            match self.output {
                Output::Text => print_text(&path, format, counts, &findings, terminal)?,
                Output::Json => listing.push(listed(&path, counts, &findings)),
            }
        }
        if files == 0 {
            return Err(Diagnostic::error("nothing-matched", "no vector file found")
                .help("name files with a `schema` or `format` that podloss knows, or a folder with such")
                .into());
        }
        if self.emit {
            return Ok(exit_code::OK);
        }
        match self.output {
            Output::Json => terminal.print_json(&json!({
                "passed": total.passed, "failed": total.failed,
                "not_modelled": total.not_modelled, "files": listing,
            }))?,
            Output::Text if files > 1 => writeln!(terminal.out, "all {files} files: {}", total.words())?,
            Output::Text => {}
        }
        Ok(if total.failed > 0 { exit_code::EXPECTATION_FAILED } else { exit_code::OK })
    }

    fn judge(&self, format: Format, file: &Value, terminal: &Terminal<'_>) -> Result<Vec<Finding>, String> {
        let vectors = |outcomes: Vec<VectorOutcome>| outcomes.into_iter().map(Finding::from).collect();
        match format {
            Format::Hpa => hpa::run(file).map(vectors),
            Format::Lifecycle => lifecycle::run(file).map(vectors),
            Format::Live => {
                let rows = file.get("rows").and_then(Value::as_array).ok_or("rows: write a list")?;
                let progress = Progress::new(terminal.style.progress);
                progress.expect("rows", rows.len() as u64);
                let judge = |row| {
                    let finding = judge_row(row, self.emit);
                    progress.step();
                    finding
                };
                Ok(rows.iter().map(judge).collect())
            }
        }
    }
}

impl From<VectorOutcome> for Finding {
    fn from(outcome: VectorOutcome) -> Finding {
        let state = if outcome.mismatches.is_empty() { State::Passed } else { State::Failed };
        Finding { id: outcome.id, output: outcome.output, state, lines: outcome.mismatches }
    }
}

/// Predicts a row and, unless only the prediction is wanted, compares it.
fn judge_row(row: &Value, emit: bool) -> Finding {
    let id = row["name"].as_str().unwrap_or("unnamed").to_owned();
    let prediction = match live::predict(&row["parameters"]) {
        Ok(prediction) => prediction,
        Err(error) => {
            let lines = vec![format!("parameters: {error}")];
            return Finding { id, output: json!({"error": error}), state: State::Failed, lines };
        }
    };
    let output = prediction.as_ref().map_or(Value::Null, live::emitted);
    if emit {
        return Finding { id, output, state: State::Passed, lines: Vec::new() };
    }
    let comparison = live::compare_row(row, prediction.as_ref());
    let state = match comparison.verdict {
        Verdict::Holds => State::Passed,
        Verdict::Misses => State::Failed,
        Verdict::NotModelled => State::NotModelled,
    };
    Finding { id, output, state, lines: comparison.lines }
}

fn print_text(
    path: &Path,
    format: Format,
    counts: Counts,
    findings: &[Finding],
    terminal: &mut Terminal<'_>,
) -> Result<(), Failure> {
    writeln!(terminal.out, "{}: {}", path.display(), counts.words())?;
    for finding in findings {
        // A row's table is worth reading whether it holds or not.
        if finding.state == State::Passed && format != Format::Live && !terminal.style.verbose {
            continue;
        }
        writeln!(terminal.out, "  {} {}", finding.state.word(), finding.id)?;
        for line in &finding.lines {
            writeln!(terminal.out, "    {line}")?;
        }
    }
    Ok(())
}

fn listed(path: &Path, counts: Counts, findings: &[Finding]) -> Value {
    let state =
        |finding: &Finding| json!({"id": finding.id, "state": finding.state.word(), "lines": finding.lines});
    json!({
        "path": path.display().to_string(),
        "passed": counts.passed, "failed": counts.failed, "not_modelled": counts.not_modelled,
        "vectors": findings.iter().map(state).collect::<Vec<_>>(),
    })
}

fn unknown_format(path: &Path) -> Diagnostic {
    let known = [hpa::SCHEMA, lifecycle::FORMAT, live::FORMAT].join("`, `");
    Diagnostic::error("unknown-format", format!("{}: no vector file that podloss knows", path.display()))
        .help(format!("its `schema` or `format` should be one of `{known}`"))
}

/// Every file that is named, and the JSON files of every folder that is, sorted; with whether the
/// file itself was named.
fn vector_files(paths: &[PathBuf]) -> Result<Vec<(PathBuf, bool)>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut below = Vec::new();
            search(path, &mut below)?;
            found.extend(below.into_iter().map(|path| (path, false)));
        } else {
            found.push((path.clone(), true));
        }
    }
    Ok(found)
}

fn search(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| {
        let message = format!("cannot read {}: {}", folder.display(), reason(&error));
        Failure::from(Diagnostic::error("unreadable", message))
    };
    let entries: Result<Vec<_>, _> = fs::read_dir(folder).map_err(unreadable)?.collect();
    let mut paths: Vec<PathBuf> =
        entries.map_err(unreadable)?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        // Links to folders are not followed: they may lead in circles.
        if path.is_dir() && !path.is_symlink() {
            search(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    Ok(())
}
