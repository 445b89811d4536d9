//! The table. Above each row stands where people told the story; where they name no rate, no number of
//! pods and no times, they are chosen so that a run is short.

use podloss::model::outcome::Cause::{self, *};
use podloss::model::outcome::Status::{self, *};

use super::bases::{BYPASSED, GATED, LOCAL, MESH, NEG, PHP, SCALED, UNPROBED, WEB};
use super::{Case, Cure, Settings, Story, Suffers};

const ROLLOUT: &str = "--rps 100\n--duration 60s\n--event rollout@10s\n";
/// Load balancers of clouds take their time.
const LONG_ROLLOUT: &str = "--rps 50\n--duration 3m\n--event rollout@10s\n";
/// Connections rest when there is little to do.
const QUIET: &str = "--rps 2\n--duration 2h\n";

/// Nobody taught the process to stop, and a dead address answers with a reset: the "111: Connection
/// refused" of the reports.
const ABRUPT: Settings = &[("on-stop", "exit"), ("after_exit", "refused"), ("startup", "3s")];
/// One process of the front end knows the old pods alone, which stop as they should.
const STALE_ROLLOUT: &str = "--rps 50\n--duration 120s\n--event rollout@10s\n--event stale-front-end@5s\n";
const STAYS_BEHIND: Settings =
    &[("on-stop", "drain"), ("after_exit", "blackhole"), ("startup", "3s"), ("preStop", "10s")];
/// Behind a cloud's network nobody answers for it.
const SILENT: Settings = &[("on-stop", "exit"), ("after_exit", "blackhole"), ("startup", "3s")];

fn story(
    id: &'static str,
    tale: &'static str,
    case: Case,
    suffers: Suffers,
    cures: &'static [Cure],
) -> Story {
    Story { id, tale, case, suffers, cures }
}

const fn loses(status: Status, cause: Cause) -> Suffers {
    Suffers::Loses(status, cause)
}

