//! Suites of invented verdicts.

use super::*;

fn judged(is: &str, verdict: Judgement) -> Judged {
    Judged {
        metric: "lost".to_owned(),
        is: is.to_owned(),
        observed: Some(3.0),
        verdict,
        detail: "3 per run | <5 & \"more\"".to_owned(),
    }
}

fn suite() -> Vec<Tested> {
    let tested = |file: &str, outcome| {
        let places = vec![Some((file.to_owned(), 7)), None];
        Tested { file: file.to_owned(), outcome, places }
    };
    vec![
        tested("a.toml", Outcome::Judged(vec![judged("== 3", Judgement::Hold)])),
        tested(
            "b,1.toml",
            Outcome::Judged(vec![judged("== 0", Judgement::Fail), judged("< 9", Judgement::Hold)]),
        ),
        tested("c.toml", Outcome::Judged(vec![judged("< 4", Judgement::Inconclusive)])),
        tested("d.toml", Outcome::Broken(vec!["d.toml:1:1: no such thing".to_owned()])),
    ]
}

fn written(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("memory takes everything");
    String::from_utf8(out).expect("text")
}

#[test]
fn a_line_per_scenario_and_failures_once_more() {
    let all = suite();
    let verdicts: Vec<Verdict> = all.iter().map(Tested::verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive, Verdict::Broken]);
    let lines = written(|out| all.iter().try_for_each(|tested| write_line(tested, false, out)));
    assert_eq!(lines.lines().count(), 4);
    let failures = written(|out| write_failures(&all, false, out));
    for part in
        ["b,1.toml\n  FAILS        lost == 0:", "inconclusive lost < 4", "  d.toml:1:1: no such thing"]
    {
        assert!(failures.contains(part), "{part} is missing in\n{failures}");
    }
    assert!(failures.ends_with("1 passed, 1 failed, 1 inconclusive, 1 broken\n"), "{failures}");
    assert!(!failures.contains("a.toml"), "what passes is not repeated");
}

#[test]
fn junit_is_well_formed_and_counts() {
    let xml = written(|out| write_junit(&suite(), false, out));
    assert!(xml.contains("<testsuites name=\"podloss\" tests=\"5\" failures=\"2\" errors=\"1\">"), "{xml}");
    assert!(xml.contains("3 per run | &lt;5 &amp; &quot;more&quot;"), "{xml}");
    let passes = written(|out| write_junit(&suite(), true, out));
    assert!(passes.contains("failures=\"1\" errors=\"1\">"), "{passes}");
    for tag in ["testsuites", "testsuite", "failure", "error"] {
        let count = |text: &str| xml.matches(text).count();
        let opened = count(&format!("<{tag} ")) + count(&format!("<{tag}>"));
        let closed = count(&format!("</{tag}>"));
        assert!(opened == closed || tag == "failure", "{tag}: {opened} and {closed}");
    }
}

#[test]
fn github_gets_escaped_annotations_and_a_table() {
    let lines = annotations(&suite());
    assert_eq!(lines.len(), 3);
    assert!(
        lines[0].starts_with("::error file=b%2C1.toml,line=7,title=podloss::lost == 0: 3 per run"),
        "{}",
        lines[0]
    );
    assert!(lines[1].starts_with("::warning file=c.toml"));
    let many: Vec<Tested> = (0..15).map(|_| suite()[1].clone()).collect();
    let lines = annotations(&many);
    assert_eq!((lines.len(), lines[9].as_str()), (10, "::error::6 more scenarios do not pass"));
    let table = written(|out| write_step_summary(&suite(), out));
    assert!(table.contains("| b,1.toml | `lost == 0` | **fails** | 3 per run \\| <5"), "{table}");
}

#[test]
fn sarif_has_what_does_not_hold_at_its_line() {
    let text = written(|out| write_sarif(&suite(), &crate::lint::Report::default(), out));
    let sarif: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().expect("a list");
    let rules: Vec<&str> = run["tool"]["driver"]["rules"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|r| r["id"].as_str())
        .collect();
    let named: Vec<&str> = results.iter().filter_map(|result| result["ruleId"].as_str()).collect();
    assert_eq!(named, ["expectation", "inconclusive", "scenario"]);
    assert!(named.iter().all(|rule| rules.contains(rule)), "{rules:?}");
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(
        (&place["artifactLocation"]["uri"], &place["region"]["startLine"]),
        (&"b,1.toml".into(), &7.into())
    );
}
