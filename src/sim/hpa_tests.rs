//! The autoscaler in the simulated cluster: metrics on their way, cold pods, published cases.

use std::sync::Arc;

use super::reference::run_plain;
use super::spec::*;
use super::{RunResult, STAGES, run};
use crate::model::deployment::{DeploymentSpec, Strategy};
use crate::model::hpa::{
    self, Behavior, ConditionType, ContainerRequests, HpaSpec, MetricSource, MetricSpec, MetricTarget,
    Options, Path, PodRequests, Reading, Status,
};
use crate::model::probe::ProbeSpec;
use crate::model::retry::{RetryOn, RetryPolicy};
use crate::random::Dist;
use crate::units::{IntOrPercent, Nanos, SimTime};
use crate::workload::{Load, OpenLoad, OpenSource, Profile, Segment, Shape};

fn secs(seconds: u64) -> Nanos {
    Nanos::from_secs(seconds)
}

fn ms(millis: u64) -> Dist {
    Dist::Fixed(Nanos::from_millis(millis))
}

/// Steps: from each second on, so many requests per second.
fn steps(steps: &[(u64, f64)], end: u64) -> Load {
    Load::Open(OpenLoad { source: OpenSource::Rate { profile: profile(steps, end), dispersion: 1.0 } })
}

fn profile(steps: &[(u64, f64)], end: u64) -> Profile {
    let ends = steps.iter().skip(1).map(|(from, _)| *from).chain([end]);
    let segment = |(&(from, rate), to): (&(u64, f64), u64)| Segment {
        from: secs(from),
        to: secs(to),
        shape: Shape::Constant(rate),
    };
    Profile::new(steps.iter().zip(ends).map(segment).collect()).expect("a profile")
}

fn cpu(percent: i32) -> MetricSpec {
    MetricSpec {
        source: MetricSource::Resource { resource: "cpu".into() },
        target: MetricTarget::utilization(percent),
    }
}

fn scaler(min: i32, max: i32, metric: MetricSpec) -> HpaSpec {
    HpaSpec { min_replicas: min, max_replicas: max, metrics: vec![metric], behavior: None }
}

