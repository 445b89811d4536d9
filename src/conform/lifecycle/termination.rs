//! Kinds of the area `termination`.

use super::read;
use crate::model::termination::{StopBehaviour, base_grace, stop_pod, stop_timeline};
use crate::units::Nanos;
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(super) fn grace(input: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Kill {
        pod_deletion_grace_s: Option<u32>,
        spec_grace_s: Option<u32>,
        startup_probe_grace_s: Option<u32>,
        liveness_probe_grace_s: Option<u32>,
        reason: Reason,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Reason {
        Other,
        LivenessProbe,
        StartupProbe,
    }
    let kill: Kill = read(input)?;
    let failed_probe = match kill.reason {
        Reason::Other => None,
        Reason::LivenessProbe => kill.liveness_probe_grace_s,
        Reason::StartupProbe => kill.startup_probe_grace_s,
    };
    Ok(json!({"grace_s": base_grace(kill.pod_deletion_grace_s, failed_probe, kill.spec_grace_s)}))
}

pub(super) fn timeline(input: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Kill {
        grace_s: u32,
        prestop_s: Option<f64>,
        exit_after_signal_s: Option<f64>,
    }
    let kill: Kill = read(input)?;
    let behaviour = StopBehaviour {
        hook: kill.prestop_s.map(Nanos::from_secs_f64),
        exit_after_signal: kill.exit_after_signal_s.map(Nanos::from_secs_f64),
    };
    let got = stop_timeline(kill.grace_s, &behaviour, Nanos::ZERO);
    Ok(json!({
        "signal_at_s": got.signal_at.as_secs_f64(),
        "sigkill_deadline_s": got.sigkill_at.as_secs_f64(),
        "container_ends_at_s": got.ends_at.as_secs_f64(),
        "killed": got.killed,
    }))
}

pub(super) fn sidecar_order(input: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Pod {
        app_containers: Vec<String>,
        sidecars_in_spec_order: Vec<String>,
        grace_s: u32,
        each_container_exits_after_signal_s: f64,
    }
    let pod: Pod = read(input)?;
    let exits = Nanos::from_secs_f64(pod.each_container_exits_after_signal_s);
    let behaviour = StopBehaviour { hook: None, exit_after_signal: Some(exits) };
    let (apps, sidecars) = stop_pod(
        pod.grace_s,
        &vec![behaviour; pod.app_containers.len()],
        &vec![behaviour; pod.sidecars_in_spec_order.len()],
    );
    let names = pod.app_containers.into_iter().chain(pod.sidecars_in_spec_order);
    let delays: Map<_, _> = names
        .zip(apps.iter().chain(&sidecars))
        .map(|(name, timeline)| (name, json!(timeline.signal_at.whole_secs())))
        .collect();
    Ok(json!({"signal_delay_whole_s": delays}))
}
