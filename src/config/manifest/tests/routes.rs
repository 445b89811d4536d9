//! Front ends behind classes and routes: those that are modelled, and those that are not.

use super::front_end::{Found, found_in, hint};
use super::{INGRESS, SERVICE, WEB, documents, edited};

fn beside(text: &str) -> Found {
    found_in(&documents(&[WEB, SERVICE, text]))
}

const ROUTE: &str = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web}\nspec:\n  parentRefs: [{name: gw}]\n  rules: [{backendRefs: [{name: web, port: 80}], timeouts: {request: 2s}}]\n";
const GATEWAY: &str = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw}\nspec: {gatewayClassName: CLASS, listeners: []}\n";
const VIRTUAL: &str = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web}\nspec:\n  hosts: [web.example]\n  gateways: [gw]\n  http:\n    - timeout: 1s\n      retries: {attempts: 5, retryOn: 'connect-failure'}\n      route: [{destination: {host: web.default.svc.cluster.local}}]\n";
const RULE: &str = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: web}\nspec:\n  host: web\n  trafficPolicy:\n    connectionPool:\n      tcp: {maxConnections: 10}\n      http: {http1MaxPendingRequests: 7, http2MaxRequests: 100, maxRetries: 2, idleTimeout: 4s}\n    outlierDetection: {consecutive5xxErrors: 3, interval: 5s, baseEjectionTime: 1m, maxEjectionPercent: 50}\n    loadBalancer: {simple: ROUND_ROBIN}\n";

#[test]
fn a_class_that_is_not_modelled_has_no_preset() {
    for (class, part) in [
        ("kong", "Ingress/web has class `kong`"),
        ("contour", "class `contour`"),
        ("cilium", "class `cilium`"),
        ("openshift-default", "class `openshift-default`"),
        ("azure-alb-external", "class `azure-alb-external`"),
        ("public", "class `public`"),
    ] {
        let found =
            hint(&edited(INGRESS, "ingressClassName: nginx", &format!("ingressClassName: {class}")), SERVICE);
        assert_eq!((found.preset, found.hints.len()), (None, 1), "{class}");
        assert!(found.hints[0].why.contains(part), "{:?}", found.hints);
        assert_eq!(found.hints[0].place.line(), 40, "{class}");
    }
}

#[test]
fn a_class_object_tells_whose_a_class_is() {
    for (controller, preset) in [
        ("k8s.io/ingress-nginx", Some("ingress-nginx")),
        ("nginx.org/ingress-controller", Some("nginx")),
        ("ingress.k8s.aws/alb", Some("aws-alb-instance")),
        ("traefik.io/ingress-controller", Some("traefik")),
        ("haproxy.org/ingress-controller/public", Some("haproxy")),
        ("ingress-controllers.konghq.com/kong", None),
        ("example.com/own", None),
    ] {
        let class = format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {{name: public}}\nspec: {{controller: {controller}}}\n"
        );
        let ingress = edited(INGRESS, "ingressClassName: nginx", "ingressClassName: public");
        assert_eq!(hint(&format!("{ingress}{class}"), SERVICE).preset, preset, "{controller}");
    }
}

