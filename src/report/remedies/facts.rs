//! What remedies look at, read once from a case.

use crate::config::case::Case;
use crate::config::lower::is_mesh_proxy;
use crate::model::deployment::{Strategy, resolve_fenceposts};
use crate::model::probe::ProbeFailure;
use crate::sim::spec::{
    ContainerPlan, DeploymentPlan, FrontSpec, OnStop, PlannedAction, PlannedEvent, PodTemplate, Role,
    ServerSpec,
};
use crate::units::Nanos;

pub(super) struct Facts<'a> {
    pub(super) front: &'a str,
    pub(super) kubernetes_minor: u32,
    /// Smallest, central and largest seconds from a deletion to the last new request.
    pub(super) removal_s: (f64, f64, f64),
    /// The longest that may be simulated, where that is more.
    pub(super) longest_removal_s: f64,
    /// Server keep-alive and front-end idle timeout, seconds.
    pub(super) keepalive_s: Option<(f64, f64)>,
    pub(super) client_timeout: Option<Nanos>,
    pub(super) patience: Nanos,
    pub(super) replicas: u32,
    pub(super) surge: u32,
    pub(super) unavailable: u32,
    pub(super) recreates: bool,
    /// Some process of the front end hears of no changes.
    pub(super) is_stale: bool,
    /// How long old pods stay after their Service was switched to others, if rollouts do that.
    pub(super) scale_down_delay: Option<Nanos>,
    /// The spec of the pods that stop.
    pub(super) old: Option<Stopping<'a>>,
    /// The new spec's hook is longer than the old one's: the next rollout is another story.
    pub(super) new_hook: Option<Nanos>,
    /// What readiness probes failed by that left the front end without any pod, if they did.
    pub(super) emptied_by: Option<ProbeFailure>,
    /// `publishNotReadyAddresses` of the Service.
    pub(super) publishes_all: bool,
    /// Mean service time of a request.
    pub(super) service: Nanos,
    /// Connections that stay with their pod whatever the front end's list says.
    pub(super) stays: Option<Stays>,
}

/// Whose connections bring requests to a pod until one of their two sides closes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stays {
    /// Those of clients, up to the age that the server allows them.
    Clients(Option<Nanos>),
    /// Those of the front end's pool, which lead to nodes.
    Pool,
}

impl Stays {
    fn at(tier: &FrontSpec, server: &ServerSpec, case: &Case) -> Option<Stays> {
        // A server that closes after every answer keeps nobody.
        server.keepalive_idle?;
        let (load, client) = (&case.spec.load, &case.spec.client);
        // Before processes that are pods there is another tier, and clients' connections end at that.
        let of_clients = tier.pins_connections && tier.pods.is_none() && client.keeps_connections(load);
        match tier.keepalive {
            _ if of_clients => Some(Stays::Clients(server.max_connection_age)),
            Some(keepalive) if keepalive.any_connection => Some(Stays::Pool),
            _ => None,
        }
    }
}

/// How pods of one template stop.
pub(super) struct Stopping<'a> {
    pub(super) entry: &'a ContainerPlan,
    /// Index of the container that requests enter by.
    pub(super) entry_index: usize,
    /// Containers that stop in parallel with it: all but native sidecars.
    pub(super) beside: usize,
    /// Names of those through which the application calls others and that stop together with it.
    pub(super) egress: Vec<&'a str>,
    pub(super) grace: Nanos,
}

impl Stopping<'_> {
    /// How long the entry container's hook runs at most.
    pub(super) fn hook(&self) -> Option<Nanos> {
        self.entry.pre_stop.as_ref().map(|hook| hook.duration.upper_end())
    }

    /// A mesh's proxy that stops together with the application.
    pub(super) fn mesh_proxy(&self) -> Option<&str> {
        let name = self.entry.name.as_str();
        let forwards = matches!(self.entry.role, Role::Forwards { .. });
        (forwards && is_mesh_proxy(name) && !self.entry.is_sidecar).then_some(name)
    }

    pub(super) fn behaviour(&self) -> &OnStop {
        &self.entry.on_stop
    }
}

