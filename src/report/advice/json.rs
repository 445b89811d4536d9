//! Advice as JSON.

use serde_json::{Value as Json, json};

use super::words;
use crate::advise::{Advice, Conclusion, Cost, Costs, Demand, Reason, Shortfall, Unknown, Value};
use crate::stats::printed;

/// The whole of it.
pub fn to_json(advice: &Advice) -> Json {
    let outcome = match &advice.conclusion {
        Conclusion::Holds => "holds",
        Conclusion::Narrowed(_) => "narrowed",
        Conclusion::Nothing(_) => "nothing",
        Conclusion::Undecided(_) => "undecided",
    };
    let fails = match &advice.conclusion {
        Conclusion::Nothing(failure) | Conclusion::Undecided(failure) | Conclusion::Narrowed(failure) => {
            Some(failure)
        }
        Conclusion::Holds => None,
    };
    let goals: Vec<&str> = advice.question.goals.iter().map(|goal| goal.text.as_str()).collect();
    let [now, advised] = advice.costs.each_ref().map(costs);
    json!({
        "format": "podloss-advice/1",
        "name": advice.name,
        "workload": advice.heading.workload,
        "goals": goals,
        "cost": match advice.question.cost { Cost::PodHours => "pod-hours", Cost::RolloutTime => "rollout-time" },
        "outcome": outcome,
        "fails": fails.map(|failure| failed(advice, failure)),
        "present": advice.present.as_ref().map(|failure| failed(advice, failure)),
        "values": advice.values.iter().map(|value| self::value(advice, value)).collect::<Vec<_>>(),
        "left_alone": advice.left.iter().map(|left| json!({"knob": left.name, "reason": left.reason})).collect::<Vec<_>>(),
        "unknowns": advice.unknowns.iter().map(unknown).collect::<Vec<_>>(),
        "trials": advice.trials.iter().map(|(trial, events)| json!({
            "name": trial.name,
            "events": events,
            "what": trial.what,
            "demand": match trial.demand { Demand::Goals => "goals", Demand::NoWorse => "no_worse" },
        })).collect::<Vec<_>>(),
        "not_scored": advice.not_scored.iter().map(|(name, reason)| json!({"name": name, "reason": reason})).collect::<Vec<_>>(),
        "costs": {"now": now, "advised": advised},
        "notes": words::notes(advice),
        "patch": advice.patch.yaml,
        "verified": advice.verified.map(|verified| json!({
            "seed": verified.seed,
            "runs": verified.runs,
            "combinations": verified.cells,
        })),
        "runs": advice.simulated,
    })
}

fn value(advice: &Advice, value: &Value) -> Json {
    json!({
        "knob": value.knob.name,
        "now": value.knob.values[value.knob.now],
        "advised": value.knob.values[value.advised],
        "changed": value.advised != value.knob.now,
        "next_cheaper": value.bound.as_ref().map(|bound| json!({
            "value": value.knob.values[value.advised - 1],
            "fails": failed(advice, bound),
        })),
        "why": words::why(advice, value),
    })
}

fn failed(advice: &Advice, failure: &Shortfall) -> Json {
    let (goal, seen) = match &failure.reason {
        Reason::Goal(index, seen) => (Some(advice.question.goals[*index].text.as_str()), printed(*seen)),
        Reason::Unfinished | Reason::Worse | Reason::Impossible { .. } => (None, None),
    };
    json!({
        "trial": advice.trials.get(failure.trial).map(|(trial, _)| trial.name),
        "unknowns": failure.place,
        "goal": goal,
        "seen": seen,
        "lost": (failure.runs > 0).then_some(failure.lost),
        "runs": failure.runs,
        "cause": failure.cause,
        "words": words::failure(advice, failure),
    })
}

fn unknown(unknown: &Unknown) -> Json {
    json!({
        "key": unknown.assumption.key,
        "range": [unknown.good, unknown.bad],
        "whole_range": unknown.assumption.range.as_ref().map(|(good, bad)| [good, bad]),
        "narrowed": unknown.narrowed,
        "usual": unknown.central,
        "origin": words::origin(unknown),
        "set_with": unknown.assumption.set_with,
    })
}

fn costs(costs: &Costs) -> Json {
    let number = |value: Option<f64>| value.and_then(printed);
    json!({
        "pods": number(costs.pods),
        "rollout_s": number(costs.rollout_s),
        "rollback_s": number(costs.rollback_s),
        "peak_pods": costs.peak_pods,
        "terminating": costs.terminating,
        "stop_s": number(costs.stop_s),
    })
}
