//! Where the time goes between a load that rises and a pod that takes it.

use super::path::PodId;
use super::timeline::{PodRecord, Timeline};
use crate::units::{Nanos, SimTime};

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
    /// When the load began to rise that this step answers; `None` for loads that are no rate over
    /// time, and for steps that no rise explains.
    pub load_rose: Option<SimTime>,
    /// End of the first sample that shows the rise; without a rise, of the newest sample of the metric
    /// that decided.
    pub sampled: Option<SimTime>,
    /// When the metrics API began to serve that sample.
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
    /// Every step up with its pods: as many as were asked for, of those of the deployment that were
    /// created from the step on, in order; steps that overlap take them in turn. What a step down
    /// came before is nobody's.
    pub fn scale_out_budgets(&self) -> Vec<ScaleOutBudget> {
        let mut free = vec![true; self.pods.len()];
        let mut claim = |step: &ScaleOut| {
            let until = self.next_step_down(step);
            let made = |pod: &PodRecord| {
                pod.deployment == step.deployment && step.at <= pod.created && pod.created < until
            };
            let count = step.to.saturating_sub(step.from) as usize;
            let mine: Vec<usize> =
                (0..self.pods.len()).filter(|id| free[*id] && made(&self.pods[*id])).take(count).collect();
            mine.iter().for_each(|id| free[*id] = false);
            mine
        };
        let budget = |step: &ScaleOut| {
            let listed = |id: &usize| (self.pods[*id].listed.unwrap_or(SimTime::NEVER), *id);
            let id = |id: usize| PodId::try_from(id).unwrap_or(PodId::MAX);
            let mine = claim(step);
            ScaleOutBudget {
                scale_out: *step,
                pods: u32::try_from(mine.len()).unwrap_or(u32::MAX),
                first: mine.iter().copied().min_by_key(listed).map(id),
                last: mine.iter().copied().max_by_key(listed).map(id),
            }
        };
        self.scale_outs.iter().map(budget).collect()
    }

    /// When the deployment is next asked to shrink after a step up.
    fn next_step_down(&self, step: &ScaleOut) -> SimTime {
        let mut size = step.to;
        let sizes =
            self.desired.iter().filter(|(at, deployment, _)| *deployment == step.deployment && *at > step.at);
        for (at, _, desired) in sizes {
            if *desired < size {
                return *at;
            }
            size = *desired;
        }
        SimTime::NEVER
    }
}
