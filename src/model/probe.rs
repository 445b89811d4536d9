//! One probe worker of the kubelet: when an attempt is really made and what its outcome changes.
//!
//! The kubelet keeps one worker per container and probe kind for the life of the pod, across
//! container restarts. An attempt has two halves, because a probe takes time: [`WorkerState::gate`]
//! decides whether the probe runs, [`WorkerState::record`] takes in its outcome. *When* attempts
//! happen is [`super::probe_ticker`]'s business.
//!
//! Source: kubernetes pkg/kubelet/prober/worker.go and prober_manager.go (v1.31.13).

use crate::units::{Nanos, SimTime};

/// The numbers of a probe, with the API's names and defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeSpec {
    /// Whole seconds after the container's start before which no attempt is made.
    pub initial_delay_seconds: u32,
    /// Seconds between ticks, at least 1.
    pub period_seconds: u32,
    /// Seconds after which an unanswered attempt has failed, at least 1.
    pub timeout_seconds: u32,
    /// Successes in a row before the result becomes success; above 1 only for readiness.
    pub success_threshold: u32,
    /// Failures in a row before the result becomes failure.
    pub failure_threshold: u32,
}

impl Default for ProbeSpec {
    fn default() -> Self {
        ProbeSpec {
            initial_delay_seconds: 0,
            period_seconds: 10,
            timeout_seconds: 1,
            success_threshold: 1,
            failure_threshold: 3,
        }
    }
}

impl ProbeSpec {
    /// `periodSeconds` as a span; zero, which the API refuses, counts as one second.
    pub fn period(&self) -> Nanos {
        Nanos::from_secs(u64::from(self.period_seconds.max(1)))
    }

    /// `timeoutSeconds` as a span.
    pub fn timeout(&self) -> Nanos {
        Nanos::from_secs(u64::from(self.timeout_seconds))
    }
}

/// Which of the three probes of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    /// Holds the other two back until the container has started.
    Startup,
    /// Decides about traffic.
    Readiness,
    /// Decides about life.
    Liveness,
}

impl ProbeKind {
    /// What is stored for a container that has not been probed yet: innocent until proven guilty
    /// for liveness, the other way round for readiness.
    fn initial_result(self) -> ProbeResult {
        match self {
            ProbeKind::Startup => ProbeResult::Unknown,
            ProbeKind::Readiness => ProbeResult::Failure,
            ProbeKind::Liveness => ProbeResult::Success,
        }
    }
}

/// What the kubelet believes of a container; stored per container instance and probe kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeResult {
    /// Started, ready or alive.
    Success,
    /// Not started in time, not ready or not alive.
    Failure,
    /// A startup probe that has not decided yet.
    Unknown,
}

/// What one executed attempt gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// The handler is satisfied.
    Success,
    /// The handler is not, or the time was up.
    Failure,
    /// The handler itself could not work (runtime trouble). It counts for nothing.
    Error,
}

/// What an attempt failed by, for whoever looks for the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeFailure {
    /// Nothing listened, or what did could not serve yet or any more.
    Down,
    /// The application's dependency was down, and the probe asks it.
    Dependency,
    /// The application's own queue was full, and the probe waits in it.
    QueueFull,
    /// No answer came within `timeoutSeconds`.
    Timeout,
}

/// One instance of a container: every restart gives a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContainerId(pub u32);

/// The `state` of a container status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// Created or in back-off, without a process.
    Waiting,
    /// With a process since that instant.
    Running {
        /// When the process was started; the rules cut it to whole seconds as the API does.
        started_at: SimTime,
    },
    /// The process has ended.
    Terminated,
}

