//! Whether a prediction holds against a measured row.

use serde_json::Value;

use super::{Prediction, mean, measured_word, sd};

/// How a row came out.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Within the rule.
    Holds,
    /// Outside it.
    Misses,
    /// It needs something that is not modelled.
    NotModelled,
}

/// One row beside its prediction.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The row's name.
    pub name: String,
    /// How it came out.
    pub verdict: Verdict,
    /// One line per status: measured, predicted, allowed; then what was found beside the rule.
    pub lines: Vec<String>,
}

/// Compares by the rule that comes with the rows: for every status other than 200 the means
/// differ by at most 10 % or three standard errors, small counts get half a request, a measured
/// zero must be predicted below half a request, and the number of requests agrees within 5 %.
pub fn compare(row: &Value, prediction: Option<&Prediction>) -> Comparison {
    let name = row["name"].as_str().unwrap_or("unnamed").to_owned();
    let Some(prediction) = prediction else {
        return Comparison { name, verdict: Verdict::NotModelled, lines: Vec::new() };
    };
    let repeats = row["repeats"].as_f64().unwrap_or(1.0);
    let mut lines = Vec::new();
    let mut holds = true;
    let measured_n = row["n_requests"]["mean"].as_f64().unwrap_or(0.0);
    let predicted_n = mean(&prediction.requests);
    if (predicted_n - measured_n).abs() > 0.05 * measured_n {
        holds = false;
        lines.push(format!("requests: measured {measured_n:.0}, predicted {predicted_n:.0}"));
    }
    for (label, keys) in judged_statuses(row, prediction) {
        let measured = |field: &str| -> f64 {
            let of = |key: &String| row["counts_per_status"][key.as_str()][field].as_f64().unwrap_or(0.0);
            if field == "sd" {
                keys.iter().map(|k| of(k).powi(2)).sum::<f64>().sqrt()
            } else {
                keys.iter().map(of).sum()
            }
        };
        let series: Vec<f64> = (0..prediction.requests.len())
            .map(|i| keys.iter().filter_map(|k| prediction.statuses.get(k)).map(|s| s[i]).sum())
            .collect();
        let (want, want_sd, have, have_sd) = (measured("mean"), measured("sd"), mean(&series), sd(&series));
        let error = want_sd.max(0.8 * want.sqrt()) / repeats.sqrt();
        let mut allowed = (0.1 * want).max(3.0 * error);
        if want < 5.0 {
            allowed = allowed.max(0.5);
        }
        let fits = if want == 0.0 { have < 0.5 } else { (have - want).abs() <= allowed };
        holds &= fits;
        let spread = want >= 20.0 && !(have_sd >= want_sd / 3.0 && have_sd <= want_sd * 3.0);
        let note = if spread { ", sd outside 1/3..3" } else { "" };
        let mark = if fits { "" } else { "  <-- misses" };
        lines.push(format!(
            "{label}: measured {want:.1} (sd {want_sd:.1}), predicted {have:.1} (sd {have_sd:.1}), allowed {allowed:.1}{note}{mark}"
        ));
    }
    lines.extend(cause_lines(row, prediction));
    let verdict = if holds { Verdict::Holds } else { Verdict::Misses };
    Comparison { name, verdict, lines }
}

/// Statuses to judge, each with the keys that count together. A full accept queue with resent
/// SYNs is judged on 502 and 504 together unless the bunching of SYNs is modelled; podloss models
/// it, but the rule is the rule.
fn judged_statuses(row: &Value, prediction: &Prediction) -> Vec<(String, Vec<String>)> {
    let empty = serde_json::Map::new();
    let measured = row["counts_per_status"].as_object().unwrap_or(&empty);
    let mut keys: Vec<String> =
        measured.keys().chain(prediction.statuses.keys()).filter(|k| *k != "200").cloned().collect();
    keys.sort();
    keys.dedup();
    let together = row["parameters"]["accept_mode"] == "lazy";
    if together {
        let (joint, rest): (Vec<String>, Vec<String>) =
            keys.into_iter().partition(|k| k == "502" || k == "504");
        let mut judged: Vec<_> = rest.into_iter().map(|k| (k.clone(), vec![k])).collect();
        if !joint.is_empty() {
            judged.push(("502+504".to_owned(), joint));
        }
        return judged;
    }
    keys.into_iter().map(|k| (k.clone(), vec![k])).collect()
}

/// Causes side by side, in the measured words. Printed, not judged.
fn cause_lines(row: &Value, prediction: &Prediction) -> Vec<String> {
    let mut predicted = std::collections::BTreeMap::new();
    for ((status, cause), series) in &prediction.causes {
        let word = format!("{}:{}", super::status_code(*status), measured_word(*cause));
        *predicted.entry(word).or_insert(0.0) += mean(series);
    }
    let measured = row["causes"].as_object();
    let words = predicted.keys().cloned().chain(measured.into_iter().flat_map(|m| m.keys().map(plain_word)));
    let mut words: Vec<String> = words.collect();
    words.sort();
    words.dedup();
    words
        .into_iter()
        .map(|word| {
            let of =
                |(key, value): (&String, &Value)| (plain_word(key) == word).then(|| value["mean"].as_f64());
            let want: f64 = measured.into_iter().flatten().filter_map(of).flatten().sum();
            let have = predicted.get(&word).copied().unwrap_or(0.0);
            format!("  {word}: measured {want:.1}, predicted {have:.1}")
        })
        .collect()
}

/// The first rig says `nginx_no_endpoints` where the second says `no_endpoints`.
fn plain_word(word: &String) -> String {
    word.replace("nginx_no_endpoints", "no_endpoints")
}
