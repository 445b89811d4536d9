//! Losses at the end of a pod.

use super::facts::{Facts, Stays, Stopping};
use super::{Words, margin, seconds, span};
use crate::sim::spec::OnStop;
use crate::study::Margin;
use crate::units::Nanos;

/// Seconds that a hook must last so that the front end has surely let go.
fn hook_needed(facts: &Facts<'_>) -> u64 {
    // The removal's upper end and one second for what is already on its way.
    let (_, central, high) = facts.removal_s;
    central.max(high).max(facts.longest_removal_s).ceil() as u64 + 1
}

/// When the front end sends its last request after a deletion, in words.
fn let_go_words(facts: &Facts<'_>) -> String {
    let (low, _, high) = facts.removal_s;
    let tail = match facts.longest_removal_s {
        longest if longest > high => format!(", rarely up to {}", seconds(longest)),
        _ => String::new(),
    };
    format!("{} to {}{tail}", seconds(low), seconds(high))
}

/// Whether pods stop serving sooner than a front end in order lets them go.
pub(super) fn lacks_a_hook(facts: &Facts<'_>) -> bool {
    let hook = facts.old.as_ref().and_then(Stopping::hook).unwrap_or(Nanos::ZERO);
    hook.as_secs_f64() < facts.removal_s.1
}

/// A mesh's proxy gets its signal together with the application, and takes its network along.
pub(super) fn mesh_first(facts: &Facts<'_>) -> Option<Words> {
    let proxy = facts.old.as_ref()?.mesh_proxy()?;
    let form = match facts.kubernetes_minor {
        29.. => "a native sidecar (an init container with restartPolicy Always; Istio's default since 1.27)",
        _ => "a hook of its own as long as the application's (native sidecars came with Kubernetes 1.29)",
    };
    Some(Words::new(
        format!("`{proxy}` must outlive the application: a native sidecar"),
        format!(
            "`{proxy}` gets its stop signal when the pod is deleted and ends by its own clock, whatever the \
             application's preStop says; from then on nothing reaches the pod and nothing leaves it. Make it \
             {form}, or let it go on for as long as the application does (Istio: terminationDrainDuration, or \
             EXIT_ON_ZERO_ACTIVE_CONNECTIONS with a MINIMUM_DRAIN_DURATION, for without a connection it leaves at \
             once). Then the application's hook must cover the removal, {hi}.",
            hi = seconds(facts.removal_s.2),
        ),
    ))
}

pub(super) fn keep_serving(facts: &Facts<'_>) -> Words {
    let Some(old) = &facts.old else {
        return Words::new("keep serving until the front end has let go", "No container takes requests.");
    };
    let needed = hook_needed(facts);
    let now = old.hook().map_or_else(|| "none".to_owned(), span);
    let cut = old.hook().is_some_and(|hook| hook >= old.grace);
    if cut {
        return Words::new(
            format!("grace above the preStop (grace {}, preStop {now})", span(old.grace)),
            format!(
                "The grace period of {} cuts the preStop hook short. {}",
                span(old.grace),
                grace_rule(facts, needed)
            ),
        );
    }
    if let Some(new) = facts.new_hook {
        return Words::new(
            format!("nothing this time: the new preStop ({}) counts next time", span(new)),
            format!(
                "Pods stop by the spec they were created with. The old one has preStop: {now}, so this rollout \
                 still loses; the next one stops by the new spec (preStop {}). Run podloss without --from to \
                 see it.",
                span(new)
            ),
        );
    }
    Words::new(
        format!("keep serving until {} has let go (preStop: {now})", facts.front),
        format!(
            "The pod stops listening while {front} still sends to it: {until} after the deletion. \
             {switch}{hook} {grace} No such loss predicted while the removal takes less than {needed} s{stale}. {costs}",
            front = facts.front,
            stale = if facts.is_stale { ", except from the process that hears of no changes" } else { "" },
            switch = facts.scale_down_delay.map_or_else(String::new, |delay| format!(
                "In a rollout that switches the Service no hook is needed where scaleDownDelaySeconds (now {}) is \
                 above the removal delay; a scale-in needs one. ",
                span(delay)
            )),
            until = let_go_words(facts),
            hook = hook_rule(facts, old, needed),
            grace = grace_rule(facts, needed),
            costs = costs(facts, needed),
        ),
    )
}

/// The last pod of a node, under policy Local.
pub(super) fn keep_the_node(facts: &Facts<'_>) -> Words {
    let needed = hook_needed(facts);
    let hook = facts.old.as_ref().map_or_else(String::new, |old| hook_rule(facts, old, needed));
    Words::new(
        format!("serve until the node's checks have failed (up to {})", seconds(facts.removal_s.2)),
        format!(
            "Under externalTrafficPolicy: Local a node drops connections once its last pod of the service has \
             gone, until the load balancer's checks of it have failed: {lo} to {hi} after the deletion. While the \
             pod terminates and still serves, it gets the node's connections, and the checks fail already. {hook} \
             {grace} {costs} Faster checks need a shorter hook; policy Cluster needs none, and hides the client's \
             address.",
            lo = seconds(facts.removal_s.0),
            hi = seconds(facts.removal_s.2),
            grace = grace_rule(facts, needed),
            costs = costs(facts, needed),
        ),
    )
}

