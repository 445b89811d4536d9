//! The parts of the request path one by one, and short whole runs: `cargo bench --bench path`.

mod scenario;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use podloss::account::{Histogram, Series};
use podloss::model::balancer::{LeastConnections, NginxPeers, PassiveChecks, PeakEwma, Ring, RingRestart};
use podloss::model::cpu::CpuClock;
use podloss::random::{Dist, Sampler, Stream, Streams};
use podloss::sim::pieces::{HeldQueue, Settling};
use podloss::sim::{self, spec::SimSpec};
use podloss::units::Nanos;
use podloss::workload::{Arrivals, Load, OpenLoad, OpenSource, Profile};

const PODS: u32 = 20;

fn draws(c: &mut Criterion) {
    let streams = Streams::new(1, 0);
    let keyed = streams.keyed(Stream::Service);
    let service = Sampler::new(&Dist::log_normal_mean(Nanos::from_millis(45), 0.5));
    let mut entity = 0;
    c.bench_function("draw/service", |b| {
        b.iter(|| {
            entity += 1;
            service.draw(keyed.at(entity, 0))
        });
    });
    let profile = Profile::constant(2_489.0, Nanos::from_secs(30_000_000)).expect("a rate within bounds");
    let load = OpenLoad { source: OpenSource::Rate { profile, dispersion: 1.0 } };
    let mut arrivals = Arrivals::new(&load, streams.sequence(Stream::Arrivals));
    c.bench_function("draw/arrival", |b| b.iter(|| arrivals.pop()));
}

fn picks(c: &mut Criterion) {
    let list: Vec<u32> = (0..PODS).collect();
    let mut ring = Ring::default();
    ring.replace(list.clone(), RingRestart::KeepCounter, |_| 0);
    c.bench_function("pick/ring", |b| b.iter(|| ring.pick()));

    let checks = PassiveChecks { max_fails: 1, fail_timeout_s: 10 };
    let mut clean = NginxPeers::new(&list, checks);
    c.bench_function("pick/nginx", |b| b.iter(|| clean.pick(&[], 100)));
    let mut suspicious = NginxPeers::new(&list, checks);
    suspicious.failed(3, 100);
    c.bench_function("pick/nginx, one peer blocked", |b| b.iter(|| suspicious.pick(&[], 101)));

    let mut least = LeastConnections::default();
    least.replace(list.clone());
    c.bench_function("pick/least connections", |b| {
        b.iter(|| {
            let pod = least.pick(&[]).expect("a peer");
            least.began(pod);
            least.ended(pod);
        });
    });
    let mut ewma = PeakEwma::default();
    ewma.replace(list, 0);
    let mut bits = 1_u64;
    c.bench_function("pick/ewma", |b| {
        b.iter(|| {
            bits = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            ewma.pick(&[], 1_000_000_000, bits)
        });
    });
}

fn counts(c: &mut Criterion) {
    let (mut histogram, mut series) = (Histogram::default(), Series::default());
    let mut at = 0_u64;
    c.bench_function("count/histogram", |b| {
        b.iter(|| {
            at = (at + 401_768) % 100_000_000;
            histogram.add(black_box(at));
        });
    });
    c.bench_function("count/series", |b| {
        b.iter(|| {
            at = (at + 401_768) % 100_000_000_000;
            series.row(black_box(at)).offered += 1;
        });
    });
    c.bench_function("cpu clock/join, when, leave", |b| {
        let mut clock = CpuClock::new(2_000, 0);
        (0..4).for_each(|_| {
            clock.join(0, 1_000_000_000);
        });
        let mut now = 0;
        b.iter(|| {
            now += 1_000;
            let due = clock.join(now, 45_000_000);
            let when = clock.when(due);
            clock.leave(now);
            when
        });
    });
}

/// The parts that nobody can use from outside.
fn parts_of_the_loop(c: &mut Criterion) {
    for pending in [100, 1_000, 10_000] {
        let mut held = HeldQueue::new(pending);
        c.bench_function(&format!("queue/take and schedule, {pending} pending"), |b| b.iter(|| held.hold()));
    }
    const REQUESTS: u32 = 16;
    let mut settling = Settling::idle();
    let mut group = c.benchmark_group("settle");
    group.throughput(Throughput::Elements(u64::from(REQUESTS)));
    group.bench_function(format!("{REQUESTS} answers"), |b| b.iter(|| settling.settle(REQUESTS)));
    group.finish();
}

/// Nobody sends anything: the queue of control events, probes of a thousand pods, the autoscaler.
fn control_events(c: &mut Criterion) {
    let profile = Profile::constant(0.0, Nanos::from_secs(120)).expect("a rate within bounds");
    let idle = Load::Open(OpenLoad { source: OpenSource::Rate { profile, dispersion: 1.0 } });
    let spec = Arc::new(SimSpec { load: idle, ..SimSpec::clone(&scenario::spec("k1000", 10_000)) });
    c.bench_function("run/a thousand idle pods, two minutes", |b| {
        b.iter(|| sim::run(&spec, 1, 0, &|| false).end);
    });
}

fn whole_runs(c: &mut Criterion) {
    const REQUESTS: u64 = 300_000;
    let mut group = c.benchmark_group("run");
    group.sample_size(10).throughput(Throughput::Elements(REQUESTS));
    for name in scenario::NAMES.into_iter().filter(|name| *name != "k10000") {
        let spec = scenario::spec(name, REQUESTS);
        group.bench_function(name, |b| b.iter(|| sim::run(&spec, 1, 0, &|| false).tally.arrived));
    }
    group.finish();
}

criterion_group!(benches, draws, picks, counts, parts_of_the_loop, control_events, whole_runs);
criterion_main!(benches);
