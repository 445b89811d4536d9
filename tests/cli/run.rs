//! `podloss run`, `demo` and `report`, end to end.

use std::fs;

use serde_json::Value;

use super::support::{Folder, run, run_with};

/// A service that stops serving long before the front end lets go of it.
pub(crate) const WEB: &str = include_str!("../../scenarios/demo/web.yaml");

/// Small enough for a test, and it loses requests.
const FLAGS: &str = "--rps 50 --duration 40s --event rollout@5s --latency 20ms --startup 2s --on-stop exit \
                     --removal 5s --set tries=1";

fn web() -> Folder {
    Folder::new(&[("web.yaml", WEB)])
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in\n{text}"))
}

#[test]
fn a_rollout_without_preparation_loses_requests_and_says_so() {
    let folder = web();
    let answer = run(folder.path(), &format!("run web.yaml --runs 3 {FLAGS}"));
    assert_eq!(answer.code, Some(0), "{}", answer.talk);
    for words in ["default/web", "502", "LOSES"] {
        assert!(answer.out.contains(words), "{words} is missing in\n{}", answer.out);
    }
    assert!(!answer.out.contains('\u{1b}'), "no colours in a pipe");
    let long = answer.out.lines().filter(|line| line.chars().count() > 100).count();
    assert_eq!(long, 0, "lines that do not fit:\n{}", answer.out);
}

