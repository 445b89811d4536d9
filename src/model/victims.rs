//! Which pods a ReplicaSet gives up when it scales in.
//!
//! Source: kubernetes pkg/controller/controller_utils.go ActivePodsWithRanks (v1.31.13) and
//! pkg/controller/replicaset/replica_set.go getPodsToDelete (003e862), with the feature gates
//! PodDeletionCost and LogarithmicScaleDown on, as they are by default.

use super::pod::PodPhase;
use crate::units::SimTime;
use std::cmp::Ordering;

/// A pod that may be given up. Only active pods are candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The node it is bound to.
    pub node: Option<u32>,
    /// Pending, Unknown or Running.
    pub phase: PodPhase,
    /// Its Ready condition.
    pub ready: bool,
    /// The annotation `controller.kubernetes.io/pod-deletion-cost`; zero without or if unreadable.
    pub deletion_cost: i32,
    /// Pods of the same owner on its node, see [`ranks_by_node`].
    pub rank: u32,
    /// Since when it is ready; `None` (unset) counts as newest.
    pub ready_since: Option<SimTime>,
    /// Restarts of the container that restarted most.
    pub restarts: u32,
    /// When it was created; `None` (unset) counts as newest.
    pub created: Option<SimTime>,
    /// Its UID, or anything that orders pods as their UIDs do: random in a real cluster.
    pub uid: u64,
}

/// Chooses `count` of `pods`, in the order of deletion, as indexes.
///
/// If all have to go they keep their order. Candidates that are equal do, too; upstream leaves
/// that open.
pub fn pods_to_delete(pods: &[Candidate], count: usize, now: SimTime) -> Vec<usize> {
    if count >= pods.len() {
        return (0..pods.len()).collect();
    }
    // The order is not transitive in a corner (see `compare`), where the standard sort may panic.
    // Keeping the best `count` so far needs no more than comparing pairs.
    let mut chosen: Vec<usize> = Vec::with_capacity(count + 1);
    for pod in 0..pods.len() {
        let goes_before = |other: &usize| compare(&pods[pod], &pods[*other], now) == Ordering::Less;
        let place = chosen.iter().rposition(|other| !goes_before(other)).map_or(0, |last| last + 1);
        chosen.insert(place, pod);
        chosen.truncate(count);
    }
    chosen
}

/// How many related pods share each pod's node.
///
/// `related` are the nodes of all *active* pods of all ReplicaSets with the same owner, so that
/// during a rollout old and new pods crowd a node together. A pod without a node shares with those
/// without one.
pub fn ranks_by_node(nodes: &[Option<u32>], related: &[Option<u32>]) -> Vec<u32> {
    let count = |node: &Option<u32>| related.iter().filter(|other| *other == node).count();
    nodes.iter().map(|node| u32::try_from(count(node)).unwrap_or(u32::MAX)).collect()
}

/// `Less` if `a` is given up before `b`. The first rule that tells them apart decides.
///
/// Ages count by their binary order of magnitude, so among pods of similar age the UID decides,
/// which is as good as chance. Upstream's order is not transitive there: of two pods that became
/// ready in the same second the restarts decide, against a third in the same bucket the UID.
pub fn compare(a: &Candidate, b: &Candidate, now: SimTime) -> Ordering {
    let by_node_phase_and_cost = a
        .node
        .is_some()
        .cmp(&b.node.is_some())
        .then(phase_order(a.phase).cmp(&phase_order(b.phase)))
        .then(a.ready.cmp(&b.ready))
        .then(a.deletion_cost.cmp(&b.deletion_cost))
        .then(b.rank.cmp(&a.rank));
    if by_node_phase_and_cost != Ordering::Equal {
        return by_node_phase_and_cost;
    }
    if a.ready && a.ready_since != b.ready_since {
        return younger_first(a.ready_since, b.ready_since, a.uid.cmp(&b.uid), now);
    }
    if a.restarts != b.restarts {
        return b.restarts.cmp(&a.restarts);
    }
    if a.created != b.created {
        return younger_first(a.created, b.created, a.uid.cmp(&b.uid), now);
    }
    Ordering::Equal
}

fn phase_order(phase: PodPhase) -> u8 {
    match phase {
        PodPhase::Pending => 0,
        PodPhase::Unknown => 1,
        PodPhase::Running | PodPhase::Succeeded | PodPhase::Failed => 2,
    }
}