impl<'a> Facts<'a> {
    pub(super) fn of(case: &'a Case) -> Facts<'a> {
        let (deployment, tier) = (case.spec.deployments.first(), case.spec.tiers.last());
        let facts = Facts::between(tier, deployment, case);
        let goes_stale = |event: &PlannedEvent| matches!(event.action, PlannedAction::StaleFrontEnd { .. });
        Facts {
            removal_s: case.margins.removal_s,
            longest_removal_s: case.margins.longest_removal_s,
            keepalive_s: case.margins.keepalive_s,
            is_stale: case.spec.events.iter().any(goes_stale),
            scale_down_delay: case
                .spec
                .events
                .iter()
                .filter_map(|event| event.action.scale_down_delay())
                .min(),
            ..facts
        }
    }

    /// The same of the pods that the front end's processes are, if they are pods.
    pub(super) fn of_ingress(case: &'a Case) -> Option<Facts<'a>> {
        let deployment = case.spec.deployments.get(case.spec.ingress()?)?;
        let facts = Facts::between(case.spec.tiers.first(), Some(deployment), case);
        let longest_removal_s = case.margins.longest_outer_removal_s;
        Some(Facts { removal_s: case.margins.outer_removal_s, longest_removal_s, ..facts })
    }

    /// What is known of the pods of a deployment and the tier before them.
    fn between(
        tier: Option<&'a FrontSpec>,
        deployment: Option<&'a DeploymentPlan>,
        case: &'a Case,
    ) -> Facts<'a> {
        let old = deployment.and_then(|d| stopping(d.templates.first()?));
        let new = deployment.and_then(|d| stopping(d.templates.last()?));
        let hook = |of: &Option<Stopping<'_>>| of.as_ref().and_then(Stopping::hook).unwrap_or_default();
        let server = deployment.and_then(|d| server(d.templates.first()?));
        let replicas = deployment.map_or(0, |d| d.spec.replicas);
        let (surge, unavailable) = match deployment.map(|d| d.spec.strategy) {
            Some(Strategy::RollingUpdate { max_surge, max_unavailable }) => {
                let limits = resolve_fenceposts(max_surge, max_unavailable, replicas);
                (limits.surge, limits.unavailable)
            }
            Some(Strategy::Recreate) | None => (0, 0),
        };
        Facts {
            front: tier.map_or("front end", |tier| tier.name.as_str()),
            kubernetes_minor: case.spec.kubernetes_minor,
            removal_s: (0.0, 0.0, 0.0),
            longest_removal_s: 0.0,
            keepalive_s: None,
            client_timeout: case.spec.client.timeout,
            patience: tier.map_or(Nanos::ZERO, FrontSpec::patience),
            replicas,
            surge,
            unavailable,
            recreates: deployment.is_some_and(|d| d.spec.strategy == Strategy::Recreate),
            is_stale: false,
            scale_down_delay: None,
            emptied_by: None,
            publishes_all: deployment.is_some_and(|d| d.publish_not_ready_addresses),
            new_hook: Some(hook(&new)).filter(|new| *new > hook(&old)),
            service: server.map_or(Nanos::ZERO, |server| server.service.mean()),
            stays: tier.zip(server).and_then(|(tier, server)| Stays::at(tier, server, case)),
            old,
        }
    }
}

fn stopping(template: &PodTemplate) -> Option<Stopping<'_>> {
    let entry_index = template.entry()?;
    Some(Stopping {
        entry: &template.containers[entry_index],
        entry_index,
        beside: template.containers.iter().filter(|c| !c.is_sidecar).count().saturating_sub(1),
        egress: template
            .containers
            .iter()
            .filter(|container| container.role == Role::Egress && !container.is_sidecar)
            .map(|container| container.name.as_str())
            .collect(),
        grace: Nanos::from_secs(template.grace_seconds.into()),
    })
}

fn server(template: &PodTemplate) -> Option<&ServerSpec> {
    template.containers.iter().find_map(|container| match &container.role {
        Role::Serves(server) => Some(server),
        Role::Forwards { .. } | Role::Egress | Role::Other => None,
    })
}
