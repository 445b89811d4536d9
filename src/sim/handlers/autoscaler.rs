//! The metrics pipeline and the HPA controller's sync.

use crate::model::hpa::{self, MetricSource, PodSample, PodView, Samples, Scale, Status};
use crate::model::pod::PodPhase;
use crate::sim::engine::Engine;
use crate::sim::event::{DeploymentId, Event};
use crate::sim::path::{PodId, RequestPath};
use crate::sim::spec::MetricsPipeline;
use crate::sim::world::{CpuPoint, CpuReadings, Pod, Process};
use crate::units::{Nanos, SimTime};

impl<P: RequestPath> Engine<P> {
    fn pipeline(&self, deployment: DeploymentId) -> Option<&MetricsPipeline> {
        self.world.spec.deployments[usize::from(deployment)].hpa.as_ref().map(|hpa| &hpa.metrics)
    }

    /// CPU time that a pod has used by now: requests, and starting up.
    fn cpu_point(&mut self, id: PodId) -> CpuPoint {
        let mut used = i128::from(self.path.cpu_used(id, self.now.0));
        let template = self.world.template(id);
        let pod = &self.world.pods[id as usize];
        for (container, plan) in pod.containers.iter().zip(&template.containers) {
            let Process::Running { since } = container.process else { continue };
            let until = if container.listening { container.listening_since } else { self.now };
            used += i128::from(until.since(since).0) * i128::from(plan.startup_cpu_milli) / 1_000;
        }
        CpuPoint { at: self.now, used_ns: used }
    }

    /// The kubelet reads the pod's counters.
    /// Source: cAdvisor housekeeping, google/cadvisor manager/container.go.
    pub(crate) fn housekeeping(&mut self, id: PodId) {
        let pod = &self.world.pods[id as usize];
        if pod.gone {
            return;
        }
        let Some(every) = self.pipeline(pod.deployment).map(|p| p.housekeeping) else { return };
        if pod.containers.iter().any(|c| c.is_running()) {
            let point = self.cpu_point(id);
            self.world.pods[id as usize].cpu.read = Some(point);
        }
        self.queue.push(self.now + every, Event::Housekeeping(id));
    }

    /// metrics-server reads every kubelet and replaces what it serves.
    /// Source: kubernetes-sigs/metrics-server pkg/storage/pod.go (5ed5d3a).
    pub(crate) fn scrape(&mut self, deployment: DeploymentId) {
        let Some(resolution) = self.pipeline(deployment).map(|p| p.resolution) else { return };
        let now = self.now;
        for pod in &mut self.world.pods {
            if pod.deployment != deployment || pod.gone {
                continue;
            }
            let started = pod.containers.iter().filter_map(|c| match c.process {
                Process::Running { since } => Some(since),
                _ => None,
            });
            store_point(&mut pod.cpu, started.max(), now, resolution);
        }
        self.serve_samples(deployment);
        self.queue.push(now + resolution, Event::Scrape(deployment));
    }

    /// Replaces what metrics-server serves of a deployment's pods.
    pub(crate) fn serve_samples(&mut self, deployment: DeploymentId) {
        let pods = (0..).zip(&self.world.pods);
        let served = pods
            .filter(|(_, pod)| pod.deployment == deployment && !pod.gone)
            .filter_map(|(id, pod)| sample_of(id, &pod.cpu))
            .collect();
        if let Some(hpa) = &mut self.world.deployments[usize::from(deployment)].hpa {
            hpa.served = served;
        }
    }

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
            if pod.deployment == id && !pod.gone {
                *place = u32::try_from(views.len()).unwrap_or(u32::MAX);
                views.push(pod_view(pod));
            }
        }
        let counted: u32 = deployment.sets.iter().map(|s| self.world.sets[*s as usize].counted).sum();
        let served: Vec<PodSample> =
            memory.served.iter().map(|s| PodSample { pod: place[s.pod as usize], ..*s }).collect();
        let samples: Vec<Samples> =
            plan.spec.metrics.iter().map(|m| samples_for(&m.source, &served)).collect();
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
        self.timeline.hpa_decided(self.now, id, deployment.replicas, &decision);
        let desired = u32::try_from(decision.desired_replicas).unwrap_or(0);
        let deployment = &mut self.world.deployments[index];
        if let Some(memory) = &mut deployment.hpa {
            memory.history = decision.history;
            memory.conditions = decision.conditions;
        }
        if desired != deployment.replicas {
            deployment.replicas = desired;
            self.timeline.desired(self.now, id, desired);
            self.wake_deployment(id);
        }
        self.queue.push(self.now + plan.controller.sync_period, Event::HpaSync(id));
    }
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

