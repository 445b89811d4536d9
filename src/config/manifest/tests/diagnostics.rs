//! What is refused, what is warned about, and what both look like.

use super::super::code;
use super::{HPA, PDB, SERVICE, WEB, documents, edited, read, read_err, read_ok, rendered};
use crate::diag::Diagnostic;

/// A mistake made by replacing one text in a sound manifest, and what must be said about it.
struct Case {
    name: &'static str,
    from: &'static str,
    to: &'static str,
    code: &'static str,
    /// Part of the message.
    says: &'static str,
    /// The text at the caret, up to the end of the first line.
    at: &'static str,
    /// Part of the label or the help.
    remedy: &'static str,
}

impl Case {
    fn check(&self, manifest: &str) {
        let text = edited(manifest, self.from, self.to);
        let found = match read(&text) {
            Ok(manifests) => manifests.warnings,
            Err(errors) => errors,
        };
        let one: Vec<&Diagnostic> = found.iter().filter(|diagnostic| diagnostic.code == self.code).collect();
        let [diagnostic] = one.as_slice() else {
            panic!("{}: expected one {}, got:\n{}", self.name, self.code, rendered(&found));
        };
        let shown = diagnostic.render(false);
        assert!(diagnostic.message.contains(self.says), "{}: message\n{shown}", self.name);
        let place = diagnostic.place.as_ref().expect("a place");
        assert!(text[place.span().start..].starts_with(self.at), "{}: place\n{shown}", self.name);
        let remedy = format!("{:?} {:?}", diagnostic.label, diagnostic.help);
        assert!(remedy.contains(self.remedy), "{}: remedy\n{shown}", self.name);
        // One mistake is one complaint, whatever its size.
        assert_eq!(
            found.iter().filter(|other| other.is_error()).count(),
            usize::from(diagnostic.is_error()),
            "{shown}"
        );
    }
}

/// `case!(name: from => to; code, message part, text at the caret, remedy part)`
macro_rules! cases {
    ($manifest:expr; $($name:literal: $from:literal => $to:literal; $code:ident, $says:literal, $at:literal, $remedy:literal)*) => {
        for case in [$(Case {
            name: $name, from: $from, to: $to, code: code::$code, says: $says, at: $at, remedy: $remedy,
        }),*] {
            case.check($manifest);
        }
    };
}

#[test]
fn slips_in_field_names() {
    cases! { WEB;
        "one letter short": "periodSeconds: 5" => "periodSecond: 5";
            FIELD_TYPO, "unknown field `periodSecond` in a probe", "periodSecond:", "did you mean `periodSeconds`?"
        "wrong case": "readinessProbe:" => "readinessprobe:";
            FIELD_TYPO, "`readinessprobe` in a container", "readinessprobe:", "`readinessProbe`"
        "of the pod": "      containers:" => "      terminationGracePeriodSecond: 40\n      containers:";
            FIELD_TYPO, "`terminationGracePeriodSecond`", "terminationGracePeriodSecond:", "`terminationGracePeriodSeconds`"
        "of the strategy": "  replicas: 3" => "  strategy: {rollingUpdate: {maxsurge: 1}}";
            FIELD_TYPO, "`maxsurge` in strategy.rollingUpdate", "maxsurge:", "`maxSurge`"
        "of the object": "metadata:\n  name: web" => "metadata: {name: web}\nstatuss: {}";
            FIELD_TYPO, "`statuss` in a Deployment", "statuss:", "did you mean `status`?"
        "grace in a container": "          image:" => "          terminationGracePeriodSeconds: 40\n          image:";
            FIELD_MISPLACED, "`terminationGracePeriodSeconds` does not belong in a container", "terminationGracePeriodSeconds:", "the pod's spec (beside `containers`)"
        "surge beside rollingUpdate": "  replicas: 3" => "  strategy: {maxSurge: 1}";
            FIELD_MISPLACED, "`maxSurge` does not belong in strategy", "maxSurge:", "belongs in `rollingUpdate:`"
        "probe in the pod": "      containers:" => "      livenessProbe: {}\n      containers:";
            FIELD_MISPLACED, "`livenessProbe`", "livenessProbe:", "belongs in a container"
        "replicas at the top": "spec:\n  replicas: 3" => "replicas: 3\nspec:";
            FIELD_MISPLACED, "`replicas` does not belong in a Deployment", "replicas:", "the Deployment's spec"
    }
}

