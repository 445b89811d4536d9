//! Titles and subtitles: what is seen, in a sentence.

use crate::report::result::StoredResult;
use crate::report::text::about;
use crate::units::{Nanos, decimals, format_duration, grouped};

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
            let events = if rest.len() == 1 { "event" } else { "events" };
            format!("{} at {} and {} more {events}", capital(what), instant(*at), rest.len())
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
            format!("shown: run 1 of {}, which lost {}", result.runs.len(), grouped(first.lost))
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
    fn instants_and_latencies_are_short() {
        assert_eq!(instant(60.0), "60 s");
        assert_eq!(instant(1.5), "1.5 s");
        assert_eq!(instant(5_400.0), "1h30m");
        assert_eq!(latency(82_400_000), "82 ms");
        assert_eq!(latency(1_240_000_000), "1.2 s");
    }
}
