//! What the user gets, by front end, event and method: one table, run through manifests, presets and
//! the simulator.
//!
//! One pod stands behind one process, so that nobody saves a request but the same pod. What front ends
//! do with a second one is in the measured rows.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{app, lowered, web};
use podloss::config::presets;
use podloss::model::outcome::{Cause, Method, Status};
use podloss::sim::{self, RunResult};

const WEB: &str = web!(1 pods [
    "      terminationGracePeriodSeconds: 2\n",
    app!("readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}")
]);

/// Something that happens to an attempt, and how to make it happen to some requests of a run.
struct Event {
    name: &'static str,
    cause: Cause,
    line: &'static str,
    with: &'static [(&'static str, &'static str)],
}

/// The pod is killed and nobody tells the front end; no other one comes in time.
const KILLED: &str = "--rps 20\n--duration 60s\n--event kill-pod@10s\n";
const STEADY: &str = "--rps 20\n--duration 60s\n";

const EVENTS: &[Event] = &[
    Event {
        name: "refused",
        cause: Cause::ListenerClosed,
        line: KILLED,
        with: &[("after_exit", "refused"), ("on-stop", "exit"), ("removal", "45s"), ("startup", "90s")],
    },
    Event {
        name: "unreachable",
        cause: Cause::Unreachable,
        line: KILLED,
        with: &[("after_exit", "unreachable"), ("on-stop", "exit"), ("removal", "45s"), ("startup", "90s")],
    },
    Event {
        name: "blackhole",
        cause: Cause::Blackholed,
        line: KILLED,
        with: &[("after_exit", "blackhole"), ("on-stop", "exit"), ("removal", "45s"), ("startup", "90s")],
    },
    Event {
        name: "killed in flight",
        cause: Cause::KilledInFlight,
        line: KILLED,
        with: &[("latency", "900ms"), ("on-stop", "exit"), ("removal", "45s"), ("startup", "90s")],
    },
    Event {
        name: "stale connection",
        cause: Cause::KeepaliveRace,
        line: STEADY,
        with: &[("keepalive_idle", "30ms"), ("race_window", "20ms"), ("latency", "2ms")],
    },
    Event {
        name: "too slow",
        cause: Cause::ReadTimeout,
        line: "--rps 2\n--duration 20s\n",
        with: &[("latency", "8m")],
    },
    Event { name: "no endpoint", cause: Cause::NoEndpoints, line: STEADY, with: &[("replicas", "0")] },
    Event {
        name: "client leaves",
        cause: Cause::ClientGaveUp,
        line: STEADY,
        with: &[("latency", "200ms"), ("client.timeout", "50ms")],
    },
];

/// What a front end answers to GET and to POST; `None` where the event loses nothing.
type Answers = [Option<Status>; 2];

const fn both(status: Status) -> Answers {
    [Some(status), Some(status)]
}

const SAVED: Answers = [None, None];
const BAD: Status = Status::BadGateway;
const UNAVAILABLE: Status = Status::Unavailable;
const LATE: Status = Status::GatewayTimeout;
/// An idempotent request is sent again.
const POST_ONLY: Answers = [None, Some(BAD)];

/// Where connections are balanced, the client sees what its own socket sees, in the order of [`EVENTS`].
const SOCKET: [Answers; 8] = [
    both(Status::Refused),
    both(Status::Refused),
    both(Status::Timeout),
    both(Status::Reset),
    SAVED,
    SAVED,
    both(Status::Refused),
    both(Status::Timeout),
];

