//! `podloss hpa decide` from a file and from a pipe.

use super::support::{Folder, run, run_with};

const STATE: &str = r#"{
  "now": 1000000,
  "scale": {"specReplicas": 2},
  "hpa": {"maxReplicas": 5, "metrics": [{"type": "Resource", "resource": "cpu",
    "target": {"type": "Utilization", "averageUtilization": 50},
    "samples": {"pods": [{"pod": "a", "valueMilli": 100}, {"pod": "b", "valueMilli": 100}]}}]},
  "pods": [{"name": "a", "ready": "True", "startTime": 0, "requestsMilli": {"cpu": 100}},
           {"name": "b", "ready": "True", "startTime": 0, "requestsMilli": {"cpu": 100}}]
}"#;

#[test]
fn a_decision_comes_in_words_and_as_data() {
    let folder = Folder::new(&[("state.json", STATE)]);
    let words = run(folder.path(), "hpa decide --input state.json").out;
    assert!(words.starts_with("scale up: 2 -> 4 replicas\n"), "{words}");
    let data = run_with(folder.path(), "hpa decide --input - --output json", STATE).out;
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    assert_eq!((&data["desiredReplicas"], &data["action"]), (&4.into(), &"scale_up".into()));
}

#[test]
fn bad_input_names_its_place() {
    let folder = Folder::new(&[]);
    for (input, words) in [
        ("", "<stdin> is empty"),
        ("[1]", "<stdin>: the input must be one JSON object"),
        (r#"{"scale": {"specReplicas": -1}, "hpa": {"maxReplicas": 5}}"#, "scale.specReplicas"),
        (r#"{"hpa": {"maxReplica": 5}}"#, "hpa"),
        ("{\"now\": 1,\n x}", "<stdin>:2:2"),
    ] {
        let answer = run_with(folder.path(), "hpa decide --input -", input);
        assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "{input}");
        assert!(answer.talk.contains(words), "{input}: {words} is missing in\n{}", answer.talk);
    }
}

// === Replay ===

const AUTOSCALER: &str = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 20
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
";

/// Ten minutes of 15 s: the mean of four pods doubles after the first minute.
fn recorded() -> String {
    let rows = (0..40).map(|i| format!("{},{},4\n", i * 15, if i < 4 { 50 } else { 100 }));
    format!("time,cpu,replicas\n{}", rows.collect::<String>())
}

#[test]
fn a_replay_comes_as_table_data_and_pictures() {
    let tight = AUTOSCALER.replace("20", "6");
    let files = [("hpa.yaml", AUTOSCALER), ("tight.yaml", &tight), ("week.csv", &recorded())];
    let folder = Folder::new(&files);
    let call = "hpa replay --hpa hpa.yaml --metrics week.csv --compare tight.yaml --out out";
    let table = run(folder.path(), call);
    assert_eq!(table.code, Some(0), "{}", table.talk);
    for words in ["replay of default/web on week.csv: 10m, 40 syncs", "tight.yaml", "A replay does not know:"]
    {
        assert!(table.out.contains(words), "{words} is missing in\n{}", table.out);
    }
    for name in ["replay.json", "replay.csv", "replay.svg", "replay.png"] {
        assert!(folder.file("out").join(name).is_file(), "{name}");
    }
    let data = run(folder.path(), &format!("{call} -o json")).out;
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    assert_eq!(data["autoscalers"][0]["replicas"]["max"], 8);
    assert_eq!(data["autoscalers"][1]["replicas"]["max"], 6);
    let lines = run(folder.path(), &format!("{call} -o csv")).out;
    assert_eq!(lines.lines().count(), 81);
}

#[test]
fn a_replay_is_held_against_the_real_sizes() {
    let sizes = (0..40).map(|i| format!("{},4\n", i * 15)).collect::<String>();
    let sizes = format!("time,desired\n{sizes}");
    let folder = Folder::new(&[("hpa.yaml", AUTOSCALER), ("cpu.csv", &recorded()), ("desired.csv", &sizes)]);
    let call = "hpa replay --hpa hpa.yaml --metrics cpu.csv --observed desired.csv";
    let answer = run(folder.path(), call);
    assert_eq!(answer.code, Some(0), "{}", answer.talk);
    assert!(answer.out.contains("the real controller: 4 of 39 intervals"), "{}", answer.out);
}

#[test]
fn a_replay_that_cannot_be_made_says_why() {
    let bare = "time,cpu\n0,50\n15,50\n";
    let files = [
        ("hpa.yaml", AUTOSCALER),
        ("cpu.csv", bare),
        ("bad.csv", "time,cpu\nnoon,1\n"),
        ("web.yaml", DEPLOYMENT),
    ];
    let folder = Folder::new(&files);
    for (arguments, words) in [
        ("--hpa hpa.yaml --metrics cpu.csv", "say --replicas N"),
        ("--hpa hpa.yaml --metrics bad.csv", "bad.csv: line 2: `noon` is no time"),
        ("--hpa hpa.yaml --metrics none.csv", "cannot read none.csv"),
        ("--hpa web.yaml --metrics cpu.csv", "holds no HorizontalPodAutoscaler"),
        ("--hpa hpa.yaml --metrics cpu.csv --name other", "holds no autoscaler of that name"),
        ("--hpa hpa.yaml --metrics cpu.csv --values total", "give --capacity"),
        ("--hpa hpa.yaml --metrics cpu.csv --capacity none", "--capacity: "),
        (
            "--hpa hpa.yaml --metrics cpu.csv --replicas 3 --sync-period 0",
            "the sync period must be above zero",
        ),
        ("--hpa hpa.yaml --metrics cpu.csv --replicas 3 --kubernetes new", "`new` is no version"),
        ("--hpa hpa.yaml", "--metrics <FILE>"),
    ] {
        let answer = run(folder.path(), &format!("hpa replay {arguments}"));
        assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "{arguments}");
        assert!(answer.talk.contains(words), "{arguments}: {words} is missing in\n{}", answer.talk);
    }
    let fine = run(folder.path(), "hpa replay --hpa hpa.yaml --metrics cpu.csv --replicas 3");
    assert_eq!(fine.code, Some(0), "{}", fine.talk);
    assert!(fine.out.contains("on cpu.csv: 30s, 2 syncs"), "{}", fine.out);
}

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: app}]}
";

