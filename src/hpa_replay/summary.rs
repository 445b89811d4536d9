//! A replay in a few numbers.

use super::run::Step;
use crate::model::hpa::LimitReason;
use crate::units::Nanos;

/// A change that the next one undoes within this time counts as flapping: twice the usual window
/// against it, so that a window that is too short shows. A choice of podloss.
pub const FLAP_WINDOW: Nanos = Nanos::from_secs(600);

/// A replay in a few numbers. Times are those of the syncs, each counted for one sync period.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// Syncs.
    pub syncs: u64,
    /// Syncs at which a metric failed.
    pub failed: u64,
    /// Steps up.
    pub ups: u64,
    /// Steps down.
    pub downs: u64,
    /// Changes that went the other way than the one before, within [`FLAP_WINDOW`] of it.
    pub flaps: u64,
    /// Least, greatest and mean size.
    pub replicas: (i32, i32, f64),
    /// Size over time, in hours.
    pub pod_hours: f64,
    /// Time above the target: a ratio above 1.
    pub above_target: Nanos,
    /// Time above the target by more than the tolerance for growing.
    pub beyond_tolerance: Nanos,
    /// Time at which more pods were asked for than `maxReplicas` allows.
    pub wanted_more: Nanos,
    /// Time covered.
    pub span: Nanos,
}

/// Adds a replay up. `tolerance_up` is the share above 1 that a ratio may have without a change.
pub fn summarize(steps: &[Step], sync_period: Nanos, tolerance_up: f64) -> Summary {
    let mut sum = Summary { replicas: (i32::MAX, 0, 0.0), ..Summary::default() };
    let mut pods = 0_u64;
    let mut before: Option<(Step, bool)> = None;
    for step in steps {
        sum.syncs += 1;
        sum.failed += u64::from(step.failed);
        sum.replicas.0 = sum.replicas.0.min(step.desired);
        sum.replicas.1 = sum.replicas.1.max(step.desired);
        pods += u64::try_from(step.desired).unwrap_or(0);
        if step.ratio.is_some_and(|ratio| ratio > 1.0) {
            sum.above_target += sync_period;
        }
        if step.ratio.is_some_and(|ratio| ratio > 1.0 + tolerance_up) {
            sum.beyond_tolerance += sync_period;
        }
        if step.limit == LimitReason::TooManyReplicas {
            sum.wanted_more += sync_period;
        }
        if step.desired != step.current {
            let up = step.desired > step.current;
            sum.ups += u64::from(up);
            sum.downs += u64::from(!up);
            let turned = |(last, was_up): (Step, bool)| was_up != up && step.at.since(last.at) <= FLAP_WINDOW;
            sum.flaps += u64::from(before.is_some_and(turned));
            before = Some((*step, up));
        }
    }
    sum.span = Nanos(sync_period.0.saturating_mul(sum.syncs));
    sum.replicas.2 = pods as f64 / (sum.syncs.max(1) as f64);
    sum.pod_hours = pods as f64 * sync_period.as_secs_f64() / 3_600.0;
    sum
}
