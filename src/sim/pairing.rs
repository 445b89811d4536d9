//! Paired comparisons stay paired: a changed knob changes no arrival and no service time.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::arbitrary::cluster;
use super::path::fast::FastPath;
use super::path::{Ended, OPERATION};
use super::reference::Recorder;
use super::run::run_on;
use super::spec::*;
use crate::model::outcome::Status;
use crate::model::probe::ProbeSpec;
use crate::random::Dist;
use crate::units::Nanos;
use crate::workload::{ClosedLoad, Load, OpenLoad, OpenSource, Profile};

fn ends(spec: &SimSpec, seed: u64) -> Vec<Ended> {
    run_on::<FastPath<Recorder>>(&Arc::new(spec.clone()), seed, 0, &|| false).1.in_order()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever else differs between two clusters, an open load sends the same requests at the
    /// same instants. What a client sends again depends on what was lost, and is left out.
    #[test]
    fn an_open_load_does_not_see_the_cluster(a in cluster(), mut b in cluster(), seed in any::<u64>()) {
        b.load = a.load.clone();
        prop_assume!(matches!(a.load, Load::Open(_)));
        // Requests under way when a run ends have no end; both runs settle for long enough.
        (b.settle_limit, b.client.timeout) = (Nanos::from_secs(600), Some(Nanos::from_secs(20)));
        let a = SimSpec { settle_limit: b.settle_limit, client: b.client.clone(), ..a };
        let first = |spec: &SimSpec| -> BTreeMap<u64, u64> {
            let firsts = ends(spec, seed).into_iter().filter(|end| end.request & OPERATION == end.request);
            firsts.map(|end| (end.request, end.born)).collect()
        };
        let (a, b) = (first(&a), first(&b));
        let differs = a.iter().zip(&b).find(|(a, b)| a != b);
        prop_assert!(differs.is_none(), "the first difference: {differs:?}");
        prop_assert_eq!(a.len(), b.len());
    }
}

fn open() -> Load {
    let profile = Profile::constant(100.0, Nanos::from_secs(60)).expect("a rate within bounds");
    Load::Open(OpenLoad { source: OpenSource::Rate { profile, dispersion: 1.0 } })
}

fn closed() -> Load {
    let think = Dist::Exponential { mean: Nanos::from_millis(20) };
    let (ramp, duration) = (Nanos::from_millis(50), Nanos::from_secs(30));
    Load::Closed(ClosedLoad { connections: 5, think, ramp, duration })
}

/// Pods without a bound on what they serve at once, so that latency is service time.
fn base(load: Load) -> SimSpec {
    let service = Dist::log_normal_mean(Nanos::from_millis(45), 0.5);
    let mut spec = SimSpec::ideal(load, 4, ServerSpec::ideal(None, service));
    let rollout = PlannedAction::Rollout { template: 0 };
    spec.events = vec![PlannedEvent { at: Nanos::from_secs(10), deployment: 0, action: rollout }];
    spec
}

type Change = (&'static str, fn(&mut SimSpec));

const CHANGES: [Change; 6] = [
    ("replicas", |spec| spec.deployments[0].spec.replicas = 9),
    ("a preStop hook", |spec| {
        let hook = PreStop { duration: Dist::Fixed(Nanos::from_secs(5)) };
        spec.deployments[0].templates[0].containers[0].pre_stop = Some(hook);
    }),
    ("a readiness probe", |spec| {
        let spec_of_probe = ProbeSpec { initial_delay_seconds: 5, ..Default::default() };
        let probe = ProbePlan {
            spec: spec_of_probe,
            grace_seconds: None,
            target: Some(0),
            connects_only: false,
            needs_worker: false,
            asks_dependency: false,
        };
        spec.deployments[0].templates[0].containers[0].readiness = Some(probe);
    }),
    ("the balancer", |spec| spec.tiers[0].balancer = Balancer::LeastConnections),
    ("start-up", |spec| {
        let startup = Dist::Uniform { lo: Nanos::from_secs(1), hi: Nanos::from_secs(4) };
        spec.deployments[0].templates[0].containers[0].startup_time = startup;
    }),
    ("removal", |spec| spec.tiers[0].delivery.remove = Dist::Fixed(Nanos::from_secs(2))),
];

/// Latency by request, of those that were answered at the first attempt.
fn services(spec: &SimSpec) -> BTreeMap<u64, u64> {
    let ends = ends(spec, 7).into_iter().filter(|end| end.status == Status::Ok && end.attempts == 1);
    ends.map(|end| (end.request, end.at - end.born)).collect()
}

#[test]
fn a_changed_knob_changes_no_service_time() {
    for load in [open(), closed()] {
        let before = base(load);
        let before_services = services(&before);
        for (name, change) in CHANGES {
            let mut after = before.clone();
            change(&mut after);
            let run = |spec: &SimSpec| super::run(&Arc::new(spec.clone()), 7, 0, &|| false);
            let (was, is) = (run(&before), run(&after));
            assert!(was.timeline != is.timeline || was.tally != is.tally, "{name} changes nothing at all");
            let after_services = services(&after);
            let both: Vec<_> = before_services.keys().filter(|k| after_services.contains_key(k)).collect();
            assert!(both.len() > 1_000, "{name}: {} requests to compare", both.len());
            let differs = both.into_iter().find(|k| before_services[k] != after_services[k]);
            assert_eq!(differs, None, "{name}: request by request");
        }
    }
}
