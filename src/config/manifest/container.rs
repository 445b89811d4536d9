//! Containers: ports, resources, probes, hooks.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::code;
use super::probe::{Lifecycle, Probe, ProbeKind, read_lifecycle, read_probe};
use super::reader::{Field, Fields};
use super::scalar::PORT;
use super::shapes;
use super::variables::{Variable, read_variables};
use crate::config::similar::near_miss;

/// One entry of `containers` or `initContainers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// `name`.
    pub name: String,
    /// `image`; empty if none is given.
    pub image: String,
    /// `command`; empty means the image's own.
    pub command: Vec<String>,
    /// `args`; empty means the image's own.
    pub args: Vec<String>,
    /// Variables of `env` that decide how a known proxy ends.
    pub env: Vec<Variable>,
    /// `ports`.
    pub ports: Vec<ContainerPort>,
    /// `resources`.
    pub resources: Resources,
    /// `startupProbe`.
    pub startup_probe: Option<Probe>,
    /// `readinessProbe`.
    pub readiness_probe: Option<Probe>,
    /// `livenessProbe`.
    pub liveness_probe: Option<Probe>,
    /// `lifecycle`; empty where none is given.
    pub lifecycle: Lifecycle,
    /// `restartPolicy` of the container itself; on an init container `Always` makes it a sidecar.
    pub restart_policy: Option<RestartPolicy>,
    /// The field path of the container, for [`super::meta::Places::of`].
    pub path: String,
}

/// `restartPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartPolicy {
    /// Restart whenever the container ends.
    Always,
    /// Restart when it fails.
    OnFailure,
    /// Never restart.
    Never,
}

/// The words of `restartPolicy`.
pub(super) const RESTART_POLICIES: &[(&str, RestartPolicy)] = &[
    ("Always", RestartPolicy::Always),
    ("OnFailure", RestartPolicy::OnFailure),
    ("Never", RestartPolicy::Never),
];

/// One entry of a container's `ports`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerPort {
    /// `containerPort`.
    pub container_port: u16,
    /// `name`.
    pub name: Option<String>,
    /// `protocol`; default TCP.
    pub protocol: Protocol,
}

/// `protocol` of a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// TCP, the default.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// The words of `protocol`.
pub(super) const PROTOCOLS: &[(&str, Protocol)] =
    &[("TCP", Protocol::Tcp), ("UDP", Protocol::Udp), ("SCTP", Protocol::Sctp)];

/// A port as a probe or hook names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbePort {
    /// The number.
    pub number: u16,
    /// The name, if it was given by name.
    pub name: Option<String>,
}

/// `resources` of a container or pod. All numbers are thousandths.
///
/// A request that is not given but whose limit is counts as equal to the limit.
/// Source: kubernetes pkg/apis/core/v1/defaults.go `SetDefaults_Pod`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// `requests.cpu` in thousandths of a core.
    pub cpu_request_milli: Option<u64>,
    /// `limits.cpu` in thousandths of a core.
    pub cpu_limit_milli: Option<u64>,
    /// `requests.memory` in thousandths of a byte.
    pub memory_request_milli: Option<u64>,
    /// `limits.memory` in thousandths of a byte.
    pub memory_limit_milli: Option<u64>,
}

impl Container {
    /// Whether this entry of `initContainers` runs beside the application until the pod ends.
    pub fn is_sidecar(&self) -> bool {
        self.restart_policy == Some(RestartPolicy::Always)
    }

    /// The probes that are given, with the names of their fields.
    pub fn probes(&self) -> impl Iterator<Item = (&'static str, &Probe)> {
        [
            ("startupProbe", &self.startup_probe),
            ("readinessProbe", &self.readiness_probe),
            ("livenessProbe", &self.liveness_probe),
        ]
        .into_iter()
        .filter_map(|(name, probe)| probe.as_ref().map(|probe| (name, probe)))
    }
}

