//! `podloss advise`.

use serde_json::Value;

use super::support::{Answer, Folder, run};

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: app
          image: example/app:1
          ports: [{containerPort: 8080}]
          readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 2}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

/// A scenario with one unknown that decides, and that the manifests answer with nothing.
const SCENARIO: &str = "\
model = 1
manifests = [\"web.yaml\"]
duration = \"1m\"
[load]
kind = \"open\"
rps = 60
[containers.app]
service = { median = \"20ms\", p99 = \"60ms\", cpu = \"2ms\" }
startup = \"2s\"
on_stop = \"drain,limit=30s\"
keepalive_idle = \"75s\"
[front_end]
preset = \"aws-alb-ip\"
removal = \"3s..9s\"
addition = \"1s\"
[[event]]
at = \"10s\"
do = \"rollout\"
";

/// What requests are lost by that go to a pod which has stopped.
const STOPPED: [&str; 2] = ["listener_closed", "blackholed"];

fn folder() -> Folder {
    Folder::new(&[("web.yaml", WEB), ("web.toml", SCENARIO)])
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.out)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", answer.out, answer.talk))
}

fn value<'j>(advice: &'j Value, knob: &str) -> &'j Value {
    let values = advice["values"].as_array().expect("a list");
    values.iter().find(|value| value["knob"] == knob).unwrap_or_else(|| panic!("no {knob} in {advice:#}"))
}

#[test]
fn the_least_hook_is_found_and_its_patch_does_what_it_says() {
    let folder = folder();
    let answer = run(folder.path(), "advise web.toml --runs 4 --patch patch.yaml -o json");
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.talk);
    let advice = json(&answer);
    assert_eq!(advice["outcome"], "holds");
    let hook = value(&advice, "preStop");
    // As long as the removal takes at most, and what is on its way then.
    assert!(["9s", "10s", "11s"].contains(&hook["advised"].as_str().expect("a text")), "{hook:#}");
    let cause = hook["next_cheaper"]["fails"]["cause"].as_str();
    assert!(cause.is_some_and(|cause| STOPPED.contains(&cause)), "{hook:#}");
    assert_eq!(value(&advice, "grace")["changed"], false);
    let names: Vec<&str> = advice["trials"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|trial| trial["name"].as_str())
        .collect();
    for name in ["as written", "rollback", "scale-in", "pod deleted"] {
        assert!(names.contains(&name), "{name} is missing in {names:?}");
    }
    let patch = std::fs::read_to_string(folder.file("patch.yaml")).expect("a patch");
    assert_eq!(patch, advice["patch"].as_str().expect("a text"));
    assert!(patch.contains("sleep:") && patch.contains("name: app"), "{patch}");

    // One step less loses, with the same scenario at the end of the range.
    let seconds: u32 =
        hook["advised"].as_str().expect("a text").trim_end_matches('s').parse().expect("seconds");
    let at = |seconds: u32| {
        let flags = format!("--set preStop={seconds}s --removal 9s --runs 6 --seed 1 -o json --central");
        json(&run(folder.path(), &format!("run web.toml {flags}")))["per_run"]["lost"]["mean"].as_f64()
    };
    assert_eq!(at(seconds), Some(0.0));
    assert!(at(seconds.saturating_sub(2)).is_some_and(|lost| lost > 0.0));
}

#[test]
fn the_page_says_ranges_costs_and_what_was_not_scored() {
    let folder = folder();
    let answer = run(folder.path(), "advise web.toml --runs 2 --knob preStop --knob grace");
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.talk);
    // Lines are broken where they are full.
    let flat = answer.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "HOLDS over the whole ranges",
        "the pod serves on until aws-alb-ip sends it nothing more. With ",
        "No loss predicted while",
        "3s..9s",
        "Pods stop by the spec they were created with",
        "Kubernetes 1.30",
        "Patch (strategic merge)",
        "Verified: the patch applied to the manifests",
    ] {
        assert!(flat.contains(words), "{words} is missing in\n{}", answer.out);
    }
    assert!(!answer.out.to_lowercase().contains("zero downtime"), "{}", answer.out);
    let again = run(folder.path(), "advise web.toml --runs 2 --knob preStop --knob grace --threads 1");
    assert_eq!(answer.out, again.out, "the same for any number of threads");
}

