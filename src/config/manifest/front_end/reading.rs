//! The settings of one front end, gathered from every object that states some.

use std::collections::BTreeMap;

use super::controllers::{self, ALB, Controller, INGRESS_NGINX, NLB};
use super::middlewares::{ANNOTATION, annotated, meaning, redirects};
use super::texts::Texts;
use super::told::Told;
use super::{From, FrontEndSettings, HealthCheck, TargetType, candidates, config_of};
use crate::config::manifest::{ConfigMap, ObjectMeta, Route, RouteRule, RoutedBy, Selection, Service, code};
use crate::diag::Diagnostic;

/// What the manifests set of a front end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrontEndReading {
    /// Settings of load balancers and of ingress-nginx, in their own terms.
    pub settings: FrontEndSettings,
    /// Everything that is said in the words of knobs already, and what is not read.
    pub said: Told,
}

/// What the manifests of a workload set of the front end with this preset.
pub fn read_front_end(selection: &Selection<'_>, preset: &str) -> FrontEndReading {
    let mut reading = FrontEndReading::default();
    reading.config_maps(selection, preset);
    let fitting: Vec<_> = candidates(selection)
        .into_iter()
        .filter(|candidate| candidate.hint.preset == Some(preset))
        .map(|candidate| candidate.from)
        .collect();
    let ingresses = fitting.iter().filter_map(|from| match from {
        From::Ingress(ingress) => Some(&ingress.meta),
        _ => None,
    });
    let ingresses: Vec<&ObjectMeta> = ingresses.collect();
    reading.ingresses(selection, preset, &ingresses);
    let mut routes = Vec::new();
    for from in &fitting {
        match from {
            From::Route(route) => routes.push(*route),
            From::Service(service) => reading.network_balancer(&service.meta),
            From::Ingress(_) | From::Settings => {}
        }
    }
    reading.routes(selection, preset, &routes);
    for rule in selection.destination_rules() {
        if preset == "istio-gateway" {
            reading.said.join(&rule.said);
        } else {
            let message = format!("{} is for proxies of Istio, and {preset} is none", rule.meta.title());
            let warning = Diagnostic::warning(code::NOT_READ, message).at(rule.meta.place());
            reading.said.warnings.push(
                warning
                    .label("without effect here")
                    .help("if the front end has a proxy of the mesh beside it, state its settings: `--set front_end...=`"),
            );
        }
    }
    reading
}

/// `target-type` of an application load balancer: that of the Service wins.
pub(super) fn target_type(selection: &Selection<'_>, ingress: &ObjectMeta) -> Option<TargetType> {
    let metas = selection.services.iter().rev().map(|service| &service.meta).chain([ingress]);
    metas.filter_map(|meta| Texts::of(meta, &ALB).target_type("target-type")).next()
}

pub(super) fn network_target_type(service: &Service) -> Option<TargetType> {
    Texts::of(&service.meta, &NLB).target_type("nlb-target-type")
}

/// Whether two presets are the two of one load balancer, by instance and by address.
fn is_of(controller: &Controller, preset: &str) -> bool {
    controller.preset == preset || (controller.preset == ALB.preset && preset == "aws-alb-ip")
}

impl FrontEndReading {
    /// The ConfigMap of a controller holds for everything that it serves.
    fn config_maps(&mut self, selection: &Selection<'_>, preset: &str) {
        let maps = selection.all.config_maps.iter();
        let fitting = maps.filter_map(|map| {
            let controller = config_of(&map.meta.name, &map.meta.labels)?;
            (controller.preset == preset).then_some((map, controller))
        });
        match fitting.collect::<Vec<(&ConfigMap, &Controller)>>().as_slice() {
            [] => {}
            [(map, controller)] => {
                let texts = Texts::in_config(map, controller);
                self.texts(texts, controller);
            }
            several => {
                for (map, _) in several {
                    let message = format!("{} is one of {} of {preset}", map.meta.title(), several.len());
                    self.said.warnings.push(
                        Diagnostic::warning(code::NOT_READ, message)
                            .at(map.meta.place())
                            .label("without effect here")
                            .help("which of them holds is not known: leave the others out of the files"),
                    );
                }
            }
        }
    }

