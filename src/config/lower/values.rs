//! What holds for a knob: what was said, else what the preset or the registry assumes. Whatever is
//! assumed is put on record here, and so is every setting that nobody asked for.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::code;
use crate::config::case::{Assumption, Origin};
use crate::config::knobs::{self, Knob, Said, Value};
use crate::config::presets::FrontEndPreset;
use crate::config::settings::{Setting, Settings};
use crate::config::similar::near_miss;
use crate::diag::Diagnostic;
use crate::random::Dist;
use crate::units::Nanos;

/// Something assumed in place of the registry's default.
#[derive(Clone, Debug)]
pub(super) struct Fallback {
    pub(super) text: String,
    pub(super) range: Option<(String, String)>,
    pub(super) origin: Origin,
    pub(super) source: String,
    pub(super) decisive: bool,
}

impl Fallback {
    /// The registry's own default of a knob.
    fn of(knob: &Knob) -> Option<Fallback> {
        Some(Fallback {
            text: knob.default?.to_owned(),
            range: knob.range.map(|(a, b)| (a.to_owned(), b.to_owned())),
            origin: knob.origin,
            source: knob.source.to_owned(),
            decisive: knob.decisive,
        })
    }

    /// A value that nobody said, without a range.
    pub(super) fn plain(text: impl Into<String>, origin: Origin, source: impl Into<String>) -> Fallback {
        Fallback { text: text.into(), range: None, origin, source: source.into(), decisive: false }
    }
}

/// Values by path.
pub(super) struct Values<'d> {
    settings: &'d Settings,
    preset: Option<&'static FrontEndPreset>,
    /// The preset of the tier before the front end, if there is one.
    outer: Option<&'static FrontEndPreset>,
    /// While that tier is described: paths under `front_end.` mean it.
    at_outer: bool,
    /// What annotations of a front end's controller say: path, text.
    annotated: Vec<(&'static str, String)>,
    asked: BTreeSet<String>,
    pub(super) assumptions: Vec<Assumption>,
    pub(super) problems: Vec<Diagnostic>,
}

