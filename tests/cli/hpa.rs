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
