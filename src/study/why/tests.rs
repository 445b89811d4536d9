//! Stories of a small case, and the changes that end them.

use super::*;
use crate::model::outcome::Cause;
use crate::model::retry::{RetryOn, RetryPolicy};
use crate::sim::spec::PlannedAction;
use crate::study::testing::case;

const NEVER: &dyn Fn() -> bool = &|| false;

fn traced() -> Traced {
    Traced::new(case(&[]).unwrap(), 1, NEVER)
}

#[test]
fn a_trace_agrees_with_the_run_that_it_explains() {
    let traced = traced();
    let fast = sim::run(&traced.case.spec, 1, 0, NEVER);
    assert_eq!(traced.result.tally, fast.tally);
    assert!(!traced.lost().is_empty());
    for lost in traced.lost().iter().filter(|lost| lost.pod.is_some()) {
        let mine: Vec<&Attempt> = traced.seen.attempts.iter().filter(|a| a.request == lost.request).collect();
        assert_eq!(mine.len(), lost.attempts as usize, "request {}", lost.request);
        let (last, before) = mine.split_last().expect("at least one attempt");
        assert!(!last.retried && before.iter().all(|attempt| attempt.retried));
        assert_eq!((Some(last.pod), last.cause), (lost.pod, lost.cause));
        assert!(last.sent <= last.failed && last.failed <= lost.at);
    }
}

/// The change that is named saves the request, and one step less does not: both are simulated here
/// once more.
#[test]
fn the_smallest_change_saves_the_request_and_a_smaller_one_does_not() {
    let traced = traced();
    let closed = |lost: &&Lost| lost.cause == Cause::ListenerClosed;
    let mut told = 0;
    for lost in traced.lost().iter().filter(closed).step_by(40).take(4) {
        let story = traced.story(lost.request, Some(Method::Get), &case, NEVER).unwrap();
        let saving = story.counterfactual.saved_by.as_ref().expect("a hook saves it");
        let [change] = saving.change.as_slice() else { panic!("one knob: {:?}", saving.change) };
        assert_eq!(change.knob, "preStop");
        let seconds: u32 = change.value.trim_end_matches('s').parse().unwrap();
        let is_lost = |seconds: u32| {
            let change = Override { knob: "preStop".to_owned(), value: format!("{seconds}s") };
            let (_, seen) = sim::losses(&case(&[change]).unwrap().spec, 1, 0, NEVER);
            seen.loss_of(lost.request).is_some()
        };
        assert!(!is_lost(seconds), "request {}: preStop {seconds} s", lost.request);
        assert!(
            seconds == 1 || is_lost(seconds - 1),
            "request {}: {seconds} s is not the least",
            lost.request
        );
        assert!(saving.lost_in_run < story.lost_in_run);
        told += 1;
    }
    assert!(told > 1);
}

#[test]
fn one_clock_holds_request_pod_and_endpoints() {
    let traced = traced();
    let lost = traced.lost().iter().find(|lost| lost.cause == Cause::ListenerClosed).copied().unwrap();
    let story = traced.story(lost.request, None, &case, NEVER).unwrap();
    let pod = moments::pod_number(lost.pod.expect("a pod refused it"));
    assert_eq!(story.zero.1, format!("pod {pod}'s deletion"));
    assert!(story.moments.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let position = |part: &str| {
        let found = story.moments.iter().position(|moment| moment.words.contains(part));
        found.unwrap_or_else(|| panic!("{part} is missing in {:#?}", story.moments))
    };
    let order = [
        "is deleted",
        "gets its stop signal",
        "connection refused (listener_closed)",
        "stops sending",
        "is gone",
    ];
    let at: Vec<usize> = order.iter().map(|part| position(part)).collect();
    assert!(at[0] < at[1] && at[1] < at[2] && at[2] < at[3], "{:#?}", story.moments);
    for lane in Lane::ALL {
        assert!(story.moments.iter().any(|moment| moment.lane == lane), "{lane:?}");
    }
}

/// Attempts may fail at different pods: a reader sees of each why it failed.
#[test]
fn every_pod_that_failed_an_attempt_is_told() {
    let mut case = case(&[]).unwrap();
    let spec = Arc::make_mut(&mut case.spec);
    spec.tiers[0].retry = RetryPolicy { max_attempts: 2, on: RetryOn::ERROR, ..RetryPolicy::NEVER };
    spec.events[0].action = PlannedAction::KillPods { count: 2 };
    let traced = Traced::new(case.clone(), 1, NEVER);
    let failed = |lost: &Lost| {
        let attempts = traced.seen.attempts.iter().filter(|a| a.request == lost.request);
        attempts.map(|attempt| attempt.pod).collect::<Vec<u32>>()
    };
    let lost = traced.lost().iter().find(|lost| failed(lost).len() == 2).expect("refused twice");
    let pods = failed(lost);
    assert!(pods[0] != pods[1] && lost.pod == Some(pods[1]));
    let unchanged = |_: &[Override]| Ok::<Case, String>(case.clone());
    let story = traced.story(lost.request, None, &unchanged, NEVER).unwrap();
    for pod in pods.iter().map(|pod| moments::pod_number(*pod)) {
        let words = format!("pod {pod} is deleted");
        assert!(story.moments.iter().any(|moment| moment.words == words), "{words}: {:#?}", story.moments);
    }
    assert_eq!(story.zero.1, format!("pod {}'s deletion", moments::pod_number(pods[1])));
}

#[test]
fn a_request_without_trouble_has_no_story() {
    let traced = traced();
    let id = (0..).find(|id| !traced.seen.attempts.iter().any(|a| a.request == *id)).unwrap();
    let none = traced.story(id, None, &case, NEVER);
    assert_eq!(none, Err(NoStory::NoTrouble { request: id, run: 1 }));
}

#[test]
fn the_search_finds_the_first_step_and_stops_early() {
    for (count, first) in
        [(0, None), (1, Some(0)), (1, None), (9, Some(4)), (9, Some(8)), (120, Some(1)), (9, None)]
    {
        let mut asked = 0;
        let found = changes::first_that(count, &mut |step| {
            asked += 1;
            first.is_some_and(|first| step >= first)
        });
        assert_eq!(found, first, "{count} steps");
        assert!(asked <= 9, "{count} steps: {asked} questions");
    }
}
