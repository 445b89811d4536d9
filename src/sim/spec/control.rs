//! Workloads, events, and the delays and policies of the control plane.

use crate::model::canary::CanaryStep;
use crate::model::deployment::DeploymentSpec;
use crate::model::eviction::DisruptionBudget;
use crate::random::Dist;
use crate::sim::spec::{MetricsPipeline, PodTemplate};
use crate::units::Nanos;

/// One Deployment.
#[derive(Clone, Debug)]
pub struct DeploymentPlan {
    /// `namespace/name`, for messages.
    pub name: String,
    /// Replicas, strategy, paused. `replicas` is what the run starts with.
    pub spec: DeploymentSpec,
    /// `minReadySeconds`.
    pub min_ready_seconds: u32,
    /// `progressDeadlineSeconds`; `None` never times out.
    pub progress_deadline_seconds: Option<u32>,
    /// Revisions by number; the run starts with pods of the first.
    pub templates: Vec<PodTemplate>,
    /// Whether its Service publishes addresses of pods that are not ready.
    pub publish_not_ready_addresses: bool,
    /// Its disruption budget, and that object's name.
    pub disruption_budget: Option<(DisruptionBudget, String)>,
    /// Its autoscaler.
    pub hpa: Option<HpaPlan>,
}

/// A HorizontalPodAutoscaler and the controller that runs it.
#[derive(Clone, Debug)]
pub struct HpaPlan {
    /// The object.
    pub spec: crate::model::hpa::HpaSpec,
    /// Resource requests of the pods, by template.
    pub requests: Vec<crate::model::hpa::PodRequests>,
    /// Flags of the controller.
    pub controller: HpaController,
    /// How metrics reach it.
    pub metrics: MetricsPipeline,
}

/// Flags of the HPA controller.
#[derive(Clone, Debug)]
pub struct HpaController {
    /// `--horizontal-pod-autoscaler-sync-period`.
    pub sync_period: Nanos,
    /// Tolerances, windows and version switches.
    pub options: crate::model::hpa::Options,
}

/// Something that happens at a set time.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedEvent {
    /// From the run's beginning.
    pub at: Nanos,
    /// Which deployment.
    pub deployment: usize,
    /// What.
    pub action: PlannedAction,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum PlannedAction {
    /// The pod template is replaced by this revision.
    Rollout {
        /// Index into the deployment's templates.
        template: usize,
    },
    /// The same by Argo Rollouts' blue/green strategy.
    BlueGreen {
        /// Index into the deployment's templates.
        template: usize,
        /// `scaleDownDelaySeconds`.
        scale_down_delay: Nanos,
    },
    /// The same by its canary strategy.
    Canary {
        /// Index into the deployment's templates.
        template: usize,
        /// What comes before all pods are new.
        steps: Vec<CanaryStep>,
        /// With a traffic router: `scaleDownDelaySeconds`. `None` goes by the ratio of pods.
        router: Option<Nanos>,
    },
    /// The annotation `controller.kubernetes.io/pod-deletion-cost` is written on so many ready pods: on those
    /// that have the fewest requests, or with a positive cost the most.
    DeletionCost {
        /// Its value.
        cost: i32,
        /// How many.
        pods: u32,
    },
    /// `spec.replicas` is set.
    Scale {
        /// The new size.
        replicas: u32,
    },
    /// So many pods are deleted directly, chosen at random among the running ones.
    KillPods {
        /// How many.
        count: u32,
    },
    /// The process that serves ends by itself in so many pods, chosen at random among the ready ones.
    CrashPods {
        /// How many.
        count: u32,
        /// Because it exceeded its memory limit.
        out_of_memory: bool,
    },
    /// So many nodes that have pods are cordoned, and drained one after the other.
    Drain {
        /// How many.
        nodes: u32,
    },
    /// So many nodes that have pods die at once.
    LoseNodes {
        /// How many.
        count: u32,
    },
    /// All nodes of a zone that has pods die at once.
    LoseZone,
    /// What the pods wait for is slow.
    SlowDependency {
        /// Services take so many times as long.
        factor: f64,
        /// For this time.
        lasts: Nanos,
    },
    /// What the probes ask for is down: those that depend on it fail.
    DependencyDown {
        /// For this time.
        lasts: Nanos,
    },
    /// So many processes of the tier before the deployment's pods hear of no changes of the endpoints.
    StaleFrontEnd {
        /// How many, the first ones.
        processes: u32,
        /// For this time; `None` to the end.
        lasts: Option<Nanos>,
    },
}

impl PlannedAction {
    /// The template that the pods get, if that is what happens.
    pub fn template(&self) -> Option<usize> {
        match self {
            PlannedAction::Rollout { template }
            | PlannedAction::BlueGreen { template, .. }
            | PlannedAction::Canary { template, .. } => Some(*template),
            _ => None,
        }
    }

    /// How long old pods stay after their Service was switched to others, if that is what happens.
    pub fn scale_down_delay(&self) -> Option<Nanos> {
        match self {
            PlannedAction::BlueGreen { scale_down_delay, .. } => Some(*scale_down_delay),
            PlannedAction::Canary { router, .. } => *router,
            _ => None,
        }
    }
}

/// Delays and policies of controllers, kubelets and the API server.
#[derive(Clone, Debug)]
pub struct ControlPlane {
    /// Pods exist in this many nodes; placement is even.
    pub nodes: u32,
    /// Pods that find room on one node; `None` for any number.
    pub pods_per_node: Option<u32>,
    /// The nodes are spread evenly over so many zones.
    pub zones: u32,
    /// `--node-monitor-grace-period`: patience with a kubelet that renews its lease no more.
    pub node_monitor_grace_period: Nanos,
    /// A change in the API server to a controller having acted on it.
    pub controller_reaction: Dist,
    /// One API write.
    pub api_write: Dist,
    /// Pod created to bound.
    pub schedule: Dist,
    /// Pod bound to the kubelet starting work on it.
    pub kubelet_notice: Dist,
    /// Sandbox with its network.
    pub sandbox: Dist,
    /// Container state change to the kubelet having noticed it.
    pub container_relist: Dist,
    /// Readiness result in the kubelet to the pod's condition in the API.
    pub status_patch: Dist,
    /// deletionTimestamp to the kubelet starting hooks and signals.
    pub kubelet_stop: Dist,
    /// Last container exit to the sandbox (and with it the address) being gone.
    pub sandbox_stop: Dist,
    /// Pod change to the EndpointSlice being written.
    pub slice_sync: Dist,
    /// Ticker phase and triggers of probes.
    pub probe_phase: ProbePhase,
    /// Who goes first when a ReplicaSet shrinks.
    pub victim_order: VictimOrder,
    /// Every pod event travels to the front end on its own (not as the content of a slice), with
    /// its own draw of the delivery's delay. For rigs that have no EndpointSlices.
    pub direct_endpoints: bool,
    /// A stop counts its grace down to parts of a second and without a minimum; the kubelet's has
    /// whole seconds, one at least. For rigs that have no kubelet.
    pub exact_grace: bool,
    /// One API creation call at a time in batches of 1, 2, 4, ... (Kubernetes) or all at once.
    pub slow_start: bool,
}

/// When probes are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbePhase {
    /// As the kubelet does: ticks belong to the pod, readiness is also triggered.
    Kubelet,
    /// First attempt at process start plus the initial delay, then every period.
    ProcessStart,
}

/// Who goes first when a ReplicaSet shrinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VictimOrder {
    /// Kubernetes' ranking.
    Kubernetes,
    /// Unready ones, then the oldest.
    OldestFirst,
}
