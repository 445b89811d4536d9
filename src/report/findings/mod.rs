//! Findings of the lint, for people, scripts and CI.

mod github;
mod json;
pub(super) mod sarif;
mod text;

pub(super) use github::{data as escape_data, property as escape_property};

use crate::lint::Report;

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text {
        /// With ANSI colours.
        color: bool,
    },
    /// One object, schema `podloss-findings/1`.
    Json,
    /// Annotations of GitHub Actions, one line each.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// The findings in a format, with a final line break. Other warnings about the same files are no findings,
/// and stand beside them.
pub fn render(report: &Report, format: Format) -> String {
    match format {
        Format::Text { color } => text::render(report, color),
        Format::Json => json::render(report),
        Format::Github => github::render(report),
        Format::Sarif => sarif::render(report),
    }
}

#[cfg(test)]
mod tests;
