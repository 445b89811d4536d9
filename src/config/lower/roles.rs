//! Which container of a pod takes requests, and which one answers them.

use super::code;
use super::fields::Objects;
use super::mesh;
use super::values::Values;
use crate::config::image::is_database_proxy;
use crate::config::knobs::Value;
use crate::config::manifest::{Container, Ingress, PodSpec, PortRef, Protocol, Service, ServicePort};
use crate::diag::Diagnostic;
use crate::model::outcome::Status;

/// What a container does for requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It answers them.
    Serves,
    /// It hands them to the one that does.
    Forwards,
    /// What the application calls goes through it.
    Egress,
    /// Nothing.
    Other,
}

impl Part {
    pub(super) fn word(self) -> &'static str {
        match self {
            Part::Serves => "serves",
            Part::Forwards => "forwards",
            Part::Egress => "egress",
            Part::Other => "other",
        }
    }
}

/// The parts of all containers that run, in the order of [`running`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) parts: Vec<Part>,
    /// The port that requests come to, if the manifests say it.
    pub(super) port: Option<u16>,
    /// Why, in words, where it had to be inferred.
    pub(super) why: Option<String>,
    /// A mesh's proxy is the one that forwards.
    pub(super) meshed: bool,
}

impl Parts {
    /// Whether the application calls others through a container of its pod.
    pub(super) fn has_egress(&self) -> bool {
        self.parts.contains(&Part::Egress)
    }

    pub(super) fn server(&self) -> usize {
        self.parts.iter().position(|part| *part == Part::Serves).unwrap_or(0)
    }
}

/// The containers that run for as long as the pod serves, sidecars first, in start order; with
/// each whether it is a sidecar.
pub(super) fn running(spec: &PodSpec) -> Vec<(&Container, bool)> {
    let sidecars = spec.sidecars().map(|container| (container, true));
    sidecars.chain(spec.containers.iter().map(|container| (container, false))).collect()
}

/// The image's name without registry, tag and digest, in lower case, and its tag.
pub(super) fn image_name(image: &str) -> (String, String) {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rsplit('/').next().unwrap_or(image);
    let (name, tag) = last.split_once(':').unwrap_or((last, ""));
    (name.to_ascii_lowercase(), tag.to_ascii_lowercase())
}

/// Proxies that are put in front of an application inside a pod, and what each answers when the
/// application takes no connection.
///
/// Source: nginx ngx_http_upstream.c; envoy router.cc; haproxy src/backend.c (SC 503); apache
/// mod_proxy (AH01114, 503); Go's httputil.ReverseProxy, which the last two are made of.
const PROXIES: &[(&str, Status)] = &[
    ("nginx", Status::BadGateway),
    ("nginx-unprivileged", Status::BadGateway),
    ("openresty", Status::BadGateway),
    ("envoy", Status::Unavailable),
    ("haproxy", Status::Unavailable),
    ("httpd", Status::Unavailable),
    ("caddy", Status::BadGateway),
    ("oauth2-proxy", Status::BadGateway),
];

fn is_proxy(container: &Container) -> bool {
    let name = image_name(&container.image).0;
    PROXIES.iter().any(|(proxy, _)| *proxy == name)
}

/// What a container that forwards answers when nobody takes its connection.
pub(super) fn status_when_down(container: &Container) -> Status {
    let name = image_name(&container.image).0;
    let known = PROXIES.iter().find(|(proxy, _)| *proxy == name).map(|(_, status)| *status);
    known.or_else(|| mesh::status_when_down(container)).unwrap_or(Status::BadGateway)
}

/// Whether the container is a database's proxy beside an application. In a pod of its own it is the
/// application.
fn is_egress(containers: &[(&Container, bool)], at: usize) -> bool {
    let is_proxy = |container: &Container| {
        is_database_proxy(&container.name, &container.image) || mesh::is_proxy(container)
    };
    let container = containers[at].0;
    is_database_proxy(&container.name, &container.image)
        && containers.iter().any(|(other, _)| !is_proxy(other))
}

/// php-fpm speaks FastCGI: it never takes requests of users itself.
fn is_fpm(container: &Container) -> bool {
    let (name, tag) = image_name(&container.image);
    name.contains("fpm") || container.name.contains("fpm") || (name.contains("php") && tag.contains("fpm"))
}

