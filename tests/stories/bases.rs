//! Manifests that the stories stand on; most of them are those of the scenarios.

use crate::common::{app, web};

macro_rules! shipped {
    ($name:literal) => {
        include_str!(concat!("../../scenarios/stories/", $name))
    };
}

/// Four pods with a readiness probe, and nothing else.
pub(crate) const WEB: &str = shipped!("web.yaml");

/// The same, and ready only when the load balancer has them.
pub(crate) const GATED: &str = shipped!("web-gated.yaml");

/// An autoscaled service whose pods are asked whether they are ready.
pub(crate) const SCALED: &str = concat!(shipped!("web-scaled.yaml"), "---\n", shipped!("hpa.yaml"));

/// One whose pods are not.
pub(crate) const UNPROBED: &str = concat!(shipped!("web-unprobed.yaml"), "---\n", shipped!("hpa.yaml"));

/// The gate that Google's controller sets.
pub(crate) const NEG: &str = web!(11 pods [
    "      readinessGates: [{conditionType: cloud.google.com/load-balancer-neg-ready}]\n",
    app!("readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}")
]);

/// nginx in front of php-fpm, in one pod.
pub(crate) const PHP: &str = web!(4 pods [
    "      containers:\n        - name: nginx\n          image: nginx:1.27\n          ports: [{containerPort: 80}]\n",
    "          readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 5}\n",
    "        - {name: php-fpm, image: 'php:8.3-fpm', ports: [{containerPort: 9000}]}\n"
] service "ports: [{port: 80}]");

/// An application beside its mesh proxy.
pub(crate) const MESH: &str = web!(4 pods [
    app!("readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}"),
    "        - {name: istio-proxy, image: 'docker.io/istio/proxyv2:1.24.0'}\n"
]);

/// The same where nothing inbound goes through the proxy.
pub(crate) const BYPASSED: &str = concat!(
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 4\n",
    "  selector: {matchLabels: {app: web}}\n  template:\n",
    "    metadata: {labels: {app: web}, annotations: {traffic.sidecar.istio.io/includeInboundPorts: ''}}\n",
    "    spec:\n",
    app!("readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}"),
    "        - {name: istio-proxy, image: 'docker.io/istio/proxyv2:1.24.0'}\n",
    "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n",
    "spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}\n"
);

/// Liveness loses patience before readiness does.
pub(crate) const PATIENT_READINESS: &str = web!(4 pods [app!(
    "livenessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 3}",
    "readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}"
)]);

/// A Service whose nodes answer for their own pods only.
pub(crate) const LOCAL: &str = web!(1 pods [
    app!("readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 2}")
] service
    "type: LoadBalancer, externalTrafficPolicy: Local, ports: [{port: 80, targetPort: 8080}]");
