//! Which knobs may save a request, by the cause of its loss, and by how much they are moved.

use crate::config::case::{Case, Override};
use crate::model::outcome::Cause;
use crate::sim::spec::{ContainerPlan, FrontSpec, Role};
use crate::study::{LONGEST_HOOK_S, Mechanism};
use crate::units::{Nanos, format_duration};

/// One knob and the values it is moved to, the smallest change first.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ladder {
    /// Each step is one knob, or one with a companion that it is void without.
    pub(super) steps: Vec<Vec<Override>>,
}

/// The ladders for a cause, the most natural knob first.
pub(super) fn ladders(cause: Cause, at_ingress: bool, case: &Case) -> Vec<Ladder> {
    if at_ingress {
        return of_ingress(cause, case);
    }
    let service = Named { hook: "preStop".to_owned(), grace: "grace".to_owned() };
    let hooks = |entry: &ContainerPlan, grace: u32| hooks(entry, grace, &service);
    // The pods that stop are of the first template.
    let Some(plan) = case.spec.deployments.first() else { return Vec::new() };
    let Some(template) = plan.templates.first() else { return Vec::new() };
    let Some(entry) = template.entry().map(|index| &template.containers[index]) else { return Vec::new() };
    let grace = template.grace_seconds;
    let mut found = Vec::new();
    match Mechanism::of(cause, case) {
        Mechanism::GoneTooEarly | Mechanism::InnerGone => found.extend(hooks(entry, grace)),
        Mechanism::EgressGone => {
            for egress in template.containers.iter().filter(|container| container.role == Role::Egress) {
                let names = Named { hook: format!("preStop@{}", egress.name), grace: "grace".to_owned() };
                found.extend(self::hooks(egress, grace, &names));
            }
        }
        Mechanism::MarkedDown => {
            found.extend(hooks(entry, grace));
            found.push(words("front_end.max_fails", &["0"]));
        }
        Mechanism::Killed => {
            found.push(words("on_stop", &["drain"]));
            found.push(seconds("grace", grace + 1, grace + LONGEST_HOOK_S));
            found.extend(hooks(entry, grace));
        }
        Mechanism::ExitsBusy => found.push(words("on_stop", &["drain"])),
        Mechanism::KeepaliveRace => {
            let idle = case.spec.tiers.last().and_then(|tier| tier.keepalive).map(|k| k.idle_timeout);
            let idle = idle.unwrap_or(Nanos::ZERO);
            let above = [1, 5, 15, 60, 600].map(|more| format_duration(idle + Nanos::from_secs(more)));
            found.push(words("keepalive_idle", &above.each_ref().map(String::as_str)));
            found.extend(hooks(entry, grace));
        }
        Mechanism::NotReadyYet => {
            if let Some(probe) = entry.readiness {
                let delay = probe.spec.initial_delay_seconds;
                found.push(seconds("readiness.initialDelaySeconds", delay + 1, delay + 120));
            }
        }
        Mechanism::LivenessRestart => {
            if let Some(probe) = entry.liveness {
                let failures = probe.spec.failure_threshold;
                found.push(counts("liveness.failureThreshold", failures + 1, failures + 30));
                let timeout = probe.spec.timeout_seconds;
                found.push(counts("liveness.timeoutSeconds", timeout + 1, timeout + 30));
            }
        }
        Mechanism::NoPod => {
            found.push(words("maxUnavailable", &["0"]));
            if let Some(probe) = entry.readiness {
                let timeout = probe.spec.timeout_seconds;
                found.push(counts("readiness.timeoutSeconds", timeout + 1, timeout + 30));
            }
            found.push(seconds("minReadySeconds", plan.min_ready_seconds + 1, plan.min_ready_seconds + 120));
            found.push(more_pods(case));
        }
        Mechanism::Overload => {
            found.push(words("maxUnavailable", &["0"]));
            found.push(more_pods(case));
            if cause == Cause::ReadTimeout {
                found.extend(case.spec.tiers.last().map(longer_patience));
            }
            if let (Cause::Overloaded, Some(queue)) = (cause, template.own_queue()) {
                let longer = [2, 4, 16].map(|times| (queue.max(1).saturating_mul(times)).to_string());
                let [two, four, sixteen] = longer.each_ref().map(String::as_str);
                found.push(words("queue", &[two, four, sixteen, "unbounded"]));
            }
        }
        Mechanism::CutOff => found.push(words("front_end.deregistration_delay", LONGER_DELAYS)),
        Mechanism::CircuitOpen => {
            found.extend(hooks(entry, template.grace_seconds));
            found.extend(wider_breakers(case));
        }
        // Nobody can tell a node that is dead from one that is slow: giving it up sooner helps.
        Mechanism::Fault if cause == Cause::NodeLost => {
            found.push(words("front_end.connect_timeout", &["3s", "2s", "1s"]));
        }
        Mechanism::Fault | Mechanism::Memory => {}
    }
    found.retain(|ladder| !ladder.steps.is_empty());
    found
}

/// More of the timeout that ends first.
fn longer_patience(tier: &FrontSpec) -> Ladder {
    let now = tier.patience();
    let knob = match now < tier.read_timeout {
        true if tier.stream_idle_timeout == tier.request_timeout => "front_end.stream_idle_timeout",
        true => "front_end.request_timeout",
        false => "read_timeout",
    };
    let longer = [2, 5, 10].map(|times| format_duration(Nanos(now.0.saturating_mul(times))));
    words(knob, &longer.each_ref().map(String::as_str))
}

