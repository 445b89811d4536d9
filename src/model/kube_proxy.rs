//! Which endpoints kube-proxy on one node gives new connections to.
//!
//! Source: kubernetes pkg/proxy/topology.go CategorizeEndpoints (6c039d9) and
//! BaseServicePortInfo.UsesClusterEndpoints, UsesLocalEndpoints.

use super::endpoints::Conditions;

/// A zone, numbered by the caller from 0 to 63.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(u8);

impl Zone {
    /// How many zones can be told apart.
    pub const COUNT: u8 = 64;

    /// The zone with this number, if it is below [`Zone::COUNT`].
    pub fn new(number: u8) -> Option<Zone> {
        (number < Zone::COUNT).then_some(Zone(number))
    }
}

/// The zones that an endpoint's hints name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ZoneHints(u64);

impl ZoneHints {
    /// These hints and one more.
    #[must_use]
    pub fn with(self, zone: Zone) -> ZoneHints {
        ZoneHints(self.0 | 1 << zone.0)
    }

    fn contains(self, zone: Zone) -> bool {
        self.0 & 1 << zone.0 != 0
    }
}

/// One endpoint as a node sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeEndpoint {
    /// Its conditions in the slice.
    pub conditions: Conditions,
    /// The pod runs on this very node.
    pub local: bool,
    /// Its `hints.forZones`.
    pub hints: ZoneHints,
}

impl NodeEndpoint {
    /// Good enough when nothing is ready.
    fn is_serving_terminating(&self) -> bool {
        self.conditions.serving && self.conditions.terminating
    }
}

/// What of a Service decides between all endpoints and those on the node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrafficPolicy {
    /// `internalTrafficPolicy: Local`.
    pub internal_local: bool,
    /// `externalTrafficPolicy: Local`.
    pub external_local: bool,
    /// It has a node port, a load balancer address or an external IP.
    pub externally_accessible: bool,
}

impl TrafficPolicy {
    fn uses_cluster(self) -> bool {
        !self.internal_local || self.externally_accessible
    }

    fn uses_local(self) -> bool {
        self.internal_local || (self.external_local && self.externally_accessible)
    }
}

/// Indexes into the endpoints given, each list in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsableEndpoints {
    /// For traffic under the policy Cluster; `None` where no traffic of the Service is.
    pub cluster: Option<Vec<usize>>,
    /// For traffic under the policy Local; `None` where no traffic of the Service is.
    pub local: Option<Vec<usize>>,
    /// Everything this node may send to.
    pub all_reachable: Vec<usize>,
    /// Whether the Service has any usable endpoint on any node: it decides between "refused" and
    /// "dropped because it is not here".
    pub has_any: bool,
}

/// Sorts out a Service's endpoints for a node in `node_zone`.
///
/// Ready endpoints come first; only where there is none, those that terminate but still serve are
/// used. That fallback is kube-proxy's alone: an ingress controller does not have it.
pub fn categorize(
    policy: TrafficPolicy,
    node_zone: Option<Zone>,
    endpoints: &[NodeEndpoint],
) -> UsableEndpoints {
    let cluster = policy.uses_cluster().then(|| {
        let zone = zone_to_keep_to(node_zone, endpoints);
        let ready = indexes(endpoints, |endpoint| {
            endpoint.conditions.ready && zone.is_none_or(|zone| endpoint.hints.contains(zone))
        });
        or_else_indexes(ready, endpoints, NodeEndpoint::is_serving_terminating)
    });
    let local = policy.uses_local().then(|| {
        let ready = indexes(endpoints, |endpoint| endpoint.local && endpoint.conditions.ready);
        or_else_indexes(ready, endpoints, |endpoint| endpoint.local && endpoint.is_serving_terminating())
    });
    let has_any =
        endpoints.iter().any(|endpoint| endpoint.conditions.ready || endpoint.is_serving_terminating());
    let mut all_reachable: Vec<usize> = cluster.iter().chain(&local).flatten().copied().collect();
    all_reachable.sort_unstable();
    all_reachable.dedup();
    UsableEndpoints { cluster, local, all_reachable, has_any }
}

/// The node's zone if hints apply: every ready endpoint has hints and one of them names the zone.
fn zone_to_keep_to(node_zone: Option<Zone>, endpoints: &[NodeEndpoint]) -> Option<Zone> {
    let ready = || endpoints.iter().filter(|endpoint| endpoint.conditions.ready);
    let all_hinted = ready().all(|endpoint| endpoint.hints != ZoneHints::default());
    node_zone.filter(|zone| all_hinted && ready().any(|endpoint| endpoint.hints.contains(*zone)))
}

fn indexes(endpoints: &[NodeEndpoint], keep: impl Fn(&NodeEndpoint) -> bool) -> Vec<usize> {
    endpoints.iter().enumerate().filter(|(_, endpoint)| keep(endpoint)).map(|(index, _)| index).collect()
}

