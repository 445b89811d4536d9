//! The first step up of run 1 in one line: how long until its pods took traffic, and what took
//! longest. The details have every step with every stage.

use super::WIDTH;
use super::number::{cut, seconds};
use super::paint::Line;
use crate::report::result::StoredResult;
use crate::report::scaling::{parts, since};

/// So many stages are named.
const LONGEST: usize = 2;

/// One line, or none where no autoscaler scaled out.
pub(super) fn lines(result: &StoredResult) -> Vec<Line> {
    let steps = &result.first.scale_outs;
    let Some((step, way)) = steps.iter().find_map(|step| Some((step, step.last?))) else { return Vec::new() };
    let total = way.total_ns() as f64 / 1e9;
    let mut longest: Vec<_> = parts(&way).collect();
    // Stable: of equals the earlier stage.
    longest.sort_by_key(|part| std::cmp::Reverse(part.ns));
    let longest = longest
        .iter()
        .take(LONGEST)
        .map(|part| format!("{} {} s", part.stage, seconds(part.ns as f64 / 1e9)));
    let end = match way.arrived() {
        true => format!("in rotation {} s after {}", seconds(total), since(step)),
        false => format!("not in rotation {} s after {}", seconds(total), since(step)),
    };
    let more = match steps.len() {
        1 => String::new(),
        n => format!(" ({} more: -v)", n - 1),
    };
    let text = format!(
        " scale-out {} -> {}: {end}: {}{more}",
        step.from,
        step.to,
        longest.collect::<Vec<_>>().join(", ")
    );
    vec![Line::plain(cut(&text, WIDTH))]
}
