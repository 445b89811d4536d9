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

/// Seconds from the creation of the third pod to the start of the process that serves.
fn milestones_of_process(manifest: &str, set: &[(&str, &str)]) -> f64 {
    let line = "--rps 10\n--duration 2m\n--event scale=3@30s\n--startup 1s\n";
    let lowered =
        lowered(&[("web.yaml", manifest)], line, set).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let result = sim::run(&lowered.spec, 5, 0, &|| false);
    let pod = &result.timeline.pods[2];
    pod.started.expect("it came up").since(pod.created).as_secs_f64()
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

/// The kubelet stops the container with whatever it has begun, and starts it again: at once the first time,
/// then after 10 s, 20 s and so on. Once it has come through it is a pod like others.
#[test]
fn a_post_start_hook_that_fails_has_its_container_started_again_until_it_does_not() {
    const EXEC: &str = web!(2 pods [pod!("lifecycle: {postStart: {exec: {command: [/warm]}}}")]);
    let simulated = |manifest: &str, set: &[(&str, &str)]| {
        let line = "--rps 10\n--duration 5m\n--event rollout@30s\n--startup 500ms\n--on-stop drain\n";
        let lowered =
            lowered(&[("web.yaml", manifest)], line, set).unwrap_or_else(|errors| panic!("{errors:#?}"));
        let warned = lowered.warnings.iter().any(|warning| warning.message.contains("postStart"));
        (sim::run(&lowered.spec, 5, 0, &|| false), warned)
    };
    let ended = |result: &sim::RunResult| result.timeline.rollouts[0].end.map(|end| end.run_secs());
    let (well, _) = simulated(EXEC, &[("preStop", "10s")]);
    assert!(ended(&well).is_some_and(|end| end < 60.0), "{:?}", ended(&well));
    let (at_times, _) = simulated(EXEC, &[("preStop", "10s"), ("post_start_fails", "60%")]);
    assert!(at_times.timeline.pods.iter().any(|pod| !pod.restarts.is_empty()), "some hook failed");
    assert!(ended(&at_times) > ended(&well), "{:?} {:?}", ended(&at_times), ended(&well));

    let (never, warned) = simulated(EXEC, &[("preStop", "10s"), ("post_start_fails", "100%")]);
    assert_eq!((ended(&never), warned), (None, false), "the rollout stalls");
    assert_eq!(never.tally.lost(), 0, "and the old pods go on serving");
    let new = &never.timeline.pods[2];
    assert_eq!(new.ready, None);
    let starts: Vec<f64> = new.restarts.iter().map(|restart| restart.ended.run_secs()).collect();
    let gaps: Vec<f64> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // The hook, preStop, and the kubelet's delay.
    assert!(gaps[0] > 10.0 && gaps[0] < 15.0, "the first restart comes at once: {gaps:?}");
    let longer = |pair: &[f64]| pair[1] > pair[0] + 5.0;
    assert!(gaps[..6].windows(2).all(longer), "later ones wait longer and longer: {gaps:?}");

    const DEAD: &str = web!(2 pods [pod!("lifecycle: {postStart: {tcpSocket: {port: 8080}}}")]);
    let (dead, warned) = simulated(DEAD, &[]);
    assert_eq!((ended(&dead), warned), (None, true), "a tcpSocket always fails");
}

/// The next container begins when the kubelet is through with the one whose hook has failed.
#[test]
fn the_next_container_does_not_wait_for_a_hook_that_fails_for_ever() {
    const TWO: &str = web!(2 pods [
        "      containers:\n        - {name: helper, image: a, lifecycle: {postStart: {exec: {command: [/x]}}}}\n",
        "        - {name: app, image: b, ports: [{containerPort: 8080}]}\n"
    ]);
    let set = |fails| {
        [("containers.helper.post_start_fails", fails), ("containers.helper.post_start_duration", "3s")]
    };
    let [well, failed] = ["0%", "100%"].map(|fails| milestones_of_process(TWO, &set(fails)));
    assert!((well - failed).abs() < 3.0 && well > 3.0, "{well} {failed}");
}
