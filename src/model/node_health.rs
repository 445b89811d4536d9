//! When a node that has died is noticed, and when its pods are given up.
//!
//! Source: kubernetes pkg/controller/nodelifecycle/node_lifecycle_controller.go
//! (monitorNodeHealth), pkg/kubelet/kubelet.go (lease), v1.31; the longer patience since 1.32 is
//! kubernetes#126287.

use crate::units::{Nanos, SimTime};

/// A kubelet renews its lease this often.
pub const LEASE_RENEWAL: Nanos = Nanos::from_secs(10);
/// The node lifecycle controller looks at all nodes this often (`--node-monitor-period`).
pub const MONITOR_PERIOD: Nanos = Nanos::from_secs(5);
/// The default tolerations of `not-ready` and `unreachable`, which every pod gets
/// (DefaultTolerationSeconds admission plugin).
pub const TOLERATION: Nanos = Nanos::from_secs(300);

/// The default of `--node-monitor-grace-period`.
pub fn default_grace_period(kubernetes_minor: u32) -> Nanos {
    Nanos::from_secs(if kubernetes_minor >= 32 { 50 } else { 40 })
}

/// When the controller calls a node unreachable whose last lease is from `renewed`: at its first
/// look, the looks coming every [`MONITOR_PERIOD`] from `look` on, that is later than the grace
/// period allows. Its pods are not Ready from then on.
pub fn unreachable_at(renewed: SimTime, look: SimTime, grace_period: Nanos) -> SimTime {
    let over = renewed + grace_period;
    if look > over {
        return look;
    }
    let looks = over.since(look).0 / MONITOR_PERIOD.0 + 1;
    look + Nanos(looks * MONITOR_PERIOD.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> SimTime {
        SimTime::START + Nanos::from_secs_f64(seconds)
    }

    #[test]
    fn a_dead_node_is_noticed_by_the_first_look_after_its_grace() {
        let grace = default_grace_period(35);
        for (renewed, look, noticed) in [
            (0.0, 0.0, 55.0),
            (0.0, 1.0, 51.0),
            (0.0, 4.9, 54.9),
            (7.5, 2.0, 62.0),
            // A look exactly when the grace ends is too early.
            (5.0, 0.0, 60.0),
            (0.0, 70.0, 70.0),
        ] {
            assert_eq!(unreachable_at(at(renewed), at(look), grace), at(noticed), "{renewed} {look}");
        }
        assert_eq!(default_grace_period(31), Nanos::from_secs(40));
    }
}
