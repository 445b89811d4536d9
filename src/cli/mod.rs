//! The `podloss` command, one file per subcommand.
//!
//! [`main`] parses, calls the subcommand, and turns what comes back into an exit code. A
//! subcommand is a struct of arguments with `run(self, &mut Terminal) -> Result<u8, Failure>`;
//! adding one takes its `mod` line and its line in the list of commands below. Results go to
//! standard output, everything else to standard error.

mod advise;
mod baseline;
mod case_args;
mod check;
mod compare;
mod completion;
mod conform;
mod demo;
mod explain;
mod failure;
mod files;
mod git;
mod hpa;
mod hpa_replay;
mod init;
mod knob_flags;
mod merge;
mod out_dir;
mod presets;
mod progress;
mod render;
mod report;
mod run;
mod scenario_files;
mod schema;
mod stop;
mod study_args;
mod sweep;
mod terminal;
mod test;
mod why;

use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal};

use clap::{ColorChoice, Parser, Subcommand};

use self::failure::Failure;
use self::terminal::{Style, Terminal};
use crate::exit_code;

/// How many requests a Kubernetes service loses when it scales or rolls out, why, and what ends it
///
/// podloss takes the manifests you have and a load, simulates every request through a model of the
/// cluster around it, and counts what is lost, with which status and by which cause.
#[derive(Debug, Parser)]
#[command(name = "podloss", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(flatten)]
    manner: Manner,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  podloss demo                                         no file needed
  podloss run web.yaml --rps 900 --event rollout@60s   your manifests, a load, a rollout
  podloss run web.yaml --rps 900 --event rollout@60s --set preStop=20s --out out/
  podloss report out/result.jsonl -o json              a stored result, rendered anew
  podloss check web.yaml                               timing lint, no simulation

Exit codes: 0 all well; 1 podloss or its output failed; 2 usage or input; 3 an expectation or
comparison failed; 4 inconclusive; 130 and 143 interrupted, partial results kept.";

/// How to talk.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Talking")]
struct Manner {
    /// Print results and errors only: no progress, no warnings, no hints
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Print more
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
    /// Colours; by default on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
}

/// The list of commands: the variant, the module's struct of arguments.
macro_rules! commands {
    ($($variant:ident($arguments:ty),)*) => {
        #[derive(Debug, Subcommand)]
        enum Command { $($variant($arguments),)* }

        impl Command {
            fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
                match self { $(Command::$variant(arguments) => arguments.run(terminal),)* }
            }
        }
    };
}

commands! {
    Run(run::Run),
    Demo(demo::Demo),
    Init(init::Init),
    Advise(advise::Advise),
    Compare(compare::Compare),
    Test(test::Test),
    Baseline(baseline::Baseline),
    Sweep(sweep::Sweep),
    Merge(merge::Merge),
    Report(report::Report),
    Why(why::Why),
    Check(check::Check),
    Explain(explain::Explain),
    Presets(presets::Presets),
    Hpa(hpa::Hpa),
    Conform(conform::Conform),
    Schema(schema::Schema),
    Completion(completion::Completion),
}

/// Runs the command with these arguments (the first is the program's name) on the process's own
/// streams, and gives the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(answer) => return print_answer(&answer),
    };
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let Manner { quiet, verbose, color } = cli.manner;
    let colours = |is_terminal: bool| match color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => is_terminal && terminal::environment_allows_colour(),
    };
    let style = Style {
        quiet,
        verbose,
        colour: colours(stdout.is_terminal()),
        colour_talk: colours(stderr.is_terminal()),
        progress: !quiet && stderr.is_terminal() && terminal::environment_allows_progress(),
    };
    let (mut out, mut talk) = (BufWriter::new(stdout.lock()), stderr);
    let mut terminal = Terminal::new(&mut out, &mut talk, style);
    let result = cli.command.run(&mut terminal);
    finish(result, &mut terminal)
}

/// Writes what is left and tells what failed.
fn finish(result: Result<u8, Failure>, terminal: &mut Terminal<'_>) -> u8 {
    let result = result.and_then(|code| {
        terminal.out.flush()?;
        Ok(code)
    });
    result.unwrap_or_else(|failure| {
        // What was computed before an input turned out to be wrong is still worth its lines.
        let _ = terminal.out.flush();
        failure.tell(terminal)
    })
}

/// Help, version or a usage error, which the parser has already put into words.
fn print_answer(answer: &clap::Error) -> u8 {
    let code = if answer.use_stderr() { exit_code::INVALID_INPUT } else { exit_code::OK };
    match answer.print() {
        Err(error) if !answer.use_stderr() && error.kind() != io::ErrorKind::BrokenPipe => exit_code::FAILED,
        _ => code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_make_sense_and_every_command_has_examples() {
        Cli::command().debug_assert();
        for command in Cli::command().get_subcommands() {
            let leaves: Vec<_> = command.get_subcommands().filter(|sub| sub.get_name() != "help").collect();
            for leaf in if leaves.is_empty() { vec![command] } else { leaves } {
                let help = leaf.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("Example"), "podloss {}: no examples", leaf.get_name());
                assert!(leaf.get_about().is_some(), "podloss {}: no line in the list", leaf.get_name());
            }
        }
    }
}
