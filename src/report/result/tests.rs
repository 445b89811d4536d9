//! Stored results: written, read back, rendered.

use super::testing::stored;
use super::*;
use crate::study::Verdict;
use crate::study::testing::case;

fn written(result: &StoredResult) -> String {
    let mut bytes = Vec::new();
    result.write(&mut bytes).expect("memory takes everything");
    String::from_utf8(bytes).expect("JSON is text")
}

fn read(text: &str) -> Result<StoredResult, ReadError> {
    StoredResult::read("r.jsonl", &mut text.as_bytes())
}

#[test]
fn what_is_written_is_read_back_and_renders_the_same() {
    let result = stored();
    let text = written(&result);
    assert_eq!(text.lines().count(), 1 + 6 + 1);
    let back = read(&text).expect("a stored result");
    assert_eq!(back, result);
    assert_eq!(summary(&back).to_json(), summary(&result).to_json());
    assert_eq!(written(&back), text);
}

#[test]
fn anything_else_is_refused_with_its_line() {
    let text = written(&stored());
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let without = |index: usize| {
        let mut kept = lines.clone();
        kept.remove(index);
        joined(&kept)
    };
    let typo = lines[3].replacen("\"lost\"", "\"lots\"", 1);
    for (name, broken, line, says) in [
        ("empty", String::new(), 1, "the file is empty"),
        ("text", "hello\n".to_owned(), 1, "not a stored result"),
        ("other JSON", "{\"items\": []}\n".to_owned(), 1, "not a stored result"),
        ("no header", without(0), 1, "the header line is missing"),
        ("no sums", joined(&lines[..7]), 8, "it was cut"),
        ("half a line", text[..text.len() / 2].to_owned(), 8, ""),
        ("a run is missing", without(3), 7, "do not add up"),
        ("two results", format!("{text}{text}"), 9, "something follows"),
        ("two headers", joined(&[lines[0], lines[0]]), 2, "a second header"),
        ("order", joined(&[lines[0], lines[2], lines[1]]), 3, "out of order"),
        ("unknown field", joined(&[lines[0], lines[1], lines[2], &typo]), 4, "lots"),
        ("later version", text.replacen("podloss-result/1", "podloss-result/9", 1), 1, "podloss-result/9"),
    ] {
        let error = read(&broken).expect_err(name);
        assert_eq!(error.line, line, "{name}: {error}");
        assert!(error.message.contains(says), "{name}: {error}");
        assert!(error.to_string().starts_with("r.jsonl:"), "{name}");
    }
}

#[test]
fn the_summary_has_the_documented_fields_in_order() {
    let result = stored();
    let json: serde_json::Value = serde_json::from_str(&summary(&result).to_json()).expect("JSON");
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    assert_eq!(
        keys(&json).join(" "),
        "schema podloss model scenario seed runs requests per_run rollouts_with_loss statuses causes also \
         latency_ms latency_all_ms replicas pod_seconds rollouts hpa scale_outs margins expectations assumptions \
         not_modelled answer"
    );
    assert_eq!(keys(&json["per_run"]["lost"]).join(" "), "mean sd min median p95 max ci95");
    assert_eq!(
        keys(&json["causes"][0]).join(" "),
        "cause status count by_method per_run first_s median_s last_s"
    );
    assert_eq!(keys(&json["margins"][0]).join(" "), "name have need slack unit share_of_loss");
    assert_eq!(keys(&json["assumptions"][0]).join(" "), "key value range source effect set_with");
    assert_eq!(keys(&json["replicas"]).join(" "), "min max final");
    let sum = |path: &[&str]| path.iter().fold(&json, |v, key| &v[*key]).as_u64().expect("a count");
    assert_eq!(
        sum(&["requests", "total"]),
        sum(&["requests", "ok"]) + sum(&["requests", "lost"]) + sum(&["requests", "in_flight_at_end"])
    );
    assert_eq!(json["per_run"]["lost"]["p95"], serde_json::Value::Null, "6 runs have no 95th percentile");
    assert_eq!(json["expectations"][0]["verdict"], "hold");
    assert_eq!(json["expectations"][1]["verdict"], "fail");
    assert_eq!(json["assumptions"][0]["range"], serde_json::json!(["1s", "10s"]));
    assert!(
        json["assumptions"][0]["effect"]["lost_hi"].as_f64()
            > json["assumptions"][0]["effect"]["lost_lo"].as_f64()
    );
    assert_eq!(result.answer.verdict, Verdict::Depends);
}

#[test]
fn tables_have_one_row_per_run_and_per_second() {
    let result = stored();
    let mut csv = Vec::new();
    write_csv(std::slice::from_ref(&result), &mut csv).expect("memory");
    let csv = String::from_utf8(csv).expect("text");
    let width = csv.lines().next().map(|header| header.split(',').count());
    assert_eq!(csv.lines().count(), 7);
    assert!(csv.lines().all(|line| Some(line.split(',').count()) == width), "{csv}");
    let mut timeline = Vec::new();
    write_timeline(&result, &mut timeline).expect("memory");
    let timeline = String::from_utf8(timeline).expect("text");
    let rows: Vec<Vec<&str>> = timeline.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0].first(), Some(&"t_s"));
    assert_eq!(rows.len(), 1 + result.total.series.rows().len());
    let column = |name: &str| rows[0].iter().position(|n| *n == name).expect("a column");
    let ready = column("ready");
    assert_eq!((rows[1][ready], rows[1][column("replicas")]), ("4", "4"));
    let lost: f64 = rows[1..].iter().map(|row| row[2].parse::<f64>().expect("a number")).sum();
    let mean = result.total.lost() as f64 / 6.0;
    assert!((lost - mean).abs() < 0.05, "{lost} is not {mean}");
}

#[test]
fn a_misspelt_expectation_is_told_before_any_run() {
    let mut broken = case(&[]).expect("a case");
    broken.expectations[0].metric = "lsot".to_owned();
    let error = check_expectations(&broken).expect_err("unknown");
    assert!(error.to_string().contains("did you mean `lost`"), "{error}");
    broken.expectations[0] =
        crate::config::case::Expectation { metric: "p99".into(), is: "< 300".into(), place: None };
    let error = check_expectations(&broken).expect_err("no unit");
    assert!(error.to_string().contains("a duration such as 300ms"), "{error}");
}
