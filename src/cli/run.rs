//! `podloss run`: simulate configurations and say what they lose.

use super::case_args::CaseArgs;
use super::failure::Failure;
use super::study_args::StudyArgs;
use super::terminal::Terminal;

/// Simulate a rollout or scaling event, and say what is lost, why, and what ends it
///
/// Takes Kubernetes manifests as they are (files, folders, lists of kubectl) or scenario files in
/// TOML. Several scenario files are several configurations, simulated with the same seeds;
/// manifests beside them belong to each.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss run web.yaml --rps 900 --event rollout@60s
  podloss run web.yaml --rps 900 --event rollout@60s --set preStop=20s --out out/
  podloss run web.yaml --from old.yaml --conns 200 --event rollout@60s
  helm template . | podloss run - --rps 200 --event scale=3@60s
  podloss run 1-readiness.toml 2-prestop.toml 3-grace.toml -o json

Exit code 3 if an expectation fails, 4 if the runs do not decide one.")]
pub(super) struct Run {
    /// Manifests (files, folders, `-` for standard input) and scenario files (.toml)
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    #[command(flatten)]
    case: CaseArgs,
    #[command(flatten)]
    study: StudyArgs,
}

impl Run {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let cases = self.case.read(&self.paths)?;
        self.study.run(&cases, terminal)
    }
}
