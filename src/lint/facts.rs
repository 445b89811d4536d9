//! What rules look at: plain facts about one workload, put together once by [`super::gather`] and
//! [`super::complete()`].
//!
//! A fact that nobody stated is `None`, and a rule that needs it is silent. Times are in seconds.

use crate::config::case::Origin;
use crate::diag::{Diagnostic, Place};
use crate::model::termination::Grace;
use crate::units::{Nanos, decimals};

/// Everything the rules know about one Deployment.
#[derive(Clone, Debug)]
pub struct Facts {
    /// `Deployment/web`, with the namespace in front if it is not the default one.
    pub workload: String,
    /// Where its name stands.
    pub place: Place,
    /// Codes and names of rules that its annotation allows, with where they stand.
    pub allowed: Vec<(String, Place)>,
    /// Where an allow-list stands on the pods, where it allows nothing.
    pub allowed_on_pods: Option<Place>,
    /// Whether a Service leads to it: without one no request can be lost.
    pub serves: bool,
    /// Services that list pods which are not ready.
    pub publishing: Vec<PublishingFacts>,
    /// `containers` and sidecars.
    pub containers: Vec<ContainerFacts>,
    /// `terminationGracePeriodSeconds`.
    pub grace_seconds: u32,
    /// Where the grace is written, or would be.
    pub grace_place: Place,
    /// How pods are replaced.
    pub rollout: RolloutFacts,
    /// The autoscaler, if there is exactly one.
    pub autoscaler: Option<AutoscalerFacts>,
    /// Disruption budgets over the pods.
    pub budgets: Vec<BudgetFacts>,
    /// Whether the pods have a readiness gate.
    pub has_readiness_gate: bool,
    /// How long a deregistered target may finish requests, seconds, with where it is written.
    pub deregistration: Option<(f64, Place)>,
    /// What stands in front, if it is known how it behaves.
    pub front: Option<FrontFacts>,
    /// CPU that the load needs at its peak, in cores, if a load was given.
    pub peak_cores: Option<f64>,
    /// What the reader of manifests found not to fit between objects.
    pub linked: Vec<Diagnostic>,
}

/// A Service with `publishNotReadyAddresses`.
#[derive(Clone, Debug)]
pub struct PublishingFacts {
    /// Its name with its kind.
    pub title: String,
    /// Whether its clients get the pods' own addresses, as peers of each other do.
    pub headless: bool,
    /// Where that is written.
    pub place: Place,
}

/// A time that may be known only as a range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Smallest plausible value, seconds.
    pub lo: f64,
    /// The value in use, seconds.
    pub used: f64,
    /// Largest plausible value, seconds.
    pub hi: f64,
    /// Where it comes from.
    pub origin: Origin,
}

/// One container.
#[derive(Clone, Debug)]
pub struct ContainerFacts {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub place: Place,
    /// `image`.
    pub image: String,
    /// `command` and `args` in one; empty without a `command`.
    pub command_line: Vec<String>,
    /// Whether it is a restartable init container, which starts before and ends after the others.
    pub is_sidecar: bool,
    /// Whether requests pass it.
    pub on_route: bool,
    /// Whether what the application calls goes through it.
    pub is_egress: bool,
    /// `lifecycle.preStop`.
    pub hook: HookFacts,
    /// Where the hook is written, or would be.
    pub hook_place: Place,
    /// `lifecycle.postStart`.
    pub post_start: HookFacts,
    /// Where that is written, or would be.
    pub post_start_place: Place,
    /// `startupProbe`.
    pub startup: Option<ProbeFacts>,
    /// `readinessProbe`.
    pub readiness: Option<ProbeFacts>,
    /// `livenessProbe`.
    pub liveness: Option<ProbeFacts>,
    /// CPU request in cores.
    pub cpu_request: Option<f64>,
    /// CPU limit in cores.
    pub cpu_limit: Option<f64>,
    /// What the process does on its stop signal.
    pub stop: Option<StopFacts>,
    /// Process start to listening.
    pub start_up: Option<Span>,
    /// How long its longest requests take: `used` is the 99th percentile.
    pub longest_request: Option<Span>,
    /// How long it keeps an idle connection open; `None` where it closes every connection itself,
    /// or where nobody knows.
    pub keepalive_idle: Option<Span>,
}

