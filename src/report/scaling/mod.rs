//! What the autoscaler did in run 1, for people who want to follow it: one line per sync, the
//! conditions at the end as `kubectl describe hpa` shows them, and how long each step up took to
//! bear fruit, stage by stage.

mod budget;
mod log;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

pub(super) use budget::{parts, since};

use crate::study::FirstRun;

/// Writes all of it; nothing where there is no autoscaler.
///
/// # Errors
/// What the destination says.
pub(super) fn write(first: &FirstRun, out: &mut dyn Write) -> io::Result<()> {
    let Some(scaler) = &first.scaler else { return Ok(()) };
    log::write(scaler, &first.hpa, out)?;
    budget::write(&first.scale_outs, out)
}

/// A time of the run.
fn clock(at_ns: i64) -> String {
    format!("{:+.1} s", at_ns as f64 / 1e9)
}
