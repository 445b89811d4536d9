//! The load of a case, from its settings.
//!
//! In reading order: `rate` (the language of `--rps`), `trace` (files of recorded load), `replay`
//! (which part of a recording, how much of it), `duration` (how long, when nobody says), `pieces`
//! (cutting rates).

pub mod code;
mod duration;
mod pieces;
mod rate;
mod replay;
mod trace;

pub use duration::{Rollouts, rollouts};
pub use rate::{RATE_FORM, Rate};
pub use replay::{Gaps, Replay, parse_cut};
pub use trace::{Series, Trace, read_trace};

use super::described::EventLine;
use super::knobs::{self, Said, Value};
use super::settings::{Setting, Settings};
use crate::diag::Diagnostic;
use crate::random::Dist;
use crate::units::{Nanos, decimals, grouped};
use crate::workload::{ClosedLoad, Load, OpenLoad, OpenSource, Profile};

/// More requests than this in one run are refused: they would take days.
const REQUESTS_MAX: f64 = 1e11;

/// The load, and what to say about it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// When requests arrive.
    pub load: Load,
    /// In words for a heading, such as `900 rps open loop`.
    pub words: String,
    /// What was assumed or left out.
    pub warnings: Vec<Diagnostic>,
}

/// What a load is made from besides its settings.
pub struct Surroundings<'a> {
    /// What happens during the run.
    pub events: &'a [EventLine],
    /// How long rollouts may take.
    pub rollouts: Rollouts,
    /// The recordings that were read, by name.
    pub traces: &'a [(String, Trace)],
}

/// Makes the load of a case.
///
/// `load.rps`, `load.connections` or `load.trace` says which kind it is; of several, the one said
/// in the strongest layer.
///
/// # Errors
/// No load, two loads said in one layer, and values that make none.
pub fn plan(settings: &Settings, around: &Surroundings<'_>) -> Result<Planned, Vec<Diagnostic>> {
    let mut said = LoadSettings { settings, errors: Vec::new() };
    let kind = kind(settings).map_err(|error| vec![error])?;
    let planned = match kind {
        Kind::Open => said.open(around),
        Kind::Closed => said.closed(around),
        Kind::Replay => said.replay(around),
    };
    match planned {
        Some(planned) if said.errors.is_empty() => bounded(planned, settings),
        _ => Err(said.errors),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Open,
    Closed,
    Replay,
}

/// The settings that decide on the kind of load, and the kind they decide for.
const DECIDING: [(&str, Kind); 3] =
    [("load.rps", Kind::Open), ("load.connections", Kind::Closed), ("load.trace", Kind::Replay)];

fn kind(settings: &Settings) -> Result<Kind, Diagnostic> {
    let said: Vec<(&Setting, Kind)> =
        DECIDING.iter().filter_map(|(path, kind)| Some((settings.get(path)?, *kind))).collect();
    let Some(strongest) = said.iter().map(|(setting, _)| setting.layer).max() else {
        return Err(Diagnostic::error(code::LOAD, "there is no load").help(
            "say `--rps 900` (requests arrive at a rate), `--conns 200` (connections wait for their answers) or \
             `--trace FILE` (recorded load), or the same in [load] of a scenario",
        ));
    };
    if let Some(explicit) = settings.get("load.kind").filter(|kind| kind.layer >= strongest) {
        let kind = match explicit.text.trim() {
            "open" => Kind::Open,
            "closed" => Kind::Closed,
            "replay" => Kind::Replay,
            _ => return Err(refused(explicit, explicit_kind_error(&explicit.text))),
        };
        if said.iter().any(|(_, other)| *other == kind) {
            return Ok(kind);
        }
        let missing = DECIDING.iter().find(|(_, other)| *other == kind).map_or("", |(path, _)| *path);
        return Err(refused(explicit, format!("a load of this kind needs `{missing}`")));
    }
    let mut strong = said.iter().filter(|(setting, _)| setting.layer == strongest);
    match (strong.next(), strong.next()) {
        (Some((_, kind)), None) => Ok(*kind),
        (Some((first, _)), Some((second, _))) => {
            let message = format!("`{}` and `{}` are two loads, and a run has one", first.path, second.path);
            let error = Diagnostic::error(code::LOAD, message)
                .help("remove one of them, or say which counts with `load.kind`");
            Err(match &second.place {
                Some(place) => error.at(place.clone()),
                None => error,
            })
        }
        (None, _) => Err(Diagnostic::error(code::LOAD, "there is no load")),
    }
}

fn explicit_kind_error(text: &str) -> String {
    format!("`{text}` is not a kind of load: write open, closed or replay")
}

/// The error for a setting with a value that cannot be used.
pub(crate) fn refused(setting: &Setting, message: impl AsRef<str>) -> Diagnostic {
    let message = format!("{}: {}", setting.path, message.as_ref());
    let error = Diagnostic::error(super::manifest::code::INVALID_VALUE, message);
    match &setting.place {
        Some(place) => error.at(place.clone()),
        None => error,
    }
}

/// Settings of knobs, read by their kinds; what is wrong is collected.
struct LoadSettings<'a> {
    settings: &'a Settings,
    errors: Vec<Diagnostic>,
}