/// A cluster with one service of one container, 200m of CPU requested, all of whose service time
/// is CPU; ready 3 s after its start, which readiness probes find out within a second.
fn cluster(replicas: u32, hpa: HpaSpec, load: Load, service: Nanos) -> SimSpec {
    let requests = ContainerRequests {
        name: "app".into(),
        requests: [("cpu".to_owned(), 200), ("memory".to_owned(), 100_000_000)].into(),
    };
    let readiness = ProbePlan {
        spec: ProbeSpec { period_seconds: 1, ..ProbeSpec::default() },
        grace_seconds: None,
        target: Some(0),
        connects_only: false,
        needs_worker: false,
        asks_dependency: false,
    };
    let container = ContainerPlan {
        name: "app".into(),
        role: Role::Serves(ServerSpec {
            workers: None,
            accept: Accept::Eager,
            backlog: 511,
            queue: None,
            service: Dist::Fixed(service),
            probe_service: Dist::Fixed(service),
            cpu_share: 1.0,
            cpu_limit_milli: None,
            keepalive_idle: None,
            max_connection_age: None,
            warm_up: None,
        }),
        is_sidecar: false,
        startup: None,
        readiness: Some(readiness),
        liveness: None,
        pre_stop: Some(PreStop { duration: ms(5_000) }),
        cpu_request_milli: Some(200),
        image_pull: Dist::ZERO,
        start: ms(300),
        startup_time: ms(3_000),
        post_start: None,
        app_ready_delay: Dist::ZERO,
        startup_cpu_milli: 0,
        on_stop: OnStop::Drain(Drain::within(None)),
    };
    SimSpec {
        kubernetes_minor: 35,
        load,
        client: ClientSpec {
            post_share: 0.0,
            timeout: None,
            retries: 0,
            retry_budget_per_mille: None,
            backoff: Dist::ZERO,
            keep_alive: false,
            connections: 0,
        },
        network: NetworkSpec {
            race_window: Nanos::ZERO,
            linear_syn_retries: true,
            reset_share: 0.0,
            after_exit: AfterExit::Refused,
        },
        tiers: vec![FrontSpec {
            node_local: None,
            name: "test".into(),
            replicas: 1,
            pods: None,
            workers: 1,
            has_canary: false,
            balancer: Balancer::RoundRobin,
            retry: RetryPolicy::next_peer(RetryOn::ERROR, 2),
            connect_timeout: secs(5),
            read_timeout: secs(60),
            request_timeout: None,
            stream_idle_timeout: None,
            breaker: CircuitBreaker::default(),
            outlier: None,
            pins_connections: false,
            client_affinity: false,
            affinity_holds: false,
            slow_start: Nanos::ZERO,
            keepalive: None,
            answers: Answers::NGINX,
            delivery: Delivery {
                add: ms(100),
                remove: ms(100),
                remove_elsewhere: None,
                removal_override: None,
                addition_override: None,
                falls_back_to_terminating: false,
                mechanism: Mechanism::in_place(Nanos::from_millis(10)),
            },
            overhead: Nanos::from_millis(1),
        }],
        deployments: vec![DeploymentPlan {
            name: "default/web".into(),
            spec: DeploymentSpec {
                replicas,
                strategy: Strategy::RollingUpdate {
                    max_surge: IntOrPercent::Percent(25),
                    max_unavailable: IntOrPercent::Int(0),
                },
                paused: false,
            },
            min_ready_seconds: 0,
            progress_deadline_seconds: None,
            templates: vec![PodTemplate {
                init: Vec::new(),
                containers: vec![container],
                grace_seconds: 30,
                readiness_gate: false,
            }],
            publish_not_ready_addresses: false,
            disruption_budget: None,
            hpa: Some(HpaPlan {
                spec: hpa,
                requests: vec![PodRequests { containers: vec![requests], ..PodRequests::default() }],
                controller: HpaController { sync_period: secs(15), options: Options::for_kubernetes(35) },
                metrics: MetricsPipeline::default(),
            }),
        }],
        events: Vec::new(),
        control: ControlPlane {
            pods_per_node: None,
            nodes: 4,
            zones: 1,
            node_monitor_grace_period: Nanos::from_secs(50),
            controller_reaction: ms(20),
            api_write: ms(10),
            schedule: ms(50),
            kubelet_notice: ms(50),
            sandbox: ms(500),
            container_relist: ms(500),
            status_patch: ms(50),
            kubelet_stop: ms(100),
            sandbox_stop: ms(200),
            slice_sync: ms(100),
            probe_phase: ProbePhase::Kubelet,
            victim_order: VictimOrder::Kubernetes,
            direct_endpoints: false,
            exact_grace: false,
            slow_start: true,
        },
        settle_limit: secs(60),
    }
}

fn plan(spec: &mut SimSpec) -> &mut HpaPlan {
    spec.deployments[0].hpa.as_mut().expect("every cluster here has an autoscaler")
}

fn app(spec: &mut SimSpec) -> &mut ContainerPlan {
    &mut spec.deployments[0].templates[0].containers[0]
}

fn server(spec: &mut SimSpec) -> &mut ServerSpec {
    match &mut app(spec).role {
        Role::Serves(server) => server,
        _ => panic!("the container serves"),
    }
}

fn simulate(spec: SimSpec) -> RunResult {
    run(&Arc::new(spec), 1, 0, &|| false)
}

/// The sizes in order, without their times.
fn sizes(result: &RunResult) -> Vec<u32> {
    result.timeline.desired.iter().map(|(_, _, size)| *size).collect()
}

/// Seconds from `since` to the first size of at least `size`.
fn reached(result: &RunResult, size: u32, since: u64) -> Option<f64> {
    let change = result.timeline.desired.iter().find(|(_, _, desired)| *desired >= size)?;
    Some(change.0.run_secs() - since as f64)
}

fn percents(result: &RunResult) -> Vec<(f64, i64)> {
    let percent = |record: &super::HpaRecord| match record.decision.metrics.first()?.result.ok()?.reading {
        Reading::Utilization { percent, .. } => Some((record.at.run_secs(), percent)),
        Reading::Usage { .. } => None,
    };
    result.timeline.hpa.iter().filter_map(percent).collect()
}

