//! Where the time goes between a load that rises and a pod that takes it.

use super::path::PodId;
use super::timeline::{PodRecord, Timeline};
use crate::units::{Nanos, SimTime};
use crate::workload::{Load, OpenLoad, OpenSource, Profile};

/// A step up by an autoscaler, and what it knew by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleOut {
    /// The sync that decided it.
    pub at: SimTime,
    /// Which deployment.
    pub deployment: u16,
    /// The size before.
    pub from: u32,
    /// The size after.
    pub to: u32,
    /// When the offered load last began to rise before the newest sample was taken; `None` for
    /// loads that are no rate over time.
    pub load_rose: Option<SimTime>,
    /// End of the newest sample of the metric that decided.
    pub sampled: Option<SimTime>,
    /// When the metrics API began to serve it.
    pub served: Option<SimTime>,
}

/// A step up with the pods that came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleOutBudget {
    /// The step.
    pub scale_out: ScaleOut,
    /// How many pods of it were made.
    pub pods: u32,
    /// The pod of it that took traffic first.
    pub first: Option<PodId>,
    /// The one that took traffic last, or never.
    pub last: Option<PodId>,
}

/// The stages from a load that rises to a pod in rotation, in order.
pub const STAGES: [&str; 7] =
    ["in the samples", "served", "synced", "created", "started", "ready", "in rotation"];

impl ScaleOutBudget {
    /// How long each of [`STAGES`] took on the way of one pod; `None` for those that are not known
    /// or were not reached. They add up to the time from the load's rise to the pod's rotation.
    pub fn stages(&self, pod: &PodRecord) -> [Option<Nanos>; STAGES.len()] {
        let step = &self.scale_out;
        let moments = [
            step.load_rose,
            step.sampled,
            step.served,
            Some(step.at),
            Some(pod.created),
            pod.started,
            pod.ready,
            pod.listed,
        ];
        std::array::from_fn(|i| Some(moments[i + 1]?.since(moments[i]?)))
    }
}

impl Timeline {
    /// Every step up with its pods: those of the deployment that were created from the step on,
    /// as many as were asked for, up to the next step.
    pub fn scale_out_budgets(&self) -> Vec<ScaleOutBudget> {
        let budget = |(index, step): (usize, &ScaleOut)| {
            let next = self.scale_outs[index + 1..].iter().find(|next| next.deployment == step.deployment);
            let until = next.map_or(SimTime::NEVER, |next| next.at);
            let made = |(_, pod): &(PodId, &PodRecord)| {
                pod.deployment == step.deployment && step.at <= pod.created && pod.created < until
            };
            let count = step.to.saturating_sub(step.from) as usize;
            let pods: Vec<(PodId, SimTime)> = (0..)
                .zip(&self.pods)
                .filter(made)
                .take(count)
                .map(|(id, pod)| (id, pod.listed.unwrap_or(SimTime::NEVER)))
                .collect();
            ScaleOutBudget {
                scale_out: *step,
                pods: u32::try_from(pods.len()).unwrap_or(u32::MAX),
                first: pods.iter().min_by_key(|(id, listed)| (*listed, *id)).map(|(id, _)| *id),
                last: pods.iter().max_by_key(|(id, listed)| (*listed, *id)).map(|(id, _)| *id),
            }
        };
        self.scale_outs.iter().enumerate().map(budget).collect()
    }
}

/// When an offered load last began to rise at or before `at`.
pub(crate) fn load_rose(load: &Load, at: SimTime) -> Option<SimTime> {
    let Load::Open(OpenLoad { source: OpenSource::Rate { profile, .. } }) = load else { return None };
    rise(profile, at.since(SimTime::START)).map(|since_start| SimTime::START + since_start)
}

/// The last beginning of a segment, at or before `at`, from which the rate is higher than before.
fn rise(profile: &Profile, at: Nanos) -> Option<Nanos> {
    let mut found = None;
    let mut before = 0.0;
    for segment in profile.segments().iter().take_while(|segment| segment.from <= at) {
        let last = Nanos(segment.to.0 - 1);
        let (first, end) = (profile.rate(segment.from), profile.rate(last));
        // A ramp's last rate is taken a nanosecond before its end, hence a little room. The rate at
        // the run's beginning is no rise: the run starts in equilibrium with it.
        let steps_up = segment.from > Nanos::ZERO && first > before * 1.000_001;
        if steps_up || end > first {
            found = Some(segment.from);
        }
        before = profile.rate(last);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Segment, Shape};

    fn at(seconds: u64) -> Nanos {
        Nanos::from_secs(seconds)
    }

    #[test]
    fn a_rise_is_a_step_up_or_the_foot_of_a_ramp() {
        let segment = |from, to, shape| Segment { from: at(from), to: at(to), shape };
        let profile = Profile::new(vec![
            segment(0, 60, Shape::Constant(100.0)),
            segment(60, 120, Shape::Constant(300.0)),
            segment(120, 180, Shape::Constant(50.0)),
            segment(180, 240, Shape::Linear(50.0, 200.0)),
            segment(240, 300, Shape::Linear(200.0, 10.0)),
        ])
        .expect("a profile");
        for (when, want) in
            [(0, None), (59, None), (60, Some(60)), (150, Some(60)), (200, Some(180)), (299, Some(180))]
        {
            assert_eq!(rise(&profile, at(when)), want.map(at), "at {when} s");
        }
    }
}
