//! What kubectl prints, turned into the state that a reconcile would look at.
//!
//! `kubectl get hpa,deploy,pods -o json` and `kubectl get --raw
//! /apis/metrics.k8s.io/v1beta1/namespaces/NS/pods` hold nearly all of it. What they do not hold
//! is the controller's memory: it is taken as just started, which keeps it from shrinking
//! anything within the stabilization window.

use serde_json::Value;

use super::fields::Count;
use super::objects::{Hpa, Pod, PodMetrics, Target, Usage};
use super::spec::default_metric;
use super::state::{PodTable, State};
use super::{InputError, typed};
use crate::model::hpa::{
    ConditionType, Conditions, History, HpaSpec, MetricSource, MetricSpec, Options, Phase, PodSample,
    Samples, Scale, sum_of_containers,
};
use crate::units::SimTime;

/// The version whose rules are taken where nobody says which one the cluster runs.
const DEFAULT_MINOR: u32 = 35;

/// Reads objects and lists of them: one HorizontalPodAutoscaler, its pods, their PodMetrics and,
/// if given, its scale target. Other kinds are passed over.
///
/// `hpa_name` (`name` or `namespace/name`) chooses among several autoscalers. Without `now` the
/// time is that of the newest sample. Metrics other than Resource and ContainerResource are not
/// in such a dump and count as unavailable. Options are those of Kubernetes 1.35; the caller may
/// change them.
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
    let selected = dump.pods_of(&hpa)?;
    let namespace = &hpa.metadata.namespace;
    let metrics: Vec<&PodMetrics> =
        dump.metrics.iter().filter(|metrics| metrics.metadata.namespace == *namespace).collect();
    let newest = metrics.iter().map(|metrics| metrics.timestamp.0).max();
    let now = now.or(newest).ok_or_else(|| {
        let problem = "the input holds no PodMetrics to take the time from: add the answer of \
                       metrics.k8s.io, or give the time";
        InputError::at("", problem)
    })?;

    let scale = dump.scale_of(&hpa, &selected);
    let mut table = PodTable::default();
    for pod in selected {
        table.add(&pod.metadata.name, pod.requests(), pod.view());
    }
    let mut specs: Vec<MetricSpec> = hpa.spec.metrics.into_iter().map(MetricSpec::from).collect();
    if specs.is_empty() {
        specs.push(default_metric());
    }
    let samples = specs.iter().map(|spec| samples(&spec.source, &metrics, &table)).collect();
    let hpa_spec = HpaSpec {
        min_replicas: hpa.spec.min_replicas.map_or(1, |Count(min)| min),
        max_replicas: hpa.spec.max_replicas.0,
        metrics: specs,
        behavior: hpa.spec.behavior.map(|behavior| behavior.read("spec.behavior")).transpose()?,
    };
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
    })
}

