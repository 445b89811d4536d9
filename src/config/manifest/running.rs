//! Running pods of a Deployment, and what they know that its template does not.

use super::code;
use super::container::Resources;
use super::variables::configure_istio;
use super::{Container, Deployment, Manifests, Pod, PodSpec, Probe};
use crate::diag::Diagnostic;

/// The running pods of a Deployment.
pub(super) fn pods_of<'m>(manifests: &'m Manifests, deployment: &Deployment) -> Vec<&'m Pod> {
    manifests.pods.iter().filter(|pod| belongs_to(manifests, pod, deployment)).collect()
}

/// Whether a pod is one of a Deployment's: by its ReplicaSet where that is known, by the
/// ReplicaSet's name and the selector where it is not, by the selector alone for a pod without
/// owner (as tools that clean up dumps leave it).
fn belongs_to(manifests: &Manifests, pod: &Pod, deployment: &Deployment) -> bool {
    if pod.meta.namespace != deployment.meta.namespace || !deployment.selector.matches(&pod.meta.labels) {
        return false;
    }
    let Some(owner) = pod.meta.owners.iter().find(|owner| owner.kind == "ReplicaSet") else {
        return pod.meta.owners.is_empty();
    };
    let known = manifests
        .replica_sets
        .iter()
        .find(|set| set.meta.namespace == pod.meta.namespace && set.meta.name == owner.name);
    match known.filter(|set| !set.meta.owners.is_empty()) {
        Some(set) => set
            .meta
            .owners
            .iter()
            .any(|owner| owner.kind == deployment.meta.kind && owner.name == deployment.meta.name),
        None => owner.name.rsplit_once('-').is_some_and(|(name, _)| name == deployment.meta.name),
    }
}

/// A pod template and what running pods say to it.
pub(super) struct Completed {
    pub(super) spec: PodSpec,
    /// What only the pods have, in words.
    pub(super) injected: Vec<String>,
    /// Where the template and the pods both say something, but not the same.
    pub(super) differing: Vec<String>,
}

/// The template, completed by what the newest running pods have beyond it.
///
/// Where both say something the template counts: it is what the next rollout makes, and it may
/// have been edited since the pods were made. What only pods have was put there by the cluster
/// (mesh sidecars, readiness gates, requests from a LimitRange) and will be in new pods too.
pub(super) fn completed_spec(manifests: &Manifests, deployment: &Deployment, pods: &[&Pod]) -> Completed {
    let mut done = completed_by_pods(manifests, deployment, pods);
    configure_istio(deployment, &mut done.spec);
    done
}

fn completed_by_pods(manifests: &Manifests, deployment: &Deployment, pods: &[&Pod]) -> Completed {
    let spec = deployment.pod_spec.clone();
    let mut done = Completed { spec, injected: Vec::new(), differing: Vec::new() };
    let Some(pod) = model_pod(manifests, deployment, pods) else { return done };
    for (mine, theirs, sort) in [
        (&mut done.spec.containers, &pod.spec.containers, "container"),
        (&mut done.spec.init_containers, &pod.spec.init_containers, "init container"),
    ] {
        for (index, other) in theirs.iter().enumerate() {
            match mine.iter_mut().find(|container| container.name == other.name) {
                Some(container) => complete(container, other, &mut done.injected, &mut done.differing),
                None => {
                    done.injected.push(format!("{sort} {}", other.name));
                    // The order of init containers is the order in which they start.
                    mine.insert(index.min(mine.len()), other.clone());
                }
            }
        }
    }
    for gate in &pod.spec.readiness_gates {
        if !done.spec.readiness_gates.contains(gate) {
            done.injected.push(format!("readiness gate {gate}"));
            done.spec.readiness_gates.push(gate.clone());
        }
    }
    done
}

/// A word about running pods that contradict their template.
pub(super) fn pods_differ(deployment: &Deployment, differing: &[String]) -> Option<Diagnostic> {
    let message =
        format!("{}: its pods differ from its template: {}", deployment.meta.title(), differing.join(", "));
    let diagnostic = Diagnostic::warning(code::PODS_DIFFER, message)
        .at(deployment.meta.place())
        .label("the template counts")
        .help("either the pods are of an older revision, or something changes them as they are made (VPA, a webhook)");
    (!differing.is_empty()).then_some(diagnostic)
}

/// Where the controllers of Deployments and of Rollouts number their ReplicaSets.
const REVISIONS: [&str; 2] = ["deployment.kubernetes.io/revision", "rollout.argoproj.io/revision"];

/// A running pod of the newest revision: that of the ReplicaSet with the highest revision number
/// if ReplicaSets are known, else the last pod that is not going away.
fn model_pod<'m>(manifests: &'m Manifests, deployment: &Deployment, pods: &[&'m Pod]) -> Option<&'m Pod> {
    let revision = |pod: &Pod| -> u64 {
        let owner = pod.meta.owners.iter().find(|owner| owner.kind == "ReplicaSet");
        let set = manifests.replica_sets.iter().find(|set| {
            set.meta.namespace == deployment.meta.namespace
                && owner.is_some_and(|owner| owner.name == set.meta.name)
        });
        let number = set.and_then(|set| REVISIONS.iter().find_map(|name| set.meta.annotations.get(*name)));
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    };
    pods.iter().copied().filter(|pod| !pod.meta.deleting).max_by_key(|pod| revision(pod))
}

/// Fills in what only the pod's container has, and notes where both differ.
fn complete(
    container: &mut Container,
    pod: &Container,
    injected: &mut Vec<String>,
    differing: &mut Vec<String>,
) {
    let name = container.name.clone();
    let Resources { cpu_request_milli, cpu_limit_milli, memory_request_milli, memory_limit_milli } =
        pod.resources;
    let mine = &mut container.resources;
    for (field, mine, theirs) in [
        ("cpu request", &mut mine.cpu_request_milli, cpu_request_milli),
        ("cpu limit", &mut mine.cpu_limit_milli, cpu_limit_milli),
        ("memory request", &mut mine.memory_request_milli, memory_request_milli),
        ("memory limit", &mut mine.memory_limit_milli, memory_limit_milli),
    ] {
        match (*mine, theirs) {
            (None, Some(_)) => {
                injected.push(format!("{field} of container {name}"));
                *mine = theirs;
            }
            (Some(have), Some(theirs)) if have != theirs => {
                differing.push(format!("{field} of container {name}"))
            }
            _ => {}
        }
    }
    let other = [
        ("image", container.image != pod.image),
        ("probes", !same_probes(container, pod)),
        ("lifecycle", container.lifecycle != pod.lifecycle),
    ];
    differing.extend(
        other.iter().filter(|(_, differs)| *differs).map(|(field, _)| format!("{field} of container {name}")),
    );
}

/// Whether the probes ask the same, wherever in their objects they stand.
fn same_probes(a: &Container, b: &Container) -> bool {
    let plain = |container: &Container| -> Vec<_> {
        container
            .probes()
            .map(|(name, probe)| (name, Probe { path: String::new(), ..probe.clone() }))
            .collect()
    };
    plain(a) == plain(b)
}
