//! A suite as SARIF 2.1.0, for code scanning: expectations that do not hold, at the lines where they
//! are written, and what the lint finds in the same manifests.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::text::claim;
use super::{Outcome, Tested};
use crate::lint::Report;
use crate::report::findings::sarif;
use crate::study::Judgement;

/// Rules beside those of the lint: code, name, level, and what it means.
const RULES: [(&str, &str, &str, &str); 3] = [
    ("expectation", "expectation-fails", "error", "An expectation of a scenario does not hold."),
    ("inconclusive", "expectation-open", "warning", "The runs do not decide an expectation of a scenario."),
    ("scenario", "scenario-broken", "error", "A scenario cannot be simulated."),
];

/// Writes one run of the tool with everything that does not pass, and the lint's findings.
///
/// # Errors
/// What the destination says.
pub fn write_sarif(all: &[Tested], findings: &Report, out: &mut dyn Write) -> io::Result<()> {
    let rules = RULES.iter().map(|(id, name, level, text)| {
        json!({
            "id": id,
            "name": name,
            "shortDescription": { "text": text },
            "defaultConfiguration": { "level": level },
        })
    });
    let results = all.iter().flat_map(results);
    out.write_all(sarif::document(findings, rules.collect(), results.collect()).as_bytes())
}

fn results(tested: &Tested) -> Vec<Value> {
    if let Outcome::Broken(errors) = &tested.outcome {
        let message = errors.first().map_or("it cannot be simulated", String::as_str);
        return vec![result("scenario", "error", (&tested.file, 1), message, &tested.file)];
    }
    let open = tested.open_at().map(|(judged, place)| {
        let (rule, level) = match judged.verdict {
            Judgement::Inconclusive => ("inconclusive", "warning"),
            _ => ("expectation", "error"),
        };
        let identity = format!("{}:{} {}", tested.file, judged.metric, judged.is);
        result(rule, level, place, &claim(judged), &identity)
    });
    open.collect()
}

fn result(rule: &str, level: &str, (file, line): (&str, usize), message: &str, identity: &str) -> Value {
    json!({
        "ruleId": rule,
        "level": level,
        "message": { "text": message },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": file },
            "region": { "startLine": line },
        }}],
        // The same result keeps its identity when lines move.
        "partialFingerprints": { "podloss/v1": format!("{rule}:{identity}") },
    })
}
