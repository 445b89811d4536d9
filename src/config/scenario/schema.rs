//! The JSON Schema of scenario files, from the registry, for editors (`#:schema` in a first line).
//!
//! Draft 7, because editors' TOML support knows it best. It is an aid for writing; podloss itself
//! reads files by its own rules and explains what is wrong.

use serde_json::{Map, Value, json};

use super::read::MODEL;
use super::tree::{keys_below, knob_at};
use crate::config::events::{EVENT_WORDS, short_form_pattern};
use crate::config::knobs::{self, Kind, Knob};
use crate::config::load::Gaps;
use crate::config::statements::RUNS_MAX;

/// The schema as text, with a final line break.
pub fn schema() -> String {
    let mut properties = own_keys();
    for key in keys_below(&[]) {
        properties.insert(key.to_owned(), below(&[key]));
    }
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "podloss scenario",
        "description": "What Kubernetes objects do not say about a rollout or scaling event and its load.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "definitions": definitions(),
    });
    // A value made of maps, lists and texts always has a text.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

fn own_keys() -> Map<String, Value> {
    let files = |doc: &str| {
        json!({
            "description": doc,
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
        })
    };
    let list = |doc: &str, item: Value| {
        json!({
            "description": doc,
            "type": "array",
            "items": { "anyOf": [{ "type": "string" }, item] },
        })
    };
    let event = json!({
        "type": "object",
        "required": ["at", "do"],
        "properties": {
            "at": { "description": "Time from the beginning of the run.", "type": "string" },
            "do": {
                "description": "What happens.",
                "anyOf": [{ "enum": EVENT_WORDS }, { "type": "string", "pattern": short_form_pattern() }],
            },
            "replicas": { "description": "The new size, with scale.", "type": "integer", "minimum": 0 },
            "cost": { "description": "The value of the annotation controller.kubernetes.io/pod-deletion-cost, with deletion-cost.", "type": "integer" },
            "pods": { "description": "How many, with kill-pod, crash-pod, oom-kill and deletion-cost; otherwise one.", "type": "integer", "minimum": 1 },
            "nodes": { "description": "How many, with drain and lose-node; otherwise one.", "type": "integer", "minimum": 1 },
            "processes": { "description": "How many, with stale-front-end; otherwise one.", "type": "integer", "minimum": 1 },
            "times": { "description": "How many times as long services take, with slow.", "type": "number", "minimum": 1 },
            "for": { "description": "How long it lasts, with slow, dependency-down and stale-front-end.", "type": "string" },
            "steps": { "description": "Weights and pauses, with canary and routed-canary: 20%,1m,50%,1m.", "type": "string" },
            "scale_down_delay": { "description": "How long the old pods stay after the switch, with blue-green, or after the last step, with routed-canary; otherwise 30s.", "type": "string" },
        },
        "additionalProperties": false,
    });
    let expect = json!({
        "type": "object",
        "required": ["metric", "is"],
        "properties": {
            "metric": { "description": "Name of a metric, such as rollouts_with_loss.", "type": "string" },
            "is": { "description": "A comparison, such as \"== 0\" or \"in 3900..4500\".", "type": "string" },
        },
        "additionalProperties": false,
    });
    let mut keys = Map::new();
    for (key, value) in [
        ("model", json!({ "description": "The version of the model this was written for.", "const": MODEL })),
        ("name", json!({ "description": "The name in headings and results.", "type": "string" })),
        ("extends", files("Scenario files that say what this one does not; later ones win.")),
        ("manifests", files("Kubernetes manifests: files or folders.")),
        ("from", files("The manifests by which the first pods run and stop; without it the same ones.")),
        ("seed", json!({ "description": "Seed of the random numbers.", "type": "integer", "minimum": 0 })),
        (
            "runs",
            json!({
                "description": "How often the case is run.", "type": "integer", "minimum": 1, "maximum": RUNS_MAX,
            }),
        ),
        ("event", list("What happens during a run.", event)),
        ("expect", list("What must hold of the result.", expect)),
        (
            "set",
            json!({
                "description": "Knobs by the names that --set takes, such as preStop or Deployment/web:spec.replicas.",
                "type": "object",
                "properties": named(&leaf),
            }),
        ),
        (
            "sweep",
            json!({
                "description": "Values to go through, by knob: a list, or a range such as \"0s..60s/5s\".",
                "type": "object",
                "properties": named(&|_| json!({ "$ref": "#/definitions/values" })),
            }),
        ),
    ] {
        keys.insert(key.to_owned(), value);
    }
    keys
}

