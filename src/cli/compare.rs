//! `podloss compare`: is one configuration better than another?

use std::path::Path;

use super::case_args::CaseArgs;
use super::failure::Failure;
use super::git::Revision;
use super::out_dir::OutDir;
use super::render::{self, Output, write_picture};
use super::report;
use super::stop::Stop;
use super::study_args::StudyArgs;
use super::terminal::Terminal;
use crate::config::case::Override;
use crate::config::inputs::{Inputs, Request};
use crate::diag::Diagnostic;
use crate::exit_code;
use crate::report::comparison::{self, Comparison, DEFAULT_METRICS, Question, to_json};
use crate::report::pictures::overlay;
use crate::report::result::StoredResult;
use crate::study::{Change, Metric};

/// Say whether one configuration is better than another, run by run
///
/// Each PATH is one configuration: manifests (a file or folder), a scenario (.toml), or a stored
/// result (result.jsonl, or the folder that holds it). Everything is compared with the first one.
/// Equal seeds make equal requests, so differences are taken run by run and far fewer runs decide.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss compare before.yaml after.yaml --rps 900 --event rollout@60s
  podloss compare before.toml after.toml --out diff/
  podloss compare web.yaml --with preStop=20s --with 'preStop=20s grace=60' --conns 200 --event rollout@60s
  podloss compare monday/ friday/ --metric p99 --metric pod_hours --fail-on p99
  podloss compare --base main --rps 900 --event rollout@60s -- k8s/

With --base REV, the first configuration is PATH as it was in that git revision, the second this
very change (the pods of REV are replaced and stop by its spec), the third every rollout after it.
Scenarios among the paths are the experiment: they are taken from the working tree for all three.

A metric is better or worse when its whole 95 % interval lies beyond the tolerance, the same when
it lies within (without a tolerance: when no run differs), else inconclusive; fewer than 6 runs
never decide. Exit code 3 if a metric of --fail-on is worse, 4 if one is inconclusive, else 0.
More pods or a slower rollout is often what a fix costs, so only losses count unless you say so.")]
pub(super) struct Compare {
    /// Configurations: manifests, scenarios, stored results
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// The last PATH once more with knobs set: 'preStop=20s grace=60'; may be repeated
    #[arg(long, value_name = "KNOB=VALUE", help_heading = "Scenario")]
    with: Vec<String>,
    /// Compare the working tree with a git revision
    #[arg(long, value_name = "REV", conflicts_with_all = ["with", "from"], help_heading = "Scenario")]
    base: Option<String>,
    /// A metric to compare; may be repeated [default: losses, p99, rollout time, pods]
    #[arg(long = "metric", value_name = "METRIC", help_heading = "Comparison")]
    metrics: Vec<String>,
    /// Metrics that decide the exit code, separated by commas; `any` of the table, or `none`
    #[arg(
        long,
        value_name = "METRICS",
        default_value = "lost,rollouts_with_loss",
        value_delimiter = ',',
        help_heading = "Comparison"
    )]
    fail_on: Vec<String>,
    /// Differences up to this share of the first configuration's mean count as none: 2%, 0.02
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = share, help_heading = "Comparison")]
    tolerance: f64,
    #[command(flatten)]
    case: CaseArgs,
    #[command(flatten)]
    study: StudyArgs,
}

/// A configuration and how it is called.
struct Side {
    source: String,
    origin: SideOrigin,
}

enum SideOrigin {
    Stored(Box<StoredResult>),
    Simulated(Box<Inputs>),
}

