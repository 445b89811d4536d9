//! Facts that settings, presets and assumptions add: what no Kubernetes object states.

use super::facts::{
    ContainerFacts, Facts, FrontFacts, HookFacts, ProbeFacts, PublishingFacts, Span, StopFacts,
};
use crate::config::case::{Assumption, MarginFacts, Origin};
use crate::config::knobs::{self, Value};
use crate::config::lower::{Lowered, stop_behaviour};
use crate::model::deployment::Strategy;
use crate::model::retry::RetryPeer;
use crate::random::Dist;
use crate::sim::spec::{
    ContainerPlan, DeploymentPlan, FrontSpec, Mechanism, OnStop, ProbePlan, Role, ServerSpec, SimSpec,
    StaleRetry,
};
use crate::units::Nanos;

/// Adds to the facts of a workload what was completed for its simulation. `load_given` tells whether
/// the load is the user's own.
pub fn complete(facts: &mut Facts, lowered: &Lowered, load_given: bool) {
    let spec = &lowered.spec;
    let assumptions = &lowered.assumptions;
    let Some(plan) = spec.deployments.first() else { return };
    let Some(template) = plan.templates.last() else { return };
    facts.grace_seconds = template.grace_seconds;
    facts.has_readiness_gate |= template.readiness_gate;
    complete_rollout(facts, plan);
    complete_publishing(facts, plan.publish_not_ready_addresses);
    let served = template.containers.iter().find_map(|c| match &c.role {
        Role::Serves(server) => Some((c, server)),
        _ => None,
    });
    add_injected(facts, &template.containers);
    for container in &mut facts.containers {
        if let Some(plan) = template.containers.iter().find(|plan| plan.name == container.name) {
            complete_container(container, plan, served.map(|(_, server)| server), assumptions);
        }
    }
    if let Some(tier) = spec.tiers.last() {
        let outstay = served.map_or(0.0, |(_, server)| outstay(spec, tier, server, load_given));
        facts.front = Some(front_of(tier, &lowered.margins, outstay, assumptions));
    }
    facts.peak_cores = served.filter(|_| load_given).and_then(|(_, server)| peak_cores(spec, server));
}

/// Containers that only the scenario knows stand where the application does.
fn add_injected(facts: &mut Facts, plans: &[ContainerPlan]) {
    let Some(place) = facts.containers.first().map(|container| container.place.clone()) else { return };
    for plan in plans {
        if facts.containers.iter().any(|container| container.name == plan.name) {
            continue;
        }
        facts.containers.push(ContainerFacts {
            name: plan.name.clone(),
            place: place.clone(),
            image: String::new(),
            command_line: Vec::new(),
            is_sidecar: plan.is_sidecar,
            on_route: false,
            is_egress: false,
            hook: HookFacts::None,
            hook_place: place.clone(),
            post_start: HookFacts::None,
            post_start_place: place.clone(),
            startup: None,
            readiness: None,
            liveness: None,
            cpu_request: plan.cpu_request_milli.map(|milli| milli as f64 / 1e3),
            cpu_limit: None,
            stop: None,
            start_up: None,
            longest_request: None,
            keepalive_idle: None,
        });
    }
}

/// The assumption of a knob, by the names that it may go under.
fn assumed<'a>(assumptions: &'a [Assumption], knob: &str, container: &str) -> Option<&'a Assumption> {
    let alias = knobs::find(&format!("containers.*.{knob}")).ok().map(|found| found.knob.name());
    let named = format!("containers.{container}.{knob}");
    let own = assumptions.iter().find(|assumption| assumption.key == named);
    own.or_else(|| assumptions.iter().find(|assumption| Some(assumption.key.as_str()) == alias))
}

/// A distribution as a span: its middle 98 %, or the range of the unknown where that is wider.
fn span_of(dist: &Dist, used: f64, assumption: Option<&Assumption>) -> Span {
    let mut span = Span {
        lo: dist.upper_quantile_secs(0.99).min(used),
        used,
        hi: dist.upper_quantile_secs(0.01).max(used),
        origin: assumption.map_or(Origin::Given, |assumption| assumption.origin),
    };
    let ends = assumption.and_then(|assumption| assumption.range.as_ref());
    for end in ends.iter().flat_map(|(a, b)| [a, b]) {
        let kind = knobs::Kind::Service;
        if let Some(seconds) = kind.parse(end).ok().as_ref().and_then(Value::magnitude) {
            span.lo = span.lo.min(seconds);
            span.hi = span.hi.max(seconds);
        }
    }
    span
}

