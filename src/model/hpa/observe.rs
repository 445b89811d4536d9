//! What the controller sees: pods, their requests, and what the metrics APIs answer.

use std::collections::BTreeMap;

use super::MetricError;
use super::spec::MetricSource;
use crate::units::{Nanos, SimTime};

/// The target's scale subresource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// `spec.replicas`: the "current size" of nearly every rule.
    pub spec_replicas: i32,
    /// `status.replicas`: what exists, surge pods included. Only metrics with a total and a
    /// target per pod divide by it.
    pub status_replicas: i32,
}

impl Scale {
    /// With the size that the controller takes for the current one in place of the spec's.
    pub(super) fn seen(self, current_is_status: bool) -> Scale {
        let spec_replicas = if current_is_status { self.status_replicas } else { self.spec_replicas };
        Scale { spec_replicas, ..self }
    }
}

/// One pod matching the target's selector. Its id is its index in the slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodView {
    /// `status.phase`.
    pub phase: Phase,
    /// Whether a deletion timestamp is set.
    pub deleted: bool,
    /// Status of the Ready condition; `None` where there is no such condition.
    pub ready: Option<Status>,
    /// When the Ready condition last changed.
    pub ready_transition: SimTime,
    /// `status.startTime`.
    pub start_time: Option<SimTime>,
    /// Index of the pod's requests in [`Input::requests`](super::Input::requests); pods of one
    /// template share an entry.
    pub requests: u32,
}

/// `status.phase` of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not all containers have been started.
    Pending,
    /// At least one container runs.
    Running,
    /// All containers ended well.
    Succeeded,
    /// A container ended badly and none will be restarted.
    Failed,
    /// The node does not answer.
    Unknown,
}

/// Status of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Nobody knows; in no rule the same as `False`.
    Unknown,
}

/// Resource requests of the pods of one template, in thousandths by resource name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodRequests {
    /// All containers, with init containers of restart policy Always (sidecars).
    pub containers: Vec<ContainerRequests>,
    /// What starting needs at its peak: the largest sum of an init container that ends and the
    /// sidecars before it. Counts only where the pod itself requests something.
    pub init_peak: BTreeMap<String, i64>,
    /// `spec.resources.requests` of the pod itself.
    pub pod_level: BTreeMap<String, i64>,
}

/// Resource requests of one container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerRequests {
    /// Name of the container.
    pub name: String,
    /// Thousandths by resource name.
    pub requests: BTreeMap<String, i64>,
}

/// One init container, in the order of the spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitRequests {
    /// Whether it keeps running, that is has restart policy Always.
    pub is_sidecar: bool,
    /// What it requests.
    pub container: ContainerRequests,
}

impl PodRequests {
    /// The requests of a pod with these containers.
    /// Source: component-helpers resource/helpers.go AggregateContainerRequests.
    pub fn new(
        mut containers: Vec<ContainerRequests>,
        init: impl IntoIterator<Item = InitRequests>,
        pod_level: BTreeMap<String, i64>,
    ) -> PodRequests {
        let mut sidecars: BTreeMap<String, i64> = BTreeMap::new();
        let mut init_peak: BTreeMap<String, i64> = BTreeMap::new();
        for InitRequests { is_sidecar, container } in init {
            if is_sidecar {
                add(&mut sidecars, &container.requests);
                containers.push(container);
                continue;
            }
            let mut together = sidecars.clone();
            add(&mut together, &container.requests);
            for (resource, milli) in together {
                let peak = init_peak.entry(resource).or_default();
                *peak = milli.max(*peak);
            }
        }
        PodRequests { containers, init_peak, pod_level }
    }