#[test]
fn command_beside_exec() {
    // The manifest of a published article: `exec:` and `command:` on one level.
    cases! { WEB;
        "in a hook": "          ports:" => "          lifecycle:\n            preStop:\n              exec:\n              command: [sleep, '40']\n          ports:";
            FIELD_MISPLACED, "`command` does not belong in a lifecycle hook", "command:", "belongs in `exec:`"
        "in a probe": "            httpGet:\n              path: /ready\n              port: http\n" => "            exec:\n            command: [cat, /tmp/ready]\n";
            FIELD_MISPLACED, "`command` does not belong in a probe", "command:", "belongs in `exec:`"
    }
}

#[test]
fn wrong_types() {
    cases! { WEB;
        "number in quotes": "replicas: 3" => "replicas: \"3\"";
            WRONG_TYPE, "expected a whole number, found the text `3`", "\"3\"", "remove the quotes"
        "fraction": "replicas: 3" => "replicas: 2.5";
            WRONG_TYPE, "spec.replicas: expected a whole number, found the number `2.5`", "2.5", "a whole number"
        "list for a number": "replicas: 3" => "replicas: [3]";
            WRONG_TYPE, "found a list", "replicas", "a whole number"
        "number for a text": "  name: web" => "  name: web\n  labels: {version: 1.10}";
            WRONG_TYPE, "found the number `1.10`", "1.10", "put it in quotes: \\\"1.10\\\""
        "truth value for a text": "image: example/app:1" => "image: true";
            WRONG_TYPE, "found the truth value `true`", "true", "in quotes"
        "text for a truth value": "replicas: 3" => "paused: \"false\"";
            WRONG_TYPE, "expected true or false, found the text `false`", "\"false\"", "remove the quotes"
        "text for a mapping": "            httpGet:\n              path: /ready\n              port: http\n" => "            httpGet: /ready\n";
            WRONG_TYPE, "expected a mapping with the fields of httpGet", "/ready", "mapping"
        "mapping for a list": "          ports:" => "          args: {a: b}\n          ports:";
            WRONG_TYPE, "expected a list, found a mapping", "args:", "`- `"
        "unit on seconds": "periodSeconds: 5" => "periodSeconds: 5s";
            WRONG_TYPE, "found the text `5s`", "5s", "a whole number"
        "surge as a word": "replicas: 3" => "strategy: {rollingUpdate: {maxSurge: a quarter}}";
            WRONG_TYPE, "a whole number or a percentage", "a quarter", "`25%`"
        "template": "replicas: 3" => "replicas: \"{{ .Values.replicas }}\"";
            TEMPLATE, "this is a template", "\"{{", "helm template"
    }
}

