//! `podloss why`: the clock of a lost request.

use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use serde_json::Value;

use super::failure::Failure;
use super::report::read;
use super::terminal::Terminal;
use crate::config::case::{Case, Override};
use crate::config::inputs::Inputs;
use crate::diag::Diagnostic;
use crate::exit_code;
use crate::model::outcome::{Cause, Method};
use crate::report::result::StoredResult;
use crate::report::why;
use crate::study::why::{Story, Traced};

/// Tell why a request was lost, beside the life of the pod that failed it
///
/// Simulates the stored run again and follows one request per cause: what the pod, the endpoints
/// and the front end did on one clock, what every attempt met, and the smallest change of one knob
/// with which the same request is answered.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  podloss why out/result.jsonl                             one story per cause
  podloss why out/ --cause killed_in_flight
  podloss why out/ --request 54012 --run 3 -o json
  podloss why out/ --cause listener_closed -o svg > story.svg")]
pub(super) struct Why {
    /// The file or folder that `--out` of another command has written
    #[arg(value_name = "RESULT")]
    result: PathBuf,
    /// One loss with this cause
    #[arg(long, value_name = "CAUSE", conflicts_with = "request")]
    cause: Option<String>,
    /// This request, by its number in samples and logs
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// In this run, counted from 1 [default: the first in which it is known]
    #[arg(long, value_name = "N")]
    run: Option<u32>,
    /// Format on standard output
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
    Svg,
}

/// A request to tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    run: u32,
    request: u64,
    method: Option<Method>,
}

impl Why {
    pub(super) fn run(self, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
        let result = read(&self.result)?;
        let mut wanted = self.wanted(&result)?;
        if wanted.is_empty() {
            terminal.say("nothing was lost, so there is nothing to tell");
            return Ok(exit_code::OK);
        }
        if self.output == Output::Svg {
            // One picture holds one story.
            wanted.truncate(1);
        }
        let inputs = Inputs::stored(&result.header.inputs)?;
        let case_of = |overrides: &[Override]| inputs.case(overrides);
        let stories = tell(&case_of, &result, &wanted)?;
        match self.output {
            Output::Text => {
                let pages: Vec<String> =
                    stories.iter().map(|story| why::text(story, remedy_of(story, &result))).collect();
                write!(terminal.out, "{}", pages.join("\n"))?;
            }
            Output::Json => {
                let all: Vec<Value> = stories.iter().map(why::to_json).collect();
                terminal.print_json(&Value::from(all))?;
            }
            Output::Svg => {
                for story in &stories {
                    write!(terminal.out, "{}", why::picture(story))?;
                }
            }
        }
        Ok(exit_code::OK)
    }

    /// The requests to tell of: the one asked for, or the first known loss of each cause.
    fn wanted(&self, result: &StoredResult) -> Result<Vec<Wanted>, Diagnostic> {
        let in_run = |run: u32| self.run.is_none_or(|wanted| wanted == run);
        if let Some(runs) = self.run.filter(|run| *run == 0 || *run > result.header.runs) {
            return Err(Diagnostic::error("no-such-run", format!("there is no run {runs}"))
                .help(format!("the result has runs 1 to {}", result.header.runs)));
        }
        if let Some(text) = &self.request {
            let request = u64::from_str(text).map_err(|_| {
                Diagnostic::error("no-such-request", format!("`{text}` is not the number of a request"))
                    .help("numbers of lost requests are in the samples of result.jsonl")
            })?;
            let known = result.samples.iter().find(|s| s.loss.request == request && in_run(s.run));
            let run = known.map_or(self.run.unwrap_or(1), |sample| sample.run);
            return Ok(vec![Wanted { run, request, method: known.map(|sample| sample.loss.method) }]);
        }
        let cause = self.cause.as_deref().map(|name| cause_of(name, result)).transpose()?;
        let mut causes: Vec<(u64, Cause)> = Vec::new();
        for ((_, of), tally) in &result.total.causes {
            match causes.iter_mut().find(|(_, known)| known == of) {
                Some((count, _)) => *count += tally.count,
                None => causes.push((tally.count, *of)),
            }
        }
        causes.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        let shown = causes.into_iter().map(|(_, of)| of).filter(|of| cause.is_none_or(|cause| cause == *of));
        let first = |of: Cause| result.samples.iter().find(|s| s.cause == of && in_run(s.run));
        let wanted = |s: &crate::study::Sample| Wanted {
            run: s.run,
            request: s.loss.request,
            method: Some(s.loss.method),
        };
        Ok(shown.filter_map(first).map(wanted).collect())
    }
}

/// What the result advises against the loss of a story.
fn remedy_of<'r>(story: &Story, result: &'r StoredResult) -> Option<&'r str> {
    let lost = story.lost?;
    let mine = result.remedies.iter().find(|r| r.cause == lost.cause && r.status == lost.status);
    mine.map(|remedy| remedy.full.as_str())
}

/// A cause by its name, among those that the result has.
fn cause_of(name: &str, result: &StoredResult) -> Result<Cause, Diagnostic> {
    let there: Vec<&'static str> = result.total.causes.keys().map(|(_, cause)| cause.as_str()).collect();
    match Cause::parse(name) {
        Some(cause) if there.contains(&cause.as_str()) => Ok(cause),
        known => {
            let message = match known {
                Some(_) => format!("no request was lost by `{name}`"),
                None => format!("`{name}` is no cause"),
            };
            let help = match crate::lint::near_name(name, &there) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None if there.is_empty() => "nothing was lost at all".to_owned(),
                None => format!("the causes here are {}", there.join(", ")),
            };
            Err(Diagnostic::error("no-such-cause", message).help(help))
        }
    }
}

/// Builds the case with some knobs set over what the result holds.
type CaseOf<'a> = dyn Fn(&[Override]) -> Result<Case, Vec<Diagnostic>> + 'a;

fn tell(case_of: &CaseOf<'_>, result: &StoredResult, wanted: &[Wanted]) -> Result<Vec<Story>, Failure> {
    let never = || false;
    let mut traced: Vec<Traced> = Vec::new();
    let mut stories = Vec::new();
    for one in wanted {
        let at = match traced.iter().position(|traced| traced.run == one.run) {
            Some(at) => at,
            None => {
                let mut case = case_of(&[])?;
                case.seed = result.header.seed;
                traced.push(Traced::new(case, one.run, &never));
                traced.len() - 1
            }
        };
        let story = traced[at].story(one.request, one.method, case_of, &never);
        let story = story.map_err(|error| {
            let known = result.samples.iter().any(|s| s.run == one.run && s.loss.request == one.request);
            let diagnostic = Diagnostic::error("no-story", error.to_string());
            match known {
                true => diagnostic.help("the result was made by another version of podloss: run it again"),
                false => diagnostic.help("`podloss why RESULT` alone tells of lost requests"),
            }
        })?;
        stories.push(story);
    }
    Ok(stories)
}
