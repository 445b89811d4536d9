//! `timeline.csv`: requests per second over all runs beside the pods of run 1.

use std::io::{self, Write};

use super::StoredResult;
use crate::model::outcome::Status;
use crate::study::CountsAt;

/// Writes one row per row of the series (a second, in runs up to a day). Requests are means over
/// runs; pods are those of run 1 at the beginning of the row.
///
/// # Errors
/// What the destination says.
pub fn write_timeline(result: &StoredResult, out: &mut dyn Write) -> io::Result<()> {
    let series = &result.total.series;
    let length_s = series.row_length().as_secs_f64();
    let statuses: Vec<Status> =
        Status::ALL.iter().copied().filter(|status| result.total.statuses[*status as usize] > 0).collect();
    write!(out, "t_s,offered_per_s,lost_per_s")?;
    for status in &statuses {
        write!(out, ",{status}_per_s")?;
    }
    writeln!(out, ",mean_ms,max_ms,replicas,starting,ready,terminating,in_rotation")?;
    let runs = result.runs.len().max(1) as f64;
    let rate = |count: u32| f64::from(count) / runs / length_s;
    for (row, index) in series.rows().iter().zip(0_u32..) {
        let at_s = f64::from(index) * length_s;
        write!(out, "{at_s},{:.4},{:.4}", rate(row.offered), rate(row.lost()))?;
        for status in &statuses {
            write!(out, ",{:.4}", rate(row.finished[*status as usize]))?;
        }
        match row.ok() {
            0 => write!(out, ",,")?,
            ok => {
                let mean_ms = row.ok_latency_us as f64 / f64::from(ok) / 1e3;
                write!(out, ",{mean_ms:.3},{:.3}", row.ok_latency_max_us as f64 / 1e3)?;
            }
        }
        let at_ns = (at_s * 1e9) as i64;
        let pods = result.first.counts_at(at_ns);
        let replicas = result.first.desired_at(at_ns).map_or_else(String::new, |n| n.to_string());
        let CountsAt { starting, ready, terminating, in_rotation, .. } = pods;
        writeln!(out, ",{replicas},{starting},{ready},{terminating},{in_rotation}")?;
    }
    Ok(())
}
