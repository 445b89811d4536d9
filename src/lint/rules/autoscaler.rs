//! What stops an autoscaler, or works against it.

use super::probes::linked;
use crate::config::manifest::code;
use crate::diag::Severity;
use crate::lint::Rule;

/// See the rule's own words.
pub(super) const CPU_REQUEST: Rule = Rule {
    code: "PL010",
    name: "request-under-hpa",
    severity: Severity::Error,
    title: "every container has the request that its autoscaler divides by",
    why: "Utilization is usage divided by request, for the pod as a whole. One container without a request, an \
          injected sidecar included, and the metric fails: the autoscaler never scales up.",
    remedy: "Set resources.requests on every container, or use a ContainerResource metric.",
    blind: "Requests that a LimitRange or an admission webhook adds; read running pods to see them.",
    source: "kubernetes pkg/controller/podautoscaler/replica_calculator.go calculateRequests",
    check: |facts| linked(facts, code::HPA_NO_REQUEST, Severity::Error),
};

/// See the rule's own words.
pub(super) const REPLICAS_BESIDE_HPA: Rule = Rule {
    code: "PL011",
    name: "replicas-beside-hpa",
    severity: Severity::Error,
    title: "a Deployment under an autoscaler leaves `replicas` out",
    why: "Every apply sets the number back. Under load that removes pods at once, all in one step, until the \
          autoscaler has brought them back minutes later.",
    remedy: "Remove `spec.replicas`; the first removal needs care, since a client-side apply of a removed field \
             sets it to 1 once.",
    blind: "Whether the tool that applies the file ignores the field.",
    source: "kubernetes documentation, Horizontal Pod Autoscaling, migrating Deployments",
    check: |facts| linked(facts, code::REPLICAS_BESIDE_HPA, Severity::Error),
};
