//! The stable names of everything this reader can complain about.

// Reading the text.

/// A file or folder that cannot be opened.
pub const UNREADABLE: &str = "unreadable";
/// A file above the size limit.
pub const TOO_LARGE: &str = "too-large";
/// Bytes that are not UTF-8.
pub const NOT_UTF8: &str = "not-utf8";
/// An archive, an image or another file that is no text.
pub const BINARY: &str = "binary";
/// Nothing to read.
pub const EMPTY: &str = "empty";
/// Text that is no YAML.
pub const YAML_SYNTAX: &str = "yaml-syntax";
/// A key given twice in one mapping.
pub const DUPLICATE_KEY: &str = "duplicate-key";
/// Aliases that expand to more than anyone writes.
pub const ALIAS_LIMIT: &str = "alias-limit";
/// Nesting deeper than any manifest.
pub const TOO_DEEP: &str = "too-deep";
/// A template that was not rendered.
pub const TEMPLATE: &str = "template";

// What kind of object it is.

/// A document that is no Kubernetes object.
pub const NOT_AN_OBJECT: &str = "not-an-object";
/// A kind that does not exist in the `apiVersion` given.
pub const API_VERSION: &str = "api-version";
/// An `apiVersion` that current Kubernetes does not serve.
pub const REMOVED_API: &str = "removed-api";
/// A patch of an object that is not there.
pub const PATCH: &str = "patch";
/// The same object twice.
pub const DUPLICATE_OBJECT: &str = "duplicate-object";

// Fields.

/// A field name that is nearly a known one.
pub const FIELD_TYPO: &str = "field-typo";
/// A known field at the wrong level.
pub const FIELD_MISPLACED: &str = "field-misplaced";
/// A list where a number is due, and the like.
pub const WRONG_TYPE: &str = "wrong-type";
/// A value that the API server rejects, or one beyond what podloss simulates.
pub const INVALID_VALUE: &str = "invalid-value";
/// A field that must be given and is not.
pub const REQUIRED: &str = "required";
/// A field that must not be given here.
pub const FORBIDDEN: &str = "forbidden";
/// Two things of one name where names must differ.
pub const DUPLICATE_NAME: &str = "duplicate-name";
/// More errors and warnings than are worth listing.
pub const TOO_MANY: &str = "too-many";

// Values that are valid and yet hardly meant.

/// A preStop hook that outlasts the grace period.
pub const PRE_STOP_EXCEEDS_GRACE: &str = "pre-stop-exceeds-grace";
/// A memory quantity below one byte, such as `512m`.
pub const FRACTIONAL_MEMORY: &str = "fractional-memory";
/// A container without an image, which podloss can do without.
pub const MISSING_IMAGE: &str = "missing-image";
/// A negative grace period, which Kubernetes reads as one second.
pub const NEGATIVE_GRACE: &str = "negative-grace";
/// A metric target whose type and value disagree.
pub const TARGET_TYPE: &str = "target-type";

// How objects refer to each other.

/// No Deployment, or not the one asked for.
pub const NO_WORKLOAD: &str = "no-workload";
/// Several Deployments, and no way to tell which is meant.
pub const AMBIGUOUS_WORKLOAD: &str = "ambiguous-workload";
/// Two autoscalers on one Deployment.
pub const HPA_CONFLICT: &str = "hpa-conflict";
/// An autoscaler whose target is not there.
pub const HPA_NO_TARGET: &str = "hpa-no-target";
/// An autoscaler named like one Deployment that scales another.
pub const HPA_NAMED_OTHERWISE: &str = "hpa-named-otherwise";
/// An autoscaler on utilization without the request it divides by.
pub const HPA_NO_REQUEST: &str = "hpa-no-request";
/// An autoscaler whose target reference has an old or missing `apiVersion`.
pub const HPA_STALE_TARGET: &str = "hpa-stale-target";
/// `replicas` beside an autoscaler.
pub const REPLICAS_BESIDE_HPA: &str = "replicas-beside-hpa";
/// A Service without pods.
pub const SERVICE_SELECTS_NOTHING: &str = "service-selects-nothing";
/// A Service port that no container has.
pub const SERVICE_NO_PORT: &str = "service-no-port";
/// Several Services over one Deployment.
pub const SEVERAL_SERVICES: &str = "several-services";
/// An Ingress to a Service that is not there.
pub const INGRESS_NO_SERVICE: &str = "ingress-no-service";
/// A disruption budget without pods.
pub const PDB_SELECTS_NOTHING: &str = "pdb-selects-nothing";
/// A probe that asks another container's port.
pub const PROBE_CROSS_WIRED: &str = "probe-cross-wired";
/// Running pods that differ from the template.
pub const PODS_DIFFER: &str = "pods-differ";
/// A front-end annotation that cannot be understood.
pub const ANNOTATION: &str = "annotation";
/// Something that may decide at the front end, and that is not read.
pub const NOT_READ: &str = "not-read";
