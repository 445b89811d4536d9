//! What stands in front of a workload, as far as its manifests tell: the controller behind an
//! Ingress class, and the settings in annotations.
//!
//! Sources: ingress-nginx docs/user-guide/nginx-configuration/annotations.md; AWS Load Balancer
//! Controller docs/guide/ingress/annotations.md and docs/guide/service/annotations.md.

use std::collections::BTreeMap;

use super::annotations::Annotations;
use super::{ObjectMeta, Selection, ServiceType};
use crate::diag::Diagnostic;

/// Which front end the manifests point to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontEndHint {
    /// The name of a front-end preset, such as `ingress-nginx`.
    pub preset: &'static str,
    /// What points to it, in words.
    pub why: String,
    /// What annotations set.
    pub settings: FrontEndSettings,
    /// Annotations that could not be understood.
    pub warnings: Vec<Diagnostic>,
}

/// How a load balancer reaches pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetType {
    /// By node port, then through kube-proxy to any pod.
    Instance,
    /// By the pod's own address.
    Ip,
}

/// What annotations set; `None` leaves the preset's own value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrontEndSettings {
    /// `target-type` of a target group; the AWS controller's default is instance.
    pub target_type: Option<TargetType>,
    /// `deregistration_delay.timeout_seconds`, in seconds.
    pub deregistration_delay_seconds: Option<u32>,
    /// `deregistration_delay.connection_termination.enabled`: a network load balancer closes what is left then.
    pub connection_termination: Option<bool>,
    /// `slow_start.duration_seconds`, in seconds.
    pub slow_start_seconds: Option<u32>,
    /// `load_balancing.algorithm.type`, such as `least_outstanding_requests`; for ingress-nginx
    /// `load-balance`, such as `ewma`.
    pub load_balancing: Option<String>,
    /// `idle_timeout.timeout_seconds`, in seconds.
    pub idle_timeout_seconds: Option<u32>,
    /// The load balancer's own health check.
    pub health_check: HealthCheck,
    /// `proxy-next-upstream`: the conditions for a retry; `off` is an empty list.
    pub next_upstream: Option<Vec<String>>,
    /// `proxy-next-upstream-tries`: attempts in total, 0 without limit.
    pub next_upstream_tries: Option<u32>,
    /// `proxy-next-upstream-timeout`, in seconds, 0 without limit.
    pub next_upstream_timeout_seconds: Option<u32>,
    /// `proxy-connect-timeout`, in seconds.
    pub connect_timeout_seconds: Option<u32>,
    /// `proxy-read-timeout`, in seconds.
    pub read_timeout_seconds: Option<u32>,
    /// `proxy-send-timeout`, in seconds.
    pub send_timeout_seconds: Option<u32>,
    /// `service-upstream`: requests go to the Service's address, not to pods.
    pub service_upstream: Option<bool>,
    /// `affinity: cookie`: a client keeps its pod.
    pub cookie_affinity: Option<bool>,
    /// `affinity-mode: persistent`: a client keeps its pod even when pods are added.
    pub persistent_affinity: Option<bool>,
    /// `upstream-hash-by`: the request's property that picks the pod.
    pub hash_by: Option<String>,
}

/// A load balancer's own health check; `None` leaves the preset's value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthCheck {
    /// `healthcheck-path`.
    pub path: Option<String>,
    /// `healthcheck-port`: a number, a name or `traffic-port`.
    pub port: Option<String>,
    /// `healthcheck-interval-seconds`, in seconds.
    pub interval_seconds: Option<u32>,
    /// `healthcheck-timeout-seconds`, in seconds.
    pub timeout_seconds: Option<u32>,
    /// `healthy-threshold-count`.
    pub healthy_threshold: Option<u32>,
    /// `unhealthy-threshold-count`.
    pub unhealthy_threshold: Option<u32>,
    /// `success-codes`, such as `200-399`.
    pub success_codes: Option<String>,
}

const NGINX: &str = "nginx.ingress.kubernetes.io/";
const ALB: &str = "alb.ingress.kubernetes.io/";
const AWS_SERVICE: &str = "service.beta.kubernetes.io/aws-load-balancer-";

