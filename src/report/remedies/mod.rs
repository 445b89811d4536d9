//! What ends a loss: a sentence per status and cause, from the mechanism and this case's own
//! settings.
//!
//! Rules that keep advice from hurting: a hook is never put on one container of a pod alone; the
//! sleep action comes before an exec hook where the version has it, with a word on what a failing
//! hook does; repeating requests that are not idempotent is never advised; what a remedy costs is
//! said beside it; nothing is ever called safe, only "no such loss predicted while ...".

mod facts;
mod no_pod;
mod start;
mod stop;
#[cfg(test)]
mod tests;

use crate::account::{CauseTally, Tally};
use crate::config::case::Case;
use crate::model::outcome::{Cause, Status};
use crate::report::result::Remedy;
use crate::study::{Margin, Mechanism, RunSummary, emptied_mostly_by};
use crate::units::{Nanos, format_duration};

use facts::Facts;

/// Two lengths of the same advice.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Words {
    short: String,
    full: String,
}

impl Words {
    fn new(short: impl Into<String>, full: impl Into<String>) -> Words {
        Words { short: short.into(), full: full.into() }
    }
}

/// The remedies of all losses, the largest loss first.
pub fn remedies(case: &Case, total: &Tally, runs: &[RunSummary], margins: &[Margin]) -> Vec<Remedy> {
    let facts = Facts { emptied_by: emptied_mostly_by(runs), ..Facts::of(case) };
    let ingress = Facts::of_ingress(case);
    let mut causes: Vec<_> = total.causes.iter().collect();
    causes.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.count));
    let remedy = |(&(status, cause), tally): (&(Status, Cause), &CauseTally)| {
        match ingress.as_ref().filter(|_| 2 * tally.at_ingress > tally.count) {
            None => {
                let Words { short, full } = words(cause, Mechanism::of(cause, case), &facts, margins);
                Remedy { status, cause, short, full }
            }
            Some(ingress) => {
                // Margins are the service's.
                let mechanism = Mechanism::of_ingress(cause, case);
                let Words { short, full } = words(cause, mechanism, ingress, &[]);
                let full = format!("This is about the pods of the front end itself. {full}");
                Remedy { status, cause, short: format!("ingress pods: {short}"), full }
            }
        }
    };
    causes.into_iter().map(remedy).collect()
}

fn words(cause: Cause, mechanism: Mechanism, facts: &Facts<'_>, margins: &[Margin]) -> Words {
    let stops = matches!(cause, Cause::ListenerClosed | Cause::ExitedInFlight | Cause::KeepaliveRace);
    if let Some(words) = stops.then(|| stop::mesh_first(facts)).flatten() {
        return words;
    }
    match mechanism {
        // No probe and no hook is asked then, so neither helps before it is gone.
        Mechanism::NotReadyYet | Mechanism::GoneTooEarly if facts.publishes_all => start::published(facts),
        // Without a hook the processes in order lose as well, and that comes first.
        Mechanism::GoneTooEarly if facts.is_stale && !stop::lacks_a_hook(facts) => Words::new(
            "restart the process that hears of no changes",
            "A process of the front end keeps a list of endpoints that is out of date and sends to pods that are \
             gone, until it reads the list again. No hook is long enough for that; watch for processes whose \
             list differs from the others', and take the controller's fix for it if there is one.",
        ),
        Mechanism::GoneTooEarly if cause == Cause::NoLocalEndpoints => stop::keep_the_node(facts),
        Mechanism::GoneTooEarly => stop::keep_serving(facts),
        Mechanism::Killed => stop::finish_requests(facts, margins),
        Mechanism::ExitsBusy => stop::longer_drain(facts),
        Mechanism::KeepaliveRace => stop::idle_connections(facts),
        Mechanism::InnerGone => stop::proxy_first(facts),
        Mechanism::EgressGone => stop::egress_first(facts),
        Mechanism::NotReadyYet => start::readiness(cause, facts),
        Mechanism::LivenessRestart => start::liveness(facts, margins),
        Mechanism::Overload => capacity(cause, facts, margins),
        Mechanism::NoPod => no_pod::no_endpoints(facts),
        Mechanism::MarkedDown => Words::new(
            "stop the failures that mark pods down, or max_fails=0",
            "The front end counted failures against every pod and left them all alone. End those failures \
             first; with passive checks off (max_fails=0) a failing pod costs its own requests only.",
        ),
        Mechanism::Memory => Words::new(
            "a higher memory limit",
            "The container went beyond its memory limit. Raise the limit, or lower what one request or one \
             worker takes; more replicas do not help a container that grows by itself.",
        ),
        Mechanism::Fault if cause == Cause::Crashed => Words::new(
            "retries of idempotent requests, and pods to spare",
            "The process ended by itself. No hook, probe or grace can save what it was serving; a front end that \
             sends idempotent requests to another pod can, and enough pods keep the others from overload while \
             one starts again.",
        ),
        Mechanism::Fault if cause == Cause::NetworkReset => Words::new(
            "mend the network; retries of idempotent requests until then",
            "The pods were well, the network reset the connection. Packets that conntrack calls invalid are the \
             known case: let it be liberal (nf_conntrack_tcp_be_liberal) or have the node drop such packets, as \
             kube-proxy does. A front end that sends idempotent requests again hides the rest.",
        ),
        Mechanism::Fault => Words::new(
            "short connect timeout with a retry; health checks",
            "The node died and took its kubelet along, so nobody tells the front end before the node's lease has \
             run out. Only the front end can shorten that: a connect timeout of a second or two with a retry at \
             another pod, passive or active checks. Pods spread over nodes and zones bound how many are hit.",
        ),
        Mechanism::CutOff => Words::new(
            "a deregistration delay above the longest request",
            "The load balancer closed connections to a target that was deregistered, with requests still running. \
             Set deregistration_delay.timeout_seconds above the longest request. It costs little: pods go by \
             their own hook and grace period, which it does not hold up.",
        ),
        Mechanism::CircuitOpen => Words::new(
            "a higher limit of the circuit breaker",
            "The breaker refused to send because of its own limits on requests, requests without a connection or \
             retries. Raise them to what the pods can really take at the worst moment, not beyond.",
        ),
    }
}

