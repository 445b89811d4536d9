//! From a HorizontalPodAutoscaler and a pod spec as they stand in manifests to what the decision
//! takes.

use std::collections::BTreeMap;

use super::manifest::{
    Behavior, Container, HorizontalPodAutoscaler, Metric, MetricTarget, PodSpec, PolicyType, Resources,
    ScalingRules, SelectPolicy,
};
use crate::model::hpa;
use crate::units::Nanos;

/// The part of an autoscaler that decides sizes. An absent and an empty `behavior` stay apart.
pub fn hpa_spec(object: &HorizontalPodAutoscaler) -> hpa::HpaSpec {
    hpa::HpaSpec {
        min_replicas: count(object.min_replicas),
        max_replicas: count(object.max_replicas),
        metrics: object.metrics.iter().map(metric).collect(),
        behavior: object.behavior.as_ref().map(behavior),
    }
}

/// What one pod of this spec requests, in thousandths.
pub fn pod_requests(spec: &PodSpec) -> hpa::PodRequests {
    let of = |container: &Container| hpa::ContainerRequests {
        name: container.name.clone(),
        requests: requests(&container.resources),
    };
    let init = spec
        .init_containers
        .iter()
        .map(|c| hpa::InitRequests { is_sidecar: c.is_sidecar(), container: of(c) });
    hpa::PodRequests::new(spec.containers.iter().map(of).collect(), init, requests(&spec.resources))
}

fn requests(resources: &Resources) -> BTreeMap<String, i64> {
    let given = [("cpu", resources.cpu_request_milli), ("memory", resources.memory_request_milli)];
    given.into_iter().filter_map(|(name, request)| Some((name.to_owned(), amount(request?)))).collect()
}

fn metric(metric: &Metric) -> hpa::MetricSpec {
    let (source, target) = match metric {
        Metric::Resource { name, target } => (hpa::MetricSource::Resource { resource: name.clone() }, target),
        Metric::ContainerResource { name, container, target } => {
            let source =
                hpa::MetricSource::ContainerResource { resource: name.clone(), container: container.clone() };
            (source, target)
        }
        Metric::Pods { metric, target } => (hpa::MetricSource::Pods { metric: metric.name.clone() }, target),
        Metric::Object { metric, target, .. } => {
            (hpa::MetricSource::Object { metric: metric.name.clone() }, target)
        }
        Metric::External { metric, target } => {
            (hpa::MetricSource::External { metric: metric.name.clone() }, target)
        }
    };
    let target = match *target {
        MetricTarget::Utilization(percent) => hpa::MetricTarget::utilization(count(percent)),
        MetricTarget::AverageValue(milli) => hpa::MetricTarget::average_value(amount(milli)),
        MetricTarget::Value(milli) => hpa::MetricTarget::value(amount(milli)),
    };
    hpa::MetricSpec { source, target }
}

fn behavior(given: &Behavior) -> hpa::Behavior {
    let rules = |given: &Option<ScalingRules>, direction| match given {
        Some(given) => rules(given, direction),
        None => hpa::ScalingRules::default_for(direction),
    };
    hpa::Behavior {
        scale_up: rules(&given.scale_up, hpa::Direction::Up),
        scale_down: rules(&given.scale_down, hpa::Direction::Down),
    }
}

fn rules(given: &ScalingRules, direction: hpa::Direction) -> hpa::ScalingRules {
    let default = hpa::ScalingRules::default_for(direction);
    let policies = given.policies.as_ref().map(|list| {
        let policy = |policy: &super::manifest::ScalingPolicy| hpa::ScalingPolicy {
            kind: match policy.policy_type {
                PolicyType::Pods => hpa::PolicyKind::Pods,
                PolicyType::Percent => hpa::PolicyKind::Percent,
            },
            value: count(policy.value),
            period: seconds(policy.period_seconds),
        };
        list.iter().map(policy).collect()
    });
    hpa::ScalingRules {
        stabilization_window: given.stabilization_window_seconds.map(seconds),
        select_policy: given.select_policy.map_or(default.select_policy, |select| match select {
            SelectPolicy::Max => hpa::SelectPolicy::Max,
            SelectPolicy::Min => hpa::SelectPolicy::Min,
            SelectPolicy::Disabled => hpa::SelectPolicy::Disabled,
        }),
        policies: policies.unwrap_or(default.policies),
        tolerance: given.tolerance_milli.map(|milli| milli as f64 / 1_000.0),
    }
}

