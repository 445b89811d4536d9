//! Runs vector files that are not part of this repository, where there are any.
//!
//! `PODLOSS_CONFORMANCE=FOLDER cargo test --test conformance_lifecycle` runs every file of the
//! lifecycle format in FOLDER and below it.

use podloss::conform::lifecycle;
use std::io;
use std::path::{Path, PathBuf};

fn json_files(folder: &Path) -> Vec<PathBuf> {
    let listed: io::Result<Vec<PathBuf>> =
        std::fs::read_dir(folder).and_then(|dir| dir.map(|entry| entry.map(|entry| entry.path())).collect());
    let mut entries = listed.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.sort();
    let (folders, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|path| path.is_dir());
    let is_json = |path: &PathBuf| path.extension().is_some_and(|end| end == "json");
    files.into_iter().filter(is_json).chain(folders.iter().flat_map(|folder| json_files(folder))).collect()
}

#[test]
fn every_lifecycle_vector_passes() {
    let Some(folder) = std::env::var_os("PODLOSS_CONFORMANCE") else {
        println!("skipped: set PODLOSS_CONFORMANCE to a folder with vector files");
        return;
    };
    let (mut vectors, mut failures) = (0, Vec::new());
    for path in json_files(Path::new(&folder)) {
        let text = std::fs::read_to_string(&path).unwrap();
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        if file["format"] != lifecycle::FORMAT {
            continue;
        }
        let outcomes = lifecycle::run(&file).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        vectors += outcomes.len();
        for outcome in outcomes.iter().filter(|outcome| !outcome.mismatches.is_empty()) {
            failures.push(format!("{} {}: {:?}", path.display(), outcome.id, outcome.mismatches));
        }
    }
    println!("{vectors} vectors, {} failed", failures.len());
    assert!(vectors > 0, "no lifecycle vectors below {}", Path::new(&folder).display());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
