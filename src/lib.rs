//! podloss: how many requests a Kubernetes service loses when it scales or rolls out, why, and
//! which setting would have saved them.
//!
//! Read the crate in this order: [`units`] (what numbers mean), `model` (every rule of
//! Kubernetes and of the front ends as a pure function), `sim` (the event loop, the only place
//! where time passes), `account` (integers that merge exactly), `report` (renderers).

pub mod account;
pub mod advise;
pub mod cli;
pub mod config;
pub mod conform;
pub mod diag;
pub mod exit_code;
pub mod hpa_replay;
pub mod hpa_state;
pub mod lint;
pub mod model;
pub mod random;
pub mod report;
pub mod sim;
pub mod stats;
pub mod study;
pub mod sweep;
pub mod units;
pub mod workload;
