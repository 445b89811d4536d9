//! The knobs that advice may turn, each with a finite grid of values, the cheapest first.

mod grid;
mod present;

use super::Cost;
use super::refused::least_grace;
use super::search::Rungs;
use crate::config::case::{Case, Override};
use crate::config::manifest::{Container, Hook, Selection};
use crate::sim::spec::DeploymentPlan;
use grid::{grid, own_grid};
use present::{NONE, present};

/// A knob with its grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Knob {
    /// As `--set` takes it.
    pub name: &'static str,
    /// Values, the cheapest first. The one at [`Knob::now`] is what the files say; `--set` does not
    /// always take it.
    pub values: Vec<String>,
    /// Which of them holds at present.
    pub now: usize,
    /// It may become cheaper than it is; other knobs are only raised.
    pub free: bool,
}

/// A knob that is left alone, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// As `--set` takes it.
    pub name: &'static str,
    /// Why.
    pub reason: String,
}

/// A knob that a user names, perhaps with a grid of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// One of [`NAMES`].
    pub name: String,
    /// Values, the cheapest first.
    pub values: Option<Vec<String>>,
}

/// All knobs that advice knows, dearest first where pod-hours count.
pub const NAMES: &[&str] = &[
    "hpa.min",
    "hpa.cpu",
    "hpa.scaleDown.window",
    "hpa.scaleUp.window",
    "maxSurge",
    "preStop",
    "grace",
    "minReadySeconds",
    "maxUnavailable",
    "readiness.periodSeconds",
    "readiness.failureThreshold",
    "readiness.successThreshold",
    "readiness.timeoutSeconds",
];

/// The same, dearest first where the time of a rollout counts.
const BY_ROLLOUT_TIME: &[&str] = &[
    "maxUnavailable",
    "minReadySeconds",
    "readiness.periodSeconds",
    "readiness.successThreshold",
    "maxSurge",
    "preStop",
    "grace",
];

impl Knob {
    /// What has to be set for a value of the grid; nothing for the present one.
    pub fn set(&self, value: usize) -> Option<Override> {
        let text = match self.values[value].as_str() {
            NONE => "0s".to_owned(),
            text => text.to_owned(),
        };
        (value != self.now).then(|| Override { knob: self.name.to_owned(), value: text })
    }

    /// Whether it stands at this value of its grid in another case.
    pub(super) fn stands_at(&self, value: usize, case: &Case) -> bool {
        let plan = case.spec.deployments.first();
        plan.and_then(|plan| present(self.name, plan)).is_some_and(|now| now.text == self.values[value])
    }

    /// Leaves out values, but never the present one.
    fn keep(&mut self, fits: impl Fn(&str) -> bool) {
        let (now, mut index) = (self.now, 0);
        self.values.retain(|value| {
            let kept = index == now || fits(value);
            if !kept && index < now {
                self.now -= 1;
            }
            index += 1;
            kept
        });
    }

    pub(super) fn rungs(&self) -> Rungs {
        Rungs { len: self.values.len(), now: self.now, floor: if self.free { 0 } else { self.now } }
    }
}

/// The knobs of a case, and those that are left alone.
///
/// # Errors
/// A wish for a knob that advice does not know or the workload does not have, or for a value that
/// the knob cannot have.
pub(super) fn knobs(
    case: &Case,
    selection: &Selection<'_>,
    cost: Cost,
    wishes: &[Wish],
) -> Result<(Vec<Knob>, Vec<Left>), String> {
    let mut knobs = Vec::new();
    let mut left = Vec::new();
    let Some(plan) = case.spec.deployments.first() else { return Ok((knobs, left)) };
    for wish in wishes {
        if !NAMES.contains(&wish.name.as_str()) {
            return Err(format!("`{}` is no knob of advice: choose among {}", wish.name, NAMES.join(", ")));
        }
    }
    for &name in order(cost) {
        let wish = wishes.iter().find(|wish| wish.name == name);
        if !wishes.is_empty() && wish.is_none() {
            continue;
        }
        let knob = match wish.and_then(|wish| wish.values.as_ref()) {
            Some(values) => own_grid(name, values, plan, cost)?,
            None => grid(name, plan, cost),
        };
        match (knob, hurts(name, selection, plan)) {
            (Some(_), Some(reason)) => left.push(Left { name, reason }),
            (Some(knob), None) => knobs.push(knob),
            (None, _) if wish.is_some() => {
                return Err(format!("`{name}`: the workload has no such thing to set"));
            }
            (None, _) => {}
        }
    }
    leave_out_what_is_refused(&mut knobs, plan);
    knobs.retain(|knob| {
        let turns = knob.values.len() > 1;
        if !turns {
            let reason = format!("there is nothing to try besides {}", knob.values[knob.now]);
            left.push(Left { name: knob.name, reason });
        }
        turns
    });
    Ok((knobs, left))
}