    /// Annotations of Ingresses, and of Services behind them. Of several Ingresses the first decides.
    fn ingresses(&mut self, selection: &Selection<'_>, preset: &str, ingresses: &[&ObjectMeta]) {
        let Some((first, others)) = ingresses.split_first() else { return };
        for controller in controllers::all().filter(|controller| is_of(controller, preset)) {
            self.texts(Texts::of(first, controller), controller);
            // Settings of one target group stand on its Service and win there.
            for service in &selection.services {
                self.texts(Texts::of(&service.meta, controller), controller);
            }
        }
        if preset == "traefik" {
            self.middlewares(selection, &annotated(first), first);
        }
        for other in others {
            let differs = |controller: &Controller| {
                let of = |meta: &ObjectMeta| -> BTreeMap<String, String> {
                    let read = |(key, value): (&String, &String)| {
                        let name = key.strip_prefix(controller.prefix)?;
                        (controller.reads(name) && key != ANNOTATION).then(|| (key.clone(), value.clone()))
                    };
                    meta.annotations.iter().filter_map(read).collect()
                };
                of(other) != of(first)
            };
            let comes_to = |meta: &ObjectMeta| meaning(selection, &Told::default(), &annotated(meta));
            let goes_otherwise = preset == "traefik" && comes_to(other) != comes_to(first);
            if goes_otherwise
                || controllers::all().filter(|controller| is_of(controller, preset)).any(differs)
            {
                let message = format!("{} sets other things than {}", other.title(), first.title());
                let help = "one front end is simulated: leave one of the two out to see the other's settings";
                let warning = Diagnostic::warning(code::NOT_READ, message).at(other.place());
                self.said.warnings.push(warning.label("without effect here").help(help));
            }
        }
        let foreign = controllers::all().filter(|controller| !is_of(controller, preset));
        for controller in foreign {
            let unread = |key: &&String| {
                key.strip_prefix(controller.prefix).is_some_and(|name| !controller.is_harmless(name))
            };
            for key in first.annotations.keys().filter(unread) {
                let message = format!(
                    "{}: annotation {key} is one for {}, and {preset} is simulated",
                    first.title(),
                    controller.preset
                );
                let place = first.places.of(&format!("metadata.annotations[{key}]"));
                let warning = Diagnostic::warning(code::NOT_READ, message).at(place);
                self.said.warnings.push(
                    warning
                        .label("without effect here")
                        .help("remove it, or state the front end with --front-end"),
                );
            }
        }
    }

    fn texts(&mut self, mut texts: Texts<'_>, controller: &Controller) {
        match controller.prefix {
            prefix if prefix == INGRESS_NGINX.prefix => self.ingress_nginx(&mut texts),
            prefix if prefix == ALB.prefix => self.load_balancer(&mut texts),
            _ => {}
        }
        texts.knobs(controller, &mut self.said);
        self.said.warnings.append(&mut texts.warnings);
    }

    /// Of several routes to the same pods the first one decides that brings any request there.
    fn routes(&mut self, selection: &Selection<'_>, preset: &str, routes: &[&Route]) {
        let brings = |route: &&Route| {
            let mut names = route.rules_to(&selection.services).flat_map(|rule| &rule.middlewares);
            !names.any(|name| redirects(selection, name))
        };
        let bring: Vec<&Route> = routes.iter().copied().filter(brings).collect();
        let routes = if bring.is_empty() { routes } else { &bring };
        let Some((first, others)) = routes.split_first() else { return };
        self.route(selection, preset, first);
        let comes_to = |route: &Route| {
            let rule = route.rules_to(&selection.services).next();
            rule.map(|rule| meaning(selection, &rule.said, &rule.middlewares))
        };
        for other in others.iter().filter(|other| comes_to(other) != comes_to(first)) {
            let message = format!("{} sets other things than {}", other.meta.title(), first.meta.title());
            let help = "one front end is simulated: leave one of the two out to see the other's settings";
            let warning = Diagnostic::warning(code::NOT_READ, message).at(other.meta.place());
            self.said.warnings.push(warning.label("without effect here").help(help));
        }
    }

