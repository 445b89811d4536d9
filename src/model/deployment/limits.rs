//! How many pods a rollout may have too many and too few.

use super::{DeploymentSpec, SizeAnnotations, Strategy};
use crate::units::IntOrPercent;

/// Surge and unavailable as counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pods above the desired count.
    pub surge: u32,
    /// Pods below the desired count.
    pub unavailable: u32,
}

/// Turns the two settings into counts for `desired` pods: surge rounded up, unavailable rounded
/// down, and one unavailable pod if both come out as zero, because the rollout could not move.
///
/// | surge | unavailable | desired | gives |
/// |---|---|---|---|
/// | 25 % | 25 % | 10 | 3, 2 |
/// | 25 % | 25 % | 4 | 1, 1 |
/// | 25 % | 25 % | 3 | 1, 0 |
/// | 0 | 25 % | 3 | 0, 1 |
///
/// Source: deployment_util.go ResolveFenceposts.
pub fn resolve_fenceposts(max_surge: IntOrPercent, max_unavailable: IntOrPercent, desired: u32) -> Limits {
    let surge = max_surge.of_rounded_up(desired);
    let unavailable = max_unavailable.of_rounded_down(desired);
    Limits { surge, unavailable: if surge == 0 && unavailable == 0 { 1 } else { unavailable } }
}

impl DeploymentSpec {
    /// Pods that may exist above the desired count; none for Recreate.
    /// Source: deployment_util.go MaxSurge.
    pub fn max_surge(&self) -> u32 {
        self.limits().surge
    }

    /// Desired pods that may be unavailable: at most all of them, none for Recreate.
    /// Source: deployment_util.go MaxUnavailable.
    pub fn max_unavailable(&self) -> u32 {
        self.limits().unavailable.min(self.replicas)
    }

    /// The number of available pods that a rolling update does not go below.
    pub fn min_available(&self) -> u32 {
        self.replicas - self.max_unavailable()
    }

    /// The annotations that fit this spec.
    pub fn annotations(&self) -> SizeAnnotations {
        SizeAnnotations { desired: self.replicas, max: self.replicas.saturating_add(self.max_surge()) }
    }

    fn limits(&self) -> Limits {
        match self.strategy {
            Strategy::Recreate => Limits { surge: 0, unavailable: 0 },
            Strategy::RollingUpdate { max_surge, max_unavailable } => {
                resolve_fenceposts(max_surge, max_unavailable, self.replicas)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use IntOrPercent::{Int, Percent};

    // Source: kubernetes pkg/controller/deployment/util/deployment_util_test.go TestResolveFenceposts.
    #[test]
    fn surge_is_rounded_up_and_unavailable_down() {
        for (surge, unavailable, desired, expected) in [
            (Percent(25), Percent(25), 10, (3, 2)),
            (Percent(25), Percent(25), 1, (1, 0)),
            (Percent(39), Percent(39), 10, (4, 3)),
            (Percent(0), Percent(0), 0, (0, 1)),
            (Int(0), Percent(25), 3, (0, 1)),
            (Int(0), Int(0), 10, (0, 1)),
            (Int(5), Int(20), 10, (5, 20)),
        ] {
            let got = resolve_fenceposts(surge, unavailable, desired);
            assert_eq!((got.surge, got.unavailable), expected, "{surge} {unavailable} of {desired}");
        }
    }

    // Source: as above, TestMaxUnavailable.
    #[test]
    fn unavailable_is_capped_by_the_desired_count() {
        let spec = |replicas, max_unavailable| DeploymentSpec {
            replicas,
            strategy: Strategy::RollingUpdate { max_surge: Int(1), max_unavailable },
            paused: false,
        };
        for (spec, expected) in [
            (spec(10, Int(5)), 5),
            (spec(5, Int(10)), 5),
            (spec(0, Int(10)), 0),
            (spec(10, Percent(50)), 5),
            (spec(3, Percent(100)), 3),
            (DeploymentSpec { replicas: 9, strategy: Strategy::Recreate, paused: false }, 0),
        ] {
            assert_eq!(spec.max_unavailable(), expected, "{spec:?}");
            assert_eq!(spec.min_available(), spec.replicas - expected, "{spec:?}");
        }
    }
}
