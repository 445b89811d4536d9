//! Rollouts that leave nobody.

use crate::diag::Severity;
use crate::lint::{Facts, Found, Rule};

/// See the rule's own words.
pub(super) const NEVER_EMPTY: Rule = Rule {
    code: "PL018",
    name: "never-empty",
    severity: Severity::Error,
    title: "a rollout always leaves a pod that serves",
    why: "With the strategy Recreate, or with maxUnavailable as large as the number of pods, every old pod goes \
          before a new one is ready. Until then there is no endpoint.",
    remedy: "RollingUpdate with maxUnavailable: 0 and maxSurge of at least 1.",
    blind: "Whether two revisions may run side by side at all; where they may not, the outage is the price.",
    source: "kubernetes pkg/controller/deployment rolling.go, recreate.go",
    check,
};

fn check(facts: &Facts) -> Vec<Found> {
    let rollout = &facts.rollout;
    let pods = rollout.replicas_min;
    if !facts.serves || pods == 0 || (!rollout.recreate && rollout.unavailable < pods) {
        return Vec::new();
    }
    let message = match rollout.recreate {
        true => "strategy Recreate ends every old pod before the first new one starts".to_owned(),
        false => format!(
            "a rollout may take all {pods} pods at once (maxUnavailable gives {})",
            rollout.unavailable
        ),
    };
    vec![
        Found::new(Severity::Error, message, &rollout.place)
            .label("no endpoint during every rollout")
            .slack(0.0, 1.0, "pods"),
    ]
}
