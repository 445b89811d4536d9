//! Rollouts of Argo Rollouts: blue/green, and canaries by pods and by a router's weights.

use podloss::sim::{self, PodRecord, ViewHolder};
use podloss::units::SimTime;

use super::common::lowered;
use super::{SET, WEB, deletions, run, simulated};

/// What a case is refused with.
fn refused(line: &str, set: &[(&str, &str)]) -> String {
    let errors = simulated(WEB, line, set).expect_err(line);
    errors.iter().map(|error| error.message.clone()).collect::<Vec<_>>().join("\n")
}

/// Pods that end at once, behind a front end that hears of everything ten seconds late.
const LATE: &[(&str, &str)] =
    &[("on-stop", "exit"), ("removal", "10s"), ("preStop", "0s"), ("startup", "3s")];

/// The switch takes the old pods out of all lists at once, and they serve on for `scaleDownDelaySeconds`: that
/// saves what a rolling update loses, and without the delay everything is lost at one moment.
#[test]
fn a_blue_green_switch_loses_nothing_while_the_old_pods_stay_long_enough() {
    let at = |event: &str| run(&format!("--rps 200\n--duration 3m\n--event {event}@30s\n"), LATE);
    let (rolling, switched, hasty) = (at("rollout"), at("blue-green"), at("blue-green=0s"));
    assert!(rolling.tally.lost() > 50, "{}", rolling.tally.lost());
    assert_eq!(switched.tally.lost(), 0, "{:?}", switched.tally.causes);
    assert!(hasty.tally.lost() > 100, "{:?}", hasty.tally.causes);

    // All new pods are available before anything changes, then one version of the slice changes it all.
    let slice: Vec<(f64, u32, bool)> = switched
        .timeline
        .views
        .iter()
        .filter(|view| view.holder == ViewHolder::Slice && view.at > SimTime::START)
        .map(|view| (view.at.run_secs(), view.pod, view.usable))
        .collect();
    assert_eq!(slice.len(), 8, "{slice:?}");
    assert!(slice.iter().all(|(at, ..)| (at - slice[0].0).abs() < 1e-9), "{slice:?}");
    let last_ready = switched.timeline.pods[4..].iter().filter_map(|pod| pod.ready).max().expect("new pods");
    assert!(slice[0].0 > last_ready.run_secs(), "{slice:?}");
    let deleted = deletions(&switched);
    assert_eq!(deleted.len(), 4);
    assert!(deleted.iter().all(|at| at - slice[0].0 > 29.5 && at - slice[0].0 < 31.0), "{deleted:?}");
    assert_eq!(switched.max_pods, 8, "twice as many pods for a while");
    assert!(switched.timeline.rollouts[0].end.is_some(), "it is complete when the old ones are gone");
}

/// kube-proxy leaves connections where they are, so that a client stays with its old pod until that ends:
/// the delay of the switch saves new connections, not these.
#[test]
fn a_blue_green_switch_does_not_move_connections_that_are_kept() {
    let line = "--conns 40\n--think 50ms\n--duration 2m\n--event blue-green@30s\n";
    let kept = [("front-end", "kube-proxy"), ("on-stop", "exit"), ("preStop", "0s")];
    let stays = run(line, &kept);
    let lost = stays.tally.lost();
    assert!(lost > 0 && lost <= 40, "at most one request of every client: {:?}", stays.tally.causes);
    let moves = run(line, &[&kept[..], &[("max_connection_age", "10s")]].concat());
    assert!(moves.tally.lost() < lost / 2, "{:?}", moves.tally.causes);
}

