//! The fast path against the plain one: random pods, loads and mishaps, same end for every request.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::fast::FastPath;
use super::plain::PlainPath;
use super::*;
use crate::model::balancer::PassiveChecks;
use crate::model::retry::RetryPolicy;
use crate::random::Dist;
use crate::sim::spec::{Accept, Answers, Balancer, Delivery, Keepalive, Mechanism, WarmUp};
use crate::units::{Nanos, SimTime};
use crate::workload::{ClosedLoad, OpenLoad, OpenSource, Profile};

/// Remembers every end.
#[derive(Debug, Default)]
struct Recorder(Vec<Ended>);

impl Observer for Recorder {
    fn ended(&mut self, ended: &Ended) {
        self.0.push(*ended);
    }
}

/// One thing that happens to the cluster.
#[derive(Clone, Debug)]
enum Act {
    Open(u32),
    Close(u32),
    CloseInner(u32),
    Exit { pod: u32, inner: bool },
    Vanish(u32, AfterExit),
    App(u32, App),
    Probe(u32),
    List(u32, Vec<u32>),
    Reload(u32, Vec<u32>),
    ReloadOver(u32),
    Read(u32),
}

#[derive(Clone, Debug)]
struct Case {
    spec: PathSpec,
    pods: Vec<BackendSpec>,
    acts: Vec<(u64, Act)>,
}

const MS: u64 = 1_000_000;

fn dist() -> impl Strategy<Value = Dist> {
    prop_oneof![
        (1_u64..200).prop_map(|ms| Dist::Fixed(Nanos(ms * MS))),
        (1_u64..100).prop_map(|ms| Dist::Exponential { mean: Nanos(ms * MS) }),
        (1_u64..100).prop_map(|ms| Dist::log_normal_mean(Nanos(ms * MS), 0.7)),
    ]
}

fn server() -> impl Strategy<Value = ServerSpec> {
    (
        prop::option::weighted(0.8, 1_u32..12),
        any::<bool>(),
        0_u32..6,
        dist(),
        prop_oneof![Just(0.0), Just(1.0), 0.0..1.0],
        prop::option::weighted(0.6, 100_u64..3_000),
        prop::option::of(20_u64..3_000),
        prop::option::weighted(0.1, 1.0..5.0_f64),
    )
        .prop_map(|(workers, lazy, backlog, service, cpu_share, limit, idle, warm)| ServerSpec {
            workers,
            accept: if lazy && workers.is_some() { Accept::Lazy } else { Accept::Eager },
            backlog,
            service,
            cpu_share,
            cpu_limit_milli: limit,
            keepalive_idle: idle.map(|ms| Nanos(ms * MS)),
            warm_up: warm.map(|factor| WarmUp { factor, duration: Nanos(2_000 * MS) }),
        })
}

fn front() -> impl Strategy<Value = FrontSpec> {
    let balancer = prop_oneof![
        (0_u32..3, 0_u64..3).prop_map(|(max_fails, fail_timeout_s)| Balancer::Nginx(PassiveChecks {
            max_fails,
            fail_timeout_s
        })),
        Just(Balancer::RoundRobin),
        Just(Balancer::IngressRing),
        Just(Balancer::LeastConnections),
    ];
    let retry = (any::<bool>(), any::<bool>(), 0_u32..4, any::<bool>()).prop_map(
        |(on_error, on_timeout, max_attempts, non_idempotent)| RetryPolicy {
            on_error,
            on_timeout,
            max_attempts,
            non_idempotent,
        },
    );
    let keepalive = prop::option::of((10_u64..2_000, 1_u32..10, any::<bool>()));
    (1_u32..3, 1_u32..3, balancer, retry, 50_u64..3_000, 50_u64..2_000, keepalive, 0_u64..3).prop_map(
        |(replicas, workers, balancer, retry, connect, read, keepalive, overhead)| FrontSpec {
            name: "random".to_owned(),
            replicas,
            workers,
            balancer,
            retry,
            connect_timeout: Nanos(connect * MS),
            read_timeout: Nanos(read * MS),
            keepalive: keepalive.map(|(idle, max_idle, stale_gives_try_back)| Keepalive {
                idle_timeout: Nanos(idle * MS),
                max_idle,
                stale_gives_try_back,
            }),
            answers: Answers::NGINX,
            delivery: Delivery {
                add: Dist::ZERO,
                remove: Dist::ZERO,
                removal_override: None,
                addition_override: None,
                mechanism: Mechanism::InPlace { batch: Nanos(0) },
            },
            overhead: Nanos(overhead * 500_000 + 100_000),
        },
    )
}

