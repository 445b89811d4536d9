//! Who closes an idle connection first.

use crate::config::case::Origin;
use crate::diag::Severity;
use crate::lint::facts::secs;
use crate::lint::{Facts, Found, Rule};

/// See the rule's own words.
pub(super) const KEEPALIVE: Rule = Rule {
    code: "PL004",
    name: "keepalive-order",
    severity: Severity::Error,
    title: "the server keeps idle connections longer than the front end",
    why: "Whoever closes an idle connection last may write a request onto one that the other side has just closed. \
          If the server closes first, such requests are lost at a low, steady rate, without any rollout.",
    remedy: "Set the server's keep-alive above the front end's idle timeout by a few seconds (Node: \
             keepAliveTimeout and headersTimeout), or the front end's below the server's.",
    blind: "The server's keep-alive time, which no manifest states; give it with \
            --set containers.NAME.keepalive_idle=65s.",
    source: "nodejs/node #27363; ingress-nginx #9877; AWS troubleshooting guide for application load balancers",
    check,
};

fn check(facts: &Facts) -> Vec<Found> {
    let Some(front) = facts.front.as_ref().filter(|_| facts.serves) else { return Vec::new() };
    let Some(idle) = front.idle_timeout else { return Vec::new() };
    let short = facts.route().filter_map(|container| {
        let have = container.keepalive_idle.filter(|have| have.lo <= idle)?;
        let certain = have.origin == Origin::Given && have.used <= idle && !front.resends_broken;
        let severity = if certain { Severity::Error } else { Severity::Warning };
        let hidden =
            if front.resends_broken { "; only requests that are not idempotent are lost" } else { "" };
        let message = format!(
            "container `{}` closes idle connections after {}, {} reuses them for {}{hidden}",
            container.name,
            have.words(),
            front.name,
            secs(idle),
        );
        Some(Found::new(severity, message, &container.place).slack(have.used, idle, "s"))
    });
    // Only the container that the front end connects to.
    short.take(1).collect()
}
