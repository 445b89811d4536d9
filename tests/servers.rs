//! What applications do by themselves: shed load, and end on their stop signal.

mod common;

use common::{app, lowered, web};
use podloss::model::outcome::{Cause, Status};
use podloss::sim::{self, RunResult};

/// Four pods whose readiness probe meets what requests meet.
const WEB: &str = web!(4 pods [app!(
    "readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1, failureThreshold: 1}"
)]);

/// The same with a port of its own for the probe.
const PROBED_ASIDE: &str = web!(4 pods [app!(
    "readinessProbe: {httpGet: {path: /, port: 9090}, periodSeconds: 1, failureThreshold: 1}"
)]);

fn run(manifests: &str, line: &str, set: &[(&str, &str)]) -> RunResult {
    let lowered =
        lowered(&[("web.yaml", manifests)], line, set).unwrap_or_else(|errors| panic!("{errors:#?}"));
    sim::run(&lowered.spec, 3, 0, &|| false)
}

fn lost_by(result: &RunResult, cause: Cause) -> u64 {
    result.tally.causes.iter().filter(|((_, c), _)| *c == cause).map(|(_, tally)| tally.count).sum()
}

/// How often a view of the endpoints dropped a pod.
fn dropped(result: &RunResult) -> usize {
    result.timeline.views.iter().filter(|view| !view.usable).count()
}

#[test]
fn a_full_queue_answers_at_once_and_nobody_tries_elsewhere() {
    let line =
        "--rps 150\n--duration 60s\n--latency exponential=20ms\n--workers 1\n--front-end ingress-nginx\n";
    let waits = run(PROBED_ASIDE, line, &[]);
    assert_eq!(waits.tally.lost(), 0, "without a bound they wait");
    let sheds = run(PROBED_ASIDE, line, &[("queue", "2"), ("tries", "3")]);
    let shed = lost_by(&sheds, Cause::Overloaded);
    assert!(shed > 500 && shed == sheds.tally.lost(), "{:?}", sheds.tally.causes);
    assert!(sheds.tally.causes.keys().all(|(status, _)| *status == Status::Unavailable));
    let once = run(PROBED_ASIDE, line, &[("queue", "2"), ("tries", "1")]);
    assert_eq!(once.tally, sheds.tally, "front ends pass an answer on");
    assert_eq!(dropped(&sheds), 0, "the probes have a port of their own");
    let p99 = |run: &RunResult| run.tally.latency_ok.quantile(0.99);
    assert!(p99(&sheds) < p99(&waits), "whoever is answered waits less");
}

#[test]
fn probes_that_share_the_queue_meet_it_too() {
    let line =
        "--rps 150\n--duration 60s\n--latency exponential=20ms\n--workers 1\n--front-end ingress-nginx\n";
    let shared = run(WEB, line, &[("queue", "2")]);
    assert!(dropped(&shared) > 0, "pods that shed the probe leave the rotation");
    let aside = run(PROBED_ASIDE, line, &[("queue", "2")]);
    assert!(lost_by(&shared, Cause::Overloaded) > lost_by(&aside, Cause::Overloaded), "the others have more");
    let patient = run(WEB, line, &[]);
    assert_eq!(dropped(&patient), 0, "within a second the queue is through");
}

/// A row of the table of termination behaviours: what requests meet that arrive around the stop signal. Each
/// takes two seconds, and connections are kept for five.
struct Stops {
    preset: &'static str,
    /// One that was being served when the signal came.
    in_flight: Option<Cause>,
    /// One that comes 0.2 s later and finds a connection that was idle at the signal, unless it was closed.
    idle: Option<Cause>,
    /// One that comes 0.3 s after the signal and finds none.
    new: Option<Cause>,
    /// One that comes 1.6 s after it, when the connection of the first is idle, unless it was closed.
    busy: Option<Cause>,
    /// When the process ends, seconds after the signal.
    exit: f64,
}

const fn stops(preset: &'static str, met: [Option<Cause>; 4], exit: f64) -> Stops {
    let [in_flight, idle, new, busy] = met;
    Stops { preset, in_flight, idle, new, busy, exit }
}

const SERVED: Option<Cause> = None;
const CUT: Option<Cause> = Some(Cause::KilledInFlight);
const REFUSED: Option<Cause> = Some(Cause::ListenerClosed);
const ANSWERED_503: Option<Cause> = Some(Cause::AppNotReady);
const RESET_AT_EXIT: Option<Cause> = Some(Cause::AcceptQueueReset);

const AT_ONCE: [Option<Cause>; 4] = [CUT, REFUSED, REFUSED, REFUSED];
const GRACEFUL: [Option<Cause>; 4] = [SERVED, REFUSED, REFUSED, REFUSED];
const UNTIL_SIGKILL: [Option<Cause>; 4] = [SERVED; 4];

