//! Metrics and samples as they stand in JSON.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::InputError;
use super::fields::{Count, Instant, Milli, Request, Seconds};
use super::state::PodTable;
use crate::model::hpa::{
    MetricSource, MetricSpec, MetricTarget, PodSample, Samples, TargetKind, sum_of_containers,
};
use crate::units::{Nanos, SimTime};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MetricIn {
    r#type: String,
    resource: Option<String>,
    container: Option<String>,
    metric: Option<String>,
    target: Option<TargetIn>,
    samples: Option<SamplesIn>,
    #[serde(rename = "name")]
    _name: Option<IgnoredAny>,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TargetIn {
    r#type: Option<TargetKindIn>,
    average_utilization: Option<Count>,
    average_value_milli: Option<Request>,
    value_milli: Option<Request>,
}

#[derive(Clone, Copy, Deserialize)]
enum TargetKindIn {
    Utilization,
    AverageValue,
    Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SamplesIn {
    pods: Option<Vec<SampleIn>>,
    value_milli: Option<Milli>,
    values_milli: Option<Vec<Milli>>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SampleIn {
    pub pod: String,
    time: Option<Instant>,
    window_seconds: Option<Seconds>,
    value_milli: Option<Milli>,
    containers: Option<Vec<ContainerSampleIn>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ContainerSampleIn {
    #[serde(default)]
    name: String,
    value_milli: Option<Milli>,
}

impl MetricIn {
    /// The spec of the metric and what its API answers.
    pub(super) fn read(
        self,
        path: &str,
        table: &mut PodTable,
        now: SimTime,
    ) -> Result<(MetricSpec, Samples), InputError> {
        let need = |field: Option<String>, name: &str| {
            field.ok_or_else(|| {
                let problem = format!("a metric of type {} needs it", self.r#type);
                InputError::at(format!("{path}.{name}"), problem)
            })
        };
        let metric = self.metric.unwrap_or_default();
        let source = match self.r#type.as_str() {
            "Resource" => MetricSource::Resource { resource: need(self.resource, "resource")? },
            "ContainerResource" => MetricSource::ContainerResource {
                resource: need(self.resource, "resource")?,
                container: need(self.container, "container")?,
            },
            "Pods" => MetricSource::Pods { metric },
            "Object" => MetricSource::Object { metric },
            "External" => MetricSource::External { metric },
            kind => MetricSource::Unknown { kind: kind.to_owned() },
        };
        let target = self.target.map_or_else(MetricTarget::default, |target| MetricTarget {
            kind: target.r#type.map(|kind| match kind {
                TargetKindIn::Utilization => TargetKind::Utilization,
                TargetKindIn::AverageValue => TargetKind::AverageValue,
                TargetKindIn::Value => TargetKind::Value,
            }),
            average_utilization: target.average_utilization.map(|Count(percent)| percent),
            average_value: target.average_value_milli.map(|Request(milli)| milli),
            value: target.value_milli.map(|Request(milli)| milli),
        });
        let path = format!("{path}.samples");
        let samples = self.samples.unwrap_or_default().read(&path, &source, table, now)?;
        Ok((MetricSpec { source, target }, samples))
    }
}

impl SamplesIn {
    /// Nothing at all means that the API did not answer.
    fn read(
        self,
        path: &str,
        source: &MetricSource,
        table: &mut PodTable,
        now: SimTime,
    ) -> Result<Samples, InputError> {
        let given = [
            ("pods", self.pods.is_some()),
            ("valueMilli", self.value_milli.is_some()),
            ("valuesMilli", self.values_milli.is_some()),
            ("error", self.error.is_some()),
        ];
        let fitting = match source {
            MetricSource::Resource { .. }
            | MetricSource::ContainerResource { .. }
            | MetricSource::Pods { .. } => "pods",
            MetricSource::Object { .. } => "valueMilli",
            MetricSource::External { .. } => "valuesMilli",
            MetricSource::Unknown { .. } => return Ok(Samples::Unavailable),
        };
        for (name, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
            if name != fitting && name != "error" {
                let problem = format!("does not fit a metric of type {}: write `{fitting}`", source.kind());
                return Err(InputError::at(format!("{path}.{name}"), problem));
            }
        }
        if self.error.is_some() {
            return Ok(Samples::Unavailable);
        }
        if let Some(list) = self.pods {
            let container = match source {
                MetricSource::ContainerResource { container, .. } => Some(container.as_str()),
                _ => None,
            };
            return Ok(Samples::Pods(samples(list, &format!("{path}.pods"), container, table, now)?));
        }
        if let Some(Milli(value)) = self.value_milli {
            return Ok(Samples::Object(value));
        }
        if let Some(values) = self.values_milli {
            return Ok(Samples::External(values.into_iter().map(|Milli(value)| value).collect()));
        }
        Ok(Samples::Unavailable)
    }
}

/// Reads samples by pod. A sample without a time is of now; one without a window covers 60 s, as
/// the custom metrics API has it.
pub(super) fn samples(
    list: Vec<SampleIn>,
    path: &str,
    container: Option<&str>,
    table: &mut PodTable,
    now: SimTime,
) -> Result<Vec<PodSample>, InputError> {
    let mut seen = BTreeSet::new();
    let mut samples = Vec::with_capacity(list.len());
    for (index, sample) in list.into_iter().enumerate() {
        let pod = table.index(&sample.pod);
        if !seen.insert(pod) {
            let problem = format!("a sample of `{}` is there already", sample.pod);
            return Err(InputError::at(format!("{path}[{index}].pod"), problem));
        }
        let milli = |value: &Option<Milli>| value.map(|Milli(value)| value);
        let value = match (&sample.value_milli, &sample.containers) {
            (Some(Milli(value)), None) => Some(*value),
            (None, Some(containers)) => match container {
                Some(name) => containers.iter().find(|c| c.name == name).and_then(|c| milli(&c.value_milli)),
                None => sum_of_containers(containers.iter().map(|c| milli(&c.value_milli))),
            },
            _ => {
                let problem = "needs either `valueMilli` or `containers`";
                return Err(InputError::at(format!("{path}[{index}]"), problem));
            }
        };
        samples.push(PodSample {
            pod,
            time: sample.time.map_or(now, |Instant(time)| time),
            window: sample.window_seconds.map_or(Nanos::from_secs(60), |Seconds(window)| window),
            value,
        });
    }
    Ok(samples)
}
