//! What objects say of the front end in the words of knobs.

use super::super::code;
use super::super::reader::Field;
use crate::config::knobs;
use crate::diag::Diagnostic;

/// Values of knobs, and a word on everything that is not read although it may decide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Path and value; a later one wins.
    pub values: Vec<(&'static str, String)>,
    /// What cannot be understood or is not read.
    pub warnings: Vec<Diagnostic>,
}

/// How a value is written, and what the knob makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Form {
    /// As the knob is.
    Plain,
    /// A whole number of seconds.
    Seconds,
    /// A duration; a bare number has this unit.
    Time(&'static str),
    /// A duration; zero stands for none at all.
    Limit,
    /// A number that stands for a percentage.
    Percent,
    /// Retries, which are one less than attempts.
    Retries,
    /// Whatever is written switches it on.
    Present,
    /// These words, and what they mean.
    Words(&'static [(&'static str, &'static str)]),
}

impl Form {
    /// The value as the knob takes it.
    pub(super) fn text(self, path: &str, written: &str) -> Result<String, String> {
        let written = written.trim();
        let bare = !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit());
        let whole = || if bare { Ok(written) } else { Err("expected a whole number".to_owned()) };
        let text = match self {
            Form::Plain => written.to_owned(),
            Form::Seconds => format!("{}s", whole()?),
            Form::Time(unit) if bare => format!("{written}{unit}"),
            Form::Time(_) => written.to_owned(),
            Form::Limit
                if written.starts_with('0') && written.trim_matches(['0', 'm', 's', 'h']).is_empty() =>
            {
                "never".to_owned()
            }
            Form::Limit => written.to_owned(),
            Form::Percent => format!("{}%", whole()?),
            Form::Retries => match whole()?.parse::<u32>() {
                Ok(retries) => retries.saturating_add(1).to_string(),
                Err(_) => return Err("is too large".to_owned()),
            },
            Form::Present => "true".to_owned(),
            Form::Words(words) => match words.iter().find(|(word, _)| *word == written) {
                Some((_, meaning)) => (*meaning).to_owned(),
                None => {
                    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                    return Err(format!("not simulated; podloss knows {}", known.join(", ")));
                }
            },
        };
        let knob = knobs::find(path).map_err(|_| format!("there is no knob {path}"))?.knob;
        knob.kind.parse(&text).map(|_| text)
    }
}

/// What to do about a setting that is not read.
pub(super) const UNREAD_HELP: &str =
    "say what it changes with --set front_end.NAME=VALUE, if one of the front end's knobs does that";

impl Told {
    /// A field's value as that of a knob.
    pub(in super::super) fn read(&mut self, path: &'static str, field: Option<Field<'_, '_>>, form: Form) {
        let Some(field) = field else { return };
        if form == Form::Present {
            return self.values.push((path, "true".to_owned()));
        }
        let Some(written) = field.node.text() else { return field.wrong_type("a value", None) };
        match form.text(path, written) {
            Ok(text) => self.values.push((path, text)),
            Err(error) => self.complain(&field, &format!("`{written}`: {error}"), "not used"),
        }
    }

    /// A field that may decide who gets which request, and that is not read.
    pub(in super::super) fn unread(&mut self, field: Option<Field<'_, '_>>, why: &str) {
        if let Some(field) = field {
            self.complain(&field, why, "without effect here");
        }
    }

    /// A field that is read in part only.
    pub(in super::super) fn partly(&mut self, field: &Field<'_, '_>, what: &str) {
        self.complain(field, what, "read in part");
    }

    fn complain(&mut self, field: &Field<'_, '_>, what: &str, label: &str) {
        let message = format!("{} {what}", field.subject());
        let diagnostic = Diagnostic::warning(code::NOT_READ, message).at(field.place()).label(label);
        self.warnings.push(diagnostic.help(UNREAD_HELP));
    }

    /// Each path once, with the value that wins.
    pub fn in_force(&self) -> Vec<(&'static str, String)> {
        let wins = |at: usize, path: &str| !self.values[at + 1..].iter().any(|(later, _)| *later == path);
        let values = self.values.iter().enumerate().filter(|(at, (path, _))| wins(*at, path));
        values.map(|(_, value)| value.clone()).collect()
    }

    pub(in super::super) fn join(&mut self, other: &Told) {
        self.values.extend(other.values.iter().cloned());
        self.warnings.extend(other.warnings.iter().cloned());
    }
}
