//! The fast path against the plain one: random pods, loads and mishaps, same end for every request.

use proptest::prelude::*;

use super::arbitrary::{MS, client, front, load, server};
use super::fast::FastPath;
use super::plain::PlainPath;
use super::*;
use crate::model::retry::{RetryOn, RetryPolicy};
use crate::random::Dist;
use crate::sim::reference::{Recorder, first_difference, without_samples};
use crate::sim::spec::{Keepalive, ServerSpec, Slowdown, StaleRetry};
use crate::units::{Nanos, SimTime};
use crate::workload::{OpenLoad, OpenSource, Profile};

/// One thing that happens to the cluster.
#[derive(Clone, Debug)]
enum Act {
    Open(u32),
    Close(u32),
    CloseInner(u32),
    Decline(u32),
    CloseToNew(u32, Kept),
    Hold { pod: u32, inner: bool },
    KeptUntil(u32),
    Exit { pod: u32, inner: bool },
    Cancel { pod: u32, inner: bool },
    Vanish(u32, AfterExit),
    FallSilent(u32),
    CutConnections(u32),
    App(u32, App),
    Probe(u32),
    List(u32, Vec<u32>),
    Reload(u32, Vec<u32>),
    ReloadOver(u32),
    Read(u32),
}

impl Act {
    /// The pod on which it happens.
    fn pod(&self) -> Option<u32> {
        match *self {
            Act::Open(pod) | Act::Close(pod) | Act::CloseInner(pod) | Act::Exit { pod, .. } => Some(pod),
            Act::Cancel { pod, .. } => Some(pod),
            Act::Vanish(pod, _) | Act::FallSilent(pod) | Act::App(pod, _) | Act::Probe(pod) => Some(pod),
            Act::CutConnections(pod) => Some(pod),
            Act::Decline(pod) | Act::Read(pod) | Act::CloseToNew(pod, _) => Some(pod),
            Act::Hold { pod, .. } | Act::KeptUntil(pod) => Some(pod),
            Act::List(..) | Act::Reload(..) | Act::ReloadOver(_) => None,
        }
    }
}

#[derive(Clone, Debug)]
struct Case {
    spec: PathSpec,
    pods: Vec<BackendSpec>,
    acts: Vec<(u64, Act)>,
}

const PODS: u32 = 5;

fn act() -> impl Strategy<Value = Act> {
    let list = || {
        prop::collection::btree_set(0..PODS, 0..PODS as usize).prop_map(|s| s.into_iter().collect::<Vec<_>>())
    };
    let gone =
        || prop_oneof![Just(AfterExit::Refused), Just(AfterExit::Unreachable), Just(AfterExit::Blackhole)];
    let app = prop_oneof![
        Just(App::Up),
        Just(App::NotReady),
        Just(App::Down(Status::BadGateway, Cause::Crashed)),
        Just(App::Failing(Cause::EgressDown))
    ];
    prop_oneof![
        3 => (0..PODS).prop_map(Act::Open),
        2 => (0..PODS).prop_map(Act::Close),
        1 => (0..PODS).prop_map(Act::CloseInner),
        1 => (0..PODS).prop_map(Act::Decline),
        2 => (0..PODS, any::<bool>()).prop_map(|(pod, inner)| Act::Exit { pod, inner }),
        1 => (0..PODS, gone()).prop_map(|(pod, how)| Act::Vanish(pod, how)),
        1 => (0..PODS).prop_map(Act::FallSilent),
        2 => (0..PODS, app).prop_map(|(pod, app)| Act::App(pod, app)),
        3 => (0..PODS).prop_map(Act::Probe),
        3 => (0_u32..2, list()).prop_map(|(r, l)| Act::List(r, l)),
        1 => (0_u32..2, list()).prop_map(|(r, l)| Act::Reload(r, l)),
        1 => (0_u32..2).prop_map(Act::ReloadOver),
        2 => (0..PODS).prop_map(Act::Read),
    ]
}

/// Other ways to end in place of some, by the millisecond: a draw of their own would change what the stored
/// seeds stand for.
fn varied(ms: u64, act: Act) -> Act {
    match (ms % 8, act) {
        (5, Act::Close(pod)) => Act::Hold { pod, inner: false },
        (6, Act::Close(pod)) => Act::CloseToNew(pod, Kept::Busy),
        (7, Act::Close(pod)) => Act::CloseToNew(pod, Kept::All),
        (6 | 7, Act::CloseInner(pod)) => Act::Hold { pod, inner: true },
        (6, Act::Exit { pod, inner }) => Act::Cancel { pod, inner },
        (4 | 5, Act::Read(pod)) => Act::CutConnections(pod),
        (6 | 7, Act::Read(pod)) => Act::KeptUntil(pod),
        (_, act) => act,
    }
}

fn slowdown((from, lasts, halves): (u64, u64, u32)) -> Slowdown {
    Slowdown { from: Nanos(from * MS), until: Nanos((from + lasts) * MS), factor: f64::from(halves) / 2.0 }
}

