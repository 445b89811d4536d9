//! What the files and flags of one case say, read and not yet judged: the input of `config::lower`.

use std::fmt;

use super::case::Expectation;
use super::events::OLD_STAY;
use super::lower::code;
use super::manifest::{Deployment, Manifests, Progressive};
use super::settings::Settings;
use crate::diag::{Diagnostic, Place};
use crate::model::blue_green::SCALE_DOWN_DELAY;
use crate::model::canary::CanaryStep;
use crate::units::{Nanos, format_duration};
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

impl EventLine {
    /// The same event for this workload: how a Rollout of Argo replaces its pods, its manifest says.
    ///
    /// # Errors
    /// The manifest leaves the course open, or asks for one that is not simulated; a rollback.
    pub fn for_workload(mut self, workload: &Deployment) -> Result<EventLine, Diagnostic> {
        let strategy = match (&self.action, &workload.progressive) {
            (EventAction::Rollout, Some(strategy)) => strategy,
            (EventAction::Rollback, Some(_)) => {
                let message = format!("{}: its rollback or abort is not simulated", workload.meta.title());
                let error = Diagnostic::error(code::EVENT, message).help("leave the rollback out");
                return Err(self.place.into_iter().fold(error, Diagnostic::at));
            }
            _ => return Ok(self),
        };
        self.action = EventAction::by(strategy);
        let Progressive::Canary { open: Some(open), .. } = strategy else { return Ok(self) };
        let message = format!("{}: {}", workload.meta.title(), open.what);
        let help = format!(
            "write the course that you expect as the event, in place of `rollout`: {}@{}",
            self.action, self.at
        );
        Err(Diagnostic::error(code::EVENT, message).at(open.place.clone()).label("open").help(help))
    }
}

/// Before a word: this happens to the pods that the front end's processes are.
pub const OF_INGRESS: &str = "ingress-";

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventAction {
    /// The pod template changes: to the given manifests from those of `--from`, or, without it, a
    /// restart with the same template.
    Rollout,
    /// The same in one go, as Argo Rollouts' blue/green strategy does it: a second set of pods at full size,
    /// a Service that is switched, and the old pods this long afterwards.
    BlueGreen(Nanos),
    /// The same in steps, as its canary strategy does it by the number of pods.
    Canary(Vec<CanaryStep>),
    /// The same with a traffic router, which shares the requests out by weight; the old pods stay this long
    /// after the last step.
    RoutedCanary {
        /// Weights and pauses.
        steps: Vec<CanaryStep>,
        /// `scaleDownDelaySeconds`.
        scale_down_delay: Nanos,
    },
    /// Back to the template before.
    Rollback,
    /// `spec.replicas` is set.
    Scale(u32),
    /// So many pods get this deletion cost: those with the fewest requests, or if it is positive with the
    /// most.
    DeletionCost {
        /// The value of the annotation.
        cost: i32,
        /// How many.
        pods: u32,
    },
    /// So many pods are deleted directly.
    KillPod(u32),
    /// The process that serves crashes in so many pods.
    CrashPod(u32),
    /// The same, because it exceeded its memory limit.
    OomKill(u32),
    /// So many nodes are drained, one after the other.
    Drain(u32),
    /// So many nodes die.
    LoseNode(u32),
    /// All nodes of a zone die.
    LoseZone,
    /// Services take longer for a while.
    Slow {
        /// How many times as long, in thousandths.
        times_milli: u32,
        /// For this time.
        lasts: Nanos,
    },
    /// The dependency that probes ask for is down, for this time.
    DependencyDown(Nanos),
    /// So many processes of the front end get no changes of the endpoints any more: to the end, or for this
    /// time.
    StaleFrontEnd {
        /// How many.
        processes: u32,
        /// For this time.
        lasts: Option<Nanos>,
    },
    /// This happens to the pods that the front end's processes are.
    OfIngress(Box<EventAction>),
}