/// How to write the hook, on which containers, and what can go wrong with it.
fn hook_rule(facts: &Facts<'_>, old: &Stopping<'_>, needed: u64) -> String {
    let every = match old.beside {
        0 => String::new(),
        1 => " on both containers of the pod, so that neither leaves before the other".to_owned(),
        n => format!(" on all {} containers of the pod, so that none leaves before the others", n + 1),
    };
    let form = match facts.kubernetes_minor {
        30.. => format!("lifecycle.preStop.sleep of {needed} s (Kubernetes 1.30 and later)"),
        _ => format!(
            "lifecycle.preStop.exec of `sleep {needed}` (this version has no sleep action; where the image has \
             no shell or no sleep the hook fails and the pod stops at once)"
        ),
    };
    let pooled = match facts.stays {
        Some(stays) => format!(" This saves new connections. {}", ends_of_connections(stays)),
        None if facts.keepalive_s.is_some() => {
            " Pooled connections to the pod stay open during the hook: the front end must have closed or drained \
             them by then, or their next request is lost when the server stops."
                .to_owned()
        }
        None => String::new(),
    };
    format!("Add {form}{every}.{pooled}")
}

/// The grace for a hook of at least so many seconds. One that is longer already is not made shorter by
/// advice about the grace: it has to fit as well.
fn grace_rule(facts: &Facts<'_>, needed: u64) -> String {
    let needed = Nanos::from_secs(needed);
    let present = facts.old.as_ref().and_then(Stopping::hook).unwrap_or_default();
    let rest = facts.old.as_ref().map_or(Nanos::ZERO, |old| after_hook(old.behaviour(), facts.service));
    let least = |hook: Nanos| (hook + rest).as_secs_f64().ceil();
    let shorter = match present > needed {
        true => format!(" With a hook of {} it is {} s.", span(needed), least(needed)),
        false => String::new(),
    };
    format!(
        "terminationGracePeriodSeconds must cover the hook and the drain: at least {} s.{shorter}",
        least(present.max(needed))
    )
}

/// What follows the hook: the time for which the process serves on and its drain, as long as it allows
/// itself or as some requests take, and a little room.
fn after_hook(behaviour: &OnStop, service: Nanos) -> Nanos {
    let usual = Nanos(service.0.saturating_mul(10));
    let own = behaviour.drain().and_then(|drain| drain.limit).unwrap_or_default();
    let on = match behaviour {
        OnStop::Linger { time, .. } => time.upper_end(),
        _ => Nanos::ZERO,
    };
    on + usual.max(own) + Nanos::from_secs(2)
}

fn costs(facts: &Facts<'_>, needed: u64) -> String {
    let terminating = match facts.surge + facts.unavailable {
        0 => String::new(),
        n => format!(" Up to {} more pods exist at once while old ones sleep.", n.min(facts.replicas.max(1))),
    };
    let reclaim = if needed >= 30 {
        " A node that is reclaimed with 30 s of notice (some clouds give 120 s) cuts it."
    } else {
        ""
    };
    format!(
        "Costs: every pod takes {needed} s longer to go, in rollouts with maxSurge 0, rollbacks and node drains \
         too.{terminating}{reclaim}"
    )
}

/// What ends connections that stay with their pod: a longer hook does not.
fn ends_of_connections(stays: Stays) -> String {
    let announced = "let the pod's answers say Connection: close (HTTP/2: GOAWAY) from its deletion on";
    match stays {
        Stays::Clients(None) => format!(
            "Connections stay with the pod, whatever the lists say, until one side closes them, and a longer \
             preStop changes nothing about that: {announced}, or give connections a maximum age that is shorter \
             than the preStop (MAX_CONNECTION_AGE of gRPC servers, keepalive_time of nginx)."
        ),
        Stays::Clients(Some(age)) => format!(
            "Connections stay with the pod, whatever the lists say, until they are {} old, more or less: a preStop \
             that is shorter than that and the longest request changes nothing for them. Or {announced}.",
            span(age)
        ),
        Stays::Pool => format!(
            "Pooled connections stay with the pod, whatever the lists say, until one side closes them, and a \
             longer preStop changes nothing about that: {announced}, or let the front end send to the addresses \
             of pods (target type ip), where its own list decides."
        ),
    }
}

