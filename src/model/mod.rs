//! The rules: plain data in, a decision and its reason out.
//!
//! Nothing here knows the event loop, owns randomness or reads a clock: time and random bits are
//! arguments. Every rule names the component, file and version it follows, or says "assumption".
#![deny(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

pub mod balancer;
pub mod blue_green;
pub mod canary;
pub mod cpu;
pub mod deployment;
pub mod endpoints;
pub mod eviction;
pub mod hpa;
pub mod kube_proxy;
pub mod metrics;
pub mod node_health;
pub mod outcome;
pub mod outlier;
pub mod pod;
pub mod probe;
pub mod probe_ticker;
pub mod replica_set;
pub mod restart;
pub mod retry;
pub mod retry_budget;
pub mod server_check;
pub mod termination;
pub mod victims;
