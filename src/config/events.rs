//! The words for what happens during a run: `rollout@60s`, `scale=10@2m`, `kill-pod=3@90s`.

use super::described::{EventAction, OF_INGRESS};
use super::manifest::REPLICAS_MAX;
use super::similar::near_miss;
use crate::model::blue_green::SCALE_DOWN_DELAY;
use crate::model::canary::CanaryStep;
use crate::units::{Nanos, parse_duration};

/// Every event word, as `--event` and `do` take it.
pub const EVENT_WORDS: &[&str] = &[
    "rollout",
    "rollback",
    "blue-green",
    "canary",
    "routed-canary",
    "scale",
    "deletion-cost",
    "kill-pod",
    "crash-pod",
    "oom-kill",
    "drain",
    "lose-node",
    "lose-zone",
    "slow",
    "dependency-down",
    "stale-front-end",
    "ingress-rollout",
    "ingress-rollback",
    "ingress-scale",
    "ingress-kill-pod",
    "ingress-crash-pod",
    "ingress-oom-kill",
    "ingress-drain",
    "ingress-lose-node",
];

/// A word that counts something, what it counts, and what it means.
pub type Counting = (&'static str, &'static str, fn(u32) -> EventAction);

/// Words that count pods or nodes: one, if no number is given.
pub const COUNTING: &[Counting] = &[
    ("kill-pod", "pods", EventAction::KillPod),
    ("crash-pod", "pods", EventAction::CrashPod),
    ("oom-kill", "pods", EventAction::OomKill),
    ("drain", "nodes", EventAction::Drain),
    ("lose-node", "nodes", EventAction::LoseNode),
];

/// What an event with its value in short form matches, for the schema.
pub fn short_form_pattern() -> String {
    let counting: Vec<&str> = COUNTING.iter().map(|(word, ..)| *word).collect();
    let counting = counting.join("|");
    format!(
        "^(({OF_INGRESS})?(scale|{counting})=[0-9]+|slow=[0-9.]+,.+|dependency-down=.+|stale-front-end=.+|blue-green=.+|(routed-)?canary=.+|deletion-cost=-?[0-9]+(,[0-9]+)?)$"
    )
}

/// How an event is written, for messages and help.
pub const EVENT_FORM: &str = "write DO@TIME: rollout@60s, scale=10@2m, kill-pod=3@90s, drain@60s, slow=3,30s@60s, dependency-down=30s@60s, blue-green@60s, canary=20%,1m@60s, routed-canary=20%,1m@60s, deletion-cost=-100,2@60s, stale-front-end=1,5m@60s or ingress-rollout@60s";

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
    if let Some(rest) = text.strip_prefix(OF_INGRESS) {
        let word = text.split('=').next().unwrap_or(text).trim();
        return match EVENT_WORDS.contains(&word) {
            true => Ok(EventAction::OfIngress(Box::new(parse_action(rest)?))),
            false => Err(unknown(word)),
        };
    }
    let (word, number) = match text.split_once('=') {
        Some((word, number)) => (word.trim(), Some(number.trim())),
        None => (text, None),
    };
    match (word, number) {
        ("rollout", None) => Ok(EventAction::Rollout),
        ("rollback", None) => Ok(EventAction::Rollback),
        ("blue-green", None) => Ok(EventAction::BlueGreen(SCALE_DOWN_DELAY)),
        ("blue-green", Some(delay)) => {
            parse_duration(delay).map(EventAction::BlueGreen).map_err(|error| error.to_string())
        }
        ("canary", Some(text)) => steps(text, CANARY_FORM).map(EventAction::Canary),
        ("routed-canary", Some(text)) => routed_canary(text),
        ("canary", None) => Err(format!("`canary` needs {CANARY_FORM}")),
        ("routed-canary", None) => Err(format!("`routed-canary` needs {ROUTED_FORM}")),
        ("deletion-cost", Some(how)) => deletion_cost(how),
        ("deletion-cost", None) => Err(format!("`deletion-cost` needs {COST_FORM}")),
        ("scale", Some(number)) => count(number, 0).map(EventAction::Scale),
        ("scale", None) => Err("`scale` needs a number of replicas, such as scale=10".to_owned()),
        ("lose-zone", None) => Ok(EventAction::LoseZone),
        ("slow", Some(how)) => slow(how),
        ("slow", None) => Err(format!("`slow` needs {SLOW_FORM}")),
        ("dependency-down", Some(lasts)) => span(lasts).map(EventAction::DependencyDown),
        ("dependency-down", None) => {
            Err("`dependency-down` needs a duration, such as dependency-down=30s".to_owned())
        }
        ("stale-front-end", how) => stale(how.unwrap_or("1")),
        ("rollout" | "rollback" | "lose-zone", Some(number)) => {
            Err(format!("`{word}` takes no value, but `{number}` was given"))
        }
        (word, number) => match COUNTING.iter().find(|(counting, ..)| *counting == word) {
            Some((.., action)) => count(number.unwrap_or("1"), 1).map(action),
            None => Err(unknown(word)),
        },
    }
}

