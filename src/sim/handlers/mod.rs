//! What each control event does: collect plain data, ask the rule in `model`, apply the answer.

mod autoscaler;
mod begin;
mod controllers;
mod endpoints;
mod planned;
mod pod_start;
mod pod_stop;
mod probes;
mod targets;

pub(crate) use endpoints::FrontControl;
