//! The table.

use super::Row;
use super::bases::{
    BY_MEMORY, BY_QUEUE, BY_RATE, CHAIN, COMMANDS, INGRESS, PREPARED, SCALED, TWO, UNPROBED, WEB,
};

/// A steady load and a rollout in it.
const ROLLOUT: &str = "--rps 120\n--duration 100s\n--event rollout@10s\n";
/// A closed load and a rollout in it.
const CLOSED: &str = "--conns 40\n--think 100ms\n--duration 60s\n--event rollout@10s\n";
/// A recording.
const REPLAY: &str = "--trace trace.csv\n";
/// A surge, and its decline.
const SURGE: &str = "--rps 200@0,200@60s,900@70s,900@5m,200@6m..7m\n--duration 12m\n";
/// A steady load, and a zone that dies.
const ZONE_LOST: &str = "--rps 120\n--duration 60s\n--event lose-zone@10s\n";
/// A steady load, and a dependency that is down for a while.
const OUTAGE: &str = "--rps 120\n--duration 100s\n--event dependency-down=30s@20s\n";
/// Hardly a request, for a long time.
const QUIET: &str = "--rps 1\n--duration 15m\n";
/// Nobody forgives: no hook, the process ends at once, and the front end takes its time.
const HARSH: &[(&str, &str)] = &[("on-stop", "exit"), ("removal", "10s"), ("startup", "2s")];

fn row(knob: &'static str, values: [&'static str; 2]) -> Row {
    Row { knob, base: WEB, line: ROLLOUT, with: HARSH, name: None, values }
}

impl Row {
    fn on(mut self, base: &'static str) -> Row {
        self.base = base;
        self
    }

    fn line(mut self, line: &'static str) -> Row {
        self.line = line;
        self
    }

    /// On a service behind an ingress of its own, whose pods are replaced.
    fn gate(self, with: &'static [(&'static str, &'static str)]) -> Row {
        self.on(INGRESS).line("--rps 120\n--duration 100s\n--event ingress-rollout@10s\n").with(with)
    }

    fn with(mut self, with: &'static [(&'static str, &'static str)]) -> Row {
        self.with = with;
        self
    }

    fn name(mut self, name: &'static str) -> Row {
        self.name = Some(name);
        self
    }
}

/// One worker and no room to wait, so that SYNs are dropped.
const FULL: &[(&str, &str)] =
    &[("workers", "1"), ("containers.*.accept", "lazy"), ("containers.*.backlog", "0"), ("latency", "60ms")];
/// A server that ends gracefully while connections to it are kept.
const GRACEFUL: &[(&str, &str)] =
    &[("on-stop", "drain"), ("removal", "10s"), ("startup", "2s"), ("race_window", "80ms"), ("post", "50%")];
const ALB: &[(&str, &str)] = &[("front-end", "aws-alb-ip"), ("on-stop", "exit"), ("startup", "2s")];
const NGINX: &[(&str, &str)] =
    &[("front-end", "nginx"), ("on-stop", "exit"), ("startup", "2s"), ("removal", "10s")];
/// nginx by its stages, not by one delay in all.
const RELOADED: &[(&str, &str)] = &[("front-end", "nginx"), ("on-stop", "exit"), ("startup", "2s")];
/// HAProxy, whose controller is late.
const HAPROXY: &[(&str, &str)] =
    &[("front-end", "haproxy"), ("on-stop", "exit"), ("startup", "2s"), ("removal", "10s")];
/// HAProxy by its stages.
const HAPROXY_STAGED: &[(&str, &str)] = &[("front-end", "haproxy"), ("on-stop", "exit"), ("startup", "2s")];
/// New servers that fail their first checks.
const HAPROXY_LATE: &[(&str, &str)] = &[("front-end", "haproxy"), ("startup", "6s")];
/// New servers that answer 503 at first.
const HAPROXY_UNREADY: &[(&str, &str)] =
    &[("front-end", "haproxy"), ("startup", "1s"), ("app_ready_delay", "8s")];
