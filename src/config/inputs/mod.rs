//! From what a user types to a case: the only place that reads files.
//!
//! [`Inputs::read`] takes in everything once; [`Inputs::case`] then makes cases from it without
//! touching the disk, as often as a sweep needs. All texts are kept by name, so that a result can
//! hold them and [`Inputs::stored`] makes the same cases from there.

mod annotations;
pub mod code;
mod files;
mod gather;
mod hash;
mod request;

use std::io::Read;
use std::sync::Arc;

pub use annotations::{ALLOW as ALLOW_ANNOTATION, PREFIX as ANNOTATION_PREFIX, misplaced};
pub use request::{COMMAND_LINE, Request};

use super::case::{Case, Override};
use super::described::{Described, EventLine};
use super::knobs::{Knob, find};
use super::load::{self, Surroundings, rollouts};
use super::lower::lower;
use super::manifest::{Manifests, Selection, apply_patch, select_workload_beside};
use super::scenario::starter;
use super::settings::{Layer, Setting, Settings};
use super::statements::{RUNS_DEFAULT, Swept, setting};
use crate::diag::{Diagnostic, SourceText};
use files::{Files, Origin};
use gather::{Gathered, gather};

/// The seed of a case when nobody says.
const SEED_DEFAULT: u64 = 1;

/// Everything that a case is made from.
pub struct Inputs {
    command_line: Arc<SourceText>,
    /// Every other text, in the order they were read.
    files: Vec<Arc<SourceText>>,
    gathered: Gathered,
}

impl Inputs {
    /// Reads all files that a request leads to.
    ///
    /// # Errors
    /// Everything that is wrong with the flags; else with scenario files; else with manifests and
    /// recordings.
    pub fn read(request: &Request, stdin: &mut dyn Read) -> Result<Inputs, Vec<Diagnostic>> {
        let command_line = SourceText::new(COMMAND_LINE, request.to_text());
        Inputs::of(command_line, Files::new(Origin::Disk(stdin)))
    }

    /// Takes in the texts of a case that [`Inputs::texts`] or [`Case::inputs`] gave out, without
    /// touching the disk.
    ///
    /// # Errors
    /// As [`Inputs::read`], and a text that is not there.
    pub fn stored(texts: &[(String, String)]) -> Result<Inputs, Vec<Diagnostic>> {
        let texts: Vec<Arc<SourceText>> =
            texts.iter().map(|(name, text)| SourceText::new(name.as_str(), text.as_str())).collect();
        match texts.split_first() {
            Some((command_line, rest)) if command_line.name == COMMAND_LINE => {
                Inputs::of(Arc::clone(command_line), Files::new(Origin::Stored(rest)))
            }
            _ => {
                let message = "the stored result does not begin with a command line";
                Err(vec![Diagnostic::error(code::NOT_STORED, message)])
            }
        }
    }

    fn of(command_line: Arc<SourceText>, mut files: Files<'_>) -> Result<Inputs, Vec<Diagnostic>> {
        let gathered = gather(&command_line, &mut files)?;
        Ok(Inputs { command_line, files: files.into_read(), gathered })
    }

    /// Every text by name, the command line first.
    pub fn texts(&self) -> Vec<(String, String)> {
        let all = std::iter::once(&self.command_line).chain(&self.files);
        all.map(|text| (text.name.clone(), text.text.clone())).collect()
    }

    /// Every text by name, with these overrides among the flags: what a result of such a case keeps.
    pub fn texts_with(&self, overrides: &[Override]) -> Vec<(String, String)> {
        let mut texts = self.texts();
        if let Some((_, command_line)) = texts.first_mut() {
            command_line.push_str(&request::override_lines(overrides));
        }
        texts
    }

    /// The Kubernetes objects.
    pub fn manifests(&self) -> &Manifests {
        &self.gathered.manifests
    }

    /// The workload that scenario or flags name, if they do.
    pub fn wanted_workload(&self) -> Option<String> {
        let settings = self.settings(&[]).ok()?;
        settings.get("workload").map(|setting| setting.text.clone())
    }

    /// The hash of the case with these overrides: 16 hexadecimal digits over flags and contents of
    /// files. Where files lie, seed and number of runs do not count.
    pub fn hash(&self, overrides: &[Override]) -> String {
        let command_line = format!("{}{}", self.command_line.text, request::override_lines(overrides));
        hash::case_hash(&command_line, &self.files)
    }

    /// The seed of the case.
    pub fn seed(&self) -> u64 {
        self.gathered.said.seed.unwrap_or(SEED_DEFAULT)
    }

    /// How often the case is to be run.
    pub fn runs(&self) -> u32 {
        self.gathered.said.runs.unwrap_or(RUNS_DEFAULT)
    }

    /// `--runs`, if the command line has it.
    pub fn runs_flag(&self) -> Option<u32> {
        let flags = request::arguments(&self.command_line.text).filter_map(|(argument, _)| match argument {
            request::Argument::Flag("runs", value) => value.trim().parse().ok(),
            _ => None,
        });
        flags.last()
    }

    /// Whether the first pods of a rollout run by manifests of their own.
    pub fn has_from(&self) -> bool {
        self.gathered.from.is_some()
    }

    /// What `[sweep]` goes through.
    pub fn sweep(&self) -> &[Swept] {
        self.gathered.said.sweep.as_deref().unwrap_or_default()
    }

    /// What is said of the case, with some knobs set otherwise, and warnings.
    ///
    /// # Errors
    /// Everything that keeps the inputs from describing a case.
    pub fn described(
        &self,
        overrides: &[Override],
    ) -> Result<(Described<'_>, Vec<Diagnostic>), Vec<Diagnostic>> {
        self.described_with(None, overrides)
    }

