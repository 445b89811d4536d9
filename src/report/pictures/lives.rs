//! The life of every pod as a bar, with the requests it lost.

use super::super::plot::{Event, Heading, Mark, MarkKind, PodRow, PodState, PodTimeline, Segment};
use super::super::result::StoredResult;
use super::{X_LABEL, eventful, rollout_spans, seconds, subjects, words};
use crate::study::{FirstRun, PodLife};

/// When a pod stopped taking connections: its listener closed or its process ended.
pub(super) fn stopped_serving(pod: &PodLife) -> Option<i64> {
    match (pod.closed_ns, pod.exited_ns) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

pub(super) fn chart(result: &StoredResult) -> PodTimeline {
    let first = &result.first;
    let mut pods = subjects(first);
    // Old pods in the order in which they go, then new ones in the order in which they come.
    pods.sort_by_key(|(number, pod)| (pod.revision, pod.deleted_ns.unwrap_or(i64::MAX), *number));
    let oldest = pods.iter().map(|(_, pod)| pod.revision).min();
    let several = pods.iter().any(|(_, pod)| Some(pod.revision) != oldest);
    let revision = |pod: &PodLife| match (several, Some(pod.revision) == oldest) {
        (false, _) => String::new(),
        (true, true) => "old".to_owned(),
        (true, false) => "new".to_owned(),
    };
    let row = |(number, pod): (usize, &PodLife)| PodRow {
        name: format!("{}pod {}", if pod.deployment > 0 { "ingress " } else { "" }, number + 1),
        revision: revision(pod),
        segments: segments(pod, first.end_ns),
        marks: marks(number, pod, first),
    };
    let scaling = first
        .desired
        .windows(2)
        .map(|pair| Event { at: seconds(pair[1].0), label: format!("{} to {} pods", pair[0].1, pair[1].1) });
    PodTimeline {
        heading: Heading::new(title(first, &pods), words::subtitle(result)),
        x_label: X_LABEL.to_owned(),
        shown_s: eventful(first),
        events: scaling.collect(),
        spans: rollout_spans(first),
        pods: pods.into_iter().map(row).collect(),
    }
}

fn segments(pod: &PodLife, end_ns: i64) -> Vec<Segment> {
    use PodState::{InRotation, PreStop, ReadyNotInRotation, RunningNotReady, Scheduled, Starting, Stopping};
    let gone = pod.gone_ns.or(pod.lost_ns).unwrap_or(end_ns);
    let going = pod.signalled_ns.or(pod.exited_ns).unwrap_or(gone);
    let last_alive = pod.deleted_ns.unwrap_or(going);
    // The front end may send requests to a pod that is long gone.
    let rotation = pod.listed_ns.map(|listed| in_rotation(pod, listed, end_ns)).unwrap_or_default();
    let rotation = rotation.into_iter().map(|(from, to)| (InRotation, Some(from), Some(to)));
    let absent = pod.absences_ns.iter().map(|(from, to)| (RunningNotReady, Some(*from), Some(*to)));
    let stretches = [
        (Scheduled, Some(pod.created_ns), pod.bound_ns),
        (Starting, pod.bound_ns, pod.started_ns),
        (RunningNotReady, pod.started_ns, pod.ready_ns),
        (ReadyNotInRotation, pod.ready_ns, Some(pod.listed_ns.unwrap_or(last_alive))),
        // Its Service was switched to others.
        (ReadyNotInRotation, pod.deselected_ns.and(pod.unlisted_ns), Some(last_alive)),
    ];
    let end = [
        (PreStop, pod.hook_began_ns, Some(going)),
        (Stopping, pod.signalled_ns.or(pod.exited_ns), Some(gone)),
    ];
    let all = stretches.into_iter().chain(rotation).chain(absent).chain(end);
    let drawn = all.filter_map(|(state, from, to)| {
        let from = from?;
        // A stretch that nothing ended goes on until the pod does.
        let to = to.unwrap_or(if from < last_alive { last_alive } else { gone });
        (from < to).then(|| Segment { state, from_s: seconds(from), to_s: seconds(to) })
    });
    drawn.collect()
}

/// The stretches in which a pod that was first listed at `listed` was in some list.
fn in_rotation(pod: &PodLife, listed: i64, end_ns: i64) -> Vec<(i64, i64)> {
    let begins = std::iter::once(listed).chain(pod.absences_ns.iter().map(|(_, to)| *to));
    let last = pod.unlisted_ns.unwrap_or(end_ns);
    let ends = pod.absences_ns.iter().map(|(from, _)| *from).chain(std::iter::once(last));
    begins.zip(ends).collect()
}

fn marks(number: usize, pod: &PodLife, first: &FirstRun) -> Vec<Mark> {
    let lost = first.pod_losses.iter().filter(|loss| loss.pod as usize == number);
    let mut marks: Vec<Mark> = lost
        .map(|loss| Mark { kind: MarkKind::Lost, at_s: seconds(loss.at_ns), count: loss.count })
        .collect();
    marks.extend(pod.killed_ns.map(|at| Mark { kind: MarkKind::Killed, at_s: seconds(at), count: 1 }));
    marks
}

/// How many pods a front end kept although their nodes were dead, and for how long at most.
fn kept_after_death(first: &FirstRun, pods: &[(usize, &PodLife)]) -> Option<(usize, i64)> {
    let kept = pods.iter().filter_map(|(_, pod)| {
        pod.listed_ns?;
        let kept = pod.unlisted_ns.unwrap_or(first.end_ns) - pod.lost_ns?;
        (kept > 0).then_some(kept)
    });
    let kept: Vec<i64> = kept.collect();
    Some((kept.len(), kept.into_iter().max()?))
}

fn title(first: &FirstRun, pods: &[(usize, &PodLife)]) -> String {
    if let Some((count, longest)) = kept_after_death(first, pods) {
        let stay = if count == 1 { "pod of a dead node stays" } else { "pods of dead nodes stay" };
        return format!("{count} {stay} in rotation for up to {}", words::latency(longest.unsigned_abs()));
    }
    let deleted = || pods.iter().map(|(_, pod)| *pod).filter(|pod| pod.deleted_ns.is_some_and(|at| at > 0));
    if deleted().next().is_none() {
        return match pods.iter().filter(|(_, pod)| pod.created_ns > 0).count() {
            0 => "No pod comes or goes".to_owned(),
            created => format!("{created} pods start, none stops"),
        };
    }
    let gap = |pod: &PodLife| {
        let unlisted = pod.unlisted_ns.unwrap_or(first.end_ns);
        pod.listed_ns.and(stopped_serving(pod)).map(|stopped| unlisted - stopped)
    };
    let late = deleted().filter_map(gap).filter(|gap| *gap > 0).count();
    match deleted().filter_map(gap).max().unwrap_or(0) {
        longest if longest > 0 => format!(
            "{late} of {} stopping pods stay in rotation after they have closed, for up to {}",
            deleted().count(),
            words::latency(longest.unsigned_abs()),
        ),
        _ => "Every stopping pod is out of rotation before it closes".to_owned(),
    }
}
