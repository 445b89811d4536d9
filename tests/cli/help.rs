//! Help, versions, usage errors and completion.

use super::support::{Folder, run};

#[test]
fn the_list_of_commands_is_help() {
    let folder = Folder::new(&[]);
    let help = run(folder.path(), "--help");
    for words in ["Usage: podloss [OPTIONS] <COMMAND>", "Examples:", "Exit codes: 0 all well", "conform"] {
        assert!(help.out.contains(words), "{words} is missing in\n{}", help.out);
    }
    assert_eq!(help.talk, "");
    assert_eq!(run(folder.path(), "--version").out, concat!("podloss ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn usage_errors_are_exit_code_2_and_say_what_was_meant() {
    let folder = Folder::new(&[]);
    for (arguments, words) in [
        ("", "Usage: podloss"),
        ("confrom", "a similar subcommand exists: 'conform'"),
        ("conform", "<PATH>"),
        ("conform --emti x", "a similar argument exists: '--emit'"),
        ("hpa decide", "--input <FILE>"),
        ("completion tcsh", "[possible values: bash,"),
        ("conform x --quiet --verbose", "cannot be used with"),
    ] {
        let answer = run(folder.path(), arguments);
        assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "podloss {arguments}");
        assert!(answer.talk.contains(words), "podloss {arguments}: {words} is missing in\n{}", answer.talk);
    }
}

#[test]
fn shells_get_their_scripts() {
    let folder = Folder::new(&[]);
    for (shell, words) in
        [("bash", "complete -F _podloss"), ("zsh", "#compdef podloss"), ("fish", "-c podloss")]
    {
        let answer = run(folder.path(), &format!("completion {shell}"));
        assert!(answer.out.contains(words), "{shell}");
        assert_eq!(answer.talk, "", "{shell}");
    }
}
