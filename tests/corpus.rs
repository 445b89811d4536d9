//! The fuzz corpus, replayed: inputs that were interesting once must neither panic nor hang.

#[path = "../fuzz/entries.rs"]
mod entries;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// No measurement; it tells "slow" from "stuck" on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Files of a folder, sorted.
fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    files.sort();
    files
}

#[test]
fn every_entry_point_survives_its_corpus() {
    for (target, _) in entries::ENTRIES {
        let inputs = files(&format!("fuzz/corpus/{target}"));
        assert!(!inputs.is_empty(), "{target}: an empty corpus tests nothing");
        for file in inputs {
            let data = fs::read(&file).unwrap();
            let (done, waiting) = mpsc::channel();
            thread::spawn(move || {
                entries::run(target, &data);
                done.send(()).unwrap();
            });
            match waiting.recv_timeout(PATIENCE) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => panic!("{} takes too long", file.display()),
                Err(RecvTimeoutError::Disconnected) => panic!("{} makes it panic", file.display()),
            }
        }
    }
}

#[test]
fn every_fuzz_target_has_an_entry_point_and_the_other_way_round() {
    let name = |file: &PathBuf| file.file_stem().unwrap().to_string_lossy().into_owned();
    let mut targets: Vec<String> = files("fuzz/fuzz_targets").iter().map(name).collect();
    let mut known: Vec<String> = entries::ENTRIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    targets.sort();
    known.sort();
    assert_eq!(targets, known);
}
