//! The table of margins.

use super::number::{cut, seconds};
use super::paint::{Line, Tone};
use crate::report::result::StoredResult;
use crate::study::Margin;

pub(super) fn header() -> Line {
    Line::toned(format!(" {:<34} {:>10}   {:<18} {:>10}", "margin", "have", "need", "slack"), Tone::Faint)
}

/// The rows, those that are lacking first.
pub(super) fn rows(result: &StoredResult) -> Vec<Vec<Line>> {
    let mut margins: Vec<&Margin> = result.margins.iter().collect();
    margins.sort_by_key(|margin| margin.slack >= 0.0);
    margins.into_iter().map(|margin| vec![row(margin)]).collect()
}

fn row(margin: &Margin) -> Line {
    let value = |value: f64| match margin.unit.as_str() {
        "s" => format!("{} s", seconds(value)),
        _ => format!("{value:.1}"),
    };
    let need = match margin.need_range {
        Some((lo, hi)) if hi > lo => format!("{} ({}..{})", value(margin.need), seconds(lo), seconds(hi)),
        _ => value(margin.need),
    };
    let sign = if margin.slack > 0.0 { "+" } else { "" };
    let unit = if margin.unit == "s" { String::new() } else { format!(" {}", margin.unit) };
    let mut line =
        Line::plain(format!(" {:<34} {:>10}   {need:<18} ", cut(&margin.label, 34), value(margin.have)));
    let lacking = margin.slack < 0.0;
    let tone = match margin.share_of_loss > 0.0 {
        true if lacking => Tone::Bad,
        false if lacking => Tone::Warning,
        _ => Tone::Plain,
    };
    line.push_toned(&format!("{:>10}{unit}", format!("{sign}{}", value(margin.slack))), tone);
    if margin.share_of_loss > 0.0 {
        line.push(&format!("   {:.0} % of the loss", 100.0 * margin.share_of_loss));
    } else if lacking {
        line.push("   none of the loss");
    }
    line
}
