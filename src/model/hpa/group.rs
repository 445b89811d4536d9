//! Which pods count for a metric, and why the others do not.

use super::Options;
use super::observe::{Phase, PodSample, PodView, Status};
use crate::units::SimTime;

/// What a pod is to one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodClass {
    /// Its sample counts.
    Ready,
    /// Ignored: it has a deletion timestamp.
    Terminating,
    /// Ignored: its phase is Failed.
    Failed,
    /// Ignored: it ran to completion (from 1.38).
    Succeeded,
    /// Unready: its phase is Pending.
    Pending,
    /// Missing: no sample.
    NoSample,
    /// Unready: the kubelet has not reported a Ready condition or a start time yet.
    NotStarted,
    /// Unready: not ready, and started less than the CPU initialization period ago.
    Initializing,
    /// Unready: ready, but its sample began before it was, and it started less than the CPU
    /// initialization period ago.
    WarmingUp,
    /// Unready: not ready since it started.
    NeverReady,
}

/// The four groups of the algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodGroup {
    /// Counted with its sample.
    Ready,
    /// Counted as 0 when growing, left out otherwise.
    Unready,
    /// Counted as 0 when growing and as its request or target when shrinking.
    Missing,
    /// Never counted.
    Ignored,
}

impl PodClass {
    /// The group that decides how the pod enters the arithmetic.
    pub fn group(self) -> PodGroup {
        match self {
            PodClass::Ready => PodGroup::Ready,
            PodClass::Terminating | PodClass::Failed | PodClass::Succeeded => PodGroup::Ignored,
            PodClass::NoSample => PodGroup::Missing,
            PodClass::Pending
            | PodClass::NotStarted
            | PodClass::Initializing
            | PodClass::WarmingUp
            | PodClass::NeverReady => PodGroup::Unready,
        }
    }
}

/// Sorts one pod. `cpu` turns on the readiness rule, which other metrics do not have.
///
/// Source: replica_calculator.go groupPods. All comparisons are strict as there: a pod whose
/// initialization period ends now is past it, a sample that began with the transition counts.
pub fn classify(
    pod: &PodView,
    sample: Option<&PodSample>,
    cpu: bool,
    now: SimTime,
    options: &Options,
) -> PodClass {
    match pod.phase {
        _ if pod.deleted => return PodClass::Terminating,
        Phase::Failed => return PodClass::Failed,
        Phase::Succeeded if options.ignore_succeeded_pods => return PodClass::Succeeded,
        Phase::Pending => return PodClass::Pending,
        _ => {}
    }
    let Some(sample) = sample else { return PodClass::NoSample };
    if !cpu {
        return PodClass::Ready;
    }
    let (Some(ready), Some(start)) = (pod.ready, pod.start_time) else { return PodClass::NotStarted };
    if start + options.cpu_initialization_period > now {
        if ready == Status::False {
            return PodClass::Initializing;
        }
        if sample.time < pod.ready_transition + sample.window {
            return PodClass::WarmingUp;
        }
    } else if ready == Status::False && start + options.initial_readiness_delay > pod.ready_transition {
        return PodClass::NeverReady;
    }
    PodClass::Ready
}

/// How many pods are in which group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupCounts {
    /// Counted with their samples.
    pub ready: u32,
    /// Counted as 0 when growing.
    pub unready: u32,
    /// Without a sample.
    pub missing: u32,
    /// Never counted.
    pub ignored: u32,
}

