//! Service meshes: the proxy that an injector puts into every pod, which takes all its connections.
//!
//! Source: istio manifests/charts/istio-control/istio-discovery (values.yaml, injection template),
//! pkg/envoy/agent.go (drain on the stop signal), pkg/config/mesh/mesh.go, 1.24 to 1.27.

use super::code;
use super::fields::Objects;
use super::values::{Fallback, Values};
use crate::config::case::Origin;
use crate::config::manifest::{
    Container, HttpGet, Lifecycle, PodSpec, Probe, ProbeHandler, ProbePort, Resources, RestartPolicy,
};
use crate::diag::Diagnostic;
use crate::model::outcome::Status;

/// Names of containers that take every connection of their pod into their hands, and what each
/// answers when the application takes none.
///
/// Source: envoy router.cc (503 UF); linkerd2-proxy's rescue of connect errors (502).
const PROXIES: &[(&str, Status)] = &[
    (ISTIO, Status::Unavailable),
    ("envoy-sidecar", Status::Unavailable),
    ("linkerd-proxy", Status::BadGateway),
];

const ISTIO: &str = "istio-proxy";

/// Whether a container of this name is a mesh's proxy.
pub fn is_mesh_proxy(name: &str) -> bool {
    PROXIES.iter().any(|(proxy, _)| *proxy == name)
}

pub(super) fn is_proxy(container: &Container) -> bool {
    is_mesh_proxy(&container.name)
}

/// Whether the container is a mesh's proxy beside an application. In a pod of its own, such as a
/// gateway's, it is the application.
pub(super) fn is_beside(containers: &[(&Container, bool)], at: usize) -> bool {
    is_proxy(containers[at].0) && containers.iter().any(|(other, _)| !is_proxy(other))
}

/// What a mesh's proxy answers when the application takes no connection.
pub(super) fn status_when_down(container: &Container) -> Option<Status> {
    PROXIES.iter().find(|(name, _)| *name == container.name).map(|(_, status)| *status)
}

/// Puts the proxy into a pod where the scenario says that an injector will and none is there yet.
pub(super) fn inject(spec: &mut PodSpec, values: &mut Values<'_>) {
    let native = match values.word("mesh") {
        "istio" => false,
        "istio-native" => true,
        _ => return,
    };
    if spec.serving_containers().any(is_proxy) {
        return;
    }
    let list = if native { &mut spec.init_containers } else { &mut spec.containers };
    // The injector puts a sidecar before the others, and a plain container behind them.
    let at = if native { 0 } else { list.len() };
    list.insert(at, istio(native));
}

/// A word where the manifests ask for injection and the scenario is silent about the mesh.
pub(super) fn warn_of_label(objects: &Objects, values: &mut Values<'_>) {
    const LABEL: &str = "sidecar.istio.io/inject";
    let asks = objects.deployment.template_labels.get(LABEL).is_some_and(|value| value == "true");
    if asks && values.said("mesh").is_none() && !objects.pod_spec.serving_containers().any(is_proxy) {
        let title = objects.deployment.meta.title();
        let message = format!("{title}: Istio injects its proxy ({LABEL}), which is not simulated unasked");
        let diagnostic = Diagnostic::warning(code::UNSUPPORTED, message).at(objects.deployment.meta.place());
        values.problems.push(diagnostic.help("--set mesh=istio, or mesh=istio-native where that is on"));
    }
}

/// The proxy as Istio's injector writes it.
fn istio(native: bool) -> Container {
    let ready = |period_seconds: u32, failure_threshold: u32| Probe {
        handler: ProbeHandler::HttpGet(HttpGet {
            path: "/healthz/ready".to_owned(),
            port: ProbePort { number: 15_021, name: None },
            https: false,
            host: None,
        }),
        initial_delay_seconds: 0,
        period_seconds,
        timeout_seconds: 3,
        success_threshold: 1,
        failure_threshold,
        termination_grace_period_seconds: None,
        path: String::new(),
    };
    Container {
        name: ISTIO.to_owned(),
        image: "proxyv2".to_owned(),
        command: Vec::new(),
        args: Vec::new(),
        ports: Vec::new(),
        resources: Resources {
            cpu_request_milli: Some(100),
            cpu_limit_milli: Some(2_000),
            memory_request_milli: Some(128 * 1_024 * 1_024 * 1_000),
            memory_limit_milli: Some(1_024 * 1_024 * 1_024 * 1_000),
        },
        startup_probe: Some(ready(1, 600)),
        readiness_probe: Some(ready(15, 4)),
        liveness_probe: None,
        lifecycle: Lifecycle::default(),
        restart_policy: native.then_some(RestartPolicy::Always),
        path: String::new(),
    }
}

/// How long the proxy keeps idle connections.
pub(super) fn idle_timeout() -> Fallback {
    Fallback::plain("1h", Origin::Documented, "Envoy's idle timeout")
}
