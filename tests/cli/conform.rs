//! `podloss conform` on vectors of its own.

use super::support::{Folder, run};

const HOLDS: &str = r#"{"schema": "podloss-hpa-vectors/1", "vectors": [
  {"name": "clamp/at-most", "input": {"stage": "clamp-legacy", "currentReplicas": 2, "proposal": 9,
    "minReplicas": 1, "maxReplicas": 4}, "expect": {"desiredReplicas": 4}}]}"#;

const FAILS: &str = r#"{"format": "podloss-lifecycle-vectors/1", "area": "deployment", "kind": "slow-start-batch",
  "vectors": [{"id": "no-input", "expect": {"batches": [1]}}]}"#;

#[test]
fn files_are_counted_and_a_mismatch_is_exit_code_3() {
    let folder = Folder::new(&[("a.json", HOLDS), ("b.json", FAILS), ("note.json", "{}")]);
    let holds = run(folder.path(), "conform a.json");
    assert_eq!((holds.out.as_str(), holds.talk.as_str()), ("a.json: 1 passed, 0 failed\n", ""));

    let verbose = run(folder.path(), "conform -v a.json");
    assert_eq!(verbose.out, "a.json: 1 passed, 0 failed\n  passed clamp/at-most\n");

    let both = run(folder.path(), "conform .");
    assert_eq!(both.code, Some(3));
    assert_eq!(both.talk, "./note.json: no vector file, passed over\n");
    insta::assert_snapshot!(both.out, @r"
    ./a.json: 1 passed, 0 failed
    ./b.json: 0 passed, 1 failed
      failed no-input
        input: missing
    all 2 files: 1 passed, 1 failed
    ");

    let json = run(folder.path(), "conform -o json b.json");
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&json["failed"], &json["files"][0]["vectors"][0]["state"]), (&1.into(), &"failed".into()));
}

#[test]
fn emitting_judges_nothing() {
    let folder = Folder::new(&[("a.json", HOLDS), ("b.json", FAILS)]);
    let answer = run(folder.path(), "conform --emit a.json b.json");
    let lines: Vec<serde_json::Value> =
        answer.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&lines[0]["id"], &lines[0]["output"]["desiredReplicas"]),
        (&"clamp/at-most".into(), &4.into())
    );
    assert_eq!((lines.len(), &lines[1]["id"]), (2, &"no-input".into()));
}

#[test]
fn what_cannot_be_run_is_exit_code_2() {
    let folder = Folder::new(&[("empty.json", ""), ("other.json", "{}"), ("half.json", "{\n\"schema\":")]);
    std::fs::create_dir(folder.file("bare")).unwrap();
    std::fs::write(folder.file("binary.json"), [0xff, 0xfe, 0]).unwrap();
    for (path, words) in [
        ("missing.json", "cannot read missing.json: no such file or directory"),
        ("empty.json", "empty.json is empty"),
        ("other.json", "`podloss-hpa-vectors/1`"),
        ("half.json", "half.json:2:9"),
        ("binary.json", "binary.json is not a text file: byte 0 is not UTF-8"),
        ("bare", "no vector file found"),
    ] {
        let answer = run(folder.path(), &format!("conform {path}"));
        assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "{path}");
        assert!(answer.talk.contains(words), "{path}: {words} is missing in\n{}", answer.talk);
    }
}