/// What each preset stands for: measured, read in sources and documents.
const TABLE: &[Stops] = &[
    stops("immediate", AT_ONCE, 0.0),
    stops("nginx-term", AT_ONCE, 0.0),
    stops("php-fpm-term", AT_ONCE, 0.0),
    stops("php-fpm-quit", AT_ONCE, 0.0),
    stops("spring-immediate", AT_ONCE, 0.0),
    stops("shell", UNTIL_SIGKILL, 30.0),
    stops("nginx-quit", GRACEFUL, 1.5),
    stops("apache-php", GRACEFUL, 1.5),
    stops("spring-graceful", GRACEFUL, 1.5),
    stops("go-shutdown", GRACEFUL, 1.5),
    stops("uvicorn", GRACEFUL, 1.5),
    stops("puma", GRACEFUL, 1.5),
    stops("dotnet", GRACEFUL, 1.5),
    // The process ends with its last answer, and with it the 503s.
    stops("spring-undertow", [SERVED, ANSWERED_503, ANSWERED_503, REFUSED], 1.5),
    // The connection that was in use carries another request, and lives for five seconds more.
    stops("node-close", [SERVED, REFUSED, REFUSED, SERVED], 8.6),
    stops("node-close-old", [SERVED, SERVED, REFUSED, SERVED], 8.6),
    // The request on the idle connection is the last that is answered.
    stops("gunicorn", [SERVED, SERVED, RESET_AT_EXIT, RESET_AT_EXIT], 2.2),
];

fn met(preset: &str, more: &[(&str, &str)]) -> (RunResult, [Option<Cause>; 4]) {
    const ONE: &str = web!(1 pods [app!()]);
    // Two at 17 s leave two idle connections; one of them is taken at 19.5 s, the signal comes at 20 s.
    const ARRIVALS: &str = "arrival_s\n0\n17\n17\n19.5\n20.2\n20.3\n21.6\n60\n";
    let line =
        "--trace arrivals.csv\n--event kill-pod@20s\n--front-end aws-alb-ip\n--latency 2s\n--cpu 1ms\n";
    let set = [
        ("on-stop", preset),
        ("keepalive_idle", "5s"),
        ("removal", "5m"),
        ("front_end.addition", "5m"),
        ("front_end.replicas", "1"),
        ("front_end.workers", "1"),
        ("after_exit", "refused"),
        ("control.kubelet_stop", "0s"),
    ];
    let files = [("web.yaml", ONE), ("arrivals.csv", ARRIVALS)];
    let lowered =
        lowered(&files, line, &[&set, more].concat()).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let (result, seen) = sim::losses(&lowered.spec, 3, 0, &|| false);
    let cause = |request: u64| seen.loss_of(request).map(|lost| lost.cause);
    (result, [3, 4, 5, 6].map(cause))
}

