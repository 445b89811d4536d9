//! The failure stories that people tell of front ends, rollouts and scale-ins. What was broken loses
//! requests by the cause that the story names; what was cured loses none.
//!
//! `table` holds a row for every story and variant.

mod bases;
mod causes;
#[path = "../common/mod.rs"]
mod common;
mod table;

use std::collections::BTreeSet;

use podloss::config::lower::Lowered;
use podloss::diag::Diagnostic;
use podloss::model::outcome::{Cause, Status};
use podloss::sim::{self, RunResult};

/// Knobs and values.
pub(crate) type Settings = &'static [(&'static str, &'static str)];

/// One story, or one variant of it.
pub(crate) struct Story {
    /// Its number in the collection, and a letter where there are several variants.
    pub(crate) id: &'static str,
    /// In a few words.
    pub(crate) tale: &'static str,
    /// The broken one.
    pub(crate) case: Case,
    pub(crate) suffers: Suffers,
    pub(crate) cures: &'static [Cure],
}

/// Something to simulate.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) front: &'static str,
    pub(crate) manifests: &'static str,
    /// Load and events, one argument a line.
    pub(crate) line: &'static str,
    pub(crate) with: Settings,
}

/// What the broken one shows.
#[derive(Clone, Copy)]
pub(crate) enum Suffers {
    /// Requests of every method get this status, by this cause.
    Loses(Status, Cause),
    /// POSTs do; the front end sends the others again.
    LosesPosts(Status, Cause),
    /// The rollout does not end in time.
    Stalls,
    /// The autoscaler asks for more pods than this, which is more than the load is worth.
    Grows(u32),
}

/// What makes it well: nothing at all is lost.
pub(crate) enum Cure {
    Set(Settings),
    Apply(&'static str),
    /// Another load or event.
    Do(&'static str),
    /// Settings that mend the story, but leave a loss of another kind, which the row explains.
    Mends(Settings),
}

const SEEDS: [u64; 2] = [3, 4];

/// A case with more settings, which win over its own.
pub(crate) fn lowered(case: &Case, more: Settings) -> Result<Lowered, Vec<Diagnostic>> {
    let set = [&[("front-end", case.front)][..], case.with, more].concat();
    common::lowered(&[("web.yaml", case.manifests)], case.line, &set)
}

/// A few runs of a case.
pub(crate) fn runs(name: &str, case: &Case, more: Settings) -> Vec<RunResult> {
    let lowered = lowered(case, more).unwrap_or_else(|errors| panic!("{name}: {errors:#?}"));
    SEEDS.iter().map(|seed| sim::run(&lowered.spec, *seed, 0, &|| false)).collect()
}

impl Suffers {
    /// Whether a run shows it, as it should be shown.
    fn seen(self, run: &RunResult) -> bool {
        let lost =
            |status, cause| run.tally.causes.get(&(status, cause)).map_or((0, 0), |t| (t.count, t.posts));
        match self {
            Suffers::Loses(status, cause) => {
                let (all, posts) = lost(status, cause);
                all > posts && posts > 0
            }
            Suffers::LosesPosts(status, cause) => {
                let (all, posts) = lost(status, cause);
                all == posts && posts > 0
            }
            Suffers::Stalls => run.timeline.rollouts.iter().any(|rollout| rollout.end.is_none()),
            Suffers::Grows(pods) => run.replicas.1 > pods,
        }
    }

    /// The cause of its losses, if it loses.
    pub(crate) fn cause(self) -> Option<Cause> {
        match self {
            Suffers::Loses(_, cause) | Suffers::LosesPosts(_, cause) => Some(cause),
            Suffers::Stalls | Suffers::Grows(_) => None,
        }
    }

    /// Whether a run shows anything of it, in whatever form.
    fn left(self, run: &RunResult) -> bool {
        match self.cause() {
            Some(cause) => run.tally.causes.keys().any(|(_, seen)| *seen == cause),
            None => self.seen(run),
        }
    }
}

/// What a run shows, for whoever has to find out why a story failed.
fn summary(run: &RunResult) -> String {
    let cause = |((status, cause), tally): (&(Status, Cause), &podloss::account::CauseTally)| {
        format!("{} x {status} {cause} ({} POST)", tally.count, tally.posts)
    };
    let causes: Vec<String> = run.tally.causes.iter().map(cause).collect();
    let (_, most, _) = run.replicas;
    format!("{} requests, up to {most} replicas, lost: [{}]", run.tally.arrived, causes.join(", "))
}

/// Everything in which a story is not told as people tell it.
fn misses(story: &Story) -> Vec<String> {
    let name = format!("{}, {}", story.id, story.tale);
    let Story { case, suffers, cures, .. } = story;
    let mut wrong = Vec::new();
    for run in runs(&name, case, &[]).iter().filter(|run| !suffers.seen(run)) {
        wrong.push(format!("{name}: broken, but {}", summary(run)));
    }
    assert!(!cures.is_empty(), "{name}: no cure");
    for (number, cure) in (1..).zip(*cures) {
        let cured = match cure {
            Cure::Set(settings) | Cure::Mends(settings) => runs(&name, case, settings),
            Cure::Apply(manifests) => runs(&name, &Case { manifests, ..*case }, &[]),
            Cure::Do(line) => runs(&name, &Case { line, ..*case }, &[]),
        };
        let mends = matches!(cure, Cure::Mends(_));
        for run in cured.iter().filter(|run| suffers.left(run) || (!mends && run.tally.lost() > 0)) {
            wrong.push(format!("{name}: cure {number}, but {}", summary(run)));
        }
        if mends && cured.iter().all(|run| run.tally.lost() == 0) {
            wrong.push(format!("{name}: cure {number} does more than it says"));
        }
    }
    wrong
}

#[test]
fn every_story_is_told() {
    let wrong: Vec<String> = table::stories().iter().flat_map(misses).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_story_is_left_out() {
    let number = |story: &Story| story.id.trim_end_matches(char::is_alphabetic).to_owned();
    let told: BTreeSet<String> = table::stories().iter().map(number).collect();
    let all: BTreeSet<String> = (1..=24).map(|number| format!("S{number}")).collect();
    assert_eq!(told, all);
    let ids: BTreeSet<&str> = table::stories().iter().map(|story| story.id).collect();
    assert_eq!(ids.len(), table::stories().len(), "an id is there twice");
}

/// A list reaches a process in one piece and in order. So with maxUnavailable 0 no process is ever
/// without a pod, however fast the old one is dropped.
#[test]
fn the_rollout_of_a_single_pod_never_leaves_the_front_end_without_one() {
    let stories = table::stories();
    let single = stories.iter().find(|story| story.id == "S3").expect("the story of a single pod");
    for more in [&[("preStop", "10s")][..], &[("preStop", "10s"), ("removal", "100ms")]] {
        let lowered = lowered(&single.case, more).unwrap_or_else(|errors| panic!("{errors:#?}"));
        for run in 0..60 {
            let run = sim::run(&lowered.spec, 1, run, &|| false);
            assert_eq!(run.tally.arrived, run.tally.ok(), "{more:?}: {}", summary(&run));
        }
    }
}
