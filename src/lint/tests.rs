//! Rules on facts alone: what each finds, and what it leaves alone.

use super::*;
use crate::config::case::Origin;
use crate::config::manifest::{Source, read_manifests, select_workload};

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 4
  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 60
      containers:
        - name: app
          image: example/app:1
          ports: [{name: http, containerPort: 8080}]
          lifecycle: {preStop: {sleep: {seconds: 30}}}
          readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 5}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
";

fn edited(edits: &[(&str, &str)]) -> String {
    let mut text = WEB.to_owned();
    for (from, to) in edits {
        assert_eq!(text.matches(from).count(), 1, "`{from}` must be there once");
        text = text.replace(from, to);
    }
    text
}

/// Facts of a manifest, completed as an honest application behind an AWS load balancer.
fn facts(text: &str) -> Facts {
    let source = Source::Text { name: "web.yaml".to_owned(), text: text.to_owned() };
    let manifests = read_manifests(&[source]).unwrap_or_else(|errors| panic!("{errors:?}"));
    let mut facts = facts_of(&select_workload(&manifests, None).unwrap());
    facts.front = Some(FrontFacts {
        name: "aws-alb-ip".to_owned(),
        removal: Span { lo: 5.0, used: 9.0, hi: 25.0, origin: Origin::Guess },
        longest_removal: 0.0,
        addition: Some(Span { lo: 5.0, used: 15.0, hi: 40.0, origin: Origin::Guess }),
        retries_refused: false,
        resends_broken: false,
        idle_timeout: Some(60.0),
        registers: true,
        outstay: 0.0,
    });
    facts.has_readiness_gate = true;
    for container in &mut facts.containers {
        container.stop = Some(StopFacts {
            serves_on: 0.0,
            serves_on_at_most: 0.0,
            drains: true,
            drain_limit: None,
            origin: Origin::Given,
        });
        container.start_up = Some(Span { lo: 4.0, used: 6.0, hi: 12.0, origin: Origin::Given });
        container.longest_request = Some(Span { lo: 1.0, used: 2.0, hi: 15.0, origin: Origin::Given });
        container.keepalive_idle = Some(Span::given(75.0));
    }
    facts
}

/// What is found, in the order of the rules.
fn codes(facts: &Facts) -> Vec<(&'static str, Severity)> {
    let report = check(std::slice::from_ref(facts));
    let mut codes: Vec<_> = report.findings.iter().map(|f| (f.rule.code, f.found.severity)).collect();
    codes.sort();
    codes
}

use Severity::{Error, Warning};

#[test]
fn a_sound_workload_is_left_alone() {
    assert_eq!(codes(&facts(WEB)), []);
}

