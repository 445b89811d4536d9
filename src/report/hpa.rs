//! A decision of the autoscaler in the words of a colleague: which pods counted and why the
//! others did not, what each metric asks for, what was made of it, and what would change it.

mod limits;
pub(super) mod words;

use self::limits::explain_limits;
use self::words::{at_level, number, target_text, title};
use crate::model::hpa::{
    Basis, ConditionType, Decision, Input, LevelUnit, LimitReason, MetricError, MetricEvaluation, Path,
    PodClass, PodGroup, Proposal, ScaleToZero, decide, thresholds,
};
use crate::report::text::counted;

/// So many names are listed before the rest is only counted.
const NAMES: usize = 4;

/// Explains a decision. `names` are the pods' names by index; a pod without one is called by its
/// index.
pub fn explain(input: &Input<'_>, decision: &Decision, names: &[String]) -> String {
    let mut lines = vec![headline(input, decision)];
    for (index, metric) in decision.metrics.iter().enumerate() {
        explain_metric(input, metric, index, names, &mut lines);
    }
    explain_path(input, decision, &mut lines);
    if decision.path == Path::Metrics {
        explain_changes(input, decision, &mut lines);
    }
    lines.join("\n") + "\n"
}

fn headline(input: &Input<'_>, decision: &Decision) -> String {
    let (from, to) = (input.scale.spec_replicas, decision.desired_replicas);
    match to.cmp(&from) {
        std::cmp::Ordering::Greater => format!("scale up: {from} -> {}", counted(to, "replica")),
        std::cmp::Ordering::Less => format!("scale down: {from} -> {}", counted(to, "replica")),
        std::cmp::Ordering::Equal => format!("no change: {}", counted(to, "replica")),
    }
}

fn explain_metric(
    input: &Input<'_>,
    metric: &MetricEvaluation,
    index: usize,
    names: &[String],
    lines: &mut Vec<String>,
) {
    let title = title(input, index);
    match (metric.result, metric.level()) {
        (Ok(proposal), Some(level)) => {
            let now = at_level(input, index, level.value, level.unit);
            let target = target_text(input, index, level);
            let ratio = number(proposal.first_ratio);
            lines.push(format!("{title}: {now}, target {target}: ratio {ratio}"));
            explain_pods(input, metric, names, lines);
            explain_proposal(input, metric, &proposal, lines);
        }
        (result, _) => {
            let error = result.err().unwrap_or(MetricError::NoMatchingMetrics);
            lines.push(format!("{title}: failed, {error} ({})", error.as_str()));
            explain_pods(input, metric, names, lines);
        }
    }
}

/// Who counted, and the others by reason.
fn explain_pods(input: &Input<'_>, metric: &MetricEvaluation, names: &[String], lines: &mut Vec<String>) {
    if metric.classes.is_empty() {
        return;
    }
    lines.push(format!("  {} of {} pods count", metric.counts.ready, metric.classes.len()));
    for (class, text) in REASONS {
        let pods: Vec<usize> =
            (0..metric.classes.len()).filter(|pod| metric.classes[*pod] == class).collect();
        if pods.is_empty() {
            continue;
        }
        let name = |pod: &usize| names.get(*pod).cloned().unwrap_or_else(|| format!("pod {pod}"));
        let mut list = pods.iter().take(NAMES).map(name).collect::<Vec<_>>().join(", ");
        if pods.len() > NAMES {
            list.push_str(&format!(" and {} more", pods.len() - NAMES));
        }
        let period = match class {
            PodClass::Initializing | PodClass::WarmingUp => {
                format!(" (within {} of its start)", input.options.cpu_initialization_period)
            }
            PodClass::NeverReady => {
                format!(" (within {} of its start)", input.options.initial_readiness_delay)
            }
            _ => String::new(),
        };
        lines.push(format!("  {} {text}{period}: {list}", group_name(class.group())));
    }
}

