//! Probes that are missing, and probes that ask the wrong container.

use crate::config::manifest::code;
use crate::diag::{Diagnostic, Severity};
use crate::lint::{Facts, Found, Rule};

/// See the rule's own words.
pub(super) const READINESS_PROBE: Rule = Rule {
    code: "PL008",
    name: "readiness-probe",
    severity: Severity::Error,
    title: "a container that takes requests has a readiness probe",
    why: "Without one a container is ready the moment it runs. Every new pod gets its share of requests while its \
          process is still loading, and nothing takes an ailing pod out of rotation.",
    remedy: "Add a readinessProbe on the port that takes the traffic, with a path that fails until the \
             application can serve.",
    blind: "Whether a load balancer's own health check holds traffic back.",
    source: "kubernetes pkg/kubelet/prober: no probe counts as success",
    check: check_readiness,
};

/// See the rule's own words.
pub(super) const CROSS_WIRED: Rule = Rule {
    code: "PL009",
    name: "cross-wired-probe",
    severity: Severity::Warning,
    title: "a probe asks the container that declares it",
    why: "Network probes go to the pod's address, so a probe may ask another container's port. When that other \
          container fails, the one that declares the probe is restarted, and the failed one is not.",
    remedy: "Move the probe to the container that owns the port.",
    blind: "Ports that a container listens on without listing them.",
    source: "kubernetes pkg/kubelet/prober: the target is the pod IP",
    check: |facts| linked(facts, code::PROBE_CROSS_WIRED, Severity::Warning),
};

fn check_readiness(facts: &Facts) -> Vec<Found> {
    let lacking = facts.containers.iter().filter(|c| facts.serves && c.on_route && c.readiness.is_none());
    lacking
        .map(|container| match container.startup {
            None => Found::new(
                Severity::Error,
                format!("container `{}` takes requests and has no readiness probe", container.name),
                &container.place,
            )
            .label("ready the moment it runs"),
            Some(_) => Found::new(
                Severity::Warning,
                format!(
                    "container `{}` has a startup probe but no readiness probe: once started it stays in \
                     rotation whatever happens",
                    container.name
                ),
                &container.place,
            ),
        })
        .collect()
}

/// Findings that the reader of manifests made already.
pub(super) fn linked(facts: &Facts, code: &str, severity: Severity) -> Vec<Found> {
    let with_code = facts.linked.iter().filter(|warning| warning.code == code);
    with_code.map(|warning| from_warning(facts, warning, severity)).collect()
}

fn from_warning(facts: &Facts, warning: &Diagnostic, severity: Severity) -> Found {
    // The workload's title is put in front of every finding.
    let own = format!("{}: ", facts.workload);
    let message = warning.message.strip_prefix(&own).unwrap_or(&warning.message);
    let place = warning.place.as_ref().unwrap_or(&facts.place);
    let mut found = Found::new(severity, message, place);
    (found.label, found.remedy) = (warning.label.clone(), warning.help.clone());
    found
}