#[test]
fn a_canary_keeps_its_weight_in_pods_for_the_time_of_each_pause() {
    let set = [("replicas", "10"), ("maxSurge", "1"), ("maxUnavailable", "0")];
    let result = run("--rps 200\n--duration 5m\n--event canary=20%,1m,50%,30s@30s\n", &set);
    assert_eq!(result.tally.lost(), 0, "{:?}", result.tally.causes);
    // Pods of the new template that there are at some time.
    let new_at = |second: f64| {
        let there = |pod: &&PodRecord| {
            let from = pod.ready.is_some_and(|at| at.run_secs() <= second);
            from && pod.deleted.is_none_or(|at| at.run_secs() > second)
        };
        let pods = result.timeline.pods.iter().filter(there);
        let (new, old): (Vec<_>, Vec<_>) = pods.partition(|pod| pod.revision == 1);
        (new.len(), old.len())
    };
    let created: Vec<f64> = result.timeline.pods[10..].iter().map(|pod| pod.created.run_secs()).collect();
    assert_eq!(new_at(80.0), (2, 8), "a fifth: {created:?}");
    assert_eq!(new_at(140.0), (5, 5), "half: {created:?}");
    let end = result.timeline.rollouts[0].end.expect("it is through").run_secs();
    assert!(end > 150.0, "{end}");
    assert_eq!(new_at(end + 1.0), (10, 0));
    // The third pod comes when the first pause is over.
    let second_ready = result.timeline.pods[11].ready.expect("ready").run_secs();
    assert!(created[2] - second_ready > 60.0 && created[2] - second_ready < 63.0, "{created:?}");
}

const ROUTED: &[(&str, &str)] = &[("replicas", "10"), ("front-end", "istio-gateway")];

/// The stable set keeps its size until the end, and the canary has its share of that.
#[test]
fn a_routed_canary_comes_beside_the_stable_pods() {
    let line = "--rps 200\n--duration 5m\n--event routed-canary=20%,1m,50%,30s@30s\n";
    let result = run(line, ROUTED);
    assert_eq!(result.tally.lost(), 0, "{:?}", result.tally.causes);
    let there = |second: f64, revision: u32| {
        let alive = |pod: &&PodRecord| {
            let from = pod.ready.is_some_and(|at| at.run_secs() <= second);
            from && pod.deleted.is_none_or(|at| at.run_secs() > second)
        };
        result.timeline.pods.iter().filter(alive).filter(|pod| pod.revision == revision).count()
    };
    assert_eq!((there(80.0, 0), there(80.0, 1)), (10, 2));
    assert_eq!((there(130.0, 0), there(130.0, 1)), (10, 5));
    // All at once in the end, whatever maxSurge says, and the old ones half a minute later.
    let last_ready = result.timeline.pods[10..].iter().filter_map(|pod| pod.ready).max().expect("new pods");
    let deleted = deletions(&result);
    assert_eq!((result.max_pods, deleted.len()), (20, 10));
    for at in deleted {
        let after = at - last_ready.run_secs();
        assert!((29.9..32.0).contains(&after), "{after} s after the last pod was ready");
    }
}

/// The stable Service is switched to the new pods when they are promoted, and its old ones end half a minute
/// later. Requests are lost only if that is before the router's processes know of the switch.
#[test]
fn a_routed_canary_loses_requests_if_its_old_pods_end_before_the_router_knows() {
    let lost = |old: &str, watch: &str| {
        let line = format!("--rps 200\n--duration 3m\n--event routed-canary=20%,10s,old={old}@30s\n");
        let staged = SET.iter().filter(|(knob, _)| *knob != "removal").copied();
        let set =
            [("front_end.watch", watch), ("on-stop", "exit"), ("preStop", "0s"), ("front_end.tries", "1")];
        let set: Vec<(&str, &str)> = staged.chain(ROUTED.iter().copied()).chain(set).collect();
        let lowered = lowered(&[("web.yaml", WEB)], &line, &set).expect("a case");
        sim::run(&lowered.spec, 3, 0, &|| false).tally.lost()
    };
    assert_eq!(lost("30s", "5s"), 0);
    assert_eq!(lost("5s", "100ms"), 0);
    assert!(lost("1s", "5s") > 100);
}

