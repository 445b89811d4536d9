//! From a pod's deletion (or a container's failed liveness) to the end of its processes.

use crate::model::outcome::Cause;
use crate::model::pod::PodPhase;
use crate::model::probe::ProbeKind;
use crate::model::termination::{Grace, base_grace, deletion_grace, effective_grace};
use crate::random::Stream;
use crate::sim::engine::Engine;
use crate::sim::event::{ContainerIndex, Event};
use crate::sim::path::{PodId, RequestPath};
use crate::sim::spec::{Drain, Kept, OnStop};
use crate::sim::world::{PostStartHook, Process, Stop, StopReason, StopStage};
use crate::units::SimTime;

impl<P: RequestPath> Engine<P> {
    /// A DELETE reaches the API server: two chains begin, the kubelet's and the endpoints'.
    pub(crate) fn delete_pod(&mut self, id: PodId, requested_grace: Option<i64>) {
        let pod = &self.world.pods[id as usize];
        if pod.gone || pod.deleted.is_some() {
            return;
        }
        let template_grace = self.world.template(id).grace_seconds;
        let grace = deletion_grace(requested_grace, template_grace, pod.bound, pod.phase.is_terminal());
        let pod = &mut self.world.pods[id as usize];
        pod.deleted = Some(self.now);
        let (set, deployment, admitted) = (pod.set, pod.deployment, pod.admitted);
        self.timeline.pod(id).deleted = Some(self.now);
        if grace == 0 {
            self.pod_gone(id);
        }
        // Without grace the object is gone at once, but the node still has its containers to stop.
        if grace > 0 || admitted {
            let dist = &self.world.spec.control.kubelet_stop;
            let delay = self.world.draw_for(Stream::KubeletStop, dist, id, 0);
            self.queue.push(self.now + delay, Event::KillBegins(id));
            self.schedule_removal_override(id);
        }
        self.timeline.count_pods(self.now, &self.world);
        self.wake_set(set);
        self.wake_slice(deployment);
        self.wake_deployment(deployment);
    }

    /// All containers begin to stop at once; readiness probes go on.
    pub(crate) fn kill_begins(&mut self, id: PodId) {
        let written = self.world.template(id).grace_seconds;
        let exact = self.world.spec.control.exact_grace;
        let grace = if exact { written } else { effective_grace(None, written) };
        let pod = &mut self.world.pods[id as usize];
        pod.stopping = true;
        for container in &mut pod.containers {
            for worker in container.probes.iter_mut().filter(|w| w.kind != ProbeKind::Readiness) {
                worker.ended = true;
            }
        }
        let count = u8::try_from(pod.containers.len()).expect("few containers");
        // An application that ends at the same instant has no time to find out what it lacks.
        let (egress, others): (Vec<_>, Vec<_>) = (0..count).partition(|index| self.is_egress(id, *index));
        for index in others.into_iter().chain(egress) {
            self.begin_stop(id, index, base_grace(Some(grace), None, Some(grace)), StopReason::PodDeleted);
        }
        self.check_all_ended(id);
    }

    /// Liveness or startup probes have failed: the container is stopped and started again in
    /// place. The pod stays Ready until its readiness probe or its end says otherwise.
    pub(crate) fn restart_unhealthy(&mut self, id: PodId, index: ContainerIndex, kind: ProbeKind) {
        let spec_grace = self.world.template(id).grace_seconds;
        let plan = self.plan(id, index);
        let failed = if kind == ProbeKind::Startup { plan.startup } else { plan.liveness };
        let grace = base_grace(None, failed.and_then(|p| p.grace_seconds), Some(spec_grace));
        let pod = &self.world.pods[id as usize];
        if pod.deleted.is_none() && pod.containers[usize::from(index)].stop.is_none() {
            self.begin_stop(id, index, grace, StopReason::Restart(Cause::LivenessRestart));
        }
    }

