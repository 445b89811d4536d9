//! `podloss sweep` and `podloss merge`, end to end.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::run::WEB;
use super::support::{Folder, run};

const WHAT: &str = "web.yaml --rps 20 --duration 20s --latency 20ms --startup 2s --event rollout@3s --runs 2 \
                    --sweep preStop=0s..20s/5s --sweep removal=1s,4s,8s";

#[test]
fn shards_merge_to_one_file_that_is_ranked_and_drawn() {
    let folder = Folder::new(&[("web.yaml", WEB)]);
    let ok = |arguments: &str| {
        let answer = run(folder.path(), arguments);
        assert_eq!(answer.code, Some(0), "{arguments}: {answer:?}");
        answer
    };
    assert!(ok(&format!("sweep plan {WHAT}")).out.contains("15 points in 15 parts"));
    ok(&format!("sweep run {WHAT} --out one"));
    ok("merge one --out one.jsonl");
    for shard in 1..=3 {
        ok(&format!("sweep run {WHAT} --shard {shard}/3 --out three"));
    }
    ok("merge three --out three.jsonl");
    let read = |name: &str| fs::read(folder.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(read("one.jsonl") == read("three.jsonl"));
    ok("merge one --out one.csv");
    assert!(read("one.csv").starts_with(b"point,id,preStop,removal,runs,"));
    let parquet = run(folder.path(), "merge one --out one.parquet");
    if cfg!(feature = "parquet") {
        assert_eq!(parquet.code, Some(0), "{parquet:?}");
        assert!(read("one.parquet").starts_with(b"PAR1"));
    } else {
        assert_eq!(parquet.code, Some(2));
        assert!(parquet.talk.contains("--features parquet"), "{}", parquet.talk);
        assert!(!folder.file("one.parquet").exists());
    }
    assert!(ok("sweep top one.jsonl --count 3").out.contains("and 12 more"));
    ok("sweep plot one.jsonl --out pictures");
    for name in ["heat-map", "along-preStop", "along-removal", "cost"] {
        assert!(read(&format!("pictures/{name}.png")).starts_with(b"\x89PNG"), "{name}");
    }
    fs::remove_file(folder.file("three/part-000004.jsonl")).expect("a part");
    let refused = run(folder.path(), "merge three --out again.jsonl");
    assert_eq!(refused.code, Some(2));
    assert!(refused.talk.contains("part-000004.jsonl"), "{}", refused.talk);
    assert!(!folder.file("again.jsonl").exists());
    let other = run(folder.path(), &format!("sweep run {WHAT} --seed 2 --out three"));
    assert_eq!(other.code, Some(2));
    assert!(other.talk.contains("is a part of another sweep"), "{}", other.talk);
}

#[test]
fn the_environment_chooses_the_shard_and_is_named() {
    let folder = Folder::new(&[("web.yaml", WEB)]);
    let mut command = super::support::command(folder.path());
    command.args(["sweep", "run"]).args(WHAT.split_whitespace()).args(["--out", "parts"]);
    let output =
        command.env("CIRCLE_NODE_INDEX", "2").env("CIRCLE_NODE_TOTAL", "5").output().expect("it runs");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{talk}");
    assert!(talk.contains("shard 3/5, from CIRCLE_NODE_INDEX"), "{talk}");
    assert_eq!(fs::read_dir(folder.file("parts")).expect("a folder").count(), 3);
}

/// How often a process is killed.
const KILLS: usize = 50;

/// Sixty parts of two points, some hundredths of a second each.
const LONGER: &str = "web.yaml --rps 200 --duration 60s --latency 20ms --startup 2s --event rollout@3s --runs 4 \
                      --sweep preStop=0s..29s/1s --sweep removal=1s,3s,5s,8s";

/// Part files by name.
fn parts(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("plain"));
    let whole = names.filter(|name| !name.starts_with('.'));
    whole.map(|name| (name.clone(), fs::read(folder.join(name)).expect("a part"))).collect()
}

