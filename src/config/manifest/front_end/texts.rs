//! Settings of front-end controllers: annotations, and keys of ConfigMaps. They are texts that the API
//! server does not look into.

use std::collections::BTreeMap;

use super::super::config_map::ConfigMap;
use super::super::{ObjectMeta, code};
use super::TargetType;
use super::controllers::Controller;
use super::told::{Form, Told, UNREAD_HELP};
use crate::config::similar::near_miss;
use crate::diag::Diagnostic;

/// The settings of one controller on one object.
pub(super) struct Texts<'m> {
    meta: &'m ObjectMeta,
    texts: &'m BTreeMap<String, String>,
    /// Where they stand, and what messages call one.
    home: (&'static str, &'static str),
    prefix: &'static str,
    pub(super) warnings: Vec<Diagnostic>,
}

impl<'m> Texts<'m> {
    /// The annotations of an object that belong to a controller. Those that are not read, and may
    /// decide, are complained about.
    pub(super) fn of(meta: &'m ObjectMeta, controller: &Controller) -> Texts<'m> {
        let home = ("metadata.annotations", "annotation");
        let mut found =
            Texts { meta, texts: &meta.annotations, home, prefix: controller.prefix, warnings: Vec::new() };
        found.judge(controller);
        found
    }

    /// The keys of a controller's ConfigMap, likewise.
    pub(super) fn in_config(map: &'m ConfigMap, controller: &Controller) -> Texts<'m> {
        let (home, meta) = (("data", "key"), &map.meta);
        let mut found = Texts { meta, texts: &map.data, home, prefix: "", warnings: Vec::new() };
        found.judge(controller);
        found
    }

    fn judge(&mut self, controller: &Controller) {
        let (texts, prefix) = (self.texts, self.prefix);
        let written = texts.keys().filter_map(|key| key.strip_prefix(prefix));
        for name in written.filter(|name| !controller.reads(name) && !controller.is_harmless(name)) {
            match near_miss(name, &controller.names()) {
                Some(meant) => {
                    let help = format!("did you mean `{prefix}{meant}`?");
                    self.complain(name, "has an unknown name", &help);
                }
                None => self.unread(name, "is not read"),
            }
        }
    }

    /// A value as it is written; an empty one counts as none.
    pub(super) fn take(&self, name: &str) -> Option<String> {
        let value = self.texts.get(&format!("{}{name}", self.prefix))?.trim();
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

    /// A list such as `deregistration_delay.timeout_seconds=30,slow_start.duration_seconds=60`. Keys
    /// other than `read` and `harmless` ones are complained about.
    pub(super) fn attributes(
        &mut self,
        name: &str,
        read: &[&str],
        harmless: &[&str],
    ) -> BTreeMap<String, String> {
        let mut attributes = BTreeMap::new();
        for part in self.take(name).unwrap_or_default().split(',').filter(|part| !part.trim().is_empty()) {
            let Some((key, value)) = part.split_once('=') else {
                let problem = format!("has `{part}` without a value");
                self.complain(name, &problem, "write `key=value,key=value`");
                continue;
            };
            let (key, value) = (key.trim(), value.trim());
            if key.ends_with("_seconds") && value.parse::<u32>().is_err() {
                let problem = format!("has `{part}`, not whole seconds");
                self.complain(name, &problem, "write a number without a unit");
            } else if !read.contains(&key) && !super::controllers::fits(harmless, key) {
                self.unread(name, &format!("has `{part}`, which is not read"));
            }
            attributes.insert(key.to_owned(), value.to_owned());
        }
        attributes
    }

    /// Everything that the controller's table says of knobs.
    pub(super) fn knobs(&mut self, controller: &Controller, said: &mut Told) {
        for (name, path, form) in controller.knobs {
            self.knob(name, path, *form, said);
        }
    }

    fn knob(&mut self, name: &str, path: &'static str, form: Form, said: &mut Told) {
        let Some(written) = self.take(name) else { return };
        match form.text(path, &written) {
            Ok(text) => said.values.push((path, text)),
            Err(error) => self.unread(name, &format!("is `{written}`: {error}")),
        }
    }

    pub(super) fn complain(&mut self, name: &str, problem: &str, help: &str) {
        self.warn(code::ANNOTATION, name, problem, "not used", help);
    }

    /// A setting that may decide who gets which request, and that is not read.
    pub(super) fn unread(&mut self, name: &str, problem: &str) {
        self.warn(code::NOT_READ, name, problem, "without effect here", UNREAD_HELP);
    }

    fn warn(&mut self, code: &'static str, name: &str, problem: &str, label: &'static str, help: &str) {
        let key = format!("{}{name}", self.prefix);
        let (within, what) = self.home;
        let message = format!("{}: {what} {key} {problem}", self.meta.title());
        let place = self.meta.places.of(&format!("{within}[{key}]"));
        self.warnings.push(Diagnostic::warning(code, message).at(place).label(label).help(help));
    }
}
