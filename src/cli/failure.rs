//! Why a command ends without its result, and the exit code for that.

use std::io;
use std::path::Path;

use super::terminal::Terminal;
use crate::diag::Diagnostic;
use crate::exit_code;

/// Why a command ends without its result.
#[derive(Debug)]
pub(super) enum Failure {
    /// The input cannot be used.
    Input(Vec<Diagnostic>),
    /// A file or folder cannot be written, or podloss itself failed; in words.
    Failed(String),
    /// Standard output cannot be written.
    Output(io::Error),
}

impl Failure {
    /// A place on disk that cannot be written.
    pub(super) fn unwritable(path: &Path, error: &io::Error) -> Failure {
        Failure::Failed(format!("cannot write {}: {}", path.display(), reason(error)))
    }

    /// Tells people, and gives the exit code.
    pub(super) fn tell(&self, terminal: &mut Terminal<'_>) -> u8 {
        match self {
            Failure::Input(diagnostics) => {
                terminal.diagnose(diagnostics);
                exit_code::INVALID_INPUT
            }
            Failure::Failed(message) => {
                terminal.tell(&format!("error: {message}"));
                exit_code::FAILED
            }
            // Whoever read the output has seen enough.
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => exit_code::OK,
            Failure::Output(error) => {
                terminal.tell(&format!("error: cannot write to standard output: {}", reason(error)));
                exit_code::FAILED
            }
        }
    }
}

/// Only writing to standard output may use this with `?`; files name themselves.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Failure {
        Failure::Input(vec![diagnostic])
    }
}

impl From<Vec<Diagnostic>> for Failure {
    fn from(diagnostics: Vec<Diagnostic>) -> Failure {
        Failure::Input(diagnostics)
    }
}

/// The system's words without its number, in lower case like every other message.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::terminal::Style;

    #[test]
    fn every_failure_has_its_code_and_its_words() {
        let failures = [
            (Failure::from(Diagnostic::error("x", "no such thing")), 2, "error[x]: no such thing\n"),
            (Failure::Failed("it broke".into()), 1, "error: it broke\n"),
            (Failure::from(io::Error::from(io::ErrorKind::BrokenPipe)), 0, ""),
            (
                Failure::from(io::Error::from_raw_os_error(28)),
                1,
                "error: cannot write to standard output: no space left on device\n",
            ),
        ];
        for (failure, code, words) in failures {
            let (mut out, mut talk) = (Vec::new(), Vec::new());
            let style =
                Style { quiet: true, verbose: false, colour: false, colour_talk: false, progress: false };
            assert_eq!(failure.tell(&mut Terminal::new(&mut out, &mut talk, style)), code, "{failure:?}");
            assert_eq!((out.len(), String::from_utf8(talk).unwrap().as_str()), (0, words));
        }
    }
}
