//! The interface from the outside: what is read, what is refused, what is written.

use serde_json::{Value, json};

use super::*;
use crate::model::hpa::{
    Behavior, Direction, MetricTarget, Options, PolicyKind, ScaleToZero, ScalingPolicy, ScalingRules,
    SelectPolicy, Tolerances,
};
use crate::units::{Nanos, SimTime};

/// A healthy input; tests replace parts of it.
fn decide_input() -> Value {
    json!({
        "now": 1000,
        "options": { "scaleToZero": "legacy" },
        "scale": { "specReplicas": 2 },
        "hpa": {
            "maxReplicas": 10,
            "metrics": [{
                "type": "Resource",
                "resource": "cpu",
                "target": { "type": "Utilization", "averageUtilization": 50 },
                "samples": { "pods": [
                    { "pod": "a", "valueMilli": 900 },
                    { "pod": "b", "containers": [{ "name": "x", "valueMilli": 500 }, { "name": "y", "valueMilli": 400 }] },
                    { "pod": "gone", "valueMilli": 1 },
                ] },
            }],
        },
        "pods": [
            { "name": "a", "ready": "True", "startTime": 0, "requestsMilli": { "cpu": 1000 } },
            { "name": "b", "ready": "True", "startTime": 0, "containers": [
                { "name": "x", "requestsMilli": { "cpu": 600 } },
                { "name": "y", "requestsMilli": { "cpu": 300 } },
            ], "initContainers": [
                { "name": "side", "restartPolicy": "Always", "requestsMilli": { "cpu": 100 } },
                { "name": "init" },
            ] },
            { "name": "c", "deleted": true, "requestsMilli": { "cpu": 1000 }, "note": "leaving" },
        ],
        "history": { "recommendations": [] },
    })
}

fn run(input: Value) -> Value {
    Request::from_value(input).expect("a valid input").run()
}

/// Sets the value at a JSON pointer, adding the last key.
fn with(mut input: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match input.pointer_mut(parent).unwrap_or_else(|| panic!("{parent}")) {
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        Value::Object(object) => {
            object.insert(key.to_owned(), value);
        }
        other => panic!("{pointer}: {other}"),
    }
    input
}

#[test]
fn a_decision_tells_everything() {
    assert_eq!(
        run(decide_input()),
        json!({
            "desiredReplicas": 4,
            "rescale": true,
            "action": "scale_up",
            "reconcileError": false,
            "proposal": 4,
            "stabilized": 4,
            "winner": 0,
            "conditions": {
                "AbleToScale": { "status": "True", "reason": "SucceededRescale" },
                "ScalingActive": { "status": "True", "reason": "ValidMetricFound" },
                "ScalingLimited": { "status": "False", "reason": "DesiredWithinRange" },
            },
            "metrics": [{
                "type": "Resource",
                "desiredReplicas": 4,
                "utilizationPercent": 90,
                "averageMilli": 900,
                "ratio": 1.8,
                "readyCount": 2,
                "unready": [],
                "missing": [],
                "ignored": ["c"],
            }],
            "history": {
                "recommendations": [{ "replicas": 4, "time": 1000 }],
                "scaleUpEvents": [],
                "scaleDownEvents": [],
            },
        })
    );
}

#[test]
fn the_history_of_one_call_feeds_the_next() {
    let first = with(decide_input(), "/hpa/behavior", json!({}));
    let output = run(first.clone());
    assert_eq!(output["history"]["scaleUpEvents"], json!([{ "change": 2, "time": 1000, "outdated": false }]));
    let second = with(with(first, "/history", output["history"].clone()), "/scale/specReplicas", json!(4));
    let second =
        with(with(second, "/now", json!(1010.5)), "/options/downscaleStabilizationSeconds", json!(60));
    let second = with(second, "/hpa/metrics/0/target/averageUtilization", json!(400));
    let output = run(second);
    assert_eq!((&output["desiredReplicas"], &output["action"]), (&json!(4), &json!("none")));
    assert_eq!(
        output["history"]["recommendations"],
        json!([{ "replicas": 4, "time": 1000 }, { "replicas": 1, "time": 1010.5 }])
    );
}