/// In the order of [`EVENTS`]. Sources are those of the presets (MODEL.md, "Front ends"): nginx' and
/// ingress-nginx' ngx_http_upstream.c, AWS' troubleshooting guide, HAProxy's, Envoy's and Traefik's own
/// code, AGIC's documents; corrected by measurements of nginx, HAProxy and Envoy. A lone pod that was
/// killed refuses the second attempt of a GET, which then counts as refused.
const TABLE: &[(&str, [Answers; 8])] = &[
    (
        "ingress-nginx",
        [both(BAD), both(BAD), both(LATE), POST_ONLY, POST_ONLY, both(LATE), both(UNAVAILABLE), LEFT],
    ),
    // nginx answers for an empty upstream block by a configuration of its own.
    ("nginx", [both(BAD), both(BAD), both(LATE), both(BAD), SAVED, both(LATE), both(BAD), LEFT]),
    (
        "aws-alb-ip",
        [
            both(BAD),
            both(BAD),
            both(LATE),
            both(BAD),
            both(BAD),
            both(LATE),
            both(UNAVAILABLE),
            both(Status::ClientLeftAlb),
        ],
    ),
    // A node whose rules know no endpoint refuses.
    (
        "aws-alb-instance",
        [
            both(BAD),
            both(BAD),
            both(LATE),
            both(BAD),
            both(BAD),
            both(LATE),
            both(BAD),
            both(Status::ClientLeftAlb),
        ],
    ),
    (
        "haproxy",
        [
            both(UNAVAILABLE),
            both(UNAVAILABLE),
            both(UNAVAILABLE),
            both(BAD),
            // Every request of an open load comes over a connection of its own: `http-reuse safe`.
            SAVED,
            both(LATE),
            both(UNAVAILABLE),
            LEFT,
        ],
    ),
    (
        "envoy",
        [
            both(UNAVAILABLE),
            both(UNAVAILABLE),
            both(UNAVAILABLE),
            both(UNAVAILABLE),
            both(UNAVAILABLE),
            both(LATE),
            both(UNAVAILABLE),
            LEFT,
        ],
    ),
    (
        "istio-gateway",
        [
            both(UNAVAILABLE),
            both(UNAVAILABLE),
            both(UNAVAILABLE),
            both(UNAVAILABLE),
            both(UNAVAILABLE),
            SAVED,
            both(UNAVAILABLE),
            LEFT,
        ],
    ),
    ("kube-proxy", SOCKET),
    ("kube-proxy-ipvs", SOCKET),
    ("aws-nlb", SOCKET),
    ("aws-nlb-instance", SOCKET),
    ("traefik", [both(BAD), both(BAD), both(LATE), POST_ONLY, POST_ONLY, SAVED, both(UNAVAILABLE), LEFT]),
    // A classic load balancer of Google answers 502 to whatever a target does not.
    ("gke-neg", [both(BAD), both(BAD), both(BAD), both(BAD), both(BAD), both(BAD), both(BAD), LEFT]),
    // So does an Application Gateway, but to answers that are late.
    ("azure-agic", [both(BAD), both(BAD), both(BAD), both(BAD), both(BAD), both(LATE), both(BAD), LEFT]),
];

const LEFT: Answers = both(Status::ClientLeft);

/// One run of an event behind a front end.
fn run(front: &str, event: &Event, more: &[(&str, &str)]) -> RunResult {
    let set = [&[("front-end", front)][..], event.with, more].concat();
    let lowered = lowered(&[("web.yaml", WEB)], event.line, &set)
        .unwrap_or_else(|errors| panic!("{front}, {}: {errors:#?}", event.name));
    sim::run(&lowered.spec, 3, 0, &|| false)
}

/// The statuses that requests of a method got because of the event.
fn statuses(front: &str, event: &Event, method: Method) -> BTreeSet<Status> {
    let post = if method == Method::Post { "100%" } else { "0%" };
    let result =
        run(front, event, &[("post", post), ("front_end.replicas", "1"), ("front_end.workers", "1")]);
    let of_event = |(status, cause): &(Status, Cause)| (*cause == event.cause).then_some(*status);
    result.tally.causes.keys().filter_map(of_event).collect()
}

#[test]
fn every_front_end_has_a_row() {
    let rows: BTreeSet<&str> = TABLE.iter().map(|(front, _)| *front).collect();
    assert_eq!(rows, presets::front_ends().map(|preset| preset.name).collect());
}

