//! `podloss baseline`: a small text in git that says what scenarios lose.

use std::path::{Path, PathBuf};

use super::case_args::CaseArgs;
use super::failure::Failure;
use super::files::read_text;
use super::out_dir::write_whole;
use super::scenario_files::scenario_files;
use super::stop::Stop;
use super::study_args::simulate;
use super::terminal::Terminal;
use crate::config::inputs::Inputs;
use crate::diag::Diagnostic;
use crate::exit_code;
use crate::report::baseline::{Change, Entry, changes, read_baseline, write_baseline};
use crate::report::text::counted;
use crate::study::Options;

/// Keep a small text in git whose diff shows what a change does to losses and margins
#[derive(Debug, clap::Args)]
pub(super) struct Baseline {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Simulate the scenarios and write the baseline
    #[command(after_help = "\
Examples:
  podloss baseline update scenarios/
  podloss baseline update scenarios/ --file ci/podloss.baseline")]
    Update(What),
    /// Simulate the scenarios and say what differs from the baseline; exit code 3 if anything does
    #[command(after_help = "\
Examples:
  podloss baseline check scenarios/
  podloss baseline check scenarios/ --file ci/podloss.baseline")]
    Check(What),
}

#[derive(Clone, Debug, clap::Args)]
struct What {
    /// Scenarios (.toml), and folders with scenarios
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// The baseline
    #[arg(long, value_name = "FILE", default_value = "podloss.baseline")]
    file: PathBuf,
    #[command(flatten)]
    case: CaseArgs,
    /// Threads [default: one per core]; the result is the same for any number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Simulation")]
    threads: Option<u16>,
}

impl Baseline {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        match self.command {
            Command::Update(what) => what.update(terminal),
            Command::Check(what) => what.check(terminal),
        }
    }
}

impl What {
    fn update(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let stop = watch()?;
        // Of a part of the scenarios only that part is made anew.
        let mut kept = if self.file.exists() { read(&self.file)? } else { Vec::new() };
        kept.retain(|entry| !self.covers(entry));
        let entries = self.entries(&stop, terminal)?;
        if let Some(code) = stop.exit_code() {
            return Ok(code);
        }
        let (made, kept_count) = (entries.len(), kept.len());
        kept.extend(entries);
        kept.sort_by(|a, b| a.scenario.cmp(&b.scenario));
        write_whole(&self.file, |file| write_baseline(&kept, file))?;
        let file = self.file.display();
        terminal.say(&match kept_count {
            0 => format!("wrote {} to {file}", counted(made, "scenario")),
            kept => format!("wrote {} to {file}, kept {kept}", counted(made, "scenario")),
        });
        Ok(exit_code::OK)
    }

    fn check(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let mut before = read(&self.file)?;
        // Of a part of the scenarios only that part is checked.
        before.retain(|entry| self.covers(entry));
        let stop = watch()?;
        let entries = self.entries(&stop, terminal)?;
        if let Some(code) = stop.exit_code() {
            return Ok(code);
        }
        let found = changes(&before, &entries);
        let mut scenario = "";
        for change in &found {
            if change.scenario != scenario {
                scenario = &change.scenario;
                writeln!(terminal.out, "{scenario}")?;
            }
            writeln!(terminal.out, "  {}", words(change))?;
        }
        if found.is_empty() {
            let file = self.file.display();
            writeln!(terminal.out, "as in {file}: {}", counted(entries.len(), "scenario"))?;
            return Ok(exit_code::OK);
        }
        let paths = self.paths.join(" ");
        let file = self.file.display();
        terminal.say(&format!("if this is what you want: podloss baseline update {paths} --file {file}"));
        Ok(exit_code::EXPECTATION_FAILED)
    }

    /// Whether an entry is about one of the scenarios that are asked for.
    fn covers(&self, entry: &Entry) -> bool {
        self.paths.iter().any(|path| Path::new(&entry.scenario).starts_with(path))
    }

    /// The figures of every scenario at the central values of unmeasured inputs.
    fn entries(&self, stop: &Stop, terminal: &mut Terminal<'_>) -> Result<Vec<Entry>, Failure> {
        let mut entries = Vec::new();
        for file in scenario_files(&self.paths)? {
            let request = self.case.request(std::slice::from_ref(&file.path))?;
            let inputs = Inputs::read(&request, &mut std::io::empty())
                .and_then(|inputs| inputs.case(&[]).map(|_| inputs));
            let inputs = match inputs {
                Ok(inputs) => inputs,
                Err(_) if file.may_be_left_out() => {
                    terminal.say(&format!("{} is no scenario by itself and was left out", file.path));
                    continue;
                }
                Err(errors) => return Err(errors.into()),
            };
            let threads = self.threads.map(usize::from);
            let options = Options { threads, central_only: true, ..Options::default() };
            let result = simulate(&inputs, options, stop, terminal)?;
            if stop.asked() {
                return Ok(entries);
            }
            entries.push(Entry::of(&file.path, &result));
        }
        if entries.is_empty() {
            let message = "none of these files is a scenario that can be simulated";
            return Err(Diagnostic::error("nothing-to-test", message).into());
        }
        Ok(entries)
    }
}

fn watch() -> Result<Stop, Failure> {
    Stop::watch().map_err(|error| Failure::Failed(format!("cannot watch signals: {error}")))
}

fn read(file: &Path) -> Result<Vec<Entry>, Failure> {
    let source = read_text(file)?;
    read_baseline(&source.text).map_err(|(line, message)| {
        Diagnostic::error("bad-baseline", format!("{}:{line}: {message}", file.display()))
            .help("remove it, and make it anew with `podloss baseline update`")
            .into()
    })
}

fn words(change: &Change) -> String {
    match (&change.figure, &change.before, &change.after) {
        (None, None, _) => "is not in the baseline".to_owned(),
        (None, Some(_), _) => "is in the baseline and was not simulated".to_owned(),
        (Some(figure), before, after) => {
            let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
            format!("{figure}: {} -> {}", shown(before), shown(after))
        }
    }
}
