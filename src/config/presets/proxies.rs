//! Proxies that run in or beside the cluster.

use super::{FrontEndPreset, Param, Updates};

const NGINX_DOCS: &str = "nginx.org";
const INGRESS_CONFIG: &str = "ingress-nginx v1.15.0, internal/ingress/controller/config/config.go";
const LUA: &str = "ingress-nginx v1.15.0, rootfs/etc/nginx/lua/balancer.lua";

/// What nginx and its relatives answer themselves.
const NGINX_STATUSES: [Param; 6] = [
    Param::measured("front_end.status.error", "502", "nginx 1.22.1, ngx_http_upstream_next"),
    Param::measured("front_end.status.connect_timeout", "504", "nginx 1.22.1, ngx_http_upstream_next"),
    Param::measured("front_end.status.read_timeout", "504", "nginx 1.22.1, ngx_http_upstream_next"),
    Param::measured("front_end.status.no_endpoints", "502", "nginx 1.22.1, no live upstreams"),
    Param::measured("front_end.status.all_down", "502", "nginx 1.22.1, no live upstreams"),
    Param::measured("front_end.status.client_left", "499", "nginx 1.22.1"),
];

/// In-cluster proxies.
pub(super) const PROXIES: &[FrontEndPreset] = &[
    FrontEndPreset {
        name: "ingress-nginx",
        title: "Ingress controller of the Kubernetes project, v1.15.0, Lua balancer",
        updates: Updates::SyncAndPoll,
        refused: None,
        params: &[
            Param::guess("front_end.replicas", "2", "two controller pods").range("1", "4"),
            Param::guess("front_end.workers", "4", "one worker per core").range("2", "16"),
            Param::documented("front_end.balancer", "ingress-ring", "lua/balancer/round_robin.lua"),
            Param::documented("front_end.retry_on", "error+timeout", INGRESS_CONFIG),
            Param::documented("front_end.tries", "3", INGRESS_CONFIG),
            Param::documented("front_end.retry_non_idempotent", "false", INGRESS_CONFIG),
            Param::documented("front_end.connect_timeout", "5s", INGRESS_CONFIG),
            Param::documented("front_end.read_timeout", "60s", INGRESS_CONFIG),
            Param::documented("front_end.keepalive", "320", INGRESS_CONFIG),
            Param::documented("front_end.keepalive_idle", "60s", INGRESS_CONFIG),
            Param::measured("front_end.stale_retry", "true", "nginx 1.22.1, u->peer.cached"),
            Param::guess("front_end.watch", "median=5ms,p99=100ms", "one watch hop").range("2ms", "500ms"),
            Param::documented("front_end.batch", "0s", "the first change is handled at once"),
            Param::documented("front_end.sync_rate", "0.3", "pkg/flags/flags.go, sync-rate-limit"),
            Param::documented("front_end.poll", "1s", LUA),
            Param::documented(
                "front_end.removal",
                "600ms",
                "one poll; up to 4.3 s after another change, above 5 s is abnormal (#3335)",
            )
            .range("100ms", "5s"),
            Param::guess("front_end.overhead", "1ms", "proxying in one cluster").range("300us", "5ms"),
            NGINX_STATUSES[0],
            NGINX_STATUSES[1],
            NGINX_STATUSES[2],
            Param::documented("front_end.status.no_endpoints", "503", "Lua rewrite phase"),
            Param::documented("front_end.status.all_down", "503", "Lua peers are never marked down"),
            NGINX_STATUSES[5],
        ],
    },
    FrontEndPreset {
        name: "nginx",
        title: "open-source nginx with its own balancer, reloaded by a controller on every change",
        updates: Updates::Reload,
        refused: None,
        params: &[
            Param::guess("front_end.replicas", "2", "two instances").range("1", "4"),
            Param::guess("front_end.workers", "4", "worker_processes auto").range("2", "16"),
            Param::documented("front_end.balancer", "nginx", "ngx_http_upstream_round_robin.c"),
            Param::measured("front_end.max_fails", "1", "nginx 1.22.1"),
            Param::measured("front_end.fail_timeout", "10s", "nginx 1.22.1"),
            Param::measured("front_end.retry_on", "error+timeout", "nginx 1.22.1"),
            Param::documented("front_end.tries", "0", NGINX_DOCS),
            Param::measured("front_end.retry_non_idempotent", "false", "nginx 1.22.1"),
            Param::documented("front_end.connect_timeout", "60s", NGINX_DOCS),
            Param::documented("front_end.read_timeout", "60s", NGINX_DOCS),
            Param::documented("front_end.keepalive", "0", "nginx before 1.29.7; 32 since").range("0", "32"),
            Param::documented("front_end.keepalive_idle", "60s", NGINX_DOCS),
            Param::measured("front_end.stale_retry", "true", "nginx 1.22.1, u->peer.cached"),
            Param::guess("front_end.watch", "median=5ms,p99=100ms", "one watch hop").range("2ms", "500ms"),
            Param::guess("front_end.batch", "100ms", "a controller that collects changes").range("0s", "5s"),
            Param::guess("front_end.removal", "400ms", "watch, batch and reload").range("100ms", "10s"),
            Param::guess("front_end.reload_interval", "1s", "a controller that limits reloads")
                .range("100ms", "30s"),
            Param::guess("front_end.reload_start", "100ms", "configuration test and fork")
                .range("10ms", "2s"),
            Param::measured("front_end.reload_overlap", "100ms", "nginx 1.22.1 with a small configuration")
                .range("10ms", "1s"),
            Param::guess("front_end.overhead", "1ms", "proxying in one cluster").range("300us", "5ms"),
            NGINX_STATUSES[0],
            NGINX_STATUSES[1],
            NGINX_STATUSES[2],
            NGINX_STATUSES[3],
            NGINX_STATUSES[4],
            NGINX_STATUSES[5],
        ],
    },
    FrontEndPreset {
        name: "kube-proxy",
        title: "Service address through kube-proxy, no proxy that knows HTTP",
        updates: Updates::InPlace,
        refused: Some(
            "connections pinned to pods and the fallback to terminating endpoints are not simulated yet",
        ),
        params: &[],
    },
    FrontEndPreset {
        name: "haproxy",
        title: "HAProxy Kubernetes ingress controller",
        updates: Updates::InPlace,
        refused: Some("retries at the same server with a pause are not simulated yet"),
        params: &[],
    },
    FrontEndPreset {
        name: "envoy",
        title: "Envoy with a control plane of its own",
        updates: Updates::InPlace,
        refused: Some(
            "power of two choices, retries of connect failures only, and outlier detection are not simulated yet",
        ),
        params: &[],
    },
    FrontEndPreset {
        name: "istio-gateway",
        title: "Istio ingress gateway",
        updates: Updates::InPlace,
        refused: Some(
            "power of two choices, retries of connect failures only, and sidecars on both sides are not simulated yet",
        ),
        params: &[],
    },
    FrontEndPreset {
        name: "traefik",
        title: "Traefik ingress controller",
        updates: Updates::InPlace,
        refused: Some("the silent retry on reused connections without any other retry is not simulated yet"),
        params: &[],
    },
];
