//! Vectors of the Horizontal Pod Autoscaler, schema `podloss-hpa-vectors/1`.

use serde_json::{Map, Value};

use super::{VectorOutcome, differences};
use crate::hpa_state::Request;

/// The `schema` that this module reads.
pub const SCHEMA: &str = "podloss-hpa-vectors/1";

/// Runs every vector of a file.
///
/// # Errors
/// If the file is not of [`SCHEMA`], has no list of vectors or a vector has no name. A single input
/// that cannot be read is no error of the file: its vector has a mismatch that says why.
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
    let (output, mismatches) = match (Request::from_value(input), vector.get("expect")) {
        (Err(error), _) => (Value::Null, vec![format!("input: {error}")]),
        (Ok(request), None) => (request.run(), Vec::new()),
        (Ok(request), Some(expect)) => {
            let output = request.run();
            let mismatches = compare(expect, &output);
            (output, mismatches)
        }
    };
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
        ] {
            let error = run(&file).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn an_input_that_cannot_be_read_fails_its_vector_alone() {
        let clamp = |min: i32| {
            json!({ "stage": "clamp-legacy", "currentReplicas": 5, "proposal": 7,
                "minReplicas": min, "maxReplicas": 8 })
        };
        let file = json!({ "schema": SCHEMA, "vectors": [
            { "name": "good", "input": clamp(3), "expect": { "desiredReplicas": 7 } },
            { "name": "unreadable", "input": { "stage": "guess" } },
            // Nobody checks the bounds here, and the lower one is looked at first.
            // Source: kubernetes horizontal.go convertDesiredReplicasWithRules.
            { "name": "min above max", "input": clamp(9),
              "expect": { "desiredReplicas": 9, "reason": "TooFewReplicas" } },
        ]});
        let outcomes = run(&file).unwrap();
        assert_eq!(outcomes[1].output, Value::Null);
        assert!(outcomes[1].mismatches[0].starts_with("input: stage: `guess` is no stage"));
        assert!(outcomes[0].mismatches.is_empty() && outcomes[2].mismatches.is_empty(), "{outcomes:?}");
    }
}
