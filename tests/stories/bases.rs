//! Manifests that the stories stand on; most of them are those of the scenarios.

macro_rules! shipped {
    ($name:literal) => {
        include_str!(concat!("../../scenarios/stories/", $name))
    };
}

/// Four pods with a readiness probe, and nothing else.
pub(crate) const WEB: &str = shipped!("web.yaml");

/// The same, and ready only when the load balancer has them.
pub(crate) const GATED: &str = shipped!("web-gated.yaml");

/// An autoscaled service whose pods are asked whether they are ready.
pub(crate) const SCALED: &str = concat!(shipped!("web-scaled.yaml"), "---\n", shipped!("hpa.yaml"));

/// One whose pods are not.
pub(crate) const UNPROBED: &str = concat!(shipped!("web-unprobed.yaml"), "---\n", shipped!("hpa.yaml"));

/// The gate that Google's controller sets.
pub(crate) const NEG: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 11
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      readinessGates: [{conditionType: cloud.google.com/load-balancer-neg-ready}]
      containers:
        - name: app
          image: registry.example/shop/web:7
          ports: [{containerPort: 8080}]
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

/// nginx in front of php-fpm, in one pod.
pub(crate) const PHP: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: nginx
          image: nginx:1.27
          ports: [{containerPort: 80}]
          readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 5}
        - {name: php-fpm, image: 'php:8.3-fpm', ports: [{containerPort: 9000}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
";

/// An application beside its mesh proxy.
pub(crate) const MESH: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: app
          image: registry.example/shop/web:7
          ports: [{containerPort: 8080}]
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}
        - {name: istio-proxy, image: 'docker.io/istio/proxyv2:1.24.0'}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

/// A Service whose nodes answer for their own pods only.
pub(crate) const LOCAL: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: web, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
";

/// An ALB Ingress as most are written: the target type is the controller's default.
pub(crate) const NODE_PORTS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: web, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  ingressClassName: alb
  rules:
    - http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
";
