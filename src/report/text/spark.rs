//! Losses and pods over time in a few characters.

use super::paint::Line;
use crate::report::result::StoredResult;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Characters of a sparkline.
const CELLS: usize = 24;
/// Numbers of pods beside it.
const SAMPLES: usize = 6;

/// One line, or none where nothing happened in time.
pub(super) fn lines(result: &StoredResult) -> Vec<Line> {
    let rows = result.total.series.rows();
    if rows.is_empty() {
        return Vec::new();
    }
    let length_s = result.total.series.row_length().as_secs_f64();
    let row_of = |seconds: f64| (seconds / length_s) as usize;
    let window = match rows.iter().rposition(|row| row.lost() > 0) {
        Some(last) => {
            let first = rows.iter().position(|row| row.lost() > 0).unwrap_or(0);
            let from = first.min(row_of(result.first_event_s()));
            // A little before and after, so that a rise and a fall are seen.
            let border = ((last - from) / 10).max(1);
            from.saturating_sub(border)..(last + 1 + border).min(rows.len())
        }
        None => 0..rows.len(),
    };
    let lossy = result.total.lost() > 0;
    let value = |index: usize| if lossy { rows[index].lost() } else { rows[index].offered };
    let cells = bins(window.clone(), CELLS)
        .map(|bin| bin.clone().map(|i| f64::from(value(i))).sum::<f64>() / bin.len().max(1) as f64);
    let bars = sparkline(&cells.collect::<Vec<_>>());
    let name = if lossy { "lost/s" } else { "rps" };
    let rotation: Vec<String> = bins(window.clone(), SAMPLES)
        .map(|bin| {
            let pods = bin.map(|i| result.first.counts_at((i as f64 * length_s * 1e9) as i64).in_rotation);
            pods.min().unwrap_or(0).to_string()
        })
        .collect();
    let most = result.runs.iter().map(|run| run.max_pods).max().unwrap_or(0);
    let (from, to) = (window.start as f64 * length_s, window.end as f64 * length_s);
    vec![Line::plain(format!(
        " {name} {bars} {from:.0}..{to:.0} s   in rotation {}   pods incl. terminating: max {most}",
        rotation.join(" ")
    ))]
}

/// Splits a range into at most `count` parts of nearly equal length.
fn bins(range: std::ops::Range<usize>, count: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let (start, length) = (range.start, range.len());
    let count = count.min(length).max(1);
    (0..count).map(move |i| start + i * length / count..start + (i + 1) * length / count)
}

fn sparkline(values: &[f64]) -> String {
    let most = values.iter().copied().fold(0.0, f64::max);
    let bar = |value: &f64| match *value > 0.0 {
        // The lowest bar is kept for nothing at all.
        true => BARS[(1.0 + value / most * 6.0).round() as usize],
        false => BARS[0],
    };
    values.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_rise_with_values_and_nothing_is_lowest() {
        assert_eq!(sparkline(&[0.0, 0.01, 5.0, 10.0]), "▁▂▅█");
        assert_eq!(sparkline(&[0.0, 0.0]), "▁▁");
        let parts: Vec<_> = bins(2..9, 3).collect();
        assert_eq!(parts, [2..4, 4..6, 6..9]);
        assert_eq!(bins(0..2, 24).count(), 2);
    }
}
