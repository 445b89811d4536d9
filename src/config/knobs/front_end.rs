//! Knobs of the front end. Defaults are the presets' own, see `config::presets`.

use super::{Kind, Knob};

/// Statuses that a front end may answer with itself.
const STATUSES: Kind =
    Kind::Choice(&["408", "460", "499", "500", "502", "503", "504", "closed", "refused", "reset", "timeout"]);

const COUNT: Kind = Kind::Count { min: 1, max: 1_000 };

/// The front end.
pub(super) const FRONT_END: &[Knob] = &[
    Knob::new(
        "front_end.preset",
        Kind::Text,
        "front end",
        "What stands in front of the pods: the name of a preset.",
    )
    .flag("front-end")
    .default("ingress-nginx")
    .guess("the most common controller"),
    Knob::new(
        "front_end.deployment",
        Kind::Text,
        "ingress Deployment",
        "The Deployment of the manifests whose pods the front end's processes are, with `outer.preset` before them.",
    )
    .alias("ingress"),
    Knob::new(
        "front_end.removal",
        Kind::Dist,
        "removal delay",
        "Pod deletion to the moment no request is sent to it any more, in place of every stage between.",
    )
    .alias("removal")
    .flag("removal")
    .decisive(),
    Knob::new(
        "front_end.addition",
        Kind::Dist,
        "addition delay",
        "Pod ready to the moment it gets requests, in place of every stage between.",
    )
    .alias("addition"),
    Knob::new(
        "front_end.replicas",
        COUNT,
        "front-end replicas",
        "Independent processes or load balancer nodes, each with its own view of the endpoints.",
    ),
    Knob::new(
        "front_end.workers",
        COUNT,
        "front-end workers",
        "Worker processes of each, with their own rings and connections.",
    ),
    Knob::new(
        "front_end.balancer",
        Kind::Choice(&[
            "nginx",
            "round-robin",
            "ingress-ring",
            "earliest-deadline",
            "ewma",
            "least-connections",
            "turns",
            "least-request",
            "random",
        ]),
        "balancer",
        "How a pod is chosen for an attempt.",
    ),
    Knob::new(
        "front_end.max_fails",
        Kind::Count { min: 0, max: 1_000 },
        "max_fails",
        "Failures after which nginx leaves a pod alone; 0 switches this off.",
    )
    .default("1")
    .measured("nginx 1.22.1"),
    Knob::new("front_end.fail_timeout", Kind::Seconds, "fail_timeout", "How long nginx leaves a pod alone.")
        .default("10s")
        .measured("nginx 1.22.1"),
    Knob::new(
        "front_end.tries",
        Kind::Count { min: 0, max: 100 },
        "attempts",
        "Attempts per request in total; 0 for as many as there are pods with nginx' own balancer, else for 100.",
    )
    .alias("tries"),
    Knob::new(
        "front_end.retry_on",
        Kind::Choice(&[
            "off",
            "error",
            "timeout",
            "error+timeout",
            "connect-failure",
            "connect-failure+closed",
        ]),
        "what is retried",
        "After which failures there is another attempt.",
    )
    .alias("retry_on"),
    Knob::new(
        "front_end.retry_peer",
        Kind::Choice(&["next", "untried", "same", "redispatch"]),
        "where retries go",
        "The balancer's next pod, one that was not tried, the same one, or as HAProxy redispatches.",
    )
    .alias("retry_peer"),
    Knob::new(
        "front_end.repicks",
        Kind::Count { min: 0, max: 100 },
        "further picks",
        "How often the balancer is asked again for a pod that was not tried.",
    )
    .default("5")
    .documented("Istio, host_selection_retry_max_attempts"),
    Knob::new(
        "front_end.retry_pause",
        Kind::Duration,
        "pause of retries",
        "Wait before a pod that refused is tried again, at most the connect timeout.",
    ),
    Knob::new(
        "front_end.retry_backoff",
        Kind::Duration,
        "back-off of retries",
        "Bound of the random wait before the first retry; it doubles each time, up to ten times this.",
    ),
    Knob::new(
        "front_end.retry_interval",
        Kind::Duration,
        "interval of retries",
        "Mean wait before the first retry, give or take half; it grows with each one and stays below twice this (Traefik).",
    ),
    Knob::new(
        "front_end.max_retries",
        Kind::Count { min: 0, max: 1_000_000 },
        "concurrent retries",
        "Retries that one process may have under way at once; 0 for any number.",
    ),
    Knob::new(
        "front_end.max_requests",
        Kind::Count { min: 0, max: 1_000_000 },
        "concurrent requests",
        "Requests that one process may have with pods at once, as Envoy's circuit breaker; 0 for any number.",
    ),
    Knob::new(
        "front_end.max_pending_requests",
        Kind::Count { min: 0, max: 1_000_000 },
        "requests without a connection",
        "Requests that may wait for a connection at once, as Envoy's circuit breaker; 0 for any number.",
    ),
    Knob::new(
        "front_end.max_connections",
        Kind::Count { min: 0, max: 1_000_000 },
        "open connections",
        "HTTP/1.1 connections that one process may have to pods, as Envoy's circuit breaker; 0 for any number.",
    ),
    Knob::new(
        "front_end.retry_non_idempotent",
        Kind::Switch,
        "retrying POSTs",
        "Whether requests that may have reached a pod are sent again although they are not idempotent.",
    ),
    Knob::new(
        "front_end.connect_timeout",
        Kind::Duration,
        "connect timeout",
        "How long an attempt waits for a connection.",
    )
    .alias("connect_timeout"),
    Knob::new(
        "front_end.read_timeout",
        Kind::Limit,
        "read timeout",
        "How long an attempt waits for an answer.",
    )
    .alias("read_timeout"),
    Knob::new(
        "front_end.stream_idle_timeout",
        Kind::Limit,
        "stream idle timeout",
        "How long a request may go without a byte of an answer, attempts and pauses together, until the front end answers itself: Envoy's stream_idle_timeout.",
    ),
    Knob::new(
        "front_end.request_timeout",
        Kind::Limit,
        "request timeout",
        "How long a request may take in all, attempts and pauses together.",
    ),
    Knob::new(
        "front_end.outlier.failures",
        Kind::Count { min: 0, max: 1_000 },
        "failures of an outlier",
        "Failures in a row after which Envoy ejects a pod; 0 switches outlier detection off.",
    ),
    Knob::new(
        "front_end.outlier.interval",
        Kind::Duration,
        "sweep interval",
        "Time between two looks at ejected pods.",
    )
    .default("10s")
    .documented("Envoy, api/envoy/config/cluster/v3/outlier_detection.proto"),
    Knob::new(
        "front_end.outlier.ejection",
        Kind::Duration,
        "ejection time",
        "How long a pod is ejected the first time; the n-th time lasts n times as long.",
    )
    .default("30s")
    .documented("Envoy, api/envoy/config/cluster/v3/outlier_detection.proto"),
    Knob::new(
        "front_end.outlier.max_share",
        Kind::Share,
        "ejected share",
        "Largest share of the pods that may be ejected at once.",
    )
    .default("10%")
    .documented("Envoy, api/envoy/config/cluster/v3/outlier_detection.proto"),
    Knob::new(
        "front_end.outlier.always_one",
        Kind::Switch,
        "one may be ejected",
        "Whether one pod may be ejected whatever the share.",
    )
    .default("false")
    .documented("Envoy, api/envoy/config/cluster/v3/outlier_detection.proto"),
    Knob::new(
        "front_end.outlier.panic",
        Kind::Share,
        "panic threshold",
        "Share of healthy pods below which all pods get requests again; 0% for never.",
    )
    .default("50%")
    .documented("Envoy, api/envoy/config/cluster/v3/cluster.proto, healthy_panic_threshold"),
    Knob::new(
        "front_end.keepalive",
        Kind::Count { min: 0, max: 1_000_000 },
        "kept connections",
        "Idle connections to pods that each worker keeps; 0 opens one per request.",
    ),
    Knob::new(
        "front_end.keepalive_idle",
        Kind::Duration,
        "front-end keep-alive",
        "How long the front end keeps an idle connection to a pod.",
    )
    .default("60s")
    .guess("nginx' keepalive_timeout"),
    Knob::new(
        "front_end.stale_retry",
        Kind::Switch,
        "stale connections are free",
        "Whether an attempt that failed on a reused connection counts as none.",
    ),
    Knob::new(
        "front_end.stale_same_pod",
        Kind::Switch,
        "stale connections: same pod",
        "With stale_retry: whether an idempotent request goes to the same pod again, whatever retry_on says.",
    )
    .default("false")
    .documented("a trait of Go's HTTP client"),
    Knob::new(
        "front_end.pins_connections",
        Kind::Switch,
        "balancing of connections",
        "Whether connections are balanced, not requests: a client that keeps its own stays with its pod.",
    ),
    Knob::new(
        "front_end.client_affinity",
        Kind::Switch,
        "client affinity",
        "Whether a client goes to the pod of its last request as long as that is listed (cookies, ClientIP).",
    )
    .default("false")
    .documented("off unless it is asked for, in ingress-nginx, at an ALB and in kube-proxy"),
    Knob::new(
        "front_end.affinity_holds",
        Kind::Switch,
        "affinity after a failure",
        "Whether a client's request that its pod failed is tried again at that pod, while it is listed.",
    )
    .default("false")
    .documented("no other front end tries again and has affinity by itself"),
    Knob::new(
        "front_end.slow_start",
        Kind::Duration,
        "slow start",
        "How long a new pod's share of requests grows until it is a whole one; 0s for at once.",
    )
    .default("0s")
    .documented("AWS, HAProxy and Envoy have it off unless it is asked for"),
    Knob::new(
        "front_end.terminating_fallback",
        Kind::Switch,
        "terminating fallback",
        "Whether pods that terminate and still serve are used while no pod is ready.",
    ),
    Knob::new(
        "front_end.external_traffic_policy",
        Kind::Choice(&["Cluster", "Local"]),
        "external traffic policy",
        "Local: every node sends connections to its own pods alone, and a load balancer checks which nodes have some.",
    )
    .alias("externalTrafficPolicy"),
    Knob::new(
        "front_end.first_is_fresh",
        Kind::Switch,
        "fresh first connection",
        "Whether the first request of a client's connection always opens one to the pod (http-reuse safe).",
    ),
    Knob::new(
        "front_end.any_connection",
        Kind::Switch,
        "any idle connection",
        "Whether any idle connection takes the next request, whichever pod it leads to, as where targets are nodes.",
    ),
    Knob::new(
        "front_end.overhead",
        Kind::Duration,
        "time outside pods",
        "The front end's own work and the network there and back, per request.",
    )
    .alias("overhead"),
    Knob::new(
        "front_end.watch",
        Kind::Dist,
        "watch delay",
        "An endpoint change in the API server until the front end's controller acts on it.",
    ),
    Knob::new(
        "front_end.batch",
        Kind::Duration,
        "batching",
        "How long the controller waits for more changes before it hands on a new list.",
    ),
    Knob::new(
        "front_end.sync_period",
        Kind::Duration,
        "sync period",
        "Lists are handed on at the ticks of a clock with this period; 0s for at once.",
    ),
    Knob::new(
        "front_end.sync_rate",
        Kind::Number,
        "sync rate",
        "Lists handed on per second at most, 0 for no limit (--sync-rate-limit of ingress-nginx).",
    ),
    Knob::new("front_end.poll", Kind::Duration, "poll period", "Period of the workers' timer for new lists."),
    Knob::new(
        "front_end.reload_interval",
        Kind::Duration,
        "reload interval",
        "Smallest time between two reloads.",
    ),
    Knob::new(
        "front_end.reload_start",
        Kind::Duration,
        "reload time",
        "Reload command to the first connection at the new generation.",
    ),
    Knob::new(
        "front_end.reload_overlap",
        Kind::Duration,
        "reload overlap",
        "How long both generations accept connections.",
    ),
    Knob::new(
        "front_end.reconcile",
        Kind::Dist,
        "reconcile time",
        "The cloud controller's work on a change of targets.",
    ),
    Knob::new(
        "front_end.apply",
        Kind::Dist,
        "apply time",
        "Request to the cloud's API until the load balancer obeys.",
    ),
    Knob::new(
        "front_end.status.error",
        STATUSES,
        "status of errors",
        "Answer when a connection was refused or the address unreachable.",
    ),
    Knob::new(
        "front_end.status.closed",
        STATUSES,
        "status of broken connections",
        "Answer when a connection broke before the answer; that of errors if not said.",
    ),
    Knob::new(
        "front_end.status.stale",
        STATUSES,
        "status of stale connections",
        "The same on a kept connection; that of broken connections if not said.",
    ),
    Knob::new(
        "front_end.status.connect_timeout",
        STATUSES,
        "status of connect timeouts",
        "Answer when no connection came about in time.",
    ),
    Knob::new(
        "front_end.status.read_timeout",
        STATUSES,
        "status of read timeouts",
        "Answer when the pod did not answer in time.",
    ),
    Knob::new(
        "front_end.status.no_endpoints",
        STATUSES,
        "status without endpoints",
        "Answer when no endpoint is known.",
    ),
    Knob::new(
        "front_end.status.all_down",
        STATUSES,
        "status with all down",
        "Answer when every endpoint is marked down.",
    ),
    Knob::new(
        "front_end.status.client_left",
        STATUSES,
        "status of clients that left",
        "What the log says when the client left first.",
    ),
];
