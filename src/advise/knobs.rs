//! The knobs that advice may turn, each with a finite grid of values, the cheapest first.

use super::Cost;
use super::search::Ladder;
use crate::config::case::{Case, Override};
use crate::config::manifest::{Container, Hook, HorizontalPodAutoscaler, Metric, MetricTarget, Selection};
use crate::model::deployment::{Strategy, resolve_fenceposts};
use crate::sim::spec::{ContainerPlan, DeploymentPlan, ProbePlan};
use crate::units::IntOrPercent;

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

/// Longer hooks than this are no advice.
const LONGEST_HOOK_S: u32 = 120;
/// Less than this and one pod's end is the service's end, whatever the runs say.
const LEAST_REPLICAS: i32 = 2;

impl Knob {
    /// What has to be set for a value of the grid; nothing for the present one.
    pub fn set(&self, value: usize) -> Option<Override> {
        let set = || Override { knob: self.name.to_owned(), value: self.values[value].clone() };
        (value != self.now).then(set)
    }

    pub(super) fn ladder(&self) -> Ladder {
        Ladder { len: self.values.len(), now: self.now, floor: if self.free { 0 } else { self.now } }
    }
}

/// The knobs of a case, and those that are left alone.
///
/// # Errors
/// A wish for a knob that advice does not know or the workload does not have.
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
        let found = if name == "preStop" { hurts(selection) } else { None }
            .map_or_else(|| Ok(grid(name, plan, selection, cost)), |reason| Err(Left { name, reason }));
        match (found, wish) {
            (Ok(Some(mut knob)), wish) => {
                if let Some(values) = wish.and_then(|wish| wish.values.clone()) {
                    own_grid(&mut knob, values);
                }
                if knob.values.len() > 1 {
                    knobs.push(knob);
                }
            }
            (Ok(None), Some(_)) => return Err(format!("`{name}`: the workload has no such thing to set")),
            (Ok(None), None) => {}
            (Err(reason), _) => left.push(reason),
        }
    }
    Ok((knobs, left))
}

/// All names, dearest first.
fn order(cost: Cost) -> impl Iterator<Item = &'static &'static str> {
    let first: &[&str] = match cost {
        Cost::PodHours => &[],
        Cost::RolloutTime => BY_ROLLOUT_TIME,
    };
    first.iter().chain(NAMES.iter().filter(|name| !first.contains(name)))
}

/// The user's values, and the present one if it is not among them.
fn own_grid(knob: &mut Knob, values: Vec<String>) {
    let now = knob.values[knob.now].clone();
    knob.now = values.iter().position(|value| *value == now).unwrap_or(0);
    knob.values = if values.contains(&now) { values } else { std::iter::once(now).chain(values).collect() };
    knob.free = true;
}