#[test]
fn a_folder_holds_everything_and_report_gives_it_back() {
    let folder = web();
    let first = run(folder.path(), &format!("run web.yaml --runs 2 {FLAGS} -o json --out a --threads 1"));
    assert_eq!(first.code, Some(0), "{}", first.talk);
    assert_eq!(first.talk, "wrote a\n");
    let read = |name: &str| fs::read(folder.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(first.out.as_bytes(), read("a/summary.json"));
    assert!(read("a/timeline.csv").starts_with(b"t_s,"));
    for picture in ["requests", "pods", "pod-lives", "latency", "latency-percentiles"] {
        assert!(read(&format!("a/{picture}.png")).starts_with(b"\x89PNG"), "{picture}");
        assert!(read(&format!("a/{picture}.svg")).starts_with(b"<svg"), "{picture}");
    }

    let second = run(folder.path(), &format!("run web.yaml --runs 2 {FLAGS} -q --out b --threads 3"));
    assert_eq!((second.code, second.talk.as_str()), (Some(0), ""));
    assert!(read("a/result.jsonl") == read("b/result.jsonl"), "threads change the result");

    let again = run(folder.path(), "report a/result.jsonl -o json --out c");
    assert_eq!(again.out, first.out);
    for name in ["result.jsonl", "summary.json", "timeline.csv", "requests.svg", "pod-lives.png"] {
        assert!(read(&format!("a/{name}")) == read(&format!("c/{name}")), "{name}");
    }
    assert_eq!(run(folder.path(), "report b").out, second.out);
}

#[test]
fn expectations_decide_the_exit_code() {
    let folder = web();
    let run = |more: &[&str]| {
        let mut command = super::support::command(folder.path());
        command.args(["run", "web.yaml", "--runs", "5", "--central", "-o", "json"]);
        command.args(FLAGS.split_whitespace()).args(more);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(run(&["--expect", "lost >= 1"]).0, Some(0));
    assert_eq!(run(&["--expect", "lost == 0"]).0, Some(3));
    // Five runs without any loss do not show that at most 1 % of all runs lose something.
    let rare = ["--set", "preStop=20s", "--expect", "rollouts_with_loss <= 1%"];
    assert_eq!(run(&rare).0, Some(4));
    assert_eq!(run(&[&rare[..], &["--on-inconclusive", "pass"]].concat()).0, Some(0));
    let (code, talk) = run(&["--expect", "lots == 0"]);
    assert_eq!(code, Some(2));
    assert!(talk.contains("did you mean `lost`"), "{talk}");
}

#[test]
fn several_scenarios_are_several_configurations() {
    let scenario = |name: &str| {
        format!(
            "model = 1\nname = \"{name}\"\nmanifests = [\"web.yaml\"]\nduration = \"30s\"\n[load]\nrps = 20\n"
        )
    };
    let folder =
        Folder::new(&[("web.yaml", WEB), ("a.toml", &scenario("one")), ("b.toml", &scenario("two"))]);
    let answer = run(folder.path(), "run a.toml b.toml --runs 2 --central -o json --out out");
    assert_eq!(answer.code, Some(0), "{}", answer.talk);
    let results = json(&answer.out);
    assert_eq!(
        (&results[0]["scenario"]["name"], &results[1]["scenario"]["name"]),
        (&"one".into(), &"two".into())
    );
    assert!(folder.file("out/one/result.jsonl").is_file() && folder.file("out/two/requests.png").is_file());
}

#[test]
fn manifests_come_through_a_pipe() {
    let folder = Folder::new(&[]);
    let answer = run_with(folder.path(), "run - --rps 20 --duration 20s --runs 2 --central -o json", WEB);
    assert_eq!(answer.code, Some(0), "{}", answer.talk);
    assert_eq!(json(&answer.out)["runs"], 2);
}

#[test]
fn the_demo_needs_no_file() {
    let folder = Folder::new(&[]);
    let answer = run(folder.path(), "demo --runs 2 --central");
    assert_eq!(answer.code, Some(0), "{}", answer.talk);
    assert!(answer.out.contains("LOSES"), "{}", answer.out);
    let shown = run(folder.path(), "demo --show").out;
    assert!(shown.contains("kind: Deployment") && shown.contains("[[event]]"), "{shown}");
}

#[test]
fn bad_input_is_exit_code_2_with_file_and_remedy() {
    let typo = WEB.replace("periodSeconds", "periodSecond");
    let kong = format!(
        "{WEB}---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web}}\nspec:\n  ingressClassName: kong\n  defaultBackend: {{service: {{name: web, port: {{number: 80}}}}}}\n"
    );
    let kong_line = format!("kong.yaml:{}", kong.lines().count() - 1);
    let folder = Folder::new(&[
        ("web.yaml", WEB),
        ("typo.yaml", &typo),
        ("kong.yaml", &kong),
        ("empty.yaml", ""),
        ("words.yaml", "hello"),
        ("bad.toml", "model = 1\nnmae = \"x\"\n"),
    ]);
    fs::write(folder.file("binary.yaml"), [0xff, 0, 1, 2]).unwrap();
    fs::create_dir(folder.file("bare")).unwrap();
    for (arguments, words) in [
        ("missing.yaml --rps 5", "missing.yaml"),
        ("empty.yaml --rps 5", "empty.yaml"),
        ("words.yaml --rps 5", "words.yaml"),
        ("binary.yaml --rps 5", "binary.yaml"),
        ("bare --rps 5", "bare"),
        ("typo.yaml --rps 5", "did you mean `periodSeconds`?"),
        ("kong.yaml --rps 5", &kong_line),
        ("kong.yaml --rps 5", "--front-end NAME"),
        ("bad.toml", "bad.toml:2"),
        ("web.yaml", "--rps"),
        ("web.yaml --rps NaN", "NaN"),
        ("web.yaml --rps -5", "-5"),
        ("web.yaml --rps 5 --event dance@5s", "dance"),
        ("web.yaml --rps 5 --set nothing", "--set KNOB=VALUE"),
        ("web.yaml --rps 5 --set preStopp=5s", "preStop"),
        ("web.yaml --rps 5 --runs 0", "--runs"),
        ("web.yaml --rps 5 --duration 10000000h", "10000000h"),
        ("web.yaml --rps 5 --workload deploy/other", "other"),
        ("web.yaml --rps 5 --threads 0", "--threads"),
    ] {
        let answer = run(folder.path(), &format!("run {arguments}"));
        assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "run {arguments}\n{}", answer.talk);
        assert!(answer.talk.contains(words), "run {arguments}: {words} is missing in\n{}", answer.talk);
        assert!(answer.talk.lines().count() < 40, "run {arguments}: more than a screen\n{}", answer.talk);
    }
}

#[test]
fn a_destination_that_cannot_be_written_is_found_first() {
    let folder = web();
    fs::write(folder.file("file"), "").unwrap();
    // A year of load: it would not end in time if it began.
    let answer = run(folder.path(), "run web.yaml --rps 1000 --duration 8000h --out file");
    assert_eq!((answer.code, answer.out.as_str()), (Some(1), ""));
    assert_eq!(answer.talk, "error: cannot write into file: it is not a folder\n");
}

#[test]
fn a_stored_result_that_is_none_is_refused() {
    let folder = Folder::new(&[("empty.jsonl", ""), ("other.jsonl", "{\"a\": 1}\n")]);
    for (name, words) in
        [("missing", "cannot read"), ("empty.jsonl", "empty"), ("other.jsonl", "other.jsonl:1")]
    {
        let answer = run(folder.path(), &format!("report {name}"));
        assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "{name}");
        assert!(answer.talk.contains(words), "{name}: {words} is missing in\n{}", answer.talk);
    }
}