// === Published cases ===

/// php-apache: 62 % of a core on one pod that requests 200m, held to 50 %: 310 % and thereby
/// seven pods. One step without `behavior` reaches four pods, with `behavior: {}` five.
/// Source: published case H1, at 310 % in place of 305 % so that seven is not on the edge.
#[test]
fn php_apache_takes_one_step_in_between() {
    let load = || steps(&[(0, 100.0), (60, 1_000.0)], 360);
    let service = Nanos(620_000);
    let plain = simulate(cluster(1, scaler(1, 10, cpu(50)), load(), service));
    assert_eq!(sizes(&plain), [1, 4, 7]);
    let mut with_behavior = cluster(1, scaler(1, 10, cpu(50)), load(), service);
    plan(&mut with_behavior).spec.behavior = Some(Behavior::default());
    let with_behavior = simulate(with_behavior);
    let found = sizes(&with_behavior);
    assert_eq!((found[1], found.last()), (5, Some(&7)), "{found:?}");
    assert!(
        percents(&plain).iter().any(|(_, percent)| (280..=330).contains(percent)),
        "{:?}",
        percents(&plain)
    );
}

/// With the manifest's limit of 500m a pod never shows more than 250 %, so the first proposal is
/// five and the demand behind it stays unseen.
#[test]
fn a_cpu_limit_hides_the_demand() {
    let load = steps(&[(0, 10.0), (60, 100.0)], 240);
    let mut spec = cluster(1, scaler(1, 10, cpu(50)), load, Nanos(6_200_000));
    server(&mut spec).cpu_limit_milli = Some(500);
    server(&mut spec).workers = Some(4);
    let result = simulate(spec);
    let most = percents(&result).into_iter().map(|(_, percent)| percent).max();
    assert!(most.is_some_and(|most| (240..=250).contains(&most)), "{most:?}");
    let proposals: Vec<i32> = result.timeline.hpa.iter().filter_map(|r| r.decision.proposal).collect();
    let seen = proposals.iter().find(|proposal| **proposal != 1);
    assert_eq!(seen, Some(&5), "{proposals:?}");
}

/// Eight times the load: no step more than doubles the size, steps are a sync apart or more, and
/// what is measured while cold pods count as 0 % slows the way down a little.
/// Source: published case H3 (10, 20, 40, 80), where every sync sees the whole demand.
#[test]
fn ten_to_eighty_takes_doubling_steps() {
    let load = steps(&[(0, 1_000.0), (60, 8_000.0)], 240);
    let mut spec = cluster(10, scaler(1, 100, cpu(50)), load, Nanos::from_millis(1));
    plan(&mut spec).spec.behavior = Some(Behavior::default());
    let result = simulate(spec);
    let changes: Vec<(f64, u32)> =
        result.timeline.desired.iter().map(|(at, _, size)| (at.run_secs(), *size)).collect();
    let doubles = |pair: &[(f64, u32)]| pair[1].1 == 2 * pair[0].1;
    assert!(changes.windows(2).all(|pair| pair[1].1 <= (2 * pair[0].1).max(pair[0].1 + 4)), "{changes:?}");
    assert!(changes.windows(2).filter(|pair| doubles(pair)).count() >= 2, "{changes:?}");
    assert!(changes[2..].windows(2).all(|pair| pair[1].0 - pair[0].0 > 14.9), "{changes:?}");
    assert!(changes.last().is_some_and(|last| (72..=90).contains(&last.1)), "{changes:?}");
}

