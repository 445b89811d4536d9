//! Dumps, whole and with holes.

use serde_json::json;

use super::*;
use crate::model::hpa::{
    Behavior, ContainerRequests, Direction, MetricTarget, PodRequests, PodSample, PodView, ScalingRules,
    Status, decide,
};
use crate::units::Nanos;

fn pod(name: &str, labels: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "shop", "labels": labels, "resourceVersion": "7",
            "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d9f", "uid": "u" }],
        },
        "spec": {
            "nodeName": "n1",
            "containers": [
                { "name": "app", "image": "i", "resources": { "requests": { "cpu": "500m", "memory": "1Ki" }, "limits": { "cpu": "1" } } },
                { "name": "proxy", "resources": { "requests": { "cpu": "0.1" } } },
            ],
            "initContainers": [
                { "name": "migrate", "resources": {} },
                { "name": "side", "restartPolicy": "Always", "resources": { "requests": { "cpu": "50m" } } },
            ],
        },
        "status": {
            "phase": "Running", "startTime": "2026-03-01T11:00:00Z", "podIP": "10.0.0.1",
            "conditions": [
                { "type": "Initialized", "status": "True", "lastTransitionTime": "2026-03-01T11:00:01Z" },
                { "type": "Ready", "status": "True", "lastTransitionTime": "2026-03-01T11:00:09Z", "lastProbeTime": null },
            ],
        },
    })
}

fn hpa() -> Value {
    json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": "web", "namespace": "shop" },
        "spec": {
            "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" },
            "minReplicas": 2, "maxReplicas": 10,
            "metrics": [{ "type": "Resource", "resource": { "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 50 } } }],
        },
        "status": {
            "currentReplicas": 2, "desiredReplicas": 3, "currentMetrics": null,
            "conditions": [
                { "type": "AbleToScale", "status": "True", "reason": "ReadyForNewScale", "message": "m", "lastTransitionTime": "2026-03-01T11:00:00Z" },
                { "type": "FutureCondition", "status": "False", "reason": "New" },
            ],
        },
    })
}

fn usage(name: &str, cpu: &str) -> Value {
    json!({
        "metadata": { "name": name, "namespace": "shop", "creationTimestamp": "2026-03-01T12:00:05Z" },
        "timestamp": "2026-03-01T12:00:00Z", "window": "15.04s",
        "containers": [
            { "name": "app", "usage": { "cpu": cpu, "memory": "20Mi" } },
            { "name": "proxy", "usage": { "cpu": "50m", "memory": "5Mi" } },
        ],
    })
}

fn metrics(items: &[Value]) -> Value {
    json!({ "kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": items })
}

fn list(items: &[Value]) -> Value {
    json!({ "apiVersion": "v1", "kind": "List", "metadata": { "resourceVersion": "" }, "items": items })
}

fn labels() -> Value {
    json!({ "app": "web", "pod-template-hash": "7d9f" })
}

/// Two pods at 600m and 650m of 650m requested, and one of another workload.
fn dump() -> Vec<Value> {
    let mut other = pod("job-x", &json!({ "app": "job" }));
    other["metadata"]["ownerReferences"][0]["name"] = json!("job-1");
    let pods = [hpa(), pod("web-a", &labels()), pod("web-b", &labels()), other];
    vec![list(&pods), metrics(&[usage("web-a", "550000000n"), usage("web-b", "600m"), usage("job-x", "1")])]
}

fn read(values: &[Value]) -> Result<State, String> {
    from_kubectl(values, None, None).map_err(|error| error.to_string())
}

