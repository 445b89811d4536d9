//! Scenario files: TOML that says what Kubernetes does not know.
//!
//! ```toml
//! model = 1
//! manifests = ["web.yaml"]
//!
//! [load]
//! rps = 900
//!
//! [[event]]
//! at = "60s"
//! do = "rollout"
//! ```
//!
//! Every key outside the few of the file itself (`model`, `name`, `extends`, `manifests`, `from`,
//! `seed`, `runs`, `event`, `expect`, `sweep`, `set`) is a knob of the registry, and its value
//! becomes the text that the flag of the same knob takes.

pub mod code;
mod lists;
mod range;
mod read;
mod schema;
mod settings;
mod starter;
mod tree;
mod value;

pub use range::values as sweep_values;
pub use read::{MODEL, read_scenario};
pub use schema::schema;
pub(crate) use starter::starter;

#[cfg(test)]
mod tests;
