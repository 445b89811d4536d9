//! `podloss demo`: a scenario that needs no file.

use super::case_args::CaseArgs;
use super::failure::Failure;
use super::study_args::StudyArgs;
use super::terminal::Terminal;
use crate::config::inputs::{COMMAND_LINE, Inputs};

/// The embedded scenario: what `podloss run scenarios/demo/rollout.toml` reads.
const FILES: [(&str, &str); 2] = [
    ("rollout.toml", include_str!("../../scenarios/demo/rollout.toml")),
    ("web.yaml", include_str!("../../scenarios/demo/web.yaml")),
];

/// Run a small scenario that needs no file
///
/// A rollout of six pods behind ingress-nginx under 300 requests per second, without a preStop
/// hook. Every flag of `podloss run` works here, too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss demo
  podloss demo --set preStop=15s       what the usual remedy does
  podloss demo --out demo/             with pictures
  podloss demo --show > demo.txt       the files it is made of")]
pub(super) struct Demo {
    /// Print the scenario and the manifests instead of running them
    #[arg(long)]
    show: bool,
    #[command(flatten)]
    case: CaseArgs,
    #[command(flatten)]
    study: StudyArgs,
}

impl Demo {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        if self.show {
            for (name, text) in FILES {
                writeln!(terminal.out, "# --- {name}\n{text}")?;
            }
            return Ok(crate::exit_code::OK);
        }
        let request = self.case.request(&[FILES[0].0.to_owned()])?;
        let mut texts = vec![(COMMAND_LINE.to_owned(), request.to_text())];
        texts.extend(FILES.map(|(name, text)| (name.to_owned(), text.to_owned())));
        self.study.run(&[Inputs::stored(&texts)?], terminal)
    }
}
