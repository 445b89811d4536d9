//! The machine-readable forms.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{ReplayReport, Variant, why};
use crate::hpa_replay::{Follow, Step};
use crate::model::hpa::Path;
use crate::report::csv::quoted;
use crate::units::SimTime;

impl ReplayReport {
    /// One object: summaries, every change, and the comparison with the real controller. Times
    /// are seconds on the recording's clock.
    pub fn to_json(&self) -> Value {
        let agreement = self.agreement.as_ref().map(|agreement| {
            let differences = agreement.differences.iter().map(|difference| {
                json!({
                    "t_s": seconds(difference.step.at),
                    "before": difference.before,
                    "observed": difference.observed,
                    "replayed": difference.replayed,
                    "reason": difference.reason.as_str(),
                })
            });
            json!({
                "intervals": agreement.compared,
                "equal": agreement.equal,
                "changes": agreement.changes,
                "equal_changes": agreement.equal_changes,
                "differences": differences.collect::<Vec<_>>(),
            })
        });
        json!({
            "schema": "podloss-hpa-replay/1",
            "title": self.title,
            "sync_period_s": self.sync_period.as_secs_f64(),
            "follows": match self.follow {
                Follow::Replay => "replay",
                Follow::Recorded => "recorded",
            },
            "startup_s": self.startup.as_secs_f64(),
            "kubernetes": self.kubernetes,
            "autoscalers": self.variants.iter().map(variant_json).collect::<Vec<_>>(),
            "agreement": agreement,
            "unknown": self.unknowns(),
            "warnings": self.warnings,
        })
    }

    /// Every sync of every autoscaler, one line each.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "autoscaler,t_s,current,ready,ratio,proposal,stabilized,desired,able,limit,failed")?;
        for variant in &self.variants {
            for step in &variant.steps {
                write_line(out, variant, step)?;
            }
        }
        Ok(())
    }
}

fn variant_json(variant: &Variant) -> Value {
    let summary = &variant.summary;
    let changes = variant.steps.iter().filter(|step| step.desired != step.current).map(|step| {
        json!({
            "t_s": seconds(step.at),
            "current": step.current,
            "desired": step.desired,
            "ratio": step.ratio.filter(|ratio| ratio.is_finite()),
            "proposal": step.proposal,
            "stabilized": step.stabilized,
            "reason": why(step, variant),
        })
    });
    json!({
        "name": variant.name,
        "min_replicas": variant.bounds.0,
        "max_replicas": variant.bounds.1,
        "syncs": summary.syncs,
        "failed_syncs": summary.failed,
        "steps_up": summary.ups,
        "steps_down": summary.downs,
        "flaps": summary.flaps,
        "replicas": { "min": summary.replicas.0, "mean": summary.replicas.2, "max": summary.replicas.1 },
        "pod_hours": summary.pod_hours,
        "above_target_s": summary.above_target.as_secs_f64(),
        "beyond_tolerance_s": summary.beyond_tolerance.as_secs_f64(),
        "wanted_more_s": summary.wanted_more.as_secs_f64(),
        "changes": changes.collect::<Vec<_>>(),
    })
}

/// Whole seconds without a fraction.
fn seconds(at: SimTime) -> Value {
    let nanos = at.since(SimTime::START).0;
    if nanos.is_multiple_of(1_000_000_000) {
        (nanos / 1_000_000_000).into()
    } else {
        (nanos as f64 / 1e9).into()
    }
}

fn write_line(out: &mut dyn Write, variant: &Variant, step: &Step) -> io::Result<()> {
    write!(out, "{},{},{},{},", quoted(&variant.name), seconds(step.at), step.current, step.ready)?;
    if let Some(ratio) = step.ratio {
        write!(out, "{ratio}")?;
    }
    for size in [step.proposal, step.stabilized] {
        write!(out, ",")?;
        if let Some(size) = size {
            write!(out, "{size}")?;
        }
    }
    let limit = match step.path {
        Path::Metrics => step.limit.as_str(),
        Path::Disabled => "ScalingDisabled",
        Path::AboveMaximum => "AboveMaximum",
        Path::BelowMinimum => "BelowMinimum",
    };
    writeln!(out, ",{},{},{limit},{}", step.desired, step.able, step.failed)
}
