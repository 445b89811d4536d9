//! Showing diagnostics: with source lines and carets as rustc does, or as one plain line.

use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};

use super::{Diagnostic, Place, Severity};

/// Source lines longer than this are not shown: they belong to minified JSON, where an excerpt
/// helps nobody and laying it out takes long.
const SHOWN_BYTES_MAX: usize = 4_096;

impl Diagnostic {
    /// Several lines for people: title, the source line with a caret, help. `color` adds ANSI
    /// colours. The text has no final line break.
    pub fn render(&self, color: bool) -> String {
        let level = level(self.severity);
        let mut group = Group::with_title(level.primary_title(self.message.as_str()).id(self.code));
        if let Some(place) = &self.place {
            let lines = place.line_start()..place.line_end();
            if lines.len() <= SHOWN_BYTES_MAX {
                let span = caret(place);
                let mut annotation =
                    AnnotationKind::Primary.span(span.start - lines.start..span.end - lines.start);
                if let Some(label) = &self.label {
                    annotation = annotation.label(normalize_untrusted_str(label));
                }
                let snippet = Snippet::source(&place.source.text[lines])
                    .path(place.file())
                    .line_start(place.line())
                    .annotation(annotation);
                group = group.element(snippet);
            } else {
                let text = format!("at {place}{}", self.label_in_brackets());
                group = group.element(Level::NOTE.message(normalize_untrusted_str(&text)));
            }
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
        }
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }

    fn label_in_brackets(&self) -> String {
        self.label.as_ref().map_or(String::new(), |label| format!(" ({label})"))
    }
}

impl fmt::Display for Diagnostic {
    /// One line: `file:line:column: severity[code]: message (label); help: help`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = String::new();
        if let Some(place) = &self.place {
            line.push_str(&format!("{place}: "));
        }
        line.push_str(&format!("{}[{}]: {}", self.severity.word(), self.code, self.message));
        line.push_str(&self.label_in_brackets());
        if let Some(help) = &self.help {
            line.push_str(&format!("; help: {help}"));
        }
        // Texts from a file may hold line breaks and terminal escapes.
        f.write_str(&normalize_untrusted_str(&line.replace(['\n', '\r'], " ")))
    }
}

impl std::error::Error for Diagnostic {}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

/// The span to underline: a stretch of several lines is cut to its first, because the caret
/// should point at a thing, not draw a bar along a whole object.
fn caret(place: &Place) -> std::ops::Range<usize> {
    let text = &place.source.text[place.span()];
    let first = text.find('\n').map_or(text, |at| &text[..at]);
    place.start..place.start + first.trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::super::{Diagnostic, Place, SourceText};

    fn sample() -> Diagnostic {
        let text = "spec:\n  periodSecond: 5\n  next: 1\n";
        Diagnostic::error("field-typo", "unknown field `periodSecond`")
            .at(Place::new(&SourceText::new("web.yaml", text), 8..20))
            .label("did you mean `periodSeconds`?")
            .help("write `periodSeconds`")
    }

    #[test]
    fn looks_like_rustc() {
        insta::assert_snapshot!(sample().render(false), @r"
        error[field-typo]: unknown field `periodSecond`
         --> web.yaml:2:3
          |
        2 |   periodSecond: 5
          |   ^^^^^^^^^^^^ did you mean `periodSeconds`?
          |
          = help: write `periodSeconds`
        ");
    }

    #[test]
    fn fits_in_one_line() {
        insta::assert_snapshot!(sample(), @"web.yaml:2:3: error[field-typo]: unknown field `periodSecond` (did you mean `periodSeconds`?); help: write `periodSeconds`");
        let bare = Diagnostic::warning("odd", "two\nlines and \u{1b}[31mred");
        assert_eq!(bare.to_string(), "warning[odd]: two lines and ␛[31mred");
    }

    #[test]
    fn a_place_over_several_lines_underlines_the_first() {
        let source = SourceText::new("a", "a: [1,\n 2]\n");
        let text = Diagnostic::note("n", "m").at(Place::new(&source, 3..10)).render(false);
        assert!(text.contains("^^^") && !text.contains("2]"), "{text}");
    }

    #[test]
    fn endless_lines_are_named_but_not_shown() {
        let long = format!("{{\"a\": \"{}\", \"b\": 1}}", "x".repeat(10_000));
        let place = Place::new(&SourceText::new("big.json", long), 10_010..10_013);
        let text = Diagnostic::error("c", "m").at(place).label("here").render(false);
        assert!(text.contains("at big.json:1:10011 (here)") && text.len() < 200, "{text}");
    }

    #[test]
    fn colour_is_asked_for() {
        assert!(sample().render(true).contains("\u{1b}["));
        assert!(!sample().render(false).contains('\u{1b}'));
    }

    #[test]
    fn the_end_of_a_text_can_be_pointed_at() {
        for text in ["", "a", "a\n"] {
            let source = SourceText::new("t", text);
            let shown =
                Diagnostic::error("c", "m").at(Place::new(&source, text.len()..text.len())).render(false);
            assert!(shown.contains("t:"), "{shown}");
        }
    }
}
