use std::path::Path;

use super::*;
use crate::config::case::Expectation;
use crate::config::described::EventAction;
use crate::sim::spec::Role;
use crate::units::Nanos;

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations:
    podloss.dev/startup: 8s..15s
    podloss.dev/app.workers: \"16\"
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: app, image: app, ports: [{containerPort: 8080}]}
";

/// A folder with files, and requests about them.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = folder.0.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// A request in the words of the command line; names of files stand in angle brackets.
    fn request(&self, line: &str) -> Request {
        let mut request = Request::default();
        let mut words = line.split_whitespace().map(|word| match word.strip_prefix('<') {
            Some(name) => self.path(name.trim_end_matches('>')),
            None => word.to_owned(),
        });
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix("--") else {
                request.paths.push(word);
                continue;
            };
            let value = words.next().unwrap_or_default();
            match flag {
                "from" => request.from.push(value),
                "event" => request.events.push(value),
                "expect" => request.expectations.push(value.replace('_', " ")),
                "seed" => request.seed = value.parse().ok(),
                "runs" => request.runs = value.parse().ok(),
                "set" => {
                    let (knob, value) = value.split_once('=').unwrap();
                    request.overrides.push(Override { knob: knob.to_owned(), value: value.to_owned() });
                }
                flag => request.settings.push((flag.to_owned(), value)),
            }
        }
        request
    }

    fn read(&self, line: &str) -> Result<Inputs, Vec<Diagnostic>> {
        Inputs::read(&self.request(line), &mut WEB.as_bytes())
    }

    /// The errors of reading or describing, without the folder's name.
    fn errors(&self, line: &str) -> String {
        let inputs = self.read(line);
        let errors = match &inputs {
            Ok(inputs) => inputs.described(&[]).map(|(described, _)| format!("{described:?}")).unwrap_err(),
            Err(errors) => errors.clone(),
        };
        let shown: Vec<String> = errors.iter().map(|error| error.render(false)).collect();
        shown.join("\n\n").replace(&format!("{}/", self.path("")), "").replace(&self.path(""), "")
    }
}

/// What a description says, in short.
fn summary(inputs: &Inputs, overrides: &[Override]) -> String {
    let (described, _) = inputs.described(overrides).unwrap_or_else(|errors| panic!("{errors:?}"));
    let mut out = format!("load: {}, {}\n", described.load_words, described.load.duration());
    for event in &described.events {
        out.push_str(&format!("event: {:?} at {}\n", event.action, event.at));
    }
    for Expectation { metric, is, .. } in &described.expectations {
        out.push_str(&format!("expect: {metric} {is}\n"));
    }
    for said in described.settings.iter() {
        out.push_str(&format!("{:?}: {} = {}\n", said.layer, said.path, said.text));
    }
    out
}

#[test]
fn a_manifest_and_flags_are_enough() {
    let folder = Folder::with(&[("web.yaml", WEB)]);
    let inputs = folder.read("<web.yaml> --rps 900 --event rollout@60s --removal 9s").unwrap();
    let (described, warnings) = inputs.described(&[]).unwrap();
    assert_eq!((described.load_words.as_str(), warnings.len()), ("900 rps open loop", 0));
    assert_eq!(described.load.duration(), Nanos::from_secs(180));
    assert_eq!(
        (described.events[0].at, described.events[0].action.clone()),
        (Nanos::from_secs(60), EventAction::Rollout)
    );
    assert_eq!(described.manifests.deployments[0].meta.name, "web");
    let get = |path: &str| described.settings.get(path).map(|said| (said.text.as_str(), said.layer));
    assert_eq!(get("containers.*.startup"), Some(("8s..15s", Layer::Annotation)));
    assert_eq!(get("containers.app.workers"), Some(("16", Layer::Annotation)));
    assert_eq!(get("front_end.removal"), Some(("9s", Layer::Flag)));
    let piped = folder.read("- --conns 5").unwrap();
    assert_eq!(piped.described(&[]).unwrap().0.load_words, "5 connections");
    assert_eq!(piped.texts()[1].0, "<stdin>");
}

