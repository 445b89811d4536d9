//! What users write, read into plain values.

pub mod case;
pub mod manifest;
