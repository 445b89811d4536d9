//! Which points are best.

use super::row::Row;
use crate::study::{Aim, Metric};

/// What is best.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The metric's name.
    pub name: String,
    /// The metric.
    pub metric: Metric,
}

/// The simulated points, the best first: by the metric, then by fewer lost requests, then by fewer
/// pod-hours, then by their place in the plan. Points with an unfinished rollout come last: whoever
/// never ends loses little.
pub fn best<'r>(rows: &'r [Row], order: &Order) -> Vec<&'r Row> {
    let sign = if order.metric.aim() == Aim::More { -1.0 } else { 1.0 };
    let value = |row: &Row, name: &str| row.measured(name).map_or(f64::INFINITY, |m| m.mean);
    let key = |row: &Row| {
        let own = row.measured(&order.name).map_or(f64::INFINITY, |m| sign * m.mean);
        (row.figures().is_some_and(|f| f.unfinished > 0), [own, value(row, "lost"), value(row, "pod_hours")])
    };
    let mut all: Vec<_> =
        rows.iter().filter(|row| row.figures().is_some()).map(|row| (key(row), row)).collect();
    all.sort_by(|(a, left), (b, right)| {
        let by_value = a.1.iter().zip(&b.1).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne());
        a.0.cmp(&b.0).then(by_value.unwrap_or(std::cmp::Ordering::Equal)).then(left.point.cmp(&right.point))
    });
    all.into_iter().map(|(_, row)| row).collect()
}