impl LoadSettings<'_> {
    /// The value in force: what was said, else the knob's default.
    fn value(&mut self, path: &str) -> Option<Value> {
        let knob = knobs::find(path).ok()?.knob;
        let Some(setting) = self.settings.get(path) else {
            return knob.default.and_then(|text| knob.kind.parse(text).ok());
        };
        match knob.kind.parse_said(&setting.text) {
            Ok(Said::Value(value)) => Some(value),
            Ok(Said::Range(..)) => {
                self.errors
                    .push(refused(setting, "a load is given, not unknown: write one value, not a range"));
                None
            }
            Err(message) => {
                self.errors.push(refused(setting, message));
                None
            }
        }
    }

    fn duration(&mut self, path: &str) -> Option<Nanos> {
        match self.value(path) {
            Some(Value::Duration(span)) => Some(span),
            _ => None,
        }
    }

    /// A number above zero.
    fn positive(&mut self, path: &str, most: f64) -> f64 {
        let Some(Value::Number(number)) = self.value(path) else { return 1.0 };
        match self.settings.get(path) {
            Some(setting) if number <= 0.0 || number > most => {
                self.errors.push(refused(setting, format!("{number} is not above 0 and up to {most}")));
                1.0
            }
            _ => number,
        }
    }

    /// How long requests are sent; `fallback` where nobody says.
    fn length(&mut self, fallback: Nanos) -> Nanos {
        match self.duration("duration") {
            Some(Nanos::ZERO) => {
                if let Some(setting) = self.settings.get("duration") {
                    self.errors.push(refused(setting, "a load must last longer than 0s"));
                }
                fallback
            }
            Some(span) => span,
            None => fallback,
        }
    }

    /// Hands a result on, with its error at a setting.
    fn check<T>(&mut self, path: &str, result: Result<T, String>) -> Option<T> {
        match (result, self.settings.get(path)) {
            (Ok(value), _) => Some(value),
            (Err(message), Some(setting)) => {
                self.errors.push(refused(setting, message));
                None
            }
            (Err(message), None) => {
                self.errors.push(Diagnostic::error(code::LOAD, message));
                None
            }
        }
    }

    fn open(&mut self, around: &Surroundings<'_>) -> Option<Planned> {
        let text = &self.settings.get("load.rps")?.text;
        let rate = self.check("load.rps", Rate::parse(text))?;
        let end = self.length(duration::duration(rate.last_change(), around.events, around.rollouts));
        let dispersion = self.positive("load.dispersion", 1e4);
        let profile = self.check("load.rps", rate.profile(end))?;
        let words = format!("{} open loop", rps(&profile));
        let mut warnings = Vec::new();
        if rate.last_change() > end {
            let message = format!("the load ends at {end}, before the rate has changed for the last time");
            warnings
                .push(Diagnostic::warning(code::LOAD, message).help("raise `duration` or shorten the rate"));
        }
        let load = Load::Open(OpenLoad { source: OpenSource::Rate { profile, dispersion } });
        Some(Planned { load, words, warnings })
    }

    fn closed(&mut self, around: &Surroundings<'_>) -> Option<Planned> {
        let Some(Value::Count(connections)) = self.value("load.connections") else { return None };
        let connections = u32::try_from(connections).unwrap_or(u32::MAX);
        let Some(Value::Dist(think)) = self.value("load.think") else { return None };
        let ramp = self.duration("load.ramp")?;
        let end = self.length(duration::duration(Nanos::ZERO, around.events, around.rollouts));
        let mut words = format!("{} connections", thousands(f64::from(connections)));
        if think != Dist::ZERO {
            words.push_str(&format!(" thinking {}", think.mean()));
        }
        let load = Load::Closed(ClosedLoad { connections, think, ramp, duration: end });
        Some(Planned { load, words, warnings: Vec::new() })
    }

    fn replay(&mut self, around: &Surroundings<'_>) -> Option<Planned> {
        let setting = self.settings.get("load.trace")?;
        let name = setting.text.trim();
        let Some((_, trace)) = around.traces.iter().find(|(known, _)| known == name) else {
            self.errors.push(refused(setting, format!("the file {name} was not read")));
            return None;
        };
        let gaps = match self.value("load.gaps") {
            Some(Value::Choice(word)) => Gaps::named(word),
            _ => None,
        };
        let cut = match self.settings.get("load.cut") {
            Some(cut) => Some(self.check("load.cut", parse_cut(&cut.text))?),
            None => None,
        };
        let replay = Replay {
            cut,
            scale: self.positive("load.scale", 1e9),
            shift: self.duration("load.shift")?,
            gaps: gaps?,
            dispersion: self.positive("load.dispersion", 1e4),
        };
        let mut source = self.check("load.trace", replay.of(trace))?;
        if self.settings.get("duration").is_some() {
            source = shortened(source, self.length(Nanos::MAX_SPAN));
        }
        let words = replay_words(name, &replay, &source);
        let load = Load::Open(OpenLoad { source });
        let warnings = replay_warnings(name, &replay, trace);
        Some(Planned { load, words, warnings })
    }
}

