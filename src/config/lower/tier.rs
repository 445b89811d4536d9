//! Everything about the tier in front of the pods.

use super::code;
use super::values::{Values, into_count, into_dist};
use crate::config::knobs::Value;
use crate::config::presets::{FrontEndPreset, Updates};
use crate::diag::Diagnostic;
use crate::model::balancer::PassiveChecks;
use crate::model::outcome::Status;
use crate::model::outlier::OutlierSpec;
use crate::model::retry::{RetryOn, RetryPause, RetryPeer, RetryPolicy};
use crate::model::server_check::Thresholds;
use crate::random::Dist;
use crate::sim::spec::{
    Answers, Balancer, CircuitBreaker, Delivery, FrontSpec, HealthCheck, Keepalive, Mechanism, ServerChecks,
    StaleRetry, TargetGroup,
};
use crate::units::Nanos;

/// The most workers that are simulated: each has a list of its own.
const HOLDERS_MAX: u64 = 10_000;

/// Whether nodes send to all pods or to their own.
pub(super) const TRAFFIC_POLICY: &str = "front_end.external_traffic_policy";

/// What a tier's processes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Processes {
    /// As many as the preset or the settings say.
    Fixed,
    /// The pods of the second Deployment.
    Pods,
}

/// The tier that a preset and the settings describe.
pub(super) fn front_spec(
    preset: &'static FrontEndPreset,
    processes: Processes,
    minor: u32,
    values: &mut Values<'_>,
) -> FrontSpec {
    let retry = retry(values);
    let max_idle = values.count("front_end.keepalive");
    let keepalive = (max_idle > 0).then(|| Keepalive {
        idle_timeout: values.span("front_end.keepalive_idle"),
        max_idle,
        stale: stale_retry(&retry, values),
        first_is_fresh: values.own_switch("front_end.first_is_fresh"),
        any_connection: values.own_switch("front_end.any_connection"),
    });
    let watch = values.dist("front_end.watch");
    let node_local = node_local(preset, &retry, values);
    let replicas = match processes {
        // Every node has its own view of its own pods.
        Processes::Fixed if node_local.is_some() => values.count("control.nodes"),
        Processes::Fixed => values.count("front_end.replicas"),
        Processes::Pods => 1,
    };
    let workers = values.count("front_end.workers");
    if u64::from(replicas) * u64::from(workers) > HOLDERS_MAX {
        let message =
            format!("{replicas} front-end replicas of {workers} workers are more than {HOLDERS_MAX} in all");
        values.problems.push(Diagnostic::error(code::FRONT_END, message).help("lower one of the two"));
    }
    let balancer = balancer(values);
    let stream_idle_timeout = values.own_limit("front_end.stream_idle_timeout");
    let in_all = values.own_limit("front_end.request_timeout");
    FrontSpec {
        name: preset.name.to_owned(),
        replicas,
        pods: (processes == Processes::Pods).then_some(1),
        workers,
        has_canary: false,
        node_local,
        balancer,
        retry,
        connect_timeout: values.span("front_end.connect_timeout"),
        read_timeout: values.limit("front_end.read_timeout").unwrap_or(Nanos::MAX_SPAN),
        request_timeout: in_all.into_iter().chain(stream_idle_timeout).min(),
        stream_idle_timeout,
        breaker: breaker(values, balancer),
        outlier: outlier(values, balancer),
        pins_connections: values.own_switch("front_end.pins_connections"),
        client_affinity: values.own_switch("front_end.client_affinity"),
        affinity_holds: values.own_switch("front_end.affinity_holds"),
        slow_start: slow_start(values, balancer),
        keepalive,
        answers: answers(values),
        delivery: Delivery {
            add: watch.clone(),
            remove: watch,
            remove_elsewhere: None,
            removal_override: removal_override(values),
            addition_override: overriding("front_end.addition", values),
            falls_back_to_terminating: falls_back(minor, values),
            mechanism: mechanism(preset.updates, values),
        },
        overhead: values.span("front_end.overhead"),
    }
}