#[test]
fn where_nothing_holds_it_says_so_and_where_a_part_does_it_says_which_part() {
    let folder = folder();
    // No hook of the grid is long enough for the whole range.
    let answer = run(folder.path(), "advise web.toml --runs 2 --knob preStop=0s,3s,6s -o json");
    let advice = json(&answer);
    assert_eq!((answer.code, &advice["outcome"]), (Some(4), &"narrowed".into()), "{advice:#}");
    let removal = advice["unknowns"].as_array().expect("a list").iter().find(|u| u["key"] == "removal");
    let removal = removal.expect("the unknown that decides");
    assert_eq!((&removal["narrowed"], &removal["whole_range"][1]), (&true.into(), &"9s".into()));
    assert!(
        removal["range"][1].as_str().is_some_and(|end| end.starts_with('5') || end.starts_with('6')),
        "{removal}"
    );

    // Nor does one that may not be longer than nothing.
    let answer = run(folder.path(), "advise web.toml --runs 2 --knob maxSurge");
    assert_eq!(answer.code, Some(3), "{}{}", answer.out, answer.talk);
    let told = answer.out.contains("NOTHING HOLDS") && STOPPED.iter().any(|cause| answer.out.contains(cause));
    assert!(told, "{}", answer.out);
    assert!(answer.out.contains("What bears on it is not turned here: preStop, grace."), "{}", answer.out);
}

#[test]
fn a_hook_is_never_put_where_it_hurts() {
    let busy = WEB.replace(
        "readinessProbe:",
        "lifecycle: {preStop: {exec: {command: [/drain.sh]}}}\n          readinessProbe:",
    );
    let folder = Folder::new(&[("web.yaml", &busy), ("web.toml", SCENARIO)]);
    let answer = run(folder.path(), "advise web.toml --runs 2 --knob preStop");
    assert_eq!(answer.code, Some(2), "{}", answer.out);
    assert!(answer.talk.contains("does more than sleep"), "{}", answer.talk);
    for (arguments, words) in [
        ("advise web.toml --goal p98==0", "unknown metric `p98`"),
        ("advise web.toml --knob replicas", "is no knob of advice"),
        ("advise web.toml --knob hpa.min", "no such thing to set"),
        ("advise web.toml --knob preStop=soon", "preStop"),
        ("advise web.toml --from web.yaml", "leave `--from` out"),
    ] {
        let answer = run(folder.path(), arguments);
        assert_eq!(answer.code, Some(2), "{arguments}: {}", answer.out);
        assert!(answer.talk.contains(words), "{arguments}: {words} is missing in {}", answer.talk);
    }
}

/// The advised value of a knob, in seconds.
fn advised_s(advice: &Value, knob: &str) -> u32 {
    let text = value(advice, knob)["advised"].as_str().expect("a text");
    text.trim_end_matches('s').parse().unwrap_or_else(|_| panic!("{text} is no time"))
}

#[test]
fn the_grace_period_covers_the_hook_and_more() {
    let short = WEB.replace("      containers:", "      terminationGracePeriodSeconds: 8\n      containers:");
    let folder = Folder::new(&[("web.yaml", &short), ("web.toml", SCENARIO)]);
    let answer = run(folder.path(), "advise web.toml --runs 2 --knob preStop --knob grace -o json");
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.talk);
    let both = json(&answer);
    assert_eq!(advised_s(&both, "grace"), advised_s(&both, "preStop") + 1, "{both:#}");
    // Where the grace period is not to be turned, the hook keeps within it.
    let answer = run(folder.path(), "advise web.toml --runs 2 --knob preStop -o json");
    let alone = json(&answer);
    assert_eq!((answer.code, &alone["outcome"]), (Some(4), &"narrowed".into()), "{alone:#}");
    assert!(advised_s(&alone, "preStop") < 8, "{alone:#}");
}

