//! Two tiers: the front end's processes are pods that roll, scale, crash and lose their nodes.

mod common;
#[path = "common/traced.rs"]
mod traced;

use std::sync::Arc;

use common::{app, lowered, web};
use podloss::config::case::{Case, Override};
use podloss::config::lower::Lowered;
use podloss::diag::Diagnostic;
use podloss::model::outcome::{Cause, Status};
use podloss::report::remedies::remedies;
use podloss::sim::spec::{Mechanism, SimSpec};
use podloss::sim::{self, RunResult, ViewHolder, reference};
use podloss::study::why::Traced;
use podloss::units::{Nanos, SimTime};
use traced::case_of;

/// Three pods of a service, and two of the ingress before it.
const FILES: &str = concat!(
    web!(3 pods [app!("readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 2}")]),
    "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gate}\nspec:\n",
    "  replicas: 2\n  selector: {matchLabels: {app: gate}}\n  template:\n",
    "    metadata: {labels: {app: gate}}\n    spec:\n      containers:\n        - name: gate\n",
    "          image: registry.example/shop/gate:1\n",
    "          readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 2}\n",
);

/// kube-proxy before it takes a second to hear of anything; requests take a tenth of one.
const SET: &[(&str, &str)] = &[
    ("ingress", "gate"),
    ("outer", "kube-proxy"),
    ("outer.removal", "1s"),
    ("latency", "100ms"),
    ("workers", "100"),
    ("startup", "1s"),
    ("preStop", "5s"),
    ("containers.gate.startup", "1s"),
    ("containers.gate.on_stop", "drain"),
    ("after_exit", "refused"),
];
const HOOK: &str = "Deployment/gate:spec.template.spec.containers[*].lifecycle.preStop.sleep.seconds";

fn spec(line: &str, set: &[(&str, &str)]) -> Result<Arc<SimSpec>, Vec<Diagnostic>> {
    Ok(lowered(&[("web.yaml", FILES)], line, &[SET, set].concat())?.spec)
}

/// One run, after both request paths have told the same story of it.
fn run(line: &str, set: &[(&str, &str)]) -> RunResult {
    let spec = spec(line, set).unwrap_or_else(|errors| panic!("{errors:#?}"));
    reference::compare(&spec, 5, 0).unwrap_or_else(|difference| panic!("{difference}"));
    sim::run(&spec, 5, 0, &|| false)
}

/// Losses: status, cause, how many.
fn losses(result: &RunResult) -> Vec<(Status, Cause, u64)> {
    let causes = result.tally.causes.iter();
    causes.map(|((status, cause), tally)| (*status, *cause, tally.count)).collect()
}

fn at_ingress(result: &RunResult) -> u64 {
    result.tally.causes.values().map(|tally| tally.at_ingress).sum()
}

/// Numbers of the pods that were deleted, of a deployment.
fn deleted(result: &RunResult, deployment: u16) -> Vec<usize> {
    let pods = result.timeline.pods.iter().enumerate();
    pods.filter(|(_, pod)| pod.deployment == deployment && pod.deleted.is_some()).map(|(id, _)| id).collect()
}

const ROLLOUT: &str = "--rps 100\n--duration 60s\n--event ingress-rollout@20s\n";

#[test]
fn an_ingress_that_closes_its_listener_loses_what_is_still_sent_to_it() {
    let result = run(ROLLOUT, &[]);
    let [(Status::Refused, Cause::ListenerClosed, count)] = losses(&result)[..] else {
        panic!("{:?}", losses(&result))
    };
    // Half of the traffic for a second, twice; a third of it while the new pod is there already.
    assert!((40..=130).contains(&count), "{count}");
    assert_eq!(at_ingress(&result), count, "the service has nothing to do with it");
    assert_eq!((deleted(&result, 0).len(), deleted(&result, 1).len()), (0, 2));
    let samples = result.tally.causes.values().flat_map(|tally| &tally.samples);
    for sample in samples {
        let pod = sample.pod.expect("it was sent to an ingress pod");
        assert_eq!(result.timeline.pods[pod as usize].deployment, 1, "{sample:?}");
    }
    assert_eq!(losses(&run(ROLLOUT, &[(HOOK, "3s")])), [], "a hook longer than the removal saves them");
}

