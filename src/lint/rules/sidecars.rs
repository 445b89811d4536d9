//! Containers of one pod that must leave together.

use crate::diag::Severity;
use crate::lint::facts::secs;
use crate::lint::{ContainerFacts, Facts, Found, Rule};

/// See the rule's own words.
pub(super) const LEAVE_TOGETHER: Rule = Rule {
    code: "PL015",
    name: "leave-together",
    severity: Severity::Error,
    title: "no container that requests need ends before the one that takes them",
    why: "All containers of a pod are told to stop at the same time, each after its own hook. A proxy that leaves \
          first cuts the application off from its users and from what it calls; an application that leaves \
          first lets its proxy answer 502 or 503.",
    remedy: "Give every such container the same preStop, or make the proxy a native sidecar (an init container \
             with restartPolicy Always, stable since Kubernetes 1.33), which ends after the application.",
    blind: "Settings inside the proxy (a mesh's drain duration, EXIT_ON_ZERO_ACTIVE_CONNECTIONS).",
    source: "kubernetes pkg/kubelet/kuberuntime killContainersWithSyncResult; KEP-753; istio pkg/envoy/agent.go",
    check,
};

/// Proxies that applications speak through: a word in name or image, and how long after its stop
/// signal it goes on by default, seconds.
const PROXIES: &[(&str, f64)] = &[
    ("istio-proxy", 5.0),
    ("proxyv2", 5.0),
    ("linkerd-proxy", 0.0),
    ("cloudsql-proxy", 0.0),
    ("cloud-sql-proxy", 0.0),
    ("oauth2-proxy", 0.0),
    ("envoy", 0.0),
];

fn check(facts: &Facts) -> Vec<Found> {
    if !facts.serves {
        return Vec::new();
    }
    let mut found: Vec<Found> = between_route(facts).into_iter().collect();
    // What requests pass has been compared already.
    let told = |container: &ContainerFacts| !found.is_empty() && container.on_route;
    let proxies: Vec<&ContainerFacts> =
        facts.containers.iter().filter(|container| !container.is_sidecar && !told(container)).collect();
    let proxies = proxies.into_iter();
    found.extend(proxies.filter_map(|proxy| {
        let lingers = known_proxy(proxy)?;
        let leaves = proxy.signal_after(facts.grace_seconds)? + lingers;
        beside_app(facts, proxy, leaves)
    }));
    found
}

fn known_proxy(container: &ContainerFacts) -> Option<f64> {
    let named = |word: &str| container.name.contains(word) || container.image.contains(word);
    PROXIES.iter().find(|(word, _)| named(word)).map(|(_, lingers)| *lingers)
}

/// A proxy beside the application, by its own drain time, against the application's life.
fn beside_app(facts: &Facts, proxy: &ContainerFacts, leaves: f64) -> Option<Found> {
    let apps = facts.route().filter(|app| app.name != proxy.name && known_proxy(app).is_none());
    let life = |app: &ContainerFacts| {
        let finishing = match (app.stop, app.longest_request) {
            (Some(stop), Some(longest)) if stop.drains => {
                longest.used.min(stop.drain_limit.unwrap_or(f64::MAX))
            }
            _ => 0.0,
        };
        app.signal_after(facts.grace_seconds).map(|signal| signal + finishing)
    };
    let (app, stays) =
        apps.filter_map(|app| life(app).map(|life| (app, life))).max_by(|a, b| a.1.total_cmp(&b.1))?;
    if leaves >= stays {
        return None;
    }
    let message = format!(
        "container `{}` leaves {} after the deletion, `{}` works until {}: from then on it has no network",
        proxy.name,
        secs(leaves),
        app.name,
        secs(stays)
    );
    let found = Found::new(Severity::Error, message, &proxy.hook_place);
    Some(found.label("leaves first").slack(leaves, stays, "s"))
}

/// Containers that hand requests to each other, by how long each of them serves.
fn between_route(facts: &Facts) -> Option<Found> {
    let grace = facts.grace_seconds;
    let serving: Vec<(&ContainerFacts, f64)> =
        facts.route().filter_map(|c| c.serves_for(grace).map(|serves| (c, serves))).collect();
    let (first, have) = serving.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let (last, need) = serving.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    if need - have < 0.5 {
        return None;
    }
    let message = format!(
        "container `{}` serves until {} after the deletion, `{}` only until {}: requests in between are lost \
         inside the pod",
        last.name,
        secs(*need),
        first.name,
        secs(*have)
    );
    let found = Found::new(Severity::Error, message, &first.hook_place);
    Some(found.label("leaves first").slack(*have, *need, "s"))
}
