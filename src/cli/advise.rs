//! `podloss advise`: the cheapest setting that holds.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::case_args::CaseArgs;
use super::failure::Failure;
use super::out_dir::write_whole;
use super::progress::Progress;
use super::stop::Stop;
use super::terminal::Terminal;
use crate::advise::{self, Advice, Conclusion, Goal, NoAdvice, Question, Wish, advise};
use crate::config::expectations::parse_expectation;
use crate::config::inputs::Inputs;
use crate::config::scenario::sweep_values;
use crate::config::settings::Layer;
use crate::config::statements::setting;
use crate::diag::Diagnostic;
use crate::exit_code;
use crate::report::advice;

/// Find the cheapest setting that holds whatever the unmeasured inputs are
///
/// Turns preStop, grace period, readiness probe, minReadySeconds, maxSurge, maxUnavailable and the
/// autoscaler until every goal holds at every end of the ranges of what nobody measured: in the
/// scenario as written, a rollout, a rollback, scale-in, a deleted pod, and the faults that this
/// version simulates. Each value comes with the mechanism that bounds it and its side costs; the
/// patch is applied to the manifests and run with fresh seeds before it is printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss advise web.toml
  podloss advise web.toml --goal 'rollouts_with_loss == 0' --goal 'p99 < 300ms' --patch patch.yaml
  podloss advise web.yaml --rps 900 --removal 5s..20s --knob preStop --knob grace
  podloss advise web.yaml --rps 900 --knob hpa.min=3,4,6,8 --knob hpa.cpu=80,70,60 -o json
  podloss advise web.toml --cost rollout-time

A goal is asked of every combination of trial and unknowns; `podloss explain` lists the metrics. The
values of --knob are the grid, the cheapest first; knobs without values have a grid of their own:
hpa.min, hpa.cpu, hpa.scaleDown.window, hpa.scaleUp.window, maxSurge, maxUnavailable, preStop, grace,
minReadySeconds, readiness.periodSeconds, readiness.failureThreshold, readiness.successThreshold,
readiness.timeoutSeconds. By pod-hours the autoscaler may become smaller than it is, by rollout-time
the strategy may become quicker; everything else is only raised.

Exit code 0 if a setting holds over the whole ranges, 3 if nothing holds, 4 if it holds only in a part
of the ranges or fresh seeds do not confirm it.")]
pub(super) struct Advise {
    /// One scenario (.toml) or manifests
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// What must hold; may be repeated [default: "rollouts_with_loss == 0"]
    #[arg(long = "goal", value_name = "GOAL", help_heading = "Advice")]
    goals: Vec<String>,
    /// What to keep small
    #[arg(long, value_name = "COST", default_value = "pod-hours", help_heading = "Advice")]
    cost: Cost,
    /// A knob to turn, alone or with its values, the cheapest first: preStop=0s..60s/5s; may be
    /// repeated [default: every knob that fits]
    #[arg(long = "knob", value_name = "KNOB[=VALUES]", help_heading = "Advice")]
    knobs: Vec<String>,
    /// Write the patch to this file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    patch: Option<PathBuf>,
    /// Format on standard output
    #[arg(short, long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    output: Output,
    /// Threads [default: one per core]; the result is the same for any number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Simulation")]
    threads: Option<u16>,
    #[command(flatten)]
    case: CaseArgs,
}

/// What to keep small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Cost {
    /// Pods over time
    PodHours,
    /// The time that rollouts take
    RolloutTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// One page
    Text,
    /// One object
    Json,
    /// The patch alone
    Yaml,
}

/// Fresh runs in every cell of the verification when nobody says.
const RUNS: u32 = 6;
const DEFAULT_GOAL: &str = "rollouts_with_loss == 0";

