//! The first screen: what a run says, on 25 lines of 100 columns.
//!
//! The range comes before the point, guesses before figures, expectations before everything. All
//! of it is drawn from a stored result, so `podloss report` shows what `podloss run` showed.

mod causes;
mod compare;
mod headline;
mod margins;
pub(super) mod number;
mod paint;
mod scale_out;
mod spark;
#[cfg(test)]
mod tests;
mod unmeasured;

use std::io::{self, Write};

use super::result::StoredResult;
use crate::study::Judgement;

pub use compare::write_table;

pub(super) use number::about;
pub use number::{counted, cut};
pub(super) use paint::{Line, Tone};

/// Columns of a screen.
pub const WIDTH: usize = 100;
/// Lines of a screen.
pub const HEIGHT: usize = 25;
/// At most so many expectations are shown.
const MOST_EXPECTATIONS: usize = 3;

/// Writes the first screen of one result, with ANSI colours where the terminal shows them.
///
/// # Errors
/// What the destination says.
pub fn write(result: &StoredResult, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    for line in screen(result) {
        writeln!(out, "{}", line.render(colour))?;
    }
    Ok(())
}

fn screen(result: &StoredResult) -> Vec<Line> {
    let mut top = expectations(result);
    top.extend(headline::lines(result));
    // Rows of the three tables share what is left; the longest table gives way first.
    let tables = [causes::rows(result), margins::rows(result), unmeasured::rows(result)];
    let frames = 3 + usize::from(!result.margins.is_empty()) + usize::from(!tables[2].is_empty());
    let closing = headline::closing(result);
    let over_time = [spark::lines(result), scale_out::lines(result)].concat();
    let extra = causes::also(result, 0).len() + over_time.len() + closing.len();
    let room = HEIGHT.saturating_sub(top.len() + frames + extra);
    let shown =
        share(room, [&tables[0], &tables[1], &tables[2]].map(|rows| rows.iter().map(Vec::len).collect()));
    let [causes, margins, unmeasured] = tables;
    let mut lines = top;
    let hidden = causes.len() - shown[0];
    if !causes.is_empty() {
        lines.push(causes::header());
        lines.extend(causes.into_iter().take(shown[0]).flatten());
    }
    lines.extend(causes::also(result, hidden));
    lines.extend(over_time);
    if !margins.is_empty() {
        lines.push(Line::blank());
        lines.push(margins::header());
        lines.extend(margins.into_iter().take(shown[1]).flatten());
    }
    if !unmeasured.is_empty() {
        lines.push(Line::blank());
        lines.push(unmeasured::header(result));
        lines.extend(unmeasured.into_iter().take(shown[2]).flatten());
    }
    lines.extend(closing);
    lines
}

/// How many rows of each table fit into `room` lines, given the lines of each row: the table that
/// takes most lines gives up its last row until all fit, but every table keeps two rows, or one
/// where two do not fit.
fn share(room: usize, tables: [Vec<usize>; 3]) -> [usize; 3] {
    let mut rows = tables.each_ref().map(Vec::len);
    let taken = |rows: &[usize; 3], i: usize| tables[i][..rows[i]].iter().sum::<usize>();
    for least in [2, 1] {
        while (0..3).map(|i| taken(&rows, i)).sum::<usize>() > room {
            let longer = (0..3).filter(|i| rows[*i] > least);
            let Some(longest) = longer.max_by_key(|i| taken(&rows, *i)) else { break };
            rows[longest] -= 1;
        }
    }
    rows
}

fn expectations(result: &StoredResult) -> Vec<Line> {
    // Those that do not hold come first.
    let mut all: Vec<_> = result.expectations.iter().collect();
    all.sort_by_key(|judged| match judged.verdict {
        Judgement::Fail => 0,
        Judgement::Inconclusive => 1,
        Judgement::Hold => 2,
    });
    let mut lines = Vec::new();
    for judged in all.iter().take(MOST_EXPECTATIONS) {
        let (word, tone) = match judged.verdict {
            Judgement::Hold => ("holds", Tone::Good),
            Judgement::Fail => ("FAILS", Tone::Bad),
            Judgement::Inconclusive => ("inconclusive", Tone::Warning),
        };
        let claim = format!("{} {}", judged.metric, judged.is);
        let mut line = Line::toned(format!("{word:<13}"), tone);
        line.push(&number::cut(&format!("{claim:<32} {}", judged.detail), WIDTH - 13));
        lines.push(line);
    }
    if all.len() > MOST_EXPECTATIONS {
        lines.push(Line::plain(format!("and {} more expectations", all.len() - MOST_EXPECTATIONS)));
    }
    lines
}
