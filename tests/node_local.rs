//! `externalTrafficPolicy: Local`: nodes that send to their own pods alone, and the checks of them.

mod common;
#[path = "common/traced.rs"]
mod traced;

use std::sync::Arc;

use common::{app, lowered, web};
use podloss::diag::Diagnostic;
use podloss::model::outcome::{Cause, Status};
use podloss::sim::spec::SimSpec;
use podloss::sim::{self, RunResult, reference};
use podloss::study::RunFacts;
use podloss::study::why::Traced;
use traced::case_of;

/// One pod, and a Service that says Local.
const LOCAL: &str = web!(1 pods [
    "      terminationGracePeriodSeconds: 90\n",
    app!("readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 2}")
] service "type: LoadBalancer, externalTrafficPolicy: Local, ports: [{port: 80, targetPort: 8080}]");

/// A pod on each of three nodes; two go, and nothing comes in their place.
const SCALE_IN: &str = "--rps 60\n--duration 3m\n--event scale=1@20s\n";
const SET: &[(&str, &str)] = &[
    ("front-end", "kube-proxy"),
    ("nodes", "3"),
    ("replicas", "3"),
    ("on-stop", "exit"),
    ("startup", "2s"),
    ("latency", "20ms"),
];

fn spec(line: &str, set: &[(&str, &str)]) -> Result<Arc<SimSpec>, Vec<Diagnostic>> {
    Ok(lowered(&[("web.yaml", LOCAL)], line, &[SET, set].concat())?.spec)
}

/// One run, after both request paths have told the same story of it.
fn run(line: &str, set: &[(&str, &str)]) -> RunResult {
    let spec = spec(line, set).unwrap_or_else(|errors| panic!("{errors:#?}"));
    reference::compare(&spec, 5, 0).unwrap_or_else(|difference| panic!("{difference}"));
    sim::run(&spec, 5, 0, &|| false)
}

fn dropped(result: &RunResult) -> u64 {
    result.tally.causes.get(&(Status::Timeout, Cause::NoLocalEndpoints)).map_or(0, |tally| tally.count)
}

#[test]
fn a_node_without_pods_drops_connections_until_its_checks_have_failed() {
    // Two of three nodes, 40 requests a second, for two to three intervals.
    for (interval, unhealthy) in [("10s", "3"), ("10s", "1"), ("5s", "2")] {
        let of_checks: &[(&str, &str)] =
            &[("front_end.health_check.interval", interval), ("front_end.health_check.unhealthy", unhealthy)];
        let result = run(SCALE_IN, of_checks);
        let seconds = |text: &str| text.trim_end_matches('s').parse::<f64>().expect("seconds");
        let failures = seconds(unhealthy);
        let (least, most) =
            (40.0 * seconds(interval) * (failures - 1.0), 40.0 * seconds(interval) * failures);
        let lost = dropped(&result) as f64;
        assert!(lost > 0.8 * least - 20.0 && lost < 1.2 * most + 40.0, "{interval} {unhealthy}: {lost}");
    }
}

/// The margin says how much hook is lacking, whatever there is of it.
#[test]
fn what_a_removal_needs_does_not_trail_the_hook() {
    let removal = |hook: &str| {
        let case = case_of(LOCAL, SCALE_IN, &[SET, &[("preStop", hook)]].concat())(&[]).expect("a case");
        let result = sim::run(&case.spec, 5, 0, &|| false);
        let removal = RunFacts::of(&case, &result).removal.expect("two pods went");
        (removal.slack() as f64 / 1e9, removal.need as f64 / 1e9, dropped(&result))
    };
    for hook in ["1s", "10s", "15s"] {
        let (slack, need, lost) = removal(hook);
        // Three checks, ten seconds apart.
        assert!((20.0..31.0).contains(&need) && slack < -3.0 && lost > 0, "{hook}: {need} {slack} {lost}");
    }
    let (slack, _, lost) = removal("35s");
    assert!(slack > 0.0 && lost == 0, "{slack} {lost}");
}

#[test]
fn a_pod_that_serves_on_while_it_terminates_has_its_nodes_connections() {
    let bridged = run(SCALE_IN, &[("preStop", "35s")]);
    assert_eq!(dropped(&bridged), 0, "checks fail while the hook runs");
    // A removal as a whole, in place of its stages, leaves the fallback as it is.
    for removal in ["10ms", "2s"] {
        assert_eq!(dropped(&run(SCALE_IN, &[("preStop", "35s"), ("removal", removal)])), 0, "{removal}");
    }
    let too_short = run(SCALE_IN, &[("preStop", "10s")]);
    assert!(dropped(&too_short) > 0);
    // Without the fallback the hook is of no use.
    let without = run(SCALE_IN, &[("preStop", "35s"), ("front_end.terminating_fallback", "false")]);
    assert!(dropped(&without) > dropped(&too_short));
}

#[test]
fn older_versions_do_not_fall_back() {
    assert!(dropped(&run(SCALE_IN, &[("preStop", "35s"), ("kubernetes", "1.25")])) > 0);
    assert_eq!(dropped(&run(SCALE_IN, &[("preStop", "35s"), ("kubernetes", "1.26")])), 0);
}

#[test]
fn a_service_without_pods_on_any_node_is_refused() {
    let result = run("--rps 60\n--duration 60s\n--event scale=0@20s\n", &[]);
    let refused =
        result.tally.causes.get(&(Status::Refused, Cause::NoEndpoints)).map_or(0, |tally| tally.count);
    assert!(refused > 2_000 && dropped(&result) < 150, "{:?}", result.tally.causes);
}

#[test]
fn policy_cluster_knows_no_empty_node() {
    let cluster = run(SCALE_IN, &[("externalTrafficPolicy", "Cluster"), ("preStop", "5s")]);
    assert_eq!(cluster.tally.lost(), 0);
}

