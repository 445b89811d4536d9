//! Vectors of the format `podloss-lifecycle-vectors/1`: pod lifecycle, probes, endpoints, rollout.
//!
//! Each kind is a function from one vector's `input` to an output object. They translate names and
//! seconds, call the rule in [`crate::model`] and decide nothing themselves.

mod deployment;
mod endpoints;
mod probe;
mod ranking;
mod termination;

use super::{VectorOutcome, differences};
use crate::units::{Nanos, SimTime};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::Value;

/// The value of `format` that this module reads.
pub const FORMAT: &str = "podloss-lifecycle-vectors/1";

/// Turns one `input` into an output.
type Compute = fn(&Value) -> Result<Value, String>;

/// Runs every vector of a file.
///
/// # Errors
/// The file has another format, an unknown kind or no list of vectors. A single input that cannot
/// be read is no error of the file: its vector has a mismatch that says why.
pub fn run(file: &Value) -> Result<Vec<VectorOutcome>, String> {
    let format = text(file, "format")?;
    if format != FORMAT {
        return Err(format!("format: `{format}` is not known here, write `{FORMAT}`"));
    }
    let (area, kind) = (text(file, "area")?, text(file, "kind")?);
    let compute = computation(area, kind)
        .ok_or_else(|| format!("kind: `{area}/{kind}` is none of the kinds of `{FORMAT}`"))?;
    let vectors = file.get("vectors").and_then(Value::as_array).ok_or("vectors: write a list")?;
    vectors.iter().map(|vector| run_one(vector, compute, lists_are_sets(area, kind))).collect()
}

fn computation(area: &str, kind: &str) -> Option<Compute> {
    Some(match (area, kind) {
        ("deployment", "resolve-fenceposts") => deployment::fenceposts,
        ("deployment", "max-unavailable") => deployment::max_unavailable,
        ("deployment", "new-rs-new-replicas") => deployment::new_rs_new_replicas,
        ("deployment", "reconcile-new-rs") => deployment::reconcile_new_rs,
        ("deployment", "reconcile-old-rs") => deployment::reconcile_old_rs,
        ("deployment", "cleanup-unhealthy") => deployment::cleanup_unhealthy_pods,
        ("deployment", "scale-down-old") => deployment::scale_down_old_rss,
        ("deployment", "proportional-scale") => deployment::proportional_scale,
        ("deployment", "slow-start-batch") => deployment::slow_start_batch,
        ("deployment", "rollout-trace") => deployment::rollout_trace,
        ("deletion-ranking", "pairwise") => ranking::pairwise,
        ("deletion-ranking", "pods-to-delete") => ranking::victims,
        ("probe", "sequence") => probe::sequence,
        ("probe", "single-attempt") => probe::single_attempt,
        ("probe", "http-outcome") => probe::http,
        ("endpoints", "categorize") => endpoints::categorize_endpoints,
        ("endpoints", "pod-to-conditions") => endpoints::pod_to_conditions,
        ("endpoints", "membership") => endpoints::membership,
        ("termination", "base-grace") => termination::grace,
        ("termination", "timeline") => termination::timeline,
        ("termination", "sidecar-order") => termination::sidecar_order,
        _ => return None,
    })
}

/// The kinds whose lists have no order.
fn lists_are_sets(area: &str, kind: &str) -> bool {
    (area, kind) == ("endpoints", "categorize")
}

fn run_one(vector: &Value, compute: Compute, sets: bool) -> Result<VectorOutcome, String> {
    let id = text(vector, "id")?.to_owned();
    let computed = vector.get("input").ok_or("input: missing".to_owned()).and_then(compute);
    let (output, mismatches) = match (computed, vector.get("expect")) {
        (Err(error), _) => (Value::Null, vec![error]),
        (Ok(output), None) => (output, Vec::new()),
        (Ok(output), Some(expect)) if sets => {
            let mismatches = differences(&with_sorted_lists(expect), &with_sorted_lists(&output));
            (output, mismatches)
        }
        (Ok(output), Some(expect)) => {
            let mismatches = differences(expect, &output);
            (output, mismatches)
        }
    };
    Ok(VectorOutcome { id, output, mismatches })
}