/// A rollout of an autoscaled service without any change of load. Controllers before 1.16 took
/// surge pods for the size and wrote it back when the surge was over, and 25 % of the larger size
/// was the next surge. Source: kubernetes#72775 (383, 479, 589, 664), ended by kubernetes#79035.
#[test]
fn a_rollout_amplifies_the_size_in_old_controllers_only() {
    let grown = |minor: u32, surge: IntOrPercent, unavailable: u32| {
        let load = steps(&[(0, 4_000.0)], 420);
        let mut spec = cluster(40, scaler(1, 200, cpu(50)), load, Nanos::from_millis(1));
        spec.deployments[0].spec.strategy =
            Strategy::RollingUpdate { max_surge: surge, max_unavailable: IntOrPercent::Int(unavailable) };
        app(&mut spec).startup_time = ms(40_000);
        plan(&mut spec).controller.options = Options::for_kubernetes(minor);
        let action = PlannedAction::Rollout { template: 0 };
        spec.events = vec![PlannedEvent { at: secs(60), deployment: 0, action }];
        simulate(spec).replicas.1
    };
    let quarter = IntOrPercent::Percent(25);
    assert!(grown(15, quarter, 0) >= 50, "{}", grown(15, quarter, 0));
    assert_eq!(grown(35, quarter, 0), 40, "a current controller");
    assert_eq!(grown(15, IntOrPercent::Int(0), 10), 40, "without surge");
}

// === Cold pods ===

/// A service whose processes burn two cores for 45 s before they listen and are ready 45 s after
/// that, and a load that rises a little: the most pods that there ever are.
fn most_with_burst(initialization: u64, delay: u64) -> u32 {
    let load = steps(&[(0, 400.0), (60, 560.0)], 420);
    let mut spec = cluster(4, scaler(1, 60, cpu(60)), load, Nanos::from_millis(1));
    app(&mut spec).startup_time = ms(45_000);
    app(&mut spec).app_ready_delay = ms(45_000);
    app(&mut spec).startup_cpu_milli = 2_000;
    let options = &mut plan(&mut spec).controller.options;
    options.cpu_initialization_period = secs(initialization);
    options.initial_readiness_delay = secs(delay);
    simulate(spec).replicas.1
}

/// 0.56 cores on pods of 200m, held to 60 %: five pods. Counting what a process burns before it
/// serves asks for more pods, which burn as well.
#[test]
fn the_initialization_period_keeps_start_up_cpu_out() {
    assert_eq!(most_with_burst(300, 0), 5);
    assert!(most_with_burst(0, 0) > 8, "{}", most_with_burst(0, 0));
}

#[test]
fn the_readiness_delay_keeps_out_what_was_never_ready() {
    assert_eq!(most_with_burst(0, 30), 5);
    assert!(most_with_burst(0, 0) > 8);
}

/// A pod that says it is ready as soon as its process runs is counted with its burst, whatever the
/// controller's flags; a readiness probe is the cure.
#[test]
fn a_burst_behind_no_probe_flaps_and_a_probe_cures_it() {
    let changes = |has_probe: bool| {
        let load = steps(&[(0, 400.0), (60, 560.0)], 900);
        let mut spec = cluster(4, scaler(1, 40, cpu(60)), load, Nanos::from_millis(1));
        app(&mut spec).startup_time = ms(60_000);
        app(&mut spec).startup_cpu_milli = 2_000;
        if !has_probe {
            app(&mut spec).readiness = None;
        }
        let result = simulate(spec);
        (result.replicas.1, result.timeline.desired.len(), result.tally.lost())
    };
    let (most, _, _) = changes(true);
    assert_eq!(most, 5);
    let (most, count, lost) = changes(false);
    assert!(most > 10 && count > 3 && lost > 0, "{most} pods, {count} sizes, {lost} lost");
}

/// A pod that was killed is replaced by one that has no sample for a while.
#[test]
fn a_new_pod_is_missing_at_first() {
    let load = steps(&[(0, 400.0)], 180);
    let mut spec = cluster(4, scaler(1, 20, cpu(50)), load, Nanos::from_millis(1));
    let action = PlannedAction::KillPods { count: 1 };
    spec.events = vec![PlannedEvent { at: secs(60), deployment: 0, action }];
    // Ready at once, so that nothing but the missing sample keeps it out.
    app(&mut spec).startup_time = Dist::ZERO;
    let result = simulate(spec);
    let missing = |record: &super::HpaRecord| record.decision.metrics[0].counts.missing;
    let when: Vec<f64> = result
        .timeline
        .hpa
        .iter()
        .filter(|record| missing(record) > 0)
        .map(|record| record.at.run_secs())
        .collect();
    assert!(!when.is_empty() && when.iter().all(|at| (60.0..100.0).contains(at)), "{when:?}");
    assert_eq!(sizes(&result), [4], "one pod without metrics changes nothing");
}

