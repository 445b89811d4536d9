//! Settings of front-end controllers: which mean a knob, which are told to be without effect, and which
//! cannot matter.

use super::front_end::{Found, hint};
use super::{INGRESS, SERVICE, edited};

fn with(class: &str, annotation: &str) -> Found {
    let text = edited(INGRESS, "ingressClassName: nginx", &format!("ingressClassName: {class}"));
    hint(&edited(&text, "annotations: {}", &format!("annotations: {{{annotation}}}")), SERVICE)
}

#[test]
fn settings_that_mean_a_knob_are_read() {
    for (class, annotation, knob, value) in [
        ("haproxy", "haproxy.org/timeout-server: 5s", "read_timeout", "5s"),
        ("haproxy", "haproxy.org/timeout-server: '5000'", "read_timeout", "5000ms"),
        ("haproxy", "haproxy.org/timeout-connect: 500ms", "connect_timeout", "500ms"),
        ("haproxy", "haproxy.org/check: 'false'", "server_check", "false"),
        ("haproxy", "haproxy.org/check-interval: 10s", "server_check.interval", "10s"),
        ("haproxy", "haproxy.org/check-http: /alive", "server_check.http", "true"),
        ("haproxy", "haproxy-ingress.github.io/timeout-server: 7s", "read_timeout", "7s"),
        ("nginx", "nginx.org/proxy-read-timeout: 20s", "read_timeout", "20s"),
        ("nginx", "nginx.org/proxy-connect-timeout: '20'", "connect_timeout", "20s"),
        ("nginx", "nginx.org/max-fails: '3'", "max_fails", "3"),
        ("nginx", "nginx.org/fail-timeout: 30s", "fail_timeout", "30s"),
        (
            "azure-application-gateway",
            "appgw.ingress.kubernetes.io/request-timeout: '120'",
            "read_timeout",
            "120s",
        ),
        (
            "azure-application-gateway",
            "appgw.ingress.kubernetes.io/cookie-based-affinity: 'true'",
            "client_affinity",
            "true",
        ),
    ] {
        let found = with(class, annotation);
        let expected = format!("front_end.{knob}");
        let said: Vec<_> = found.said.iter().map(|(path, text)| (*path, text.as_str())).collect();
        assert_eq!(said, [(expected.as_str(), value)], "{annotation}");
        assert!(found.warnings.is_empty(), "{annotation}: {:?}", found.warnings);
    }
    let service = edited(
        SERVICE,
        "metadata: {name: web}",
        "metadata: {name: web, annotations: {traefik.ingress.kubernetes.io/service.sticky.cookie: 'true'}}",
    );
    let sticky = hint(&edited(INGRESS, "ingressClassName: nginx", "ingressClassName: traefik"), &service);
    assert_eq!(sticky.said, [("front_end.client_affinity", "true".to_owned())]);
}

#[test]
fn every_other_setting_of_a_controller_is_told_once_with_its_line() {
    for (class, annotation, part) in [
        ("haproxy", "haproxy.org/backend-config-snippet: option redispatch", "is not read"),
        ("haproxy", "haproxy.org/load-balance: leastconn", "is `leastconn`: not simulated"),
        ("haproxy", "haproxy.org/timeout-server: soon", "is `soon`"),
        ("haproxy", "haproxy.org/timeout-serve: 5s", "has an unknown name"),
        ("nginx", "nginx.com/slow-start: 30s", "is one for nginx, and ingress-nginx is simulated"),
        ("nginx", "nginx.org/lb-method: least_conn", "is `least_conn`: not simulated"),
        ("nginx", "nginx.ingress.kubernetes.io/canary-weight: '10'", "is not read"),
        ("nginx", "nginx.ingress.kubernetes.io/configuration-snippet: return 503;", "is not read"),
        ("nginx", "haproxy.org/timeout-server: 5s", "is one for haproxy, and ingress-nginx is simulated"),
        ("nginx", "nginx.ingress.kubernetes.io/proxy-next-upstream: error http_503", "has http_503"),
        ("nginx", "nginx.ingress.kubernetes.io/proxy-next-upstream: error tmeout", "has `tmeout`"),
        (
            "nginx",
            "traefik.ingress.kubernetes.io/router.middlewares: default-retry@kubernetescrd",
            "is one for traefik, and ingress-nginx is simulated",
        ),
        ("alb", "alb.ingress.kubernetes.io/actions.web: '{}'", "is not read"),
        (
            "alb",
            "alb.ingress.kubernetes.io/target-group-attributes: load_balancing.algorithm.anomaly_mitigation=on",
            "load_balancing.algorithm.anomaly_mitigation=on`, which is not read",
        ),
        (
            "traefik",
            "traefik.ingress.kubernetes.io/router.middlewares: default-retry@kubernetescrd",
            "middleware retry",
        ),
        (
            "azure-application-gateway",
            "appgw.ingress.kubernetes.io/connection-draining: 'true'",
            "is not read",
        ),
    ] {
        let warnings = with(class, annotation).warnings;
        let [warning] = warnings.as_slice() else { panic!("{annotation}: {warnings:?}") };
        assert!(warning.message.contains(part), "{annotation}: {warning}");
        assert!(warning.message.starts_with("Ingress/web") && warning.help.is_some(), "{warning}");
        assert!(matches!(warning.place.as_ref().unwrap().line(), 37 | 38), "{warning}");
    }
}

