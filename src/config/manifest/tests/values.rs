//! What sound manifests are read as, defaults included.

use super::super::*;
use super::{HPA, INGRESS, PDB, SERVICE, WEB, edited, read_ok};
use crate::model::eviction::DisruptionLimit;
use crate::units::{IntOrPercent, Nanos};

fn deployment(text: &str) -> Deployment {
    read_ok(text).deployments.remove(0)
}

fn autoscaler(text: &str) -> HorizontalPodAutoscaler {
    read_ok(text).autoscalers.remove(0)
}

#[test]
fn a_deployment_gets_the_defaults_of_the_api_server() {
    let web = deployment(&edited(WEB, "  replicas: 3\n", ""));
    assert_eq!(web.replicas, None);
    let quarter = IntOrPercent::Percent(25);
    assert_eq!(web.strategy, Strategy::RollingUpdate { max_surge: quarter, max_unavailable: quarter });
    assert_eq!(
        (web.min_ready_seconds, web.progress_deadline_seconds, web.revision_history_limit, web.paused),
        (0, 600, 10, false)
    );
    let spec = &web.pod_spec;
    assert_eq!((spec.termination_grace_period_seconds, spec.host_network), (30, false));
    assert_eq!(spec.restart_policy, RestartPolicy::Always);
    let app = &spec.containers[0];
    assert_eq!(app.lifecycle, Lifecycle::default());
    assert_eq!(
        app.ports,
        [ContainerPort { container_port: 8080, name: Some("http".into()), protocol: Protocol::Tcp }]
    );
    let probe = app.readiness_probe.as_ref().unwrap();
    assert_eq!(
        (probe.initial_delay_seconds, probe.period_seconds, probe.timeout_seconds),
        (0, 5, 1),
        "period as written, the others by default"
    );
    assert_eq!((probe.success_threshold, probe.failure_threshold), (1, 3));
    let port = ProbePort { number: 8080, name: Some("http".into()) };
    assert_eq!(
        probe.handler,
        ProbeHandler::HttpGet(HttpGet { path: "/ready".into(), port, https: false, host: None })
    );
    assert_eq!((web.meta.namespace.as_str(), web.meta.title().as_str()), ("default", "Deployment/web"));
}

#[test]
fn strategies() {
    let (int, percent) = (IntOrPercent::Int, IntOrPercent::Percent);
    for (written, max_surge, max_unavailable) in [
        ("{type: RollingUpdate}", percent(25), percent(25)),
        ("{rollingUpdate: }", percent(25), percent(25)),
        ("{rollingUpdate: {maxSurge: 1}}", int(1), percent(25)),
        ("{rollingUpdate: {maxSurge: 100%, maxUnavailable: 0}}", percent(100), int(0)),
        ("{rollingUpdate: {maxSurge: '30%', maxUnavailable: \"10%\"}}", percent(30), percent(10)),
    ] {
        let web = deployment(&edited(WEB, "replicas: 3", &format!("strategy: {written}")));
        assert_eq!(web.strategy, Strategy::RollingUpdate { max_surge, max_unavailable }, "{written}");
    }
    let web = deployment(&edited(WEB, "replicas: 3", "strategy: {type: Recreate, rollingUpdate: null}"));
    assert_eq!(web.strategy, Strategy::Recreate);
}