/// Annotation prefixes that only one controller reads.
const PREFIXES: &[(&str, &str)] = &[
    (NGINX, "ingress-nginx"),
    (ALB, "aws-alb-instance"),
    ("nginx.org/", "nginx"),
    ("traefik.ingress.kubernetes.io/", "traefik"),
    ("haproxy.org/", "haproxy"),
    ("haproxy-ingress.github.io/", "haproxy"),
    ("appgw.ingress.kubernetes.io/", "azure-agic"),
    ("networking.gke.io/", "gke-neg"),
    ("kubernetes.io/ingress.global-static-ip-name", "gke-neg"),
];

/// What the manifests of a workload say about the front end, if anything.
///
/// An Ingress class counts first, then annotations that only one controller reads, then a Service
/// of type LoadBalancer that asks for a load balancer of AWS.
pub fn front_end_hint(selection: &Selection<'_>) -> Option<FrontEndHint> {
    let by_ingress = selection.ingresses.iter().find_map(|ingress| {
        let title = ingress.meta.title();
        if let Some(class) = &ingress.class
            && let Some(preset) = preset_of_class(class, &ingress.meta)
        {
            return Some((preset, format!("{title} has class `{class}`"), &ingress.meta));
        }
        let (prefix, preset) = PREFIXES.iter().find(|(prefix, _)| has_prefix(&ingress.meta, prefix))?;
        Some((*preset, format!("{title} has annotations {prefix}..."), &ingress.meta))
    });
    if let Some((preset, why, meta)) = by_ingress {
        let mut reading = Reading::default();
        reading.nginx(meta);
        reading.load_balancer(meta);
        // Settings of one target group stand on its Service and win there.
        selection.services.iter().for_each(|service| reading.load_balancer(&service.meta));
        let preset = match (preset, reading.settings.target_type) {
            ("aws-alb-instance", Some(TargetType::Ip)) => "aws-alb-ip",
            (preset, _) => preset,
        };
        return Some(reading.into_hint(preset, why));
    }
    let network = selection.services.iter().find(|service| {
        let class = service.load_balancer_class.as_deref().unwrap_or_default();
        service.service_type == ServiceType::LoadBalancer
            && (class.contains("aws") || has_prefix(&service.meta, AWS_SERVICE))
    })?;
    let mut reading = Reading::default();
    reading.network_balancer(&network.meta);
    // Source: aws-load-balancer-controller, guide/service/annotations.md, nlb-target-type.
    let preset = match reading.settings.target_type {
        Some(TargetType::Ip) => "aws-nlb",
        _ => "aws-nlb-instance",
    };
    Some(reading.into_hint(preset, format!("{} asks for a load balancer of AWS", network.meta.title())))
}

fn has_prefix(meta: &ObjectMeta, prefix: &str) -> bool {
    meta.annotations.keys().any(|key| key.starts_with(prefix))
}

/// Class names are free, but hardly anybody leaves the controller's name out of them.
fn preset_of_class(class: &str, meta: &ObjectMeta) -> Option<&'static str> {
    let class = class.to_ascii_lowercase();
    let word = |wanted: &str| class.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == wanted);
    if class.contains("nginx") {
        // The controllers of the Kubernetes project and of F5 share the class name.
        let other = has_prefix(meta, "nginx.org/") && !has_prefix(meta, NGINX);
        return Some(if other { "nginx" } else { "ingress-nginx" });
    }
    [("traefik", "traefik"), ("haproxy", "haproxy"), ("istio", "istio-gateway"), ("azure", "azure-agic")]
        .into_iter()
        .find(|(name, _)| class.contains(name))
        .or_else(|| {
            [("alb", "aws-alb-instance"), ("gce", "gke-neg")].into_iter().find(|(name, _)| word(name))
        })
        .map(|(_, preset)| preset)
}

