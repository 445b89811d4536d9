//! Pod templates: containers with their probes, hooks and times.

use super::capacity::Cost;
use super::code;
use super::mesh;
use super::of::Of;
use super::roles::{Part, Parts, owner, running, status_when_down};
use super::stopping;
use super::values::{Fallback, Values, into_count};
use crate::config::case::Origin;
use crate::config::knobs::Value;
use crate::config::manifest::{Container, Hook, PodSpec, Probe, ProbeHandler};
use crate::diag::Diagnostic;
use crate::model::probe::ProbeSpec;
use crate::random::Dist;
use crate::sim::spec::{Accept, ContainerPlan, PodTemplate, PostStart, ProbePlan, Role, ServerSpec, WarmUp};
use crate::units::Nanos;

/// What all templates of a workload have in common.
pub(super) struct Shared<'a> {
    pub(super) minor: u32,
    pub(super) cost: &'a Cost,
    pub(super) workers: Option<u32>,
    /// The front end sets readiness gates of its own.
    pub(super) gated: bool,
    /// The front end's controller puts its readiness gate into every pod.
    pub(super) injects_gates: bool,
    /// The front end keeps connections, so that the server's patience with them matters.
    pub(super) kept: bool,
    /// Clients' connections stay at the pod that they once met.
    pub(super) pinned: bool,
    /// Requests come through a mesh's proxy.
    pub(super) meshed: bool,
    /// A dependency of the application is down at some time.
    pub(super) dependency_fails: bool,
    /// The application calls others through a container of its pod.
    pub(super) leans: bool,
}

/// How a container's knobs are named.
pub(super) fn names<'c>(container: &'c Container, part: Part) -> Of<'c> {
    // What is said of all containers means the application's, not those of a mesh.
    let star = part == Part::Serves || (part == Part::Forwards && !mesh::is_proxy(container));
    Of { name: &container.name, star, main: part == Part::Serves }
}

/// One template. `present` are images that are on every node already.
pub(super) fn template(
    spec: &PodSpec,
    parts: &Parts,
    shared: &Shared<'_>,
    present: &[&str],
    values: &mut Values<'_>,
) -> PodTemplate {
    let containers = running(spec);
    let plans = containers.iter().enumerate().map(|(at, (container, is_sidecar))| {
        let part = parts.parts[at];
        let of = names(container, part);
        let pulled = if present.contains(&container.image.as_str()) { None } else { Some(new_image()) };
        let (startup, known_startup) = startup(part);
        let mut probe = |probe: &Option<Probe>| {
            probe.as_ref().map(|probe| plan_of(probe, at, &containers, parts, shared, values))
        };
        let (startup_probe, readiness, liveness) = (
            probe(&container.startup_probe),
            probe(&container.readiness_probe),
            probe(&container.liveness_probe),
        );
        // A proxy's own probes seldom ask what is behind it.
        let is_probed = startup_probe.is_some() || readiness.is_some() || liveness.is_some();
        let leans = shared.leans && part != Part::Egress && is_probed;
        let fails = match shared.dependency_fails || leans {
            true => values.of(&of, "dependency_probes", None),
            false => None,
        };
        let (readiness_asks, liveness_asks) = match fails {
            Some(Value::Choice("readiness")) => (true, false),
            Some(Value::Choice("liveness")) => (false, true),
            Some(Value::Choice("both")) => (true, true),
            _ => (false, false),
        };
        ContainerPlan {
            name: container.name.clone(),
            role: role(container, part, spec, shared, &of, values),
            is_sidecar: *is_sidecar,
            startup: startup_probe.map(|probe| probe.asking(liveness_asks)),
            readiness: readiness.map(|probe| probe.asking(readiness_asks)),
            liveness: liveness.map(|probe| probe.asking(liveness_asks)),
            pre_stop: stopping::pre_stop(container, &of, shared.minor, values),
            cpu_request_milli: container.resources.cpu_request_milli,
            image_pull: values.dist_of(&only(&of), "image_pull", pulled),
            start: values.dist_of(&only(&of), "start", None),
            post_start: post_start(container, &of, values),
            startup_time: values.dist_of(&only(&of), "startup", startup),
            app_ready_delay: match known_startup {
                true => values.dist_of(&only(&of), "app_ready_delay", None),
                false => Dist::ZERO,
            },
            startup_cpu_milli: match values.of(&only(&of), "startup_cpu", None) {
                Some(Value::Cores(milli)) => milli,
                _ => 0,
            },
            on_stop: stopping::on_stop(container, &of, part, values),
        }
    });
    let containers = plans.collect();
    let init = spec.init_containers.iter().filter(|container| !container.is_sidecar());
    let init = init.map(|container| {
        let of = Of { name: &container.name, star: true, main: false };
        values.dist_of(&of, "run_time", None)
    });
    PodTemplate {
        init: init.collect(),
        containers,
        grace_seconds: spec.termination_grace_period_seconds,
        readiness_gate: shared.gated
            && (shared.injects_gates || spec.readiness_gates.iter().any(|gate| is_target_gate(gate))),
    }
}

