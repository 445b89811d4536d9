use super::*;
use crate::config::statements::Statements;
use crate::diag::{Diagnostic, SourceText};
use proptest::prelude::*;

fn read(text: &str) -> Result<Statements, Vec<Diagnostic>> {
    read_scenario(&SourceText::new("s.toml", text))
}

/// Everything that a scenario sets, as `path = text`.
fn settings(text: &str) -> Vec<String> {
    let said = read(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    said.settings.iter().map(|setting| format!("{} = {}", setting.path, setting.text)).collect()
}

/// The whole screen that a user sees.
fn screen(text: &str) -> String {
    let errors = read(text).map(|said| panic!("{said:?}")).unwrap_err();
    errors.iter().map(|error| error.render(false)).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn the_sample_of_the_design_is_read() {
    let text = r#"
model = 1
name = "rolling update, readiness probe only"
extends = ["../cluster.toml"]
manifests = ["web.yaml"]
duration = "3m"

[load]
kind = "closed"
connections = 200

[containers.app]
startup = { median = "8s", p99 = "15s" }
service = { median = "45ms", p99 = "82ms", cpu = "8ms" }
workers = 64
on_stop = { behaviour = "drain", limit = "20s" }

[front_end]
preset = "aws-alb-ip"
removal = "5s..25s"

[[event]]
at = "60s"
do = "rollout"

[[expect]]
metric = "rollouts_with_loss"
is = "== 0"

[sweep]
preStop = ["0s", "20s", "40s"]
"Deployment/web:spec.template.spec.terminationGracePeriodSeconds" = [30, 50, 60]
"#;
    let said = read(text).unwrap_or_else(|errors| panic!("{errors:?}"));
    assert_eq!(said.name.as_deref(), Some("rolling update, readiness probe only"));
    assert_eq!(said.extends[0].name, "../cluster.toml");
    assert_eq!(
        settings(text),
        [
            "duration = 3m",
            "load.kind = closed",
            "load.connections = 200",
            "containers.app.startup = median=8s,p99=15s",
            "containers.app.service = median=45ms,p99=82ms,cpu=8ms",
            "containers.app.workers = 64",
            "containers.app.on_stop = behaviour=drain,limit=20s",
            "front_end.preset = aws-alb-ip",
            "front_end.removal = 5s..25s",
        ]
    );
    let events = said.events.unwrap();
    assert_eq!(events[0].at, crate::units::Nanos::from_secs(60));
    assert_eq!(said.expectations.unwrap()[0].is, "== 0");
    let sweep: Vec<(String, Vec<String>)> =
        said.sweep.unwrap().into_iter().map(|swept| (swept.knob, swept.values)).collect();
    assert_eq!(sweep[0].1, ["0s", "20s", "40s"]);
    assert_eq!(sweep[1].1, ["30", "50", "60"]);
}

#[test]
fn one_thing_can_be_written_in_several_ways() {
    for (text, expected) in [
        ("load.rps = 900", vec!["load.rps = 900"]),
        ("load = { rps = [\"200@0\", \"900@10m\"] }", vec!["load.rps = 200@0,900@10m"]),
        (
            "[load.rps]\nmean = 500\namplitude = 300\nperiod = \"24h\"",
            vec!["load.rps = mean=500,amplitude=300,period=24h"],
        ),
        ("[containers.app]\nstartup = [\"1s\", \"2s\"]", vec!["containers.app.startup = empirical=1s/2s"]),
        (
            "[set]\ngrace = 50\nreadiness.periodSeconds = 5\n\"preStop@nginx\" = \"20s\"",
            vec![
                "Deployment:spec.template.spec.terminationGracePeriodSeconds = 50",
                "Deployment:spec.template.spec.containers[*].readinessProbe.periodSeconds = 5",
                "Deployment:spec.template.spec.containers[nginx].lifecycle.preStop.sleep.seconds = 20s",
            ],
        ),
        (
            "[set]\nstartup = { median = \"8s\", p99 = \"15s\" }",
            vec!["containers.*.startup = median=8s,p99=15s"],
        ),
    ] {
        assert_eq!(settings(text), expected, "{text}");
    }
    for text in [
        "event = [\"scale=10@2m\"]",
        "[[event]]\nat = \"2m\"\ndo = \"scale=10\"",
        "[[event]]\nat = \"2m\"\ndo = \"scale\"\nreplicas = 10",
    ] {
        let events = read(text).unwrap().events.unwrap();
        assert_eq!(events[0].action, crate::config::described::EventAction::Scale(10), "{text}");
    }
    for (table, short) in [
        ("do = \"blue-green\"\nscale_down_delay = \"10s\"", "blue-green=10s"),
        (
            "do = \"routed-canary\"\nsteps = \"20%,1m\"\nscale_down_delay = \"10s\"",
            "routed-canary=20%,1m,old=10s",
        ),
        ("do = \"canary\"\nsteps = \"20%, 1m\"", "canary=20%,1m"),
        ("do = \"deletion-cost\"\ncost = -100\npods = 2", "deletion-cost=-100,2"),
        ("do = \"deletion-cost\"\ncost = 7", "deletion-cost=7"),
    ] {
        let events = read(&format!("[[event]]\nat = \"2m\"\n{table}")).unwrap().events.unwrap();
        assert_eq!(events[0].action.to_string(), short, "{table}");
    }
    let said = read("manifests = \"web.yaml\"\nruns = 3\nseed = 0x10\nexpect = [\"lost == 0\"]").unwrap();
    assert_eq!(
        (said.manifests.unwrap()[0].name.as_str(), said.runs, said.seed),
        ("web.yaml", Some(3), Some(16))
    );
}

#[test]
fn errors_have_a_place_and_a_remedy() {
    for (text, place, part) in [
        ("", "", "s.toml says nothing"),
        ("# only a comment\n", "", "says nothing"),
        ("model = 2", "1:9", "model 2 is not known"),
        ("model = \"1\"", "1:9", "expected a number, found a text"),
        ("manifest = [\"a.yaml\"]", "1:1", "did you mean `manifests`?"),
        ("manifests = 5", "1:13", "expected a list of files, found a number"),
        ("manifests = [\"-\"]", "1:14", "cannot read standard input"),
        ("name = \"\"", "1:8", "expected a text, found an empty one"),
        ("runs = 0", "1:8", "not a whole number from 1"),
        ("runs = -5", "1:8", "not a whole number from 1"),
        ("seed = \"a\"", "1:8", "expected a whole number"),
        ("[lod]\nrps = 9", "1:2", "unknown key `lod`"),
        ("[load]\nconnection = 9", "2:1", "did you mean `connections`?"),
        ("[load]\nremoval = \"9s\"", "2:1", "write `removal` in `[front_end]`"),
        ("preStop = \"9s\"", "1:1", "write `preStop` in `[set]`"),
        ("startup = \"9s\"", "1:1", "write `startup` in `[containers.NAME]`"),
        ("[front_end]\nremovl = \"9s\"", "2:1", "did you mean `removal`?"),
        ("[load]\nxyz = 9", "2:1", "nothing reads this"),
        ("load = 9", "1:8", "expected a table, found a number"),
        ("duration = \"10000000h\"", "1:12", "longer than a year"),
        ("duration = 30", "1:12", "write `30s`"),
        ("duration = 2024-01-01", "1:12", "found a date"),
        ("duration = \"\"", "1:12", "found an empty text"),
        ("[containers.app]\nworkers = -1", "2:11", "containers.app.workers"),
        ("[containers.app]\nworkers = nan", "2:11", "containers.app.workers"),
        ("[containers.app]\nstartup = { median = \"8s\" }", "2:11", "exactly one of p95, p99 and sigma"),
        ("[front_end]\nremoval = [[[[1]]]]", "2:11", "found a list"),
        ("event = 5", "1:9", "expected [[event]] tables"),
        ("[[event]]\nat = \"60s\"", "1:1", "needs `do`"),
        ("[[event]]\ndo = \"rollout\"", "1:1", "needs `at`"),
        ("[[event]]\nat = 60\ndo = \"rollout\"", "2:6", "write `60s`"),
        ("[[event]]\nat = \"60s\"\ndo = \"rolout\"", "3:6", "did you mean `rollout`?"),
        ("[[event]]\nat = \"60s\"\nd = \"rollout\"", "3:1", "unknown key `d` in [[event]]"),
        ("[[event]]\nat = \"60s\"\ndo = \"rollout\"\npods = 3", "4:8", "goes with `do = \"kill-pod\"`"),
        ("[[expect]]\nmetric = \"lost\"", "1:1", "needs `is`"),
        ("[[expect]]\nmetric = \"lost\"\nis = \"0\"", "3:6", "no comparison"),
        ("[[expect]]\nmetrics = \"lost\"\nis = \"== 0\"", "2:1", "did you mean `metric`?"),
        ("sweep = 5", "1:9", "expected a table of knobs"),
        ("[sweep]\nprestop = [\"0s\"]", "2:1", "did you mean `preStop`?"),
        ("[sweep]\npreStop = [\"0s\", \"x\"]", "2:11", "preStop"),
        ("[sweep]\npreStop = []", "2:11", "no value"),
        ("[sweep]\npreStop = \"60s..0s/5s\"", "2:11", "backwards"),
        ("[set]\nnonsense = 5", "2:1", "`nonsense` is nothing that can be set"),
        ("a = 1\na = 2", "2:1", "duplicate key"),
        ("a = ", "1:5", "toml-syntax"),
        ("[load\nrps = 9", "1:6", "toml-syntax"),
    ] {
        let errors = read(text).map(|said| panic!("{text}: {said:?}")).unwrap_err();
        let shown = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(shown.contains(part), "{text}\n-> {shown}");
        let place = if place.is_empty() { String::new() } else { format!("s.toml:{place}: ") };
        assert!(shown.contains(&place), "{text} at {place}\n-> {shown}");
    }
    let large = format!("name = \"{}\"", "x".repeat(5 * 1024 * 1024));
    assert!(read(&large).unwrap_err()[0].message.contains("too large for a scenario file"));
    let deep = format!("a = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(read(&deep).unwrap_err().len(), 1);
}

#[test]
fn screens_of_the_commonest_errors() {
    let text = "model = 1\nmanifests = [\"web.yaml\"]\n\n[load]\nrps = 900\n\n[containers.app]\nstartup = \"8 seconds\"\n\n\
                [front_end]\nremvoal = \"9s\"\n\n[[event]]\nat = \"60s\"\ndo = \"rolout\"\n";
    insta::assert_snapshot!(screen(text));
    insta::assert_snapshot!(screen("[load]\nrps = 900\nrps = 800\n"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = read(&text);
    }

    #[test]
    fn no_tables_make_it_panic(
        lines in prop::collection::vec(
            ("(model|name|manifests|runs|load|load.rps|set.grace|sweep.preStop|event|expect|containers.a.startup|front_end)",
             "([0-9.eE+-]{1,8}|\"[a-z0-9.,=@/ ]{0,12}\"|\\[\"[a-z0-9.,=@/]{0,9}\"\\]|\\{ at = \"[0-9sm]{0,3}\" \\}|true|nan)"),
            0..6)
    ) {
        let text: String = lines.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        let _ = read(&text);
    }
}
