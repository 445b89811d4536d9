//! How long answers took.

use super::super::plot::{
    Heading, LatencyChart, LatencyForm, OK, PercentileCurve, QuantileSeries, YAxis, series_colour,
};
use super::super::result::StoredResult;
use super::{events, rollout_spans, shown, words};
use crate::account::Row;

const WHEN_EMPTY: &str = "no request was answered";

/// Mean and slowest answer of every second of run 1.
pub(super) fn over_time(result: &StoredResult) -> LatencyChart {
    let first = &result.first;
    let length = first.series.row_length().as_secs_f64();
    let (from, to) = shown(first).unwrap_or((0.0, f64::INFINITY));
    let points = |of: &dyn Fn(&Row) -> f64| -> Vec<(f64, f64)> {
        let rows = first.series.rows().iter().enumerate().filter(|(_, row)| row.ok() > 0);
        let points = rows.map(|(index, row)| ((index as f64 + 0.5) * length, of(row)));
        points.filter(|(at, _)| (from..=to).contains(at)).collect()
    };
    let mean = points(&|row| row.ok_latency_us as f64 / f64::from(row.ok()) / 1e3);
    let slowest = points(&|row| row.ok_latency_max_us as f64 / 1e3);
    let (typical, top) = (median(&mean), slowest.iter().map(|point| point.1).fold(0.0, f64::max));
    let quantile = |label: &str, colour, points| QuantileSeries { label: label.to_owned(), colour, points };
    LatencyChart {
        heading: Heading::new(over_time_title(result), words::subtitle(result)),
        y: axis(typical, top),
        form: LatencyForm::OverTime {
            quantiles: vec![
                quantile("mean of each second", OK, mean),
                quantile("slowest of each second", series_colour(1), slowest),
            ],
            events: events(result),
            spans: rollout_spans(first),
        },
        when_empty: WHEN_EMPTY.to_owned(),
    }
}

fn over_time_title(result: &StoredResult) -> String {
    let answers = &result.total.latency_ok;
    match (answers.quantile(0.5), answers.quantile(0.99)) {
        (Some(median), Some(p99)) => format!(
            "Half of the answers take up to {}, 99 of 100 up to {}, the slowest {}",
            words::latency(median),
            words::latency(p99),
            words::latency(answers.max()),
        ),
        _ => "No request was answered".to_owned(),
    }
}

/// The distribution over all runs.
pub(super) fn percentiles(result: &StoredResult) -> LatencyChart {
    let answers = &result.total.latency_ok;
    // As many nines as there are answers to tell them apart.
    let nines = libm::log10(answers.count().max(1) as f64).min(6.0);
    const STEPS: u32 = 240;
    let shares = (0..=STEPS).map(|step| 1.0 - libm::pow(10.0, -nines * f64::from(step) / f64::from(STEPS)));
    let point = |share: f64| Some((share * 100.0, answers.quantile(share)? as f64 / 1e6));
    let mut points: Vec<(f64, f64)> = shares.filter_map(point).collect();
    if answers.count() > 0 {
        points.push((100.0, answers.max() as f64 / 1e6));
    }
    let typical = answers.quantile(0.5).unwrap_or_default();
    LatencyChart {
        heading: Heading::new(
            answers.quantile(0.999).map_or("No request was answered".to_owned(), |p999| {
                format!("1 of 1,000 answers takes longer than {}", words::latency(p999))
            }),
            format!("{}; latency of ok answers, {} runs", words::workload(result), result.runs.len()),
        ),
        y: axis(typical as f64, answers.max() as f64),
        form: LatencyForm::ByPercentile(vec![PercentileCurve {
            label: "ok answers".to_owned(),
            colour: series_colour(0),
            points,
        }]),
        when_empty: WHEN_EMPTY.to_owned(),
    }
}

/// One stalled request would press everything else onto a linear axis.
fn axis(typical: f64, top: f64) -> YAxis {
    if top > 40.0 * typical { YAxis::Logarithmic } else { YAxis::Linear }
}

fn median(points: &[(f64, f64)]) -> f64 {
    let mut values: Vec<f64> = points.iter().map(|point| point.1).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
