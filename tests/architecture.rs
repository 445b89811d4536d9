//! Keeps the picture in ARCHITECTURE.md true: which module may use which, and that no file
//! outgrows a reader's head.
//!
//! The table is the rule. A new arrow is added here and in ARCHITECTURE.md with its reason, in the
//! commit that needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each module and what it may use besides itself. Left may use right, never the other way.
const ARROWS: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("exit_code", &[]),
    ("diag", &[]),
    ("random", &["units"]),
    ("stats", &["random"]),
    ("workload", &["random", "units"]),
    ("model", &["units"]),
    ("account", &["model", "units"]),
    ("sim", &["account", "model", "random", "units", "workload"]),
    ("hpa_state", &["config", "model", "units"]),
    ("hpa_replay", &["hpa_state", "model", "units"]),
    ("config", &["diag", "model", "random", "sim", "units", "workload"]),
    ("lint", &["config", "diag", "model", "random", "sim", "units"]),
    ("study", &["account", "config", "diag", "model", "random", "sim", "stats", "units", "workload"]),
    ("advise", &["config", "diag", "model", "random", "sim", "study", "units", "workload"]),
    ("sweep", &["config", "sim", "stats", "study"]),
    ("conform", &["hpa_state", "model", "random", "sim", "units", "workload"]),
    (
        "report",
        &[
            "account",
            "advise",
            "config",
            "diag",
            "hpa_replay",
            "hpa_state",
            "lint",
            "model",
            "random",
            "sim",
            "stats",
            "study",
            "sweep",
            "units",
        ],
    ),
    (
        "cli",
        &[
            "account",
            "advise",
            "config",
            "conform",
            "diag",
            "exit_code",
            "hpa_replay",
            "hpa_state",
            "lint",
            "model",
            "report",
            "sim",
            "stats",
            "study",
            "sweep",
            "units",
            "workload",
        ],
    ),
    ("main", &["cli", "exit_code"]),
];

/// Longer files exist only with a reason.
const LINES_MAX: usize = 450;
const LONGER: &[(&str, usize, &str)] = &[
    ("src/model/hpa/replicas.rs", 700, "one Go file of the controller, tables included"),
    ("src/model/hpa/decide.rs", 650, "the controller's reconcile with its table of cases"),
    ("src/model/hpa/metric.rs", 550, "one arm per metric type, with its table"),
    ("src/config/knobs/value.rs", 480, "every kind of value beside the others: form, bounds, words"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("the source tree is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    sources(&root.join("src"), &mut found);
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(&path).expect("UTF-8"))
    };
    found.into_iter().map(read).collect()
}

/// The top-level module a file belongs to.
fn module_of(name: &str) -> &str {
    let inner = name.strip_prefix("src/").expect("a source");
    inner.split(['/', '.']).next().expect("a first part")
}

/// Top-level modules named after `crate::` in a line of code.
fn uses(line: &str) -> BTreeSet<String> {
    let code = line.split("//").next().unwrap_or_default();
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let list = rest.strip_prefix('{').map_or(rest, |inner| inner.split('}').next().unwrap_or(inner));
        let names = if rest.starts_with('{') { list.split(',').collect() } else { vec![list] };
        for name in names {
            let word: String =
                name.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if word.starts_with(|c: char| c.is_ascii_lowercase()) {
                found.insert(word);
            }
        }
    }
    found
}

#[test]
fn imports_follow_the_arrows() {
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut broken = Vec::new();
    for (name, text) in all_sources() {
        let module = module_of(&name);
        if module == "lib" {
            continue;
        }
        let Some(allowed) = arrows.get(module) else {
            broken.push(format!("{name}: module `{module}` has no row in ARROWS"));
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            for used in uses(line) {
                let known = arrows.contains_key(used.as_str());
                if known && used != module && !allowed.contains(&used.as_str()) {
                    broken.push(format!("{name}:{}: `{module}` must not use `{used}`", number + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_arrows_have_no_cycle() {
    let order: Vec<&str> = ARROWS.iter().map(|(module, _)| *module).collect();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut left: Vec<&(&str, &[&str])> = ARROWS.iter().collect();
    while !left.is_empty() {
        let before = left.len();
        left.retain(|(module, uses)| {
            let ready = uses.iter().all(|used| done.contains(used));
            if ready {
                done.insert(module);
            }
            !ready
        });
        assert!(left.len() < before, "a cycle among {left:?} of {order:?}");
    }
}

#[test]
fn files_fit_in_a_head() {
    let allowed: BTreeMap<&str, usize> = LONGER.iter().map(|(name, lines, _)| (*name, *lines)).collect();
    let mut broken = Vec::new();
    for (name, text) in all_sources() {
        // Tests are tables: their length says how many cases there are.
        let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let is_test = name.contains("/tests") || name.ends_with("_tests.rs");
        let lines = code.lines().count();
        let max = allowed.get(name.as_str()).copied().unwrap_or(LINES_MAX);
        if !is_test && lines > max {
            broken.push(format!("{name} has {lines} lines of code, more than {max}: split it by concern"));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_reader_of_imports_reads_them() {
    assert_eq!(uses("use crate::{model::hpa, units::Nanos};"), ["model", "units"].map(String::from).into());
    assert_eq!(uses("    let x = crate::sim::run(); // crate::cli"), ["sim"].map(String::from).into());
    assert!(uses("use super::model;").is_empty());
}
