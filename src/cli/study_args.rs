//! Simulating cases and rendering what comes out, shared by `run` and `demo`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::failure::Failure;
use super::out_dir::OutDir;
use super::progress::Progress;
use super::render::{Output, print, write_folder};
use super::stop::Stop;
use super::terminal::Terminal;
use crate::config::inputs::Inputs;
use crate::diag::Diagnostic;
use crate::exit_code;
use crate::report::result::{StoredResult, check_expectations};
use crate::study::{self, Judgement, Options, StudyError, Until};

/// How to simulate, and where to put the result.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct StudyArgs {
    /// Leave the unmeasured inputs at their central values instead of trying their ranges
    #[arg(long, help_heading = "Simulation")]
    central: bool,
    /// Run until the 95 % interval of lost requests per run is within this share of the mean, such
    /// as 'ci95<=5%'; --runs is the cap then [default cap: 1000]
    #[arg(long, value_name = "CI95<=SHARE", value_parser = Until::parse_share, help_heading = "Simulation")]
    until: Option<f64>,
    /// Threads [default: one per core]; the result is the same for any number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Simulation")]
    threads: Option<u16>,
    /// Format on standard output
    #[arg(short, long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    output: Output,
    /// Folder for result.jsonl, summary.json, timeline.csv and the pictures
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,
    /// What an expectation counts as that the runs do not decide
    #[arg(long, value_name = "VERDICT", default_value = "fail", help_heading = "Output")]
    on_inconclusive: Inconclusive,
}

/// What the runs do not decide counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Inconclusive {
    /// Exit code 4
    Fail,
    /// Exit code 0
    Pass,
}

impl Inconclusive {
    pub(super) fn exit_code(self) -> u8 {
        match self {
            Inconclusive::Fail => exit_code::INCONCLUSIVE,
            Inconclusive::Pass => exit_code::OK,
        }
    }
}

impl StudyArgs {
    /// Simulates, prints and stores every case.
    ///
    /// # Errors
    /// A case that cannot be made, a destination that cannot be written.
    pub(super) fn run(self, inputs: &[Inputs], terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        self.check(inputs)?;
        let stop =
            Stop::watch().map_err(|error| Failure::Failed(format!("cannot watch signals: {error}")))?;
        let out = self.out.as_deref().map(OutDir::prepare).transpose()?;
        let mut results = Vec::new();
        for inputs in inputs {
            if stop.asked() {
                break;
            }
            terminal.diagnose(&inputs.case(&[])?.warnings);
            results.push(self.simulate(inputs, &stop, terminal)?);
        }
        if let Some(out) = &out {
            write_folder(&results, out)?;
        }
        print(&results, self.output, terminal)?;
        // Before the remark about it, in case both streams end in the same place.
        terminal.out.flush()?;
        if let Some(out) = &out {
            terminal.say(&format!("wrote {}", out.path().display()));
        }
        Ok(stop.exit_code().unwrap_or_else(|| self.verdict(&results)))
    }

    /// The format on standard output.
    pub(super) fn output(&self) -> Output {
        self.output
    }

    /// The folder for files.
    pub(super) fn out(&self) -> Option<&Path> {
        self.out.as_deref()
    }

    /// The exit code of what the runs do not decide.
    pub(super) fn inconclusive_code(&self) -> u8 {
        self.on_inconclusive.exit_code()
    }

    /// Finds what is wrong with any of the cases before the first is simulated.
    ///
    /// # Errors
    /// A case that cannot be made, or an expectation that makes no sense.
    pub(super) fn check<'i>(&self, inputs: impl IntoIterator<Item = &'i Inputs>) -> Result<(), Failure> {
        for inputs in inputs {
            let case = inputs.case(&[])?;
            check_expectations(&case).map_err(|error| Diagnostic::error("expectation", error.to_string()))?;
        }
        Ok(())
    }

    /// Simulates one case.
    ///
    /// # Errors
    /// A case that cannot be made, or threads that cannot be started.
    pub(super) fn simulate(
        &self,
        inputs: &Inputs,
        stop: &Stop,
        terminal: &mut Terminal<'_>,
    ) -> Result<StoredResult, Failure> {
        // The runs of a scenario are what it usually has, not the most that anybody waits for.
        let cap = inputs.runs_flag().unwrap_or(Until::CAP_DEFAULT);
        let options = Options {
            threads: self.threads.map(usize::from),
            central_only: self.central,
            until: self.until.map(|share| Until { share, cap }),
            effect_runs: None,
        };
        let result = simulate(inputs, options, stop, terminal)?;
        if let (Some(until), false) = (options.until, stop.asked()) {
            terminal.say(&until.words(&result.runs));
        }
        Ok(result)
    }

    /// The worst verdict on any expectation, as an exit code.
    fn verdict(&self, results: &[StoredResult]) -> u8 {
        let verdicts = || results.iter().flat_map(|result| &result.expectations).map(|judged| judged.verdict);
        if verdicts().any(|verdict| verdict == Judgement::Fail) {
            exit_code::EXPECTATION_FAILED
        } else if verdicts().any(|verdict| verdict == Judgement::Inconclusive) {
            self.inconclusive_code()
        } else {
            exit_code::OK
        }
    }
}

/// Simulates one case with progress.
///
/// # Errors
/// A case that cannot be made, or threads that cannot be started.
pub(super) fn simulate(
    inputs: &Inputs,
    options: Options,
    stop: &Stop,
    terminal: &mut Terminal<'_>,
) -> Result<StoredResult, Failure> {
    let progress = Progress::new(terminal.style.progress);
    let study = study::run(&|overrides| inputs.case(overrides), options, &progress, &|| stop.asked());
    drop(progress);
    let study = study.map_err(|error| match error {
        StudyError::Case(diagnostics) => Failure::Input(diagnostics),
        StudyError::Threads(error) => Failure::Failed(format!("cannot start threads: {error}")),
    })?;
    StoredResult::new(study).map_err(|error| Diagnostic::error("expectation", error.to_string()).into())
}

impl study::Progress for Progress {
    fn planned(&self, purpose: &str, runs: u32) {
        self.expect(purpose, runs.into());
    }

    fn done(&self) {
        self.step();
    }
}