/// Pods that close idle connections early, under requests that are not tried again.
const SHORT_LIVED: &[(&str, &str)] = &[
    ("front-end", "haproxy"),
    ("keepalive_idle", "50ms"),
    ("race_window", "10ms"),
    ("startup", "2s"),
    ("front_end.first_is_fresh", "false"),
];
/// Istio, whose control plane is late.
const ISTIO: &[(&str, &str)] =
    &[("front-end", "istio-gateway"), ("on-stop", "exit"), ("startup", "2s"), ("removal", "10s")];
/// Traefik with its retry middleware, late to hear of anything.
const TRAEFIK: &[(&str, &str)] = &[
    ("front-end", "traefik"),
    ("front_end.tries", "2"),
    ("front_end.retry_on", "connect-failure"),
    ("on-stop", "exit"),
    ("startup", "2s"),
    ("removal", "10s"),
];
/// Traefik's pods close idle connections early.
const TRAEFIK_STALE: &[(&str, &str)] =
    &[("front-end", "traefik"), ("keepalive_idle", "50ms"), ("race_window", "10ms"), ("post", "0%")];
/// Envoy, which finds dead pods by itself.
const OUTLIERS: &[(&str, &str)] = &[
    ("front-end", "envoy"),
    ("on-stop", "exit"),
    ("startup", "2s"),
    ("removal", "30s"),
    ("front_end.outlier.failures", "5"),
    ("front_end.outlier.interval", "10s"),
    ("front_end.outlier.ejection", "5s"),
    ("front_end.outlier.max_share", "100%"),
    ("front_end.outlier.panic", "0%"),
];
/// The same where no share of so few pods may be ejected.
const FEW_OUTLIERS: &[(&str, &str)] = &[
    ("front-end", "envoy"),
    ("on-stop", "exit"),
    ("startup", "2s"),
    ("removal", "30s"),
    ("front_end.outlier.failures", "5"),
    ("front_end.outlier.interval", "10s"),
    ("front_end.outlier.ejection", "5s"),
    ("front_end.outlier.max_share", "10%"),
];
/// kube-proxy by its stages.
const KUBE_PROXY: &[(&str, &str)] =
    &[("front-end", "kube-proxy"), ("on-stop", "linger=15s"), ("startup", "2s"), ("race_window", "80ms")];
/// ingress-nginx by its stages.
const STAGED: &[(&str, &str)] = &[("on-stop", "exit"), ("startup", "2s")];
/// Requests that are still running when their target has been let go.
const LATE_ANSWERS: &[(&str, &str)] = &[
    ("front-end", "aws-alb-ip"),
    ("removal", "1s"),
    ("preStop", "20s"),
    ("latency", "8s,cpu=1ms"),
    ("workers", "500"),
    ("startup", "2s"),
];
/// New targets that fail their first checks.
const CHECKED: &[(&str, &str)] = &[
    ("front-end", "aws-alb-ip"),
    ("startup", "20s"),
    ("front_end.reconcile", "1s"),
    ("front_end.apply", "1s"),
    ("front_end.health_check.interval", "3s"),
];
/// The pods of the front end are replaced and end at once; kube-proxy is before them.
const GATE: &[(&str, &str)] =
    &[("ingress", "gate"), ("containers.gate.on_stop", "exit"), ("containers.gate.startup", "2s")];
/// The same, and kube-proxy takes its time.
const LATE_GATE: &[(&str, &str)] = &[
    ("ingress", "gate"),
    ("containers.gate.on_stop", "exit"),
    ("containers.gate.startup", "2s"),
    ("after_exit", "blackhole"),
    ("outer.removal", "8s"),
];
/// A load balancer of a cloud before them.
const CLOUD_GATE: &[(&str, &str)] = &[
    ("ingress", "gate"),
    ("outer", "aws-alb-ip"),
    ("containers.gate.on_stop", "exit"),
    ("containers.gate.startup", "2s"),
];
/// Nobody but that asks whether they are up.
const CHECKED_GATE: &[(&str, &str)] = &[
    ("ingress", "unprobed"),
    ("outer", "aws-alb-ip"),
    ("containers.unprobed.on_stop", "exit"),
    ("containers.unprobed.startup", "20s"),
    ("outer.reconcile", "1s"),
    ("outer.apply", "1s"),
    ("outer.health_check.interval", "3s"),
];
/// The autoscaled service's costs.
const COSTS: &[(&str, &str)] = &[("cpu", "10ms"), ("latency", "20ms"), ("startup", "10s")];
/// Probes that wait for a worker behind slow requests.
const SLOW: &[(&str, &str)] = &[("workers", "50"), ("latency", "2500ms"), ("cpu", "1ms"), ("startup", "2s")];
/// The same, and only the liveness probe is impatient.
const LATE: &[(&str, &str)] = &[
    ("workers", "50"),
    ("latency", "2500ms"),
    ("cpu", "1ms"),
    ("startup", "2s"),
    ("startup.timeoutSeconds", "10"),
    ("readiness.timeoutSeconds", "10"),
];
/// A process that must be killed.
const STUBBORN: &[(&str, &str)] = &[("on-stop", "ignore"), ("startup", "2s")];

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend(general());
    rows.extend(containers());
    rows.extend(front_end());
    rows.extend(cluster());
    rows.extend(other_metrics());
    rows.extend(fields());
    rows
}

