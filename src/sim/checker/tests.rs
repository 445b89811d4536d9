//! Each thing that cannot be is found when it is put in.

use super::*;
use crate::random::Dist;
use crate::sim::spec::{PlannedAction, PlannedEvent, ServerSpec};
use crate::workload::{Load, OpenLoad, OpenSource, Profile};

/// Three pods, one rollout.
fn spec() -> Arc<SimSpec> {
    let profile = Profile::constant(50.0, Nanos::from_secs(30)).expect("a valid rate");
    let load = Load::Open(OpenLoad { source: OpenSource::Rate { profile, dispersion: 1.0 } });
    let server = ServerSpec::ideal(Some(8), Dist::Fixed(Nanos::from_millis(40)));
    let mut spec = SimSpec::ideal(load, 3, server);
    let action = PlannedAction::Rollout { template: 0 };
    spec.events.push(PlannedEvent { at: Nanos::from_secs(10), deployment: 0, action });
    Arc::new(spec)
}

/// A checker that finds nothing is worth something only if it can find something.
#[test]
fn what_cannot_be_is_found() {
    let spec = spec();
    let (mut result, mut ends) = run_on::<FastPath<Ends>>(&spec, 7, 0, &|| false);
    let complaints = |result: &RunResult, ends: &Ends| {
        let mut wrong = ends.twice.clone();
        check_requests(&spec, result, ends, &mut wrong);
        check_pods(&result.timeline, &mut wrong);
        check_views(&spec, &result.timeline, &mut wrong);
        wrong.join("\n")
    };
    assert_eq!(complaints(&result, &ends), "");

    let (&request, &end) =
        ends.by_request.iter().find(|(_, end)| end.answered_by.is_some()).expect("answers");
    let ended = Ended {
        request,
        born: end.born,
        at: end.at,
        status: crate::model::outcome::Status::Ok,
        cause: None,
        pod: end.answered_by,
        attempts: 1,
        at_ingress: false,
        process: None,
    };
    ends.ended(&ended);
    assert!(complaints(&result, &ends).contains("ended twice"));
    ends.twice.clear();

    let lost = ends.by_request.remove(&request).expect("it was there");
    assert!(complaints(&result, &ends).contains("requests arrived"));
    ends.by_request.insert(request, lost);

    let pod = end.answered_by.expect("an answer has a pod") as usize;
    let honest = result.timeline.clone();
    result.timeline.pods[pod].listening = Some(SimTime::NEVER);
    assert!(complaints(&result, &ends).contains("before it listened"));
    result.timeline = honest.clone();
    result.timeline.pods[pod].gone = Some(SimTime::START);
    assert!(complaints(&result, &ends).contains("when it was gone"));
    result.timeline = honest.clone();
    let views = &mut result.timeline.views;
    views.retain(|view| view.holder != ViewHolder::Slice);
    assert!(complaints(&result, &ends).contains("without a cause"));
    result.timeline = honest;
    let first = result.timeline.views[0];
    result.timeline.views.insert(1, first);
    assert!(complaints(&result, &ends).contains("to what it was"));
}
