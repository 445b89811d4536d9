//! Margins: what there is, what is needed, what is left over. A negative one explains losses.

use serde::{Deserialize, Serialize};

use super::facts::{Moment, Pair, RunFacts};
use super::summary::RunSummary;
use crate::config::case::Case;
use crate::model::outcome::Cause;

/// One margin, at its smallest over all pods and runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Margin {
    /// `removal`, `grace`, `hook`, `startup`, `cpu`, `capacity`, `keepalive`.
    pub name: String,
    /// In words for a table.
    pub label: String,
    /// What there is.
    pub have: f64,
    /// What is needed.
    pub need: f64,
    /// The plausible range of the need, where it rests on an assumption.
    pub need_range: Option<(f64, f64)>,
    /// `have - need`.
    pub slack: f64,
    /// `s`, `cores`, `pods`.
    pub unit: String,
    /// The share of all losses, 0 to 1, whose cause a lack of this margin is; 0 where it is not
    /// lacking.
    pub share_of_loss: f64,
}

/// Names of all margins, in the order of tables.
pub const NAMES: [&str; 7] = ["removal", "grace", "hook", "startup", "cpu", "capacity", "keepalive"];

/// The causes that a lack of a margin explains.
fn explains(name: &str) -> &'static [Cause] {
    match name {
        "removal" => &[
            Cause::ListenerClosed,
            Cause::AcceptQueueReset,
            Cause::Unreachable,
            Cause::Blackholed,
            Cause::NoLocalEndpoints,
        ],
        "grace" | "hook" => &[Cause::KilledInFlight, Cause::AcceptQueueReset],
        "startup" => &[Cause::LivenessRestart],
        "cpu" | "capacity" => &[
            Cause::ReadTimeout,
            Cause::AcceptQueueFull,
            Cause::Overloaded,
            Cause::ClientGaveUp,
            Cause::CircuitOpen,
        ],
        "keepalive" => &[Cause::KeepaliveRace],
        _ => &[],
    }
}

/// All margins of a case that its runs have anything to say about.
pub fn margins(case: &Case, runs: &[RunSummary]) -> Vec<Margin> {
    NAMES.iter().filter_map(|name| margin(case, runs, name)).collect()
}

/// What is left over of a margin in one run, in its own unit (seconds, cores, pods).
pub(super) fn slack_of(case_keepalive: Option<(f64, f64)>, facts: &RunFacts, name: &str) -> Option<f64> {
    if name == "keepalive" {
        return case_keepalive.map(|(server, front)| server - front);
    }
    let (pair, scale) = pair_of(facts, name)?;
    Some(pair.slack() as f64 / scale)
}

fn pair_of(facts: &RunFacts, name: &str) -> Option<(Pair, f64)> {
    let seconds = |pair: Option<Pair>| pair.map(|pair| (pair, 1e9));
    let thousandths = |moment: Option<Moment>| moment.map(|moment| (moment.pair, 1e3));
    match name {
        "removal" => seconds(facts.removal),
        "grace" => seconds(facts.grace),
        "hook" => seconds(facts.hook),
        "startup" => seconds(facts.startup),
        "cpu" => thousandths(facts.cpu),
        "capacity" => thousandths(facts.capacity),
        _ => None,
    }
}

fn margin(case: &Case, runs: &[RunSummary], name: &str) -> Option<Margin> {
    let (have, need) = if name == "keepalive" {
        case.margins.keepalive_s?
    } else {
        let pairs = runs.iter().filter_map(|run| pair_of(&run.facts, name));
        let (pair, scale) = pairs.min_by_key(|(pair, _)| pair.slack())?;
        (pair.have as f64 / scale, pair.need as f64 / scale)
    };
    let slack = have - need;
    let lost: u64 = runs.iter().map(|run| run.lost).sum();
    let explained: u64 = explains(name).iter().flat_map(|cause| runs.iter().map(|r| r.lost_by(*cause))).sum();
    let lacking = slack < 0.0 && lost > 0;
    Some(Margin {
        name: name.to_owned(),
        label: label(case, name),
        have,
        need,
        // What was simulated may lie in the tail.
        need_range: (name == "removal")
            .then_some((case.margins.removal_s.0, case.margins.removal_s.2.max(need))),
        slack,
        unit: match name {
            "cpu" => "cores",
            "capacity" => "pods",
            _ => "s",
        }
        .to_owned(),
        share_of_loss: if lacking { explained as f64 / lost as f64 } else { 0.0 },
    })
}

fn label(case: &Case, name: &str) -> String {
    let hooked = case.spec.deployments.first().is_some_and(|deployment| {
        deployment.templates.iter().any(|t| t.containers.iter().any(|c| c.pre_stop.is_some()))
    });
    match name {
        "removal" => format!("serving vs {} removal", case.heading.front_end),
        "grace" if hooked => "grace - preStop vs drain".to_owned(),
        "grace" => "grace vs drain".to_owned(),
        "hook" => "grace vs preStop".to_owned(),
        "startup" => "probe budget vs start-up".to_owned(),
        "cpu" => "CPU at the worst moment".to_owned(),
        "capacity" => "pods at the worst moment".to_owned(),
        _ => "keep-alive, server vs front end".to_owned(),
    }
}