/// A hook of `lifecycle`.
#[derive(Clone, Debug, PartialEq)]
pub enum HookFacts {
    /// None is given.
    None,
    /// The `sleep` action.
    Sleep(f64),
    /// A command; how long it visibly sleeps.
    Exec {
        /// The command and its arguments.
        command: Vec<String>,
        /// Seconds of sleep in it, or what a setting says that it takes.
        slept: Option<f64>,
        /// It needs a shell, which the image does not hold by its name.
        fails: bool,
    },
    /// One request to the container; how many seconds it takes, if a setting says so.
    Http {
        /// The seconds.
        took: Option<f64>,
    },
    /// `tcpSocket`, which fails at once.
    Fails,
}

/// A probe.
#[derive(Clone, Debug)]
pub struct ProbeFacts {
    /// Where it is written.
    pub place: Place,
    /// `initialDelaySeconds`.
    pub initial_delay: f64,
    /// `periodSeconds`.
    pub period: f64,
    /// `timeoutSeconds`.
    pub timeout: f64,
    /// `failureThreshold`.
    pub failures: f64,
}

/// What a process does on its stop signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StopFacts {
    /// Whether it goes on taking connections, and how long, seconds; infinite for a process that
    /// does not react.
    pub serves_on: f64,
    /// The same at best, where it depends on something that changes, such as open connections.
    pub serves_on_at_most: f64,
    /// Whether it finishes what it has accepted.
    pub drains: bool,
    /// Its own patience with that, seconds.
    pub drain_limit: Option<f64>,
    /// Where the behaviour comes from.
    pub origin: Origin,
}

/// How pods are replaced.
#[derive(Clone, Debug)]
pub struct RolloutFacts {
    /// The least number of pods: the autoscaler's minimum, else `replicas`.
    pub replicas_min: u32,
    /// The largest: the autoscaler's maximum, else `replicas`.
    pub replicas_max: u32,
    /// Whether all old pods go before any new one comes.
    pub recreate: bool,
    /// Pods beyond `replicas_min` during a rollout.
    pub surge: u32,
    /// Pods that may be missing from `replicas_min`.
    pub unavailable: u32,
    /// The same for `replicas_max`.
    pub unavailable_at_max: u32,
    /// `minReadySeconds`.
    pub min_ready: f64,
    /// Where the strategy is written, or would be.
    pub place: Place,
}

/// A HorizontalPodAutoscaler.
#[derive(Clone, Debug)]
pub struct AutoscalerFacts {
    /// CPU utilization that it aims at, percent of the request.
    pub cpu_target_percent: Option<f64>,
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug)]
pub struct BudgetFacts {
    /// Its name with its kind.
    pub title: String,
    /// Where its limit is written.
    pub place: Place,
    /// Pods that must stay when there are [`RolloutFacts::replicas_min`].
    pub must_stay: u32,
}

/// The front end.
#[derive(Clone, Debug, PartialEq)]
pub struct FrontFacts {
    /// The preset's name.
    pub name: String,
    /// Pod deletion to the last new request, seconds.
    pub removal: Span,
    /// The longest that a simulation may draw for it, seconds; zero where that is its upper end.
    pub longest_removal: f64,
    /// Pod Ready to the first request, seconds.
    pub addition: Option<Span>,
    /// Whether a refused connection is followed by an attempt at another pod.
    pub retries_refused: bool,
    /// Whether idempotent requests are sent again after a kept connection broke before the answer.
    pub resends_broken: bool,
    /// How long it keeps idle connections to pods, seconds; `None` if it keeps none.
    pub idle_timeout: Option<f64>,
    /// Whether targets are registered at a load balancer of the cloud.
    pub registers: bool,
    /// How long after the removal connections that are open already go on bringing requests, seconds;
    /// infinite where they stay with their pod.
    pub outstay: f64,
}

impl Span {
    /// A time that somebody stated.
    pub fn given(seconds: f64) -> Span {
        Span { lo: seconds, used: seconds, hi: seconds, origin: Origin::Given }
    }

    /// In words: `9 s`, or with its range `9 s (5..25 s)`, marked when nobody stated it.
    pub fn words(&self) -> String {
        let mark = if self.origin == Origin::Given { "" } else { ", assumed" };
        let close = |a: f64, b: f64| (a - b).abs() < 0.05;
        if close(self.lo, self.used) && close(self.hi, self.used) {
            let mark = if mark.is_empty() { "" } else { " (assumed)" };
            return format!("{}{mark}", secs(self.used));
        }
        format!("{} ({}..{}{mark})", secs(self.used), bare(self.lo), secs(self.hi))
    }
}

