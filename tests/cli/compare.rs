//! `podloss compare`, end to end.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::run::WEB;
use super::support::{Answer, Folder, command, run};

/// Small enough for a test, and it loses requests in every run; no ranges, so that few runs are needed.
const FLAGS: [&str; 19] = [
    "--rps",
    "50",
    "--duration",
    "40s",
    "--event",
    "rollout@5s",
    "--latency",
    "200ms",
    "--post",
    "50%",
    "--startup",
    "2s",
    "--on-stop",
    "exit",
    "--removal",
    "5s",
    "--runs",
    "8",
    "--central",
];

fn compare(folder: &Path, arguments: &[&str]) -> Answer {
    let output = command(folder).arg("compare").args(FLAGS).args(arguments).output().expect("it runs");
    Answer {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("results are UTF-8"),
        talk: String::from_utf8(output.stderr).expect("talk is UTF-8"),
    }
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error} in {answer:?}"))
}

#[test]
fn a_hook_is_better_and_its_absence_is_worse() {
    let folder = Folder::new(&[("web.yaml", WEB)]);
    let better = compare(folder.path(), &["web.yaml", "--with", "preStop=20s grace=60", "--out", "out"]);
    assert_eq!(better.code, Some(0), "{better:?}");
    assert!(better.out.contains("B is BETTER"), "{}", better.out);
    assert!(better.out.lines().all(|line| line.chars().count() <= 100), "{}", better.out);
    for file in ["comparison.json", "comparison.svg", "comparison.png"] {
        assert!(folder.file("out").join(file).is_file(), "{file}");
    }
    let json_only = compare(folder.path(), &["web.yaml", "--with", "preStop=20s grace=60", "-o", "json"]);
    assert_eq!(json_only.out.as_bytes(), fs::read(folder.file("out/comparison.json")).expect("a file"));

    let worse =
        compare(folder.path(), &["web.yaml", "--set", "preStop=20s", "--with", "preStop=0", "-o", "json"]);
    assert_eq!(worse.code, Some(3), "{worse:?}");
    assert_eq!(json(&worse)["verdicts"][0]["verdict"], "worse");
    let ignored = compare(
        folder.path(),
        &["web.yaml", "--set", "preStop=20s", "--with", "preStop=0", "--fail-on", "none"],
    );
    assert_eq!(ignored.code, Some(0), "{ignored:?}");
}

#[test]
fn few_runs_do_not_decide() {
    let folder = Folder::new(&[("web.yaml", WEB)]);
    let flags = "compare web.yaml web.yaml --runs 3 --central --rps 20 --duration 20s --event rollout@5s";
    let open = run(folder.path(), flags);
    assert_eq!(open.code, Some(4), "{open:?}");
    assert!(open.out.contains("B is INCONCLUSIVE") && open.out.contains("(~6 runs)"), "{}", open.out);
    assert_eq!(run(folder.path(), &format!("{flags} --on-inconclusive pass")).code, Some(0));
}

#[test]
fn stored_results_compare_like_fresh_ones() {
    let folder = Folder::new(&[("web.yaml", WEB)]);
    let store = |out: &str, more: &[&str]| {
        let mut command = command(folder.path());
        let output =
            command.args(["run", "web.yaml", "--out", out]).args(FLAGS).args(more).output().expect("it runs");
        assert_eq!(output.status.code(), Some(0));
    };
    store("a", &[]);
    store("b", &["--set", "preStop=20s"]);
    let stored = run(folder.path(), "compare a b/result.jsonl -o json");
    let fresh = compare(folder.path(), &["web.yaml", "--with", "preStop=20s", "-o", "json"]);
    assert_eq!(stored.code, Some(0), "{stored:?}");
    assert_eq!(json(&stored)["metrics"], json(&fresh)["metrics"]);
    let flags = run(folder.path(), "compare a b --rps 9");
    assert_eq!(flags.code, Some(2));
    assert!(flags.talk.contains("stored results stay what they are"), "{}", flags.talk);
}

#[test]
fn a_change_is_compared_with_a_revision_of_git() {
    let folder = Folder::new(&[]);
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
        let ran = Command::new("git").current_dir(folder.path()).args(identity).args(arguments).output();
        ran.is_ok_and(|output| output.status.success())
    };
    if !git(&["init", "-q"]) {
        // Without git there is nothing to ask for.
        return;
    }
    fs::create_dir(folder.file("k8s")).expect("a folder");
    fs::write(folder.file("k8s/web.yaml"), WEB).expect("a file");
    assert!(git(&["add", "."]) && git(&["commit", "-q", "-m", "Before"]));
    let hook = "lifecycle: {preStop: {sleep: {seconds: 20}}}";
    let hooked = WEB.replacen("\n          image:", &format!("\n          {hook}\n          image:"), 1);
    assert_ne!(hooked, WEB, "the demo's container has an image");
    fs::write(folder.file("k8s/web.yaml"), hooked).expect("a file");
    let answer = compare(folder.path(), &["--base", "HEAD", "-o", "json", "--", "k8s/"]);
    // This rollout still stops pods by the old spec; later ones keep every request.
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let verdicts = json(&answer)["verdicts"].clone();
    assert_eq!((&verdicts[0]["verdict"], &verdicts[1]["verdict"]), (&"same".into(), &"better".into()));
    let unknown = compare(folder.path(), &["--base", "no-such", "--", "k8s/"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
}

#[test]
fn nothing_to_compare_is_told() {
    let folder = Folder::new(&[("web.yaml", WEB)]);
    for (arguments, words) in [
        (&["web.yaml"][..], "2 to 26 configurations"),
        (&["web.yaml", "web.yaml", "--metric", "lsot"], "did you mean `lost`?"),
        (&["web.yaml", "--with", "preStop"], "sets nothing"),
        (&["web.yaml", "--with", "preStp=3s"], "did you mean `preStop`?"),
    ] {
        let answer = compare(folder.path(), arguments);
        assert_eq!(answer.code, Some(2), "{answer:?}");
        assert!(answer.talk.contains(words), "{}", answer.talk);
    }
}