/// Higher limits of the circuit breaker, up to none.
fn wider_breakers(case: &Case) -> impl Iterator<Item = Ladder> {
    let tier = case.spec.tiers.last();
    let limits = [
        ("front_end.max_retries", tier.and_then(|tier| tier.retry.max_concurrent)),
        ("front_end.max_requests", tier.and_then(|tier| tier.breaker.max_requests)),
        ("front_end.max_pending_requests", tier.and_then(|tier| tier.breaker.max_pending_requests)),
        ("front_end.max_connections", tier.and_then(|tier| tier.breaker.max_connections)),
    ];
    limits.into_iter().filter_map(|(path, limit)| {
        let limit = limit?;
        let higher = [2, 4, 16].map(|times| limit.saturating_mul(times).to_string());
        let [two, four, sixteen] = higher.each_ref().map(String::as_str);
        Some(words(path, &[two, four, sixteen, "0"]))
    })
}

/// Deregistration delays to try.
const LONGER_DELAYS: &[&str] = &["30s", "1m", "2m", "5m", "15m", "never"];

/// The ladders for a loss at a pod of the front end.
fn of_ingress(cause: Cause, case: &Case) -> Vec<Ladder> {
    let Some(plan) = case.spec.ingress().and_then(|ingress| case.spec.deployments.get(ingress)) else {
        return Vec::new();
    };
    let Some(template) = plan.templates.first() else { return Vec::new() };
    let Some(entry) = template.entry().map(|index| &template.containers[index]) else { return Vec::new() };
    let grace = template.grace_seconds;
    let name = plan.name.rsplit('/').next().unwrap_or(&plan.name);
    let field = |path: &str| format!("Deployment/{name}:spec.{path}");
    let names = Named {
        hook: field("template.spec.containers[*].lifecycle.preStop.sleep.seconds"),
        grace: field("template.spec.terminationGracePeriodSeconds"),
    };
    let on_stop = format!("containers.{}.on_stop", entry.name);
    let mut found = Vec::new();
    match Mechanism::of_ingress(cause, case) {
        Mechanism::GoneTooEarly | Mechanism::KeepaliveRace => found.extend(hooks(entry, grace, &names)),
        Mechanism::Killed => {
            found.push(words(&on_stop, &["drain"]));
            found.push(seconds(&names.grace, grace + 1, grace + LONGEST_HOOK_S));
            found.extend(hooks(entry, grace, &names));
        }
        Mechanism::ExitsBusy => found.push(words(&on_stop, &["drain"])),
        Mechanism::CutOff => found.push(words("outer.deregistration_delay", LONGER_DELAYS)),
        Mechanism::NoPod => {
            found.push(words(&field("strategy.rollingUpdate.maxUnavailable"), &["0"]));
            let now = plan.spec.replicas;
            found.push(counts(&field("replicas"), now + 1, now + 4));
        }
        _ => {}
    }
    found.retain(|ladder| !ladder.steps.is_empty());
    found
}

/// The knobs of a workload's stop.
struct Named {
    hook: String,
    grace: String,
}

/// A longer hook within the grace; and, if the grace leaves no room, both together.
fn hooks(entry: &ContainerPlan, grace: u32, names: &Named) -> Vec<Ladder> {
    let now = entry.pre_stop.as_ref().map_or(0, |hook| hook.duration.mean().whole_secs());
    let now = u32::try_from(now).unwrap_or(LONGEST_HOOK_S);
    let left = grace.saturating_sub(now);
    let step = |hook: u32| {
        let mut step = vec![set(&names.hook, format!("{hook}s"))];
        if hook >= grace {
            // The time that is left after the hook stays what it was.
            step.push(set(&names.grace, format!("{}s", hook + left.max(2))));
        }
        step
    };
    let ladder = |from: u32, to: u32| Ladder { steps: (from..=to).map(step).collect() };
    vec![ladder(now + 1, grace.saturating_sub(1)), ladder((now + 1).max(grace), LONGEST_HOOK_S)]
}

fn more_pods(case: &Case) -> Ladder {
    let plan = &case.spec.deployments[0];
    let knob = if plan.hpa.is_some() { "hpa.min" } else { "replicas" };
    let now = plan.spec.replicas;
    counts(knob, now + 1, (now * 2).max(now + 4))
}

fn set(knob: &str, value: impl Into<String>) -> Override {
    Override { knob: knob.to_owned(), value: value.into() }
}

fn words(knob: &str, values: &[&str]) -> Ladder {
    Ladder { steps: values.iter().map(|value| vec![set(knob, *value)]).collect() }
}

fn seconds(knob: &str, from: u32, to: u32) -> Ladder {
    Ladder { steps: (from..=to).map(|value| vec![set(knob, format!("{value}s"))]).collect() }
}

fn counts(knob: &str, from: u32, to: u32) -> Ladder {
    Ladder { steps: (from..=to).map(|value| vec![set(knob, value.to_string())]).collect() }
}

/// The first of `count` steps that does it, if the last one does: steps are taken to get better in
/// order, and the one before the answer is known not to do it.
pub(super) fn first_that(count: usize, does: &mut dyn FnMut(usize) -> bool) -> Option<usize> {
    let mut high = count.checked_sub(1)?;
    if !does(high) {
        return None;
    }
    let mut low = 0;
    while low < high {
        let middle = low + (high - low) / 2;
        if does(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(high)
}
