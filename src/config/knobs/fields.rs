//! Fields of Kubernetes objects that can be set over what the manifests say.
//!
//! A path names its object's kind; `Kind/name:path` names one object, without a name the selected
//! workload, its autoscaler or its Services are meant. `[*]` stands for every container under
//! `containers`; a name or an index stands for one.

use super::{Kind, Knob};

/// Thresholds and periods are 32-bit numbers in the API; a year of seconds is more than enough.
const POSITIVE: Kind = Kind::Count { min: 1, max: 31_622_400 };
const REPLICAS: Kind = Kind::Count { min: 0, max: crate::config::manifest::REPLICAS_MAX as u64 };

/// Fields.
pub(super) const FIELDS: &[Knob] = &[
    Knob::new("Deployment:spec.replicas", REPLICAS, "replicas", "Pods at the beginning.").alias("replicas"),
    Knob::new(
        "Deployment:spec.minReadySeconds",
        Kind::Seconds,
        "minReadySeconds",
        "How long a pod must be ready to count as available.",
    )
    .alias("minReadySeconds"),
    Knob::new(
        "Deployment:spec.strategy.type",
        Kind::Choice(&["RollingUpdate", "Recreate"]),
        "strategy",
        "How one revision replaces another.",
    ),
    Knob::new(
        "Deployment:spec.strategy.rollingUpdate.maxSurge",
        Kind::IntOrPercent,
        "maxSurge",
        "Pods above the desired number during a rollout.",
    )
    .alias("maxSurge"),
    Knob::new(
        "Deployment:spec.strategy.rollingUpdate.maxUnavailable",
        Kind::IntOrPercent,
        "maxUnavailable",
        "Pods that may be missing during a rollout.",
    )
    .alias("maxUnavailable"),
    Knob::new(
        "Deployment:spec.template.spec.terminationGracePeriodSeconds",
        Kind::Seconds,
        "grace period",
        "How long a pod may take to stop, preStop included.",
    )
    .alias("grace"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].lifecycle.preStop.sleep.seconds",
        Kind::Seconds,
        "preStop sleep",
        "A preStop hook that sleeps, in place of any other (a command before Kubernetes 1.30); 0 removes it.",
    )
    .alias("preStop"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].resources.requests.cpu",
        Kind::Cores,
        "CPU request",
        "CPU that the container asks for.",
    )
    .alias("requests.cpu"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].resources.limits.cpu",
        Kind::Cores,
        "CPU limit",
        "CPU that the container may use.",
    )
    .alias("limits.cpu"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].readinessProbe.initialDelaySeconds",
        Kind::Seconds,
        "readiness initialDelaySeconds",
        "Time from the container's start to the first readiness probe.",
    )
    .alias("readiness.initialDelaySeconds"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].readinessProbe.periodSeconds",
        POSITIVE,
        "readiness periodSeconds",
        "Time between two readiness probes, in seconds.",
    )
    .alias("readiness.periodSeconds"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].readinessProbe.timeoutSeconds",
        POSITIVE,
        "readiness timeoutSeconds",
        "How long a readiness probe waits for its answer, in seconds.",
    )
    .alias("readiness.timeoutSeconds"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].readinessProbe.failureThreshold",
        POSITIVE,
        "readiness failureThreshold",
        "Failed readiness probes in a row that count.",
    )
    .alias("readiness.failureThreshold"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].readinessProbe.successThreshold",
        POSITIVE,
        "readiness successThreshold",
        "Passed readiness probes in a row that count.",
    )
    .alias("readiness.successThreshold"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].livenessProbe.initialDelaySeconds",
        Kind::Seconds,
        "liveness initialDelaySeconds",
        "Time from the container's start to the first liveness probe.",
    )
    .alias("liveness.initialDelaySeconds"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].livenessProbe.periodSeconds",
        POSITIVE,
        "liveness periodSeconds",
        "Time between two liveness probes, in seconds.",
    )
    .alias("liveness.periodSeconds"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].livenessProbe.timeoutSeconds",
        POSITIVE,
        "liveness timeoutSeconds",
        "How long a liveness probe waits for its answer, in seconds.",
    )
    .alias("liveness.timeoutSeconds"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].livenessProbe.failureThreshold",
        POSITIVE,
        "liveness failureThreshold",
        "Failed liveness probes in a row that count.",
    )
    .alias("liveness.failureThreshold"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].startupProbe.initialDelaySeconds",
        Kind::Seconds,
        "startup initialDelaySeconds",
        "Time from the container's start to the first startup probe.",
    )
    .alias("startup.initialDelaySeconds"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].startupProbe.periodSeconds",
        POSITIVE,
        "startup periodSeconds",
        "Time between two startup probes, in seconds.",
    )
    .alias("startup.periodSeconds"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].startupProbe.timeoutSeconds",
        POSITIVE,
        "startup timeoutSeconds",
        "How long a startup probe waits for its answer, in seconds.",
    )
    .alias("startup.timeoutSeconds"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].startupProbe.failureThreshold",
        POSITIVE,
        "startup failureThreshold",
        "Failed startup probes in a row that count.",
    )
    .alias("startup.failureThreshold"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].livenessProbe.terminationGracePeriodSeconds",
        POSITIVE,
        "liveness grace period",
        "Grace period of a kill that the liveness probe causes, in seconds.",
    )
    .alias("liveness.terminationGracePeriodSeconds"),
    Knob::new(
        "Deployment:spec.template.spec.containers[*].startupProbe.terminationGracePeriodSeconds",
        POSITIVE,
        "startup grace period",
        "Grace period of a kill that the startup probe causes, in seconds.",
    )
    .alias("startup.terminationGracePeriodSeconds"),
    Knob::new(
        "Service:spec.publishNotReadyAddresses",
        Kind::Switch,
        "publishNotReadyAddresses",
        "Whether pods that are not ready count as ready.",
    ),
    Knob::new("HorizontalPodAutoscaler:spec.minReplicas", REPLICAS, "minReplicas", "Fewest pods.")
        .alias("hpa.min"),
    Knob::new("HorizontalPodAutoscaler:spec.maxReplicas", REPLICAS, "maxReplicas", "Most pods.")
        .alias("hpa.max"),
    Knob::new(
        "HorizontalPodAutoscaler:spec.metrics[cpu].target.averageUtilization",
        Kind::Count { min: 1, max: 1_000_000 },
        "CPU target",
        "CPU utilization that the autoscaler aims at, in percent of the requests.",
    )
    .alias("hpa.cpu"),
    Knob::new(
        "HorizontalPodAutoscaler:spec.behavior.scaleUp.stabilizationWindowSeconds",
        Kind::Count { min: 0, max: 3_600 },
        "scale-up window",
        "For how long earlier, lower recommendations hold back growing, in seconds.",
    )
    .alias("hpa.scaleUp.window"),
    Knob::new(
        "HorizontalPodAutoscaler:spec.behavior.scaleDown.stabilizationWindowSeconds",
        Kind::Count { min: 0, max: 3_600 },
        "scale-down window",
        "For how long earlier, higher recommendations hold back shrinking, in seconds.",
    )
    .alias("hpa.scaleDown.window"),
];
