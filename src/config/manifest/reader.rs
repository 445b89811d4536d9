//! Walking one object's tree: every value is read through here, so that every complaint has a
//! place, every field is either read, listed as not modelled or listed as unknown, and one wrong
//! value never hides the next.
//!
//! Reading a value gives `None` both when it is absent and when it is wrong; the wrong ones are on
//! record by then, so a caller simply goes on with the default.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::code;
use super::complaints::Complaints;
use super::meta::Places;
use super::node::{Entry, Node, Span, Value};
use super::shapes::{Shape, Verdict};
use crate::diag::{Diagnostic, Place, Severity, SourceText};

/// What the API server's refusals are labelled with.
const REJECTED: &str = "the API server rejects this";

/// Reads one object.
pub(super) struct Reader {
    source: Arc<SourceText>,
    /// What messages call the object, such as `Deployment/web`.
    title: String,
    /// Objects that a running cluster gave out have passed the API server: what looks wrong there
    /// is newer than podloss, so complaints become warnings.
    trusted: bool,
    found: RefCell<Found>,
}

/// What reading an object brought to light besides its values.
#[derive(Default)]
pub(super) struct Found {
    pub(super) complaints: Complaints,
    /// Path without list indices, and whether Kubernetes knows the field.
    pub(super) not_modelled: BTreeSet<(String, bool)>,
    places: BTreeMap<String, Span>,
}

impl Reader {
    pub(super) fn new(source: &Arc<SourceText>, title: String, trusted: bool) -> Reader {
        Reader { source: Arc::clone(source), title, trusted, found: RefCell::default() }
    }

    /// The object itself as a field to read.
    pub(super) fn root<'r, 't>(&'r self, node: &'r Node<'t>) -> Field<'r, 't> {
        Field { reader: self, path: String::new(), node, key: None }
    }

    /// Records a complaint. In trusted objects errors become warnings, and warnings are dropped:
    /// a hundred pods would only repeat what is said about their Deployment.
    pub(super) fn report(&self, mut diagnostic: Diagnostic) {
        if self.trusted {
            if !diagnostic.is_error() {
                return;
            }
            diagnostic.severity = Severity::Warning;
        }
        self.found.borrow_mut().complaints.push(diagnostic);
    }

    /// Lists a field, or part of one, that podloss leaves alone.
    pub(super) fn not_modelled(&self, path: &str, known: bool) {
        self.found.borrow_mut().not_modelled.insert((without_indices(path), known));
    }

    /// Notes where a field stands. Of objects from a cluster only the name is kept: there may be
    /// thousands, and nobody is shown a field of theirs.
    fn record(&self, path: &str, span: Span) {
        if !self.trusted || path == "metadata.name" {
            self.found.borrow_mut().places.insert(path.to_owned(), span);
        }
    }

    /// Ends reading: where the fields stand, and everything found.
    pub(super) fn finish(self, object: Span) -> (Places, Found) {
        let mut found = self.found.into_inner();
        let places = Places::new(&self.source, object, std::mem::take(&mut found.places));
        (places, found)
    }

    fn place(&self, span: Span) -> Place {
        Place::new(&self.source, span.range())
    }
}

/// A value at a known path of the object.
#[derive(Clone)]
pub(super) struct Field<'r, 't> {
    pub(super) reader: &'r Reader,
    /// Path as the API server writes it: `spec.template.spec.containers[0].name`.
    pub(super) path: String,
    pub(super) node: &'r Node<'t>,
    /// The key before the value; list items have none.
    key: Option<Span>,
}

