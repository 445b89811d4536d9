//! Every field name that podloss knows, in one place: for each kind of mapping those it models,
//! and those that Kubernetes has but podloss does not model.
//!
//! Source: the Kubernetes API reference up to 1.36, plus fields of removed API versions; the Gateway API
//! 1.4, Istio's networking API 1.31, Traefik's kinds of v3.7 and Argo Rollouts 1.8. A field
//! that a later release adds is listed as unknown until it is added here; it is never an error
//! unless its name nearly equals a modelled one.

use crate::config::similar::near_miss;

/// The fields of one kind of mapping.
#[derive(Debug)]
pub(super) struct Shape {
    /// What messages call it: "unknown field `x` in a probe".
    pub(super) home: &'static str,
    /// Fields that are read.
    pub(super) modelled: &'static [&'static str],
    /// Fields that Kubernetes has and podloss leaves alone.
    pub(super) not_modelled: &'static [&'static str],
    /// Mappings inside this one that people forget to write: field name and shape.
    inside: &'static [(&'static str, &'static Shape)],
    /// Which other mappings a stray field may come from.
    family: Family,
}

/// Kinds of objects; a stray field is looked for in its own family only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// Mappings of several kinds, and kinds that users do not write by hand.
    Common,
    Workload,
    /// Of Argo Rollouts, whose fields are in no other place.
    Rollout,
    Network,
    Autoscaler,
}

