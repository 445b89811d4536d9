//! What the metrics APIs would answer at one sync of a replay.

use super::assign::Input;
use super::recording::{Cursor, Point};
use crate::model::hpa::{
    ContainerRequests, HpaSpec, MetricSource, MetricSpec, Options, Phase, PodRequests, PodSample, PodView,
    Samples, Status,
};
use crate::units::{Nanos, SimTime};

/// A pod this young has no sample of its resources: metrics-server needs two readings of the
/// kubelet, which takes 10 to 30 s. The middle.
const YOUNG: Nanos = Nanos::from_secs(20);
/// What a sample of a resource covers; metrics-server's usual resolution.
const RESOURCE_WINDOW: Nanos = Nanos::from_secs(15);
/// What a sample of a custom metric covers unless the API says otherwise.
const CUSTOM_WINDOW: Nanos = Nanos::from_secs(60);
/// The request that percentages refer to, in thousandths: fine enough for 0.0001 %.
const REQUEST: i64 = 1_000_000;

/// How many pods share the load, and how many it was recorded with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shares {
    /// Pods that serve in the replay.
    pub(super) serving: usize,
    /// Pods at the time of the recording, if known.
    pub(super) recorded: Option<f64>,
    /// Whether the load is shared anew by the replay's pods.
    pub(super) reshare: bool,
}

/// Turns a recorded number into what an API would answer.
pub(super) fn samples(
    metric: &MetricSpec,
    input: &Input,
    point: Option<Point>,
    pods: &[PodView],
    shares: Shares,
    now: SimTime,
) -> Samples {
    let Some(point) = point else { return Samples::Unavailable };
    let value = point.value * input.scale;
    let of_pods = match (input.is_total(), shares.recorded) {
        (true, _) => Some(value),
        (false, Some(recorded)) => Some(value * recorded),
        (false, None) => None,
    };
    let is_value = metric.target.average_value.is_none() && metric.target.value.is_some();
    match &metric.source {
        // A value such as a latency is no sum over pods: it stays what it was.
        MetricSource::Object { .. } if is_value => Samples::Object(milli(value)),
        MetricSource::External { .. } if is_value => Samples::External(vec![milli(value)]),
        MetricSource::Object { .. } => of_pods.map_or(Samples::Unavailable, |v| Samples::Object(milli(v))),
        MetricSource::External { .. } => {
            of_pods.map_or(Samples::Unavailable, |v| Samples::External(vec![milli(v)]))
        }
        MetricSource::Unknown { .. } => Samples::Unavailable,
        source => {
            let divisor = if shares.reshare { shares.serving as f64 } else { shares.recorded.unwrap_or(1.0) };
            let mean = match (input.is_total() || shares.reshare, of_pods) {
                (true, Some(total)) if divisor > 0.0 => total / divisor,
                (true, _) => return Samples::Pods(Vec::new()),
                (false, _) => value,
            };
            per_pod(metric, source, mean, point.at, pods, now)
        }
    }
}

fn per_pod(
    metric: &MetricSpec,
    source: &MetricSource,
    mean: f64,
    time: SimTime,
    pods: &[PodView],
    now: SimTime,
) -> Samples {
    let of_requests = metric.target.average_value.is_none() && metric.target.average_utilization.is_some();
    let is_resource = !matches!(source, MetricSource::Pods { .. });
    let value = if of_requests { milli(mean / 100.0 * REQUEST as f64 / 1_000.0) } else { milli(mean) };
    let window = if is_resource { RESOURCE_WINDOW } else { CUSTOM_WINDOW };
    let sample = |(pod, view): (u32, &PodView)| {
        let young = is_resource && view.start_time.is_some_and(|start| start + YOUNG > now);
        let serves = view.ready == Some(Status::True);
        (!young).then_some(PodSample { pod, time, window, value: Some(if serves { value } else { 0 }) })
    };
    // A list that grows would be moved several times at every sync.
    let mut list = Vec::with_capacity(pods.len());
    list.extend((0..).zip(pods).filter_map(sample));
    Samples::Pods(list)
}

/// Thousandths; what does not fit is cut.
fn milli(value: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, and that is meant")]
    let milli = (value * 1_000.0).round() as i64;
    milli
}

/// Requests of which the recorded percentages are percentages: every resource of every metric has
/// the same one.
pub(super) fn requests(hpa: &HpaSpec, options: &Options) -> PodRequests {
    let mut requests = PodRequests::default();
    for metric in &hpa.metrics {
        let (resource, container) = match &metric.source {
            MetricSource::Resource { resource } => (resource, "pod"),
            MetricSource::ContainerResource { resource, container } => (resource, container.as_str()),
            _ => continue,
        };
        let at = requests.containers.iter().position(|c| c.name == container).unwrap_or_else(|| {
            requests.containers.push(ContainerRequests { name: container.to_owned(), ..Default::default() });
            requests.containers.len() - 1
        });
        requests.containers[at].requests.insert(resource.clone(), REQUEST);
    }
    // With metrics of whole pods and of single containers side by side the containers' requests
    // would add up; the pod's own request then stands for the whole.
    if options.pod_level_resources && requests.containers.len() > 1 {
        for metric in &hpa.metrics {
            if let MetricSource::Resource { resource } = &metric.source {
                requests.pod_level.insert(resource.clone(), REQUEST);
            }
        }
    }
    requests
}

/// A pod that was asked for at `start` and serves `startup` later.
pub(super) fn pod(start: SimTime) -> PodView {
    PodView {
        phase: Phase::Running,
        deleted: false,
        ready: Some(Status::False),
        ready_transition: start,
        start_time: Some(start),
        requests: 0,
    }
}

/// A pod that has been ready for ages.
pub(super) fn old_pod() -> PodView {
    PodView { ready: Some(Status::True), ..pod(SimTime(0)) }
}

/// The rows of the inputs, read along.
pub(super) fn cursors(inputs: &[Input]) -> Vec<Cursor<'_>> {
    inputs.iter().map(|input| Cursor::new(&input.values)).collect()
}
