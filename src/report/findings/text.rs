//! Findings for a terminal: in full for one workload, one line each for a whole cluster.

use std::fmt::Write as _;

use crate::diag::Severity;
use crate::lint::{Finding, Report, Slack};

/// More findings than this are listed one line each.
const IN_FULL_MAX: usize = 12;

pub(super) fn render(report: &Report, color: bool) -> String {
    let mut text = String::new();
    if report.workloads == 1 || report.findings.len() <= IN_FULL_MAX {
        for finding in &report.findings {
            let _ = writeln!(text, "{}\n", finding.diagnostic().render(color));
        }
        for said in report.not_judged.iter().chain(&report.others) {
            let _ = writeln!(text, "{}\n", said.render(color));
        }
    } else {
        table(&mut text, &report.findings);
        for said in report.not_judged.iter().chain(&report.others) {
            let _ = writeln!(text, "{said}");
        }
        text.push('\n');
    }
    text.push_str(&summary(report));
    text
}

/// One line per finding, the worst first.
fn table(text: &mut String, findings: &[Finding]) {
    let width = |of: fn(&Finding) -> usize| findings.iter().map(of).max().unwrap_or(0);
    let workloads = width(|finding| finding.workload.chars().count());
    for finding in findings {
        let found = &finding.found;
        let slack = found.slack.as_ref().map_or(String::new(), slack_words);
        let _ = writeln!(
            text,
            "{:7} {} {:workloads$} {slack:>9}  {} ({})",
            found.severity.word(),
            finding.rule.code,
            finding.workload,
            found.message,
            finding.found.place,
        );
    }
}

/// `-9 s`.
fn slack_words(slack: &Slack) -> String {
    let value = slack.value();
    let rounded = if value.abs() >= 10.0 { format!("{value:+.0}") } else { format!("{value:+.1}") };
    format!("{} {}", rounded.trim_end_matches(".0"), slack.unit)
}

fn summary(report: &Report) -> String {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let mut line = format!(
        "{}, {} in {}",
        count(report.count(Severity::Error), "error"),
        count(report.count(Severity::Warning), "warning"),
        count(report.workloads as usize, "workload"),
    );
    if !report.allowed.is_empty() {
        let _ = write!(line, "; {} allowed by annotation", report.allowed.len());
    }
    if !report.not_judged.is_empty() {
        let _ = write!(line, "; {} not or not wholly judged", report.not_judged.len());
    }
    if !report.others.is_empty() {
        let _ = write!(line, "; {} about the files", count(report.others.len(), "other warning"));
    }
    match report.findings.first() {
        Some(worst) => format!("{line}. Why: podloss explain {}. How many: podloss run\n", worst.rule.code),
        None => format!("{line}. The lint looks at relations, not at load: podloss run tells the rest\n"),
    }
}