// === The band ===

#[test]
fn inside_the_tolerance_nothing_happens() {
    let end = |rate: f64| {
        let load = steps(&[(0, 1_000.0), (60, rate)], 240);
        let result = simulate(cluster(10, scaler(1, 20, cpu(50)), load, Nanos::from_millis(1)));
        result.replicas
    };
    assert_eq!(end(1_070.0), (10, 10, 10));
    assert!(end(1_250.0).2 >= 12, "{:?}", end(1_250.0));
}

// === Other metrics of the service ===

fn custom(source: MetricSource, target: MetricTarget, signal: Signal, load: Load) -> SimSpec {
    let mut spec = cluster(2, scaler(1, 20, MetricSpec { source, target }), load, Nanos::from_millis(20));
    plan(&mut spec).metrics.signals = vec![signal];
    spec
}

fn pods(metric: &str) -> MetricSource {
    MetricSource::Pods { metric: metric.into() }
}

#[test]
fn requests_per_second_scale_a_service() {
    let load = || steps(&[(0, 100.0), (60, 400.0)], 600);
    let spec = custom(pods("rps"), MetricTarget::average_value(50_000), Signal::RequestRate, load());
    let slow = simulate(spec.clone());
    // 400 requests per second at 50 each; nine is within the tolerance and may stay for a window.
    assert!((8..=9).contains(&slow.replicas.2), "{:?}", sizes(&slow));
    assert_eq!(
        slow.timeline.desired[0].2, 2,
        "100 requests per second are two pods' worth, no step before 60 s"
    );
    assert!(slow.timeline.desired[1].0 > SimTime::START + secs(60));
    let mut fast = spec;
    plan(&mut fast).metrics.adapter = Adapter { scrape: secs(5), rate_window: secs(30), relist: secs(600) };
    let fast = simulate(fast);
    let (slow, fast) = (reached(&slow, 8, 60), reached(&fast, 8, 60));
    assert!(fast < slow, "a longer window is slower: {slow:?} {fast:?}");
}

#[test]
fn in_flight_waiting_and_latency_scale_a_service_that_is_full() {
    // Two pods of one worker each serve 100 requests per second; 300 arrive.
    let load = || steps(&[(0, 60.0), (60, 300.0)], 300);
    let external = |metric: &str| MetricSource::External { metric: metric.into() };
    let object = |metric: &str| MetricSource::Object { metric: metric.into() };
    let cases = [
        (pods("in_flight"), MetricTarget::average_value(2_000), Signal::InFlight),
        (external("waiting"), MetricTarget::average_value(5_000), Signal::Waiting),
        (object("p99"), MetricTarget::value(200), Signal::Latency { share: 0.99 }),
    ];
    for (source, target, signal) in cases {
        let mut spec = custom(source, target, signal, load());
        server(&mut spec).workers = Some(1);
        let result = simulate(spec.clone());
        assert!(result.replicas.1 > 4, "{signal:?}: {:?}", sizes(&result));
        // Nobody knows what a metric of any name measures.
        plan(&mut spec).metrics.signals.clear();
        let unknown = simulate(spec);
        assert_eq!(sizes(&unknown), [2], "{signal:?}");
        let last = unknown.timeline.hpa.last().expect("it reconciles all the same");
        let active = last.decision.conditions.get(ConditionType::ScalingActive).map(|c| c.status);
        assert_eq!(active, Some(Status::False), "{signal:?}");
    }
}