#[test]
fn layers_lie_over_each_other() {
    let folder = Folder::with(&[
        ("web.yaml", WEB),
        ("old.yaml", WEB),
        (
            "cluster.toml",
            "kubernetes = \"1.31\"\nfront_end = { preset = \"aws-alb-ip\", removal = \"5s..25s\" }\nruns = 3",
        ),
        (
            "team/service.toml",
            "extends = [\"../cluster.toml\"]\nmanifests = [\"../web.yaml\"]\n[containers.app]\nworkers = 8\nstartup = \"9s\"",
        ),
        (
            "team/try.toml",
            "extends = [\"service.toml\"]\nname = \"try\"\nfrom = [\"../old.yaml\"]\n[load]\nrps = 500\n[containers.app]\nworkers = 32\n\
             [[event]]\nat = \"90s\"\ndo = \"rollout\"\n[[event]]\nat = \"30s\"\ndo = \"kill-pod\"\n\
             [[expect]]\nmetric = \"lost\"\nis = \"== 0\"\n[sweep]\npreStop = \"0s..20s/10s\"",
        ),
    ]);
    let inputs = folder.read("<team/try.toml> --rps 900 --expect p99_<_1s --set preStop=5s").unwrap();
    insta::assert_snapshot!(summary(&inputs, &[Override { knob: "preStop".into(), value: "20s".into() }]));
    assert_eq!(inputs.described(&[]).unwrap().0.name.as_deref(), Some("try"));
    assert!(inputs.described(&[]).unwrap().0.from.is_some());
    assert_eq!((inputs.runs(), inputs.seed()), (3, 1));
    assert_eq!(inputs.sweep()[0].values, ["0s", "10s", "20s"]);
    let names: Vec<String> =
        inputs.texts().into_iter().map(|(name, _)| name.replace(&folder.path(""), "")).collect();
    assert_eq!(
        names,
        ["command line", "team/try.toml", "team/service.toml", "cluster.toml", "web.yaml", "old.yaml"]
    );
    let replaced = folder.read("<team/try.toml> <old.yaml> --event rollback@10s --runs 9").unwrap();
    assert_eq!(replaced.described(&[]).unwrap().0.events.len(), 1, "a list replaces a list");
    assert_eq!(replaced.runs(), 9);
}

