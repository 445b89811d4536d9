//! What the files and flags of one case say, read and not yet judged: the input of `config::lower`.

use std::fmt;

use super::case::Expectation;
use super::manifest::Manifests;
use super::settings::Settings;
use crate::diag::Place;
use crate::units::Nanos;
use crate::workload::Load;

/// Everything that was said about one case.
#[derive(Debug)]
pub struct Described<'a> {
    /// `name` of the scenario; `None` takes the workload's.
    pub name: Option<String>,
    /// The Kubernetes objects.
    pub manifests: &'a Manifests,
    /// The objects that ran before (`--from`): pods that exist at the beginning stop by these.
    pub from: Option<&'a Manifests>,
    /// Values of knobs.
    pub settings: Settings,
    /// The load, read from its settings and files.
    pub load: Load,
    /// The load in words for the heading, such as `900 rps open loop`.
    pub load_words: String,
    /// What happens during the run, in order of time.
    pub events: Vec<EventLine>,
    /// What must hold.
    pub expectations: Vec<Expectation>,
}

/// One event as the user asked for it.
#[derive(Clone, Debug, PartialEq)]
pub struct EventLine {
    /// From the run's beginning.
    pub at: Nanos,
    /// What happens.
    pub action: EventAction,
    /// Where it was said.
    pub place: Option<Place>,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventAction {
    /// The pod template changes: to the given manifests from those of `--from`, or, without it, a
    /// restart with the same template.
    Rollout,
    /// Back to the template before.
    Rollback,
    /// `spec.replicas` is set.
    Scale(u32),
    /// So many pods are deleted directly.
    KillPod(u32),
}

impl fmt::Display for EventAction {
    /// As `--event` and `do` take it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EventAction::Rollout => f.write_str("rollout"),
            EventAction::Rollback => f.write_str("rollback"),
            EventAction::Scale(replicas) => write!(f, "scale={replicas}"),
            EventAction::KillPod(1) => f.write_str("kill-pod"),
            EventAction::KillPod(pods) => write!(f, "kill-pod={pods}"),
        }
    }
}
