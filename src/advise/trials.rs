//! What a setting is scored on: never one event, and all of it as data.
//!
//! A trial is a list of events in the words of `--event`. A word that this version does not
//! simulate makes no trial, and is listed as not scored.

use crate::config::case::Case;
use crate::config::described::{EventAction, EventLine};
use crate::config::events::parse_event;
use crate::model::canary::{pauses, weights};
use crate::model::deployment::{Strategy, resolve_fenceposts};
use crate::random::Dist;
use crate::sim::spec::{ContainerPlan, DeploymentPlan, SimSpec};
use crate::units::Nanos;
use crate::workload::{Load, OpenSource};

/// What is asked of a setting in a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Every goal.
    Goals,
    /// No setting makes a fault harmless: no more is lost than with the present one.
    NoWorse,
}

/// One trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Its name.
    pub name: &'static str,
    /// In words.
    pub what: &'static str,
    /// What is asked.
    pub demand: Demand,
    script: Script,
}

/// When and what happens.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Script {
    /// The scenario as it is written.
    Own,
    /// These, at this time.
    At(Nanos, Events),
}

/// Events, whose later ones wait for the earlier ones to come about.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Events {
    /// One event, and how long it lasts.
    One(&'static str, Nanos),
    /// A rollout, and back while it is under way.
    ThereAndBack,
    /// More pods, and as many as before once those are ready.
    OutAndIn,
}

/// A trial made for a setting: its events, and how long the load lasts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    /// `None`: the scenario's own.
    pub(super) events: Option<Vec<EventLine>>,
    /// At least so long.
    pub(super) duration: Nanos,
}

/// A constant load has a beginning, and then every moment is like the other.
const AT: Nanos = Nanos::from_secs(10);
/// For what comes after the last thing that is waited for.
const REST: Nanos = Nanos::from_secs(10);

/// Single events of trials: name, event without its time, seconds that it lasts, in words, what is
/// asked.
const SINGLE: &[(&str, &str, u64, &str, Demand)] = &[
    ("rollout", "rollout", 0, "every pod is replaced", Demand::Goals),
    ("pod deleted", "kill-pod", 0, "one pod is deleted, as an eviction does it", Demand::Goals),
    ("drain", "drain", 0, "a node is drained", Demand::Goals),
    ("crash", "crash-pod", 0, "the process of one pod ends without notice", Demand::NoWorse),
    ("slow dependency", "slow=3,60s", 60, "requests take three times as long for a minute", Demand::NoWorse),
];