fn general() -> Vec<Row> {
    vec![
        row("workload", ["deploy/web", "deploy/api"]).on(TWO),
        // A dead node is given up ten seconds later since 1.32.
        row("kubernetes", ["1.31", "1.35"]).line("--rps 120\n--duration 100s\n--event lose-zone@10s\n"),
        row("mesh", ["none", "istio"]).with(&[("preStop", "20s"), ("on-stop", "exit"), ("removal", "10s")]),
        row("duration", ["50s", "70s"]),
        row("settle_limit", ["1s", "15m"]).line("--rps 50\n--duration 20s\n--event rollout@15s\n"),
        row("load.kind", ["open", "closed"]).line("--duration 30s\n").with(&[("rps", "80"), ("conns", "5")]),
        row("load.rps", ["80", "100@0,200@20s"]).line("--duration 40s\n"),
        row("load.dispersion", ["1", "4"]),
        row("load.connections", ["20", "40"]).line("--think 100ms\n--duration 30s\n"),
        row("load.think", ["100ms", "exponential=300ms"]).line("--conns 20\n--duration 30s\n"),
        row("load.ramp", ["0s", "9s"]).line(CLOSED),
        row("load.trace", ["trace.csv", "other.csv"]).line("--trace {}\n"),
        row("load.scale", ["1", "2"]).line(REPLAY),
        row("load.shift", ["0s", "10s"]).line(REPLAY),
        row("load.cut", ["0s..20s", "10s..40s"]).line(REPLAY),
        row("load.gaps", ["hold", "zero"]).line("--trace gaps.csv\n"),
        row("client.post", ["0%", "50%"]),
        row("client.timeout", ["never", "40ms"]),
        row("client.retries", ["0", "2"]),
        row("client.backoff", ["10ms", "2s"]).with(&[
            ("client.retries", "2"),
            ("on-stop", "exit"),
            ("removal", "10s"),
            ("startup", "2s"),
        ]),
        row("client.keep_alive", ["true", "false"]).line(CLOSED),
        row("network.resets", ["0%", "2%"]),
        row("client.retry_budget", ["100%", "0%"]).with(&[
            ("front-end", "aws-alb-ip"),
            ("on-stop", "exit"),
            ("client.retries", "3"),
        ]),
        row("client.connections", ["0", "4"]).with(KUBE_PROXY),
        row("control.pods_per_node", ["1", "0"]).with(&[("nodes", "4"), ("startup", "2s")]),
        row("network.after_exit", ["refused", "blackhole"]),
        row("network.race_window", ["200us", "80ms"]).with(&[
            ("on-stop", "drain"),
            ("removal", "10s"),
            ("startup", "2s"),
            ("post", "50%"),
        ]),
        row("network.linear_syn_retries", ["true", "false"]).with(FULL),
    ]
}

