//! Runs vector files against the library, if the environment says where they are:
//! `PODLOSS_CONFORMANCE=path/to/conformance cargo test --test conformance`.

use std::path::{Path, PathBuf};

fn json_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            json_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
}

#[test]
fn hpa_vectors_pass() {
    let Some(folder) = std::env::var_os("PODLOSS_CONFORMANCE") else {
        println!("skipped: PODLOSS_CONFORMANCE does not name the folder of the vectors");
        return;
    };
    let mut files = Vec::new();
    json_files(Path::new(&folder), &mut files);
    files.sort();
    let (mut passed, mut failed) = (0, Vec::new());
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let file: serde_json::Value = serde_json::from_str(&text).expect("a JSON file");
        if file["schema"] != podloss::conform::hpa::SCHEMA {
            continue;
        }
        match podloss::conform::hpa::run(&file) {
            Ok(outcomes) => {
                for outcome in outcomes {
                    if outcome.mismatches.is_empty() {
                        passed += 1;
                    } else {
                        failed.push(format!("{}: {}", outcome.id, outcome.mismatches.join("; ")));
                    }
                }
            }
            Err(error) => failed.push(format!("{}: {error}", path.display())),
        }
    }
    println!("{passed} vectors passed");
    assert!(passed > 0, "no vectors of schema {} found", podloss::conform::hpa::SCHEMA);
    assert!(failed.is_empty(), "{} vectors failed:\n{}", failed.len(), failed.join("\n"));
}