    fn described_with(
        &self,
        events: Option<&[EventLine]>,
        overrides: &[Override],
    ) -> Result<(Described<'_>, Vec<Diagnostic>), Vec<Diagnostic>> {
        let Gathered { said, manifests, from, warnings, .. } = &self.gathered;
        let mut settings = self.settings(overrides)?;
        let selection = self.workload(&settings).map_err(|error| vec![error])?;
        annotations::annotated(selection.deployment)?.into_iter().for_each(|said| settings.push(said));
        let own = || said.events.clone().unwrap_or_default();
        let meant = events.map_or_else(own, <[EventLine]>::to_vec).into_iter();
        let meant = meant.map(|event| event.for_workload(selection.deployment));
        let mut events = meant.collect::<Result<Vec<_>, _>>().map_err(|error| vec![error])?;
        events.sort_by_key(|event| event.at);
        let plan = load::plan(&settings, &self.surroundings(&events, &selection))?;
        let mut all = manifests.warnings.clone();
        all.extend(from.iter().flat_map(|from| from.warnings.iter().cloned()));
        all.extend(misplaced(manifests));
        all.extend(warnings.iter().cloned());
        all.extend(plan.warnings);
        let described = Described {
            name: said.name.clone(),
            manifests,
            from: from.as_ref(),
            settings,
            load: plan.load,
            load_words: plan.words,
            events,
            expectations: said.expectations.clone().unwrap_or_default(),
        };
        Ok((described, all))
    }

    /// Makes the case, with some knobs set otherwise.
    ///
    /// # Errors
    /// Everything that keeps the inputs from making a case.
    pub fn case(&self, overrides: &[Override]) -> Result<Case, Vec<Diagnostic>> {
        self.case_with(None, overrides)
    }

    /// The same with other events in place of the inputs' own.
    ///
    /// # Errors
    /// As [`Inputs::case`].
    pub fn case_with(
        &self,
        events: Option<&[EventLine]>,
        overrides: &[Override],
    ) -> Result<Case, Vec<Diagnostic>> {
        let (described, mut warnings) = self.described_with(events, overrides)?;
        let lowered = lower(&described)?;
        warnings.extend(lowered.warnings);
        Ok(Case {
            name: lowered.name,
            hash: self.hash(overrides),
            spec: lowered.spec,
            assumptions: lowered.assumptions,
            expectations: described.expectations,
            heading: lowered.heading,
            margins: lowered.margins,
            not_modelled: lowered.not_modelled,
            warnings,
            inputs: self.texts_with(overrides),
            seed: self.seed(),
            runs: self.runs(),
        })
    }

    /// Whether scenario or flags set a knob over what the manifests say.
    pub fn sets(&self, knob: &Knob) -> bool {
        self.gathered.said.settings.iter().any(|setting| is_of(setting, &[knob]))
    }

    /// The same inputs after a strategic merge patch of their manifests. What scenario or flags set
    /// of `freed` no longer counts: the patch says it.
    ///
    /// # Errors
    /// A patch that does not fit the manifests, or manifests that are wrong with it.
    pub fn patched(&self, patch: &str, freed: &[&Knob]) -> Result<Inputs, Vec<Diagnostic>> {
        let changed = apply_patch(&self.gathered.manifests.sources, patch).map_err(|error| vec![error])?;
        let mut texts = self.texts();
        for (name, text) in changed {
            texts.iter_mut().filter(|(known, _)| *known == name).for_each(|(_, old)| old.clone_from(&text));
        }
        let mut inputs = Inputs::stored(&texts)?;
        inputs.gathered.said.settings.retain(|setting| !is_of(setting, freed));
        Ok(inputs)
    }

    /// A scenario file to begin with: what the command line says, and every unknown that decides
    /// the answer, as a comment.
    ///
    /// # Errors
    /// As [`Inputs::case`].
    pub fn starter(&self) -> Result<String, Vec<Diagnostic>> {
        let (said, _) = request::read_command_line(&self.command_line)?;
        Ok(starter(&self.case(&[])?, &said))
    }

    /// What scenario, flags and overrides set.
    fn settings(&self, overrides: &[Override]) -> Result<Settings, Vec<Diagnostic>> {
        let mut settings = Settings::default();
        self.gathered.said.settings.iter().cloned().for_each(|said| settings.push(said));
        let mut errors = Vec::new();
        for Override { knob, value } in overrides {
            match setting(knob, value, Layer::Override) {
                Ok(said) => settings.push(said),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(settings) } else { Err(errors) }
    }

    fn workload(&self, settings: &Settings) -> Result<Selection<'_>, Diagnostic> {
        let wanted: Option<&Setting> = settings.get("workload");
        let other = settings.get("front_end.deployment").map(|setting| setting.text.as_str());
        let text = wanted.map(|setting| setting.text.as_str());
        let selection = select_workload_beside(&self.gathered.manifests, text, other);
        selection.map_err(|error| match wanted.and_then(|setting| setting.place.clone()) {
            Some(place) if error.place.is_none() => error.at(place),
            _ => error,
        })
    }

    fn surroundings<'a>(&'a self, events: &'a [EventLine], selection: &Selection<'_>) -> Surroundings<'a> {
        Surroundings {
            events,
            rollouts: rollouts(selection.deployment, selection.autoscalers.first().copied()),
            traces: &self.gathered.traces,
        }
    }
}

/// Whether a setting is one of these knobs, of whatever container or object.
fn is_of(setting: &Setting, knobs: &[&Knob]) -> bool {
    find(&setting.path).is_ok_and(|found| knobs.iter().any(|knob| knob.path == found.knob.path))
}

#[cfg(test)]
mod tests;