#[test]
fn a_dump_becomes_the_state_that_the_controller_sees() {
    let state = read(&dump()).unwrap();
    assert_eq!(state.names, ["web-a", "web-b"]);
    let start = SimTime(1_772_362_800_000_000_000);
    let view = PodView {
        phase: Phase::Running,
        deleted: false,
        ready: Some(Status::True),
        ready_transition: start + Nanos::from_secs(9),
        start_time: Some(start),
        requests: 0,
    };
    assert_eq!(state.pods, [view, view]);
    let container = |name: &str, requests: &[(&str, i64)]| ContainerRequests {
        name: name.to_owned(),
        requests: requests.iter().map(|(resource, milli)| ((*resource).to_owned(), *milli)).collect(),
    };
    let containers = vec![
        container("app", &[("cpu", 500), ("memory", 1_024_000)]),
        container("proxy", &[("cpu", 100)]),
        container("side", &[("cpu", 50)]),
    ];
    assert_eq!(state.requests, [PodRequests { containers, ..PodRequests::default() }]);
    let sample = |pod, milli| PodSample {
        pod,
        time: start + Nanos::from_secs(3_600),
        window: Nanos::from_millis(15_040),
        value: Some(milli),
    };
    assert_eq!(state.samples, [Samples::Pods(vec![sample(0, 600), sample(1, 650)])]);
    assert_eq!(state.now, start + Nanos::from_secs(3_600), "the time of the newest sample");
    assert_eq!(state.scale, Scale { spec_replicas: 3, status_replicas: 2 });
    assert_eq!(state.options, Options::for_kubernetes(35));
    assert_eq!((state.hpa.min_replicas, state.hpa.max_replicas), (2, 10));
    assert_eq!(state.conditions.iter().count(), 1);
    // 1250 of 1300 is 96 %: 1.92 times two pods.
    assert_eq!(decide(&state.input()).desired_replicas, 4);
}

#[test]
fn the_target_in_the_dump_gives_selector_and_sizes() {
    let mut values = dump();
    values.push(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": "shop" },
        "spec": { "replicas": 5, "selector": { "matchLabels": { "app": "job" } }, "template": {} },
        "status": { "replicas": 6, "readyReplicas": 4 },
    }));
    let state = read(&values).unwrap();
    assert_eq!(state.names, ["job-x"]);
    assert_eq!(state.scale, Scale { spec_replicas: 5, status_replicas: 6 });
    let target = values.last_mut().unwrap();
    target["status"] = json!({});
    target["spec"]["replicas"] = json!(null);
    assert_eq!(read(&values).unwrap().scale, Scale { spec_replicas: 1, status_replicas: 0 });
    values.last_mut().unwrap()["metadata"]["namespace"] = json!("other");
    assert_eq!(read(&values).unwrap().names, ["web-a", "web-b"], "another namespace is another target");
}

#[test]
fn pods_without_a_target_belong_by_owner() {
    let with = |kind: &str, owner: Value, labels: Value| {
        let mut autoscaler = hpa();
        autoscaler["spec"]["scaleTargetRef"]["kind"] = json!(kind);
        let mut pod = pod("p", &labels);
        pod["metadata"]["ownerReferences"] = json!([owner]);
        read(&[list(&[autoscaler, pod]), metrics(&[usage("p", "1")])]).map(|state| state.names)
    };
    let owner = |kind: &str, name: &str| json!({ "kind": kind, "name": name });
    let hash = |label: &str, hash: &str| json!({ label: hash });
    for (name, kind, owner, labels, belongs) in [
        (
            "through its replica set",
            "Deployment",
            owner("ReplicaSet", "web-1f"),
            hash("pod-template-hash", "1f"),
            true,
        ),
        ("another hash", "Deployment", owner("ReplicaSet", "web-1f"), hash("pod-template-hash", "2f"), false),
        (
            "a longer name",
            "Deployment",
            owner("ReplicaSet", "web-api-1f"),
            hash("pod-template-hash", "1f"),
            false,
        ),
        ("no hash", "Deployment", owner("ReplicaSet", "web-1f"), json!({}), false),
        (
            "a rollout",
            "Rollout",
            owner("ReplicaSet", "web-1f"),
            hash("rollouts-pod-template-hash", "1f"),
            true,
        ),
        ("directly", "StatefulSet", owner("StatefulSet", "web"), json!({}), true),
        ("another name", "StatefulSet", owner("StatefulSet", "db"), json!({}), false),
        ("another kind", "StatefulSet", owner("DaemonSet", "web"), json!({}), false),
    ] {
        let names = with(kind, owner, labels);
        assert_eq!(names.is_ok(), belongs, "{name}: {names:?}");
    }
}

