//! The flags that describe a case, shared by every command that simulates one.

use std::io;

use super::failure::Failure;
use super::knob_flags::KnobFlags;
use crate::config::case::Override;
use crate::config::inputs::{Inputs, Request};
use crate::diag::Diagnostic;

/// What a case is beside its files.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct CaseArgs {
    /// What happens and when: rollout@60s, rollback@5m, scale=10@2m, kill-pod=3@90s, crash-pod@90s,
    /// oom-kill@90s, drain@60s, lose-node@60s, lose-zone@60s, slow=3,30s@60s, dependency-down=30s@60s,
    /// stale-front-end=1,5m@60s, blue-green=30s@60s, canary=20%,1m@60s,
    /// routed-canary=20%,1m,old=30s@60s, deletion-cost=-100,2@60s, and ingress-rollout@60s and the
    /// like where the front end's processes are pods; may be repeated
    #[arg(long = "event", value_name = "DO@TIME", help_heading = "Scenario")]
    events: Vec<String>,
    /// Manifests that ran before: the pods that a first rollout replaces stop by these
    #[arg(long, value_name = "PATH", help_heading = "Scenario")]
    from: Vec<String>,
    /// Set any knob or field: preStop=20s, front_end.tries=3, Deployment/web:spec.replicas=6;
    /// may be repeated
    #[arg(long, value_name = "KNOB=VALUE", help_heading = "Scenario")]
    set: Vec<String>,
    /// What must hold: "lost == 0", "margin.removal >= 5s"; may be repeated
    #[arg(long = "expect", value_name = "EXPECTATION", help_heading = "Scenario")]
    expectations: Vec<String>,
    /// Seed of all random draws [default: 1]
    #[arg(long, value_name = "N", help_heading = "Simulation")]
    seed: Option<u64>,
    /// How many runs [default: 60]
    #[arg(long, value_name = "N", help_heading = "Simulation")]
    runs: Option<u32>,
    #[command(flatten)]
    knobs: KnobFlags,
}

impl CaseArgs {
    /// What was asked for about these files.
    ///
    /// # Errors
    /// A `--set` without a value.
    pub(super) fn request(&self, paths: &[String]) -> Result<Request, Failure> {
        let set = self.set.iter().map(|text| match text.split_once('=') {
            Some((knob, value)) => Ok(Override { knob: knob.to_owned(), value: value.to_owned() }),
            None => Err(Diagnostic::error("command-line", format!("--set {text}: sets nothing"))
                .help("write `--set KNOB=VALUE`, such as `--set preStop=20s`")),
        });
        Ok(Request {
            paths: paths.to_vec(),
            from: self.from.clone(),
            settings: self.knobs.settings.clone(),
            events: self.events.clone(),
            expectations: self.expectations.clone(),
            overrides: set.collect::<Result<_, _>>()?,
            seed: self.seed,
            runs: self.runs,
        })
    }

    /// Reads the files of every configuration.
    ///
    /// # Errors
    /// Everything that is wrong with flags and files.
    pub(super) fn read(&self, paths: &[String]) -> Result<Vec<Inputs>, Failure> {
        let mut stdin = io::stdin();
        let configurations = self.request(paths)?.configurations();
        let inputs = configurations.iter().map(|request| Inputs::read(request, &mut stdin));
        Ok(inputs.collect::<Result<_, _>>()?)
    }
}