fn breaker(values: &mut Values<'_>, balancer: Balancer) -> CircuitBreaker {
    let breaker = CircuitBreaker {
        max_requests: values.own_most("front_end.max_requests"),
        max_pending_requests: values.own_most("front_end.max_pending_requests"),
        max_connections: values.own_most("front_end.max_connections"),
    };
    if balancer == Balancer::EarliestDeadline && breaker.max_connections.is_some() {
        let message = "front_end.max_connections is not simulated with front_end.balancer=earliest-deadline";
        let help = "Traefik has no such limit; for another front end set front_end.balancer=round-robin";
        values.problems.push(Diagnostic::error(code::FRONT_END, message).help(help));
    }
    breaker
}

fn balancer(values: &mut Values<'_>) -> Balancer {
    match values.word("front_end.balancer") {
        "nginx" => Balancer::Nginx(PassiveChecks {
            max_fails: values.count("front_end.max_fails"),
            fail_timeout_s: seconds(values, "front_end.fail_timeout"),
        }),
        "ingress-ring" => Balancer::IngressRing,
        "earliest-deadline" => Balancer::EarliestDeadline,
        "least-connections" => Balancer::LeastConnections,
        "ewma" => Balancer::Ewma,
        "turns" => Balancer::Turns,
        "least-request" => Balancer::LeastRequest,
        "random" => Balancer::Random,
        _ => Balancer::RoundRobin,
    }
}

/// Source: KEP-1669, ProxyTerminatingEndpoints, which is on by default from 1.26 on.
fn falls_back(minor: u32, values: &mut Values<'_>) -> bool {
    const FALLBACK: &str = "front_end.terminating_fallback";
    let said = values.said(FALLBACK).is_some();
    values.own_switch(FALLBACK) && (said || minor >= 26)
}

/// The load balancer's checks of nodes, under policy Local.
fn node_local(preset: &FrontEndPreset, retry: &RetryPolicy, values: &mut Values<'_>) -> Option<HealthCheck> {
    if values.own_word(TRAFFIC_POLICY) != "Local" {
        return None;
    }
    let mut refuse = |message: String, help: &str| {
        values.problems.push(Diagnostic::error(code::FRONT_END, message).help(help));
    };
    if preset.param(TRAFFIC_POLICY).is_none() {
        let message = format!("{} sends to pods whichever node they are on", preset.name);
        refuse(
            message,
            "externalTrafficPolicy decides where targets are nodes: kube-proxy, aws-nlb-instance",
        );
    } else if retry.max_attempts != 1 {
        let message = "externalTrafficPolicy Local is not simulated with further attempts".to_owned();
        refuse(message, "leave front_end.tries at 1");
    }
    let healthy_threshold = values.count("front_end.health_check.healthy");
    let interval = values.period("front_end.health_check.interval");
    values.decides("front_end.health_check.interval");
    Some(HealthCheck {
        interval,
        healthy_threshold,
        unhealthy_threshold: values.count("front_end.health_check.unhealthy"),
        // Nodes have long been targets.
        initial_threshold: healthy_threshold,
    })
}

fn seconds(values: &mut Values<'_>, path: &str) -> u64 {
    match values.value(path) {
        Some(Value::Seconds(seconds)) => u64::from(seconds),
        _ => 0,
    }
}

fn retry(values: &mut Values<'_>) -> RetryPolicy {
    let words = values.word("front_end.retry_on");
    let on = match words {
        "error" => RetryOn::ERROR,
        "timeout" => RetryOn::TIMEOUT,
        "error+timeout" => RetryOn::ERROR.and(RetryOn::TIMEOUT),
        "connect-failure" => RetryOn::CONNECT_FAILURE,
        "connect-failure+closed" => RetryOn::CONNECT_FAILURE.and(RetryOn::CLOSED),
        _ => RetryOn::default(),
    };
    let max_attempts = match words {
        "off" => 1,
        _ => values.count("front_end.tries"),
    };
    let peer = match values.own_word("front_end.retry_peer") {
        "untried" => RetryPeer::Untried { repicks: values.count("front_end.repicks") },
        "same" => RetryPeer::SameServer { redispatch: false },
        "redispatch" => RetryPeer::SameServer { redispatch: true },
        _ => RetryPeer::Next,
    };
    RetryPolicy {
        on,
        max_attempts,
        non_idempotent: values.switch("front_end.retry_non_idempotent"),
        peer,
        pause: retry_pause(peer, max_attempts, values),
        max_concurrent: values.own_most("front_end.max_retries"),
    }
}

