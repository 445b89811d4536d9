//! The stable names of what can be wrong with a case as a whole.

/// A setting whose value its knob does not take, or that contradicts another.
pub const SETTING: &str = "setting";
/// A setting of a container that is not there.
pub const NO_CONTAINER: &str = "no-container";
/// A setting that changes nothing here.
pub const NO_EFFECT: &str = "no-effect";
/// A field of an object that is not there, or that cannot be set.
pub const FIELD: &str = "field";
/// A front end that is unknown or cannot be simulated yet.
pub const FRONT_END: &str = "front-end";
/// Something in the manifests that decides the answer and is not simulated.
pub const UNSUPPORTED: &str = "unsupported";
/// A pod in which nothing answers requests.
pub const NO_SERVER: &str = "no-server";
/// An autoscaler that does nothing.
pub const INERT_AUTOSCALER: &str = "inert-autoscaler";
/// Something that the version of Kubernetes does not know.
pub const VERSION: &str = "version";
/// An event that no request can meet.
pub const EVENT: &str = "event";
/// `--from` without the workload.
pub const FROM: &str = "from";
/// Pods that cannot carry the load.
pub const OVERLOAD: &str = "overload";
