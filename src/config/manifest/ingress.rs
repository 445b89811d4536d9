//! Ingresses: which front end serves, and which Services it leads to.

use super::meta::{ObjectMeta, mapping_at};
use super::reader::{Field, Fields};
use super::service::{PortRef, read_port_ref};
use super::shapes;

/// An Ingress, of `networking.k8s.io/v1` or of the removed `v1beta1` versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ingress {
    /// Identity, labels, annotations, places.
    pub meta: ObjectMeta,
    /// `spec.ingressClassName`, else the annotation `kubernetes.io/ingress.class`.
    pub class: Option<String>,
    /// All backends: of every rule and path in order, then `spec.defaultBackend`.
    pub backends: Vec<IngressBackend>,
}

/// Where an Ingress sends a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IngressBackend {
    /// The rule's `host`; `None` means any.
    pub host: Option<String>,
    /// The rule's `path`; `None` for the default backend.
    pub path: Option<String>,
    /// The Service's name, in the Ingress's own namespace.
    pub service: String,
    /// The Service's port.
    pub port: Option<PortRef>,
}

/// Reads the fields of an Ingress.
pub(super) fn read_ingress(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<Ingress> {
    let spec = object.require("spec", "describe the Ingress")?.fields(&shapes::INGRESS_SPEC)?;
    let named =
        spec.get("ingressClassName").and_then(|field| field.string()).filter(|class| !class.is_empty());
    let class = named.or_else(|| meta.annotations.get("kubernetes.io/ingress.class").cloned());
    let mut backends = Vec::new();
    for rule in spec.get("rules").map(|field| field.items()).unwrap_or_default() {
        let Some(rule) = rule.fields(&shapes::INGRESS_RULE) else { continue };
        let host = rule.get("host").and_then(|field| field.string()).filter(|host| !host.is_empty());
        let paths = mapping_at(&rule, "http", &shapes::INGRESS_HTTP).and_then(|http| http.get("paths"));
        for path in paths.map(|field| field.items()).unwrap_or_default() {
            let Some(fields) = path.fields(&shapes::INGRESS_PATH) else { continue };
            let path = fields.get("path").and_then(|field| field.string()).unwrap_or_else(|| "/".to_owned());
            let backend =
                fields.require("backend", "name the Service").and_then(|field| read_backend(&field));
            backends.extend(backend.map(|(service, port)| IngressBackend {
                host: host.clone(),
                path: Some(path),
                service,
                port,
            }));
        }
    }
    // `backend` is what v1beta1 called `defaultBackend`.
    let default = spec.get("defaultBackend").or_else(|| spec.get("backend"));
    let default = default.and_then(|field| read_backend(&field));
    backends.extend(default.map(|(service, port)| IngressBackend { host: None, path: None, service, port }));
    Some(Ingress { class, backends, meta })
}

/// `service: {name, port: {number | name}}`, or `serviceName` and `servicePort` as in v1beta1.
/// A backend that is another resource leads to nothing that is modelled.
fn read_backend(field: &Field<'_, '_>) -> Option<(String, Option<PortRef>)> {
    let fields = field.fields(&shapes::BACKEND)?;
    if let Some(name) = fields.get("serviceName") {
        let port = fields.get("servicePort").and_then(|field| read_port_ref(&field));
        return Some((name.string()?, port));
    }
    if field.node.get("resource").is_some() {
        return None;
    }
    let service = fields.require("service", "name the Service")?.fields(&shapes::BACKEND_SERVICE)?;
    let name = service.require("name", "name the Service")?.string()?;
    let port = mapping_at(&service, "port", &shapes::BACKEND_PORT);
    let port = port.and_then(|port| port.get("number").or_else(|| port.get("name")));
    Some((name, port.and_then(|field| read_port_ref(&field))))
}