fn margin<'a>(margins: &'a [Margin], name: &str) -> Option<&'a Margin> {
    margins.iter().find(|margin| margin.name == name)
}

/// Seconds for people: whole where they are long.
fn seconds(value: f64) -> String {
    let step = if value >= 10.0 { 1.0 } else { 0.1 };
    format!("{} s", crate::stats::printed((value / step).round() * step).unwrap_or_default())
}

fn span(value: Nanos) -> String {
    seconds(value.as_secs_f64())
}

fn capacity(cause: Cause, facts: &Facts<'_>, margins: &[Margin]) -> Words {
    let lacking = |name: &str| margin(margins, name).filter(|margin| margin.slack < 0.0);
    if let Some(cpu) = lacking("cpu") {
        return Words::new(
            format!("more CPU at the worst moment ({:.1} of {:.1} cores)", cpu.have, cpu.need),
            format!(
                "The pods in rotation had {:.1} cores and the requests needed {:.1}. More replicas before the \
                 moment comes (hpa.min, a lower CPU target, a faster scale-up), or a higher CPU limit. During \
                 a rollout maxUnavailable takes capacity away and maxSurge adds it, at the price of more pods.",
                cpu.have, cpu.need
            ),
        );
    }
    if let Some(pods) = lacking("capacity") {
        return Words::new(
            format!(
                "more pods at the worst moment ({:.0} of {:.1})",
                pods.have,
                pods.need.max(pods.have + 0.1)
            ),
            format!(
                "{:.0} pods were in rotation where the requests filled {:.1}. More replicas or more workers per \
                 pod; during a rollout maxUnavailable 0 with some maxSurge, at the price of more pods at once.",
                pods.have, pods.need
            ),
        );
    }
    match (cause, facts.client_timeout) {
        (Cause::Overloaded, _) => Words::new(
            "room for the burst: more workers or pods, or a longer queue",
            "The queue inside the application was full and it answered 503 at once. More workers or pods take the \
             burst; a longer queue turns the 503s into waiting, which is worth it only while answers still come \
             within everybody's patience.",
        ),
        (Cause::ClientGaveUp, Some(patience)) => Words::new(
            format!("answers within the client's {}", format_duration(patience)),
            format!(
                "The client waits {} and no longer. Find what made answers late (the margins and the latency \
                 plot); a longer wait only moves the loss.",
                format_duration(patience)
            ),
        ),
        _ => Words::new(
            format!("answers within {}'s {}", facts.front, format_duration(facts.patience)),
            format!(
                "No answer came within the front end's timeout of {}. Look for what holds requests up: a \
                 pod that cannot be reached any more, a full queue, a dependency; do not repeat requests that \
                 are not idempotent.",
                format_duration(facts.patience)
            ),
        ),
    }
}
