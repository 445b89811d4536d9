//! The cluster in equilibrium: what has long been running when a run begins.

use crate::model::deployment::{DeploymentStatus, Progress};
use crate::model::metrics::{Meter, Reading, Scraped};
use crate::model::pod::PodPhase;
use crate::model::probe::{ContainerId, ContainerState, ContainerView, ProbeKind, ProbeOutcome};
use crate::model::probe_ticker::ProbeTicker;
use crate::random::{Dist, Stream};
use crate::sim::engine::Engine;
use crate::sim::event::{DeploymentId, Event, SetId};
use crate::sim::path::{App, PodId, RequestPath};
use crate::sim::sight::Sights;
use crate::sim::spec::{HpaPlan, Mechanism, MemoryUse, Role, Signal};
use crate::sim::timeline::ViewHolder;
use crate::sim::world::{Autoscaler, Deployment, Process, ReplicaSet, RolledBy};
use crate::units::{Nanos, SimTime};
use crate::workload::{Load, OpenLoad, OpenSource};

impl<P: RequestPath> Engine<P> {
    /// Pods long running, Ready and in rotation; metric windows full; every clock in some phase.
    pub(crate) fn begin(&mut self) {
        for index in 0..self.world.spec.deployments.len() {
            self.begin_deployment(DeploymentId::try_from(index).expect("few deployments"));
        }
        for pod in 0..self.world.pods.len() as PodId {
            self.timeline.view_changed(SimTime::START, ViewHolder::Slice, pod, true);
        }
        for index in 0..self.world.deployments.len() {
            self.begin_front(DeploymentId::try_from(index).expect("few deployments"));
        }
        for (number, event) in (0..).zip(self.world.spec.events.clone()) {
            self.queue.push(SimTime::START + event.at, Event::Planned(number));
        }
        self.timeline.count_pods(SimTime::START, &self.world);
    }

    fn begin_deployment(&mut self, id: DeploymentId) {
        let plan = self.world.spec.deployments[usize::from(id)].clone();
        let set = SetId::try_from(self.world.sets.len()).expect("few deployments");
        let replicas = plan.spec.replicas;
        self.world.sets.push(ReplicaSet {
            deployment: id,
            revision: 0,
            template: 0,
            created: SimTime(0),
            replicas,
            annotations: plan.spec.annotations(),
            available: replicas,
            ready: replicas,
            counted: replicas,
            sync_due: false,
            being_created: 0,
            scale_down_at: None,
        });
        self.world.deployments.push(Deployment {
            replicas,
            template: 0,
            revision: 0,
            sets: vec![set],
            sync_due: false,
            slice_due: false,
            rolled_by: RolledBy::Deployment,
            progress: Progress::Complete,
            status: DeploymentStatus { replicas, updated: replicas, ready: replicas, available: replicas },
            slices: Default::default(),
            hpa: plan.hpa.as_ref().map(|hpa| Autoscaler {
                history: Default::default(),
                conditions: Default::default(),
                served: Vec::new(),
                served_at: SimTime::START,
                latencies: Default::default(),
                adapter_knows: replicas > 0,
                backlog: hpa.metrics.queue.as_ref().map_or(0.0, |queue| queue.initial),
                exported: Default::default(),
                last_active: SimTime::START,
                sights: Sights::new(
                    &self.world.spec.load,
                    hpa.metrics.queue.as_ref().map(|queue| &queue.arrivals),
                    hpa.spec.metrics.len(),
                ),
            }),
        });
        self.timeline.desired(SimTime::START, id, replicas);
        let first = PodId::try_from(self.world.pods.len()).expect("few pods at the beginning");
        for nth in 0..replicas {
            self.begin_pod(set, nth);
        }
        let last = PodId::try_from(self.world.pods.len()).expect("few pods at the beginning");
        self.world.deployments[usize::from(id)].slices.fill_with(|| (first..last).collect());
        if plan.hpa.is_some() {
            self.begin_autoscaler(id, first..last);
        }
    }