impl Compare {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let question = self.question()?;
        let sides = match &self.base {
            Some(revision) => self.revisions(revision)?,
            None => self.sides()?,
        };
        let simulated = sides.iter().filter_map(|side| match &side.origin {
            SideOrigin::Simulated(inputs) => Some(&**inputs),
            SideOrigin::Stored(_) => None,
        });
        self.study.check(simulated)?;
        let stop =
            Stop::watch().map_err(|error| Failure::Failed(format!("cannot watch signals: {error}")))?;
        let out = self.study.out().map(OutDir::prepare).transpose()?;
        let (mut results, mut sources) = (Vec::new(), Vec::new());
        for side in sides {
            if stop.asked() {
                break;
            }
            sources.push(side.source);
            results.push(match side.origin {
                SideOrigin::Stored(result) => *result,
                SideOrigin::Simulated(inputs) => self.study.simulate(&inputs, &stop, terminal)?,
            });
        }
        let warned = ('A'..).zip(&results).filter(|(_, result)| !result.header.warnings.is_empty());
        let warned: Vec<String> = warned.map(|(letter, _)| letter.to_string()).collect();
        if !warned.is_empty() {
            let about = warned.join(", ");
            terminal.say(&format!("there are warnings about {about}: `podloss run` shows them"));
        }
        if let Some(code) = stop.exit_code() {
            terminal.tell("interrupted: nothing is compared");
            return Ok(code);
        }
        let compared = comparison::compare(&results, &sources, &question);
        if let Some(out) = &out {
            write_folder(&results, &compared, out)?;
        }
        self.print(&compared, terminal)?;
        terminal.out.flush()?;
        if let Some(out) = &out {
            terminal.say(&format!("wrote {}", out.path().display()));
        }
        Ok(self.exit_code(&compared))
    }

    fn question(&self) -> Result<Question, Failure> {
        let mut names: Vec<String> = self.metrics.clone();
        if names.is_empty() {
            names = DEFAULT_METRICS.map(str::to_owned).into();
        }
        let deciding: Vec<String> = match &self.fail_on[..] {
            [only] if only == "any" => names.clone(),
            [only] if only == "none" => Vec::new(),
            named => named.iter().map(|name| name.trim().to_owned()).collect(),
        };
        // What decides is shown.
        for name in &deciding {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let parse = |name: String| match Metric::parse(&name) {
            Ok(metric) => Ok((name.trim().to_owned(), metric)),
            Err(error) => Err(Diagnostic::error("metric", error.to_string())
                .help("`podloss explain` lists metrics; `lost`, `p99` and `pod_hours` are some")),
        };
        let metrics = names.into_iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Question { metrics, tolerance: self.tolerance, deciding })
    }

    /// One configuration for each path, and one more for each `--with`.
    fn sides(&self) -> Result<Vec<Side>, Failure> {
        let count = self.paths.len() + self.with.len();
        if !(2..=26).contains(&count) {
            let message = format!("a comparison needs 2 to 26 configurations, and there are {count}");
            return Err(Diagnostic::error("command-line", message)
                .help("name two paths, or one and `--with KNOB=VALUE`")
                .into());
        }
        let stored = self.paths.iter().filter(|path| is_stored(path)).count();
        if stored == count && self.case.request(&[])? != Request::default() {
            let message = "stored results stay what they are: flags that describe a case change nothing";
            return Err(Diagnostic::error("command-line", message)
                .help("leave the flags out, or name the scenario in place of the result")
                .into());
        }
        let mut sides = Vec::new();
        for path in &self.paths {
            let origin = if is_stored(path) {
                SideOrigin::Stored(Box::new(report::read(Path::new(path))?))
            } else {
                self.simulated(path, &[])?
            };
            sides.push(Side { source: path.clone(), origin });
        }
        let last = self.paths.last().expect("clap wants at least one path");
        for with in &self.with {
            if is_stored(last) {
                let message = format!("--with {with}: {last} is a stored result, which stays what it is");
                return Err(Diagnostic::error("command-line", message).into());
            }
            let origin = self.simulated(last, &overrides(with)?)?;
            sides.push(Side { source: format!("{last} with {}", with.trim()), origin });
        }
        Ok(sides)
    }

    fn simulated(&self, path: &str, more: &[Override]) -> Result<SideOrigin, Failure> {
        let mut request = self.case.request(&[path.to_owned()])?;
        request.overrides.extend_from_slice(more);
        Ok(SideOrigin::Simulated(Box::new(Inputs::read(&request, &mut std::io::stdin())?)))
    }

    /// The revision, this very change, and every rollout after it.
    fn revisions(&self, revision: &str) -> Result<Vec<Side>, Failure> {
        let (scenarios, manifests): (Vec<String>, Vec<String>) =
            self.paths.iter().cloned().partition(|path| path.to_ascii_lowercase().ends_with(".toml"));
        if manifests.is_empty() {
            return Err(Diagnostic::error("command-line", "--base: no manifests to look up in the revision")
                .help("name the manifests beside the scenario: `--base main -- load.toml k8s/`")
                .into());
        }
        let before = Revision::read(revision, &manifests)?;
        let request = self.case.request(&[&scenarios[..], &manifests[..]].concat())?;
        let now = Inputs::read(&request, &mut std::io::stdin())?;
        let here = manifests.join(" ");
        let side =
            |source: String, inputs: Inputs| Side { source, origin: SideOrigin::Simulated(Box::new(inputs)) };
        Ok(vec![
            side(format!("{revision}: {here}"), before.inputs(&request, &scenarios, &now)?),
            side(format!("{here}, this rollout"), before.replaced_by(&now)?),
            side(format!("{here}, later rollouts"), now),
        ])
    }

    fn print(&self, compared: &Comparison, terminal: &mut Terminal<'_>) -> Result<(), Failure> {
        match self.study.output() {
            Output::Text => comparison::write(compared, terminal.style.colour, terminal.out)?,
            Output::Json => terminal.print_json(&to_json(compared))?,
            Output::Csv => comparison::write_csv(compared, terminal.out)?,
        }
        Ok(())
    }

    fn exit_code(&self, compared: &Comparison) -> u8 {
        match compared.verdicts.iter().max() {
            Some(Change::Worse) => exit_code::EXPECTATION_FAILED,
            Some(Change::Inconclusive) => self.study.inconclusive_code(),
            _ => exit_code::OK,
        }
    }
}

