//! Load balancers that register targets.

use crate::diag::Severity;
use crate::lint::facts::{bare, secs};
use crate::lint::{Facts, Found, Rule};

/// See the rule's own words.
pub(super) const DEREGISTRATION_DELAY: Rule = Rule {
    code: "PL016",
    name: "deregistration-delay",
    severity: Severity::Error,
    title: "a deregistered target may finish its longest request",
    why: "When the deregistration delay has passed the load balancer closes what is still running (an ALB answers 502, \
          an NLB resets), even though the pod is alive and working on it.",
    remedy: "Set deregistration_delay.timeout_seconds above the longest request.",
    blind: "The default of 300 s is in force unless an annotation says otherwise; settings made outside the \
            cluster are not seen. An NLB closes nothing unless connection_termination is enabled.",
    source: "AWS documentation of target groups and of load balancer errors",
    check: check_deregistration,
};

/// See the rule's own words.
pub(super) const READINESS_GATE: Rule = Rule {
    code: "PL017",
    name: "readiness-gate",
    severity: Severity::Warning,
    title: "old pods wait until new ones are registered at the load balancer",
    why: "A pod is Ready before its target is registered and healthy. Without a readiness gate a rollout of few \
          pods can delete the last old one before the first new one gets traffic.",
    remedy: "Label the namespace so that the controller injects its readiness gate, or raise minReadySeconds above \
             the registration time.",
    blind: "Gates that are injected when pods are made; read a running pod to see them.",
    source: "AWS Load Balancer Controller docs/deploy/pod_readiness_gate.md; GKE container-native load balancing",
    check: check_gate,
};

fn check_deregistration(facts: &Facts) -> Vec<Found> {
    let delay = facts.deregistration.as_ref().filter(|_| facts.serves);
    let longest = facts.route().filter_map(|container| container.longest_request);
    let longest = longest.max_by(|a, b| a.hi.total_cmp(&b.hi));
    let (Some((have, place)), Some(need)) = (delay, longest) else { return Vec::new() };
    let have = *have;
    if have >= need.hi {
        return Vec::new();
    }
    let severity = if have < need.used { Severity::Error } else { Severity::Warning };
    let message = format!("the deregistration delay is {}, requests take up to {}", secs(have), need.words());
    let remedy = format!("deregistration_delay.timeout_seconds={}", bare(need.hi.ceil() + 1.0));
    vec![Found::new(severity, message, place).remedy(remedy).slack(have, need.hi, "s")]
}

/// The last old pod goes when the last new one is available; the first new one gets requests when
/// its registration is done.
fn check_gate(facts: &Facts) -> Vec<Found> {
    let front = facts.front.as_ref().filter(|front| front.registers && facts.serves);
    let Some(addition) = front.and_then(|front| front.addition) else { return Vec::new() };
    let rollout = &facts.rollout;
    if facts.has_readiness_gate || rollout.recreate || rollout.replicas_min == 0 {
        return Vec::new();
    }
    let Some(start) = facts
        .route()
        .filter_map(|container| {
            let delay = container.readiness.as_ref().map_or(0.0, |probe| probe.initial_delay);
            container.start_up.map(|start| start.lo.max(delay))
        })
        .max_by(f64::total_cmp)
    else {
        return Vec::new();
    };
    let per_step = (rollout.surge + rollout.unavailable).max(1);
    let steps = f64::from(rollout.replicas_min.div_ceil(per_step));
    let have = steps * (start + rollout.min_ready) - start;
    if have >= addition.hi {
        return Vec::new();
    }
    let message = format!(
        "a rollout of {} pods may delete the last old one {} after the first new one is Ready, registration takes \
         {}, and there is no readiness gate",
        rollout.replicas_min,
        secs(have),
        addition.words()
    );
    let remedy = format!(
        "inject the load balancer's readiness gate; without it, minReadySeconds: {}",
        bare((addition.hi / steps).ceil())
    );
    vec![Found::new(Severity::Warning, message, &rollout.place).remedy(remedy).slack(have, addition.hi, "s")]
}
