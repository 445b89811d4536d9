//! Tests of the probe worker.

use super::*;
use proptest::prelude::*;

const NOW: SimTime = SimTime(1_000_000_000_000);

fn running(id: u32) -> ContainerView {
    ContainerView {
        id: Some(ContainerId(id)),
        state: ContainerState::Running { started_at: NOW - Nanos::from_secs(100) },
        started: true,
        pod_ended: false,
        pod_deleting: false,
        restart_never: false,
    }
}

fn thresholds(success: u32, failure: u32) -> ProbeSpec {
    ProbeSpec { success_threshold: success, failure_threshold: failure, ..ProbeSpec::default() }
}

/// Runs attempts in a row on container `id` and gives the stored result after each.
fn attempts(
    worker: &mut WorkerState,
    kind: ProbeKind,
    spec: &ProbeSpec,
    view: &ContainerView,
    outcomes: &str,
) -> String {
    let mut results = String::new();
    for outcome in outcomes.chars() {
        if worker.gate(kind, spec, view, NOW).attempt == Attempt::Probe {
            worker.record(
                kind,
                spec,
                match outcome {
                    's' => ProbeOutcome::Success,
                    'f' => ProbeOutcome::Failure,
                    _ => ProbeOutcome::Error,
                },
            );
        }
        results.push(match worker.result_of(view.id.unwrap()) {
            Some(ProbeResult::Success) => 's',
            Some(ProbeResult::Failure) => 'f',
            Some(ProbeResult::Unknown) => '?',
            None => '-',
        });
    }
    results
}

// Source: kubernetes pkg/kubelet/prober/worker_test.go TestFailureThreshold, TestSuccessThreshold,
// TestOnHoldOnLivenessOrStartupCheckFailure, TestResultRunOnLivenessCheckFailure,
// TestStartupProbeSuccessThreshold; the last rows from the order of steps in worker.go.
#[test]
fn results_change_at_the_thresholds() {
    use ProbeKind::*;
    for (name, kind, spec, started, outcomes, results) in [
        ("two failures are forgiven", Readiness, thresholds(1, 3), true, "sffsfff", "ssssssf"),
        ("readiness starts as failure", Readiness, thresholds(3, 1), true, "sssfs", "ffsff"),
        ("liveness starts as success", Liveness, thresholds(1, 3), true, "fff", "ssf"),
        ("a failed liveness probe rests", Liveness, thresholds(1, 1), true, "fsss", "ffff"),
        ("startup is undecided at first", Startup, thresholds(1, 3), false, "ffs", "??s"),
        ("a startup verdict rests", Startup, thresholds(1, 1), false, "sfff", "ssss"),
        ("errors neither count nor reset", Readiness, thresholds(1, 3), true, "sffeef", "sssssf"),
        ("liveness waits for startup", Liveness, thresholds(1, 1), false, "ff", "ss"),
        ("readiness waits for startup", Readiness, thresholds(1, 1), false, "ss", "ff"),
        ("startup is over once started", Startup, thresholds(1, 1), true, "f", "?"),
    ] {
        let view = ContainerView { started, ..running(1) };
        let got = attempts(&mut WorkerState::default(), kind, &spec, &view, outcomes);
        assert_eq!(got, results, "{name}");
    }
}

// Derived from worker.go: the counter is not reset by a new container.
#[test]
fn readiness_counters_survive_a_restart() {
    let mut worker = WorkerState::default();
    let spec = thresholds(2, 3);
    assert_eq!(attempts(&mut worker, ProbeKind::Readiness, &spec, &running(1), "sss"), "fss");
    assert_eq!(attempts(&mut worker, ProbeKind::Readiness, &spec, &running(2), "s"), "s");
    assert_eq!(worker.run(), 4);
    assert_eq!(worker.result_of(ContainerId(1)), None, "the old instance is forgotten");
}

#[test]
fn a_restart_ends_the_rest_and_a_verdict_zeroes_the_run() {
    let mut worker = WorkerState::default();
    let spec = thresholds(1, 2);
    assert_eq!(attempts(&mut worker, ProbeKind::Liveness, &spec, &running(1), "ffs"), "sff");
    assert!(worker.is_on_hold() && worker.run() == 0);
    // One failure of the new instance must not be the second in a row.
    assert_eq!(attempts(&mut worker, ProbeKind::Liveness, &spec, &running(2), "ff"), "sf");
}