pub(crate) fn stories() -> Vec<Story> {
    let at = |front, manifests, line, with| Case { front, manifests, line, with };
    let ingress = |line, with| at("ingress-nginx", WEB, line, with);
    vec![
        // kubernetes/ingress-nginx #7330, #3335, #7097
        story(
            "S1",
            "a deleted pod cuts POSTs off, tries elsewhere hide the rest",
            ingress(
                "--rps 100\n--duration 40s\n--event kill-pod@10s\n",
                &[("on-stop", "exit"), ("latency", "400ms"), ("startup", "3s")],
            ),
            Suffers::LosesPosts(BadGateway, KilledInFlight),
            &[Cure::Set(&[("preStop", "10s")]), Cure::Set(&[("on-stop", "drain")])],
        ),
        // kubernetes/ingress-nginx #3639
        story(
            "S2",
            "so many pods go at once that three tries meet three dead ones",
            ingress(
                "--rps 300\n--duration 40s\n--event scale=5@10s\n",
                &[("on-stop", "exit"), ("after_exit", "refused"), ("replicas", "10")],
            ),
            loses(BadGateway, ListenerClosed),
            &[Cure::Set(&[("preStop", "10s")]), Cure::Do("--rps 300\n--duration 40s\n--event scale=9@10s\n")],
        ),
        // kubernetes/ingress-nginx #7097
        story(
            "S3",
            "all tries go to the one pod that is gone",
            ingress(
                "--rps 50\n--duration 40s\n--event rollout@10s\n",
                &[
                    ("on-stop", "exit"),
                    ("after_exit", "refused"),
                    ("startup", "3s"),
                    ("replicas", "1"),
                    ("maxSurge", "1"),
                    ("maxUnavailable", "0"),
                ],
            ),
            loses(BadGateway, ListenerClosed),
            &[Cure::Set(&[("preStop", "10s")])],
        ),
        // kubernetes/ingress-nginx #3639, nginx/kubernetes-ingress #891
        story(
            "S4",
            "nginx behind nginx is ended by SIGTERM",
            ingress(ROLLOUT, &[("on-stop", "nginx-term"), ("latency", "400ms"), ("startup", "1s")]),
            Suffers::LosesPosts(BadGateway, KilledInFlight),
            &[Cure::Set(&[("on-stop", "nginx-quit")])],
        ),
        // nodejs/node #27363, #20256
        story(
            "S5",
            "a server closes idle connections before the ALB does",
            at("aws-alb-ip", WEB, QUIET, &[("keepalive_idle", "5s"), ("race_window", "5ms")]),
            loses(BadGateway, KeepaliveRace),
            &[Cure::Set(&[("keepalive_idle", "65s")])],
        ),
        // kubernetes/ingress-nginx #9877, #11244, #3099
        story(
            "S5b",
            "a server closes idle connections before nginx does, which sends no POST twice",
            ingress("--rps 4\n--duration 2h\n", &[("keepalive_idle", "5s"), ("race_window", "5ms")]),
            Suffers::LosesPosts(BadGateway, KeepaliveRace),
            &[Cure::Set(&[("keepalive_idle", "65s")])],
        ),
        // kubernetes-sigs/aws-load-balancer-controller #1719, #1064, #1065, #814, #2106
        story(
            "S6",
            "an ALB sends to pods that are gone until it has deregistered them",
            at("aws-alb-ip", GATED, LONG_ROLLOUT, SILENT),
            loses(GatewayTimeout, Blackholed),
            &[Cure::Set(&[("preStop", "70s"), ("grace", "90")])],
        ),
        // as S6
        story(
            "S6b",
            "the same while the node still answers for the pod",
            at("aws-alb-ip", GATED, LONG_ROLLOUT, ABRUPT),
            loses(BadGateway, ListenerClosed),
            &[Cure::Set(&[("preStop", "70s"), ("grace", "90")])],
        ),
        // kubernetes-sigs/aws-load-balancer-controller #1064
        story(
            "S7",
            "a hook of 40 s in a grace period of 30 s",
            at(
                "aws-alb-ip",
                GATED,
                LONG_ROLLOUT,
                &[
                    ("on-stop", "drain"),
                    ("latency", "10s"),
                    ("startup", "3s"),
                    ("removal", "25s"),
                    ("preStop", "40s"),
                    ("grace", "30"),
                ],
            ),
            loses(BadGateway, KilledInFlight),
            &[Cure::Set(&[("grace", "60")])],
        ),
        // kubernetes-sigs/aws-load-balancer-controller #905, its page on readiness gates
        story(
            "S8",
            "old targets are gone before new ones are in service",
            at(
                "aws-alb-ip",
                WEB,
                LONG_ROLLOUT,
                &[
                    ("replicas", "2"),
                    ("startup", "1s"),
                    ("removal", "5s"),
                    ("preStop", "40s"),
                    ("grace", "60"),
                ],
            ),
            loses(Unavailable, NoEndpoints),
            &[Cure::Apply(GATED), Cure::Set(&[("minReadySeconds", "60")])],
        ),
        // kubernetes-sigs/aws-load-balancer-controller #3622, #1960, #3417, #4180
        story(
            "S9",
            "gated pods wait for a controller that is stuck",
            at(
                "aws-alb-ip",
                GATED,
                "--rps 5\n--duration 8m\n--event rollout@10s\n",
                &[("startup", "3s"), ("settle_limit", "1m"), ("front_end.reconcile", "1000s")],
            ),
            Suffers::Stalls,
            // It ends, and its pods go without a hook: S6.
            &[Cure::Mends(&[("front_end.reconcile", "10s")])],
        ),
        // kubernetes-sigs/aws-load-balancer-controller #2366, #3270
        story(
            "S10",
            "an NLB goes on for two minutes, whatever the delay is set to",
            at(
                "aws-nlb",
                WEB,
                "--rps 20\n--duration 5m\n--event rollout@10s\n",
                &[
                    ("on-stop", "exit"),
                    ("startup", "3s"),
                    ("removal", "2m"),
                    ("preStop", "30s"),
                    ("grace", "60"),
                ],
            ),
            loses(Timeout, Blackholed),
            &[Cure::Set(&[("preStop", "130s"), ("grace", "160")])],
        ),
        // kubernetes/kubernetes #128479
        story(
            "S11",
            "an ALB's pooled connections to node ports stay with a pod that ends",
            at(
                "aws-alb-instance",
                WEB,
                "--rps 100\n--duration 100s\n--event kill-pod@10s\n",
                &[
                    ("on-stop", "exit"),
                    ("preStop", "60s"),
                    ("grace", "90"),
                    ("latency", "400ms"),
                    ("startup", "3s"),
                ],
            ),
            loses(BadGateway, KilledInFlight),
            &[
                Cure::Set(&[("front-end", "aws-alb-ip")]),
                Cure::Set(&[("front_end.keepalive", "0")]),
                Cure::Set(&[("on-stop", "drain")]),
            ],
        ),
        // as S11
        story(
            "S11b",
            "an NLB's flows to node ports stay with a pod that ends",
            at(
                "aws-nlb-instance",
                WEB,
                "--conns 40\n--think 100ms\n--duration 100s\n--event kill-pod@10s\n",
                &[
                    ("on-stop", "exit"),
                    ("preStop", "60s"),
                    ("grace", "90"),
                    ("latency", "400ms"),
                    ("startup", "3s"),
                ],
            ),
            loses(Reset, KilledInFlight),
            &[Cure::Set(&[("client.keep_alive", "false")]), Cure::Set(&[("max_connection_age", "10s")])],
        ),
        // istio/istio #34855, #36640, #36660, #44690
        story(
            "S12",
            "a mesh proxy leaves while its application still drains",
            at(
                "istio-gateway",
                MESH,
                ROLLOUT,
                &[
                    ("preStop@app", "20s"),
                    ("front_end.tries", "1"),
                    ("on-stop", "drain"),
                    ("removal", "12s"),
                    ("startup", "2s"),
                ],
            ),
            loses(Unavailable, ListenerClosed),
            &[Cure::Set(&[("containers.istio-proxy.on_stop", "linger=20s")])],
        ),
        // as S12
        story(
            "S12b",
            "the same, injected, until it is a native sidecar",
            at(
                "istio-gateway",
                WEB,
                ROLLOUT,
                &[
                    ("mesh", "istio"),
                    ("front_end.tries", "1"),
                    ("preStop", "20s"),
                    ("on-stop", "drain"),
                    ("removal", "12s"),
                    ("startup", "2s"),
                ],
            ),
            loses(Unavailable, ListenerClosed),
            &[Cure::Set(&[("mesh", "istio-native")])],
        ),
        // as S12
        story(
            "S12c",
            "an application is gone while its mesh proxy still takes requests",
            at(
                "istio-gateway",
                WEB,
                ROLLOUT,
                &[("mesh", "istio-native"), ("on-stop", "drain"), ("removal", "4s"), ("startup", "2s")],
            ),
            loses(Unavailable, InPodUpstreamDown),
            &[Cure::Set(&[("preStop", "10s")])],
        ),
        // istio/istio #36640, for what the application calls
        story(
            "S12d",
            "what an application calls fails when its mesh proxy has left, although requests go past that",
            at(
                "ingress-nginx",
                BYPASSED,
                ROLLOUT,
                &[("preStop@app", "20s"), ("on-stop", "drain"), ("removal", "12s"), ("startup", "2s")],
            ),
            loses(InternalError, EgressDown),
            &[Cure::Set(&[("containers.istio-proxy.on_stop", "linger=25s")])],
        ),
        // istio/istio #7665, #13616, #55138
        story(
            "S13",
            "a gateway does not retry what a reset has cut off",
            at(
                "istio-gateway",
                WEB,
                ROLLOUT,
                &[("on-stop", "exit"), ("latency", "300ms"), ("startup", "2s")],
            ),
            loses(Unavailable, KilledInFlight),
            // Who drains closes idle connections, and a request may be on its way on one: S14.
            &[Cure::Mends(&[("on-stop", "drain")]), Cure::Set(&[("preStop", "10s")])],
        ),
        // as S13
        story(
            "S13b",
            "a gateway's list is old, and retries meet other dead pods",
            at(
                "istio-gateway",
                WEB,
                ROLLOUT,
                &[
                    ("on-stop", "drain"),
                    ("after_exit", "refused"),
                    ("startup", "2s"),
                    // The longest that istiod collects changes.
                    ("front_end.batch", "10s"),
                ],
            ),
            loses(Unavailable, ListenerClosed),
            &[Cure::Set(&[("preStop", "15s")])],
        ),
        // istio/istio #31393, #45802, #55138
        story(
            "S14",
            "Envoy keeps connections for an hour, the server does not",
            at("istio-gateway", WEB, QUIET, &[("keepalive_idle", "5s"), ("race_window", "5ms")]),
            loses(Unavailable, KeepaliveRace),
            &[Cure::Set(&[("front_end.keepalive_idle", "4s")])],
        ),
        // kubernetes/ingress-gce #769, #583, #2222, #1718
        story(
            "S15",
            "a NEG detaches late: every kind of silence is a 502",
            at("gke-neg", NEG, "--rps 100\n--duration 4m\n--event rollout@10s\n", SILENT),
            loses(BadGateway, Blackholed),
            &[Cure::Set(&[("preStop", "100s"), ("grace", "120")])],
        ),
        // Azure/application-gateway-kubernetes-ingress #75
        story(
            "S16",
            "an Application Gateway needs 40 s for its pool",
            at(
                "azure-agic",
                WEB,
                LONG_ROLLOUT,
                &[
                    ("on-stop", "drain"),
                    ("startup", "3s"),
                    ("removal", "40s"),
                    ("preStop", "30s"),
                    ("grace", "101"),
                ],
            ),
            loses(BadGateway, Blackholed),
            &[Cure::Set(&[("preStop", "90s")])],
        ),
        // kubernetes/kubernetes #50977, #73362, #127937, KEP-1669
        story(
            "S17",
            "a node without a pod of its own drops connections",
            at("kube-proxy", LOCAL, LONG_ROLLOUT, &[("on-stop", "exit"), ("startup", "3s")]),
            loses(Timeout, NoLocalEndpoints),
            &[
                Cure::Set(&[("preStop", "50s"), ("grace", "90")]),
                Cure::Set(&[("externalTrafficPolicy", "Cluster"), ("preStop", "10s")]),
            ],
        ),
        // kubernetes/kubernetes #43576, #100698, #21418
        story(
            "S18",
            "kept connections stay with a pod that has left the rotation",
            at(
                "kube-proxy",
                WEB,
                "--conns 40\n--think 50ms\n--duration 60s\n--event rollout@10s\n",
                &[("on-stop", "exit"), ("latency", "100ms"), ("startup", "2s"), ("preStop", "3s")],
            ),
            loses(Reset, KilledInFlight),
            &[Cure::Set(&[("keepalive_idle", "0s")]), Cure::Set(&[("on-stop", "drain")])],
        ),
        // as S18, and kubernetes.io's "gRPC load balancing on Kubernetes without tears"
        story(
            "S18b",
            "gRPC clients with few connections stay with a pod that has left the rotation",
            at(
                "kube-proxy",
                WEB,
                "--rps 200\n--duration 60s\n--event rollout@10s\n",
                &[
                    ("client.connections", "8"),
                    ("on-stop", "exit"),
                    ("latency", "100ms"),
                    ("startup", "2s"),
                    ("preStop", "3s"),
                ],
            ),
            loses(Reset, KilledInFlight),
            &[Cure::Set(&[("client.connections", "0")]), Cure::Set(&[("on-stop", "drain")])],
        ),
        // A websocket is a request that lasts, costs next to nothing, and takes no worker.
        story(
            "S18c",
            "websockets outlive the grace period",
            at(
                "ingress-nginx",
                WEB,
                "--rps 1\n--duration 10m\n--event rollout@5m\n",
                &[
                    ("latency", "2m,cpu=1ms"),
                    // Nobody sends one again once it is open.
                    ("post", "100%"),
                    ("front_end.read_timeout", "1h"),
                    ("on-stop", "drain"),
                    ("preStop", "10s"),
                    ("startup", "2s"),
                ],
            ),
            Suffers::LosesPosts(BadGateway, KilledInFlight),
            &[Cure::Set(&[("grace", "300")])],
        ),
        // kubernetes/kubernetes #33674, projectcontour/contour #2296
        story(
            "S19",
            "an autoscaler adds pods that do not listen yet",
            at(
                "ingress-nginx",
                UNPROBED,
                "--rps 50@0,200@30s\n--duration 3m\n",
                &[("latency", "20ms,cpu=10ms"), ("startup", "10s")],
            ),
            loses(BadGateway, NotListeningYet),
            &[Cure::Apply(SCALED)],
        ),
        // kubernetes/kubernetes #28692, #67252, kubernetes/ingress-nginx #6161
        story(
            "S20",
            "a JVM's start looks like load, and brings more of them",
            at(
                "ingress-nginx",
                UNPROBED,
                "--rps 50@0,80@60s\n--duration 8m\n",
                &[("latency", "20ms,cpu=10ms"), ("startup", "60s"), ("containers.*.startup_cpu", "2")],
            ),
            // 80 requests/s at 10 ms of CPU and 60 % of half a core are worth three pods.
            Suffers::Grows(12),
            &[Cure::Apply(SCALED), Cure::Set(&[("containers.*.startup_cpu", "0")])],
        ),
        // kubernetes/ingress-nginx #11562
        story(
            "S21",
            "one process never gets the list that drops dead pods",
            at("ingress-nginx", WEB, STALE_ROLLOUT, STAYS_BEHIND),
            loses(GatewayTimeout, Blackholed),
            &[Cure::Do(LONG_ROLLOUT)],
        ),
        // Smals-Webtech/base-php #55, kubernetes/kubernetes #76580
        story(
            "S22",
            "php-fpm gives up its requests at once, process_control_timeout is 0",
            at(
                "ingress-nginx",
                PHP,
                "--rps 50\n--duration 40s\n--event scale=2@10s\n",
                &[("latency", "500ms,cpu=5ms"), ("startup", "2s")],
            ),
            loses(BadGateway, InPodUpstreamDown),
            &[Cure::Set(&[("containers.php-fpm.on_stop", "php-fpm-quit,limit=15s"), ("preStop", "10s")])],
        ),
        // traefik/traefik #4452, #1384
        story(
            "S23",
            "Traefik dials pods that are gone, for 30 s each",
            at("traefik", WEB, "--rps 50\n--duration 100s\n--event rollout@10s\n", SILENT),
            loses(GatewayTimeout, Blackholed),
            &[Cure::Set(&[("preStop", "15s")])],
        ),
        // as S23
        story(
            "S23b",
            "Traefik does not try again where it is refused",
            at("traefik", WEB, ROLLOUT, ABRUPT),
            loses(BadGateway, ListenerClosed),
            &[Cure::Set(&[("preStop", "15s")])],
        ),
        // as S23; the cure is a middleware `retry: {attempts: 10}`, which saves nothing that was sent already
        story(
            "S23c",
            "Traefik does not try again, although pods finish what they have",
            at(
                "traefik",
                WEB,
                ROLLOUT,
                &[("on-stop", "drain"), ("after_exit", "refused"), ("startup", "3s")],
            ),
            loses(BadGateway, ListenerClosed),
            &[Cure::Set(&[("front_end.tries", "10"), ("front_end.retry_on", "connect-failure")])],
        ),
        // kubernetes/kubernetes #74839, #117924
        story(
            "S24",
            "conntrack calls packets invalid, and connections are reset at random",
            at("aws-alb-ip", WEB, "--rps 50\n--duration 60s\n", &[("network.resets", "1%")]),
            loses(BadGateway, NetworkReset),
            &[Cure::Set(&[("network.resets", "0%")])],
        ),
    ]
}
