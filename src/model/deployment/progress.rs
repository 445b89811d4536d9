//! Whether a rollout gets on. The verdict is only reported, with the rollout: nothing is rolled back.
//!
//! Source: kubernetes pkg/controller/deployment/progress.go and util/deployment_util.go
//! DeploymentComplete, DeploymentProgressing, DeploymentTimedOut (v1.31.13).

use crate::units::{Nanos, SimTime};

/// The pod counts in a Deployment's status; terminating pods are in none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeploymentStatus {
    /// Pods of all ReplicaSets.
    pub replicas: u32,
    /// Pods of the new ReplicaSet.
    pub updated: u32,
    /// Ready pods.
    pub ready: u32,
    /// Pods that have been ready for `minReadySeconds`.
    pub available: u32,
}

/// The condition Progressing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Something has moved at that time. A created new ReplicaSet sets this, too.
    Moving {
        /// The condition's lastUpdateTime.
        since: SimTime,
    },
    /// The rollout is complete (NewReplicaSetAvailable).
    Complete,
    /// Nothing has moved for too long (ProgressDeadlineExceeded).
    DeadlineExceeded,
}

/// Whether all pods are new and available, and no other is left.
pub fn is_complete(desired: u32, status: &DeploymentStatus) -> bool {
    [status.replicas, status.updated, status.available].iter().all(|count| *count == desired)
}

/// The condition after a sync that finds `after` where the last one left `before`.
///
/// `progress_deadline_seconds` is the API's default 600 unless set; `None` never times out.
pub fn next_progress(
    current: Progress,
    desired: u32,
    before: &DeploymentStatus,
    after: &DeploymentStatus,
    progress_deadline_seconds: Option<u32>,
    now: SimTime,
) -> Progress {
    if current == Progress::Complete && after.replicas == after.updated {
        // Pods that come and go after a rollout are not a rollout.
        return current;
    }
    if is_complete(desired, after) {
        return Progress::Complete;
    }
    let old = |status: &DeploymentStatus| status.replicas.saturating_sub(status.updated);
    let has_moved = after.updated > before.updated
        || old(after) < old(before)
        || after.ready > before.ready
        || after.available > before.available;
    if has_moved {
        return Progress::Moving { since: now };
    }
    match (current, progress_deadline_seconds) {
        (Progress::Moving { since }, Some(seconds)) if deadline(since, seconds) < now => {
            Progress::DeadlineExceeded
        }
        _ => current,
    }
}

/// How long after `now` the controller looks again by itself, if nothing happens: at the deadline
/// plus a second.
pub fn progress_recheck(
    current: Progress,
    progress_deadline_seconds: Option<u32>,
    now: SimTime,
) -> Option<Nanos> {
    let Progress::Moving { since } = current else {
        return None;
    };
    let left = deadline(since, progress_deadline_seconds?).since(now);
    let second = Nanos::from_secs(1);
    Some(if left < second { Nanos::ZERO } else { left + second })
}

/// Timestamps in a status have whole seconds.
fn deadline(since: SimTime, seconds: u32) -> SimTime {
    since.floor_sec() + Nanos::from_secs(u64::from(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(replicas: u32, updated: u32, available: u32) -> DeploymentStatus {
        DeploymentStatus { replicas, updated, ready: available, available }
    }

    // Source: deployment_util_test.go TestDeploymentComplete, TestDeploymentProgressing,
    // TestDeploymentTimedOut; progress_test.go TestSyncRolloutStatus.
    #[test]
    fn a_rollout_moves_completes_or_times_out() {
        let start = SimTime::START;
        let now = start + Nanos::from_secs(601);
        let moving = Progress::Moving { since: start };
        let moved = Progress::Moving { since: now };
        let half = status(12, 5, 8);
        for (name, current, before, after, expected) in [
            ("nothing moved for too long", moving, half, half, Progress::DeadlineExceeded),
            ("it stays so", Progress::DeadlineExceeded, half, half, Progress::DeadlineExceeded),
            ("one more new pod", moving, half, status(13, 6, 8), moved),
            ("one old pod fewer", moving, half, status(11, 5, 8), moved),
            ("one more available", moving, half, status(12, 5, 9), moved),
            ("late, but it moves again", Progress::DeadlineExceeded, half, status(12, 5, 9), moved),
            ("all new and available", moving, half, status(10, 10, 10), Progress::Complete),
            ("an old pod is left", moving, half, status(11, 10, 10), moved),
            (
                "a lost pod is no rollout",
                Progress::Complete,
                status(10, 10, 10),
                status(10, 10, 9),
                Progress::Complete,
            ),
        ] {
            assert_eq!(next_progress(current, 10, &before, &after, Some(600), now), expected, "{name}");
        }
        assert_eq!(next_progress(moving, 10, &half, &half, None, now), moving, "no deadline");
        let exact = start + Nanos::from_secs(600);
        assert_eq!(next_progress(moving, 10, &half, &half, Some(600), exact), moving, "strictly later");
    }

    // Source: progress_test.go TestRequeueStuckDeployment.
    #[test]
    fn the_controller_looks_again_a_second_after_the_deadline() {
        let moving = Progress::Moving { since: SimTime::START };
        let at = |seconds| SimTime::START + Nanos::from_secs(seconds);
        assert_eq!(progress_recheck(moving, Some(600), at(180)), Some(Nanos::from_secs(421)));
        assert_eq!(progress_recheck(moving, Some(600), at(600)), Some(Nanos::ZERO));
        assert_eq!(progress_recheck(moving, None, at(180)), None);
        assert_eq!(progress_recheck(Progress::Complete, Some(600), at(180)), None);
    }
}
