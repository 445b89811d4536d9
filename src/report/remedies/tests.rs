//! Remedies follow the case.

use super::*;
use crate::config::case::Override;
use crate::model::probe::ProbeFailure;
use crate::sim::spec::{ContainerPlan, PlannedAction, PlannedEvent, Role};
use crate::study::testing::case;

fn given(
    overrides: &[(&str, &str)],
    change: impl FnOnce(&mut Case),
    cause: Cause,
    margins: &[Margin],
) -> Words {
    let overrides: Vec<Override> =
        overrides.iter().map(|(k, v)| Override { knob: (*k).into(), value: (*v).into() }).collect();
    let mut case = case(&overrides).expect("a case");
    change(&mut case);
    words(cause, Mechanism::of(cause, &case), &Facts::of(&case), margins)
}

fn lacking(name: &str, have: f64, need: f64) -> Margin {
    Margin {
        name: name.to_owned(),
        label: String::new(),
        have,
        need,
        need_range: None,
        slack: have - need,
        unit: "s".to_owned(),
        share_of_loss: 1.0,
    }
}

fn spec(case: &mut Case) -> &mut crate::sim::spec::SimSpec {
    std::sync::Arc::make_mut(&mut case.spec)
}

#[test]
fn what_ends_a_loss_depends_on_the_case() {
    let no_change = |_: &mut Case| {};
    let listener = given(&[], no_change, Cause::ListenerClosed, &[]);
    assert_eq!(listener.short, "keep serving until nginx has let go (preStop: none)");
    assert!(listener.full.contains("preStop.sleep of 11 s"), "{}", listener.full);
    assert!(listener.full.contains("while the removal takes less than 11 s"), "{}", listener.full);
    let short_hook = given(&[("preStop", "2s")], no_change, Cause::ListenerClosed, &[]);
    assert!(short_hook.short.ends_with("(preStop: 2 s)"), "{}", short_hook.short);
    let cut = given(&[("preStop", "40s")], no_change, Cause::ListenerClosed, &[]);
    assert!(cut.short.starts_with("grace above the preStop"), "{}", cut.short);
    // The hook that is there has to fit as well, and so has what follows it.
    assert!(cut.full.contains("at least 43 s. With a hook of 11 s it is 14 s."), "{}", cut.full);
    let lingers = [("preStop", "40s"), ("stop", "linger")];
    let lingers = given(&lingers, no_change, Cause::ListenerClosed, &[]);
    assert!(lingers.full.contains("at least 51 s."), "{}", lingers.full);
    let old_version = given(&[], |case| spec(case).kubernetes_minor = 28, Cause::ListenerClosed, &[]);
    assert!(old_version.full.contains("preStop.exec of `sleep 11`"), "{}", old_version.full);
    assert!(old_version.full.contains("the hook fails and the pod stops at once"));

    let exits = given(&[], no_change, Cause::KilledInFlight, &[]);
    assert!(exits.short.contains("finish requests on SIGTERM"));
    let killed = given(
        &[("stop", "drain"), ("preStop", "5s")],
        no_change,
        Cause::KilledInFlight,
        &[lacking("grace", 25.0, 40.0)],
    );
    assert_eq!(killed.short, "grace of 45 s or more (now 30 s)");

    let probe = |case: &mut Case| spec(case).deployments[0].templates[0].containers[0].readiness = None;
    assert!(given(&[], probe, Cause::NotListeningYet, &[]).short.contains("there is none"));
    let slow = given(&[], no_change, Cause::LivenessRestart, &[lacking("startup", 30.0, 60.0)]);
    assert_eq!(slow.short, "a startup probe of 90 s or more (now 30 s)");
    let cpu = given(&[], no_change, Cause::ReadTimeout, &[lacking("cpu", 3.0, 4.5)]);
    assert_eq!(cpu.short, "more CPU at the worst moment (3.0 of 4.5 cores)");
    let route = |case: &mut Case| {
        spec(case).tiers[0].read_timeout = Nanos::MAX_SPAN;
        spec(case).tiers[0].request_timeout = Some(Nanos::from_secs(15));
    };
    assert_eq!(given(&[], route, Cause::ReadTimeout, &[]).short, "answers within nginx's 15s");
    let patient = given(&[], no_change, Cause::ClientGaveUp, &[]);
    assert_eq!(patient.short, "answers within the client's 10s");
    let race = |case: &mut Case| case.margins.keepalive_s = Some((5.0, 60.0));
    assert_eq!(given(&[], race, Cause::KeepaliveRace, &[]).short, "server keep-alive above 60 s (now 5 s)");
    let recreate = |case: &mut Case| {
        spec(case).deployments[0].spec.strategy = crate::model::deployment::Strategy::Recreate;
    };
    assert_eq!(given(&[], recreate, Cause::NoEndpoints, &[]).short, "RollingUpdate in place of Recreate");
}

