//! CrashLoopBackOff: when the kubelet starts a container again.
//!
//! Source: client-go util/flowcontrol/backoff.go; kubernetes pkg/kubelet/kuberuntime
//! kuberuntime_manager.go doBackOff and pkg/kubelet/pod_workers.go completeWork (v1.31.13), changed
//! by pull request 133066 in 1.35.

use crate::units::{Nanos, SimTime};

/// The first and the longest delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackoffPolicy {
    /// The delay before the second restart (the first is immediate).
    pub initial: Nanos,
    /// The cap; from 1.35 a setting of the node (`crashLoopBackOff.maxContainerRestartPeriod`).
    pub max: Nanos,
}

impl Default for BackoffPolicy {
    fn default() -> Self {
        BackoffPolicy { initial: Nanos::from_secs(10), max: Nanos::from_secs(300) }
    }
}

/// What the kubelet remembers of a container that it has restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackoffEntry {
    /// The delay that the next exit has to sit out.
    delay: Nanos,
    restarted_at: SimTime,
}

/// What a pod sync does with an ended container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Start it and remember this, if anything.
    Now(Option<BackoffEntry>),
    /// Leave it, this much of the delay remains; see [`requeue_after`] for when the next sync is.
    Wait {
        /// Time until the delay is over.
        remaining: Nanos,
    },
}

/// Decides at `now` about a container that has ended. `finished_at` is the end of its last instance that the
/// sync knows of: a sync that has itself killed an unhealthy one still looks at the instance before that, and
/// where there was none, restarts without remembering anything.
///
/// The delay counts from that end. It doubles with every restart up to the cap and is forgotten
/// when an instance ran for more than twice the cap. The memory begins with the first restart,
/// which is why that one is immediate (kubernetes issue 133472). How the container ended makes no
/// difference: exit code 0, a crash and the OOM killer are the same here.
pub fn restart(
    policy: &BackoffPolicy,
    entry: Option<BackoffEntry>,
    finished_at: Option<SimTime>,
    now: SimTime,
) -> Restart {
    let Some(finished_at) = finished_at else { return Restart::Now(entry) };
    let forgotten_after = policy.max + policy.max;
    let Some(entry) = entry.filter(|entry| finished_at.since(entry.restarted_at) <= forgotten_after) else {
        return Restart::Now(Some(BackoffEntry { delay: policy.initial, restarted_at: now }));
    };
    let waited = now.since(finished_at);
    if waited < entry.delay {
        return Restart::Wait { remaining: entry.delay.saturating_sub(waited) };
    }
    let delay = (entry.delay + entry.delay).min(policy.max);
    Restart::Now(Some(BackoffEntry { delay, restarted_at: now }))
}

/// How long after a sync that found [`Restart::Wait`] the pod is synced again.
///
/// `uniform` is drawn from 0 to 1. Before 1.35 a pod in back-off is retried every 10 s, from 1.35
/// when the delay is over, at most 60 s later; both are stretched by up to half.
pub fn requeue_after(kubernetes_minor: u32, remaining: Nanos, uniform: f64) -> Nanos {
    const RETRY: Nanos = Nanos::from_secs(10);
    const RESYNC: Nanos = Nanos::from_secs(60);
    let base = if kubernetes_minor < 35 { RETRY } else { remaining.min(RESYNC) };
    Nanos::from_secs_f64(base.as_secs_f64() * (1.0 + 0.5 * uniform))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Restarts a container that ends `ran` after each start, syncing exactly when the delay ends;
    /// gives the waits in seconds.
    fn waits(policy: &BackoffPolicy, ran: Nanos, restarts: usize) -> Vec<u64> {
        let (mut now, mut entry) = (SimTime::START, None);
        (0..restarts)
            .map(|_| {
                let finished = now + ran;
                now = finished;
                if let Restart::Wait { remaining } = restart(policy, entry, Some(finished), now) {
                    now += remaining;
                }
                match restart(policy, entry, Some(finished), now) {
                    Restart::Now(next) => entry = next,
                    Restart::Wait { .. } => panic!("the delay is over"),
                }
                now.since(finished).whole_secs()
            })
            .collect()
    }

    // Source: the series follows from doBackOff and flowcontrol's Next.
    #[test]
    fn the_first_restart_is_immediate_and_then_the_delay_doubles_to_its_cap() {
        let policy = BackoffPolicy::default();
        assert_eq!(waits(&policy, Nanos::from_secs(1), 8), [0, 10, 20, 40, 80, 160, 300, 300]);
        let short = BackoffPolicy { max: Nanos::from_secs(15), ..policy };
        assert_eq!(waits(&short, Nanos::from_secs(1), 4), [0, 10, 15, 15]);
    }

    // Source: computePodActions and doBackOff look at the status from before the sync's own kill.
    #[test]
    fn kills_by_probes_meet_the_delay_only_if_they_come_faster() {
        let policy = BackoffPolicy::default();
        let at_once = |every: u64, kills: usize| {
            let (mut now, mut entry, mut before) = (SimTime::START, None, None);
            let kill = |_| {
                now += Nanos::from_secs(every);
                let Restart::Now(next) = restart(&policy, entry, before, now) else { return false };
                (entry, before) = (next, Some(now));
                true
            };
            (0..kills).map(kill).take_while(|started| *started).count()
        };
        assert_eq!(at_once(60, 9), 5, "nothing to remember at first, then 10, 20, 40 and 80 s");
        assert_eq!(at_once(15, 9), 3, "20 s are more than 15");
        assert_eq!(at_once(301, 20), 20, "never");
    }

    #[test]
    fn more_than_ten_minutes_of_life_forgive_everything() {
        let policy = BackoffPolicy::default();
        assert_eq!(waits(&policy, Nanos::from_secs(601), 4), [0; 4]);
        assert_eq!(waits(&policy, Nanos::from_secs(600), 3), [0, 10, 20]);
    }

    #[test]
    fn the_retry_is_blind_before_1_35_and_aimed_from_then_on() {
        let seconds = |minor, remaining, uniform| {
            requeue_after(minor, Nanos::from_secs(remaining), uniform).as_secs_f64()
        };
        for (minor, remaining, uniform, expected) in [
            (34, 160, 0.0, 10.0),
            (34, 1, 1.0, 15.0),
            (35, 20, 0.0, 20.0),
            (35, 20, 0.5, 25.0),
            (35, 300, 0.0, 60.0),
        ] {
            let got: f64 = seconds(minor, remaining, uniform);
            assert!((got - expected).abs() < 1e-9, "1.{minor} {remaining} s: {got}");
        }
    }
}