#[test]
fn sizes_without_a_target_come_from_the_status_and_the_pods() {
    let mut values = dump();
    let pods = values[0]["items"].as_array_mut().unwrap();
    pods[0]["status"]["desiredReplicas"] = json!(0);
    pods[1]["metadata"]["deletionTimestamp"] = json!("2026-03-01T12:00:00Z");
    let mut failed = pod("web-c", &labels());
    failed["status"]["phase"] = json!("Failed");
    pods.push(failed);
    let mut young = pod("web-d", &labels());
    young["status"] = json!({});
    pods.push(young);
    let state = read(&values).unwrap();
    assert_eq!(state.scale, Scale { spec_replicas: 2, status_replicas: 2 });
    assert!(state.pods[0].deleted);
    assert_eq!(state.pods[3].phase, Phase::Pending);
    assert_eq!((state.pods[3].ready, state.pods[3].start_time), (None, None));
}

#[test]
fn other_metrics_and_missing_answers_are_unavailable() {
    let mut values = dump();
    let target = json!({ "type": "AverageValue", "averageValue": "2" });
    let named = json!({ "metric": { "name": "m" }, "target": { "type": "Value", "value": "500m" } });
    values[0]["items"][0]["spec"]["metrics"] = json!([
        { "type": "ContainerResource", "containerResource": { "name": "cpu", "container": "app", "target": target } },
        { "type": "Pods", "pods": { "metric": { "name": "m" }, "target": target } },
        { "type": "Object", "object": named },
        { "type": "External", "external": named },
        { "type": "Moon" },
    ]);
    let state = read(&values).unwrap();
    let kinds: Vec<&str> = state.hpa.metrics.iter().map(|metric| metric.source.kind()).collect();
    assert_eq!(kinds, ["ContainerResource", "Pods", "Object", "External", "Moon"]);
    assert_eq!(state.hpa.metrics[0].target, MetricTarget::average_value(2_000));
    assert_eq!(state.hpa.metrics[3].target, MetricTarget::value(500));
    let Samples::Pods(samples) = &state.samples[0] else { panic!("{:?}", state.samples) };
    assert_eq!(samples.iter().map(|sample| sample.value).collect::<Vec<_>>(), [Some(550), Some(600)]);
    assert!(state.samples[1..].iter().all(|answer| *answer == Samples::Unavailable));

    let only_objects = &dump()[..1];
    let state = from_kubectl(only_objects, None, Some(SimTime(7))).unwrap();
    assert_eq!((state.now, &state.samples[0]), (SimTime(7), &Samples::Unavailable));
}

#[test]
fn a_spec_without_metrics_and_with_behavior() {
    let mut values = dump();
    let spec = &mut values[0]["items"][0]["spec"];
    spec["metrics"] = json!([]);
    spec["minReplicas"] = json!(null);
    spec["behavior"] = json!({ "scaleUp": { "stabilizationWindowSeconds": 5, "tolerance": "50m" } });
    let state = read(&values).unwrap();
    assert_eq!(state.hpa.metrics, [default_metric()]);
    assert_eq!(state.hpa.min_replicas, 1);
    let scale_up = ScalingRules {
        stabilization_window: Some(Nanos::from_secs(5)),
        tolerance: Some(0.05),
        ..ScalingRules::default_for(Direction::Up)
    };
    assert_eq!(state.hpa.behavior, Some(Behavior { scale_up, ..Behavior::default() }));
}

#[test]
fn one_of_several_autoscalers_is_chosen_by_name() {
    let mut second = hpa();
    second["metadata"]["name"] = json!("api");
    let mut values = dump();
    values.push(list(&[second]));
    let choose =
        |name: Option<&str>| from_kubectl(&values, name, None).map(|_| ()).map_err(|error| error.to_string());
    assert_eq!((choose(Some("web")), choose(Some("shop/api"))), (Ok(()), Ok(())));
    let several = "the input holds several autoscalers, choose one with --hpa: shop/web, shop/api";
    assert_eq!(choose(None), Err(several.to_owned()));
    assert_eq!(
        choose(Some("db")),
        Err("no autoscaler is named `db`: there are shop/web, shop/api".to_owned())
    );
}

