//! Deployments: how many pods, and how one revision replaces another.

use std::collections::BTreeMap;

use super::container::RestartPolicy;
use super::meta::{LabelSelector, MetaFields, ObjectMeta, mapping_at};
use super::pod_spec::{PodSpec, read_pod_spec};
use super::reader::{Field, Fields};
use super::rollout::Progressive;
use super::shapes;
use crate::units::IntOrPercent;

/// The most pods that podloss simulates for one Deployment. Kubernetes' own limit for a whole
/// cluster is 150,000 pods.
pub const REPLICAS_MAX: u32 = 100_000;

/// A Deployment with the API server's defaults filled in, or a Rollout of Argo with its controller's.
///
/// Source of defaults: kubernetes pkg/apis/apps/v1/defaults.go `SetDefaults_Deployment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Identity, labels, annotations, places.
    pub meta: ObjectMeta,
    /// `spec.replicas`; `None` if not written (the API server takes 1 for a new object and keeps the
    /// present number for an existing one).
    pub replicas: Option<u32>,
    /// `spec.selector`.
    pub selector: LabelSelector,
    /// `spec.strategy`; of a Rollout only its bounds.
    pub strategy: Strategy,
    /// How it replaces its pods if it is a Rollout of Argo.
    pub progressive: Option<Progressive>,
    /// `spec.minReadySeconds`, in seconds; default 0.
    pub min_ready_seconds: u32,
    /// `spec.progressDeadlineSeconds`, in seconds; default 600.
    pub progress_deadline_seconds: u32,
    /// `spec.revisionHistoryLimit`; default 10.
    pub revision_history_limit: u32,
    /// `spec.paused`: no rollouts; default false.
    pub paused: bool,
    /// `spec.template.metadata.labels`.
    pub template_labels: BTreeMap<String, String>,
    /// `spec.template.metadata.annotations`.
    pub template_annotations: BTreeMap<String, String>,
    /// `spec.template.spec`.
    pub pod_spec: PodSpec,
}

impl Deployment {
    /// Whether a rollout keeps all old pods until the new ones serve, whatever surge and unavailability are.
    pub fn keeps_old_pods(&self) -> bool {
        self.progressive.as_ref().is_some_and(Progressive::keeps_old_pods)
    }
}

/// `spec.strategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// All old pods end before the first new one is made.
    Recreate,
    /// Pods are replaced step by step.
    RollingUpdate {
        /// `rollingUpdate.maxSurge`; default 25 %.
        max_surge: IntOrPercent,
        /// `rollingUpdate.maxUnavailable`; default 25 %.
        max_unavailable: IntOrPercent,
    },
}

impl Default for Strategy {
    fn default() -> Strategy {
        let quarter = IntOrPercent::Percent(25);
        Strategy::RollingUpdate { max_surge: quarter, max_unavailable: quarter }
    }
}

