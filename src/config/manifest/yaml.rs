//! Text to [`Node`]s. The only file that knows the YAML crate.
//!
//! Built on the event parser that serde-saphyr stands on and exports: its serde side would hide
//! what the manifests' rules need (quotes, places of keys, every error instead of the first).
//! JSON goes the same way, being a subset of YAML for everything kubectl prints.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_saphyr::granit_parser::{self, Event, Parser, ScalarStyle, ScanError, Tag};

use super::code;
use super::node::{Entry, Node, Span, Value};
use crate::diag::{Diagnostic, Place, SourceText};

/// The deepest nesting of lists and mappings. CRD schemas reach about 50 levels.
const DEPTH_MAX: usize = 128;
/// How many nodes aliases (`*name`) and merge keys (`<<`) may add in one file. Enough for any
/// file written by hand; a "billion laughs" file stops here within milliseconds.
const COPIED_NODES_MAX: usize = 200_000;

/// Reads all documents of a text. Empty documents are left out.
///
/// # Errors
/// The first thing that is not YAML, a duplicate key, or a limit that was exceeded.
pub(super) fn parse(source: &Arc<SourceText>) -> Result<Vec<Node<'_>>, Diagnostic> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
        // JSON keys may be longer than the 1024 characters of the YAML specification.
        simple_key_max_lookahead: 65_536,
    };
    let mut builder = Builder::new(source);
    for event in Parser::new_from_str_with_options(&source.text, options) {
        let (event, span) = event.map_err(|error| syntax_error(source, &error))?;
        let span = span.byte_range().map_or(Span::default(), |range| as_span(range.start, range.end));
        builder.take(event, span)?;
    }
    Ok(builder.documents)
}

/// A list or mapping that is not closed yet.
struct Open<'t> {
    start: Span,
    anchor: usize,
    /// The key whose value comes next, if this is a mapping that has read one.
    key: Option<(Cow<'t, str>, Span)>,
    value: Value<'t>,
}

/// Puts the parser's events together. An explicit stack of open values instead of recursion, so
/// that no input can exhaust the program's own.
struct Builder<'t> {
    source: &'t Arc<SourceText>,
    documents: Vec<Node<'t>>,
    open: Vec<Open<'t>>,
    /// Finished values that have an anchor (`&name`), by the parser's number for it.
    anchors: BTreeMap<usize, Node<'t>>,
    /// Nodes copied so far for anchors and aliases.
    copied: usize,
}

impl<'t> Builder<'t> {
    fn new(source: &'t Arc<SourceText>) -> Builder<'t> {
        Builder { source, documents: Vec::new(), open: Vec::new(), anchors: BTreeMap::new(), copied: 0 }
    }

    fn take(&mut self, event: Event<'t>, span: Span) -> Result<(), Diagnostic> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = is_plain(style, tag.as_deref());
                self.put(Node { span, value: Value::Scalar { text, plain } }, anchor)
            }
            Event::Alias(anchor) => {
                let node = self.copy(anchor, span)?;
                self.put(node, 0)
            }
            Event::SequenceStart(_, anchor, _) => self.open(span, anchor, Value::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => self.open(span, anchor, Value::Map(Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { start, anchor, value, .. }) = self.open.pop() else { return Ok(()) };
                let value = match value {
                    Value::Map(entries) => Value::Map(self.merged(entries)?),
                    other => other,
                };
                self.put(Node { span: Span { start: start.start, end: span.end }, value }, anchor)
            }
            Event::DocumentEnd => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, start: Span, anchor: usize, value: Value<'t>) -> Result<(), Diagnostic> {
        if self.open.len() == DEPTH_MAX {
            return Err(self.too_deep(start));
        }
        self.open.push(Open { start, anchor, key: None, value });
        Ok(())
    }

    /// Puts a finished node where it belongs.
    fn put(&mut self, node: Node<'t>, anchor: usize) -> Result<(), Diagnostic> {
        if anchor != 0 {
            self.charge(&node, node.span)?;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            if !node.is_null() {
                self.documents.push(node);
            }
            return Ok(());
        };
        match (&mut open.value, open.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(entries), Some((key, key_span))) => {
                entries.push(Entry { key, key_span, value: node })
            }
            (Value::Map(_), None) => match node.value {
                Value::Scalar { text, .. } => open.key = Some((text, node.span)),
                _ => return Err(self.complex_key(node.span)),
            },
            (Value::Scalar { .. }, _) => {}
        }
        Ok(())
    }

