//! An owned input for the tests: a healthy Deployment that each test bends where it matters.

use super::*;
use crate::units::{Nanos, SimTime};

/// The tests' clock; a million seconds, so that "ages ago" is far away.
pub(super) const NOW: SimTime = SimTime(1_000_000_000_000_000);

pub(super) fn ago(seconds: u64) -> SimTime {
    NOW - Nanos::from_secs(seconds)
}

#[derive(Clone, Debug)]
pub(super) struct Fixture {
    pub now: SimTime,
    pub options: Options,
    pub hpa: HpaSpec,
    pub scale: Scale,
    pub pods: Vec<PodView>,
    pub requests: Vec<PodRequests>,
    pub samples: Vec<Samples>,
    pub history: History,
    pub conditions: Conditions,
}

/// A pod that has been ready for ages.
pub(super) fn pod() -> PodView {
    PodView {
        phase: Phase::Running,
        deleted: false,
        ready: Some(Status::True),
        ready_transition: SimTime(0),
        start_time: Some(SimTime(0)),
        requests: 0,
    }
}

/// One container `app` requesting so much CPU.
pub(super) fn requests(cpu: i64) -> PodRequests {
    let requests = [("cpu".to_owned(), cpu)].into();
    PodRequests {
        containers: vec![ContainerRequests { name: "app".to_owned(), requests }],
        ..PodRequests::default()
    }
}

pub(super) fn cpu(percent: i32) -> MetricSpec {
    let source = MetricSource::Resource { resource: "cpu".to_owned() };
    MetricSpec { source, target: MetricTarget::utilization(percent) }
}

pub(super) fn external(target: MetricTarget) -> MetricSpec {
    MetricSpec { source: MetricSource::External { metric: "queue".to_owned() }, target }
}

pub(super) fn object(target: MetricTarget) -> MetricSpec {
    MetricSpec { source: MetricSource::Object { metric: "hits".to_owned() }, target }
}

pub(super) fn per_pod(milli: i64) -> MetricSpec {
    let source = MetricSource::Pods { metric: "qps".to_owned() };
    MetricSpec { source, target: MetricTarget::average_value(milli) }
}

/// Fresh samples, the n-th of pod n.
pub(super) fn values(values: &[i64]) -> Samples {
    let sample = |(pod, value): (u32, &i64)| PodSample {
        pod,
        time: NOW,
        window: Nanos::from_secs(60),
        value: Some(*value),
    };
    Samples::Pods((0..).zip(values).map(sample).collect())
}

impl Fixture {
    /// `size` ready pods of 1 core each, 1 to 100 replicas, no metrics yet, an empty history.
    pub(super) fn new(size: i32) -> Fixture {
        Fixture {
            now: NOW,
            options: Options::for_kubernetes(35),
            hpa: HpaSpec { min_replicas: 1, max_replicas: 100, metrics: Vec::new(), behavior: None },
            scale: Scale { spec_replicas: size, status_replicas: size },
            pods: vec![pod(); usize::try_from(size).expect("a size")],
            requests: vec![requests(1000)],
            samples: Vec::new(),
            history: History { recommendations: Some(Vec::new()), ..History::default() },
            conditions: Conditions::default(),
        }
    }

    /// With one more metric and what its API answers.
    pub(super) fn with(mut self, metric: MetricSpec, samples: Samples) -> Fixture {
        self.hpa.metrics.push(metric);
        self.samples.push(samples);
        self
    }

    /// With a metric that proposes exactly so many replicas (or the current size, which then
    /// happens to be the same).
    pub(super) fn proposing(self, replicas: i32) -> Fixture {
        let target = MetricTarget::average_value(1000);
        self.with(external(target), Samples::External(vec![i64::from(replicas) * 1000]))
    }

    pub(super) fn bounds(mut self, min: i32, max: i32) -> Fixture {
        (self.hpa.min_replicas, self.hpa.max_replicas) = (min, max);
        self
    }

    pub(super) fn behavior(mut self, behavior: Behavior) -> Fixture {
        self.hpa.behavior = Some(behavior);
        self
    }

    pub(super) fn input(&self) -> Input<'_> {
        Input {
            now: self.now,
            options: &self.options,
            hpa: &self.hpa,
            scale: self.scale,
            pods: &self.pods,
            requests: &self.requests,
            samples: &self.samples,
            history: &self.history,
            conditions: &self.conditions,
        }
    }

    pub(super) fn decide(&self) -> Decision {
        decide(&self.input())
    }

    /// The proposal of the first metric.
    pub(super) fn evaluate(&self) -> Result<Proposal, MetricError> {
        evaluate(&self.input(), 0).result
    }
}

/// One policy, Max, no window.
pub(super) fn rules(kind: PolicyKind, value: i32, period: u64) -> ScalingRules {
    ScalingRules {
        stabilization_window: Some(Nanos::ZERO),
        select_policy: SelectPolicy::Max,
        policies: vec![ScalingPolicy { kind, value, period: Nanos::from_secs(period) }],
        tolerance: None,
    }
}
