//! Diagnostics: what is wrong with an input, where, and what to write instead.
//!
//! A [`Diagnostic`] is plain data that any reader of user input (manifests, scenario files) can
//! make and any output (terminal, JSON, annotations in CI) can show. It carries its own source
//! text behind an `Arc`, so that it can be shown without looking the file up again. Nothing here
//! knows what the text means.

mod render;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Information that explains another diagnostic or a default.
    Note,
    /// The input can be used, but probably not as meant.
    Warning,
    /// The input cannot be used.
    Error,
}

impl Severity {
    /// The lower-case word that outputs use.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A named text that diagnostics point into.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceText {
    /// What the user calls it: a path, or `<stdin>`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl SourceText {
    /// Names a text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<SourceText> {
        Arc::new(SourceText { name: name.into(), text: text.into() })
    }
}

impl fmt::Debug for SourceText {
    /// The name alone: the text may be a dump of a whole cluster.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceText({:?}, {} bytes)", self.name, self.text.len())
    }
}

/// A stretch of a source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The text.
    pub source: Arc<SourceText>,
    /// Start in bytes, at a character boundary and inside the text.
    start: usize,
    /// End in bytes, likewise, not before `start`.
    end: usize,
}

impl Place {
    /// The stretch `span` (in bytes) of `source`; a span that reaches outside the text or into
    /// the middle of a character is cut to what is there.
    pub fn new(source: &Arc<SourceText>, span: Range<usize>) -> Place {
        let floor = |at: usize| {
            let mut at = at.min(source.text.len());
            while !source.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = floor(span.start);
        Place { source: Arc::clone(source), start, end: floor(span.end).max(start) }
    }

    /// The name of the text.
    pub fn file(&self) -> &str {
        &self.source.name
    }

    /// The stretch in bytes.
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The line of the start, counted from 1.
    pub fn line(&self) -> usize {
        self.source.text[..self.start].matches('\n').count() + 1
    }

    /// The column of the start in characters, counted from 1.
    pub fn column(&self) -> usize {
        self.source.text[self.line_start()..self.start].chars().count() + 1
    }

    /// Where the line of the start begins, in bytes.
    fn line_start(&self) -> usize {
        self.source.text[..self.start].rfind('\n').map_or(0, |at| at + 1)
    }

    /// Where the line of the end stops, in bytes, without its line break.
    fn line_end(&self) -> usize {
        self.source.text[self.end..].find('\n').map_or(self.source.text.len(), |at| self.end + at)
    }
}

impl fmt::Display for Place {
    /// `file:line:column`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file(), self.line(), self.column())
    }
}

/// One thing to tell about an input.
///
/// Texts are lower case and without a final stop, except where they begin with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable name for the kind of problem, such as `field-typo`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence that stands alone.
    pub message: String,
    /// Where; `None` when no text is to blame (a missing file, for example).
    pub place: Option<Place>,
    /// The words beside the caret, if any.
    pub label: Option<String>,
    /// What to do about it, if that is known.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Something that makes the input unusable.
    pub fn error(code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Error, code, message)
    }

    /// Something the user should know before believing a result.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Warning, code, message)
    }

    /// Something that is merely good to know.
    pub fn note(code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Note, code, message)
    }

    fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic { code, severity, message: message.into(), place: None, label: None, help: None }
    }

    /// Points at a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Diagnostic {
        self.place = Some(place);
        self
    }

    /// Says something beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Diagnostic {
        self.label = Some(label.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Whether it makes the input unusable.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let source = SourceText::new("a.yaml", "first\nspän: 1\r\n");
        for (name, span, line, column) in [
            ("start", 0..5, 1, 1),
            ("after a line break", 6..8, 2, 1),
            ("after a two-byte letter", 11..12, 2, 5),
            ("end of the text", 16..16, 3, 1),
            ("beyond the text", 90..99, 3, 1),
            ("inside a letter is cut to its start", 9..10, 2, 3),
        ] {
            let place = Place::new(&source, span);
            assert_eq!((place.line(), place.column()), (line, column), "{name}");
        }
        assert_eq!(Place::new(&source, 6..8).to_string(), "a.yaml:2:1");
        let around = Place::new(&source, std::ops::Range { start: 8, end: 2 });
        assert_eq!(around.span(), 8..8, "a span that is turned around is empty");
    }
}
