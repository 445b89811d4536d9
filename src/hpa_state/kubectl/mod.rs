//! What kubectl prints, turned into the state that a reconcile would look at.
//!
//! `kubectl get hpa,deploy,pods -o json` and `kubectl get --raw
//! /apis/metrics.k8s.io/v1beta1/namespaces/NS/pods` hold nearly all of it; custom and external
//! metrics have APIs of their own. What they do not hold is the controller's memory: it is taken as
//! just started, which keeps it from shrinking anything within the stabilization window.

mod answers;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::answers::Answers;

use super::fields::Count;
use super::objects::{Hpa, Pod, Target};
use super::spec::{check_bounds, check_policies, default_metric};
use super::state::{PodTable, State};
use super::{InputError, typed};
use crate::model::hpa::{
    Behavior, ConditionType, Conditions, History, HpaSpec, MetricSpec, Options, Phase, Samples, Scale,
};
use crate::units::SimTime;

/// The version whose rules are taken where nobody says which one the cluster runs.
const DEFAULT_MINOR: u32 = 35;

/// Reads objects and lists of them: one HorizontalPodAutoscaler, its pods, what the metrics APIs
/// answer and, if given, its scale target. Other kinds are passed over.
///
/// `hpa_name` (`name` or `namespace/name`) chooses among several autoscalers. Without `now` the
/// time is that of the newest sample. Options are those of Kubernetes 1.35; the caller may change
/// them. What the input lacks is said in [`State::remarks`].
///
/// # Errors
/// An [`InputError`] naming the object and the field, or saying what is missing.
pub fn from_kubectl(
    values: &[Value],
    hpa_name: Option<&str>,
    now: Option<SimTime>,
) -> Result<State, InputError> {
    let mut dump = Dump::default();
    for value in values {
        dump.add(value, "")?;
    }
    let hpa = dump.choose(hpa_name)?;
    let path = format!("HorizontalPodAutoscaler {}.spec", hpa.metadata.name);
    let (min, max) = (hpa.spec.min_replicas.map_or(1, |Count(min)| min), hpa.spec.max_replicas.0);
    check_bounds(&path, (min, max))?;
    let selected = dump.pods_of(&hpa)?;
    let namespace = &hpa.metadata.namespace;
    let now = now.or_else(|| dump.answers.newest(namespace)).ok_or_else(|| {
        let problem = format!(
            "the input holds no PodMetrics to take the time from: add `kubectl get --raw \
             /apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods`"
        );
        InputError::at("", problem)
    })?;

    let scale = dump.scale_of(&hpa, &selected);
    let mut table = PodTable::default();
    for pod in selected {
        table.add(&pod.metadata.name, pod.requests(), pod.view());
    }
    let mut remarks = Vec::new();
    let mut samples: Vec<Samples> = Vec::new();
    for metric in &hpa.spec.metrics {
        samples.push(dump.answers.to(metric, &hpa, (&table, scale.status_replicas), &mut remarks));
    }
    let mut metrics: Vec<MetricSpec> = hpa.spec.metrics.into_iter().map(MetricSpec::from).collect();
    if metrics.is_empty() {
        let metric = default_metric();
        samples.push(dump.answers.to_resource(&metric.source, namespace, &table, &mut remarks));
        metrics.push(metric);
    }
    let behavior = hpa.spec.behavior.map(Behavior::from);
    check_policies(&format!("{path}.behavior"), behavior.as_ref())?;
    let hpa_spec = HpaSpec { min_replicas: min, max_replicas: max, metrics, behavior };
    let mut conditions = Conditions::default();
    for condition in hpa.status.conditions {
        let known = ConditionType::ALL.into_iter().find(|kind| kind.as_str() == condition.r#type);
        if let Some(kind) = known {
            conditions.set(kind, condition.status.into(), condition.reason.unwrap_or_default());
        }
    }
    Ok(State {
        now,
        options: Options::for_kubernetes(DEFAULT_MINOR),
        hpa: hpa_spec,
        scale,
        pods: table.pods,
        requests: table.requests,
        samples,
        history: History::default(),
        conditions,
        names: table.names,
        remarks,
    })
}

/// The objects of a dump by kind.
#[derive(Default)]
struct Dump {
    hpas: Vec<Hpa>,
    pods: Vec<Pod>,
    answers: Answers,
    targets: Vec<(String, Target)>,
}

impl Dump {
    /// Adds an object, or every object of a list. Items of a typed list need no kind of their own.
    fn add(&mut self, value: &Value, list_kind: &str) -> Result<(), InputError> {
        let kind = value.get("kind").and_then(Value::as_str).unwrap_or(list_kind);
        if let Some(items) = value.get("items").and_then(Value::as_array) {
            let item_kind = kind.strip_suffix("List").unwrap_or_default();
            return items.iter().try_for_each(|item| self.add(item, item_kind));
        }
        let name = ["/metadata/name", "/describedObject/name", "/metricName"];
        let name = name.into_iter().find_map(|pointer| value.pointer(pointer)?.as_str());
        let path = format!("{kind} {}", name.unwrap_or("without a name"));
        match kind {
            "HorizontalPodAutoscaler" => {
                let version = value.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
                if version == "autoscaling/v1" {
                    let problem = "autoscaling/v1 lacks most of the spec: ask for v2 with `kubectl get \
                                   hpa.v2.autoscaling -o json`";
                    return Err(InputError::at(path, problem));
                }
                self.hpas.push(typed(&path, value.clone())?);
            }
            "Pod" => self.pods.push(typed(&path, value.clone())?),
            "PodMetrics" => self.answers.pods.push(typed(&path, value.clone())?),
            "MetricValue" => self.answers.custom.push(typed(&path, value.clone())?),
            "ExternalMetricValue" => self.answers.external.push(typed(&path, value.clone())?),
            "Deployment" | "Rollout" | "ReplicaSet" | "StatefulSet" | "ReplicationController" => {
                self.targets.push((kind.to_owned(), typed(&path, value.clone())?));
            }
            _ => {}
        }
        Ok(())
    }

    /// The autoscaler that is asked for.
    fn choose(&mut self, name: Option<&str>) -> Result<Hpa, InputError> {
        let full = |hpa: &Hpa| format!("{}/{}", hpa.metadata.namespace, hpa.metadata.name);
        let all: Vec<String> = self.hpas.iter().map(full).collect();
        if let Some(name) = name {
            self.hpas.retain(|hpa| hpa.metadata.name == name || full(hpa) == name);
        }
        match (self.hpas.pop(), self.hpas.is_empty()) {
            (Some(hpa), true) => Ok(hpa),
            (Some(_), false) => {
                let problem =
                    format!("the input holds several autoscalers, choose one with --hpa: {}", all.join(", "));
                Err(InputError::at("", problem))
            }
            (None, _) if all.is_empty() => {
                Err(InputError::at("", "the input holds no HorizontalPodAutoscaler"))
            }
            (None, _) => {
                let name = name.unwrap_or_default();
                let problem = format!("no autoscaler is named `{name}`: there are {}", all.join(", "));
                Err(InputError::at("", problem))
            }
        }
    }

    fn target_of(&self, hpa: &Hpa) -> Option<&Target> {
        let wanted = &hpa.spec.scale_target_ref;
        let is_target = |(kind, target): &&(String, Target)| {
            *kind == wanted.kind
                && target.metadata.name == wanted.name
                && target.metadata.namespace == hpa.metadata.namespace
        };
        self.targets.iter().find(is_target).map(|(_, target)| target)
    }

    /// The pods of the scale target: by its selector if it is in the dump, else by their owners.
    fn pods_of(&self, hpa: &Hpa) -> Result<Vec<&Pod>, InputError> {
        let wanted = &hpa.spec.scale_target_ref;
        let target = self.target_of(hpa);
        let belongs = |pod: &&Pod| {
            pod.metadata.namespace == hpa.metadata.namespace
                && match target {
                    Some(target) => target.spec.selector.matches(&pod.metadata.labels),
                    None => pod.metadata.is_owned_by(wanted),
                }
        };
        let pods: Vec<&Pod> = self.pods.iter().filter(belongs).collect();
        if pods.is_empty() && target.is_none() && hpa.status.current_replicas.0 > 0 {
            let problem = format!(
                "the input holds no pod of {} {}: add it and its pods with `kubectl get hpa,deploy,pods -o json`",
                wanted.kind, wanted.name
            );
            return Err(InputError::at("", problem));
        }
        Ok(pods)
    }

    /// The target's sizes. Without the target itself its spec is what the autoscaler set last,
    /// and its status the pods that a workload counts.
    fn scale_of(&self, hpa: &Hpa, pods: &[&Pod]) -> Scale {
        if let Some(target) = self.target_of(hpa) {
            let spec_replicas = target.spec.replicas.map_or(1, |Count(replicas)| replicas);
            return Scale { spec_replicas, status_replicas: target.status.replicas.0 };
        }
        let active = pods.iter().filter(|pod| {
            let view = pod.view();
            !view.deleted && !matches!(view.phase, Phase::Succeeded | Phase::Failed)
        });
        Scale {
            // A desired size of zero may only mean that no metric has ever been read.
            spec_replicas: match hpa.status.desired_replicas.0 {
                0 => hpa.status.current_replicas.0,
                desired => desired,
            },
            status_replicas: i32::try_from(active.count()).unwrap_or(i32::MAX),
        }
    }
}
