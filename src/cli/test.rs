//! `podloss test`: scenarios with expectations, run like tests.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use super::case_args::CaseArgs;
use super::failure::Failure;
use super::out_dir::write_whole;
use super::scenario_files::{ScenarioFile, scenario_files};
use super::stop::Stop;
use super::study_args::{Inconclusive, simulate};
use super::terminal::Terminal;
use crate::config::inputs::Inputs;
use crate::diag::{Diagnostic, Place};
use crate::exit_code;
use crate::lint::{Report, judge};
use crate::report::result::check_expectations;
use crate::report::suite::{self, Outcome, Tested, Verdict};
use crate::report::text::counted;
use crate::study::Options;

/// Run scenarios and judge what they expect, like a test runner
///
/// Of a folder, every scenario (.toml) that expects something is run, those in folders below it
/// too; the others are layers of them and are left out. Expectations are judged at the central
/// values of unmeasured inputs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss test scenarios/
  podloss test scenarios/ --junit podloss.xml --sarif podloss.sarif
  podloss test web.toml --expect 'margin.removal >= 5s'

Exit code 2 if a scenario cannot be simulated or none expects anything, 3 if an expectation fails,
4 if the runs do not decide one. On GitHub Actions (GITHUB_ACTIONS=true) what does not pass becomes
an annotation, and a table is appended to the step's summary.")]
pub(super) struct Test {
    /// Scenarios (.toml), and folders with scenarios
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    #[command(flatten)]
    case: CaseArgs,
    /// Threads [default: one per core]; the result is the same for any number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Simulation")]
    threads: Option<u16>,
    /// Write the outcome as JUnit XML
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    junit: Option<PathBuf>,
    /// Write what does not hold, and what the lint finds in the same manifests, as SARIF 2.1.0
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    sarif: Option<PathBuf>,
    /// What an expectation counts as that the runs do not decide
    #[arg(long, value_name = "VERDICT", default_value = "fail", help_heading = "Output")]
    on_inconclusive: Inconclusive,
}

impl Test {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let files = scenario_files(&self.paths)?;
        let stop =
            Stop::watch().map_err(|error| Failure::Failed(format!("cannot watch signals: {error}")))?;
        let mut all: Vec<Tested> = Vec::new();
        let mut findings = Report::default();
        let mut silent = 0;
        for file in &files {
            let tested = self.test(file, &stop, &mut findings, terminal)?;
            // What was broken off is judged by too few runs.
            if stop.asked() {
                break;
            }
            let Some(tested) = tested else {
                silent += 1;
                continue;
            };
            suite::write_line(&tested, terminal.style.colour, terminal.out)?;
            terminal.out.flush()?;
            all.push(tested);
        }
        if all.is_empty() && !stop.asked() {
            let message = format!("nothing to test: {} and no expectation", counted(files.len(), "scenario"));
            return Err(Diagnostic::error("nothing-to-test", message)
                .help("write [[expect]] with metric = \"lost\" and is = \"== 0\" into a scenario")
                .into());
        }
        suite::write_failures(&all, terminal.style.colour, terminal.out)?;
        terminal.out.flush()?;
        if silent > 0 {
            terminal.say(&format!("left out, without expectations: {}", counted(silent, "scenario")));
        }
        if let Some(path) = &self.junit {
            let passes = self.on_inconclusive == Inconclusive::Pass;
            write_whole(path, |file| suite::write_junit(&all, passes, file))?;
        }
        if let Some(path) = &self.sarif {
            write_whole(path, |file| suite::write_sarif(&all, &findings, file))?;
        }
        tell_github(&all, terminal)?;
        Ok(stop.exit_code().unwrap_or_else(|| self.exit_code(&all)))
    }

    /// What came of a scenario; `None` for one found in a folder that expects nothing. What the lint
    /// says of its manifests goes to `findings` if anybody asks.
    fn test(
        &self,
        file: &ScenarioFile,
        stop: &Stop,
        findings: &mut Report,
        terminal: &mut Terminal<'_>,
    ) -> Result<Option<Tested>, Failure> {
        let tested = |outcome, places| Ok(Some(Tested { file: file.path.clone(), outcome, places }));
        let broken = |errors: Vec<Diagnostic>| {
            let words = errors.iter().filter(|error| error.is_error()).map(Diagnostic::to_string);
            tested(Outcome::Broken(words.collect()), Vec::new())
        };
        let request = self.case.request(std::slice::from_ref(&file.path))?;
        let inputs = match Inputs::read(&request, &mut std::io::empty()) {
            Ok(inputs) => inputs,
            Err(_) if file.may_be_left_out() => return Ok(None),
            Err(errors) => return broken(errors),
        };
        let checked = inputs.case(&[]).and_then(|case| match check_expectations(&case) {
            Ok(()) => Ok(case.expectations),
            Err(error) => Err(vec![Diagnostic::error("expectation", error.to_string())]),
        });
        let expectations = match checked {
            Ok(expectations) => expectations,
            Err(_) if file.may_be_left_out() => return Ok(None),
            Err(errors) => return broken(errors),
        };
        if expectations.is_empty() {
            return if file.named {
                let message = format!("{} expects nothing", file.path);
                broken(vec![Diagnostic::error("nothing-to-test", message)])
            } else {
                Ok(None)
            };
        }
        if self.sarif.is_some() {
            match judge(&inputs) {
                Ok(found) => findings.join(found),
                Err(errors) => return broken(errors),
            }
        }
        let place = |place: &Place| (place.file().to_owned(), place.line());
        let places = expectations.iter().map(|expectation| expectation.place.as_ref().map(place)).collect();
        let options =
            Options { threads: self.threads.map(usize::from), central_only: true, ..Options::default() };
        match simulate(&inputs, options, stop, terminal) {
            Ok(result) => tested(Outcome::Judged(result.expectations), places),
            Err(Failure::Input(errors)) => broken(errors),
            Err(failure) => Err(failure),
        }
    }

    fn exit_code(&self, all: &[Tested]) -> u8 {
        match all.iter().map(Tested::verdict).max() {
            Some(Verdict::Broken) => exit_code::INVALID_INPUT,
            Some(Verdict::Fail) => exit_code::EXPECTATION_FAILED,
            Some(Verdict::Inconclusive) => self.on_inconclusive.exit_code(),
            Some(Verdict::Pass) | None => exit_code::OK,
        }
    }
}

/// Annotations are read from standard error too; the summary is a file that GitHub names.
fn tell_github(all: &[Tested], terminal: &mut Terminal<'_>) -> Result<(), Failure> {
    if std::env::var_os("GITHUB_ACTIONS").is_none_or(|value| value != "true") {
        return Ok(());
    }
    suite::annotations(all).iter().for_each(|line| terminal.tell(line));
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let path = PathBuf::from(path);
    let mut table = Vec::new();
    suite::write_step_summary(all, &mut table)?;
    let appended = fs::OpenOptions::new().create(true).append(true).open(&path);
    appended.and_then(|mut file| file.write_all(&table)).map_err(|error| Failure::unwritable(&path, &error))
}
