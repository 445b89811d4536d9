//! Containers through which an application calls others: without one it answers 500.
//!
//! That it does so at once, to every request, and also to what it was serving, is an assumption: connections
//! to a process that is gone are refused or reset, and few applications can do without their database.

use crate::model::outcome::Cause;
use crate::sim::engine::Engine;
use crate::sim::event::{ContainerIndex, Event};
use crate::sim::path::{App, PodId, RequestPath};
use crate::sim::spec::{Drain, Role};
use crate::sim::world::{Process, StopReason};

impl<P: RequestPath> Engine<P> {
    pub(super) fn is_egress(&self, id: PodId, index: ContainerIndex) -> bool {
        self.plan(id, index).role == Role::Egress
    }

    /// Whether one of these containers does not listen yet, or not any more.
    pub(super) fn lacks_egress(&self, id: PodId) -> bool {
        self.missing_egress(id).is_some()
    }

    /// Why an application fails for want of one of these containers, if it does.
    fn missing_egress(&self, id: PodId) -> Option<Cause> {
        let containers = self.world.pods[id as usize].containers.iter();
        let plans = &self.world.template(id).containers;
        let mut egress = containers.zip(plans).filter(|(_, plan)| plan.role == Role::Egress);
        let (missing, _) = egress.find(|(container, _)| !container.listening)?;
        Some(match missing.stop.map(|stop| stop.reason) {
            Some(StopReason::Restart(cause)) => cause,
            Some(StopReason::PodDeleted) => Cause::EgressDown,
            // It has come up once, and is started again.
            None if missing.instance > 1 => Cause::LivenessRestart,
            None => Cause::AppNotReady,
        })
    }

    /// The application is ready, as far as what it calls lets it.
    pub(super) fn app_is_ready(&mut self, id: PodId) {
        let app = self.missing_egress(id).map_or(App::Up, App::Failing);
        self.path.set_app(id, app);
        // Nobody would tell a proxy before it, which drains, that nothing is left.
        let pod = &self.world.pods[id as usize];
        let entry = pod.containers[usize::from(pod.route.entry)].process;
        let drains = pod.route.inner.is_some() && matches!(entry, Process::Draining | Process::Holding);
        if drains && self.path.run_empty(id, self.now.0) {
            self.drained(id);
        }
    }

    /// Such a container has begun to listen or has ended.
    pub(super) fn egress_changed(&mut self, id: PodId) {
        let missing = self.missing_egress(id);
        let route = self.world.pods[id as usize].route;
        let server = usize::from(route.server());
        if let Some(cause) = missing.filter(|_| self.world.pods[id as usize].containers[server].is_running())
        {
            self.timeline.pod(id).ends_by(|pod| &mut pod.egress_ended, self.now);
            self.path.cancel(id, self.now.0, cause);
            if self.path.run_empty(id, self.now.0) {
                self.drained(id);
            }
        }
        let server = &self.world.pods[id as usize].containers[server];
        let takes_requests = match server.process {
            Process::Running { .. } => server.listening && server.app_ready,
            // Over connections that are kept; behind a proxy nobody reaches it any more.
            Process::Draining => missing.is_some() && server.app_ready && route.inner.is_none(),
            Process::NotStarted | Process::Holding | Process::Exited => false,
        };
        if takes_requests {
            self.app_is_ready(id);
        }
    }

    /// It takes no new connection, and ends with the application, which keeps those that it has.
    pub(super) fn drain_egress(&mut self, id: PodId, index: ContainerIndex, instance: u32, drain: Drain) {
        self.world.pods[id as usize].containers[usize::from(index)].process = Process::Draining;
        if let Some(limit) = drain.limit {
            self.queue.push(self.now + limit, Event::DrainLimit(id, index, instance));
        }
        self.end_idle_egress(id);
    }

    /// Without the application nobody has a connection to those that drain.
    pub(super) fn end_idle_egress(&mut self, id: PodId) {
        let pod = &self.world.pods[id as usize];
        if pod.containers[usize::from(pod.route.server())].is_running() {
            return;
        }
        for index in (0..).take(pod.containers.len()) {
            let container = &self.world.pods[id as usize].containers[usize::from(index)];
            if container.process == Process::Draining && self.is_egress(id, index) {
                self.process_ends(id, index, Cause::ExitedInFlight);
            }
        }
    }
}
