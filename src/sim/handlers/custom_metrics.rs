//! Custom and external metrics on their way: Prometheus and its adapter, an external queue, and
//! KEDA's part in scaling from and to zero.

use crate::model::hpa::{MetricSource, PodSample, Samples};
use crate::model::metrics::{Scraped, backlog_after};
use crate::sim::engine::Engine;
use crate::sim::event::{DeploymentId, Event};
use crate::sim::path::{PodId, RequestPath};
use crate::sim::spec::{QueuePlan, Signal};
use crate::sim::world::Autoscaler;
use crate::units::{Nanos, SimTime};

/// Length of a step of the external queue.
const QUEUE_STEP: Nanos = Nanos::from_secs(1);
/// What the custom metrics API says its samples cover, where the adapter states nothing else.
const CUSTOM_WINDOW: Nanos = Nanos::from_secs(60);

impl<P: RequestPath> Engine<P> {
    fn autoscaler(&mut self, deployment: DeploymentId) -> Option<&mut Autoscaler> {
        self.world.deployments[usize::from(deployment)].hpa.as_mut()
    }

    /// Whether any metric of a deployment's autoscaler measures something that `which` names.
    pub(crate) fn measures(&self, deployment: DeploymentId, which: fn(Signal) -> bool) -> bool {
        !self.metrics_that_measure(deployment, which).is_empty()
    }

    /// The metrics of a deployment's autoscaler that measure something that `which` names.
    fn metrics_that_measure(&self, deployment: DeploymentId, which: fn(Signal) -> bool) -> Vec<usize> {
        let Some(plan) = self.hpa_plan(deployment) else { return Vec::new() };
        let metrics = plan.spec.metrics.iter().enumerate();
        metrics
            .filter(|(index, metric)| which(plan.metrics.signal(*index, metric)))
            .map(|(index, _)| index)
            .collect()
    }

    // === Prometheus ===

    /// Prometheus scrapes every pod that runs, and the front end.
    pub(crate) fn adapter_scrape(&mut self, deployment: DeploymentId) {
        let Some(adapter) = self.pipeline(deployment).map(|pipeline| pipeline.adapter) else { return };
        let now = self.now;
        for id in 0..self.world.pods.len() {
            let pod = &self.world.pods[id];
            let runs = pod.containers.iter().any(|container| container.is_running());
            if pod.deployment != deployment || !pod.is_there(&self.world.nodes) || !runs {
                continue;
            }
            let load = self.path.load_of(PodId::try_from(id).expect("pods are numbered so"), now.0);
            let served = i64::try_from(load.served).unwrap_or(i64::MAX);
            let scraped = Scraped { at: now, served, in_flight: load.in_flight, waiting: load.waiting };
            self.world.pods[id].scrapes.push(scraped, adapter.rate_window);
        }
        if self.measures(deployment, |signal| matches!(signal, Signal::Latency { .. })) {
            let histogram = self.path.latency(now.0).clone();
            if let Some(hpa) = self.autoscaler(deployment) {
                hpa.latencies.push_back((now, histogram));
                let old = |first: &SimTime| *first + adapter.rate_window <= now;
                while hpa.latencies.front().is_some_and(|(first, _)| old(first)) {
                    hpa.latencies.pop_front();
                }
            }
        }
        let scraped = self.metrics_that_measure(deployment, |signal| {
            !matches!(signal, Signal::Cpu | Signal::Memory(_) | Signal::Backlog | Signal::NotSimulated)
        });
        if let Some(hpa) = self.autoscaler(deployment) {
            scraped.into_iter().for_each(|metric| hpa.sights.scrapes(metric, now));
        }
        self.queue.push(now + adapter.scrape, Event::AdapterScrape(deployment));
    }

    /// The adapter asks Prometheus which metrics there are; one that no pod has had lately fails
    /// until the next time.
    pub(crate) fn adapter_relist(&mut self, deployment: DeploymentId) {
        let Some(relist) = self.pipeline(deployment).map(|pipeline| pipeline.adapter.relist) else { return };
        let now = self.now;
        let pods = self.world.pods.iter().filter(|pod| pod.deployment == deployment);
        let known = pods.into_iter().any(|pod| pod.scrapes.last(now).is_some());
        if let Some(hpa) = self.autoscaler(deployment) {
            hpa.adapter_knows = known;
        }
        self.queue.push(now + relist, Event::AdapterRelist(deployment));
    }