fn complete_container(
    container: &mut ContainerFacts,
    plan: &ContainerPlan,
    server: Option<&ServerSpec>,
    assumptions: &[Assumption],
) {
    container.on_route = !matches!(plan.role, Role::Egress | Role::Other);
    container.is_egress = plan.role == Role::Egress;
    let hook = assumed(assumptions, "pre_stop_duration", &plan.name);
    complete_hook(container, plan, hook.is_none_or(|hook| hook.origin == Origin::Given));
    for (facts, plan) in [
        (&mut container.startup, &plan.startup),
        (&mut container.readiness, &plan.readiness),
        (&mut container.liveness, &plan.liveness),
    ] {
        complete_probe(facts, plan, &container.place);
    }
    container.stop = Some(stop_of(&plan.on_stop, assumed(assumptions, "on_stop", &plan.name)));
    if let Some(stop) = container.stop.as_mut().filter(|stop| container.is_egress && stop.drains) {
        // The application keeps its connections, and that is what it needs. A mesh's proxy that waits until
        // there is none may see none.
        let stays = stop.drain_limit.unwrap_or(f64::INFINITY);
        stop.serves_on_at_most += stays;
        if stop.drain_limit.is_some() || !matches!(plan.on_stop, OnStop::Linger { .. }) {
            stop.serves_on += stays;
        }
    }
    if !container.on_route {
        return;
    }
    let startup = assumed(assumptions, "startup", &plan.name);
    container.start_up =
        Some(span_of(&plan.startup_time, plan.startup_time.upper_quantile_secs(0.5), startup));
    container.longest_request = server.map(|server| {
        let service = assumed(assumptions, "service", &plan.name);
        let mut span = span_of(&server.service, server.service.upper_quantile_secs(0.01), service);
        span.hi = span.hi.max(server.service.upper_end().as_secs_f64());
        span
    });
    if let Role::Serves(server) = &plan.role {
        let kept = server.keepalive_idle.filter(|idle| *idle < Nanos::MAX_SPAN);
        let idle = assumed(assumptions, "keepalive_idle", &plan.name);
        container.keepalive_idle = kept.map(|kept| span_of(&Dist::Fixed(kept), kept.as_secs_f64(), idle));
    }
}

/// A hook that a setting replaces; one of unknown duration stays unknown, whatever is assumed, unless a
/// setting states it.
fn complete_hook(container: &mut ContainerFacts, plan: &ContainerPlan, stated: bool) {
    let planned = plan.pre_stop.as_ref().map(|hook| hook.duration.mean().as_secs_f64());
    match (container.hook.seconds(), planned) {
        (Some(written), Some(planned)) if (written - planned).abs() > 1e-6 => {
            container.hook = HookFacts::Sleep(planned);
        }
        (None, Some(planned)) if stated => match &mut container.hook {
            HookFacts::Http { took } | HookFacts::Exec { slept: took, .. } => *took = Some(planned),
            _ => {}
        },
        (_, None) if matches!(container.hook, HookFacts::Fails | HookFacts::Exec { fails: true, .. }) => {}
        (Some(_), None) => container.hook = HookFacts::None,
        _ => {}
    }
}

fn complete_probe(facts: &mut Option<ProbeFacts>, plan: &Option<ProbePlan>, container: &crate::diag::Place) {
    let Some(plan) = plan else {
        *facts = None;
        return;
    };
    let place = facts.take().map_or_else(|| container.clone(), |facts| facts.place);
    *facts = Some(ProbeFacts {
        place,
        initial_delay: f64::from(plan.spec.initial_delay_seconds),
        period: f64::from(plan.spec.period_seconds),
        timeout: f64::from(plan.spec.timeout_seconds),
        failures: f64::from(plan.spec.failure_threshold),
    });
}

fn stop_of(on_stop: &OnStop, assumption: Option<&Assumption>) -> StopFacts {
    let serves_on = serving_on(on_stop);
    let drains = on_stop.drain();
    // A documented range is about circumstances, a guessed one about what nobody knows.
    let ends = assumption.filter(|assumption| assumption.origin == Origin::Documented);
    let ends = ends.and_then(|assumption| assumption.range.as_ref());
    let ends = ends.iter().flat_map(|(a, b)| [a, b]).filter_map(|end| match knobs::Kind::Stop.parse(end) {
        Ok(Value::Stop(text)) => stop_behaviour(&text).ok(),
        _ => None,
    });
    StopFacts {
        serves_on,
        serves_on_at_most: ends.map(|end| serving_on(&end)).fold(serves_on, f64::max),
        drains: drains.is_some(),
        drain_limit: drains.and_then(|drain| drain.limit).map(Nanos::as_secs_f64),
        origin: assumption.map_or(Origin::Given, |assumption| assumption.origin),
    }
}

