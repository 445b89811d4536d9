//! What several rules need to know of a pod: its phase and how its Ready condition comes about.

/// `status.phase` of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodPhase {
    /// Accepted, but not every container has run yet.
    Pending,
    /// The node does not answer.
    Unknown,
    /// Bound to a node, at least one container runs, starts or restarts.
    Running,
    /// Every container ended with exit code 0 and none will be restarted.
    Succeeded,
    /// Every container ended, at least one of them badly.
    Failed,
}

impl PodPhase {
    /// Whether the pod has ended for good: no probe, no endpoint, no place in a count.
    pub fn is_terminal(self) -> bool {
        matches!(self, PodPhase::Succeeded | PodPhase::Failed)
    }

    /// Whether controllers count the pod: it has neither ended nor been asked to.
    /// Source: pkg/controller/controller_utils.go IsPodActive (v1.31.13).
    pub fn is_active(self, terminating: bool) -> bool {
        !self.is_terminal() && !terminating
    }
}

/// The pod's Ready condition.
///
/// `containers` are app containers and restartable init containers (sidecars); `gates` are the
/// conditions named in `spec.readinessGates`, where one that nobody has set yet is `false`.
/// Source: pkg/kubelet/status/generate.go GeneratePodReadyCondition (v1.31.13).
pub fn pod_ready(containers: impl IntoIterator<Item = bool>, gates: impl IntoIterator<Item = bool>) -> bool {
    containers.into_iter().all(|ready| ready) && gates.into_iter().all(|set| set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unready_container_or_gate_makes_the_pod_unready() {
        assert!(pod_ready([true, true], []));
        assert!(pod_ready([true], [true]));
        assert!(!pod_ready([true, false], [true]));
        assert!(!pod_ready([true], [true, false]));
    }

    #[test]
    fn terminating_and_ended_pods_are_not_counted() {
        for (phase, terminating, active) in [
            (PodPhase::Running, false, true),
            (PodPhase::Pending, false, true),
            (PodPhase::Unknown, false, true),
            (PodPhase::Running, true, false),
            (PodPhase::Failed, false, false),
            (PodPhase::Succeeded, false, false),
        ] {
            assert_eq!(phase.is_active(terminating), active, "{phase:?} {terminating}");
        }
    }
}