/// The short names of knobs; dots in them are tables to TOML, and one name may be both a knob and
/// the beginning of others (`startup`, `startup.periodSeconds`).
fn named(schema_of: &dyn Fn(&Knob) -> Value) -> Map<String, Value> {
    let aliases: Vec<(Vec<&str>, Value)> =
        knobs::all().filter_map(|knob| Some((knob.alias?.split('.').collect(), schema_of(knob)))).collect();
    names_below(&aliases, &[])
}

fn names_below(aliases: &[(Vec<&str>, Value)], above: &[&str]) -> Map<String, Value> {
    let mut names = Map::new();
    for (alias, _) in aliases.iter().filter(|(alias, _)| alias.starts_with(above)) {
        let Some(next) = alias.get(above.len()).filter(|next| !names.contains_key(**next)) else { continue };
        let path = [above, &[*next]].concat();
        let value = aliases.iter().find(|(alias, _)| *alias == path).map(|(_, value)| value.clone());
        let inner = names_below(aliases, &path);
        let table = (!inner.is_empty()).then(|| json!({ "type": "object", "properties": inner }));
        let schema = match (value, table) {
            (Some(value), Some(table)) => json!({ "anyOf": [value, table] }),
            (value, table) => value.or(table).unwrap_or(Value::Bool(true)),
        };
        names.insert((*next).to_owned(), schema);
    }
    names
}

/// The value, or table, at a path of keys.
fn below(path: &[&str]) -> Value {
    let keys = keys_below(path);
    let value = knob_at(path).map(leaf);
    if keys.is_empty() {
        return value.unwrap_or(Value::Bool(true));
    }
    let mut table = json!({ "type": "object" });
    let mut properties = Map::new();
    for key in keys {
        let inner = below(&[path, &[key]].concat());
        if key == "*" {
            table["additionalProperties"] = inner;
        } else {
            properties.insert(key.to_owned(), inner);
        }
    }
    if !properties.is_empty() {
        table["properties"] = Value::Object(properties);
        table["additionalProperties"] = Value::Bool(false);
    }
    match value {
        Some(value) => json!({ "anyOf": [value, table] }),
        None => table,
    }
}

fn leaf(knob: &Knob) -> Value {
    let mut schema = Map::new();
    schema.insert("description".to_owned(), Value::from(knob.doc));
    if let Some(default) = knob.default {
        schema.insert("default".to_owned(), Value::from(default));
    }
    let (key, value) = shape(knob);
    schema.insert(key.to_owned(), value);
    Value::Object(schema)
}

/// What a value looks like: one keyword and its value. Texts are allowed nearly everywhere, because
/// an unknown takes a range, such as `"8s..15s"` or `"1..4"`.
fn shape(knob: &Knob) -> (&'static str, Value) {
    let text_or = |other: Value| json!([other, { "type": "string" }]);
    let defined = |name: &str| json!([{ "$ref": format!("#/definitions/{name}") }]);
    match knob.kind {
        _ if knob.path == "load.rps" => ("allOf", defined("rate")),
        Kind::Dist => ("allOf", defined("distribution")),
        Kind::Service => ("allOf", defined("service")),
        Kind::Stop => ("allOf", defined("stop")),
        Kind::Duration | Kind::Limit | Kind::Version | Kind::Text => ("type", Value::from("string")),
        Kind::Seconds => ("anyOf", text_or(json!({ "type": "integer", "minimum": 0 }))),
        Kind::Count { min, max } => {
            ("anyOf", text_or(json!({ "type": "integer", "minimum": min, "maximum": max })))
        }
        Kind::Bound => ("anyOf", text_or(json!({ "type": "integer", "minimum": 0 }))),
        Kind::Share => ("anyOf", text_or(json!({ "type": "number", "minimum": 0, "maximum": 1 }))),
        Kind::Number | Kind::Cores => ("anyOf", text_or(json!({ "type": "number", "minimum": 0 }))),
        Kind::Switch => ("type", Value::from("boolean")),
        Kind::Choice(words) if words == Gaps::WORDS => ("enum", json!(words)),
        Kind::Choice(words) => {
            ("anyOf", json!([{ "enum": words }, { "type": "string", "pattern": "\\.\\." }]))
        }
        Kind::IntOrPercent => ("anyOf", text_or(json!({ "type": "integer", "minimum": 0 }))),
    }
}