// === What kubectl prints ===

/// `kubectl get hpa,pods -o json` of a namespace with two autoscalers, as a cluster of today writes
/// it, and metrics-server's answer at the same moment.
const OBJECTS: &str = include_str!("dumps/objects.json");
const METRICS: &str = include_str!("dumps/metrics.json");

#[test]
fn why_it_does_not_scale_is_answered_from_a_pipe() {
    let folder = Folder::new(&[]);
    let piped = format!("{OBJECTS}{METRICS}");
    let answer = run_with(folder.path(), "hpa decide --input - --hpa web", &piped);
    assert_eq!((answer.code, answer.talk.as_str()), (Some(0), ""));
    // Five pods: two count. One is measured for less than a window since it is ready, one is not
    // measured yet, one is going.
    for words in [
        "no change: 4 replicas",
        "cpu: 93 % of the requests, target 60 %: ratio 1.55",
        "2 of 5 pods count",
        "missing because the metrics API has no sample: web-6c9f7d5b84-tz9rl",
        "unready because measured for less than one window since it got ready (within 5m of its start): \
         web-6c9f7d5b84-jh4wd",
        "ignored because terminating: web-6c9f7d5b84-w5c2n",
        "with 1 unready pod and 1 missing pod at 0: ratio 0.767",
        "asks for 4: no change, 0.767 points the other way than the counted pods alone",
    ] {
        assert!(answer.out.contains(words), "{words} is missing in\n{}", answer.out);
    }
    let both = Folder::new(&[("all.json", &piped)]);
    assert_eq!(run(both.path(), "hpa decide --input all.json --hpa shop/web").out, answer.out);
}

