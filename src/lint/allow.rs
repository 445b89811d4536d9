//! The allow-list: rules that a workload's annotation switches off for it.

use super::{Facts, Rule};
use crate::config::manifest::{Deployment, ObjectMeta};
use crate::diag::Place;

/// The annotation that lists allowed rules, by code or name, separated by commas.
pub use crate::config::inputs::ALLOW_ANNOTATION;

/// Whether a workload allows what a rule complains about. The rule about the list itself cannot be
/// allowed.
pub(super) fn allows(facts: &Facts, rule: &Rule) -> bool {
    let named = |(name, _): &(String, Place)| name.eq_ignore_ascii_case(rule.code) || name == rule.name;
    rule.code != super::rules::ALLOW_LIST && facts.allowed.iter().any(named)
}

/// Where the annotation stands on the pods, if it does: there nobody reads it.
pub(super) fn on_pods(deployment: &Deployment) -> Option<Place> {
    let path = format!("spec.template.metadata.annotations[{ALLOW_ANNOTATION}]");
    let written = deployment.template_annotations.contains_key(ALLOW_ANNOTATION);
    written.then(|| deployment.meta.places.of(&path))
}

/// The entries of the annotation with where it stands.
pub(super) fn entries(meta: &ObjectMeta) -> Vec<(String, Place)> {
    let place = meta.places.of(&format!("metadata.annotations[{ALLOW_ANNOTATION}]"));
    let list = meta.annotations.get(ALLOW_ANNOTATION).map(String::as_str).unwrap_or_default();
    list.split([',', ' ']).filter(|entry| !entry.is_empty()).map(|e| (e.to_owned(), place.clone())).collect()
}
