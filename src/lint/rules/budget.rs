//! Disruption budgets that let nobody out.

use crate::diag::Severity;
use crate::lint::{Facts, Found, Rule};

/// See the rule's own words.
pub(super) const EVICTION_POSSIBLE: Rule = Rule {
    code: "PL012",
    name: "eviction-possible",
    severity: Severity::Warning,
    title: "a disruption budget allows at least one eviction at the smallest size",
    why: "A drain waits for the budget. If it allows nothing when the service is at its minimum, node upgrades \
          hang until somebody forces them, and a forced drain respects nothing.",
    remedy: "Write maxUnavailable: 1, or raise minReplicas above minAvailable.",
    blind: "A budget protects neither rollouts nor scale-in, with or without this fault.",
    source: "kubernetes pkg/controller/disruption",
    check,
};

fn check(facts: &Facts) -> Vec<Found> {
    let replicas = facts.rollout.replicas_min;
    let blocking = facts.budgets.iter().filter(|budget| replicas > 0 && budget.must_stay >= replicas);
    blocking
        .map(|budget| {
            let message = format!(
                "{} keeps {} of {replicas} pods: no eviction is ever allowed at that size",
                budget.title, budget.must_stay
            );
            Found::new(Severity::Warning, message, &budget.place)
                .label("blocks every drain")
                .remedy("maxUnavailable: 1, or a higher minimum size")
                .slack(f64::from(replicas), f64::from(budget.must_stay) + 1.0, "pods")
        })
        .collect()
}
