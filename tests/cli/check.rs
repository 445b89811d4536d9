//! `podloss check` and `podloss explain`.

use super::support::{Folder, run, run_with};

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 60
      containers:
        - name: app
          image: example/app:1
          ports: [{containerPort: 8080}]
          readinessProbe: {httpGet: {path: /ready, port: 8080}}
          lifecycle: {preStop: {sleep: {seconds: 90}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

#[test]
fn errors_are_exit_code_3_and_warnings_0() {
    let sound = WEB.replace("seconds: 90", "seconds: 30");
    let allowed = WEB.replace(
        "{name: web}\nspec:\n  replicas",
        "{name: web, annotations: {podloss.dev/allow: PL003}}\nspec:\n  replicas",
    );
    let hasty = sound.replace(
        "          lifecycle",
        "          livenessProbe: {tcpSocket: {port: 8080}}\n          lifecycle",
    );
    let folder = Folder::new(&[
        ("web.yaml", WEB),
        ("sound.yaml", &sound),
        ("allowed.yaml", &allowed),
        ("hasty.yaml", &hasty),
    ]);
    for (file, code, words) in [
        ("web.yaml", 3, "error[PL003]: Deployment/web"),
        ("allowed.yaml", 0, "1 allowed by annotation"),
        ("hasty.yaml", 0, "warning[PL006]"),
    ] {
        let answer = run(folder.path(), &format!("check {file} --on-stop drain --latency 50ms"));
        assert_eq!(answer.code, Some(code), "{file}\n{}{}", answer.out, answer.talk);
        assert!(answer.out.contains(words), "{file}: {words} is missing in\n{}", answer.out);
    }
    let from_stdin = run_with(folder.path(), "check - -o github", WEB);
    assert!(from_stdin.out.starts_with("::error file=<stdin>,line="), "{}", from_stdin.out);
}

#[test]
fn bad_input_is_exit_code_2() {
    let folder =
        Folder::new(&[("typo.yaml", &WEB.replace("readinessProbe", "readinesProbe")), ("empty.yaml", "")]);
    for (arguments, words) in [
        ("check typo.yaml", "readinessProbe"),
        ("check empty.yaml", "no object"),
        ("check missing.yaml", "missing.yaml"),
        ("check", "<PATH>"),
        ("check typo.yaml -o html", "possible values: text, json, github, sarif"),
        ("explain lisener_closed", "did you mean `listener_closed`?"),
    ] {
        let answer = run(folder.path(), arguments);
        assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""), "podloss {arguments}");
        assert!(answer.talk.contains(words), "podloss {arguments}: {words} is missing in\n{}", answer.talk);
    }
}

#[test]
fn everything_is_explained() {
    let folder = Folder::new(&[]);
    let list = run(folder.path(), "explain").out;
    for name in ["PL001", "listener_closed", "504"] {
        assert!(list.contains(name), "{name}");
        let page = run(folder.path(), &format!("explain {name}"));
        assert!(page.out.contains("Why\n"), "{}", page.out);
    }
    let two = run(folder.path(), "explain pl001 pl002").out;
    assert!(two.contains("PL001 serving-after-deletion") && two.contains("PL002 time-to-finish"));
}
