//! Small services, and the way from a command line to what is simulated.

use podloss::config::case::Override;
use podloss::config::inputs::{COMMAND_LINE, Inputs};
use podloss::config::lower::{Lowered, lower};
use podloss::diag::Diagnostic;

/// The Deployment `web` and its Service: `web!(4 pods [PARTS])`, where the parts are literals or
/// [`app!`] and make the lines of the pod's spec. Without a number `replicas` is left out.
/// `service "..."` replaces what the Service's spec has besides its selector.
macro_rules! web {
    ($($count:literal)? pods [$($pod:tt)*]) => {
        web!($($count)? pods [$($pod)*] service "ports: [{port: 80, targetPort: 8080}]")
    };
    ($($count:literal)? pods [$($pod:tt)*] service $service:literal) => {
        concat!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n",
            $("  replicas: ", $count, "\n",)?
            "  selector: {matchLabels: {app: web}}\n",
            "  template:\n    metadata: {labels: {app: web}}\n    spec:\n",
            $($pod)*,
            "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n",
            "spec: {selector: {app: web}, ", $service, "}\n",
        )
    };
}

/// The containers of a pod's spec: one that listens on port 8080, with more lines of its own.
macro_rules! app {
    ($($line:literal),*) => {
        concat!(
            "      containers:\n        - name: app\n          image: registry.example/shop/web:7\n",
            "          ports: [{containerPort: 8080}]\n",
            $("          ", $line, "\n",)*
        )
    };
}

pub(crate) use {app, web};

/// What `podloss run web.yaml` would simulate with these files. `line` has the other arguments, one a
/// line; `set` wins over them.
pub(crate) fn lowered(
    files: &[(&str, &str)],
    line: &str,
    set: &[(&str, &str)],
) -> Result<Lowered, Vec<Diagnostic>> {
    let line = format!("web.yaml\n{line}");
    let files = [(COMMAND_LINE, line.as_str())].into_iter().chain(files.iter().copied());
    let files: Vec<(String, String)> = files.map(|(name, text)| (name.into(), text.into())).collect();
    let set = set.iter().map(|(knob, value)| Override { knob: (*knob).into(), value: (*value).into() });
    let inputs = Inputs::stored(&files)?;
    let (described, _) = inputs.described(&set.collect::<Vec<_>>())?;
    lower(&described)
}