fn or_else_indexes(
    first: Vec<usize>,
    endpoints: &[NodeEndpoint],
    keep: impl Fn(&NodeEndpoint) -> bool,
) -> Vec<usize> {
    if first.is_empty() { indexes(endpoints, keep) } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::endpoints::conditions;
    use proptest::prelude::*;

    const CLUSTER: TrafficPolicy =
        TrafficPolicy { internal_local: false, external_local: false, externally_accessible: false };

    /// One letter per endpoint: Ready, Unready, Terminating but serving, Dying (terminating and
    /// unready); lower case on another node, upper case on this one.
    fn endpoints(letters: &str) -> Vec<NodeEndpoint> {
        letters
            .chars()
            .map(|letter| NodeEndpoint {
                conditions: match letter.to_ascii_lowercase() {
                    'r' => conditions(true, false, false),
                    'u' => conditions(false, false, false),
                    't' => conditions(true, true, false),
                    _ => conditions(false, true, false),
                },
                local: letter.is_ascii_uppercase(),
                hints: ZoneHints::default(),
            })
            .collect()
    }

    // Source: kubernetes pkg/proxy/topology_test.go TestCategorizeEndpoints.
    #[test]
    fn policies_and_the_terminating_fallback() {
        let internal = TrafficPolicy { internal_local: true, ..CLUSTER };
        let external = TrafficPolicy { external_local: true, externally_accessible: true, ..CLUSTER };
        let both = TrafficPolicy { internal_local: true, ..external };
        let hidden = TrafficPolicy { external_local: true, ..CLUSTER };
        let some = |list: &[usize]| Some(list.to_vec());
        for (name, policy, letters, cluster, local, any) in [
            ("ready only", CLUSTER, "rut", some(&[0]), None, true),
            ("fallback when none is ready", CLUSTER, "utd", some(&[1]), None, true),
            ("nothing usable", CLUSTER, "ud", some(&[]), None, false),
            ("internal local", internal, "Rr", None, some(&[0]), true),
            ("internal local, all elsewhere", internal, "rr", None, some(&[]), true),
            ("external local keeps cluster too", external, "Rr", some(&[0, 1]), some(&[0]), true),
            ("local fallback is the node's own", both, "Tr", some(&[1]), some(&[0]), true),
            ("both local, all elsewhere", both, "tt", some(&[0, 1]), some(&[]), true),
            ("external local without exposure", hidden, "Rr", some(&[0, 1]), None, true),
        ] {
            let got = categorize(policy, None, &endpoints(letters));
            assert_eq!((got.cluster, got.local, got.has_any), (cluster, local, any), "{name}");
        }
        let got = categorize(both, None, &endpoints("Tr"));
        assert_eq!(got.all_reachable, [0, 1]);
    }

    // Source: as above, the cases about hints.
    #[test]
    fn hints_apply_only_if_all_have_them_and_one_fits() {
        let zone = |number| Zone::new(number).unwrap();
        let hinted = |letters: &str, zones: &[&[u8]]| -> Vec<NodeEndpoint> {
            let hints = zones.iter().map(|zones| {
                zones.iter().fold(ZoneHints::default(), |hints, number| hints.with(zone(*number)))
            });
            endpoints(letters).into_iter().zip(hints).map(|(e, hints)| NodeEndpoint { hints, ..e }).collect()
        };
        for (name, node_zone, letters, zones, cluster) in [
            ("all hinted", Some(0), "rrr", &[&[0_u8][..], &[1], &[0, 2]][..], &[0_usize, 2][..]),
            ("one without", Some(0), "rrr", &[&[0], &[1], &[]], &[0, 1, 2]),
            ("none fits", Some(3), "rrr", &[&[0], &[1], &[2]], &[0, 1, 2]),
            ("node without a zone", None, "rrr", &[&[0], &[1], &[2]], &[0, 1, 2]),
            ("the unready do not count", Some(0), "rru", &[&[0], &[1], &[]], &[0]),
            ("the fallback ignores hints", Some(0), "tt", &[&[0], &[1]], &[0, 1]),
        ] {
            let got = categorize(CLUSTER, node_zone.map(zone), &hinted(letters, zones));
            assert_eq!(got.cluster.as_deref(), Some(cluster), "{name}");
        }
        assert_eq!(Zone::new(64), None);
    }

    proptest! {
        #[test]
        fn a_usable_endpoint_anywhere_keeps_a_cluster_service_up(letters in "[rutdRUTD]{0,12}") {
            let got = categorize(CLUSTER, None, &endpoints(&letters));
            let cluster = got.cluster.unwrap();
            prop_assert_eq!(got.has_any, !cluster.is_empty());
            prop_assert_eq!(got.all_reachable, cluster);
        }
    }
}