/// Reads one container; `init` tells whether it stands under `initContainers`.
pub(super) fn read_container(field: &Field<'_, '_>, init: bool) -> Option<Container> {
    let fields = field.fields(&shapes::CONTAINER)?;
    let name = fields.require("name", "give the container a name").and_then(|field| read_label(&field));
    let image = fields.get("image").and_then(|field| field.string()).unwrap_or_default();
    if image.is_empty() {
        // The API server insists on an image; for a simulation it does not matter.
        field.warn(
            code::MISSING_IMAGE,
            format!("container `{}` has no image", name.as_deref().unwrap_or("?")),
            "the API server wants `image` here",
            "add `image`; podloss goes on without it",
        );
    }
    let ports = fields.get("ports").map(|field| read_ports(&field)).unwrap_or_default();
    let restart_policy = fields.get("restartPolicy").and_then(|field| field.one_of(RESTART_POLICIES));
    if init && restart_policy != Some(RestartPolicy::Always) {
        for name in ["startupProbe", "readinessProbe", "livenessProbe", "lifecycle"] {
            if let Some(field) = fields.get(name) {
                field.forbidden(
                    "may not be set for init containers without restartPolicy=Always",
                    "remove it, or add `restartPolicy: Always` if this is a sidecar",
                );
            }
        }
    }
    let probe = |name, kind| fields.get(name).and_then(|field| read_probe(&field, kind, &ports));
    Some(Container {
        name: name.unwrap_or_default(),
        image,
        command: fields.get("command").map(|field| field.strings()).unwrap_or_default(),
        args: fields.get("args").map(|field| field.strings()).unwrap_or_default(),
        env: fields.get("env").map(|field| read_variables(&field)).unwrap_or_default(),
        resources: fields.get("resources").map(|field| read_resources(&field)).unwrap_or_default(),
        startup_probe: probe("startupProbe", ProbeKind::Startup),
        readiness_probe: probe("readinessProbe", ProbeKind::Readiness),
        liveness_probe: probe("livenessProbe", ProbeKind::Liveness),
        lifecycle: fields
            .get("lifecycle")
            .and_then(|field| read_lifecycle(&field, &ports))
            .unwrap_or_default(),
        ports,
        restart_policy,
        path: field.path.clone(),
    })
}

/// A name of letters, digits and hyphens. Source: apimachinery `IsDNS1123Label`.
fn read_label(field: &Field<'_, '_>) -> Option<String> {
    let name = field.filled_string("give it a name")?;
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let allowed = |c: char| ends(c) || c == '-';
    if name.len() > 63 || !name.chars().all(allowed) || !name.starts_with(ends) || !name.ends_with(ends) {
        field.rejected(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'",
            "use lower case letters, digits and `-`, at most 63 of them",
        );
    }
    Some(name)
}

fn read_ports(field: &Field<'_, '_>) -> Vec<ContainerPort> {
    let mut ports = Vec::new();
    let mut names = BTreeSet::new();
    for item in field.items() {
        let Some(fields) = item.fields(&shapes::CONTAINER_PORT) else { continue };
        let number = fields
            .require("containerPort", "write the number of the port")
            .and_then(|field| read_port(&field));
        let name = fields.get("name").and_then(|field| {
            let name = field.string().filter(|name| !name.is_empty())?;
            check_port_name(&field, &name);
            if !names.insert(name.clone()) {
                field.duplicate(&name, "give every port of the container its own name");
            }
            Some(name)
        });
        let protocol = fields.get("protocol").and_then(|field| field.one_of(PROTOCOLS)).unwrap_or_default();
        // A port whose number is wrong stays in the list: its name is still good for probes.
        ports.push(ContainerPort { container_port: number.unwrap_or_default(), name, protocol });
    }
    ports
}

/// A port number from 1 to 65535.
pub(super) fn read_port(field: &Field<'_, '_>) -> Option<u16> {
    const VALID: RangeInclusive<u32> = PORT;
    if field
        .node
        .text()
        .and_then(|text| text.parse::<i64>().ok())
        .is_some_and(|port| !(1..=65_535).contains(&port))
    {
        field.rejected("must be between 1 and 65535, inclusive", "write the number of a port");
        return None;
    }
    field.count(VALID).and_then(|port| u16::try_from(port).ok())
}

/// Source: apimachinery `IsValidPortName`: an IANA service name.
fn check_port_name(field: &Field<'_, '_>, name: &str) {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let letter = name.chars().any(|c| c.is_ascii_lowercase());
    if name.len() > 15 {
        field.rejected("must be no more than 15 characters", "shorten the name");
    } else if !name.chars().all(allowed)
        || !letter
        || name.starts_with('-')
        || name.ends_with('-')
        || name.contains("--")
    {
        field.rejected(
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-), and at least one letter (a-z)",
            "use lower case letters, digits and single hyphens, with at least one letter",
        );
    }
}

