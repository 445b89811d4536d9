//! The values that a knob may take, the cheapest first.

use super::Knob;
use super::present::{NONE, Present, hook, plain, pods, present, seconds};
use crate::advise::Cost;
use crate::config::knobs::{Value, find};
use crate::sim::spec::DeploymentPlan;
use crate::study::LONGEST_HOOK_S;
use crate::units::IntOrPercent;

/// Less than this and one pod's end is the service's end, whatever the runs say.
const LEAST_REPLICAS: u64 = 2;

/// Advice's own grid of a knob; `None` where the workload has no such thing.
pub(super) fn grid(name: &'static str, plan: &DeploymentPlan, cost: Cost) -> Option<Knob> {
    let quick = cost == Cost::RolloutTime;
    let now = present(name, plan)?;
    let (cheaper, safer): (Vec<String>, Vec<String>) = match name {
        "maxSurge" | "maxUnavailable" => limits(name, &now, plan, quick),
        "preStop" => (Vec::new(), now.above(1..=u64::from(LONGEST_HOOK_S), hook)),
        "grace" => {
            let longest = now.most.max(u64::from(LONGEST_HOOK_S)) + 60;
            (Vec::new(), now.above(1..=longest, seconds))
        }
        "minReadySeconds" => {
            let steps = [0, 5, 10, 15, 20, 30, 45, 60, 90, 120];
            let lower = steps.into_iter().filter(|step| quick && *step < now.least);
            (lower.map(seconds).collect(), now.above(steps, seconds))
        }
        "hpa.min" => {
            let most = plan.hpa.as_ref()?.spec.max_replicas.unsigned_abs().into();
            let fewer = (now.least.min(LEAST_REPLICAS)..now.least).filter(|_| !quick);
            (fewer.map(plain).collect(), now.above(1..=most, plain))
        }
        "hpa.cpu" => {
            let steps = (30..=95).rev().step_by(5);
            // A higher target means fewer pods.
            let fewer = steps.clone().filter(|step| !quick && *step > now.most);
            (fewer.map(plain).collect(), now.below(steps, plain))
        }
        "hpa.scaleDown.window" => {
            (Vec::new(), now.above([60, 120, 180, 300, 600, 900, 1_200, 1_800, 3_600], plain))
        }
        "hpa.scaleUp.window" => (Vec::new(), now.below([300, 120, 60, 30, 0], plain)),
        "readiness.periodSeconds" => {
            let shorter = now.below([60, 30, 20, 15, 10, 5, 2], plain);
            // The shorter, the sooner a pod is ready, and the more it is asked.
            if quick { (shorter.into_iter().rev().collect(), Vec::new()) } else { (Vec::new(), shorter) }
        }
        "readiness.successThreshold" => (Vec::new(), now.above(1..=5, plain)),
        _ => (Vec::new(), now.above(1..=10, plain)),
    };
    let (at, free) = (cheaper.len(), !cheaper.is_empty());
    let values = cheaper.into_iter().chain([now.text]).chain(safer).collect();
    Some(Knob { name, values, now: at, free })
}

impl Present {
    /// Steps that raise a container and lower none.
    fn above(&self, steps: impl IntoIterator<Item = u64>, write: fn(u64) -> String) -> Vec<String> {
        let raises = |step: &u64| *step >= self.most && *step > self.least;
        steps.into_iter().filter(raises).map(write).collect()
    }

    /// Steps that lower a container and raise none.
    fn below(&self, steps: impl IntoIterator<Item = u64>, write: fn(u64) -> String) -> Vec<String> {
        let lowers = |step: &u64| *step <= self.least && *step < self.most;
        steps.into_iter().filter(lowers).map(write).collect()
    }
}

/// Limits of the rolling update. More surge is quicker and holds more requests, and takes more room;
/// fewer missing pods hold more and are slower.
fn limits(name: &str, now: &Present, plan: &DeploymentPlan, quick: bool) -> (Vec<String>, Vec<String>) {
    let surges = name == "maxSurge";
    let all = [100, 50, 25, 10].map(IntOrPercent::Percent).into_iter().chain([IntOrPercent::Int(0)]);
    let size = |limit: IntOrPercent| u64::from(pods(name, limit, plan));
    let mut others: Vec<IntOrPercent> = Vec::new();
    for limit in all.filter(|limit| !surges || size(*limit) > 0) {
        // Of several that come to the same number of pods the first is enough.
        if size(limit) != now.least && others.iter().all(|other| size(*other) != size(limit)) {
            others.push(limit);
        }
    }
    let of = |test: &dyn Fn(u64) -> bool| -> Vec<String> {
        others.iter().filter(|limit| test(size(**limit))).map(IntOrPercent::to_string).collect()
    };
    let larger = of(&|pods| pods > now.least);
    let smaller = of(&|pods| pods < now.least);
    match (surges, quick) {
        (true, true) => (larger, Vec::new()),
        (true, false) => (Vec::new(), larger.into_iter().rev().collect()),
        (false, true) => (larger, smaller),
        (false, false) => (Vec::new(), smaller),
    }
}

