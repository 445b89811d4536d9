//! Capacity while pods are missing.

use crate::diag::Severity;
use crate::lint::facts::bare;
use crate::lint::{Facts, Found, Rule};

/// See the rule's own words.
pub(super) const ROLLOUT_CAPACITY: Rule = Rule {
    code: "PL013",
    name: "rollout-capacity",
    severity: Severity::Error,
    title: "the pods that maxUnavailable leaves carry the peak",
    why: "At the start of a rollout maxUnavailable pods go at once, before any new one is ready, and the rest \
          takes their share. If that exceeds the CPU limit, queues grow until new pods come, and answers time \
          out. New pods that are slow at first make it worse.",
    remedy: "maxUnavailable: 0 with maxSurge above 0, where there is room for the surge.",
    blind: "The load at the moment of the rollout, unless it is given (--rps); whether nodes have room for the \
            surge.",
    source: "kubernetes pkg/controller/deployment ResolveFenceposts",
    check,
};

fn check(facts: &Facts) -> Vec<Found> {
    let rollout = &facts.rollout;
    let pods = rollout.replicas_max;
    let missing = rollout.unavailable_at_max;
    if !facts.serves || rollout.recreate || missing == 0 || missing >= pods {
        return Vec::new();
    }
    let left = f64::from(pods - missing);
    let limits: Option<Vec<f64>> = facts.containers.iter().map(|container| container.cpu_limit).collect();
    let requests: Option<Vec<f64>> = facts.containers.iter().map(|container| container.cpu_request).collect();
    let Some(limit) = limits.map(|all| all.iter().sum::<f64>()) else { return Vec::new() };
    let by_load = facts.peak_cores.map(|cores| (cores / left, Severity::Error, "the given load"));
    let by_target = facts.autoscaler.as_ref().and_then(|scaler| scaler.cpu_target_percent).zip(requests);
    let by_target = by_target.map(|(percent, requests)| {
        let held = percent / 100.0 * requests.iter().sum::<f64>();
        (held * f64::from(pods) / left, Severity::Warning, "the CPU that its autoscaler holds")
    });
    let Some((need, severity, whose)) = by_load.or(by_target) else { return Vec::new() };
    if need <= limit {
        return Vec::new();
    }
    let message = format!(
        "a rollout may leave {} of {pods} pods; {whose} then needs {} cores of each, its limit is {}",
        bare(left),
        hundredths(need),
        hundredths(limit)
    );
    vec![
        Found::new(severity, message, &rollout.place)
            .label(format!("{missing} pods may be missing"))
            .slack(limit, need, "cores"),
    ]
}

fn hundredths(cores: f64) -> String {
    format!("{cores:.2}")
}
