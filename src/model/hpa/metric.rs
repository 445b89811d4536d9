//! One metric: from what the API answered to a proposal, with every step that led there.

use super::group::{GroupCounts, PodClass, PodGroup, classify};
use super::observe::{Phase, PodSample, PodView, Samples, Status};
use super::replicas::{
    PodTarget, Proposal, Tally, missing_fill, propose_for_average, propose_for_pods, propose_for_value,
    sum_for_average, sum_of_series,
};
use super::spec::{MetricSource, MetricSpec, MetricTarget, TargetKind};
use super::{Input, MetricError};

/// What one metric made of the input.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricEvaluation {
    /// The size it proposes, or why it cannot.
    pub result: Result<Proposal, MetricError>,
    /// Metrics with one value per pod: what each pod was to it, in the order of the pods. Empty
    /// if the metric failed before it looked at them.
    pub classes: Vec<PodClass>,
    /// How many pods are in which group.
    pub counts: GroupCounts,
    /// The numbers that the proposal follows from, where there are any.
    pub(super) basis: Option<Measured>,
}

/// The numbers that a proposal follows from. With them the proposal can be computed again for
/// another value of the metric, without looking at the pods again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Measured {
    Pods { target: PodTarget, tally: Tally },
    Value { value: i64, target: i64, ready: Option<u32> },
    Average { value: i64, target: i64, external: bool },
}

impl MetricEvaluation {
    fn failed(error: MetricError) -> MetricEvaluation {
        MetricEvaluation {
            result: Err(error),
            classes: Vec::new(),
            counts: GroupCounts::default(),
            basis: None,
        }
    }

    /// The size it proposes, or why it cannot.
    pub fn replicas(&self) -> Result<i32, MetricError> {
        self.result.map(|proposal| proposal.replicas)
    }
}

/// Evaluates metric number `index` of the spec.
///
/// Source: horizontal.go computeReplicasForMetric and the computeStatusFor... functions.
pub fn evaluate(input: &Input<'_>, index: usize) -> MetricEvaluation {
    let input = &Input { scale: input.scale.seen(input.options.current_is_status), ..*input };
    let Some(metric) = input.hpa.metrics.get(index) else {
        return MetricEvaluation::failed(MetricError::InvalidMetricType);
    };
    let target = match resolve_target(metric) {
        Ok(target) => target,
        Err(error) => return MetricEvaluation::failed(error),
    };
    let total = |samples: Option<&Samples>| match samples {
        Some(Samples::Object(value)) => Ok(*value),
        Some(Samples::External(series)) if series.is_empty() => Err(MetricError::NoMetrics),
        Some(Samples::External(series)) => match target {
            Target::TotalPerPod(_) => Ok(sum_for_average(series)),
            Target::PerPod(_) | Target::Value(_) => Ok(sum_of_series(series)),
        },
        Some(Samples::Pods(_) | Samples::Unavailable) | None => Err(MetricError::MetricsUnavailable),
    };
    let samples = input.samples.get(index);
    let measured = match target {
        Target::PerPod(target) => match samples {
            Some(Samples::Pods(samples)) => return evaluate_pods(input, &metric.source, target, samples),
            _ => Err(MetricError::MetricsUnavailable),
        },
        Target::Value(target) => {
            total(samples).map(|value| Measured::Value { value, target, ready: ready_pods(input.pods) })
        }
        Target::TotalPerPod(target) => {
            let external = matches!(metric.source, MetricSource::External { .. });
            total(samples).map(|value| Measured::Average { value, target, external })
        }
    };
    match measured {
        Ok(measured) => MetricEvaluation {
            result: propose(input, &measured),
            classes: Vec::new(),
            counts: GroupCounts::default(),
            basis: Some(measured),
        },
        Err(error) => MetricEvaluation::failed(error),
    }
}