impl<'r, 't> Field<'r, 't> {
    /// The fields of a mapping, each of them judged against `shape`.
    pub(super) fn fields(&self, shape: &'static Shape) -> Option<Fields<'r, 't>> {
        let Value::Map(entries) = &self.node.value else {
            self.wrong_type(&format!("a mapping with the fields of {}", shape.home), None);
            return None;
        };
        let mut fields = Fields { at: self.clone(), entries, shape, slips: false };
        for entry in entries {
            fields.slips |= fields.judge(entry);
        }
        Some(fields)
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Vec<Field<'r, 't>> {
        if !matches!(self.node.value, Value::List(_)) {
            self.wrong_type("a list", Some("begin each item with `- `"));
        }
        self.list_items()
    }

    /// The items of a list, or nothing if it is none, without complaint.
    pub(super) fn list_items(&self) -> Vec<Field<'r, 't>> {
        let Value::List(nodes) = &self.node.value else { return Vec::new() };
        let item = |(index, node)| Field {
            reader: self.reader,
            path: format!("{}[{index}]", self.path),
            node,
            key: None,
        };
        nodes.iter().enumerate().map(item).collect()
    }

    /// The entries of a mapping whose keys are the user's own, such as labels.
    pub(super) fn entries(&self) -> Vec<(&'r str, Field<'r, 't>)> {
        let Value::Map(entries) = &self.node.value else {
            self.wrong_type("a mapping", Some("write `key: value` lines"));
            return Vec::new();
        };
        let field = |entry: &'r Entry<'t>| {
            let path = format!("{}[{}]", self.path, entry.key);
            let field = Field { reader: self.reader, path, node: &entry.value, key: Some(entry.key_span) };
            self.reader.record(&field.path, field.span());
            (&*entry.key, field)
        };
        entries.iter().map(field).collect()
    }

    /// The value at the end of a path of field names if it is there, else this one: for carets.
    pub(super) fn nearest(&self, names: &[&str]) -> Field<'r, 't> {
        let Some((first, rest)) = names.split_first() else { return self.clone() };
        let Value::Map(entries) = &self.node.value else { return self.clone() };
        let Some(entry) = entries.iter().find(|entry| entry.key == *first) else { return self.clone() };
        let path = join(&self.path, &entry.key);
        Field { reader: self.reader, path, node: &entry.value, key: Some(entry.key_span) }.nearest(rest)
    }

    /// Where a caret should point: at a scalar, or at the key of something longer.
    pub(super) fn span(&self) -> Span {
        match (&self.node.value, self.key) {
            (Value::Scalar { .. }, key) if self.node.is_null() => key.unwrap_or(self.node.span),
            (Value::Scalar { .. }, _) => self.node.span,
            (_, Some(key)) => key,
            (_, None) => self.node.span,
        }
    }

    /// [`Self::span`] in the source text.
    pub(super) fn place(&self) -> Place {
        self.reader.place(self.span())
    }

    /// The title of the object and the path, as messages begin.
    pub(super) fn subject(&self) -> String {
        if self.path.is_empty() {
            self.reader.title.clone()
        } else {
            format!("{}: {}", self.reader.title, self.path)
        }
    }

    fn error(&self, code: &'static str, what: &str, label: &str, help: &str) {
        let mut diagnostic =
            Diagnostic::error(code, format!("{}: {what}", self.subject())).at(self.place()).label(label);
        if !help.is_empty() {
            diagnostic = diagnostic.help(help);
        }
        self.reader.report(diagnostic);
    }

    /// A value of the wrong sort, such as a text where a number is due.
    pub(super) fn wrong_type(&self, expected: &str, help: Option<&str>) {
        let found = self.node.describe();
        let what = format!("expected {expected}, found {found}");
        self.error(code::WRONG_TYPE, &what, &format!("expected {expected}"), help.unwrap_or_default());
    }

    /// A value that the API server rejects with `detail`.
    pub(super) fn rejected(&self, detail: &str, help: &str) {
        let shown = match self.node.text() {
            Some(text) => format!("{}: ", super::node::shortened(text)),
            None => String::new(),
        };
        self.error(code::INVALID_VALUE, &format!("Invalid value: {shown}{detail}"), REJECTED, help);
    }

    /// A word that is not among those allowed.
    pub(super) fn unsupported(&self, allowed: &str, help: &str) {
        let shown = super::node::shortened(self.node.text().unwrap_or_default());
        let what = format!("Unsupported value: \"{shown}\": supported values: {allowed}");
        self.error(code::INVALID_VALUE, &what, REJECTED, help);
    }

    /// A value that Kubernetes takes and podloss does not.
    pub(super) fn beyond_podloss(&self, detail: &str, help: &str) {
        self.error(code::INVALID_VALUE, detail, "podloss cannot simulate this", help);
    }

    /// Something missing inside this value.
    pub(super) fn lacks(&self, name: &str, detail: &str, help: &str) {
        let path = if name.is_empty() { String::new() } else { format!(".{name}") };
        let what = format!("{}{path}: Required value: {detail}", self.subject());
        let what = what.trim_end_matches([' ', ':']).to_owned();
        let diagnostic = Diagnostic::error(code::REQUIRED, what)
            .at(self.place())
            .label(if name.is_empty() { "lacks a value".to_owned() } else { format!("lacks `{name}`") })
            .help(help);
        self.reader.report(diagnostic);
    }

    /// Something that must not be given here.
    pub(super) fn forbidden(&self, detail: &str, help: &str) {
        let span = self.key.unwrap_or_else(|| self.span());
        let diagnostic =
            Diagnostic::error(code::FORBIDDEN, format!("{}: Forbidden: {detail}", self.subject()))
                .at(self.reader.place(span))
                .label(REJECTED)
                .help(help);
        self.reader.report(diagnostic);
    }

    /// The same name a second time.
    pub(super) fn duplicate(&self, name: &str, help: &str) {
        self.error(code::DUPLICATE_NAME, &format!("Duplicate value: \"{name}\""), REJECTED, help);
    }

    /// Something valid that is hardly meant.
    pub(super) fn warn(&self, code: &'static str, message: impl Into<String>, label: &str, help: &str) {
        let message = format!("{}: {}", self.reader.title, message.into());
        let place = self.place();
        self.reader.report(Diagnostic::warning(code, message).at(place).label(label).help(help));
    }
}

/// The fields of one mapping.
pub(super) struct Fields<'r, 't> {
    /// The mapping itself.
    pub(super) at: Field<'r, 't>,
    entries: &'r [Entry<'t>],
    shape: &'static Shape,
    /// Whether a field name in here was refused. What seems to be missing then is most likely that
    /// very field, and one mistake should be one complaint.
    slips: bool,
}

