//! Serving time after deletion against the front end's removal.

use crate::config::inputs::ANNOTATION_PREFIX;
use crate::diag::Severity;
use crate::lint::facts::{bare, secs};
use crate::lint::{ContainerFacts, Facts, Found, FrontFacts, HookFacts, Rule};

/// See the rule's own words.
pub(super) const SERVING_AFTER_DELETION: Rule = Rule {
    code: "PL001",
    name: "serving-after-deletion",
    severity: Severity::Error,
    title: "a deleted pod serves until its front end has let go of it",
    why: "Kubelet and endpoint controllers learn of a deletion at the same moment and act independently. The \
          stop signal comes within a fraction of a second, the last new request seconds later. What is sent in \
          between meets a closed port.",
    remedy: "Add `lifecycle.preStop.sleep` to every container but native sidecars, longer than the removal, and \
             raise terminationGracePeriodSeconds by the same time.",
    blind: "How long this cluster's front end really needs; measure it, or give it with --removal. How long a hook \
            takes that is a request or a command other than sleep, unless pre_stop_duration says so. Connections \
            that are pooled or pinned do not move at all.",
    source: "kubernetes pkg/kubelet SyncTerminatingPod beside the EndpointSlice controller; removal times of the \
             front-end presets",
    check,
};

fn check(facts: &Facts) -> Vec<Found> {
    let Some(front) = facts.front.as_ref().filter(|_| facts.serves) else { return Vec::new() };
    let unknown = facts.route().filter_map(|container| of_unknown_length(facts, front, container));
    let known = too_short(facts, front);
    known.into_iter().chain(unknown).collect()
}

/// A hook whose length no manifest tells, on a container that would serve too briefly without it.
fn of_unknown_length(facts: &Facts, front: &FrontFacts, container: &ContainerFacts) -> Option<Found> {
    let need = front.removal;
    let without = container.stop?.serves_on.min(f64::from(facts.grace_seconds));
    if container.hook.seconds().is_some() || without >= need.hi {
        return None;
    }
    let name = &container.name;
    let message = format!(
        "container `{name}` has a preStop hook, and nothing says how long it takes: {} needs {} to let go",
        front.name,
        need.words(),
    );
    let remedy = format!(
        "say how long it takes, with annotation {ANNOTATION_PREFIX}{name}.pre_stop_duration on the Deployment or \
         --set containers.{name}.pre_stop_duration=; or write `sleep`"
    );
    let found = Found::new(Severity::Warning, message, &container.hook_place);
    Some(found.label("of unknown length").remedy(remedy))
}

/// The container that stops first, by its hook and what it does on its signal.
fn too_short(facts: &Facts, front: &FrontFacts) -> Option<Found> {
    let serving = facts.route().filter_map(|c| c.serves_for(facts.grace_seconds).map(|s| (s, c)));
    let (have, container) = serving.min_by(|a, b| a.0.total_cmp(&b.0))?;
    let need = front.removal;
    if have >= need.hi {
        return None;
    }
    let at_best = container.may_serve_for(facts.grace_seconds)?;
    let certain = at_best < need.lo && !front.retries_refused;
    let severity = if certain { Severity::Error } else { Severity::Warning };
    let hidden = match front.retries_refused {
        true => "; retries on other pods hide a part of it",
        false => "",
    };
    let message = format!(
        "container `{}` serves {} after its deletion, {} needs {} to let go{hidden}",
        container.name,
        secs(have),
        front.name,
        need.words(),
    );
    let label = match container.hook {
        HookFacts::None => "no preStop hook",
        HookFacts::Fails | HookFacts::Exec { fails: true, .. } => "fails, and delays nothing",
        _ => "too short",
    };
    let seconds = need.hi.max(front.longest_removal).ceil();
    // One that lacks the hook would leave before the others. Native sidecars wait for all of them.
    let all = facts.containers.iter().filter(|container| !container.is_sidecar);
    let hooked: Vec<String> = all.map(|container| format!("`{}`", container.name)).collect();
    let remedy = format!(
        "`preStop: {{sleep: {{seconds: {}}}}}` on {}{} (Kubernetes 1.30 or later), and terminationGracePeriodSeconds of that plus the longest request; it lengthens every rollout and \
         rollback, and keeps pods, addresses and connections for as long",
        bare(seconds),
        if hooked.len() > 1 { "each of " } else { "" },
        hooked.join(", "),
    );
    let found = Found::new(severity, message, &container.hook_place);
    Some(found.label(label).remedy(remedy).slack(have, need.used.max(need.lo), "s"))
}
