//! What a command line asks for, as plain data and as one text.
//!
//! The text has one argument a line. It is what messages about flags point into, and it is kept
//! beside the files of a case, so that a stored result can be simulated again.

use std::sync::Arc;

use super::code;
use crate::config::events::{EVENT_FORM, parse_event};
use crate::config::expectations::{EXPECT_FORM, parse_expectation};
use crate::config::scenario::code::{EVENT, EXPECTATION};
use crate::config::settings::{Layer, Setting};
use crate::config::statements::{Named, RUNS_MAX, Statements, setting};
use crate::config::{case::Override, described::EventLine};
use crate::diag::{Diagnostic, Place, SourceText};

/// The name of the command line among the texts of a case.
pub const COMMAND_LINE: &str = "command line";

/// What a user asked for, before any file is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Manifests (files, folders, `-` for standard input) and at most one scenario (`*.toml`).
    pub paths: Vec<String>,
    /// Manifests by which the first pods run.
    pub from: Vec<String>,
    /// Flags that set knobs: the flag without dashes (or any other name of the knob), and its text.
    pub settings: Vec<(String, String)>,
    /// `--event`: `rollout@60s`.
    pub events: Vec<String>,
    /// `--expect`: `margin.removal >= 5s`.
    pub expectations: Vec<String>,
    /// `--set`: knob and value.
    pub overrides: Vec<Override>,
    /// `--seed`.
    pub seed: Option<u64>,
    /// `--runs`.
    pub runs: Option<u32>,
}

impl Request {
    /// One request for each scenario among the paths, each with all the manifests and flags; the
    /// request itself if there is at most one.
    pub fn configurations(&self) -> Vec<Request> {
        let (scenarios, manifests): (Vec<String>, Vec<String>) =
            self.paths.iter().cloned().partition(|path| is_scenario(path));
        if scenarios.len() < 2 {
            return vec![self.clone()];
        }
        let one = |scenario: String| {
            let mut paths = vec![scenario];
            paths.extend(manifests.iter().cloned());
            Request { paths, ..self.clone() }
        };
        scenarios.into_iter().map(one).collect()
    }

    /// Everything that was asked for as one text, one argument a line.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for path in &self.paths {
            // A path must not look like a flag when the text is read again.
            let path = if path.starts_with("--") { format!("./{path}") } else { path.clone() };
            push_line(&mut text, &path);
        }
        for path in &self.from {
            push_line(&mut text, &format!("--from {path}"));
        }
        for (name, value) in &self.settings {
            push_line(&mut text, &format!("--{name} {value}"));
        }
        for event in &self.events {
            push_line(&mut text, &format!("--event {event}"));
        }
        for expectation in &self.expectations {
            push_line(&mut text, &format!("--expect {expectation}"));
        }
        if let Some(runs) = self.runs {
            push_line(&mut text, &format!("--runs {runs}"));
        }
        if let Some(seed) = self.seed {
            push_line(&mut text, &format!("--seed {seed}"));
        }
        text.push_str(&override_lines(&self.overrides));
        text
    }
}

/// Overrides as lines of the text.
pub(super) fn override_lines(overrides: &[Override]) -> String {
    let mut text = String::new();
    for Override { knob, value } in overrides {
        push_line(&mut text, &format!("--set {knob}={value}"));
    }
    text
}

/// No argument that means anything has a line break; in the text it would begin another one.
fn push_line(text: &mut String, line: &str) {
    text.push_str(&line.replace(['\n', '\r'], " "));
    text.push('\n');
}

/// Whether a path names a scenario and not manifests.
pub(super) fn is_scenario(path: &str) -> bool {
    path.len() > 5 && path.to_ascii_lowercase().ends_with(".toml")
}

/// The arguments of one kind that hash and replay tell apart.
pub(super) enum Argument<'t> {
    /// A path of manifests or a scenario.
    Path(&'t str),
    /// A flag without its dashes, and its value.
    Flag(&'t str, &'t str),
}

