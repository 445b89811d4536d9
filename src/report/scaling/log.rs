//! The log of decisions.

use std::io::{self, Write};

use super::clock;
use crate::report::hpa::words::{aim_text, level_text};
use crate::study::{HpaCondition, HpaReading, HpaStep, Scaler, ScalerMetric};

pub(super) fn write(scaler: &Scaler, steps: &[HpaStep], out: &mut dyn Write) -> io::Result<()> {
    let (min, max) = (scaler.min, scaler.max);
    writeln!(out, "\nThe autoscaler in run 1, sync by sync (minReplicas {min}, maxReplicas {max}):")?;
    for step in steps {
        let size = match i64::from(step.current) == i64::from(step.desired) {
            true => format!("{:>4}        ", step.current),
            false => format!("{:>4} -> {:<4}", step.current, step.desired),
        };
        writeln!(out, "  {:>9}  {size}  {}", clock(step.at_ns), why(scaler, step))?;
    }
    match steps.last() {
        Some(last) => write_conditions(&last.conditions, out),
        None => Ok(()),
    }
}

/// Why a sync ended where it did.
fn why(scaler: &Scaler, step: &HpaStep) -> String {
    match step.reason.as_str() {
        "ScalingDisabled" => return "0 replicas switch it off".to_owned(),
        "AboveMaxReplicas" => return format!("above maxReplicas {}: cut at once", scaler.max),
        "BelowMinReplicas" => return format!("below minReplicas {}: raised at once", scaler.min),
        _ => {}
    }
    let readings = scaler.metrics.iter().zip(&step.readings);
    let mut words: Vec<String> = readings.map(|(metric, reading)| said(metric, reading)).collect();
    match (step.proposal, step.stabilized) {
        (None, _) if step.readings.iter().any(|reading| reading.error.is_none()) => {
            words.push("nothing shrinks while a metric fails".to_owned());
        }
        (None, _) => words.push("no metric can be used".to_owned()),
        (Some(proposal), Some(held)) if held > proposal => {
            words.push(format!("held at {held} by the scale-down window"));
        }
        (Some(proposal), Some(held)) if held < proposal => {
            words.push(format!("held at {held} by the scale-up window"));
        }
        _ => {}
    }
    let limit = step.conditions.iter().find(|c| c.kind == "ScalingLimited" && c.status == "True");
    if let (Some(limit), Some(_)) = (limit, step.proposal) {
        words.push(limit.reason.clone());
    }
    words.join("; ")
}

/// What a metric said, and what it asked for.
fn said(metric: &ScalerMetric, reading: &HpaReading) -> String {
    let resource = metric.resource.as_deref().unwrap_or_default();
    let level = match (reading.value, reading.target, reading.unit) {
        (Some(value), Some(target), Some(unit)) => {
            format!(" {}, target {}", level_text(resource, value, unit), aim_text(resource, target, unit))
        }
        _ => String::new(),
    };
    let others: Vec<String> =
        [("unready", reading.unready), ("without a sample", reading.missing), ("ignored", reading.ignored)]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| format!("{count} {name}"))
            .collect();
    let pods = match others.is_empty() {
        true => String::new(),
        false => format!(" ({} counted, {})", reading.ready, others.join(", ")),
    };
    match (&reading.error, reading.replicas) {
        (Some(error), _) => format!("{} failed: {error}{pods}", metric.name),
        (None, replicas) => {
            format!("{}{level}{pods}: asks for {}", metric.name, replicas.unwrap_or_default())
        }
    }
}

/// The table of `kubectl describe hpa`.
fn write_conditions(conditions: &[HpaCondition], out: &mut dyn Write) -> io::Result<()> {
    let width = |of: fn(&HpaCondition) -> &str, title: &str| {
        conditions.iter().map(|c| of(c).len()).chain([title.len()]).max().unwrap_or(0)
    };
    let kind = width(|c| &c.kind, "Type");
    let reason = width(|c| &c.reason, "Reason");
    writeln!(out, "\nConditions at the end:")?;
    let mut line = |cells: [&str; 4]| {
        writeln!(out, "  {:kind$}  {:6}  {:reason$}  {}", cells[0], cells[1], cells[2], cells[3])
    };
    line(["Type", "Status", "Reason", "Message"])?;
    for c in conditions {
        line([&c.kind, &c.status, &c.reason, &c.message])?;
    }
    Ok(())
}
