//! Vectors of the Horizontal Pod Autoscaler, schema `podloss-hpa-vectors/1`.

use serde_json::{Map, Value};

use super::{VectorOutcome, differences};
use crate::hpa_state::Request;

/// The `schema` that this module reads.
pub const SCHEMA: &str = "podloss-hpa-vectors/1";

/// Runs every vector of a file.
///
/// # Errors
/// If the file is not of [`SCHEMA`] or a vector has no input that can be read.
pub fn run(file: &Value) -> Result<Vec<VectorOutcome>, String> {
    if file.get("schema").and_then(Value::as_str) != Some(SCHEMA) {
        return Err(format!("schema: write \"{SCHEMA}\""));
    }
    let vectors = file.get("vectors").and_then(Value::as_array).ok_or("vectors: write a list")?;
    vectors.iter().enumerate().map(|(index, vector)| run_one(index, vector)).collect()
}

fn run_one(index: usize, vector: &Value) -> Result<VectorOutcome, String> {
    let id = vector.get("name").and_then(Value::as_str);
    let id = id.ok_or_else(|| format!("vectors[{index}].name: write a text"))?.to_owned();
    let input = vector.get("input").cloned().unwrap_or_default();
    let output = Request::from_value(input).map_err(|error| format!("{id}: input: {error}"))?.run();
    let mismatches = vector.get("expect").map_or_else(Vec::new, |expect| compare(expect, &output));
    Ok(VectorOutcome { id, output, mismatches })
}

/// Beyond what is stated: no condition may be there that is not expected, and no error either.
fn compare(expect: &Value, output: &Value) -> Vec<String> {
    let mut found = differences(expect, output);
    let conditions = |value: &Value| value.get("conditions").and_then(Value::as_object).cloned();
    if let Some(wanted) = conditions(expect) {
        let have: Map<String, Value> = conditions(output).unwrap_or_default();
        let surplus = have.iter().filter(|(kind, _)| !wanted.contains_key(*kind));
        found.extend(surplus.map(|(kind, value)| format!("conditions.{kind}: expected none, got {value}")));
    }
    if let (None, Some(error)) = (expect.get("error"), output.get("error")) {
        found.push(format!("error: expected none, got {error}"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn file(expect: Value) -> Value {
        let input = json!({
            "options": { "scaleToZero": "legacy" },
            "scale": { "specReplicas": 9 },
            "hpa": { "maxReplicas": 4 },
            "conditions": [{ "type": "ScalingActive", "status": "True", "reason": "ValidMetricFound" }],
        });
        json!({ "schema": SCHEMA, "vectors": [{ "name": "a/b", "input": input, "expect": expect }] })
    }

    #[test]
    fn a_vector_passes_or_tells_what_differs() {
        let able = json!({ "status": "True", "reason": "SucceededRescale" });
        let active = json!({ "status": "True", "reason": "ValidMetricFound" });
        for (expect, mismatches) in [
            (json!({ "desiredReplicas": 4, "action": "scale_down" }), vec![]),
            (json!({ "desiredReplicas": 5 }), vec!["desiredReplicas: expected 5, got 4"]),
            (json!({ "conditions": { "AbleToScale": able, "ScalingActive": active } }), vec![]),
            (
                json!({ "conditions": { "AbleToScale": able } }),
                vec![
                    "conditions.ScalingActive: expected none, got \
                     {\"status\":\"True\",\"reason\":\"ValidMetricFound\"}",
                ],
            ),
        ] {
            let outcomes = run(&file(expect.clone())).unwrap();
            assert_eq!(outcomes[0].id, "a/b");
            assert_eq!(outcomes[0].mismatches, mismatches, "{expect}");
            assert_eq!(outcomes[0].output["desiredReplicas"], 4);
        }
    }

    #[test]
    fn an_unexpected_error_fails_a_vector() {
        let input = json!({ "stage": "pod-requests", "resource": "cpu", "pods": [{ "name": "a" }] });
        for (expect, mismatches) in [
            (json!({ "error": "missing-request" }), vec![]),
            (json!({}), vec!["error: expected none, got \"missing-request\""]),
        ] {
            let file =
                json!({ "schema": SCHEMA, "vectors": [{ "name": "x", "input": input, "expect": expect }] });
            assert_eq!(run(&file).unwrap()[0].mismatches, mismatches);
        }
    }

    #[test]
    fn a_file_that_cannot_be_run_says_where() {
        for (file, message) in [
            (json!({}), "schema: write \"podloss-hpa-vectors/1\""),
            (json!({ "schema": SCHEMA }), "vectors: write a list"),
            (json!({ "schema": SCHEMA, "vectors": [{}] }), "vectors[0].name: write a text"),
            (
                json!({ "schema": SCHEMA, "vectors": [{ "name": "x", "input": { "stage": "guess" } }] }),
                "x: input: stage: `guess` is no stage",
            ),
        ] {
            let error = run(&file).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
