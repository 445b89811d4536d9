//! `--out`: a folder whose files appear whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;

/// A folder that can be written.
#[derive(Debug)]
pub(super) struct OutDir {
    path: PathBuf,
}

impl OutDir {
    /// Makes the folder and tries to write in it, before any work is done in vain.
    ///
    /// # Errors
    /// The folder cannot be made or written.
    pub(super) fn prepare(path: &Path) -> Result<OutDir, Failure> {
        fs::create_dir_all(path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                Failure::Failed(format!("cannot write into {}: it is not a folder", path.display()))
            }
            _ => Failure::unwritable(path, &error),
        })?;
        let trial = path.join(format!(".podloss-{}", std::process::id()));
        // On machines that share the folder another process may have the same number.
        let removed = || match fs::remove_file(&trial) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        let tried = fs::write(&trial, b"").and_then(|()| removed());
        tried.map_err(|error| Failure::unwritable(path, &error))?;
        Ok(OutDir { path: path.to_owned() })
    }

    /// A folder in it.
    ///
    /// # Errors
    /// It cannot be made or written.
    pub(super) fn below(&self, name: &str) -> Result<OutDir, Failure> {
        OutDir::prepare(&self.path.join(name))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file in one piece: whoever looks sees the old file or the new one.
    ///
    /// # Errors
    /// The file cannot be written; nothing half-written stays behind.
    pub(super) fn write(
        &self,
        name: &str,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        write_whole(&self.path.join(name), content)
    }
}

/// Writes any file in one piece, see [`OutDir::write`].
///
/// # Errors
/// The file cannot be written.
pub(super) fn write_whole(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = fs::File::create(&draft).map(io::BufWriter::new).and_then(|mut file| {
        content(&mut file)?;
        file.flush()?;
        fs::rename(&draft, path)
    });
    written.map_err(|error| {
        // The draft may never have come to be.
        let _ = fs::remove_file(&draft);
        Failure::unwritable(path, &error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &Path) -> Vec<String> {
        let entries = fs::read_dir(path).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let out = OutDir::prepare(&folder.path().join("a/b")).unwrap();
        out.write("x", |file| file.write_all(b"old")).unwrap();
        let failed = out.write("x", |file| {
            file.write_all(b"half")?;
            Err(io::Error::from_raw_os_error(28))
        });
        assert!(matches!(failed, Err(Failure::Failed(message)) if message.contains("no space left")));
        assert_eq!(fs::read(out.path().join("x")).unwrap(), b"old");
        out.write("x", |file| file.write_all(b"new")).unwrap();
        assert_eq!(fs::read(out.path().join("x")).unwrap(), b"new");
        assert_eq!(names(out.path()), ["x"]);
    }

    #[test]
    fn a_file_in_the_way_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        for path in [file.clone(), file.join("below")] {
            match OutDir::prepare(&path) {
                Err(Failure::Failed(message)) => assert!(message.contains("it is not a folder"), "{message}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
