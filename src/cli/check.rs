//! `podloss check`: the timing lint.

use clap::ValueEnum;

use super::case_args::CaseArgs;
use super::failure::Failure;
use super::terminal::Terminal;
use crate::diag::Severity;
use crate::exit_code;
use crate::lint::{Report, judge};
use crate::report::findings::{Format, render};

/// Check the timing of manifests without simulating
///
/// Looks for settings that do not fit each other: serving time after deletion against the front
/// end's removal, hooks against grace, probes against start-up, keep-alive on both sides, and more.
/// Every workload of a file, a folder or a whole cluster's dump is judged, the worst first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss check web.yaml
  podloss check web.yaml --rps 900 --startup 8s..15s --on-stop drain     know more, judge more
  kubectl get deploy,svc,ingress,hpa,pdb,pods -A -o yaml | podloss check -
  podloss check k8s/ --workload deploy/web
  podloss check k8s/ -o sarif > podloss.sarif     for code scanning
  podloss check k8s/ -o github                    annotations in a workflow

To allow a finding, annotate its workload: `podloss.dev/allow: PL012`. `podloss explain PL012` tells
why the rule is there. Exit code 3 if a rule finds an error; warnings alone give 0.")]
pub(super) struct Check {
    /// Manifests (files, folders, `-` for standard input) and scenario files (.toml)
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    #[command(flatten)]
    case: CaseArgs,
    /// Format on standard output
    #[arg(short, long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
    Github,
    Sarif,
}

impl Check {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let mut report = Report::default();
        for inputs in self.case.read(&self.paths)? {
            report.join(judge(&inputs)?);
        }
        let format = match self.output {
            Output::Text => Format::Text { color: terminal.style.colour },
            Output::Json => Format::Json,
            Output::Github => Format::Github,
            Output::Sarif => Format::Sarif,
        };
        write!(terminal.out, "{}", render(&report, format))?;
        let failed = report.count(Severity::Error) > 0;
        Ok(if failed { exit_code::EXPECTATION_FAILED } else { exit_code::OK })
    }
}