fn seconds(seconds: u32) -> Nanos {
    Nanos::from_secs(u64::from(seconds))
}

fn count(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn amount(milli: u64) -> i64 {
    i64::try_from(milli).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::manifest::{Manifests, Source, read_manifests};

    fn read(text: &str) -> Manifests {
        let (name, text) = ("web.yaml".to_owned(), text.to_owned());
        read_manifests(&[Source::Text { name, text }]).expect("a valid manifest")
    }

    const HEAD: &str = "
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 9
";

    fn spec(rest: &str) -> hpa::HpaSpec {
        hpa_spec(&read(&format!("{HEAD}{rest}")).autoscalers[0])
    }

    #[test]
    fn defaults_are_those_of_the_api_server() {
        let bare = spec("");
        assert_eq!((bare.min_replicas, bare.max_replicas), (1, 9));
        let cpu = hpa::MetricSource::Resource { resource: "cpu".to_owned() };
        let want = hpa::MetricSpec { source: cpu, target: hpa::MetricTarget::utilization(80) };
        assert_eq!(bare.metrics, [want]);
        assert_eq!(bare.behavior, None);
        assert_eq!(spec("  behavior: {}\n").behavior, Some(hpa::Behavior::default()));
    }

    #[test]
    fn rules_are_completed_field_by_field() {
        let behavior = spec(
            "  behavior:
    scaleUp: {stabilizationWindowSeconds: 60, tolerance: 0.05}
    scaleDown: {selectPolicy: Min, policies: [{type: Pods, value: 2, periodSeconds: 90}]}
",
        )
        .behavior
        .expect("it is given");
        let up = hpa::ScalingRules {
            stabilization_window: Some(Nanos::from_secs(60)),
            tolerance: Some(0.05),
            ..hpa::ScalingRules::default_for(hpa::Direction::Up)
        };
        assert_eq!(behavior.scale_up, up);
        let policy =
            hpa::ScalingPolicy { kind: hpa::PolicyKind::Pods, value: 2, period: Nanos::from_secs(90) };
        let down = hpa::ScalingRules {
            select_policy: hpa::SelectPolicy::Min,
            policies: vec![policy],
            ..hpa::ScalingRules::default_for(hpa::Direction::Down)
        };
        assert_eq!(behavior.scale_down, down);
    }

    #[test]
    fn every_type_of_metric_keeps_its_name_and_target() {
        let metrics = spec(
            "  metrics:
  - type: ContainerResource
    containerResource: {name: memory, container: app, target: {type: AverageValue, averageValue: 2Ki}}
  - type: Pods
    pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 1500m}}
  - type: Object
    object:
      metric: {name: p99}
      describedObject: {apiVersion: v1, kind: Service, name: web}
      target: {type: Value, value: 200m}
  - type: External
    external: {metric: {name: queue}, target: {type: AverageValue, averageValue: 30}}
",
        )
        .metrics;
        let want = [
            (
                hpa::MetricSource::ContainerResource { resource: "memory".into(), container: "app".into() },
                hpa::MetricTarget::average_value(2_048_000),
            ),
            (hpa::MetricSource::Pods { metric: "rps".into() }, hpa::MetricTarget::average_value(1_500)),
            (hpa::MetricSource::Object { metric: "p99".into() }, hpa::MetricTarget::value(200)),
            (
                hpa::MetricSource::External { metric: "queue".into() },
                hpa::MetricTarget::average_value(30_000),
            ),
        ];
        assert_eq!(metrics, want.map(|(source, target)| hpa::MetricSpec { source, target }));
    }

    #[test]
    fn requests_count_sidecars_but_no_other_init_container() {
        let manifests = read(
            "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers:
      - {name: migrate, image: m, resources: {requests: {cpu: 2}}}
      - {name: proxy, image: p, restartPolicy: Always, resources: {requests: {cpu: 50m}}}
      containers:
      - {name: app, image: a, resources: {requests: {cpu: 200m, memory: 1Ki}}}
",
        );
        let requests = pod_requests(&manifests.deployments[0].pod_spec);
        assert_eq!(requests.of("cpu", None, true), Ok(250));
        assert_eq!(requests.of("memory", Some("app"), true), Ok(1_024_000));
        assert_eq!(requests.of("memory", None, true), Err(hpa::MetricError::MissingRequest));
    }
}