pub(super) fn finish_requests(facts: &Facts<'_>, margins: &[Margin]) -> Words {
    let Some(old) = &facts.old else {
        return Words::new("finish requests on SIGTERM", "No container takes requests.");
    };
    match (old.behaviour(), facts.stays) {
        (OnStop::Exit, stays) => Words::new(
            "finish requests on SIGTERM (now: exits at once)",
            format!(
                "The process ends on its stop signal with requests in service. Let it stop accepting, finish what \
                 it has, and then exit (a graceful shutdown of the server; a shell as PID 1 must pass the signal \
                 on). {}",
                stays.map_or_else(
                    || {
                        "A preStop longer than the removal plus the longest request helps as well, because then \
                         nothing is in service any more when the signal comes."
                            .to_owned()
                    },
                    ends_of_connections
                )
            ),
        ),
        (OnStop::ServeKept(..) | OnStop::Ignore, Some(stays)) => Words::new(
            "close kept connections before SIGKILL comes",
            format!(
                "The process serves on over connections that are kept to it, so requests come until SIGKILL ends \
                 it after the grace period of {}. A longer grace only moves that moment. {}",
                span(old.grace),
                ends_of_connections(stays)
            ),
        ),
        _ => {
            let grace = span(old.grace);
            match margin(margins, "grace").filter(|margin| margin.slack < 0.0) {
                Some(lacking) => {
                    let hook = old.hook().unwrap_or_default().as_secs_f64();
                    let least = (lacking.need + hook).ceil();
                    Words::new(
                        format!("grace of {least} s or more (now {grace})"),
                        format!(
                            "SIGKILL comes after the grace period of {grace}, of which preStop takes {}; the rest \
                             is too short for what is being served. terminationGracePeriodSeconds of {least} or \
                             more, or a shorter drain. Long graces hold up node drains, and nodes that are \
                             reclaimed with 30 s or 120 s of notice do not wait for them.",
                            seconds(hook)
                        ),
                    )
                }
                None => Words::new(
                    "let the process end by itself before SIGKILL",
                    format!(
                        "A signal ended the process with requests in service although the grace period of \
                         {grace} was long enough for a drain: look at restarts and direct deletions."
                    ),
                ),
            }
        }
    }
}

pub(super) fn longer_drain(facts: &Facts<'_>) -> Words {
    let limit = facts.old.as_ref().and_then(|old| old.behaviour().drain()?.limit);
    match limit {
        Some(limit) => Words::new(
            format!("a longer shutdown limit of the server (now {})", span(limit)),
            format!(
                "The server gives up its drain after {} of its own, with requests left. Raise that limit above \
                 the longest request, and the grace period above preStop plus that limit.",
                span(limit)
            ),
        ),
        None => Words::new(
            "finish requests before the process ends",
            "The process ended by itself with requests in service. Let it finish them first.",
        ),
    }
}

pub(super) fn idle_connections(facts: &Facts<'_>) -> Words {
    match facts.keepalive_s {
        Some((server, idle)) if server <= idle => Words::new(
            format!("server keep-alive above {} (now {})", seconds(idle), seconds(server)),
            format!(
                "The server closes idle connections after {}, the front end keeps them for {}, so requests meet a \
                 connection that is just being closed. Set the server's keep-alive above the front end's idle \
                 timeout, or the latter lower. A longer preStop changes nothing about this.",
                seconds(server),
                seconds(idle)
            ),
        ),
        _ => Words::new(
            "close idle connections only when the front end has let go",
            format!(
                "The server closes its idle connections when it stops, while requests are on their way on them. {}",
                facts.stays.map_or_else(
                    || {
                        "Keep serving until the front end has let go (preStop on every container of the pod), and \
                         close connections one by one with the answer that ends them."
                            .to_owned()
                    },
                    ends_of_connections
                )
            ),
        ),
    }
}

/// What the application calls through has ended before it.
pub(super) fn egress_first(facts: &Facts<'_>) -> Words {
    let names = facts.old.as_ref().map_or_else(Vec::new, |old| old.egress.clone());
    let names = match names.as_slice() {
        [] => "its proxy".to_owned(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and "),
    };
    let form = match facts.kubernetes_minor {
        29.. => {
            "a native sidecar (an init container with restartPolicy Always), which ends after the application"
        }
        _ => "a container that waits (native sidecars came with Kubernetes 1.29)",
    };
    Words::new(
        format!("{names} must outlive the application"),
        format!(
            "The application calls others through {names}, which ended before it: all containers of a pod get \
             their signal at the same time. Make it {form}; or let it wait for its connections (Cloud SQL proxy: \
             --max-sigterm-delay); or give it the application's preStop and the longest request on top. A hook on \
             the application alone makes it worse."
        ),
    )
}

pub(super) fn proxy_first(facts: &Facts<'_>) -> Words {
    let needed = hook_needed(facts);
    let entry = facts.old.as_ref().map_or("proxy", |old| old.entry.name.as_str());
    let order = match &facts.old {
        Some(old) if old.entry_index == 0 => "in the pod's order it even starts first",
        _ => "all containers of a pod get their signal at the same time",
    };
    Words::new(
        format!("the application must outlive `{entry}`"),
        format!(
            "`{entry}` takes requests in and had no application to hand them to; {order}. Give every container \
             the same preStop ({needed} s here), let the application drain longer than `{entry}`, and let the \
             readiness probe go through `{entry}` to the application."
        ),
    )
}
