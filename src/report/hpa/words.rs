//! Names, amounts and spans as people write them.

use crate::model::hpa::{Input, Level, LevelUnit};
use crate::units::{Nanos, decimals};

/// The metric as one would call it.
pub(super) fn title(input: &Input<'_>, index: usize) -> String {
    match input.hpa.metrics.get(index) {
        Some(metric) => metric.source.to_string(),
        None => format!("metric {}", index + 1),
    }
}

/// The resource that a metric measures; empty for others.
fn resource<'a>(input: &Input<'a>, index: usize) -> &'a str {
    input.hpa.metrics.get(index).and_then(|metric| metric.source.resource_name()).unwrap_or_default()
}

/// An amount in the unit people use for it: CPU in thousandths of a core, memory in MiB.
pub(in crate::report) fn amount(resource: &str, milli: i64) -> String {
    match resource {
        "cpu" => format!("{milli}m"),
        "memory" => format!("{}Mi", number(milli as f64 / 1_000.0 / 1_048_576.0)),
        _ => number(milli as f64 / 1_000.0),
    }
}

/// Up to three digits behind the point, without trailing zeros.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        // Zero pods divide: a demand by nothing, or nothing by nothing.
        return if value.is_nan() { "undefined" } else { "infinite" }.to_owned();
    }
    decimals(value, 3)
}

/// A level of a metric with its unit.
pub(super) fn at_level(input: &Input<'_>, index: usize, value: i64, unit: LevelUnit) -> String {
    level_text(resource(input, index), value, unit)
}

/// The target of a metric, in the same unit as its level.
pub(super) fn target_text(input: &Input<'_>, index: usize, level: Level) -> String {
    aim_text(resource(input, index), level.target, level.unit)
}

/// A level of a metric of this resource (empty for none) with its unit.
pub(in crate::report) fn level_text(resource: &str, value: i64, unit: LevelUnit) -> String {
    match unit {
        LevelUnit::PercentOfRequests => format!("{value} % of the requests"),
        LevelUnit::PerPod => format!("{} per pod", amount(resource, value)),
        LevelUnit::Total | LevelUnit::TotalForEach => format!("{} in all", amount(resource, value)),
    }
}

/// The target beside such a level.
pub(in crate::report) fn aim_text(resource: &str, target: i64, unit: LevelUnit) -> String {
    match unit {
        LevelUnit::PercentOfRequests => format!("{target} %"),
        LevelUnit::PerPod | LevelUnit::Total => amount(resource, target),
        LevelUnit::TotalForEach => format!("{} per pod", amount(resource, target)),
    }
}

/// A span in whole seconds: nobody wants to read nanoseconds.
pub(super) fn seconds(span: Nanos) -> Nanos {
    Nanos::from_secs(span.whole_secs())
}