#[test]
fn memory_and_containers_scale_a_service() {
    let load = || steps(&[(0, 100.0), (60, 100.0)], 180);
    let memory = |per_request: u64| {
        let metric = MetricSpec {
            source: MetricSource::Resource { resource: "memory".into() },
            target: MetricTarget::average_value(100_000_000),
        };
        let mut spec = cluster(2, scaler(1, 20, metric), load(), Nanos::from_millis(20));
        plan(&mut spec).metrics.signals = vec![Signal::Memory(MemoryUse { idle: 95_000, per_request })];
        simulate(spec).replicas.1
    };
    assert_eq!(memory(0), 2, "95 kB of 100 kB");
    assert!(memory(60_000) > 2, "one request of 60 kB under way on each pod");

    let of_container = |container: &str| {
        let source = MetricSource::ContainerResource { resource: "cpu".into(), container: container.into() };
        let metric = MetricSpec { source, target: MetricTarget::utilization(50) };
        let spec =
            cluster(2, scaler(1, 20, metric), steps(&[(0, 20.0), (60, 60.0)], 180), Nanos::from_millis(10));
        simulate(spec)
    };
    // 0.6 cores on pods of 200m, held to 50 %.
    assert_eq!(of_container("app").replicas.1, 6);
    let other = of_container("proxy");
    assert!(other.timeline.hpa.iter().all(|record| record.decision.failed));
}

#[test]
fn an_outage_of_the_metrics_api_freezes_the_size() {
    let load = steps(&[(0, 100.0), (60, 1_000.0)], 240);
    let mut spec = cluster(1, scaler(1, 10, cpu(50)), load, Nanos(620_000));
    let outage = Outage { api: MetricsApi::Resource, from: secs(50), until: secs(150) };
    plan(&mut spec).metrics.outages = vec![outage];
    let result = simulate(spec.clone());
    assert!(result.timeline.desired[1].0 >= SimTime::START + secs(150), "{:?}", result.timeline.desired);
    plan(&mut spec).metrics.outages = vec![Outage { api: MetricsApi::Custom, ..outage }];
    assert!(simulate(spec).timeline.desired[1].0 < SimTime::START + secs(120), "another API's outage");
}

#[test]
fn a_slower_metrics_server_is_seen_later() {
    let mean = |resolution: u64| {
        let seen = (0..8).filter_map(|seed| {
            let load = steps(&[(0, 100.0), (60, 1_000.0)], 300);
            let mut spec = cluster(1, scaler(1, 10, cpu(50)), load, Nanos(620_000));
            plan(&mut spec).metrics.resolution = secs(resolution);
            reached(&run(&Arc::new(spec), seed, 0, &|| false), 4, 60)
        });
        seen.sum::<f64>() / 8.0
    };
    assert!(mean(60) > mean(15) + 10.0, "{} {}", mean(60), mean(15));
}

// === Queues ===

fn queue(minor: u32, min: i32, activation: Option<Activation>) -> SimSpec {
    let metric = MetricSpec {
        source: MetricSource::External { metric: "jobs".into() },
        target: MetricTarget::average_value(20_000),
    };
    let load = steps(&[(0, 0.0)], 1_500);
    let mut spec = cluster(0, scaler(min, 10, metric), load, Nanos::from_millis(1));
    let plan = plan(&mut spec);
    plan.controller.options = Options::for_kubernetes(minor);
    plan.metrics.signals = vec![Signal::Backlog];
    plan.metrics.queue = Some(QueuePlan {
        arrivals: profile(&[(0, 0.0), (60, 10.0), (300, 0.0)], 1_500),
        per_pod: 2.0,
        initial: 0.0,
        lag: secs(15),
        activation,
    });
    spec
}

/// A queue fills for four minutes: the workers come from zero, work it off and go when the window
/// has run out.
#[test]
fn a_queue_wakes_its_workers_and_sends_them_home() {
    let result = simulate(queue(35, 0, None));
    assert!(result.replicas.1 > 4, "{:?}", sizes(&result));
    assert_eq!(result.replicas.2, 0, "{:?}", result.timeline.desired);
    let woke = reached(&result, 1, 60).expect("it wakes");
    assert!((15.0..=35.0).contains(&woke), "lag and one sync: {woke}");
}