#[test]
fn stages_run_on_their_own() {
    let samples = json!([{ "pod": "a", "valueMilli": 50 }, { "pod": "b", "valueMilli": 76 }]);
    let recommendations =
        json!({ "recommendations": [{ "replicas": 9, "time": 990 }, { "replicas": 8, "time": 1 }] });
    let events = json!({ "scaleUpEvents": [{ "change": 3, "time": 990 }] });
    let slow = json!({ "policies": [{ "type": "Pods", "value": 4, "periodSeconds": 60 }] });
    for (stage, fields, want) in [
        (
            "group-pods",
            json!({ "resource": "cpu", "pods": [{ "name": "z" }, { "name": "b", "ready": "True", "startTime": 0 }, { "name": "a", "phase": "Pending" }, { "name": "c" }, { "name": "d", "deleted": true }],
                    "samples": [{ "pod": "b", "valueMilli": 1 }, { "pod": "z", "valueMilli": 1 }, { "pod": "c", "containers": [] }] }),
            json!({ "readyCount": 1, "unready": ["a", "z"], "missing": ["c"], "ignored": ["d"] }),
        ),
        (
            "group-pods",
            json!({ "resource": "", "pods": [{ "name": "z" }], "samples": [{ "pod": "z", "valueMilli": 1 }] }),
            json!({ "readyCount": 1, "unready": [], "missing": [], "ignored": [] }),
        ),
        (
            "pod-requests",
            json!({ "resource": "cpu", "pods": [{ "name": "a", "requestsMilli": { "cpu": 7 }, "podRequestsMilli": { "cpu": 9 } }] }),
            json!({ "requestsMilli": { "a": 9 } }),
        ),
        (
            "pod-requests",
            json!({ "resource": "cpu", "container": "x", "pods": [{ "name": "a", "requestsMilli": { "cpu": 7 } }] }),
            json!({ "error": "container-not-found" }),
        ),
        (
            "pod-requests",
            json!({ "resource": "cpu", "container": "", "pods": [{ "name": "a", "requestsMilli": { "cpu": 7 } }] }),
            json!({ "requestsMilli": { "a": 7 } }),
        ),
        (
            "usage-ratio",
            json!({ "samples": samples, "requestsMilli": { "a": 100, "b": 100, "c": 9 }, "targetUtilizationPercent": 50 }),
            json!({ "utilizationPercent": 63, "averageMilli": 63, "ratio": 1.26 }),
        ),
        (
            "usage-ratio",
            json!({ "samples": samples, "targetMilli": 126 }),
            json!({ "usageMilli": 63, "ratio": 0.5 }),
        ),
        (
            "usage-ratio",
            json!({ "samples": samples, "targetMilli": 0 }),
            json!({ "error": "invalid-target" }),
        ),
        ("usage-ratio", json!({ "samples": [], "targetMilli": 5 }), json!({ "error": "no-metrics" })),
        (
            "usage-ratio",
            json!({ "samples": samples, "requestsMilli": {}, "targetUtilizationPercent": 50 }),
            json!({ "error": "no-matching-metrics" }),
        ),
        (
            "usage-ratio",
            json!({ "samples": samples, "requestsMilli": { "a": 1 }, "targetUtilizationPercent": 0 }),
            json!({ "error": "invalid-target" }),
        ),
        (
            "clamp-legacy",
            json!({ "currentReplicas": 3, "proposal": 50, "minReplicas": 1, "maxReplicas": 90 }),
            json!({ "desiredReplicas": 6, "reason": "ScaleUpLimit" }),
        ),
        (
            "stabilize-legacy",
            json!({ "proposal": 3, "history": recommendations }),
            json!({ "stabilized": 9, "recommendationsAfter": [9, 3] }),
        ),
        (
            "stabilize",
            json!({ "currentReplicas": 10, "proposal": 3, "scaleUpWindowSeconds": 0, "scaleDownWindowSeconds": 60, "history": recommendations }),
            json!({ "stabilized": 9, "reason": "ScaleDownStabilized", "recommendationsAfter": [9, 3] }),
        ),
        (
            "rate-limit",
            json!({ "currentReplicas": 10, "proposal": 30, "minReplicas": 1, "maxReplicas": 90, "behavior": { "scaleUp": slow }, "history": events }),
            json!({ "desiredReplicas": 11, "reason": "ScaleUpLimit" }),
        ),
        (
            "policy-limit",
            json!({ "direction": "down", "currentReplicas": 10, "rules": slow, "history": events }),
            json!({ "limit": 3 }),
        ),
        (
            "store-event",
            json!({ "direction": "up", "currentReplicas": 10, "newReplicas": 15, "periodSeconds": 60, "behavior": { "scaleUp": slow }, "history": events }),
            json!({ "changeInPeriod": 3, "eventsAfter": [{ "change": 3, "outdated": false }, { "change": 5, "outdated": false }] }),
        ),
        (
            "store-event",
            json!({ "direction": "down", "currentReplicas": 10, "newReplicas": 5, "periodSeconds": 60, "behavior": null }),
            json!({ "changeInPeriod": 0, "eventsAfter": [] }),
        ),
        (
            "calculate",
            json!({ "scale": { "specReplicas": 0 }, "metric": { "type": "External", "target": { "averageValueMilli": 100 }, "samples": { "valuesMilli": [250] } } }),
            json!({ "type": "External", "desiredReplicas": 3, "usageMilli": 0 }),
        ),
        (
            "calculate",
            json!({ "scale": { "specReplicas": 1 }, "metric": { "type": "Moon", "samples": {} } }),
            json!({ "type": "Moon", "error": "invalid-metric-type" }),
        ),
    ] {
        let mut input = json!({ "stage": stage, "now": 1000 });
        input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        assert_eq!(run(input), want, "{stage} {fields}");
    }
}

