//! Renderers: what a finished result looks like to people and to machines.

pub mod hpa;
pub mod plot;