#[test]
fn what_is_wrong_or_missing_is_named() {
    let old = json!({ "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": { "name": "web" } });
    let bend = |pointer: &str, value: Value| {
        let mut values = dump();
        *values[0].pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        read(&values).unwrap_err()
    };
    let mut timeless = metrics(&[usage("web-a", "1")]);
    timeless["items"][0]["timestamp"] = json!("noon");
    for (error, message) in [
        (read(&[]).unwrap_err(), "the input holds no HorizontalPodAutoscaler"),
        (read(&[old]).unwrap_err(), "HorizontalPodAutoscaler web: autoscaling/v1 lacks most of the spec"),
        (read(&dump()[..1]).unwrap_err(), "the input holds no PodMetrics to take the time from"),
        (read(&[list(&[hpa()])]).unwrap_err(), "the input holds no pod of Deployment web: add it"),
        (read(&[timeless]).unwrap_err(), "PodMetrics web-a.timestamp: `noon` is no time"),
        (
            bend("/items/0/spec/maxReplicas", json!(null)),
            "HorizontalPodAutoscaler web.spec.maxReplicas: invalid type",
        ),
        (
            bend("/items/1/spec/containers/0/resources/requests/cpu", json!("lots")),
            "Pod web-a.spec.containers[0].resources.requests.cpu: `lots` is not a quantity",
        ),
        (
            bend("/items/1/status/startTime", json!("yesterday")),
            "Pod web-a.status.startTime: `yesterday` is no time",
        ),
    ] {
        assert!(error.starts_with(message), "{error}");
    }
    let mut idle = hpa();
    idle["status"]["currentReplicas"] = json!(0);
    assert!(from_kubectl(&[idle], None, Some(SimTime(1))).is_ok(), "nothing runs, nothing is missing");
}