impl Advise {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let inputs = self.inputs()?;
        let question = self.question(&inputs)?;
        terminal.diagnose(&inputs.case(&[])?.warnings);
        let stop =
            Stop::watch().map_err(|error| Failure::Failed(format!("cannot watch signals: {error}")))?;
        let progress = Progress::new(terminal.style.progress);
        let advice = advise(&inputs, question, &progress, &|| stop.asked());
        drop(progress);
        let advice = match advice {
            Ok(advice) => advice,
            Err(NoAdvice::Input(errors)) => return Err(errors.into()),
            Err(NoAdvice::Failed(error)) => return Err(Failure::Failed(error)),
            Err(NoAdvice::Stopped) => {
                terminal.tell("interrupted: there is no advice");
                return Ok(stop.exit_code().unwrap_or(exit_code::INTERRUPTED));
            }
        };
        match self.output {
            Output::Text => advice::write(&advice, terminal.style.colour, terminal.out)?,
            Output::Json => terminal.print_json(&advice::to_json(&advice))?,
            Output::Yaml => write!(terminal.out, "{}", advice::to_yaml(&advice))?,
        }
        terminal.out.flush()?;
        if let Some(file) = &self.patch {
            self.write_patch(file, &advice, terminal)?;
        }
        Ok(match advice.conclusion {
            Conclusion::Holds => exit_code::OK,
            Conclusion::Nothing(_) => exit_code::EXPECTATION_FAILED,
            Conclusion::Narrowed(_) | Conclusion::Undecided(_) => exit_code::INCONCLUSIVE,
        })
    }

    fn write_patch(&self, file: &Path, advice: &Advice, terminal: &mut Terminal<'_>) -> Result<(), Failure> {
        write_whole(file, |out| out.write_all(advice::to_yaml(advice).as_bytes()))?;
        let objects = advice.patch.objects.iter();
        let of: Vec<String> =
            objects.map(|(kind, name)| format!("{}/{name}", kind.to_ascii_lowercase())).collect();
        let what = match of.as_slice() {
            [] => "there is no patch, and it says so".to_owned(),
            of => format!("a document each for {}", of.join(" and ")),
        };
        terminal.say(&format!("wrote {}: {what}", file.display()));
        Ok(())
    }

    fn inputs(&self) -> Result<Inputs, Failure> {
        let mut all = self.case.read(&self.paths)?;
        match (all.pop(), all.is_empty()) {
            (Some(one), true) => Ok(one),
            _ => Err(Diagnostic::error("command-line", "advice is for one scenario")
                .help("ask for one after the other")
                .into()),
        }
    }

    fn question(&self, inputs: &Inputs) -> Result<Question, Failure> {
        let runs = inputs.runs_flag().unwrap_or(RUNS);
        let texts = if self.goals.is_empty() { vec![DEFAULT_GOAL.to_owned()] } else { self.goals.clone() };
        let goal = |text: &String| {
            parse_expectation(text).and_then(|wanted| Goal::parse(&wanted, runs)).map_err(|error| {
                Diagnostic::error("goal", format!("--goal \"{text}\": {error}"))
                    .help("write --goal \"rollouts_with_loss == 0\" or --goal \"p99 < 300ms\"")
            })
        };
        Ok(Question {
            goals: texts.iter().map(goal).collect::<Result<_, _>>()?,
            cost: match self.cost {
                Cost::PodHours => advise::Cost::PodHours,
                Cost::RolloutTime => advise::Cost::RolloutTime,
            },
            wishes: self.knobs.iter().map(|text| wish(text)).collect::<Result<_, _>>()?,
            runs,
            threads: self.threads.map(usize::from),
        })
    }
}

/// `preStop` or `preStop=0s..60s/5s`.
fn wish(text: &str) -> Result<Wish, Diagnostic> {
    let Some((name, values)) = text.split_once('=') else {
        return Ok(Wish { name: text.trim().to_owned(), values: None });
    };
    let values = sweep_values(values)
        .map_err(|message| Diagnostic::error("command-line", format!("--knob {text}: {message}")))?;
    for value in &values {
        setting(name.trim(), value, Layer::Override)?;
    }
    Ok(Wish { name: name.trim().to_owned(), values: Some(values) })
}