#[test]
fn manifests_are_judged() {
    let preset = ("          lifecycle: {preStop: {sleep: {seconds: 30}}}\n", "");
    let hook = |text| ("lifecycle: {preStop: {sleep: {seconds: 30}}}", text);
    let probe = "          readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 5}\n";
    let liveness = |failures: u32| {
        format!(
            "{probe}          livenessProbe: {{tcpSocket: {{port: http}}, failureThreshold: {failures}}}\n"
        )
    };
    let startup = |failures: u32| {
        format!(
            "{probe}          startupProbe: {{tcpSocket: {{port: http}}, periodSeconds: 1, failureThreshold: {failures}}}\n"
        )
    };
    let strategy = "  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}\n";
    let allow = |list: &str| {
        format!("  name: web\n  annotations: {{podloss.dev/allow: \"{list}\"}}\nspec:\n  replicas")
    };
    let pdb = |limit: &str| {
        format!(
            "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: web}}\nspec: {{{limit}, \
             selector: {{matchLabels: {{app: web}}}}}}\n---\napiVersion: v1\nkind: Service"
        )
    };
    let service = "---\napiVersion: v1\nkind: Service";
    let name = "  name: web\nspec:\n  replicas";
    for (what, edits, expected) in [
        ("PL001 no hook", vec![preset], vec![("PL001", Error)]),
        (
            "PL001 a hook inside the range",
            vec![hook("lifecycle: {preStop: {sleep: {seconds: 10}}}")],
            vec![("PL001", Warning)],
        ),
        (
            "PL002 grace too short for the longest",
            vec![("Seconds: 60", "Seconds: 33")],
            vec![("PL002", Warning)],
        ),
        ("PL002 and for most", vec![("Seconds: 60", "Seconds: 31")], vec![("PL002", Warning)]),
        (
            "PL003 hook as long as the grace",
            vec![("Seconds: 60", "Seconds: 30")],
            vec![("PL002", Warning), ("PL003", Error)],
        ),
        ("PL005", vec![(probe, &startup(5))], vec![("PL005", Warning)]),
        ("PL005 surely", vec![(probe, &startup(1))], vec![("PL005", Error)]),
        ("PL005 enough", vec![(probe, &startup(13))], vec![]),
        ("PL006 and PL007", vec![(probe, &liveness(1))], vec![("PL006", Warning), ("PL007", Warning)]),
        ("PL007 alone", vec![(probe, &liveness(2))], vec![("PL006", Warning), ("PL007", Warning)]),
        ("neither", vec![(probe, &liveness(3))], vec![]),
        ("PL008", vec![(probe, "")], vec![("PL008", Error)]),
        ("PL012", vec![(service, &pdb("minAvailable: 4"))], vec![("PL012", Warning)]),
        (
            "PL012 in percent, rounded up",
            vec![(service, &pdb("minAvailable: 80%"))],
            vec![("PL012", Warning)],
        ),
        ("PL012 none may go", vec![(service, &pdb("maxUnavailable: 0"))], vec![("PL012", Warning)]),
        ("one may go", vec![(service, &pdb("maxUnavailable: 1%"))], vec![]),
        (
            "PL014",
            vec![hook("lifecycle: {preStop: {exec: {command: [sleep, \"30\"]}}}")],
            vec![("PL014", Warning)],
        ),
        (
            "PL014 surely",
            vec![
                hook("lifecycle: {preStop: {exec: {command: [sleep, \"30\"]}}}"),
                ("example/app:1", "x/distroless/app"),
            ],
            vec![("PL001", Error), ("PL014", Error)],
        ),
        (
            "a shell is there",
            vec![
                hook("lifecycle: {preStop: {exec: {command: [sleep, \"30\"]}}}"),
                ("example/app:1", "nginx:1.27"),
            ],
            vec![],
        ),
        ("PL018", vec![(strategy, "  strategy: {type: Recreate}\n")], vec![("PL018", Error)]),
        (
            "PL018 all at once",
            vec![(strategy, "  strategy: {rollingUpdate: {maxUnavailable: 100%, maxSurge: 1}}\n")],
            vec![("PL018", Error)],
        ),
        (
            "PL020",
            vec![("{selector: {app: web},", "{publishNotReadyAddresses: true, selector: {app: web},")],
            vec![("PL020", Error)],
        ),
        (
            "PL020 where peers may look for each other",
            vec![(
                "{selector: {app: web},",
                "{publishNotReadyAddresses: true, clusterIP: None, selector: {app: web},",
            )],
            vec![("PL020", Warning)],
        ),
        ("PL000", vec![(probe, ""), (name, &allow("PL08"))], vec![("PL000", Error), ("PL008", Error)]),
        ("allowed by code", vec![(probe, ""), (name, &allow("PL012, pl008"))], vec![]),
        ("allowed by name", vec![(probe, ""), (name, &allow("readiness-probe"))], vec![]),
        ("the list cannot allow itself", vec![(name, &allow("PL000,x"))], vec![("PL000", Error)]),
    ] {
        assert_eq!(codes(&facts(&edited(&edits))), expected, "{what}");
    }
}