    /// What one pod requests of `resource`, in thousandths: of the named container, else of the
    /// pod as a whole (if `pod_level` may win and the pod itself requests anything), else of all
    /// containers together.
    ///
    /// As a whole, a pod requests what is written at the pod. Where another resource is written
    /// there, it requests what the scheduler counts: the containers that name the resource, or
    /// what starting needs if that is more.
    ///
    /// # Errors
    /// [`MetricError::MissingRequest`] if a container that counts requests nothing, or nothing in
    /// a pod that requests something itself; [`MetricError::ContainerNotFound`] if there is no
    /// container of that name.
    ///
    /// Source: replica_calculator.go calculateRequests; pod-level requests from 1.34
    /// (kubernetes#132430).
    pub fn of(&self, resource: &str, container: Option<&str>, pod_level: bool) -> Result<i64, MetricError> {
        let of_container =
            |c: &ContainerRequests| c.requests.get(resource).copied().ok_or(MetricError::MissingRequest);
        if let Some(name) = container {
            let found = self.containers.iter().find(|c| c.name == name);
            return found.ok_or(MetricError::ContainerNotFound).and_then(of_container);
        }
        if pod_level && !self.pod_level.is_empty() {
            return self.of_whole_pod(resource).ok_or(MetricError::MissingRequest);
        }
        self.containers.iter().try_fold(0_i64, |sum, c| Ok(sum.saturating_add(of_container(c)?)))
    }

    fn of_whole_pod(&self, resource: &str) -> Option<i64> {
        let given = self.containers.iter().filter_map(|c| c.requests.get(resource).copied());
        let running = given.reduce(i64::saturating_add);
        let counted = running.max(self.init_peak.get(resource).copied());
        self.pod_level.get(resource).copied().or(counted)
    }
}

fn add(sum: &mut BTreeMap<String, i64>, requests: &BTreeMap<String, i64>) {
    for (resource, milli) in requests {
        let total = sum.entry(resource.clone()).or_default();
        *total = total.saturating_add(*milli);
    }
}

/// What the metrics API answers for one metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Samples {
    /// One entry per pod it knows: Resource, ContainerResource and Pods metrics.
    Pods(Vec<PodSample>),
    /// The value of an Object metric, in thousandths.
    Object(i64),
    /// The series of an External metric, in thousandths.
    External(Vec<i64>),
    /// The API answered with an error.
    Unavailable,
}

/// What the metrics API says of one pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodSample {
    /// The pod's index. An index beyond the pods is a pod that no longer matches the selector.
    /// If a pod has several samples the last one holds.
    pub pod: u32,
    /// End of the window that was measured.
    pub time: SimTime,
    /// Length of that window.
    pub window: Nanos,
    /// In thousandths; `None` where the sample lacks the resource or the container.
    pub value: Option<i64>,
}

/// Adds up the containers of one sample as the resource metrics client does: a pod of which any
/// container lacks the resource, or which has none, has no value.
/// Source: metrics/client.go getPodMetrics.
pub fn sum_of_containers(values: impl IntoIterator<Item = Option<i64>>) -> Option<i64> {
    let mut total: Option<i64> = None;
    for value in values {
        total = Some(total.unwrap_or(0).saturating_add(value?));
    }
    total
}

impl MetricSource {
    /// The resource and container whose requests a Utilization target divides by.
    pub(super) fn resource(&self) -> Option<(&str, Option<&str>)> {
        match self {
            MetricSource::Resource { resource } => Some((resource, None)),
            MetricSource::ContainerResource { resource, container } => Some((resource, Some(container))),
            _ => None,
        }
    }