/// Every class but the one that counts, in the order in which they are listed.
const REASONS: [(PodClass, &str); 9] = [
    (PodClass::Pending, "because Pending"),
    (PodClass::NotStarted, "without Ready condition or start time"),
    (PodClass::Initializing, "because not ready yet"),
    (PodClass::WarmingUp, "because measured for less than one window since it got ready"),
    (PodClass::NeverReady, "because not ready since it started"),
    (PodClass::NoSample, "because the metrics API has no sample"),
    (PodClass::Terminating, "because terminating"),
    (PodClass::Failed, "because Failed"),
    (PodClass::Succeeded, "because Succeeded"),
];

fn group_name(group: PodGroup) -> &'static str {
    match group {
        PodGroup::Ready => "counted",
        PodGroup::Unready => "unready",
        PodGroup::Missing => "missing",
        PodGroup::Ignored => "ignored",
    }
}

fn explain_proposal(
    input: &Input<'_>,
    metric: &MetricEvaluation,
    proposal: &Proposal,
    lines: &mut Vec<String>,
) {
    let tolerances = input.options.tolerances_for(input.hpa.behavior.as_ref());
    let band = format!("{} to {}", number(1.0 - tolerances.down), number(1.0 + tolerances.up));
    if let Some(second) = proposal.second_ratio {
        let filled = filled_text(input, metric, proposal.first_ratio);
        lines.push(format!("  so as not to overdo it, with {filled}: ratio {}", number(second)));
    }
    let ratio = number(proposal.second_ratio.unwrap_or(proposal.first_ratio));
    let (current, asked) = (input.scale.spec_replicas, proposal.replicas);
    let how = match proposal.basis {
        Basis::Pods(_) if current == 0 => "the ratio rounded up, as nothing runs".to_owned(),
        Basis::Pods(pods) => format!("{ratio} x {pods} pods, rounded up"),
        Basis::Total => "the total divided by the target, rounded up".to_owned(),
        Basis::WithinTolerance if asked != current => {
            format!(
                "{ratio} is within the tolerance {band}, which keeps the pods that exist, not the {current} asked for"
            )
        }
        Basis::WithinTolerance | Basis::FilledWithinTolerance => {
            format!("no change, {ratio} is within the tolerance {band}")
        }
        Basis::FilledTurns => format!("no change, {ratio} points the other way than the counted pods alone"),
        Basis::CountTurns => "no change, the surplus of pods would turn the step around".to_owned(),
    };
    lines.push(format!("  asks for {asked}: {how}"));
}

/// What the pods without a usable sample count for.
fn filled_text(input: &Input<'_>, metric: &MetricEvaluation, ratio: f64) -> String {
    let missing = counted(metric.counts.missing, "missing pod");
    let of_requests = metric.level().is_some_and(|level| level.unit == LevelUnit::PercentOfRequests);
    if ratio < 1.0 {
        let full = if of_requests {
            "the whole request, or the target if that is more"
        } else {
            "exactly the target"
        };
        return format!("{missing} at {full}");
    }
    if ratio <= 1.0 && (of_requests || !input.options.missing_pods_count_at_target) {
        return format!("{missing} left out at exactly the target");
    }
    let unready = counted(metric.counts.unready, "unready pod");
    match (metric.counts.unready, metric.counts.missing) {
        (0, _) => format!("{missing} at 0"),
        (_, 0) => format!("{unready} at 0"),
        (_, _) => format!("{unready} and {missing} at 0"),
    }
}

/// From the proposals to the size.
fn explain_path(input: &Input<'_>, decision: &Decision, lines: &mut Vec<String>) {
    let hpa = input.hpa;
    match decision.path {
        Path::Disabled => lines.push(disabled(input).to_owned()),
        Path::AboveMaximum => lines.push(format!(
            "above maxReplicas {}: cut at once, without metrics, windows or policies",
            hpa.max_replicas
        )),
        Path::BelowMinimum => lines.push(format!(
            "below minReplicas {}: raised at once, without metrics, windows or policies",
            hpa.min_replicas
        )),
        Path::Metrics => explain_limits(input, decision, lines),
    }
}

