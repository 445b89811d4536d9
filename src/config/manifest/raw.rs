//! Objects as they are written, and strategic merge patches on them.
//!
//! Everything else here reads fields; a patch needs the whole object, the fields that podloss does
//! not know included, because lists without a merge key are replaced as a whole.

use std::fmt::Write as _;
use std::sync::Arc;

use super::code;
use super::node::{Node, ScalarKind, Value, scalar_kind};
use super::yaml;
use crate::diag::{Diagnostic, SourceText};

/// A value as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raw {
    /// A number, truth value or null, as written.
    Bare(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Raw>),
    /// A mapping, in the order of the file.
    Map(Vec<(String, Raw)>),
}

impl Raw {
    /// The null that removes a field in a patch.
    pub fn null() -> Raw {
        Raw::Bare("null".to_owned())
    }

    /// Every object of a text, those inside lists (`kind: List`) one by one.
    ///
    /// # Errors
    /// The first thing that is not YAML.
    pub fn objects(name: &str, text: &str) -> Result<Vec<Raw>, Diagnostic> {
        let source = SourceText::new(name, text);
        let mut objects = Vec::new();
        for node in yaml::parse(&source)? {
            match Raw::of(&node) {
                Raw::Map(fields) if is_list(&fields) => {
                    let items = fields.into_iter().find(|(name, _)| name == "items");
                    if let Some((_, Raw::List(items))) = items {
                        objects.extend(items);
                    }
                }
                object => objects.push(object),
            }
        }
        Ok(objects)
    }

    fn of(node: &Node<'_>) -> Raw {
        match &node.value {
            Value::Scalar { text, plain } => match scalar_kind(text, *plain) {
                ScalarKind::Text => Raw::Text(text.to_string()),
                ScalarKind::Null => Raw::null(),
                ScalarKind::Bool | ScalarKind::Number => Raw::Bare(text.to_string()),
            },
            Value::List(items) => Raw::List(items.iter().map(Raw::of).collect()),
            Value::Map(entries) => {
                Raw::Map(entries.iter().map(|entry| (entry.key.to_string(), Raw::of(&entry.value))).collect())
            }
        }
    }

    /// Kind, namespace and name: what tells an object from all others.
    pub fn identity(&self) -> (&str, &str, &str) {
        let word = |path| self.word(path);
        (
            word("kind").unwrap_or_default(),
            word("metadata.namespace").unwrap_or("default"),
            word("metadata.name").unwrap_or_default(),
        )
    }

    fn is_null(&self) -> bool {
        matches!(self, Raw::Bare(text) if text == "null")
    }

    /// The value at a path of keys, such as `spec.template.spec`.
    pub fn at(&self, path: &str) -> Option<&Raw> {
        path.split('.').filter(|key| !key.is_empty()).try_fold(self, |value, key| match value {
            Raw::Map(fields) => fields.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        })
    }

    /// The text of a scalar at a path.
    pub fn word(&self, path: &str) -> Option<&str> {
        match self.at(path)? {
            Raw::Text(text) | Raw::Bare(text) => Some(text),
            Raw::List(_) | Raw::Map(_) => None,
        }
    }

    /// The items of a list at a path; none if there is no list.
    pub fn items(&self, path: &str) -> &[Raw] {
        match self.at(path) {
            Some(Raw::List(items)) => items,
            _ => &[],
        }
    }

    /// The keys of a mapping at a path; none if there is no mapping.
    pub fn keys(&self, path: &str) -> impl Iterator<Item = &str> {
        let fields = match self.at(path) {
            Some(Raw::Map(fields)) => &fields[..],
            _ => &[],
        };
        fields.iter().map(|(name, _)| name.as_str())
    }