#[test]
fn defaults_are_those_of_the_interface() {
    let bare = json!({ "scale": { "specReplicas": 0 }, "hpa": { "maxReplicas": 3 } });
    let request = Request::from_value(bare).unwrap();
    let state = request.state().unwrap();
    assert_eq!(state.options, Options::for_kubernetes(37));
    assert_eq!(state.scale.status_replicas, 0);
    assert_eq!(state.hpa.min_replicas, 1);
    assert_eq!(state.hpa.behavior, None);
    assert_eq!(state.hpa.metrics[0].target, MetricTarget::utilization(80));
    assert_eq!(state.history.recommendations, None);
    assert_eq!(state.now, SimTime(0));

    let named = |version: &str| {
        let input = json!({ "scale": { "specReplicas": 0 }, "hpa": { "maxReplicas": 3 }, "options": { "kubernetes": version, "toleranceUp": 0.5 } });
        Request::from_value(input).map(|request| request.state().unwrap().options.clone())
    };
    let old = named("v1.24.3").unwrap();
    assert_eq!(old, Options { tolerances: Tolerances { up: 0.5, down: 0.1 }, ..Options::for_kubernetes(24) });
    assert!(named("24").is_err());

    let options = json!({
        "toleranceDown": 0.2, "cpuInitializationPeriodSeconds": 1, "initialReadinessDelaySeconds": 2,
        "downscaleStabilizationSeconds": 3, "scaleUpLimitFactor": 5, "scaleUpLimitMinimum": 6,
        "configurableTolerance": false, "podLevelResources": false, "scaleToZero": "off",
    });
    let request = Request::from_value(with(decide_input(), "/options", options)).unwrap();
    let defaults = Options::for_kubernetes(37);
    assert_eq!(
        request.state().unwrap().options,
        Options {
            tolerances: Tolerances { up: 0.1, down: 0.2 },
            cpu_initialization_period: Nanos::from_secs(1),
            initial_readiness_delay: Nanos::from_secs(2),
            downscale_stabilization: Nanos::from_secs(3),
            scale_up_limit_factor: 5.0,
            scale_up_limit_minimum: 6.0,
            configurable_tolerance: false,
            pod_level_resources: false,
            scale_to_zero: ScaleToZero::Off,
            ..defaults
        }
    );
}