/// The load without what comes at or after `end`.
fn shortened(source: OpenSource, end: Nanos) -> OpenSource {
    match source {
        OpenSource::Rate { profile, dispersion } => {
            let kept = Profile::new(pieces::between(profile.segments(), Nanos::ZERO, end));
            OpenSource::Rate { profile: kept.unwrap_or(profile), dispersion }
        }
        OpenSource::List(list) => OpenSource::List(list.iter().copied().filter(|t| *t < end).collect()),
    }
}

fn replay_words(name: &str, replay: &Replay, source: &OpenSource) -> String {
    let mut words = format!("replay of {name}");
    if (replay.scale - 1.0).abs() > 1e-12 {
        words.push_str(&format!(" x{}", replay.scale));
    }
    match source {
        OpenSource::Rate { profile, .. } => words.push_str(&format!(", {}", rps(profile))),
        OpenSource::List(list) => words.push_str(&format!(", {} arrivals", thousands(list.len() as f64))),
    }
    words
}

fn replay_warnings(name: &str, replay: &Replay, trace: &Trace) -> Vec<Diagnostic> {
    match trace {
        Trace::Series(series) if series.gaps > 0 => {
            let does = match replay.gaps {
                Gaps::Hold => "the rate before each is held",
                Gaps::Zero => "no request is sent in them",
                Gaps::Interpolate => "a straight line bridges them",
            };
            let message =
                format!("{name}: {} gaps longer than the usual {}; {does}", series.gaps, series.step);
            vec![
                Diagnostic::warning(code::TRACE, message)
                    .help("set `load.gaps` to hold, zero or interpolate"),
            ]
        }
        Trace::Arrivals(_) if replay.scale > 1.0 => {
            let message = format!(
                "{name}: each arrival stands for {} requests spread until the next, so bursts grow with the scale",
                replay.scale
            );
            vec![Diagnostic::warning(code::TRACE, message)]
        }
        _ => Vec::new(),
    }
}

/// Refuses a load that no machine plays through.
fn bounded(planned: Planned, settings: &Settings) -> Result<Planned, Vec<Diagnostic>> {
    let Load::Open(OpenLoad { source: OpenSource::Rate { profile, .. } }) = &planned.load else {
        return Ok(planned);
    };
    let requests = profile.expected(Nanos::ZERO, profile.end());
    if requests <= REQUESTS_MAX {
        return Ok(planned);
    }
    let message = format!("about {} requests in one run are too many to simulate", thousands(requests));
    let error = Diagnostic::error(code::LOAD, message).help("lower the rate or the duration");
    let place = settings.get("duration").or_else(|| settings.get("load.rps")).and_then(|s| s.place.clone());
    Err(vec![match place {
        Some(place) => error.at(place),
        None => error,
    }])
}

/// `900 rps`, or `200..1,200 rps` for a rate that changes.
fn rps(profile: &Profile) -> String {
    let ends = profile.segments().iter().flat_map(|segment| match segment.shape {
        crate::workload::Shape::Constant(rate) => [rate, rate],
        crate::workload::Shape::Linear(first, last) => [first.min(last), first.max(last)],
        crate::workload::Shape::Sine { mean, amplitude, .. } => {
            [mean - amplitude.abs(), mean + amplitude.abs()]
        }
    });
    let (low, high) =
        ends.fold((f64::INFINITY, 0.0_f64), |(low, high), rate| (low.min(rate), high.max(rate)));
    let low = if low.is_finite() { low } else { 0.0 };
    if high - low < 1e-9 * high.max(1.0) {
        format!("{} rps", thousands(high))
    } else {
        format!("{}..{} rps", thousands(low), thousands(high))
    }
}

/// A number as people write it: `1,200`, `0.21`.
fn thousands(number: f64) -> String {
    if number < 100.0 { decimals(number, 2) } else { grouped(format!("{number:.0}")) }
}

#[cfg(test)]
mod tests;
