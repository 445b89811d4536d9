//! A suite on a terminal: a line per scenario, and at the end what did not hold once more.

use std::io::{self, Write};

use super::{Outcome, Tested, Verdict, counts};
use crate::report::text::{Line, Tone, cut};
use crate::study::{Judged, Judgement};

/// Writes the line of one scenario.
///
/// # Errors
/// What the destination says.
pub fn write_line(tested: &Tested, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let (word, tone) = match tested.verdict() {
        Verdict::Pass => ("pass", Tone::Good),
        Verdict::Inconclusive => ("OPEN", Tone::Warning),
        Verdict::Fail => ("FAIL", Tone::Bad),
        Verdict::Broken => ("BROKEN", Tone::Bad),
    };
    let mut line = Line::toned(format!("{word:<7}"), tone);
    line.push(&format!("{:<50} {}", cut(&tested.file, 50), summary(tested)));
    writeln!(out, "{}", line.render(colour))
}

fn summary(tested: &Tested) -> String {
    match &tested.outcome {
        Outcome::Broken(errors) => cut(errors.first().map_or("", String::as_str), 42),
        Outcome::Judged(all) => match tested.open().count() {
            0 if all.len() == 1 => "1 holds".to_owned(),
            0 => format!("{} hold", all.len()),
            open => format!("{open} of {} not held", all.len()),
        },
    }
}

/// Writes what did not hold, scenario by scenario, and how many ended how.
///
/// # Errors
/// What the destination says.
pub fn write_failures(all: &[Tested], colour: bool, out: &mut dyn Write) -> io::Result<()> {
    for tested in all.iter().filter(|tested| tested.verdict() != Verdict::Pass) {
        writeln!(out, "\n{}", Line::toned(tested.file.clone(), Tone::Strong).render(colour))?;
        for judged in tested.open() {
            let (word, tone) = match judged.verdict {
                Judgement::Inconclusive => ("inconclusive", Tone::Warning),
                _ => ("FAILS", Tone::Bad),
            };
            let mut line = Line::toned(format!("  {word:<13}"), tone);
            line.push(&cut(&claim(judged), 85));
            writeln!(out, "{}", line.render(colour))?;
        }
        if let Outcome::Broken(errors) = &tested.outcome {
            errors.iter().flat_map(|error| error.lines()).try_for_each(|line| writeln!(out, "  {line}"))?;
        }
    }
    writeln!(out, "\n{}", counts(all))
}

/// `lost == 0: 8,060 per run ...`.
pub(super) fn claim(judged: &Judged) -> String {
    format!("{} {}: {}", judged.metric, judged.is, judged.detail)
}
