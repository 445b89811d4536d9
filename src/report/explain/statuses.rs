//! What each status means, who makes it and from what.

use super::Words;
use crate::model::outcome::Status;

/// The words about a status. Exhaustive, so that a new status cannot go unexplained.
pub(super) fn words(status: Status) -> Words {
    let of = |title, what, remedy, caveat| Words { title, what, remedy, caveat, rules: &[] };
    match status {
        Status::Ok => of(
            "answered",
            "The request reached a pod and its answer reached the client, possibly after retries.",
            "Nothing to do; look at the latency.",
            "An answer counts even if an earlier attempt was executed too (see: sent twice).",
        ),
        Status::RequestTimeout => of(
            "request timeout made by the front end",
            "Front ends give it when the client was slow to send its request. Envoy gave it before 1.20 also \
             where an answer was late; that is 504 now.",
            "See read_timeout; set a route timeout so that the failure comes early.",
            "It is the front end's answer, not the application's.",
        ),
        Status::ClientLeftAlb => of(
            "an AWS load balancer's log code for a client that left",
            "The client closed its connection before the answer came. Nobody sees the code but the log.",
            "See client_gave_up.",
            "Counted as lost: the user did not get an answer.",
        ),
        Status::ClientLeft => of(
            "nginx' log code for a client that left",
            "The client closed its connection before the answer came. Nobody sees the code but the log.",
            "See client_gave_up.",
            "Counted as lost: the user did not get an answer.",
        ),
        Status::InternalError => of(
            "internal error made by the application",
            "The application was told to stop and cancelled the request itself (uvicorn with a graceful timeout).",
            "See exited_in_flight: raise the application's own limit.",
            "podloss does not model errors of the application that have nothing to do with pod life.",
        ),
        Status::BadGateway => of(
            "bad gateway",
            "The front end's connection to a pod was refused, reset or closed before an answer, and no retry \
             saved it. nginx also gives it when every peer is marked down.",
            "See the cause beside it: usually listener_closed, killed_in_flight or keepalive_race.",
            "Envoy and HAProxy give 503 for a refused connection where nginx, AWS and Traefik give 502.",
        ),
        Status::Unavailable => of(
            "service unavailable",
            "ingress-nginx and AWS: no endpoint at all. Envoy: any failed connection. Or the application said so \
             itself while it was not ready.",
            "See the cause beside it: no_endpoints, app_not_ready, circuit_open.",
            "The same number comes from the front end and from the application; only the cause tells them apart.",
        ),
        Status::GatewayTimeout => of(
            "gateway timeout",
            "No connection within the connect timeout, or no answer within the read timeout.",
            "See the cause beside it: read_timeout, accept_queue_full, blackholed.",
            "Envoy reports a connect timeout as 503.",
        ),
        Status::Truncated => of(
            "the connection broke inside the body",
            "The status line was already sent when the pod ended; no front end can repair that.",
            "See killed_in_flight.",
            "Logs show 200: dashboards of statuses miss these. podloss counts such a request with the error that \
             a pod causes which ends before its answer: answers have no length in the model.",
        ),
        Status::Closed => of(
            "closed without any answer",
            "The connection ended without a status: a layer 4 front end, or HAProxy after a stale connection.",
            "See keepalive_race and killed_in_flight.",
            "Clients report it as an empty reply or end of file.",
        ),
        Status::Refused => of(
            "connection refused, seen by the client itself",
            "There is no HTTP front end (kube-proxy, a network load balancer): the refusal reaches the client.",
            "See listener_closed, not_listening_yet, no_endpoints.",
            "Many HTTP clients try again by themselves.",
        ),
        Status::Reset => of(
            "connection reset, seen by the client itself",
            "The pod ended while it held the client's own connection.",
            "See killed_in_flight, accept_queue_reset, keepalive_race.",
            "A kept-alive connection stays pinned to a terminating pod until that pod closes it.",
        ),
        Status::Timeout => of(
            "no answer within the client's own patience",
            "Packets went to an address that nobody answers, or to a pod too slow.",
            "See blackholed, read_timeout, accept_queue_full.",
            "Without a timeout of its own a client may wait for minutes.",
        ),
    }
}