/// The proposal that follows from the numbers of one metric.
pub(super) fn propose(input: &Input<'_>, measured: &Measured) -> Result<Proposal, MetricError> {
    let options = input.options;
    let tolerances = options.tolerances_for(input.hpa.behavior.as_ref());
    let current = input.scale.spec_replicas;
    match *measured {
        Measured::Pods { target, ref tally } => propose_for_pods(target, tally, current, tolerances, options)
            .ok_or(MetricError::NoMatchingMetrics),
        Measured::Value { value, target, ready } => {
            propose_for_value(value, target, current, ready, tolerances, options).ok_or(MetricError::NoPods)
        }
        Measured::Average { value, target, external } => {
            let status = input.scale.status_replicas;
            Ok(propose_for_average(value, external, target, status, tolerances, options))
        }
    }
}

/// Which of the target's fields counts.
#[derive(Clone, Copy)]
enum Target {
    PerPod(PodTarget),
    Value(i64),
    TotalPerPod(i64),
}

/// Which target holds, by kind of metric: Resource metrics prefer AverageValue over Utilization,
/// External ones over Value, Pods metrics know nothing else, and Object metrics go by `type`.
/// A target that is not above zero is no target: the API server would refuse it.
fn resolve_target(metric: &MetricSpec) -> Result<Target, MetricError> {
    let MetricTarget { kind, average_utilization, average_value, value } = metric.target;
    let percent = average_utilization.filter(|percent| *percent > 0);
    let average = average_value.filter(|milli| *milli > 0);
    let value = value.filter(|milli| *milli > 0);
    let per_pod = |milli| Target::PerPod(PodTarget::Average(milli));
    let target = match &metric.source {
        MetricSource::Resource { .. } | MetricSource::ContainerResource { .. } => {
            average.map(per_pod).or(percent.map(|percent| Target::PerPod(PodTarget::Utilization(percent))))
        }
        MetricSource::Pods { .. } => average.map(per_pod),
        MetricSource::Object { .. } => match kind {
            Some(TargetKind::Value) => value.map(Target::Value),
            Some(TargetKind::AverageValue) => average.map(Target::TotalPerPod),
            Some(TargetKind::Utilization) | None => None,
        },
        MetricSource::External { .. } => average.map(Target::TotalPerPod).or(value.map(Target::Value)),
        MetricSource::Unknown { .. } => return Err(MetricError::InvalidMetricType),
    };
    target.ok_or(MetricError::InvalidTarget)
}

/// Pods that run and are ready, as Value targets count them; `None` if there are no pods at all.
/// Source: replica_calculator.go getReadyPodsCount.
fn ready_pods(pods: &[PodView]) -> Option<u32> {
    if pods.is_empty() {
        return None;
    }
    let ready = pods.iter().filter(|pod| pod.phase == Phase::Running && pod.ready == Some(Status::True));
    u32::try_from(ready.count()).ok()
}

/// A metric with one value per pod.
fn evaluate_pods(
    input: &Input<'_>,
    source: &MetricSource,
    target: PodTarget,
    samples: &[PodSample],
) -> MetricEvaluation {
    let container_gone = input.options.missing_container_fails_metric
        && matches!(source, MetricSource::ContainerResource { .. })
        && samples.iter().any(|sample| sample.value.is_none());
    if container_gone {
        return MetricEvaluation::failed(MetricError::MetricsUnavailable);
    }
    if samples.is_empty() {
        return MetricEvaluation::failed(MetricError::NoMetrics);
    }
    if input.pods.is_empty() {
        return MetricEvaluation::failed(MetricError::NoPods);
    }

    let (by_pod, strangers) = index_samples(samples, input.pods.len());
    let class_of = |(pod, sample): (&PodView, &Option<&PodSample>)| {
        classify(pod, *sample, source.is_cpu(), input.now, input.options)
    };
    let classes: Vec<PodClass> = input.pods.iter().zip(&by_pod).map(class_of).collect();
    let mut counts = GroupCounts::default();
    for class in &classes {
        counts.add(class.group());
    }
    let measured = if counts.ready == 0 && strangers.is_empty() {
        Err(MetricError::NoReadyMetrics)
    } else {
        add_up(input, source, target, (&by_pod, &strangers), &classes)
            .map(|tally| Measured::Pods { target, tally })
    };
    MetricEvaluation {
        result: measured.and_then(|measured| propose(input, &measured)),
        basis: measured.ok(),
        classes,
        counts,
    }
}

