//! The spec of a pod, in a template or in a pod of a dump.

use std::collections::BTreeSet;

use super::Variable;
use super::code;
use super::container::{
    Container, RESTART_POLICIES, Resources, RestartPolicy, read_container, read_resources,
};
use super::probe::Hook;
use super::reader::{Field, Fields};
use super::shapes;
use crate::units::{Nanos, format_duration};

/// `spec` of a pod or pod template, defaults filled in.
///
/// Source of defaults: kubernetes pkg/apis/core/v1/defaults.go `SetDefaults_PodSpec`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodSpec {
    /// `containers`, at least one.
    pub containers: Vec<Container>,
    /// `initContainers` in order, sidecars among them.
    pub init_containers: Vec<Container>,
    /// `terminationGracePeriodSeconds`, in seconds; default 30.
    pub termination_grace_period_seconds: u32,
    /// The condition types of `readinessGates`.
    pub readiness_gates: Vec<String>,
    /// `restartPolicy`; default Always.
    pub restart_policy: RestartPolicy,
    /// `hostNetwork`: the pod shares the node's address; default false.
    pub host_network: bool,
    /// `nodeName`: the node the pod is bound to.
    pub node_name: Option<String>,
    /// `resources` of the whole pod (since Kubernetes 1.32); they win over the containers'.
    pub resources: Resources,
    /// What the pods' annotation tells Istio's proxy.
    pub istio_config: Option<Variable>,
    /// The field path of the spec, for [`super::meta::Places::of`].
    pub path: String,
}

impl PodSpec {
    /// The init containers that keep running beside the application.
    pub fn sidecars(&self) -> impl Iterator<Item = &Container> {
        self.init_containers.iter().filter(|container| container.is_sidecar())
    }

    /// The containers that run for as long as the pod serves: the application's and the sidecars.
    pub fn serving_containers(&self) -> impl Iterator<Item = &Container> {
        self.containers.iter().chain(self.sidecars())
    }

    /// Any container by its name.
    pub fn container(&self, name: &str) -> Option<&Container> {
        self.containers.iter().chain(&self.init_containers).find(|container| container.name == name)
    }
}

/// Reads a pod's spec. `template` tells whether it belongs to a workload that restarts its pods.
pub(super) fn read_pod_spec(field: &Field<'_, '_>, template: bool) -> Option<PodSpec> {
    let fields = field.fields(&shapes::POD_SPEC)?;
    let containers = fields
        .require("containers", "list at least one container")
        .map(|field| read_containers(&field, false))
        .unwrap_or_default();
    let init_containers =
        fields.get("initContainers").map(|field| read_containers(&field, true)).unwrap_or_default();
    let restart_policy = fields.get("restartPolicy").and_then(|field| {
        let policy = field.one_of(RESTART_POLICIES)?;
        if template && policy != RestartPolicy::Always {
            field.unsupported("\"Always\"", "remove it: the pods of a Deployment are always restarted");
        }
        Some(policy)
    });
    let spec = PodSpec {
        istio_config: None,
        containers,
        init_containers,
        termination_grace_period_seconds: fields
            .get("terminationGracePeriodSeconds")
            .and_then(|field| read_grace(&field))
            .unwrap_or(30),
        readiness_gates: fields.get("readinessGates").map(|field| read_gates(&field)).unwrap_or_default(),
        restart_policy: restart_policy.unwrap_or(RestartPolicy::Always),
        host_network: fields.get("hostNetwork").and_then(|field| field.flag()).unwrap_or(false),
        node_name: fields.get("nodeName").and_then(|field| field.string()).filter(|name| !name.is_empty()),
        resources: fields.get("resources").map(|field| read_resources(&field)).unwrap_or_default(),
        path: field.path.clone(),
    };
    check_names(&fields);
    warn_of_long_hooks(&fields, &spec);
    Some(spec)
}

fn read_containers(field: &Field<'_, '_>, init: bool) -> Vec<Container> {
    let items = field.items();
    if items.is_empty() && !init && field.node.describe() == "a list" {
        field.lacks("", "", "list at least one container");
    }
    items.iter().filter_map(|item| read_container(item, init)).collect()
}

/// Names are unique over containers and init containers together.
/// Source: kubernetes pkg/apis/core/validation `validateContainers`, `validateInitContainers`.
fn check_names(fields: &Fields<'_, '_>) {
    let mut seen = BTreeSet::new();
    for list in ["containers", "initContainers"] {
        let Some(list) = fields.get(list) else { continue };
        for item in list.list_items() {
            if let Some(name) = item.node.get("name").and_then(|name| name.text())
                && !seen.insert(name)
            {
                item.duplicate(name, "give every container its own name");
            }
        }
    }
}

/// The API server takes any number. A negative one is stored and counts as one second when the
/// pod is deleted. Source: kubernetes pkg/registry/core/pod/strategy.go `CheckGracefulDelete`.
fn read_grace(field: &Field<'_, '_>) -> Option<u32> {
    if field.node.text().is_some_and(|text| text.starts_with('-') && text.parse::<i64>().is_ok()) {
        field.warn(
            code::NEGATIVE_GRACE,
            "a negative terminationGracePeriodSeconds counts as 1 second",
            "negative",
            "write how many seconds a pod may take to stop",
        );
        return Some(1);
    }
    field.seconds(0)
}

fn read_gates(field: &Field<'_, '_>) -> Vec<String> {
    let gate = |item: &Field<'_, '_>| {
        let fields = item.fields(&shapes::READINESS_GATE)?;
        fields.require("conditionType", "name the condition")?.string()
    };
    field.items().iter().filter_map(gate).collect()
}

/// A preStop hook that outlasts the grace period is cut off, and SIGKILL follows 2 s later.
///
/// For `sleep` the API server refuses it, for `exec` it cannot know. Both are only warned about:
/// what would happen is just what a simulation can show.
/// Source: kubernetes pkg/apis/core/validation `validateSleepAction`.
fn warn_of_long_hooks(fields: &Fields<'_, '_>, spec: &PodSpec) {
    let grace = Nanos::from_secs(u64::from(spec.termination_grace_period_seconds));
    for (list, containers) in [("containers", &spec.containers), ("initContainers", &spec.init_containers)] {
        let Some(items) = fields.get(list).map(|field| field.list_items()) else { continue };
        let mut items = items.iter();
        for container in containers {
            // Containers are in the order of the items, of which only broken ones are left out.
            let Some(item) = items.find(|item| item.path == container.path) else { continue };
            let Some(hook) = &container.lifecycle.pre_stop else { continue };
            let Some(slept) = hook.slept().filter(|slept| *slept > grace) else { continue };
            let seconds = spec.termination_grace_period_seconds;
            let refusal = match hook {
                Hook::Sleep { .. } => format!(
                    "the API server rejects this: must be non-negative and less than terminationGracePeriodSeconds ({seconds})"
                ),
                _ => format!("cut off after {seconds} s"),
            };
            item.nearest(&["lifecycle", "preStop"]).warn(
                code::PRE_STOP_EXCEEDS_GRACE,
                format!(
                    "preStop of container `{}` sleeps {} but the pod has only {seconds} s to stop",
                    container.name,
                    format_duration(slept),
                ),
                &refusal,
                &format!(
                    "raise terminationGracePeriodSeconds above {} plus the longest request",
                    format_duration(slept),
                ),
            );
        }
    }
}
