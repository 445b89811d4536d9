//! What the cluster decides: controller flags, and the rules that differ between versions.

use super::spec::Behavior;
use crate::units::Nanos;

/// Time between two reconciles of one autoscaler
/// (`--horizontal-pod-autoscaler-sync-period`); the caller of [`decide`](super::decide()) keeps it.
pub const SYNC_PERIOD: Nanos = Nanos::from_secs(15);

/// Flags and feature gates of kube-controller-manager.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// `--horizontal-pod-autoscaler-tolerance`, per direction.
    pub tolerances: Tolerances,
    /// `--horizontal-pod-autoscaler-cpu-initialization-period`: so long after its start a pod's
    /// CPU counts only when it is ready and was measured for a whole window since.
    pub cpu_initialization_period: Nanos,
    /// `--horizontal-pod-autoscaler-initial-readiness-delay`: a pod whose readiness last changed
    /// within this time of its start has never been ready.
    pub initial_readiness_delay: Nanos,
    /// `--horizontal-pod-autoscaler-downscale-stabilization`.
    pub downscale_stabilization: Nanos,
    /// Without `behavior`, one step up reaches at most this many times the current size...
    /// A constant of the controller, 2.
    pub scale_up_limit_factor: f64,
    /// ... or this many pods if that is more. A constant of the controller, 4.
    pub scale_up_limit_minimum: f64,
    /// Gate HPAConfigurableTolerance: whether `behavior.*.tolerance` is honoured.
    pub configurable_tolerance: bool,
    /// Gate PodLevelResources: whether `spec.resources` of a pod wins over its containers.
    pub pod_level_resources: bool,
    /// What a size of zero means.
    pub scale_to_zero: ScaleToZero,
    /// Whether the tolerance band is `1 - down ..= 1 + up` rather than `|1 - ratio| <= tolerance`.
    /// In doubles the two differ at exactly +10 %.
    pub tolerance_band: bool,
    /// Whether pods without a sample count as `max(100, target)` percent of their request when
    /// shrinking, rather than as 100 percent. Source: kubernetes#112178.
    pub missing_pods_follow_target: bool,
    /// Whether pods without a sample count as 0 even if the others are exactly at the target
    /// (metrics without utilization only). Source: kubernetes#117845 ended it.
    pub missing_pods_count_at_target: bool,
    /// Whether a pod whose sample lacks the container fails the whole ContainerResource metric.
    /// Source: kubernetes#127193 ended it.
    pub missing_container_fails_metric: bool,
    /// Whether metrics without utilization also keep the size when surge pods would turn a step
    /// down into a step up. Source: kubernetes#89465.
    pub averages_keep_direction: bool,
    /// Whether a failed metric no longer prevents a step down. Source: kubernetes#99394.
    pub failed_metric_allows_scale_down: bool,
    /// Whether pods that ran to completion are left out. Source: kubernetes#141302.
    pub ignore_succeeded_pods: bool,
    /// Whether the current size is `status.replicas`, surge pods included, rather than
    /// `spec.replicas`. During a rollout a size that needs no change is then remembered with the
    /// surge on top, and the next window writes it back. Source: kubernetes#79035 ended it (1.16).
    pub current_is_status: bool,
}

/// Around which ratio nothing happens, as shares (0.1 = 10 %).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerances {
    /// Above 1.
    pub up: f64,
    /// Below 1.
    pub down: f64,
}

/// What a size of zero means; differs by version and gate HPAScaleToZero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleToZero {
    /// Up to 1.35: at zero with `minReplicas: 0` metrics are read as usual, else nothing happens.
    Legacy,
    /// From 1.36 with the gate off: zero always means switched off.
    Off,
    /// From 1.36 with the gate on: only a zero that the controller itself set (condition
    /// ScaledToZero) is left again; a zero set by hand pauses the autoscaler.
    On,
}

impl Options {
    /// The defaults of Kubernetes 1.`minor`.
    ///
    /// Where the first release of a change is not documented it is inferred from the dates of the
    /// pull requests named at the fields.
    pub fn for_kubernetes(minor: u32) -> Options {
        Options {
            tolerances: Tolerances { up: 0.1, down: 0.1 },
            cpu_initialization_period: Nanos::from_secs(300),
            initial_readiness_delay: Nanos::from_secs(30),
            downscale_stabilization: Nanos::from_secs(300),
            scale_up_limit_factor: 2.0,
            scale_up_limit_minimum: 4.0,
            configurable_tolerance: minor >= 35,
            pod_level_resources: minor >= 34,
            scale_to_zero: match minor {
                0..=35 => ScaleToZero::Legacy,
                36 => ScaleToZero::Off,
                _ => ScaleToZero::On,
            },
            tolerance_band: minor >= 33,
            missing_pods_follow_target: minor >= 26,
            missing_pods_count_at_target: minor < 28,
            missing_container_fails_metric: minor < 32,
            averages_keep_direction: minor >= 21,
            failed_metric_allows_scale_down: (16..21).contains(&minor),
            ignore_succeeded_pods: minor >= 38,
            current_is_status: minor < 16,
        }
    }