#[test]
fn routes_name_the_front_end() {
    let gateway = |class: &str| format!("{ROUTE}{}", GATEWAY.replace("CLASS", class));
    let class = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: own}\nspec: {controllerName: istio.io/gateway-controller}\n";
    let traefik = "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: web}\nspec: {routes: [{match: Host(`x`), kind: Rule, services: [{name: web, port: 80}]}]}\n";
    let other = |version: &str, kind: &str, spec: &str| {
        format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: web}}\nspec: {spec}\n")
    };
    for (text, preset, why) in [
        (traefik.to_owned(), Some("traefik"), "is a route of Traefik"),
        (VIRTUAL.to_owned(), Some("istio-gateway"), "is a route of an Istio gateway"),
        (VIRTUAL.replace("  gateways: [gw]\n", ""), None, "is a route of a mesh"),
        (
            VIRTUAL.replace("http:", "tls:").replace(
                "    - timeout: 1s\n      retries: {attempts: 5, retryOn: 'connect-failure'}\n      route",
                "    - route",
            ),
            None,
            "passes connections on",
        ),
        (gateway("istio"), Some("istio-gateway"), "of class `istio`"),
        (gateway("eg"), Some("envoy"), "of class `eg`"),
        (gateway("traefik"), Some("traefik"), "of class `traefik`"),
        (gateway("gke-l7-rilb"), Some("gke-neg"), "of class `gke-l7-rilb`"),
        (gateway("cilium"), None, "HTTPRoute/web hangs on Gateway/gw of class `cilium`"),
        (gateway("nginx"), None, "of class `nginx`"),
        (format!("{}{class}", gateway("own")), Some("istio-gateway"), "of class `own`"),
        (ROUTE.to_owned(), None, "hangs on Gateway gw, which is not in these files"),
        (
            other("route.openshift.io/v1", "Route", "{to: {kind: Service, name: web}}"),
            None,
            "it is one of the OpenShift router",
        ),
        (
            other("projectcontour.io/v1", "HTTPProxy", "{routes: [{services: [{name: web, port: 80}]}]}"),
            None,
            "it is one of Contour",
        ),
        (
            other(
                "gateway.networking.k8s.io/v1alpha2",
                "TCPRoute",
                "{rules: [{backendRefs: [{name: web}]}]}",
            ),
            None,
            "it routes connections",
        ),
        (
            other("getambassador.io/v3alpha1", "Mapping", "{service: 'http://web:80'}"),
            None,
            "one of Ambassador",
        ),
    ] {
        let found = beside(&text);
        assert_eq!(found.preset, preset, "{text}");
        assert!(found.hints[0].why.contains(why), "{:?}", found.hints);
    }
    for text in [
        traefik.replace("name: web, port", "name: api, port"),
        VIRTUAL.replace("host: web.default", "host: web.other"),
        gateway("cilium").replace("backendRefs: [{name: web", "backendRefs: [{name: web, namespace: other"),
        other("route.openshift.io/v1", "Route", "{to: {kind: Service, name: api}}"),
    ] {
        assert_eq!(beside(&text).preset, Some("kube-proxy"), "it leads elsewhere: {text}");
    }
}

#[test]
fn what_routes_and_policies_of_istio_say_is_read() {
    let found = beside(&documents(&[VIRTUAL, RULE]));
    let said: Vec<(&str, &str)> = found.said.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let expected = [
        ("front_end.request_timeout", "1s"),
        ("front_end.tries", "6"),
        ("front_end.retry_on", "connect-failure"),
        ("front_end.max_connections", "10"),
        ("front_end.max_pending_requests", "7"),
        ("front_end.max_requests", "100"),
        ("front_end.max_retries", "2"),
        ("front_end.keepalive_idle", "4s"),
        ("front_end.outlier.panic", "0%"),
        ("front_end.outlier.failures", "3"),
        ("front_end.outlier.interval", "5s"),
        ("front_end.outlier.ejection", "1m"),
        ("front_end.outlier.max_share", "50%"),
        ("front_end.balancer", "round-robin"),
    ];
    assert_eq!(said, expected);
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    let unread = beside(&documents(&[VIRTUAL, &RULE.replace("http: {", "http: {maxConcurrentStreams: 3, ")]));
    let [warning] = unread.warnings.as_slice() else { panic!("{:?}", unread.warnings) };
    assert!(warning.message.contains("connectionPool.http.maxConcurrentStreams"), "{}", warning.message);
    for (retry_on, value, warned) in [
        ("reset", "connect-failure+closed", 0),
        ("5xx,reset", "connect-failure+closed", 1),
        ("gateway-error", "connect-failure+closed", 1),
        ("connect-failure,refused-stream,503", "connect-failure", 1),
        ("unavailable", "off", 0),
    ] {
        let found = beside(&VIRTUAL.replace("'connect-failure'", &format!("'{retry_on}'")));
        let said =
            found.said.iter().find(|(path, _)| *path == "front_end.retry_on").map(|(_, text)| text.as_str());
        assert_eq!((said, found.warnings.len()), (Some(value), warned), "{retry_on}: {:?}", found.warnings);
    }
    let never = beside(&VIRTUAL.replace("timeout: 1s", "timeout: 0s"));
    assert_eq!(never.said[0], ("front_end.request_timeout", "never".to_owned()));
    let wrong = beside(&VIRTUAL.replace("timeout: 1s", "timeout: soon"));
    assert!(wrong.warnings[0].message.contains("spec.http[0].timeout `soon`"), "{:?}", wrong.warnings);
    let alone = beside(RULE);
    assert_eq!((alone.preset, alone.hints.len()), (None, 1), "no route tells which proxies");
}

