//! The HPA controller's sync.

use crate::model::hpa::{self, MetricSource, PodSample, PodView, Samples, Scale, Status};
use crate::model::pod::PodPhase;
use crate::sim::budget::ScaleOut;
use crate::sim::engine::Engine;
use crate::sim::event::{DeploymentId, Event};
use crate::sim::path::RequestPath;
use crate::sim::spec::{HpaPlan, Signal};
use crate::sim::world::{Pod, RolledBy};
use crate::units::{Nanos, SimTime};

impl<P: RequestPath> Engine<P> {
    /// One reconcile of the HPA controller.
    pub(crate) fn hpa_sync(&mut self, id: DeploymentId) {
        let index = usize::from(id);
        let Some(plan) = self.world.spec.deployments[index].hpa.clone() else { return };
        let deployment = &self.world.deployments[index];
        let Some(memory) = &deployment.hpa else { return };
        // The rule numbers pods by their place in the list it is given.
        let mut place = vec![u32::MAX; self.world.pods.len()];
        let mut views: Vec<PodView> = Vec::new();
        for (pod, place) in self.world.pods.iter().zip(&mut place) {
            // A Rollout's `status.selector` is that of its active set; a canary's has all its pods.
            let inactive = matches!(
                deployment.rolled_by,
                RolledBy::BlueGreen { active, .. } if pod.set != active
            );
            if pod.deployment == id && !pod.gone && !inactive {
                *place = u32::try_from(views.len()).unwrap_or(u32::MAX);
                views.push(pod_view(pod));
            }
        }
        let counted: u32 = match deployment.rolled_by {
            RolledBy::BlueGreen { active, .. } => self.world.sets[active as usize].counted,
            _ => deployment.sets.iter().map(|s| self.world.sets[*s as usize].counted).sum(),
        };
        let samples: Vec<Samples> =
            (0..plan.spec.metrics.len()).map(|index| self.samples_for(id, &plan, index, &place)).collect();
        let decision = hpa::decide(&hpa::Input {
            now: self.now,
            options: &plan.controller.options,
            hpa: &plan.spec,
            scale: Scale {
                spec_replicas: i32::try_from(deployment.replicas).unwrap_or(i32::MAX),
                status_replicas: i32::try_from(counted).unwrap_or(i32::MAX),
            },
            pods: &views,
            requests: &plan.requests,
            samples: &samples,
            history: &memory.history,
            conditions: &memory.conditions,
        });
        let desired = u32::try_from(decision.desired_replicas).unwrap_or(0);
        let size = deployment.replicas;
        let current = if plan.controller.options.current_is_status { counted } else { size };
        self.timeline.hpa_decided(self.now, id, current, &decision);
        if let (Some(winner), Some(proposal)) = (decision.winner, decision.proposal) {
            self.note_need(id, winner, &samples, i64::from(proposal) > i64::from(current));
        }
        if desired != current && desired > size {
            let step = self.scale_out(id, desired, decision.winner, &samples);
            self.timeline.scale_outs.push(step);
        }
        let deployment = &mut self.world.deployments[index];
        if let Some(memory) = &mut deployment.hpa {
            memory.history = decision.history;
            memory.conditions = decision.conditions;
        }
        if desired != current && desired != size {
            self.resize(id, desired);
        }
        self.queue.push(self.now + plan.controller.sync_period, Event::HpaSync(id));
    }
}

impl<P: RequestPath> Engine<P> {
    /// What the metrics API answers for one metric. `place` gives a pod's place in the list that
    /// the controller looks at.
    fn samples_for(&self, id: DeploymentId, plan: &HpaPlan, index: usize, place: &[u32]) -> Samples {
        let metric = &plan.spec.metrics[index];
        let signal = plan.metrics.signal(index, metric);
        if !plan.metrics.answers(&metric.source, self.now.since(SimTime::START)) {
            return Samples::Unavailable;
        }
        match (&metric.source, signal) {
            (
                MetricSource::Resource { .. } | MetricSource::ContainerResource { .. },
                Signal::Cpu | Signal::Memory(_),
            ) => {
                let hpa = self.world.deployments[usize::from(id)].hpa.as_ref();
                let served = hpa.and_then(|hpa| hpa.served.get(index)).into_iter().flatten();
                let known = served.filter(|sample| place[sample.pod as usize] != u32::MAX);
                Samples::Pods(known.map(|s| PodSample { pod: place[s.pod as usize], ..*s }).collect())
            }
            (source, signal) => self.custom_samples(id, source, signal, place),
        }
    }

