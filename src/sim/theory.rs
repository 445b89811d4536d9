//! The simulator against queueing theory: where a formula exists, the simulated mean must agree
//! with it within three standard errors over several seeds, and within a stated bound.
//!
//! A million requests per case; `PODLOSS_LONG=1` makes it ten million and the bounds tighter.

use std::sync::Arc;

use super::RunResult;
use super::spec::{Answers, ServerSpec, SimSpec};
use crate::model::outcome::{Cause, Status};
use crate::random::Dist;
use crate::units::Nanos;
use crate::workload::{ClosedLoad, Load, OpenLoad, OpenSource, Profile};

/// Mean service time, seconds.
const SERVICE_S: f64 = 0.045;
/// Runs per case, each with its own seed.
const SEEDS: u64 = 10;

fn is_long() -> bool {
    std::env::var_os("PODLOSS_LONG").is_some_and(|value| value == "1")
}

fn requests_per_case() -> f64 {
    if is_long() { 1e7 } else { 1e6 }
}

fn service() -> Nanos {
    Nanos::from_secs_f64(SERVICE_S)
}

fn exponential() -> Dist {
    Dist::Exponential { mean: service() }
}

fn log_normal() -> Dist {
    Dist::log_normal_mean(service(), 0.5)
}

/// Poisson arrivals at `rate` for one seed's share of the requests.
fn poisson(rate: f64) -> Load {
    let length = Nanos::from_secs_f64(requests_per_case() / SEEDS as f64 / rate);
    let profile = Profile::constant(rate, length).unwrap();
    Load::Open(OpenLoad { source: OpenSource::Rate { profile, dispersion: 1.0 } })
}

fn runs(spec: SimSpec) -> Vec<RunResult> {
    let spec = Arc::new(spec);
    (0..SEEDS).map(|run| super::run(&spec, 1, run, &|| false)).collect()
}

/// Mean and standard error of the mean over the runs.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// The mean response time must be `formula_s` seconds, within `bound` relatively.
fn check_mean(what: &str, spec: SimSpec, formula_s: f64, bound: f64) {
    let runs = runs(spec);
    let means: Vec<f64> = runs.iter().map(|run| run.tally.latency_ok.mean().unwrap() / 1e9).collect();
    assert!(runs.iter().all(|run| run.tally.lost() == 0), "{what}: nothing can be lost here");
    let (mean, error) = mean_and_error(&means);
    let off = mean / formula_s - 1.0;
    println!("{what}: {:.3} ms, formula {:.3} ms, off by {:+.3} %", mean * 1e3, formula_s * 1e3, off * 100.0);
    assert!((mean - formula_s).abs() < 3.0 * error, "{what}: {mean} against {formula_s}, error {error}");
    assert!(off.abs() < bound, "{what}: off by {off}, bound {bound}");
}

/// Probability of waiting in M/M/c (Erlang C), from the stable recursion for Erlang B.
fn erlang_c(servers: u32, utilization: f64) -> f64 {
    let offered = f64::from(servers) * utilization;
    let blocked = (1..=servers).fold(1.0, |b, n| offered * b / (f64::from(n) + offered * b));
    blocked / (1.0 - utilization * (1.0 - blocked))
}

/// Mean response time of M/M/c, and by insensitivity of M/G/c processor sharing.
fn response_mmc(servers: u32, utilization: f64) -> f64 {
    SERVICE_S * (1.0 + erlang_c(servers, utilization) / (f64::from(servers) * (1.0 - utilization)))
}

/// At 0.85 the queue remembers for long: a million requests do not carry half a percent there.
fn bound(utilization: f64) -> f64 {
    if utilization < 0.8 || is_long() { 0.005 } else { 0.015 }
}

#[test]
fn many_servers_wait_as_erlang_c_says() {
    assert!((response_mmc(8, 0.7) - 0.050_074).abs() < 1e-6, "the published value");
    for utilization in [0.5, 0.7, 0.85] {
        let server = ServerSpec::ideal(Some(8), exponential());
        let spec = SimSpec::ideal(poisson(8.0 * utilization / SERVICE_S), 1, server);
        let formula = response_mmc(8, utilization);
        check_mean(&format!("M/M/8 at {utilization}"), spec, formula, bound(utilization));
    }
}

/// Probability that an arrival finds M/M/c/K full, where `queue` requests may wait.
fn full(servers: u32, queue: u32, utilization: f64) -> f64 {
    let offered = f64::from(servers) * utilization;
    let weights = (0..=servers + queue).scan(1.0, |weight, n| {
        let this = *weight;
        *weight *= offered / f64::from((n + 1).min(servers));
        Some(this)
    });
    let weights: Vec<f64> = weights.collect();
    weights.last().unwrap_or(&0.0) / weights.iter().sum::<f64>()
}

/// What an open circuit breaker answers.
const REFUSED: (Status, Cause) = (Answers::NGINX.all_down, Cause::CircuitOpen);

/// The share of requests that are lost so, and no others are, must be that of the formula.
fn check_lost(what: &str, spec: SimSpec, so: (Status, Cause), formula: f64) {
    let lost = |run: &RunResult| {
        let lost = run.tally.causes.get(&so).map_or(0, |tally| tally.count);
        assert_eq!(lost, run.tally.lost(), "{what}: nothing else is lost");
        lost as f64 / run.tally.arrived as f64
    };
    let shares: Vec<f64> = runs(spec).iter().map(lost).collect();
    let (share, error) = mean_and_error(&shares);
    println!("{what}: {share:.5}, formula {formula:.5}");
    assert!((share - formula).abs() < 3.0 * error, "{what}: {share} against {formula}, error {error}");
    assert!((share / formula - 1.0).abs() < 0.01, "{what}: {share} against {formula}");
}