#[test]
fn containers_with_all_that_is_modelled() {
    let text = edited(
        WEB,
        "          ports:",
        "          command: [/app]
          args: ['--x={{y}}', \"3\"]
          resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 250m, nvidia.com/gpu: 1}}
          startupProbe: {tcpSocket: {port: 8080}, failureThreshold: 30}
          livenessProbe: {grpc: {port: 9000, service: health}, terminationGracePeriodSeconds: 5}
          lifecycle:
            stopSignal: SIGQUIT
            preStop: {sleep: {seconds: 15}}
            postStart: {httpGet: {port: http, scheme: HTTPS, path: /warm, host: 10.0.0.1}}
          ports:",
    );
    let manifests = read_ok(&text);
    let app = &manifests.deployments[0].pod_spec.containers[0];
    assert_eq!(
        (app.command.as_slice(), app.args.as_slice()),
        (&["/app".to_owned()][..], &["--x={{y}}".to_owned(), "3".to_owned()][..])
    );
    let gibibyte = 1024 * 1024 * 1024 * 1000;
    assert_eq!(
        app.resources,
        Resources {
            cpu_request_milli: Some(250),
            cpu_limit_milli: Some(1000),
            memory_request_milli: Some(gibibyte),
            memory_limit_milli: Some(gibibyte)
        },
        "a missing request is the limit"
    );
    let startup = app.startup_probe.as_ref().unwrap();
    assert_eq!((startup.port(), startup.failure_threshold), (Some(8080), 30));
    let liveness = app.liveness_probe.as_ref().unwrap();
    assert_eq!(liveness.handler, ProbeHandler::Grpc { port: 9000, service: "health".into() });
    assert_eq!(liveness.termination_grace_period_seconds, Some(5));
    assert_eq!(app.lifecycle.stop_signal.as_deref(), Some("SIGQUIT"));
    assert_eq!(app.lifecycle.pre_stop.as_ref().unwrap().slept(), Some(Nanos::from_secs(15)));
    let Some(Hook::HttpGet(get)) = &app.lifecycle.post_start else { panic!("httpGet") };
    assert_eq!((get.https, get.host.as_deref(), get.port.number), (true, Some("10.0.0.1"), 8080));
    let field = "spec.template.spec.containers[].resources.requests[nvidia.com/gpu]".to_owned();
    assert!(manifests.not_modelled.contains(&NotModelled {
        object: "Deployment/web".into(),
        field,
        known: true
    }));
}

#[test]
fn sidecars_are_init_containers_that_stay() {
    let text = edited(
        WEB,
        "      containers:",
        "      readinessGates: [{conditionType: target-health.elbv2.k8s.aws/x}]
      initContainers:
        - {name: migrate, image: m}
        - {name: proxy, image: p, restartPolicy: Always, readinessProbe: {tcpSocket: {port: 15021}}}
      containers:",
    );
    let spec = deployment(&text).pod_spec;
    let names = |containers: &mut dyn Iterator<Item = &Container>| {
        containers.map(|c| c.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&mut spec.sidecars()), ["proxy"]);
    assert_eq!(names(&mut spec.serving_containers()), ["app", "proxy"]);
    assert_eq!(spec.readiness_gates, ["target-health.elbv2.k8s.aws/x"]);
}

#[test]
fn old_deployments_are_read_with_the_rules_of_today() {
    let old =
        edited(&edited(WEB, "apps/v1", "apps/v1beta1"), "  selector:\n    matchLabels: {app: web}\n", "");
    assert!(
        deployment(&old).selector.matches(&deployment(WEB).template_labels),
        "filled in from the template"
    );
}

#[test]
fn fields_are_read_or_listed() {
    let text = edited(
        WEB,
        "      containers:",
        "      nodeSelector: {a: b}\n      hyperdrive: {on: true}\n      containers:\n        - {name: two, image: x, env: []}",
    );
    let manifests = read_ok(&edited(
        &text,
        "          image: example/app:1",
        "          image: example/app:1\n          env: []",
    ));
    let listed: Vec<(&str, bool)> =
        manifests.not_modelled.iter().map(|entry| (entry.field.as_str(), entry.known)).collect();
    let spec = "spec.template.spec";
    assert_eq!(
        listed,
        [
            (format!("{spec}.containers[].env").as_str(), true),
            (format!("{spec}.hyperdrive").as_str(), false),
            (format!("{spec}.nodeSelector").as_str(), true),
        ],
        "once per object and field, however many containers have it"
    );
}

#[test]
fn places_lead_back_to_the_text() {
    let web = deployment(WEB);
    let probe = "spec.template.spec.containers[0].readinessProbe";
    for (path, shown) in [
        ("spec.replicas", "3"),
        ("spec.template.spec.containers", "containers"),
        (&format!("{probe}.periodSeconds"), "5"),
        (&format!("{probe}.timeoutSeconds"), "readinessProbe"),
        (&format!("{probe}.httpGet.port"), "http"),
        ("metadata.name", "web"),
        ("spec.strategy.type", "spec"),
    ] {
        let place = web.meta.places.of(path);
        assert_eq!(&place.source.text[place.span()], shown, "{path}");
    }
    assert!(web.meta.places.has("spec.replicas") && !web.meta.places.has("spec.paused"));
    assert_eq!(web.meta.place().to_string(), "web.yaml:4:9");
    assert_eq!(web.pod_spec.containers[0].readiness_probe.as_ref().unwrap().path, probe);
}