fn stale_retry(retry: &RetryPolicy, values: &mut Values<'_>) -> StaleRetry {
    if !values.switch("front_end.stale_retry") {
        StaleRetry::Counts
    } else if values.own_switch("front_end.stale_same_pod") {
        if retry.max_concurrent.is_some() {
            let message = "front_end.max_retries is not simulated with front_end.stale_same_pod";
            let help = "no front end is known to have both: set one of them to 0 or false";
            values.problems.push(Diagnostic::error(code::FRONT_END, message).help(help));
        }
        StaleRetry::SamePod
    } else {
        StaleRetry::GivesTryBack
    }
}

/// Of the three ways to wait, the first that is stated; only a server that is tried again is paused for.
fn retry_pause(peer: RetryPeer, max_attempts: u32, values: &mut Values<'_>) -> RetryPause {
    if let RetryPeer::SameServer { .. } = peer {
        let pause = values.own_span("front_end.retry_pause");
        if pause > Nanos::ZERO {
            return RetryPause::Fixed(pause.0);
        }
    }
    if max_attempts != 1 {
        let first = values.own_span("front_end.retry_interval");
        // Without a limit of attempts there is no last pause to be twice the first.
        let doubles_in = if max_attempts == 0 { u32::MAX } else { max_attempts - 1 };
        if first > Nanos::ZERO {
            return RetryPause::Around { first: first.0, doubles_in };
        }
    }
    match values.own_span("front_end.retry_backoff") {
        Nanos::ZERO => RetryPause::None,
        // Envoy lets the bound grow to ten times the base.
        base => RetryPause::Backoff { base: base.0, max: base.0.saturating_mul(10) },
    }
}

fn outlier(values: &mut Values<'_>, balancer: Balancer) -> Option<OutlierSpec> {
    let consecutive_failures = values.own_count("front_end.outlier.failures");
    if consecutive_failures == 0 {
        return None;
    }
    if matches!(balancer, Balancer::Nginx(_)) {
        let message = "nginx' own balancer does not eject outliers";
        let help = "it leaves pods alone by front_end.max_fails and front_end.fail_timeout";
        values.problems.push(Diagnostic::error(code::FRONT_END, message).help(help));
    }
    let mut percent = |path: &str| (values.number(path) * 100.0).round() as u32;
    Some(OutlierSpec {
        consecutive_failures,
        max_ejection_percent: percent("front_end.outlier.max_share"),
        panic_percent: percent("front_end.outlier.panic"),
        interval: values.period("front_end.outlier.interval").0,
        base_ejection: values.span("front_end.outlier.ejection").0,
        always_eject_one: values.switch("front_end.outlier.always_one"),
        ..OutlierSpec::ENVOY
    })
}

fn slow_start(values: &mut Values<'_>, balancer: Balancer) -> Nanos {
    let lasts = values.own_span("front_end.slow_start");
    let by_turns = matches!(
        balancer,
        Balancer::RoundRobin
            | Balancer::IngressRing
            | Balancer::EarliestDeadline
            | Balancer::Turns
            | Balancer::Random
            | Balancer::LeastRequest
    );
    if lasts > Nanos::ZERO && !by_turns {
        let message = "front_end.slow_start is simulated for balancers that give every pod its turn";
        let help = "set front_end.balancer to round-robin, turns, random or least-request (or another that goes round), or slow_start to 0s";
        values.problems.push(Diagnostic::error(code::FRONT_END, message).help(help));
    }
    lasts
}

