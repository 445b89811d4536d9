//! Knobs of the run as a whole and of the load.

use super::{Kind, Knob};

/// The run as a whole.
pub(super) const GENERAL: &[Knob] = &[
    Knob::new(
        "workload",
        Kind::Text,
        "workload",
        "Which Deployment or Rollout is simulated: `web`, `deploy/web` or `shop/rollout/web`.",
    )
    .flag("workload"),
    Knob::new("kubernetes", Kind::Version, "Kubernetes", "The version whose rules hold.")
        .flag("kubernetes")
        .default("1.35")
        .range("1.31", "1.35")
        .guess("a current version"),
    Knob::new(
        "mesh",
        Kind::Choice(&["none", "istio", "istio-native"]),
        "service mesh",
        "The proxy that an injector puts into every pod, where the manifests do not show it: Istio's as a plain container, or as a native sidecar (the default since Istio 1.27).",
    )
    .default("none")
    .documented("what the manifests show"),
    Knob::new(
        "duration",
        Kind::Duration,
        "duration",
        "How long requests are sent; without it a time that covers the load and every event.",
    )
    .flag("duration"),
    Knob::new(
        "settle_limit",
        Kind::Duration,
        "settle limit",
        "How long a run may go on after the load has ended, until rollouts, drains and requests have ended.",
    )
    .default("15m")
    .documented("above progressDeadlineSeconds, 600 s"),
];

/// The load. These are applied where the load is read.
pub(super) const LOAD: &[Knob] = &[
    Knob::new(
        "load.kind",
        Kind::Choice(&["open", "closed", "replay"]),
        "kind of load",
        "Whether requests arrive whatever happens, wait for their answers, or are replayed.",
    ),
    Knob::new(
        "load.rps",
        Kind::Text,
        "request rate",
        "Requests per second of an open load: 900; steps and ramps 200@0,900@10m,1200@20m..25m; a spike 3000@7m+30s; a sine mean=500,amplitude=300,period=24h.",
    )
    .alias("rps")
    .flag("rps"),
    Knob::new(
        "load.dispersion",
        Kind::Number,
        "burstiness",
        "Variance-to-mean ratio of the arrivals of an open load; 1 is Poisson.",
    )
    .default("1")
    .guess("independent users"),
    Knob::new(
        "load.connections",
        Kind::Count { min: 1, max: 1_000_000 },
        "connections",
        "Connections of a closed load, each with one request at a time.",
    )
    .alias("conns")
    .flag("conns"),
    Knob::new(
        "load.think",
        Kind::Dist,
        "think time",
        "Pause of a connection between an answer and its next request.",
    )
    .alias("think")
    .flag("think")
    .default("0s")
    .guess("a load generator that never pauses"),
    Knob::new(
        "load.ramp",
        Kind::Duration,
        "ramp",
        "Connections of a closed load begin at random moments within this time.",
    )
    .default("1s")
    .guess("as load generators do"),
    Knob::new(
        "load.trace",
        Kind::Text,
        "trace",
        "A file of rates (`timestamp_s,requests_per_s`) or of arrival times to replay.",
    )
    .flag("trace"),
    Knob::new("load.scale", Kind::Number, "scale of the trace", "Factor on the rates of a trace.")
        .flag("scale")
        .default("1")
        .documented("the trace as it is"),
    Knob::new("load.shift", Kind::Duration, "shift of the trace", "How long after the run a trace begins.")
        .flag("shift")
        .default("0s")
        .documented("both begin together"),
    Knob::new(
        "load.gaps",
        Kind::Choice(&["hold", "zero", "interpolate"]),
        "gaps of the trace",
        "The rate where rows of a trace are missing: that of the row before, none, or a straight line.",
    )
    .default("hold")
    .documented("a rate holds until the next row"),
    Knob::new("load.cut", Kind::Text, "part of the trace", "Replays only a part of a trace: 1h..2h.")
        .flag("cut"),
];