#[test]
fn every_termination_preset_does_what_its_row_says() {
    let mut wrong = Vec::new();
    for row in TABLE {
        let (result, met) = met(row.preset, &[]);
        let pod = &result.timeline.pods[0];
        let exit = pod.exited.zip(pod.signalled).map(|(exit, signal)| exit.since(signal).as_secs_f64());
        let expected = [row.in_flight, row.idle, row.new, row.busy];
        if met != expected || exit.is_none_or(|exit| (exit - row.exit).abs() > 0.01) {
            wrong.push(format!(
                "{}: {met:?} and exit {exit:?}, not {expected:?} and {}",
                row.preset, row.exit
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let named: Vec<&str> = TABLE.iter().map(|row| row.preset).collect();
    for preset in podloss::config::presets::terminations() {
        assert!(named.contains(&preset.name), "{} has no row", preset.name);
    }
}

#[test]
fn limits_and_sigkill_end_what_a_process_still_has() {
    let exit = |on_stop: &str, more: &[(&str, &str)]| {
        let (result, met) = met(on_stop, more);
        let pod = &result.timeline.pods[0];
        let signal = pod.signalled.expect("it was stopped");
        (pod.exited.expect("it ended").since(signal).as_secs_f64(), pod.killed.is_some(), met)
    };
    // The limit cuts what is served on kept connections, and what waits in the kernel is reset.
    let (at, killed, met) = exit("node-close,limit=3s", &[]);
    assert!((at - 3.0).abs() < 0.01 && !killed, "{at}");
    assert_eq!(met[3], Some(Cause::ExitedInFlight));
    let (at, _, met) = exit("gunicorn,limit=1s", &[]);
    assert!((at - 1.0).abs() < 0.01, "{at}");
    assert_eq!(met, [Some(Cause::ExitedInFlight), Some(Cause::ExitedInFlight), RESET_AT_EXIT, REFUSED]);
    // Without a limit the grace is one.
    let grace = [("grace", "4")];
    let (at, killed, _) = exit("node-close-old", &grace);
    assert!((at - 4.0).abs() < 0.01 && killed, "clients hold the process: {at}");
    // A connection that is used again and again holds the process as long as it likes.
    let (at, killed, _) = exit("drain,keep=all", &[("keepalive_idle", "30s")]);
    assert!((at - 30.0).abs() < 0.01 && killed, "{at}");
    // Nobody keeps connections: Node drains like others.
    let (at, _, met) = exit("node-close-old", &[("keepalive_idle", "0s")]);
    assert!((at - 1.5).abs() < 0.01, "{at}");
    assert_eq!(met, GRACEFUL);
}

/// The accept queue of a process that holds its listener is as long as that of any other: what finds it full
/// has its SYN dropped.
#[test]
fn a_held_listener_fills_its_accept_queue() {
    let line =
        "--rps 200\n--duration 60s\n--event kill-pod@20s\n--front-end aws-alb-ip\n--latency 30s\n--cpu 1ms\n";
    let set = [("removal", "30s"), ("keepalive_idle", "0s"), ("startup", "2s")];
    let held = run(WEB, line, &[&[("on-stop", "hold,limit=25s")][..], &set].concat());
    let reset = lost_by(&held, Cause::AcceptQueueReset);
    assert_eq!(reset, 512, "backlog 511 and one more");
    assert!(lost_by(&held, Cause::AcceptQueueFull) > 100, "{:?}", held.tally.causes);
    let refused = run(WEB, line, &[&[("on-stop", "drain,limit=25s")][..], &set].concat());
    assert!(lost_by(&refused, Cause::ListenerClosed) > 600, "{:?}", refused.tally.causes);
    assert_eq!(lost_by(&refused, Cause::AcceptQueueReset), 0);
}

/// Who holds the listener turns refusals, which every method may try elsewhere, into resets.
#[test]
fn a_held_listener_loses_posts_that_a_closed_one_does_not() {
    let line = "--rps 100\n--post 50%\n--duration 60s\n--event rollout@10s\n--front-end ingress-nginx\n--removal 3s\n";
    let set = [("latency", "200ms"), ("startup", "2s"), ("keepalive_idle", "0s"), ("after_exit", "refused")];
    let drains = run(WEB, line, &[&[("on-stop", "drain,limit=30s")][..], &set].concat());
    let holds = run(WEB, line, &[&[("on-stop", "gunicorn"), ("keepalive_idle", "0s")][..], &set].concat());
    assert_eq!(drains.tally.lost(), 0, "{:?}", drains.tally.causes);
    let posts: u64 = holds.tally.causes.values().map(|cause| cause.posts).sum();
    assert!(posts > 5, "{:?}", holds.tally.causes);
    assert_eq!(lost_by(&holds, Cause::AcceptQueueReset), posts, "GETs are sent to another pod");
}

/// What is slept after the application was told to end delays nothing.
#[test]
fn a_hook_that_ends_the_server_first_is_no_delay() {
    let with = |command: &str| {
        let hook = format!("lifecycle: {{preStop: {{exec: {{command: {command}}}}}}}");
        let line = "readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1, failureThreshold: 1}";
        let manifest = WEB.replace(line, &format!("{line}\n          {hook}"));
        let line = "--rps 200\n--duration 90s\n--event rollout@30s\n--front-end kube-proxy\n--removal 4s\n--on-stop drain\n";
        run(&manifest, line, &[]).tally.lost()
    };
    let (before, after) =
        (with("[sh, -c, sleep 20; nginx -s quit]"), with("[sh, -c, nginx -s quit; sleep 20]"));
    assert_eq!(before, 0);
    assert!(after > 100, "{after}");
    assert_eq!(after, with("[nginx, -s, quit]"));
}

/// A shell's script may stand in `args`.
#[test]
fn a_shell_that_is_replaced_hands_the_signal_on() {
    let with = |command: &str| {
        let manifest = WEB.replace(
            "          ports: [{containerPort: 8080}]\n",
            &format!("          ports: [{{containerPort: 8080}}]\n          {command}\n"),
        );
        let lowered =
            lowered(&[("web.yaml", &manifest)], "--rps 9\n", &[]).unwrap_or_else(|e| panic!("{e:#?}"));
        let found = lowered.assumptions.iter().find(|assumption| assumption.key.ends_with("on_stop"));
        found.expect("nobody says it").value.clone()
    };
    let plain = with("command: [node, server.js]");
    assert_eq!(with("command: [/bin/sh, -c]\n          args: [exec node server.js]"), plain);
    assert_eq!(with("command: [/bin/sh, -c, exec node server.js]"), plain);
    assert_eq!(with("command: [/bin/sh, -c]\n          args: [node server.js]"), "shell");
    assert_eq!(with("args: [sh, -c, node server.js]"), plain, "the image's entry point takes them");
}
