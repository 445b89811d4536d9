//! How a container is stopped: how much grace it has, when the stop signal and SIGKILL come.
//!
//! All grace is in whole seconds, and time used up is cut down to whole seconds before it is
//! deducted, so SIGKILL comes up to a second late per deduction. The hook strictly precedes the
//! signal, and one countdown covers both. Times here are measured from the start of the kill, which
//! is a little after the deletionTimestamp.
//!
//! Source: kubernetes pkg/kubelet/kuberuntime/kuberuntime_container.go killContainer and
//! kuberuntime_termination_order.go (v1.31.13), pkg/registry/core/pod/strategy.go.

use crate::units::Nanos;

/// Every stop signal is followed by at least this much time before SIGKILL
/// (`minimumGracePeriodInSeconds`).
pub const MINIMUM_GRACE_SECONDS: u32 = 2;
/// The API's default for `terminationGracePeriodSeconds`.
pub const DEFAULT_GRACE_SECONDS: u32 = 30;

/// The grace that a DELETE writes into the object; zero removes the object at once.
///
/// `requested` is the caller's `gracePeriodSeconds`, `ended` whether the phase is Succeeded or
/// Failed. Source: strategy.go CheckGracefulDelete.
pub fn deletion_grace(requested: Option<i64>, spec_seconds: u32, scheduled: bool, ended: bool) -> u32 {
    if !scheduled || ended {
        return 0;
    }
    match requested {
        None => spec_seconds,
        Some(seconds) if seconds < 0 => 1,
        Some(seconds) => u32::try_from(seconds).unwrap_or(u32::MAX),
    }
}

/// The grace a pod worker uses when it is told to stop a pod, perhaps for the second time: it can
/// only shrink, and is never below one second.
/// Source: pkg/kubelet/pod_workers.go calculateEffectiveGracePeriod.
pub fn effective_grace(before: Option<u32>, requested: u32) -> u32 {
    before.map_or(requested, |seconds| seconds.min(requested)).max(1)
}

/// The grace one container's kill starts with.
///
/// `deletion` is the pod's effective deletion grace; `failed_probe` the probe's own
/// `terminationGracePeriodSeconds` when its failure is the reason, which counts only beside a
/// grace in the pod's spec (the API always writes one). Source: setTerminationGracePeriod.
pub fn base_grace(deletion: Option<u32>, failed_probe: Option<u32>, spec: Option<u32>) -> u32 {
    deletion.or(spec.map(|seconds| failed_probe.unwrap_or(seconds))).unwrap_or(MINIMUM_GRACE_SECONDS)
}

/// The countdown of one container's kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    left: Nanos,
    /// Whether parts of a second are deducted, too.
    exact: bool,
}

impl Grace {
    /// A countdown from `seconds`, see [`base_grace`].
    pub fn new(seconds: u32) -> Grace {
        Grace { left: Nanos::from_secs(u64::from(seconds)), exact: false }
    }

    /// A countdown that knows parts of a second, as the kubelet's does not.
    pub fn exact(seconds: u32) -> Grace {
        Grace { exact: true, ..Grace::new(seconds) }
    }

    /// How long a step before the signal (hook, waiting for its turn) may take; `None` means that
    /// the step is left out.
    pub fn limit(self) -> Option<Nanos> {
        (self.left > Nanos::ZERO).then_some(self.left)
    }

    /// The countdown after a step that took `elapsed`: only whole seconds are deducted, unless it is
    /// exact.
    #[must_use]
    pub fn after(self, elapsed: Nanos) -> Grace {
        let spent = if self.exact { elapsed } else { Nanos::from_secs(elapsed.whole_secs()) };
        Grace { left: self.left.saturating_sub(spent), ..self }
    }

    /// The time from the stop signal to SIGKILL.
    pub fn from_signal_to_kill(self) -> Nanos {
        self.left.max(Nanos::from_secs(u64::from(MINIMUM_GRACE_SECONDS)))
    }
}

/// How a container behaves when it is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopBehaviour {
    /// How long the preStop hook would run if nobody cut it; `None` without a hook. A hook that
    /// fails at once takes no time and delays nothing.
    pub hook: Option<Nanos>,
    /// How long after the stop signal the last process ends; `None` if it ignores the signal.
    pub exit_after_signal: Option<Nanos>,
}

/// What happens to one container, in time since the start of its kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopTimeline {
    /// The hook has ended or was abandoned.
    pub hook_ends_at: Nanos,
    /// The stop signal is sent.
    pub signal_at: Nanos,
    /// SIGKILL is due.
    pub sigkill_at: Nanos,
    /// The container has ended.
    pub ends_at: Nanos,
    /// It was SIGKILL that ended it.
    pub killed: bool,
}

