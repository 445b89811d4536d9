//! Load balancers of clouds. None of their delays was measured for podloss.

use super::{FrontEndPreset, Param, Updates};

const AWS: &str = "AWS documentation of target groups";
const CONTROLLER: &str = "aws-load-balancer-controller v3.5.0, pkg/ingress/model_builder.go";
const LAG: &str = "fitted to reports: aws-load-balancer-controller #1719, #1064, #2106, #2366";
const GKE: &str = "ingress-gce pkg/translator/healthchecks.go";
const AGIC: &str = "AGIC docs/how-tos/minimize-downtime-during-deployments.md, #75";

/// Load balancers of clouds.
pub(super) const CLOUD: &[FrontEndPreset] = &[
    FrontEndPreset {
        name: "aws-alb-ip",
        title: "AWS Application Load Balancer, target type ip, AWS Load Balancer Controller v3.5.0",
        updates: Updates::TargetGroup,
        refused: None,
        params: &[
            Param::guess("front_end.replicas", "2", "one node per zone").range("2", "10"),
            Param::guess("front_end.workers", "1", "a node is one holder"),
            Param::documented("front_end.balancer", "round-robin", AWS),
            Param::guess("front_end.retry_on", "off", "no retry is documented"),
            Param::guess("front_end.tries", "1", "no retry is documented"),
            Param::guess("front_end.retry_non_idempotent", "false", "no retry is documented"),
            Param::documented("front_end.connect_timeout", "10s", AWS),
            Param::documented("front_end.read_timeout", "60s", "idle timeout of the load balancer"),
            Param::guess("front_end.keepalive", "1000", "the number is not documented"),
            Param::documented("front_end.keepalive_idle", "60s", "idle timeout of the load balancer"),
            Param::guess("front_end.stale_retry", "false", "no retry is documented"),
            Param::guess("front_end.watch", "median=5ms,p99=100ms", "one watch hop"),
            Param::guess("front_end.reconcile", "median=1s,p95=5s,max=p99", LAG).range("200ms", "10s"),
            Param::guess("front_end.apply", "median=8s,p95=30s,max=p99", LAG).range("4s", "30s"),
            Param::guess("front_end.removal", "9s", LAG).range("5s", "25s"),
            Param::documented("front_end.health_check.interval", "15s", CONTROLLER),
            Param::documented("front_end.health_check.healthy", "2", CONTROLLER),
            Param::documented("front_end.health_check.unhealthy", "2", CONTROLLER),
            Param::documented("front_end.health_check.initial", "1", AWS),
            Param::guess("front_end.overhead", "2ms", "one hop between zones").range("500us", "10ms"),
            Param::documented("front_end.status.error", "502", AWS),
            Param::documented("front_end.status.connect_timeout", "504", AWS),
            Param::documented("front_end.status.read_timeout", "504", AWS),
            Param::documented("front_end.status.no_endpoints", "503", AWS),
            Param::documented("front_end.status.all_down", "503", AWS),
            Param::documented("front_end.status.client_left", "460", AWS),
            Param::guess("network.after_exit", "blackhole", "secondary addresses of the VPC CNI")
                .range("refused", "blackhole"),
        ],
    },
    FrontEndPreset {
        name: "gke-neg",
        title: "Google Cloud load balancer with container-native endpoints (NEG)",
        updates: Updates::TargetGroup,
        refused: None,
        params: &[
            Param::guess("front_end.replicas", "4", "proxies of one region").range("2", "20"),
            Param::guess("front_end.workers", "1", "a proxy is one holder"),
            Param::guess("front_end.balancer", "round-robin", "rate balancing"),
            Param::guess("front_end.retry_on", "off", "one retry in some generations").range("error", "off"),
            Param::guess("front_end.tries", "1", "one retry in some generations").range("2", "1"),
            Param::guess("front_end.retry_non_idempotent", "false", "requests without body only"),
            Param::guess("front_end.connect_timeout", "5s", "not documented").range("5s", "30s"),
            Param::documented("front_end.read_timeout", "30s", "backend service timeout"),
            Param::guess("front_end.keepalive", "1000", "the number is not documented"),
            Param::documented("front_end.keepalive_idle", "600s", "request distribution page"),
            Param::guess("front_end.stale_retry", "false", "not documented"),
            Param::guess("front_end.watch", "median=5ms,p99=100ms", "one watch hop"),
            Param::guess("front_end.reconcile", "median=1s,p95=5s,max=p99", "NEG syncer")
                .range("200ms", "10s"),
            Param::guess("front_end.apply", "median=9s,p95=55s,max=p99", "ingress-gce #769, #2222")
                .range("3s", "1m"),
            Param::guess("front_end.removal", "10s", "ingress-gce #769, #2222").range("3s", "1m"),
            Param::documented("front_end.health_check.interval", "15s", GKE),
            Param::documented("front_end.health_check.healthy", "1", GKE),
            Param::documented("front_end.health_check.unhealthy", "2", GKE),
            Param::documented("front_end.health_check.initial", "1", GKE),
            Param::guess("front_end.overhead", "2ms", "one hop between zones").range("500us", "10ms"),
            Param::guess("front_end.status.error", "502", "classic load balancer"),
            Param::guess("front_end.status.connect_timeout", "502", "classic load balancer"),
            Param::guess("front_end.status.read_timeout", "502", "504 in newer generations"),
            Param::guess("front_end.status.no_endpoints", "502", "503 in newer generations"),
            Param::guess("front_end.status.all_down", "502", "503 in newer generations"),
            Param::guess("front_end.status.client_left", "499", "log entry"),
            Param::guess("network.after_exit", "blackhole", "secondary addresses of the VPC")
                .range("refused", "blackhole"),
        ],
    },
    FrontEndPreset {
        name: "azure-agic",
        title: "Azure Application Gateway with its ingress controller",
        updates: Updates::TargetGroup,
        refused: None,
        params: &[
            Param::guess("front_end.replicas", "2", "two instances").range("2", "10"),
            Param::guess("front_end.workers", "1", "an instance is one holder"),
            Param::guess("front_end.balancer", "round-robin", "documented for backend pools"),
            Param::guess("front_end.retry_on", "off", "not documented"),
            Param::guess("front_end.tries", "1", "not documented"),
            Param::guess("front_end.retry_non_idempotent", "false", "not documented"),
            Param::guess("front_end.connect_timeout", "10s", "not documented").range("5s", "30s"),
            Param::documented("front_end.read_timeout", "30s", "AGIC annotations.md, request-timeout"),
            Param::guess("front_end.keepalive", "1000", "the number is not documented"),
            Param::guess("front_end.keepalive_idle", "60s", "not documented").range("20s", "4m"),
            Param::guess("front_end.stale_retry", "false", "not documented"),
            Param::guess("front_end.watch", "median=5ms,p99=100ms", "one watch hop"),
            Param::guess("front_end.reconcile", "median=2s,p95=10s,max=p99", AGIC).range("500ms", "20s"),
            Param::guess("front_end.apply", "median=38s,p95=2m,max=p99", AGIC).range("1s", "3m"),
            Param::guess("front_end.removal", "40s", AGIC).range("1s", "3m"),
            Param::guess("front_end.health_check.interval", "5s", "taken from the readiness probe")
                .range("5s", "30s"),
            Param::guess("front_end.health_check.healthy", "1", "not documented"),
            Param::guess("front_end.health_check.unhealthy", "3", "taken from the readiness probe"),
            Param::guess("front_end.health_check.initial", "1", "not documented"),
            Param::guess("front_end.overhead", "2ms", "one hop between zones").range("500us", "10ms"),
            Param::documented("front_end.status.error", "502", AGIC),
            Param::documented("front_end.status.connect_timeout", "502", AGIC),
            Param::guess("front_end.status.read_timeout", "504", "v2; v1 answers 502"),
            Param::documented("front_end.status.no_endpoints", "502", AGIC),
            Param::documented("front_end.status.all_down", "502", AGIC),
            Param::guess("front_end.status.client_left", "499", "access log"),
            Param::guess("network.after_exit", "blackhole", "addresses of the virtual network")
                .range("refused", "blackhole"),
        ],
    },
    FrontEndPreset {
        name: "aws-alb-instance",
        title: "AWS Application Load Balancer, target type instance (the controller's default)",
        updates: Updates::TargetGroup,
        refused: Some(
            "node ports with connections pinned to pods behind them are not simulated yet; with target type ip write `--front-end aws-alb-ip`",
        ),
        params: &[],
    },
    FrontEndPreset {
        name: "aws-nlb",
        title: "AWS Network Load Balancer",
        updates: Updates::TargetGroup,
        refused: Some("front ends that balance connections, not requests, are not simulated yet"),
        params: &[],
    },
];
