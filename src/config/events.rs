//! The words for what happens during a run: `rollout@60s`, `scale=10@2m`, `kill-pod=3@90s`.

use super::described::EventAction;
use super::manifest::REPLICAS_MAX;
use super::similar::near_miss;
use crate::units::{Nanos, parse_duration};

/// Every event word, as `--event` and `do` take it.
pub const EVENT_WORDS: &[&str] = &["rollout", "rollback", "scale", "kill-pod"];

/// How an event is written, for messages and help.
pub const EVENT_FORM: &str =
    "write DO@TIME: rollout@60s, rollback@5m, scale=10@2m, kill-pod@90s or kill-pod=3@90s";

/// Reads an event such as `rollout@60s`: what happens, and when, from the run's beginning.
///
/// # Errors
/// What is wrong, in one sentence that begins with the offending word.
pub fn parse_event(text: &str) -> Result<(Nanos, EventAction), String> {
    let Some((action, at)) = text.split_once('@') else {
        return Err(format!("`{}` has no time: {EVENT_FORM}", text.trim()));
    };
    let at = parse_duration(at).map_err(|error| error.to_string())?;
    Ok((at, parse_action(action.trim())?))
}

/// Reads what happens: `rollout`, `scale=10`.
///
/// # Errors
/// As [`parse_event`].
pub fn parse_action(text: &str) -> Result<EventAction, String> {
    let (word, number) = match text.split_once('=') {
        Some((word, number)) => (word.trim(), Some(number.trim())),
        None => (text, None),
    };
    match (word, number) {
        ("rollout", None) => Ok(EventAction::Rollout),
        ("rollback", None) => Ok(EventAction::Rollback),
        ("scale", Some(number)) => count(number, 0).map(EventAction::Scale),
        ("scale", None) => Err("`scale` needs a number of replicas, such as scale=10".to_owned()),
        ("kill-pod", number) => count(number.unwrap_or("1"), 1).map(EventAction::KillPod),
        ("rollout" | "rollback", Some(number)) => {
            Err(format!("`{word}` takes no value, but `{number}` was given"))
        }
        _ => Err(match near_miss(word, EVENT_WORDS) {
            Some(meant) => format!("`{word}` is not an event: did you mean `{meant}`?"),
            None => format!("`{word}` is not an event: choose one of {}", EVENT_WORDS.join(", ")),
        }),
    }
}

/// A number of pods.
fn count(text: &str, least: u32) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(number) if (least..=REPLICAS_MAX).contains(&number) => Ok(number),
        _ => Err(format!("`{text}` is not a number of pods from {least} to {REPLICAS_MAX}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_read() {
        for (text, seconds, action) in [
            ("rollout@60s", 60, EventAction::Rollout),
            (" rollback @ 5m ", 300, EventAction::Rollback),
            ("scale=10@2m", 120, EventAction::Scale(10)),
            ("scale=0@0", 0, EventAction::Scale(0)),
            ("kill-pod@90s", 90, EventAction::KillPod(1)),
            ("kill-pod=3@90s", 90, EventAction::KillPod(3)),
        ] {
            assert_eq!(parse_action(&action.to_string()), Ok(action.clone()), "{text}");
            assert_eq!(parse_event(text), Ok((Nanos::from_secs(seconds), action)), "{text}");
        }
    }

    #[test]
    fn what_is_no_event_is_refused_with_a_remedy() {
        for (text, part) in [
            ("", "has no time"),
            ("rollout", "has no time"),
            ("rollout@", "empty duration"),
            ("rollout@60", "write `60s`"),
            ("rollout@-5s", "negative"),
            ("rollout@10000000h", "longer than a year"),
            ("rolout@60s", "did you mean `rollout`?"),
            ("dance@60s", "choose one of rollout, rollback"),
            ("rollout=2@60s", "takes no value"),
            ("scale@60s", "such as scale=10"),
            ("scale=1000000000@60s", "from 0 to 100000"),
            ("scale=-1@60s", "from 0 to 100000"),
            ("kill-pod=0@60s", "from 1 to 100000"),
            ("kill-pod=x@60s", "`x` is not a number of pods"),
        ] {
            let error = parse_event(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