/// Adds the samples up by group of pods.
fn add_up(
    input: &Input<'_>,
    source: &MetricSource,
    target: PodTarget,
    (by_pod, strangers): (&[Option<&PodSample>], &[i64]),
    classes: &[PodClass],
) -> Result<Tally, MetricError> {
    let requests = match (target, source.resource()) {
        (PodTarget::Utilization(percent), Some((resource, container))) => {
            Some((pod_requests(input, resource, container)?, percent))
        }
        _ => None,
    };
    let mut tally = Tally { samples: strangers.len() as u64, ..Tally::default() };
    if requests.is_none() {
        // Only a utilization needs to know the pod; averages take every sample there is.
        tally.value = strangers.iter().copied().map(i128::from).sum();
        tally.valued = tally.samples;
    }
    for (index, class) in classes.iter().enumerate() {
        let request = requests.as_ref().map_or(0, |(requests, _)| requests[index]);
        match class.group() {
            PodGroup::Ready => {
                tally.ready += 1;
                tally.samples += 1;
                tally.valued += 1;
                tally.value += by_pod[index].and_then(|sample| sample.value).map_or(0, i128::from);
                tally.requested += i128::from(request);
            }
            PodGroup::Missing => {
                tally.missing += 1;
                tally.missing_requested += i128::from(request);
                tally.missing_filled += requests
                    .as_ref()
                    .map_or(0, |(_, percent)| missing_fill(request, *percent, input.options));
            }
            PodGroup::Unready => {
                tally.unready += 1;
                tally.unready_requested += i128::from(request);
            }
            PodGroup::Ignored => {}
        }
    }
    Ok(tally)
}

/// Sorts samples by pod; those without a value are no samples. Second: values of unknown pods.
fn index_samples(samples: &[PodSample], pods: usize) -> (Vec<Option<&PodSample>>, Vec<i64>) {
    let mut by_pod = vec![None; pods];
    let mut strangers = Vec::new();
    for sample in samples {
        let Some(value) = sample.value else { continue };
        match by_pod.get_mut(sample.pod as usize) {
            Some(slot) => *slot = Some(sample),
            None => strangers.push(value),
        }
    }
    (by_pod, strangers)
}

