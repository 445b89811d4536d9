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

/// One name in two namespaces is two workloads.
#[test]
fn a_name_that_is_there_twice_is_judged_twice() {
    let shop = WEB.replace("metadata: {name: web}", "metadata: {name: web, namespace: shop}");
    let folder = Folder::new(&[("web.yaml", &format!("{WEB}---\n{shop}"))]);
    let answer = run(folder.path(), "check web.yaml -o json");
    let value: serde_json::Value = serde_json::from_str(&answer.out).expect("JSON");
    let judged = |name: &str| {
        let findings = value["findings"].as_array().expect("findings");
        findings.iter().filter(|finding| finding["workload"] == name).count()
    };
    assert_eq!(value["not_judged"].as_array().map(Vec::len), Some(0), "{}", answer.out);
    assert!(judged("Deployment/web") > 0 && judged("Deployment/web") == judged("shop/Deployment/web"));
}

/// What `run` would warn of is no secret of `run`.
#[test]
fn settings_that_are_not_read_are_told_in_every_format() {
    let ingress = "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations:
    nginx.ingress.kubernetes.io/proxy-conect-timeout: \"5\"
    nginx.ingress.kubernetes.io/upstream-hash-by: $request_uri
spec: {ingressClassName: nginx, defaultBackend: {service: {name: web, port: {number: 80}}}}
";
    let folder = Folder::new(&[("web.yaml", &format!("{WEB}{ingress}"))]);
    for (format, words) in [
        ("text", "2 other warnings about the files"),
        ("json", "proxy-conect-timeout"),
        ("github", "upstream-hash-by is not simulated"),
        ("sarif", "proxy-conect-timeout"),
    ] {
        let answer = run(folder.path(), &format!("check web.yaml -o {format}"));
        assert!(answer.out.contains(words), "{format}: {words} is missing in\n{}", answer.out);
    }
}

