//! Signals keep what is done and mark it.

#![cfg(unix)]

use std::process::{Command, Stdio};
use std::time::Duration;

use super::run::WEB;
use super::support::Folder;

/// Starts a study that would take hours, waits until it has begun, sends the signal.
fn interrupted_by(signal: &str) -> (Option<i32>, serde_json::Value, serde_json::Value) {
    let folder = Folder::new(&[("web.yaml", WEB)]);
    let arguments =
        "run web.yaml --rps 200 --duration 60s --event rollout@5s --runs 100000 -o json --out out";
    let child = Command::new(assert_cmd::cargo::cargo_bin!("podloss"))
        .args(arguments.split(' '))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // The folder is made after the signals are watched and before the first run.
    while !folder.file("out").is_dir() {
        pause(Duration::from_millis(5));
    }
    pause(Duration::from_millis(500));
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill is there");
    assert!(sent.success());
    let output = child.wait_with_output().expect("it ends");
    let parse = |bytes: &[u8]| serde_json::from_slice(bytes).expect("whole JSON");
    let stored = parse(&std::fs::read(folder.file("out/summary.json")).expect("it was written"));
    (output.status.code(), parse(&output.stdout), stored)
}

#[expect(clippy::disallowed_methods, reason = "another process needs real time")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

#[test]
fn partial_results_are_kept_and_marked() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let (exit, printed, stored) = interrupted_by(signal);
        assert_eq!(exit, Some(code), "{signal}");
        assert_eq!(printed["interrupted"], true, "{signal}");
        assert!(printed["runs"].as_u64().is_some_and(|runs| (1..100_000).contains(&runs)), "{signal}");
        assert_eq!(printed, stored, "{signal}");
    }
}
