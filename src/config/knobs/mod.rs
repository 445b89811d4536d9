//! The knob registry: everything that can be set, once.
//!
//! It feeds `--set`, sweeps, the list of assumptions, the JSON Schema, the lint and the
//! documents. A knob is data; what it does to the simulator's input is in `config::lower` (and,
//! for `load.*`, in `config::load`).

mod checks;
mod client;
mod containers;
mod control;
mod fields;
mod find;
mod front_end;
mod load;
mod outer;
mod stop;
mod value;

pub use find::{Found, UnknownKnob, find};
pub use stop::{Keep, StopText};
pub use value::{Said, Value};

use super::case::Origin;

/// Something that can be set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knob {
    /// Where it stands in a scenario file, with `*` for a container's name: `front_end.removal`,
    /// `containers.*.startup`; for fields of Kubernetes objects `Kind:path`, such as
    /// `Deployment:spec.strategy.rollingUpdate.maxSurge`, with `[*]` for a container.
    pub path: &'static str,
    /// The short name for `--set` and `--sweep`, such as `removal` or `preStop`.
    pub alias: Option<&'static str>,
    /// The flag of its own, without dashes, if it has one.
    pub flag: Option<&'static str>,
    /// In words for a table, such as `removal delay`.
    pub label: &'static str,
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
    /// The event that it takes effect with, if it needs one.
    pub event: Option<&'static str>,
    /// One sentence for help, schema and documents, with the unit.
    pub doc: &'static str,
}

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `45ms`, `1m30s`.
    Duration,
    /// A duration, or `never`.
    Limit,
    /// Whole seconds; bare numbers are taken, as in Kubernetes.
    Seconds,
    /// A duration, or a distribution: `median=8s,p99=15s`, `mean=45ms,sigma=0.5`,
    /// `uniform=1s..3s`, `exponential=2s`; for an unknown also a range `8s..15s`.
    Dist,
    /// A distribution with the CPU time of a request beside it: `45ms,p99=82ms,cpu=8ms`.
    Service,
    /// What a process does on its stop signal: `exit`, `drain`, `drain,limit=20s`, `drain,keep=busy`, `hold`,
    /// `decline`, `linger=5s,limit=20s`, `ignore`, or the name of a termination preset.
    Stop,
    /// A whole number in these bounds.
    Count {
        /// Least.
        min: u64,
        /// Greatest.
        max: u64,
    },
    /// A whole number, or `unbounded`.
    Bound,
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
    /// `1.35`: a version of Kubernetes.
    Version,
    /// Anything.
    Text,
}

/// All knobs by group, in the order documents list them.
pub const GROUPS: &[(&str, &[Knob])] = &[
    ("general", load::GENERAL),
    ("load", load::LOAD),
    ("client", client::CLIENT),
    ("containers", containers::CONTAINERS),
    ("front_end", front_end::FRONT_END),
    ("front_end", checks::CHECKS),
    ("outer", outer::OUTER),
    ("network", client::NETWORK),
    ("control", control::CONTROL),
    ("metrics", control::METRICS),
    ("fields", fields::FIELDS),
];

/// All knobs.
pub fn all() -> impl Iterator<Item = &'static Knob> {
    GROUPS.iter().flat_map(|(_, knobs)| knobs.iter())
}

/// Builders, so that a table of knobs reads like one.
impl Knob {
    const fn new(path: &'static str, kind: Kind, label: &'static str, doc: &'static str) -> Knob {
        Knob {
            path,
            alias: None,
            flag: None,
            label,
            kind,
            default: None,
            range: None,
            origin: Origin::Given,
            source: "the files or flags",
            decisive: false,
            event: None,
            doc,
        }
    }

    const fn alias(mut self, alias: &'static str) -> Knob {
        self.alias = Some(alias);
        self
    }

    const fn flag(mut self, flag: &'static str) -> Knob {
        self.flag = Some(flag);
        self
    }

    const fn default(mut self, text: &'static str) -> Knob {
        self.default = Some(text);
        self
    }

    const fn range(mut self, less: &'static str, more: &'static str) -> Knob {
        self.range = Some((less, more));
        self
    }

    const fn guess(mut self, source: &'static str) -> Knob {
        self.origin = Origin::Guess;
        self.source = source;
        self
    }

    const fn documented(mut self, source: &'static str) -> Knob {
        self.origin = Origin::Documented;
        self.source = source;
        self
    }

    const fn measured(mut self, source: &'static str) -> Knob {
        self.origin = Origin::Measured;
        self.source = source;
        self
    }

    const fn decisive(mut self) -> Knob {
        self.decisive = true;
        self
    }

    const fn with_event(mut self, word: &'static str) -> Knob {
        self.event = Some(word);
        self
    }

    /// The name that `--set` takes: the alias where there is one.
    pub fn name(&self) -> &'static str {
        self.alias.unwrap_or(self.path)
    }

    /// How a user sets it: the flag where there is one.
    pub fn set_with(&self) -> String {
        match self.flag {
            Some(flag) => format!("--{flag}"),
            None => format!("--set {}=", self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_defaults_and_ranges_are_valid_values() {
        let mut names = BTreeSet::new();
        for knob in all() {
            for name in [Some(knob.path), knob.alias].into_iter().flatten() {
                assert!(names.insert(name), "{name} is there twice");
            }
            let ends = knob.range.map(|(a, b)| [a, b]).into_iter().flatten();
            for text in knob.default.into_iter().chain(ends) {
                if let Err(error) = knob.kind.parse(text) {
                    panic!("{}: `{text}`: {error}", knob.path);
                }
            }
            assert!(knob.doc.ends_with('.'), "{}: documents want sentences", knob.path);
            assert!(!knob.decisive || knob.default.is_none() || knob.range.is_some(), "{}", knob.path);
        }
    }

    #[test]
    fn flags_are_unique() {
        let mut flags = BTreeSet::new();
        for flag in all().filter_map(|knob| knob.flag) {
            assert!(flags.insert(flag), "--{flag} is there twice");
        }
    }
}