/// How long a process goes on taking connections after its stop signal, seconds.
fn serving_on(on_stop: &OnStop) -> f64 {
    match on_stop {
        OnStop::Linger { time, .. } => time.mean().as_secs_f64(),
        OnStop::Ignore => f64::INFINITY,
        _ => 0.0,
    }
}

/// Whether Services list pods that are not ready, where a setting says otherwise than the manifests.
fn complete_publishing(facts: &mut Facts, publishes: bool) {
    if !publishes {
        facts.publishing.clear();
    } else if facts.publishing.is_empty() {
        let title = "publishNotReadyAddresses, as it is set,".to_owned();
        facts.publishing.push(PublishingFacts { title, headless: false, place: facts.place.clone() });
    }
}

fn complete_rollout(facts: &mut Facts, plan: &DeploymentPlan) {
    let rollout = &mut facts.rollout;
    let fixed = plan.spec.replicas;
    let bounds = plan.hpa.as_ref().map(|hpa| {
        (hpa.spec.min_replicas.max(1).unsigned_abs(), hpa.spec.max_replicas.max(1).unsigned_abs())
    });
    (rollout.replicas_min, rollout.replicas_max) = bounds.unwrap_or((fixed, fixed));
    rollout.min_ready = f64::from(plan.min_ready_seconds);
    rollout.recreate = plan.spec.strategy == Strategy::Recreate;
    let at = |replicas| crate::model::deployment::DeploymentSpec { replicas, ..plan.spec };
    rollout.surge = at(rollout.replicas_min).max_surge();
    rollout.unavailable = at(rollout.replicas_min).max_unavailable();
    rollout.unavailable_at_max = at(rollout.replicas_max).max_unavailable();
}

/// How long open connections outstay the front end's lists, seconds. Of a load that nobody gave it is
/// not known whether its connections carry one request or many.
fn outstay(spec: &SimSpec, tier: &FrontSpec, server: &ServerSpec, load_given: bool) -> f64 {
    let reuses = !load_given || tier.keepalive.is_some() || spec.client.keeps_connections(&spec.load);
    let stays = tier.connections_outlive_lists() && reuses && server.keepalive_idle.is_some();
    match (stays, server.max_connection_age) {
        (false, _) => 0.0,
        (true, Some(age)) => age.as_secs_f64(),
        (true, None) => f64::INFINITY,
    }
}

fn front_of(tier: &FrontSpec, margins: &MarginFacts, outstay: f64, assumptions: &[Assumption]) -> FrontFacts {
    let origin = |key: &str| {
        assumptions.iter().find(|assumption| assumption.key == key).map_or(Origin::Given, |a| a.origin)
    };
    let (lo, used, hi) = margins.removal_s;
    FrontFacts {
        name: tier.name.clone(),
        removal: Span { lo, used, hi, origin: origin("removal") },
        longest_removal: margins.longest_removal_s,
        addition: addition_of(tier),
        retries_refused: tier.retry.on.refused
            && tier.retry.max_attempts != 1
            && tier.retry.peer != RetryPeer::SameServer { redispatch: false },
        resends_broken: match tier.keepalive.map(|keepalive| keepalive.stale) {
            Some(StaleRetry::SamePod) => true,
            Some(StaleRetry::GivesTryBack) => tier.retry.on.closed,
            Some(StaleRetry::Counts) | None => tier.retry.on.closed && tier.retry.max_attempts != 1,
        },
        idle_timeout: tier.keepalive.map(|keepalive| keepalive.idle_timeout.as_secs_f64()),
        registers: matches!(tier.delivery.mechanism, Mechanism::TargetGroup(_)),
        outstay,
    }
}

/// From Ready to the first request, where targets are registered: the controller's work, the
/// cloud's, and the first health check.
fn addition_of(tier: &FrontSpec) -> Option<Span> {
    if let Some(total) = &tier.delivery.addition_override {
        return Some(span_of(total, total.mean().as_secs_f64(), None));
    }
    let Mechanism::TargetGroup(group) = &tier.delivery.mechanism else { return None };
    let interval = group.health.interval.as_secs_f64();
    let sum = |of: fn(&Dist) -> f64| of(&group.reconcile) + of(&group.apply);
    Some(Span {
        lo: sum(|dist| dist.upper_quantile_secs(0.99)),
        used: sum(|dist| dist.mean().as_secs_f64()) + interval / 2.0,
        hi: sum(|dist| dist.upper_end().as_secs_f64()) + interval,
        origin: Origin::Guess,
    })
}

fn peak_cores(spec: &SimSpec, server: &ServerSpec) -> Option<f64> {
    let per_request = server.service.mean().as_secs_f64() * server.cpu_share;
    spec.load.peak_rate().map(|rate| rate * per_request)
}
