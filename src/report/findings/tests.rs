//! One report in all formats.

use super::*;
use crate::config::manifest::{Source, read_manifests, select_workload};
use crate::lint;

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations: {podloss.dev/allow: never-empty}
spec:
  strategy: {type: Recreate}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: app
          image: gcr.example/app
          ports: [{containerPort: 8080}]
          lifecycle: {preStop: {exec: {command: [sh, -c, sleep 40]}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

fn report() -> lint::Report {
    let source = Source::Text { name: "web,1.yaml".to_owned(), text: WEB.to_owned() };
    let manifests = read_manifests(&[source]).unwrap();
    lint::check(&[lint::facts_of(&select_workload(&manifests, None).unwrap())])
}

#[test]
fn for_people() {
    insta::assert_snapshot!(render(&report(), Format::Text { color: false }));
}

#[test]
fn for_github() {
    insta::assert_snapshot!(render(&report(), Format::Github));
}

#[test]
fn for_scripts() {
    let value: serde_json::Value = serde_json::from_str(&render(&report(), Format::Json)).unwrap();
    assert_eq!(value["schema"], "podloss-findings/1");
    assert_eq!((&value["errors"], &value["workloads"]), (&2.into(), &1.into()));
    let first = &value["findings"][0];
    assert_eq!(
        (&first["rule"], &first["line"]),
        (&"PL003".into(), &16.into()),
        "the worst slack comes first"
    );
    assert_eq!(first["slack"]["value"], -10.0);
    assert_eq!(value["allowed"][0]["rule"], "PL018");
}

#[test]
fn for_code_scanning() {
    let value: serde_json::Value = serde_json::from_str(&render(&report(), Format::Sarif)).unwrap();
    let run = &value["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), lint::RULES.len());
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let region = &result["locations"][0]["physicalLocation"]["region"];
        assert!(region["endColumn"].as_u64() > region["startColumn"].as_u64(), "{result}");
    }
    let suppressed = |result: &&serde_json::Value| result.get("suppressions").is_some();
    assert_eq!(run["results"].as_array().unwrap().iter().filter(suppressed).count(), 1);
}

#[test]
fn many_findings_take_a_line_each() {
    let mut many = report();
    let one = many.findings[0].clone();
    many.findings.extend(std::iter::repeat_n(one, 20));
    many.workloads = 2;
    let text = render(&many, Format::Text { color: false });
    assert_eq!(
        text.lines().filter(|line| line.starts_with("error ") || line.starts_with("warning ")).count(),
        many.findings.len(),
        "{text}"
    );
}
