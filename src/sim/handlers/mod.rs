//! What each control event does: collect plain data, ask the rule in `model`, apply the answer.

mod autoscaler;
mod begin;
mod canary;
mod controllers;
mod custom_metrics;
mod egress;
mod endpoints;
mod local_nodes;
mod metrics;
mod nodes;
mod overrides;
mod planned;
mod pod_start;
mod pod_stop;
mod pod_sync;
mod probes;
mod progressive;
mod server_checks;
mod slices;
mod targets;
mod tiers;

pub(crate) use endpoints::FrontControl;
