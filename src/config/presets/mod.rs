//! Presets: what is known of front ends and of how processes stop, as tables.
//!
//! A front-end preset is a list of values for the knobs under `front_end.` (and for what the
//! network around it is like), each with where it comes from.

mod cloud;
mod proxies;
mod termination;

pub use termination::{Termination, TerminationPreset, termination, terminations};

use super::case::Origin;
use super::similar::near_miss;

/// A front end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrontEndPreset {
    /// Its name.
    pub name: &'static str,
    /// In words, with the version that was looked at.
    pub title: &'static str,
    /// How it hands a new list of endpoints on.
    pub updates: Updates,
    /// Values of knobs.
    pub params: &'static [Param],
}

/// How a front end's control plane hands a new list to its processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updates {
    /// In place.
    InPlace,
    /// By a new generation of processes.
    Reload,
    /// Rate-limited syncs, and workers that poll.
    SyncAndPoll,
    /// By registration at a cloud load balancer.
    TargetGroup,
}

impl Updates {
    /// The word that documents use.
    pub fn word(self) -> &'static str {
        match self {
            Updates::InPlace => "in place",
            Updates::Reload => "by reload",
            Updates::SyncAndPoll => "by rate-limited sync and polling workers",
            Updates::TargetGroup => "by registration in a target group",
        }
    }
}

/// One value of a preset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Param {
    /// The knob's path.
    pub path: &'static str,
    /// The value, as a user would write it.
    pub value: &'static str,
    /// The plausible range, the end that is expected to lose less first.
    pub range: Option<(&'static str, &'static str)>,
    /// Where it comes from.
    pub origin: Origin,
    /// That source in a few words.
    pub source: &'static str,
}

impl Param {
    const fn documented(path: &'static str, value: &'static str, source: &'static str) -> Param {
        Param { path, value, range: None, origin: Origin::Documented, source }
    }

    const fn measured(path: &'static str, value: &'static str, source: &'static str) -> Param {
        Param { path, value, range: None, origin: Origin::Measured, source }
    }

    const fn guess(path: &'static str, value: &'static str, source: &'static str) -> Param {
        Param { path, value, range: None, origin: Origin::Guess, source }
    }

    const fn range(mut self, less: &'static str, more: &'static str) -> Param {
        self.range = Some((less, more));
        self
    }
}

impl FrontEndPreset {
    /// The preset's value of a knob.
    pub fn param(&self, path: &str) -> Option<&'static Param> {
        self.params.iter().find(|param| param.path == path)
    }
}

/// All front ends.
pub fn front_ends() -> impl Iterator<Item = &'static FrontEndPreset> {
    proxies::PROXIES.iter().chain(cloud::CLOUD)
}

/// A front end by its name.
///
/// # Errors
/// There is none of that name; the text says which there are.
pub fn front_end(name: &str) -> Result<&'static FrontEndPreset, String> {
    front_ends().find(|preset| preset.name == name).ok_or_else(|| {
        let names: Vec<&str> = front_ends().map(|preset| preset.name).collect();
        let related = related(name, &names);
        if SIDECARS.contains(&name) {
            return "a mesh's proxy beside the application is no front end: --set mesh=istio (or istio-native) puts \
                    Istio's into every pod; the gateway in front of them is `istio-gateway`"
                .to_owned();
        }
        if !related.is_empty() {
            return format!("did you mean {}?", related.join(" or "));
        }
        match near_miss(name, &names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are {}", names.join(", ")),
        }
    })
}

/// What people call a mesh's proxy when they look for it among the front ends.
const SIDECARS: &[&str] =
    &["istio", "istio-proxy", "istio-sidecar", "envoy-sidecar", "linkerd", "mesh", "sidecar"];

/// The names that have every word of `name`: `aws-alb` means two of them, `nginx-ingress` is the same two
/// words the other way round.
fn related(name: &str, names: &[&str]) -> Vec<String> {
    let has = |preset: &str, word: &str| preset.split('-').any(|part| part == word);
    let fits = |preset: &&&str| name.split('-').all(|word| has(preset, word));
    names.iter().filter(fits).map(|preset| format!("`{preset}`")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::knobs;

    #[test]
    fn every_value_is_one_of_a_knob_and_has_a_source() {
        let mut names = BTreeSet::new();
        for preset in front_ends() {
            assert!(names.insert(preset.name));
            let mut paths = BTreeSet::new();
            for param in preset.params {
                assert!(paths.insert(param.path), "{}: {} twice", preset.name, param.path);
                let knob = knobs::find(param.path).expect(param.path).knob;
                assert!(!param.source.is_empty());
                let ends = param.range.map(|(a, b)| [a, b]).into_iter().flatten();
                for text in std::iter::once(param.value).chain(ends) {
                    if let Err(error) = knob.kind.parse(text) {
                        panic!("{}: {}: {error}", preset.name, param.path);
                    }
                }
            }
            assert!(!preset.params.is_empty());
        }
    }

    #[test]
    fn names_are_found_and_slips_are_answered() {
        assert_eq!(front_end("aws-alb-ip").map(|preset| preset.name), Ok("aws-alb-ip"));
        assert_eq!(front_end("ingres-nginx").unwrap_err(), "did you mean `ingress-nginx`?");
        assert!(front_end("f5").unwrap_err().contains("aws-alb-ip"));
        for (name, answer) in [
            ("aws-alb", "did you mean `aws-alb-ip` or `aws-alb-instance`?"),
            ("nlb", "did you mean `aws-nlb-instance` or `aws-nlb`?"),
            ("nginx-ingress", "did you mean `ingress-nginx`?"),
            ("gateway", "did you mean `istio-gateway`?"),
            ("envoyy", "did you mean `envoy`?"),
        ] {
            assert_eq!(front_end(name).unwrap_err(), answer, "{name}");
        }
        for name in ["istio", "istio-sidecar"] {
            let answer = front_end(name).unwrap_err();
            assert!(answer.contains("--set mesh=istio") && answer.contains("`istio-gateway`"), "{answer}");
        }
    }
}
