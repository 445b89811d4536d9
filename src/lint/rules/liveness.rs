//! Liveness against readiness.

use crate::diag::Severity;
use crate::lint::facts::secs;
use crate::lint::{Facts, Found, Rule};

/// See the rule's own words.
pub(super) const PATIENT_LIVENESS: Rule = Rule {
    code: "PL006",
    name: "patient-liveness",
    severity: Severity::Warning,
    title: "liveness is more patient than readiness",
    why: "Under overload both probes fail. If liveness gives up as early as readiness, the container is restarted \
          before it could recover without traffic, its requests are lost, and the others get its share.",
    remedy: "Raise the liveness probe's failureThreshold, or drop the probe where a hang is not expected.",
    blind: "Whether the probes wait in the same queue as requests.",
    source: "kubernetes pkg/kubelet/prober; a failed liveness probe does not take the pod out of endpoints first",
    check,
};

fn check(facts: &Facts) -> Vec<Found> {
    let hasty = facts.containers.iter().filter(|_| facts.serves).filter_map(|container| {
        let (liveness, readiness) = (container.liveness.as_ref()?, container.readiness.as_ref()?);
        let (have, need) = (liveness.detects_in(), readiness.detects_in());
        if have > need {
            return None;
        }
        let message = format!(
            "liveness of container `{}` gives up after {}, readiness after {}: an overloaded pod is restarted \
             before it is relieved",
            container.name,
            secs(have),
            secs(need)
        );
        let failures = ((2.0 * need - liveness.timeout) / liveness.period).ceil().max(0.0) + 1.0;
        let remedy = format!("failureThreshold: {failures:.0} on the livenessProbe, twice readiness' patience");
        Some(
            Found::new(Severity::Warning, message, &liveness.place)
                .label("as hasty as readiness")
                .remedy(remedy)
                .slack(have, need, "s"),
        )
    });
    hasty.collect()
}
