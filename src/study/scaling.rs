//! What the autoscaler did in run 1: every reconcile, and how long each step up took to bear fruit.

use serde::{Deserialize, Serialize};

use super::first::ns;
use crate::model::hpa::{
    ConditionType, HpaSpec, LevelUnit, MetricEvaluation, Path, Status, condition_message,
};
use crate::sim::{HpaRecord, STAGES, ScaleOutBudget, Timeline};

/// The autoscaler of the first deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaler {
    /// `minReplicas`.
    pub min: i32,
    /// `maxReplicas`.
    pub max: i32,
    /// Its metrics.
    pub metrics: Vec<ScalerMetric>,
}

/// One metric of an autoscaler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScalerMetric {
    /// `type`.
    pub kind: String,
    /// What people call it: `cpu`, `cpu of container app`, the name of the metric.
    pub name: String,
    /// The resource, where it is one.
    pub resource: Option<String>,
}

/// One reconcile of an autoscaler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HpaStep {
    /// When.
    pub at_ns: i64,
    /// The size before.
    pub current: u32,
    /// The size that the metrics ask for.
    pub proposal: Option<i32>,
    /// What the stabilization windows left of it.
    pub stabilized: Option<i32>,
    /// The size after.
    pub desired: i32,
    /// What decided, in Kubernetes' words where it has some.
    pub reason: String,
    /// The metric behind the proposal: index into [`Scaler::metrics`].
    pub winner: Option<usize>,
    /// What each metric said, in the order of [`Scaler::metrics`]; empty where none was looked at.
    pub readings: Vec<HpaReading>,
    /// The conditions afterwards, as `kubectl describe hpa` shows them.
    pub conditions: Vec<HpaCondition>,
}

/// What one metric said at one reconcile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HpaReading {
    /// Its level.
    pub value: Option<i64>,
    /// What the level should be; of a total to be shared, the share of one pod.
    pub target: Option<i64>,
    /// What both count.
    pub unit: Option<LevelUnit>,
    /// The size it asks for.
    pub replicas: Option<i32>,
    /// Why it asks for none.
    pub error: Option<String>,
    /// Pods whose samples counted.
    pub ready: u32,
    /// Pods that count for nothing on the way up and not at all on the way down.
    pub unready: u32,
    /// Pods without a sample.
    pub missing: u32,
    /// Pods that never count: terminating or failed.
    pub ignored: u32,
}

/// A condition in the autoscaler's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HpaCondition {
    /// `AbleToScale`, `ScalingActive`, `ScalingLimited`, `ScaledToZero`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False`, `Unknown`.
    pub status: String,
    /// One word.
    pub reason: String,
    /// A sentence.
    pub message: String,
}

/// A step up by the autoscaler, with the way to the front end of the pods that came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleOutSpan {
    /// The sync that decided it.
    pub at_ns: i64,
    /// The size before.
    pub from: u32,
    /// The size after.
    pub to: u32,
    /// When the load began to rise that this step answers; `None` for loads that are no rate over
    /// time, and for steps that no rise explains.
    pub load_rose_ns: Option<i64>,
    /// Pods made for it.
    pub pods: u32,
    /// The pod that took traffic first.
    pub first: Option<PodWay>,
    /// The pod that took traffic last, or never.
    pub last: Option<PodWay>,
}

/// How long one pod of a step up was in coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodWay {
    /// The pod's number.
    pub pod: u32,
    /// Length of each of [`STAGES`], nanoseconds; `None` for what is not known or was not reached.
    pub stages_ns: [Option<u64>; STAGES.len()],
}

impl PodWay {
    /// All that is known of the way.
    pub fn total_ns(&self) -> u64 {
        self.stages_ns.iter().flatten().sum()
    }

    /// Whether the pod came into rotation.
    pub fn arrived(&self) -> bool {
        self.stages_ns.last().is_some_and(Option::is_some)
    }
}

impl Scaler {
    /// What is worth keeping of a spec.
    pub fn of(spec: &HpaSpec) -> Scaler {
        let metric = |metric: &crate::model::hpa::MetricSpec| ScalerMetric {
            kind: metric.source.kind().to_owned(),
            name: metric.source.to_string(),
            resource: metric.source.resource_name().map(str::to_owned),
        };
        Scaler {
            min: spec.min_replicas,
            max: spec.max_replicas,
            metrics: spec.metrics.iter().map(metric).collect(),
        }
    }
}