    /// A postStart hook has failed: the kubelet stops the container with the pod's grace, preStop hook
    /// included, and will start it again.
    /// Source: kubernetes pkg/kubelet/kuberuntime/kuberuntime_container.go startContainer,
    /// reasonFailedPostStartHook (v1.31.13).
    pub(crate) fn stop_after_failed_hook(&mut self, id: PodId, index: ContainerIndex) {
        let grace = base_grace(None, None, Some(self.world.template(id).grace_seconds));
        if self.world.pods[id as usize].containers[usize::from(index)].stop.is_none() {
            self.begin_stop(id, index, grace, StopReason::Restart(Cause::LivenessRestart));
        }
    }

    fn begin_stop(&mut self, id: PodId, index: ContainerIndex, grace_seconds: u32, reason: StopReason) {
        let hook = self.plan(id, index).pre_stop.clone();
        let container = &mut self.world.pods[id as usize].containers[usize::from(index)];
        if !container.is_running() {
            return;
        }
        let exact = self.world.spec.control.exact_grace;
        let grace = if exact { Grace::exact(grace_seconds) } else { Grace::new(grace_seconds) };
        let instance = container.instance;
        container.stop = Some(Stop { reason, grace, stage: StopStage::Hook, stage_began: self.now });
        match hook.zip(grace.limit()) {
            Some((hook, limit)) => {
                let key = u64::from(index) | u64::from(instance) << 8 | 1 << 41;
                let takes = self.world.draw_for(Stream::KubeletStop, &hook.duration, id, key);
                if takes.0 > 0 {
                    self.timeline.pod(id).ends_by(|pod| &mut pod.hook_began, self.now);
                }
                self.queue.push(self.now + takes.min(limit), Event::HookOver(id, index, instance));
            }
            None => self.hook_over(id, index, instance),
        }
    }

    /// The stop in progress of this instance, if it is at `stage`.
    fn stop_at(
        &mut self,
        id: PodId,
        index: ContainerIndex,
        instance: u32,
        stage: StopStage,
    ) -> Option<&mut Stop> {
        let container = &mut self.world.pods[id as usize].containers[usize::from(index)];
        let alive = container.instance == instance && container.is_running();
        container.stop.as_mut().filter(|stop| alive && stop.stage == stage)
    }

    pub(crate) fn hook_over(&mut self, id: PodId, index: ContainerIndex, instance: u32) {
        let now = self.now;
        let is_sidecar = self.plan(id, index).is_sidecar;
        let Some(stop) = self.stop_at(id, index, instance, StopStage::Hook) else { return };
        stop.grace = stop.grace.after(now.since(stop.stage_began));
        let waits = is_sidecar && stop.reason == StopReason::PodDeleted;
        stop.stage = StopStage::Turn;
        stop.stage_began = now;
        match stop.grace.limit() {
            Some(limit) if waits => {
                self.queue.push(now + limit, Event::TurnTimeout(id, index, instance));
                self.give_turns(id);
            }
            _ => self.turn_over(id, index, instance),
        }
    }

    pub(crate) fn turn_timeout(&mut self, id: PodId, index: ContainerIndex, instance: u32) {
        self.turn_over(id, index, instance);
    }

    fn turn_over(&mut self, id: PodId, index: ContainerIndex, instance: u32) {
        let now = self.now;
        let Some(stop) = self.stop_at(id, index, instance, StopStage::Turn) else { return };
        stop.grace = stop.grace.after(now.since(stop.stage_began));
        stop.stage = StopStage::Signalled;
        stop.stage_began = now;
        let kill_at = now + stop.grace.from_signal_to_kill();
        self.queue.push(kill_at, Event::Sigkill(id, index, instance));
        self.signal(id, index, instance);
    }

    /// Sidecars go from the last to the first, each when every container after it has ended.
    fn give_turns(&mut self, id: PodId) {
        let pod = &self.world.pods[id as usize];
        let template = self.world.template(id);
        let last_running = pod.containers.iter().rposition(|c| c.is_running());
        let apps_running = pod
            .containers
            .iter()
            .zip(&template.containers)
            .any(|(container, plan)| !plan.is_sidecar && container.is_running());
        let (Some(last), false) = (last_running, apps_running) else { return };
        let instance = pod.containers[last].instance;
        self.turn_over(id, u8::try_from(last).expect("few containers"), instance);
    }

