//! Tests of the reader as a whole; what one file decides alone is tested there.

mod controllers;
mod diagnostics;
mod front_end;
mod links;
mod robustness;
mod rollouts;
mod routes;
mod selection;
mod texts;
mod values;

use super::{Manifests, Source, read_manifests};
use crate::diag::Diagnostic;

/// A Deployment with one container, from which tests make what they need by replacing text.
pub(super) const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: app
          image: example/app:1
          ports:
            - name: http
              containerPort: 8080
          readinessProbe:
            httpGet:
              path: /ready
              port: http
            periodSeconds: 5
";

/// A Service over [`WEB`].
pub(super) const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports:
    - port: 80
      targetPort: http
";

/// An autoscaler of [`WEB`].
pub(super) const HPA: &str = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 10
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: 60}
";

/// An Ingress to [`SERVICE`].
pub(super) const INGRESS: &str = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations: {}
spec:
  ingressClassName: nginx
  rules:
    - host: example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: web, port: {number: 80}}}
";

/// A budget over [`WEB`].
pub(super) const PDB: &str = "\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec:
  minAvailable: 2
  selector: {matchLabels: {app: web}}
";

/// Several documents in one text.
pub(super) fn documents(texts: &[&str]) -> String {
    texts.join("---\n")
}

/// `text` with `from`, which must be there exactly once, replaced by `to`.
pub(super) fn edited(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "`{from}` must be there once");
    text.replace(from, to)
}

pub(super) fn read(text: &str) -> Result<Manifests, Vec<Diagnostic>> {
    read_manifests(&[Source::Text { name: "web.yaml".to_owned(), text: text.to_owned() }])
}

#[track_caller]
pub(super) fn read_ok(text: &str) -> Manifests {
    match read(text) {
        Ok(manifests) => manifests,
        Err(errors) => panic!("{}\n{text}", rendered(&errors)),
    }
}

/// Reads a text with errors.
#[track_caller]
pub(super) fn read_err(text: &str) -> Vec<Diagnostic> {
    read(text).expect_err(text)
}

pub(super) fn rendered(diagnostics: &[Diagnostic]) -> String {
    let texts: Vec<String> = diagnostics.iter().map(|diagnostic| diagnostic.render(false)).collect();
    texts.join("\n\n")
}
