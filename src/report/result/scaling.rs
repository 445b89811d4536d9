//! The autoscaler's part of the summary: every sync of run 1, and every step up stage by stage.

use serde::Serialize;

use super::summary::since_start;
use crate::model::hpa::LevelUnit;
use crate::report::scaling::parts;
use crate::stats::printed;
use crate::study::{HpaCondition, HpaReading, HpaStep, PodWay, ScaleOutSpan, Scaler, ScalerMetric};

/// One sync.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Hpa {
    t_s: Option<f64>,
    current: u32,
    proposal: Option<i32>,
    stabilized: Option<i32>,
    desired: i32,
    reason: String,
    metrics: Vec<HpaMetric>,
    conditions: Vec<HpaCondition>,
}

/// What one metric said at one sync.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct HpaMetric {
    r#type: String,
    name: String,
    value: Option<i64>,
    target: Option<i64>,
    unit: Option<LevelUnit>,
    desired: Option<i32>,
    error: Option<String>,
    pods: HpaPods,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct HpaPods {
    ready: u32,
    unready: u32,
    missing: u32,
    ignored: u32,
}

/// A step up by the autoscaler, and the way of its first and last pod into rotation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ScaleOut {
    t_s: Option<f64>,
    from: u32,
    to: u32,
    pods: u32,
    load_rose_s: Option<f64>,
    first_pod: Option<Way>,
    last_pod: Option<Way>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Way {
    pod: u32,
    in_rotation: bool,
    total_s: Option<f64>,
    stages: Vec<Stage>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Stage {
    stage: &'static str,
    s: Option<f64>,
    share: Option<f64>,
}

/// A sync with what every metric said.
pub(super) fn hpa(scaler: Option<&Scaler>, step: &HpaStep) -> Hpa {
    let metrics = scaler.into_iter().flat_map(|scaler| &scaler.metrics);
    let metric = |(metric, reading): (&ScalerMetric, &HpaReading)| HpaMetric {
        r#type: metric.kind.clone(),
        name: metric.name.clone(),
        value: reading.value,
        target: reading.target,
        unit: reading.unit,
        desired: reading.replicas,
        error: reading.error.clone(),
        pods: HpaPods {
            ready: reading.ready,
            unready: reading.unready,
            missing: reading.missing,
            ignored: reading.ignored,
        },
    };
    Hpa {
        t_s: since_start(step.at_ns),
        current: step.current,
        proposal: step.proposal,
        stabilized: step.stabilized,
        desired: step.desired,
        reason: step.reason.clone(),
        metrics: metrics.zip(&step.readings).map(metric).collect(),
        conditions: step.conditions.clone(),
    }
}

pub(super) fn scale_out(span: &ScaleOutSpan) -> ScaleOut {
    ScaleOut {
        t_s: since_start(span.at_ns),
        from: span.from,
        to: span.to,
        pods: span.pods,
        load_rose_s: span.load_rose_ns.and_then(since_start),
        first_pod: span.first.as_ref().map(way),
        last_pod: span.last.as_ref().map(way),
    }
}

fn way(way: &PodWay) -> Way {
    let stages = parts(way).map(|part| Stage {
        stage: part.stage,
        s: printed(part.ns as f64 / 1e9),
        share: printed(part.share),
    });
    Way {
        pod: way.pod,
        in_rotation: way.arrived(),
        total_s: printed(way.total_ns() as f64 / 1e9),
        stages: stages.collect(),
    }
}