#[test]
fn values_that_the_api_server_rejects() {
    cases! { WEB;
        "negative replicas": "replicas: 3" => "replicas: -1";
            INVALID_VALUE, "spec.replicas: Invalid value: -1: must be greater than or equal to 0", "-1", "the API server rejects"
        "billions of replicas": "replicas: 3" => "replicas: 1000000000";
            INVALID_VALUE, "1000000000 is above 100000", "1000000000", "write at most 100000"
        "negative period": "periodSeconds: 5" => "periodSeconds: -1";
            INVALID_VALUE, "containers[0].readinessProbe.periodSeconds: Invalid value: -1", "-1", "from 1 up"
        "no period": "periodSeconds: 5" => "periodSeconds: 0";
            INVALID_VALUE, "must be at least 1", "0", "the default, 10"
        "negative delay": "periodSeconds: 5" => "initialDelaySeconds: -1";
            INVALID_VALUE, "must be greater than or equal to 0", "-1", "from 0 up"
        "delay of years": "periodSeconds: 5" => "initialDelaySeconds: 99999999";
            INVALID_VALUE, "99999999 is above 31622400", "99999999", "podloss"
        "successes of liveness": "          readinessProbe:" => "          livenessProbe: {successThreshold: 2, exec: {command: [x]}}\n          readinessProbe:";
            INVALID_VALUE, "livenessProbe.successThreshold: Invalid value: 2: must be 1", "2", "only a readiness probe"
        "grace of readiness": "periodSeconds: 5" => "terminationGracePeriodSeconds: 5";
            INVALID_VALUE, "must not be set for readinessProbes", "5", "remove it"
        "port number": "containerPort: 8080" => "containerPort: 80800";
            INVALID_VALUE, "must be between 1 and 65535, inclusive", "80800", "number of a port"
        "port name too long": "containerPort: 8080" => "containerPort: 8080\n            - {containerPort: 81, name: http-of-the-application}";
            INVALID_VALUE, "no more than 15 characters", "http-of-the-application", "shorten"
        "object name": "  name: web" => "  name: Web_1";
            INVALID_VALUE, "RFC 1123 subdomain", "Web_1", "lower case"
        "container name": "name: app" => "name: my app";
            INVALID_VALUE, "RFC 1123 label", "my app", "lower case"
        "restart policy": "      containers:" => "      restartPolicy: Never\n      containers:";
            INVALID_VALUE, "Unsupported value: \"Never\": supported values: \"Always\"", "Never", "remove it"
        "protocol": "containerPort: 8080" => "containerPort: 8080\n              protocol: tcp";
            INVALID_VALUE, "Unsupported value: \"tcp\"", "tcp", "did you mean `TCP`?"
        "strategy": "replicas: 3" => "strategy: {type: Rolling}";
            INVALID_VALUE, "supported values: \"RollingUpdate\", \"Recreate\"", "Rolling", "RollingUpdate or Recreate"
        "nothing may move": "replicas: 3" => "strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0%}}";
            INVALID_VALUE, "maxUnavailable: Invalid value: 0%: may not be 0 when `maxSurge` is 0", "0%", "above 0"
        "more than all": "replicas: 3" => "strategy: {rollingUpdate: {maxUnavailable: 101%}}";
            INVALID_VALUE, "must not be greater than 100%", "101%", "at most 100%"
        "negative surge": "replicas: 3" => "strategy: {rollingUpdate: {maxSurge: -1}}";
            INVALID_VALUE, "must be greater than or equal to 0", "-1", "zero or more"
        "surge in quotes": "replicas: 3" => "strategy: {rollingUpdate: {maxSurge: '1'}}";
            INVALID_VALUE, "ending '%'", "'1'", "remove the quotes"
        "deadline": "replicas: 3" => "minReadySeconds: 600";
            INVALID_VALUE, "progressDeadlineSeconds must be greater than minReadySeconds", "600", "above 600"
    }
}