#[test]
fn several_autoscalers_are_asked_about() {
    let folder = Folder::new(&[]);
    let piped = format!("{OBJECTS}{METRICS}");
    let answer = run_with(folder.path(), "hpa decide --input -", &piped);
    assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""));
    assert!(answer.talk.contains("choose one with --hpa: shop/web, shop/worker"), "{}", answer.talk);

    // The queue's length is not among the objects; its status has the share of a pod, 41 for each of 2.
    let worker = run_with(folder.path(), "hpa decide --input - --hpa worker", &piped);
    assert_eq!(worker.code, Some(0), "{}", worker.talk);
    assert!(worker.out.contains("jobs_waiting: 82 in all, target 20 per pod"), "{}", worker.out);
    assert!(worker.out.starts_with("scale up: 2 -> 4 replicas\n"), "{}", worker.out);
    assert!(
        worker
            .talk
            .contains("kubectl get --raw /apis/external.metrics.k8s.io/v1beta1/namespaces/shop/jobs_waiting"),
        "{}",
        worker.talk
    );
    let api = r#"{"kind": "ExternalMetricValueList", "apiVersion": "external.metrics.k8s.io/v1beta1", "metadata": {},
        "items": [{"metricName": "jobs_waiting", "metricLabels": {"queue": "mail"}, "timestamp": "2026-03-01T12:00:00Z", "value": "130"}]}"#;
    let worker = run_with(folder.path(), "hpa decide --input - --hpa worker", &format!("{piped}{api}"));
    assert!(worker.out.contains("jobs_waiting: 130 in all"), "{}", worker.out);
    assert_eq!(worker.talk, "");
}

#[test]
fn a_dump_that_cannot_be_is_refused_by_field() {
    let folder = Folder::new(&[]);
    for (from, to, words) in [
        (
            r#""minReplicas": 3"#,
            r#""minReplicas": 30"#,
            "web.spec.minReplicas: 30 is more than maxReplicas, 20",
        ),
        (r#""maxReplicas": 20"#, r#""maxReplicas": 20, "targetCPU": 5"#, "web.spec.targetCPU: unknown field"),
        (r#""cpu": "250m""#, r#""cpu": "-250m""#, "`-250m` is negative"),
        (r#""averageUtilization": 60"#, r#""averageUtilization": 1e999"#, "<stdin>:"),
    ] {
        let piped = format!("{}{METRICS}", OBJECTS.replacen(from, to, 1));
        let answer = run_with(folder.path(), "hpa decide --input - --hpa web", &piped);
        assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "{to}");
        assert!(answer.talk.contains(words), "{to}: {}", answer.talk);
    }
    let native = run_with(folder.path(), "hpa decide --input - --kubernetes 1.30", STATE);
    assert_eq!(native.code, Some(2));
    assert!(native.talk.contains("options.kubernetes"), "{}", native.talk);
}

/// Up to 1.32 a ratio of exactly 1.1 was outside of the tolerance.
#[test]
fn the_version_of_the_cluster_decides() {
    let folder = Folder::new(&[]);
    let piped = format!("{OBJECTS}{METRICS}");
    let api = |value: &str| {
        format!(
            r#"{{"kind": "ExternalMetricValueList", "items": [{{"metricName": "jobs_waiting", "timestamp": "2026-03-01T12:00:00Z", "value": "{value}"}}]}}"#
        )
    };
    let size = |minor: &str| {
        let call = format!("hpa decide --input - --hpa worker --kubernetes {minor} -o json");
        let answer = run_with(folder.path(), &call, &format!("{piped}{}", api("44")));
        let data: serde_json::Value =
            serde_json::from_str(&answer.out).unwrap_or_else(|_| panic!("{}", answer.talk));
        data["desiredReplicas"].clone()
    };
    assert_eq!((size("1.35"), size("1.32")), (2.into(), 3.into()));
}