#[test]
fn values_of_the_users_own_are_read_as_times_and_put_in_order() {
    let asleep = WEB.replace(
        "readinessProbe:",
        "lifecycle: {preStop: {sleep: {seconds: 20}}}\n          readinessProbe:",
    );
    let folder = Folder::new(&[("web.yaml", &asleep), ("web.toml", SCENARIO)]);
    // The present 20 s stand between what is cheaper and what is dearer.
    let cheaper = "advise web.toml --runs 2 --knob preStop=0s,12s,1m --knob grace=1m30s,2m -o json";
    let answer = run(folder.path(), cheaper);
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.talk);
    let advice = json(&answer);
    assert_eq!((advised_s(&advice, "preStop"), advised_s(&advice, "grace")), (12, 30), "{advice:#}");
    assert_eq!(value(&advice, "preStop")["next_cheaper"]["value"], "none");

    let folder = self::folder();
    let answer =
        run(folder.path(), "advise web.toml --runs 2 --knob preStop=0s,1m --knob grace=1m30s -o yaml");
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.talk);
    for line in ["terminationGracePeriodSeconds: 90", "seconds: 60"] {
        assert!(answer.out.contains(line), "{line} is missing in {}", answer.out);
    }
}

#[test]
fn the_patch_is_for_the_object_of_its_own_namespace() {
    let of = |namespace: &str| WEB.replace("{name: web}", &format!("{{name: web, namespace: {namespace}}}"));
    let both = format!("{}---\n{}", of("bank"), of("shop"));
    let folder = Folder::new(&[("web.yaml", &both), ("web.toml", SCENARIO)]);
    let answer =
        run(folder.path(), "advise web.toml --workload shop/deploy/web --runs 2 --knob preStop -o yaml");
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.talk);
    assert!(answer.out.contains("namespace: shop") && answer.out.contains("sleep:"), "{}", answer.out);
}

/// Manifests whose pods sleep long enough, with something else changed.
fn asleep(from: &str, to: &str) -> String {
    let sleeping = "lifecycle: {preStop: {sleep: {seconds: 15}}}\n          readinessProbe:";
    let yaml = WEB.replace("readinessProbe:", sleeping);
    assert_eq!(yaml.matches(from).count(), 1, "{from}");
    yaml.replace(from, to)
}

const SCALER: &str = "\
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  minReplicas: 6
  maxReplicas: 9
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 40}}}]
";

fn scaled() -> String {
    let requests = "          resources: {requests: {cpu: 100m}}\n          lifecycle:";
    format!("{}{SCALER}", asleep("          lifecycle:", requests))
}

#[test]
fn the_time_of_a_rollout_can_be_what_counts() {
    let slow = asleep("  replicas: 3", "  replicas: 3\n  minReadySeconds: 20");
    let slow = slow.replace("periodSeconds: 2}", "periodSeconds: 10}");
    let folder = Folder::new(&[("web.yaml", &slow), ("web.toml", SCENARIO)]);
    let wanted = "--knob minReadySeconds --knob readiness.periodSeconds";
    let answer =
        run(folder.path(), &format!("advise web.toml --runs 2 --cost rollout-time {wanted} -o json"));
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.talk);
    let advice = json(&answer);
    assert!(advised_s(&advice, "minReadySeconds") < 20, "{advice:#}");
    let period = &value(&advice, "readiness.periodSeconds")["advised"];
    assert_eq!(period, "2", "the sooner a pod is asked, the sooner it is ready: {advice:#}");
    let patch = advice["patch"].as_str().expect("a text");
    assert!(patch.contains("readinessProbe:") && patch.contains("periodSeconds: 2"), "{patch}");
    let rollout = |side: &str| advice["costs"][side]["rollout_s"].as_f64().expect("a time");
    assert!(rollout("advised") < rollout("now"), "{advice:#}");
    // By pod-hours the same knob is only ever raised.
    let answer = run(folder.path(), &format!("advise web.toml --runs 2 {wanted} -o json"));
    for knob in ["minReadySeconds", "readiness.periodSeconds"] {
        assert_eq!(value(&json(&answer), knob)["changed"], false, "{}", answer.out);
    }
}

