//! Kinds of the area `deletion-ranking`.

use super::{NOW, null_default, read, seconds_ago};
use crate::model::pod::PodPhase;
use crate::model::victims::{Candidate, compare, pods_to_delete, ranks_by_node};
use serde::Deserialize;
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct PodInput {
    #[serde(default, deserialize_with = "null_default")]
    name: String,
    #[serde(default, deserialize_with = "null_default")]
    uid: String,
    #[serde(default, deserialize_with = "null_default")]
    node: String,
    phase: Phase,
    ready: bool,
    #[serde(default, deserialize_with = "null_default")]
    restarts: u32,
    ready_age_s: Option<f64>,
    created_age_s: Option<f64>,
    #[serde(default, deserialize_with = "null_default")]
    deletion_cost: i32,
    #[serde(default, deserialize_with = "null_default")]
    rank: u32,
}

#[derive(Clone, Copy, Deserialize)]
pub(super) enum Phase {
    Pending,
    Unknown,
    Running,
    Succeeded,
    Failed,
}

impl Phase {
    pub(super) fn to_model(self) -> PodPhase {
        match self {
            Phase::Pending => PodPhase::Pending,
            Phase::Unknown => PodPhase::Unknown,
            Phase::Running => PodPhase::Running,
            Phase::Succeeded => PodPhase::Succeeded,
            Phase::Failed => PodPhase::Failed,
        }
    }
}

/// Gives texts numbers in the same order.
struct Numbers(BTreeSet<String>);

impl Numbers {
    fn of<'a>(texts: impl Iterator<Item = &'a String>) -> Numbers {
        Numbers(texts.cloned().collect())
    }

    fn number(&self, text: &str) -> u32 {
        u32::try_from(self.0.iter().take_while(|other| other.as_str() < text).count()).unwrap_or(u32::MAX)
    }
}

struct Names {
    nodes: Numbers,
    uids: Numbers,
}

impl Names {
    fn of(pods: &[&PodInput]) -> Names {
        Names {
            nodes: Numbers::of(pods.iter().map(|pod| &pod.node)),
            uids: Numbers::of(pods.iter().map(|pod| &pod.uid)),
        }
    }

    fn node(&self, pod: &PodInput) -> Option<u32> {
        (!pod.node.is_empty()).then(|| self.nodes.number(&pod.node))
    }

    fn candidate(&self, pod: &PodInput) -> Candidate {
        Candidate {
            node: self.node(pod),
            phase: pod.phase.to_model(),
            ready: pod.ready,
            deletion_cost: pod.deletion_cost,
            rank: pod.rank,
            ready_since: pod.ready_age_s.map(seconds_ago),
            restarts: pod.restarts,
            created: pod.created_age_s.map(seconds_ago),
            uid: u64::from(self.uids.number(&pod.uid)),
        }
    }
}

pub(super) fn pairwise(input: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Pair {
        first: PodInput,
        second: PodInput,
        use_deletion_cost: Option<bool>,
    }
    let pair: Pair = read(input)?;
    let names = Names::of(&[&pair.first, &pair.second]);
    // Since 1.22 the feature is on unless switched off. With it off nobody reads the annotation, as if
    // nobody had written it.
    let candidate = |pod: &PodInput| {
        let candidate = names.candidate(pod);
        let deletion_cost = if pair.use_deletion_cost.unwrap_or(true) { candidate.deletion_cost } else { 0 };
        Candidate { deletion_cost, ..candidate }
    };
    let earlier = match compare(&candidate(&pair.first), &candidate(&pair.second), NOW) {
        Ordering::Less => "first",
        Ordering::Greater => "second",
        Ordering::Equal => "equal",
    };
    Ok(json!({"deleted_earlier": earlier}))
}

pub(super) fn victims(input: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct ScaleIn {
        pods: Vec<PodInput>,
        related_pods: Vec<PodInput>,
        count: usize,
    }
    let given: ScaleIn = read(input)?;
    let names = Names::of(&given.pods.iter().chain(&given.related_pods).collect::<Vec<_>>());
    let nodes: Vec<_> = given.pods.iter().map(|pod| names.node(pod)).collect();
    let active = given.related_pods.iter().filter(|pod| pod.phase.to_model().is_active(false));
    let related: Vec<_> = active.map(|pod| names.node(pod)).collect();
    let candidates: Vec<_> = given
        .pods
        .iter()
        .zip(ranks_by_node(&nodes, &related))
        .map(|(pod, rank)| Candidate { rank, ..names.candidate(pod) })
        .collect();
    let order: Vec<_> = pods_to_delete(&candidates, given.count, NOW)
        .into_iter()
        .map(|pod| given.pods[pod].name.as_str())
        .collect();
    Ok(json!({"delete_in_order": order}))
}