/// The results as `run` writes them, and the comparison beside them.
fn write_folder(results: &[StoredResult], compared: &Comparison, out: &OutDir) -> Result<(), Failure> {
    render::write_folder(results, out)?;
    out.write("comparison.json", |file| {
        serde_json::to_writer_pretty(&mut *file, &to_json(compared)).map_err(std::io::Error::from)?;
        writeln!(file)
    })?;
    let labels: Vec<String> = compared.sides.iter().map(|side| side.letter.to_string()).collect();
    write_picture(&overlay(results, &labels), out)
}

fn is_stored(path: &str) -> bool {
    path.ends_with(".jsonl") || Path::new(path).join("result.jsonl").is_file()
}

/// `preStop=20s grace=60` as overrides.
fn overrides(text: &str) -> Result<Vec<Override>, Diagnostic> {
    let one = |part: &str| match part.split_once('=') {
        Some((knob, value)) if !knob.is_empty() => {
            Ok(Override { knob: knob.to_owned(), value: value.to_owned() })
        }
        _ => Err(Diagnostic::error("command-line", format!("--with {text}: `{part}` sets nothing"))
            .help("write `--with 'preStop=20s grace=60'`")),
    };
    let all: Vec<Override> = text.split_whitespace().map(one).collect::<Result<_, _>>()?;
    if all.is_empty() { Err(Diagnostic::error("command-line", "--with: sets nothing")) } else { Ok(all) }
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').map_or_else(
        || text.trim().parse::<f64>(),
        |percent| percent.trim().parse::<f64>().map(|percent| percent / 100.0),
    );
    match number {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("write a share from 0 to 1, such as `2%` or `0.02`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_takes_several_knobs_and_refuses_none() {
        let all = overrides(" preStop=20s  grace=60 ").unwrap();
        assert_eq!(all.iter().map(|o| o.knob.as_str()).collect::<Vec<_>>(), ["preStop", "grace"]);
        for text in ["", "preStop", "=3"] {
            assert!(overrides(text).is_err(), "{text}");
        }
        assert_eq!((share("2%"), share("0.02")), (Ok(0.02), Ok(0.02)));
        assert!(share("-1%").is_err() && share("x").is_err() && share("nan").is_err());
    }
}
