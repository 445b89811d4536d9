//! Titles and subtitles: what is seen, in a sentence.

use super::super::result::StoredResult;
use crate::units::{Nanos, format_duration};

/// What happens in this result: `Rollout at 60 s`, `Scale to 4 at 120 s`.
pub(super) fn happening(result: &StoredResult) -> String {
    let events = &result.header.events;
    match &events[..] {
        [] => scaling(result),
        [(at, what)] => format!("{} at {}", capital(what), instant(*at)),
        [(_, what), rest @ ..] if rest.iter().all(|(_, other)| other == what) => {
            format!("{} times {what}", events.len())
        }
        [(at, what), rest @ ..] => {
            format!("{} at {} and {} more events", capital(what), instant(*at), rest.len())
        }
    }
}

/// What the autoscaler did in run 1 where nothing else was planned.
fn scaling(result: &StoredResult) -> String {
    let sizes = || result.first.desired.iter().map(|(_, size)| *size);
    match (sizes().min(), sizes().max()) {
        (Some(least), Some(most)) if least < most => format!("Scaling between {least} and {most} pods"),
        _ => format!("{} of load", instant(result.header.load_s)),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// How much is lost, over all runs: `loses about 8,060 of 162,000 requests`.
pub(super) fn losing(result: &StoredResult) -> String {
    let runs = result.runs.len();
    let with_loss = result.runs.iter().filter(|run| run.lost > 0).count();
    let mean = |of: fn(&crate::study::RunSummary) -> u64| {
        result.runs.iter().map(|run| of(run) as f64).sum::<f64>() / runs.max(1) as f64
    };
    let (lost, total) = (about(mean(|run| run.lost)), about(mean(|run| run.total)));
    if with_loss == 0 {
        format!("loses none of {total} requests in each of {runs} runs")
    } else if with_loss == runs {
        format!("loses about {lost} of {total} requests")
    } else {
        format!("loses requests in {with_loss} of {runs} runs, {lost} of {total} on average")
    }
}

/// What was simulated, and which run is shown.
pub(super) fn subtitle(result: &StoredResult) -> String {
    format!("{}; {}", workload(result), shown(result))
}

/// What was simulated.
pub(super) fn workload(result: &StoredResult) -> String {
    let heading = &result.header.heading;
    let parts = [&heading.workload, &heading.load, &heading.size, &heading.front_end];
    let parts: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

fn shown(result: &StoredResult) -> String {
    match &result.runs[..] {
        [] => "an unfinished run".to_owned(),
        [_] => "one run".to_owned(),
        [first, ..] if first.lost > 0 => {
            format!("shown: run 1 of {}, which lost {}", result.runs.len(), whole(first.lost))
        }
        runs => format!("shown: run 1 of {}", runs.len()),
    }
}

/// An instant of the run, or a length: `60 s`, `1h30m`.
pub(super) fn instant(seconds: f64) -> String {
    if seconds < 600.0 {
        format!("{} s", decimals(seconds, 1))
    } else {
        format_duration(Nanos::from_secs(Nanos::from_secs_f64(seconds).whole_secs()))
    }
}

/// A number of which three digits are worth reading.
pub(super) fn about(value: f64) -> String {
    if value < 10.0 {
        return decimals(value, 1);
    }
    let digits = libm::floor(libm::log10(value)).clamp(1.0, 18.0) as u32;
    let step = 10_u64.pow(digits.saturating_sub(2));
    whole((value / step as f64).round() as u64 * step)
}

/// At most so many decimals.
pub(super) fn decimals(value: f64, most: usize) -> String {
    let text = format!("{value:.most$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// With commas between thousands.
pub(super) fn whole(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A latency: `82 ms`, `1.2 s`.
pub(super) fn latency(ns: u64) -> String {
    let ms = ns as f64 / 1e6;
    match ms {
        ms if ms < 10.0 => format!("{} ms", decimals(ms, 1)),
        ms if ms < 1_000.0 => format!("{} ms", decimals(ms, 0)),
        ms => format!("{} s", decimals(ms / 1e3, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_they_are_worth() {
        for (value, text) in [
            (0.0, "0"),
            (0.25, "0.2"),
            (9.96, "10"),
            (12.4, "12"),
            (123.4, "123"),
            (8_063.2, "8,060"),
            (161_987.0, "162,000"),
            (1_234_567.0, "1,230,000"),
        ] {
            assert_eq!(about(value), text, "{value}");
        }
        assert_eq!(instant(60.0), "60 s");
        assert_eq!(instant(1.5), "1.5 s");
        assert_eq!(instant(5_400.0), "1h30m");
        assert_eq!(latency(82_400_000), "82 ms");
        assert_eq!(latency(1_240_000_000), "1.2 s");
    }
}