    /// A step up, with what led to it.
    fn scale_out(&self, id: DeploymentId, to: u32, winner: Option<usize>, samples: &[Samples]) -> ScaleOut {
        let deployment = &self.world.deployments[usize::from(id)];
        let seen = deployment.hpa.as_ref().and_then(|hpa| hpa.sights.open(winner?, self.now));
        let newest = winner.and_then(|winner| self.newest(id, winner, samples));
        ScaleOut {
            at: self.now,
            deployment: id,
            from: deployment.replicas,
            to,
            load_rose: seen.map(|seen| seen.rose),
            sampled: seen.map(|seen| seen.sampled).or(newest.map(|newest| newest.end)),
            served: seen.map(|seen| seen.served).or(newest.map(|newest| newest.served)),
        }
    }

    /// Remembers whether the samples asked for more than there is, and so showed a rise of the load.
    fn note_need(&mut self, id: DeploymentId, winner: usize, samples: &[Samples], more: bool) {
        let now = self.now;
        let Some(newest) = self.newest(id, winner, samples) else { return };
        if let Some(hpa) = &mut self.world.deployments[usize::from(id)].hpa {
            match more {
                true => hpa.sights.alarmed(winner, (newest.end, newest.served), now),
                false => hpa.sights.satisfied(winner, newest.begin, now),
            }
        }
    }

    /// The newest samples of a metric; `None` where it has none.
    fn newest(&self, id: DeploymentId, metric: usize, samples: &[Samples]) -> Option<Newest> {
        let plan = self.hpa_plan(id)?;
        let hpa = self.world.deployments[usize::from(id)].hpa.as_ref()?;
        match plan.metrics.signal(metric, plan.spec.metrics.get(metric)?) {
            Signal::Cpu | Signal::Memory(_) => {
                let Samples::Pods(pods) = samples.get(metric)? else { return None };
                let end = pods.iter().map(|sample| sample.time).max()?;
                let begin = pods.iter().map(|sample| sample.time - sample.window).min()?;
                // metrics-server keeps samples back until its next round.
                Some(Newest { begin, end, served: hpa.served_at })
            }
            Signal::Backlog => {
                let lag = plan.metrics.queue.as_ref().map_or(Nanos::ZERO, |queue| queue.lag);
                let exported = hpa.exported.iter().map(|(at, _)| *at);
                let end = exported.filter(|at| *at + lag <= self.now).max()?;
                Some(Newest { begin: end, end, served: end + lag })
            }
            signal => {
                let pods = self.world.pods.iter().filter(|pod| pod.deployment == id);
                let end = pods.filter_map(|pod| Some(pod.scrapes.last(self.now)?.at)).max()?;
                let window = match signal {
                    Signal::RequestRate | Signal::Latency { .. } => plan.metrics.adapter.rate_window,
                    _ => Nanos::ZERO,
                };
                Some(Newest { begin: end - window, end, served: end })
            }
        }
    }
}

/// The newest samples of a metric.
#[derive(Clone, Copy)]
struct Newest {
    /// When the first of their windows began.
    begin: SimTime,
    /// When the last of them was taken.
    end: SimTime,
    /// Since when the metrics API serves them.
    served: SimTime,
}

/// What the controller sees of a pod.
fn pod_view(pod: &Pod) -> PodView {
    let phase = match pod.phase {
        PodPhase::Pending => hpa::Phase::Pending,
        PodPhase::Running => hpa::Phase::Running,
        PodPhase::Succeeded => hpa::Phase::Succeeded,
        PodPhase::Failed => hpa::Phase::Failed,
        PodPhase::Unknown => hpa::Phase::Unknown,
    };
    PodView {
        phase,
        deleted: pod.deleted.is_some(),
        ready: Some(if pod.api_ready { Status::True } else { Status::False }),
        ready_transition: pod.ready_transition.floor_sec(),
        start_time: pod.admitted.then(|| pod.created.floor_sec()),
        requests: u32::try_from(pod.template).unwrap_or(u32::MAX),
    }
}
