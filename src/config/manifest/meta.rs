//! What all objects share: metadata, label selectors, and where their fields stand.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::node::Span;
use super::reader::{Field, Fields};
use super::shapes::{self, Shape};
use crate::diag::{Place, SourceText};

/// Where the fields of one object stand in the text it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    source: Arc<SourceText>,
    object: Span,
    fields: BTreeMap<String, Span>,
}

impl Places {
    pub(super) fn new(source: &Arc<SourceText>, object: Span, fields: BTreeMap<String, Span>) -> Places {
        Places { source: Arc::clone(source), object, fields }
    }

    /// The place of a field, written as the API server writes paths
    /// (`spec.template.spec.containers[0].readinessProbe.periodSeconds`). A scalar's place is its
    /// value, anything longer is placed at its key. For a field that was not written: the place of
    /// the nearest mapping around it that was, and at last the beginning of the object.
    pub fn of(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(span) = self.fields.get(path) {
                return Place::new(&self.source, span.range());
            }
            match path.rfind(['.', '[']) {
                Some(cut) => path = &path[..cut],
                None => return Place::new(&self.source, self.object.range()),
            }
        }
    }

    /// Whether a field was written at all, be it as null.
    pub fn has(&self, path: &str) -> bool {
        self.fields.contains_key(path)
    }
}

/// `metadata`, and the object's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMeta {
    /// `apiVersion` as written, such as `apps/v1`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`; `default` where none is given.
    pub namespace: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`, those of podloss (`podloss.dev/...`) included.
    pub annotations: BTreeMap<String, String>,
    /// `metadata.ownerReferences`.
    pub owners: Vec<OwnerReference>,
    /// `metadata.uid`: only objects that come from a cluster have one.
    pub uid: Option<String>,
    /// Whether `metadata.deletionTimestamp` is set: the object is being deleted.
    pub deleting: bool,
    /// Where the fields of the object stand.
    pub places: Places,
}

/// One entry of `metadata.ownerReferences`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerReference {
    /// `kind`.
    pub kind: String,
    /// `name`.
    pub name: String,
    /// `uid`.
    pub uid: String,
}

impl ObjectMeta {
    /// The identity of an object of which nothing else is known.
    pub(super) fn bare(
        kind: &str,
        version: &str,
        name: String,
        namespace: String,
        places: Places,
    ) -> ObjectMeta {
        ObjectMeta {
            api_version: version.to_owned(),
            kind: kind.to_owned(),
            name,
            namespace,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            owners: Vec::new(),
            uid: None,
            deleting: false,
            places,
        }
    }

    /// What messages call the object: `Deployment/web`, with the namespace in front if it is not
    /// the default one.
    pub fn title(&self) -> String {
        title(&self.kind, &self.namespace, &self.name)
    }

    /// Where the object's name stands: the best caret for a statement about the whole object.
    pub fn place(&self) -> Place {
        self.places.of("metadata.name")
    }
}

/// See [`ObjectMeta::title`].
pub(super) fn title(kind: &str, namespace: &str, name: &str) -> String {
    match namespace {
        "default" => format!("{kind}/{name}"),
        _ => format!("{namespace}/{kind}/{name}"),
    }
}

/// The values under `metadata`; identity and places are known only outside.
#[derive(Default)]
pub(super) struct MetaFields {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) owners: Vec<OwnerReference>,
    pub(super) uid: Option<String>,
    pub(super) deleting: bool,
}

impl MetaFields {
    /// Reads `metadata` of an object (which needs a name) or of a pod template (which has none).
    pub(super) fn read(object: &Fields<'_, '_>, named: bool) -> MetaFields {
        let metadata =
            if named { object.require("metadata", "give the object a name") } else { object.get("metadata") };
        let Some(fields) = metadata.and_then(|field| field.fields(&shapes::META)) else {
            return MetaFields::default();
        };
        let name = match fields.get("name") {
            Some(field) => read_name(&field),
            None => {
                if named && fields.at.node.get("generateName").is_none() {
                    fields.lacks("name", "name or generateName is required", "give the object a name");
                }
                None
            }
        };
        MetaFields {
            name: name.unwrap_or_default(),
            namespace: fields.get("namespace").and_then(|field| field.string()).unwrap_or_default(),
            labels: fields.get("labels").map(|field| field.string_map()).unwrap_or_default(),
            annotations: fields.get("annotations").map(|field| field.free_string_map()).unwrap_or_default(),
            owners: fields.get("ownerReferences").map(|field| read_owners(&field)).unwrap_or_default(),
            uid: fields.get("uid").and_then(|field| field.free_string()),
            deleting: fields.get("deletionTimestamp").is_some(),
        }
    }
}

/// An object's name: DNS subdomain characters.
/// Source: apimachinery pkg/api/validation NameIsDNSSubdomain.
fn read_name(field: &Field<'_, '_>) -> Option<String> {
    let name = field.filled_string("give the object a name")?;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    // Some kinds (RBAC) allow more, but none of those is read here.
    if name.len() > 253 || !name.chars().all(allowed) || !name.starts_with(ends) || !name.ends_with(ends) {
        field.rejected(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'",
            "use lower case letters, digits, `-` and `.`, beginning and ending with a letter or digit",
        );
    }
    Some(name)
}

fn read_owners(field: &Field<'_, '_>) -> Vec<OwnerReference> {
    let mut owners = Vec::new();
    for item in field.items() {
        let Some(fields) = item.fields(&shapes::OWNER) else { continue };
        let text = |name| fields.get(name).and_then(|field| field.free_string()).unwrap_or_default();
        owners.push(OwnerReference { kind: text("kind"), name: text("name"), uid: text("uid") });
    }
    owners
}

/// A label selector (`matchLabels` and `matchExpressions`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector {
    /// `matchLabels`: every pair must be there.
    pub match_labels: BTreeMap<String, String>,
    /// `matchExpressions`: every one must hold.
    pub match_expressions: Vec<LabelExpression>,
}

/// One entry of `matchExpressions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelExpression {
    /// The label's name.
    pub key: String,
    /// How its value is judged.
    pub operator: LabelOperator,
    /// The values that `In` and `NotIn` compare with.
    pub values: Vec<String>,
}