/// A sleep says how long it takes and does not fail; a hook that cannot work fails at once.
pub(super) fn post_start(container: &Container, of: &Of<'_>, values: &mut Values<'_>) -> Option<PostStart> {
    let hook = container.lifecycle.post_start.as_ref()?;
    if matches!(hook, Hook::TcpSocket(_)) {
        let message = format!(
            "postStart of container `{}` is a tcpSocket, which always fails: the kubelet kills the container after every start",
            container.name
        );
        values
            .problems
            .push(Diagnostic::warning(code::UNSUPPORTED, message).help("write `exec:` or `httpGet:`"));
        return Some(PostStart { duration: Dist::ZERO, fails: 1.0 });
    }
    let duration = match hook.slept() {
        Some(slept) => Dist::Fixed(slept),
        None => values.dist_of(of, "post_start_duration", None),
    };
    let fails = match hook {
        Hook::Sleep { .. } => 0.0,
        _ => match values.of(of, "post_start_fails", None) {
            Some(Value::Share(share)) => share,
            _ => 0.0,
        },
    };
    Some(PostStart { duration, fails })
}

/// `*` of a time means the container that answers, not the proxy before it.
fn only<'n>(of: &Of<'n>) -> Of<'n> {
    Of { name: of.name, star: of.main, main: of.main }
}

/// Gates that load balancer controllers set when the target is healthy.
pub(super) fn is_target_gate(gate: &str) -> bool {
    gate.starts_with("target-health.") || gate.contains("load-balancer-neg-ready")
}

fn new_image() -> Fallback {
    Fallback {
        text: "median=2s,p99=6s".to_owned(),
        range: Some(("0s".to_owned(), "1m".to_owned())),
        origin: Origin::Guess,
        source: "a new image of 100 MB".to_owned(),
        decisive: false,
    }
}

/// What is assumed of the start in place of the registry's default, and whether anybody waits for
/// the container to be able to answer.
fn startup(part: Part) -> (Option<Fallback>, bool) {
    match part {
        Part::Serves => (None, true),
        Part::Forwards | Part::Egress => (Some(Fallback::plain("100ms", Origin::Guess, "a proxy")), false),
        Part::Other => (Some(Fallback::plain("1s", Origin::Guess, "a helper")), false),
    }
}

fn role(
    container: &Container,
    part: Part,
    spec: &PodSpec,
    shared: &Shared<'_>,
    of: &Of<'_>,
    values: &mut Values<'_>,
) -> Role {
    match part {
        Part::Other => Role::Other,
        Part::Egress => Role::Egress,
        Part::Forwards => {
            let down = status_when_down(container);
            Role::Forwards { delay: values.span_of(of, "forward_delay"), down }
        }
        Part::Serves => {
            let accept = match values.of(of, "accept", None) {
                Some(Value::Choice("lazy")) if shared.workers.is_some() => Accept::Lazy,
                _ => Accept::Eager,
            };
            let warm_up = values.span_of(of, "warm_up");
            Role::Serves(ServerSpec {
                workers: shared.workers,
                accept,
                backlog: match accept {
                    Accept::Lazy => values.of(of, "backlog", None).map_or(511, into_count),
                    Accept::Eager => 511,
                },
                queue: match (accept, shared.workers) {
                    (Accept::Eager, Some(_)) => bound_of(values.of(of, "queue", None)),
                    _ => None,
                },
                service: shared.cost.service.clone(),
                probe_service: values.dist_of(of, "probe_service", None),
                cpu_share: shared.cost.cpu_share(),
                cpu_limit_milli: cpu_limit(container, spec, shared.minor),
                keepalive_idle: match shared.kept {
                    true => {
                        let known = match shared.meshed {
                            true => Some(mesh::idle_timeout()),
                            false => stopping::idle_timeout(of, values),
                        };
                        patience(values.of(of, "keepalive_idle", known))
                    }
                    false => None,
                },
                max_connection_age: match shared.pinned {
                    true => limit_of(values.of(of, "max_connection_age", None)),
                    false => None,
                },
                warm_up: (warm_up.0 > 0).then(|| WarmUp {
                    factor: match values.of(of, "warm_up_factor", None) {
                        Some(Value::Number(factor)) => factor,
                        _ => 1.0,
                    },
                    duration: warm_up,
                }),
            })
        }
    }
}