/// What the metrics API answers: CPU of pods. Everything else is not simulated and unavailable.
fn samples_for(source: &MetricSource, served: &[PodSample]) -> Samples {
    match source {
        MetricSource::Resource { resource } | MetricSource::ContainerResource { resource, .. }
            if resource == "cpu" =>
        {
            Samples::Pods(served.to_vec())
        }
        _ => Samples::Unavailable,
    }
}

/// Takes the kubelet's last reading into metrics-server's two points, if it is a new one.
///
/// A container younger than the resolution but at least 10 s old is given its start as the first
/// point; a younger one has to wait for a second reading.
fn store_point(cpu: &mut CpuReadings, start: Option<SimTime>, now: SimTime, resolution: Nanos) {
    let (Some(read), Some(start)) = (cpu.read, start) else { return };
    if cpu.last.is_some_and(|last| read.at <= last.at) {
        return;
    }
    if cpu.last.is_some_and(|last| last.at < start) {
        // A new process: its counter began again.
        (cpu.last, cpu.previous) = (None, None);
    }
    cpu.previous = cpu.last;
    cpu.last = Some(read);
    let age = now.since(start);
    if cpu.previous.is_none() && age >= Nanos::from_secs(10) && age < resolution && read.at > start {
        cpu.previous = Some(CpuPoint { at: start, used_ns: 0 });
    }
}

/// Mean CPU between metrics-server's two points, in thousandths of a core.
fn sample_of(pod: PodId, cpu: &CpuReadings) -> Option<PodSample> {
    let (last, previous) = (cpu.last?, cpu.previous?);
    let window = last.at.since(previous.at);
    if window.0 == 0 {
        return None;
    }
    let milli = (last.used_ns - previous.used_ns).max(0) * 1_000 / i128::from(window.0);
    Some(PodSample { pod, time: last.at, window, value: i64::try_from(milli).ok() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESOLUTION: Nanos = Nanos::from_secs(15);

    fn at(seconds: u64) -> SimTime {
        SimTime::START + Nanos::from_secs(seconds)
    }

    fn readings(seconds: &[(u64, i128)], start: u64, scrapes: &[u64]) -> Vec<Option<i64>> {
        let mut cpu = CpuReadings::default();
        scrapes
            .iter()
            .map(|scrape| {
                let seen = seconds.iter().rev().find(|(t, _)| t <= scrape);
                cpu.read = seen.map(|(t, used)| CpuPoint { at: at(*t), used_ns: used * 1_000_000_000 });
                store_point(&mut cpu, Some(at(start)), at(*scrape), RESOLUTION);
                sample_of(0, &cpu).and_then(|s| s.value)
            })
            .collect()
    }

    /// Source: metrics-server pkg/storage; a young pod is missing for 10 to 30 s.
    #[test]
    fn a_young_pod_is_missing_until_it_has_two_points() {
        // Readings every 10 s from second 2, one core used throughout.
        let steady: Vec<(u64, i128)> = (0..8).map(|i| (2 + 10 * i, i128::from(2 + 10 * i))).collect();
        assert_eq!(
            readings(&steady, 0, &[5, 20, 35]),
            [None, Some(1_000), Some(1_000)],
            "too young at first"
        );
        assert_eq!(
            readings(&steady, 0, &[12, 27]),
            [Some(1_000), Some(1_000)],
            "old enough for its start to count"
        );
        assert_eq!(readings(&steady, 0, &[5, 8, 11]), [None, None, None], "no new reading, no second point");
    }
}
