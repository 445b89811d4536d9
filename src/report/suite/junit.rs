//! A suite as JUnit XML: a test suite per scenario, a test case per expectation.

use std::io::{self, Write};

use super::text::claim;
use super::{Outcome, Tested};
use crate::study::{Judged, Judgement};

/// Writes the file that CI services read. An expectation that the runs do not decide is a failure
/// of type `inconclusive`, or passes with a note where `inconclusive_passes`.
///
/// # Errors
/// What the destination says.
pub fn write_junit(all: &[Tested], inconclusive_passes: bool, out: &mut dyn Write) -> io::Result<()> {
    let fails = |judged: &Judged| match judged.verdict {
        Judgement::Hold => false,
        Judgement::Inconclusive => !inconclusive_passes,
        Judgement::Fail => true,
    };
    let numbers = |tested: &Tested| match &tested.outcome {
        Outcome::Broken(_) => (1, 0, 1),
        Outcome::Judged(judged) => (judged.len(), judged.iter().filter(|j| fails(j)).count(), 0),
    };
    let sum = all.iter().map(numbers).fold((0, 0, 0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2));
    let attributes =
        |(tests, failures, errors)| format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"podloss\" {}>", attributes(sum))?;
    for tested in all {
        let file = escape(&tested.file);
        writeln!(out, "  <testsuite name=\"{file}\" {}>", attributes(numbers(tested)))?;
        match &tested.outcome {
            Outcome::Broken(errors) => {
                writeln!(out, "    <testcase classname=\"{file}\" name=\"can be simulated\">")?;
                writeln!(out, "      <error type=\"input\">{}</error>", escape(&errors.join("\n")))?;
                writeln!(out, "    </testcase>")?;
            }
            Outcome::Judged(judged) => judged.iter().try_for_each(|j| write_case(&file, j, fails(j), out))?,
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn write_case(file: &str, judged: &Judged, fails: bool, out: &mut dyn Write) -> io::Result<()> {
    let name = escape(&format!("{} {}", judged.metric, judged.is));
    if judged.verdict == Judgement::Hold {
        return writeln!(out, "    <testcase classname=\"{file}\" name=\"{name}\"/>");
    }
    let message = escape(&claim(judged));
    writeln!(out, "    <testcase classname=\"{file}\" name=\"{name}\">")?;
    if fails {
        let kind = if judged.verdict == Judgement::Fail { "expectation" } else { "inconclusive" };
        writeln!(out, "      <failure type=\"{kind}\" message=\"{message}\"/>")?;
    } else {
        writeln!(out, "      <system-out>{message}</system-out>")?;
    }
    writeln!(out, "    </testcase>")
}

/// Text for elements and attributes. Characters that XML 1.0 cannot hold become a question mark.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c if c < ' ' || c == '\u{fffe}' || c == '\u{ffff}' => out.push('?'),
            c => out.push(c),
        }
    }
    out
}