/// What no value of another knob could make possible: hooks that outlast every grace period, and a
/// strategy that may neither add nor take away a pod.
fn leave_out_what_is_refused(knobs: &mut [Knob], plan: &DeploymentPlan) {
    let sizes = |name: &str| -> Vec<u64> {
        let knob = knobs.iter().find(|knob| knob.name == name);
        let texts = knob.map_or(&[][..], |knob| &knob.values);
        let own = texts.iter().filter_map(|text| Some(grid::read(name, text, plan).ok()?.1));
        own.chain(present(name, plan).map(|now| now.most)).collect()
    };
    let zero = |text: &str| ["0", "0%"].contains(&text);
    let longest_grace = sizes("grace").into_iter().max().unwrap_or(0);
    let never = |name: &str| sizes(name).into_iter().all(|pods| pods == 0);
    let (no_surge, all_stay) = (never("maxSurge"), never("maxUnavailable"));
    for knob in knobs {
        match knob.name {
            "preStop" => knob.keep(|text| {
                let hook = grid::read("preStop", text, plan).map_or(0, |(_, seconds)| seconds);
                least_grace(plan, hook) <= longest_grace
            }),
            "maxUnavailable" if no_surge => knob.keep(|text| !zero(text)),
            "maxSurge" if all_stay => knob.keep(|text| !zero(text)),
            _ => {}
        }
    }
}

/// All names, dearest first.
fn order(cost: Cost) -> impl Iterator<Item = &'static &'static str> {
    let first: &[&str] = match cost {
        Cost::PodHours => &[],
        Cost::RolloutTime => BY_ROLLOUT_TIME,
    };
    first.iter().chain(NAMES.iter().filter(|name| !first.contains(name)))
}

/// Why a knob cannot be advised although the workload has it, if so.
fn hurts(name: &str, selection: &Selection<'_>, plan: &DeploymentPlan) -> Option<String> {
    let scaler = selection.autoscalers.first();
    match name {
        "preStop" => hook_hurts(selection, plan),
        "hpa.scaleDown.window" | "hpa.scaleUp.window" => {
            let version = &scaler?.meta.api_version;
            let old = ["autoscaling/v1", "autoscaling/v2beta1"].contains(&version.as_str());
            old.then(|| format!("{version} has no `behavior`; write the autoscaler as autoscaling/v2"))
        }
        "hpa.cpu" => {
            let meta = &scaler?.meta;
            let written = meta.api_version == "autoscaling/v1" || meta.places.has("spec.metrics");
            (!written).then(|| {
                "the autoscaler lists no metrics and gets Kubernetes' own (80 % of CPU); write `metrics` out"
                    .to_owned()
            })
        }
        _ => None,
    }
}

/// Why a longer hook on every container cannot be advised, if so: a hook on a part of a pod's
/// containers makes things worse, and so does one in place of a hook that does something.
fn hook_hurts(selection: &Selection<'_>, plan: &DeploymentPlan) -> Option<String> {
    let written =
        |name: &str| selection.pod_spec.serving_containers().any(|container| container.name == name);
    let simulated = plan.templates.last().into_iter().flat_map(|template| &template.containers);
    if let Some(other) = simulated.filter(|other| !other.is_sidecar).find(|other| !written(&other.name)) {
        return Some(format!(
            "`{}` is in the pods because the scenario says so, and no patch of the template reaches it: a hook on \
             the other containers alone would let it leave first; set its drain time where it is injected, or \
             make it a native sidecar",
            other.name
        ));
    }
    if let Some(injected) = selection.injected.iter().find(|what| what.starts_with("container ")) {
        return Some(format!(
            "running pods have what the template lacks ({injected}): a hook on the other containers alone \
             would let it leave first; set its drain time where it is injected, or make it a native sidecar"
        ));
    }
    let busy = selection.deployment.pod_spec.containers.iter().find(|container| !only_sleeps(container))?;
    Some(format!(
        "the preStop hook of container `{}` does more than sleep, and a sleep in its place would undo that; \
         put the sleep into the hook itself",
        busy.name
    ))
}

