//! Values of one container, by its name or by `*`.

use super::values::{Fallback, Values, into_dist, knob};
use crate::config::knobs::{StopText, Value};
use crate::config::settings::Setting;
use crate::random::Dist;
use crate::units::Nanos;

/// Values of one container.
pub(super) struct Of<'n> {
    pub(super) name: &'n str,
    /// Whether `*` means this container, too.
    pub(super) star: bool,
    /// Whether it is the one that `*` means first.
    pub(super) main: bool,
}

impl Of<'_> {
    /// The paths that a knob of this container may have been set by.
    fn paths(&self, key: &str) -> Vec<String> {
        let named = format!("containers.{}.{key}", self.name);
        match self.star {
            true => vec![named, format!("containers.*.{key}")],
            false => vec![named],
        }
    }
}

impl<'d> Values<'d> {
    pub(super) fn of(&mut self, of: &Of<'_>, key: &str, fallback: Option<Fallback>) -> Option<Value> {
        let knob = knob(&format!("containers.*.{key}"));
        let paths = of.paths(key);
        let name = if of.main { knob.path } else { &paths[0] };
        self.find(knob, name, &paths, fallback)
    }

    /// What was said of a container, not what is assumed.
    pub(super) fn said_of(&mut self, of: &Of<'_>, key: &str) -> Option<&'d Setting> {
        self.strongest(&of.paths(key))
    }

    pub(super) fn dist_of(&mut self, of: &Of<'_>, key: &str, fallback: Option<Fallback>) -> Dist {
        self.of(of, key, fallback).map_or(Dist::ZERO, into_dist)
    }

    pub(super) fn span_of(&mut self, of: &Of<'_>, key: &str) -> Nanos {
        match self.of(of, key, None) {
            Some(Value::Duration(span)) => span,
            _ => Nanos::ZERO,
        }
    }

    pub(super) fn stop_of(&mut self, of: &Of<'_>, fallback: Option<Fallback>) -> StopText {
        match self.of(of, "on_stop", fallback) {
            Some(Value::Stop(stop)) => stop,
            _ => StopText { behaviour: "exit".to_owned(), ..StopText::default() },
        }
    }
}