impl HookFacts {
    /// How long it runs if nobody cuts it; `None` if no file says.
    pub fn seconds(&self) -> Option<f64> {
        match self {
            HookFacts::None | HookFacts::Fails => Some(0.0),
            HookFacts::Sleep(seconds) => Some(*seconds),
            HookFacts::Exec { fails: true, .. } => Some(0.0),
            HookFacts::Exec { slept, .. } => *slept,
            HookFacts::Http { took } => *took,
        }
    }
}

impl ProbeFacts {
    /// From a lasting failure to its last counted attempt at best: the first attempt comes at once.
    pub fn detects_in(&self) -> f64 {
        (self.failures - 1.0) * self.period + self.timeout
    }

    /// The time after the start that it surely allows, and the longest it may allow: its ticks have
    /// any phase, and the last attempt lasts up to its timeout.
    pub fn budget(&self) -> (f64, f64) {
        let sure = self.initial_delay + (self.failures - 1.0) * self.period;
        (sure, sure + self.period + self.timeout)
    }
}

impl ContainerFacts {
    /// When its stop signal comes, seconds after the deletion: after its hook, but no later than
    /// the grace; `None` if the hook's duration is unknown.
    pub fn signal_after(&self, grace_seconds: u32) -> Option<f64> {
        self.hook.seconds().map(|hook| hook.min(f64::from(grace_seconds)))
    }

    /// The time from its stop signal to SIGKILL, seconds.
    pub fn kill_window(&self, grace_seconds: u32) -> Option<f64> {
        let hook = Nanos::from_secs_f64(self.signal_after(grace_seconds)?);
        Some(Grace::new(grace_seconds).after(hook).from_signal_to_kill().as_secs_f64())
    }

    /// How long it takes new connections after the deletion, seconds.
    pub fn serves_for(&self, grace_seconds: u32) -> Option<f64> {
        self.serving(grace_seconds, self.stop?.serves_on)
    }

    /// The same at best.
    pub fn may_serve_for(&self, grace_seconds: u32) -> Option<f64> {
        self.serving(grace_seconds, self.stop?.serves_on_at_most)
    }

    fn serving(&self, grace_seconds: u32, on: f64) -> Option<f64> {
        Some(self.signal_after(grace_seconds)? + on.min(self.kill_window(grace_seconds)?))
    }
}

impl Facts {
    /// Containers that requests pass and that stop with the pod: native sidecars end after them.
    pub fn route(&self) -> impl Iterator<Item = &ContainerFacts> {
        let only_sidecars = self.containers.iter().filter(|c| c.on_route).all(|c| c.is_sidecar);
        self.containers.iter().filter(move |c| c.on_route && (only_sidecars || !c.is_sidecar))
    }

    /// What a container still has to finish when it stops taking requests, seconds: the longest
    /// request, less the time since the last one can have come. None comes once the front end has let
    /// go.
    pub fn left_to_finish(&self, container: &ContainerFacts) -> Option<Span> {
        let longest = container.longest_request?;
        let serves = container.serves_for(self.grace_seconds)?;
        // A pod that is listed although it is not ready stays listed until it is gone.
        let Some(front) = self.front.as_ref().filter(|_| self.publishing.is_empty()) else {
            return Some(longest);
        };
        let removal = front.removal;
        let left =
            |removal: f64, longest: f64| (removal + front.outstay + longest - serves).clamp(0.0, longest);
        let (lo, used, hi) =
            (left(removal.lo, longest.lo), left(removal.used, longest.used), left(removal.hi, longest.hi));
        // Where the removal decides, it has to be known too.
        let origin = match longest.origin {
            Origin::Given if used < longest.used => removal.origin,
            origin => origin,
        };
        Some(Span { lo, used, hi, origin })
    }
}

/// `9 s`, `0.1 s`.
pub(crate) fn secs(seconds: f64) -> String {
    format!("{} s", bare(seconds))
}

/// `9`, `0.1`: one decimal below ten, none above.
pub(crate) fn bare(value: f64) -> String {
    decimals(value, usize::from(value.abs() < 9.95))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_short() {
        for (value, text) in [(9.0, "9 s"), (0.13, "0.1 s"), (12.4, "12 s"), (-0.01, "0 s"), (-3.5, "-3.5 s")]
        {
            assert_eq!(secs(value), text);
        }
        let removal = Span { lo: 5.0, used: 9.0, hi: 25.0, origin: Origin::Guess };
        assert_eq!(removal.words(), "9 s (5..25 s, assumed)");
        assert_eq!(Span::given(9.0).words(), "9 s");
        assert_eq!(Span { origin: Origin::Documented, ..Span::given(60.0) }.words(), "60 s (assumed)");
    }
}
