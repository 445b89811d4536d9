//! What presets assume: every parameter, where it comes from, whether anybody ever measured it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::config::case::Origin;
use crate::config::presets::{FrontEndPreset, Param, Termination, TerminationPreset};

/// The words of a source tag.
pub fn tag(origin: Origin) -> &'static str {
    match origin {
        Origin::Given => "given",
        Origin::Documented => "documented",
        Origin::Measured => "measured",
        Origin::Guess => "guess",
    }
}

/// One line per front end.
pub fn front_ends(presets: &[&FrontEndPreset]) -> String {
    let mut text = String::new();
    for preset in presets {
        let measured = preset.params.iter().filter(|p| p.origin == Origin::Measured).count();
        let words = format!("{} parameters, {measured} of them measured", preset.params.len());
        let _ = writeln!(text, "{:18} {}\n{:18} {words}", preset.name, preset.title, "");
    }
    text
}

/// Every parameter of a front end.
pub fn front_end(preset: &FrontEndPreset) -> String {
    let mut text = format!("{}: {}\n", preset.name, preset.title);
    let _ = writeln!(text, "a new list of endpoints is handed on {}\n", preset.updates.word());
    let width = |of: fn(&Param) -> usize| preset.params.iter().map(of).max().unwrap_or(0);
    let (paths, values) = (width(|p| p.path.len()), width(|p| p.value.chars().count()));
    let ranges = width(|p| range(p).chars().count());
    let _ = writeln!(
        text,
        "{:paths$}  {:values$}  {:ranges$}  {:10}  where from",
        "knob", "value", "range", "source"
    );
    for param in preset.params {
        let _ = writeln!(
            text,
            "{:paths$}  {:values$}  {:ranges$}  {:10}  {}",
            param.path,
            param.value,
            range(param),
            tag(param.origin),
            param.source
        );
    }
    let guesses = preset.params.iter().filter(|param| param.origin == Origin::Guess).count();
    let measured = preset.params.iter().filter(|param| param.origin == Origin::Measured).count();
    let _ = writeln!(
        text,
        "\n{measured} of {} measured, {guesses} guessed. Set any of them: --set KNOB=VALUE",
        preset.params.len()
    );
    text
}

fn range(param: &Param) -> String {
    param.range.map_or(String::new(), |(a, b)| format!("{a}..{b}"))
}

/// One line per way to stop.
pub fn terminations(presets: &[&TerminationPreset]) -> String {
    let names = presets.iter().map(|preset| preset.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for preset in presets {
        let _ = writeln!(text, "{:names$}  {}", preset.name, preset.title);
        let _ = writeln!(text, "{:names$}  {}", "", stop_words(preset));
    }
    text
}

fn stop_words(preset: &TerminationPreset) -> String {
    let does = match preset.behaviour {
        Termination::Exit => "ends at once, in-flight requests are cut off",
        Termination::Drain => "closes its listener, finishes what it has, ends",
        Termination::KeepBusy => {
            "closes its listener and idle connections, serves the others on, ends with the last"
        }
        Termination::KeepAll => "closes its listener, serves kept connections on, ends with the last",
        Termination::Hold => {
            "accepts nothing, finishes what it has, ends; what connected meanwhile is reset then"
        }
        Termination::Decline => "answers 503 to what comes, finishes what it has, ends",
        Termination::Ignore => "does not react, serves until SIGKILL",
    };
    let limit = preset.limit_seconds.map_or(String::new(), |seconds| format!(" within {seconds} s"));
    let idle =
        preset.keepalive_idle.map_or(String::new(), |idle| format!("; closes idle connections after {idle}"));
    format!("{does}{limit}{idle} ({}: {})", tag(preset.origin), preset.source)
}

/// Front ends as JSON.
pub fn front_ends_json(presets: &[&FrontEndPreset]) -> Value {
    let param = |param: &Param| {
        json!({
            "knob": param.path,
            "value": param.value,
            "range": param.range.map(|(a, b)| [a, b]),
            "origin": tag(param.origin),
            "measured": param.origin == Origin::Measured,
            "source": param.source,
        })
    };
    let one = |preset: &&FrontEndPreset| {
        json!({
            "name": preset.name,
            "title": preset.title,
            "updates": preset.updates.word(),
            "parameters": preset.params.iter().map(param).collect::<Vec<_>>(),
        })
    };
    presets.iter().map(one).collect()
}

/// Ways to stop as JSON.
pub fn terminations_json(presets: &[&TerminationPreset]) -> Value {
    let one = |preset: &&TerminationPreset| {
        json!({
            "name": preset.name,
            "title": preset.title,
            "behaviour": match preset.behaviour {
                Termination::Exit => "exit",
                Termination::Drain => "drain",
                Termination::KeepBusy => "drain,keep=busy",
                Termination::KeepAll => "drain,keep=all",
                Termination::Hold => "hold",
                Termination::Decline => "decline",
                Termination::Ignore => "ignore",
            },
            "limit_s": preset.limit_seconds,
            "origin": tag(preset.origin),
            "measured": preset.origin == Origin::Measured,
            "source": preset.source,
            "keepalive_idle": preset.keepalive_idle,
        })
    };
    presets.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::presets;

    #[test]
    fn every_parameter_is_shown_with_its_tag() {
        for preset in presets::front_ends() {
            let page = front_end(preset);
            for param in preset.params {
                let line = page.lines().find(|line| line.split_whitespace().next() == Some(param.path));
                let line = line.unwrap_or_else(|| panic!("{} is missing in\n{page}", param.path));
                assert!(line.contains(param.value) && line.contains(tag(param.origin)), "{line}");
            }
        }
        let all: Vec<_> = presets::front_ends().collect();
        let json = front_ends_json(&all);
        assert_eq!(json.as_array().map(Vec::len), Some(all.len()));
        let listed = front_ends(&all);
        assert!(all.iter().all(|preset| listed.contains(preset.title)));
    }

    #[test]
    fn every_way_to_stop_is_listed() {
        let all: Vec<_> = presets::terminations().collect();
        let page = terminations(&all);
        assert!(all.iter().all(|preset| page.contains(preset.name) && page.contains(preset.title)), "{page}");
        assert!(page.lines().count() == 2 * all.len());
        assert_eq!(terminations_json(&all)[0]["name"], all[0].name);
    }
}