impl EventAction {
    /// A rollout by the strategy of a Rollout of Argo. Without steps a canary takes all in one.
    fn by(strategy: &Progressive) -> EventAction {
        match strategy {
            Progressive::BlueGreen { scale_down_delay, .. } => EventAction::BlueGreen(*scale_down_delay),
            Progressive::Canary { steps, routed, .. } => {
                let all = vec![CanaryStep::SetWeight(100)];
                let steps = if steps.is_empty() { all } else { steps.clone() };
                match *routed {
                    Some(scale_down_delay) => EventAction::RoutedCanary { steps, scale_down_delay },
                    None => EventAction::Canary(steps),
                }
            }
        }
    }

    /// What happens, whosever pods it happens to.
    pub fn of_pods(&self) -> &EventAction {
        match self {
            EventAction::OfIngress(action) => action,
            action => action,
        }
    }

    /// Whether it happens to the pods that the front end's processes are.
    pub fn is_of_ingress(&self) -> bool {
        matches!(self, EventAction::OfIngress(_))
    }
}

impl fmt::Display for EventAction {
    /// As `--event` and `do` take it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EventAction::Rollout => f.write_str("rollout"),
            EventAction::BlueGreen(SCALE_DOWN_DELAY) => f.write_str("blue-green"),
            EventAction::BlueGreen(delay) => write!(f, "blue-green={}", format_duration(*delay)),
            EventAction::Canary(steps) => write!(f, "canary={}", in_words(steps)),
            EventAction::RoutedCanary { steps, scale_down_delay: SCALE_DOWN_DELAY } => {
                write!(f, "routed-canary={}", in_words(steps))
            }
            EventAction::RoutedCanary { steps, scale_down_delay } => {
                let delay = format_duration(*scale_down_delay);
                write!(f, "routed-canary={},{OLD_STAY}{delay}", in_words(steps))
            }
            EventAction::Rollback => f.write_str("rollback"),
            EventAction::Scale(replicas) => write!(f, "scale={replicas}"),
            EventAction::DeletionCost { cost, pods: 1 } => write!(f, "deletion-cost={cost}"),
            EventAction::DeletionCost { cost, pods } => write!(f, "deletion-cost={cost},{pods}"),
            EventAction::KillPod(pods) => counted(f, "kill-pod", *pods),
            EventAction::CrashPod(pods) => counted(f, "crash-pod", *pods),
            EventAction::OomKill(pods) => counted(f, "oom-kill", *pods),
            EventAction::Drain(nodes) => counted(f, "drain", *nodes),
            EventAction::LoseNode(nodes) => counted(f, "lose-node", *nodes),
            EventAction::LoseZone => f.write_str("lose-zone"),
            EventAction::Slow { times_milli, lasts } => {
                write!(f, "slow={},{}", f64::from(*times_milli) / 1e3, format_duration(*lasts))
            }
            EventAction::DependencyDown(lasts) => write!(f, "dependency-down={}", format_duration(*lasts)),
            EventAction::StaleFrontEnd { processes, lasts: None } => {
                counted(f, "stale-front-end", *processes)
            }
            EventAction::StaleFrontEnd { processes, lasts: Some(lasts) } => {
                write!(f, "stale-front-end={processes},{}", format_duration(*lasts))
            }
            EventAction::OfIngress(action) => write!(f, "{OF_INGRESS}{action}"),
        }
    }
}

/// Steps as an event takes them.
fn in_words(steps: &[CanaryStep]) -> String {
    let words = steps.iter().map(|step| match step {
        CanaryStep::SetWeight(weight) => format!("{weight}%"),
        CanaryStep::Pause(pause) => format_duration(*pause),
    });
    words.collect::<Vec<_>>().join(",")
}

/// A word with the number it counts, which is one if it is not said.
fn counted(f: &mut fmt::Formatter<'_>, word: &str, number: u32) -> fmt::Result {
    if number == 1 { f.write_str(word) } else { write!(f, "{word}={number}") }
}