// === What an autoscaler did ===

/// [`WEB`] with a request, and an autoscaler: 4 requests per second of 10 ms are 40 % of it.
const SCALED: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: app
          image: example/web:1
          ports: [{containerPort: 8080}]
          resources: {requests: {cpu: 100m}}
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 1
  maxReplicas: 5
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
";

#[test]
fn the_autoscaler_is_followed_sync_by_sync() {
    let folder = Folder::new(&[("web.yaml", SCALED)]);
    let call = "run web.yaml --rps 4@0,30@60s --latency 10ms --cpu 10ms --workers 0 --startup 5s \
                --duration 3m --runs 2 --central --out out";
    let plain = run(folder.path(), call);
    assert_eq!(plain.code, Some(0), "{}", plain.talk);
    assert!(plain.out.contains(" scale-out 1 -> "), "{}", plain.out);
    assert!(plain.out.contains(" after the load rose: "), "{}", plain.out);
    assert!(!plain.out.contains("sync by sync"), "{}", plain.out);

    let details = run(folder.path(), &format!("{call} -v")).out;
    for words in [
        "The autoscaler in run 1, sync by sync (minReplicas 1, maxReplicas 5):",
        "% of the requests, target 50 %",
        "the HPA was able to successfully calculate a replica count from cpu resource utilization",
        "From load to rotation in run 1",
    ] {
        assert!(details.contains(words), "{words} is missing in\n{details}");
    }

    let summary = json(&fs::read_to_string(folder.file("out/summary.json")).unwrap());
    let syncs = summary["hpa"].as_array().unwrap();
    // Every 15 s of three minutes, from a first sync within the first 15 s.
    assert_eq!(syncs.len(), 12, "{syncs:#?}");
    for sync in syncs {
        assert_eq!(sync["metrics"][0]["name"], "cpu");
        assert_eq!(sync["conditions"][0]["type"], "AbleToScale");
        assert!(sync["conditions"].as_array().unwrap().iter().all(|c| c["message"] != ""), "{sync:#}");
    }
    let step = &summary["scale_outs"][0];
    assert_eq!((&step["from"], &step["load_rose_s"]), (&1.into(), &60.0.into()));
    let stages = step["last_pod"]["stages"].as_array().unwrap();
    assert_eq!(stages.len(), 7);
    let sum = |key: &str| stages.iter().map(|stage| stage[key].as_f64().unwrap()).sum::<f64>();
    let total = step["last_pod"]["total_s"].as_f64().unwrap();
    assert!((sum("s") - total).abs() < 1e-6 && (sum("share") - 1.0).abs() < 1e-6, "{step:#}");
    assert_eq!(run(folder.path(), "report out -v").out, details);
}
