//! Sentences about advice: why a value is what it is, and what it costs besides.

use crate::advise::{Advice, Conclusion, Reason, Shortfall, Unknown, Value};
use crate::config::case::Origin;
use crate::report::text::counted;
use crate::report::text::number::about;
use crate::study::Mechanism;

/// What fails, where, and by what.
pub(super) fn failure(advice: &Advice, failure: &Shortfall) -> String {
    let trial = advice.trials.get(failure.trial).map_or("", |(trial, _)| trial.name);
    let place = if failure.place.is_empty() { String::new() } else { format!(", {}", failure.place) };
    let within = match failure.reason {
        // It is so in every trial.
        Reason::Impossible { .. } => String::new(),
        _ => format!(" in trial `{trial}`"),
    };
    format!("{}{within}{place}", seen(advice, failure))
}

fn seen(advice: &Advice, failure: &Shortfall) -> String {
    let runs = counted(failure.runs as usize, "run");
    let lost = || {
        let by = failure.cause.map_or_else(String::new, |cause| format!(" ({cause})"));
        format!("{} lost in {runs}{by}", about(failure.lost as f64))
    };
    match &failure.reason {
        Reason::Goal(index, seen) => {
            let goal = &advice.question.goals[*index];
            match goal.forbids_loss() {
                true => lost(),
                false if failure.lost > 0 => format!("{}: {}, {}", goal.text, goal.shown(*seen), lost()),
                false => format!("{}: {}", goal.text, goal.shown(*seen)),
            }
        }
        Reason::Unfinished => "the rollout or drain does not end".to_owned(),
        Reason::Worse => format!("{}, more than with the present setting", lost()),
        Reason::Impossible { why, .. } => why.clone(),
    }
}

/// Why a value is what it is: the mechanism, and what the next cheaper one does.
pub(super) fn why(advice: &Advice, value: &Value) -> String {
    let Some(bound) = &value.bound else {
        return match value.advised.cmp(&value.knob.now) {
            std::cmp::Ordering::Less => "cheaper than now, and every goal holds".to_owned(),
            _ => "as it is: nothing asks for more".to_owned(),
        };
    };
    let cheaper = &value.knob.values[value.advised - 1];
    let mechanism = if bound.helps(&advice.question.goals).contains(&value.knob.name) {
        mechanism(value.knob.name, bound.mechanism, &advice.heading.front_end)
    } else {
        "what the next value loses has another mechanism than this knob's".to_owned()
    };
    format!("{mechanism}. With {cheaper}: {}", failure(advice, bound))
}

fn mechanism(knob: &str, mechanism: Option<Mechanism>, front: &str) -> String {
    match (knob, mechanism) {
        ("preStop", Some(Mechanism::Killed | Mechanism::ExitsBusy)) => format!(
            "the process ends what it is serving when it stops, so the hook outlasts the last request that {front} sends"
        ),
        ("preStop", Some(Mechanism::KeepaliveRace)) => {
            format!("{front} must have let go of its kept connections before the server closes them")
        }
        ("preStop", Some(Mechanism::InnerGone | Mechanism::EgressGone)) => {
            "no container of the pod may leave before the one that needs it".to_owned()
        }
        ("preStop", _) => format!("the pod serves on until {front} sends it nothing more"),
        ("grace", _) => {
            "the grace period covers the hook and what is still being served after it; it cuts either \
                         short, with SIGKILL two seconds later"
                .to_owned()
        }
        ("hpa.min", Some(Mechanism::NoPod)) => "a pod that goes must leave another one behind".to_owned(),
        ("hpa.min", _) => "fewer pods do not carry the load until new ones are ready".to_owned(),
        ("hpa.cpu", _) => "a higher target leaves too little room until new pods are ready".to_owned(),
        ("hpa.scaleDown.window", Some(mechanism)) if mechanism.is_of_stops() => {
            "every pod that is taken away loses requests, and a shorter window takes more away".to_owned()
        }
        ("hpa.scaleDown.window", _) => "a shorter window takes pods away that are needed again".to_owned(),
        ("hpa.scaleUp.window", _) => "a longer window holds back pods that are needed".to_owned(),
        ("maxUnavailable", _) => "the pods that a rollout may take away are needed".to_owned(),
        ("maxSurge", _) => "with fewer additional pods too few are ready during a rollout".to_owned(),
        ("minReadySeconds", _) => format!("old pods stay until new ones are in rotation at {front}"),
        ("readiness.failureThreshold" | "readiness.timeoutSeconds", _) => {
            "a pod that is slow for a while stays in rotation".to_owned()
        }
        ("readiness.successThreshold", _) => "a pod is taken in only once it can serve".to_owned(),
        _ => "the next cheaper value does not hold".to_owned(),
    }
}

