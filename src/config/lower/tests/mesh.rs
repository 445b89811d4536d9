//! Pods with a mesh's proxy: shown by the manifests, or put in by an injector.

use super::{WEB, container, is_assumed, lowered, manifests, refused};
use crate::config::lower::lower;
use crate::diag::Diagnostic;
use crate::model::outcome::Status;
use crate::random::Dist;
use crate::sim::spec::{Drain, OnStop, Role};
use crate::units::Nanos;

fn shown() -> String {
    // The injector puts the proxy first where the application shall wait for it.
    WEB.replacen(
        "      containers:\n",
        "      containers:\n        - {name: istio-proxy, image: registry.example/istio/proxyv2:1.24}\n",
        1,
    )
}

#[test]
fn requests_pass_the_proxy_on_their_way_to_the_application() {
    for (text, said) in [(shown(), &[][..]), (WEB.to_owned(), &[("mesh", "istio")])] {
        let lowered = lowered(&text, &[&[("on-stop", "drain"), ("startup", "9s")], said].concat());
        let proxy = container(&lowered, "istio-proxy");
        assert!(matches!(proxy.role, Role::Forwards { down: Status::Unavailable, .. }), "{:?}", proxy.role);
        assert!(matches!(container(&lowered, "app").role, Role::Serves(_)));
        // What is said of all containers is not said of the mesh's.
        let five = Dist::Fixed(Nanos::from_secs(5));
        let drain = Drain::within(Some(Nanos::ZERO));
        assert_eq!(proxy.on_stop, OnStop::Linger { time: five, drain });
        assert_eq!(container(&lowered, "app").on_stop, OnStop::Drain(Drain::within(None)));
        assert!(is_assumed(&lowered, "containers.istio-proxy.on_stop"));
    }
    let own = lowered(&shown(), &[("containers.istio-proxy.on_stop", "linger=9s")]);
    assert!(matches!(
        container(&own, "istio-proxy").on_stop,
        OnStop::Linger { drain: Drain { limit: None, .. }, .. }
    ));
}

#[test]
fn an_injected_sidecar_is_one_where_the_version_knows_them() {
    let native = lowered(WEB, &[("mesh", "istio-native")]);
    let proxy = container(&native, "istio-proxy");
    assert!(proxy.is_sidecar && proxy.startup.is_some());
    assert!(!container(&lowered(WEB, &[("mesh", "istio")]), "istio-proxy").is_sidecar);
    let old = refused(WEB, &[("mesh", "istio-native"), ("kubernetes", "1.28")]);
    assert!(old.iter().any(|error| error.message.contains("does not know as a sidecar")), "{old:#?}");
    // What is there already is not put in once more, and that is said.
    let once = lowered(&shown(), &[("mesh", "istio-native")]);
    assert!(once.warnings.iter().any(|w| w.message.contains("has `istio-proxy` already")));
    let proxies = once.spec.deployments[0].templates[1].containers.iter();
    assert_eq!(proxies.filter(|container| container.name == "istio-proxy").count(), 1);
}

#[test]
fn a_label_that_asks_for_injection_is_not_passed_over() {
    let labelled = WEB.replace(
        "    metadata: {labels: {app: web}}",
        "    metadata: {labels: {app: web, sidecar.istio.io/inject: \"true\"}}",
    );
    assert_ne!(labelled, WEB);
    let manifests = manifests(&labelled);
    let warned = |said: &[(&str, &str)]| {
        let lowered = lower(&super::described(&manifests, said)).expect("a case");
        lowered.warnings.iter().any(|w: &Diagnostic| w.message.contains("Istio injects its proxy"))
    };
    assert_eq!(
        (warned(&[]), warned(&[("mesh", "none")]), warned(&[("mesh", "istio")])),
        (true, false, false)
    );
}

