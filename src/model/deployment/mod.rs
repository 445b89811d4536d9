//! What the Deployment controller does in one sync, as data.
//!
//! The controller sees sizes, not pods: `spec.replicas` of each ReplicaSet, which it sets itself,
//! and `status.availableReplicas`, which follows later. Pods that are being deleted are in neither,
//! so the pods that really exist can be more than desired plus surge.
//!
//! Source: kubernetes pkg/controller/deployment/{deployment_controller,sync,rolling,recreate}.go
//! (95f0849) and util/deployment_util.go (v1.31.13).

mod limits;
mod progress;
mod proportional;
mod rolling;

pub use limits::{Limits, resolve_fenceposts};
pub use progress::{DeploymentStatus, Progress, is_complete, next_progress, progress_recheck};
pub use proportional::scale_all;
pub use rolling::{OldStep, cleanup_unhealthy, new_size, reconcile_new, reconcile_old, scale_down_old};

use crate::units::{IntOrPercent, SimTime};

/// `spec.strategy` of a Deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// All old pods go before the first new one comes.
    Recreate,
    /// Old and new pods overlap within two limits.
    RollingUpdate {
        /// How many more than desired; a percentage is rounded up.
        max_surge: IntOrPercent,
        /// How many fewer than desired; a percentage is rounded down.
        max_unavailable: IntOrPercent,
    },
}

impl Default for Strategy {
    fn default() -> Self {
        let quarter = IntOrPercent::Percent(25);
        Strategy::RollingUpdate { max_surge: quarter, max_unavailable: quarter }
    }
}

/// What of a Deployment's spec decides about sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeploymentSpec {
    /// Desired pods.
    pub replicas: u32,
    /// How to get from old to new.
    pub strategy: Strategy,
    /// Only scaling, no rollout.
    pub paused: bool,
}

/// The sizes that a ReplicaSet was last given, kept in its annotations
/// `deployment.kubernetes.io/desired-replicas` and `max-replicas`. A desired size that differs from
/// the spec's is how the controller notices that somebody (HPA) has scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SizeAnnotations {
    /// Desired pods then.
    pub desired: u32,
    /// Desired plus surge then; zero if unknown.
    pub max: u32,
}

/// One ReplicaSet of a Deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplicaSetView {
    /// When it was created; after a rollback the new one may be the oldest.
    pub created: SimTime,
    /// `spec.replicas`.
    pub replicas: u32,
    /// `status.availableReplicas`.
    pub available: u32,
    /// As they stand.
    pub annotations: SizeAnnotations,
}

/// What one sync looks at.
#[derive(Clone, Copy, Debug)]
pub struct DeploymentView<'a> {
    /// The Deployment.
    pub spec: DeploymentSpec,
    /// Its ReplicaSets, in any order.
    pub sets: &'a [ReplicaSetView],
    /// Which of them has the current template; `None` before it is created.
    pub new: Option<usize>,
    /// Whether any pod of the others still exists, terminating ones included. Only Recreate asks.
    pub old_pods_exist: bool,
}

/// A ReplicaSet gets this size and the decision's annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resize {
    /// Index into the sets of the view.
    pub set: usize,
    /// Its new `spec.replicas`; where it equals the old one only the annotations change.
    pub replicas: u32,
}

/// What a sync was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncReason {
    /// The desired size changed, or the Deployment is paused: sizes are adjusted, nothing is rolled.
    Scaling,
    /// The new ReplicaSet was created or resized.
    New,
    /// Old ReplicaSets were scaled down, perhaps after the new one was created.
    OldDown,
    /// A limit forbids to go on before pods become available.
    Blocked,
    /// Recreate waits until the old pods are gone.
    OldPodsExist,
    /// An old ReplicaSet reports more available pods than it should have: its own controller has
    /// not acted yet. Upstream ends the sync with an error and tries again.
    StaleStatus,
    /// The new ReplicaSet has its size and no old one is left.
    Settled,
}

