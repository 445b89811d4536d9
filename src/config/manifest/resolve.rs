//! Which workload is meant, and everything that belongs to it.

use std::collections::BTreeSet;

use super::code;
use super::links::{Finding, findings};
use super::running::{Completed, completed_spec, pods_differ, pods_of};
use super::scaling::scales;
use super::{
    Deployment, DestinationRule, Gateway, HorizontalPodAutoscaler, Ingress, Manifests, ObjectName, Pod,
    PodDisruptionBudget, PodSpec, Route, Service,
};
use crate::config::similar::near_miss;
use crate::diag::Diagnostic;

/// One Deployment and what the manifests say around it.
#[derive(Clone, Debug)]
pub struct Selection<'m> {
    /// The Deployment.
    pub deployment: &'m Deployment,
    /// Why this one, such as "the only Deployment that an Ingress leads to".
    pub reason: String,
    /// Its pods' spec: the template, completed by what running pods have beyond it. See
    /// [`Selection::injected`].
    pub pod_spec: PodSpec,
    /// What running pods have and the template lacks: containers, readiness gates, requests and
    /// limits, each in words.
    pub injected: Vec<String>,
    /// Services whose selector matches the pods.
    pub services: Vec<&'m Service>,
    /// Ingresses that lead to one of the Services.
    pub ingresses: Vec<&'m Ingress>,
    /// Routes of other kinds that lead to one of the Services.
    pub routes: Vec<&'m Route>,
    /// Autoscalers whose target is the Deployment.
    pub autoscalers: Vec<&'m HorizontalPodAutoscaler>,
    /// Disruption budgets whose selector matches the pods.
    pub disruption_budgets: Vec<&'m PodDisruptionBudget>,
    /// Running pods of the Deployment, of any revision.
    pub pods: Vec<&'m Pod>,
    /// What does not fit together around this Deployment.
    pub warnings: Vec<Diagnostic>,
    /// Everything that was read: classes, gateways and configurations belong to no workload.
    pub all: &'m Manifests,
}

impl<'m> Selection<'m> {
    /// The controller that a class object names.
    pub(super) fn class(&self, kind: &str, name: &str) -> Option<&'m str> {
        let mut classes = self.all.classes.iter().filter(|class| class.meta.kind == kind);
        let class = classes.find(|class| class.meta.name == name)?;
        Some(class.controller.as_str()).filter(|controller| !controller.is_empty())
    }

    /// The DestinationRules of its Services.
    pub fn destination_rules(&self) -> impl Iterator<Item = &'m DestinationRule> {
        let of_ours =
            |rule: &&DestinationRule| self.services.iter().any(|service| rule.service.is(&service.meta));
        self.all.destination_rules.iter().filter(of_ours)
    }

    /// A Gateway by its name.
    pub(super) fn gateway(&self, name: &ObjectName) -> Option<&'m Gateway> {
        self.all.gateways.iter().find(|gateway| name.is(&gateway.meta))
    }
}

/// Finds the workload to simulate.
///
/// `wanted` is `web`, `deploy/web`, `Deployment/web`, `shop/web` or `shop/deploy/web` (a namespace
/// first). Without it the choice is narrowed to the Deployments that an Ingress leads to, then to
/// those that a route leads to, those with an autoscaler, then to those behind a Service; each step counts only if it leaves
/// any, and the choice is made once a single one is left.
///
/// # Errors
/// No such Deployment, none at all, or several candidates; the help lists them.
pub fn select_workload<'m>(
    manifests: &'m Manifests,
    wanted: Option<&str>,
) -> Result<Selection<'m>, Diagnostic> {
    select_workload_beside(manifests, wanted, None)
}

/// The same; without `wanted` never the Deployment called `other`, which is something else.
///
/// # Errors
/// As [`select_workload`].
pub fn select_workload_beside<'m>(
    manifests: &'m Manifests,
    wanted: Option<&str>,
    other: Option<&str>,
) -> Result<Selection<'m>, Diagnostic> {
    if manifests.deployments.is_empty() {
        return Err(no_deployment(manifests));
    }
    let (deployment, reason) = match wanted {
        Some(wanted) => (find(manifests, wanted)?, "chosen by name".to_owned()),
        None => narrow(manifests, other.map(|other| find(manifests, other)).transpose()?)?,
    };
    Ok(select(manifests, deployment, reason, &findings(manifests)))
}

/// Every Deployment with what belongs to it.
///
/// # Errors
/// There is no Deployment at all.
pub fn select_each(manifests: &Manifests) -> Result<Vec<Selection<'_>>, Diagnostic> {
    if manifests.deployments.is_empty() {
        return Err(no_deployment(manifests));
    }
    let found = findings(manifests);
    let each = |deployment| select(manifests, deployment, "one of all".to_owned(), &found);
    Ok(manifests.deployments.iter().map(each).collect())
}

