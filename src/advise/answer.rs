//! The answer as plain data, and the question.

use std::sync::Arc;

use super::goal::{Goal, Shortfall};
use super::knobs::{Knob, Left, Wish};
use super::patch::Patch;
use super::trials::Trial;
use super::unknowns::Unknown;
use crate::config::case::{Case, Heading};

/// What "cheapest" means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Pods over time.
    PodHours,
    /// How long a rollout takes.
    RolloutTime,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What must hold.
    pub goals: Vec<Goal>,
    /// What to keep small.
    pub cost: Cost,
    /// The knobs to turn; all that fit if there are none.
    pub wishes: Vec<Wish>,
    /// Fresh runs in every cell of the verification.
    pub runs: u32,
    /// Threads; `None` for one per core.
    pub threads: Option<usize>,
}

/// The answer in one word.
#[derive(Clone, Debug, PartialEq)]
pub enum Conclusion {
    /// The setting holds over the whole ranges.
    Holds,
    /// It holds over the ranges as they were narrowed: what fails beyond them.
    Narrowed(Shortfall),
    /// Nothing holds: what fails with the dearest setting, at the good ends.
    Nothing(Shortfall),
    /// A setting was found, and fresh runs went on finding failures. There is no patch then.
    Undecided(Shortfall),
}

/// A knob with its advised value.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// The knob.
    pub knob: Knob,
    /// The advised value, by its place in the grid.
    pub advised: usize,
    /// What fails with the next cheaper value, where the knob may have it.
    pub bound: Option<Shortfall>,
}

/// What a setting costs besides, at the usual values of the unknowns: means over a few runs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Costs {
    /// Pods on average in the scenario as written, which are pod-hours per hour.
    pub pods: Option<f64>,
    /// Seconds of a rollout.
    pub rollout_s: Option<f64>,
    /// Seconds of a rollback.
    pub rollback_s: Option<f64>,
    /// The most pods at once in any trial, terminating ones included.
    pub peak_pods: u32,
    /// The most terminating pods at once.
    pub terminating: u32,
    /// The longest a pod took to go, in seconds.
    pub stop_s: Option<f64>,
}

/// What was run to verify the advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Seed of the fresh runs.
    pub seed: u64,
    /// How many runs.
    pub runs: u32,
    /// In how many combinations of trial and corner.
    pub cells: u32,
}

/// Background of the case that the words about advice need.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Background {
    /// The minor version of Kubernetes.
    pub kubernetes_minor: u32,
    /// Grace period with the advised setting, in seconds.
    pub grace_s: u32,
    /// The longest preStop hook with the advised setting, in seconds.
    pub hook_s: f64,
    /// Connections stay with the pod that they lead to, whatever the front end lists.
    pub pinned: bool,
    /// The front end keeps connections to pods.
    pub pooled: bool,
    /// Containers that stop side by side.
    pub containers: Vec<String>,
    /// The autoscaler's least size with the advised setting.
    pub hpa_min: Option<u32>,
    /// Budgets for evictions, by name.
    pub budgets: Vec<String>,
}

/// Advice, and what it rests on.
#[derive(Clone, Debug)]
pub struct Advice {
    /// The case's name.
    pub name: String,
    /// The words of the first line.
    pub heading: Heading,
    /// What was asked.
    pub question: Question,
    /// What fails at present, at the worst corner.
    pub present: Option<Shortfall>,
    /// The answer.
    pub conclusion: Conclusion,
    /// One line per knob; without an answer the values of the dearest setting.
    pub values: Vec<Value>,
    /// Knobs that were left alone.
    pub left: Vec<Left>,
    /// The ranges that it holds over.
    pub unknowns: Vec<Unknown>,
    /// What it was scored on, with its events in words.
    pub trials: Vec<(Trial, String)>,
    /// What it was not scored on, and why.
    pub not_scored: Vec<(&'static str, String)>,
    /// What the present setting costs, and the advised one.
    pub costs: [Costs; 2],
    /// Empty where nothing is to be changed.
    pub patch: Patch,
    /// `None` where there was nothing to verify.
    pub verified: Option<Verified>,
    /// Runs of the whole search.
    pub simulated: u32,
    /// See [`Background`].
    pub background: Background,
}

impl Background {
    pub(super) fn of(case: &Case, budgets: Vec<String>) -> Background {
        let spec = Arc::clone(&case.spec);
        let plan = spec.deployments.first();
        let template = plan.and_then(|plan| plan.templates.last());
        let containers = template.map_or(&[][..], |template| &template.containers[..]);
        let beside = containers.iter().filter(|container| !container.is_sidecar);
        let hooks = containers.iter().filter_map(|container| container.pre_stop.as_ref());
        let tier = spec.tiers.last();
        Background {
            kubernetes_minor: spec.kubernetes_minor,
            grace_s: template.map_or(30, |template| template.grace_seconds),
            hook_s: hooks.map(|hook| hook.duration.upper_end().as_secs_f64()).fold(0.0, f64::max),
            pinned: tier.is_some_and(|tier| tier.connections_outlive_lists()),
            pooled: tier.is_some_and(|tier| tier.keepalive.is_some()),
            containers: beside.map(|container| container.name.clone()).collect(),
            hpa_min: plan.and_then(|plan| Some(plan.hpa.as_ref()?.spec.min_replicas.unsigned_abs())),
            budgets,
        }
    }
}
