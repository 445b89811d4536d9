//! Manifests and what the simulator gets of them.

use super::*;
use crate::config::manifest::Manifests;
use crate::model::deployment::Strategy;
use crate::random::Dist;
use crate::sim;
use crate::sim::spec::{AfterExit, Balancer, Drain, Mechanism, OnStop, PlannedAction, Role};
use crate::units::IntOrPercent;

#[test]
fn the_shortest_way_runs_and_loses_as_the_hook_says() {
    let lowered = lowered(WEB, &[("front-end", "aws-alb-ip"), ("on-stop", "exit")]);
    let plan = &lowered.spec.deployments[0];
    assert_eq!((plan.name.as_str(), plan.spec.replicas, plan.templates.len()), ("default/web", 4, 2));
    assert_eq!(plan.templates[0], plan.templates[1]);
    assert_eq!(plan.templates[0].grace_seconds, 45);
    let app = container(&lowered, "app");
    assert_eq!(
        app.pre_stop.as_ref().map(|hook| hook.duration.clone()),
        Some(Dist::Fixed(Nanos::from_secs(10)))
    );
    assert_eq!(app.readiness.map(|probe| (probe.spec.period_seconds, probe.target)), Some((5, Some(0))));
    assert_eq!(server(&lowered, "app").cpu_limit_milli, Some(1_000));
    assert_eq!(lowered.spec.events[0].action, PlannedAction::Rollout { template: 1 });
    let heading = &lowered.heading;
    assert_eq!((heading.size.as_str(), heading.kubernetes.as_str()), ("4 pods", "kubernetes 1.35 assumed"));

    let lost = |said: &[(&str, &str)]| {
        let lowered = super::lowered(WEB, said);
        let result = sim::run(&lowered.spec, 1, 0, &|| false);
        assert!(
            !result.interrupted && result.tally.lost() < 40_000,
            "most requests of a sized service are answered"
        );
        result.tally.lost()
    };
    // New targets must be in service before the last old one is gone, too: that is another story.
    let (alb, quick) = (("front-end", "aws-alb-ip"), ("addition", "2s"));
    assert!(lost(&[alb, quick, ("preStop", "0")]) > 2_000, "the load balancer sends on for seconds");
    assert_eq!(lost(&[alb, quick, ("preStop", "30"), ("removal", "5s..25s"), ("on-stop", "drain")]), 0);
}

/// The service of the first article: nginx before php-fpm, probes crossed.
const CHAIN: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: hiring}
spec:
  selector: {matchLabels: {app: hiring}}
  template:
    metadata: {labels: {app: hiring}}
    spec:
      containers:
        - name: nginx
          image: nginx:1.27
          ports: [{containerPort: 80}]
          resources: {requests: {cpu: 100m}}
          readinessProbe: {tcpSocket: {port: 9000}, failureThreshold: 6}
          lifecycle: {preStop: {exec: {command: [/bin/sleep, '30']}}}
        - name: php-fpm
          image: php:8.3-fpm
          ports: [{containerPort: 9000}]
          resources: {requests: {cpu: '1'}, limits: {cpu: '1'}}
          readinessProbe: {httpGet: {path: /healthz, port: 80}, failureThreshold: 6}
---
apiVersion: v1
kind: Service
metadata: {name: hiring}
spec: {selector: {app: hiring}, ports: [{port: 80}]}
---
apiVersion: autoscaling/v2beta1
kind: HorizontalPodAutoscaler
metadata: {name: hiring}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: hiring}
  minReplicas: 3
  maxReplicas: 24
  metrics: [{type: Resource, resource: {name: cpu, targetAverageUtilization: 60}}]
";

#[test]
fn a_proxy_in_the_pod_forwards_to_the_application_behind_it() {
    let lowered = lowered(CHAIN, &[("cpu", "8ms"), ("latency", "45ms")]);
    assert!(matches!(container(&lowered, "nginx").role, Role::Forwards { .. }));
    let fpm = server(&lowered, "php-fpm");
    assert!((fpm.cpu_share - 8.0 / 45.0).abs() < 1e-9, "{}", fpm.cpu_share);
    // The probes ask each other's container, and a FastCGI port only for a connection.
    let probe = |name: &str| container(&lowered, name).readiness.expect("a readiness probe");
    assert_eq!((probe("nginx").target, probe("nginx").connects_only), (Some(1), true));
    assert_eq!((probe("php-fpm").target, probe("php-fpm").connects_only), (Some(0), false));
    // What the images ask for on their stop signal is a hint, and on the list.
    assert_eq!(container(&lowered, "nginx").on_stop, OnStop::Drain(Drain::within(None)));
    assert_eq!(container(&lowered, "php-fpm").on_stop, OnStop::Exit);
    assert_eq!(assumption(&lowered, "on_stop").value, "php-fpm-quit");
    assert_eq!(assumption(&lowered, "containers.nginx.on_stop").value, "nginx-quit");
    assert!(is_assumed(&lowered, "containers.php-fpm.role"));
    // 900 rps x 8 ms = 7.2 cores; 60 % of 1.1 requested cores per pod: 10.9 pods.
    assert_eq!(lowered.heading.size, "11 pods (HPA equilibrium, 3..24)");
}

