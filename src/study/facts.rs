//! What one run says about margins: the pod or the moment where each was smallest.

use serde::{Deserialize, Serialize};

use super::removal::removal;
use super::rotation::emptied_by;
use crate::account::Series;
use crate::config::case::Case;
use crate::model::probe::ProbeFailure;
use crate::sim::spec::{ContainerPlan, PodTemplate, Role, SimSpec};
use crate::sim::{PodCounts, PodRecord, RunResult};
use crate::units::{Nanos, SimTime};

/// What there was and what was needed, in the same unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// What there was.
    pub have: u64,
    /// What was needed.
    pub need: u64,
}

impl Pair {
    /// What is left over; negative where something is missing.
    pub fn slack(self) -> i128 {
        i128::from(self.have) - i128::from(self.need)
    }
}

/// A moment of a run, with thousandths of what it has and needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// Nanoseconds since the beginning of the run.
    pub at_ns: u64,
    /// Thousandths.
    pub pair: Pair,
}

/// The smallest margins of one run; `None` where the run had no such thing. Times in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFacts {
    /// Deletion (or the switch of its Service before) to the end of serving, against the same to the end of new
    /// requests. See `study::removal`.
    pub removal: Option<Pair>,
    /// Grace less hook, against the time to finish what is being served.
    pub grace: Option<Pair>,
    /// Grace against the hook.
    pub hook: Option<Pair>,
    /// What the probes allow, against process start to listening.
    pub startup: Option<Pair>,
    /// Thousandths of a core of the pods in rotation, against what the requests need.
    pub cpu: Option<Moment>,
    /// Thousandths of a pod in rotation, against what the requests need.
    pub capacity: Option<Moment>,
    /// Pods that SIGKILL ended.
    pub killed_pods: u32,
    /// What readiness probes failed by that left the front end without any pod, if they did.
    #[serde(default)]
    pub emptied_by: Option<ProbeFailure>,
}

impl RunFacts {
    /// Looks through one run.
    pub fn of(case: &Case, result: &RunResult) -> RunFacts {
        let mut facts = RunFacts::default();
        let pods = (0..).zip(&result.timeline.pods);
        for (number, pod) in pods.filter(|(_, pod)| pod.deployment == 0) {
            let Some(template) = template_of(&case.spec, pod.revision) else { continue };
            keep_smaller(&mut facts.startup, startup(template, pod));
            if pod.deleted.is_some_and(|deleted| deleted >= SimTime::START) {
                keep_smaller(&mut facts.removal, removal(&result.timeline, number, result.end));
                keep_smaller(&mut facts.hook, hook(template, pod));
                let longest = Nanos(result.tally.latency_ok.max());
                keep_smaller(&mut facts.grace, grace(template, pod, longest));
                facts.killed_pods += u32::from(pod.killed.is_some());
            }
        }
        let counts = &result.timeline.counts;
        facts.emptied_by = emptied_by(counts, &result.timeline.pods, result.end);
        if let Some(server) =
            case.spec.deployments.first().and_then(|d| Server::of(case, d.templates.first()?))
        {
            let moments = |per_pod: u64, per_request: f64| {
                worst_moment(&result.tally.series, counts, per_pod, per_request)
            };
            facts.cpu = server.cpu.and_then(|(limit, cpu_s)| moments(limit, cpu_s));
            facts.capacity = server.pod_seconds.and_then(|seconds| moments(1_000, seconds));
        }
        facts
    }
}

fn keep_smaller(kept: &mut Option<Pair>, new: Option<Pair>) {
    if let Some(new) = new
        && kept.is_none_or(|kept| new.slack() < kept.slack())
    {
        *kept = Some(new);
    }
}

/// The template of a revision: the run begins with the first, every rollout counts one up.
pub(super) fn template_of(spec: &SimSpec, revision: u32) -> Option<&PodTemplate> {
    let templates = &spec.deployments.first()?.templates;
    let rollouts =
        spec.events.iter().filter(|event| event.deployment == 0).filter_map(|event| event.action.template());
    let index = std::iter::once(0).chain(rollouts).nth(revision as usize)?;
    templates.get(index)
}

/// The container that requests enter by.
fn entry(template: &PodTemplate) -> Option<&ContainerPlan> {
    template.containers.get(template.entry()?)
}

fn hook(template: &PodTemplate, pod: &PodRecord) -> Option<Pair> {
    let grace = Nanos::from_secs(template.grace_seconds.into());
    let ran = pod.signalled?.since(pod.hook_began?);
    let planned = entry(template)?.pre_stop.as_ref()?.duration.upper_end();
    // A hook that the grace period cut would have gone on.
    let need = if ran >= grace { planned.max(ran) } else { ran };
    Some(Pair { have: grace.0, need: need.0 })
}

fn grace(template: &PodTemplate, pod: &PodRecord, longest: Nanos) -> Option<Pair> {
    let signalled = pod.signalled?;
    let hook = pod.hook_began.map_or(Nanos::ZERO, |began| signalled.since(began));
    let have = Nanos::from_secs(template.grace_seconds.into()).saturating_sub(hook);
    let need = match pod.killed {
        // What was being served then would have needed up to the longest answer.
        Some(killed) => killed.since(signalled) + longest,
        None => pod.exited?.since(signalled),
    };
    Some(Pair { have: have.0, need: need.0 })
}

