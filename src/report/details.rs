//! What the first screen has no room for: remedies in full, what the autoscaler did and why, every
//! assumption with its source, everything that plays no part.

use std::io::{self, Write};

use super::result::{Assumed, StoredResult};
use super::scaling;

/// Writes the details of one result.
///
/// # Errors
/// What the destination says.
pub fn write(result: &StoredResult, out: &mut dyn Write) -> io::Result<()> {
    let header = &result.header;
    if !result.remedies.is_empty() {
        writeln!(out, "\nWhat ends it:")?;
        for remedy in &result.remedies {
            writeln!(out, "  {} {}: {}", remedy.status, remedy.cause, remedy.full)?;
        }
    }
    rollouts(result, out)?;
    drains(result, out)?;
    scaling::write(&result.first, out)?;
    if !header.assumptions.is_empty() {
        writeln!(out, "\nInputs that no file gives:")?;
        table(&header.assumptions.iter().map(assumption).collect::<Vec<_>>(), out)?;
    }
    if !header.not_modelled.is_empty() {
        writeln!(out, "\nRead, and without effect in the model:")?;
        for field in &header.not_modelled {
            writeln!(out, "  {}: {}", field.object, field.field)?;
        }
    }
    writeln!(
        out,
        "\npodloss {}, model {}, seed {}, {} of {} runs, inputs {}",
        header.podloss,
        header.model,
        header.seed,
        result.runs.len(),
        header.runs,
        header.hash,
    )
}

/// What the rollouts of the first run took, and what they should.
fn rollouts(result: &StoredResult, out: &mut dyn Write) -> io::Result<()> {
    if result.first.rollouts.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nRollouts of the first run:")?;
    for rollout in &result.first.rollouts {
        let begun = rollout.start_ns as f64 / 1e9;
        let end = match rollout.end_ns {
            Some(end) => format!("took {:.0} s", end as f64 / 1e9 - begun),
            None => "not over when the run ended".to_owned(),
        };
        let late = rollout
            .deadline_exceeded_ns
            .map_or_else(String::new, |at| format!(", ProgressDeadlineExceeded at {:.0} s", at as f64 / 1e9));
        writeln!(out, "  at {begun:.0} s: {end}{late}")?;
    }
    let Some(expected) = &result.header.rollout else { return Ok(()) };
    let ((total_lo, total_hi), (wave_lo, wave_hi)) = (expected.total_s(), expected.wave_s);
    writeln!(
        out,
        "  {total_lo:.0}..{total_hi:.0} s expected: {} of {} pods at once, {} times {wave_lo:.0}..{wave_hi:.0} s until a new pod is available",
        expected.at_once,
        expected.replicas,
        expected.waves(),
    )
}

/// What the drains of the first run took, and how often they were refused.
fn drains(result: &StoredResult, out: &mut dyn Write) -> io::Result<()> {
    if result.first.drains.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nDrains of the first run:")?;
    for drain in &result.first.drains {
        let begun = drain.start_ns as f64 / 1e9;
        let end = match drain.end_ns {
            Some(end) => format!("took {:.0} s", end as f64 / 1e9 - begun),
            None => "NOT finished when the run ended".to_owned(),
        };
        let refused = drain.refused_by.as_ref().map_or_else(String::new, |budget| {
            let times =
                if drain.refused == 1 { "once".to_owned() } else { format!("{} times", drain.refused) };
            format!(", refused {times} by {budget}")
        });
        writeln!(out, "  at {begun:.0} s: {end}{refused}")?;
    }
    Ok(())
}

fn assumption(assumed: &Assumed) -> [String; 5] {
    let range = assumed.range.as_ref().map_or(String::new(), |(lo, hi)| format!("{lo}..{hi}"));
    let origin = format!("{}: {}", assumed.origin, assumed.source);
    [assumed.label.clone(), assumed.value.clone(), range, assumed.set_with.clone(), origin]
}

/// Columns as wide as their widest cell; the last one ends where it ends.
fn table(rows: &[[String; 5]], out: &mut dyn Write) -> io::Result<()> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 4] = std::array::from_fn(width);
    for row in rows {
        for (cell, width) in row.iter().zip(widths) {
            write!(out, "  {cell:width$}")?;
        }
        writeln!(out, "  {}", row[4])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::testing::case;
    use crate::study::{Options, Quiet, run};

    #[test]
    fn nothing_that_was_assumed_or_left_out_is_missing() {
        let study = run(&case, Options { central_only: true, ..Options::default() }, &Quiet, &|| false);
        let result = StoredResult::new(study.expect("a study")).expect("expectations that can be judged");
        let mut text = Vec::new();
        write(&result, &mut text).expect("memory takes everything");
        let text = String::from_utf8(text).expect("text");
        for words in [
            "\nWhat ends it:\n  502 listener_closed: ",
            "  removal of the test     4s    1s..10s       --removal     guess: a test\n",
            "  kubernetes of the test  1.35                --kubernetes  guess: a test\n",
            "  Deployment/web: spec.template.spec.hostNetwork\n",
            "model 1, seed 1, 6 of 6 runs, inputs 0123456789abcdef\n",
        ] {
            assert!(text.contains(words), "{words} is missing in\n{text}");
        }
    }
}