#[test]
fn services() {
    let service = read_ok(SERVICE).services.remove(0);
    let port = ServicePort {
        name: None,
        port: 80,
        target_port: PortRef::Name("http".into()),
        protocol: Protocol::Tcp,
    };
    assert_eq!(service.ports, [port]);
    assert_eq!((service.service_type, service.headless), (ServiceType::ClusterIp, false));
    assert_eq!(service.external_traffic_policy, TrafficPolicy::Cluster);
    assert_eq!((service.publish_not_ready_addresses, service.client_ip_affinity_seconds), (false, None));

    let written = "type: LoadBalancer\n  clusterIP: None\n  externalTrafficPolicy: Local\n  internalTrafficPolicy: Local
  publishNotReadyAddresses: true\n  sessionAffinity: ClientIP\n  loadBalancerClass: service.k8s.aws/nlb\n  selector:";
    let text =
        edited(&edited(SERVICE, "  selector:", &format!("  {written}")), "      targetPort: http\n", "");
    let service = read_ok(&text).services.remove(0);
    assert_eq!((service.service_type, service.headless), (ServiceType::LoadBalancer, true));
    assert_eq!(
        (service.external_traffic_policy, service.internal_traffic_policy),
        (TrafficPolicy::Local, TrafficPolicy::Local)
    );
    assert_eq!(
        (service.publish_not_ready_addresses, service.client_ip_affinity_seconds),
        (true, Some(10_800))
    );
    assert_eq!(service.load_balancer_class.as_deref(), Some("service.k8s.aws/nlb"));
    assert_eq!(service.ports[0].target_port, PortRef::Number(80), "the port's own number by default");
}

#[test]
fn ingresses_of_both_shapes() {
    let ingress = read_ok(INGRESS).ingresses.remove(0);
    let backend = IngressBackend {
        host: Some("example.com".into()),
        path: Some("/".into()),
        service: "web".into(),
        port: Some(PortRef::Number(80)),
    };
    assert_eq!((ingress.class.as_deref(), ingress.backends.as_slice()), (Some("nginx"), &[backend][..]));

    let old = "apiVersion: networking.k8s.io/v1beta1\nkind: Ingress\nmetadata: {name: web, annotations: {kubernetes.io/ingress.class: alb}}
spec: {backend: {serviceName: web, servicePort: http}}\n";
    let manifests = read_ok(old);
    let ingress = &manifests.ingresses[0];
    assert_eq!((ingress.class.as_deref(), ingress.backends[0].service.as_str()), (Some("alb"), "web"));
    assert_eq!(ingress.backends[0].port, Some(PortRef::Name("http".into())));
    assert_eq!(manifests.warnings[0].code, code::REMOVED_API);
}

#[test]
fn budgets() {
    let budget = read_ok(PDB).disruption_budgets.remove(0);
    assert_eq!(budget.limit, Some(DisruptionLimit::MinAvailable(IntOrPercent::Int(2))));
    assert!(!budget.always_allow_unhealthy && budget.selector.is_some());
    // An empty selector means everything, but in v1beta1 nothing.
    let all = edited(PDB, "selector: {matchLabels: {app: web}}", "selector: {}");
    assert!(read_ok(&all).disruption_budgets[0].selector.as_ref().unwrap().is_empty());
    assert_eq!(read_ok(&edited(&all, "policy/v1", "policy/v1beta1")).disruption_budgets[0].selector, None);
}