fn case() -> impl Strategy<Value = Case> {
    let backend = (0_u32..2, prop::option::weighted(0.3, 0_u64..5));
    (
        (load(4), client(), front(), prop::collection::vec(server(), 2), any::<bool>(), 0_u64..30),
        prop::collection::vec(backend, PODS as usize),
        prop::collection::vec((0_u64..5_000, act()), 0..60),
        prop::collection::vec((0_u64..4_000, 1_u64..2_000, 2_u32..12), 0..3),
        any::<u64>(),
    )
        .prop_map(|((load, client, front, servers, linear, race), backends, mut acts, slow, seed)| {
            acts.sort_by_key(|(at, _)| *at);
            let acts: Vec<_> = acts.into_iter().map(|(ms, act)| (ms, varied(ms, act))).collect();
            let parts = |act: &Act| {
                matches!(act, Act::FallSilent(_) | Act::CloseToNew(..) | Act::Hold { .. } | Act::KeptUntil(_))
            };
            Case {
                spec: PathSpec {
                    load,
                    client,
                    network: NetworkSpec {
                        race_window: Nanos(race * MS),
                        linear_syn_retries: linear,
                        reset_share: if linear { 0.0 } else { 0.01 },
                        after_exit: AfterExit::Refused,
                    },
                    front,
                    outer: None,
                    slowdowns: slow.into_iter().map(slowdown).collect(),
                    follows_connections: acts.iter().any(|(_, act)| parts(act)),
                    servers,
                    streams: Streams::new(seed, 0),
                },
                pods: backends
                    .into_iter()
                    .map(|(server, proxy)| BackendSpec {
                        server,
                        behind_proxy: proxy.map(|_| Status::Unavailable),
                        forward_delay: proxy.unwrap_or(0) * MS,
                        is_ingress: false,
                    })
                    .collect(),
                acts: acts.into_iter().map(|(ms, act)| (SimTime::START.0 + ms * MS, act)).collect(),
            }
        })
}

/// What a run of the path showed: the ends by request, what was read on the way, the totals.
type Seen = (Vec<Ended>, Vec<(u64, String)>, Tally);

