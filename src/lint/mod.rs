//! The timing lint behind `podloss check`: relations between settings that no schema knows.
//!
//! A rule is a pure function over [`Facts`] with a number that never changes its meaning. Rules
//! say what they found, where, why it matters, what ends it, and what they cannot know. Nothing is
//! simulated here; that each violation really loses requests is shown in `simulated`.

mod allow;
mod complete;
mod facts;
mod gather;
mod judge;
mod rules;

use crate::config::manifest::Manifests;
use crate::diag::{Diagnostic, Place, Severity};

pub use allow::ALLOW_ANNOTATION;
pub use complete::complete;
pub use facts::{
    AutoscalerFacts, BudgetFacts, ContainerFacts, Facts, FrontFacts, HookFacts, ProbeFacts, PublishingFacts,
    RolloutFacts, Span, StopFacts,
};
pub use gather::facts_of;
pub use judge::judge;
pub use rules::RULES;

/// A rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// `PL001` and so on; never given to another rule.
    pub code: &'static str,
    /// The same in words, such as `serving-after-deletion`.
    pub name: &'static str,
    /// The worst that it reports.
    pub severity: Severity,
    /// What must hold, in one line.
    pub title: &'static str,
    /// What happens otherwise.
    pub why: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// What it cannot know.
    pub blind: &'static str,
    /// Where the mechanism is known from.
    pub source: &'static str,
    /// Looks at one workload.
    pub check: fn(&Facts) -> Vec<Found>,
}

/// What a rule found, without the words that all its findings share.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// How bad it is here; never worse than the rule's own severity.
    pub severity: Severity,
    /// What is wrong, with the numbers, in one sentence.
    pub message: String,
    /// Where.
    pub place: Place,
    /// The words beside the caret.
    pub label: Option<String>,
    /// What to write instead, if more is known than the rule's own remedy says.
    pub remedy: Option<String>,
    /// By how much it misses, if that can be measured.
    pub slack: Option<Slack>,
}

/// What there is against what is needed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slack {
    /// What there is.
    pub have: f64,
    /// What is needed.
    pub need: f64,
    /// `s`, `pods` or `cores`.
    pub unit: &'static str,
}

/// One finding about one workload.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// The workload.
    pub workload: String,
    /// What it found.
    pub found: Found,
}

/// Everything that was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Findings, the worst and the most negative slack first.
    pub findings: Vec<Finding>,
    /// Findings that annotations allow, with the workload.
    pub allowed: Vec<Finding>,
    /// Workloads looked at.
    pub workloads: u32,
    /// What could not be judged, and why.
    pub not_judged: Vec<Diagnostic>,
    /// What else is to be said about the files: no rule speaks for it.
    pub others: Vec<Diagnostic>,
}

impl Slack {
    /// What is missing, negative, or left over.
    pub fn value(&self) -> f64 {
        self.have - self.need
    }
}

/// Where a finding stands, counted from 1, in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// The file's name.
    pub file: String,
    /// Line of the first character.
    pub start_line: usize,
    /// Its column.
    pub start_column: usize,
    /// Line of the end.
    pub end_line: usize,
    /// Column behind the last character.
    pub end_column: usize,
}

impl Finding {
    /// Where it stands.
    pub fn region(&self) -> Region {
        let place = &self.found.place;
        let end = Place::new(&place.source, place.span().end..place.span().end);
        Region {
            file: place.file().to_owned(),
            start_line: place.line(),
            start_column: place.column(),
            end_line: end.line(),
            end_column: end.column(),
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &str {
        self.found.remedy.as_deref().unwrap_or(self.rule.remedy)
    }

    /// The finding as a diagnostic, for terminals.
    pub fn diagnostic(&self) -> Diagnostic {
        let message = format!("{}: {}", self.workload, self.found.message);
        let made = match self.found.severity {
            Severity::Error => Diagnostic::error(self.rule.code, message),
            Severity::Warning => Diagnostic::warning(self.rule.code, message),
            Severity::Note => Diagnostic::note(self.rule.code, message),
        };
        let mut made = made.at(self.found.place.clone()).help(self.remedy());
        made.label = self.found.label.clone();
        made
    }
}

impl Report {
    /// Findings of one severity, and what was not judged with it.
    pub fn count(&self, severity: Severity) -> usize {
        let found = self.findings.iter().map(|finding| finding.found.severity);
        let not_judged = self.not_judged.iter().map(|reason| reason.severity);
        found.chain(not_judged).filter(|other| *other == severity).count()
    }

    /// Adds what another configuration gave.
    pub fn join(&mut self, other: Report) {
        self.workloads += other.workloads;
        self.findings.extend(other.findings);
        self.allowed.extend(other.allowed);
        // Several configurations may have the same manifests.
        for (list, more) in [(&mut self.not_judged, other.not_judged), (&mut self.others, other.others)] {
            for said in more {
                if !list.contains(&said) {
                    list.push(said);
                }
            }
        }
        self.rank();
    }

    /// Adds what the rules say about one workload.
    fn add(&mut self, facts: &Facts) {
        self.workloads += 1;
        for rule in RULES {
            let allowed = allow::allows(facts, rule);
            let list = if allowed { &mut self.allowed } else { &mut self.findings };
            list.extend((rule.check)(facts).into_iter().map(|found| Finding {
                rule,
                workload: facts.workload.clone(),
                found,
            }));
        }
    }

    /// Worst first: by severity, then by the share of what is needed that is missing, then as the
    /// workloads came.
    fn rank(&mut self) {
        let missing = |finding: &Finding| {
            let share = |slack: Slack| slack.value() / slack.need.abs().max(1e-9);
            finding.found.slack.map_or(f64::INFINITY, share)
        };
        self.findings.sort_by(|a, b| {
            let severity = b.found.severity.cmp(&a.found.severity);
            severity.then_with(|| missing(a).total_cmp(&missing(b)))
        });
    }
}

/// Judges every workload by its facts.
pub fn check(all: &[Facts]) -> Report {
    let mut report = Report::default();
    all.iter().for_each(|facts| report.add(facts));
    report.rank();
    report
}

/// Warnings of the manifest reader that no rule speaks for, and podloss's annotations that nobody reads.
fn other_warnings(manifests: &Manifests) -> Vec<Diagnostic> {
    let linked = crate::config::manifest::link_warnings(manifests);
    let misplaced = crate::config::inputs::misplaced(manifests);
    let all = manifests.warnings.iter().cloned().chain(linked).chain(misplaced);
    all.filter(|warning| !rules::speaks_for(warning.code)).collect()
}

/// The name among `known` that `written` may stand for.
pub fn near_name(written: &str, known: &[&'static str]) -> Option<&'static str> {
    crate::config::similar::near_miss(written, known)
}

#[cfg(test)]
mod simulated;
#[cfg(test)]
mod tests;