#[test]
fn autoscalers_of_every_version_have_one_shape() {
    let cpu = |percent| Metric::Resource { name: "cpu".into(), target: MetricTarget::Utilization(percent) };
    let scaler = autoscaler(HPA);
    assert_eq!(
        (scaler.min_replicas, scaler.max_replicas, scaler.metrics.as_slice()),
        (2, 10, &[cpu(60)][..])
    );
    assert_eq!(
        scaler.target,
        ObjectRef { api_version: "apps/v1".into(), kind: "Deployment".into(), name: "web".into() }
    );

    let head = |version: &str| {
        format!(
            "apiVersion: autoscaling/{version}\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web}}\nspec:\n  scaleTargetRef: {{kind: Deployment, name: web}}\n  maxReplicas: 4\n"
        )
    };
    for (name, version, rest, metric) in [
        ("no metric", "v2", "", cpu(80)),
        ("first version", "v1", "  targetCPUUtilizationPercentage: 50\n", cpu(50)),
        ("first version, default", "v1", "", cpu(80)),
        (
            "second beta",
            "v2beta2",
            "  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]\n",
            cpu(70),
        ),
        (
            "first beta",
            "v2beta1",
            "  metrics: [{type: Resource, resource: {name: cpu, targetAverageUtilization: 60}}]\n",
            cpu(60),
        ),
        (
            "container",
            "v2",
            "  metrics: [{type: ContainerResource, containerResource: {name: memory, container: app, target: {type: AverageValue, averageValue: 1Ki}}}]\n",
            Metric::ContainerResource {
                name: "memory".into(),
                container: "app".into(),
                target: MetricTarget::AverageValue(1_024_000),
            },
        ),
        (
            "pods, first beta",
            "v2beta1",
            "  metrics: [{type: Pods, pods: {metricName: rps, targetAverageValue: 100}}]\n",
            Metric::Pods {
                metric: MetricId { name: "rps".into(), selector: None },
                target: MetricTarget::AverageValue(100_000),
            },
        ),
        (
            "object",
            "v2",
            "  metrics: [{type: Object, object: {metric: {name: hits}, describedObject: {kind: Ingress, name: web}, target: {type: Value, value: 2k}}}]\n",
            Metric::Object {
                metric: MetricId { name: "hits".into(), selector: None },
                described_object: ObjectRef {
                    api_version: String::new(),
                    kind: "Ingress".into(),
                    name: "web".into(),
                },
                target: MetricTarget::Value(2_000_000),
            },
        ),
        (
            "object, first beta",
            "v2beta1",
            "  metrics: [{type: Object, object: {metricName: hits, target: {kind: Ingress, name: web}, targetValue: 10}}]\n",
            Metric::Object {
                metric: MetricId { name: "hits".into(), selector: None },
                described_object: ObjectRef {
                    api_version: String::new(),
                    kind: "Ingress".into(),
                    name: "web".into(),
                },
                target: MetricTarget::Value(10_000),
            },
        ),
        (
            "external",
            "v2",
            "  metrics: [{type: External, external: {metric: {name: q, selector: {matchLabels: {a: b}}}, target: {type: AverageValue, averageValue: \"5\"}}}]\n",
            Metric::External {
                metric: MetricId {
                    name: "q".into(),
                    selector: Some(LabelSelector::for_labels(&[("a".to_owned(), "b".to_owned())].into())),
                },
                target: MetricTarget::AverageValue(5_000),
            },
        ),
    ] {
        let scaler = autoscaler(&format!("{}{rest}", head(version)));
        assert_eq!(scaler.metrics, [metric], "{name}");
        assert_eq!((scaler.min_replicas, scaler.max_replicas, scaler.behavior), (1, 4, None), "{name}");
    }
}

#[test]
fn an_absent_behavior_is_not_an_empty_one() {
    let with = |behavior: &str| {
        autoscaler(&edited(HPA, "  maxReplicas: 10", &format!("  maxReplicas: 10\n{behavior}"))).behavior
    };
    assert_eq!(with(""), None);
    assert_eq!(with("  behavior:"), None, "null is absent");
    assert_eq!(with("  behavior: {}"), Some(Behavior::default()));
    assert_eq!(
        with("  behavior: {scaleUp: {}}"),
        Some(Behavior { scale_up: Some(ScalingRules::default()), scale_down: None })
    );
    let full = with(
        "  behavior: {scaleDown: {stabilizationWindowSeconds: 0, selectPolicy: Min, tolerance: 0.05, policies: [{type: Percent, value: 50, periodSeconds: 60}]}}",
    );
    let policy = ScalingPolicy { policy_type: PolicyType::Percent, value: 50, period_seconds: 60 };
    let rules = ScalingRules {
        stabilization_window_seconds: Some(0),
        select_policy: Some(SelectPolicy::Min),
        policies: Some(vec![policy]),
        tolerance_milli: Some(50),
    };
    assert_eq!(full, Some(Behavior { scale_up: None, scale_down: Some(rules) }));
}

