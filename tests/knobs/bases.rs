//! Manifests that rows stand on.

use crate::common::{app, web};

/// Four pods behind a Service, with all three probes.
pub(crate) const WEB: &str = web!(4 pods [
    "      terminationGracePeriodSeconds: 30\n",
    app!(
        "resources: {requests: {cpu: 500m}, limits: {cpu: '1'}}",
        "startupProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 2, failureThreshold: 60}",
        "readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}",
        "livenessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 10}"
    )
]);

/// Pods that nobody asks whether they are ready.
pub(crate) const UNPROBED: &str = web!(2 pods [app!()]);

/// An init container and a postStart hook.
pub(crate) const PREPARED: &str = web!(2 pods [
    "      initContainers: [{name: migrate, image: registry.example/shop/migrate:7}]\n",
    app!(
        "readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 2}",
        "lifecycle: {postStart: {exec: {command: [/warm]}}}"
    )
]);

/// A hook and a probe that are commands, and two containers.
pub(crate) const COMMANDS: &str = web!(2 pods [
    app!(
        "readinessProbe: {exec: {command: [/healthy]}, periodSeconds: 2}",
        "lifecycle: {preStop: {exec: {command: [/drain]}}}"
    ),
    "        - {name: helper, image: registry.example/shop/helper:1, ports: [{containerPort: 9000}]}\n"
]);

/// A proxy in the pod.
pub(crate) const CHAIN: &str = web!(2 pods [
    "      containers:\n",
    "        - {name: nginx, image: 'nginx:1.27', ports: [{containerPort: 80}]}\n",
    "        - {name: php-fpm, image: 'php:8.3-fpm', ports: [{containerPort: 9000}]}\n"
] service "ports: [{port: 80}]");

/// Two workloads.
pub(crate) const TWO: &str = concat!(
    web!(2 pods [app!()]),
    "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n",
    "  replicas: 3\n  selector: {matchLabels: {app: api}}\n  template:\n",
    "    metadata: {labels: {app: api}}\n    spec: {containers: [{name: app, image: api}]}\n",
);

/// A service, an ingress, and another one that nobody probes.
pub(crate) const INGRESS: &str = concat!(
    web!(4 pods [app!("readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}")]),
    "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gate}\nspec:\n",
    "  replicas: 2\n  selector: {matchLabels: {app: gate}}\n  template:\n",
    "    metadata: {labels: {app: gate}}\n    spec:\n      containers:\n        - name: gate\n",
    "          image: registry.example/shop/gate:1\n",
    "          readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 2}\n",
    "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: unprobed}\nspec:\n",
    "  replicas: 3\n  selector: {matchLabels: {app: unprobed}}\n  template:\n",
    "    metadata: {labels: {app: unprobed}}\n",
    "    spec: {containers: [{name: unprobed, image: registry.example/shop/gate:1}]}\n",
);

/// A service of two to twenty pods, scaled by one metric.
macro_rules! scaled_by {
    ($metric:literal) => {
        concat!(
            web!(
                pods[app!(
                    "resources: {requests: {cpu: 500m, memory: 200Mi}, limits: {cpu: '1'}}",
                    "readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}"
                )]
            ),
            "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n",
            "  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n",
            "  minReplicas: 2\n  maxReplicas: 20\n  metrics: [{",
            $metric,
            "}]\n",
        )
    };
}

/// Scaled by the usage of its CPU.
pub(crate) const SCALED: &str =
    scaled_by!("type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}");

/// Scaled by a metric of the pods.
pub(crate) const BY_RATE: &str =
    scaled_by!("type: Pods, pods: {metric: {name: http}, target: {type: AverageValue, averageValue: 50}}");

/// Scaled by memory.
pub(crate) const BY_MEMORY: &str = scaled_by!(
    "type: Resource, resource: {name: memory, target: {type: Utilization, averageUtilization: 70}}"
);

/// Scaled by a queue outside.
pub(crate) const BY_QUEUE: &str = scaled_by!(
    "type: External, external: {metric: {name: jobs}, target: {type: AverageValue, averageValue: 20}}"
);

/// A recording for replays.
pub(crate) const TRACE: &str = "timestamp_s,requests_per_s\n0,50\n10,120\n20,80\n30,150\n40,60\n";

/// Another one.
pub(crate) const OTHER_TRACE: &str = "timestamp_s,requests_per_s\n0,20\n10,40\n20,90\n";

/// One with a hole.
pub(crate) const GAPS: &str = "timestamp_s,requests_per_s\n0,50\n10,120\n20,80\n60,150\n70,60\n";