#[test]
fn a_process_that_exits_takes_along_what_its_workers_had() {
    let exits = run(ROLLOUT, &[("containers.gate.on_stop", "exit"), ("post", "0%")]);
    let [(Status::Refused, Cause::ListenerClosed, _), (Status::Reset, Cause::KilledInFlight, cut)] =
        losses(&exits)[..]
    else {
        panic!("{:?}", losses(&exits))
    };
    // Five of the ten requests under way are with each of the two pods; no attempt at another pod of
    // the service helps.
    assert!((2..=25).contains(&cut), "{cut}");
    assert!(exits.tally.executed_but_5xx == 0, "a reset is no 5xx");
    let alb = [("containers.gate.on_stop", "exit"), ("outer", "aws-alb-ip"), ("after_exit", "refused")];
    let behind_alb = run("--rps 100\n--duration 2m\n--event ingress-rollout@20s\n", &alb);
    assert!(behind_alb.tally.executed_but_5xx > 0, "the service answers an ingress that is gone");
    let causes = losses(&behind_alb);
    let cut = causes.iter().find(|(_, cause, _)| *cause == Cause::KilledInFlight);
    assert_eq!(cut.map(|(status, ..)| *status), Some(Status::BadGateway), "{causes:?}");
}

#[test]
fn a_process_that_drains_ends_with_its_last_request() {
    let line = "--rps 20\n--duration 60s\n--event ingress-rollout@20s\n";
    let slow = [("latency", "900ms"), (HOOK, "1s")];
    let result = run(line, &slow);
    assert_eq!(losses(&result), []);
    let old = deleted(&result, 1);
    assert_eq!(old.len(), 2);
    for pod in old {
        let pod = &result.timeline.pods[pod];
        let (signalled, exited) = (pod.signalled.expect("asked to stop"), pod.exited.expect("ended"));
        // kube-proxy sends nothing new from a second after the deletion on, which is when the signal comes.
        let took = exited.run_secs() - signalled.run_secs();
        assert!((0.3..=0.91).contains(&took), "{took}");
    }
    let cut = run(line, &[slow[0], slow[1], ("containers.gate.on_stop", "drain,limit=200ms")]);
    let causes = losses(&cut);
    assert!(matches!(causes[..], [(Status::Reset, Cause::ExitedInFlight, n)] if n > 5), "{causes:?}");
}

#[test]
fn a_new_process_knows_the_endpoints_as_they_are() {
    let line = "--rps 50\n--duration 60s\n--event scale=5@5s\n--event ingress-rollout@20s\n";
    let result = run(line, &[(HOOK, "3s")]);
    let first_lists = |process: u32| {
        let views = result.timeline.views.iter().filter(|view| view.holder == ViewHolder::FrontEnd(process));
        let views: Vec<_> = views.collect();
        let began = views.first().map(|view| view.at).expect("it begins with a list");
        (began, views.iter().filter(|view| view.at == began && view.usable).count())
    };
    assert_eq!(first_lists(0), (SimTime::START, 3));
    for process in [2, 3] {
        let (began, pods) = first_lists(process);
        assert!(began.run_secs() > 20.0);
        assert_eq!(pods, 5, "those that came since as well");
    }
    assert_eq!(losses(&result), []);
}

#[test]
fn the_ingress_scales_by_itself() {
    let line = "--rps 50\n--duration 60s\n--event ingress-scale=4@10s\n--event ingress-scale=1@30s\n";
    let result = run(line, &[(HOOK, "3s")]);
    assert_eq!(losses(&result), []);
    let sizes: Vec<u32> = result.timeline.desired.iter().filter(|d| d.1 == 1).map(|d| d.2).collect();
    assert_eq!((sizes, deleted(&result, 1).len(), deleted(&result, 0).len()), (vec![2, 4, 1], 3, 0));
    assert_eq!(result.replicas, (3, 3, 3), "those of the service");
    let none = run("--rps 50\n--duration 40s\n--event ingress-scale=0@10s\n", &[(HOOK, "3s")]);
    let causes = losses(&none);
    // kube-proxy falls back to the pods that terminate and serve, until it has heard that they do not.
    let [(Status::Refused, Cause::ListenerClosed, closed), (Status::Refused, Cause::NoEndpoints, gone)] =
        causes[..]
    else {
        panic!("{causes:?}");
    };
    assert!(closed < 150 && gone > 1_000, "{causes:?}");
    assert_eq!(at_ingress(&none), closed + gone);
}

