//! How long a pod served after its deletion, and how long it should have. Where its Service was switched to
//! others before, both count from then.
//!
//! Under `externalTrafficPolicy: Local` the last pod of a node stays in that node's list for as long as it
//! serves, since terminating pods are what the node falls back to. When the list drops it says nothing there:
//! what counts is when the load balancer sends the node nothing more.

use super::facts::Pair;
use crate::sim::{PodRecord, Timeline};
use crate::units::SimTime;

/// Of one pod: what there was and what was needed from its deletion on, if requests came to it and it has
/// stopped serving.
pub(super) fn removal(timeline: &Timeline, number: usize, end: SimTime) -> Option<Pair> {
    let pod = &timeline.pods[number];
    let deleted = pod.deleted.filter(|_| pod.lost.is_none())?;
    pod.listed?;
    // A pod that still serves when the run ends says nothing; one that is still listed says enough.
    let stopped = pod.stopped_serving()?;
    let unlisted = pod.unlisted.unwrap_or(end);
    let from = pod.deselected.unwrap_or(deleted);
    let pair = |have: SimTime, need: SimTime| Pair { have: have.since(from).0, need: need.since(from).0 };
    if timeline.nodes_in_service.is_empty() {
        return Some(pair(stopped, unlisted));
    }
    // A node may take a pod that terminates back for want of a ready one: the first time counts.
    let dropped =
        pod.absences.iter().map(|(from, _)| *from).find(|from| *from >= deleted).unwrap_or(unlisted);
    let others = (0..).zip(&timeline.pods).filter(|(other, _)| *other != number).map(|(_, other)| other);
    let own_node = others.filter(|other| other.node == pod.node && other.deployment == pod.deployment);
    match own_node.filter_map(|other| takes_over(other, deleted, dropped)).min() {
        Some(at) if at == deleted => Some(pair(stopped, dropped)),
        another => {
            let forsaken = forsaken(timeline, pod.node?, deleted).unwrap_or(end);
            let another = another.unwrap_or(end);
            // Without the fallback the node sends nothing to a pod that would still serve.
            let served = if dropped < another { stopped.min(dropped) } else { stopped };
            Some(pair(served, forsaken.min(another)))
        }
    }
}

/// From when on another pod of the node is ready in place of one that was deleted: from the deletion on if
/// it was so before, and stays until the node's list has dropped the one.
fn takes_over(other: &PodRecord, deleted: SimTime, dropped: SimTime) -> Option<SimTime> {
    let from = other.listed?.max(deleted);
    let absent = other.absences.iter().find(|(out, back)| (*out..*back).contains(&from));
    let from = absent.map_or(from, |(_, back)| *back);
    let until = other.deleted.into_iter().chain(other.unlisted).min();
    let needed = if from == deleted { dropped } else { from };
    until.is_none_or(|until| until > needed).then_some(from)
}

/// When the load balancer sends a node nothing more, `from` at the earliest; `None` if never.
fn forsaken(timeline: &Timeline, node: u32, from: SimTime) -> Option<SimTime> {
    let changes = &timeline.nodes_in_service;
    let first = changes.partition_point(|(at, _)| *at <= from).saturating_sub(1);
    let (at, _) = changes[first..].iter().find(|(_, nodes)| !nodes.contains(&node))?;
    Some(*at.max(&from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::testing::pod_record;
    use crate::units::Nanos;

    fn at(seconds: u64) -> SimTime {
        SimTime::START + Nanos::from_secs(seconds)
    }

    fn pair(have: u64, need: u64) -> Option<Pair> {
        Some(Pair { have: Nanos::from_secs(have).0, need: Nanos::from_secs(need).0 })
    }

    fn of(timeline: &Timeline) -> Option<Pair> {
        removal(timeline, 0, at(100))
    }

    #[test]
    fn a_removal_counts_until_the_run_ends_when_it_never_comes() {
        let mut timeline = Timeline { pods: vec![pod_record(at(0))], ..Timeline::default() };
        timeline.pods[0].deleted = Some(at(10));
        assert_eq!(of(&timeline), None, "never listed");
        timeline.pods[0].listed = Some(at(1));
        assert_eq!(of(&timeline), None, "still serving");
        timeline.pods[0].closed = Some(at(12));
        assert_eq!(of(&timeline), pair(2, 90));
        timeline.pods[0].unlisted = Some(at(11));
        assert_eq!(of(&timeline), pair(2, 1));
        timeline.pods[0].deselected = Some(at(4));
        assert_eq!(of(&timeline), pair(8, 7), "its Service was switched long before");
    }

    /// A pod on node 0 that is deleted at 10 s, serves for 8 s more, and is dropped by its node then.
    fn local(others: &[PodRecord]) -> Timeline {
        let on = PodRecord { node: Some(0), listed: Some(at(0)), ..pod_record(at(0)) };
        let going = PodRecord { deleted: Some(at(10)), closed: Some(at(18)), unlisted: Some(at(19)), ..on };
        Timeline {
            pods: [&[going], others].concat(),
            nodes_in_service: vec![(at(0), vec![0, 1]), (at(36), vec![1]), (at(70), vec![0, 1])],
            ..Timeline::default()
        }
    }

    #[test]
    fn the_last_pod_of_a_node_is_needed_until_the_load_balancer_has_noticed() {
        let other = |node| PodRecord { node: Some(node), listed: Some(at(0)), ..pod_record(at(0)) };
        assert_eq!(of(&local(&[])), pair(8, 26));
        assert_eq!(of(&local(&[other(1)])), pair(8, 26), "another node's pod is no help");
        let ingress = PodRecord { deployment: 1, ..other(0) };
        assert_eq!(of(&local(&[ingress])), pair(8, 26));
        let not_the_last = local(&[other(0)]);
        assert_eq!(of(&not_the_last), pair(8, 9), "the list decides while another one is ready");
        let comes = PodRecord { listed: Some(at(20)), ..other(0) };
        assert_eq!(of(&local(std::slice::from_ref(&comes))), pair(8, 10), "until a new one is there");
        let mut relieved = local(&[comes]);
        (relieved.pods[0].closed, relieved.pods[0].unlisted) = (Some(at(45)), Some(at(20)));
        assert_eq!(of(&relieved), pair(35, 10), "it served on, and was not needed any more");
        let goes = PodRecord { deleted: Some(at(12)), ..other(0) };
        assert_eq!(of(&local(&[goes])), pair(8, 26), "the other one went before the list had changed");
        let mut never = local(&[]);
        never.nodes_in_service.truncate(1);
        assert_eq!(of(&never), pair(8, 90));
        let mut out_before = local(&[]);
        out_before.nodes_in_service.insert(1, (at(9), vec![1]));
        assert_eq!(of(&out_before), pair(8, 0), "nothing came to the node");
        let mut no_fallback = local(&[]);
        no_fallback.pods[0].unlisted = Some(at(11));
        assert_eq!(of(&no_fallback), pair(1, 26), "it serves on for nobody");
    }
}