fn only_sleeps(container: &Container) -> bool {
    match &container.lifecycle.pre_stop {
        None | Some(Hook::Sleep { .. }) => true,
        Some(Hook::Exec(command)) => {
            let script = command.last().map(String::as_str).unwrap_or_default();
            let direct = command.len() == 2
                && command.first().is_some_and(|program| program.rsplit('/').next() == Some("sleep"));
            let single = command.len() == 3 && !script.contains([';', '&', '|', '\n', '$']);
            let hook = Hook::Exec(command.clone());
            hook.slept().is_some() && (direct || single)
        }
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::tests::{WEB, case, inputs};
    use crate::config::manifest::select_workload;

    fn left(yaml: &str, wish: &str) -> Vec<Left> {
        let inputs = inputs(yaml);
        let case = inputs.case(&[]).expect("a case");
        let selection = select_workload(inputs.manifests(), None).expect("a workload");
        let wishes = [Wish { name: wish.to_owned(), values: None }];
        knobs(&case, &selection, Cost::PodHours, &wishes).expect("knobs").1
    }

    #[test]
    fn what_an_autoscaler_does_not_say_is_left_alone() {
        let (head, metrics) = WEB.split_once("  metrics:").expect("metrics");
        let first = head.replace("autoscaling/v2", "autoscaling/v1");
        for (yaml, wish, reason) in [
            (first.as_str(), "hpa.scaleDown.window", Some("autoscaling/v1 has no `behavior`")),
            (first.as_str(), "hpa.cpu", None),
            (head, "hpa.cpu", Some("lists no metrics")),
            (head, "hpa.scaleDown.window", None),
            (WEB, "hpa.cpu", None),
            (&WEB.replace("minReplicas: 3", "minReplicas: 9"), "hpa.min", None),
        ] {
            let left = left(yaml, wish);
            let told = left.first().map(|left| left.reason.as_str());
            assert_eq!(told.is_some(), reason.is_some(), "{wish}: {left:?}");
            assert!(told.unwrap_or_default().contains(reason.unwrap_or_default()), "{wish}: {left:?}");
        }
        assert!(metrics.contains("cpu"));
    }

    fn turned(set: &[(&str, &str)], wishes: &[(&str, Option<&[&str]>)]) -> Vec<(Vec<String>, usize)> {
        let inputs = inputs(WEB);
        let selection = select_workload(inputs.manifests(), None).expect("a workload");
        let wish = |(name, values): &(&str, Option<&[&str]>)| Wish {
            name: (*name).to_owned(),
            values: values.map(|values| values.iter().map(|&value| value.to_owned()).collect()),
        };
        let wishes: Vec<Wish> = wishes.iter().map(wish).collect();
        let found = knobs(&case(set), &selection, Cost::PodHours, &wishes).expect("knobs").0;
        found.into_iter().map(|knob| (knob.values, knob.now)).collect()
    }

    #[test]
    fn values_that_nothing_makes_possible_are_left_out() {
        let set = [("grace", "20"), ("on_stop", "exit")];
        let last = |knobs: &[(Vec<String>, usize)]| knobs[0].0.last().cloned().unwrap_or_default();
        assert_eq!(last(&turned(&set, &[("preStop", None)])), "19s", "the grace period is not to be turned");
        assert_eq!(last(&turned(&set, &[("preStop", None), ("grace", None)])), "120s");
        let both = [("preStop", Some(&["10", "50", "90"][..])), ("grace", Some(&["60"][..]))];
        assert_eq!(last(&turned(&set, &both)), "50s");
        let set = [("maxSurge", "0"), ("maxUnavailable", "50%")];
        let zero = ("maxUnavailable", Some(&["0"][..]));
        assert!(turned(&set, &[zero]).is_empty(), "no pod could ever be replaced");
        let both = turned(&set, &[zero, ("maxSurge", None)]);
        assert!(both.iter().any(|(values, _)| values.join(" ") == "50% 0"), "{both:?}");
    }

    #[test]
    fn no_hook_is_set_as_a_hook_of_no_seconds() {
        let knob = Knob { name: "preStop", values: vec!["none".into(), "5s".into()], now: 1, free: true };
        assert_eq!(knob.set(0).map(|set| set.value).as_deref(), Some("0s"));
        assert_eq!(knob.set(1), None);
    }
}
