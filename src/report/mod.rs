//! Renderers: what a finished result looks like to people and to machines.

pub mod advice;
pub mod baseline;
pub mod comparison;
mod csv;
pub mod details;
pub mod explain;
pub mod findings;
pub mod hpa;
pub mod hpa_replay;
pub mod pictures;
pub mod plot;
pub mod presets;
pub mod remedies;
pub mod result;
mod scaling;
pub mod suite;
pub mod sweep;
pub mod text;
pub mod why;
