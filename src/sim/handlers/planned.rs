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
        match planned.action {
            PlannedAction::Rollout { template } => self.replace_template(id, template),
            // Nothing is rolled while the workload is paused.
            PlannedAction::BlueGreen { template, .. } | PlannedAction::Canary { template, .. }
                if self.deployment_spec(id).paused =>
            {
                self.replace_template(id, template);
            }
            PlannedAction::BlueGreen { template, scale_down_delay } => {
                self.begin_blue_green(id, scale_down_delay);
                self.replace_template(id, template);
            }
            PlannedAction::Canary { template, steps, router } => {
                self.begin_canary(id, steps, router);
                self.replace_template(id, template);
            }
            PlannedAction::DeletionCost { cost, pods } => {
                for pod in self.pods_by_load(id, number, cost > 0).into_iter().take(pods as usize) {
                    self.world.pods[pod as usize].deletion_cost = cost;
                }
            }
            PlannedAction::Scale { replicas } => {
                self.world.deployments[planned.deployment].replicas = replicas;
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
            PlannedAction::StaleFrontEnd { processes, lasts } => self.leave_stale(id, processes, lasts),
            PlannedAction::DependencyDown { lasts } => {
                self.world.dependency_down_until = self.world.dependency_down_until.max(self.now + lasts);
            }
        }
    }

    /// The workload's pods get another template.
    fn replace_template(&mut self, id: DeploymentId, template: usize) {
        let deployment = &mut self.world.deployments[usize::from(id)];
        deployment.template = template;
        deployment.revision += 1;
        self.timeline.rollout_begins(self.now, id);
        self.set_progress(id, Progress::Moving { since: self.now });
        self.wake_deployment(id);
    }

    /// `count` pods that are ready, chosen by a draw that belongs to the event.
    fn some_pods(&self, deployment: DeploymentId, event: u32, count: u32) -> Vec<PodId> {
        self.ready_pods(deployment, event).into_iter().take(count as usize).collect()
    }

    /// The pods that are ready, in an order drawn for the event.
    fn ready_pods(&self, deployment: DeploymentId, event: u32) -> Vec<PodId> {
        let keyed = self.world.keyed(Stream::Victims);
        let mut candidates: Vec<(u64, PodId)> = (0..)
            .zip(&self.world.pods)
            .filter(|(_, pod)| pod.deployment == deployment && pod.is_active() && pod.api_ready)
            .filter(|(_, pod)| pod.is_there(&self.world.nodes))
            .map(|(id, _)| (keyed.at(u64::from(event), u64::from(id)), id))
            .collect();
        candidates.sort_unstable();
        candidates.into_iter().map(|(_, pod)| pod).collect()
    }

    /// The pods that are ready by the requests that they have, the fewest first or the most.
    fn pods_by_load(&mut self, deployment: DeploymentId, event: u32, most_first: bool) -> Vec<PodId> {
        let mut pods = self.ready_pods(deployment, event);
        pods.sort_by_cached_key(|pod| {
            let requests = i64::from(self.path.under_way(*pod, self.now.0));
            if most_first { -requests } else { requests }
        });
        pods
    }
}