fn containers() -> Vec<Row> {
    vec![
        row("containers.*.service", ["10ms", "45ms,p99=82ms,cpu=8ms"]),
        row("containers.*.cpu", ["100us", "15ms"]).with(&[("latency", "60ms"), ("startup", "2s")]),
        row("containers.*.workers", ["0", "1"]).with(&[("latency", "20ms"), ("startup", "2s")]),
        row("containers.*.accept", ["eager", "lazy"]).with(&[
            ("workers", "1"),
            ("containers.*.backlog", "0"),
            ("latency", "25ms"),
        ]),
        row("containers.*.backlog", ["0", "511"]).with(&[
            ("workers", "1"),
            ("containers.*.accept", "lazy"),
            ("latency", "25ms"),
        ]),
        row("containers.*.queue", ["unbounded", "0"]).with(&[("workers", "1"), ("latency", "25ms")]),
        row("containers.*.keepalive_idle", ["75s", "30ms"]).with(GRACEFUL),
        row("containers.*.probe_service", ["1ms", "3s"]).with(&[("workers", "50"), ("latency", "20ms")]),
        row("containers.*.run_time", ["0s", "9s"]).on(PREPARED),
        row("containers.*.post_start_duration", ["0s", "9s"]).on(PREPARED),
        row("containers.*.post_start_fails", ["0%", "60%"]).on(PREPARED),
        row("containers.*.startup", ["2s", "9s"]).with(STAGED_TAIL),
        row("containers.*.startup_cpu", ["0", "1"]).on(SCALED).line(SURGE).with(&[
            ("cpu", "10ms"),
            ("latency", "20ms"),
            ("startup", "20s"),
            ("metrics.cpu_initialization_period", "1s"),
        ]),
        row("containers.*.app_ready_delay", ["0s", "8s"]),
        row("containers.*.warm_up", ["0s", "20s"]),
        row("containers.*.warm_up_factor", ["1.5", "6"])
            .with(&[("containers.*.warm_up", "20s"), ("startup", "2s")]),
        row("containers.*.on_stop", ["exit", "linger=15s"]).with(&[("removal", "10s"), ("startup", "2s")]),
        row("containers.*.pre_stop_duration", ["0s", "15s"]).on(COMMANDS),
        row("containers.*.pre_stop_fails", ["false", "true"])
            .on(COMMANDS)
            .with(&[("containers.*.pre_stop_duration", "15s")]),
        row("containers.*.exec_probe", ["app", "process"]).on(COMMANDS),
        row("containers.*.dependency_probes", ["none", "readiness"]).line(OUTAGE),
        row("containers.*.max_connection_age", ["never", "5s"]).line(CLOSED).with(&[
            ("front-end", "kube-proxy"),
            ("on-stop", "exit"),
            ("startup", "2s"),
        ]),
        row("containers.*.image_pull", ["0s", "7s"]),
        row("containers.*.start", ["100ms", "3s"]),
        row("containers.*.role", ["other", "serves"]).on(COMMANDS).name("containers.helper.role"),
        row("containers.*.role", ["other", "egress"]).on(COMMANDS).name("containers.helper.role"),
        row("containers.*.forward_delay", ["0s", "30ms"]).on(CHAIN).name("containers.nginx.forward_delay"),
    ]
}

/// Without a start-up time, for the row that sets it.
const STAGED_TAIL: &[(&str, &str)] = &[("on-stop", "exit")];

