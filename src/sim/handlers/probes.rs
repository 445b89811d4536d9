//! Probe workers: when they attempt, what they meet, what follows.

use crate::model::probe::{Attempt, ContainerView, ProbeFailure, ProbeKind, ProbeOutcome};
use crate::model::probe_ticker::ProbeTicker;
use crate::random::Stream;
use crate::sim::engine::Engine;
use crate::sim::event::{ContainerIndex, Event, ProbeRef};
use crate::sim::path::{PodId, ProbeFate, RequestPath};
use crate::sim::spec::{ProbePhase, ProbePlan};
use crate::sim::world::{ProbeWorker, Process};
use crate::units::{Nanos, SimTime};

/// What a probe meets at once.
enum Reply {
    Now(Result<(), ProbeFailure>),
    /// Nothing until its timeout.
    Never,
    /// The application will answer when a worker is free.
    Later,
}

impl<P: RequestPath> Engine<P> {
    /// Makes one worker per probe, as the kubelet does when it admits the pod; ticks follow.
    pub(crate) fn make_probe_workers(&mut self, id: PodId, admitted: SimTime) {
        let worker = |(kind, plan): (ProbeKind, Option<ProbePlan>)| {
            let plan = plan?;
            Some(ProbeWorker {
                kind,
                plan,
                state: Default::default(),
                ticker: ProbeTicker::new(admitted, plan.spec.period()),
                schedule: 0,
                attempt: None,
                triggered: false,
                ended: false,
            })
        };
        let containers = &self.world.template(id).containers;
        let workers: Vec<Vec<ProbeWorker>> = containers
            .iter()
            .map(|plan| {
                let probes = [
                    (ProbeKind::Startup, plan.startup),
                    (ProbeKind::Readiness, plan.readiness),
                    (ProbeKind::Liveness, plan.liveness),
                ];
                probes.into_iter().filter_map(worker).collect()
            })
            .collect();
        for (container, workers) in self.world.pods[id as usize].containers.iter_mut().zip(workers) {
            container.probes = workers;
        }
    }

    /// The workers of a pod that is admitted now begin to tick.
    pub(crate) fn start_ticking(&mut self, id: PodId) {
        if self.world.spec.control.probe_phase != ProbePhase::Kubelet {
            return;
        }
        for (index, kind) in self.workers_of(id) {
            self.schedule_tick(id, index, kind, self.now);
        }
    }

    pub(crate) fn workers_of(&self, id: PodId) -> Vec<(ContainerIndex, ProbeKind)> {
        let containers = (0..).zip(&self.world.pods[id as usize].containers);
        containers.flat_map(|(index, c)| c.probes.iter().map(move |w| (index, w.kind))).collect()
    }

    /// Where probes do not follow the kubelet: the schedule begins with the process.
    pub(crate) fn process_started_for_probes(&mut self, id: PodId, index: ContainerIndex) {
        if self.world.spec.control.probe_phase == ProbePhase::Kubelet {
            return;
        }
        let now = self.now;
        let workers = &mut self.world.pods[id as usize].containers[usize::from(index)].probes;
        let mut starts = Vec::new();
        for worker in workers {
            let first = now + Nanos::from_secs(u64::from(worker.plan.spec.initial_delay_seconds));
            worker.ticker = ProbeTicker::new(first, worker.plan.spec.period());
            starts.push((worker.kind, first));
        }
        starts.into_iter().for_each(|(kind, first)| self.schedule_tick(id, index, kind, first));
    }

    /// The next attempt of a worker is at `at`; earlier schedules are void.
    pub(crate) fn schedule_tick(&mut self, id: PodId, index: ContainerIndex, kind: ProbeKind, at: SimTime) {
        let container = &mut self.world.pods[id as usize].containers[usize::from(index)];
        let Some(worker) = container.worker(kind) else { return };
        worker.schedule += 1;
        let probe = ProbeRef { pod: id, container: index, kind, number: worker.schedule };
        self.queue.push(at, Event::ProbeTick(probe));
    }

    /// Wakes a readiness worker: it attempts now and its ticks start anew. One trigger during an
    /// attempt is remembered.
    pub(crate) fn trigger_readiness(&mut self, id: PodId, index: ContainerIndex) {
        if self.world.spec.control.probe_phase != ProbePhase::Kubelet {
            return;
        }
        let now = self.now;
        let container = &mut self.world.pods[id as usize].containers[usize::from(index)];
        let Some(worker) = container.worker(ProbeKind::Readiness) else { return };
        if worker.attempt.is_some() {
            worker.triggered = true;
            return;
        }
        worker.ticker.reset(now);
        self.schedule_tick(id, index, ProbeKind::Readiness, now);
    }

    pub(crate) fn probe_tick(&mut self, probe: ProbeRef) {
        let ProbeRef { pod: id, container: index, kind, number } = probe;
        let now = self.now;
        let pod = &mut self.world.pods[id as usize];
        if pod.gone {
            return;
        }
        let (pod_deleting, pod_ended) = (pod.deleted.is_some(), pod.phase.is_terminal());
        let container = &mut pod.containers[usize::from(index)];
        let view = ContainerView {
            id: container.id(),
            state: container.known,
            started: container.started,
            pod_ended,
            pod_deleting,
            restart_never: false,
        };
        let Some(worker) = container.worker(kind) else { return };
        if worker.ended || worker.schedule != number || worker.attempt.is_some() {
            return;
        }
        let gated = worker.state.gate(kind, &worker.plan.spec, &view, now);
        if let Some(result) = gated.update {
            self.probe_result_changed(id, index, kind, result);
        }
        match gated.attempt {
            Attempt::Probe => self.attempt_probe(id, index, kind),
            Attempt::Wait(_) => self.schedule_next(id, index, kind, now),
            Attempt::End => {
                if let Some(worker) = self.world.pods[id as usize].containers[usize::from(index)].worker(kind)
                {
                    worker.ended = true;
                }
            }
        }
    }