/// The trials of a case, and what is not scored, each with the reason.
pub(super) fn trials(case: &Case, own: &[EventLine]) -> (Vec<Trial>, Vec<(&'static str, String)>) {
    let busiest = busiest(&case.spec.load);
    let at = busiest.unwrap_or(AT);
    let mut trials = vec![Trial {
        name: "as written",
        what: "the scenario with its own load and events",
        demand: Demand::Goals,
        script: Script::Own,
    }];
    let mut not_scored = Vec::new();
    let covered = |action: &EventAction| own.iter().any(|line| line.action == *action);
    for &(name, event, lasts, what, demand) in SINGLE {
        match parse_event(&format!("{event}@{at}")) {
            Ok((_, action)) if covered(&action) => {}
            Ok(_) => {
                let script = Script::At(at, Events::One(event, Nanos::from_secs(lasts)));
                trials.push(Trial { name, what, demand, script });
            }
            Err(_) => not_scored.push((name, format!("this version does not simulate `{event}`"))),
        }
    }
    trials.push(Trial {
        name: "rollback",
        what: "a rollout that is taken back while it is under way",
        demand: Demand::Goals,
        script: Script::At(at, Events::ThereAndBack),
    });
    let scaled = case.spec.deployments.first().is_some_and(|plan| plan.hpa.is_some());
    if scaled && busiest.is_some() {
        not_scored.push(("scale-in", "the autoscaler's own steps in `as written` stand for it".to_owned()));
    } else {
        trials.push(Trial {
            name: "scale-in",
            what: "a quarter more pods, and away again once they are ready",
            demand: Demand::Goals,
            script: Script::At(at, Events::OutAndIn),
        });
    }
    (trials, not_scored)
}

impl Trial {
    /// The trial for a case at some setting.
    pub(super) fn plan(&self, case: &Case, own: &[EventLine]) -> Plan {
        let bounds = Bounds::of(case);
        let texts: Vec<String> = match self.script {
            Script::Own => {
                let after = own.iter().map(|line| line.at + bounds.after(&line.action)).max();
                let duration = case.spec.load.duration().max(after.unwrap_or_default());
                return Plan { events: None, duration };
            }
            Script::At(at, Events::One(event, _)) => vec![format!("{event}@{at}")],
            Script::At(at, Events::ThereAndBack) => {
                let turn = at + Nanos::from_secs((bounds.usual.whole_secs() / 2).max(1));
                vec![format!("rollout@{at}"), format!("rollback@{turn}")]
            }
            Script::At(at, Events::OutAndIn) => {
                let more = bounds.replicas + bounds.replicas.div_ceil(4);
                let turn = at + bounds.wave;
                vec![format!("scale={more}@{at}"), format!("scale={}@{turn}", bounds.replicas)]
            }
        };
        let line =
            |text: &String| parse_event(text).ok().map(|(at, action)| EventLine { at, action, place: None });
        let events: Vec<EventLine> = texts.iter().filter_map(line).collect();
        let ends = events.iter().map(|line| line.at + bounds.after(&line.action));
        let lasts = match self.script {
            Script::At(_, Events::One(_, lasts)) => lasts,
            _ => Nanos::ZERO,
        };
        let duration = ends.max().unwrap_or(AT) + lasts;
        Plan { events: Some(events), duration }
    }

    /// Its events for people, for a case at some setting.
    pub(super) fn words(&self, case: &Case, own: &[EventLine]) -> String {
        let plan = self.plan(case, own);
        let events = plan.events.as_deref().unwrap_or(own);
        let words: Vec<String> = events.iter().map(|line| format!("{}@{}", line.action, line.at)).collect();
        if words.is_empty() { "no event".to_owned() } else { words.join(" ") }
    }
}

/// The moment of the highest rate of a load that changes.
fn busiest(load: &Load) -> Option<Nanos> {
    const PARTS: u64 = 500;
    let Load::Open(open) = load else { return None };
    let part = Nanos((load.duration().0 / PARTS).max(1));
    let rate = |index: u64| match &open.source {
        OpenSource::Rate { profile, .. } => profile.rate(Nanos(part.0 * index)),
        OpenSource::List(list) => {
            let before = |at: u64| list.partition_point(|arrival| arrival.0 < at);
            (before(part.0 * (index + 1)) - before(part.0 * index)) as f64
        }
    };
    let rates: Vec<f64> = (0..PARTS).map(rate).collect();
    let first = rates.first().copied()?;
    let (index, most) =
        rates.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
    let constant = matches!(&open.source, OpenSource::Rate { .. }) && most <= first;
    (!constant).then(|| Nanos::from_secs((part.0 * index as u64 / 1_000_000_000).max(AT.whole_secs())))
}

/// How long things take at most, roughly; a trial that proves too short is made longer.
struct Bounds {
    replicas: u32,
    /// One wave of new pods until they are available and in rotation.
    wave: Nanos,
    rollout: Nanos,
    /// A rollout as it usually goes.
    usual: Nanos,
    /// A pod from its deletion until nobody sends to it and it is gone.
    stop: Nanos,
}

impl Bounds {
    fn of(case: &Case) -> Bounds {
        let spec: &SimSpec = &case.spec;
        let Some(plan) = spec.deployments.first() else {
            return Bounds { replicas: 0, wave: REST, rollout: REST, usual: REST, stop: REST };
        };
        let template = plan.templates.last();
        let containers = template.map_or(&[][..], |template| &template.containers[..]);
        let after = |measure: fn(&Dist) -> Nanos| {
            containers.iter().map(|c| ready_after(c, measure)).max().unwrap_or_default()
        };
        let ready = after(Dist::upper_end);
        let soon = after(Dist::mean) + Nanos::from_secs(plan.min_ready_seconds.into());
        // Whole seconds are easier to read.
        let wave = Nanos::from_secs(ready.whole_secs() + u64::from(plan.min_ready_seconds)) + REST;
        let hook =
            containers.iter().filter_map(|c| c.pre_stop.as_ref()).map(|hook| hook.duration.upper_end());
        let grace = Nanos::from_secs(template.map_or(30, |template| template.grace_seconds).into());
        let removal = Nanos::from_secs_f64(case.margins.removal_s.2.clamp(0.0, 600.0));
        let stop = hook.max().unwrap_or_default().min(grace).max(removal) + REST;
        let waves = waves(plan);
        Bounds {
            replicas: plan.spec.replicas,
            wave,
            rollout: Nanos(wave.0.saturating_mul(waves)),
            usual: Nanos(soon.0.saturating_mul(waves)),
            stop,
        }
    }

    /// From an event until nothing of it is left.
    fn after(&self, action: &EventAction) -> Nanos {
        match action.of_pods() {
            EventAction::Rollout | EventAction::Rollback | EventAction::Drain(_) => self.rollout + self.stop,
            EventAction::BlueGreen(delay) => self.wave + *delay + self.stop,
            EventAction::Canary(steps) => self.rollout + pauses(steps) + self.stop,
            EventAction::RoutedCanary { steps, scale_down_delay } => {
                let waves = Nanos(self.wave.0.saturating_mul(weights(steps) + 1));
                waves + pauses(steps) + *scale_down_delay + self.stop
            }
            _ => self.wave + self.stop,
        }
    }
}

/// Until a container of a new pod is ready, by some measure of what takes time.
fn ready_after(container: &ContainerPlan, measure: fn(&Dist) -> Nanos) -> Nanos {
    let starts =
        measure(&container.image_pull) + measure(&container.start) + measure(&container.startup_time);
    let probes = [container.startup, container.readiness].into_iter().flatten().map(|probe| {
        let spec = probe.spec;
        let period = Nanos(spec.period().0.saturating_mul(u64::from(spec.success_threshold) + 1));
        Nanos::from_secs(spec.initial_delay_seconds.into()) + period
    });
    probes.fold(starts, |sum, probe| sum + probe)
}

/// How many batches a rollout makes at most.
fn waves(plan: &DeploymentPlan) -> u64 {
    let replicas =
        plan.hpa.as_ref().map_or(plan.spec.replicas, |hpa| hpa.spec.max_replicas.max(1).unsigned_abs());
    let at_once = match plan.spec.strategy {
        Strategy::Recreate => replicas,
        Strategy::RollingUpdate { max_surge, max_unavailable } => {
            let limits = resolve_fenceposts(max_surge, max_unavailable, replicas);
            limits.surge + limits.unavailable
        }
    };
    u64::from(replicas.div_ceil(at_once.max(1)).max(1))
}