fn front_end() -> Vec<Row> {
    vec![
        row("front_end.preset", ["ingress-nginx", "aws-alb-ip"]).with(STAGED),
        row("front_end.removal", ["1s", "20s"]).with(STAGED),
        row("front_end.deployment", ["gate", "unprobed"]).gate(&[("outer", "kube-proxy")]),
        row("outer.preset", ["kube-proxy", "azure-agic"]).gate(GATE),
        row("outer.removal", ["1s", "8s"]).gate(GATE),
        row("outer.addition", ["1s", "20s"]).gate(GATE),
        row("outer.replicas", ["1", "4"]).gate(LATE_GATE),
        row("outer.external_traffic_policy", ["Cluster", "Local"]).gate(LATE_GATE),
        row("outer.connect_timeout", ["500ms", "5s"]).gate(LATE_GATE),
        row("outer.read_timeout", ["40ms", "never"]).gate(GATE),
        row("outer.keepalive", ["0", "1000"]).gate(&[
            ("ingress", "gate"),
            ("outer", "aws-alb-ip"),
            ("containers.gate.on_stop", "drain"),
            ("race_window", "80ms"),
        ]),
        row("outer.overhead", ["0s", "5ms"]).gate(GATE),
        row("outer.watch", ["5ms", "3s"]).gate(GATE),
        row("outer.sync_rate", ["0.1", "10"]).gate(GATE),
        row("outer.reconcile", ["1s", "9s"]).gate(CLOUD_GATE),
        row("outer.apply", ["2s", "20s"]).gate(CLOUD_GATE),
        row("outer.deregistration_delay", ["0s", "never"]).gate(&[
            ("ingress", "gate"),
            ("outer", "aws-alb-ip"),
            ("outer.removal", "1s"),
            ("containers.gate.on_stop", "linger=20s"),
            ("containers.gate.startup", "2s"),
            ("latency", "8s,cpu=1ms"),
            ("workers", "500"),
        ]),
        row("outer.health_check.interval", ["5s", "30s"]).gate(CLOUD_GATE),
        row("outer.health_check.healthy", ["1", "4"]).gate(CHECKED_GATE),
        row("outer.health_check.unhealthy", ["1", "50"]).gate(CHECKED_GATE),
        row("outer.health_check.initial", ["1", "4"]).gate(CLOUD_GATE),
        row("front_end.external_traffic_policy", ["Cluster", "Local"]).with(KUBE_PROXY),
        row("front_end.deregistration_delay", ["1s", "never"]).with(LATE_ANSWERS),
        row("front_end.addition", ["0s", "9s"]),
        row("front_end.replicas", ["1", "3"]),
        row("front_end.workers", ["1", "4"]),
        row("front_end.balancer", ["ingress-ring", "least-connections"]),
        row("front_end.max_fails", ["0", "1"]).with(NGINX),
        row("front_end.fail_timeout", ["1s", "30s"]).with(NGINX),
        row("front_end.tries", ["1", "3"]),
        row("front_end.retry_on", ["off", "error+timeout"]),
        row("front_end.retry_peer", ["same", "redispatch"]).with(HAPROXY),
        row("front_end.repicks", ["0", "5"]).with(ISTIO),
        row("front_end.retry_pause", ["10ms", "1s"]).with(HAPROXY),
        row("front_end.retry_backoff", ["0s", "25ms"]).with(ISTIO),
        row("front_end.retry_interval", ["0s", "4s"]).with(TRAEFIK),
        row("front_end.max_retries", ["1", "0"]).with(ISTIO),
        row("front_end.max_requests", ["1", "0"]).with(ISTIO),
        row("front_end.max_pending_requests", ["1", "0"]).line(ZONE_LOST).with(ISTIO),
        row("front_end.max_connections", ["1", "0"]).with(ISTIO),
        row("front_end.request_timeout", ["never", "35ms"]).with(ISTIO),
        row("front_end.stream_idle_timeout", ["never", "35ms"]).with(ISTIO),
        row("front_end.outlier.failures", ["0", "5"]).with(OUTLIERS),
        row("front_end.outlier.interval", ["2s", "40s"]).with(OUTLIERS),
        row("front_end.outlier.ejection", ["1s", "30s"]).with(OUTLIERS),
        row("front_end.outlier.max_share", ["10%", "100%"]).with(OUTLIERS),
        row("front_end.outlier.always_one", ["false", "true"]).with(FEW_OUTLIERS),
        row("front_end.outlier.panic", ["0%", "100%"]).with(OUTLIERS),
        row("front_end.pins_connections", ["false", "true"]).line(CLOSED).with(KUBE_PROXY),
        row("front_end.any_connection", ["false", "true"]).with(&[
            ("front-end", "aws-alb-instance"),
            ("on-stop", "exit"),
            ("preStop", "20s"),
        ]),
        row("front_end.client_affinity", ["false", "true"]).line(CLOSED),
        row("front_end.affinity_holds", ["false", "true"])
            .line(CLOSED)
            .with(&[("front_end.client_affinity", "true"), ("on-stop", "exit")]),
        row("front_end.slow_start", ["0s", "60s"]).with(&[("front-end", "aws-alb-ip"), ("addition", "1s")]),
        row("front_end.terminating_fallback", ["false", "true"]).with(&[
            ("front-end", "kube-proxy"),
            ("on-stop", "linger=15s"),
            ("startup", "2s"),
            ("Deployment:spec.strategy.type", "Recreate"),
        ]),
        row("front_end.first_is_fresh", ["false", "true"]).with(SHORT_LIVED),
        row("front_end.sync_period", ["0s", "5s"]).with(HAPROXY_STAGED),
        row("front_end.server_check", ["false", "true"]).with(HAPROXY),
        row("front_end.server_check.interval", ["500ms", "3s"]).with(HAPROXY),
        row("front_end.server_check.fall", ["1", "9"]).with(HAPROXY),
        row("front_end.server_check.rise", ["1", "6"]).on(UNPROBED).with(HAPROXY_LATE),
        row("front_end.server_check.http", ["false", "true"]).on(UNPROBED).with(HAPROXY_UNREADY),
        row("front_end.retry_non_idempotent", ["false", "true"]).with(&[
            ("post", "100%"),
            ("on-stop", "exit"),
            ("removal", "10s"),
            ("latency", "200ms"),
        ]),
        row("front_end.connect_timeout", ["500ms", "5s"]).with(&[
            ("after_exit", "blackhole"),
            ("on-stop", "exit"),
            ("removal", "10s"),
            ("startup", "2s"),
        ]),
        row("front_end.read_timeout", ["40ms", "60s"]),
        row("front_end.keepalive", ["0", "320"]).with(GRACEFUL),
        row("front_end.keepalive_idle", ["20ms", "60s"]).with(IDLE),
        row("front_end.stale_retry", ["true", "false"]).with(STALE),
        row("front_end.stale_same_pod", ["true", "false"]).with(TRAEFIK_STALE),
        row("front_end.overhead", ["0s", "5ms"]),
        row("front_end.watch", ["5ms", "3s"]).with(STAGED),
        row("front_end.batch", ["0s", "4s"]).with(STAGED),
        row("front_end.sync_rate", ["0.1", "10"]).with(STAGED),
        row("front_end.poll", ["1s", "5s"]).with(STAGED),
        row("front_end.reload_interval", ["100ms", "10s"]).with(RELOADED),
        row("front_end.reload_start", ["10ms", "2s"]).with(RELOADED),
        row("front_end.reload_overlap", ["0s", "3s"]).with(RELOADED),
        row("front_end.reconcile", ["1s", "9s"]).with(ALB),
        row("front_end.apply", ["2s", "20s"]).with(ALB),
        row("front_end.health_check.interval", ["5s", "30s"]).with(ALB),
        row("front_end.health_check.healthy", ["1", "4"]).on(UNPROBED).with(CHECKED),
        row("front_end.health_check.unhealthy", ["1", "50"]).on(UNPROBED).with(CHECKED),
        row("front_end.health_check.initial", ["1", "4"]).with(ALB),
        row("front_end.status.error", ["502", "503"]).with(ALB),
        row("front_end.status.closed", ["502", "503"]).with(&[
            ("front-end", "haproxy"),
            ("on-stop", "exit"),
            ("latency", "500ms"),
            ("startup", "2s"),
        ]),
        row("front_end.status.stale", ["502", "closed"]).with(SHORT_LIVED),
        row("front_end.status.connect_timeout", ["504", "503"]).with(ALB),
        row("front_end.status.read_timeout", ["504", "502"]).with(&[("read_timeout", "40ms")]),
        row("front_end.status.no_endpoints", ["503", "502"]).with(&[("replicas", "0")]),
        row("front_end.status.all_down", ["502", "503"]).with(&[
            ("front-end", "nginx"),
            ("on-stop", "exit"),
            ("removal", "20s"),
            ("Deployment:spec.strategy.type", "Recreate"),
        ]),
        row("front_end.status.client_left", ["499", "408"]).with(&[("client.timeout", "20ms")]),
    ]
}

