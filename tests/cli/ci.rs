//! The files in `ci/`, run as far as that goes without their services: every script with a shell,
//! its variables filled in as the service would.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use podloss::config::manifest::Raw;

use super::run::WEB;
use super::support::{Folder, run};

const SCENARIO: &str = "manifests = [\"k8s/web.yaml\"]\nduration = \"20s\"\nruns = 6\n[load]\nrps = 20\n\
                        [containers.app]\nservice = \"20ms\"\nstartup = \"2s\"\n\
                        [[event]]\nat = \"3s\"\ndo = \"rollout\"\n\
                        [[expect]]\nmetric = \"total\"\nis = \"> 0\"\n\
                        [sweep]\npreStop = [\"0s\", \"5s\"]\nremoval = [\"1s\", \"4s\"]\n";

/// A repository with manifests, a scenario, and what its remote calls main.
fn repository() -> Option<Folder> {
    let folder = Folder::new(&[("web.toml", SCENARIO)]);
    fs::create_dir(folder.file("k8s")).expect("a folder");
    fs::write(folder.file("k8s/web.yaml"), WEB).expect("a file");
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
        let ran = Command::new("git").current_dir(folder.path()).args(identity).args(arguments).output();
        ran.is_ok_and(|output| output.status.success())
    };
    let made = git(&["init", "-q"])
        && git(&["add", "."])
        && git(&["commit", "-q", "-m", "Before"])
        && git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    made.then_some(folder)
}

fn read(name: &str) -> Raw {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ci").join(name)).expect("a file");
    Raw::objects(name, &text).unwrap_or_else(|error| panic!("{error}")).remove(0)
}

/// Runs a script with the built command first in the search path.
fn shell(folder: &Folder, shell: &[&str], script: &str, variables: &[(String, String)]) -> Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_podloss"));
    let path = std::env::var("PATH").expect("a search path");
    Command::new(shell[0])
        .args(&shell[1..])
        .arg(script)
        .current_dir(folder.path())
        .env("PATH", format!("{}:{path}", binary.parent().expect("a folder").display()))
        .envs(variables.iter().cloned())
        .output()
        .expect("a shell")
}

fn passes(output: &Output, what: &str) {
    let (out, talk) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what}: {:?}\n{out}\n{talk}", output.status);
}

#[test]
fn the_github_action_runs_its_three_steps() {
    let Some(folder) = repository() else { return };
    assert_eq!(run(folder.path(), "baseline update web.toml --file podloss.baseline").code, Some(0));
    let action = read("action.yml");
    let given = [
        ("inputs.scenarios", "web.toml"),
        ("inputs.baseline", "podloss.baseline"),
        ("inputs.compare", "k8s/"),
        ("inputs.compare-flags", "--rps 20 --duration 20s --event rollout@3s --runs 6 --central"),
        ("github.base_ref", "main"),
    ];
    let value = |name: &str| {
        let given = given.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let default = || action.word(&format!("{name}.default")).map(str::to_owned);
        given.or_else(default).unwrap_or_else(|| panic!("{name} is no input and has no default"))
    };
    // What a service would fill in.
    let filled = |text: &str| {
        let mut parts = text.split("${{");
        let mut filled = parts.next().expect("a first part").to_owned();
        for part in parts {
            let (name, rest) = part.split_once("}}").expect("a closing brace");
            filled.push_str(&value(name.trim()));
            filled.push_str(rest);
        }
        filled
    };
    let steps = action.items("runs.steps");
    assert_eq!(steps.len(), 3);
    for step in steps {
        let script = step.word("run").expect("a script");
        assert!(!script.contains("${{"), "inputs are no part of a script: {script}");
        let variables: Vec<(String, String)> = step
            .keys("env")
            .map(|name| (name.to_owned(), filled(step.word(&format!("env.{name}")).expect("a text"))))
            .collect();
        let shell_of_actions = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"];
        passes(&shell(&folder, &shell_of_actions, script, &variables), step.word("name").unwrap_or("a step"));
    }
    assert!(folder.file("podloss.xml").is_file());
}

#[test]
fn the_gitlab_jobs_run_their_scripts() {
    let Some(folder) = repository() else { return };
    let file = read("gitlab.yml");
    let given = [
        ("PODLOSS_SCENARIOS", "web.toml"),
        ("PODLOSS_SWEEP", "web.toml"),
        ("PODLOSS_FLAGS", "--rps 20 --duration 20s --event rollout@3s --runs 6 --central"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
    ];
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    for job in [".podloss-test", ".podloss-compare"] {
        let Raw::Map(jobs) = &file else { panic!("{file:?}") };
        let (_, job) = jobs.iter().find(|(name, _)| name == job).expect("a job");
        let mut variables: Vec<(String, String)> = job
            .keys("variables")
            .map(|name| (name.to_owned(), job.word(&format!("variables.{name}")).expect("a text").to_owned()))
            .collect();
        variables.extend(given.iter().map(owned));
        for script in job.items("script") {
            let Raw::Text(script) = script else { panic!("{script:?}") };
            passes(&shell(&folder, &["sh", "-ec"], script, &variables), script);
        }
    }
    let Raw::Map(jobs) = &file else { panic!("{file:?}") };
    let (_, sweep) = jobs.iter().find(|(name, _)| name == ".podloss-sweep").expect("a job");
    let jobs: usize = sweep.word("parallel").and_then(|count| count.parse().ok()).expect("a number of jobs");
    for index in 1..=jobs {
        let mut variables: Vec<(String, String)> = given.iter().map(owned).collect();
        variables.push(("CI_NODE_INDEX".to_owned(), index.to_string()));
        variables.push(("CI_NODE_TOTAL".to_owned(), jobs.to_string()));
        for script in sweep.items("script") {
            let Raw::Text(script) = script else { panic!("{script:?}") };
            passes(&shell(&folder, &["sh", "-ec"], script, &variables), script);
        }
    }
    assert_eq!(run(folder.path(), "merge parts --out sweep.jsonl").code, Some(0));
}