/// The kubelet's published picture of the container at the moment of an attempt. It lags behind
/// the truth: the simulator passes what the status manager holds, not what has just happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContainerView {
    /// The instance; `None` before the runtime has made one or while the pod has no status.
    pub id: Option<ContainerId>,
    /// Its state.
    pub state: ContainerState,
    /// The `started` field, see [`container_started`].
    pub started: bool,
    /// The pod's phase is Succeeded or Failed.
    pub pod_ended: bool,
    /// The pod has a deletionTimestamp.
    pub pod_deleting: bool,
    /// `restartPolicy: Never`.
    pub restart_never: bool,
}

/// Whether the attempt runs the probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Run it and call [`WorkerState::record`] with the outcome.
    Probe,
    /// Not this time; the worker stays.
    Wait(WaitReason),
    /// The worker ends.
    End,
}

/// Why an attempt does not run the probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitReason {
    /// There is no container instance to probe.
    NoContainer,
    /// The last verdict stands until there is a new instance.
    OnHold,
    /// The container has no process.
    NotRunning,
    /// `initialDelaySeconds` are not over.
    InitialDelay,
    /// Readiness and liveness wait for the startup probe.
    NotStarted,
    /// The startup probe has done its work.
    AlreadyStarted,
}

/// The first half of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gated {
    /// Whether the probe runs.
    pub attempt: Attempt,
    /// The newly stored result, where the gate changed it. Only changes wake the kubelet.
    pub update: Option<ProbeResult>,
}

/// The memory of one worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerState {
    /// The instance that the stored result is about.
    container: Option<ContainerId>,
    stored: Option<ProbeResult>,
    /// The last outcome that counted, and how often in a row it came. Both survive a restart of
    /// the container: only a verdict that puts the worker on hold zeroes the run.
    last: Option<ProbeResult>,
    run: u32,
    on_hold: bool,
}

impl WorkerState {
    /// The result that holds for the instance `id`; `None` if this worker knows nothing of it.
    pub fn result_of(&self, id: ContainerId) -> Option<ProbeResult> {
        self.stored.filter(|_| self.container == Some(id))
    }

    /// How many attempts in a row had the outcome of the last one.
    pub fn run(&self) -> u32 {
        self.run
    }

    /// Whether the worker rests until there is a new instance.
    pub fn is_on_hold(&self) -> bool {
        self.on_hold
    }

    /// Decides whether an attempt at `now` runs the probe, and stores what is known without it.
    pub fn gate(&mut self, kind: ProbeKind, spec: &ProbeSpec, view: &ContainerView, now: SimTime) -> Gated {
        let before = (self.container, self.stored);
        let attempt = self.decide(kind, spec, view, now);
        let update = self.stored.filter(|_| (self.container, self.stored) != before);
        Gated { attempt, update }
    }

    /// The steps in upstream's order; the order is part of the rule.
    fn decide(&mut self, kind: ProbeKind, spec: &ProbeSpec, view: &ContainerView, now: SimTime) -> Attempt {
        if view.pod_ended {
            return Attempt::End;
        }
        let Some(id) = view.id else {
            return Attempt::Wait(WaitReason::NoContainer);
        };
        if self.container != Some(id) {
            self.container = Some(id);
            self.stored = Some(kind.initial_result());
            self.on_hold = false;
        }
        if self.on_hold {
            return Attempt::Wait(WaitReason::OnHold);
        }
        let ContainerState::Running { started_at } = view.state else {
            // No threshold applies to a container without a process.
            self.stored = Some(ProbeResult::Failure);
            let gone_for_good = view.state == ContainerState::Terminated && view.restart_never;
            return if gone_for_good { Attempt::End } else { Attempt::Wait(WaitReason::NotRunning) };
        };
        if view.pod_deleting && kind != ProbeKind::Readiness {
            // A container that is about to be stopped must not be restarted by its own probe.
            self.stored = Some(ProbeResult::Success);
            return Attempt::End;
        }
        // Two truncations, of the start time and of the age, as in the status and in the worker.
        if now.since(started_at.floor_sec()).whole_secs() < u64::from(spec.initial_delay_seconds) {
            return Attempt::Wait(WaitReason::InitialDelay);
        }
        match (view.started, kind == ProbeKind::Startup) {
            (true, true) => Attempt::Wait(WaitReason::AlreadyStarted),
            (false, false) => Attempt::Wait(WaitReason::NotStarted),
            _ => Attempt::Probe,
        }
    }