/// Pools that are followed connection by connection.
const IDLE: &[(&str, &str)] = &[("keepalive_idle", "50ms"), ("race_window", "10ms"), ("post", "50%")];
const STALE: &[(&str, &str)] =
    &[("keepalive_idle", "50ms"), ("race_window", "10ms"), ("post", "0%"), ("tries", "1")];

fn cluster() -> Vec<Row> {
    let scaled = |knob, values| row(knob, values).on(SCALED).line(SURGE).with(COSTS);
    vec![
        row("control.nodes", ["1", "40"]).with(&[("image_pull", "4s"), ("startup", "2s")]),
        row("control.zones", ["1", "4"]).line(ZONE_LOST),
        row("control.node_monitor_grace_period", ["15s", "30s"]).line(ZONE_LOST),
        row("control.controller_reaction", ["5ms", "1s"]),
        row("control.api_write", ["3ms", "1s"]),
        row("control.schedule", ["5ms", "1s"]),
        row("control.kubelet_notice", ["20ms", "1s"]),
        row("control.sandbox", ["200ms", "5s"]),
        row("control.container_relist", ["20ms", "1s"]).on(UNPROBED),
        row("control.status_patch", ["5ms", "2s"]),
        row("control.kubelet_stop", ["10ms", "2s"]),
        row("control.sandbox_stop", ["50ms", "4s"]),
        row("control.slice_sync", ["10ms", "2s"]).with(STAGED),
        scaled("metrics.housekeeping", ["10s", "15s"]),
        scaled("metrics.resolution", ["15s", "60s"]),
        scaled("metrics.sync_period", ["15s", "60s"]),
        scaled("metrics.tolerance", ["10%", "60%"]),
        scaled("metrics.downscale_stabilization", ["5m", "10s"]),
        scaled("metrics.cpu_initialization_period", ["5m", "1s"]),
        scaled("metrics.initial_readiness_delay", ["0s", "60s"]).with(&[
            ("cpu", "10ms"),
            ("latency", "20ms"),
            ("startup", "90s"),
            ("metrics.cpu_initialization_period", "1s"),
        ]),
    ]
}

