//! What users write, read into plain values.

pub mod manifest;
