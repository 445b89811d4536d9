//! Several configurations side by side.

use std::io::{self, Write};

use super::number::{about, cut};
use super::paint::{Line, Tone};
use crate::report::result::StoredResult;
use crate::stats::Summary;
use crate::study::{Judgement, Verdict};

/// Writes one row per result: whether and how much it loses, the main cause and what ends it.
///
/// # Errors
/// What the destination says.
pub fn write_table(results: &[StoredResult], colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let header = format!(
        "{:<28} {:>9} {:>9} {:>16} {:>8} {:>9}  {:<13}",
        "scenario", "with loss", "lost/run", "plausible", "p99 ms", "pod-hours", "expectations"
    );
    writeln!(out, "{}", Line::toned(header, Tone::Faint).render(colour))?;
    for result in results {
        writeln!(out, "{}", row(result).render(colour))?;
    }
    for result in results {
        if let Some(remedy) = result.remedies.first() {
            let text =
                format!("{}: {} {}: {}", result.header.name, remedy.status, remedy.cause, remedy.short);
            writeln!(out, "{}", cut(&text, super::WIDTH))?;
        }
    }
    Ok(())
}

fn row(result: &StoredResult) -> Line {
    let runs = result.runs.len();
    let hits = result.runs.iter().filter(|run| run.lost > 0).count();
    let mean = |of: fn(&crate::study::RunSummary) -> f64| {
        Summary::of(&result.runs.iter().map(of).collect::<Vec<_>>()).map_or(0.0, |s| s.mean)
    };
    let (lo, hi) = result.answer.lost_range;
    let plausible =
        if result.answer.varied == 0 { "-".to_owned() } else { format!("{}..{}", about(lo), about(hi)) };
    let p99 =
        result.total.latency_ok.quantile(0.99).map_or("-".to_owned(), |ns| format!("{:.0}", ns as f64 / 1e6));
    let pod_hours = mean(|run| run.pod_ns as f64 / 3.6e12);
    let tone = match result.answer.verdict {
        Verdict::Never => Tone::Good,
        Verdict::Always => Tone::Bad,
        Verdict::Depends | Verdict::Unknown => Tone::Warning,
    };
    let mut line = Line::plain(format!("{:<28} ", cut(&result.header.name, 28)));
    line.push_toned(&format!("{:>9}", format!("{hits}/{runs}")), tone);
    line.push(&format!(
        " {:>9} {plausible:>16} {p99:>8} {pod_hours:>9.2}  ",
        about(mean(|run| run.lost as f64))
    ));
    let (word, tone) = expectations(result);
    line.push_toned(&word, tone);
    line
}

fn expectations(result: &StoredResult) -> (String, Tone) {
    let all = result.expectations.len();
    let count = |verdict| result.expectations.iter().filter(|e| e.verdict == verdict).count();
    match (count(Judgement::Fail), count(Judgement::Inconclusive)) {
        _ if all == 0 => ("-".to_owned(), Tone::Plain),
        (0, 0) => (format!("{all} hold"), Tone::Good),
        (0, open) => (format!("{open} inconclusive"), Tone::Warning),
        (failed, _) => (format!("{failed} of {all} FAIL"), Tone::Bad),
    }
}
