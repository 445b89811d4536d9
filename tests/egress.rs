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
    let stays_first = beside(", args: ['--min-sigterm-delay=10s']");
    let both = beside(", args: ['--min-sigterm-delay=3s', '--max-sigterm-delay=3s']");
    for pod in [flag, two_words, variable, native, stays_first, both] {
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
    let result = run(&beside(""), &late);
    let not_ready = (Status::InternalError, Cause::AppNotReady);
    assert!(result.tally.lost() > 0 && result.tally.causes.keys().all(|key| *key == not_ready));
    let asks = [("containers.app.dependency_probes", "readiness")];
    let result = run(&beside(""), &[&late[..], &asks].concat());
    assert_eq!(result.tally.lost(), 0, "{:?}", result.tally.causes);
}

/// A proxy that is a workload of its own answers requests itself.
#[test]
fn a_database_proxy_alone_is_the_application() {
    use podloss::sim::spec::Role;
    let alone = "      containers:\n        - {name: db, image: 'x/cloud-sql-proxy:2', ports: [{containerPort: 8080}]}\n";
    let manifests = web!(4 pods ["POD"]).replace("POD", alone);
    let lowered = lowered(&[("web.yaml", &manifests)], "--rps 9\n", &[]).expect("a case");
    assert!(matches!(lowered.spec.deployments[0].templates[0].containers[0].role, Role::Serves(_)));
}

/// A container that its own liveness probe restarts fails the application for as long as it is away.
#[test]
fn a_restart_of_the_proxy_keeps_its_name() {
    let watched =
        beside(", livenessProbe: {httpGet: {path: /, port: 9090}, periodSeconds: 5, failureThreshold: 2}");
    let set = [("containers.db.startup", "2s"), ("containers.db.dependency_probes", "liveness")];
    let case = case(&watched, "--event dependency-down=20s@20s\n", &set);
    let result = sim::run(&case.spec, 7, 0, &|| false);
    let known = (Status::InternalError, Cause::LivenessRestart);
    let causes = &result.tally.causes;
    assert!(causes.contains_key(&known), "{causes:?}");
    // Its pod is not ready meanwhile, but every pod's is away.
    assert!(causes.keys().all(|(_, cause)| [known.1, Cause::NoEndpoints].contains(cause)), "{causes:?}");
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
    let annotated = |annotations: &str| {
        let manifests = web!(4 pods ["POD"]).replace("POD", &mesh);
        let annotations = format!("metadata: {{labels: {{app: web}}, annotations: {{{annotations}}}}}");
        let manifests = manifests.replace("metadata: {labels: {app: web}}", &annotations);
        let lowered = lowered(&[("web.yaml", &manifests)], "--rps 9\n", &[]).expect("a case");
        lowered.spec.deployments[0].templates[0].containers[1].role.clone()
    };
    const SIDECAR: &str = "traffic.sidecar.istio.io";
    for (said, is_egress) in [
        (format!("{SIDECAR}/includeInboundPorts: ''"), true),
        (format!("{SIDECAR}/includeInboundPorts: '9090'"), true),
        (format!("{SIDECAR}/includeInboundPorts: '9090,8080'"), false),
        (format!("{SIDECAR}/excludeInboundPorts: '8080'"), true),
        (format!("{SIDECAR}/excludeInboundPorts: '15020'"), false),
        (format!("{SIDECAR}/includeInboundPorts: '8080', {SIDECAR}/excludeInboundPorts: '8080'"), false),
    ] {
        assert_eq!(annotated(&said) == Role::Egress, is_egress, "{said}");
    }
    let nothing_out = format!("{SIDECAR}/includeInboundPorts: '', {SIDECAR}/includeOutboundIPRanges: ''");
    assert_eq!(annotated(&nothing_out), Role::Other);
    assert_eq!(role(&mesh, &[("containers.istio-proxy.role", "egress")]), Role::Egress);
}
