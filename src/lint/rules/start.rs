//! Probes against the time that a process needs to start.

use crate::config::case::Origin;
use crate::diag::Severity;
use crate::lint::facts::{bare, secs};
use crate::lint::{ContainerFacts, Facts, Found, ProbeFacts, Rule};

/// See the rule's own words.
pub(super) const STARTUP_BUDGET: Rule = Rule {
    code: "PL005",
    name: "startup-budget",
    severity: Severity::Error,
    title: "a startup probe waits for as long as the start may take",
    why: "When the startup probe has failed failureThreshold times the kubelet stops the container and starts it \
          again, so a slow start never ends. The ticks of a probe have any phase, so only initialDelaySeconds + \
          (failureThreshold - 1) x periodSeconds are sure.",
    remedy: "Raise failureThreshold: a startup probe costs nothing once it has succeeded.",
    blind: "How long the start takes when many pods start at once and share a node's CPU.",
    source: "kubernetes pkg/kubelet/prober/worker.go",
    check: |facts| budgets(facts, |container| container.startup.as_ref(), "startupProbe"),
};

/// See the rule's own words.
pub(super) const SLOW_START: Rule = Rule {
    code: "PL007",
    name: "liveness-without-startup-probe",
    severity: Severity::Error,
    title: "a slow starter with a liveness probe has a startup probe",
    why: "Without a startup probe liveness counts from the first tick, and kills a process that is still loading. \
          Patience put into initialDelaySeconds is missing later, when it comes to hanging processes.",
    remedy: "Add a startupProbe with the same handler and a failureThreshold for the slowest start.",
    blind: "How long the start takes, unless it is given (--startup).",
    source: "kubernetes pkg/kubelet/prober/worker.go",
    check: |facts| {
        let unguarded = |container: &ContainerFacts| container.startup.is_none();
        budgets(
            facts,
            |container| container.liveness.as_ref().filter(|_| unguarded(container)),
            "livenessProbe",
        )
    },
};

fn budgets(
    facts: &Facts,
    probe_of: impl Fn(&ContainerFacts) -> Option<&ProbeFacts>,
    field: &str,
) -> Vec<Found> {
    let short = facts.containers.iter().filter_map(|container| {
        let (probe, need) = (probe_of(container)?, container.start_up?);
        let (sure, at_most) = probe.budget();
        if sure >= need.hi {
            return None;
        }
        let certain = at_most < need.lo && need.origin == Origin::Given;
        let severity = if certain { Severity::Error } else { Severity::Warning };
        let message = format!(
            "{field} of container `{}` gives up after {} to {}, the start takes {}",
            container.name,
            bare(sure),
            secs(at_most),
            need.words()
        );
        let failures = ((need.hi - probe.initial_delay) / probe.period).ceil().max(0.0) + 1.0;
        let remedy = match field {
            "startupProbe" => format!("failureThreshold: {}", bare(failures)),
            _ => format!(
                "a startupProbe with the same handler, periodSeconds: {} and failureThreshold: {}",
                bare(probe.period),
                bare(((need.hi) / probe.period).ceil() + 1.0)
            ),
        };
        let found = Found::new(severity, message, &probe.place).label("restarts a start that takes longer");
        Some(found.remedy(remedy).slack(sure, need.hi, "s"))
    });
    short.collect()
}
