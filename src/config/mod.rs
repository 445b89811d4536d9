//! What users write, read into plain values.

pub mod autoscaler;
pub mod case;
pub mod described;
pub mod events;
pub mod expectations;
pub mod knobs;
pub mod manifest;
pub mod settings;
pub(crate) mod similar;
pub(crate) mod text;

pub use text::FILE_BYTES_MAX;
