//! Where manifests come from: files, folders, standard input, text in memory.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::text::{decode, manifests_of, read_file, read_from};
use crate::diag::{Diagnostic, SourceText};

/// Something to read manifests from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file, or a folder whose `*.yaml`, `*.yml` and `*.json` files are read in the order of
    /// their names (folders inside it are not).
    Path(PathBuf),
    /// Standard input.
    Stdin,
    /// A text with a name for messages.
    Text {
        /// What messages call it.
        name: String,
        /// The text.
        text: String,
    },
}

impl Source {
    /// What a command-line argument means: `-` is standard input, anything else a path.
    pub fn from_arg(arg: &str) -> Source {
        if arg == "-" { Source::Stdin } else { Source::Path(PathBuf::from(arg)) }
    }

    /// Reads the texts of this source.
    ///
    /// # Errors
    /// One diagnostic per file that cannot be read.
    pub(crate) fn texts(&self) -> Vec<Result<Arc<SourceText>, Diagnostic>> {
        match self {
            Source::Text { name, text } => vec![decode(name, text.clone().into_bytes())],
            Source::Stdin => vec![read_from("<stdin>", io::stdin().lock())],
            Source::Path(path) if path.is_dir() => match manifests_of(path) {
                Ok(files) => files.iter().map(|file| read_file(file)).collect(),
                Err(error) => vec![Err(error)],
            },
            Source::Path(path) => vec![read_file(path)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::code;
    use super::*;

    #[test]
    fn folders_give_their_manifests_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.yml", "a.yaml", "c.json", "notes.txt"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        std::fs::create_dir(folder.path().join("d.yaml")).unwrap();
        let texts = Source::Path(folder.path().to_owned()).texts();
        let texts: Vec<String> = texts.into_iter().map(|text| text.unwrap().text.clone()).collect();
        assert_eq!(texts, ["a.yaml", "b.yml", "c.json"]);

        let empty = tempfile::tempdir().unwrap();
        let error = Source::Path(empty.path().to_owned()).texts().remove(0).expect_err("empty");
        assert_eq!(error.code, code::EMPTY);
        let error = Source::Path(empty.path().join("missing.yaml")).texts().remove(0).expect_err("missing");
        assert_eq!(error.code, code::UNREADABLE);
    }

    #[test]
    fn a_dash_is_standard_input() {
        assert_eq!(Source::from_arg("-"), Source::Stdin);
        assert_eq!(Source::from_arg("web.yaml"), Source::Path("web.yaml".into()));
    }
}
