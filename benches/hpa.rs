//! One decision of the autoscaler over 10,000 pods. The simulator makes one at every sync, so it
//! must stay well below 2 ms.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use podloss::model::hpa::{
    Behavior, Conditions, ContainerRequests, History, HpaSpec, Input, MetricSource, MetricSpec, MetricTarget,
    Options, Phase, PodRequests, PodSample, PodView, Samples, Scale, Status, decide, thresholds,
};
use podloss::units::{Nanos, SimTime};

const PODS: u32 = 10_000;

/// Every tenth pod is unready, missing or terminating, so that both passes run.
fn decisions(c: &mut Criterion) {
    let now = SimTime::START + Nanos::from_secs(3_600);
    let pod = |n: u32| PodView {
        phase: Phase::Running,
        deleted: n % 30 == 10,
        ready: Some(if n % 30 == 20 { Status::False } else { Status::True }),
        ready_transition: SimTime::START,
        start_time: Some(SimTime::START),
        requests: 0,
    };
    let sample = |n: u32| PodSample {
        pod: n,
        time: now,
        window: Nanos::from_secs(15),
        value: Some(400 + i64::from(n % 400)),
    };
    let pods: Vec<PodView> = (0..PODS).map(pod).collect();
    let samples = vec![Samples::Pods((0..PODS).filter(|n| n % 30 != 0).map(sample).collect())];
    let container =
        ContainerRequests { name: "app".to_owned(), requests: [("cpu".to_owned(), 1_000)].into() };
    let requests = vec![PodRequests { containers: vec![container], ..PodRequests::default() }];
    let size = i32::try_from(PODS).expect("ten thousand");
    let hpa = HpaSpec {
        min_replicas: 1,
        max_replicas: 100_000,
        metrics: vec![MetricSpec {
            source: MetricSource::Resource { resource: "cpu".to_owned() },
            target: MetricTarget::utilization(50),
        }],
        behavior: Some(Behavior::default()),
    };
    let (options, history, conditions) =
        (Options::for_kubernetes(35), History::default(), Conditions::default());
    let input = Input {
        now,
        options: &options,
        hpa: &hpa,
        scale: Scale { spec_replicas: size, status_replicas: size },
        pods: &pods,
        requests: &requests,
        samples: &samples,
        history: &history,
        conditions: &conditions,
    };
    c.bench_function("hpa/decide/10000 pods", |b| b.iter(|| decide(black_box(&input))));
    let decision = decide(&input);
    c.bench_function("hpa/thresholds/10000 pods", |b| b.iter(|| thresholds(black_box(&input), &decision, 0)));
}

criterion_group!(benches, decisions);
criterion_main!(benches);
