//! How Istio's agent ends its proxy: after a fixed time, or when no connection is left.
//!
//! Source: istio pkg/envoy/agent.go `terminate`; pilot/cmd/pilot-agent/options/options.go (the variables and
//! their defaults); pilot/cmd/pilot-agent/app (the older variable before the configuration); api
//! mesh/v1alpha1/proxy.proto `ProxyConfig`.

use super::code;
use super::values::{Fallback, Values};
use crate::config::case::Origin;
use crate::config::manifest::code::ANNOTATION;
use crate::config::manifest::{Container, ISTIO_ANNOTATION, PROXY_CONFIG, Raw};
use crate::diag::{Diagnostic, Place};
use crate::units::{Nanos, parse_duration};

const UNTIL_UNCONNECTED: &str = "EXIT_ON_ZERO_ACTIVE_CONNECTIONS";
const AT_LEAST: &str = "MINIMUM_DRAIN_DURATION";
const SECONDS: &str = "TERMINATION_DRAIN_DURATION_SECONDS";
const FIXED: &str = "terminationDrainDuration";

/// What both times are where nobody says.
const DEFAULT: Nanos = Nanos::from_secs(5);

/// Something that was said to the agent.
struct Written<'c> {
    name: &'static str,
    text: String,
    place: &'c Place,
}

impl Written<'_> {
    /// The name and where the value stands, as sources of values are written.
    fn source(&self) -> String {
        format!("{}, {}", self.name, self.place)
    }

    fn complaint(
        &self,
        make: fn(&'static str, String) -> Diagnostic,
        problem: &str,
        help: &str,
    ) -> Diagnostic {
        let message = format!("{}: `{}` is no {problem}", self.name, self.text);
        make(ANNOTATION, message).at(self.place.clone()).help(help)
    }
}

/// The words of the container's own variables, and of its configuration behind them.
struct Agent<'c> {
    container: &'c Container,
    config: Option<(Raw, &'c Place)>,
}

impl<'c> Agent<'c> {
    fn of(container: &'c Container, problems: &mut Vec<Diagnostic>) -> Agent<'c> {
        let written = container.env.iter().find(|variable| variable.name == PROXY_CONFIG);
        let config = written.and_then(|variable| {
            let read = Raw::objects(variable.place.file(), &variable.value);
            match read.map(|objects| objects.into_iter().next()) {
                Ok(Some(config @ Raw::Map(_))) => Some((config, &variable.place)),
                Ok(None) => None,
                _ => {
                    let message = format!("{ISTIO_ANNOTATION} is no YAML mapping");
                    tell(problems, Diagnostic::error(ANNOTATION, message).at(variable.place.clone()));
                    None
                }
            }
        });
        Agent { container, config }
    }

    fn variable(&self, name: &'static str) -> Option<Written<'c>> {
        let own = self.container.env.iter().find(|variable| variable.name == name);
        match own {
            Some(own) => Some(Written { name, text: own.value.clone(), place: &own.place }),
            None => self.configured(name, &format!("proxyMetadata.{name}")),
        }
    }

    fn configured(&self, name: &'static str, path: &str) -> Option<Written<'c>> {
        let (config, place) = self.config.as_ref()?;
        Some(Written { name, text: config.word(path)?.to_owned(), place })
    }
}

/// Puts a problem on record, once for all templates of a workload.
fn tell(problems: &mut Vec<Diagnostic>, problem: Diagnostic) {
    if !problems.contains(&problem) {
        problems.push(problem);
    }
}

/// What the proxy does on its stop signal: it goes on taking connections, and ends with whatever it has.
pub(super) fn on_stop(container: &Container, values: &mut Values<'_>) -> Fallback {
    let problems = &mut values.problems;
    let agent = Agent::of(container, problems);
    let fixed = agent.configured(FIXED, FIXED);
    let at_least = agent.variable(AT_LEAST);
    let until_unconnected = agent.variable(UNTIL_UNCONNECTED).filter(|said| is_true(said, problems));
    let Some(stays) = until_unconnected else {
        if let Some(said) = &at_least {
            tell(problems, without_effect(said, &format!("without {UNTIL_UNCONNECTED}")));
        }
        return after_a_fixed_time(agent.variable(SECONDS), fixed, problems);
    };
    for said in fixed.iter().chain(&agent.variable(SECONDS)) {
        let beside = format!("beside {UNTIL_UNCONNECTED}: {AT_LEAST} is the time that counts");
        tell(problems, without_effect(said, &beside));
    }
    let time = at_least.as_ref().map_or(DEFAULT, |said| minimum(said, problems));
    let source = match &at_least {
        Some(at_least) => format!("{}, and {}", stays.source(), at_least.source()),
        None => stays.source(),
    };
    let text = format!("linger={time}");
    Fallback {
        // As long as somebody has a connection it stays, until SIGKILL at the most.
        range: Some(("ignore".to_owned(), text.clone())),
        text,
        origin: Origin::Documented,
        source,
        decisive: true,
    }
}

fn after_a_fixed_time(
    seconds: Option<Written<'_>>,
    duration: Option<Written<'_>>,
    problems: &mut Vec<Diagnostic>,
) -> Fallback {
    let (time, origin, source) = match (seconds, duration) {
        (Some(said), _) => match said.text.trim().parse() {
            Ok(seconds) => (Nanos::from_secs(seconds), Origin::Given, said.source()),
            Err(_) => {
                let help = "write whole seconds without a unit; the agent takes 5";
                tell(problems, said.complaint(Diagnostic::warning, "whole number", help));
                (DEFAULT, Origin::Documented, said.source())
            }
        },
        (None, Some(said)) => {
            let time = in_seconds(&said.text);
            if time.is_none() {
                let help =
                    "write seconds with their unit, such as \"30s\"; the injector refuses anything else";
                tell(problems, said.complaint(Diagnostic::error, "duration", help));
            }
            (time.unwrap_or(DEFAULT), Origin::Given, said.source())
        }
        (None, None) => (DEFAULT, Origin::Documented, format!("Istio's {FIXED}")),
    };
    Fallback::plain(format!("linger={time},limit=0s"), origin, source)
}

/// A duration as protobuf writes it in JSON: seconds, perhaps with a fraction, and `s`.
fn in_seconds(text: &str) -> Option<Nanos> {
    let number = text.strip_suffix('s')?;
    let plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    plain.then(|| parse_duration(text).ok()).flatten()
}

fn minimum(said: &Written<'_>, problems: &mut Vec<Diagnostic>) -> Nanos {
    parse_duration(&said.text).unwrap_or_else(|_| {
        let help = format!("write a time with its unit, such as \"30s\"; the agent takes {DEFAULT}");
        tell(problems, said.complaint(Diagnostic::warning, "duration", &help));
        DEFAULT
    })
}

/// Source: Go strconv `ParseBool`; istio pkg/env takes the default for anything else.
fn is_true(said: &Written<'_>, problems: &mut Vec<Diagnostic>) -> bool {
    match said.text.as_str() {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
        "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
        _ => {
            let help = "write \"true\" or \"false\"; the agent takes false";
            tell(problems, said.complaint(Diagnostic::warning, "truth value", help));
            false
        }
    }
}

fn without_effect(said: &Written<'_>, why: &str) -> Diagnostic {
    let message = format!("{} has no effect {why}", said.name);
    Diagnostic::warning(code::NO_EFFECT, message).at(said.place.clone()).label("not used")
}
