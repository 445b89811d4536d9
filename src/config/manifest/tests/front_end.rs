//! What manifests say about the front end.

use super::super::*;
use super::{INGRESS, SERVICE, WEB, documents, edited, read_ok};
use crate::diag::Diagnostic;

/// What the manifests point to, and what they set of it.
pub(super) struct Found {
    pub(super) hints: Vec<FrontEndHint>,
    pub(super) preset: Option<&'static str>,
    pub(super) settings: FrontEndSettings,
    pub(super) said: Vec<(&'static str, String)>,
    pub(super) warnings: Vec<Diagnostic>,
}

pub(super) fn found_in(text: &str) -> Found {
    let manifests = read_ok(text);
    let selection = select_workload(&manifests, None).unwrap();
    let hints = front_end_hints(&selection);
    let preset = hints.iter().find_map(|hint| hint.preset);
    let reading = preset.map(|preset| read_front_end(&selection, preset)).unwrap_or_default();
    let (settings, said) = (reading.settings, reading.said);
    Found { hints, preset, settings, said: said.in_force(), warnings: said.warnings }
}

pub(super) fn hint(ingress: &str, service: &str) -> Found {
    found_in(&documents(&[WEB, service, ingress]))
}

#[test]
fn classes_and_annotations_name_the_front_end() {
    let with = |class: &str, annotations: &str| {
        let class = if class.is_empty() { String::new() } else { format!("  ingressClassName: {class}\n") };
        let text = edited(INGRESS, "  ingressClassName: nginx\n", &class);
        edited(&text, "annotations: {}", &format!("annotations: {{{annotations}}}"))
    };
    for (class, annotations, preset) in [
        ("nginx", "", Some("ingress-nginx")),
        ("internal-nginx", "", Some("ingress-nginx")),
        ("nginx", "nginx.org/keepalive: '32'", Some("nginx")),
        ("alb", "", Some("aws-alb-instance")),
        ("alb", "alb.ingress.kubernetes.io/target-type: ip", Some("aws-alb-ip")),
        ("alb", "alb.ingress.kubernetes.io/target-type: instance", Some("aws-alb-instance")),
        ("traefik", "", Some("traefik")),
        ("haproxy", "", Some("haproxy")),
        ("gce", "", Some("gke-neg")),
        ("gce-internal", "", Some("gke-neg")),
        ("istio", "", Some("istio-gateway")),
        ("azure-application-gateway", "", Some("azure-agic")),
        ("webapprouting.kubernetes.azure.com", "", Some("ingress-nginx")),
        ("public", "alb.ingress.kubernetes.io/scheme: internal", Some("aws-alb-instance")),
        ("kong", "nginx.ingress.kubernetes.io/rewrite-target: /", None),
        ("kong", "", None),
        ("", "", None),
        ("", "kubernetes.io/ingress.class: nginx", Some("ingress-nginx")),
        ("", "alb.ingress.kubernetes.io/scheme: internal", Some("aws-alb-instance")),
        ("", "nginx.ingress.kubernetes.io/rewrite-target: /", Some("ingress-nginx")),
        ("", "traefik.ingress.kubernetes.io/router.tls: 'true'", Some("traefik")),
    ] {
        let found = hint(&with(class, annotations), SERVICE);
        assert_eq!(found.preset, preset, "{class} {annotations}: {:?}", found.hints);
    }
}

#[test]
fn a_service_may_ask_for_a_network_load_balancer() {
    let service = |annotations: &str, more: &str| {
        let text = edited(
            SERVICE,
            "metadata: {name: web}",
            &format!("metadata: {{name: web, annotations: {{{annotations}}}}}"),
        );
        edited(&text, "  selector:", &format!("  {more}\n  selector:"))
    };
    let balancer = "type: LoadBalancer";
    for (name, text, preset) in [
        ("plain", service("", balancer), Some("kube-proxy")),
        (
            "annotated",
            service("service.beta.kubernetes.io/aws-load-balancer-type: nlb", balancer),
            Some("aws-nlb-instance"),
        ),
        (
            "by address",
            service(
                "service.beta.kubernetes.io/aws-load-balancer-type: external, \
                 service.beta.kubernetes.io/aws-load-balancer-nlb-target-type: ip",
                balancer,
            ),
            Some("aws-nlb"),
        ),
        (
            "class",
            service("", "type: LoadBalancer\n  loadBalancerClass: service.k8s.aws/nlb"),
            Some("aws-nlb-instance"),
        ),
        (
            "not asked for",
            service("service.beta.kubernetes.io/aws-load-balancer-type: nlb", "type: NodePort"),
            Some("kube-proxy"),
        ),
    ] {
        assert_eq!(found_in(&documents(&[WEB, &text])).preset, preset, "{name}");
    }
    let text = service(
        "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type: ip, service.beta.kubernetes.io/aws-load-balancer-healthcheck-interval: '10', service.beta.kubernetes.io/aws-load-balancer-target-group-attributes: 'deregistration_delay.timeout_seconds=15'",
        balancer,
    );
    let settings = found_in(&documents(&[WEB, &text])).settings;
    assert_eq!(settings.target_type, Some(TargetType::Ip));
    assert_eq!(
        (settings.deregistration_delay_seconds, settings.health_check.interval_seconds),
        (Some(15), Some(10))
    );
}

/// Nothing is guessed where kube-proxy alone serves: a port of the nodes, and a Service inside a cluster whose
/// way in the files show.
#[test]
fn what_kube_proxy_alone_serves() {
    let typed = |kind: &str| edited(SERVICE, "  selector:", &format!("  {kind}\n  selector:"));
    let other = |text: &str| text.replace("name: web", "name: shop").replace("app: web", "app: shop");
    let elsewhere = other(INGRESS);
    for (name, texts, preset) in [
        ("a port of the nodes", vec![typed("type: NodePort")], Some("kube-proxy")),
        ("a load balancer's port", vec![typed("type: LoadBalancer")], Some("kube-proxy")),
        ("inside, users come in elsewhere", vec![SERVICE.to_owned(), elsewhere.clone()], Some("kube-proxy")),
        (
            "inside, beside a load balancer",
            vec![SERVICE.to_owned(), other(&typed("type: LoadBalancer"))],
            Some("kube-proxy"),
        ),
        ("inside, and nothing says how users come in", vec![SERVICE.to_owned()], None),
        ("without an address of its own", vec![typed("clusterIP: None"), elsewhere.clone()], None),
        ("behind an Ingress", vec![typed("type: NodePort"), INGRESS.to_owned()], Some("ingress-nginx")),
    ] {
        let texts: Vec<&str> = [WEB].into_iter().chain(texts.iter().map(String::as_str)).collect();
        assert_eq!(found_in(&documents(&texts)).preset, preset, "{name}");
    }
}

#[test]
fn settings_of_ingress_nginx() {
    let prefix = "nginx.ingress.kubernetes.io";
    let annotations = [
        "proxy-next-upstream: error timeout http_502",
        "proxy-next-upstream-tries: '2'",
        "proxy-next-upstream-timeout: '0'",
        "proxy-connect-timeout: '3'",
        "proxy-read-timeout: '120'",
        "proxy-send-timeout: 30s",
        "load-balance: ewma",
        "service-upstream: 'true'",
        "affinity: cookie",
        "affinity-mode: persistent",
        "upstream-hash-by: $remote_addr",
    ];
    let lines: String = annotations.iter().map(|line| format!("    {prefix}/{line}\n")).collect();
    let hint = hint(&edited(INGRESS, "annotations: {}\n", &format!("annotations:\n{lines}")), SERVICE);
    let expected = FrontEndSettings {
        next_upstream: Some(vec!["error".into(), "timeout".into(), "http_502".into()]),
        next_upstream_tries: Some(2),
        next_upstream_timeout_seconds: Some(0),
        connect_timeout_seconds: Some(3),
        read_timeout_seconds: Some(120),
        send_timeout_seconds: None,
        load_balancing: Some("ewma".into()),
        service_upstream: Some(true),
        cookie_affinity: Some(true),
        persistent_affinity: Some(true),
        hash_by: Some("$remote_addr".into()),
        ..FrontEndSettings::default()
    };
    assert_eq!(hint.settings, expected);
    let [status, warning] = hint.warnings.as_slice() else { panic!("{:?}", hint.warnings) };
    assert!(status.message.contains("has http_502: answers of pods are not tried again here"), "{status}");
    assert_eq!(status.place.as_ref().unwrap().line(), 39, "{status}");
    assert_eq!(
        warning.message,
        format!("Ingress/web: annotation {prefix}/proxy-send-timeout is `30s`, not a whole number")
    );
    assert_eq!(warning.place.as_ref().unwrap().line(), 44, "{warning}");

    let off = edited(
        INGRESS,
        "annotations: {}",
        "annotations: {nginx.ingress.kubernetes.io/proxy-next-upstream: 'off'}",
    );
    assert_eq!(self::hint(&off, SERVICE).settings.next_upstream, Some(Vec::new()));
}

#[test]
fn settings_of_an_application_load_balancer() {
    let ingress = edited(
        &edited(INGRESS, "ingressClassName: nginx", "ingressClassName: alb"),
        "annotations: {}",
        "annotations:
    alb.ingress.kubernetes.io/target-type: instance
    alb.ingress.kubernetes.io/target-group-attributes: deregistration_delay.timeout_seconds=30, load_balancing.algorithm.type=least_outstanding_requests
    alb.ingress.kubernetes.io/load-balancer-attributes: idle_timeout.timeout_seconds=120
    alb.ingress.kubernetes.io/healthcheck-path: /alive
    alb.ingress.kubernetes.io/healthcheck-interval-seconds: '5'
    alb.ingress.kubernetes.io/healthy-threshold-count: '2'
    alb.ingress.kubernetes.io/success-codes: 200-399
    alb.ingress.kubernetes.io/healthcheck-protocol: HTTP",
    );
    let service = edited(
        SERVICE,
        "metadata: {name: web}",
        "metadata: {name: web, annotations: {alb.ingress.kubernetes.io/target-type: ip, alb.ingress.kubernetes.io/target-group-attributes: slow_start.duration_seconds=30}}",
    );
    let hint = hint(&ingress, &service);
    assert_eq!(hint.preset, Some("aws-alb-ip"), "the Service's own setting wins");
    let expected = FrontEndSettings {
        target_type: Some(TargetType::Ip),
        deregistration_delay_seconds: Some(30),
        slow_start_seconds: Some(30),
        load_balancing: Some("least_outstanding_requests".into()),
        idle_timeout_seconds: Some(120),
        health_check: HealthCheck {
            path: Some("/alive".into()),
            interval_seconds: Some(5),
            healthy_threshold: Some(2),
            success_codes: Some("200-399".into()),
            ..HealthCheck::default()
        },
        ..FrontEndSettings::default()
    };
    assert_eq!(hint.settings, expected);
    assert!(hint.warnings.is_empty(), "{:?}", hint.warnings);
}

#[test]
fn annotations_that_cannot_be_understood_are_told() {
    for (annotation, part) in [
        ("alb.ingress.kubernetes.io/target-type: pod", "is `pod`"),
        (
            "alb.ingress.kubernetes.io/target-group-attributes: deregistration_delay.timeout_seconds",
            "without a value",
        ),
        (
            "alb.ingress.kubernetes.io/target-group-attributes: deregistration_delay.timeout_seconds=30s",
            "not whole seconds",
        ),
        ("alb.ingress.kubernetes.io/target-typ: ip", "has an unknown name"),
        ("nginx.ingress.kubernetes.io/service-upstream: 'yes'", "not true or false"),
        ("nginx.ingress.kubernetes.io/proxy-read-timeouts: '5'", "has an unknown name"),
    ] {
        let class = if annotation.starts_with("alb") { "alb" } else { "nginx" };
        let text = edited(INGRESS, "ingressClassName: nginx", &format!("ingressClassName: {class}"));
        let text = edited(&text, "annotations: {}", &format!("annotations: {{{annotation}}}"));
        let warnings = hint(&text, SERVICE).warnings;
        assert!(warnings.len() == 1 && warnings[0].message.contains(part), "{annotation}: {warnings:?}");
    }
}