fn unknown(word: &str) -> String {
    match near_miss(word, EVENT_WORDS) {
        Some(meant) => format!("`{word}` is not an event: did you mean `{meant}`?"),
        None => format!("`{word}` is not an event: choose one of {}", EVENT_WORDS.join(", ")),
    }
}

const CANARY_FORM: &str = "its steps, weights and pauses: canary=20%,1m,50%,1m";
const ROUTED_FORM: &str =
    "its steps, and at their end how long old pods stay if not 30s: routed-canary=20%,1m,50%,1m,old=10s";

/// `20%,1m,50%,1m`: a fifth, a pause of a minute, half, another pause, and then all.
fn steps(text: &str, form: &str) -> Result<Vec<CanaryStep>, String> {
    let step = |step: &str| match step.trim_end_matches('%').trim().parse::<u32>() {
        Ok(weight) if weight <= 100 => Ok(CanaryStep::SetWeight(weight)),
        Ok(weight) => Err(format!("a weight of {weight}% is more than all: {form}")),
        Err(_) => {
            let wrong = |error| format!("`{step}` is neither a weight nor a pause ({error}): {form}");
            parse_duration(step).map(CanaryStep::Pause).map_err(wrong)
        }
    };
    text.split(',').map(|text| step(text.trim())).collect()
}

/// Before the time that a router's old pods stay, behind its steps.
pub const OLD_STAY: &str = "old=";

/// `20%,1m,old=10s`: the same for requests, and the old pods stay for ten seconds at the end.
fn routed_canary(text: &str) -> Result<EventAction, String> {
    let (before, last) = text.rsplit_once(',').unwrap_or(("", text));
    let (text, scale_down_delay) = match last.trim().strip_prefix(OLD_STAY) {
        Some(_) if before.is_empty() => {
            return Err(format!("there are no steps before `{last}`: `routed-canary` needs {ROUTED_FORM}"));
        }
        Some(delay) => (before, parse_duration(delay.trim()).map_err(|error| error.to_string())?),
        None => (text, SCALE_DOWN_DELAY),
    };
    Ok(EventAction::RoutedCanary { steps: steps(text, ROUTED_FORM)?, scale_down_delay })
}

const COST_FORM: &str = "the cost and how many pods get it: deletion-cost=-100,2";

/// `-100,2`: two pods get the cost -100.
fn deletion_cost(how: &str) -> Result<EventAction, String> {
    let (cost, pods) = how.split_once(',').unwrap_or((how, "1"));
    let pods = count(pods.trim(), 1)?;
    match cost.trim().parse::<i32>() {
        Ok(0) => Err("a deletion cost of 0 is what every pod has".to_owned()),
        Ok(cost) => Ok(EventAction::DeletionCost { cost, pods }),
        Err(_) => Err(format!("`{}` is not a whole number of 32 bits: write {COST_FORM}", cost.trim())),
    }
}

const SLOW_FORM: &str = "how many times as long services take, and for how long: slow=3,30s";

/// `3,30s`: three times as slow for half a minute.
fn slow(how: &str) -> Result<EventAction, String> {
    let (times, lasts) = how.split_once(',').ok_or_else(|| format!("`{how}` is not {SLOW_FORM}"))?;
    let lasts = span(lasts)?;
    match times.trim().parse::<f64>() {
        Ok(times) if (1.0..=1_000.0).contains(&times) => {
            Ok(EventAction::Slow { times_milli: (times * 1_000.0).round() as u32, lasts })
        }
        _ => Err(format!("`{}` is not a number from 1 to 1000, {SLOW_FORM}", times.trim())),
    }
}

/// `2,5m`: two processes for five minutes; `2`: two to the end; `5m`: one for five minutes.
fn stale(how: &str) -> Result<EventAction, String> {
    let (processes, lasts) = match how.split_once(',') {
        Some((processes, lasts)) => (processes.trim(), Some(span(lasts)?)),
        None if how.chars().all(|c| c.is_ascii_digit()) => (how, None),
        None => ("1", Some(span(how)?)),
    };
    Ok(EventAction::StaleFrontEnd { processes: count(processes, 1)?, lasts })
}

/// How long something lasts.
fn span(text: &str) -> Result<Nanos, String> {
    match parse_duration(text.trim()) {
        Ok(Nanos::ZERO) => Err("an event that lasts no time does nothing".to_owned()),
        Ok(lasts) => Ok(lasts),
        Err(error) => Err(error.to_string()),
    }
}

