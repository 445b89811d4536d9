//! Hooks that may not run at all.

use crate::config::image::{Shell, shell_in, shell_program};
use crate::diag::{Place, Severity};
use crate::lint::facts::{ContainerFacts, bare, secs};
use crate::lint::{Facts, Found, HookFacts, Rule};

/// See the rule's own words.
pub(super) const HOOK_RUNS: Rule = Rule {
    code: "PL014",
    name: "hook-runs",
    severity: Severity::Error,
    title: "the commands of preStop and postStart exist in the image",
    why: "A preStop hook that fails delays nothing: the stop signal comes at once, and the only trace is an event \
          of the pod. A postStart hook that fails has its container killed, at every start. Images without a \
          shell have neither `sh` nor `sleep`.",
    remedy: "Use the sleep action, `preStop: {sleep: {seconds: N}}`: it needs nothing in the image. Kubernetes \
             1.30 or later (beta, on by default; stable since 1.34).",
    blind: "What is in the image: its name is all there is to go by.",
    source: "kubernetes pkg/kubelet/kuberuntime executePreStopHook, startContainer; KEP-3960",
    check,
};

fn check(facts: &Facts) -> Vec<Found> {
    let hooks = facts.containers.iter().flat_map(|container| {
        [
            doubt(container, &PRE_STOP, &container.hook, &container.hook_place),
            doubt(container, &POST_START, &container.post_start, &container.post_start_place),
        ]
    });
    hooks.flatten().collect()
}

/// A kind of hook, and what it means that one fails.
struct Kind {
    name: &'static str,
    always: &'static str,
    maybe: &'static str,
    label: &'static str,
}

const PRE_STOP: Kind = Kind {
    name: "preStop",
    always: "it delays nothing",
    maybe: "there is no delay at all",
    label: "of delay hang on it",
};

const POST_START: Kind = Kind {
    name: "postStart",
    always: "the kubelet kills the container after every start",
    maybe: "the kubelet kills the container after every start",
    label: "after which the container would be killed",
};

fn doubt(container: &ContainerFacts, kind: &Kind, hook: &HookFacts, place: &Place) -> Option<Found> {
    let Kind { name, always, maybe, label } = kind;
    let HookFacts::Exec { command, slept, .. } = hook else {
        return (*hook == HookFacts::Fails).then(|| {
            let message = format!(
                "the {name} hook of container `{}` is a tcpSocket, which always fails: {always}",
                container.name
            );
            let found = Found::new(Severity::Error, message, place);
            if *name == "preStop" { found } else { found.remedy("write `exec:` or `httpGet:`") }
        });
    };
    let program = shell_program(command)?;
    let severity = match shell_in(&container.image) {
        Shell::Lacking => Severity::Error,
        Shell::There => return None,
        Shell::Unknown => Severity::Warning,
    };
    let holds = if severity == Severity::Error { "does not hold" } else { "may not hold" };
    let message = format!(
        "the {name} hook of container `{}` runs `{program}`, which image `{}` {holds}: if it fails {maybe}",
        container.name, container.image
    );
    let remedy = slept.map(|seconds| {
        format!(
            "`{name}: {{sleep: {{seconds: {}}}}}` does the same without a shell (Kubernetes 1.30 or later)",
            bare(seconds.ceil())
        )
    });
    let found = Found::new(severity, message, place);
    let found = match slept {
        Some(seconds) => found.label(format!("{} {label}", secs(*seconds))),
        None => found,
    };
    Some(Found { remedy, ..found })
}