/// Why a longer hook on every container cannot be advised, if so: a hook on a part of a pod's
/// containers makes things worse, and so does one in place of a hook that does something.
fn hurts(selection: &Selection<'_>) -> Option<String> {
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

fn grid(name: &'static str, plan: &DeploymentPlan, selection: &Selection<'_>, cost: Cost) -> Option<Knob> {
    let quick = cost == Cost::RolloutTime;
    let scaler = || plan.hpa.as_ref().and(selection.autoscalers.first().copied());
    match name {
        "preStop" => pre_stop(name, plan),
        "grace" => {
            let now = u64::from(plan.templates.last()?.grace_seconds);
            let most = now.max(u64::from(LONGEST_HOOK_S)) + 60;
            raised(name, now, now + 1..=most, &seconds)
        }
        "minReadySeconds" => {
            let now = u64::from(plan.min_ready_seconds);
            let steps = [0, 5, 10, 15, 20, 30, 45, 60, 90, 120];
            if quick {
                let lower = steps.into_iter().filter(|step| *step < now);
                let higher = steps.into_iter().filter(|step| *step > now);
                return around(name, lower.collect(), now, higher.collect(), &seconds);
            }
            raised(name, now, steps, &seconds)
        }
        "maxSurge" | "maxUnavailable" => limits(name, plan, quick),
        "hpa.min" => {
            let spec = &plan.hpa.as_ref()?.spec;
            let (now, most) = (spec.min_replicas, spec.max_replicas);
            let count = |from: i32, to: i32| (from..=to).map(|n| n.unsigned_abs().into()).collect();
            let lower = if quick { Vec::new() } else { count(now.min(LEAST_REPLICAS), now - 1) };
            around(name, lower, now.unsigned_abs().into(), count(now + 1, most), &plain)
        }
        "hpa.cpu" => {
            let now = u64::from(cpu_target(scaler()?)?);
            let steps = (30..=95).rev().step_by(5);
            // A higher target means fewer pods.
            let lower = if quick { Vec::new() } else { steps.clone().filter(|step| *step > now).collect() };
            around(name, lower, now, steps.filter(|step| *step < now).collect(), &plain)
        }
        "hpa.scaleDown.window" => {
            let behavior = scaler()?.behavior.as_ref();
            let now =
                behavior.and_then(|b| b.scale_down.as_ref()?.stabilization_window_seconds).unwrap_or(300);
            raised(name, now.into(), [60, 120, 180, 300, 600, 900, 1_200, 1_800, 3_600], &plain)
        }
        "hpa.scaleUp.window" => {
            let behavior = scaler()?.behavior.as_ref();
            let now = behavior.and_then(|b| b.scale_up.as_ref()?.stabilization_window_seconds).unwrap_or(0);
            let lower = [300, 120, 60, 30, 0].into_iter().filter(|step| *step < u64::from(now));
            around(name, Vec::new(), now.into(), lower.collect(), &plain)
        }
        "readiness.periodSeconds" => {
            let now = u64::from(readiness(plan)?.spec.period_seconds);
            let steps = [60, 30, 20, 15, 10, 5, 2];
            let shorter = steps.into_iter().filter(|step| *step < now);
            if quick {
                // The shorter, the sooner a pod is ready.
                return around(name, shorter.rev().collect(), now, Vec::new(), &plain);
            }
            around(name, Vec::new(), now, shorter.collect(), &plain)
        }
        "readiness.failureThreshold" => {
            raised(name, readiness(plan)?.spec.failure_threshold.into(), 1..=10, &plain)
        }
        "readiness.successThreshold" => {
            raised(name, readiness(plan)?.spec.success_threshold.into(), 1..=5, &plain)
        }
        _ => raised(name, readiness(plan)?.spec.timeout_seconds.into(), 1..=10, &plain),
    }
}

fn seconds(value: u64) -> String {
    format!("{value}s")
}

fn plain(value: u64) -> String {
    value.to_string()
}

/// The present value, and those above it.
fn raised(
    name: &'static str,
    now: u64,
    steps: impl IntoIterator<Item = u64>,
    write: &dyn Fn(u64) -> String,
) -> Option<Knob> {
    around(name, Vec::new(), now, steps.into_iter().filter(|step| *step > now).collect(), write)
}

/// Cheaper values, the present one, safer values; all in order.
fn around(
    name: &'static str,
    cheaper: Vec<u64>,
    now: u64,
    safer: Vec<u64>,
    write: &dyn Fn(u64) -> String,
) -> Option<Knob> {
    let (at, free) = (cheaper.len(), !cheaper.is_empty());
    let values = cheaper.into_iter().chain([now]).chain(safer).map(write).collect();
    Some(Knob { name, values, now: at, free })
}

/// A sleep on every container: `none`, `30s`, or what each of them has.
fn pre_stop(name: &'static str, plan: &DeploymentPlan) -> Option<Knob> {
    let containers = plan.templates.last()?.containers.iter().filter(|container| !container.is_sidecar);
    let slept = |container: &ContainerPlan| {
        container.pre_stop.as_ref().map_or(0, |hook| hook.duration.upper_end().whole_secs())
    };
    let hooks: Vec<(&str, u64)> =
        containers.map(|container| (container.name.as_str(), slept(container))).collect();
    let shown = |seconds: u64| if seconds == 0 { "none".to_owned() } else { format!("{seconds}s") };
    let least = hooks.iter().map(|(_, slept)| *slept).min()?;
    let now = if hooks.iter().all(|(_, slept)| *slept == least) {
        shown(least)
    } else {
        let each = hooks.iter().map(|(name, slept)| format!("{name} {}", shown(*slept)));
        each.collect::<Vec<_>>().join(", ")
    };
    let longer = (least + 1..=u64::from(LONGEST_HOOK_S)).map(seconds);
    Some(Knob { name, values: std::iter::once(now).chain(longer).collect(), now: 0, free: false })
}

fn limits(name: &'static str, plan: &DeploymentPlan, quick: bool) -> Option<Knob> {
    let Strategy::RollingUpdate { max_surge, max_unavailable } = plan.spec.strategy else { return None };
    let replicas = plan.spec.replicas.max(1);
    let surges = name == "maxSurge";
    let size = |limit: IntOrPercent| {
        if surges {
            resolve_fenceposts(limit, IntOrPercent::Int(1), replicas).surge
        } else {
            resolve_fenceposts(IntOrPercent::Int(1), limit, replicas).unavailable
        }
    };
    let now = if surges { max_surge } else { max_unavailable };
    let all = [100, 50, 25, 10].map(IntOrPercent::Percent).into_iter().chain([IntOrPercent::Int(0)]);
    let mut others: Vec<IntOrPercent> = Vec::new();
    for limit in all.filter(|limit| !surges || size(*limit) > 0) {
        // Of several that come to the same number of pods the first is enough.
        if size(limit) != size(now) && others.iter().all(|other| size(*other) != size(limit)) {
            others.push(limit);
        }
    }
    let of = |test: &dyn Fn(u32) -> bool| others.iter().copied().filter(|limit| test(size(*limit))).collect();
    let larger: Vec<IntOrPercent> = of(&|pods| pods > size(now));
    let smaller: Vec<IntOrPercent> = of(&|pods| pods < size(now));
    let rising = |mut list: Vec<IntOrPercent>| {
        list.reverse();
        list
    };
    // More surge is quicker and holds more requests, and takes more room; fewer missing pods hold
    // more and are slower.
    let (cheaper, safer) = match (surges, quick) {
        (true, true) => (larger, Vec::new()),
        (true, false) => (Vec::new(), rising(larger)),
        (false, true) => (larger, smaller),
        (false, false) => (Vec::new(), smaller),
    };
    let (at, free) = (cheaper.len(), !cheaper.is_empty());
    let values = cheaper.into_iter().chain([now]).chain(safer).map(|limit| limit.to_string()).collect();
    Some(Knob { name, values, now: at, free })
}

fn readiness(plan: &DeploymentPlan) -> Option<ProbePlan> {
    plan.templates.last()?.containers.iter().find_map(|container| container.readiness)
}

fn cpu_target(scaler: &HorizontalPodAutoscaler) -> Option<u32> {
    scaler.metrics.iter().find_map(|metric| match metric {
        Metric::Resource { name, target: MetricTarget::Utilization(percent) }
        | Metric::ContainerResource { name, target: MetricTarget::Utilization(percent), .. }
            if name == "cpu" =>
        {
            Some(*percent)
        }
        _ => None,
    })
}
