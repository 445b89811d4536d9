//! What happens during the run: from words to plans, and what contradicts it.

use super::code;
use super::fields::Objects;
use crate::config::described::{Described, EventAction, EventLine};
use crate::config::manifest::Selection;
use crate::diag::Diagnostic;
use crate::model::deployment::Strategy;
use crate::model::eviction::DisruptionBudget;
use crate::sim::spec::{Mechanism, PlannedAction, PlannedEvent, SimSpec};

pub(super) fn planned(event: &EventLine) -> PlannedEvent {
    PlannedEvent {
        at: event.at,
        deployment: usize::from(event.action.is_of_ingress()),
        action: match event.action.of_pods().clone() {
            EventAction::Rollout => PlannedAction::Rollout { template: 1 },
            EventAction::BlueGreen(scale_down_delay) => {
                PlannedAction::BlueGreen { template: 1, scale_down_delay }
            }
            EventAction::Canary(steps) => PlannedAction::Canary { template: 1, steps, router: None },
            EventAction::RoutedCanary { steps, scale_down_delay } => {
                PlannedAction::Canary { template: 1, steps, router: Some(scale_down_delay) }
            }
            EventAction::DeletionCost { cost, pods } => PlannedAction::DeletionCost { cost, pods },
            EventAction::Rollback => PlannedAction::Rollout { template: 0 },
            EventAction::Scale(replicas) => PlannedAction::Scale { replicas },
            EventAction::KillPod(count) => PlannedAction::KillPods { count },
            EventAction::CrashPod(count) => PlannedAction::CrashPods { count, out_of_memory: false },
            EventAction::OomKill(count) => PlannedAction::CrashPods { count, out_of_memory: true },
            EventAction::Drain(nodes) => PlannedAction::Drain { nodes },
            EventAction::LoseNode(count) => PlannedAction::LoseNodes { count },
            EventAction::LoseZone => PlannedAction::LoseZone,
            EventAction::Slow { times_milli, lasts } => {
                PlannedAction::SlowDependency { factor: f64::from(times_milli) / 1e3, lasts }
            }
            EventAction::DependencyDown(lasts) => PlannedAction::DependencyDown { lasts },
            EventAction::StaleFrontEnd { processes, lasts } => {
                PlannedAction::StaleFrontEnd { processes, lasts }
            }
            EventAction::OfIngress(_) => unreachable!("the words name an ingress once"),
        },
    }
}

/// The budget that evictions ask, with its name.
pub(super) fn disruption_budget(selection: &Selection<'_>) -> Option<(DisruptionBudget, String)> {
    let [only] = selection.disruption_budgets.as_slice() else { return None };
    let budget = DisruptionBudget { limit: only.limit?, always_allow_unhealthy: only.always_allow_unhealthy };
    Some((budget, only.meta.title()))
}

/// Whether some event is of this kind.
pub(super) fn any(described: &Described<'_>, is: impl Fn(&EventAction) -> bool) -> bool {
    described.events.iter().any(|event| is(&event.action))
}

/// Whether Argo Rollouts rolls the pods, and not a Deployment.
fn progressive(described: &Described<'_>) -> bool {
    any(described, |action| matches!(action, EventAction::BlueGreen(_)) || is_canary(action))
}

fn is_canary(action: &EventAction) -> bool {
    matches!(action, EventAction::Canary(_) | EventAction::RoutedCanary { .. })
}

/// Whether the front end is a traffic router of some canary.
pub(super) fn routed(described: &Described<'_>) -> bool {
    any(described, |action| matches!(action, EventAction::RoutedCanary { .. }))
}

/// Events that cannot be, that no request can meet, or that do nothing.
pub(super) fn problems(
    described: &Described<'_>,
    selection: &Selection<'_>,
    objects: &Objects,
    spec: &SimSpec,
) -> Vec<Diagnostic> {
    let taken = described.events.iter().map(|event| nodes_taken(&event.action, spec)).sum();
    let judged = described.events.iter().filter_map(|event| {
        let problem = problem(event, taken, described, selection, objects, spec)?;
        Some(match &event.place {
            Some(place) => problem.at(place.clone()),
            None => problem,
        })
    });
    judged.collect()
}

/// How many nodes an event takes out of use for the rest of the run: drained ones stay cordoned.
fn nodes_taken(action: &EventAction, spec: &SimSpec) -> u32 {
    match action.of_pods() {
        EventAction::Drain(count) | EventAction::LoseNode(count) => *count,
        EventAction::LoseZone => spec.control.nodes.div_ceil(spec.control.zones.max(1)),
        _ => 0,
    }
}