impl<'d> Values<'d> {
    pub(super) fn new(settings: &'d Settings) -> Values<'d> {
        Values {
            settings,
            preset: None,
            outer: None,
            at_outer: false,
            annotated: Vec::new(),
            asked: BTreeSet::new(),
            assumptions: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// From now on the preset's values stand before the registry's, and what the manifests'
    /// annotations say before both.
    pub(super) fn stand_behind(
        &mut self,
        preset: &'static FrontEndPreset,
        annotated: Vec<(&'static str, String)>,
    ) {
        self.preset = Some(preset);
        self.annotated = annotated;
    }

    /// What is known of the tier before the front end, in the words of its preset and of the manifests,
    /// beside what was said of it under `outer.`.
    pub(super) fn describe_outer<T>(
        &mut self,
        preset: &'static FrontEndPreset,
        annotated: Vec<(&'static str, String)>,
        describe: impl FnOnce(&mut Values<'d>) -> T,
    ) -> T {
        let own = self.preset.replace(preset);
        let annotated = std::mem::replace(&mut self.annotated, annotated);
        self.outer = Some(preset);
        self.at_outer = true;
        let described = describe(self);
        self.at_outer = false;
        (self.preset, self.annotated) = (own, annotated);
        described
    }

    /// The path that is meant at this tier.
    fn meant<'p>(&self, path: &'p str) -> Cow<'p, str> {
        match path.strip_prefix("front_end.") {
            Some(rest) if self.at_outer => Cow::Owned(format!("outer.{rest}")),
            _ => Cow::Borrowed(path),
        }
    }

    /// The setting of a path, if there is one; it counts as used.
    pub(super) fn said(&mut self, path: &str) -> Option<&'d Setting> {
        let path = self.meant(path).into_owned();
        let setting = self.settings.get(&path);
        self.asked.insert(path);
        setting
    }

    /// Whether the manifests say a value.
    pub(super) fn is_annotated(&self, path: &str) -> bool {
        self.annotated.iter().any(|(annotated, _)| *annotated == path)
    }

    /// The settings in force whose path a test picks; they count as used.
    pub(super) fn said_where(&mut self, picks: impl Fn(&str) -> bool) -> Vec<&'d Setting> {
        let mut found: Vec<&Setting> = Vec::new();
        for setting in self.settings.iter().filter(|setting| picks(&setting.path)) {
            found.retain(|earlier| earlier.path != setting.path);
            found.push(setting);
        }
        self.asked.extend(found.iter().map(|setting| setting.path.clone()));
        found
    }

    /// What was said of the first of these paths, or of a later one by a stronger layer.
    pub(super) fn strongest(&mut self, paths: &[String]) -> Option<&'d Setting> {
        let mut best: Option<&Setting> = None;
        for path in paths {
            if let Some(setting) = self.said(path)
                && best.is_none_or(|best| setting.layer > best.layer)
            {
                best = Some(setting);
            }
        }
        best
    }

    /// The value that holds, if anything says or assumes one. `paths` name the same thing, the
    /// most particular name first; `fallback` stands in place of the preset's and the registry's
    /// default.
    pub(super) fn find(
        &mut self,
        knob: &'static Knob,
        key: &str,
        paths: &[String],
        fallback: Option<Fallback>,
    ) -> Option<Value> {
        if let Some(setting) = self.strongest(paths) {
            match knob.kind.parse_said(&setting.text) {
                Ok(Said::Value(value)) => return Some(value),
                Ok(Said::Range(a, b)) => {
                    let assumed = fallback.clone().or_else(|| self.fallback(knob));
                    return Some(self.narrowed(knob, key, (a, b), assumed));
                }
                Err(error) => self.invalid(setting, &error),
            }
        }
        let is_one = |(path, _): &&(&str, String)| paths.iter().any(|other| *other == self.meant(path));
        let said = self.annotated.iter().find(is_one);
        if let Some((_, text)) = said
            && let Ok(value) = knob.kind.parse(text)
        {
            return Some(value);
        }
        let assumed = fallback.or_else(|| self.fallback(knob))?;
        match knob.kind.parse(&assumed.text) {
            Ok(value) => {
                self.assume(knob, key, assumed);
                Some(value)
            }
            Err(error) => {
                let message = format!("{key}: the value `{}` assumed here: {error}", assumed.text);
                self.problems.push(Diagnostic::error(code::SETTING, message));
                None
            }
        }
    }

    fn fallback(&self, knob: &Knob) -> Option<Fallback> {
        // The outer tier's values are those of a front end; and its network is the same.
        let path = match knob.path.strip_prefix("outer.") {
            Some(rest) => Cow::Owned(format!("front_end.{rest}")),
            None => Cow::Borrowed(knob.path),
        };
        let of = |preset: Option<&'static FrontEndPreset>| preset.and_then(|preset| preset.param(&path));
        let network = knob.path.starts_with("network.");
        let param = of(self.preset).or_else(|| of(self.outer).filter(|_| network));
        param.map_or_else(
            || Fallback::of(knob),
            |param| {
                Some(Fallback {
                    text: param.value.to_owned(),
                    range: param.range.map(|(a, b)| (a.to_owned(), b.to_owned())),
                    origin: param.origin,
                    source: param.source.to_owned(),
                    decisive: knob.decisive && param.range.is_some(),
                })
            },
        )
    }

    /// The user knows a range: the usual value if it lies inside, else one between the ends.
    fn narrowed(
        &mut self,
        knob: &'static Knob,
        key: &str,
        (a, b): (Value, Value),
        usual: Option<Fallback>,
    ) -> Value {
        let inside = |value: &Value| match (value.magnitude(), a.magnitude(), b.magnitude()) {
            (Some(v), Some(x), Some(y)) => x.min(y) <= v && v <= x.max(y),
            _ => *value == a || *value == b,
        };
        let known = usual.as_ref().and_then(|usual| knob.kind.parse(&usual.text).ok());
        let value = match known {
            Some(known) if inside(&known) => known,
            Some(known) => known.moved(&Value::between(&a, &b)),
            None => Value::between(&a, &b),
        };
        // The end that loses less comes first, in the registry's order of the two.
        let falls = usual.and_then(|usual| usual.range).is_some_and(|(first, second)| {
            let size = |text: &str| knob.kind.parse(text).ok().and_then(|value| value.magnitude());
            size(&first) > size(&second)
        });
        let rises = a.magnitude() <= b.magnitude();
        let (less, more) = if rises == falls { (b, a) } else { (a, b) };
        self.assume(
            knob,
            key,
            Fallback {
                text: value.to_string(),
                range: Some((less.to_string(), more.to_string())),
                origin: Origin::Given,
                source: "the range that was given".to_owned(),
                decisive: true,
            },
        );
        value
    }

    /// Puts something assumed on record, once.
    pub(super) fn assume(&mut self, knob: &Knob, key: &str, assumed: Fallback) {
        let short = key == knob.path;
        let key = if short { knob.name().to_owned() } else { key.to_owned() };
        if self.assumptions.iter().any(|other| other.key == key) {
            return;
        }
        let set_with = if short { knob.set_with() } else { format!("--set {key}=") };
        let container = key.strip_prefix("containers.").and_then(|rest| rest.rsplit_once('.'));
        let label = match container.filter(|_| !short) {
            Some((container, _)) => format!("{} of {container}", knob.label),
            None => knob.label.to_owned(),
        };
        self.assumptions.push(Assumption {
            key,
            label,
            value: assumed.text,
            range: assumed.range,
            origin: assumed.origin,
            source: assumed.source,
            set_with,
            decisive: assumed.decisive,
        });
    }

    /// The answer hangs on what was assumed of a knob here, although elsewhere it hardly does.
    pub(super) fn decides(&mut self, path: &str) {
        let path = self.meant(path).into_owned();
        let key = knob(&path).name();
        for assumption in self.assumptions.iter_mut().filter(|assumption| assumption.key == key) {
            assumption.decisive = assumption.range.is_some();
        }
    }

    /// A complaint about a setting.
    pub(super) fn invalid(&mut self, setting: &Setting, error: &str) {
        let mut diagnostic = Diagnostic::error(code::SETTING, format!("{}: {error}", setting.path))
            .label("not a value of this");
        if let Some(place) = &setting.place {
            diagnostic = diagnostic.at(place.clone());
        }
        self.problems.push(diagnostic);
    }

    /// Settings that nothing has asked for. `known` are names of containers.
    pub(super) fn unused(&self, known: &[&str]) -> Vec<Diagnostic> {
        // The load and the run's length are applied where the load is read.
        let elsewhere = |path: &str| path.starts_with("load.") || path == "duration";
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        for setting in self.settings.iter() {
            let path = setting.path.as_str();
            if elsewhere(path) || self.asked.contains(path) || !seen.insert(path) {
                continue;
            }
            found.push(unused(setting, self.preset.map(|preset| preset.name), known));
        }
        found
    }
}

/// What to say of a setting without effect: a container that is not there is a mistake, a knob
/// that this front end does not have may come from a file that several scenarios share.
fn unused(setting: &Setting, front_end: Option<&str>, known: &[&str]) -> Diagnostic {
    let path = setting.path.as_str();
    let rest = path.strip_prefix("containers.").map(|rest| rest.split('.').next().unwrap_or(rest));
    let diagnostic = match rest {
        Some(name) if name != "*" && !known.contains(&name) => {
            let help = match near_miss(name, known) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("the containers are {}", known.join(", ")),
            };
            Diagnostic::error(code::NO_CONTAINER, format!("{path}: there is no container `{name}`"))
                .label("no such container")
                .help(help)
        }
        rest => {
            let needed = knobs::find(path).ok().and_then(|found| found.knob.event);
            let front_end = front_end.unwrap_or("this front end");
            let why = match (needed, rest) {
                (Some(event), _) => format!("without the event {event}"),
                (None, Some(_)) => format!("for a container of this role with {front_end} and this load"),
                (None, None) => format!("with {front_end}"),
            };
            Diagnostic::warning(code::NO_EFFECT, format!("{path} has no effect {why}")).label("not used")
        }
    };
    match &setting.place {
        Some(place) => diagnostic.at(place.clone()),
        None => diagnostic,
    }
}

