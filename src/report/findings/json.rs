//! Findings as one JSON object.

use serde_json::{Value, json};

use crate::diag::{Diagnostic, Severity};
use crate::lint::{Finding, Report};

pub(super) fn render(report: &Report) -> String {
    let object = json!({
        "schema": "podloss-findings/1",
        "podloss": env!("CARGO_PKG_VERSION"),
        "workloads": report.workloads,
        "errors": report.count(Severity::Error),
        "warnings": report.count(Severity::Warning),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "allowed": report.allowed.iter().map(finding).collect::<Vec<_>>(),
        "other": report.others.iter().map(note).collect::<Vec<_>>(),
        "not_judged": report.not_judged.iter().map(|reason| reason.message.as_str()).collect::<Vec<_>>(),
    });
    format!("{object:#}\n")
}

fn finding(finding: &Finding) -> Value {
    let found = &finding.found;
    let region = finding.region();
    json!({
        "rule": finding.rule.code,
        "name": finding.rule.name,
        "severity": found.severity.word(),
        "workload": finding.workload,
        "message": found.message,
        "file": region.file,
        "line": region.start_line,
        "column": region.start_column,
        "slack": found.slack.map(|slack| json!({
            "have": rounded(slack.have),
            "need": rounded(slack.need),
            "value": rounded(slack.value()),
            "unit": slack.unit,
        })),
        "why": finding.rule.why,
        "remedy": finding.remedy(),
        "cannot_know": finding.rule.blind,
    })
}

fn note(note: &Diagnostic) -> Value {
    json!({
        "code": note.code,
        "severity": note.severity.word(),
        "message": note.message,
        "file": note.place.as_ref().map(|place| place.file()),
        "line": note.place.as_ref().map(|place| place.line()),
        "help": note.help,
    })
}

/// Milliseconds are as fine as any input is; more digits would only look exact.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