    /// Takes in the outcome of a probe that [`Self::gate`] let run; gives the newly stored result
    /// if it changed.
    pub fn record(
        &mut self,
        kind: ProbeKind,
        spec: &ProbeSpec,
        outcome: ProbeOutcome,
    ) -> Option<ProbeResult> {
        let (result, threshold) = match outcome {
            ProbeOutcome::Success => (ProbeResult::Success, spec.success_threshold),
            ProbeOutcome::Failure => (ProbeResult::Failure, spec.failure_threshold),
            ProbeOutcome::Error => return None,
        };
        self.run = if self.last == Some(result) { self.run.saturating_add(1) } else { 1 };
        self.last = Some(result);
        if self.run < threshold {
            return None;
        }
        let changed = self.stored != Some(result);
        self.stored = Some(result);
        // A failed liveness probe and any verdict of a startup probe are final for this instance.
        let is_final = match kind {
            ProbeKind::Startup => true,
            ProbeKind::Liveness => result == ProbeResult::Failure,
            ProbeKind::Readiness => false,
        };
        if is_final {
            self.on_hold = true;
            self.run = 0;
        }
        changed.then_some(result)
    }
}

/// The `started` field of a container status.
///
/// `stored` is the startup worker's result for the current instance. Without a startup probe a
/// running container has started at once.
/// Source: prober_manager.go isContainerStarted (v1.31.13).
pub fn container_started(running: bool, has_startup_probe: bool, stored: Option<ProbeResult>) -> bool {
    running && stored.map_or(!has_startup_probe, |result| result == ProbeResult::Success)
}

/// The `ready` field of a container status, and whether computing it wakes the readiness worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The field.
    pub ready: bool,
    /// The worker is triggered: it attempts at once and its ticker starts anew.
    pub trigger: bool,
}

/// Computes [`Readiness`] as every pod sync does.
///
/// `stored` is the readiness worker's result for the current instance; `started` comes from
/// [`container_started`] and implies a running container. Every sync that finds a started one not ready
/// triggers its worker, so an unready container is probed more often than `periodSeconds` says.
/// Source: prober_manager.go UpdatePodStatus (v1.31.13; kubernetes pull requests 98376, 101738, 119089).
pub fn container_ready(started: bool, has_readiness_probe: bool, stored: Option<ProbeResult>) -> Readiness {
    if !started {
        return Readiness { ready: false, trigger: false };
    }
    let ready = !has_readiness_probe || stored == Some(ProbeResult::Success);
    Readiness { ready, trigger: !ready }
}

/// What came back from an HTTP probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpReply {
    /// A complete response with this status, after redirects within the host were followed. A
    /// redirect to another host is not followed and arrives here as its 3xx.
    Status(u16),
    /// No response: refused, reset, timed out, too many redirects.
    NoResponse,
    /// The headers came in time, the body did not.
    BodyCut,
}

/// Classifies an HTTP probe: 200 to 399 is success, everything else failure.
///
/// Only a body that breaks off after good headers is an error of the handler, which counts for
/// nothing. Source: pkg/probe/http/http.go DoHTTPProbe (v1.31.13).
pub fn http_outcome(reply: HttpReply) -> ProbeOutcome {
    match reply {
        HttpReply::Status(200..=399) => ProbeOutcome::Success,
        HttpReply::Status(_) | HttpReply::NoResponse => ProbeOutcome::Failure,
        HttpReply::BodyCut => ProbeOutcome::Error,
    }
}

#[cfg(test)]
#[path = "probe_tests.rs"]
mod tests;