/// What a sync does. Writes happen in the order `create_new`, then `resizes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncDecision {
    /// Why.
    pub reason: SyncReason,
    /// The new ReplicaSet is created with this size.
    pub create_new: Option<u32>,
    /// ReplicaSets that are written.
    pub resizes: Vec<Resize>,
    /// What every created or resized ReplicaSet gets as annotations.
    pub annotations: SizeAnnotations,
}

/// Decides one sync. The controller syncs again after every change that it or others make, until
/// a sync does nothing.
pub fn sync(view: &DeploymentView<'_>) -> SyncDecision {
    let spec = &view.spec;
    if spec.paused || is_scaling_event(spec, view.sets) {
        let resizes = scale_all(spec, view.sets, view.new);
        return decide(spec, SyncReason::Scaling, None, resizes);
    }
    match spec.strategy {
        Strategy::Recreate => sync_recreate(view),
        Strategy::RollingUpdate { .. } => sync_rolling(view),
    }
}

fn is_scaling_event(spec: &DeploymentSpec, sets: &[ReplicaSetView]) -> bool {
    sets.iter().any(|set| set.replicas > 0 && set.annotations.desired != spec.replicas)
}

/// A created new ReplicaSet takes part in the same sync, so the surge is created *and* old pods
/// are removed at once. An existing one that is resized ends the sync.
fn sync_rolling(view: &DeploymentView<'_>) -> SyncDecision {
    let spec = &view.spec;
    let mut sets = view.sets.to_vec();
    let total = total_replicas(&sets);
    let (new, create_new) = match view.new {
        Some(new) => (new, None),
        None => {
            let replicas = new_size(spec, total, 0);
            sets.push(ReplicaSetView { replicas, ..ReplicaSetView::default() });
            (sets.len() - 1, Some(replicas))
        }
    };
    if create_new.is_none() {
        let replicas = reconcile_new(spec, total, sets[new].replicas);
        if replicas != sets[new].replicas {
            return decide(spec, SyncReason::New, None, vec![Resize { set: new, replicas }]);
        }
    }
    let step = reconcile_old(spec, &mut sets, new);
    let resizes: Vec<Resize> = (0..view.sets.len())
        .filter(|set| sets[*set].replicas != view.sets[*set].replicas)
        .map(|set| Resize { set, replicas: sets[set].replicas })
        .collect();
    let reason = if step.stale {
        SyncReason::StaleStatus
    } else if step.removed > 0 {
        SyncReason::OldDown
    } else if create_new.is_some() {
        SyncReason::New
    } else if sets[new].replicas == spec.replicas && total_replicas(&sets) == u64::from(spec.replicas) {
        SyncReason::Settled
    } else {
        SyncReason::Blocked
    };
    decide(spec, reason, create_new, resizes)
}

fn sync_recreate(view: &DeploymentView<'_>) -> SyncDecision {
    let spec = &view.spec;
    let down: Vec<Resize> = (0..view.sets.len())
        .filter(|set| Some(*set) != view.new && view.sets[*set].replicas > 0)
        .map(|set| Resize { set, replicas: 0 })
        .collect();
    if !down.is_empty() {
        return decide(spec, SyncReason::OldDown, None, down);
    }
    if view.old_pods_exist {
        return decide(spec, SyncReason::OldPodsExist, None, Vec::new());
    }
    match view.new {
        None => decide(spec, SyncReason::New, Some(spec.replicas), Vec::new()),
        Some(new) if view.sets[new].replicas != spec.replicas => {
            decide(spec, SyncReason::New, None, vec![Resize { set: new, replicas: spec.replicas }])
        }
        Some(_) => decide(spec, SyncReason::Settled, None, Vec::new()),
    }
}

fn decide(
    spec: &DeploymentSpec,
    reason: SyncReason,
    create_new: Option<u32>,
    resizes: Vec<Resize>,
) -> SyncDecision {
    SyncDecision { reason, create_new, resizes, annotations: spec.annotations() }
}

/// The sum of `spec.replicas`: what the controller takes for the number of pods.
fn total_replicas(sets: &[ReplicaSetView]) -> u64 {
    sets.iter().map(|set| u64::from(set.replicas)).sum()
}

#[cfg(test)]
mod tests;
