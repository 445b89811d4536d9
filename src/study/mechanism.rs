//! How requests come to be lost, as far as a setting can do something about it: the one place that
//! groups causes. What a caller then moves, advises or says is its own.

use crate::config::case::Case;
use crate::model::outcome::Cause;
use crate::sim::spec::{DeploymentPlan, OnStop};

/// Longer hooks than this, in seconds, are no advice.
pub(crate) const LONGEST_HOOK_S: u32 = 120;

/// What is behind a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// Requests go to a pod that has stopped, or that turns them away while it stops.
    GoneTooEarly,
    /// A container of the pod left before the one that hands it requests.
    InnerGone,
    /// A container that the application needs to serve requests left before it.
    EgressGone,
    /// A signal ends the process with requests in it.
    Killed,
    /// The process ends by itself with requests in it.
    ExitsBusy,
    /// The server closes connections that the front end still uses.
    KeepaliveRace,
    /// Requests go to a pod that cannot serve yet.
    NotReadyYet,
    /// The kubelet restarts containers that are only slow.
    LivenessRestart,
    /// The pods take more time than there is.
    Overload,
    /// There is no pod to send to.
    NoPod,
    /// The front end has left all pods alone.
    MarkedDown,
    /// The front end's own limits.
    CircuitOpen,
    /// The front end closes connections to pods that it has let go.
    CutOff,
    /// A memory limit.
    Memory,
    /// A process or node ended by itself, or the network broke a connection.
    Fault,
}

impl Mechanism {
    /// Whether requests are lost by a pod that stops, so that later or fewer stops help.
    pub fn is_of_stops(self) -> bool {
        match self {
            Mechanism::GoneTooEarly
            | Mechanism::InnerGone
            | Mechanism::EgressGone
            | Mechanism::Killed
            | Mechanism::ExitsBusy
            // A server that stops closes its idle connections too.
            | Mechanism::KeepaliveRace
            | Mechanism::MarkedDown => true,
            Mechanism::NotReadyYet
            | Mechanism::NoPod
            | Mechanism::Overload
            | Mechanism::LivenessRestart
            | Mechanism::CircuitOpen
            // The time runs from the moment at which the pod is let go, however long it stays.
            | Mechanism::CutOff
            | Mechanism::Memory
            | Mechanism::Fault => false,
        }
    }

    /// The mechanism behind a cause in a case.
    pub fn of(cause: Cause, case: &Case) -> Mechanism {
        Mechanism::at(cause, case.spec.deployments.first())
    }

    /// The mechanism behind a cause at the pods that the front end's processes are.
    pub fn of_ingress(cause: Cause, case: &Case) -> Mechanism {
        Mechanism::at(cause, case.spec.ingress().and_then(|ingress| case.spec.deployments.get(ingress)))
    }

    fn at(cause: Cause, pods: Option<&DeploymentPlan>) -> Mechanism {
        match cause {
            Cause::ListenerClosed
            | Cause::Unreachable
            | Cause::Blackholed
            | Cause::NoLocalEndpoints
            | Cause::AcceptQueueReset => Mechanism::GoneTooEarly,
            Cause::AppNotReady if pods.is_some_and(declines) => Mechanism::GoneTooEarly,
            Cause::InPodUpstreamDown => Mechanism::InnerGone,
            Cause::EgressDown => Mechanism::EgressGone,
            Cause::KilledInFlight => Mechanism::Killed,
            Cause::ExitedInFlight => Mechanism::ExitsBusy,
            Cause::KeepaliveRace => Mechanism::KeepaliveRace,
            Cause::NotListeningYet | Cause::AppNotReady => Mechanism::NotReadyYet,
            Cause::LivenessRestart => Mechanism::LivenessRestart,
            Cause::AcceptQueueFull | Cause::ReadTimeout | Cause::Overloaded | Cause::ClientGaveUp => {
                Mechanism::Overload
            }
            Cause::NoEndpoints => Mechanism::NoPod,
            Cause::AllMarkedDown => Mechanism::MarkedDown,
            Cause::CircuitOpen => Mechanism::CircuitOpen,
            Cause::DeregisteredInFlight => Mechanism::CutOff,
            Cause::OomKilled => Mechanism::Memory,
            Cause::Crashed | Cause::NodeLost | Cause::NetworkReset => Mechanism::Fault,
        }
    }
}

/// Whether pods that go answer 503 while they drain. The pods that stop are of the first template.
fn declines(pods: &DeploymentPlan) -> bool {
    let template = pods.templates.first();
    let entry = template.and_then(|template| template.containers.get(template.entry()?));
    entry.is_some_and(|entry| matches!(entry.on_stop, OnStop::Decline(_)))
}
