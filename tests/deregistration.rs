//! Requests that outlast the deregistration delay of their target.

mod common;

use common::{app, lowered, web};
use podloss::config::manifest::{Source, read_manifests, select_workload};
use podloss::lint;
use podloss::model::outcome::{Cause, Status};
use podloss::sim::{self, RunResult, reference};

const WEB: &str = web!(4 pods [
    "      terminationGracePeriodSeconds: 90\n",
    app!("readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 2, failureThreshold: 1}")
]);

/// The pods go on serving for a minute, and each request takes 20 s.
const SET: &[(&str, &str)] = &[
    ("front-end", "aws-alb-ip"),
    ("removal", "4s"),
    ("latency", "20s"),
    ("cpu", "1ms"),
    ("workers", "200"),
    ("preStop", "60s"),
    ("on-stop", "drain"),
    ("startup", "2s"),
];

/// One run, after both request paths have told the same story of it.
fn run(files: &str, line: &str, set: &[(&str, &str)]) -> RunResult {
    let spec = lowered(&[("web.yaml", files)], line, &[SET, set].concat());
    let spec = spec.unwrap_or_else(|errors| panic!("{errors:#?}")).spec;
    reference::compare(&spec, 5, 0).unwrap_or_else(|difference| panic!("{difference}"));
    sim::run(&spec, 5, 0, &|| false)
}

fn cut(result: &RunResult, status: Status) -> u64 {
    result.tally.causes.get(&(status, Cause::DeregisteredInFlight)).map_or(0, |tally| tally.count)
}

const KILL: &str = "--rps 20\n--duration 3m\n--event kill-pod@60s\n";

#[test]
fn requests_that_outlast_the_delay_are_answered_502_while_the_pod_works_on() {
    let short = run(WEB, KILL, &[("front_end.deregistration_delay", "5s")]);
    // 5 requests/s and pod: those of the last 15 of the 20 s before the delay is over.
    assert!((55..95).contains(&cut(&short, Status::BadGateway)), "{:?}", short.tally.causes);
    assert_eq!(short.tally.lost(), cut(&short, Status::BadGateway));
    assert_eq!(short.tally.executed_but_5xx, short.tally.lost(), "the application knows nothing of it");
    let at_once = run(WEB, KILL, &[("front_end.deregistration_delay", "0s")]);
    assert!(cut(&at_once, Status::BadGateway) > cut(&short, Status::BadGateway));
    for enough in ["25s", "never"] {
        assert_eq!(run(WEB, KILL, &[("front_end.deregistration_delay", enough)]).tally.lost(), 0, "{enough}");
    }
}

#[test]
fn an_alb_waits_five_minutes_unless_its_annotation_says_otherwise() {
    assert_eq!(run(WEB, KILL, &[]).tally.lost(), 0);
    let annotated = concat!(
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n  annotations:\n",
        "    alb.ingress.kubernetes.io/target-type: ip\n",
        "    alb.ingress.kubernetes.io/target-group-attributes: deregistration_delay.timeout_seconds=5\n",
        "spec:\n  ingressClassName: alb\n  defaultBackend: {service: {name: web, port: {number: 80}}}\n",
    );
    let result = run(&format!("{WEB}{annotated}"), KILL, &[]);
    assert!(cut(&result, Status::BadGateway) > 0);
}

#[test]
fn a_target_that_comes_back_in_time_keeps_its_requests() {
    // Readiness is lost for a while, and with it the registration.
    let files = WEB.replace("tcpSocket: {port: 8080}", "exec: {command: [ask-the-database]}");
    let flapping = "--rps 20\n--duration 3m\n--event dependency-down=8s@60s\n";
    let set = |delay: &'static str| {
        [
            ("removal", "1s"),
            ("addition", "1s"),
            ("dependency_probes", "readiness"),
            ("front_end.reconcile", "100ms"),
            ("front_end.apply", "100ms"),
            ("front_end.deregistration_delay", delay),
        ]
    };
    assert!(cut(&run(&files, flapping, &set("1s")), Status::BadGateway) > 0);
    assert_eq!(cut(&run(&files, flapping, &set("60s")), Status::BadGateway), 0);
}

