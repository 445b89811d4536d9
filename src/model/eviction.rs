//! Whether a pod may be evicted: what a disruption budget allows.
//!
//! Source: kubernetes pkg/registry/core/pod/storage/eviction.go (canIgnorePDB, checkAndDecrement)
//! and pkg/controller/disruption/disruption.go (getExpectedPodCount, countHealthyPods), v1.31.
//! Rollouts, scale-in and direct deletions never ask.

use super::pod::PodPhase;
use crate::units::{IntOrPercent, Nanos};

/// `kubectl drain` asks again so long after a refusal (429).
/// Source: kubectl pkg/drain/drain.go evictPods.
pub const RETRY_AFTER: Nanos = Nanos::from_secs(5);
/// It looks this often whether the evicted pods are gone.
/// Source: kubectl pkg/drain/drain.go waitForDelete.
pub const POLL: Nanos = Nanos::from_secs(1);

/// A PodDisruptionBudget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisruptionBudget {
    /// What must stay or may be missing.
    pub limit: DisruptionLimit,
    /// `unhealthyPodEvictionPolicy: AlwaysAllow`.
    pub always_allow_unhealthy: bool,
}

/// `minAvailable` or `maxUnavailable` of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisruptionLimit {
    /// So many must stay.
    MinAvailable(IntOrPercent),
    /// So many may be missing.
    MaxUnavailable(IntOrPercent),
}

/// The pods that a budget selects, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selected {
    /// `spec.replicas` of their controllers.
    pub expected: u32,
    /// Ready ones that are not being deleted.
    pub healthy: u32,
}

/// The pod that is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Victim {
    /// Its phase.
    pub phase: PodPhase,
    /// Its Ready condition.
    pub ready: bool,
    /// It has a deletionTimestamp.
    pub deleting: bool,
}

impl DisruptionBudget {
    /// `status.desiredHealthy` for so many expected pods; percentages are rounded up.
    pub fn desired_healthy(&self, expected: u32) -> u32 {
        match self.limit {
            DisruptionLimit::MinAvailable(least) => least.of_rounded_up(expected),
            DisruptionLimit::MaxUnavailable(most) => expected.saturating_sub(most.of_rounded_up(expected)),
        }
    }
}

/// Whether an eviction is accepted; if not, the API server answers 429.
pub fn may_evict(budget: Option<&DisruptionBudget>, victim: Victim, selected: Selected) -> bool {
    let Some(budget) = budget else { return true };
    if victim.deleting || victim.phase != PodPhase::Running {
        return true;
    }
    let desired = budget.desired_healthy(selected.expected);
    if !victim.ready && (budget.always_allow_unhealthy || (selected.healthy >= desired && desired > 0)) {
        return true;
    }
    selected.healthy > desired
}

#[cfg(test)]
mod tests {
    use super::*;
    use IntOrPercent::{Int, Percent};

    fn budget(limit: DisruptionLimit) -> DisruptionBudget {
        DisruptionBudget { limit, always_allow_unhealthy: false }
    }

    const READY: Victim = Victim { phase: PodPhase::Running, ready: true, deleting: false };

    #[test]
    fn a_budget_keeps_as_many_as_it_says_percentages_rounded_up() {
        for (limit, expected, desired) in [
            (DisruptionLimit::MinAvailable(Int(3)), 4, 3),
            (DisruptionLimit::MinAvailable(Int(9)), 4, 9),
            (DisruptionLimit::MinAvailable(Percent(50)), 5, 3),
            (DisruptionLimit::MaxUnavailable(Int(1)), 4, 3),
            (DisruptionLimit::MaxUnavailable(Int(9)), 4, 0),
            (DisruptionLimit::MaxUnavailable(Percent(30)), 5, 3),
            (DisruptionLimit::MaxUnavailable(Percent(0)), 5, 5),
        ] {
            assert_eq!(budget(limit).desired_healthy(expected), desired, "{limit:?} of {expected}");
        }
    }

    #[test]
    fn ready_pods_go_while_more_than_enough_are_healthy() {
        let keeps_three = budget(DisruptionLimit::MinAvailable(Int(3)));
        let ask = |healthy| may_evict(Some(&keeps_three), READY, Selected { expected: 4, healthy });
        assert!(ask(4) && !ask(3) && !ask(2));
        assert!(may_evict(None, READY, Selected { expected: 1, healthy: 1 }));
    }

    /// Sources: KEP-3017 for pods that are not ready; canIgnorePDB for the others.
    #[test]
    fn pods_that_do_not_serve_are_let_go_where_the_policy_says() {
        let three = Selected { expected: 4, healthy: 3 };
        let two = Selected { expected: 4, healthy: 2 };
        let strict = budget(DisruptionLimit::MinAvailable(Int(3)));
        let unready = Victim { ready: false, ..READY };
        assert!(may_evict(Some(&strict), unready, three) && !may_evict(Some(&strict), unready, two));
        let generous = DisruptionBudget { always_allow_unhealthy: true, ..strict };
        assert!(may_evict(Some(&generous), unready, two) && !may_evict(Some(&generous), READY, two));
        // Where nothing has to stay, "enough are healthy" is no reason.
        let nothing_stays = budget(DisruptionLimit::MaxUnavailable(Int(4)));
        let none = Selected { expected: 4, healthy: 0 };
        assert!(!may_evict(Some(&nothing_stays), unready, none));
        let pending = Victim { phase: PodPhase::Pending, ..unready };
        let leaving = Victim { deleting: true, ..READY };
        assert!(may_evict(Some(&strict), pending, two) && may_evict(Some(&strict), leaving, two));
    }
}
