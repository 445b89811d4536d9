//! The tier before an ingress: what may stand there, and what of its settings plays a part.

use super::code;
use super::front;
use super::values::{Fallback, Values};
use crate::config::case::Origin;
use crate::config::knobs;
use crate::config::manifest::Selection;
use crate::config::presets::{self, FrontEndPreset, Updates};
use crate::diag::Diagnostic;
#[cfg(doc)]
use crate::sim::spec::FrontSpec;

pub(super) const PRESET: &str = "outer.preset";
/// What is before an ingress of which the manifests show the pods, if nobody says it.
const USUAL: &str = "kube-proxy";

pub(super) const CLIENT_AFFINITY: &str = "front_end.client_affinity";

/// Whether a setting of a front end plays a part at the tier before one.
pub(super) fn is_simulated(path: &str) -> bool {
    // With it podloss knows whether an ingress closes connections under that tier's requests.
    path == "front_end.keepalive_idle" || knobs::find(&format!("outer.{}", own_name(path))).is_ok()
}

/// A front end's setting without its first word, which is another one at the tier before.
pub(super) fn own_name(path: &str) -> &str {
    path.strip_prefix("front_end.").unwrap_or(path)
}

/// Front ends whose processes may be pods of a Deployment.
pub(super) fn may_be_pods(preset: &FrontEndPreset) -> Result<(), Diagnostic> {
    let pins = preset.param("front_end.pins_connections").is_some_and(|param| param.value == "true");
    let by_node = preset.param("front_end.any_connection").is_some_and(|param| param.value == "true");
    if preset.updates != Updates::TargetGroup && !pins && !by_node {
        return Ok(());
    }
    let message = format!("{} is no Deployment: nothing can stand before it here", preset.name);
    let help =
        "name the ingress behind it with --front-end, such as ingress-nginx, and this one with --set outer=";
    Err(Diagnostic::error(code::FRONT_END, message).help(help))
}

/// What was said, else what the ingress' own manifests point to, else the usual.
pub(super) fn outer_preset(
    said: Option<&str>,
    selection: &Selection<'_>,
    values: &mut Values<'_>,
) -> Result<&'static FrontEndPreset, Diagnostic> {
    let may_stand = |name: &&str| presets::front_end(name).is_ok_and(|preset| stands_first(preset).is_ok());
    let hinted = match said {
        Some(_) => None,
        None => front::hinted(selection, "--set outer=NAME").transpose()?.filter(may_stand),
    };
    let name = said.or(hinted).unwrap_or(USUAL);
    let preset = presets::front_end(name).map_err(|help| {
        Diagnostic::error(code::FRONT_END, format!("there is no front end `{name}`")).help(help)
    })?;
    if said.is_none() && hinted.is_none() {
        let knob = knobs::find(PRESET).expect("a name of the registry").knob;
        values.assume(knob, PRESET, Fallback::plain(USUAL, Origin::Guess, "the ingress' Service"));
    }
    match stands_first(preset) {
        Ok(()) => Ok(preset),
        Err(why) => {
            let first = presets::front_ends().filter(|preset| stands_first(preset).is_ok());
            let names: Vec<&str> = first.map(|preset| preset.name).collect();
            let message = format!("{name} cannot stand before the front end: {why}");
            let help = format!("choose one of {}", names.join(", "));
            Err(Diagnostic::error(code::FRONT_END, message).help(help))
        }
    }
}

/// Whether a front end can stand before another one, and if not, why; as [`FrontSpec::may_stand_first`]
/// says of what comes of a preset.
fn stands_first(preset: &FrontEndPreset) -> Result<(), &'static str> {
    let is = |path: &str, value: &str| preset.param(path).is_some_and(|param| param.value == value);
    match () {
        () if may_be_pods(preset).is_ok() => Err("it would need a tier before itself"),
        () if !is("front_end.tries", "1") => Err("it tries again after failures"),
        () if is("front_end.any_connection", "true") => {
            Err("its connections lead to nodes, and only kube-proxy knows where from there")
        }
        () => Ok(()),
    }
}