/// The request of every pod, ignored ones included: one that lacks it fails the metric.
fn pod_requests(input: &Input<'_>, resource: &str, container: Option<&str>) -> Result<Vec<i64>, MetricError> {
    let pod_level = input.options.pod_level_resources;
    let templates: Vec<Result<i64, MetricError>> =
        input.requests.iter().map(|requests| requests.of(resource, container, pod_level)).collect();
    let of_pod = |pod: &PodView| {
        templates.get(pod.requests as usize).copied().unwrap_or(Err(MetricError::MissingRequest))
    };
    input.pods.iter().map(of_pod).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::*;
    use super::*;
    use crate::units::{Nanos, SimTime};

    fn replicas(fixture: &Fixture) -> Result<i32, MetricError> {
        fixture.evaluate().map(|proposal| proposal.replicas)
    }

    #[test]
    fn which_target_counts() {
        let both = MetricTarget {
            kind: Some(TargetKind::Value),
            average_utilization: Some(50),
            average_value: Some(100),
            value: Some(300),
        };
        let none = MetricTarget { kind: both.kind, ..MetricTarget::default() };
        let only_utilization = MetricTarget { average_utilization: Some(50), ..none };
        let only_value = MetricTarget { value: Some(300), ..none };
        let average = |target| MetricTarget { kind: Some(TargetKind::AverageValue), ..target };
        // Two pods using 500 each of 1000: 50 % is kept, 100 per pod asks for 10; a total of 900
        // is 3 times 300 on two pods, or 9 times 100.
        let of = |metric: MetricSpec, samples: Samples| replicas(&Fixture::new(2).with(metric, samples));
        let resource = |target| of(MetricSpec { target, ..cpu(1) }, values(&[500, 500]));
        let pods = |target| of(MetricSpec { target, ..per_pod(1) }, values(&[500, 500]));
        let hits = |target| of(object(target), Samples::Object(900));
        let queue = |target| of(external(target), Samples::External(vec![400, 500]));
        let invalid = Err(MetricError::InvalidTarget);
        for (name, got, want) in [
            ("resource: average wins", resource(both), Ok(10)),
            ("resource: utilization", resource(only_utilization), Ok(2)),
            ("resource: a value is nothing", resource(only_value), invalid),
            ("pods: average", pods(both), Ok(10)),
            ("pods: nothing else", pods(only_utilization), invalid),
            ("object: by type, value", hits(both), Ok(6)),
            ("object: by type, average", hits(average(both)), Ok(9)),
            ("object: the type's field is missing", hits(average(only_value)), invalid),
            ("object: no type", hits(MetricTarget { kind: None, ..both }), invalid),
            (
                "object: utilization",
                hits(MetricTarget { kind: Some(TargetKind::Utilization), ..both }),
                invalid,
            ),
            ("external: average wins", queue(both), Ok(9)),
            ("external: value", queue(only_value), Ok(6)),
            ("external: neither", queue(only_utilization), invalid),
            ("no field at all", resource(none), invalid),
            ("zero is no target", resource(MetricTarget::utilization(0)), invalid),
            ("zero is no average", pods(MetricTarget::average_value(0)), invalid),
            ("zero is no value", hits(MetricTarget::value(0)), invalid),
        ] {
            assert_eq!(got, want, "{name}");
        }
    }

    #[test]
    fn every_missing_pod_is_filled_in() {
        // Two of four pods use half the target; the others count with all of it: 750 of 1000.
        let fixture = Fixture::new(4).with(per_pod(1_000), values(&[500, 500]));
        assert_eq!(replicas(&fixture), Ok(3));
    }

    #[test]
    fn a_metric_tells_its_level_and_its_names() {
        let fixture = Fixture::new(2).with(cpu(50), values(&[600, 600]));
        let level = evaluate(&fixture.input(), 0).level().map(|level| (level.value, level.target));
        assert_eq!(level, Some((60, 50)));
        let container = MetricSource::ContainerResource { resource: "cpu".into(), container: "app".into() };
        for (source, name, resource) in [
            (cpu(1).source, "cpu", Some("cpu")),
            (container, "cpu of container app", Some("cpu")),
            (per_pod(1).source, "qps", None),
            (MetricSource::External { metric: String::new() }, "metric of type External", None),
        ] {
            assert_eq!((source.to_string().as_str(), source.resource_name()), (name, resource));
        }
    }

    #[test]
    fn every_failure_in_its_order() {
        let busy = || Fixture::new(2).with(cpu(50), values(&[900, 900]));
        let case = |bend: fn(&mut Fixture)| {
            let mut fixture = busy();
            bend(&mut fixture);
            replicas(&fixture)
        };
        type Bend = fn(&mut Fixture);
        let cases: [(&str, Bend, Result<i32, MetricError>); 14] = [
            ("healthy", |_| (), Ok(4)),
            (
                "unknown kind",
                |f| f.hpa.metrics[0].source = MetricSource::Unknown { kind: "Moon".to_owned() },
                Err(MetricError::InvalidMetricType),
            ),
            ("api error", |f| f.samples[0] = Samples::Unavailable, Err(MetricError::MetricsUnavailable)),
            ("no answer", |f| f.samples.clear(), Err(MetricError::MetricsUnavailable)),
            (
                "an answer of another kind",
                |f| f.samples[0] = Samples::Object(5),
                Err(MetricError::MetricsUnavailable),
            ),
            ("empty list", |f| f.samples[0] = values(&[]), Err(MetricError::NoMetrics)),
            (
                "empty list before no pods",
                |f| (f.samples[0], f.pods) = (values(&[]), vec![]),
                Err(MetricError::NoMetrics),
            ),
            ("no pods", |f| f.pods.clear(), Err(MetricError::NoPods)),
            (
                "all terminating",
                |f| f.pods.iter_mut().for_each(|p| p.deleted = true),
                Err(MetricError::NoReadyMetrics),
            ),
            (
                "no request",
                |f| f.requests[0].containers[0].requests.clear(),
                Err(MetricError::MissingRequest),
            ),
            ("no request table", |f| f.requests.clear(), Err(MetricError::MissingRequest)),
            (
                "even an ignored pod must have a request",
                |f| {
                    f.requests.push(PodRequests {
                        containers: vec![ContainerRequests::default()],
                        ..PodRequests::default()
                    });
                    f.pods.push(PodView { deleted: true, requests: 1, ..pod() });
                },
                Err(MetricError::MissingRequest),
            ),
            (
                "all samples are of unknown pods",
                |f| {
                    if let Samples::Pods(samples) = &mut f.samples[0] {
                        samples.iter_mut().for_each(|sample| sample.pod += 2);
                    }
                },
                Err(MetricError::NoMatchingMetrics),
            ),
            ("requests of zero", |f| f.requests[0] = requests(0), Err(MetricError::NoMatchingMetrics)),
        ];
        for (name, bend, want) in cases {
            assert_eq!(case(bend), want, "{name}");
        }
        let queue = |samples| replicas(&Fixture::new(2).with(external(MetricTarget::value(100)), samples));
        assert_eq!(queue(Samples::External(vec![])), Err(MetricError::NoMetrics));
        assert_eq!(queue(values(&[1])), Err(MetricError::MetricsUnavailable));
        let container =
            MetricSource::ContainerResource { resource: "cpu".to_owned(), container: "db".to_owned() };
        let mut gone = busy();
        gone.hpa.metrics[0].source = container;
        assert_eq!(replicas(&gone), Err(MetricError::ContainerNotFound));
    }

    #[test]
    fn classes_and_counts_tell_who_counted() {
        let mut fixture = Fixture::new(5).with(cpu(50), values(&[900, 900, 900, 900]));
        fixture.pods[1].deleted = true;
        fixture.pods[2].phase = Phase::Pending;
        fixture.pods[3] = PodView { ready: Some(Status::False), start_time: Some(ago(10)), ..pod() };
        let evaluation = evaluate(&fixture.input(), 0);
        assert_eq!(
            evaluation.classes,
            [
                PodClass::Ready,
                PodClass::Terminating,
                PodClass::Pending,
                PodClass::Initializing,
                PodClass::NoSample
            ]
        );
        assert_eq!(evaluation.counts, GroupCounts { ready: 1, unready: 2, missing: 1, ignored: 1 });
        // 900/1000 at 50 is 1.8; with two unready and one missing pod 900/4000 = 22 %.
        let proposal = evaluation.result.unwrap();
        assert_eq!((proposal.replicas, proposal.second_ratio), (5, Some(0.44)));
    }

    #[test]
    fn readiness_matters_for_cpu_only() {
        let mut fixture = Fixture::new(2).with(per_pod(500), values(&[900, 900]));
        fixture.pods[1] = PodView { ready: Some(Status::False), start_time: Some(ago(10)), ..pod() };
        assert_eq!(replicas(&fixture), Ok(4));
        fixture.hpa.metrics[0] = MetricSpec { target: MetricTarget::average_value(500), ..cpu(1) };
        // With CPU the second pod counts as 0: 450 per pod, on the other side of 500.
        assert_eq!(replicas(&fixture), Ok(2));
    }

    #[test]
    fn averages_take_samples_of_unknown_pods_and_utilizations_do_not() {
        // One known pod at 100, a stranger at 300.
        let fixture = |metric| Fixture::new(1).with(metric, values(&[100, 300]));
        let average = evaluate(&fixture(per_pod(100)).input(), 0).result.unwrap();
        assert_eq!((average.reading, average.replicas), (Reading::Usage { milli: 200 }, 2));
        let utilization = evaluate(&fixture(cpu(5)).input(), 0).result.unwrap();
        let reading = Reading::Utilization { percent: 10, average_milli: 100 };
        assert_eq!((utilization.reading, utilization.replicas), (reading, 2));
        // In the second pass the stranger multiplies there too: 100/2000 = 5 %... is 1.0, kept;
        // at target 2 it is 2.5 times three samples.
        let mut missing = fixture(cpu(2));
        missing.pods.push(pod());
        if let Samples::Pods(samples) = &mut missing.samples[0] {
            samples[1].pod = 7;
        }
        let second = evaluate(&missing.input(), 0).result.unwrap();
        assert_eq!((second.replicas, second.basis), (8, Basis::Pods(3)));
    }

    #[test]
    fn a_sample_without_a_value_is_no_sample() {
        let with_gap = |version| {
            let mut fixture = Fixture::new(2).with(cpu(50), values(&[200, 200]));
            fixture.options = Options::for_kubernetes(version);
            let container = "app".to_owned();
            fixture.hpa.metrics[0].source =
                MetricSource::ContainerResource { resource: "cpu".to_owned(), container };
            if let Samples::Pods(samples) = &mut fixture.samples[0] {
                samples[1].value = None;
            }
            evaluate(&fixture.input(), 0)
        };
        let newer = with_gap(32);
        assert_eq!(newer.classes, [PodClass::Ready, PodClass::NoSample]);
        // 20 % and a missing pod at 100 %: 60 %, on the other side of 50.
        assert_eq!(newer.replicas(), Ok(2));
        assert_eq!(with_gap(31).replicas(), Err(MetricError::MetricsUnavailable));
        // Whole-pod metrics never failed for that.
        let mut whole = Fixture::new(2).with(cpu(50), values(&[200, 200]));
        whole.options = Options::for_kubernetes(31);
        if let Samples::Pods(samples) = &mut whole.samples[0] {
            samples[1].value = None;
        }
        assert_eq!(replicas(&whole), Ok(2));
    }

    #[test]
    fn the_last_sample_of_a_pod_holds() {
        let mut fixture = Fixture::new(1).with(per_pod(100), values(&[100]));
        let late = PodSample { pod: 0, time: SimTime(0), window: Nanos::ZERO, value: Some(300) };
        if let Samples::Pods(samples) = &mut fixture.samples[0] {
            samples.push(late);
        }
        assert_eq!(replicas(&fixture), Ok(3));
    }

    #[test]
    fn value_targets_count_running_and_ready_pods_even_terminating_ones() {
        let mut fixture = Fixture::new(5).with(object(MetricTarget::value(10_000)), Samples::Object(20_000));
        fixture.pods[0].deleted = true;
        fixture.pods[1].phase = Phase::Pending;
        fixture.pods[2].ready = Some(Status::False);
        fixture.pods[3].ready = Some(Status::Unknown);
        fixture.pods[4].ready = None;
        assert_eq!(replicas(&fixture), Ok(2));
        fixture.pods.clear();
        assert_eq!(replicas(&fixture), Err(MetricError::NoPods));
        fixture.samples[0] = Samples::Object(10_500);
        assert_eq!(replicas(&fixture), Ok(5), "within the tolerance nobody looks at pods");
    }

    #[test]
    fn the_directions_tolerance_counts() {
        let rules = ScalingRules { tolerance: Some(0.01), ..ScalingRules::default_for(Direction::Up) };
        let fixture = Fixture::new(10).with(cpu(100), values(&[1050; 10]));
        assert_eq!(replicas(&fixture), Ok(10));
        let fixture = fixture.behavior(Behavior { scale_up: rules, ..Behavior::default() });
        assert_eq!(replicas(&fixture), Ok(11));
    }

    #[test]
    fn a_metric_that_is_not_there_fails() {
        assert_eq!(evaluate(&Fixture::new(1).input(), 0).replicas(), Err(MetricError::InvalidMetricType));
    }
}