/// The container's limit, else the pod's where the version knows one; zero means none.
pub(super) fn cpu_limit(container: &Container, spec: &PodSpec, minor: u32) -> Option<u64> {
    let pod_level = spec.resources.cpu_limit_milli.filter(|_| minor >= 34);
    container.resources.cpu_limit_milli.or(pod_level).filter(|milli| *milli > 0)
}

pub(super) fn limit_of(value: Option<Value>) -> Option<Nanos> {
    match value {
        Some(Value::Limit(limit)) => limit,
        _ => None,
    }
}

fn bound_of(value: Option<Value>) -> Option<u32> {
    match value {
        Some(Value::Bound(bound)) => bound,
        _ => None,
    }
}

/// `0s` closes after every answer, `never` keeps an idle connection for ever.
fn patience(value: Option<Value>) -> Option<Nanos> {
    match value {
        Some(Value::Limit(Some(Nanos::ZERO))) => None,
        Some(Value::Limit(Some(limit))) => Some(limit),
        _ => Some(Nanos::MAX_SPAN),
    }
}

/// How many requests the container serves at once; `None` for no bound.
pub(super) fn workers(of: &Of<'_>, values: &mut Values<'_>) -> Option<u32> {
    match values.of(of, "workers", None).map_or(0, into_count) {
        0 => None,
        count => Some(count),
    }
}

fn plan_of(
    probe: &Probe,
    at: usize,
    containers: &[(&Container, bool)],
    parts: &Parts,
    shared: &Shared<'_>,
    values: &mut Values<'_>,
) -> ProbePlan {
    let declaring = Some(at);
    let asked = probe.port();
    let target = match (&probe.handler, asked) {
        (ProbeHandler::Exec(_), _) => {
            let of = names(containers[at].0, parts.parts[at]);
            match values.of(&of, "exec_probe", None) {
                Some(Value::Choice("process")) => None,
                _ => declaring,
            }
        }
        (_, Some(port)) => owner(containers, port).or(declaring),
        // Another host: nothing in the pod decides it.
        (_, None) => None,
    };
    let server = target == Some(parts.server());
    // A port of its own is served by threads of its own.
    let shares_port = asked.is_none() || parts.port.is_none() || asked == parts.port || target != declaring;
    ProbePlan {
        needs_worker: server
            && shared.workers.is_some()
            && shares_port
            && !matches!(probe.handler, ProbeHandler::TcpSocket(_)),
        ..as_written(probe, target)
    }
}

/// A probe as its manifest has it, of this container, which takes no worker for it.
pub(super) fn as_written(probe: &Probe, target: Option<usize>) -> ProbePlan {
    ProbePlan {
        spec: ProbeSpec {
            initial_delay_seconds: probe.initial_delay_seconds,
            period_seconds: probe.period_seconds,
            timeout_seconds: probe.timeout_seconds,
            success_threshold: probe.success_threshold,
            failure_threshold: probe.failure_threshold,
        },
        grace_seconds: probe.termination_grace_period_seconds,
        target,
        connects_only: matches!(probe.handler, ProbeHandler::TcpSocket(_)),
        asks_dependency: false,
        needs_worker: false,
    }
}

/// What in a pod's spec is not simulated although it may decide.
pub(super) fn warn_of_the_rest(
    spec: &PodSpec,
    title: &str,
    parts: &Parts,
    minor: u32,
    gated: bool,
    values: &mut Values<'_>,
) -> Vec<String> {
    let mut rest = Vec::new();
    let containers = running(spec);
    for at in (0..containers.len()).filter(|at| mesh::is_beside(&containers, *at)) {
        let container = containers[at].0;
        if parts.parts[at] == Part::Egress {
            continue;
        }
        rest.push(format!("what the application calls through {}", container.name));
        if parts.meshed {
            continue;
        }
        rest.push(format!("requests on their way through {}", container.name));
        let message = format!(
            "{title}: requests on their way through `{}` are not simulated, for they pass another proxy as well: what is lost when it ends before the application is missing below",
            container.name
        );
        values.problems.push(
            Diagnostic::warning(code::UNSUPPORTED, message)
                .help("`podloss check` compares when the two end (PL015)"),
        );
    }
    if spec.host_network {
        rest.push("hostNetwork (pods of one node share its ports)".to_owned());
    }
    for gate in spec.readiness_gates.iter().filter(|gate| !(gated && is_target_gate(gate))) {
        rest.push(format!("readiness gate {gate} (taken as always true)"));
    }
    if minor < 29 && spec.sidecars().next().is_some() {
        let message = format!(
            "{title} has an init container with restartPolicy Always, which Kubernetes 1.{minor} does not know as a sidecar"
        );
        values.problems.push(
            Diagnostic::error(code::VERSION, message)
                .help("sidecars are on since 1.29: set `kubernetes` to the cluster's version"),
        );
    }
    rest
}