/// A database's proxy is judged by what its flags say, and by its role.
#[test]
fn what_an_application_calls_through_must_outlive_it() {
    let with = |args: &str| {
        let proxy = format!("        - {{name: db, image: 'x/cloud-sql-proxy:2'{args}}}\n---\n");
        WEB.replace("seconds: 90", "seconds: 30").replace("---\n", &proxy)
    };
    let folder = Folder::new(&[
        ("hasty.yaml", &with("")),
        ("patient.yaml", &with(", args: ['--max-sigterm-delay=45s']")),
        ("hooked.yaml", &with(", lifecycle: {preStop: {sleep: {seconds: 31}}}")),
    ]);
    for (line, code) in [
        ("hasty.yaml", 3),
        ("hasty.yaml --set containers.db.role=other", 0),
        ("patient.yaml", 0),
        ("hooked.yaml", 0),
    ] {
        let answer = run(folder.path(), &format!("check {line} --on-stop drain --latency 50ms"));
        assert_eq!(answer.code, Some(code), "{line}\n{}{}", answer.out, answer.talk);
        let told = answer.out.contains("error[PL015]: Deployment/web: container `db` leaves 0 s after");
        assert_eq!(told, code == 3, "{line}\n{}", answer.out);
    }
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

/// What is not judged is named in every format: another kind of workload, and a front end that is not simulated.
#[test]
fn what_is_not_judged_is_named() {
    let set = "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {}\n";
    let job = "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: once}\nspec: {}\n";
    let sound = WEB.replace("seconds: 90", "seconds: 30");
    let folder = Folder::new(&[("web.yaml", &format!("{sound}{set}{job}"))]);
    let check = |arguments: &str| {
        let settings = "--on-stop drain --latency 50ms --set keepalive_idle=1h";
        run(folder.path(), &format!("check web.yaml {settings} {arguments}"))
    };
    let text = check("").out;
    assert!(text.contains("note[not-judged]: StatefulSet/db is not judged"), "{text}");
    assert!(text.contains("1 not or not wholly judged") && !text.contains("Job/once"), "{text}");
    let github = check("-o github").out;
    assert!(github.contains("::notice file=web.yaml,line=24::StatefulSet/db is not judged"), "{github}");
    let json: serde_json::Value = serde_json::from_str(&check("-o json").out).expect("JSON");
    assert_eq!(json["not_judged"], serde_json::json!(["StatefulSet/db is not judged"]));
    let sarif: serde_json::Value = serde_json::from_str(&check("-o sarif").out).expect("JSON");
    let said = &sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    assert_eq!((said.as_array().map(Vec::len), &said[0]["level"]), (Some(1), &"note".into()), "{said}");
    let line = &said[0]["locations"][0]["physicalLocation"]["region"]["startLine"];
    assert_eq!(line.as_u64(), Some(24));
    let named = check("--workload deploy/web").out;
    assert!(!named.contains("StatefulSet"), "nobody asked for it:\n{named}");
}

/// podloss's own annotations are settings: one that cannot be used is said, not passed over.
#[test]
fn annotations_of_podloss_that_nobody_reads_are_errors() {
    let on_pods = |annotation: &str| {
        WEB.replace(
            "{labels: {app: web}}",
            &format!("{{labels: {{app: web}}, annotations: {{{annotation}}}}}"),
        )
    };
    let on_service = WEB.replace(
        "kind: Service\nmetadata: {name: web}",
        "kind: Service\nmetadata: {name: web, annotations: {podloss.dev/allow: PL003}}",
    );
    let folder = Folder::new(&[
        ("allow.yaml", &on_pods("podloss.dev/allow: PL003")),
        ("startup.yaml", &on_pods("podloss.dev/startup: 8s")),
        ("service.yaml", &on_service),
    ]);
    let answer = run(folder.path(), "check allow.yaml");
    assert_eq!(answer.code, Some(3));
    for words in ["error[PL000]", "is on the pods", "metadata.annotations", "error[PL003]"] {
        assert!(answer.out.contains(words), "{words} is missing in\n{}", answer.out);
    }
    let github = run(folder.path(), "check allow.yaml -o github").out;
    assert!(github.contains("title=PL000 allow-list"), "{github}");
    let answer = run(folder.path(), "check startup.yaml");
    assert_eq!((answer.code, answer.out.as_str()), (Some(2), ""));
    assert!(answer.talk.contains("annotation podloss.dev/startup is on the pods"), "{}", answer.talk);
    let answer = run(folder.path(), "check service.yaml");
    assert!(answer.out.contains("podloss.dev/allow is not on a Deployment"), "{}", answer.out);
}

#[test]
fn a_hook_of_unknown_length_is_asked_for() {
    let hook = WEB.replace("{sleep: {seconds: 90}}", "{httpGet: {path: /drain, port: 8080}}");
    let folder = Folder::new(&[("web.yaml", &hook)]);
    let check =
        |arguments: &str| run(folder.path(), &format!("check web.yaml --on-stop drain {arguments}")).out;
    let asked = check("");
    for words in
        ["warning[PL001]", "nothing says how long it takes", "--set containers.app.pre_stop_duration="]
    {
        assert!(asked.contains(words), "{words} is missing in\n{asked}");
    }
    let long = check("--set containers.app.pre_stop_duration=40s");
    assert!(!long.contains("PL001"), "{long}");
    let short = check("--removal 9s --set containers.app.pre_stop_duration=2s");
    assert!(short.contains("serves 2 s after its deletion"), "{short}");
}

/// The cure that is advised for a mesh's proxy is seen once it is there.
#[test]
fn a_mesh_proxy_that_stays_is_left_alone() {
    let meshed = |annotation: &str| {
        WEB.replace("seconds: 90", "seconds: 20")
            .replace(
                "{labels: {app: web}}",
                &format!("{{labels: {{app: web}}, annotations: {{proxy.istio.io/config: '{annotation}'}}}}"),
            )
            .replace("---\n", "        - {name: istio-proxy, image: 'istio/proxyv2:1.24', readinessProbe: {tcpSocket: {port: 15021}}}\n---\n")
    };
    let stays = "proxyMetadata: {EXIT_ON_ZERO_ACTIVE_CONNECTIONS: \"true\"}";
    let long = "proxyMetadata: {EXIT_ON_ZERO_ACTIVE_CONNECTIONS: \"true\", MINIMUM_DRAIN_DURATION: 25s}";
    let folder = Folder::new(&[
        ("plain.yaml", &meshed("{}")),
        ("fixed.yaml", &meshed("terminationDrainDuration: 25s")),
        ("stays.yaml", &meshed(stays)),
        ("long.yaml", &meshed(long)),
        ("wrong.yaml", &meshed("terminationDrainDuration: 1m")),
    ]);
    let check = |file: &str| {
        let settings =
            "--front-end istio-gateway --removal 12s --on-stop drain --latency 50ms --set keepalive_idle=2h";
        run(folder.path(), &format!("check {file} {settings}"))
    };
    let plain = check("plain.yaml").out;
    assert!(plain.contains("error[PL015]") && plain.contains("waits for no request then"), "{plain}");
    for file in ["fixed.yaml", "long.yaml"] {
        let answer = check(file);
        assert_eq!(answer.code, Some(0), "{}", answer.out);
        assert!(!answer.out.contains("PL015") && !answer.out.contains("PL001"), "{file}: {}", answer.out);
    }
    let stays = check("stays.yaml");
    assert_eq!(stays.code, Some(0), "{}", stays.out);
    for words in ["warning[PL015]", "surely only until 5 s", "MINIMUM_DRAIN_DURATION of 20 s or more"] {
        assert!(stays.out.contains(words), "{words} is missing in\n{}", stays.out);
    }
    let wrong = check("wrong.yaml");
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.talk.contains("terminationDrainDuration: `1m` is no duration"), "{}", wrong.talk);
}

#[test]
fn a_front_end_that_is_not_modelled_is_not_judged_and_the_remedy_is_told() {
    let kong = format!(
        "{WEB}---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web}}\nspec:\n  ingressClassName: kong\n  defaultBackend: {{service: {{name: web, port: {{number: 80}}}}}}\n"
    );
    let folder = Folder::new(&[("kong.yaml", &kong)]);
    let out = run(folder.path(), "check kong.yaml").out;
    let place = format!("kong.yaml:{}", kong.lines().count() - 1);
    for words in ["class `kong`", &place, "--front-end NAME"] {
        assert!(out.contains(words), "{words} is missing in\n{out}");
    }
    assert!(!out.contains("ingress-nginx needs"), "{out}");
}