fn startup(template: &PodTemplate, pod: &PodRecord) -> Option<Pair> {
    let container = entry(template)?;
    let probe = container.startup.or(container.liveness)?.spec;
    let seconds = u64::from(probe.initial_delay_seconds)
        + u64::from(probe.period_seconds) * u64::from(probe.failure_threshold);
    // The kubelet asks no probe while a postStart hook runs.
    let hook = container.post_start.as_ref().map_or(Nanos::ZERO, |hook| hook.duration.mean());
    let need = pod.listening?.since(pod.started?).0;
    // Pods that ran before the run began listen by definition.
    (pod.created >= SimTime::START).then_some(Pair { have: (Nanos::from_secs(seconds) + hook).0, need })
}

/// What one pod offers and one request takes.
struct Server {
    /// Limit in thousandths of a core and CPU seconds per request.
    cpu: Option<(u64, f64)>,
    /// Seconds of a whole pod per request.
    pod_seconds: Option<f64>,
}

impl Server {
    fn of(case: &Case, template: &PodTemplate) -> Option<Server> {
        let server = template.containers.iter().find_map(|container| match &container.role {
            Role::Serves(server) => Some(server),
            Role::Forwards { .. } | Role::Egress | Role::Other => None,
        })?;
        let service_s = server.service.mean().as_secs_f64();
        let limit = case.margins.cpu_limit_cores.map(|cores| (cores * 1e3).round() as u64);
        let limit = limit.or(server.cpu_limit_milli).filter(|milli| *milli > 0);
        let cpu_s = service_s * server.cpu_share;
        let cpu = limit.filter(|_| cpu_s > 0.0).map(|limit| (limit, cpu_s));
        let by_cpu = cpu.map(|(limit, cpu_s)| cpu_s / (limit as f64 / 1e3));
        let by_workers = server.workers.filter(|n| *n > 0).map(|n| service_s / f64::from(n));
        let pod_seconds = match (by_cpu, by_workers) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        Some(Server { cpu, pod_seconds })
    }
}

/// A shortage counts when it lasts so many rows (seconds, in runs up to a day): queues bridge a
/// shorter one. An assumption, not a rule of Kubernetes.
const SUSTAINED_ROWS: usize = 5;

/// The moment with the least left over: `per_pod` thousandths for every pod that is ready and in
/// rotation, `per_request` units for every request that arrives.
fn worst_moment(series: &Series, counts: &[PodCounts], per_pod: u64, per_request: f64) -> Option<Moment> {
    let length = series.row_length();
    let rows = series.rows();
    let pods = ready_per_row(counts, rows.len(), length);
    let mut worst: Option<Moment> = None;
    for first in 0..(rows.len() + 1).saturating_sub(SUSTAINED_ROWS) {
        let window = first..first + SUSTAINED_ROWS;
        let offered: u64 = rows[window.clone()].iter().map(|row| u64::from(row.offered)).sum();
        let rate = offered as f64 / (length.as_secs_f64() * SUSTAINED_ROWS as f64);
        let most = pods[window].iter().copied().max().unwrap_or(0);
        let pair = Pair { have: u64::from(most) * per_pod, need: (rate * per_request * 1e3).round() as u64 };
        if worst.is_none_or(|kept| pair.slack() < kept.pair.slack()) {
            worst = Some(Moment { at_ns: first as u64 * length.0, pair });
        }
    }
    worst
}

/// The fewest pods during each row that were both ready and in rotation.
fn ready_per_row(counts: &[PodCounts], rows: usize, length: Nanos) -> Vec<u32> {
    let able = |counts: &PodCounts| counts.ready.min(counts.in_rotation);
    let mut next = 0;
    let mut current = 0;
    (0..rows)
        .map(|row| {
            let begin = SimTime::START + Nanos(row as u64 * length.0);
            let end = begin + length;
            while let Some(change) = counts.get(next).filter(|change| change.at <= begin) {
                current = able(change);
                next += 1;
            }
            let mut least = current;
            while let Some(change) = counts.get(next).filter(|change| change.at < end) {
                current = able(change);
                least = least.min(current);
                next += 1;
            }
            least
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(at_s: u64, ready: u32, in_rotation: u32) -> PodCounts {
        let at = SimTime::START + Nanos::from_secs(at_s);
        PodCounts { at, starting: 0, ready, terminating: 0, in_rotation }
    }

    #[test]
    fn rows_hold_the_fewest_pods_that_are_ready_and_listed() {
        let changes = [counts(0, 3, 3), counts(2, 3, 1), counts(2, 2, 2), counts(5, 4, 4)];
        let rows = ready_per_row(&changes, 7, Nanos::from_secs(1));
        assert_eq!(rows, [3, 3, 2, 2, 2, 4, 4]);
    }

    #[test]
    fn the_worst_moment_is_where_the_least_is_left_over() {
        let mut series = Series::default();
        for second in 0..20_u64 {
            series.row(second * 1_000_000_000).offered = if (8..14).contains(&second) { 100 } else { 10 };
        }
        // 0.05 cores per request and 2 cores per pod.
        let moment = worst_moment(&series, &[counts(0, 2, 2)], 2_000, 0.05).expect("rows");
        assert_eq!(moment.pair, Pair { have: 4_000, need: 5_000 });
        assert_eq!((moment.at_ns, moment.pair.slack()), (8_000_000_000, -1_000));
        assert_eq!(worst_moment(&Series::default(), &[], 1, 1.0), None);
    }
}
