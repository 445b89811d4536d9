//! Knobs of the tier before the front end, where the front end's processes are pods. What stands
//! there is a preset of a front end, and these are its values that are worth changing.

use super::{Kind, Knob};

const COUNT: Kind = Kind::Count { min: 1, max: 1_000 };

/// The outer tier. A path is that of the front end's knob with another first word.
pub(super) const OUTER: &[Knob] = &[
    Knob::new(
        "outer.preset",
        Kind::Text,
        "before the front end",
        "What sends requests to the front end, whose processes are pods then: kube-proxy, aws-nlb, aws-nlb-instance, aws-alb-ip, gke-neg or azure-agic; read from the ingress' Service if it asks for one.",
    )
    .alias("outer"),
    Knob::new(
        "outer.removal",
        Kind::Dist,
        "removal of ingress pods",
        "Deletion of an ingress pod to the moment no request is sent to it any more, in place of every stage between.",
    )
    .decisive(),
    Knob::new(
        "outer.addition",
        Kind::Dist,
        "addition of ingress pods",
        "Ingress pod ready to the moment it gets requests, in place of every stage between.",
    ),
    Knob::new(
        "outer.replicas",
        COUNT,
        "outer replicas",
        "Nodes or load balancer nodes, each with its own view of the ingress pods.",
    ),
    Knob::new(
        "outer.external_traffic_policy",
        Kind::Choice(&["Cluster", "Local"]),
        "policy before the front end",
        "Local: every node sends connections to its own ingress pods alone, and a load balancer checks which nodes have some.",
    ),
    Knob::new(
        "outer.connect_timeout",
        Kind::Duration,
        "outer connect timeout",
        "How long a connection to an ingress pod is waited for.",
    ),
    Knob::new(
        "outer.read_timeout",
        Kind::Limit,
        "outer read timeout",
        "How long an answer of the front end is waited for.",
    ),
    Knob::new(
        "outer.keepalive",
        Kind::Count { min: 0, max: 1_000_000 },
        "connections kept to ingress pods",
        "Whether idle connections to ingress pods are kept (any number) or each request opens one (0).",
    ),
    Knob::new(
        "outer.overhead",
        Kind::Duration,
        "time in the outer tier",
        "The outer tier's own work and the network there and back, per request.",
    ),
    Knob::new(
        "outer.watch",
        Kind::Dist,
        "outer watch delay",
        "A change of the ingress pods in the API server until the outer tier acts on it.",
    ),
    Knob::new(
        "outer.sync_rate",
        Kind::Number,
        "outer sync rate",
        "Lists of ingress pods handed on per second at most, 0 for no limit.",
    ),
    Knob::new(
        "outer.reconcile",
        Kind::Dist,
        "outer reconcile time",
        "The cloud controller's work on a change of the ingress pods.",
    ),
    Knob::new(
        "outer.apply",
        Kind::Dist,
        "outer apply time",
        "Request to the cloud's API until the load balancer obeys.",
    ),
    Knob::new(
        "outer.health_check.interval",
        Kind::Duration,
        "outer health check interval",
        "Time between two health checks of an ingress pod.",
    ),
    Knob::new(
        "outer.health_check.healthy",
        COUNT,
        "outer healthy threshold",
        "Passed checks that make an unhealthy ingress pod healthy.",
    ),
    Knob::new(
        "outer.health_check.unhealthy",
        COUNT,
        "outer unhealthy threshold",
        "Failed checks that make a healthy ingress pod unhealthy.",
    ),
    Knob::new(
        "outer.health_check.initial",
        COUNT,
        "outer first checks",
        "Passed checks that a new ingress pod needs.",
    ),
    Knob::new(
        "outer.deregistration_delay",
        Kind::Limit,
        "outer deregistration delay",
        "How long requests may go on at an ingress pod that was let go, before their connections are closed.",
    ),
];
