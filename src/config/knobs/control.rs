//! Knobs of the control plane and of the way metrics take.

use super::{Kind, Knob};

const SECTION: &str = "facts of small, quiet clusters";

/// Controllers, kubelets, API server.
pub(super) const CONTROL: &[Knob] = &[
    Knob::new(
        "control.nodes",
        Kind::Count { min: 1, max: 15_000 },
        "nodes",
        "Nodes that the pods are spread over.",
    )
    .alias("nodes")
    .default("6")
    .range("50", "3")
    .guess("a small cluster"),
    Knob::new(
        "control.pods_per_node",
        Kind::Count { min: 0, max: 10_000 },
        "pods per node",
        "Pods of the workload that find room on one node, beside everything else there; 0 for any number.",
    )
    .alias("pods_per_node")
    .default("0")
    .guess("a cluster with room to spare"),
    Knob::new(
        "control.zones",
        Kind::Count { min: 1, max: 64 },
        "zones",
        "Zones that the nodes are spread over evenly; takes effect with the event lose-zone.",
    )
    .alias("zones")
    .default("3")
    .range("6", "2")
    .guess("a cluster of three zones")
    .with_event("lose-zone"),
    Knob::new(
        "control.node_monitor_grace_period",
        Kind::Duration,
        "patience with dead nodes",
        "--node-monitor-grace-period: time without a renewed lease until a node is called unreachable; takes effect with the events lose-node and lose-zone.",
    )
    .documented("50s from Kubernetes 1.32 on, 40s before")
    .with_event("lose-node or lose-zone"),
    Knob::new(
        "control.controller_reaction",
        Kind::Dist,
        "reaction of controllers",
        "A change in the API server to a controller having acted on it.",
    )
    .default("median=10ms,p99=150ms")
    .range("5ms", "200ms")
    .guess(SECTION),
    Knob::new("control.api_write", Kind::Dist, "API write", "One write to the API server.")
        .default("median=5ms,p99=100ms")
        .range("3ms", "1s")
        .guess("the objective is 1 s at the 99th percentile"),
    Knob::new("control.schedule", Kind::Dist, "scheduling", "Pod created to bound to a node.")
        .default("median=9ms,p99=25ms")
        .range("5ms", "100ms")
        .measured("kubernetes#42000"),
    Knob::new(
        "control.kubelet_notice",
        Kind::Dist,
        "kubelet's notice",
        "Pod bound to the kubelet starting work on it.",
    )
    .default("median=200ms,p99=730ms")
    .range("20ms", "1s")
    .measured("kubernetes#42000, hollow nodes"),
    Knob::new("control.sandbox", Kind::Dist, "sandbox", "Creating the sandbox with its network.")
        .default("median=500ms,p99=3s")
        .range("200ms", "10s")
        .guess("containerd#6111, kubernetes#66672, cri-o#2906"),
    Knob::new(
        "control.container_relist",
        Kind::Dist,
        "container relist",
        "A container's change to the kubelet having noticed it.",
    )
    .default("uniform=20ms..1020ms")
    .range("20ms", "1020ms")
    .documented("kubelet PLEG, relist every second"),
    Knob::new(
        "control.status_patch",
        Kind::Dist,
        "status patch",
        "A readiness result in the kubelet to the pod's condition in the API.",
    )
    .default("median=10ms,p99=150ms")
    .range("5ms", "2s")
    .guess("two calls at 50 per second and node"),
    Knob::new(
        "control.kubelet_stop",
        Kind::Dist,
        "kubelet's stop",
        "Deletion timestamp to the kubelet starting hooks and signals.",
    )
    .alias("kubelet_stop")
    .default("median=20ms,p99=300ms")
    .range("1s", "10ms")
    .guess("no trustworthy figure is published"),
    Knob::new(
        "control.sandbox_stop",
        Kind::Dist,
        "end of the sandbox",
        "The last container's exit to the pod's address being gone.",
    )
    .default("median=100ms,p99=1s")
    .range("50ms", "2s")
    .guess(SECTION),
    Knob::new(
        "control.slice_sync",
        Kind::Dist,
        "EndpointSlice",
        "A pod's change to its EndpointSlice being written.",
    )
    .alias("slice_sync")
    .default("median=20ms,p99=300ms")
    .range("10ms", "1s")
    .guess("endpointslice controller, batch period 0"),
];

