//! Manifests that rows stand on.

/// Two pods behind a Service, with probes and a hook.
pub(crate) const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 30
      containers:
        - name: app
          image: registry.example/shop/web:7
          ports: [{containerPort: 8080}]
          resources: {requests: {cpu: 500m}, limits: {cpu: '1'}}
          startupProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 2, failureThreshold: 60}
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}
          livenessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 10}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

/// Pods that nobody asks whether they are ready.
pub(crate) const UNPROBED: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: app, image: registry.example/shop/web:7, ports: [{containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

/// An init container and a postStart hook.
pub(crate) const PREPARED: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers: [{name: migrate, image: registry.example/shop/migrate:7}]
      containers:
        - name: app
          image: registry.example/shop/web:7
          ports: [{containerPort: 8080}]
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 2}
          lifecycle: {postStart: {exec: {command: [/warm]}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

/// A hook and a probe that are commands, and two containers.
pub(crate) const COMMANDS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: app
          image: registry.example/shop/web:7
          ports: [{containerPort: 8080}]
          readinessProbe: {exec: {command: [/healthy]}, periodSeconds: 2}
          lifecycle: {preStop: {exec: {command: [/drain]}}}
        - {name: helper, image: registry.example/shop/helper:1, ports: [{containerPort: 9000}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

/// A proxy in the pod.
pub(crate) const CHAIN: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: nginx, image: 'nginx:1.27', ports: [{containerPort: 80}]}
        - {name: php-fpm, image: 'php:8.3-fpm', ports: [{containerPort: 9000}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
";

/// Two workloads.
pub(crate) const TWO: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: web}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 3
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: app, image: api}]}
";

/// An autoscaled service.
pub(crate) const SCALED: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: app
          image: registry.example/shop/web:7
          ports: [{containerPort: 8080}]
          resources: {requests: {cpu: 500m}, limits: {cpu: '1'}}
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 20
  metrics:
    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}
";

/// A recording for replays.
pub(crate) const TRACE: &str = "timestamp_s,requests_per_s\n0,50\n10,120\n20,80\n30,150\n40,60\n";

/// Another one.
pub(crate) const OTHER_TRACE: &str = "timestamp_s,requests_per_s\n0,20\n10,40\n20,90\n";

/// One with a hole.
pub(crate) const GAPS: &str = "timestamp_s,requests_per_s\n0,50\n10,120\n20,80\n60,150\n70,60\n";

/// Scaled by a metric of the pods.
pub(crate) const BY_RATE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: app
          image: registry.example/shop/web:7
          ports: [{containerPort: 8080}]
          resources: {requests: {cpu: 500m, memory: 200Mi}, limits: {cpu: '1'}}
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 20
  metrics:
    - {type: Pods, pods: {metric: {name: http}, target: {type: AverageValue, averageValue: 50}}}
";

/// Scaled by memory.
pub(crate) const BY_MEMORY: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: app
          image: registry.example/shop/web:7
          ports: [{containerPort: 8080}]
          resources: {requests: {cpu: 500m, memory: 200Mi}, limits: {cpu: '1'}}
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 20
  metrics:
    - {type: Resource, resource: {name: memory, target: {type: Utilization, averageUtilization: 70}}}
";

/// Scaled by a queue outside.
pub(crate) const BY_QUEUE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: app
          image: registry.example/shop/web:7
          ports: [{containerPort: 8080}]
          resources: {requests: {cpu: 500m, memory: 200Mi}, limits: {cpu: '1'}}
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 1
  maxReplicas: 20
  metrics:
    - {type: External, external: {metric: {name: jobs}, target: {type: AverageValue, averageValue: 20}}}
";
