//! What stabilization and limits made of the proposal, in words.

use super::words::{number, seconds, title};
use crate::model::hpa::{
    Decision, Direction, Input, LimitReason, PolicyKind, Recommendation, ScalingPolicy, ScalingRules,
    SelectPolicy, policy_limit, windows,
};
use crate::units::Nanos;

/// From the proposals of the metrics to the size.
pub(super) fn explain_limits(input: &Input<'_>, decision: &Decision, lines: &mut Vec<String>) {
    let failed = decision.metrics.iter().filter(|metric| metric.result.is_err()).count();
    let all = decision.metrics.len();
    let (Some(winner), Some(proposal), Some(normalized)) =
        (decision.winner, decision.proposal, decision.normalized)
    else {
        lines.push(if failed == all {
            "no metric can be used, so the size stays".to_owned()
        } else {
            format!("{failed} of {all} metrics failed, and the others ask for less: so the size stays")
        });
        return;
    };
    if all > 1 {
        lines.push(format!("the largest proposal counts: {proposal} by {}", title(input, winner)));
    }
    if failed > 0 {
        lines.push(format!("{failed} of {all} metrics failed, which would stop a step down only"));
    }
    if normalized.stabilized != proposal {
        lines.push(stabilized(input, proposal, normalized.stabilized));
    }
    let limited = normalized.limited;
    if limited.replicas != normalized.stabilized {
        let limit = limit_text(input, limited.reason, limited.policy);
        lines.push(format!("limited to {} by {limit}", limited.replicas));
    }
    if decision.desired_replicas != limited.replicas {
        lines.push(format!("raised to minReplicas {} on leaving zero", input.hpa.min_replicas));
    }
}

/// Which earlier proposal holds the size, and for how long.
fn stabilized(input: &Input<'_>, proposal: i32, stabilized: i32) -> String {
    let (up, down) = match &input.hpa.behavior {
        None => (Nanos::ZERO, input.options.downscale_stabilization),
        Some(behavior) => windows(behavior, input.options),
    };
    let (window, name) = if stabilized > proposal { (down, "scale-down") } else { (up, "scale-up") };
    let held = match &input.history.recommendations {
        None => {
            return format!(
                "stabilized at {stabilized}: the controller's memory is not given, so it counts as just started and \
                 holds the size for the {name} window of {window}"
            );
        }
        // The edge of the window may hold or not; either way it lets go now.
        Some(list) => {
            let beyond = |r: &&Recommendation| match stabilized > proposal {
                true => r.replicas > proposal,
                false => r.replicas < proposal,
            };
            list.iter().filter(beyond).filter(|r| r.time + window >= input.now).max_by_key(|r| r.time)
        }
    };
    let held = held.map_or_else(String::new, |held| {
        format!("a proposal of {} was made {} ago, and ", held.replicas, seconds(input.now.since(held.time)))
            + &format!("for another {} ", seconds((held.time + window).since(input.now)))
    });
    format!("stabilized at {stabilized}: {held}the {name} window of {window} holds the size")
}

fn limit_text(input: &Input<'_>, reason: LimitReason, policy: Option<usize>) -> String {
    let (current, options) = (input.scale.spec_replicas, input.options);
    match (reason, &input.hpa.behavior) {
        (LimitReason::DesiredWithinRange, _) => "nothing".to_owned(),
        (LimitReason::TooFewReplicas, _) => format!("minReplicas {}", input.hpa.min_replicas),
        (LimitReason::TooManyReplicas, _) => format!("maxReplicas {}", input.hpa.max_replicas),
        (LimitReason::ScaleUpLimit | LimitReason::ScaleDownLimit, None) => format!(
            "the speed limit without behavior: at most max({} x {current}, {}) in one step",
            number(options.scale_up_limit_factor),
            number(options.scale_up_limit_minimum),
        ),
        (LimitReason::ScaleUpLimit, Some(behavior)) => {
            policy_text(input, Direction::Up, &behavior.scale_up, policy)
        }
        (LimitReason::ScaleDownLimit, Some(behavior)) => {
            policy_text(input, Direction::Down, &behavior.scale_down, policy)
        }
    }
}

fn policy_text(
    input: &Input<'_>,
    direction: Direction,
    rules: &ScalingRules,
    policy: Option<usize>,
) -> String {
    let name = match direction {
        Direction::Up => "scaleUp",
        Direction::Down => "scaleDown",
    };
    let Some(ScalingPolicy { kind, value, period }) = policy.and_then(|index| rules.policies.get(index))
    else {
        return format!("{name}.selectPolicy Disabled");
    };
    let kind = match kind {
        PolicyKind::Pods => "pods",
        PolicyKind::Percent => "percent",
    };
    let select = match rules.select_policy {
        SelectPolicy::Min if rules.policies.len() > 1 => " (the slowest, selectPolicy Min)",
        _ if rules.policies.len() > 1 => " (the fastest)",
        _ => "",
    };
    let limit = policy_limit(direction, input.scale.spec_replicas, rules, input.history, input.now).replicas;
    let used = match direction {
        Direction::Up if limit <= input.scale.spec_replicas => ", used up for now",
        Direction::Down if limit >= input.scale.spec_replicas => ", used up for now",
        _ => "",
    };
    format!("the {name} policy of {value} {kind} per {period}{select}{used}")
}
