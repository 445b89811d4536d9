//! A small service that the tests of advice share: two containers with probes, and an autoscaler.

use crate::config::case::{Case, Override};
use crate::config::inputs::{COMMAND_LINE, Inputs};
use crate::sim::spec::DeploymentPlan;

pub(super) const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: app, image: app, ports: [{containerPort: 80}], readinessProbe: {tcpSocket: {port: 80}}}
        - {name: proxy, image: proxy, ports: [{containerPort: 81}], readinessProbe: {tcpSocket: {port: 81}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec:
  minReplicas: 3
  maxReplicas: 9
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  metrics:
    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}
";

pub(super) fn inputs(yaml: &str) -> Inputs {
    let line = "web.yaml\n--rps 20\n--duration 20s\n--latency 20ms\n--startup 2s\n";
    let texts = [(COMMAND_LINE, line), ("web.yaml", yaml)];
    Inputs::stored(&texts.map(|(name, text)| (name.to_owned(), text.to_owned())))
        .unwrap_or_else(|errors| panic!("{errors:#?}"))
}

pub(super) fn case(set: &[(&str, &str)]) -> Case {
    let one = |&(knob, value): &(&str, &str)| Override { knob: knob.into(), value: value.into() };
    let overrides: Vec<Override> = set.iter().map(one).collect();
    inputs(WEB).case(&overrides).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

pub(super) fn plan(set: &[(&str, &str)]) -> DeploymentPlan {
    case(set).spec.deployments[0].clone()
}
