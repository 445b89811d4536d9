//! Pods as they stand in JSON.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::InputError;
use super::fields::{Instant, Request};
use super::state::PodTable;
use crate::model::hpa::{ContainerRequests, InitRequests, Phase, PodRequests, PodView, Status};
use crate::units::SimTime;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PodIn {
    name: String,
    phase: Option<PhaseIn>,
    ready: Option<StatusIn>,
    ready_transition_time: Option<Instant>,
    start_time: Option<Instant>,
    deleted: Option<bool>,
    requests_milli: Option<BTreeMap<String, Request>>,
    containers: Option<Vec<ContainerIn>>,
    init_containers: Option<Vec<ContainerIn>>,
    pod_requests_milli: Option<BTreeMap<String, Request>>,
    #[serde(rename = "note")]
    _note: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ContainerIn {
    name: String,
    restart_policy: Option<String>,
    requests_milli: Option<BTreeMap<String, Request>>,
}

#[derive(Clone, Copy, Deserialize)]
pub(super) enum PhaseIn {
    Pending,
    Running,
    Succeeded,
    Failed,
    Unknown,
}

#[derive(Clone, Copy, Deserialize)]
pub(super) enum StatusIn {
    True,
    False,
    Unknown,
}

impl From<PhaseIn> for Phase {
    fn from(phase: PhaseIn) -> Phase {
        match phase {
            PhaseIn::Pending => Phase::Pending,
            PhaseIn::Running => Phase::Running,
            PhaseIn::Succeeded => Phase::Succeeded,
            PhaseIn::Failed => Phase::Failed,
            PhaseIn::Unknown => Phase::Unknown,
        }
    }
}

impl From<StatusIn> for Status {
    fn from(status: StatusIn) -> Status {
        match status {
            StatusIn::True => Status::True,
            StatusIn::False => Status::False,
            StatusIn::Unknown => Status::Unknown,
        }
    }
}

/// Requests as the model keeps them.
pub(super) fn plain(requests: Option<BTreeMap<String, Request>>) -> BTreeMap<String, i64> {
    requests.into_iter().flatten().map(|(resource, Request(milli))| (resource, milli)).collect()
}

impl PodIn {
    fn view(&self) -> PodView {
        PodView {
            phase: self.phase.map_or(Phase::Running, Phase::from),
            deleted: self.deleted.unwrap_or(false),
            ready: self.ready.map(Status::from),
            ready_transition: self.ready_transition_time.map_or(SimTime(0), |Instant(time)| time),
            start_time: self.start_time.map(|Instant(time)| time),
            requests: 0,
        }
    }

    /// A total over the containers becomes one container without a name.
    fn requests(self) -> PodRequests {
        let of = |c: ContainerIn| ContainerRequests { name: c.name, requests: plain(c.requests_milli) };
        let containers = match self.containers {
            Some(containers) => containers.into_iter().map(of).collect(),
            None => {
                vec![ContainerRequests { name: String::new(), requests: plain(self.requests_milli) }]
            }
        };
        let init = self.init_containers.into_iter().flatten().map(|c| InitRequests {
            is_sidecar: c.restart_policy.as_deref() == Some("Always"),
            container: of(c),
        });
        PodRequests::new(containers, init, plain(self.pod_requests_milli))
    }
}

/// Reads the pods.
pub(super) fn pods(pods: Vec<PodIn>) -> Result<PodTable, InputError> {
    let mut table = PodTable::default();
    for (index, pod) in pods.into_iter().enumerate() {
        if pod.containers.is_some() && pod.requests_milli.is_some() {
            let problem = "gives both `containers` and `requestsMilli`: write one of them";
            return Err(InputError::at(format!("pods[{index}]"), problem));
        }
        if pod.containers.is_none() && pod.init_containers.is_some() {
            let problem = "gives `initContainers` without `containers`: spell out both";
            return Err(InputError::at(format!("pods[{index}]"), problem));
        }
        let (name, view) = (pod.name.clone(), pod.view());
        if !table.add(&name, pod.requests(), view) {
            let problem = format!("a pod named `{name}` is there already: names must differ");
            return Err(InputError::at(format!("pods[{index}].name"), problem));
        }
    }
    Ok(table)
}
