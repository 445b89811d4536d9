//! What has to fit into the grace period: the hook, and finishing what was accepted.

use crate::config::case::Origin;
use crate::diag::Severity;
use crate::lint::facts::{bare, secs};
use crate::lint::{ContainerFacts, Facts, Found, Rule, Span};

/// See the rule's own words.
pub(super) const TIME_TO_FINISH: Rule = Rule {
    code: "PL002",
    name: "time-to-finish",
    severity: Severity::Error,
    title: "accepted requests can be finished before the process ends",
    why: "The grace covers the hook and the drain together. What is left after the hook, or the application's own \
          limit if that is shorter, is all the time a request has that was accepted just before the stop signal. \
          None is under way any more where the hook outlasts the removal and the longest request; connections \
          that stay with their pod bring requests until the end.",
    remedy: "Finish accepted requests on the stop signal, with a limit above the longest request, and set \
             terminationGracePeriodSeconds above preStop plus that limit.",
    blind: "How long the longest request takes and what the process does on its signal, unless they are given \
            (--latency, --on-stop); whether clients keep their connections, unless there is a load.",
    source: "kubernetes pkg/kubelet/kuberuntime killContainer",
    check: check_finish,
};

/// See the rule's own words.
pub(super) const HOOK_WITHIN_GRACE: Rule = Rule {
    code: "PL003",
    name: "hook-within-grace",
    severity: Severity::Error,
    title: "a preStop hook ends before the grace does",
    why: "A hook that outlasts terminationGracePeriodSeconds is abandoned at its end. The stop signal comes then, \
          and SIGKILL two seconds later, whatever is still under way.",
    remedy: "Set terminationGracePeriodSeconds above the hook plus the longest request.",
    blind: "How long a command takes besides its sleeps.",
    source: "kubernetes pkg/kubelet/kuberuntime killContainer, minimumGracePeriodInSeconds",
    check: check_hook,
};

fn check_finish(facts: &Facts) -> Vec<Found> {
    if !facts.serves {
        return Vec::new();
    }
    facts.route().filter_map(|container| finish_of(facts, container)).collect()
}

fn finish_of(facts: &Facts, container: &ContainerFacts) -> Option<Found> {
    let stop = container.stop?;
    let longest = container.longest_request?;
    let need = facts.left_to_finish(container)?;
    let window = container.kill_window(facts.grace_seconds)?;
    if need.hi <= 0.0 {
        return None;
    }
    let name = &container.name;
    let waits = stop.drains && stop.drain_limit.is_none_or(|limit| limit > 0.0);
    if !waits && stop.serves_on < window {
        return cut_off(facts, container, &need);
    }
    let left = (window - stop.serves_on.min(window)).max(0.0);
    let have = stop.drain_limit.map_or(left, |limit| limit.min(left));
    if have >= need.hi && stop.drain_limit.is_none_or(|limit| limit <= left) {
        return None;
    }
    let limit = match stop.drain_limit {
        Some(limit) if limit < left => format!("its own limit of {}", secs(limit)),
        _ => format!(
            "the {} that its preStop leaves of terminationGracePeriodSeconds: {}",
            secs(left),
            facts.grace_seconds
        ),
    };
    let stated = stop.origin == Origin::Given;
    let certain = have < need.used && stated && need.origin == Origin::Given;
    let severity = if certain { Severity::Error } else { Severity::Warning };
    let message = match have < need.hi {
        true if need == longest => {
            format!("container `{name}` has to finish requests of up to {} within {limit}", longest.words())
        }
        true => format!(
            "container `{name}` has to finish what is left of its last requests, up to {}, within {limit}",
            need.words()
        ),
        false => format!(
            "container `{name}` gives itself {} to finish requests, but SIGKILL comes after {}",
            secs(stop.drain_limit.unwrap_or_default()),
            secs(left)
        ),
    };
    let found = Found::new(severity, message, &facts.grace_place).slack(have, need.hi, "s");
    let end = match &facts.front {
        // It serves until SIGKILL: only a front end that has let go by then ends that.
        Some(front) if stop.serves_on.is_infinite() => front.removal.hi + front.outstay + longest.hi,
        _ => {
            let finishing = stop.drain_limit.unwrap_or(0.0).max(need.hi);
            container.signal_after(facts.grace_seconds)? + stop.serves_on + finishing
        }
    };
    Some(match stop.drain_limit {
        Some(own) if own < left && own < need.hi => found,
        _ if end.is_finite() => {
            found.remedy(format!("terminationGracePeriodSeconds: {} or more", bare((end + 1.0).ceil())))
        }
        _ => found,
    })
}

/// A process that waits for nothing when it ends.
fn cut_off(facts: &Facts, container: &ContainerFacts, need: &Span) -> Option<Found> {
    let stop = container.stop?;
    let stated = stop.origin == Origin::Given;
    // As long as the last request may have ended by then, it is a matter of numbers that nobody has.
    let severity = if stated && need.lo > 0.0 { Severity::Error } else { Severity::Warning };
    let assumed = if stated { "" } else { " (assumed)" };
    let ends = match stop.serves_on > 0.0 {
        true => format!(
            "goes on for {} after its stop signal{assumed} and waits for no request then",
            secs(stop.serves_on)
        ),
        false => format!("ends at once on its stop signal{assumed}"),
    };
    let name = &container.name;
    let what = match &facts.front {
        Some(front) if container.hook.seconds().is_some_and(|hook| hook > 0.0) => format!(
            "{} after the deletion, when {} may still have requests there",
            secs(container.serves_for(facts.grace_seconds)?),
            front.name
        ),
        _ => "what it is serving is cut off".to_owned(),
    };
    let found = Found::new(severity, format!("container `{name}` {ends}: {what}"), &container.place);
    Some(found.label("does not finish requests").slack(0.0, need.used, "s"))
}

fn check_hook(facts: &Facts) -> Vec<Found> {
    let grace = f64::from(facts.grace_seconds);
    let too_long = facts.containers.iter().filter_map(|container| {
        let hook = container.hook.seconds().filter(|hook| *hook > 0.0 && *hook >= grace)?;
        let kill = grace + 2.0;
        let message = format!(
            "the preStop hook of container `{}` lasts {}, terminationGracePeriodSeconds is {}: stop signal after {}, \
             SIGKILL after {}",
            container.name,
            secs(hook),
            facts.grace_seconds,
            secs(grace.min(hook)),
            secs(kill)
        );
        let remedy = format!(
            "terminationGracePeriodSeconds: {} plus the longest request, or a shorter hook",
            bare(hook.ceil())
        );
        let found = Found::new(Severity::Error, message, &container.hook_place);
        Some(found.label("uses up the grace").remedy(remedy).slack(grace, hook, "s"))
    });
    too_long.collect()
}