#[test]
fn the_interval_of_the_checks_is_an_unknown_that_is_varied() {
    let decisive = |policy: &str| {
        let set = [SET, &[("externalTrafficPolicy", policy)]].concat();
        let lowered = lowered(&[("web.yaml", LOCAL)], SCALE_IN, &set).expect("a case");
        lowered.assumptions.iter().any(|a| a.key == "front_end.health_check.interval" && a.decisive)
    };
    assert!(decisive("Local") && !decisive("Cluster"));
}

#[test]
fn nodes_that_never_had_a_pod_get_nothing() {
    let result = run("--rps 60\n--duration 1m\n", &[("nodes", "9")]);
    assert_eq!(result.tally.lost(), 0);
}

#[test]
fn checks_find_a_dead_node_before_its_lease_has_run_out() {
    let line = "--rps 60\n--duration 2m\n--event lose-node@20s\n";
    let lost = |set: &[(&str, &str)]| run(line, set).tally.lost();
    let quick = lost(&[("front_end.health_check.interval", "5s"), ("front_end.health_check.unhealthy", "2")]);
    let slow = lost(&[("front_end.health_check.interval", "30s"), ("front_end.health_check.unhealthy", "3")]);
    // A third of the load for about 10 s. Where the lease has run out before the checks have failed, the
    // node is as dead as before, and nobody on it drops connections for want of a pod.
    let line_causes = run(line, &[("front_end.health_check.interval", "30s")]).tally.causes;
    assert!(line_causes.keys().all(|(_, cause)| *cause == Cause::NodeLost), "{line_causes:?}");
    assert!((80..330).contains(&quick), "{quick}");
    assert!(slow > 2 * quick, "{slow} and {quick}");
}

#[test]
fn an_ingress_behind_a_service_with_policy_local_loses_at_its_nodes() {
    let gate = concat!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gate}\nspec:\n",
        "  replicas: 2\n  selector: {matchLabels: {app: gate}}\n  template:\n",
        "    metadata: {labels: {app: gate}}\n    spec:\n      containers:\n        - name: gate\n",
        "          image: registry.example/shop/gate:1\n",
        "          readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 2}\n",
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: gate}\nspec:\n  type: LoadBalancer\n",
        "  externalTrafficPolicy: Local\n  selector: {app: gate}\n  ports: [{port: 80}]\n",
    );
    let files = format!("{LOCAL}{gate}");
    let set: &[(&str, &str)] = &[
        ("ingress", "gate"),
        ("outer", "kube-proxy"),
        ("nodes", "4"),
        ("replicas", "2"),
        ("containers.gate.startup", "1s"),
        ("containers.gate.on_stop", "drain"),
    ];
    let line = "--rps 60\n--duration 2m\n--event ingress-scale=1@20s\n";
    let run = |more: &[(&str, &str)]| {
        let spec = lowered(&[("web.yaml", &files)], line, &[set, more].concat()).expect("a case").spec;
        reference::compare(&spec, 5, 0).unwrap_or_else(|difference| panic!("{difference}"));
        sim::run(&spec, 5, 0, &|| false)
    };
    let local = run(&[]);
    let at_nodes: u64 = local.tally.causes.values().map(|tally| tally.at_ingress).sum();
    assert!(dropped(&local) > 300 && at_nodes >= dropped(&local), "{:?}", local.tally.causes);
    let cluster = run(&[("outer.external_traffic_policy", "Cluster")]);
    assert_eq!(dropped(&cluster), 0);
}

#[test]
fn what_policy_local_does_not_concern_is_told() {
    let errors = |set: &[(&str, &str)]| match spec(SCALE_IN, set) {
        Ok(_) => panic!("{set:?} is refused"),
        Err(errors) => errors.iter().map(|error| error.message.clone()).collect::<Vec<_>>().join("\n"),
    };
    let by_address = errors(&[("front-end", "aws-nlb"), ("externalTrafficPolicy", "Local")]);
    assert!(by_address.contains("whichever node they are on"), "{by_address}");
    let retries = errors(&[("front_end.tries", "3"), ("front_end.retry_on", "error")]);
    assert!(retries.contains("further attempts"), "{retries}");
    // The Service of an application behind an ingress controller may say what it likes.
    let set = [("front-end", "ingress-nginx"), ("startup", "2s")];
    let lowered = lowered(&[("web.yaml", LOCAL)], "--rps 10\n--event rollout@20s\n", &set).expect("a case");
    assert!(lowered.not_modelled.iter().any(|(_, what)| what.contains("plays no part")));
    assert!(lowered.spec.tiers[0].node_local.is_none());
}

/// The story of a request that came to an empty node is that of the pod which left it.
#[test]
fn the_story_tells_which_pod_the_node_has_lost() {
    let case_of = case_of(LOCAL, SCALE_IN, SET);
    let traced = Traced::new(case_of(&[]).expect("a case"), 1, &|| false);
    let lost = traced.lost().iter().find(|lost| lost.cause == Cause::NoLocalEndpoints).expect("dropped");
    let node = lost.process.expect("a node has it") + 1;
    let story = traced.story(lost.request, None, &case_of, &|| false).expect("a story");
    let words: Vec<&str> = story.moments.iter().map(|moment| moment.words.as_str()).collect();
    let left =
        words.iter().find_map(|words| words.strip_prefix(&format!("process {node} stops sending to ")));
    let pod = left.unwrap_or_else(|| panic!("{words:#?}"));
    assert!(words.contains(&format!("{pod} is deleted").as_str()), "{words:#?}");
    assert_eq!(story.zero.1, format!("{pod}'s deletion"));
}
