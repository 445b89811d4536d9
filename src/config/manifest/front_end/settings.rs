//! What the annotations of a load balancer or of ingress-nginx set, in their own terms.

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
    /// `stickiness.enabled` of a target group: a client keeps its target.
    pub stickiness: Option<bool>,
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
    /// `session-cookie-change-on-failure`: a client whose pod fails a request gets another one.
    pub change_on_failure: Option<bool>,
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
