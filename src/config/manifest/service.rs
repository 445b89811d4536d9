//! Services: which pods a name stands for, and how traffic to it is spread.

use std::collections::{BTreeMap, BTreeSet};

use super::container::{PROTOCOLS, Protocol, read_port};
use super::meta::{ObjectMeta, mapping_at};
use super::reader::{Field, Fields};
use super::shapes;

/// A Service with the API server's defaults filled in.
///
/// Source of defaults: kubernetes pkg/apis/core/v1/defaults.go `SetDefaults_Service`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Identity, labels, annotations, places.
    pub meta: ObjectMeta,
    /// `spec.selector`; empty means that the Service selects no pods by itself.
    pub selector: BTreeMap<String, String>,
    /// `spec.ports`.
    pub ports: Vec<ServicePort>,
    /// `spec.type`; default ClusterIP.
    pub service_type: ServiceType,
    /// Whether `spec.clusterIP` is `None`: clients get the pods' own addresses.
    pub headless: bool,
    /// `spec.externalTrafficPolicy`; default Cluster.
    pub external_traffic_policy: TrafficPolicy,
    /// `spec.internalTrafficPolicy`; default Cluster.
    pub internal_traffic_policy: TrafficPolicy,
    /// `spec.publishNotReadyAddresses`: pods that are not ready count as ready; default false.
    pub publish_not_ready_addresses: bool,
    /// With `spec.sessionAffinity: ClientIP` the time in seconds for which a client keeps its pod
    /// (`sessionAffinityConfig.clientIP.timeoutSeconds`, default 10800); `None` without affinity.
    pub client_ip_affinity_seconds: Option<u32>,
    /// `spec.loadBalancerClass`.
    pub load_balancer_class: Option<String>,
}

/// One entry of a Service's `ports`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// `name`.
    pub name: Option<String>,
    /// `port`.
    pub port: u16,
    /// `targetPort`; default the same number as `port`.
    pub target_port: PortRef,
    /// `protocol`; default TCP.
    pub protocol: Protocol,
}

/// A port by number or by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PortRef {
    /// By number.
    Number(u16),
    /// By name.
    Name(String),
}

/// `spec.type` of a Service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceType {
    /// Reachable inside the cluster.
    #[default]
    ClusterIp,
    /// Also at a port of every node.
    NodePort,
    /// Also through a load balancer of the cloud.
    LoadBalancer,
    /// A mere name for something elsewhere.
    ExternalName,
}

/// `externalTrafficPolicy` and `internalTrafficPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrafficPolicy {
    /// Any pod.
    #[default]
    Cluster,
    /// Only pods on the node that the traffic came to.
    Local,
}

const TRAFFIC_POLICIES: &[(&str, TrafficPolicy)] =
    &[("Cluster", TrafficPolicy::Cluster), ("Local", TrafficPolicy::Local)];

impl Service {
    /// Whether the Service selects pods with these labels. Without a selector it selects none.
    pub fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        !self.selector.is_empty() && self.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    }
}

/// Reads the fields of a Service.
pub(super) fn read_service(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<Service> {
    let spec = object.require("spec", "describe the Service")?.fields(&shapes::SERVICE_SPEC)?;
    let types: &[(&str, ServiceType)] = &[
        ("ClusterIP", ServiceType::ClusterIp),
        ("NodePort", ServiceType::NodePort),
        ("LoadBalancer", ServiceType::LoadBalancer),
        ("ExternalName", ServiceType::ExternalName),
    ];
    let policy = |name| spec.get(name).and_then(|field| field.one_of(TRAFFIC_POLICIES)).unwrap_or_default();
    let text = |name| spec.get(name).and_then(|field| field.string()).filter(|text| !text.is_empty());
    let service_type = spec.get("type").and_then(|field| field.one_of(types)).unwrap_or_default();
    let headless = text("clusterIP").is_some_and(|address| address == "None");
    let ports = spec.get("ports").map(|field| read_ports(&field)).unwrap_or_default();
    if ports.is_empty()
        && !headless
        && service_type != ServiceType::ExternalName
        && spec.get("ports").is_none()
    {
        spec.lacks("ports", "", "list at least one port");
    }
    Some(Service {
        selector: spec.get("selector").map(|field| field.string_map()).unwrap_or_default(),
        ports,
        service_type,
        headless,
        external_traffic_policy: policy("externalTrafficPolicy"),
        internal_traffic_policy: policy("internalTrafficPolicy"),
        publish_not_ready_addresses: spec
            .get("publishNotReadyAddresses")
            .and_then(|field| field.flag())
            .unwrap_or(false),
        client_ip_affinity_seconds: read_affinity(&spec),
        load_balancer_class: text("loadBalancerClass"),
        meta,
    })
}

fn read_affinity(spec: &Fields<'_, '_>) -> Option<u32> {
    /// Three hours. Source: kubernetes pkg/apis/core `DefaultClientIPServiceAffinitySeconds`.
    const DEFAULT_SECONDS: u32 = 10_800;
    let client_ip = spec.get("sessionAffinity")?.one_of(&[("None", false), ("ClientIP", true)])?;
    let config = mapping_at(spec, "sessionAffinityConfig", &shapes::AFFINITY_CONFIG);
    let config = config.and_then(|fields| mapping_at(&fields, "clientIP", &shapes::CLIENT_IP));
    let seconds = config.and_then(|fields| fields.get("timeoutSeconds")?.count(1..=86_400));
    client_ip.then_some(seconds.unwrap_or(DEFAULT_SECONDS))
}

fn read_ports(field: &Field<'_, '_>) -> Vec<ServicePort> {
    let items = field.items();
    let mut ports = Vec::new();
    let mut names = BTreeSet::new();
    for item in &items {
        let Some(fields) = item.fields(&shapes::SERVICE_PORT) else { continue };
        let name = fields.get("name").and_then(|field| field.string()).filter(|name| !name.is_empty());
        match &name {
            // Source: kubernetes pkg/apis/core/validation `validateServicePort`.
            None if items.len() > 1 => {
                item.lacks("name", "", "a Service with several ports must name each of them")
            }
            Some(name) if !names.insert(name.clone()) => {
                item.duplicate(name, "give every port of the Service its own name");
            }
            _ => {}
        }
        let Some(port) =
            fields.require("port", "write the number of the port").and_then(|field| read_port(&field))
        else {
            continue;
        };
        let target_port = fields.get("targetPort").and_then(|field| read_port_ref(&field));
        let protocol = fields.get("protocol").and_then(|field| field.one_of(PROTOCOLS)).unwrap_or_default();
        ports.push(ServicePort {
            name,
            port,
            target_port: target_port.unwrap_or(PortRef::Number(port)),
            protocol,
        });
    }
    ports
}

/// A port by number or name; 0 and the empty text count as not given.
pub(super) fn read_port_ref(field: &Field<'_, '_>) -> Option<PortRef> {
    match field.node.text().unwrap_or_default() {
        "" | "0" => None,
        text if text.parse::<i64>().is_ok() => read_port(field).map(PortRef::Number),
        _ => field.string().map(PortRef::Name),
    }
}