    /// Whether a pod's readiness decides if its sample counts: CPU only, since only CPU is
    /// spent on starting up.
    pub(super) fn is_cpu(&self) -> bool {
        matches!(self.resource(), Some(("cpu", _)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(name: &str, cpu: Option<i64>) -> ContainerRequests {
        ContainerRequests {
            name: name.to_owned(),
            requests: cpu.map(|milli| ("cpu".to_owned(), milli)).into_iter().collect(),
        }
    }

    #[test]
    fn requests_of_a_pod() {
        struct Case {
            name: &'static str,
            containers: Vec<ContainerRequests>,
            pod_level: Option<i64>,
            container: Option<&'static str>,
            gate: bool,
            want: Result<i64, MetricError>,
        }
        let two = || vec![container("app", Some(100)), container("proxy", Some(50))];
        let lacking = || vec![container("app", None), container("proxy", Some(50))];
        let case = |name, containers, pod_level, container, gate, want| Case {
            name,
            containers,
            pod_level,
            container,
            gate,
            want,
        };
        // Source: replica_calculator_test.go TestCalculatePodRequests; the last five are our own.
        for case in [
            case("sum of containers", two(), None, None, false, Ok(150)),
            case("gate on, nothing at the pod", two(), None, None, true, Ok(150)),
            case("the pod's own request wins", two(), Some(800), None, true, Ok(800)),
            case("without the gate it does not", two(), Some(800), None, false, Ok(150)),
            case("a container lacks it", lacking(), None, None, true, Err(MetricError::MissingRequest)),
            case("the pod's own request covers the gap", lacking(), Some(800), None, true, Ok(800)),
            case("a named container alone", two(), Some(800), Some("proxy"), true, Ok(50)),
            case("others may lack it", lacking(), None, Some("proxy"), true, Ok(50)),
            case(
                "the named one may not",
                lacking(),
                None,
                Some("app"),
                true,
                Err(MetricError::MissingRequest),
            ),
            case("no such container", two(), Some(8), Some("db"), true, Err(MetricError::ContainerNotFound)),
            case("no containers", vec![], None, None, true, Ok(0)),
        ] {
            let requests = PodRequests {
                containers: case.containers,
                pod_level: case.pod_level.map(|milli| ("cpu".to_owned(), milli)).into_iter().collect(),
                ..PodRequests::default()
            };
            assert_eq!(requests.of("cpu", case.container, case.gate), case.want, "{}", case.name);
        }
    }

    /// Where the pod itself requests memory, its CPU request is what the scheduler counts.
    /// Source: replica_calculator.go calculatePodLevelRequests, worked out by hand.
    #[test]
    fn a_pod_that_requests_another_resource_itself() {
        let init =
            |is_sidecar: bool, cpu: i64| InitRequests { is_sidecar, container: container("i", Some(cpu)) };
        for (name, containers, init, want) in [
            ("a container may lack it", vec![container("x", None), container("y", Some(50))], vec![], Ok(50)),
            ("starting needs more", vec![container("x", Some(100))], vec![init(false, 500)], Ok(500)),
            (
                "a sidecar runs on, and before what starts after it",
                vec![container("x", Some(100))],
                vec![init(true, 30), init(false, 400), init(true, 50)],
                Ok(430),
            ),
            (
                "not before what started earlier",
                vec![container("x", Some(400))],
                vec![init(false, 430), init(true, 50)],
                Ok(450),
            ),
            ("nobody names it", vec![container("x", None)], vec![], Err(MetricError::MissingRequest)),
        ] {
            let requests = PodRequests::new(containers, init, [("memory".to_owned(), 5)].into());
            assert_eq!(requests.of("cpu", None, true), want, "{name}");
        }
        let gated = PodRequests::new(vec![container("x", None)], [], [("memory".to_owned(), 5)].into());
        assert_eq!(gated.of("cpu", None, false), Err(MetricError::MissingRequest), "without the gate");
    }

    #[test]
    fn a_pod_sample_needs_every_container() {
        for (values, want) in [
            (vec![Some(3), Some(4)], Some(7)),
            (vec![Some(0)], Some(0)),
            (vec![Some(3), None], None),
            (vec![None, Some(3)], None),
            (vec![], None),
        ] {
            assert_eq!(sum_of_containers(values.clone()), want, "{values:?}");
        }
    }

    #[test]
    fn only_cpu_is_cpu() {
        let source = |resource: &str| MetricSource::Resource { resource: resource.to_owned() };
        assert!(source("cpu").is_cpu());
        assert!(!source("memory").is_cpu());
        let container =
            MetricSource::ContainerResource { resource: "cpu".to_owned(), container: "app".to_owned() };
        assert!(container.is_cpu());
        assert!(!MetricSource::Pods { metric: "cpu".to_owned() }.is_cpu());
    }
}