/// Reads the fields of a Deployment; its metadata are put together by the caller.
pub(super) fn read_deployment(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<Deployment> {
    let spec = object.require("spec", "describe the Deployment")?.fields(&shapes::DEPLOYMENT_SPEC)?;
    let strategy = spec.get("strategy").and_then(|field| read_strategy(&field)).unwrap_or_default();
    Some(read_workload(&spec, meta, strategy))
}

/// Reads what Deployments and Rollouts have in common.
pub(super) fn read_workload(spec: &Fields<'_, '_>, meta: ObjectMeta, strategy: Strategy) -> Deployment {
    let template =
        spec.require("template", "add the pod template").and_then(|field| field.fields(&shapes::TEMPLATE));
    let template_meta = template.as_ref().map(|fields| MetaFields::read(fields, false)).unwrap_or_default();
    let pod_spec = template
        .as_ref()
        .and_then(|fields| fields.require("spec", "describe the pods"))
        .and_then(|field| read_pod_spec(&field, true));
    let min_ready_seconds = spec.get("minReadySeconds").and_then(|field| field.seconds(0)).unwrap_or(0);
    Deployment {
        replicas: spec.get("replicas").and_then(|field| field.count(0..=REPLICAS_MAX)),
        selector: read_selector(spec, &meta, &template_meta.labels),
        strategy,
        progressive: None,
        min_ready_seconds,
        progress_deadline_seconds: read_deadline(spec, min_ready_seconds),
        revision_history_limit: spec
            .get("revisionHistoryLimit")
            .and_then(|field| field.count(0..=I32_MAX))
            .unwrap_or(10),
        paused: spec.get("paused").and_then(|field| field.flag()).unwrap_or(false),
        template_labels: template_meta.labels,
        template_annotations: template_meta.annotations,
        pod_spec: pod_spec.unwrap_or_else(empty_pod_spec),
        meta,
    }
}

/// 32-bit fields that old API versions and converters fill with their largest value.
const I32_MAX: u32 = i32::MAX as u32;

/// Stands in for a spec that could not be read; an error is on record then.
fn empty_pod_spec() -> PodSpec {
    PodSpec {
        containers: Vec::new(),
        init_containers: Vec::new(),
        termination_grace_period_seconds: 30,
        readiness_gates: Vec::new(),
        restart_policy: RestartPolicy::Always,
        host_network: false,
        node_name: None,
        resources: super::container::Resources::default(),
        istio_config: None,
        path: String::new(),
    }
}

/// Source of the rules: kubernetes pkg/apis/apps/validation `ValidateDeploymentSpec`.
fn read_selector(
    spec: &Fields<'_, '_>,
    meta: &ObjectMeta,
    template_labels: &BTreeMap<String, String>,
) -> LabelSelector {
    // These two filled a missing selector in from the template.
    let filled_in = matches!(meta.api_version.as_str(), "extensions/v1beta1" | "apps/v1beta1");
    let Some(field) = spec.get("selector") else {
        if !filled_in {
            spec.lacks("selector", "", "add `selector: {matchLabels: ...}` with labels of the pod template");
        }
        return LabelSelector::for_labels(template_labels);
    };
    let Some(selector) = LabelSelector::read(&field) else {
        return LabelSelector::for_labels(template_labels);
    };
    if selector.is_empty() {
        field.rejected("empty selector is invalid for deployment", "select labels of the pod template");
    } else if !selector.matches(template_labels) {
        field.rejected(
            "`selector` does not match template `labels`",
            "give the pod template every label that the selector asks for (spec.template.metadata.labels)",
        );
    }
    selector
}

/// Source of the rules: kubernetes pkg/apis/apps/validation `ValidateDeploymentStrategy`,
/// `ValidateRollingUpdateDeployment`.
fn read_strategy(field: &Field<'_, '_>) -> Option<Strategy> {
    let fields = field.fields(&shapes::STRATEGY)?;
    let recreate = fields
        .get("type")
        .and_then(|field| field.one_of(&[("RollingUpdate", false), ("Recreate", true)]))
        .unwrap_or(false);
    if recreate {
        if let Some(rolling) = fields.get("rollingUpdate") {
            rolling.forbidden(
                "may not be specified when strategy `type` is 'Recreate'",
                "remove `rollingUpdate`",
            );
        }
        return Some(Strategy::Recreate);
    }
    Some(match mapping_at(&fields, "rollingUpdate", &shapes::ROLLING_UPDATE) {
        Some(fields) => read_bounds(&fields),
        None => Strategy::default(),
    })
}

/// `maxSurge` and `maxUnavailable`, for which Deployments and canaries of Argo have the same defaults and rules.
pub(super) fn read_bounds(fields: &Fields<'_, '_>) -> Strategy {
    let bound = |name| fields.get(name).and_then(|field| field.int_or_percent());
    let quarter = IntOrPercent::Percent(25);
    let max_surge = bound("maxSurge").unwrap_or(quarter);
    let max_unavailable = bound("maxUnavailable").unwrap_or(quarter);
    if let Some(field) = fields.get("maxUnavailable") {
        if matches!(max_unavailable, IntOrPercent::Percent(percent) if percent > 100) {
            field.rejected("must not be greater than 100%", "write at most 100%");
        }
        if is_zero(max_unavailable) && is_zero(max_surge) {
            field.rejected(
                "may not be 0 when `maxSurge` is 0",
                "let one of the two be above 0, or no pod can ever be replaced",
            );
        }
    }
    Strategy::RollingUpdate { max_surge, max_unavailable }
}

fn is_zero(bound: IntOrPercent) -> bool {
    matches!(bound, IntOrPercent::Int(0) | IntOrPercent::Percent(0))
}

/// Source of the rule: kubernetes pkg/apis/apps/validation `ValidateDeploymentSpec`.
fn read_deadline(spec: &Fields<'_, '_>, min_ready_seconds: u32) -> u32 {
    let given = spec.get("progressDeadlineSeconds");
    let deadline = given.as_ref().map_or(Some(600), |field| field.count(0..=I32_MAX));
    let Some(deadline) = deadline else { return 600 };
    if deadline <= min_ready_seconds
        && let Some(field) = given.or_else(|| spec.get("minReadySeconds"))
    {
        field.rejected(
            "progressDeadlineSeconds must be greater than minReadySeconds",
            &format!("write `progressDeadlineSeconds` above {min_ready_seconds}; its default is 600"),
        );
    }
    deadline
}
