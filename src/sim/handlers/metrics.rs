//! Resource metrics on their way: kubelet, metrics-server.

use crate::model::hpa::{MetricSource, PodSample};
use crate::model::metrics::{Meter, Reading};
use crate::sim::engine::Engine;
use crate::sim::event::{DeploymentId, Event};
use crate::sim::path::{PodId, RequestPath};
use crate::sim::spec::{HpaPlan, MemoryUse, MetricsPipeline, Signal};
use crate::sim::world::{Pod, Process, World};
use crate::units::SimTime;

impl<P: RequestPath> Engine<P> {
    /// The autoscaler of a deployment.
    pub(crate) fn hpa_plan(&self, deployment: DeploymentId) -> Option<&HpaPlan> {
        self.world.spec.deployments[usize::from(deployment)].hpa.as_ref()
    }

    /// The way of its metrics.
    pub(crate) fn pipeline(&self, deployment: DeploymentId) -> Option<&MetricsPipeline> {
        self.hpa_plan(deployment).map(|hpa| &hpa.metrics)
    }

    /// The kubelet reads the pod's counters.
    /// Source: cAdvisor housekeeping, google/cadvisor manager/container.go.
    pub(crate) fn housekeeping(&mut self, id: PodId) {
        let pod = &self.world.pods[id as usize];
        if pod.gone {
            return;
        }
        let Some(plan) = self.hpa_plan(pod.deployment) else { return };
        let every = plan.metrics.housekeeping;
        if pod.containers.iter().any(|c| c.is_running()) {
            // The spec is behind an `Arc`; borrowing it there leaves the engine free.
            let spec = std::sync::Arc::clone(&self.world.spec);
            let plan = spec.deployments[usize::from(self.world.pods[id as usize].deployment)].hpa.as_ref();
            for (index, metric) in plan.iter().flat_map(|plan| &plan.spec.metrics).enumerate() {
                let signal = plan.map_or(Signal::NotSimulated, |plan| plan.metrics.signal(index, metric));
                if matches!(signal, Signal::Cpu | Signal::Memory(_)) {
                    let reading = self.reading(id, &metric.source, signal);
                    self.world.pods[id as usize].meters[index].read = Some(reading);
                }
            }
            let deployment = usize::from(self.world.pods[id as usize].deployment);
            if let Some(hpa) = &mut self.world.deployments[deployment].hpa {
                hpa.sights.kubelet_reads(self.now);
            }
        }
        self.queue.push(self.now + every, Event::Housekeeping(id));
    }

    /// CPU time that a pod, or the container that a metric names, has used by now (requests, and
    /// starting up), and its memory.
    fn reading(&mut self, id: PodId, source: &MetricSource, signal: Signal) -> Reading {
        let now = self.now;
        let named = match source {
            MetricSource::ContainerResource { container, .. } => Some(container.as_str()),
            _ => None,
        };
        let counts = |name: &str| named.is_none_or(|named| named == name);
        let template = self.world.template(id);
        let pod = &self.world.pods[id as usize];
        let mut cpu_ns = 0;
        for (container, plan) in pod.containers.iter().zip(&template.containers) {
            let Process::Running { since } = container.process else { continue };
            if counts(&plan.name) {
                let until = if container.listening { container.listening_since } else { now };
                cpu_ns += i128::from(until.since(since).0) * i128::from(plan.startup_cpu_milli) / 1_000;
            }
        }
        // Requests use CPU and memory where they are answered.
        let serves = counts(&template.containers[usize::from(pod.route.server())].name);
        let mut memory = 0;
        if serves {
            cpu_ns += i128::from(self.path.cpu_used(id, now.0));
            if let Signal::Memory(MemoryUse { idle, per_request }) = signal {
                let requests = u64::from(self.path.under_way(id, now.0));
                memory = idle.saturating_add(per_request.saturating_mul(requests));
            }
        }
        Reading { at: now, cpu_ns, memory: i64::try_from(memory).unwrap_or(i64::MAX) }
    }

    /// metrics-server reads every kubelet and replaces what it serves.
    pub(crate) fn scrape(&mut self, deployment: DeploymentId) {
        let Some(resolution) = self.pipeline(deployment).map(|p| p.resolution) else { return };
        let now = self.now;
        let World { pods, nodes, .. } = &mut self.world;
        for pod in pods.iter_mut().filter(|pod| pod.deployment == deployment && pod.is_there(nodes)) {
            if let Some(start) = youngest_process(pod) {
                pod.meters.iter_mut().for_each(|meter| meter.scrape(start, now, resolution));
            }
        }
        self.serve_samples(deployment);
        self.queue.push(now + resolution, Event::Scrape(deployment));
    }

    /// Replaces what metrics-server serves of a deployment's pods.
    pub(crate) fn serve_samples(&mut self, deployment: DeploymentId) {
        let Some(plan) = self.hpa_plan(deployment) else { return };
        let signals = plan.spec.metrics.iter().enumerate();
        let signals: Vec<Signal> = signals.map(|(i, metric)| plan.metrics.signal(i, metric)).collect();
        let of_deployment =
            |(_, pod): &(PodId, &Pod)| pod.deployment == deployment && pod.is_there(&self.world.nodes);
        let served = signals.iter().enumerate().map(|(index, signal)| {
            let pods = (0..).zip(&self.world.pods).filter(of_deployment);
            pods.filter_map(|(id, pod)| sample_of(id, &pod.meters[index], *signal)).collect()
        });
        let served: Vec<Vec<PodSample>> = served.collect();
        let now = self.now;
        if let Some(hpa) = &mut self.world.deployments[usize::from(deployment)].hpa {
            for (metric, samples) in served.iter().enumerate() {
                hpa.sights.serves(metric, samples.iter().map(|sample| sample.time).max(), now);
            }
            (hpa.served, hpa.served_at) = (served, now);
        }
    }
}

fn youngest_process(pod: &Pod) -> Option<SimTime> {
    let started = pod.containers.iter().filter_map(|container| match container.process {
        Process::Running { since } => Some(since),
        _ => None,
    });
    started.max()
}

/// A pod's sample of one metric, in thousandths.
fn sample_of(pod: PodId, meter: &Meter, signal: Signal) -> Option<PodSample> {
    let usage = meter.usage()?;
    let value = match signal {
        Signal::Cpu => usage.cpu_milli,
        Signal::Memory(_) => usage.memory.saturating_mul(1_000),
        _ => return None,
    };
    Some(PodSample { pod, time: usage.time, window: usage.window, value: Some(value) })
}
