//! What stands between a pod's creation and its first request: init containers and postStart hooks.

use podloss::config::inputs::Inputs;
use podloss::config::lower::lower;
use podloss::sim;

fn web(pod: &str) -> String {
    format!(
        "\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
{pod}
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: 8080}}]}}
"
    )
}

const APP: &str = "      containers:
        - name: app
          image: registry.example/shop/web:7
          ports: [{containerPort: 8080}]
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
";

/// Seconds from the creation of the third pod to its processes' start, to listening and to Ready.
fn milestones(manifest: &str, set: &[&str]) -> [f64; 3] {
    let line = "web.yaml\n--rps 10\n--duration 3m\n--event scale=3@30s\n--startup 1s\n";
    let sets: String = set.iter().map(|set| format!("--set {set}\n")).collect();
    let texts = [("command line", format!("{line}{sets}")), ("web.yaml", manifest.to_owned())];
    let texts: Vec<(String, String)> = texts.map(|(name, text)| (name.to_owned(), text)).into();
    let inputs = Inputs::stored(&texts).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let (described, _) = inputs.described(&[]).expect("no overrides");
    let lowered = lower(&described).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let result = sim::run(&lowered.spec, 5, 0, &|| false);
    let pod = &result.timeline.pods[2];
    [pod.started, pod.listening, pod.ready].map(|at| at.expect("it came up").since(pod.created).as_secs_f64())
}

#[test]
fn init_containers_run_one_after_the_other_before_the_containers() {
    let plain = milestones(&web(APP), &[]);
    let two = format!("      initContainers: [{{name: wait, image: a}}, {{name: migrate, image: b}}]\n{APP}");
    let both = milestones(&web(&two), &["containers.wait.run_time=3s", "containers.migrate.run_time=20s"]);
    for (with, without) in both.iter().zip(&plain) {
        assert!((with - without - 23.0).abs() < 1.5, "{both:?} {plain:?}");
    }
    let all = milestones(&web(&two), &["run_time=4s"]);
    assert!((all[0] - plain[0] - 8.0).abs() < 1e-6, "{all:?} {plain:?}");
}

#[test]
fn a_post_start_hook_delays_readiness_and_the_next_container_but_not_the_process() {
    let plain = milestones(&web(APP), &[]);
    let hook = |handler: &str| web(&format!("{APP}          lifecycle: {{postStart: {handler}}}\n"));
    let slow = milestones(&hook("{exec: {command: [/warm]}}"), &["post_start_duration=15s"]);
    assert!((slow[0] - plain[0]).abs() < 1e-6 && (slow[1] - plain[1]).abs() < 1e-6, "{slow:?} {plain:?}");
    assert!(slow[2] - plain[2] > 12.0, "{slow:?} {plain:?}");
    let slept = milestones(&hook("{sleep: {seconds: 15}}"), &[]);
    assert!((slept[2] - slow[2]).abs() < 1.5, "{slept:?} {slow:?}");
}
