//! A baseline: a small text in git whose diff shows what a change does to losses and margins.
//!
//! A section per scenario, a line per figure. Figures have three digits: the simulator gives the
//! same ones on every machine, and what is finer than that is nobody's concern.

use std::io::{self, Write};

use super::result::StoredResult;
use crate::model::outcome::Status;
use crate::study::Metric;
use crate::units::decimals;

/// The first line.
const HEADING: &str = "# podloss baseline 1, made by `podloss baseline update`: means per run";

/// What is kept of one scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The scenario's file, as it was named.
    pub scenario: String,
    /// Figures by name, in order.
    pub figures: Vec<(String, String)>,
}

/// A figure that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The scenario.
    pub scenario: String,
    /// The figure; `None` for the whole scenario.
    pub figure: Option<String>,
    /// What the baseline says; `None` if it has no such thing.
    pub before: Option<String>,
    /// What holds now; `None` if there is no such thing any more.
    pub after: Option<String>,
}

/// The metrics kept as means, after the losses by status.
const MEANS: [&str; 5] = ["p99", "rollout_time", "pod_hours", "pods.max", "executed_but_5xx"];

impl Entry {
    /// The figures of a result.
    pub fn of(scenario: &str, result: &StoredResult) -> Entry {
        let runs = &result.runs;
        let context = super::comparison::context_of(result);
        let mean = |metric: Metric| {
            let values: Vec<f64> = runs.iter().filter_map(|run| metric.value(run, &context)).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        let with_loss = runs.iter().filter(|run| run.lost > 0).count();
        let mut figures = vec![
            ("rollouts_with_loss".to_owned(), format!("{with_loss} of {}", runs.len())),
            ("lost".to_owned(), figure(mean(Metric::Lost).unwrap_or_default())),
        ];
        for status in Status::ALL.iter().filter(|status| **status != Status::Ok) {
            let lost = mean(Metric::LostStatus(*status)).filter(|lost| *lost > 0.0);
            figures.extend(lost.map(|lost| (format!("lost.{status}"), figure(lost))));
        }
        for name in MEANS {
            let value = Metric::parse(name).ok().and_then(mean);
            figures.extend(value.map(|value| (name.to_owned(), figure(value))));
        }
        for margin in &result.margins {
            figures.push((
                format!("margin.{}", margin.name),
                format!("{} {}", figure(margin.slack), margin.unit),
            ));
        }
        Entry { scenario: scenario.to_owned(), figures }
    }
}

/// Three digits, and those of a large number's thousands as zeros.
fn figure(value: f64) -> String {
    if value.abs() < 1e-9 || !value.is_finite() {
        return "0".to_owned();
    }
    let magnitude = libm::floor(libm::log10(value.abs())) as i32;
    if magnitude >= 2 {
        let step = libm::pow(10.0, f64::from(magnitude - 2));
        return format!("{:.0}", (value / step).round() * step);
    }
    decimals(value, usize::try_from(2 - magnitude).unwrap_or(0).min(9))
}

/// Writes a baseline.
///
/// # Errors
/// What the destination says.
pub fn write_baseline(entries: &[Entry], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{HEADING}")?;
    for entry in entries {
        writeln!(out, "\n[{}]", entry.scenario)?;
        entry.figures.iter().try_for_each(|(name, value)| writeln!(out, "{name} = {value}"))?;
    }
    Ok(())
}

/// Reads a baseline back.
///
/// # Errors
/// The line, counted from 1, and what is wrong with it.
pub fn read_baseline(text: &str) -> Result<Vec<Entry>, (usize, String)> {
    let mut entries: Vec<Entry> = Vec::new();
    for (number, line) in text.lines().map(str::trim).enumerate().map(|(index, line)| (index + 1, line)) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(scenario) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            entries.push(Entry { scenario: scenario.to_owned(), figures: Vec::new() });
            continue;
        }
        match (line.split_once(" = "), entries.last_mut()) {
            (Some((name, value)), Some(entry)) => entry.figures.push((name.to_owned(), value.to_owned())),
            (Some(_), None) => return Err((number, "a figure before the first [scenario]".to_owned())),
            (None, _) => return Err((number, format!("`{line}` is neither [scenario] nor `name = value`"))),
        }
    }
    Ok(entries)
}