/// What the metrics of [`BY_RATE`] and [`BY_QUEUE`] measure.
const RATE: &[(&str, &str)] = &[("metrics.signals", "http=rate"), ("cpu", "2ms"), ("latency", "5ms")];
const QUEUE: &[(&str, &str)] = &[
    ("metrics.signals", "jobs=backlog"),
    ("metrics.queue", "0@0,10@60s,0@5m"),
    ("metrics.queue_per_pod", "2"),
    ("cpu", "1ms"),
];
const KEDA: &[(&str, &str)] = &[
    ("metrics.signals", "jobs=backlog"),
    ("metrics.queue", "0@0,10@60s,0@3m"),
    ("metrics.queue_per_pod", "20"),
    ("metrics.keda", "true"),
    ("cpu", "1ms"),
];

fn other_metrics() -> Vec<Row> {
    let by_rate = |knob, values| row(knob, values).on(BY_RATE).line(SURGE).with(RATE);
    let by_memory = |knob, values| row(knob, values).on(BY_MEMORY).line(SURGE).with(&[("cpu", "2ms")]);
    let by_queue = |knob, values| row(knob, values).on(BY_QUEUE).line(QUIET).with(QUEUE);
    let keda = |knob, values| row(knob, values).on(BY_QUEUE).line(QUIET).with(KEDA);
    vec![
        by_rate("metrics.signals", ["http=rate", "http=in_flight"])
            .with(&[("cpu", "2ms"), ("latency", "5ms")]),
        by_rate("metrics.scrape", ["10s", "60s"]),
        by_rate("metrics.rate_window", ["1m", "5m"]),
        by_rate("metrics.relist", ["20s", "10m"])
            .line("--rps 100\n--duration 16m\n--event scale=0@30s\n--event scale=3@10m\n"),
        by_rate("metrics.outage", ["custom@20s..30s", "custom@60s..300s"]),
        by_memory("metrics.memory_idle", ["50Mi", "500Mi"]),
        by_memory("metrics.memory_per_request", ["100Ki", "100Mi"]),
        by_queue("metrics.queue", ["0@0,10@60s,0@5m", "0@0,30@60s,0@5m"]),
        by_queue("metrics.queue_per_pod", ["1", "5"]),
        by_queue("metrics.queue_initial", ["0", "400"]),
        by_queue("metrics.queue_lag", ["5s", "2m"]),
        by_queue("metrics.keda", ["false", "true"]),
        keda("metrics.keda_polling_interval", ["10s", "2m"]),
        keda("metrics.keda_cooldown", ["30s", "5m"]),
        keda("metrics.keda_threshold", ["0", "800"]).with(&[
            ("metrics.signals", "jobs=backlog"),
            ("metrics.queue", "0@0,10@60s,0@3m"),
            ("metrics.queue_per_pod", "2"),
            ("metrics.keda", "true"),
            ("metrics.keda_cooldown", "30s"),
            ("cpu", "1ms"),
        ]),
    ]
}

