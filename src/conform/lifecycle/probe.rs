//! Kinds of the area `probe`.

use super::{NOW, null_default, read, span};
use crate::model::probe::{
    Attempt, ContainerId, ContainerState, ContainerView, HttpReply, ProbeKind, ProbeOutcome, ProbeResult,
    ProbeSpec, WorkerState, http_outcome,
};
use crate::units::SimTime;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Startup,
    Readiness,
    Liveness,
}

impl Kind {
    fn to_model(self) -> ProbeKind {
        match self {
            Kind::Startup => ProbeKind::Startup,
            Kind::Readiness => ProbeKind::Readiness,
            Kind::Liveness => ProbeKind::Liveness,
        }
    }
}

/// What the handler would return if it were run.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Success,
    Failure,
    Error,
}

impl Outcome {
    fn to_model(self) -> ProbeOutcome {
        match self {
            Outcome::Success => ProbeOutcome::Success,
            Outcome::Failure => ProbeOutcome::Failure,
            Outcome::Error => ProbeOutcome::Error,
        }
    }
}

#[derive(Deserialize)]
struct Thresholds {
    success_threshold: u32,
    failure_threshold: u32,
    /// Some upstream cases have a negative one, which is none.
    #[serde(default, deserialize_with = "null_default")]
    initial_delay_s: i64,
}

fn spec(input: &Value) -> Result<ProbeSpec, String> {
    let given: Thresholds = read(input)?;
    Ok(ProbeSpec {
        initial_delay_seconds: u32::try_from(given.initial_delay_s.max(0)).unwrap_or(u32::MAX),
        success_threshold: given.success_threshold,
        failure_threshold: given.failure_threshold,
        ..ProbeSpec::default()
    })
}

fn result_name(result: Option<ProbeResult>) -> &'static str {
    match result {
        Some(ProbeResult::Success) => "success",
        Some(ProbeResult::Failure) => "failure",
        Some(ProbeResult::Unknown) => "unknown",
        None => "unset",
    }
}

/// When the container of a vector started. The status keeps whole seconds.
const STARTED: SimTime = NOW;

/// One whole attempt, `running_for` seconds after [`STARTED`]; whether the worker goes on.
fn attempt(
    worker: &mut WorkerState,
    kind: ProbeKind,
    spec: &ProbeSpec,
    view: &ContainerView,
    running_for: f64,
    outcome: Option<Outcome>,
) -> Result<bool, String> {
    match worker.gate(kind, spec, view, STARTED + span(running_for)).attempt {
        Attempt::End => Ok(false),
        Attempt::Wait(_) => Ok(true),
        Attempt::Probe => {
            let outcome = outcome.ok_or("input: the probe runs, but its outcome is missing")?;
            worker.record(kind, spec, outcome.to_model());
            Ok(true)
        }
    }
}

pub(super) fn sequence(input: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Sequence {
        #[serde(rename = "type")]
        kind: Kind,
        container_started_initially: bool,
        #[serde(default, deserialize_with = "null_default")]
        running_for_s_initially: f64,
        steps: Vec<Step>,
    }
    /// What changes before the attempt. A new container, the started flag, the running time and a
    /// deletion stay; not running is said anew in every step.
    #[derive(Deserialize)]
    struct Step {
        outcome: Option<Outcome>,
        new_container: Option<String>,
        set_started: Option<bool>,
        running: Option<bool>,
        running_for_s: Option<f64>,
        #[serde(default, deserialize_with = "null_default")]
        pod_deleting: bool,
    }
    let given: Sequence = read(input)?;
    let (kind, spec) = (given.kind.to_model(), spec(input)?);
    let mut id = 0;
    let mut container = String::new();
    let mut started = given.container_started_initially;
    let mut running_for = given.running_for_s_initially;
    let mut pod_deleting = false;
    let mut worker = WorkerState::default();
    let mut alive = true;
    let mut steps = Vec::new();
    for step in given.steps {
        if let Some(name) = step.new_container.filter(|name| *name != container) {
            container = name;
            id += 1;
        }
        started = step.set_started.unwrap_or(started);
        running_for = step.running_for_s.unwrap_or(running_for);
        pod_deleting |= step.pod_deleting;
        let view = ContainerView {
            id: Some(ContainerId(id)),
            state: if step.running.unwrap_or(true) {
                ContainerState::Running { started_at: STARTED }
            } else {
                ContainerState::Waiting
            },
            started,
            pod_ended: false,
            pod_deleting,
            restart_never: false,
        };
        // A worker that has ended makes no more attempts.
        if alive {
            alive = attempt(&mut worker, kind, &spec, &view, running_for, step.outcome)?;
        }
        steps.push(json!({
            "result": result_name(worker.result_of(ContainerId(id))),
            "run": worker.run(),
            "on_hold": worker.is_on_hold(),
            "continue": alive,
        }));
    }
    Ok(json!({"steps": steps}))
}

pub(super) fn single_attempt(input: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct World {
        pod_status_known: bool,
        pod_phase: super::ranking::Phase,
        container_has_id: bool,
        container_running: bool,
        container_terminated: bool,
        restart_policy: String,
        pod_deleting: bool,
        running_for_s: f64,
        outcome: Outcome,
    }
    let world: World = read(input)?;
    let spec = spec(input)?;
    let id = ContainerId(1);
    let mut output = json!({});
    for (name, kind) in [
        ("startup", ProbeKind::Startup),
        ("readiness", ProbeKind::Readiness),
        ("liveness", ProbeKind::Liveness),
    ] {
        let view = ContainerView {
            id: (world.pod_status_known && world.container_has_id).then_some(id),
            state: if world.container_running {
                ContainerState::Running { started_at: STARTED }
            } else if world.container_terminated {
                ContainerState::Terminated
            } else {
                ContainerState::Waiting
            },
            started: kind != ProbeKind::Startup,
            pod_ended: world.pod_status_known && world.pod_phase.to_model().is_terminal(),
            pod_deleting: world.pod_deleting,
            restart_never: world.restart_policy == "Never",
        };
        let mut worker = WorkerState::default();
        let goes_on = attempt(&mut worker, kind, &spec, &view, world.running_for_s, Some(world.outcome))?;
        output[name] = json!({"continue": goes_on, "result": result_name(worker.result_of(id))});
    }
    Ok(output)
}

pub(super) fn http(input: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Exchange {
        status: Option<u16>,
    }
    // How a connection went wrong does not matter: a status is there, or it is not.
    let given: Exchange = read(input)?;
    let reply = given.status.map_or(HttpReply::NoResponse, HttpReply::Status);
    let outcome = match http_outcome(reply) {
        ProbeOutcome::Success => "success",
        ProbeOutcome::Failure => "failure",
        ProbeOutcome::Error => "error",
    };
    Ok(json!({"outcome": outcome}))
}
