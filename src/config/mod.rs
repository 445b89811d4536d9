//! What users write, read into plain values.

pub mod autoscaler;
pub mod case;
pub mod command;
pub mod described;
pub mod events;
pub mod expectations;
pub mod image;
pub mod inputs;
pub mod knobs;
pub mod load;
pub mod lower;
pub mod manifest;
pub mod presets;
pub mod scenario;
pub mod settings;
pub(crate) mod similar;
pub mod statements;
pub(crate) mod text;

pub use text::FILE_BYTES_MAX;