/// A copy of an object in which every list of texts is sorted.
fn with_sorted_lists(value: &Value) -> Value {
    let mut copy = value.clone();
    for list in copy.as_object_mut().into_iter().flat_map(|object| object.values_mut()) {
        if let Some(list) = list.as_array_mut() {
            list.sort_by_key(|element| element.as_str().map(str::to_owned));
        }
    }
    copy
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, String> {
    value.get(key).and_then(Value::as_str).ok_or_else(|| format!("{key}: write a text"))
}

/// Reads an input, or a part of it, as `T`.
fn read<T: DeserializeOwned>(input: &Value) -> Result<T, String> {
    T::deserialize(input).map_err(|error| format!("input: {error}"))
}

/// Reads a field in which `null` means the same as its absence.
fn null_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// "Now" wherever a vector gives ages: a century, so that every age fits before it. A whole second.
const NOW: SimTime = SimTime(3_200_000_000_000_000_000);

/// So many seconds, which may be more than any span in a simulation.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float cast saturates, and that is meant"
)]
fn span(seconds: f64) -> Nanos {
    Nanos((seconds * 1e9).round() as u64)
}

/// The instant that was `seconds` ago.
fn seconds_ago(seconds: f64) -> SimTime {
    NOW - span(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn file(area: &str, kind: &str, vectors: Value) -> Value {
        json!({"format": FORMAT, "area": area, "kind": kind, "vectors": vectors})
    }

    #[test]
    fn files_of_another_kind_are_refused_by_name() {
        let ok = file("termination", "base-grace", json!([]));
        assert_eq!(run(&ok).unwrap().len(), 0);
        for (key, value, part) in [
            ("format", json!("podloss-lifecycle-vectors/2"), "write `podloss-lifecycle-vectors/1`"),
            ("kind", json!("timelines"), "`termination/timelines` is none"),
            ("area", json!(null), "area: write a text"),
            ("vectors", json!({}), "vectors: write a list"),
        ] {
            let mut wrong = ok.clone();
            wrong[key] = value;
            let error = run(&wrong).unwrap_err();
            assert!(error.contains(part), "{key}: {error}");
        }
    }

    #[test]
    fn a_mismatch_and_an_unreadable_input_are_reported_per_vector() {
        let input = json!({"pod_deletion_grace_s": null, "spec_grace_s": 60, "startup_probe_grace_s": null,
            "liveness_probe_grace_s": 10, "reason": "liveness_probe"});
        let outcomes = run(&file(
            "termination",
            "base-grace",
            json!([
                {"id": "right", "input": input, "expect": {"grace_s": 10}},
                {"id": "wrong", "input": input, "expect": {"grace_s": 60}},
                {"id": "unreadable", "input": {"reason": 5}, "expect": {"grace_s": 60}},
                {"id": "no expectation", "input": input},
            ]),
        ))
        .unwrap();
        let mismatches: Vec<_> = outcomes.iter().map(|outcome| outcome.mismatches.len()).collect();
        assert_eq!(mismatches, [0, 1, 1, 0]);
        assert_eq!(outcomes[1].mismatches, ["grace_s: expected 60, got 10"]);
        assert_eq!(outcomes[3].output, json!({"grace_s": 10}));
    }

    #[test]
    fn endpoint_lists_are_compared_as_sets() {
        let endpoint = |addr| {
            json!({"addr": addr, "ready": true, "serving": true, "terminating": false,
            "local": false, "zone_hints": []})
        };
        let vector = json!({
            "id": "set",
            "input": {
                "service": {"internal_policy_local": false, "external_policy_local": false,
                    "externally_accessible": false},
                "node_zone": null,
                "endpoints": [endpoint("a"), endpoint("b")],
            },
            "expect": {"cluster": ["b", "a"], "local": null},
        });
        let outcomes = run(&file("endpoints", "categorize", json!([vector]))).unwrap();
        assert_eq!(outcomes[0].mismatches, Vec::<String>::new());
    }

    /// Runs one vector that is expected to pass.
    fn passes((area, kind): (&str, &str), name: &str, input: &Value, expect: &Value) {
        let vector = json!({"id": name, "input": input, "expect": expect});
        let outcomes = run(&file(area, kind, json!([vector]))).unwrap();
        assert_eq!(outcomes[0].mismatches, Vec::<String>::new(), "{name}");
    }

    /// A long-lived pod with the given fields changed.
    fn pod(changes: Value) -> Value {
        let mut pod = json!({"name": "a", "uid": "a", "node": "n", "phase": "Running", "ready": true,
            "restarts": 0, "ready_age_s": 5, "created_age_s": 5, "deletion_cost": 0, "rank": 0});
        pod.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        pod
    }

    #[test]
    fn null_means_absent() {
        let kind = ("deletion-ranking", "pairwise");
        for field in ["deletion_cost", "rank", "restarts", "uid", "node"] {
            // Unassigned pods go first; all other fields are as if they were not there.
            let first = if field == "node" { "first" } else { "equal" };
            let uid = if field == "uid" { json!({"uid": ""}) } else { json!({}) };
            let pair = json!({"first": pod(json!({field: null})), "second": pod(uid)});
            passes(kind, field, &pair, &json!({"deleted_earlier": first}));
        }
        let mut bare = pod(json!({}));
        bare.as_object_mut().unwrap().remove("uid");
        let costly = pod(json!({"uid": "", "deletion_cost": 1}));
        let pair = json!({"first": costly, "second": bare, "use_deletion_cost": null});
        passes(kind, "costs count unless switched off", &pair, &json!({"deleted_earlier": "second"}));

        let endpoint = json!({"addr": "a", "ready": true, "serving": true, "terminating": false,
            "local": false, "zone_hints": null});
        let node = json!({"service": {"internal_policy_local": false, "external_policy_local": false,
            "externally_accessible": false}, "node_zone": null, "endpoints": [endpoint]});
        passes(("endpoints", "categorize"), "zone_hints", &node, &json!({"cluster": ["a"]}));

        let probe = json!({"type": "readiness", "success_threshold": 1, "failure_threshold": 1,
            "initial_delay_s": null, "container_started_initially": true, "running_for_s_initially": null,
            "steps": [{"outcome": "success", "pod_deleting": null}]});
        passes(("probe", "sequence"), "probe", &probe, &json!({"steps": [{"result": "success"}]}));

        let deployment = json!({"replicas": 5, "strategy": null, "max_surge": 0, "max_unavailable": 2});
        passes(("deployment", "max-unavailable"), "strategy", &deployment, &json!({"max_unavailable": 2}));
    }

    /// Ages are compared by powers of two of nanoseconds: the 54th is left after 417 days.
    #[test]
    fn pods_may_be_years_old() {
        let days = |days: u64| json!(days * 86_400);
        for (name, first, second, want) in [
            ("two buckets apart: restarts are not asked", days(365), days(1_389), "first"),
            ("one bucket: only the UID counts, and it is the same", days(430), days(800), "equal"),
            ("a day beside two years", days(1), days(730), "first"),
        ] {
            let pair = json!({
                "first": pod(json!({"ready_age_s": first})),
                "second": pod(json!({"ready_age_s": second, "restarts": 9})),
            });
            passes(("deletion-ranking", "pairwise"), name, &pair, &json!({"deleted_earlier": want}));
        }
    }

    /// Source: kubernetes pkg/kubelet/prober/worker.go doProbe cuts the running time to seconds.
    #[test]
    fn a_running_time_is_cut_to_whole_seconds() {
        for (running, run) in [(9.9, 0), (10.0, 1), (10.9, 1)] {
            let probe = json!({"type": "readiness", "success_threshold": 1, "failure_threshold": 3,
                "initial_delay_s": 10, "container_started_initially": true,
                "running_for_s_initially": running, "steps": [{"outcome": "success"}]});
            let expect = json!({"steps": [{"run": run, "continue": true}]});
            passes(("probe", "sequence"), &running.to_string(), &probe, &expect);
        }
    }

    #[test]
    fn errors_that_upstream_swallows() {
        let set = |name: &str, replicas: u32, available: u32| json!({"name": name, "replicas": replicas, "available": available});
        // The first old set is cleaned up, the second reports more than it may have: an error,
        // and "not scaled". Source: kubernetes rolling.go reconcileOldReplicaSets.
        let stale = json!({"deployment_replicas": 10, "max_surge": 0, "max_unavailable": 5,
            "new_rs": set("new", 0, 0), "old_rss": [set("o1", 10, 8), set("o2", 3, 5)]});
        let expect = json!({"scaled": false, "old_rss": {"o1": 8, "o2": 3}});
        passes(("deployment", "reconcile-old-rs"), "stale status", &stale, &expect);
        // Source: kubernetes deployment_util.go MaxUnavailable.
        let unreadable = json!({"replicas": 5, "max_surge": 1, "max_unavailable": "oops"});
        passes(("deployment", "max-unavailable"), "limit", &unreadable, &json!({"max_unavailable": 0}));
        let answered = json!({"connect": "ok", "status": 200});
        passes(("probe", "http-outcome"), "answered", &answered, &json!({"outcome": "success"}));
    }
}