    fn route(&mut self, selection: &Selection<'_>, preset: &str, route: &Route) {
        // Source: Envoy Gateway internal/xds/translator/cluster.go.
        if preset == "envoy" && matches!(route.by, RoutedBy::Gateways(_)) {
            self.said.values.push(("front_end.balancer", "least-request".to_owned()));
            self.said.values.push(("front_end.connect_timeout", "10s".to_owned()));
        }
        let mut rules = route.rules_to(&selection.services);
        let Some(first) = rules.next() else { return };
        let of = |rule: &RouteRule| meaning(selection, &rule.said, &rule.middlewares);
        let differs = rules.any(|rule| of(rule) != of(first));
        let by_envoy = ["istio-gateway", "envoy"].contains(&preset);
        let unread = !by_envoy && matches!(route.by, RoutedBy::Gateways(_)) && !first.said.values.is_empty();
        if unread {
            self.said.warnings.extend(first.said.warnings.iter().cloned());
        } else {
            self.said.join(&first.said);
        }
        self.middlewares(selection, &first.middlewares, &route.meta);
        let mut warn = |message: String, help: &str| {
            let warning = Diagnostic::warning(code::NOT_READ, message).at(route.meta.place());
            self.said.warnings.push(warning.label("without effect here").help(help));
        };
        if differs {
            let message =
                format!("{}: rules to the same pods differ, and the first is simulated", route.meta.title());
            warn(message, "leave the rules out that few requests follow");
        }
        if unread {
            let message = format!("{}: timeouts are not read for {preset}", route.meta.title());
            warn(message, "state what they come to with --set front_end.request_timeout=");
        }
    }

    // === ingress-nginx ===

    fn ingress_nginx(&mut self, found: &mut Texts<'_>) {
        let settings = &mut self.settings;
        let conditions = found.take("proxy-next-upstream").map(|value| {
            let words = value.split_whitespace().filter(|condition| *condition != "off");
            words.map(str::to_owned).collect::<Vec<String>>()
        });
        for condition in conditions.iter().flatten() {
            match condition.as_str() {
                "error" | "timeout" | "invalid_header" | "non_idempotent" => {}
                status if status.starts_with("http_") => {
                    found.unread(
                        "proxy-next-upstream",
                        &format!("has {status}: answers of pods are not tried again here"),
                    );
                }
                unknown => {
                    found.unread("proxy-next-upstream", &format!("has `{unknown}`, which is not known"))
                }
            }
        }
        set(&mut settings.next_upstream, conditions);
        set(&mut settings.next_upstream_tries, found.number("proxy-next-upstream-tries"));
        set(&mut settings.next_upstream_timeout_seconds, found.number("proxy-next-upstream-timeout"));
        set(&mut settings.connect_timeout_seconds, found.number("proxy-connect-timeout"));
        set(&mut settings.read_timeout_seconds, found.number("proxy-read-timeout"));
        set(&mut settings.send_timeout_seconds, found.number("proxy-send-timeout"));
        set(&mut settings.load_balancing, found.take("load-balance"));
        set(&mut settings.service_upstream, found.flag("service-upstream"));
        set(&mut settings.cookie_affinity, found.take("affinity").map(|value| value == "cookie"));
        set(
            &mut settings.persistent_affinity,
            found.take("affinity-mode").map(|value| value == "persistent"),
        );
        set(&mut settings.change_on_failure, found.flag("session-cookie-change-on-failure"));
        set(&mut settings.hash_by, found.take("upstream-hash-by"));
    }

    // === Load balancers of AWS ===

    /// Annotations of the AWS controller on an Ingress, or on a Service behind it.
    fn load_balancer(&mut self, found: &mut Texts<'_>) {
        let target_type = found.target_type("target-type");
        let attributes = found.attributes("target-group-attributes", TARGET_GROUP, TARGET_GROUP_HARMLESS);
        let balancer = found.attributes(
            "load-balancer-attributes",
            &["idle_timeout.timeout_seconds"],
            BALANCER_HARMLESS,
        );
        let check = HealthCheck {
            path: found.take("healthcheck-path"),
            port: found.take("healthcheck-port"),
            interval_seconds: found.number("healthcheck-interval-seconds"),
            timeout_seconds: found.number("healthcheck-timeout-seconds"),
            healthy_threshold: found.number("healthy-threshold-count"),
            unhealthy_threshold: found.number("unhealthy-threshold-count"),
            success_codes: found.take("success-codes"),
        };
        self.target_group(target_type, &attributes, check);
        set(&mut self.settings.idle_timeout_seconds, number(balancer.get("idle_timeout.timeout_seconds")));
    }

