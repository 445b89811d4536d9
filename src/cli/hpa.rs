//! `podloss hpa`: what the autoscaler decides, and why.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::failure::Failure;
use super::files::{parse_json, read_text};
use super::hpa_replay::{Replay, minor_of};
use super::terminal::Terminal;
use crate::diag::Diagnostic;
use crate::exit_code;
use crate::hpa_state::Request;
use crate::model::hpa;
use crate::report::hpa::explain;

/// Ask the HorizontalPodAutoscaler's own rules
#[derive(Debug, clap::Args)]
pub(super) struct Hpa {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Decide(Decide),
    Replay(Box<Replay>),
}

/// What the controller would do now, and why
///
/// Reads one reconcile: either podloss's own JSON input, or what kubectl prints about an
/// autoscaler, its target, its pods and their metrics.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss hpa decide --input state.json
  podloss hpa decide --input state.json -o json
  cat objects.json metrics.json | podloss hpa decide --input - --hpa web --kubernetes 1.33
  (kubectl get hpa,deploy,pods -o json; \\
   kubectl get --raw /apis/metrics.k8s.io/v1beta1/namespaces/default/pods) |
    podloss hpa decide --input - --hpa web")]
struct Decide {
    /// One input, or objects and lists as kubectl prints them; `-` is standard input
    #[arg(long, short, value_name = "FILE")]
    input: PathBuf,
    /// Which autoscaler, if the input holds several
    #[arg(long, value_name = "NAME")]
    hpa: Option<String>,
    /// The cluster's version, for what kubectl prints [default: 1.35]
    #[arg(long, value_name = "1.N")]
    kubernetes: Option<String>,
    /// Format on standard output
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
}

impl Hpa {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        match self.command {
            Command::Decide(decide) => decide.run(terminal),
            Command::Replay(replay) => replay.run(terminal),
        }
    }
}

impl Decide {
    fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let source = read_text(&self.input)?;
        let values = parse_json(&source)?;
        let minor = self.kubernetes.as_deref().map(minor_of).transpose()?;
        let request = Request::from_values(values, self.hpa.as_deref(), None, minor).map_err(|error| {
            let field = if error.path.is_empty() { String::new() } else { format!(": {}", error.path) };
            Diagnostic::error("bad-input", format!("{}{field}: {}", source.name, error.message))
        })?;
        let remarks = request.state().map_or(&[][..], |state| &state.remarks);
        match (self.output, request.state()) {
            (Output::Text, Some(state)) => {
                let input = state.input();
                write!(terminal.out, "{}", explain(&input, &hpa::decide(&input), &state.names))?;
            }
            // The single stages exist for machines and have no words of their own.
            _ => terminal.print_json(&request.run())?,
        }
        // Before the remarks, in case both streams end in the same place.
        terminal.out.flush()?;
        remarks.iter().for_each(|remark| terminal.say(remark));
        Ok(exit_code::OK)
    }
}
