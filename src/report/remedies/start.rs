//! Losses at the beginning of a pod.

use super::facts::Facts;
use super::{Words, margin, seconds};
use crate::model::outcome::Cause;
use crate::study::Margin;

/// A Service with `publishNotReadyAddresses`: a pod is listed from its address on, until it is gone.
/// Source: kubernetes/endpointslice utils.go podToEndpoint.
pub(super) fn published(facts: &Facts<'_>) -> Words {
    let has_probe = facts.old.as_ref().is_some_and(|old| old.entry.readiness.is_some());
    let then = if has_probe { "readiness probe decides" } else { "readiness probe, which it lacks, decides" };
    Words::new(
        "no publishNotReadyAddresses on the Service",
        format!(
            "publishNotReadyAddresses: true lists a pod as ready from the moment it has an address until it is \
             gone, whatever its readiness probe says and while it terminates, too. So requests come before the \
             process listens and after it has stopped, and no probe and no preStop changes that. Remove the \
             field; the pod's {then} then. Pods that must find each other before they are ready need a headless \
             Service of their own with it."
        ),
    )
}

pub(super) fn readiness(cause: Cause, facts: &Facts<'_>) -> Words {
    let Some(old) = &facts.old else {
        return Words::new("a readiness probe", "No container takes requests.");
    };
    let name = &old.entry.name;
    let Some(probe) = old.entry.readiness else {
        return Words::new(
            "a readiness probe (there is none)",
            format!(
                "Without a readiness probe a pod takes traffic as soon as its container runs, before the process \
                 listens. Give `{name}` a readiness probe on the port and path that requests use."
            ),
        );
    };
    if probe.target.is_some_and(|target| target != old.entry_index) {
        return Words::new(
            "a readiness probe on the port that takes requests",
            format!(
                "The readiness probe of `{name}` asks another container's port, so it says nothing about the one \
                 that requests enter by. Point it at that port, and at a path that needs the whole pod."
            ),
        );
    }
    if probe.target.is_none() {
        return Words::new(
            "a readiness probe that asks the serving port",
            format!("The readiness probe of `{name}` is a command. Let it ask the port that requests use."),
        );
    }
    if cause == Cause::AppNotReady {
        let short = if probe.connects_only {
            "httpGet in place of tcpSocket readiness"
        } else {
            "readiness that fails until the application can serve"
        };
        return Words::new(
            short,
            format!(
                "The port accepts connections before the application can serve, and answers an error until then. \
                 The readiness probe must ask what requests need (httpGet on a path that answers an error until \
                 then).{}",
                egress_first_up(&old.egress)
            ),
        );
    }
    Words::new(
        "take a pod out of rotation before its listener closes",
        "The pod was ready once and did not listen when requests came: a restart of the container. See the \
         liveness probe and the start-up time.",
    )
}

/// What there is to say of containers that the application needs and that are not up before it.
fn egress_first_up(names: &[&str]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let names = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
    format!(
        " Where the answer is a 500, {names} was not up, which the application calls others through: a native sidecar \
         with a startup probe is up before it, and a readiness probe that asks the dependency waits for it."
    )
}

pub(super) fn liveness(facts: &Facts<'_>, margins: &[Margin]) -> Words {
    let egress = facts.old.as_ref().map_or(&[][..], |old| &old.egress);
    let restarted = egress.iter().map(|name| format!(" Where the answer is a 500 it was `{name}`."));
    let restarted: String = restarted.collect();
    match margin(margins, "startup") {
        Some(startup) if startup.slack < 0.0 => Words::new(
            format!(
                "a startup probe of {} or more (now {})",
                seconds(startup.need * 1.5),
                seconds(startup.have)
            ),
            format!(
                "Starting takes {} and the probes give up after {}, so the kubelet restarts a container that is \
                 only slow. A startupProbe with failureThreshold x periodSeconds well above the longest start-up \
                 holds liveness back.",
                seconds(startup.need),
                seconds(startup.have)
            ),
        ),
        _ => Words::new(
            "a liveness probe slower than the worst answer",
            format!(
                "The kubelet restarted a container whose liveness probe failed while it was busy. Give liveness a \
                 longer timeout and more failures than readiness, and a handler that waits for no worker and asks \
                 no dependency.{restarted}"
            ),
        ),
    }
}