/// Decides the parts.
///
/// # Errors
/// No container answers, or several are said to.
pub(super) fn parts(
    objects: &Objects,
    ingresses: &[&Ingress],
    values: &mut Values<'_>,
) -> Result<Parts, Diagnostic> {
    let containers = running(&objects.pod_spec);
    let mut said: Vec<Option<Part>> = Vec::new();
    for (container, _) in &containers {
        let path = format!("containers.{}.role", container.name);
        let value = values.said(&path).is_some().then(|| values.value_at(&path)).flatten();
        said.push(match value {
            Some(Value::Choice("serves")) => Some(Part::Serves),
            Some(Value::Choice("forwards")) => Some(Part::Forwards),
            Some(Value::Choice("egress")) => Some(Part::Egress),
            Some(Value::Choice(_)) => Some(Part::Other),
            _ => None,
        });
    }
    for (part, least) in [(Part::Serves, "answer requests"), (Part::Forwards, "forward requests")] {
        if said.iter().filter(|said| **said == Some(part)).count() > 1 {
            let message = format!("several containers are said to {least}: only one can");
            return Err(Diagnostic::error(code::NO_SERVER, message));
        }
    }
    let target = traffic_port(&objects.services, ingresses);
    let (entry, port, seen) = entry(&containers, target.as_ref(), &said);
    let Some(entry) = entry else {
        let message = format!("no container of {} can take requests", objects.deployment.meta.title());
        return Err(Diagnostic::error(code::NO_SERVER, message)
            .at(objects.deployment.meta.place())
            .help("say which one answers: `--set containers.NAME.role=serves`"));
    };
    let free = |at: usize| {
        said[at].is_none() && !containers[at].1 && at != entry && !mesh::is_beside(&containers, at)
    };
    let calls_out = |at: usize| said[at].is_none() && is_egress(&containers, at);
    let candidates: Vec<usize> = (0..containers.len()).filter(|at| free(*at) && !calls_out(*at)).collect();
    let behind =
        said.iter().position(|said| *said == Some(Part::Serves)).filter(|at| *at != entry).or_else(|| {
            let settled = said[entry] == Some(Part::Serves);
            let proxies = said[entry] == Some(Part::Forwards) || is_proxy(containers[entry].0);
            (!settled && proxies).then(|| behind(&containers, &candidates))?
        });
    let mesh = (0..containers.len()).find(|at| said[*at].is_none() && mesh::is_beside(&containers, *at));
    let inbound = port.or_else(|| containers[entry].0.ports.first().map(|port| port.container_port));
    let (mesh, bypassed) = match mesh {
        Some(at) if mesh::is_bypassed(containers[at].0, &objects.deployment, inbound) => (None, Some(at)),
        mesh => (mesh, None),
    };
    let bypassed = bypassed.filter(|_| mesh::takes_outbound(&objects.deployment));
    let (forwards, serves) = match behind {
        // Requests pass one container at most: what a mesh's proxy does before another is left out.
        Some(server) => (Some(entry), server),
        None if said[entry] == Some(Part::Forwards) => {
            let message =
                format!("container `{}` forwards requests, but to which one?", containers[entry].0.name);
            return Err(Diagnostic::error(code::NO_SERVER, message)
                .help("say which one answers: `--set containers.NAME.role=serves`"));
        }
        None => (mesh, entry),
    };
    let mut parts = vec![Part::Other; containers.len()];
    for (at, part) in parts.iter_mut().enumerate() {
        if said[at] == Some(Part::Egress) || bypassed == Some(at) || calls_out(at) {
            *part = Part::Egress;
        }
    }
    parts[serves] = Part::Serves;
    if let Some(at) = forwards {
        parts[at] = Part::Forwards;
    }
    let inferred = behind.is_some() || !seen;
    let of_app = |at: &usize| !containers[*at].1 && !mesh::is_beside(&containers, *at) && !calls_out(*at);
    let several = (0..containers.len()).filter(of_app).count() > 1;
    let why = (several && inferred && said.iter().all(Option::is_none)).then(|| {
        let name = |at: usize| &containers[at].0.name;
        match behind {
            Some(server) => {
                format!("`{}` is a proxy in front of `{}`, by image and ports", name(entry), name(server))
            }
            None => format!("`{}` is the first container", name(entry)),
        }
    });
    Ok(Parts { parts, port, why, meshed: forwards.is_some() && forwards == mesh })
}