fn load() -> impl Strategy<Value = Load> {
    prop_oneof![
        (10.0..400.0_f64).prop_map(|rate| Load::Open(OpenLoad {
            source: OpenSource::Rate {
                profile: Profile::constant(rate, Nanos::from_secs(4)).unwrap(),
                dispersion: 1.0
            }
        })),
        prop::collection::vec(0_u64..4_000, 1..300).prop_map(|mut ms| {
            ms.sort_unstable();
            // Whole milliseconds: many arrivals coincide with each other and with control events.
            let list: Arc<[Nanos]> = ms.into_iter().map(|t| Nanos(t * MS)).collect();
            Load::Open(OpenLoad { source: OpenSource::List(list) })
        }),
        (1_u32..30, 0_u64..50).prop_map(|(connections, think)| Load::Closed(ClosedLoad {
            connections,
            think: Dist::Fixed(Nanos(think * MS)),
            ramp: Nanos(50 * MS),
            duration: Nanos::from_secs(4),
        })),
    ]
}

const PODS: u32 = 5;

fn act() -> impl Strategy<Value = Act> {
    let list = || {
        prop::collection::btree_set(0..PODS, 0..PODS as usize).prop_map(|s| s.into_iter().collect::<Vec<_>>())
    };
    let gone =
        || prop_oneof![Just(AfterExit::Refused), Just(AfterExit::Unreachable), Just(AfterExit::Blackhole)];
    let app = prop_oneof![Just(App::Up), Just(App::NotReady), Just(App::Down)];
    prop_oneof![
        3 => (0..PODS).prop_map(Act::Open),
        2 => (0..PODS).prop_map(Act::Close),
        1 => (0..PODS).prop_map(Act::CloseInner),
        2 => (0..PODS, any::<bool>()).prop_map(|(pod, inner)| Act::Exit { pod, inner }),
        1 => (0..PODS, gone()).prop_map(|(pod, how)| Act::Vanish(pod, how)),
        2 => (0..PODS, app).prop_map(|(pod, app)| Act::App(pod, app)),
        3 => (0..PODS).prop_map(Act::Probe),
        3 => (0_u32..2, list()).prop_map(|(r, l)| Act::List(r, l)),
        1 => (0_u32..2, list()).prop_map(|(r, l)| Act::Reload(r, l)),
        1 => (0_u32..2).prop_map(Act::ReloadOver),
        2 => (0..PODS).prop_map(Act::Read),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let client = (0.0..1.0_f64, prop::option::weighted(0.3, 50_u64..2_000), 0_u32..3, any::<bool>());
    let backend = (0_u32..2, prop::option::weighted(0.3, 0_u64..5));
    (
        (load(), client, front(), prop::collection::vec(server(), 2), any::<bool>(), 0_u64..30),
        prop::collection::vec(backend, PODS as usize),
        prop::collection::vec((0_u64..5_000, act()), 0..60),
        any::<u64>(),
    )
        .prop_map(|((load, client, front, servers, linear, race), backends, mut acts, seed)| {
            acts.sort_by_key(|(at, _)| *at);
            let (post_share, timeout, retries, keep_alive) = client;
            Case {
                spec: PathSpec {
                    load,
                    client: ClientSpec {
                        post_share,
                        timeout: timeout.map(|ms| Nanos(ms * MS)),
                        retries,
                        backoff: Dist::Exponential { mean: Nanos(20 * MS) },
                        keep_alive,
                    },
                    network: NetworkSpec {
                        race_window: Nanos(race * MS),
                        linear_syn_retries: linear,
                        after_exit: AfterExit::Refused,
                    },
                    front,
                    servers,
                    streams: Streams::new(seed, 0),
                },
                pods: backends
                    .into_iter()
                    .map(|(server, proxy)| BackendSpec {
                        server,
                        behind_proxy: proxy.is_some(),
                        forward_delay: proxy.unwrap_or(0) * MS,
                    })
                    .collect(),
                acts: acts.into_iter().map(|(ms, act)| (SimTime::START.0 + ms * MS, act)).collect(),
            }
        })
}

/// What a run of the path showed: the ends by request, what was read on the way, the totals.
type Seen = (Vec<Ended>, Vec<(u64, String)>, Tally);

trait Recorded: RequestPath {
    fn recorded(&mut self) -> Vec<Ended>;
}

impl Recorded for FastPath<Recorder> {
    fn recorded(&mut self) -> Vec<Ended> {
        std::mem::take(&mut self.books.observer.0)
    }
}

impl Recorded for PlainPath<Recorder> {
    fn recorded(&mut self) -> Vec<Ended> {
        std::mem::take(&mut self.observer.0)
    }
}

fn run<P: Recorded>(case: &Case) -> Seen {
    let mut path = P::new(case.spec.clone());
    let replicas = case.spec.front.replicas;
    let mut log = Vec::new();
    case.pods.iter().for_each(|pod| path.add_pod(*pod));
    for pod in 0..PODS - 1 {
        path.open(pod, SimTime::START.0);
    }
    let all: Vec<u32> = (0..PODS).collect();
    (0..replicas).for_each(|replica| path.front().replace_list(replica, &all));
    let reach = |path: &mut P, limit: u64, log: &mut Vec<(u64, String)>| {
        while let Some((at, notice)) = path.run_to(limit) {
            log.push((at, format!("{notice:?}")));
        }
    };
    for (number, (at, act)) in (0..).zip(&case.acts) {
        reach(&mut path, *at, &mut log);
        let at = *at;
        match act {
            Act::Open(pod) => path.open(*pod, at),
            Act::Close(pod) => {
                let empty = path.close(*pod, at, Cause::ListenerClosed);
                log.push((at, format!("closed {pod}, empty {empty}")));
            }
            Act::CloseInner(pod) => {
                if case.pods[*pod as usize].behind_proxy {
                    path.close_inner(*pod, at);
                }
            }
            Act::Exit { pod, inner } => {
                let inner = *inner && case.pods[*pod as usize].behind_proxy;
                path.exit(*pod, at, inner, Cause::KilledInFlight, Cause::ListenerClosed);
            }
            Act::Vanish(pod, how) => {
                path.exit(*pod, at, false, Cause::KilledInFlight, Cause::ListenerClosed);
                path.vanish(*pod, *how);
            }
            Act::App(pod, app) => path.set_app(*pod, *app),
            Act::Probe(pod) => {
                let fate = path.probe(*pod, at, number);
                log.push((at, format!("probe {number}: {fate:?}")));
            }
            Act::List(replica, list) if *replica < replicas => path.front().replace_list(*replica, list),
            Act::Reload(replica, list) if *replica < replicas => path.front().begin_reload(*replica, list),
            Act::ReloadOver(replica) if *replica < replicas => path.front().end_reload(*replica),
            Act::List(..) | Act::Reload(..) | Act::ReloadOver(_) => {}
            Act::Read(pod) => {
                log.push((
                    at,
                    format!("{pod}: {} ns, {}", path.cpu_used(*pod, at), path.under_way(*pod, at)),
                ));
            }
        }
    }
    for second in 5..=9 {
        let at = SimTime::START.0 + second * 1_000_000_000;
        reach(&mut path, at, &mut log);
        log.push((at, format!("idle {}", path.is_idle(at))));
    }
    // The fast path counts lazily: looking at a pod makes it count what is over.
    (0..PODS).for_each(|pod| {
        path.under_way(pod, SimTime::START.0 + 9_000_000_000);
    });
    let mut ends = path.recorded();
    ends.sort_by_key(|e| (e.request, e.at));
    // Notices of one instant may come in any order.
    log.sort();
    (ends, log, path.finish(SimTime::START.0 + 9_000_000_000))
}

/// The earliest request that does not end the same way in both.
fn first_difference(fast: &[Ended], plain: &[Ended]) -> Option<(Option<Ended>, Option<Ended>)> {
    let by_request = |ends: &[Ended]| ends.iter().map(|e| (e.request, *e)).collect::<BTreeMap<_, _>>();
    let (fast, plain) = (by_request(fast), by_request(plain));
    let requests: BTreeSet<u64> = fast.keys().chain(plain.keys()).copied().collect();
    let pairs = requests.iter().map(|r| (fast.get(r).copied(), plain.get(r).copied()));
    pairs.filter(|(a, b)| a != b).min_by_key(|(a, b)| a.or(*b).map(|e| e.at))
}

/// Samples are the first few in order of time, and ties may fall either way.
fn without_samples(mut tally: Tally) -> Tally {
    tally.causes.values_mut().for_each(|c| c.samples.clear());
    tally
}

/// A few hundred by default; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn every_request_meets_the_same_end(case in case()) {
        let (fast, fast_log, fast_tally) = run::<FastPath<Recorder>>(&case);
        let (plain, plain_log, plain_tally) = run::<PlainPath<Recorder>>(&case);
        let differs = first_difference(&fast, &plain);
        prop_assert!(differs.is_none(), "first difference in time, fast then plain: {differs:#?}");
        prop_assert_eq!(fast.len(), plain.len());
        let differs = fast_log.iter().zip(&plain_log).find(|(a, b)| a != b);
        prop_assert!(differs.is_none(), "first difference seen by the event loop: {differs:?}");
        prop_assert_eq!(fast_log.len(), plain_log.len());
        prop_assert!(fast_tally.conserves() && plain_tally.conserves());
        prop_assert!(plain_tally.closes(), "closed-loop identity, plain");
        prop_assert!(fast_tally.closes(), "closed-loop identity, fast");
        prop_assert_eq!(without_samples(fast_tally), without_samples(plain_tally));
    }
}