pub(super) fn knob(path: &str) -> &'static Knob {
    knobs::find(path).map(|found| found.knob).expect("paths in lower are names of the registry")
}

/// Typed access. Kinds are those of the registry, so that a value of another kind cannot come;
/// what stands there in its place only keeps a run of errors going.
impl Values<'_> {
    pub(super) fn value(&mut self, path: &str) -> Option<Value> {
        let meant = self.meant(path).into_owned();
        match knobs::find(&meant) {
            Ok(found) => self.find(found.knob, &meant, std::slice::from_ref(&meant), None),
            // Nobody can set this of the outer tier: what its annotations or its preset say holds.
            Err(_) => {
                let knob = knob(path);
                let annotated = self.annotated.iter().find(|(annotated, _)| *annotated == path);
                let text = annotated.map(|(_, text)| text.clone());
                knob.kind.parse(&text.or_else(|| Some(self.fallback(knob)?.text))?).ok()
            }
        }
    }

    /// A value by a path with names filled in.
    pub(super) fn value_at(&mut self, path: &str) -> Option<Value> {
        let knob = knobs::find(path).ok()?.knob;
        self.find(knob, path, &[path.to_owned()], None)
    }

    pub(super) fn preset(&self) -> Option<&'static FrontEndPreset> {
        self.preset
    }

    pub(super) fn dist(&mut self, path: &str) -> Dist {
        self.value(path).map_or(Dist::ZERO, into_dist)
    }

    pub(super) fn span(&mut self, path: &str) -> Nanos {
        match self.value(path) {
            Some(Value::Duration(span)) => span,
            Some(Value::Seconds(seconds)) => Nanos::from_secs(u64::from(seconds)),
            _ => Nanos::ZERO,
        }
    }

    /// The time between two of something that never ends: never so short that a run could not end.
    pub(super) fn period(&mut self, path: &str) -> Nanos {
        const SHORTEST: Nanos = Nanos::from_millis(10);
        let span = self.span(path);
        if span < SHORTEST
            && let Some(setting) = self.said(path)
        {
            self.invalid(setting, &format!("{span} is too short: write at least {SHORTEST}"));
        }
        span.max(SHORTEST)
    }

    pub(super) fn limit(&mut self, path: &str) -> Option<Nanos> {
        match self.value(path) {
            Some(Value::Limit(limit)) => limit,
            _ => None,
        }
    }

    pub(super) fn count(&mut self, path: &str) -> u32 {
        self.value(path).map_or(0, into_count)
    }

    pub(super) fn number(&mut self, path: &str) -> f64 {
        match self.value(path) {
            Some(Value::Number(number) | Value::Share(number)) => number,
            _ => 0.0,
        }
    }

    /// The text of a knob that takes any; nothing if nobody says or assumes one.
    pub(super) fn text(&mut self, path: &str) -> Option<String> {
        match self.value(path) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn switch(&mut self, path: &str) -> bool {
        matches!(self.value(path), Some(Value::Switch(true)))
    }

    pub(super) fn word(&mut self, path: &str) -> &'static str {
        match self.value(path) {
            Some(Value::Choice(word)) => word,
            _ => "",
        }
    }
}

pub(super) fn into_dist(value: Value) -> Dist {
    match value {
        Value::Dist(dist) | Value::Service(dist, _) => dist,
        Value::Duration(span) => Dist::Fixed(span),
        _ => Dist::ZERO,
    }
}

pub(super) fn into_count(value: Value) -> u32 {
    match value {
        Value::Count(count) => u32::try_from(count).unwrap_or(u32::MAX),
        _ => 0,
    }
}