#[test]
fn with_two_specs_the_old_one_stops_and_the_advice_says_so() {
    let two = |case: &mut Case| {
        let templates = &mut spec(case).deployments[0].templates;
        let mut new = templates[0].clone();
        let duration = crate::random::Dist::Fixed(Nanos::from_secs(20));
        new.containers[0].pre_stop = Some(crate::sim::spec::PreStop { duration });
        templates.push(new);
    };
    let advice = given(&[], two, Cause::ListenerClosed, &[]);
    assert!(advice.short.contains("the new preStop (20 s) counts next time"), "{}", advice.short);
}

#[test]
fn no_hook_is_advised_for_a_process_that_hears_of_nothing() {
    let stale = |case: &mut Case| {
        let action = PlannedAction::StaleFrontEnd { processes: 1, lasts: None };
        spec(case).events.push(PlannedEvent { at: Nanos::ZERO, deployment: 0, action });
    };
    let without = given(&[], stale, Cause::Blackholed, &[]);
    assert!(without.full.contains("except from the process that hears of no changes"), "{}", without.full);
    let advice = given(&[("preStop", "25s")], stale, Cause::Blackholed, &[]);
    assert!(
        advice.short.contains("restart the process") && !advice.full.contains("preStop"),
        "{}",
        advice.full
    );
}

/// Clients' connections through kube-proxy, or a pool of connections to nodes.
fn staying(case: &mut Case, max_age_s: Option<u64>, pooled: bool) {
    let spec = spec(case);
    spec.tiers[0].pins_connections = !pooled;
    spec.client.connections = 8;
    spec.tiers[0].keepalive = pooled.then_some(crate::sim::spec::Keepalive {
        idle_timeout: Nanos::from_secs(60),
        max_idle: 100,
        stale: crate::sim::spec::StaleRetry::Counts,
        first_is_fresh: false,
        any_connection: true,
    });
    let Role::Serves(server) = &mut spec.deployments[0].templates[0].containers[0].role else { panic!() };
    server.keepalive_idle = Some(Nanos::from_secs(75));
    server.max_connection_age = max_age_s.map(Nanos::from_secs);
}

#[test]
fn a_longer_hook_is_not_advised_where_connections_stay_with_their_pod() {
    let helps = "A preStop longer than the removal plus the longest request helps";
    let full = |set: &[(&str, &str)], change: &dyn Fn(&mut Case), cause| given(set, change, cause, &[]).full;
    assert!(full(&[], &|_| {}, Cause::KilledInFlight).contains(helps));
    let one_each = |case: &mut Case| {
        staying(case, None, false);
        spec(case).client.connections = 0;
    };
    assert!(full(&[], &one_each, Cause::KilledInFlight).contains(helps), "a connection for every request");
    let closing = |case: &mut Case| {
        staying(case, None, true);
        let containers = &mut spec(case).deployments[0].templates[0].containers;
        let Role::Serves(server) = &mut containers[0].role else { panic!() };
        server.keepalive_idle = None;
    };
    assert!(
        full(&[], &closing, Cause::KilledInFlight).contains(helps),
        "the server closes after every answer"
    );

    let pinned = |case: &mut Case| staying(case, None, false);
    let pooled = |case: &mut Case| staying(case, None, true);
    for cause in [Cause::KilledInFlight, Cause::KeepaliveRace] {
        for (change, remedy) in
            [(&pinned as &dyn Fn(&mut Case), "a maximum age"), (&pooled, "the addresses of pods")]
        {
            let words = full(&[], change, cause);
            assert!(words.contains("a longer preStop changes nothing"), "{cause}: {words}");
            assert!(words.contains("Connection: close") && words.contains(remedy), "{cause}: {words}");
            assert!(!words.contains("helps as well") && !words.contains("Keep serving"), "{cause}: {words}");
        }
    }
    let aged = |case: &mut Case| staying(case, Some(20), false);
    let words = full(&[], &aged, Cause::KilledInFlight);
    assert!(words.contains("until they are 20 s old") && words.contains("shorter than that"), "{words}");
    let listener = full(&[], &pinned, Cause::ListenerClosed);
    assert!(listener.contains("This saves new connections") && listener.contains("changes nothing"));
    let grace = [lacking("grace", 30.0, 31.0)];
    let serves_on = |case: &mut Case| {
        pinned(case);
        spec(case).deployments[0].templates[0].containers[0].on_stop = crate::sim::spec::OnStop::Ignore;
    };
    let killed = given(&[], serves_on, Cause::KilledInFlight, &grace);
    assert!(killed.full.contains("A longer grace only moves that moment"), "{}", killed.full);
}