    /// The stop signal reaches the process.
    fn signal(&mut self, id: PodId, index: ContainerIndex, instance: u32) {
        let plan = self.plan(id, index);
        let on_stop = plan.on_stop.clone();
        let is_egress = self.is_egress(id, index);
        let in_route = self.world.pods[id as usize].route.has(index);
        let pod = &self.world.pods[id as usize];
        let stop = pod.containers[usize::from(index)].stop.as_ref();
        // A restart that was under way when the pod was deleted is no step of its own end.
        if index == pod.route.entry && stop.is_some_and(|stop| stop.reason == StopReason::PodDeleted) {
            self.timeline.pod(id).ends_by(|pod| &mut pod.signalled, self.now);
        }
        let listening = self.world.pods[id as usize].containers[usize::from(index)].listening;
        match on_stop {
            OnStop::Ignore => {}
            OnStop::Exit => self.process_ends(id, index, Cause::KilledInFlight),
            // A container that serves nobody, or not yet, has nothing to finish.
            _ if !(in_route || is_egress) || !listening => {
                self.process_ends(id, index, Cause::KilledInFlight);
            }
            OnStop::Drain(drain)
            | OnStop::ServeKept(drain, _)
            | OnStop::Hold(drain)
            | OnStop::Decline(drain)
                if is_egress =>
            {
                self.drain_egress(id, index, instance, drain);
            }
            OnStop::Drain(drain) => self.drain(id, index, instance, drain),
            OnStop::ServeKept(drain, kept) => self.serve_kept(id, index, instance, drain, kept),
            OnStop::Hold(drain) => self.hold(id, index, instance, drain),
            OnStop::Decline(drain) => self.decline(id, index, instance, drain),
            OnStop::Linger { time, .. } => {
                let key = u64::from(index) | u64::from(instance) << 8 | 1 << 42;
                let delay = self.world.draw_for(Stream::KubeletStop, &time, id, key);
                self.queue.push(self.now + delay, Event::LingerOver(id, index, instance));
            }
        }
    }

    pub(crate) fn linger_over(&mut self, id: PodId, index: ContainerIndex, instance: u32) {
        let OnStop::Linger { drain, .. } = self.plan(id, index).on_stop.clone() else { return };
        if self.stop_at(id, index, instance, StopStage::Signalled).is_none() {
            return;
        }
        match self.is_egress(id, index) {
            true => self.drain_egress(id, index, instance, drain),
            false => self.drain(id, index, instance, drain),
        }
    }

    /// The listener closes; what was accepted is finished, then the process ends.
    fn drain(&mut self, id: PodId, index: ContainerIndex, instance: u32, drain: Drain) {
        let refusal = self.refusal_cause(id, index);
        let pod = &mut self.world.pods[id as usize];
        let is_entry = index == pod.route.entry;
        let container = &mut pod.containers[usize::from(index)];
        container.process = Process::Draining;
        container.listening = false;
        let empty = if is_entry {
            self.timeline.pod(id).ends_by(|pod| &mut pod.closed, self.now);
            self.path.close(id, self.now.0, refusal)
        } else {
            self.path.close_inner(id, self.now.0, refusal)
        };
        self.end_when_empty(id, index, instance, drain, empty);
    }

    /// The listener closes, and connections that are kept are served on. What a proxy in the pod keeps to its
    /// application is not followed: there this is a drain.
    fn serve_kept(&mut self, id: PodId, index: ContainerIndex, instance: u32, drain: Drain, kept: Kept) {
        let refusal = self.refusal_cause(id, index);
        let pod = &mut self.world.pods[id as usize];
        if index != pod.route.entry {
            return self.drain(id, index, instance, drain);
        }
        let container = &mut pod.containers[usize::from(index)];
        container.process = Process::Draining;
        container.listening = false;
        self.timeline.pod(id).ends_by(|pod| &mut pod.closed, self.now);
        if let Some(limit) = drain.limit {
            self.queue.push(self.now + limit, Event::DrainLimit(id, index, instance));
        }
        if self.path.close_to_new(id, self.now.0, refusal, kept) {
            self.end_when_unconnected(id, index, instance);
        }
    }