/// The container behind a proxy: php-fpm, else the only other one with ports, else the only other.
fn behind(containers: &[(&Container, bool)], candidates: &[usize]) -> Option<usize> {
    let only = |which: &dyn Fn(&Container) -> bool| {
        let mut found = candidates.iter().copied().filter(|at| which(containers[*at].0));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    };
    only(&is_fpm).or_else(|| only(&|container| !container.ports.is_empty())).or_else(|| only(&|_| true))
}

/// The container that users' connections reach, the port, and whether the manifests say so.
fn entry(
    containers: &[(&Container, bool)],
    target: Option<&PortRef>,
    said: &[Option<Part>],
) -> (Option<usize>, Option<u16>, bool) {
    let number = target.and_then(|target| match target {
        PortRef::Number(number) => Some(*number),
        PortRef::Name(name) => containers
            .iter()
            .flat_map(|(container, _)| &container.ports)
            .find_map(|port| (port.name.as_ref() == Some(name)).then_some(port.container_port)),
    });
    if let Some(at) = said.iter().position(|said| *said == Some(Part::Forwards)) {
        return (Some(at), number, true);
    }
    let free = |at: usize| match said[at] {
        Some(part) => !matches!(part, Part::Egress | Part::Other),
        None => !mesh::is_beside(containers, at) && !is_egress(containers, at),
    };
    let owner = number.and_then(|number| owner(containers, number)).filter(|at| free(*at));
    if let Some(at) = owner {
        return (Some(at), number, true);
    }
    if let Some(at) = said.iter().position(|said| *said == Some(Part::Serves)) {
        return (Some(at), number, true);
    }
    let apps: Vec<usize> = (0..containers.len()).filter(|at| !containers[*at].1 && free(*at)).collect();
    let proxy = apps.iter().copied().find(|at| is_proxy(containers[*at].0));
    (proxy.or(apps.first().copied()), number, apps.len() == 1)
}

/// The container that lists a port.
pub(super) fn owner(containers: &[(&Container, bool)], port: u16) -> Option<usize> {
    containers.iter().position(|(container, _)| container.ports.iter().any(|own| own.container_port == port))
}

/// The pods' port that the load comes to: that of an Ingress's backend, else the Services' port
/// that looks most like a web server's.
fn traffic_port(services: &[Service], ingresses: &[&Ingress]) -> Option<PortRef> {
    let port_of = |service: &Service, wanted: &PortRef| {
        service
            .ports
            .iter()
            .find(|port| match wanted {
                PortRef::Number(number) => port.port == *number,
                PortRef::Name(name) => port.name.as_ref() == Some(name),
            })
            .map(|port| port.target_port.clone())
    };
    let by_ingress = ingresses.iter().flat_map(|ingress| &ingress.backends).find_map(|backend| {
        let service = services.iter().find(|service| service.meta.name == backend.service)?;
        backend.port.as_ref().and_then(|port| port_of(service, port))
    });
    let web = |port: &ServicePort| {
        let name = port.name.as_deref().unwrap_or_default();
        let named = ["http", "web", "grpc"].iter().any(|word| name.starts_with(word));
        let secure = name.starts_with("https");
        (port.port == 80, named && !secure, port.port == 443 || secure)
    };
    by_ingress.or_else(|| {
        let ports = services.iter().flat_map(|service| &service.ports);
        let tcp = ports.filter(|port| port.protocol == Protocol::Tcp);
        // The last of equal ones wins in `max_by_key`, so the list is turned around.
        let all: Vec<&ServicePort> = tcp.collect();
        all.into_iter().rev().max_by_key(|port| web(port)).map(|port| port.target_port.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_named_without_registry_tag_and_digest() {
        for (image, name, tag) in [
            ("nginx", "nginx", ""),
            ("registry.example:5000/library/nginx:1.27-alpine", "nginx", "1.27-alpine"),
            ("registry.example/php:8.3-fpm@sha256:abcd", "php", "8.3-fpm"),
            ("", "", ""),
        ] {
            assert_eq!(image_name(image), (name.to_owned(), tag.to_owned()), "{image}");
        }
    }
}