#[test]
fn what_lacks_and_what_must_not_be_there() {
    cases! { WEB;
        "no handler": "            httpGet:\n              path: /ready\n              port: http\n" => "";
            REQUIRED, "containers[0].readinessProbe: Required value: must specify a handler type", "readinessProbe:", "httpGet, tcpSocket, exec, grpc"
        "two handlers": "periodSeconds: 5" => "exec: {command: [x]}";
            FORBIDDEN, "may not specify more than 1 handler type", "exec:", "keep one of `httpGet` and `exec`"
        "no port": "              port: http\n" => "";
            REQUIRED, "readinessProbe.httpGet.port: Required value", "httpGet:", "by its number"
        "sleep and exec": "          ports:" => "          lifecycle: {preStop: {sleep: {seconds: 5}, exec: {command: [x]}}}\n          ports:";
            FORBIDDEN, "preStop.exec: Forbidden: may not specify more than 1 handler type", "exec:", "keep one of `sleep` and `exec`"
        "hook without handler": "          ports:" => "          lifecycle: {preStop: {}}\n          ports:";
            REQUIRED, "must specify a handler type", "preStop:", "sleep, exec, httpGet, tcpSocket"
        "exec without command": "          ports:" => "          lifecycle: {preStop: {exec: {command: []}}}\n          ports:";
            REQUIRED, "exec.command: Required value", "exec:", "list the command"
        "no selector": "  selector:\n    matchLabels: {app: web}\n" => "";
            REQUIRED, "Deployment/web: spec.selector: Required value", "spec:", "matchLabels"
        "no name": "  name: web\n" => "  labels: {}\n";
            REQUIRED, "metadata.name: Required value: name or generateName is required", "metadata:", "give the object a name"
        "no container name": "- name: app\n          image" => "- image";
            REQUIRED, "containers[0].name: Required value", "image:", "give the container a name"
        "rolling update of Recreate": "replicas: 3" => "strategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}";
            FORBIDDEN, "may not be specified when strategy `type` is 'Recreate'", "rollingUpdate:", "remove"
        "probe of an init container": "      containers:" => "      initContainers: [{name: init, image: x, readinessProbe: {exec: {command: [x]}}}]\n      containers:";
            FORBIDDEN, "may not be set for init containers without restartPolicy=Always", "readinessProbe:", "restartPolicy: Always"
        "one container name twice": "      containers:" => "      initContainers: [{name: app, image: x}]\n      containers:";
            DUPLICATE_NAME, "initContainers[0]: Duplicate value: \"app\"", "{name: app", "its own name"
        "one port name twice": "containerPort: 8080" => "containerPort: 8080\n            - {name: http, containerPort: 81}";
            DUPLICATE_NAME, "Duplicate value: \"http\"", "http", "its own name"
        "bare labels as selector": "    matchLabels: {app: web}" => "    app: web";
            FORBIDDEN, "labels stand under `matchLabels` here", "app:", "only a Service has bare labels"
    }
}

#[test]
fn resources() {
    let with = |resources: &str| {
        edited(WEB, "          ports:", &format!("          resources: {resources}\n          ports:"))
    };
    cases! { &with("{requests: {cpu: R}, limits: {cpu: 500m, memory: M}}");
        "request above limit": "R}, limits: {cpu: 500m, memory: M}" => "1}, limits: {cpu: 500m}";
            INVALID_VALUE, "requests[cpu]: Invalid value: 1: must be less than or equal to cpu limit of 500m", "1}", "lower the request"
        "negative": "R}, limits: {cpu: 500m, memory: M}" => "-1}";
            INVALID_VALUE, "must be greater than or equal to 0", "-1", "zero or more"
        "no quantity": "R}, limits: {cpu: 500m, memory: M}" => "half a core}";
            INVALID_VALUE, "`half a core` is not a quantity", "half a core", "250m"
        "half a byte": "R}, limits: {cpu: 500m, memory: M}" => "1m}, limits: {memory: 512m}";
            FRACTIONAL_MEMORY, "`512m` of memory is a fraction of a byte", "512m", "write `512Mi`"
        "resource by another name": "R}, limits: {cpu: 500m, memory: M}" => "1m, mem: 1Gi}";
            INVALID_VALUE, "mem: must be a standard resource type", "1Gi", "`memory`"
    }
}

#[test]
fn valid_but_hardly_meant() {
    cases! { WEB;
        "hook beyond grace": "          ports:" => "          lifecycle: {preStop: {exec: {command: [sleep, '40']}}}\n          ports:";
            PRE_STOP_EXCEEDS_GRACE, "preStop of container `app` sleeps 40s but the pod has only 30 s", "preStop:", "cut off after 30 s"
        "sleep beyond grace": "          ports:" => "          lifecycle: {preStop: {sleep: {seconds: 31}}}\n          ports:";
            PRE_STOP_EXCEEDS_GRACE, "sleeps 31s", "preStop:", "the API server rejects this: must be non-negative and less than terminationGracePeriodSeconds (30)"
        "no image": "          image: example/app:1\n" => "";
            MISSING_IMAGE, "container `app` has no image", "name: app", "podloss goes on"
        "negative grace": "      containers:" => "      terminationGracePeriodSeconds: -5\n      containers:";
            NEGATIVE_GRACE, "counts as 1 second", "-5", "how many seconds"
        "near a field that is not modelled": "      containers:" => "      toleration: []\n      containers:";
            FIELD_TYPO, "unknown field `toleration`", "toleration:", "did you mean `tolerations`?"
        "removed version": "apps/v1" => "extensions/v1beta1";
            REMOVED_API, "Deployment in extensions/v1beta1 was removed in Kubernetes 1.16", "extensions/v1beta1", "write `apiVersion: apps/v1`"
    }
}

