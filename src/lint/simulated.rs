//! Every rule of `podloss check` against the simulator: what it complains about loses requests, and
//! what it advises does not; or the table says why that cannot be shown.

use crate::config::inputs::{COMMAND_LINE, Inputs};
use crate::lint::{RULES, judge};
use crate::model::outcome::Cause;
use crate::sim;

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 60
      readinessGates: [{conditionType: target-health.elbv2.k8s.aws/web}]
      containers:
        - name: app
          image: example/app:1
          resources: {requests: {cpu: 500m}, limits: {cpu: 500m}}
          ports: [{name: http, containerPort: 8080}]
          lifecycle: {preStop: {sleep: {seconds: 30}}}
          readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 2}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
";

const HOOK: &str = "          lifecycle: {preStop: {sleep: {seconds: 30}}}\n";
const PROBE: &str = "          readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 2}\n";
const GATE: &str = "      readinessGates: [{conditionType: target-health.elbv2.k8s.aws/web}]\n";
const GRACE: &str = "Seconds: 60";
const STRATEGY: &str = "{rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}";

/// What stands in front and what the application does, unless a row says otherwise.
const FLAGS: &[&str] = &[
    "--front-end aws-alb-ip",
    "--removal 9s",
    "--rps 100",
    "--event rollout@20s",
    "--startup 2s",
    "--latency 20ms",
    "--cpu 1ms",
    "--on-stop drain",
    "--set keepalive_idle=75s",
];

/// How a violation shows in a simulation.
enum Shows {
    /// Requests are lost by this cause; with the cure none is.
    Loses(Cause),
    /// The rollout never ends; with the cure it does.
    NeverEnds,
    /// Why neither can be shown.
    Not(&'static str),
}
use Shows::{Loses, NeverEnds, Not};

/// A violation and its cure: edits of [`WEB`] and further flags. What is common to both is in the
/// flags.
struct Row {
    rule: &'static str,
    flags: &'static [&'static str],
    broken: &'static [(&'static str, &'static str)],
    cured: &'static [(&'static str, &'static str)],
    shows: Shows,
}

macro_rules! ports {
    () => {
        "ports: [{port: 80, targetPort: http}]}\n"
    };
}
const PORTS: &str = ports!();
macro_rules! deregistered_after {
    ($seconds:literal) => {
        concat!(
            "ports: [{port: 80, targetPort: http}]}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\n",
            "metadata:\n  name: web\n  annotations:\n    alb.ingress.kubernetes.io/target-type: ip\n",
            "    alb.ingress.kubernetes.io/target-group-attributes: deregistration_delay.timeout_seconds=",
            $seconds,
            "\nspec:\n  ingressClassName: alb\n  defaultBackend: {service: {name: web, port: {number: 80}}}\n",
        )
    };
}
const SHORT_DELAY: &str = deregistered_after!("5");
const LONG_DELAY: &str = deregistered_after!("120");
const SLOW_PROBES: &str = "          readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 2}
          livenessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 2, failureThreshold: 100}\n";
const HASTY_PROBES: &str = "          readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 2}
          livenessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 2}\n";
const STARTUP_SHORT: &str =
    "          startupProbe: {tcpSocket: {port: http}, periodSeconds: 1, failureThreshold: 3}\n";
const STARTUP_LONG: &str =
    "          startupProbe: {tcpSocket: {port: http}, periodSeconds: 1, failureThreshold: 60}\n";
const LIVENESS: &str =
    "          livenessProbe: {tcpSocket: {port: http}, periodSeconds: 2, failureThreshold: 4}\n";
const FPM: &str = "          readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 2}
        - name: fpm
          image: php:8-fpm
          resources: {requests: {cpu: 500m}, limits: {cpu: 500m}}
          ports: [{containerPort: 9000}]\n";
const FPM_WITH_HOOK: &str =
    "          readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 2}
        - name: fpm
          image: php:8-fpm
          resources: {requests: {cpu: 500m}, limits: {cpu: 500m}}
          ports: [{containerPort: 9000}]
          lifecycle: {preStop: {sleep: {seconds: 30}}}\n";