#[test]
fn a_bounded_queue_sheds_what_finds_it_full() {
    assert!((full(1, 0, 1.0) - 0.5).abs() < 1e-12 && (full(2, 0, 0.5) - 0.2).abs() < 1e-12, "Erlang B");
    for (workers, queue, utilization) in [(1, 3, 0.8), (8, 0, 0.7), (4, 6, 1.2)] {
        let mut server = ServerSpec::ideal(Some(workers), exponential());
        server.queue = Some(queue);
        let spec = SimSpec::ideal(poisson(f64::from(workers) * utilization / SERVICE_S), 1, server);
        let what = format!("M/M/{workers}/{}", workers + queue);
        let overloaded = (Status::Unavailable, Cause::Overloaded);
        check_lost(&what, spec, overloaded, full(workers, queue, utilization));
    }
}

/// Erlang B, which hangs on the mean service time alone. The workers of a process share its limit, and its
/// two processes do not.
#[test]
fn a_circuit_breaker_lets_through_what_erlang_b_says() {
    for (limit, offered, processes) in [(4, 3.0, 1), (10, 12.0, 2)] {
        let rate = offered * f64::from(processes) / SERVICE_S;
        let mut spec = SimSpec::ideal(poisson(rate), 3, ServerSpec::ideal(None, log_normal()));
        let tier = &mut spec.tiers[0];
        (tier.replicas, tier.workers, tier.breaker.max_requests) = (processes, 3, Some(limit));
        let what = format!("{limit} at once of {offered}");
        check_lost(&what, spec, REFUSED, full(limit, 0, offered / f64::from(limit)));
    }
}

/// With one worker and one pod there is one line, and connections are its servers.
#[test]
fn requests_wait_for_connections_as_erlang_c_says() {
    for (utilization, pending) in [(0.7, None), (1.2, Some(6))] {
        let rate = 4.0 * utilization / SERVICE_S;
        let mut spec = SimSpec::ideal(poisson(rate), 1, ServerSpec::ideal(None, exponential()));
        let breaker = &mut spec.tiers[0].breaker;
        (breaker.max_connections, breaker.max_pending_requests) = (Some(4), pending);
        let Some(queue) = pending else {
            check_mean("4 connections", spec, response_mmc(4, utilization), bound(utilization));
            continue;
        };
        let what = format!("4 connections, {queue} may wait");
        check_lost(&what, spec, REFUSED, full(4, queue, utilization));
    }
}

#[test]
fn one_server_waits_as_pollaczek_and_khinchine_say() {
    let variance_ratios =
        [(Dist::Fixed(service()), 0.0), (exponential(), 1.0), (log_normal(), 0.25_f64.exp_m1())];
    for (dist, squared_variation) in variance_ratios {
        let utilization = 0.6;
        let wait = utilization * SERVICE_S * (1.0 + squared_variation) / (2.0 * (1.0 - utilization));
        let server = ServerSpec::ideal(Some(1), dist);
        let spec = SimSpec::ideal(poisson(utilization / SERVICE_S), 1, server);
        check_mean(&format!("M/G/1, c2 = {squared_variation:.2}"), spec, SERVICE_S + wait, bound(0.85));
    }
}

#[test]
fn processor_sharing_depends_on_the_mean_alone() {
    for (dist, name) in
        [(Dist::Fixed(service()), "fixed"), (exponential(), "exponential"), (log_normal(), "log-normal")]
    {
        for (cores, utilization) in [(1, 0.6), (4, 0.7)] {
            let mut server = ServerSpec::ideal(None, dist.clone());
            server.cpu_share = 1.0;
            server.cpu_limit_milli = Some(1_000 * u64::from(cores));
            let spec = SimSpec::ideal(poisson(f64::from(cores) * utilization / SERVICE_S), 1, server);
            let what = format!("M/G/{cores} processor sharing, {name}, at {utilization}");
            check_mean(&what, spec, response_mmc(cores, utilization), bound(0.85));
        }
    }
}

/// N customers, one exponential server each way: the machine-repair model has a closed form.
#[test]
fn closed_loop_throughput_is_that_of_the_machine_repair_model() {
    let (users, think_s) = (12_u32, 0.2);
    // Birth and death: p(n) of n requests at the single server.
    let ratio = SERVICE_S / think_s;
    let weights: Vec<f64> = (0..=users)
        .scan(1.0, |weight, n| {
            let this = *weight;
            *weight *= f64::from(users - n) * ratio;
            Some(this)
        })
        .collect();
    let idle = weights[0] / weights.iter().sum::<f64>();
    let per_second = (1.0 - idle) / SERVICE_S;
    let seconds = requests_per_case() / SEEDS as f64 / per_second;
    let load = Load::Closed(ClosedLoad {
        connections: users,
        think: Dist::Exponential { mean: Nanos::from_secs_f64(think_s) },
        ramp: Nanos::from_millis(200),
        duration: Nanos::from_secs_f64(seconds),
    });
    let spec = SimSpec::ideal(load, 1, ServerSpec::ideal(Some(1), exponential()));
    let runs = runs(spec);
    let rates: Vec<f64> = runs.iter().map(|run| run.tally.arrived as f64 / seconds).collect();
    let (rate, error) = mean_and_error(&rates);
    assert!((rate - per_second).abs() < 3.0 * error.max(1e-3), "{rate} against {per_second}, error {error}");
    assert!((rate / per_second - 1.0).abs() < 0.005, "{rate} against {per_second}");
    for run in &runs {
        let tally = &run.tally;
        // To the nanosecond, not on average.
        let used = tally.latency_all_sum() + tally.in_flight_age_ns + tally.think_ns;
        assert!(tally.connections_ns > 0 && used == tally.connections_ns);
    }
}
