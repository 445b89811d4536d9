//! Probes and lifecycle hooks: what the kubelet asks of a container and tells it.

use super::container::{ContainerPort, ProbePort};
use super::reader::{Field, Fields};
use super::scalar::PORT;
use super::shapes;
use crate::config::command::slept_by;
use crate::units::Nanos;

/// A startup, readiness or liveness probe, defaults filled in.
///
/// Source of defaults: kubernetes pkg/apis/core/v1/defaults.go `SetDefaults_Probe`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What is asked.
    pub handler: ProbeHandler,
    /// `initialDelaySeconds`, in seconds after the container's start; default 0.
    pub initial_delay_seconds: u32,
    /// `periodSeconds`, in seconds; default 10.
    pub period_seconds: u32,
    /// `timeoutSeconds`, in seconds; default 1.
    pub timeout_seconds: u32,
    /// `successThreshold`, consecutive successes; default 1, and always 1 except for readiness.
    pub success_threshold: u32,
    /// `failureThreshold`, consecutive failures; default 3.
    pub failure_threshold: u32,
    /// `terminationGracePeriodSeconds` of the probe, in seconds: the grace of a kill that this
    /// probe causes. Default: the pod's.
    pub termination_grace_period_seconds: Option<u32>,
    /// The field path of the probe, for [`super::meta::Places::of`].
    pub path: String,
}

/// How a probe asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeHandler {
    /// `httpGet`: any status from 200 to 399 is a success.
    HttpGet(HttpGet),
    /// `tcpSocket`: an accepted connection is a success.
    TcpSocket(TcpSocket),
    /// `exec`: exit code 0 is a success. The command and its arguments.
    Exec(Vec<String>),
    /// `grpc`: the health protocol; SERVING is a success.
    Grpc {
        /// `grpc.port`.
        port: u16,
        /// `grpc.service`; default empty.
        service: String,
    },
}

/// `httpGet` of a probe or hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpGet {
    /// `path`; default `/`.
    pub path: String,
    /// `port`, resolved to a number.
    pub port: ProbePort,
    /// Whether `scheme` is HTTPS; default HTTP.
    pub https: bool,
    /// `host`; default the pod's own address.
    pub host: Option<String>,
}

/// `tcpSocket` of a probe or hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpSocket {
    /// `port`, resolved to a number.
    pub port: ProbePort,
    /// `host`; default the pod's own address.
    pub host: Option<String>,
}

impl Probe {
    /// The port that is asked, if it is the pod's.
    pub fn port(&self) -> Option<u16> {
        match &self.handler {
            ProbeHandler::HttpGet(get) if get.host.is_none() => Some(get.port.number),
            ProbeHandler::TcpSocket(socket) if socket.host.is_none() => Some(socket.port.number),
            ProbeHandler::Grpc { port, .. } => Some(*port),
            _ => None,
        }
    }
}

/// Which of the three probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProbeKind {
    Startup,
    Readiness,
    Liveness,
}