    /// Nothing is under way: the process ends with the last connection.
    fn end_when_unconnected(&mut self, id: PodId, index: ContainerIndex, instance: u32) {
        match self.path.kept_until(id, self.now.0) {
            None => self.process_ends(id, index, Cause::ExitedInFlight),
            Some(at) => self.queue.push(SimTime(at), Event::ConnectionsIdle(id, index, instance)),
        }
    }

    /// Connections that were kept when the pod had last run empty are closed, unless they were used.
    pub(crate) fn connections_idle(&mut self, id: PodId, index: ContainerIndex, instance: u32) {
        if self.stop_at(id, index, instance, StopStage::Signalled).is_some()
            && self.path.run_empty(id, self.now.0)
        {
            self.end_when_unconnected(id, index, instance);
        }
    }

    /// Nobody accepts any more, but the listener stays open: the kernel goes on taking connections.
    fn hold(&mut self, id: PodId, index: ContainerIndex, instance: u32, drain: Drain) {
        let pod = &mut self.world.pods[id as usize];
        let is_entry = index == pod.route.entry;
        let container = &mut pod.containers[usize::from(index)];
        container.process = Process::Holding;
        container.app_ready = false;
        if is_entry {
            self.timeline.pod(id).ends_by(|pod| &mut pod.closed, self.now);
        }
        let empty = self.path.hold(id, self.now.0, !is_entry);
        self.end_when_empty(id, index, instance, drain, empty);
    }

    /// The listener stays open, but only what was accepted before is served.
    fn decline(&mut self, id: PodId, index: ContainerIndex, instance: u32, drain: Drain) {
        let pod = &mut self.world.pods[id as usize];
        let is_entry = index == pod.route.entry;
        let container = &mut pod.containers[usize::from(index)];
        container.process = Process::Draining;
        container.app_ready = false;
        if is_entry {
            self.timeline.pod(id).ends_by(|pod| &mut pod.closed, self.now);
        }
        let empty = self.path.decline(id, self.now.0);
        self.end_when_empty(id, index, instance, drain, empty);
    }

    fn end_when_empty(&mut self, id: PodId, index: ContainerIndex, instance: u32, drain: Drain, empty: bool) {
        if empty {
            return self.process_ends(id, index, Cause::ExitedInFlight);
        }
        if let Some(limit) = drain.limit {
            self.queue.push(self.now + limit, Event::DrainLimit(id, index, instance));
        }
    }

    /// Every request that the pod had accepted has ended: draining processes have nothing left.
    pub(crate) fn drained(&mut self, id: PodId) {
        let route = self.world.pods[id as usize].route;
        let on_way = [route.inner, Some(route.entry)];
        for index in on_way.into_iter().flatten() {
            let container = &self.world.pods[id as usize].containers[usize::from(index)];
            let (process, instance) = (container.process, container.instance);
            let serves_kept = matches!(self.plan(id, index).on_stop, OnStop::ServeKept(..));
            match process {
                Process::Draining if serves_kept && index == route.entry => {
                    self.end_when_unconnected(id, index, instance);
                }
                Process::Draining | Process::Holding => {
                    self.process_ends(id, index, Cause::ExitedInFlight);
                }
                _ => {}
            }
        }
    }

    pub(crate) fn drain_limit(&mut self, id: PodId, index: ContainerIndex, instance: u32) {
        if self.stop_at(id, index, instance, StopStage::Signalled).is_some() {
            let route = self.world.pods[id as usize].route;
            let serves = index == route.entry || Some(index) == route.inner;
            if serves && self.plan(id, index).on_stop.drain().is_some_and(|drain| drain.answers) {
                let (cause, _) = self.ending_causes(id, index, Cause::ExitedInFlight);
                self.path.cancel(id, self.now.0, cause);
            }
            self.process_ends(id, index, Cause::ExitedInFlight);
        }
    }

    pub(crate) fn sigkill(&mut self, id: PodId, index: ContainerIndex, instance: u32) {
        if self.stop_at(id, index, instance, StopStage::Signalled).is_some() {
            self.timeline.pod(id).ends_by(|pod| &mut pod.killed, self.now);
            self.process_ends(id, index, Cause::KilledInFlight);
        }
    }

