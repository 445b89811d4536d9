//! Kinds of the area `endpoints`.

use super::{null_default, ranking::Phase, read};
use crate::model::endpoints::{Conditions, conditions, is_listed};
use crate::model::kube_proxy::{NodeEndpoint, TrafficPolicy, Zone, ZoneHints, categorize};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn pod_to_conditions(input: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Pod {
        pod_ready: bool,
        pod_terminating: bool,
        publish_not_ready_addresses: bool,
    }
    let pod: Pod = read(input)?;
    let got = conditions(pod.pod_ready, pod.pod_terminating, pod.publish_not_ready_addresses);
    Ok(json!({"ready": got.ready, "serving": got.serving, "terminating": got.terminating}))
}

pub(super) fn membership(input: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Pod {
        phase: Phase,
        has_ip: bool,
        terminating: bool,
        include_terminating: bool,
    }
    let pod: Pod = read(input)?;
    let listed = is_listed(pod.phase.to_model(), pod.has_ip, pod.terminating, pod.include_terminating);
    Ok(json!({"listed": listed}))
}

pub(super) fn categorize_endpoints(input: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Service {
        internal_policy_local: bool,
        external_policy_local: bool,
        externally_accessible: bool,
    }
    #[derive(Deserialize)]
    struct Endpoint {
        addr: String,
        ready: bool,
        serving: bool,
        terminating: bool,
        local: bool,
        #[serde(default, deserialize_with = "null_default")]
        zone_hints: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Node {
        service: Service,
        node_zone: Option<String>,
        endpoints: Vec<Endpoint>,
    }
    let given: Node = read(input)?;
    let mut zones = Zones(Vec::new());
    let node_zone = match given.node_zone.filter(|name| !name.is_empty()) {
        Some(name) => Some(zones.zone(&name)?),
        None => None,
    };
    let mut endpoints = Vec::new();
    for endpoint in &given.endpoints {
        let mut hints = ZoneHints::default();
        for name in &endpoint.zone_hints {
            hints = hints.with(zones.zone(name)?);
        }
        let Endpoint { ready, serving, terminating, local, .. } = *endpoint;
        endpoints.push(NodeEndpoint { conditions: Conditions { ready, serving, terminating }, local, hints });
    }
    let policy = TrafficPolicy {
        internal_local: given.service.internal_policy_local,
        external_local: given.service.external_policy_local,
        externally_accessible: given.service.externally_accessible,
    };
    let got = categorize(policy, node_zone, &endpoints);
    let addresses = |list: &Vec<usize>| -> Vec<&str> {
        list.iter().map(|endpoint| given.endpoints[*endpoint].addr.as_str()).collect()
    };
    Ok(json!({
        "cluster": got.cluster.as_ref().map(addresses),
        "local": got.local.as_ref().map(addresses),
        "all_reachable": addresses(&got.all_reachable),
        "has_any_endpoints": got.has_any,
    }))
}

/// Numbers zones in the order in which they are met.
struct Zones(Vec<String>);

impl Zones {
    fn zone(&mut self, name: &str) -> Result<Zone, String> {
        let place = self.0.iter().position(|known| known == name).unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        });
        u8::try_from(place)
            .ok()
            .and_then(Zone::new)
            .ok_or_else(|| format!("input: more than {} zones", Zone::COUNT))
    }
}
