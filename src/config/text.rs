//! Taking in the texts that users name: bounded in size, and surely text.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::manifest::code;
use crate::diag::{Diagnostic, SourceText};

/// The largest file that is read, in bytes: 64 MiB. A dump of 5,000 pods has about 40.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Reads a file.
///
/// # Errors
/// A file that cannot be opened, is too large or is not UTF-8 text.
pub(crate) fn read_file(path: &Path) -> Result<Arc<SourceText>, Diagnostic> {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => read_from(&name, file),
        Err(error) => Err(unreadable(&name, &error)),
    }
}

/// Reads something open to its end, or to the limit.
///
/// # Errors
/// As [`read_file`].
pub(crate) fn read_from(name: &str, reader: impl Read) -> Result<Arc<SourceText>, Diagnostic> {
    let mut bytes = Vec::new();
    reader.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    decode(name, bytes)
}

/// The text that bytes stand for.
///
/// # Errors
/// Too many bytes, or bytes that are not UTF-8 text.
pub(crate) fn decode(name: &str, bytes: Vec<u8>) -> Result<Arc<SourceText>, Diagnostic> {
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let limit = FILE_BYTES_MAX / (1024 * 1024);
        return Err(Diagnostic::error(code::TOO_LARGE, format!("{name} is larger than {limit} MiB"))
            .help("read only what belongs to the service, for example `kubectl get deploy,svc,hpa,pods -n NAMESPACE -o yaml`"));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Diagnostic::error(code::NOT_UTF8, format!("{name} is in UTF-16"))
            .help("save it as UTF-8; in PowerShell write `| Out-File -Encoding utf8` instead of `>`"));
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Err(Diagnostic::error(code::BINARY, format!("{name} is a binary file (gzip), not text"))
            .help("unpack it first: `gunzip FILE`, or pipe `zcat FILE` to `-`"));
    }
    if bytes.contains(&0) {
        return Err(Diagnostic::error(code::BINARY, format!("{name} is a binary file, not text")));
    }
    match String::from_utf8(bytes) {
        Ok(text) => {
            // The parsers would take a byte order mark for text if a comment followed.
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

/// The manifests of a folder, in the order of their names: `*.yaml`, `*.yml` and `*.json`. Folders
/// inside it are not looked into.
///
/// # Errors
/// A folder that cannot be listed or has no such file.
pub(crate) fn manifests_of(folder: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    let name = folder.display().to_string();
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(&name, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(&name, &error))?.path();
        if is_manifest_name(&path) && path.is_file() {
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

/// Whether a file in a folder is taken for a manifest.
pub(crate) fn is_manifest_name(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known))
}

fn unreadable(name: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::error(code::UNREADABLE, format!("cannot read {name}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_text_is_refused_with_a_remedy() {
        for (name, bytes, code, part) in [
            ("UTF-16", b"\xff\xfea\0".to_vec(), code::NOT_UTF8, "UTF-16"),
            ("compressed", b"\x1f\x8b\x08\0\0".to_vec(), code::BINARY, "gzip"),
            ("program", b"\x7fELF\0\0".to_vec(), code::BINARY, "binary"),
            ("Latin-1", b"a: 1\nb: caf\xe9\n".to_vec(), code::NOT_UTF8, "line 2, byte 11"),
        ] {
            let error = decode("x.yaml", bytes).expect_err(name);
            assert_eq!(error.code, code, "{name}");
            assert!(error.message.contains(part), "{name}: {error}");
        }
        let text = decode("x.yaml", b"\xef\xbb\xbfa: 1".to_vec()).unwrap();
        assert_eq!(text.text, "a: 1");
    }

    #[test]
    fn no_more_than_the_limit_is_taken_in() {
        let error = read_from("endless", io::repeat(b' ')).expect_err("too large");
        assert_eq!((error.code, error.message.as_str()), (code::TOO_LARGE, "endless is larger than 64 MiB"));
    }
}