    /// Sets a value at a path of keys; mappings on the way are made where they are missing.
    pub fn set(&mut self, path: &str, value: Raw) {
        let place = path.split('.').filter(|key| !key.is_empty()).fold(self, |parent, key| {
            if !matches!(parent, Raw::Map(_)) {
                *parent = Raw::Map(Vec::new());
            }
            let Raw::Map(fields) = parent else { unreachable!("made above") };
            let at = fields.iter().position(|(name, _)| name == key).unwrap_or_else(|| {
                fields.push((key.to_owned(), Raw::null()));
                fields.len() - 1
            });
            &mut fields[at].1
        });
        *place = value;
    }

    /// Applies a strategic merge patch: mappings are merged key by key, null removes, lists with a
    /// merge key are merged item by item, other lists and scalars are replaced.
    pub fn merge(&mut self, patch: &Raw) {
        match (self, patch) {
            (Raw::Map(fields), Raw::Map(changes)) => {
                for (name, change) in changes {
                    let at = fields.iter().position(|(known, _)| known == name);
                    match (at, change) {
                        (Some(at), change) if change.is_null() => drop(fields.remove(at)),
                        (None, change) if change.is_null() => {}
                        (Some(at), Raw::List(items)) => merge_list(name, &mut fields[at].1, items),
                        (Some(at), change) => fields[at].1.merge(change),
                        (None, change) => {
                            // Nulls inside remove nothing, and must not stay.
                            let mut made = Raw::Map(Vec::new());
                            made.merge_new(name, change);
                            if let Raw::Map(made) = made {
                                fields.extend(made);
                            }
                        }
                    }
                }
            }
            (value, patch) => *value = patch.clone(),
        }
    }

    fn merge_new(&mut self, name: &str, change: &Raw) {
        let value = match change {
            Raw::Map(_) => {
                let mut value = Raw::Map(Vec::new());
                value.merge(change);
                value
            }
            other => other.clone(),
        };
        if let Raw::Map(fields) = self {
            fields.push((name.to_owned(), value));
        }
    }

