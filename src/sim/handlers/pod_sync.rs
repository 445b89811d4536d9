//! What the kubelet learns of a pod, and what it makes of it: readiness, its status, restarts.

use crate::model::pod::{PodPhase, pod_ready};
use crate::model::probe::{ContainerState, ProbeKind, ProbeResult, container_ready, container_started};
use crate::model::restart::{BackoffEntry, BackoffPolicy, Restart, requeue_after, restart};
use crate::random::Stream;
use crate::sim::engine::Engine;
use crate::sim::event::{ContainerIndex, Event};
use crate::sim::path::{PodId, RequestPath};
use crate::sim::world::{PostStartHook, Process};

impl<P: RequestPath> Engine<P> {
    /// A container has begun or ended: the kubelet will notice and sync the pod.
    pub(crate) fn notice_container_change(&mut self, id: PodId, index: ContainerIndex) {
        let instance = u64::from(self.world.pods[id as usize].containers[usize::from(index)].instance);
        let key = instance << 8 | u64::from(index);
        let dist = &self.world.spec.control.container_relist;
        let delay = self.world.draw_for(Stream::KubeletPhase, dist, id, key);
        self.queue.push(self.now + delay, Event::PodSync(id));
    }

    /// One pass of the kubelet over a pod: it learns what its containers do, restarts the dead,
    /// computes readiness and wakes readiness workers of containers that are not ready.
    pub(crate) fn pod_sync(&mut self, id: PodId) {
        if self.world.pods[id as usize].gone {
            return;
        }
        let count = self.world.pods[id as usize].containers.len();
        for index in 0..count {
            self.learn_container(id, index);
        }
        self.update_readiness(id);
        for index in 0..count {
            let container = &self.world.pods[id as usize].containers[index];
            let index = ContainerIndex::try_from(index).expect("few containers");
            if container.started && !container.ready {
                self.trigger_readiness(id, index);
            }
        }
    }

    fn learn_container(&mut self, id: PodId, index: usize) {
        let pod = &mut self.world.pods[id as usize];
        let deleted = pod.deleted.is_some();
        let container = &mut pod.containers[index];
        let before = container.known;
        container.known_instance = container.instance;
        container.known = match container.process {
            Process::NotStarted => ContainerState::Waiting,
            Process::Running { .. } if container.post_start != PostStartHook::Over => ContainerState::Waiting,
            Process::Running { since } => ContainerState::Running { started_at: since },
            Process::Draining | Process::Holding => before,
            Process::Exited => ContainerState::Terminated,
        };
        if pod.phase == PodPhase::Pending
            && pod.containers.iter().any(|c| matches!(c.known, ContainerState::Running { .. }))
        {
            pod.phase = PodPhase::Running;
        }
        let exited = pod.containers[index].known == ContainerState::Terminated;
        if exited && !deleted {
            self.restart_or_wait(id, ContainerIndex::try_from(index).expect("few containers"));
        }
    }

    /// Brings `started`, `ready` and the pod's conditions up to date.
    pub(crate) fn update_readiness(&mut self, id: PodId) {
        let count = self.world.pods[id as usize].containers.len();
        for index in 0..count {
            let newly_started = {
                let container = &mut self.world.pods[id as usize].containers[index];
                let running = matches!(container.known, ContainerState::Running { .. });
                let current = container.id();
                let result = |kind| {
                    let worker = container.probes.iter().find(|w| w.kind == kind)?;
                    Some(current.and_then(|id| worker.state.result_of(id)))
                };
                let startup = result(ProbeKind::Startup);
                let readiness = result(ProbeKind::Readiness);
                let started = container_started(running, startup.is_some(), startup.flatten());
                let ready = container_ready(started, readiness.is_some(), readiness.flatten()).ready;
                let newly = started && !container.started;
                container.started = started;
                container.ready = ready;
                newly
            };
            let index = ContainerIndex::try_from(index).expect("few containers");
            if newly_started && self.plan(id, index).is_sidecar {
                self.start_next(id, index);
            }
        }
        let needs_gate = self.world.template(id).readiness_gate;
        let pod = &mut self.world.pods[id as usize];
        let all: Vec<bool> = pod.containers.iter().map(|c| c.ready).collect();
        pod.containers_ready = all.iter().all(|ready| *ready);
        pod.ready = pod_ready(all, needs_gate.then_some(pod.gate_set));
        if (pod.ready, pod.containers_ready) != (pod.api_ready, pod.api_containers_ready) && !pod.patch_due {
            pod.patch_due = true;
            let transitions = u64::from(pod.endpoint_events);
            let dist = &self.world.spec.control.status_patch;
            let delay = self.world.draw_for(Stream::StatusPatch, dist, id, transitions);
            self.queue.push(self.now + delay, Event::StatusPatched(id));
        }
    }

