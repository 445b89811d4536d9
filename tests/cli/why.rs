//! `podloss why` and `podloss presets`.

use super::support::{Folder, run};

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
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

/// A rollout that loses requests, with its result in `out`.
fn lossy() -> Folder {
    let folder = Folder::new(&[("web.yaml", WEB)]);
    let flags = "--rps 40 --front-end aws-alb-ip --removal 9s --startup 2s --latency 20ms --on-stop drain";
    let answer = run(folder.path(), &format!("run web.yaml {flags} --event rollout@20s --runs 3 --out out"));
    assert_eq!(answer.code, Some(0), "{}", answer.talk);
    folder
}

#[test]
fn a_loss_is_told_and_what_would_have_saved_it() {
    let folder = lossy();
    let told = run(folder.path(), "why out");
    assert_eq!(told.code, Some(0), "{}", told.talk);
    for words in
        ["(listener_closed)", "is deleted", "connection refused", "What would have saved it: --set preStop="]
    {
        assert!(told.out.contains(words), "{words} is missing in\n{}", told.out);
    }
    let again = run(folder.path(), "why out/result.jsonl --cause listener_closed");
    let story = again.out.trim_end();
    assert!(told.out.contains(story), "the same story, byte by byte:\n{story}\n{}", told.out);

    let json = run(folder.path(), "why out -o json").out;
    let stories: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let id = stories[0]["request"].as_u64().expect("a number");
    let one = run(folder.path(), &format!("why out --request {id} -o json")).out;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&one).expect("JSON")[0], stories[0]);

    let svg = run(folder.path(), "why out -o svg").out;
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{svg}");
}

#[test]
fn what_cannot_be_told_is_said() {
    let folder = lossy();
    for (arguments, words) in [
        ("why out --cause listener_close", "did you mean `listener_closed`?"),
        ("why out --cause oom_killed", "no request was lost by `oom_killed`"),
        ("why out --request first", "not the number of a request"),
        ("why out --run 9", "runs 1 to 3"),
        ("why out --request 1 --run 1", "had no trouble with request 1"),
        ("why web.yaml", "web.yaml:1"),
        ("why missing", "cannot read missing"),
    ] {
        let answer = run(folder.path(), arguments);
        assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "podloss {arguments}: {}", answer.talk);
        assert!(answer.talk.contains(words), "podloss {arguments}: {words} is missing in\n{}", answer.talk);
    }
}

#[test]
fn presets_show_their_sources() {
    let folder = Folder::new(&[]);
    let all = run(folder.path(), "presets front-end").out;
    assert!(all.contains("aws-alb-ip") && all.contains("aws-alb-instance"), "{all}");
    let one = run(folder.path(), "presets front-end ingress-nginx").out;
    for words in ["front_end.tries", "documented", "measured", "guess"] {
        assert!(one.contains(words), "{words} is missing in\n{one}");
    }
    let json = run(folder.path(), "presets termination spring-graceful -o json").out;
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&value[0]["behaviour"], &value[0]["limit_s"]), (&"drain".into(), &30.into()));
    for (arguments, words) in [
        ("presets front-end ingres-nginx", "did you mean `ingress-nginx`?"),
        ("presets front-end aws-alb", "did you mean `aws-alb-ip` or `aws-alb-instance`?"),
        ("presets front-end istio-sidecar", "--set mesh=istio"),
        ("presets termination spring-gracefull", "did you mean `spring-graceful`?"),
    ] {
        let answer = run(folder.path(), arguments);
        assert_eq!(answer.code, Some(2), "{arguments}");
        assert!(answer.talk.contains(words), "{arguments}: {}", answer.talk);
    }
}