    /// What the custom and external metrics APIs answer for one metric. `place` gives the place
    /// of a pod in the list that the controller looks at.
    pub(crate) fn custom_samples(
        &self,
        deployment: DeploymentId,
        source: &MetricSource,
        signal: Signal,
        place: &[u32],
    ) -> Samples {
        let (Some(plan), Some(hpa)) =
            (self.hpa_plan(deployment), &self.world.deployments[usize::from(deployment)].hpa)
        else {
            return Samples::Unavailable;
        };
        let whole = |value: Option<i64>| match (source, value) {
            (MetricSource::Object { .. }, Some(value)) => Samples::Object(value),
            (MetricSource::External { .. }, value) => Samples::External(value.into_iter().collect()),
            _ => Samples::Unavailable,
        };
        let window = plan.metrics.adapter.rate_window;
        let of_pod = |id: usize| {
            let scrapes = &self.world.pods[id].scrapes;
            match signal {
                Signal::RequestRate => scrapes.rate_milli(self.now, window),
                Signal::InFlight => scrapes.last(self.now).map(|last| i64::from(last.in_flight) * 1_000),
                Signal::Waiting => scrapes.last(self.now).map(|last| i64::from(last.waiting) * 1_000),
                _ => None,
            }
        };
        match signal {
            Signal::Cpu | Signal::Memory(_) | Signal::NotSimulated => Samples::Unavailable,
            Signal::Backlog => {
                let lag = plan.metrics.queue.as_ref().map_or(Nanos::ZERO, |queue| queue.lag);
                let seen = hpa.exported.iter().rev().find(|(at, _)| *at + lag <= self.now);
                whole(seen.map(|(_, backlog)| *backlog))
            }
            Signal::Latency { share } if hpa.adapter_knows => {
                let (first, last) = (hpa.latencies.front(), hpa.latencies.back());
                let quantile =
                    first.zip(last).and_then(|(first, last)| last.1.quantile_since(&first.1, share));
                // Nanoseconds to thousandths of a second.
                whole(quantile.and_then(|nanos| i64::try_from(nanos / 1_000_000).ok()))
            }
            _ if !hpa.adapter_knows => Samples::Unavailable,
            _ => {
                let pods = (0..place.len()).filter(|id| place[*id] != u32::MAX);
                let values = pods.filter_map(|id| Some((place[id], of_pod(id)?)));
                if let MetricSource::Pods { .. } = source {
                    let sample = |(pod, value)| PodSample {
                        pod,
                        time: self.now,
                        window: CUSTOM_WINDOW,
                        value: Some(value),
                    };
                    return Samples::Pods(values.map(sample).collect());
                }
                whole(values.map(|(_, value)| value).reduce(i64::saturating_add))
            }
        }
    }

    // === An external queue ===

    fn queue_plan(&self, deployment: DeploymentId) -> Option<&QueuePlan> {
        self.pipeline(deployment)?.queue.as_ref()
    }

    /// One second of the external queue: items arrive, ready pods take some.
    pub(crate) fn queue_step(&mut self, deployment: DeploymentId) {
        let now = self.now;
        let Some(queue) = self.queue_plan(deployment) else { return };
        let since_start = now.since(SimTime::START);
        let arrivals = queue.arrivals.expected(since_start.saturating_sub(QUEUE_STEP), since_start);
        let (per_pod, lag) = (queue.per_pod, queue.lag);
        let works = |pod: &&crate::sim::world::Pod| {
            pod.deployment == deployment && !pod.gone && pod.api_ready && pod.deleted.is_none()
        };
        let pods = self.world.pods.iter().filter(works).count();
        let capacity = per_pod * pods as f64 * QUEUE_STEP.as_secs_f64();
        let backlogs = self.metrics_that_measure(deployment, |signal| signal == Signal::Backlog);
        if let Some(hpa) = self.autoscaler(deployment) {
            hpa.backlog = backlog_after(hpa.backlog, arrivals, capacity);
            hpa.export(now, lag);
            backlogs.into_iter().for_each(|metric| hpa.sights.exports(metric, now, lag));
        }
        self.queue.push(now + QUEUE_STEP, Event::QueueStep(deployment));
    }

    /// KEDA's operator looks at the queue: it alone goes from zero to one and back.
    /// Source: KEDA documentation, "Scaling Deployments".
    pub(crate) fn activation_poll(&mut self, deployment: DeploymentId) {
        let now = self.now;
        let Some(queue) = self.queue_plan(deployment) else { return };
        let (lag, Some(activation)) = (queue.lag, queue.activation) else { return };
        let Some(min) = self.hpa_plan(deployment).map(|plan| plan.spec.min_replicas) else { return };
        let Some(hpa) = self.autoscaler(deployment) else { return };
        let seen = hpa.exported.iter().rev().find(|(at, _)| *at + lag <= now);
        let is_active = seen.is_some_and(|(_, milli)| *milli as f64 > activation.threshold * 1_000.0);
        if is_active {
            hpa.last_active = now;
        }
        let idle_for = now.since(hpa.last_active);
        let replicas = self.world.deployments[usize::from(deployment)].replicas;
        let wanted = match replicas {
            0 if is_active => u32::try_from(min).unwrap_or(0).max(1),
            0 => 0,
            _ if !is_active && idle_for >= activation.cooldown => 0,
            size => size,
        };
        if wanted != replicas {
            self.resize(deployment, wanted);
        }
        self.queue.push(now + activation.polling_interval, Event::ActivationPoll(deployment));
    }

    /// Sets `spec.replicas`.
    pub(crate) fn resize(&mut self, deployment: DeploymentId, replicas: u32) {
        self.world.deployments[usize::from(deployment)].replicas = replicas;
        self.timeline.desired(self.now, deployment, replicas);
        self.wake_deployment(deployment);
    }
}

impl Autoscaler {
    /// The exporter shows the backlog, in thousandths. What is older than anybody asks for goes.
    pub(crate) fn export(&mut self, now: SimTime, lag: Nanos) {
        #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, and that is meant")]
        let milli = (self.backlog * 1_000.0).round() as i64;
        self.exported.push_back((now, milli));
        let has_successor = |exported: &std::collections::VecDeque<(SimTime, i64)>| {
            exported.get(1).is_some_and(|(second, _)| *second + lag <= now)
        };
        while has_successor(&self.exported) {
            self.exported.pop_front();
        }
    }
}
