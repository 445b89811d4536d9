//! Rollouts of Argo: what they are, what belongs to them, and what is wrong with them.

use super::super::*;
use super::{HPA, SERVICE, WEB, documents, edited, read_err, read_ok, rendered};
use crate::model::canary::CanaryStep;
use crate::units::{IntOrPercent, Nanos};

/// [`WEB`] as a Rollout with this strategy.
fn rollout(strategy: &str) -> String {
    let kind = edited(WEB, "apps/v1\nkind: Deployment", "argoproj.io/v1alpha1\nkind: Rollout");
    edited(&kind, "  replicas: 3\n", &format!("  replicas: 3\n  strategy: {strategy}\n"))
}

fn strategy(text: &str) -> Progressive {
    let manifests = read_ok(&rollout(text));
    assert!(manifests.not_modelled.is_empty(), "{text}: {:?}", manifests.not_modelled);
    manifests.deployments[0].progressive.clone().expect(text)
}

/// What a canary leaves open.
fn open(text: &str) -> String {
    match strategy(text) {
        Progressive::Canary { open: Some(open), .. } => open.what,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn strategies() {
    let seconds = Nanos::from_secs;
    let blue_green = |delay, aside: Option<&str>| Progressive::BlueGreen {
        scale_down_delay: seconds(delay),
        aside: aside.map(str::to_owned),
    };
    assert_eq!(strategy("{blueGreen: {activeService: web}}"), blue_green(30, None));
    assert_eq!(
        strategy("{blueGreen: {activeService: web, previewService: new, scaleDownDelaySeconds: 5}}"),
        blue_green(5, Some("new"))
    );

    let steps =
        "steps: [{setWeight: 20}, {pause: {duration: 10m}}, {setWeight: 50}, {pause: {duration: 90}}]";
    let canary = |routed: Option<u64>, aside: Option<&str>| Progressive::Canary {
        steps: vec![
            CanaryStep::SetWeight(20),
            CanaryStep::Pause(seconds(600)),
            CanaryStep::SetWeight(50),
            CanaryStep::Pause(seconds(90)),
        ],
        routed: routed.map(seconds),
        aside: aside.map(str::to_owned),
        open: None,
    };
    assert_eq!(strategy(&format!("{{canary: {{{steps}}}}}")), canary(None, None));
    let routing =
        "stableService: web, canaryService: new, trafficRouting: {istio: {virtualService: {name: web}}}";
    assert_eq!(strategy(&format!("{{canary: {{{steps}, {routing}}}}}")), canary(Some(30), Some("new")));
    let delay = "scaleDownDelaySeconds: 7";
    assert_eq!(
        strategy(&format!("{{canary: {{{steps}, {routing}, {delay}}}}}")),
        canary(Some(7), Some("new"))
    );

    let bounds = |text: &str| read_ok(&rollout(text)).deployments[0].strategy;
    let quarter = IntOrPercent::Percent(25);
    assert_eq!(bounds("{canary: {}}"), Strategy::default());
    assert_eq!(
        bounds("{canary: {maxSurge: 0, maxUnavailable: 25%}}"),
        Strategy::RollingUpdate { max_surge: IntOrPercent::Int(0), max_unavailable: quarter }
    );
}

#[test]
fn what_a_canary_leaves_open() {
    for (text, what) in [
        ("steps: [{setWeight: 5}, {pause: {}}]", "steps[1].pause waits until somebody promotes it"),
        ("steps: [{analysis: {templates: []}}]", "steps[0].analysis takes a time that"),
        ("steps: [{experiment: {duration: 1h}}]", "steps[0].experiment takes a time that"),
        ("steps: [{setCanaryScale: {replicas: 3}}]", "steps[0].setCanaryScale is not simulated"),
        ("dynamicStableScale: true", "dynamicStableScale shrinks the old set"),
        ("pingPong: {pingService: a, pongService: b}", "pingPong is not simulated"),
        (
            "trafficRouting: {istio: {destinationRule: {name: web}}}",
            "trafficRouting.istio.destinationRule has subsets in place of two Services",
        ),
        (
            "stableService: web, canaryService: new, trafficRouting: {maxTrafficWeight: 1000}",
            "maxTrafficWeight counts weights otherwise",
        ),
    ] {
        let open = open(&format!("{{canary: {{{text}}}}}"));
        assert!(open.starts_with("spec.strategy.canary.") && open.contains(what), "{text}: {open}");
    }
}

#[test]
fn what_a_rollout_must_not_say() {
    for (text, what) in [
        (rollout("{}"), "spec.strategy.canary: Required value"),
        (rollout("{blueGreen: {}}"), "spec.strategy.blueGreen.activeService: Required value"),
        (rollout("{blueGreen: {activeService: a}, canary: {}}"), "a Rollout has one strategy"),
        (rollout("{canary: {maxSurge: 0, maxUnavailable: 0}}"), "may not be 0 when `maxSurge` is 0"),
        (rollout("{canary: {trafficRouting: {traefik: {}}}}"), "canaryService: Required value"),
        (rollout("{canary: {steps: [{setWeight: 120}]}}"), "spec.strategy.canary.steps[0].setWeight"),
        (
            rollout("{canary: {steps: [{setWeight: 20, pause: {duration: 1m}}]}}"),
            "steps[0]: Invalid value: a step has exactly one field",
        ),
        (rollout("{canary: {steps: [{}]}}"), "a step has exactly one field"),
        (rollout("{canary: {steps: [{pause: {duration: soon}}]}}"), "steps[0].pause.duration: Invalid value"),
        (rollout("{canary: {step: [{setWeight: 20}]}}"), "unknown field `step` in canary"),
        (rollout("{type: Recreate}"), "spec.strategy.canary: Required value"),
        (edited(&rollout("{canary: {}}"), "  template:\n", "  workloadRef:\n"), "another object is not read"),
    ] {
        let errors = rendered(&read_err(&text));
        assert!(errors.contains(what), "{what}\n{errors}");
    }
    let elsewhere = read_ok("apiVersion: rollouts.kruise.io/v1beta1\nkind: Rollout\nmetadata: {name: web}\n");
    assert!(elsewhere.deployments.is_empty(), "another project's kind of the same name");
}

#[test]
fn what_belongs_to_a_rollout() {
    let text = rollout("{blueGreen: {activeService: web, previewService: preview}}");
    let preview = edited(SERVICE, "name: web", "name: preview");
    let scaler = edited(HPA, "apps/v1, kind: Deployment", "argoproj.io/v1alpha1, kind: Rollout");
    let manifests = read_ok(&documents(&[&text, &preview, SERVICE, &scaler]));
    assert_eq!(manifests.warnings.len(), 0, "{}", rendered(&manifests.warnings));
    for wanted in [None, Some("web"), Some("rollout/web"), Some("ro/web")] {
        let selection = select_workload(&manifests, wanted).unwrap();
        assert_eq!(selection.deployment.meta.title(), "Rollout/web");
        let services: Vec<&str> =
            selection.services.iter().map(|service| service.meta.name.as_str()).collect();
        assert_eq!(services, ["web"], "users do not come through the preview");
        assert_eq!(selection.autoscalers.len(), 1);
        let mut codes: Vec<&str> = selection.warnings.iter().map(|warning| warning.code).collect();
        codes.sort_unstable();
        assert_eq!(codes, [code::HPA_NO_REQUEST, code::REPLICAS_BESIDE_HPA]);
    }
    assert!(select_workload(&manifests, Some("deploy/web")).is_err());

    for (target, what) in [
        (
            "apps/v1, kind: Deployment",
            "scales Deployment `web`, which is not there (no such Deployment); help: Rollout/web is there: write `kind: Rollout`",
        ),
        ("apps/v1, kind: Rollout", "refers to its target without the group `argoproj.io`: `apps/v1`"),
    ] {
        let scaler = edited(HPA, "apps/v1, kind: Deployment", target);
        let manifests = read_ok(&documents(&[&text, SERVICE, &scaler]));
        let found: Vec<String> = link_warnings(&manifests).iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|warning| warning.contains(what)), "{found:#?}");
    }

    // Pods by the kind of their ReplicaSet's owner.
    let owned = |kind: &str| {
        let set = format!(
            "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {{name: web-1, ownerReferences: [{{kind: {kind}, name: web, uid: a}}]}}\n"
        );
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web-1-x, labels: {app: web}, ownerReferences: [{kind: ReplicaSet, name: web-1, uid: b}]}\nspec: {containers: [{name: app, image: a}]}\n";
        let manifests = read_ok(&documents(&[&text, SERVICE, &set, pod]));
        select_workload(&manifests, None).unwrap().pods.len()
    };
    assert_eq!((owned("Rollout"), owned("Deployment")), (1, 0));
}
