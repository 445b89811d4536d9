//! Lines with tones that a terminal may show as colours.

/// What a stretch of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum Tone {
    Plain,
    /// The answer.
    Strong,
    /// Beside the point.
    Faint,
    Good,
    Bad,
    Warning,
}

impl Tone {
    fn code(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Strong => "\x1b[1m",
            Tone::Faint => "\x1b[2m",
            Tone::Good => "\x1b[32m",
            Tone::Bad => "\x1b[1;31m",
            Tone::Warning => "\x1b[33m",
        }
    }
}

/// One line of stretches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::report) struct Line(Vec<(String, Tone)>);

impl Line {
    pub(in crate::report) fn blank() -> Line {
        Line::default()
    }

    pub(in crate::report) fn plain(text: impl Into<String>) -> Line {
        Line(vec![(text.into(), Tone::Plain)])
    }

    pub(in crate::report) fn toned(text: impl Into<String>, tone: Tone) -> Line {
        Line(vec![(text.into(), tone)])
    }

    pub(in crate::report) fn push(&mut self, text: &str) {
        self.push_toned(text, Tone::Plain);
    }

    pub(in crate::report) fn push_toned(&mut self, text: &str, tone: Tone) {
        self.0.push((text.to_owned(), tone));
    }

    /// The line as text, without blanks at its end.
    pub(in crate::report) fn render(&self, colour: bool) -> String {
        let mut out = String::new();
        for (text, tone) in &self.0 {
            if colour && !tone.code().is_empty() {
                out.push_str(&format!("{}{text}\x1b[0m", tone.code()));
            } else {
                out.push_str(text);
            }
        }
        out.truncate(out.trim_end().len());
        out
    }
}
