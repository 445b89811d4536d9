//! DestinationRules of Istio: how its proxies send to a Service.

use super::front_end::{Form, Told};
use super::meta::{ObjectMeta, mapping_at};
use super::reader::Fields;
use super::routes::ObjectName;
use super::shapes;

/// A DestinationRule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationRule {
    /// Identity, labels, annotations, places.
    pub meta: ObjectMeta,
    /// The Service that it is about.
    pub service: ObjectName,
    /// Values of knobs.
    pub said: Told,
}

const UNREAD: &str = "is not read";

/// Reads the fields of a DestinationRule.
///
/// Source: istio/api networking/v1alpha3/destination_rule.proto; pilot
/// pkg/networking/core/cluster_traffic_policy.go for what Envoy is told.
pub(super) fn read_destination_rule(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<DestinationRule> {
    let spec = object.require("spec", "describe the destination")?.fields(&shapes::DESTINATION_SPEC)?;
    let host = spec.require("host", "name the Service")?.string()?;
    let service = ObjectName::of_host(&host, &meta.namespace);
    let mut said = Told::default();
    said.unread(spec.get("subsets"), UNREAD);
    if let Some(policy) = mapping_at(&spec, "trafficPolicy", &shapes::TRAFFIC_POLICY) {
        if let Some(pool) = mapping_at(&policy, "connectionPool", &shapes::CONNECTION_POOL) {
            read_pool(&pool, &mut said);
        }
        if let Some(detection) = mapping_at(&policy, "outlierDetection", &shapes::OUTLIER_DETECTION) {
            read_outliers(&detection, &mut said);
        }
        if let Some(balancer) = mapping_at(&policy, "loadBalancer", &shapes::LOAD_BALANCER) {
            read_balancer(&balancer, &mut said);
        }
        for name in ["portLevelSettings", "tunnel", "retryBudget"] {
            said.unread(policy.get(name), UNREAD);
        }
    }
    Some(DestinationRule { meta, service, said })
}

fn read_pool(pool: &Fields<'_, '_>, said: &mut Told) {
    if let Some(tcp) = mapping_at(pool, "tcp", &shapes::POOL_TCP) {
        said.read("front_end.connect_timeout", tcp.get("connectTimeout"), Form::Plain);
        said.read("front_end.max_connections", tcp.get("maxConnections"), Form::Plain);
        said.unread(tcp.get("maxConnectionDuration"), UNREAD);
    }
    if let Some(http) = mapping_at(pool, "http", &shapes::POOL_HTTP) {
        for (name, path) in [
            ("http1MaxPendingRequests", "front_end.max_pending_requests"),
            ("http2MaxRequests", "front_end.max_requests"),
            ("maxRetries", "front_end.max_retries"),
            ("idleTimeout", "front_end.keepalive_idle"),
        ] {
            said.read(path, http.get(name), Form::Plain);
        }
        said.unread(http.get("maxRequestsPerConnection"), UNREAD);
        said.unread(http.get("maxConcurrentStreams"), UNREAD);
    }
}

/// Detection is on as soon as it is described, with Envoy's numbers, and without a panic threshold.
fn read_outliers(detection: &Fields<'_, '_>, said: &mut Told) {
    const FAILURES: &str = "front_end.outlier.failures";
    const PANIC: &str = "front_end.outlier.panic";
    said.values.push((FAILURES, "5".to_owned()));
    said.values.push((PANIC, "0%".to_owned()));
    for (name, path, form) in [
        ("consecutive5xxErrors", FAILURES, Form::Plain),
        ("interval", "front_end.outlier.interval", Form::Plain),
        ("baseEjectionTime", "front_end.outlier.ejection", Form::Plain),
        ("maxEjectionPercent", "front_end.outlier.max_share", Form::Percent),
        ("minHealthPercent", PANIC, Form::Percent),
    ] {
        said.read(path, detection.get(name), form);
    }
    for name in ["consecutiveErrors", "consecutiveGatewayErrors", "consecutiveLocalOriginFailures"] {
        said.unread(detection.get(name), UNREAD);
    }
    said.unread(detection.get("splitExternalLocalOriginErrors"), UNREAD);
}

fn read_balancer(balancer: &Fields<'_, '_>, said: &mut Told) {
    const SIMPLE: Form = Form::Words(&[
        ("ROUND_ROBIN", "round-robin"),
        ("LEAST_REQUEST", "least-request"),
        ("LEAST_CONN", "least-request"),
        ("UNSPECIFIED", "least-request"),
        ("RANDOM", "random"),
    ]);
    said.read("front_end.balancer", balancer.get("simple"), SIMPLE);
    said.read("front_end.slow_start", balancer.get("warmupDurationSecs"), Form::Plain);
    if let Some(warmup) = mapping_at(balancer, "warmup", &shapes::WARMUP) {
        said.read("front_end.slow_start", warmup.get("duration"), Form::Plain);
    }
    said.unread(balancer.get("consistentHash"), UNREAD);
    said.unread(balancer.get("localityLbSetting"), UNREAD);
}