/// The user's values in their order, and the present one before the first that is dearer.
///
/// # Errors
/// A value that the knob cannot have.
pub(super) fn own_grid(
    name: &'static str,
    texts: &[String],
    plan: &DeploymentPlan,
    cost: Cost,
) -> Result<Option<Knob>, String> {
    let Some(now) = present(name, plan) else { return Ok(None) };
    let mut values: Vec<(String, u64)> = Vec::new();
    for text in texts {
        let value = read(name, text, plan)?;
        if !values.contains(&value) {
            values.push(value);
        }
    }
    let at = values.iter().position(|(text, _)| *text == now.text).unwrap_or_else(|| {
        let ends = values.first().zip(values.last()).map(|(first, last)| (first.1, last.1));
        let falls = match ends {
            Some((first, last)) if first != last => first > last,
            _ => is_dear_when_small(name, cost),
        };
        let dearer = |(_, size): &(String, u64)| if falls { *size < now.least } else { *size > now.least };
        let at = values.iter().position(dearer).unwrap_or(values.len());
        values.insert(at, (now.text.clone(), now.least));
        at
    });
    let values = values.into_iter().map(|(text, _)| text).collect();
    Ok(Some(Knob { name, values, now: at, free: true }))
}

/// Whether small values of a knob are the dear ones.
fn is_dear_when_small(name: &str, cost: Cost) -> bool {
    match name {
        "hpa.cpu" | "hpa.scaleUp.window" | "maxUnavailable" => true,
        "maxSurge" => cost == Cost::RolloutTime,
        "readiness.periodSeconds" => cost == Cost::PodHours,
        _ => false,
    }
}

/// A value as [`present`] writes it, and its size.
pub(super) fn read(name: &str, text: &str, plan: &DeploymentPlan) -> Result<(String, u64), String> {
    let kind = find(name).map_err(|unknown| unknown.help())?.knob.kind;
    let value = kind.parse(text).map_err(|error| format!("`{name}`: {error}"))?;
    let size = match value {
        Value::Seconds(seconds) => seconds.into(),
        Value::Count(count) => count,
        Value::IntOrPercent(limit) => pods(name, limit, plan).into(),
        _ => return Err(format!("`{name}`: {text} is no number")),
    };
    let text = if name == "preStop" && size == 0 { NONE.to_owned() } else { value.to_string() };
    Ok((text, size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::tests::plan;

    fn own(name: &'static str, values: &[&str], set: &[(&str, &str)]) -> (String, usize) {
        let texts: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        let knob = own_grid(name, &texts, &plan(set), Cost::PodHours).expect("values").expect("a knob");
        (knob.values.join(" "), knob.now)
    }

    #[test]
    fn the_present_value_stands_among_the_users_own_by_its_cost() {
        for (name, values, set, expected, now) in [
            ("preStop", &["0s", "1m"][..], &[("preStop", "20")][..], "none 20s 60s", 1),
            ("preStop", &["5", "5s"], &[], "none 5s", 0),
            ("grace", &["1m30s"], &[], "30s 90s", 0),
            ("grace", &["10s", "20s"], &[], "10s 20s 30s", 2),
            ("maxUnavailable", &["1"], &[("maxUnavailable", "0")], "1 0", 1),
            ("maxUnavailable", &["100%", "0"], &[("maxUnavailable", "50%")], "100% 50% 0", 1),
            ("hpa.cpu", &["80", "50"], &[], "80 60 50", 1),
            // Against the usual order, if that is what the user says is cheap.
            ("hpa.min", &["6", "2"], &[], "6 3 2", 1),
        ] {
            assert_eq!(own(name, values, set), (expected.to_owned(), now), "{name} {values:?}");
        }
    }

    #[test]
    fn no_step_lowers_a_container() {
        let set = [("preStop@app", "5"), ("preStop@proxy", "10"), ("readiness.periodSeconds@proxy", "5")];
        let plan = plan(&set);
        let hooks = grid("preStop", &plan, Cost::PodHours).expect("hooks");
        assert_eq!(&hooks.values[..3], ["app 5s, proxy 10s", "10s", "11s"]);
        let periods = grid("readiness.periodSeconds", &plan, Cost::PodHours).expect("probes");
        assert_eq!(periods.values, ["app 10, proxy 5", "5", "2"]);
    }
}