    fn schedule_next(&mut self, id: PodId, index: ContainerIndex, kind: ProbeKind, began: SimTime) {
        let now = self.now;
        let container = &mut self.world.pods[id as usize].containers[usize::from(index)];
        let Some(worker) = container.worker(kind) else { return };
        let next = worker.ticker.next(began, now);
        self.schedule_tick(id, index, kind, next);
    }

    fn attempt_probe(&mut self, id: PodId, index: ContainerIndex, kind: ProbeKind) {
        let now = self.now;
        let pod = &mut self.world.pods[id as usize];
        pod.attempts += 1;
        let number = pod.attempts;
        let Some(worker) = pod.containers[usize::from(index)].worker(kind) else { return };
        worker.attempt = Some((number, now));
        let plan = worker.plan;
        match self.probe_reply(id, index, &plan, number) {
            Reply::Now(answer) => self.probe_over(id, index, kind, answer),
            Reply::Never | Reply::Later => {
                let probe = ProbeRef { pod: id, container: index, kind, number };
                self.queue.push(now + plan.spec.timeout(), Event::ProbeTimeout(probe));
            }
        }
    }

    fn probe_reply(&mut self, id: PodId, index: ContainerIndex, plan: &ProbePlan, number: u32) -> Reply {
        let is_down = || self.now < self.world.dependency_down_until || self.lacks_egress(id);
        if plan.asks_dependency && is_down() {
            return Reply::Now(Err(ProbeFailure::Dependency));
        }
        let pod = &self.world.pods[id as usize];
        let server = pod.route.server();
        let Some(target) = plan.target else {
            let runs = pod.containers[usize::from(index)].is_running();
            return Reply::Now(if runs { Ok(()) } else { Err(ProbeFailure::Down) });
        };
        let container = &pod.containers[target];
        if !container.listening {
            return Reply::Now(Err(ProbeFailure::Down));
        }
        if plan.connects_only {
            return Reply::Now(Ok(()));
        }
        if container.process == Process::Holding {
            return Reply::Never;
        }
        if !container.app_ready {
            return Reply::Now(Err(ProbeFailure::Down));
        }
        // The processes of a front end have no queue that a probe could wait in.
        let queues = plan.needs_worker && !self.is_ingress(pod.deployment);
        if !queues || target != usize::from(server) {
            return Reply::Now(Ok(()));
        }
        match self.path.probe(id, self.now.0, u64::from(number)) {
            ProbeFate::Refused => Reply::Now(Err(ProbeFailure::QueueFull)),
            ProbeFate::Hangs => Reply::Never,
            ProbeFate::Underway => Reply::Later,
        }
    }

    pub(crate) fn probe_timeout(&mut self, probe: ProbeRef) {
        let ProbeRef { pod, container, kind, number } = probe;
        let found = self.world.pods[pod as usize].containers[usize::from(container)].worker(kind);
        if found.is_some_and(|w| w.attempt.is_some_and(|(n, _)| n == number)) {
            self.probe_over(pod, container, kind, Err(ProbeFailure::Timeout));
        }
    }

    /// The application has answered the probe with this number, in time or not.
    pub(crate) fn probe_answered(&mut self, id: PodId, number: u64) {
        let containers = (0..).zip(&self.world.pods[id as usize].containers);
        let waiting = containers
            .flat_map(|(index, container)| container.probes.iter().map(move |worker| (index, worker)))
            .find(|(_, worker)| worker.attempt.is_some_and(|(n, _)| u64::from(n) == number));
        if let Some((index, kind)) = waiting.map(|(index, worker)| (index, worker.kind)) {
            self.probe_over(id, index, kind, Ok(()));
        }
    }

    fn probe_over(
        &mut self,
        id: PodId,
        index: ContainerIndex,
        kind: ProbeKind,
        answer: Result<(), ProbeFailure>,
    ) {
        let now = self.now;
        let outcome = if answer.is_ok() { ProbeOutcome::Success } else { ProbeOutcome::Failure };
        let container = &mut self.world.pods[id as usize].containers[usize::from(index)];
        let Some(worker) = container.worker(kind) else { return };
        let Some((_, began)) = worker.attempt.take() else { return };
        if worker.ended {
            return;
        }
        let triggered = std::mem::take(&mut worker.triggered);
        let changed = worker.state.record(kind, &worker.plan.spec, outcome);
        if triggered {
            worker.ticker.reset(now);
            self.schedule_tick(id, index, kind, now);
        } else {
            self.schedule_next(id, index, kind, began);
        }
        if let Some(result) = changed {
            if let (ProbeKind::Readiness, Err(failure)) = (kind, answer) {
                self.timeline.pod(id).unready.push((now, failure));
            }
            self.probe_result_changed(id, index, kind, result);
        }
    }

    /// The phase of a worker's ticks for a pod that has long been running.
    pub(crate) fn random_phase(
        &self,
        id: PodId,
        index: ContainerIndex,
        kind: ProbeKind,
        period: Nanos,
    ) -> Nanos {
        let key = u64::from(index) << 8 | kind as u64 | 1 << 60;
        let fraction = self.world.keyed(Stream::KubeletPhase).fraction(u64::from(id), key);
        Nanos::from_secs_f64(period.as_secs_f64() * fraction)
    }
}