    /// Why connections to this container's pod are refused once it no longer listens.
    fn refusal_cause(&self, id: PodId, index: ContainerIndex) -> Cause {
        let stop = self.world.pods[id as usize].containers[usize::from(index)].stop;
        match stop.map(|s| s.reason) {
            Some(StopReason::Restart(cause)) => cause,
            _ => Cause::ListenerClosed,
        }
    }

    /// Why what the process has is lost, where an orderly stop would be for `cause`, and why later
    /// connections are refused.
    fn ending_causes(&self, id: PodId, index: ContainerIndex, cause: Cause) -> (Cause, Cause) {
        let refusal = self.refusal_cause(id, index);
        (if refusal == Cause::ListenerClosed { cause } else { refusal }, refusal)
    }

    /// The process that serves ends unasked; the kubelet will start it again.
    pub(crate) fn crash(&mut self, id: PodId, cause: Cause) {
        let pod = &mut self.world.pods[id as usize];
        let index = pod.route.server();
        let container = &mut pod.containers[usize::from(index)];
        if container.is_running() {
            let (reason, grace) = (StopReason::Restart(cause), Grace::new(0));
            container.stop = Some(Stop { reason, grace, stage: StopStage::Signalled, stage_began: self.now });
            self.process_ends(id, index, cause);
        }
    }

    /// A process is gone; what it was serving is lost with `cause`.
    pub(super) fn process_ends(&mut self, id: PodId, index: ContainerIndex, cause: Cause) {
        let (cause, refusal) = self.ending_causes(id, index, cause);
        let pod = &mut self.world.pods[id as usize];
        let route = pod.route;
        let container = &mut pod.containers[usize::from(index)];
        container.process = Process::Exited;
        container.listening = false;
        container.app_ready = false;
        container.ended = [Some(self.now), container.ended[0]];
        let was_stopped_at_start = container.post_start == PostStartHook::Failed;
        let by_a_probe = container.stop.as_ref().is_some_and(Stop::is_for_health);
        container.post_start = PostStartHook::Over;
        // An attempt that waits for this process will time out or has its connection reset.
        if index == route.entry {
            self.timeline.pod(id).process_ended(self.now);
            self.path.exit(id, self.now.0, false, cause, refusal);
            self.end_front_process(id);
        } else if Some(index) == route.inner {
            self.path.exit(id, self.now.0, true, cause, refusal);
        } else if self.is_egress(id, index) {
            self.egress_changed(id);
        }
        if index == route.server() {
            self.end_idle_egress(id);
        }
        if self.world.pods[id as usize].deleted.is_some() {
            self.give_turns(id);
            self.check_all_ended(id);
        } else {
            self.notice_container_change(id, index);
            if was_stopped_at_start {
                self.go_on_after(id, index);
            } else if by_a_probe {
                self.restart_in_same_sync(id, index);
            }
        }
    }

    fn check_all_ended(&mut self, id: PodId) {
        let pod = &self.world.pods[id as usize];
        if pod.stopping && !pod.containers.iter().any(|c| c.is_running()) {
            let dist = &self.world.spec.control.sandbox_stop;
            let delay = self.world.draw_for(Stream::KubeletStop, dist, id, 1);
            self.queue.push(self.now + delay, Event::SandboxGone(id));
        }
    }

    /// Address and object are gone.
    pub(crate) fn sandbox_gone(&mut self, id: PodId) {
        self.path.vanish(id, self.world.spec.network.after_exit);
        self.world.pods[id as usize].address_gone = true;
        if self.world.pods[id as usize].gone {
            return;
        }
        self.pod_gone(id);
        let deployment = self.world.pods[id as usize].deployment;
        self.wake_slice(deployment);
        self.wake_deployment(deployment);
    }

    fn pod_gone(&mut self, id: PodId) {
        let pod = &mut self.world.pods[id as usize];
        pod.gone = true;
        pod.phase = PodPhase::Failed;
        self.timeline.pod(id).gone = Some(self.now);
        self.timeline.count_pods(self.now, &self.world);
        self.try_unschedulable();
    }
}