#[test]
fn port_names() {
    cases! { WEB;
        "slip": "              port: http\n" => "              port: htpp\n";
            INVALID_VALUE, "no port of this container is named `htpp`", "htpp", "did you mean `http`?"
        "number in quotes": "              port: http\n" => "              port: \"8080\"\n";
            WRONG_TYPE, "found the text `8080`", "\"8080\"", "remove the quotes"
        "out of range": "              port: http\n" => "              port: 0\n";
            INVALID_VALUE, "must be between 1 and 65535", "0", "number of a port"
    }
}

#[test]
fn selectors() {
    cases! { WEB;
        "of other pods": "    matchLabels: {app: web}" => "    matchLabels: {app: wev}";
            INVALID_VALUE, "`selector` does not match template `labels`", "selector:", "spec.template.metadata.labels"
        "of everything": "    matchLabels: {app: web}" => "    matchLabels: {}";
            INVALID_VALUE, "empty selector is invalid for deployment", "selector:", "labels of the pod template"
        "values lack": "    matchLabels: {app: web}" => "    matchLabels: {app: web}\n    matchExpressions: [{key: app, operator: NotIn}]";
            REQUIRED, "matchExpressions[0].values: Required value", "{key: app", "list the values"
        "values too many": "    matchLabels: {app: web}" => "    matchExpressions: [{key: app, operator: Exists, values: [web]}]";
            FORBIDDEN, "may not be specified when `operator`", "{key: app", "remove `values`"
        "operator": "    matchLabels: {app: web}" => "    matchLabels: {app: web}\n    matchExpressions: [{key: app, operator: in, values: [web]}]";
            INVALID_VALUE, "Unsupported value: \"in\"", "in,", "did you mean `In`?"
    }
}