    pub(crate) fn status_patched(&mut self, id: PodId) {
        let pod = &mut self.world.pods[id as usize];
        pod.patch_due = false;
        pod.endpoint_events += 1;
        if pod.gone {
            return;
        }
        if pod.ready != pod.api_ready {
            pod.ready_transition = self.now;
            pod.ready_since = pod.ready.then_some(self.now);
        }
        pod.api_ready = pod.ready;
        pod.api_containers_ready = pod.containers_ready;
        let (set, deployment, ready) = (pod.set, pod.deployment, pod.api_ready);
        if ready {
            self.timeline.pod(id).ready.get_or_insert(self.now);
            self.recheck_availability(set);
        }
        self.timeline.count_pods(self.now, &self.world);
        self.wake_set(set);
        self.wake_slice(deployment);
    }

    // === Restarts ===

    /// The sync that had an unhealthy container killed starts it again, and knows no more of its ends than
    /// when it began. If it must wait, a later sync will see the last end, too.
    /// Source: kubernetes pkg/kubelet/kuberuntime kuberuntime_manager.go SyncPod, doBackOff (v1.31.13).
    pub(super) fn restart_in_same_sync(&mut self, id: PodId, index: ContainerIndex) {
        let container = &self.world.pods[id as usize].containers[usize::from(index)];
        let before = container.ended[1];
        if let Restart::Now(entry) = restart(&BackoffPolicy::default(), container.backoff, before, self.now) {
            self.start_again(id, index, entry);
        }
    }

    fn start_again(&mut self, id: PodId, index: ContainerIndex, entry: Option<BackoffEntry>) {
        let container = &mut self.world.pods[id as usize].containers[usize::from(index)];
        container.backoff = entry;
        container.restarts += 1;
        container.process = Process::NotStarted;
        self.queue.push(self.now, Event::StartContainer(id, index));
    }

    fn restart_or_wait(&mut self, id: PodId, index: ContainerIndex) {
        let minor = self.world.spec.kubernetes_minor;
        let container = &self.world.pods[id as usize].containers[usize::from(index)];
        match restart(&BackoffPolicy::default(), container.backoff, container.ended[0], self.now) {
            Restart::Now(entry) => self.start_again(id, index, entry),
            Restart::Wait { remaining } => {
                let key = u64::from(index) | u64::from(container.restarts) << 8 | 1 << 50;
                let uniform = self.world.keyed(Stream::KubeletPhase).fraction(u64::from(id), key);
                let wait = requeue_after(minor, remaining, uniform);
                self.queue.push(self.now + wait, Event::RestartDue(id, index));
            }
        }
    }

    pub(crate) fn restart_due(&mut self, id: PodId, index: ContainerIndex) {
        let pod = &self.world.pods[id as usize];
        let container = &pod.containers[usize::from(index)];
        if pod.deleted.is_none() && container.process == Process::Exited {
            self.restart_or_wait(id, index);
        }
    }

    /// What a probe worker's stored result means for the rest of the pod.
    pub(crate) fn probe_result_changed(
        &mut self,
        id: PodId,
        index: ContainerIndex,
        kind: ProbeKind,
        result: ProbeResult,
    ) {
        match (kind, result) {
            (ProbeKind::Readiness, _) => self.update_readiness(id),
            (ProbeKind::Startup, ProbeResult::Success) => self.pod_sync(id),
            (_, ProbeResult::Failure) => self.restart_unhealthy(id, index, kind),
            _ => {}
        }
    }
}