#[test]
fn timeouts_of_gateway_routes_are_those_of_envoy() {
    let gateway = |class: &str| beside(&format!("{ROUTE}{}", GATEWAY.replace("CLASS", class)));
    assert_eq!(gateway("istio").said, [("front_end.request_timeout", "2s".to_owned())]);
    let envoy = gateway("eg").said;
    assert!(envoy.contains(&("front_end.balancer", "least-request".to_owned())), "{envoy:?}");
    let traefik = gateway("traefik");
    assert!(traefik.said.is_empty() && traefik.warnings[0].message.contains("timeouts are not read"));
}

#[test]
fn middlewares_of_traefik_count_by_what_they_do() {
    let route = "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: web}\nspec:\n  routes:\n    - services: [{name: web, port: 80, sticky: {cookie: {}}}]\n      middlewares: [{name: m}]\n";
    let middleware = |spec: &str| {
        format!(
            "---\napiVersion: traefik.io/v1alpha1\nkind: Middleware\nmetadata: {{name: m}}\nspec: {{{spec}}}\n"
        )
    };
    let said = |pairs: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        pairs.iter().map(|(path, value)| (*path, (*value).to_owned())).collect()
    };
    let tries = |count, on| said(&[("front_end.tries", count), ("front_end.retry_on", on)]);
    for (text, set, warned) in [
        (middleware("redirectScheme: {scheme: https}"), said(&[]), None),
        (middleware("circuitBreaker: {}"), said(&[]), Some("middleware m does circuitBreaker, which is not")),
        (String::new(), said(&[]), Some("middleware m is not in these files")),
        (middleware("retry: {attempts: 4}"), tries("4", "connect-failure"), None),
        (
            middleware("retry: {attempts: 3, initialInterval: 100ms}"),
            said(&[
                ("front_end.tries", "3"),
                ("front_end.retry_interval", "100ms"),
                ("front_end.retry_on", "connect-failure"),
            ]),
            None,
        ),
        (
            middleware("retry: {attempts: 2, status: ['504', '502']}"),
            tries("2", "error+timeout"),
            Some("answers of pods are not tried again"),
        ),
        (middleware("retry: {attempts: 2, status: []}"), tries("2", "connect-failure"), None),
        (
            middleware("retry: {attempts: 2, disableRetryOnNetworkError: false}"),
            tries("2", "connect-failure"),
            None,
        ),
        (
            middleware("retry: {attempts: 2, disableRetryOnNetworkError: true}"),
            said(&[]),
            Some("leaves no retry that is simulated"),
        ),
        (
            middleware("retry: {attempts: 2, status: [500-502]}"),
            tries("2", "connect-failure+closed"),
            Some("answers of pods are not tried again"),
        ),
        (
            middleware("retry: {attempts: 2, timeout: 5s}"),
            tries("2", "connect-failure"),
            Some("timeout is not read"),
        ),
        (middleware("retry: {}"), said(&[]), Some("has no attempts, and Traefik refuses it")),
        (middleware("retry: {attempts: 0}"), said(&[]), Some("has no attempts, and Traefik refuses it")),
        (
            middleware("retry: {attempts: none}"),
            said(&[("front_end.retry_on", "connect-failure")]),
            Some("`none`"),
        ),
    ] {
        let found = beside(&format!("{route}{text}"));
        let all = [said(&[("front_end.client_affinity", "true")]), set].concat();
        assert_eq!(found.said, all, "{text}");
        match warned {
            Some(part) => assert!(found.warnings[0].message.contains(part), "{:?}", found.warnings),
            None => assert!(found.warnings.is_empty(), "{:?}", found.warnings),
        }
    }
}