/// Every reconcile of the first deployment's autoscaler.
pub(super) fn steps(spec: &HpaSpec, timeline: &Timeline) -> Vec<HpaStep> {
    let mut steps: Vec<HpaStep> = Vec::new();
    for record in timeline.hpa.iter().filter(|record| record.deployment == 0) {
        let step = step(spec, record, steps.last());
        steps.push(step);
    }
    steps
}

fn step(spec: &HpaSpec, record: &HpaRecord, before: Option<&HpaStep>) -> HpaStep {
    let decision = &record.decision;
    HpaStep {
        at_ns: ns(record.at),
        current: record.current,
        proposal: decision.proposal,
        stabilized: decision.normalized.map(|normalized| normalized.stabilized),
        desired: decision.desired_replicas,
        reason: reason(record),
        winner: decision.winner,
        readings: decision.metrics.iter().map(reading).collect(),
        conditions: conditions(spec, record, before),
    }
}

fn reason(record: &HpaRecord) -> String {
    let decision = &record.decision;
    match (decision.path, &decision.normalized) {
        (Path::Disabled, _) => "ScalingDisabled".to_owned(),
        (Path::AboveMaximum, _) => "AboveMaxReplicas".to_owned(),
        (Path::BelowMinimum, _) => "BelowMinReplicas".to_owned(),
        (Path::Metrics, None) => {
            let failed = decision.metrics.iter().find_map(|metric| metric.replicas().err());
            failed.map_or("NoMetrics", |error| error.as_str()).to_owned()
        }
        (Path::Metrics, Some(normalized))
            if normalized.stabilized != decision.proposal.unwrap_or_default() =>
        {
            "Stabilized".to_owned()
        }
        (Path::Metrics, Some(normalized)) => normalized.limited.reason.as_str().to_owned(),
    }
}

fn reading(metric: &MetricEvaluation) -> HpaReading {
    let level = metric.level();
    HpaReading {
        value: level.map(|level| level.value),
        target: level.map(|level| level.target),
        unit: level.map(|level| level.unit),
        replicas: metric.replicas().ok(),
        error: metric.replicas().err().map(|error| error.as_str().to_owned()),
        ready: metric.counts.ready,
        unready: metric.counts.unready,
        missing: metric.counts.missing,
        ignored: metric.counts.ignored,
    }
}

/// The conditions after a reconcile. What it did not touch keeps the message from before.
fn conditions(spec: &HpaSpec, record: &HpaRecord, before: Option<&HpaStep>) -> Vec<HpaCondition> {
    let earlier = |kind: ConditionType| {
        let same = before?.conditions.iter().find(|condition| condition.kind == kind.as_str())?;
        Some(same.message.clone())
    };
    let condition = |(kind, condition): (ConditionType, &crate::model::hpa::Condition)| HpaCondition {
        kind: kind.as_str().to_owned(),
        status: match condition.status {
            Status::True => "True",
            Status::False => "False",
            Status::Unknown => "Unknown",
        }
        .to_owned(),
        reason: condition.reason.clone().into_owned(),
        message: condition_message(spec, &record.decision, kind)
            .or_else(|| earlier(kind))
            .unwrap_or_default(),
    };
    record.decision.conditions.iter().map(condition).collect()
}

/// Every step up of the first deployment's autoscaler.
pub(super) fn scale_outs(timeline: &Timeline) -> Vec<ScaleOutSpan> {
    let span = |budget: &ScaleOutBudget| {
        let way = |pod: u32| PodWay {
            pod,
            stages_ns: budget.stages(&timeline.pods[pod as usize]).map(|stage| stage.map(|ns| ns.0)),
        };
        ScaleOutSpan {
            at_ns: ns(budget.scale_out.at),
            from: budget.scale_out.from,
            to: budget.scale_out.to,
            load_rose_ns: budget.scale_out.load_rose.map(ns),
            pods: budget.pods,
            first: budget.first.map(way),
            last: budget.last.map(way),
        }
    };
    let budgets = timeline.scale_out_budgets();
    budgets.iter().filter(|budget| budget.scale_out.deployment == 0).map(span).collect()
}
