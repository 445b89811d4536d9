//! Drains, and what refused their evictions.

use serde::{Deserialize, Serialize};

use super::first::ns;
use crate::sim::spec::SimSpec;
use crate::sim::{DrainRecord, RunResult};

/// The drains of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drains {
    /// Those that did not end before the run did.
    pub open: u32,
    /// Evictions that disruption budgets refused, of all drains.
    pub refused: u64,
    /// The budget that refused evictions of a drain that did not end.
    pub refused_by: Option<String>,
}

/// One drain, times in nanoseconds since the beginning of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrainSpan {
    /// When the nodes were cordoned.
    pub start_ns: i64,
    /// When all pods that were on them had gone.
    pub end_ns: Option<i64>,
    /// Evictions that a disruption budget refused.
    pub refused: u64,
    /// The budget that refused the last one.
    pub refused_by: Option<String>,
}

impl Drains {
    /// What a run's line says of them; `None` without any.
    pub(super) fn of(spec: &SimSpec, result: &RunResult) -> Option<Drains> {
        let drains = &result.timeline.drains;
        let open = || drains.iter().filter(|drain| drain.end.is_none());
        (!drains.is_empty()).then(|| Drains {
            open: open().count() as u32,
            refused: drains.iter().map(|drain| drain.refused).sum(),
            refused_by: open().find_map(|drain| budget(spec, drain)),
        })
    }
}

impl DrainSpan {
    pub(super) fn all(spec: &SimSpec, drains: &[DrainRecord]) -> Vec<DrainSpan> {
        let span = |drain: &DrainRecord| DrainSpan {
            start_ns: ns(drain.start),
            end_ns: drain.end.map(ns),
            refused: drain.refused,
            refused_by: budget(spec, drain),
        };
        drains.iter().map(span).collect()
    }
}

fn budget(spec: &SimSpec, drain: &DrainRecord) -> Option<String> {
    let (_, name) = spec.deployments.get(usize::from(drain.refused_by?))?.disruption_budget.as_ref()?;
    Some(name.clone())
}