/// The operator of a [`LabelExpression`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelOperator {
    /// The label has one of the values.
    In,
    /// The label has none of the values, or is missing.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is not there.
    DoesNotExist,
}

impl LabelSelector {
    /// A selector for exactly these labels.
    pub fn for_labels(labels: &BTreeMap<String, String>) -> LabelSelector {
        LabelSelector { match_labels: labels.clone(), match_expressions: Vec::new() }
    }

    /// Whether nothing is asked for, so that everything matches.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    /// Whether `labels` satisfy the selector.
    /// Source: apimachinery pkg/labels Requirement.Matches (`NotIn` holds for a missing label).
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let holds = |expression: &LabelExpression| {
            let value = labels.get(&expression.key);
            let listed = value.is_some_and(|value| expression.values.contains(value));
            match expression.operator {
                LabelOperator::In => listed,
                LabelOperator::NotIn => !listed,
                LabelOperator::Exists => value.is_some(),
                LabelOperator::DoesNotExist => value.is_none(),
            }
        };
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(holds)
    }

    pub(super) fn read(field: &Field<'_, '_>) -> Option<LabelSelector> {
        let fields = field.fields(&shapes::SELECTOR)?;
        let mut match_labels = fields.get("matchLabels").map(|field| field.string_map()).unwrap_or_default();
        match_labels.extend(stray_labels(&fields));
        Some(LabelSelector {
            match_labels,
            match_expressions: fields
                .get("matchExpressions")
                .map(|field| read_expressions(&field))
                .unwrap_or_default(),
        })
    }
}

/// Labels written straight under `selector`, as a Service has them. They are taken as meant, so
/// that no complaint about a selector without labels follows.
fn stray_labels(fields: &Fields<'_, '_>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for (key, value) in fields.at.entries() {
        if let Some(text) = value.node.text().filter(|_| shapes::SELECTOR.is_unknown(key)) {
            labels.insert(key.to_owned(), text.to_owned());
            value.forbidden(
                "labels stand under `matchLabels` here",
                &format!("write `selector: {{matchLabels: {{{key}: ...}}}}`; only a Service has bare labels"),
            );
        }
    }
    labels
}

fn read_expressions(field: &Field<'_, '_>) -> Vec<LabelExpression> {
    const OPERATORS: &[(&str, LabelOperator)] = &[
        ("In", LabelOperator::In),
        ("NotIn", LabelOperator::NotIn),
        ("Exists", LabelOperator::Exists),
        ("DoesNotExist", LabelOperator::DoesNotExist),
    ];
    let mut expressions = Vec::new();
    for item in field.items() {
        let Some(fields) = item.fields(&shapes::EXPRESSION) else { continue };
        let key = fields.require("key", "name the label").and_then(|field| field.string());
        let operator = fields
            .require("operator", "write In, NotIn, Exists or DoesNotExist")
            .and_then(|field| field.one_of(OPERATORS));
        let values = fields.get("values").map(|field| field.strings()).unwrap_or_default();
        let (Some(key), Some(operator)) = (key, operator) else { continue };
        let compares = matches!(operator, LabelOperator::In | LabelOperator::NotIn);
        if compares && values.is_empty() {
            item.lacks(
                "values",
                "must be specified when `operator` is 'In' or 'NotIn'",
                "list the values to compare with",
            );
        } else if !compares && !values.is_empty() {
            item.forbidden(
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                "remove `values`",
            );
        }
        expressions.push(LabelExpression { key, operator, values });
    }
    expressions
}

/// Reads the selector at `name`, if any.
pub(super) fn selector_at(fields: &Fields<'_, '_>, name: &str) -> Option<LabelSelector> {
    fields.get(name).and_then(|field| LabelSelector::read(&field))
}

/// Reads the mapping at `name` with `shape`, if it is there.
pub(super) fn mapping_at<'r, 't>(
    fields: &Fields<'r, 't>,
    name: &str,
    shape: &'static Shape,
) -> Option<Fields<'r, 't>> {
    fields.get(name).and_then(|field| field.fields(shape))
}