    /// A copy of the node that an alias names.
    fn copy(&mut self, anchor: usize, at: Span) -> Result<Node<'t>, Diagnostic> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(self.error(code::YAML_SYNTAX, "an alias stands inside the very value it names", at));
        };
        self.charge(&node, at)?;
        if self.open.len() + height(&node) > DEPTH_MAX {
            return Err(self.too_deep(at));
        }
        Ok(node)
    }

    /// Counts copied nodes against the limit.
    fn charge(&mut self, node: &Node<'_>, at: Span) -> Result<(), Diagnostic> {
        self.copied += weight(node);
        if self.copied > COPIED_NODES_MAX {
            let message = format!("anchors and aliases expand to more than {COPIED_NODES_MAX} values");
            return Err(self
                .error(code::ALIAS_LIMIT, message, at)
                .help("write the values out instead of repeating them by alias"));
        }
        Ok(())
    }

    /// Checks that no key is given twice and resolves merge keys (`<<: *base`).
    fn merged(&mut self, entries: Vec<Entry<'t>>) -> Result<Vec<Entry<'t>>, Diagnostic> {
        let mut seen = BTreeSet::new();
        for entry in &entries {
            if !seen.insert(&*entry.key) {
                return Err(self.duplicate_key(&entries, entry));
            }
        }
        if !seen.contains("<<") {
            return Ok(entries);
        }
        let mut taken: BTreeSet<Cow<'t, str>> = entries.iter().map(|entry| entry.key.clone()).collect();
        let (merges, mut own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.key == "<<");
        for merge in merges {
            let bases = match merge.value.value {
                Value::List(nodes) => nodes,
                _ => vec![merge.value],
            };
            for base in bases {
                let Value::Map(inherited) = base.value else {
                    return Err(self.error(
                        code::YAML_SYNTAX,
                        "`<<` takes a mapping or a list of mappings",
                        base.span,
                    ));
                };
                for entry in inherited {
                    if taken.insert(entry.key.clone()) {
                        own.push(entry);
                    }
                }
            }
        }
        Ok(own)
    }

    fn duplicate_key(&self, entries: &[Entry<'_>], again: &Entry<'_>) -> Diagnostic {
        let first = entries.iter().find(|entry| entry.key == again.key).unwrap_or(again);
        let line = self.place(first.key_span).line();
        self.error(code::DUPLICATE_KEY, format!("key `{}` is given twice", again.key), again.key_span)
            .label("given again here")
            .help(format!("it was first given in line {line}; keep one of the two"))
    }

    fn too_deep(&self, at: Span) -> Diagnostic {
        self.error(code::TOO_DEEP, format!("values are nested deeper than {DEPTH_MAX} levels"), at)
    }

    fn complex_key(&self, at: Span) -> Diagnostic {
        template_left_over(self.source, at.range().start).unwrap_or_else(|| {
            self.error(code::YAML_SYNTAX, "a list or mapping stands where a field name is due", at)
                .help("quote the value if it begins with `{` or `[`")
        })
    }

    fn error(&self, code: &'static str, message: impl Into<String>, at: Span) -> Diagnostic {
        Diagnostic::error(code, message).at(self.place(at))
    }

    fn place(&self, span: Span) -> Place {
        Place::new(self.source, span.range())
    }
}

/// Whether a scalar's text decides what it is (`3` a number), or it is text in any case.
fn is_plain(style: ScalarStyle, tag: Option<&Tag>) -> bool {
    match tag {
        Some(tag) if tag.is_yaml_core_schema_tag("str") => false,
        Some(tag) if tag.is_yaml_core_schema() => true,
        _ => style == ScalarStyle::Plain,
    }
}

/// How many values a node holds, itself included.
fn weight(node: &Node<'_>) -> usize {
    1 + match &node.value {
        Value::Scalar { .. } => 0,
        Value::List(items) => items.iter().map(weight).sum(),
        Value::Map(entries) => entries.iter().map(|entry| weight(&entry.value)).sum(),
    }
}

/// How many levels of lists and mappings a node has.
fn height(node: &Node<'_>) -> usize {
    match &node.value {
        Value::Scalar { .. } => 0,
        Value::List(items) => 1 + items.iter().map(height).max().unwrap_or(0),
        Value::Map(entries) => 1 + entries.iter().map(|entry| height(&entry.value)).max().unwrap_or(0),
    }
}

fn as_span(start: usize, end: usize) -> Span {
    let short = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { start: short(start), end: short(end) }
}

/// What the parser says, in podloss's form; templates and tabs are recognised.
fn syntax_error(source: &Arc<SourceText>, error: &ScanError) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or(0);
    if let Some(found) = template_left_over(source, at) {
        return found;
    }
    if matches!(error.kind(), granit_parser::ErrorKind::RecursionLimitExceeded) {
        return Diagnostic::error(
            code::TOO_DEEP,
            format!("values are nested deeper than {DEPTH_MAX} levels"),
        )
        .at(Place::new(source, at..at + 1));
    }
    let tabs = "indent with spaces: YAML does not allow tabs";
    let place = Place::new(source, at..at + 1);
    let line = source.text[..place.span().start].rfind('\n').map_or(0, |at| at + 1);
    let indented_by_tab = source.text[line..].trim_start_matches(' ').starts_with('\t');
    let diagnostic =
        Diagnostic::error(code::YAML_SYNTAX, format!("this is not YAML: {}", error.info())).at(place);
    if indented_by_tab { diagnostic.help(tabs) } else { diagnostic }
}

/// The error for a template that was never rendered, if one stands at `at` or up to three lines
/// before it: the parser often stumbles only after the line with the braces.
fn template_left_over(source: &Arc<SourceText>, at: usize) -> Option<Diagnostic> {
    let text = &source.text;
    let place = Place::new(source, at..at);
    let end = text[place.span().start..].find('\n').map_or(text.len(), |stop| place.span().start + stop);
    let start = text[..place.span().start].rmatch_indices('\n').nth(3).map_or(0, |(stop, _)| stop + 1);
    let braces = start + text[start..end].rfind("{{")?;
    let close = text[braces..end].find("}}").map_or(end, |stop| braces + stop + 2);
    Some(super::template_error(Place::new(source, braces..close)))
}
