//! What left the front end without any pod.

use std::collections::BTreeMap;

use super::summary::RunSummary;
use crate::model::outcome::Cause;
use crate::model::probe::ProbeFailure;
use crate::sim::{PodCounts, PodRecord};
use crate::units::SimTime;

/// What most of the pods failed their readiness probes by that these had taken out of rotation, the longest
/// time that nothing was in it; `None` where probes had no part in it.
pub(super) fn emptied_by(counts: &[PodCounts], pods: &[PodRecord], end: SimTime) -> Option<ProbeFailure> {
    let ends = counts.iter().skip(1).map(|next| next.at).chain([end]);
    let mut empty: Vec<(SimTime, SimTime)> = Vec::new();
    for (now, until) in counts.iter().zip(ends).filter(|(now, _)| now.in_rotation == 0) {
        match empty.last_mut().filter(|(_, last)| *last == now.at) {
            Some((_, last)) => *last = until,
            None => empty.push((now.at, until)),
        }
    }
    let (from, _) = empty.into_iter().max_by_key(|(from, until)| until.since(*from))?;
    let own = pods.iter().filter(|pod| pod.deployment == 0);
    most(own.filter_map(|pod| Some((pod.kept_out_by(from)?, 1))))
}

/// What most requests without a pod to go to are due to over all runs, if that is readiness probes.
pub fn emptied_mostly_by(runs: &[RunSummary]) -> Option<ProbeFailure> {
    most(runs.iter().map(|run| (run.facts.emptied_by, run.lost_by(Cause::NoEndpoints))))?
}

/// The value with the largest weight in sum.
fn most<T: Copy + Ord>(weighted: impl Iterator<Item = (T, u64)>) -> Option<T> {
    let mut sums: BTreeMap<T, u64> = BTreeMap::new();
    weighted.for_each(|(value, weight)| *sums.entry(value).or_default() += weight);
    sums.into_iter().max_by_key(|(_, sum)| *sum).map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::testing::pod_record;
    use crate::units::Nanos;

    fn at(seconds: u64) -> SimTime {
        SimTime::START + Nanos::from_secs(seconds)
    }

    fn counts(changes: &[(u64, u32)]) -> Vec<PodCounts> {
        let one = |(s, n): &(u64, u32)| {
            let at = at(*s);
            PodCounts { at, starting: 0, ready: 0, terminating: 0, in_rotation: *n }
        };
        changes.iter().map(one).collect()
    }

    fn out(when: u64, failure: ProbeFailure) -> PodRecord {
        PodRecord { listed: Some(at(0)), unready: vec![(at(when), failure)], ..pod_record(at(0)) }
    }

    #[test]
    fn probes_are_to_blame_if_they_took_out_pods_that_were_to_stay() {
        let empty = counts(&[(0, 2), (30, 1), (31, 0), (60, 2)]);
        let ask = |pods: &[PodRecord]| emptied_by(&empty, pods, at(100));
        let slow = out(29, ProbeFailure::Timeout);
        assert_eq!(ask(&[slow.clone(), slow.clone()]), Some(ProbeFailure::Timeout));
        let alone = out(30, ProbeFailure::Dependency);
        assert_eq!(ask(&[slow.clone(), alone, slow.clone()]), Some(ProbeFailure::Timeout), "most of them");
        let going = PodRecord { deleted: Some(at(28)), ..slow.clone() };
        assert_eq!(ask(&[going.clone(), going]), None, "pods that go fail their probes as well");
        assert_eq!(ask(&[out(40, ProbeFailure::Timeout)]), None, "that was later");
        let back = PodRecord { absences: vec![(at(29), at(30))], ..slow.clone() };
        assert_eq!(ask(&[back]), None, "it had come back");
        let ingress = PodRecord { deployment: 1, ..slow.clone() };
        assert_eq!(ask(&[ingress]), None);
        assert_eq!(emptied_by(&counts(&[(0, 2)]), &[slow], at(100)), None, "never empty");
    }

    #[test]
    fn the_longest_time_counts() {
        let twice = counts(&[(0, 1), (10, 0), (12, 1), (30, 0), (35, 0), (90, 1)]);
        let pods = [PodRecord { absences: vec![(at(10), at(12))], ..out(9, ProbeFailure::Dependency) }];
        assert_eq!(emptied_by(&twice, &pods, at(100)), None, "what began at 30 s lasted longer");
        let once = counts(&[(0, 1), (10, 0)]);
        assert_eq!(emptied_by(&once, &pods, at(100)), Some(ProbeFailure::Dependency), "to the end");
    }
}
