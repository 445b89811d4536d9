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