#[test]
fn behavior_is_completed_field_by_field() {
    let behavior = json!({ "scaleUp": { "selectPolicy": "Min", "tolerance": "50m" }, "scaleDown": { "policies": [
        { "type": "Percent", "value": 10, "periodSeconds": 60 }] , "stabilizationWindowSeconds": 7.5 } });
    let request = Request::from_value(with(decide_input(), "/hpa/behavior", behavior)).unwrap();
    let behavior = request.state().unwrap().hpa.behavior.clone().unwrap();
    let up = ScalingRules::default_for(Direction::Up);
    assert_eq!(
        behavior.scale_up,
        ScalingRules { select_policy: SelectPolicy::Min, tolerance: Some(0.05), ..up }
    );
    let policy = ScalingPolicy { kind: PolicyKind::Percent, value: 10, period: Nanos::from_secs(60) };
    let down = ScalingRules {
        policies: vec![policy],
        stabilization_window: Some(Nanos::from_millis(7_500)),
        ..ScalingRules::default_for(Direction::Down)
    };
    assert_eq!(behavior.scale_down, down);
    for (value, presence) in [(json!(null), None), (json!({}), Some(Behavior::default()))] {
        let request = Request::from_value(with(decide_input(), "/hpa/behavior", value)).unwrap();
        assert_eq!(request.state().unwrap().hpa.behavior, presence);
    }
}

#[test]
fn container_metrics_read_their_container() {
    let metric = json!({
        "type": "ContainerResource", "resource": "cpu", "container": "x",
        "target": { "type": "Utilization", "averageUtilization": 50 },
        "samples": { "pods": [{ "pod": "b", "containers": [{ "name": "y", "valueMilli": 1 }, { "name": "x", "valueMilli": 600 }] },
                               { "pod": "d", "containers": [{ "name": "y", "valueMilli": 1 }] }] },
    });
    let pods = ["b", "d"].map(|name| json!({ "name": name, "ready": "True", "startTime": 0, "containers": [{ "name": "x", "requestsMilli": { "cpu": 600 } }] }));
    let output = run(
        json!({ "stage": "calculate", "now": 1000, "scale": { "specReplicas": 2 }, "metric": metric, "pods": pods }),
    );
    assert_eq!(output["utilizationPercent"], 100);
    assert_eq!(output["missing"], json!(["d"]));
}

#[test]
fn failures_are_data() {
    let output = run(with(decide_input(), "/hpa/metrics/0/samples", json!({ "error": "boom" })));
    assert_eq!(output["metrics"], json!([{ "type": "Resource", "error": "metrics-unavailable" }]));
    assert_eq!(output["reconcileError"], true);
    assert!(output.get("proposal").is_none() && output.get("stabilized").is_none());
    for samples in [json!(null), json!({})] {
        let output = run(with(decide_input(), "/hpa/metrics/0/samples", samples));
        assert_eq!(output["metrics"][0]["error"], "metrics-unavailable");
    }
    let output = run(with(decide_input(), "/hpa/metrics", json!([])));
    assert_eq!(output["metrics"], json!([{ "type": "Resource", "error": "no-metrics" }]));
}