    /// Annotations of the AWS controller on a Service of type LoadBalancer.
    fn network_balancer(&mut self, meta: &ObjectMeta) {
        let mut found = Texts::of(meta, &NLB);
        let target_type = found.target_type("nlb-target-type");
        let attributes = found.attributes("target-group-attributes", TARGET_GROUP, TARGET_GROUP_HARMLESS);
        let balancer = found.attributes("attributes", &["idle_timeout.timeout_seconds"], BALANCER_HARMLESS);
        let check = HealthCheck {
            path: found.take("healthcheck-path"),
            port: found.take("healthcheck-port"),
            interval_seconds: found.number("healthcheck-interval"),
            timeout_seconds: found.number("healthcheck-timeout"),
            healthy_threshold: found.number("healthcheck-healthy-threshold"),
            unhealthy_threshold: found.number("healthcheck-unhealthy-threshold"),
            success_codes: found.take("healthcheck-success-codes"),
        };
        self.target_group(target_type, &attributes, check);
        set(&mut self.settings.idle_timeout_seconds, found.number("connection-idle-timeout"));
        set(&mut self.settings.idle_timeout_seconds, number(balancer.get("idle_timeout.timeout_seconds")));
        self.said.warnings.append(&mut found.warnings);
    }

    fn target_group(
        &mut self,
        target_type: Option<TargetType>,
        attributes: &BTreeMap<String, String>,
        check: HealthCheck,
    ) {
        let settings = &mut self.settings;
        let flag = |name: &str| attributes.get(name).and_then(|text| text.parse().ok());
        set(&mut settings.target_type, target_type);
        set(
            &mut settings.deregistration_delay_seconds,
            number(attributes.get("deregistration_delay.timeout_seconds")),
        );
        set(
            &mut settings.connection_termination,
            flag("deregistration_delay.connection_termination.enabled"),
        );
        set(&mut settings.slow_start_seconds, number(attributes.get("slow_start.duration_seconds")));
        set(&mut settings.stickiness, flag("stickiness.enabled"));
        set(&mut settings.load_balancing, attributes.get("load_balancing.algorithm.type").cloned());
        let mine = &mut settings.health_check;
        set(&mut mine.path, check.path);
        set(&mut mine.port, check.port);
        set(&mut mine.interval_seconds, check.interval_seconds);
        set(&mut mine.timeout_seconds, check.timeout_seconds);
        set(&mut mine.healthy_threshold, check.healthy_threshold);
        set(&mut mine.unhealthy_threshold, check.unhealthy_threshold);
        set(&mut mine.success_codes, check.success_codes);
    }
}

/// Attributes of target groups that are read.
const TARGET_GROUP: &[&str] = &[
    "deregistration_delay.connection_termination.enabled",
    "deregistration_delay.timeout_seconds",
    "load_balancing.algorithm.type",
    "slow_start.duration_seconds",
    "stickiness.enabled",
];
const TARGET_GROUP_HARMLESS: &[&str] =
    &["preserve_client_ip.*", "proxy_protocol_v2.*", "stickiness.*", "load_balancing.cross_zone.*"];
const BALANCER_HARMLESS: &[&str] = &[
    "access_logs.*",
    "client_keep_alive.*",
    "connection_logs.*",
    "deletion_protection.*",
    "health_check_logs.*",
    "ipv6.*",
    "load_balancing.cross_zone.*",
    "routing.*",
    "waf.*",
];

/// Replaces what is there if something new is given.
fn set<T>(place: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *place = value;
    }
}

fn number(text: Option<&String>) -> Option<u32> {
    text.and_then(|text| text.trim().parse().ok())
}
