//! What happens to a cluster besides rollouts: crashes, drains, dead nodes, slow dependencies.

#[path = "../common/mod.rs"]
mod common;
mod progressive;

use common::{app, lowered, web};
use podloss::config::case::Override;
use podloss::config::inputs::{COMMAND_LINE, Inputs};
use podloss::diag::Diagnostic;
use podloss::model::outcome::Cause;
use podloss::model::probe::ProbeFailure;

use podloss::sim::{self, PodRecord, RunResult, ViewHolder};
use podloss::study::RolloutEstimate;
use podloss::units::SimTime;

const WEB: &str = web!(4 pods [app!(
    "resources: {requests: {cpu: 500m}}",
    "readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5, failureThreshold: 1}",
    "livenessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 10}"
)]);

const BUDGET: &str = "\
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: NAME}
spec: {selector: {matchLabels: {app: web}}, LIMIT}
";

/// Requests that take 50 ms, a quarter of them POSTs; pods that drain when asked to and start in 5 s.
const SET: &[(&str, &str)] = &[
    ("latency", "50ms"),
    ("post", "25%"),
    ("on-stop", "drain"),
    ("startup", "5s"),
    ("removal", "500ms"),
    ("preStop", "2s"),
];

fn simulated(files: &str, line: &str, set: &[(&str, &str)]) -> Result<RunResult, Vec<Diagnostic>> {
    let lowered = lowered(&[("web.yaml", files)], line, &[SET, set].concat())?;
    Ok(sim::run(&lowered.spec, 3, 0, &|| false))
}