    /// A pod that has been Ready for about a day.
    fn begin_pod(&mut self, set: SetId, nth: u32) {
        let day = Nanos::from_secs(86_400);
        let since = SimTime::START - day + Nanos::from_secs(u64::from(nth));
        let id = self.add_pod(set, since);
        self.make_satisfied_workers(id, since);
        let pod = &mut self.world.pods[id as usize];
        pod.bound = true;
        let node = pod.node;
        pod.admitted = true;
        pod.phase = PodPhase::Running;
        pod.has_ip = true;
        pod.gate_set = true;
        for container in &mut pod.containers {
            container.instance = 1;
            container.known_instance = 1;
            container.process = Process::Running { since };
            container.known = ContainerState::Running { started_at: since };
            container.listening = true;
            container.app_ready = true;
            container.listening_since = since;
            container.started = true;
            container.ready = true;
        }
        (pod.ready, pod.containers_ready, pod.api_ready, pod.api_containers_ready) = (true, true, true, true);
        pod.ready_since = Some(since);
        pod.ready_transition = since;
        self.path.open(id, since.0);
        self.path.set_app(id, App::Up);
        let record = self.timeline.pod(id);
        (record.bound, record.started, record.listening) = (Some(since), Some(since), Some(since));
        (record.ready, record.node) = (Some(since), Some(node));
    }

    /// Probe workers that have succeeded long ago and tick at a random phase.
    fn make_satisfied_workers(&mut self, id: PodId, since: SimTime) {
        self.make_probe_workers(id, since);
        for (index, kind) in self.workers_of(id) {
            let container = &mut self.world.pods[id as usize].containers[usize::from(index)];
            let Some(worker) = container.worker(kind) else { continue };
            let spec = worker.plan.spec;
            let view = ContainerView {
                id: Some(ContainerId(1)),
                state: ContainerState::Running { started_at: since },
                started: kind != ProbeKind::Startup,
                pod_ended: false,
                pod_deleting: false,
                restart_never: false,
            };
            worker.state.gate(kind, &spec, &view, SimTime::START);
            for _ in 0..spec.success_threshold.max(1) {
                worker.state.record(kind, &spec, ProbeOutcome::Success);
            }
            let first = SimTime::START + self.random_phase(id, index, kind, spec.period());
            let container = &mut self.world.pods[id as usize].containers[usize::from(index)];
            let Some(worker) = container.worker(kind) else { continue };
            worker.ticker = ProbeTicker::new(first, spec.period());
            self.schedule_tick(id, index, kind, first);
        }
    }

    /// The tier before a deployment has long had its pods in rotation.
    fn begin_front(&mut self, deployment: DeploymentId) {
        let tier = self.tier_before(deployment);
        let [list, _] = self.world.deployments[usize::from(deployment)].slices.clone();
        if let Mechanism::TargetGroup(group) = self.delivery(tier).mechanism.clone() {
            for &pod in &list {
                self.tiers[usize::from(tier)].targets.add_healthy(pod);
                let at = SimTime::START + self.first_check_after(pod, &group.health);
                self.queue.push(at, Event::HealthCheck(pod));
            }
        }
        for replica in self.living_replicas(tier) {
            let known = self.pods_of_node(replica, &list);
            self.replica(replica).known = known.clone();
            self.publish(replica, known);
        }
        self.begin_node_checks(tier);
        if self.is_ingress(deployment) {
            list.into_iter().for_each(|pod| self.begin_front_process(pod));
        }
    }

    // === Metrics ===