/// A general name in the extending file is not silently weaker than a container's in the base.
#[test]
fn an_extending_file_wins_whatever_names_it_uses() {
    let folder = Folder::with(&[
        ("web.yaml", WEB),
        (
            "base.toml",
            "manifests = [\"web.yaml\"]\n[load]\nrps = 5\n[containers.app]\nworkers = 8\n[front_end]\npreset = \"ingress-nginx\"",
        ),
        ("try.toml", "extends = [\"base.toml\"]\n[set]\nworkers = 3"),
        ("both.toml", "extends = [\"base.toml\"]\n[set]\nworkers = 3\n[containers.app]\nworkers = 4"),
    ]);
    let workers = |name: &str| {
        let case = folder.read(&format!("<{name}>")).unwrap().case(&[]).unwrap();
        match &case.spec.deployments[0].templates[0].containers[0].role {
            Role::Serves(server) => server.workers,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(workers("base.toml"), Some(8));
    assert_eq!(workers("try.toml"), Some(3));
    assert_eq!(workers("both.toml"), Some(4), "within one file the container's name is the closer one");
}

#[test]
fn stored_texts_describe_the_same_case_without_the_disk() {
    let folder = Folder::with(&[
        ("k8s/web.yaml", WEB),
        ("k8s/empty.yml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"),
        ("k8s/notes.txt", "nothing"),
        ("day.csv", "timestamp_s,requests_per_s\n0,5\n60,9\n120,5\n"),
        ("a.toml", "extends = [\"./b.toml\"]\n[load]\ntrace = \"day.csv\"\nscale = 20"),
        ("b.toml", "manifests = [\"k8s\"]\nevent = [\"rollout@30s\"]"),
    ]);
    let inputs = folder.read("<a.toml> --removal 9s --set preStop=5s --seed 4").unwrap();
    let (before, texts) = (summary(&inputs, &[]), inputs.texts());
    drop(folder);
    let stored = Inputs::stored(&texts).unwrap_or_else(|errors| panic!("{errors:?}"));
    assert_eq!(summary(&stored, &[]), before);
    assert_eq!((stored.texts(), stored.seed()), (texts.clone(), 4));
    let with = [Override { knob: "grace".into(), value: "50".into() }];
    let again = Inputs::stored(&inputs.texts_with(&with)).unwrap();
    assert_eq!(summary(&again, &[]), summary(&inputs, &with));
    assert_eq!(again.hash(&[]), inputs.hash(&with));
    assert_ne!(inputs.hash(&[]), inputs.hash(&with));

    let lacking = Inputs::stored(&texts[..texts.len() - 1]).map(|_| ()).unwrap_err();
    assert!(lacking[0].message.contains("does not hold"), "{lacking:?}");
    assert_eq!(Inputs::stored(&[]).map(|_| ()).unwrap_err()[0].code, code::NOT_STORED);
}

#[test]
fn what_cannot_be_read_is_told_with_place_and_remedy() {
    let folder = Folder::with(&[
        ("web.yaml", WEB),
        ("wrong.yaml", &WEB.replace("app.workers", "app.wokers")),
        ("bad.yaml", &WEB.replace("8s..15s", "soon")),
        (
            "pods.yaml",
            &WEB.replace(
                "labels: {app: web}}",
                "labels: {app: web}, annotations: {podloss.dev/startup: 9s}}",
            ),
        ),
        ("empty.toml", ""),
        ("binary.toml", "a\0b"),
        ("circle.toml", "extends = [\"loop.toml\"]"),
        ("loop.toml", "extends = [\"circle.toml\"]"),
        ("lost.toml", "manifests = [\"missing.yaml\"]\nextends = \"nothing.toml\""),
        ("gone.toml", "manifests = [\"missing.yaml\"]\nload.rps = 9"),
        ("future.toml", "model = 2"),
    ]);
    for (line, part) in [
        ("--rps 9", "no manifests are named"),
        ("<web.yaml>", "there is no load"),
        ("<missing.yaml> --rps 9", "cannot read missing.yaml"),
        ("<empty.toml>", "empty.toml says nothing"),
        ("<binary.toml>", "binary.toml is a binary file"),
        ("<circle.toml>", "circle.toml extends loop.toml extends circle.toml"),
        ("<lost.toml>", "lost.toml:2:11"),
        ("<gone.toml>", "gone.toml:1:14"),
        ("<future.toml>", "model 2 is not known"),
        ("<web.yaml> --trace <none.csv>", "cannot read none.csv"),
        ("<web.yaml> --trace <web.yaml>", "does not name the columns"),
        ("<web.yaml> --rps 9 --event rolout@60s", "did you mean `rollout`?"),
        ("<web.yaml> --rps 9 --remval 5s", "did you mean `removal`?"),
        ("<web.yaml> --rps NaN", "not a number of requests"),
        ("<web.yaml> --rps 9 --conns 9", "two loads"),
        ("<web.yaml> --rps 9 --duration 10000000h", "longer than a year"),
        ("<web.yaml> --rps 9 --workload shop", "these are there: deploy/web"),
        ("<web.yaml> --rps 9 --event scale=1000000000@5s", "from 0 to 100000"),
        ("<wrong.yaml> --rps 9", "annotation podloss.dev/app.wokers"),
        ("<bad.yaml> --rps 9", "annotation podloss.dev/startup"),
        ("<pods.yaml> --rps 9", "move it to `metadata.annotations`"),
        ("- --from - --rps 9", "only once"),
    ] {
        let shown = folder.errors(line);
        assert!(shown.contains(part), "{line}:\n{shown}");
    }
    insta::assert_snapshot!(folder.errors("<wrong.yaml> --rps 9"));
    insta::assert_snapshot!(folder.errors("<web.yaml> --event rollout@60s"));
    insta::assert_snapshot!(folder.errors("<web.yaml> --rps 200@0,900 --event dance@60s"));
    insta::assert_snapshot!(folder.errors("<gone.toml>"));
}

#[test]
fn annotations_without_effect_are_not_passed_over() {
    let service = "\
---
apiVersion: v1
kind: Service
metadata: {name: web, annotations: {podloss.dev/removal: 9s}}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";
    let folder = Folder::with(&[("web.yaml", &format!("{WEB}{service}"))]);
    let inputs = folder.read("<web.yaml> --rps 9").unwrap();
    let (_, warnings) = inputs.described(&[]).unwrap();
    let shown: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert!(
        shown.iter().any(|warning| warning.contains("podloss.dev/removal is not on a Deployment")),
        "{shown:?}"
    );
}

proptest::proptest! {
    #[test]
    fn no_command_line_makes_it_panic(lines in "((--(rps|set|event|expect|from|removal|runs|x))? ?[a-z0-9.@=,<> -]{0,20}\n){0,5}") {
        let _ = request::read_command_line(&SourceText::new(COMMAND_LINE, lines));
    }
}

#[test]
fn overrides_are_checked_like_flags() {
    let folder = Folder::with(&[("web.yaml", WEB)]);
    let inputs = folder.read("<web.yaml> --rps 9").unwrap();
    for (knob, value, part) in [
        ("prestop", "5s", "did you mean `preStop`?"),
        ("preStop", "1.5s", "not whole seconds"),
        ("rps", "-1", "negative"),
        ("load.trace", "other.csv", "two loads"),
    ] {
        let over = Override { knob: knob.into(), value: value.into() };
        let errors = inputs.described(&[over]).map(|_| ()).expect_err(knob);
        let shown = format!("{} {}", errors[0], errors[0].help.clone().unwrap_or_default());
        assert!(shown.contains(part) || knob == "load.trace", "{knob}: {shown}");
    }
    let over = [Override { knob: "rps".into(), value: "50".into() }];
    assert_eq!(inputs.described(&over).unwrap().0.load_words, "50 rps open loop");
}

#[test]
fn a_case_comes_out_the_same_from_stored_texts() {
    let folder = Folder::with(&[("web.yaml", WEB)]);
    let inputs = folder.read("<web.yaml> --rps 900 --event rollout@60s --runs 7").unwrap();
    let with = [Override { knob: "grace".into(), value: "50".into() }];
    let case = inputs.case(&with).unwrap_or_else(|errors| panic!("{errors:?}"));
    assert_eq!((case.name.as_str(), case.runs, case.hash.len()), ("web", 7, 16));
    assert_eq!(case.spec.deployments[0].templates[1].grace_seconds, 50);
    assert_eq!(case.heading.load, "900 rps open loop");
    let again = Inputs::stored(&case.inputs).unwrap().case(&[]).unwrap();
    assert_eq!(format!("{again:?}"), format!("{case:?}"));
}

#[test]
fn the_starter_says_the_same_and_lists_every_decisive_unknown() {
    let folder = Folder::with(&[("web.yaml", WEB)]);
    let inputs =
        folder.read("<web.yaml> --rps 200@0,900@2m --event kill-pod@60s --grace 40 --set grace=50").unwrap();
    let text = inputs.starter().unwrap_or_else(|errors| panic!("{errors:?}"));
    insta::assert_snapshot!(text.replace(&folder.path(""), ""));
    let case = inputs.case(&[]).unwrap();
    for assumption in case.assumptions.iter().filter(|assumption| assumption.decisive) {
        assert!(
            text.contains(&format!("# {}; now ", assumption.label)),
            "{} is not in:\n{text}",
            assumption.key
        );
    }
    // As written, and with every comment that is a setting taken in, it is a scenario.
    let uncommented: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(setting) if setting.contains(" = ") && !setting.contains("; now ") => setting,
            _ => line,
        })
        .map(|line| format!("{line}\n"))
        .collect();
    for (name, text) in [("as-written.toml", &text), ("uncommented.toml", &uncommented)] {
        std::fs::write(folder.path(name), text).unwrap();
        let read = folder.read(&format!("<{name}>")).and_then(|inputs| inputs.case(&[]));
        let read = read.unwrap_or_else(|errors| panic!("{name}: {errors:?}\n{text}"));
        assert_eq!(format!("{:?}", read.spec.events), format!("{:?}", case.spec.events), "{name}");
        assert_eq!(read.heading.load, case.heading.load, "{name}");
    }
}