/// The autoscaler's controller and its metrics.
pub(super) const METRICS: &[Knob] = &[
    Knob::new(
        "metrics.housekeeping",
        Kind::Duration,
        "kubelet's readings",
        "Time between two readings of a container's CPU counter by the kubelet.",
    )
    .default("10s")
    .range("10s", "15s")
    .documented("cAdvisor housekeeping"),
    Knob::new(
        "metrics.resolution",
        Kind::Duration,
        "metric resolution",
        "--metric-resolution of metrics-server.",
    )
    .default("15s")
    .range("10s", "60s")
    .documented("metrics-server's manifest; the flag's own default is 60 s"),
    Knob::new(
        "metrics.signals",
        Kind::Text,
        "what metrics measure",
        "What Pods, Object and External metrics measure in the simulated service: NAME=rate, in_flight, waiting, \
         backlog, or a percentile of the latency such as p99; separated by commas.",
    )
    .documented("a metric that is not named counts as unavailable"),
    Knob::new(
        "metrics.memory_idle",
        Kind::Text,
        "memory of an idle pod",
        "Working set of a pod without requests, for memory metrics, such as 150Mi.",
    )
    .default("100Mi")
    .range("50Mi", "500Mi")
    .guess("nobody knows another service's memory"),
    Knob::new(
        "metrics.memory_per_request",
        Kind::Text,
        "memory per request",
        "More working set for every request that a pod has, for memory metrics, such as 1Mi.",
    )
    .default("1Mi")
    .range("100Ki", "10Mi")
    .guess("nobody knows another service's memory"),
    Knob::new(
        "metrics.scrape",
        Kind::Duration,
        "Prometheus scrape interval",
        "Time between two scrapes of the pods, for custom metrics.",
    )
    .default("30s")
    .range("5s", "60s")
    .documented("prometheus-operator's default"),
    Knob::new(
        "metrics.rate_window",
        Kind::Duration,
        "window of rate()",
        "Window of the rate in the adapter's query, for custom metrics.",
    )
    .default("2m")
    .range("30s", "5m")
    .documented("prometheus-adapter's example rules"),
    Knob::new(
        "metrics.relist",
        Kind::Duration,
        "adapter's relist interval",
        "--metrics-relist-interval: how soon the adapter learns of a metric that nobody had before.",
    )
    .default("10m")
    .range("30s", "10m")
    .documented("prometheus-adapter's flag"),
    Knob::new(
        "metrics.queue",
        Kind::Text,
        "arrivals at the queue",
        "Items per second that arrive at the external queue, written like --rps; for metrics that measure the backlog.",
    )
    .default("0")
    .guess("an empty queue"),
    Knob::new(
        "metrics.queue_per_pod",
        Kind::Number,
        "work of a pod",
        "Items per second that a ready pod takes from the external queue.",
    )
    .default("1")
    .range("10", "0.1")
    .guess("nobody knows another service's work"),
    Knob::new(
        "metrics.queue_initial",
        Kind::Number,
        "backlog at the beginning",
        "Items in the external queue at the beginning.",
    )
    .default("0")
    .guess("an empty queue"),
    Knob::new(
        "metrics.queue_lag",
        Kind::Duration,
        "lag of external metrics",
        "Age of the number that the external metrics API serves: exporter, scrape and query.",
    )
    .default("30s")
    .range("5s", "2m")
    .guess("one scrape interval"),
    Knob::new(
        "metrics.keda",
        Kind::Switch,
        "KEDA",
        "Whether KEDA takes the workload from 0 to 1 and back by the queue.",
    )
    .default("false")
    .guess("an autoscaler of its own"),
    Knob::new("metrics.keda_polling_interval", Kind::Duration, "KEDA polling interval", "pollingInterval of KEDA.")
        .default("30s")
        .documented("KEDA's ScaledObject"),
    Knob::new("metrics.keda_cooldown", Kind::Duration, "KEDA cooldown", "cooldownPeriod of KEDA.")
        .default("5m")
        .documented("KEDA's ScaledObject"),
    Knob::new(
        "metrics.keda_threshold",
        Kind::Number,
        "KEDA activation threshold",
        "activationThreshold of KEDA: more items than this are work.",
    )
    .default("0")
    .documented("KEDA's ScaledObject"),
    Knob::new(
        "metrics.outage",
        Kind::Text,
        "outage of a metrics API",
        "When a metrics API answers with an error: resource, custom or external, as in resource@50s..150s; separated by commas.",
    )
    .documented("no outage unless one is given"),
    Knob::new(
        "metrics.sync_period",
        Kind::Duration,
        "HPA sync period",
        "--horizontal-pod-autoscaler-sync-period.",
    )
    .default("15s")
    .documented("kube-controller-manager"),
    Knob::new("metrics.tolerance", Kind::Share, "HPA tolerance", "--horizontal-pod-autoscaler-tolerance.")
        .default("0.1")
        .documented("kube-controller-manager"),
    Knob::new(
        "metrics.downscale_stabilization",
        Kind::Duration,
        "HPA downscale stabilization",
        "--horizontal-pod-autoscaler-downscale-stabilization.",
    )
    .default("5m")
    .documented("kube-controller-manager"),
    Knob::new(
        "metrics.cpu_initialization_period",
        Kind::Duration,
        "HPA CPU initialization period",
        "--horizontal-pod-autoscaler-cpu-initialization-period.",
    )
    .default("5m")
    .documented("kube-controller-manager"),
    Knob::new(
        "metrics.initial_readiness_delay",
        Kind::Duration,
        "HPA initial readiness delay",
        "--horizontal-pod-autoscaler-initial-readiness-delay.",
    )
    .default("30s")
    .documented("kube-controller-manager"),
];