fn mechanism(updates: Updates, values: &mut Values<'_>) -> Mechanism {
    match updates {
        Updates::InPlace => {
            let checks = values.own_switch("front_end.server_check").then(|| ServerChecks {
                interval: values.period("front_end.server_check.interval"),
                thresholds: Thresholds {
                    rise: values.count("front_end.server_check.rise"),
                    fall: values.count("front_end.server_check.fall"),
                },
                http: values.switch("front_end.server_check.http"),
            });
            let rate = values.own_number("front_end.sync_rate");
            let min_interval = if rate > 0.0 { Nanos::from_secs_f64(1.0 / rate) } else { Nanos::ZERO };
            let period = values.own_span("front_end.sync_period");
            Mechanism::InPlace { batch: values.span("front_end.batch"), min_interval, period, checks }
        }
        Updates::Reload => Mechanism::Reload {
            batch: values.span("front_end.batch"),
            min_interval: values.span("front_end.reload_interval"),
            start: values.span("front_end.reload_start"),
            overlap: values.span("front_end.reload_overlap"),
            period: Nanos::ZERO,
        },
        Updates::SyncAndPoll => Mechanism::SyncAndPoll {
            rate_per_s: values.number("front_end.sync_rate"),
            batch: values.span("front_end.batch"),
            period: Nanos::ZERO,
            poll: values.period("front_end.poll"),
            whole_second_stamp: true,
        },
        Updates::TargetGroup => Mechanism::TargetGroup(TargetGroup {
            reconcile: values.dist("front_end.reconcile"),
            apply: values.dist("front_end.apply"),
            deregistration_delay: values.own_limit("front_end.deregistration_delay"),
            health: HealthCheck {
                interval: values.period("front_end.health_check.interval"),
                healthy_threshold: values.count("front_end.health_check.healthy"),
                unhealthy_threshold: values.count("front_end.health_check.unhealthy"),
                initial_threshold: values.count("front_end.health_check.initial"),
            },
        }),
    }
}

fn answers(values: &mut Values<'_>) -> Answers {
    let mut status = |name: &str| {
        let word = values.word(&format!("front_end.status.{name}"));
        Status::parse(word).unwrap_or(Status::BadGateway)
    };
    let mut answers = Answers {
        error: status("error"),
        connect_timeout: status("connect_timeout"),
        read_timeout: status("read_timeout"),
        no_endpoints: status("no_endpoints"),
        all_down: status("all_down"),
        client_left: status("client_left"),
        ..Answers::NGINX
    };
    // Most front ends do not tell broken connections from refused ones.
    let mut or = |name: &str, usual: Status| Status::parse(values.own_word(name)).unwrap_or(usual);
    answers.closed = or("front_end.status.closed", answers.error);
    answers.stale = or("front_end.status.stale", answers.closed);
    answers
}

/// A delay in place of the stages, only if it was said: what presets tell of removals is the sum of
/// their stages, for the record.
fn overriding(path: &str, values: &mut Values<'_>) -> Option<Dist> {
    values.said(path)?;
    values.value(path).map(into_dist)
}

fn removal_override(values: &mut Values<'_>) -> Option<Dist> {
    let said = overriding("front_end.removal", values);
    if said.is_none() {
        values.value("front_end.removal");
    }
    said
}

/// Values of knobs that only some front ends have: those whose preset says one, and any other once
/// somebody or a manifest sets it. For the rest the neutral value holds, and there is nothing to put on record.
impl Values<'_> {
    fn own(&mut self, path: &str) -> Option<Value> {
        let said = self.said(path).is_some() || self.is_annotated(path);
        let has = said || self.preset().is_some_and(|preset| preset.param(path).is_some());
        if has { self.value(path) } else { None }
    }

    fn own_switch(&mut self, path: &str) -> bool {
        matches!(self.own(path), Some(Value::Switch(true)))
    }

    fn own_span(&mut self, path: &str) -> Nanos {
        match self.own(path) {
            Some(Value::Duration(span)) => span,
            _ => Nanos::ZERO,
        }
    }

    fn own_limit(&mut self, path: &str) -> Option<Nanos> {
        match self.own(path) {
            Some(Value::Limit(limit)) => limit,
            _ => None,
        }
    }

    fn own_count(&mut self, path: &str) -> u32 {
        self.own(path).map_or(0, into_count)
    }

    /// A limit of a number, where 0 stands for none.
    fn own_most(&mut self, path: &str) -> Option<u32> {
        Some(self.own_count(path)).filter(|most| *most > 0)
    }

    fn own_number(&mut self, path: &str) -> f64 {
        match self.own(path) {
            Some(Value::Number(number)) => number,
            _ => 0.0,
        }
    }

    fn own_word(&mut self, path: &str) -> &'static str {
        match self.own(path) {
            Some(Value::Choice(word)) => word,
            _ => "",
        }
    }
}