#[test]
fn a_crashed_ingress_restarts_in_place_with_a_process_of_its_own() {
    let result = run("--rps 100\n--duration 40s\n--event ingress-crash-pod@10s\n", &[]);
    assert!(!losses(&result).is_empty());
    assert!(losses(&result).iter().all(|(_, cause, _)| *cause == Cause::Crashed), "{:?}", losses(&result));
    assert_eq!(at_ingress(&result), result.tally.lost());
    assert_eq!(result.timeline.pods.len(), 5, "no pod is new");
    assert!(result.timeline.views.iter().any(|view| view.holder == ViewHolder::FrontEnd(2)));
}

#[test]
fn a_dead_node_of_the_ingress_leaves_its_requests_without_an_answer() {
    let set = [("nodes", "5"), ("zones", "1"), ("client.timeout", "4s"), ("outer.connect_timeout", "2s")];
    let result = run("--rps 100\n--duration 90s\n--event ingress-lose-node@10s\n", &set);
    let causes = losses(&result);
    let by = |cause: Cause| causes.iter().filter(|(_, c, _)| *c == cause).map(|(.., n)| n).sum::<u64>();
    assert!(by(Cause::NodeLost) > 500, "no connection in time: {causes:?}");
    assert!(by(Cause::ClientGaveUp) > 0, "nor an answer to what was under way: {causes:?}");
    assert_eq!(result.timeline.pods.iter().filter(|pod| pod.lost.is_some()).count(), 1);
}

#[test]
fn clients_that_keep_their_connections_meet_another_ingress_pod_after_a_rollout() {
    let line = "--conns 20\n--think 200ms\n--duration 60s\n--event ingress-rollout@20s\n";
    // Connections that a pod closes while it drains, with requests on their way, are lost.
    let set = [("outer.removal", "1s"), (HOOK, "3s"), ("race_window", "20ms")];
    let result = run(line, &set);
    let causes = losses(&result);
    assert!(causes.iter().all(|(_, cause, _)| *cause == Cause::KeepaliveRace), "{causes:?}");
    assert!(at_ingress(&result) <= 10 && at_ingress(&result) == result.tally.lost(), "{causes:?}");
    assert!(result.tally.ok() > 3_000, "they all go on: {}", result.tally.ok());
}

/// A traced run, and what makes its case with other settings.
fn traced(
    line: &str,
    set: &[(&str, &str)],
) -> (Traced, impl Fn(&[Override]) -> Result<Case, Vec<Diagnostic>>) {
    let case_of = case_of(FILES, line, &[SET, set].concat());
    (Traced::new(case_of(&[]).expect("a case"), 1, &|| false), case_of)
}

#[test]
fn the_story_of_a_lost_request_is_that_of_its_ingress_pod() {
    let (traced, case_of) = traced(ROLLOUT, &[]);
    let lost = traced.lost().first().expect("the rollout loses");
    let story = traced.story(lost.request, None, &case_of, &|| false).expect("a story");
    let words: Vec<&str> = story.moments.iter().map(|moment| moment.words.as_str()).collect();
    let ingress = format!("ingress pod {}", lost.pod.expect("it was sent to one") + 1);
    for part in ["is deleted", "takes no new connections", "balancer 1 stops sending to", "attempt 1 to"] {
        let told = words.iter().any(|words| words.contains(part) && words.contains(&ingress));
        assert!(told, "{part} {ingress}: {words:#?}");
    }
    let saving = story.counterfactual.saved_by.expect("a hook saves it");
    assert_eq!(saving.change.iter().map(|set| set.knob.as_str()).collect::<Vec<_>>(), [HOOK]);
}

