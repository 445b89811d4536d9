//! Knobs of containers: what an image does that no manifest says.

use super::{Kind, Knob};

/// Containers, by name; `*` stands for those that requests meet.
pub(super) const CONTAINERS: &[Knob] = &[
    Knob::new(
        "containers.*.service",
        Kind::Service,
        "service time",
        "Time of one request in the container on an idle machine, with the CPU time in it.",
    )
    .alias("latency")
    .flag("latency")
    .default("median=20ms,p99=100ms")
    .range("5ms", "200ms")
    .guess("a small web request")
    .decisive(),
    Knob::new("containers.*.cpu", Kind::Duration, "CPU per request", "CPU time of one request.")
        .alias("cpu")
        .flag("cpu")
        .range("1ms", "20ms")
        .guess("sized so that the pods can carry the load")
        .decisive(),
    Knob::new(
        "containers.*.workers",
        Kind::Count { min: 0, max: 1_000_000 },
        "workers",
        "Requests served at the same time (threads, processes); 0 for no bound.",
    )
    .alias("workers")
    .flag("workers")
    .default("0")
    .range("0", "200")
    .guess("an asynchronous server"),
    Knob::new(
        "containers.*.accept",
        Kind::Choice(&["eager", "lazy"]),
        "who holds waiting connections",
        "Whether the process accepts every connection at once or only when a worker is free.",
    )
    .default("eager")
    .range("eager", "lazy")
    .guess("event loops and Tomcat accept at once, pre-forking servers do not"),
    Knob::new(
        "containers.*.backlog",
        Kind::Count { min: 0, max: 65_535 },
        "listen backlog",
        "Connections that wait in the kernel of a container that accepts lazily.",
    )
    .default("511")
    .range("4096", "100")
    .documented("nginx, php-fpm, Node: 511"),
    Knob::new(
        "containers.*.queue",
        Kind::Bound,
        "queue in the application",
        "Requests that may wait for a worker inside the application; one more is answered 503 at once. Takes effect with workers in a container that accepts eagerly.",
    )
    .alias("queue")
    .default("unbounded")
    .guess("executors of Tomcat and Jetty, goroutines and event loops take whatever comes"),
    Knob::new(
        "containers.*.keepalive_idle",
        Kind::Limit,
        "server keep-alive",
        "How long the server keeps an idle connection; 0s closes after every answer.",
    )
    .alias("keepalive_idle")
    .default("75s")
    .range("75s", "5s")
    .guess("nginx 75 s, Puma 65 s, Tomcat 20..60 s, Node 5 s, gunicorn 2 s")
    .decisive(),
    Knob::new(
        "containers.*.max_connection_age",
        Kind::Limit,
        "oldest connection",
        "How old a client's connection may become until the server asks for a new one, give or take a tenth; takes effect where connections are balanced and not requests (kube-proxy, a closed load).",
    )
    .alias("max_connection_age")
    .default("never")
    .documented("gRPC: MAX_CONNECTION_AGE is infinite; nginx: keepalive_time 1h"),
    Knob::new(
        "containers.*.run_time",
        Kind::Dist,
        "run time of init containers",
        "How long an init container runs that ends; all of a pod run one after the other before its containers.",
    )
    .alias("run_time")
    .default("2s")
    .range("0s", "30s")
    .guess("a check or a copy takes seconds, a migration more")
    .decisive(),
    Knob::new(
        "containers.*.post_start_duration",
        Kind::Dist,
        "duration of the postStart hook",
        "How long a postStart hook runs whose manifest does not tell; the container does not count as running until it has ended.",
    )
    .alias("post_start_duration")
    .default("1s")
    .range("0s", "10s")
    .guess("a command or request, not a sleep"),
    Knob::new(
        "containers.*.post_start_fails",
        Kind::Share,
        "postStart hooks that fail",
        "The share of the runs of a postStart hook that fail at their end; the kubelet then kills the container and starts it again, later each time. A hook that only sleeps does not fail.",
    )
    .alias("post_start_fails")
    .default("0%")
    .range("0%", "20%")
    .guess("a hook that fails shows at the first rollout"),
    Knob::new(
        "containers.*.startup",
        Kind::Dist,
        "start-up time",
        "From the process's start until it listens.",
    )
    .alias("startup")
    .flag("startup")
    .default("median=5s,p99=15s")
    .range("1s", "30s")
    .guess("scripts take one second, a JVM half a minute")
    .decisive(),
    Knob::new(
        "containers.*.startup_cpu",
        Kind::Cores,
        "CPU while starting",
        "CPU used between the process's start and listening.",
    )
    .default("0")
    .range("0", "1")
    .guess("little, except for JVMs"),
    Knob::new(
        "containers.*.app_ready_delay",
        Kind::Dist,
        "time until able",
        "From listening until requests are answered properly; until then each gets a 503.",
    )
    .alias("app_ready_delay")
    .default("0s")
    .range("0s", "5s")
    .guess("most servers listen when they are able"),
    Knob::new(
        "containers.*.probe_service",
        Kind::Dist,
        "service time of probes",
        "How long the application works on an HTTP probe that has got a worker; such probes wait for one where `workers` is set.",
    )
    .alias("probe_service")
    .default("5ms")
    .range("1ms", "100ms")
    .guess("a health endpoint does little; one that asks a database takes longer"),
    Knob::new(
        "containers.*.warm_up",
        Kind::Duration,
        "warm-up",
        "From listening until full speed; until then service is slower.",
    )
    .default("0s")
    .range("0s", "1m")
    .guess("no just-in-time compiler"),
    Knob::new(
        "containers.*.warm_up_factor",
        Kind::Number,
        "warm-up factor",
        "How many times slower the first request is served; takes effect with warm_up.",
    )
    .default("3")
    .range("1", "10")
    .guess("just-in-time compilers"),
    Knob::new(
        "containers.*.on_stop",
        Kind::Stop,
        "stop behaviour",
        "What the process does on its stop signal.",
    )
    .alias("on_stop")
    .flag("on-stop")
    .default("exit")
    .range("ignore", "exit")
    .guess("no handler")
    .decisive(),
    Knob::new(
        "containers.*.pre_stop_duration",
        Kind::Dist,
        "duration of the preStop hook",
        "How long a preStop hook runs whose manifest does not tell.",
    )
    .default("1s")
    .range("30s", "0s")
    .guess("a command or request, not a sleep")
    .decisive(),
    Knob::new(
        "containers.*.pre_stop_fails",
        Kind::Switch,
        "preStop commands that fail",
        "Whether the command of a preStop hook fails, which then delays nothing; assumed where the image's name says that it holds no shell.",
    )
    .alias("pre_stop_fails")
    .default("false")
    .guess("the command and what it needs are in the image"),
    Knob::new(
        "containers.*.exec_probe",
        Kind::Choice(&["app", "process"]),
        "what an exec probe sees",
        "Whether a probe command asks the application, or only sees that the container runs.",
    )
    .default("app")
    .range("app", "process")
    .guess("most commands send a request")
    .decisive(),
    Knob::new(
        "containers.*.dependency_probes",
        Kind::Choice(&["none", "readiness", "liveness", "both"]),
        "probes that ask a dependency",
        "Which probes fail while a dependency of the application is down; takes effect with the event dependency-down, and where the application calls it through a container of its pod (role egress). Startup probes go with liveness.",
    )
    .alias("dependency_probes")
    .default("none")
    .range("none", "both")
    .guess("a health endpoint that looks at the application alone")
    .decisive()
    .with_event("dependency-down, or a container with role egress"),
    Knob::new(
        "containers.*.image_pull",
        Kind::Dist,
        "image pull",
        "Getting the image onto a node; pulls on one node wait for each other.",
    )
    .alias("image_pull")
    .default("0s")
    .range("0s", "1m")
    .guess("the image is on the node; a new one takes 0.5 s and 1 s per 60 MB"),
    Knob::new("containers.*.start", Kind::Dist, "container start", "Creating and starting the container.")
        .default("median=150ms,p99=800ms")
        .range("100ms", "1200ms")
        .guess("containerd; docker run takes 0.6 s on SSD (arXiv 2602.15214)"),
    Knob::new(
        "containers.*.role",
        Kind::Choice(&["serves", "forwards", "egress", "other"]),
        "role",
        "Whether the container answers requests, hands them to the one that does, is what that one calls \
         others through (egress), or sees none.",
    )
    .guess("the Service's targetPort, images and ports"),
    Knob::new(
        "containers.*.forward_delay",
        Kind::Duration,
        "forwarding time",
        "Time of one request in a container that forwards.",
    )
    .default("200us")
    .range("50us", "2ms")
    .guess("a proxy on the same machine"),
];
