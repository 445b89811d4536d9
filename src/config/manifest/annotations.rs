//! Annotations of front-end controllers: texts that the API server does not look into.

use std::collections::BTreeMap;

use super::{ObjectMeta, TargetType, code};
use crate::config::similar::near_miss;
use crate::diag::Diagnostic;

/// The annotations of one controller on one object.
pub(super) struct Annotations<'m> {
    meta: &'m ObjectMeta,
    prefix: &'static str,
    pub(super) warnings: Vec<Diagnostic>,
}

impl<'m> Annotations<'m> {
    /// The annotations of an object that begin with `prefix`. Those that are nearly one of `names`
    /// are complained about.
    pub(super) fn of(meta: &'m ObjectMeta, prefix: &'static str, names: &[&'static str]) -> Annotations<'m> {
        let mut found = Annotations { meta, prefix, warnings: Vec::new() };
        let written = meta.annotations.keys().filter_map(|key| key.strip_prefix(prefix));
        for name in written.filter(|name| !names.contains(name)) {
            if let Some(meant) = near_miss(name, names) {
                found.complain(name, "has an unknown name", &format!("did you mean `{prefix}{meant}`?"));
            }
        }
        found
    }

    /// A value as it is written; an empty one counts as none.
    pub(super) fn take(&self, name: &str) -> Option<String> {
        let value = self.meta.annotations.get(&format!("{}{name}", self.prefix))?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// A whole number.
    pub(super) fn number(&mut self, name: &str) -> Option<u32> {
        let value = self.take(name)?;
        let number = value.parse().ok();
        if number.is_none() {
            self.complain(
                name,
                &format!("is `{value}`, not a whole number"),
                "write a number in quotes, without a unit",
            );
        }
        number
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.take(name)?;
        let flag = value.parse().ok();
        if flag.is_none() {
            self.complain(name, &format!("is `{value}`, not true or false"), "write \"true\" or \"false\"");
        }
        flag
    }

    /// `ip` or `instance`.
    pub(super) fn target_type(&mut self, name: &str) -> Option<TargetType> {
        match self.take(name)?.as_str() {
            "ip" => Some(TargetType::Ip),
            "instance" => Some(TargetType::Instance),
            value => {
                let problem = format!("is `{value}`");
                self.complain(name, &problem, "write `ip` or `instance`");
                None
            }
        }
    }

    /// A list such as `deregistration_delay.timeout_seconds=30,slow_start.duration_seconds=60`.
    pub(super) fn attributes(&mut self, name: &str) -> BTreeMap<String, String> {
        let mut attributes = BTreeMap::new();
        for part in self.take(name).unwrap_or_default().split(',').filter(|part| !part.trim().is_empty()) {
            match part.split_once('=') {
                Some((key, value)) => {
                    let seconds = key.trim().ends_with("_seconds");
                    if seconds && value.trim().parse::<u32>().is_err() {
                        self.complain(
                            name,
                            &format!("has `{part}`, not whole seconds"),
                            "write a number without a unit",
                        );
                    }
                    attributes.insert(key.trim().to_owned(), value.trim().to_owned());
                }
                None => self.complain(
                    name,
                    &format!("has `{part}` without a value"),
                    "write `key=value,key=value`",
                ),
            }
        }
        attributes
    }

    fn complain(&mut self, name: &str, problem: &str, help: &str) {
        let key = format!("{}{name}", self.prefix);
        let message = format!("{}: annotation {key} {problem}", self.meta.title());
        self.warnings.push(
            Diagnostic::warning(code::ANNOTATION, message)
                .at(self.meta.places.of(&format!("metadata.annotations[{key}]")))
                .label("not used")
                .help(help),
        );
    }
}