#[test]
fn clients_that_keep_their_connections_have_to_open_others() {
    let line = "--conns 60\n--think 500ms\n--duration 3m\n--event kill-pod@60s\n";
    let killed = |delay: &str| {
        let set = [
            ("front-end", "aws-nlb"),
            ("latency", "500ms"),
            ("on-stop", "exit"),
            ("keepalive_idle", "1h"),
            ("front_end.deregistration_delay", delay),
        ];
        let causes = run(WEB, line, &set).tally.causes;
        causes
            .iter()
            .filter(|((_, cause), _)| *cause == Cause::KilledInFlight)
            .map(|(_, t)| t.count)
            .sum::<u64>()
    };
    // Those that pause when the time is over go elsewhere too, and the pod has nothing when it ends.
    assert_eq!(killed("10s"), 0);
    assert!(killed("never") > 0);
}

#[test]
fn an_ingress_pod_that_is_deregistered_loses_what_it_still_has() {
    let gate = concat!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gate}\nspec:\n",
        "  replicas: 2\n  selector: {matchLabels: {app: gate}}\n  template:\n",
        "    metadata: {labels: {app: gate}}\n    spec:\n      terminationGracePeriodSeconds: 90\n",
        "      containers:\n        - name: gate\n          image: registry.example/shop/gate:1\n",
        "          readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 2}\n",
    );
    let line = "--rps 20\n--duration 3m\n--event ingress-kill-pod@60s\n";
    let with = |delay: &str| {
        let set = [
            ("front-end", "ingress-nginx"),
            ("removal", "1s"),
            ("ingress", "gate"),
            ("outer", "aws-alb-ip"),
            ("outer.removal", "4s"),
            ("outer.deregistration_delay", delay),
            ("containers.gate.startup", "1s"),
            ("containers.gate.on_stop", "linger=60s"),
        ];
        run(&format!("{WEB}{gate}"), line, &set)
    };
    let short = with("5s");
    // Half of 20 requests/s, of 15 s.
    assert!((110..190).contains(&cut(&short, Status::BadGateway)), "{:?}", short.tally.causes);
    let at_ingress: u64 = short.tally.causes.values().map(|tally| tally.at_ingress).sum();
    assert_eq!(at_ingress, cut(&short, Status::BadGateway));
    assert_eq!(with("never").tally.lost(), 0);
}

/// A network load balancer closes connections then if it is told to, and `podloss check` knows it.
#[test]
fn an_nlb_closes_what_is_left_only_where_its_annotation_says_so() {
    let files = |closes: &str| {
        let annotated = format!(
            "kind: Service\nmetadata:\n  name: web\n  annotations:\n    \
             service.beta.kubernetes.io/aws-load-balancer-nlb-target-type: ip\n    \
             service.beta.kubernetes.io/aws-load-balancer-target-group-attributes: \
             deregistration_delay.timeout_seconds=1,deregistration_delay.connection_termination.enabled={closes}"
        );
        let service = "spec: {selector: {app: web}, ";
        WEB.replace("kind: Service\nmetadata: {name: web}", &annotated)
            .replace(service, &format!("{service}type: LoadBalancer, "))
    };
    for (closes, expected) in [("true", true), ("false", false)] {
        let manifests = files(closes);
        let result = run(&manifests, KILL, &[("front-end", "aws-nlb")]);
        assert_eq!(cut(&result, Status::Reset) > 0, expected, "{closes}: {:?}", result.tally.causes);
        let read = read_manifests(&[Source::Text { name: "web.yaml".to_owned(), text: manifests }]);
        let read = read.expect("manifests");
        let facts = lint::facts_of(&select_workload(&read, None).expect("a workload"));
        assert_eq!(facts.deregistration.is_some(), expected, "what PL016 judges, {closes}");
    }
}