/// A narrowed range, such as `removal <= 12.3s`.
pub(super) fn limit(unknown: &Unknown) -> String {
    let key = &unknown.assumption.key;
    let whole = unknown.assumption.range.as_ref();
    match whole.filter(|(good, bad)| good != &unknown.bad || good == bad) {
        Some(_) => format!("{key} stays within {}", unknown.range()),
        None => format!("{key} is {}", unknown.good),
    }
}

pub(super) fn origin(unknown: &Unknown) -> &'static str {
    match unknown.assumption.origin {
        Origin::Given => "given",
        Origin::Documented => "documented",
        Origin::Measured => "measured",
        Origin::Guess => "guess",
    }
}

/// What is left to do where no setting helps, by the mechanism of what fails.
pub(super) fn beyond(advice: &Advice, failure: &Shortfall) -> String {
    let scales = advice.background.hpa_min.is_some();
    let helps =
        failure.helps(&advice.question.goals).iter().filter(|name| scales || !name.starts_with("hpa."));
    let helps: Vec<&str> = helps.copied().collect();
    let turned = |name: &&str| advice.values.iter().any(|value| value.knob.name == *name);
    if !helps.is_empty() && !helps.iter().any(turned) {
        return format!("What bears on it is not turned here: {}.", helps.join(", "));
    }
    if matches!(failure.reason, Reason::Impossible { .. }) {
        return "No value of these knobs changes that.".to_owned();
    }
    let what = match failure.mechanism {
        Some(Mechanism::GoneTooEarly) => {
            "the front end sends to pods for longer than any hook may last, or the connections never leave them: \
             measure its removal delay, and see `podloss why` for one request"
        }
        Some(Mechanism::InnerGone) => {
            "a container of the pod leaves before the one that hands it requests: give both the same hook, and let the \
             inner one drain longer"
        }
        Some(Mechanism::EgressGone) => {
            "a container through which the application calls others leaves before it: make it a native sidecar, or give \
             it the same hook"
        }
        Some(Mechanism::KeepaliveRace) => {
            "connections are closed by the pod while the front end still uses them: raise the server's keep-alive \
             above the front end's idle timeout; a longer preStop changes nothing about that"
        }
        Some(Mechanism::Killed | Mechanism::ExitsBusy) => {
            "the process ends while it is serving: it must finish its requests on SIGTERM"
        }
        Some(Mechanism::NotReadyYet) => {
            "pods get requests before they can serve: a readiness probe must ask what requests need"
        }
        Some(Mechanism::LivenessRestart) => {
            "the liveness probe restarts pods that are only slow or only starting"
        }
        Some(Mechanism::Overload) => {
            "the pods cannot carry this load: more CPU or workers per pod, or more of them"
        }
        Some(Mechanism::NoPod) => {
            "at some moment there is no pod to send to: more replicas than a rollout, a scale-in or a failing probe \
             can take out together, and RollingUpdate in place of Recreate"
        }
        Some(Mechanism::MarkedDown) => {
            "the front end counts failures against every pod and leaves them all alone: end those failures, or \
             switch its passive checks off"
        }
        Some(Mechanism::CutOff) => {
            "the load balancer closes the connections of running requests: a longer deregistration delay"
        }
        Some(Mechanism::CircuitOpen) => {
            "the front end refuses to send by limits of its own: raise those of its circuit breaker"
        }
        Some(Mechanism::Memory) => "a container goes beyond its memory limit",
        Some(Mechanism::Fault) => "a fault takes requests with it, whatever the setting",
        None => "no request is lost, so the goal itself is out of reach: compare it with `podloss run`",
    };
    format!("The knobs of advice do not reach it: {what}.")
}