/// A zero with a minimum above it switches the autoscaler off; KEDA alone leaves it.
#[test]
fn keda_goes_from_zero_to_one_and_back() {
    let off = simulate(queue(35, 1, None));
    assert_eq!(sizes(&off), [0]);
    assert!(off.timeline.hpa.iter().all(|record| record.decision.path == Path::Disabled));
    let result = simulate(queue(35, 1, Some(Activation::default())));
    assert_eq!(sizes(&result)[1], 1, "{:?}", sizes(&result));
    let woke = reached(&result, 1, 60).expect("it wakes");
    assert!((15.0..=47.0).contains(&woke), "lag and one poll: {woke}");
    assert!(result.replicas.1 > 4);
    assert_eq!(result.replicas.2, 0);
    let later = Activation { cooldown: secs(3_000), ..Activation::default() };
    assert_ne!(simulate(queue(35, 1, Some(later))).replicas.2, 0, "not within the cooldown");
    let blind = Activation { threshold: 1e9, ..Activation::default() };
    assert_eq!(sizes(&simulate(queue(35, 1, Some(blind)))), [0]);
}

// === What a run tells ===

#[test]
fn the_stages_of_a_step_up_add_up() {
    let load = steps(&[(0, 100.0), (60, 1_000.0)], 240);
    let result = simulate(cluster(1, scaler(1, 10, cpu(50)), load, Nanos(620_000)));
    let budgets = result.timeline.scale_out_budgets();
    let first = budgets.first().expect("it scales out");
    assert_eq!((first.scale_out.from, first.scale_out.to, first.pods), (1, 4, 3));
    assert_eq!(first.scale_out.load_rose, Some(SimTime::START + secs(60)));
    let last = &result.timeline.pods[first.last.expect("three pods") as usize];
    let stages = first.stages(last);
    assert!(stages.iter().all(Option::is_some), "{stages:?}");
    let sum: u64 = stages.iter().flatten().map(|stage| stage.0).sum();
    let listed = last.listed.expect("it takes traffic");
    assert_eq!(sum, listed.since(SimTime::START + secs(60)).0);
    // The process takes 3 s to listen, and no stage is hidden in another.
    assert!(stages[5].is_some_and(|ready| ready >= secs(3)), "{stages:?}");
    assert!(stages[0].is_some_and(|sampled| sampled <= secs(60)), "{stages:?}");
}

/// Mean length of each stage, seconds, on the way of the last pod of the first step up.
fn mean_stages(change: &dyn Fn(&mut SimSpec)) -> [f64; STAGES.len()] {
    const SEEDS: u64 = 30;
    // One request per second is a quarter of a pod's request, a hundred are thirty times that: however
    // small the part of a sample's window that has some of it, it shows.
    let load = || steps(&[(0, 1.0), (60, 120.0)], 220);
    let mut spec = cluster(1, scaler(1, 10, cpu(50)), load(), Nanos::from_millis(50));
    change(&mut spec);
    let spec = Arc::new(spec);
    let mut sums = [0.0; STAGES.len()];
    for seed in 0..SEEDS {
        let timeline = run(&spec, seed, 0, &|| false).timeline;
        let budgets = timeline.scale_out_budgets();
        let last = budgets.first().and_then(|first| first.last).expect("it scales out");
        let stages = budgets[0].stages(&timeline.pods[last as usize]);
        for (sum, stage) in sums.iter_mut().zip(stages) {
            *sum += stage.expect("a pod that takes traffic").as_secs_f64() / SEEDS as f64;
        }
    }
    sums
}

