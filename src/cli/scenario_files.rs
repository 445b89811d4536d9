//! Scenarios in folders: which files they are, and which of them are only layers of others.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::failure::{Failure, reason};
use super::files::read_text;
use crate::config::scenario::read_scenario;
use crate::diag::Diagnostic;

/// A file that may be a scenario.
#[derive(Clone, Debug)]
pub(super) struct ScenarioFile {
    pub(super) path: String,
    /// It was named itself, not found in a folder.
    pub(super) named: bool,
    /// Another of the files extends it.
    extended: bool,
}

impl ScenarioFile {
    /// Whether it is no scenario by itself if it cannot be simulated: a layer lacks what the
    /// scenario above it says, and a file of another kind expects nothing.
    pub(super) fn may_be_left_out(&self) -> bool {
        let expects = || {
            fs::read_to_string(&self.path)
                .is_ok_and(|text| text.lines().any(|line| line.trim_start().starts_with("[[expect")))
        };
        !self.named && (self.extended || !expects())
    }
}

/// The scenarios among paths and below folders, in order.
pub(super) fn scenario_files(paths: &[String]) -> Result<Vec<ScenarioFile>, Failure> {
    let mut files: Vec<(String, bool)> = Vec::new();
    for path in paths {
        if Path::new(path).is_dir() {
            below(Path::new(path), 0, &mut files)?;
        } else if path.to_ascii_lowercase().ends_with(".toml") {
            files.push((path.clone(), true));
        } else {
            return Err(Diagnostic::error(
                "command-line",
                format!("{path} is neither a scenario nor a folder"),
            )
            .help("write a scenario (.toml) that names the manifests; `podloss init` makes one")
            .into());
        }
    }
    if files.is_empty() {
        return Err(
            Diagnostic::error("nothing-to-test", "there are no scenarios (.toml) in these folders").into()
        );
    }
    let layers: BTreeSet<PathBuf> = files.iter().flat_map(|(path, _)| extended_by(Path::new(path))).collect();
    let is_layer = |path: &str| fs::canonicalize(path).is_ok_and(|path| layers.contains(&path));
    let marked = |(path, named): (String, bool)| ScenarioFile { extended: is_layer(&path), path, named };
    Ok(files.into_iter().map(marked).collect())
}

/// The files that a scenario extends; none if it cannot be read.
fn extended_by(path: &Path) -> Vec<PathBuf> {
    let said = read_text(path).ok().and_then(|text| read_scenario(&text).ok());
    let names = said.into_iter().flat_map(|said| said.extends);
    names.filter_map(|named| fs::canonicalize(path.with_file_name(named.name)).ok()).collect()
}

/// Folders deeper than this are a loop of links.
const DEEPEST: usize = 32;

fn below(folder: &Path, depth: usize, files: &mut Vec<(String, bool)>) -> Result<(), Failure> {
    let unreadable = |error: &std::io::Error| {
        Diagnostic::error("unreadable", format!("cannot read {}: {}", folder.display(), reason(error)))
    };
    let entries = fs::read_dir(folder).map_err(|error| unreadable(&error))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<Result<_, _>>().map_err(|error| unreadable(&error))?;
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() && depth < DEEPEST {
            below(&path, depth + 1, files)?;
        } else if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml")) {
            files.push((path.display().to_string(), false));
        }
    }
    Ok(())
}
