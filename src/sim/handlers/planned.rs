//! Events that the scenario asks for.

use crate::model::deployment::Progress;
use crate::model::outcome::Cause;
use crate::random::Stream;
use crate::sim::engine::Engine;
use crate::sim::event::DeploymentId;
use crate::sim::path::{PodId, RequestPath};
use crate::sim::spec::PlannedAction;

impl<P: RequestPath> Engine<P> {
    pub(crate) fn planned(&mut self, number: u32) {
        let planned = self.world.spec.events[number as usize].clone();
        let id = DeploymentId::try_from(planned.deployment).expect("checked when the scenario was read");
        let deployment = &mut self.world.deployments[planned.deployment];
        match planned.action {
            PlannedAction::Rollout { template } => {
                deployment.template = template;
                deployment.revision += 1;
                deployment.progress = Progress::Moving { since: self.now };
                self.timeline.rollout_begins(self.now, id);
                self.wake_deployment(id);
            }
            PlannedAction::Scale { replicas } => {
                deployment.replicas = replicas;
                self.timeline.desired(self.now, id, replicas);
                self.wake_deployment(id);
            }
            PlannedAction::KillPods { count } => {
                for pod in self.some_pods(id, number, count) {
                    self.delete_pod(pod, None);
                }
            }
            PlannedAction::CrashPods { count, out_of_memory } => {
                let cause = if out_of_memory { Cause::OomKilled } else { Cause::Crashed };
                for pod in self.some_pods(id, number, count) {
                    self.crash(pod, cause);
                }
            }
            PlannedAction::Drain { nodes } => self.drain_nodes(id, number, nodes),
            PlannedAction::LoseNodes { count } => self.lose_nodes(id, number, count),
            PlannedAction::LoseZone => self.lose_zone(id, number),
            // The request path knows from the beginning.
            PlannedAction::SlowDependency { .. } => {}
            PlannedAction::DependencyDown { lasts } => {
                self.world.dependency_down_until = self.world.dependency_down_until.max(self.now + lasts);
            }
        }
    }

    /// `count` pods that are ready, chosen by a draw that belongs to the event.
    fn some_pods(&self, deployment: DeploymentId, event: u32, count: u32) -> Vec<PodId> {
        let keyed = self.world.keyed(Stream::Victims);
        let mut candidates: Vec<(u64, PodId)> = (0..)
            .zip(&self.world.pods)
            .filter(|(_, pod)| pod.deployment == deployment && pod.is_active() && pod.api_ready)
            .filter(|(_, pod)| pod.is_there(&self.world.nodes))
            .map(|(id, _)| (keyed.at(u64::from(event), u64::from(id)), id))
            .collect();
        candidates.sort_unstable();
        candidates.into_iter().take(count as usize).map(|(_, pod)| pod).collect()
    }
}
