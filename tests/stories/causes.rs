//! Every cause of the closed list occurs, or its explanation says that it cannot yet.

use std::collections::BTreeSet;

use podloss::model::outcome::Cause::{self, *};
use podloss::report::explain::Topic;

use super::bases::{PATIENT_READINESS, UNPROBED, WEB};
use super::{Case, runs, summary, table};

/// One worker per pod, and connections that wait for it wait in the kernel.
const ONE_WORKER: (&str, &str) = ("containers.*.accept", "lazy");

/// A case for every cause that no story ends in.
const CASES: &[(Cause, Case)] = &[
    (
        AppNotReady,
        Case {
            front: "ingress-nginx",
            manifests: UNPROBED,
            line: "--rps 50@0,200@20s\n--duration 90s\n",
            with: &[("latency", "20ms,cpu=10ms"), ("startup", "100ms"), ("app_ready_delay", "5s")],
        },
    ),
    (
        AppNotReady,
        Case {
            front: "aws-alb-ip",
            manifests: WEB,
            line: "--rps 50\n--duration 40s\n--event kill-pod@10s\n",
            with: &[("on-stop", "spring-undertow"), ("latency", "2s"), ("startup", "3s")],
        },
    ),
    (
        ExitedInFlight,
        Case {
            front: "ingress-nginx",
            manifests: WEB,
            line: "--rps 50\n--duration 40s\n--event kill-pod@10s\n",
            with: &[("on-stop", "drain,limit=1s"), ("latency", "5s"), ("startup", "3s")],
        },
    ),
    (
        DeregisteredInFlight,
        Case {
            front: "aws-alb-ip",
            manifests: WEB,
            line: "--rps 20\n--duration 40s\n--event kill-pod@20s\n",
            with: &[
                ("front_end.deregistration_delay", "1s"),
                ("removal", "1s"),
                ("preStop", "15s"),
                ("latency", "8s,cpu=1ms"),
                ("workers", "100"),
            ],
        },
    ),
    (
        AcceptQueueReset,
        Case {
            front: "aws-alb-ip",
            manifests: WEB,
            line: "--rps 12\n--duration 40s\n--event kill-pod=3@20s\n",
            with: &[
                ("on-stop", "drain"),
                ("latency", "400ms"),
                ("startup", "3s"),
                ("workers", "1"),
                // Its probes wait behind the requests.
                ("readiness.failureThreshold", "100"),
                ONE_WORKER,
            ],
        },
    ),
    (
        AcceptQueueFull,
        Case {
            front: "ingress-nginx",
            manifests: WEB,
            line: "--rps 60\n--duration 30s\n",
            with: &[("latency", "100ms"), ("workers", "1"), ONE_WORKER, ("containers.*.backlog", "2")],
        },
    ),
    (
        Overloaded,
        Case {
            front: "ingress-nginx",
            manifests: WEB,
            line: "--rps 60\n--duration 30s\n",
            with: &[("latency", "100ms"), ("workers", "1"), ("queue", "2")],
        },
    ),
    (
        Unreachable,
        Case {
            front: "aws-alb-ip",
            manifests: WEB,
            line: "--rps 50\n--duration 60s\n--event kill-pod@10s\n",
            with: &[("on-stop", "exit"), ("after_exit", "unreachable"), ("startup", "3s")],
        },
    ),
    (
        ReadTimeout,
        Case {
            front: "ingress-nginx",
            manifests: WEB,
            line: "--rps 2\n--duration 20s\n",
            with: &[("latency", "100s")],
        },
    ),
    (
        AllMarkedDown,
        Case {
            front: "nginx",
            manifests: WEB,
            line: "--rps 20\n--duration 40s\n--event kill-pod=4@10s\n",
            with: &[("on-stop", "exit"), ("removal", "30s"), ("startup", "5s")],
        },
    ),
    (
        LivenessRestart,
        Case {
            front: "ingress-nginx",
            manifests: PATIENT_READINESS,
            line: "--rps 90\n--duration 60s\n",
            with: &[("latency", "50ms"), ("workers", "1"), ("on-stop", "exit"), ("startup", "3s")],
        },
    ),
    (
        Crashed,
        Case {
            front: "aws-alb-ip",
            manifests: WEB,
            line: "--rps 50\n--duration 40s\n--event crash-pod@10s\n",
            with: &[("startup", "3s")],
        },
    ),
    (
        OomKilled,
        Case {
            front: "aws-alb-ip",
            manifests: WEB,
            line: "--rps 50\n--duration 40s\n--event oom-kill@10s\n",
            with: &[("startup", "3s")],
        },
    ),
    (
        NodeLost,
        Case {
            front: "aws-alb-ip",
            manifests: WEB,
            line: "--rps 50\n--duration 40s\n--event lose-node@10s\n",
            with: &[("startup", "3s")],
        },
    ),
    (
        CircuitOpen,
        Case {
            front: "envoy",
            manifests: WEB,
            line: "--rps 100\n--duration 40s\n--event kill-pod=3@10s\n",
            with: &[
                ("on-stop", "exit"),
                ("removal", "20s"),
                ("startup", "3s"),
                ("retry_on", "connect-failure"),
                ("tries", "3"),
                ("front_end.max_retries", "1"),
            ],
        },
    ),
    (
        CircuitOpen,
        Case {
            front: "istio-gateway",
            manifests: WEB,
            line: "--rps 100\n--duration 40s\n--event slow=20,5s@10s\n",
            with: &[("workers", "500"), ("front_end.max_requests", "20")],
        },
    ),
    (
        CircuitOpen,
        Case {
            front: "envoy",
            manifests: WEB,
            line: "--rps 100\n--duration 40s\n--event lose-node@10s\n",
            with: &[("startup", "3s"), ("front_end.max_pending_requests", "2")],
        },
    ),
    (
        ClientGaveUp,
        Case {
            front: "ingress-nginx",
            manifests: WEB,
            line: "--rps 50\n--duration 20s\n",
            with: &[("latency", "20ms,p99=500ms"), ("client.timeout", "300ms")],
        },
    ),
];

#[test]
fn every_cause_occurs_or_says_that_it_does_not_yet() {
    let mut occurs = BTreeSet::new();
    let mut wrong = Vec::new();
    for (cause, case) in CASES {
        for run in runs(cause.as_str(), case, &[]) {
            match run.tally.causes.keys().any(|(_, seen)| seen == cause) {
                true => _ = occurs.insert(*cause),
                false => wrong.push(format!("{cause} behind {}: {}", case.front, summary(&run))),
            }
        }
    }
    // That a story ends in its cause is another test.
    occurs.extend(table::stories().iter().filter_map(|story| story.suffers.cause()));
    for cause in Cause::ALL {
        let words = Topic::Cause(*cause).words();
        if occurs.contains(cause) == words.caveat.contains("No run of podloss has this cause yet") {
            wrong.push(format!("{cause}: `podloss explain` is not right about whether it occurs"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
