//! Which row of a recording feeds which metric, and what its numbers count.

use std::collections::BTreeMap;

use super::recording::{Point, Recording, Series};
use super::run::ReplayError;
use crate::model::hpa::{HpaSpec, MetricSource, MetricSpec};

/// What a recorded number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Mean use of the pods in percent of their requests.
    Percent,
    /// Mean use of the pods as a share of their requests: 0.6 is 60 %.
    Share,
    /// Mean of the pods, in the metric's own unit.
    PerPod,
    /// All pods together, or the whole of an Object or External metric, in the metric's own unit.
    Total,
}

impl Counts {
    /// Names for flags and messages.
    pub const WORDS: [(&'static str, Counts); 4] = [
        ("percent", Counts::Percent),
        ("share", Counts::Share),
        ("per-pod", Counts::PerPod),
        ("total", Counts::Total),
    ];

    /// The name.
    pub fn as_str(self) -> &'static str {
        Counts::WORDS.iter().find(|(_, counts)| *counts == self).map_or("total", |(word, _)| word)
    }
}

/// One metric of an autoscaler with the row that feeds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The row.
    pub values: Series,
    /// What it counts.
    pub counts: Counts,
    /// Multiplies a recorded number to give the unit of the target: percent for a Utilization
    /// target, the metric's own unit for the others.
    pub(super) scale: f64,
}

impl Input {
    /// Whether a number stands for all pods together.
    pub(super) fn is_total(&self) -> bool {
        self.counts == Counts::Total
    }
}

/// Names under which a recording holds the number of pods, the best first.
const FLEET: [&str; 8] = [
    "replicas",
    "current_replicas",
    "kube_horizontalpodautoscaler_status_current_replicas",
    "kube_deployment_status_replicas",
    "kube_deployment_spec_replicas",
    "kube_horizontalpodautoscaler_status_desired_replicas",
    "desired_replicas",
    "desired",
];

fn is_fleet(series: &Series) -> bool {
    FLEET.contains(&series.name.as_str())
}

/// The recorded number of pods: a row with a usual name (`replicas`, or a metric of
/// kube-state-metrics), else the number of pods that have a row of their own at each time.
pub fn fleet_of(recording: &Recording) -> Option<Series> {
    let named = FLEET.iter().find_map(|name| recording.series.iter().find(|series| series.name == *name));
    if let Some(series) = named {
        return Some(series.clone());
    }
    let groups = groups(recording);
    let by_pod = groups.values().find(|rows| has_pods(rows))?;
    let points = by_time(by_pod).into_iter().map(|(at, values)| Point { at, value: values.len() as f64 });
    Some(Series { name: "replicas".to_owned(), points: points.collect(), ..Series::default() })
}

/// Finds a row for every metric: by name, or because there is only one of each.
///
/// Rows that differ only in their label `pod` are one metric with a value per pod. `counts` says
/// what the numbers count; without it that follows from the target. `capacity` is what one pod
/// does at 100 % of its request, in the unit of the row; Utilization targets need it unless
/// percent or shares are recorded.
///
/// # Errors
/// If a metric has no row or several, or if the numbers cannot be held against its target.
pub fn assign(
    hpa: &HpaSpec,
    recording: &Recording,
    counts: Option<Counts>,
    capacity: Option<f64>,
) -> Result<Vec<Input>, ReplayError> {
    let groups = groups(recording);
    let known = || groups.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    hpa.metrics
        .iter()
        .map(|metric| {
            let name = name_of(&metric.source);
            let only =
                (hpa.metrics.len() == 1 && groups.len() == 1).then(|| groups.values().next()).flatten();
            let rows = groups
                .get(name)
                .or(only)
                .ok_or_else(|| ReplayError::NoRow { metric: name.to_owned(), rows: known() })?;
            let (counts, scale) = unit_of(metric, counts, capacity, has_pods(rows))?;
            Ok(Input { values: merge(name, rows, counts)?, counts, scale })
        })
        .collect()
}

fn name_of(source: &MetricSource) -> &str {
    match source {
        MetricSource::Resource { resource } | MetricSource::ContainerResource { resource, .. } => resource,
        MetricSource::Pods { metric }
        | MetricSource::Object { metric }
        | MetricSource::External { metric } => metric,
        MetricSource::Unknown { kind } => kind,
    }
}

/// The rows by name, without those that count pods.
fn groups(recording: &Recording) -> BTreeMap<&str, Vec<&Series>> {
    let mut groups: BTreeMap<&str, Vec<&Series>> = BTreeMap::new();
    for series in recording.series.iter().filter(|series| !is_fleet(series)) {
        groups.entry(&series.name).or_default().push(series);
    }
    groups
}

fn has_pods(rows: &[&Series]) -> bool {
    rows.iter().all(|row| row.labels.contains_key("pod"))
}

/// What the numbers count, and the factor to the unit of the target.
fn unit_of(
    metric: &MetricSpec,
    counts: Option<Counts>,
    capacity: Option<f64>,
    by_pod: bool,
) -> Result<(Counts, f64), ReplayError> {
    let title = name_of(&metric.source).to_owned();
    let is_total = matches!(metric.source, MetricSource::Object { .. } | MetricSource::External { .. });
    // The controller prefers the same field where several are given.
    let of_requests = metric.target.average_value.is_none() && metric.target.average_utilization.is_some();
    if !of_requests {
        let counts = counts.unwrap_or(if is_total { Counts::Total } else { Counts::PerPod });
        return match counts {
            Counts::Percent | Counts::Share => {
                Err(ReplayError::NoRequest { metric: title, counts: counts.as_str() })
            }
            Counts::PerPod | Counts::Total => Ok((counts, 1.0)),
        };
    }
    let usual = match (capacity, by_pod) {
        (None, _) => Counts::Percent,
        (Some(_), true) => Counts::PerPod,
        (Some(_), false) => Counts::Total,
    };
    match (counts.unwrap_or(usual), capacity) {
        (Counts::Percent, _) => Ok((Counts::Percent, 1.0)),
        (Counts::Share, _) => Ok((Counts::Share, 100.0)),
        (counts, Some(capacity)) if capacity > 0.0 && capacity.is_finite() => Ok((counts, 100.0 / capacity)),
        (counts, _) => Err(ReplayError::NoCapacity { metric: title, counts: counts.as_str() }),
    }
}

/// Rows of pods by time.
fn by_time(rows: &[&Series]) -> BTreeMap<crate::units::SimTime, Vec<f64>> {
    let mut times: BTreeMap<_, Vec<f64>> = BTreeMap::new();
    for point in rows.iter().flat_map(|row| &row.points) {
        times.entry(point.at).or_default().push(point.value);
    }
    times
}

/// One row out of those of a group: the sum for totals, else the mean.
fn merge(name: &str, rows: &[&Series], counts: Counts) -> Result<Series, ReplayError> {
    if let [row] = rows {
        return Ok((*row).clone());
    }
    if !has_pods(rows) {
        let titles = rows.iter().take(4).map(|row| row.title()).collect::<Vec<_>>().join(", ");
        return Err(ReplayError::SeveralRows { metric: name.to_owned(), rows: titles });
    }
    let points = by_time(rows).into_iter().map(|(at, values)| {
        let sum: f64 = values.iter().sum();
        let value = if counts == Counts::Total { sum } else { sum / values.len() as f64 };
        Point { at, value }
    });
    Ok(Series { name: name.to_owned(), points: points.collect(), ..Series::default() })
}
