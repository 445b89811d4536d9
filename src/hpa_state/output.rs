//! What `podloss hpa decide` writes.

use serde_json::{Map, Value, json};

use super::fields::seconds;
use super::state::State;
use crate::model::hpa::{Decision, History, MetricEvaluation, PodGroup, Reading, ScaleEvent, Status};

/// The decision as one object: the size, every intermediate value, the conditions, and the
/// history to feed into the next call.
pub fn decision_json(state: &State, decision: &Decision) -> Value {
    let (current, desired) = (state.scale.spec_replicas, decision.desired_replicas);
    let action = match desired.cmp(&current) {
        std::cmp::Ordering::Greater => "scale_up",
        std::cmp::Ordering::Less => "scale_down",
        std::cmp::Ordering::Equal => "none",
    };
    let mut output = Map::new();
    let mut put = |key: &str, value: Value| output.insert(key.to_owned(), value);
    put("desiredReplicas", desired.into());
    put("rescale", (desired != current).into());
    put("action", action.into());
    put("reconcileError", decision.failed.into());
    if let (Some(proposal), Some(normalized)) = (decision.proposal, &decision.normalized) {
        put("proposal", proposal.into());
        put("stabilized", normalized.stabilized.into());
    }
    if let Some(winner) = decision.winner {
        put("winner", winner.into());
    }
    let conditions = decision.conditions.iter().map(|(kind, condition)| {
        let status = match condition.status {
            Status::True => "True",
            Status::False => "False",
            Status::Unknown => "Unknown",
        };
        (kind.as_str().to_owned(), json!({ "status": status, "reason": condition.reason }))
    });
    put("conditions", conditions.collect::<Map<_, _>>().into());
    let metrics = decision.metrics.iter().enumerate();
    put("metrics", metrics.map(|(index, metric)| evaluation_json(state, index, metric)).collect());
    put("history", history_json(&decision.history));
    output.into()
}

/// One metric: its proposal or error, the numbers it follows from, and the pods that do not count.
pub(super) fn evaluation_json(state: &State, index: usize, metric: &MetricEvaluation) -> Value {
    let mut output = Map::new();
    if let Some(spec) = state.hpa.metrics.get(index) {
        output.insert("type".to_owned(), spec.source.kind().into());
    }
    match metric.result {
        Ok(proposal) => {
            output.insert("desiredReplicas".to_owned(), proposal.replicas.into());
            output.append(&mut reading_json(proposal.reading));
            // An infinite ratio (no pods yet) has no JSON form and is left out.
            let ratios = [("ratio", Some(proposal.first_ratio)), ("filledRatio", proposal.second_ratio)];
            for (key, ratio) in ratios {
                if let Some(ratio) = ratio.filter(|ratio| ratio.is_finite()) {
                    output.insert(key.to_owned(), ratio.into());
                }
            }
        }
        Err(error) => {
            output.insert("error".to_owned(), error.as_str().into());
        }
    }
    if !metric.classes.is_empty() {
        output.insert("readyCount".to_owned(), metric.counts.ready.into());
        for (key, group) in
            [("unready", PodGroup::Unready), ("missing", PodGroup::Missing), ("ignored", PodGroup::Ignored)]
        {
            let pods = metric.classes.iter().zip(&state.names).filter(|(class, _)| class.group() == group);
            output.insert(key.to_owned(), pods.map(|(_, name)| name.as_str()).collect());
        }
    }
    output.into()
}

/// The reported value of a metric.
pub(super) fn reading_json(reading: Reading) -> Map<String, Value> {
    let value = match reading {
        Reading::Utilization { percent, average_milli } => {
            vec![("utilizationPercent", percent), ("averageMilli", average_milli)]
        }
        Reading::Usage { milli } => vec![("usageMilli", milli)],
    };
    value.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect()
}

fn history_json(history: &History) -> Value {
    let recommendations = history
        .recommendations
        .iter()
        .flatten()
        .map(|r| json!({ "replicas": r.replicas, "time": seconds(r.time) }))
        .collect::<Vec<_>>();
    let events = |events: &[ScaleEvent]| {
        let event =
            |e: &ScaleEvent| json!({ "change": e.change, "time": seconds(e.time), "outdated": e.outdated });
        events.iter().map(event).collect::<Vec<_>>()
    };
    json!({
        "recommendations": recommendations,
        "scaleUpEvents": events(&history.scale_up_events),
        "scaleDownEvents": events(&history.scale_down_events),
    })
}