    /// The value as JSON, which is YAML too.
    pub fn to_json(&self) -> String {
        match self {
            Raw::Bare(text) => text.clone(),
            Raw::Text(text) => quoted(text),
            Raw::List(items) => {
                format!("[{}]", items.iter().map(Raw::to_json).collect::<Vec<_>>().join(", "))
            }
            Raw::Map(fields) => {
                let fields =
                    fields.iter().map(|(name, value)| format!("{}: {}", quoted(name), value.to_json()));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// The value as YAML in blocks, with a final line break.
    pub fn to_yaml(&self) -> String {
        let mut text = String::new();
        self.write_yaml(0, &mut text);
        text
    }

    fn write_yaml(&self, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        match self {
            Raw::Map(fields) => {
                for (name, value) in fields {
                    let _ = write!(out, "{indent}{}:", plain_or_quoted(name));
                    value.write_value(depth, out);
                }
            }
            Raw::List(items) => {
                for item in items {
                    if matches!(item, Raw::List(items) if items.is_empty()) {
                        let _ = writeln!(out, "{indent}- []");
                        continue;
                    }
                    if matches!(item, Raw::Map(fields) if fields.is_empty()) {
                        let _ = writeln!(out, "{indent}- {{}}");
                        continue;
                    }
                    // The item's first line shares the dash's.
                    let mut inner = String::new();
                    item.write_yaml(depth + 1, &mut inner);
                    let _ = writeln!(out, "{indent}- {}", inner.trim_start().trim_end_matches('\n'));
                }
            }
            Raw::Bare(text) => {
                let _ = writeln!(out, "{indent}{text}");
            }
            Raw::Text(text) => {
                let _ = writeln!(out, "{indent}{}", plain_or_quoted(text));
            }
        }
    }

    fn write_value(&self, depth: usize, out: &mut String) {
        match self {
            Raw::Map(fields) if fields.is_empty() => out.push_str(" {}\n"),
            Raw::List(items) if items.is_empty() => out.push_str(" []\n"),
            Raw::Map(_) | Raw::List(_) => {
                out.push('\n');
                self.write_yaml(depth + 1, out);
            }
            Raw::Bare(text) => {
                let _ = writeln!(out, " {text}");
            }
            Raw::Text(text) => {
                let _ = writeln!(out, " {}", plain_or_quoted(text));
            }
        }
    }
}

fn is_list(fields: &[(String, Raw)]) -> bool {
    let kind = fields.iter().find(|(name, _)| name == "kind");
    matches!(kind, Some((_, Raw::Text(kind))) if kind == "List" || kind.ends_with("List"))
        && fields.iter().any(|(name, _)| name == "items")
}

/// The key that tells the items of a list apart.
/// Source: `patchMergeKey` in kubernetes staging/src/k8s.io/api/core/v1/types.go.
fn merge_key(list: &str) -> Option<&'static str> {
    match list {
        "containers" | "initContainers" | "ephemeralContainers" | "volumes" | "env" => Some("name"),
        "ports" => Some("containerPort"),
        "volumeMounts" => Some("mountPath"),
        _ => None,
    }
}

fn merge_list(name: &str, value: &mut Raw, changes: &[Raw]) {
    let (Some(key), Raw::List(items)) = (merge_key(name), &mut *value) else {
        *value = Raw::List(changes.to_vec());
        return;
    };
    for change in changes {
        let known =
            change.word(key).and_then(|own| items.iter().position(|item| item.word(key) == Some(own)));
        match known {
            Some(at) => items[at].merge(change),
            None => items.push(change.clone()),
        }
    }
}

/// A text in double quotes, which JSON and YAML read alike.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Words that YAML reads back as the same text stay as they are, anything else is quoted.
fn plain_or_quoted(text: &str) -> String {
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
    let taken = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if word && !taken.contains(&text.to_ascii_lowercase().as_str()) { text.to_owned() } else { quoted(text) }
}

/// Applies patches (YAML documents, each with `kind`, `metadata.name` and, unless it is `default`,
/// `metadata.namespace`) to manifests. Texts that change come back as JSON documents, the others as
/// they are.
///
/// # Errors
/// A text that is not YAML, or a patch of an object that no text holds.
pub fn apply_patch(manifests: &[Arc<SourceText>], patch: &str) -> Result<Vec<(String, String)>, Diagnostic> {
    let mut files = Vec::new();
    for source in manifests {
        files.push((source.name.clone(), Raw::objects(&source.name, &source.text)?, false));
    }
    for change in Raw::objects("patch", patch)? {
        let mut found = false;
        for (_, objects, changed) in &mut files {
            for object in objects.iter_mut().filter(|object| object.identity() == change.identity()) {
                object.merge(&change);
                found = true;
                *changed = true;
            }
        }
        if !found {
            let (kind, namespace, name) = change.identity();
            let message = format!(
                "the patch is for {kind}/{name} in namespace {namespace}, which these manifests do not hold"
            );
            return Err(Diagnostic::error(code::PATCH, message));
        }
    }
    let texts = files.into_iter().zip(manifests).map(|((name, objects, changed), source)| {
        let text = if changed {
            objects.iter().map(|object| format!("---\n{}\n", object.to_json())).collect()
        } else {
            source.text.clone()
        };
        (name, text)
    });
    Ok(texts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: &str = "\
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: app
          image: \"1.0\"
          ports: [{containerPort: 80}]
          lifecycle: {preStop: {exec: {command: [sleep, \"5\"]}}}
        - name: proxy
          image: proxy
---
kind: Service
metadata: {name: web}
";

    fn patched(patch: &str) -> Result<Vec<Raw>, Diagnostic> {
        let text = apply_patch(&[SourceText::new("web.yaml", WEB)], patch)?.remove(0).1;
        Raw::objects("web.yaml", &text)
    }

    #[test]
    fn a_patch_merges_containers_by_name_and_null_removes() {
        let patch = "\
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      terminationGracePeriodSeconds: 60
      containers:
        - name: app
          lifecycle: {preStop: {exec: null, sleep: {seconds: 20}}}
";
        let objects = patched(patch).expect("a patch");
        assert_eq!(objects.len(), 2);
        let spec = objects[0].at("spec.template.spec").expect("a spec");
        assert_eq!(spec.word("terminationGracePeriodSeconds"), Some("60"));
        let [app, proxy] = spec.items("containers") else { panic!("{spec:?}") };
        assert_eq!(app.keys("lifecycle.preStop").collect::<Vec<_>>(), ["sleep"]);
        assert_eq!((app.word("image"), app.at("image")), (Some("1.0"), Some(&Raw::Text("1.0".to_owned()))));
        assert_eq!(app.word("lifecycle.preStop.sleep.seconds"), Some("20"));
        assert_eq!(proxy.keys("").collect::<Vec<_>>(), ["name", "image"]);
        assert_eq!(objects[0].word("spec.replicas"), Some("3"));
    }

    #[test]
    fn lists_without_a_merge_key_are_replaced() {
        let objects = patched("kind: Service\nmetadata: {name: web}\nspec: {list: [1, 2]}").expect("a patch");
        let mut service = objects[1].clone();
        service.merge(
            &Raw::objects("x", "spec: {list: [3], gone: null, new: {kept: 1, gone: null}}").expect("yaml")[0],
        );
        assert_eq!(
            service.at("spec").map(Raw::to_json).as_deref(),
            Some("{\"list\": [3], \"new\": {\"kept\": 1}}")
        );
    }

    #[test]
    fn a_patch_of_nothing_is_refused() {
        let error = patched("kind: Deployment\nmetadata: {name: other}").expect_err("there is none");
        assert!(error.message.contains("Deployment/other"), "{error}");
        let error =
            patched("kind: Deployment\nmetadata: {name: web, namespace: shop}").expect_err("elsewhere");
        assert!(error.message.contains("namespace shop"), "{error}");
    }

    #[test]
    fn of_two_objects_of_one_name_the_patch_changes_its_own() {
        let both = format!("{WEB}---\n{}", WEB.replace("{name: web}", "{name: web, namespace: shop}"));
        for (namespace, patched) in
            [("", [7, 3]), (", namespace: default", [7, 3]), (", namespace: shop", [3, 7])]
        {
            let patch =
                format!("kind: Deployment\nmetadata: {{name: web{namespace}}}\nspec: {{replicas: 7}}");
            let text = apply_patch(&[SourceText::new("web.yaml", both.as_str())], &patch)
                .expect("a patch")
                .remove(0)
                .1;
            let objects = Raw::objects("web.yaml", &text).expect("YAML");
            let replicas: Vec<&str> =
                objects.iter().filter_map(|object| object.word("spec.replicas")).collect();
            assert_eq!(replicas, patched.map(|count| count.to_string()), "{namespace}");
        }
    }

    #[test]
    fn yaml_in_blocks_reads_back_the_same() {
        let text = "a: {b: [1, \"2\", {c: true, d: [x, {e: 'no'}]}, []], f: {}, g: \"50%\", h: null, i: 'a: b'}\n\
                    j: [[1, 2], [3]]\nk: \"line\\nbreak\"";
        let object = Raw::objects("x", text).expect("yaml").remove(0);
        for written in [object.to_yaml(), object.to_json()] {
            assert_eq!(
                Raw::objects("x", &written).expect("yaml"),
                std::slice::from_ref(&object),
                "{written}"
            );
        }
    }

    #[test]
    fn lists_of_objects_are_taken_apart() {
        let text =
            "kind: List\nitems:\n- {kind: Service, metadata: {name: a}}\n- {kind: Pod, metadata: {name: b}}";
        let names: Vec<_> = Raw::objects("x", text).expect("yaml");
        assert_eq!(
            names.iter().filter_map(|object| object.word("metadata.name")).collect::<Vec<_>>(),
            ["a", "b"]
        );
    }
}