// Source: worker_test.go TestDoProbe, TestInitialDelay.
#[test]
fn the_gate_knows_when_not_to_probe() {
    use ProbeKind::*;
    use WaitReason::*;
    let delayed = ProbeSpec { initial_delay_seconds: 10, ..thresholds(1, 1) };
    let waiting = ContainerView { state: ContainerState::Waiting, ..running(1) };
    let gone = ContainerView { state: ContainerState::Terminated, ..running(1) };
    let young = |age_ms| ContainerView {
        state: ContainerState::Running { started_at: NOW - Nanos::from_millis(age_ms) },
        ..running(1)
    };
    let failure = Some(ProbeResult::Failure);
    for (name, kind, view, attempt, stored) in [
        (
            "no instance",
            Readiness,
            ContainerView { id: None, ..running(1) },
            Attempt::Wait(NoContainer),
            None,
        ),
        ("pod ended", Readiness, ContainerView { pod_ended: true, ..running(1) }, Attempt::End, None),
        ("waiting", Liveness, waiting, Attempt::Wait(NotRunning), failure),
        ("terminated", Liveness, gone, Attempt::Wait(NotRunning), failure),
        ("for good", Liveness, ContainerView { restart_never: true, ..gone }, Attempt::End, failure),
        (
            "waiting, never restarted",
            Liveness,
            ContainerView { restart_never: true, ..waiting },
            Attempt::Wait(NotRunning),
            failure,
        ),
        // The start is cut to a whole second, so 9.2 s after 990.8 s count as 10.
        ("delay over by truncation", Readiness, young(9_200), Attempt::Probe, failure),
        ("delay, exactly", Readiness, young(10_000), Attempt::Probe, failure),
        ("delay, whole second short", Readiness, young(9_000), Attempt::Wait(InitialDelay), failure),
        (
            "deletion stops liveness",
            Liveness,
            ContainerView { pod_deleting: true, ..running(1) },
            Attempt::End,
            Some(ProbeResult::Success),
        ),
        (
            "deletion does not stop readiness",
            Readiness,
            ContainerView { pod_deleting: true, ..running(1) },
            Attempt::Probe,
            failure,
        ),
    ] {
        let mut worker = WorkerState::default();
        let gated = worker.gate(kind, &delayed, &view, NOW);
        assert_eq!(gated.attempt, attempt, "{name}");
        assert_eq!(gated.update, stored, "{name}");
        assert_eq!(worker.gate(kind, &delayed, &view, NOW).update, None, "{name}: told twice");
    }
}

#[test]
fn the_containers_fields_follow_the_stored_results() {
    use ProbeResult::*;
    for (running, probe, stored, started) in [
        (true, false, None, true),
        (true, true, None, false),
        (true, true, Some(Unknown), false),
        (true, true, Some(Success), true),
        (false, false, None, false),
    ] {
        assert_eq!(container_started(running, probe, stored), started, "{running} {probe} {stored:?}");
    }
    for (started, probe, stored, ready, trigger) in [
        (true, false, None, true, false),
        (true, true, None, false, true),
        (true, true, Some(Failure), false, true),
        (true, true, Some(Success), true, false),
        (false, true, Some(Success), false, false),
    ] {
        let got = container_ready(started, probe, stored);
        assert_eq!(got, Readiness { ready, trigger }, "{started} {probe} {stored:?}");
    }
}

// Source: kubernetes pkg/probe/http/http_test.go.
#[test]
fn http_statuses_below_400_are_success() {
    for (reply, outcome) in [
        (HttpReply::Status(200), ProbeOutcome::Success),
        (HttpReply::Status(302), ProbeOutcome::Success),
        (HttpReply::Status(399), ProbeOutcome::Success),
        (HttpReply::Status(400), ProbeOutcome::Failure),
        (HttpReply::Status(503), ProbeOutcome::Failure),
        (HttpReply::Status(199), ProbeOutcome::Failure),
        (HttpReply::NoResponse, ProbeOutcome::Failure),
        (HttpReply::BodyCut, ProbeOutcome::Error),
    ] {
        assert_eq!(http_outcome(reply), outcome, "{reply:?}");
    }
}

proptest! {
    /// After any past, `failureThreshold` failures give failure and `successThreshold` successes
    /// give success: nothing older than the last outcomes matters.
    #[test]
    fn only_the_last_outcomes_matter(past in "[sfe]{0,30}", success in 1_u32..4, failure in 1_u32..4) {
        let spec = thresholds(success, failure);
        for (outcome, count) in [("f", failure), ("s", success)] {
            let mut worker = WorkerState::default();
            attempts(&mut worker, ProbeKind::Readiness, &spec, &running(1), &past);
            let tail = outcome.repeat(count as usize);
            let results = attempts(&mut worker, ProbeKind::Readiness, &spec, &running(1), &tail);
            prop_assert!(results.ends_with(outcome), "{} then {} gave {}", past, tail, results);
        }
    }

    /// With thresholds of 1 the result is the last counted outcome.
    #[test]
    fn without_thresholds_the_last_outcome_is_the_result(past in "[sf]{1,30}") {
        let mut worker = WorkerState::default();
        let results = attempts(&mut worker, ProbeKind::Readiness, &thresholds(1, 1), &running(1), &past);
        prop_assert_eq!(results, past);
    }
}
