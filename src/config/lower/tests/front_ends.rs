//! Which front end is simulated, and with which of the settings in manifests.

use super::{WEB, lowered, refused};
use crate::units::Nanos;

fn ingress(class: &str, notes: &str) -> String {
    format!(
        "{WEB}---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web, annotations: {{{notes}}}}}\nspec:\n  ingressClassName: {class}\n  defaultBackend: {{service: {{name: web, port: {{number: 80}}}}}}\n"
    )
}

#[test]
fn a_front_end_that_is_not_modelled_is_refused_unless_one_is_stated() {
    let text = ingress("kong", "");
    let errors = refused(&text, &[]);
    assert!(errors[0].is_error() && errors[0].message.contains("Ingress/web has class `kong`"), "{errors:?}");
    assert!(errors[0].help.as_ref().unwrap().contains("--front-end NAME"));
    assert_eq!(errors[0].place.as_ref().unwrap().line(), text.lines().count() - 1);
    let stated = lowered(&text, &[("front-end", "haproxy")]);
    assert_eq!(stated.heading.front_end, "haproxy");
    let told = stated.warnings.iter().any(|warning| warning.message.contains("but haproxy is simulated"));
    assert!(told, "{:?}", stated.warnings);
    // One that is modelled beside it is simulated, and the other is told.
    let two = format!(
        "{text}---{}",
        ingress("nginx", "")
            .replace("{name: web, annotations", "{name: b, annotations")
            .split("---")
            .last()
            .unwrap()
    );
    let both = lowered(&two, &[]);
    assert_eq!(both.heading.front_end, "ingress-nginx");
    assert!(both.warnings.iter().any(|warning| warning.message.contains("class `kong`, but ingress-nginx")));
}

#[test]
fn settings_of_controllers_reach_the_tier() {
    let haproxy =
        lowered(&ingress("haproxy", "haproxy.org/timeout-server: 5s, haproxy.org/check: 'false'"), &[]);
    assert_eq!(haproxy.spec.tiers[0].read_timeout, Nanos::from_secs(5));
    let flag = lowered(&ingress("haproxy", "haproxy.org/timeout-server: 5s"), &[("read_timeout", "7s")]);
    assert_eq!(flag.spec.tiers[0].read_timeout, Nanos::from_secs(7), "what is said wins");
    let note = "nginx.ingress.kubernetes.io/proxy-next-upstream: error non_idempotent http_503";
    let nginx = lowered(&ingress("nginx", note), &[]);
    assert!(nginx.spec.tiers[0].retry.non_idempotent);
    let told = nginx.warnings.iter().any(|warning| warning.message.contains("has http_503"));
    assert!(told, "{:?}", nginx.warnings);
    let sticky = "alb.ingress.kubernetes.io/target-type: ip, alb.ingress.kubernetes.io/target-group-attributes: stickiness.enabled=true";
    assert!(lowered(&ingress("alb", sticky), &[]).spec.tiers[0].client_affinity);
    let nodes = lowered(&ingress("alb", &sticky.replace("type: ip", "type: instance")), &[]);
    assert!(!nodes.spec.tiers[0].client_affinity);
    assert!(nodes.warnings.iter().any(|warning| warning.message.contains("stickiness of targets")));
}

#[test]
fn a_destination_rule_holds_for_the_gateway_that_is_stated() {
    let text = format!(
        "{WEB}---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: web}}\nspec: {{host: web, exportTo: ['*'], trafficPolicy: {{outlierDetection: {{}}, connectionPool: {{http: {{http2MaxRequests: 9}}}}}}}}\n"
    );
    assert!(refused(&text, &[])[0].message.contains("DestinationRule/web is for proxies of Istio"));
    let stated = lowered(&text, &[("front-end", "istio-gateway")]);
    let tier = &stated.spec.tiers[0];
    assert_eq!(tier.breaker.max_requests, Some(9));
    let outlier = tier.outlier.as_ref().unwrap();
    assert_eq!((outlier.consecutive_failures, outlier.panic_percent), (5, 0));
    let listed = ("DestinationRule/web".to_owned(), "spec.exportTo".to_owned());
    assert!(stated.not_modelled.contains(&listed), "{:?}", stated.not_modelled);
}