fn run<P: RequestPath<Observer = Recorder>>(case: &Case) -> Seen {
    let mut path = P::new(case.spec.clone());
    let replicas = case.spec.front.replicas;
    let mut log = Vec::new();
    // Nothing happens on a dead node any more.
    let mut dead = Vec::new();
    case.pods.iter().for_each(|pod| path.add_pod(*pod));
    for pod in 0..PODS - 1 {
        path.open(pod, SimTime::START.0);
    }
    let all: Vec<u32> = (0..PODS).collect();
    for replica in 0..replicas {
        path.front().fill_lines(replica, &all);
        path.front().replace_list(replica, &all, SimTime::START.0);
    }
    let reach = |path: &mut P, limit: u64, log: &mut Vec<(u64, String)>| {
        while let Some((at, notice)) = path.run_to(limit) {
            log.push((at, format!("{notice:?}")));
        }
    };
    for (number, (at, act)) in (0..).zip(&case.acts) {
        reach(&mut path, *at, &mut log);
        let at = *at;
        if act.pod().is_some_and(|pod| dead.contains(&pod)) {
            continue;
        }
        match act {
            Act::Open(pod) => path.open(*pod, at),
            Act::Close(pod) => {
                let empty = path.close(*pod, at, Cause::ListenerClosed);
                log.push((at, format!("closed {pod}, empty {empty}")));
            }
            Act::Decline(pod) => {
                let empty = path.decline(*pod, at);
                log.push((at, format!("declines {pod}, empty {empty}")));
            }
            Act::CloseInner(pod) => {
                if case.pods[*pod as usize].behind_proxy.is_some() {
                    path.close_inner(*pod, at, Cause::ListenerClosed);
                }
            }
            Act::CloseToNew(pod, kept) => {
                let empty = path.close_to_new(*pod, at, Cause::ListenerClosed, *kept);
                log.push((at, format!("closes {pod} to new connections, empty {empty}")));
            }
            Act::Hold { pod, inner } => {
                let inner = *inner && case.pods[*pod as usize].behind_proxy.is_some();
                let empty = path.hold(*pod, at, inner);
                log.push((at, format!("holds {pod}, empty {empty}")));
            }
            // While a request is under way the fast path knows already when its connection will be idle.
            Act::KeptUntil(pod) if path.under_way(*pod, at) > 0 => {}
            Act::KeptUntil(pod) => {
                let until = path.kept_until(*pod, at);
                log.push((at, format!("connections to {pod} until {until:?}")));
            }
            Act::Exit { pod, inner } => {
                let inner = *inner && case.pods[*pod as usize].behind_proxy.is_some();
                path.exit(*pod, at, inner, Cause::KilledInFlight, Cause::ListenerClosed);
            }
            Act::Cancel { pod, inner } => {
                let inner = *inner && case.pods[*pod as usize].behind_proxy.is_some();
                path.cancel(*pod, at, Cause::ExitedInFlight);
                path.exit(*pod, at, inner, Cause::ExitedInFlight, Cause::ListenerClosed);
            }
            Act::Vanish(pod, how) => {
                path.exit(*pod, at, false, Cause::KilledInFlight, Cause::ListenerClosed);
                path.vanish(*pod, *how);
            }
            Act::CutConnections(pod) => path.cut_connections(*pod, at, Cause::DeregisteredInFlight),
            Act::FallSilent(pod) => {
                dead.push(*pod);
                path.fall_silent(*pod, at);
            }
            Act::App(pod, app) => path.set_app(*pod, *app),
            Act::Probe(pod) => {
                let fate = path.probe(*pod, at, number);
                log.push((at, format!("probe {number}: {fate:?}")));
            }
            Act::List(replica, list) if *replica < replicas => {
                path.front().fill_lines(*replica, list);
                path.front().replace_list(*replica, list, at);
            }
            Act::Reload(replica, list) if *replica < replicas => {
                path.front().begin_reload(*replica, list, at)
            }
            Act::ReloadOver(replica) if *replica < replicas => path.end_reload(*replica),
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
    // Notices of one instant may come in any order.
    log.sort();
    let (tally, recorder) = path.finish(SimTime::START.0 + 9_000_000_000);
    (recorder.in_order(), log, tally)
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

/// Little's law: arrivals per second times the time each request spends is how many there are, as
/// seen by looking into the pods and not by adding up latencies.
#[test]
fn as_many_are_in_the_pods_as_little_says() {
    let (pods, workers, utilization, seconds) = (4_u32, 2_u32, 0.8, 150);
    let service = Dist::log_normal_mean(Nanos(45 * MS), 0.5);
    let rate = f64::from(pods * workers) * utilization / 0.045;
    let source = OpenSource::Rate {
        profile: Profile::constant(rate, Nanos::from_secs(seconds)).unwrap(),
        dispersion: 1.0,
    };
    let gap = |seed: u64| {
        let load = Load::Open(OpenLoad { source: source.clone() });
        let server = ServerSpec::ideal(Some(workers), service.clone());
        let mut path = FastPath::<Recorder>::new(PathSpec::ideal(load, server, Streams::new(seed, 0)));
        let start = SimTime::START.0;
        for pod in 0..pods {
            path.add_pod(BackendSpec { server: 0, behind_proxy: None, forward_delay: 0, is_ingress: false });
            path.open(pod, start);
        }
        path.front().replace_list(0, &(0..pods).collect::<Vec<_>>(), start);
        let (mut looks, mut seen) = (0_u32, 0_u64);
        for at in (start..start + seconds * 1_000 * MS).step_by(37 * MS as usize) {
            assert_eq!(path.run_to(at), None);
            looks += 1;
            seen += (0..pods).map(|pod| u64::from(path.under_way(pod, at))).sum::<u64>();
        }
        let (tally, ends) = path.finish(start + (seconds + 60) * 1_000 * MS);
        assert_eq!(ends.in_order().len() as u64, tally.arrived);
        let expected = tally.arrived as f64 / seconds as f64 * tally.latency_ok.mean().unwrap() / 1e9;
        seen as f64 / f64::from(looks) / expected - 1.0
    };
    let gaps: Vec<f64> = (1..=10).map(gap).collect();
    let mean = gaps.iter().sum::<f64>() / 10.0;
    let error = (gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / 90.0).sqrt();
    assert!(mean.abs() < 3.0 * error && mean.abs() < 0.01, "off by {mean}, error {error}");
}

/// A failed attempt on a kept-alive connection may give its try back; that must not go on for
/// ever while the only pod listed is one that has just stopped.
#[test]
fn tries_that_are_given_back_come_to_an_end() {
    let front = FrontSpec {
        retry: RetryPolicy::next_peer(RetryOn::ERROR.and(RetryOn::TIMEOUT), 3),
        keepalive: Some(Keepalive {
            idle_timeout: Nanos(60_000 * MS),
            max_idle: 320,
            stale: StaleRetry::GivesTryBack,
            first_is_fresh: false,
            any_connection: false,
        }),
        ..FrontSpec::ideal()
    };
    let mut server = ServerSpec::ideal(Some(1), Dist::Fixed(Nanos(MS)));
    server.keepalive_idle = Some(Nanos(75_000 * MS));
    let load = Load::Open(OpenLoad { source: OpenSource::List([Nanos(20 * MS)].into()) });
    let mut spec = PathSpec { front, ..PathSpec::ideal(load, server, Streams::new(1, 0)) };
    spec.network.race_window = Nanos(30 * MS);
    let case = Case {
        spec,
        pods: vec![
            BackendSpec { server: 0, behind_proxy: None, forward_delay: 0, is_ingress: false };
            PODS as usize
        ],
        acts: vec![(SimTime::START.0, Act::List(0, vec![2])), (SimTime::START.0 + 10 * MS, Act::Close(2))],
    };
    for (ends, ..) in [run::<FastPath<Recorder>>(&case), run::<PlainPath<Recorder>>(&case)] {
        let [only] = ends.as_slice() else { panic!("one request, one end: {ends:?}") };
        assert_eq!((only.status, only.cause), (Status::BadGateway, Some(Cause::ListenerClosed)));
        assert_eq!(only.attempts, 4, "one on the connection, whose try was given back, then three refused");
    }
}
