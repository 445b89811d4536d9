//! Where the command writes: results here, talk there.

use std::io::{self, Write};

use crate::diag::{Diagnostic, Severity};

/// How to write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Nothing but results and errors.
    pub quiet: bool,
    /// More than usual.
    pub verbose: bool,
    /// Colours in results.
    pub colour: bool,
    /// Colours in talk.
    pub colour_talk: bool,
    /// Show progress of long work.
    pub progress: bool,
}

/// The one writer of results and the one of talk.
pub(super) struct Terminal<'a> {
    /// Results.
    pub out: &'a mut dyn Write,
    talk: &'a mut dyn Write,
    /// How to write.
    pub style: Style,
}

impl<'a> Terminal<'a> {
    pub(super) fn new(out: &'a mut dyn Write, talk: &'a mut dyn Write, style: Style) -> Terminal<'a> {
        Terminal { out, talk, style }
    }

    /// One remark for people, unless they asked for quiet.
    pub(super) fn say(&mut self, line: &str) {
        if !self.style.quiet {
            self.tell(line);
        }
    }

    /// One line that is said even quietly. Nobody can be told that standard error is broken.
    pub(super) fn tell(&mut self, line: &str) {
        let _ = writeln!(self.talk, "{line}");
    }

    /// Diagnostics in order, with a line between them; quietly, errors alone.
    pub(super) fn diagnose(&mut self, diagnostics: &[Diagnostic]) {
        let least = if self.style.quiet { Severity::Error } else { Severity::Note };
        let shown = diagnostics.iter().filter(|diagnostic| diagnostic.severity >= least);
        let texts: Vec<String> = shown.map(|diagnostic| diagnostic.render(self.style.colour_talk)).collect();
        if !texts.is_empty() {
            self.tell(&texts.join("\n\n"));
        }
    }

    /// Results as pretty JSON with a final line break.
    pub(super) fn print_json(&mut self, value: &serde_json::Value) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *self.out, value)?;
        writeln!(self.out)
    }
}

/// <https://no-color.org>: any value but the empty one switches colours off.
pub(super) fn environment_allows_colour() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
}

/// In continuous integration a bar that redraws itself only fills the log.
pub(super) fn environment_allows_progress() -> bool {
    std::env::var_os("CI").is_none_or(|value| value.is_empty() || value == "false")
}
