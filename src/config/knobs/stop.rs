//! What a process does on its stop signal, as people write it.

use std::fmt;

use super::value::{duration, parts};
use crate::units::Nanos;

/// A value of [`super::Kind::Stop`], its word not yet looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StopText {
    /// `exit`, `drain`, `hold`, `decline`, `linger`, `ignore`, or the name of a termination preset.
    pub behaviour: String,
    /// `limit=`: the process ends after this time at the latest.
    pub limit: Option<Nanos>,
    /// `keep=`: which kept connections it serves on while it drains.
    pub keep: Option<Keep>,
    /// `linger=`: it goes on serving for this time before it drains.
    pub linger: Option<Nanos>,
}

/// Kept connections that outlive a stop signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Those with a request on them.
    Busy,
    /// All.
    All,
}

impl Keep {
    const fn word(self) -> &'static str {
        match self {
            Keep::Busy => "busy",
            Keep::All => "all",
        }
    }
}

impl fmt::Display for StopText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.behaviour)?;
        if let Some(linger) = self.linger {
            write!(f, "={linger}")?;
        }
        if let Some(keep) = self.keep {
            write!(f, ",keep={}", keep.word())?;
        }
        self.limit.map_or(Ok(()), |limit| write!(f, ",limit={limit}"))
    }
}

/// Reads a behaviour.
pub(super) fn stop(text: &str) -> Result<StopText, String> {
    let mut found = StopText::default();
    for (name, value) in parts(text, "behaviour")? {
        match name {
            "behaviour" => found.behaviour = value.to_owned(),
            "limit" => found.limit = Some(duration(value)?),
            "linger" => found.linger = Some(duration(value)?),
            "preset" => found.behaviour = value.to_owned(),
            "keep" => match [Keep::Busy, Keep::All].into_iter().find(|keep| keep.word() == value) {
                Some(keep) => found.keep = Some(keep),
                None => return Err(format!("keep `{value}` is neither `busy` nor `all`")),
            },
            _ => {
                return Err(format!(
                    "`{name}` is no part of a stop behaviour: use behaviour, limit, keep, linger"
                ));
            }
        }
    }
    if found.behaviour.is_empty() && found.linger.is_some() {
        found.behaviour = "linger".to_owned();
    }
    match (found.behaviour.as_str(), found.linger) {
        ("", _) => {
            Err("say exit, drain, hold, decline, ignore or the name of a termination preset".to_owned())
        }
        ("linger", None) => Err("say for how long: linger=5s".to_owned()),
        ("exit" | "ignore", _) if found.limit.is_some() => {
            Err(format!("`{}` takes no limit: it ends at once or with SIGKILL", found.behaviour))
        }
        (behaviour, Some(_)) if behaviour != "linger" => {
            Err(format!("`linger=` does not go with `{behaviour}`"))
        }
        (behaviour, _) if behaviour != "drain" && found.keep.is_some() => {
            Err(format!("`keep=` goes with `drain`, not with `{behaviour}`"))
        }
        _ => Ok(found),
    }
}
