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