/// Annotations that are read, by controller, without their prefix.
const NGINX_NAMES: &[&str] = &[
    "affinity",
    "affinity-mode",
    "load-balance",
    "proxy-connect-timeout",
    "proxy-next-upstream",
    "proxy-next-upstream-timeout",
    "proxy-next-upstream-tries",
    "proxy-read-timeout",
    "proxy-send-timeout",
    "service-upstream",
    "upstream-hash-by",
];
const ALB_NAMES: &[&str] = &[
    "healthcheck-interval-seconds",
    "healthcheck-path",
    "healthcheck-port",
    "healthcheck-timeout-seconds",
    "healthy-threshold-count",
    "load-balancer-attributes",
    "success-codes",
    "target-group-attributes",
    "target-type",
    "unhealthy-threshold-count",
];
const NLB_NAMES: &[&str] = &[
    "attributes",
    "connection-idle-timeout",
    "healthcheck-healthy-threshold",
    "healthcheck-interval",
    "healthcheck-path",
    "healthcheck-port",
    "healthcheck-success-codes",
    "healthcheck-timeout",
    "healthcheck-unhealthy-threshold",
    "nlb-target-type",
    "target-group-attributes",
];
/// Settings as they are gathered from several objects; what is read later wins.
#[derive(Default)]
struct Reading {
    settings: FrontEndSettings,
    warnings: Vec<Diagnostic>,
}

impl Reading {
    fn into_hint(self, preset: &'static str, why: String) -> FrontEndHint {
        FrontEndHint { preset, why, settings: self.settings, warnings: self.warnings }
    }

    /// Annotations of ingress-nginx.
    fn nginx(&mut self, meta: &ObjectMeta) {
        let mut found = Annotations::of(meta, NGINX, NGINX_NAMES);
        let settings = &mut self.settings;
        settings.next_upstream = found.take("proxy-next-upstream").map(|value| {
            value.split_whitespace().filter(|condition| *condition != "off").map(str::to_owned).collect()
        });
        settings.next_upstream_tries = found.number("proxy-next-upstream-tries");
        settings.next_upstream_timeout_seconds = found.number("proxy-next-upstream-timeout");
        settings.connect_timeout_seconds = found.number("proxy-connect-timeout");
        settings.read_timeout_seconds = found.number("proxy-read-timeout");
        settings.send_timeout_seconds = found.number("proxy-send-timeout");
        settings.load_balancing = found.take("load-balance");
        settings.service_upstream = found.flag("service-upstream");
        settings.cookie_affinity = found.take("affinity").map(|value| value == "cookie");
        settings.persistent_affinity = found.take("affinity-mode").map(|value| value == "persistent");
        settings.hash_by = found.take("upstream-hash-by");
        self.warnings.extend(found.warnings);
    }

    /// Annotations of the AWS controller on an Ingress, or on a Service behind it.
    fn load_balancer(&mut self, meta: &ObjectMeta) {
        let mut found = Annotations::of(meta, ALB, ALB_NAMES);
        let target_type = found.target_type("target-type");
        let attributes = found.attributes("target-group-attributes");
        let balancer = found.attributes("load-balancer-attributes");
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
        self.warnings.extend(found.warnings);
    }

    /// Annotations of the AWS controller on a Service of type LoadBalancer.
    fn network_balancer(&mut self, meta: &ObjectMeta) {
        let mut found = Annotations::of(meta, AWS_SERVICE, NLB_NAMES);
        let target_type = found.target_type("nlb-target-type");
        let attributes = found.attributes("target-group-attributes");
        let balancer = found.attributes("attributes");
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
        self.warnings.extend(found.warnings);
    }

    fn target_group(
        &mut self,
        target_type: Option<TargetType>,
        attributes: &BTreeMap<String, String>,
        check: HealthCheck,
    ) {
        let settings = &mut self.settings;
        set(&mut settings.target_type, target_type);
        set(
            &mut settings.deregistration_delay_seconds,
            number(attributes.get("deregistration_delay.timeout_seconds")),
        );
        set(
            &mut settings.connection_termination,
            attributes
                .get("deregistration_delay.connection_termination.enabled")
                .and_then(|text| text.trim().parse().ok()),
        );
        set(&mut settings.slow_start_seconds, number(attributes.get("slow_start.duration_seconds")));
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

/// Replaces what is there if something new is given.
fn set<T>(place: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *place = value;
    }
}

fn number(text: Option<&String>) -> Option<u32> {
    text.and_then(|text| text.trim().parse().ok())
}
