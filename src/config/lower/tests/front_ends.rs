//! Which front end is simulated, and with which of the settings in manifests.

use super::{WEB, assumption, lowered, refused};
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

/// What goes past the front end's own balancer is refused unless somebody says what to simulate in its place;
/// what only shifts requests is warned of where it stands.
#[test]
fn annotations_that_decide_and_are_not_simulated() {
    let past = ingress("nginx", "nginx.ingress.kubernetes.io/service-upstream: 'true'");
    let errors = refused(&past, &[]);
    let error = errors.iter().find(|error| error.message.starts_with("service-upstream")).expect("an error");
    assert!(error.is_error() && error.place.is_some() && error.help.is_some(), "{error:?}");
    let warned = |text: &str, said: &[(&str, &str)], what: &str| {
        let warnings = lowered(text, said).warnings;
        let found = warnings.iter().find(|warning| warning.message.starts_with(what));
        found.is_some_and(|warning| warning.place.is_some())
    };
    assert!(warned(&past, &[("front-end", "ingress-nginx")], "service-upstream is not simulated"));
    let hashed = ingress("nginx", "nginx.ingress.kubernetes.io/upstream-hash-by: $request_uri");
    assert!(warned(&hashed, &[], "upstream-hash-by is not simulated"));

    let sticky = refused(WEB, &[("front-end", "traefik"), ("front_end.client_affinity", "true")]);
    assert!(
        sticky.iter().any(|error| error.message.contains("keep clients at a pod that terminates")),
        "{sticky:#?}"
    );
}

#[test]
fn a_guessed_front_end_is_called_one() {
    assert_eq!(lowered(WEB, &[]).heading.front_end_words(), "ingress-nginx assumed");
    assert_eq!(lowered(WEB, &[("front-end", "ingress-nginx")]).heading.front_end_words(), "ingress-nginx");
    let open =
        WEB.replace("  selector: {app: web}\n  ports", "  type: NodePort\n  selector: {app: web}\n  ports");
    assert_eq!(lowered(&open, &[]).heading.front_end_words(), "kube-proxy");
    let other = "---\napiVersion: v1\nkind: Service\nmetadata: {name: shop}\nspec: {type: NodePort, selector: {app: shop}, ports: [{port: 80}]}\n";
    let inside = lowered(&format!("{WEB}{other}"), &[]);
    assert_eq!(inside.heading.front_end_words(), "kube-proxy assumed");
    assert_eq!(assumption(&inside, "front_end.preset").value, "kube-proxy");
}

/// What a load balancer's stages can add up to is more than what is plausible for most removals, and a hook is
/// advised that outlasts it.
#[test]
fn the_tail_of_a_removal_is_known() {
    let margins = |said: &[(&str, &str)]| lowered(WEB, said).margins;
    let alb = margins(&[("front-end", "aws-alb-ip")]);
    assert!(alb.removal_s.2 < 26.0 && alb.longest_removal_s > 50.0, "{alb:?}");
    let said = margins(&[("front-end", "aws-alb-ip"), ("removal", "9s")]);
    assert!(said.longest_removal_s < 1e-9, "{said:?}");
    assert!(margins(&[("front-end", "ingress-nginx")]).longest_removal_s < 1e-9);
}

/// What Traefik's balancer and Go's client do not go together with is refused, and a setting that decides nothing
/// is told.
#[test]
fn traefiks_balancer_has_limits() {
    for (set, part) in [
        (("front_end.max_connections", "9"), "max_connections is not simulated"),
        (("front_end.max_retries", "9"), "max_retries is not simulated"),
    ] {
        let errors = refused(WEB, &[("front-end", "traefik"), set]);
        let error = errors.iter().find(|error| error.message.contains(part)).expect("an error");
        assert!(error.is_error() && error.help.is_some(), "{error:?}");
    }
    let told = |more: &[(&str, &str)]| {
        let set = [&[("front-end", "traefik"), ("front_end.tries", "3")], more].concat();
        lowered(WEB, &set)
            .warnings
            .iter()
            .any(|warning| warning.message.contains("front_end.tries has no effect"))
    };
    assert!(told(&[]) && !told(&[("front_end.retry_on", "connect-failure")]));
}
