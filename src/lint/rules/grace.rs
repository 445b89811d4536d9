//! What has to fit into the grace period: the hook, and finishing what was accepted.

use crate::config::case::Origin;
use crate::diag::Severity;
use crate::lint::facts::{bare, secs};
use crate::lint::{ContainerFacts, Facts, Found, Rule};

/// See the rule's own words.
pub(super) const TIME_TO_FINISH: Rule = Rule {
    code: "PL002",
    name: "time-to-finish",
    severity: Severity::Error,
    title: "accepted requests can be finished before the process ends",
    why: "The grace covers the hook and the drain together. What is left after the hook, or the application's own \
          limit if that is shorter, is all the time a request has that was accepted just before the stop signal.",
    remedy: "Finish accepted requests on the stop signal, with a limit above the longest request, and set \
             terminationGracePeriodSeconds above preStop plus that limit.",
    blind: "How long the longest request takes and what the process does on its signal, unless they are given \
            (--latency, --on-stop).",
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
    let need = container.longest_request?;
    let window = container.kill_window(facts.grace_seconds)?;
    let name = &container.name;
    let stated = stop.origin == Origin::Given;
    if !stop.drains && stop.serves_on < window {
        let severity = if stated { Severity::Error } else { Severity::Warning };
        let assumed = if stated { "" } else { " (assumed)" };
        let message = format!(
            "container `{name}` ends at once on its stop signal{assumed}: what it is serving is cut off"
        );
        return Some(
            Found::new(severity, message, &container.place)
                .label("does not finish requests")
                .slack(0.0, need.used, "s"),
        );
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
    let certain = have < need.used && stated && need.origin == Origin::Given;
    let severity = if certain { Severity::Error } else { Severity::Warning };
    let message = match have < need.hi {
        true => format!("container `{name}` has to finish requests of up to {} within {limit}", need.words()),
        false => format!(
            "container `{name}` gives itself {} to finish requests, but SIGKILL comes after {}",
            secs(stop.drain_limit.unwrap_or_default()),
            secs(left)
        ),
    };
    let grace =
        container.signal_after(facts.grace_seconds)? + stop.drain_limit.unwrap_or(0.0).max(need.hi) + 1.0;
    let remedy = format!("terminationGracePeriodSeconds: {} or more", bare(grace.ceil()));
    let found = Found::new(severity, message, &facts.grace_place).slack(have, need.hi, "s");
    Some(match stop.drain_limit {
        Some(own) if own < left && own < need.hi => found,
        _ => found.remedy(remedy),
    })
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
