//! Label selectors, to find the pods of a workload in a dump.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `spec.selector` of a workload; all parts must match.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LabelSelector {
    match_labels: BTreeMap<String, String>,
    match_expressions: Vec<Requirement>,
}

#[derive(Debug, Deserialize)]
struct Requirement {
    key: String,
    operator: Operator,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl LabelSelector {
    pub(super) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|requirement| requirement.matches(labels))
    }
}

impl Requirement {
    /// As Kubernetes has it, `NotIn` also holds where the label is missing.
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        let listed = value.is_some_and(|value| self.values.contains(value));
        match self.operator {
            Operator::In => listed,
            Operator::NotIn => !listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_part_must_match() {
        let labels: BTreeMap<String, String> =
            [("app", "web"), ("tier", "front")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let one = |operator: &str, key: &str, values: &[&str]| json!({ "matchExpressions": [{ "operator": operator, "key": key, "values": values }] });
        for (selector, want) in [
            (json!({}), true),
            (json!({ "matchLabels": { "app": "web" } }), true),
            (json!({ "matchLabels": { "app": "web", "tier": "back" } }), false),
            (json!({ "matchLabels": { "zone": "a" } }), false),
            (one("In", "app", &["api", "web"]), true),
            (one("In", "app", &["api"]), false),
            (one("In", "zone", &["a"]), false),
            (one("NotIn", "app", &["api"]), true),
            (one("NotIn", "app", &["web"]), false),
            (one("NotIn", "zone", &["a"]), true),
            (one("Exists", "tier", &[]), true),
            (one("Exists", "zone", &[]), false),
            (one("DoesNotExist", "tier", &[]), false),
            (one("DoesNotExist", "zone", &[]), true),
        ] {
            let read: LabelSelector = serde_json::from_value(selector.clone()).unwrap();
            assert_eq!(read.matches(&labels), want, "{selector}");
        }
    }
}