/// A canary that is overtaken loses its weight at once, but its pods end in the moment in which the next one
/// gets its weight and its Service: without a hook that costs requests, of that share alone.
#[test]
fn a_routed_canary_may_overtake_another() {
    let line =
        "--rps 200\n--duration 4m\n--event routed-canary=50%,2m@30s\n--event routed-canary=20%,10s@60s\n";
    let with = |hook| {
        let set = [
            ("on-stop", "exit"),
            ("preStop", hook),
            ("front_end.tries", "1"),
            ("removal", "3s"),
            ("post", "100%"),
        ];
        run(line, &[ROUTED, &set].concat())
    };
    let result = with("5s");
    assert_eq!(result.tally.lost(), 0, "{:?}", result.tally.causes);
    let changes = result.timeline.weights.iter().filter(|change| change.process == 0);
    assert_eq!(
        changes.map(|change| change.weight).collect::<Vec<u32>>(),
        [50, 0, 20, 0],
        "all and none at the end go together"
    );
    let pods = |revision| result.timeline.pods.iter().filter(move |pod| pod.revision == revision);
    assert!(pods(1).count() == 5 && pods(1).all(|pod| pod.gone.is_some()), "the first one came to its half");
    assert!(pods(2).count() == 10 && pods(2).all(|pod| pod.deleted.is_none()));
    assert!(result.timeline.rollouts[1].end.is_some());
    let abrupt = with("0s");
    // Three seconds of a fifth of 200 a second, and never more than that.
    assert!((1..=140).contains(&abrupt.tally.lost()), "{:?}", abrupt.tally.causes);
}

/// Stable pods that are broken hold nothing up: a canary is what mends them.
#[test]
fn a_routed_canary_goes_on_without_some_stable_pods() {
    let line = "--rps 200\n--duration 5m\n--event lose-node@25s\n--event routed-canary=20%,10s@2m\n";
    let result = run(line, &[ROUTED, &[("nodes", "5")][..]].concat());
    let weights = &result.timeline.weights;
    assert!(weights.iter().any(|change| change.weight == 20), "{weights:?}");
    let promoted = weights.last().expect("it gets on");
    // The pods of a dead node are given up after five minutes.
    assert!(promoted.weight == 0 && promoted.at.run_secs() < 180.0, "{weights:?}");
}

/// A process of the router that hears of nothing keeps its weight, too, and reads it when it hears again.
#[test]
fn a_router_that_is_stale_keeps_its_weight() {
    let line =
        "--rps 200\n--duration 4m\n--event stale-front-end=1,60s@20s\n--event routed-canary=20%,2m@30s\n";
    let result = run(line, ROUTED);
    let first = |process| {
        let mut changes = result.timeline.weights.iter().filter(|change| change.process == process);
        changes.next().map(|change| (change.weight, change.at.run_secs()))
    };
    let (stale, fresh) = (first(0).expect("it hears again"), first(1).expect("it hears"));
    assert_eq!((stale.0, fresh.0), (20, 20));
    assert!(fresh.1 < 50.0 && (80.0..81.0).contains(&stale.1), "{stale:?} {fresh:?}");
}

/// An overridden removal is that of a deleted pod: the new pods of a switched Service are never later than that
/// the old ones leave.
#[test]
fn a_switched_service_is_never_empty() {
    let staged: Vec<(&str, &str)> = SET.iter().filter(|(knob, _)| *knob != "removal").copied().collect();
    let by_event = ["routed-canary=20%,10s", "blue-green"];
    let overrides: [&[(&str, &str)]; 2] =
        [&[("front_end.watch", "5s"), ("removal", "500ms")], &[("front_end.addition", "5s")]];
    for (event, set) in by_event.iter().flat_map(|event| overrides.map(|set| (event, set))) {
        let line = format!("--rps 200\n--duration 3m\n--event {event}@30s\n");
        let set = [&staged, ROUTED, set].concat();
        let lowered = lowered(&[("web.yaml", WEB)], &line, &set).expect("a case");
        let late = sim::run(&lowered.spec, 3, 0, &|| false);
        assert_eq!(late.tally.lost(), 0, "{event} with {set:?}: {:?}", late.tally.causes);
    }
}

#[test]
fn only_a_router_shares_requests_out_by_weight() {
    let event = "--rps 9\n--event routed-canary=20%@10s\n";
    for (front_end, part) in [
        ("ingress-nginx", "Envoy, Istio and Traefik"),
        ("kube-proxy", "sends connections"),
        ("aws-alb-instance", "sends connections"),
        ("aws-alb-ip", "target groups"),
        ("haproxy", "Envoy, Istio and Traefik"),
    ] {
        let message = refused(event, &[("front-end", front_end)]);
        assert!(message.contains(part), "{front_end}: {message}");
    }
    let both = refused("--rps 9\n--event routed-canary=20%@10s\n--event canary=20%@60s\n", ROUTED);
    assert!(both.contains("one strategy"), "{both}");
    let sticky = refused(event, &[ROUTED, &[("front_end.client_affinity", "true")][..]].concat());
    assert!(sticky.contains("stay with their pod"), "{sticky}");
    let deployment = refused("--rps 9\n--event routed-canary=20%@10s\n--event rollout@60s\n", ROUTED);
    assert!(deployment.contains("nothing is both"), "{deployment}");
}

