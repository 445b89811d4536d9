//! The JSON border of the autoscaler: reads what `podloss hpa decide` takes, runs one stage of
//! the pipeline and writes what it gives. Also reads what kubectl prints.
//!
//! Reading is strict: an unknown field, a wrong type or an impossible number is an error that
//! names the field; only remarks (`name`, `note`) pass unread. Times are seconds on one clock,
//! with 0 for "ages ago"; quantities are thousandths.

mod context;
mod fields;
mod kubectl;
mod metrics;
mod objects;
mod output;
mod pods;
mod read;
mod selector;
mod spec;
mod stages;
mod state;
mod timestamp;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use kubectl::from_kubectl;
pub use output::decision_json;
pub use stages::Request;
pub use state::State;
pub(crate) use timestamp::parse as parse_timestamp;

/// Why an input cannot be read: where, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{message}", self.path, if self.path.is_empty() { "" } else { ": " })]
pub struct InputError {
    /// The field, as in `hpa.metrics[0].target`; empty for the input as a whole.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

impl InputError {
    fn at(path: impl Into<String>, message: impl Into<String>) -> InputError {
        InputError { path: path.into(), message: message.into() }
    }
}

/// Reads one typed value; errors carry the path of the field below `path`.
fn typed<T: DeserializeOwned>(path: &str, value: Value) -> Result<T, InputError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let below = error.path().to_string();
        let path = match (path, below.as_str()) {
            (_, ".") => path.to_owned(),
            ("", _) => below,
            (_, _) if below.starts_with('[') => format!("{path}{below}"),
            (_, _) => format!("{path}.{below}"),
        };
        InputError::at(path, error.into_inner().to_string())
    })
}

/// Takes one typed field out of an object; `null` counts as absent.
fn take<T: DeserializeOwned>(object: &mut Map<String, Value>, key: &str) -> Result<Option<T>, InputError> {
    match object.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => typed(key, value).map(Some),
    }
}

#[cfg(test)]
mod tests;
