//! Running the command and looking at what comes back.

use std::path::{Path, PathBuf};

use assert_cmd::Command;

/// What a command gave.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) talk: String,
}

/// The command in a folder, untouched by the environment of whoever runs the tests.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("podloss");
    command.current_dir(folder);
    let display = ["NO_COLOR", "CI", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "TERM"];
    // Whoever runs the tests may itself be one of many jobs.
    let jobs = [
        "PODLOSS_SHARD",
        "SLURM_ARRAY_TASK_ID",
        "JOB_COMPLETION_INDEX",
        "CI_NODE_INDEX",
        "CIRCLE_NODE_INDEX",
        "BUILDKITE_PARALLEL_JOB",
        "AWS_BATCH_JOB_ARRAY_INDEX",
        "GITHUB_ACTIONS",
    ];
    for name in display.into_iter().chain(jobs) {
        command.env_remove(name);
    }
    command
}

/// Runs `podloss` with arguments separated by spaces.
pub(crate) fn run(folder: &Path, arguments: &str) -> Answer {
    run_with(folder, arguments, "")
}

/// The same with standard input.
pub(crate) fn run_with(folder: &Path, arguments: &str, input: &str) -> Answer {
    let mut command = command(folder);
    let output = command.args(arguments.split_whitespace()).write_stdin(input).output().expect("it runs");
    Answer {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("results are UTF-8"),
        talk: String::from_utf8(output.stderr).expect("talk is UTF-8"),
    }
}

/// A folder with files in it.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a folder for a test"));
        for (name, text) in files {
            std::fs::write(folder.file(name), text).expect("a file for a test");
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}