#[test]
#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the test waits for a real process before it kills it"
)]
fn killing_loses_at_most_the_part_in_progress() {
    let folder = Folder::new(&[("web.yaml", WEB)]);
    let begin = std::time::Instant::now();
    let expected = run(folder.path(), &format!("sweep run {LONGER} --threads 1 --out whole"));
    assert_eq!(expected.code, Some(0), "{expected:?}");
    let whole = parts(&folder.file("whole"));
    assert_eq!(whole.len(), 60);
    let per_part = begin.elapsed() / 60;
    // Moments that no run of this test has in common with another.
    let mut random = u64::from(std::process::id()) ^ begin.elapsed().as_nanos() as u64;
    println!("moments from {random}, {per_part:?} per part");
    let mut interrupted = 0;
    for _ in 0..KILLS {
        let before = parts(&folder.file("killed"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_podloss"))
            .current_dir(folder.path())
            .args(["sweep", "run"])
            .args(LONGER.split_whitespace())
            .args(["--out", "killed", "--threads", "1"])
            .env_remove("PODLOSS_SHARD")
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = (random >> 40) as f64 / f64::from(1 << 24);
        thread::sleep(per_part.mul_f64(2.0 * share) + Duration::from_millis(3));
        // It may be done already.
        let _ = child.kill();
        interrupted += usize::from(child.wait().expect("it ends").code().is_none());
        let after = parts(&folder.file("killed"));
        assert!(before.keys().all(|name| after.contains_key(name)), "a finished part is gone");
        for (name, part) in &after {
            assert!(whole.get(name) == Some(part), "{name} is not whole");
        }
    }
    assert!(interrupted >= KILLS / 2, "only {interrupted} of {KILLS} kills came in time");
    let rest = run(folder.path(), &format!("sweep run {LONGER} --out killed"));
    assert_eq!(rest.code, Some(0), "{rest:?}");
    assert!(parts(&folder.file("killed")) == whole);
    for parts in ["killed", "whole"] {
        assert_eq!(run(folder.path(), &format!("merge {parts} --out {parts}.jsonl")).code, Some(0));
    }
    let read = |name: &str| fs::read(folder.file(name)).expect("a file");
    assert!(read("killed.jsonl") == read("whole.jsonl"));
}

/// The lines of a shell block of docs/decide.md that begins after a mark.
fn recipe(mark: &str) -> String {
    let text = include_str!("../../docs/decide.md");
    let (_, rest) = text.split_once(mark).unwrap_or_else(|| panic!("docs/decide.md has no `{mark}`"));
    let block = rest.lines().skip_while(|line| line.trim().is_empty());
    let block: Vec<&str> = block.take_while(|line| line.starts_with("    ")).map(|line| &line[4..]).collect();
    assert!(!block.is_empty(), "nothing follows `{mark}`");
    block.join("\n")
}

#[test]
fn the_recipes_for_one_machine_do_what_the_document_says() {
    let toml = "manifests = [\"web.yaml\"]\nduration = \"20s\"\nruns = 2\n[load]\nrps = 20\n\
                [containers.app]\nservice = \"20ms\"\nstartup = \"2s\"\n\
                [[event]]\nat = \"3s\"\ndo = \"rollout\"\n\
                [sweep]\npreStop = [\"0s\", \"5s\", \"10s\"]\nremoval = [\"1s\", \"4s\", \"8s\"]\n";
    let folder = Folder::new(&[("web.yaml", WEB), ("sweep.toml", toml)]);
    let whole = run(folder.path(), "sweep run sweep.toml --out whole");
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert_eq!(run(folder.path(), "merge whole --out whole.jsonl").code, Some(0));
    let binary = Path::new(env!("CARGO_BIN_EXE_podloss"));
    let path = format!(
        "{}:{}",
        binary.parent().expect("a folder").display(),
        std::env::var("PATH").expect("a search path")
    );
    for mark in ["With background jobs of the shell:", "With xargs:"] {
        let _ = fs::remove_dir_all(folder.file("parts"));
        let ran = Command::new("sh")
            .current_dir(folder.path())
            .env("PATH", &path)
            .args(["-euc", &recipe(mark)])
            .output()
            .expect("a shell");
        assert!(ran.status.success(), "{mark} {}", String::from_utf8_lossy(&ran.stderr));
        let read = |name: &str| fs::read(folder.file(name)).expect("a file");
        assert!(read("sweep.jsonl") == read("whole.jsonl"), "{mark}");
        fs::remove_file(folder.file("sweep.jsonl")).expect("a file");
    }
    // Written for GNU parallel; run where it is installed.
    let parallel = recipe("With GNU parallel:");
    assert!(parallel.contains("parallel"), "{parallel}");
}