    fn begin_autoscaler(&mut self, id: DeploymentId, pods: std::ops::Range<PodId>) {
        let Some(hpa) = self.world.spec.deployments[usize::from(id)].hpa.clone() else { return };
        let phase = |stream: Stream, key: u64, period: Nanos| {
            Nanos::from_secs_f64(period.as_secs_f64() * self.world.keyed(stream).fraction(u64::MAX, key))
        };
        let scrape = phase(Stream::Metrics, 0, hpa.metrics.resolution);
        let sync = phase(Stream::HpaSync, 0, hpa.controller.sync_period);
        let scraped = phase(Stream::Metrics, 1, hpa.metrics.adapter.scrape);
        let relist = phase(Stream::Metrics, 2, hpa.metrics.adapter.relist);
        let activation = hpa.metrics.queue.as_ref().and_then(|queue| queue.activation);
        let poll = activation.map(|activation| phase(Stream::Metrics, 3, activation.polling_interval));
        let each = self.expected_load(pods.len());
        for pod in pods {
            let offset = self.housekeeping_phase(pod, hpa.metrics.housekeeping);
            self.queue.push(SimTime::START + offset, Event::Housekeeping(pod));
            let reading = |signal: Signal, back: u64| {
                let before = hpa.metrics.housekeeping.0 * back - offset.0;
                let memory = match signal {
                    Signal::Memory(MemoryUse { idle, per_request }) => {
                        idle as f64 + per_request as f64 * each.in_flight
                    }
                    _ => 0.0,
                };
                let cpu_ns = -((before as f64 * each.cores) as i128);
                Reading { at: SimTime::START - Nanos(before), cpu_ns, memory: memory as i64 }
            };
            for (index, metric) in hpa.spec.metrics.iter().enumerate() {
                let signal = hpa.metrics.signal(index, metric);
                self.world.pods[pod as usize].meters[index] =
                    Meter::warm(reading(signal, 2), reading(signal, 1));
            }
            self.begin_scrapes(pod, &hpa, scraped, each);
        }
        self.queue.push(SimTime::START + scrape, Event::Scrape(id));
        self.queue.push(SimTime::START + sync, Event::HpaSync(id));
        let custom = |signal: Signal| {
            let counted = matches!(signal, Signal::RequestRate | Signal::InFlight | Signal::Waiting);
            counted || matches!(signal, Signal::Latency { .. })
        };
        if self.measures(id, custom) {
            self.queue.push(SimTime::START + scraped, Event::AdapterScrape(id));
            self.queue.push(SimTime::START + relist, Event::AdapterRelist(id));
        }
        if let Some(queue) = &hpa.metrics.queue {
            if let Some(autoscaler) = &mut self.world.deployments[usize::from(id)].hpa {
                // What was exported before is what is there now: nothing has changed for long.
                autoscaler.export(SimTime::START - queue.lag, queue.lag);
            }
            self.queue.push(SimTime::START, Event::QueueStep(id));
            if let Some(poll) = poll {
                self.queue.push(SimTime::START + poll, Event::ActivationPoll(id));
            }
        }
        self.serve_samples(id);
    }

    /// What Prometheus scraped of a pod before the run's beginning: a steady rate, over the whole
    /// window. The next scrape is `offset` after the beginning.
    fn begin_scrapes(&mut self, pod: PodId, hpa: &HpaPlan, offset: Nanos, each: ExpectedLoad) {
        let adapter = hpa.metrics.adapter;
        let count = adapter.rate_window.0 / adapter.scrape.0.max(1) + 1;
        for back in (1..=count).rev() {
            let before = Nanos(adapter.scrape.0 * back).saturating_sub(offset);
            let scraped = Scraped {
                at: SimTime::START - before,
                served: -((before.as_secs_f64() * each.per_second).round() as i64),
                in_flight: each.in_flight.round() as u32,
                waiting: 0,
            };
            self.world.pods[pod as usize].scrapes.push(scraped, adapter.rate_window);
        }
    }

    /// The phase of the kubelet's readings of a pod.
    pub(crate) fn housekeeping_phase(&self, pod: PodId, every: Nanos) -> Nanos {
        let fraction = self.world.keyed(Stream::Metrics).fraction(u64::from(pod), 1);
        Nanos::from_secs_f64(every.as_secs_f64() * fraction)
    }

    /// What the load at the beginning means for each pod.
    fn expected_load(&self, pods: usize) -> ExpectedLoad {
        let spec = &self.world.spec;
        let template = &spec.deployments[0].templates[0];
        let server = template.containers.iter().find_map(|c| match &c.role {
            Role::Serves(server) => Some(server),
            _ => None,
        });
        let Some(server) = server else { return ExpectedLoad::default() };
        let service = server.service.mean().as_secs_f64();
        let overhead = spec.overhead().as_secs_f64();
        let per_second = match &spec.load {
            Load::Open(OpenLoad { source: OpenSource::Rate { profile, .. } }) => profile.rate(Nanos::ZERO),
            Load::Open(OpenLoad { source: OpenSource::List(list) }) => {
                let minute = Nanos::from_secs(60).min(spec.load.duration());
                let early = list.partition_point(|at| *at < minute);
                early as f64 / minute.as_secs_f64().max(1e-9)
            }
            Load::Closed(closed) => {
                let think = match &closed.think {
                    Dist::Fixed(think) => think.as_secs_f64(),
                    think => think.mean().as_secs_f64(),
                };
                f64::from(closed.connections) / (service + overhead + think).max(1e-9)
            }
        };
        let per_second = per_second / (pods.max(1) as f64);
        let in_flight = per_second * service;
        ExpectedLoad { per_second, in_flight, cores: in_flight * server.cpu_share }
    }
}

/// What one pod has to do in equilibrium.
#[derive(Clone, Copy, Debug, Default)]
struct ExpectedLoad {
    /// Requests per second.
    per_second: f64,
    /// Requests under way.
    in_flight: f64,
    /// CPU, cores.
    cores: f64,
}
