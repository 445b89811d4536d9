//! Pipes that close, disks that are full, colours.

use std::process::{Command, Stdio};

use super::support::{Folder, command, run};

fn podloss(arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("podloss"));
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    for arguments in [&["completion", "zsh"][..], &["--help"]] {
        let mut child = podloss(arguments).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let talk = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), talk.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_exit_code_1() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = podloss(&["completion", "bash"]).stdout(full).output().unwrap();
    let talk = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(talk, "error: cannot write to standard output: no space left on device\n");
}

#[test]
fn colours_come_when_asked_for() {
    let folder = Folder::new(&[]);
    let plain = run(folder.path(), "conform missing.json").talk;
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let coloured = run(folder.path(), "conform missing.json --color always").talk;
    assert!(coloured.contains("\u{1b}["), "{coloured}");
    let error = command(folder.path()).args(["--help"]).env("NO_COLOR", "1").unwrap();
    assert!(!error.stdout.contains(&0x1b));
}