/// What a field name turns out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Modelled,
    NotModelled,
    /// Nearly this modelled field.
    Typo(&'static str),
    /// A modelled field of another mapping, described in words.
    Misplaced(String),
    /// Nearly this field, which is not modelled.
    NearNotModelled(&'static str),
    Unknown,
}

impl Shape {
    /// Judges a field name found in such a mapping.
    pub(super) fn judge(&self, name: &str) -> Verdict {
        if self.modelled.contains(&name) {
            return Verdict::Modelled;
        }
        if self.not_modelled.contains(&name) {
            return Verdict::NotModelled;
        }
        if let Some(home) = self.home_inside(name).or_else(|| self.home_elsewhere(name)) {
            return Verdict::Misplaced(home);
        }
        if let Some(meant) = near_miss(name, self.modelled) {
            return Verdict::Typo(meant);
        }
        match near_miss(name, self.not_modelled) {
            Some(meant) => Verdict::NearNotModelled(meant),
            None => Verdict::Unknown,
        }
    }

    /// Whether neither the name nor anything near it is known here.
    pub(super) fn is_unknown(&self, name: &str) -> bool {
        self.judge(name) == Verdict::Unknown
    }

    /// The mappings inside this one that have the field: `command` beside `exec:`.
    fn home_inside(&self, name: &str) -> Option<String> {
        let homes: Vec<String> = self
            .inside
            .iter()
            .filter(|(_, shape)| shape.modelled.contains(&name))
            .map(|(field, _)| format!("`{field}:`"))
            .collect();
        (!homes.is_empty()).then(|| homes.join(" or "))
    }

    /// The mappings of the same family that have the field, for names that mean one thing.
    fn home_elsewhere(&self, name: &str) -> Option<String> {
        if COMMON_WORDS.contains(&name) {
            return None;
        }
        let mut homes: Vec<&str> = Vec::new();
        for shape in ALL.iter().filter(|shape| shape.family == self.family && shape.family != Family::Common)
        {
            if shape.modelled.contains(&name) && !homes.contains(&shape.home) {
                homes.push(shape.home);
            }
        }
        (!homes.is_empty()).then(|| homes.join(" or in "))
    }
}

/// Names that mean different things in different mappings: finding one where it is unknown says
/// nothing about where it belongs.
const COMMON_WORDS: &[&str] = &[
    "args",
    "command",
    "container",
    "describedObject",
    "exec",
    "group",
    "host",
    "image",
    "kind",
    "metric",
    "name",
    "operator",
    "path",
    "paths",
    "port",
    "ports",
    "resource",
    "resources",
    "restartPolicy",
    "scheme",
    "seconds",
    "selector",
    "service",
    "target",
    "type",
    "value",
    "values",
];

macro_rules! shapes {
    ($($name:ident $family:ident $home:literal { $($modelled:literal)* } not { $($other:literal)* } inside { $($field:literal: $shape:ident)* })*) => {
        $(pub(super) static $name: Shape = Shape {
            home: $home,
            modelled: &[$($modelled),*],
            not_modelled: &[$($other),*],
            inside: &[$(($field, &$shape)),*],
            family: Family::$family,
        };)*
        static ALL: &[&Shape] = &[$(&$name),*];
    };
}

shapes! {
    META Common "metadata" {
        "name" "namespace" "labels" "annotations" "ownerReferences" "uid" "deletionTimestamp"
    } not {
        "generateName" "creationTimestamp" "resourceVersion" "generation" "selfLink" "managedFields"
        "finalizers" "deletionGracePeriodSeconds" "clusterName" "initializers"
    } inside {}
    OWNER Common "an owner reference" { "kind" "name" "uid" } not {
        "apiVersion" "controller" "blockOwnerDeletion"
    } inside {}
    SELECTOR Common "a selector" { "matchLabels" "matchExpressions" } not {} inside {}
    EXPRESSION Common "a selector's expression" { "key" "operator" "values" } not {} inside {}

    DEPLOYMENT Workload "a Deployment" { "apiVersion" "kind" "metadata" "spec" } not { "status" }
    inside { "metadata": META }
    DEPLOYMENT_SPEC Workload "the Deployment's spec" {
        "replicas" "selector" "template" "strategy" "minReadySeconds" "progressDeadlineSeconds"
        "revisionHistoryLimit" "paused"
    } not { "rollbackTo" "podReplacementPolicy" } inside {}
    STRATEGY Workload "strategy" { "type" "rollingUpdate" } not {} inside { "rollingUpdate": ROLLING_UPDATE }
    ROLLING_UPDATE Workload "strategy.rollingUpdate" { "maxSurge" "maxUnavailable" } not {} inside {}
    ROLLOUT Rollout "a Rollout" { "apiVersion" "kind" "metadata" "spec" } not { "status" } inside { "metadata": META }
    ROLLOUT_SPEC Rollout "the Rollout's spec" {
        "replicas" "selector" "template" "strategy" "minReadySeconds" "progressDeadlineSeconds"
        "revisionHistoryLimit" "paused" "workloadRef"
    } not { "analysis" "progressDeadlineAbort" "restartAt" "rollbackWindow" } inside {}
    ROLLOUT_STRATEGY Rollout "a Rollout's strategy" { "blueGreen" "canary" } not {}
    inside { "blueGreen": BLUE_GREEN "canary": CANARY }
    BLUE_GREEN Rollout "blueGreen" { "activeService" "previewService" "scaleDownDelaySeconds" } not {
        "abortScaleDownDelaySeconds" "activeMetadata" "antiAffinity" "autoPromotionEnabled" "autoPromotionSeconds"
        "maxUnavailable" "postPromotionAnalysis" "prePromotionAnalysis" "previewMetadata" "previewReplicaCount"
        "scaleDownDelayRevisionLimit"
    } inside {}
    CANARY Rollout "canary" {
        "steps" "maxSurge" "maxUnavailable" "trafficRouting" "canaryService" "stableService"
        "scaleDownDelaySeconds" "dynamicStableScale" "pingPong"
    } not {
        "abortScaleDownDelaySeconds" "analysis" "antiAffinity" "canaryMetadata" "minPodsPerReplicaSet"
        "scaleDownDelayRevisionLimit" "stableMetadata"
    } inside {}
    CANARY_STEP Rollout "a canary's step" {
        "setWeight" "pause" "analysis" "experiment" "plugin" "setCanaryScale" "setHeaderRoute" "setMirrorRoute"
        "replicaProgressThreshold"
    } not {} inside {}
    PAUSE Rollout "a pause" { "duration" } not {} inside {}
    TRAFFIC_ROUTING Rollout "trafficRouting" { "istio" "traefik" "maxTrafficWeight" } not {
        "alb" "ambassador" "apisix" "appMesh" "managedRoutes" "nginx" "plugins" "smi"
    } inside {}
    TEMPLATE Workload "the pod template" { "metadata" "spec" } not {} inside { "metadata": META }
    POD_SPEC Workload "the pod's spec (beside `containers`)" {
        "containers" "initContainers" "terminationGracePeriodSeconds" "readinessGates" "restartPolicy"
        "hostNetwork" "nodeName" "resources"
    } not {
        "activeDeadlineSeconds" "affinity" "automountServiceAccountToken" "dnsConfig" "dnsPolicy"
        "enableServiceLinks" "ephemeralContainers" "hostAliases" "hostIPC" "hostPID" "hostUsers" "hostname"
        "hostnameOverride" "imagePullSecrets" "nodeSelector" "os" "overhead" "preemptionPolicy" "priority"
        "priorityClassName" "resourceClaims" "runtimeClassName" "schedulerName" "schedulingGates"
        "schedulingGroup" "securityContext" "serviceAccount" "serviceAccountName" "setHostnameAsFQDN"
        "shareProcessNamespace" "subdomain" "tolerations" "topologySpreadConstraints" "volumes" "workloadRef"
    } inside {}
    READINESS_GATE Workload "a readiness gate" { "conditionType" } not {} inside {}
    CONTAINER Workload "a container" {
        "name" "image" "command" "args" "ports" "resources" "startupProbe" "readinessProbe" "livenessProbe"
        "lifecycle" "restartPolicy" "env"
    } not {
        "envFrom" "imagePullPolicy" "resizePolicy" "restartPolicyRules" "securityContext" "stdin"
        "stdinOnce" "terminationMessagePath" "terminationMessagePolicy" "tty" "volumeDevices" "volumeMounts"
        "workingDir"
    } inside { "lifecycle": LIFECYCLE "resources": RESOURCES }
    VARIABLE Workload "an environment variable" { "name" "value" } not { "valueFrom" } inside {}
    CONTAINER_PORT Workload "a container port" { "containerPort" "name" "protocol" } not { "hostIP" "hostPort" }
    inside {}
    RESOURCES Workload "resources" { "requests" "limits" } not { "claims" } inside {}
    PROBE Workload "a probe" {
        "httpGet" "tcpSocket" "exec" "grpc" "initialDelaySeconds" "periodSeconds" "timeoutSeconds"
        "successThreshold" "failureThreshold" "terminationGracePeriodSeconds"
    } not {} inside { "httpGet": HTTP_GET "tcpSocket": TCP_SOCKET "exec": EXEC "grpc": GRPC }
    LIFECYCLE Workload "lifecycle" { "preStop" "postStart" "stopSignal" } not {} inside {}
    HOOK Workload "a lifecycle hook" { "exec" "httpGet" "tcpSocket" "sleep" } not {}
    inside { "exec": EXEC "httpGet": HTTP_GET "tcpSocket": TCP_SOCKET "sleep": SLEEP }
    HTTP_GET Workload "httpGet" { "path" "port" "scheme" "host" } not { "httpHeaders" } inside {}
    TCP_SOCKET Workload "tcpSocket" { "port" "host" } not {} inside {}
    GRPC Workload "grpc" { "port" "service" } not {} inside {}
    EXEC Workload "exec" { "command" } not {} inside {}
    SLEEP Workload "sleep" { "seconds" } not {} inside {}

    NAMESPACE Common "a Namespace" { "apiVersion" "kind" "metadata" } not { "spec" "status" } inside { "metadata": META }
    POD Common "a Pod" { "apiVersion" "kind" "metadata" "spec" "status" } not {} inside { "metadata": META }
    POD_STATUS Common "the Pod's status" { "phase" "conditions" "startTime" } not {
        "allocatedResources" "containerStatuses" "ephemeralContainerStatuses" "extendedResourceClaimStatus"
        "hostIP" "hostIPs" "initContainerStatuses" "message" "nominatedNodeName" "observedGeneration" "podIP" "podIPs"
        "qosClass" "reason" "resize" "resourceClaimStatuses" "resources"
    } inside {}
    POD_CONDITION Common "a Pod condition" { "type" "status" "lastTransitionTime" } not {
        "lastProbeTime" "message" "observedGeneration" "reason"
    } inside {}
    REPLICA_SET Common "a ReplicaSet" { "apiVersion" "kind" "metadata" "spec" } not { "status" }
    inside { "metadata": META }
    REPLICA_SET_SPEC Common "the ReplicaSet's spec" { "replicas" } not { "minReadySeconds" "selector" "template" }
    inside {}

    SERVICE Network "a Service" { "apiVersion" "kind" "metadata" "spec" } not { "status" } inside { "metadata": META }
    SERVICE_SPEC Network "the Service's spec" {
        "selector" "ports" "type" "clusterIP" "externalTrafficPolicy" "internalTrafficPolicy"
        "publishNotReadyAddresses" "sessionAffinity" "sessionAffinityConfig" "loadBalancerClass"
    } not {
        "allocateLoadBalancerNodePorts" "clusterIPs" "externalIPs" "externalName" "healthCheckNodePort" "ipFamilies"
        "ipFamily" "ipFamilyPolicy" "loadBalancerIP" "loadBalancerSourceRanges" "topologyKeys"
        "trafficDistribution"
    } inside {}
    SERVICE_PORT Network "a Service port" { "name" "port" "targetPort" "protocol" } not { "appProtocol" "nodePort" }
    inside {}
    AFFINITY_CONFIG Network "sessionAffinityConfig" { "clientIP" } not {} inside { "clientIP": CLIENT_IP }
    CLIENT_IP Network "sessionAffinityConfig.clientIP" { "timeoutSeconds" } not {} inside {}
    INGRESS Network "an Ingress" { "apiVersion" "kind" "metadata" "spec" } not { "status" } inside { "metadata": META }
    INGRESS_SPEC Network "the Ingress's spec" { "ingressClassName" "defaultBackend" "backend" "rules" } not { "tls" }
    inside {}
    INGRESS_RULE Network "an Ingress rule" { "host" "http" } not {} inside { "http": INGRESS_HTTP }
    INGRESS_HTTP Network "http" { "paths" } not {} inside {}
    INGRESS_PATH Network "an Ingress path" { "path" "backend" } not { "pathType" } inside { "backend": BACKEND }
    BACKEND Network "an Ingress backend" { "service" "serviceName" "servicePort" } not { "resource" }
    inside { "service": BACKEND_SERVICE }
    BACKEND_SERVICE Network "an Ingress backend's service" { "name" "port" } not {} inside { "port": BACKEND_PORT }
    BACKEND_PORT Network "an Ingress backend's port" { "name" "number" } not {} inside {}
    INGRESS_CLASS Common "an IngressClass" { "apiVersion" "kind" "metadata" "spec" } not { "status" }
    inside { "metadata": META }
    CLASS_SPEC Common "a class' spec" { "controller" "controllerName" } not {
        "description" "parameters" "parametersRef"
    } inside {}
    CONFIG_MAP Common "a ConfigMap" { "apiVersion" "kind" "metadata" "data" } not { "binaryData" "immutable" }
    inside { "metadata": META }
    CUSTOM Common "the object" { "apiVersion" "kind" "metadata" "spec" } not { "status" }
    inside { "metadata": META }
    INGRESS_ROUTE_SPEC Common "an IngressRoute's spec" { "routes" } not {
        "entryPoints" "ingressClassName" "parentRefs" "tls"
    } inside {}
    TRAEFIK_ROUTE Common "an IngressRoute's route" { "services" "middlewares" } not {
        "kind" "match" "observability" "priority" "syntax"
    } inside {}
    TRAEFIK_REF Common "a reference" { "name" "namespace" } not {} inside {}
    TRAEFIK_SERVICE Common "an IngressRoute's service" {
        "name" "namespace" "sticky" "strategy" "healthCheck" "passiveHealthCheck" "serversTransport" "nativeLB" "nodePortLB"
        "middlewares"
    } not { "kind" "passHostHeader" "port" "responseForwarding" "scheme" "weight" } inside {}
    TRAEFIK_RETRY Common "a retry middleware" {
        "attempts" "initialInterval" "status" "retryNonIdempotentMethod" "disableRetryOnNetworkError" "timeout"
    } not { "maxRequestBodyBytes" } inside {}
    TRAEFIK_STICKY Common "sticky" { "cookie" } not {} inside {}
    VIRTUAL_SERVICE_SPEC Common "a VirtualService's spec" { "gateways" "http" "tcp" "tls" } not { "exportTo" "hosts" }
    inside {}
    VIRTUAL_HTTP Common "an HTTP route" {
        "route" "timeout" "retries" "fault" "mirror" "mirrors" "delegate" "redirect" "directResponse"
    } not {
        "corsPolicy" "headers" "match" "mirrorPercent" "mirrorPercentage" "mirror_percent" "name" "rewrite"
    } inside {}
    VIRTUAL_PLAIN Common "a TCP or TLS route" { "route" } not { "match" } inside {}
    VIRTUAL_ROUTE Common "a route's destination" { "destination" } not { "headers" "weight" } inside {}
    DESTINATION Common "a destination" { "host" } not { "port" "subset" } inside {}
    VIRTUAL_RETRIES Common "retries" { "attempts" "retryOn" "perTryTimeout" "backoff" } not {
        "retryIgnorePreviousHosts" "retryRemoteLocalities"
    } inside {}
    GATEWAY_SPEC Common "a Gateway's spec" { "gatewayClassName" } not {
        "addresses" "allowedListeners" "backendTLS" "defaultScope" "infrastructure" "listeners" "tls"
    } inside {}
    GATEWAY_ROUTE_SPEC Common "a route's spec" { "parentRefs" "rules" } not { "hostnames" "useDefaultGateways" }
    inside {}
    GATEWAY_RULE Common "a route's rule" { "backendRefs" "timeouts" "retry" "sessionPersistence" "filters" } not {
        "matches" "name"
    } inside {}
    GATEWAY_FILTER Common "a filter" { "extensionRef" } not {
        "type" "requestHeaderModifier" "responseHeaderModifier" "requestMirror" "requestRedirect" "urlRewrite" "cors"
        "externalAuth"
    } inside {}
    EXTENSION_REF Common "an extension" { "name" "kind" } not { "group" } inside {}
    GATEWAY_TIMEOUTS Common "timeouts" { "request" "backendRequest" } not {} inside {}
    PARENT_REF Common "a parent" { "name" "namespace" "kind" } not { "group" "port" "sectionName" } inside {}
    BACKEND_REF Common "a backend" { "name" "namespace" "kind" "filters" } not { "group" "port" "weight" } inside {}
    DESTINATION_SPEC Common "a DestinationRule's spec" { "host" "trafficPolicy" "subsets" } not {
        "exportTo" "workloadSelector"
    } inside {}
    TRAFFIC_POLICY Common "trafficPolicy" {
        "connectionPool" "outlierDetection" "loadBalancer" "portLevelSettings" "tunnel" "retryBudget"
    } not { "proxyProtocol" "tls" } inside {}
    CONNECTION_POOL Common "connectionPool" { "tcp" "http" } not {} inside {}
    POOL_TCP Common "connectionPool.tcp" { "connectTimeout" "maxConnections" "maxConnectionDuration" } not {
        "idleTimeout" "tcpKeepalive"
    } inside {}
    POOL_HTTP Common "connectionPool.http" {
        "http1MaxPendingRequests" "http2MaxRequests" "maxRetries" "idleTimeout" "maxRequestsPerConnection"
        "maxConcurrentStreams"
    } not { "h2UpgradePolicy" "useClientProtocol" } inside {}
    OUTLIER_DETECTION Common "outlierDetection" {
        "consecutive5xxErrors" "interval" "baseEjectionTime" "maxEjectionPercent" "minHealthPercent"
        "consecutiveErrors" "consecutiveGatewayErrors" "consecutiveLocalOriginFailures"
        "splitExternalLocalOriginErrors"
    } not {} inside {}
    LOAD_BALANCER Common "loadBalancer" {
        "simple" "warmupDurationSecs" "warmup" "consistentHash" "localityLbSetting"
    } not {} inside {}
    WARMUP Common "warmup" { "duration" } not { "aggression" "minimumPercent" } inside {}

    ENDPOINT_SLICE Common "an EndpointSlice" { "apiVersion" "kind" "metadata" "endpoints" } not {
        "addressType" "ports"
    } inside {}
    ENDPOINT Common "an endpoint" { "conditions" "targetRef" "nodeName" } not {
        "addresses" "deprecatedTopology" "hints" "hostname" "topology" "zone"
    } inside {}
    ENDPOINT_CONDITIONS Common "an endpoint's conditions" { "ready" "serving" "terminating" } not {} inside {}
    TARGET_REF Common "a target reference" { "kind" "name" } not {
        "apiVersion" "fieldPath" "namespace" "resourceVersion" "uid"
    } inside {}

    HPA Autoscaler "a HorizontalPodAutoscaler" { "apiVersion" "kind" "metadata" "spec" } not { "status" }
    inside { "metadata": META }
    HPA_SPEC Autoscaler "the HorizontalPodAutoscaler's spec" {
        "scaleTargetRef" "minReplicas" "maxReplicas" "metrics" "behavior" "targetCPUUtilizationPercentage"
    } not {} inside { "behavior": BEHAVIOR }
    OBJECT_REF Autoscaler "an object reference" { "apiVersion" "kind" "name" } not {} inside {}
    METRIC Autoscaler "a metric" { "type" "resource" "containerResource" "pods" "object" "external" } not {} inside {}
    METRIC_SOURCE Autoscaler "a metric source" {
        "name" "container" "target" "metric" "describedObject" "metricName" "metricSelector" "selector"
        "targetAverageUtilization" "targetAverageValue" "targetValue" "averageValue"
    } not {} inside { "target": METRIC_TARGET }
    METRIC_ID Autoscaler "a metric's identifier" { "name" "selector" } not {} inside {}
    METRIC_TARGET Autoscaler "a metric target" { "type" "averageUtilization" "averageValue" "value" } not {} inside {}
    BEHAVIOR Autoscaler "behavior" { "scaleUp" "scaleDown" } not {}
    inside { "scaleUp": SCALING_RULES "scaleDown": SCALING_RULES }
    SCALING_RULES Autoscaler "behavior.scaleUp or scaleDown" {
        "stabilizationWindowSeconds" "selectPolicy" "policies" "tolerance"
    } not {} inside {}
    SCALING_POLICY Autoscaler "a scaling policy" { "type" "value" "periodSeconds" } not {} inside {}

    PDB Common "a PodDisruptionBudget" { "apiVersion" "kind" "metadata" "spec" } not { "status" }
    inside { "metadata": META }
    PDB_SPEC Common "the PodDisruptionBudget's spec" {
        "minAvailable" "maxUnavailable" "selector" "unhealthyPodEvictionPolicy"
    } not {} inside {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_by_spelling_and_place() {
        let typo = Verdict::Typo;
        let misplaced = |home: &str| Verdict::Misplaced(home.to_owned());
        let pod_spec = POD_SPEC.home;
        for (shape, name, verdict) in [
            (&PROBE, "periodSeconds", Verdict::Modelled),
            (&PROBE, "periodSecond", typo("periodSeconds")),
            (&PROBE, "command", misplaced("`exec:`")),
            (&PROBE, "port", misplaced("`httpGet:` or `tcpSocket:` or `grpc:`")),
            (&HOOK, "command", misplaced("`exec:`")),
            (&CONTAINER, "readinessprobe", typo("readinessProbe")),
            (&CONTAINER, "preStop", misplaced("`lifecycle:`")),
            (&CONTAINER, "limits", misplaced("`resources:`")),
            (&CONTAINER, "terminationGracePeriodSeconds", misplaced(&format!("{pod_spec} or in a probe"))),
            (&CONTAINER, "envFrom", Verdict::NotModelled),
            (&CONTAINER, "volumeMount", Verdict::NearNotModelled("volumeMounts")),
            (&CONTAINER, "somethingNew", Verdict::Unknown),
            (&POD_SPEC, "terminationGracePeriodSecond", typo("terminationGracePeriodSeconds")),
            (&POD_SPEC, "readinessProbe", misplaced("a container")),
            (&STRATEGY, "maxSurge", misplaced("`rollingUpdate:`")),
            (&ROLLING_UPDATE, "maxsurge", typo("maxSurge")),
            (&DEPLOYMENT, "replicas", misplaced("the Deployment's spec")),
            (&DEPLOYMENT, "labels", misplaced("`metadata:`")),
            (&TEMPLATE, "containers", misplaced(pod_spec)),
            (&SERVICE_SPEC, "port", typo("ports")),
            (&HPA_SPEC, "scaleDown", misplaced("`behavior:`")),
            (&HPA_SPEC, "maxReplica", typo("maxReplicas")),
            (&HPA_SPEC, "replicas", Verdict::Unknown),
        ] {
            assert_eq!(shape.judge(name), verdict, "`{name}` in {}", shape.home);
        }
    }

    #[test]
    fn no_name_is_listed_twice() {
        for shape in ALL {
            let mut names: Vec<&str> = shape.modelled.iter().chain(shape.not_modelled).copied().collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{}", shape.home);
        }
    }
}