#[test]
fn what_settings_say_is_judged() {
    type Change = fn(&mut Facts);
    type Findings = &'static [(&'static str, Severity)];
    let cases: &[(&str, Change, Findings)] = &[
        (
            "PL001 hidden by retries",
            |f| {
                f.containers[0].hook = HookFacts::None;
                front(f).retries_refused = true;
            },
            &[("PL001", Warning)],
        ),
        (
            "PL001 a hook of unknown length",
            |f| f.containers[0].hook = HookFacts::Http { took: None },
            &[("PL001", Warning)],
        ),
        (
            "PL001 a hook whose length a setting states",
            |f| f.containers[0].hook = HookFacts::Http { took: Some(1.0) },
            &[("PL001", Error)],
        ),
        (
            "a hook of unknown length on a process that serves on",
            |f| {
                f.containers[0].hook = HookFacts::Http { took: None };
                stop(f).serves_on = 30.0;
            },
            &[],
        ),
        (
            "PL000 an allow-list on the pods",
            |f| f.allowed_on_pods = Some(f.place.clone()),
            &[("PL000", Error)],
        ),
        (
            "without a Service nothing is lost",
            |f| {
                f.serves = false;
                f.containers[0].hook = HookFacts::None;
            },
            &[],
        ),
        (
            "PL002 no drain",
            |f| {
                stop(f).drains = false;
                f.containers[0].hook = HookFacts::None;
            },
            &[("PL001", Error), ("PL002", Error)],
        ),
        (
            "PL002 no drain, and a hook that outlasts what is usual",
            |f| stop(f).drains = false,
            &[("PL002", Warning)],
        ),
        (
            "no drain, and a hook that outlasts removal and longest request",
            |f| {
                stop(f).drains = false;
                f.containers[0].hook = HookFacts::Sleep(40.0);
            },
            &[],
        ),
        (
            "PL002 the same, and connections that stay with their pod",
            |f| {
                stop(f).drains = false;
                f.containers[0].hook = HookFacts::Sleep(40.0);
                front(f).outstay = f64::INFINITY;
            },
            &[("PL002", Error)],
        ),
        (
            "PL002 the same, and connections that stay for a while",
            |f| {
                stop(f).drains = false;
                f.containers[0].hook = HookFacts::Sleep(40.0);
                front(f).outstay = 10.0;
            },
            &[("PL002", Warning)],
        ),
        (
            "PL002 a process that goes on and waits for nothing",
            |f| *stop(f) = StopFacts { serves_on: 5.0, drain_limit: Some(0.0), ..*stop(f) },
            &[("PL002", Warning)],
        ),
        (
            "serving until SIGKILL, which outlasts the removal",
            |f| *stop(f) = StopFacts { serves_on: f64::INFINITY, drains: false, ..*stop(f) },
            &[],
        ),
        (
            "PL002 no drain, assumed",
            |f| *stop(f) = StopFacts { drains: false, origin: Origin::Guess, ..*stop(f) },
            &[("PL002", Warning)],
        ),
        (
            "PL002 its own limit",
            |f| {
                stop(f).drain_limit = Some(1.0);
                front(f).outstay = f64::INFINITY;
            },
            &[("PL002", Error)],
        ),
        (
            "PL002 its own limit, which the hook makes up for in most cases",
            |f| stop(f).drain_limit = Some(1.0),
            &[("PL002", Warning)],
        ),
        ("PL002 a limit beyond the grace", |f| stop(f).drain_limit = Some(40.0), &[("PL002", Warning)]),
        ("PL004", |f| f.containers[0].keepalive_idle = Some(Span::given(5.0)), &[("PL004", Error)]),
        (
            "PL004 only POST",
            |f| {
                f.containers[0].keepalive_idle = Some(Span::given(60.0));
                front(f).resends_broken = true;
            },
            &[("PL004", Warning)],
        ),
        (
            "PL013 by load",
            |f| {
                f.rollout.unavailable_at_max = 2;
                f.containers[0].cpu_limit = Some(1.0);
                f.peak_cores = Some(2.5);
            },
            &[("PL013", Error)],
        ),
        (
            "enough for the load",
            |f| {
                f.rollout.unavailable_at_max = 2;
                f.containers[0].cpu_limit = Some(1.0);
                f.peak_cores = Some(1.9);
            },
            &[],
        ),
        (
            "PL013 by target",
            |f| {
                f.rollout.unavailable_at_max = 1;
                (f.containers[0].cpu_limit, f.containers[0].cpu_request) = (Some(1.0), Some(1.0));
                f.autoscaler = Some(AutoscalerFacts { cpu_target_percent: Some(80.0) });
            },
            &[("PL013", Warning)],
        ),
        ("PL016", |f| f.deregistration = Some((1.0, f.place.clone())), &[("PL016", Error)]),
        (
            "PL017",
            |f| {
                f.has_readiness_gate = false;
                f.rollout.replicas_min = 2;
            },
            &[("PL017", Warning)],
        ),
        (
            "many pods take long enough",
            |f| {
                f.has_readiness_gate = false;
                f.rollout.replicas_min = 20;
            },
            &[],
        ),
        (
            "PL019",
            |f| {
                f.containers[0].command_line = ["sh", "-c", "serve"].map(str::to_owned).to_vec();
                stop(f).origin = Origin::Guess;
            },
            &[("PL019", Warning)],
        ),
        (
            "PL014 a postStart hook that cannot work",
            |f| f.containers[0].post_start = HookFacts::Fails,
            &[("PL014", Error)],
        ),
        (
            "PL014 a postStart command without a shell to run it",
            |f| {
                f.containers[0].image = "gcr.io/distroless/static-debian12".to_owned();
                f.containers[0].post_start = HookFacts::Exec {
                    command: vec!["sh".to_owned(), "-c".to_owned()],
                    slept: None,
                    fails: false,
                };
            },
            &[("PL014", Error)],
        ),
        (
            "PL015 within the route",
            |f| {
                let inner = ContainerFacts {
                    name: "fpm".to_owned(),
                    hook: HookFacts::None,
                    ..f.containers[0].clone()
                };
                f.containers.push(inner);
            },
            &[("PL001", Error), ("PL015", Error)],
        ),
        (
            "containers that both outlast the removal",
            |f| {
                let hook = HookFacts::Sleep(26.0);
                f.containers.push(ContainerFacts { name: "fpm".to_owned(), hook, ..f.containers[0].clone() });
            },
            &[],
        ),
        (
            "PL015 a mesh proxy",
            |f| {
                let proxy = ContainerFacts {
                    name: "istio-proxy".to_owned(),
                    hook: HookFacts::None,
                    on_route: false,
                    is_egress: false,
                    ..f.containers[0].clone()
                };
                f.containers.push(proxy);
            },
            &[("PL015", Error)],
        ),
        (
            "PL015 a database proxy that has no patience",
            |f| f.containers.push(database_proxy(f, 0.0)),
            &[("PL015", Error)],
        ),
        (
            "PL015 an application that goes on after its signal",
            |f| {
                f.containers.push(database_proxy(f, 0.0));
                let app = &mut f.containers[0];
                app.hook = HookFacts::None;
                app.stop =
                    app.stop.map(|stop| StopFacts { serves_on: 30.0, serves_on_at_most: 30.0, ..stop });
            },
            &[("PL015", Error)],
        ),
        (
            "one that waits for its connections for as long as the application works",
            |f| f.containers.push(database_proxy(f, 60.0)),
            &[],
        ),
        (
            "a native sidecar outlives the application",
            |f| {
                let proxy = ContainerFacts {
                    name: "istio-proxy".to_owned(),
                    hook: HookFacts::None,
                    on_route: false,
                    is_egress: false,
                    is_sidecar: true,
                    ..f.containers[0].clone()
                };
                f.containers.push(proxy);
            },
            &[],
        ),
    ];
    for (what, change, expected) in cases {
        let mut facts = facts(WEB);
        change(&mut facts);
        assert_eq!(codes(&facts), *expected, "{what}");
    }
}

