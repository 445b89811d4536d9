//! Knobs of the clients and of the network.

use super::{Kind, Knob};

/// The clients.
pub(super) const CLIENT: &[Knob] = &[
    Knob::new(
        "client.post",
        Kind::Share,
        "share of POSTs",
        "Share of requests that are not idempotent, which front ends do not send twice.",
    )
    .alias("post")
    .flag("post")
    .default("20%")
    .range("0%", "50%")
    .guess("a web application")
    .decisive(),
    Knob::new(
        "client.timeout",
        Kind::Limit,
        "client timeout",
        "How long a client waits for an answer before it gives up.",
    )
    .default("never")
    .range("never", "30s")
    .guess("no client of its own limits"),
    Knob::new(
        "client.retries",
        Kind::Count { min: 0, max: 20 },
        "client retries",
        "Further requests of a client after a lost one; they count as requests of their own.",
    )
    .default("0")
    .range("3", "0")
    .guess("browsers and load generators do not"),
    Knob::new(
        "client.retry_budget",
        Kind::Share,
        "client retry budget",
        "Retries in all, as a share of the requests of the last ten seconds; 100% for no bound. Takes effect with client.retries.",
    )
    .default("100%")
    .guess("most clients count the retries of one request only; linkerd and Finagle allow 20%"),
    Knob::new(
        "client.backoff",
        Kind::Dist,
        "client backoff",
        "Pause of a client before it sends a lost request again.",
    )
    .default("100ms")
    .range("1s", "0s")
    .guess("a common library default"),
    Knob::new(
        "client.keep_alive",
        Kind::Switch,
        "client keep-alive",
        "Whether a connection of a closed load stays at the worker process that accepted it.",
    )
    .default("true")
    .documented("HTTP/1.1"),
    Knob::new(
        "client.connections",
        Kind::Count { min: 0, max: 1_000_000 },
        "multiplexed connections",
        "Connections over which an open load sends its requests, many at a time on each (HTTP/2, gRPC); 0 opens one for every request.",
    )
    .default("0")
    .guess("HTTP/1.1 clients that come and go"),
];

/// The network.
pub(super) const NETWORK: &[Knob] = &[
    Knob::new(
        "network.after_exit",
        Kind::Choice(&["refused", "unreachable", "blackhole"]),
        "address of a gone pod",
        "What answers at the address of a pod that is gone: a reset, an ICMP message, or nothing.",
    )
    .alias("after_exit")
    .default("unreachable")
    .range("refused", "blackhole")
    .guess("overlay networks; nothing answers behind cloud networks")
    .decisive(),
    Knob::new(
        "network.race_window",
        Kind::Duration,
        "keep-alive race window",
        "A request on a kept-alive connection within this time after the pod closed it is lost.",
    )
    .alias("race_window")
    .default("1ms")
    .range("200us", "5ms")
    .guess("half a round trip and scheduling"),
    Knob::new(
        "network.resets",
        Kind::Share,
        "resets by the network",
        "Share of attempts whose connection is reset though the pod is well: packets that conntrack calls invalid.",
    )
    .default("0%")
    .guess("a network without such faults; reports: kubernetes#74839, #117924"),
    Knob::new(
        "network.linear_syn_retries",
        Kind::Switch,
        "SYN ladder",
        "Whether SYNs are resent at 1, 2, 3, 4, 5, 7 s (Linux 6.5 and later) or at 1, 3, 7, 15 s.",
    )
    .default("true")
    .measured("Linux 6.18; ip-sysctl.rst"),
];
