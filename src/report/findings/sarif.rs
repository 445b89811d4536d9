//! Findings as SARIF 2.1.0 (OASIS), for code scanning.

use serde_json::{Value, json};

use crate::diag::{Diagnostic, Place, Severity};
use crate::lint::{Finding, RULES, Report, Rule};

pub(super) fn render(report: &Report) -> String {
    document(report, Vec::new(), Vec::new())
}

/// The findings, with more rules and more results of other tools of podloss.
pub(in crate::report) fn document(report: &Report, more_rules: Vec<Value>, more: Vec<Value>) -> String {
    let allowed = report.allowed.iter().map(|finding| result(finding, true));
    let findings = report.findings.iter().map(|finding| result(finding, false));
    let mut results: Vec<Value> = Vec::new();
    for result in findings.chain(allowed).chain(more) {
        // Several scenarios may have the same manifests.
        if !results.contains(&result) {
            results.push(result);
        }
    }
    let notes = report.not_judged.iter().chain(&report.others).map(notification);
    let object = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "podloss",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(rule).chain(more_rules).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notes.collect::<Vec<_>>(),
            }],
            "results": results,
        }],
    });
    format!("{object:#}\n")
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.why },
        "help": { "text": format!("{}\n\nWhat the rule cannot know: {}", rule.remedy, rule.blind) },
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

fn result(finding: &Finding, allowed: bool) -> Value {
    let region = finding.region();
    let index = RULES.iter().position(|rule| rule.code == finding.rule.code);
    let mut result = json!({
        "ruleId": finding.rule.code,
        "ruleIndex": index,
        "level": level(finding.found.severity),
        "message": { "text": format!("{}: {}. {}", finding.workload, finding.found.message, finding.remedy()) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": region.file },
            "region": {
                "startLine": region.start_line,
                "startColumn": region.start_column,
                "endLine": region.end_line,
                "endColumn": region.end_column,
            },
        }}],
        // The same finding keeps its identity when lines move.
        "partialFingerprints": { "podloss/v1": format!("{}:{}", finding.rule.code, finding.workload) },
    });
    if allowed {
        result["suppressions"] = json!([{ "kind": "inSource" }]);
    }
    result
}

/// What was not judged is no result, and code scanning shows it beside the run.
fn notification(reason: &Diagnostic) -> Value {
    let location = |place: &Place| {
        json!({ "physicalLocation": {
            "artifactLocation": { "uri": place.file() },
            "region": { "startLine": place.line(), "startColumn": place.column() },
        }})
    };
    json!({
        "level": level(reason.severity),
        "message": { "text": reason.message },
        "locations": reason.place.iter().map(location).collect::<Vec<_>>(),
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