#[test]
fn context_of_a_cluster() {
    let text = r#"{"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1-a", "uid": "1", "deletionTimestamp": "2026-01-01T00:00:00Z",
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "2", "controller": true}]},
         "spec": {"nodeName": "n1", "containers": [{"name": "app", "image": "x"}]},
         "status": {"phase": "Running", "startTime": "2025-12-31T00:00:00Z",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2025-12-31T00:00:10Z"}]}},
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web-1", "uid": "2"}, "spec": {"replicas": 2, "template": {}}},
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "web-x", "uid": "3", "labels": {"kubernetes.io/service-name": "web"}},
         "addressType": "IPv4", "ports": [], "endpoints": [{"addresses": ["10.0.0.1"], "nodeName": "n1",
            "targetRef": {"kind": "Pod", "name": "web-1-a"}, "conditions": {"ready": false, "serving": true, "terminating": true}}]},
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "data"}}
    ]}"#;
    let manifests = read_ok(text);
    let pod = &manifests.pods[0];
    assert!(pod.is_ready() && pod.meta.deleting);
    assert_eq!((pod.phase.as_deref(), pod.spec.node_name.as_deref()), (Some("Running"), Some("n1")));
    assert_eq!(
        pod.meta.owners,
        [OwnerReference { kind: "ReplicaSet".into(), name: "web-1".into(), uid: "2".into() }]
    );
    assert_eq!(manifests.replica_sets[0].replicas, 2);
    let slice = &manifests.endpoint_slices[0];
    assert_eq!(slice.service.as_deref(), Some("web"));
    let endpoint = Endpoint {
        pod: Some("web-1-a".into()),
        node_name: Some("n1".into()),
        ready: Some(false),
        serving: Some(true),
        terminating: Some(true),
    };
    assert_eq!(slice.endpoints, [endpoint]);
    let [other] = &manifests.other_objects[..] else { panic!("{:?}", manifests.other_objects) };
    assert_eq!((other.title(), other.api_version.as_str()), ("data/StatefulSet/db".to_owned(), "apps/v1"));
    assert_eq!(&text[other.place.span()], "\"StatefulSet\"");
    assert!(other.may_serve());
    assert!(
        manifests.not_modelled.iter().all(|entry| !entry.object.contains('/')),
        "dumps are listed per kind"
    );
}

#[test]
fn annotations_of_podloss_are_kept() {
    let text = edited(
        WEB,
        "  name: web",
        "  name: web\n  annotations: {podloss.dev/startup: 8s..15s, other: '{{ kept }}'}",
    );
    let web = deployment(&text);
    assert_eq!(web.meta.annotations["podloss.dev/startup"], "8s..15s");
    assert_eq!(web.meta.annotations["other"], "{{ kept }}");
    let place = web.meta.places.of("metadata.annotations[podloss.dev/startup]");
    assert_eq!(&place.source.text[place.span()], "8s..15s");
}

#[test]
fn label_selectors() {
    let labels = [("app".to_owned(), "web".to_owned())].into();
    for (selector, matches) in [
        ("{}", true),
        ("{matchLabels: {app: web}}", true),
        ("{matchLabels: {app: web, tier: a}}", false),
        ("{matchExpressions: [{key: app, operator: In, values: [api, web]}]}", true),
        ("{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}", false),
        ("{matchExpressions: [{key: tier, operator: NotIn, values: [a]}]}", true),
        ("{matchExpressions: [{key: tier, operator: Exists}]}", false),
        ("{matchExpressions: [{key: tier, operator: DoesNotExist}, {key: app, operator: Exists}]}", true),
    ] {
        let text = edited(PDB, "{matchLabels: {app: web}}", selector);
        let budget = read_ok(&text).disruption_budgets.remove(0);
        assert_eq!(budget.selector.unwrap().matches(&labels), matches, "{selector}");
    }
}