#[test]
fn the_table_of_events_and_methods_holds() {
    let mut wrong = Vec::new();
    for (front, row) in TABLE {
        for (event, answers) in EVENTS.iter().zip(row) {
            for (method, expected) in [Method::Get, Method::Post].into_iter().zip(answers) {
                let got = statuses(front, event, method);
                if got != expected.iter().copied().collect() {
                    let name = event.name;
                    wrong.push(format!("{front}, {name}, {}: {got:?}, not {expected:?}", method.as_str()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An answer of the application is passed on, and no front end tries again for it.
#[test]
fn the_applications_own_503_is_passed_on() {
    let declines = Event {
        name: "declines",
        cause: Cause::AppNotReady,
        line: "--rps 20\n--duration 60s\n--event kill-pod@10s\n",
        with: &[("latency", "900ms"), ("on-stop", "decline"), ("removal", "45s"), ("startup", "90s")],
    };
    for (front, _) in TABLE {
        for method in [Method::Get, Method::Post] {
            let got = statuses(front, &declines, method);
            assert_eq!(got, [UNAVAILABLE].into(), "{front}, {}", method.as_str());
        }
    }
}

/// A SYN that a full accept queue drops is one that nobody answers.
#[test]
fn a_full_accept_queue_looks_like_a_black_hole() {
    let full = Event {
        name: "full accept queue",
        cause: Cause::AcceptQueueFull,
        line: "--rps 2\n--duration 30s\n",
        with: &[
            ("latency", "8m"),
            ("workers", "1"),
            ("containers.*.accept", "lazy"),
            ("containers.*.backlog", "0"),
            ("client.timeout", "5m"),
            // Its own probes would wait behind the requests, and take it out of rotation.
            ("readiness.failureThreshold", "1000"),
        ],
    };
    for (front, row) in TABLE {
        for (method, expected) in [Method::Get, Method::Post].into_iter().zip(row[2]) {
            let got = statuses(front, &full, method);
            assert_eq!(got, expected.into_iter().collect(), "{front}, {}", method.as_str());
        }
    }
}

/// When the user of a dead pod's HAProxy hears of it: three pauses of a second, or nothing to wait for.
#[test]
fn haproxy_answers_three_seconds_late() {
    let refused = &EVENTS[0];
    let late = |extra: &[(&str, &str)]| -> BTreeMap<u64, u64> {
        let result = run("haproxy", refused, &[&[("front_end.server_check", "false")][..], extra].concat());
        let tally = &result.tally.causes[&(Status::Unavailable, Cause::ListenerClosed)];
        let mut waits = BTreeMap::new();
        for sample in &tally.samples {
            *waits.entry((sample.lost_ns - sample.sent_ns) / 1_000_000_000).or_insert(0) += 1;
        }
        waits
    };
    assert_eq!(late(&[]).into_keys().collect::<Vec<_>>(), [3]);
    assert_eq!(late(&[("tries", "1")]).into_keys().collect::<Vec<_>>(), [0]);
}

/// A client with a cookie of ingress-nginx belongs to its pod even when that refuses: all attempts go there,
/// unless the annotation lets it change. For clients without one the next attempt finds another pod.
#[test]
fn sticky_clients_are_sent_to_their_dead_pod_again() {
    let lost = |annotations: &str| {
        let ingress = format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web, annotations: {{{annotations}}}}}\n\
             spec: {{ingressClassName: nginx, defaultBackend: {{service: {{name: web, port: {{number: 80}}}}}}}}\n"
        );
        let set = [("replicas", "4"), ("on-stop", "exit"), ("removal", "4s"), ("latency", "20ms")];
        let line = "--conns 60\n--think 200ms\n--duration 90s\n--event rollout@30s\n";
        let lowered = lowered(&[("web.yaml", &format!("{WEB}{ingress}"))], line, &set);
        let lowered = lowered.unwrap_or_else(|errors| panic!("{errors:#?}"));
        sim::run(&lowered.spec, 3, 0, &|| false).tally.lost()
    };
    let cookie = "nginx.ingress.kubernetes.io/affinity: cookie";
    let change = "nginx.ingress.kubernetes.io/session-cookie-change-on-failure";
    let (plain, sticky) = (lost(""), lost(cookie));
    let once = lost(&format!("{cookie}, nginx.ingress.kubernetes.io/proxy-next-upstream-tries: '1'"));
    assert!(sticky > 100 && plain < sticky / 10, "{plain} {sticky}");
    assert!(
        sticky.abs_diff(once) < once / 10,
        "three attempts at one dead pod are as good as one: {sticky} {once}"
    );
    assert!(lost(&format!("{cookie}, {change}: 'true'")) < sticky / 10);
    assert_eq!(lost(&format!("{cookie}, {change}: 'false'")), sticky);
}

/// `0` is no limit, and not no second attempt.
#[test]
fn tries_without_a_limit_find_whoever_is_alive() {
    let refused = &EVENTS[0];
    let lost = |tries: &'static str| {
        run("ingress-nginx", refused, &[("tries", tries), ("replicas", "4")]).tally.lost()
    };
    let (once, unlimited) = (lost("1"), lost("0"));
    assert!(once > 0 && unlimited == 0, "{once} {unlimited}");
}
