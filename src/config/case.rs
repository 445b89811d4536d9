//! A case: one configuration, read, completed and ready to be simulated.

use std::sync::Arc;

use crate::diag::{Diagnostic, Place};
use crate::sim::spec::SimSpec;

/// One configuration with everything that the files and flags said, everything that had to be
/// assumed, and the simulator's input that follows from both.
#[derive(Clone, Debug)]
pub struct Case {
    /// The scenario's name, or the workload's.
    pub name: String,
    /// A stable hash of every input, 16 hexadecimal digits.
    pub hash: String,
    /// What the simulator runs.
    pub spec: Arc<SimSpec>,
    /// Everything the files did not give.
    pub assumptions: Vec<Assumption>,
    /// What must hold.
    pub expectations: Vec<Expectation>,
    /// What a heading says.
    pub heading: Heading,
    /// Facts that margins need and the simulator does not.
    pub margins: MarginFacts,
    /// Fields and objects that were read and play no part, with the object's name.
    pub not_modelled: Vec<(String, String)>,
    /// Plain words about the input.
    pub warnings: Vec<Diagnostic>,
    /// The inputs themselves, by name, so that a result can be simulated again.
    pub inputs: Vec<(String, String)>,
    /// `--seed`.
    pub seed: u64,
    /// `--runs`.
    pub runs: u32,
}

/// The words of the first line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heading {
    /// `namespace/name`.
    pub workload: String,
    /// For example `900 rps open loop` or `200 connections`.
    pub load: String,
    /// For example `12 pods (HPA equilibrium, 3..24)`.
    pub size: String,
    /// For example `aws-alb-ip`.
    pub front_end: String,
    /// Nothing in files or flags tells what stands in front.
    pub front_end_assumed: bool,
    /// For example `kubernetes 1.35 assumed`.
    pub kubernetes: String,
}

impl Heading {
    /// The front end as a heading names it.
    pub fn front_end_words(&self) -> String {
        match self.front_end.split_once(" behind ") {
            _ if !self.front_end_assumed => self.front_end.clone(),
            Some((name, outer)) => format!("{name} assumed behind {outer}"),
            None => format!("{} assumed", self.front_end),
        }
    }
}

/// What margins compare with, in seconds or cores.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MarginFacts {
    /// Smallest, central and largest time from a deletion until this front end sends nothing more.
    pub removal_s: (f64, f64, f64),
    /// The longest time that a simulation may draw for that: the APIs of load balancers have a tail.
    pub longest_removal_s: f64,
    /// The same from the deletion of a pod of the front end until the tier before it sends nothing more.
    pub outer_removal_s: (f64, f64, f64),
    /// The longest of those.
    pub longest_outer_removal_s: f64,
    /// CPU limit per pod in cores, where there is one.
    pub cpu_limit_cores: Option<f64>,
    /// Server keep-alive and front-end idle timeout, where both keep connections.
    pub keepalive_s: Option<(f64, f64)>,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file or flag says it.
    Given,
    /// Documentation or source code of the real thing.
    Documented,
    /// Somebody measured it.
    Measured,
    /// Nobody knows; a plausible value.
    Guess,
}

/// An input that no file gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Assumption {
    /// The knob's name, for example `removal`.
    pub key: String,
    /// In words for a table, for example `ALB removal delay`.
    pub label: String,
    /// The value used, as the user would write it.
    pub value: String,
    /// The plausible range, if there is one: both ends as the user would write them, the end that
    /// is expected to lose less first.
    pub range: Option<(String, String)>,
    /// Where value and range come from.
    pub origin: Origin,
    /// Source in a few words.
    pub source: String,
    /// The flag or key that sets it.
    pub set_with: String,
    /// Worth varying: the answer may hang on it.
    pub decisive: bool,
}

/// One knob set to one value, over what files and flags say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The knob's name or alias, or `Kind/name:path`.
    pub knob: String,
    /// The value, as the user would write it.
    pub value: String,
}

/// Something that must hold of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Name of a metric.
    pub metric: String,
    /// A comparison, for example `== 0`, `>= 5s`, `in 3900..4500`.
    pub is: String,
    /// Where it is written, if in a file.
    pub place: Option<Place>,
}