/// Reads a probe of a container with these `ports`.
/// Source of the rules: kubernetes pkg/apis/core/validation/validation.go `validateProbe`,
/// `validateLivenessProbe`, `validateReadinessProbe`, `validateStartupProbe`.
pub(super) fn read_probe(field: &Field<'_, '_>, kind: ProbeKind, ports: &[ContainerPort]) -> Option<Probe> {
    let fields = field.fields(&shapes::PROBE)?;
    // Zero is accepted by the API server and silently replaced by the default. Somebody who writes
    // it surely expects something else, so it is refused here.
    let positive = |name: &str, default: u32| {
        let Some(field) = fields.get(name) else { return default };
        if field.node.text() == Some("0") {
            let help = format!("write a number from 1 up; Kubernetes takes 0 for the default, {default}");
            field.rejected("must be at least 1", &help);
            return default;
        }
        field.count(1..=MAX_COUNT).unwrap_or(default)
    };
    let probe = Probe {
        handler: read_probe_handler(&fields, ports)?,
        initial_delay_seconds: fields
            .get("initialDelaySeconds")
            .and_then(|field| field.seconds(0))
            .unwrap_or(0),
        period_seconds: positive("periodSeconds", 10),
        timeout_seconds: positive("timeoutSeconds", 1),
        success_threshold: positive("successThreshold", 1),
        failure_threshold: positive("failureThreshold", 3),
        termination_grace_period_seconds: fields
            .get("terminationGracePeriodSeconds")
            .and_then(|field| field.seconds(1)),
        path: field.path.clone(),
    };
    if kind == ProbeKind::Readiness {
        if let Some(grace) = fields.get("terminationGracePeriodSeconds") {
            grace.rejected(
                "must not be set for readinessProbes",
                "remove it: an unready container is not killed",
            );
        }
    } else if probe.success_threshold != 1
        && let Some(threshold) = fields.get("successThreshold")
    {
        threshold.rejected("must be 1", "remove it: only a readiness probe may ask for several successes");
    }
    Some(probe)
}

/// Thresholds and periods are 32-bit numbers in the API; a year of seconds is more than enough.
const MAX_COUNT: u32 = 366 * 86_400;

fn read_probe_handler(fields: &Fields<'_, '_>, ports: &[ContainerPort]) -> Option<ProbeHandler> {
    let handler = the_handler(fields, &["httpGet", "tcpSocket", "exec", "grpc"])?;
    match handler.name {
        "httpGet" => read_http_get(&handler.field, ports).map(ProbeHandler::HttpGet),
        "tcpSocket" => read_tcp_socket(&handler.field, ports).map(ProbeHandler::TcpSocket),
        "exec" => read_exec(&handler.field).map(ProbeHandler::Exec),
        _ => {
            let grpc = handler.field.fields(&shapes::GRPC)?;
            let port = grpc.require("port", "name the port by its number")?.count(PORT)?;
            let service = grpc.get("service").and_then(|field| field.string()).unwrap_or_default();
            Some(ProbeHandler::Grpc { port: u16::try_from(port).ok()?, service })
        }
    }
}

/// The one handler of a probe or hook.
struct TheHandler<'r, 't> {
    name: &'static str,
    field: Field<'r, 't>,
}

fn the_handler<'r, 't>(fields: &Fields<'r, 't>, names: &[&'static str]) -> Option<TheHandler<'r, 't>> {
    let mut found = names.iter().filter_map(|&name| fields.get(name).map(|field| TheHandler { name, field }));
    let Some(first) = found.next() else {
        fields.lacks("", "must specify a handler type", &format!("add one of {}", names.join(", ")));
        return None;
    };
    if let Some(second) = found.next() {
        let help = format!("keep one of `{}` and `{}`", first.name, second.name);
        second.field.forbidden("may not specify more than 1 handler type", &help);
    }
    Some(first)
}

fn read_http_get(field: &Field<'_, '_>, ports: &[ContainerPort]) -> Option<HttpGet> {
    let fields = field.fields(&shapes::HTTP_GET)?;
    let path = fields.get("path").and_then(|field| field.string()).filter(|path| !path.is_empty());
    let scheme = fields.get("scheme").and_then(|field| field.one_of(&[("HTTP", false), ("HTTPS", true)]));
    Some(HttpGet {
        path: path.unwrap_or_else(|| "/".to_owned()),
        port: ProbePort::read(&fields, ports)?,
        https: scheme.unwrap_or(false),
        host: fields.get("host").and_then(|field| field.string()).filter(|host| !host.is_empty()),
    })
}

fn read_tcp_socket(field: &Field<'_, '_>, ports: &[ContainerPort]) -> Option<TcpSocket> {
    let fields = field.fields(&shapes::TCP_SOCKET)?;
    Some(TcpSocket {
        port: ProbePort::read(&fields, ports)?,
        host: fields.get("host").and_then(|field| field.string()).filter(|host| !host.is_empty()),
    })
}

fn read_exec(field: &Field<'_, '_>) -> Option<Vec<String>> {
    let fields = field.fields(&shapes::EXEC)?;
    let command = fields.require("command", "list the command and its arguments")?.strings();
    if command.is_empty() {
        fields.lacks("command", "", "list the command and its arguments");
    }
    Some(command)
}

/// `lifecycle` of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// `preStop`: runs before the stop signal, inside the grace period.
    pub pre_stop: Option<Hook>,
    /// `postStart`: runs after the start and holds up the next container.
    pub post_start: Option<Hook>,
    /// `stopSignal`, such as `SIGQUIT`; default the image's, else SIGTERM.
    pub stop_signal: Option<String>,
}

