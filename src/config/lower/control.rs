//! Clients, network, control plane: what a cluster is like that no manifest says.

use super::events;
use super::values::{Fallback, Values};
use crate::config::case::Origin;
use crate::config::described::{Described, EventAction};
use crate::config::knobs::{self, Value};
use crate::model::node_health::{LEASE_RENEWAL, default_grace_period};
use crate::sim::spec::{AfterExit, ClientSpec, ControlPlane, NetworkSpec, ProbePhase, VictimOrder};
use crate::units::{Nanos, format_duration};
use crate::workload::Load;

pub(super) fn client(load: &Load, values: &mut Values<'_>) -> ClientSpec {
    let retries = values.count("client.retries");
    let closed = matches!(load, Load::Closed(_));
    ClientSpec {
        post_share: match values.value("client.post") {
            Some(Value::Share(share)) => share,
            _ => 0.0,
        },
        timeout: values.limit("client.timeout"),
        retry_budget_per_mille: retry_budget(retries, values),
        retries,
        backoff: if retries > 0 { values.dist("client.backoff") } else { crate::random::Dist::ZERO },
        // An open load has no connections to keep.
        keep_alive: !closed || values.switch("client.keep_alive"),
        // A closed load has connections of its own.
        connections: if closed { 0 } else { values.count("client.connections") },
    }
}

fn retry_budget(retries: u32, values: &mut Values<'_>) -> Option<u64> {
    // Without retries nobody asks for the budget, and a setting of it is told to have no effect.
    let budget = if retries > 0 { values.value("client.retry_budget") } else { None };
    match budget {
        Some(Value::Share(share)) if share < 1.0 => Some((share * 1e3).round() as u64),
        _ => None,
    }
}

pub(super) fn network(values: &mut Values<'_>, keeps_connections: bool) -> NetworkSpec {
    NetworkSpec {
        race_window: if keeps_connections { values.span("network.race_window") } else { Nanos::ZERO },
        linear_syn_retries: values.switch("network.linear_syn_retries"),
        after_exit: match values.word("network.after_exit") {
            "refused" => AfterExit::Refused,
            "blackhole" => AfterExit::Blackhole,
            _ => AfterExit::Unreachable,
        },
        reset_share: match values.value("network.resets") {
            Some(Value::Share(share)) => share,
            _ => 0.0,
        },
    }
}

pub(super) fn control_plane(described: &Described<'_>, minor: u32, values: &mut Values<'_>) -> ControlPlane {
    let loses =
        |action: &EventAction| matches!(action.of_pods(), EventAction::LoseNode(_) | EventAction::LoseZone);
    let by_zone = events::any(described, |action| *action == EventAction::LoseZone);
    ControlPlane {
        nodes: values.count("control.nodes"),
        pods_per_node: Some(values.count("control.pods_per_node")).filter(|pods| *pods > 0),
        zones: if by_zone { values.count("control.zones") } else { 1 },
        node_monitor_grace_period: if events::any(described, loses) {
            patience_with_nodes(minor, values)
        } else {
            default_grace_period(minor)
        },
        controller_reaction: values.dist("control.controller_reaction"),
        api_write: values.dist("control.api_write"),
        schedule: values.dist("control.schedule"),
        kubelet_notice: values.dist("control.kubelet_notice"),
        sandbox: values.dist("control.sandbox"),
        container_relist: values.dist("control.container_relist"),
        status_patch: values.dist("control.status_patch"),
        kubelet_stop: values.dist("control.kubelet_stop"),
        sandbox_stop: values.dist("control.sandbox_stop"),
        slice_sync: values.dist("control.slice_sync"),
        probe_phase: ProbePhase::Kubelet,
        victim_order: VictimOrder::Kubernetes,
        direct_endpoints: false,
        exact_grace: false,
        slow_start: true,
    }
}

/// The flag of the node lifecycle controller; its default hangs on the version.
fn patience_with_nodes(minor: u32, values: &mut Values<'_>) -> Nanos {
    const PATH: &str = "control.node_monitor_grace_period";
    let knob = knobs::find(PATH).expect("a name of the registry").knob;
    let default = default_grace_period(minor);
    let usual =
        Fallback::plain(format_duration(default), Origin::Documented, "kube-controller-manager's default");
    let patience = match values.find(knob, PATH, &[PATH.to_owned()], Some(usual)) {
        Some(Value::Duration(patience)) => patience,
        _ => default,
    };
    match values.said(PATH) {
        Some(setting) if patience <= LEASE_RENEWAL => {
            let renewal = format_duration(LEASE_RENEWAL);
            let message = format!("gives up nodes that live: a kubelet renews its lease every {renewal}");
            values.invalid(&setting.clone(), &message);
        }
        _ => {}
    }
    patience
}