/// Labels and annotations of pods and of their namespace, of which the pods' own win.
#[test]
fn a_namespace_may_ask_for_it_too() {
    let pods = |metadata: &str| {
        WEB.replace("    metadata: {labels: {app: web}}", &format!("    metadata: {metadata}"))
    };
    let namespace = |metadata: &str| {
        format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: default, {metadata}}}\n")
    };
    let plain = "{labels: {app: web}}";
    let labelled = |label: &str| format!("{{labels: {{app: web, {label}}}}}");
    let annotated = |annotation: &str| format!("{{labels: {{app: web}}, annotations: {{{annotation}}}}}");
    let (istio, revision) =
        (namespace("labels: {istio-injection: enabled}"), namespace("labels: {istio.io/rev: stable}"));
    let linkerd = namespace("annotations: {linkerd.io/inject: enabled}");
    for (pod, namespace, mesh) in [
        (plain.to_owned(), "", None),
        (annotated("sidecar.istio.io/inject: 'true'"), "", Some("Istio")),
        (labelled("istio.io/rev: stable"), "", Some("Istio")),
        (annotated("linkerd.io/inject: enabled"), "", Some("Linkerd")),
        (plain.to_owned(), istio.as_str(), Some("Istio")),
        (plain.to_owned(), &revision, Some("Istio")),
        (plain.to_owned(), &linkerd, Some("Linkerd")),
        (labelled("sidecar.istio.io/inject: 'false'"), &istio, None),
        (annotated("sidecar.istio.io/inject: 'false'"), &revision, None),
        (annotated("linkerd.io/inject: disabled"), &linkerd, None),
        (
            plain.to_owned(),
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: other, labels: {istio-injection: enabled}}\n",
            None,
        ),
    ] {
        let lowered = lowered(&format!("{}{namespace}", pods(&pod)), &[]);
        let said = lowered.warnings.iter().find(|warning| warning.message.contains("injects its proxy"));
        let told = mesh.map(|mesh| format!("Deployment/web: {mesh} injects its proxy"));
        assert_eq!(said.is_some(), mesh.is_some(), "{pod} {namespace}");
        let of =
            |text: &String| said.is_some_and(|said| said.message.starts_with(text) && said.place.is_some());
        assert!(told.as_ref().is_none_or(of), "{pod} {namespace}: {said:?}");
    }
}

#[test]
fn a_namespace_has_readiness_gates_put_into_targets() {
    let gated = |label: &str, front_end: &str| {
        let namespace = format!(
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: default, labels: {{{label}}}}}\n"
        );
        lowered(&format!("{WEB}{namespace}"), &[("front-end", front_end)]).spec.deployments[0].templates[1]
            .readiness_gate
    };
    let label = "elbv2.k8s.aws/pod-readiness-gate-inject: enabled";
    assert!(gated(label, "aws-alb-ip"));
    for (label, front_end) in [("a: b", "aws-alb-ip"), (label, "ingress-nginx"), (label, "gke-neg")] {
        assert!(!gated(label, front_end), "{label} {front_end}");
    }
}

#[test]
fn linkerd_s_proxy_drains_and_answers_502() {
    let linkerd = lowered(&shown().replace("istio-proxy", "linkerd-proxy").replace("proxyv2", "proxy"), &[]);
    let proxy = container(&linkerd, "linkerd-proxy");
    assert!(matches!(proxy.role, Role::Forwards { down: Status::BadGateway, .. }), "{:?}", proxy.role);
    assert_eq!(proxy.on_stop, OnStop::Drain(Drain::within(None)));
}

#[test]
fn a_gateway_is_the_application_of_its_pod() {
    let gateway = WEB.replace("- name: app", "- name: istio-proxy");
    let lowered = lowered(&gateway, &[("on-stop", "drain")]);
    let proxy = container(&lowered, "istio-proxy");
    assert!(matches!(proxy.role, Role::Serves(_)), "{:?}", proxy.role);
    assert_eq!(proxy.on_stop, OnStop::Drain(Drain::within(None)));
}

/// The proxy with these lines of its own, and pods with this text for it in their annotation.
fn configured(lines: &str, annotation: &str) -> String {
    let proxy = format!("        - name: istio-proxy\n          image: istio/proxyv2:1.24\n{lines}");
    let text = WEB.replacen("      containers:\n", &format!("      containers:\n{proxy}"), 1);
    annotated(&text, annotation)
}

fn annotated(text: &str, annotation: &str) -> String {
    let metadata = "    metadata: {labels: {app: web}}";
    assert_eq!(text.matches(metadata).count(), 1);
    match annotation {
        "" => text.to_owned(),
        _ => text.replace(
            metadata,
            &format!("    metadata: {{labels: {{app: web}}, annotations: {{proxy.istio.io/config: '{annotation}'}}}}"),
        ),
    }
}

fn env(name: &str, value: &str) -> String {
    format!("          env: [{{name: OTHER, value: x}}, {{name: {name}, value: '{value}'}}]\n")
}