/// An ingress that answers 503 while it drains was gone too early, whatever the service's own pods do.
#[test]
fn an_ingress_that_declines_is_told_to_serve_longer() {
    let (traced, case_of) = traced(ROLLOUT, &[("containers.gate.on_stop", "decline")]);
    let lost = traced.lost().first().expect("the rollout loses");
    assert_eq!((lost.cause, lost.at_ingress), (Cause::AppNotReady, true));
    let saving =
        traced.story(lost.request, None, &case_of, &|| false).expect("a story").counterfactual.saved_by;
    assert_eq!(saving.expect("a hook saves it").change[0].knob, HOOK);
    let case = case_of(&[]).expect("a case");
    let remedies = remedies(&case, &sim::run(&case.spec, 1, 0, &|| false).tally, &[], &[]);
    assert!(remedies[0].short.starts_with("ingress pods: keep serving until"), "{:?}", remedies[0]);
}

#[test]
fn what_cannot_be_is_refused_with_a_remedy() {
    let scaler = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: gate}\nspec:\n  \
                  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: gate}\n  maxReplicas: 9\n  metrics: \
                  [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]\n";
    let scaled = format!("{FILES}{scaler}");
    let rolls = "--rps 10\n--event ingress-rollout@20s\n";
    for (name, files, line, set, words) in [
        ("an autoscaler", scaled.as_str(), rolls, &[("ingress", "gate")][..], "no queue here"),
        ("no tier", FILES, rolls, &[], "not simulated as pods"),
        (
            "a tier that retries",
            FILES,
            rolls,
            &[("ingress", "gate"), ("outer", "haproxy")],
            "cannot stand before",
        ),
        ("a tier by instance", FILES, rolls, &[("outer", "aws-alb-instance")], "cannot stand before"),
        (
            "a cloud as ingress",
            FILES,
            rolls,
            &[("front-end", "gke-neg"), ("outer", "aws-nlb")],
            "is no Deployment",
        ),
        ("no chart", FILES, rolls, &[("front-end", "traefik"), ("outer", "aws-nlb")], "which Deployment"),
        ("a slip", FILES, rolls, &[("ingress", "gaet")], "no Deployment is called"),
        (
            "nothing behind",
            FILES,
            rolls,
            &[("ingress", "gate"), ("workload", "deploy/wbe")],
            "no Deployment is called",
        ),
        (
            "itself",
            FILES,
            rolls,
            &[("ingress", "gate"), ("workload", "deploy/gate")],
            "is the workload itself",
        ),
    ] {
        let errors = match lowered(&[("web.yaml", files)], line, set) {
            Ok(_) => panic!("{name} is not refused"),
            Err(errors) => errors,
        };
        let found = errors.iter().find(|error| error.message.contains(words));
        let found = found.unwrap_or_else(|| panic!("{name}: {errors:#?}"));
        assert!(found.is_error() && found.help.is_some(), "{name}: {found:?}");
    }
}

#[test]
fn the_chart_s_deployment_stands_in_for_one_that_nobody_gave() {
    let lowered = lowered(
        &[("web.yaml", web!(2 pods [app!()]))],
        "--rps 10\n--event ingress-rollout@20s\n",
        &[("outer", "aws-nlb"), ("containers.controller.startup", "7s")],
    );
    let lowered = lowered.unwrap_or_else(|errors| panic!("{errors:#?}"));
    let plan = &lowered.spec.deployments[1];
    let (template, controller) = (&plan.templates[1], &plan.templates[1].containers[0]);
    assert_eq!((plan.name.as_str(), plan.spec.replicas), ("ingress-nginx/ingress-nginx-controller", 2));
    // Its hook hands the signal on at once.
    assert_eq!((template.grace_seconds, &controller.pre_stop), (300, &None));
    assert_eq!(lowered.heading.front_end, "ingress-nginx behind aws-nlb");
    let assumed = lowered.assumptions.iter().find(|a| a.key == "ingress").expect("it is on record");
    assert_eq!(assumed.value, "ingress-nginx-controller");
}

