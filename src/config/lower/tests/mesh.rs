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
