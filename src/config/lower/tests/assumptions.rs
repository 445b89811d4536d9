//! What is put on record.

use super::*;
use crate::config::case::Origin;
use crate::random::Dist;
use crate::sim::spec::Mechanism;

#[test]
fn every_assumption_can_be_set_by_its_own_key_to_its_own_values() {
    for front_end in ["ingress-nginx", "nginx", "aws-alb-ip", "gke-neg", "azure-agic"] {
        let text = format!("{WEB}{HPA}").replace("{sleep: {seconds: 10}}", "{exec: {command: [/drain]}}");
        let first = lowered(&text, &[("front-end", front_end)]);
        assert!(first.assumptions.len() > 40, "{}", first.assumptions.len());
        for assumption in &first.assumptions {
            let key = assumption.key.as_str();
            let ends = assumption.range.as_ref().map(|(a, b)| [a, b]).into_iter().flatten();
            for value in std::iter::once(&assumption.value).chain(ends) {
                let again = lowered(&text, &[("front-end", front_end), (key, value)]);
                assert!(!is_assumed(&again, key), "{key} is still assumed when it is set to {value}");
            }
            assert!(!assumption.source.is_empty() && !assumption.label.is_empty(), "{key}");
            assert!(!assumption.decisive || assumption.range.is_some(), "{key} cannot be varied");
        }
        let decisive = first.assumptions.iter().filter(|assumption| assumption.decisive).count();
        assert!((6..=12).contains(&decisive), "{decisive} with {front_end}");
    }
}

#[test]
fn a_range_narrows_an_assumption_and_a_value_ends_it() {
    let usual = lowered(WEB, &[]);
    let startup = assumption(&usual, "startup");
    assert_eq!((startup.value.as_str(), startup.origin), ("median=5s,p99=15s", Origin::Guess));
    assert_eq!(startup.set_with, "--startup");
    // The usual value lies in the range and stays.
    let inside = lowered(WEB, &[("startup", "2s..9s")]);
    let startup = assumption(&inside, "startup");
    assert_eq!(startup.origin, Origin::Given);
    assert!(startup.decisive);
    assert_eq!(startup.range, Some(("2s".to_owned(), "9s".to_owned())));
    // It does not: the usual distribution is moved to the middle and keeps its spread.
    let outside = lowered(WEB, &[("startup", "40s..90s")]);
    let moved = &container(&outside, "app").startup_time;
    assert!(matches!(moved, Dist::LogNormal { .. }), "{moved:?}");
    assert!((moved.mean().as_secs_f64() - 60.0).abs() < 0.1, "{moved:?}");
    let fixed = lowered(WEB, &[("startup", "9s")]);
    assert_eq!(container(&fixed, "app").startup_time, Dist::Fixed(Nanos::from_secs(9)));
    assert!(!is_assumed(&fixed, "startup"));
    // The end that loses less comes first, whichever way round it is written.
    let removal = lowered(WEB, &[("removal", "25s..5s")]);
    assert_eq!(assumption(&removal, "removal").range, Some(("5s".to_owned(), "25s".to_owned())));
    assert!((removal.margins.removal_s.2 - 25.0).abs() < 1e-9);
    let idle = lowered(WEB, &[("keepalive_idle", "5s..75s")]);
    assert_eq!(assumption(&idle, "keepalive_idle").range, Some(("1m15s".to_owned(), "5s".to_owned())));
}

#[test]
fn settings_without_effect_are_told() {
    let errors = refused(WEB, &[("startup@ap", "5s")]);
    assert!(errors[0].message.contains("no container `ap`"), "{errors:#?}");
    let poll = lowered(WEB, &[("front-end", "aws-alb-ip"), ("front_end.poll", "5s")]);
    assert!(poll.warnings.iter().any(|warning| warning.message.contains("no effect with aws-alb-ip")));
    let metrics = lowered(WEB, &[("metrics.resolution", "30s")]);
    assert!(metrics.warnings.iter().any(|warning| warning.message.contains("no effect")));
    let named = lowered(WEB, &[("startup@app", "5s"), ("startup", "7s")]);
    assert_eq!(container(&named, "app").startup_time, Dist::Fixed(Nanos::from_secs(5)), "the name wins");
}

#[test]
fn contradictions_and_bad_values_are_refused_by_name() {
    for (said, part) in [
        (&[("cpu", "50ms"), ("latency", "45ms")][..], "50ms of CPU but only 45ms"),
        (&[("startup", "-5s")], "negative"),
        (&[("on_stop", "hold,keep=all")], "goes with `drain`"),
        (&[("on_stop", "drian")], "did you mean `drain`?"),
        (&[("workers", "many")], "whole number"),
        (&[("kubernetes", "latest")], "such as 1.35"),
        (&[("front_end.poll", "0s")], "too short"),
        (&[("front_end.replicas", "1000"), ("front_end.workers", "1000")], "more than 10000 in all"),
    ] {
        let errors = refused(WEB, said);
        assert!(errors.iter().any(|error| error.message.contains(part)), "{said:?}: {errors:#?}");
    }
}

#[test]
fn overload_and_late_events_are_told() {
    let over = lowered(WEB, &[("cpu", "20ms"), ("latency", "40ms")]);
    assert!(over.warnings.iter().any(|warning| warning.message.contains("4 pods can answer 200 requests/s")));
    let manifests = manifests(WEB);
    let mut late = described(&manifests, &[]);
    late.events[0].at = Nanos::from_secs(500);
    let late = lower(&late).unwrap();
    assert!(late.warnings.iter().any(|warning| warning.message.contains("after the last request")));
}

/// Switching something on takes along what its maker has for the rest, and says so.
#[test]
fn what_is_switched_on_alone_has_its_makers_defaults() {
    let with = [("front-end", "envoy"), ("front_end.outlier.failures", "5")];
    let lowered_envoy = lowered(WEB, &with);
    let outlier = lowered_envoy.spec.tiers[0].outlier.expect("switched on");
    let percent = (outlier.max_ejection_percent, outlier.panic_percent);
    assert_eq!((outlier.base_ejection, percent), (30_000_000_000, (10, 50)));
    assert_eq!(assumption(&lowered_envoy, "front_end.outlier.ejection").value, "30s");
    assert!(!is_assumed(&lowered(WEB, &[("front-end", "envoy")]), "front_end.outlier.ejection"));

    let checked = lowered(WEB, &[("front-end", "envoy"), ("front_end.server_check", "true")]);
    let Mechanism::InPlace { checks: Some(checks), .. } = checked.spec.tiers[0].delivery.mechanism else {
        panic!("no checks");
    };
    assert_eq!((checks.thresholds.rise, checks.thresholds.fall), (2, 3));

    let errors = refused(WEB, &[("front-end", "nginx"), ("front_end.outlier.failures", "5")]);
    assert!(errors.iter().any(|error| error.message.contains("does not eject")), "{errors:#?}");
}