#[test]
fn conditions_come_and_go() {
    let conditions = json!([
        { "type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas" },
        { "type": "ScaledToZero", "status": "Unknown" },
        { "type": "ScalingActive", "status": "False", "reason": "FailedGetScale" },
        { "type": "AbleToScale", "status": "False", "reason": "x" },
    ]);
    let input = with(with(decide_input(), "/conditions", conditions), "/scale/specReplicas", json!(11));
    let output = run(input);
    assert_eq!(
        output["conditions"],
        json!({
            "AbleToScale": { "status": "True", "reason": "SucceededRescale" },
            "ScalingActive": { "status": "False", "reason": "FailedGetScale" },
            "ScalingLimited": { "status": "True", "reason": "TooManyReplicas" },
            "ScaledToZero": { "status": "Unknown", "reason": "" },
        })
    );
    assert_eq!(output["action"], "scale_down");
}

#[test]
fn remarks_pass_and_everything_else_is_refused_by_name() {
    let remarked = with(with(decide_input(), "/name", json!("x")), "/note", json!(["y"]));
    let remarked = with(with(remarked, "/hpa/name", json!("web")), "/hpa/metrics/0/note", json!("z"));
    assert_eq!(run(remarked), run(decide_input()));

    for (pointer, value, message) in [
        ("/hpaa", json!(1), "hpaa: unknown field `hpaa`, expected one of"),
        ("/stage", json!("guess"), "stage: `guess` is no stage: write one of decide, "),
        ("/stage", json!(1), "stage: invalid type: integer `1`, expected a string"),
        ("/now", json!("today"), "now: invalid type: string \"today\", expected a number from 0 to"),
        ("/now", json!(-1), "now: invalid value: floating point `-1.0`, expected a number from 0 to"),
        ("/now", json!(1e11), "now: invalid value"),
        ("/options/tolerance", json!(1), "options.tolerance: unknown field"),
        ("/options/toleranceUp", json!(-0.1), "options.toleranceUp: invalid value: floating point `-0.1`"),
        (
            "/options/scaleToZero",
            json!("yes"),
            "options.scaleToZero: unknown variant `yes`, expected one of `legacy`, `off`, `on`",
        ),
        ("/options/kubernetes", json!("35"), "options.kubernetes: `35` is no version: write it as \"1.35\""),
        ("/scale", json!({}), "scale: missing field `specReplicas`"),
        (
            "/scale/specReplicas",
            json!(-1),
            "scale.specReplicas: invalid value: integer `-1`, expected a whole number from 0 to 2147483647",
        ),
        (
            "/scale/specReplicas",
            json!(1.5),
            "scale.specReplicas: invalid type: floating point `1.5`, expected a whole number",
        ),
        ("/scale/specReplicas", json!(3_000_000_000_u64), "scale.specReplicas: invalid value"),
        ("/scale/specReplicas", json!(u64::MAX), "scale.specReplicas: invalid value"),
        ("/hpa/minReplicas", json!(11), "hpa.minReplicas: 11 is more than maxReplicas, 10"),
        ("/hpa/maxReplicas", json!(0), "hpa.maxReplicas: must be 1 or more"),
        ("/hpa/behavior", json!({ "scaleup": {} }), "hpa.behavior.scaleup: unknown field"),
        (
            "/hpa/behavior",
            json!({ "scaleUp": { "policies": [] } }),
            "hpa.behavior.scaleUp.policies: is empty",
        ),
        (
            "/hpa/behavior",
            json!({ "scaleDown": { "policies": [{ "type": "Pods", "value": 1, "periodSecond": 5 }] } }),
            "hpa.behavior.scaleDown.policies[0].periodSecond: unknown field `periodSecond`, expected one of `type`, `value`, `periodSeconds`",
        ),
        (
            "/hpa/behavior",
            json!({ "scaleUp": { "tolerance": "much" } }),
            "hpa.behavior.scaleUp.tolerance: `much` is not a quantity",
        ),
        (
            "/hpa/behavior",
            json!({ "scaleUp": { "tolerance": -1 } }),
            "hpa.behavior.scaleUp.tolerance: invalid value",
        ),
        (
            "/hpa/behavior",
            json!({ "scaleUp": { "tolerance": [] } }),
            "hpa.behavior.scaleUp.tolerance: invalid type: sequence, expected a share",
        ),
        (
            "/hpa/metrics/0/resource",
            json!(null),
            "hpa.metrics[0].resource: a metric of type Resource needs it",
        ),
        (
            "/hpa/metrics/0/type",
            json!("ContainerResource"),
            "hpa.metrics[0].container: a metric of type ContainerResource needs it",
        ),
        ("/hpa/metrics/0/target/type", json!("Mean"), "hpa.metrics[0].target.type: unknown variant `Mean`"),
        (
            "/hpa/metrics/0/target/averageUtilization",
            json!(-5),
            "hpa.metrics[0].target.averageUtilization: invalid value",
        ),
        (
            "/hpa/metrics/0/samples/valueMilli",
            json!(5),
            "hpa.metrics[0].samples.valueMilli: does not fit a metric of type Resource: write `pods`",
        ),
        (
            "/hpa/metrics/0/samples/pods/1/pod",
            json!("a"),
            "hpa.metrics[0].samples.pods[1].pod: a sample of `a` is there already",
        ),
        (
            "/hpa/metrics/0/samples/pods/0/valueMilli",
            json!(null),
            "hpa.metrics[0].samples.pods[0]: needs either `valueMilli` or `containers`",
        ),
        (
            "/hpa/metrics/0/samples/pods/1/valueMilli",
            json!(3),
            "hpa.metrics[0].samples.pods[1]: needs either",
        ),
        (
            "/pods/0/requestsMilli/cpu",
            json!(-1),
            "pods[0].requestsMilli.cpu: invalid value: integer `-1`, expected a whole number from 0",
        ),
        ("/pods/0/ready", json!(true), "pods[0].ready: invalid type: boolean `true`"),
        ("/pods/0/phase", json!("Done"), "pods[0].phase: unknown variant `Done`"),
        ("/pods/0/containers", json!([]), "pods[0]: gives both `containers` and `requestsMilli`"),
        ("/pods/0/initContainers", json!([]), "pods[0]: gives `initContainers` without `containers`"),
        ("/pods/1/name", json!("a"), "pods[1].name: a pod named `a` is there already"),
        (
            "/history/recommendations",
            json!([{ "replicas": 1 }]),
            "history.recommendations[0]: missing field `time`",
        ),
        (
            "/conditions",
            json!([{ "type": "Happy", "status": "True" }]),
            "conditions[0].type: unknown variant `Happy`",
        ),
    ] {
        let bare = if pointer == "/pods/0/initContainers" {
            with(decide_input(), "/pods/0", json!({ "name": "a" }))
        } else {
            decide_input()
        };
        let error = Request::from_value(with(bare, pointer, value)).expect_err(pointer).to_string();
        assert!(error.starts_with(message), "{pointer}: {error}");
    }

    for (input, message) in [
        (json!([]), "the input must be one JSON object"),
        (json!({ "stage": "usage-ratio", "samples": [] }), "needs either `targetUtilizationPercent`"),
        (json!({ "stage": "policy-limit", "direction": "left" }), "direction: unknown variant `left`"),
    ] {
        let error = Request::from_value(input).expect_err(message).to_string();
        assert!(error.starts_with(message), "{error}");
    }
    let error = Request::parse("{\n  \"now\": 1,\n}").unwrap_err().to_string();
    assert!(error.contains("line 3"), "{error}");
    assert!(Request::parse(&decide_input().to_string()).is_ok());
}

#[test]
fn either_one_input_or_objects_of_kubectl() {
    let read = |values: Vec<Value>| {
        Request::from_values(values, None, None, None).map(|_| ()).map_err(|e| e.to_string())
    };
    assert_eq!(read(vec![decide_input()]), Ok(()));
    for values in [vec![], vec![decide_input(), decide_input()]] {
        assert!(read(values).unwrap_err().starts_with("needs exactly one input"));
    }
    let error = read(vec![json!({ "kind": "List", "items": [] })]).unwrap_err();
    assert_eq!(error, "the input holds no HorizontalPodAutoscaler");
}
