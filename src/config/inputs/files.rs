//! Where the texts of a case come from: the disk, or a stored result.

use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::code;
use crate::config::text::{is_manifest_name, manifests_of, read_file, read_from};
use crate::diag::{Diagnostic, SourceText};

/// The name of standard input in messages and stored results.
pub(super) const STDIN_NAME: &str = "<stdin>";

/// Texts by name. Everything that was read is remembered, in the order it was asked for.
pub(super) struct Files<'a> {
    origin: Origin<'a>,
    read: Vec<Arc<SourceText>>,
}

/// Where texts come from.
pub(super) enum Origin<'a> {
    /// The machine, and what it gives as standard input.
    Disk(&'a mut dyn Read),
    /// A stored result.
    Stored(&'a [Arc<SourceText>]),
}

impl<'a> Files<'a> {
    pub(super) fn new(origin: Origin<'a>) -> Files<'a> {
        Files { origin, read: Vec::new() }
    }

    /// Everything that was read.
    pub(super) fn into_read(self) -> Vec<Arc<SourceText>> {
        self.read
    }

    /// One file.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn file(&mut self, name: &str) -> Result<Arc<SourceText>, Diagnostic> {
        if let Some(text) = self.read.iter().find(|text| text.name == name) {
            return Ok(Arc::clone(text));
        }
        let text = match &mut self.origin {
            Origin::Disk(stdin) if name == STDIN_NAME => read_from(name, stdin),
            Origin::Disk(_) => read_file(Path::new(name)),
            Origin::Stored(texts) => texts.iter().find(|text| text.name == name).cloned().ok_or_else(|| {
                Diagnostic::error(code::NOT_STORED, format!("the stored result does not hold {name}"))
            }),
        }?;
        self.read.push(Arc::clone(&text));
        Ok(text)
    }

    /// The manifests that a name stands for: a file, the files of a folder, or standard input.
    ///
    /// # Errors
    /// Every file that cannot be read.
    pub(super) fn manifests(&mut self, name: &str) -> Result<Vec<Arc<SourceText>>, Vec<Diagnostic>> {
        let names = match &self.origin {
            _ if name == "-" => vec![STDIN_NAME.to_owned()],
            Origin::Disk(_) if Path::new(name).is_dir() => {
                let files = manifests_of(Path::new(name)).map_err(|error| vec![error])?;
                files.iter().map(|file| file.display().to_string()).collect()
            }
            Origin::Stored(texts) if !texts.iter().any(|text| text.name == name) => {
                let inside = |text: &&Arc<SourceText>| {
                    let path = Path::new(&text.name);
                    path.parent() == Some(Path::new(name)) && is_manifest_name(path)
                };
                texts.iter().filter(inside).map(|text| text.name.clone()).collect()
            }
            _ => vec![name.to_owned()],
        };
        let names = if names.is_empty() { vec![name.to_owned()] } else { names };
        let (mut texts, mut errors) = (Vec::new(), Vec::new());
        for name in names {
            match self.file(&name) {
                Ok(text) => texts.push(text),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(texts) } else { Err(errors) }
    }
}

/// The name of a file that the file `base` calls `name`: relative to the folder of `base`, without
/// `.` and `..` inside, so that one file has one name.
pub(super) fn beside(base: &str, name: &str) -> String {
    if name == "-" {
        return name.to_owned();
    }
    let folder = Path::new(base).parent().unwrap_or(Path::new(""));
    let mut plain = PathBuf::new();
    for part in folder.join(name).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    if plain.as_os_str().is_empty() { ".".to_owned() } else { plain.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_the_file_that_says_them() {
        for (base, name, expected) in [
            ("a/b.toml", "web.yaml", "a/web.yaml"),
            ("a/b.toml", "../cluster.toml", "cluster.toml"),
            ("b.toml", "../cluster.toml", "../cluster.toml"),
            ("../a/b.toml", "../../c.toml", "../../c.toml"),
            ("b.toml", "./b.toml", "b.toml"),
            ("a/b.toml", "/etc/c.toml", "/etc/c.toml"),
            ("a/b.toml", "..", "."),
            ("a/b.toml", "-", "-"),
        ] {
            assert_eq!(beside(base, name), expected, "{base} {name}");
        }
    }
}