const ROWS: &[Row] = &[
    Row {
        rule: "PL000",
        flags: &[],
        broken: &[(
            "{name: web}\nspec:\n  replicas",
            "{name: web, annotations: {podloss.dev/allow: PL99}}\nspec:\n  replicas",
        )],
        cured: &[],
        shows: Not("an allow-list changes what is told, not what happens"),
    },
    Row { rule: "PL001", flags: &[], broken: &[(HOOK, "")], cured: &[], shows: Loses(Cause::ListenerClosed) },
    Row {
        rule: "PL002",
        flags: &["--removal 20s", "--latency 8s", "--rps 20"],
        broken: &[("seconds: 30", "seconds: 22"), (GRACE, "Seconds: 25")],
        cured: &[("seconds: 30", "seconds: 22")],
        shows: Loses(Cause::KilledInFlight),
    },
    Row {
        rule: "PL003",
        flags: &["--removal 29s", "--latency 8s", "--rps 20"],
        broken: &[("seconds: 30", "seconds: 40"), (GRACE, "Seconds: 30")],
        cured: &[("seconds: 30", "seconds: 40")],
        shows: Loses(Cause::KilledInFlight),
    },
    Row {
        rule: "PL004",
        flags: &["--rps 1", "--duration 40m", "--set network.race_window=50ms"],
        broken: &[(
            "metadata: {name: web}\nspec:\n  replicas",
            "metadata: {name: web, annotations: {podloss.dev/keepalive_idle: 5s}}\nspec:\n  replicas",
        )],
        cured: &[(
            "metadata: {name: web}\nspec:\n  replicas",
            "metadata: {name: web, annotations: {podloss.dev/keepalive_idle: 75s}}\nspec:\n  replicas",
        )],
        shows: Loses(Cause::KeepaliveRace),
    },
    Row {
        rule: "PL005",
        flags: &["--startup 10s"],
        broken: &[(PROBE, STARTUP_SHORT)],
        cured: &[(PROBE, STARTUP_LONG)],
        shows: NeverEnds,
    },
    Row {
        rule: "PL006",
        flags: &[
            "--rps 30@0,90@30s,90@60s,10@61s",
            "--duration 3m",
            "--latency 200ms",
            "--cpu 1ms",
            "--workers 2",
            "--startup 500ms",
        ],
        broken: &[(PROBE, HASTY_PROBES)],
        cured: &[(PROBE, SLOW_PROBES)],
        shows: Loses(Cause::LivenessRestart),
    },
    Row {
        rule: "PL007",
        flags: &["--startup 20s"],
        broken: &[(HOOK, LIVENESS)],
        cured: &[(HOOK, STARTUP_LONG)],
        shows: NeverEnds,
    },
    Row {
        rule: "PL008",
        flags: &["--front-end ingress-nginx", "--set front_end.retry_on=off", "--startup 5s"],
        broken: &[(PROBE, "")],
        cured: &[],
        shows: Loses(Cause::NotListeningYet),
    },
    Row {
        rule: "PL009",
        flags: &[],
        broken: &[],
        cured: &[],
        shows: Not("it takes a container that fails by itself, and no event makes one yet"),
    },
    Row {
        rule: "PL010",
        flags: &[],
        broken: &[],
        cured: &[],
        shows: Not(
            "the autoscaler's standstill is a test of its own rules; what it costs depends on the load",
        ),
    },
    Row {
        rule: "PL011",
        flags: &[],
        broken: &[],
        cured: &[],
        shows: Not("the number is set back when the file is applied, which is an event: scale=N@T"),
    },
    Row {
        rule: "PL012",
        flags: &[],
        broken: &[],
        cured: &[],
        shows: Not("an eviction that is refused loses nothing; it holds up whoever drains the node"),
    },
    Row {
        rule: "PL013",
        flags: &["--rps 160", "--cpu 10ms", "--latency 20ms", "--startup 15s", "--set client.timeout=2s"],
        broken: &[(STRATEGY, "{rollingUpdate: {maxUnavailable: 2, maxSurge: 1}}")],
        cured: &[],
        shows: Loses(Cause::ClientGaveUp),
    },
    Row {
        rule: "PL014",
        flags: &[],
        broken: &[
            ("example/app:1", "example/distroless/app:1"),
            ("{sleep: {seconds: 30}}", "{exec: {command: [/bin/sh, -c, sleep 30]}}"),
        ],
        cured: &[("example/app:1", "example/distroless/app:1")],
        shows: Loses(Cause::ListenerClosed),
    },
    Row {
        rule: "PL015",
        flags: &[],
        broken: &[("example/app:1", "nginx:1.27"), (PROBE, FPM)],
        cured: &[("example/app:1", "nginx:1.27"), (PROBE, FPM_WITH_HOOK)],
        shows: Loses(Cause::InPodUpstreamDown),
    },
    Row {
        rule: "PL016",
        flags: &["--rps 5", "--latency 20s", "--workers 200"],
        broken: &[(PORTS, SHORT_DELAY)],
        cured: &[(PORTS, LONG_DELAY)],
        shows: Loses(Cause::DeregisteredInFlight),
    },
    Row {
        rule: "PL017",
        flags: &[],
        broken: &[("replicas: 4", "replicas: 2"), (GATE, "")],
        cured: &[("replicas: 4", "replicas: 2")],
        shows: Loses(Cause::NoEndpoints),
    },
    Row {
        rule: "PL018",
        flags: &[],
        broken: &[(STRATEGY, "{type: Recreate}")],
        cured: &[],
        shows: Loses(Cause::NoEndpoints),
    },
    Row {
        rule: "PL019",
        flags: &[],
        broken: &[],
        cured: &[],
        shows: Not("it serves until SIGKILL, which outlasts most removals: PL002 shows what SIGKILL costs"),
    },
    Row {
        rule: "PL020",
        flags: &["--front-end ingress-nginx", "--set front_end.retry_on=off", "--startup 5s"],
        broken: &[(PORTS, concat!("publishNotReadyAddresses: true, ", ports!()))],
        cured: &[],
        shows: Loses(Cause::NotListeningYet),
    },
];

