//! `[[event]]` and `[[expect]]`.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::code;
use super::read::{Reader, list};
use super::value::{describe, in_order, text};
use crate::config::case::Expectation;
use crate::config::described::{EventAction, EventLine, OF_INGRESS};
use crate::config::events::{COUNTING, EVENT_FORM, EVENT_WORDS, OLD_STAY, parse_action, parse_event};
use crate::config::expectations::{EXPECT_FORM, comparison, parse_expectation};
use crate::config::similar::near_miss;
use crate::diag::Diagnostic;
use crate::units::{Nanos, parse_duration};

/// What an `[[event]]` may say.
const EVENT_KEYS: &[&str] = &[
    "at",
    "do",
    "replicas",
    "cost",
    "pods",
    "nodes",
    "processes",
    "times",
    "for",
    "steps",
    "scale_down_delay",
];

/// Its values, in the order in which the short form has them.
const EVENT_VALUES: &[&str] =
    &["replicas", "cost", "pods", "nodes", "processes", "times", "for", "steps", "scale_down_delay"];

/// The events that have this value.
fn events_with(value: &str) -> Vec<&'static str> {
    match value {
        "replicas" => vec!["scale", "ingress-scale"],
        "times" => vec!["slow"],
        "for" => vec!["slow", "dependency-down", "stale-front-end"],
        "processes" => vec!["stale-front-end"],
        "cost" => vec!["deletion-cost"],
        "steps" => vec!["canary", "routed-canary"],
        "scale_down_delay" => vec!["blue-green", "routed-canary"],
        counted => {
            let counts =
                |word: &str| COUNTING.iter().any(|(known, what, _)| known == &word && *what == counted);
            let words = EVENT_WORDS.iter().copied();
            let counted_words = words.filter(|word| counts(word.strip_prefix(OF_INGRESS).unwrap_or(word)));
            counted_words.chain((counted == "pods").then_some("deletion-cost")).collect()
        }
    }
}

impl Reader<'_> {
    fn items<'t, 'i>(&mut self, key: &str, value: &'t Spanned<DeValue<'i>>) -> Vec<&'t Spanned<DeValue<'i>>> {
        match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            other => {
                self.wrong_type(key, &format!("[[{key}]] tables"), describe(other), value.span());
                Vec::new()
            }
        }
    }

    pub(super) fn events(&mut self, value: &Spanned<DeValue<'_>>) {
        let mut events = Vec::new();
        for item in self.items("event", value) {
            let place = self.place(item.span());
            let read = match item.get_ref() {
                DeValue::Table(table) => self.event(table, item.span()),
                DeValue::String(text) => parse_event(text).map_err(|message| (message, item.span())),
                other => {
                    self.wrong_type("event", "a table", describe(other), item.span());
                    continue;
                }
            };
            match read {
                Ok((at, action)) => events.push(EventLine { at, action, place: Some(place) }),
                Err((message, span)) => self.error(code::EVENT, span, message, EVENT_FORM),
            }
        }
        self.said.events = Some(events);
    }

    /// One `[[event]]`: `at`, `do`, and what belongs to it, unless `do` has that in it.
    fn event(
        &mut self,
        table: &DeTable<'_>,
        span: Range<usize>,
    ) -> Result<(Nanos, EventAction), (String, Range<usize>)> {
        let fields = self.fields("event", table, EVENT_KEYS);
        let field = |name: &str| fields.iter().find(|(key, ..)| key == name);
        let Some((_, at, at_span)) = field("at") else {
            return Err(("an event needs `at`, its time from the beginning of the run".to_owned(), span));
        };
        let Some((_, what, what_span)) = field("do") else {
            return Err(("an event needs `do`, what happens".to_owned(), span));
        };
        let at = parse_duration(at).map_err(|error| (error.to_string(), at_span.clone()))?;
        let mut action = what.clone();
        let mut values = Vec::new();
        for name in EVENT_VALUES {
            let Some((_, value, value_span)) = field(name) else { continue };
            let words = events_with(name);
            if !words.contains(&what.as_str()) {
                let message = format!("`{name}` goes with `do = \"{}\"` only", words.join("\"`, `\""));
                return Err((message, value_span.clone()));
            }
            // Behind the steps it would be one of them.
            let is_marked = *name == "scale_down_delay" && what == "routed-canary";
            values.push(if is_marked { format!("{OLD_STAY}{value}") } else { value.clone() });
        }
        if what == "routed-canary" && field("steps").is_none() {
            let message = "`routed-canary` needs `steps`, weights and pauses: steps = \"20%,1m\"";
            return Err((message.to_owned(), what_span.clone()));
        }
        // A time alone would be read as a number of processes if its unit is missing.
        if what == "stale-front-end" && field("processes").is_none() && field("for").is_some() {
            values.insert(0, "1".to_owned());
        }
        if !values.is_empty() {
            action = format!("{what}={}", values.join(","));
        }
        Ok((at, parse_action(&action).map_err(|message| (message, what_span.clone()))?))
    }

    /// The fields of a small table as texts; unknown ones are complained about.
    fn fields(
        &mut self,
        name: &str,
        table: &DeTable<'_>,
        known: &[&str],
    ) -> Vec<(String, String, Range<usize>)> {
        let mut fields = Vec::new();
        for (key, value) in in_order(table) {
            let field = key.get_ref().as_ref();
            if !known.contains(&field) {
                let error =
                    Diagnostic::error(code::UNKNOWN_KEY, format!("unknown key `{field}` in [[{name}]]"))
                        .at(self.place(key.span()));
                self.errors.push(match near_miss(field, known) {
                    Some(meant) => error.label(format!("did you mean `{meant}`?")),
                    None => error.label("nothing reads this").help(format!("known here: {}", list(known))),
                });
                continue;
            }
            match text(value.get_ref(), false) {
                Ok(text) => fields.push((field.to_owned(), text, value.span())),
                Err(found) => {
                    self.wrong_type(&format!("{name}.{field}"), "a text or a number", &found, value.span())
                }
            }
        }
        fields
    }

    pub(super) fn expectations(&mut self, value: &Spanned<DeValue<'_>>) {
        let mut expectations = Vec::new();
        for item in self.items("expect", value) {
            let place = Some(self.place(item.span()));
            let read = match item.get_ref() {
                DeValue::Table(table) => self.expectation(table, item.span()),
                DeValue::String(text) => parse_expectation(text).map_err(|message| (message, item.span())),
                other => {
                    self.wrong_type("expect", "a table", describe(other), item.span());
                    continue;
                }
            };
            match read {
                Ok(expectation) => expectations.push(Expectation { place, ..expectation }),
                Err((message, span)) => self.error(code::EXPECTATION, span, message, EXPECT_FORM),
            }
        }
        self.said.expectations = Some(expectations);
    }

    fn expectation(
        &mut self,
        table: &DeTable<'_>,
        span: Range<usize>,
    ) -> Result<Expectation, (String, Range<usize>)> {
        let fields = self.fields("expect", table, &["metric", "is"]);
        let field = |name: &str| fields.iter().find(|(key, ..)| key == name);
        let Some((_, metric, _)) = field("metric") else {
            return Err(("an expectation needs `metric`".to_owned(), span));
        };
        let Some((_, is, is_span)) = field("is") else {
            return Err(("an expectation needs `is`, such as \"== 0\"".to_owned(), span));
        };
        let is = comparison(is).map_err(|message| (message, is_span.clone()))?;
        Ok(Expectation { metric: metric.clone(), is, place: None })
    }
}