/// A number of pods, nodes or processes.
fn count(text: &str, least: u32) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(number) if (least..=REPLICAS_MAX).contains(&number) => Ok(number),
        _ => Err(format!("`{text}` is not a number from {least} to {REPLICAS_MAX}")),
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
            ("blue-green@90s", 90, EventAction::BlueGreen(Nanos::from_secs(30))),
            ("blue-green=0s@90s", 90, EventAction::BlueGreen(Nanos::ZERO)),
            (
                "routed-canary=20%,1m, old=10s@90s",
                90,
                EventAction::RoutedCanary {
                    steps: vec![CanaryStep::SetWeight(20), CanaryStep::Pause(Nanos::from_secs(60))],
                    scale_down_delay: Nanos::from_secs(10),
                },
            ),
            (
                "routed-canary=20%@90s",
                90,
                EventAction::RoutedCanary {
                    steps: vec![CanaryStep::SetWeight(20)],
                    scale_down_delay: SCALE_DOWN_DELAY,
                },
            ),
            (
                "canary=20%, 1m,50@90s",
                90,
                EventAction::Canary(vec![
                    CanaryStep::SetWeight(20),
                    CanaryStep::Pause(Nanos::from_secs(60)),
                    CanaryStep::SetWeight(50),
                ]),
            ),
            ("deletion-cost=-100,2@90s", 90, EventAction::DeletionCost { cost: -100, pods: 2 }),
            ("deletion-cost=7@90s", 90, EventAction::DeletionCost { cost: 7, pods: 1 }),
            ("kill-pod@90s", 90, EventAction::KillPod(1)),
            ("kill-pod=3@90s", 90, EventAction::KillPod(3)),
            ("crash-pod@90s", 90, EventAction::CrashPod(1)),
            ("oom-kill=2@90s", 90, EventAction::OomKill(2)),
            ("drain@90s", 90, EventAction::Drain(1)),
            ("lose-node=2@90s", 90, EventAction::LoseNode(2)),
            ("lose-zone@90s", 90, EventAction::LoseZone),
            ("slow=2.5,30s@90s", 90, EventAction::Slow { times_milli: 2_500, lasts: Nanos::from_secs(30) }),
            ("dependency-down=1m@90s", 90, EventAction::DependencyDown(Nanos::from_secs(60))),
            ("stale-front-end@90s", 90, EventAction::StaleFrontEnd { processes: 1, lasts: None }),
            ("stale-front-end=2@90s", 90, EventAction::StaleFrontEnd { processes: 2, lasts: None }),
            (
                "stale-front-end=5m@90s",
                90,
                EventAction::StaleFrontEnd { processes: 1, lasts: Some(Nanos::from_secs(300)) },
            ),
            (
                "stale-front-end=2, 5m@90s",
                90,
                EventAction::StaleFrontEnd { processes: 2, lasts: Some(Nanos::from_secs(300)) },
            ),
            ("ingress-rollout@90s", 90, EventAction::OfIngress(Box::new(EventAction::Rollout))),
            ("ingress-scale=3@90s", 90, EventAction::OfIngress(Box::new(EventAction::Scale(3)))),
            ("ingress-kill-pod@90s", 90, EventAction::OfIngress(Box::new(EventAction::KillPod(1)))),
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
            ("blue-green=soon@60s", "soon"),
            ("canary@60s", "weights and pauses"),
            ("routed-canary@60s", "`routed-canary` needs its steps"),
            ("canary=20%,old=5s@60s", "neither a weight nor a pause"),
            ("routed-canary=20%,old=soon@60s", "soon"),
            ("routed-canary=old=5s@60s", "no steps before"),
            ("routed-canary=20%,old=5s,1m@60s", "routed-canary=20%,1m,50%,1m,old=10s"),
            ("canary=120%@60s", "more than all"),
            ("canary=20%,soon@60s", "neither a weight nor a pause"),
            ("deletion-cost@60s", "deletion-cost=-100,2"),
            ("deletion-cost=0@60s", "what every pod has"),
            ("deletion-cost=-5,0@60s", "from 1 to 100000"),
            ("deletion-cost=9999999999@60s", "32 bits"),
            ("kill-pod=x@60s", "`x` is not a number from 1"),
            ("drain=0@60s", "from 1 to 100000"),
            ("lose-zone=2@60s", "takes no value"),
            ("slow@60s", "slow=3,30s"),
            ("slow=3@60s", "for how long"),
            ("slow=0.5,30s@60s", "`0.5` is not a number from 1 to 1000"),
            ("slow=NaN,30s@60s", "`NaN` is not a number"),
            ("slow=3,0s@60s", "lasts no time"),
            ("dependency-down@60s", "needs a duration"),
            ("stale-front-end=0@60s", "from 1 to 100000"),
            ("stale-front-end=1,0s@60s", "lasts no time"),
            ("stale-front-end=x@60s", "x"),
            ("ingress-scale@60s", "such as scale=10"),
            ("ingress-rolout@60s", "did you mean `ingress-rollout`?"),
            ("ingress-slow=3,30s@60s", "`ingress-slow` is not an event"),
            ("ingress-ingress-rollout@60s", "`ingress-ingress-rollout` is not an event"),
        ] {
            let error = parse_event(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
