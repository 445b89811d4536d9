//! The allow-list itself.

use super::RULES;
use crate::diag::Severity;
use crate::lint::{ALLOW_ANNOTATION, Facts, Found, Rule, near_name};

/// See the rule's own words.
pub(super) const ALLOW_LIST: Rule = Rule {
    code: "PL000",
    name: "allow-list",
    severity: Severity::Error,
    title: "an allow-list names rules that exist, where they are read",
    why: "An entry that names no rule allows nothing, and neither does a list on the pods. It is a slip of the \
          pen, or it allowed a rule under another name, and somebody believes that a finding was looked at.",
    remedy: "Write codes such as PL012, separated by commas, into `metadata.annotations` of the Deployment.",
    blind: "Whether an allowed finding is still right to be allowed.",
    source: "podloss",
    check,
};

fn check(facts: &Facts) -> Vec<Found> {
    let known =
        |name: &str| RULES.iter().any(|rule| rule.code.eq_ignore_ascii_case(name) || rule.name == name);
    let names: Vec<&'static str> = RULES.iter().flat_map(|rule| [rule.code, rule.name]).collect();
    let unknown = facts.allowed.iter().filter(|(name, _)| !known(name));
    let on_pods = facts.allowed_on_pods.iter().map(|place| {
        let message = format!("annotation {ALLOW_ANNOTATION} is on the pods");
        let found = Found::new(Severity::Error, message, place).label("allows nothing");
        found.remedy("move it to `metadata.annotations` of the Deployment itself")
    });
    unknown
        .map(|(name, place)| {
            let found = Found::new(
                Severity::Error,
                format!("annotation {ALLOW_ANNOTATION} names `{name}`, which is no rule"),
                place,
            );
            let found = found.label("allows nothing");
            match near_name(name, &names) {
                Some(meant) => found.remedy(format!("did you mean `{meant}`?")),
                None => found.remedy("`podloss explain` lists the rules"),
            }
        })
        .chain(on_pods)
        .collect()
}
