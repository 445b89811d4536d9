//! `podloss.dev/...` annotations of a workload: settings of one service, beside its manifest.
//!
//! `podloss.dev/startup: 8s..15s` sets the knob of that name; `podloss.dev/app.startup` sets it for
//! the container `app`.

use crate::config::knobs::{self, Found, UnknownKnob};
use crate::config::manifest::code::ANNOTATION;
use crate::config::manifest::{Deployment, Manifests, ObjectMeta};
use crate::config::settings::{Layer, Setting};
use crate::config::statements::{setting, unknown_knob};
use crate::diag::Diagnostic;

/// What the names of podloss's annotations begin with.
pub const PREFIX: &str = "podloss.dev/";
/// The one that sets nothing: rules that `podloss check` should not complain about.
pub const ALLOW: &str = "podloss.dev/allow";

/// The settings in the annotations of a Deployment.
///
/// # Errors
/// Every annotation whose name is no knob or whose value the knob does not take.
pub(super) fn annotated(deployment: &Deployment) -> Result<Vec<Setting>, Vec<Diagnostic>> {
    let (mut settings, mut errors) = (Vec::new(), Vec::new());
    for (key, value) in deployment.meta.annotations.iter().filter(|(key, _)| *key != ALLOW) {
        let Some(name) = key.strip_prefix(PREFIX) else { continue };
        let place = deployment.meta.places.of(&format!("metadata.annotations[{key}]"));
        let read = find(name)
            .map_err(|unknown| unknown_knob(&unknown))
            .and_then(|found| setting(&found.path, value, Layer::Annotation));
        match read {
            Ok(setting) => settings.push(Setting { place: Some(place), ..setting }),
            Err(mut error) => {
                error.message = format!("{}: annotation {key}: {}", deployment.meta.title(), error.message);
                errors.push(error.at(place));
            }
        }
    }
    let on_pods = deployment.template_annotations.keys();
    for key in on_pods.filter(|key| key.starts_with(PREFIX) && *key != ALLOW) {
        let message = format!("{}: annotation {key} is on the pods", deployment.meta.title());
        let place = deployment.meta.places.of(&format!("spec.template.metadata.annotations[{key}]"));
        let help = "move it to `metadata.annotations` of the Deployment itself";
        errors.push(Diagnostic::error(ANNOTATION, message).at(place).help(help));
    }
    if errors.is_empty() { Ok(settings) } else { Err(errors) }
}

/// Warnings about podloss's annotations on objects that do not carry settings.
pub fn misplaced(manifests: &Manifests) -> Vec<Diagnostic> {
    let services = manifests.services.iter().map(|object| &object.meta);
    let ingresses = manifests.ingresses.iter().map(|object| &object.meta);
    let autoscalers = manifests.autoscalers.iter().map(|object| &object.meta);
    // An allow-list on the pods is the concern of `podloss check`, which has a rule for it.
    services.chain(ingresses).chain(autoscalers).flat_map(misplaced_on).collect()
}

fn misplaced_on(meta: &ObjectMeta) -> impl Iterator<Item = Diagnostic> {
    meta.annotations.keys().filter(|key| key.starts_with(PREFIX)).map(|key| {
        let message = format!("{}: annotation {key} is not on a Deployment", meta.title());
        Diagnostic::warning(ANNOTATION, message)
            .at(meta.places.of(&format!("metadata.annotations[{key}]")))
            .label("not used")
            .help("move it to `metadata.annotations` of the Deployment")
    })
}

fn find(name: &str) -> Result<Found, UnknownKnob> {
    let unknown = match knobs::find(name) {
        Ok(found) => return Ok(found),
        Err(unknown) => unknown,
    };
    let of_container =
        name.split_once('.').map(|(container, knob)| knobs::find(&format!("{knob}@{container}")));
    match of_container {
        Some(Ok(found)) => Ok(found),
        Some(Err(within)) if unknown.did_you_mean.is_none() => {
            let meant = within.did_you_mean.as_deref().and_then(|meant| meant.split_once('@'));
            let did_you_mean = meant.map(|(knob, container)| format!("{container}.{knob}"));
            Err(UnknownKnob { name: name.to_owned(), did_you_mean })
        }
        _ => Err(unknown),
    }
}
