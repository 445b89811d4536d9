//! The simulator: the only place where time passes.
//!
//! [`spec`] says what to simulate. The engine pops control events (controllers, kubelets, probes,
//! propagation) from one queue and lets the request path run between them. The request path
//! exists twice, behind one trait: a fast one with provisional fates, and a plain one that is
//! easy to believe and serves as its reference.

pub(crate) mod path;
pub mod spec;