impl ProbePort {
    /// Reads `port` of a handler: a number, or the name of one of the container's own ports.
    ///
    /// The API server does not look a name up, but the kubelet does, in the container that declares
    /// the probe only; a name it does not find makes every attempt an error that counts as nothing.
    /// Source: kubernetes pkg/probe/util.go `ResolveContainerPort`.
    pub(super) fn read(fields: &Fields<'_, '_>, ports: &[ContainerPort]) -> Option<ProbePort> {
        let field = fields.require("port", "name the port by its number or by its name under `ports`")?;
        let text = field.node.text().unwrap_or_default();
        if text.is_empty()
            || text.chars().next().is_some_and(|c| c.is_ascii_digit() || c == '-')
                && text.parse::<i64>().is_ok()
        {
            return read_port(&field).map(|number| ProbePort { number, name: None });
        }
        let name = field.string()?;
        if let Some(port) = ports.iter().find(|port| port.name.as_ref() == Some(&name)) {
            return Some(ProbePort { number: port.container_port, name: Some(name) });
        }
        let names: Vec<&str> = ports.iter().filter_map(|port| port.name.as_deref()).collect();
        let help = match (near_miss(&name, &names), names.is_empty()) {
            (Some(meant), _) => format!("did you mean `{meant}`?"),
            (None, false) => format!("the container's ports are named {}", names.join(", ")),
            (None, true) => "the container names no ports: write the number".to_owned(),
        };
        field.beyond_podloss(
            &format!("no port of this container is named `{name}`, so the kubelet can never run this"),
            &help,
        );
        None
    }
}

/// Reads `resources`.
/// Source of the rules: kubernetes pkg/apis/core/validation `ValidateContainerResourceRequirements`.
pub(super) fn read_resources(field: &Field<'_, '_>) -> Resources {
    let Some(fields) = field.fields(&shapes::RESOURCES) else { return Resources::default() };
    let limits = fields.get("limits").map(|field| read_amounts(&field)).unwrap_or_default();
    let requests = fields.get("requests").map(|field| read_amounts(&field)).unwrap_or_default();
    for (name, request, limit) in
        [("cpu", &requests.cpu, &limits.cpu), ("memory", &requests.memory, &limits.memory)]
    {
        if let (Some(request), Some(limit)) = (request, limit)
            && request.milli > limit.milli
        {
            let shown = limit.field.node.text().unwrap_or_default();
            request.field.rejected(
                &format!("must be less than or equal to {name} limit of {shown}"),
                &format!("lower the request to {shown} or raise the limit"),
            );
        }
    }
    let milli = |amount: &Option<Amount<'_, '_>>| amount.as_ref().map(|amount| amount.milli);
    Resources {
        cpu_request_milli: milli(&requests.cpu).or(milli(&limits.cpu)),
        cpu_limit_milli: milli(&limits.cpu),
        memory_request_milli: milli(&requests.memory).or(milli(&limits.memory)),
        memory_limit_milli: milli(&limits.memory),
    }
}

/// `requests` or `limits`.
#[derive(Default)]
struct Amounts<'r, 't> {
    cpu: Option<Amount<'r, 't>>,
    memory: Option<Amount<'r, 't>>,
}

struct Amount<'r, 't> {
    milli: u64,
    field: Field<'r, 't>,
}

fn read_amounts<'r, 't>(field: &Field<'r, 't>) -> Amounts<'r, 't> {
    let mut amounts = Amounts::default();
    for (name, field) in field.entries() {
        match name {
            "cpu" => amounts.cpu = field.quantity_milli().map(|milli| Amount { milli, field }),
            "memory" => {
                amounts.memory = field.quantity_milli().map(|milli| Amount { milli, field });
                amounts.memory.iter().for_each(warn_of_fractions);
            }
            _ if name == "ephemeral-storage" || name.starts_with("hugepages-") || name.contains('/') => {
                field.reader.not_modelled(&field.path, true);
            }
            _ => field.rejected(
                &format!("{name}: must be a standard resource type or fully qualified"),
                "write `cpu`, `memory`, or a resource with its domain such as `nvidia.com/gpu`",
            ),
        }
    }
    amounts
}

/// `512m` of memory is half a byte. The API server warns and goes on.
fn warn_of_fractions(memory: &Amount<'_, '_>) {
    let Some(number) = memory.field.node.text().and_then(|text| text.strip_suffix('m')) else { return };
    memory.field.warn(
        code::FRACTIONAL_MEMORY,
        format!("`{number}m` of memory is a fraction of a byte"),
        "`m` means thousandths",
        &format!("write `{number}Mi` for mebibytes"),
    );
}
