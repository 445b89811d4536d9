//! `podloss conform`: runs vector files against the very functions that the simulator uses.
//!
//! A file names its format in `schema` or `format`; each format has a module here that turns one
//! vector's `input` into an output object. Comparing is the same for all of them.

pub mod hpa;
pub mod lifecycle;
pub mod live;

use serde_json::Value;

/// What a vector file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Decisions of the autoscaler, see [`hpa`].
    Hpa,
    /// Rules of pod life and rollout, see [`lifecycle`].
    Lifecycle,
    /// Measured losses, see [`live`].
    Live,
}

impl Format {
    /// The format that a file names in `schema` or `format`; `None` if podloss does not know it.
    pub fn of(file: &Value) -> Option<Format> {
        let name = file.get("schema").or_else(|| file.get("format"))?.as_str()?;
        match name {
            hpa::SCHEMA => Some(Format::Hpa),
            lifecycle::FORMAT => Some(Format::Lifecycle),
            live::FORMAT => Some(Format::Live),
            _ => None,
        }
    }
}

/// What one vector gave.
#[derive(Clone, Debug)]
pub struct VectorOutcome {
    /// The vector's `id` or `name`.
    pub id: String,
    /// What podloss computed, as an object with at least the keys of `expect`.
    pub output: Value,
    /// One line per difference to `expect`; empty when the vector passes.
    pub mismatches: Vec<String>,
}

/// Lists every place where `output` lacks or contradicts something that `expect` states.
///
/// Objects may have more keys than expected; lists must agree element by element; numbers agree
/// when they are within 1e-12 of each other.
pub fn differences(expect: &Value, output: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect("", expect, output, &mut found);
    found
}

fn collect(path: &str, expect: &Value, output: &Value, found: &mut Vec<String>) {
    match (expect, output) {
        (Value::Object(want), Value::Object(have)) => {
            for (key, want) in want {
                let at = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match have.get(key) {
                    Some(have) => collect(&at, want, have, found),
                    None if want.is_null() => {}
                    None => found.push(format!("{at}: expected {want}, missing")),
                }
            }
        }
        (Value::Array(want), Value::Array(have)) => {
            if want.len() != have.len() {
                found.push(format!("{path}: expected {} elements, got {}", want.len(), have.len()));
            }
            for (index, (want, have)) in want.iter().zip(have).enumerate() {
                collect(&format!("{path}[{index}]"), want, have, found);
            }
        }
        (Value::Number(want), Value::Number(have)) => {
            let close = match (want.as_f64(), have.as_f64()) {
                (Some(a), Some(b)) => (a - b).abs() <= 1e-12 * a.abs().max(1.0),
                _ => want == have,
            };
            if !close {
                found.push(format!("{path}: expected {want}, got {have}"));
            }
        }
        _ if expect == output => {}
        _ => found.push(format!("{path}: expected {expect}, got {output}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_superset_passes_and_a_gap_is_named() {
        let expect = json!({"a": 1, "b": {"c": [1, 2]}, "gone": null});
        assert_eq!(
            differences(&expect, &json!({"a": 1.0, "b": {"c": [1, 2], "d": 0}})),
            Vec::<String>::new()
        );
        assert_eq!(differences(&expect, &json!({"a": 1, "b": {"c": [1, 3]}})), ["b.c[1]: expected 2, got 3"]);
        assert_eq!(differences(&expect, &json!({"b": {"c": [1, 2]}})), ["a: expected 1, missing"]);
        assert_eq!(differences(&json!([1]), &json!([1, 2])), [": expected 1 elements, got 2"]);
    }
}