fn definitions() -> Value {
    let spans = |names: &[&str]| -> Map<String, Value> {
        names.iter().map(|name| ((*name).to_owned(), json!({ "type": "string" }))).collect()
    };
    let shape = |cpu: bool| {
        let mut properties =
            spans(&["fixed", "median", "mean", "p95", "p99", "max", "uniform", "exponential"]);
        properties.insert("sigma".to_owned(), json!({ "type": "number", "minimum": 0 }));
        properties.insert("empirical".to_owned(), json!({ "type": "array", "items": { "type": "string" } }));
        if cpu {
            properties.insert("cpu".to_owned(), json!({ "type": "string" }));
        }
        json!({
            "anyOf": [
                { "description": "A duration such as 8s, a range of an unknown such as 8s..15s, or median=8s,p99=15s.",
                  "type": "string" },
                { "description": "A distribution.", "type": "object", "properties": properties,
                  "additionalProperties": false },
                { "description": "Measured values, each as likely.", "type": "array",
                  "items": { "type": "string" } },
            ],
        })
    };
    let wave = json!({
        "description": "A sine: mean + amplitude * sin(2 pi (t + phase) / period).",
        "type": "object",
        "required": ["mean", "amplitude", "period"],
        "properties": {
            "mean": { "type": "number", "minimum": 0 },
            "amplitude": { "type": "number", "minimum": 0 },
            "period": { "type": "string" },
            "phase": { "type": "string" },
        },
        "additionalProperties": false,
    });
    let scalar = json!({ "type": ["string", "number", "boolean"] });
    json!({
        "distribution": shape(false),
        "service": shape(true),
        "stop": {
            "anyOf": [
                { "description": "exit, drain, drain,keep=busy, hold, decline, ignore, linger=5s, drain,limit=20s or a termination preset.",
                  "type": "string" },
                { "type": "object", "properties": spans(&["behaviour", "limit", "keep", "linger"]),
                  "additionalProperties": false },
            ],
        },
        "rate": {
            "anyOf": [
                { "description": "Requests per second.", "type": "number", "minimum": 0 },
                { "description": "200@0,900@10m,1200@20m..25m (steps and ramps), 3000@7m+30s (a spike).",
                  "type": "string" },
                { "type": "array", "items": { "type": ["string", "number"] } },
                wave,
            ],
        },
        "values": {
            "anyOf": [{ "type": "array", "items": scalar, "minItems": 1 }, scalar],
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_in_the_repository_is_current() {
        let stored = include_str!("../../../schema/scenario.schema.json");
        assert!(
            stored == schema(),
            "schema/scenario.schema.json is out of date: run `podloss schema > schema/scenario.schema.json`"
        );
    }

    #[test]
    fn every_knob_is_in_the_schema() {
        let schema: Value = serde_json::from_str(&schema()).unwrap();
        for knob in knobs::all() {
            let mut at = &schema;
            let parts: Vec<&str> = if knob.path.contains(':') {
                let Some(alias) = knob.alias else { continue };
                at = &at["properties"]["set"];
                alias.split('.').collect()
            } else {
                knob.path.split('.').collect()
            };
            for (index, part) in parts.iter().enumerate() {
                at = if *part == "*" { &at["additionalProperties"] } else { &at["properties"][*part] };
                if let Some(both) = at["anyOf"].as_array().filter(|_| at["description"].is_null()) {
                    at = &both[usize::from(index + 1 < parts.len())];
                }
            }
            assert_eq!(at["description"].as_str(), Some(knob.doc), "{}", knob.path);
        }
    }
}