/// The objects of a dump by kind.
#[derive(Default)]
struct Dump {
    hpas: Vec<Hpa>,
    pods: Vec<Pod>,
    metrics: Vec<PodMetrics>,
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
        let name = value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("without a name");
        let path = format!("{kind} {name}");
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
            "PodMetrics" => self.metrics.push(typed(&path, value.clone())?),
            "Deployment" | "ReplicaSet" | "StatefulSet" | "ReplicationController" => {
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
                    format!("the input holds several autoscalers, choose one of: {}", all.join(", "));
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

/// What the resource metrics API answers for the pods in `table`.
fn samples(source: &MetricSource, metrics: &[&PodMetrics], table: &PodTable) -> Samples {
    let (resource, container) = match source {
        MetricSource::Resource { resource } => (resource, None),
        MetricSource::ContainerResource { resource, container } => (resource, Some(container)),
        _ => return Samples::Unavailable,
    };
    if metrics.is_empty() {
        return Samples::Unavailable;
    }
    let mut list = Vec::new();
    for pod in metrics {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::hpa::{
        Behavior, ContainerRequests, Direction, MetricTarget, PodRequests, PodView, ScalingRules, Status,
        decide,
    };
    use crate::units::Nanos;

    fn pod(name: &str, labels: &Value) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": name, "namespace": "shop", "labels": labels, "resourceVersion": "7",
                "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d9f", "uid": "u" }],
            },
            "spec": {
                "nodeName": "n1",
                "containers": [
                    { "name": "app", "image": "i", "resources": { "requests": { "cpu": "500m", "memory": "1Ki" }, "limits": { "cpu": "1" } } },
                    { "name": "proxy", "resources": { "requests": { "cpu": "0.1" } } },
                ],
                "initContainers": [
                    { "name": "migrate", "resources": {} },
                    { "name": "side", "restartPolicy": "Always", "resources": { "requests": { "cpu": "50m" } } },
                ],
            },
            "status": {
                "phase": "Running", "startTime": "2026-03-01T11:00:00Z", "podIP": "10.0.0.1",
                "conditions": [
                    { "type": "Initialized", "status": "True", "lastTransitionTime": "2026-03-01T11:00:01Z" },
                    { "type": "Ready", "status": "True", "lastTransitionTime": "2026-03-01T11:00:09Z", "lastProbeTime": null },
                ],
            },
        })
    }

    fn hpa() -> Value {
        json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": { "name": "web", "namespace": "shop" },
            "spec": {
                "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web" },
                "minReplicas": 2, "maxReplicas": 10,
                "metrics": [{ "type": "Resource", "resource": { "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 50 } } }],
            },
            "status": {
                "currentReplicas": 2, "desiredReplicas": 3, "currentMetrics": null,
                "conditions": [
                    { "type": "AbleToScale", "status": "True", "reason": "ReadyForNewScale", "message": "m", "lastTransitionTime": "2026-03-01T11:00:00Z" },
                    { "type": "FutureCondition", "status": "False", "reason": "New" },
                ],
            },
        })
    }

    fn usage(name: &str, cpu: &str) -> Value {
        json!({
            "metadata": { "name": name, "namespace": "shop", "creationTimestamp": "2026-03-01T12:00:05Z" },
            "timestamp": "2026-03-01T12:00:00Z", "window": "15.04s",
            "containers": [
                { "name": "app", "usage": { "cpu": cpu, "memory": "20Mi" } },
                { "name": "proxy", "usage": { "cpu": "50m", "memory": "5Mi" } },
            ],
        })
    }

    fn metrics(items: &[Value]) -> Value {
        json!({ "kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": items })
    }

    fn list(items: &[Value]) -> Value {
        json!({ "apiVersion": "v1", "kind": "List", "metadata": { "resourceVersion": "" }, "items": items })
    }

    fn labels() -> Value {
        json!({ "app": "web", "pod-template-hash": "7d9f" })
    }

    /// Two pods at 600m and 650m of 650m requested, and one of another workload.
    fn dump() -> Vec<Value> {
        let mut other = pod("job-x", &json!({ "app": "job" }));
        other["metadata"]["ownerReferences"][0]["name"] = json!("job-1");
        let pods = [hpa(), pod("web-a", &labels()), pod("web-b", &labels()), other];
        vec![
            list(&pods),
            metrics(&[usage("web-a", "550000000n"), usage("web-b", "600m"), usage("job-x", "1")]),
        ]
    }

    fn read(values: &[Value]) -> Result<State, String> {
        from_kubectl(values, None, None).map_err(|error| error.to_string())
    }

    #[test]
    fn a_dump_becomes_the_state_that_the_controller_sees() {
        let state = read(&dump()).unwrap();
        assert_eq!(state.names, ["web-a", "web-b"]);
        let start = SimTime(1_772_362_800_000_000_000);
        let view = PodView {
            phase: Phase::Running,
            deleted: false,
            ready: Some(Status::True),
            ready_transition: start + Nanos::from_secs(9),
            start_time: Some(start),
            requests: 0,
        };
        assert_eq!(state.pods, [view, view]);
        let container = |name: &str, requests: &[(&str, i64)]| ContainerRequests {
            name: name.to_owned(),
            requests: requests.iter().map(|(resource, milli)| ((*resource).to_owned(), *milli)).collect(),
        };
        let containers = vec![
            container("app", &[("cpu", 500), ("memory", 1_024_000)]),
            container("proxy", &[("cpu", 100)]),
            container("side", &[("cpu", 50)]),
        ];
        assert_eq!(state.requests, [PodRequests { containers, ..PodRequests::default() }]);
        let sample = |pod, milli| PodSample {
            pod,
            time: start + Nanos::from_secs(3_600),
            window: Nanos::from_millis(15_040),
            value: Some(milli),
        };
        assert_eq!(state.samples, [Samples::Pods(vec![sample(0, 600), sample(1, 650)])]);
        assert_eq!(state.now, start + Nanos::from_secs(3_600), "the time of the newest sample");
        assert_eq!(state.scale, Scale { spec_replicas: 3, status_replicas: 2 });
        assert_eq!(state.options, Options::for_kubernetes(35));
        assert_eq!((state.hpa.min_replicas, state.hpa.max_replicas), (2, 10));
        assert_eq!(state.conditions.iter().count(), 1);
        // 1250 of 1300 is 96 %: 1.92 times two pods.
        assert_eq!(decide(&state.input()).desired_replicas, 4);
    }

    #[test]
    fn the_target_in_the_dump_gives_selector_and_sizes() {
        let mut values = dump();
        values.push(json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": "shop" },
            "spec": { "replicas": 5, "selector": { "matchLabels": { "app": "job" } }, "template": {} },
            "status": { "replicas": 6, "readyReplicas": 4 },
        }));
        let state = read(&values).unwrap();
        assert_eq!(state.names, ["job-x"]);
        assert_eq!(state.scale, Scale { spec_replicas: 5, status_replicas: 6 });
        let target = values.last_mut().unwrap();
        target["status"] = json!({});
        target["spec"]["replicas"] = json!(null);
        assert_eq!(read(&values).unwrap().scale, Scale { spec_replicas: 1, status_replicas: 0 });
        values.last_mut().unwrap()["metadata"]["namespace"] = json!("other");
        assert_eq!(read(&values).unwrap().names, ["web-a", "web-b"], "another namespace is another target");
    }

    #[test]
    fn pods_without_a_target_belong_by_owner() {
        let with = |kind: &str, owner: Value, labels: Value| {
            let mut autoscaler = hpa();
            autoscaler["spec"]["scaleTargetRef"]["kind"] = json!(kind);
            let mut pod = pod("p", &labels);
            pod["metadata"]["ownerReferences"] = json!([owner]);
            read(&[list(&[autoscaler, pod]), metrics(&[usage("p", "1")])]).map(|state| state.names)
        };
        let owner = |kind: &str, name: &str| json!({ "kind": kind, "name": name });
        let hash = |label: &str, hash: &str| json!({ label: hash });
        for (name, kind, owner, labels, belongs) in [
            (
                "through its replica set",
                "Deployment",
                owner("ReplicaSet", "web-1f"),
                hash("pod-template-hash", "1f"),
                true,
            ),
            (
                "another hash",
                "Deployment",
                owner("ReplicaSet", "web-1f"),
                hash("pod-template-hash", "2f"),
                false,
            ),
            (
                "a longer name",
                "Deployment",
                owner("ReplicaSet", "web-api-1f"),
                hash("pod-template-hash", "1f"),
                false,
            ),
            ("no hash", "Deployment", owner("ReplicaSet", "web-1f"), json!({}), false),
            (
                "a rollout",
                "Rollout",
                owner("ReplicaSet", "web-1f"),
                hash("rollouts-pod-template-hash", "1f"),
                true,
            ),
            ("directly", "StatefulSet", owner("StatefulSet", "web"), json!({}), true),
            ("another name", "StatefulSet", owner("StatefulSet", "db"), json!({}), false),
            ("another kind", "StatefulSet", owner("DaemonSet", "web"), json!({}), false),
        ] {
            let names = with(kind, owner, labels);
            assert_eq!(names.is_ok(), belongs, "{name}: {names:?}");
        }
    }

    #[test]
    fn sizes_without_a_target_come_from_the_status_and_the_pods() {
        let mut values = dump();
        let pods = values[0]["items"].as_array_mut().unwrap();
        pods[0]["status"]["desiredReplicas"] = json!(0);
        pods[1]["metadata"]["deletionTimestamp"] = json!("2026-03-01T12:00:00Z");
        let mut failed = pod("web-c", &labels());
        failed["status"]["phase"] = json!("Failed");
        pods.push(failed);
        let mut young = pod("web-d", &labels());
        young["status"] = json!({});
        pods.push(young);
        let state = read(&values).unwrap();
        assert_eq!(state.scale, Scale { spec_replicas: 2, status_replicas: 2 });
        assert!(state.pods[0].deleted);
        assert_eq!(state.pods[3].phase, Phase::Pending);
        assert_eq!((state.pods[3].ready, state.pods[3].start_time), (None, None));
    }

    #[test]
    fn other_metrics_and_missing_answers_are_unavailable() {
        let mut values = dump();
        let target = json!({ "type": "AverageValue", "averageValue": "2" });
        let named = json!({ "metric": { "name": "m" }, "target": { "type": "Value", "value": "500m" } });
        values[0]["items"][0]["spec"]["metrics"] = json!([
            { "type": "ContainerResource", "containerResource": { "name": "cpu", "container": "app", "target": target } },
            { "type": "Pods", "pods": { "metric": { "name": "m" }, "target": target } },
            { "type": "Object", "object": named },
            { "type": "External", "external": named },
            { "type": "Moon" },
        ]);
        let state = read(&values).unwrap();
        let kinds: Vec<&str> = state.hpa.metrics.iter().map(|metric| metric.source.kind()).collect();
        assert_eq!(kinds, ["ContainerResource", "Pods", "Object", "External", "Moon"]);
        assert_eq!(state.hpa.metrics[0].target, MetricTarget::average_value(2_000));
        assert_eq!(state.hpa.metrics[3].target, MetricTarget::value(500));
        let Samples::Pods(samples) = &state.samples[0] else { panic!("{:?}", state.samples) };
        assert_eq!(samples.iter().map(|sample| sample.value).collect::<Vec<_>>(), [Some(550), Some(600)]);
        assert!(state.samples[1..].iter().all(|answer| *answer == Samples::Unavailable));

        let only_objects = &dump()[..1];
        let state = from_kubectl(only_objects, None, Some(SimTime(7))).unwrap();
        assert_eq!((state.now, &state.samples[0]), (SimTime(7), &Samples::Unavailable));
    }

    #[test]
    fn a_spec_without_metrics_and_with_behavior() {
        let mut values = dump();
        let spec = &mut values[0]["items"][0]["spec"];
        spec["metrics"] = json!([]);
        spec["minReplicas"] = json!(null);
        spec["behavior"] = json!({ "scaleUp": { "stabilizationWindowSeconds": 5, "tolerance": "50m" } });
        let state = read(&values).unwrap();
        assert_eq!(state.hpa.metrics, [default_metric()]);
        assert_eq!(state.hpa.min_replicas, 1);
        let scale_up = ScalingRules {
            stabilization_window: Some(Nanos::from_secs(5)),
            tolerance: Some(0.05),
            ..ScalingRules::default_for(Direction::Up)
        };
        assert_eq!(state.hpa.behavior, Some(Behavior { scale_up, ..Behavior::default() }));
    }

    #[test]
    fn one_of_several_autoscalers_is_chosen_by_name() {
        let mut second = hpa();
        second["metadata"]["name"] = json!("api");
        let mut values = dump();
        values.push(list(&[second]));
        let choose = |name: Option<&str>| {
            from_kubectl(&values, name, None).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!((choose(Some("web")), choose(Some("shop/api"))), (Ok(()), Ok(())));
        let several = "the input holds several autoscalers, choose one of: shop/web, shop/api";
        assert_eq!(choose(None), Err(several.to_owned()));
        assert_eq!(
            choose(Some("db")),
            Err("no autoscaler is named `db`: there are shop/web, shop/api".to_owned())
        );
    }

    #[test]
    fn what_is_wrong_or_missing_is_named() {
        let old = json!({ "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": { "name": "web" } });
        let bend = |pointer: &str, value: Value| {
            let mut values = dump();
            *values[0].pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
            read(&values).unwrap_err()
        };
        let mut timeless = metrics(&[usage("web-a", "1")]);
        timeless["items"][0]["timestamp"] = json!("noon");
        for (error, message) in [
            (read(&[]).unwrap_err(), "the input holds no HorizontalPodAutoscaler"),
            (read(&[old]).unwrap_err(), "HorizontalPodAutoscaler web: autoscaling/v1 lacks most of the spec"),
            (read(&dump()[..1]).unwrap_err(), "the input holds no PodMetrics to take the time from"),
            (read(&[list(&[hpa()])]).unwrap_err(), "the input holds no pod of Deployment web: add it"),
            (read(&[timeless]).unwrap_err(), "PodMetrics web-a.timestamp: `noon` is no time"),
            (
                bend("/items/0/spec/maxReplicas", json!(null)),
                "HorizontalPodAutoscaler web.spec.maxReplicas: invalid type",
            ),
            (
                bend("/items/1/spec/containers/0/resources/requests/cpu", json!("lots")),
                "Pod web-a.spec.containers[0].resources.requests.cpu: `lots` is not a quantity",
            ),
            (
                bend("/items/1/status/startTime", json!("yesterday")),
                "Pod web-a.status.startTime: `yesterday` is no time",
            ),
        ] {
            assert!(error.starts_with(message), "{error}");
        }
        let mut idle = hpa();
        idle["status"]["currentReplicas"] = json!(0);
        assert!(from_kubectl(&[idle], None, Some(SimTime(1))).is_ok(), "nothing runs, nothing is missing");
    }
}
