//! Whose a class is, of an Ingress or of a Gateway, by its name or by the controller that its object names.

/// The words of class names, and of the controllers that class objects name, with the front end that
/// they mean. `None`: known, and not modelled. The first that fits counts.
const CLASSES: &[(&str, Option<&str>)] = &[
    ("contour", None),
    ("cilium", None),
    ("openshift", None),
    ("apisix", None),
    ("ambassador", None),
    ("azure-alb", None),
    ("alb.networking.azure.io", None),
    ("nginx.org", Some("nginx")),
    ("webapprouting", Some("ingress-nginx")),
    ("nginx", Some("ingress-nginx")),
    ("traefik", Some("traefik")),
    ("haproxy", Some("haproxy")),
    ("istio", Some("istio-gateway")),
    ("application-gateway", Some("azure-agic")),
    ("agic", Some("azure-agic")),
    ("ingress.k8s.aws/alb", Some("aws-alb-instance")),
];

/// Words that are too short to be looked for inside others.
const WHOLE_WORDS: &[(&str, Option<&str>)] =
    &[("alb", Some("aws-alb-instance")), ("gce", Some("gke-neg")), ("kong", None)];

/// What the class of an Ingress, or the controller of an IngressClass, says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A front end of this preset.
    Preset(&'static str),
    /// A controller that is known and not modelled.
    NotModelled,
    /// Any word: it may be anybody's.
    Unknown,
}

/// Class names are free, but hardly anybody leaves the controller's name out of them.
pub(super) fn meaning_of_class(class: &str) -> Meaning {
    let class = class.to_ascii_lowercase();
    if let Some((_, preset)) = CLASSES.iter().find(|(word, _)| class.contains(word)) {
        return preset.map_or(Meaning::NotModelled, Meaning::Preset);
    }
    let mut words = class.split(|c: char| !c.is_ascii_alphanumeric());
    let whole = words.find_map(|word| WHOLE_WORDS.iter().find(|(known, _)| *known == word));
    whole.map_or(Meaning::Unknown, |(_, preset)| preset.map_or(Meaning::NotModelled, Meaning::Preset))
}

/// The front end behind the class of a Gateway, by its name or its controller's.
///
/// Source: the controllers' documentation; NGINX Gateway Fabric and the AWS controller's Gateways have
/// settings in kinds of their own and balance otherwise than the presets do.
pub(super) fn preset_of_gateway_class(class: &str) -> Option<&'static str> {
    match class {
        "istio" | "istio-remote" | "istio.io/gateway-controller" => Some("istio-gateway"),
        "eg" | "envoy" | "envoy-gateway" | "gateway.envoyproxy.io/gatewayclass-controller" => Some("envoy"),
        "traefik" | "traefik.io/gateway-controller" => Some("traefik"),
        "networking.gke.io/gateway" => Some("gke-neg"),
        _ if class.starts_with("gke-l7-") => Some("gke-neg"),
        _ => None,
    }
}