/// Side costs and conditions, each a sentence or two.
pub(super) fn notes(advice: &Advice) -> Vec<String> {
    let background = &advice.background;
    let changed = |name: &str| {
        advice.values.iter().any(|value| value.knob.name == name && value.advised != value.knob.now)
    };
    let mut notes = Vec::new();
    if changed("preStop") || changed("grace") {
        notes.push(
            "Pods stop by the spec they were created with: the rollout that brings this in loses what rollouts \
             lose now. It counts from the next one."
                .to_owned(),
        );
    }
    if changed("preStop") {
        notes.extend(hook_notes(advice));
    }
    let stop = advice.costs[1].stop_s.unwrap_or(0.0);
    let reclaim = |notice: u32| {
        format!(
            "A node that is taken back with {notice} s of notice ends pods that need up to {} s to stop, whatever the \
             grace period says.",
            about(stop)
        )
    };
    match stop {
        stop if stop > 120.0 => notes.push(reclaim(120)),
        stop if stop > 30.0 => notes.push(format!("{} 120 s of notice are enough.", reclaim(30))),
        _ => {}
    }
    if let Some(min) = background.hpa_min.filter(|_| changed("hpa.min")) {
        notes.push(format!(
            "At its smallest the service has {}: one that fails takes 1/{min} of the requests with it until the \
             front end knows.",
            counted(min as usize, "pod")
        ));
    }
    if let Some(budget) = background.budgets.first() {
        notes.push(format!(
            "PodDisruptionBudget {budget} limits evictions only: it protects neither rollouts nor the autoscaler's \
             scale-in."
        ));
    }
    if matches!(advice.conclusion, Conclusion::Narrowed(_) | Conclusion::Holds) && !advice.unknowns.is_empty()
    {
        let reserve = if advice.values.iter().any(|value| value.advised != value.knob.now) {
            "What is changed has the least value that holds over these ranges and keeps nothing in reserve"
        } else {
            "Present values are kept also where less would do: they may serve events that nobody scored"
        };
        notes.push(format!(
            "{reserve}; beyond the ranges nothing is predicted. Measure what decides, and say it (`--removal \
             8s..12s`)."
        ));
    }
    notes.push(
        "Not seen in these files: injected sidecars, room on nodes and addresses for the peak.".to_owned(),
    );
    notes
}

fn hook_notes(advice: &Advice) -> Vec<String> {
    let background = &advice.background;
    let mut notes = Vec::new();
    if background.containers.len() > 1 {
        notes.push(format!(
            "The hook is on every container that stops side by side ({}): on one alone it would let another leave \
             first. Keep them the same.",
            background.containers.join(", ")
        ));
    }
    notes.push(if background.kubernetes_minor >= 30 {
        format!(
            "`preStop.sleep` is on by default from Kubernetes 1.30 (here 1.{}); an older API server drops it, and \
             then there is no delay at all.",
            background.kubernetes_minor
        )
    } else {
        format!(
            "Kubernetes 1.{} has no sleep action, so the hook is a command. Where an image has no `sleep` it fails, the \
             stop signal comes at once, and the only trace is an event of the pod (FailedPreStopHook). From 1.30 use \
             `preStop.sleep`.",
            background.kubernetes_minor
        )
    });
    if background.pinned {
        notes.push(
            "Connections stay with the pod that they lead to. A longer preStop changes nothing for a \
             connection that stays open through it; the server must ask for a new one (Connection: close, GOAWAY)."
                .to_owned(),
        );
    } else if background.pooled {
        notes.push(
            "A longer hook than this changes nothing for kept connections: what counts is that the front end has \
             stopped using them by then."
                .to_owned(),
        );
    }
    notes
}