/// What a hook does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hook {
    /// `sleep`: the kubelet waits so many seconds; needs nothing in the image.
    Sleep {
        /// `sleep.seconds`, in seconds.
        seconds: u32,
    },
    /// `exec`: a command inside the container, with its arguments.
    Exec(Vec<String>),
    /// `httpGet`: one request to the container.
    HttpGet(HttpGet),
    /// `tcpSocket`: accepted by the API server for old files, and fails when it runs.
    TcpSocket(TcpSocket),
}

impl Hook {
    /// How long the hook visibly sleeps while the application serves: the seconds of `sleep`, or what
    /// [`slept_by`] sees of an `exec` hook. `None` if no sleep is to be seen; whatever else the hook does
    /// takes time that no file states.
    pub fn slept(&self) -> Option<Nanos> {
        match self {
            Hook::Sleep { seconds } => Some(Nanos::from_secs(u64::from(*seconds))),
            Hook::Exec(command) => slept_by(command),
            Hook::HttpGet(_) | Hook::TcpSocket(_) => None,
        }
    }
}

/// Reads `lifecycle` of a container with these `ports`.
pub(super) fn read_lifecycle(field: &Field<'_, '_>, ports: &[ContainerPort]) -> Option<Lifecycle> {
    let fields = field.fields(&shapes::LIFECYCLE)?;
    let hook = |name| fields.get(name).and_then(|field| read_hook(&field, ports));
    let stop_signal = fields.get("stopSignal").and_then(|field| {
        let signal = field.string()?;
        if !signal.starts_with("SIG") {
            let help = format!("write the signal's full name, such as SIG{}", signal.to_ascii_uppercase());
            field.unsupported("SIGTERM, SIGQUIT, SIGINT and the other signals by their full names", &help);
        }
        Some(signal)
    });
    Some(Lifecycle { pre_stop: hook("preStop"), post_start: hook("postStart"), stop_signal })
}

fn read_hook(field: &Field<'_, '_>, ports: &[ContainerPort]) -> Option<Hook> {
    let fields = field.fields(&shapes::HOOK)?;
    let handler = the_handler(&fields, &["sleep", "exec", "httpGet", "tcpSocket"])?;
    match handler.name {
        "sleep" => {
            let sleep = handler.field.fields(&shapes::SLEEP)?;
            let seconds = sleep.require("seconds", "write how many seconds to sleep")?.seconds(0)?;
            Some(Hook::Sleep { seconds })
        }
        "exec" => read_exec(&handler.field).map(Hook::Exec),
        "httpGet" => read_http_get(&handler.field, ports).map(Hook::HttpGet),
        _ => read_tcp_socket(&handler.field, ports).map(Hook::TcpSocket),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_and_a_command_that_sleeps_are_seen() {
        let command = ["sleep", "40"].map(str::to_owned).to_vec();
        assert_eq!(Hook::Exec(command).slept(), Some(Nanos::from_secs(40)));
        assert_eq!(Hook::Sleep { seconds: 7 }.slept(), Some(Nanos::from_secs(7)));
    }
}
