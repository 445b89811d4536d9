//! What stands between a pod's creation and its first request: init containers and postStart hooks.

mod common;

use common::{app, lowered, web};
use podloss::sim;

/// Once the kubelet has started it, the container is asked every second.
macro_rules! pod {
    ($($line:literal),*) => {
        app!("readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}" $(, $line)*)
    };
}

const PLAIN: &str = web!(2 pods [pod!()]);

/// Seconds from the creation of the third pod to its processes' start, to listening and to Ready.
fn milestones(manifest: &str, set: &[(&str, &str)]) -> [f64; 3] {
    let line = "--rps 10\n--duration 3m\n--event scale=3@30s\n--startup 1s\n";
    let lowered =
        lowered(&[("web.yaml", manifest)], line, set).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let result = sim::run(&lowered.spec, 5, 0, &|| false);
    let pod = &result.timeline.pods[2];
    [pod.started, pod.listening, pod.ready].map(|at| at.expect("it came up").since(pod.created).as_secs_f64())
}

#[test]
fn init_containers_run_one_after_the_other_before_the_containers() {
    const TWO: &str =
        web!(2 pods ["      initContainers: [{name: wait, image: a}, {name: migrate, image: b}]\n", pod!()]);
    let plain = milestones(PLAIN, &[]);
    let both = milestones(TWO, &[("containers.wait.run_time", "3s"), ("containers.migrate.run_time", "20s")]);
    for (with, without) in both.iter().zip(&plain) {
        assert!((with - without - 23.0).abs() < 1.5, "{both:?} {plain:?}");
    }
    let all = milestones(TWO, &[("run_time", "4s")]);
    assert!((all[0] - plain[0] - 8.0).abs() < 1e-6, "{all:?} {plain:?}");
}

#[test]
fn a_post_start_hook_delays_readiness_and_the_next_container_but_not_the_process() {
    const EXEC: &str = web!(2 pods [pod!("lifecycle: {postStart: {exec: {command: [/warm]}}}")]);
    const SLEEP: &str = web!(2 pods [pod!("lifecycle: {postStart: {sleep: {seconds: 15}}}")]);
    let plain = milestones(PLAIN, &[]);
    let slow = milestones(EXEC, &[("post_start_duration", "15s")]);
    assert!((slow[0] - plain[0]).abs() < 1e-6 && (slow[1] - plain[1]).abs() < 1e-6, "{slow:?} {plain:?}");
    assert!(slow[2] - plain[2] > 12.0, "{slow:?} {plain:?}");
    let slept = milestones(SLEEP, &[]);
    assert!((slept[2] - slow[2]).abs() < 1.5, "{slept:?} {slow:?}");
}