fn disabled(input: &Input<'_>) -> &'static str {
    match input.options.scale_to_zero {
        ScaleToZero::Legacy => {
            "0 replicas with a minReplicas above 0 switch the autoscaler off until someone sets a size"
        }
        ScaleToZero::Off => "0 replicas switch the autoscaler off: gate HPAScaleToZero is off",
        ScaleToZero::On if input.conditions.is_true(ConditionType::ScaledToZero) => {
            "0 replicas, and no Object or External metric that could tell when to wake"
        }
        ScaleToZero::On => {
            "0 replicas that the autoscaler did not set itself (condition ScaledToZero) switch it off"
        }
    }
}

/// What would have to be different for another answer.
fn explain_changes(input: &Input<'_>, decision: &Decision, lines: &mut Vec<String>) {
    for index in 0..decision.metrics.len() {
        let Some(found) = thresholds(input, decision, index) else { continue };
        let title = title(input, index);
        let at = |value| at_level(input, index, value, found.level.unit);
        if let Some(above) = found.above {
            let replicas = counted(above.replicas, "replica");
            lines.push(format!("{replicas} if {title} were at {} or more", at(above.level)));
        }
        if let Some(below) = found.below {
            let replicas = counted(below.replicas, "replica");
            lines.push(format!("{replicas} if {title} were at {} or less", at(below.level)));
        }
    }
    let Some((other, without)) = without_constraint(input, decision) else { return };
    if other != decision.desired_replicas {
        lines.push(format!("{} without {without}", counted(other, "replica")));
    }
}

/// The answer if what binds did not: a failed metric, or one of the bounds.
fn without_constraint(input: &Input<'_>, decision: &Decision) -> Option<(i32, String)> {
    let mut free = input.hpa.clone();
    let mut samples = Vec::new();
    let without = match decision.normalized.map(|normalized| normalized.limited.reason) {
        None => {
            let works = |index: usize| decision.metrics[index].result.is_ok();
            free.metrics.clear();
            for index in (0..decision.metrics.len()).filter(|index| works(*index)) {
                free.metrics.push(input.hpa.metrics[index].clone());
                samples.extend(input.samples.get(index).cloned());
            }
            if free.metrics.is_empty() {
                return None;
            }
            "the failed metrics".to_owned()
        }
        Some(LimitReason::TooManyReplicas) => {
            free.max_replicas = i32::MAX;
            format!("maxReplicas {}", input.hpa.max_replicas)
        }
        Some(LimitReason::TooFewReplicas) => {
            free.min_replicas = 0;
            format!("minReplicas {}", input.hpa.min_replicas)
        }
        Some(_) => return None,
    };
    let samples = if samples.is_empty() { input.samples } else { &samples };
    let other = decide(&Input { hpa: &free, samples, ..*input });
    Some((other.desired_replicas, without))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::hpa_state::Request;

    fn text(input: Value) -> String {
        let request = Request::from_value(input).expect("a valid input");
        let state = request.state().expect("a whole reconcile");
        explain(&state.input(), &decide(&state.input()), &state.names)
    }

    fn assert_text(input: Value, lines: &[&str]) {
        let text = text(input);
        assert_eq!(text.lines().collect::<Vec<_>>(), lines, "\n{text}");
        assert!(text.ends_with('\n'));
    }

    /// Pods named a, b, ... of one core each, ready for ages.
    fn pods(count: u8) -> Value {
        (0..count)
            .map(|n| {
                let name = char::from(b'a' + n).to_string();
                json!({ "name": name, "ready": "True", "startTime": 0, "requestsMilli": { "cpu": 1000 } })
            })
            .collect()
    }

    fn cpu(target: i32, values: &[i64]) -> Value {
        let sample = |(n, value): (u8, &i64)| json!({ "pod": char::from(b'a' + n).to_string(), "time": 9000, "windowSeconds": 30, "valueMilli": value });
        json!({
            "type": "Resource", "resource": "cpu",
            "target": { "type": "Utilization", "averageUtilization": target },
            "samples": { "pods": (0..).zip(values).map(sample).collect::<Vec<_>>() },
        })
    }

    fn queue(target: Value, value: i64) -> Value {
        json!({ "type": "External", "metric": "queue", "target": target, "samples": { "valuesMilli": [value] } })
    }

    fn input(size: i32, pods: Value, metrics: Value) -> Value {
        json!({
            "now": 9000, "options": { "scaleToZero": "legacy" },
            "scale": { "specReplicas": size },
            "hpa": { "minReplicas": 1, "maxReplicas": 20, "metrics": metrics },
            "pods": pods,
            "history": { "recommendations": [] },
        })
    }

    fn with(mut input: Value, pointer: &str, value: Value) -> Value {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        match input.pointer_mut(parent).unwrap() {
            Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
            parent => parent[key] = value,
        }
        input
    }

    #[test]
    fn a_plain_step() {
        assert_text(
            input(4, pods(4), json!([cpu(50, &[600; 4])])),
            &[
                "scale up: 4 -> 5 replicas",
                "cpu: 60 % of the requests, target 50 %: ratio 1.2",
                "  4 of 4 pods count",
                "  asks for 5: 1.2 x 4 pods, rounded up",
                "6 replicas if cpu were at 63 % of the requests or more",
                "4 replicas if cpu were at 55 % of the requests or less",
            ],
        );
    }

    #[test]
    fn every_reason_not_to_count_has_its_words() {
        let mut all = pods(8);
        all[1]["deleted"] = json!(true);
        all[2]["phase"] = json!("Failed");
        all[3]["phase"] = json!("Pending");
        all[4]["ready"] = json!(null);
        all[5]["ready"] = json!("False");
        all[5]["startTime"] = json!(8900);
        all[6]["startTime"] = json!(8900);
        all[6]["readyTransitionTime"] = json!(8980);
        all[7]["ready"] = json!("False");
        let mut more = all.as_array().unwrap().clone();
        for name in ["q", "r", "s", "t", "u", "v"] {
            more.push(
                json!({ "name": name, "ready": "True", "startTime": 0, "requestsMilli": { "cpu": 1000 } }),
            );
        }
        assert_text(
            input(14, json!(more), json!([cpu(10, &[900; 8])])),
            &[
                "no change: 14 replicas",
                "cpu: 90 % of the requests, target 10 %: ratio 9",
                "  1 of 14 pods count",
                "  unready because Pending: d",
                "  unready without Ready condition or start time: e",
                "  unready because not ready yet (within 5m of its start): f",
                "  unready because measured for less than one window since it got ready (within 5m of its start): g",
                "  unready because not ready since it started (within 30s of its start): h",
                "  missing because the metrics API has no sample: q, r, s, t and 2 more",
                "  ignored because terminating: b",
                "  ignored because Failed: c",
                "  so as not to overdo it, with 5 unready pods and 6 missing pods at 0: ratio 0.7",
                "  asks for 14: no change, 0.7 points the other way than the counted pods alone",
                "15 replicas if cpu were at 144 % of the requests or more",
            ],
        );
    }

    #[test]
    fn pods_without_a_name_go_by_their_number() {
        let request = Request::from_value(input(2, pods(2), json!([cpu(50, &[600])]))).unwrap();
        let state = request.state().unwrap();
        let text = explain(&state.input(), &decide(&state.input()), &[]);
        assert!(text.contains("no sample: pod 1\n"), "{text}");
    }

    #[test]
    fn how_missing_pods_count() {
        let missing = |target: i32, values: &[i64]| text(input(3, pods(3), json!([cpu(target, values)])));
        let down = missing(60, &[200, 200]);
        assert!(
            down.contains(
                "with 1 missing pod at the whole request, or the target if that is more: ratio 0.767"
            ),
            "{down}"
        );
        let level = missing(50, &[500, 500]);
        assert!(level.contains("with 1 missing pod left out at exactly the target: ratio 1\n"), "{level}");
        let up = missing(50, &[1600, 1600]);
        assert!(up.contains("with 1 missing pod at 0: ratio 2.12\n"), "{up}");
        let average = |value: i64, version: &str| {
            let samples =
                json!({ "pods": [{ "pod": "a", "valueMilli": value }, { "pod": "b", "valueMilli": value }] });
            let metric = json!({ "type": "Pods", "metric": "qps", "target": { "averageValueMilli": 1000 }, "samples": samples });
            text(with(input(3, pods(3), json!([metric])), "/options", json!({ "kubernetes": version })))
        };
        assert!(average(500, "1.35").contains("with 1 missing pod at exactly the target: ratio 0.666"));
        assert!(average(1000, "1.35").contains("with 1 missing pod left out at exactly the target"));
        assert!(average(1000, "1.27").contains("with 1 missing pod at 0: ratio 0.666"));
    }

    #[test]
    fn units_are_those_people_use() {
        let per_pod = |resource: &str, value: i64, target: i64| {
            let samples = json!({ "pods": [{ "pod": "a", "valueMilli": value }] });
            let metric = json!({ "type": "ContainerResource", "resource": resource, "container": "app", "target": { "averageValueMilli": target }, "samples": samples });
            text(input(1, pods(1), json!([metric])))
        };
        let line = |text: String| text.lines().nth(1).unwrap_or_default().to_owned();
        assert_eq!(
            line(per_pod("cpu", 250, 500)),
            "cpu of container app: 250m per pod, target 500m: ratio 0.5"
        );
        assert_eq!(
            line(per_pod("memory", 157_286_400_000, 104_857_600_000)),
            "memory of container app: 150Mi per pod, target 100Mi: ratio 1.5"
        );
        assert_eq!(
            line(per_pod("gpu", 1_500, 2_000)),
            "gpu of container app: 1.5 per pod, target 2: ratio 0.75"
        );
        let nameless = json!({ "type": "External", "target": { "valueMilli": 100 }, "samples": { "valuesMilli": [50] } });
        assert_eq!(
            line(text(input(1, pods(1), json!([nameless])))),
            "metric of type External: 0.05 in all, target 0.1: ratio 0.5"
        );
    }

    #[test]
    fn stabilization_tells_what_holds_and_how_long() {
        let shrinking = || input(6, pods(6), json!([queue(json!({ "averageValueMilli": 1000 }), 2000)]));
        let memory = json!({ "recommendations": [{ "replicas": 5, "time": 8740 }, { "replicas": 4, "time": 8999 }, { "replicas": 6, "time": 8600 }] });
        let line = |input: Value| {
            let text = text(input);
            text.lines().find(|line| line.starts_with("stabilized")).unwrap_or_default().to_owned()
        };
        assert_eq!(
            line(with(shrinking(), "/history", memory.clone())),
            "stabilized at 5: a proposal of 4 was made 1s ago, and for another 4m59s the scale-down window of 5m holds the size"
        );
        assert_eq!(
            line(with(shrinking(), "/history", json!({}))),
            "stabilized at 6: the controller's memory is not given, so it counts as just started and holds the size \
             for the scale-down window of 5m"
        );
        let growing = with(
            input(2, pods(2), json!([queue(json!({ "averageValueMilli": 1000 }), 9000)])),
            "/history",
            memory,
        );
        let growing =
            with(growing, "/hpa/behavior", json!({ "scaleUp": { "stabilizationWindowSeconds": 300 } }));
        assert_eq!(
            line(growing),
            "stabilized at 4: a proposal of 4 was made 1s ago, and for another 4m59s the scale-up window of 5m holds the size"
        );
    }

    #[test]
    fn limits_name_the_constraint_that_binds() {
        let grow =
            |behavior: Value| with(input(3, pods(3), json!([cpu(10, &[900; 3])])), "/hpa/behavior", behavior);
        let shrink =
            |behavior: Value| with(input(9, pods(9), json!([cpu(90, &[100; 9])])), "/hpa/behavior", behavior);
        let pods_policy = |value: i32| json!({ "type": "Pods", "value": value, "periodSeconds": 60 });
        let percent = json!({ "type": "Percent", "value": 10, "periodSeconds": 90 });
        let calm = |rules: Value| json!({ "scaleDown": rules, "scaleUp": {} });
        let limited = |input: Value| {
            let text = text(input);
            text.lines().find(|line| line.starts_with("limited")).unwrap_or_default().to_owned()
        };
        for (input, want) in [
            (
                grow(json!(null)),
                "limited to 6 by the speed limit without behavior: at most max(2 x 3, 4) in one step",
            ),
            (grow(json!({})), "limited to 7 by the scaleUp policy of 4 pods per 15s (the fastest)"),
            (
                with(
                    grow(json!({})),
                    "/history",
                    json!({ "recommendations": [], "scaleUpEvents": [{ "change": 4, "time": 8999 }] }),
                ),
                "limited to 3 by the scaleUp policy of 4 pods per 15s (the fastest), used up for now",
            ),
            (
                grow(json!({ "scaleUp": { "policies": [pods_policy(5), percent], "selectPolicy": "Min" } })),
                "limited to 4 by the scaleUp policy of 10 percent per 1m30s (the slowest, selectPolicy Min)",
            ),
            (
                grow(json!({ "scaleUp": { "selectPolicy": "Disabled" } })),
                "limited to 3 by scaleUp.selectPolicy Disabled",
            ),
            (
                shrink(calm(json!({ "policies": [pods_policy(2)], "stabilizationWindowSeconds": 0 }))),
                "limited to 7 by the scaleDown policy of 2 pods per 1m",
            ),
            (
                with(
                    shrink(calm(json!({ "policies": [pods_policy(2)] }))),
                    "/history",
                    json!({ "recommendations": [], "scaleDownEvents": [{ "change": 2, "time": 8999 }] }),
                ),
                "limited to 9 by the scaleDown policy of 2 pods per 1m, used up for now",
            ),
            (with(grow(json!({})), "/hpa/maxReplicas", json!(5)), "limited to 5 by maxReplicas 5"),
            (with(shrink(json!({})), "/hpa/minReplicas", json!(4)), "limited to 4 by minReplicas 4"),
        ] {
            assert_eq!(limited(input), want);
        }
        let last = |input: Value| text(input).lines().last().unwrap_or_default().to_owned();
        assert_eq!(
            last(with(grow(json!({})), "/hpa/maxReplicas", json!(5))),
            "7 replicas without maxReplicas 5"
        );
        assert_eq!(
            last(with(shrink(json!({})), "/hpa/minReplicas", json!(4))),
            "1 replica without minReplicas 4"
        );
    }

    #[test]
    fn several_metrics_and_failures() {
        let failed = json!({ "type": "External", "metric": "queue", "target": { "valueMilli": 1 }, "samples": { "error": "x" } });
        assert_text(
            input(4, pods(4), json!([failed, cpu(50, &[600; 4])])),
            &[
                "scale up: 4 -> 5 replicas",
                "queue: failed, the metrics API answered with an error (metrics-unavailable)",
                "cpu: 60 % of the requests, target 50 %: ratio 1.2",
                "  4 of 4 pods count",
                "  asks for 5: 1.2 x 4 pods, rounded up",
                "the largest proposal counts: 5 by cpu",
                "1 of 2 metrics failed, which would stop a step down only",
                "6 replicas if cpu were at 63 % of the requests or more",
                "4 replicas if cpu were at 55 % of the requests or less",
            ],
        );
        assert_text(
            input(4, pods(4), json!([failed, cpu(50, &[100; 4])])),
            &[
                "no change: 4 replicas",
                "queue: failed, the metrics API answered with an error (metrics-unavailable)",
                "cpu: 10 % of the requests, target 50 %: ratio 0.2",
                "  4 of 4 pods count",
                "  asks for 1: 0.2 x 4 pods, rounded up",
                "1 of 2 metrics failed, and the others ask for less: so the size stays",
                "5 replicas if cpu were at 56 % of the requests or more",
                "1 replica without the failed metrics",
            ],
        );
        assert_text(
            input(4, pods(4), json!([failed])),
            &[
                "no change: 4 replicas",
                "queue: failed, the metrics API answered with an error (metrics-unavailable)",
                "no metric can be used, so the size stays",
            ],
        );
        let unready = with(input(1, pods(1), json!([cpu(50, &[100])])), "/pods/0/deleted", json!(true));
        assert_text(
            unready,
            &[
                "no change: 1 replica",
                "cpu: failed, no sample is left once those of unready and terminating pods are dropped (no-ready-metrics)",
                "  0 of 1 pods count",
                "  ignored because terminating: a",
                "no metric can be used, so the size stays",
            ],
        );
    }

    #[test]
    fn totals_and_zero() {
        let sleeping = |options: Value, conditions: Value| {
            let metric = queue(json!({ "averageValueMilli": 1000 }), 12_000);
            let zero = with(input(0, json!([]), json!([metric])), "/hpa/minReplicas", json!(0));
            with(with(zero, "/options", options), "/conditions", conditions)
        };
        let marked = json!([{ "type": "ScaledToZero", "status": "True" }]);
        assert_text(
            sleeping(json!({}), marked.clone()),
            &[
                "scale up: 0 -> 4 replicas",
                "queue: 12 in all, target 1 per pod: ratio infinite",
                "  asks for 12: the total divided by the target, rounded up",
                "limited to 4 by the speed limit without behavior: at most max(2 x 0, 4) in one step",
                "3 replicas if queue were at 3 in all or less",
            ],
        );
        let raised = with(sleeping(json!({}), marked.clone()), "/hpa/minReplicas", json!(10));
        let raised = with(raised, "/hpa/behavior", json!({}));
        assert!(text(raised).contains("\nraised to minReplicas 10 on leaving zero\n"));
        let last = |input: Value| text(input).lines().last().unwrap_or_default().to_owned();
        for (input, want) in [
            (
                sleeping(json!({}), json!([])),
                "0 replicas that the autoscaler did not set itself (condition ScaledToZero) switch it off",
            ),
            (
                sleeping(json!({ "scaleToZero": "off" }), marked.clone()),
                "0 replicas switch the autoscaler off: gate HPAScaleToZero is off",
            ),
            (
                with(sleeping(json!({ "scaleToZero": "legacy" }), json!([])), "/hpa/minReplicas", json!(1)),
                "0 replicas with a minReplicas above 0 switch the autoscaler off until someone sets a size",
            ),
            (
                with(sleeping(json!({}), marked), "/hpa/metrics", json!([cpu(5, &[])])),
                "0 replicas, and no Object or External metric that could tell when to wake",
            ),
            (
                with(input(30, json!([]), json!([])), "/hpa/maxReplicas", json!(20)),
                "above maxReplicas 20: cut at once, without metrics, windows or policies",
            ),
            (
                with(input(1, json!([]), json!([])), "/hpa/minReplicas", json!(2)),
                "below minReplicas 2: raised at once, without metrics, windows or policies",
            ),
        ] {
            assert_eq!(last(input), want);
        }
        let value = queue(json!({ "type": "Value", "valueMilli": 1000 }), 1500);
        let zero = with(input(0, json!([]), json!([value])), "/hpa/minReplicas", json!(0));
        assert!(text(zero).contains("asks for 2: the ratio rounded up, as nothing runs\n"));
        let nothing = with(
            sleeping(json!({ "scaleToZero": "legacy" }), json!([])),
            "/hpa/metrics/0/samples",
            json!({ "valuesMilli": [0] }),
        );
        assert!(text(nothing).contains("ratio undefined\n"));
    }

    #[test]
    fn a_kept_size_says_why() {
        let surge = json!({ "type": "External", "metric": "queue", "target": { "averageValueMilli": 1000 }, "samples": { "valuesMilli": [5000] } });
        let surge = with(
            input(4, pods(5), json!([surge])),
            "/scale",
            json!({ "specReplicas": 4, "statusReplicas": 5 }),
        );
        assert!(text(surge).contains(
            "asks for 5: 1 is within the tolerance 0.9 to 1.1, which keeps the pods that exist, not the 4 asked for\n"
        ));
        let steady = input(4, pods(4), json!([cpu(50, &[500; 4])]));
        assert!(text(steady).contains("asks for 4: no change, 1 is within the tolerance 0.9 to 1.1\n"));
        let surplus = input(4, pods(5), json!([cpu(60, &[400; 4])]));
        assert!(
            text(surplus).contains("asks for 4: no change, the surplus of pods would turn the step around\n")
        );
        let filled = input(3, pods(3), json!([cpu(50, &[800; 2])]));
        assert!(text(filled).contains("asks for 3: no change, 1.06 is within the tolerance 0.9 to 1.1\n"));
    }
}
