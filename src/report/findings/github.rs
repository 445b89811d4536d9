//! Findings as workflow commands of GitHub Actions, which show them beside the changed lines.

use std::fmt::Write as _;

use crate::diag::{Diagnostic, Severity};
use crate::lint::{Finding, Report};

pub(super) fn render(report: &Report) -> String {
    let mut text = String::new();
    report.findings.iter().for_each(|finding| command(&mut text, finding));
    report.not_judged.iter().for_each(|reason| remark(&mut text, level(reason.severity), reason));
    report.others.iter().for_each(|note| remark(&mut text, "notice", note));
    text
}

/// What is said beside the findings.
fn remark(text: &mut String, level: &str, said: &Diagnostic) {
    let place = said
        .place
        .as_ref()
        .map_or(String::new(), |place| format!(" file={},line={}", property(place.file()), place.line()));
    let _ = writeln!(text, "::{level}{place}::{}", data(&said.message));
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    }
}

fn command(text: &mut String, finding: &Finding) {
    let region = finding.region();
    let level = level(finding.found.severity);
    let message = format!("{}: {}\n{}", finding.workload, finding.found.message, finding.remedy());
    let _ = writeln!(
        text,
        "::{level} file={},line={},col={},title={}::{}",
        property(&region.file),
        region.start_line,
        region.start_column,
        property(&format!("{} {}", finding.rule.code, finding.rule.name)),
        data(&message)
    );
}

/// Source: actions/toolkit packages/core/src/command.ts, escapeData.
pub(in crate::report) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Source: the same file, escapeProperty.
pub(in crate::report) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