#[test]
fn the_equilibrium_is_where_the_autoscaler_stays() {
    for (text, said) in [
        (CHAIN.to_owned(), vec![("cpu", "8ms"), ("latency", "45ms")]),
        (format!("{}{HPA}", WEB.replace("  replicas: 4\n", "")), vec![("cpu", "5ms"), ("latency", "20ms")]),
        (format!("{WEB}{HPA}"), vec![("cpu", "2ms"), ("latency", "20ms"), ("kubernetes", "1.30")]),
    ] {
        let manifests = manifests(&text);
        let mut described = described(&manifests, &said);
        described.events.clear();
        let lowered = lower(&described).unwrap_or_else(|errors| panic!("{errors:#?}"));
        let result = sim::run(&lowered.spec, 1, 0, &|| false);
        let rests = lowered.spec.deployments[0].spec.replicas;
        assert_eq!(result.replicas, (rests, rests, rests), "{}", lowered.heading.size);
    }
}

#[test]
fn roles_and_ports_are_found() {
    let sidecar = "        - name: agent\n          image: registry.example/agent:1\n          ports: [{containerPort: 9090}]\n";
    let with_agent = WEB.replace(
        "---\napiVersion: v1\nkind: Service",
        &format!("{sidecar}---\napiVersion: v1\nkind: Service"),
    );
    let helper = lowered(&with_agent, &[]);
    assert!(matches!(container(&helper, "agent").role, Role::Other), "the Service's port says who serves");
    assert!(!is_assumed(&helper, "containers.app.role"));
    let other =
        lowered(&with_agent, &[("containers.agent.role", "serves"), ("containers.app.role", "forwards")]);
    assert!(matches!(container(&other, "app").role, Role::Forwards { .. }));
    let errors =
        refused(&with_agent, &[("containers.agent.role", "serves"), ("containers.app.role", "serves")]);
    assert!(errors[0].message.contains("only one can"));
    let native = WEB.replace(
        "      containers:\n",
        "      initContainers:\n        - {name: mesh, image: envoy, restartPolicy: Always}\n        - {name: migrate, image: web}\n      containers:\n",
    );
    let native = lowered(&native, &[]);
    let names: Vec<(&str, bool)> = native.spec.deployments[0].templates[1]
        .containers
        .iter()
        .map(|container| (container.name.as_str(), container.is_sidecar))
        .collect();
    assert_eq!(names, [("mesh", true), ("app", false)]);
    assert_eq!(native.spec.deployments[0].templates[0].init.len(), 1, "migrate runs before the containers");
}

#[test]
fn hooks_of_unknown_length_are_assumed_and_old_versions_drop_sleep() {
    let with = |hook: &str| WEB.replace("{sleep: {seconds: 10}}", hook);
    let shell = lowered(&with("{exec: {command: [sh, -c, 'sleep 15; nginx -s quit']}}"), &[]);
    assert_eq!(
        container(&shell, "app").pre_stop.as_ref().unwrap().duration,
        Dist::Fixed(Nanos::from_secs(15))
    );
    assert_eq!(assumption(&shell, "on_stop").value, "nginx-quit");
    let other = lowered(&with("{exec: {command: [/wait-shutdown]}}"), &[]);
    assert_eq!(assumption(&other, "containers.*.pre_stop_duration").value, "1s");
    let known = lowered(
        &with("{httpGet: {path: /drain, port: 8080}}"),
        &[("containers.app.pre_stop_duration", "7s")],
    );
    assert_eq!(
        container(&known, "app").pre_stop.as_ref().unwrap().duration,
        Dist::Fixed(Nanos::from_secs(7))
    );
    let old = lowered(WEB, &[("kubernetes", "1.28")]);
    assert_eq!(container(&old, "app").pre_stop, None);
    assert!(old.warnings.iter().any(|warning| warning.message.contains("1.28 drops")));
}