/// What is not the same, in the order of the new entries, then what is gone.
pub fn changes(before: &[Entry], after: &[Entry]) -> Vec<Change> {
    let mut all = Vec::new();
    let old = |scenario: &str| before.iter().find(|entry| entry.scenario == scenario);
    let change =
        |scenario: &str, figure: Option<&str>, before: Option<&String>, after: Option<&String>| Change {
            scenario: scenario.to_owned(),
            figure: figure.map(str::to_owned),
            before: before.cloned(),
            after: after.cloned(),
        };
    for entry in after {
        let Some(old) = old(&entry.scenario) else {
            all.push(change(&entry.scenario, None, None, Some(&entry.scenario)));
            continue;
        };
        let find = |figures: &[(String, String)], name: &str| {
            figures.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        };
        for (name, value) in &entry.figures {
            let known = find(&old.figures, name);
            if known.as_ref() != Some(value) {
                all.push(change(&entry.scenario, Some(name), known.as_ref(), Some(value)));
            }
        }
        let gone = old.figures.iter().filter(|(name, _)| find(&entry.figures, name).is_none());
        all.extend(gone.map(|(name, value)| change(&entry.scenario, Some(name), Some(value), None)));
    }
    let gone = before.iter().filter(|old| !after.iter().any(|entry| entry.scenario == old.scenario));
    all.extend(gone.map(|old| change(&old.scenario, None, Some(&old.scenario), None)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(scenario: &str, figures: &[(&str, &str)]) -> Entry {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Entry { scenario: scenario.to_owned(), figures: figures.iter().map(owned).collect() }
    }

    #[test]
    fn figures_have_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (8_061.6, "8060"),
            (1_234_567.0, "1230000"),
            (62.35, "62.4"),
            (5.0, "5"),
            (0.118_4, "0.118"),
            (-9.04, "-9.04"),
        ] {
            assert_eq!(figure(value), text, "{value}");
        }
    }

    #[test]
    fn a_baseline_is_read_back_and_changes_are_found() {
        let before = [
            entry("a b.toml", &[("lost", "5"), ("margin.removal", "-9 s")]),
            entry("gone.toml", &[("lost", "1")]),
        ];
        let mut text = Vec::new();
        write_baseline(&before, &mut text).expect("memory takes everything");
        let text = String::from_utf8(text).expect("text");
        assert_eq!(read_baseline(&text).expect("a baseline"), before);
        let after = [entry("a b.toml", &[("lost", "0"), ("p99", "0.1")]), entry("new.toml", &[])];
        let found: Vec<String> = changes(&before, &after)
            .iter()
            .map(|c| format!("{} {:?} {:?} {:?}", c.scenario, c.figure, c.before, c.after))
            .collect();
        assert_eq!(found.len(), 5, "{found:#?}");
        assert_eq!(found[0], "a b.toml Some(\"lost\") Some(\"5\") Some(\"0\")");
        assert_eq!(changes(&before, &before), []);
        for (text, line) in [("lost = 5", 1), ("[a]\nlost: 5", 2)] {
            assert_eq!(read_baseline(text).expect_err(text).0, line);
        }
    }

    #[test]
    fn a_result_gives_its_losses_and_margins() {
        let result = crate::report::result::testing::stored();
        let entry = Entry::of("four.toml", &result);
        let value = |name: &str| entry.figures.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        assert_eq!(value("rollouts_with_loss"), Some("6 of 6"));
        assert!(value("lost.502").is_some() && value("margin.removal").is_some(), "{entry:?}");
    }
}