#[test]
fn autoscalers() {
    cases! { HPA;
        "no maximum": "  maxReplicas: 10\n" => "";
            REQUIRED, "spec.maxReplicas: Required value", "spec:", "greatest number"
        "minimum above maximum": "minReplicas: 2" => "minReplicas: 20";
            INVALID_VALUE, "maxReplicas: Invalid value: 10: must be greater than or equal to `minReplicas`", "10", "at least 20"
        "no pods": "minReplicas: 2" => "minReplicas: 0";
            INVALID_VALUE, "minReplicas: Invalid value: 0: must be greater than or equal to 1", "0", "Object or External"
        "no utilization": "averageUtilization: 60" => "averageUtilization: 0";
            INVALID_VALUE, "must be greater than or equal to 1", "0", "from 1 up"
        "no target": "{type: Utilization, averageUtilization: 60}" => "{type: Utilization}";
            REQUIRED, "must set either a target raw value or a target utilization", "target:", "held to"
        "two targets": "averageUtilization: 60" => "averageUtilization: 60, averageValue: 1";
            FORBIDDEN, "may not set both a target raw value and a target utilization", "averageValue", "keep one"
        "target type": "type: Utilization, averageUtilization: 60" => "type: Utilization, averageValue: 200m";
            TARGET_TYPE, "the target's type is Utilization but its value is an AverageValue", "Utilization", "`type: AverageValue`"
        "field of an older version": "target: {type: Utilization, averageUtilization: 60}" => "targetAverageUtilization: 60";
            FORBIDDEN, "`targetAverageUtilization` belongs to autoscaling/v2beta1", "targetAverageUtilization", "averageUtilization: 60"
        "type without source": "type: Resource\n" => "type: Pods\n";
            FORBIDDEN, "must populate the given metric source only", "resource:", "change the type"
        "field of the first version": "maxReplicas: 10" => "maxReplicas: 10\n  targetCPUUtilizationPercentage: 50";
            FORBIDDEN, "belongs to autoscaling/v1", "targetCPUUtilizationPercentage", "type Resource"
        "window": "maxReplicas: 10" => "maxReplicas: 10\n  behavior: {scaleDown: {stabilizationWindowSeconds: 3601}}";
            INVALID_VALUE, "must be less than or equal to 3600", "3601", "at most 3600"
        "period": "maxReplicas: 10" => "maxReplicas: 10\n  behavior: {scaleUp: {policies: [{type: Pods, value: 1, periodSeconds: 1801}]}}";
            INVALID_VALUE, "policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800", "1801", "at most 1800"
        "no policy": "maxReplicas: 10" => "maxReplicas: 10\n  behavior: {scaleUp: {policies: []}}";
            REQUIRED, "must specify at least one Policy", "policies:", "remove `policies`"
        "policy without value": "maxReplicas: 10" => "maxReplicas: 10\n  behavior: {scaleUp: {policies: [{type: Pods, periodSeconds: 60}]}}";
            REQUIRED, "policies[0].value: Required value", "{type: Pods", "pods or percent"
        "no target reference": "  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n" => "";
            REQUIRED, "spec.scaleTargetRef: Required value", "spec:", "name the Deployment"
        "behavior misplaced": "maxReplicas: 10" => "maxReplicas: 10\n  stabilizationWindowSeconds: 60";
            FIELD_MISPLACED, "`stabilizationWindowSeconds`", "stabilizationWindowSeconds:", "behavior.scaleUp or scaleDown"
    }
    cases! { &edited(HPA, "autoscaling/v2\n", "autoscaling/v1\n");
        "metrics in the first version": "minReplicas: 2" => "minReplicas: 2";
            FORBIDDEN, "autoscaling/v1 has no `metrics`", "metrics:", "autoscaling/v2"
    }
}

#[test]
fn metrics_hidden_in_annotations_are_told() {
    let text = edited(HPA, "autoscaling/v2\n", "autoscaling/v1\n");
    let metrics = text.find("  metrics:").unwrap();
    let hidden = "metadata: {name: web, annotations: {autoscaling.alpha.kubernetes.io/metrics: '[]'}}";
    let text = edited(&text[..metrics], "metadata: {name: web}", hidden);
    let warnings = read_ok(&text).warnings;
    assert_eq!(warnings.len(), 1, "{}", rendered(&warnings));
    assert!(
        warnings[0]
            .message
            .contains("the metrics in the annotation of this autoscaling/v1 object are not read")
    );
}

#[test]
fn services_and_budgets() {
    cases! { SERVICE;
        "type": "  selector:" => "  type: Loadbalancer\n  selector:";
            INVALID_VALUE, "Unsupported value: \"Loadbalancer\"", "Loadbalancer", "did you mean `LoadBalancer`?"
        "no ports": "  ports:\n    - port: 80\n      targetPort: http\n" => "";
            REQUIRED, "spec.ports: Required value", "spec:", "at least one port"
        "unnamed ports": "    - port: 80" => "    - {port: 81, name: other}\n    - port: 80";
            REQUIRED, "spec.ports[1].name: Required value", "port: 80", "name each of them"
        "port": "port: 80\n" => "port: 0\n";
            INVALID_VALUE, "must be between 1 and 65535", "0", "number of a port"
        "one port for several": "  ports:\n    - port: 80\n" => "  port: 80\n  ports:\n    - port: 80\n";
            FIELD_TYPO, "unknown field `port` in the Service's spec", "port:", "did you mean `ports`?"
    }
    cases! { PDB;
        "both limits": "minAvailable: 2" => "minAvailable: 2\n  maxUnavailable: 1";
            INVALID_VALUE, "minAvailable and maxUnavailable cannot be both set", "1", "keep one"
    }
}

