//! Renderers: what a finished result looks like to people and to machines.

pub mod advice;
pub mod hpa;
pub mod plot;
pub mod result;