/// An autoscaler with one metric of each other API.
fn on_other_apis() -> Vec<Value> {
    let mut values = dump();
    let average = json!({ "type": "AverageValue", "averageValue": "20" });
    values[0]["items"][0]["spec"]["metrics"] = json!([
        { "type": "Pods", "pods": { "metric": { "name": "rps" }, "target": average } },
        { "type": "Object", "object": {
            "metric": { "name": "hits" }, "target": { "type": "Value", "value": "5" },
            "describedObject": { "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "shop" },
        } },
        { "type": "External", "external": {
            "metric": { "name": "jobs", "selector": { "matchLabels": { "queue": "mail" } } }, "target": average,
        } },
    ]);
    values
}

#[test]
fn answers_of_the_other_apis_are_read() {
    let mut values = on_other_apis();
    let of = |kind: &str, name: &str, metric: Value, value: &str| {
        let mut item = json!({
            "describedObject": { "kind": kind, "namespace": "shop", "name": name, "apiVersion": "/v1" },
            "timestamp": "2026-03-01T12:00:30Z", "value": value, "selector": null,
        });
        item.as_object_mut().unwrap().extend(metric.as_object().unwrap().clone());
        item
    };
    let v1 = |name: &str| json!({ "metricName": name, "windowSeconds": 90 });
    let v2 = |name: &str| json!({ "metric": { "name": name, "selector": null } });
    values.push(json!({ "kind": "MetricValueList", "apiVersion": "custom.metrics.k8s.io/v1beta1", "metadata": {}, "items": [
        of("Pod", "web-a", v1("rps"), "31500m"), of("Pod", "web-b", v2("rps"), "-2"),
        of("Pod", "web-b", v2("other"), "9"), of("Pod", "elsewhere", v2("rps"), "9"),
        of("Ingress", "other", v2("hits"), "9"), of("Ingress", "shop", v2("hits"), "7"),
    ] }));
    let series = |value: &str| json!({ "metricName": "jobs", "metricLabels": { "queue": "mail" }, "timestamp": "2026-03-01T12:00:40Z", "value": value });
    values.push(json!({ "kind": "ExternalMetricValueList", "apiVersion": "external.metrics.k8s.io/v1beta1", "metadata": {}, "items": [series("100"), series("1k")] }));
    let state = read(&values).unwrap();
    let time = SimTime(1_772_366_430_000_000_000);
    let sample =
        |pod, window, value| PodSample { pod, time, window: Nanos::from_secs(window), value: Some(value) };
    assert_eq!(
        state.samples,
        [
            Samples::Pods(vec![sample(0, 90, 31_500), sample(1, 60, -2_000)]),
            Samples::Object(7_000),
            Samples::External(vec![100_000, 1_000_000]),
        ]
    );
    assert_eq!(state.remarks, Vec::<String>::new());
}

#[test]
fn what_an_api_did_not_say_comes_from_the_status_or_is_remarked_on() {
    let mut values = on_other_apis();
    let state = read(&values).unwrap();
    assert_eq!(state.samples, [Samples::Unavailable, Samples::Unavailable, Samples::Unavailable]);
    for (remark, words) in state.remarks.iter().zip([
        "rps: not in the input, so it counts as failed; add `kubectl get --raw /apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/pods/*/rps`",
        "hits: not in the input, so it counts as failed; add `kubectl get --raw /apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/ingresses/shop/hits`",
        "jobs: not in the input, so it counts as failed; add `kubectl get --raw /apis/external.metrics.k8s.io/v1beta1/namespaces/shop/jobs`",
    ]) {
        assert_eq!(remark, words);
    }
    values[0]["items"][0]["status"]["currentMetrics"] = json!([
        { "type": "" },
        { "type": "Object", "object": { "metric": { "name": "hits" }, "current": { "value": "6500m" }, "describedObject": { "kind": "Ingress", "name": "shop" } } },
        { "type": "External", "external": { "metric": { "name": "jobs" }, "current": { "averageValue": "30" } } },
    ]);
    let state = read(&values).unwrap();
    // Two pods, 30 for each.
    assert_eq!(
        state.samples,
        [Samples::Unavailable, Samples::Object(6_500), Samples::External(vec![60_000])]
    );
    assert!(
        state.remarks[2].starts_with("jobs: the number is from the autoscaler's status"),
        "{:?}",
        state.remarks
    );
}

#[test]
fn a_spec_that_the_api_server_would_refuse_is_refused() {
    let bend = |pointer: &str, value: Value| {
        let mut values = dump();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        values[0].pointer_mut(parent).unwrap()[key] = value;
        read(&values).unwrap_err()
    };
    for (pointer, value, message) in [
        (
            "/items/0/spec/minReplicas",
            json!(11),
            "HorizontalPodAutoscaler web.spec.minReplicas: 11 is more than maxReplicas, 10",
        ),
        (
            "/items/0/spec/maxReplicas",
            json!(0),
            "HorizontalPodAutoscaler web.spec.maxReplicas: must be 1 or more",
        ),
        (
            "/items/0/spec/minReplica",
            json!(3),
            "HorizontalPodAutoscaler web.spec.minReplica: unknown field `minReplica`",
        ),
        (
            "/items/0/spec/metrics/0/resource/target/averageUtilisation",
            json!(3),
            "HorizontalPodAutoscaler web.spec.metrics[0].resource.target.averageUtilisation: unknown field",
        ),
        (
            "/items/0/spec/behavior",
            json!({ "scaleDown": { "policies": [] } }),
            "HorizontalPodAutoscaler web.spec.behavior.scaleDown.policies: is empty",
        ),
        (
            "/items/0/spec/behavior",
            json!({ "scaleUp": { "window": 3 } }),
            "HorizontalPodAutoscaler web.spec.behavior.scaleUp.window: unknown field",
        ),
        (
            "/items/1/spec/containers/0/resources/requests/cpu",
            json!("-100m"),
            "Pod web-a.spec.containers[0].resources.requests.cpu: `-100m` is negative",
        ),
        (
            "/items/1/spec/containers/0/resources/requests/cpu",
            json!("NaN"),
            "Pod web-a.spec.containers[0].resources.requests.cpu: `NaN` is not a quantity",
        ),
        (
            "/items/1/spec/containers/0/resources/requests/cpu",
            json!("1e99"),
            "Pod web-a.spec.containers[0].resources.requests.cpu: `1e99` is not a quantity",
        ),
    ] {
        let error = bend(pointer, value);
        assert!(error.starts_with(message), "{message}: {error}");
    }
}
