//! Applications that reach their database through a container of their own pod.

mod common;

use common::{app, lowered, web};
use podloss::config::lower::Lowered;
use podloss::model::outcome::{Cause, Status};
use podloss::sim::{self, RunResult};

const PROBED: &str = app!("readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}");

fn case(pod: &str, line: &str, set: &[(&str, &str)]) -> Lowered {
    let manifests = web!(4 pods ["POD"]).replace("POD", pod);
    let line = format!("--rps 100\n--duration 90s\n{line}");
    let usual = [
        ("latency", "200ms"),
        ("on-stop", "drain"),
        ("startup", "3s"),
        ("removal", "3s"),
        ("preStop@app", "5s"),
    ];
    lowered(&[("web.yaml", &manifests)], &line, &[&usual, set].concat())
        .unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn run(pod: &str, set: &[(&str, &str)]) -> RunResult {
    sim::run(&case(pod, "--event rollout@20s\n", set).spec, 7, 0, &|| false)
}

fn beside(proxy: &str) -> String {
    format!(
        "{PROBED}        - {{name: db, image: 'gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1'{proxy}}}\n"
    )
}

fn lost_to_the_proxy(result: &RunResult) -> u64 {
    let known = (Status::InternalError, Cause::EgressDown);
    assert!(result.tally.causes.keys().all(|key| *key == known), "{:?}", result.tally.causes);
    result.tally.lost()
}

/// It ends on the signal that it gets with the pod's deletion, and the application goes on for its hook. A
/// longer hook on the application alone makes it worse.
#[test]
fn an_application_fails_from_the_end_of_its_proxy_on() {
    let lost = lost_to_the_proxy(&run(&beside(""), &[]));
    assert!(lost > 100, "{lost}");
    let longer = lost_to_the_proxy(&run(&beside(""), &[("removal", "12s"), ("preStop@app", "15s")]));
    assert!(longer > 2 * lost, "{longer} against {lost}");
}

#[test]
fn a_proxy_that_waits_for_its_connections_or_for_its_application_loses_nothing() {
    let flag = beside(", args: ['--max-sigterm-delay=30s']");
    let two_words = beside(", args: ['--max-sigterm-delay', '30s']");
    let variable = beside(", env: [{name: CSQL_PROXY_MAX_SIGTERM_DELAY, value: 30s}]");
    let native = format!(
        "      initContainers:\n        - {{name: db, image: 'x/cloud-sql-proxy:2', restartPolicy: Always}}\n{PROBED}"
    );
    for pod in [flag, two_words, variable, native] {
        let result = run(&pod, &[]);
        assert_eq!(result.tally.lost(), 0, "{pod}: {:?}", result.tally.causes);
    }
    let hooked = run(&beside(""), &[("preStop@db", "8s")]);
    assert_eq!(hooked.tally.lost(), 0, "{:?}", hooked.tally.causes);
    // The flag's time is over before the application is.
    let hasty = beside(", args: ['--max-sigterm-delay=1s']");
    assert!(lost_to_the_proxy(&run(&hasty, &[])) > 0);
}

/// Whoever waits for the application to end ends with it, not with the grace period.
#[test]
fn a_draining_proxy_ends_with_its_application() {
    let result = run(&beside(", args: ['--max-sigterm-delay=30s']"), &[]);
    let gone =
        |pod: &sim::PodRecord| pod.deleted.zip(pod.gone).map(|(from, to)| to.since(from).as_secs_f64());
    let longest = result.timeline.pods.iter().filter_map(gone).fold(0.0, f64::max);
    assert!((5.0..10.0).contains(&longest), "{longest}");
}

/// A proxy that comes up after its application is missed as well, unless the probe asks for it.
#[test]
fn an_application_that_is_ready_before_its_proxy_fails_until_that_listens() {
    let late = [("containers.db.startup", "12s"), ("preStop@db", "8s")];
    assert!(lost_to_the_proxy(&run(&beside(""), &late)) > 0);
    let asks = [("containers.app.dependency_probes", "readiness")];
    let line = "--event rollout@20s\n--event dependency-down=1ms@80s\n";
    let result = sim::run(&case(&beside(""), line, &[&late[..], &asks].concat()).spec, 7, 0, &|| false);
    assert_eq!(result.tally.lost(), 0, "{:?}", result.tally.causes);
}

/// Whether an image or a mesh's proxy is what the application calls through is in the words of the case.
#[test]
fn roles_are_known_or_said() {
    use podloss::sim::spec::Role;
    let role = |pod: &str, set: &[(&str, &str)]| {
        let lowered = case(pod, "", set);
        let containers = &lowered.spec.deployments[0].templates[0].containers;
        containers.iter().find(|container| container.name != "app").expect("another one").role.clone()
    };
    let mesh = format!("{PROBED}        - {{name: istio-proxy, image: 'x/proxyv2:1.24'}}\n");
    assert_eq!(role(&beside(""), &[]), Role::Egress);
    assert_eq!(role(&beside(""), &[("containers.db.role", "other")]), Role::Other);
    assert!(matches!(role(&mesh, &[]), Role::Forwards { .. }));
    assert_eq!(role(&mesh, &[("containers.istio-proxy.role", "egress")]), Role::Egress);
}