/// Plays one container's kill through.
///
/// `turn` is when it may be signalled at the earliest: zero for app containers, the end of all
/// app containers and later sidecars for a sidecar. A process that ends exactly when SIGKILL is
/// due counts as ended by itself.
pub fn stop_timeline(grace_seconds: u32, stop: &StopBehaviour, turn: Nanos) -> StopTimeline {
    let grace = Grace::new(grace_seconds);
    let hook = stop.hook.zip(grace.limit()).map_or(Nanos::ZERO, |(hook, limit)| hook.min(limit));
    let grace = grace.after(hook);
    let wait = grace.limit().map_or(Nanos::ZERO, |limit| turn.saturating_sub(hook).min(limit));
    let grace = grace.after(wait);
    let signal_at = hook + wait;
    let sigkill_at = signal_at + grace.from_signal_to_kill();
    let exits_at = stop.exit_after_signal.map(|span| signal_at + span).filter(|end| *end <= sigkill_at);
    StopTimeline {
        hook_ends_at: hook,
        signal_at,
        sigkill_at,
        ends_at: exits_at.unwrap_or(sigkill_at),
        killed: exits_at.is_none(),
    }
}

/// Plays a whole pod's kill through: all hooks start together, app containers are signalled when
/// their own hook has ended, sidecars (restartable init containers, in the order of the spec) one
/// after another from the last to the first, each within its own countdown of the same grace.
///
/// Gives the app containers' timelines, then the sidecars', both in the order given.
pub fn stop_pod(
    grace_seconds: u32,
    apps: &[StopBehaviour],
    sidecars: &[StopBehaviour],
) -> (Vec<StopTimeline>, Vec<StopTimeline>) {
    let apps: Vec<_> = apps.iter().map(|stop| stop_timeline(grace_seconds, stop, Nanos::ZERO)).collect();
    let mut turn = apps.iter().map(|timeline| timeline.ends_at).max().unwrap_or(Nanos::ZERO);
    let mut last_first = Vec::with_capacity(sidecars.len());
    for stop in sidecars.iter().rev() {
        let timeline = stop_timeline(grace_seconds, stop, turn);
        turn = turn.max(timeline.ends_at);
        last_first.push(timeline);
    }
    last_first.reverse();
    (apps, last_first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stop(hook_ms: Option<u64>, exit_ms: Option<u64>) -> StopBehaviour {
        StopBehaviour {
            hook: hook_ms.map(Nanos::from_millis),
            exit_after_signal: exit_ms.map(Nanos::from_millis),
        }
    }

    // Source: kubernetes pkg/registry/core/pod/strategy_test.go TestCheckGracefulDelete.
    #[test]
    fn a_delete_without_a_node_or_after_the_end_is_immediate() {
        for (name, requested, scheduled, ended, grace) in [
            ("spec", None, true, false, 30),
            ("override", Some(5), true, false, 5),
            ("force", Some(0), true, false, 0),
            ("negative", Some(-7), true, false, 1),
            ("unscheduled", Some(5), false, false, 0),
            ("ended", None, true, true, 0),
        ] {
            assert_eq!(deletion_grace(requested, 30, scheduled, ended), grace, "{name}");
        }
    }

    #[test]
    fn a_second_request_can_only_shorten() {
        assert_eq!(effective_grace(None, 30), 30);
        assert_eq!(effective_grace(Some(30), 1), 1);
        assert_eq!(effective_grace(Some(30), 60), 30);
        assert_eq!(effective_grace(None, 0), 1);
    }

    // Source: kuberuntime_container_test.go TestKillContainerGracePeriod.
    #[test]
    fn the_failing_probes_own_grace_beats_the_pods_but_not_a_deletion() {
        for (name, deletion, probe, spec, grace) in [
            ("nothing set", None, None, None, 2),
            ("pod", None, None, Some(60), 60),
            ("probe, shorter", None, Some(10), Some(60), 10),
            ("probe, longer", None, Some(60), Some(10), 60),
            ("deletion", Some(45), Some(10), Some(60), 45),
        ] {
            assert_eq!(base_grace(deletion, probe, spec), grace, "{name}");
        }
    }

    // Derived from killContainer; the traps are SIGTERM beside the hook, grace counted from the
    // signal, and SIGKILL exactly at the grace when the hook overran.
    #[test]
    fn one_countdown_covers_the_hook_and_the_signal() {
        for (name, grace, behaviour, signal_ms, kill_ms, end_ms, killed) in [
            ("no hook, exits", 30, stop(None, Some(3_000)), 0, 30_000, 3_000, false),
            ("no hook, hangs", 30, stop(None, None), 0, 30_000, 30_000, true),
            ("hook within the grace", 30, stop(Some(10_000), Some(1_000)), 10_000, 30_000, 11_000, false),
            ("hook eats the grace", 30, stop(Some(40_000), None), 30_000, 32_000, 32_000, true),
            ("hook leaves one second", 30, stop(Some(29_000), None), 29_000, 31_000, 31_000, true),
            ("part of a second is not deducted", 30, stop(Some(4_900), None), 4_900, 30_900, 30_900, true),
            ("a broken hook delays nothing", 30, stop(Some(0), Some(500)), 0, 30_000, 500, false),
            ("grace 0 leaves the hook out", 0, stop(Some(5_000), None), 0, 2_000, 2_000, true),
            ("grace 1 is raised", 1, stop(None, Some(1_500)), 0, 2_000, 1_500, false),
        ] {
            let got = stop_timeline(grace, &behaviour, Nanos::ZERO);
            let want =
                (Nanos::from_millis(signal_ms), Nanos::from_millis(kill_ms), Nanos::from_millis(end_ms));
            assert_eq!((got.signal_at, got.sigkill_at, got.ends_at), want, "{name}");
            assert_eq!(got.killed, killed, "{name}");
        }
    }

    // A rig's own arithmetic: the signal at min(S, G), SIGKILL max(2, G - S) later.
    #[test]
    fn an_exact_countdown_deducts_parts_of_a_second() {
        for (grace, hook_ms, kill_ms) in
            [(3, 500, 3_000), (3, 1_000, 3_000), (3, 1_500, 3_500), (3, 2_900, 4_900)]
        {
            let hook = Nanos::from_millis(hook_ms);
            let window = Grace::exact(grace).after(hook).from_signal_to_kill();
            assert_eq!(hook + window, Nanos::from_millis(kill_ms), "{hook_ms} ms");
        }
        assert_eq!(Grace::exact(0).limit(), None);
    }

    // Source: kuberuntime_termination_order_test.go.
    #[test]
    fn sidecars_stop_after_the_app_from_the_last_to_the_first() {
        let exits = stop(None, Some(1_250));
        let (apps, sidecars) = stop_pod(30, &[exits], &[exits; 3]);
        assert_eq!(apps[0].signal_at, Nanos::ZERO);
        let signals: Vec<_> = sidecars.iter().map(|timeline| timeline.signal_at.0 / 1_000_000).collect();
        assert_eq!(signals, [3_750, 2_500, 1_250]);
    }

    #[test]
    fn the_common_grace_ends_every_wait() {
        let (_, sidecars) = stop_pod(2, &[stop(None, None)], &[stop(None, None); 2]);
        for timeline in sidecars {
            assert_eq!(timeline.signal_at, Nanos::from_secs(2));
            assert_eq!(timeline.sigkill_at, Nanos::from_secs(4));
        }
    }

    #[test]
    fn a_sidecars_hook_runs_while_it_waits() {
        let (_, sidecars) = stop_pod(30, &[stop(None, Some(10_000))], &[stop(Some(4_000), Some(100))]);
        assert_eq!(sidecars[0].hook_ends_at, Nanos::from_secs(4));
        assert_eq!(sidecars[0].signal_at, Nanos::from_secs(10));
        assert_eq!(sidecars[0].sigkill_at, Nanos::from_secs(30));
    }

    fn any_stop() -> impl Strategy<Value = StopBehaviour> {
        let span = || proptest::option::of((0_u64..90_000).prop_map(Nanos::from_millis));
        (span(), span()).prop_map(|(hook, exit_after_signal)| StopBehaviour { hook, exit_after_signal })
    }

    proptest! {
        #[test]
        fn sigkill_leaves_two_seconds_and_is_never_much_later_than_the_grace(
            grace in 0_u32..120, behaviour in any_stop(), turn in 0_u64..200_000,
        ) {
            let got = stop_timeline(grace, &behaviour, Nanos::from_millis(turn));
            let two = Nanos::from_secs(2);
            prop_assert!(got.sigkill_at >= got.signal_at + two);
            // Truncation lets the signal be late by less than a second, the minimum adds two.
            prop_assert!(got.sigkill_at < Nanos::from_secs(u64::from(grace) + 3));
            prop_assert!(got.hook_ends_at <= got.signal_at && got.signal_at <= got.ends_at);
            prop_assert!(got.ends_at <= got.sigkill_at);
            prop_assert!(!got.killed || got.ends_at == got.sigkill_at);
        }

        #[test]
        fn a_sidecar_outlives_the_app_unless_the_grace_runs_out(
            grace in 2_u32..60, app in any_stop(), sidecar in any_stop(),
        ) {
            let (apps, sidecars) = stop_pod(grace, &[app], &[sidecar]);
            let out_of_grace = sidecars[0].signal_at >= Nanos::from_secs(u64::from(grace));
            prop_assert!(sidecars[0].signal_at >= apps[0].ends_at || out_of_grace);
        }
    }
}