fn select<'m>(
    manifests: &'m Manifests,
    deployment: &'m Deployment,
    reason: String,
    found: &[Finding],
) -> Selection<'m> {
    let services = services_of(manifests, deployment);
    let ingresses = ingresses_to(manifests, &services);
    let routes = routes_to(manifests, &services);
    let pods = pods_of(manifests, deployment);
    let Completed { spec: pod_spec, injected, differing } = completed_spec(manifests, deployment, &pods);
    let mut warnings: Vec<Diagnostic> = pods_differ(deployment, &differing).into_iter().collect();
    let id = id(deployment);
    let concerning = found.iter().filter(|finding| finding.concerns(id));
    warnings.extend(concerning.map(|finding| finding.diagnostic.clone()));
    Selection {
        deployment,
        reason,
        pod_spec,
        injected,
        services,
        ingresses,
        routes,
        autoscalers: manifests.autoscalers.iter().filter(|scaler| scales(scaler, deployment)).collect(),
        disruption_budgets: manifests
            .disruption_budgets
            .iter()
            .filter(|budget| budget.meta.namespace == deployment.meta.namespace)
            .filter(|budget| {
                budget.selector.as_ref().is_some_and(|selector| selector.matches(&deployment.template_labels))
            })
            .collect(),
        pods,
        warnings,
        all: manifests,
    }
}

/// Namespace and name.
pub(super) fn id(deployment: &Deployment) -> (&str, &str) {
    (&deployment.meta.namespace, &deployment.meta.name)
}

/// The Services that select the pods of a Deployment; of a Rollout not the one for the new pods alone.
pub(super) fn services_of<'m>(manifests: &'m Manifests, deployment: &Deployment) -> Vec<&'m Service> {
    let here = |service: &&Service| service.meta.namespace == deployment.meta.namespace;
    manifests
        .services
        .iter()
        .filter(here)
        .filter(|service| service.selects(&deployment.template_labels))
        .filter(|service| {
            deployment.progressive.as_ref().and_then(|strategy| strategy.aside()) != Some(&service.meta.name)
        })
        .collect()
}

fn ingresses_to<'m>(manifests: &'m Manifests, services: &[&Service]) -> Vec<&'m Ingress> {
    let leads = |ingress: &&Ingress| {
        services.iter().any(|service| {
            service.meta.namespace == ingress.meta.namespace
                && ingress.backends.iter().any(|backend| backend.service == service.meta.name)
        })
    };
    manifests.ingresses.iter().filter(leads).collect()
}

fn routes_to<'m>(manifests: &'m Manifests, services: &[&Service]) -> Vec<&'m Route> {
    manifests.routes.iter().filter(|route| route.rules_to(services).next().is_some()).collect()
}

/// What tells the workload that users meet from those behind it, in order of weight.
#[derive(Clone, Copy)]
enum Step {
    Ingress,
    Route,
    Autoscaler,
    Service,
}

impl Step {
    fn holds(self, manifests: &Manifests, deployment: &Deployment) -> bool {
        let services = services_of(manifests, deployment);
        match self {
            Step::Ingress => !ingresses_to(manifests, &services).is_empty(),
            Step::Route => !routes_to(manifests, &services).is_empty(),
            Step::Autoscaler => manifests.autoscalers.iter().any(|scaler| scales(scaler, deployment)),
            Step::Service => !services.is_empty(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Step::Ingress => "that an Ingress leads to",
            Step::Route => "that a route leads to",
            Step::Autoscaler => "with a HorizontalPodAutoscaler",
            Step::Service => "behind a Service",
        }
    }
}

fn narrow<'m>(
    manifests: &'m Manifests,
    other: Option<&Deployment>,
) -> Result<(&'m Deployment, String), Diagnostic> {
    let mut left: Vec<&Deployment> = manifests.deployments.iter().collect();
    left.retain(|deployment| other.is_none_or(|other| id(other) != id(deployment)));
    if left.is_empty() {
        return Err(Diagnostic::error(code::NO_WORKLOAD, "the only Deployment is that of the ingress")
            .help("add the file with the Deployment that the ingress sends requests to"));
    }
    if left.len() == 1 {
        return Ok((left[0], "the only Deployment".to_owned()));
    }
    for step in [Step::Ingress, Step::Route, Step::Autoscaler, Step::Service] {
        let fewer: Vec<&Deployment> =
            left.iter().copied().filter(|deployment| step.holds(manifests, deployment)).collect();
        match fewer.as_slice() {
            [] => {}
            [only] => return Ok((only, format!("the only Deployment {}", step.words()))),
            _ => left = fewer,
        }
    }
    let names = listed(&left);
    Err(Diagnostic::error(
        code::AMBIGUOUS_WORKLOAD,
        format!("{} Deployments could be meant: {names}", left.len()),
    )
    .help(format!("choose one with `--workload {}`", left[0].argument())))
}