/// What the outer tier loses without having sent it to any pod is a matter of the ingress as well.
#[test]
fn a_request_that_found_no_ingress_pod_is_saved_at_the_ingress() {
    let set = [("containers.gate.on_stop", "exit"), ("containers.gate.startup", "4s")];
    let (traced, case_of) = traced("--rps 40\n--duration 40s\n--event ingress-kill-pod=2@20s\n", &set);
    let lost =
        traced.lost().iter().find(|lost| lost.cause == Cause::NoEndpoints).expect("both pods are gone");
    assert_eq!((lost.pod, lost.at_ingress), (None, true));
    let story = traced.story(lost.request, None, &case_of, &|| false).expect("a story");
    let knobs: Vec<&str> = story.counterfactual.tried.iter().map(|tried| tried.knob.as_str()).collect();
    assert!(!knobs.is_empty() && knobs.iter().all(|knob| knob.starts_with("Deployment/gate:")), "{knobs:?}");
    let saving = story.counterfactual.saved_by.expect("a third ingress pod is there");
    assert_eq!(saving.change[0].knob, "Deployment/gate:spec.replicas");
}

/// A Service that asks AWS for a load balancer says what stands before the ingress, and how it is set.
#[test]
fn the_tier_before_the_ingress_is_read_from_its_service() {
    let service = |target_type: &str| {
        format!(
            "{FILES}---\napiVersion: v1\nkind: Service\nmetadata:\n  name: gate\n  annotations:\n    \
             service.beta.kubernetes.io/aws-load-balancer-type: external\n    \
             service.beta.kubernetes.io/aws-load-balancer-nlb-target-type: {target_type}\n    \
             service.beta.kubernetes.io/aws-load-balancer-healthcheck-interval: '7'\n    \
             service.beta.kubernetes.io/aws-load-balancer-target-group-attributes: \
             deregistration_delay.timeout_seconds=40,deregistration_delay.connection_termination.enabled=true,\
             slow_start.duration_seconds=30\n\
             spec:\n  type: LoadBalancer\n  selector: {{app: gate}}\n  ports: [{{port: 80}}]\n"
        )
    };
    let of = |files: &str, set: &[(&str, &str)]| {
        lowered(&[("web.yaml", files)], ROLLOUT, &[&[("ingress", "gate")], set].concat()).expect("a case")
    };
    let group = |lowered: &Lowered| match &lowered.spec.tiers[0].delivery.mechanism {
        Mechanism::TargetGroup(group) => {
            Some((group.health.interval.whole_secs(), group.deregistration_delay.map(Nanos::whole_secs)))
        }
        _ => None,
    };
    let found = of(&service("ip"), &[]);
    assert_eq!(found.heading.front_end, "ingress-nginx behind aws-nlb");
    assert!(found.assumptions.iter().all(|assumption| assumption.key != "outer.preset"));
    assert_eq!(group(&found), Some((7, Some(40))));
    let left_out: Vec<&str> = found.not_modelled.iter().map(|(_, what)| what.as_str()).collect();
    assert!(left_out.iter().any(|what| what.contains("slow_start=30s")), "{left_out:?}");
    let without_time = service("ip").replace("deregistration_delay.timeout_seconds=40,", "");
    assert_eq!(group(&of(&without_time, &[])), Some((7, Some(300))), "the default of a target group");
    // What is said wins; and without the word an NLB lets connections run.
    assert_eq!(group(&of(&service("ip"), &[("outer.health_check.interval", "9s")])), Some((9, Some(40))));
    let patient =
        service("ip").replace("connection_termination.enabled=true", "connection_termination.enabled=false");
    assert_eq!(group(&of(&patient, &[])), Some((7, None)));
    assert_eq!(of(&service("instance"), &[]).heading.front_end, "ingress-nginx behind aws-nlb-instance");
    let otherwise = of(&service("ip"), &[("outer", "kube-proxy")]);
    let noted = |part: &str| otherwise.warnings.iter().any(|warning| warning.message.contains(part));
    assert!(noted("but kube-proxy is simulated"), "{:#?}", otherwise.warnings);
}