#[test]
fn every_stage_has_a_knob_that_moves_it_alone() {
    let container = |spec: &mut SimSpec, change: &dyn Fn(&mut ContainerPlan)| {
        change(&mut spec.deployments[0].templates[0].containers[0]);
    };
    type Change<'a> = &'a dyn Fn(&mut SimSpec);
    let knobs: [(&str, Change<'_>); STAGES.len()] = [
        ("housekeeping", &|spec| plan(spec).metrics.housekeeping = secs(40)),
        ("resolution", &|spec| plan(spec).metrics.resolution = secs(60)),
        ("sync period", &|spec| plan(spec).controller.sync_period = secs(60)),
        ("reaction of controllers", &|spec| spec.control.controller_reaction = ms(6_000)),
        ("image pull", &|spec| container(spec, &|c| c.image_pull = ms(15_000))),
        ("start-up", &|spec| container(spec, &|c| c.startup_time = ms(18_000))),
        ("delivery", &|spec| spec.tiers[0].delivery.add = ms(15_100)),
    ];
    let usual = mean_stages(&|_| ());
    for (index, (name, change)) in knobs.into_iter().enumerate() {
        let moved = mean_stages(change);
        for stage in 0..STAGES.len() {
            let by = moved[stage] - usual[stage];
            let (low, high) = if stage == index { (10.0, 30.0) } else { (-2.5, 2.5) };
            assert!((low..=high).contains(&by), "{name}: `{}` moves by {by} s", STAGES[stage]);
        }
    }
}

/// The first sync after a fall and a second rise starts a budget of its own, and a step up that no
/// rise explains has none.
#[test]
fn a_step_up_belongs_to_the_rise_that_it_answers() {
    let load = steps(&[(0, 1.0), (60, 120.0), (600, 1.0), (1_500, 130.0)], 1_700);
    let result = simulate(cluster(1, scaler(1, 60, cpu(50)), load, Nanos::from_millis(50)));
    let at = |seconds| Some(SimTime::START + secs(seconds));
    let rises: Vec<_> = result.timeline.scale_outs.iter().map(|step| (step.at, step.load_rose)).collect();
    let (early, late): (Vec<_>, Vec<_>) =
        rises.iter().copied().partition(|(when, _)| *when < SimTime::START + secs(1_000));
    assert_eq!(early.first().map(|step| step.1), Some(at(60)), "{rises:?}");
    assert_eq!(late.first().map(|step| step.1), Some(at(1_500)), "{rises:?}");

    // The minimum of an autoscaler that nobody has started yet: no metric, no rise.
    let load = steps(&[(0, 1.0), (60, 2.0)], 120);
    let mut spec = cluster(1, scaler(3, 60, cpu(500)), load, Nanos::from_millis(50));
    spec.deployments[0].spec.replicas = 1;
    let result = simulate(spec);
    let first = result.timeline.scale_outs.first().expect("raised to the minimum");
    assert_eq!((first.to, first.load_rose, first.sampled), (3, None, None));
}

#[test]
fn a_step_log_holds_every_reconcile() {
    let load = steps(&[(0, 100.0), (60, 1_000.0)], 240);
    let result = simulate(cluster(1, scaler(1, 10, cpu(50)), load, Nanos(620_000)));
    let times: Vec<SimTime> = result.timeline.hpa.iter().map(|record| record.at).collect();
    assert!(times.windows(2).all(|pair| pair[1].since(pair[0]) == secs(15)));
    assert!(times.len() >= 15);
    for record in &result.timeline.hpa {
        assert!(record.decision.conditions.get(ConditionType::AbleToScale).is_some());
        assert!(record.decision.desired_replicas <= 10);
    }
}

/// Both ways of simulating requests feed the autoscaler the same numbers.
#[test]
fn the_plain_path_gives_the_same_sizes() {
    let load = || steps(&[(0, 100.0), (60, 400.0)], 200);
    let specs = [
        cluster(2, scaler(1, 20, cpu(50)), load(), Nanos::from_millis(2)),
        custom(pods("rps"), MetricTarget::average_value(50_000), Signal::RequestRate, load()),
        custom(pods("in_flight"), MetricTarget::average_value(1_000), Signal::InFlight, load()),
        custom(
            MetricSource::Object { metric: "p95".into() },
            MetricTarget::value(15),
            Signal::Latency { share: 0.95 },
            load(),
        ),
    ];
    for mut spec in specs {
        server(&mut spec).workers = Some(3);
        let spec = Arc::new(spec);
        let fast = run(&spec, 7, 0, &|| false);
        let plain = run_plain(&spec, 7, 0, &|| false);
        assert_eq!(fast.timeline.desired, plain.timeline.desired);
        let decisions = |result: &RunResult| -> Vec<hpa::Decision> {
            result.timeline.hpa.iter().map(|record| record.decision.clone()).collect()
        };
        assert_eq!(decisions(&fast), decisions(&plain));
        assert_eq!(fast.tally.ok(), plain.tally.ok());
    }
}
