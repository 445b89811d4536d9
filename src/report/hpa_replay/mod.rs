//! A replay of the autoscaler for people and machines.

mod chart;
mod json;
mod text;

use crate::hpa_replay::{Agreement, Follow, Limits, Step, Summary};
use crate::model::hpa::{LimitReason, Path};
use crate::units::{Nanos, SimTime};

/// Everything that a replay found.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayReport {
    /// What was replayed, such as `default/web on cpu.json`.
    pub title: String,
    /// Time between two syncs.
    pub sync_period: Nanos,
    /// Whose number of pods counted.
    pub follow: Follow,
    /// From a pod being asked for to it being ready.
    pub startup: Nanos,
    /// Whether the user gave that.
    pub startup_given: bool,
    /// The controller's rules, such as `kubernetes 1.35 assumed`.
    pub kubernetes: String,
    /// What a replay of this kind cannot know.
    pub limits: Limits,
    /// The autoscaler, and the one to compare with.
    pub variants: Vec<Variant>,
    /// Against what really happened, if that is known.
    pub agreement: Option<Agreement>,
    /// Warnings about the input, in plain words.
    pub warnings: Vec<String>,
}

/// One autoscaler's replay.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// What the user calls it, such as the name of its file.
    pub name: String,
    /// Names of its metrics.
    pub metrics: Vec<String>,
    /// `minReplicas` and `maxReplicas`.
    pub bounds: (i32, i32),
    /// Every sync.
    pub steps: Vec<Step>,
    /// The same in a few numbers.
    pub summary: Summary,
}

/// Why a step ended where it did, in words.
fn why(step: &Step, variant: &Variant) -> String {
    let (min, max) = variant.bounds;
    match step.path {
        Path::Disabled => return "0 replicas switch it off".to_owned(),
        Path::AboveMaximum => return format!("above maxReplicas {max}: cut at once"),
        Path::BelowMinimum => return format!("below minReplicas {min}: raised at once"),
        Path::Metrics => {}
    }
    let Some(proposal) = step.proposal else {
        return "a metric failed, so nothing shrinks".to_owned();
    };
    let mut words = vec![match variant.metrics.get(step.winner.unwrap_or(0)) {
        Some(metric) => format!("{metric} asks for {proposal}"),
        None => format!("asks for {proposal}"),
    }];
    match step.able {
        "ScaleDownStabilized" => words.push("the scale-down window holds".to_owned()),
        "ScaleUpStabilized" => words.push("the scale-up window holds".to_owned()),
        _ => {}
    }
    match step.limit {
        LimitReason::DesiredWithinRange => {}
        LimitReason::TooFewReplicas => words.push(format!("minReplicas {min}")),
        LimitReason::TooManyReplicas => words.push(format!("maxReplicas {max}")),
        LimitReason::ScaleUpLimit => words.push("the limit of one step up".to_owned()),
        LimitReason::ScaleDownLimit => words.push("the limit of one step down".to_owned()),
    }
    words.join(", ")
}

/// Times of a recording that are later than this many seconds are dates, else they count from
/// its start. 1e8 s after 1970 is 1973, and 1e8 s after a start is three years.
const DATES_FROM: f64 = 1e8;

/// A time of the recording: a date in UTC, or the time since its zero.
fn clock(at: SimTime) -> String {
    let seconds = at.since(SimTime::START);
    if seconds.as_secs_f64() < DATES_FROM {
        return format!("+{seconds}");
    }
    let (days, second) = (seconds.whole_secs() / 86_400, seconds.whole_secs() % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// The date so many days after 1970-01-01.
///
/// Counted in years that begin in March, so that the leap day is the last of them.
/// Source: the proleptic Gregorian calendar; 146,097 days in 400 years.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests;
