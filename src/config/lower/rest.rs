//! What was read and plays no part, told once.

use std::collections::BTreeMap;

use super::fields::Objects;
use super::front::Chosen;
use super::roles::{Part, Parts, running};
use super::values::{Fallback, Values};
use super::{code, events};
use crate::config::case::Origin;
use crate::config::described::{Described, EventAction};
use crate::config::knobs;
use crate::config::manifest::{PodDisruptionBudget, Selection, TrafficPolicy};
use crate::diag::Diagnostic;
use crate::sim::spec::{ClientSpec, FrontSpec};
use crate::workload::Load;

/// That every request needs what the application calls through a container is an assumption.
pub(super) fn record_egress(parts: &Parts, objects: &Objects, values: &mut Values<'_>) {
    let knob = knobs::find("containers.*.role").expect("a name of the registry").knob;
    for ((container, _), part) in running(&objects.pod_spec).iter().zip(&parts.parts) {
        let key = format!("containers.{}.role", container.name);
        if *part == Part::Egress && values.said(&key).is_none() {
            // Which requests need it nobody knows: all of them, or none.
            let known = Fallback {
                text: part.word().to_owned(),
                range: Some((Part::Other.word().to_owned(), part.word().to_owned())),
                origin: Origin::Guess,
                source: "every request is taken to need what the application calls through it".to_owned(),
                decisive: true,
            };
            values.assume(knob, &key, known);
        }
    }
}

/// Which container answers is an assumption where it had to be inferred.
pub(super) fn record_roles(parts: &Parts, objects: &Objects, values: &mut Values<'_>) {
    record_egress(parts, objects, values);
    let knob = knobs::find("containers.*.role").expect("a name of the registry").knob;
    let containers = running(&objects.pod_spec);
    let Some(why) = &parts.why else { return };
    let server = parts.server();
    let key = format!("containers.{}.role", containers[server].0.name);
    values.assume(knob, &key, Fallback::plain(parts.parts[server].word(), Origin::Guess, why.clone()));
}

/// Affinity without anybody whom it could concern.
pub(super) fn warn_of_affinity(tier: &FrontSpec, client: &ClientSpec, load: &Load, values: &mut Values<'_>) {
    if tier.client_affinity && matches!(load, Load::Open(_)) && client.connections == 0 {
        let message = "client affinity needs clients that come back, and those of this load do not";
        let help =
            "use a closed load (`--conns`), or state how many clients there are: `--set client.connections=`";
        values.problems.push(Diagnostic::note(code::FRONT_END, message).help(help));
    }
    // Source: traefik pkg/provider/kubernetes, `fenced` servers.
    if tier.client_affinity && tier.name == "traefik" {
        let message = "Traefik's sticky cookies keep clients at a pod that terminates for as long as it serves, which is not simulated";
        let help = "see what clients without cookies lose: --set front_end.client_affinity=false; a longer preStop would change little for those with one";
        values.problems.push(Diagnostic::error(code::FRONT_END, message).help(help));
    }
}

/// Fields and objects that are not modelled, with the object's name.
pub(super) fn not_modelled(
    described: &Described<'_>,
    selection: &Selection<'_>,
    objects: &Objects,
    chosen: &Chosen,
) -> Vec<(String, String)> {
    let manifests = described.manifests;
    let mut titles = vec![objects.deployment.meta.title()];
    titles.extend(selection.services.iter().map(|object| object.meta.title()));
    titles.extend(selection.ingresses.iter().map(|object| object.meta.title()));
    titles.extend(selection.routes.iter().map(|object| object.meta.title()));
    titles.extend(selection.destination_rules().map(|object| object.meta.title()));
    titles.extend(selection.autoscalers.iter().map(|object| object.meta.title()));
    titles.extend(selection.disruption_budgets.iter().map(|object| object.meta.title()));
    let concerns = |object: &String| !object.contains('/') || titles.contains(object);
    let fields = manifests.not_modelled.iter().filter(|field| concerns(&field.object));
    let mut found: Vec<(String, String)> =
        fields.map(|field| (field.object.clone(), field.field.clone())).collect();
    for service in &objects.services {
        if service.client_ip_affinity_seconds.is_some() && !chosen.by_client_ip() {
            found.push((service.meta.title(), "sessionAffinity: ClientIP".to_owned()));
        }
        if service.external_traffic_policy == TrafficPolicy::Local && !chosen.by_node() {
            let what = "externalTrafficPolicy: Local plays no part: the front end sends to pods itself";
            found.push((service.meta.title(), what.to_owned()));
        }
        if service.internal_traffic_policy == TrafficPolicy::Local {
            found.push((service.meta.title(), "internalTrafficPolicy: Local".to_owned()));
        }
    }
    // A drain asks it, whichever Deployment the drain is of: all pods of the node are to go.
    let drains = events::any(described, |action| matches!(action.of_pods(), EventAction::Drain(_)));
    let is_asked = |budget: &PodDisruptionBudget| drains && budget.limit.is_some();
    for budget in selection.disruption_budgets.iter().filter(|budget| !is_asked(budget)) {
        let what = "limits evictions only; rollouts, scale-in and deletions do not ask it";
        found.push((budget.meta.title(), what.to_owned()));
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for object in &manifests.other_objects {
        *kinds.entry(object.kind.as_str()).or_default() += 1;
    }
    let objects = |count: usize| format!("{count} object{}", if count == 1 { "" } else { "s" });
    found.extend(kinds.into_iter().map(|(kind, count)| (kind.to_owned(), objects(count))));
    found
}