#[test]
fn strategies_of_different_controllers_do_not_mix() {
    let two = refused("--rps 9\n--event rollout@10s\n--event blue-green@60s\n", &[]);
    assert!(two.contains("nothing is both"), "{two}");
    let both = refused("--rps 9\n--event canary=20%@10s\n--event blue-green@60s\n", &[]);
    assert!(both.contains("one strategy"), "{both}");
    let recreate = [("Deployment:spec.strategy.type", "Recreate")];
    assert!(refused("--rps 9\n--event canary=20%@10s\n", &recreate).contains("no surge"));
    let old = refused("--rps 9\n--event deletion-cost=-1@10s\n", &[("kubernetes", "1.21")]);
    assert!(old.contains("since 1.22"), "{old}");
}

/// [`WEB`] as a Rollout with this strategy.
fn rollout(strategy: &str) -> String {
    let kind = WEB.replace("apps/v1\nkind: Deployment", "argoproj.io/v1alpha1\nkind: Rollout");
    kind.replace("  replicas: 4\n", &format!("  replicas: 4\n  strategy: {strategy}\n"))
}

/// `rollout` is what the manifest says it is, to the byte the event that says the same.
#[test]
fn a_rollout_of_argo_goes_by_its_own_strategy() {
    let routing = "stableService: web, canaryService: new, trafficRouting: {traefik: {weightedTraefikServiceName: web}}";
    let steps = "steps: [{setWeight: 25}, {pause: {duration: 30s}}]";
    for (strategy, event, set) in [
        ("{blueGreen: {activeService: web, scaleDownDelaySeconds: 3}}".to_owned(), "blue-green=3s", LATE),
        (format!("{{canary: {{{steps}}}}}"), "canary=25%,30s", LATE),
        ("{canary: {}}".to_owned(), "canary=100%", LATE),
        (format!("{{canary: {{{steps}, {routing}}}}}"), "routed-canary=25%,30s", ROUTED),
    ] {
        let at = |event: &str| format!("--rps 100\n--duration 4m\n--event {event}@30s\n");
        let own = simulated(&rollout(&strategy), &at("rollout"), set);
        let own = own.unwrap_or_else(|errors| panic!("{errors:#?}"));
        let said = run(&at(event), set);
        assert_eq!(own.tally, said.tally, "{strategy}");
        assert_eq!(own.max_pods, said.max_pods, "{strategy}");
        assert!(own.timeline.rollouts[0].end.is_some(), "{strategy}");
    }
}

#[test]
fn a_course_that_a_rollout_leaves_open_has_to_be_said() {
    let waits = rollout("{canary: {steps: [{setWeight: 20}, {pause: {}}, {setWeight: 60}]}}");
    let at = |event: &str| simulated(&waits, &format!("--rps 9\n--event {event}\n"), &[]);
    let errors = at("rollout@10s").expect_err("nobody promotes it");
    let text = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(text.contains("waits until somebody promotes it"), "{text}");
    assert!(text.contains("in place of `rollout`: canary=20%,1m,60%@10s"), "{text}");
    assert!(at("canary=20%,1m,60%@10s").is_ok(), "as the help says");
    assert!(at("kill-pod@10s").is_ok(), "without a rollout it does not matter");
    let back = at("rollback@10s").expect_err("not a Deployment's");
    assert!(
        back.iter().any(|error| error.message.contains("rollback or abort is not simulated")),
        "{back:#?}"
    );
    for (knob, value) in [("maxSurge", "1"), ("Deployment:spec.strategy.type", "Recreate")] {
        let kept = rollout("{blueGreen: {activeService: web}}");
        let errors = simulated(&kept, "--rps 9\n--event rollout@10s\n", &[(knob, value)]).expect_err(knob);
        assert!(errors.iter().any(|error| error.message.contains("keeps every old pod")), "{errors:#?}");
    }
}
