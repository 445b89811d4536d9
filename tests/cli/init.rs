//! `podloss init`: the first scenario of a service, by the README's own steps.

use super::run::WEB;
use super::support::{Folder, run};

/// The README's line that begins with these words, without what it says beside it.
fn printed(words: &str) -> &'static str {
    let readme = include_str!("../../README.md");
    let line =
        readme.lines().find(|line| line.trim_start().starts_with(words)).expect("a step of the README");
    let command = line.trim().strip_prefix("podloss ").expect("a command");
    command.split("    ").next().unwrap_or(command)
}

#[test]
fn the_file_that_the_readme_makes_runs_and_sweeps() {
    let folder = Folder::new(&[("web.yaml", WEB)]);
    let (arguments, file) = printed("podloss init").split_once(" > ").expect("into a file");
    let made = run(folder.path(), arguments);
    assert_eq!(made.code, Some(0), "{}", made.talk);
    std::fs::write(folder.file(file), &made.out).expect("a scenario");

    let ran = run(folder.path(), &format!("run {file} --runs 2 -q"));
    assert!(ran.out.contains("900 rps"), "{} {}", ran.out, ran.talk);
    // It expects that nothing is lost, which these manifests do not live up to.
    assert_eq!(ran.code, Some(3), "{}", ran.talk);

    let swept = run(folder.path(), &format!("{} --runs 1 -q", printed("podloss sweep run")));
    assert_eq!(swept.code, Some(0), "{}", swept.talk);
}

#[test]
fn a_file_that_is_there_is_kept() {
    let folder = Folder::new(&[("web.yaml", WEB), ("web.toml", "mine")]);
    let answer = run(folder.path(), "init web.yaml --rps 9 --out web.toml");
    assert_eq!(answer.code, Some(2));
    assert!(answer.talk.contains("web.toml is there already"), "{}", answer.talk);
    assert_eq!(std::fs::read_to_string(folder.file("web.toml")).expect("it"), "mine");
    let next = run(folder.path(), "init web.yaml --rps 9 --out other.toml");
    assert!(next.talk.contains("next: podloss run other.toml"), "{}", next.talk);
}