/// The path of a field of every container.
macro_rules! of_containers {
    ($field:literal) => {
        concat!("Deployment:spec.template.spec.containers[*].", $field)
    };
}

fn fields() -> Vec<Row> {
    let scaled = |knob, values| row(knob, values).on(SCALED).line(SURGE).with(COSTS);
    vec![
        row("Deployment:spec.replicas", ["3", "7"]),
        row("Deployment:spec.minReadySeconds", ["0", "10"]),
        row("Deployment:spec.strategy.type", ["RollingUpdate", "Recreate"]),
        row("Deployment:spec.strategy.rollingUpdate.maxSurge", ["1", "100%"]),
        row("Deployment:spec.strategy.rollingUpdate.maxUnavailable", ["0", "50%"]),
        row("Deployment:spec.template.spec.terminationGracePeriodSeconds", ["5", "60"]).with(STUBBORN),
        row(of_containers!("lifecycle.preStop.sleep.seconds"), ["0", "15"]),
        row(of_containers!("resources.requests.cpu"), ["250m", "1"]).on(SCALED).line(SURGE).with(COSTS),
        row(of_containers!("resources.limits.cpu"), ["500m", "2"])
            .with(&[("cpu", "14ms"), ("latency", "30ms")]),
        row(of_containers!("readinessProbe.initialDelaySeconds"), ["0", "15"]),
        row(of_containers!("readinessProbe.periodSeconds"), ["1", "20"]).on(COMMANDS),
        row(of_containers!("readinessProbe.timeoutSeconds"), ["1", "10"]).with(SLOW),
        row(of_containers!("readinessProbe.failureThreshold"), ["1", "30"]).with(SLOW),
        row(of_containers!("readinessProbe.successThreshold"), ["1", "4"]),
        row(of_containers!("livenessProbe.initialDelaySeconds"), ["0", "60"]).with(LATE),
        row(of_containers!("livenessProbe.periodSeconds"), ["5", "30"]).with(SLOW),
        row(of_containers!("livenessProbe.timeoutSeconds"), ["1", "10"]).with(SLOW),
        row(of_containers!("livenessProbe.failureThreshold"), ["1", "5"]).with(SLOW),
        row(of_containers!("startupProbe.initialDelaySeconds"), ["0", "20"]),
        row(of_containers!("startupProbe.periodSeconds"), ["1", "15"]),
        row(of_containers!("startupProbe.timeoutSeconds"), ["1", "10"]).with(&[
            ("workers", "50"),
            ("probe_service", "2500ms"),
            ("startup", "2s"),
        ]),
        row(of_containers!("startupProbe.failureThreshold"), ["2", "60"]).with(&[("startup", "20s")]),
        row(of_containers!("livenessProbe.terminationGracePeriodSeconds"), ["1", "25"]).with(&[
            ("on-stop", "ignore"),
            ("workers", "50"),
            ("latency", "2500ms"),
            ("cpu", "1ms"),
        ]),
        row(of_containers!("startupProbe.terminationGracePeriodSeconds"), ["1", "25"]).with(&[
            ("on-stop", "ignore"),
            ("startup", "50s"),
            ("startup.failureThreshold", "3"),
        ]),
        row("Service:spec.publishNotReadyAddresses", ["false", "true"]).with(STAGED),
        scaled("HorizontalPodAutoscaler:spec.minReplicas", ["2", "12"]),
        scaled("HorizontalPodAutoscaler:spec.maxReplicas", ["20", "6"]),
        scaled("HorizontalPodAutoscaler:spec.metrics[cpu].target.averageUtilization", ["60", "80"]),
        scaled("HorizontalPodAutoscaler:spec.behavior.scaleUp.stabilizationWindowSeconds", ["0", "180"]),
        scaled("HorizontalPodAutoscaler:spec.behavior.scaleDown.stabilizationWindowSeconds", ["0", "400"]),
    ]
}