#[test]
fn kinds_and_versions() {
    cases! { WEB;
        "version of another kind": "apps/v1" => "v1";
            API_VERSION, "no matches for kind \"Deployment\" in version \"v1\"", "v1", "write `apiVersion: apps/v1`"
        "kind": "kind: Deployment" => "kind: deployment";
            API_VERSION, "no matches for kind \"deployment\" in version \"apps/v1\"", "deployment", "did you mean `Deployment`?"
        "no kind": "kind: Deployment\n" => "";
            NOT_AN_OBJECT, "it has no `kind`", "apiVersion", "begins with `apiVersion` and `kind`"
    }
    // The same kind of another project is another kind.
    let other = read_ok(&edited(SERVICE, "apiVersion: v1", "apiVersion: serving.knative.dev/v1"));
    assert_eq!((other.services.len(), other.other_objects[0].kind.as_str()), (0, "Service"));
}

#[test]
fn every_mistake_is_told_and_a_flood_is_cut() {
    let text = documents(&[
        &edited(WEB, "replicas: 3", "replicas: -1"),
        &edited(SERVICE, "port: 80", "port: 99999"),
        &edited(HPA, "averageUtilization", "averageUtilisation"),
    ]);
    let errors = read_err(&text);
    let codes: Vec<&str> = errors.iter().map(|error| error.code).collect();
    assert_eq!(codes, [code::INVALID_VALUE, code::INVALID_VALUE, code::FIELD_TYPO], "{}", rendered(&errors));

    let ports: String = (0..1_000).map(|_| "            - {containerPort: -1}\n").collect();
    let errors =
        read_err(&edited(WEB, "            - name: http\n              containerPort: 8080\n", &ports));
    assert_eq!(errors.len(), 101);
    assert_eq!(errors[100].message, "901 more errors and warnings are not shown");
}

#[test]
fn objects_from_a_cluster_are_never_refused() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, uid: 1b}\nspec:\n  terminationGracePeriodSecond: 1\n  containers: [{name: A, ports: 3}]\n";
    let manifests = read_ok(pod);
    assert_eq!(manifests.pods.len(), 1);
    let codes: Vec<&str> = manifests.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, [code::INVALID_VALUE, code::WRONG_TYPE], "what podloss cannot read, but nothing else");
    // Without the uid somebody wrote it.
    assert!(read(&edited(pod, ", uid: 1b", "")).is_err());
}

/// Ten of the complaints as the user sees them.
#[test]
fn appearance() {
    for (name, text) in [
        ("typo", edited(WEB, "periodSeconds: 5", "periodSecond: 5")),
        (
            "misplaced",
            edited(WEB, "          image:", "          terminationGracePeriodSeconds: 40\n          image:"),
        ),
        (
            "command_beside_exec",
            edited(
                WEB,
                "            httpGet:\n              path: /ready\n              port: http\n",
                "            exec:\n            command: [cat, /tmp/ready]\n",
            ),
        ),
        (
            "both_zero",
            edited(
                WEB,
                "replicas: 3",
                "strategy:\n    rollingUpdate:\n      maxSurge: 0\n      maxUnavailable: 0",
            ),
        ),
        ("quoted_number", edited(WEB, "replicas: 3", "replicas: \"3\"")),
        ("template", edited(WEB, "replicas: 3", "replicas: {{ .Values.replicas }}")),
        ("duplicate_key", edited(WEB, "replicas: 3", "replicas: 3\n  replicas: 4")),
        (
            "hook_beyond_grace",
            edited(
                WEB,
                "          ports:",
                "          lifecycle:\n            preStop:\n              sleep: {seconds: 40}\n          ports:",
            ),
        ),
        ("removed_version", edited(WEB, "apps/v1", "apps/v1beta2")),
        ("syntax", edited(WEB, "  replicas: 3", "\treplicas: 3")),
    ] {
        let found = read(&text).map_or_else(|errors| errors, |manifests| manifests.warnings);
        insta::assert_snapshot!(name, rendered(&found));
    }
}
