//! Manifests as they were in a revision of git, asked for through the `git` command.

use std::process::Command;

use super::failure::{Failure, reason};
use crate::config::inputs::{COMMAND_LINE, Inputs, Request};
use crate::diag::Diagnostic;

/// The files of a revision, each named `REV:path`.
pub(super) struct Revision {
    texts: Vec<(String, String)>,
}

impl Revision {
    /// Reads the manifests that these files and folders held in a revision.
    ///
    /// # Errors
    /// No git, no repository, no such revision or path, or no manifests there.
    pub(super) fn read(revision: &str, paths: &[String]) -> Result<Revision, Failure> {
        if revision.is_empty() || revision.starts_with('-') {
            return Err(Diagnostic::error("git", format!("`{revision}` is no revision")).into());
        }
        let mut texts = Vec::new();
        for path in paths {
            for file in files(revision, path)? {
                let text = git(&["show", &format!("{revision}:./{file}")])?;
                texts.push((format!("{revision}:{file}"), text));
            }
        }
        Ok(Revision { texts })
    }

    fn names(&self) -> Vec<String> {
        self.texts.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The case as it was then: the same flags and scenarios, these manifests.
    ///
    /// # Errors
    /// As [`Inputs::read`].
    pub(super) fn inputs(
        &self,
        request: &Request,
        scenarios: &[String],
        now: &Inputs,
    ) -> Result<Inputs, Failure> {
        let paths = [scenarios, &self.names()[..]].concat();
        let mut texts = vec![(COMMAND_LINE.to_owned(), Request { paths, ..request.clone() }.to_text())];
        texts.extend(now.texts().into_iter().skip(1));
        texts.extend(self.texts.iter().cloned());
        Ok(Inputs::stored(&texts)?)
    }

    /// The case as it is now, its first pods by the manifests of then.
    ///
    /// # Errors
    /// As [`Inputs::read`].
    pub(super) fn replaced_by(&self, now: &Inputs) -> Result<Inputs, Failure> {
        let mut texts = now.texts();
        if let Some((_, command_line)) = texts.first_mut() {
            for name in self.names() {
                command_line.push_str(&format!("--from {name}\n"));
            }
        }
        texts.extend(self.texts.iter().cloned());
        Ok(Inputs::stored(&texts)?)
    }
}

/// The manifests below a path in a revision, as paths from here.
fn files(revision: &str, path: &str) -> Result<Vec<String>, Failure> {
    let listed = git(&["ls-tree", "-z", "--name-only", revision, "--", path])?;
    let plain = path.trim_end_matches('/');
    let entries: Vec<&str> = listed.split('\0').filter(|name| !name.is_empty()).collect();
    if entries.is_empty() {
        return Err(Diagnostic::error("git", format!("{revision} has no {path}"))
            .help("name a path that is there in both, as seen from this folder")
            .into());
    }
    let is_folder = git(&["cat-file", "-t", &format!("{revision}:./{plain}")])?.trim() == "tree";
    if !is_folder {
        return Ok(vec![plain.to_owned()]);
    }
    let inside = git(&["ls-tree", "-z", "--name-only", revision, "--", &format!("{plain}/")])?;
    let manifest = |name: &&str| [".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending));
    let found: Vec<String> = inside.split('\0').filter(manifest).map(str::to_owned).collect();
    if found.is_empty() {
        return Err(Diagnostic::error("git", format!("no manifests in {revision}:{plain}/")).into());
    }
    Ok(found)
}

fn git(arguments: &[&str]) -> Result<String, Failure> {
    let ran = Command::new("git").args(arguments).output();
    let output = ran.map_err(|error| Failure::Failed(format!("cannot run git: {}", reason(&error))))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        let words = words.lines().next().unwrap_or("it failed").trim_start_matches("fatal: ").to_owned();
        let help = "--base takes a revision that `git show` knows, such as main or HEAD~1";
        return Err(Diagnostic::error("git", format!("git: {words}")).help(help).into());
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Diagnostic::error("git", format!("git {}: not a text", arguments.join(" "))).into())
}
