//! What the metrics APIs would answer to the controller, as far as a dump holds it.

use crate::hpa_state::objects::{Hpa, Metric, MetricValue, PodMetrics, Usage};
use crate::hpa_state::state::PodTable;
use crate::model::hpa::{MetricSource, MetricSpec, PodSample, Samples, sum_of_containers};
use crate::units::SimTime;

/// The answers in a dump, by API.
#[derive(Default)]
pub(super) struct Answers {
    /// metrics.k8s.io.
    pub(super) pods: Vec<PodMetrics>,
    /// custom.metrics.k8s.io.
    pub(super) custom: Vec<MetricValue>,
    /// external.metrics.k8s.io.
    pub(super) external: Vec<MetricValue>,
}

impl Answers {
    /// When the newest number of a namespace was taken.
    pub(super) fn newest(&self, namespace: &str) -> Option<SimTime> {
        let pods = self.pods.iter().filter(|pod| pod.metadata.namespace == namespace);
        let values = self.custom.iter().chain(&self.external).map(|value| value.timestamp.0);
        pods.map(|pod| pod.timestamp.0).max().or(values.max())
    }

    /// The answer for one metric of an autoscaler. `status_replicas` are needed to make a total of
    /// an average. What is lacking is remarked on.
    pub(super) fn to(
        &self,
        metric: &Metric,
        hpa: &Hpa,
        (table, status_replicas): (&PodTable, i32),
        remarks: &mut Vec<String>,
    ) -> Samples {
        let namespace = &hpa.metadata.namespace;
        let spec = MetricSpec::from(metric.clone());
        let total = |values: Vec<i64>, api: String, remarks: &mut Vec<String>| -> Option<Vec<i64>> {
            if !values.is_empty() {
                return Some(values);
            }
            let last = hpa.status.total_of(&spec, status_replicas);
            let name = &spec.source;
            remarks.push(match last {
                Some(_) => format!(
                    "{name}: the number is from the autoscaler's status, of its last sync; add `kubectl get --raw {api}`"
                ),
                None => lacking(name, &api),
            });
            last.map(|milli| vec![milli])
        };
        match &spec.source {
            MetricSource::Pods { metric } => self.of_pods(metric, namespace, table, remarks),
            MetricSource::Object { metric: name } => {
                let object = metric.described();
                let is_it = |value: &&MetricValue| {
                    value.name() == name
                        && value.described_object.as_ref().is_some_and(|of| {
                            object.is_none_or(|object| of.kind == object.kind && of.name == object.name)
                        })
                };
                let values = self.custom.iter().filter(is_it).map(MetricValue::milli).take(1).collect();
                let plural = object.map_or_else(
                    || "RESOURCE/NAME".to_owned(),
                    |object| format!("{}/{}", plural(&object.kind), object.name),
                );
                let api =
                    format!("/apis/custom.metrics.k8s.io/v1beta2/namespaces/{namespace}/{plural}/{name}");
                total(values, api, remarks)
                    .and_then(|values| values.first().copied())
                    .map_or(Samples::Unavailable, Samples::Object)
            }
            MetricSource::External { metric: name } => {
                let values = self.external.iter().filter(|value| value.name() == name);
                let values = values.map(MetricValue::milli).collect();
                let api = format!("/apis/external.metrics.k8s.io/v1beta1/namespaces/{namespace}/{name}");
                total(values, api, remarks).map_or(Samples::Unavailable, Samples::External)
            }
            MetricSource::Unknown { .. } => Samples::Unavailable,
            source => self.to_resource(source, namespace, table, remarks),
        }
    }

    /// A number per pod from the custom metrics API.
    fn of_pods(&self, metric: &str, namespace: &str, table: &PodTable, remarks: &mut Vec<String>) -> Samples {
        let sample = |value: &MetricValue| {
            let pod = value.described_object.as_ref().filter(|of| of.kind == "Pod")?;
            let here = pod.namespace.is_empty() || pod.namespace == namespace;
            let pod = table.known(&pod.name).filter(|_| here)?;
            let (time, window) = (value.timestamp.0, value.window());
            Some(PodSample { pod, time, window, value: Some(value.milli()) })
        };
        let of_metric = self.custom.iter().filter(|value| value.name() == metric);
        let samples: Vec<PodSample> = of_metric.filter_map(sample).collect();
        if samples.is_empty() {
            let api = format!("/apis/custom.metrics.k8s.io/v1beta2/namespaces/{namespace}/pods/*/{metric}");
            remarks.push(lacking(&MetricSource::Pods { metric: metric.to_owned() }, &api));
            return Samples::Unavailable;
        }
        Samples::Pods(samples)
    }

    /// What the resource metrics API answers for the pods in `table`.
    pub(super) fn to_resource(
        &self,
        source: &MetricSource,
        namespace: &str,
        table: &PodTable,
        remarks: &mut Vec<String>,
    ) -> Samples {
        let (resource, container) = match source {
            MetricSource::Resource { resource } => (resource, None),
            MetricSource::ContainerResource { resource, container } => (resource, Some(container)),
            _ => return Samples::Unavailable,
        };
        let mut here = self.pods.iter().filter(|pod| pod.metadata.namespace == namespace).peekable();
        if here.peek().is_none() {
            remarks
                .push(lacking(source, &format!("/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods")));
            return Samples::Unavailable;
        }
        let mut list = Vec::new();
        for pod in here {
            let Some(index) = table.known(&pod.metadata.name) else { continue };
            let usage = |c: &Usage| c.usage.get(resource).map(|quantity| quantity.0);
            let value = match container {
                Some(name) => pod.containers.iter().find(|c| c.name == *name).and_then(usage),
                None => sum_of_containers(pod.containers.iter().map(usage)),
            };
            list.push(PodSample { pod: index, time: pod.timestamp.0, window: pod.window.0, value });
        }
        Samples::Pods(list)
    }
}

fn lacking(source: &MetricSource, api: &str) -> String {
    format!("{source}: not in the input, so it counts as failed; add `kubectl get --raw {api}`")
}

/// The resource of a kind, as the API server guesses it.
/// Source: apimachinery meta.UnsafeGuessKindToResource.
fn plural(kind: &str) -> String {
    let kind = kind.to_lowercase();
    match kind.strip_suffix('y') {
        _ if kind.ends_with('s') => format!("{kind}es"),
        Some(stem) => format!("{stem}ies"),
        None => format!("{kind}s"),
    }
}