#[test]
fn an_autoscaler_becomes_no_smaller_than_goals_and_faults_allow() {
    let folder = Folder::new(&[("web.yaml", &scaled()), ("web.toml", SCENARIO)]);
    let wanted = "--knob hpa.min --knob hpa.cpu=60,40 --knob hpa.scaleUp.window --goal p99<400ms";
    let answer = run(folder.path(), &format!("advise web.toml --runs 2 --seed 7 {wanted} -o json"));
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.talk);
    let advice = json(&answer);
    assert_eq!(value(&advice, "hpa.cpu")["advised"], "60", "a higher target is fewer pods: {advice:#}");
    // Of fewer pods one that crashes takes more with it, and no setting may make that worse.
    let fewer = &value(&advice, "hpa.min")["next_cheaper"];
    assert_eq!((&fewer["value"], &fewer["fails"]["trial"]), (&"5".into(), &"crash".into()), "{advice:#}");
    assert!(advice["goals"][0].as_str().is_some_and(|goal| goal.starts_with("p99")), "{advice:#}");
    assert!(advice["verified"]["seed"].as_u64().is_some_and(|seed| seed > 7), "fresh seeds: {advice:#}");
    let left = advice["left_alone"].as_array().expect("a list");
    assert!(left.iter().any(|left| left["knob"] == "hpa.scaleUp.window"), "a window of 0 is all: {left:#?}");
    let patch = advice["patch"].as_str().expect("a text");
    for line in ["kind: HorizontalPodAutoscaler", "averageUtilization: 60"] {
        assert!(patch.contains(line), "{line} is missing in {patch}");
    }
    // More runs to verify with are more runs.
    let more = run(folder.path(), &format!("advise web.toml --runs 9 --seed 7 {wanted} -o json"));
    let runs = |advice: &Value| advice["verified"]["runs"].as_u64().expect("a number");
    assert!(runs(&json(&more)) > runs(&advice), "{}", more.out);

    let first = scaled().replace("autoscaling/v2", "autoscaling/v1");
    let first = first.split_once("  metrics:").expect("metrics").0.to_owned();
    let folder = Folder::new(&[("web.yaml", &first), ("web.toml", SCENARIO)]);
    let answer = run(folder.path(), "advise web.toml --knob hpa.scaleDown.window");
    assert_eq!(answer.code, Some(2), "{}", answer.out);
    assert!(answer.talk.contains("autoscaling/v1 has no `behavior`"), "{}", answer.talk);
}

#[test]
fn what_a_scenario_sets_goes_into_the_patch_and_old_versions_get_a_command() {
    let base = format!("kubernetes = \"1.29\"\n{SCENARIO}\n[set]\npreStop = \"15s\"\n");
    let over = "model = 1\nextends = [\"base.toml\"]\n";
    let folder = Folder::new(&[("web.yaml", WEB), ("base.toml", &base), ("web.toml", over)]);
    let answer = run(folder.path(), "advise web.toml --runs 2 --knob preStop -o yaml");
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.talk);
    let flat = answer.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("preStop: exec: command: - sleep - \"15\""), "{}", answer.out);
    assert!(!answer.out.contains("seconds:"), "{}", answer.out);
}

#[test]
fn where_there_is_no_patch_the_file_says_so() {
    let folder = Folder::new(&[
        ("web.yaml", &asleep("replicas: 3", "replicas: 3")),
        ("web.toml", SCENARIO),
        ("patch.yaml", "spec: {replicas: 99}\n"),
    ]);
    let answer = run(folder.path(), "advise web.toml --runs 2 --knob preStop --patch patch.yaml -o yaml");
    assert_eq!(answer.code, Some(0), "{}{}", answer.out, answer.talk);
    assert_eq!(answer.out, "# podloss advise: no patch, the present values are the advice\n");
    let file = std::fs::read_to_string(folder.file("patch.yaml")).expect("a file");
    assert_eq!(file, answer.out, "the older patch is gone");
    assert!(answer.talk.contains("there is no patch"), "{}", answer.talk);
}