#[test]
fn settings_that_cannot_matter_are_passed_over() {
    for (class, annotation) in [
        ("nginx", "nginx.ingress.kubernetes.io/rewrite-target: /"),
        ("nginx", "nginx.ingress.kubernetes.io/ssl-redirect: 'true'"),
        ("nginx", "cert-manager.io/cluster-issuer: letsencrypt"),
        ("alb", "alb.ingress.kubernetes.io/scheme: internal"),
        ("alb", "alb.ingress.kubernetes.io/subnets: 'a,b'"),
        ("alb", "alb.ingress.kubernetes.io/tags: team=web"),
        ("alb", "alb.ingress.kubernetes.io/certificate-arn: arn"),
        ("haproxy", "haproxy.org/ssl-redirect: 'true'"),
        ("traefik", "traefik.ingress.kubernetes.io/router.entrypoints: websecure"),
        ("gce", "networking.gke.io/managed-certificates: web"),
    ] {
        let found = with(class, annotation);
        assert!(found.warnings.is_empty() && found.said.is_empty(), "{annotation}: {:?}", found.warnings);
    }
}

#[test]
fn stickiness_of_a_target_group_is_read() {
    let annotation = "alb.ingress.kubernetes.io/target-group-attributes: 'stickiness.enabled=true,stickiness.type=lb_cookie'";
    let found = with("alb", annotation);
    assert_eq!((found.settings.stickiness, found.warnings.len()), (Some(true), 0));
}

#[test]
fn the_config_map_of_a_controller_holds_where_no_annotation_does() {
    let map = |meta: &str, data: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{namespace: ingress-nginx, {meta}}}\ndata:\n{data}"
        )
    };
    let named = "name: ingress-nginx-controller";
    let data = "  retry-non-idempotent: 'true'\n  proxy-read-timeout: '5'\n  upstream-keepalive-connections: '8'\n  worker-shutdown-timeout: 10s\n  hsts: 'false'\n";
    let alone = hint(&map(named, data), SERVICE);
    assert_eq!(alone.preset, Some("ingress-nginx"), "{:?}", alone.hints);
    assert_eq!(alone.settings.read_timeout_seconds, Some(5));
    assert_eq!(
        alone.said,
        [("front_end.retry_non_idempotent", "true".to_owned()), ("front_end.keepalive", "8".to_owned())]
    );
    let [warning] = alone.warnings.as_slice() else { panic!("{:?}", alone.warnings) };
    assert_eq!(
        warning.message,
        "ingress-nginx/ConfigMap/ingress-nginx-controller: key worker-shutdown-timeout is not read"
    );
    let annotated = edited(
        INGRESS,
        "annotations: {}",
        "annotations: {nginx.ingress.kubernetes.io/proxy-read-timeout: '9'}",
    );
    let both = hint(&format!("{annotated}---\n{}", map(named, data)), SERVICE);
    assert_eq!(both.settings.read_timeout_seconds, Some(9), "an annotation wins");
    assert_eq!(both.said.len(), 2);
    // It is somebody else's if the name does not fit or no key is one of the controller's.
    for (meta, data) in [("name: web", data), (named, "  application.properties: a=b\n")] {
        assert_eq!(hint(&map(meta, data), SERVICE).preset, None, "{meta}");
    }
    let two = format!("{INGRESS}---\n{}---\n{}", map(named, data), map("name: ingress-nginx-internal", data));
    let two = hint(&two, SERVICE);
    assert_eq!((two.settings.read_timeout_seconds, two.warnings.len()), (None, 2), "{:?}", two.warnings);
}
