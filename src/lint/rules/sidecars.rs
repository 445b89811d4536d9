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
             with restartPolicy Always, stable since Kubernetes 1.33), which ends after the application. Istio: \
             terminationDrainDuration, or EXIT_ON_ZERO_ACTIVE_CONNECTIONS with a MINIMUM_DRAIN_DURATION, as long \
             as the application works. Cloud SQL proxy: --max-sigterm-delay, as long as that.",
    blind: "Settings of a mesh as a whole (meshConfig.defaultConfig), unless pods show them.",
    source: "kubernetes pkg/kubelet/kuberuntime killContainersWithSyncResult; KEP-753; istio pkg/envoy/agent.go",
    check,
};

/// Proxies that applications speak through: a word in name or image, and how long after its stop
/// signal it goes on by default, seconds. What settings and the proxy's own configuration say of its
/// end stands before that.
const PROXIES: &[(&str, f64)] =
    &[("istio-proxy", 5.0), ("proxyv2", 5.0), ("linkerd-proxy", 0.0), ("oauth2-proxy", 0.0), ("envoy", 0.0)];

/// When a container leaves, in seconds after the deletion: surely not before, and at best.
struct Leaves {
    at_least: f64,
    at_best: f64,
}

impl Leaves {
    /// How bad it is that others need the container for so long.
    fn before(&self, need: f64) -> Severity {
        if self.at_best < need { Severity::Error } else { Severity::Warning }
    }

    /// What it takes to stay so long where it only leaves when nobody has a connection to it.
    fn remedy(&self, found: Found, need: f64) -> Found {
        if self.at_best < need {
            return found;
        }
        found.remedy(format!(
            "MINIMUM_DRAIN_DURATION of {} or more beside EXIT_ON_ZERO_ACTIVE_CONNECTIONS, or the application's \
             preStop on the proxy as well: without a connection it leaves as soon as it may",
            secs(need.ceil())
        ))
    }
}

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
        let default = known_proxy(proxy)?;
        let leaves = match proxy.stop {
            Some(_) => Leaves {
                at_least: proxy.serves_for(facts.grace_seconds)?,
                at_best: proxy.may_serve_for(facts.grace_seconds)?,
            },
            None => {
                let at = proxy.signal_after(facts.grace_seconds)? + default;
                Leaves { at_least: at, at_best: at }
            }
        };
        beside_app(facts, proxy, &leaves)
    }));
    found
}

fn known_proxy(container: &ContainerFacts) -> Option<f64> {
    if container.is_egress {
        return Some(0.0);
    }
    let named = |word: &str| container.name.contains(word) || container.image.contains(word);
    PROXIES.iter().find(|(word, _)| named(word)).map(|(_, lingers)| *lingers)
}

/// A proxy beside the application, by its own drain time, against the application's life.
fn beside_app(facts: &Facts, proxy: &ContainerFacts, leaves: &Leaves) -> Option<Found> {
    let apps = facts.route().filter(|app| app.name != proxy.name && known_proxy(app).is_none());
    let life = |app: &ContainerFacts| {
        let finishing = match (app.stop, app.longest_request) {
            (Some(stop), Some(longest)) if stop.drains => {
                longest.used.min(stop.drain_limit.unwrap_or(f64::MAX))
            }
            _ => 0.0,
        };
        // What it takes after its signal needs what it calls as well.
        let takes_until = match proxy.is_egress {
            true => app.serves_for(facts.grace_seconds).or_else(|| app.signal_after(facts.grace_seconds)),
            false => app.signal_after(facts.grace_seconds),
        };
        takes_until.map(|until| until + finishing)
    };
    let (app, lives) =
        apps.filter_map(|app| life(app).map(|life| (app, life))).max_by(|a, b| a.1.total_cmp(&b.1))?;
    // Once the front end has let go, no request comes that would need what the application calls.
    let longest = app.longest_request.map_or(f64::INFINITY, |longest| longest.used);
    let let_go = facts.front.as_ref().map_or(f64::INFINITY, |front| front.removal.hi + front.outstay);
    let stays = if proxy.is_egress { lives.min(let_go + longest) } else { lives };
    let tolerance = if proxy.is_egress { 0.5 } else { 0.0 };
    if leaves.at_least + tolerance >= stays {
        return None;
    }
    let severity = leaves.before(stays);
    let message = format!(
        "container `{}` {} {} after the deletion, `{}` works until {}: from then on it {}",
        proxy.name,
        if severity == Severity::Error { "leaves" } else { "may leave" },
        secs(leaves.at_least),
        app.name,
        secs(stays),
        if proxy.is_egress { "answers errors to what needs it" } else { "has no network" }
    );
    let found = Found::new(severity, message, &proxy.hook_place);
    Some(leaves.remedy(found.label("leaves first"), stays).slack(leaves.at_least, stays, "s"))
}

/// Containers that hand requests to each other, by how long each of them serves.
fn between_route(facts: &Facts) -> Option<Found> {
    let grace = facts.grace_seconds;
    let serving: Vec<(&ContainerFacts, f64)> =
        facts.route().filter_map(|c| c.serves_for(grace).map(|serves| (c, serves))).collect();
    let (first, have) = serving.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let (last, serves) = serving.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    // Once the front end has let go, no request comes that would need both.
    let let_go = facts.front.as_ref().map_or(f64::INFINITY, |front| front.removal.hi + front.outstay);
    let need = serves.min(let_go);
    if need - have < 0.5 {
        return None;
    }
    let leaves = Leaves { at_least: *have, at_best: first.may_serve_for(grace)? };
    let severity = leaves.before(need);
    let message = format!(
        "container `{}` serves until {} after the deletion, `{}` {} until {}: requests in between are lost \
         inside the pod",
        last.name,
        secs(*serves),
        first.name,
        if severity == Severity::Error { "only" } else { "surely only" },
        secs(*have)
    );
    let found = Found::new(severity, message, &first.hook_place);
    Some(leaves.remedy(found.label("leaves first"), *serves).slack(*have, need, "s"))
}
