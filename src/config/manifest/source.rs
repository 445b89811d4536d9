//! Where manifests come from: files, folders, standard input, text in memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::code;
use crate::diag::{Diagnostic, SourceText};

/// The largest file that is read, in bytes: 64 MiB. A dump of 5,000 pods has about 40.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

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
    pub(super) fn texts(&self) -> Vec<Result<Arc<SourceText>, Diagnostic>> {
        match self {
            Source::Text { name, text } => vec![from_bytes(name, text.clone().into_bytes())],
            Source::Stdin => vec![from_reader("<stdin>", io::stdin().lock())],
            Source::Path(path) if path.is_dir() => match files_of(path) {
                Ok(files) => files.iter().map(|file| from_file(file)).collect(),
                Err(error) => vec![Err(error)],
            },
            Source::Path(path) => vec![from_file(path)],
        }
    }
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    let name = folder.display().to_string();
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(&name, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(&name, &error))?.path();
        let wanted = path
            .extension()
            .is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known));
        if wanted && path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        let message = format!("folder {name} has no .yaml, .yml or .json file");
        return Err(
            Diagnostic::error(code::EMPTY, message).help("name the files, or the folder that holds them")
        );
    }
    files.sort();
    Ok(files)
}

fn from_file(path: &Path) -> Result<Arc<SourceText>, Diagnostic> {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => from_reader(&name, file),
        Err(error) => Err(unreadable(&name, &error)),
    }
}

fn from_reader(name: &str, reader: impl Read) -> Result<Arc<SourceText>, Diagnostic> {
    let mut bytes = Vec::new();
    reader.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    from_bytes(name, bytes)
}

fn unreadable(name: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::error(code::UNREADABLE, format!("cannot read {name}: {error}"))
}

fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Arc<SourceText>, Diagnostic> {
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let limit = FILE_BYTES_MAX / (1024 * 1024);
        return Err(Diagnostic::error(code::TOO_LARGE, format!("{name} is larger than {limit} MiB"))
            .help("read only what belongs to the service, for example `kubectl get deploy,svc,hpa,pods -n NAMESPACE -o yaml`"));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Diagnostic::error(code::NOT_UTF8, format!("{name} is in UTF-16"))
            .help("save it as UTF-8; in PowerShell write `| Out-File -Encoding utf8` instead of `>`"));
    }
    if bytes.contains(&0) {
        return Err(Diagnostic::error(code::BINARY, format!("{name} is a binary file, not YAML or JSON")));
    }
    match String::from_utf8(bytes) {
        Ok(text) => {
            // The parser would take a byte order mark for text if a comment followed.
            let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
            Ok(SourceText::new(name, text))
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(Diagnostic::error(
                code::NOT_UTF8,
                format!("{name} is not UTF-8 text (line {line}, byte {at})"),
            )
            .help("save it as UTF-8"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_text_is_refused_with_a_remedy() {
        for (name, bytes, code, part) in [
            ("UTF-16", b"\xff\xfea\0".to_vec(), code::NOT_UTF8, "UTF-16"),
            ("archive", b"\x1f\x8b\x08\0\0".to_vec(), code::BINARY, "binary"),
            ("Latin-1", b"a: 1\nb: caf\xe9\n".to_vec(), code::NOT_UTF8, "line 2, byte 11"),
        ] {
            let error = from_bytes("x.yaml", bytes).expect_err(name);
            assert_eq!(error.code, code, "{name}");
            assert!(error.message.contains(part), "{name}: {error}");
        }
        let text = from_bytes("x.yaml", b"\xef\xbb\xbfa: 1".to_vec()).unwrap();
        assert_eq!(text.text, "a: 1");
    }

    #[test]
    fn no_more_than_the_limit_is_taken_in() {
        let error = from_reader("endless", io::repeat(b' ')).expect_err("too large");
        assert_eq!((error.code, error.message.as_str()), (code::TOO_LARGE, "endless is larger than 64 MiB"));
    }

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
