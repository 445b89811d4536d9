//! Knobs of health checks by the front end, and of the targets that it checks.

use super::{Kind, Knob};

const COUNT: Kind = Kind::Count { min: 1, max: 1_000 };

/// Checks by its own processes, and by a cloud's load balancer.
pub(super) const CHECKS: &[Knob] = &[
    Knob::new(
        "front_end.server_check",
        Kind::Switch,
        "server checks",
        "Whether every process checks the health of its pods itself.",
    ),
    Knob::new(
        "front_end.server_check.interval",
        Kind::Duration,
        "server check interval",
        "Time between two such checks of a pod, and how long one waits for an answer.",
    )
    .default("2s")
    .documented("HAProxy, configuration.txt, inter, fall and rise"),
    Knob::new(
        "front_end.server_check.fall",
        COUNT,
        "failed server checks",
        "Failed checks in a row that take a pod out.",
    )
    .default("3")
    .documented("HAProxy, configuration.txt, inter, fall and rise"),
    Knob::new(
        "front_end.server_check.rise",
        COUNT,
        "passed server checks",
        "Passed checks in a row that bring a pod back.",
    )
    .default("2")
    .documented("HAProxy, configuration.txt, inter, fall and rise"),
    Knob::new(
        "front_end.server_check.http",
        Kind::Switch,
        "server checks by HTTP",
        "Whether such a check asks for a page and wants it answered, or only connects.",
    )
    .default("false")
    .documented("HAProxy, configuration.txt, option httpchk"),
    Knob::new(
        "front_end.health_check.interval",
        Kind::Duration,
        "health check interval",
        "Time between two health checks of a target.",
    ),
    Knob::new(
        "front_end.health_check.healthy",
        COUNT,
        "healthy threshold",
        "Passed checks that make an unhealthy target healthy.",
    ),
    Knob::new(
        "front_end.health_check.unhealthy",
        COUNT,
        "unhealthy threshold",
        "Failed checks that make a healthy target unhealthy.",
    ),
    Knob::new(
        "front_end.health_check.initial",
        COUNT,
        "first checks",
        "Passed checks that a new target needs.",
    ),
    Knob::new(
        "front_end.deregistration_delay",
        Kind::Limit,
        "deregistration delay",
        "How long requests may go on at a target that was let go, before their connections are closed.",
    ),
];