/// The arguments of the text, each with the byte at which its value begins.
pub(super) fn arguments(text: &str) -> impl Iterator<Item = (Argument<'_>, usize)> {
    let mut at = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let begin = at;
        at += line.len();
        let line = line.trim_end_matches('\n');
        match line.strip_prefix("--") {
            _ if line.is_empty() => None,
            None => Some((Argument::Path(line), begin)),
            Some(flag) => {
                let (name, value) = flag.split_once(' ').unwrap_or((flag, ""));
                let value_at = begin + line.len() - value.len();
                Some((Argument::Flag(name, value), value_at))
            }
        }
    })
}

/// What the text of a command line says, and the scenario it names.
///
/// # Errors
/// Everything that is wrong with the flags.
pub(super) fn read_command_line(
    source: &Arc<SourceText>,
) -> Result<(Statements, Option<Named>), Vec<Diagnostic>> {
    let mut line = CommandLine { source, said: Statements::default(), scenario: None, errors: Vec::new() };
    for (argument, at) in arguments(&source.text) {
        match argument {
            Argument::Path(path) => line.path(path, at),
            Argument::Flag(name, value) => line.flag(name, value, at),
        }
    }
    if line.errors.is_empty() { Ok((line.said, line.scenario)) } else { Err(line.errors) }
}

struct CommandLine<'s> {
    source: &'s Arc<SourceText>,
    said: Statements,
    scenario: Option<Named>,
    errors: Vec<Diagnostic>,
}

impl CommandLine<'_> {
    fn path(&mut self, path: &str, at: usize) {
        let place = Place::new(self.source, at..at + path.len());
        let named = Named { name: path.to_owned(), place: place.clone() };
        if !is_scenario(path) {
            self.said.manifests.get_or_insert_default().push(named);
        } else if self.scenario.is_none() {
            self.scenario = Some(named);
        } else {
            let error = Diagnostic::error(code::SCENARIOS, "two scenarios at once").at(place);
            self.errors.push(error.help("layer them with `extends`, or compare them with `podloss compare`"));
        }
    }

    fn flag(&mut self, name: &str, value: &str, at: usize) {
        let place = Place::new(self.source, at..at + value.len());
        let read = match name {
            "from" => {
                let named = Named { name: value.to_owned(), place: place.clone() };
                self.said.from.get_or_insert_default().push(named);
                Ok(())
            }
            "event" => parse_event(value)
                .map(|(at, action)| {
                    let event = EventLine { at, action, place: Some(place.clone()) };
                    self.said.events.get_or_insert_default().push(event);
                })
                .map_err(|message| Diagnostic::error(EVENT, message).help(EVENT_FORM)),
            "expect" => parse_expectation(value)
                .map(|expectation| self.said.expectations.get_or_insert_default().push(expectation))
                .map_err(|message| Diagnostic::error(EXPECTATION, message).help(EXPECT_FORM)),
            "set" => match value.split_once('=') {
                Some((knob, value)) => self.knob(knob, value, Layer::Override, &place),
                None => {
                    let message = format!("`{value}` sets nothing: write `--set KNOB=VALUE`");
                    Err(Diagnostic::error(code::COMMAND_LINE, message))
                }
            },
            "seed" => whole(name, value, 0, u64::MAX).map(|seed| self.said.seed = Some(seed)),
            "runs" => whole(name, value, 1, u64::from(RUNS_MAX))
                .map(|runs| self.said.runs = u32::try_from(runs).ok()),
            knob => self.knob(knob, value, Layer::Flag, &place),
        };
        if let Err(error) = read {
            self.errors.push(error.at(place));
        }
    }

    fn knob(&mut self, name: &str, value: &str, layer: Layer, place: &Place) -> Result<(), Diagnostic> {
        let setting = setting(name, value, layer)?;
        self.said.settings.push(Setting { place: Some(place.clone()), ..setting });
        Ok(())
    }
}

