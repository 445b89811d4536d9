//! What the EndpointSlice controller says of a pod.
//!
//! Source: kubernetes/endpointslice utils.go podToEndpoint and util/controller_utils.go
//! ShouldPodBeInEndpoints (daa4d01).

use super::pod::PodPhase;

/// The three conditions of an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// What most consumers go by: may get new connections.
    pub ready: bool,
    /// The pod's Ready condition, also while it terminates.
    pub serving: bool,
    /// The pod has a deletionTimestamp.
    pub terminating: bool,
}

/// The conditions of a pod's endpoint.
///
/// With `publishNotReadyAddresses` an endpoint is `ready` whatever happens, even terminating.
pub fn conditions(pod_ready: bool, terminating: bool, publish_not_ready_addresses: bool) -> Conditions {
    Conditions {
        ready: publish_not_ready_addresses || (pod_ready && !terminating),
        serving: pod_ready,
        terminating,
    }
}

/// Whether the pod is listed at all; its readiness plays no part.
///
/// A terminating pod stays in its EndpointSlice, as not ready, until its phase is terminal or the
/// object is gone. `include_terminating` is false for the legacy Endpoints object only.
pub fn is_listed(phase: PodPhase, has_ip: bool, terminating: bool, include_terminating: bool) -> bool {
    !phase.is_terminal() && has_ip && (include_terminating || !terminating)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Source: kubernetes/endpointslice utils_test.go TestPodToEndpoint.
    #[test]
    fn termination_takes_ready_away_and_leaves_serving() {
        for (ready, terminating, publish, expected) in [
            (true, false, false, (true, true, false)),
            (false, false, false, (false, false, false)),
            (true, true, false, (false, true, true)),
            (false, true, false, (false, false, true)),
            (false, false, true, (true, false, false)),
            (true, true, true, (true, true, true)),
        ] {
            let got = conditions(ready, terminating, publish);
            let got = (got.ready, got.serving, got.terminating);
            assert_eq!(got, expected, "ready {ready}, terminating {terminating}, publish {publish}");
        }
    }

    // Source: kubernetes/endpointslice util/controller_utils_test.go TestShouldPodBeInEndpoints.
    #[test]
    fn a_pod_is_listed_from_its_ip_to_its_end() {
        for (name, phase, has_ip, terminating, include, listed) in [
            ("running", PodPhase::Running, true, false, false, true),
            ("pending with an address", PodPhase::Pending, true, false, true, true),
            ("unknown", PodPhase::Unknown, true, false, false, true),
            ("no address", PodPhase::Running, false, false, true, false),
            ("failed", PodPhase::Failed, true, false, true, false),
            ("succeeded", PodPhase::Succeeded, true, true, true, false),
            ("terminating", PodPhase::Running, true, true, true, true),
            ("terminating, legacy object", PodPhase::Running, true, true, false, false),
        ] {
            assert_eq!(is_listed(phase, has_ip, terminating, include), listed, "{name}");
        }
    }
}