/// A proxy through which the application calls its database, and that stays so long for its connections.
fn database_proxy(facts: &Facts, stays: f64) -> ContainerFacts {
    let app = facts.containers[0].clone();
    let stop = app.stop.map(|stop| StopFacts { serves_on: stays, serves_on_at_most: stays, ..stop });
    let (name, hook) = ("db".to_owned(), HookFacts::None);
    ContainerFacts { name, hook, stop, on_route: false, is_egress: true, ..app }
}

fn front(facts: &mut Facts) -> &mut FrontFacts {
    facts.front.as_mut().unwrap()
}

fn stop(facts: &mut Facts) -> &mut StopFacts {
    facts.containers[0].stop.as_mut().unwrap()
}

/// Rules 9 to 11 tell findings of the manifest reader in their own words.
#[test]
fn what_the_reader_found_between_objects_has_a_rule() {
    let hpa = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  \
               scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  maxReplicas: 9\n---\n\
               apiVersion: v1\nkind: Service";
    let text = edited(&[("---\napiVersion: v1\nkind: Service", hpa)]);
    assert_eq!(codes(&facts(&text)), [("PL010", Error), ("PL011", Error)]);
    let text = edited(&[(
        "      containers:\n",
        "      containers:\n        - {name: side, image: x, ports: [{containerPort: 9000}], \
         livenessProbe: {tcpSocket: {port: 8080}, failureThreshold: 9}}\n",
    )]);
    assert_eq!(codes(&facts(&text)), [("PL009", Warning)]);
}

#[test]
fn rules_are_numbered_in_order_and_never_worse_than_they_say() {
    for (index, rule) in RULES.iter().enumerate() {
        assert_eq!(rule.code, format!("PL{index:03}"));
        assert!(rule.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", rule.name);
    }
    let report =
        check(&[facts(&edited(&[("          lifecycle: {preStop: {sleep: {seconds: 30}}}\n", "")]))]);
    assert!(report.findings.iter().all(|f| f.found.severity <= f.rule.severity));
}

#[test]
fn the_worst_comes_first() {
    let hook = "lifecycle: {preStop: {sleep: {seconds: 30}}}";
    let mild = facts(&edited(&[(hook, "lifecycle: {preStop: {sleep: {seconds: 10}}}")]));
    let bad = facts(&edited(&[(&format!("          {hook}\n"), "")]));
    let mut worse = facts(&edited(&[(hook, "lifecycle: {preStop: {sleep: {seconds: 60}}}")]));
    worse.workload = "Deployment/worse".to_owned();
    let order: Vec<_> = check(&[mild, worse, bad]).findings.iter().map(|f| f.rule.code).collect();
    assert_eq!(order, ["PL001", "PL003", "PL001"]);
}