    /// The tolerances that hold for an autoscaler with this `behavior`.
    /// Source: horizontal.go tolerancesForHpa.
    pub fn tolerances_for(&self, behavior: Option<&Behavior>) -> Tolerances {
        match behavior {
            Some(behavior) if self.configurable_tolerance => Tolerances {
                up: behavior.scale_up.tolerance.unwrap_or(self.tolerances.up),
                down: behavior.scale_down.tolerance.unwrap_or(self.tolerances.down),
            },
            _ => self.tolerances,
        }
    }

    /// Whether a usage ratio is close enough to 1 to leave the size alone. Bounds are inclusive;
    /// infinite and not-a-number are never close.
    /// Source: replica_calculator.go Tolerances.isWithin; before 1.33 `math.Abs(1.0-ratio) <= tolerance`.
    pub(super) fn within(&self, tolerances: Tolerances, ratio: f64) -> bool {
        if self.tolerance_band {
            return (1.0 - tolerances.down) <= ratio && ratio <= (1.0 + tolerances.up);
        }
        let tolerance = if ratio > 1.0 { tolerances.up } else { tolerances.down };
        (1.0 - ratio).abs() <= tolerance
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec::{Direction, ScalingRules};
    use super::*;

    #[test]
    fn the_band_includes_its_bounds_and_the_old_form_excludes_plus_ten_percent() {
        let new = Options::for_kubernetes(35);
        let old = Options::for_kubernetes(32);
        let cluster = new.tolerances;
        for (ratio, band, distance) in [
            (0.9, true, true),
            (0.899_999, false, false),
            (1.0, true, true),
            // |1 - 1.1| is 0.10000000000000009 in doubles.
            (1.1, true, false),
            (1.09, true, true),
            (1.100_001, false, false),
            (f64::INFINITY, false, false),
            (f64::NAN, false, false),
        ] {
            assert_eq!(new.within(cluster, ratio), band, "band at {ratio}");
            assert_eq!(old.within(cluster, ratio), distance, "distance at {ratio}");
        }
    }

    #[test]
    fn the_old_form_takes_the_tolerance_of_the_side() {
        let old = Options::for_kubernetes(32);
        let sides = Tolerances { up: 0.5, down: 0.2 };
        assert!(old.within(sides, 1.4));
        assert!(old.within(sides, 1.5), "the distance itself is within");
        assert!(!old.within(sides, 0.7));
        assert!(old.within(sides, 0.85));
    }

    #[test]
    fn behavior_tolerances_need_the_gate() {
        let behavior = Behavior {
            scale_up: ScalingRules { tolerance: Some(0.01), ..ScalingRules::default_for(Direction::Up) },
            ..Behavior::default()
        };
        let on = Options::for_kubernetes(35);
        assert_eq!(on.tolerances_for(Some(&behavior)), Tolerances { up: 0.01, down: 0.1 });
        assert_eq!(on.tolerances_for(Some(&Behavior::default())), on.tolerances);
        assert_eq!(on.tolerances_for(None), on.tolerances);
        assert_eq!(Options::for_kubernetes(34).tolerances_for(Some(&behavior)), on.tolerances);
    }

    #[test]
    fn defaults_follow_the_version() {
        type Gate = fn(&Options) -> bool;
        let gates: [(u32, &str, Gate); 11] = [
            (16, "the spec's size is the current one", |o| !o.current_is_status),
            (35, "configurable tolerance", |o| o.configurable_tolerance),
            (34, "pod-level resources", |o| o.pod_level_resources),
            (33, "tolerance band", |o| o.tolerance_band),
            (26, "missing pods follow the target", |o| o.missing_pods_follow_target),
            (28, "no fill at the target", |o| !o.missing_pods_count_at_target),
            (32, "missing containers are survived", |o| !o.missing_container_fails_metric),
            (21, "averages keep the direction", |o| o.averages_keep_direction),
            (21, "no step down with a failed metric", |o| !o.failed_metric_allows_scale_down),
            (38, "succeeded pods are ignored", |o| o.ignore_succeeded_pods),
            (36, "zero by hand pauses", |o| o.scale_to_zero != ScaleToZero::Legacy),
        ];
        for (first, name, gate) in gates {
            assert!(!gate(&Options::for_kubernetes(first - 1)), "{name} before 1.{first}");
            assert!(gate(&Options::for_kubernetes(first)), "{name} in 1.{first}");
        }
        assert!(!Options::for_kubernetes(15).failed_metric_allows_scale_down);
        assert!(Options::for_kubernetes(16).failed_metric_allows_scale_down);
        assert_eq!(Options::for_kubernetes(36).scale_to_zero, ScaleToZero::Off);
        assert_eq!(Options::for_kubernetes(37).scale_to_zero, ScaleToZero::On);
    }
}