/// The inputs of a row: the workload with edits, and the flags, later ones in place of earlier ones.
fn inputs(row: &Row, edits: &[(&str, &str)]) -> Inputs {
    let mut yaml = WEB.to_owned();
    for (from, to) in edits {
        assert_eq!(yaml.matches(from).count(), 1, "{}: `{from}` must be there once", row.rule);
        yaml = yaml.replace(from, to);
    }
    let name = |flag: &&str| flag.split_whitespace().next().unwrap_or_default().to_owned();
    let replaced =
        |flag: &&&str| name(flag) != "--set" && row.flags.iter().any(|other| name(other) == name(flag));
    let mut lines = vec!["web.yaml"];
    // An annotation of the workload stands where a flag would win over it.
    let annotated =
        |flag: &&&str| flag.contains("keepalive_idle") && yaml.contains("podloss.dev/keepalive_idle");
    lines.extend(FLAGS.iter().filter(|flag| !replaced(flag) && !annotated(flag)));
    lines.extend(row.flags);
    let command_line = format!("{}\n", lines.join("\n"));
    let texts = [(COMMAND_LINE.to_owned(), command_line), ("web.yaml".to_owned(), yaml)];
    Inputs::stored(&texts).unwrap_or_else(|errors| panic!("{}: {errors:#?}", row.rule))
}

/// Requests lost by a cause, requests lost in all, and whether every rollout ended, over three runs.
fn simulated(row: &Row, inputs: &Inputs, cause: Option<Cause>) -> (u64, u64, bool) {
    let case = inputs.case(&[]).unwrap_or_else(|errors| panic!("{}: {errors:#?}", row.rule));
    let (mut by_cause, mut all, mut ended) = (0, 0, true);
    for run in 0..3 {
        let result = sim::run(&case.spec, 1, run, &|| false);
        let mine = result.tally.causes.iter().filter(|((_, of), _)| Some(*of) == cause);
        by_cause += mine.map(|(_, tally)| tally.count).sum::<u64>();
        all += result.tally.lost();
        ended &= result.timeline.rollouts.iter().all(|rollout| rollout.end.is_some());
    }
    (by_cause, all, ended)
}

fn finds(row: &Row, inputs: &Inputs) -> bool {
    let report = judge(inputs).unwrap_or_else(|errors| panic!("{}: {errors:#?}", row.rule));
    assert!(report.not_judged.is_empty(), "{}: {:?}", row.rule, report.not_judged);
    report.findings.iter().any(|finding| finding.rule.code == row.rule)
}

#[test]
fn what_rules_complain_about_loses_requests_and_what_they_advise_does_not() {
    let mut wrong = Vec::new();
    for row in ROWS {
        let (broken, cured) = (inputs(row, row.broken), inputs(row, row.cured));
        let mut check = |holds: bool, what: String| {
            if !holds {
                wrong.push(format!("{}: {what}", row.rule));
            }
        };
        match &row.shows {
            Not(why) => check(why.len() > 20, "a reason is needed".to_owned()),
            Loses(cause) => {
                check(finds(row, &broken), "the violation is not found".to_owned());
                check(!finds(row, &cured), "the cure is complained about".to_owned());
                let (lost, ..) = simulated(row, &broken, Some(*cause));
                check(lost > 0, format!("the violation loses nothing by {cause}"));
                let (lost, all, _) = simulated(row, &cured, Some(*cause));
                check(lost == 0, format!("with the cure {lost} of {all} are lost by {cause}"));
            }
            NeverEnds => {
                check(finds(row, &broken), "the violation is not found".to_owned());
                check(!finds(row, &cured), "the cure is complained about".to_owned());
                let (.., ended) = simulated(row, &broken, None);
                check(!ended, "the rollout ends in spite of the violation".to_owned());
                let (.., ended) = simulated(row, &cured, None);
                check(ended, "the rollout does not end with the cure".to_owned());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_row() {
    let rows: Vec<&str> = ROWS.iter().map(|row| row.rule).collect();
    let rules: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(rows, rules);
}

/// A sound workload is left alone by every rule, with everything its simulation assumes.
#[test]
fn a_sound_workload_is_left_alone() {
    let row = &ROWS[1];
    let report = judge(&inputs(row, &[])).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let found: Vec<String> =
        report.findings.iter().map(|f| format!("{} {}", f.rule.code, f.found.message)).collect();
    assert!(found.is_empty(), "{found:#?}");
}
