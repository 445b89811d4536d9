//! What users write, read into plain values.

pub mod case;
pub mod described;
pub mod knobs;
pub mod manifest;
pub mod settings;