fn whole(name: &str, text: &str, least: u64, most: u64) -> Result<u64, Diagnostic> {
    match text.trim().parse::<u64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => {
            let message = format!("--{name}: `{text}` is not a whole number from {least} to {most}");
            Err(Diagnostic::error(code::COMMAND_LINE, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Request {
        let owned = |text: &str| text.to_owned();
        Request {
            paths: vec![owned("--odd.yaml"), owned("base.toml"), owned("k8s")],
            from: vec![owned("old dir/old.yaml")],
            settings: vec![(owned("rps"), owned("200@0, 900@10m"))],
            events: vec![owned("rollout@60s")],
            expectations: vec![owned("lost == 0")],
            overrides: vec![Override { knob: owned("preStop"), value: owned("20s") }],
            seed: Some(7),
            runs: Some(5),
        }
    }

    #[test]
    fn the_text_of_a_request_says_the_same() {
        let text = sample().to_text();
        assert_eq!(
            text,
            "./--odd.yaml\nbase.toml\nk8s\n--from old dir/old.yaml\n--rps 200@0, 900@10m\n--event rollout@60s\n\
             --expect lost == 0\n--runs 5\n--seed 7\n--set preStop=20s\n"
        );
        let source = SourceText::new(COMMAND_LINE, text);
        let (said, scenario) = read_command_line(&source).unwrap();
        let names = |list: Option<Vec<Named>>| -> Vec<String> {
            list.unwrap_or_default().into_iter().map(|named| named.name).collect()
        };
        assert_eq!(scenario.map(|named| named.name).as_deref(), Some("base.toml"));
        assert_eq!(names(said.manifests), ["./--odd.yaml", "k8s"]);
        assert_eq!(names(said.from), ["old dir/old.yaml"]);
        let settings: Vec<_> =
            said.settings.iter().map(|s| (s.path.as_str(), s.text.as_str(), s.layer)).collect();
        assert_eq!(settings[0], ("load.rps", "200@0, 900@10m", Layer::Flag));
        assert_eq!((settings[1].1, settings[1].2), ("20s", Layer::Override));
        assert_eq!((said.seed, said.runs), (Some(7), Some(5)));
        assert_eq!(said.events.map(|events| events.len()), Some(1));
        assert_eq!(said.expectations.map(|list| list.len()), Some(1));
        let place = said.settings[0].place.clone().unwrap();
        assert_eq!((place.line(), place.column()), (5, 7));
    }

    #[test]
    fn several_scenarios_are_several_configurations() {
        let mut request = sample();
        assert_eq!(request.configurations(), [request.clone()]);
        request.paths.push("other.TOML".to_owned());
        let paths: Vec<Vec<String>> =
            request.configurations().into_iter().map(|request| request.paths).collect();
        assert_eq!(paths, [["base.toml", "--odd.yaml", "k8s"], ["other.TOML", "--odd.yaml", "k8s"]]);
    }

    #[test]
    fn bad_flags_point_into_the_command_line() {
        for (text, part) in [
            ("--rpm 9", "`rpm` is nothing that can be set"),
            ("--event dance@9s", "command line:1:9: error[event]: `dance` is not an event"),
            ("--expect lost", "no comparison"),
            ("--set preStop", "write `--set KNOB=VALUE`"),
            ("--set prestop=5s", "did you mean `preStop`?"),
            ("--runs 0", "--runs: `0` is not a whole number from 1"),
            ("--seed -1", "--seed: `-1` is not a whole number"),
            ("a.toml\nb.toml", "command line:2:1: error[scenarios]"),
            ("--conns 0", "from 1 to 1000000"),
        ] {
            let errors = read_command_line(&SourceText::new(COMMAND_LINE, text)).expect_err(text);
            assert!(errors[0].to_string().contains(part), "{text}: {}", errors[0]);
        }
    }
}
