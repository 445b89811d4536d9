//! Services that list pods whether they are ready or not.

use crate::diag::Severity;
use crate::lint::{Facts, Found, Rule};

/// See the rule's own words.
pub(super) const ONLY_READY: Rule = Rule {
    code: "PL020",
    name: "only-ready-pods",
    severity: Severity::Error,
    title: "a Service that requests come by lists only pods that are ready",
    why: "With publishNotReadyAddresses a pod counts as ready from the moment it has an address until it is gone. \
          Readiness probes take no pod out, new pods get requests before their process listens, and pods that \
          terminate get them until the end, so that no preStop hook is long enough.",
    remedy: "Remove publishNotReadyAddresses. Where peers have to find each other before they are ready, give them \
             a headless Service of their own, which no request comes by.",
    blind: "Whether requests come by a headless Service, or only peers look for each other there.",
    source: "kubernetes staging/src/k8s.io/endpointslice podToEndpoint: ready = publishNotReadyAddresses or \
             (serving and not terminating)",
    check,
};

fn check(facts: &Facts) -> Vec<Found> {
    let found = facts.publishing.iter().map(|service| {
        let (severity, whom) = match service.headless {
            true => (Severity::Warning, "whoever asks DNS for it"),
            false => (Severity::Error, "requests"),
        };
        let message = format!("{} sends {whom} to pods that are not ready", service.title);
        Found::new(severity, message, &service.place).label("no probe takes a pod out")
    });
    found.collect()
}
