//! Finding a knob by any of its names.

use super::{Knob, all};
use crate::config::similar::near_miss;

/// A knob, and the path that settings of it carry.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The knob.
    pub knob: &'static Knob,
    /// Its path with the names filled in that were given: `containers.app.startup`,
    /// `Deployment/web:spec.replicas`. A `*` stays where no container was named, and stands for the
    /// containers that requests meet.
    pub path: String,
}

/// A name that no knob has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKnob {
    /// What was written.
    pub name: String,
    /// The knob that was probably meant.
    pub did_you_mean: Option<String>,
}

impl UnknownKnob {
    /// What to do about it, as a help text.
    pub fn help(&self) -> String {
        match &self.did_you_mean {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`podloss schema` lists everything that can be set".to_owned(),
        }
    }
}

/// Finds a knob by its alias (`removal`), an alias for one container (`preStop@nginx`), its path
/// (`front_end.removal`, `containers.app.startup`), its flag (`on-stop`), or as a field of an
/// object (`Deployment/web:spec.replicas`).
///
/// # Errors
/// No knob has that name; the error holds a near one.
pub fn find(name: &str) -> Result<Found, UnknownKnob> {
    let name = name.trim();
    let (base, container) = match name.split_once('@') {
        Some((base, container)) => (base, Some(container)),
        None => (name, None),
    };
    let by_name = |knob: &&Knob| {
        knob.alias == Some(base) || knob.path == base || knob.flag == Some(base.trim_start_matches('-'))
    };
    if let Some(knob) = all().find(by_name) {
        match container {
            None => return Ok(Found { knob, path: knob.path.to_owned() }),
            Some(container) if knob.path.contains('*') && !container.is_empty() => {
                return Ok(Found { knob, path: knob.path.replacen('*', container, 1) });
            }
            Some(_) => return Err(unknown(name)),
        }
    }
    all()
        .find(|knob| fits(knob.path, name))
        .map(|knob| Found { knob, path: name.to_owned() })
        .ok_or_else(|| unknown(name))
}

/// Whether a path with names filled in belongs to a knob's path.
fn fits(knob: &str, path: &str) -> bool {
    let (knob_kind, knob_path) = knob.split_once(':').unwrap_or(("", knob));
    let (kind, path) = path.split_once(':').unwrap_or(("", path));
    let kind = kind.split_once('/').map_or(kind, |(kind, _)| kind);
    if kind != knob_kind {
        return false;
    }
    let Some((before, after)) = knob_path.split_once('*') else { return knob_path == path };
    let middle = path.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    middle.is_some_and(|name| !name.is_empty() && !name.contains(['.', '[', ']']))
}

fn unknown(name: &str) -> UnknownKnob {
    let (base, container) = match name.split_once('@') {
        Some((base, container)) => (base, Some(container)),
        None => (name, None),
    };
    let names: Vec<&str> =
        all().flat_map(|knob| [knob.alias, Some(knob.path), knob.flag]).flatten().collect();
    let last = base.rsplit(['.', ':']).next().unwrap_or(base);
    let ending = || {
        let mut ends = names.iter().filter(|known| known.rsplit(['.', ':']).next() == Some(last));
        ends.next().copied().filter(|_| !last.is_empty())
    };
    let meant = near_miss(base, &names).or_else(ending).map(|meant| match container {
        Some(container) if meant.contains('*') || !meant.contains(':') => format!("{meant}@{container}"),
        _ => meant.to_owned(),
    });
    UnknownKnob { name: name.to_owned(), did_you_mean: meant.filter(|meant| meant != name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_a_knob_finds_it() {
        for (name, knob, path) in [
            ("removal", "front_end.removal", "front_end.removal"),
            ("front_end.removal", "front_end.removal", "front_end.removal"),
            ("on-stop", "containers.*.on_stop", "containers.*.on_stop"),
            ("startup", "containers.*.startup", "containers.*.startup"),
            ("startup@app", "containers.*.startup", "containers.app.startup"),
            ("containers.app.startup", "containers.*.startup", "containers.app.startup"),
            ("maxSurge", "Deployment:spec.strategy.rollingUpdate.maxSurge", ""),
            (
                "Deployment/web:spec.template.spec.terminationGracePeriodSeconds",
                "Deployment:spec.template.spec.terminationGracePeriodSeconds",
                "Deployment/web:spec.template.spec.terminationGracePeriodSeconds",
            ),
            (
                "preStop@nginx",
                "Deployment:spec.template.spec.containers[*].lifecycle.preStop.sleep.seconds",
                "Deployment:spec.template.spec.containers[nginx].lifecycle.preStop.sleep.seconds",
            ),
            (
                "Deployment:spec.template.spec.containers[0].readinessProbe.periodSeconds",
                "Deployment:spec.template.spec.containers[*].readinessProbe.periodSeconds",
                "Deployment:spec.template.spec.containers[0].readinessProbe.periodSeconds",
            ),
        ] {
            let found = find(name).unwrap_or_else(|error| panic!("{error:?}"));
            assert_eq!(found.knob.path, knob, "{name}");
            assert_eq!(found.path, if path.is_empty() { knob } else { path }, "{name}");
        }
    }

    #[test]
    fn slips_are_answered_with_the_right_name() {
        for (name, meant) in [
            ("remval", Some("removal")),
            ("prestop", Some("preStop")),
            ("prestop@nginx", Some("preStop@nginx")),
            ("readiness.periodSecond", Some("readiness.periodSeconds")),
            ("front_end.remval", Some("front_end.removal")),
            ("nonsense.xyz", None),
            ("", None),
        ] {
            let error = find(name).expect_err(name);
            assert_eq!(error.did_you_mean.as_deref(), meant, "{name}");
        }
        assert!(find("removal@app").is_err(), "removal belongs to no container");
    }
}
