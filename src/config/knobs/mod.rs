//! The knob registry: everything that can be set, once.
//!
//! It feeds `--set`, sweeps, `advise`, the list of assumptions, the JSON Schema, the lint and the
//! documents. A knob is data; what it does to the simulator's input is in `config::lower`.

use super::case::Origin;

/// Something that can be set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knob {
    /// Where it stands in a scenario file, with `*` for a container's name: `front_end.removal`,
    /// `containers.*.startup`; for fields of Kubernetes objects `Kind:path`, such as
    /// `Deployment:spec.strategy.rollingUpdate.maxSurge`.
    pub path: &'static str,
    /// The short name for `--set` and `--sweep`, such as `removal` or `preStop`.
    pub alias: Option<&'static str>,
    /// The flag of its own, without dashes, if it has one.
    pub flag: Option<&'static str>,
    /// What a value looks like.
    pub kind: Kind,
    /// The value when nobody says one; `None` where a rule finds it (manifest, preset, load).
    pub default: Option<&'static str>,
    /// The plausible range of an unknown, the end that is expected to lose less first.
    pub range: Option<(&'static str, &'static str)>,
    /// Where default and range come from.
    pub origin: Origin,
    /// That source in a few words.
    pub source: &'static str,
    /// The answer may hang on it: worth varying.
    pub decisive: bool,
    /// One sentence for help, schema and documents, with the unit.
    pub doc: &'static str,
}

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `45ms`, `1m30s`.
    Duration,
    /// Whole seconds; bare numbers are taken, as in Kubernetes.
    Seconds,
    /// A duration, or a distribution: `median=8s,p99=15s`, `mean=45ms,sigma=0.5`,
    /// `uniform=1s..3s`, `exponential=2s`; for an unknown also a range `8s..15s`.
    Dist,
    /// A whole number in these bounds.
    Count {
        /// Least.
        min: u64,
        /// Greatest.
        max: u64,
    },
    /// `20%` or `0.2`.
    Share,
    /// A finite number, zero or more.
    Number,
    /// CPU: `8m`, `0.5`.
    Cores,
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `3` or `25%`.
    IntOrPercent,
    /// Anything.
    Text,
}
