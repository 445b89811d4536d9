//! `-o csv`: one row per run.

use std::io::{self, Write};

use super::StoredResult;
use crate::model::outcome::{Method, Status};
use crate::report::csv::quoted;
use crate::study::RunSummary;

/// Writes one row per run of each result, with a header row.
///
/// # Errors
/// What the destination says.
pub fn write_csv(results: &[StoredResult], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "scenario,run,total,ok,lost,lost_get,lost_post,in_flight_at_end")?;
    for status in lost_statuses() {
        write!(out, ",{status}")?;
    }
    writeln!(
        out,
        ",sent_twice,executed_but_5xx,mean_ms,p50_ms,p90_ms,p99_ms,p999_ms,max_ms,\
         replicas_min,replicas_max,replicas_final,pods_max,pod_seconds,rollout_s,end_s"
    )?;
    for result in results {
        for run in &result.runs {
            row(&result.header.name, run, out)?;
        }
    }
    Ok(())
}

fn lost_statuses() -> impl Iterator<Item = &'static Status> {
    Status::ALL.iter().filter(|status| **status != Status::Ok)
}

fn row(name: &str, run: &RunSummary, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{},{},{},{},{}", quoted(name), run.run, run.total, run.ok, run.lost)?;
    write!(out, ",{},{},{}", run.lost_of(Method::Get), run.lost_of(Method::Post), run.in_flight_at_end)?;
    for status in lost_statuses() {
        write!(out, ",{}", run.statuses.get(status).copied().unwrap_or(0))?;
    }
    write!(out, ",{},{}", run.sent_twice, run.executed_but_5xx)?;
    // A run without an answer has no latency: empty cells.
    let mean = (run.ok > 0).then(|| run.latency_ok_ns as f64 / run.ok as f64);
    write!(out, ",{}", cell(mean.map(|ns| ns / 1e6)))?;
    for index in 0..5 {
        write!(out, ",{}", cell(run.latency_quantiles_ns.map(|q| q[index] as f64 / 1e6)))?;
    }
    write!(out, ",{},{},{},{}", run.replicas_min, run.replicas_max, run.replicas_final, run.max_pods)?;
    let rollout = run.rollout_ns.map(|ns| ns as f64 / 1e9);
    writeln!(out, ",{:.3},{},{:.3}", run.pod_ns as f64 / 1e9, cell(rollout), run.end_ns as f64 / 1e9)
}

fn cell(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.3}"))
}