#[test]
fn a_hook_that_needs_a_shell_fails_where_the_image_has_none() {
    let image = |image: &str| {
        let hook = WEB.replace("{sleep: {seconds: 10}}", "{exec: {command: [/bin/sh, -c, sleep 15]}}");
        hook.replace("registry.example/shop/web:7", image)
    };
    let hook = |case: &Lowered| container(case, "app").pre_stop.clone();
    let told =
        |case: &Lowered| case.warnings.iter().any(|warning| warning.message.contains("delays nothing"));
    let bare = lowered(&image("gcr.io/distroless/java17"), &[]);
    assert!(hook(&bare).is_none() && told(&bare));
    assert_eq!(bare.warnings.len(), 1, "once for both templates: {:#?}", bare.warnings);
    assert_eq!(assumption(&bare, "pre_stop_fails").value, "true");
    let works = lowered(&image("gcr.io/distroless/java17"), &[("pre_stop_fails", "false")]);
    assert!(hook(&works).is_some() && !told(&works));
    let unknown = lowered(&image("web:1"), &[]);
    assert!(hook(&unknown).is_some() && !told(&unknown));
    let said = lowered(&image("web:1"), &[("pre_stop_fails", "true")]);
    assert!(hook(&said).is_none());
}

#[test]
fn fields_are_set_over_the_manifest() {
    let set = |said: &[(&str, &str)]| lowered(&format!("{WEB}{HPA}"), said);
    let lowered = set(&[
        ("preStop", "40s"),
        ("grace", "60"),
        ("maxSurge", "3"),
        ("maxUnavailable", "0"),
        ("minReadySeconds", "5"),
        ("readiness.periodSeconds", "2"),
        ("readiness.failureThreshold@app", "9"),
        ("hpa.min", "6"),
        ("hpa.cpu", "50"),
        ("Deployment/web:spec.template.spec.containers[0].resources.limits.cpu", "2"),
    ]);
    let plan = &lowered.spec.deployments[0];
    let template = &plan.templates[1];
    assert_eq!(template.grace_seconds, 60);
    assert_eq!(template.containers[0].pre_stop.as_ref().unwrap().duration, Dist::Fixed(Nanos::from_secs(40)));
    let probe = template.containers[0].readiness.unwrap().spec;
    assert_eq!((probe.period_seconds, probe.failure_threshold), (2, 9));
    assert_eq!(server(&lowered, "app").cpu_limit_milli, Some(2_000));
    assert_eq!(plan.min_ready_seconds, 5);
    let (surge, unavailable) = (IntOrPercent::Int(3), IntOrPercent::Int(0));
    assert_eq!(
        plan.spec.strategy,
        Strategy::RollingUpdate { max_surge: surge, max_unavailable: unavailable }
    );
    let hpa = &plan.hpa.as_ref().unwrap().spec;
    assert_eq!((hpa.min_replicas, hpa.metrics[0].target.average_utilization), (6, Some(50)));
    assert_eq!(container(&set(&[("preStop", "0")]), "app").pre_stop, None);
    assert_eq!(set(&[("replicas", "9")]).heading.size, "9 pods (HPA 3..24)");
    for (name, text, part) in [
        ("preStop@nginx", "5", "there is no container `nginx`"),
        ("startup.periodSeconds", "5", "no startupProbe"),
        ("Deployment/api:spec.replicas", "5", "the workload is `web`"),
        ("hpa.min", "30", "above maxReplicas"),
        ("limits.cpu", "100m", "change both"),
        ("maxSurge", "many", "neither a whole number"),
    ] {
        let errors = refused(&format!("{WEB}{HPA}"), &[(name, text)]);
        assert!(errors.iter().any(|error| error.message.contains(part)), "{name}: {errors:#?}");
    }
    let errors = refused(WEB, &[("hpa.max", "3")]);
    assert!(errors[0].message.contains("no such autoscaler"));
}

#[test]
fn the_old_pods_stop_by_the_old_spec() {
    let old = manifests(&WEB.replace("{preStop: {sleep: {seconds: 10}}}", "{}").replace("web:7", "web:6"));
    let new = manifests(WEB);
    let described = Described { from: Some(&old), ..described(&new, &[("preStop", "20")]) };
    let lowered = lower(&described).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let hooks: Vec<_> = lowered.spec.deployments[0]
        .templates
        .iter()
        .map(|template| template.containers[0].pre_stop.as_ref().map(|hook| hook.duration.clone()))
        .collect();
    assert_eq!(hooks, [None, Some(Dist::Fixed(Nanos::from_secs(20)))]);
    let pulls: Vec<bool> = lowered.spec.deployments[0]
        .templates
        .iter()
        .map(|template| template.containers[0].image_pull != Dist::ZERO)
        .collect();
    assert_eq!(pulls, [false, true], "only the new image has to be fetched");
    let stranger: Manifests = manifests(&WEB.replace("name: web}", "name: api}"));
    let described = Described { from: Some(&stranger), ..super::described(&new, &[]) };
    assert!(lower(&described).unwrap_err()[0].message.contains("--from does not hold Deployment/web"));
}