#[test]
fn a_service_that_lists_every_pod_is_told_to_stop() {
    for cause in [Cause::NotListeningYet, Cause::AppNotReady, Cause::ListenerClosed, Cause::Unreachable] {
        let all = |case: &mut Case| spec(case).deployments[0].publish_not_ready_addresses = true;
        let advice = given(&[], all, cause, &[]);
        assert!(advice.short.contains("no publishNotReadyAddresses"), "{cause}: {}", advice.short);
        assert!(advice.full.contains("Remove the field"), "{cause}: {}", advice.full);
        assert!(!given(&[], |_| {}, cause, &[]).full.contains("publishNotReadyAddresses"), "{cause}");
    }
    let killed = given(
        &[],
        |case| spec(case).deployments[0].publish_not_ready_addresses = true,
        Cause::KilledInFlight,
        &[],
    );
    assert!(killed.short.contains("finish requests on SIGTERM"), "{}", killed.short);
}

/// More pods would have failed the same probes, whatever the strategy is.
#[test]
fn probes_that_emptied_the_rotation_are_named() {
    let mut recreating = case(&[]).expect("a case");
    spec(&mut recreating).deployments[0].spec.strategy = crate::model::deployment::Strategy::Recreate;
    let emptied = |by: Option<ProbeFailure>| {
        let facts = Facts { emptied_by: by, ..Facts::of(&recreating) };
        words(Cause::NoEndpoints, Mechanism::NoPod, &facts, &[])
    };
    assert_eq!(emptied(None).short, "RollingUpdate in place of Recreate");
    assert_eq!(emptied(Some(ProbeFailure::Down)), emptied(None));
    let dependency = emptied(Some(ProbeFailure::Dependency));
    assert!(dependency.short.contains("no shared dependency"), "{}", dependency.short);
    let queue = emptied(Some(ProbeFailure::QueueFull));
    assert!(queue.full.contains("room of its own"), "{}", queue.full);
    let timeout = emptied(Some(ProbeFailure::Timeout));
    assert_eq!(timeout.short, "readiness timeoutSeconds above the worst answer (now 1 s)");
}

#[test]
fn a_hook_is_never_put_on_one_container_alone() {
    let beside = |case: &mut Case| {
        let containers = &mut spec(case).deployments[0].templates[0].containers;
        let mut second = containers[0].clone();
        second.name = "agent".to_owned();
        second.role = crate::sim::spec::Role::Other;
        containers.push(second);
    };
    let advice = given(&[], beside, Cause::ListenerClosed, &[]);
    assert!(advice.full.contains("on both containers of the pod"), "{}", advice.full);
}

#[test]
fn every_cause_has_advice_that_promises_nothing() {
    for cause in Cause::ALL {
        let Words { short, full } = given(&[], |_| {}, *cause, &[]);
        assert!(!short.is_empty() && short.chars().count() <= 60, "{cause}: {short}");
        assert!(full.ends_with('.') || full.ends_with("s."), "{cause}: {full}");
        let text = format!("{short} {full}").to_lowercase();
        assert!(!text.contains("zero downtime") && !text.contains("zero-downtime"), "{cause}");
        assert!(!text.contains("retry non") && !text.contains("non_idempotent"), "{cause}");
    }
}

#[test]
fn a_mesh_proxy_that_leaves_first_is_told_to_stay() {
    let with = |name: &str, is_sidecar: bool| {
        let meshed = |case: &mut Case| {
            for template in &mut spec(case).deployments[0].templates {
                let proxy = template.containers[0].clone();
                let role = Role::Forwards { delay: Nanos::ZERO, down: Status::Unavailable };
                template.containers.push(ContainerPlan { name: name.to_owned(), role, is_sidecar, ..proxy });
            }
        };
        given(&[], meshed, Cause::ListenerClosed, &[]).short.contains("must outlive")
    };
    assert!(with("istio-proxy", false));
    assert!(!with("istio-proxy", true) && !with("nginx", false));
}
