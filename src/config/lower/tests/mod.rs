//! Tests of lowering as a whole.

mod assumptions;
mod cases;
mod front_ends;
mod mesh;
mod shared;

use super::{Lowered, lower};
use crate::config::case::Assumption;
use crate::config::described::{Described, EventAction, EventLine};
use crate::config::knobs;
use crate::config::manifest::{Manifests, Source, read_manifests};
use crate::config::settings::{Layer, Setting, Settings};
use crate::diag::Diagnostic;
use crate::sim::spec::{ContainerPlan, Role, ServerSpec};
use crate::units::Nanos;
use crate::workload::{Load, OpenLoad, OpenSource, Profile};

/// A Deployment, its Service and an autoscaler, from which tests make what they need.
pub(super) const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 45
      containers:
        - name: app
          image: registry.example/shop/web:7
          ports: [{name: http, containerPort: 8080}]
          resources: {requests: {cpu: 500m}, limits: {cpu: '1'}}
          readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 5}
          lifecycle: {preStop: {sleep: {seconds: 10}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: http}]
";

/// An autoscaler of [`WEB`].
pub(super) const HPA: &str = "\
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 3
  maxReplicas: 24
  metrics:
    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}
";

pub(super) fn manifests(text: &str) -> Manifests {
    let (name, text) = ("web.yaml".to_owned(), text.to_owned());
    read_manifests(&[Source::Text { name, text }]).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// What `--set` and its like make of names and texts.
pub(super) fn settings(said: &[(&str, &str)]) -> Settings {
    let mut settings = Settings::default();
    for (name, text) in said {
        let path = knobs::find(name).unwrap_or_else(|error| panic!("{error:?}")).path;
        settings.push(Setting { path, text: (*text).to_owned(), layer: Layer::Override, place: None });
    }
    settings
}

pub(super) fn open(rps: f64, seconds: u64) -> Load {
    let profile = Profile::constant(rps, Nanos::from_secs(seconds)).unwrap();
    Load::Open(OpenLoad { source: OpenSource::Rate { profile, dispersion: 1.0 } })
}

/// 900 requests per second for three minutes, and a rollout after one.
pub(super) fn described<'m>(manifests: &'m Manifests, said: &[(&str, &str)]) -> Described<'m> {
    Described {
        name: None,
        manifests,
        from: None,
        settings: settings(said),
        load: open(900.0, 180),
        load_words: "900 rps open loop".to_owned(),
        events: vec![EventLine { at: Nanos::from_secs(60), action: EventAction::Rollout, place: None }],
        expectations: Vec::new(),
    }
}

pub(super) fn lowered(text: &str, said: &[(&str, &str)]) -> Lowered {
    let manifests = manifests(text);
    lower(&described(&manifests, said)).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

pub(super) fn refused(text: &str, said: &[(&str, &str)]) -> Vec<Diagnostic> {
    let manifests = manifests(text);
    match lower(&described(&manifests, said)) {
        Err(errors) => errors,
        Ok(lowered) => panic!("not refused: {:?}", lowered.heading),
    }
}

/// The container of that name in the template that a rollout brings.
pub(super) fn container<'l>(lowered: &'l Lowered, name: &str) -> &'l ContainerPlan {
    let template = &lowered.spec.deployments[0].templates[1];
    template.containers.iter().find(|container| container.name == name).expect("a container of that name")
}

pub(super) fn server<'l>(lowered: &'l Lowered, name: &str) -> &'l ServerSpec {
    match &container(lowered, name).role {
        Role::Serves(server) => server,
        other => panic!("{name}: {other:?}"),
    }
}

pub(super) fn assumption<'l>(lowered: &'l Lowered, key: &str) -> &'l Assumption {
    let found = lowered.assumptions.iter().find(|assumption| assumption.key == key);
    found.unwrap_or_else(|| panic!("{key} is not assumed"))
}

pub(super) fn is_assumed(lowered: &Lowered, key: &str) -> bool {
    lowered.assumptions.iter().any(|assumption| assumption.key == key)
}