fn run(line: &str, set: &[(&str, &str)]) -> RunResult {
    simulated(WEB, line, set).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn lost_by(result: &RunResult, cause: Cause) -> u64 {
    result.tally.causes.iter().filter(|((_, c), _)| *c == cause).map(|(_, tally)| tally.count).sum()
}

fn causes(result: &RunResult) -> Vec<Cause> {
    let mut causes: Vec<Cause> = result.tally.causes.keys().map(|(_, cause)| *cause).collect();
    causes.sort();
    causes.dedup();
    causes
}

/// Seconds from the run's beginning at which pods of the beginning were deleted.
fn deletions(result: &RunResult) -> Vec<f64> {
    let mut times: Vec<f64> =
        result.timeline.pods.iter().filter_map(|pod| pod.deleted).map(SimTime::run_secs).collect();
    times.sort_by(f64::total_cmp);
    times
}

#[test]
fn a_crash_loses_what_was_served_and_what_must_not_be_repeated_until_the_process_listens_again() {
    for (word, cause) in [("crash-pod", Cause::Crashed), ("oom-kill", Cause::OomKilled)] {
        let result = run(&format!("--rps 400\n--duration 90s\n--event {word}@30s\n"), &[]);
        assert_eq!(causes(&result), [cause], "{word}");
        // GETs are sent again; of the POSTs only those are lost that the pod already had.
        assert!((1..=10).contains(&result.tally.lost()), "{word}: {}", result.tally.lost());
        assert!(deletions(&result).is_empty() && result.timeline.pods.len() == 4, "it restarts in place");
        let all = run(&format!("--rps 400\n--duration 90s\n--event {word}=4@30s\n"), &[]);
        assert!(lost_by(&all, cause) > 1_000, "{word}: nobody is left to send to");
    }
}

#[test]
fn a_drain_asks_the_budget_and_empties_one_node_after_the_other() {
    let line = "--rps 100\n--duration 3m\n--event drain=2@30s\n";
    let set = &[("nodes", "4")][..];
    let with = |name: &str, limit: &str| BUDGET.replace("NAME", name).replace("LIMIT", limit);
    let drained = |files: &str| simulated(files, line, set).unwrap_or_else(|errors| panic!("{errors:#?}"));

    let free = deletions(&drained(WEB));
    assert_eq!(free.len(), 2, "one pod on each of two nodes");
    assert!(free[0] >= 30.0 && free[0] < 30.1, "{free:?}");
    assert!(free[1] - free[0] > 2.0, "kubectl waits until the first node is empty: {free:?}");

    let packed = simulated(WEB, "--rps 100\n--duration 3m\n--event drain@30s\n", &[("nodes", "2")]);
    let packed = deletions(&packed.expect("a case"));
    assert!(
        packed.len() == 2 && packed[1] - packed[0] < 1e-9,
        "without a budget all of a node go at once: {packed:?}"
    );

    let spared = simulated(
        &format!("{WEB}{}", with("web", "maxUnavailable: 1")),
        "--rps 100\n--duration 3m\n--event drain@30s\n",
        &[("nodes", "2")],
    );
    let spared = deletions(&spared.expect("a case"));
    assert_eq!(spared.len(), 2);
    // The second is asked for every 5 s until a replacement is ready.
    let waited = spared[1] - spared[0];
    assert!(waited > 4.9 && (waited / 5.0 - (waited / 5.0).round()).abs() < 0.01, "{spared:?}");

    let blocked = drained(&format!("{WEB}{}", with("web", "minAvailable: 4")));
    assert_eq!(deletions(&blocked), Vec::<f64>::new(), "nothing may ever be evicted");
    let [drain] = blocked.timeline.drains[..] else { panic!("{:?}", blocked.timeline.drains) };
    // Asked every 5 s, and until the run is given up.
    assert!(drain.end.is_none() && drain.refused > 30 && drain.refused_by == Some(0), "{drain:?}");
    let [drain] = drained(WEB).timeline.drains[..] else { panic!("one drain of two nodes") };
    assert!(drain.end.is_some_and(|end| end.run_secs() > free[1]) && drain.refused == 0, "{drain:?}");

    let listed = |line: &str| {
        let files = format!("{WEB}{}", with("web", "minAvailable: 4"));
        let lowered = lowered(&[("web.yaml", &files)], line, SET).unwrap_or_else(|e| panic!("{e:#?}"));
        lowered.not_modelled.iter().any(|(object, _)| object == "PodDisruptionBudget/web")
    };
    assert!(!listed(line) && listed("--rps 100\n--event rollout@30s\n"), "only a drain asks it");

    let two = format!("{WEB}{}{}", with("web", "maxUnavailable: 1"), with("other", "maxUnavailable: 1"));
    let refused = simulated(&two, line, set).expect_err("two budgets");
    assert!(refused.iter().any(|error| error.message.contains("refuses every eviction")), "{refused:#?}");
    let nowhere = simulated(WEB, "--rps 9\n--event drain=4@30s\n", set).expect_err("no node is left");
    assert!(nowhere.iter().any(|error| error.message.contains("leaves none")), "{nowhere:#?}");
}

#[test]
fn a_dead_node_is_noticed_by_its_lease_and_its_pods_are_replaced_five_minutes_later() {
    let line = "--rps 100\n--duration 8m\n--event lose-node@30s\n";
    let set = [("nodes", "4"), ("read_timeout", "3s"), ("front_end.connect_timeout", "1s")];
    let noticed = |set: &[(&str, &str)]| {
        let result = run(line, set);
        assert_eq!(causes(&result), [Cause::NodeLost]);
        let dead = result.timeline.pods.iter().position(|pod| pod.lost.is_some()).expect("a pod was there");
        let pod = &result.timeline.pods[dead];
        let unlisted = pod.unlisted.expect("taken out of service").run_secs();
        let deleted = pod.deleted.expect("given up").run_secs();
        // The news takes a moment to the front end.
        assert!((295.0..=300.0).contains(&(deleted - unlisted)), "{deleted} {unlisted}");
        assert!(pod.gone.is_none(), "nobody can confirm its end");
        assert_eq!(result.timeline.pods.len(), 5, "one replacement");
        assert!(result.timeline.pods[4].ready.is_some());
        unlisted - 30.0
    };
    let now = noticed(&set);
    // A lease up to 10 s old, 50 s of patience, a look every 5 s, and the way to the front end.
    assert!((40.0..56.0).contains(&now), "{now}");
    let before = noticed(&[&set[..], &[("kubernetes", "1.31")]].concat());
    assert!((now - before - 10.0).abs() < 5.1, "{now} {before}");
    let impatient = noticed(&[&set[..], &[("control.node_monitor_grace_period", "20s")]].concat());
    assert!((10.0..26.0).contains(&impatient), "{impatient}");
}

#[test]
fn what_is_lost_to_a_dead_node_hangs_on_the_front_end_s_patience_and_retries() {
    let line = "--rps 100\n--duration 4m\n--event lose-node@30s\n";
    let lost = |set: &[(&str, &str)]| run(line, &[&[("nodes", "4")], set].concat()).tally.lost();
    // A connection that cannot be made is tried elsewhere, also for a POST: only what was sent on
    // kept connections is lost.
    let few = lost(&[]);
    assert!((1..60).contains(&few), "{few}");
    let without_retries = lost(&[("front_end.tries", "1")]);
    assert!(without_retries > 10 * few, "{without_retries} {few}");
}

#[test]
fn a_zone_takes_all_its_nodes_along() {
    let line = "--rps 100\n--duration 90s\n--event lose-zone@30s\n";
    let dead = |zones: &str| {
        let result = run(line, &[("nodes", "4"), ("zones", zones)]);
        result.timeline.pods.iter().filter(|pod| pod.lost.is_some()).count()
    };
    assert_eq!((dead("4"), dead("2"), dead("1")), (1, 2, 4));
}

#[test]
fn a_slow_dependency_makes_requests_late_but_not_dear() {
    let steady = run("--rps 40\n--duration 90s\n", &[("workers", "50")]);
    let slow = run("--rps 40\n--duration 90s\n--event slow=8,30s@30s\n", &[("workers", "50")]);
    assert_eq!((steady.tally.lost(), slow.tally.lost()), (0, 0));
    let p = |result: &RunResult, q: f64| result.tally.latency_ok.quantile(q).expect("answers") as f64 / 1e6;
    assert!(p(&slow, 0.9) > 390.0 && p(&steady, 0.9) < 60.0, "{} {}", p(&slow, 0.9), p(&steady, 0.9));
    assert!(p(&slow, 0.5) < 60.0, "only those of half a minute");
    // Few workers, and the queue outlives the cause.
    let queued = run("--rps 40\n--duration 90s\n--event slow=8,30s@30s\n", &[("workers", "3")]);
    assert!(p(&queued, 0.9) > 3_000.0, "{}", p(&queued, 0.9));
}

#[test]
fn probes_that_ask_a_dependency_take_out_what_would_have_served() {
    let line = "--rps 100\n--duration 2m\n--event dependency-down=30s@30s\n";
    let with = |probes: &str| run(line, &[("dependency_probes", probes)]);
    assert_eq!(with("none").tally.lost(), 0);
    let readiness = with("readiness");
    assert_eq!(causes(&readiness), [Cause::NoEndpoints]);
    assert!((2_000..3_500).contains(&readiness.tally.lost()), "{}", readiness.tally.lost());
    let liveness = with("liveness");
    assert!(causes(&liveness).contains(&Cause::LivenessRestart), "{:?}", causes(&liveness));
}

/// How long each restart of a pod's server took until it listened again, seconds.
fn outages(pod: &PodRecord) -> Vec<f64> {
    let took = pod.restarts.iter().filter_map(|restart| Some(restart.listening?.since(restart.ended)));
    took.map(|span| span.as_secs_f64()).collect()
}

/// The first crash is restarted as soon as it is noticed, the next one after ten seconds.
#[test]
fn a_second_crash_waits_for_its_back_off() {
    let line = "--rps 20\n--duration 90s\n--event crash-pod=4@30s\n--event crash-pod=4@40s\n";
    let result = run(line, &[("startup", "1s"), ("liveness.failureThreshold", "300")]);
    for pod in &result.timeline.pods {
        let [first, second] = outages(pod)[..] else { panic!("{:?}", pod.restarts) };
        assert!((1.0..4.0).contains(&first) && second > 10.0, "{first} {second}");
    }
}

/// Kills by a probe that come every 45 s or so do not meet the delays of 10 and 20 s at all: the kubelet starts the
/// next process in the sync of the kill, and looks at the end of the one before.
#[test]
fn a_container_that_its_probe_had_killed_starts_at_once() {
    let line = "--rps 20\n--duration 6m\n--event dependency-down=5m@30s\n";
    let result = run(line, &[("dependency_probes", "liveness"), ("startup", "2s")]);
    for pod in &result.timeline.pods {
        let took = outages(pod);
        assert!(took.len() >= 4 && took[..3].iter().all(|took| *took < 4.0), "{took:?}");
        assert!(took.iter().any(|took| *took > 30.0), "in the end the delay is longer than that: {took:?}");
    }
}

/// Source: kubernetes pkg/controller/deployment/progress.go: from the last whole second in which something
/// moved, and the controller looks again a second after the deadline.
#[test]
fn a_rollout_that_does_not_move_exceeds_its_deadline_and_may_go_on() {
    let web = WEB.replace("  replicas: 4\n", "  replicas: 4\n  progressDeadlineSeconds: 60\n");
    assert_ne!(web, WEB);
    let rollout = |set: &[(&str, &str)]| {
        let line = "--rps 10\n--duration 4m\n--event rollout@20s\n";
        let patient = [set, &[("liveness.failureThreshold", "300")]].concat();
        let timeline =
            simulated(&web, line, &patient).unwrap_or_else(|errors| panic!("{errors:#?}")).timeline;
        let [rollout] = timeline.rollouts[..] else { panic!("{:?}", timeline.rollouts) };
        (rollout.end.map(SimTime::run_secs), rollout.deadline_exceeded.map(SimTime::run_secs))
    };
    let (end, exceeded) = rollout(&[("startup", "20m")]);
    assert!(end.is_none() && exceeded.is_some_and(|at| (80.0..82.1).contains(&at)), "{exceeded:?}");
    let (end, exceeded) = rollout(&[("startup", "70s"), ("maxSurge", "4")]);
    assert!(end.is_some_and(|at| at > 85.0) && exceeded.is_some_and(|at| at < 83.0), "{end:?} {exceeded:?}");
    // Wave after wave it takes longer than the deadline, but it moves.
    let (end, exceeded) = rollout(&[("startup", "40s"), ("maxSurge", "1"), ("maxUnavailable", "0")]);
    assert!(end.is_some_and(|at| at > 180.0) && exceeded.is_none(), "{end:?} {exceeded:?}");
}

/// What failed the probes is remembered of each pod, so that the advice can name it.
#[test]
fn a_run_knows_what_kept_pods_out_that_were_to_stay() {
    let kept_out = |line: &str, set: &[(&str, &str)], at_s: u64| {
        let at = SimTime::START + podloss::units::Nanos::from_secs(at_s);
        let pods = run(line, set).timeline.pods;
        pods.iter().map(|pod| pod.kept_out_by(at)).collect::<Vec<_>>()
    };
    let down = "--rps 100\n--duration 90s\n--event dependency-down=30s@20s\n";
    let asks = [("dependency_probes", "readiness")];
    assert_eq!(kept_out(down, &asks, 45), [Some(ProbeFailure::Dependency); 4]);
    assert_eq!(kept_out(down, &asks, 89), [None; 4], "they are back");
    assert_eq!(kept_out(down, &[], 45), [None; 4], "their probes ask nobody");
    let slow = [("probe_service", "2s"), ("workers", "500")];
    assert_eq!(kept_out("--rps 5\n--duration 60s\n", &slow, 50), [Some(ProbeFailure::Timeout); 4]);
    assert_eq!(kept_out("--rps 100\n--duration 60s\n--event kill-pod=4@20s\n", &[], 23)[..4], [None; 4]);
}

#[test]
fn a_crash_behind_a_proxy_keeps_its_name() {
    // The Service's port is the proxy's; what it hands on is answered by the application.
    let proxy = "- name: proxy
          image: registry.example/shop/proxy:7
          ports: [{containerPort: 8080}]
        - name: app";
    let proxied = WEB.replacen("- name: app", proxy, 1).replacen(
        "shop/web:7\n          ports: [{containerPort: 8080}]",
        "shop/web:7\n          ports: [{containerPort: 9000}]",
        1,
    );
    let roles = [("containers.proxy.role", "forwards"), ("containers.app.role", "serves")];
    let line = "--rps 100\n--duration 90s\n--event crash-pod=4@30s\n";
    let result = simulated(&proxied, line, &roles).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert!(lost_by(&result, Cause::Crashed) > 100, "{:?}", result.tally.causes);
    assert_eq!(lost_by(&result, Cause::InPodUpstreamDown), 0, "{:?}", result.tally.causes);
    // The proxy's own process never ended: nothing of it was restarted.
    assert!(result.timeline.pods.iter().all(|pod| pod.restarts.is_empty() && pod.exited.is_none()));
}

#[test]
fn a_restart_in_place_is_remembered_and_is_not_the_pod_s_end() {
    let line = "--rps 100\n--duration 2m\n--event crash-pod=4@30s\n--event rollout@60s\n";
    let result = run(line, &[]);
    let old = &result.timeline.pods[..4];
    for pod in old {
        let [restart] = pod.restarts.as_slice() else { panic!("one restart: {pod:?}") };
        let [(from, to)] = pod.absences.as_slice() else { panic!("out of rotation once: {pod:?}") };
        assert!(restart.ended < *from && restart.listening.is_some_and(|at| at < *to), "{pod:?}");
        let (ended, listening) =
            (restart.ended.run_secs(), restart.listening.expect("it is back").run_secs());
        assert!((ended - 30.0).abs() < 1e-6 && listening > 35.0, "{ended} {listening}");
        assert!(pod.exited.expect("stopped in the rollout").run_secs() > 60.0);
        assert_eq!(pod.stopped_serving(), pod.closed.min(pod.exited));
    }
}

#[test]
fn a_run_ends_although_no_node_is_left() {
    let result = run("--rps 100\n--duration 2m\n--event lose-node=4@30s\n", &[("nodes", "4")]);
    assert!(!result.interrupted && result.tally.lost() > 5_000, "{}", result.tally.lost());
    // With nobody left nothing happens until the pods are given up.
    assert!(result.end.run_secs() < 400.0, "{}", result.end.run_secs());
}

#[test]
fn events_that_leave_a_drain_without_nodes_and_senseless_patience_are_refused() {
    let line = "--rps 9\n--duration 9m\n--event drain=2@30s\n--event lose-node=2@90s\n";
    let nowhere = simulated(WEB, line, &[("nodes", "4")]).expect_err("no node is left");
    assert!(nowhere.iter().any(|error| error.message.contains("leaves none")), "{nowhere:#?}");
    let line = "--rps 9\n--duration 9m\n--event lose-node@30s\n";
    let hasty = simulated(WEB, line, &[("control.node_monitor_grace_period", "10s")]).expect_err("too short");
    assert!(hasty.iter().any(|error| error.message.contains("renews its lease")), "{hasty:#?}");
}

#[test]
fn new_pods_get_nothing_until_old_connections_end() {
    let line = "--conns 40\n--duration 3m\n--event scale=8@30s\n";
    let served = |age: &[(&str, &str)]| {
        let result = run(line, &[&[("front-end", "kube-proxy"), ("workers", "4")], age].concat());
        assert_eq!(result.tally.lost(), 0, "{age:?}");
        result.tally.ok()
    };
    // Sixteen workers of 50 ms before, twice as many afterwards: for those who come to them.
    let (kept, renewed) = (served(&[]), served(&[("max_connection_age", "10s")]));
    assert!((55_000..62_000).contains(&kept), "{kept}");
    assert!(renewed > kept * 3 / 2, "{renewed} {kept}");
}

/// Pods that end at once lose what they have: a controller that marks the idlest ones before a scale-in loses
/// less, one that protects the busiest does, too, and one that marks the busiest loses more.
#[test]
fn a_deletion_cost_decides_who_goes_and_so_what_is_lost() {
    let lost = |event: &str| {
        let line = format!("--rps 12\n--duration 90s\n--event scale=6@60s\n{event}");
        let set = [
            ("replicas", "12"),
            ("latency", "exponential=4s"),
            ("cpu", "1ms"),
            ("on-stop", "exit"),
            ("preStop", "0s"),
            ("front-end", "aws-alb-ip"),
        ];
        let lowered = lowered(&[("web.yaml", WEB)], &line, &[SET, &set[..]].concat()).expect("a case");
        let runs = (0..20).map(|seed| sim::run(&lowered.spec, seed, 0, &|| false));
        runs.map(|run| lost_by(&run, Cause::KilledInFlight)).sum::<u64>()
    };
    let nobody = lost("");
    let idlest = lost("--event deletion-cost=-100,6@59s\n");
    let spared = lost("--event deletion-cost=100,6@59s\n");
    assert!(nobody > 100, "{nobody}");
    assert!(idlest * 10 < nobody * 9, "{idlest} of {nobody}");
    assert!(spared * 10 < nobody * 9, "{spared} of {nobody}");
    let few = run("--rps 50\n--duration 90s\n--event deletion-cost=-5,2@20s\n--event scale=2@60s\n", &[]);
    assert_eq!(deletions(&few).len(), 2);
}

#[test]
fn a_process_that_hears_of_no_changes_sends_to_pods_that_are_gone() {
    let with = |events: &str| {
        let line = format!("--rps 60\n--duration 2m\n--event rollout@20s\n{events}");
        run(&line, &[("preStop", "10s"), ("after_exit", "blackhole"), ("front_end.replicas", "2")])
    };
    let well = with("");
    let one = with("--event stale-front-end@10s\n");
    let both = with("--event stale-front-end=2@10s\n");
    assert_eq!(well.tally.lost(), 0);
    assert!(causes(&one).contains(&Cause::Blackholed), "{:?}", causes(&one));
    let ratio = both.tally.lost() as f64 / one.tally.lost() as f64;
    assert!((1.7..2.3).contains(&ratio), "{} and {}", both.tally.lost(), one.tally.lost());
    // It reads what it has missed when it hears again.
    let while_nothing_happens = with("--event stale-front-end=2,5s@10s\n");
    assert_eq!(while_nothing_happens.tally.lost(), 0);
    let caught_up = with("--event stale-front-end=2,60s@10s\n");
    assert!((1..both.tally.lost() / 2).contains(&caught_up.tally.lost()), "{}", caught_up.tally.lost());
}

#[test]
fn a_stated_removal_leaves_all_pods_that_serve_to_kube_proxy() {
    let set =
        [("front-end", "kube-proxy"), ("removal", "2s"), ("preStop", "20s"), ("front_end.replicas", "1")];
    let result = run("--rps 60\n--duration 60s\n--event scale=0@20s\n", &set);
    let mut listed = std::collections::BTreeSet::new();
    let seen = result.timeline.views.iter().filter(|view| view.holder == ViewHolder::FrontEnd(0));
    for view in seen.take_while(|view| view.at.run_secs() < 30.0) {
        if view.usable {
            listed.insert(view.pod)
        } else {
            listed.remove(&view.pod)
        };
    }
    assert_eq!(listed.len(), 4, "they terminate and serve, and nobody else does");
}

#[test]
fn what_is_longest_decides_how_long_a_process_is_stale() {
    let with = |events: &str| {
        let line = format!("--rps 60\n--duration 2m\n--event rollout@20s\n{events}");
        let set = [("preStop", "10s"), ("after_exit", "blackhole"), ("front_end.replicas", "2")];
        run(&line, &set).tally.lost()
    };
    let to_the_end = with("--event stale-front-end@10s\n");
    assert_eq!(with("--event stale-front-end@10s\n--event stale-front-end=1,5s@12s\n"), to_the_end);
}

#[test]
fn pods_wait_for_room_on_some_node() {
    // Four pods fill four nodes.
    let full = |more: &[(&str, &str)], events: &str| {
        let set = [&[("nodes", "4"), ("pods_per_node", "1"), ("preStop", "5s")], more].concat();
        run(&format!("--rps 40\n--duration 2m\n{events}"), &set)
    };
    let bound = |result: &RunResult| result.timeline.pods.iter().filter(|pod| pod.bound.is_some()).count();
    let ended = |result: &RunResult| result.timeline.rollouts.iter().all(|rollout| rollout.end.is_some());
    // The new pod has no room as long as the old ones are there, and they stay until it is ready.
    let rollout = "--event rollout@20s\n";
    let stuck = full(&[("maxUnavailable", "0"), ("maxSurge", "1")], rollout);
    assert!(!ended(&stuck) && bound(&stuck) == 4 && stuck.tally.lost() == 0);
    let moves = full(&[("maxUnavailable", "1"), ("maxSurge", "0")], rollout);
    assert!(ended(&moves) && bound(&moves) == 8);
    assert!(ended(&full(&[("pods_per_node", "2"), ("maxUnavailable", "0"), ("maxSurge", "1")], rollout)));
    // Two more are wanted than there is room for; one comes when another is killed.
    let wanted = full(&[], "--event scale=6@20s\n");
    assert_eq!((wanted.timeline.pods.len(), bound(&wanted)), (6, 4));
    let freed = full(&[], "--event scale=6@20s\n--event kill-pod@40s\n");
    assert_eq!(bound(&freed), 5);
    // A drained node has no room either.
    let drained = full(&[], "--event drain@20s\n");
    assert_eq!((drained.timeline.pods.len(), bound(&drained)), (5, 4));
    let errors = simulated(WEB, "--rps 10\n", &[("nodes", "3"), ("pods_per_node", "1")]).unwrap_err();
    assert!(errors.iter().any(|error| error.message.contains("4 pods at the beginning find no room")));
}

#[test]
fn a_rollout_takes_about_as_long_as_it_should() {
    let files = [("web.yaml".to_owned(), WEB.to_owned())];
    for (set, waves) in [
        (&[("maxSurge", "1"), ("maxUnavailable", "0")][..], 4),
        (&[("maxSurge", "1"), ("maxUnavailable", "1")], 2),
        (&[("maxSurge", "4"), ("maxUnavailable", "0"), ("startup", "15s")], 1),
        (&[("maxSurge", "1"), ("maxUnavailable", "0"), ("minReadySeconds", "20")], 4),
        (&[("maxSurge", "2"), ("maxUnavailable", "0"), ("readiness.periodSeconds", "20")], 2),
    ] {
        let line = "web.yaml\n--rps 20\n--duration 5m\n--event rollout@20s\n".to_owned();
        let files: Vec<_> = [(COMMAND_LINE.to_owned(), line)].into_iter().chain(files.clone()).collect();
        let set = [SET, set].concat();
        let over = set.iter().map(|(knob, value)| Override { knob: (*knob).into(), value: (*value).into() });
        let inputs = Inputs::stored(&files).expect("inputs");
        let case = inputs.case(&over.collect::<Vec<_>>()).expect("a case");
        let expected = RolloutEstimate::of(&case).expect("nothing else happens");
        assert_eq!(expected.waves(), waves);
        let took = (0..30).map(|run| {
            let result = sim::run(&case.spec, 3, run, &|| false);
            let rollout = &result.timeline.rollouts[0];
            rollout.end.expect("it ends").run_secs() - rollout.start.run_secs()
        });
        let took = took.sum::<f64>() / 30.0;
        let (least, most) = expected.total_s();
        // The last wave ends with its slowest pod, and the first ticks fall into the start.
        assert!(
            (0.9 * least..1.1 * most).contains(&took),
            "{set:?}: took {took:.1} s of {least:.1}..{most:.1} s"
        );
    }
}