impl<'r, 't> Fields<'r, 't> {
    /// The field `name` if it is there and not null.
    pub(super) fn get(&self, name: &str) -> Option<Field<'r, 't>> {
        debug_assert!(self.shape.modelled.contains(&name), "`{name}` is not listed in {}", self.shape.home);
        let entry = self.entries.iter().find(|entry| entry.key == name)?;
        let field = self.field(entry);
        self.at.reader.record(&field.path, field.span());
        (!entry.value.is_null()).then_some(field)
    }

    /// The field `name`, or a complaint with `help` if it is not there.
    pub(super) fn require(&self, name: &str, help: &str) -> Option<Field<'r, 't>> {
        let field = self.get(name);
        if field.is_none() {
            self.lacks(name, "", help);
        }
        field
    }

    /// Complains about something missing, unless a misspelt name is to blame.
    pub(super) fn lacks(&self, name: &str, detail: &str, help: &str) {
        if !self.slips {
            self.at.lacks(name, detail, help);
        }
    }

    fn field(&self, entry: &'r Entry<'t>) -> Field<'r, 't> {
        Field {
            reader: self.at.reader,
            path: join(&self.at.path, &entry.key),
            node: &entry.value,
            key: Some(entry.key_span),
        }
    }

    /// Judges a field name; tells whether it was refused.
    fn judge(&self, entry: &Entry<'t>) -> bool {
        let reader = self.at.reader;
        let list = |known| reader.not_modelled(&join(&self.at.path, &entry.key), known);
        let place = || reader.place(entry.key_span);
        let unknown = || format!("{}: unknown field `{}` in {}", reader.title, entry.key, self.shape.home);
        match self.shape.judge(&entry.key) {
            Verdict::Modelled => return false,
            Verdict::NotModelled => list(true),
            // A cluster does not give out misspelt fields, but it may be newer than podloss.
            _ if reader.trusted => list(false),
            Verdict::Unknown => list(false),
            Verdict::NearNotModelled(meant) => {
                list(false);
                reader.report(
                    Diagnostic::warning(code::FIELD_TYPO, unknown())
                        .at(place())
                        .label(format!("did you mean `{meant}`?"))
                        .help("podloss does not model either, but Kubernetes ignores or rejects a misspelt field"),
                );
            }
            Verdict::Typo(meant) => {
                reader.report(
                    Diagnostic::error(code::FIELD_TYPO, unknown())
                        .at(place())
                        .label(format!("did you mean `{meant}`?"))
                        .help(format!("write `{meant}`; Kubernetes ignores or rejects a misspelt field")),
                );
                return true;
            }
            Verdict::Misplaced(home) => {
                let message =
                    format!("{}: field `{}` does not belong in {}", reader.title, entry.key, self.shape.home);
                reader.report(
                    Diagnostic::error(code::FIELD_MISPLACED, message)
                        .at(place())
                        .label(format!("belongs in {home}"))
                        .help("move it there; Kubernetes ignores or rejects a misplaced field"),
                );
                return true;
            }
        }
        false
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// A path with `[]` for every index, so that three containers give one line and not three. Names
/// in brackets stay.
fn without_indices(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for part in path.split_inclusive(['[', ']']) {
        match part.strip_suffix(']') {
            Some(inside) if inside.chars().all(|c| c.is_ascii_digit()) => out.push(']'),
            _ => out.push_str(part),
        }
    }
    out
}