impl GroupCounts {
    /// One more pod of this group.
    pub(super) fn add(&mut self, group: PodGroup) {
        match group {
            PodGroup::Ready => self.ready += 1,
            PodGroup::Unready => self.unready += 1,
            PodGroup::Missing => self.missing += 1,
            PodGroup::Ignored => self.ignored += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Nanos;

    /// Seconds on the tests' clock; pods that have "long been running" started at 0.
    const NOW: u64 = 10_000;

    fn at(seconds: u64) -> SimTime {
        SimTime(Nanos::from_secs(seconds).0)
    }

    fn options() -> Options {
        Options {
            cpu_initialization_period: Nanos::from_secs(120),
            initial_readiness_delay: Nanos::from_secs(10),
            ..Options::for_kubernetes(35)
        }
    }

    struct Case {
        name: &'static str,
        phase: Phase,
        deleted: bool,
        ready: Option<Status>,
        transition: u64,
        start: Option<u64>,
        sample: Option<(u64, u64)>,
        cpu: PodClass,
        other: PodClass,
    }

    /// A pod that has been ready for ages, with a fresh sample.
    const OLD: Case = Case {
        name: "long ready",
        phase: Phase::Running,
        deleted: false,
        ready: Some(Status::True),
        transition: 0,
        start: Some(0),
        sample: Some((NOW, 60)),
        cpu: PodClass::Ready,
        other: PodClass::Ready,
    };

    /// Source: kubernetes replica_calculator_test.go TestGroupPods, and the boundaries of the rule.
    fn cases() -> Vec<Case> {
        let young = Case { start: Some(NOW - 119), ..OLD };
        let grown = Case { start: Some(NOW - 120), ..OLD };
        vec![
            OLD,
            Case {
                name: "terminating",
                deleted: true,
                cpu: PodClass::Terminating,
                other: PodClass::Terminating,
                ..OLD
            },
            Case {
                name: "terminating before failed and pending",
                deleted: true,
                phase: Phase::Pending,
                cpu: PodClass::Terminating,
                other: PodClass::Terminating,
                ..OLD
            },
            Case {
                name: "failed",
                phase: Phase::Failed,
                cpu: PodClass::Failed,
                other: PodClass::Failed,
                ..OLD
            },
            Case { name: "succeeded is nothing special", phase: Phase::Succeeded, ..OLD },
            Case { name: "unknown phase is nothing special", phase: Phase::Unknown, ..OLD },
            Case {
                name: "pending",
                phase: Phase::Pending,
                cpu: PodClass::Pending,
                other: PodClass::Pending,
                ..OLD
            },
            Case {
                name: "pending without a sample",
                phase: Phase::Pending,
                sample: None,
                cpu: PodClass::Pending,
                other: PodClass::Pending,
                ..OLD
            },
            Case {
                name: "no sample",
                sample: None,
                ready: None,
                cpu: PodClass::NoSample,
                other: PodClass::NoSample,
                ..OLD
            },
            Case { name: "no ready condition", ready: None, cpu: PodClass::NotStarted, ..OLD },
            Case { name: "no start time", start: None, cpu: PodClass::NotStarted, ..OLD },
            Case {
                name: "young and not ready",
                ready: Some(Status::False),
                cpu: PodClass::Initializing,
                ..young
            },
            Case { name: "young, ready for one window to the second", transition: NOW - 60, ..young },
            Case {
                name: "young, ready for less than a window",
                transition: NOW - 59,
                cpu: PodClass::WarmingUp,
                ..young
            },
            Case {
                name: "young, unknown is not false",
                ready: Some(Status::Unknown),
                transition: NOW - 60,
                ..young
            },
            Case { name: "grown: the window no longer matters", transition: NOW - 1, ..grown },
            Case {
                name: "grown, not ready since just after the start",
                ready: Some(Status::False),
                transition: NOW - 120 + 9,
                cpu: PodClass::NeverReady,
                ..grown
            },
            Case {
                name: "grown, not ready since the delay to the second",
                ready: Some(Status::False),
                transition: NOW - 120 + 10,
                ..grown
            },
            Case {
                name: "was ready, then failed its probe",
                ready: Some(Status::False),
                transition: NOW - 5,
                ..grown
            },
            Case { name: "grown, unknown is not false", ready: Some(Status::Unknown), transition: 0, ..OLD },
        ]
    }

    fn class_of(case: &Case, cpu: bool, options: &Options) -> PodClass {
        let pod = PodView {
            phase: case.phase,
            deleted: case.deleted,
            ready: case.ready,
            ready_transition: at(case.transition),
            start_time: case.start.map(at),
            requests: 0,
        };
        let sample = case.sample.map(|(time, window)| PodSample {
            pod: 0,
            time: at(time),
            window: Nanos::from_secs(window),
            value: Some(1),
        });
        classify(&pod, sample.as_ref(), cpu, at(NOW), options)
    }

    #[test]
    fn every_rule_and_its_boundary() {
        for case in cases() {
            assert_eq!(class_of(&case, true, &options()), case.cpu, "cpu: {}", case.name);
            assert_eq!(class_of(&case, false, &options()), case.other, "other: {}", case.name);
        }
    }

    #[test]
    fn succeeded_pods_are_ignored_from_1_38() {
        let done = Case { phase: Phase::Succeeded, ..OLD };
        let newer = Options { ignore_succeeded_pods: true, ..options() };
        assert_eq!(class_of(&done, true, &newer), PodClass::Succeeded);
        assert_eq!(class_of(&done, false, &newer), PodClass::Succeeded);
    }

    #[test]
    fn counts_follow_the_groups() {
        let mut counts = GroupCounts::default();
        for class in [
            PodClass::Ready,
            PodClass::Terminating,
            PodClass::Failed,
            PodClass::Succeeded,
            PodClass::Pending,
            PodClass::NoSample,
            PodClass::NotStarted,
            PodClass::Initializing,
            PodClass::WarmingUp,
            PodClass::NeverReady,
        ] {
            counts.add(class.group());
        }
        assert_eq!(counts, GroupCounts { ready: 1, unready: 5, missing: 1, ignored: 3 });
    }
}