/// An IngressRoute of this name, with these middlewares in each of its rules.
fn ingress_route(name: &str, rules: &[&str]) -> String {
    let rule = |middlewares: &&str| {
        format!("    - services: [{{name: web, port: 80}}]\n      middlewares: [{middlewares}]\n")
    };
    let rules: String = rules.iter().map(rule).collect();
    let head = "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\n";
    format!("{head}metadata: {{name: {name}}}\nspec:\n  routes:\n{rules}---\n")
}

fn retry(name: &str, fields: &str) -> String {
    let head = "apiVersion: traefik.io/v1alpha1\nkind: Middleware\n";
    format!("{head}metadata: {{name: {name}}}\nspec: {{{fields}}}\n---\n")
}

/// Values of `front_end.tries` and `front_end.retry_interval`, and the warnings.
fn retries(text: &str) -> (Option<String>, Option<String>, Vec<String>) {
    let a = retry("a", "retry: {attempts: 2, initialInterval: 5s}");
    let b = retry("b", "retry: {attempts: 3}");
    let (strip, cut) = (retry("strip", "stripPrefix: {prefixes: [/a]}"), retry("cut", "stripPrefix: {}"));
    let secure = retry("secure", "redirectScheme: {scheme: https}");
    let found = beside(&format!("{text}---\n{a}{b}{strip}{cut}{secure}"));
    let value = |wanted: &str| {
        let said = found.said.iter().find(|(path, _)| *path == wanted);
        said.map(|(_, value)| value.clone())
    };
    let warnings = found.warnings.iter().map(|warning| warning.message.clone()).collect();
    (value("front_end.tries"), value("front_end.retry_interval"), warnings)
}

/// One source decides, and nothing of the others is mixed in.
#[test]
fn middlewares_that_contradict_each_other_are_told() {
    let route = ingress_route;
    for (routes, expected, part) in [
        (route("web", &["{name: a}, {name: b}"]), ("3", None), "several middlewares retry"),
        (route("web", &["{name: b}", "{name: a}"]), ("3", None), "rules to the same pods differ"),
        (
            route("web", &["{name: b}"]) + &route("more", &["{name: a}"]),
            ("3", None),
            "IngressRoute/more sets other things than IngressRoute/web",
        ),
        (route("web", &["{name: a}"]), ("2", Some("5s")), ""),
        // The route of the plain entry point sends nobody to the pods.
        (route("plain", &["{name: secure}"]) + &route("web", &["{name: a}"]), ("2", Some("5s")), ""),
        // Prefixes do not matter.
        (
            route("web", &["{name: strip}, {name: a}", "{name: cut}, {name: a}"])
                + &route("more", &["{name: a}"]),
            ("2", Some("5s")),
            "",
        ),
    ] {
        let (tries, interval, warnings) = retries(&routes);
        assert_eq!((tries.as_deref(), interval.as_deref()), (Some(expected.0), expected.1), "{part}");
        match warnings.as_slice() {
            [] => assert_eq!(part, "", "no warning"),
            [warning] => assert!(!part.is_empty() && warning.contains(part), "{warning}"),
            several => panic!("{several:?}"),
        }
    }
}

#[test]
fn middlewares_are_found_wherever_they_are_named() {
    let at_service = "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: web}\nspec:\n  routes:\n    - services: [{name: web, port: 80, middlewares: [{name: b}]}]\n";
    let filter = |kind: &str| {
        let filters = format!(
            "rules: [{{filters: [{{type: ExtensionRef, extensionRef: {{group: traefik.io, kind: {kind}, name: b}}}}], "
        );
        let gateway = GATEWAY.replace("CLASS", "traefik");
        format!("{}{gateway}", ROUTE.replace("rules: [{", &filters).replace(", timeouts: {request: 2s}", ""))
    };
    assert_eq!(retries(at_service), (Some("3".to_owned()), None, vec![]));
    assert_eq!(retries(&filter("Middleware")), (Some("3".to_owned()), None, vec![]));
    let (tries, _, warnings) = retries(&filter("Other"));
    assert!(
        tries.is_none() && warnings.iter().any(|warning| warning.contains("extensionRef is not read")),
        "{warnings:?}"
    );
}
