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
    /// What the rule does not ask for and yet should agree, in words: causes by the same measure
    /// as statuses, and spreads within a third and three times the measured one.
    pub remarks: Vec<String>,
}

/// Compares by the rule that comes with the rows: for every status other than 200 the means
/// differ by at most 10 % or three standard errors, small counts get half a request, a measured
/// zero must be predicted below half a request, and the number of requests agrees within 5 %.
pub fn compare(row: &Value, prediction: Option<&Prediction>) -> Comparison {
    let name = row["name"].as_str().unwrap_or("unnamed").to_owned();
    let Some(prediction) = prediction else {
        return Comparison { name, verdict: Verdict::NotModelled, lines: Vec::new(), remarks: Vec::new() };
    };
    let repeats = row["repeats"].as_f64().unwrap_or(1.0);
    let (mut lines, mut remarks) = (Vec::new(), Vec::new());
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
        let (allowed, fits) = judge(want, want_sd, have, repeats);
        holds &= fits;
        let spread = want >= 20.0 && !(have_sd >= want_sd / 3.0 && have_sd <= want_sd * 3.0);
        let note = if spread { ", sd outside 1/3..3" } else { "" };
        if spread {
            remarks.push(format!("{label}: sd {have_sd:.1}, measured {want_sd:.1}"));
        }
        let mark = if fits { "" } else { "  <-- misses" };
        lines.push(format!(
            "{label}: measured {want:.1} (sd {want_sd:.1}), predicted {have:.1} (sd {have_sd:.1}), allowed {allowed:.1}{note}{mark}"
        ));
    }
    for line in cause_lines(row, prediction, repeats) {
        if !line.fits && !full_accept_queue(row) {
            remarks.push(line.text.trim().to_owned());
        }
        lines.push(line.text);
    }
    let verdict = if holds { Verdict::Holds } else { Verdict::Misses };
    Comparison { name, verdict, lines, remarks }
}

/// How far a mean may be from a measured one, and whether it is within that.
fn judge(measured: f64, measured_sd: f64, predicted: f64, repeats: f64) -> (f64, bool) {
    let error = measured_sd.max(0.8 * measured.sqrt()) / repeats.sqrt();
    let mut allowed = (0.1 * measured).max(3.0 * error);
    if measured < 5.0 {
        allowed = allowed.max(0.5);
    }
    let fits = if measured == 0.0 { predicted < 0.5 } else { (predicted - measured).abs() <= allowed };
    (allowed, fits)
}

/// Whether SYNs may be resent in bunches, which decides between 502 and 504.
fn full_accept_queue(row: &Value) -> bool {
    row["parameters"]["accept_mode"] == "lazy"
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
    if full_accept_queue(row) {
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

/// A cause beside its measurement.
struct CauseLine {
    text: String,
    fits: bool,
}

/// Causes side by side, in the measured words. They are no part of the rule.
fn cause_lines(row: &Value, prediction: &Prediction, repeats: f64) -> Vec<CauseLine> {
    let front = row["parameters"]["front"].as_str().unwrap_or("nginx");
    let mut predicted = std::collections::BTreeMap::new();
    for ((status, cause), series) in &prediction.causes {
        let word = format!("{}:{}", super::status_code(*status), measured_word(*cause, front));
        *predicted.entry(word).or_insert(0.0) += mean(series);
    }
    let measured = row["causes"].as_object();
    let words = predicted
        .keys()
        .cloned()
        .chain(measured.into_iter().flat_map(|m| m.keys().map(|word| plain_word(word))));
    let mut words: Vec<String> = words.collect();
    words.sort();
    words.dedup();
    words
        .into_iter()
        .map(|word| {
            let of = |field: &str| -> f64 {
                let named = measured.into_iter().flatten().filter(|(key, _)| plain_word(key) == word);
                // The sum of nothing is -0.0.
                0.0 + named.filter_map(|(_, value)| value[field].as_f64()).sum::<f64>()
            };
            let (want, have) = (of("mean"), predicted.get(&word).copied().unwrap_or(0.0));
            let (_, fits) = judge(want, of("sd"), have, repeats);
            CauseLine { text: format!("  {word}: measured {want:.1}, predicted {have:.1}"), fits }
        })
        .collect()
}

/// The first rig says `nginx_no_endpoints` where the second says `no_endpoints`.
fn plain_word(word: &str) -> String {
    word.replace("nginx_no_endpoints", "no_endpoints")
}
