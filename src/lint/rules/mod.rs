//! All rules, one file per rule or small family.

mod autoscaler;
mod budget;
mod capacity;
mod grace;
mod hooks;
mod keepalive;
mod list;
mod liveness;
mod probes;
mod publish;
mod serving;
mod shell;
mod sidecars;
mod start;
mod strategy;
mod targets;

use super::{Found, Rule, Slack};
use crate::diag::{Place, Severity};

/// Every rule by its number. Numbers are an interface: none is ever given to another rule.
pub const RULES: &[Rule] = &[
    list::ALLOW_LIST,
    serving::SERVING_AFTER_DELETION,
    grace::TIME_TO_FINISH,
    grace::HOOK_WITHIN_GRACE,
    keepalive::KEEPALIVE,
    start::STARTUP_BUDGET,
    liveness::PATIENT_LIVENESS,
    start::SLOW_START,
    probes::READINESS_PROBE,
    probes::CROSS_WIRED,
    autoscaler::CPU_REQUEST,
    autoscaler::REPLICAS_BESIDE_HPA,
    budget::EVICTION_POSSIBLE,
    capacity::ROLLOUT_CAPACITY,
    hooks::HOOK_RUNS,
    sidecars::LEAVE_TOGETHER,
    targets::DEREGISTRATION_DELAY,
    targets::READINESS_GATE,
    strategy::NEVER_EMPTY,
    shell::SIGNAL_ARRIVES,
    publish::ONLY_READY,
];

/// The code of the rule about allow-lists.
pub(super) const ALLOW_LIST: &str = list::ALLOW_LIST.code;

/// Codes of the manifest reader's warnings that a rule tells in its own words.
pub(super) fn speaks_for(code: &str) -> bool {
    use crate::config::manifest::code;
    [code::PRE_STOP_EXCEEDS_GRACE, code::PROBE_CROSS_WIRED, code::HPA_NO_REQUEST, code::REPLICAS_BESIDE_HPA]
        .contains(&code)
}

impl Found {
    fn new(severity: Severity, message: impl Into<String>, place: &Place) -> Found {
        Found {
            severity,
            message: message.into(),
            place: place.clone(),
            label: None,
            remedy: None,
            slack: None,
        }
    }

    fn label(mut self, label: impl Into<String>) -> Found {
        self.label = Some(label.into());
        self
    }

    fn remedy(mut self, remedy: impl Into<String>) -> Found {
        self.remedy = Some(remedy.into());
        self
    }

    fn slack(mut self, have: f64, need: f64, unit: &'static str) -> Found {
        self.slack = Some(Slack { have, need, unit });
        self
    }
}