/// How the proxy ends is what its variables and the annotation say, with where they say it.
#[test]
fn istio_s_proxy_ends_as_it_is_told() {
    let stays = env("EXIT_ON_ZERO_ACTIVE_CONNECTIONS", "true");
    for (lines, annotation, expected, source) in [
        (String::new(), "", "linger=5s,limit=0s", "Istio's terminationDrainDuration"),
        (String::new(), r#"{"terminationDrainDuration":"30s"}"#, "linger=30s,limit=0s", "web.yaml:8"),
        (String::new(), "terminationDrainDuration: 1.5s", "linger=1.5s,limit=0s", "terminationDrainDuration"),
        (env("TERMINATION_DRAIN_DURATION_SECONDS", "20"), "", "linger=20s,limit=0s", "web.yaml:14"),
        (
            env("PROXY_CONFIG", r#"{"terminationDrainDuration":"9s"}"#),
            "terminationDrainDuration: 30s",
            "linger=9s,limit=0s",
            "web.yaml:14",
        ),
        (env("EXIT_ON_ZERO_ACTIVE_CONNECTIONS", "false"), "", "linger=5s,limit=0s", "Istio's"),
        (stays.clone(), "", "linger=5s", "EXIT_ON_ZERO_ACTIVE_CONNECTIONS, web.yaml:14"),
        (
            stays,
            "proxyMetadata: {MINIMUM_DRAIN_DURATION: 1m}",
            "linger=1m",
            "MINIMUM_DRAIN_DURATION, web.yaml:8",
        ),
        (
            String::new(),
            r#"proxyMetadata: {EXIT_ON_ZERO_ACTIVE_CONNECTIONS: "true", MINIMUM_DRAIN_DURATION: 20s}"#,
            "linger=20s",
            "web.yaml:8",
        ),
    ] {
        let lowered = lowered(&configured(&lines, annotation), &[]);
        let found = lowered.assumptions.iter().find(|a| a.key == "containers.istio-proxy.on_stop");
        let found = found.unwrap_or_else(|| panic!("{lines}{annotation}: nothing on record"));
        assert_eq!(found.value, expected, "{lines}{annotation}");
        assert!(found.source.contains(source), "{lines}{annotation}: {}", found.source);
        assert_eq!(found.range.is_some(), !expected.contains("limit"), "{lines}{annotation}");
        assert!(
            lowered.warnings.iter().all(|w| w.code != super::super::code::NO_EFFECT),
            "{:?}",
            lowered.warnings
        );
    }
    // One that is still to be injected is told the same.
    let text = annotated(WEB, "terminationDrainDuration: 30s");
    let proxy = container(&lowered(&text, &[("mesh", "istio")]), "istio-proxy").on_stop.clone();
    assert_eq!(
        proxy,
        OnStop::Linger { time: Dist::Fixed(Nanos::from_secs(30)), drain: Drain::within(Some(Nanos::ZERO)) }
    );
}

#[test]
fn what_istio_s_proxy_cannot_be_told_is_said_with_its_line() {
    for (lines, annotation, words, line) in [
        (env("EXIT_ON_ZERO_ACTIVE_CONNECTIONS", "yes"), "", "no truth value", 14),
        (env("TERMINATION_DRAIN_DURATION_SECONDS", "20s"), "", "no whole number", 14),
        (env("MINIMUM_DRAIN_DURATION", "20s"), "", "no effect without EXIT_ON_ZERO_ACTIVE_CONNECTIONS", 14),
        (
            env("EXIT_ON_ZERO_ACTIVE_CONNECTIONS", "true"),
            "terminationDrainDuration: 30s",
            "no effect beside EXIT_ON_ZERO_ACTIVE_CONNECTIONS",
            8,
        ),
        (
            env("EXIT_ON_ZERO_ACTIVE_CONNECTIONS", "true"),
            "proxyMetadata: {MINIMUM_DRAIN_DURATION: \"20\"}",
            "no duration",
            8,
        ),
    ] {
        let warnings = lowered(&configured(&lines, annotation), &[]).warnings;
        let found: Vec<_> = warnings.iter().filter(|warning| warning.message.contains(words)).collect();
        let lines: Vec<_> =
            found.iter().map(|warning| warning.place.as_ref().map(|place| place.line())).collect();
        assert_eq!(lines, [Some(line)], "{words}: {warnings:#?}");
    }
    for (annotation, words) in [
        ("terminationDrainDuration: 30", "no duration"),
        ("terminationDrainDuration: 1m", "no duration"),
        ("{", "no YAML mapping"),
        ("30s", "no YAML mapping"),
    ] {
        let errors = refused(&configured("", annotation), &[]);
        let found = errors.iter().find(|error| error.is_error() && error.message.contains(words));
        assert_eq!(
            found.and_then(|error| error.place.as_ref()).map(|place| place.line()),
            Some(8),
            "{errors:#?}"
        );
    }
}
