//! The allow-list itself.

use super::RULES;
use crate::diag::Severity;
use crate::lint::{ALLOW_ANNOTATION, Facts, Found, Rule, near_name};

/// See the rule's own words.
pub(super) const ALLOW_LIST: Rule = Rule {
    code: "PL000",
    name: "allow-list",
    severity: Severity::Error,
    title: "an allow-list names rules that exist",
    why: "An entry that names no rule allows nothing. It is a slip of the pen, or it allowed a rule under \
          another name, and somebody believes that a finding was looked at.",
    remedy: "Write codes such as PL012, separated by commas.",
    blind: "Whether an allowed finding is still right to be allowed.",
    source: "podloss",
    check,
};

fn check(facts: &Facts) -> Vec<Found> {
    let known =
        |name: &str| RULES.iter().any(|rule| rule.code.eq_ignore_ascii_case(name) || rule.name == name);
    let names: Vec<&'static str> = RULES.iter().flat_map(|rule| [rule.code, rule.name]).collect();
    let unknown = facts.allowed.iter().filter(|(name, _)| !known(name));
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
        .collect()
}
