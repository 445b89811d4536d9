//! A suite on GitHub Actions: annotations, and a table in the summary of the step.

use std::io::{self, Write};

use super::text::claim;
use super::{Outcome, Tested, Verdict, counts};
use crate::report::findings::{escape_data, escape_property};
use crate::study::Judgement;

/// GitHub shows ten annotations of a kind in a step.
const MOST: usize = 10;

/// One workflow command per scenario that does not pass, with a last one for those beyond the ten
/// that GitHub shows.
pub fn annotations(all: &[Tested]) -> Vec<String> {
    let open: Vec<&Tested> = all.iter().filter(|tested| tested.verdict() != Verdict::Pass).collect();
    let shown = if open.len() > MOST { MOST - 1 } else { open.len() };
    let mut lines: Vec<String> = open[..shown].iter().map(|tested| annotation(tested)).collect();
    if open.len() > shown {
        lines.push(format!("::error::{} more scenarios do not pass", open.len() - shown));
    }
    lines
}

fn annotation(tested: &Tested) -> String {
    let level = if tested.verdict() == Verdict::Inconclusive { "warning" } else { "error" };
    let message = match &tested.outcome {
        Outcome::Broken(errors) => errors.join("\n"),
        Outcome::Judged(_) => tested.open().map(claim).collect::<Vec<_>>().join("\n"),
    };
    let (file, line) = tested.open_at().next().map_or((tested.file.as_str(), 1), |(_, place)| place);
    format!("::{level} file={},line={line},title=podloss::{}", escape_property(file), escape_data(&message))
}

/// Writes a Markdown table of every expectation.
///
/// # Errors
/// What the destination says.
pub fn write_step_summary(all: &[Tested], out: &mut dyn Write) -> io::Result<()> {
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    writeln!(out, "### podloss: {}\n", counts(all))?;
    writeln!(out, "| scenario | expectation | verdict | observed |\n| --- | --- | --- | --- |")?;
    for tested in all {
        match &tested.outcome {
            Outcome::Broken(errors) => {
                let error = errors.first().map_or("", String::as_str);
                writeln!(out, "| {} | - | broken | {} |", cell(&tested.file), cell(error))?;
            }
            Outcome::Judged(judged) => {
                for j in judged {
                    let word = match j.verdict {
                        Judgement::Hold => "holds",
                        Judgement::Fail => "**fails**",
                        Judgement::Inconclusive => "inconclusive",
                    };
                    let claim = format!("`{} {}`", j.metric, j.is);
                    writeln!(
                        out,
                        "| {} | {} | {word} | {} |",
                        cell(&tested.file),
                        cell(&claim),
                        cell(&j.detail)
                    )?;
                }
            }
        }
    }
    writeln!(out)
}
