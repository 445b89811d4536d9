//! `podloss presets`: what is assumed of front ends and of how processes stop.

use clap::{Subcommand, ValueEnum};

use super::failure::Failure;
use super::terminal::Terminal;
use crate::config::presets::{front_end, front_ends, termination, terminations};
use crate::diag::Diagnostic;
use crate::exit_code;
use crate::report::presets as pages;

/// Show what is assumed of front ends and of how processes stop
///
/// Every parameter with its value, its plausible range, where it comes from (documented, measured,
/// guess), and the knob that sets it.
#[derive(Debug, clap::Args)]
pub(super) struct Presets {
    #[command(subcommand)]
    sort: Sort,
}

#[derive(Debug, Subcommand)]
enum Sort {
    FrontEnd(FrontEnd),
    Termination(OfTermination),
}

/// Front ends: what stands between users and pods
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss presets front-end
  podloss presets front-end aws-alb-ip
  podloss presets front-end aws-alb-ip -o json")]
struct FrontEnd {
    /// One preset in full
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Format on standard output
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

/// Termination: what a process does on its stop signal
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss presets termination
  podloss presets termination spring-graceful
  podloss run web.yaml --rps 100 --event rollout@60s --on-stop spring-graceful")]
struct OfTermination {
    /// One preset
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Format on standard output
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
}

impl Presets {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        match self.sort {
            Sort::FrontEnd(FrontEnd { name, output }) => {
                let shown = match &name {
                    Some(name) => vec![front_end(name).map_err(|help| unknown(name, "front end", help))?],
                    None => front_ends().collect(),
                };
                match (output, name) {
                    (Output::Json, _) => terminal.print_json(&pages::front_ends_json(&shown))?,
                    (Output::Text, None) => write!(terminal.out, "{}", pages::front_ends(&shown))?,
                    (Output::Text, Some(_)) => write!(terminal.out, "{}", pages::front_end(shown[0]))?,
                }
            }
            Sort::Termination(OfTermination { name, output }) => {
                let all =
                    terminations().filter(|preset| name.as_ref().is_none_or(|name| preset.name == name));
                let shown: Vec<_> = all.collect();
                if let (Some(name), true) = (&name, shown.is_empty()) {
                    let help = termination(name).err().unwrap_or_default();
                    return Err(unknown(name, "way to stop", help).into());
                }
                match output {
                    Output::Json => terminal.print_json(&pages::terminations_json(&shown))?,
                    Output::Text => write!(terminal.out, "{}", pages::terminations(&shown))?,
                }
            }
        }
        Ok(exit_code::OK)
    }
}

fn unknown(name: &str, what: &str, help: String) -> Diagnostic {
    Diagnostic::error("no-such-preset", format!("`{name}` is no preset of a {what}")).help(help)
}