#[test]
fn front_ends_come_from_flags_then_hints_then_an_assumption() {
    let ingress = |class: &str, notes: &str| {
        format!(
            "{WEB}---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web, annotations: {{{notes}}}}}\nspec:\n  ingressClassName: {class}\n  defaultBackend: {{service: {{name: web, port: {{number: 80}}}}}}\n"
        )
    };
    let assumed = lowered(WEB, &[]);
    assert_eq!(assumed.heading.front_end, "ingress-nginx");
    assert!(is_assumed(&assumed, "front_end.preset"));
    assert!(matches!(assumed.spec.tiers[0].balancer, Balancer::IngressRing));
    let hinted = lowered(&ingress("nginx", "nginx.ingress.kubernetes.io/proxy-read-timeout: '7'"), &[]);
    assert!(!is_assumed(&hinted, "front_end.preset"));
    assert_eq!(hinted.spec.tiers[0].read_timeout, Nanos::from_secs(7));
    assert!(!is_assumed(&hinted, "read_timeout"), "an annotation is given");
    let alb = lowered(&ingress("alb", "alb.ingress.kubernetes.io/target-type: ip"), &[]);
    assert_eq!(alb.heading.front_end, "aws-alb-ip");
    assert!(matches!(alb.spec.tiers[0].delivery.mechanism, Mechanism::TargetGroup(_)));
    assert_eq!(alb.spec.network.after_exit, AfterExit::Blackhole);
    assert_eq!(alb.margins.removal_s, (5.0, 9.0, 25.0));
    let by_instance = lowered(&ingress("alb", "a: b"), &[]);
    assert_eq!(by_instance.heading.front_end, "aws-alb-instance");
    assert!(by_instance.spec.tiers[0].connections_outlive_lists());
    let over = lowered(&ingress("alb", "a: b"), &[("front-end", "nginx")]);
    assert_eq!(over.heading.front_end, "nginx");
    let errors = refused(WEB, &[("front-end", "ngnix")]);
    assert_eq!(errors[0].help.as_deref(), Some("did you mean `nginx`?"));
    let affinity = lowered(&ingress("nginx", "nginx.ingress.kubernetes.io/affinity: cookie"), &[]);
    assert!(affinity.spec.tiers[0].client_affinity);
    assert!(affinity.warnings.iter().any(|warning| warning.message.contains("clients that come back")));
    let by_ip = WEB.replace(
        "  selector: {app: web}\n  ports:",
        "  sessionAffinity: ClientIP\n  selector: {app: web}\n  ports:",
    );
    assert_ne!(by_ip, WEB);
    assert!(lowered(&by_ip, &[("front-end", "kube-proxy")]).spec.tiers[0].client_affinity);
    assert!(!lowered(&by_ip, &[("front-end", "nginx")]).spec.tiers[0].client_affinity);
}

#[test]
fn autoscalers_that_do_nothing_are_told_and_not_simulated() {
    let second = HPA.replace("metadata: {name: web}", "metadata: {name: web-too}");
    let two = lowered(&format!("{WEB}{HPA}{second}"), &[]);
    assert!(two.spec.deployments[0].hpa.is_none());
    assert!(two.warnings.iter().any(|warning| warning.message.contains("2 autoscalers")));
    let without = WEB.replace("requests: {cpu: 500m}, limits: {cpu: '1'}", "");
    let inert = lowered(&format!("{without}{HPA}"), &[]);
    assert!(inert.warnings.iter().any(|warning| warning.message.contains("cannot scale on cpu")));
    assert_eq!(inert.heading.size, "4 pods (HPA 3..24)");
    let queue = HPA.replace(
        "    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}",
        "    - {type: External, external: {metric: {name: queue}, target: {type: AverageValue, averageValue: '5'}}}",
    );
    let external = lowered(&format!("{WEB}{queue}"), &[]);
    assert!(external.warnings.iter().any(|warning| warning.message.contains("not simulated")));
}

#[test]
fn a_setting_that_nobody_asks_for_is_told() {
    for (set, idle) in [
        (&[("client.retry_budget", "10%")][..], true),
        (&[("client.retry_budget", "10%"), ("client.retries", "2")], false),
        (&[("client.backoff", "10ms")], true),
    ] {
        let said = |warning: &Diagnostic| warning.message.contains(&format!("{} has no effect", set[0].0));
        assert_eq!(lowered(WEB, set).warnings.iter().any(said), idle, "{set:?}");
    }
}