fn find<'m>(manifests: &'m Manifests, wanted: &str) -> Result<&'m Deployment, Diagnostic> {
    let parts: Vec<&str> = wanted.split('/').collect();
    let (namespace, kind, name) = match parts.as_slice() {
        [name] => (None, None, *name),
        [kind, name] if is_kind(kind) => (None, Some(*kind), *name),
        [namespace, name] => (Some(*namespace), None, *name),
        [namespace, kind, name] => (Some(*namespace), Some(*kind), *name),
        _ => (None, None, ""),
    };
    if let Some(kind) = kind.filter(|kind| !is_deployment(kind) && !is_rollout(kind)) {
        return Err(Diagnostic::error(
            code::NO_WORKLOAD,
            format!("`{wanted}`: podloss simulates Deployments, not {kind}"),
        )
        .help(format!("these are there: {}", listed(&manifests.deployments.iter().collect::<Vec<_>>()))));
    }
    let fits = |deployment: &&Deployment| {
        deployment.meta.name == name
            && kind.is_none_or(|kind| is_rollout(kind) == deployment.progressive.is_some())
            && namespace.is_none_or(|namespace| deployment.meta.namespace == namespace)
    };
    let found: Vec<&Deployment> = manifests.deployments.iter().filter(fits).collect();
    match found.as_slice() {
        [only] => Ok(only),
        [] => {
            let all: Vec<&Deployment> = manifests.deployments.iter().collect();
            let names: Vec<&str> = all.iter().map(|deployment| deployment.meta.name.as_str()).collect();
            let help = match near_miss(name, &names) {
                Some(meant) => format!("did you mean `{meant}`? there are: {}", listed(&all)),
                None => format!("these are there: {}", listed(&all)),
            };
            Err(Diagnostic::error(code::NO_WORKLOAD, format!("no Deployment is called `{wanted}`"))
                .help(help))
        }
        several => Err(Diagnostic::error(
            code::AMBIGUOUS_WORKLOAD,
            format!("`{wanted}` is there more than once: {}", listed(several)),
        )
        .help(format!("give the whole name: `--workload {}`", several[0].full_name()))),
    }
}

/// The short and long names that kubectl takes for workloads.
fn is_kind(word: &str) -> bool {
    let others = [
        "sts",
        "statefulset",
        "statefulsets",
        "ds",
        "daemonset",
        "daemonsets",
        "rs",
        "replicaset",
        "job",
        "pod",
    ];
    is_deployment(word) || is_rollout(word) || others.contains(&word.to_ascii_lowercase().as_str())
}

fn is_deployment(word: &str) -> bool {
    matches!(word.to_ascii_lowercase().as_str(), "deploy" | "deployment" | "deployments" | "deployment.apps")
}

fn is_rollout(word: &str) -> bool {
    matches!(word.to_ascii_lowercase().as_str(), "ro" | "rollout" | "rollouts" | "rollout.argoproj.io")
}

impl Deployment {
    /// Its whole name, as `--workload` takes it: no other has it.
    pub fn full_name(&self) -> String {
        let kind = if self.progressive.is_some() { "rollout" } else { "deploy" };
        format!("{}/{kind}/{}", self.meta.namespace, self.meta.name)
    }

    /// The same for people, who leave the default namespace out.
    fn argument(&self) -> String {
        let name = self.full_name();
        name.strip_prefix("default/").map_or_else(|| name.clone(), str::to_owned)
    }
}

/// The first twenty names.
fn listed(deployments: &[&Deployment]) -> String {
    const SHOWN_MAX: usize = 20;
    let mut names: Vec<String> =
        deployments.iter().take(SHOWN_MAX).map(|deployment| deployment.argument()).collect();
    if deployments.len() > SHOWN_MAX {
        names.push(format!("and {} more", deployments.len() - SHOWN_MAX));
    }
    names.join(", ")
}

fn no_deployment(manifests: &Manifests) -> Diagnostic {
    let others: BTreeSet<&str> = manifests.other_objects.iter().map(|object| object.kind.as_str()).collect();
    let diagnostic = Diagnostic::error(code::NO_WORKLOAD, "there is no Deployment in these files");
    if others.is_empty() {
        return diagnostic.help("add the file with the Deployment");
    }
    let kinds = others.into_iter().collect::<Vec<_>>().join(", ");
    diagnostic.help(format!("podloss simulates Deployments; of other kinds there are: {kinds}"))
}
