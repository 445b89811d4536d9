//! `podloss test`, end to end.

use std::fs;

use super::run::WEB;
use super::support::{Folder, command, run};

const BASE: &str = "manifests = [\"web.yaml\"]\nduration = \"40s\"\nruns = 6\n[load]\nrps = 50\n\
                    [containers.app]\nservice = \"200ms\"\nstartup = \"2s\"\non_stop = \"exit\"\n\
                    [front_end]\nremoval = \"5s\"\n[client]\npost = \"50%\"\n\
                    [[event]]\nat = \"5s\"\ndo = \"rollout\"\n";

fn scenario(expect: &str) -> String {
    format!("extends = [\"base.toml\"]\n[[expect]]\n{expect}\n")
}

fn suite() -> Folder {
    let folder = Folder::new(&[("web.yaml", WEB), ("base.toml", BASE)]);
    let write = |name: &str, expect: &str| fs::write(folder.file(name), scenario(expect)).expect("a file");
    write("1-loses.toml", "metric = \"lost\"\nis = \"> 0\"");
    write("2-fails.toml", "metric = \"lost\"\nis = \"== 0\"");
    folder
}

#[test]
fn a_folder_is_run_like_tests() {
    let folder = suite();
    let answer = run(folder.path(), "test . --junit out.xml --sarif out.sarif");
    assert_eq!(answer.code, Some(3), "{answer:?}");
    let lines: Vec<&str> = answer.out.lines().collect();
    assert!(lines[0].starts_with("pass") && lines[0].contains("1-loses.toml"), "{}", answer.out);
    assert!(lines[1].starts_with("FAIL") && lines[1].contains("2-fails.toml"), "{}", answer.out);
    assert!(answer.out.ends_with("1 passed, 1 failed\n"), "{}", answer.out);
    assert_eq!(answer.out.matches("2-fails.toml").count(), 2, "failures are repeated:\n{}", answer.out);
    assert!(answer.talk.contains("left out, without expectations: 1 scenario"), "{}", answer.talk);
    let xml = fs::read_to_string(folder.file("out.xml")).expect("a file");
    assert!(xml.contains("tests=\"2\" failures=\"1\" errors=\"0\""), "{xml}");
    let sarif = fs::read_to_string(folder.file("out.sarif")).expect("a file");
    let sarif: serde_json::Value = serde_json::from_str(&sarif).expect("JSON");
    let results = sarif["runs"][0]["results"].as_array().expect("a list");
    let failed: Vec<_> = results.iter().filter(|result| result["ruleId"] == "expectation").collect();
    assert_eq!(failed.len(), 1, "{sarif:#}");
    assert!(
        failed[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "./2-fails.toml",
        "{sarif:#}"
    );
    assert!(
        results.iter().any(|result| result["ruleId"].as_str().is_some_and(|rule| rule.starts_with("PL"))),
        "{sarif:#}"
    );

    // A word in a comment makes no scenario of a layer.
    fs::write(folder.file("rest.toml"), "# expects nothing\n[client]\npost = \"50%\"\n").expect("a file");
    fs::remove_file(folder.file("2-fails.toml")).expect("a file");
    assert_eq!(run(folder.path(), "test .").code, Some(0));
    fs::write(folder.file("3-broken.toml"), scenario("metric = \"lsot\"\nis = \"== 0\"")).expect("a file");
    let broken = run(folder.path(), "test .");
    assert_eq!(broken.code, Some(2), "{broken:?}");
    assert!(
        broken.out.contains("did you mean `lost`?") && broken.out.contains("1 passed, 1 broken"),
        "{}",
        broken.out
    );
}

#[test]
fn nothing_to_test_is_an_error() {
    let folder = Folder::new(&[("web.yaml", WEB), ("base.toml", BASE)]);
    for (paths, words) in [
        ("base.toml", "base.toml expects nothing"),
        (".", "nothing to test"),
        ("web.yaml", "neither a scenario nor a folder"),
        ("missing.toml", "missing.toml"),
    ] {
        let answer = run(folder.path(), &format!("test {paths}"));
        assert_eq!(answer.code, Some(2), "{answer:?}");
        assert!(format!("{}{}", answer.out, answer.talk).contains(words), "{answer:?}");
    }
}

#[test]
fn github_is_told() {
    let folder = suite();
    let mut command = command(folder.path());
    command.args(["test", "2-fails.toml"]).env("GITHUB_ACTIONS", "true");
    let output = command.env("GITHUB_STEP_SUMMARY", folder.file("summary.md")).output().expect("it runs");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(talk.contains("::error file=2-fails.toml,line=2,title=podloss::lost == 0"), "{talk}");
    let summary = fs::read_to_string(folder.file("summary.md")).expect("a file");
    assert!(summary.contains("| 2-fails.toml | `lost == 0` | **fails** |"), "{summary}");
}

#[test]
fn a_baseline_is_kept_and_checked() {
    let folder = suite();
    let update = run(folder.path(), "baseline update . --runs 2");
    assert_eq!(update.code, Some(0), "{update:?}");
    let text = fs::read_to_string(folder.file("podloss.baseline")).expect("a file");
    assert!(text.contains("1-loses.toml]\nrollouts_with_loss = 2 of 2\nlost = "), "{text}");
    assert_eq!(run(folder.path(), "baseline check . --runs 2").code, Some(0));
    let changed = run(folder.path(), "baseline check . --runs 2 --set preStop=20s");
    assert_eq!(changed.code, Some(3), "{changed:?}");
    assert!(changed.out.contains("  rollouts_with_loss: 2 of 2 -> 0 of 2"), "{}", changed.out);

    let other = run(folder.path(), "baseline update ./1-loses.toml --runs 3");
    assert!(other.talk.contains("wrote 1 scenario to podloss.baseline, kept 2"), "{}", other.talk);
    let text = fs::read_to_string(folder.file("podloss.baseline")).expect("a file");
    assert!(text.contains("2-fails.toml]\nrollouts_with_loss = 2 of 2"), "the others stay:\n{text}");
    assert!(text.contains("1-loses.toml]\nrollouts_with_loss = 3 of 3"), "{text}");
    let elsewhere = run(folder.path(), "baseline check . --runs 2 --file podloss.baseline");
    assert!(elsewhere.talk.contains("--file podloss.baseline"), "{}", elsewhere.talk);

    fs::write(folder.file("4-broken.toml"), scenario("metric = \"lost\"\nis = \"== 0\"\n[load]\nrsp = 9"))
        .expect("a file");
    for command in ["update", "check"] {
        let broken = run(folder.path(), &format!("baseline {command} . --runs 2"));
        assert_eq!(broken.code, Some(2), "a broken scenario is not left out: {broken:?}");
        assert!(broken.talk.contains("4-broken.toml"), "{}", broken.talk);
    }
    fs::remove_file(folder.file("4-broken.toml")).expect("a file");

    fs::write(folder.file("podloss.baseline"), "nonsense\n").expect("a file");
    let bad = run(folder.path(), "baseline check .");
    assert_eq!(bad.code, Some(2));
    assert!(bad.talk.contains("podloss.baseline:1:"), "{}", bad.talk);
}
