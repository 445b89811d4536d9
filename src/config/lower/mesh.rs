//! Service meshes: the proxy that an injector puts into every pod, which takes all its connections.
//!
//! Source: istio manifests/charts/istio-control/istio-discovery (values.yaml, injection template),
//! pkg/envoy/agent.go (drain on the stop signal), pkg/config/mesh/mesh.go, 1.24 to 1.27.

use super::code;
use super::fields::Objects;
use super::istio;
use super::values::{Fallback, Values};
use crate::config::case::Origin;
use crate::config::manifest::{
    Container, Deployment, HttpGet, Injection, Lifecycle, Manifests, PodSpec, Probe, ProbeHandler, ProbePort,
    Resources, RestartPolicy, Variable,
};
use crate::diag::Diagnostic;
use crate::model::outcome::Status;

/// Names of containers that take every connection of their pod into their hands, and what each
/// answers when the application takes none.
///
/// Source: envoy router.cc (503 UF); linkerd2-proxy's rescue of connect errors (502).
const PROXIES: &[(&str, Status)] =
    &[(ISTIO, Status::Unavailable), ("envoy-sidecar", Status::Unavailable), (LINKERD, Status::BadGateway)];

const ISTIO: &str = "istio-proxy";
const LINKERD: &str = "linkerd-proxy";

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

/// A list in an annotation that says what Istio's proxy takes into its hands.
fn redirected(deployment: &Deployment, annotation: &str) -> Option<Vec<String>> {
    let value = deployment.template_annotations.get(&format!("traffic.sidecar.istio.io/{annotation}"))?;
    Some(value.split(',').map(|item| item.trim().to_owned()).collect())
}

/// Whether connections to this port of the pods go past Istio's proxy, which is left with what the application
/// calls.
/// Source: istio tools/istio-iptables/pkg/capture/run.go handleInboundPortsInclude: without included ports
/// nothing inbound is redirected; exclusions count where all are included.
pub(super) fn is_bypassed(proxy: &Container, deployment: &Deployment, port: Option<u16>) -> bool {
    let names = |ports: &[String]| port.is_some_and(|port| ports.contains(&port.to_string()));
    let all = ["*".to_owned()];
    let included = redirected(deployment, "includeInboundPorts").unwrap_or_else(|| all.to_vec());
    proxy.name == ISTIO
        && match included.as_slice() {
            included if included == all => {
                redirected(deployment, "excludeInboundPorts").is_some_and(|ports| names(&ports))
            }
            [empty] if empty.is_empty() => true,
            included => port.is_some() && !names(included),
        }
}

/// Whether Istio's proxy takes what the application calls.
pub(super) fn takes_outbound(deployment: &Deployment) -> bool {
    redirected(deployment, "includeOutboundIPRanges").is_none_or(|ranges| ranges != [""])
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
    let proxy = injected(native, spec.istio_config.as_ref());
    let list = if native { &mut spec.init_containers } else { &mut spec.containers };
    // The injector puts a sidecar before the others, and a plain container behind them.
    let at = if native { 0 } else { list.len() };
    list.insert(at, proxy);
}

/// A word where the manifests ask for injection and the scenario is silent about the mesh, and where
/// the scenario asks for it and the manifests show the proxy already.
pub(super) fn warn(objects: &Objects, manifests: &Manifests, values: &mut Values<'_>) {
    let shown = objects.pod_spec.serving_containers().find(|container| is_proxy(container));
    let title = objects.deployment.meta.title();
    let asked = manifests.injection(&objects.deployment);
    let diagnostic = match (shown, values.said("mesh").map(|setting| setting.text.as_str()), asked) {
        (Some(proxy), Some(said), _) if said != "none" => {
            let message = format!("mesh={said} has no effect: {title} has `{}` already", proxy.name);
            Diagnostic::warning(code::NO_EFFECT, message)
        }
        (None, None, Some(Injection { mesh, said, place })) => {
            let message =
                format!("{title}: {mesh} injects its proxy ({said}), which is not simulated unasked");
            let help = match mesh {
                "Istio" => {
                    "--set mesh=istio, or mesh=istio-native where that is on; or give a running pod, too"
                }
                _ => {
                    "give a running pod, too (kubectl get pods -o yaml), or say that it does not matter: --set mesh=none"
                }
            };
            Diagnostic::warning(code::UNSUPPORTED, message).at(place).help(help)
        }
        _ => return,
    };
    values.problems.push(diagnostic);
}

/// What a mesh's proxy does on its stop signal.
pub(super) fn on_stop(container: &Container, image: &str, values: &mut Values<'_>) -> Option<Fallback> {
    if image == "proxyv2" || container.name == ISTIO {
        return Some(istio::on_stop(container, values));
    }
    (container.name == LINKERD).then(|| Fallback {
        text: "drain".to_owned(),
        range: Some(("drain".to_owned(), "exit".to_owned())),
        origin: Origin::Guess,
        source: "linkerd-proxy finishes what it has".to_owned(),
        decisive: true,
    })
}

/// The proxy as Istio's injector writes it.
fn injected(native: bool, config: Option<&Variable>) -> Container {
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
        env: config.cloned().into_iter().collect(),
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
