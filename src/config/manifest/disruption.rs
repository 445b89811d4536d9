//! Pod disruption budgets: how many pods an eviction must leave.

use super::meta::{LabelSelector, ObjectMeta, selector_at};
use super::reader::Fields;
use super::shapes;
use crate::model::eviction::DisruptionLimit;

/// A PodDisruptionBudget of `policy/v1` or the removed `policy/v1beta1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodDisruptionBudget {
    /// Identity, labels, annotations, places.
    pub meta: ObjectMeta,
    /// `spec.selector`; `None` selects nothing. An empty one selects every pod of the namespace,
    /// except in v1beta1, where it selects nothing and is read as `None`.
    pub selector: Option<LabelSelector>,
    /// What must be left or may be missing.
    pub limit: Option<DisruptionLimit>,
    /// Whether `spec.unhealthyPodEvictionPolicy` is AlwaysAllow: pods that are not ready may
    /// always be evicted. Default IfHealthyBudget.
    pub always_allow_unhealthy: bool,
}

/// Reads the fields of a PodDisruptionBudget.
/// Source of the rules: kubernetes pkg/apis/policy/validation `ValidatePodDisruptionBudgetSpec`.
pub(super) fn read_budget(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<PodDisruptionBudget> {
    let spec = object.require("spec", "describe the budget")?.fields(&shapes::PDB_SPEC)?;
    let minimum = spec.get("minAvailable");
    let maximum = spec.get("maxUnavailable");
    if let (Some(_), Some(maximum)) = (&minimum, &maximum) {
        maximum.rejected("minAvailable and maxUnavailable cannot be both set", "keep one of the two");
    }
    let limit = match (minimum, maximum) {
        (Some(field), _) => field.int_or_percent().map(DisruptionLimit::MinAvailable),
        (None, Some(field)) => field.int_or_percent().map(DisruptionLimit::MaxUnavailable),
        (None, None) => None,
    };
    let policies = &[("IfHealthyBudget", false), ("AlwaysAllow", true)];
    let selector = selector_at(&spec, "selector")
        .filter(|selector| !(selector.is_empty() && meta.api_version == "policy/v1beta1"));
    Some(PodDisruptionBudget {
        selector,
        limit,
        always_allow_unhealthy: spec
            .get("unhealthyPodEvictionPolicy")
            .and_then(|field| field.one_of(policies))
            .unwrap_or(false),
        meta,
    })
}
