//! A list of diagnostics that stays short whatever the input is.

use super::code;
use crate::diag::Diagnostic;

/// How many errors, and how many warnings, are worth telling at once.
const KEPT_MAX: usize = 100;

/// Errors and warnings, the first hundred of each; the rest is counted.
#[derive(Default)]
pub(super) struct Complaints {
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    dropped: usize,
}

impl Complaints {
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        let list = if diagnostic.is_error() { &mut self.errors } else { &mut self.warnings };
        if list.len() < KEPT_MAX {
            list.push(diagnostic);
        } else {
            self.dropped += 1;
        }
    }

    pub(super) fn append(&mut self, other: Complaints) {
        self.dropped += other.dropped;
        other.errors.into_iter().chain(other.warnings).for_each(|diagnostic| self.push(diagnostic));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.errors.is_empty() && self.warnings.is_empty()
    }

    pub(super) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Errors, then warnings, then a word about what was dropped.
    pub(super) fn into_vec(self) -> Vec<Diagnostic> {
        let mut all = self.errors;
        all.extend(self.warnings);
        if self.dropped > 0 {
            let message = format!("{} more errors and warnings are not shown", self.dropped);
            all.push(Diagnostic::note(code::TOO_MANY, message));
        }
        all
    }
}