/// Compares two different instants: unset first, then the smaller age bucket, then the UID.
fn younger_first(a: Option<SimTime>, b: Option<SimTime>, by_uid: Ordering, now: SimTime) -> Ordering {
    let (Some(a), Some(b)) = (a, b) else {
        return a.is_some().cmp(&b.is_some());
    };
    age_bucket(a, now).cmp(&age_bucket(b, now)).then(by_uid)
}

/// floor(log2(age in nanoseconds)), below everything for no age at all.
fn age_bucket(since: SimTime, now: SimTime) -> Option<u32> {
    now.since(since).0.checked_ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Nanos;
    use proptest::prelude::*;

    const NOW: SimTime = SimTime(Nanos::from_secs(40_000_000).0);

    fn ago(seconds: u64) -> Option<SimTime> {
        Some(NOW - Nanos::from_secs(seconds))
    }

    /// An old, ready, unremarkable pod.
    fn pod() -> Candidate {
        Candidate {
            node: Some(1),
            phase: PodPhase::Running,
            ready: true,
            deletion_cost: 0,
            rank: 1,
            ready_since: ago(2_592_000),
            restarts: 0,
            created: ago(2_592_000),
            uid: 0,
        }
    }

    // Source: kubernetes pkg/controller/controller_utils_test.go TestSortingActivePodsWithRanks.
    #[test]
    fn the_first_difference_decides() {
        let unready = Candidate { ready: false, ready_since: None, ..pod() };
        let pending = Candidate { phase: PodPhase::Pending, ..unready };
        // From first to go to last: each row beats all that follow.
        let order = [
            ("unassigned", Candidate { node: None, ..pending }),
            ("pending", pending),
            ("unknown", Candidate { phase: PodPhase::Unknown, ..unready }),
            ("unready, restarted", Candidate { restarts: 3, ..unready }),
            ("unready, new", Candidate { created: None, ..unready }),
            ("unready", unready),
            ("cheap", Candidate { deletion_cost: -5, ..pod() }),
            ("crowded", Candidate { rank: 2, ..pod() }),
            ("ready since an unknown time", Candidate { ready_since: None, ..pod() }),
            ("ready since now", Candidate { ready_since: ago(0), ..pod() }),
            ("ready for 2 h", Candidate { ready_since: ago(7_200), ..pod() }),
            ("ready for 5 h", Candidate { ready_since: ago(18_000), ..pod() }),
            ("restarted", Candidate { restarts: 9001, ..pod() }),
            ("created later", Candidate { created: ago(60), ..pod() }),
            ("unremarkable", pod()),
            ("dear", Candidate { deletion_cost: 7, ..pod() }),
        ];
        for (first, (name, a)) in order.iter().enumerate() {
            assert_eq!(compare(a, a, NOW), Ordering::Equal, "{name}");
            for (other, b) in &order[first + 1..] {
                assert_eq!(compare(a, b, NOW), Ordering::Less, "{name} before {other}");
                assert_eq!(compare(b, a, NOW), Ordering::Greater, "{other} after {name}");
            }
        }
    }

    // 5 h and 8 h are both 2^44 ns. Source: as above, the log2 cases.
    #[test]
    fn similar_ages_are_told_apart_by_uid_alone() {
        let older = Candidate { ready_since: ago(28_800), uid: 1, restarts: 0, ..pod() };
        let younger = Candidate { ready_since: ago(18_000), uid: 2, restarts: 9, ..pod() };
        assert_eq!(compare(&older, &younger, NOW), Ordering::Less);
        let same_uid = Candidate { uid: 1, ..younger };
        assert_eq!(compare(&older, &same_uid, NOW), Ordering::Equal, "restarts are not looked at");
        let same_second = Candidate { ready_since: older.ready_since, ..younger };
        assert_eq!(compare(&same_second, &older, NOW), Ordering::Less, "but here they are");
        let unready = |candidate| Candidate { ready: false, restarts: 0, ..candidate };
        let both = (unready(older), unready(younger));
        assert_eq!(compare(&both.0, &both.1, NOW), Ordering::Equal, "a ready time only counts while ready");
    }

    // Derived from ActivePodsWithRanks.Less: the corner in which the standard sort may panic.
    #[test]
    fn a_cycle_in_the_order_still_gives_the_asked_number() {
        let ready = |seconds, uid, restarts| Candidate { ready_since: ago(seconds), uid, restarts, ..pod() };
        let cycle = [ready(28_800, 3, 5), ready(28_800, 1, 0), ready(18_000, 2, 0)];
        for (a, b) in [(0, 1), (1, 2), (2, 0)] {
            assert_eq!(compare(&cycle[a], &cycle[b], NOW), Ordering::Less, "{a} before {b}");
        }
        let mut gone = pods_to_delete(&cycle.repeat(20), 40, NOW);
        gone.sort_unstable();
        gone.dedup();
        assert_eq!(gone.len(), 40);
    }

    // Source: replica_set_test.go TestGetPodsToDelete, TestGetPodsRankedByRelatedPodsOnSameNode.
    #[test]
    fn scale_in_takes_the_first_in_order_and_keeps_the_order_when_all_go() {
        let unready = Candidate { ready: false, ..pod() };
        let unassigned = Candidate { node: None, phase: PodPhase::Pending, ..unready };
        let young = Candidate { ready_since: ago(40), ..pod() };
        let pods = [pod(), young, unready, unassigned, pod()];
        for (count, expected) in [
            (0, &[][..]),
            (1, &[3]),
            (3, &[3, 2, 1]),
            (4, &[3, 2, 1, 0]),
            (5, &[0, 1, 2, 3, 4]),
            (9, &[0, 1, 2, 3, 4]),
        ] {
            assert_eq!(pods_to_delete(&pods, count, NOW), expected, "{count}");
        }
        let ranks = ranks_by_node(&[Some(1), Some(2), None], &[Some(1), Some(1), Some(2), None, Some(3)]);
        assert_eq!(ranks, [2, 1, 1]);
    }

    fn any_candidate() -> impl Strategy<Value = Candidate> {
        let seconds = || proptest::option::of(0_u64..100_000);
        let flags = (any::<bool>(), any::<bool>(), -1_i32..2, 1_u32..3, 0_u32..3);
        (flags, seconds(), seconds(), any::<u64>()).prop_map(|(flags, ready, created, uid)| Candidate {
            node: flags.0.then_some(1),
            phase: PodPhase::Running,
            ready: flags.1,
            deletion_cost: flags.2,
            rank: flags.3,
            ready_since: ready.and_then(ago),
            restarts: flags.4,
            created: created.and_then(ago),
            uid,
        })
    }

    /// No two pods became ready or were created at the same instant: without such ties the order
    /// is transitive, see [`compare`].
    fn without_ties(pods: &[Candidate]) -> bool {
        let tied = |x: Option<SimTime>, y: Option<SimTime>| x.is_some() && x == y;
        (1..pods.len()).all(|i| {
            pods[..i].iter().all(|other| {
                !tied(other.ready_since, pods[i].ready_since) && !tied(other.created, pods[i].created)
            })
        })
    }

    proptest! {
        #[test]
        fn the_order_is_total(pods in proptest::collection::vec(any_candidate(), 3)) {
            let (a, b, c) = (&pods[0], &pods[1], &pods[2]);
            prop_assert_eq!(compare(a, b, NOW), compare(b, a, NOW).reverse());
            prop_assume!(without_ties(&pods));
            if compare(a, b, NOW) != Ordering::Greater && compare(b, c, NOW) != Ordering::Greater {
                prop_assert_ne!(compare(a, c, NOW), Ordering::Greater);
            }
        }

        /// More victims means the same ones and some more, and none who stays should have gone
        /// before one who goes.
        #[test]
        fn victims_come_first(
            pods in proptest::collection::vec(any_candidate(), 1..12), count in 0_usize..12,
        ) {
            prop_assume!(without_ties(&pods));
            let count = count % pods.len();
            let gone = pods_to_delete(&pods, count, NOW);
            prop_assert_eq!(gone.len(), count);
            for stays in (0..pods.len()).filter(|pod| !gone.contains(pod)) {
                for goes in &gone {
                    prop_assert_ne!(compare(&pods[stays], &pods[*goes], NOW), Ordering::Less);
                }
            }
            let fewer = pods_to_delete(&pods, count.saturating_sub(1), NOW);
            prop_assert_eq!(&fewer[..], &gone[..fewer.len()]);
        }
    }
}