fn problem(
    event: &EventLine,
    taken: u32,
    described: &Described<'_>,
    selection: &Selection<'_>,
    objects: &Objects,
    spec: &SimSpec,
) -> Option<Diagnostic> {
    let EventLine { at, action, .. } = event;
    let warning = |message: String| Some(Diagnostic::warning(code::EVENT, message));
    let end = described.load.duration();
    let nodes = spec.control.nodes;
    if *at >= end {
        return warning(format!("an event at {at} comes after the last request ({end})"));
    }
    if action.is_of_ingress() && spec.ingress().is_none() {
        let message = format!("`{action}` at {at}: the front end's processes are not simulated as pods");
        let help = "say which tier stands before them: --set outer=kube-proxy, aws-nlb, aws-alb-ip, ...";
        return Some(Diagnostic::error(code::EVENT, message).help(help));
    }
    let plan = &spec.deployments[usize::from(action.is_of_ingress())];
    match action.of_pods() {
        EventAction::Rollout | EventAction::Rollback if progressive(described) => {
            let message = format!(
                "the rollout at {at} is a Deployment's, and the run has blue-green or canary events, which are an Argo Rollout's: nothing is both"
            );
            let help = "write all rollouts of a run as one of rollout, blue-green, canary and routed-canary; a rollback or abort of an Argo Rollout is not simulated";
            Some(Diagnostic::error(code::EVENT, message).help(help))
        }
        EventAction::BlueGreen(_) if any(described, is_canary) => {
            let message =
                format!("the blue/green rollout at {at} and canaries in one run: a Rollout has one strategy");
            Some(Diagnostic::error(code::EVENT, message).help("leave one of the two"))
        }
        EventAction::BlueGreen(_) if spec.deployments[0].templates.iter().any(|t| t.readiness_gate) => {
            let message = format!(
                "the blue/green rollout at {at} would never switch: the new pods wait for a target group that has no pods of theirs before the switch"
            );
            let help =
                "leave the readiness gate out: the controller injects none into pods that no Service selects";
            Some(Diagnostic::error(code::EVENT, message).help(help))
        }
        EventAction::Canary(_) if routed(described) => {
            let message = format!(
                "the canary at {at} goes by the number of pods and another one by a traffic router: a Rollout has one strategy"
            );
            Some(Diagnostic::error(code::EVENT, message).help("write all of them as routed-canary"))
        }
        EventAction::RoutedCanary { .. } if spec.service_tier().may_route().is_err() => {
            let (reason, help) = spec.service_tier().may_route().err()?;
            let name = &spec.service_tier().name;
            let message = format!("{name} shares no requests out for the canary at {at}: {reason}");
            Some(Diagnostic::error(code::EVENT, message).help(help))
        }
        EventAction::Canary(_) if spec.deployments[0].spec.strategy == Strategy::Recreate => {
            let message = format!("the canary at {at} has no room: strategy Recreate knows no surge");
            let help = "say RollingUpdate, whose maxSurge and maxUnavailable bound a canary too";
            Some(Diagnostic::error(code::EVENT, message).help(help))
        }
        EventAction::DeletionCost { .. } if spec.kubernetes_minor < 22 => {
            let message =
                format!("the deletion cost at {at} does nothing: Kubernetes reads the annotation since 1.22");
            Some(Diagnostic::error(code::EVENT, message).help("say a later version: --kubernetes 1.22"))
        }
        EventAction::Rollout
        | EventAction::Rollback
        | EventAction::BlueGreen(_)
        | EventAction::Canary(_)
        | EventAction::RoutedCanary { .. }
            if plan.spec.paused =>
        {
            warning(format!("the rollout at {at} does nothing: the Deployment is paused"))
        }
        // A drain waits until its pods run elsewhere. That all nodes die is a case like another.
        EventAction::Drain(_) if taken >= nodes => {
            let message = format!(
                "the events take {taken} of {nodes} nodes, which leaves none for the pods of the drain at {at}"
            );
            let help = "take fewer, or say how many nodes there are: --set nodes=N";
            Some(Diagnostic::error(code::EVENT, message).help(help))
        }
        EventAction::Drain(_) if selection.disruption_budgets.len() > 1 && !action.is_of_ingress() => {
            let titles: Vec<String> = selection.disruption_budgets.iter().map(|b| b.meta.title()).collect();
            let message = format!(
                "{} all select the pods, so that the API server refuses every eviction",
                titles.join(", ")
            );
            Some(Diagnostic::error(code::EVENT, message).help("leave one of them"))
        }
        EventAction::StaleFrontEnd { processes, .. } => {
            let tier = spec.service_tier();
            let of_cloud = matches!(tier.delivery.mechanism, Mechanism::TargetGroup(_));
            let (message, help) = match tier.pods {
                None if of_cloud => (
                    format!(
                        "the nodes of {} have one target group: none of them can be stale at {at}",
                        tier.name
                    ),
                    "choose a front end whose processes have lists of their own, such as ingress-nginx",
                ),
                None if *processes > tier.replicas => (
                    format!("{} has {} processes, fewer than become stale at {at}", tier.name, tier.replicas),
                    "take fewer, or set front_end.replicas",
                ),
                _ => return None,
            };
            Some(Diagnostic::error(code::EVENT, message).help(help))
        }
        EventAction::DependencyDown(_) => {
            let probes = |c: &crate::sim::spec::ContainerPlan| {
                [c.startup, c.readiness, c.liveness].into_iter().flatten().any(|probe| probe.asks_dependency)
            };
            let templates = &spec.deployments[0].templates;
            let asked = templates.iter().any(|template| template.containers.iter().any(probes));
            let container = objects.pod_spec.serving_containers().next().map_or("app", |c| &c.name);
            if asked {
                return None;
            }
            let message = format!("the outage at {at} does nothing: no probe asks the dependency");
            let help = format!("say which do: --set containers.{container}.dependency_probes=readiness");
            Some(Diagnostic::warning(code::EVENT, message).help(help))
        }
        _ => None,
    }
}
