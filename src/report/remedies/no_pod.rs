//! Losses while there is no pod to send to.

use super::Words;
use super::facts::Facts;
use crate::model::probe::ProbeFailure;

pub(super) fn no_endpoints(facts: &Facts<'_>) -> Words {
    if let Some(words) = probes(facts) {
        return words;
    }
    if facts.recreates {
        return Words::new(
            "RollingUpdate in place of Recreate",
            "Recreate removes every old pod before the first new one starts, so for a while there is none. \
             RollingUpdate with maxUnavailable 0 keeps the old ones until new ones are available; it needs \
             room for maxSurge pods more.",
        );
    }
    if facts.unavailable > 0 && facts.unavailable >= facts.replicas {
        return Words::new(
            format!("maxUnavailable 0 (now {} of {})", facts.unavailable, facts.replicas),
            "The strategy allows every pod to be unavailable at once. maxUnavailable 0 keeps the old pods \
             until new ones are available; it needs room for maxSurge pods more.",
        );
    }
    Words::new(
        format!("more pods in rotation than can go at once (replicas: {})", facts.replicas),
        "At some moment the front end had no pod to send to. Keep more replicas than a rollout, a scale-in \
         or a failing probe can take out together; a PodDisruptionBudget protects against none of these, only \
         against evictions.",
    )
}

/// Probes that took out all pods together: more of these would have failed as well.
fn probes(facts: &Facts<'_>) -> Option<Words> {
    let probe = facts.old.as_ref()?.entry.readiness?.spec;
    match facts.emptied_by? {
        ProbeFailure::Down => None,
        ProbeFailure::Dependency => Some(Words::new(
            "readiness probes that ask no shared dependency",
            "The readiness probes ask a dependency of the application, which was down, so all pods left rotation \
             together and the front end had none to send to. More replicas fail together as well. Let readiness \
             speak for the pod alone: requests that need the dependency get an error from the application then, \
             and the others are answered.",
        )),
        ProbeFailure::QueueFull => Some(Words::new(
            "readiness probes that a full queue does not fail",
            "The readiness probes wait in the application's own queue, which was full, and were turned away like \
             requests, so all pods left rotation and the front end had none to send to. Let the probe ask a port or \
             a handler with room of its own; more workers or pods, or a longer queue, for the burst itself.",
        )),
        ProbeFailure::Timeout => Some(Words::new(
            format!("readiness timeoutSeconds above the worst answer (now {} s)", probe.timeout_seconds),
            format!(
                "The readiness probes wait for a worker and an answer like requests do, and had none within \
                 timeoutSeconds ({timeout} s); failureThreshold ({threshold}) such failures take a pod out, and so \
                 the front end had none left to send to. Set timeoutSeconds above the longest answer, or let the \
                 probe ask a handler that waits for nothing. More replicas help only where answers are late \
                 because pods are full.",
                timeout = probe.timeout_seconds,
                threshold = probe.failure_threshold,
            ),
        )),
    }
}
